//! Limits by the admin API.

use super::{admin, call, figures, honest};
use crate::rig::{Rig, get, with};
use app::backend::LimitDesk;
use app::model::limit::LimitForm;
use http::Method;
use serde_json::{Value, json};
use switchyard::desk::Seat;
use switchyard::secret;

#[tokio::test]
async fn a_key_is_made_with_limits_and_its_usage_begins_anew() {
    let rig = Rig::new().await;
    rig.upstream.acts(honest);
    let wish = json!({
        "name": "made", "scopes": ["completions.write"],
        "usageLimits": { "creditLimit": 100, "type": "tokens", "alertThreshold": 90, "periodicReset": "weekly" },
        "rate_limits": [{ "type": "requests", "unit": "rpm", "value": 3 }],
    });
    let made = admin(&rig, Method::POST, "/v1/api-keys/workspace/service", &wish).await.json();
    let (id, secret) = (made["id"].as_str().expect("an id"), made["key"].as_str().expect("a secret"));
    let path = format!("/v1/api-keys/{id}");
    let calls = |tokens: u64| with(call(&json!({ "seed": tokens, "max_tokens": tokens })), "x-portkey-api-key", secret);
    assert_eq!(rig.send(calls(80)).await.status, 200);
    let refused = rig.send(calls(80)).await;
    assert_eq!((refused.status.as_u16(), refused.json()["error"]["param"].clone()), (412, json!("key")));
    let shown = rig.send(get(&path)).await.json();
    let usage = &shown["usage_limits"];
    assert_eq!(
        (&usage["current_usage"], &usage["credit_limit"], &usage["periodic_reset"]),
        (&json!(88), &json!(100), &json!("weekly"))
    );
    assert_eq!(usage["next_usage_reset_at"], "2026-11-30T00:00:00.000Z");
    assert_eq!(shown["rate_limits"], json!([{ "type": "requests", "unit": "rpm", "value": 3 }]));
    let raised = json!({ "usage_limits": { "type": "tokens", "credit_limit": 200 }, "rate_limits": [] });
    assert_eq!(admin(&rig, Method::PUT, &path, &raised).await.status, 200);
    assert_eq!(rig.send(calls(80)).await.status, 200, "what was spent stays, and the rest is larger");
    assert_eq!(rig.send(calls(80)).await.status, 412);
    assert_eq!(admin(&rig, Method::PUT, &path, &json!({ "reset_usage": true })).await.status, 200);
    assert_eq!(rig.send(calls(80)).await.status, 200);
    assert_eq!(admin(&rig, Method::PUT, &path, &json!({ "usage_limits": null })).await.status, 200);
    assert_eq!(rig.send(get(&path)).await.json()["usage_limits"], Value::Null);
    let wrong = json!({ "usage_limits": { "type": "gold", "credit_limit": 0 } });
    let told = admin(&rig, Method::PUT, &path, &wrong).await;
    assert_eq!(told.status, 400);
    for words in ["type: Use one of: cost, tokens, requests.", "credit_limit: Use dollars above 0"] {
        assert!(told.text().contains(words), "{}", told.text());
    }
}

#[tokio::test]
async fn a_provider_and_its_integration_have_limits() {
    let rig = Rig::new().await;
    rig.upstream.acts(honest);
    let key = json!({ "name": "own", "provider": "openai", "key": "sk-1", "slug": "own",
        "custom_host": rig.addressed("http://%alpha%/v1"),
        "usage_limits": { "type": "tokens", "credit_limit": 100 }, "rate_limits": { "type": "requests", "unit": "rpm", "value": 3 } });
    let made = admin(&rig, Method::POST, "/v1/virtual-keys", &key).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let calls = |tokens: u64| {
        let fields = json!({ "model": "@own/gpt-4o", "seed": tokens, "max_tokens": tokens });
        with(call(&fields), "x-portkey-api-key", crate::rig::KEY)
    };
    assert_eq!(rig.send(calls(50)).await.status, 200);
    let refused = rig.send(calls(70)).await;
    assert_eq!((refused.status.as_u16(), refused.json()["budget"]["scope"].clone()), (412, json!("provider")));
    for _ in 0..2 {
        assert_eq!(rig.send(calls(1)).await.status, 200, "one that was refused does not count");
    }
    let over = rig.send(calls(1)).await;
    assert_eq!((over.status.as_u16(), over.json()["rate_limit"]["scope"].clone()), (429, json!("provider")));
    let listed = rig.send(get("/v1/providers")).await.json();
    let own =
        listed["data"].as_array().and_then(|all| all.iter().find(|row| row["slug"] == "own")).cloned().expect("own");
    assert!(own["rate_limits"].is_object() && own["usage_limits"].is_object(), "{own}");
    assert!(rig.send(get("/v1/providers/own")).await.json()["rate_limits"].is_array());
    let workspaces = json!({ "workspaces": [{ "id": "default", "enabled": true, "usage_limits": [{ "type": "cost", "credit_limit": 5 }] }] });
    let path = "/v1/integrations/own/workspaces";
    assert_eq!(admin(&rig, Method::PUT, path, &workspaces).await.status, 200);
    assert_eq!(rig.send(get(path)).await.json()["workspaces"][0]["usage_limits"][0]["credit_limit"], 5);
}

#[tokio::test]
async fn policies_are_kept_and_their_entities_reset() {
    let rig = Rig::new().await;
    rig.upstream.acts(honest);
    let policy = json!({
        "name": "users", "type": "tokens", "credit_limit": 100, "conditions": [{ "key": "workspace_id", "value": "*" }],
        "group_by": [{ "key": "metadata._user" }],
    });
    let made = admin(&rig, Method::POST, "/v1/policies/usage-limits", &policy).await.json();
    assert_eq!(made["object"], "usage-limits-policy");
    let path = format!("/v1/policies/usage-limits/{}", made["id"].as_str().expect("an id"));
    let calls = |user: &str| {
        with(call(&json!({ "user": user, "seed": 60, "max_tokens": 60 })), "x-portkey-api-key", crate::rig::KEY)
    };
    for (user, status) in [("ada", 200), ("ada", 412), ("bob", 200)] {
        assert_eq!(rig.send(calls(user)).await.status, status, "{user}");
    }
    let entities = rig.send(get(&format!("{path}/entities"))).await.json();
    let ada = entities["data"]
        .as_array()
        .and_then(|all| all.iter().find(|one| one["value_key"] == "ada"))
        .cloned()
        .expect("ada");
    assert_eq!(ada["current_usage"], 68);
    let shown = rig.send(get(&format!("{path}?include_usage=true"))).await.json();
    assert_eq!(shown["value_key_usage_map"]["bob"]["current_usage"], 68);
    let reset = format!("{path}/entities/{}/reset", ada["id"].as_str().expect("an id"));
    assert_eq!(admin(&rig, Method::PUT, &reset, &json!({})).await.status, 200);
    assert_eq!(rig.send(calls("ada")).await.status, 200);
    assert_eq!(rig.send(calls("bob")).await.status, 412);
    assert_eq!(admin(&rig, Method::PUT, &path, &json!({ "credit_limit": 300 })).await.status, 200);
    assert_eq!(rig.send(calls("bob")).await.status, 200);
    assert_eq!(admin(&rig, Method::DELETE, &path, &json!({})).await.status, 200);
    let rate = json!({ "type": "requests", "unit": "rph", "value": 1, "group_by": [],
        "conditions": [{ "key": "api_key", "value": ["rig"] }] });
    let made = admin(&rig, Method::POST, "/v1/policies/rate-limits", &rate).await.json();
    let path = format!("/v1/policies/rate-limits/{}", made["id"].as_str().expect("an id"));
    assert_eq!(
        (rig.send(calls("ada")).await.status.as_u16(), rig.send(calls("ada")).await.status.as_u16()),
        (200, 429)
    );
    assert_eq!(admin(&rig, Method::PUT, &path, &json!({ "value": 2 })).await.status, 200);
    assert_eq!(rig.send(calls("ada")).await.status, 200);
    assert_eq!(rig.send(get("/v1/policies/rate-limits")).await.json()["total"], 1);
}

#[tokio::test]
async fn limits_of_a_file_are_not_changed_elsewhere() {
    let tables = super::key("budget = { type = \"tokens\", credit_limit = 100 }");
    let rig = Rig::of(crate::rig::Yard { tables: &tables, ..crate::rig::Yard::default() }).await;
    let id = super::shown(&rig).await["id"].as_str().expect("an id").to_owned();
    let changed = json!({ "usage_limits": { "type": "tokens", "credit_limit": 900 } });
    assert_eq!(admin(&rig, Method::PUT, &format!("/v1/api-keys/{id}"), &changed).await.status, 400);
    assert_eq!(figures(&rig).await, (0, 0, 0));
}

#[tokio::test]
async fn a_budget_that_refuses_calls_is_exhausted_until_it_is_raised() {
    let rig = Rig::new().await;
    rig.upstream.acts(honest);
    let wish = json!({ "name": "made", "scopes": ["completions.write"], "usage_limits": { "type": "tokens", "credit_limit": 1000 } });
    let made = admin(&rig, Method::POST, "/v1/api-keys/workspace/service", &wish).await.json();
    let (id, secret) = (made["id"].as_str().expect("an id"), made["key"].as_str().expect("a secret"));
    let policy = json!({ "type": "tokens", "credit_limit": 1000, "alert_threshold": 900, "conditions": [],
        "group_by": [{ "key": "metadata._user" }] });
    let calls = |tokens: u64, secret: &str| {
        with(call(&json!({ "user": "ada", "seed": tokens, "max_tokens": tokens })), "x-portkey-api-key", secret)
    };
    let key = format!("/v1/api-keys/{id}");
    for (tokens, answer, status) in [(907, 200, "active"), (200, 412, "exhausted")] {
        let answered = rig.send(calls(tokens, secret)).await;
        assert_eq!(answered.status, answer, "{}", answered.text());
        assert_eq!(rig.send(get(&key)).await.json()["status"], status);
    }
    let raised = json!({ "usage_limits": { "type": "tokens", "credit_limit": 2000 } });
    assert_eq!(admin(&rig, Method::PUT, &key, &raised).await.status, 200);
    assert_eq!(rig.send(get(&key)).await.json()["status"], "active");

    let made = admin(&rig, Method::POST, "/v1/policies/usage-limits", &policy).await.json();
    let path = format!("/v1/policies/usage-limits/{}", made["id"].as_str().expect("an id"));
    let ada = async || {
        rig.send(get(&format!("{path}?include_usage=true"))).await.json()["value_key_usage_map"]["ada"].clone()
    };
    assert_eq!(rig.send(calls(500, crate::rig::KEY)).await.status, 200);
    assert_eq!(
        ada().await,
        json!({ "current_usage": 508, "status": "active", "is_threshold_alerts_sent": false, "is_exhausted_alerts_sent": false })
    );
    assert_eq!(rig.send(calls(407, crate::rig::KEY)).await.status, 200);
    let refused = rig.send(calls(200, crate::rig::KEY)).await;
    assert_eq!(refused.status, 412);
    assert!(
        refused.text().contains("does not cover this call: 77 tokens of 1,000 tokens are left"),
        "{}",
        refused.text()
    );
    assert_eq!(
        ada().await,
        json!({ "current_usage": 923, "status": "exhausted", "is_threshold_alerts_sent": true, "is_exhausted_alerts_sent": true })
    );
    assert_eq!(admin(&rig, Method::PUT, &path, &json!({ "reset_usage": true })).await.status, 200);
    assert_eq!(ada().await["is_exhausted_alerts_sent"], false);
}

#[tokio::test]
async fn limits_that_mean_nothing_are_refused_with_what_to_do() {
    let rig = Rig::new().await;
    let rate = json!({ "type": "requests", "unit": "rpm", "value": 3 });
    let budget = json!({ "type": "cost", "credit_limit": 5, "next_usage_reset_at": "2020-01-01T00:00:00Z" });
    let policy = |more: Value| {
        let mut policy = json!({ "type": "cost", "credit_limit": 5, "conditions": [], "group_by": [] });
        policy.as_object_mut().expect("fields").extend(more.as_object().cloned().expect("fields"));
        policy
    };
    let key = |more: Value| {
        let mut key = json!({ "name": "made", "scopes": ["completions.write"] });
        key.as_object_mut().expect("fields").extend(more.as_object().cloned().expect("fields"));
        key
    };
    let (keys, usage, rates) =
        ("/v1/api-keys/workspace/service", "/v1/policies/usage-limits", "/v1/policies/rate-limits");
    for (path, body, words) in [
        (keys, key(json!({ "usage_limits": budget })), "This time is over"),
        (
            keys,
            key(json!({ "usage_limits": { "type": "cost", "credit_limit": 1e30 } })),
            "at most 9,223,372,036 dollars",
        ),
        (keys, key(json!({ "rate_limits": [rate, rate] })), "two of type requests and unit rpm"),
        (usage, policy(json!({ "next_usage_reset_at": "2020-01-01" })), "This time is over"),
        (usage, policy(json!({ "conditions": null })), "[] for all calls"),
        (usage, policy(json!({ "group_by": null })), "[] for one counter"),
        (usage, policy(json!({ "conditions": [{ "key": "api_key", "value": [] }] })), "at least one text"),
        (rates, rate.clone(), "[] for all calls"),
    ] {
        let told = admin(&rig, Method::POST, path, &body).await;
        assert_eq!(told.status, 400, "{body}");
        assert!(told.text().contains(words), "{body}: {}", told.text());
    }
    assert_eq!(rig.send(get("/v1/policies/usage-limits")).await.json()["total"], 0);
    assert_eq!(rig.send(get("/v1/api-keys")).await.text().matches("\"made\"").count(), 0);
    assert_eq!(
        admin(&rig, Method::POST, usage, &policy(json!({ "next_usage_reset_at": "2030-01-01" }))).await.status,
        200
    );
}

#[tokio::test]
async fn a_workspace_has_budgets_and_rate_limits_of_its_own() {
    let rig = Rig::new().await;
    rig.upstream.acts(honest);
    let path = "/v1/admin/workspaces/default";
    let limits = json!({
        "name": "Yard", "usage_limits": [
            { "type": "tokens", "credit_limit": 100, "periodic_reset": "weekly" }, { "type": "cost", "credit_limit": 5 }],
        "rate_limits": [{ "type": "requests", "unit": "rpm", "value": 2 }],
    });
    let told = admin(&rig, Method::PUT, path, &limits).await;
    assert_eq!(told.status, 200, "{}", told.text());
    let calls = |tokens: u64| {
        with(call(&json!({ "seed": tokens, "max_tokens": tokens })), "x-portkey-api-key", crate::rig::KEY)
    };
    assert_eq!(rig.send(calls(60)).await.status, 200);
    let refused = rig.send(calls(60)).await;
    assert_eq!((refused.status.as_u16(), refused.json()["budget"]["scope"].clone()), (412, json!("workspace")));
    assert_eq!(rig.send(calls(1)).await.status, 200, "one that was refused does not count");
    assert_eq!(rig.send(calls(1)).await.status, 429);
    let listed = rig.send(get("/v1/admin/workspaces")).await.json();
    let own = &listed["data"][0];
    assert_eq!((&listed["total"], &own["name"], &own["object"]), (&json!(1), &json!("Yard"), &json!("workspace")));
    let usage = own["usage_limits"].as_array().expect("a list");
    let of = |unit: &str| usage.iter().find(|one| one["type"] == unit).expect(unit)["current_usage"].clone();
    assert_eq!((usage.len(), of("tokens")), (2, json!(77)));
    assert!(of("cost").as_f64().is_some_and(|cost| cost > 0.0), "{own}");
    let gone = json!({ "usage_limits": [], "rate_limits": [] });
    assert_eq!(admin(&rig, Method::PUT, path, &gone).await.json()["usage_limits"], json!([]));
    assert_eq!(rig.send(calls(60)).await.status, 200);
    for (path, body, status) in [
        (path, json!({ "defaults": { "metadata": {} } }), 400),
        (path, json!({ "usage_limits": [limits["usage_limits"][1], limits["usage_limits"][1]] }), 400),
        ("/v1/admin/workspaces/other", json!({ "name": "x" }), 404),
    ] {
        assert_eq!(admin(&rig, Method::PUT, path, &body).await.status, status, "{body}");
    }
}

#[tokio::test]
async fn who_is_told_of_a_key_by_mail_is_kept_where_mail_can_leave() {
    let wish = json!({ "name": "told", "scopes": ["completions.write"], "alert_emails": ["ada@example.com"],
        "usage_limits": { "type": "tokens", "credit_limit": 100 } });
    let path = "/v1/api-keys/workspace/service";
    let silent = Rig::new().await;
    let refused = admin(&silent, Method::POST, path, &wish).await;
    assert_eq!((refused.status.as_u16(), refused.json()["error"]["param"].clone()), (400, json!("alert_emails")));
    let tables = "[alerts]\nsmtp = \"smtp://127.0.0.1:1\"\nto = [\"ops@example.com\"]\n";
    let rig = Rig::of(crate::rig::Yard { tables, ..crate::rig::Yard::default() }).await;
    let made = admin(&rig, Method::POST, path, &wish).await.json();
    let path = format!("/v1/api-keys/{}", made["id"].as_str().expect("an id"));
    assert_eq!(rig.send(get(&path)).await.json()["alert_emails"], json!(["ada@example.com"]));
    let limits = rig.house.store.live_limits().await.expect("limits");
    assert_eq!(rig.house.store.emails_of_budget(&limits[0].id).await.expect("addresses"), ["ada@example.com"]);
    assert_eq!(admin(&rig, Method::PUT, &path, &json!({ "alert_emails": ["nowhere"] })).await.status, 400);
    assert_eq!(admin(&rig, Method::PUT, &path, &json!({ "name": "still" })).await.status, 200);
    assert_eq!(rig.send(get(&path)).await.json()["alert_emails"], json!(["ada@example.com"]), "it was not spoken of");
    assert_eq!(admin(&rig, Method::PUT, &path, &json!({ "alert_emails": [] })).await.status, 200);
    assert_eq!(rig.send(get(&path)).await.json()["alert_emails"], json!([]));
}

#[tokio::test]
async fn the_consoles_form_keeps_what_the_api_set() {
    let rig = Rig::new().await;
    let policy = json!({
        "name": "users", "type": "tokens", "credit_limit": 100, "group_by": [{ "key": "metadata._user" }],
        "conditions": [{ "key": "model", "value": ["@alpha/*"] }], "lacking": "pass", "periodic_reset_days": 10,
        "next_usage_reset_at": "2026-12-24T00:00:00Z", "mode": "estimate", "unpriced": "refuse",
    });
    let made = admin(&rig, Method::POST, "/v1/policies/usage-limits", &policy).await.json();
    let path = format!("/v1/policies/usage-limits/{}", made["id"].as_str().expect("an id"));
    let before = rig.send(get(&path)).await.json();
    let book = rig.house.shelf.book();
    let seat = Seat::of_key(rig.house.clone(), book.key(&secret::digest(crate::rig::KEY)).expect("the rig's key"));
    let row = LimitDesk::limits(&seat).await.expect("limits").budgets.remove(0);
    assert_eq!((row.lacking.as_str(), row.next_reset), ("pass", Some(1_798_070_400_000)));
    let text = str::to_owned;
    let form = LimitForm {
        id: row.id,
        name: row.name,
        whose: row.whose.kind,
        kind: text("budget"),
        unit: row.unit,
        credit_limit: text("100"),
        periodic_reset: text("days"),
        periodic_reset_days: text("10"),
        next_reset: text("2026-12-24T00:00:00Z"),
        mode: text("estimate"),
        unpriced: text("refuse"),
        conditions: text("model = @alpha/*"),
        group_by: row.group_by.join(", "),
        lacking: row.lacking,
        ..LimitForm::default()
    };
    seat.put_limit(form.clone()).await.expect("kept");
    assert_eq!(rig.send(get(&path)).await.json(), before);
    let wrong = seat.put_limit(LimitForm { next_reset: text("soon"), ..form }).await.expect_err("a refusal");
    assert!(wrong.of("next_reset").is_some(), "{wrong}");
}
