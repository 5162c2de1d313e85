//! What is held of a budget by a prompt's bytes, as long as there is plenty.

use super::{admin, asked, call, events, figures, honest, key};
use crate::rig::{End, Rig, Yard, with};
use axum::body::Body;
use http::{Method, Request};
use serde_json::{Value, json};

const CREDIT: i64 = 100_000;

async fn rig() -> Rig {
    let lines = format!("budget = {{ type = \"tokens\", credit_limit = {CREDIT} }}");
    let rig = Rig::of(Yard { tables: &key(&lines), ..Yard::default() }).await;
    rig.upstream.acts(honest);
    rig
}

/// A stream that hangs after its third word, and holds its prompt by bytes. What is spent, and what it holds.
async fn running(rig: &Rig, call: impl Fn(&Value) -> Request<Body>) -> (Body, i64, i64) {
    let first = rig.send(call(&json!({ "seed": 1, "max_tokens": 1 }))).await;
    assert_eq!(first.status, 200, "the first one waits for the tables: {}", first.text());
    rig.upstream.acts(|seen| honest(seen).ends(End::Hang));
    let long = json!([{ "role": "user", "content": "internationalization ".repeat(20) }]);
    let fields = json!({ "messages": long, "seed": 3, "max_tokens": 10, "stream": true });
    let mut body = rig.open(call(&fields)).await.into_body();
    events(&mut body, 3).await;
    rig.upstream.acts(honest);
    let (spent, by_bytes, _) = figures(rig).await;
    assert!(by_bytes > 420, "{by_bytes}");
    (body, spent, by_bytes)
}

#[tokio::test]
async fn it_is_counted_before_anything_is_refused() {
    let rig = rig().await;
    let (body, spent, by_bytes) = running(&rig, call).await;
    let all_but_its_prompt = json!({ "seed": 1, "max_tokens": CREDIT - spent - by_bytes });
    let fits = rig.send(call(&all_but_its_prompt)).await;
    assert_eq!(fits.status, 200, "{}", fits.text());
    let (spent, counted, _) = figures(&rig).await;
    assert!(counted < 200 && counted > 20, "{counted}");
    let too_much = json!({ "seed": 1, "max_tokens": CREDIT - spent - counted });
    assert_eq!(rig.send(call(&too_much)).await.status, 412);
    drop(body);
    let (spent, reserved, _) = figures(&rig).await;
    assert!(reserved == 0 && spent < 300, "{spent} {reserved}");
}

#[tokio::test]
async fn it_is_counted_before_an_open_answer_is_bounded() {
    let rig = rig().await;
    let (body, _, by_bytes) = running(&rig, call).await;
    let most = json!({ "seed": 92_000, "max_tokens": 92_000 });
    assert_eq!(rig.send(call(&most)).await.status, 200);
    let (spent, held, _) = figures(&rig).await;
    assert_eq!(held, by_bytes, "it left plenty for what it asked for itself");
    assert_eq!(rig.send(call(&json!({ "seed": 5 }))).await.status, 200);
    let seen = rig.upstream.seen();
    let bound = asked(seen.last().expect("a call"))["max_completion_tokens"].as_i64().expect("a bound");
    let (_, counted, _) = figures(&rig).await;
    assert!(counted < 200, "{counted}");
    let left = CREDIT - spent - counted;
    assert!((left - 30..left).contains(&bound), "{bound} of {left}");
    drop(body);
    assert_eq!(figures(&rig).await.1, 0);
}

#[tokio::test]
async fn a_limit_that_is_lowered_meanwhile_counts_it_too() {
    let rig = Rig::new().await;
    rig.upstream.acts(honest);
    let limits = |credit: i64| json!({ "type": "tokens", "credit_limit": credit });
    let wish = json!({ "name": "limited", "scopes": ["completions.write"], "usage_limits": limits(CREDIT) });
    let made = admin(&rig, Method::POST, "/v1/api-keys/workspace/service", &wish).await.json();
    let (id, secret) = (made["id"].as_str().expect("an id"), made["key"].as_str().expect("a secret"));
    let call = |fields: &Value| with(call(fields), "x-portkey-api-key", secret);
    let (body, spent, by_bytes) = running(&rig, call).await;
    let lowered = spent + by_bytes + 20;
    let path = format!("/v1/api-keys/{id}");
    assert_eq!(admin(&rig, Method::PUT, &path, &json!({ "usage_limits": limits(lowered) })).await.status, 200);
    assert_eq!(figures(&rig).await, (spent, by_bytes, 0));
    let fits = rig.send(call(&json!({ "seed": 1, "max_tokens": 200 }))).await;
    assert_eq!(fits.status, 200, "{}", fits.text());
    let (spent, counted, _) = figures(&rig).await;
    assert!(counted < 200, "{counted}");
    let too_much = json!({ "seed": 1, "max_tokens": lowered - spent - counted });
    assert_eq!(rig.send(call(&too_much)).await.status, 412);
    drop(body);
    let (spent, reserved, _) = figures(&rig).await;
    assert!(reserved == 0 && spent < lowered, "{spent} {reserved}");
}
