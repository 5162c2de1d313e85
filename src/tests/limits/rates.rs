//! Rate limits, with a clock that stands still and once with one that does not.

use super::{call, events, honest, key};
use crate::rig::{Answer, End, NOW, Rig, Yard, post, with};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use switchyard::journal::slots::Slots;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

async fn rig(lines: &str, wall: bool) -> Rig {
    let rig = Rig::of(Yard { tables: &key(lines), wall, ..Yard::default() }).await;
    rig.upstream.acts(honest);
    rig
}

async fn one(rig: &Rig) -> Answer {
    rig.send(call(&json!({}))).await
}

#[tokio::test]
async fn no_sliding_minute_holds_more_than_the_limit() {
    let rig = rig("rate_limit = { type = \"requests\", unit = \"rpm\", value = 5 }", false).await;
    let seed = rand::random();
    let mut dice = StdRng::seed_from_u64(seed);
    let (mut admitted, mut now) = (Vec::new(), NOW);
    for _ in 0..150 {
        let step = if dice.random_bool(0.4) { 0 } else { dice.random_range(1..20_000) };
        rig.house.clock.advance(step);
        now += step;
        let recent = admitted.iter().filter(|at| **at > now - 60_000).count();
        let answer = one(&rig).await;
        let wanted = if recent < 5 { 200 } else { 429 };
        assert_eq!(answer.status, wanted, "seed {seed}: {recent} in the last minute");
        if wanted == 200 {
            admitted.push(now);
            assert_eq!(answer.header("x-ratelimit-limit-requests"), "5");
            assert_eq!(answer.header("x-ratelimit-remaining-requests"), (4 - recent).to_string());
            continue;
        }
        let fifth = admitted[admitted.len() - 5];
        let wait = fifth + 60_000 - now;
        assert_eq!(answer.header("retry-after"), ((wait + 999) / 1_000).to_string(), "seed {seed}");
        assert_eq!(answer.header("x-ratelimit-remaining-requests"), "0");
        assert_eq!(answer.json()["rate_limit"]["retry_after_ms"], wait);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_at_one_moment_as_many_are_let_in_as_the_limit_says() {
    let rig = Arc::new(rig("rate_limit = { type = \"requests\", unit = \"rpm\", value = 60 }", false).await);
    for minute in 0..3 {
        let start = Arc::new(Barrier::new(400));
        let mut tasks = JoinSet::new();
        for _ in 0..400 {
            let (rig, start) = (Arc::clone(&rig), Arc::clone(&start));
            tasks.spawn(async move {
                start.wait().await;
                one(&rig).await.status.as_u16()
            });
        }
        let all = tasks.join_all().await;
        let of = |wanted: u16| all.iter().filter(|status| **status == wanted).count();
        assert_eq!((of(200), of(429)), (60, 340), "minute {minute}");
        rig.house.clock.advance(60_000);
    }
}

#[tokio::test]
async fn a_crash_forgets_no_call_of_the_minute_and_none_that_ran() {
    let rig = rig("rate_limit = { type = \"requests\", unit = \"rpm\", value = 2 }", false).await;
    assert_eq!(one(&rig).await.status, 200);
    rig.upstream.acts(|seen| honest(seen).ends(End::Hang));
    let mut body = rig.open(call(&json!({ "stream": true }))).await.into_body();
    events(&mut body, 1).await;
    let rig = rig.cut(body).await;
    rig.upstream.acts(honest);
    assert_eq!(one(&rig).await.status, 429);
    rig.house.clock.advance(60_000);
    assert_eq!(one(&rig).await.status, 200);
}

#[tokio::test]
async fn a_restart_forgets_no_call_of_the_minute() {
    let rig = rig("rate_limit = { type = \"requests\", unit = \"rpm\", value = 2 }", false).await;
    assert_eq!((one(&rig).await.status.as_u16(), one(&rig).await.status.as_u16()), (200, 200));
    let rig = rig.restart().await;
    assert_eq!(one(&rig).await.status, 429);
    rig.house.clock.advance(60_000);
    assert_eq!(one(&rig).await.status, 200);
}

#[tokio::test]
async fn tokens_count_when_they_are_known() {
    let rig = rig("rate_limit = [{ type = \"tokens\", unit = \"rpm\", value = 20 }, { type = \"requests\", unit = \"rph\", value = 9 }]", false).await;
    let answer = one(&rig).await;
    assert_eq!((answer.header("x-ratelimit-limit-tokens"), answer.header("x-ratelimit-limit-requests")), ("20", "9"));
    let tokens = ["remaining", "reset"].map(|what| answer.header(&format!("x-ratelimit-{what}-tokens")).to_owned());
    assert_eq!(tokens, ["7", "1m0s"], "13 are used by this answer");
    assert_eq!(one(&rig).await.status, 200);
    let over = one(&rig).await;
    assert_eq!((over.status.as_u16(), over.header("retry-after")), (429, "60"), "26 tokens in this minute");
    rig.house.clock.advance(60_000);
    assert_eq!(one(&rig).await.status, 200);
}

#[tokio::test]
async fn calls_at_one_time_are_counted_until_they_end() {
    let rig = rig("rate_limit = { type = \"requests\", unit = \"concurrent\", value = 1 }", false).await;
    rig.upstream.acts(|seen| honest(seen).ends(End::Hang));
    let body = rig.open(call(&json!({ "stream": true }))).await;
    assert_eq!(one(&rig).await.status, 429);
    drop(body);
    rig.upstream.acts(honest);
    assert_eq!(one(&rig).await.status, 200);
}

/// A call between two moments, and whether it was let in.
struct Asked {
    sent: Instant,
    told: Instant,
    admitted: bool,
}

/// Calls until the end, and as often again as it is let; after a refusal when it was told to.
async fn keep_asking(rig: Arc<Rig>, end: Instant) -> Vec<Asked> {
    let mut all = Vec::new();
    while Instant::now() < end {
        let sent = Instant::now();
        let answer = one(&rig).await;
        let admitted = answer.status == 200;
        all.push(Asked { sent, told: Instant::now(), admitted });
        let wait = if admitted {
            rand::random_range(0..400)
        } else {
            assert_eq!(answer.status, 429, "{}", answer.text());
            answer.json()["rate_limit"]["retry_after_ms"].as_u64().expect("a wait")
        };
        tokio::time::sleep(Duration::from_millis(wait).min(end.saturating_duration_since(Instant::now()))).await;
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_real_minute_has_the_limit_and_no_more() {
    const LIMIT: usize = 40;
    const MINUTE: Duration = Duration::from_secs(60);
    let rig = Arc::new(rig("rate_limit = { type = \"requests\", unit = \"rpm\", value = 40 }", true).await);
    let end = Instant::now() + MINUTE + Duration::from_secs(8);
    let mut tasks = JoinSet::new();
    for _ in 0..6 {
        tasks.spawn(keep_asking(Arc::clone(&rig), end));
    }
    let all = tasks.join_all().await.into_iter().flatten().collect::<Vec<_>>();
    let (admitted, refused): (Vec<_>, Vec<_>) = all.into_iter().partition(|asked| asked.admitted);
    assert!(admitted.len() > LIMIT && !refused.is_empty(), "{} and {}", admitted.len(), refused.len());
    // Each was let in at some time between its two moments.
    for first in &admitted {
        let within = |other: &&Asked| other.sent >= first.told && other.told < first.sent + MINUTE;
        let others = admitted.iter().filter(within).count();
        assert!(others < LIMIT, "{others} more within a minute of one");
    }
    for no in &refused {
        let full = |other: &&Asked| other.sent <= no.told && other.told + MINUTE >= no.sent;
        let held = admitted.iter().filter(full).count();
        assert!(held >= LIMIT, "refused with {held} in the last minute");
    }
}

#[tokio::test]
async fn a_queue_waits_as_long_as_the_limit_of_a_target_says_and_no_longer_than_it_may() {
    let tables = "[[policy]]\nname = \"slow\"\ntype = \"requests\"\nunit = \"rpm\"\nvalue = 1\nconditions = [{ key = \"model\", value = \"@alpha/*\" }]\n";
    for (max_wait, status, waited) in [(90_000, 200, 60_000), (30_000, 429, 0)] {
        let rig = Rig::of(Yard { tables, ..Yard::default() }).await;
        rig.upstream.acts(honest);
        let config = format!(
            r#"{{"strategy":{{"mode":"single","queue":{{"max_wait":{max_wait}}}}},"targets":[{{"provider":"@alpha"}}]}}"#
        );
        let ask =
            || with(post("/v1/chat/completions", r#"{"model":"gpt-4o","messages":[]}"#), "x-portkey-config", &config);
        assert_eq!(rig.send(ask()).await.status, 200);
        let before = rig.house.clock.now();
        let answer = rig.send(ask()).await;
        assert_eq!((answer.status.as_u16(), rig.house.clock.now() - before), (status, waited), "{}", answer.text());
    }
}

#[tokio::test]
async fn a_call_that_one_limit_refuses_takes_nothing_of_the_others() {
    let policy = "[[policy]]\nname = \"slow\"\ntype = \"requests\"\nunit = \"rpm\"\nvalue = 1\nconditions = [{ key = \"model\", value = \"@alpha/gpt-4o-mini\" }]\n";
    let tables = format!("{}{policy}", key("rate_limit = { type = \"requests\", unit = \"rpm\", value = 3 }"));
    let rig = Rig::of(Yard { tables: &tables, ..Yard::default() }).await;
    rig.upstream.acts(honest);
    let of = |model: &str| call(&json!({ "model": model, "max_tokens": 1 }));
    for status in [200, 429, 429, 429] {
        assert_eq!(rig.send(of("@alpha/gpt-4o-mini")).await.status, status);
    }
    assert_eq!(rig.send(of("@nowhere/gpt-4o")).await.status, 400);
    for (status, remaining) in [(200, "1"), (200, "0"), (429, "0")] {
        let answer = rig.send(of("@alpha/gpt-4o")).await;
        assert_eq!((answer.status.as_u16(), answer.header("x-ratelimit-remaining-requests")), (status, remaining));
    }
    let rig = rig.restart().await;
    assert_eq!(rig.send(of("@alpha/gpt-4o")).await.status, 429);
    rig.house.clock.advance(60_000);
    assert_eq!(rig.send(of("@alpha/gpt-4o")).await.status, 200);
}

#[tokio::test]
async fn what_a_running_call_is_let_in_under_stands_in_the_open_file() {
    let rate = "rate_limit = { type = \"requests\", unit = \"rpm\", value = 9 }";
    let rig = rig(&format!("{rate}\nbudget = {{ type = \"tokens\", credit_limit = 100000 }}"), false).await;
    rig.upstream.acts(|seen| honest(seen).ends(End::Hang));
    let cached = r#"{"provider":"@alpha","cache":{"mode":"simple"}}"#;
    let asked = json!({ "seed": 3, "max_tokens": 10, "stream": true });
    let mut bodies = Vec::new();
    for _ in 0..2 {
        let mut body = rig.open(with(call(&asked), "x-portkey-config", cached)).await.into_body();
        events(&mut body, 3).await;
        bodies.push(body);
    }
    assert_eq!(rig.upstream.seen().len(), 1, "the second call shares the first one's answer");
    let file = rig.folder.path().join("data/open.slots");
    let holds = Slots::open(&file).expect("the open file").1.holds;
    let calls = |window: bool| {
        let held = holds.iter().filter(|hold| hold.window == window);
        held.map(|hold| hold.call.as_ref()).collect::<BTreeSet<_>>()
    };
    assert_eq!((calls(true).len(), calls(false).len()), (2, 1), "{holds:?}");
}
