//! The admin API as its callers meet it.
#![expect(clippy::expect_used, reason = "what cannot be asked is a failed test")]

mod integrations;

use crate::rig::{Answer, KEY, Rig, Scene, get, post, with};
use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::{Value, json};

const PLAIN: &str = "sy-plain000000000000000000000000000";
const ECHO: &str = r#"{"provider":"@sandbox","override_params":{"model":"echo"}}"#;
const HELLO: &str = r#"{"messages":[{"role":"user","content":"good morning"}]}"#;

/// Sends a request of any method with a key.
pub async fn as_key(rig: &Rig, key: &str, (method, path): (&str, &str), body: Value) -> Answer {
    let request = Request::builder().method(method).uri(path).header("x-portkey-api-key", key);
    let body = match body {
        Value::Null => Body::empty(),
        body => Body::from(body.to_string()),
    };
    rig.send(request.body(body).expect("a request")).await
}

/// The same with the rig's key, and it must work.
pub async fn done(rig: &Rig, method: &str, path: &str, body: Value) -> Value {
    let answer = as_key(rig, KEY, (method, path), body).await;
    assert_eq!(answer.status, StatusCode::OK, "{method} {path}: {}", answer.text());
    answer.json()
}

pub fn echo() -> Value {
    serde_json::from_str(ECHO).expect("a config")
}

#[tokio::test]
async fn a_config_is_made_read_changed_listed_called_and_removed() {
    let rig = Rig::new().await;
    let made = done(&rig, "POST", "/v1/configs", json!({ "name": "Echo", "config": echo(), "isDefault": 0 })).await;
    let slug = made["slug"].as_str().expect("a slug").to_owned();
    assert_eq!(made["data"]["slug"], made["slug"], "both envelopes");
    assert!(made["id"].is_string() && made["version_id"].is_string() && made["object"] == "config");
    let path = format!("/v1/configs/{slug}");
    let read = done(&rig, "GET", &path, Value::Null).await;
    assert_eq!((&read["config"], &read["name"], &read["status"]), (&echo(), &json!("Echo"), &json!("active")));
    let answer = rig.send(with(post("/v1/chat/completions", HELLO), "x-portkey-config", &slug)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let text = r#"{"provider": "@sandbox", "override_params": {"model": "lorem-5"}}"#;
    let changed = done(&rig, "PUT", &path, json!({ "name": "Lorem", "config": text })).await;
    assert_ne!(changed["version_id"], made["version_id"]);
    let versions = done(&rig, "GET", &format!("{path}/versions"), Value::Null).await;
    let told: Vec<_> =
        versions["data"].as_array().expect("a list").iter().map(|v| (&v["version"], &v["status"])).collect();
    assert_eq!(told, [(&json!(2), &json!("active")), (&json!(1), &json!("archived"))]);
    let list = done(&rig, "GET", "/v1/configs?workspaceId=default", Value::Null).await;
    assert_eq!(
        (&list["object"], &list["total"], &list["data"][0]["name"]),
        (&json!("list"), &json!(1), &json!("Lorem"))
    );
    assert_eq!(done(&rig, "DELETE", &path, Value::Null).await, json!({}));
    assert_eq!(as_key(&rig, KEY, ("GET", &path), Value::Null).await.status, 404);
}

#[tokio::test]
async fn what_is_wrong_with_a_config_is_told_at_its_path() {
    let rig = Rig::new().await;
    for (config, error) in [
        (json!({ "retry": { "attempts": "x" } }), "path: retry.attempts"),
        (
            json!({ "strategy": { "mode": "fallback" }, "targets": [{ "provider": "@sandbox" }, { "provider": "@moon" }] }),
            "path: targets[1].provider",
        ),
        (json!("{ not json"), "path: , message: Not valid JSON"),
    ] {
        let answer = as_key(&rig, KEY, ("POST", "/v1/configs"), json!({ "name": "x", "config": config })).await;
        let body = answer.json();
        assert_eq!(answer.status, 400, "{body}");
        assert!(body["errors"][0].as_str().is_some_and(|told| told.starts_with(error)), "{body}");
        assert_eq!((&body["success"], &body["data"]["errorCode"]), (&json!(false), &json!("AB01")));
    }
    let list = done(&rig, "GET", "/v1/configs", Value::Null).await;
    assert_eq!(list["total"], 0, "nothing is left of a refused config");
}

#[tokio::test]
async fn a_key_is_made_with_defaults_changed_rotated_and_revoked() {
    let rig = Rig::new().await;
    let config = done(&rig, "POST", "/v1/configs", json!({ "name": "Echo", "config": echo() })).await;
    let slug = config["slug"].as_str().expect("a slug").to_owned();
    let body = json!({
        "type": "workspace", "sub-type": "service", "name": "ci", "description": "for tests",
        "scopes": ["completions.write"], "expiresAt": "2026-12-01T00:00:00Z",
        "defaults": { "configId": config["id"], "metadata": { "teamName": "a" }, "allow_config_override": false },
    });
    let made = done(&rig, "POST", "/v1/api-keys/workspace/service", body).await;
    let (id, secret) = (made["id"].as_str().expect("an id"), made["key"].as_str().expect("a key").to_owned());
    let path = format!("/v1/api-keys/{id}");
    let read = done(&rig, "GET", &path, Value::Null).await;
    let defaults = json!({
        "config_id": slug, "metadata": { "teamName": "a" }, "allow_config_override": false, "metadata_enforced": true,
    });
    assert_eq!(
        (&read["defaults"], &read["type"], &read["creation_mode"]),
        (&defaults, &json!("workspace-service"), &json!("api"))
    );
    assert!(!read.to_string().contains(&secret), "the secret is shown once");
    assert_eq!(as_key(&rig, &secret, ("POST", "/v1/chat/completions"), hello()).await.status, 200);
    let inline = Request::post("/v1/chat/completions")
        .header("x-portkey-api-key", &secret)
        .header("content-type", "application/json")
        .header("x-portkey-config", ECHO);
    let refused = rig.send(inline.body(Body::from(HELLO)).expect("a request")).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["error"]["code"]), (400, &json!("inline_config_blocked")));
    let used = as_key(&rig, KEY, ("DELETE", &format!("/v1/configs/{slug}")), Value::Null).await;
    assert!(used.status == 400 && used.text().contains("ci"), "{}", used.text());
    done(&rig, "PUT", &path, json!({ "name": "ci-2", "defaults": { "allow_config_override": true } })).await;
    let read = done(&rig, "GET", &path, Value::Null).await;
    assert_eq!(
        (&read["name"], &read["description"], &read["defaults"]["config_id"]),
        (&json!("ci-2"), &json!("for tests"), &json!(slug))
    );
    let rotated = done(&rig, "POST", &format!("{path}/rotate"), json!({ "key_transition_period_ms": 1_800_000 })).await;
    let fresh = rotated["key"].as_str().expect("a key").to_owned();
    for (key, later, status) in [(&secret, 0, 200), (&fresh, 0, 200), (&secret, 1_800_001, 401), (&fresh, 0, 200)] {
        rig.house.clock.advance(later);
        assert_eq!(as_key(&rig, key, ("POST", "/v1/chat/completions"), hello()).await.status, status, "{later}");
    }
    for (query, total, rows) in [("", 3, 3), ("?pageSize=2&currentPage=0", 3, 2), ("?page_size=2&current_page=1", 3, 1)]
    {
        let list = done(&rig, "GET", &format!("/v1/api-keys{query}"), Value::Null).await;
        assert_eq!(list["total"], total, "{query}");
        assert_eq!(list["data"].as_array().map(Vec::len), Some(rows), "{query}");
    }
    done(&rig, "DELETE", &path, json!({ "id": id })).await;
    assert_eq!(as_key(&rig, &fresh, ("POST", "/v1/chat/completions"), hello()).await.status, 401);
    assert_eq!(as_key(&rig, KEY, ("GET", &path), Value::Null).await.status, 404);
}

fn hello() -> Value {
    serde_json::from_str(HELLO).expect("a body")
}

#[tokio::test]
async fn a_key_does_what_its_scopes_say_and_hands_on_no_more_than_it_has() {
    let rig = Rig::new().await;
    let scopes = json!(["configs.list", "workspace_service_api_keys.create", "workspace_service_api_keys.rotate"]);
    let body = json!({ "name": "narrow", "scopes": scopes });
    let narrow = done(&rig, "POST", "/v1/api-keys/workspace/service", body).await;
    let key = narrow["key"].as_str().expect("a key").to_owned();
    let full = done(&rig, "POST", "/v1/api-keys/workspace/service", json!({ "name": "full", "scopes": ["*"] })).await;
    let rotate = format!("/v1/api-keys/{}/rotate", full["id"].as_str().expect("an id"));
    for (key, ask, body, status) in [
        (PLAIN, ("GET", "/v1/configs"), Value::Null, 403),
        ("sy-unknown0000000000000", ("GET", "/v1/configs"), Value::Null, 401),
        (key.as_str(), ("GET", "/v1/configs"), Value::Null, 200),
        (key.as_str(), ("POST", "/v1/configs"), json!({ "name": "x", "config": echo() }), 403),
        (key.as_str(), ("GET", "/v1/api-keys"), Value::Null, 403),
        (
            key.as_str(),
            ("POST", "/v1/api-keys/workspace/user"),
            json!({ "name": "x", "scopes": ["configs.list"] }),
            403,
        ),
        (key.as_str(), ("POST", "/v1/api-keys/workspace/service"), json!({ "name": "x", "scopes": ["*"] }), 400),
        (
            key.as_str(),
            ("POST", "/v1/api-keys/workspace/service"),
            json!({ "name": "x", "scopes": ["providers.list"] }),
            400,
        ),
        (
            key.as_str(),
            ("POST", "/v1/api-keys/workspace/service"),
            json!({ "name": "x", "scopes": ["configs.list"] }),
            200,
        ),
        (key.as_str(), ("POST", rotate.as_str()), Value::Null, 400),
        (KEY, ("GET", "/v1/configs?workspace_id=elsewhere"), Value::Null, 403),
    ] {
        let answer = as_key(&rig, key, ask, body).await;
        assert_eq!(answer.status, status, "{ask:?}: {}", answer.text());
    }
}

#[tokio::test]
async fn mistakes_and_things_to_come_are_refused_by_name() {
    let rig = Rig::new().await;
    let key = |field: &str, value: Value| json!({ "name": "x", "scopes": ["completions.write"], field: value });
    let service = "/v1/api-keys/workspace/service";
    for (path, body, field) in [
        (service, key("usageLimits", json!({ "creditLimit": 0 })), "usage_limits"),
        (service, key("rate_limits", json!([{ "type": "requests", "unit": "rpy", "value": 1 }])), "rate_limits"),
        (service, key("rotation_policy", json!({ "rotation_period": "weekly" })), "rotation_policy"),
        (service, key("expires_at", json!("2020-01-01")), "expires_at"),
        (service, key("defaults", json!({ "config_id": "pc-none" })), "config_id"),
        (service, json!({ "name": "x" }), "scopes"),
        ("/v1/api-keys/organisation/user", key("description", json!("")), "type"),
        ("/v1/api-keys/workspace/user", key("description", json!("")), "user_id"),
        ("/v1/configs", json!({ "name": "x", "config": echo(), "is_default": 1 }), "is_default"),
        ("/v1/configs", json!({ "config": echo() }), "name"),
        ("/v1/configs", json!({ "name": "x" }), "config"),
        (
            "/v1/virtual-keys",
            json!({ "name": "x", "provider": "openai", "key": "k", "resourceName": "r" }),
            "resource_name",
        ),
        ("/v1/virtual-keys", json!({ "name": "x", "provider": "moon", "key": "k" }), "provider"),
        ("/v1/integrations", json!({ "name": "x", "ai_provider_id": "openai" }), "key"),
        ("/v1/providers", json!({ "name": "x", "integration_id": "none" }), "integration_id"),
    ] {
        let answer = as_key(&rig, KEY, ("POST", path), body).await;
        assert_eq!(answer.status, 400, "{path} {field}: {}", answer.text());
        assert_eq!(answer.json()["error"]["param"], field, "{}", answer.text());
    }
    let broken = rig.send(post("/v1/configs", "{")).await;
    assert_eq!(broken.status, 400, "{}", broken.text());
}

#[tokio::test]
async fn an_integration_serves_providers_with_its_credential() {
    let rig = Rig::new().await;
    let base = rig.house.shelf.book().provider("default", "alpha").expect("alpha").base_url.clone();
    let body = json!({
        "name": "Shared", "ai_provider_id": "openai", "key": "sk-shared-credential-1", "slug": "shared",
        "description": "for all", "configurations": { "custom_host": base }, "create_default_provider": false,
    });
    let made = done(&rig, "POST", "/v1/integrations", body).await;
    assert_eq!(made["slug"], "shared");
    let unused = rig.send(get("/v1/providers/shared")).await;
    assert_eq!(unused.status, 404, "it has no provider yet");
    for (name, integration, slug) in [("One", &made["id"], "one"), ("Two", &json!("shared"), "shared")] {
        let body = json!({ "name": name, "integrationId": integration, "slug": slug, "note": "n" });
        let provider = done(&rig, "POST", "/v1/providers", body).await;
        assert_eq!(provider["slug"], slug);
    }
    for (slug, key) in [("one", "sk-shared-credential-1"), ("shared", "sk-shared-credential-2")] {
        let ask = json!({ "model": format!("@{slug}/gpt-4o"), "messages": [] });
        rig.upstream.then(Scene::json(200, "{}"));
        assert_eq!(as_key(&rig, KEY, ("POST", "/v1/chat/completions"), ask).await.status, 200);
        let seen = rig.upstream.seen().pop().expect("a request");
        assert_eq!(seen.headers["authorization"], format!("Bearer {key}"), "{slug}");
        done(&rig, "PUT", "/v1/integrations/shared", json!({ "key": "sk-shared-credential-2" })).await;
    }
    let read = done(&rig, "GET", "/v1/integrations/shared", Value::Null).await;
    assert!(!read.to_string().contains("sk-shared-credential"), "{read}");
    assert_eq!(read["configurations"]["custom_host"], base);
    let used = as_key(&rig, KEY, ("DELETE", "/v1/integrations/shared"), Value::Null).await;
    assert_eq!(used.status, 400, "{}", used.text());
    let models = done(&rig, "GET", "/v1/integrations/shared/models", Value::Null).await;
    assert!(models["models"].as_array().is_some_and(|models| !models.is_empty()) && models["allow_all_models"] == true);
    done(&rig, "PUT", "/v1/integrations/shared/models", json!({ "allow_all_models": true, "models": [] })).await;
    let workspaces = done(&rig, "GET", "/v1/integrations/shared/workspaces", Value::Null).await;
    assert_eq!(workspaces["workspaces"][0]["id"], "default");
    for path in ["/v1/providers/one", "/v1/providers/shared", "/v1/integrations/shared"] {
        done(&rig, "DELETE", path, Value::Null).await;
        assert_eq!(rig.send(get(path)).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_virtual_key_is_a_provider_of_its_own() {
    let rig = Rig::new().await;
    let body = json!({ "name": "My key", "provider": "openai", "key": "sk-virtual-credential", "note": "n" });
    let made = done(&rig, "POST", "/v1/virtual-keys", body).await;
    assert_eq!((&made["slug"], &made["data"]["slug"]), (&json!("my-key"), &json!("my-key")));
    let read = done(&rig, "GET", "/v1/virtual-keys/my-key", Value::Null).await;
    assert_eq!((&read["name"], &read["note"], &read["object"]), (&json!("My key"), &json!("n"), &json!("virtual-key")));
    assert!(!read.to_string().contains("sk-virtual-credential"));
    done(&rig, "PUT", "/v1/virtual-keys/my-key", json!({ "name": "Renamed", "note": null })).await;
    let list = done(&rig, "GET", "/v1/virtual-keys", Value::Null).await;
    let names: Vec<_> = list["data"].as_array().expect("a list").iter().map(|row| row["name"].clone()).collect();
    assert_eq!(names, ["alpha", "Renamed", "sandbox"]);
    let python = with(get("/v1/providers/my-key"), "x-portkey-runtime", "CPython");
    assert_eq!(rig.send(python).await.json()["rate_limits"], json!([]));
    assert_eq!(done(&rig, "GET", "/v1/providers/my-key", Value::Null).await["rate_limits"], json!([]));
    done(&rig, "DELETE", "/v1/virtual-keys/my-key", Value::Null).await;
    let locked = as_key(&rig, KEY, ("DELETE", "/v1/virtual-keys/alpha"), Value::Null).await;
    assert!(locked.status == 400 && locked.text().contains("outside the console"), "{}", locked.text());
}

#[tokio::test]
async fn the_document_lists_what_the_router_answers() {
    let rig = Rig::new().await;
    let document = rig.send(get("/openapi.json")).await.json();
    let paths = document["paths"].as_object().expect("paths");
    let mut asked = 0;
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().expect("methods") {
            if operation["security"] == json!([]) {
                continue;
            }
            let path = path.split('/').map(|part| if part.starts_with('{') { "none" } else { part });
            let path = format!("/v1{}", path.collect::<Vec<_>>().join("/"));
            let answer = as_key(&rig, "sy-unknown", (&method.to_uppercase(), &path), Value::Null).await;
            assert_eq!(answer.status, 401, "{method} {path}: {}", answer.text());
            asked += usize::from(operation["x-scopes"].is_array());
        }
    }
    assert!(asked >= 30, "{asked} operations of the admin API");
    assert_eq!(as_key(&rig, KEY, ("PATCH", "/v1/configs"), Value::Null).await.status, 404);
}

#[tokio::test]
async fn every_route_that_is_mounted_is_in_the_document() {
    let rig = Rig::new().await;
    let document = rig.send(get("/openapi.json")).await.json();
    let paths = document["paths"].as_object().expect("paths");
    // What stands in a table is told by the table; what is mounted by hand is found by its words.
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let pages = ["/analytics.csv", "/theme"];
    let mut mounted = 0;
    for file in ["gateway.rs", "server.rs", "admin.rs"] {
        let text = std::fs::read_to_string(source.join(file)).expect(file);
        for path in text.split(".route(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let known = match path.strip_prefix("/v1") {
                Some(rest) => rest.trim_matches('/').is_empty() || rest == "/{*rest}" || paths.contains_key(rest),
                None => paths.contains_key(path) || pages.contains(&path),
            };
            assert!(known, "{path} of {file} is not in the document");
            mounted += 1;
        }
    }
    assert!(mounted >= 8, "{mounted}");
    for (path, verbs) in [
        ("/chat/completions", &["post"][..]),
        ("/logs", &["get", "post"]),
        ("/logs/exports/{id}/file", &["get"]),
        ("/feedback/{id}", &["put"]),
        ("/files/{id}/content", &["get"]),
        ("/configs/{slug}", &["get", "put", "delete"]),
        ("/analytics/graphs/cost", &["get"]),
        ("/{path}", &["get", "post", "put", "patch", "delete"]),
        ("/healthz", &["get"]),
    ] {
        let told: Vec<&String> = paths[path].as_object().expect(path).keys().collect();
        assert_eq!(told, verbs, "{path}");
    }
    let open = |path: &str| paths[path]["get"]["security"] == json!([]);
    assert!(open("/healthz") && open("/logs/exports/{id}/file") && !open("/logs"));
}
