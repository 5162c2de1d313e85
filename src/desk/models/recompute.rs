//! Recomputing past costs from the console: days that are over, so that none of their calls is being counted any more.

use crate::book::stocks;
use crate::desk::{DAY, Refusals, Seat};
use crate::recompute::{self, Changes, Order, Prices};
use crate::settings::rules;
use app::backend::Answer;
use app::failure::Failure;
use app::model::recompute::{Recompute, RecomputeForm};
use jiff::Timestamp;
use std::collections::HashMap;

/// Days from the first to the last where nobody says.
const USUAL: i64 = 30;
/// Days at once, at most.
const MOST: i64 = 400;

/// Without any day nothing is looked at: the answer is the form filled in.
pub(super) async fn preview(seat: &Seat, form: &RecomputeForm) -> Answer<Recompute> {
    let days = days(form, seat.now())?;
    let looked = !(form.from.trim().is_empty() && form.to.trim().is_empty());
    let mut changes = Changes::default();
    if looked {
        let stocks = own(seat).await?;
        changes = recompute::preview(&seat.house.store, prices(seat, &stocks), order(seat, form, days)).await?;
    }
    Ok(Recompute { looked, ..told(seat, form, days, changes) })
}

pub(super) async fn apply(seat: &Seat, form: &RecomputeForm) -> Answer<Recompute> {
    let days = days(form, seat.now())?;
    let stocks = own(seat).await?;
    let order = order(seat, form, days);
    let changes = recompute::apply(&seat.house.store, prices(seat, &stocks), order, |_, _| {}).await?;
    Ok(Recompute { looked: true, ..told(seat, form, days, changes) })
}

fn told(seat: &Seat, form: &RecomputeForm, (from, to): (i64, i64), changes: Changes) -> Recompute {
    let form = RecomputeForm { from: date(from), to: date(to - DAY), by: form.by };
    Recompute { form, looked: false, lines: changes.lines, all: changes.all, editable: seat.leads() }
}

fn order<'a>(seat: &'a Seat, form: &RecomputeForm, days: (i64, i64)) -> Order<'a> {
    let person = &seat.person;
    let author = if person.id.is_empty() { &person.email } else { &person.id };
    Order { workspace: seat.workspace(), days, by: form.by, now: seat.now(), author }
}

fn prices<'a>(seat: &'a Seat, stocks: &'a HashMap<String, crate::price::Stock>) -> Prices<'a> {
    Prices { tariff: &seat.house.prices, stocks }
}

/// What the workspace says of its providers' models.
async fn own(seat: &Seat) -> Answer<HashMap<String, crate::price::Stock>> {
    let all = stocks(&seat.house.store).await?;
    let own = all.into_iter().filter(|((workspace, _), _)| workspace == seat.workspace());
    Ok(own.map(|((_, slug), stock)| (slug, stock)).collect())
}

/// By then the journal's writer holds nothing of a day in memory any more.
const SETTLES: i64 = 3_600_000;

/// Starts of the first day and of the day after the last.
fn days(form: &RecomputeForm, now: i64) -> Answer<(i64, i64)> {
    let settled = now - SETTLES;
    let today = settled - settled.rem_euclid(DAY);
    let mut refusals = Refusals::default();
    let mut one = |field: &str, text: &str| match text.trim() {
        "" => None,
        text => refusals.take(field, rules::day(text)),
    };
    let (from, to) = (one("from", &form.from), one("to", &form.to));
    refusals.done()?;
    let to = to.unwrap_or(today - DAY) + DAY;
    let from = from.unwrap_or(to - USUAL * DAY);
    if to > today {
        let text = "Calls of that day are still being counted. Choose a last day that is over for an hour, or stop the \
                    server and use `switchyard recompute`.";
        return Err(Failure::refused("to", text));
    }
    if from >= to || to - from > MOST * DAY {
        return Err(Failure::refused(
            "from",
            format!("Choose a first day before the last, at most {MOST} days of both."),
        ));
    }
    Ok((from, to))
}

/// `2026-11-24`.
fn date(day: i64) -> String {
    Timestamp::from_millisecond(day).map_or_else(|_| String::new(), |at| at.strftime("%Y-%m-%d").to_string())
}

#[cfg(test)]
mod tests {
    use super::{RecomputeForm, date, days};

    /// 2026-11-24, 12:00 UTC.
    const NOW: i64 = 1_795_521_600_000;

    #[test]
    fn a_day_is_over_when_nothing_of_it_is_held_in_memory() {
        let midnight = NOW - NOW.rem_euclid(super::DAY);
        for (minutes, last) in [(1, "2026-11-22"), (59, "2026-11-22"), (60, "2026-11-23")] {
            let now = midnight + minutes * 60_000;
            let (_, after) = days(&RecomputeForm::default(), now).expect("days");
            assert_eq!(date(after - super::DAY), last, "{minutes}");
        }
    }

    #[test]
    fn whole_days_that_are_over_are_understood() {
        for (from, to, told) in [
            ("", "", Ok(("2026-10-25", "2026-11-24"))),
            ("2026-11-01", "2026-11-02", Ok(("2026-11-01", "2026-11-03"))),
            ("2026-11-23", "", Ok(("2026-11-23", "2026-11-24"))),
            ("", "2026-11-24", Err("to")),
            ("2026-11-05", "2026-11-04", Err("from")),
            ("2020-01-01", "2026-11-04", Err("from")),
            ("soon", "", Err("from")),
            ("", "2026-13-01", Err("to")),
        ] {
            let form = RecomputeForm { from: from.into(), to: to.into(), ..RecomputeForm::default() };
            let found = days(&form, NOW).map(|(from, to)| (date(from), date(to)));
            match told {
                Ok((first, after)) => assert_eq!(found.ok(), Some((first.into(), after.into())), "{from} {to}"),
                Err(field) => assert!(found.is_err_and(|failure| failure.of(field).is_some()), "{from} {to}"),
            }
        }
    }
}
