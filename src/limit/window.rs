//! What came in the last second, minute, hour, day or week, to the millisecond. Pure: the time is an argument.

use std::collections::VecDeque;

/// A sliding window. No stretch of its length, wherever it begins, holds more than was let in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// When, in milliseconds, and how much; oldest first, one entry a millisecond.
    entries: VecDeque<(i64, u64)>,
    sum: u64,
}

impl Window {
    /// What is in the window at `now`.
    pub fn used(&mut self, now: i64, span: i64) -> u64 {
        while let Some((at, amount)) = self.entries.front()
            && *at + span <= now
        {
            self.sum -= amount;
            self.entries.pop_front();
        }
        self.sum
    }

    /// Milliseconds until `more` fits below `most`; zero: it does now. Only after [`Window::used`].
    pub fn wait(&self, now: i64, span: i64, most: u64, more: u64) -> i64 {
        let mut sum = self.sum;
        let mut wait = 0;
        for (at, amount) in &self.entries {
            if sum.saturating_add(more) <= most {
                break;
            }
            sum -= amount;
            wait = at + span - now;
        }
        wait.max(0)
    }

    /// Milliseconds until nothing is left in it.
    pub fn empties(&self, now: i64, span: i64) -> i64 {
        self.entries.back().map_or(0, |(at, _)| (at + span - now).max(0))
    }

    /// Takes in what came at `at`. A clock that was set back does not shorten the wait.
    pub fn add(&mut self, at: i64, amount: u64) {
        self.sum += amount;
        match self.entries.back_mut() {
            Some((last, sum)) if *last >= at => *sum += amount,
            _ => self.entries.push_back((at, amount)),
        }
    }

    /// Takes out again what came at `at`.
    pub fn remove(&mut self, at: i64, amount: u64) {
        let found = self.entries.iter().rposition(|(came, _)| *came <= at);
        if let Some((_, sum)) = found.and_then(|index| self.entries.get_mut(index)) {
            let taken = amount.min(*sum);
            *sum -= taken;
            self.sum -= taken;
        }
        self.entries.retain(|(_, amount)| *amount > 0);
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::Window;
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    const SPAN: i64 = 60_000;

    /// Lets in what fits.
    fn offer(window: &mut Window, now: i64, most: u64) -> bool {
        let fits = window.used(now, SPAN) < most;
        if fits {
            window.add(now, 1);
        }
        fits
    }

    #[test]
    fn any_minute_holds_as_many_as_are_let_in_and_no_more() {
        let mut dice = StdRng::seed_from_u64(7);
        for most in [1, 2, 7, 60] {
            let (mut window, mut now) = (Window::default(), 1_000_000);
            let mut admitted: Vec<i64> = Vec::new();
            for _ in 0..5_000 {
                now += if dice.random_bool(0.5) { 0 } else { dice.random_range(0..4_000) };
                let recent = admitted.iter().rev().take_while(|at| **at > now - SPAN).count();
                let recent = u64::try_from(recent).expect("few");
                assert_eq!(offer(&mut window, now, most), recent < most, "a call that fits is let in, another is not");
                if recent < most {
                    admitted.push(now);
                }
            }
            let starts = admitted.iter();
            let fullest = starts.map(|start| admitted.iter().filter(|at| (*start..start + SPAN).contains(at)).count());
            assert_eq!(fullest.max().and_then(|count| u64::try_from(count).ok()), Some(most));
        }
    }

    #[test]
    fn the_wait_is_true() {
        let mut dice = StdRng::seed_from_u64(8);
        let (mut window, mut now) = (Window::default(), 0);
        for _ in 0..2_000 {
            now += dice.random_range(0..9_000);
            if window.used(now, SPAN) < 10 {
                window.add(now, 1);
                continue;
            }
            let wait = window.wait(now, SPAN, 10, 1);
            assert!(wait > 0);
            assert_eq!(window.clone().used(now + wait - 1, SPAN), 10);
            assert!(window.clone().used(now + wait, SPAN) < 10);
            assert_eq!(window.clone().used(now + window.empties(now, SPAN), SPAN), 0);
        }
    }

    #[test]
    fn a_clock_set_back_lets_nobody_in_early() {
        let mut window = Window::default();
        window.add(100_000, 1);
        window.add(90_000, 1);
        assert_eq!(window.used(150_001, SPAN), 2);
        assert_eq!(window.used(160_000, SPAN), 0);
        assert!(window.is_empty());
    }
}
