//! Answers as bytes: one JSON body, or the events of a stream, played at the pace of the model.

use super::call::{Asked, Call};
use super::model::Act;
use super::say::{Said, ToolCall};
use axum::body::{Body, Bytes};
use futures_util::stream;
use serde_json::{Value, json};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::{Interval, MissedTickBehavior};

/// What every chunk of an answer repeats.
#[derive(Debug)]
pub(super) struct Meta {
    asked: Asked,
    id: String,
    /// Seconds since 1970 UTC.
    created: i64,
    model: String,
    usage: bool,
}

/// The bytes of an answer.
pub(super) enum Frames {
    Whole(Bytes),
    /// One chunk an event.
    Events(Chunks),
}

type Chunks = Box<dyn Iterator<Item = Bytes> + Send>;

impl Meta {
    pub(super) fn new(asked: Asked, call: &Call, created: i64) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(1);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let kind = if asked == Asked::Chat { "chatcmpl" } else { "cmpl" };
        let id = format!("{kind}-sandbox-{number}");
        Self { asked, id, created, model: call.model.clone(), usage: call.wants_usage() }
    }

    fn object(&self, chunk: bool) -> &'static str {
        match (self.asked, chunk) {
            (Asked::Chat, false) => "chat.completion",
            (Asked::Chat, true) => "chat.completion.chunk",
            _ => "text_completion",
        }
    }

    fn event(&self, choices: &str, usage: &str) -> Bytes {
        let Self { id, created, model, .. } = self;
        let (object, model) = (self.object(true), Value::from(&**model));
        format!(
            "data: {{\"id\":\"{id}\",\"object\":\"{object}\",\"created\":{created},\"model\":{model},\
             \"system_fingerprint\":\"sandbox\",\"choices\":[{choices}]{usage}}}\n\n"
        )
        .into()
    }

    /// A chunk with one choice; `finish` is JSON.
    fn chunk(&self, content: &str, finish: &str) -> Bytes {
        let usage = if self.usage { ",\"usage\":null" } else { "" };
        let choice = format!("{{\"index\":0,{content},\"logprobs\":null,\"finish_reason\":{finish}}}");
        self.event(&choice, usage)
    }

    fn piece(&self, text: &str) -> Bytes {
        let text = Value::from(text);
        match self.asked {
            Asked::Chat => self.chunk(&format!("\"delta\":{{\"content\":{text}}}"), "null"),
            _ => self.chunk(&format!("\"text\":{text}"), "null"),
        }
    }
}

impl Frames {
    /// One JSON body.
    pub(super) fn whole(meta: &Meta, said: &Said) -> Self {
        let text = said.pieces.concat();
        let content = match (meta.asked, &said.tool) {
            (Asked::Chat, None) => json!({ "role": "assistant", "content": text, "refusal": null }),
            (Asked::Chat, Some(tool)) => {
                json!({ "role": "assistant", "content": null, "refusal": null, "tool_calls": [tool_call(meta, tool)] })
            }
            _ => text.into(),
        };
        let field = if meta.asked == Asked::Chat { "message" } else { "text" };
        let body = json!({
            "id": meta.id,
            "object": meta.object(false),
            "created": meta.created,
            "model": meta.model,
            "system_fingerprint": "sandbox",
            "choices": [{ "index": 0, field: content, "logprobs": null, "finish_reason": said.finish }],
            "usage": usage(said),
        });
        Self::Whole(body.to_string().into())
    }

    /// The events of a stream, the terminal one included.
    pub(super) fn stream(meta: Meta, said: Said) -> Self {
        let mut first = Vec::new();
        if meta.asked == Asked::Chat {
            first.push(meta.chunk("\"delta\":{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null}", "null"));
        }
        if let Some(tool) = &said.tool {
            let mut call = tool_call(&meta, tool);
            call["index"] = 0.into();
            first.push(meta.chunk(&format!("\"delta\":{{\"tool_calls\":[{call}]}}"), "null"));
        }
        let end = if meta.asked == Asked::Chat { "\"delta\":{}" } else { "\"text\":\"\"" };
        let mut last = vec![meta.chunk(end, &format!("\"{}\"", said.finish))];
        if meta.usage {
            last.push(meta.event("", &format!(",\"usage\":{}", usage(&said))));
        }
        last.push(Bytes::from_static(b"data: [DONE]\n\n"));
        let pieces = said.pieces.into_iter().map(move |piece| meta.piece(&piece));
        Self::Events(Box::new(first.into_iter().chain(pieces).chain(last)))
    }

    /// The body, as the model sends it.
    pub(super) fn played(self, act: Act) -> Body {
        match (act, self) {
            (Act::Lorem { pace: Some(pace), .. }, Self::Events(events)) => paced(events.map(Ok), pace),
            (Act::Drip(pace), frames) => paced(frames.cut(1).map(Ok), pace),
            (Act::Reset { after }, Self::Events(events)) => broken(events, after),
            (Act::Reset { after }, whole) => broken(whole.cut(BROKEN_PIECE), after),
            (_, Self::Whole(body)) => Body::from(body),
            (_, Self::Events(events)) => Body::from_stream(stream::iter(events.map(Ok::<_, io::Error>))),
        }
    }

    /// The same bytes in pieces of at most `size`.
    fn cut(self, size: usize) -> Chunks {
        let chunks = match self {
            Self::Whole(body) => Box::new(std::iter::once(body)),
            Self::Events(events) => events,
        };
        Box::new(chunks.flat_map(move |mut chunk| {
            std::iter::from_fn(move || (!chunk.is_empty()).then(|| chunk.split_to(size.min(chunk.len()))))
        }))
    }
}

/// Smaller than any answer, so that one which is not a stream breaks in its middle.
const BROKEN_PIECE: usize = 32;

/// So many chunks, then a broken connection. Paced, also where ticks are late: what goes before the break has arrived by
/// then, and is not thrown away with it.
fn broken(chunks: Chunks, after: u32) -> Body {
    let after = usize::try_from(after).unwrap_or(usize::MAX);
    let end = io::Error::from(io::ErrorKind::ConnectionReset);
    let mut ticks = tokio::time::interval(Duration::from_millis(5));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticking(chunks.take(after).map(Ok).chain([Err(end)]), ticks)
}

/// A chunk at each tick, on average even where ticks are late.
fn paced(chunks: impl Iterator<Item = io::Result<Bytes>> + Send + 'static, pace: Duration) -> Body {
    ticking(chunks, tokio::time::interval(pace))
}

fn ticking(chunks: impl Iterator<Item = io::Result<Bytes>> + Send + 'static, ticks: Interval) -> Body {
    Body::from_stream(stream::unfold((chunks, ticks), async |(mut chunks, mut ticks)| {
        let chunk = chunks.next()?;
        ticks.tick().await;
        Some((chunk, (chunks, ticks)))
    }))
}

fn tool_call(meta: &Meta, tool: &ToolCall) -> Value {
    let function = json!({ "name": tool.name, "arguments": tool.arguments });
    json!({ "id": format!("call_{}", meta.id), "type": "function", "function": function })
}

fn usage(said: &Said) -> Value {
    json!({
        "prompt_tokens": said.prompt_tokens,
        "completion_tokens": said.completion_tokens,
        "total_tokens": said.prompt_tokens + said.completion_tokens,
    })
}
