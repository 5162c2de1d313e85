//! The routing table: every key and mode of a config, with what is sent to whom and what comes back.
#![expect(clippy::expect_used, reason = "a row that cannot be read is a failed test")]

mod balance;
mod cached;
mod conditions;
mod fallback;
mod health;
mod hosts;
mod mistakes;
mod params;
mod retries;
mod row;
mod scenes;
mod single;
mod streams;

use crate::rig::{Rig, Scene, Yard, post, with};
use app::model::routing::field::OBJECTS;
use row::Row;
use std::collections::BTreeSet;

const TABLES: [(&str, &[Row]); 11] = [
    ("single", single::ROWS),
    ("fallback", fallback::ROWS),
    ("balance", balance::ROWS),
    ("conditions", conditions::ROWS),
    ("health", health::ROWS),
    ("retries", retries::ROWS),
    ("params", params::ROWS),
    ("hosts", hosts::ROWS),
    ("streams", streams::ROWS),
    ("cached", cached::ROWS),
    ("mistakes", mistakes::ROWS),
];

/// The house of every table. Only `127.0.0.1` is a trusted custom host; nothing listens where `gone` is.
const YARD: Yard<'static> = Yard {
    lines: r#"trusted_custom_hosts = ["127.0.0.1"]"#,
    providers: &[("beta", "openai"), ("gamma", "groq"), ("gone", "openai"), ("fire", "cerebras")],
    configs: &[
        ("pc-main", r#"{"provider":"@beta"}"#),
        ("pc-default", r#"{"provider":"@gamma"}"#),
        ("pc-host", r#"{"provider":"@alpha","custom_host":"http://%beta%/v1"}"#),
        (
            "pc-guarded",
            r#"{"strategy":{"mode":"fallback"},"targets":[{"provider":"@alpha"},{"provider":"@beta","input_guardrails":["pg-1"]}]}"#,
        ),
    ],
    keys: &[("sy-default0000000000000000000000000", "pc-default")],
    tables: "",
    wall: false,
};

/// Rows of one file share a house, one after the other: what one of them leaves behind, the next one finds.
async fn check(name: &str) {
    let rows = TABLES.iter().find(|(table, _)| *table == name).map(|(_, rows)| *rows).expect("a table");
    let rig = Rig::of(YARD).await;
    rig.provider("gone").leave();
    let mut wrong = Vec::new();
    for row in rows {
        if let Err(why) = row.check(&rig).await {
            wrong.push(format!("{}\n    {}", row.name, why.join("\n    ")));
        }
    }
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

macro_rules! tables {
    ($($name:ident: $table:literal;)+) => {
        $(#[tokio::test]
        async fn $name() {
            check($table).await;
        })+
    };
}

tables! {
    a_call_goes_where_it_names: "single";
    a_fallback_goes_on_as_it_says: "fallback";
    load_is_shared_as_the_mode_says: "balance";
    conditions_choose_the_target: "conditions";
    broken_slow_and_busy_targets_are_worked_around: "health";
    a_target_is_tried_again_as_the_config_says: "retries";
    parameters_are_filled_overwritten_and_dropped: "params";
    hosts_headers_and_times_are_kept_to: "hosts";
    streams_fall_back_until_content_has_left: "streams";
    answers_are_kept_and_shared: "cached";
    what_cannot_be_done_is_said: "mistakes";
}

#[tokio::test]
async fn retries_stay_a_share_of_the_gateways_traffic() {
    const CALLS: usize = 120;
    let rig = Rig::new().await;
    rig.upstream.acts(|_| Scene::json(429, r#"{"error":{"message":"busy"}}"#).header("retry-after-ms", "0"));
    let config = r#"{"provider":"@alpha","retry":{"attempts":5,"use_retry_after_headers":true}}"#;
    for _ in 0..CALLS {
        let request = with(post("/v1/chat/completions", r#"{"model":"m"}"#), "x-portkey-config", config);
        let answer = rig.send(request).await;
        assert_eq!((answer.status.as_u16(), answer.header("x-portkey-retry-attempt-count")), (429, "-1"));
    }
    let retries = rig.upstream.seen().len() - CALLS;
    assert_eq!(retries, 500 + CALLS / 2, "five each, until they are half of the calls beyond what a quiet house has");
}

#[test]
fn the_table_is_whole() {
    let rows: Vec<&Row> = TABLES.iter().flat_map(|(_, rows)| rows.iter()).collect();
    let names: BTreeSet<&str> = rows.iter().map(|row| row.name).collect();
    assert!(rows.len() >= 150, "{} rows", rows.len());
    assert_eq!(names.len(), rows.len(), "every row has a name of its own");
    let configs: String = rows.iter().map(|row| row.written()).collect();
    for object in OBJECTS {
        for field in object.all().filter(|field| field.exists) {
            assert!(configs.contains(&format!("\"{}\":", field.key)), "no row has {}.{}", object.name, field.key);
        }
    }
    for mode in
        ["single", "fallback", "loadbalance", "conditional", "round-robin", "priority", "least-latency", "least-cost"]
    {
        assert!(configs.contains(&format!("\"mode\":\"{mode}\"")), "no row has the mode {mode}");
    }
}
