//! One target: its latency, its circuit, and whether it asked to be left alone.

use crate::health::circuit::{Breaking, Verdict};
use crate::route::{Circuit, Health as Seen, Leaf};
use app::model::routing::Breaker;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Half of what is remembered of a latency is gone after this time, milliseconds.
const HALF_LIFE: f64 = 10_000.0;

#[derive(Debug, Default)]
pub(super) struct Target {
    in_flight: AtomicU32,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    latency_us: Option<f64>,
    measured_at: i64,
    cooling_until: i64,
    breaking: Breaking,
}

/// An attempt under way. Dropped without an end, it counts for nothing.
#[derive(Debug)]
pub struct Visit {
    target: Arc<Target>,
    breaker: Option<Breaker>,
    now: i64,
    open: bool,
}

impl Target {
    pub(super) fn seen(&self, leaf: &Leaf, now: i64) -> Seen {
        let state = self.state();
        let queued = f64::from(self.in_flight.load(Ordering::Relaxed)) + 1.0;
        Seen {
            load_us: state.latency_us.map(|latency| latency * queued),
            circuit: if leaf.breaker.is_some() { state.breaking.state(now) } else { Circuit::Closed },
            cooling_until: (state.cooling_until > now).then_some(state.cooling_until),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// A slower answer counts at once, a faster one by and by (peak EWMA).
    fn measure(&mut self, latency_us: u64, now: i64) {
        #[expect(clippy::cast_precision_loss, reason = "microseconds of a call fit 53 bits")]
        let (latency, age) = (latency_us as f64, (now - self.measured_at).max(0) as f64);
        let kept = (-age / HALF_LIFE * std::f64::consts::LN_2).exp().min(0.9);
        self.latency_us = Some(match self.latency_us {
            Some(known) if known > latency => known * kept + latency * (1.0 - kept),
            _ => latency,
        });
        self.measured_at = now;
    }
}

impl Visit {
    pub(super) fn begin(target: Arc<Target>, leaf: &Leaf, now: i64) -> Option<Self> {
        if leaf.breaker.is_some() && !target.state().breaking.admit(now) {
            return None;
        }
        target.in_flight.fetch_add(1, Ordering::Relaxed);
        Some(Self { target, breaker: leaf.breaker.clone(), now, open: true })
    }

    /// Ends it: `latency_us` until its answer began, and for how many milliseconds the target asked to be left alone.
    pub fn end(mut self, status: u16, latency_us: u64, cooling: Option<u64>) {
        self.open = false;
        let now = self.now + i64::try_from(latency_us / 1000).unwrap_or(0);
        let mut state = self.target.state();
        if (200..300).contains(&status) {
            state.measure(latency_us, now);
        }
        if let Some(millis) = cooling {
            state.cooling_until = now.saturating_add(i64::try_from(millis).unwrap_or(i64::MAX));
        }
        if let Some(breaker) = &self.breaker {
            state.breaking.count(breaker, Verdict::Status(status), now);
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.target.in_flight.fetch_sub(1, Ordering::Relaxed);
        if self.open
            && let Some(breaker) = &self.breaker
        {
            self.target.state().breaking.count(breaker, Verdict::GivenUp, self.now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Leaf, Target, Visit};
    use std::sync::Arc;

    fn load(target: &Target, now: i64) -> Option<f64> {
        target.seen(&Leaf::default(), now).load_us
    }

    #[test]
    fn slow_answers_count_at_once_and_fade() {
        let (target, leaf) = (Arc::new(Target::default()), Leaf::default());
        let visit =
            |now, latency| Visit::begin(Arc::clone(&target), &leaf, now).expect("admitted").end(200, latency, None);
        assert_eq!(load(&target, 0), None);
        visit(0, 1_000);
        visit(1, 9_000);
        assert_eq!(load(&target, 1), Some(9_000.0));
        visit(20_000, 1_000);
        assert!(load(&target, 20_000).is_some_and(|load| load > 1_000.0 && load < 4_000.0));
        let _under_way = Visit::begin(Arc::clone(&target), &leaf, 1).expect("admitted");
        assert!(load(&target, 20_000).is_some_and(|load| load > 2_000.0), "two calls share it");
    }

    #[test]
    fn a_target_that_asks_for_time_is_cooling() {
        let (target, leaf) = (Arc::new(Target::default()), Leaf::default());
        Visit::begin(Arc::clone(&target), &leaf, 100).expect("admitted").end(429, 0, Some(500));
        assert_eq!(target.seen(&leaf, 200).cooling_until, Some(600));
        assert_eq!(target.seen(&leaf, 600).cooling_until, None);
    }
}
