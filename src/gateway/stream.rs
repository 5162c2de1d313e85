//! A stream on its way back: each chunk leaves at once, its end waits for the row.

use crate::gateway::answer::{Serving, count, headers};
use crate::gateway::cached;
use crate::gateway::masked;
use crate::gateway::opened::{Next, Opened};
use crate::gateway::refusal::Refusal;
use crate::house::Shared;
use crate::journal::Stopped;
use crate::journal::frame::Gathered;
use crate::journal::meter::Meter;
use crate::journal::record::Outcome;
use crate::wire::openai::Usage;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use http_body::{Body as HttpBody, Frame};
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::sync::oneshot;

/// Bytes of a request that count as one token, where the provider says nothing.
const BYTES_PER_TOKEN: u64 = 4;

/// The body handed to the caller. Dropped before its end, it files the call as cancelled, with what was streamed.
struct Relayed {
    house: Shared,
    serving: Serving,
    opened: Box<Opened>,
    meter: Meter,
    status: StatusCode,
    /// What has left ends with a whole event.
    clean: bool,
    state: State,
}

enum State {
    Flowing,
    /// The stream is over; its tail waits for the commit.
    Committing(oneshot::Receiver<Result<(), Stopped>>, Bytes),
    Done,
}

/// Hands a stream on.
pub fn response(house: &Shared, serving: Serving, mut opened: Box<Opened>, mut meter: Meter) -> Response {
    meter.note(|record| record.parts.response_headers = masked::lines(&opened.head.headers));
    let kind = (!opened.raw).then_some("text/event-stream");
    let headers = headers(std::mem::take(&mut opened.head.headers), &serving, kind);
    let status = opened.head.status;
    let relayed = Relayed { house: Arc::clone(house), serving, opened, meter, status, clean: true, state: State::Flowing };
    let mut response = Response::new(Body::new(relayed));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

impl HttpBody for Relayed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = &mut *self;
        loop {
            match &mut this.state {
                State::Flowing => match ready!(this.opened.poll_next(context)) {
                    Next::Chunk(chunk) => {
                        this.watch();
                        this.clean = chunk.ends_with(b"\n\n") || chunk.ends_with(b"\r\n\r\n");
                        return Poll::Ready(Some(Ok(Frame::data(chunk))));
                    }
                    Next::End => this.end(None),
                    Next::Cut(cut) => this.end(Some(cut.why)),
                },
                State::Committing(committed, tail) => {
                    let written = ready!(Pin::new(committed).poll(context)).unwrap_or(Err(Stopped));
                    let tail = if written.is_ok() { std::mem::take(tail) } else { event(this.clean, &Refusal::journal()) };
                    this.state = State::Done;
                    if !tail.is_empty() {
                        return Poll::Ready(Some(Ok(Frame::data(tail))));
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
        let (error, tail) = match broken {
            None => (self.opened.observer.error().map(str::to_owned), std::mem::take(&mut self.opened.tail)),
            Some(cause) => {
                let refusal = Refusal::upstream(format!(
                    "The stream of @{slug} broke off ({cause}). What came before it is all there is."
                ));
                (Some(refusal.message.clone()), event(self.clean, &refusal))
            }
        };
        let outcome = if error.is_some() { Outcome::Failed } else { Outcome::Finished };
        if error.is_none() && self.opened.observer.done() && self.opened.kept_whole() {
            cached::keep_events(&self.house, &self.serving, &self.opened);
        }
        self.tally(error);
        self.state = match self.meter.file(self.status.as_u16(), outcome) {
            Some(committed) => State::Committing(committed, tail),
            None => State::Done,
        };
    }

    /// Writes what was streamed into the record.
    fn tally(&mut self, error: Option<String>) {
        self.watch();
        let Self { house, serving, opened, meter, status, .. } = self;
        let observer = &opened.observer;
        let kept = std::mem::take(&mut opened.kept);
        let estimated = observer.usage().is_none();
        let usage = observer.usage().cloned().unwrap_or_else(|| Usage {
            input: u64::try_from(serving.body_len()).unwrap_or(u64::MAX) / BYTES_PER_TOKEN,
            output: observer.output_chunks(),
            ..Usage::default()
        });
        if let Some(attempt) = &mut opened.attempt {
            let error = error.clone();
            attempt.end(|row| {
                row.status = status.as_u16();
                row.error = error;
            });
        }
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
            count(house, serving, record, &usage, opened.attempt.as_ref());
        });
    }
}

impl Drop for Relayed {
    fn drop(&mut self) {
        if matches!(self.state, State::Flowing) {
            self.tally(None);
        }
    }
}

/// An error as a well-formed event, whatever stands before it.
fn event(clean: bool, refusal: &Refusal) -> Bytes {
    format!("{}data: {}\n\n", if clean { "" } else { "\n\n" }, refusal.body()).into()
}
