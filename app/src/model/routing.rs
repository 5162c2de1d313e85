//! What a config says: the one definition that gateway, form and published schema share (contract §2.1).
//!
//! [`read`] checks a JSON value against [`field`]'s table, all mistakes at once, each with its JSON path, and gives the
//! [`Node`] that it means. What is written out again is the same config: nothing is added, nothing is lost; only a cache
//! given as a bare word is written in full.

pub mod field;
mod read;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

#[cfg(test)]
pub(crate) use read::grow;
pub use read::{Mistake, read, read_text};

/// A node of a config: the root, or a target at any depth.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Node {
    /// By which conditions name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub targets: Option<Vec<Node>>,
    /// `@slug` of the workspace, or a vendor's bare name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The legacy twin of `@slug`, without the `@`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub virtual_key: Option<String>,
    /// Credential for a bare provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
    /// The provider is taken from the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passthrough: Option<bool>,
    /// Share among its siblings; 1 where absent, 0 for never.
    #[serde(serialize_with = "short", skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// Tier of the mode `priority`: the lowest is tried first; where absent, the position counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<u32>,
    /// Fills fields of the body that are absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_params: Option<Map<String, Value>>,
    /// Overwrites fields of the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub override_params: Option<Map<String, Value>>,
    /// Paths taken out of the body, such as `a.b` and `tools[*].function.strict`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drop_params: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<Cache>,
    /// Milliseconds for one attempt, until its answer begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_timeout: Option<u64>,
    /// Base URL, version segment included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forward_headers: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strict_open_ai_compliance: Option<bool>,
    /// Limits of a stream; ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<Stream>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cb_config: Option<Breaker>,
    /// The strategy's legacy place for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_status_codes: Option<Vec<u16>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fetch_integrated_models: Option<bool>,
    /// Keys of features that are validated and saved, and refused when a call would need them; and the clouds' keys.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// How a node chooses among its targets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Strategy {
    pub mode: Mode,
    /// Statuses on which the next target is tried; any but 2xx where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_status_codes: Option<Vec<u16>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Vec<Condition>>,
    /// Name of the target for calls that meet no condition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sticky: Option<Sticky>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cb_config: Option<Breaker>,
    /// Ours: a second target is asked while the first one is slow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hedge: Option<Hedge>,
    /// Ours: a call waits where every target is rate limited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<Queue>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    #[default]
    Single,
    /// In order, each where the one before it failed.
    Fallback,
    /// One by weighted chance.
    Loadbalance,
    /// The first whose condition holds.
    Conditional,
    /// One after the other, exactly; ours.
    #[serde(rename = "round-robin")]
    RoundRobin,
    /// By tiers, healthy ones first, each where the one before it failed; ours.
    Priority,
    /// The one that answers soonest of late (peak EWMA); ours.
    #[serde(rename = "least-latency")]
    LeastLatency,
    /// The one whose model costs least; ours.
    #[serde(rename = "least-cost")]
    LeastCost,
}

impl Mode {
    /// As configs write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Fallback => "fallback",
            Self::Loadbalance => "loadbalance",
            Self::Conditional => "conditional",
            Self::RoundRobin => "round-robin",
            Self::Priority => "priority",
            Self::LeastLatency => "least-latency",
            Self::LeastCost => "least-cost",
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// `{"metadata.plan": {"$eq": "paid"}}`, with `$and` and `$or` of such.
    pub query: Map<String, Value>,
    /// Name of a target.
    pub then: String,
}

/// Calls with the same values stay with one target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sticky {
    pub enabled: bool,
    /// Paths over `metadata.*` and `params.*`; empty only where it is not enabled.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hash_fields: Vec<String>,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<u64>,
}

/// When a target counts as broken, and for how long (contract §2.8).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Breaker {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_threshold: Option<u32>,
    /// Percent, with `minimum_requests`.
    #[serde(serialize_with = "short", skip_serializing_if = "Option::is_none")]
    pub failure_threshold_percentage: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum_requests: Option<u32>,
    /// Milliseconds, at least 30,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cooldown_interval: Option<u64>,
    /// 500 and above where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_status_codes: Option<Vec<u16>>,
}

/// The same target again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Retry {
    /// 0 to 5.
    pub attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_status_codes: Option<Vec<u16>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_retry_after_headers: Option<bool>,
    /// The other spelling of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_retry_after_header: Option<bool>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "WrittenCache")]
pub struct Cache {
    pub mode: CacheMode,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CacheMode {
    #[default]
    Simple,
    Semantic,
}

/// A cache as written: `"simple"` means `{"mode": "simple"}`.
#[derive(Deserialize)]
#[serde(untagged)]
enum WrittenCache {
    Word(CacheMode),
    Full { mode: CacheMode, max_age: Option<u64> },
}

impl From<WrittenCache> for Cache {
    fn from(written: WrittenCache) -> Self {
        match written {
            WrittenCache::Word(mode) => Self { mode, max_age: None },
            WrittenCache::Full { mode, max_age } => Self { mode, max_age },
        }
    }
}

/// What is expected of a stream; the next target is tried where it is not met before the first content has left.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Stream {
    /// Milliseconds until the first content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_token_timeout: Option<u64>,
    /// Milliseconds between two chunks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_timeout: Option<u64>,
    /// Measured over ten seconds.
    #[serde(serialize_with = "short", skip_serializing_if = "Option::is_none")]
    pub min_tokens_per_second: Option<f64>,
    /// Milliseconds for which content is held back, so that a stream that breaks early can still fall back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hedge {
    /// Milliseconds without an answer before the next target is asked as well.
    pub after: u64,
    /// Targets asked at most, the first included; 2 where absent, 4 at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<u32>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Queue {
    /// Milliseconds that a call waits at most.
    pub max_wait: u64,
    /// Calls that wait at most; 100 where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_calls: Option<u32>,
}

/// Writes a number without a fraction as people write it: `1`, not `1.0`.
fn short<S: Serializer>(number: &Option<f64>, out: S) -> Result<S::Ok, S::Error> {
    let number = number.unwrap_or_default();
    if number.fract() == 0.0 && (0.0..=WHOLE_MOST).contains(&number) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, and within the range")]
        return out.serialize_u64(number as u64);
    }
    out.serialize_f64(number)
}

/// 2^53: up to here every whole number is exact.
const WHOLE_MOST: f64 = 9_007_199_254_740_992.0;
