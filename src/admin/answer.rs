//! What the admin API says, well or not.

use crate::gateway::refusal::Refusal;
use app::failure::Failure;
use app::model::routing::Mistake;
use axum::body::Body;
use axum::response::Response;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

pub type Told = Result<Value, Refused>;

/// Why not, in the contract's envelope (§5) and in the OpenAI SDK's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub status: StatusCode,
    /// `AB01` and so on.
    pub code: &'static str,
    pub message: String,
    /// The field that is meant.
    pub field: Option<String>,
    pub mistakes: Vec<Mistake>,
}

impl Refused {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), field: None, mistakes: Vec::new() }
    }

    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "AB01", message)
    }

    /// A field is wrong or missing.
    pub fn field(name: &str, message: impl Into<String>) -> Self {
        Self { field: Some(name.to_owned()), ..Self::invalid(format!("{name}: {}", message.into())) }
    }

    /// A feature that does not exist yet, so that it is not dropped in silence.
    pub fn later(name: &str) -> Self {
        let text = "This version of the gateway does not have this yet, and does not drop it in silence. Leave it out.";
        Self::field(name, text)
    }

    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "AB03", message)
    }

    pub fn missing(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "AB08", message)
    }

    pub fn taken(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "AB07", message)
    }

    pub fn body(&self) -> Value {
        let kind = if self.status == StatusCode::FORBIDDEN { "permission_error" } else { "invalid_request_error" };
        let mut body = json!({
            "success": false,
            "data": { "message": self.message, "errorCode": self.code },
            "status": "failure",
            "message": self.message,
            "error": { "message": self.message, "type": kind, "param": self.field, "code": self.code },
        });
        if !self.mistakes.is_empty() {
            let told = |mistake: &Mistake| format!("path: {}, message: {}", mistake.path, mistake.message);
            body["errors"] = self.mistakes.iter().map(told).collect();
        }
        body
    }

    pub fn response(&self) -> Response {
        let mut response = told(&self.body());
        *response.status_mut() = self.status;
        response
    }
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        let message = failure.to_string();
        match failure {
            Failure::SignedOut => Self::new(StatusCode::UNAUTHORIZED, "AB05", message),
            Failure::Forbidden => Self::forbidden(message),
            Failure::Missing(_) => Self::missing(message),
            Failure::Refused(fields) => {
                let field = fields.into_iter().map(|(name, _)| name).find(|name| !name.is_empty());
                let message = field.as_ref().map_or(message.clone(), |name| format!("{name}: {message}"));
                Self { field, ..Self::invalid(message) }
            }
            Failure::Invalid(mistakes) => {
                let field = Some("config".to_owned());
                Self { field, mistakes, ..Self::invalid("Invalid config passed") }
            }
            Failure::Broken(_) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "AB04", message),
        }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal.status {
            StatusCode::UNAUTHORIZED => "AB05",
            StatusCode::FORBIDDEN => "AB03",
            _ => "AB01",
        };
        Self { field: refusal.param, ..Self::new(refusal.status, code, refusal.message) }
    }
}

/// A JSON answer.
pub fn told(answer: &Value) -> Response {
    let mut response = Response::new(Body::from(answer.to_string()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A list's envelope: both of the contract's shapes.
pub fn list(total: usize, data: Vec<Value>) -> Value {
    json!({ "object": "list", "success": true, "total": total, "data": data })
}

/// Milliseconds as ISO 8601.
pub fn iso(millis: i64) -> Value {
    Timestamp::from_millisecond(millis).map_or(Value::Null, |at| format!("{at:.3}").into())
}
