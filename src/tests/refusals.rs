//! What the admin API and the console refuse changes nothing.
#![expect(clippy::expect_used, reason = "what cannot be asked is a failed test")]

use crate::admin::{as_key, done, echo};
use crate::rig::{KEY, Rig, Scene};
use serde_json::{Value, json};

/// Asks, and finds the refusal at `field`.
async fn refused(rig: &Rig, ask: (&str, &str), body: Value, field: &str) -> String {
    let answer = as_key(rig, KEY, ask, body).await;
    assert_eq!(answer.status, 400, "{ask:?}: {}", answer.text());
    assert_eq!(answer.json()["error"]["param"], field, "{ask:?}: {}", answer.text());
    answer.text()
}

#[tokio::test]
async fn a_stored_credential_goes_to_no_other_address() {
    let rig = Rig::new().await;
    let base = rig.house.shelf.book().provider("default", "alpha").expect("alpha").base_url.clone();
    let virtual_key = json!({ "name": "v", "slug": "v", "provider": "openai", "key": "sk-one", "custom_host": base });
    done(&rig, "POST", "/v1/virtual-keys", virtual_key).await;
    let host = |url: &str| json!({ "custom_host": url });
    let integration = json!({
        "name": "i", "slug": "i", "ai_provider_id": "openai", "key": "sk-one", "configurations": host(&base),
    });
    done(&rig, "POST", "/v1/integrations", integration).await;
    for (slug, path) in [("v", "/v1/virtual-keys/v"), ("i", "/v1/integrations/i")] {
        let to = |url: &str| if slug == "v" { host(url) } else { json!({ "configurations": host(url) }) };
        for url in ["http://127.0.0.1:9/v1", ""] {
            let told = refused(&rig, ("PUT", path), to(url), "key").await;
            assert!(told.contains("Enter the key again"), "{told}");
        }
        done(&rig, "PUT", path, to(&base)).await;
        rig.upstream.then(Scene::json(200, "{}"));
        let ask = json!({ "model": format!("@{slug}/m"), "messages": [] });
        assert_eq!(as_key(&rig, KEY, ("POST", "/v1/chat/completions"), ask).await.status, 200, "{slug}");
        let mut both = to("http://127.0.0.1:9/v1");
        both["key"] = "sk-two".into();
        done(&rig, "PUT", path, both).await;
        let book = rig.house.shelf.book();
        assert_eq!(book.provider("default", slug).expect(slug).base_url, "http://127.0.0.1:9/v1");
    }
}

#[tokio::test]
async fn a_key_is_never_widened_by_an_empty_list() {
    let rig = Rig::new().await;
    let body = json!({ "name": "narrow", "scopes": ["logs.view"] });
    let made = done(&rig, "POST", "/v1/api-keys/workspace/service", body).await;
    let path = format!("/v1/api-keys/{}", made["id"].as_str().expect("an id"));
    refused(&rig, ("PUT", &path), json!({ "scopes": [] }), "scopes").await;
    done(&rig, "PUT", &path, json!({ "scopes": null, "name": "renamed" })).await;
    let read = done(&rig, "GET", &path, Value::Null).await;
    assert_eq!((&read["scopes"], &read["name"]), (&json!(["logs.view"]), &json!("renamed")));
    let none = json!({ "name": "none", "scopes": [] });
    refused(&rig, ("POST", "/v1/api-keys/workspace/service"), none, "scopes").await;
}

#[tokio::test]
async fn a_config_with_a_bad_name_is_neither_made_nor_published() {
    let rig = Rig::new().await;
    let names = [String::new(), "  ".into(), "x".repeat(65), "two\nlines".into()];
    for name in &names {
        refused(&rig, ("POST", "/v1/configs"), json!({ "name": name, "config": echo() }), "name").await;
    }
    assert_eq!(done(&rig, "GET", "/v1/configs", Value::Null).await["total"], 0);
    let made = done(&rig, "POST", "/v1/configs", json!({ "name": " Echo ", "config": echo() })).await;
    let path = format!("/v1/configs/{}", made["slug"].as_str().expect("a slug"));
    for name in &names {
        let body = json!({ "name": name, "config": { "provider": "@sandbox" } });
        refused(&rig, ("PUT", &path), body, "name").await;
    }
    let read = done(&rig, "GET", &path, Value::Null).await;
    assert_eq!((&read["version_id"], &read["config"]), (&made["version_id"], &echo()));
    assert_eq!(read["name"], "Echo");
}

#[tokio::test]
async fn an_integration_whose_provider_is_refused_is_not_made() {
    let rig = Rig::new().await;
    let body = json!({
        "name": "i", "slug": "i", "ai_provider_id": "openai", "key": "sk-one", "default_provider_slug": "not a slug",
    });
    refused(&rig, ("POST", "/v1/integrations"), body, "default_provider_slug").await;
    assert_eq!(as_key(&rig, KEY, ("GET", "/v1/integrations/i"), Value::Null).await.status, 404);
}

#[tokio::test]
async fn an_import_does_what_its_plan_said_or_nothing() {
    let rig = Rig::new().await;
    let made = done(&rig, "POST", "/v1/configs", json!({ "name": "Echo", "config": echo() })).await;
    let slug = made["slug"].as_str().expect("a slug");
    let path = format!("/v1/configs/{slug}");
    let text = format!("[[config]]\nid = \"{slug}\"\nname = \"Echo\"\nbody = '{{\"provider\":\"@alpha\"}}'\n");
    let plan = || done(&rig, "POST", "/v1/setup/plan", json!({ "text": text }));
    let seen = plan().await["mark"].clone();
    assert_eq!(plan().await["mark"], seen, "while nothing changes, the plan is one");
    let between = json!({ "provider": "@sandbox", "override_params": { "model": "lorem-5" } });
    done(&rig, "PUT", &path, json!({ "config": between })).await;
    let apply = |mark: Value| json!({ "text": text, "mark": mark });
    let answer = as_key(&rig, KEY, ("POST", "/v1/setup"), apply(seen)).await;
    assert!(answer.status == 400 && answer.text().contains("Look at the plan"), "{}", answer.text());
    assert_eq!(done(&rig, "GET", &path, Value::Null).await["config"], between);
    let seen = plan().await["mark"].clone();
    done(&rig, "POST", "/v1/setup", apply(seen)).await;
    assert_eq!(done(&rig, "GET", &path, Value::Null).await["config"], json!({ "provider": "@alpha" }));
}
