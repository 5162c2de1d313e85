//! Where a call stands in its trace: Portkey's headers first, then W3C `traceparent`.

use crate::gateway::names;
use http::{HeaderMap, HeaderName};
use rand::Rng;
use std::sync::{Arc, OnceLock};

/// Longest trace or span id that is taken from a header.
const LONGEST: usize = 256;

/// The ids of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// `None`: none is given, so that the call is its own trace.
    pub trace: Option<String>,
    /// The call's id, once it has one. All clones share it.
    call: Arc<OnceLock<String>>,
    pub span: String,
    pub parent: Option<String>,
    /// Empty: the endpoint's name is used.
    pub name: String,
}

impl Trace {
    /// Reads `x-portkey-trace-id`, `-span-id`, `-parent-span-id`, `-span-name` and `traceparent`. What is unusable is not
    /// given, and a span is made.
    pub fn of(headers: &HeaderMap) -> Self {
        let text = |name: &HeaderName| {
            let value = headers.get(name)?.to_str().ok()?.trim();
            (!value.is_empty() && value.len() <= LONGEST).then(|| value.to_owned())
        };
        let parent = headers.get(&names::TRACEPARENT).and_then(|value| value.to_str().ok()).and_then(parent);
        let (above, span) = parent.unzip();
        Self {
            trace: text(&names::TRACE_ID).or(above),
            call: Arc::default(),
            span: text(&names::SPAN_ID).unwrap_or_else(hex::<8>),
            parent: text(&names::PARENT_SPAN_ID).or(span),
            name: text(&names::SPAN_NAME).unwrap_or_default(),
        }
    }

    /// The trace of the call with this id.
    pub fn of_call(&self, id: &str) -> String {
        self.call.get_or_init(|| id.to_owned());
        self.trace.as_deref().unwrap_or(id).to_owned()
    }

    /// What the answer tells: where there was no call, an id that nothing else has.
    pub fn told(&self) -> String {
        let known = self.trace.as_ref().or_else(|| self.call.get());
        known.cloned().unwrap_or_else(|| uuid::Uuid::now_v7().to_string())
    }
}

/// Trace id and parent span id of a `traceparent`, such as `00-<32 hex>-<16 hex>-01`.
fn parent(value: &str) -> Option<(String, String)> {
    let mut fields = value.trim().split('-');
    let (version, trace, span) = (fields.next()?, fields.next()?, fields.next()?);
    fields.next()?;
    let hex = |field: &str, length: usize| {
        field.len() == length
            && field.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
            && field.bytes().any(|byte| byte != b'0')
    };
    (version.len() == 2 && version != "ff" && hex(trace, 32) && hex(span, 16)).then(|| (trace.into(), span.into()))
}

fn hex<const N: usize>() -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let bytes: [u8; N] = {
        let mut bytes = [0; N];
        rand::rng().fill(&mut bytes[..]);
        bytes
    };
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

#[cfg(test)]
mod tests {
    use super::Trace;
    use http::{HeaderMap, HeaderName, HeaderValue};

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn of(rows: &[(&str, &str)]) -> Trace {
        let rows = rows.iter().map(|(name, value)| {
            (HeaderName::try_from(*name).expect("a name"), HeaderValue::from_str(value).expect("a value"))
        });
        Trace::of(&rows.collect::<HeaderMap>())
    }

    #[test]
    fn own_headers_win_over_traceparent() {
        let trace = of(&[("traceparent", PARENT), ("x-portkey-trace-id", "mine"), ("x-portkey-span-name", "step")]);
        assert_eq!((trace.trace.as_deref(), trace.parent.as_deref()), (Some("mine"), Some("00f067aa0ba902b7")));
        assert_eq!(trace.name, "step");
    }

    #[test]
    fn traceparent_gives_trace_and_parent_and_a_new_span() {
        let trace = of(&[("traceparent", PARENT)]);
        assert_eq!(trace.trace.as_deref(), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
        assert_ne!(trace.span, "00f067aa0ba902b7");
    }

    #[test]
    fn what_is_unusable_is_not_taken() {
        for bad in ["", "00-xyz-1-01", "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "garbage"] {
            let trace = of(&[("traceparent", bad), ("x-portkey-trace-id", "")]);
            assert_eq!((trace.trace, trace.span.len(), trace.parent), (None, 16, None), "{bad}");
        }
    }
}
