//! How the limits of a call stand before it is made, for `POST /v1/explain`: nothing is counted and nothing held.

use super::{claim, early, late, spends, words};
use crate::gateway::outgoing::{Asking, Outgoing};
use crate::gateway::refusal::Refusal;
use crate::house::House;
use crate::limit::permit::Bill;
use crate::limit::{Falls, Pace, Refused, Standing};
use app::model::explain::LimitFacts;

/// Those that are asked before a target is chosen.
pub fn at_the_door(house: &House, call: Asking<'_>) -> Vec<LimitFacts> {
    if !call.inbound.book.limits().any(&call.inbound.caller.key.workspace) {
        return Vec::new();
    }
    match early(call) {
        Ok((rates, own)) => {
            let used_up = if spends(call) { house.limits.used_up(&own) } else { None };
            let used_up = used_up.map(|standing| budget(&standing, None, Some(words::used_up(&standing))));
            paces(house, &rates).chain(used_up).collect()
        }
        Err(refusal) => vec![lacking(refusal)],
    }
}

/// Those of one target, and what an attempt at it would hold of each budget.
pub async fn at_target(house: &House, call: Asking<'_>, out: &Outgoing, bill: Bill) -> Vec<LimitFacts> {
    if !call.inbound.book.limits().any(&call.inbound.caller.key.workspace) {
        return Vec::new();
    }
    let (rates, budgets) = match late(call, &out.target) {
        Ok(falls) => falls,
        Err(refusal) => return vec![lacking(refusal)],
    };
    let rates = rates.into_iter().filter(|falls| falls.limit.is_late()).collect::<Vec<_>>();
    let mut facts = paces(house, &rates).collect::<Vec<_>>();
    if budgets.is_empty() || !spends(call) {
        return facts;
    }
    let (claim, _) = claim(house, out, bill);
    let foreseen = house.limits.foresee(&budgets, &claim).await;
    for falls in &budgets {
        let Some(standing) = house.limits.standing(falls) else { continue };
        facts.push(match &foreseen {
            Ok(held) => {
                let amount = held.iter().find(|(held, _)| held == falls).map(|(_, amount)| *amount);
                budget(&standing, amount, None)
            }
            Err(refused) => budget(&standing, None, about(refused, falls).then(|| words::refused(refused))),
        });
    }
    facts
}

/// Whether it is this budget that refuses.
fn about(refused: &Refused, falls: &Falls) -> bool {
    match refused {
        Refused::Short(standing, _) | Refused::Unpriced(standing) => standing.falls == *falls,
        Refused::Unwritten => false,
    }
}

fn paces<'h>(house: &'h House, rates: &'h [Falls]) -> impl Iterator<Item = LimitFacts> + 'h {
    rates.iter().map(|falls| pace(&house.limits.pace(falls)))
}

fn pace(pace: &Pace) -> LimitFacts {
    let (limit, found) = words::paced(pace);
    LimitFacts { limit, found, refuses: (pace.wait > 0).then(|| words::full(pace).message) }
}

fn budget(standing: &Standing, amount: Option<i64>, refusal: Option<Refusal>) -> LimitFacts {
    let (limit, found) = words::stands(standing, amount);
    LimitFacts { limit, found, refuses: refusal.map(|refusal| refusal.message) }
}

fn lacking(refusal: Refusal) -> LimitFacts {
    let limit = refusal.param.unwrap_or_default();
    LimitFacts { limit, found: String::new(), refuses: Some(refusal.message) }
}
