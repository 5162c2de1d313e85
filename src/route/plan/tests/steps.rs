#![expect(clippy::needless_pass_by_value, reason = "configs stand where they are used")]

use super::{Script, names, planned, planned_with, tree, walk};
use crate::route::{NoPlan, simple};
use app::model::routing::Mode;
use serde_json::{Map, Value, json};
use std::sync::Arc;

fn group(mode: &str, targets: Vec<Value>) -> Value {
    json!({"strategy": {"mode": mode}, "targets": targets})
}

fn coded(codes: &[u16], targets: Vec<Value>) -> Value {
    json!({"strategy": {"mode": "fallback", "on_status_codes": codes}, "targets": targets})
}

fn leaf(name: &str) -> Value {
    json!({"name": name, "provider": "@a"})
}

#[test]
fn one_target_is_one_step_and_no_decision() {
    let script = Script::default();
    let plan = planned(&leaf("a"), &script);
    assert_eq!((plan.steps.len(), plan.decisions.len(), plan.mode), (1, 0, Mode::Single));
    assert_eq!(plan.steps[0].leaf.path, "config");
    assert!(script.asked.borrow().is_empty());
    let plan = simple(Arc::clone(&plan.steps[0].leaf));
    assert_eq!((walk(&plan, 500), plan.decisions.len()), ("a".to_owned(), 0));
}

#[test]
fn fallbacks_go_on_as_the_statuses_say() {
    let plain = group("fallback", vec![leaf("a"), leaf("b"), leaf("c")]);
    let inner = |codes| group("fallback", vec![coded(codes, vec![leaf("a"), leaf("b")]), leaf("c")]);
    let outer = |codes| coded(codes, vec![group("fallback", vec![leaf("a"), leaf("b")]), leaf("c")]);
    let late = group("fallback", vec![leaf("a"), coded(&[429], vec![leaf("b"), leaf("c")])]);
    let middle = group(
        "fallback",
        vec![group("single", vec![coded(&[500], vec![leaf("a"), leaf("b")]), leaf("x")]), leaf("c"), leaf("d")],
    );
    for (config, status, wanted) in [
        (&plain, 500, "a b c"),
        (&plain, 400, "a b c"),
        (&plain, 0, "a b c"),
        (&plain, 200, "a"),
        (&plain, 246, "a"),
        (&plain, 299, "a"),
        (&plain, 300, "a b c"),
        (&coded(&[429, 246], vec![leaf("a"), leaf("b")]), 246, "a b"),
        (&coded(&[429, 246], vec![leaf("a"), leaf("b")]), 429, "a b"),
        (&coded(&[429, 246], vec![leaf("a"), leaf("b")]), 500, "a"),
        (&coded(&[], vec![leaf("a"), leaf("b")]), 500, "a"),
        (&inner(&[429]), 429, "a b c"),
        (&inner(&[429]), 500, "a c"),
        (&inner(&[200]), 200, "a b"),
        (&outer(&[429]), 429, "a b c"),
        (&outer(&[429]), 500, "a b"),
        (&late, 429, "a b c"),
        (&late, 500, "a b"),
        (&middle, 500, "a b c d"),
        (&middle, 429, "a c d"),
        (&middle, 200, "a"),
    ] {
        assert_eq!(walk(&planned(config, &Script::default()), status), wanted, "{config} {status}");
    }
}

#[test]
fn single_takes_its_first_target() {
    let config = group("single", vec![group("single", vec![leaf("a"), leaf("b")]), leaf("c")]);
    let plan = planned(&config, &Script::default());
    assert_eq!((names(&plan).as_str(), walk(&plan, 500).as_str()), ("a", "a"));
    let paths: Vec<_> = plan.decisions.iter().map(|decision| decision.path.as_str()).collect();
    assert_eq!(paths, ["config", "config.targets[0]"]);
}

#[test]
fn a_group_in_a_fallback_gives_one_and_the_next_target_follows() {
    let config = group("fallback", vec![group("loadbalance", vec![leaf("a"), leaf("b")]), leaf("c")]);
    let script = Script { draw: 0.7, ..Script::default() };
    assert_eq!(walk(&planned(&config, &script), 503), "b c");
}

#[test]
fn conditions_choose_and_the_default_takes_the_rest() {
    let condition = |plan: &str, then: &str| json!({"query": {"metadata.plan": plan}, "then": then});
    let config = json!({
        "strategy": {"mode": "conditional", "default": "c", "conditions": [condition("x", "a"), condition("y", "b")]},
        "targets": [leaf("a"), leaf("b"), leaf("c")]
    });
    for (value, wanted, records, reason) in [
        ("x", "a", 1, "Condition 1 holds: its target is `a`."),
        ("y", "b", 2, "Condition 2 holds: its target is `b`."),
        ("z", "c", 2, "No condition holds: the default target is `c`."),
    ] {
        let metadata = json!({"plan": value}).as_object().cloned().unwrap_or_default();
        let plan = planned_with(&config, &metadata, &Script::default()).expect("a plan");
        assert_eq!(names(&plan), wanted);
        assert_eq!((plan.decisions[0].conditions.len(), plan.decisions[0].reason.as_str()), (records, reason));
        assert!(plan.steps[0].onward.is_empty());
    }
}

#[test]
fn what_leads_nowhere_says_so_in_the_contracts_words() {
    let none = json!({"strategy": {"mode": "conditional", "default": "a"}, "targets": [leaf("a")]});
    let unmet = json!({
        "strategy": {"mode": "conditional", "conditions": [{"query": {"metadata.x": 1}, "then": "a"}]},
        "targets": [leaf("a")]
    });
    let idle = |mode: &str| group(mode, vec![json!({"weight": 0, "provider": "@a"}), json!({"weight": 0})]);
    for (config, message) in [
        (none, "No conditions passed in the query router"),
        (unmet, "Query router did not resolve to any valid target"),
        (idle("loadbalance"), "No provider selected"),
        (idle("round-robin"), "No provider selected"),
        (idle("priority"), "No provider selected"),
        (idle("least-cost"), "No provider selected"),
    ] {
        let error = planned_with(&config, &Map::new(), &Script::default()).expect_err("no plan");
        assert_eq!(error, NoPlan(message.to_owned()), "{config}");
    }
    let stranger =
        json!({"strategy": {"mode": "conditional", "default": "b", "conditions": []}, "targets": [leaf("a")]});
    let node = serde_json::from_value(stranger).expect("a config");
    let mistakes = crate::route::Tree::settle(&node).expect_err("a mistake");
    assert_eq!(mistakes[0].message, "Invalid target name found in the query router: b");
}

#[test]
fn hedges_belong_to_steps_that_have_a_next_target() {
    let hedged = |mode: &str, after: u64, targets: Vec<Value>| json!({"strategy": {"mode": mode, "hedge": {"after": after}}, "targets": targets});
    let after = |config: &Value| -> Vec<_> {
        let plan = planned(config, &Script { draw: 0.1, ..Script::default() });
        plan.steps.iter().map(|step| step.hedge.as_ref().map_or(0, |hedge| hedge.after)).collect()
    };
    let two = || vec![leaf("a"), leaf("b")];
    assert_eq!(after(&hedged("fallback", 5, two())), [5, 0]);
    assert_eq!(after(&hedged("fallback", 5, vec![hedged("fallback", 7, two()), leaf("c")])), [7, 5, 0]);
    assert_eq!(after(&hedged("fallback", 5, vec![group("loadbalance", two()), leaf("c")])), [5, 0]);
    let plan = planned(&hedged("loadbalance", 5, vec![leaf("a"), leaf("b"), leaf("c")]), &Script::default());
    assert_eq!((plan.steps.len(), walk(&plan, 500).as_str()), (2, "a"));
    assert_eq!((plan.steps[0].onward[0].to, plan.steps[0].onward[0].triggered(500)), (1, false));
    for (max, steps) in [(1, 1), (3, 3), (9, 4)] {
        let mut config = hedged("round-robin", 5, vec![leaf("a"), leaf("b"), leaf("c"), leaf("d"), leaf("e")]);
        config["strategy"]["hedge"]["max"] = json!(max);
        assert_eq!(planned(&config, &Script::default()).steps.len(), steps, "{max}");
    }
}

#[test]
fn the_outermost_queue_on_the_way_to_the_first_step_counts() {
    let queued = |wait: u64, targets: Vec<Value>| json!({"strategy": {"mode": "fallback", "queue": {"max_wait": wait}}, "targets": targets});
    for (config, wait) in [
        (leaf("a"), None),
        (group("fallback", vec![leaf("a"), leaf("b")]), None),
        (queued(1, vec![queued(2, vec![leaf("a")]), leaf("b")]), Some(1)),
        (group("fallback", vec![queued(2, vec![leaf("a")]), leaf("b")]), Some(2)),
        (group("fallback", vec![leaf("a"), queued(2, vec![leaf("b")])]), None),
    ] {
        let plan = planned(&config, &Script::default());
        assert_eq!(plan.queue.map(|queue| queue.max_wait), wait, "{config}");
    }
}

#[test]
fn the_mode_is_the_roots() {
    for (mode, wanted) in [("fallback", Mode::Fallback), ("least-cost", Mode::LeastCost)] {
        assert_eq!(planned(&group(mode, vec![leaf("a")]), &Script::default()).mode, wanted);
    }
    assert_eq!(tree(&group("fallback", vec![leaf("a"), leaf("b")])).leaves.len(), 2);
}
