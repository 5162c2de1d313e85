//! What is told to the journal, and what it hands out: feedback, logs of calls made elsewhere, exports.
#![expect(clippy::expect_used, reason = "what cannot be set up or read is a failed test")]

use crate::rig::{Answer, KEY, Rig, Scene, get, post, with};
use axum::body::Body;
use http::Request;
use serde_json::{Value, json};
use switchyard::gateway::exports::sweep;

const PLAIN: &str = "sy-plain000000000000000000000000000";
const ASK: &str = r#"{"model":"@alpha/gpt-4o","messages":[{"role":"user","content":"hi"}]}"#;
const REPLY: &str = r#"{"id":"c1","object":"chat.completion","model":"gpt-4o-2024-08-06","choices":[],"usage":{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100}}"#;
const HOUR: i64 = 3_600_000;

fn put(path: &str, body: impl Into<Body>) -> Request<Body> {
    let request = Request::put(path).header("x-portkey-api-key", KEY).header("content-type", "application/json");
    request.body(body.into()).expect("a request")
}

async fn told(rig: &Rig, path: &str, body: &Value) -> Answer {
    rig.send(post(path, body.to_string())).await
}

/// Sends `body` and says what is asked of its refusal: status and message.
async fn refused(rig: &Rig, path: &str, body: &Value) -> (u16, String) {
    let answer = told(rig, path, body).await;
    (answer.status.as_u16(), answer.json()["error"]["message"].as_str().unwrap_or_default().to_owned())
}

/// A call of the trace, over the scripted provider.
async fn call(rig: &Rig, trace: &str) {
    rig.upstream.then(Scene::json(200, REPLY));
    let answer = rig.send(with(post("/v1/chat/completions", ASK), "x-portkey-trace-id", trace)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// Traces of the logs that a query finds, sorted: all are of the same millisecond.
async fn traces(rig: &Rig, query: &str) -> Vec<String> {
    let answer = rig.send(get(&format!("/v1/logs?{query}"))).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let data = answer.json()["data"].as_array().expect("a list").clone();
    let mut traces: Vec<_> =
        data.iter().map(|row| row["metrics"]["trace_id"].as_str().expect("a trace").to_owned()).collect();
    traces.sort();
    traces
}

#[tokio::test]
async fn feedback_is_kept_and_stands_in_the_log_of_its_trace() {
    let rig = Rig::new().await;
    call(&rig, "t-1").await;
    call(&rig, "t-2").await;
    let one =
        told(&rig, "/v1/feedback", &json!({"trace_id": "t-1", "value": 5, "weight": 0.5, "metadata": null})).await;
    let body = one.json();
    assert_eq!((one.status.as_u16(), &body["status"]), (200, &json!("success")));
    let many = json!([{"trace_id": "t-1", "value": "-1", "weight": "1"}, {"traceID": "t-2", "value": 10, "metadata": {"_user": "ada"}}]);
    let ids = told(&rig, "/v1/feedback", &many).await.json()["feedback_ids"].clone();
    assert_eq!(ids.as_array().map(Vec::len), Some(2));
    let id = body["feedback_ids"][0].as_str().expect("an id").to_owned();
    let revised = rig.send(put(&format!("/v1/feedback/{id}"), r#"{"value":-10}"#)).await;
    assert_eq!(revised.json()["feedback_ids"], json!([id]), "{}", revised.text());
    let list = rig.send(get("/v1/logs?trace_id=t-1")).await.json();
    let log = list["data"][0]["_id"].as_str().expect("an id").to_owned();
    let record = rig.send(get(&format!("/v1/logs/{log}"))).await.json();
    let said = record["feedback"].as_array().expect("feedback");
    let said: Vec<_> = said.iter().map(|row| (&row["value"], &row["weight"], &row["metadata"])).collect();
    assert_eq!(said.len(), 2);
    for row in [(&json!(-10), &json!(0.5), &json!({})), (&json!(-1), &json!(1.0), &json!({}))] {
        assert!(said.contains(&row), "{row:?}: {said:?}");
    }
    for (query, found) in [
        ("weighted_feedback_min=10", vec!["t-2"]),
        ("weighted_feedback_max=-3", vec!["t-1"]),
        ("weightedFeedbackMin=-3&weighted_feedback_max=10", vec!["t-1", "t-2"]),
        ("weighted_feedback_min=-2.9&weighted_feedback_max=9.9", vec![]),
    ] {
        assert_eq!(traces(&rig, query).await, found, "{query}");
    }
    let rig = rig.restart().await;
    assert_eq!(rig.send(get(&format!("/v1/logs/{log}"))).await.json()["feedback"], record["feedback"]);
}

#[tokio::test]
async fn feedback_that_is_wrong_is_told_every_mistake_and_none_is_kept() {
    let rig = Rig::new().await;
    call(&rig, "t-1").await;
    for (body, texts) in [
        (json!({}), vec!["trace_id must be text", "value must be a whole number from -10 to 10"]),
        (json!({"trace_id": "t-1", "value": 11, "weight": 1.5, "metadata": []}), vec!["value", "weight", "metadata"]),
        (json!({"trace_id": "", "value": 1.5}), vec!["trace_id", "value"]),
        (json!([{"trace_id": "t-1", "value": 1}, {"trace_id": "t-1", "value": "five"}]), vec!["[1].value must be"]),
        (json!([7]), vec!["an array of objects"]),
        (json!([]), vec!["1 to 1000"]),
        (json!(vec![json!({"trace_id": "t-1", "value": 1}); 1001]), vec!["1 to 1000"]),
        (json!("text"), vec!["one JSON object"]),
    ] {
        let (status, message) = refused(&rig, "/v1/feedback", &body).await;
        assert_eq!(status, 400, "{message}");
        assert!(texts.iter().all(|text| message.contains(text)), "{texts:?}: {message}");
    }
    let torn = rig.send(post("/v1/feedback", r#"{"trace_id":"#)).await;
    assert!(torn.status == 400 && torn.text().contains("not JSON"), "{}", torn.text());
    for id in ["nope", "01999999-0000-7000-8000-000000000000"] {
        let answer = rig.send(put(&format!("/v1/feedback/{id}"), r#"{"value":1}"#)).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["error"]["code"]), (404, &json!("AB08")), "{id}");
    }
    assert_eq!(rig.last().await["feedback"], json!([]));
    assert_eq!(rig.logs().await.len(), 1, "feedback is no call");
}

#[tokio::test]
async fn a_call_made_elsewhere_is_logged_counted_and_priced() {
    let rig = Rig::new().await;
    let entry = json!({
        "request": {
            "url": "https://api.openai.com/v1/chat/completions?key=SECRET", "method": "post", "provider": "openai",
            "headers": {"authorization": "Bearer SECRET", "x-mine": "SECRET", "user-agent": "mine"},
            "body": {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]},
        },
        "response": {
            "status": 200, "headers": {"set-cookie": "SECRET"}, "response_time": 1234.5,
            "body": serde_json::from_str::<Value>(REPLY).expect("JSON"),
        },
        "metadata": {"traceId": "t-9", "spanId": "s-2", "parent_span_id": "s-1", "spanName": "plan", "env": "prod", "n": 3},
    });
    let request = with(post("/v1/logs", entry.to_string()), "x-portkey-sensitive-headers", "['x-mine']");
    let answer = rig.send(request).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({"status": "success"})));
    let row = rig.last().await;
    assert!(!row.to_string().contains("SECRET"), "{row}");
    let metrics = &row["metrics"];
    for (field, expected) in [
        ("trace_id", json!("t-9")),
        ("span_id", json!("s-2")),
        ("parent_span_id", json!("s-1")),
        ("span_name", json!("plan")),
        ("ai_org", json!("openai")),
        ("ai_model", json!("gpt-4o-2024-08-06")),
        ("req_units", json!(1000)),
        ("res_units", json!(100)),
        ("cost", json!(0.35)),
        ("response_time", json!(1235)),
        ("request_url", json!("https://api.openai.com/v1/chat/completions")),
        ("request_method", json!("POST")),
        ("created_at", json!("2026-11-24T11:59:58.766Z")),
        ("is_success", json!(true)),
        ("metadata.key", json!(["env", "n", "team"])),
        ("metadata.value", json!(["prod", "3", "rig"])),
    ] {
        assert_eq!(metrics[field], expected, "{field}");
    }
    assert_eq!(row["request"]["body"], entry["request"]["body"]);
    assert_eq!(row["response"]["body"], entry["response"]["body"]);
    assert_eq!(row["request"]["headers"]["user-agent"], "mine");
    assert!(rig.upstream.seen().is_empty());
}

#[tokio::test]
async fn logs_come_many_at_a_time_or_not_at_all() {
    let rig = Rig::new().await;
    let entry = |status: u16, trace: &str| {
        json!({
            "request": {"url": "tool://search", "body": "a question"},
            "response": {"status": status, "body": {"error": {"message": "too busy"}}},
            "metadata": {"trace_id": trace},
        })
    };
    let bad = json!([entry(200, "t-1"), {"request": {"url": "u", "body": {}}}, {"response": {"status": 1}}]);
    let (status, message) = refused(&rig, "/v1/logs", &bad).await;
    assert_eq!(status, 400);
    for part in ["[1].response must be", "[2].request must be", "[2].response.body must be", "[2].response.status"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    let many = vec![entry(200, "t-1"); 1001];
    assert_eq!(refused(&rig, "/v1/logs", &json!(many)).await.0, 400);
    assert!(rig.logs().await.is_empty());
    let good = json!([entry(200, "t-1"), entry(503, "t-2")]);
    assert_eq!(told(&rig, "/v1/logs", &good).await.status, 200);
    assert_eq!(traces(&rig, "status_code=5xx").await, ["t-2"]);
    assert_eq!(traces(&rig, "status_code=200").await, ["t-1"]);
    let failed = rig.send(get("/v1/logs?trace_id=t-2")).await.json()["data"][0].clone();
    assert_eq!(failed["metrics"]["error"], "too busy");
    assert_eq!(failed["request"]["body"], "a question");
    let untold = with(post("/v1/logs", entry(200, "t-3").to_string()), "x-portkey-debug", "false");
    assert_eq!(rig.send(untold).await.status, 200);
    let row = rig.send(get("/v1/logs?trace_id=t-3")).await.json()["data"][0].clone();
    assert_eq!((&row["request"]["body"], &row["response"]["body"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn entries_without_a_trace_take_that_of_their_request_or_one_of_their_own() {
    let rig = Rig::new().await;
    let entry = json!({"request": {"url": "u", "body": {}}, "response": {"body": {}}});
    let both = json!([entry, entry]).to_string();
    assert_eq!(rig.send(post("/v1/logs", both.clone())).await.status, 200);
    let own = traces(&rig, "").await;
    assert_ne!(own[0], own[1]);
    assert_eq!(rig.send(with(post("/v1/logs", both), "x-portkey-trace-id", "t-7")).await.status, 200);
    assert_eq!(traces(&rig, "trace_id=t-7").await, ["t-7", "t-7"]);
}

#[tokio::test]
async fn a_key_that_lacks_a_scope_is_told_which() {
    let rig = Rig::new().await;
    let export = "/v1/logs/exports/01999999-0000-7000-8000-000000000000";
    for (request, scope) in [
        (post("/v1/logs", "{}"), "logs.write"),
        (post("/v1/logs/exports", "{}"), "logs.export"),
        (get("/v1/logs/exports"), "logs.export"),
        (get(export), "logs.export"),
        (put(export, "{}"), "logs.export"),
        (post(&format!("{export}/start"), ""), "logs.export"),
        (post(&format!("{export}/cancel"), ""), "logs.export"),
        (get(&format!("{export}/download")), "logs.export"),
        (get("/v1/logs/exports/field-restrictions"), "logs.export"),
    ] {
        let shown = format!("{} {}", request.method(), request.uri());
        let answer = rig.send(with(request, "x-portkey-api-key", PLAIN)).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["error"]["param"]), (403, &json!(scope)), "{shown}");
    }
    let feedback = with(post("/v1/feedback", r#"{"trace_id":"t","value":1}"#), "x-portkey-api-key", PLAIN);
    assert_eq!(rig.send(feedback).await.status, 200);
}

/// Draws up an export and runs it to its end. Its id and how it ended.
async fn exported(rig: &Rig, order: &Value) -> (String, Value) {
    let made = told(rig, "/v1/logs/exports", order).await;
    assert_eq!((made.status.as_u16(), &made.json()["object"]), (200, &json!("export")), "{}", made.text());
    let id = made.json()["id"].as_str().expect("an id").to_owned();
    let started = rig.send(post(&format!("/v1/logs/exports/{id}/start"), "")).await;
    assert_eq!(started.status, 200, "{}", started.text());
    loop {
        let shown = rig.send(get(&format!("/v1/logs/exports/{id}"))).await.json();
        if shown["status"] != "in_progress" {
            return (id, shown);
        }
        tokio::task::yield_now().await;
    }
}

/// Path and query of the file, as a client without a key would ask for it.
async fn address(rig: &Rig, id: &str) -> String {
    let answer = rig.send(get(&format!("/v1/logs/exports/{id}/download"))).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let url = answer.json()["signed_url"].as_str().expect("an address").to_owned();
    url.strip_prefix("http://127.0.0.1:8787").expect("an absolute address").to_owned()
}

async fn fetched(rig: &Rig, address: &str) -> Answer {
    rig.send(Request::get(address).body(Body::empty()).expect("a request")).await
}

#[tokio::test]
async fn an_export_is_ordered_run_and_fetched_without_a_key() {
    let rig = Rig::new().await;
    for trace in ["t-1", "t-2", "t-3"] {
        call(&rig, trace).await;
    }
    let order = json!({
        "workspace_id": "default", "description": "three",
        "filters": {"timeOfGenerationMin": "2026-11-24T00:00:00Z", "ai_model": "gpt-4o-2024-08-06", "status_code": [200]},
        "requested_data": ["trace_id", "created_at", "ai_provider", "total_tokens", "cost", "metadata", "response"],
    });
    let (id, ended) = exported(&rig, &order).await;
    assert_eq!((&ended["status"], &ended["total_records"]), (&json!("success"), &json!(3)), "{ended}");
    assert_eq!((&ended["filters"], &ended["requested_data"]), (&order["filters"], &order["requested_data"]));
    let answer = fetched(&rig, &address(&rig, &id).await).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/jsonl"));
    let text = answer.text();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    let seen: Vec<_> = lines.iter().map(|line| line["trace_id"].clone()).collect();
    assert_eq!(seen.len(), 3);
    assert!(["t-1", "t-2", "t-3"].iter().all(|trace| seen.contains(&json!(trace))), "{seen:?}");
    let line = &lines[0];
    assert_eq!(
        (&line["ai_provider"], &line["total_tokens"], &line["cost"]),
        (&json!("openai"), &json!(1100), &json!(0.35))
    );
    assert_eq!((&line["metadata"], &line["created_at"]), (&json!({"team": "rig"}), &json!("2026-11-24T12:00:00.000Z")));
    assert_eq!(line["response"]["body"]["model"], "gpt-4o-2024-08-06");
    assert!(!text.contains("sk-alpha-credential") && !text.contains(KEY));
    let list = rig.send(get("/v1/logs/exports?workspaceId=default")).await.json();
    assert_eq!((&list["total"], &list["data"][0]["id"]), (&json!(1), &json!(id)));
}

#[tokio::test]
async fn an_order_is_counted_bounded_and_changed_until_it_has_succeeded() {
    let rig = Rig::new().await;
    for trace in ["t-1", "t-2", "t-3"] {
        call(&rig, trace).await;
    }
    let made = told(&rig, "/v1/logs/exports", &json!({})).await.json();
    assert_eq!(made["total"], 3);
    let path = format!("/v1/logs/exports/{}", made["id"].as_str().expect("an id"));
    let revised = rig.send(put(&path, r#"{"filters":{"page_size":2},"requested_data":["id"]}"#)).await;
    assert_eq!(revised.json()["total"], 2, "{}", revised.text());
    let early = rig.send(get(&format!("{path}/download"))).await;
    assert_eq!((early.status.as_u16(), &early.json()["error"]["code"]), (409, &json!("export_state")));
    assert_eq!(rig.send(post(&format!("{path}/cancel"), "")).await.status, 409, "nothing runs");
    let (id, ended) = exported(&rig, &json!({"filters": {"page_size": 2}, "requested_data": ["id"]})).await;
    assert_eq!(ended["total_records"], 2);
    let late = rig.send(put(&format!("/v1/logs/exports/{id}"), r#"{"requested_data":["cost"]}"#)).await;
    assert_eq!(late.status, 409, "{}", late.text());
    let (_, none) = exported(&rig, &json!({"filters": {"prompt_slug": "pp-1"}})).await;
    assert_eq!((&none["status"], &none["total_records"]), (&json!("success"), &json!(0)));
}

#[tokio::test]
async fn an_order_that_is_wrong_is_told_what_is_allowed() {
    let rig = Rig::new().await;
    for (order, texts) in [
        (json!({"requested_data": ["secret"]}), vec!["requested_data must be", "trace_id", "prompt_slug"]),
        (json!({"requested_data": []}), vec!["requested_data must be"]),
        (json!({"filters": {"colour": 1, "cost_min": "x"}}), vec!["filters.colour", "filters.cost_min"]),
        (json!({"filters": []}), vec!["filters must be an object"]),
        (json!([]), vec!["one JSON object"]),
    ] {
        let (status, message) = refused(&rig, "/v1/logs/exports", &order).await;
        assert_eq!(status, 400, "{message}");
        assert!(texts.iter().all(|text| message.contains(text)), "{texts:?}: {message}");
    }
    for path in ["/v1/logs/exports/nope", "/v1/logs/exports/nope/download"] {
        assert_eq!(rig.send(get(path)).await.status, 404, "{path}");
    }
    assert_eq!(rig.send(post("/v1/logs/exports/nope/start", "")).await.status, 404);
    let fields = rig.send(get("/v1/logs/exports/field-restrictions")).await.json();
    assert_eq!((&fields["denied_fields"], &fields["allowed_fields"][0]), (&json!([]), &json!("id")));
}

#[tokio::test]
async fn an_address_is_good_for_an_hour_and_for_its_file_alone() {
    let rig = Rig::new().await;
    call(&rig, "t-1").await;
    let (id, _) = exported(&rig, &json!({"requested_data": ["id"]})).await;
    let (other, _) = exported(&rig, &json!({"requested_data": ["id"]})).await;
    let good = address(&rig, &id).await;
    let later = good.replace("expires=1", "expires=2");
    let cut = good.trim_end_matches(|letter: char| letter.is_ascii_hexdigit()).to_owned();
    for bad in [good.replace(&id, &other), later, cut, format!("/v1/logs/exports/{id}/file"), format!("{good}0")] {
        assert_eq!(fetched(&rig, &bad).await.status, 403, "{bad}");
    }
    assert_eq!(fetched(&rig, &good).await.status, 200);
    rig.house.clock.advance(HOUR);
    assert_eq!(fetched(&rig, &good).await.status, 403);
    assert_eq!(fetched(&rig, &address(&rig, &id).await).await.status, 200);
}

#[tokio::test]
async fn files_are_removed_after_a_week() {
    let rig = Rig::new().await;
    let (id, _) = exported(&rig, &json!({})).await;
    let data = rig.folder.path().join("data");
    std::fs::write(data.join("exports/left-over.1.jsonl"), "{}").expect("a file");
    let now = || rig.house.clock.now();
    assert_eq!(sweep(&rig.house.store, &data, now()).await.expect("swept"), 1, "what no order has");
    rig.house.clock.advance(7 * 24 * HOUR - 1);
    assert_eq!(sweep(&rig.house.store, &data, now()).await.expect("swept"), 0);
    let good = address(&rig, &id).await;
    rig.house.clock.advance(1);
    assert_eq!(fetched(&rig, &good).await.status, 410);
    assert_eq!(rig.send(get(&format!("/v1/logs/exports/{id}/download"))).await.status, 410);
    assert_eq!(sweep(&rig.house.store, &data, now()).await.expect("swept"), 1);
    assert_eq!(std::fs::read_dir(data.join("exports")).expect("a folder").count(), 0);
}

#[tokio::test]
async fn a_run_can_be_stopped_and_one_that_a_crash_cut_has_failed() {
    let rig = Rig::new().await;
    call(&rig, "t-1").await;
    let id = told(&rig, "/v1/logs/exports", &json!({})).await.json()["id"].as_str().expect("an id").to_owned();
    let path = format!("/v1/logs/exports/{id}");
    let store = &rig.house.store;
    assert!(store.start_export("default", &id, 1).await.expect("started").is_some());
    let again = rig.send(post(&format!("{path}/start"), "")).await;
    assert!(again.status == 409 && again.text().contains("runs already"), "{}", again.text());
    assert_eq!(rig.send(post(&format!("{path}/cancel"), "")).await.status, 200);
    assert_eq!(rig.send(get(&path)).await.json()["status"], "stopped");
    assert!(store.start_export("default", &id, 1).await.expect("started").is_some());
    let rig = rig.restart().await;
    let shown = rig.send(get(&path)).await.json();
    assert_eq!(shown["status"], "failed");
    assert!(shown["status_reason"].as_str().is_some_and(|reason| reason.contains("Start it again")), "{shown}");
    assert_eq!(rig.send(post(&format!("{path}/start"), "")).await.status, 200);
}
