//! `kill -9` at random moments under load: whatever a client was told, the journal knows.
//!
//! `SWITCHYARD_BIN` names the server, else it is the one built beside this test. `CRASH_ROUNDS` says how often it dies,
//! and `CRASH_SEED` repeats a run.

#[path = "crash/budget.rs"]
mod budget;
#[path = "crash/charts.rs"]
mod charts;
#[path = "../bench/line.rs"]
mod line;
#[path = "crash/rooms.rs"]
mod rooms;
#[path = "../bench/server.rs"]
mod server;

use bytes::Bytes;
use http_body_util::BodyExt;
use line::{Fallible, Line};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use server::Server;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use switchyard::store::values::pack::entries;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

const LINES: u32 = 64;
const CALLS_A_SECOND: u32 = 320;
/// One call in so many is a stream that takes about a fifth of a second.
const STREAMS: u32 = 4;

/// What the client knows of its calls, by trace id.
#[derive(Default)]
struct Ledger {
    sent: BTreeSet<String>,
    /// Streams of which something arrived: their call had reached the provider.
    begun: BTreeSet<String>,
    answered: BTreeSet<String>,
    /// Answers that no call should get.
    refused: Vec<String>,
}

/// The calls of one round, shared by its lines.
#[derive(Clone)]
struct Round {
    number: u32,
    start: Instant,
    next: Arc<AtomicU32>,
    ledger: Arc<Mutex<Ledger>>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answered_call_outlives_a_killed_server() -> Fallible<()> {
    let rounds: u32 = setting("CRASH_ROUNDS").unwrap_or(3);
    let seed: u64 = setting("CRASH_SEED").unwrap_or_else(rand::random);
    println!("seed {seed}, {rounds} rounds");
    let mut dice = StdRng::seed_from_u64(seed);
    let (binary, folder) = (binary(), tempfile::tempdir()?);
    let mut server = Server::start(&binary, folder.path(), "")?;
    let (mut answered, mut interrupted, mut driven) = (0, 0, Duration::ZERO);
    for number in 0..rounds {
        let life = Duration::from_millis(dice.random_range(500..1500));
        let ledger = drive_and_kill(&mut server, number, life).await?;
        println!("round {number}: process {} killed after {life:?}, {} answered", server.id(), ledger.answered.len());
        server = Server::start(&binary, folder.path(), "")?;
        interrupted += compare(&ledger, &journal(folder.path(), number).await?);
        figures(folder.path()).await?;
        answered += ledger.answered.len();
        driven += life;
    }
    let pace = answered as f64 / driven.as_secs_f64();
    println!("{answered} answered at {pace:.0} a second, {interrupted} interrupted");
    assert!(interrupted > 0, "no kill met a call in flight");
    assert!(rounds < 20 || pace >= 200.0, "{pace:.0} answers a second are too few to prove anything");
    Ok(())
}

/// A config whose answers are kept, so that some calls are hits.
const KEPT: &str = "[[config]]\nid = \"pc-kept\"\nbody = \"{\\\"cache\\\":{\\\"mode\\\":\\\"simple\\\"}}\"\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn charts_tell_what_the_rows_say_after_kills_and_after_a_rebuild() -> Fallible<()> {
    let (binary, folder, span) = (binary(), tempfile::tempdir()?, charts::Span::around_now()?);
    let mut server = Server::start(&binary, folder.path(), KEPT)?;
    for round in 0..setting("CRASH_ROUNDS").unwrap_or(3) {
        let mut lines = JoinSet::new();
        for number in 0..LINES {
            lines.spawn(mix(Line::open(server.address).await?, format!("m{round}-{number}")));
        }
        tokio::time::sleep(Duration::from_millis(rand::rng().random_range(500..1200))).await;
        server.kill()?;
        let said = lines.join_all().await.concat();
        assert!(!said.is_empty(), "nothing was said of any call");
        spoken(folder.path(), &said).await?;
        server = Server::start(&binary, folder.path(), KEPT)?;
        charts::agree(&charts::told(server.address, span)?, folder.path(), span).await?;
    }
    let before = charts::told(server.address, span)?;
    let (said, failed) = charts::feedback_agrees(server.address, folder.path(), span).await?;
    assert!(0 < failed && failed < said, "{failed} of {said} were said of calls that failed");
    server.kill()?;
    rooms::beside_agrees(folder.path()).await?;
    let setup = folder.path().join("setup.toml");
    let rebuilt = Command::new(&binary).arg("--setup").arg(&setup).args(["rollups", "rebuild"]).output()?;
    assert!(rebuilt.status.success(), "{}", String::from_utf8_lossy(&rebuilt.stderr));
    server = Server::start(&binary, folder.path(), KEPT)?;
    let after = charts::told(server.address, span)?;
    charts::agree(&after, folder.path(), span).await?;
    charts::unchanged(&before, &after);
    assert_eq!(charts::feedback_agrees(server.address, folder.path(), span).await?, (said, failed));
    server.kill()?;
    rooms::beside_agrees(folder.path()).await
}

/// Of calls, one in so many has feedback.
const SAID: u32 = 8;

/// Calls of many kinds until the connection breaks: whole and streamed, failing, kept, by many people, two a trace. The
/// traces of which something was said, as the server confirmed.
async fn mix(mut line: Line, name: String) -> Vec<String> {
    let mut said = Vec::new();
    for number in 0.. {
        let mut dice = StdRng::from_os_rng();
        let kind = ["echo", "lorem-12", "lorem-20-300", "fail-500", "fail-429", "kept"][dice.random_range(0..6)];
        let model = if kind == "kept" { "json" } else { kind };
        let words = if kind == "kept" { "Again".to_owned() } else { format!("{name} {number}") };
        let body = serde_json::json!({
            "model": format!("@sandbox/{model}"), "stream": kind == "lorem-20-300",
            "user": format!("u{}", dice.random_range(0..40)), "messages": [{ "role": "user", "content": words }],
        });
        let metadata = if dice.random_bool(0.5) { r#"{"env":"prod"}"# } else { r#"{"team":"ads"}"# };
        let trace = format!("{name}-{}", number / 2);
        let mut headers = vec![("x-portkey-metadata", metadata), ("x-portkey-trace-id", &trace)];
        headers.extend((kind == "kept").then_some(("x-portkey-config", "pc-kept")));
        let Ok(response) = line.chat(Bytes::from(body.to_string()), &headers).await else {
            return said;
        };
        if response.into_body().collect().await.is_err() {
            return said;
        }
        if dice.random_ratio(1, SAID) {
            let Ok(confirmed) = opine(&mut line, &trace, &mut dice).await else {
                return said;
            };
            said.extend(confirmed.then_some(trace));
        }
    }
    said
}

/// Whether the server confirms an opinion: under load it may have to be given again. Weights add up to the last bit.
async fn opine(line: &mut Line, trace: &str, dice: &mut StdRng) -> Fallible<bool> {
    let (value, weight) = ([-10, -3, 0, 5, 10][dice.random_range(0..5)], [0.25, 0.5, 1.0][dice.random_range(0..3)]);
    let said = serde_json::json!({ "trace_id": trace, "value": value, "weight": weight });
    let answer = line.post("/v1/feedback", Bytes::from(said.to_string()), &[]).await?;
    let status = answer.status();
    let answer = answer.into_body().collect().await?.to_bytes();
    assert!([200, 500].contains(&status.as_u16()), "{said}: {status} {}", String::from_utf8_lossy(&answer));
    Ok(status == 200)
}

/// The journal has an opinion for each that was confirmed.
async fn spoken(folder: &Path, said: &[String]) -> Fallible<()> {
    let rows: Vec<String> =
        sqlx::query_scalar("SELECT trace_id FROM feedback").fetch_all(&mut open(folder, "journal.db").await?).await?;
    let mut kept = BTreeMap::<&str, usize>::new();
    rows.iter().for_each(|trace| *kept.entry(trace).or_default() += 1);
    for trace in said {
        let left = kept.get_mut(trace.as_str()).and_then(|left| left.checked_sub(1).map(|less| *left = less));
        assert!(left.is_some(), "an opinion of {trace} was confirmed, yet is not in the journal");
    }
    Ok(())
}

/// Calls the server from all lines until it is killed, and returns what the client was told.
async fn drive_and_kill(server: &mut Server, number: u32, life: Duration) -> Fallible<Ledger> {
    let round =
        Round { number, start: Instant::now(), next: Arc::default(), ledger: Arc::new(Mutex::new(Ledger::default())) };
    let mut lines = JoinSet::new();
    for _ in 0..LINES {
        let line = Line::open(server.address).await?;
        lines.spawn(round.clone().keep_calling(line));
    }
    sleep_until(round.start + life).await;
    server.kill()?;
    lines.join_all().await;
    Ok(std::mem::take(&mut *round.ledger.lock().unwrap_or_else(PoisonError::into_inner)))
}

impl Round {
    /// Takes the next call that is due, until the connection breaks.
    async fn keep_calling(self, mut line: Line) {
        loop {
            let call = self.next.fetch_add(1, Ordering::Relaxed);
            sleep_until(self.start + Duration::from_secs(1) / CALLS_A_SECOND * call).await;
            if self.call(&mut line, call).await.is_err() {
                return;
            }
        }
    }

    async fn call(&self, line: &mut Line, call: u32) -> Fallible<()> {
        let trace = format!("r{}-{call}", self.number);
        let stream = call.is_multiple_of(STREAMS);
        self.note(|ledger| ledger.sent.insert(trace.clone()));
        let response = line.chat(question(stream), &[("x-portkey-trace-id", &trace)]).await?;
        let status = response.status();
        let mut body = response.into_body();
        let mut answer = Vec::new();
        while let Some(frame) = body.frame().await {
            if let Some(data) = frame?.data_ref() {
                answer.extend_from_slice(data);
                self.note(|ledger| stream && ledger.begun.insert(trace.clone()));
            }
        }
        if status != 200 {
            let said = format!("{trace}: {status} {}", String::from_utf8_lossy(&answer));
            self.note(|ledger| ledger.refused.push(said));
            return Ok(());
        }
        self.note(|ledger| ledger.answered.insert(trace));
        Ok(())
    }

    fn note<T>(&self, write: impl FnOnce(&mut Ledger) -> T) -> T {
        write(&mut self.ledger.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Holds the client's ledger against the journal's rows, and returns how many of them say `interrupted`.
fn compare(ledger: &Ledger, rows: &BTreeMap<String, Vec<String>>) -> usize {
    assert_eq!(ledger.refused, Vec::<String>::new(), "answers other than 200");
    let lost: Vec<_> = ledger.answered.iter().filter(|trace| !rows.contains_key(*trace)).collect();
    assert!(lost.is_empty(), "answered, yet not in the journal: {lost:?}");
    let forgotten: Vec<_> = ledger.begun.iter().filter(|trace| !rows.contains_key(*trace)).collect();
    assert!(forgotten.is_empty(), "in flight at the kill, yet not in the journal: {forgotten:?}");
    for (trace, outcomes) in rows {
        assert!(ledger.sent.contains(trace), "{trace} was never sent");
        assert_eq!(outcomes.len(), 1, "{trace} has {outcomes:?}");
        assert!(!ledger.answered.contains(trace) || outcomes == &["finished"], "{trace} was answered: {outcomes:?}");
    }
    rows.values().flatten().filter(|outcome| *outcome == "interrupted").count()
}

/// The round's rows: outcomes by trace id. Both databases must be whole.
async fn journal(folder: &Path, round: u32) -> Fallible<BTreeMap<String, Vec<String>>> {
    for file in ["control.db", "journal.db"] {
        let health: String = sqlx::query_scalar("PRAGMA quick_check").fetch_one(&mut open(folder, file).await?).await?;
        assert_eq!(health, "ok", "{file}");
    }
    let rows: Vec<(String, String)> = sqlx::query_as("SELECT trace_id, outcome FROM calls WHERE trace_id LIKE $1")
        .bind(format!("r{round}-%"))
        .fetch_all(&mut open(folder, "journal.db").await?)
        .await?;
    let mut outcomes = BTreeMap::<_, Vec<_>>::new();
    for (trace, outcome) in rows {
        outcomes.entry(trace).or_default().push(outcome);
    }
    Ok(outcomes)
}

/// What charts read adds up to what the rows say, by call and by pair of metadata.
async fn figures(folder: &Path) -> Fallible<()> {
    const SUMS: &str = "coalesce(sum(calls), 0), coalesce(sum(errors), 0), coalesce(sum(tokens_in), 0), \
                        coalesce(sum(tokens_out), 0), coalesce(sum(cost), 0), coalesce(sum(unpriced), 0)";
    const ROWS: &str = "count(*), coalesce(sum(status >= 400 OR status = 0), 0), coalesce(sum(tokens_in), 0), \
                        coalesce(sum(tokens_out), 0), coalesce(sum(cost), 0), \
                        coalesce(sum(cost IS NULL AND tokens_in + tokens_out > 0), 0)";
    type Sums = (i64, i64, i64, i64, i64, i64);
    let mut journal = open(folder, "journal.db").await?;
    // One transaction is one moment: the server adds figures up meanwhile.
    let mut moment = journal.begin().await?;
    let mut told: Vec<Sums> = Vec::new();
    for from in [
        format!("SELECT {SUMS} FROM rollups"),
        format!("SELECT {ROWS} FROM calls"),
        format!("SELECT {SUMS} FROM rollup_pairs WHERE key = '_user'"),
        format!("SELECT {ROWS} FROM calls WHERE metadata ->> '_user' IS NOT NULL"),
    ] {
        told.push(sqlx::query_as(&from).fetch_one(&mut *moment).await?);
    }
    let days = "SELECT pack FROM rollup_values WHERE grain = 86400000 AND key = '_user'";
    let packs: Vec<Vec<u8>> = sqlx::query_scalar(days).fetch_all(&mut *moment).await?;
    let pairs = &mut told[2];
    for entry in packs.iter().flat_map(|pack| entries(pack)) {
        let figures = entry.and_then(|entry| entry.figures()).map_err(|_| "a pack cannot be read")?;
        let whole = |figure: u64| i64::try_from(figure).unwrap_or(i64::MAX);
        pairs.0 += whole(figures.calls);
        pairs.1 += whole(figures.errors);
        pairs.2 += whole(figures.tokens_in);
        pairs.3 += whole(figures.tokens_out);
        pairs.4 += figures.cost;
        pairs.5 += whole(figures.unpriced);
    }
    assert!(told[1].0 > 0 && told[3].0 > 0, "nothing was called");
    assert_eq!((told[0], told[2]), (told[1], told[3]));
    Ok(())
}

async fn open(folder: &Path, file: &str) -> Fallible<SqliteConnection> {
    let path = folder.join("data").join(file);
    Ok(SqliteConnectOptions::new().filename(path).read_only(true).connect().await?)
}

fn question(stream: bool) -> Bytes {
    let body = if stream {
        serde_json::json!({"model": "@sandbox/lorem-40-200", "stream": true, "messages": [{"role": "user", "content": "On"}]})
    } else {
        serde_json::json!({"model": "@sandbox/echo", "user": "ada", "messages": [{"role": "user", "content": "Is the line clear?"}]})
    };
    Bytes::from(body.to_string())
}

fn binary() -> PathBuf {
    std::env::var_os("SWITCHYARD_BIN").map_or_else(|| env!("CARGO_BIN_EXE_switchyard").into(), PathBuf::from)
}

fn setting<T: std::str::FromStr>(name: &str) -> Option<T> {
    std::env::var(name).ok()?.parse().ok()
}
