//! The cache at work: asked before a target is called, written after it has answered (contract §3.1).

use crate::cache::flight::{Flight, Role};
use crate::cache::key::{Ask, Hash, Key};
use crate::cache::{Entry, Kind, max_age};
use crate::gateway::answer::{Checked, Serving};
use crate::gateway::attempt::{Reply, Shot, Tried, Whole};
use crate::gateway::opened::{Opened, Source};
use crate::gateway::outgoing::{Asking, Outgoing};
use crate::gateway::relay::{Fault, Relay};
use crate::house::House;
use crate::journal::tries::Try;
use crate::wire::openai::{Usage, read_answer};
use crate::wire::replay;
use app::model::explain::CacheFacts;
use app::model::money::Nanos;
use app::model::routing::{CacheMode, Stream};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::response::Parts;
use http::{HeaderValue, Response};
use http_body_util::BodyExt;
use tokio::time::Instant;

/// What the cache did for a call.
#[derive(Clone, Debug)]
pub struct CacheUse {
    /// `HIT`, `MISS`, `REFRESH` or `DISABLED`.
    pub status: &'static str,
    pub hit: bool,
    pub saved_cost: Option<Nanos>,
    pub saved_us: u64,
    pub facts: Option<CacheFacts>,
    /// Where the answer is to be kept.
    keep: Option<(Hash, u64)>,
}

/// A call to a cached target.
#[derive(Clone, Debug)]
pub struct Cached {
    key: Key,
    mode: CacheMode,
    /// Seconds.
    max_age: u64,
    refresh: bool,
    stream: bool,
}

impl CacheUse {
    /// The cache was not asked.
    pub fn none() -> Self {
        Self { status: "DISABLED", hit: false, saved_cost: None, saved_us: 0, facts: None, keep: None }
    }
}

impl Cached {
    /// `None` where the target is not cached, or the caller wants nothing kept.
    pub fn of(call: &Asking<'_>, out: &Outgoing) -> Option<Self> {
        let cache = out.leaf.cache.as_ref().filter(|_| !call.asked.untracked)?;
        let body = out.cached.as_ref()?;
        let provider = &out.target.provider;
        let credential = provider.credential.as_ref().map_or(&b""[..], |(_, value)| value.as_bytes());
        let digest = Hash(crate::secret::digest_bytes(credential)).to_string();
        let sent = |name: &str| !matches!(name, "accept" | "content-type");
        let forwarded = out.headers.iter().filter(|(name, value)| sent(name.as_str()) && !value.is_sensitive());
        let forwarded = forwarded.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let key = Key::of(&Ask {
            workspace: &call.inbound.caller.key.workspace,
            endpoint: call.inbound.route.endpoint.word(),
            base_url: &provider.base_url,
            credential_digest: &digest,
            forwarded: &forwarded.collect::<Vec<_>>(),
            body,
            namespace: call.asked.namespace.as_deref(),
            metadata: &call.asked.metadata,
        });
        let (refresh, stream) = (call.asked.refresh, out.stream);
        Some(Self { key, mode: cache.mode, max_age: max_age(cache.max_age), refresh, stream })
    }

    /// The answer, if it is kept and young enough, in the form that the caller wants.
    pub async fn find(&self, house: &House, out: &Outgoing) -> Option<(u16, Reply, CacheUse)> {
        if self.refresh {
            return None;
        }
        let now = house.clock.now();
        let entry = house.cache.find(&self.key.hash, self.max_age, now).await?;
        let age = u64::try_from((now - entry.stored_at) / 1000).unwrap_or(0);
        let reply = replayed(&entry, out)?;
        let facts = CacheFacts {
            age: Some(age),
            saved: entry.cost.map(|cost| cost.0),
            saved_us: Some(entry.latency_us),
            ..self.facts("HIT")
        };
        let (saved_cost, saved_us) = (entry.cost, entry.latency_us);
        let used = CacheUse { status: "HIT", hit: true, saved_cost, saved_us, facts: Some(facts), keep: None };
        Some((200, reply, used))
    }

    /// What asking would find, without using it.
    pub async fn peek(&self, house: &House) -> CacheFacts {
        let now = house.clock.now();
        match house.cache.find(&self.key.hash, self.max_age, now).await {
            _ if self.refresh => self.facts("REFRESH"),
            None => self.facts("MISS"),
            Some(entry) => CacheFacts {
                age: Some(u64::try_from((now - entry.stored_at) / 1000).unwrap_or(0)),
                saved: entry.cost.map(|cost| cost.0),
                saved_us: Some(entry.latency_us),
                ..self.facts("HIT")
            },
        }
    }

    /// Calls upstream. Of identical calls at one time one does, and the others read along.
    pub async fn fire(&self, shot: Shot<'_>) -> (Tried, CacheUse) {
        if self.refresh {
            return (shot.fire().await, self.written("REFRESH"));
        }
        let deadline = Instant::now() + shot.out.patience;
        let (flight, mut reader) = match shot.house.flights.join(&self.in_flight()) {
            Role::Lead(flight) => {
                let reader = flight.reader();
                (Some(flight), reader)
            }
            Role::Follow(reader) => (None, reader),
        };
        let leads = flight.is_some();
        let attempt = leads.then(|| shot.start());
        if let Some(flight) = flight {
            let (relay, out) = (shot.house.relay.clone(), shot.out.clone());
            shot.house.tasks.spawn(lead(relay, out, flight));
        }
        let head = tokio::time::timeout_at(deadline, reader.head()).await;
        let tried = match head {
            Err(_) => shot.faulted(attempt, 0, &Fault::timeout(shot.out.patience)),
            Ok(Err(broken)) => shot.faulted(attempt, 0, &broken.fault()),
            Ok(Ok(head)) => shot.answered(attempt, parts(head), Source::Shared(reader), deadline).await,
        };
        let used = if leads { self.written("MISS") } else { self.shared() };
        (tried, used)
    }

    fn written(&self, status: &'static str) -> CacheUse {
        let keep = Some((self.key.hash, self.max_age));
        CacheUse { status, facts: Some(self.facts(status)), keep, ..CacheUse::none() }
    }

    fn shared(&self) -> CacheUse {
        CacheUse { status: "HIT", hit: true, facts: Some(self.facts("HIT")), ..CacheUse::none() }
    }

    /// Streams and whole answers are kept as one entry, but do not read along with each other.
    fn in_flight(&self) -> Hash {
        let mut hash = self.key.hash;
        hash.0[0] ^= u8::from(self.stream);
        hash
    }

    fn facts(&self, status: &str) -> CacheFacts {
        CacheFacts {
            status: status.to_owned(),
            mode: if self.mode == CacheMode::Semantic { "semantic" } else { "simple" }.to_owned(),
            key: self.key.hash.to_string(),
            parts: self.key.parts.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
            max_age: self.max_age,
            ..CacheFacts::default()
        }
    }
}

/// Keeps a whole answer, where the call's target is cached.
pub fn keep_whole(house: &House, serving: &Serving, bytes: &Bytes, usage: Option<&Usage>, attempt: Option<&Try>) {
    keep(house, serving, Kind::Whole(bytes.clone()), usage, attempt);
}

/// Keeps a stream that came to its end.
pub fn keep_events(house: &House, serving: &Serving, opened: &Opened) {
    let events = Kind::Events(Bytes::copy_from_slice(&opened.kept));
    keep(house, serving, events, opened.observer.usage(), opened.attempt.as_ref());
}

fn keep(house: &House, serving: &Serving, kind: Kind, usage: Option<&Usage>, attempt: Option<&Try>) {
    let (Some((hash, max_age)), Some(out)) = (serving.cache.keep, &serving.out) else { return };
    let now = house.clock.now();
    let model = out.target.model.clone().unwrap_or_default();
    let priced = usage.and_then(|usage| house.prices.cost(out.target.provider.vendor, &model, usage, now));
    let entry = Entry {
        stored_at: now,
        kind,
        model,
        usage: usage.copied().unwrap_or_default(),
        cost: priced.map(|cost| cost.total),
        latency_us: attempt.map_or(0, Try::elapsed),
    };
    house.cache.put(&hash, entry, max_age);
}

fn replayed(entry: &Entry, out: &Outgoing) -> Option<Reply> {
    match (&entry.kind, out.stream) {
        (Kind::Events(events), true) => Some(stream(events.clone(), out)),
        (Kind::Whole(bytes), true) => Some(stream(replay::events_of(bytes)?, out)),
        (Kind::Whole(bytes), false) => Some(whole(bytes.clone())),
        (Kind::Events(events), false) => Some(whole(replay::whole_of(events)?)),
    }
}

fn stream(events: Bytes, out: &Outgoing) -> Reply {
    let head = head("text/event-stream");
    let source = Source::Stored(Some(events));
    Reply::Stream(Box::new(Opened::new(head, source, out.usage_added, &Stream::default(), None)))
}

fn whole(bytes: Bytes) -> Reply {
    let answer = read_answer(&bytes);
    let checked = Checked { bytes, original: None, answer };
    Reply::Whole(Box::new(Whole { head: head("application/json"), checked, attempt: None }))
}

fn head(kind: &'static str) -> Parts {
    let mut response = Response::new(());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response.into_parts().0
}

/// Makes the one upstream call of a flight, until its end or until nobody reads it any more.
async fn lead(relay: Relay, out: Outgoing, flight: Flight) {
    let carried = async {
        match relay.send(out.request(), out.patience, out.target.reach).await {
            Err(fault) => flight.fail(fault.to_string()),
            Ok(response) => {
                let (head, mut body) = response.into_parts();
                flight.head(head.status, head.headers);
                while let Some(frame) = body.frame().await {
                    match frame.map(http_body::Frame::into_data) {
                        Ok(Ok(chunk)) => flight.push(chunk),
                        Ok(Err(_)) => {}
                        Err(error) => return flight.end(Err(crate::gateway::relay::cause(&error))),
                    }
                }
                flight.end(Ok(()));
            }
        }
    };
    tokio::select! {
        () = carried => {}
        () = flight.abandoned() => {}
    }
}
