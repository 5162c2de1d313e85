use super::{NOW, Script, names, planned, tree};
use crate::route::{Branch, Circuit, Facts, Group, Health, Leaf, Plan, Sight, plan};
use serde_json::{Map, Value, json};
use std::cell::Cell;
use std::collections::BTreeSet;

/// xorshift64*: the same numbers in every run.
struct Dice(Cell<u64>);

impl Dice {
    fn below(&self, limit: u64) -> u64 {
        let mut state = self.0.get();
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        self.0.set(state);
        (state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % limit
    }

    fn unit(&self) -> f64 {
        f64::from(u32::try_from(self.below(1_000_000)).unwrap_or(0)) / 1e6
    }
}

/// Answers by chance: any health, any turn, any draw.
impl Sight for Dice {
    fn draw(&self, _: &Group) -> f64 {
        self.unit()
    }

    fn turn(&self, _: &Group) -> u64 {
        self.below(u64::MAX >> 34)
    }

    fn stuck(&self, _: &Group, _: u64) -> Option<usize> {
        usize::try_from(self.below(6)).ok()
    }

    fn health(&self, _: &Leaf) -> Health {
        let circuit = match self.below(4) {
            0 => Circuit::Open { until: NOW + 1000 },
            1 => Circuit::HalfOpen,
            _ => Circuit::Closed,
        };
        let cooling_until = (self.below(3) == 0).then_some(NOW + 10);
        Health { load_us: (self.below(3) > 0).then(|| self.unit()), circuit, cooling_until }
    }

    fn cost(&self, _: &Leaf) -> Option<i64> {
        i64::try_from(self.below(5)).ok().filter(|cost| *cost > 0)
    }
}

const MODES: [&str; 8] =
    ["single", "fallback", "loadbalance", "conditional", "round-robin", "priority", "least-latency", "least-cost"];

fn config(dice: &Dice, depth: u64) -> Value {
    let mut node = json!({"name": format!("t{}", dice.below(3)), "provider": "@a", "weight": dice.below(4)});
    if dice.below(3) == 0 {
        node["priority"] = json!(dice.below(3));
    }
    if depth == 0 || dice.below(4) == 0 {
        return node;
    }
    let mut targets: Vec<_> = (0..=dice.below(3)).map(|_| config(dice, depth - 1)).collect();
    targets[0]["weight"] = json!(1);
    targets[0]["name"] = json!("first");
    node["targets"] = json!(targets);
    node["strategy"] = strategy(dice);
    node
}

fn strategy(dice: &Dice) -> Value {
    let mode = MODES[usize::try_from(dice.below(8)).expect("a small number")];
    let mut strategy = json!({"mode": mode});
    let chance = || dice.below(3) == 0;
    if mode == "conditional" {
        strategy["default"] = json!("first");
        strategy["conditions"] = json!([{"query": {"metadata.n": {"$gt": dice.below(9)}}, "then": "first"}]);
    }
    for (key, value) in [
        ("on_status_codes", json!([429, 500])),
        ("hedge", json!({"after": 5, "max": dice.below(6)})),
        ("queue", json!({"max_wait": 9})),
        ("cb_config", json!({"failure_threshold": 1})),
        ("sticky", json!({"enabled": true, "hash_fields": ["metadata.n"]})),
    ] {
        if chance() {
            strategy[key] = value;
        }
    }
    strategy
}

fn chain(plan: &Plan, status: u16) -> usize {
    let (mut at, mut count) = (0, 1);
    while let Some(next) = plan.after(at, status) {
        assert!(next > at);
        (at, count) = (next, count + 1);
    }
    count
}

#[test]
fn any_tree_plans_and_no_target_comes_twice() {
    let dice = Dice(Cell::new(0x5eed));
    let metadata = json!({"n": 4}).as_object().cloned().unwrap_or_default();
    let facts = Facts { metadata: &metadata, params: None, pathname: "/v1/chat/completions" };
    for _ in 0..1000 {
        let config = config(&dice, 6);
        let plan = plan(&tree(&config), facts, &dice, NOW).unwrap_or_else(|error| panic!("{config}: {error}"));
        let paths: BTreeSet<_> = plan.steps.iter().map(|step| &step.leaf.path).collect();
        assert_eq!(paths.len(), plan.steps.len(), "{config}");
        for (at, step) in plan.steps.iter().enumerate() {
            assert!(step.onward.iter().all(|onward| onward.to > at && onward.to < plan.steps.len()), "{config}");
            assert!(step.hedge.is_none() || !step.onward.is_empty(), "{config}");
        }
        for status in [200, 400, 429, 500] {
            assert!(chain(&plan, status) <= plan.steps.len(), "{config}");
        }
        for decision in &plan.decisions {
            assert!(!decision.reason.is_empty() && !decision.chosen.is_empty(), "{config}");
        }
    }
}

#[test]
fn equal_answers_give_equal_plans() {
    for seed in 1..200 {
        let config = config(&Dice(Cell::new(seed)), 5);
        let tree = tree(&config);
        let metadata = Map::new();
        let facts = Facts { metadata: &metadata, params: None, pathname: "/" };
        let once = || format!("{:?}", plan(&tree, facts, &Dice(Cell::new(seed)), NOW));
        assert_eq!(once(), once());
    }
}

#[test]
fn weights_converge() {
    let weights = [0.5, 0.3, 0.15, 0.05];
    let targets = weights.iter().enumerate().map(|(at, weight)| json!({"name": at.to_string(), "weight": weight}));
    let tree = tree(&json!({"strategy": {"mode": "loadbalance"}, "targets": targets.collect::<Vec<_>>()}));
    let (dice, metadata) = (Dice(Cell::new(42)), Map::new());
    let calm = Calm(&dice);
    let mut counts = [0_u32; 4];
    for _ in 0..100_000 {
        let facts = Facts { metadata: &metadata, params: None, pathname: "/" };
        let plan = plan(&tree, facts, &calm, NOW).expect("a plan");
        counts[names(&plan).parse::<usize>().expect("a number")] += 1;
    }
    for (count, weight) in counts.into_iter().zip(weights) {
        assert!((f64::from(count) / 100_000.0 - weight).abs() < 0.01, "{counts:?}");
    }
}

/// Chance where everybody is well.
struct Calm<'a>(&'a Dice);

impl Sight for Calm<'_> {
    fn draw(&self, group: &Group) -> f64 {
        self.0.draw(group)
    }

    fn turn(&self, group: &Group) -> u64 {
        self.0.turn(group)
    }

    fn stuck(&self, _: &Group, _: u64) -> Option<usize> {
        None
    }

    fn health(&self, _: &Leaf) -> Health {
        Health::default()
    }

    fn cost(&self, _: &Leaf) -> Option<i64> {
        None
    }
}

#[test]
fn the_deepest_config_plans() {
    let config = (0..64).fold(
        json!({"name": "x", "provider": "@a"}),
        |config, _| json!({"strategy": {"mode": "fallback"}, "targets": [config, {"name": "y", "provider": "@b"}]}),
    );
    let plan = planned(&config, &Script::default());
    assert_eq!(plan.steps.len(), 65);
    assert_eq!(chain(&plan, 500), 65);
    assert!(matches!(tree(&config).root, Branch::Group(_)));
}
