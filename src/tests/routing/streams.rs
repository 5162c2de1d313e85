//! Streams: another target stands in until content has left, and an error event tells of what breaks after.

use super::row::{Row, row};

const BOTH: &str = r#"{"strategy":{"mode":"fallback"},"targets":[$alpha,$beta]}"#;
const ON_429: &str = r#"{"strategy":{"mode":"fallback","on_status_codes":[429]},"targets":[$alpha,$beta]}"#;
const FIRST: &str =
    r#"{"strategy":{"mode":"fallback"},"targets":[{"provider":"@alpha","stream":{"first_token_timeout":60}},$beta]}"#;
const FIRST_408: &str = r#"{"strategy":{"mode":"fallback","on_status_codes":[408]},"targets":[{"provider":"@alpha","stream":{"first_token_timeout":60}},$beta]}"#;
const IDLE: &str =
    r#"{"strategy":{"mode":"fallback"},"targets":[{"provider":"@alpha","stream":{"idle_timeout":300}},$beta]}"#;
const HOLD: &str = r#"{"strategy":{"mode":"fallback"},"stream":{"hold":3000},"targets":[$alpha,$beta]}"#;
const HOLD_SHORT: &str =
    r#"{"strategy":{"mode":"fallback"},"stream":{"hold":20,"idle_timeout":300},"targets":[$alpha,$beta]}"#;
const AGAIN: &str = r#"{"provider":"@alpha","retry":{"attempts":1}}"#;
const RATE: &str = r#"{"provider":"@alpha","stream":{"min_tokens_per_second":1}}"#;
const TOO_SLOW: &str =
    r#"{"strategy":{"mode":"fallback"},"targets":[{"provider":"@alpha","stream":{"min_tokens_per_second":50}},$beta]}"#;
const TIMED: &str = r#"{"strategy":{"mode":"fallback"},"targets":[{"provider":"@alpha","request_timeout":600},$beta]}"#;
const BOTH_TIMED: &str = r#"{"strategy":{"mode":"fallback"},"request_timeout":300,"targets":[$alpha,$beta]}"#;
const OWN: &str = r#"{"stream":{"first_token_timeout":60000},"strategy":{"mode":"fallback"},"targets":[{"provider":"@alpha","stream":{"first_token_timeout":60}},$beta]}"#;

/// Beta stands in for a stream of alpha's that ends as `script` says.
const fn stood_in(name: &'static str, config: &'static str, script: &'static str) -> Row {
    row(name, config, script, "alpha beta", "200 config.targets[1]").stream().says("from beta")
}

/// Content has left: the caller is told by one event.
const fn told(name: &'static str, config: &'static str, script: &'static str, says: &'static str) -> Row {
    row(name, config, script, "alpha", "200 config.targets[0] errors=1").stream().says(says)
}

pub const ROWS: &[Row] = &[
    row("a stream passes", "$alpha", "alpha:stream", "alpha", "200 config").stream().says("from alpha"),
    row("the first stream is enough", BOTH, "alpha:stream", "alpha", "200 config.targets[0]")
        .stream()
        .says("from alpha"),
    stood_in("an error in place of a stream falls back", BOTH, "alpha:500 beta:stream"),
    stood_in("a connection that ends falls back", BOTH, "alpha:closed beta:stream"),
    stood_in("a stream that breaks before it says anything falls back", BOTH, "alpha:early beta:stream"),
    stood_in("a stream that ends before it says anything falls back", BOTH, "alpha:empty beta:stream"),
    stood_in("what is no stream of events falls back", BOTH, "alpha:noise beta:stream"),
    stood_in("a stream that begins with an error falls back", BOTH, "alpha:erring beta:stream"),
    stood_in("a stream of events that are no JSON falls back", BOTH, "alpha:babble beta:stream"),
    stood_in("a stream that is compressed falls back", BOTH, "alpha:packed beta:stream"),
    stood_in("garbage in place of a stream falls back", BOTH, "alpha:garbage beta:stream"),
    stood_in("a stream's first error counts by its own code", ON_429, "alpha:erring=429 beta:stream"),
    row("a stream's first error outside the list stops", ON_429, "alpha:erring=503", "alpha", "503 config.targets[0]")
        .stream()
        .says("trouble at alpha"),
    stood_in("a stream that says nothing in time falls back", FIRST, "alpha:silent beta:stream"),
    stood_in("a stream that says nothing in time is a 408", FIRST_408, "alpha:silent beta:stream"),
    stood_in("a stream that goes silent before it says anything falls back", IDLE, "alpha:silent beta:stream"),
    stood_in("a target's own limits stand for the inherited ones", OWN, "alpha:silent beta:stream"),
    stood_in("a stream whose head does not come falls back", TIMED, "alpha:mute beta:stream"),
    row(
        "a stream that has begun is not cut by the time of a request",
        TIMED,
        "alpha:paced",
        "alpha",
        "200 config.targets[0]",
    )
    .stream()
    .says("from alpha"),
    stood_in(
        "a stream whose head does not come before its first token is due falls back",
        FIRST,
        "alpha:mute beta:stream",
    ),
    stood_in("a stream whose head does not come while it may stand idle falls back", IDLE, "alpha:mute beta:stream"),
    stood_in("a stream that does not begin in time falls back", TIMED, "alpha:headed beta:stream"),
    row(
        "the last stream that does not begin is a 408",
        BOTH_TIMED,
        "alpha:headed beta:drip",
        "alpha beta",
        "408 config.targets[1]",
    )
    .stream()
    .says("Request exceeded the timeout sent in the request: 300ms"),
    stood_in("a stream that begins a byte at a time falls back", TIMED, "alpha:drip beta:stream"),
    stood_in("part of a line is no sign of life", IDLE, "alpha:drip beta:stream"),
    stood_in("a stream of nothing but its end falls back", BOTH, "alpha:blank beta:stream"),
    row(
        "without another target a stream of nothing but its end is told",
        "$alpha",
        "alpha:blank",
        "alpha",
        "502 config",
    )
    .stream()
    .says("ended without an answer"),
    told("a stream that breaks later ends with an event", BOTH, "alpha:cutoff", "broke off"),
    told("a stream that goes silent later ends with an event", IDLE, "alpha:stall", "Nothing came for 300 ms"),
    told("a stream that is too slow ends with an event", TOO_SLOW, "alpha:stall", "tokens came within 10 s"),
    told("a provider's own later error is the event", BOTH, "alpha:souring", "trouble at alpha"),
    stood_in("content that is held does not count as sent", HOLD, "alpha:cutoff beta:stream"),
    stood_in("an error after content that is held falls back", HOLD, "alpha:souring beta:stream"),
    row("a stream that ends while it is held passes at once", HOLD, "alpha:stream", "alpha", "200 config.targets[0]")
        .stream()
        .says("from alpha"),
    told("content is held no longer than said", HOLD_SHORT, "alpha:stall", "Nothing came for 300 ms"),
    row(
        "the last target's failure is told by status",
        BOTH,
        "alpha:early beta:early",
        "alpha beta",
        "502 config.targets[1]",
    )
    .stream()
    .says("failed")
    .says("@beta"),
    row(
        "a stream that breaks early is tried again",
        AGAIN,
        "alpha:early alpha:stream",
        "alpha alpha",
        "200 config retries=1 waited=1000",
    )
    .stream(),
    row(
        "a stream that breaks early twice is given up",
        AGAIN,
        "alpha:early alpha:early",
        "alpha alpha",
        "502 config retries=-1 waited=1000",
    )
    .stream(),
    row("without another target a stream passes as it comes", "$alpha", "alpha:early", "alpha", "200 config errors=1")
        .stream()
        .says("broke off"),
    row("without another target an error passes as it comes", "$alpha", "alpha:erring", "alpha", "200 config errors=1")
        .stream()
        .says("trouble at alpha"),
    row("a stream that is fast enough passes", RATE, "alpha:stream", "alpha", "200 config").stream(),
    row("JSON in place of a stream passes", BOTH, "alpha:200", "alpha", "200 config.targets[0]")
        .stream()
        .says("from alpha"),
    row(
        "text completions are streamed too",
        BOTH,
        "alpha:early beta:stream",
        "alpha=c beta=c",
        "200 config.targets[1]",
    )
    .path("/v1/completions")
    .body(r#"{"model":"c","prompt":"a","stream":true}"#),
    row("a stream of the caller's usage passes whole", "$alpha", "alpha:stream", "alpha", "200 config")
        .body(r#"{"model":"gpt-4o","stream":true,"stream_options":{"include_usage":true}}"#)
        .sent(r#"{"model":"gpt-4o","stream":true,"stream_options":{"include_usage":true}}"#),
];
