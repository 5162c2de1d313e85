//! Room in every budget that an attempt falls under: held before it is sent, settled by what it came to.

use super::account::Due;
use super::loose::Loose;
use super::rule::Unit;
use super::stake::Stake;
use super::state::Held;
use super::ticket::Ticket;
use super::{Claim, Falls};
use crate::journal::record::{Charge, ChargeKind};
use crate::price::{Seller, Stock};
use crate::wire::openai::Usage;
use crate::wire::vendors::Vendor;
use app::model::money::Nanos;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Held room. Dropped unsettled, the attempt was given up: what it was held for stays held, if its request was sent.
#[derive(Debug)]
pub struct Permit {
    ticket: Ticket,
    stakes: Vec<Stake>,
    /// It holds by bytes, and the ledger has what it holds: under this number.
    lent: Option<u64>,
    claim: Arc<Claim>,
    /// The tokens that its answers may have.
    output: u64,
    sent: Sent,
    open: bool,
}

/// Whether a connection has taken an attempt's request, so that it may have been served. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Sent(Arc<AtomicBool>);

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
    /// It was served, and nobody says what it came to.
    Untold,
    /// What was counted, and nobody knows what came beyond it: the rest of what is held stays held, unsettled.
    AtLeast(&'a Usage, Option<&'a str>),
    /// It was lost sight of before it was answered: if it was sent, all of what is held stays held, unsettled.
    Unknown,
}

/// A settled attempt, for its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    pub tokens_in: u64,
    pub tokens_out: u64,
    /// `None`: unpriced, or not known.
    pub cost: Option<Nanos>,
    /// It may have come to more than this.
    pub lost: bool,
}

impl Sent {
    pub fn mark(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_marked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Permit {
    pub(super) fn new(ticket: Ticket, held: Vec<Held>, claim: Arc<Claim>, bound: u64) -> io::Result<Self> {
        let output = if claim.need.counted { bound.saturating_mul(claim.need.copies) } else { 0 };
        let stakes = held.into_iter().map(Stake::new).collect::<Vec<_>>();
        held_once(&ticket, &stakes);
        let mut permit = Self { ticket, stakes, lent: None, claim, output, sent: Sent::default(), open: true };
        match permit.write() {
            Ok(()) => Ok(permit),
            Err(error) => {
                permit.settle(Used::Nothing);
                Err(error)
            }
        }
    }

    /// Writes what is held into the open file. Nothing may be sent before.
    fn write(&mut self) -> io::Result<()> {
        let mut entries = self.ticket.take_entries();
        let written = self.stakes.iter_mut().try_for_each(|stake| stake.write(&self.ticket, &mut entries));
        self.ticket.write_entries(entries, written)
    }

    /// Leaves what is held to the ledger, which may count it and hold less.
    pub(super) fn lend(&mut self, bound: u64) {
        let (ticket, claim, stakes) = (self.ticket.clone(), Arc::clone(&self.claim), std::mem::take(&mut self.stakes));
        let loose = Loose { ticket, claim, bound, stakes, counted: false };
        self.lent = Some(self.ticket.ledger().state().lend(loose));
    }

    /// What is held; `counted`: no more than the attempt may come to.
    fn taken(&mut self, counted: bool) -> Vec<Stake> {
        let Some(serial) = self.lent.take() else { return std::mem::take(&mut self.stakes) };
        let ledger = self.ticket.ledger();
        if counted {
            ledger.count(serial, &self.claim);
        }
        ledger.state().give_back(serial)
    }

    /// Whether the size of such a call can be told.
    pub fn is_counted(&self) -> bool {
        self.claim.need.counted
    }

    /// Is to be marked once its request can be served.
    pub fn sent(&self) -> Sent {
        self.sent.clone()
    }

    /// The tokens that its prompt was counted at.
    pub fn prompt(&self) -> u64 {
        self.claim.prompt.as_ref().map_or(0, |prompt| prompt.exact())
    }

    /// The tokens that its answers may have.
    pub fn bound(&self) -> u64 {
        self.output
    }

    /// Puts what was used in the place of what was held. `None`: it was settled before.
    pub fn settle(&mut self, used: Used<'_>) -> Option<Settled> {
        if !std::mem::take(&mut self.open) {
            return None;
        }
        let (usage, cost, lost) = match used {
            Used::Nothing => (Usage::default(), Some(Nanos::ZERO), false),
            Used::Unknown if !self.sent.is_marked() => (Usage::default(), Some(Nanos::ZERO), false),
            Used::Unknown if self.is_counted() => (Usage::default(), self.cost(&Usage::default(), None), true),
            Used::Unknown => (Usage::default(), None, true),
            Used::Untold => (Usage::default(), None, false),
            Used::Counted(usage, model) => (*usage, self.cost(usage, model), false),
            Used::AtLeast(usage, model) => (*usage, self.cost(usage, model), true),
        };
        let ledger = self.ticket.ledger().clone();
        if let Used::Counted(usage, _) = used {
            ledger.state().learn(&self.claim.bill.key, &self.claim.bill.model, usage.output);
        }
        let untold = matches!(used, Used::Untold) || (lost && !self.is_counted());
        for stake in self.taken(lost) {
            let held = &stake.held;
            let spent = match held.unit {
                Unit::Requests => 1,
                Unit::Tokens => i64::try_from(usage.input.saturating_add(usage.output)).unwrap_or(i64::MAX),
                Unit::Cost => cost.map_or(0, |cost| cost.0),
            };
            let feared = if lost { held.amount.saturating_sub(spent).max(0) } else { 0 };
            let unpriced = u64::from(match held.unit {
                Unit::Requests => false,
                Unit::Tokens => untold,
                Unit::Cost => cost.is_none(),
            });
            self.put(&stake, Due { spent, feared, unpriced });
        }
        let cost = if lost && usage == Usage::default() { None } else { cost };
        Some(Settled { tokens_in: usage.input, tokens_out: usage.output, cost, lost })
    }

    /// The open file first: it never holds less than memory does.
    fn put(&self, stake: &Stake, due: Due) {
        let (ledger, held) = (self.ticket.ledger(), &stake.held);
        let kept = stake.settle(&self.ticket, due.spent.saturating_add(due.feared));
        let Falls { limit, group } = &held.falls;
        let charge = |kind, amount, unpriced| Charge {
            limit: limit.id.clone(),
            group: group.clone(),
            kind,
            at: held.start,
            amount,
            unpriced,
        };
        let spent = (due.spent != 0 || due.unpriced > 0).then(|| charge(ChargeKind::Spent, due.spent, due.unpriced));
        let feared = (due.feared > 0).then(|| charge(ChargeKind::Unsettled, due.feared, 0));
        self.ticket.owe(spent.into_iter().chain(feared).collect(), kept);
        ledger.settled(held, due);
    }

    fn cost(&self, usage: &Usage, served: Option<&str>) -> Option<Nanos> {
        let Bill { model, at, .. } = &self.claim.bill;
        let prices = &self.ticket.ledger().inner.prices;
        let names = (Some(model.as_str()), served.unwrap_or(model));
        prices.total(self.claim.bill.seller(), names, usage, *at)
    }
}

/// A call counts once among requests, however many attempts of it there are, at one time or after each other.
fn held_once(ticket: &Ticket, stakes: &[Stake]) {
    let requests = stakes.iter().filter(|stake| stake.held.unit == Unit::Requests);
    requests.for_each(|stake| ticket.count(&stake.held.falls));
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.settle(Used::Unknown);
    }
}
