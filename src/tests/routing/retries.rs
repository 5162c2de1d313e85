//! The same target again (contract §2.7): codes, counts, waits.

use super::row::{Row, row};

const TWICE: &str = r#"{"provider":"@alpha","retry":{"attempts":2}}"#;
const ON_404: &str = r#"{"provider":"@alpha","retry":{"attempts":2,"on_status_codes":[404]}}"#;
const ON_246: &str = r#"{"provider":"@alpha","retry":{"attempts":1,"on_status_codes":[246]}}"#;
const ON_200: &str = r#"{"provider":"@alpha","retry":{"attempts":1,"on_status_codes":[200]}}"#;
const ON_408: &str = r#"{"provider":"@alpha","request_timeout":500,"retry":{"attempts":1,"on_status_codes":[408]}}"#;
const FIVE: &str = r#"{"provider":"@alpha","retry":{"attempts":5}}"#;
const NINE: &str = r#"{"provider":"@alpha","retry":{"attempts":9}}"#;
const ASKED: &str = r#"{"provider":"@alpha","retry":{"attempts":3,"use_retry_after_headers":true}}"#;
const ASKED_TOO: &str = r#"{"provider":"@alpha","retry":{"attempts":3,"use_retry_after_header":true}}"#;
const NOT_ASKED: &str = r#"{"provider":"@alpha","retry":{"attempts":3,"use_retry_after_headers":false}}"#;
const CHAIN: &str = r#"{"strategy":{"mode":"fallback"},"retry":{"attempts":1},"targets":[$alpha,$beta]}"#;
const OWN: &str = r#"{"strategy":{"mode":"fallback"},"retry":{"attempts":3},"targets":[{"provider":"@alpha","retry":{"attempts":0}},$beta]}"#;
const WHOLE: &str = r#"{"provider":"@alpha","strategy":{"mode":"single"},"retry":{"attempts":2,"on_status_codes":[404]},"targets":[{"provider":"@alpha","retry":{"attempts":1}}]}"#;

pub const ROWS: &[Row] = &[
    row("a success is not tried again", TWICE, "alpha:200", "alpha", "200 config"),
    row("429 is tried again", TWICE, "alpha:429 alpha:200", "alpha alpha", "200 config retries=1 waited=1000"),
    row("500 is tried again", TWICE, "alpha:500 alpha:200", "alpha alpha", "200 config retries=1 waited=1000"),
    row("502 is tried again", TWICE, "alpha:502 alpha:200", "alpha alpha", "200 config retries=1 waited=1000"),
    row("503 is tried again", TWICE, "alpha:503 alpha:200", "alpha alpha", "200 config retries=1 waited=1000"),
    row("504 is tried again", TWICE, "alpha:504 alpha:200", "alpha alpha", "200 config retries=1 waited=1000"),
    row("529 is tried again", TWICE, "alpha:529 alpha:200", "alpha alpha", "200 config retries=1 waited=1000"),
    row("400 is not", TWICE, "alpha:400", "alpha", "400 config"),
    row("401 is not", TWICE, "alpha:401", "alpha", "401 config"),
    row("404 is not", TWICE, "alpha:404", "alpha", "404 config"),
    row("408 is not", TWICE, "alpha:408", "alpha", "408 config"),
    row("501 is not", TWICE, "alpha:501", "alpha", "501 config"),
    row("246 is not", TWICE, "alpha:246", "alpha", "246 config"),
    row(
        "the second retry may succeed",
        TWICE,
        "alpha:500 alpha:503 alpha:200",
        "alpha alpha alpha",
        "200 config retries=2 waited=3000",
    ),
    row(
        "retries that are used up count as -1",
        TWICE,
        "alpha:500 alpha:500 alpha:503",
        "alpha alpha alpha",
        "503 config retries=-1 waited=3000",
    ),
    row(
        "a retry may end in another failure",
        TWICE,
        "alpha:500 alpha:401",
        "alpha alpha",
        "401 config retries=1 waited=1000",
    ),
    row(
        "waits double",
        FIVE,
        "alpha:500 alpha:500 alpha:500 alpha:500 alpha:500 alpha:200",
        "alpha alpha alpha alpha alpha alpha",
        "200 config retries=5 waited=31000",
    ),
    row(
        "nine attempts are five",
        NINE,
        "alpha:500 alpha:500 alpha:500 alpha:500 alpha:500 alpha:500",
        "alpha alpha alpha alpha alpha alpha",
        "500 config retries=-1 waited=31000",
    ),
    row(
        "no attempts are none",
        r#"{"provider":"@alpha","retry":{"attempts":0,"on_status_codes":[500]}}"#,
        "alpha:500",
        "alpha",
        "500 config",
    ),
    row(
        "codes of the config are tried again",
        ON_404,
        "alpha:404 alpha:200",
        "alpha alpha",
        "200 config retries=1 waited=1000",
    ),
    row("codes of the config stand for the usual ones", ON_404, "alpha:500", "alpha", "500 config"),
    row(
        "246 is tried again where the config says so",
        ON_246,
        "alpha:246 alpha:200",
        "alpha alpha",
        "200 config retries=1 waited=1000",
    ),
    row("200 is a success whatever the config says", ON_200, "alpha:200", "alpha", "200 config"),
    row(
        "a timeout is tried again where the config says so",
        ON_408,
        "alpha:mute alpha:200",
        "alpha alpha",
        "200 config retries=1 waited=1000",
    ),
    row(
        "a timeout is not else",
        r#"{"provider":"@alpha","request_timeout":500,"retry":{"attempts":1}}"#,
        "alpha:mute",
        "alpha",
        "408 config",
    ),
    row(
        "who cannot be reached is tried again",
        r#"{"provider":"@gone","retry":{"attempts":1}}"#,
        "",
        "",
        "502 config retries=-1 waited=1000",
    ),
    row("garbage is tried again", TWICE, "alpha:garbage alpha:200", "alpha alpha", "200 config retries=1 waited=1000"),
    row(
        "a 2xx with an error is tried again",
        TWICE,
        "alpha:failing alpha:200",
        "alpha alpha",
        "200 config retries=1 waited=1000",
    ),
    row("a 2xx with an error is tried again by its own code", TWICE, "alpha:failing=400", "alpha", "400 config"),
    row(
        "seconds that are asked for are waited",
        ASKED,
        "alpha:429/retry-after=7 alpha:200",
        "alpha alpha",
        "200 config retries=1 waited=7000",
    ),
    row(
        "milliseconds that are asked for are waited",
        ASKED,
        "alpha:429/retry-after-ms=250 alpha:200",
        "alpha alpha",
        "200 config retries=1 waited=250",
    ),
    row(
        "milliseconds in Azure's spelling are",
        ASKED,
        "alpha:429/x-ms-retry-after-ms=300 alpha:200",
        "alpha alpha",
        "200 config retries=1 waited=300",
    ),
    row(
        "milliseconds go before seconds",
        ASKED,
        "alpha:429/retry-after=7/retry-after-ms=20 alpha:200",
        "alpha alpha",
        "200 config retries=1 waited=20",
    ),
    row(
        "the other spelling of the key counts",
        ASKED_TOO,
        "alpha:429/retry-after=7 alpha:200",
        "alpha alpha",
        "200 config retries=1 waited=7000",
    ),
    row(
        "what is asked for is not waited where the config says no",
        NOT_ASKED,
        "alpha:429/retry-after=7 alpha:200",
        "alpha alpha",
        "200 config retries=1 waited=1000",
    ),
    row(
        "what is asked for is not waited where the config is silent",
        TWICE,
        "alpha:429/retry-after=7 alpha:200",
        "alpha alpha",
        "200 config retries=1 waited=1000",
    ),
    row(
        "only a 429 may ask",
        ASKED,
        "alpha:503/retry-after=7 alpha:200",
        "alpha alpha",
        "200 config retries=1 waited=1000",
    ),
    row(
        "a date is no wish",
        ASKED,
        "alpha:429/retry-after=soon alpha:200",
        "alpha alpha",
        "200 config retries=1 waited=1000",
    ),
    row(
        "a fraction is no wish",
        ASKED,
        "alpha:429/retry-after=1.5 alpha:200",
        "alpha alpha",
        "200 config retries=1 waited=1000",
    ),
    row("a minute is too long", ASKED, "alpha:429/retry-after=60", "alpha", "429 config retries=-1"),
    row(
        "what is left of the minute may be too short",
        ASKED,
        "alpha:429/retry-after=40 alpha:429/retry-after=21",
        "alpha alpha",
        "429 config retries=-1 waited=40000",
    ),
    row(
        "what is left of the minute may be enough",
        ASKED,
        "alpha:429/retry-after=40 alpha:429/retry-after=20 alpha:200",
        "alpha alpha alpha",
        "200 config retries=2 waited=60000",
    ),
    row(
        "a target is tried again before the next one",
        CHAIN,
        "alpha:500 alpha:200",
        "alpha alpha",
        "200 config.targets[0] retries=1 waited=1000",
    ),
    row(
        "the next target has retries of its own",
        CHAIN,
        "alpha:500 alpha:500 beta:500 beta:200",
        "alpha alpha beta beta",
        "200 config.targets[1] retries=1 waited=2000",
    ),
    row(
        "the count is that of the target that answered",
        CHAIN,
        "alpha:500 alpha:500 beta:200",
        "alpha alpha beta",
        "200 config.targets[1] waited=1000",
    ),
    row(
        "every retry of every target may fail",
        CHAIN,
        "alpha:500 alpha:500 beta:503 beta:503",
        "alpha alpha beta beta",
        "503 config.targets[1] retries=-1 waited=2000",
    ),
    row(
        "what is not tried again falls back at once",
        CHAIN,
        "alpha:401 beta:200",
        "alpha beta",
        "200 config.targets[1]",
    ),
    row(
        "a target's own retry stands for the inherited one",
        OWN,
        "alpha:500 beta:200",
        "alpha beta",
        "200 config.targets[1]",
    ),
    row(
        "a target's own retry stands for all of the inherited one",
        WHOLE,
        "alpha:404",
        "alpha",
        "404 config.targets[0]",
    ),
];
