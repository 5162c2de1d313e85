//! Models as they are called, `@slug/model`, with what they cost.

use serde::{Deserialize, Serialize};

/// Millionths of a US dollar a million tokens, which is picodollars a token; `None`: no price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Prices {
    pub input: Option<i64>,
    /// Tokens read from the vendor's cache; `None`: they cost as any input.
    pub cached: Option<i64>,
    pub output: Option<i64>,
}

/// A model of a connected provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelRow {
    /// Slug of the provider.
    pub provider: String,
    pub vendor_name: String,
    /// Two letters for the tile.
    pub tile: String,
    /// As the vendor calls it.
    pub model: String,
    pub custom: bool,
    pub enabled: bool,
    /// The set-up file says what it is or costs.
    pub locked: bool,
    /// Tokens.
    pub context: Option<u64>,
    /// Of the price data; `None`: it has none.
    pub list: Option<Prices>,
    /// The workspace's own, in force now.
    pub own: Option<Prices>,
    /// What the own price changes to, and when (milliseconds); `None` of prices: back to the list.
    pub next: Option<(i64, Option<Prices>)>,
    /// Of the last 24 hours.
    pub calls: u64,
    /// Of the last [`NOW`] minutes.
    pub calls_now: u64,
    pub failed_now: u64,
    pub p50_ms: Option<u32>,
}

/// Minutes that count as now.
pub const NOW: i64 = 15;

/// Which models are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Show {
    #[default]
    All,
    On,
    Own,
    Unpriced,
}

/// The column that rows are sorted by: figures from the greatest, names from A.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    #[default]
    Calls,
    Name,
    Context,
    Input,
    Output,
}

/// The page's address, read: `?find=…&show=…&sort=…&page=…`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ModelQuery {
    /// Words of the name, `provider:`, `context>`, `input<`, `output<`.
    pub find: String,
    pub show: Show,
    pub sort: Sort,
    /// From 0.
    pub page: u32,
}

/// A page of models.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelPage {
    pub rows: Vec<ModelRow>,
    /// Rows that match, on all pages.
    pub found: u32,
    /// What was typed and means nothing.
    pub misread: Vec<String>,
    /// How many there are to [`Show`], in its order, whatever is looked for.
    pub counts: [u32; 4],
    /// Calls of the last 24 hours to models without a price.
    pub unpriced_calls: u64,
    /// Slug and vendor's name of each provider.
    pub providers: Vec<(String, String)>,
    /// Whether this person may change anything.
    pub editable: bool,
}

/// Rows of a page.
pub const PAGE: u32 = 50;

/// The form for a model of one's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NewModel {
    /// Slug of its provider.
    pub provider: String,
    pub model: String,
    /// Tokens, as typed; may be empty.
    pub context: String,
    /// As in [`NewPrice`]; may be empty.
    pub input: String,
    pub cached: String,
    pub output: String,
}

/// The form for a price of one's own: US dollars a million tokens, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NewPrice {
    pub provider: String,
    pub model: String,
    pub input: String,
    pub cached: String,
    pub output: String,
    /// `2026-12-01T00:00`, in UTC; empty: from now on.
    pub from: String,
    /// Not empty: back to the list price.
    pub list: String,
}

impl Prices {
    /// Whether calls that use tokens in and out have a price.
    pub fn any(self) -> bool {
        self.input.is_some() || self.output.is_some()
    }
}

impl ModelRow {
    /// In force now.
    pub fn price(&self) -> Option<Prices> {
        self.own.or(self.list)
    }

    /// As it is called.
    pub fn name(&self) -> String {
        format!("@{}/{}", self.provider, self.model)
    }
}

impl Show {
    pub const ALL: [Self; 4] = [Self::All, Self::On, Self::Own, Self::Unpriced];

    pub fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::On => "on",
            Self::Own => "own",
            Self::Unpriced => "unpriced",
        }
    }

    pub fn from_word(word: &str) -> Self {
        Self::ALL.into_iter().find(|show| show.word() == word).unwrap_or_default()
    }

    pub fn takes(self, row: &ModelRow) -> bool {
        match self {
            Self::All => true,
            Self::On => row.enabled,
            Self::Own => row.own.is_some() || row.next.is_some(),
            Self::Unpriced => row.price().is_none(),
        }
    }
}

impl Sort {
    pub const ALL: [Self; 5] = [Self::Calls, Self::Name, Self::Context, Self::Input, Self::Output];

    pub fn word(self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::Name => "name",
            Self::Context => "context",
            Self::Input => "input",
            Self::Output => "output",
        }
    }

    pub fn from_word(word: &str) -> Self {
        Self::ALL.into_iter().find(|sort| sort.word() == word).unwrap_or_default()
    }
}

/// `$0.35`, `$12.5`, `$0.000001`: at least two decimals, and as many as it takes.
pub fn dollars(micros: i64) -> String {
    let (whole, rest) = (micros.div_euclid(MILLION), micros.rem_euclid(MILLION));
    if micros == 0 {
        return "$0".into();
    }
    let text = format!("{rest:06}");
    let kept = text.trim_end_matches('0').len().max(2);
    format!("${whole}.{}", &text[..kept])
}

/// Reads US dollars a million tokens, `0.35` or `$0.35`, of at most six decimals and below a million.
pub fn micros(text: &str) -> Option<i64> {
    let text = text.trim().trim_start_matches('$').trim_start();
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let sane = !(whole.is_empty() && rest.is_empty()) && whole.len() <= 6 && rest.len() <= 6;
    if !(sane && digits(whole) && digits(rest)) {
        return None;
    }
    format!("{whole}{rest:0<6}").parse().ok()
}

const MILLION: i64 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::{dollars, micros};

    #[test]
    fn a_price_is_read_and_written_as_people_do() {
        for (text, value, shown) in [
            ("0.35", 350_000, "$0.35"),
            ("$1", 1_000_000, "$1.00"),
            ("12.5", 12_500_000, "$12.50"),
            (" 0.125 ", 125_000, "$0.125"),
            (".5", 500_000, "$0.50"),
            ("0", 0, "$0"),
            ("0.000001", 1, "$0.000001"),
        ] {
            assert_eq!(micros(text), Some(value), "{text}");
            assert_eq!(dollars(value), shown, "{text}");
        }
        for text in ["", ".", "-1", "1e3", "0.0000001", "1000000", "one", "1,5", "1.2.3", "$"] {
            assert_eq!(micros(text), None, "{text}");
        }
    }
}
