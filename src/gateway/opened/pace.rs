//! The pace that a stream must keep: its first token, the gaps between chunks, tokens a second.

use crate::gateway::opened::Cut;
use crate::wire::sse::Observer;
use app::model::routing::Stream as Limits;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};

/// The time over which tokens a second are measured.
const WINDOW: Duration = Duration::from_secs(10);

pub(super) struct Pace {
    first: Option<Instant>,
    idle: Option<Duration>,
    /// Fewest tokens of a window.
    least: Option<f64>,
    /// Where the window began, and how many tokens there were then.
    window: (Instant, u64),
    last: Instant,
    talking: bool,
    timer: Pin<Box<Sleep>>,
    first_millis: u64,
}

impl Pace {
    /// `None` where the limits set none; `waited`: since the request was sent.
    pub(super) fn of(limits: &Limits, waited: Duration) -> Option<Self> {
        if limits.first_token_timeout.is_none()
            && limits.idle_timeout.is_none()
            && limits.min_tokens_per_second.is_none()
        {
            return None;
        }
        let now = Instant::now();
        let first_millis = limits.first_token_timeout.unwrap_or(0);
        let mut pace = Self {
            first: limits.first_token_timeout.map(|millis| now + Duration::from_millis(millis).saturating_sub(waited)),
            idle: limits.idle_timeout.map(Duration::from_millis),
            least: limits.min_tokens_per_second.map(|rate| rate * WINDOW.as_secs_f64()),
            window: (now, 0),
            last: now,
            talking: false,
            timer: Box::pin(sleep_until(now)),
            first_millis,
        };
        pace.wind();
        Some(pace)
    }

    /// Bytes have come; `line`: with the end of a line. Before content part of a line is no sign of life, since another
    /// target may still stand in; after it, whatever comes is better than none.
    pub(super) fn saw(&mut self, observer: &Observer, line: bool) {
        if !line && !self.talking {
            return;
        }
        self.last = Instant::now();
        if !self.talking && observer.saw_content() {
            self.talking = true;
            self.first = None;
            self.window = (self.last, observer.output_chunks());
        }
        self.wind();
    }

    /// Resolves when the stream has not kept its pace.
    pub(super) fn poll(&mut self, context: &mut Context<'_>, observer: &Observer) -> Poll<Cut> {
        loop {
            ready!(self.timer.as_mut().poll(context));
            if let Some(why) = self.fault(observer) {
                return Poll::Ready(Cut { status: 408, why });
            }
            self.wind();
        }
    }

    fn fault(&mut self, observer: &Observer) -> Option<String> {
        let now = Instant::now();
        if self.first.is_some_and(|first| first <= now) {
            return Some(format!("No token came within {} ms.", self.first_millis));
        }
        if let Some(idle) = self.idle.filter(|idle| self.last + *idle <= now) {
            return Some(format!("Nothing came for {} ms.", idle.as_millis()));
        }
        let (began, before) = self.window;
        let least = self.least.filter(|_| self.talking && began + WINDOW <= now)?;
        let came = observer.output_chunks() - before;
        self.window = (now, observer.output_chunks());
        #[expect(clippy::cast_precision_loss, reason = "chunks of ten seconds fit 53 bits")]
        let slow = (came as f64) < least;
        slow.then(|| format!("Only {came} tokens came within {} s.", WINDOW.as_secs()))
    }

    /// Sets the timer to the next moment that matters.
    fn wind(&mut self) {
        let idle = self.idle.map(|idle| self.last + idle);
        let window = self.least.filter(|_| self.talking).map(|_| self.window.0 + WINDOW);
        let next = [self.first, idle, window].into_iter().flatten().min();
        let next = next.unwrap_or_else(|| self.last + Duration::from_secs(3600));
        self.timer.as_mut().reset(next);
    }
}
