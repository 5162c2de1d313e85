//! What has been pushed, and how far each reader is. Decides; whoever holds the lock wakes and waits.

use super::{Broken, Head};
use bytes::Bytes;
use std::collections::{HashMap, VecDeque};
use std::task::{Context, Poll, Waker};

/// Bytes kept at most; beyond it the oldest chunks go.
pub(super) const MOST: usize = 16 << 20;

pub(super) struct Buffer<T> {
    head: Option<Head>,
    /// The chunks that are kept; the first of them is chunk `gone`.
    chunks: VecDeque<Bytes>,
    gone: usize,
    size: usize,
    end: Option<Result<T, Broken>>,
    seats: HashMap<Place, Seat>,
    /// Places given so far.
    places: Place,
    abandoned: bool,
    /// The leader has a chunk for which there was no room.
    waiting: bool,
}

pub(super) type Place = u64;

/// A reader.
#[derive(Default)]
struct Seat {
    /// The chunk that it reads next.
    at: usize,
    waker: Option<Waker>,
}

/// Readers to be woken, once the lock is let go.
#[must_use = "a reader that is not woken waits for ever"]
pub(super) struct Wakers(Vec<Waker>);

impl Wakers {
    pub(super) fn wake(self) {
        self.0.into_iter().for_each(Waker::wake);
    }
}

impl<T> Buffer<T> {
    pub(super) fn new() -> Self {
        Self {
            head: None,
            chunks: VecDeque::new(),
            gone: 0,
            size: 0,
            end: None,
            seats: HashMap::new(),
            places: 0,
            abandoned: false,
            waiting: false,
        }
    }

    /// The place of the first reader.
    pub(super) fn first(&mut self) -> Place {
        self.places += 1;
        self.seats.insert(self.places, Seat::default());
        self.places
    }

    /// A place at the start; `None` where the flight is over, abandoned, or its start is gone.
    pub(super) fn enter(&mut self) -> Option<Place> {
        (self.end.is_none() && !self.abandoned && self.gone == 0).then(|| self.first())
    }

    pub(super) fn readers(&self) -> usize {
        self.seats.len()
    }

    /// Whether this was the last one; said once.
    pub(super) fn leave(&mut self, place: Place) -> bool {
        self.seats.remove(&place);
        let last = self.seats.is_empty() && !self.abandoned;
        if last {
            self.abandoned = true;
            self.chunks.clear();
        }
        last
    }

    pub(super) fn begin(&mut self, head: Head) -> Wakers {
        self.head.get_or_insert(head);
        self.wakers()
    }

    /// `None`: there is no room before the foremost reader goes on.
    pub(super) fn push(&mut self, chunk: &Bytes) -> Option<Wakers> {
        if self.abandoned || chunk.is_empty() {
            return Some(Wakers(Vec::new()));
        }
        while self.size > 0 && self.size + chunk.len() > MOST {
            let foremost = self.seats.values().map(|seat| seat.at).max().unwrap_or(0);
            if foremost <= self.gone {
                self.waiting = true;
                return None;
            }
            self.size -= self.chunks.pop_front().map_or(0, |oldest| oldest.len());
            self.gone += 1;
        }
        self.size += chunk.len();
        self.chunks.push_back(chunk.clone());
        Some(self.wakers())
    }

    /// The first end counts.
    pub(super) fn end(&mut self, end: Result<T, Broken>) -> Wakers {
        self.end.get_or_insert(end);
        self.wakers()
    }

    /// Whether the leader waits for a reader to go on; said once.
    pub(super) fn take_waiting(&mut self) -> bool {
        std::mem::take(&mut self.waiting)
    }

    pub(super) fn poll_head(&mut self, place: Place, context: &Context<'_>) -> Poll<Result<Head, Broken>> {
        match (&self.head, &self.end) {
            (Some(head), _) => Poll::Ready(Ok(head.clone())),
            (None, Some(end)) => Poll::Ready(Err(end.as_ref().err().copied().unwrap_or(Broken::Dropped))),
            (None, None) => self.wait(place, context),
        }
    }

    pub(super) fn poll_next(&mut self, place: Place, context: &Context<'_>) -> Poll<Option<Result<Bytes, Broken>>> {
        let Some(seat) = self.seats.get_mut(&place) else { return Poll::Ready(None) };
        let Some(at) = seat.at.checked_sub(self.gone) else { return Poll::Ready(Some(Err(Broken::Behind))) };
        if let Some(chunk) = self.chunks.get(at) {
            seat.at += 1;
            return Poll::Ready(Some(Ok(chunk.clone())));
        }
        match &self.end {
            Some(Ok(_)) => Poll::Ready(None),
            Some(Err(broken)) => Poll::Ready(Some(Err(*broken))),
            None => self.wait(place, context),
        }
    }

    fn wait<R>(&mut self, place: Place, context: &Context<'_>) -> Poll<R> {
        if let Some(seat) = self.seats.get_mut(&place) {
            seat.waker = Some(context.waker().clone());
        }
        Poll::Pending
    }

    fn wakers(&mut self) -> Wakers {
        Wakers(self.seats.values_mut().filter_map(|seat| seat.waker.take()).collect())
    }
}

impl<T: Clone> Buffer<T> {
    pub(super) fn word(&self) -> Option<T> {
        self.end.as_ref()?.as_ref().ok().cloned()
    }
}
