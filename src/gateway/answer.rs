//! A provider's answer on its way back: checked, counted, priced, and sent when its row is committed.

use crate::book::ProviderEntry;
use crate::gateway::attempt::Whole;
use crate::gateway::cached::{self, CacheUse};
use crate::gateway::outgoing::Outgoing;
use crate::gateway::refusal::Refusal;
use crate::gateway::relay::Fault;
use crate::gateway::{masked, names};
use crate::house::{House, Shared};
use crate::journal::frame::Gathered;
use crate::journal::meter::Meter;
use crate::journal::record::{Outcome, Record};
use crate::journal::tries::Try;
use crate::wire::openai::{Answer, Usage, read_answer};
use crate::wire::vendors::Endpoint;
use app::model::money::Nanos;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{self, CONTENT_TYPE};
use http::response::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::json;

/// Characters of an unreadable answer that are shown.
const EXCERPT: usize = 300;

/// An answer that may be handed on.
#[derive(Debug)]
pub struct Checked {
    pub bytes: Bytes,
    /// What the provider sent, where `bytes` had to be made from it.
    pub original: Option<Bytes>,
    pub answer: Answer,
}

/// What an answer is told with.
pub struct Serving {
    pub out: Option<Box<Outgoing>>,
    /// JSON path of the target.
    pub path: String,
    /// For `x-portkey-retry-attempt-count`.
    pub retries: i64,
    /// Retries that were made.
    pub retried: u32,
    pub cache: CacheUse,
}

impl Serving {
    /// Slug of the provider; empty where none was chosen.
    pub fn slug(&self) -> &str {
        self.out.as_ref().map_or("", |out| &out.target.provider.slug)
    }

    /// Bytes of the body that went upstream.
    pub fn body_len(&self) -> usize {
        self.out.as_ref().map_or(0, |out| out.bytes.len())
    }
}

/// Whether an answer is a stream of events.
pub fn is_stream(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/event-stream"))
}

/// Whether an answer is neither JSON nor to be made so: it passes as it is.
pub fn is_raw(endpoint: Endpoint, head: &Parts) -> bool {
    let kind = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    !endpoint.is_text() && head.status.is_success() && !kind.to_ascii_lowercase().contains("json")
}

/// Lets JSON through as it is; an error in any other form is put into an error object. `strict`: a success is a JSON
/// object.
///
/// # Errors
/// When a strict success is none, or a redirect came.
pub fn checked(provider: &ProviderEntry, strict: bool, head: &Parts, bytes: Bytes) -> Result<Checked, Fault> {
    if head.status.is_redirection() || head.status.is_informational() {
        let why = format!("@{} answered {} in place of a result. Check its base URL.", provider.slug, head.status);
        return Err(Fault::Unusable(why));
    }
    let answer = read_answer(&bytes);
    if answer.well_formed || (!strict && head.status.is_success()) {
        return Ok(Checked { bytes, original: None, answer });
    }
    let excerpt = String::from_utf8_lossy(&bytes).trim().chars().take(EXCERPT).collect::<String>();
    if head.status.is_success() {
        let shown = if excerpt.is_empty() { "nothing" } else { &excerpt };
        return Err(Fault::Unusable(format!("Invalid response received from {}: {shown}", provider.vendor.slug)));
    }
    let text = if excerpt.is_empty() { head.status.to_string() } else { excerpt };
    let message = format!("{} error: {text}", provider.vendor.slug);
    let body = json!({
        "error": { "message": message, "type": null, "param": null, "code": null },
        "provider": provider.vendor.slug,
        "message": message,
        "status": "failure",
    });
    let answer = Answer { well_formed: true, error: Some(message), ..Answer::default() };
    Ok(Checked { bytes: body.to_string().into(), original: Some(bytes), answer })
}

/// Files the call and answers.
pub async fn response(house: &Shared, serving: &Serving, whole: Whole, mut meter: Meter) -> Response {
    let Whole { head, checked: Checked { bytes, original, answer }, attempt } = whole;
    let status = head.status;
    let outcome = if status.is_success() { Outcome::Finished } else { Outcome::Failed };
    let error = answer.error.filter(|_| !status.is_success());
    if status.is_success() && original.is_none() {
        cached::keep_whole(house, serving, &bytes, answer.usage.as_ref(), attempt.as_ref());
    }
    meter.note(|record| {
        record.call.error = error;
        record.parts.response_headers = masked::lines(&head.headers);
        record.parts.response_body = Gathered::Whole(original.unwrap_or_else(|| bytes.clone()));
        if let Some(model) = answer.model {
            record.call.model_served = model;
        }
        let guess = attempt.as_ref().and_then(|attempt| attempt.guess);
        record.call.tokens_estimated = answer.usage.is_none() && guess.is_some();
        if let Some(usage) = answer.usage.or(guess) {
            count(house, serving, record, &usage, attempt.as_ref());
        }
    });
    if meter.finish(status.as_u16(), outcome).await.is_err() {
        return Refusal::journal().response();
    }
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    let plain =
        serving.out.as_ref().is_some_and(|out| !out.endpoint.is_text() && head.headers.contains_key(CONTENT_TYPE));
    *response.headers_mut() = headers(head.headers, serving, (!plain).then_some("application/json"));
    response
}

/// Writes usage and its price into the record, and into the row of the attempt that it came of. A hit of the cache
/// costs nothing.
pub fn count(house: &House, serving: &Serving, record: &mut Record, usage: &Usage, attempt: Option<&Try>) {
    let row = &mut record.call;
    row.tokens_in = usage.input;
    row.tokens_cached = usage.cached;
    row.tokens_out = usage.output;
    row.tokens_reasoning = usage.reasoning;
    if serving.cache.hit {
        row.cost = Some(Nanos::ZERO);
        return;
    }
    let Some(out) = &serving.out else { return };
    if let Some(cost) = out.cost(house, usage, &row.model_served, row.at) {
        row.cost = Some(cost.total);
        row.price = cost.lines;
    }
    let cost = row.cost;
    if let Some(attempt) = attempt {
        attempt.note(|row| {
            row.served = true;
            row.tokens_in = usage.input;
            row.tokens_out = usage.output;
            row.cost = cost;
        });
    }
}

/// The provider's headers without those of the connection and those that echo a credential, and the gateway's own.
/// `kind`: its content type, where it is not the provider's.
pub fn headers(mut headers: HeaderMap, serving: &Serving, kind: Option<&'static str>) -> HeaderMap {
    let barred = |name: &HeaderName, value: &HeaderValue| {
        DROPPED.contains(name)
            || name.as_str().starts_with("x-portkey-")
            || serving.out.as_ref().is_some_and(|out| out.secrets.within(value.as_bytes()))
    };
    let barred = headers.iter().filter(|(name, value)| barred(name, value)).map(|(name, _)| name.clone());
    for name in barred.collect::<Vec<_>>() {
        headers.remove(name);
    }
    if let Some(kind) = kind {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    mark(&mut headers, serving);
    headers
}

/// The gateway's own headers (contract §1.5).
pub fn mark(headers: &mut HeaderMap, serving: &Serving) {
    if let Some(out) = &serving.out {
        let vendor = HeaderValue::from_static(out.target.provider.vendor.slug);
        headers.insert(&names::PROVIDER, vendor);
    }
    let status = HeaderValue::from_static(serving.cache.status);
    headers.insert(&names::CACHE_STATUS, status);
    headers.insert(&names::RETRY_ATTEMPT_COUNT, HeaderValue::from(serving.retries));
    if let Ok(path) = HeaderValue::from_str(&serving.path) {
        headers.insert(&names::LAST_USED_OPTION_INDEX, path);
    }
}

/// Headers that belong to the connection upstream, or that a provider has no business setting on this origin.
static DROPPED: [HeaderName; 23] = [
    header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
    header::ACCESS_CONTROL_ALLOW_HEADERS,
    header::ACCESS_CONTROL_ALLOW_METHODS,
    header::ACCESS_CONTROL_ALLOW_ORIGIN,
    header::ACCESS_CONTROL_EXPOSE_HEADERS,
    header::ALT_SVC,
    header::CONNECTION,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_SECURITY_POLICY,
    header::LINK,
    header::PROXY_AUTHENTICATE,
    header::REFRESH,
    header::SET_COOKIE,
    header::STRICT_TRANSPORT_SECURITY,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("clear-site-data"),
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("nel"),
    HeaderName::from_static("report-to"),
];
