//! Why the gateway itself says no, rendered once, here.
//!
//! Every body carries the contract's `status` and `message` and the `error` object, so that the OpenAI and the Portkey
//! SDKs both read it.

use crate::book::ProviderEntry;
use crate::gateway::logs::LogsRefusal;
use app::model::routing::Mistake;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use serde_json::json;
use std::sync::Arc;

/// Set where the gateway itself failed: it stops fallbacks and the SDKs' own retries.
pub const GATEWAY_EXCEPTION: HeaderName = HeaderName::from_static("x-portkey-gateway-exception");

/// The field that tells of a rate limit of ours.
pub const RATE_LIMIT: &str = "rate_limit";

/// An answer that the gateway gives in place of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: StatusCode,
    pub message: String,
    /// `error.type`.
    pub kind: &'static str,
    /// `error.code`.
    pub code: Option<&'static str>,
    /// `error.param`: the header, field or scope that is meant.
    pub param: Option<String>,
    /// The gateway's own failure, not the caller's.
    pub exception: bool,
    /// Seconds to wait.
    pub retry_after: Option<u32>,
    /// Every mistake, where there may be several.
    pub errors: Box<[String]>,
    pub details: Option<Box<Details>>,
}

/// What else an answer tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    /// Of the field of the body.
    pub name: &'static str,
    pub value: serde_json::Value,
    pub headers: HeaderMap,
}

impl Refusal {
    fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            kind,
            code: None,
            param: None,
            exception: false,
            retry_after: None,
            errors: Box::default(),
            details: None,
        }
    }

    /// 400: the caller can mend it.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", message)
    }

    /// 400: the config is wrong, in the contract's words and with every mistake (§5).
    pub fn config(mistakes: &[Mistake]) -> Self {
        let errors = mistakes.iter().map(|mistake| format!("path: {}, message: {}", mistake.path, mistake.message));
        let first = mistakes.first().map(|mistake| mistake.path.clone());
        let refusal = Self::invalid("Invalid config passed");
        Self { code: Some("invalid_config"), param: first, errors: errors.collect(), ..refusal }
    }

    /// 400: a feature that the config asks for does not exist here yet, so the call is not made without it.
    pub fn lacking(path: &str, key: &str) -> Self {
        let message = format!(
            "{path}.{key} asks for a feature that this version of the gateway does not have. \
             The call was not made without it: take {key} out of the config, or use another target."
        );
        Self { code: Some("feature_not_supported"), param: Some(key.to_owned()), ..Self::invalid(message) }
    }

    /// 401 (contract §5).
    pub fn unknown_key() -> Self {
        let message = "Portkey Error: Invalid API Key. Error Code: 03";
        Self { code: Some("invalid_api_key"), ..Self::new(StatusCode::UNAUTHORIZED, "invalid_request_error", message) }
    }

    /// 401: the key, or a secret of before its rotation, was good until `end` (milliseconds).
    pub fn expired_key(end: i64, past: bool) -> Self {
        let end = jiff::Timestamp::from_millisecond(end).map_or_else(|_| "before".into(), |end| format!("{end:.0}"));
        let why = match past {
            true => format!("The key has a new secret, and this one ended at {end}. Call with the new one."),
            false => format!("The key expired at {end}. Give it a later date on the API keys page, or use another."),
        };
        let refusal = Self::unknown_key();
        Self { message: format!("{}. {why}", refusal.message), ..refusal }
    }

    /// 403: the key may not call this; `allowed` says what it may.
    pub fn not_allowed(code: &'static str, what: &str, allowed: &str) -> Self {
        let message =
            format!("This key may not call {what}. It may call {allowed}. Call one of these, or use another key.");
        let refusal = Self::new(StatusCode::FORBIDDEN, "permission_error", message);
        Self { code: Some(code), param: Some(what.to_owned()), ..refusal }
    }

    /// 403: the key lacks a scope.
    pub fn scope(wanted: &str) -> Self {
        let message = format!(
            "You do not have enough permissions to execute this request. \
             This key lacks the scope {wanted}; make a key that has it."
        );
        let refusal = Self::new(StatusCode::FORBIDDEN, "permission_error", message);
        Self { code: Some("AB03"), param: Some(wanted.to_owned()), ..refusal }
    }

    /// 400: nothing stands behind `@slug`.
    pub fn unknown_provider(slug: &str, known: &[Arc<ProviderEntry>]) -> Self {
        let known = known.iter().map(|provider| format!("@{}", provider.slug)).collect::<Vec<_>>().join(", ");
        let message = format!(
            "Invalid provider slug: @{slug} is not connected in this workspace. Known: {known}. \
             Connect it on the Providers page, or call one of these."
        );
        Self { code: Some("provider_not_found"), param: Some(slug.to_owned()), ..Self::invalid(message) }
    }

    /// 400: the model is switched off for this provider (contract §5).
    pub fn switched_off(slug: &str, model: &str) -> Self {
        let message = format!(
            "Model not allowed: @{slug}/{model} is switched off in this workspace. Call another model, or have it \
             switched on on the Models page."
        );
        Self { code: Some("model_not_allowed"), param: Some("model".into()), ..Self::invalid(message) }
    }

    /// 408 (contract §5).
    pub fn timeout(millis: u64) -> Self {
        let message = format!("Request exceeded the timeout sent in the request: {millis}ms");
        Self::new(StatusCode::REQUEST_TIMEOUT, "timeout_error", message)
    }

    /// 431: the headers are over the limit, or the address (414).
    pub fn large_head(status: StatusCode, thing: &str, limit: &str) -> Self {
        let message = format!(
            "The {thing} of this request are more than {limit}, this gateway's limit. Send less of them: what is long \
             belongs into the body, or into a saved config."
        );
        Self { code: Some("head_too_large"), ..Self::new(status, "invalid_request_error", message) }
    }

    /// 413: the body is over the limit.
    pub fn too_large(limit: usize) -> Self {
        let message = format!(
            "The request body is larger than {limit} bytes, this gateway's limit. \
             Send less, or raise body_limit in its settings."
        );
        Self {
            code: Some("body_too_large"),
            ..Self::new(StatusCode::PAYLOAD_TOO_LARGE, "invalid_request_error", message)
        }
    }

    /// 502: the provider gave no usable answer.
    pub fn upstream(message: impl Into<String>) -> Self {
        Self { code: Some("upstream_error"), ..Self::new(StatusCode::BAD_GATEWAY, "upstream_error", message) }
    }

    /// 503: what happened cannot be written down, so nothing is promised.
    pub fn journal() -> Self {
        let message = crate::journal::Stopped.to_string();
        let refusal = Self::new(StatusCode::SERVICE_UNAVAILABLE, "gateway_error", message);
        Self { code: Some("journal_unavailable"), exception: true, retry_after: Some(1), ..refusal }
    }

    /// 404 (contract §5).
    pub fn unknown_route() -> Self {
        Self { code: Some("not_found"), ..Self::new(StatusCode::NOT_FOUND, "invalid_request_error", "Not Found") }
    }

    /// 500 (contract §5): a defect of the gateway.
    pub fn defect() -> Self {
        let refusal = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "gateway_error", "Something went wrong");
        Self { exception: true, ..refusal }
    }

    /// Milliseconds until the rate limit of ours that said no lets a call through.
    pub fn opens_in(&self) -> Option<u64> {
        let details = self.details.as_deref().filter(|details| details.name == RATE_LIMIT)?;
        details.value["retry_after_ms"].as_u64()
    }

    /// The JSON body.
    pub fn body(&self) -> serde_json::Value {
        let mut body = json!({
            "status": "failure",
            "message": self.message,
            "error": { "message": self.message, "type": self.kind, "param": self.param, "code": self.code },
        });
        if !self.errors.is_empty() {
            body["errors"] = json!(self.errors);
        }
        if let Some(Details { name, value, .. }) = self.details.as_deref() {
            body[*name] = value.clone();
        }
        if self.status == StatusCode::NOT_FOUND && self.code == Some("not_found") {
            body["ok"] = false.into();
        }
        body
    }

    /// The whole answer.
    pub fn response<B: From<String>>(&self) -> Response<B> {
        let mut response = Response::new(B::from(self.body().to_string()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        if let Some(details) = &self.details {
            headers.extend(details.headers.clone());
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if self.exception {
            headers.insert(GATEWAY_EXCEPTION, HeaderValue::from_static("true"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<LogsRefusal> for Refusal {
    fn from(refused: LogsRefusal) -> Self {
        let message = refused.to_string();
        match refused {
            LogsRefusal::Parameter { name, .. } | LogsRefusal::Unknown(name) => {
                Self { param: Some(name), ..Self::invalid(message) }
            }
            LogsRefusal::Missing(_) => {
                Self { status: StatusCode::NOT_FOUND, code: Some("AB08"), ..Self::invalid(message) }
            }
            LogsRefusal::Store(error) => {
                tracing::error!(%error, "the journal cannot be read");
                Self { message, ..Self::defect() }
            }
        }
    }
}
