//! Recomputing what past calls cost: an act of its own, asked first and done after. A new price never does it by itself.
//!
//! A call that no price is known for keeps the cost that it has. Budgets keep what was spent of them.

use crate::price::{CACHE_WRITES, Cost, Seller, Stock, Tariff};
use crate::secret;
use crate::store::recompute::{NewCost, PastAttempt, PastCall, Recomputed};
use crate::store::rollups::{DAY, HOUR};
use crate::store::{Store, Stored};
use crate::wire::openai::Usage;
use crate::wire::vendors::vendor;
use app::model::money::Nanos;
use app::model::recompute::{By, RecomputeLine, RecomputeSum};
use std::collections::{BTreeMap, HashMap};

/// Whole days of one workspace, and the prices that count.
#[derive(Clone, Copy)]
pub struct Order<'a> {
    pub workspace: &'a str,
    /// Start of the first day, and of the day after the last; milliseconds.
    pub days: (i64, i64),
    pub by: By,
    pub now: i64,
    /// Who asks: a person's id, or the name of what is no person.
    pub author: &'a str,
}

/// What prices are told by.
#[derive(Clone, Copy)]
pub struct Prices<'a> {
    pub tariff: &'a Tariff,
    /// By the provider's slug.
    pub stocks: &'a HashMap<String, Stock>,
}

/// What changes, by provider and model; what changes most comes first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    pub lines: Vec<RecomputeLine>,
    pub all: RecomputeSum,
}

/// What is added up: by provider and model.
type Sums = BTreeMap<(String, String), RecomputeSum>;

/// What would change. Nothing is written.
pub async fn preview(store: &Store, prices: Prices<'_>, order: Order<'_>) -> Stored<Changes> {
    let mut sums = Sums::new();
    let mut day = order.days.0;
    while day < order.days.1 {
        read_day(store, prices, order, day, &mut sums).await?;
        day += DAY;
    }
    Ok(told(sums))
}

/// Changes it, a day at a time, so that it may be stopped anywhere and done again. Every day must be over, or no server
/// may write meanwhile. `heard` hears of each day and how many of its calls changed.
pub async fn apply(store: &Store, prices: Prices<'_>, order: Order<'_>, heard: impl Fn(i64, u64)) -> Stored<Changes> {
    let mut sums = Sums::new();
    let mut day = order.days.0;
    while day < order.days.1 {
        let costs = read_day(store, prices, order, day, &mut sums).await?;
        if !costs.is_empty() {
            store.put_costs(order.workspace, (day, order.now), &costs).await?;
        }
        heard(day, u64::try_from(costs.len()).unwrap_or(u64::MAX));
        day += DAY;
    }
    let changes = told(sums);
    if changes.all.changed > 0 {
        store.note_recompute(&done(order, &changes.all)).await?;
    }
    Ok(changes)
}

/// What becomes of the calls of one day, added to `sums`; those that change.
async fn read_day(
    store: &Store,
    prices: Prices<'_>,
    order: Order<'_>,
    day: i64,
    sums: &mut Sums,
) -> Stored<Vec<NewCost>> {
    let mut changed = Vec::new();
    for hour in 0..24 {
        for call in store.past_calls(order.workspace, day + hour * HOUR).await? {
            let new = prices.anew(&call, order);
            let changes = new.cost != call.cost;
            let sum = RecomputeSum {
                calls: 1,
                changed: u64::from(changes),
                priced: u64::from(call.cost.is_none() && new.cost.is_some()),
                unpriced: u64::from(new.cost.is_none()),
                before: call.cost.unwrap_or_default(),
                after: new.cost.unwrap_or_default(),
            };
            sums.entry((call.provider, call.model)).or_default().add(&sum);
            if changes {
                changed.push(new);
            }
        }
    }
    Ok(changed)
}

fn told(sums: Sums) -> Changes {
    let mut changes = Changes::default();
    sums.values().for_each(|sum| changes.all.add(sum));
    let line = |((provider, model), sum)| RecomputeLine { provider, model, sum };
    changes.lines = sums.into_iter().map(line).collect();
    changes.lines.sort_by_key(|line| std::cmp::Reverse((line.sum.change().0.abs(), line.sum.changed)));
    changes
}

fn done<'a>(order: Order<'a>, all: &RecomputeSum) -> Recomputed<'a> {
    Recomputed {
        id: secret::id(order.now),
        workspace: order.workspace,
        at: order.now,
        author: order.author,
        days: order.days,
        by: order.by,
        calls: all.changed,
        before: all.before,
        after: all.after,
    }
}

impl<'a> Prices<'a> {
    /// What a call costs by these prices: its answer, and what other attempts of it used.
    fn anew(self, call: &PastCall, order: Order<'_>) -> NewCost {
        let at = if order.by == By::Today { order.now } else { call.at };
        let serving = call.attempts.iter().rposition(|attempt| attempt.answered && attempt.provider == call.provider);
        let others = call.attempts.iter().enumerate().filter(|(place, _)| Some(*place) != serving);
        let others = others.map(|(_, attempt)| (attempt, self.tried(attempt, at))).collect::<Vec<_>>();
        let answer = self.answered(call, serving.map(|place| &call.attempts[place]), &others, at);
        let rest = others.iter().filter_map(|(_, cost)| *cost).sum::<Nanos>();
        let any = others.iter().any(|(_, cost)| cost.is_some());
        let total = match &answer {
            Some(cost) => Some(Nanos(cost.total.0.saturating_add(rest.0))),
            None => any.then_some(rest),
        };
        let mut attempts = others.iter().map(|(attempt, cost)| (attempt.number, *cost)).collect::<Vec<_>>();
        if let Some(place) = serving {
            let known = call.attempts[place].cost;
            attempts.push((call.attempts[place].number, answer.as_ref().map(|cost| cost.total).or(known)));
        }
        match answer {
            Some(Cost { lines, .. }) => NewCost { call: call.id.clone(), cost: total, price: lines, attempts },
            // Nothing is known to put in its place.
            None if call.cost.is_some() => {
                NewCost { call: call.id.clone(), cost: call.cost, price: call.price.clone(), attempts: Vec::new() }
            }
            None => NewCost { call: call.id.clone(), cost: total, price: Vec::new(), attempts },
        }
    }

    /// The answer itself: what the call used without what its other attempts did.
    fn answered(
        self,
        call: &PastCall,
        serving: Option<&PastAttempt>,
        others: &[(&PastAttempt, Option<Nanos>)],
        at: i64,
    ) -> Option<Cost> {
        let used = |tokens: fn(&PastAttempt) -> u64| others.iter().map(|(attempt, _)| tokens(attempt)).sum::<u64>();
        let written = call.price.iter().find(|line| line.what == CACHE_WRITES).map_or(0, |line| line.count);
        let usage = Usage {
            input: call.tokens_in.saturating_sub(used(|attempt| attempt.tokens_in)),
            cached: call.tokens_cached,
            cache_write: written,
            output: call.tokens_out.saturating_sub(used(|attempt| attempt.tokens_out)),
            reasoning: call.tokens_reasoning,
        };
        let called = serving.map(|attempt| attempt.model.as_str());
        self.tariff.sold(self.seller(&call.provider, &call.vendor)?, (called, &call.model), &usage, at)
    }

    fn tried(self, attempt: &PastAttempt, at: i64) -> Option<Nanos> {
        let PastAttempt { provider, vendor, model, tokens_in, tokens_out, cost, .. } = attempt;
        let usage = Usage { input: *tokens_in, output: *tokens_out, ..Usage::default() };
        let seller = self.seller(provider, vendor)?;
        self.tariff.total(seller, (Some(model), model), &usage, at).or(*cost)
    }

    fn seller(self, slug: &str, name: &str) -> Option<Seller<'a>> {
        Some(Seller { vendor: vendor(name)?, stock: self.stocks.get(slug) })
    }
}
