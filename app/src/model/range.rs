//! The one range of a page, as its URL says it: `?range=24h`, or `?from=…&to=…` in milliseconds.

use serde::{Deserialize, Serialize};

/// A span of time as chosen; `Range::window` makes it concrete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Range {
    Hour,
    Day,
    Week,
    Month,
    /// 90 days.
    Quarter,
    /// Milliseconds since 1970 UTC, start included, end excluded.
    Between(i64, i64),
}

/// A concrete half-open span, milliseconds since 1970 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Window {
    pub from: i64,
    pub to: i64,
}

pub const MINUTE: i64 = 60_000;

impl Range {
    pub const CHOICES: [Self; 4] = [Self::Hour, Self::Day, Self::Week, Self::Month];
    /// Where figures are looked at over time.
    pub const LONG: [Self; 5] = [Self::Hour, Self::Day, Self::Week, Self::Month, Self::Quarter];

    /// What stands in the URL for a fixed range, and `custom` for any other.
    pub fn word(self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
            Self::Quarter => "90d",
            Self::Between(..) => "custom",
        }
    }

    /// Reads `range`, `from` and `to` of a URL; anything else means the last 24 hours.
    pub fn from_url(range: Option<&str>, from: Option<&str>, to: Option<&str>) -> Self {
        let millis = |text: Option<&str>| text.and_then(|text| text.parse::<i64>().ok());
        match (range, millis(from), millis(to)) {
            (Some("1h"), ..) => Self::Hour,
            (Some("7d"), ..) => Self::Week,
            (Some("30d"), ..) => Self::Month,
            (Some("90d"), ..) => Self::Quarter,
            (None | Some("custom"), Some(from), Some(to)) if from >= 0 && from < to => Self::Between(from, to),
            _ => Self::Day,
        }
    }

    /// The query text without `?`, as links carry it.
    pub fn query(self) -> String {
        match self {
            Self::Between(from, to) => format!("range=custom&from={from}&to={to}"),
            fixed => format!("range={}", fixed.word()),
        }
    }

    /// The span that ends at `now` (milliseconds).
    pub fn window(self, now: i64) -> Window {
        let length = match self {
            Self::Hour => 60 * MINUTE,
            Self::Day => 24 * 60 * MINUTE,
            Self::Week => 7 * 24 * 60 * MINUTE,
            Self::Month => 30 * 24 * 60 * MINUTE,
            Self::Quarter => 90 * 24 * 60 * MINUTE,
            Self::Between(from, to) => return Window { from, to },
        };
        Window { from: now - length, to: now }
    }
}

impl Window {
    pub fn length(self) -> i64 {
        self.to - self.from
    }

    /// The width of one chart bucket: whole minutes, at most 120 buckets.
    pub fn bucket(self) -> i64 {
        const WIDTHS: [i64; 10] = [1, 2, 5, 15, 30, 60, 180, 360, 720, 1440];
        let least = self.length() / 120;
        WIDTHS.iter().map(|minutes| minutes * MINUTE).find(|width| *width >= least).unwrap_or(least / MINUTE * MINUTE)
    }

    /// The span of the same length that ends where this one starts.
    pub fn previous(self) -> Self {
        Self { from: self.from - self.length(), to: self.from }
    }
}
