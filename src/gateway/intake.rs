//! From bytes and headers to a call that can be sent.

use crate::book::Book;
use crate::gateway::caller::Caller;
use crate::gateway::config::Node;
use crate::gateway::refusal::Refusal;
use crate::gateway::target::{Ask, Target};
use crate::wire::body::Body;
use crate::wire::vendors::Endpoint;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::value::to_raw_value;
use serde_json::{Map, Value};
use std::time::Duration;

/// How long a body may take to arrive.
const BODY_PATIENCE: Duration = Duration::from_secs(120);
/// What of an oversized body is read and thrown away, and for how long.
const DRAINED: usize = 256 << 20;
const DRAIN_PATIENCE: Duration = Duration::from_secs(10);
/// How long a provider may take where the caller sets no time.
const PATIENCE: Duration = Duration::from_secs(600);

/// A call ready to go upstream.
#[derive(Debug)]
pub struct Call {
    /// As it goes upstream.
    pub body: Bytes,
    pub target: Target,
    pub stream: bool,
    /// Usage was asked for on the caller's behalf: what that adds is taken out again.
    pub usage_added: bool,
    pub patience: Duration,
    /// JSON path of the target in the config.
    pub path: String,
    pub saved_config: Option<(String, String)>,
}

/// The part of a request that decides, read before the target is chosen.
#[derive(Debug)]
pub struct Wish {
    pub body: Body,
    pub node: Option<Node>,
    pub model: Option<String>,
    /// `user` of the body.
    pub user: Option<String>,
    pub stream: bool,
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

/// Checks the content type and reads what the route is chosen by.
///
/// # Errors
/// 400 with what is wrong.
pub fn wish(parts: &Parts, bytes: &Bytes, caller: &Caller, book: &Book) -> Result<Wish, Refusal> {
    allowed(parts)?;
    followed(parts)?;
    let mut body = Body::parse(bytes).map_err(|error| Refusal::invalid(error.to_string()))?;
    let default = caller.key.config.as_deref();
    let node = Node::of(&parts.headers, default, &caller.key.workspace, book)?;
    for (name, value) in node.iter().flat_map(|node| &node.override_params) {
        if let Ok(raw) = to_raw_value(value) {
            body.set(name, raw);
        }
    }
    typed(&body)?;
    Ok(Wish {
        model: body.text("model").map(Into::into),
        user: body.text("user").map(Into::into),
        stream: body.flag("stream") == Some(true),
        body,
        node,
    })
}

/// Chooses the target and makes the body that goes there.
///
/// # Errors
/// 400 where no target can be chosen.
pub fn call(wish: Wish, endpoint: Endpoint, parts: &Parts, caller: &Caller, book: &Book) -> Result<Call, Refusal> {
    let Wish { mut body, node, model, stream, .. } = wish;
    let ask = Ask { headers: &parts.headers, caller, book, node: node.as_ref(), model: model.as_deref() };
    let target = Target::of(ask)?;
    if target.model != model
        && let Some(model) = &target.model
    {
        body.set_text("model", model);
    }
    let usage_added = stream && matches!(endpoint, Endpoint::Chat | Endpoint::Complete) && ask_usage(&mut body);
    target.provider.vendor.prepare(&mut body);
    let own = parts.headers.get("x-portkey-request-timeout").and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let millis = own.or_else(|| node.as_ref().and_then(|node| node.request_timeout)).filter(|millis| *millis > 0);
    Ok(Call {
        body: body.bytes(),
        target,
        stream,
        usage_added,
        patience: millis.map_or(PATIENCE, |millis: u64| Duration::from_millis(millis).min(PATIENCE)),
        path: node.as_ref().map_or_else(|| "config".into(), |node| node.path.clone()),
        saved_config: node.and_then(|node| node.saved),
    })
}

fn allowed(parts: &Parts) -> Result<(), Refusal> {
    let Some(value) = parts.headers.get(CONTENT_TYPE) else { return Ok(()) };
    let kind = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind == "application/json" {
        return Ok(());
    }
    if kind == "multipart/form-data" || kind.starts_with("audio/") {
        return Err(Refusal::invalid("This endpoint takes a JSON body. Send content-type: application/json."));
    }
    Err(Refusal { param: Some("content-type".into()), ..Refusal::invalid("Invalid content type passed") })
}

/// Headers that would change where a call goes, and that this version does not follow: better refused than ignored.
fn followed(parts: &Parts) -> Result<(), Refusal> {
    for name in ["x-portkey-custom-host", "x-portkey-forward-headers"] {
        if parts.headers.contains_key(name) {
            let message = format!("{name} is not followed by this version of the gateway. Leave it out.");
            let refusal = Refusal { code: Some("header_not_supported"), ..Refusal::invalid(message) };
            return Err(Refusal { param: Some(name.to_owned()), ..refusal });
        }
    }
    Ok(())
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

/// Asks for usage in the stream. Whether it had to be added.
fn ask_usage(body: &mut Body) -> bool {
    let mut options = body.read::<Map<String, Value>>("stream_options").unwrap_or_default();
    if options.get("include_usage") == Some(&Value::Bool(true)) {
        return false;
    }
    options.insert("include_usage".into(), true.into());
    to_raw_value(&options).is_ok_and(|raw| {
        body.set("stream_options", raw);
        true
    })
}
