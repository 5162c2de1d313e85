//! `/analytics`: figures over time and by value (contract §6.3). Money is in cents, time in milliseconds.
//!
//! Figures are counted by the minute, those of metadata by the hour; what the asked time has of a broken one at its ends
//! is told from the calls, so that figures and `GET /v1/logs` mean the same ones.
//!
//! Latency is of answers that came from a provider: hits of the cache have figures of their own.

mod asked;
mod feedback;
mod groups;
mod people;

pub use feedback::{ai_models, feedbacks, scores, weighted};
pub use groups::{by, by_metadata, by_model, by_user, by_workspace};
pub use people::{user_requests, users};

use crate::admin::answer::{Told, iso};
use crate::admin::ask::Ask;
use crate::desk::usage::tally::close;
use crate::journal::rollup::Figures;
use crate::store::usage::{Dimension, Slice};
use app::failure::Failure;
use app::model::usage::Totals;
use asked::Asked;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

pub async fn requests(ask: Ask) -> Told {
    plain(ask, |totals| json!({ "total": totals.requests })).await
}

pub async fn cost(ask: Ask) -> Told {
    plain(ask, |totals| {
        let total = cents(totals.cost.0);
        json!({ "total": total, "avg": each(total, totals.requests) })
    })
    .await
}

pub async fn latency(ask: Ask) -> Told {
    let asked = Asked::of(&ask)?;
    let slices = asked.timed(&ask, Dimension::All).await?;
    drawn(&asked, &slices, |totals| {
        json!({
            "avg": each(millis(totals.took_us), totals.timed),
            "p50": totals.p50_us.map(millis),
            "p90": totals.p90_us.map(millis),
            "p95": totals.p95_us.map(millis),
            "p99": totals.p99_us.map(millis),
        })
    })
}

pub async fn tokens(ask: Ask) -> Told {
    plain(ask, |totals| {
        let total = totals.tokens_in + totals.tokens_out;
        json!({ "total": total, "avg": each(total as f64, totals.requests) })
    })
    .await
}

pub async fn errors(ask: Ask) -> Told {
    plain(ask, |totals| json!({ "total": totals.errors })).await
}

pub async fn error_rate(ask: Ask) -> Told {
    plain(ask, |totals| json!({ "rate": percent(totals.errors, totals.requests) })).await
}

pub async fn cache_latency(ask: Ask) -> Told {
    let mut told = plain(ask, |totals| json!({ "avg": each(millis(totals.hit_us), totals.cache_hits) })).await?;
    told["summary"] = json!({});
    Ok(told)
}

pub async fn error_stacks(ask: Ask) -> Told {
    let asked = Asked::of(&ask)?;
    let slices = asked.slices(&ask, Dimension::Status).await?;
    let mut cells = vec![BTreeMap::<&str, i64>::new(); asked.starts.len()];
    let mut total = 0;
    for slice in slices.iter().filter(|slice| slice.errors > 0) {
        total += slice.errors;
        if let Some(cell) = asked.cell(slice.at) {
            *cells[cell].entry(&slice.value).or_default() += slice.errors;
        }
    }
    let stats = |cell: &BTreeMap<&str, i64>| -> Value {
        cell.iter().map(|(status, count)| json!({ "response_status_code": code(status), "count": count })).collect()
    };
    let points = cells.iter().map(|cell| json!({ "stats": stats(cell) }));
    Ok(asked.graph(json!({ "total": total }), points))
}

pub async fn status_codes(ask: Ask) -> Told {
    let asked = Asked::of(&ask)?;
    let mut codes = BTreeMap::<String, i64>::new();
    for slice in asked.slices(&ask, Dimension::Status).await? {
        if slice.errors > 0 {
            *codes.entry(slice.value).or_default() += slice.errors;
        }
    }
    let total: i64 = codes.values().sum();
    let points = codes.iter().map(|(status, count)| json!({ "status_code": code(status), "count": count }));
    Ok(graph(json!({ "total_errors": total, "unique_error_codes": codes.len() }), points.collect()))
}

/// Calls that ended well because something was tried again, or something else was.
pub async fn rescued(ask: Ask) -> Told {
    let asked = Asked::of(&ask)?;
    let rows = match asked.nothing {
        true => Vec::new(),
        false => ask.seat.house.store.rescued(ask.workspace(), &asked.filter).await.map_err(Failure::from)?,
    };
    let mut cells = vec![(BTreeMap::<i64, u64>::new(), 0_u64); asked.starts.len()];
    let (mut retry, mut fallback) = (0_u64, 0_u64);
    for row in rows {
        retry += u64::from(row.retries > 0);
        fallback += u64::from(row.fell_back);
        if let Some(cell) = asked.cell(row.at).and_then(|cell| cells.get_mut(cell)) {
            if row.retries > 0 {
                *cell.0.entry(row.retries).or_default() += 1;
            }
            cell.1 += u64::from(row.fell_back);
        }
    }
    let points = cells.iter().map(|(retries, fallback)| {
        let retry = retries.iter().map(|(tries, count)| json!({ "retry_success_count": tries, "count": count }));
        json!({ "retry": retry.collect::<Value>(), "fallback": fallback })
    });
    Ok(asked.graph(json!({ "retry": retry, "fallback": fallback }), points))
}

pub async fn hit_rate(ask: Ask) -> Told {
    let asked = Asked::of(&ask)?;
    let slices = asked.slices(&ask, Dimension::Cache).await?;
    let mut cells = vec![[0_i64; 4]; asked.starts.len()];
    for slice in &slices {
        let similar = usize::from(slice.value.starts_with("SEMANTIC"));
        if let Some(cell) = asked.cell(slice.at).and_then(|cell| cells.get_mut(cell)) {
            cell[similar] += slice.cache_hits;
            cell[2 + similar] += slice.saved_cost;
        }
    }
    let asked_cells = cells_of(&asked, &slices)?;
    let (mut simple, mut semantic) = (0, 0);
    let points = cells.iter().zip(&asked_cells).map(|(cell, figures)| {
        simple += cell[2];
        semantic += cell[3];
        json!({
            "simple_hits": cell[0],
            "semantic_hits": cell[1],
            "rate": percent(figures.cache_hits, figures.cache_asked),
            "cumulative_simple_cache_savings": cents(simple),
            "cumulative_semantic_cache_savings": cents(semantic),
        })
    });
    let sum = sum_of(&asked_cells);
    let summary = json!({ "total": sum.cache_hits, "rate": percent(sum.cache_hits, sum.cache_asked) });
    Ok(asked.graph(summary, points.collect::<Vec<_>>().into_iter()))
}

/// What the cache did for the whole time.
pub async fn cache_summary(ask: Ask) -> Told {
    let asked = Asked::of(&ask)?;
    let slices = asked.timed(&ask, Dimension::All).await?;
    let totals = close(&sum_of(&cells_of(&asked, &slices)?));
    let hit = each(millis(totals.hit_us), totals.cache_hits);
    let whole = each(millis(totals.took_us), totals.timed);
    let summary = json!({
        "hits": totals.cache_hits,
        "avg_latency": hit,
        "total_requests": totals.requests,
        "cache_speedup": hit.zip(whole).filter(|(hit, _)| *hit > 0.0).map(|(hit, whole)| whole / hit),
    });
    Ok(json!({ "summary": summary, "data": summary, "object": "analytics-summary" }))
}

/// A graph whose summary and points have the same fields.
async fn plain(ask: Ask, fields: fn(&Totals) -> Value) -> Told {
    let asked = Asked::of(&ask)?;
    let slices = asked.slices(&ask, Dimension::All).await?;
    drawn(&asked, &slices, fields)
}

fn drawn(asked: &Asked, slices: &[Slice], fields: fn(&Totals) -> Value) -> Told {
    let cells = cells_of(asked, slices)?;
    let points = cells.iter().map(|cell| fields(&close(cell)));
    Ok(asked.graph(fields(&close(&sum_of(&cells))), points))
}

fn cells_of(asked: &Asked, slices: &[Slice]) -> Result<Vec<Figures>, Failure> {
    let mut cells = vec![Figures::default(); asked.starts.len()];
    for slice in slices {
        if let Some(cell) = asked.cell(slice.at).and_then(|cell| cells.get_mut(cell)) {
            crate::desk::usage::tally::add(cell, slice)?;
        }
    }
    Ok(cells)
}

fn sum_of(cells: &[Figures]) -> Figures {
    let mut sum = Figures::default();
    cells.iter().for_each(|cell| sum.merge(cell));
    sum
}

/// The envelope; the SDK for Python looks for `data`.
fn graph(summary: Value, points: Vec<Value>) -> Value {
    let mut told = Map::new();
    told.insert("summary".into(), summary);
    told.insert("data_points".into(), points.clone().into());
    told.insert("data".into(), points.into());
    told.insert("object".into(), "analytics-graph".into());
    Value::Object(told)
}

impl Asked {
    /// The envelope around points that stand in the order of the cells.
    fn graph(&self, summary: Value, points: impl Iterator<Item = Value>) -> Value {
        let dated = self.starts.iter().zip(points).map(|(start, mut point)| {
            if let Some(fields) = point.as_object_mut() {
                fields.insert("timestamp".into(), iso(*start));
            }
            point
        });
        graph(summary, dated.collect())
    }
}

fn cents(nanos: i64) -> f64 {
    nanos as f64 / 1e7
}

fn millis(us: u64) -> f64 {
    us as f64 / 1e3
}

/// `None` of nothing.
fn each(sum: f64, count: u64) -> Option<f64> {
    (count > 0).then(|| sum / count as f64)
}

fn percent(part: u64, whole: u64) -> Option<f64> {
    each(part as f64 * 100.0, whole)
}

fn code(status: &str) -> u16 {
    status.parse().unwrap_or(0)
}
