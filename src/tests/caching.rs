//! One upstream call for many callers: equal calls at one time read along, and the call ends when its last caller leaves.
#![expect(clippy::expect_used, reason = "an answer that does not come is a failed test")]

use crate::rig::{Answer, End, Rig, Scene, post, with};
use axum::body::Body;
use futures_util::future::{join, join_all};
use futures_util::stream::{FuturesUnordered, StreamExt};
use http::Request;
use http_body_util::BodyExt;
use std::pin::pin;
use std::time::Duration;

const CONFIG: &str = r#"{"provider":"@alpha","cache":{"mode":"simple"}}"#;
const ASK: &str = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}"#;
const ASK_STREAM: &str = r#"{"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
const REPLY: &str = r#"{"id":"c1","object":"chat.completion","model":"gpt-4o","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100}}"#;
const WORD: &str = r#"data: {"id":"c","model":"gpt-4o","choices":[{"index":0,"delta":{"content":"hello"}}]}"#;
const DONE: &str = "data: [DONE]";
const MANY: usize = 100;
const LONG: Duration = Duration::from_secs(60);

fn call(body: &'static str) -> Request<Body> {
    with(post("/v1/chat/completions", body), "x-portkey-config", CONFIG)
}

/// All of them at once, while the provider is slow enough that none comes late.
async fn all(rig: &Rig, body: &'static str, scene: Scene) -> Vec<Answer> {
    rig.upstream.then(Scene { delay: Duration::from_millis(1500), ..scene });
    tokio::time::timeout(LONG, join_all((0..MANY).map(|_| rig.send(call(body))))).await.expect("answers")
}

/// Reads until the word has come.
async fn word(body: &mut Body) {
    let mut text = String::new();
    while !text.contains("hello") {
        let frame = body.frame().await.expect("a frame").expect("bytes");
        text.push_str(&String::from_utf8_lossy(frame.data_ref().expect("data")));
    }
}

#[tokio::test]
async fn a_hundred_equal_calls_make_one_upstream_call() {
    let rig = Rig::new().await;
    let answers = all(&rig, ASK, Scene::json(200, REPLY)).await;
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.text() == REPLY));
    assert_eq!(rig.upstream.seen().len(), 1);
    let missed = answers.iter().filter(|answer| answer.header("x-portkey-cache-status") == "MISS").count();
    let hits = answers.iter().filter(|answer| answer.header("x-portkey-cache-status") == "HIT").count();
    assert_eq!((missed, hits), (1, MANY - 1));
    let rows = rig.logs().await;
    assert_eq!(rows.len(), MANY, "each of them has a row");
    let paid = rows.iter().filter(|row| row["metrics"]["cost"].as_f64().is_some_and(|cost| cost > 0.0));
    assert_eq!(paid.count(), 1, "one of them costs");
    let late = rig.send(call(ASK)).await;
    assert_eq!((late.text().as_str(), late.header("x-portkey-cache-status")), (REPLY, "HIT"));
}

#[tokio::test]
async fn a_hundred_equal_streams_make_one_upstream_call() {
    let rig = Rig::new().await;
    let answers = all(&rig, ASK_STREAM, Scene::events(&[WORD, WORD, DONE])).await;
    let whole = format!("{WORD}\n\n{WORD}\n\n{DONE}\n\n");
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.text() == whole), "{}", answers[0].text());
    assert_eq!((rig.upstream.seen().len(), rig.logs().await.len()), (1, MANY));
}

#[tokio::test]
async fn streams_and_whole_answers_of_one_call_make_one_upstream_call() {
    let end = r#"data: {"id":"c","model":"gpt-4o","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
    for (first, second) in [(ASK, ASK_STREAM), (ASK_STREAM, ASK)] {
        let rig = Rig::new().await;
        let scene = if first == ASK { Scene::json(200, REPLY) } else { Scene::events(&[WORD, end, DONE]) };
        rig.upstream.then(Scene { delay: Duration::from_millis(1500), ..scene });
        let mut one = pin!(rig.send(call(first)));
        while rig.upstream.seen().is_empty() {
            assert!(futures_util::poll!(one.as_mut()).is_pending());
            tokio::task::yield_now().await;
        }
        let others = join_all((0..MANY).map(|number| rig.send(call(if number % 2 == 0 { second } else { first }))));
        let (one, others) = tokio::time::timeout(LONG, join(one, others)).await.expect("answers");
        assert_eq!(one.header("x-portkey-cache-status"), "MISS");
        assert_eq!(rig.upstream.seen().len(), 1, "{first}");
        for answer in others {
            let text = answer.text();
            assert_eq!((answer.status.as_u16(), answer.header("x-portkey-cache-status")), (200, "HIT"), "{text}");
            assert!(text.contains("hello"), "{text}");
        }
    }
}

#[tokio::test]
async fn who_waits_for_the_other_form_calls_by_himself_where_nothing_was_kept() {
    let rig = Rig::new().await;
    rig.upstream.then(Scene { delay: Duration::from_millis(500), ..Scene::json(503, "{\"error\":\"busy\"}") });
    rig.upstream.then(Scene::events(&[WORD, DONE]));
    let mut whole = pin!(rig.send(call(ASK)));
    while rig.upstream.seen().is_empty() {
        assert!(futures_util::poll!(whole.as_mut()).is_pending());
        tokio::task::yield_now().await;
    }
    let (whole, stream) = join(whole, rig.send(call(ASK_STREAM))).await;
    assert_eq!((whole.status.as_u16(), stream.status.as_u16()), (503, 200));
    assert_eq!(stream.text(), format!("{WORD}\n\n{DONE}\n\n"));
    assert_eq!(rig.upstream.seen().len(), 2);
}

#[tokio::test]
async fn a_hundred_equal_calls_that_fail_are_told_alike_and_nothing_is_kept() {
    let rig = Rig::new().await;
    let failure = r#"{"error":{"message":"busy","type":"server_error","param":null,"code":null}}"#;
    let answers = all(&rig, ASK, Scene::json(503, failure)).await;
    assert!(answers.iter().all(|answer| answer.status == 503 && answer.text() == failure));
    assert_eq!(rig.upstream.seen().len(), 1);
    rig.upstream.then(Scene::json(200, REPLY));
    assert_eq!(rig.send(call(ASK)).await.text(), REPLY);
}

#[tokio::test]
async fn a_stream_goes_on_when_its_first_caller_leaves_and_ends_with_its_last() {
    let rig = Rig::new().await;
    rig.upstream.then(Scene::events(&[WORD]).ends(End::Hang));
    let mut bodies = Vec::new();
    for _ in 0..3 {
        bodies.push(rig.open(call(ASK_STREAM)).await.into_body());
    }
    word(&mut bodies[0]).await;
    drop(bodies.remove(0));
    for body in &mut bodies {
        word(body).await;
    }
    assert_eq!((rig.upstream.seen().len(), rig.house.flights.len()), (1, 1));
    drop(bodies.remove(0));
    assert_eq!(rig.house.flights.len(), 1, "one caller is left");
    drop(bodies);
    tokio::time::timeout(LONG, rig.upstream.left()).await.expect("the provider is given up");
    assert!(rig.house.flights.is_empty());
}

#[tokio::test]
async fn a_call_goes_on_when_its_first_caller_leaves() {
    let rig = Rig::new().await;
    rig.upstream.then(Scene { delay: Duration::from_millis(300), ..Scene::json(200, REPLY) });
    let mut first = Box::pin(rig.send(call(ASK)));
    let mut second = pin!(rig.send(call(ASK)));
    while rig.upstream.seen().is_empty() {
        assert!(futures_util::poll!(first.as_mut()).is_pending() && futures_util::poll!(second.as_mut()).is_pending());
        tokio::task::yield_now().await;
    }
    drop(first);
    assert_eq!(second.await.text(), REPLY);
    assert_eq!(rig.upstream.seen().len(), 1);
}

#[tokio::test]
async fn a_call_that_everybody_leaves_is_given_up() {
    let rig = Rig::new().await;
    rig.upstream.then(Scene::json(200, REPLY).ends(End::Mute));
    let mut calls = (0..MANY).map(|_| Box::pin(rig.send(call(ASK)))).collect::<FuturesUnordered<_>>();
    while rig.upstream.seen().is_empty() {
        assert!(futures_util::poll!(calls.next()).is_pending());
        tokio::task::yield_now().await;
    }
    drop(calls);
    tokio::time::timeout(LONG, rig.upstream.left()).await.expect("the provider is given up");
    assert_eq!((rig.upstream.seen().len(), rig.house.flights.len()), (1, 0));
}

#[tokio::test]
async fn who_reads_on_pays_where_the_first_caller_has_left() {
    let rig = Rig::new().await;
    let end = r#"data: {"id":"c","model":"gpt-4o","choices":[],"usage":{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100}}"#;
    rig.upstream.then(Scene { pause: Duration::from_millis(700), ..Scene::events(&[WORD, end, DONE]) });
    let mut first = rig.open(call(ASK_STREAM)).await.into_body();
    word(&mut first).await;
    let second = rig.open(call(ASK_STREAM)).await.into_body();
    drop(first);
    let text = second.collect().await.expect("a whole stream").to_bytes();
    assert!(String::from_utf8_lossy(&text).contains(DONE));
    assert_eq!(costs(&rig, 2).await, [0.0, 0.35]);

    rig.upstream.then(Scene { delay: Duration::from_millis(700), ..Scene::json(200, REPLY) });
    let ask = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"another"}]}"#;
    let mut first = Box::pin(rig.send(call(ask)));
    let mut second = pin!(rig.send(call(ask)));
    while rig.upstream.seen().len() < 2 {
        assert!(futures_util::poll!(first.as_mut()).is_pending() && futures_util::poll!(second.as_mut()).is_pending());
        tokio::task::yield_now().await;
    }
    drop(first);
    assert_eq!(second.await.header("x-portkey-cache-status"), "MISS");
    assert_eq!(costs(&rig, 4).await, [0.0, 0.0, 0.35, 0.35]);
}

/// Cents of all rows, once there are so many.
async fn costs(rig: &Rig, rows: usize) -> Vec<f64> {
    loop {
        let logs = rig.logs().await;
        if logs.len() == rows {
            let mut costs: Vec<_> = logs.iter().map(|row| row["metrics"]["cost"].as_f64().unwrap_or(0.0)).collect();
            costs.sort_by(f64::total_cmp);
            return costs;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn who_wanted_the_other_form_pays_where_the_first_caller_has_left() {
    let rig = Rig::new().await;
    rig.upstream.then(Scene { delay: Duration::from_millis(700), ..Scene::json(200, REPLY) });
    let mut first = Box::pin(rig.send(call(ASK)));
    let mut second = pin!(rig.send(call(ASK_STREAM)));
    while rig.upstream.seen().is_empty() {
        assert!(futures_util::poll!(first.as_mut()).is_pending());
        tokio::task::yield_now().await;
    }
    for _ in 0..1_000 {
        assert!(futures_util::poll!(second.as_mut()).is_pending());
        tokio::task::yield_now().await;
    }
    drop(first);
    let answer = second.await;
    assert_eq!((answer.status.as_u16(), answer.header("x-portkey-cache-status")), (200, "MISS"));
    assert_eq!((costs(&rig, 2).await, rig.upstream.seen().len()), (vec![0.0, 0.35], 1));
}
