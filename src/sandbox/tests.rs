use super::start;
use crate::tasks::Tasks;
use crate::wire::openai::{Usage, read_answer};
use crate::wire::sse::Observer;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use std::net::SocketAddr;

async fn post(address: SocketAddr, path: &str, body: &Value) -> Response<Incoming> {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let request = Request::post(format!("http://{address}/v1{path}")).header("content-type", "application/json");
    client.request(request.body(Full::<Bytes>::from(body.to_string())).expect("request")).await.expect("answer")
}

async fn ask(path: &str, body: Value) -> (u16, Bytes) {
    let tasks = Tasks::default();
    let response = post(start(&tasks).await.expect("loopback"), path, &body).await;
    let status = response.status().as_u16();
    (status, response.into_body().collect().await.expect("whole body").to_bytes())
}

async fn ask_json(path: &str, body: Value) -> Value {
    let (status, bytes) = ask(path, body).await;
    assert_eq!(status, 200, "{bytes:?}");
    serde_json::from_slice(&bytes).expect("JSON")
}

fn hello(model: &str) -> Value {
    json!({ "model": model, "messages": [{ "role": "user", "content": "Hello there, world" }] })
}

#[tokio::test]
async fn echo_answers_the_last_user_message() {
    let answer = ask_json("/chat/completions", hello("echo")).await;
    assert_eq!(answer["choices"][0]["message"]["content"], "Hello there, world");
    assert_eq!(answer["usage"], json!({ "prompt_tokens": 6, "completion_tokens": 6, "total_tokens": 12 }));
    let answer = ask_json("/completions", json!({ "model": "echo", "prompt": "once upon", "max_tokens": 1 })).await;
    assert_eq!(
        (&answer["choices"][0]["text"], &answer["choices"][0]["finish_reason"]),
        (&"once ".into(), &"length".into())
    );
}

#[tokio::test]
async fn a_stream_has_the_shape_of_openai_with_usage_on_request() {
    for (include, events) in [(false, 6), (true, 7)] {
        let mut call = hello("echo");
        call["stream"] = true.into();
        call["stream_options"] = json!({ "include_usage": include });
        let (_, bytes) = ask("/chat/completions", call).await;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert_eq!(text.matches("data: ").count(), events, "{text}");
        let mut observer = Observer::new(false);
        observer.push(bytes);
        let usage = Usage { input: 6, output: 6, ..Usage::default() };
        assert_eq!((observer.model(), observer.output_chunks(), observer.done()), (Some("echo"), 3, true));
        assert_eq!(observer.usage(), include.then_some(&usage));
        assert_eq!(text.matches("\"usage\":null").count(), if include { 5 } else { 0 });
    }
}

#[tokio::test]
async fn lorem_writes_as_many_tokens_as_its_name_says() {
    for model in ["lorem-40", "lorem-40-10000"] {
        let answer = ask_json("/chat/completions", hello(model)).await;
        assert_eq!(answer["usage"]["completion_tokens"], 40, "{model}");
    }
}

#[tokio::test]
async fn tools_are_called_and_then_spoken_of() {
    let schema = json!({ "type": "object", "properties": { "city": { "type": "string" } } });
    let mut call = hello("tools");
    call["tools"] = json!([{ "type": "function", "function": { "name": "weather", "parameters": schema } }]);
    let answer = ask_json("/chat/completions", call.clone()).await;
    let function = &answer["choices"][0]["message"]["tool_calls"][0]["function"];
    assert_eq!(*function, json!({ "name": "weather", "arguments": "{\"city\":\"text\"}" }));
    call["stream"] = true.into();
    let (_, stream) = ask("/chat/completions", call.clone()).await;
    assert!(
        crate::wire::chat::assemble(&stream).expect("events")["choices"][0]["message"]["tool_calls"][0]["function"]
            == *function
    );
    call["stream"] = false.into();
    call["messages"] = json!([{ "role": "tool", "tool_call_id": "x", "content": "cold" }]);
    let answer = ask_json("/chat/completions", call).await;
    assert_eq!(answer["choices"][0]["message"]["content"], "The tool answered: cold");
}

#[tokio::test]
async fn json_answers_by_the_schema_given() {
    let mut call = hello("json");
    let text = |answer: &Value| answer["choices"][0]["message"]["content"].as_str().map(String::from).expect("text");
    let free: Value = serde_json::from_str(&text(&ask_json("/chat/completions", call.clone()).await)).expect("JSON");
    assert_eq!(free["echo"], "Hello there, world");
    call["response_format"] =
        json!({ "type": "json_schema", "json_schema": { "schema": { "properties": { "n": { "type": "integer" } } } } });
    assert_eq!(text(&ask_json("/chat/completions", call).await), "{\"n\":1}");
}

#[tokio::test]
async fn embeddings_are_unit_vectors_that_do_not_change() {
    let answer = ask_json("/embeddings", json!({ "model": "embed-64", "input": ["a", "b", "a"] })).await;
    let vector =
        |at: usize| -> Vec<f64> { serde_json::from_value(answer["data"][at]["embedding"].clone()).expect("floats") };
    assert_eq!((vector(0).len(), vector(0) == vector(2), vector(0) == vector(1)), (64, true, false));
    let length: f64 = vector(0).iter().map(|number| number * number).sum();
    assert!((length - 1.0).abs() < 1e-5);
    let call = json!({ "model": "embed-64", "input": "a", "encoding_format": "base64", "dimensions": 3 });
    let coded = ask_json("/embeddings", call).await;
    assert_eq!(coded["data"][0]["embedding"].as_str().map(str::len), Some(16));
}

#[tokio::test]
async fn failures_are_what_was_asked_for() {
    let tasks = Tasks::default();
    let address = start(&tasks).await.expect("loopback");
    for (model, status, retry_after) in
        [("fail-429-2", 429, Some("2")), ("fail-503", 503, None), ("nonsense", 404, None)]
    {
        let response = post(address, "/chat/completions", &hello(model)).await;
        let header = response.headers().get("retry-after").map(|value| value.to_str().expect("text").to_owned());
        assert_eq!((response.status().as_u16(), header.as_deref()), (status, retry_after), "{model}");
        let body = response.into_body().collect().await.expect("body").to_bytes();
        assert!(read_answer(&body).error.expect("words").contains(model), "{body:?}");
    }
    let garbage =
        post(address, "/chat/completions", &hello("garbage")).await.into_body().collect().await.expect("body");
    assert!(!read_answer(&garbage.to_bytes()).well_formed);
    let wrong = post(address, "/embeddings", &hello("echo")).await;
    assert_eq!(wrong.status(), 400);
}

#[tokio::test]
async fn a_reset_breaks_the_body_after_what_was_sent() {
    let tasks = Tasks::default();
    let address = start(&tasks).await.expect("loopback");
    for stream in [false, true] {
        let mut call = hello("reset-2");
        call["stream"] = stream.into();
        let mut body = post(address, "/chat/completions", &call).await.into_body();
        let mut received = 0;
        let broken = loop {
            match body.frame().await {
                Some(Ok(frame)) => received += frame.data_ref().map_or(0, Bytes::len),
                Some(Err(_)) => break true,
                None => break false,
            }
        };
        assert!(broken && received > 0, "{stream} {received}");
    }
}

#[tokio::test]
async fn a_drip_sends_a_byte_at_a_time() {
    let tasks = Tasks::default();
    let response = post(start(&tasks).await.expect("loopback"), "/chat/completions", &hello("drip-1")).await;
    let mut body = response.into_body();
    for _ in 0..5 {
        assert_eq!(body.frame().await.expect("frame").expect("data").data_ref().map(Bytes::len), Some(1));
    }
}

#[tokio::test]
async fn it_ends_with_the_other_tasks() {
    let tasks = Tasks::default();
    start(&tasks).await.expect("loopback");
    tasks.stop();
    tasks.drain().await;
}
