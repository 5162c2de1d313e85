//! What a key is kept to, and how its secrets change.
#![expect(clippy::expect_used, reason = "what cannot be asked is a failed test")]

use crate::rig::{Answer, KEY, Rig, Scene, Yard, get, post, with};
use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

const KEPT: &str = r#"
[[api_key]]
name = "kept"
value = "sy-kept0000000000000000000000000000"
scopes = ["*"]
allowed_models = ["@alpha/gpt-4o*", "tiny"]
allowed_providers = ["alpha"]
[[api_key]]
name = "loose"
value = "sy-loose000000000000000000000000000"
metadata = { team = "key", kind = "batch" }
metadata_enforced = false
[[api_key]]
name = "late"
value = "sy-late0000000000000000000000000000"
expires_at = "2026-11-24T12:00:01Z"
"#;

/// A rig whose set-up file ends with these keys.
async fn rig() -> Rig {
    let lines = "body_limit = 1000000";
    let rig = Rig::of(Yard { lines, providers: &[("beta", "openai")], ..Yard::default() }).await;
    let file = rig.folder.path().join("switchyard.toml");
    let text = std::fs::read_to_string(&file).expect("a set-up file") + KEPT;
    std::fs::write(&file, text).expect("a set-up file");
    rig.restart().await
}

async fn ask(rig: &Rig, key: &str, path: &str, body: Value) -> Answer {
    rig.upstream.then(Scene::json(200, "{}"));
    rig.send(with(post(path, body.to_string()), "x-portkey-api-key", key)).await
}

fn chat(model: &str) -> Value {
    json!({ "model": model, "messages": [] })
}

#[tokio::test]
async fn a_key_calls_only_what_it_is_kept_to_and_is_told_what_that_is() {
    let rig = rig().await;
    let key = "sy-kept0000000000000000000000000000";
    for (path, body, code) in [
        ("/v1/chat/completions", chat("@alpha/gpt-4o-mini"), None),
        ("/v1/chat/completions", chat("@alpha/tiny"), None),
        ("/v1/chat/completions", chat("@alpha/o1"), Some("model_not_allowed")),
        ("/v1/chat/completions", chat("@beta/gpt-4o"), Some("provider_not_allowed")),
        ("/v1/chat/completions", chat("@beta/tiny"), Some("provider_not_allowed")),
        ("/v1/embeddings", json!({ "model": "@alpha/o1", "input": "x" }), Some("model_not_allowed")),
        ("/v1/completions", json!({ "model": "@alpha/o1", "prompt": "x" }), Some("model_not_allowed")),
    ] {
        let answer = ask(&rig, key, path, body.clone()).await;
        match code {
            None => assert_eq!(answer.status, 200, "{body}: {}", answer.text()),
            Some(code) => {
                assert_eq!(answer.status, 403, "{body}: {}", answer.text());
                assert_eq!(answer.json()["error"]["code"], code, "{body}");
                assert!(
                    answer.text().contains("the models @alpha/gpt-4o*, tiny of the providers @alpha"),
                    "{}",
                    answer.text()
                );
            }
        }
    }
    let sent = rig.upstream.seen().len();
    assert_eq!(sent, 2, "nothing that was refused went out");
}

#[tokio::test]
async fn a_kept_key_names_its_model_wherever_one_would_work_for_it() {
    let rig = rig().await;
    let key = "sy-kept0000000000000000000000000000";
    let at_alpha =
        |request: Request<Body>| with(with(request, "x-portkey-api-key", key), "x-portkey-provider", "@alpha");
    for (path, body, status) in [
        ("/v1/chat/completions", json!({ "messages": [] }), 403),
        ("/v1/chat/completions", json!({ "model": "gpt-4o", "messages": [] }), 200),
        ("/v1/batches", json!({ "input_file_id": "f" }), 403),
    ] {
        rig.upstream.then(Scene::json(200, "{}"));
        let answer = rig.send(at_alpha(post(path, body.to_string()))).await;
        assert_eq!(answer.status, status, "{path} {body}: {}", answer.text());
    }
    let twice =
        rig.send(at_alpha(post("/v1/chat/completions", r#"{"model":"gpt-4o","model":"o1","messages":[]}"#))).await;
    assert_eq!(twice.status, 403, "the last of two counts: {}", twice.text());
    let models = rig.send(with(get("/v1/models"), "x-portkey-api-key", key)).await.json();
    let ids = models["data"].as_array().expect("a list").iter().map(|model| model["id"].as_str().unwrap_or_default());
    let ids = ids.map(str::to_owned).collect::<Vec<_>>();
    assert!(!ids.is_empty() && ids.iter().all(|id| id.starts_with("@alpha/gpt-4o")), "{ids:?}");
}

#[tokio::test]
async fn a_fallback_passes_over_what_the_key_may_not_call() {
    let rig = rig().await;
    let config = json!({
        "strategy": { "mode": "fallback" },
        "targets": [{ "provider": "@beta" }, { "provider": "@alpha" }],
    });
    rig.upstream.then(Scene::json(200, "{}"));
    let request = post("/v1/chat/completions", json!({ "model": "gpt-4o", "messages": [] }).to_string());
    let request = with(
        with(request, "x-portkey-config", &config.to_string()),
        "x-portkey-api-key",
        "sy-kept0000000000000000000000000000",
    );
    let answer = rig.send(request).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("x-portkey-last-used-option-index"), "config.targets[1]");
    assert!(rig.provider("beta").seen().is_empty());
}

#[tokio::test]
async fn metadata_that_is_not_enforced_is_overridden_by_the_call() {
    let rig = rig().await;
    let own = r#"{"team":"call","env":"prod"}"#;
    for (key, wanted) in [
        ("sy-loose000000000000000000000000000", json!({ "team": "call", "env": "prod", "kind": "batch" })),
        (KEY, json!({ "team": "rig", "env": "prod" })),
    ] {
        rig.upstream.then(Scene::json(200, "{}"));
        let request = post("/v1/chat/completions", chat("@alpha/gpt-4o").to_string());
        // In one millisecond, ids have no order.
        rig.house.clock.advance(1);
        rig.send(with(with(request, "x-portkey-api-key", key), "x-portkey-metadata", own)).await;
        let metrics = rig.last().await["metrics"].clone();
        let list = |name: &str| metrics[name].as_array().expect("a list").clone();
        let pairs = list("metadata.key").into_iter().zip(list("metadata.value"));
        let found = pairs.filter_map(|(name, value)| Some((name.as_str()?.to_owned(), value)));
        assert_eq!(Value::Object(found.collect()), wanted, "{key}");
    }
}

#[tokio::test]
async fn a_key_that_expired_says_when() {
    let rig = rig().await;
    let key = "sy-late0000000000000000000000000000";
    assert_eq!(ask(&rig, key, "/v1/chat/completions", chat("@alpha/gpt-4o")).await.status, 200);
    rig.house.clock.advance(1_000);
    let answer = ask(&rig, key, "/v1/chat/completions", chat("@alpha/gpt-4o")).await;
    assert_eq!(answer.status, 401);
    let told = answer.json()["message"].as_str().expect("a message").to_owned();
    assert!(told.starts_with("Portkey Error: Invalid API Key. Error Code: 03."), "{told}");
    assert!(told.contains("2026-11-24T12:00:01Z"), "{told}");
    let rows = rig.logs().await;
    let refused = rows.iter().find(|row| row["metrics"]["response_status_code"] == 401).expect("a row of it");
    assert_eq!((rows.len(), refused["metrics"]["is_success"].as_bool()), (2, Some(false)), "{refused}");
    for request in [get("/v1/models"), post("/v1/explain", "{}"), get("/v1/logs")] {
        assert_eq!(rig.send(with(request, "x-portkey-api-key", key)).await.status, 401);
    }
}

#[tokio::test]
async fn the_api_keeps_a_key_to_models_and_says_so() {
    let rig = rig().await;
    let body = json!({
        "name": "narrow", "scopes": ["completions.write"], "allowedModels": ["@alpha/gpt-4o"], "allowed_providers": ["@alpha"],
        "defaults": { "metadata": { "team": "a" }, "metadata_enforced": false },
    });
    let made = rig.send(post("/v1/api-keys/workspace/service", body.to_string())).await.json();
    let (id, key) = (made["id"].as_str().expect("an id"), made["key"].as_str().expect("a key"));
    let read = rig.send(get(&format!("/v1/api-keys/{id}"))).await.json();
    assert_eq!(
        (&read["allowed_models"], &read["allowed_providers"], &read["defaults"]["metadata_enforced"]),
        (&json!(["@alpha/gpt-4o"]), &json!(["alpha"]), &json!(false))
    );
    assert_eq!(ask(&rig, key, "/v1/chat/completions", chat("@alpha/o1")).await.status, 403);
    for (field, value, param) in [
        ("allowed_models", json!(["@alpha"]), "allowed_models"),
        ("allowed_providers", json!(["moon"]), "allowed_providers"),
    ] {
        let body = json!({ "name": "x", "scopes": ["completions.write"], field: value });
        let answer = rig.send(post("/v1/api-keys/workspace/service", body.to_string())).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["error"]["param"]),
            (400, &json!(param)),
            "{}",
            answer.text()
        );
    }
}
