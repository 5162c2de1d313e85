//! What one call is let in with: it holds its place among calls at one time, and gathers what is committed with its row.

use super::rule::{Per, What};
use super::stake::Entry;
use super::{Falls, Ledger, Pace};
use crate::journal::record::{Charge, ChargeKind};
use crate::journal::slots::{Slot, Slots};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A call under limits. Cheap to clone; when the last one is gone, the call has left.
#[derive(Clone, Debug)]
pub struct Ticket {
    stub: Arc<Stub>,
}

#[derive(Debug)]
struct Stub {
    ledger: Ledger,
    call: String,
    owed: Mutex<Owed>,
}

#[derive(Debug, Default)]
struct Owed {
    charges: Vec<Charge>,
    slots: Vec<Slot>,
    /// Places in windows that do not stand in the open file yet.
    entries: Vec<Entry>,
    /// What it was let in under, as it stood then.
    paces: Vec<Pace>,
    /// Held or counted among requests of these budgets.
    counted: Vec<Falls>,
    closed: bool,
}

impl Ticket {
    pub(super) fn new(ledger: Ledger, call: &str) -> Self {
        Self { stub: Arc::new(Stub { ledger, call: call.to_owned(), owed: Mutex::default() }) }
    }

    /// The tightest of its limits on requests or tokens, as it stands now.
    pub fn pace_now(&self, what: What) -> Option<Pace> {
        let ledger = &self.stub.ledger;
        let owed = self.owed();
        let fit = owed.paces.iter().filter(|pace| pace.slides() && pace.what() == what);
        fit.map(|pace| ledger.pace(&pace.falls)).min_by_key(Pace::left)
    }

    /// The call was refused before anything was sent: it does not count in the windows that let it in.
    pub fn withdraw(&self) {
        let mut owed = self.owed();
        let mut state = self.stub.ledger.state();
        let owed = &mut *owed;
        for pace in &owed.paces {
            if !(pace.slides() && pace.what() == What::Requests) {
                continue;
            }
            let Falls { limit, group } = &pace.falls;
            let of =
                |charge: &Charge| charge.kind == ChargeKind::Used && charge.limit == limit.id && charge.group == *group;
            owed.entries.retain(|entry| entry.falls != pace.falls);
            if let Some(index) = owed.charges.iter().position(of) {
                state.withdraw(&pace.falls, owed.charges.swap_remove(index).at);
            }
        }
    }

    /// The call has ended, having used so many tokens: what is to be written with its row, and what stands in the open file
    /// until it is.
    pub fn close(&self, tokens: u64) -> (Vec<Charge>, Vec<Slot>) {
        let now = self.stub.ledger.inner.clock.now();
        let mut owed = self.owed();
        if std::mem::replace(&mut owed.closed, true) {
            return (Vec::new(), Vec::new());
        }
        let (mut charges, slots) = (std::mem::take(&mut owed.charges), std::mem::take(&mut owed.slots));
        let mut state = self.stub.ledger.state();
        for pace in &owed.paces {
            let Some(rate) = pace.falls.limit.rate() else { continue };
            match (rate.per, rate.what) {
                (Per::Concurrent, _) => state.leave(&pace.falls),
                (_, What::Tokens) if tokens > 0 => {
                    state.count(&pace.falls, now, tokens);
                    charges.push(used(&pace.falls, now, tokens));
                }
                _ => {}
            }
        }
        (charges, slots)
    }

    pub(super) fn ledger(&self) -> &Ledger {
        &self.stub.ledger
    }

    /// Those that it was not let in under before.
    pub(super) fn fresh(&self, rates: Vec<Falls>) -> Vec<Falls> {
        let owed = self.owed();
        let known = |falls: &Falls| owed.paces.iter().any(|pace| pace.falls == *falls);
        let limits = |falls: &Falls| falls.limit.rate().is_some_and(|rate| rate.value > 0);
        rates.into_iter().filter(|falls| limits(falls) && !known(falls)).collect()
    }

    /// Whether it counts among the requests of this budget already.
    pub(super) fn has(&self, falls: &Falls) -> bool {
        self.owed().counted.contains(falls)
    }

    /// Notes what it was let in under.
    pub(super) fn enter(&self, paces: Vec<Pace>, now: i64) {
        let mut owed = self.owed();
        for pace in &paces {
            if pace.slides() && pace.what() == What::Requests {
                owed.charges.push(used(&pace.falls, now, 1));
                owed.entries.push(Entry { falls: pace.falls.clone(), at: now });
            }
        }
        owed.paces.extend(paces);
    }

    /// Writes its places in windows into the open file. Nothing may be sent before; a permit writes them with its own.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self) -> io::Result<()> {
        self.write_entries(self.take_entries(), Ok(()))
    }

    pub(super) fn take_entries(&self) -> Vec<Entry> {
        std::mem::take(&mut self.owed().entries)
    }

    /// Unless something could not be written before. What is not written now is left for the next attempt.
    pub(super) fn write_entries(&self, entries: Vec<Entry>, mut written: io::Result<()>) -> io::Result<()> {
        for entry in entries {
            let slot = written.and_then(|()| self.slots().hold(&[entry.hold(self)]));
            match &slot {
                Ok(slot) => self.owed().slots.push(*slot),
                Err(_) => self.owed().entries.push(entry),
            }
            written = slot.map(drop);
        }
        written.inspect_err(|error| tracing::error!(%error, "the open file cannot be written"))
    }

    pub(super) fn call(&self) -> &str {
        &self.stub.call
    }

    pub(super) fn slots(&self) -> &Slots {
        &self.stub.ledger.inner.slots
    }

    pub(super) fn count(&self, falls: &Falls) {
        self.owed().counted.push(falls.clone());
    }

    /// Writes down what is owed; its place in the open file stays until the row is committed.
    pub(super) fn owe(&self, charges: Vec<Charge>, slot: Option<Slot>) {
        if charges.is_empty() && slot.is_none() {
            return;
        }
        let mut owed = self.owed();
        if owed.closed {
            // What it holds in memory is settled all the same; its row goes without.
            tracing::error!(call = self.stub.call, "an attempt was settled after its call was filed");
            return;
        }
        owed.charges.extend(charges);
        owed.slots.extend(slot);
    }

    fn owed(&self) -> MutexGuard<'_, Owed> {
        self.stub.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        let owed = self.owed.get_mut().unwrap_or_else(PoisonError::into_inner);
        if owed.closed {
            return;
        }
        let running = owed.paces.iter().filter(|pace| !pace.slides());
        let mut state = self.ledger.state();
        running.for_each(|pace| state.leave(&pace.falls));
    }
}

fn used(falls: &Falls, at: i64, amount: u64) -> Charge {
    Charge {
        limit: falls.limit.id.clone(),
        group: falls.group.clone(),
        kind: ChargeKind::Used,
        at,
        amount: i64::try_from(amount).unwrap_or(i64::MAX),
        unpriced: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::rule::{Limit, Per, Rate, Rule, What};
    use super::{Falls, Ledger, Slots};
    use crate::clock::Clock;
    use crate::store::Store;
    use std::sync::Arc;

    fn rate() -> Limit {
        Limit::by(Rule::Rate(Rate { what: What::Requests, per: Per::Minute, value: 9 }))
    }

    #[tokio::test]
    async fn what_cannot_be_written_is_left_for_the_next_attempt() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path(), false).await.expect("a store");
        let slots = Slots::read_only(&folder.path().join("open.slots"));
        let clock = Clock::frozen(7);
        let ledger = Ledger::open(&store, slots, Arc::default(), &clock);
        let ledger = ledger.await.expect("a ledger");
        let ticket = ledger.ticket("c");
        let limits = [rate(), Limit { id: "m".into(), ..rate() }].map(|limit| Falls::of(&Arc::new(limit), ""));
        ledger.admit(&ticket, limits.to_vec()).expect("room");
        for _ in 0..2 {
            ticket.write().expect_err("a file that can only be read");
            let left = ticket.owed().entries.iter().map(|entry| entry.falls.clone()).collect::<Vec<_>>();
            assert_eq!(left, limits);
        }
    }
}
