use super::super::told::told;
use super::*;
use serde_json::json;

fn sample() -> Value {
    json!({
        "strategy": {"mode": "conditional", "default": "rest", "conditions": [
            {"query": {"metadata.plan": {"$eq": "paid"}}, "then": "premium"}
        ]},
        "targets": [
            {"name": "rest", "provider": "@b"},
            {"name": "premium", "strategy": {"mode": "fallback", "on_status_codes": [429]}, "targets": [
                {"provider": "@a"},
                {"strategy": {"mode": "loadbalance"}, "targets": [{"provider": "@c", "weight": 3}, {"provider": "@<b>"}]},
            ]},
        ]
    })
}

#[test]
fn the_first_choice_runs_straight_and_the_rest_turns_down() {
    let lights = Lights {
        first: Some("targets[1].targets[0]".into()),
        maybe: vec!["targets[1].targets[1].targets[0]".into()],
        bad: vec![("targets[0].provider".into(), "No \"such\" provider".into())],
        ..Lights::default()
    };
    let svg = draw(&sample(), &lights, BROAD);
    for part in [
        r#"<path class="tk lit" style="--w:2.5px" d="M92 60 H242"/>"#,
        r#"<path class="tk lit" style="--w:2.5px" d="M242 60 H542"/>"#,
        r#"<path class="tk maybe" style="--w:2.5px" d="M242 60 l14 14 V110"/>"#,
        r#"d="M106 238 l14 14 H542"/>"#,
        "metadata.plan is",
        "75 %",
        "otherwise",
        "&lt;b&gt;",
        "No &quot;such&quot; provider",
        r#"class="pf bad" data-path="targets[0]""#,
    ] {
        assert!(svg.contains(part), "{part}\n{svg}");
    }
    assert!(!svg.contains("<b>"), "{svg}");
    assert_eq!(draw(&sample(), &lights, NARROW).matches("<g class").count(), 4);
}

#[test]
fn marks_and_lamps_are_drawn() {
    let seen =
        |lamp| Seen { provider: "a".into(), pace: "p50 1.20 s".into(), lamp, told: "3 % of 40 calls failed".into() };
    let lights = Lights {
        marks: vec![
            ("targets[1].targets[1]".into(), Mark::Gone),
            ("targets[0]".into(), Mark::Changed("was @c".into())),
        ],
        seen: vec![seen("warn")],
        ..Lights::default()
    };
    let svg = draw(&sample(), &lights, BROAD);
    assert_eq!(svg.matches(r#"<g class="pf gone""#).count(), 2, "{svg}");
    for part in
        ["± was @c", "− removed", r#"class="lamp warn"><title>3 % of 40 calls failed</title></path>"#, "p50 1.20 s"]
    {
        assert!(svg.contains(part), "{part}\n{svg}");
    }
}

#[test]
fn it_is_told_in_words_too() {
    let wanted = "Conditions of metadata.plan is paid: Fallback of a; on 429: Load balance of 75 %: c; 25 %: <b>; otherwise: rest";
    assert_eq!(told(&sample()), wanted);
    assert_eq!(told(&json!({"provider": "@a"})), "a");
}

#[test]
fn of_a_wide_config_it_is_said_how_many_are_not_drawn() {
    let many = |count: usize| (0..count).map(|at| json!({"provider": format!("@p{at}")})).collect::<Vec<_>>();
    let group = |targets: Vec<Value>| json!({"strategy": {"mode": "fallback"}, "targets": targets});
    for (config, left) in [
        (group(many(MOST)), 0),
        (group(many(MOST + 1)), 1),
        (group(many(7_500)), 7_400),
        (group(vec![group(many(90)), group(many(90)), group(many(10))]), 90),
        (group(vec![group(many(100)), json!({"provider": "@z"})]), 1),
    ] {
        for frame in [BROAD, NARROW] {
            let svg = draw(&config, &Lights::default(), frame);
            assert_eq!(svg.matches("<g class").count(), MOST);
            assert_eq!(svg.contains(&format!(">{left} more, in the JSON<")), left > 0, "{left}");
        }
        let told = told(&config);
        assert_eq!((told.contains("p89;"), told.contains(" more, in the JSON")), (true, left > 0), "{left}: {told}");
        assert!(told.len() < 5_000, "{}", told.len());
    }
}

#[test]
fn anything_is_drawn() {
    for config in [json!({}), json!({"targets": []}), json!({"targets": [1, null, "x"], "strategy": 3}), json!([])] {
        assert!(draw(&config, &Lights::default(), BROAD).starts_with("<svg"));
    }
    for (path, node) in [
        ("targets[0].retry", "targets[0]"),
        ("retry", ""),
        ("targets[1].targets[2].x", "targets[1].targets[2]"),
        ("targets", ""),
    ] {
        assert_eq!(node_of(path), node);
    }
}
