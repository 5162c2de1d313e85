//! What an attempt holds of one budget, and where that stands in the open file.
//!
//! A call's places in the windows of rate limits are written down beside the first of these: both are to stand there before
//! anything is sent, and one write is cheaper than two.

use super::Falls;
use super::state::Held;
use super::ticket::Ticket;
use crate::journal::slots::{Hold, Slot};
use std::io;

#[derive(Debug)]
pub(super) struct Stake {
    pub(super) held: Held,
    pub(super) slot: Option<Slot>,
    /// What stands in the same slot.
    entries: Vec<Entry>,
}

/// A place in the window of a rate limit on requests.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) falls: Falls,
    /// Milliseconds.
    pub(super) at: i64,
}

impl Stake {
    pub(super) fn new(held: Held) -> Self {
        Self { held, slot: None, entries: Vec::new() }
    }

    /// Writes it down, if it holds anything, and `entries` with it, if they fit.
    pub(super) fn write(&mut self, ticket: &Ticket, entries: &mut Vec<Entry>) -> io::Result<()> {
        if self.held.amount <= 0 {
            return Ok(());
        }
        self.entries.append(entries);
        if !Hold::fit(&self.holds(ticket, self.held.amount)) {
            entries.append(&mut self.entries);
        }
        let written = ticket.slots().hold(&self.holds(ticket, self.held.amount));
        if written.is_err() {
            entries.append(&mut self.entries);
        }
        self.slot = Some(written?);
        Ok(())
    }

    /// What is to stand in the open file, where `amount` is held of the budget.
    pub(super) fn holds<'a>(&'a self, ticket: &'a Ticket, amount: i64) -> Vec<Hold<'a>> {
        let Held { falls, start, .. } = &self.held;
        let own = (amount > 0).then(|| hold(ticket, falls, (*start, amount), false));
        own.into_iter().chain(self.entries.iter().map(|entry| entry.hold(ticket))).collect()
    }

    /// Writes down what it came to. `None`: nothing of it stands in the file any more.
    pub(super) fn settle(&self, ticket: &Ticket, amount: i64) -> Option<Slot> {
        let (slots, holds) = (ticket.slots(), self.holds(ticket, amount));
        match self.slot {
            Some(slot) if holds.is_empty() => {
                slots.erase(slot);
                None
            }
            Some(slot) => {
                slots.rewrite(slot, &holds);
                Some(slot)
            }
            None if holds.is_empty() => None,
            None => slots.hold(&holds).ok(),
        }
    }
}

impl Entry {
    pub(super) fn hold<'a>(&'a self, ticket: &'a Ticket) -> Hold<'a> {
        hold(ticket, &self.falls, (self.at, 1), true)
    }
}

fn hold<'a>(ticket: &'a Ticket, falls: &'a Falls, (period, amount): (i64, i64), window: bool) -> Hold<'a> {
    let (call, limit, group) = (ticket.call().into(), falls.limit.id.as_str().into(), falls.group.as_str().into());
    Hold { call, limit, group, period, amount, window }
}
