//! What a target changes in the body (contract §2.1, §2.3): defaults, overrides, drops, and what is inherited.

use super::row::{Row, row};

const PLAIN: &str = r#"{"model":"gpt-4o","x":{"b":1,"a":2.50},"temperature":0.10}"#;
const TOOLS: &str = r#"{"model":"gpt-4o","tools":[{"x":1,"function":{"strict":true,"n":1}},{"x":2}],"user":"u"}"#;
const INHERITED: &str = r#"{"default_params":{"a":1,"b":1},"override_params":{"c":1,"d":{"p":1}},"drop_params":["user"],"strategy":{"mode":"single"},"targets":[{"provider":"@alpha","default_params":{"b":2},"override_params":{"d":{"q":2}},"drop_params":["e"]}]}"#;
const DEEP: &str = r#"{"override_params":{"a":1,"b":1,"c":1},"strategy":{"mode":"single"},"targets":[{"override_params":{"b":2,"c":2},"strategy":{"mode":"single"},"targets":[{"provider":"@alpha","override_params":{"c":3}}]}]}"#;
const APART: &str = r#"{"strategy":{"mode":"fallback"},"targets":[{"provider":"@alpha","override_params":{"a":1},"drop_params":["temperature"]},{"provider":"@beta"}]}"#;

pub const ROWS: &[Row] = &[
    row("without changes the bytes stay as they are", "$alpha", "alpha:200", "alpha", "200 config").body(PLAIN).sent(PLAIN),
    row("white space stays as it is", "$alpha", "alpha:200", "alpha", "200 config").body("{ \"model\" :\"gpt-4o\" }").sent("{ \"model\" :\"gpt-4o\" }"),
    row("a default fills what is absent", r#"{"provider":"@alpha","default_params":{"n":2}}"#, "alpha:200", "alpha", "200 config")
        .body(PLAIN)
        .sent(r#"{"model":"gpt-4o","x":{"b":1,"a":2.50},"temperature":0.10,"n":2}"#),
    row("a default yields to the caller", r#"{"provider":"@alpha","default_params":{"temperature":1}}"#, "alpha:200", "alpha", "200 config").body(PLAIN).sent(PLAIN),
    row("a default yields to the caller's null", r#"{"provider":"@alpha","default_params":{"n":2}}"#, "alpha:200", "alpha", "200 config")
        .body(r#"{"model":"gpt-4o","n":null}"#)
        .sent(r#"{"model":"gpt-4o","n":null}"#),
    row("a default may be the model", r#"{"provider":"@alpha","default_params":{"model":"m"}}"#, "alpha:200", "alpha=m", "200 config").body(r#"{"n":1}"#).sent(r#"{"n":1,"model":"m"}"#),
    row("an override does not yield", r#"{"provider":"@alpha","override_params":{"temperature":1,"n":2}}"#, "alpha:200", "alpha", "200 config")
        .body(PLAIN)
        .sent(r#"{"model":"gpt-4o","x":{"b":1,"a":2.50},"temperature":1,"n":2}"#),
    row("an override replaces a whole value", r#"{"provider":"@alpha","override_params":{"x":{"c":1}}}"#, "alpha:200", "alpha", "200 config")
        .body(PLAIN)
        .sent(r#"{"model":"gpt-4o","x":{"c":1},"temperature":0.10}"#),
    row("a field is dropped", r#"{"provider":"@alpha","drop_params":["temperature"]}"#, "alpha:200", "alpha", "200 config")
        .body(PLAIN)
        .sent(r#"{"model":"gpt-4o","x":{"b":1,"a":2.50}}"#),
    row("a field within is dropped", r#"{"provider":"@alpha","drop_params":["x.b"]}"#, "alpha:200", "alpha", "200 config")
        .body(PLAIN)
        .sent(r#"{"model":"gpt-4o","x":{"a":2.50},"temperature":0.10}"#),
    row("a field of one item is dropped", r#"{"provider":"@alpha","drop_params":["tools[0].function.strict"]}"#, "alpha:200", "alpha", "200 config")
        .body(TOOLS)
        .sent(r#"{"model":"gpt-4o","tools":[{"x":1,"function":{"n":1}},{"x":2}],"user":"u"}"#),
    row("a field of every item is dropped", r#"{"provider":"@alpha","drop_params":["tools[*].x"]}"#, "alpha:200", "alpha", "200 config")
        .body(TOOLS)
        .sent(r#"{"model":"gpt-4o","tools":[{"function":{"strict":true,"n":1}},{}],"user":"u"}"#),
    row("what is not there cannot be dropped", r#"{"provider":"@alpha","drop_params":["none","x.none","tools[*].x","x[0]"]}"#, "alpha:200", "alpha", "200 config").body(PLAIN).sent(PLAIN),
    row("defaults come first and drops last", r#"{"provider":"@alpha","default_params":{"a":1,"b":1},"override_params":{"b":2,"c":2},"drop_params":["a","c"]}"#, "alpha:200", "alpha", "200 config")
        .body(r#"{"model":"gpt-4o"}"#)
        .sent(r#"{"model":"gpt-4o","b":2}"#),
    row("a path that is none is refused", r#"{"provider":"@alpha","drop_params":["a..b"]}"#, "", "", "400").says("drop_params[0]"),
    row("parameters are inherited key by key", INHERITED, "alpha:200", "alpha", "200 config.targets[0]")
        .body(r#"{"model":"gpt-4o","user":"u","e":1}"#)
        .sent(r#"{"model":"gpt-4o","a":1,"b":2,"c":1,"d":{"q":2}}"#),
    row("the nearest ancestor counts", DEEP, "alpha:200", "alpha", "200 config.targets[0].targets[0]")
        .body(r#"{"model":"gpt-4o"}"#)
        .sent(r#"{"model":"gpt-4o","a":1,"b":2,"c":3}"#),
    row("one target's changes do not reach the next", APART, "alpha:500 beta:200", "alpha beta", "200 config.targets[1]").body(PLAIN).sent(PLAIN),
    row("one target's changes reach it", APART, "alpha:200", "alpha", "200 config.targets[0]")
        .body(PLAIN)
        .sent(r#"{"model":"gpt-4o","x":{"b":1,"a":2.50},"a":1}"#),
    row("a model is overridden, its prefix gone", r#"{"override_params":{"model":"@beta/m"}}"#, "beta:200", "beta=m", "200 config").body(PLAIN),
    row("an override may ask for a stream", r#"{"provider":"@alpha","override_params":{"stream":true}}"#, "alpha:stream", "alpha", "200 config").says("from alpha"),
];
