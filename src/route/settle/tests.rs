#![expect(clippy::needless_pass_by_value, reason = "configs stand where they are used")]

use app::model::routing::Node;
use serde_json::{Value, json};

use crate::route::{Branch, Group, Leaf, Tree};

fn node(config: &Value) -> Node {
    serde_json::from_value(config.clone()).expect("a config")
}

fn settled(config: Value) -> Tree {
    Tree::settle(&node(&config)).unwrap_or_else(|mistakes| panic!("{config}: {mistakes:?}"))
}

fn mistakes(config: Value) -> Vec<(String, String)> {
    let mistakes = Tree::settle(&node(&config)).expect_err("mistakes");
    mistakes.into_iter().map(|mistake| (mistake.path, mistake.message)).collect()
}

fn group(branch: &Branch) -> &Group {
    match branch {
        Branch::Group(group) => group,
        Branch::Leaf(at) => panic!("leaf {at} is no group"),
    }
}

fn check(config: Value, at: usize, wanted: impl Fn(&Leaf) -> bool) {
    let tree = settled(config.clone());
    assert!(wanted(&tree.leaves[at]), "{config}: {:#?}", tree.leaves[at]);
}

#[test]
fn paths_name_the_targets() {
    let paths = |config| settled(config).leaves.iter().map(|leaf| leaf.path.clone()).collect::<Vec<_>>();
    assert_eq!(paths(json!({"provider": "@a"})), ["config"]);
    let nested = json!({"strategy": {"mode": "fallback"}, "targets": [
        {"strategy": {"mode": "loadbalance"}, "targets": [{"provider": "@a"}, {"provider": "@b"}]},
        {"provider": "@c"}
    ]});
    assert_eq!(paths(nested), ["config.targets[0].targets[0]", "config.targets[0].targets[1]", "config.targets[1]"]);
}

#[test]
fn a_provider_is_named_in_several_ways() {
    for (config, provider) in [
        (json!({"provider": "openai", "api_key": "k"}), Some("openai")),
        (json!({"provider": "@a"}), Some("@a")),
        (json!({"virtual_key": "a"}), Some("@a")),
        (json!({"virtual_key": "@a"}), Some("@a")),
        (json!({"virtual_key": "a", "provider": "openai"}), Some("@a")),
        (json!({"virtual_key": "a", "provider": "@b"}), Some("@b")),
        (json!({"cache": {"mode": "simple"}}), None),
    ] {
        check(config, 0, |leaf| leaf.provider.as_deref() == provider);
    }
    check(json!({"strategy": {"mode": "single"}, "provider": "@a", "targets": [{"retry": {}}]}), 0, |leaf| {
        leaf.provider.is_none()
    });
}

fn below(parent: Value, child: Value) -> Value {
    let mut parent = parent;
    parent["strategy"]["mode"] = json!("fallback");
    parent["targets"] = json!([child]);
    parent
}

#[test]
fn params_merge_and_the_child_wins() {
    for key in ["override_params", "default_params"] {
        let config = below(json!({key: {"a": 1, "b": {"x": 1}}}), json!({key: {"b": {"y": 2}, "c": 3}}));
        check(config, 0, |leaf| {
            let params = if key == "override_params" { &leaf.override_params } else { &leaf.default_params };
            Value::Object(params.clone()) == json!({"a": 1, "b": {"y": 2}, "c": 3})
        });
    }
    let config = below(json!({"drop_params": ["a", "b.c"]}), json!({"drop_params": ["d"]}));
    check(config, 0, |leaf| leaf.drop_params.len() == 3);
}

#[test]
fn the_rest_is_replaced_as_a_whole() {
    let parent = json!({
        "retry": {"attempts": 2, "on_status_codes": [500]}, "cache": {"mode": "simple", "max_age": 60},
        "request_timeout": 1000, "custom_host": "https://a.example/v1", "forward_headers": ["x-a"],
        "strict_open_ai_compliance": true, "stream": {"hold": 10, "idle_timeout": 20}
    });
    check(below(parent.clone(), json!({})), 0, |leaf| {
        let retry = leaf.retry.attempts == 2 && leaf.retry.on_status_codes == Some(vec![500]);
        let rest = leaf.request_timeout == Some(1000) && leaf.strict == Some(true) && leaf.forward_headers == ["x-a"];
        let host = leaf.custom_host.as_deref() == Some("https://a.example/v1");
        let cache = leaf.cache.as_ref().is_some_and(|cache| cache.max_age == Some(60));
        retry && rest && host && cache && leaf.stream.hold == Some(10)
    });
    let child = json!({
        "retry": {"attempts": 1}, "cache": {"mode": "simple"}, "request_timeout": 5, "custom_host": "https://b.example",
        "forward_headers": [], "strict_open_ai_compliance": false, "stream": {"hold": 1}
    });
    check(below(parent, child), 0, |leaf| {
        let retry = leaf.retry.attempts == 1 && leaf.retry.on_status_codes.is_none();
        let rest = leaf.request_timeout == Some(5) && leaf.strict == Some(false) && leaf.forward_headers.is_empty();
        let host = leaf.custom_host.as_deref() == Some("https://b.example");
        let cache = leaf.cache.as_ref().is_some_and(|cache| cache.max_age.is_none());
        retry && rest && host && cache && leaf.stream.idle_timeout.is_none()
    });
}

#[test]
fn a_breaker_comes_from_the_strategy_above_or_the_node() {
    let threshold = |leaf: &Leaf| leaf.breaker.as_ref().and_then(|breaker| breaker.failure_threshold);
    let above = json!({"strategy": {"cb_config": {"failure_threshold": 3}}});
    check(below(above.clone(), json!({"provider": "@a"})), 0, |leaf| threshold(leaf) == Some(3));
    check(below(above, json!({"cb_config": {"failure_threshold": 4}})), 0, |leaf| threshold(leaf) == Some(4));
    check(json!({"provider": "@a", "cb_config": {"failure_threshold": 5}}), 0, |leaf| threshold(leaf) == Some(5));
}

#[test]
fn retries_are_clamped_and_have_one_spelling() {
    for (attempts, left) in [(0, 0), (5, 5), (6, 5), (4_000_000_000_u32, 5)] {
        check(json!({"retry": {"attempts": attempts}}), 0, |leaf| leaf.retry.attempts == left);
    }
    check(json!({"retry": {"attempts": 1, "use_retry_after_header": true}}), 0, |leaf| {
        leaf.retry.use_retry_after_headers == Some(true) && leaf.retry.use_retry_after_header.is_none()
    });
}

#[test]
fn features_that_do_not_exist_are_named_where_they_are_wanted() {
    for (parent, child, lacking) in [
        (json!({}), json!({"input_guardrails": ["g"]}), &["input_guardrails"][..]),
        (json!({"prompt_id": "pp-x", "output_mutators": [{}]}), json!({}), &["output_mutators", "prompt_id"]),
        (json!({"input_guardrails": ["g"]}), json!({"input_guardrails": []}), &[]),
        (json!({"prompt_id": "", "before_request_hooks": []}), json!({"resource_name": "r"}), &["resource_name"]),
        (json!({}), json!({"openai_project": "p"}), &[]),
    ] {
        check(below(parent, child), 0, |leaf| leaf.lacking == lacking);
    }
}

#[test]
fn groups_know_their_codes_names_and_tiers() {
    let tree = settled(json!({
        "strategy": {"mode": "conditional", "conditions": [{"query": {"metadata.a": 1}, "then": "b"}], "default": "a"},
        "on_status_codes": [429],
        "targets": [{"name": "a", "weight": 0.25}, {"name": "b", "priority": 7}, {"name": "b"}]
    }));
    let root = group(&tree.root);
    assert_eq!((root.conditions[0].then, root.default), (1, Some(0)));
    assert_eq!(root.on_status_codes.as_deref(), Some(&[429][..]));
    let of = |index: usize| (root.children[index].weight, root.children[index].priority);
    assert_eq!([of(0), of(1), of(2)], [(0.25, 0), (1.0, 7), (1.0, 2)]);
}

#[test]
fn what_must_be_remembered_is_known() {
    let mode = |mode: &str| json!({"strategy": {"mode": mode}, "targets": [{"provider": "@a"}]});
    let sticky =
        |enabled| json!({"mode": "loadbalance", "sticky": {"enabled": enabled, "hash_fields": ["metadata.u"]}});
    for (config, remembers) in [
        (mode("fallback"), false),
        (mode("loadbalance"), false),
        (mode("least-cost"), false),
        (mode("round-robin"), true),
        (mode("priority"), true),
        (mode("least-latency"), true),
        (json!({"strategy": sticky(true), "targets": [{}]}), true),
        (json!({"strategy": sticky(false), "targets": [{}]}), false),
        (json!({"strategy": {"mode": "fallback", "queue": {"max_wait": 1}}, "targets": [{"provider": "@a"}]}), true),
        (json!({"provider": "@a", "cb_config": {"failure_threshold": 1}}), true),
        (below(json!({}), mode("priority")), true),
    ] {
        assert_eq!(settled(config.clone()).remembers, remembers, "{config}");
    }
}

#[test]
fn the_identity_is_that_of_the_meaning() {
    let identity = |text: &str| {
        let node: Node = serde_json::from_str(text).expect("a config");
        Tree::settle(&node).expect("a tree").identity
    };
    let one = identity(r#"{"provider":"@a","override_params":{"a":1,"b":2}}"#);
    assert_eq!(one, identity(r#"{"override_params":{"b":2,"a":1}, "provider":"@a"}"#));
    assert_ne!(one, identity(r#"{"provider":"@a","override_params":{"a":1,"b":3}}"#));
    assert_eq!((one.len(), one.bytes().all(|byte| byte.is_ascii_hexdigit())), (64, true));
}

#[test]
fn a_semantic_cache_says_that_it_is_simple() {
    let cache = json!({"cache": {"mode": "semantic"}});
    let tree = settled(below(cache.clone(), cache));
    assert_eq!(tree.notes.len(), 1);
    assert!(tree.notes[0].contains("`semantic` acts as `simple`"));
    assert!(settled(json!({"cache": {"mode": "simple"}})).notes.is_empty());
}

#[test]
fn mistakes_come_all_at_once_with_their_paths() {
    let found = mistakes(json!({
        "strategy": {"mode": "conditional", "default": "nobody", "conditions": [
            {"query": {"metadata.a": {"$regex": "("}}, "then": "a"},
            {"query": {"metadata.a": 1}, "then": "no one"}
        ]},
        "targets": [
            {"name": "a", "drop_params": ["a..b"]},
            {"name": "c", "strategy": {"mode": "fallback"}, "targets": []}
        ]
    }));
    let paths: Vec<_> = found.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "targets[0].drop_params",
            "targets[1].targets",
            "strategy.conditions[0].query.metadata.a.$regex",
            "strategy.conditions[1].then",
            "strategy.default",
        ]
    );
    assert_eq!(found[3].1, "Invalid target name found in the query router: no one");
}

#[test]
fn a_config_that_would_grow_without_bound_is_refused() {
    let many = json!({"strategy": {"mode": "loadbalance"}, "targets": vec![json!({"provider": "@a"}); 1001]});
    assert!(mistakes(many)[0].1.contains("1000 at most"));
    let large = below(json!({"override_params": {"x": "y".repeat(100_000)}}), json!({}));
    let mut wide = large.clone();
    wide["targets"] = json!(vec![json!({"provider": "@a"}); 900]);
    assert_eq!(settled(large).leaves.len(), 1);
    assert!(mistakes(wide)[0].1.contains("8 MiB"));
    let deep = (0..70).fold(json!({"provider": "@a"}), |config, _| below(json!({}), config));
    assert!(mistakes(deep)[0].1.contains("64 levels"));
    let pattern =
        json!({"query": {"$or": [{"metadata.a": {"$regex": "a"}}, {"metadata.b": {"$regex": "b"}}]}, "then": "a"});
    let patterns = |count: usize| {
        let strategy = json!({"mode": "conditional", "default": "a", "conditions": vec![pattern.clone(); count]});
        json!({"strategy": strategy, "targets": [{"name": "a", "provider": "@a"}]})
    };
    assert_eq!(settled(patterns(32)).leaves.len(), 1);
    assert!(mistakes(patterns(33))[0].1.contains("64 in all conditions"));
    let wrong = vec![json!({"drop_params": [""]}); 900];
    assert_eq!(mistakes(json!({"strategy": {"mode": "fallback"}, "targets": wrong})).len(), 100);
}
