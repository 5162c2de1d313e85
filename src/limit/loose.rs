//! Held by a prompt's bytes, as long as every budget has plenty left.
//!
//! Such a call holds more than it may come to, and no other one is to suffer from that: before a budget refuses
//! anything, or bounds an open answer by what is left, what is held of it so is counted, and the difference is free again.
//! Meanwhile nothing more is held of it so, so that counting once is enough. What a killed process held so stays
//! unsettled by its bytes: the prompt that could be counted is gone.

use super::permit::Permit;
use super::stake::Stake;
use super::state::{State, Wish};
use super::ticket::Ticket;
use super::{Claim, Falls, Ledger, Refused};
use std::sync::{Arc, MutexGuard};

/// One attempt that holds by bytes.
#[derive(Debug)]
pub(super) struct Loose {
    pub(super) ticket: Ticket,
    pub(super) claim: Arc<Claim>,
    pub(super) bound: u64,
    pub(super) stakes: Vec<Stake>,
    pub(super) counted: bool,
}

impl Ledger {
    /// Holds room for a prompt of `most` tokens, which are more than it has. `None`: a budget has too little left for that.
    pub(super) fn hold_loosely(
        &self,
        ticket: &Ticket,
        budgets: &[Falls],
        claim: &Arc<Claim>,
        most: u64,
    ) -> Option<Result<(Permit, Option<u64>), Refused>> {
        let need = self.need(claim, most);
        let wish = Wish { budgets, need: &need, ticket, now: self.inner.clock.now() };
        let mut state = self.state();
        let bound = state.plenty(wish)?;
        let held = state.hold(wish, bound).ok()?;
        drop(state);
        let permit = self.permit(ticket, budgets, claim, (need, held, bound));
        Some(permit.map(|(mut permit, sent)| {
            permit.lend(bound);
            (permit, sent)
        }))
    }

    /// The counters, at a moment when what is held of these budgets by bytes takes nothing from the attempt.
    pub(super) async fn roomy<'a>(&'a self, wish: Wish<'a>) -> (Option<Counting<'a>>, MutexGuard<'a, State>) {
        let mut counting = None;
        loop {
            {
                let mut state = self.state();
                if counting.is_some() || state.loose_before(wish).is_empty() {
                    return (counting, state);
                }
            }
            counting = Some(self.make_room(wish).await);
        }
    }

    /// Counts what is held of these budgets by bytes. Until the attempt has its room, what comes back is to be kept.
    async fn make_room<'a>(&'a self, wish: Wish<'a>) -> Counting<'a> {
        let counting = Counting::of(self, wish.budgets);
        let loose = self.state().loose_before(wish);
        let ledger = self.clone();
        // Each is short; together they may be many.
        let counted = tokio::task::spawn_blocking(move || {
            loose.into_iter().for_each(|(serial, claim)| ledger.count(serial, &claim));
        });
        if let Err(error) = counted.await {
            tracing::error!(%error, "prompts could not be counted; they stay held by their bytes");
        }
        counting
    }

    /// Counts one of them.
    pub(super) fn count(&self, serial: u64, claim: &Claim) {
        let exact = claim.prompt.as_ref().map_or(0, |prompt| prompt.exact());
        let need = self.need(claim, exact);
        let mut state = self.state();
        for (holds, slot) in state.tighten(serial, &need) {
            self.inner.slots.rewrite(slot, &holds);
        }
    }
}

/// As long as it lives, nothing is held of these budgets by bytes.
pub(super) struct Counting<'a> {
    ledger: &'a Ledger,
    budgets: &'a [Falls],
}

impl<'a> Counting<'a> {
    fn of(ledger: &'a Ledger, budgets: &'a [Falls]) -> Self {
        ledger.state().counting(budgets, true);
        Self { ledger, budgets }
    }
}

impl Drop for Counting<'_> {
    fn drop(&mut self) {
        self.ledger.state().counting(self.budgets, false);
    }
}
