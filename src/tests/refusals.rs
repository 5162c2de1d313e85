//! What the admin API and the console refuse changes nothing.

use crate::admin::{as_key, done, echo};
use crate::edges::{form_of, submit};
use crate::rig::{KEY, Rig, Scene, get, with};
use app::backend::ConfigDesk;
use serde_json::{Value, json};
use switchyard::desk::Seat;
use switchyard::secret;
use url::form_urlencoded::Serializer;

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

#[tokio::test]
async fn a_provider_that_has_ended_is_not_called() {
    const END: &str = "2026-11-24T13:00:00.000Z";
    let rig = Rig::new().await;
    let base = rig.house.shelf.book().provider("default", "alpha").expect("alpha").base_url.clone();
    let own = json!({
        "name": "v", "slug": "v", "provider": "openai", "key": "sk-one", "custom_host": base, "expiresAt": END,
    });
    done(&rig, "POST", "/v1/virtual-keys", own).await;
    let shared = json!({ "name": "i", "slug": "i", "ai_provider_id": "openai", "key": "sk-one",
        "configurations": { "custom_host": base }, "create_default_provider": false });
    done(&rig, "POST", "/v1/integrations", shared).await;
    let linked = json!({ "name": "p", "slug": "p", "integration_id": "i", "expires_at": END });
    done(&rig, "POST", "/v1/providers", linked).await;
    for (slug, path) in [("v", "/v1/virtual-keys/v"), ("p", "/v1/providers/p")] {
        refused(&rig, ("PUT", path), json!({ "expires_at": "2026-11-24T11:00:00Z" }), "expires_at").await;
        let ask = json!({ "model": format!("@{slug}/m"), "messages": [] });
        let call = async || as_key(&rig, KEY, ("POST", "/v1/chat/completions"), ask.clone()).await;
        let shown = async || {
            let read = done(&rig, "GET", path, Value::Null).await;
            (read["status"].clone(), read["expires_at"].clone())
        };
        done(&rig, "PUT", path, json!({ "name": "renamed", "expires_at": END })).await;
        assert_eq!(shown().await, (json!("active"), json!(END)), "{slug}");
        rig.upstream.then(Scene::json(200, "{}"));
        assert_eq!(call().await.status, 200, "{slug}");
        rig.house.clock.advance(3_600_000);
        let over = call().await;
        assert_eq!((over.status.as_u16(), &over.json()["error"]["code"]), (400, &json!("provider_expired")), "{slug}");
        assert_eq!(shown().await.0, "expired", "{slug}");
        done(&rig, "PUT", path, json!({ "expires_at": null })).await;
        rig.upstream.then(Scene::json(200, "{}"));
        assert_eq!((call().await.status.as_u16(), shown().await), (200, (json!("active"), Value::Null)), "{slug}");
        rig.house.clock.advance(-3_600_000);
    }
    done(&rig, "PUT", "/v1/virtual-keys/v", json!({ "usage_limits": { "credit_limit": 5 } })).await;
    let usage = done(&rig, "GET", "/v1/virtual-keys/v", Value::Null).await["usage_limits"].clone();
    assert_eq!((&usage["type"], &usage["credit_limit"]), (&json!("cost"), &json!(5)));
}

#[tokio::test]
async fn a_config_of_a_megabyte_is_saved_and_a_longer_one_refused_in_words() {
    const MOST: usize = 1 << 20;
    const OWNER: &str = "form[email]=owner%40example.com&form[password]=correct+horse+battery";
    let rig = Rig::new().await;
    let made = done(&rig, "POST", "/v1/configs", json!({ "name": "Long", "config": echo() })).await;
    let slug = made["slug"].as_str().expect("a slug");
    let signed = submit(&rig, "sign_in", OWNER, "application/json").await;
    let cookie = signed.header("set-cookie").split(';').next().expect("a pair").to_owned();
    let book = rig.house.shelf.book();
    let seat = Seat::of_key(rig.house.clone(), book.key(&secret::digest(KEY)).expect("the rig's key"));
    for (text, refusal) in [
        ("é".repeat(MOST / 2), None),
        ("é".repeat(MOST / 2 + 1), Some("Use at most 1048576 bytes")),
        ("\"".repeat(4 * MOST), Some("more than the console takes at once")),
    ] {
        let shown = seat.config(slug.to_owned()).await.expect("a config");
        let seen = shown.revision.to_string();
        let body =
            Serializer::new(String::new()).extend_pairs([("slug", slug), ("body", &text), ("seen", &seen)]).finish();
        let answer = rig.send(with(form_of("save_draft", body, "application/json"), "cookie", &cookie)).await;
        let draft = seat.config(slug.to_owned()).await.expect("a config").draft.map(|draft| draft.body);
        match refusal {
            None => assert!(answer.status == 200 && draft == Some(text), "{}", answer.text()),
            Some(words) => {
                assert!(answer.status == 422 && answer.text().contains(words), "{}", answer.text());
                assert_eq!(draft.map(|draft| draft.len()), Some(MOST), "the draft before stays");
                let page = rig.send(with(get(&format!("/configs/{slug}")), "cookie", &cookie)).await.text();
                assert!(page.contains("aria-label=\"Set aside\""), "what was too long is there on the next page");
            }
        }
    }
}
