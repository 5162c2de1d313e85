//! A stream on its way back: each chunk leaves at once, its end waits for the row.

use crate::gateway::answer::{self, Serving, headers};
use crate::gateway::cached;
use crate::gateway::masked;
use crate::gateway::opened::{Next, Opened};
use crate::gateway::refusal::Refusal;
use crate::house::Shared;
use crate::journal::Stopped;
use crate::journal::frame::Gathered;
use crate::journal::meter::Meter;
use crate::journal::record::Outcome;
use crate::journal::tries::Try;
use crate::limit::permit::Used;
use crate::wire::chat::assemble;
use crate::wire::count;
use crate::wire::openai::Usage;
use crate::wire::sse::Observer;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use http_body::{Body as HttpBody, Frame};
use serde_json::Value;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::sync::oneshot;

/// Bytes of a request that count as one token, where the provider says nothing.
const BYTES_PER_TOKEN: u64 = 4;
/// Bytes of a stream's text that are counted one by one.
const LONG: usize = 64 << 10;

/// The body handed to the caller. Dropped before its end, it files the call as cancelled, with what was streamed.
struct Relayed {
    house: Shared,
    serving: Serving,
    opened: Box<Opened>,
    meter: Meter,
    status: StatusCode,
    /// The last two bytes that left.
    left: [u8; 2],
    state: State,
}

enum State {
    Flowing,
    /// The stream is over; what was held of it, or its error, waits for the commit.
    Committing(oneshot::Receiver<Result<(), Stopped>>, Result<Bytes, Refusal>),
    Done,
}

/// Hands a stream on.
pub fn response(house: &Shared, serving: Serving, mut opened: Box<Opened>, mut meter: Meter) -> Response {
    meter.note(|record| record.parts.response_headers = masked::lines(&opened.head.headers));
    let kind = (!opened.raw).then_some("text/event-stream");
    let headers = headers(std::mem::take(&mut opened.head.headers), &serving, kind);
    let status = opened.head.status;
    let (house, left, state) = (Arc::clone(house), *b"\n\n", State::Flowing);
    let relayed = Relayed { house, serving, opened, meter, status, left, state };
    let mut response = Response::new(Body::new(relayed));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

impl HttpBody for Relayed {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        loop {
            match &mut this.state {
                State::Flowing => match ready!(this.opened.poll_next(context)) {
                    Next::Chunk(chunk) => {
                        this.watch();
                        this.left = last_two(this.left, &chunk);
                        return Poll::Ready(Some(Ok(Frame::data(chunk))));
                    }
                    Next::End => this.end(None),
                    Next::Cut(cut) => this.end(Some(cut.why)),
                },
                State::Committing(committed, last) => {
                    let written = ready!(Pin::new(committed).poll(context)).unwrap_or(Err(Stopped));
                    let last = match written {
                        Ok(()) => std::mem::replace(last, Ok(Bytes::new())),
                        Err(Stopped) => Err(Refusal::journal()),
                    };
                    this.state = State::Done;
                    match last {
                        Ok(rest) if rest.is_empty() => {}
                        Ok(rest) => return Poll::Ready(Some(Ok(Frame::data(rest)))),
                        Err(refusal) => return Poll::Ready(Some(this.told(&refusal))),
                    }
                }
                State::Done => return Poll::Ready(None),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.state, State::Done)
    }
}

impl Relayed {
    /// Notes the first token.
    fn watch(&mut self) {
        if !self.opened.observer.saw_content() {
            return;
        }
        let first = self.meter.elapsed();
        let mut fresh = false;
        self.meter.note(|record| {
            fresh = record.call.first_token_us.is_none();
            record.call.first_token_us.get_or_insert(first);
        });
        if let Some(attempt) = self.opened.attempt.as_ref().filter(|_| fresh) {
            let first = attempt.elapsed();
            attempt.note(|row| row.first_token_us = Some(first));
        }
    }

    fn end(&mut self, broken: Option<String>) {
        let slug = self.serving.slug();
        let (error, last) = match broken {
            None => (self.opened.observer.error().map(str::to_owned), Ok(std::mem::take(&mut self.opened.tail))),
            Some(cause) => {
                let refusal = Refusal::upstream(format!(
                    "The stream of @{slug} broke off ({cause}). What came before it is all there is."
                ));
                (Some(refusal.message.clone()), Err(refusal))
            }
        };
        let outcome = if error.is_some() { Outcome::Failed } else { Outcome::Finished };
        if error.is_none() && self.opened.observer.done() && self.opened.kept_whole() {
            cached::keep_events(&self.house, &self.serving, &self.opened);
        }
        self.tally(error, false);
        self.state = match self.meter.file(self.status.as_u16(), outcome) {
            Some(committed) => State::Committing(committed, last),
            None => State::Done,
        };
    }

    /// An error as a well-formed event, apart from what left before it. What is no stream of events is cut off instead,
    /// so that nobody takes it for whole.
    fn told(&self, refusal: &Refusal) -> io::Result<Frame<Bytes>> {
        if self.opened.raw {
            return Err(io::Error::other(refusal.message.clone()));
        }
        let apart = match self.left {
            [b'\n', b'\n'] => "",
            [_, b'\n'] => "\n",
            _ => "\n\n",
        };
        // Some SDKs take an event without this name for one more chunk.
        Ok(Frame::data(format!("{apart}event: error\ndata: {}\n\n", refusal.body()).into()))
    }

    /// Writes what was streamed into the record. `left`: the caller did not wait for its end.
    fn tally(&mut self, error: Option<String>, left: bool) {
        self.watch();
        let Self { house, serving, opened, meter, status, .. } = self;
        let observer = &opened.observer;
        let estimated = observer.usage().is_none();
        // The length of pictures and sound says nothing of what they cost.
        let untold = estimated && serving.out.as_ref().is_some_and(|out| !out.endpoint.is_counted());
        let guess = || Usage {
            input: u64::try_from(serving.body_len()).unwrap_or(u64::MAX) / BYTES_PER_TOKEN,
            output: observer.output_chunks(),
            ..Usage::default()
        };
        let mut usage = observer.usage().copied().unwrap_or_else(guess);
        // Others may read on what this caller pays for.
        let company = opened.has_company();
        let unread = left && company;
        let pays = opened.attempt.as_ref().is_some_and(|attempt| attempt.permit().is_none());
        serving.cache.part(company, left, pays);
        if let Some(attempt) = &mut opened.attempt {
            if opened.raw || untold {
                attempt.settle(Used::Untold);
            } else {
                usage = settle(attempt, observer, &opened.kept, unread).unwrap_or(usage);
            }
            let error = error.clone();
            attempt.end(|row| {
                row.status = status.as_u16();
                row.error = error;
            });
        }
        let kept = std::mem::take(&mut opened.kept);
        let (raw, size) = (opened.raw, opened.size);
        meter.note(|record| {
            record.call.error = error;
            if raw {
                let noted = serde_json::json!({ "bytes": size }).to_string();
                record.parts.response_body = Gathered::Whole(noted.into());
                return;
            }
            record.call.tokens_estimated = estimated;
            if let Some(model) = observer.model() {
                record.call.model_served = model.to_owned();
            }
            record.parts.response_body = Gathered::Chunks(kept);
            record.call.cache_status = serving.cache.status;
            if untold {
                record.call.tokens_estimated = false;
                return;
            }
            answer::count(house, serving, record, &usage, opened.attempt.as_ref());
        });
    }
}

/// Settles what a budget holds for a stream: by what the provider counts, else by what came of it; where it failed before
/// it said anything, by nothing. `unread`: more may come, so that the rest stays held. What it was settled by; `None`:
/// nothing was held.
pub fn settle(attempt: &mut Try, observer: &Observer, kept: &[u8], unread: bool) -> Option<Usage> {
    let permit = attempt.permit()?;
    if observer.usage().is_none() && observer.error().is_some() && !observer.saw_content() {
        attempt.settle(Used::Nothing);
        return Some(Usage::default());
    }
    let usage = observer.usage().copied().unwrap_or_else(|| {
        let output = written(kept, observer).min(permit.bound());
        Usage { input: permit.prompt(), output, ..Usage::default() }
    });
    let open = unread && observer.usage().is_none();
    let used = if open { Used::AtLeast } else { Used::Counted };
    attempt.settle(used(&usage, observer.model()));
    Some(usage)
}

/// Tokens of a stream so far: an event may hold several.
fn written(kept: &[u8], observer: &Observer) -> u64 {
    let whole = assemble(kept).unwrap_or_default();
    let text = texts(&whole["choices"]);
    let counted = match text.len() {
        ..=LONG => count::written(&text, observer.model().unwrap_or_default()),
        long => u64::try_from(long / 2).unwrap_or(u64::MAX),
    };
    counted.max(observer.output_chunks())
}

/// Every text within.
fn texts(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(texts).collect(),
        Value::Object(fields) => fields.values().map(texts).collect(),
        _ => String::new(),
    }
}

impl Drop for Relayed {
    fn drop(&mut self) {
        if matches!(self.state, State::Flowing) {
            self.tally(None, true);
        }
    }
}

fn last_two(before: [u8; 2], chunk: &[u8]) -> [u8; 2] {
    match chunk {
        [] => before,
        [one] => [before[1], *one],
        [.., first, second] => [*first, *second],
    }
}
