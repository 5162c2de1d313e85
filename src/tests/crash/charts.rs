//! What the charts tell, held against the rows by queries of its own: neither the figures nor the code that makes them
//! are asked.
#![expect(clippy::expect_used, reason = "what cannot be asked is a failed test")]

#[path = "../figures/beside.rs"]
pub mod beside;
#[path = "../figures/feedback.rs"]
pub mod feedback;
#[path = "../figures/graphs.rs"]
mod graphs;
#[path = "history.rs"]
mod history;
#[path = "../figures/overview.rs"]
pub mod overview;
#[path = "../figures/pages.rs"]
pub mod pages;
#[path = "../figures/rows.rs"]
mod rows;

use crate::line::{Fallible, KEY};
use crate::open;
pub use graphs::{Span, Told};
use pages::HOUR;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

impl Span {
    /// Whole hours around a run, so that every chart of it means the same calls.
    pub fn around_now() -> Fallible<Self> {
        let now = now()?;
        let hour = now - now.rem_euclid(HOUR);
        Ok(Self { from: hour - HOUR, to: hour + 3 * HOUR })
    }
}

pub fn now() -> Fallible<i64> {
    Ok(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?)
}

/// All charts, as the server tells them now.
pub fn told(server: SocketAddr, span: Span) -> Fallible<Told> {
    let query = span.query();
    let paths = graphs::paths();
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
    let all = graphs::hold(told, &mut open(folder, "journal.db").await?, (span, "1")).await;
    assert!(all.hits > 0, "the cache answered nothing");
    assert!(all.latencies.len() > 100, "{} calls are too few for percentiles", all.latencies.len());
    Ok(())
}

/// Holds what is told of feedback against the rows: of how many opinions that is, and of how many on calls that failed.
pub async fn feedback_agrees(server: SocketAddr, folder: &Path, span: Span) -> Fallible<(i64, i64)> {
    let journal = &mut open(folder, "journal.db").await?;
    let ask = async |path: &str| asked(server, path).expect("an answer");
    let all = feedback::graphs(ask, journal, span, ("", "1")).await;
    let failed = feedback::graphs(ask, journal, span, ("&status_code=500", "status = 500")).await;
    Ok((all, failed))
}

/// Figures made again are those that were there.
pub fn unchanged(before: &Told, after: &Told) {
    for (path, told) in before {
        let again = &after[path];
        assert!(told == again, "{path} told {told}, and after the rebuild {again}");
    }
}
