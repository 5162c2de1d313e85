//! Which targets a call tries, in which order, and why. Pure: the config, the call, what is remembered and the dice come
//! in as values; a plan comes out.
//!
//! A config is settled once, when it is saved or first seen ([`Tree`]): every leaf has what it inherits (contract §2.3).
//! A plan is made for each call ([`plan`]): a flat list of steps, each with where to go on after which status.

pub mod params;
mod pick;
mod plan;
pub mod retry;
mod settle;
mod when;

use app::model::explain::Decision;
use app::model::routing::{Breaker, Cache, Hedge, Mode, Queue, Retry, Stream};
use serde_json::{Map, Value};
use std::sync::Arc;

pub use plan::{plan, simple};

use crate::wire::body::Body;

/// A config with everything inherited: what a plan is made from.
#[derive(Debug)]
pub struct Tree {
    pub root: Branch,
    /// In the order of their paths.
    pub leaves: Vec<Arc<Leaf>>,
    /// Hex digest of the config's canonical JSON: what is remembered of its targets is kept under it.
    pub identity: String,
    /// A strategy asks what is remembered (health, turns, sticky targets).
    pub remembers: bool,
    /// Config keys that act otherwise than they say, in sentences.
    pub notes: Vec<String>,
}

#[derive(Debug)]
pub enum Branch {
    /// Index into [`Tree::leaves`].
    Leaf(usize),
    Group(Box<Group>),
}

/// A node with a strategy.
#[derive(Debug)]
pub struct Group {
    /// `config`, `config.targets[1]`, …
    pub path: String,
    pub mode: Mode,
    pub children: Vec<Child>,
    /// `None`: any status but 2xx.
    pub on_status_codes: Option<Vec<u16>>,
    pub conditions: Vec<Rule>,
    /// Index of the child for calls that meet no condition.
    pub default: Option<usize>,
    pub sticky: Option<Stuck>,
    pub hedge: Option<Hedge>,
    pub queue: Option<Queue>,
}

#[derive(Debug)]
pub struct Child {
    /// JSON path of the target.
    pub path: String,
    pub name: Option<String>,
    pub weight: f64,
    /// Tier of the mode `priority`.
    pub priority: u32,
    pub branch: Branch,
}

/// A condition with its target found.
#[derive(Debug)]
pub struct Rule {
    pub query: when::Query,
    /// Index of the child.
    pub then: usize,
}

/// Calls with the same values of `fields` stay with one child for `ttl` seconds.
#[derive(Debug)]
pub struct Stuck {
    pub fields: Vec<String>,
    pub ttl: u64,
}

/// A target that can be called, with what it inherits.
#[derive(Debug, Default)]
pub struct Leaf {
    /// JSON path: its identity within the config.
    pub path: String,
    pub name: Option<String>,
    /// `@slug` or a bare vendor; a virtual key is written as `@slug`. `None`: the request names it.
    pub provider: Option<String>,
    pub passthrough: bool,
    pub api_key: Option<String>,
    pub custom_host: Option<String>,
    pub forward_headers: Vec<String>,
    /// Milliseconds.
    pub request_timeout: Option<u64>,
    pub strict: Option<bool>,
    pub retry: Retry,
    pub cache: Option<Cache>,
    pub default_params: Map<String, Value>,
    pub override_params: Map<String, Value>,
    pub drop_params: Vec<params::Path>,
    pub stream: Stream,
    pub breaker: Option<Breaker>,
    pub fetch_integrated_models: bool,
    /// Headers that OpenAI is told by: name and value.
    pub openai: Vec<(&'static str, String)>,
    /// Keys whose feature does not exist: a call that comes here is refused by the first of them.
    pub lacking: Vec<String>,
}

/// What is known of a call before a target is chosen.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    pub metadata: &'a Map<String, Value>,
    /// The body as the caller sent it, where it is JSON.
    pub params: Option<&'a Body>,
    /// Such as `/v1/chat/completions`.
    pub pathname: &'a str,
}

/// What is remembered between calls, and chance. Asked in a fixed order, so that equal answers give equal plans.
pub trait Sight {
    /// A number in 0..1 for this group.
    fn draw(&self, group: &Group) -> f64;
    /// Whose turn it is: counts up with each call of this group.
    fn turn(&self, group: &Group) -> u64;
    /// The child that calls of `key` stay with.
    fn stuck(&self, group: &Group, key: u64) -> Option<usize>;
    fn health(&self, leaf: &Leaf) -> Health;
    /// Nano-dollars of a usual call (1,000 tokens in, 500 out) with this leaf's model; `None` where it has no price.
    fn cost(&self, leaf: &Leaf) -> Option<i64>;
}

/// How a target has done of late.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Health {
    /// Peak EWMA of its latency in microseconds, times calls in flight plus one; `None`: not called yet.
    pub load_us: Option<f64>,
    pub circuit: Circuit,
    /// The target asked to be left alone until then, milliseconds since 1970 UTC.
    pub cooling_until: Option<i64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Circuit {
    #[default]
    Closed,
    /// Left out until then, milliseconds since 1970 UTC.
    Open { until: i64 },
    /// One call may try whether it is well again.
    HalfOpen,
}

/// What is done for one call.
#[derive(Debug, Default)]
pub struct Plan {
    pub steps: Vec<Step>,
    /// Outermost first.
    pub decisions: Vec<Decision>,
    /// Sticky choices to be remembered: path of the group, key, child, seconds.
    pub remember: Vec<(String, u64, usize, u64)>,
    /// The outermost one on the way to the first step.
    pub queue: Option<Queue>,
    /// Mode of the root.
    pub mode: Mode,
}

/// One target of a plan.
#[derive(Clone, Debug)]
pub struct Step {
    pub leaf: Arc<Leaf>,
    /// Where to go on, innermost strategy first; the first whose trigger is met counts.
    pub onward: Vec<Onward>,
    /// Of the innermost strategy that has one and a next target; that of the first `onward` is then asked as well.
    pub hedge: Option<Hedge>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Onward {
    /// `None`: any status but 2xx.
    pub codes: Option<Arc<[u16]>>,
    /// Index of the step; larger than its own.
    pub to: usize,
}

/// Why there is no plan: the contract's words (§2.6).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoPlan(pub String);

impl Plan {
    /// The step that follows `step` when it has ended with `status`. A stop is final: where the innermost strategy does
    /// not go on, the next one out is asked with the same status.
    pub fn after(&self, step: usize, status: u16) -> Option<usize> {
        self.steps.get(step)?.onward.iter().find(|onward| onward.triggered(status)).map(|onward| onward.to)
    }

    /// The step that the innermost strategy has next, whatever becomes of this one.
    pub fn stands_in(&self, step: usize) -> Option<usize> {
        self.steps.get(step)?.onward.first().map(|onward| onward.to)
    }
}

impl Onward {
    pub fn triggered(&self, status: u16) -> bool {
        self.codes.as_ref().map_or(!(200..300).contains(&status), |codes| codes.contains(&status))
    }
}
