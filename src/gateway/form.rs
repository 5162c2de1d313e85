//! Requests that no provider sees: JSON in, JSON out.

use crate::gateway::caller::Caller;
use crate::gateway::intake;
use crate::gateway::logs::query::snake;
use crate::gateway::refusal::Refusal;
use crate::gateway::trace::Trace;
use crate::house::Shared;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Objects that one request may carry.
pub const MOST: usize = 1_000;
/// Mistakes that one refusal names.
const NAMED: usize = 20;
/// Longest metadata, in bytes of JSON, and most pairs in it.
const METADATA: usize = 16 << 10;
const PAIRS: usize = 64;
/// Longest id of a trace or span, in characters.
const ID: usize = 256;

/// A request of a known key, its body read.
pub struct Form {
    pub caller: Caller,
    pub parts: Parts,
    pub trace: Trace,
    pub bytes: Bytes,
}

/// The fields of an object by their names, in whichever spelling they came.
pub type Fields<'b> = BTreeMap<String, &'b RawValue>;

/// Everything that is wrong with a request, so that it is mended in one go.
#[derive(Debug, Default)]
pub struct Mistakes {
    named: Vec<String>,
    others: usize,
}

impl Form {
    /// Reads a request whose key carries each of `scopes`.
    ///
    /// # Errors
    /// 401, 403, and what the body was refused for.
    pub async fn read(house: &Shared, request: Request, scopes: &[&str]) -> Result<Self, Refusal> {
        let (mut parts, body) = request.into_parts();
        let caller = Caller::of(&parts.headers, &house.shelf.book(), house.clock.now())?;
        scopes.iter().try_for_each(|scope| caller.must(&[*scope]))?;
        let trace = parts.extensions.remove::<Trace>().unwrap_or_else(|| Trace::of(&parts.headers));
        let bytes = intake::bytes(&parts, body, house.settings.body_limit).await?;
        Ok(Self { caller, parts, trace, bytes })
    }

    /// The body's one object.
    ///
    /// # Errors
    /// 400 for anything else.
    pub fn object(&self) -> Result<Fields<'_>, Refusal> {
        let text = self.text()?;
        fields(text).ok_or_else(|| Refusal::invalid("The body must be one JSON object."))
    }

    /// The body's objects: one, or an array of them.
    ///
    /// # Errors
    /// 400 for anything else, and for more than [`MOST`].
    pub fn objects(&self) -> Result<Vec<Fields<'_>>, Refusal> {
        let text = self.text()?;
        if !text.starts_with('[') {
            return Ok(vec![self.object()?]);
        }
        let shape = || Refusal::invalid("The body must be a JSON object, or an array of objects.");
        let raws: Vec<&RawValue> = serde_json::from_str(text).map_err(|_| shape())?;
        if raws.is_empty() || raws.len() > MOST {
            return Err(Refusal::invalid(format!("Send 1 to {MOST} objects at a time, not {}.", raws.len())));
        }
        raws.into_iter().map(|raw| fields(raw.get()).ok_or_else(shape)).collect()
    }

    fn text(&self) -> Result<&str, Refusal> {
        let text = std::str::from_utf8(&self.bytes).map_err(|_| Refusal::invalid("The body must be UTF-8."))?;
        match serde_json::from_str::<&RawValue>(text) {
            Ok(_) => Ok(text.trim()),
            Err(error) => Err(Refusal::invalid(format!("The body is not JSON: {error}."))),
        }
    }
}

impl Mistakes {
    /// Notes that what stands at `path` must be `allowed`.
    pub fn add(&mut self, path: &str, allowed: &str) {
        if self.named.len() < NAMED {
            self.named.push(format!("{path} must be {allowed}."));
        } else {
            self.others += 1;
        }
    }

    /// # Errors
    /// 400 that names the mistakes, where there are any.
    pub fn none(self) -> Result<(), Refusal> {
        if self.named.is_empty() {
            return Ok(());
        }
        let mut message = self.named.join(" ");
        if self.others > 0 {
            message.push_str(&format!(" There are {} more mistakes.", self.others));
        }
        Err(Refusal { code: Some("AB01"), ..Refusal::invalid(message) })
    }
}

/// The fields of an object, their names in snake_case; a field that is `null` counts as absent.
pub fn fields(text: &str) -> Option<Fields<'_>> {
    let all: Fields<'_> = serde_json::from_str(text).ok()?;
    let given = all.into_iter().filter(|(_, raw)| raw.get() != "null");
    Some(given.map(|(name, raw)| (snake(&name).into_owned(), raw)).collect())
}

/// A name in snake_case.
pub fn folded(name: &str) -> std::borrow::Cow<'_, str> {
    snake(name)
}

/// The text that a field holds.
pub fn text(raw: &RawValue) -> Option<String> {
    serde_json::from_str(raw.get()).ok()
}

/// An id of a trace or span.
pub fn id(raw: &RawValue) -> Result<String, &'static str> {
    let fits = |id: &String| !id.is_empty() && id.chars().count() <= ID && !id.chars().any(char::is_control);
    text(raw).filter(fits).ok_or("text of 1 to 256 characters")
}

/// Metadata: an object whose values are single. It is kept as text.
pub fn metadata(raw: &RawValue) -> Result<Map<String, Value>, &'static str> {
    let allowed = "an object of at most 64 texts, numbers or truth values, 16 KiB in all";
    let object: Option<Map<String, Value>> =
        (raw.get().len() <= METADATA).then(|| serde_json::from_str(raw.get()).ok()).flatten();
    let object = object.filter(|object| object.len() <= PAIRS).ok_or(allowed)?;
    let mut texts = Map::new();
    for (name, value) in object {
        match value {
            Value::Null => {}
            Value::String(_) => drop(texts.insert(name, value)),
            Value::Bool(_) | Value::Number(_) => drop(texts.insert(name, value.to_string().into())),
            Value::Array(_) | Value::Object(_) => return Err(allowed),
        }
    }
    Ok(texts)
}

/// An answer in JSON.
pub fn answer(told: Result<Value, Refusal>) -> Response {
    match told {
        Ok(value) => {
            let mut response = Response::new(Body::from(value.to_string()));
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response
        }
        Err(refusal) => refusal.response(),
    }
}

/// 404: nothing of that kind has the id.
pub fn missing(kind: &str, id: &str) -> Refusal {
    let shown: String = id.chars().take(64).collect();
    let refusal = Refusal::invalid(format!("No {kind} has the id `{shown}`."));
    Refusal { status: StatusCode::NOT_FOUND, code: Some("AB08"), ..refusal }
}

/// 500: the journal could not be read or written.
pub fn unkept(error: &crate::store::StoreError) -> Refusal {
    tracing::error!(%error, "the journal cannot be used");
    Refusal { message: "The journal could not be used. Try again.".into(), ..Refusal::defect() }
}

#[cfg(test)]
mod tests {
    use super::{Mistakes, fields, id, metadata};
    use serde_json::value::RawValue;

    #[test]
    fn names_are_folded_and_null_is_absent() {
        let found = fields(r#"{"traceID":"t","requestedData":[],"span_id":null}"#).expect("an object");
        assert_eq!(found.keys().collect::<Vec<_>>(), ["requested_data", "trace_id"]);
        assert!(fields("[1]").is_none() && fields(r#""text""#).is_none());
    }

    #[test]
    fn an_id_is_short_text() {
        let long = format!("{:?}", "x".repeat(257));
        for (json, fits) in [(r#""t-1""#, true), (r#""""#, false), ("7", false), (r#""a\nb""#, false), (&long, false)] {
            let raw: &RawValue = serde_json::from_str(json).expect("JSON");
            assert_eq!(id(raw).is_ok(), fits, "{json}");
        }
    }

    #[test]
    fn metadata_is_kept_as_text() {
        let deep = format!(r#"{{"a":{:?}}}"#, "x".repeat(17 << 10));
        for (json, kept) in [
            (r#"{"a":"b","n":1.50,"yes":true,"none":null}"#, Some(r#"{"a":"b","n":"1.5","yes":"true"}"#)),
            (r#"{"a":{}}"#, None),
            (r#"{"a":[1]}"#, None),
            ("[]", None),
            (&deep, None),
        ] {
            let raw: &RawValue = serde_json::from_str(json).expect("JSON");
            assert_eq!(metadata(raw).ok().map(|map| serde_json::Value::Object(map).to_string()).as_deref(), kept);
        }
    }

    #[test]
    fn a_refusal_names_the_first_mistakes_and_counts_the_rest() {
        let mut mistakes = Mistakes::default();
        (0..25).for_each(|at| mistakes.add(&format!("[{at}].value"), "a number"));
        let message = mistakes.none().unwrap_err().message;
        assert!(message.starts_with("[0].value must be a number. [1].value"), "{message}");
        assert!(message.ends_with("There are 5 more mistakes.") && !message.contains("[20]"), "{message}");
        assert!(Mistakes::default().none().is_ok());
    }
}
