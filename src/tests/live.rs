//! What the console's scripts ask for: streams of the playground and finds of the palette.
#![expect(clippy::expect_used, reason = "a request that cannot be made is a failed test")]

use crate::edges::submit;
use crate::rig::{Answer, Rig, with};
use axum::body::Body;
use http::header::{CONTENT_TYPE, COOKIE, HOST, SET_COOKIE};
use http::{Request, StatusCode};
use serde_json::{Value, json};

/// The cookie of the owner, signed in.
async fn cookie(rig: &Rig) -> String {
    let form = "form[email]=owner%40example.com&form[password]=correct+horse+battery";
    let signed = submit(rig, "sign_in", form, "application/json").await;
    let cookie = signed.headers[SET_COOKIE].to_str().expect("a cookie");
    cookie.split(';').next().expect("a pair").to_owned()
}

fn request(method: &str, path: &str, cookie: &str, body: &Value) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, "127.0.0.1:8787")
        .header("sec-fetch-site", "same-origin")
        .header(CONTENT_TYPE, "application/json")
        .header(COOKIE, cookie)
        .body(Body::from(body.to_string()))
        .expect("a request")
}

fn asked(model: &str) -> Value {
    json!({"column": 0, "sheet": {"turns": [{"role": "user", "text": "Points set"}], "columns": [{"model": model}]}})
}

async fn send(rig: &Rig, method: &str, path: &str, cookie: &str, body: &Value) -> Answer {
    rig.send(request(method, path, cookie, body)).await
}

#[tokio::test]
async fn a_run_streams_is_logged_and_tells_its_figures() {
    let rig = Rig::new().await;
    let cookie = cookie(&rig).await;
    let ran = send(&rig, "POST", "/playground/run", &cookie, &asked("@sandbox/echo")).await;
    assert_eq!((ran.status, ran.header("content-type")), (StatusCode::OK, "text/event-stream"), "{}", ran.text());
    assert!(ran.text().contains("Points") && ran.text().ends_with("data: [DONE]\n\n"), "{}", ran.text());
    let id = ran.header("x-portkey-request-id").to_owned();
    let told = send(&rig, "GET", &format!("/playground/runs/{id}"), &cookie, &Value::Null).await.json();
    assert_eq!((&told["log"], &told["status"]), (&json!(id), &json!(200)));
    assert!(told["parts"].to_string().contains("Points set"), "{told}");
    assert_eq!(rig.last().await["_id"], json!(id));
    let found = send(&rig, "GET", &format!("/find?q={id}"), &cookie, &Value::Null).await.json();
    assert_eq!(found[0]["href"], json!(format!("/logs/{id}")), "{found}");
    let code = send(&rig, "POST", "/playground/code", &cookie, &asked("@sandbox/echo")).await.json();
    assert_eq!(code.as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn a_run_that_told_no_id_is_found_by_its_trace() {
    let rig = Rig::new().await;
    let cookie = cookie(&rig).await;
    let trace = "0123456789abcdef0123456789abcdef";
    let place = format!("/playground/traces/{trace}");
    assert_eq!(send(&rig, "GET", &place, &cookie, &Value::Null).await.status, StatusCode::NOT_FOUND);
    for (given, found) in [("no trace", StatusCode::NOT_FOUND), (trace, StatusCode::OK)] {
        let mut sheet = asked("@sandbox/echo");
        sheet["trace"] = json!(given);
        let ran = send(&rig, "POST", "/playground/run", &cookie, &sheet).await;
        let told = send(&rig, "GET", &place, &cookie, &Value::Null).await;
        assert_eq!(told.status, found, "{given}: {}", told.text());
        if found == StatusCode::OK {
            assert_eq!(told.json()["log"], json!(ran.header("x-portkey-request-id")));
        }
    }
}

#[tokio::test]
async fn a_failure_is_told_and_a_sheet_that_cannot_be_sent_calls_nobody() {
    let rig = Rig::new().await;
    let cookie = cookie(&rig).await;
    let failed = send(&rig, "POST", "/playground/run", &cookie, &asked("@sandbox/fail-503")).await;
    assert_eq!((failed.status.as_u16(), failed.header("content-type")), (503, "application/json"));
    assert!(failed.json()["error"]["message"].is_string(), "{}", failed.text());
    let calls = rig.logs().await.len();
    let refused = send(&rig, "POST", "/playground/run", &cookie, &asked("")).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["fields"][0][0]), (422, &json!("model")));
    let missing = send(&rig, "GET", "/playground/runs/none", &cookie, &Value::Null).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    assert_eq!(rig.logs().await.len(), calls);
}

#[tokio::test]
async fn strangers_and_other_sites_get_nothing() {
    let rig = Rig::new().await;
    let cookie = cookie(&rig).await;
    for (method, path) in [
        ("POST", "/playground/run"),
        ("POST", "/playground/code"),
        ("GET", "/playground/runs/1"),
        ("GET", "/playground/traces/1"),
        ("GET", "/find?q=alpha"),
    ] {
        let stranger = send(&rig, method, path, "", &asked("@sandbox/echo")).await;
        assert_eq!(stranger.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    let forged =
        with(request("POST", "/playground/run", &cookie, &asked("@sandbox/echo")), "sec-fetch-site", "cross-site");
    assert_eq!(rig.send(forged).await.status, StatusCode::FORBIDDEN);
    assert_eq!(rig.logs().await.len(), 0);
}
