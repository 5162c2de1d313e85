//! The modes that share load: loadbalance, round-robin, priority, least-latency, least-cost, and what sticks (contract
//! §2.5, §2.9). What follows each other with one config is one story.

use super::row::{Row, row};

const TURNS: &str = r#"{"strategy":{"mode":"round-robin"},"targets":[$alpha,$beta,$gamma]}"#;
const TWO_TO_ONE: &str = r#"{"strategy":{"mode":"round-robin"},"targets":[{"provider":"@alpha","weight":2},{"provider":"@beta","weight":1}]}"#;
const TURNS_LEFT: &str = r#"{"name":"cooling","strategy":{"mode":"round-robin"},"targets":[$alpha,$beta]}"#;
const TURNS_THEN: &str = r#"{"strategy":{"mode":"fallback"},"targets":[{"strategy":{"mode":"round-robin"},"targets":[$alpha,$beta]},$gamma]}"#;
const TIERS: &str = r#"{"strategy":{"mode":"priority"},"targets":[{"provider":"@alpha","priority":2},{"provider":"@beta","priority":1}]}"#;
const PLACES: &str = r#"{"name":"places","strategy":{"mode":"priority"},"targets":[$alpha,$beta]}"#;
const TIER_OF_ONE: &str = r#"{"strategy":{"mode":"priority"},"targets":[{"provider":"@alpha","priority":1,"weight":0},{"provider":"@beta","priority":1},{"provider":"@gamma","priority":2}]}"#;
const FASTEST: &str = r#"{"strategy":{"mode":"least-latency"},"targets":[$alpha,$beta]}"#;
const CHEAPEST: &str = r#"{"strategy":{"mode":"least-cost"},"targets":[$alpha,{"provider":"@beta","override_params":{"model":"gpt-4o-mini"}}]}"#;
const STICKY: &str = r#"{"strategy":{"mode":"round-robin","sticky":{"enabled":true,"hash_fields":["metadata.user_id"],"ttl":60}},"targets":[$alpha,$beta]}"#;
const STICKY_PARAM: &str = r#"{"strategy":{"mode":"round-robin","sticky":{"enabled":true,"hash_fields":["params.user"]}},"targets":[$alpha,$beta]}"#;
const NOT_STICKY: &str = r#"{"strategy":{"mode":"round-robin","sticky":{"enabled":false,"hash_fields":["metadata.user_id"]}},"targets":[$alpha,$beta]}"#;
const STICKY_DOWN: &str = r#"{"name":"down","strategy":{"mode":"round-robin","sticky":{"enabled":true,"hash_fields":["metadata.user_id"]}},"targets":[$alpha,$beta]}"#;
const LOTS_THEN: &str = r#"{"strategy":{"mode":"fallback"},"targets":[{"strategy":{"mode":"loadbalance"},"targets":[{"provider":"@alpha","weight":1},{"provider":"@beta","weight":0}]},$gamma]}"#;
const BETA_ONLY: &str =
    r#"{"strategy":{"mode":"loadbalance"},"targets":[{"provider":"@alpha","weight":0},{"provider":"@beta"}]}"#;

const ANN: &[(&str, &str)] = &[("x-portkey-metadata", r#"{"user_id":"ann"}"#)];
const BOB: &[(&str, &str)] = &[("x-portkey-metadata", r#"{"user_id":"bob"}"#)];
const USER_ANN: &str = r#"{"model":"gpt-4o","user":"ann"}"#;
const USER_BOB: &str = r#"{"model":"gpt-4o","user":"bob"}"#;

pub const ROWS: &[Row] = &[
    row("a weight of 0 is never drawn, and one that is missing is 1", BETA_ONLY, "beta:200", "beta", "200 config.targets[1]"),
    row("a weight of 0 is not drawn the next time either", BETA_ONLY, "beta:200", "beta", "200 config.targets[1]"),
    row("loadbalance alone does not go on", BETA_ONLY, "beta:500", "beta", "500 config.targets[1]").says("trouble at beta"),
    row("weights may be fractions", r#"{"strategy":{"mode":"loadbalance"},"targets":[{"provider":"@alpha","weight":0.0},{"provider":"@beta","weight":0.05}]}"#, "beta:200", "beta", "200 config.targets[1]"),
    row("a canary has a model of its own", r#"{"strategy":{"mode":"loadbalance"},"targets":[{"provider":"@alpha","weight":0},{"provider":"@beta","weight":0.05,"override_params":{"model":"canary"}}]}"#, "beta:200", "beta=canary", "200 config.targets[1]"),
    row("weights that are all 0 choose nobody", r#"{"strategy":{"mode":"loadbalance"},"targets":[{"provider":"@alpha","weight":0},{"provider":"@beta","weight":0}]}"#, "", "", "400").says("No provider selected"),
    row("one target is drawn always", r#"{"strategy":{"mode":"loadbalance"},"targets":[{"provider":"@alpha","weight":0.3}]}"#, "alpha:200", "alpha", "200 config.targets[0]"),
    row("a draw within a fallback is followed by the fallback's next", LOTS_THEN, "alpha:500 gamma:200", "alpha gamma", "200 config.targets[1]"),
    row("a draw within a fallback may be enough", LOTS_THEN, "alpha:200", "alpha", "200 config.targets[0].targets[0]"),
    row("round-robin begins with the first", TURNS, "alpha:200", "alpha", "200 config.targets[0]"),
    row("round-robin takes the second then", TURNS, "beta:200", "beta", "200 config.targets[1]"),
    row("round-robin takes the third then", TURNS, "gamma:200", "gamma", "200 config.targets[2]"),
    row("round-robin begins again", TURNS, "alpha:200", "alpha", "200 config.targets[0]"),
    row("round-robin does not go on after a failure", TURNS, "beta:500", "beta", "500 config.targets[1]"),
    row("round-robin goes its round after a failure", TURNS, "gamma:200", "gamma", "200 config.targets[2]"),
    row("weights give turns: the heavier begins", TWO_TO_ONE, "alpha:200", "alpha", "200 config.targets[0]"),
    row("weights give turns: the lighter is between", TWO_TO_ONE, "beta:200", "beta", "200 config.targets[1]"),
    row("weights give turns: the heavier again", TWO_TO_ONE, "alpha:200", "alpha", "200 config.targets[0]"),
    row("weights give turns: the next round", TWO_TO_ONE, "alpha:200", "alpha", "200 config.targets[0]"),
    row("a weight of 0 has no turn", r#"{"strategy":{"mode":"round-robin"},"targets":[{"provider":"@alpha","weight":0},{"provider":"@beta"}]}"#, "beta:200", "beta", "200 config.targets[1]"),
    row("a target that asks for time is told to its caller", TURNS_LEFT, "alpha:429/retry-after=30", "alpha", "429 config.targets[0]"),
    row("a target that asked for time has no turn", TURNS_LEFT, "beta:200", "beta", "200 config.targets[1]"),
    row("a target that asked for time has none the next time either", TURNS_LEFT, "beta:200", "beta", "200 config.targets[1]"),
    row("a target that has had its time has turns again: the other's", TURNS_LEFT, "beta:200", "beta", "200 config.targets[1]").after(31_000),
    row("a target that has had its time has turns again: its own", TURNS_LEFT, "alpha:200", "alpha", "200 config.targets[0]"),
    row("turns within a fallback are followed by its next", TURNS_THEN, "alpha:500 gamma:200", "alpha gamma", "200 config.targets[1]"),
    row("turns within a fallback go their round", TURNS_THEN, "beta:200", "beta", "200 config.targets[0].targets[1]"),
    row("priority begins with the lowest tier", TIERS, "beta:200", "beta", "200 config.targets[1]"),
    row("priority goes on to the next tier", TIERS, "beta:500 alpha:200", "beta alpha", "200 config.targets[0]"),
    row("priority goes on after 400 as well", TIERS, "beta:400 alpha:200", "beta alpha", "200 config.targets[0]"),
    row("priority gives the last answer", TIERS, "beta:500 alpha:503", "beta alpha", "503 config.targets[0]"),
    row("priority keeps to its codes", r#"{"strategy":{"mode":"priority","on_status_codes":[429]},"targets":[$alpha,$beta]}"#, "alpha:500", "alpha", "500 config.targets[0]"),
    row("without tiers the place counts", PLACES, "alpha:429/retry-after=30 beta:200", "alpha beta", "200 config.targets[1]"),
    row("a target that asked for time comes last", PLACES, "beta:200", "beta", "200 config.targets[1]"),
    row("a target that comes last comes still", PLACES, "beta:500 alpha:200", "beta alpha", "200 config.targets[0]"),
    row("a target that has had its time comes first again", PLACES, "alpha:200", "alpha", "200 config.targets[0]").after(31_000),
    row("a tier is drawn by weight, without those of 0", TIER_OF_ONE, "beta:500 gamma:200", "beta gamma", "200 config.targets[2]"),
    row("who was never called is found out", FASTEST, "alpha:slow", "alpha", "200 config.targets[0]"),
    row("who was never called is found out, one by one", FASTEST, "beta:200", "beta", "200 config.targets[1]"),
    row("who answers soonest is called", FASTEST, "beta:200", "beta", "200 config.targets[1]"),
    row("who answers soonest is called again", FASTEST, "beta:200", "beta", "200 config.targets[1]"),
    row("least-latency does not go on", FASTEST, "beta:500", "beta", "500 config.targets[1]"),
    row("the cheaper model is called", CHEAPEST, "beta:200", "beta=gpt-4o-mini", "200 config.targets[1]"),
    row("least-cost does not go on", CHEAPEST, "beta:500", "beta=gpt-4o-mini", "500 config.targets[1]"),
    row("a model without a price is not the cheapest", r#"{"strategy":{"mode":"least-cost"},"targets":[{"provider":"@alpha","override_params":{"model":"nobody-knows"}},$beta]}"#, "beta:200", "beta", "200 config.targets[1]"),
    row("where nothing has a price the first is called", r#"{"strategy":{"mode":"least-cost"},"targets":[$alpha,$beta]}"#, "alpha:200", "alpha=nobody-knows", "200 config.targets[0]")
        .body(r#"{"model":"nobody-knows"}"#),
    row("a caller gets a target", STICKY, "alpha:200", "alpha", "200 config.targets[0]").headers(ANN),
    row("another caller gets the next", STICKY, "beta:200", "beta", "200 config.targets[1]").headers(BOB),
    row("the first caller stays", STICKY, "alpha:200", "alpha", "200 config.targets[0]").headers(ANN),
    row("the other caller stays", STICKY, "beta:200", "beta", "200 config.targets[1]").headers(BOB),
    row("a call without the fields takes its turn", STICKY, "alpha:200", "alpha", "200 config.targets[0]"),
    row("a call without the fields takes the next turn", STICKY, "beta:200", "beta", "200 config.targets[1]"),
    row("after its time a caller takes a turn", STICKY, "alpha:200", "alpha", "200 config.targets[0]").headers(BOB).after(61_000),
    row("a field of the body sticks", STICKY_PARAM, "alpha:200", "alpha", "200 config.targets[0]").body(USER_ANN),
    row("another value of it takes its turn", STICKY_PARAM, "beta:200", "beta", "200 config.targets[1]").body(USER_BOB),
    row("the same value of it stays", STICKY_PARAM, "alpha:200", "alpha", "200 config.targets[0]").body(USER_ANN),
    row("what is not enabled does not stick", NOT_STICKY, "alpha:200", "alpha", "200 config.targets[0]").headers(ANN),
    row("what is not enabled takes turns", NOT_STICKY, "beta:200", "beta", "200 config.targets[1]").headers(ANN),
    row("a caller whose target asks for time is told", STICKY_DOWN, "alpha:429/retry-after=30", "alpha", "429 config.targets[0]").headers(ANN),
    row("a caller whose target asked for time gets another", STICKY_DOWN, "beta:200", "beta", "200 config.targets[1]").headers(ANN),
];
