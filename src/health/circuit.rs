//! A circuit breaker: a target that fails too often is left alone, then tried by one call (contract §2.8).

use crate::route::Circuit;
use app::model::routing::Breaker;

/// Failures are counted within this time of the first, milliseconds.
const WINDOW: i64 = 60_000;
/// Shortest time that a circuit stays open, milliseconds.
const COOLDOWN: u64 = 30_000;

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Status(u16),
    /// Nobody waited for its end: it tells nothing.
    GivenUp,
}

/// The counts of one target.
#[derive(Debug, Default)]
pub(super) struct Breaking {
    failures: u32,
    successes: u32,
    /// When counting began, milliseconds since 1970 UTC.
    since: i64,
    /// While open: until when.
    open_until: Option<i64>,
    probing: bool,
}

impl Breaking {
    pub(super) fn state(&self, now: i64) -> Circuit {
        match self.open_until {
            None => Circuit::Closed,
            Some(until) if until > now => Circuit::Open { until },
            Some(_) => Circuit::HalfOpen,
        }
    }

    /// Whether a call may try; of a half-open circuit one at a time may.
    pub(super) fn admit(&mut self, now: i64) -> bool {
        match self.state(now) {
            Circuit::Closed => true,
            Circuit::Open { .. } => false,
            Circuit::HalfOpen => !std::mem::replace(&mut self.probing, true),
        }
    }

    pub(super) fn count(&mut self, rule: &Breaker, verdict: Verdict, now: i64) {
        let probe = std::mem::take(&mut self.probing);
        let Verdict::Status(status) = verdict else { return };
        let failed =
            rule.failure_status_codes.as_ref().map_or(status >= 500 || status == 0, |codes| codes.contains(&status));
        if probe {
            *self = Self::default();
            if failed {
                self.open(rule, now);
            }
            return;
        }
        if now - self.since > WINDOW {
            *self = Self { since: now, open_until: self.open_until, ..Self::default() };
        }
        if failed {
            self.failures += 1;
        } else {
            self.successes += 1;
        }
        if failed && self.open_until.is_none() && self.tripped(rule) {
            self.open(rule, now);
        }
    }

    fn tripped(&self, rule: &Breaker) -> bool {
        let calls = self.failures + self.successes;
        let share = f64::from(self.failures) * 100.0 / f64::from(calls.max(1));
        let by_share = rule.failure_threshold_percentage.is_some_and(|percent| share >= percent);
        rule.failure_threshold.is_some_and(|most| self.failures >= most)
            || (by_share && calls >= rule.minimum_requests.unwrap_or(1))
    }

    fn open(&mut self, rule: &Breaker, now: i64) {
        let cooldown = rule.cooldown_interval.unwrap_or(COOLDOWN);
        self.open_until = Some(now.saturating_add(i64::try_from(cooldown).unwrap_or(i64::MAX)));
    }
}

#[cfg(test)]
mod tests {
    use super::{Breaking, Circuit, Verdict};
    use app::model::routing::Breaker;

    fn rule() -> Breaker {
        Breaker { failure_threshold: Some(2), cooldown_interval: Some(30_000), ..Breaker::default() }
    }

    #[test]
    fn a_circuit_opens_cools_lets_one_probe_through_and_closes() {
        let mut breaking = Breaking::default();
        for (at, status) in [(0, 500), (1, 200), (2, 503)] {
            assert!(breaking.admit(at));
            breaking.count(&rule(), Verdict::Status(status), at);
        }
        assert_eq!(breaking.state(3), Circuit::Open { until: 30_002 });
        assert!(!breaking.admit(30_001));
        assert!(breaking.admit(30_002), "the probe");
        assert!(!breaking.admit(30_003), "only one");
        breaking.count(&rule(), Verdict::Status(200), 30_004);
        assert_eq!(breaking.state(30_005), Circuit::Closed);
    }

    #[test]
    fn a_probe_that_fails_opens_it_again_and_one_that_is_given_up_frees_its_place() {
        let mut breaking = Breaking::default();
        breaking.count(&rule(), Verdict::Status(500), 0);
        breaking.count(&rule(), Verdict::Status(500), 0);
        assert!(breaking.admit(30_000));
        breaking.count(&rule(), Verdict::GivenUp, 30_001);
        assert!(breaking.admit(30_002));
        breaking.count(&rule(), Verdict::Status(0), 30_003);
        assert_eq!(breaking.state(30_004), Circuit::Open { until: 60_003 });
    }

    #[test]
    fn failures_far_apart_do_not_add_up() {
        let mut breaking = Breaking::default();
        breaking.count(&rule(), Verdict::Status(500), 0);
        breaking.count(&rule(), Verdict::Status(500), 60_001);
        assert_eq!(breaking.state(60_001), Circuit::Closed);
    }

    #[test]
    fn a_share_of_failures_counts_from_enough_calls() {
        let rule = Breaker {
            failure_threshold_percentage: Some(50.0),
            minimum_requests: Some(4),
            failure_status_codes: Some(vec![429]),
            ..Breaker::default()
        };
        let mut breaking = Breaking::default();
        for (status, state) in [
            (429, Circuit::Closed),
            (200, Circuit::Closed),
            (500, Circuit::Closed),
            (429, Circuit::Open { until: 30_000 }),
        ] {
            breaking.count(&rule, Verdict::Status(status), 0);
            assert_eq!(breaking.state(0), state);
        }
    }
}
