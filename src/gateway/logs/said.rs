//! Feedback as a log record shows it.

use super::record::iso;
use crate::store::feedback::Feedback;
use serde::Serialize;
use serde_json::value::RawValue;

/// One feedback on the trace of a call.
#[derive(Debug, Serialize)]
pub(super) struct Said {
    id: String,
    trace_id: String,
    value: i64,
    weight: f64,
    metadata: Option<Box<RawValue>>,
    created_at: String,
    last_updated_at: String,
}

impl From<Feedback> for Said {
    fn from(row: Feedback) -> Self {
        Self {
            id: row.id,
            trace_id: row.trace_id,
            value: row.value,
            weight: row.weight,
            metadata: RawValue::from_string(row.metadata).ok(),
            created_at: iso(row.created_at),
            last_updated_at: iso(row.updated_at),
        }
    }
}
