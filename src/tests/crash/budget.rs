//! A crowd on one exact budget, and `kill -9`: what is spent and held never exceeds it, and covers what the provider
//! served, call by call.

use crate::line::{Fallible, Line};
use crate::server::Server;
use crate::{LINES, binary, open, setting};
use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rand::Rng;
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnection;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Nano-dollars.
const DOLLAR: i64 = 1_000_000_000;
/// Of a token of `gpt-4o`, in and out.
const IN: i64 = 2_500;
const OUT: i64 = 10_000;
/// What the provider counts for the prompt of these calls: as many as the gateway does, so that it hides nothing.
const PROMPT: i64 = 16;
/// The least that an open answer is bounded to, tokens.
const LEAST: i64 = 256;
const CALLERS: u32 = 1_000;
/// Tokens that no budget covers.
const BEYOND: i64 = 1_000_000_000;
const HUNG: i64 = 7;
const PATIENCE: Duration = Duration::from_secs(20);
const NO: &str = "not this time";

const MOODS: [&str; 6] = ["plain", "streams", "fails", "slow", "leaves", "hangs"];
const CONFIGS: &[(&str, &str, &str)] = &[
    ("fails", "pc-again", r#"{"retry":{"attempts":3,"on_status_codes":[429,500],"use_retry_after_headers":true}}"#),
    (
        "slow",
        "pc-hedged",
        r#"{"strategy":{"mode":"fallback","hedge":{"after":3}},"targets":[{"provider":"@alpha"},{"provider":"@beta"}]}"#,
    ),
];

const SPENT: &str = "SELECT coalesce(sum(amount), 0) FROM spent";
const UNSETTLED: &str = "SELECT coalesce(sum(amount), 0) FROM unsettled";
const ROWS: &str = "SELECT coalesce(sum(cost), 0) FROM calls";
const COVERED: &str = "SELECT trace_id, coalesce(cost, 0) + coalesce((SELECT sum(amount) FROM unsettled WHERE \
                       unsettled.call = calls.id), 0) FROM calls WHERE trace_id LIKE 'b%'";
/// What has to happen for the test to say anything.
const MET: [(&str, &str); 5] = [
    ("call was refused", "SELECT count(*) FROM calls WHERE status = 412 AND trace_id LIKE 'b%'"),
    ("kill met a call", "SELECT count(*) FROM calls JOIN unsettled ON call = id WHERE outcome = 'interrupted'"),
    ("call was tried again", "SELECT count(*) FROM attempts WHERE retry > 0"),
    (
        "call was hedged",
        "SELECT count(*) FROM (SELECT call FROM attempts GROUP BY call HAVING count(DISTINCT provider) > 1)",
    ),
    ("stream was left", "SELECT count(*) FROM calls WHERE outcome = 'cancelled' AND stream = 1 AND cost > 0"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_budget_outlives_a_killed_server() -> Fallible<()> {
    rlimit::increase_nofile_limit(rlimit::INFINITY)?;
    let (binary, folder) = (binary(), tempfile::tempdir()?);
    let (upstream, address) = Upstream::listen().await?;
    let rounds: i64 = setting("CRASH_ROUNDS").unwrap_or(3);
    let callers = if rounds < 20 { LINES } else { CALLERS };
    let mut server = Server::start(&binary, folder.path(), &setup(address, 1))?;
    assert_eq!(told(server.address).await?, ((0, 0, 0), PROMPT), "nothing is spent, and a prompt is counted alike");
    let mut before = (0, 0, 0);
    for round in 1..=rounds {
        let life = Duration::from_millis(rand::random_range(1_200..2_400));
        let crowd = Arc::new(Crowd { round, callers, server: server.address, killed: AtomicBool::default() });
        crowd.drive_and_kill(&mut server, life).await?;
        upstream.quiet(address).await?;
        // A dollar more for each round, since what a kill cuts stays held.
        server = Server::start(&binary, folder.path(), &setup(address, round + 1))?;
        let (spent, unsettled, served) = books(folder.path(), &upstream, round * DOLLAR).await?;
        println!("killed after {life:?}: {spent} spent, {unsettled} unsettled, {served} served");
        assert!(served > before.2, "nothing was served");
        assert!(unsettled >= before.1, "what is unsettled stays held: it was {}", before.1);
        assert_eq!(told(server.address).await?.0, (spent, 0, unsettled), "the server says the same");
        before = (spent, unsettled, served);
    }
    let mut journal = open(folder.path(), "journal.db").await?;
    for (what, sql) in MET {
        assert!(figure(&mut journal, sql).await? > 0, "no {what}");
    }
    spend_the_rest(server.address, (rounds + 1) * DOLLAR - before.0 - before.1).await
}

fn setup(upstream: SocketAddr, dollars: i64) -> String {
    let mut text = format!("[[policy]]\nname = \"all\"\ntype = \"cost\"\ncredit_limit = {dollars}\n");
    for slug in ["alpha", "beta"] {
        text.push_str(&format!(
            "[[provider]]\nslug = \"{slug}\"\nvendor = \"openai\"\nbase_url = \"http://{upstream}/v1\"\n\
             key = \"sk-{slug}-credential\"\n"
        ));
    }
    for (_, id, body) in CONFIGS {
        text.push_str(&format!("[[config]]\nid = \"{id}\"\nbody = {body:?}\n"));
    }
    text
}

/// What is left is there to the last token.
async fn spend_the_rest(server: SocketAddr, left: i64) -> Fallible<()> {
    let room = (left - PROMPT * IN) / OUT;
    let mut line = Line::open(server).await?;
    for (bound, expected) in [(room + 1, 412), (room, 200)] {
        let call = Call { name: format!("last-{expected}"), mood: "plain", stream: false, seed: 1, bound: Some(bound) };
        let (status, answer) = call.made(&mut line).await?.ok_or("nobody waited")?;
        assert_eq!(status, expected, "{room} tokens are left: {}", String::from_utf8_lossy(&answer));
    }
    Ok(())
}

/// What the server tells to a call that nobody could pay: what is spent, reserved and unsettled, and at how many tokens
/// its prompt is counted.
async fn told(server: SocketAddr) -> Fallible<((i64, i64, i64), i64)> {
    let call = Call { name: "told".into(), mood: "plain", stream: false, seed: 1, bound: Some(BEYOND) };
    let (status, answer) = call.made(&mut Line::open(server).await?).await?.ok_or("nobody waited")?;
    let told: Value = serde_json::from_slice(&answer)?;
    let figure = |name: &str| nanos(&told["budget"][name]).ok_or_else(|| format!("{status} without {name}: {told}"));
    let held = (figure("spent")?, figure("reserved")?, figure("unsettled")?);
    Ok((held, (figure("needed")? - BEYOND * OUT) / IN))
}

/// Nano-dollars of a figure in dollars.
fn nanos(figure: &Value) -> Option<i64> {
    format!("{:.9}", figure.as_f64()?).replace('.', "").parse().ok()
}

async fn figure(journal: &mut SqliteConnection, sql: &'static str) -> Fallible<i64> {
    Ok(sqlx::query_scalar(sql).fetch_one(journal).await?)
}

/// What is spent, unsettled and served, once the journal and the provider's count have been held against each other.
async fn books(folder: &Path, upstream: &Upstream, limit: i64) -> Fallible<(i64, i64, i64)> {
    let ledger = upstream.ledger.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let mut journal = open(folder, "journal.db").await?;
    let (spent, unsettled) = (figure(&mut journal, SPENT).await?, figure(&mut journal, UNSETTLED).await?);
    let (all, served) = (spent + unsettled, ledger.values().sum::<i64>());
    assert!(all <= limit, "{spent} spent and {unsettled} unsettled of {limit}");
    assert_eq!(spent, figure(&mut journal, ROWS).await?, "what is spent is what the rows add up to");
    assert!(served <= all, "{served} served, {spent} spent and {unsettled} unsettled");
    let rows: Vec<(String, i64)> = sqlx::query_as(COVERED).fetch_all(&mut journal).await?;
    let covered: BTreeMap<String, i64> = rows.into_iter().collect();
    let called = ledger.iter().map(|(call, served)| (call, *served, covered.get(call).copied().unwrap_or(0)));
    let short: Vec<_> = called.filter(|(_, served, covered)| served > covered).collect();
    assert!(short.is_empty(), "{} calls had more (first figure) than covers them (second): {short:#?}", short.len());
    Ok((spent, unsettled, served))
}

/// Everybody who calls in one round.
struct Crowd {
    round: i64,
    callers: u32,
    server: SocketAddr,
    killed: AtomicBool,
}

impl Crowd {
    /// Calls the server from all lines until it is killed. No call may meet anything else that is wrong.
    async fn drive_and_kill(self: Arc<Self>, server: &mut Server, life: Duration) -> Fallible<()> {
        let mut lines = JoinSet::new();
        for number in 0..self.callers {
            let crowd = Arc::clone(&self);
            lines.spawn(async move {
                match crowd.keep_calling(number).await {
                    Ok(wrong) => Some(wrong),
                    Err(broken) => (!crowd.killed.load(Ordering::SeqCst)).then(|| broken.to_string()),
                }
            });
        }
        sleep(life).await;
        self.killed.store(true, Ordering::SeqCst);
        server.kill()?;
        let wrong: Vec<String> = lines.join_all().await.into_iter().flatten().collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
        Ok(())
    }

    /// Calls until the connection breaks, or until an answer is wrong: how.
    async fn keep_calling(&self, number: u32) -> Fallible<String> {
        let mut line = Line::open(self.server).await?;
        let mut at = 0;
        loop {
            at += 1;
            let call = Call::any(&format!("b{}-{number}-{at}", self.round));
            let leaves = call.mood == "leaves";
            let patience = if leaves { Duration::from_millis(rand::random_range(0..25)) } else { PATIENCE };
            let made = match timeout(patience, call.made(&mut line)).await {
                Ok(made) => made?,
                Err(_) if leaves => None,
                Err(late) => return Ok(format!("{call:?}: {late}")),
            };
            let Some((status, answer)) = made else {
                line = Line::open(self.server).await?;
                continue;
            };
            if let Some(wrong) = call.wrong(status, &answer) {
                return Ok(wrong);
            }
        }
    }
}

#[derive(Debug)]
struct Call {
    name: String,
    mood: &'static str,
    stream: bool,
    /// Tokens that it is answered with, where it may have them.
    seed: i64,
    bound: Option<i64>,
}

impl Call {
    fn any(name: &str) -> Self {
        let mut dice = rand::rng();
        let mood = MOODS[dice.random_range(0..MOODS.len())];
        // What is lost sight of stays held: such calls ask for little, so that they leave something to the others.
        let bound = match mood {
            "slow" | "leaves" | "hangs" => Some(dice.random_range(1..60)),
            _ => dice.random_bool(0.8).then(|| dice.random_range(1..400)),
        };
        // Who leaves a stream pays for what came: "hangs" leaves one when all of it has.
        let stream = matches!(mood, "streams" | "hangs") || (matches!(mood, "fails" | "slow") && dice.random_bool(0.5));
        Self { name: format!("{name}-{mood}"), mood, stream, seed: dice.random_range(1..40), bound }
    }

    fn body(&self) -> Bytes {
        let mut body = json!({
            "model": "@alpha/gpt-4o", "messages": [{ "role": "user", "content": "hi" }], "user": self.mood,
            "prompt_cache_key": self.name, "seed": self.seed, "stream": self.stream,
        });
        if let Some(bound) = self.bound {
            let name = if rand::random_bool(0.5) { "max_tokens" } else { "max_completion_tokens" };
            body[name] = bound.into();
        }
        Bytes::from(body.to_string())
    }

    /// Status and body. `None`: the answer hangs, and its caller has left with all that came.
    async fn made(&self, line: &mut Line) -> Fallible<Option<(u16, Vec<u8>)>> {
        let mut headers = vec![("x-portkey-trace-id", self.name.as_str())];
        let config = CONFIGS.iter().find(|(mood, ..)| *mood == self.mood);
        headers.extend(config.map(|(_, id, _)| ("x-portkey-config", *id)));
        let response = line.chat(self.body(), &headers).await?;
        let status = response.status().as_u16();
        let hung = (self.mood == "hangs" && status == 200).then(|| self.seed.min(HUNG).min(self.bound.unwrap_or(HUNG)));
        let (mut body, mut answer) = (response.into_body(), Vec::new());
        while let Some(frame) = body.frame().await {
            answer.extend_from_slice(frame?.data_ref().map_or(&[][..], |data| &data[..]));
            let words = String::from_utf8_lossy(&answer).matches(" so").count();
            if hung.is_some_and(|most| i64::try_from(words).is_ok_and(|words| words >= most)) {
                return Ok(None);
            }
        }
        Ok(Some((status, answer)))
    }

    /// What is wrong with its answer: a refusal of what is left, or an error that is not the provider's.
    fn wrong(&self, status: u16, answer: &[u8]) -> Option<String> {
        let text = String::from_utf8_lossy(answer);
        let right = match status {
            200 => !self.stream || text.trim_end().ends_with("data: [DONE]"),
            412 => {
                let told: Value = serde_json::from_slice(answer).unwrap_or_default();
                let worst = PROMPT * IN + self.bound.unwrap_or(LEAST) * OUT;
                nanos(&told["budget"]["left"]).is_some_and(|left| left < worst)
            }
            429 | 500 => self.mood == "fails" && text.contains(NO),
            _ => false,
        };
        (!right).then(|| format!("{status} for {self:?}: {text}"))
    }
}

/// A scripted provider that outlives the server, keeps to the bound that it is sent, and counts what it would bill.
#[derive(Clone, Default)]
struct Upstream {
    /// Nano-dollars by call, counted before anything of it is written.
    ledger: Arc<Mutex<BTreeMap<String, i64>>>,
    /// Connections.
    open: watch::Sender<usize>,
}

impl Upstream {
    async fn listen() -> Fallible<(Self, SocketAddr)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (upstream, address) = (Self::default(), listener.local_addr()?);
        tokio::spawn(upstream.clone().serve(listener));
        Ok((upstream, address))
    }

    async fn serve(self, listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).ok();
            let (upstream, open) = (self.clone(), self.open.clone());
            open.send_modify(|open| *open += 1);
            tokio::spawn(async move {
                let service = service_fn(move |request| upstream.clone().answer(request));
                http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.ok();
                open.send_modify(|open| *open -= 1);
            });
        }
    }

    /// Waits until every connection from before is over, and with it all that it served.
    async fn quiet(&self, address: SocketAddr) -> Fallible<()> {
        // Connections are taken in their order: once this one is answered, those before it are counted.
        Line::open(address).await?.chat(Bytes::from_static(b"{}"), &[]).await?.into_body().collect().await?;
        let mut open = self.open.subscribe();
        timeout(PATIENCE, open.wait_for(|open| *open == 0)).await??;
        Ok(())
    }

    fn bill(&self, call: &str, nanos: i64) {
        *self.ledger.lock().unwrap_or_else(PoisonError::into_inner).entry(call.to_owned()).or_default() += nanos;
    }

    async fn answer(self, request: Request<Incoming>) -> Fallible<Response<Body>> {
        let bytes = request.into_body().collect().await?.to_bytes();
        let asked: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let text = |name: &str| asked[name].as_str().unwrap_or_default().to_owned();
        let (mood, call) = (text("user"), text("prompt_cache_key"));
        if mood.is_empty() || (mood == "fails" && rand::random_bool(0.6)) {
            return failed();
        }
        if mood == "slow" {
            sleep(Duration::from_millis(rand::random_range(0..12))).await;
        }
        let bounds = ["max_completion_tokens", "max_tokens"].into_iter().filter_map(|name| asked[name].as_i64());
        let tokens = asked["seed"].as_i64().unwrap_or(1).min(bounds.max().unwrap_or(i64::MAX));
        let usage = json!({ "prompt_tokens": PROMPT, "completion_tokens": tokens, "total_tokens": PROMPT + tokens });
        self.bill(&call, PROMPT * IN);
        if asked["stream"] == true {
            let mut end = event(&json!([{ "index": 0, "delta": {}, "finish_reason": "stop" }]), &Value::Null);
            if asked["stream_options"]["include_usage"] == true {
                end.push_str(&event(&json!([]), &usage));
            }
            end.push_str("data: [DONE]\n\n");
            let (most, end) = if mood == "hangs" { (tokens.min(HUNG), None) } else { (tokens, Some(Bytes::from(end))) };
            let body = self.written(call, most, end);
            return Ok(Response::builder().header("content-type", "text/event-stream").body(body)?);
        }
        self.bill(&call, tokens * OUT);
        let choice = json!({ "index": 0, "message": { "content": "so" }, "finish_reason": "stop" });
        let whole = json!({ "object": "chat.completion", "model": "gpt-4o", "choices": [choice], "usage": usage });
        Ok(Response::builder().header("content-type", "application/json").body(Body::from(whole.to_string()))?)
    }

    /// A stream of so many tokens, a few in each event, and its end; without one it hangs.
    fn written(self, call: String, most: i64, end: Option<Bytes>) -> Body {
        let pause = Duration::from_millis(rand::random_range(0..5));
        Body::from_stream(stream::unfold(0_i64, move |written| {
            let (upstream, call, end) = (self.clone(), call.clone(), end.clone());
            async move {
                if written < most {
                    let more = rand::random_range(1..=4_i64).min(most - written);
                    sleep(pause).await;
                    upstream.bill(&call, more * OUT);
                    let text = (0..more).map(|_| " so").collect::<String>();
                    let choices = json!([{ "index": 0, "delta": { "content": text } }]);
                    let chunk = Bytes::from(event(&choices, &Value::Null));
                    return Some((Ok::<Bytes, Infallible>(chunk), written + more));
                }
                let Some(end) = end else { return std::future::pending().await };
                (written == most).then(|| (Ok(end), written + 1))
            }
        }))
    }
}

fn failed() -> Fallible<Response<Body>> {
    let response = Response::builder().header("content-type", "application/json");
    let wait = if rand::random_bool(0.1) { (500, "1000") } else { (429, "2") };
    let response = response.status(wait.0).header("retry-after-ms", wait.1);
    Ok(response.body(Body::from(json!({ "error": { "message": NO } }).to_string()))?)
}

fn event(choices: &Value, usage: &Value) -> String {
    let chunk = json!({ "object": "chat.completion.chunk", "model": "gpt-4o", "choices": choices, "usage": usage });
    format!("data: {chunk}\n\n")
}
