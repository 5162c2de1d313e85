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

/// Status and body of any request; `form` is a multipart body with the boundary `X`.
async fn request(address: SocketAddr, method: &str, path: &str, form: Option<&[u8]>) -> (u16, Bytes) {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let request = Request::builder().method(method).uri(format!("http://{address}/v1{path}"));
    let request = request.header("content-type", "multipart/form-data; boundary=X");
    let body = Full::<Bytes>::from(form.unwrap_or_default().to_vec());
    let response = client.request(request.body(body).expect("request")).await.expect("answer");
    let status = response.status().as_u16();
    (status, response.into_body().collect().await.expect("whole body").to_bytes())
}

fn form(model: &str) -> Vec<u8> {
    format!(
        "--X\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\n{model}\r\n\
         --X\r\ncontent-disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n\
         --X\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\nRIFF\r\n--X--\r\n"
    )
    .into_bytes()
}

async fn json_at(address: SocketAddr, method: &str, path: &str, form: Option<&[u8]>) -> Value {
    let (status, bytes) = request(address, method, path, form).await;
    assert_eq!(status, 200, "{bytes:?}");
    serde_json::from_slice(&bytes).expect("JSON")
}

#[tokio::test]
async fn a_response_says_what_chat_says() {
    let input = json!([{ "role": "user", "content": [{ "type": "input_text", "text": "Hello there" }] }]);
    for input in [json!("Hello there"), input] {
        let answer = ask_json("/responses", json!({ "model": "echo", "input": input })).await;
        assert_eq!(answer["output"][0]["content"][0]["text"], "Hello there");
        assert_eq!((&answer["status"], &answer["usage"]["total_tokens"]), (&"completed".into(), &8.into()));
    }
    let call = json!({ "model": "echo", "input": "one two", "max_output_tokens": 1 });
    assert_eq!(ask_json("/responses", call).await["incomplete_details"]["reason"], "max_output_tokens");
    let tools =
        json!([{ "type": "function", "name": "weather", "parameters": { "properties": { "n": { "const": 7 } } } }]);
    let answer = ask_json("/responses", json!({ "model": "tools", "input": "x", "tools": tools })).await;
    assert_eq!(
        (&answer["output"][0]["name"], &answer["output"][0]["arguments"]),
        (&"weather".into(), &"{\"n\":7}".into())
    );
}

#[tokio::test]
async fn a_streamed_response_is_numbered_events_that_end_in_the_whole() {
    let (_, bytes) = ask("/responses", json!({ "model": "echo", "input": "Hello there", "stream": true })).await;
    let text = String::from_utf8(bytes.to_vec()).expect("text");
    let events: Vec<Value> = text
        .split("\n\n")
        .filter_map(|event| event.split_once("\ndata: "))
        .map(|(_, data)| serde_json::from_str(data).expect("JSON"))
        .collect();
    let kinds: Vec<&str> = events.iter().filter_map(|event| event["type"].as_str()).collect();
    assert_eq!((kinds.first(), kinds.last()), (Some(&"response.created"), Some(&"response.completed")));
    assert!(events.iter().enumerate().all(|(at, event)| event["sequence_number"] == at), "{text}");
    let deltas: String = events.iter().filter_map(|event| event["delta"].as_str()).collect();
    let whole = &events[events.len() - 1]["response"];
    assert_eq!((deltas.as_str(), &whole["output"][0]["content"][0]["text"]), ("Hello there", &"Hello there".into()));
}

#[tokio::test]
async fn pictures_and_sound_are_small_and_real() {
    let answer = ask_json("/images/generations", json!({ "model": "echo", "prompt": "a dot", "n": 2 })).await;
    assert_eq!(answer["data"].as_array().map(Vec::len), Some(2));
    assert!(answer["data"][1]["b64_json"].as_str().expect("base64").starts_with("iVBORw0KGgo"));
    let (status, sound) = ask("/audio/speech", json!({ "model": "echo", "input": "hi", "voice": "alloy" })).await;
    assert_eq!((status, sound.len(), &sound[..4], &sound[36..40]), (200, 1644, &b"RIFF"[..], &b"data"[..]));
    let tasks = Tasks::default();
    let address = start(&tasks).await.expect("loopback");
    for path in ["/audio/transcriptions", "/audio/translations"] {
        let answer = json_at(address, "POST", path, Some(&form("echo"))).await;
        assert_eq!(answer["text"], "The sandbox heard 4 bytes of a.wav.", "{path}");
    }
    for path in ["/images/edits", "/images/variations"] {
        assert!(json_at(address, "POST", path, Some(&form("echo"))).await["data"][0]["b64_json"].is_string());
    }
    for (model, status) in [("fail-503", 503), ("gpt-4o", 404)] {
        assert_eq!(request(address, "POST", "/audio/translations", Some(&form(model))).await.0, status, "{model}");
    }
    assert_eq!(request(address, "POST", "/audio/translations", Some(b"--X--")).await.0, 404);
    assert_eq!(request(address, "POST", "/audio/translations", Some(b"junk")).await.0, 400);
}

#[tokio::test]
async fn rude_words_are_flagged_and_near_documents_come_first() {
    let answer = ask_json("/moderations", json!({ "model": "echo", "input": ["kind words", "a rude word"] })).await;
    let flagged = |at: usize| answer["results"][at]["flagged"].as_bool();
    assert_eq!((flagged(0), flagged(1)), (Some(false), Some(true)));
    let documents = json!(["apples and pears", { "text": "red apples" }, "nothing"]);
    let call =
        json!({ "model": "echo", "query": "red apples", "documents": documents, "top_n": 2, "return_documents": true });
    let answer = ask_json("/rerank", call).await;
    let order: Vec<_> =
        answer["results"].as_array().expect("results").iter().map(|one| one["index"].as_u64()).collect();
    assert_eq!(order, [Some(1), Some(0)]);
    assert_eq!(answer["results"][0]["document"]["text"], "red apples");
}

#[tokio::test]
async fn files_are_kept_listed_read_and_removed() {
    let tasks = Tasks::default();
    let address = start(&tasks).await.expect("loopback");
    let file = json_at(address, "POST", "/files", Some(&form("echo"))).await;
    assert_eq!((&file["filename"], &file["purpose"], &file["bytes"]), (&"a.wav".into(), &"batch".into(), &4.into()));
    let path = format!("/files/{}", file["id"].as_str().expect("an id"));
    assert_eq!(json_at(address, "GET", "/files", None).await["data"], json!([file]));
    assert_eq!(json_at(address, "GET", &path, None).await, file);
    assert_eq!(request(address, "GET", &format!("{path}/content"), None).await, (200, Bytes::from_static(b"RIFF")));
    assert_eq!(json_at(address, "DELETE", &path, None).await["deleted"], true);
    for method in ["GET", "DELETE"] {
        assert_eq!(request(address, method, &path, None).await.0, 404, "{method}");
    }
    assert_eq!(json_at(address, "GET", "/batches", None).await["data"], json!([]));
}

#[tokio::test]
async fn the_oldest_files_make_room() {
    let tasks = Tasks::default();
    let address = start(&tasks).await.expect("loopback");
    for _ in 0..40 {
        request(address, "POST", "/files", Some(&form("echo"))).await;
    }
    let list = json_at(address, "GET", "/files", None).await;
    assert_eq!((list["data"].as_array().map(Vec::len), &list["first_id"]), (Some(32), &"file-sandbox-40".into()));
}

#[tokio::test]
async fn it_ends_with_the_other_tasks() {
    let tasks = Tasks::default();
    start(&tasks).await.expect("loopback");
    tasks.stop();
    tasks.drain().await;
}
