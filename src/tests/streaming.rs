//! Streams: bytes untouched, usage observed, ends that are told.

use crate::rig::{End, Rig, Scene, post};
use bytes::Bytes;
use http_body_util::BodyExt;
use serde_json::json;

const ASK: &str = r#"{"model":"@alpha/gpt-4o","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
const USAGE: &str = r#"{"model":"@alpha/gpt-4o","stream":true,"stream_options":{"include_usage":true},"messages":[]}"#;
const FIRST: &str = r#"data: {"id":"c","model":"gpt-4o-2024-08-06","choices":[{"index":0,"delta":{"role":"assistant","content":""}}],"usage":null}"#;
const WORD: &str =
    r#"data: {"id":"c","model":"gpt-4o-2024-08-06","choices":[{"index":0,"delta":{"content":"hé"}}],"usage":null}"#;
const COUNTED: &str = r#"data: {"id":"c","model":"gpt-4o-2024-08-06","choices":[],"usage":{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100}}"#;
const DONE: &str = "data: [DONE]";

#[tokio::test]
async fn a_stream_that_asked_for_usage_passes_byte_for_byte() {
    let rig = Rig::new().await;
    rig.upstream.then(Scene::events(&[FIRST, WORD, COUNTED, DONE]));
    let answer = rig.chat(USAGE).await;
    assert_eq!(answer.header("content-type"), "text/event-stream");
    assert_eq!(answer.text(), [FIRST, WORD, COUNTED, DONE].map(|event| format!("{event}\n\n")).concat());
    let metrics = rig.last().await["metrics"].clone();
    assert_eq!(
        (&metrics["req_units"], &metrics["cost"], &metrics["stream_mode"]),
        (&json!(1000), &json!(0.35), &json!(1))
    );
}

#[tokio::test]
async fn usage_that_was_not_asked_for_is_asked_upstream_and_taken_out_again() {
    let rig = Rig::new().await;
    rig.upstream.then(Scene::events(&[FIRST, WORD, COUNTED, DONE]));
    let answer = rig.chat(ASK).await;
    let plain = [FIRST, WORD].map(|event| event.replace(r#","usage":null"#, ""));
    assert_eq!(answer.text(), format!("{}\n\n{}\n\n{DONE}\n\n", plain[0], plain[1]));
    let sent = String::from_utf8_lossy(&rig.upstream.seen()[0].body).into_owned();
    assert!(sent.contains(r#""stream_options":{"include_usage":true}"#), "{sent}");
    assert_eq!(rig.last().await["metrics"]["total_units"], 1100);
}

#[tokio::test]
async fn a_stream_that_breaks_ends_in_an_error_event() {
    let rig = Rig::new().await;
    rig.upstream.then(Scene::events(&[FIRST, WORD]).ends(End::Reset));
    let answer = rig.chat(USAGE).await;
    let text = answer.text();
    let told = text.trim_end().rsplit("\n\n").next().and_then(|event| event.strip_prefix("event: error\ndata: "));
    let last = told.expect("an event");
    let error = serde_json::from_str::<serde_json::Value>(last).expect("JSON")["error"].clone();
    assert!(error["message"].as_str().is_some_and(|message| message.contains("broke off")), "{text}");
    assert!(!text.contains(DONE));
    let row = rig.last().await;
    assert_eq!(row["metrics"]["is_success"], false, "{row}");
}

#[tokio::test]
async fn an_error_event_stands_apart_from_what_broke_off() {
    for (broken, came) in [
        ("", ""),
        ("data: {\"a\":1}\n", "data: {\"a\":1}\n\n"),
        ("data: {\"a\":1}\n\ndata: {\"a", "data: {\"a\":1}\n\n"),
    ] {
        for ask in [ASK, USAGE] {
            let rig = Rig::new().await;
            let mut scene = Scene::events(&[WORD]).ends(End::Reset);
            scene.chunks.push(broken.into());
            rig.upstream.then(scene);
            let text = rig.chat(ask).await.text();
            let (before, error) = text.split_once("event: error\n").expect("an error event");
            let word = if ask == ASK { WORD.replace(r#","usage":null"#, "") } else { WORD.to_owned() };
            assert_eq!(before, format!("{word}\n\n{came}"), "{broken:?}");
            assert!(error.starts_with("data: {") && error.ends_with("}\n\n") && error.lines().count() == 2, "{error}");
        }
    }
}

#[tokio::test]
async fn sound_that_breaks_off_does_not_end_as_if_it_were_whole() {
    let rig = Rig::new().await;
    let headers = vec![("content-type", "audio/mpeg".to_owned())];
    rig.upstream.then(Scene { headers, chunks: vec!["half a song".into()], ..Scene::events(&[]).ends(End::Reset) });
    let ask = r#"{"model":"@alpha/tts-1","voice":"alloy","input":"hi"}"#;
    let answer = rig.open(post("/v1/audio/speech", ask)).await;
    assert_eq!(answer.status(), 200);
    assert!(answer.into_body().collect().await.is_err());
    assert_eq!(rig.last().await["metrics"]["is_success"], false);
}

#[tokio::test]
async fn a_stream_that_ends_too_soon_is_told_and_failed() {
    let rig = Rig::new().await;
    let torn = |text: &'static str| Scene { chunks: vec![Bytes::from_static(text.as_bytes())], ..Scene::events(&[]) };
    for (scene, begun) in [
        (Scene::events(&[]), false),
        (Scene::events(&[]).ends(End::Reset), false),
        (Scene::events(&[FIRST, WORD]), true),
        (torn("event: x\ndata: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\nevent: y\ndata: {\"cho"), true),
    ] {
        for ask in [ASK, USAGE] {
            rig.upstream.then(scene.clone());
            let answer = rig.chat(ask).await;
            let text = answer.text();
            let last = if begun { text.trim_end().split_once("event: error\ndata: ").expect(&text).1 } else { &text };
            let error = serde_json::from_str::<serde_json::Value>(last).expect("JSON")["error"].clone();
            assert_eq!(
                (answer.status.as_u16(), &error["code"]),
                (if begun { 200 } else { 502 }, &json!("upstream_error"))
            );
            assert!(!text.contains(DONE));
            assert_eq!(rig.last().await["metrics"]["is_success"], false, "{text}");
        }
    }
}

#[tokio::test]
async fn a_caller_who_leaves_stops_the_provider_and_what_was_streamed_is_counted() {
    let rig = Rig::new().await;
    rig.upstream.then(Scene::events(&[FIRST, WORD, WORD]).ends(End::Hang));
    let mut body = rig.open(post("/v1/chat/completions", ASK)).await.into_body();
    let mut text = String::new();
    while text.matches("hé").count() < 2 {
        let frame = body.frame().await.expect("a frame").expect("bytes");
        text.push_str(&String::from_utf8_lossy(frame.data_ref().expect("data")));
    }
    drop(body);
    rig.upstream.left().await;
    let row = loop {
        if let Some(row) = rig.logs().await.into_iter().next() {
            break row;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(row["metrics"]["response_status_code"], 499);
    assert_eq!(row["metrics"]["res_units"], 2, "{row}");
}

#[tokio::test]
async fn an_error_in_place_of_a_stream_passes_as_it_is() {
    let rig = Rig::new().await;
    let error = r#"{"error":{"message":"slow down","type":"rate_limit","param":null,"code":null}}"#;
    rig.upstream.then(Scene::json(429, error).header("retry-after", "7"));
    let answer = rig.chat(ASK).await;
    assert_eq!((answer.status.as_u16(), answer.text().as_str(), answer.header("retry-after")), (429, error, "7"));
}
