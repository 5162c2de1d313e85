//! What stands around calls: addresses that are none, preflights, and the console's answers by their status.
#![expect(clippy::expect_used, reason = "what cannot be set up is a failed test")]

use crate::rig::{Answer, KEY, Rig, get, post, with};
use axum::body::Body;
use http::header::{ACCEPT, CONTENT_TYPE, COOKIE, HOST, LOCATION, REFERER, SET_COOKIE};
use http::{HeaderValue, Request};
use leptos::server_fn::axum::server_fn_paths;
use std::sync::Arc;
use switchyard::server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[tokio::test]
async fn whatever_is_asked_below_v1_is_answered_in_json_with_a_trace() {
    let rig = Rig::new().await;
    for (path, status) in [
        ("/v1", 404),
        ("/v1/", 404),
        ("/v1/logs/%ff", 404),
        ("/v1/%zz", 404),
        ("/v1/a/..%2fb", 404),
        ("/v1/guardrails", 404),
        ("/v1/prompts/p/completions", 404),
        ("/v1/nope", 400),
    ] {
        for request in [get(path), post(path, "{}")] {
            let method = request.method().clone();
            let answer = rig.send(request).await;
            assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
            assert_eq!(answer.header("content-type"), "application/json", "{method} {path}");
            assert!(answer.json()["error"]["message"].is_string() && !answer.header("x-portkey-trace-id").is_empty());
        }
    }
    let rows = rig.logs().await;
    assert_eq!(rows.len(), 2, "a path that a provider may have leaves a row");
}

#[tokio::test]
async fn a_page_of_a_listed_origin_may_send_what_it_asks_to() {
    for (origins, allowed) in [("[\"https://app.example.com\"]", "https://app.example.com"), ("\"*\"", "*")] {
        let rig = Rig::with(&format!("cors_origins = {origins}")).await;
        let preflight = Request::options("/v1/chat/completions")
            .header("origin", "https://app.example.com")
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization, x-portkey-api-key");
        let answer = rig.send(preflight.body(Body::empty()).expect("a request")).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("access-control-allow-origin"), allowed);
        assert_eq!(answer.header("access-control-allow-headers"), "authorization, x-portkey-api-key");
        assert!(!answer.header("x-portkey-trace-id").is_empty());
        let mut call = post("/v1/chat/completions", r#"{"model":"@alpha/m","messages":[]}"#);
        call.headers_mut().insert("origin", HeaderValue::from_static("https://app.example.com"));
        let answer = rig.send(call).await;
        assert_eq!(answer.header("access-control-allow-origin"), allowed);
        assert_eq!(answer.header("access-control-expose-headers"), "*");
    }
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused_in_words_and_has_a_row() {
    let rig = Rig::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let house = Arc::clone(&rig.house);
    let served = tokio::spawn(async move { server::serve(&house, listener, async { _ = stopped.await }).await });
    let mut told = Vec::new();
    let many = (0..500).map(|number| format!("x-{number}: 1\r\n")).collect::<String>();
    for (path, headers, status) in [
        ("/v1/embeddings".to_owned(), many, 431),
        ("/v1/embeddings".to_owned(), format!("x-long: {}\r\n", "a".repeat(300_000)), 431),
        (format!("/v1/files?after={}", "a".repeat(20_000)), String::new(), 414),
        (format!("/v1/models?after={}", "a".repeat(20_000)), String::new(), 414),
    ] {
        let mut line = TcpStream::connect(address).await.expect("a connection");
        let head =
            format!("GET {path} HTTP/1.1\r\nhost: h\r\nconnection: close\r\nx-portkey-api-key: {KEY}\r\n{headers}\r\n");
        line.write_all(head.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        line.read_to_string(&mut answer).await.expect("an answer");
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
        assert!(body.contains(r#""code":"head_too_large""#) && answer.contains("x-portkey-trace-id"), "{answer}");
        told.push(status);
        // In one moment of a frozen clock the order of rows is chance.
        let rows = rig.logs().await;
        let mut logged =
            rows.iter().filter_map(|row| row["metrics"]["response_status_code"].as_u64()).collect::<Vec<_>>();
        logged.sort_unstable_by(|left, right| right.cmp(left));
        assert_eq!(logged, told, "{answer}");
    }
    stop.send(()).expect("still serving");
    served.await.expect("it ends");
}

/// Posts a form of the console; `kinds` is what the browser takes.
pub async fn submit(rig: &Rig, act: &str, form: &'static str, kinds: &'static str) -> Answer {
    rig.send(form_of(act, form, kinds)).await
}

/// A form of the console on its way.
pub fn form_of(act: &str, form: impl Into<Body>, kinds: &'static str) -> Request<Body> {
    let path = server_fn_paths().map(|(path, _)| path).find(|path| path.starts_with(&format!("/api/{act}")));
    let request = Request::post(path.expect(act))
        .header(HOST, "127.0.0.1:8787")
        .header("sec-fetch-site", "same-origin")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(REFERER, "http://127.0.0.1:8787/sign-in")
        .header(ACCEPT, kinds);
    request.body(form.into()).expect("a request")
}

#[tokio::test]
async fn a_refused_form_is_told_by_its_status_and_keeps_what_was_typed() {
    const WRONG: &str = "form[email]=ada%40example.com&form[password]=wrong+horse+battery";
    let rig = Rig::new().await;
    let scripted = submit(&rig, "sign_in", WRONG, "application/json").await;
    assert_eq!(scripted.status, 422, "{}", scripted.text());
    let plain = submit(&rig, "sign_in", WRONG, "text/html").await;
    assert_eq!(plain.status, 302);
    let back = plain.headers[LOCATION].to_str().expect("an address").to_owned();
    let place = back.find("/sign-in").expect("the page");
    let page = rig.send(Request::get(&back[place..]).body(Body::empty()).expect("a request")).await;
    assert!(page.text().contains(r#"value="ada@example.com""#), "{}", page.text());
    assert!(!page.text().contains("wrong horse"));
}

#[tokio::test]
async fn a_log_that_is_not_there_is_not_found() {
    let rig = Rig::new().await;
    let form = "form[email]=owner%40example.com&form[password]=correct+horse+battery";
    let signed = submit(&rig, "sign_in", form, "application/json").await;
    let cookie = signed.headers[SET_COOKIE].to_str().expect("a cookie").split(';').next().expect("a pair").to_owned();
    for (path, status) in [("/logs", 200), ("/logs/none", 404)] {
        let request = Request::get(path).header(COOKIE, &cookie).body(Body::empty()).expect("a request");
        assert_eq!(rig.send(request).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn the_theme_is_kept_where_no_script_reads_it() {
    for (url, secure) in [("http://127.0.0.1:8787", false), ("https://127.0.0.1", true)] {
        let rig = Rig::with(&format!("public_url = {url:?}")).await;
        let request = Request::post("/theme")
            .header(HOST, "127.0.0.1:8787")
            .header("sec-fetch-site", "same-origin")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let request = request.header(ACCEPT, if secure { "text/html" } else { "*/*" });
        let answer = rig.send(with(request.body(Body::from("theme=dark")).expect("a request"), "origin", url)).await;
        let cookie = answer.header("set-cookie");
        assert!(cookie.starts_with("theme=dark;") && cookie.contains("HttpOnly"), "{cookie}");
        assert_eq!((cookie.contains("Secure"), answer.status.is_redirection()), (secure, secure), "{cookie}");
    }
}

#[tokio::test]
async fn who_is_signed_out_is_led_away_before_a_page_leaves() {
    let rig = Rig::new().await;
    for method in ["GET", "HEAD"] {
        for path in ["/", "/analytics?tab=latency", "/logs"] {
            let page = Request::builder().method(method).uri(path).header(ACCEPT, "text/html");
            let answer = rig.send(page.body(Body::empty()).expect("a request")).await;
            assert_eq!((answer.status.as_u16(), answer.header("location")), (302, "/sign-in"), "{method} {path}");
        }
    }
}
