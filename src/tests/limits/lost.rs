//! Attempts that can have cost nothing, and those of which nobody knows what they came to.

use super::{IN, OUT, PROMPT, billionths, call, figures, honest, key, nanos};
use crate::rig::{End, Rig, Scene, Yard, with};
use serde_json::json;
use std::net::TcpListener;

const BUDGET: &str = "budget = { type = \"cost\", credit_limit = 1, periodic_reset = \"monthly\" }";
const BOTH: &[(&str, &str)] =
    &[("pc-both", r#"{"strategy":{"mode":"fallback"},"targets":[{"provider":"@alpha"},{"provider":"@beta"}]}"#)];

fn provider(slug: &str, url: &str) -> String {
    format!("[[provider]]\nslug = \"{slug}\"\nvendor = \"openai\"\nbase_url = \"{url}\"\nkey = \"sk-1\"\n")
}

/// What an attempt at `model` comes to, and what its row says that it cost.
async fn tried(rig: &Rig, model: &str) -> (u16, (i64, i64, i64), Option<i64>) {
    let asked = call(&json!({ "model": model, "max_tokens": 100 }));
    let answer = rig.send(with(asked, "x-portkey-request-timeout", "300")).await;
    (answer.status.as_u16(), figures(rig).await, cost(rig).await)
}

/// What the newest row says that its call cost, nano-dollars. The clock goes on, so that the next one is newer.
async fn cost(rig: &Rig) -> Option<i64> {
    let cost = rig.last().await["metrics"]["cost"].clone();
    rig.house.clock.advance(1_000);
    (!cost.is_null()).then(|| billionths(&cost, 7))
}

#[tokio::test]
async fn an_attempt_that_was_never_sent_or_was_refused_costs_nothing() {
    let mute = TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = |listener: &TcpListener| listener.local_addr().expect("an address");
    let closed = at(&TcpListener::bind("127.0.0.1:0").expect("a port"));
    let tables = key(BUDGET)
        // Its handshake never ends.
        + &provider("mute", &format!("https://{}/v1", at(&mute)))
        + &provider("closed", &format!("http://{closed}/v1"));
    let rig = Rig::of(Yard { tables: &tables, ..Yard::default() }).await;
    for (model, status) in [("@mute/gpt-4o", 408), ("@closed/gpt-4o", 502)] {
        assert_eq!(tried(&rig, model).await, (status, (0, 0, 0), Some(0)), "{model}");
    }
    let error = r#"{"error":{"message":"no"}}"#;
    let refusals: [fn() -> Scene; 3] = [
        || Scene::json(500, r#"{"error":{"message":"no"}}"#),
        || Scene::json(503, "half").ends(End::Reset),
        || Scene::json(500, "half").ends(End::Hang),
    ];
    for refusal in refusals {
        rig.upstream.then(refusal());
        let (status, spent, cost) = tried(&rig, "@alpha/gpt-4o").await;
        assert!(status >= 400 && spent == (0, 0, 0) && cost == Some(0), "{status} {spent:?} {cost:?}");
    }
    rig.upstream.then(Scene::events(&[&format!("data: {error}")]));
    assert!(rig.send(call(&json!({ "max_tokens": 100, "stream": true }))).await.text().contains("no"));
    assert_eq!(figures(&rig).await, (0, 0, 0), "a stream that begins with an error");
}

#[tokio::test]
async fn what_was_lost_sight_of_stays_held_and_the_log_tells_what_is_known() {
    let yard = Yard { tables: &key(BUDGET), providers: &[("beta", "openai")], configs: BOTH, ..Yard::default() };
    let rig = Rig::of(yard).await;
    rig.provider("beta").acts(honest);
    let mut held = 0;
    for end in [End::Closed, End::Mute] {
        rig.upstream.then(Scene::json(200, "").ends(end));
        let (status, (spent, reserved, unsettled), cost) = tried(&rig, "@alpha/gpt-4o").await;
        assert!(status >= 400 && (spent, reserved, cost) == (0, 0, None), "{status} {spent} {reserved}");
        assert!(unsettled - held >= i64::try_from(100 * OUT).expect("small"), "{unsettled} after {held}");
        held = unsettled;
    }
    rig.upstream.then(Scene::json(200, "").ends(End::Closed));
    let fallen =
        with(call(&json!({ "model": "gpt-4o", "seed": 10, "max_tokens": 100 })), "x-portkey-config", "pc-both");
    assert_eq!(rig.send(fallen).await.status, 200);
    let served = i64::try_from(PROMPT * IN + 10 * OUT).expect("small");
    let (spent, reserved, unsettled) = figures(&rig).await;
    assert_eq!((spent, reserved, unsettled), (served, 0, held / 2 * 3), "the provider that answered is paid");
    assert_eq!(cost(&rig).await, Some(served));
    let rig = rig.restart().await;
    assert_eq!(figures(&rig).await, (spent, 0, unsettled), "and all of it is remembered");
    let refused = rig.send(call(&json!({ "max_tokens": 1_000_000 }))).await;
    assert_eq!(nanos(&refused.json()["budget"]["unsettled"]), unsettled, "{}", refused.text());
    rig.house.clock.advance(7 * 86_400_000);
    rig.upstream.acts(honest);
    assert_eq!(rig.send(call(&json!({ "seed": 10, "max_tokens": 100 }))).await.status, 200);
    let kept = || async { rig.house.store.remembered(0).await.expect("what is kept").unsettled.len() };
    assert_eq!(kept().await, 1);
    rig.house.store.prune_unsettled().await.expect("pruned");
    assert_eq!((kept().await, figures(&rig).await), (0, (served, 0, 0)), "what is over is not held");
}
