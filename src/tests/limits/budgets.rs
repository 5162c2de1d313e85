//! One budget at a time.

use super::{IN, LIMITED, OUT, PROMPT, asked, call, events, figures, honest, key, nanos, shown};
use crate::rig::{End, Rig, Scene, Yard, get, post, with};
use serde_json::{Value, json};

async fn rig(lines: &str) -> Rig {
    let rig = Rig::of(Yard { tables: &key(lines), ..Yard::default() }).await;
    rig.upstream.acts(honest);
    rig
}

#[tokio::test]
async fn a_spent_budget_refuses_and_says_when_there_is_more() {
    let rig = rig("budget = { type = \"cost\", credit_limit = 0.01, periodic_reset = \"monthly\" }").await;
    let first = rig.send(call(&json!({ "seed": 100, "max_tokens": 100 }))).await;
    assert_eq!(first.status, 200, "{}", first.text());
    let spent = i64::try_from(PROMPT * IN + 100 * OUT).expect("small");
    assert_eq!(figures(&rig).await, (spent, 0, 0));
    let refused = rig.send(call(&json!({ "max_tokens": 1_000 }))).await;
    assert_eq!(refused.status, 412, "{}", refused.text());
    let told = refused.json();
    assert_eq!(told["error"]["code"], "budget_exceeded");
    let message = told["error"]["message"].as_str().expect("words");
    for words in ["The budget of API key limited", "$0.01000", "It resets at 2026-12-01T00:00:00Z"] {
        assert!(message.contains(words), "{message}");
    }
    assert_eq!(nanos(&told["budget"]["left"]), 10_000_000 - spent);
    assert_eq!(told["budget"]["resets_at"], "2026-12-01T00:00:00Z");
    assert_eq!((rig.upstream.seen().len(), figures(&rig).await), (1, (spent, 0, 0)));
    // In the same millisecond, either may be the newest.
    let rows = rig.logs().await;
    let refused = rows.iter().find(|row| row["metrics"]["response_status_code"] == 412).expect("a row");
    assert_eq!((rows.len(), refused["metrics"]["cost"].as_f64()), (2, Some(0.0)));
    rig.house.clock.advance(7 * 86_400_000);
    assert_eq!(rig.send(call(&json!({ "max_tokens": 900 }))).await.status, 200);
}

#[tokio::test]
async fn an_open_answer_is_bounded_by_what_is_left() {
    let rig = rig("budget = { type = \"cost\", credit_limit = 0.2 }").await;
    let bound = |at: usize| asked(&rig.upstream.seen()[at])["max_completion_tokens"].as_u64();
    assert_eq!(rig.send(call(&json!({ "seed": 15_000 }))).await.status, 200);
    assert_eq!(bound(0), Some(16_384), "the model's maximum");
    let left = 200_000_000 - figures(&rig).await.0;
    assert_eq!(rig.send(call(&json!({ "seed": 4_600, "stream": true }))).await.status, 200);
    let lowered = bound(1).expect("a bound");
    assert!(
        lowered * OUT <= u64::try_from(left).expect("left")
            && (lowered + 30) * OUT > u64::try_from(left).expect("left")
    );
    let last = rig.send(call(&json!({ "seed": 5 }))).await;
    assert_eq!((last.status.as_u16(), rig.upstream.seen().len()), (200, 3), "{}", last.text());
    let rest = rig.send(call(&json!({ "seed": 5_000 }))).await;
    assert_eq!(rest.status, 200);
    assert_eq!(rig.send(call(&json!({ "seed": 5 }))).await.status, 412, "less than 256 tokens are left");
    let small = rig.send(call(&json!({ "seed": 1, "max_tokens": 1 }))).await;
    let (spent, reserved, _) = figures(&rig).await;
    assert!(spent <= 200_000_000 && reserved == 0, "{spent} {reserved} {}", small.text());
}

#[tokio::test]
async fn tokens_and_requests_have_budgets_too() {
    let tokens = rig("budget = { type = \"tokens\", credit_limit = 120 }").await;
    assert_eq!(tokens.send(call(&json!({ "seed": 50, "max_tokens": 50 }))).await.status, 200);
    assert_eq!(figures(&tokens).await, (58, 0, 0));
    assert_eq!(tokens.send(call(&json!({ "max_tokens": 61 }))).await.status, 412);
    assert_eq!(tokens.send(call(&json!({ "max_tokens": 10 }))).await.status, 200);
    let requests = rig("budget = { type = \"requests\", credit_limit = 2 }").await;
    for status in [200, 200, 412] {
        assert_eq!(requests.send(call(&json!({}))).await.status, status);
    }
}

#[tokio::test]
async fn a_call_that_is_hedged_is_one_request() {
    const HEDGED: &str = r#"{"strategy":{"mode":"fallback","hedge":{"after":3}},"targets":[{"provider":"@alpha"},{"provider":"@beta"}]}"#;
    let tables = key("budget = { type = \"requests\", credit_limit = 2 }");
    let yard = Yard {
        tables: &tables,
        providers: &[("beta", "openai")],
        configs: &[("pc-hedged", HEDGED)],
        ..Yard::default()
    };
    let rig = Rig::of(yard).await;
    rig.provider("beta").acts(honest);
    for (calls, status) in [(1, 200), (2, 200), (2, 412)] {
        rig.upstream.then(Scene::json(200, "").ends(End::Hang));
        let asked = call(&json!({ "model": "gpt-4o", "max_tokens": 9 }));
        let answer = rig.send(with(asked, "x-portkey-config", "pc-hedged")).await;
        assert_eq!((answer.status.as_u16(), figures(&rig).await.0), (status, calls), "{}", answer.text());
    }
    assert_eq!(rig.provider("beta").seen().len(), 2, "the other target had the same call");
}

#[tokio::test]
async fn a_field_named_twice_is_refused_under_a_budget() {
    let rig = rig("budget = { type = \"tokens\", credit_limit = 300 }").await;
    let twice = r#"{"model":"@alpha/gpt-4o","max_tokens":100000,"max_tokens":1,"messages":[]}"#;
    let refused = rig.send(with(post("/v1/chat/completions", twice), "x-portkey-api-key", LIMITED)).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert_eq!(refused.json()["error"]["param"], "max_tokens");
    assert_eq!((rig.upstream.seen().len(), figures(&rig).await), (0, (0, 0, 0)));
}

#[tokio::test]
async fn what_a_failed_or_cancelled_call_used_is_settled() {
    let rig = rig("budget = { type = \"cost\", credit_limit = 1 }").await;
    rig.upstream.acts(|_| Scene::json(500, r#"{"error":{"message":"no"}}"#));
    assert_eq!(rig.send(call(&json!({ "max_tokens": 100 }))).await.status, 500);
    assert_eq!(figures(&rig).await, (0, 0, 0), "a refusal costs nothing");
    rig.upstream.acts(|seen| honest(seen).ends(End::Hang));
    let mut body = rig.open(call(&json!({ "seed": 3, "max_tokens": 100, "stream": true }))).await.into_body();
    events(&mut body, 3).await;
    let (spent, reserved, _) = figures(&rig).await;
    assert!(spent == 0 && reserved >= i64::try_from(100 * OUT).expect("small"), "held while it runs: {reserved}");
    drop(body);
    let (spent, reserved, _) = figures(&rig).await;
    let most = i64::try_from(30 * IN + 10 * OUT).expect("small");
    assert!((i64::try_from(3 * OUT).expect("small")..most).contains(&spent) && reserved == 0, "{spent} {reserved}");
}

#[tokio::test]
async fn a_call_without_a_price_is_counted_or_refused() {
    let rig = rig("budget = { type = \"cost\", credit_limit = 1 }").await;
    let unknown = json!({ "model": "@alpha/nobody-knows" });
    rig.upstream.acts(|_| {
        Scene::json(200, r#"{"object":"chat.completion","model":"nobody-knows","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}}"#)
    });
    assert_eq!(rig.send(call(&unknown)).await.status, 200);
    assert_eq!(shown(&rig).await["usage_limits"]["unpriced_requests"], 1);
    let strict = rig_refusing().await;
    let refused = strict.send(call(&unknown)).await;
    assert_eq!((refused.status.as_u16(), strict.upstream.seen().len()), (412, 0));
    assert!(refused.text().contains("without a price"), "{}", refused.text());
}

async fn rig_refusing() -> Rig {
    rig("budget = { type = \"cost\", credit_limit = 1, unpriced = \"refuse\" }").await
}

#[tokio::test]
async fn an_estimate_reserves_what_such_calls_came_to() {
    let rig = rig("budget = { type = \"tokens\", credit_limit = 1000, mode = \"estimate\" }").await;
    assert_eq!(rig.send(call(&json!({ "seed": 700 }))).await.status, 200);
    assert_eq!(asked(&rig.upstream.seen()[0])["max_completion_tokens"], Value::Null, "no bound of ours is sent");
    let refused = rig.send(call(&json!({ "seed": 700 }))).await;
    assert_eq!(refused.status, 412, "700 are expected, and less than 300 are left: {}", refused.text());
    assert_eq!(rig.send(call(&json!({ "seed": 900, "max_tokens": 200 }))).await.status, 200);
    let (spent, ..) = figures(&rig).await;
    assert_eq!(spent, 708 + 208);
}

#[tokio::test]
async fn a_hit_of_the_cache_spends_nothing() {
    let tables = key(
        "budget = { type = \"cost\", credit_limit = 1 }\nrate_limit = { type = \"requests\", unit = \"rpm\", value = 2 }",
    );
    let configs = &[("pc-kept", r#"{"cache":{"mode":"simple"}}"#)];
    let rig = Rig::of(Yard { tables: &tables, configs, ..Yard::default() }).await;
    rig.upstream.acts(honest);
    let kept = || with(call(&json!({ "max_tokens": 10 })), "x-portkey-config", "pc-kept");
    assert_eq!(rig.send(kept()).await.status, 200);
    let spent = figures(&rig).await;
    let hit = rig.send(kept()).await;
    assert_eq!((hit.status.as_u16(), hit.header("x-portkey-cache-status")), (200, "HIT"));
    assert_eq!((figures(&rig).await, rig.upstream.seen().len()), (spent, 1));
    assert_eq!(rig.send(kept()).await.status, 429, "a hit counts as a request");
}

#[tokio::test]
async fn spending_outlives_a_restart_and_what_a_crash_cut_stays_held() {
    let rig = rig("budget = { type = \"cost\", credit_limit = 0.05 }").await;
    assert_eq!(rig.send(call(&json!({ "seed": 100, "max_tokens": 100 }))).await.status, 200);
    let spent = figures(&rig).await.0;
    let rig = rig.restart().await;
    assert_eq!(figures(&rig).await, (spent, 0, 0));
    rig.upstream.acts(|seen| honest(seen).ends(End::Hang));
    let mut body = rig.open(call(&json!({ "seed": 3, "max_tokens": 2_000, "stream": true }))).await.into_body();
    events(&mut body, 1).await;
    let held = figures(&rig).await.1;
    let rig = rig.cut(body).await;
    assert_eq!(figures(&rig).await, (spent, 0, held));
    rig.upstream.acts(honest);
    let refused = rig.send(call(&json!({ "max_tokens": 3_000 }))).await;
    assert_eq!(refused.status, 412, "{}", refused.text());
    assert!(refused.text().contains("whose end nobody knows"), "{}", refused.text());
    let rig = rig.restart().await;
    assert_eq!(figures(&rig).await, (spent, 0, held), "nothing is held twice");
    let id = shown(&rig).await["id"].as_str().expect("an id").to_owned();
    let interrupted = rig.send(get("/v1/logs?page_size=100")).await.json();
    assert!(interrupted["data"].as_array().is_some_and(|rows| rows.len() >= 3), "{id}");
}

#[tokio::test]
async fn a_policy_counts_each_user_apart_and_asks_for_the_user() {
    let tables = format!(
        "{}[[policy]]\nname = \"each user\"\ntype = \"tokens\"\ncredit_limit = 100\n\
         conditions = [{{ key = \"model\", value = \"@openai/*\" }}]\ngroup_by = [{{ key = \"metadata._user\" }}]\n",
        key("")
    );
    let rig = Rig::of(Yard { tables: &tables, ..Yard::default() }).await;
    rig.upstream.acts(honest);
    let of = |user: &str, tokens: u64| call(&json!({ "user": user, "seed": tokens, "max_tokens": tokens }));
    assert_eq!(rig.send(of("ada", 60)).await.status, 200);
    assert_eq!(rig.send(of("ada", 60)).await.status, 412);
    assert_eq!(rig.send(of("bob", 60)).await.status, 200);
    let nobody = rig.send(call(&json!({}))).await;
    assert_eq!(nobody.status, 400);
    assert!(nobody.text().contains("lacks _user"), "{}", nobody.text());
    let sandboxed = with(
        post("/v1/chat/completions", r#"{"model":"@sandbox/echo","messages":[{"role":"user","content":"hi"}]}"#),
        "x-portkey-api-key",
        LIMITED,
    );
    assert_eq!(rig.send(sandboxed).await.status, 200, "it is not for that provider");
}

#[tokio::test]
async fn a_dry_run_tells_what_is_left_and_what_would_be_held_and_holds_nothing() {
    let rig = rig("budget = { type = \"cost\", credit_limit = 0.01 }\nrate_limit = { type = \"requests\", unit = \"rpm\", value = 9 }").await;
    let explain = |tokens: u64| {
        let body = json!({ "model": "@alpha/gpt-4o", "max_tokens": tokens, "messages": [{ "role": "user", "content": "hi" }] });
        with(post("/v1/explain", body.to_string()), "x-portkey-api-key", LIMITED)
    };
    let fits = rig.send(explain(100)).await.json();
    assert_eq!(fits["limits"][0]["found"], "0 of 9 requests a minute are in it", "{fits}");
    let budget = &fits["steps"][0]["limits"][0];
    let found = budget["found"].as_str().expect("words");
    assert!(found.starts_with("$0.01000 of $0.01000 are left, and this attempt may take up to $0.00"), "{found}");
    assert_eq!((&budget["limit"], &budget["refuses"]), (&json!("The budget of API key limited"), &Value::Null));
    let short = rig.send(explain(1_000)).await.json();
    let refuses = short["steps"][0]["limits"][0]["refuses"].as_str().expect("why").to_owned();
    assert_eq!((figures(&rig).await, rig.upstream.seen().len()), ((0, 0, 0), 0));
    let refused = rig.send(call(&json!({ "max_tokens": 1_000 }))).await;
    assert_eq!((refused.status.as_u16(), refused.json()["message"].as_str()), (412, Some(refuses.as_str())));
    for _ in 0..9 {
        assert_eq!(rig.send(call(&json!({ "max_tokens": 1 }))).await.status, 200);
    }
    let full = rig.send(explain(1)).await.json();
    assert!(full["limits"][0]["refuses"].as_str().is_some_and(|why| why.contains("Try again in")), "{full}");
}

#[tokio::test]
async fn a_usage_beyond_all_measure_is_none_and_stops_nobody() {
    let rig = rig("budget = { type = \"cost\", credit_limit = 1.0 }").await;
    assert_eq!(rig.send(call(&json!({ "max_tokens": 5 }))).await.status, 200);
    rig.upstream.acts(|_| {
        let usage = r#"{"prompt_tokens":9223372036854775807,"completion_tokens":1}"#;
        Scene::json(200, format!(r#"{{"model":"gpt-4o","choices":[{{"index":0}}],"usage":{usage}}}"#))
    });
    assert_eq!(rig.send(call(&json!({ "max_tokens": 5 }))).await.status, 200);
    rig.upstream.acts(honest);
    assert_eq!(rig.send(call(&json!({ "max_tokens": 5 }))).await.status, 200);
    let (spent, reserved, unsettled) = figures(&rig).await;
    assert!(spent < 1_000_000 && (reserved, unsettled) == (0, 0), "{spent}");
}

#[tokio::test]
async fn every_prompt_of_a_completion_is_held_for() {
    let rig = rig("budget = { type = \"tokens\", credit_limit = 500 }").await;
    let ask = |prompt: Value| {
        let body = json!({ "model": "@alpha/gpt-3.5-turbo-instruct", "prompt": prompt, "max_tokens": 100 });
        with(post("/v1/completions", body.to_string()), "x-portkey-api-key", LIMITED)
    };
    assert_eq!(rig.send(ask(json!(vec!["a b c"; 20]))).await.status, 412);
    assert_eq!(rig.send(ask(json!(["a b c", "d"]))).await.status, 200);
}

#[tokio::test]
async fn what_a_provider_keeps_of_a_conversation_is_held_for() {
    let rig = rig("budget = { type = \"tokens\", credit_limit = 500 }").await;
    let ask = |fields: Value| {
        let mut body = json!({ "model": "@alpha/gpt-4o", "input": "hi", "max_output_tokens": 10 });
        fields.as_object().into_iter().flatten().for_each(|(name, value)| body[name] = value.clone());
        with(post("/v1/responses", body.to_string()), "x-portkey-api-key", LIMITED)
    };
    for kept in [json!({ "previous_response_id": "resp_0" }), json!({ "conversation": "conv_0" })] {
        assert_eq!(rig.send(ask(kept)).await.status, 412);
    }
    assert_eq!(rig.send(ask(json!({ "previous_response_id": null }))).await.status, 200);
}
