//! Why a call took the way it took: planned by `POST /v1/explain`, recorded with every call that a config routed.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Explain {
    /// Where the config came from: `header`, `saved`, `key` (its default) or `none`.
    pub source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Outermost first.
    pub decisions: Vec<Decision>,
    /// The targets in the order in which they would be tried.
    pub steps: Vec<PlannedStep>,
    /// Budgets and rate limits that are asked before a target is chosen; of a dry run alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<LimitFacts>,
    /// What was tried, in the order of its start; empty where nothing was sent.
    pub tried: Vec<Tried>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<CacheFacts>,
    /// Sentences about the rest, such as a mode that acts as another.
    pub notes: Vec<String>,
}

/// One strategy at work.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Decision {
    /// JSON path of the node, such as `config.targets[1]`.
    pub path: String,
    /// The strategy's mode, as configs write it.
    pub mode: String,
    /// A sentence: what was chosen and why.
    pub reason: String,
    /// JSON paths of the targets chosen, in order.
    pub chosen: Vec<String>,
    /// The number drawn, 0 to 1, where chance decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub draw: Option<f64>,
    pub candidates: Vec<Candidate>,
    pub conditions: Vec<Tested>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Candidate {
    pub path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Share of the draw, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
    /// What it was measured by, in words, such as `p 412 ms`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measure: Option<String>,
    /// Why it was left out, in words, such as `circuit open until 12:00:31`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excluded: Option<String>,
}

/// One condition, evaluated.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tested {
    /// The query as written.
    pub query: String,
    /// What was compared with what, in words, such as `metadata.plan is "free", wanted $eq "paid"`.
    pub found: String,
    pub held: bool,
    /// Name of the target.
    pub then: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PlannedStep {
    pub path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `@slug`; empty where the target cannot be called, which `problem` tells.
    pub provider: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// When it is tried, in words: `first`, `if config.targets[0] answers 429 or 503`.
    pub when: String,
    /// Budgets and rate limits of an attempt at it; of a dry run alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<LimitFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// A budget or a rate limit that a call falls under.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LimitFacts {
    /// Which one, in words, such as `The budget of API key ci`.
    pub limit: String,
    /// How it stands and what the call would hold of it, in words.
    pub found: String,
    /// Why it would refuse the call; absent where it would not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refuses: Option<String>,
}

/// One upstream attempt.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tried {
    pub path: String,
    pub provider: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// 0 for the first try of its target, then the number of the retry.
    pub retry: u32,
    /// 0: no answer.
    pub status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Microseconds waited before it.
    pub waited_us: u64,
    /// Microseconds after the call's start.
    pub started_us: u64,
    pub latency_us: u64,
    /// What followed and why, in words, such as `retried: 503 is among the codes`.
    pub then: String,
}

/// How the cache was asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CacheFacts {
    /// `HIT`, `MISS`, `REFRESH` or `DISABLED`.
    pub status: String,
    /// `simple` or `semantic`.
    pub mode: String,
    /// Hex of the key.
    pub key: String,
    /// What the key was made from: name and value, credentials as a digest.
    pub parts: Vec<(String, String)>,
    /// Seconds since the entry was stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age: Option<u64>,
    /// Seconds that an entry is good for.
    pub max_age: u64,
    /// Nano-dollars that the hit saved; absent where the model has no price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saved: Option<i64>,
    /// Microseconds that the hit saved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saved_us: Option<u64>,
}
