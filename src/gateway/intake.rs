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
use std::error::Error;
use std::time::Duration;

/// How long a body may take to arrive.
const BODY_PATIENCE: Duration = Duration::from_secs(120);
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

/// Reads a body of at most `limit` bytes.
///
/// # Errors
/// 413 over the limit, 408 where it does not arrive, 400 where it breaks off.
pub async fn bytes(parts: &Parts, body: axum::body::Body, limit: usize) -> Result<Bytes, Refusal> {
    let announced = parts.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| usize::try_from(length).map_or(true, |length| length > limit)) {
        return Err(Refusal::too_large(limit));
    }
    let collected = tokio::time::timeout(BODY_PATIENCE, Limited::new(body, limit).collect()).await;
    let millis = u64::try_from(BODY_PATIENCE.as_millis()).unwrap_or(u64::MAX);
    let whole = collected.map_err(|_| Refusal::timeout(millis))?.map_err(|error| broken(&*error, limit))?;
    Ok(whole.to_bytes())
}

/// Checks the content type and reads what the route is chosen by.
///
/// # Errors
/// 400 with what is wrong.
pub fn wish(parts: &Parts, bytes: &Bytes, caller: &Caller, book: &Book) -> Result<Wish, Refusal> {
    allowed(parts)?;
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

fn broken(error: &(dyn Error + 'static), limit: usize) -> Refusal {
    if error.is::<LengthLimitError>() {
        return Refusal::too_large(limit);
    }
    Refusal::invalid("The request body broke off before its end. Send it again.")
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
