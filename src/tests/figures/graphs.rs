//! The graphs and groups of `/v1/analytics` that are made from calls, held against the rows.
#![expect(clippy::expect_used, clippy::panic, reason = "what cannot be read is a failed test")]

use super::pages::{DAY, HOUR};
use super::rows::{self, Apart, MODEL, Meant, Rows, Sum};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnection;
use std::collections::BTreeMap;

/// All of them, by path.
pub type Told = BTreeMap<&'static str, Value>;

/// From and until, whole minutes in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    pub from: i64,
    pub to: i64,
}

/// What a point and a summary tell, by name: money in cents, time in milliseconds.
type Fields = fn(&Sum) -> Vec<(&'static str, Option<f64>)>;

const PLAIN: [(&str, Fields); 6] = [
    ("graphs/requests", |sum| vec![("total", Some(sum.calls as f64))]),
    ("graphs/cost", |sum| vec![("total", Some(cents(sum.cost))), ("avg", ratio(cents(sum.cost), sum.calls as f64))]),
    ("graphs/tokens", |sum| {
        let tokens = (sum.tokens_in + sum.tokens_out) as f64;
        vec![("total", Some(tokens)), ("avg", ratio(tokens, sum.calls as f64))]
    }),
    ("graphs/errors", |sum| vec![("total", Some(sum.errors as f64))]),
    ("graphs/errors/rate", |sum| vec![("rate", ratio(100.0 * sum.errors as f64, sum.calls as f64))]),
    ("graphs/latency", |sum| {
        let percentile = |name: &'static str| (name, sum.figure(name).map(millis));
        let [p50, p90, p95, p99] = ["p50", "p90", "p95", "p99"].map(percentile);
        vec![("avg", average(sum)), p50, p90, p95, p99]
    }),
];

const OTHERS: [&str; 8] = [
    "graphs/users",
    "graphs/users/requests",
    "graphs/errors/stacks",
    "graphs/errors/status-codes",
    "graphs/requests/rescued",
    "graphs/cache/hit-rate",
    "graphs/cache/latency",
    "summary/cache",
];

/// Groups, the field that names a value, and where a row has it, as SQL. What is empty is no value.
const GROUPS: [(&str, &str, &str); 9] = [
    ("groups/users", "user", USER),
    ("groups/metadata/env", "metadata_value", "metadata ->> 'env'"),
    ("groups/ai-models", "ai_model", MODEL),
    ("groups/provider", "provider", "provider"),
    ("groups/api-keys", "api_key", "key_id"),
    ("groups/configs", "config", "config"),
    ("groups/status-codes", "status_code", STATUS),
    ("groups/cache-status", "cache_status", "cache_status"),
    ("groups/workspaces", "workspace", "workspace"),
];

const USER: &str = "metadata ->> '_user'";
const STATUS: &str = "CAST(status AS TEXT)";

impl Span {
    /// As it is asked for: both ends count.
    pub fn query(self) -> String {
        let iso = |at: i64| jiff::Timestamp::from_millisecond(at).expect("a time").to_string();
        format!("time_of_generation_min={}&time_of_generation_max={}", iso(self.from), iso(self.to - 1))
    }
}

pub fn paths() -> impl Iterator<Item = &'static str> {
    PLAIN.map(|(path, _)| path).into_iter().chain(OTHERS).chain(GROUPS.map(|(path, ..)| path))
}

/// Holds all of them against the calls of `span` that `only`, as SQL, lets pass, and says what those come to.
pub async fn hold(told: &Told, journal: &mut SqliteConnection, (span, only): (Span, &str)) -> Sum {
    let starts = starts(&told["graphs/requests"]);
    let width = starts[1] - starts[0];
    let cell = format!("moment - moment % {width}");
    let meant = Meant { from: span.from, until: span.to, only };
    let apart = |value: &'static str| Apart { cell: &cell, later: 0, value };
    let users = rows::told(journal, meant, apart(USER)).await;
    let strange: Vec<_> = users.cells.keys().filter(|start| !starts.contains(start)).collect();
    assert!(strange.is_empty(), "{span:?}: no cell begins at {strange:?}");
    let none = Sum::default();
    for (path, fields) in PLAIN {
        agree(path, &told[path]["summary"], &fields(&users.all));
        for (point, start) in points(&told[path], &starts) {
            agree(path, point, &fields(users.cells.get(&start).unwrap_or(&none)));
        }
    }
    people(told, &starts, &users);
    cache(told, &starts, &users);
    statuses(told, &starts, &rows::told(journal, meant, apart(STATUS)).await);
    rescued(told, &starts, &rescues(journal, meant, &cell).await);
    for (path, field, value) in GROUPS {
        group((path, field), &told[path], &rows::told(journal, meant, apart(value)).await, (span, width));
    }
    users.all
}

pub fn starts(graph: &Value) -> Vec<i64> {
    let points = graph["data_points"].as_array().expect("points").iter();
    points.map(|point| moment(&point["timestamp"])).collect()
}

fn moment(told: &Value) -> i64 {
    told.as_str().and_then(|at| at.parse::<jiff::Timestamp>().ok()).expect("a time").as_millisecond()
}

/// The points of a graph with the starts of their cells.
pub fn points<'g>(graph: &'g Value, starts: &'g [i64]) -> impl Iterator<Item = (&'g Value, i64)> {
    let points = graph["data_points"].as_array().expect("points");
    assert_eq!((points.len(), &graph["data"]), (starts.len(), &graph["data_points"]));
    points.iter().zip(starts.iter().copied())
}

/// A percentile is told to a hundredth, all else to what a float can tell.
pub fn agree(path: &str, told: &Value, rows: &[(&str, Option<f64>)]) {
    for (name, rows) in rows {
        let far = |rows: f64| if name.starts_with('p') { rows / 100.0 } else { 1e-9 * rows.abs().max(1.0) };
        let same = match (told[*name].as_f64(), *rows) {
            (Some(told), Some(rows)) => (told - rows).abs() <= far(rows),
            (told, rows) => told.is_none() && rows.is_none(),
        };
        assert!(same, "{path}: {name} is told as {}, and the rows say {rows:?}, in {told}", told[*name]);
    }
}

fn people(told: &Told, starts: &[i64], rows: &Rows) {
    let calls: f64 = rows.values.values().map(|sum| sum.calls as f64).sum();
    let unique = rows.values.len() as f64;
    agree("graphs/users", &told["graphs/users"]["summary"], &[("total", Some(unique))]);
    let each = [("total", Some(calls)), ("unique", Some(unique)), ("avg", ratio(calls, unique))];
    agree("graphs/users/requests", &told["graphs/users/requests"]["summary"], &each);
    let mut cells = BTreeMap::<i64, (f64, f64)>::new();
    for ((_, start), sum) in &rows.parts {
        let cell = cells.entry(*start).or_default();
        *cell = (cell.0 + 1.0, cell.1 + sum.calls as f64);
    }
    let cell = |start: i64| cells.get(&start).copied().unwrap_or_default();
    for (point, start) in points(&told["graphs/users"], starts) {
        agree("graphs/users", point, &[("total", Some(cell(start).0))]);
    }
    for (point, start) in points(&told["graphs/users/requests"], starts) {
        agree("graphs/users/requests", point, &[("avg", ratio(cell(start).1, cell(start).0))]);
    }
}

/// Nothing is found by likeness yet.
fn cache(told: &Told, starts: &[i64], rows: &Rows) {
    let rate = |sum: &Sum| ratio(100.0 * sum.hits as f64, sum.asked as f64);
    let took = |sum: &Sum| ratio(millis(sum.hit_us), sum.hits as f64);
    let (rates, all, none) = (&told["graphs/cache/hit-rate"], &rows.all, Sum::default());
    agree("graphs/cache/hit-rate", &rates["summary"], &[("total", Some(all.hits as f64)), ("rate", rate(all))]);
    let mut saved = 0;
    for (point, start) in points(rates, starts) {
        let sum = rows.cells.get(&start).unwrap_or(&none);
        saved += sum.saved_cost;
        let fields = [
            ("simple_hits", Some(sum.hits as f64)),
            ("semantic_hits", Some(0.0)),
            ("rate", rate(sum)),
            ("cumulative_simple_cache_savings", Some(cents(saved))),
        ];
        agree("graphs/cache/hit-rate", point, &fields);
    }
    for (point, start) in points(&told["graphs/cache/latency"], starts) {
        agree("graphs/cache/latency", point, &[("avg", took(rows.cells.get(&start).unwrap_or(&none)))]);
    }
    let faster = took(all).zip(average(all)).filter(|(hit, _)| *hit > 0.0).map(|(hit, whole)| whole / hit);
    let fields = [
        ("hits", Some(all.hits as f64)),
        ("avg_latency", took(all)),
        ("total_requests", Some(all.calls as f64)),
        ("cache_speedup", faster),
    ];
    agree("summary/cache", &told["summary/cache"]["summary"], &fields);
}

fn statuses(told: &Told, starts: &[i64], rows: &Rows) {
    let code = |status: &str| status.parse::<u16>().expect("a status");
    let failed = rows.values.iter().filter(|(_, sum)| sum.errors > 0);
    let codes = failed.map(|(status, sum)| json!({ "status_code": code(status), "count": sum.errors }));
    let codes: Vec<Value> = codes.collect();
    let graph = &told["graphs/errors/status-codes"];
    assert_eq!(graph["summary"], json!({ "total_errors": rows.all.errors, "unique_error_codes": codes.len() }));
    assert_eq!((&graph["data_points"], &graph["data"]), (&json!(codes), &json!(codes)));
    let stacks = &told["graphs/errors/stacks"];
    assert_eq!(stacks["summary"]["total"], rows.all.errors);
    for (point, start) in points(stacks, starts) {
        let failed = rows.parts.iter().filter(|((_, at), sum)| *at == start && sum.errors > 0);
        let stats: Vec<_> = failed
            .map(|((status, _), sum)| json!({ "response_status_code": code(status), "count": sum.errors }))
            .collect();
        assert_eq!(point["stats"], json!(stats), "graphs/errors/stacks from {start} on");
    }
}

/// Calls that ended well: start of the cell, retries, how many there were, and how many of them another target than the
/// first answered.
async fn rescues(journal: &mut SqliteConnection, meant: Meant<'_>, cell: &str) -> Vec<(i64, i64, i64, i64)> {
    let Meant { from, until, only } = meant;
    let sql = format!(
        "SELECT {cell}, retries, count(*), sum(fell_back) FROM (SELECT at AS moment, retries, mode = 'fallback' \
         AND target LIKE 'config.targets[%' AND target NOT LIKE 'config.targets[0]%' AS fell_back FROM calls \
         WHERE at >= {from} AND at < {until} AND status BETWEEN 1 AND 399 AND ({only})) GROUP BY 1, 2 ORDER BY 1, 2"
    );
    sqlx::query_as(&sql).fetch_all(&mut *journal).await.expect("rows")
}

fn rescued(told: &Told, starts: &[i64], rows: &[(i64, i64, i64, i64)]) {
    let graph = &told["graphs/requests/rescued"];
    let fell = |rows: &[&(i64, i64, i64, i64)]| rows.iter().map(|(.., fell)| fell).sum::<i64>();
    let retried = |rows: &[&(i64, i64, i64, i64)]| {
        let tried = rows.iter().filter(|(_, retries, ..)| *retries > 0);
        tried.map(|(_, retries, count, _)| (*retries, *count)).collect::<Vec<_>>()
    };
    let all: Vec<_> = rows.iter().collect();
    let retries: i64 = retried(&all).iter().map(|(_, count)| count).sum();
    assert_eq!(graph["summary"], json!({ "retry": retries, "fallback": fell(&all) }));
    for (point, start) in points(graph, starts) {
        let own: Vec<_> = rows.iter().filter(|(at, ..)| *at == start).collect();
        let tries = retried(&own).into_iter();
        let tries: Vec<_> =
            tries.map(|(tries, count)| json!({ "retry_success_count": tries, "count": count })).collect();
        assert_eq!((&point["retry"], &point["fallback"]), (&json!(tries), &json!(fell(&own))), "from {start} on");
    }
}

fn group((path, field): (&str, &str), told: &Value, rows: &Rows, (span, width): (Span, i64)) {
    let listed = told["data"].as_array().expect("a list");
    let named: Vec<_> = rows.values.iter().filter(|(value, _)| !value.is_empty()).collect();
    let values: Vec<_> = listed.iter().map(|row| row[field].as_str().unwrap_or_default()).collect();
    assert_eq!((listed.len(), &told["total"]), (named.len(), &json!(named.len())), "{path} tells {values:?}");
    let requests: Vec<_> = listed.iter().map(|row| row["requests"].as_u64()).collect();
    assert!(requests.is_sorted_by(|one, next| one >= next), "{path}: {requests:?}");
    for (value, sum) in named {
        let Some(row) = listed.iter().find(|row| row[field] == value.as_str()) else { panic!("{path} lacks {value}") };
        let calls = sum.calls as f64;
        agree(path, row, &[("requests", Some(calls)), ("cost", Some(cents(sum.cost)))]);
        if row.get("avg_tokens").is_some() {
            agree(path, row, &[("avg_tokens", ratio((sum.tokens_in + sum.tokens_out) as f64, calls))]);
        }
        if let Some(seen) = row.get("last_seen") {
            // Sums tell it to the hour, and of more than a week to the day.
            let within = if span.to - span.from > 7 * DAY { DAY } else { HOUR };
            let within = if width < HOUR { 1 } else { within };
            assert!((0..within).contains(&(sum.latest - moment(seen))), "{path}: {value} was last seen {seen}");
        }
    }
}

fn cents(nanos: i64) -> f64 {
    nanos as f64 / 1e7
}

fn millis(us: i64) -> f64 {
    us as f64 / 1e3
}

/// What calls that a provider answered took, each.
fn average(sum: &Sum) -> Option<f64> {
    let (timed, took) = sum.timed();
    ratio(millis(took), timed as f64)
}

/// `None` of nothing.
fn ratio(sum: f64, count: f64) -> Option<f64> {
    (count > 0.0).then(|| sum / count)
}
