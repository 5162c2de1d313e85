//! Where a call goes beside its provider, with which headers, and for how long (contract §1.2, §1.4, §2.3).

use super::row::{Row, row};

const AT_BETA: &str = r#"{"provider":"@alpha","custom_host":"http://%beta%/v1"}"#;
const OWN_KEY: &str = r#"{"provider":"openai","api_key":"sk-own","custom_host":"http://%beta%/v1"}"#;
const NEXT: &str = r#"{"strategy":{"mode":"fallback"},"targets":[{"provider":"openai","api_key":"sk-own","custom_host":"http://10.0.0.1/v1"},$beta]}"#;
const ABOVE: &str = r#"{"custom_host":"http://%beta%/v1","strategy":{"mode":"single"},"targets":[{"provider":"openai","api_key":"sk-own"}]}"#;
const FORWARD: &str = r#"{"provider":"@alpha","forward_headers":["x-one"]}"#;
const FORWARD_ABOVE: &str = r#"{"forward_headers":["x-one"],"strategy":{"mode":"single"},"targets":[{"provider":"@alpha","forward_headers":["x-two"]}]}"#;
const FORWARD_INHERITED: &str = r#"{"forward_headers":["x-one"],"strategy":{"mode":"single"},"targets":[$alpha]}"#;
const FORWARD_ALL: &str =
    r#"{"provider":"@alpha","forward_headers":["cookie","x-portkey-metadata","authorization","x-one"]}"#;
const SHORT: &str = r#"{"provider":"@alpha","request_timeout":500}"#;
const LONG: &str = r#"{"provider":"@alpha","request_timeout":60000}"#;
const TIME_ABOVE: &str =
    r#"{"request_timeout":60000,"strategy":{"mode":"single"},"targets":[{"provider":"@alpha","request_timeout":500}]}"#;
const TIME_INHERITED: &str = r#"{"request_timeout":500,"strategy":{"mode":"single"},"targets":[$alpha]}"#;

const ONE_TWO: &[(&str, &str)] = &[("x-one", "1"), ("x-two", "2")];
const OWN: &[(&str, &str)] = &[("authorization", "Bearer sk-own")];
const OWN_AT_BETA: &[(&str, &str)] =
    &[("authorization", "Bearer sk-own"), ("x-portkey-custom-host", "http://%beta%/v1")];
const TO_BETA: &[(&str, &str)] = &[("x-portkey-custom-host", "http://%beta%/v1")];

/// An inline config whose host is refused.
const fn refused(name: &'static str, config: &'static str) -> Row {
    row(name, config, "", "", "400 config").says("Invalid custom host")
}

pub const ROWS: &[Row] = &[
    row("a saved config's host gets the stored credential", "pc-host", "beta:200", "beta", "200 config")
        .sent_headers(&[("authorization", "Bearer sk-alpha-credential")]),
    row("an inline config's host does not get it", AT_BETA, "", "", "400 config")
        .says("the stored credential of @alpha does not go there"),
    row("a header's host does not get it", "$alpha", "", "", "400 config")
        .headers(TO_BETA)
        .says("the stored credential of @alpha does not go there"),
    row("a header's host does not get it from a saved config either", "pc-host", "", "", "400 config")
        .headers(TO_BETA)
        .says("does not go there"),
    row("an inline config's host gets the caller's own", AT_BETA, "beta:200", "beta", "200 config")
        .headers(OWN)
        .sent_headers(OWN),
    row("a header's host gets the caller's own", "$alpha", "beta:200", "beta", "200 config")
        .headers(OWN_AT_BETA)
        .sent_headers(OWN),
    row("without a config a header's host gets the caller's own", "", "beta:200", "beta", "200 config")
        .headers(&[
            ("authorization", "Bearer sk-own"),
            ("x-portkey-custom-host", "http://%beta%/v1"),
            ("x-portkey-provider", "openai"),
        ])
        .sent_headers(OWN),
    row("a header's host wins over the config's", OWN_KEY, "gamma:200", "gamma", "200 config provider=openai")
        .headers(&[("x-portkey-custom-host", "http://%gamma%/v1")])
        .sent_headers(OWN),
    row("a bare vendor has the key and the host of its target", OWN_KEY, "beta:200", "beta", "200 config")
        .sent_headers(OWN),
    row("a target's key stands before the caller's", OWN_KEY, "beta:200", "beta", "200 config")
        .headers(&[("authorization", "Bearer sk-other")])
        .sent_headers(OWN),
    row("a host is inherited", ABOVE, "beta:200", "beta", "200 config.targets[0]"),
    row(
        "a slash at its end is no matter",
        r#"{"provider":"openai","api_key":"sk-own","custom_host":"http://%beta%/v1/"}"#,
        "beta:200",
        "beta",
        "200 config",
    ),
    refused(
        "a private address is refused",
        r#"{"provider":"openai","api_key":"k","custom_host":"http://10.0.0.1/v1"}"#,
    ),
    refused(
        "a metadata service is refused",
        r#"{"provider":"openai","api_key":"k","custom_host":"http://169.254.169.254/v1"}"#,
    ),
    refused(
        "loopback by a name that nobody trusts is refused",
        r#"{"provider":"openai","api_key":"k","custom_host":"http://localhost:9/v1"}"#,
    ),
    refused(
        "loopback in version six is refused",
        r#"{"provider":"openai","api_key":"k","custom_host":"http://[::1]:9/v1"}"#,
    ),
    refused(
        "an address in another spelling is refused",
        r#"{"provider":"openai","api_key":"k","custom_host":"http://2130706433/v1"}"#,
    ),
    refused(
        "Portkey itself is refused",
        r#"{"provider":"openai","api_key":"k","custom_host":"https://api.portkey.ai/v1"}"#,
    ),
    refused(
        "a private name is refused",
        r#"{"provider":"openai","api_key":"k","custom_host":"http://db.internal/v1"}"#,
    ),
    row("a user in the address is refused", "$alpha", "", "", "400 config")
        .headers(&[("authorization", "Bearer k"), ("x-portkey-custom-host", "http://a@b.example/v1")])
        .says("Invalid custom host"),
    row("another scheme is refused", "$alpha", "", "", "400 config")
        .headers(&[("authorization", "Bearer k"), ("x-portkey-custom-host", "ftp://example.com/v1")])
        .says("Invalid custom host"),
    row("a host that is empty is refused", "$alpha", "", "", "400 config")
        .headers(&[("authorization", "Bearer k"), ("x-portkey-custom-host", "")])
        .says("Invalid custom host"),
    row("a refused host fails its target alone", NEXT, "beta:200", "beta", "200 config.targets[1]"),
    row("a header is passed on", FORWARD, "alpha:200", "alpha", "200 config")
        .headers(ONE_TWO)
        .sent_headers(&[("x-one", "1"), ("x-two", "")]),
    row("the call's list wins over the config's", FORWARD, "alpha:200", "alpha", "200 config")
        .headers(&[("x-one", "1"), ("x-two", "2"), ("x-portkey-forward-headers", "X_Two")])
        .sent_headers(&[("x-one", ""), ("x-two", "2"), ("x-portkey-forward-headers", "")]),
    row("the call's list may be written as Python does", "$alpha", "alpha:200", "alpha", "200 config")
        .headers(&[("x-one", "1"), ("x-two", "2"), ("x-portkey-forward-headers", "['x-one', 'x-two']")])
        .sent_headers(ONE_TWO),
    row("a list is inherited", FORWARD_INHERITED, "alpha:200", "alpha", "200 config.targets[0]")
        .headers(ONE_TWO)
        .sent_headers(&[("x-one", "1"), ("x-two", "")]),
    row("a target's list stands for the inherited one", FORWARD_ABOVE, "alpha:200", "alpha", "200 config.targets[0]")
        .headers(ONE_TWO)
        .sent_headers(&[("x-one", ""), ("x-two", "2")]),
    row("some headers are never passed on", FORWARD_ALL, "alpha:200", "alpha", "200 config")
        .headers(&[("cookie", "c=1"), ("x-portkey-metadata", "{}"), ("authorization", "Bearer sk-own"), ("x-one", "1")])
        .sent_headers(&[
            ("cookie", ""),
            ("x-portkey-metadata", ""),
            ("authorization", "Bearer sk-alpha-credential"),
            ("x-one", "1"),
        ]),
    row("a list that names itself is refused", "$alpha", "", "", "400 config")
        .headers(&[("x-portkey-forward-headers", "x-portkey-forward-headers")])
        .says("forward_headers must not contain the 'x-portkey-forward-headers' header"),
    row("nothing else of the call is passed on", "$alpha", "alpha:200", "alpha", "200 config")
        .headers(ONE_TWO)
        .sent_headers(&[("x-one", ""), ("x-two", "")]),
    row("time that is up is a 408 in the contract's words", SHORT, "alpha:mute", "alpha", "408 config")
        .says(r#""message":"Request exceeded the timeout sent in the request: 500ms""#),
    row("time that is up is of its own type", SHORT, "alpha:hang", "alpha", "408 config")
        .says(r#""type":"timeout_error""#),
    row("the call's time wins where it is shorter", LONG, "alpha:mute", "alpha", "408 config")
        .headers(&[("x-portkey-request-timeout", "500")])
        .says("500ms"),
    row("the call's time wins where it is longer", SHORT, "alpha:slow", "alpha", "200 config")
        .headers(&[("x-portkey-request-timeout", "60000")]),
    row("the call's time counts without a config", "", "alpha:mute", "alpha", "408 config")
        .headers(&[("x-portkey-request-timeout", "500"), ("x-portkey-provider", "@alpha")]),
    row("a time that is no number is none", LONG, "alpha:200", "alpha", "200 config")
        .headers(&[("x-portkey-request-timeout", "soon")]),
    row("a time is inherited", TIME_INHERITED, "alpha:mute", "alpha", "408 config.targets[0]").says("500ms"),
    row("a target's time stands for the inherited one", TIME_ABOVE, "alpha:mute", "alpha", "408 config.targets[0]")
        .says("500ms"),
];
