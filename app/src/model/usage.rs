//! Figures of the overview.

use crate::model::money::Nanos;
use crate::model::range::{Range, Window};
use serde::{Deserialize, Serialize};

/// Totals over a window.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    pub requests: u64,
    /// Answers of 400 and above, interrupted and cancelled calls included.
    pub errors: u64,
    pub cost: Nanos,
    /// Calls whose model has no price.
    pub unpriced: u64,
    pub tokens_in: u64,
    /// Of them, read from the provider's cache.
    pub tokens_cached: u64,
    pub tokens_out: u64,
    /// Calls that the cache answered, and calls that asked it, those included.
    pub cache_hits: u64,
    pub cache_asked: u64,
    /// What hits saved, and how long they took together.
    pub saved_cost: Nanos,
    pub saved_us: u64,
    pub hit_us: u64,
    /// Answers that came from a provider, and how long they took together.
    pub timed: u64,
    pub took_us: u64,
    pub p50_us: Option<u64>,
    pub p90_us: Option<u64>,
    pub p95_us: Option<u64>,
    pub p99_us: Option<u64>,
    pub first_token_p50_us: Option<u64>,
    pub first_token_p95_us: Option<u64>,
}

/// One bucket of time. A bucket before the installation's first call, or after now, is absent: a gap is not a zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// Start of the bucket, milliseconds since 1970 UTC.
    pub at: i64,
    pub totals: Totals,
}

/// A line of a "top" table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// The value to filter the logs by.
    pub value: String,
    pub label: String,
    /// Two letters for the tile, where there is one.
    pub tile: String,
    /// How many values this line gathers: 1, or more under "Other", whose `value` is empty.
    pub members: u64,
    pub requests: u64,
    pub cost: Nanos,
    /// Per bucket, in the order of `Overview::points`.
    pub series: Vec<Nanos>,
}

/// An act of a person that may explain a figure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Milliseconds since 1970 UTC.
    pub at: i64,
    pub kind: ChangeKind,
    /// `support-router v14 published`.
    pub title: String,
    /// More about it; may be empty.
    pub text: String,
    pub href: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChangeKind {
    Config,
    Key,
    Provider,
    Price,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overview {
    pub range: Range,
    pub window: Window,
    /// Width of a bucket in milliseconds.
    pub bucket: i64,
    pub now: Totals,
    pub before: Totals,
    pub points: Vec<Point>,
    pub points_before: Vec<Point>,
    pub models: Vec<Share>,
    pub keys: Vec<Share>,
    /// What people changed in this time, newest first.
    pub changes: Vec<Change>,
    /// Charts drawn by the server: SVG text by name (`requests`, `errors`, `cost`, `latency`, `first_token`, `spark_*`).
    pub charts: Vec<(String, String)>,
}
