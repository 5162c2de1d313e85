//! The upstream attempts of one open call. Each is there from its start, so that a call that ends early tells of it.

use crate::journal::record::AttemptRow;
use crate::journal::secrets::Secrets;
use crate::limit::permit::{Permit, Used};
use crate::wire::openai::Usage;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Attempts in the order of their start. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Tries {
    rows: Arc<Mutex<Vec<AttemptRow>>>,
    secrets: Arc<Mutex<Secrets>>,
}

/// An attempt under way. Dropped before its end, it is written down as given up.
#[derive(Debug)]
pub struct Try {
    tries: Tries,
    index: usize,
    sent: Instant,
    open: bool,
    /// What is held for it, where it falls under a budget.
    permit: Option<Box<Permit>>,
    /// What it was settled by, where its provider did not say.
    pub guess: Option<Usage>,
}

impl Tries {
    /// Starts an attempt now.
    pub fn start(&self, row: AttemptRow) -> Try {
        self.start_under(row, None)
    }

    /// The same of one that room is held for.
    pub fn start_under(&self, row: AttemptRow, permit: Option<Box<Permit>>) -> Try {
        let mut rows = self.rows();
        rows.push(row);
        Try { tries: self.clone(), index: rows.len() - 1, sent: Instant::now(), open: true, permit, guess: None }
    }

    /// Learns the credentials of an attempt.
    pub fn know(&self, secrets: &Secrets) {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner).join(secrets);
    }

    /// The credentials of all attempts.
    pub fn secrets(&self) -> Secrets {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says what came after the last attempt of `target`.
    pub fn then(&self, target: &str, word: &str) {
        if let Some(row) = self.rows().iter_mut().rev().find(|row| row.target == target) {
            word.clone_into(&mut row.then);
        }
    }

    /// Whether nothing was tried.
    pub fn is_empty(&self) -> bool {
        self.rows().is_empty()
    }

    pub(in crate::journal) fn take(&self) -> Vec<AttemptRow> {
        std::mem::take(&mut self.rows())
    }

    fn rows(&self) -> MutexGuard<'_, Vec<AttemptRow>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Try {
    /// Microseconds since it was sent.
    pub fn elapsed(&self) -> u64 {
        u64::try_from(self.sent.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Writes into its row. Does nothing once the call is filed.
    pub fn note(&self, write: impl FnOnce(&mut AttemptRow)) {
        if let Some(row) = self.tries.rows().get_mut(self.index) {
            write(row);
        }
    }

    /// What is held for it.
    pub fn permit(&self) -> Option<&Permit> {
        self.permit.as_deref()
    }

    /// Settles what is held for it, once.
    pub fn settle(&mut self, used: Used<'_>) {
        if matches!(used, Used::Untold) {
            self.note(|row| row.lost = true);
        }
        let Some(settled) = self.permit.as_mut().and_then(|permit| permit.settle(used)) else { return };
        if matches!(used, Used::Nothing) {
            return;
        }
        self.note(|row| {
            row.tokens_in = settled.tokens_in;
            row.tokens_out = settled.tokens_out;
            row.cost = settled.cost;
            row.lost |= settled.lost;
        });
    }

    /// Ends it now.
    pub fn end(&mut self, write: impl FnOnce(&mut AttemptRow)) {
        self.open = false;
        let latency = self.elapsed();
        self.note(|row| {
            row.latency_us = latency;
            write(row);
        });
    }
}

impl Drop for Try {
    fn drop(&mut self) {
        if self.open {
            self.end(|row| row.error = Some("Given up: nobody waited for it any more.".into()));
        }
        self.settle(Used::Unknown);
    }
}

/// Microseconds during which at least one attempt was under way or waited for its turn.
pub(in crate::journal) fn covered(rows: &[AttemptRow]) -> u64 {
    let mut spans = rows
        .iter()
        .map(|row| (row.started_us.saturating_sub(row.waited_us), row.started_us + row.latency_us))
        .collect::<Vec<_>>();
    spans.sort_unstable();
    let (mut covered, mut reached) = (0, 0);
    for (from, to) in spans {
        covered += to.saturating_sub(from.max(reached));
        reached = reached.max(to);
    }
    covered
}

#[cfg(test)]
mod tests {
    use super::{AttemptRow, Tries, covered};

    fn row(started_us: u64, latency_us: u64, waited_us: u64) -> AttemptRow {
        AttemptRow { started_us, latency_us, waited_us, ..AttemptRow::default() }
    }

    #[test]
    fn time_that_attempts_share_counts_once() {
        for (rows, expected) in [
            (vec![], 0),
            (vec![row(10, 5, 0)], 5),
            (vec![row(10, 5, 0), row(20, 5, 3)], 13),
            (vec![row(20, 5, 0), row(10, 12, 0)], 15),
            (vec![row(10, 20, 0), row(12, 3, 0)], 20),
        ] {
            assert_eq!(covered(&rows), expected, "{rows:?}");
        }
    }

    #[test]
    fn an_attempt_that_nobody_ends_says_so() {
        let tries = Tries::default();
        let first = tries.start(row(1, 0, 0));
        let mut second = tries.start(row(2, 0, 0));
        drop(first);
        second.end(|row| row.status = 200);
        drop(second);
        let rows = tries.take();
        assert!(rows[0].error.as_deref().is_some_and(|error| error.starts_with("Given up")));
        assert_eq!((rows[1].status, rows[1].error.as_deref()), (200, None));
    }
}
