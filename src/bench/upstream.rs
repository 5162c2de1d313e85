//! The scripted provider: always the same answer, whole or as a stream, at a pace that real ones have.

use crate::role::{self, Fallible};
use bytes::Bytes;
use futures_util::stream::{self, Stream};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use std::convert::Infallible;
use std::time::Duration;

/// How many chunks of content a stream has.
pub const CHUNKS: usize = 100;
/// The time between two chunks.
pub const PACE: Duration = Duration::from_millis(2);

type Body = BoxBody<Bytes, Infallible>;

/// Serves until the parent is gone.
pub async fn serve() -> Fallible<()> {
    role::serve(service_fn(answer)).await
}

/// The whole answer, about 2 KB.
pub fn whole() -> Bytes {
    let text = "All signals on the main line stand at clear. ".repeat(36);
    let answer = serde_json::json!({
        "id": "chatcmpl-bench", "object": "chat.completion", "created": 1_760_000_000, "model": "gpt-4o-mini-2024-07-18",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": usage(),
    });
    Bytes::from(answer.to_string())
}

/// The events of a stream; with what `stream_options.include_usage` adds to them, where `with_usage`.
pub fn events(with_usage: bool) -> Vec<Bytes> {
    let chunk = |choices: serde_json::Value, usage: Option<serde_json::Value>| {
        let mut chunk = serde_json::json!({
            "id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": 1_760_000_000,
            "model": "gpt-4o-mini-2024-07-18", "choices": choices,
        });
        if with_usage {
            chunk["usage"] = usage.unwrap_or_default();
        }
        Bytes::from(format!("data: {chunk}\n\n"))
    };
    let delta = |text: &str| serde_json::json!([{"index": 0, "delta": {"content": text}, "finish_reason": null}]);
    let mut events: Vec<Bytes> = (0..CHUNKS).map(|number| chunk(delta(&format!(" clear{number:03}")), None)).collect();
    if with_usage {
        events.push(chunk(serde_json::json!([]), Some(usage())));
    }
    events.push(Bytes::from_static(b"data: [DONE]\n\n"));
    events
}

fn usage() -> serde_json::Value {
    serde_json::json!({"prompt_tokens": 420, "completion_tokens": 360, "total_tokens": 780})
}

async fn answer(request: Request<Incoming>) -> Fallible<Response<Body>> {
    let asked = request.into_body().collect().await?.to_bytes();
    let holds = |text: &str| memchr::memmem::find(&asked, text.as_bytes()).is_some();
    let response = Response::builder();
    if holds("\"stream\":true") {
        let body = StreamBody::new(paced(events(holds("\"include_usage\":true"))));
        return Ok(response.header("content-type", "text/event-stream").body(body.boxed())?);
    }
    Ok(response.header("content-type", "application/json").body(Full::new(whole()).boxed())?)
}

fn paced(events: Vec<Bytes>) -> impl Stream<Item = Result<Frame<Bytes>, Infallible>> {
    stream::unfold((events.into_iter(), tokio::time::interval(PACE)), |(mut events, mut pace)| async move {
        pace.tick().await;
        events.next().map(|event| (Ok(Frame::data(event)), (events, pace)))
    })
}
