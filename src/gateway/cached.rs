//! The cache at work: asked before a target is called, written after it has answered (contract §3.1).

use crate::cache::entry::{Answer as Kept, Entry};
use crate::cache::flight::{self, Flight, Form, Role};
use crate::cache::key::{Ask, Hash, Key};
use crate::cache::{AGES, Cache, USUAL_AGE};
use crate::clock::Clock;
use crate::gateway::answer::{Checked, Serving, is_stream};
use crate::gateway::attempt::{Reply, Shot, Tried, Whole};
use crate::gateway::opened::{Opened, Source};
use crate::gateway::outgoing::{Asking, Outgoing};
use crate::gateway::relay::{Fault, Relay, cause, packing};
use crate::house::House;
use crate::journal::tries::Try;
use crate::price::Tariff;
use crate::wire::openai::{Usage, read_answer};
use crate::wire::sse::Observer;
use app::model::explain::CacheFacts;
use app::model::money::Nanos;
use app::model::routing::{CacheMode, Stream};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::response::Parts;
use http::{HeaderValue, Response};
use http_body_util::BodyExt;
use std::sync::Arc;
use tokio::time::Instant;

/// Bytes of the largest answer that is kept.
const LARGEST_KEPT: usize = 16 << 20;
/// How often a call that would share another one's upstream call is let down before it makes its own.
const JOINS: usize = 3;

const JSON: &str = "application/json";

/// How the upstream call of a flight ended.
pub type Landing = Result<(), Fault>;

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
    keep: Option<Key>,
}

/// A call to a cached target.
#[derive(Clone, Debug)]
pub struct Cached {
    key: Key,
    mode: CacheMode,
    /// Seconds.
    max_age: u64,
    refresh: bool,
    form: Form,
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
        let digest = Hash(crate::secret::digest(credential)).to_string();
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
        let max_age = cache.max_age.unwrap_or(USUAL_AGE).clamp(*AGES.start(), *AGES.end());
        let form = if out.stream { Form::Stream } else { Form::Whole };
        Some(Self { key, mode: cache.mode, max_age, refresh: call.asked.refresh, form })
    }

    /// The answer, if it is kept and young enough, in the form that the caller wants.
    pub async fn find(&self, house: &House, out: &Outgoing) -> Option<(u16, Reply, CacheUse)> {
        if self.refresh {
            return None;
        }
        let now = house.clock.now();
        let entry = house.cache.find(&self.key, self.max_age, now).await?;
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
        match house.cache.find(&self.key, self.max_age, now).await {
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

    /// Calls upstream. Of identical calls at one time one does, and the others read along; what wants the other form of
    /// the answer waits until it is kept.
    pub async fn fire(&self, shot: Shot<'_>) -> (Tried, CacheUse) {
        if self.refresh {
            return (shot.fire().await, self.written("REFRESH"));
        }
        let deadline = Instant::now() + shot.out.patience;
        for _ in 0..JOINS {
            let (flight, reader) = match shot.house.flights.join(self.key.hash, self.form) {
                Role::Lead(flight, reader) => (Some(flight), Some(reader)),
                Role::Follow(reader) => (None, Some(reader)),
                Role::Beside(mut reader) => {
                    if tokio::time::timeout_at(deadline, reader.sit_out()).await.is_err() {
                        return (shot.faulted(None, 0, &Fault::timeout(shot.out.patience)), self.used("MISS"));
                    }
                    (None, None)
                }
            };
            // Another flight may have landed since the cache was asked.
            if let Some((_, reply, used)) = self.find(shot.house, shot.out).await {
                return (Tried::hit(reply), used);
            }
            let Some(mut reader) = reader else { continue };
            let leads = flight.is_some();
            let attempt = match leads.then(|| shot.start()).transpose() {
                Ok(attempt) => attempt,
                Err(refusal) => return (Tried::refused(refusal), self.used("MISS")),
            };
            if let Some(flight) = flight {
                if let Some(permit) = attempt.as_ref().and_then(Try::permit) {
                    // It is sent for whoever reads along, even where this caller has left by then.
                    permit.sent().mark();
                }
                let lead = Lead::of(shot, self, flight);
                shot.house.tasks.spawn(lead.carry());
            }
            let tried = match tokio::time::timeout_at(deadline, reader.head()).await {
                Err(_) => shot.faulted(attempt, 0, &Fault::timeout(shot.out.patience)),
                Ok(Ok(head)) => shot.answered(attempt, parts(head), Source::Shared(reader), deadline).await,
                Ok(Err(_)) => match reader.word() {
                    Some(Err(fault)) => shot.faulted(attempt, 0, &fault),
                    // The leader found the answer elsewhere, or was cut off: ask again.
                    _ => continue,
                },
            };
            let hit = !leads && (200..300).contains(&tried.status);
            return (tried, if hit { self.shared() } else { self.used("MISS") });
        }
        (shot.fire().await, self.written("MISS"))
    }

    fn used(&self, status: &'static str) -> CacheUse {
        CacheUse { status, facts: Some(self.facts(status)), ..CacheUse::none() }
    }

    /// What the call gets is kept.
    fn written(&self, status: &'static str) -> CacheUse {
        CacheUse { keep: Some(self.key.clone()), ..self.used(status) }
    }

    fn shared(&self) -> CacheUse {
        CacheUse { hit: true, ..self.used("HIT") }
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
    keep(house, serving, Kept::Whole(bytes.clone()), usage, attempt);
}

/// Keeps a stream that came to its end.
pub fn keep_events(house: &House, serving: &Serving, opened: &Opened) {
    let events = Kept::Events(Bytes::copy_from_slice(&opened.kept));
    keep(house, serving, events, opened.observer.usage(), opened.attempt.as_ref());
}

fn keep(house: &House, serving: &Serving, answer: Kept, usage: Option<&Usage>, attempt: Option<&Try>) {
    let (Some(key), Some(out)) = (&serving.cache.keep, &serving.out) else { return };
    if echoes(out, &answer) {
        return;
    }
    let now = house.clock.now();
    let model = out.target.model.clone().unwrap_or_default();
    let priced = usage.and_then(|usage| house.prices.cost(&*out.target.provider, &model, usage, now));
    let entry = Entry {
        stored_at: now,
        answer,
        model,
        usage: usage.copied().unwrap_or_default(),
        cost: priced.map(|cost| cost.total),
        latency_us: attempt.map_or(0, Try::elapsed),
        content_type: JSON.to_owned(),
    };
    house.cache.put(key, entry);
}

/// Whether an answer holds the credential that it was asked with.
fn echoes(out: &Outgoing, answer: &Kept) -> bool {
    let (Kept::Whole(bytes) | Kept::Events(bytes)) = answer;
    out.secrets.within(bytes)
}

/// A kept answer in the form that the caller wants; usage that he did not ask for is taken out as it passes.
fn replayed(entry: &Entry, out: &Outgoing) -> Option<Reply> {
    let body = entry.served(out.stream, true)?.body;
    Some(if out.stream { stream(body, out) } else { whole(body) })
}

fn stream(events: Bytes, out: &Outgoing) -> Reply {
    let head = head("text/event-stream");
    let source = Source::Stored(Some(events));
    Reply::Stream(Box::new(Opened::new(head, source, out.usage_added, &Stream::default(), None)))
}

fn whole(bytes: Bytes) -> Reply {
    let answer = read_answer(&bytes);
    let checked = Checked { bytes, original: None, answer };
    Reply::Whole(Box::new(Whole { head: head(JSON), checked, attempt: None }))
}

fn head(kind: &'static str) -> Parts {
    let mut response = Response::new(());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response.into_parts().0
}

fn parts(head: flight::Head) -> Parts {
    let mut response = Response::new(());
    *response.status_mut() = head.status;
    *response.headers_mut() = head.headers;
    response.into_parts().0
}

/// The one upstream call of a flight.
struct Lead {
    house: Doors,
    out: Outgoing,
    key: Key,
    flight: Flight<Landing>,
}

/// The rooms that it needs: it may outlive the call that began it.
struct Doors {
    relay: Relay,
    cache: Cache,
    prices: Arc<Tariff>,
    clock: Clock,
}

impl Lead {
    fn of(shot: Shot<'_>, cached: &Cached, flight: Flight<Landing>) -> Self {
        let House { relay, cache, prices, clock, .. } = shot.house;
        let house =
            Doors { relay: relay.clone(), cache: cache.clone(), prices: Arc::clone(prices), clock: clock.clone() };
        Self { house, out: shot.out.clone(), key: cached.key.clone(), flight }
    }

    /// Carries it to its end, or until nobody reads it any more.
    async fn carry(self) {
        let landing = tokio::select! {
            landing = self.fetch() => landing,
            () = self.flight.abandoned() => return,
        };
        self.flight.end(landing);
    }

    async fn fetch(&self) -> Landing {
        let Self { house, out, flight, .. } = self;
        let began = Instant::now();
        let response = house.relay.send(out.request(None), out.patience, out.target.reach).await?;
        let (head, mut body) = response.into_parts();
        flight.head(head.status, head.headers.clone());
        let mut kept = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| Fault::Unreachable(cause(&error)))?;
            let Ok(chunk) = frame.into_data() else { continue };
            if kept.len() + chunk.len() <= LARGEST_KEPT {
                kept.extend_from_slice(&chunk);
            } else {
                kept.clear();
                kept.shrink_to_fit();
            }
            flight.push(chunk).await;
        }
        let latency_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        if head.status.is_success()
            && packing(&head.headers).is_none()
            && let Some((answer, usage)) = judged(&head, kept)
            && !echoes(out, &answer)
        {
            house.put(self, answer, usage.unwrap_or_default(), latency_us);
        }
        Ok(())
    }
}

impl Doors {
    fn put(&self, lead: &Lead, answer: Kept, usage: Usage, latency_us: u64) {
        let (now, target) = (self.clock.now(), &lead.out.target);
        let model = target.model.clone().unwrap_or_default();
        let cost = self.prices.cost(&*target.provider, &model, &usage, now).map(|cost| cost.total);
        let content_type = JSON.to_owned();
        let entry = Entry { stored_at: now, answer, model, usage, cost, latency_us, content_type };
        self.cache.put(&lead.key, entry);
    }
}

/// The form in which an answer is kept; `None` where it is none to keep.
fn judged(head: &Parts, kept: Vec<u8>) -> Option<(Kept, Option<Usage>)> {
    let kept = Bytes::from(kept);
    if is_stream(&head.headers) {
        let mut observer = Observer::new(false);
        observer.push(kept.clone());
        let sound = observer.done() && observer.spoke() && observer.error().is_none();
        return sound.then(|| (Kept::Events(kept), observer.usage().copied()));
    }
    let answer = read_answer(&kept);
    (answer.well_formed && answer.failed.is_none()).then(|| (Kept::Whole(kept), answer.usage))
}
