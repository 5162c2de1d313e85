//! What is too deep, too long, or no config at all.

use super::*;

#[test]
fn depth_is_bounded() {
    let too_deep = "Nested too deep. Use at most 64 objects and lists within each other.";
    let nested = |levels: usize| {
        (1..levels).fold(json!({"provider": "@a"}), |node, _| group(json!({"mode": "single"}), json!([node])))
    };
    // Each node but the last is an object with a list in it.
    accept(&nested(32));
    let told = mistakes(&nested(33));
    assert!(told.len() == 1 && told[0].ends_with(too_deep), "{told:?}");
    assert!(mistakes(&nested(200))[0].ends_with(too_deep));
    let text = read_text(&"[".repeat(100_000)).unwrap_err();
    assert_eq!((text.len(), &*text[0].path, &*text[0].message), (1, "", too_deep));
    let wrapped = |levels: usize| (0..levels).fold(json!(1), |value, _| json!([value]));
    accept(&json!({"override_params": {"a": wrapped(62)}}));
    assert_eq!(mistakes(&json!({"override_params": {"a": wrapped(63)}})), [format!("override_params: {too_deep}")]);
    let query = |levels: usize| (0..levels).fold(json!({"metadata.a": 1}), |query, _| json!({"$and": [query]}));
    let strategy =
        |levels| json!({"mode": "conditional", "default": "a", "conditions": [{"query": query(levels), "then": "a"}]});
    let with = |levels| group(strategy(levels), json!([{"name": "a", "provider": "@a"}]));
    accept(&with(29));
    assert_eq!(mistakes(&with(30)), [format!("strategy.conditions[0].query: {too_deep}")]);
}

#[test]
fn what_is_told_is_bounded() {
    let long = "k".repeat(10_000);
    let many: Map<String, Value> = (0..5000).map(|number| (format!("{long}{number}"), json!(1))).collect();
    let told = mistakes(&json!({"strategy": {"mode": "single"}, "targets": [many]}));
    assert_eq!(told.len(), MISTAKES_MOST);
    assert!(told.iter().all(|mistake| mistake.len() < 2000));
    let names =
        json!((0..3000).map(|number| json!({"name": format!("{long}{number}"), "provider": "@a"})).collect::<Vec<_>>());
    let told = mistakes(&group(
        json!({"mode": "conditional", "default": long, "conditions": [{"query": {"params.a": 1}, "then": "b"}]}),
        names,
    ));
    assert!(told.len() == 2 && told.iter().all(|mistake| mistake.len() < 2000), "{}", told.len());
}

#[test]
fn text_that_is_no_config_is_refused_in_words() {
    for (text, told) in [
        (String::new(), "Not valid JSON: "),
        ("{".into(), "Not valid JSON: EOF while parsing an object at line 1 column 1. Use a JSON object."),
        ("{'a': 1}".into(), "Not valid JSON: "),
        ("[]".into(), "Use a JSON object, not a list."),
        ("\"pc-main\"".into(), "Use a JSON object, not a text."),
        ("null".into(), "Use a JSON object, not null."),
        (r#"{"weight": 1e999}"#.into(), "Not valid JSON: number out of range"),
        (format!("\"{}\"", " ".repeat(TEXT_MOST)), "Too long. Use at most 1048576 bytes of JSON."),
    ] {
        let mistakes = read_text(&text).unwrap_err();
        assert!(mistakes.len() == 1 && mistakes[0].path.is_empty(), "{mistakes:?}");
        assert!(mistakes[0].message.starts_with(told), "{mistakes:?}");
    }
}
