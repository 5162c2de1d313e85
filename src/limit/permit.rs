//! Room in every budget that an attempt falls under: held before it is sent, settled by what it came to.

use super::rule::Unit;
use super::state::Held;
use super::ticket::Ticket;
use super::{Falls, Need};
use crate::journal::record::{Charge, ChargeKind};
use crate::journal::slots::Slot;
use crate::price::{Seller, Stock};
use crate::wire::openai::Usage;
use crate::wire::vendors::Vendor;
use app::model::money::Nanos;
use std::io;
use std::sync::Arc;

/// Held room. Dropped unsettled, the attempt was given up after it was sent, and counts at its worst.
#[derive(Debug)]
pub struct Permit {
    ticket: Ticket,
    held: Vec<(Held, Option<Slot>)>,
    worst: Usage,
    bill: Bill,
    open: bool,
}

/// What its cost is told by.
#[derive(Clone, Debug)]
pub struct Bill {
    pub vendor: &'static Vendor,
    /// What the workspace says of the provider's models.
    pub stock: Arc<Stock>,
    /// As it is called there.
    pub model: String,
    /// Id of the caller's key.
    pub key: String,
    /// Start of the call, milliseconds.
    pub at: i64,
}

impl Bill {
    pub fn seller(&self) -> Seller<'_> {
        Seller { vendor: self.vendor, stock: Some(&self.stock) }
    }
}

/// What an attempt came to.
#[derive(Clone, Copy, Debug)]
pub enum Used<'a> {
    /// It was not sent, or refused by the provider.
    Nothing,
    /// What was counted, and the model that served it.
    Counted(&'a Usage, Option<&'a str>),
    /// It was sent, and nobody knows what became of it: the worst counts.
    Unknown,
}

/// A settled attempt, for its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    pub tokens_in: u64,
    pub tokens_out: u64,
    /// `None`: unpriced.
    pub cost: Option<Nanos>,
}

impl Permit {
    pub(super) fn new(ticket: Ticket, held: Vec<Held>, need: &Need, bound: u64, bill: Bill) -> io::Result<Self> {
        let output = if need.counted { bound.saturating_mul(need.copies) } else { 0 };
        let input = if need.counted { need.prompt } else { 0 };
        let worst = Usage { input, output, ..Usage::default() };
        let mut permit =
            Self { ticket, held: held.into_iter().map(|held| (held, None)).collect(), worst, bill, open: true };
        match permit.write() {
            Ok(()) => Ok(permit),
            Err(error) => {
                tracing::error!(%error, "the open file cannot be written");
                permit.settle(Used::Nothing);
                Err(error)
            }
        }
    }

    /// Writes what is held into the open file. Nothing may be sent before.
    fn write(&mut self) -> io::Result<()> {
        for (held, slot) in &mut self.held {
            if held.amount > 0 {
                *slot = Some(self.ticket.hold(&self.ticket.held(&held.falls, held.start, held.amount))?);
            }
        }
        Ok(())
    }

    /// The tokens that its prompt was counted at.
    pub fn prompt(&self) -> u64 {
        self.worst.input
    }

    /// The tokens that its answers may have.
    pub fn bound(&self) -> u64 {
        self.worst.output
    }

    /// Puts what was used in the place of what was held. `None`: it was settled before.
    pub fn settle(&mut self, used: Used<'_>) -> Option<Settled> {
        if !std::mem::take(&mut self.open) {
            return None;
        }
        let (usage, cost) = match used {
            Used::Nothing => (Usage::default(), Some(Nanos::ZERO)),
            Used::Counted(usage, model) => (*usage, self.cost(usage, model)),
            Used::Unknown => (self.worst, self.cost(&self.worst, None)),
        };
        let ledger = self.ticket.ledger().clone();
        if let Used::Counted(usage, _) = used {
            ledger.state().learn(&self.bill.key, &self.bill.model, usage.output);
        }
        for (held, slot) in std::mem::take(&mut self.held) {
            let amount = match held.unit {
                Unit::Requests => 1,
                Unit::Tokens => i64::try_from(usage.input.saturating_add(usage.output)).unwrap_or(i64::MAX),
                Unit::Cost => cost.map_or(0, |cost| cost.0),
            };
            let unpriced = u64::from(held.unit == Unit::Cost && cost.is_none());
            self.put(&held, slot, amount, unpriced);
        }
        Some(Settled { tokens_in: usage.input, tokens_out: usage.output, cost })
    }

    /// The open file first: it never holds less than memory does.
    fn put(&self, held: &Held, slot: Option<Slot>, amount: i64, unpriced: u64) {
        let ledger = self.ticket.ledger();
        let slots = &ledger.inner.slots;
        let kept = match slot {
            Some(slot) if amount == 0 => {
                slots.erase(slot);
                None
            }
            Some(slot) => {
                slots.rewrite(slot, &self.ticket.held(&held.falls, held.start, amount));
                Some(slot)
            }
            None if amount > 0 => self.ticket.hold(&self.ticket.held(&held.falls, held.start, amount)).ok(),
            None => None,
        };
        let Falls { limit, group } = &held.falls;
        let charge = Charge {
            limit: limit.id.clone(),
            group: group.clone(),
            kind: ChargeKind::Spent,
            at: held.start,
            amount,
            unpriced,
        };
        if held.unit == Unit::Requests {
            self.ticket.count(&held.falls);
        }
        if amount != 0 || unpriced > 0 {
            self.ticket.owe(charge, kept);
        }
        ledger.settled(held, amount, unpriced);
    }

    fn cost(&self, usage: &Usage, served: Option<&str>) -> Option<Nanos> {
        let Bill { model, at, .. } = &self.bill;
        let prices = &self.ticket.ledger().inner.prices;
        let names = (Some(model.as_str()), served.unwrap_or(model));
        prices.sold(self.bill.seller(), names, usage, *at).map(|cost| cost.total)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.settle(Used::Unknown);
    }
}
