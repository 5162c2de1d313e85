//! The real router over a temporary house, a scripted provider on loopback, and a clock that stands still.
#![expect(clippy::expect_used, clippy::panic, reason = "a rig that cannot be set up is a failed test")]

mod upstream;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;
use switchyard::clock::Clock;
use switchyard::house::{self, House, Shared};
use switchyard::server::Entry;
use switchyard::settings::Settings;
use tempfile::TempDir;
use tower::ServiceExt;
pub use upstream::{End, Ledger, Scene, Seen, Upstream};

/// 2026-11-24, 12:00 UTC.
pub const NOW: i64 = 1_795_521_600_000;
/// Longer than anything that ends at all.
const LONG: Duration = Duration::from_secs(60);
pub const KEY: &str = "sy-rig0000000000000000000000000000";

/// One house under test.
pub struct Rig {
    pub house: Shared,
    /// The provider `alpha`.
    pub upstream: Upstream,
    pub folder: TempDir,
    /// What every provider got, in the order it came.
    pub ledger: Ledger,
    entry: Entry,
    others: Vec<(&'static str, Upstream)>,
    addresses: Vec<(&'static str, SocketAddr)>,
    wall: bool,
}

/// What stands in the set-up file beside the provider `alpha` and the keys that every rig has.
#[derive(Clone, Copy, Default)]
pub struct Yard<'a> {
    /// Before its tables.
    pub lines: &'a str,
    /// Slugs and vendors of further scripted providers.
    pub providers: &'static [(&'static str, &'static str)],
    /// Ids and bodies of saved configs; `%beta%` stands for the address of that provider.
    pub configs: &'static [(&'static str, &'static str)],
    /// Values of further keys, each with its default config.
    pub keys: &'static [(&'static str, &'static str)],
    /// Further tables; `%alpha%` stands for the address of that provider.
    pub tables: &'a str,
    /// The machine's clock in place of one that stands still.
    pub wall: bool,
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
        Self::of(Yard::default()).await
    }

    /// The same, with further lines of the set-up file before its tables.
    pub async fn with(lines: &str) -> Self {
        Self::of(Yard { lines, ..Yard::default() }).await
    }

    pub async fn of(yard: Yard<'_>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let ledger = Ledger::default();
        let (mut others, mut addresses) = (Vec::new(), Vec::new());
        for slug in ["alpha"].into_iter().chain(yard.providers.iter().map(|(slug, _)| *slug)) {
            let upstream = Upstream::new(slug, &ledger);
            addresses.push((slug, upstream.listen().await));
            others.push((slug, upstream));
        }
        let setup = yard.written(&folder.path().join("data").to_string_lossy(), &addresses);
        std::fs::write(folder.path().join("switchyard.toml"), setup).expect("a set-up file");
        let wall = yard.wall;
        let house = open(&folder, wall).await;
        let entry = Entry::of(&house);
        Self { wall, house, entry, upstream: others[0].1.clone(), folder, ledger, others, addresses }
    }

    /// Stops the house and opens it again on the same folder, as a restart would.
    pub async fn restart(self) -> Self {
        let Self { house, entry, folder, .. } = self;
        drop(entry);
        assert!(house::close(house, LONG).await, "nothing is in flight");
        let house = open(&folder, self.wall).await;
        Self { entry: Entry::of(&house), house, folder, ..self }
    }

    /// Stops the house, and leaves what it wrote.
    pub async fn close(self) -> TempDir {
        let Self { house, entry, folder, .. } = self;
        drop(entry);
        assert!(house::close(house, LONG).await, "nothing is in flight");
        folder
    }

    /// Stops the house with calls in flight, which it does not wait for, and opens it again once they are gone.
    pub async fn cut(self, in_flight: Body) -> Self {
        let Self { house, entry, folder, .. } = self;
        drop(entry);
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
        let house = open(&elsewhere, self.wall).await;
        Self { entry: Entry::of(&house), house, folder: elsewhere, ..self }
    }

    /// One of the scripted providers.
    pub fn provider(&self, slug: &str) -> &Upstream {
        let found = self.others.iter().find(|(known, _)| *known == slug);
        found.map_or_else(|| panic!("no provider {slug}"), |(_, upstream)| upstream)
    }

    /// Puts addresses in the place of `%alpha%` and the like.
    pub fn addressed(&self, text: &str) -> String {
        addressed(text, &self.addresses)
    }

    /// Sends a request and hands back the answer unread.
    pub async fn open(&self, request: Request<Body>) -> Response<Body> {
        self.entry.clone().oneshot(request).await.expect("a router answers")
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

impl Yard<'_> {
    fn written(&self, data: &str, addresses: &[(&'static str, SocketAddr)]) -> String {
        let mut text = format!(
            "data = {data:?}\n{lines}\n\
             [owner]\nemail = \"owner@example.com\"\npassword = \"correct horse battery\"\n\
             [[api_key]]\nname = \"rig\"\nvalue = \"{KEY}\"\nscopes = [\"*\"]\nmetadata = {{ team = \"rig\" }}\n\
             [[api_key]]\nname = \"plain\"\nvalue = \"sy-plain000000000000000000000000000\"\n",
            lines = self.lines,
        );
        let vendor = |slug: &str| {
            self.providers.iter().find(|(known, _)| *known == slug).map_or("openai", |(_, vendor)| *vendor)
        };
        for (slug, address) in addresses {
            let vendor = vendor(slug);
            let _ = write!(
                text,
                "[[provider]]\nslug = \"{slug}\"\nvendor = \"{vendor}\"\nbase_url = \"http://{address}/v1\"\n\
                 key = \"sk-{slug}-credential\"\n"
            );
        }
        for (id, body) in self.configs {
            let body = addressed(body, addresses);
            let _ = write!(text, "[[config]]\nid = \"{id}\"\nbody = {body:?}\n");
        }
        text.push_str(&addressed(self.tables, addresses));
        for (value, config) in self.keys {
            let _ = write!(text, "[[api_key]]\nname = \"{config}\"\nvalue = \"{value}\"\nconfig = \"{config}\"\n");
        }
        text
    }
}

fn addressed(text: &str, addresses: &[(&'static str, SocketAddr)]) -> String {
    addresses
        .iter()
        .fold(text.to_owned(), |text, (slug, address)| text.replace(&format!("%{slug}%"), &address.to_string()))
}

async fn open(folder: &TempDir, wall: bool) -> Shared {
    let arguments = ["switchyard", "--setup"].into_iter().map(Into::into);
    let arguments = arguments.chain([folder.path().join("switchyard.toml").into_os_string()]);
    let settings = Settings::load(arguments, |_| None).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    let clock = if wall { Clock::wall() } else { Clock::frozen(NOW) };
    House::open(settings, clock).await.expect("an open house")
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
