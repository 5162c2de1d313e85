//! Looks at every budget after something was settled, and at the start: what a crash kept from being told is seen then.

use crate::alert::notice::Fill;
use crate::alert::{Alerts, Crossing};
use crate::book::Shelf;
use crate::limit::facts::BETWEEN;
use crate::limit::{Ledger, Standing};
use crate::tasks::Tasks;
use app::model::alert::Crossed;
use std::time::Duration;
use tokio::time::Instant;

/// How long settled calls gather before they are looked at.
const GATHER: Duration = Duration::from_millis(200);
/// How often all of them are looked at, since a budget may be given a lower limit.
const PAUSE: Duration = Duration::from_secs(5);
/// A budget that refuses a call is used up when no more than this part of it is left.
const REST: i64 = 5;

/// Looks until shutdown.
pub async fn keep(alerts: Alerts, shelf: Shelf, limits: Ledger, tasks: Tasks) {
    let mut all_by = Instant::now();
    loop {
        // Groups may be many, and few of them change at one time.
        let all = Instant::now() >= all_by;
        let touched = limits.touched();
        for limit in shelf.book().limits().budgets() {
            let standings = match touched.get(&limit.id) {
                _ if all => limits.standings(limit),
                Some(groups) => limits.of_groups(limit, groups),
                None => continue,
            };
            standings.iter().filter_map(|standing| fill(standing, false)).for_each(|fill| alerts.see(&fill));
        }
        if all {
            all_by = Instant::now() + PAUSE;
        }
        tokio::select! {
            () = tasks.stopping() => return,
            () = limits.changed() => {}
            () = tokio::time::sleep(PAUSE) => {}
        }
        tokio::select! {
            () = tasks.stopping() => return,
            () = tokio::time::sleep(GATHER) => {}
        }
    }
}

impl Alerts {
    /// A call was refused, since what is left does not cover the `needed`. What only runs may come back, and a call that is
    /// large beside its budget says nothing of it.
    pub fn short(&self, standing: &Standing, needed: i64) {
        let Some(budget) = standing.falls.limit.budget() else { return };
        let rest = budget.credit.saturating_sub(standing.account.spent).saturating_sub(standing.account.unsettled);
        if rest < needed
            && rest <= budget.credit / REST
            && let Some(fill) = fill(standing, true)
        {
            self.see(&fill);
        }
    }

    /// Whether people were told that this amount of a budget is crossed, in its period and at its present level.
    pub fn told(&self, standing: &Standing, crossed: Crossed) -> bool {
        let Standing { falls, period, .. } = standing;
        let Some(budget) = falls.limit.budget() else { return false };
        let level = match crossed {
            Crossed::Threshold => budget.alert,
            Crossed::Exhausted => Some(budget.credit),
        };
        level.is_some_and(|level| {
            self.knows(&Crossing {
                budget: falls.limit.id.clone(),
                part: part(&falls.group),
                period: period.start,
                crossed,
                level,
            })
        })
    }

    /// Whether a budget refuses calls: nothing is left of it before its reset, or what is did not cover one.
    pub fn is_exhausted(&self, standing: &Standing) -> bool {
        let Some(budget) = standing.falls.limit.budget() else { return false };
        let account = standing.account;
        account.is_used_up(budget.credit)
            || (account.left(budget.credit) <= budget.credit / REST && self.told(standing, Crossed::Exhausted))
    }
}

fn part(group: &str) -> String {
    group.replace(BETWEEN, " · ")
}

fn fill(standing: &Standing, ended: bool) -> Option<Fill> {
    let Standing { falls, account, period } = standing;
    let budget = falls.limit.budget()?;
    Some(Fill {
        workspace: falls.limit.workspace.clone(),
        budget: falls.limit.id.clone(),
        name: falls.limit.name.clone(),
        part: part(&falls.group),
        unit: budget.unit.word(),
        limit: budget.credit,
        threshold: budget.alert,
        spent: account.spent,
        ended: ended || account.is_used_up(budget.credit),
        period: period.start,
        resets_at: period.end,
    })
}
