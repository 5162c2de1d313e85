//! A stream on its way back: each chunk leaves at once, its end waits for the row.

use crate::gateway::answer::{count, headers};
use crate::gateway::call::{Exchange, micros};
use crate::gateway::intake::Call;
use crate::gateway::masked;
use crate::gateway::refusal::Refusal;
use crate::house::Shared;
use crate::journal::Stopped;
use crate::journal::frame::Gathered;
use crate::journal::meter::Meter;
use crate::journal::record::{AttemptRow, Outcome};
use crate::wire::openai::Usage;
use crate::wire::sse::Observer;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame};
use hyper::body::Incoming;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;
use tokio::sync::oneshot;

/// Bytes of a stream that the journal keeps.
const KEPT: usize = 16 << 20;
/// Bytes of a request that count as one token, where the provider says nothing.
const BYTES_PER_TOKEN: u64 = 4;

/// The body handed to the caller. Dropped before its end, it files the call as cancelled, with what was streamed.
struct Relayed {
    house: Shared,
    call: Call,
    upstream: Incoming,
    observer: Observer,
    meter: Meter,
    attempt: AttemptRow,
    sent: Instant,
    kept: Vec<u8>,
    state: State,
}

enum State {
    Flowing,
    /// The stream is over; its tail waits for the commit.
    Committing(oneshot::Receiver<Result<(), Stopped>>, Bytes),
    Done,
}

/// Hands a stream on.
pub fn response(house: &Shared, call: Call, exchange: Exchange, mut meter: Meter) -> Response {
    let Exchange { mut head, body, attempt, sent } = exchange;
    meter.note(|record| record.parts.response_headers = masked::lines(&head.headers));
    let headers = headers(std::mem::take(&mut head.headers), &call, "text/event-stream");
    let relayed = Relayed {
        house: Arc::clone(house),
        observer: Observer::new(call.usage_added),
        upstream: body,
        attempt: AttemptRow { status: head.status.as_u16(), ..attempt },
        meter,
        call,
        sent,
        kept: Vec::with_capacity(8 << 10),
        state: State::Flowing,
    };
    let mut response = Response::new(Body::new(relayed));
    *response.status_mut() = head.status;
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
                State::Flowing => match ready!(Pin::new(&mut this.upstream).poll_frame(context)) {
                    Some(Ok(frame)) => {
                        let Ok(chunk) = frame.into_data() else { continue };
                        let out = this.flow(chunk);
                        if !out.is_empty() {
                            return Poll::Ready(Some(Ok(Frame::data(out))));
                        }
                    }
                    Some(Err(error)) => this.end(Some(&error)),
                    None => this.end(None),
                },
                State::Committing(committed, tail) => {
                    let written = ready!(Pin::new(committed).poll(context)).unwrap_or(Err(Stopped));
                    let tail = if written.is_ok() { std::mem::take(tail) } else { event(&Refusal::journal()) };
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
    fn flow(&mut self, chunk: Bytes) -> Bytes {
        let room = KEPT.saturating_sub(self.kept.len());
        self.kept.extend_from_slice(&chunk[..chunk.len().min(room)]);
        let out = self.observer.push(chunk);
        if self.attempt.first_token_us.is_none() && self.observer.saw_content() {
            self.attempt.first_token_us = Some(micros(self.sent));
            let first = self.meter.elapsed();
            self.meter.note(|record| record.call.first_token_us = Some(first));
        }
        out
    }

    fn end(&mut self, broken: Option<&hyper::Error>) {
        let provider = &self.call.target.provider.slug;
        let (error, tail) = match broken {
            None => (self.observer.error().map(str::to_owned), self.observer.finish()),
            Some(cause) => {
                let refusal = Refusal::upstream(format!(
                    "The stream of @{provider} broke off ({cause}). What came before it is all there is."
                ));
                (Some(refusal.message.clone()), event(&refusal))
            }
        };
        let outcome = if error.is_some() { Outcome::Failed } else { Outcome::Finished };
        let status = self.attempt.status;
        self.tally(error);
        self.state = match self.meter.file(status, outcome) {
            Some(committed) => State::Committing(committed, tail),
            None => State::Done,
        };
    }

    /// Writes what was streamed into the record.
    fn tally(&mut self, error: Option<String>) {
        let attempt =
            AttemptRow { latency_us: micros(self.sent), error: error.clone(), ..std::mem::take(&mut self.attempt) };
        self.meter.attempt(attempt);
        let Self { house, call, observer, meter, kept, .. } = self;
        let estimated = observer.usage().is_none();
        let usage = observer.usage().cloned().unwrap_or_else(|| Usage {
            input: u64::try_from(call.body.len()).unwrap_or(u64::MAX) / BYTES_PER_TOKEN,
            output: observer.output_chunks(),
            ..Usage::default()
        });
        let kept = std::mem::take(kept);
        meter.note(|record| {
            record.call.error = error;
            record.call.tokens_estimated = estimated;
            if let Some(model) = observer.model() {
                record.call.model_served = model.to_owned();
            }
            record.parts.response_body = Gathered::Chunks(kept);
            count(house, call, record, &usage);
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

/// An error as a well-formed event.
fn event(refusal: &Refusal) -> Bytes {
    format!("data: {}\n\n", refusal.body()).into()
}
