//! Circuits, queues and hedges (contract §2.8, and ours). What follows each other with one config is one story.

use super::row::{Row, STREAM, row};

const BREAKS: &str = r#"{"strategy":{"mode":"fallback","cb_config":{"failure_threshold":2,"cooldown_interval":30000}},"targets":[$alpha,$beta]}"#;
const AGAIN: &str = r#"{"name":"again","strategy":{"mode":"fallback","cb_config":{"failure_threshold":1,"cooldown_interval":30000}},"targets":[$alpha,$beta]}"#;
const SHARE: &str = r#"{"strategy":{"mode":"fallback","cb_config":{"failure_threshold_percentage":50,"minimum_requests":4}},"targets":[$alpha,$beta]}"#;
const CODES: &str = r#"{"strategy":{"mode":"fallback","cb_config":{"failure_threshold":1,"failure_status_codes":[429]}},"targets":[$alpha,$beta]}"#;
const USUAL: &str =
    r#"{"name":"usual","strategy":{"mode":"fallback","cb_config":{"failure_threshold":1}},"targets":[$alpha,$beta]}"#;
const ALL_OPEN: &str =
    r#"{"name":"all","strategy":{"mode":"fallback","cb_config":{"failure_threshold":1}},"targets":[$alpha,$beta]}"#;
const ALONE: &str = r#"{"provider":"@alpha","cb_config":{"failure_threshold":1}}"#;
const OF_ONE: &str =
    r#"{"strategy":{"mode":"fallback"},"targets":[{"provider":"@alpha","cb_config":{"failure_threshold":1}},$beta]}"#;
const NESTED: &str = r#"{"strategy":{"mode":"fallback","cb_config":{"failure_threshold":1}},"targets":[{"strategy":{"mode":"fallback"},"targets":[$alpha,$beta]},$gamma]}"#;
const TURNS: &str =
    r#"{"strategy":{"mode":"round-robin","cb_config":{"failure_threshold":1}},"targets":[$alpha,$beta]}"#;
const LOTS: &str = r#"{"strategy":{"mode":"loadbalance","cb_config":{"failure_threshold":1}},"targets":[{"provider":"@alpha","weight":1000000000},{"provider":"@beta","weight":0.000001}]}"#;
const CHOSEN: &str = r#"{"strategy":{"mode":"conditional","cb_config":{"failure_threshold":1},"conditions":[{"query":{"params.n":1},"then":"b"}],"default":"a"},"targets":[{"name":"a","provider":"@alpha"},{"name":"b","provider":"@beta"}]}"#;
const TIERS: &str = r#"{"strategy":{"mode":"priority","cb_config":{"failure_threshold":1}},"targets":[$alpha,$beta]}"#;
const OUT: &str = r#"{"strategy":{"mode":"fallback","cb_config":{"failure_threshold":1}},"targets":[$gone,$beta]}"#;

const HEDGED: &str = r#"{"strategy":{"mode":"fallback","hedge":{"after":500}},"targets":[$alpha,$beta]}"#;
const HEDGED_THREE: &str =
    r#"{"strategy":{"mode":"fallback","hedge":{"after":500,"max":3}},"targets":[$alpha,$beta,$gamma]}"#;
const HEDGED_TWO_OF_THREE: &str =
    r#"{"strategy":{"mode":"fallback","hedge":{"after":500}},"targets":[$alpha,$beta,$gamma]}"#;
const HEDGED_TURNS: &str = r#"{"strategy":{"mode":"round-robin","hedge":{"after":500}},"targets":[$alpha,$beta]}"#;

const WAITS: &str = r#"{"name":"asked","strategy":{"mode":"fallback","queue":{"max_wait":5000,"max_calls":5}},"targets":[$alpha,$beta]}"#;
const WAITS_SECOND: &str =
    r#"{"name":"second","strategy":{"mode":"fallback","queue":{"max_wait":5000}},"targets":[$alpha,$beta]}"#;
const WAITS_LONG: &str =
    r#"{"name":"long","strategy":{"mode":"fallback","queue":{"max_wait":5000}},"targets":[$alpha,$beta]}"#;
const WAITS_ALONE: &str = r#"{"strategy":{"mode":"single","queue":{"max_wait":2500}},"targets":[$alpha]}"#;

pub const ROWS: &[Row] = &[
    row("one failure does not open the circuit", BREAKS, "alpha:500 beta:200", "alpha beta", "200 config.targets[1]"),
    row(
        "the second one does, and its call goes on",
        BREAKS,
        "alpha:503 beta:200",
        "alpha beta",
        "200 config.targets[1]",
    ),
    row("an open circuit is left out", BREAKS, "beta:200", "beta", "200 config.targets[1]"),
    row("an open circuit stays so for its time", BREAKS, "beta:200", "beta", "200 config.targets[1]").after(29_000),
    row("after its time one call tries", BREAKS, "alpha:200", "alpha", "200 config.targets[0]").after(2_000),
    row("a call that succeeded has closed it", BREAKS, "alpha:500 beta:200", "alpha beta", "200 config.targets[1]"),
    row("closed anew it counts from nothing", BREAKS, "alpha:200", "alpha", "200 config.targets[0]"),
    row("a threshold of one opens at once", AGAIN, "alpha:500 beta:200", "alpha beta", "200 config.targets[1]"),
    row("a trial that fails goes on", AGAIN, "alpha:500 beta:200", "alpha beta", "200 config.targets[1]").after(31_000),
    row("a trial that failed opens it again", AGAIN, "beta:200", "beta", "200 config.targets[1]").after(29_000),
    row("of a share: a success", SHARE, "alpha:200", "alpha", "200 config.targets[0]"),
    row("of a share: a failure", SHARE, "alpha:500 beta:200", "alpha beta", "200 config.targets[1]"),
    row("of a share: half of two calls is too few", SHARE, "alpha:200", "alpha", "200 config.targets[0]"),
    row("of a share: half of four opens", SHARE, "alpha:500 beta:200", "alpha beta", "200 config.targets[1]"),
    row("of a share: it is left out", SHARE, "beta:200", "beta", "200 config.targets[1]"),
    row("codes of the config alone are failures", CODES, "alpha:500 beta:200", "alpha beta", "200 config.targets[1]"),
    row("a code of the config is one", CODES, "alpha:429 beta:200", "alpha beta", "200 config.targets[1]"),
    row("and opens", CODES, "beta:200", "beta", "200 config.targets[1]"),
    row("400 is no failure of the target", USUAL, "alpha:400 beta:200", "alpha beta", "200 config.targets[1]"),
    row("429 is no failure of the target", USUAL, "alpha:429 beta:200", "alpha beta", "200 config.targets[1]"),
    row("so that it is called still", USUAL, "alpha:200", "alpha", "200 config.targets[0]"),
    row("both targets fail", ALL_OPEN, "alpha:500 beta:500", "alpha beta", "500 config.targets[1]"),
    row("where all are open none is left out", ALL_OPEN, "alpha:200", "alpha", "200 config.targets[0]"),
    row(
        "where all are open the next one is tried as ever",
        ALL_OPEN,
        "alpha:500 beta:200",
        "alpha beta",
        "200 config.targets[1]",
    ),
    row("a lone target fails", ALONE, "alpha:500", "alpha", "500 config"),
    row("a lone target is called still", ALONE, "alpha:200", "alpha", "200 config"),
    row("a circuit of one target: opened", OF_ONE, "alpha:500 beta:500", "alpha beta", "500 config.targets[1]"),
    row("a circuit of one target: left out, and the other is not", OF_ONE, "beta:500", "beta", "500 config.targets[1]"),
    row(
        "targets inherit the circuit: opened",
        NESTED,
        "alpha:500 beta:200",
        "alpha beta",
        "200 config.targets[0].targets[1]",
    ),
    row("targets inherit the circuit: left out", NESTED, "beta:500 gamma:200", "beta gamma", "200 config.targets[1]"),
    row("a group all of whose targets are open is left out", NESTED, "gamma:200", "gamma", "200 config.targets[1]"),
    row("turns: a failure", TURNS, "alpha:500", "alpha", "500 config.targets[0]"),
    row("turns: the other's", TURNS, "beta:200", "beta", "200 config.targets[1]"),
    row("turns: an open circuit has none", TURNS, "beta:200", "beta", "200 config.targets[1]"),
    row("lots: a failure", LOTS, "alpha:500", "alpha", "500 config.targets[0]"),
    row("lots: an open circuit is not drawn", LOTS, "beta:200", "beta", "200 config.targets[1]"),
    row("conditions: a failure", CHOSEN, "alpha:500", "alpha", "500 config.targets[0]"),
    row("conditions: what they choose is called", CHOSEN, "alpha:200", "alpha", "200 config.targets[0]"),
    row("tiers: a failure", TIERS, "alpha:500 beta:200", "alpha beta", "200 config.targets[1]"),
    row("tiers: an open circuit comes last", TIERS, "beta:400 alpha:200", "beta alpha", "200 config.targets[0]"),
    row("who cannot be reached fails", OUT, "beta:200", "beta", "200 config.targets[1]"),
    row("who could not be reached is left out", OUT, "beta:200", "beta", "200 config.targets[1]"),
    row(
        "a second target is asked while the first is slow",
        HEDGED,
        "alpha:mute beta:200",
        "alpha beta",
        "200 config.targets[1]",
    ),
    row("the quicker answer counts", HEDGED, "alpha:slow beta:200", "alpha beta", "200 config.targets[1]"),
    row("a quick answer needs no second", HEDGED, "alpha:200", "alpha", "200 config.targets[0]"),
    row("a quick failure is a fallback as ever", HEDGED, "alpha:500 beta:200", "alpha beta", "200 config.targets[1]"),
    row(
        "a second that fails lets the first go on",
        HEDGED,
        "alpha:slow beta:500",
        "alpha beta",
        "200 config.targets[0]",
    ),
    row(
        "a third is asked where the config says so",
        HEDGED_THREE,
        "alpha:mute beta:mute gamma:200",
        "alpha beta gamma",
        "200 config.targets[2]",
    ),
    row(
        "two are asked at most where it does not",
        HEDGED_TWO_OF_THREE,
        "alpha:slow beta:mute",
        "alpha beta",
        "200 config.targets[0]",
    ),
    row("turns are hedged too", HEDGED_TURNS, "alpha:mute beta:200", "alpha beta", "200 config.targets[1]"),
    row("a hedged turn that fails at once is no fallback", HEDGED_TURNS, "beta:500", "beta", "500 config.targets[1]"),
    row(
        "a stream that says nothing is hedged",
        HEDGED,
        "alpha:silent beta:stream",
        "alpha beta",
        "200 config.targets[1]",
    )
    .body(STREAM)
    .says("from beta"),
    row(
        "where all are rate limited a call waits as long as they ask",
        WAITS,
        "alpha:429/retry-after=3 beta:429/retry-after=2 alpha:200",
        "alpha beta alpha",
        "200 config.targets[0] waited~=2000",
    ),
    row(
        "where they ask for nothing it waits a second",
        WAITS_SECOND,
        "alpha:429 beta:429 alpha:200",
        "alpha beta alpha",
        "200 config.targets[0] waited=1000",
    ),
    row(
        "it does not wait beyond its time",
        WAITS_LONG,
        "alpha:429/retry-after=9 beta:429/retry-after=8",
        "alpha beta",
        "429 config.targets[1]",
    ),
    row(
        "a failure of another kind is not waited for",
        WAITS_LONG,
        "alpha:429 beta:500",
        "alpha beta",
        "500 config.targets[1]",
    )
    .after(60_000),
    row(
        "it waits again and again, until its time is up",
        WAITS_ALONE,
        "alpha:429 alpha:429 alpha:429",
        "alpha alpha alpha",
        "429 config.targets[0] waited=2000",
    ),
];
