//! `GET /v1/realtime`: a WebSocket of the provider, tunnelled. Its bytes pass as they are; only their number is kept.

use crate::gateway::call::{self, Inbound};
use crate::gateway::forward;
use crate::gateway::intake;
use crate::gateway::limited::Limited;
use crate::gateway::masked;
use crate::gateway::open::{self, Ask};
use crate::gateway::opened::Source;
use crate::gateway::outgoing::{Asking, signed};
use crate::gateway::refusal::Refusal;
use crate::gateway::relay::{self, Fault};
use crate::gateway::target::Target;
use crate::house::Shared;
use crate::journal::frame::Gathered;
use crate::journal::meter::Meter;
use crate::journal::record::{AttemptRow, Outcome};
use crate::journal::tries::Try;
use crate::limit::permit::{Permit, Used};
use crate::wire::vendors::{Endpoint, Route};
use axum::body::Body;
use axum::response::Response;
use http::header::{
    CONNECTION, CONTENT_TYPE, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use serde_json::json;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// How long a provider may take to open its end.
const PATIENCE: Duration = Duration::from_secs(30);
/// A session in which nothing is said for so long is over.
const SILENCE: Duration = Duration::from_secs(900);
/// What one side may still say after the other has ended.
const GOODBYE: Duration = Duration::from_secs(10);
const PIECE: usize = 16 << 10;

/// Headers of the handshake that both ends agree on between themselves.
static AGREED: [HeaderName; 4] =
    [SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, SEC_WEBSOCKET_EXTENSIONS, HeaderName::from_static("openai-beta")];
/// Headers of the answer to it.
static ANSWERED: [HeaderName; 5] =
    [CONNECTION, UPGRADE, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_PROTOCOL];
/// What browsers put a key behind, as a protocol: the key is this gateway's and goes no further.
const KEY_PROTOCOL: &str = "openai-insecure-api-key.";

/// What of the session is to be written down.
struct Session {
    meter: Meter,
    attempt: Try,
}

/// Bytes so far, to the provider and from it.
#[derive(Default)]
struct Traffic {
    up: AtomicU64,
    down: AtomicU64,
}

/// The model that the address asks for.
pub fn model(uri: &Uri) -> Option<String> {
    pairs(uri).find(|(name, _)| name == "model").map(|(_, model)| model)
}

/// Serves one session, which has one row. `target` is where it goes, or why it goes nowhere.
pub async fn serve(house: &Shared, mut inbound: Inbound, target: Result<Target, Refusal>) -> Response {
    let opening = call::opening(&inbound, house.clock.now());
    let Ok(mut meter) = house.journal.begin(&opening).await else { return Refusal::journal().response() };
    let caller = inbound.parts.extensions.remove::<OnUpgrade>();
    meter.note(|record| {
        call::describe(record, &inbound);
        record.call.stream = true;
        record.call.model_asked = model(&inbound.parts.uri).unwrap_or_default();
    });
    let prepared = ready(&inbound, target, caller, &mut meter);
    let (request, caller, target) = match prepared {
        Ok(prepared) => prepared,
        Err(refusal) => return call::refuse(meter, refusal).await,
    };
    let permit = match admitted(house, &inbound, &target, &mut meter).await {
        Ok(permit) => permit,
        Err(refusal) => return call::refuse(meter, refusal).await,
    };
    let attempt = AttemptRow { started_us: meter.elapsed(), ..attempt(&target, request.uri()) };
    let attempt = meter.tries().start_under(attempt, permit.map(Box::new));
    let session = Session { attempt, meter };
    match house.relay.open(request, PATIENCE, target.reach).await {
        Ok(answer) if answer.status() == StatusCode::SWITCHING_PROTOCOLS => opened(house, answer, caller, session),
        Ok(answer) => session.declined(answer, &target).await,
        Err(fault) => session.failed(&fault, &target).await,
    }
}

/// A session is one request, and one call at one time as long as it lasts. What it costs is never known.
async fn admitted(
    house: &Shared,
    inbound: &Inbound,
    target: &Target,
    meter: &mut Meter,
) -> Result<Option<Permit>, Refusal> {
    let asked = intake::asked(inbound, &bytes::Bytes::new())?;
    let call = Asking { inbound, asked: &asked, routed: None };
    let Some(limited) = Limited::admit(house, call, meter)? else { return Ok(None) };
    match limited.session(house, call, target)? {
        Some(fare) => fare.reserve(house).await.map(Some),
        None => Ok(None),
    }
}

/// The handshake to send, once everything is known to be in place.
fn ready(
    inbound: &Inbound,
    target: Result<Target, Refusal>,
    caller: Option<OnUpgrade>,
    meter: &mut Meter,
) -> Result<(Request<Full<bytes::Bytes>>, OnUpgrade, Target), Refusal> {
    let Inbound { parts, caller: key, book, .. } = inbound;
    key.must(&["completions.write"])?;
    let caller = caller.filter(|_| asks(&parts.headers)).ok_or_else(plain)?;
    let target = target?;
    let provider = &target.provider;
    meter.note(|record| {
        record.call.provider.clone_from(&provider.slug);
        record.call.vendor = provider.vendor.slug.into();
        record.call.model_served = target.model.clone().unwrap_or_default();
    });
    let route = Route { endpoint: Endpoint::Realtime, rest: rest(&parts.uri, target.model.as_deref()) };
    let connected = book.providers(&key.key.workspace);
    let mut request = Request::new(Full::default());
    *request.uri_mut() = open::address(Ask { route: &route, provider, connected })?;
    *request.headers_mut() = handshake(parts, &target)?;
    meter.note(|record| record.parts.sent_headers = masked::lines(request.headers()));
    Ok((request, caller, target))
}

fn handshake(parts: &Parts, target: &Target) -> Result<HeaderMap, Refusal> {
    let mut headers = HeaderMap::new();
    signed(&mut headers, &target.provider);
    headers.extend(picked(&parts.headers, &AGREED));
    let offered = parts.headers.get(SEC_WEBSOCKET_PROTOCOL).and_then(|list| list.to_str().ok()).unwrap_or_default();
    let offered = offered.split(',').map(str::trim).filter(|one| !one.is_empty() && !one.starts_with(KEY_PROTOCOL));
    let offered = offered.collect::<Vec<_>>().join(", ");
    if let Some(offered) = HeaderValue::try_from(offered).ok().filter(|list| !list.is_empty()) {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, offered);
    }
    if let Some(names) = forward::listed(&parts.headers) {
        let credential = target.provider.credential.as_ref().map(|(name, _)| name);
        forward::place(&mut headers, forward::collect(&parts.headers, &names, credential)?);
    }
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    Ok(headers)
}

fn picked(headers: &HeaderMap, names: &'static [HeaderName]) -> HeaderMap {
    let all =
        names.iter().flat_map(|name| headers.get_all(name).iter().map(move |value| (name.clone(), value.clone())));
    all.collect()
}

fn asks(headers: &HeaderMap) -> bool {
    headers.get(UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

fn plain() -> Refusal {
    let message = "This path speaks WebSocket over HTTP/1.1. Open it with a WebSocket or a realtime client.";
    Refusal { status: StatusCode::UPGRADE_REQUIRED, code: Some("upgrade_required"), ..Refusal::invalid(message) }
}

/// The path with the model as the provider calls it.
fn rest(uri: &Uri, model: Option<&str>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs(uri).filter(|(name, _)| name != "model"));
    if let Some(model) = model {
        query.append_pair("model", model);
    }
    let query = query.finish();
    if query.is_empty() { "/realtime".into() } else { format!("/realtime?{query}") }
}

fn pairs(uri: &Uri) -> impl Iterator<Item = (String, String)> {
    let query = uri.query().unwrap_or_default().to_owned();
    let pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    pairs.into_iter()
}

fn attempt(target: &Target, uri: &Uri) -> AttemptRow {
    AttemptRow {
        provider: target.provider.slug.clone(),
        vendor: target.provider.vendor.slug.into(),
        model: target.model.clone().unwrap_or_default(),
        target: "config".into(),
        url: uri.to_string(),
        ..AttemptRow::default()
    }
}

/// Answers the caller's handshake with the provider's, and carries bytes until either side ends.
fn opened(house: &Shared, mut answer: Response<Incoming>, caller: OnUpgrade, mut session: Session) -> Response {
    let provider = hyper::upgrade::on(&mut answer);
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    *response.headers_mut() = picked(answer.headers(), &ANSWERED);
    session.meter.note(|record| record.parts.response_headers = masked::lines(answer.headers()));
    session.attempt.note(|row| row.status = StatusCode::SWITCHING_PROTOCOLS.as_u16());
    session.attempt.settle(Used::Untold);
    let tasks = house.tasks.clone();
    house.tasks.spawn(async move {
        let traffic = Traffic::default();
        let ended = async {
            let (caller, provider) = tokio::try_join!(caller, provider).map_err(io::Error::other)?;
            carry(caller, provider, &traffic).await
        };
        let ended = tokio::select! {
            ended = ended => ended,
            () = tasks.stopping() => Err(io::Error::other("the gateway was stopped")),
        };
        session.ended(ended, &traffic).await;
    });
    response
}

async fn carry(caller: Upgraded, provider: Upgraded, traffic: &Traffic) -> io::Result<()> {
    let (from_caller, to_caller) = tokio::io::split(TokioIo::new(caller));
    let (from_provider, to_provider) = tokio::io::split(TokioIo::new(provider));
    let up = pour(from_caller, to_provider, &traffic.up, traffic);
    let down = pour(from_provider, to_caller, &traffic.down, traffic);
    tokio::pin!(up, down);
    // Who does not answer a goodbye is left without one.
    tokio::select! {
        first = &mut up => match first {
            Ok(()) => tokio::time::timeout(GOODBYE, down).await.unwrap_or(Ok(())),
            broken => broken,
        },
        first = &mut down => match first {
            Ok(()) => tokio::time::timeout(GOODBYE, up).await.unwrap_or(Ok(())),
            broken => broken,
        },
    }
}

async fn pour(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    count: &AtomicU64,
    traffic: &Traffic,
) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let before = traffic.total();
        let Ok(read) = tokio::time::timeout(SILENCE, from.read(&mut piece)).await else {
            if traffic.total() == before {
                return Err(io::Error::other(format!("nothing was said for {} seconds", SILENCE.as_secs())));
            }
            continue;
        };
        let read = read?;
        if read == 0 {
            return to.shutdown().await;
        }
        to.write_all(&piece[..read]).await?;
        count.fetch_add(u64::try_from(read).unwrap_or_default(), Ordering::Relaxed);
    }
}

impl Traffic {
    fn total(&self) -> u64 {
        self.up.load(Ordering::Relaxed) + self.down.load(Ordering::Relaxed)
    }
}

impl Session {
    /// Writes the session down: how it ended, and what went through it.
    async fn ended(self, ended: io::Result<()>, traffic: &Traffic) {
        let Self { mut meter, mut attempt } = self;
        let error = ended.err().map(|error| format!("The session broke off: {error}."));
        let outcome = if error.is_some() { Outcome::Failed } else { Outcome::Finished };
        attempt.end(|row| row.error.clone_from(&error));
        let (up, down) = (traffic.up.load(Ordering::Relaxed), traffic.down.load(Ordering::Relaxed));
        let summary = json!({ "object": "realtime.session", "bytes_sent": up, "bytes_received": down });
        meter.note(|record| {
            record.call.error = error;
            record.parts.response_body = Gathered::Whole(summary.to_string().into());
        });
        // There is nobody left to tell; a journal that stopped says so itself.
        let _ = meter.finish(StatusCode::SWITCHING_PROTOCOLS.as_u16(), outcome).await;
    }

    /// The provider answers as if to any call: the caller gets that.
    async fn declined(self, answer: Response<Incoming>, target: &Target) -> Response {
        let (head, body) = answer.into_parts();
        let read =
            tokio::time::timeout(PATIENCE, relay::whole(&target.provider.slug, &head.headers, Source::Upstream(body)))
                .await;
        let bytes = match read.unwrap_or_else(|_| Err(Fault::timeout(PATIENCE))) {
            Ok(bytes) => bytes,
            Err(fault) => return self.failed(&fault, target).await,
        };
        // An answer that is no handshake and yet a success would leave the caller waiting for one.
        let status = if head.status.is_success() { StatusCode::BAD_GATEWAY } else { head.status };
        let Self { mut meter, mut attempt } = self;
        let error = Some(format!("@{} did not open a WebSocket: {}.", target.provider.slug, head.status));
        attempt.settle(Used::Nothing);
        attempt.end(|row| {
            row.status = head.status.as_u16();
            row.error.clone_from(&error);
        });
        meter.note(|record| {
            record.call.error = error;
            record.parts.response_headers = masked::lines(&head.headers);
            record.parts.response_body = Gathered::Whole(bytes.clone());
        });
        if meter.finish(status.as_u16(), Outcome::Failed).await.is_err() {
            return Refusal::journal().response();
        }
        let mut response = Response::new(Body::from(bytes));
        *response.status_mut() = status;
        let kind = head.headers.get(CONTENT_TYPE).cloned();
        response.headers_mut().insert(CONTENT_TYPE, kind.unwrap_or(HeaderValue::from_static("application/json")));
        response
    }

    async fn failed(self, fault: &Fault, target: &Target) -> Response {
        let Self { meter, mut attempt } = self;
        let refusal = fault.refusal(&target.provider.slug);
        attempt.settle(Used::Nothing);
        attempt.end(|row| row.error = Some(refusal.message.clone()));
        call::refuse(meter, refusal).await
    }
}
