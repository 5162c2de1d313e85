//! The gateway's budget of retries: however its configs are written, they stay a share of its traffic, so that a
//! provider in trouble is not buried by them.

use std::sync::{Mutex, PoisonError};

/// Retries for each call of the window.
const SHARE: f64 = 0.5;
/// Retries that a quiet gateway may make in the window.
const RESERVE: f64 = 500.0;
const SECONDS: usize = 10;

/// Calls and retries of the last ten seconds.
#[derive(Debug, Default)]
pub struct Retries {
    window: Mutex<Window>,
}

#[derive(Debug, Default)]
struct Window {
    second: i64,
    calls: [u32; SECONDS],
    retries: [u32; SECONDS],
}

impl Retries {
    /// A call has begun. `now` is in milliseconds since 1970 UTC.
    pub fn call(&self, now: i64) {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let at = window.turn(now);
        window.calls[at] += 1;
    }

    /// Whether one more retry may be made; if so, it counts.
    pub fn take(&self, now: i64) -> bool {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let at = window.turn(now);
        let sum = |counts: &[u32; SECONDS]| f64::from(counts.iter().sum::<u32>());
        let free = sum(&window.retries) < RESERVE + SHARE * sum(&window.calls);
        window.retries[at] += u32::from(free);
        free
    }
}

impl Window {
    /// Forgets what has left the window. The place of this second.
    fn turn(&mut self, now: i64) -> usize {
        let second = now.div_euclid(1000);
        let place = |second: i64| usize::try_from(second.rem_euclid(SECONDS as i64)).unwrap_or(0);
        let gone = second.saturating_sub(self.second).clamp(0, SECONDS as i64);
        for past in second - gone + 1..=second {
            self.calls[place(past)] = 0;
            self.retries[place(past)] = 0;
        }
        self.second = self.second.max(second);
        place(self.second)
    }
}

#[cfg(test)]
mod tests {
    use super::Retries;

    #[test]
    fn retries_stay_a_share_of_the_calls() {
        let retries = Retries::default();
        for _ in 0..1000 {
            retries.call(50_000);
        }
        assert_eq!((0..5000).filter(|_| retries.take(51_000)).count(), 1000);
        assert!(!retries.take(59_999), "the window is ten seconds long");
        assert_eq!(
            (0..5000).filter(|_| retries.take(60_000)).count(),
            0,
            "the calls have left, their retries have not"
        );
        assert_eq!((0..5000).filter(|_| retries.take(61_000)).count(), 500);
    }
}
