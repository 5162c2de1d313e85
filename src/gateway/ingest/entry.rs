//! One entry of `POST /v1/logs`, checked: `{request, response, metadata}`.

use crate::gateway::form::{self, Fields, Mistakes};
use crate::wire::chat::assemble;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Longest address, provider and span name, in characters.
const URL: usize = 2_048;
const NAME: usize = 256;
/// Headers of one message.
const HEADERS: usize = 200;
/// A day: no call takes longer.
const LONGEST_MS: f64 = 86_400_000.0;

/// A call that was made elsewhere.
#[derive(Debug)]
pub(super) struct Entry<'b> {
    /// Without its query, which may carry a key.
    pub url: String,
    pub method: String,
    /// A vendor's name or a provider's slug; may be empty.
    pub provider: String,
    pub request_headers: HeaderMap,
    pub request_body: &'b RawValue,
    pub status: u16,
    pub response_headers: HeaderMap,
    pub response_body: &'b RawValue,
    pub took_us: u64,
    pub stream: bool,
    pub trace: Option<String>,
    pub span: Option<String>,
    pub parent: Option<String>,
    pub name: Option<String>,
    /// The rest of the metadata, as text.
    pub metadata: Map<String, Value>,
}

/// Where a part of an entry stands, and what is wrong with it.
struct Reader<'m> {
    at: String,
    mistakes: &'m mut Mistakes,
}

impl<'b> Entry<'b> {
    /// Reads an entry. What is wrong stands in `mistakes`, each by its path below `at`.
    pub(super) fn read(fields: &Fields<'b>, at: &str, mistakes: &mut Mistakes) -> Option<Self> {
        let mut reader = Reader { at: format!("{at}request"), mistakes };
        let request = reader.part(fields.get("request").copied());
        let url = reader.needed(&request, "url", url);
        let request_body = reader.body(&request);
        let method = reader.one(&request, "method", method);
        let provider = reader.one(&request, "provider", name);
        let request_headers = reader.one(&request, "headers", headers).unwrap_or_default();
        reader.at = format!("{at}response");
        let response = reader.part(fields.get("response").copied());
        let response_body = reader.body(&response);
        let status = reader.one(&response, "status", status).unwrap_or(200);
        let response_headers = reader.one(&response, "headers", headers).unwrap_or_default();
        let took_us = reader.one(&response, "response_time", micros).unwrap_or(0);
        let stream = reader.one(&response, "streaming_mode", flag).unwrap_or(false);
        reader.at = format!("{at}metadata");
        let (ids, metadata) = reader.metadata(fields.get("metadata").copied());
        let trace = reader.one(&ids, "trace_id", form::id);
        let span = reader.one(&ids, "span_id", form::id);
        let parent = reader.one(&ids, "parent_span_id", form::id);
        let name = reader.one(&ids, "span_name", name);
        Some(Self {
            url: url?,
            method: method.unwrap_or_else(|| "POST".into()),
            provider: provider.unwrap_or_default(),
            request_headers,
            request_body: request_body?,
            status,
            response_headers,
            response_body: response_body?,
            took_us,
            stream,
            trace,
            span,
            parent,
            name,
            metadata,
        })
    }

    /// The answer as it is kept: of a stream its text, else the JSON.
    pub(super) fn answer_bytes(&self) -> Bytes {
        match form::text(self.response_body).filter(|text| is_events(text)) {
            Some(events) => events.into(),
            None => Bytes::copy_from_slice(self.response_body.get().as_bytes()),
        }
    }

    /// The answer as one object; a stream's events are put together.
    pub(super) fn whole_answer(&self) -> Bytes {
        let bytes = self.answer_bytes();
        match is_events(&String::from_utf8_lossy(&bytes)).then(|| assemble(&bytes)).flatten() {
            Some(whole) => whole.to_string().into(),
            None => bytes,
        }
    }
}

impl Reader<'_> {
    fn wrong(&mut self, name: &str, allowed: &str) {
        let dot = if name.is_empty() { "" } else { "." };
        self.mistakes.add(&format!("{}{dot}{name}", self.at), allowed);
    }

    fn part<'b>(&mut self, raw: Option<&'b RawValue>) -> Fields<'b> {
        let part = raw.and_then(|raw| form::fields(raw.get())).filter(|part| !part.is_empty());
        part.unwrap_or_else(|| {
            self.wrong("", "an object that has a body");
            Fields::new()
        })
    }

    fn one<T>(
        &mut self,
        part: &Fields<'_>,
        name: &str,
        read: impl FnOnce(&RawValue) -> Result<T, &'static str>,
    ) -> Option<T> {
        let read = part.get(name).map(|raw| read(raw))?;
        read.map_err(|allowed| self.wrong(name, allowed)).ok()
    }

    fn needed<T>(
        &mut self,
        part: &Fields<'_>,
        name: &str,
        read: impl FnOnce(&RawValue) -> Result<T, &'static str>,
    ) -> Option<T> {
        if !part.is_empty() && !part.contains_key(name) {
            self.wrong(name, "given");
        }
        self.one(part, name, read)
    }

    fn body<'b>(&mut self, part: &Fields<'b>) -> Option<&'b RawValue> {
        let body = part.get("body").copied();
        if body.is_none() && !part.is_empty() {
            self.wrong("body", "given: an object, or text");
        }
        body
    }

    /// The ids of the span, in either spelling, and the rest.
    fn metadata<'b>(&mut self, raw: Option<&'b RawValue>) -> (Fields<'b>, Map<String, Value>) {
        let Some(raw) = raw else { return (Fields::new(), Map::new()) };
        let Some(ids) = form::fields(raw.get()) else {
            self.wrong("", "an object");
            return (Fields::new(), Map::new());
        };
        let mut rest = form::metadata(raw).unwrap_or_else(|allowed| {
            self.wrong("", allowed);
            Map::new()
        });
        rest.retain(|name, _| !matches!(&*form::folded(name), "trace_id" | "span_id" | "parent_span_id" | "span_name"));
        (ids, rest)
    }
}

fn is_events(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with("data:") || text.starts_with("event:")
}

fn url(raw: &RawValue) -> Result<String, &'static str> {
    let allowed = "an address of 1 to 2,048 characters";
    let fits = |url: &String| !url.is_empty() && url.chars().count() <= URL && !url.chars().any(char::is_control);
    let url = form::text(raw).filter(fits).ok_or(allowed)?;
    let plain = url.split(['?', '#']).next().unwrap_or_default();
    Ok(match url::Url::parse(plain) {
        // The name and password of an address are no more for logs than its query.
        Ok(mut parsed) if !parsed.username().is_empty() || parsed.password().is_some() => {
            let _ = parsed.set_username("");
            let _ = parsed.set_password(None);
            parsed.to_string()
        }
        _ => plain.to_owned(),
    })
}

fn method(raw: &RawValue) -> Result<String, &'static str> {
    let word = form::text(raw).map(|word| word.to_ascii_uppercase());
    let known = word.filter(|word| word.len() <= 16 && word.parse::<Method>().is_ok());
    known.ok_or("an HTTP method, such as POST")
}

fn name(raw: &RawValue) -> Result<String, &'static str> {
    let fits = |name: &String| name.chars().count() <= NAME && !name.chars().any(char::is_control);
    form::text(raw).filter(fits).ok_or("text of at most 256 characters")
}

fn status(raw: &RawValue) -> Result<u16, &'static str> {
    let status: Option<u16> = serde_json::from_str(raw.get()).ok();
    status.filter(|status| (100..=599).contains(status)).ok_or("a whole number from 100 to 599")
}

fn micros(raw: &RawValue) -> Result<u64, &'static str> {
    let allowed = "milliseconds from 0 to 86,400,000";
    let millis: f64 = serde_json::from_str(raw.get()).map_err(|_| allowed)?;
    if !(0.0..=LONGEST_MS).contains(&millis) {
        return Err(allowed);
    }
    format!("{millis:.3}").replace('.', "").parse().map_err(|_| allowed)
}

fn flag(raw: &RawValue) -> Result<bool, &'static str> {
    match raw.get() {
        "true" | "1" | "\"true\"" => Ok(true),
        "false" | "0" | "\"false\"" => Ok(false),
        _ => Err("true or false"),
    }
}

fn headers(raw: &RawValue) -> Result<HeaderMap, &'static str> {
    let allowed = "an object of at most 200 header names and texts";
    let given: BTreeMap<String, Value> = serde_json::from_str(raw.get()).map_err(|_| allowed)?;
    if given.len() > HEADERS {
        return Err(allowed);
    }
    let mut headers = HeaderMap::with_capacity(given.len());
    for (name, value) in given {
        let value = match value {
            Value::Null => continue,
            Value::String(text) => text,
            other => other.to_string(),
        };
        let name = HeaderName::try_from(name).map_err(|_| allowed)?;
        headers.append(name, HeaderValue::try_from(value).map_err(|_| allowed)?);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::Entry;
    use crate::gateway::form::{Mistakes, fields};

    fn read(json: &str) -> Result<Entry<'_>, String> {
        let mut mistakes = Mistakes::default();
        let entry = Entry::read(&fields(json).expect("an object"), "", &mut mistakes);
        mistakes.none().map_err(|refusal| refusal.message)?;
        entry.ok_or_else(|| "nothing".into())
    }

    #[test]
    fn both_spellings_are_read() {
        for json in [
            r#"{"request":{"url":"https://u:p@h/x?key=s","body":1},"response":{"body":"a","response_time":1.5,"streamingMode":true},
                "metadata":{"trace_id":"t","span_id":"s","parent_span_id":"p","span_name":"n","env":"prod"}}"#,
            r#"{"request":{"url":"https://h/x#f","body":1},"response":{"body":"a","responseTime":1.5,"streaming_mode":1},
                "metadata":{"traceId":"t","spanId":"s","parentSpanId":"p","spanName":"n","env":"prod"}}"#,
        ] {
            let entry = read(json).expect("an entry");
            assert_eq!((entry.url.as_str(), entry.method.as_str(), entry.status), ("https://h/x", "POST", 200));
            assert_eq!((entry.took_us, entry.stream), (1500, true));
            let ids = [entry.trace, entry.span, entry.parent, entry.name].map(Option::unwrap);
            assert_eq!(ids, ["t", "s", "p", "n"]);
            assert_eq!(entry.metadata.into_iter().collect::<Vec<_>>(), [("env".to_owned(), "prod".into())]);
        }
    }

    #[test]
    fn every_mistake_is_named_by_its_path() {
        let json = r#"{"request":{"url":"","method":"B AD","headers":{"a b":"c"}},
            "response":{"body":{},"status":99,"response_time":-1,"streaming_mode":"yes"},"metadata":{"trace_id":7,"a":[]}}"#;
        let message = read(json).unwrap_err();
        for path in [
            "request.url must be",
            "request.body must be",
            "request.method must be",
            "request.headers must be",
            "response.status must be",
            "response.response_time must be",
            "response.streaming_mode must be",
            "metadata must be",
            "metadata.trace_id must be",
        ] {
            assert!(message.contains(path), "{path}: {message}");
        }
        let message = read(r#"{"request":{},"metadata":[]}"#).unwrap_err();
        assert_eq!(
            message,
            "request must be an object that has a body. response must be an object that has a body. metadata must be an object."
        );
    }

    #[test]
    fn the_events_of_a_stream_are_counted_as_one_answer() {
        let events = r#"data: {\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1,\"total_tokens\":4}}\n\ndata: [DONE]\n\n"#;
        let json = format!(r#"{{"request":{{"url":"u","body":{{}}}},"response":{{"body":"{events}"}}}}"#);
        let entry = read(&json).expect("an entry");
        assert!(entry.answer_bytes().starts_with(b"data: {"));
        let usage = crate::wire::openai::read_answer(&entry.whole_answer()).usage.expect("usage");
        assert_eq!((usage.input, usage.output), (3, 1));
    }
}
