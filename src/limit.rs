//! Limits at work: what is spent of each budget, and what came of late under each rate limit.
//!
//! All of it stands in memory behind one lock that is held for lines, so that a call is let in under all of its limits or
//! under none, and two calls never share the same rest. What is held for a call that runs stands in the open file as well,
//! before anything is sent; what it came to is committed with its row. So neither a crash nor a restart forgets any of it.

pub mod account;
pub mod facts;
mod loose;
mod need;
pub mod period;
pub mod permit;
pub mod prompt;
pub mod rule;
pub mod rules;
mod stake;
mod state;
pub mod ticket;
pub mod window;

use crate::clock::Clock;
use crate::journal::slots::Slots;
use crate::limit::account::{Account, Due};
pub use crate::limit::need::Need;
use crate::limit::period::Period;
use crate::limit::permit::{Bill, Permit};
use crate::limit::prompt::Prompt;
use crate::limit::rule::{Limit, Per, What};
use crate::limit::state::{Held, State, Wish};
use crate::limit::ticket::Ticket;
use crate::price::Tariff;
use crate::store::limits::Remembered;
use crate::store::{Store, Stored};
use crate::tasks::Tasks;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// How often what lies before every window or period is thrown away.
const PRUNE: Duration = Duration::from_secs(3_600);
/// A week, the longest window, milliseconds.
const LONGEST: i64 = 604_800_000;

/// Where all counters stand. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Ledger {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    slots: Slots,
    prices: Arc<Tariff>,
    clock: Clock,
    changed: Notify,
}

/// A limit that a call falls under, and which of its counters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Falls {
    pub limit: Arc<Limit>,
    pub group: String,
}

/// What an attempt asks room for.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Without its prompt and its price, which follow from the prompt's tokens.
    pub need: Need,
    /// `None`: the call has none that could be counted.
    pub prompt: Option<Arc<Prompt>>,
    pub bill: Bill,
}

/// A counter of a budget as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub falls: Falls,
    pub account: Account,
    pub period: Period,
}

/// Why there is no permit.
#[derive(Clone, Debug)]
pub enum Refused {
    /// What is left does not cover it; how much that would be.
    Short(Box<Standing>, i64),
    /// The budget refuses calls without a price.
    Unpriced(Box<Standing>),
    /// The open file cannot be written.
    Unwritten,
}

/// A counter of a rate limit as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    pub falls: Falls,
    pub used: u64,
    pub most: u64,
    /// Milliseconds until nothing is left in the window.
    pub empties: i64,
    /// Milliseconds until another one fits; zero: it does now.
    pub wait: i64,
}

impl Ledger {
    /// Takes up what the journal remembers.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn open(store: &Store, slots: Slots, prices: Arc<Tariff>, clock: &Clock) -> Stored<Self> {
        let now = clock.now();
        let Remembered { spent, unsettled, uses } = store.remembered(now - LONGEST).await?;
        let mut state = State::default();
        spent.iter().for_each(|row| state.spent(row));
        unsettled.iter().for_each(|row| state.unsettled(row));
        uses.iter().for_each(|row| state.came(row));
        let inner = Inner { state: Mutex::new(state), slots, prices, clock: clock.clone(), changed: Notify::new() };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// A ticket for the call of this id.
    pub fn ticket(&self, call: &str) -> Ticket {
        Ticket::new(self.clone(), call)
    }

    /// Lets a call in under all of these rate limits, or under none of them. What it was let in under before counts once.
    /// Before anything is sent, [`Ticket::write`] or a permit writes it down.
    ///
    /// # Errors
    /// With the limit that it has to wait for the longest.
    pub fn admit(&self, ticket: &Ticket, rates: Vec<Falls>) -> Result<(), Pace> {
        let fresh = ticket.fresh(rates);
        if fresh.is_empty() {
            return Ok(());
        }
        let now = self.inner.clock.now();
        let mut state = self.state();
        let paces = fresh.iter().map(|falls| state.pace(falls, now)).collect::<Vec<_>>();
        if let Some(pace) = paces.iter().filter(|pace| pace.wait > 0).max_by_key(|pace| pace.wait) {
            return Err(pace.clone());
        }
        fresh.iter().for_each(|falls| state.enter(falls, now));
        drop(state);
        ticket.enter(paces, now);
        Ok(())
    }

    /// The first of these budgets that nothing can be left of before its reset.
    pub fn used_up(&self, budgets: &[Falls]) -> Option<Standing> {
        let now = self.inner.clock.now();
        let mut state = self.state();
        let standings = budgets.iter().filter_map(|falls| state.standing(falls, now));
        let over = |standing: &Standing| {
            standing.falls.limit.budget().is_some_and(|budget| standing.account.is_used_up(budget.credit))
        };
        standings.into_iter().find(over)
    }

    /// Holds what an attempt may take of all these budgets, or nothing. With it comes the bound that is to be sent, where
    /// the caller names none and a budget is exact.
    ///
    /// Where all of them have plenty left, its prompt is held by its length in bytes; where one falls short, those that
    /// are held so are counted before anything is refused or bounded.
    ///
    /// # Errors
    /// When a budget does not cover it.
    pub async fn reserve(
        &self,
        ticket: &Ticket,
        budgets: &[Falls],
        claim: &Arc<Claim>,
    ) -> Result<(Permit, Option<u64>), Refused> {
        let loosely = claim.prompt.as_ref().and_then(|prompt| prompt.at_most());
        if let Some(most) = loosely
            && let Some(held) = self.hold_loosely(ticket, budgets, claim, most)
        {
            return held;
        }
        let need = self.counted(claim).await;
        let now = self.inner.clock.now();
        let wish = Wish { budgets, need: &need, ticket, now };
        let (_room, mut state) = self.roomy(wish).await;
        let bound = state.bound(wish)?;
        let held = state.hold(wish, bound)?;
        drop(state);
        self.permit(ticket, budgets, claim, (need, held, bound))
    }

    /// What would be held of these budgets; nothing is.
    ///
    /// # Errors
    /// When a budget does not cover it.
    pub async fn foresee(&self, budgets: &[Falls], claim: &Claim) -> Result<Vec<(Falls, i64)>, Refused> {
        let (ticket, need) = (self.ticket(""), self.counted(claim).await);
        let wish = Wish { budgets, need: &need, ticket: &ticket, now: self.inner.clock.now() };
        let (_room, mut state) = self.roomy(wish).await;
        let bound = state.bound(wish)?;
        let held = state.hold(wish, bound)?;
        held.iter().for_each(|held| state.settle(held, Due::default()));
        Ok(held.into_iter().map(|held| (held.falls, held.amount)).collect())
    }

    async fn counted(&self, claim: &Claim) -> Need {
        match &claim.prompt {
            Some(prompt) => self.need(claim, prompt.counted().await),
            None => self.need(claim, 0),
        }
    }

    fn need(&self, claim: &Claim, prompt: u64) -> Need {
        let Bill { model, at, .. } = &claim.bill;
        let price = self.inner.prices.worst(claim.bill.seller(), model, prompt, *at);
        Need { prompt, price, ..claim.need }
    }

    fn permit(
        &self,
        ticket: &Ticket,
        budgets: &[Falls],
        claim: &Arc<Claim>,
        (need, held, bound): (Need, Vec<Held>, u64),
    ) -> Result<(Permit, Option<u64>), Refused> {
        let permit = Permit::new(ticket.clone(), held, Arc::clone(claim), bound).map_err(|_| Refused::Unwritten)?;
        let binds = budgets.iter().any(|falls| falls.limit.budget().is_some_and(|budget| need.is_bound_by(budget)));
        let sent = need.copies > 0 && need.given.is_none() && binds;
        Ok((permit, sent.then_some(bound)))
    }

    /// One counter of a budget.
    pub fn standing(&self, falls: &Falls) -> Option<Standing> {
        let now = self.inner.clock.now();
        self.state().standing(falls, now)
    }

    /// One counter of a rate limit.
    pub fn pace(&self, falls: &Falls) -> Pace {
        let now = self.inner.clock.now();
        self.state().pace(falls, now)
    }

    /// The counters of a limit: those of its groups that anything was counted in, and the one for all.
    pub fn standings(&self, limit: &Arc<Limit>) -> Vec<Standing> {
        let now = self.inner.clock.now();
        let mut state = self.state();
        let groups = state.groups(limit);
        let falls = groups.into_iter().map(|group| Falls { limit: Arc::clone(limit), group });
        falls.filter_map(|falls| state.standing(&falls, now)).collect()
    }

    /// The same of a rate limit.
    pub fn paces(&self, limit: &Arc<Limit>) -> Vec<Pace> {
        let now = self.inner.clock.now();
        let mut state = self.state();
        let groups = state.groups(limit);
        groups.into_iter().map(|group| state.pace(&Falls { limit: Arc::clone(limit), group }, now)).collect()
    }

    /// Gives back what is held for calls that nobody knows the end of.
    pub fn release(&self, limit: &str, group: &str) {
        self.state().release(limit, group);
        self.inner.changed.notify_one();
    }

    /// Tokens that a call of this key to this model is expected to be answered with.
    pub fn expected(&self, key: &str, model: &str) -> u64 {
        self.state().expected(key, model)
    }

    /// Resolves when something was settled since it was last asked: thresholds may have been crossed. For one who waits.
    pub async fn changed(&self) {
        self.inner.changed.notified().await;
    }

    /// The budgets' counters that something was settled in since this was last asked, by the budgets' ids. For one.
    pub fn touched(&self) -> HashMap<String, Vec<String>> {
        self.state().touched()
    }

    /// The counters of these groups of a budget.
    pub fn of_groups(&self, limit: &Arc<Limit>, groups: &[String]) -> Vec<Standing> {
        let now = self.inner.clock.now();
        let mut state = self.state();
        groups.iter().filter_map(|group| state.standing(&Falls::of(limit, group), now)).collect()
    }

    fn settled(&self, held: &Held, due: Due) {
        let mut state = self.state();
        state.settle(held, due);
        state.touch(held);
        drop(state);
        self.inner.changed.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pace {
    /// Whether it counts in a window, and not calls at one time.
    pub fn slides(&self) -> bool {
        self.falls.limit.rate().is_some_and(|rate| rate.per != Per::Concurrent)
    }

    pub fn what(&self) -> What {
        self.falls.limit.rate().map_or(What::Requests, |rate| rate.what)
    }

    pub fn left(&self) -> u64 {
        self.most.saturating_sub(self.used)
    }
}

/// Throws away, every hour, what no budget and no window asks for any more.
pub async fn prune(
    store: Store,
    ledger: Ledger,
    tasks: Tasks,
    budgets: impl Fn() -> Vec<Arc<Limit>> + Send + Sync + 'static,
) {
    loop {
        let now = ledger.inner.clock.now();
        if let Err(error) = store.prune_uses(now - LONGEST).await {
            tracing::warn!(%error, "what lies before every rate limit's window was not thrown away");
        }
        let budgets = budgets();
        ledger.state().forget(&budgets, now);
        let over = budgets.iter().filter_map(|limit| Some((limit.id.clone(), Period::over(limit, now)?)));
        if let Err(error) = store.prune_spent(&over.collect::<Vec<_>>()).await {
            tracing::warn!(%error, "what was spent in periods that are over was not thrown away");
        }
        if let Err(error) = store.prune_unsettled().await {
            tracing::warn!(%error, "what was unsettled in periods that are over was not thrown away");
        }
        tokio::select! {
            () = tasks.stopping() => return,
            () = tokio::time::sleep(PRUNE) => {}
        }
    }
}
