//! A provider's stream that has begun: read chunk by chunk, watched, and given up where it does not keep its pace.

mod pace;

use crate::cache::flight;
use crate::gateway::cached::Landing;
use crate::gateway::relay::cause;
use crate::journal::tries::Try;
use crate::wire::sse::Observer;
use bytes::Bytes;
use http::response::Parts;
use http_body::Body as _;
use hyper::body::Incoming;
use pace::Pace;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Instant;

use app::model::routing::Stream as Limits;

/// Bytes of a stream that the journal keeps.
const KEPT: usize = 16 << 20;

/// Where a stream comes from.
pub enum Source {
    Upstream(Incoming),
    /// One upstream call that several callers share.
    Shared(flight::Reader<Landing>),
    /// Out of the cache, whole.
    Stored(Option<Bytes>),
}

/// A stream, its head read.
pub struct Opened {
    pub head: Parts,
    pub observer: Observer,
    /// What came from upstream, for the journal.
    pub kept: Vec<u8>,
    /// Its row among the attempts; none where nothing was sent.
    pub attempt: Option<Try>,
    /// It is no stream of events: it passes unread, and the journal keeps its size.
    pub raw: bool,
    /// It is made of a completion's chunks, whose end tells of itself.
    pub chunks: bool,
    /// Bytes that came.
    pub size: u64,
    /// What was held back until its end.
    pub tail: Bytes,
    /// A whole line has come.
    lined: bool,
    source: Source,
    pace: Option<Pace>,
    /// Read while the stream was held.
    ready: VecDeque<Bytes>,
    /// The end that was read while it was held.
    end: Option<Next>,
}

/// What a stream does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Bytes that may leave; never empty.
    Chunk(Bytes),
    End,
    /// It broke, or did not keep its pace: why, in words.
    Cut(Cut),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// 408 where it was too slow, 502 where it broke.
    pub status: u16,
    pub why: String,
}

impl Opened {
    /// Starts reading. `strip_usage`: usage was asked for on the caller's behalf.
    pub fn new(head: Parts, source: Source, strip_usage: bool, limits: &Limits, attempt: Option<Try>) -> Self {
        let waited = Duration::from_micros(attempt.as_ref().map_or(0, Try::elapsed));
        Self {
            head,
            observer: Observer::new(strip_usage),
            kept: Vec::with_capacity(8 << 10),
            attempt,
            raw: false,
            chunks: false,
            size: 0,
            tail: Bytes::new(),
            lined: false,
            source,
            pace: Pace::of(limits, waited),
            ready: VecDeque::new(),
            end: None,
        }
    }

    /// An answer of any other kind, such as sound.
    pub fn raw(head: Parts, source: Source, attempt: Option<Try>) -> Self {
        Self { raw: true, ..Self::new(head, source, false, &Limits::default(), attempt) }
    }

    /// Reads until something may leave.
    ///
    /// # Errors
    /// When it breaks, is too slow or ends before that: nothing was sent, so that the answer may still be another.
    pub async fn begun(&mut self) -> Result<(), Cut> {
        self.step().await
    }

    /// Reads until a whole line has come, or the end. Given up in between, it goes on where it was.
    ///
    /// # Errors
    /// When it breaks or is too slow.
    pub async fn lined(&mut self) -> Result<(), Cut> {
        while !self.lined && self.end.is_none() {
            self.step().await?;
        }
        Ok(())
    }

    /// Whether a whole line has come.
    pub fn has_line(&self) -> bool {
        self.lined
    }

    /// Reads until content has come and `hold` has passed since, or the stream has ended. What was read is kept for
    /// [`Opened::poll_next`].
    ///
    /// # Errors
    /// When it breaks, is too slow, ends without content, or says that it failed.
    pub async fn held(&mut self, hold: Duration) -> Result<(), Cut> {
        let mut until: Option<Instant> = None;
        loop {
            if let Some(error) = self.observer.error() {
                return Err(Cut { status: self.observer.error_status().unwrap_or(502), why: error.to_owned() });
            }
            let talks = self.observer.saw_content();
            if self.end.is_some() && !talks && !self.observer.done() {
                return Err(Cut { status: 502, why: "The stream ended before it had said anything.".into() });
            }
            if self.end.is_some() || (talks && hold.is_zero()) {
                return Ok(());
            }
            if !talks {
                self.step().await?;
                continue;
            }
            let until = *until.get_or_insert_with(|| Instant::now() + hold);
            match tokio::time::timeout_at(until, self.step()).await {
                Ok(stepped) => stepped?,
                Err(_) => return Ok(()),
            }
        }
    }

    /// Reads on, and keeps what came.
    async fn step(&mut self) -> Result<(), Cut> {
        match poll_fn(|context| self.read(context)).await {
            Next::Chunk(chunk) => self.ready.push_back(chunk),
            Next::End => self.end = Some(Next::End),
            Next::Cut(cut) => return Err(cut),
        }
        Ok(())
    }

    /// The next chunk that may leave.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Next> {
        if let Some(chunk) = self.ready.pop_front() {
            return Poll::Ready(Next::Chunk(chunk));
        }
        match self.end.take() {
            Some(end) => Poll::Ready(end),
            None => self.read(context),
        }
    }

    fn read(&mut self, context: &mut Context<'_>) -> Poll<Next> {
        loop {
            let Poll::Ready(next) = self.source.poll_chunk(context) else {
                return self.pace.as_mut().map_or(Poll::Pending, |pace| {
                    let cut = ready!(pace.poll(context, &self.observer));
                    Poll::Ready(Next::Cut(cut))
                });
            };
            match next {
                Next::Chunk(chunk) => {
                    self.size += chunk.len() as u64;
                    if self.raw {
                        return Poll::Ready(Next::Chunk(chunk));
                    }
                    let room = KEPT.saturating_sub(self.kept.len());
                    self.kept.extend_from_slice(&chunk[..chunk.len().min(room)]);
                    let line = memchr::memchr(b'\n', &chunk).is_some();
                    self.lined |= line;
                    let out = self.observer.push(chunk);
                    if let Some(pace) = &mut self.pace {
                        pace.saw(&self.observer, line);
                    }
                    if !out.is_empty() {
                        return Poll::Ready(Next::Chunk(out));
                    }
                }
                Next::End => return Poll::Ready(self.ended()),
                cut @ Next::Cut(_) => return Poll::Ready(cut),
            }
        }
    }

    /// The source has ended: whether the stream has.
    fn ended(&mut self) -> Next {
        self.tail = self.observer.finish();
        let why = if self.size == 0 && !self.raw {
            "it ended before it had said anything"
        } else if self.chunks && self.observer.error().is_none() && !self.observer.spoke() {
            "it ended without an answer"
        } else if self.chunks && !self.observer.whole() && self.observer.error().is_none() {
            "it ended before its last event"
        } else {
            return Next::End;
        };
        Next::Cut(Cut { status: 502, why: why.into() })
    }

    /// Whether others read along: it goes on when this caller has left.
    pub fn has_company(&self) -> bool {
        matches!(&self.source, Source::Shared(reader) if reader.has_company())
    }

    /// Whether all of the stream is in [`Opened::kept`].
    pub fn kept_whole(&self) -> bool {
        self.kept.len() < KEPT
    }
}

impl Source {
    /// What comes next, as it comes.
    pub fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Next> {
        match self {
            Self::Upstream(body) => loop {
                match ready!(Pin::new(&mut *body).poll_frame(context)) {
                    Some(Ok(frame)) => {
                        if let Ok(chunk) = frame.into_data() {
                            return Poll::Ready(Next::Chunk(chunk));
                        }
                    }
                    Some(Err(error)) => return Poll::Ready(Next::Cut(Cut { status: 502, why: cause(&error) })),
                    None => return Poll::Ready(Next::End),
                }
            },
            Self::Shared(reader) => Poll::Ready(match ready!(reader.poll_next(context)) {
                Some(Ok(chunk)) => Next::Chunk(chunk),
                Some(Err(broken)) => Next::Cut(Cut { status: 502, why: broken.to_string() }),
                None => match reader.word() {
                    Some(Err(fault)) => Next::Cut(Cut { status: 502, why: fault.why() }),
                    _ => Next::End,
                },
            }),
            Self::Stored(bytes) => Poll::Ready(bytes.take().map_or(Next::End, Next::Chunk)),
        }
    }
}
