//! A provider on loopback that answers as it is told and remembers what it got.

use axum::body::Body;
use bytes::Bytes;
use futures_util::StreamExt;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// One provider. Cheap to clone.
#[derive(Clone, Default)]
pub struct Upstream {
    inner: Arc<Inner>,
}

/// What all providers of a rig got, in the order it came.
pub type Ledger = Arc<Mutex<Vec<Seen>>>;

/// Answers each request by what it holds.
type Act = Arc<dyn Fn(&Seen) -> Scene + Send + Sync>;

#[derive(Default)]
struct Inner {
    slug: String,
    script: Mutex<VecDeque<Scene>>,
    /// Answers in place of the script.
    act: Mutex<Option<Act>>,
    ledger: Ledger,
    /// Told when a hanging answer is given up by the caller.
    left: Notify,
    /// Ends the listener.
    gone: Notify,
}

/// What the provider got.
#[derive(Clone)]
pub struct Seen {
    /// Whose it was.
    pub slug: String,
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
    /// Before the head.
    pub delay: Duration,
    /// Before each chunk.
    pub pause: Duration,
}

/// How an answer ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum End {
    Well,
    Reset,
    Hang,
    /// Nothing is answered at all, not even a head.
    Mute,
    /// The connection is closed in place of an answer.
    Closed,
}

impl Scene {
    pub fn json(status: u16, body: impl Into<String>) -> Self {
        let headers = vec![("content-type", "application/json".to_owned())];
        let chunks = vec![Bytes::from(body.into())];
        Self { status, headers, chunks, end: End::Well, delay: Duration::ZERO, pause: Duration::ZERO }
    }

    /// A stream of events, one chunk each.
    pub fn events(events: &[&str]) -> Self {
        let headers = vec![("content-type", "text/event-stream; charset=utf-8".to_owned())];
        let chunks = events.iter().map(|event| Bytes::from(format!("{event}\n\n"))).collect();
        Self { headers, chunks, ..Self::json(200, "") }
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
    /// A provider that writes what it gets into `ledger`.
    pub fn new(slug: &str, ledger: &Ledger) -> Self {
        Self { inner: Arc::new(Inner { slug: slug.to_owned(), ledger: Arc::clone(ledger), ..Inner::default() }) }
    }

    /// Adds an answer to the script; without one, 500.
    pub fn then(&self, scene: Scene) {
        self.inner.script.lock().expect("a script").push_back(scene);
    }

    /// From now on answers by what it is asked, not by the script.
    pub fn acts(&self, act: impl Fn(&Seen) -> Scene + Send + Sync + 'static) {
        *self.inner.act.lock().expect("an act") = Some(Arc::new(act));
    }

    pub fn seen(&self) -> Vec<Seen> {
        let ledger = self.inner.ledger.lock().expect("a memory");
        ledger.iter().filter(|seen| seen.slug == self.inner.slug).cloned().collect()
    }

    /// Forgets what is left of the script: how much it was.
    pub fn rest(&self) -> usize {
        std::mem::take(&mut *self.inner.script.lock().expect("a script")).len()
    }

    /// Resolves when a hanging answer was given up.
    pub async fn left(&self) {
        self.inner.left.notified().await;
    }

    /// From now on nobody listens at its address.
    pub fn leave(&self) {
        self.inner.gone.notify_one();
    }

    pub async fn listen(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let upstream = self.clone();
        tokio::spawn(async move {
            loop {
                let stream = tokio::select! {
                    biased;
                    () = upstream.inner.gone.notified() => return,
                    accepted = listener.accept() => match accepted {
                        Ok((stream, _)) => stream,
                        Err(_) => return,
                    },
                };
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
        let (slug, path) = (self.inner.slug.clone(), parts.uri.path().into());
        let seen = Seen { slug, path, headers: parts.headers, body };
        self.inner.ledger.lock().expect("a memory").push(seen.clone());
        let act = self.inner.act.lock().expect("an act").clone();
        let scene = match act {
            Some(act) => Some(act(&seen)),
            None => self.inner.script.lock().expect("a script").pop_front(),
        };
        let scene = scene.unwrap_or_else(|| Scene::json(500, r#"{"error":{"message":"no scene"}}"#));
        let end = scene.end;
        let goodbye = Goodbye { upstream: self, hangs: matches!(end, End::Hang | End::Mute) };
        if !scene.delay.is_zero() {
            tokio::time::sleep(scene.delay).await;
        }
        match end {
            End::Mute => std::future::pending().await,
            End::Closed => Err(io::Error::other("scripted end of the connection")),
            End::Well | End::Reset | End::Hang => told(scene, goodbye),
        }
    }
}

fn told(scene: Scene, goodbye: Goodbye) -> Result<Response<Body>, io::Error> {
    let Scene { status, headers, chunks, end, pause, .. } = scene;
    let mut response = Response::builder().status(status);
    for (name, value) in &headers {
        response = response.header(*name, value);
    }
    let last = futures_util::stream::once(async move {
        let _goodbye = goodbye;
        match end {
            End::Reset => {
                // What was written so far leaves first.
                tokio::task::yield_now().await;
                Some(Err(io::Error::other("scripted reset")))
            }
            End::Hang => std::future::pending().await,
            End::Well | End::Mute | End::Closed => None,
        }
    });
    let chunks = futures_util::stream::iter(chunks).then(move |chunk| async move {
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        Some(Ok(Frame::data(chunk)))
    });
    let frames = chunks.chain(last).filter_map(std::future::ready);
    response.body(Body::new(StreamBody::new(frames))).map_err(io::Error::other)
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
