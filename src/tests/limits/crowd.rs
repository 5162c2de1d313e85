//! A crowd on one exact budget: streams, retries, hedges and callers who leave.

use super::{IN, OUT, PROMPT, asked, billionths, call, events, figures, honest, key, nanos, served};
use crate::rig::{Answer, End, Rig, Scene, Seen, Yard, get, with};
use futures_util::future::join_all;
use http_body_util::BodyExt;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use std::time::Duration;

const CALLS: usize = 1_000;
/// Calls at one time.
const CROWD: usize = 50;

const CONFIGS: &[(&str, &str)] = &[
    ("pc-again", r#"{"retry":{"attempts":3,"on_status_codes":[500]}}"#),
    (
        "pc-hedged",
        r#"{"strategy":{"mode":"fallback","hedge":{"after":3}},"targets":[{"provider":"@alpha"},{"provider":"@beta"}]}"#,
    ),
];

/// Fails, is slow or hangs as the call's `user` says; else answers.
fn moody(seen: &Seen) -> Scene {
    let asked = asked(seen);
    match asked["user"].as_str().unwrap_or_default() {
        "fails" if rand::random_bool(0.6) => Scene::json(500, r#"{"error":{"message":"no"}}"#),
        "slow" => Scene { delay: Duration::from_millis(rand::random_range(0..12)), ..honest(seen) },
        "hangs" => {
            let mut scene = honest(seen).ends(End::Hang);
            scene.chunks.truncate(usize::try_from(served(seen).min(3)).expect("few"));
            scene
        }
        _ => honest(seen),
    }
}

/// Nano-dollars of what the provider did for a request, as it would bill it.
fn billed(seen: &Seen) -> u64 {
    match asked(seen)["user"].as_str().unwrap_or_default() {
        // What of these failed is not known here.
        "fails" => 0,
        "hangs" => PROMPT * IN + served(seen).min(3) * OUT,
        _ => PROMPT * IN + served(seen) * OUT,
    }
}

/// One call of the crowd. `None`: its caller left.
async fn join(rig: &Rig, mood: &str, seed: u64, bound: Option<u64>) -> Option<Answer> {
    let stream = matches!(mood, "streams" | "hangs");
    let request = call(&json!({ "user": mood, "seed": seed, "max_tokens": bound, "stream": stream }));
    match mood {
        "fails" => Some(rig.send(with(request, "x-portkey-config", "pc-again")).await),
        "slow" => Some(rig.send(with(request, "x-portkey-config", "pc-hedged")).await),
        "leaves" => tokio::time::timeout(Duration::from_millis(1), rig.send(request)).await.ok(),
        "hangs" => {
            let answer = rig.open(request).await;
            if answer.status() != 200 {
                let (head, body) = answer.into_parts();
                let bytes = body.collect().await.expect("a body").to_bytes();
                return Some(Answer { status: head.status, headers: head.headers, bytes });
            }
            let mut body = answer.into_body();
            events(&mut body, usize::try_from(seed.min(3).min(bound.unwrap_or(3))).expect("few")).await;
            None
        }
        _ => Some(rig.send(request).await),
    }
}

/// The crowd calls; what was refused for want of budget.
async fn crowd(rig: &Rig, seed: u64, calls: usize) -> Vec<Value> {
    let mut dice = StdRng::seed_from_u64(seed);
    let mut refused = Vec::new();
    let moods = ["plain", "streams", "fails", "slow", "leaves", "hangs"];
    for _ in 0..calls / CROWD {
        let calls: Vec<_> = (0..CROWD)
            .map(|_| {
                let bound = dice.random_bool(0.8).then(|| dice.random_range(1..400));
                (moods[dice.random_range(0..moods.len())], dice.random_range(1..500), bound)
            })
            .collect();
        let answers = join_all(calls.iter().map(|(mood, seed, bound)| join(rig, mood, *seed, *bound))).await;
        for answer in answers.into_iter().flatten() {
            match answer.status.as_u16() {
                200 | 500 => {}
                412 => refused.push(answer.json()),
                other => panic!("{other}: {}", answer.text()),
            }
        }
    }
    refused
}

async fn sum_of_rows(rig: &Rig) -> i64 {
    let (mut sum, mut cursor) = (0, String::new());
    loop {
        let page = rig.send(get(&format!("/v1/logs?page_size=100{cursor}"))).await.json();
        let rows = page["data"].as_array().expect("a list");
        sum += rows.iter().map(|row| nanos_of_cents(&row["metrics"]["cost"])).sum::<i64>();
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    sum
}

/// The log tells a cost in cents.
fn nanos_of_cents(cost: &Value) -> i64 {
    if cost.is_null() { 0 } else { billionths(cost, 7) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_never_spends_more_than_the_budget_and_is_refused_nothing_that_is_left() {
    let seed = rand::random();
    println!("seed {seed}");
    let limit: i64 = 3_000_000_000;
    let tables = key("budget = { type = \"cost\", credit_limit = 3 }");
    let rig =
        Rig::of(Yard { tables: &tables, providers: &[("beta", "openai")], configs: CONFIGS, ..Yard::default() }).await;
    rig.upstream.acts(moody);
    rig.provider("beta").acts(moody);
    let refused = crowd(&rig, seed, CALLS).await;
    for told in &refused {
        let budget = &told["budget"];
        let left = nanos(&budget["left"]);
        assert!(left == 0 || left < nanos(&budget["needed"]), "what is left would have covered it: {told}");
    }
    let (spent, reserved, unsettled) = figures(&rig).await;
    println!("{spent} of {limit} spent, {unsettled} unsettled, {} refused", refused.len());
    assert!(spent + unsettled <= limit && reserved == 0, "{spent} {reserved} {unsettled}");
    assert!(!refused.is_empty(), "the budget was not put to the test");
    let billed: u64 = rig.ledger.lock().expect("a ledger").iter().map(billed).sum();
    assert!(
        i64::try_from(billed).expect("small") <= spent + unsettled,
        "{billed} billed, {spent} and {unsettled} held"
    );
    // What is left is there to the last token.
    let left = u64::try_from(limit - spent - unsettled).expect("left");
    let prompt = if left > 0 { prompt_of(&rig).await } else { 0 };
    let room = left.checked_sub(prompt * IN).map_or(0, |rest| rest / OUT);
    if room > 0 {
        let more = rig.send(call(&json!({ "max_tokens": room + 1 }))).await;
        assert_eq!(more.status, 412, "{room} tokens are left: {}", more.text());
        let fits = rig.send(call(&json!({ "max_tokens": room, "seed": room }))).await;
        assert_eq!(fits.status, 200, "{room} tokens are left: {}", fits.text());
    }
    let before = figures(&rig).await;
    let rig = rig.restart().await;
    assert_eq!(figures(&rig).await, before, "what is committed is what was counted");
    assert_eq!(sum_of_rows(&rig).await, before.0, "and what the rows add up to");
}

/// Tokens that the prompt of these tests is counted at.
async fn prompt_of(rig: &Rig) -> u64 {
    let told = rig.send(call(&json!({ "max_tokens": 10_000_000 }))).await.json();
    let needed = u64::try_from(nanos(&told["budget"]["needed"])).expect("needed");
    (needed - 10_000_000 * OUT) / IN
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_crash_cuts_stays_within_the_budget_and_covers_what_was_served() {
    let limit: i64 = 4_000_000_000;
    let tables = key("budget = { type = \"cost\", credit_limit = 4.0 }");
    let rig =
        Rig::of(Yard { tables: &tables, providers: &[("beta", "openai")], configs: CONFIGS, ..Yard::default() }).await;
    rig.upstream.acts(moody);
    rig.provider("beta").acts(moody);
    crowd(&rig, rand::random(), CROWD).await;
    let mut open = Vec::new();
    for seed in 0..6 {
        let request = call(&json!({ "user": "hangs", "seed": 3 + seed, "max_tokens": 300, "stream": true }));
        let answer = rig.open(request).await;
        if answer.status() == 200 {
            let mut body = answer.into_body();
            events(&mut body, 1).await;
            open.push(body);
        }
    }
    assert!(!open.is_empty(), "nothing was in flight");
    let last = open.pop().expect("one");
    open.into_iter().for_each(std::mem::forget);
    let rig = rig.cut(last).await;
    let (spent, reserved, unsettled) = figures(&rig).await;
    assert!(spent + unsettled <= limit && unsettled > 0 && reserved == 0, "{spent} {reserved} {unsettled}");
    let billed: u64 = rig.ledger.lock().expect("a ledger").iter().map(billed).sum();
    assert!(
        i64::try_from(billed).expect("small") <= spent + unsettled,
        "{billed} billed, {spent} and {unsettled} held"
    );
}
