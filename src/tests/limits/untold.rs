//! What nobody tells the cost of is counted as that, or refused.

use super::{admin, events, key, shown};
use crate::rig::{Answer, End, Rig, Scene, Yard, post, with};
use http::Method;
use http_body_util::BodyExt;
use serde_json::json;

const PRICE: &str = "[[price]]\nprovider = \"alpha\"\nmodel = \"voice\"\ninput = 1\noutput = 2\n";

async fn rig(budget: &str) -> Rig {
    let tables = format!("{}{PRICE}", key(&format!("budget = {{ type = \"cost\", credit_limit = 1, {budget} }}")));
    Rig::of(Yard { tables: &tables, ..Yard::default() }).await
}

async fn say(rig: &Rig) -> Answer {
    let mut sound = Scene::json(200, "ID3");
    sound.headers = vec![("content-type", "audio/mpeg".to_owned())];
    rig.upstream.then(sound);
    let body = r#"{"model":"@alpha/voice","voice":"alloy","input":"On."}"#;
    rig.send(with(post("/v1/audio/speech", body), "x-portkey-api-key", super::LIMITED)).await
}

#[tokio::test]
async fn speech_is_counted_as_a_call_without_a_cost_though_its_model_has_a_price() {
    let rig = rig("unpriced = \"count\"").await;
    let answer = say(&rig).await;
    assert_eq!((answer.status.as_u16(), answer.bytes.as_ref()), (200, &b"ID3"[..]));
    let usage = &shown(&rig).await["usage_limits"];
    assert_eq!((usage["unpriced_requests"].as_u64(), usage["current_usage"].as_f64()), (Some(1), Some(0.0)), "{usage}");
}

#[tokio::test]
async fn a_budget_that_refuses_what_has_no_price_refuses_speech_before_it_is_sent() {
    let rig = rig("unpriced = \"refuse\"").await;
    let answer = say(&rig).await;
    assert_eq!(answer.status, 412, "{}", answer.text());
    assert!(rig.upstream.seen().is_empty());
}

#[tokio::test]
async fn a_stream_that_tells_no_usage_and_one_that_is_left_are_counted() {
    let rig = rig("unpriced = \"count\"").await;
    let asked = r#"{"model":"@alpha/voice","prompt":"a line","stream":true}"#;
    let ask = || with(post("/v1/images/generations", asked), "x-portkey-api-key", super::LIMITED);
    let part = r#"data: {"type":"image_generation.partial_image","b64_json":"aGk="}"#;
    rig.upstream.then(Scene::events(&[part]));
    assert_eq!(rig.send(ask()).await.status, 200);
    rig.upstream.then(Scene::events(&[part]).ends(End::Hang));
    let mut body = rig.open(ask()).await.into_body();
    events(&mut body, 1).await;
    drop(body);
    rig.upstream.left().await;
    // A picture that nobody waited for.
    rig.upstream.then(Scene::json(200, "").ends(End::Mute));
    tokio::select! {
        _ = rig.send(ask()) => panic!("an answer"),
        () = async { while rig.upstream.seen().len() < 3 { tokio::task::yield_now().await } } => {}
    }
    rig.upstream.left().await;
    while rig.logs().await.len() < 3 {
        tokio::task::yield_now().await;
    }
    let error = r#"data: {"type":"error","error":{"message":"no more"}}"#;
    rig.upstream.then(Scene::events(&[part, error]));
    assert_eq!(rig.send(ask()).await.status, 200);
    let usage = &shown(&rig).await["usage_limits"];
    assert_eq!((usage["unpriced_requests"].as_u64(), usage["current_usage"].as_f64()), (Some(4), Some(0.0)), "{usage}");
    assert!(rig.logs().await.iter().all(|row| row["metrics"]["cost"].is_null()));
    // Nobody takes it for free where there is no budget.
    rig.upstream.then(Scene::events(&[part]).ends(End::Reset));
    let body = rig.open(post("/v1/images/generations", asked)).await.into_body();
    let _broken = body.collect().await;
    while rig.logs().await.len() < 5 {
        tokio::task::yield_now().await;
    }
    assert!(rig.last().await["metrics"]["cost"].is_null());
}

#[tokio::test]
async fn pictures_without_usage_are_counted_as_calls_without_a_cost() {
    let rig = rig("unpriced = \"count\"").await;
    rig.upstream.then(Scene::json(200, r#"{"created":1,"data":[{"b64_json":"aGk="}]}"#));
    let body = json!({ "model": "@alpha/voice", "prompt": "a line" }).to_string();
    let answer = rig.send(with(post("/v1/images/generations", body), "x-portkey-api-key", super::LIMITED)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let usage = &shown(&rig).await["usage_limits"];
    assert_eq!(usage["unpriced_requests"], 1, "{usage}");
    // Reading what is there costs nothing.
    let read = admin(&rig, Method::GET, "/v1/models", &json!({})).await;
    assert_eq!(read.status, 200);
    assert_eq!(shown(&rig).await["usage_limits"]["unpriced_requests"], 1);
}
