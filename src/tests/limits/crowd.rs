//! A crowd on one exact budget: streams, retries, hedges and callers who leave.

use super::{IN, OUT, PROMPT, asked, billionths, call, events, figures, honest, key, nanos, served};
use crate::rig::{Answer, End, Rig, Scene, Seen, Yard, get, with};
use http_body_util::BodyExt;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

/// Calls at one time.
const CROWD: usize = 1_000;
/// The least that an open answer is bounded to, tokens.
const LEAST: u64 = 256;
const MOODS: [&str; 6] = ["plain", "streams", "fails", "slow", "leaves", "hangs"];

/// Why a provider fails.
const WORN: &str = "worn out";

const CONFIGS: &[(&str, &str)] = &[
    ("pc-again", r#"{"retry":{"attempts":3,"on_status_codes":[500]}}"#),
    (
        "pc-hedged",
        r#"{"strategy":{"mode":"fallback","hedge":{"after":3}},"targets":[{"provider":"@alpha"},{"provider":"@beta"}]}"#,
    ),
];

/// Nano-dollars of what the providers did, as they would bill it.
#[derive(Clone, Default)]
struct Billed(Arc<AtomicU64>);

/// One call of the crowd.
#[derive(Clone, Copy)]
struct Caller {
    mood: &'static str,
    seed: u64,
    bound: Option<u64>,
}

impl Billed {
    /// Fails, is slow or hangs as the call's `user` says; else answers.
    fn act(&self, seen: &Seen) -> Scene {
        let asked = asked(seen);
        let (scene, tokens) = match asked["user"].as_str().unwrap_or_default() {
            "fails" if rand::random_bool(0.6) => {
                return Scene::json(500, json!({ "error": { "message": WORN } }).to_string());
            }
            "slow" => (Scene { delay: Duration::from_millis(rand::random_range(0..12)), ..honest(seen) }, served(seen)),
            "hangs" => {
                let (mut scene, tokens) = (honest(seen).ends(End::Hang), served(seen).min(3));
                scene.chunks.truncate(usize::try_from(tokens).expect("few"));
                (scene, tokens)
            }
            _ => (honest(seen), served(seen)),
        };
        self.0.fetch_add(PROMPT * IN + tokens * OUT, Ordering::Relaxed);
        scene
    }

    fn sum(&self) -> i64 {
        i64::try_from(self.0.load(Ordering::Relaxed)).expect("small")
    }

    async fn rig(&self, credit: u64) -> Rig {
        let tables = key(&format!("budget = {{ type = \"cost\", credit_limit = {credit} }}"));
        let yard = Yard { tables: &tables, providers: &[("beta", "openai")], configs: CONFIGS, ..Yard::default() };
        let rig = Rig::of(yard).await;
        for provider in ["alpha", "beta"] {
            let billed = self.clone();
            rig.provider(provider).acts(move |seen| billed.act(seen));
        }
        rig
    }
}

impl Caller {
    fn any(dice: &mut StdRng) -> Self {
        let bound = dice.random_bool(0.97).then(|| dice.random_range(1..400));
        Self { mood: MOODS[dice.random_range(0..MOODS.len())], seed: dice.random_range(1..500), bound }
    }

    /// `None`: it left.
    async fn call(self, rig: &Rig) -> Option<Answer> {
        let Self { mood, seed, bound } = self;
        let stream = matches!(mood, "streams" | "hangs");
        let request = call(&json!({ "user": mood, "seed": seed, "max_tokens": bound, "stream": stream }));
        match mood {
            "fails" => Some(rig.send(with(request, "x-portkey-config", "pc-again")).await),
            "slow" => Some(rig.send(with(request, "x-portkey-config", "pc-hedged")).await),
            "leaves" => {
                let patience = Duration::from_millis(rand::random_range(0..20));
                tokio::time::timeout(patience, rig.send(request)).await.ok()
            }
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
}

/// So many call at one time, each in a task of its own; what was refused for want of budget, with the tokens asked for.
async fn crowd(rig: &Arc<Rig>, dice: &mut StdRng, calls: usize) -> Vec<(u64, Value)> {
    let start = Arc::new(Barrier::new(calls));
    let mut tasks = JoinSet::new();
    for _ in 0..calls {
        let (rig, start, caller) = (Arc::clone(rig), Arc::clone(&start), Caller::any(dice));
        tasks.spawn(async move {
            start.wait().await;
            (caller, caller.call(&rig).await)
        });
    }
    let mut refused = Vec::new();
    for (caller, answer) in tasks.join_all().await {
        let Some(answer) = answer else { continue };
        match answer.status.as_u16() {
            200 => {}
            500 if caller.mood == "fails" && answer.text().contains(WORN) => {}
            412 => refused.push((caller.bound.unwrap_or(LEAST), answer.json())),
            other => panic!("{} had {other}: {}", caller.mood, answer.text()),
        }
    }
    refused
}

/// What was left would not have covered it, with a prompt of so many tokens.
fn rightly(refused: &[(u64, Value)], prompt: u64) {
    for (least, told) in refused {
        let left = nanos(&told["budget"]["left"]);
        if told["budget"]["needed"].is_null() {
            // Nothing can become free any more: it was not asked how much it would be.
            assert!(left <= 0, "something is left: {told}");
            continue;
        }
        let needed = nanos(&told["budget"]["needed"]);
        assert_eq!(u64::try_from(needed), Ok(prompt * IN + least * OUT), "{told}");
        assert!(left < needed, "what is left would have covered it: {told}");
    }
}

fn alone(rig: Arc<Rig>) -> Rig {
    Arc::try_unwrap(rig).ok().expect("all have left")
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

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_crowd_never_spends_more_than_the_budget_and_is_refused_nothing_that_is_left() {
    let seed = rand::random();
    println!("seed {seed}");
    let (mut dice, limit, billed) = (StdRng::seed_from_u64(seed), 3_000_000_000_i64, Billed::default());
    let rig = Arc::new(billed.rig(3).await);
    let (mut refusals, prompt) = (0, prompt_of(&rig).await);
    while refusals < CROWD / 2 {
        let refused = crowd(&rig, &mut dice, CROWD).await;
        rightly(&refused, prompt);
        refusals += refused.len();
        let (spent, reserved, unsettled) = figures(&rig).await;
        println!("{spent} of {limit} spent, {unsettled} unsettled, {} of {CROWD} refused", refused.len());
        assert!(spent + unsettled <= limit && reserved == 0, "{spent} {reserved} {unsettled}");
        assert!(billed.sum() <= spent + unsettled, "{} billed, {spent} and {unsettled} held", billed.sum());
    }
    assert!(!rig.provider("beta").seen().is_empty(), "nothing was hedged");
    let (spent, _, unsettled) = figures(&rig).await;
    let rig = alone(rig);
    // What is left is there to the last token.
    let left = u64::try_from(limit - spent - unsettled).expect("left");
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
    let (limit, billed) = (4_000_000_000_i64, Billed::default());
    let rig = Arc::new(billed.rig(4).await);
    crowd(&rig, &mut StdRng::seed_from_u64(rand::random()), 50).await;
    let rig = alone(rig);
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
    assert!(billed.sum() <= spent + unsettled, "{} billed, {spent} and {unsettled} held", billed.sum());
}
