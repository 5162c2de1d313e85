//! Figures as the API tells them, held against the rows.
#![expect(clippy::expect_used, reason = "what cannot be asked is a failed test")]

mod beside;
mod console;
mod feedback;
mod graphs;
mod others;
mod overview;
mod pages;
mod rows;

use crate::rig::{KEY, NOW, Rig, Scene, get, post, with};
use http::{Request, StatusCode};
use serde_json::{Value, json};

/// Calls of three kinds with metadata, a minute apart.
async fn worked() -> Rig {
    let rig = Rig::new().await;
    for number in 0..12 {
        let body = match number % 4 {
            0 => r#"{"model":"@sandbox/lorem-20","user":"ada","messages":[{"role":"user","content":"on"}]}"#,
            1 => r#"{"model":"@alpha/gpt-4o","user":"bob","messages":[]}"#,
            _ => r#"{"model":"@sandbox/echo","user":"ada","messages":[{"role":"user","content":"hello"}]}"#,
        };
        if number % 4 == 1 {
            rig.upstream.then(Scene::json(429, r#"{"error":{"message":"slow down"}}"#));
        }
        let env = if number % 3 == 0 { r#"{"env":"prod"}"# } else { r#"{"env":"dev"}"# };
        rig.send(with(post("/v1/chat/completions", body), "x-portkey-metadata", env)).await;
        rig.house.clock.advance(60_000);
    }
    rig
}

async fn told(rig: &Rig, path: &str, more: &str) -> Value {
    let span = "time_of_generation_min=2026-11-24T12:00:00Z&time_of_generation_max=2026-11-24T13:00:00Z";
    let answer = rig.send(get(&format!("/v1/analytics/{path}?{span}{more}"))).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    answer.json()
}

/// The sum of a field over the records that pass.
fn sum(records: &[Value], field: &str, passes: impl Fn(&Value) -> bool) -> f64 {
    records.iter().filter(|record| passes(record)).filter_map(|record| record["metrics"][field].as_f64()).sum()
}

fn same(told: &Value, expected: f64, what: &str) {
    let told = told.as_f64().unwrap_or(f64::NAN);
    assert!((told - expected).abs() < 1e-9 * expected.abs().max(1.0), "{what}: {told} is not {expected}");
}

/// Adds every quarter up that is over.
async fn add_up(rig: &Rig) {
    for workspace in rig.house.store.rolled_workspaces().await.expect("workspaces") {
        while rig.house.store.add_up(&workspace, NOW + 3_600_000).await.expect("sums") {}
    }
}

#[tokio::test]
async fn graphs_tell_what_the_rows_say_before_and_after_adding_up() {
    let rig = worked().await;
    let records = rig.logs().await;
    assert_eq!(records.len(), 12);
    let any = |_: &Value| true;
    for round in ["fresh", "added up"] {
        let requests = told(&rig, "graphs/requests", "").await;
        assert_eq!(
            (&requests["summary"]["total"], &requests["object"]),
            (&json!(12), &json!("analytics-graph")),
            "{round}"
        );
        assert_eq!(requests["data"], requests["data_points"]);
        let points = requests["data_points"].as_array().expect("points");
        let counted: u64 = points.iter().filter_map(|point| point["total"].as_u64()).sum();
        assert_eq!((counted, &points[0]["timestamp"]), (12, &json!("2026-11-24T12:00:00.000Z")));
        same(&told(&rig, "graphs/cost", "").await["summary"]["total"], sum(&records, "cost", any), "cost");
        let tokens = told(&rig, "graphs/tokens", "").await;
        same(&tokens["summary"]["total"], sum(&records, "total_units", any), "tokens");
        assert_eq!(told(&rig, "graphs/errors", "").await["summary"]["total"], 3);
        same(&told(&rig, "graphs/errors/rate", "").await["summary"]["rate"], 25.0, "rate");
        let codes = told(&rig, "graphs/errors/status-codes", "").await;
        assert_eq!(codes["data"], json!([{ "status_code": 429, "count": 3 }]));
        let stacks = told(&rig, "graphs/errors/stacks", "").await;
        assert_eq!(stacks["summary"]["total"], 3);
        let users = told(&rig, "graphs/users", "").await;
        assert_eq!(users["summary"]["total"], 2);
        let each = told(&rig, "graphs/users/requests", "").await;
        assert_eq!(each["summary"], json!({ "total": 12, "unique": 2, "avg": 6.0 }));
        let latency = told(&rig, "graphs/latency", "").await["summary"].clone();
        assert!(latency["p50"].as_f64() <= latency["p95"].as_f64(), "{latency}");
        add_up(&rig).await;
    }
}

#[tokio::test]
async fn a_filter_narrows_figures_as_it_narrows_logs() {
    let rig = worked().await;
    let records = rig.logs().await;
    for round in ["fresh", "added up"] {
        for (filter, count) in [
            ("&status_code=429", 3),
            ("&metadata=%7B%22env%22%3A%22prod%22%7D", 4),
            ("&metadata=%7B%22env%22%3A%22prod%22%7D&status_code=200", 3),
            ("&ai_org_model=sandbox__echo", 6),
            ("&virtual_keys=sandbox", 9),
            ("&configs=pc-none", 0),
            ("&prompt_slug=pp-none", 0),
            ("&cache_status=disabled", 12),
            ("&total_units_min=1000000", 0),
        ] {
            let requests = told(&rig, "graphs/requests", filter).await;
            assert_eq!(requests["summary"]["total"], count, "{round} {filter}");
        }
        let dear = told(&rig, "graphs/cost", "&ai_org_model=sandbox__echo").await;
        let echo = |record: &Value| record["metrics"]["ai_model"] == "echo";
        same(&dear["summary"]["total"], sum(&records, "cost", echo), "cost of echo");
        add_up(&rig).await;
    }
}

#[tokio::test]
async fn what_metadata_narrows_falls_into_the_cells_that_it_came_in() {
    let rig = worked().await;
    for round in ["fresh", "added up"] {
        let points = async |more: &str| -> Vec<u64> {
            let graph = told(&rig, "graphs/requests", more).await;
            let points = graph["data_points"].as_array().expect("points");
            points.iter().map(|point| point["total"].as_u64().unwrap_or_default()).collect()
        };
        let (all, prod) = (points("").await, points("&metadata=%7B%22env%22%3A%22prod%22%7D").await);
        let dev = points("&metadata=%7B%22env%22%3A%22dev%22%7D").await;
        assert!(prod.iter().filter(|count| **count > 0).count() > 1, "{round}: {prod:?}");
        let both = prod.iter().zip(&dev).map(|(one, other)| one + other).collect::<Vec<_>>();
        assert_eq!(both, all, "{round}");
        add_up(&rig).await;
    }
}

#[tokio::test]
async fn groups_tell_values_apart_and_are_paged() {
    let rig = worked().await;
    let users = told(&rig, "groups/users", "").await;
    assert_eq!((&users["object"], &users["total"]), (&json!("list"), &json!(2)));
    assert_eq!(users["data"][0]["user"], "ada");
    assert_eq!((&users["data"][0]["requests"], &users["data"][1]["requests"]), (&json!(9), &json!(3)));
    let env = told(&rig, "groups/metadata/env", "").await;
    assert_eq!((&env["data"][0]["metadata_value"], &env["data"][0]["requests"]), (&json!("dev"), &json!(8)));
    assert_eq!(env["data"][0]["last_seen"].as_str().map(|at| &at[..13]), Some("2026-11-24T12"));
    let page = told(&rig, "groups/ai-models", "&page_size=1&current_page=1").await;
    assert_eq!((&page["total"], page["data"].as_array().map(Vec::len)), (&json!(3), Some(1)));
    for (group, field, rows) in [
        ("provider", "provider", 2),
        ("virtual-keys", "virtual_key", 2),
        ("api-keys", "api_key", 1),
        ("configs", "config", 0),
        ("status-codes", "status_code", 2),
        ("prompts", "prompt", 0),
        ("workspaces", "workspace", 1),
        ("model", "ai_model", 3),
        ("workspace", "workspace", 1),
        ("ai_service", "ai_service", 2),
    ] {
        let told = told(&rig, &format!("groups/{group}"), "").await;
        assert_eq!(told["total"], rows, "{group}");
        assert!(rows == 0 || told["data"][0][field].is_string(), "{told}");
    }
    let span = "time_of_generation_min=2026-11-24T12:00:00Z&time_of_generation_max=2026-11-24T13:00:00Z";
    assert_eq!(rig.send(get(&format!("/v1/analytics/groups/moods?{span}"))).await.status, 404);
}

#[tokio::test]
async fn the_cache_and_feedback_have_figures() {
    let rig = Rig::new().await;
    let ask = r#"{"model":"@sandbox/echo","messages":[{"role":"user","content":"again"}]}"#;
    for _ in 0..4 {
        rig.send(with(post("/v1/chat/completions", ask), "x-portkey-config", r#"{"cache":{"mode":"simple"}}"#)).await;
    }
    let trace = rig.last().await["metrics"]["trace_id"].as_str().expect("a trace").to_owned();
    let said = json!({ "trace_id": trace, "value": 5, "weight": 0.5 }).to_string();
    assert_eq!(rig.send(post("/v1/feedback", said)).await.status, 200);
    let cache = told(&rig, "graphs/cache/hit-rate", "").await;
    assert_eq!(cache["summary"], json!({ "total": 3, "rate": 75.0 }));
    let summary = told(&rig, "summary/cache", "").await;
    assert_eq!((&summary["summary"]["hits"], &summary["summary"]["total_requests"]), (&json!(3), &json!(4)));
    assert_eq!(summary["object"], "analytics-summary");
    assert_eq!(told(&rig, "graphs/cache/latency", "").await["summary"], json!({}));
    assert_eq!(told(&rig, "graphs/feedbacks", "").await["summary"]["total"], 1);
    assert_eq!(told(&rig, "graphs/feedbacks/weighted", "").await["summary"]["avg"], 2.5);
    assert_eq!(told(&rig, "graphs/feedbacks/scores", "").await["data"], json!([{ "score": 5, "total": 1 }]));
    let models = told(&rig, "graphs/feedbacks/ai-models", "").await;
    assert_eq!(models["data"], json!([{ "ai_model": "echo", "total": 1, "avg_weighted_feedback": 2.5 }]));
}

#[tokio::test]
async fn graphs_are_found_as_the_sdk_for_node_spells_them() {
    let rig = worked().await;
    for (own, usual) in [
        ("users-requests", "users/requests"),
        ("errors-rate", "errors/rate"),
        ("errors-stack", "errors/stacks"),
        ("errors-status-code", "errors/status-codes"),
        ("requests-rescued", "requests/rescued"),
        ("cache-hit-rate", "cache/hit-rate"),
        ("cache-latency", "cache/latency"),
        ("feedbacks/score", "feedbacks/scores"),
    ] {
        let [own, usual] = [own, usual].map(|path| format!("graphs/{path}"));
        assert_eq!(told(&rig, &own, "").await, told(&rig, &usual, "").await, "{own}");
    }
}

#[tokio::test]
async fn ranges_that_follow_each_other_count_each_call_as_the_log_does() {
    let rig = worked().await;
    rig.house.clock.advance(1_500);
    let env = "&metadata=%7B%22env%22%3A%22prod%22%7D";
    for number in 0..4 {
        let body = r#"{"model":"@sandbox/echo","user":"ada","messages":[{"role":"user","content":"hello"}]}"#;
        let metadata = if number % 2 == 0 { r#"{"env":"prod"}"# } else { "{}" };
        rig.send(with(post("/v1/chat/completions", body), "x-portkey-metadata", metadata)).await;
        rig.house.clock.advance(15_000);
    }
    for round in ["fresh", "added up"] {
        for (from, to) in [
            ("12:00:00", "12:01:00"),
            ("12:00:00.001", "12:01:00"),
            ("12:01:00", "12:02:00"),
            ("12:01:00.001", "12:01:59.999"),
            ("12:03:10", "12:03:20"),
            ("12:12:00", "12:12:10"),
            ("12:12:10", "12:12:30"),
            ("12:12:01.500", "12:12:31.500"),
            ("12:12:01.501", "12:12:31.499"),
            ("11:30:00", "12:12:16.500"),
            ("12:05:30", "12:12:16.499"),
            ("11:59:59.999", "13:00:00"),
        ] {
            let span = format!("time_of_generation_min=2026-11-24T{from}Z&time_of_generation_max=2026-11-24T{to}Z");
            for filter in ["", env, "&status_code=200"] {
                let logged = rig.send(get(&format!("/v1/logs?{span}{filter}&page_size=100"))).await.json();
                let rows = logged["data"].as_array().map(Vec::len);
                for (path, place) in [("graphs/requests", "/summary/total"), ("groups/workspaces", "/data/0/requests")]
                {
                    let answer = rig.send(get(&format!("/v1/analytics/{path}?{span}{filter}"))).await.json();
                    let counted = answer.pointer(place).and_then(Value::as_u64).unwrap_or_default();
                    assert_eq!(usize::try_from(counted).ok(), rows, "{round}: {path} from {from} to {to} {filter}");
                }
                let graph = rig.send(get(&format!("/v1/analytics/graphs/requests?{span}{filter}"))).await.json();
                let points = graph["data"].as_array().into_iter().flatten();
                let drawn: u64 = points.filter_map(|point| point["total"].as_u64()).sum();
                assert_eq!(graph["summary"]["total"], drawn, "{round}: points from {from} to {to} {filter}");
            }
        }
        add_up(&rig).await;
    }
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_in_words() {
    let rig = Rig::new().await;
    for (query, word) in [
        ("", "time_of_generation_min"),
        ("time_of_generation_min=2026-11-24T12:00:00Z", "time_of_generation_max"),
        ("time_of_generation_min=soon&time_of_generation_max=later", "ISO 8601"),
        ("time_of_generation_min=2026-11-24T12:00:00Z&time_of_generation_max=2026-11-23T12:00:00Z", "after"),
    ] {
        let answer = rig.send(get(&format!("/v1/analytics/graphs/requests?{query}"))).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        assert!(answer.text().contains(word), "{}", answer.text());
    }
    let plain = "sy-plain000000000000000000000000000";
    let request = Request::get("/v1/analytics/graphs/requests").header("x-portkey-api-key", plain);
    let answer = rig.send(request.body(axum::body::Body::empty()).expect("a request")).await;
    assert_eq!((answer.status, KEY == plain), (StatusCode::FORBIDDEN, false), "{}", answer.text());
}
