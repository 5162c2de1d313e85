//! The figures that the console shows beside providers, models, keys, configs and logs, held against the rows.
#![expect(clippy::expect_used, reason = "what cannot be read is a failed test")]

use super::pages::{DAY, Filter, HOUR};
use super::rows::{self, Apart, MODEL, Meant, Rows, Sum};
use app::backend::{ConfigDesk, KeyDesk, LogDesk, ModelDesk, ProviderDesk};
use app::model::analytics::Narrow;
use app::model::log::LogQuery;
use app::model::models::ModelQuery;
use app::model::range::{MINUTE, Range, Window};
use sqlx::sqlite::SqliteConnection;
use std::collections::BTreeMap;
use switchyard::desk::Seat;

/// Nothing is called after now.
const EVER: i64 = i64::MAX;

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

/// How many lines are drawn, and how many calls of the last quarter of an hour failed.
pub async fn providers(seat: &Seat, journal: &mut SqliteConnection) -> (usize, i64) {
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
    (drawn, late.all.errors)
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

pub async fn models(seat: &Seat, journal: &mut SqliteConnection) {
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

/// How many keys have called, and how many calls named `pc-kept` within the last minute.
pub async fn keys_and_configs(seat: &Seat, journal: &mut SqliteConnection) -> (usize, i64) {
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
    (keys.values.len(), minute)
}

/// What narrows a list, with the facet that it narrows; the provider comes with the same as SQL.
pub fn filters((provider, only): (&str, &'static str)) -> [(Filter, &'static str); 5] {
    let none = Narrow::default;
    [
        ((none(), "1"), ""),
        ((Narrow { provider: Some(provider.into()), ..none() }, only), "provider"),
        ((Narrow { config: Some("pc-kept".into()), ..none() }, "config = 'pc-kept'"), "config"),
        ((Narrow { status: Some("error".into()), ..none() }, "status >= 400 OR status = 0"), "status"),
        ((Narrow { metadata: vec![("env".into(), "prod".into())], ..none() }, "metadata ->> 'env' = 'prod'"), ""),
    ]
}

/// The histogram over the log, what it comes to, and its facets, each counted under all filters but its `own`.
pub async fn logs(seat: &Seat, journal: &mut SqliteConnection, range: Range, ((narrow, only), own): (Filter, &str)) {
    let Narrow { provider, config, status, metadata, .. } = narrow;
    let query = LogQuery { range, provider, config, status, metadata, ..LogQuery::default() };
    let now = seat.house.clock.now();
    let Window { from, to } = range.window(now);
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
