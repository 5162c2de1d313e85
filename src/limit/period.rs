//! When a budget begins anew. Pure: the time is an argument.

use super::rule::{Budget, Limit, Reset};
use jiff::Timestamp;
use jiff::tz::TimeZone;

const DAY: i64 = 86_400_000;
/// 1970-01-05, the first Monday, 00:00 UTC.
const MONDAY: i64 = 4 * DAY;

/// A stretch of time in which a budget is spent once; milliseconds since 1970 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    pub start: i64,
    /// `None`: it never ends by itself.
    pub end: Option<i64>,
}

impl Period {
    /// The period that `now` lies in. What came before `since` does not count.
    pub fn of(budget: &Budget, since: i64, now: i64) -> Self {
        // A set date stands before the calendar until it is over.
        if let Some(next) = budget.next_reset.filter(|next| *next > since) {
            if now < next {
                return Self { start: since, end: Some(next) };
            }
            return Self::of(&Budget { next_reset: None, ..budget.clone() }, next, now);
        }
        let (start, end) = match budget.reset {
            Reset::Never => return Self { start: since, end: None },
            Reset::Weekly => steps(MONDAY, 7 * DAY, now),
            Reset::Monthly => month(now),
            Reset::Days(days) => steps(since.div_euclid(DAY) * DAY, i64::from(days.max(1)) * DAY, now),
        };
        Self { start: start.max(since), end: Some(end) }
    }

    /// What was counted of a budget in periods that began before this moment counts for none of its groups any more, and
    /// no call is open from then; `None`: all of it counts.
    pub fn over(limit: &Limit, now: i64) -> Option<i64> {
        let budget = limit.budget()?;
        let longest = match budget.reset {
            Reset::Never => return None,
            Reset::Weekly => 7 * DAY,
            Reset::Monthly => 31 * DAY,
            Reset::Days(days) => i64::from(days.max(1)) * DAY,
        };
        // Groups that were reset by hand count from days of their own.
        Some(Self::of(budget, limit.since, now).start.min(now - 2 * longest))
    }
}

fn steps(anchor: i64, step: i64, now: i64) -> (i64, i64) {
    let start = anchor + (now - anchor).div_euclid(step) * step;
    (start, start + step)
}

fn month(now: i64) -> (i64, i64) {
    let first = |date: jiff::civil::Date| {
        date.first_of_month().to_zoned_datetime(TimeZone::UTC).map(|zoned| zoned.timestamp().as_millisecond())
    };
    let date = TimeZone::UTC.to_datetime(Timestamp::from_millisecond(now).unwrap_or_default()).date();
    let next = date.last_of_month().tomorrow().unwrap_or(date);
    (first(date).unwrap_or(now), first(next).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::Period;
    use crate::limit::rule::{Budget, Mode, Reset, Unit, Unpriced};
    use jiff::Timestamp;

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().expect(text).as_millisecond()
    }

    fn budget(reset: Reset, next: Option<&str>) -> Budget {
        let (mode, unpriced) = (Mode::Exact, Unpriced::Count);
        Budget { unit: Unit::Cost, credit: 1, alert: None, reset, next_reset: next.map(at), mode, unpriced }
    }

    #[test]
    fn a_budget_begins_anew_at_stated_utc_times() {
        let set = "2026-11-10T15:30:00Z";
        for (reset, next, now, start, end) in [
            (Reset::Never, None, "2026-11-24T12:00:00Z", set, None),
            (Reset::Weekly, None, "2026-11-24T12:00:00Z", "2026-11-23T00:00:00Z", Some("2026-11-30T00:00:00Z")),
            (Reset::Weekly, None, "2026-11-23T00:00:00Z", "2026-11-23T00:00:00Z", Some("2026-11-30T00:00:00Z")),
            (Reset::Weekly, None, "2026-11-22T23:59:59Z", "2026-11-16T00:00:00Z", Some("2026-11-23T00:00:00Z")),
            (Reset::Weekly, None, "2026-11-10T16:00:00Z", set, Some("2026-11-16T00:00:00Z")),
            (Reset::Monthly, None, "2026-11-30T23:59:59Z", set, Some("2026-12-01T00:00:00Z")),
            (Reset::Monthly, None, "2026-12-31T01:00:00Z", "2026-12-01T00:00:00Z", Some("2027-01-01T00:00:00Z")),
            (Reset::Days(1), None, "2026-11-24T12:00:00Z", "2026-11-24T00:00:00Z", Some("2026-11-25T00:00:00Z")),
            (Reset::Days(10), None, "2026-11-24T12:00:00Z", "2026-11-20T00:00:00Z", Some("2026-11-30T00:00:00Z")),
            (Reset::Monthly, Some("2026-12-15T06:00:00Z"), "2026-12-02T00:00:00Z", set, Some("2026-12-15T06:00:00Z")),
            (
                Reset::Monthly,
                Some("2026-12-15T06:00:00Z"),
                "2026-12-20T00:00:00Z",
                "2026-12-15T06:00:00Z",
                Some("2027-01-01T00:00:00Z"),
            ),
            (Reset::Never, Some("2026-12-15T06:00:00Z"), "2027-05-01T00:00:00Z", "2026-12-15T06:00:00Z", None),
        ] {
            let found = Period::of(&budget(reset, next), at(set), at(now));
            assert_eq!(found, Period { start: at(start), end: end.map(at) }, "{reset:?} {next:?} {now}");
        }
    }
}
