//! Two asks have one key exactly when they mean the same.

use super::{Ask, Hash, Key};
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, SeedableRng};
use serde_json::{Map, Value, json};

fn ask<'a>(body: &'a [u8], metadata: &'a Map<String, Value>) -> Ask<'a> {
    Ask {
        workspace: "default",
        endpoint: "chat/completions",
        base_url: "https://api.example.com/v1",
        credential_digest: "00ff",
        forwarded: &[],
        body,
        namespace: None,
        metadata,
    }
}

fn of_body(body: &str) -> Hash {
    Key::of(&ask(body.as_bytes(), &Map::new())).hash
}

#[test]
fn bodies_that_mean_the_same_share_a_key() {
    for (one, other) in [
        (r#"{"a":1,"b":2}"#, r#"{ "b" : 2 , "a" : 1 }"#),
        (r#"{"a":{"x":[{"p":1,"q":2}],"y":0}}"#, r#"{"a":{"y":0,"x":[{"q":2,"p":1}]}}"#),
        (r#"{"a":1}"#, r#"{"a":1,"stream":true,"stream_options":{"include_usage":true}}"#),
        (r#"{"a":1}"#, r#"{"\u0073tream":false,"a":1}"#),
        (r#"{"a":1,"b":0,"a":2}"#, r#"{"b":0,"a":1,"a":2}"#),
        (r#"{"a":{"b":1,"b":2,"c":3}}"#, r#"{"a":{"b":1,"c":3,"b":2}}"#),
        (r#"{"a":0.7}"#, r#"{"a":0.70}"#),
        (r#"{"a":100}"#, r#"{"a":1e2}"#),
        (r#"{"a":100}"#, r#"{"a":1.00E+2}"#),
        (r#"{"a":0.001}"#, r#"{"a":10e-4}"#),
        (r#"{"a":0}"#, r#"{"a":-0.0}"#),
        (r#"{"a":"é/\n\u0001"}"#, r#"{"a":"\u00e9\/\u000a\u0001"}"#),
        (r#"{"a":"😀"}"#, r#"{"a":"\ud83d\uDE00"}"#),
        (r#"[1, {"a":[ ]}]"#, r#"[1,{"a":[]}]"#),
    ] {
        assert_eq!(of_body(one), of_body(other), "{one} {other}");
    }
}

#[test]
fn bodies_that_differ_have_keys_of_their_own() {
    let deep = |end: &str| format!("{}{end}{}", "[".repeat(200), "]".repeat(200));
    let (deep_one, deep_two) = (deep("1"), deep("2"));
    let bodies = [
        r#"{"a":1,"b":2}"#,
        r#"{"a":2,"b":1}"#,
        r#"{"a":1}"#,
        r#"{"a":2}"#,
        r#"{"a":1,"a":2}"#,
        r#"{"a":2,"a":1}"#,
        r#"{"a":1,"a":1}"#,
        r#"{"a":"1"}"#,
        r#"{"a":-1}"#,
        r#"{"a":[1]}"#,
        r#"{"a":true}"#,
        r#"{"a":null}"#,
        r#"{"a":false}"#,
        "{}",
        r#"{"a":[1,2]}"#,
        r#"{"a":[2,1]}"#,
        r#"{"a":[12]}"#,
        r#"{"a":[[1],2]}"#,
        r#"{"a":[1,[2]]}"#,
        r#"{"a":{"stream":true}}"#,
        r#"{"a":{"stream":false}}"#,
        r#"{"a":{}}"#,
        r#"{"a":"b\"1:c"}"#,
        r#"{"a":"b","1:c":0}"#,
        r#"{"a":12345678901234567890123}"#,
        r#"{"a":12345678901234567890124}"#,
        r#"{"a":1e400}"#,
        r#"{"a":1e401}"#,
        r#"{"a":1e9999999999999999999}"#,
        r#"{"a":0.1}"#,
        r#"{"a":0.10000000000000000001}"#,
        r#"{"a":"\ud83d"}"#,
        r#"{"a":"\ud83e"}"#,
        r#"{"a":"\ufffd"}"#,
        r#"{"a":"\\ud83d"}"#,
        r#"{"a":""}"#,
        r#"{"":"a"}"#,
        &deep_one,
        &deep_two,
        "",
        "--boundary\r\n\r\n1",
        "--boundary\r\n\r\n2",
        r#"{"a":01}"#,
        r#"{"a":1.}"#,
        r#"{"a":1} "#,
        r#"{"a":1}x"#,
        r#"{"a":1"#,
        r#"{"a" 1}"#,
        r#"{"a":"\q"}"#,
        r#"{"a":"\u00"}"#,
    ];
    for (at, one) in bodies.iter().enumerate() {
        for other in &bodies[..at] {
            let same = one.trim() == other.trim();
            assert_eq!(of_body(one) == of_body(other), same, "{one} {other}");
        }
    }
}

#[test]
fn every_part_counts_and_is_not_mistaken_for_its_neighbour() {
    let (empty, gold) = (Map::new(), json!({ "plan": "gold" }));
    let plain = ask(b"{}", &empty);
    let asks = [
        plain,
        Ask { workspace: "defaultc", endpoint: "hat/completions", ..plain },
        Ask { workspace: "other", ..plain },
        Ask { endpoint: "embeddings", ..plain },
        Ask { base_url: "https://api.example.com/v2", ..plain },
        Ask { credential_digest: "01ff", ..plain },
        Ask { forwarded: &[("a", "1")], ..plain },
        Ask { forwarded: &[("a", "2")], ..plain },
        Ask { forwarded: &[("a", "1"), ("b", "2")], ..plain },
        Ask { forwarded: &[("a", "1"), ("a", "2")], ..plain },
        Ask { forwarded: &[("a", "2"), ("a", "1")], ..plain },
        Ask { namespace: Some(""), ..plain },
        Ask { namespace: Some("{}"), ..plain },
        Ask { namespace: Some("team"), ..plain },
        Ask { metadata: gold.as_object().expect("an object"), ..plain },
        Ask { body: b"text", ..plain },
    ];
    for (at, one) in asks.iter().enumerate() {
        for other in &asks[..at] {
            assert_ne!(Key::of(one).hash, Key::of(other).hash, "{one:?} {other:?}");
        }
    }
}

#[test]
fn headers_are_folded_and_a_namespace_stands_for_the_metadata() {
    let (empty, gold) = (Map::new(), json!({ "plan": "gold" }));
    let plain = ask(b"{}", &empty);
    let gold = gold.as_object().expect("an object");
    for (one, other) in [
        (
            Ask { forwarded: &[("X-B", "2"), ("x-a", "1"), ("X-b", " 3")], ..plain },
            Ask { forwarded: &[("x-a", "1"), ("x-b", "2, 3")], ..plain },
        ),
        (Ask { namespace: Some("n"), ..plain }, Ask { namespace: Some("n"), metadata: gold, ..plain }),
    ] {
        assert_eq!(Key::of(&one).hash, Key::of(&other).hash, "{one:?} {other:?}");
    }
}

#[test]
fn the_parts_show_no_secret() {
    let empty = Map::new();
    let key = Key::of(&Ask { forwarded: &[("authorization", "Bearer hush")], ..ask(br#"{"a":"private"}"#, &empty) });
    let shown = format!("{:?}", key.parts);
    assert!(shown.contains("authorization") && shown.contains("api.example.com"), "{shown}");
    assert!(!shown.contains("hush") && !shown.contains("private"), "{shown}");
}

/// What a call means, apart from how it is written.
#[derive(Clone, Debug, PartialEq)]
struct Meaning {
    texts: [&'static str; 4],
    forwarded: Vec<(&'static str, &'static str)>,
    body: Value,
    namespace: Option<&'static str>,
    metadata: Value,
}

#[test]
fn two_calls_share_a_key_exactly_when_they_mean_the_same() {
    let mut dice = StdRng::seed_from_u64(4);
    let (mut same, mut other) = (0, 0);
    for _ in 0..20_000 {
        let (one, mut two) = (meaning(&mut dice), meaning(&mut dice));
        if dice.random_bool(0.7) {
            two = changed(&one, &mut dice);
        }
        // A namespace stands for the metadata.
        let sharing = |meaning: &Meaning| Meaning {
            metadata: if meaning.namespace.is_some() { Value::Null } else { meaning.metadata.clone() },
            ..meaning.clone()
        };
        let equal = sharing(&one) == sharing(&two);
        same += u32::from(equal);
        other += u32::from(!equal);
        assert_eq!(written(&one, &mut dice) == written(&two, &mut dice), equal, "{one:?}\n{two:?}");
    }
    assert!(same > 2_000 && other > 2_000, "{same} {other}");
}

fn meaning(dice: &mut StdRng) -> Meaning {
    let metadata = [json!({}), json!({ "a": "1" }), json!({ "a": "1", "b": "2" }), json!({ "b": "1" })];
    let forwarded = [("a", "1"), ("b", "2"), ("b", "x")];
    let namespaces = [None, None, Some("n"), Some("")];
    Meaning {
        texts: std::array::from_fn(|_| *["p", "q"].choose(dice).expect("some")),
        forwarded: forwarded.into_iter().filter(|_| dice.random_bool(0.3)).take(1).collect(),
        body: object(dice, 2),
        namespace: *namespaces.choose(dice).expect("some"),
        metadata: metadata.choose(dice).expect("some").clone(),
    }
}

/// The same, or other in one thing.
fn changed(meaning: &Meaning, dice: &mut StdRng) -> Meaning {
    let (fresh, mut changed) = (self::meaning(dice), meaning.clone());
    match dice.random_range(0..8) {
        0 => changed.texts[dice.random_range(0..4)] = fresh.texts[0],
        1 => changed.forwarded = fresh.forwarded,
        2 => changed.body = fresh.body,
        3 => changed.namespace = fresh.namespace,
        4 => changed.metadata = fresh.metadata,
        5 => {
            if let Some(member) = changed.body.as_object_mut().expect("an object").values_mut().next() {
                *member = value(dice, 1);
            }
        }
        _ => {}
    }
    changed
}

fn object(dice: &mut StdRng, depth: u32) -> Value {
    let names = ["a", "b", "model", "é", "q\"\n"];
    let members = names.into_iter().filter(|_| dice.random_bool(0.4)).collect::<Vec<_>>();
    members.into_iter().map(|name| (name.to_owned(), value(dice, depth))).collect::<Map<_, _>>().into()
}

fn value(dice: &mut StdRng, depth: u32) -> Value {
    match dice.random_range(0..if depth == 0 { 6 } else { 8 }) {
        0 => Value::Null,
        1 => dice.random_bool(0.5).into(),
        2 => dice.random_range(-3..200).into(),
        3 => [json!(0.5), json!(0.25), json!(1.5)].choose(dice).expect("some").clone(),
        4 | 5 => (*["", "a", "1", "é", "tab\t", "😀", "\\"].choose(dice).expect("some")).into(),
        6 => (0..dice.random_range(0..3)).map(|_| value(dice, depth - 1)).collect(),
        _ => object(dice, depth - 1),
    }
}

/// The key of the call, written in one of many ways.
fn written(meaning: &Meaning, dice: &mut StdRng) -> Hash {
    let mut body = meaning.body.clone();
    if dice.random_bool(0.5) {
        body["stream"] = dice.random_bool(0.5).into();
        body["stream_options"] = json!({ "include_usage": dice.random_bool(0.5) });
    }
    let mut text = String::new();
    write(&body, dice, &mut text);
    let mut forwarded = meaning.forwarded.clone();
    forwarded.shuffle(dice);
    let upper = forwarded.iter().map(|(name, value)| (name.to_ascii_uppercase(), *value)).collect::<Vec<_>>();
    let upper = upper.iter().map(|(name, value)| (name.as_str(), *value)).collect::<Vec<_>>();
    let [workspace, endpoint, base_url, credential_digest] = meaning.texts;
    let forwarded = if dice.random_bool(0.5) { &forwarded } else { &upper };
    let metadata = meaning.metadata.as_object().expect("an object");
    let namespace = meaning.namespace;
    let body = text.as_bytes();
    Key::of(&Ask { workspace, endpoint, base_url, credential_digest, forwarded, body, namespace, metadata }).hash
}

fn write(value: &Value, dice: &mut StdRng, text: &mut String) {
    blank(dice, text);
    match value {
        Value::Object(members) => write_object(members, dice, text),
        Value::Array(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                text.push_str(if at > 0 { "," } else { "" });
                write(item, dice, text);
            }
            text.push(']');
        }
        Value::String(string) => write_string(string, dice, text),
        Value::Number(number) => match (number.as_i64(), dice.random_range(0..4)) {
            (Some(whole), 0) => text.push_str(&format!("{whole}.0")),
            (Some(whole), 1) if whole != 0 => text.push_str(&format!("{whole}00e-2")),
            (None, 0) => text.push_str(&format!("{number}0E+0")),
            _ => text.push_str(&number.to_string()),
        },
        word => text.push_str(&word.to_string()),
    }
    blank(dice, text);
}

fn write_object(members: &Map<String, Value>, dice: &mut StdRng, text: &mut String) {
    let mut members = members.iter().collect::<Vec<_>>();
    members.shuffle(dice);
    text.push('{');
    for (at, (name, value)) in members.into_iter().enumerate() {
        text.push_str(if at > 0 { "," } else { "" });
        blank(dice, text);
        write_string(name, dice, text);
        blank(dice, text);
        text.push(':');
        write(value, dice, text);
    }
    text.push('}');
}

fn write_string(string: &str, dice: &mut StdRng, text: &mut String) {
    if dice.random_bool(0.7) {
        text.push_str(&Value::from(string).to_string());
        return;
    }
    text.push('"');
    string.encode_utf16().for_each(|unit| text.push_str(&format!("\\u{unit:04X}")));
    text.push('"');
}

fn blank(dice: &mut StdRng, text: &mut String) {
    text.push_str(["", "", "", " ", "\n\t"].choose(dice).expect("some"));
}
