//! The mode fallback (contract §2.4): when it goes on, and when it stops.

use super::row::{Row, row};

const BOTH: &str = r#"{"strategy":{"mode":"fallback"},"targets":[$alpha,$beta]}"#;
const ON_429: &str = r#"{"strategy":{"mode":"fallback","on_status_codes":[429]},"targets":[$alpha,$beta]}"#;
const ON_246: &str = r#"{"strategy":{"mode":"fallback","on_status_codes":[246]},"targets":[$alpha,$beta]}"#;
const THREE: &str = r#"{"strategy":{"mode":"fallback"},"targets":[$alpha,$beta,$gamma]}"#;
const INNER: &str = r#"{"strategy":{"mode":"fallback"},"targets":[{"strategy":{"mode":"fallback","on_status_codes":[429]},"targets":[$alpha,$beta]},$gamma]}"#;
const TIMED: &str = r#"{"strategy":{"mode":"fallback"},"targets":[{"provider":"@alpha","request_timeout":500},$beta]}"#;

pub const ROWS: &[Row] = &[
    row("the first target that answers is enough", BOTH, "alpha:200", "alpha", "200 config.targets[0]")
        .says("from alpha"),
    row("246 is a success", BOTH, "alpha:246", "alpha", "246 config.targets[0]"),
    row("201 is a success", BOTH, "alpha:201", "alpha", "201 config.targets[0]"),
    row("it goes on after 400", BOTH, "alpha:400 beta:200", "alpha beta", "200 config.targets[1]").says("from beta"),
    row("it goes on after 401", BOTH, "alpha:401 beta:200", "alpha beta", "200 config.targets[1]"),
    row("it goes on after 404", BOTH, "alpha:404 beta:200", "alpha beta", "200 config.targets[1]"),
    row("it goes on after 408", BOTH, "alpha:408 beta:200", "alpha beta", "200 config.targets[1]"),
    row("it goes on after 412", BOTH, "alpha:412 beta:200", "alpha beta", "200 config.targets[1]"),
    row("it goes on after 422", BOTH, "alpha:422 beta:200", "alpha beta", "200 config.targets[1]"),
    row("it goes on after 429", BOTH, "alpha:429 beta:200", "alpha beta", "200 config.targets[1]"),
    row("it goes on after 446", BOTH, "alpha:446 beta:200", "alpha beta", "200 config.targets[1]"),
    row("it goes on after 500", BOTH, "alpha:500 beta:200", "alpha beta", "200 config.targets[1]"),
    row("it goes on after 503", BOTH, "alpha:503 beta:200", "alpha beta", "200 config.targets[1]"),
    row("it goes on after 529", BOTH, "alpha:529 beta:200", "alpha beta", "200 config.targets[1]"),
    row(
        "it goes on after a redirect, which is not followed",
        BOTH,
        "alpha:302/location=elsewhere beta:200",
        "alpha beta",
        "200 config.targets[1]",
    ),
    row("the last answer stands, whatever it is", BOTH, "alpha:500 beta:429", "alpha beta", "429 config.targets[1]")
        .says("trouble at beta"),
    row(
        "three targets are tried in order",
        THREE,
        "alpha:500 beta:401 gamma:200",
        "alpha beta gamma",
        "200 config.targets[2]",
    ),
    row("it stops at the first success of three", THREE, "alpha:500 beta:200", "alpha beta", "200 config.targets[1]"),
    row(
        "one target is a fallback too",
        r#"{"strategy":{"mode":"fallback"},"targets":[$alpha]}"#,
        "alpha:500",
        "alpha",
        "500 config.targets[0]",
    ),
    row("a code of the list goes on", ON_429, "alpha:429 beta:200", "alpha beta", "200 config.targets[1]"),
    row("a code outside the list stops", ON_429, "alpha:500", "alpha", "500 config.targets[0]")
        .says("trouble at alpha"),
    row("a code outside the list stops, 400 too", ON_429, "alpha:400", "alpha", "400 config.targets[0]"),
    row("246 goes on where the list has it", ON_246, "alpha:246 beta:200", "alpha beta", "200 config.targets[1]"),
    row("the list alone counts, so that 500 stops beside 246", ON_246, "alpha:500", "alpha", "500 config.targets[0]"),
    row(
        "a success of the list goes on",
        r#"{"strategy":{"mode":"fallback","on_status_codes":[200]},"targets":[$alpha,$beta]}"#,
        "alpha:200 beta:200",
        "alpha beta",
        "200 config.targets[1]",
    ),
    row(
        "an empty list never goes on",
        r#"{"strategy":{"mode":"fallback","on_status_codes":[]},"targets":[$alpha,$beta]}"#,
        "alpha:500",
        "alpha",
        "500 config.targets[0]",
    ),
    row(
        "the legacy place of the list counts",
        r#"{"strategy":{"mode":"fallback"},"on_status_codes":[503],"targets":[$alpha,$beta]}"#,
        "alpha:500",
        "alpha",
        "500 config.targets[0]",
    ),
    row(
        "the legacy place of the list goes on",
        r#"{"strategy":{"mode":"fallback"},"on_status_codes":[503],"targets":[$alpha,$beta]}"#,
        "alpha:503 beta:200",
        "alpha beta",
        "200 config.targets[1]",
    ),
    row(
        "a nested fallback is walked first",
        INNER,
        "alpha:429 beta:200",
        "alpha beta",
        "200 config.targets[0].targets[1]",
    ),
    row(
        "where the inner one stops the outer one goes on",
        INNER,
        "alpha:500 gamma:200",
        "alpha gamma",
        "200 config.targets[1]",
    ),
    row(
        "the outer one goes on after the inner one's last",
        INNER,
        "alpha:429 beta:500 gamma:200",
        "alpha beta gamma",
        "200 config.targets[1]",
    ),
    row("a nested success ends both", INNER, "alpha:200", "alpha", "200 config.targets[0].targets[0]"),
    row(
        "a fallback may end in a group",
        r#"{"strategy":{"mode":"fallback"},"targets":[$alpha,{"strategy":{"mode":"single"},"targets":[$beta]}]}"#,
        "alpha:500 beta:200",
        "alpha beta",
        "200 config.targets[1].targets[0]",
    ),
    row(
        "it goes on after a provider that is not there",
        r#"{"strategy":{"mode":"fallback"},"targets":[$gone,$beta]}"#,
        "beta:200",
        "beta",
        "200 config.targets[1]",
    ),
    row("a provider that is not there is a 502", "$gone", "", "", "502 config").says("could not be reached"),
    row(
        "it goes on after a connection that ends",
        BOTH,
        "alpha:closed beta:200",
        "alpha beta",
        "200 config.targets[1]",
    ),
    row("it goes on after garbage", BOTH, "alpha:garbage beta:200", "alpha beta", "200 config.targets[1]"),
    row("garbage without another target is a 502", "$alpha", "alpha:garbage", "alpha", "502 config")
        .says("Invalid response received from openai"),
    row("it goes on after half an answer", BOTH, "alpha:half beta:200", "alpha beta", "200 config.targets[1]"),
    row("it goes on after an answer that hangs", TIMED, "alpha:hang beta:200", "alpha beta", "200 config.targets[1]"),
    row("it goes on after no answer", TIMED, "alpha:mute beta:200", "alpha beta", "200 config.targets[1]"),
    row(
        "a 2xx that carries an error is a failure",
        BOTH,
        "alpha:failing beta:200",
        "alpha beta",
        "200 config.targets[1]",
    ),
    row(
        "a 2xx that carries an error counts by its own code",
        ON_429,
        "alpha:failing=429 beta:200",
        "alpha beta",
        "200 config.targets[1]",
    ),
    row(
        "a 2xx with an error outside the list stops with its code",
        ON_429,
        "alpha:failing=503",
        "alpha",
        "503 config.targets[0]",
    )
    .says("trouble at alpha"),
    row("a 2xx with an error that tells no code is a 502", "$alpha", "alpha:failing", "alpha", "502 config")
        .says("trouble at alpha"),
    row(
        "it goes on after a provider that nobody connected",
        r#"{"strategy":{"mode":"fallback"},"targets":[{"provider":"@nonesuch"},$beta]}"#,
        "beta:200",
        "beta",
        "200 config.targets[1]",
    ),
    row(
        "it goes on after a vendor that lacks the endpoint",
        r#"{"strategy":{"mode":"fallback"},"targets":[$fire,$beta]}"#,
        "beta:200",
        "beta=m",
        "200 config.targets[1]",
    )
    .path("/v1/embeddings")
    .body(r#"{"model":"m","input":"a"}"#),
    row("a vendor that lacks the endpoint is told with those that have it", "$fire", "", "", "400 config")
        .path("/v1/embeddings")
        .body(r#"{"model":"m","input":"a"}"#)
        .says("embed is not supported by cerebras"),
    row(
        "a target that needs what does not exist is no matter while none comes there",
        "pc-guarded",
        "alpha:200",
        "alpha",
        "200 config.targets[0]",
    ),
    row(
        "a call that comes there is refused and not passed on",
        "pc-guarded",
        "alpha:500",
        "alpha",
        "400 config.targets[1]",
    )
    .says("input_guardrails"),
    row(
        "weights and names are no matter to it",
        r#"{"strategy":{"mode":"fallback"},"targets":[{"name":"one","weight":0,"provider":"@alpha"},{"name":"two","provider":"@beta"}]}"#,
        "alpha:200",
        "alpha",
        "200 config.targets[0]",
    ),
    row(
        "each target has its own model",
        r#"{"strategy":{"mode":"fallback"},"targets":[{"provider":"@alpha","override_params":{"model":"one"}},{"provider":"@beta","override_params":{"model":"two"}}]}"#,
        "alpha:500 beta:200",
        "alpha=one beta=two",
        "200 config.targets[1]",
    ),
    row("embeddings fall back too", BOTH, "alpha:500 beta:200", "alpha=e beta=e", "200 config.targets[1]")
        .path("/v1/embeddings")
        .body(r#"{"model":"e","input":"a"}"#),
    row("text completions fall back too", BOTH, "alpha:500 beta:200", "alpha=c beta=c", "200 config.targets[1]")
        .path("/v1/completions")
        .body(r#"{"model":"c","prompt":"a"}"#),
    row("images fall back too", BOTH, "alpha:500 beta:200", "alpha=i beta=i", "200 config.targets[1]")
        .path("/v1/images/generations")
        .body(r#"{"model":"i","prompt":"a"}"#),
];
