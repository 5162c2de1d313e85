//! Plans against scripted answers.

mod chosen;
mod properties;
mod steps;

use serde_json::{Map, Value};
use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::route::{Circuit, Facts, Group, Health, Leaf, NoPlan, Plan, Sight, Tree, plan};

/// Milliseconds since 1970 UTC at which the tests play: 09:30:31.
const NOW: i64 = 1_764_149_431_000;

/// Answers as they were written down; paths are without `config.`.
#[derive(Debug, Default)]
struct Script {
    draws: BTreeMap<&'static str, f64>,
    draw: f64,
    turn: u64,
    stuck: Option<usize>,
    health: BTreeMap<&'static str, Health>,
    costs: BTreeMap<&'static str, i64>,
    asked: RefCell<Vec<String>>,
}

impl Script {
    fn open(mut self, path: &'static str, until: i64) -> Self {
        self.health.entry(path).or_default().circuit = Circuit::Open { until };
        self
    }

    fn cooling(mut self, path: &'static str) -> Self {
        self.health.entry(path).or_default().cooling_until = Some(NOW + 5000);
        self
    }

    fn load(mut self, path: &'static str, us: f64) -> Self {
        self.health.entry(path).or_default().load_us = Some(us);
        self
    }

    fn cost(mut self, path: &'static str, nanos: i64) -> Self {
        self.costs.insert(path, nanos);
        self
    }
}

fn short(path: &str) -> &str {
    path.strip_prefix("config.").unwrap_or(path)
}

impl Sight for Script {
    fn draw(&self, group: &Group) -> f64 {
        self.asked.borrow_mut().push(format!("draw {}", group.path));
        self.draws.get(short(&group.path)).copied().unwrap_or(self.draw)
    }

    fn turn(&self, group: &Group) -> u64 {
        self.asked.borrow_mut().push(format!("turn {}", group.path));
        self.turn
    }

    fn stuck(&self, _: &Group, _: u64) -> Option<usize> {
        self.stuck
    }

    fn health(&self, leaf: &Leaf) -> Health {
        self.asked.borrow_mut().push(format!("health {}", leaf.path));
        self.health.get(short(&leaf.path)).copied().unwrap_or_default()
    }

    fn cost(&self, leaf: &Leaf) -> Option<i64> {
        self.costs.get(short(&leaf.path)).copied()
    }
}

fn tree(config: &Value) -> Tree {
    let node = serde_json::from_value(config.clone()).expect("a config");
    Tree::settle(&node).unwrap_or_else(|mistakes| panic!("{config}: {mistakes:?}"))
}

fn planned_with(config: &Value, metadata: &Map<String, Value>, script: &Script) -> Result<Plan, NoPlan> {
    plan(&tree(config), Facts { metadata, params: None, pathname: "/v1/chat/completions" }, script, NOW)
}

fn planned(config: &Value, script: &Script) -> Plan {
    planned_with(config, &Map::new(), script).unwrap_or_else(|error| panic!("{config}: {error}"))
}

/// The names of the targets in their order.
fn names(plan: &Plan) -> String {
    plan.steps.iter().map(|step| step.leaf.name.as_deref().unwrap_or("?")).collect::<Vec<_>>().join(" ")
}

/// The names of the targets that are tried while every one answers `status`.
fn walk(plan: &Plan, status: u16) -> String {
    let mut at = Some(0);
    let mut names = Vec::new();
    while let Some(step) = at {
        names.push(plan.steps[step].leaf.name.clone().unwrap_or_default());
        at = plan.after(step, status);
    }
    names.join(" ")
}
