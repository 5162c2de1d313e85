//! Costs of calls that were made: they stay as they are until somebody recomputes them.
#![expect(clippy::expect_used, reason = "what cannot be asked is a failed test")]

use crate::rig::{KEY, NOW, Rig, Scene, Yard, get, post, with};
use app::backend::ModelDesk;
use app::model::models::NewPrice;
use app::model::money::Nanos;
use app::model::recompute::{By, Recompute, RecomputeForm, RecomputeSum};
use serde_json::{Value, json};
use std::cell::RefCell;
use switchyard::clock::Clock;
use switchyard::desk::Seat;
use switchyard::settings::Settings;
use switchyard::{errand, secret};

const DAY: i64 = 86_400_000;
const BOTH: &[(&str, &str)] = &[("pc-kept", r#"{"cache":{"mode":"simple"}}"#)];

fn reply(model: &str) -> Scene {
    let details = json!({ "cached_tokens": 400 });
    let usage = json!({ "prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100, "prompt_tokens_details": details });
    let choice = json!({ "index": 0, "message": { "role": "assistant", "content": "hello" }, "finish_reason": "stop" });
    Scene::json(200, json!({ "id": "c", "model": model, "choices": [choice], "usage": usage }).to_string())
}

/// Three calls with a price and two without, a hit of the cache and a refusal, all of them of yesterday by the end.
async fn worked() -> Rig {
    let rig = Rig::of(Yard { configs: BOTH, ..Yard::default() }).await;
    for model in ["gpt-4o", "gpt-4o", "nobody-knows", "nobody-knows"] {
        rig.upstream.then(reply(model));
        let body = json!({ "model": format!("@alpha/{model}"), "user": "ada", "messages": [{ "role": "user", "content": "hi" }] });
        assert_eq!(rig.chat(&body.to_string()).await.status, 200);
        rig.house.clock.advance(60_000);
    }
    rig.upstream.then(reply("gpt-4o"));
    for _ in 0..2 {
        let kept =
            post("/v1/chat/completions", r#"{"model":"@alpha/gpt-4o","messages":[{"role":"user","content":"ho"}]}"#);
        assert_eq!(rig.send(with(kept, "x-portkey-config", "pc-kept")).await.status, 200);
        rig.house.clock.advance(60_000);
    }
    rig.upstream.then(Scene::json(429, r#"{"error":{"message":"slow down"}}"#));
    assert_eq!(rig.chat(r#"{"model":"@alpha/gpt-4o","messages":[]}"#).await.status, 429);
    rig.house.clock.advance(DAY);
    rig
}

fn seat(rig: &Rig) -> Seat {
    let book = rig.house.shelf.book();
    Seat::of_key(rig.house.clone(), book.key(&secret::digest(KEY)).expect("the rig's key"))
}

async fn price(rig: &Rig, model: &str, input: &str, output: &str) {
    let form = NewPrice {
        provider: "alpha".into(),
        model: model.into(),
        input: input.into(),
        cached: "0.5".into(),
        output: output.into(),
        ..NewPrice::default()
    };
    seat(rig).set_price(form).await.expect("a price");
}

fn form(by: By) -> RecomputeForm {
    RecomputeForm { from: "2026-11-24".into(), to: "2026-11-24".into(), by }
}

async fn looked(rig: &Rig, by: By) -> Recompute {
    seat(rig).recompute_preview(form(by)).await.expect("a preview")
}

/// Costs of all rows, oldest first, in nano-dollars.
async fn costs(rig: &Rig) -> Vec<Option<i64>> {
    let rows = rig.logs().await;
    let cost = |row: &Value| {
        row["metrics"]["cost"].as_f64().map(|cents| format!("{:.0}", cents * 1e7).parse().expect("a sum"))
    };
    rows.iter().rev().map(cost).collect()
}

/// What the charts of that day add up to: dollar cents.
async fn charted(rig: &Rig, more: &str) -> f64 {
    let span = "time_of_generation_min=2026-11-24T00:00:00Z&time_of_generation_max=2026-11-25T00:00:00Z";
    let told = rig.send(get(&format!("/v1/analytics/graphs/cost?{span}{more}"))).await.json();
    told["summary"]["total"].as_f64().expect("a sum")
}

async fn sums_agree(rig: &Rig) {
    let rows = costs(rig).await.into_iter().flatten().sum::<i64>();
    let users = r#"&metadata=%7B%22_user%22%3A%22ada%22%7D"#;
    let of_ada = costs(rig).await.into_iter().take(4).flatten().sum::<i64>();
    for (more, rows) in [("", rows), (users, of_ada)] {
        let told = charted(rig, more).await;
        assert_eq!(format!("{:.0}", told * 1e7), rows.to_string(), "{more}");
    }
}

/// 600 tokens in, 400 of the cache and 100 out, by the list and by the prices that these tests set.
const LISTED: i64 = 600 * 2_500 + 400 * 1_250 + 100 * 10_000;
const OWN: i64 = 600 * 1_000 + 400 * 500 + 100 * 2_000;

#[tokio::test]
async fn past_costs_change_when_it_is_asked_for_and_the_figures_with_them() {
    let rig = worked().await;
    let before = vec![Some(LISTED), Some(LISTED), None, None, Some(LISTED), Some(0), Some(0)];
    assert_eq!(costs(&rig).await, before);
    assert_eq!(looked(&rig, By::Today).await.all.changed, 0, "no price has changed");
    price(&rig, "gpt-4o", "1", "2").await;
    price(&rig, "nobody-knows", "1", "2").await;
    assert_eq!(looked(&rig, By::Then).await.all.changed, 0, "both begin after the calls");
    let told = looked(&rig, By::Today).await;
    let sum =
        RecomputeSum { calls: 5, changed: 5, priced: 2, unpriced: 0, before: Nanos(3 * LISTED), after: Nanos(5 * OWN) };
    assert_eq!((told.all, told.lines.len(), told.editable), (sum, 2, true));
    let models: Vec<_> = told.lines.iter().map(|line| (&*line.model, line.sum.changed)).collect();
    assert_eq!(models, [("gpt-4o", 3), ("nobody-knows", 2)]);
    assert_eq!(costs(&rig).await, before, "looking changes nothing");
    sums_agree(&rig).await;
    assert_eq!(seat(&rig).recompute(form(By::Today)).await.expect("done").all, sum);
    assert_eq!(costs(&rig).await, [Some(OWN), Some(OWN), Some(OWN), Some(OWN), Some(OWN), Some(0), Some(0)]);
    sums_agree(&rig).await;
    assert_eq!(looked(&rig, By::Today).await.all.changed, 0, "it is done");
    let back = looked(&rig, By::Then).await;
    assert_eq!(
        (back.all.changed, back.all.after.0),
        (3, 3 * LISTED + 2 * OWN),
        "what had no price then keeps this one"
    );
    let changes = rig.house.store.recent_changes("default", NOW, NOW + 2 * DAY, 10).await.expect("changes");
    let done = changes.iter().find(|change| change.kind == "recomputed").expect("it is told");
    assert_eq!((done.number, done.note.as_str()), (5, "today"));
}

#[tokio::test]
async fn days_that_are_not_over_are_refused_and_nothing_is_read_before_it_is_asked() {
    let rig = worked().await;
    let today = RecomputeForm { from: "2026-11-25".into(), to: "2026-11-25".into(), by: By::Today };
    for told in [seat(&rig).recompute_preview(today.clone()).await, seat(&rig).recompute(today).await] {
        assert!(told.expect_err("a refusal").of("to").is_some_and(|text| text.contains("still being counted")));
    }
    let blank = seat(&rig).recompute_preview(RecomputeForm::default()).await.expect("a form");
    assert_eq!((blank.looked, blank.form.to.as_str(), blank.all.calls), (false, "2026-11-24", 0));
}

#[tokio::test]
async fn the_command_line_shows_first_and_changes_when_told() {
    let rig = worked().await;
    price(&rig, "nobody-knows", "1", "2").await;
    let now = rig.house.clock.now();
    let folder = rig.close().await;
    let errand = async |more: &[&str]| {
        let setup = folder.path().join("switchyard.toml").to_string_lossy().into_owned();
        let given = ["switchyard", "--setup", &setup, "recompute", "--from", "2026-11-24", "--to", "2026-11-24"];
        let settings = Settings::load(given.iter().chain(more).map(Into::into), |_| None).expect("settings");
        let said = RefCell::new(Vec::new());
        let done = errand::run(&settings, &Clock::frozen(now), |line| said.borrow_mut().push(line.to_owned())).await;
        done.expect("an errand");
        said.into_inner().join("\n")
    };
    let shown = errand(&[]).await;
    assert!(shown.contains("Nothing is written.") && shown.contains("@alpha/nobody-knows"), "{shown}");
    assert!(errand(&["--apply"]).await.contains("2026-11-24 2 calls changed"));
    assert!(errand(&["--apply"]).await.contains("Nothing changes."));
}
