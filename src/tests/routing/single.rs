//! Which provider a call means (contract §1.2, §2.2): by model, header, config or key.

use super::row::{Row, row};

const AT_ALPHA: &str = r#"{"model":"@alpha/gpt-4o","messages":[]}"#;
const AT_BETA: &str = r#"{"model":"@beta/gpt-4o","messages":[]}"#;
const NOTHING_NAMED: &str = "Either x-portkey-config or x-portkey-provider header is required";
const CONFIG_NAMES_NONE: &str = "Either x-portkey-provider needs to be passed. Or the x-portkey-config header should have a valid config with provider details in it.";

pub const ROWS: &[Row] = &[
    row("a model's prefix names the provider", "", "alpha:200", "alpha", "200 config")
        .body(AT_ALPHA)
        .says("from alpha"),
    row("a model may hold further slashes", "", "alpha:200", "alpha=meta/llama-3", "200 config")
        .body(r#"{"model":"@alpha/meta/llama-3"}"#)
        .sent(r#"{"model":"meta/llama-3"}"#),
    row("the header names a stored provider", "", "beta:200", "beta", "200 config")
        .headers(&[("x-portkey-provider", "@beta")]),
    row("a virtual key names it", "", "beta:200", "beta", "200 config").headers(&[("x-portkey-virtual-key", "beta")]),
    row("a virtual key may have the @", "", "beta:200", "beta", "200 config")
        .headers(&[("x-portkey-virtual-key", "@beta")]),
    row("the model's prefix wins over the header", "", "alpha:200", "alpha", "200 config")
        .headers(&[("x-portkey-provider", "@beta")])
        .body(AT_ALPHA),
    row("a call that names no provider is refused", "", "", "", "400").says(NOTHING_NAMED),
    row("an unknown vendor is refused", "", "", "", "400 config")
        .headers(&[("x-portkey-provider", "nonesuch")])
        .says("Invalid provider passed"),
    row("an unknown slug is refused with those that are known", "", "", "", "400 config")
        .headers(&[("x-portkey-provider", "@nonesuch")])
        .says("@alpha, @beta"),
    row("a bare vendor without a credential is refused", "", "", "", "400 config")
        .headers(&[("x-portkey-provider", "mistral-ai")])
        .says("needs a credential"),
    row("the header of the answer names the vendor", "", "gamma:200", "gamma", "200 config")
        .headers(&[("x-portkey-provider", "@gamma")])
        .says("from gamma"),
    row("a config names a provider", "$alpha", "alpha:200", "alpha", "200 config"),
    row("a config names a virtual key", r#"{"virtual_key":"alpha"}"#, "alpha:200", "alpha", "200 config"),
    row("a config's virtual key may have the @", r#"{"virtual_key":"@alpha"}"#, "alpha:200", "alpha", "200 config"),
    row(
        "a stored provider wins over a virtual key beside it",
        r#"{"provider":"@beta","virtual_key":"alpha"}"#,
        "beta:200",
        "beta",
        "200 config",
    ),
    row(
        "a config without a provider takes the header's",
        r#"{"retry":{"attempts":1}}"#,
        "beta:200",
        "beta",
        "200 config",
    )
    .headers(&[("x-portkey-provider", "@beta")]),
    row(
        "a config without a provider takes the virtual key's",
        r#"{"request_timeout":9000}"#,
        "beta:200",
        "beta",
        "200 config",
    )
    .headers(&[("x-portkey-virtual-key", "beta")]),
    row(
        "a config without a provider takes the model's",
        r#"{"cache":{"mode":"simple"}}"#,
        "beta:200",
        "beta",
        "200 config cache=MISS",
    )
    .body(AT_BETA),
    row(
        "where nobody names a provider the contract's sentence is said",
        r#"{"retry":{"attempts":1}}"#,
        "",
        "",
        "400 config",
    )
    .says(CONFIG_NAMES_NONE),
    row("a target's provider wins over the header", "$alpha", "alpha:200", "alpha", "200 config")
        .headers(&[("x-portkey-provider", "@beta")]),
    row("a target's provider wins over the call's prefix, which goes", "$alpha", "alpha:200", "alpha", "200 config")
        .body(AT_BETA),
    row(
        "a prefix that the config itself writes wins",
        r#"{"provider":"@alpha","override_params":{"model":"@beta/gpt-4o-mini"}}"#,
        "beta:200",
        "beta=gpt-4o-mini",
        "200 config",
    ),
    row(
        "a target may be an overridden model alone",
        r#"{"strategy":{"mode":"single"},"targets":[{"override_params":{"model":"@beta/m"}}]}"#,
        "beta:200",
        "beta=m",
        "200 config.targets[0]",
    ),
    row(
        "a model that the caller left out is the config's",
        r#"{"provider":"@beta","override_params":{"model":"m"}}"#,
        "beta:200",
        "beta=m",
        "200 config",
    )
    .body(r#"{"messages":[]}"#)
    .sent(r#"{"messages":[],"model":"m"}"#),
    row(
        "the SDK's placeholder for a model is overridden",
        r#"{"provider":"@beta","override_params":{"model":"m"}}"#,
        "beta:200",
        "beta=m",
        "200 config",
    )
    .body(r#"{"model":"portkey-default"}"#),
    row(
        "single takes the first target",
        r#"{"strategy":{"mode":"single"},"targets":[$beta,$alpha]}"#,
        "beta:200",
        "beta",
        "200 config.targets[0]",
    ),
    row(
        "single does not go on",
        r#"{"strategy":{"mode":"single"},"targets":[$alpha,$beta]}"#,
        "alpha:500",
        "alpha",
        "500 config.targets[0]",
    )
    .says("trouble at alpha"),
    row("passthrough takes the header's provider", r#"{"passthrough":true}"#, "beta:200", "beta", "200 config")
        .headers(&[("x-portkey-provider", "@beta")]),
    row("passthrough takes the model's provider", r#"{"passthrough":true}"#, "beta:200", "beta", "200 config")
        .body(AT_BETA),
    row("passthrough takes no bare vendor", r#"{"passthrough":true}"#, "", "", "400 config")
        .headers(&[("x-portkey-provider", "openai")])
        .says("takes its provider from the request"),
    row(
        "passthrough without a provider fails its target alone",
        r#"{"strategy":{"mode":"fallback"},"targets":[{"passthrough":true},$alpha]}"#,
        "alpha:200",
        "alpha",
        "200 config.targets[1]",
    ),
    row(
        "passthrough false is as absent",
        r#"{"provider":"@alpha","passthrough":false}"#,
        "alpha:200",
        "alpha",
        "200 config",
    )
    .headers(&[("x-portkey-provider", "@beta")]),
    row("a saved config is named by its id", "pc-main", "beta:200", "beta", "200 config"),
    row("an unknown id is refused", "pc-nonesuch", "", "", "400").says("Invalid config id passed"),
    row("a key's default config is used", "", "gamma:200", "gamma", "200 config")
        .key("sy-default0000000000000000000000000"),
    row("a call's config replaces the key's", "$alpha", "alpha:200", "alpha", "200 config")
        .key("sy-default0000000000000000000000000"),
    row("a call's saved config replaces the key's", "pc-main", "beta:200", "beta", "200 config")
        .key("sy-default0000000000000000000000000"),
    row("an empty config is none", " ", "beta:200", "beta", "200 config").headers(&[("x-portkey-provider", "@beta")]),
    row("strict compliance is taken by header", "$alpha", "alpha:200", "alpha", "200 config")
        .headers(&[("x-portkey-strict-open-ai-compliance", "false")]),
    row(
        "strict compliance is taken by config",
        r#"{"provider":"@alpha","strict_open_ai_compliance":true}"#,
        "alpha:200",
        "alpha",
        "200 config",
    )
    .headers(&[("x-portkey-strict-open-ai-compliance", "false")]),
    row(
        "a placeholder for a credential does not stand over the stored one",
        "$alpha",
        "alpha:200",
        "alpha",
        "200 config",
    )
    .headers(&[("authorization", "Bearer OPENAI_API_KEY")])
    .sent_headers(&[
        ("authorization", "Bearer sk-alpha-credential"),
        ("x-portkey-config", ""),
        ("x-portkey-api-key", ""),
    ]),
    row("a caller's own credential does not stand over the stored one", "$alpha", "alpha:200", "alpha", "200 config")
        .headers(&[("authorization", "Bearer sk-own")])
        .sent_headers(&[("authorization", "Bearer sk-alpha-credential")]),
    row(
        "a providers' answer passes with its headers",
        "$alpha",
        "alpha:200/x-ratelimit-remaining=7",
        "alpha",
        "200 config",
    ),
];
