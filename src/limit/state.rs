//! All counters, as they stand in memory. What asks for several at once does so under one lock.

use super::account::{Account, Due};
use super::loose::Loose;
use super::period::Period;
use super::rule::{Budget, Limit, Mode, Per, Unit, Unpriced, What};
use super::stake::Stake;
use super::ticket::Ticket;
use super::window::Window;
use super::{Claim, Falls, Need, Pace, Refused, Standing};
use crate::journal::slots::{Hold, Slot};
use crate::store::limits::{Came, SpentRow};
use hashbrown::Equivalent;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// The least that an open answer is bounded to, tokens.
const LEAST: u64 = 256;
/// A budget has plenty left where it covers this many such attempts.
const PLENTY: i64 = 64;
/// What an answer is expected to have where nothing is known, tokens.
const USUAL: u64 = 512;
/// Kept of past answers. Callers choose model names, so there must be an end.
const MOST_PAST: usize = 4_096;
/// Counters that stand idle are thrown away when there are more.
const MOST_IDLE: usize = 10_000;

/// Id of a limit, and the name of its counter.
type Place = (String, String);

/// By place; asked with a [`Spot`], which takes no memory.
type Counters<T> = hashbrown::HashMap<Place, T>;

/// A place that is looked for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Spot<'a>(&'a str, &'a str);

impl Equivalent<Place> for Spot<'_> {
    fn equivalent(&self, place: &Place) -> bool {
        *self == Spot(&place.0, &place.1)
    }
}

impl From<&Spot<'_>> for Place {
    fn from(Spot(limit, group): &Spot<'_>) -> Self {
        ((*limit).to_owned(), (*group).to_owned())
    }
}

#[derive(Debug, Default)]
pub(super) struct State {
    accounts: Counters<Account>,
    windows: Counters<Window>,
    /// How many of them were not idle when it was looked last.
    busy: usize,
    running: Counters<u64>,
    /// Tokens of answers, by key and model, the late ones weighing more; in eighths.
    past: Counters<u64>,
    /// What is held by bytes, by its number.
    loose: HashMap<u64, Loose>,
    /// The last of these numbers.
    lent: u64,
    /// How many wait until what is held of a budget by bytes is counted.
    counting: Counters<u64>,
    /// Settled since somebody looked.
    touched: Counters<()>,
}

/// What an attempt asks for.
#[derive(Clone, Copy)]
pub(super) struct Wish<'a> {
    pub(super) budgets: &'a [Falls],
    pub(super) need: &'a Need,
    pub(super) ticket: &'a Ticket,
    /// Milliseconds.
    pub(super) now: i64,
}

/// What is held of one budget for one attempt.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) falls: Falls,
    pub(super) unit: Unit,
    /// Start of the period that it is held in.
    pub(super) start: i64,
    pub(super) amount: i64,
}

impl State {
    pub(super) fn spent(&mut self, row: &SpentRow) {
        let account = self.accounts.entry_ref(&Spot(&row.limit, &row.group)).or_default();
        account.roll(row.period);
        if account.start == row.period {
            account.spent = row.amount;
            account.unpriced = row.unpriced;
        }
    }

    pub(super) fn unsettled(&mut self, row: &SpentRow) {
        let account = self.accounts.entry_ref(&Spot(&row.limit, &row.group)).or_default();
        account.roll(row.period);
        if account.start == row.period {
            account.unsettled = account.unsettled.saturating_add(row.amount);
        }
    }

    pub(super) fn came(&mut self, row: &Came) {
        self.windows.entry_ref(&Spot(&row.limit, &row.group)).or_default().add(row.at, row.amount);
    }

    /// Groups of a limit that something was counted in; all calls are one group where it has none.
    pub(super) fn groups(&self, limit: &Limit) -> BTreeSet<String> {
        let places = self.accounts.keys().chain(self.windows.keys()).chain(self.running.keys());
        let mut groups: BTreeSet<String> =
            places.filter(|(id, _)| *id == limit.id).map(|(_, group)| group.clone()).collect();
        if limit.group_by.is_empty() {
            groups.insert(String::new());
        }
        groups
    }

    pub(super) fn release(&mut self, limit: &str, group: &str) {
        if let Some(account) = self.accounts.get_mut(&Spot(limit, group)) {
            account.unsettled = 0;
        }
    }

    /// A budget's counter, in the period that is.
    pub(super) fn standing(&mut self, falls: &Falls, now: i64) -> Option<Standing> {
        let budget = falls.limit.budget()?;
        let (account, period) = self.account(falls, budget, now);
        Some(Standing { falls: falls.clone(), account: *account, period })
    }

    fn account(&mut self, falls: &Falls, budget: &Budget, now: i64) -> (&mut Account, Period) {
        let period = Period::of(budget, falls.limit.since(&falls.group), now);
        let account = self.accounts.entry_ref(&place(falls)).or_default();
        account.roll(period.start);
        (account, period)
    }

    /// A rate limit's counter, and how long a call would have to wait.
    pub(super) fn pace(&mut self, falls: &Falls, now: i64) -> Pace {
        let pace = Pace { falls: falls.clone(), used: 0, most: 0, empties: 0, wait: 0 };
        let Some(rate) = falls.limit.rate() else { return pace };
        let Some(span) = rate.per.span() else {
            let used = self.running.get(&place(falls)).copied().unwrap_or_default();
            // When one ends is not known: a second is as good as any.
            let wait = if used < rate.value { 0 } else { 1_000 };
            return Pace { used, most: rate.value, wait, ..pace };
        };
        let Some(window) = self.windows.get_mut(&place(falls)) else { return Pace { most: rate.value, ..pace } };
        let used = window.used(now, span);
        let wait = window.wait(now, span, rate.value, 1);
        Pace { used, most: rate.value, empties: window.empties(now, span), wait, ..pace }
    }

    /// Counts a call that was let in.
    pub(super) fn enter(&mut self, falls: &Falls, now: i64) {
        let Some(rate) = falls.limit.rate() else { return };
        match (rate.per, rate.what) {
            (Per::Concurrent, _) => *self.running.entry_ref(&place(falls)).or_default() += 1,
            (_, What::Requests) => self.count(falls, now, 1),
            (_, What::Tokens) => {}
        }
    }

    pub(super) fn count(&mut self, falls: &Falls, at: i64, amount: u64) {
        // To go through all of them is worth it when as many have come as stayed the last time.
        if self.windows.len() > MOST_IDLE.max(2 * self.busy) {
            self.windows.retain(|_, window| {
                window.used(at, super::LONGEST);
                !window.is_empty()
            });
            self.busy = self.windows.len();
        }
        self.windows.entry_ref(&place(falls)).or_default().add(at, amount);
    }

    /// Takes a call out of the window again that it was let in at `at`.
    pub(super) fn withdraw(&mut self, falls: &Falls, at: i64) {
        if let Some(window) = self.windows.get_mut(&place(falls)) {
            window.remove(at, 1);
        }
    }

    pub(super) fn leave(&mut self, falls: &Falls) {
        let place = place(falls);
        if let Some(running) = self.running.get_mut(&place) {
            *running = running.saturating_sub(1);
            if *running == 0 {
                self.running.remove(&place);
            }
        }
    }

    /// The tokens that one answer may have, so that every exact budget covers it.
    pub(super) fn bound(&mut self, wish: Wish<'_>) -> Result<u64, Refused> {
        let Wish { budgets, need, ticket, now } = wish;
        let mut bound = need.given.unwrap_or(need.most);
        let least = need.given.unwrap_or_else(|| LEAST.min(need.most));
        for falls in budgets {
            let Some(budget) = falls.limit.budget() else { continue };
            if budget.unit == Unit::Requests && ticket.has(falls) {
                continue;
            }
            let (account, period) = self.account(falls, budget, now);
            let standing = || Box::new(Standing { falls: falls.clone(), account: *account, period });
            if budget.unpriced == Unpriced::Refuse && !need.is_told(budget.unit) {
                return Err(Refused::Unpriced(standing()));
            }
            let left = account.left(budget.credit);
            if left <= 0 {
                return Err(Refused::Short(standing(), need.amount(budget.unit, least)));
            }
            if !need.is_bound_by(budget) {
                continue;
            }
            match need.room(budget.unit, left) {
                Some(room) if need.copies == 0 || room / need.copies >= least => {
                    bound = bound.min(room / need.copies.max(1));
                }
                _ => return Err(Refused::Short(standing(), need.amount(budget.unit, least))),
            }
        }
        Ok(bound)
    }

    /// Holds what the attempt may come to of each budget. A call counts once among requests.
    pub(super) fn hold(&mut self, wish: Wish<'_>, bound: u64) -> Result<Vec<Held>, Refused> {
        let Wish { budgets, need, ticket, now } = wish;
        let mut all = Vec::with_capacity(budgets.len());
        for falls in budgets {
            let Some(budget) = falls.limit.budget() else { continue };
            let unit = budget.unit;
            if unit == Unit::Requests && ticket.has(falls) {
                continue;
            }
            let amount = need.held(budget, bound);
            let (account, period) = self.account(falls, budget, now);
            if budget.mode == Mode::Estimate && amount > account.left(budget.credit) {
                let standing = Standing { falls: falls.clone(), account: *account, period };
                all.iter().for_each(|held| self.settle(held, Due::default()));
                return Err(Refused::Short(Box::new(standing), amount));
            }
            account.reserve(amount);
            all.push(Held { falls: falls.clone(), unit, start: account.start, amount });
        }
        Ok(all)
    }

    /// The tokens that one answer may have, where each of these budgets covers many such attempts, none refuses them, and
    /// none is being counted.
    pub(super) fn plenty(&mut self, wish: Wish<'_>) -> Option<u64> {
        let Wish { budgets, need, .. } = wish;
        let refuses = |budget: &Budget| budget.unpriced == Unpriced::Refuse && !need.is_told(budget.unit);
        let barred =
            |falls: &Falls| self.counting.contains_key(&place(falls)) || falls.limit.budget().is_some_and(refuses);
        let barred = budgets.iter().any(barred);
        (!barred && self.covers(wish, PLENTY)).then(|| need.given.unwrap_or(need.most))
    }

    /// Whether each of these budgets covers so many such attempts, as long as they ask for.
    fn covers(&mut self, wish: Wish<'_>, times: i64) -> bool {
        let Wish { budgets, need, now, .. } = wish;
        budgets.iter().all(|falls| {
            let Some(budget) = falls.limit.budget() else { return true };
            let amount = need.held(budget, need.given.unwrap_or(need.most)).max(1);
            self.account(falls, budget, now).0.left(budget.credit) >= amount.saturating_mul(times)
        })
    }

    /// Begins or ends a wait until these are counted.
    pub(super) fn counting(&mut self, budgets: &[Falls], begins: bool) {
        for falls in budgets {
            let waiting = self.counting.entry_ref(&place(falls)).or_default();
            *waiting = if begins { *waiting + 1 } else { waiting.saturating_sub(1) };
        }
        self.counting.retain(|_, waiting| *waiting > 0);
    }

    pub(super) fn lend(&mut self, loose: Loose) -> u64 {
        self.lent += 1;
        self.loose.insert(self.lent, loose);
        self.lent
    }

    pub(super) fn give_back(&mut self, serial: u64) -> Vec<Stake> {
        self.loose.remove(&serial).map(|loose| loose.stakes).unwrap_or_default()
    }

    /// Those that hold any of these budgets by bytes, where that may be why the attempt gets less than it asks for.
    pub(super) fn loose_before(&mut self, wish: Wish<'_>) -> Vec<(u64, Arc<Claim>)> {
        if self.loose.is_empty() || self.covers(wish, 1) {
            return Vec::new();
        }
        let asked = |held: &Held| wish.budgets.iter().any(|falls| place(falls) == place(&held.falls));
        // A call is one request, however long.
        let of =
            |loose: &Loose| loose.stakes.iter().any(|stake| stake.held.unit != Unit::Requests && asked(&stake.held));
        let open = self.loose.iter().filter(|(_, loose)| !loose.counted && of(loose));
        open.map(|(serial, loose)| (*serial, Arc::clone(&loose.claim))).collect()
    }

    /// Holds what the counted prompt may come to in the place of what its bytes may. What is to stand in the open file.
    pub(super) fn tighten(&mut self, serial: u64, need: &Need) -> Vec<(Vec<Hold<'_>>, Slot)> {
        let Some(loose) = self.loose.get_mut(&serial) else { return Vec::new() };
        loose.counted = true;
        for Stake { held, .. } in &mut loose.stakes {
            let Some(budget) = held.falls.limit.budget() else { continue };
            let amount = need.held(budget, loose.bound).min(held.amount);
            if let Some(account) = self.accounts.get_mut(&place(&held.falls)) {
                account.settle(held.start, held.amount - amount, Due::default());
            }
            held.amount = amount;
        }
        let (ticket, stakes) = (&loose.ticket, loose.stakes.iter());
        let written = stakes.filter_map(|stake| Some((stake.holds(ticket, stake.held.amount), stake.slot?)));
        written.collect()
    }

    /// Gives those that were settled since it was last asked, by limit.
    pub(super) fn touched(&mut self) -> HashMap<String, Vec<String>> {
        let mut all = HashMap::<_, Vec<_>>::new();
        for ((limit, group), ()) in self.touched.drain() {
            all.entry(limit).or_default().push(group);
        }
        all
    }

    /// Throws away the counters of groups in which nothing was counted since their period began.
    pub(super) fn forget(&mut self, budgets: &[Arc<Limit>], now: i64) {
        let of = budgets.iter().filter_map(|limit| Some((limit.id.as_str(), (limit, limit.budget()?))));
        let of = of.collect::<HashMap<_, _>>();
        self.accounts.retain(|(id, group), account| {
            let Some((limit, budget)) = of.get(id.as_str()) else { return true };
            account.reserved > 0 || account.start >= Period::of(budget, limit.since(group), now).start
        });
    }

    pub(super) fn touch(&mut self, held: &Held) {
        self.touched.entry_ref(&place(&held.falls)).or_default();
    }

    pub(super) fn settle(&mut self, held: &Held, due: Due) {
        if let Some(account) = self.accounts.get_mut(&place(&held.falls)) {
            account.settle(held.start, held.amount, due);
        }
    }

    pub(super) fn expected(&self, key: &str, model: &str) -> u64 {
        self.past.get(&Spot(key, model)).map_or(USUAL, |eighths| eighths.div_ceil(8))
    }

    pub(super) fn learn(&mut self, key: &str, model: &str, tokens: u64) {
        if self.past.len() >= MOST_PAST {
            self.past.clear();
        }
        let tokens = tokens.min(u32::MAX.into());
        let past = self.past.entry_ref(&Spot(key, model)).or_insert(tokens * 8);
        *past += tokens;
        *past -= *past / 9;
    }
}

fn place(falls: &Falls) -> Spot<'_> {
    Spot(&falls.limit.id, &falls.group)
}

impl Falls {
    pub fn of(limit: &Arc<Limit>, group: &str) -> Self {
        Self { limit: Arc::clone(limit), group: group.to_owned() }
    }
}

#[cfg(test)]
mod tests;
