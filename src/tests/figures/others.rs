//! What else is drawn from calls, held against the rows: feedback, and the figures that stand beside providers, models,
//! keys, configs and logs.
#![expect(clippy::expect_used, reason = "what cannot be asked is a failed test")]

use super::graphs::Span;
use super::pages::{Case, DAY, HOUR, groups};
use super::{beside, console, feedback};
use crate::rig::{NOW, Rig, Scene, Yard, get, post, with};
use app::model::analytics::{Each, Tab};
use app::model::range::{MINUTE, Range};
use serde_json::{Value, json};

const PLAIN: &str = "sy-plain000000000000000000000000000";
const ROUNDS: [&str; 3] = ["fresh", "added up", "made again"];

/// Calls of a day and a bit, half of them at either end of it, and what was said of them some minutes later.
async fn spoken() -> Rig {
    let configs = &[("pc-kept", r#"{"cache":{"mode":"simple"}}"#)];
    let rig = Rig::of(Yard { configs, providers: &[("beta", "openai")], ..Yard::default() }).await;
    for number in 0..50 {
        let wait = if number < 42 { 13 * MINUTE } else { MINUTE };
        call(&rig, number).await;
        rig.house.clock.advance(wait / 2);
        opine(&rig, number).await;
        rig.house.clock.advance(wait - wait / 2 + if number == 20 { 15 * HOUR } else { 0 });
    }
    call(&rig, 53).await;
    rig.house.clock.advance(20_000);
    rig
}

/// Answered, failing, kept and refused ones, and ones made elsewhere, which take as long as they say. Four have a trace.
async fn call(rig: &Rig, number: usize) {
    let (model, status) = [
        ("@sandbox/echo", 200),
        ("@alpha/gpt-4o", 200),
        ("@alpha/gpt-4o", 429),
        ("", 200),
        ("@sandbox/json", 200),
        ("", 503),
        ("@nobody/gpt", 400),
    ][number % 7];
    let env = if number.is_multiple_of(3) { "dev" } else { "prod" };
    let usage = json!({ "prompt_tokens": 100 + number, "completion_tokens": 10, "total_tokens": 110 + number });
    let reply = json!({ "object": "chat.completion", "model": "gpt-4o", "choices": [], "usage": usage });
    let mut request = if model.is_empty() {
        let provider = if status == 200 { "beta" } else { "alpha" };
        let asked = json!({ "url": "https://a.example/v1", "provider": provider, "body": { "model": "gpt-4o" } });
        let response = json!({ "status": status, "response_time": 200 + 97 * number, "body": reply });
        let entry = json!({ "request": asked, "response": response, "metadata": { "env": env } });
        post("/v1/logs", entry.to_string())
    } else {
        let kept = model == "@sandbox/json";
        let (user, words) = if kept { ("ada", String::new()) } else { ("bob", number.to_string()) };
        let messages = json!([{ "role": "user", "content": format!("again {words}") }]);
        let body = json!({ "model": model, "user": user, "messages": messages });
        let mut request = post("/v1/chat/completions", body.to_string());
        if !number.is_multiple_of(4) {
            request = with(request, "x-portkey-metadata", &json!({ "env": env }).to_string());
        }
        if number % 5 == 4 {
            request = with(request, "x-portkey-api-key", PLAIN);
        }
        if kept { with(request, "x-portkey-config", "pc-kept") } else { request }
    };
    if model.starts_with("@alpha") {
        rig.upstream.then(Scene::json(status, reply.to_string()));
    }
    if !number.is_multiple_of(7) {
        request = with(request, "x-portkey-trace-id", &format!("t-{}", number / 4));
    }
    let answer = rig.send(request).await;
    assert_eq!(answer.status, if model.is_empty() { 200 } else { status }, "{model}: {}", answer.text());
}

/// Of the newest call's trace, now and then of one that nobody called. Weights add up to the last bit.
async fn opine(rig: &Rig, number: usize) {
    if number % 3 == 2 {
        return;
    }
    let newest = rig.last().await["metrics"]["trace_id"].clone();
    let trace = if number % 10 == 9 { json!("t-nobody") } else { newest };
    let say = |turn: usize| {
        let (value, weight) = ([5, -3, 0, 10, -10][turn % 5], [1.0, 0.5, 0.25, 0.0][turn % 4]);
        json!({ "trace_id": trace, "value": value, "weight": weight })
    };
    let said = if number.is_multiple_of(6) { json!([say(number), say(number + 1)]) } else { say(number) };
    let answer = rig.send(post("/v1/feedback", said.to_string())).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

async fn again(rig: &Rig, round: &str) {
    let now = rig.house.clock.now();
    match round {
        "added up" => console::add_up(rig, now).await,
        "made again" => _ = rig.house.store.rebuild_rollups(now, |_, _| {}).await.expect("figures"),
        _ => {}
    }
}

const ALPHA: (&str, &str) = ("alpha", "provider = 'alpha'");

async fn answer(rig: &Rig, path: &str) -> Value {
    let answer = rig.send(get(path)).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.json()
}

#[tokio::test]
async fn feedback_is_told_as_it_was_given_fresh_added_up_and_made_again() {
    let rig = spoken().await;
    let (seat, mut journal) = (console::seat(&rig), console::journal(&rig).await);
    let today = NOW + 12 * HOUR;
    for round in ROUNDS {
        println!("{round}");
        again(&rig, round).await;
        for (place, group) in groups().iter().enumerate() {
            for span in [
                (Each::Hour, NOW + 22 * HOUR, NOW + 25 * HOUR),
                (Each::Day, today, today + DAY),
                (Each::Fitting, NOW, NOW + 25 * HOUR),
            ] {
                let [(bare, _), others @ ..] = beside::filters(ALPHA);
                let (narrowed, _) = others[place % others.len()].clone();
                let all = feedback::page(&seat, &mut journal, &Case::new(Tab::Feedback, group, span, bare)).await;
                let few = feedback::page(&seat, &mut journal, &Case::new(Tab::Feedback, group, span, narrowed)).await;
                assert!(few < all && (few > 0 || span.0 != Each::Fitting), "{group:?} {span:?}: {few} of {all}");
            }
        }
        for (from, to) in [(NOW, NOW + 4 * HOUR), (NOW - DAY, NOW + 2 * DAY)] {
            for filter in [
                ("", "1"),
                ("&status_code=200", "status = 200"),
                ("&virtual_keys=alpha", "provider = 'alpha'"),
                ("&metadata=%7B%22env%22%3A%22prod%22%7D", "metadata ->> 'env' = 'prod'"),
            ] {
                let ask = async |path: &str| answer(&rig, path).await;
                let said = feedback::graphs(ask, &mut journal, Span { from, to }, filter).await;
                assert!(said > 0, "{filter:?}");
            }
        }
    }
}

#[tokio::test]
async fn no_feedback_and_no_rescue_is_of_a_prompt_that_no_call_has() {
    let rig = Rig::new().await;
    rig.upstream.then(Scene::json(503, r#"{"error":{"message":"busy"}}"#));
    rig.upstream.then(Scene::json(200, r#"{"object":"chat.completion","model":"gpt-4o","choices":[]}"#));
    let ask = post("/v1/chat/completions", r#"{"model":"@alpha/gpt-4o","messages":[]}"#);
    let answer = rig.send(with(ask, "x-portkey-config", r#"{"retry":{"attempts":1}}"#)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    opine(&rig, 1).await;
    for (path, field) in [
        ("graphs/requests", "total"),
        ("graphs/requests/rescued", "retry"),
        ("graphs/feedbacks", "total"),
        ("graphs/feedbacks/scores", "total"),
    ] {
        for (filter, count) in [("", 1), ("&prompt_slug=pp-none", 0)] {
            let told = super::told(&rig, path, filter).await;
            assert_eq!(told["summary"][field], count, "{path}{filter}: {told}");
        }
    }
}

#[tokio::test]
async fn providers_models_keys_configs_and_logs_tell_what_the_rows_say() {
    let rig = spoken().await;
    let (seat, mut journal) = (console::seat(&rig), console::journal(&rig).await);
    for round in ROUNDS {
        println!("{round}");
        again(&rig, round).await;
        let (drawn, failed) = beside::providers(&seat, &mut journal).await;
        assert!(drawn > 2 && failed > 0, "{drawn} lines");
        beside::models(&seat, &mut journal).await;
        let (keys, kept) = beside::keys_and_configs(&seat, &mut journal).await;
        assert!(keys > 1 && kept > 0, "{keys} keys, {kept} calls");
        for range in [Range::Day, Range::Between(NOW, NOW + 3 * HOUR), Range::Between(NOW - 4 * DAY, NOW + 2 * DAY)] {
            for filter in beside::filters(ALPHA) {
                beside::logs(&seat, &mut journal, range, filter).await;
            }
        }
    }
}
