//! A config's text and, after a NUL, the body of a call. What is read is written back as the same config and settles
//! alike, and whatever is known of its targets, its plan is one that can be carried out.

use app::model::routing::{Mistake, Node, read, read_text};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use std::cell::Cell;
use switchyard::route::{Circuit, Facts, Group, Health, Leaf, Plan, Sight, Tree, params, plan};
use switchyard::wire::body::Body;

/// Milliseconds since 1970 UTC.
const NOW: i64 = 1_764_149_431_000;
/// Told at once, for all that they are.
const MISTAKES_MOST: usize = 100;
/// Characters of one sentence.
const MESSAGE_MOST: usize = 10_000;
const CALL: &[u8] = br#"{"model":"gpt-4o","metadata":{"plan":"paid","n":7},"user":"u1","a":{"b":[{"x":1},2]}}"#;

/// Fails where the promise above is broken.
pub fn run(data: &[u8]) {
    let (config, call) = match data.iter().position(|byte| *byte == 0) {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (data, CALL),
    };
    let Ok(text) = std::str::from_utf8(config) else { return };
    match read_text(text) {
        Err(mistakes) => told(&mistakes),
        Ok(node) => {
            let given = serde_json::from_str(text).map(plain).ok();
            assert_eq!(Some(plain(json!(node))), given, "something was added or lost");
            understood(&node, call);
        }
    }
}

/// With the one spelling of what has two: a cache as a bare word, no fields to hash, whole numbers.
fn plain(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter().filter(|(key, value)| key != "hash_fields" || *value != json!([]));
            let fields = fields.map(|(key, value)| match value {
                Value::String(mode) if key == "cache" => (key, json!({ "mode": mode })),
                value => (key, plain(value)),
            });
            Value::Object(fields.collect())
        }
        Value::Array(items) => items.into_iter().map(plain).collect(),
        Value::Number(number) => json!(number.as_f64()),
        other => other,
    }
}

fn understood(node: &Node, call: &[u8]) {
    let written = json!(node);
    let again = read(&written).unwrap_or_else(|mistakes| broken("what is written cannot be read", &mistakes));
    assert_eq!(json!(again), written, "the config that is written is another one");
    let stored = read_text(&written.to_string()).map(|stored| json!(stored));
    assert_eq!(stored, Ok(written), "the config that is stored is another one");
    match (Tree::settle(node), Tree::settle(&again)) {
        (Err(mistakes), Err(same)) => {
            told(&mistakes);
            assert_eq!(mistakes, same);
        }
        (Ok(tree), Ok(same)) => {
            assert_eq!(format!("{tree:?}"), format!("{same:?}"), "the config that is written settles otherwise");
            called(&tree, call);
        }
        (one, other) => broken("one settles and one does not", &(one.is_ok(), other.is_ok())),
    }
}

fn called(tree: &Tree, call: &[u8]) {
    let body = Body::parse(&Bytes::copy_from_slice(call)).ok();
    let metadata: Map<String, Value> = body.as_ref().and_then(|body| body.read("metadata")).unwrap_or_default();
    let facts = Facts { metadata: &metadata, params: body.as_ref(), pathname: "/v1/chat/completions" };
    for seed in 0..4 {
        let once = || plan(tree, facts, &Dull(Cell::new(seed)), NOW);
        let planned = once();
        assert_eq!(format!("{planned:?}"), format!("{:?}", once()), "equal answers gave another plan");
        match planned {
            Ok(plan) => can_be_carried_out(&plan),
            Err(none) => assert!(!none.0.is_empty()),
        }
    }
    for leaf in &tree.leaves {
        let Some(mut body) = body.clone() else { return };
        params::apply(&mut body, leaf);
        assert!(Body::parse(&body.bytes()).is_ok(), "the parameters broke the body: {:?}", body.bytes());
    }
}

fn can_be_carried_out(plan: &Plan) {
    let count = plan.steps.len();
    assert!(count > 0, "a plan without a step");
    let mut paths: Vec<_> = plan.steps.iter().map(|step| &step.leaf.path).collect();
    paths.sort_unstable();
    assert!(paths.windows(2).all(|pair| pair[0] != pair[1]), "a target comes twice: {paths:?}");
    for (at, step) in plan.steps.iter().enumerate() {
        assert!(step.onward.iter().all(|onward| (at + 1..count).contains(&onward.to)), "it goes nowhere: {step:?}");
        assert!(step.hedge.is_none() || !step.onward.is_empty(), "nobody to ask as well: {step:?}");
    }
    for decision in &plan.decisions {
        assert!(!decision.reason.is_empty() && !decision.chosen.is_empty(), "{decision:?}");
        let known = |path: &String| decision.candidates.iter().any(|candidate| candidate.path == *path);
        assert!(decision.chosen.iter().all(known), "{decision:?}");
    }
}

/// Every mistake has words, and together they stay within bounds.
fn told(mistakes: &[Mistake]) {
    assert!((1..=MISTAKES_MOST).contains(&mistakes.len()), "{} mistakes", mistakes.len());
    for mistake in mistakes {
        assert!((1..=MESSAGE_MOST).contains(&mistake.message.len()), "{mistake:?}");
    }
}

fn broken<T>(what: &str, shown: &impl std::fmt::Debug) -> T {
    assert!(what.is_empty(), "{what}: {shown:?}");
    unreachable!()
}

/// Answers that depend on nothing but how often it was asked: from a calm house to one where everything fails.
struct Dull(Cell<u64>);

impl Dull {
    fn next(&self, limit: u64) -> u64 {
        let state = self.0.get();
        if state > 0 {
            self.0.set(state.wrapping_mul(0x2545_f491_4f6c_dd1d).wrapping_add(1));
        }
        (state >> 33) % limit
    }
}

impl Sight for Dull {
    fn draw(&self, _: &Group) -> f64 {
        [0.0, 0.5, 0.999_999_999, 0.25][self.index(4)]
    }

    fn turn(&self, _: &Group) -> u64 {
        [0, 1, u64::MAX, 12][self.index(4)]
    }

    fn stuck(&self, _: &Group, _: u64) -> Option<usize> {
        [None, Some(0), Some(1), Some(usize::MAX)][self.index(4)]
    }

    fn health(&self, _: &Leaf) -> Health {
        let circuit = [Circuit::Closed, Circuit::HalfOpen, Circuit::Open { until: NOW + 1000 }][self.index(3)];
        let cooling_until = [None, Some(NOW + 10), Some(i64::MIN), Some(i64::MAX)][self.index(4)];
        let load_us = [None, Some(0.0), Some(1e300), Some(f64::NAN)][self.index(4)];
        Health { load_us, circuit, cooling_until }
    }

    fn cost(&self, _: &Leaf) -> Option<i64> {
        [None, Some(0), Some(i64::MAX), Some(420_000)][self.index(4)]
    }
}

impl Dull {
    fn index(&self, limit: u64) -> usize {
        usize::try_from(self.next(limit)).unwrap_or_default()
    }
}
