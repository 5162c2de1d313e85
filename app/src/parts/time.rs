//! Moments, as people read them.

use leptos::prelude::*;
use leptos::web_sys::js_sys::Date;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A moment in UTC, read off milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    pub day: i64,
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
}

impl Stamp {
    /// Howard Hinnant's `civil_from_days`: years start in March, so that the leap day is their last.
    pub fn of(at: i64) -> Self {
        let (days, rest) = (at.div_euclid(DAY), at.rem_euclid(DAY));
        let shifted = days + 719_468;
        let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * of_year + 2) / 153;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        Self {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month,
            day: of_year - (153 * from_march + 2) / 5 + 1,
            hour: rest / HOUR,
            minute: rest % HOUR / MINUTE,
            second: rest % MINUTE / SECOND,
        }
    }

    /// `24 Nov, 17:59`.
    pub fn short(self) -> String {
        format!("{} {}, {:02}:{:02}", self.day, self.month_name(), self.hour, self.minute)
    }

    /// `24 Nov 2026, 17:59:12 UTC`.
    pub fn exact(self) -> String {
        let Self { year, day, hour, minute, second, .. } = self;
        format!("{day} {} {year}, {hour:02}:{minute:02}:{second:02} UTC", self.month_name())
    }

    /// `2026-11-24T17:59:12Z`.
    pub fn iso(self) -> String {
        let Self { year, month, day, hour, minute, second } = self;
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }

    pub fn month_name(self) -> &'static str {
        usize::try_from(self.month - 1).ok().and_then(|at| MONTHS.get(at)).copied().unwrap_or_default()
    }
}

/// How far `at` is from `now`, both in milliseconds: `4 s ago`, `in 6 days`.
pub fn relative(at: i64, now: i64) -> String {
    let far = (now - at).abs();
    let text = match far {
        _ if far < SECOND => return "now".into(),
        _ if far < MINUTE => format!("{} s", far / SECOND),
        _ if far < HOUR => format!("{} min", far / MINUTE),
        _ if far < DAY => format!("{} h", far / HOUR),
        _ if far < 2 * DAY => "1 day".into(),
        _ => format!("{} days", far / DAY),
    };
    if at > now { format!("in {text}") } else { format!("{text} ago") }
}

/// A moment: in UTC as the server sends it, relative once scripts run, exact on hover.
#[component]
pub fn Time(at: i64) -> impl IntoView {
    let stamp = Stamp::of(at);
    let text = if cfg!(feature = "hydrate") { relative(at, now()) } else { stamp.short() };
    view! {
        <time datetime=stamp.iso() title=stamp.exact() data-at=at.to_string()>
            {text}
        </time>
    }
}

/// Of a browser.
#[expect(clippy::cast_possible_truncation, reason = "a browser's clock counts whole milliseconds, far below 2^53")]
pub fn now() -> i64 {
    Date::now() as i64
}

#[cfg(test)]
mod tests {
    use super::{DAY, HOUR, MINUTE, SECOND, Stamp, relative};

    #[test]
    fn a_moment_reads_as_a_date() {
        for (at, iso, short) in [
            (0, "1970-01-01T00:00:00Z", "1 Jan, 00:00"),
            (951_782_399_000, "2000-02-28T23:59:59Z", "28 Feb, 23:59"),
            (951_782_400_000, "2000-02-29T00:00:00Z", "29 Feb, 00:00"),
            (1_795_543_152_000, "2026-11-24T17:59:12Z", "24 Nov, 17:59"),
            (4_107_542_400_000, "2100-03-01T00:00:00Z", "1 Mar, 00:00"),
        ] {
            assert_eq!((Stamp::of(at).iso().as_str(), Stamp::of(at).short().as_str()), (iso, short), "{at}");
        }
    }

    #[test]
    fn distance_is_told_in_one_unit() {
        let now = 1_795_543_152_000;
        for (away, text) in [
            (0, "now"),
            (-4 * SECOND, "4 s ago"),
            (-41 * MINUTE, "41 min ago"),
            (-3 * HOUR, "3 h ago"),
            (-DAY, "1 day ago"),
            (-18 * DAY, "18 days ago"),
            (6 * DAY + HOUR, "in 6 days"),
        ] {
            assert_eq!(relative(now + away, now), text, "{away}");
        }
    }
}
