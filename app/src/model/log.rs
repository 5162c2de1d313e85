//! Calls as the console lists and opens them.

use crate::model::chat::Turn;
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
    pub trace: Option<String>,
    /// `key=value` pairs that must all be present.
    pub metadata: Vec<(String, String)>,
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
            trace: None,
            metadata: Vec::new(),
            before: None,
            after: None,
            limit: 50,
        }
    }
}

/// One call in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    pub keys: Vec<FacetValue>,
    pub bars: Vec<LogBar>,
    /// Width of a bar in milliseconds.
    pub bar_width: i64,
}

/// One upstream attempt of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
