//! Each value alone: its kind and its range.

use super::*;

const ROWS: &[(&str, &str, &str)] = &[
    ("retry", r#"{"attempts": -1}"#, "retry.attempts: Use a whole number from 0 on, not -1."),
    ("retry", r#"{"attempts": 1.5}"#, "retry.attempts: Use a whole number from 0 on, not 1.5."),
    ("retry", r#"{"attempts": "2"}"#, "retry.attempts: Use a whole number from 0 on, not a text."),
    ("retry", r#"{"attempts": 4294967296}"#, "retry.attempts: Use a whole number"),
    ("retry", r#"{}"#, "retry.attempts: Required. Use a whole number"),
    ("retry", r#"3"#, "retry: Use an object that says when the same target is tried again, not a number."),
    ("retry", r#"null"#, "retry: Use an object that says when the same target is tried again, not null."),
    (
        "retry",
        r#"{"attempts": 1, "on_status_codes": [429, 600]}"#,
        "retry.on_status_codes[1]: Use a whole number from 100 to 599, not 600.",
    ),
    (
        "retry",
        r#"{"attempts": 1, "on_status_codes": 429}"#,
        "retry.on_status_codes: Use a list, each item a whole number from 100 to 599, not a number.",
    ),
    (
        "retry",
        r#"{"attempts": 1, "use_retry_after_header": "yes"}"#,
        "retry.use_retry_after_header: Use true or false, not a text.",
    ),
    ("cache", r#"{"mode": "simple", "max_age": 59}"#, "cache.max_age: Use a whole number from 60 to 7776000, not 59."),
    ("cache", r#"{"mode": "simple", "max_age": 7776001}"#, "cache.max_age: Use a whole number from 60 to 7776000, not"),
    ("cache", r#"{"mode": "Simple"}"#, "cache.mode: Use one of simple, semantic, not Simple. Did you mean simple?"),
    ("cache", r#""sematic""#, "cache: Use one of simple, semantic, not sematic. Did you mean semantic?"),
    (
        "cache",
        r#"true"#,
        "cache: Use an object that says whether answers are kept and used again, or one of simple, semantic",
    ),
    ("cache", r#"{}"#, "cache.mode: Required. Use one of simple, semantic."),
    ("weight", r#"-0.5"#, "weight: Use a number from 0 to 1000000000, not -0.5."),
    ("weight", r#"1e300"#, "weight: Use a number from 0"),
    ("weight", r#""1""#, "weight: Use a number from 0 to 1000000000, not a text."),
    ("request_timeout", r#"0"#, "request_timeout: Use a whole number from 1 to"),
    (
        "cb_config",
        r#"{"failure_threshold": 1, "cooldown_interval": 29999}"#,
        "cb_config.cooldown_interval: Use a whole number from 30000",
    ),
    ("cb_config", r#"{"failure_threshold": 0}"#, "cb_config.failure_threshold: Use a whole number from 1 on, not 0."),
    (
        "cb_config",
        r#"{"failure_threshold_percentage": 101}"#,
        "cb_config.failure_threshold_percentage: Use a number from 0 to 100",
    ),
    ("cb_config", r#"{"minimum_requests": 3}"#, "cb_config: Add failure_threshold or"),
    ("drop_params", r#"["a", "tools[x]"]"#, "drop_params[1]: Use a path such as a, a.b, tools[0].x or tools[*].x."),
    ("drop_params", r#""a""#, "drop_params: Use a list"),
    ("custom_host", r#""ftp://a""#, "custom_host: Use an address such as https://"),
    (
        "custom_host",
        r#""https://user:secret@a/v1""#,
        "custom_host: Use an address such as https://api.example.com/v1, without a user name.",
    ),
    ("forward_headers", r#"["a b"]"#, "forward_headers[0]: Use the name of a header"),
    ("override_params", r#"[]"#, "override_params: Use an object, not a list."),
    ("passthrough", r#"1"#, "passthrough: Use true or false, not a number."),
    ("api_key", r#"12345"#, "api_key: Use a text that is not empty, not a number."),
    ("name", r#""""#, "name: Use a text that is not empty."),
    ("on_status_codes", r#"[99]"#, "on_status_codes[0]: Use a whole number from 100"),
    ("stream", r#"{"hold": 60001}"#, "stream.hold: Use a whole number from 0 to 60000, not 60001."),
    ("stream", r#"{"min_tokens_per_second": null}"#, "stream.min_tokens_per_second: Use a number"),
    (
        "input_guardrails",
        r#"["pg-a", 1]"#,
        "input_guardrails[1]: Use a text that is not empty, or an object, not a number.",
    ),
    ("before_request_hooks", r#"["pg-a"]"#, "before_request_hooks[0]: Use an object, not a text."),
    ("deployments", r#"[{"deployment_id": "a", "alias": "b"}]"#, "deployments[0].api_version: Required."),
    (
        "azure_auth_mode",
        r#""entre""#,
        "azure_auth_mode: Use one of default, entra, managed, workload, not entre. Did you mean entra?",
    ),
    ("priority", r#"-1"#, "priority: Use a whole number from 0 on"),
];

#[test]
fn each_value_is_held_to_its_kind_and_range() {
    for (key, value, told) in ROWS {
        let value = serde_json::from_str(value).expect("JSON");
        check(&leaf(key, value), &[told]);
    }
}

#[test]
fn unknown_keys_are_named_with_the_key_that_was_meant() {
    for (value, told) in [
        (leaf("retyr", json!({})), "retyr: Unknown key. Did you mean retry?"),
        (leaf("overrideParams", json!({})), "overrideParams: Unknown key. Did you mean override_params?"),
        (leaf("attempts", json!(3)), "attempts: Unknown key here. It belongs to retry."),
        (leaf("mode", json!("single")), "mode: Unknown key here. It belongs to strategy."),
        (leaf("colour", json!("blue")), "colour: Unknown key. Allowed here: name, strategy, targets,"),
        (leaf("retry", json!({"attempts": 1, "backoff": 2})), "retry.backoff: Unknown key. Allowed here: attempts,"),
        (json!({"retyr": {"attempts": 2}}), "retyr: Unknown key. Did you mean retry?"),
        (json!({"options": [{"provider": "openai"}]}), "options: This format is too old. Use strategy and targets"),
        (json!({"mode": "single", "provider": "@a"}), "mode: Unknown key here. It belongs to strategy."),
    ] {
        check(&value, &[told]);
    }
}

#[test]
fn texts_are_not_repeated_for_they_could_be_secrets() {
    let secret = "sk-secret";
    for key in ["api_key", "retry", "custom_host", "weight", "targets", "provider", "override_params"] {
        for value in [json!([secret]), json!({"mode": 1, "x": secret}), json!(secret)] {
            let told = mistakes(&leaf(key, value)).join("\n");
            assert!(!told.contains(secret), "{told}");
        }
    }
}
