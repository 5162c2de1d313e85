//! Models and workspaces of integrations.

use super::{as_key, done};
use crate::rig::{KEY, Rig, Scene};
use serde_json::{Value, json};

#[tokio::test]
async fn what_is_said_of_an_integration_s_models_holds_for_all_its_providers() {
    let rig = Rig::new().await;
    let host = rig.addressed("http://%alpha%/v1");
    let body = json!({
        "name": "Shared", "slug": "shared", "ai_provider_id": "openai", "key": "sk-shared-credential",
        "configurations": { "custom_host": host }, "default_provider_slug": "one",
    });
    done(&rig, "POST", "/v1/integrations", body).await;
    let path = "/v1/integrations/shared/models";
    let price = json!({ "type": "static", "pay_as_you_go": { "request_token": { "price": 0.00025 }, "response_token": { "price": 1e-3 } } });
    let models = json!([
        { "slug": "gpt-4o", "enabled": false },
        { "slug": "rank-7b", "enabled": true, "is_custom": true, "pricing_config": price },
    ]);
    assert_eq!(done(&rig, "PUT", path, json!({ "models": models })).await, json!({}));
    let listed = done(&rig, "GET", path, Value::Null).await;
    let of = |listed: &Value, slug: &str| {
        listed["models"].as_array().expect("models").iter().find(|model| model["slug"] == slug).cloned().expect(slug)
    };
    assert_eq!((&of(&listed, "gpt-4o")["enabled"], &listed["allow_all_models"]), (&json!(false), &json!(true)));
    let own = of(&listed, "rank-7b");
    assert_eq!((&own["is_custom"], &own["pricing_config"]), (&json!(true), &price));
    let chat = |model: &str| format!(r#"{{"model":"@one/{model}","messages":[{{"role":"user","content":"hi"}}]}}"#);
    let off = rig.chat(&chat("gpt-4o")).await;
    assert_eq!((off.status.as_u16(), &off.json()["error"]["code"]), (400, &json!("model_not_allowed")));

    done(&rig, "PUT", path, json!({ "models": [], "allow_all_models": false })).await;
    assert_eq!(done(&rig, "GET", "/v1/integrations/shared", Value::Null).await["allow_all_models"], false);
    assert_eq!(rig.chat(&chat("gpt-4o-mini")).await.status, 400, "what is not named is off");
    let usage = json!({ "prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11 });
    let choice = json!({ "index": 0, "message": { "role": "assistant", "content": "hello" }, "finish_reason": "stop" });
    let reply = json!({ "id": "c", "model": "rank-7b", "choices": [choice], "usage": usage });
    rig.upstream.then(Scene::json(200, reply.to_string()));
    let answer = rig.chat(&chat("rank-7b")).await;
    assert_eq!(answer.status, 200, "what was added by name is on");
    let id = json!(answer.header("x-portkey-request-id"));
    let row = rig.logs().await.into_iter().find(|row| row["_id"] == id).expect("its row");
    assert_eq!(row["metrics"]["cost"], json!(0.0035), "ten and one tokens, in cents");

    for (body, field) in [
        (json!({ "models": [{ "slug": "gpt-4.1", "is_custom": true }] }), "is_custom"),
        (json!({ "models": [{ "slug": "x", "base_model_slug": "y" }] }), "base_model_slug"),
        (json!({ "models": [{ "slug": "x", "pricing_config": { "type": "tiered" } }] }), "type"),
        (
            json!({ "models": [{ "slug": "x", "pricing_config": { "pay_as_you_go": { "request_token": { "price": -1 } } } }] }),
            "request_token",
        ),
        (json!({ "models": [{ "enabled": true }] }), "slug"),
    ] {
        let refused = as_key(&rig, KEY, ("PUT", path), body).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.json()["error"]["param"]),
            (400, &json!(field)),
            "{}",
            refused.text()
        );
    }
    let missing = as_key(&rig, KEY, ("DELETE", &format!("{path}?slugs=rank-7b,nothing")), Value::Null).await;
    assert_eq!(missing.status, 404, "{}", missing.text());
    assert_eq!(done(&rig, "DELETE", &format!("{path}?slugs=rank-7b"), Value::Null).await, json!({}));
    let listed = done(&rig, "GET", path, Value::Null).await;
    assert!(!listed["models"].as_array().expect("models").iter().any(|model| model["slug"] == "rank-7b"));
}

#[tokio::test]
async fn an_integration_is_taken_from_its_workspace_and_given_back() {
    let rig = Rig::new().await;
    let host = rig.addressed("http://%alpha%/v1");
    let body = json!({
        "name": "Shared", "slug": "shared", "ai_provider_id": "openai", "key": "sk-shared-credential",
        "configurations": { "custom_host": host }, "create_default_provider": false,
    });
    done(&rig, "POST", "/v1/integrations", body).await;
    let path = "/v1/integrations/shared/workspaces";
    let enabled = async || done(&rig, "GET", path, Value::Null).await["workspaces"][0]["enabled"].clone();
    assert_eq!(enabled().await, false, "nothing can be called with it yet");
    let give = |more: Value| {
        let mut workspace = json!({ "id": "default", "enabled": true });
        more.as_object().into_iter().flatten().for_each(|(name, value)| workspace[name] = value.clone());
        json!({ "workspaces": [workspace] })
    };
    let limit = json!({ "type": "requests", "credit_limit": 3 });
    done(&rig, "PUT", path, give(json!({ "default_provider_slug": "one", "usage_limits": limit }))).await;
    assert_eq!(enabled().await, true);
    let chat = r#"{"model":"@one/gpt-4o","messages":[{"role":"user","content":"hi"}]}"#;
    rig.upstream.then(Scene::json(200, r#"{"model":"gpt-4o","choices":[]}"#));
    assert_eq!(rig.chat(chat).await.status, 200);
    done(&rig, "PUT", path, json!({ "workspaces": [{ "id": "default", "enabled": false }] })).await;
    assert_eq!((enabled().await, rig.chat(chat).await.status.as_u16()), (json!(false), 400));
    assert_eq!(as_key(&rig, KEY, ("GET", "/v1/providers/one"), Value::Null).await.status, 404);
    done(&rig, "PUT", path, give(json!({}))).await;
    rig.upstream.then(Scene::json(200, r#"{"model":"gpt-4o","choices":[]}"#));
    assert_eq!((enabled().await, rig.chat(chat).await.status.as_u16()), (json!(true), 200));
    let other = as_key(&rig, KEY, ("PUT", path), json!({ "workspaces": [{ "id": "moon", "enabled": true }] })).await;
    assert_eq!((other.status.as_u16(), &other.json()["error"]["param"]), (400, &json!("id")));
    let told = done(&rig, "GET", path, Value::Null).await;
    assert_eq!(told["workspaces"][0]["usage_limits"][0]["credit_limit"], 3);
}
