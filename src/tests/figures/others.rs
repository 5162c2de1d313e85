//! What else is drawn from calls, held against the rows: feedback, and the figures that stand beside providers, models,
//! keys, configs and logs.
#![expect(clippy::expect_used, reason = "what cannot be asked is a failed test")]

use super::console;
use super::feedback;
use super::graphs::Span;
use super::pages::{Case, DAY, Filter, HOUR, groups};
use super::rows::{self, Apart, MODEL, Meant, Rows, Sum};
use crate::rig::{NOW, Rig, Scene, Yard, post, with};
use app::backend::{ConfigDesk, KeyDesk, LogDesk, ModelDesk, ProviderDesk};
use app::model::analytics::{Each, Narrow, Tab};
use app::model::log::LogQuery;
use app::model::models::ModelQuery;
use app::model::range::{MINUTE, Range, Window};
use serde_json::json;
use sqlx::sqlite::SqliteConnection;
use std::collections::BTreeMap;
use switchyard::desk::Seat;

const PLAIN: &str = "sy-plain000000000000000000000000000";
const ROUNDS: [&str; 3] = ["fresh", "added up", "made again"];
/// Nothing is called after now.
const EVER: i64 = i64::MAX;

/// Calls of a day and a bit, half of them at either end of it, and what was said of them some minutes later.
async fn spoken() -> Rig {
    let configs = &[("pc-kept", r#"{"cache":{"mode":"simple"}}"#)];
    let rig = Rig::of(Yard { configs, providers: &[("beta", "openai")], ..Yard::default() }).await;
    for number in 0..50 {
        let wait = if number < 42 { 13 * MINUTE } else { MINUTE };
        call(&rig, number).await;
        rig.house.clock.advance(wait / 2);
        opine(&rig, number).await;
        rig.house.clock.advance(wait - wait / 2 + if number == 20 { 15 * HOUR } else { 0 });
    }
    call(&rig, 53).await;
    rig.house.clock.advance(20_000);
    rig
}

/// Answered, failing, kept and refused ones, and ones made elsewhere, which take as long as they say. Four have a trace.
async fn call(rig: &Rig, number: usize) {
    let (model, status) = [
        ("@sandbox/echo", 200),
        ("@alpha/gpt-4o", 200),
        ("@alpha/gpt-4o", 429),
        ("", 200),
        ("@sandbox/json", 200),
        ("", 503),
        ("@nobody/gpt", 400),
    ][number % 7];
    let env = if number.is_multiple_of(3) { "dev" } else { "prod" };
    let usage = json!({ "prompt_tokens": 100 + number, "completion_tokens": 10, "total_tokens": 110 + number });
    let reply = json!({ "object": "chat.completion", "model": "gpt-4o", "choices": [], "usage": usage });
    let mut request = if model.is_empty() {
        let provider = if status == 200 { "beta" } else { "alpha" };
        let asked = json!({ "url": "https://a.example/v1", "provider": provider, "body": { "model": "gpt-4o" } });
        let response = json!({ "status": status, "response_time": 200 + 97 * number, "body": reply });
        let entry = json!({ "request": asked, "response": response, "metadata": { "env": env } });
        post("/v1/logs", entry.to_string())
    } else {
        let kept = model == "@sandbox/json";
        let (user, words) = if kept { ("ada", String::new()) } else { ("bob", number.to_string()) };
        let messages = json!([{ "role": "user", "content": format!("again {words}") }]);
        let body = json!({ "model": model, "user": user, "messages": messages });
        let mut request = post("/v1/chat/completions", body.to_string());
        if !number.is_multiple_of(4) {
            request = with(request, "x-portkey-metadata", &json!({ "env": env }).to_string());
        }
        if number % 5 == 4 {
            request = with(request, "x-portkey-api-key", PLAIN);
        }
        if kept { with(request, "x-portkey-config", "pc-kept") } else { request }
    };
    if model.starts_with("@alpha") {
        rig.upstream.then(Scene::json(status, reply.to_string()));
    }
    if !number.is_multiple_of(7) {
        request = with(request, "x-portkey-trace-id", &format!("t-{}", number / 4));
    }
    let answer = rig.send(request).await;
    assert_eq!(answer.status, if model.is_empty() { 200 } else { status }, "{model}: {}", answer.text());
}

/// Of the newest call's trace, now and then of one that nobody called. Weights add up to the last bit.
async fn opine(rig: &Rig, number: usize) {
    if number % 3 == 2 {
        return;
    }
    let newest = rig.last().await["metrics"]["trace_id"].clone();
    let trace = if number % 10 == 9 { json!("t-nobody") } else { newest };
    let say = |turn: usize| {
        let (value, weight) = ([5, -3, 0, 10, -10][turn % 5], [1.0, 0.5, 0.25, 0.0][turn % 4]);
        json!({ "trace_id": trace, "value": value, "weight": weight })
    };
    let said = if number.is_multiple_of(6) { json!([say(number), say(number + 1)]) } else { say(number) };
    let answer = rig.send(post("/v1/feedback", said.to_string())).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

async fn again(rig: &Rig, round: &str) {
    let now = rig.house.clock.now();
    match round {
        "added up" => console::add_up(rig, now).await,
        "made again" => _ = rig.house.store.rebuild_rollups(now, |_, _| {}).await.expect("figures"),
        _ => {}
    }
}

fn filters() -> [Filter; 5] {
    let by = |provider: &str, config: &str, status: &str| {
        let word = |word: &str| Some(word.to_owned()).filter(|word| !word.is_empty());
        Narrow { provider: word(provider), config: word(config), status: word(status), ..Narrow::default() }
    };
    [
        (Narrow::default(), "1"),
        (by("alpha", "", ""), "provider = 'alpha'"),
        (by("", "pc-kept", ""), "config = 'pc-kept'"),
        (by("", "", "error"), "status >= 400 OR status = 0"),
        (Narrow { metadata: vec![("env".into(), "prod".into())], ..Narrow::default() }, "metadata ->> 'env' = 'prod'"),
    ]
}

#[tokio::test]
async fn feedback_is_told_as_it_was_given_fresh_added_up_and_made_again() {
    let rig = spoken().await;
    let (seat, mut journal) = (console::seat(&rig), console::journal(&rig).await);
    let today = NOW + 12 * HOUR;
    for round in ROUNDS {
        println!("{round}");
        again(&rig, round).await;
        for (place, group) in groups().iter().enumerate() {
            for span in [
                (Each::Hour, NOW + 22 * HOUR, NOW + 25 * HOUR),
                (Each::Day, today, today + DAY),
                (Each::Fitting, NOW, NOW + 25 * HOUR),
            ] {
                let [bare, others @ ..] = filters();
                let narrowed = others[place % others.len()].clone();
                let all = feedback::page(&seat, &mut journal, &Case::new(Tab::Feedback, group, span, bare)).await;
                let few = feedback::page(&seat, &mut journal, &Case::new(Tab::Feedback, group, span, narrowed)).await;
                assert!(few < all && (few > 0 || span.0 != Each::Fitting), "{group:?} {span:?}: {few} of {all}");
            }
        }
        for (from, to) in [(NOW, NOW + 4 * HOUR), (NOW - DAY, NOW + 2 * DAY)] {
            for filter in [
                ("", "1"),
                ("&status_code=200", "status = 200"),
                ("&virtual_keys=alpha", "provider = 'alpha'"),
                ("&metadata=%7B%22env%22%3A%22prod%22%7D", "metadata ->> 'env' = 'prod'"),
            ] {
                assert!(feedback::api(&rig, &mut journal, Span { from, to }, filter).await > 0, "{filter:?}");
            }
        }
    }
}

#[tokio::test]
async fn no_feedback_and_no_rescue_is_of_a_prompt_that_no_call_has() {
    let rig = Rig::new().await;
    rig.upstream.then(Scene::json(503, r#"{"error":{"message":"busy"}}"#));
    rig.upstream.then(Scene::json(200, r#"{"object":"chat.completion","model":"gpt-4o","choices":[]}"#));
    let ask = post("/v1/chat/completions", r#"{"model":"@alpha/gpt-4o","messages":[]}"#);
    let answer = rig.send(with(ask, "x-portkey-config", r#"{"retry":{"attempts":1}}"#)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    opine(&rig, 1).await;
    for (path, field) in [
        ("graphs/requests", "total"),
        ("graphs/requests/rescued", "retry"),
        ("graphs/feedbacks", "total"),
        ("graphs/feedbacks/scores", "total"),
    ] {
        for (filter, count) in [("", 1), ("&prompt_slug=pp-none", 0)] {
            let told = super::told(&rig, path, filter).await;
            assert_eq!(told["summary"][field], count, "{path}{filter}: {told}");
        }
    }
}

/// Calls by hour and value.
async fn called(journal: &mut SqliteConnection, (from, only): (i64, &str), value: &str) -> Rows {
    let cell = format!("moment - moment % {HOUR}");
    rows::told(journal, Meant { from, until: EVER, only }, Apart { cell: &cell, later: 0, value }).await
}

/// Figures are by the minute: one that had begun before `at` does not count.
fn minutes_after(at: i64) -> i64 {
    (at + MINUTE - 1) / MINUTE * MINUTE
}

fn counts<const N: usize>(what: &str, told: [u64; N], rows: [i64; N]) {
    assert_eq!(told.map(|count| i64::try_from(count).ok()), rows.map(Some), "{what}");
}

/// Milliseconds of what a sketch knows to a hundredth.
fn median(what: &str, told: Option<u32>, rows: Option<i64>) {
    let same = match (told.map(i64::from), rows) {
        (Some(told), Some(us)) => (us * 99 / 100_000..=us * 101 / 100_000).contains(&told),
        (told, rows) => told.is_none() && rows.is_none(),
    };
    assert!(same, "{what}: p50 is {told:?} ms, and the rows say {rows:?} us");
}

async fn providers(seat: &Seat, journal: &mut SqliteConnection) {
    let (now, none) = (seat.house.clock.now(), Sum::default());
    let from = (now / HOUR + 1) * HOUR - DAY;
    let day = called(journal, (from, "1"), "provider").await;
    let late = called(journal, (minutes_after(now - 15 * MINUTE), "1"), "provider").await;
    let told = seat.providers().await.expect("providers").rows;
    assert!(day.values.keys().all(|slug| slug.is_empty() || told.iter().any(|row| row.slug == *slug)));
    let mut drawn = 0;
    for row in &told {
        let [all, late] = [&day, &late].map(|rows| rows.values.get(&row.slug).unwrap_or(&none));
        let figures = [row.calls, row.errors, row.calls_now, row.errors_now];
        counts(&row.slug, figures, [all.calls, all.errors, late.calls, late.errors]);
        median(&row.slug, row.p50_ms, late.figure("p50"));
        let hours = day.parts.iter().filter(|((slug, _), _)| *slug == row.slug);
        let hours = hours.filter_map(|((_, start), sum)| Some(((start - from) / HOUR, sum.figure("p50")?)));
        drawn += usize::from(spark(&row.slug, &row.spark, &hours.collect()));
    }
    assert!(drawn > 2 && late.all.errors > 0, "{drawn} lines");
}

/// Holds a line of 24 hours against their medians, and says whether there is one: two hours make it.
fn spark(slug: &str, svg: &str, medians: &BTreeMap<i64, i64>) -> bool {
    if medians.len() < 2 {
        assert_eq!(svg, "", "{slug}: {medians:?}");
        return false;
    }
    let (_, line) = svg.split_once(r#"class="ln k1" d=""#).expect("a line");
    let (line, _) = line.split_once('"').expect("its end");
    let mut heights = BTreeMap::new();
    // The first point of a run is where it is, each other how far it is from the one before. An hour alone has two.
    for run in line.split('M').skip(1) {
        let figures = run.replace('l', " ").replace('-', " -");
        let figures: Vec<i64> = figures.split_whitespace().map(|figure| figure.parse().expect("a figure")).collect();
        let (mut x, mut y) = (0, 0);
        for step in figures.chunks(2) {
            (x, y) = (x + step[0], y + step[1]);
            heights.insert(x * 24 / 2_000, 600 - y);
        }
    }
    assert!(heights.keys().eq(medians.keys()), "{slug}: {heights:?} and {medians:?}");
    let top = medians.values().copied().max().unwrap_or(0) * 13 / 12;
    for (hour, median) in medians {
        let (told, rows) = (heights[hour], 600 * median / top);
        assert!((told - rows).abs() <= 2 + rows / 40, "{slug}: {told} for {rows} at {hour} in {svg}");
    }
    true
}

async fn models(seat: &Seat, journal: &mut SqliteConnection) {
    let (now, none) = (seat.house.clock.now(), Sum::default());
    let name = format!("'@' || provider || '/' || {MODEL}");
    let day = called(journal, (minutes_after(now - DAY), "1"), &name).await;
    let late = called(journal, (minutes_after(now - 15 * MINUTE), "1"), &name).await;
    let told = ModelDesk::models(seat, ModelQuery::default()).await.expect("models").rows;
    let listed = |name: &str| told.iter().any(|row| row.name() == name);
    let answered = day.values.iter().filter(|(name, sum)| !name.starts_with("@/") && sum.calls > sum.errors);
    assert!(answered.map(|(name, _)| name).all(|name| listed(name)), "{:?}", day.values.keys());
    for row in &told {
        let name = row.name();
        let [all, late] = [&day, &late].map(|rows| rows.values.get(&name).unwrap_or(&none));
        counts(&name, [row.calls, row.calls_now, row.failed_now], [all.calls, late.calls, late.errors]);
        median(&name, row.p50_ms, late.figure("p50"));
    }
}

async fn keys_and_configs(seat: &Seat, journal: &mut SqliteConnection) {
    let (now, none) = (seat.house.clock.now(), Sum::default());
    let of = |rows: &Rows, value: &str| rows.values.get(value).unwrap_or(&none).clone();
    let whole = minutes_after(now - DAY);
    let keys = called(journal, (whole, "1"), "key_id").await;
    let told = seat.keys().await.expect("keys").rows;
    assert!(keys.values.keys().all(|id| told.iter().any(|row| row.id == *id)), "every key that called");
    for row in told {
        counts(&row.name, [row.calls], [of(&keys, &row.id).calls]);
    }
    let configs = called(journal, (now - DAY, "1"), "config").await;
    for row in seat.configs().await.expect("configs") {
        counts(&row.slug, [row.calls], [of(&configs, &row.slug).calls]);
    }
    let only = "config = 'pc-kept'";
    let told = seat.config("pc-kept".into()).await.expect("a config");
    let minute = called(journal, (now - MINUTE, only), "config").await.all.calls;
    assert!(minute > 0 && keys.values.len() > 1, "{minute}");
    counts("pc-kept", [told.row.calls, told.calls_a_minute], [of(&configs, "pc-kept").calls, minute]);
    assert!(!told.versions.is_empty() && !told.providers.is_empty(), "a config that was called");
    let versions = called(journal, (now - 7 * DAY, only), "config_version").await;
    for version in told.versions {
        let sum = of(&versions, &version.id);
        counts(&version.id, [version.calls, version.failed], [sum.calls, sum.errors]);
    }
    let providers = called(journal, (whole, "1"), "provider").await;
    for pick in told.providers {
        let sum = of(&providers, &pick.slug);
        counts(&pick.slug, [pick.calls, pick.errors], [sum.calls, sum.errors]);
        median(&pick.slug, pick.p50_ms, sum.figure("p50"));
    }
}

/// The histogram over the log, what it comes to, and its facets, each counted under all filters but its `own`.
async fn logs(seat: &Seat, journal: &mut SqliteConnection, query: LogQuery, (own, only): (&str, &str)) {
    let now = seat.house.clock.now();
    let Window { from, to } = query.range.window(now);
    let (from, until) = (from / MINUTE * MINUTE, minutes_after(to));
    let told = seat.logs(query).await.expect("logs");
    let width = told.bar_width;
    let cell = format!("moment - moment % {width}");
    let apart = |value| Apart { cell: &cell, later: 0, value };
    let all = rows::told(journal, Meant { from, until, only: "1" }, apart("kind")).await.all;
    let rows = rows::told(journal, Meant { from, until, only }, apart("kind")).await;
    assert!(rows.all.calls > 0, "{only}: nothing was called");
    let tokens = rows.all.tokens_in + rows.all.tokens_out;
    counts(only, [told.matched, told.total, told.tokens], [rows.all.calls, all.calls, tokens]);
    assert_eq!(told.cost.0, rows.all.cost, "{only}");
    let starts = (0..).map(|place| from - from % width + place * width).take_while(|start| *start < until);
    assert!(starts.eq(told.bars.iter().map(|bar| bar.at)), "{only}: {:?}", told.bars);
    for bar in &told.bars {
        let sum = rows.cells.get(&bar.at).cloned().unwrap_or_default();
        counts(&format!("{only} from {} on", bar.at), [bar.calls, bar.errors], [sum.calls, sum.errors]);
    }
    let class = "CASE status WHEN 0 THEN '0' ELSE (status / 100) || 'xx' END";
    for (facet, name, value) in [
        (&told.statuses, "status", class),
        (&told.models, "model", MODEL),
        (&told.providers, "provider", "provider"),
        (&told.keys, "key", "key_id"),
        (&told.configs, "config", "config"),
    ] {
        let only = if name == own { "1" } else { only };
        let rows = rows::told(journal, Meant { from, until, only }, apart(value)).await;
        let rows = rows.values.iter().filter(|(value, _)| !value.is_empty());
        let rows: BTreeMap<_, _> = rows.map(|(value, sum)| (value.as_str(), Some(sum.calls))).collect();
        let told = facet.iter().filter(|facet| facet.calls > 0);
        let told: BTreeMap<_, _> = told.map(|facet| (facet.value.as_str(), i64::try_from(facet.calls).ok())).collect();
        assert_eq!(told, rows, "{name} under {only}");
    }
}

#[tokio::test]
async fn providers_models_keys_configs_and_logs_tell_what_the_rows_say() {
    let rig = spoken().await;
    let (seat, mut journal) = (console::seat(&rig), console::journal(&rig).await);
    for round in ROUNDS {
        println!("{round}");
        again(&rig, round).await;
        providers(&seat, &mut journal).await;
        models(&seat, &mut journal).await;
        keys_and_configs(&seat, &mut journal).await;
        for range in [Range::Day, Range::Between(NOW, NOW + 3 * HOUR), Range::Between(NOW - 4 * DAY, NOW + 2 * DAY)] {
            let own = ["", "provider", "config", "status", ""];
            for ((narrow, only), own) in filters().into_iter().zip(own) {
                let Narrow { provider, config, status, metadata, .. } = narrow;
                let query = LogQuery { range, provider, config, status, metadata, ..LogQuery::default() };
                logs(&seat, &mut journal, query, (own, only)).await;
            }
        }
    }
}
