//! Configs that cannot be followed: each mistake with its JSON path, all at once; features that do not exist are named.

use super::row::{Row, row};

/// Refused with all that `says` names.
const fn refused(name: &'static str, config: &'static str, says: &'static str) -> Row {
    row(name, config, "", "", "400").says(says)
}

/// The call would need what does not exist.
const fn lacking(name: &'static str, config: &'static str, key: &'static str) -> Row {
    row(name, config, "", "", "400 config").says(key)
}

pub const ROWS: &[Row] = &[
    refused("a config is JSON", "{nope", "Invalid config passed. You need to pass a valid json"),
    refused("a config is no Python", "{'provider':'@alpha'}", "Invalid config passed. You need to pass a valid json"),
    refused("a config is an object", "[1]", "Invalid config passed. You need to pass a valid json"),
    refused("a config says something", "{}", "Invalid config passed"),
    refused(
        "an unknown strategy is refused with those there are",
        r#"{"strategy":{"mode":"fastest"},"targets":[$alpha]}"#,
        "path: strategy.mode, message: Use one of single, fallback, loadbalance, conditional",
    ),
    refused("a strategy has a mode", r#"{"strategy":{},"targets":[$alpha]}"#, "path: strategy.mode, message: Required"),
    refused(
        "an unknown key is refused with a near one",
        r#"{"provider":"@alpha","retries":{"attempts":1}}"#,
        "path: retries, message: Unknown key",
    ),
    refused(
        "an unknown key within is refused",
        r#"{"provider":"@alpha","retry":{"attempts":1,"after":1}}"#,
        "path: retry.after, message: Unknown key",
    ),
    refused("the oldest format is refused", r#"{"options":[]}"#, "path: options"),
    refused(
        "every mistake is told: the first",
        r#"{"retry":{},"cache":{"mode":"x"},"weight":-1}"#,
        "path: retry.attempts, message: Required",
    ),
    refused(
        "every mistake is told: the second",
        r#"{"retry":{},"cache":{"mode":"x"},"weight":-1}"#,
        "path: cache.mode",
    ),
    refused("every mistake is told: the third", r#"{"retry":{},"cache":{"mode":"x"},"weight":-1}"#, "path: weight"),
    refused(
        "a mistake deep within has its path",
        r#"{"strategy":{"mode":"fallback"},"targets":[$alpha,{"strategy":{"mode":"single"},"targets":[{"provider":7}]}]}"#,
        "path: targets[1].targets[0].provider",
    ),
    refused("targets need a strategy", r#"{"targets":[$alpha]}"#, "path: strategy"),
    refused("a strategy needs targets", r#"{"strategy":{"mode":"single"}}"#, "path: targets"),
    refused("targets are at least one", r#"{"strategy":{"mode":"single"},"targets":[]}"#, "path: targets"),
    refused("a bare vendor needs a key", r#"{"provider":"openai"}"#, "api_key"),
    refused(
        "a weight is a number",
        r#"{"strategy":{"mode":"loadbalance"},"targets":[{"provider":"@alpha","weight":"1"}]}"#,
        "path: targets[0].weight",
    ),
    refused(
        "a weight is not negative",
        r#"{"strategy":{"mode":"loadbalance"},"targets":[{"provider":"@alpha","weight":-0.1}]}"#,
        "path: targets[0].weight",
    ),
    refused("a time is not 0", r#"{"provider":"@alpha","request_timeout":0}"#, "path: request_timeout"),
    refused("attempts are whole", r#"{"provider":"@alpha","retry":{"attempts":1.5}}"#, "path: retry.attempts"),
    refused(
        "codes are numbers",
        r#"{"provider":"@alpha","retry":{"attempts":1,"on_status_codes":["5xx"]}}"#,
        "path: retry.on_status_codes[0]",
    ),
    refused(
        "an answer is kept a minute at least",
        r#"{"provider":"@alpha","cache":{"mode":"simple","max_age":59}}"#,
        "path: cache.max_age",
    ),
    refused(
        "an answer is kept ninety days at most",
        r#"{"provider":"@alpha","cache":{"mode":"simple","max_age":7776001}}"#,
        "path: cache.max_age",
    ),
    refused(
        "a circuit is open for half a minute at least",
        r#"{"provider":"@alpha","cb_config":{"failure_threshold":1,"cooldown_interval":1000}}"#,
        "path: cb_config.cooldown_interval",
    ),
    refused("a circuit has a threshold", r#"{"provider":"@alpha","cb_config":{}}"#, "path: cb_config"),
    refused(
        "what sticks has fields",
        r#"{"strategy":{"mode":"loadbalance","sticky":{"enabled":true}},"targets":[$alpha]}"#,
        "path: strategy.sticky",
    ),
    refused(
        "a hedge is four targets at most",
        r#"{"strategy":{"mode":"fallback","hedge":{"after":10,"max":5}},"targets":[$alpha]}"#,
        "path: strategy.hedge.max",
    ),
    refused(
        "a queue has its longest wait",
        r#"{"strategy":{"mode":"fallback","queue":{}},"targets":[$alpha]}"#,
        "path: strategy.queue.max_wait",
    ),
    refused("a host is an address", r#"{"provider":"@alpha","custom_host":"beta"}"#, "path: custom_host"),
    refused(
        "a header's name is one",
        r#"{"provider":"@alpha","forward_headers":["x one"]}"#,
        "path: forward_headers[0]",
    ),
    row("a config may be nested deep", "nest 31", "alpha:200", "alpha", "200"),
    refused("a config that is nested deeper is refused", "nest 64", "Nested too deep"),
    refused("a config that is nested without end is refused", "nest 3000", "Nested too deep"),
    lacking("input guardrails are named", r#"{"provider":"@alpha","input_guardrails":["pg-1"]}"#, "input_guardrails"),
    lacking(
        "output guardrails are named",
        r#"{"provider":"@alpha","output_guardrails":[{"default.contains":{}}]}"#,
        "output_guardrails",
    ),
    lacking(
        "hooks before are named",
        r#"{"provider":"@alpha","before_request_hooks":[{"id":"x"}]}"#,
        "before_request_hooks",
    ),
    lacking(
        "hooks after are named",
        r#"{"provider":"@alpha","after_request_hooks":[{"id":"x"}]}"#,
        "after_request_hooks",
    ),
    lacking("input mutators are named", r#"{"provider":"@alpha","input_mutators":["pm-1"]}"#, "input_mutators"),
    lacking("output mutators are named", r#"{"provider":"@alpha","output_mutators":["pm-1"]}"#, "output_mutators"),
    lacking("a prompt is named", r#"{"prompt_id":"pp-1"}"#, "prompt_id"),
    row(
        "what is inherited is named too",
        r#"{"input_guardrails":["pg-1"],"strategy":{"mode":"single"},"targets":[$alpha]}"#,
        "",
        "",
        "400 config.targets[0]",
    )
    .says("input_guardrails"),
    row(
        "an empty list asks for nothing",
        r#"{"provider":"@alpha","input_guardrails":[]}"#,
        "alpha:200",
        "alpha",
        "200 config",
    ),
    row(
        "a target's empty list stands for the inherited one",
        r#"{"input_guardrails":["pg-1"],"strategy":{"mode":"single"},"targets":[{"provider":"@alpha","input_guardrails":[]}]}"#,
        "alpha:200",
        "alpha",
        "200 config.targets[0]",
    ),
    row(
        "a key of the models' list is no matter here",
        r#"{"provider":"@alpha","fetch_integrated_models":true}"#,
        "alpha:200",
        "alpha",
        "200 config",
    ),
];
