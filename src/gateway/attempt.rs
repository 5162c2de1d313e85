//! One try of one target.

use crate::gateway::answer::{self, Checked};
use crate::gateway::opened::{Cut, Opened, Source};
use crate::gateway::outgoing::Outgoing;
use crate::gateway::refusal::Refusal;
use crate::gateway::relay::{self, Fault};
use crate::gateway::stream;
use crate::house::House;
use crate::journal::record::AttemptRow;
use crate::journal::tries::{Tries, Try};
use crate::limit::permit::{Permit, Used};
use crate::route::retry::{RetryAfter, cooling};
use crate::wire::openai::Usage;
use crate::wire::vendors::Endpoint;
use http::StatusCode;
use http::response::Parts;
use std::time::Duration;
use tokio::time::Instant;

/// What a try is made with.
#[derive(Clone, Copy)]
pub struct Shot<'a> {
    pub house: &'a House,
    pub out: &'a Outgoing,
    pub tries: &'a Tries,
    /// Microseconds after the call's start.
    pub started_us: u64,
    /// Number of the retry.
    pub retry: u32,
    pub waited_us: u64,
    /// A stream is held until content has come, and so long after, since another target could still stand in.
    pub held: Option<Duration>,
}

/// How a try ended.
pub struct Tried {
    /// What routing decides by: the provider's status; of a success that carries an error, the error's; of no answer at
    /// all, the one that the caller would get.
    pub status: u16,
    pub reply: Result<Reply, Refusal>,
    pub after: Option<RetryAfter>,
    /// Milliseconds for which the target asked to be left alone.
    pub cooling: Option<u64>,
    /// Microseconds until the answer, of a stream until it began.
    pub latency_us: u64,
    /// The target was asked: its answer tells of it.
    pub sent: bool,
}

/// A provider's answer.
pub enum Reply {
    Whole(Box<Whole>),
    /// Events, or what passes as it is.
    Stream(Box<Opened>),
}

pub struct Whole {
    pub head: Parts,
    pub checked: Checked,
    /// Its row among the attempts; none where nothing was sent.
    pub attempt: Option<Try>,
}

impl Tried {
    /// It was not sent.
    pub fn refused(refusal: Refusal) -> Self {
        let status = refusal.status.as_u16();
        Self { status, reply: Err(refusal), after: None, cooling: None, latency_us: 0, sent: false }
    }

    /// The answer was kept: nothing was sent.
    pub fn hit(reply: Reply) -> Self {
        Self { status: 200, reply: Ok(reply), after: None, cooling: None, latency_us: 0, sent: false }
    }
}

impl Shot<'_> {
    /// Sends, and waits for the answer, of a stream for its beginning.
    pub async fn fire(self) -> Tried {
        let attempt = match self.start().await {
            Ok(attempt) => Some(attempt),
            Err(refusal) => return Tried::refused(refusal),
        };
        let deadline = Instant::now() + self.out.patience;
        let watched = attempt.as_ref().and_then(Try::permit).map(Permit::sent);
        let patience = self.out.head_patience();
        let sent = self.house.relay.send(self.out.request(watched), patience, self.out.target.reach).await;
        match sent {
            Ok(response) => {
                let (head, body) = response.into_parts();
                self.answered(attempt, head, Source::Upstream(body), deadline).await
            }
            Err(fault) => self.faulted(attempt, 0, &fault),
        }
    }

    /// Holds room for it where it falls under a budget, and writes down that it was sent.
    ///
    /// # Errors
    /// 412 where a budget does not cover it: it must not be sent.
    pub async fn start(self) -> Result<Try, Refusal> {
        let permit = match &self.out.fare {
            Some(fare) => Some(fare.reserve(self.house).await?),
            None => None,
        };
        self.tries.know(&self.out.secrets);
        Ok(self.tries.start_under(self.row(), permit.map(Box::new)))
    }

    /// Goes on from another call's answer: nothing is held, and nothing sent.
    ///
    /// # Errors
    /// 503 where what the call was let in under cannot be written.
    pub fn follow(self) -> Result<(), Refusal> {
        self.out.fare.as_ref().map_or(Ok(()), |fare| fare.write())
    }

    /// Goes on from an answer's head.
    pub async fn answered(self, attempt: Option<Try>, head: Parts, source: Source, deadline: Instant) -> Tried {
        if head.status.is_success() && answer::is_stream(&head.headers) {
            return self.stream(attempt, head, source, deadline).await;
        }
        if answer::is_raw(self.out.endpoint, &head) {
            let status = head.status.as_u16();
            let latency_us = attempt.as_ref().map_or(0, Try::elapsed);
            let reply = Ok(Reply::Stream(Box::new(Opened::raw(head, source, attempt))));
            return Tried { status, reply, after: None, cooling: None, latency_us, sent: true };
        }
        let slug = &self.out.target.provider.slug;
        let strict = self.out.endpoint.is_text();
        let read = tokio::time::timeout_at(deadline, relay::whole(slug, &head.headers, source)).await;
        let read = read.unwrap_or_else(|_| Err(Fault::timeout(self.out.patience)));
        match read.and_then(|bytes| answer::checked(&self.out.target.provider, strict, &head, bytes)) {
            Ok(checked) => whole(attempt, head, checked),
            Err(fault) => self.faulted(attempt, head.status.as_u16(), &fault),
        }
    }

    async fn stream(self, attempt: Option<Try>, head: Parts, source: Source, deadline: Instant) -> Tried {
        if let Some(packing) = relay::packing(&head.headers) {
            let slug = &self.out.target.provider.slug;
            let why = format!("@{slug} packed its stream as {packing}, though none was asked for.");
            return self.faulted(attempt, head.status.as_u16(), &Fault::Unusable(why));
        }
        let status = head.status.as_u16();
        let limits = &self.out.leaf.stream;
        let mut opened = Opened::new(head, source, self.out.usage_added, limits, attempt);
        opened.chunks = matches!(self.out.endpoint, Endpoint::Chat | Endpoint::Complete);
        let begun = match self.held {
            Some(hold) => match tokio::time::timeout_at(deadline, opened.lined()).await {
                Ok(Err(cut)) => Err(cut),
                Err(_) if !opened.has_line() => {
                    return self.faulted(opened.attempt.take(), status, &Fault::timeout(self.out.patience));
                }
                _ => opened.held(hold).await,
            },
            None => opened.begun().await,
        };
        if let Err(cut) = begun {
            return self.cut(opened, cut);
        }
        let latency_us = opened.attempt.as_ref().map_or(0, Try::elapsed);
        Tried { status, reply: Ok(Reply::Stream(Box::new(opened))), after: None, cooling: None, latency_us, sent: true }
    }

    fn cut(self, mut opened: Opened, cut: Cut) -> Tried {
        let Cut { status, why } = cut;
        let message = format!("The stream of @{} failed: {why}", self.out.target.provider.slug);
        let latency_us = opened.attempt.as_ref().map_or(0, Try::elapsed);
        if let Some(attempt) = &mut opened.attempt {
            if self.out.endpoint.is_counted() || opened.observer.usage().is_some() {
                stream::settle(attempt, &opened.observer, &opened.kept, false);
            } else {
                attempt.settle(Used::Untold);
            }
            attempt.end(|row| {
                row.status = opened.head.status.as_u16();
                row.error = Some(message.clone());
            });
        }
        let refusal = Refusal::upstream(message);
        let shown = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
        Tried {
            status,
            reply: Err(Refusal { status: shown, ..refusal }),
            after: None,
            cooling: None,
            latency_us,
            sent: true,
        }
    }

    /// Ends without a usable answer.
    pub fn faulted(self, mut attempt: Option<Try>, status: u16, fault: &Fault) -> Tried {
        let refusal = fault.refusal(&self.out.target.provider.slug);
        if let Some(attempt) = &mut attempt {
            attempt.settle(fault.used(status));
            attempt.end(|row| {
                row.status = status;
                row.error = Some(refusal.message.clone());
            });
        }
        let latency_us = attempt.as_ref().map_or(0, Try::elapsed);
        Tried {
            status: refusal.status.as_u16(),
            reply: Err(refusal),
            after: None,
            cooling: None,
            latency_us,
            sent: true,
        }
    }

    fn row(self) -> AttemptRow {
        let Outgoing { leaf, target, uri, .. } = self.out;
        AttemptRow {
            provider: target.provider.slug.clone(),
            vendor: target.provider.vendor.slug.into(),
            model: target.model.clone().unwrap_or_default(),
            target: leaf.path.clone(),
            url: uri.to_string(),
            started_us: self.started_us,
            retry: self.retry,
            waited_us: self.waited_us,
            ..AttemptRow::default()
        }
    }
}

fn whole(mut attempt: Option<Try>, mut head: Parts, checked: Checked) -> Tried {
    let failed = head.status.is_success().then_some(checked.answer.failed).flatten();
    let error = checked.answer.error.clone().filter(|_| failed.is_some() || !head.status.is_success());
    if let Some(attempt) = &mut attempt {
        settle(attempt, &head, &checked);
        attempt.end(|row| {
            row.status = head.status.as_u16();
            row.error = error;
        });
    }
    if let Some(status) = failed.and_then(|status| StatusCode::from_u16(status).ok()) {
        head.status = status;
    }
    Tried {
        status: head.status.as_u16(),
        after: RetryAfter::read(&head.headers),
        cooling: cooling(&head.headers, head.status.as_u16()),
        latency_us: attempt.as_ref().map_or(0, Try::elapsed),
        sent: true,
        reply: Ok(Reply::Whole(Box::new(Whole { head, checked, attempt }))),
    }
}

/// What an answer came to. One that does not say so is told by the length of its text.
fn settle(attempt: &mut Try, head: &Parts, checked: &Checked) {
    let answer = &checked.answer;
    let failed = !head.status.is_success() || answer.failed.is_some();
    let Some(permit) = attempt.permit() else { return };
    let guess = || Usage {
        input: permit.prompt(),
        output: permit.bound().min(text_tokens(&checked.bytes)),
        ..Usage::default()
    };
    let usage = match answer.usage {
        Some(usage) => usage,
        None if failed => return attempt.settle(Used::Nothing),
        None if !permit.is_counted() => return attempt.settle(Used::Untold),
        None => {
            let mut guess = guess();
            if is_pending(&checked.bytes) {
                guess.output = permit.bound();
            }
            attempt.guess = Some(guess);
            guess
        }
    };
    attempt.settle(Used::Counted(&usage, answer.model.as_deref()));
}

/// Whether it is written later, out of sight.
fn is_pending(bytes: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Told<'a> {
        #[serde(borrow)]
        status: Option<&'a str>,
    }
    let told = serde_json::from_slice::<Told<'_>>(bytes).ok().and_then(|told| told.status);
    matches!(told, Some("queued" | "in_progress"))
}

/// Tokens of an answer's bytes: four make one, more or less.
fn text_tokens(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len().div_ceil(4)).unwrap_or(u64::MAX)
}
