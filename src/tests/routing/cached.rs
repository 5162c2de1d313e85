//! The cache (contract §3.1). What follows each other with one body is one story.

use super::row::{Row, row};

const CACHED: &str = r#"{"provider":"@alpha","cache":{"mode":"simple"}}"#;
const WORD: &str = r#"{"provider":"@alpha","cache":"simple"}"#;
const MINUTE: &str = r#"{"provider":"@alpha","cache":{"mode":"simple","max_age":60}}"#;
const SEMANTIC: &str = r#"{"provider":"@alpha","cache":{"mode":"semantic"}}"#;
const CHAIN: &str = r#"{"strategy":{"mode":"fallback"},"cache":{"mode":"simple"},"targets":[$alpha,$beta]}"#;
const OF_BETA: &str =
    r#"{"strategy":{"mode":"fallback"},"targets":[$alpha,{"provider":"@beta","cache":{"mode":"simple"}}]}"#;
const AT_BETA: &str = r#"{"provider":"@beta","cache":{"mode":"simple"}}"#;
const AGAIN: &str = r#"{"provider":"@alpha","cache":{"mode":"simple"},"retry":{"attempts":1}}"#;
const OVERRIDDEN: &str = r#"{"provider":"@alpha","cache":{"mode":"simple"},"override_params":{"n":1}}"#;
const FORWARDING: &str = r#"{"provider":"@alpha","cache":{"mode":"simple"},"forward_headers":["x-tenant"]}"#;

const SPACE_A: &[(&str, &str)] = &[("x-portkey-cache-namespace", "a")];
const SPACE_A_META: &[(&str, &str)] = &[("x-portkey-cache-namespace", "a"), ("x-portkey-metadata", r#"{"env":"x"}"#)];
const SPACE_B: &[(&str, &str)] = &[("x-portkey-cache-namespace", "b")];
const META_X: &[(&str, &str)] = &[("x-portkey-metadata", r#"{"env":"x"}"#)];
const META_Y: &[(&str, &str)] = &[("x-portkey-metadata", r#"{"env":"y"}"#)];
const REFRESH: &[(&str, &str)] = &[("x-portkey-cache-force-refresh", "true")];
const NO_REFRESH: &[(&str, &str)] = &[("x-portkey-cache-force-refresh", "false")];
const UNTRACKED: &[(&str, &str)] = &[("x-portkey-debug", "false")];

/// The answer is fetched and kept.
const fn miss(name: &'static str, config: &'static str, body: &'static str) -> Row {
    row(name, config, "alpha:200", "alpha", "200 config cache=MISS").body(body).says("from alpha")
}

/// Nobody is asked.
const fn hit(name: &'static str, config: &'static str, body: &'static str) -> Row {
    row(name, config, "", "", "200 config cache=HIT").body(body).says("from alpha")
}

const ONE: &str = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"one"}]}"#;
const ONE_OTHERWISE: &str = r#"{ "messages":[{"content":"one","role":"user"}], "model":"gpt-4o" }"#;
const ONE_STREAM: &str = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"one"}],"stream":true}"#;
const TWO: &str = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"two"}]}"#;
const THREE_STREAM: &str = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"three"}],"stream":true}"#;
const THREE: &str = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"three"}]}"#;
const SPACED: &str = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"spaced"}]}"#;
const APART: &str = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"apart"}]}"#;
const OLD: &str = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"old"}]}"#;
const WEEK: &str = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"week"}]}"#;
const FRESH: &str = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"fresh"}]}"#;
const BAD: &str = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"bad"}]}"#;
const CUT: &str = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"cut"}],"stream":true}"#;
const QUIET: &str = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"quiet"}]}"#;
const LIKE: &str = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"like"}]}"#;
const CHAINED: &str = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"chained"}]}"#;
const ONLY_BETA: &str = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"only beta"}]}"#;
const RETRIED: &str = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"retried"}]}"#;
const TENANT: &str = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"tenant"}]}"#;
const PLAIN: &str = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"plain"}]}"#;
const VECTOR: &str = r#"{"model":"gpt-4o","input":"a"}"#;
const WEEKS: i64 = 7 * 86_400_000;

pub const ROWS: &[Row] = &[
    miss("a first call is fetched", CACHED, ONE),
    hit("an equal call is not", CACHED, ONE),
    hit("order and white space are no matter", CACHED, ONE_OTHERWISE),
    hit("a bare word is a mode too", WORD, ONE),
    hit("a stream is made of an answer that was none", CACHED, ONE_STREAM),
    miss("another call is fetched", CACHED, TWO),
    row("another provider's answer is another", AT_BETA, "beta:200", "beta", "200 config cache=MISS").body(ONE),
    miss("changed parameters are another call", OVERRIDDEN, ONE),
    hit("changed parameters are kept too", OVERRIDDEN, ONE),
    row("without a cache nothing is found", "$alpha", "alpha:200", "alpha", "200 config").body(ONE),
    row("without a cache a refresh is nothing", "$alpha", "alpha:200", "alpha", "200 config")
        .body(ONE)
        .headers(REFRESH),
    row("a stream is fetched", CACHED, "alpha:stream", "alpha", "200 config cache=MISS")
        .body(THREE_STREAM)
        .says("from alpha"),
    hit("a stream is played again", CACHED, THREE_STREAM),
    hit("an answer is made of a stream", CACHED, THREE),
    miss("a namespace is fetched", CACHED, SPACED).headers(SPACE_A),
    hit("a namespace finds its own", CACHED, SPACED).headers(SPACE_A),
    hit("metadata is no matter within a namespace", CACHED, SPACED).headers(SPACE_A_META),
    miss("another namespace does not", CACHED, SPACED).headers(SPACE_B),
    miss("no namespace does not either", CACHED, SPACED),
    miss("metadata is fetched", CACHED, APART).headers(META_X),
    miss("other metadata is apart", CACHED, APART).headers(META_Y),
    hit("equal metadata is not", CACHED, APART).headers(META_X),
    miss("an answer is kept for a minute", MINUTE, OLD),
    hit("within the minute it is found", MINUTE, OLD).after(59_000),
    miss("after it it is not", MINUTE, OLD).after(2_000),
    miss("an answer is kept for a week", CACHED, WEEK),
    hit("within the week it is found", CACHED, WEEK).after(WEEKS - 1_000),
    miss("after it it is fetched again", CACHED, WEEK).after(2_000),
    row("an answer says what it says", CACHED, "alpha:200/say=first", "alpha", "200 config cache=MISS")
        .body(FRESH)
        .says("first"),
    row("a refresh asks again", CACHED, "alpha:200/say=second", "alpha", "200 config cache=REFRESH")
        .body(FRESH)
        .headers(REFRESH)
        .says("second"),
    hit("a refresh is kept", CACHED, FRESH).says("second"),
    hit("a refresh that is false is none", CACHED, FRESH).headers(NO_REFRESH).says("second"),
    row("a failure is told", CACHED, "alpha:500", "alpha", "500 config cache=MISS").body(BAD),
    row("a failure was not kept", CACHED, "alpha:failing", "alpha", "502 config cache=MISS").body(BAD),
    miss("a success that was an error was not kept either", CACHED, BAD),
    hit("a success is", CACHED, BAD),
    row("a stream breaks", CACHED, "alpha:cutoff", "alpha", "200 config cache=MISS errors=1").body(CUT),
    row("a stream that broke was not kept", CACHED, "alpha:stream", "alpha", "200 config cache=MISS").body(CUT),
    row("a call that is not tracked is not kept", CACHED, "alpha:200", "alpha", "200 config")
        .body(QUIET)
        .headers(UNTRACKED),
    row("a call that is not tracked finds nothing", CACHED, "alpha:200", "alpha", "200 config")
        .body(QUIET)
        .headers(UNTRACKED),
    miss("nothing of it was kept", CACHED, QUIET),
    miss("the semantic mode acts as the simple one", SEMANTIC, LIKE),
    hit("the semantic mode finds equal calls", SEMANTIC, LIKE),
    row(
        "the second target's answer is kept",
        CHAIN,
        "alpha:500 beta:200",
        "alpha beta",
        "200 config.targets[1] cache=MISS",
    )
    .body(CHAINED),
    row("the first target is asked still", CHAIN, "alpha:500", "alpha", "200 config.targets[1] cache=HIT")
        .body(CHAINED)
        .says("from beta"),
    row("the first target's answer is kept then", CHAIN, "alpha:200", "alpha", "200 config.targets[0] cache=MISS")
        .body(CHAINED),
    row("the first target's answer is found first", CHAIN, "", "", "200 config.targets[0] cache=HIT")
        .body(CHAINED)
        .says("from alpha"),
    row(
        "a target without a cache is asked",
        OF_BETA,
        "alpha:500 beta:200",
        "alpha beta",
        "200 config.targets[1] cache=MISS",
    )
    .body(ONLY_BETA),
    row("a target with one is not", OF_BETA, "alpha:500", "alpha", "200 config.targets[1] cache=HIT").body(ONLY_BETA),
    row("a target without a cache keeps nothing", OF_BETA, "alpha:200", "alpha", "200 config.targets[0]")
        .body(ONLY_BETA),
    row(
        "a retry's answer is kept",
        AGAIN,
        "alpha:500 alpha:200",
        "alpha alpha",
        "200 config cache=MISS retries=1 waited=1000",
    )
    .body(RETRIED),
    hit("a hit is no retry", AGAIN, RETRIED),
    miss("a header that goes upstream counts", FORWARDING, TENANT).headers(&[("x-tenant", "1")]),
    miss("another value of it is apart", FORWARDING, TENANT).headers(&[("x-tenant", "2")]),
    hit("the same value of it is not", FORWARDING, TENANT).headers(&[("x-tenant", "1")]),
    miss("a header that stays here does not", CACHED, PLAIN).headers(&[("x-tenant", "1")]),
    hit("so that another value of it is no matter", CACHED, PLAIN).headers(&[("x-tenant", "2")]),
    miss("embeddings are fetched", CACHED, VECTOR).path("/v1/embeddings"),
    hit("embeddings are kept", CACHED, VECTOR).path("/v1/embeddings"),
    miss("another endpoint is apart", CACHED, VECTOR).path("/v1/completions"),
    row("images are not kept", CACHED, "alpha:200", "alpha", "200 config").body(VECTOR).path("/v1/images/generations"),
];
