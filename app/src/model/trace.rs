//! Traces: calls that belong together, as the console lists and draws them.

use crate::model::log::LogQuery;
use crate::model::money::Nanos;
use serde::{Deserialize, Serialize};

/// The filter of the traces page: a trace is listed where one of its calls passes. The URL is the state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TraceQuery {
    /// Of the calls; `before` is the place in the list, `after` and `limit` mean nothing here.
    pub calls: LogQuery,
    /// Name of a span, exactly.
    pub name: Option<String>,
    /// Only traces of more than one call.
    pub many: bool,
}

/// How a trace or a span went, the worst last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Health {
    #[default]
    Good,
    /// A call was refused (400 to 499) or its caller left.
    Refused,
    /// A call failed, or a crash interrupted it.
    Failed,
}

/// One trace in the list; figures are of the whole trace, whatever the filter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceRow {
    pub trace: String,
    /// Of the root span.
    pub name: String,
    /// Start of the first call, milliseconds since 1970 UTC.
    pub at: i64,
    /// From the first start to the last end, microseconds.
    pub duration_us: u64,
    pub spans: u64,
    /// The trace has more calls than were counted.
    pub cut: bool,
    /// Of the priced calls.
    pub cost: Nanos,
    /// Calls whose model has no price.
    pub unpriced: u64,
    pub tokens_in: u64,
    pub tokens_out: u64,
    pub health: Health,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TracePage {
    /// By their newest call that passes, newest first.
    pub rows: Vec<TraceRow>,
    /// `before=` of the next, older page.
    pub older: Option<String>,
    /// The search stopped short of the range's end; `older` goes on.
    pub paused: bool,
}

/// One trace, its spans in the order of a tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceDetail {
    pub row: TraceRow,
    /// `_user` of the first call that names one.
    pub user: Option<String>,
    pub spans: Vec<Span>,
}

/// A line of the tree: a call, or one of its attempts where it had several.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Id of the call's log.
    pub log: String,
    /// 0 for the first attempt of the call; `None`: the call itself.
    pub attempt: Option<u32>,
    pub depth: u32,
    /// Lines below belong to this one.
    pub group: bool,
    pub name: String,
    /// Such as the model and what became of it.
    pub aside: String,
    /// Two letters for the vendor's tile.
    pub tile: String,
    pub status: u16,
    pub health: Health,
    pub cached: bool,
    /// Microseconds after the trace's start.
    pub started_us: u64,
    pub latency_us: u64,
    pub tokens_in: u64,
    pub tokens_out: u64,
    /// `None`: no price is known, or nothing was used.
    pub cost: Option<Nanos>,
}

impl Health {
    /// Of a status as answered and the outcome as logged.
    pub fn of(status: u16, outcome: &str) -> Self {
        match (status, outcome) {
            (400..500, _) | (_, "cancelled") => Self::Refused,
            (0 | 500.., _) | (_, "failed" | "interrupted") => Self::Failed,
            _ => Self::Good,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Good => "fine",
            Self::Refused => "refused or left",
            Self::Failed => "failed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Health;

    #[test]
    fn health_is_the_worst_that_happened() {
        for (status, outcome, health) in [
            (200, "finished", Health::Good),
            (200, "failed", Health::Failed),
            (200, "cancelled", Health::Refused),
            (499, "cancelled", Health::Refused),
            (429, "failed", Health::Refused),
            (503, "failed", Health::Failed),
            (0, "interrupted", Health::Failed),
        ] {
            assert_eq!(Health::of(status, outcome), health, "{status} {outcome}");
        }
        assert_eq!([Health::Failed, Health::Good, Health::Refused].into_iter().max(), Some(Health::Failed));
    }
}
