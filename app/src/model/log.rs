//! Calls as the console lists and opens them.

use crate::model::chat::Turn;
use crate::model::explain::Explain;
use crate::model::money::Nanos;
use crate::model::range::Range;
use serde::{Deserialize, Serialize};

/// The filter of the logs page: the URL is the state, a bad value means "any".
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LogQuery {
    pub range: Range,
    /// `2xx`, `4xx`, `5xx`, `error`, or an exact status such as `429`.
    pub status: Option<String>,
    /// The model served, exactly.
    pub model: Option<String>,
    pub provider: Option<String>,
    /// Key id.
    pub key: Option<String>,
    /// Slug.
    pub config: Option<String>,
    pub trace: Option<String>,
    /// `key=value` pairs that must all be present.
    pub metadata: Vec<(String, String)>,
    /// Stands somewhere in the metadata, whatever its case.
    pub text: Option<String>,
    /// Keyset: only calls older than this id.
    pub before: Option<String>,
    /// Keyset: only calls newer than this id, oldest of them first.
    pub after: Option<String>,
    /// Rows asked for, 1 to 200.
    pub limit: u32,
}

impl Default for LogQuery {
    fn default() -> Self {
        Self {
            range: Range::Day,
            status: None,
            model: None,
            provider: None,
            key: None,
            config: None,
            trace: None,
            metadata: Vec::new(),
            text: None,
            before: None,
            after: None,
            limit: 50,
        }
    }
}

/// One call in the list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogRow {
    pub id: String,
    /// Start, milliseconds since 1970 UTC.
    pub at: i64,
    /// HTTP status answered; 499 where the client left, 0 where a crash interrupted the call.
    pub status: u16,
    /// `finished`, `failed`, `cancelled` or `interrupted`.
    pub outcome: String,
    pub vendor: String,
    /// Two letters for the tile.
    pub tile: String,
    pub provider: String,
    pub model_asked: String,
    pub model_served: String,
    pub key_name: String,
    pub stream: bool,
    pub tokens_in: u64,
    pub tokens_out: u64,
    /// `None`: no price is known for the model.
    pub cost: Option<Nanos>,
    pub latency_us: u64,
    /// Time to first token, streams only.
    pub first_token_us: Option<u64>,
    /// `HIT`, `MISS`, `REFRESH`, `DISABLED`; a semantic cache says `SEMANTIC HIT` and `SEMANTIC MISS`.
    pub cache_status: String,
    /// The outermost strategy's, `single` without one.
    pub mode: String,
    /// JSON path of the target used.
    pub target: String,
    pub retries: u32,
}

/// A word about the way that a call took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chip {
    pub text: String,
    pub title: &'static str,
}

impl LogRow {
    /// What was not plain about the call's way: cache, retries, fallback, load balance (contract §6.1).
    pub fn chips(&self) -> Vec<Chip> {
        let cache = match self.cache_status.as_str() {
            "HIT" => Some(("cache hit", "Answered from the cache")),
            "SEMANTIC HIT" => Some(("similar hit", "Answered from the cache by likeness")),
            "MISS" | "SEMANTIC MISS" => Some(("cache miss", "The cache was asked and had no answer")),
            "REFRESH" => Some(("refreshed", "The cache was passed over and its entry replaced")),
            _ => None,
        };
        let retried = match self.retries {
            0 => None,
            1 => Some(("retried".to_owned(), "Tried again once")),
            more => Some((format!("retried ×{more}"), "Tried again")),
        };
        let mode = match self.mode.as_str() {
            "fallback" if fell_back(&self.target) => Some(("fallback", "A later target of the fallback answered")),
            "fallback" | "single" | "" => None,
            "loadbalance" => Some(("balanced", "The target was drawn by weight")),
            "conditional" => Some(("conditional", "The target was chosen by a condition")),
            _ => Some(("routed", "The target was chosen by the config's strategy")),
        };
        let fixed = |(text, title): (&str, &'static str)| Chip { text: text.to_owned(), title };
        let retried = retried.map(|(text, title)| Chip { text, title });
        cache.map(fixed).into_iter().chain(retried).chain(mode.map(fixed)).collect()
    }
}

/// Whether the path's first index is not the first: `config.targets[1]`.
fn fell_back(target: &str) -> bool {
    let index = target.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map(|(index, _)| index);
    index.is_some_and(|index| index != "0")
}

/// A value of a facet with how many calls carry it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FacetValue {
    /// What goes into the URL.
    pub value: String,
    pub label: String,
    pub calls: u64,
}

/// One bar of the histogram above the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogBar {
    pub at: i64,
    pub calls: u64,
    pub errors: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPage {
    pub rows: Vec<LogRow>,
    /// `before=` of the next, older page.
    pub older: Option<String>,
    /// `after=` of the next, newer page.
    pub newer: Option<String>,
    /// Calls that match the filter, over the whole range.
    pub matched: u64,
    /// Calls of the range, whatever the filter.
    pub total: u64,
    pub cost: Nanos,
    pub tokens: u64,
    pub statuses: Vec<FacetValue>,
    pub models: Vec<FacetValue>,
    pub providers: Vec<FacetValue>,
    pub keys: Vec<FacetValue>,
    pub configs: Vec<FacetValue>,
    pub bars: Vec<LogBar>,
    /// Width of a bar in milliseconds.
    pub bar_width: i64,
}

/// One upstream attempt of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptRow {
    pub number: u32,
    pub provider: String,
    pub vendor: String,
    pub tile: String,
    pub model: String,
    /// JSON path of the target in the config, `config` where there is none.
    pub target: String,
    pub url: String,
    pub status: u16,
    pub error: Option<String>,
    /// Microseconds after the call's start.
    pub started_us: u64,
    pub latency_us: u64,
    pub first_token_us: Option<u64>,
    pub tokens_in: u64,
    pub tokens_out: u64,
    /// `None`: no price is known, or nothing was used.
    pub cost: Option<Nanos>,
    /// Microseconds waited before it.
    pub waited_us: u64,
    /// 0 for the first try of its target, then the number of the retry.
    pub retry: u32,
}

/// How a cost came about, one line a unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostLine {
    /// Such as `Input tokens`.
    pub what: String,
    pub count: u64,
    /// US dollars per million, as the price table writes it.
    pub per_million: String,
    pub cost: Nanos,
}

/// Everything known of one call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LogDetail {
    pub row: LogRow,
    pub method: String,
    pub path: String,
    pub error: Option<String>,
    pub tokens_cached: u64,
    pub tokens_reasoning: u64,
    /// Time spent in the gateway itself.
    pub overhead_us: u64,
    pub trace_id: String,
    pub span_id: String,
    pub parent_span_id: Option<String>,
    pub span_name: String,
    pub metadata: Vec<(String, String)>,
    pub key_id: String,
    pub config: Option<String>,
    pub config_version: Option<String>,
    /// Why the call took its way: recorded with it, or made from its row.
    pub explain: Explain,
    pub attempts: Vec<AttemptRow>,
    pub cost_lines: Vec<CostLine>,
    /// The conversation, read out of both bodies; empty where they are not chat.
    pub turns: Vec<Turn>,
    /// Bodies as text, pretty where they are JSON; `None` where there was none.
    pub request_body: Option<String>,
    pub sent_body: Option<String>,
    pub response_body: Option<String>,
    pub request_headers: Vec<(String, String)>,
    pub response_headers: Vec<(String, String)>,
    /// The neighbours within the same filter.
    pub newer: Option<String>,
    pub older: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::LogRow;

    #[test]
    fn a_call_says_what_was_not_plain_about_its_way() {
        let row = |cache: &str, retries, mode: &str, target: &str| LogRow {
            cache_status: cache.into(),
            mode: mode.into(),
            target: target.into(),
            retries,
            ..LogRow::default()
        };
        for (cache, retries, mode, target, told) in [
            ("DISABLED", 0, "single", "config", ""),
            ("HIT", 0, "single", "config", "cache hit"),
            ("MISS", 2, "fallback", "config.targets[1]", "cache miss, retried ×2, fallback"),
            ("DISABLED", 1, "fallback", "config.targets[0].targets[1]", "retried"),
            ("REFRESH", 0, "loadbalance", "config.targets[0]", "refreshed, balanced"),
            ("DISABLED", 0, "least-cost", "config.targets[2]", "routed"),
        ] {
            let chips = row(cache, retries, mode, target).chips();
            let texts: Vec<_> = chips.into_iter().map(|chip| chip.text).collect();
            assert_eq!(texts.join(", "), told);
        }
    }
}
