//! Budgets that hold to the last nano-dollar, and rate limits that hold in every sliding minute.
#![expect(clippy::expect_used, clippy::panic, reason = "a figure that cannot be read is a failed test")]

mod admin;
mod budgets;
mod crowd;
mod loose;
mod lost;
mod rates;
mod untold;

use super::rig::{Answer, Rig, Scene, Seen, get, post, with};
use http::{Method, Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};

pub const LIMITED: &str = "sy-limited0000000000000000000000000";
/// Nano-dollars of a token of `gpt-4o`, in and out.
pub const IN: u64 = 2_500;
pub const OUT: u64 = 10_000;
/// What the scripted provider counts for the prompts of these tests.
pub const PROMPT: u64 = 8;

/// A further key with these lines.
pub fn key(lines: &str) -> String {
    format!("[[api_key]]\nname = \"limited\"\nvalue = \"{LIMITED}\"\n{lines}\n")
}

/// A provider that keeps to the bound it is sent: it writes `seed` tokens, or as many as it may.
pub fn honest(seen: &Seen) -> Scene {
    let (asked, tokens) = (asked(seen), served(seen));
    let usage = json!({ "prompt_tokens": PROMPT, "completion_tokens": tokens, "total_tokens": PROMPT + tokens });
    if asked["stream"] == true {
        let delta = |text: &str| json!({ "object": "chat.completion.chunk", "model": "gpt-4o", "choices": [{ "index": 0, "delta": { "content": text } }] });
        let mut events: Vec<String> = (0..tokens.min(3)).map(|_| format!("data: {}", delta("so "))).collect();
        let end = json!({ "model": "gpt-4o", "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] });
        let last = json!({ "model": "gpt-4o", "choices": [], "usage": usage });
        events.extend([format!("data: {end}"), format!("data: {last}"), "data: [DONE]".to_owned()]);
        return Scene::events(&events.iter().map(String::as_str).collect::<Vec<_>>());
    }
    let choice = json!({ "index": 0, "message": { "role": "assistant", "content": "so" }, "finish_reason": "stop" });
    let body = json!({ "object": "chat.completion", "model": "gpt-4o", "choices": [choice], "usage": usage });
    Scene::json(200, body.to_string())
}

/// Tokens that [`honest`] writes.
pub fn served(seen: &Seen) -> u64 {
    let asked = asked(seen);
    let bound = ["max_completion_tokens", "max_tokens"].iter().filter_map(|name| asked[*name].as_u64()).max();
    asked["seed"].as_u64().unwrap_or(5).min(bound.unwrap_or(u64::MAX))
}

pub fn asked(seen: &Seen) -> Value {
    serde_json::from_slice(&seen.body).unwrap_or_default()
}

/// A call of the limited key with these fields.
pub fn call(fields: &Value) -> Request<axum::body::Body> {
    let mut body = json!({ "model": "@alpha/gpt-4o", "messages": [{ "role": "user", "content": "hi" }] });
    for (name, value) in fields.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    with(post("/v1/chat/completions", body.to_string()), "x-portkey-api-key", LIMITED)
}

/// The limited key as the admin API shows it.
pub async fn shown(rig: &Rig) -> Value {
    let keys = rig.send(get("/v1/api-keys")).await.json();
    let key = keys["data"].as_array().and_then(|keys| keys.iter().find(|key| key["name"] == "limited"));
    key.expect("the limited key").clone()
}

/// Nano-dollars of a figure in dollars.
pub fn nanos(value: &Value) -> i64 {
    billionths(value, 9)
}

/// A figure with so many decimals, without its point.
pub fn billionths(value: &Value, decimals: usize) -> i64 {
    let figure = value.as_f64().unwrap_or_else(|| panic!("{value} is no figure"));
    format!("{figure:.decimals$}").replace('.', "").parse().expect("a number")
}

/// Reads so many events of a stream.
pub async fn events(body: &mut axum::body::Body, count: usize) {
    let mut seen = 0;
    while seen < count {
        let frame = body.frame().await.expect("a chunk").expect("a whole one");
        seen += String::from_utf8_lossy(frame.data_ref().map_or(&[][..], |data| &data[..])).matches("data:").count();
    }
}

/// What is spent, reserved and unsettled of the limited key's budget.
pub async fn figures(rig: &Rig) -> (i64, i64, i64) {
    let usage = shown(rig).await["usage_limits"].clone();
    let figure =
        |name: &str| if usage["type"] == "cost" { nanos(&usage[name]) } else { usage[name].as_i64().expect(name) };
    (figure("current_usage"), figure("reserved"), figure("unsettled"))
}

/// One request of the admin API.
pub async fn admin(rig: &Rig, method: Method, path: &str, body: &Value) -> Answer {
    let mut request = post(path, body.to_string());
    *request.method_mut() = method;
    rig.send(request).await
}
