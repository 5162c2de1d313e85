//! From bytes and headers to what is asked, before a target is chosen.

use crate::gateway::call::Inbound;
use crate::gateway::payload::Payload;
use crate::gateway::refusal::Refusal;
use crate::gateway::{metadata, names};
use crate::wire::body::Body;
use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};
use std::time::Duration;

/// How long a body may take to arrive.
const BODY_PATIENCE: Duration = Duration::from_secs(120);
const LONGEST_ADDRESS: usize = 16 << 10;
const MOST_HEADERS: usize = 200;
const LARGEST_HEAD: usize = 256 << 10;
/// What of an oversized body is read and thrown away, and for how long.
const DRAINED: usize = 256 << 20;
const DRAIN_PATIENCE: Duration = Duration::from_secs(10);

/// A request as its caller made it.
#[derive(Debug)]
pub struct Asked {
    pub payload: Payload,
    /// The body's `model`.
    pub model: Option<String>,
    pub stream: bool,
    /// The body names a `user`, who stands in the metadata.
    pub user: bool,
    pub metadata: Map<String, Value>,
    /// `x-portkey-request-timeout`, which beats the config's.
    pub timeout: Option<u64>,
    /// `x-portkey-cache-force-refresh`: the cache is written, not read.
    pub refresh: bool,
    /// `x-portkey-cache-namespace`.
    pub namespace: Option<String>,
    /// `x-portkey-debug: false`: bodies are neither kept nor cached.
    pub untracked: bool,
}

/// Refuses an address or headers beyond what any call needs.
///
/// # Errors
/// 414 and 431.
pub fn head(parts: &Parts) -> Result<(), Refusal> {
    if parts.uri.path_and_query().is_some_and(|address| address.as_str().len() > LONGEST_ADDRESS) {
        return Err(Refusal::large_head(StatusCode::URI_TOO_LONG, "bytes of the address", "16384"));
    }
    let size = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>();
    if parts.headers.len() > MOST_HEADERS || size > LARGEST_HEAD {
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        return Err(Refusal::large_head(status, "headers", "200 or 262144 bytes"));
    }
    Ok(())
}

/// Reads a body of at most `limit` bytes. A larger one is read on and thrown away within reason, so that the refusal
/// reaches a caller who is still sending.
///
/// # Errors
/// 413 over the limit, 408 where it does not arrive, 400 where it breaks off.
pub async fn bytes(parts: &Parts, mut body: axum::body::Body, limit: usize) -> Result<Bytes, Refusal> {
    let announced = parts.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let too_large = announced.is_some_and(|length| usize::try_from(length).map_or(true, |length| length > limit));
    if !too_large {
        let collected = tokio::time::timeout(BODY_PATIENCE, Limited::new(&mut body, limit).collect()).await;
        let millis = u64::try_from(BODY_PATIENCE.as_millis()).unwrap_or(u64::MAX);
        match collected.map_err(|_| Refusal::timeout(millis))? {
            Ok(whole) => return Ok(whole.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => {}
            Err(_) => return Err(Refusal::invalid("The request body broke off before its end. Send it again.")),
        }
    }
    // A caller who sends on and on is cut off here; the refusal is the same.
    let _ = tokio::time::timeout(DRAIN_PATIENCE, drain(body)).await;
    Err(Refusal::too_large(limit))
}

async fn drain(mut body: axum::body::Body) {
    let mut read = 0;
    while let Some(Ok(frame)) = body.frame().await {
        read += frame.data_ref().map_or(0, Bytes::len);
        if read > DRAINED {
            return;
        }
    }
}

/// Reads the body, and checks that what is decided on has its type.
///
/// # Errors
/// 400 with what is wrong.
pub fn asked(inbound: &Inbound, bytes: &Bytes) -> Result<Asked, Refusal> {
    let headers = &inbound.parts.headers;
    let payload = Payload::read(headers, inbound.route.endpoint, bytes)?;
    payload.json().map_or(Ok(()), typed)?;
    let user = payload.json().and_then(|body| body.text("user"));
    Ok(Asked {
        model: payload.model(),
        stream: payload.stream(),
        user: user.is_some(),
        metadata: metadata::merged(headers, &inbound.caller.key, user.as_deref()),
        timeout: text(headers, &names::REQUEST_TIMEOUT).and_then(|millis| millis.parse().ok()),
        refresh: flag(headers, &names::CACHE_FORCE_REFRESH) == Some(true),
        namespace: text(headers, &names::CACHE_NAMESPACE).map(str::to_owned),
        untracked: untracked(headers),
        payload,
    })
}

/// Whether the caller asked that bodies are not kept.
pub fn untracked(headers: &HeaderMap) -> bool {
    flag(headers, &names::DEBUG) == Some(false)
}

fn flag(headers: &HeaderMap, name: &HeaderName) -> Option<bool> {
    let word = text(headers, name)?;
    if word.eq_ignore_ascii_case("true") { Some(true) } else { word.eq_ignore_ascii_case("false").then_some(false) }
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let value: &HeaderValue = headers.get(name)?;
    value.to_str().ok().map(str::trim).filter(|text| !text.is_empty())
}

/// The fields that are decided on must have their types; all others are the provider's to judge.
fn typed(body: &Body) -> Result<(), Refusal> {
    let wrong = |name: &str, wanted: &str| {
        let refusal = Refusal::invalid(format!("{name} must be {wanted}."));
        Err(Refusal { param: Some(name.to_owned()), code: Some("invalid_type"), ..refusal })
    };
    let given = |name: &str| body.raw(name).is_some_and(|raw| raw.get() != "null");
    if given("model") && body.text("model").is_none() {
        return wrong("model", "text");
    }
    if given("stream") && body.flag("stream").is_none() {
        return wrong("stream", "true or false");
    }
    Ok(())
}
