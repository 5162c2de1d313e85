//! The cache at work: asked before a target is called, written after it has answered (contract §3.1).

mod lead;

use crate::cache::entry::{Answer as Kept, Entry};
use crate::cache::flight::{self, Form, Role, Toll};
use crate::cache::key::{Ask, Hash, Key};
use crate::cache::{AGES, USUAL_AGE};
use crate::gateway::answer::{Checked, Serving};
use crate::gateway::attempt::{Reply, Shot, Tried, Whole};
use crate::gateway::opened::{Opened, Source};
use crate::gateway::outgoing::{Asking, Outgoing};
use crate::gateway::relay::Fault;
use crate::house::House;
use crate::journal::tries::Try;
use crate::wire::openai::{Usage, read_answer};
use app::model::explain::CacheFacts;
use app::model::money::Nanos;
use app::model::routing::{CacheMode, Stream};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::response::Parts;
use http::{HeaderValue, Response};
use lead::Lead;
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
    /// Of a call that several share.
    toll: Option<Toll<Landing>>,
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
        Self { status: "DISABLED", hit: false, saved_cost: None, saved_us: 0, facts: None, toll: None, keep: None }
    }
}

impl CacheUse {
    /// The caller of a shared stream leaves or is at its end; `company`: others read on, `pays`: it called the provider
    /// and no budget holds anything for it. Whoever is last pays where the one who was to pay has left.
    pub fn part(&mut self, company: bool, left: bool, pays: bool) {
        let Some(toll) = &self.toll else { return };
        if pays && left && company {
            toll.leave();
            self.hit = true;
        } else if self.hit && !(left && company) && toll.take() {
            (self.hit, self.status) = (false, "MISS");
        }
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
        let facts = Some(facts);
        let used = CacheUse { status: "HIT", hit: true, saved_cost, saved_us, facts, ..CacheUse::none() };
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
            let mut toll = None;
            let (flight, reader) = match shot.house.flights.join(self.key.hash, self.form) {
                Role::Lead(flight, reader) => (Some(flight), Some(reader)),
                Role::Follow(reader) => (None, Some(reader)),
                Role::Beside(mut reader) => {
                    if tokio::time::timeout_at(deadline, reader.sit_out()).await.is_err() {
                        return (shot.faulted(None, 0, &Fault::timeout(shot.out.patience)), self.used("MISS"));
                    }
                    toll = Some(reader.toll());
                    (None, None)
                }
            };
            // Another flight may have landed since the cache was asked.
            if let Some((_, reply, used)) = self.find(shot.house, shot.out).await {
                // It was fetched for one who has left meanwhile.
                let pays = toll.is_some_and(|toll| toll.take());
                return (Tried::hit(reply), if pays { self.used("MISS") } else { used });
            }
            let Some(mut reader) = reader else { continue };
            let (leads, toll) = (flight.is_some(), reader.toll());
            let attempt = match if leads { shot.start().await.map(Some) } else { shot.follow().map(|()| None) } {
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
            // Under a budget this caller pays what it may come to, also where it leaves.
            let pays = leads && attempt.as_ref().is_some_and(|attempt| attempt.permit().is_none());
            let payer = Payer { toll: &toll, here: !pays };
            let patience = shot.out.head_patience();
            let tried = match tokio::time::timeout_at(deadline.min(Instant::now() + patience), reader.head()).await {
                Err(_) => shot.faulted(attempt, 0, &Fault::timeout(patience)),
                Ok(Ok(head)) => shot.answered(attempt, parts(head), Source::Shared(reader), deadline).await,
                Ok(Err(_)) => match reader.word() {
                    Some(Err(fault)) => shot.faulted(attempt, 0, &fault),
                    // The leader found the answer elsewhere, or was cut off: ask again.
                    _ => continue,
                },
            };
            payer.stays();
            let hit = !leads && (200..300).contains(&tried.status);
            let whole = matches!(tried.reply, Ok(Reply::Whole(_)));
            let used = if hit && !(whole && toll.take()) { self.shared() } else { self.used("MISS") };
            return (tried, CacheUse { toll: Some(toll), ..used });
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

/// Leaves the toll where the call is dropped before its answer.
struct Payer<'t> {
    toll: &'t Toll<Landing>,
    here: bool,
}

impl Payer<'_> {
    fn stays(mut self) {
        self.here = true;
    }
}

impl Drop for Payer<'_> {
    fn drop(&mut self) {
        if !self.here {
            self.toll.leave();
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
