//! The load client. Every answer is checked: a proxy that fails fast must not look quick.

use crate::line::{Fallible, Line};
use bytes::Bytes;
use http_body_util::BodyExt;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// How calls follow each other.
#[derive(Clone, Copy)]
pub enum Pace {
    /// Each connection sends its next call when the one before is answered.
    Closed,
    /// So many calls a second are due, whether the ones before are answered or not. Latency of a call that is sent late
    /// counts from when it was due, so that a stall is charged to all calls that it held up.
    Open { rate: u32 },
}

/// What is sent where, and what must come back.
#[derive(Clone)]
pub struct Load {
    pub to: SocketAddr,
    pub body: Bytes,
    /// Bytes of the answer's body.
    pub expected: usize,
    pub lines: u32,
    pub pace: Pace,
    pub way: Way,
}

/// How the gateway is to route a call.
#[derive(Clone, Copy, Default)]
pub struct Way {
    /// Id of a config.
    pub config: Option<&'static str>,
    /// No call is like another one, as far as the cache goes.
    pub fresh: bool,
}

/// What was measured at the client.
#[derive(Default)]
pub struct Sample {
    pub took: Duration,
    /// Of each call, sorted.
    pub latencies: Vec<Duration>,
}

impl Sample {
    pub fn calls(&self) -> usize {
        self.latencies.len()
    }

    /// The latency that `percent` of the calls did not exceed.
    pub fn percentile(&self, percent: usize) -> Duration {
        let last = self.latencies.len().saturating_sub(1);
        self.latencies.get((last * percent).div_ceil(100)).copied().unwrap_or_default()
    }
}

/// Sends calls for the time `span`, and waits for the answers still due.
pub async fn drive(load: &Load, span: Duration) -> Fallible<Sample> {
    let mut lines = Vec::new();
    for _ in 0..load.lines {
        lines.push(Line::open(load.to).await?);
    }
    let start = Instant::now();
    let mut work = JoinSet::new();
    for (number, line) in (0..).zip(lines) {
        let turn = Turn { load: load.clone(), number, start, end: start + span };
        work.spawn(turn.run(line));
    }
    let mut latencies = Vec::new();
    while let Some(done) = work.join_next().await {
        latencies.extend(done??);
    }
    latencies.sort_unstable();
    Ok(Sample { took: start.elapsed(), latencies })
}

/// One connection's share of a load.
struct Turn {
    load: Load,
    number: u32,
    start: Instant,
    end: Instant,
}

impl Turn {
    async fn run(self, mut line: Line) -> Fallible<Vec<Duration>> {
        let mut latencies = Vec::new();
        for round in 0.. {
            let due = self.due(round);
            if due >= self.end {
                break;
            }
            let free = Instant::now() < due;
            sleep_until(due).await;
            // The clock wakes a waiting line up to a millisecond late, which is not the server's time.
            let from = if free { Instant::now() } else { due };
            let trace = format!("bench-{}-{round}", self.number);
            let namespace = format!("{trace}-{}", self.start.elapsed().as_nanos());
            let Way { config, fresh } = self.load.way;
            let config = config.map(|config| ("x-portkey-config", config));
            let namespace = fresh.then_some(("x-portkey-cache-namespace", namespace.as_str()));
            // A trace that the caller names has its place in an index, which a call without one saves.
            let trace = ("x-portkey-trace-id", trace.as_str());
            let further = std::iter::once(trace).chain(config).chain(namespace).collect::<Vec<_>>();
            let response = line.chat(self.load.body.clone(), &further).await?;
            let status = response.status();
            let length = read(response.into_body()).await?;
            if status != 200 || length != self.load.expected {
                return Err(format!("{} bytes with status {status}, expected {}", length, self.load.expected).into());
            }
            latencies.push(from.elapsed());
        }
        Ok(latencies)
    }

    fn due(&self, round: u32) -> Instant {
        match self.load.pace {
            Pace::Closed => Instant::now(),
            Pace::Open { rate } => self.start + Duration::from_secs(1) / rate * (round * self.load.lines + self.number),
        }
    }
}

async fn read(mut body: hyper::body::Incoming) -> Fallible<usize> {
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        length += frame?.data_ref().map_or(0, Bytes::len);
    }
    Ok(length)
}
