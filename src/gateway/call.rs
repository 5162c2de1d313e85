//! The story of one call, from a known key to its committed row.

use crate::book::{Book, ProviderEntry};
use crate::gateway::answer;
use crate::gateway::caller::Caller;
use crate::gateway::host::Reach;
use crate::gateway::intake::{self, Call};
use crate::gateway::refusal::Refusal;
use crate::gateway::relay::{self, Fault};
use crate::gateway::stream;
use crate::gateway::trace::Trace;
use crate::gateway::{masked, metadata};
use crate::house::Shared;
use crate::journal::meter::Meter;
use crate::journal::record::{AttemptRow, Outcome, Record};
use crate::journal::slots::Opening;
use crate::wire::vendors::Endpoint;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use std::sync::Arc;
use std::time::Instant;

/// A request of a known key.
#[derive(Debug)]
pub struct Inbound {
    pub endpoint: Endpoint,
    pub parts: Parts,
    pub caller: Caller,
    pub book: Arc<Book>,
    pub trace: Trace,
}

/// What came back, its body not yet read.
pub struct Exchange {
    pub head: http::response::Parts,
    pub body: Incoming,
    pub attempt: AttemptRow,
    pub sent: Instant,
}

/// Serves a call. Whatever happens, it has exactly one row, committed before the answer ends.
pub async fn serve(house: &Shared, inbound: Inbound, body: Body) -> Response {
    let opening = opening(&inbound, house.clock.now());
    let Ok(mut meter) = house.journal.begin(&opening).await else { return Refusal::journal().response() };
    meter.note(|record| describe(record, &inbound));
    let mut response = match exchange(house, &inbound, body, &mut meter).await {
        Ok((call, exchange)) => conclude(house, call, exchange, meter).await,
        Err(refusal) => refuse(meter, refusal).await,
    };
    if let Ok(id) = HeaderValue::from_str(&opening.id) {
        response.headers_mut().insert(HeaderName::from_static("x-portkey-request-id"), id);
    }
    response
}

/// Answers with a refusal, once its row is committed.
pub async fn refuse(mut meter: Meter, refusal: Refusal) -> Response {
    meter.note(|record| {
        record.call.error = Some(refusal.message.clone());
        record.parts.response_body = crate::journal::frame::Gathered::Whole(refusal.body().to_string().into());
    });
    match meter.finish(refusal.status.as_u16(), Outcome::Failed).await {
        Ok(()) => refusal.response(),
        Err(_) => Refusal::journal().response(),
    }
}

/// A call's first entry: what is known before anything is read.
pub fn opening(inbound: &Inbound, now: i64) -> Opening {
    Opening {
        id: crate::secret::id(now),
        workspace: inbound.caller.key.workspace.clone(),
        key: inbound.caller.key.id.clone(),
        at: now,
        kind: inbound.endpoint.word().into(),
        path: inbound.parts.uri.path().into(),
        trace: inbound.trace.trace.clone(),
        span: inbound.trace.span.clone(),
    }
}

/// Writes down who calls and how.
pub fn describe(record: &mut Record, inbound: &Inbound) {
    let Inbound { parts, caller, trace, .. } = inbound;
    let call = &mut record.call;
    call.key_name.clone_from(&caller.key.name);
    call.method = parts.method.as_str().into();
    call.parent_span_id.clone_from(&trace.parent);
    call.span_name =
        if trace.name.is_empty() { format!("{} {}", parts.method, parts.uri.path()) } else { trace.name.clone() };
    call.metadata = serde_json::Value::Object(metadata::merged(&parts.headers, &caller.key.metadata, None)).to_string();
    call.runtime = runtime(&parts.headers);
    record.parts.request_headers = masked::lines(&parts.headers);
    record.untracked =
        parts.headers.get("x-portkey-debug").is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"false"));
}

async fn exchange(
    house: &Shared,
    inbound: &Inbound,
    body: Body,
    meter: &mut Meter,
) -> Result<(Call, Exchange), Refusal> {
    let Inbound { endpoint, parts, caller, book, .. } = inbound;
    caller.must(&["completions.write"])?;
    let bytes = intake::bytes(parts, body, house.settings.body_limit).await?;
    meter.note(|record| record.parts.request_body = bytes.clone());
    let wish = intake::wish(parts, &bytes, caller, book)?;
    meter.note(|record| {
        record.call.model_asked = wish.model.clone().unwrap_or_default();
        record.call.stream = wish.stream;
        if let Some(user) = &wish.user {
            let merged = metadata::merged(&parts.headers, &caller.key.metadata, Some(user));
            record.call.metadata = serde_json::Value::Object(merged).to_string();
        }
    });
    let call = intake::call(wish, *endpoint, parts, caller, book)?;
    meter.note(|record| chosen(record, &call));
    let request = request(*endpoint, &call)?;
    meter.note(|record| {
        record.parts.sent_headers = masked::lines(request.headers());
        record.parts.sent_body = call.body.clone();
    });
    let (started_us, sent) = (meter.elapsed(), Instant::now());
    let attempt = AttemptRow { started_us, ..attempt(&call, request.uri().to_string()) };
    match house.relay.send(request, call.patience, Reach::Stored).await {
        Ok(response) => {
            let (head, body) = response.into_parts();
            Ok((call, Exchange { head, body, attempt, sent }))
        }
        Err(fault) => Err(failed(meter, &call, attempt, sent, &fault)),
    }
}

async fn conclude(house: &Shared, call: Call, exchange: Exchange, mut meter: Meter) -> Response {
    if exchange.head.status.is_success() && answer::is_stream(&exchange.head.headers) {
        let Some(packing) = relay::packing(&exchange.head.headers) else {
            return stream::response(house, call, exchange, meter);
        };
        let slug = &call.target.provider.slug;
        let fault = Fault::Unusable(format!("@{slug} packed its stream as {packing}, though none was asked for."));
        let refusal = failed(&mut meter, &call, exchange.attempt, exchange.sent, &fault);
        return refuse(meter, refusal).await;
    }
    let Exchange { head, body, attempt, sent } = exchange;
    let slug = &call.target.provider.slug;
    let read = tokio::time::timeout(call.patience, relay::whole(slug, &head.headers, body)).await;
    let read = read.unwrap_or_else(|_| Err(Fault::timeout(call.patience)));
    match read.and_then(|bytes| answer::checked(&call, &head, bytes)) {
        Ok(checked) => answer::response(house, &call, head, checked, answer::Ending { meter, attempt, sent }).await,
        Err(fault) => {
            let attempt = AttemptRow { status: head.status.as_u16(), ..attempt };
            let refusal = failed(&mut meter, &call, attempt, sent, &fault);
            refuse(meter, refusal).await
        }
    }
}

fn failed(meter: &mut Meter, call: &Call, attempt: AttemptRow, sent: Instant, fault: &Fault) -> Refusal {
    let refusal = fault.refusal(&call.target.provider.slug);
    let latency_us = micros(sent);
    meter.attempt(AttemptRow { error: Some(refusal.message.clone()), latency_us, ..attempt });
    refusal
}

/// Microseconds since `start`.
pub fn micros(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX)
}

fn chosen(record: &mut Record, call: &Call) {
    let row = &mut record.call;
    row.provider.clone_from(&call.target.provider.slug);
    row.vendor = call.target.provider.vendor.slug.into();
    row.model_served = call.target.model.clone().unwrap_or_default();
    row.target.clone_from(&call.path);
    if let Some((slug, version)) = &call.saved_config {
        row.config = Some(slug.clone());
        row.config_version = Some(version.clone());
    }
}

fn attempt(call: &Call, url: String) -> AttemptRow {
    AttemptRow {
        provider: call.target.provider.slug.clone(),
        vendor: call.target.provider.vendor.slug.into(),
        model: call.target.model.clone().unwrap_or_default(),
        target: call.path.clone(),
        url,
        ..AttemptRow::default()
    }
}

fn request(endpoint: Endpoint, call: &Call) -> Result<Request<Full<Bytes>>, Refusal> {
    let provider: &ProviderEntry = &call.target.provider;
    let uri = provider.uri(endpoint).ok_or_else(|| lacking(endpoint, provider))?;
    let mut request = Request::new(Full::new(call.body.clone()));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri.clone();
    let headers = request.headers_mut();
    signed(headers, provider);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let accept = if call.stream { "text/event-stream" } else { "application/json" };
    headers.insert(ACCEPT, HeaderValue::from_static(accept));
    Ok(request)
}

/// The headers of every request to a provider.
pub fn signed(headers: &mut HeaderMap, provider: &ProviderEntry) {
    const AGENT: &str = concat!("switchyard/", env!("CARGO_PKG_VERSION"));
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    for (name, value) in provider.vendor.headers {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if let Some((name, value)) = &provider.credential {
        headers.insert(name.clone(), value.clone());
    }
}

/// The vendor has no such endpoint: the gateway's own exception, so that no SDK tries it again.
pub fn lacking(endpoint: Endpoint, provider: &ProviderEntry) -> Refusal {
    let message = format!("{} is not supported by {}", endpoint.name(), provider.vendor.slug);
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    Refusal { status, code: Some("endpoint_not_supported"), exception: true, ..Refusal::invalid(message) }
}

fn runtime(headers: &HeaderMap) -> String {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let fields = [
        ("sdk_version", text("x-portkey-package-version")),
        ("runtime", text("x-portkey-runtime")),
        ("runtime_version", text("x-portkey-runtime-version")),
    ];
    let given = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into())));
    serde_json::Value::Object(given.collect()).to_string()
}
