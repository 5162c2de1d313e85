//! Feedback as the console draws it and the API tells it, held against the rows.
#![expect(clippy::expect_used, reason = "what cannot be asked is a failed test")]

use super::graphs::{self, Span};
use super::pages::Case;
use super::rows::{self, Apart, MODEL, Meant};
use app::backend::UsageDesk;
use app::model::analytics::{Analytics, Graph};
use app::model::range::{MINUTE, Window};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnection;
use std::collections::BTreeMap;
use switchyard::desk::Seat;

/// What was said, added up.
#[derive(Clone, Copy, Debug, Default, sqlx::FromRow)]
struct Said {
    count: i64,
    good: i64,
    bad: i64,
    weighted: f64,
    weight: f64,
}

#[derive(sqlx::FromRow)]
struct Row {
    cell: i64,
    value: Option<String>,
    #[sqlx(flatten)]
    said: Said,
}

#[derive(Default)]
struct Opinions {
    all: Said,
    cells: BTreeMap<i64, Said>,
    values: BTreeMap<String, Said>,
}

type Figure = fn(&Said) -> Option<f64>;

impl Said {
    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.good += other.good;
        self.bad += other.bad;
        self.weighted += other.weighted;
        self.weight += other.weight;
    }

    fn whole(&self) -> Option<f64> {
        Some(self.count as f64)
    }

    /// Of values times weights.
    fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.weighted / self.count as f64)
    }

    /// By weight, in hundredths.
    fn average(&self) -> Option<f64> {
        (self.weight > 0.0).then(|| 100.0 * self.weighted / self.weight)
    }

    fn share(&self) -> Option<f64> {
        (self.good * 10_000).checked_div(self.count).map(|share| share as f64)
    }
}

/// What was said within `meant`, each of the last call of its trace; narrowed, where any call of the trace passes.
async fn opinions(journal: &mut SqliteConnection, meant: Meant<'_>, apart: Apart<'_>) -> Opinions {
    let (Meant { from, until, only }, Apart { cell, later, value }) = (meant, apart);
    let passes = format!("f.trace_id IN (SELECT trace_id FROM calls WHERE {only})");
    let passes = if only == "1" { only } else { passes.as_str() };
    let sql = format!(
        "SELECT {cell} AS cell, {value} AS value, count(*) AS count, sum(score > 0) AS good, sum(score < 0) AS bad, \
         total(score * factor) AS weighted, total(factor) AS weight FROM (SELECT f.created_at + {later} AS moment, \
         f.value AS score, f.weight AS factor, c.* FROM feedback f LEFT JOIN (SELECT *, row_number() OVER \
         (PARTITION BY trace_id ORDER BY at DESC, id DESC) AS turn FROM calls) c ON c.trace_id = f.trace_id AND turn = 1 \
         WHERE f.created_at >= {from} AND f.created_at < {until} AND {passes}) GROUP BY 1, 2"
    );
    let rows: Vec<Row> = sqlx::query_as(&sql).fetch_all(&mut *journal).await.expect("rows");
    let mut opinions = Opinions::default();
    for Row { cell, value, said } in rows {
        opinions.all.add(&said);
        opinions.cells.entry(cell).or_default().add(&said);
        if let Some(value) = value {
            opinions.values.entry(value).or_default().add(&said);
        }
    }
    opinions
}

/// A page of feedback beside what the rows say.
struct Page<'p> {
    case: &'p Case,
    told: &'p Analytics,
    said: &'p Opinions,
    before: &'p Opinions,
    /// Whether a cell is told at all.
    open: Vec<bool>,
}

/// Asks for the page, holds all of it, and says of how many opinions it is.
pub async fn page(seat: &Seat, journal: &mut SqliteConnection, case: &Case) -> i64 {
    let told = seat.analytics(case.query.clone()).await.expect("a page");
    let Window { from, to } = told.window;
    let width = to - told.cells.last().expect("a cell");
    let now = (seat.house.clock.now() / MINUTE + 1) * MINUTE;
    let (until, length) = (to.min(now), to - from);
    // What was said of no call has no value.
    let value = format!("CASE WHEN id IS NOT NULL THEN {} END", case.value);
    let cell = format!("moment - moment % {width}");
    let apart = Apart { cell: &cell, later: 0, value: &value };
    let said = opinions(journal, Meant { from, until, only: case.only }, apart).await;
    let earlier = Meant { from: from - length, until: until - length, only: case.only };
    let before = opinions(journal, earlier, Apart { later: length, ..apart }).await;
    let first = rows::first(journal).await;
    let open = told.cells.iter().map(|start| start + width > first && *start < now).collect();
    let page = Page { case, told: &told, said: &said, before: &before, open };
    page.stats();
    page.lines();
    let titles: Vec<_> = told.graphs.iter().map(|graph| graph.title.as_str()).collect();
    assert_eq!(titles, ["Feedback", "Share of good feedback"], "{case:?}");
    let neither: Figure = |sum| Some((sum.count - sum.good - sum.bad) as f64);
    let (good, bad): (Figure, Figure) = (|sum| Some(sum.good as f64), |sum| Some(sum.bad as f64));
    page.graph(&told.graphs[0], &[("Good", good), ("Bad", bad), ("Neither", neither)], Said::whole);
    page.graph(&told.graphs[1], &[("Good", Said::share)], Said::share);
    said.all.count
}

impl Page<'_> {
    /// To the unit that is told.
    fn near(&self, what: &str, told: Option<i64>, rows: Option<f64>) {
        let same = match (told, rows) {
            (Some(told), Some(rows)) => (told as f64 - rows).abs() <= 0.500_001,
            (told, rows) => told.is_none() && rows.is_none(),
        };
        assert!(same, "{:?}: {what} is told as {told:?}, and the rows say {rows:?}", self.case);
    }

    fn stats(&self) {
        let bad: Figure = |sum| Some(sum.bad as f64);
        let figures: [(&str, Figure); 4] =
            [("Feedback", Said::whole), ("Average", Said::average), ("Good", Said::share), ("Bad", bad)];
        assert_eq!(self.told.stats.len(), figures.len(), "{:?}", self.case);
        for (stat, (name, figure)) in self.told.stats.iter().zip(figures) {
            assert_eq!(stat.name, name, "{:?}", self.case);
            self.near(name, stat.now, figure(&self.said.all));
            self.near(name, stat.before, figure(&self.before.all).filter(|_| self.before.all.count > 0));
        }
    }

    fn lines(&self) {
        let (case, lines) = (self.case, &self.told.lines);
        let names: Vec<_> = self.told.columns.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!((names, lines.len()), (vec!["Average", "Good", "Feedback"], self.said.values.len()), "{case:?}");
        assert!(lines.is_sorted_by(|one, next| one.figures[2] >= next.figures[2]), "{case:?}: {lines:?}");
        for line in lines {
            let sum = &self.said.values[&line.value];
            for (told, rows) in line.figures.iter().zip([sum.average(), sum.share(), sum.whole()]) {
                self.near(&line.label, *told, rows);
            }
            self.near(&line.label, line.before, self.before.values.get(&line.value).and_then(Said::whole));
        }
    }

    /// Strands of the window, then one of the period before where anything was said.
    fn graph(&self, graph: &Graph, own: &[(&str, Figure)], earlier: Figure) {
        let (case, none) = (self.case, Said::default());
        let had = self.before.all.count > 0;
        let labels: Vec<_> = graph.strands.iter().map(|strand| strand.label.as_str()).collect();
        let expected = own.iter().map(|(label, _)| *label).chain(had.then_some("Period before"));
        assert_eq!(labels, expected.collect::<Vec<_>>(), "{case:?}");
        for start in self.said.cells.keys().chain(self.before.cells.keys()) {
            assert!(self.told.cells.contains(start), "{case:?}: no cell begins at {start}");
        }
        for (place, strand) in graph.strands.iter().enumerate() {
            let (rows, figure) = own.get(place).map_or((self.before, earlier), |(_, figure)| (self.said, *figure));
            self.near(&strand.label, strand.total, figure(&rows.all));
            assert_eq!(strand.values.len(), self.told.cells.len(), "{case:?}: {}", strand.label);
            for ((start, open), told) in self.told.cells.iter().zip(&self.open).zip(&strand.values) {
                let cell = match rows.cells.get(start) {
                    None if place < own.len() && *open => figure(&none),
                    cell => cell.and_then(figure),
                };
                self.near(&format!("{} from {start} on", strand.label), *told, cell);
            }
        }
    }
}

/// The API's graphs of feedback, and what its groups by metadata tell of it: `ask` gets them. How many opinions they are
/// of.
pub async fn graphs(
    ask: impl AsyncFn(&str) -> Value,
    journal: &mut SqliteConnection,
    span: Span,
    (filter, only): (&str, &str),
) -> i64 {
    let told = async |path: &str| ask(&format!("/v1/analytics/{path}?page_size=1000&{}{filter}", span.query())).await;
    let (counts, weighted) = (told("graphs/feedbacks").await, told("graphs/feedbacks/weighted").await);
    let starts = graphs::starts(&counts);
    let cell = format!("moment - moment % {}", starts[1] - starts[0]);
    let meant = Meant { from: span.from, until: span.to, only };
    let model = format!("coalesce({MODEL}, '')");
    let apart = |value| Apart { cell: &cell, later: 0, value };
    let said = opinions(journal, meant, apart(&model)).await;
    assert!(said.cells.keys().all(|start| starts.contains(start)), "{span:?}");
    let figures: [(&Value, &str, Figure); 2] = [(&counts, "total", Said::whole), (&weighted, "avg", Said::mean)];
    for (graph, name, figure) in figures {
        graphs::agree("feedback", &graph["summary"], &[(name, figure(&said.all))]);
        for (point, start) in graphs::points(graph, &starts) {
            graphs::agree("feedback", point, &[(name, figure(&said.cells.get(&start).copied().unwrap_or_default()))]);
        }
    }
    let scores = opinions(journal, meant, apart("CAST(score AS TEXT)")).await.values;
    let mut scores: Vec<_> =
        scores.iter().map(|(score, sum)| (score.parse::<i64>().expect("a score"), sum.count)).collect();
    scores.sort_unstable();
    let scores: Vec<_> = scores.iter().map(|(score, total)| json!({ "score": score, "total": total })).collect();
    let graph = told("graphs/feedbacks/scores").await;
    assert_eq!((&graph["summary"]["total"], &graph["data"]), (&json!(said.all.count), &json!(scores)));
    let models = said.values.iter();
    let models: Vec<_> = models
        .map(|(model, sum)| json!({ "ai_model": model, "total": sum.count, "avg_weighted_feedback": sum.mean() }))
        .collect();
    assert_eq!(told("graphs/feedbacks/ai-models").await["data"], json!(models));
    // Each call with what was said of its trace, whenever.
    let sql = format!(
        "SELECT env, count(DISTINCT c.id), avg(f.value * f.weight) FROM (SELECT id, trace_id, \
         metadata ->> 'env' AS env FROM calls WHERE at >= {} AND at < {} AND ({only})) c JOIN feedback f ON f.trace_id = c.trace_id \
         WHERE env IS NOT NULL GROUP BY 1",
        span.from, span.to
    );
    let rows: Vec<(String, i64, f64)> = sqlx::query_as(&sql).fetch_all(&mut *journal).await.expect("rows");
    let listed = told("groups/metadata/env").await["data"].as_array().expect("a list").clone();
    assert!(rows.iter().all(|(env, ..)| listed.iter().any(|row| row["metadata_value"] == env.as_str())), "{rows:?}");
    for row in &listed {
        let known = rows.iter().find(|(env, ..)| row["metadata_value"] == env.as_str());
        let calls = ("requests_with_feedback", Some(known.map_or(0.0, |(_, calls, _)| *calls as f64)));
        graphs::agree("env", row, &[calls, ("avg_weighted_feedback", known.map(|(.., average)| *average))]);
    }
    said.all.count
}
