use super::{Query, first};
use crate::route::{Facts, Rule};
use crate::wire::body::Body;
use bytes::Bytes;
use serde_json::{Map, Value, json};

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("not an object: {other}"),
    }
}

fn held(query: Value, facts: Facts<'_>) -> bool {
    first(&[Rule { query: compiled(query), then: 0 }], facts, |_| None).0.is_some()
}

fn compiled(query: Value) -> Query {
    Query::compile(&object(query), "q").expect("a query")
}

fn check(query: Value, wanted: bool) {
    let metadata = object(json!({"plan": "paid", "age": "42 years", "n": 5, "zero": 0, "flag": true, "none": null}));
    let body = br#"{"model":"gpt-4o","temperature":0.5,"stream":true,"n":1.0,"tags":["a","b"],"obj":{"a":1}}"#;
    let body = Body::parse(&Bytes::from_static(body)).expect("a body");
    let facts = Facts { metadata: &metadata, params: Some(&body), pathname: "/v1/chat/completions" };
    let text = query.to_string();
    assert_eq!(held(query, facts), wanted, "{text}");
}

#[test]
fn operators_hold_as_documented() {
    for (query, held) in [
        (json!({}), true),
        (json!({"metadata.plan": "paid"}), true),
        (json!({"metadata.plan": "Paid"}), false),
        (json!({"metadata.plan": {}}), true),
        (json!({"metadata.plan": {"$eq": "paid"}}), true),
        (json!({"metadata.plan": {"$ne": "paid"}}), false),
        (json!({"metadata.n": 5}), true),
        (json!({"metadata.n": 5.0}), true),
        (json!({"metadata.n": "5"}), false),
        (json!({"metadata.flag": true}), true),
        (json!({"metadata.flag": "true"}), false),
        (json!({"metadata.none": null}), true),
        (json!({"metadata.missing": null}), false),
        (json!({"metadata.missing": "x"}), false),
        (json!({"metadata.missing": {"$eq": "undefined"}}), false),
        (json!({"metadata.missing": {"$ne": "x"}}), true),
        (json!({"metadata.missing": {"$in": ["x"]}}), false),
        (json!({"metadata.missing": {"$nin": ["x"]}}), true),
        (json!({"metadata.missing": {"$gt": 0}}), false),
        (json!({"metadata.missing": {"$lte": 0}}), false),
        (json!({"metadata.missing": {"$regex": "^undefined$"}}), true),
        (json!({"metadata.missing": {"$regex": "^$"}}), false),
        (json!({"metadata.plan": {"$in": ["free", "paid"]}}), true),
        (json!({"metadata.plan": {"$nin": ["free", "paid"]}}), false),
        (json!({"metadata.plan": {"$in": "paid"}}), false),
        (json!({"metadata.plan": {"$nin": "free"}}), false),
        (json!({"metadata.n": {"$in": ["5"]}}), false),
        (json!({"metadata.n": {"$gt": 4, "$lt": 6}}), true),
        (json!({"metadata.n": {"$gt": 5}}), false),
        (json!({"metadata.n": {"$gte": "5"}}), true),
        (json!({"metadata.n": {"$lte": "5.0 or so"}}), true),
        (json!({"metadata.age": {"$gte": 42}}), true),
        (json!({"metadata.plan": {"$gt": 0}}), false),
        (json!({"metadata.plan": {"$lt": 0}}), false),
        (json!({"metadata.n": {"$lt": "x"}}), false),
        (json!({"metadata.flag": {"$gt": 0}}), false),
        (json!({"params.model": "gpt-4o"}), true),
        (json!({"params.model": {"$regex": "^gpt-4"}}), true),
        (json!({"params.model": {"$regex": "^claude"}}), false),
        (json!({"params.temperature": {"$lt": 0.7}}), true),
        (json!({"params.stream": true}), true),
        (json!({"params.n": 1}), true),
        (json!({"params.tags": {"$regex": "^a,b$"}}), true),
        (json!({"params.tags": {"$ne": ["a", "b"]}}), true),
        (json!({"params.obj": {"$in": [{"a": 1}]}}), false),
        (json!({"params.missing": {"$ne": 1}}), true),
        (json!({"url.pathname": "/v1/chat/completions"}), true),
        (json!({"url.pathname": {"$regex": "embeddings"}}), false),
    ] {
        check(query, held);
    }
}

#[test]
fn groups_decide_at_once() {
    let (yes, no) = (json!({"metadata.plan": "paid"}), json!({"metadata.plan": "free"}));
    for (query, held) in [
        (json!({"$and": [yes, yes]}), true),
        (json!({"$and": [yes, no]}), false),
        (json!({"$or": [no, yes]}), true),
        (json!({"$or": [no, no]}), false),
        (json!({"$and": []}), true),
        (json!({"$or": []}), false),
        (json!({"$or": [yes], "metadata.plan": "free"}), true),
        (json!({"$and": [yes], "$or": [no]}), true),
        (json!({"$and": [{"$or": [no, {"$and": [yes]}]}, yes]}), true),
        (json!({"metadata.n": 5, "metadata.plan": "free"}), false),
        (json!({"metadata.n": 5, "metadata.plan": "paid"}), true),
    ] {
        check(query, held);
    }
}

#[test]
fn keys_count_in_the_order_in_which_they_are_written() {
    let yes = json!({"metadata.n": 5});
    for (query, held) in [
        (json!({"metadata.plan": "free", "$or": [yes]}), false),
        (json!({"$or": [yes], "metadata.plan": "free"}), true),
        (json!({"metadata.plan": "paid", "$and": [yes], "$or": []}), true),
        (json!({"$or": [], "$and": [yes]}), false),
        (json!({"metadata.plan": {"$regex": "^p", "$eq": "free"}}), true),
        (json!({"metadata.plan": {"$eq": "free", "$regex": "^p"}}), false),
    ] {
        check(query, held);
    }
}

#[test]
fn without_a_json_body_there_are_no_params() {
    let metadata = Map::new();
    let facts = Facts { metadata: &metadata, params: None, pathname: "/" };
    assert!(!held(json!({"params.model": "x"}), facts));
    assert!(held(json!({"params.model": {"$ne": "x"}}), facts));
}

#[test]
fn mistakes_are_told_at_their_place_all_at_once() {
    let query = object(json!({
        "$and": [{"metadata.a": {"$like": 1}}, 7],
        "$or": {},
        "metadata.a.b": 1,
        "metadata.r": {"$regex": "("},
        "metadata.s": {"$regex": 3},
        "metadata.t": [1],
        "header.x": 1,
        "url.host": 1,
        "params": 1
    }));
    let mistakes = Query::compile(&query, "strategy.conditions[0].query").expect_err("mistakes");
    let mut paths: Vec<_> = mistakes.iter().map(|mistake| mistake.path.as_str()).collect();
    paths.sort_unstable();
    let wanted = [
        "$and[0].metadata.a.$like",
        "$and[1]",
        "$or",
        "header.x",
        "metadata.a.b",
        "metadata.r.$regex",
        "metadata.s.$regex",
        "metadata.t",
        "params",
        "url.host",
    ];
    assert_eq!(paths, wanted.map(|path| format!("strategy.conditions[0].query.{path}")));
    let unsupported = "Unsupported operator used in the query router: $like";
    assert!(mistakes.iter().any(|mistake| mistake.message == unsupported), "{mistakes:?}");
}

#[test]
fn the_first_that_holds_decides_and_the_record_tells_what_was_compared() {
    let metadata = object(json!({"plan": "free", "long": "x".repeat(300)}));
    let facts = Facts { metadata: &metadata, params: None, pathname: "/v1/x" };
    let rule = |query, then| Rule { query: compiled(query), then };
    let rules = [
        rule(json!({"metadata.plan": {"$eq": "paid"}}), 0),
        rule(json!({"metadata.long": {"$ne": ""}, "metadata.user": {"$ne": 1}}), 1),
        rule(json!({}), 2),
    ];
    let (then, tested) = first(&rules, facts, |child| Some(["zero", "one", "two"][child]));
    assert_eq!(then, Some(1));
    assert_eq!(tested.len(), 2);
    assert_eq!(tested[0].query, r#"{"metadata.plan":{"$eq":"paid"}}"#);
    assert_eq!(tested[0].found, r#"metadata.plan is "free", wanted $eq "paid""#);
    assert_eq!((tested[0].held, tested[0].then.as_str()), (false, "zero"));
    let long = format!("metadata.long is \"{}…, wanted $ne \"\"; metadata.user missing, wanted $ne 1", "x".repeat(199));
    assert_eq!(tested[1].found, long);
    assert!(tested[1].held);
}
