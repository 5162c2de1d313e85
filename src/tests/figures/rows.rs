//! What the rows say, by queries of their own: neither the figures nor the code that makes them are asked.
#![expect(clippy::expect_used, clippy::panic, reason = "rows that cannot be read are a failed test")]

use sqlx::sqlite::SqliteConnection;
use std::collections::BTreeMap;

/// The model of a call, as SQL: as served, and where nothing was, as asked for.
pub const MODEL: &str = "CASE model_served WHEN '' THEN model_asked ELSE model_served END";

/// What calls come to, and the times of those that a provider answered. A hit of the cache has figures of its own.
const FIGURES: &str = "count(*) AS calls, sum(status >= 400 OR status = 0) AS errors, sum(tokens_in) AS tokens_in, \
     sum(tokens_cached) AS tokens_cached, sum(tokens_out) AS tokens_out, coalesce(sum(cost), 0) AS cost, \
     sum(cost IS NULL AND tokens_in + tokens_out > 0) AS unpriced, sum(hit) AS hits, \
     sum(cache_status NOT IN ('', 'DISABLED')) AS asked, \
     coalesce(sum(saved_cost) FILTER (WHERE hit), 0) AS saved_cost, \
     coalesce(sum(saved_us) FILTER (WHERE hit), 0) AS saved_us, \
     coalesce(sum(latency_us) FILTER (WHERE hit), 0) AS hit_us, max(at) AS latest, \
     json_group_array(latency_us) FILTER (WHERE NOT hit AND provider <> '') AS latencies, \
     json_group_array(first_token_us) FILTER (WHERE NOT hit AND first_token_us IS NOT NULL) AS firsts";

/// Which calls are meant: from and until, milliseconds, and what narrows them, as SQL.
#[derive(Clone, Copy)]
pub struct Meant<'m> {
    pub from: i64,
    pub until: i64,
    pub only: &'m str,
}

/// What they are told apart by, as SQL: the start of the cell that a `moment` falls into, and a value, NULL where there
/// is none. The moment is the call's, so many milliseconds later.
#[derive(Clone, Copy)]
pub struct Apart<'m> {
    pub cell: &'m str,
    pub later: i64,
    pub value: &'m str,
}

/// What some calls come to.
#[derive(Clone, Debug, Default, sqlx::FromRow)]
pub struct Sum {
    pub calls: i64,
    pub errors: i64,
    pub tokens_in: i64,
    pub tokens_cached: i64,
    pub tokens_out: i64,
    /// Nano-dollars.
    pub cost: i64,
    pub unpriced: i64,
    pub hits: i64,
    pub asked: i64,
    pub saved_cost: i64,
    pub saved_us: i64,
    pub hit_us: i64,
    /// When the last of them was, milliseconds.
    pub latest: i64,
    /// Microseconds of each call, whole and to the first token.
    #[sqlx(skip)]
    pub latencies: Vec<i64>,
    #[sqlx(skip)]
    pub firsts: Vec<i64>,
}

/// The same by cell and value. Only the first two have the calls without a value.
#[derive(Default)]
pub struct Rows {
    pub all: Sum,
    /// By start.
    pub cells: BTreeMap<i64, Sum>,
    pub valued: BTreeMap<i64, Sum>,
    pub values: BTreeMap<String, Sum>,
    pub parts: BTreeMap<(String, i64), Sum>,
}

#[derive(sqlx::FromRow)]
struct Row {
    cell: i64,
    value: Option<String>,
    #[sqlx(flatten)]
    sum: Sum,
    latencies: String,
    firsts: String,
}

pub async fn told(journal: &mut SqliteConnection, meant: Meant<'_>, apart: Apart<'_>) -> Rows {
    let (Meant { from, until, only }, Apart { cell, later, value }) = (meant, apart);
    let sql = format!(
        "SELECT {cell} AS cell, {value} AS value, {FIGURES} \
         FROM (SELECT *, at + {later} AS moment, cache_status LIKE '%HIT' AS hit FROM calls \
         WHERE workspace = 'default' AND at >= {from} AND at < {until} AND ({only})) GROUP BY 1, 2"
    );
    let read: Vec<Row> = sqlx::query_as(&sql).fetch_all(&mut *journal).await.expect("rows");
    let times = |list: &str| serde_json::from_str::<Vec<i64>>(list).expect("times");
    let mut rows = Rows::default();
    for Row { cell, value, mut sum, latencies, firsts } in read {
        (sum.latencies, sum.firsts) = (times(&latencies), times(&firsts));
        rows.all.add(&sum);
        rows.cells.entry(cell).or_default().add(&sum);
        if let Some(value) = value {
            rows.valued.entry(cell).or_default().add(&sum);
            rows.values.entry(value.clone()).or_default().add(&sum);
            rows.parts.insert((value, cell), sum);
        }
    }
    rows
}

/// When the first call of all was.
pub async fn first(journal: &mut SqliteConnection) -> i64 {
    let first = sqlx::query_scalar("SELECT min(at) FROM calls WHERE workspace = 'default'");
    first.fetch_one(&mut *journal).await.expect("a call")
}

impl Sum {
    pub fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.errors += other.errors;
        self.tokens_in += other.tokens_in;
        self.tokens_cached += other.tokens_cached;
        self.tokens_out += other.tokens_out;
        self.cost += other.cost;
        self.unpriced += other.unpriced;
        self.hits += other.hits;
        self.asked += other.asked;
        self.saved_cost += other.saved_cost;
        self.saved_us += other.saved_us;
        self.hit_us += other.hit_us;
        self.latest = self.latest.max(other.latest);
        self.latencies.extend_from_slice(&other.latencies);
        self.firsts.extend_from_slice(&other.firsts);
    }

    /// How many calls a provider answered, and how long they took together, microseconds.
    pub fn timed(&self) -> (i64, i64) {
        (whole(self.latencies.len()), self.latencies.iter().sum())
    }

    /// What the console calls so: money in nano-dollars, time in microseconds, shares in hundredths of a percent.
    pub fn figure(&self, name: &str) -> Option<i64> {
        let tokens = self.tokens_in + self.tokens_out;
        let (timed, took) = self.timed();
        match name {
            "Requests" => Some(self.calls),
            "Successes" => Some(self.calls - self.errors),
            "Errors" => Some(self.errors),
            "Error rate" => share(self.errors, self.calls),
            "Tokens" => Some(tokens),
            "Tokens in" => Some(self.tokens_in),
            "Tokens out" => Some(self.tokens_out),
            "Cached" | "From the provider's cache" => share(self.tokens_cached, self.tokens_in),
            "For each call" => per(tokens, self.calls),
            "Cost" | "Spent" => Some(self.cost),
            "For 1,000" | "For 1,000 calls" => (self.cost * 1_000).checked_div(self.calls),
            "Unpriced calls" => Some(self.unpriced),
            "Asked" => Some(self.asked),
            "Hits" => Some(self.hits),
            "Hit rate" => share(self.hits, self.asked),
            "Saved by cache" | "Money saved" => Some(self.saved_cost),
            "Time saved" => Some(self.saved_us),
            "A hit takes" => per(self.hit_us, self.hits),
            "Average" => per(took, timed),
            "p50" => percentile(&self.latencies, 50),
            "p90" => percentile(&self.latencies, 90),
            "p95" => percentile(&self.latencies, 95),
            "p99" => percentile(&self.latencies, 99),
            "First token" | "First token p50" => percentile(&self.firsts, 50),
            "First token p95" => percentile(&self.firsts, 95),
            _ => panic!("the rows were never asked for {name}"),
        }
    }
}

/// Whether a figure is what the rows say: a percentile to a hundredth, all else to the last digit.
pub fn agree(name: &str, told: Option<i64>, rows: Option<i64>) -> bool {
    let near = name.starts_with("First token") || matches!(name, "p50" | "p90" | "p95" | "p99");
    match (told, rows) {
        (Some(told), Some(rows)) if near => (told - rows).abs() * 100 <= rows,
        _ => told == rows,
    }
}

/// A count of something in memory.
pub fn whole(count: usize) -> i64 {
    i64::try_from(count).expect("a count")
}

pub fn per(sum: i64, count: i64) -> Option<i64> {
    (sum + count / 2).checked_div(count)
}

/// The least of `times` that so many of a hundred do not exceed.
fn percentile(times: &[i64], percent: usize) -> Option<i64> {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted.get((sorted.len() * percent).div_ceil(100).saturating_sub(1)).copied()
}

fn share(part: i64, all: i64) -> Option<i64> {
    (part * 10_000).checked_div(all)
}
