use super::{NOW, Script, names, planned, planned_with, walk};
use crate::route::{Circuit, Health, Plan};
use serde_json::{Value, json};

/// Targets with these weights, called a, b, c, …; each with a circuit breaker.
fn weighted(mode: &str, weights: &[f64]) -> Value {
    let names = ["a", "b", "c", "d"];
    let target = |(name, weight): (&&str, &f64)| json!({"name": name, "provider": "@a", "weight": weight});
    let targets: Vec<_> = names.iter().zip(weights).map(target).collect();
    json!({"strategy": {"mode": mode, "cb_config": {"failure_threshold": 3}}, "targets": targets})
}

fn excluded(plan: &Plan) -> Vec<&str> {
    plan.decisions[0].candidates.iter().map(|candidate| candidate.excluded.as_deref().unwrap_or("")).collect()
}

#[test]
fn a_draw_is_told_with_the_shares() {
    let config = weighted("loadbalance", &[0.7, 0.3, 0.0]);
    for (draw, wanted) in [(0.0, "a"), (0.69, "a"), (0.71, "b"), (0.999_999, "b"), (1.0, "b"), (f64::NAN, "a")] {
        let plan = planned(&config, &Script { draw, ..Script::default() });
        assert_eq!((names(&plan).as_str(), walk(&plan, 500).as_str()), (wanted, wanted), "{draw}");
    }
    let plan = planned(&config, &Script { draw: 0.71, ..Script::default() });
    let decision = &plan.decisions[0];
    assert_eq!(decision.reason, "Drawn by weight: 0.7100 falls to `b`, whose share is 30.0 %.");
    assert_eq!((decision.path.as_str(), decision.mode.as_str()), ("config", "loadbalance"));
    assert_eq!((decision.draw, decision.chosen.as_slice()), (Some(0.71), &["config.targets[1]".to_owned()][..]));
    let shares: Vec<_> = decision.candidates.iter().map(|candidate| candidate.share).collect();
    assert_eq!(shares, [Some(0.7), Some(0.3), None]);
    assert_eq!(excluded(&plan), ["", "", "its weight is 0"]);
}

#[test]
fn broken_targets_are_left_out_unless_all_are() {
    for (mode, left, all) in [
        ("fallback", "b c", "a b c"),
        ("loadbalance", "b", "a"),
        ("round-robin", "b", "a"),
        ("least-latency", "b", "a"),
        ("least-cost", "b", "a"),
        ("priority", "b c a", "a b c"),
    ] {
        let config = weighted(mode, &[1.0, 1.0, 1.0]);
        let until = NOW + 60_000;
        let one = Script::default().open("targets[0]", until);
        let plan = planned(&config, &one);
        assert_eq!(names(&plan), left, "{mode}");
        let measure = plan.decisions[0].candidates[0].measure.clone().unwrap_or_default();
        let told = format!("{}{measure}", excluded(&plan)[0]);
        assert!(told.contains("circuit open until 09:31:31 UTC"), "{mode}: {told}");
        let every = one.open("targets[1]", until).open("targets[2]", until);
        assert_eq!(names(&planned(&config, &every)), all, "{mode}");
        let past = Script::default().open("targets[0]", NOW);
        assert!(names(&planned(&config, &past)).starts_with('a'), "{mode}");
        let mut half = Script::default();
        half.health.insert("targets[0]", Health { circuit: Circuit::HalfOpen, ..Health::default() });
        assert!(names(&planned(&config, &half)).starts_with('a'), "{mode}");
    }
}

#[test]
fn targets_that_ask_to_be_left_alone_wait_except_in_a_fallback() {
    for (mode, wanted) in [
        ("fallback", "a b"),
        ("loadbalance", "b"),
        ("round-robin", "b"),
        ("least-latency", "b"),
        ("least-cost", "b"),
        ("priority", "b a"),
    ] {
        let config = weighted(mode, &[1.0, 1.0]);
        let one = Script::default().cooling("targets[0]");
        assert_eq!(names(&planned(&config, &one)), wanted, "{mode}");
        let both = planned(&config, &one.cooling("targets[1]"));
        assert!(names(&both).starts_with('a'), "{mode}");
        let rest = Script::default().cooling("targets[0]").open("targets[1]", NOW + 1000);
        assert!(names(&planned(&config, &rest)).starts_with('a'), "{mode}");
    }
}

#[test]
fn a_condition_leads_to_its_target_though_it_is_broken() {
    let config = json!({
        "strategy": {"mode": "conditional", "default": "a", "cb_config": {"failure_threshold": 1},
            "conditions": [{"query": {}, "then": "b"}]},
        "targets": [{"name": "a", "provider": "@a"}, {"name": "b", "provider": "@b"}]
    });
    assert_eq!(names(&planned(&config, &Script::default().open("targets[1]", NOW + 9))), "b");
}

#[test]
fn a_group_is_broken_when_all_its_targets_are() {
    let inner = weighted("loadbalance", &[1.0, 1.0]);
    let config = json!({"strategy": {"mode": "fallback"}, "targets": [inner, {"name": "z", "provider": "@z"}]});
    let half = Script::default().open("targets[0].targets[0]", NOW + 9);
    assert_eq!(names(&planned(&config, &half)), "b z");
    let whole = half.open("targets[0].targets[1]", NOW + 9);
    assert_eq!(names(&planned(&config, &whole)), "z");
}

#[test]
fn turns_go_round_among_those_that_are_left() {
    let line = |weights: &[f64], script: &dyn Fn(u64) -> Script| -> String {
        (0..7).map(|turn| names(&planned(&weighted("round-robin", weights), &script(turn)))).collect()
    };
    let plain = |turn| Script { turn, ..Script::default() };
    assert_eq!(line(&[1.0, 1.0, 1.0], &plain), "abcabca");
    assert_eq!(line(&[5.0, 1.0, 1.0], &plain), "aabacaa");
    assert_eq!(line(&[1.0, 0.0, 1.0], &plain), "acacaca");
    let broken = |turn| Script { turn, ..Script::default() }.open("targets[1]", NOW + 9);
    assert_eq!(line(&[1.0, 1.0, 1.0], &broken), "acacaca");
}

#[test]
fn tiers_come_in_order_and_lots_decide_within_one() {
    let target = |name: &str, tier: Option<u32>| match tier {
        Some(tier) => json!({"name": name, "provider": "@a", "priority": tier}),
        None => json!({"name": name, "provider": "@a"}),
    };
    let config = |tiers: [Option<u32>; 3]| {
        let targets: Vec<_> = ["a", "b", "c"].iter().zip(tiers).map(|(name, tier)| target(name, tier)).collect();
        json!({"strategy": {"mode": "priority"}, "targets": targets})
    };
    for (tiers, draw, wanted) in [
        ([None, None, None], 0.9, "a b c"),
        ([Some(3), Some(1), Some(2)], 0.9, "b c a"),
        ([Some(1), Some(0), Some(1)], 0.0, "b a c"),
        ([Some(1), Some(0), Some(1)], 0.9, "b c a"),
        ([Some(2), None, None], 0.0, "b a c"),
    ] {
        let script = Script { draw, ..Script::default() };
        let plan = planned(&config(tiers), &script);
        assert_eq!((names(&plan).as_str(), walk(&plan, 500).as_str()), (wanted, wanted), "{tiers:?} {draw}");
        let drawn = script.asked.borrow().iter().any(|asked| asked.starts_with("draw"));
        assert_eq!(plan.decisions[0].draw.is_some(), drawn);
    }
}

#[test]
fn the_least_comes_first() {
    for (mode, script, wanted) in [
        ("least-latency", Script::default(), "a"),
        (
            "least-latency",
            Script::default().load("targets[0]", 9.0).load("targets[1]", 8.0).load("targets[2]", 7.0),
            "c",
        ),
        ("least-latency", Script::default().load("targets[0]", 9.0).load("targets[2]", 7.0), "b"),
        ("least-latency", Script::default().load("targets[0]", f64::NAN), "b"),
        ("least-cost", Script::default(), "a"),
        ("least-cost", Script::default().cost("targets[2]", 5), "c"),
        ("least-cost", Script::default().cost("targets[0]", 5).cost("targets[1]", 4).cost("targets[2]", 6), "b"),
        ("least-cost", Script::default().cost("targets[1]", 0), "b"),
    ] {
        let plan = planned(&weighted(mode, &[1.0, 1.0, 1.0]), &script);
        assert_eq!(names(&plan), wanted, "{mode} {script:?}");
    }
    let plan = planned(&weighted("least-cost", &[1.0, 1.0]), &Script::default().cost("targets[1]", 420_000));
    assert_eq!(plan.decisions[0].reason, "`b` costs least: $0.00042 a usual call.");
    assert_eq!(plan.decisions[0].candidates[0].measure.as_deref(), Some("no price"));
}

#[test]
fn calls_with_the_same_values_stay_while_the_target_can_be_called() {
    let mut config = weighted("loadbalance", &[1.0, 1.0, 0.0]);
    config["strategy"]["sticky"] = json!({"enabled": true, "hash_fields": ["metadata.user"], "ttl": 60});
    let metadata = |value: Value| value.as_object().cloned().unwrap_or_default();
    let ann = metadata(json!({"user": "ann"}));
    let stuck = |stuck| Script { stuck, draw: 0.9, ..Script::default() };
    for (metadata, script, name, kept) in [
        (&ann, stuck(None), "b", Some(1)),
        (&ann, stuck(Some(0)), "a", None),
        (&ann, Script { draw: 0.0, ..stuck(Some(1)) }, "b", None),
        (&ann, stuck(Some(0)).open("targets[0]", NOW + 9), "b", Some(1)),
        (&ann, stuck(Some(0)).cooling("targets[0]"), "b", Some(1)),
        (&ann, stuck(Some(2)), "b", Some(1)),
        (&ann, stuck(Some(7)), "b", Some(1)),
        (&metadata(json!({})), stuck(Some(0)), "b", None),
    ] {
        let plan = planned_with(&config, metadata, &script).expect("a plan");
        assert_eq!(names(&plan), name, "{script:?}");
        let remembered = plan.remember.first().map(|(path, _, child, ttl)| (path.as_str(), *child, *ttl));
        assert_eq!(remembered, kept.map(|child| ("config", child, 60)), "{script:?}");
    }
}
