//! What a call costs: Switchyard with keys, journal and bodies on, beside a proxy that does nothing but proxy.
//!
//! A scripted upstream, the bare proxy and two release servers, one of them with limits on its key, run as processes of
//! their own, and take turns under the same load. Ends non-zero where Switchyard's CPU passes its limits.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench talks to its terminal")]

mod client;
mod floor;
mod line;
mod meter;
mod report;
mod role;
mod server;
mod upstream;
mod ways;

use bytes::Bytes;
use client::{Load, Pace, Sample, Way};
use line::Fallible;
use report::Reading;
use role::Role;
use server::Server;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// A load and the limit that it is held to.
struct Scenario {
    title: String,
    stream: bool,
    lines: u32,
    pace: Pace,
    limit: Option<f64>,
}

/// Limits of a key that are counted with each call and never reached.
const LIMITS: &str = r#"
budget = { type = "cost", credit_limit = 100000, periodic_reset = "monthly" }
rate_limit = { type = "requests", unit = "rpm", value = 100000000 }
"#;

/// How long it all takes.
struct Effort {
    rounds: usize,
    span: Duration,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["upstream"] => one_thread(upstream::serve()).map(|()| true),
        ["floor", upstream] => all_threads(floor::serve(upstream)).map(|()| true),
        [binary, "--quick"] => measured(binary, Effort { rounds: 3, span: Duration::from_millis(500) }),
        [binary] => measured(binary, Effort { rounds: 9, span: Duration::from_millis(1200) }),
        _ => Err("the bench takes the server's binary, and --quick or nothing".into()),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn measured(binary: &str, effort: Effort) -> Fallible<bool> {
    one_thread(measure(Path::new(binary), effort))
}

fn scenarios() -> Vec<Scenario> {
    let chunks = upstream::CHUNKS;
    let scenario = |title, stream, lines, pace, limit| Scenario { title, stream, lines, pace, limit };
    vec![
        scenario("Non-stream, 32 connections, closed loop".to_owned(), false, 32, Pace::Closed, Some(5.0)),
        scenario(
            format!("Stream of {chunks} chunks, {} ms apart, 32 connections, closed loop", upstream::PACE.as_millis()),
            true,
            32,
            Pace::Closed,
            Some(2.0),
        ),
        scenario("Non-stream, open loop of 500 calls a second".to_owned(), false, 64, Pace::Open { rate: 500 }, None),
    ]
}

/// Measures all scenarios and prints them; true where every limit is kept.
async fn measure(binary: &Path, effort: Effort) -> Fallible<bool> {
    let upstream = Role::start(&["upstream"])?;
    let floor = Role::start(&["floor", &upstream.address.to_string()])?;
    let (folder, other) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let objects = format!(
        "[[provider]]\nslug = \"bench\"\nvendor = \"openai\"\nbase_url = \"http://{}/v1\"\nkey = \"sk-bench\"\n{}",
        upstream.address,
        ways::CONFIGS
    );
    let mut server = Server::start(binary, folder.path(), &objects)?;
    let mut limited = Server::start(binary, other.path(), &format!("{LIMITS}{objects}"))?;
    println!("Bodies of 2 KB both ways. CPU is the kernel's count for the proxy's process; latency is the client's.");
    let mut kept = true;
    for scenario in scenarios() {
        let (title, limit) = (scenario.title.clone(), scenario.limit);
        let mut result = report::Result { title, floor: vec![], switchyard: vec![], limited: vec![], limit };
        for _ in 0..effort.rounds {
            result.floor.push(round(&scenario, &effort, floor.address, floor.id()).await?);
            result.switchyard.push(round(&scenario, &effort, server.address, server.id()).await?);
            result.limited.push(round(&scenario, &effort, limited.address, limited.id()).await?);
        }
        result.print();
        kept &= result.passes();
    }
    limited.kill()?;
    kept &= ways::measure(&effort, &server).await?;
    server.kill()?;
    println!("\n{}", if kept { "Within the limits." } else { "Past a limit." });
    Ok(kept)
}

async fn round(scenario: &Scenario, effort: &Effort, to: SocketAddr, process: u32) -> Fallible<Reading> {
    let load = Load {
        to,
        body: question(scenario.stream),
        expected: expected(scenario.stream),
        lines: scenario.lines,
        pace: scenario.pace,
        way: Way::default(),
    };
    driven(&load, effort, process).await
}

/// One round of a load, of which the first part does not count.
async fn driven(load: &Load, effort: &Effort, process: u32) -> Fallible<Reading> {
    client::drive(load, effort.span / 4).await?;
    let before = meter::cpu(process)?;
    let sample = client::drive(load, effort.span).await?;
    let spent = meter::cpu(process)?.saturating_sub(before);
    reading(&sample, spent, meter::resident(process)?)
}

fn reading(sample: &Sample, spent: Duration, memory_kib: u64) -> Fallible<Reading> {
    let calls = u32::try_from(sample.calls())?;
    if calls == 0 {
        return Err("no call was answered in a whole round".into());
    }
    Ok(Reading {
        cpu: spent / calls,
        p50: sample.percentile(50),
        p99: sample.percentile(99),
        calls_a_second: f64::from(calls) / sample.took.as_secs_f64(),
        memory_kib,
    })
}

/// A request of about 2 KB.
fn question(stream: bool) -> Bytes {
    let text = "Which signals on the main line stand at danger, and since when? ".repeat(28);
    let mut question = serde_json::json!({
        "model": "@bench/gpt-4o-mini", "temperature": 0.2,
        "messages": [{"role": "system", "content": "Answer in one sentence."}, {"role": "user", "content": text}],
    });
    if stream {
        question["stream"] = true.into();
    }
    Bytes::from(question.to_string())
}

/// A proxy hands on every byte of the answer, and none that the caller did not ask for.
fn expected(stream: bool) -> usize {
    if stream { upstream::events(false).iter().map(Bytes::len).sum() } else { upstream::whole().len() }
}

fn one_thread<T>(work: impl Future<Output = Fallible<T>>) -> Fallible<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

fn all_threads<T>(work: impl Future<Output = Fallible<T>>) -> Fallible<T> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}
