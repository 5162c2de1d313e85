//! The real router over a temporary house, a scripted provider on loopback, and a clock that stands still.
#![expect(clippy::expect_used, clippy::panic, reason = "a rig that cannot be set up is a failed test")]

use axum::body::Body;
use bytes::Bytes;
use futures_util::StreamExt;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use switchyard::clock::Clock;
use switchyard::house::{self, House, Shared};
use switchyard::server;
use switchyard::settings::Settings;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tower::ServiceExt;

/// 2026-11-24, 12:00 UTC.
pub const NOW: i64 = 1_795_521_600_000;
/// Longer than anything that ends at all.
const LONG: Duration = Duration::from_secs(60);
pub const KEY: &str = "sy-rig0000000000000000000000000000";

/// One house under test.
pub struct Rig {
    pub house: Shared,
    pub upstream: Upstream,
    pub folder: TempDir,
}

/// A provider that answers as it is told and remembers what it got.
#[derive(Clone, Default)]
pub struct Upstream {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    script: Mutex<VecDeque<Scene>>,
    seen: Mutex<Vec<Seen>>,
    /// Told when a hanging answer is given up by the caller.
    left: Notify,
}

/// What the provider got.
#[derive(Clone)]
pub struct Seen {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// One answer of the provider.
#[derive(Clone)]
pub struct Scene {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub chunks: Vec<Bytes>,
    pub end: End,
}

/// How an answer ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum End {
    Well,
    Reset,
    Hang,
}

/// An answer of the gateway, read whole.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Bytes,
}

impl Rig {
    /// A house with the provider `alpha` and one key that may do everything.
    pub async fn new() -> Self {
        Self::with("").await
    }

    /// The same, with further lines of the set-up file before its tables.
    pub async fn with(lines: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let upstream = Upstream::default();
        let address = upstream.listen().await;
        let setup = format!(
            "data = {data:?}\n{lines}\n\
             [owner]\nemail = \"owner@example.com\"\npassword = \"correct horse battery\"\n\
             [[provider]]\nslug = \"alpha\"\nvendor = \"openai\"\nbase_url = \"http://{address}/v1\"\nkey = \"sk-alpha-credential\"\n\
             [[api_key]]\nname = \"rig\"\nvalue = \"{KEY}\"\nscopes = [\"*\"]\nmetadata = {{ team = \"rig\" }}\n\
             [[api_key]]\nname = \"plain\"\nvalue = \"sy-plain000000000000000000000000000\"\n",
            data = folder.path().join("data").to_string_lossy(),
        );
        let file = folder.path().join("switchyard.toml");
        std::fs::write(&file, setup).expect("a set-up file");
        let house = open(&folder).await;
        Self { house, upstream, folder }
    }

    /// Stops the house and opens it again on the same folder, as a restart would.
    pub async fn restart(self) -> Self {
        let Self { house, upstream, folder } = self;
        assert!(house::close(house, LONG).await, "nothing is in flight");
        let house = open(&folder).await;
        Self { house, upstream, folder }
    }

    /// Stops the house with calls in flight, which it does not wait for, and opens it again once they are gone.
    pub async fn cut(self, in_flight: Body) -> Self {
        let Self { house, upstream, folder } = self;
        assert!(!house::close(house, Duration::from_millis(50)).await, "a call is in flight");
        std::mem::forget(in_flight);
        let elsewhere = tempfile::tempdir().expect("a folder");
        for file in ["open.slots", "control.db", "journal.db", "control.db-wal", "journal.db-wal", "master.key"] {
            let from = folder.path().join("data").join(file);
            if from.exists() {
                let to = elsewhere.path().join("data");
                std::fs::create_dir_all(&to).expect("a folder");
                std::fs::copy(from, to.join(file)).expect("a copy");
            }
        }
        let setup = std::fs::read_to_string(folder.path().join("switchyard.toml")).expect("the set-up file");
        let moved = setup.replace(&*folder.path().to_string_lossy(), &elsewhere.path().to_string_lossy());
        std::fs::write(elsewhere.path().join("switchyard.toml"), moved).expect("a set-up file");
        let house = open(&elsewhere).await;
        Self { house, upstream, folder: elsewhere }
    }

    /// Sends a request and hands back the answer unread.
    pub async fn open(&self, request: Request<Body>) -> Response<Body> {
        server::router(&self.house).oneshot(request).await.expect("a router answers")
    }

    /// Sends a request and reads the answer.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let (head, body) = self.open(request).await.into_parts();
        let bytes = body.collect().await.expect("a whole body").to_bytes();
        Answer { status: head.status, headers: head.headers, bytes }
    }

    /// Posts JSON to `/v1/chat/completions` with the key.
    pub async fn chat(&self, body: &str) -> Answer {
        self.send(post("/v1/chat/completions", body.to_owned())).await
    }

    /// All log records, newest first, as the API gives them.
    pub async fn logs(&self) -> Vec<Value> {
        let answer = self.send(get("/v1/logs?page_size=100")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["data"].as_array().expect("a list").clone()
    }

    /// The newest record.
    pub async fn last(&self) -> Value {
        self.logs().await.into_iter().next().expect("a row")
    }
}

async fn open(folder: &TempDir) -> Shared {
    let arguments = ["switchyard", "--setup"].into_iter().map(Into::into);
    let arguments = arguments.chain([folder.path().join("switchyard.toml").into_os_string()]);
    let settings = Settings::load(arguments, |_| None).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    House::open(settings, Clock::frozen(NOW)).await.expect("an open house")
}

/// A POST with the rig's key.
pub fn post(path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path)
        .header("x-portkey-api-key", KEY)
        .header("content-type", "application/json")
        .body(body.into())
        .expect("a request")
}

/// A GET with the rig's key.
pub fn get(path: &str) -> Request<Body> {
    Request::get(path).header("x-portkey-api-key", KEY).body(Body::empty()).expect("a request")
}

/// Adds or replaces a header.
pub fn with(mut request: Request<Body>, name: &'static str, value: &str) -> Request<Body> {
    request.headers_mut().insert(name, value.parse().expect("a header value"));
    request
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl Scene {
    pub fn json(status: u16, body: impl Into<String>) -> Self {
        let headers = vec![("content-type", "application/json".to_owned())];
        Self { status, headers, chunks: vec![Bytes::from(body.into())], end: End::Well }
    }

    /// A stream of events, one chunk each.
    pub fn events(events: &[&str]) -> Self {
        let headers = vec![("content-type", "text/event-stream; charset=utf-8".to_owned())];
        let chunks = events.iter().map(|event| Bytes::from(format!("{event}\n\n"))).collect();
        Self { status: 200, headers, chunks, end: End::Well }
    }

    pub fn ends(self, end: End) -> Self {
        Self { end, ..self }
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

impl Upstream {
    /// Adds an answer to the script; without one, 500.
    pub fn then(&self, scene: Scene) {
        self.inner.script.lock().expect("a script").push_back(scene);
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.inner.seen.lock().expect("a memory").clone()
    }

    /// Resolves when a hanging answer was given up.
    pub async fn left(&self) {
        self.inner.left.notified().await;
    }

    async fn listen(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let upstream = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let upstream = upstream.clone();
                let service = service_fn(move |request| upstream.clone().answer(request));
                let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                tokio::spawn(async move {
                    let _ = server.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        address
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Body>, io::Error> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let seen = Seen { path: parts.uri.path().into(), headers: parts.headers, body };
        self.inner.seen.lock().expect("a memory").push(seen);
        let scene = self.inner.script.lock().expect("a script").pop_front();
        let scene = scene.unwrap_or_else(|| Scene::json(500, r#"{"error":{"message":"no scene"}}"#));
        let mut response = Response::builder().status(scene.status);
        for (name, value) in &scene.headers {
            response = response.header(*name, value);
        }
        let end = scene.end;
        let goodbye = Goodbye { upstream: self, hangs: end == End::Hang };
        let last = futures_util::stream::once(async move {
            let _goodbye = goodbye;
            match end {
                End::Well => None,
                End::Reset => {
                    // What was written so far leaves first.
                    tokio::task::yield_now().await;
                    Some(Err(io::Error::other("scripted reset")))
                }
                End::Hang => std::future::pending().await,
            }
        });
        let chunks = futures_util::stream::iter(scene.chunks.into_iter().map(|chunk| Some(Ok(Frame::data(chunk)))));
        let frames = chunks.chain(last).filter_map(std::future::ready);
        response.body(Body::new(StreamBody::new(frames))).map_err(io::Error::other)
    }
}

struct Goodbye {
    upstream: Upstream,
    hangs: bool,
}

impl Drop for Goodbye {
    fn drop(&mut self) {
        if self.hangs {
            self.upstream.inner.left.notify_one();
        }
    }
}
