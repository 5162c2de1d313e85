//! What the charts tell, held against the rows by queries of its own: neither the figures nor the code that makes them
//! are asked.

use crate::line::{Fallible, KEY};
use crate::open;
use serde_json::Value;
use sqlx::sqlite::SqliteConnection;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The charts of one server, by path.
pub type Told = BTreeMap<&'static str, Value>;

/// Whole hours around a run, so that every chart of it means the same calls; milliseconds.
#[derive(Clone, Copy)]
pub struct Span {
    from: i64,
    to: i64,
}

const HOUR: i64 = 3_600_000;
const GRAPHS: [&str; 8] = [
    "graphs/requests",
    "graphs/cost",
    "graphs/tokens",
    "graphs/errors",
    "graphs/latency",
    "graphs/users",
    "graphs/errors/status-codes",
    "graphs/cache/hit-rate",
];

/// Groups, the field that names a value, and where a row has it. What is empty is no value.
const GROUPS: [(&str, &str, &str); 8] = [
    ("groups/users", "user", "coalesce(metadata ->> '_user', '')"),
    ("groups/metadata/env", "metadata_value", "coalesce(metadata ->> 'env', '')"),
    ("groups/ai-models", "ai_model", "CASE model_served WHEN '' THEN model_asked ELSE model_served END"),
    ("groups/provider", "provider", "provider"),
    ("groups/api-keys", "api_key", "key_id"),
    ("groups/configs", "config", "coalesce(config, '')"),
    ("groups/status-codes", "status_code", "CAST(status AS TEXT)"),
    ("groups/cache-status", "cache_status", "cache_status"),
];

impl Span {
    pub fn around_now() -> Fallible<Self> {
        let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
        let hour = now - now.rem_euclid(HOUR);
        Ok(Self { from: hour - HOUR, to: hour + 3 * HOUR })
    }

    fn query(self) -> Fallible<String> {
        let iso = |at: i64| jiff::Timestamp::from_millisecond(at).map(|at| at.to_string());
        Ok(format!("time_of_generation_min={}&time_of_generation_max={}", iso(self.from)?, iso(self.to - 1)?))
    }
}

/// All charts, as the server tells them now.
pub fn told(server: SocketAddr, span: Span) -> Fallible<Told> {
    let paths = GRAPHS.into_iter().chain(GROUPS.map(|(path, ..)| path));
    let query = span.query()?;
    paths.map(|path| Ok((path, asked(server, &format!("/v1/analytics/{path}?page_size=1000&{query}"))?))).collect()
}

fn asked(server: SocketAddr, path: &str) -> Fallible<Value> {
    let mut stream = TcpStream::connect(server)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: {server}\r\nauthorization: Bearer {KEY}\r\nconnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
    assert!(head.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    Ok(serde_json::from_str(body)?)
}

/// Holds every chart against the rows.
pub async fn agree(told: &Told, folder: &Path, span: Span) -> Fallible<()> {
    let journal = &mut open(folder, "journal.db").await?;
    let of = |path: &str| told.get(path).ok_or_else(|| format!("{path} was not asked for"));
    for (path, field, sum, scale) in [
        ("graphs/requests", "total", "count(*)", 1.0),
        ("graphs/cost", "total", "coalesce(sum(cost), 0)", 1e-7),
        ("graphs/tokens", "total", "coalesce(sum(tokens_in + tokens_out), 0)", 1.0),
        ("graphs/errors", "total", "coalesce(sum(status >= 400 OR status = 0), 0)", 1.0),
    ] {
        let graph = of(path)?;
        let whole = rows(journal, sum, "1", (span.from, span.to)).await?;
        same(&graph["summary"][field], whole as f64 * scale, path);
        cells(graph, journal, (field, sum, scale), span).await?;
    }
    latencies(of("graphs/latency")?, journal, span).await?;
    let users = rows(journal, "count(DISTINCT metadata ->> '_user')", "1", (span.from, span.to)).await?;
    same(&of("graphs/users")?["summary"]["total"], users as f64, "users");
    let hits = rows(journal, "count(*)", "cache_status = 'HIT'", (span.from, span.to)).await?;
    assert!(hits > 0, "the cache answered nothing");
    same(&of("graphs/cache/hit-rate")?["summary"]["total"], hits as f64, "hits");
    for (path, field, column) in GROUPS {
        group(of(path)?, journal, (path, field, column), span).await?;
    }
    Ok(())
}

/// Figures made again are those that were there. Sums by metadata tell the hour, and what is fresh the minute.
pub fn unchanged(before: &Told, after: &Told) {
    for (path, told) in before {
        let again = &after[path];
        match *path {
            "graphs/users" => assert_eq!(told["summary"], again["summary"], "{path}"),
            "groups/metadata/env" => assert_eq!(told["total"], again["total"], "{path}"),
            _ => assert!(told == again, "{path} told {told}, and after the rebuild {again}"),
        }
    }
}

async fn rows(journal: &mut SqliteConnection, sum: &str, only: &str, (from, to): (i64, i64)) -> Fallible<i64> {
    let sql = format!("SELECT {sum} FROM calls WHERE at >= $1 AND at < $2 AND {only}");
    Ok(sqlx::query_scalar(&sql).bind(from).bind(to).fetch_one(journal).await?)
}

/// Each point is the sum of the rows of its own time.
async fn cells(
    graph: &Value,
    journal: &mut SqliteConnection,
    (field, sum, scale): (&str, &str, f64),
    span: Span,
) -> Fallible<()> {
    let points = graph["data_points"].as_array().ok_or("no points")?;
    let start = |point: &Value| -> Fallible<i64> {
        Ok(point["timestamp"].as_str().ok_or("no time")?.parse::<jiff::Timestamp>()?.as_millisecond())
    };
    let mut starts = points.iter().map(start).collect::<Fallible<Vec<_>>>()?;
    starts.push(span.to);
    for (point, cell) in points.iter().zip(starts.windows(2)) {
        let whole = rows(journal, sum, "1", (cell[0], cell[1])).await?;
        same(&point[field], whole as f64 * scale, field);
    }
    Ok(())
}

/// Percentiles to a hundredth, of the calls that a provider took its time for.
async fn latencies(graph: &Value, journal: &mut SqliteConnection, span: Span) -> Fallible<()> {
    let sql = "SELECT latency_us FROM calls WHERE at >= $1 AND at < $2 AND cache_status NOT LIKE '%HIT' \
               AND provider <> '' ORDER BY 1";
    let took: Vec<i64> = sqlx::query_scalar(sql).bind(span.from).bind(span.to).fetch_all(journal).await?;
    assert!(took.len() > 100, "{} calls are too few for percentiles", took.len());
    for (name, part) in [("p50", 50), ("p90", 90), ("p95", 95), ("p99", 99)] {
        let exact = took[(took.len() * part).div_ceil(100) - 1] as f64 / 1e3;
        let told = graph["summary"][name].as_f64().ok_or("no percentile")?;
        assert!((told - exact).abs() <= exact / 100.0, "{name}: {told} ms is told, and the rows say {exact} ms");
    }
    let average = took.iter().sum::<i64>() as f64 / took.len() as f64 / 1e3;
    same(&graph["summary"]["avg"], average, "the average");
    Ok(())
}

async fn group(
    told: &Value,
    journal: &mut SqliteConnection,
    (path, field, column): (&str, &str, &str),
    span: Span,
) -> Fallible<()> {
    let sql = format!(
        "SELECT {column} AS value, count(*), coalesce(sum(cost), 0) FROM calls WHERE at >= $1 AND at < $2 \
         AND {column} <> '' GROUP BY 1"
    );
    let rows: Vec<(String, i64, i64)> = sqlx::query_as(&sql).bind(span.from).bind(span.to).fetch_all(journal).await?;
    let listed = told["data"].as_array().ok_or("no list")?;
    let names: Vec<_> = listed.iter().map(|row| row[field].as_str().unwrap_or_default()).collect();
    assert_eq!(listed.len(), rows.len(), "{path}: {names:?} are told, and the rows have {rows:?}");
    for (value, calls, cost) in rows {
        let row = listed.iter().find(|row| row[field] == value.as_str()).ok_or(format!("{path} lacks {value}"))?;
        same(&row["requests"], calls as f64, path);
        same(&row["cost"], cost as f64 * 1e-7, path);
    }
    Ok(())
}

fn same(told: &Value, expected: f64, what: &str) {
    let told = told.as_f64().unwrap_or(f64::NAN);
    assert!(
        (told - expected).abs() <= 1e-9 * expected.abs().max(1.0),
        "{what}: {told} is told, and the rows say {expected}"
    );
}
