//! A JSON object kept as raw fields, so that what we do not decide on passes through as it came.

use bytes::Bytes;
use serde::de::{DeserializeOwned, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::{RawValue, to_raw_value};
use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

/// A request body: fields in the order they came, values byte for byte.
///
/// A key that came twice is passed on twice; reading takes the last, as JSON parsers do, and [`Body::set`] leaves one.
#[derive(Clone, Debug)]
pub struct Body {
    fields: Vec<Field>,
    /// The bytes as received, as long as nothing was changed.
    untouched: Option<Bytes>,
}

/// Why a body is no JSON object. The text is a sentence for the caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    #[error("The body is empty. Send a JSON object.")]
    Empty,
    #[error("The body is not UTF-8: byte {at} is wrong. Send JSON encoded as UTF-8.")]
    NotText { at: usize },
    #[error("The body is not valid JSON: {reason} at line {line}, column {column}.")]
    NotJson { reason: String, line: usize, column: usize },
    #[error("The body is JSON but not an object. Send an object such as {{\"model\": \"…\"}}.")]
    NotObject,
    #[error("The body has more than {MOST_FIELDS} fields. No call has so many: check what builds it.")]
    TooManyFields,
}

#[derive(Clone, Debug)]
struct Field {
    name: Box<str>,
    value: Box<RawValue>,
}

impl Body {
    /// Reads one JSON object and nothing after it. The bytes are shared, not copied, until a field changes.
    pub fn parse(bytes: &Bytes) -> Result<Self, BodyError> {
        let text = std::str::from_utf8(bytes).map_err(|error| BodyError::NotText { at: error.valid_up_to() })?;
        Ok(Self { fields: Self::read_fields(text)?, untouched: Some(bytes.clone()) })
    }

    /// The last field of that name, as it was written.
    pub fn raw(&self, name: &str) -> Option<&RawValue> {
        self.fields.iter().rev().find(|field| &*field.name == name).map(|field| &*field.value)
    }

    /// The first name that came twice.
    pub fn twice(&self) -> Option<&str> {
        let mut seen = HashSet::with_capacity(self.fields.len());
        self.fields.iter().map(|field| &*field.name).find(|name| !seen.insert(*name))
    }

    /// The field, if it is a string.
    pub fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        self.raw(name).and_then(text_of)
    }

    /// The field, if it is `true` or `false`.
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.raw(name)?.get() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// The field, if it reads as a `T`.
    pub fn read<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_str(self.raw(name)?.get()).ok()
    }

    /// Puts the value where the first field of that name stands, or at the end; every duplicate goes.
    pub fn set(&mut self, name: &str, value: Box<RawValue>) {
        self.untouched = None;
        match self.fields.iter().position(|field| &*field.name == name) {
            None => self.fields.push(Field { name: name.into(), value }),
            Some(first) => {
                self.fields[first].value = value;
                self.drop_from(first + 1, name);
            }
        }
    }

    /// Sets a string.
    pub fn set_text(&mut self, name: &str, text: &str) {
        if let Ok(value) = to_raw_value(text) {
            self.set(name, value);
        }
    }

    /// Takes out every field of that name.
    pub fn remove(&mut self, name: &str) {
        if self.raw(name).is_some() {
            self.untouched = None;
            self.drop_from(0, name);
        }
    }

    /// Calls `from` `to`, in its place, unless `to` is given already; `from` goes in any case.
    pub fn rename(&mut self, from: &str, to: &str) {
        if self.raw(to).is_none()
            && let Some(last) = self.fields.iter_mut().rev().find(|field| &*field.name == from)
        {
            last.name = to.into();
            self.untouched = None;
        }
        self.remove(from);
    }

    /// The object as it goes upstream: the bytes received if nothing was changed.
    pub fn bytes(&self) -> Bytes {
        self.untouched.clone().unwrap_or_else(|| self.written().into())
    }

    /// The same without the fields of these names, and with one more.
    pub fn bytes_with(&self, without: &[&str], (name, value): (&str, &str)) -> Bytes {
        let kept = self.fields.iter().filter(|field| !without.contains(&&*field.name));
        write(kept.map(Field::pair).chain([(name, value)])).into()
    }

    /// The object as text to nest in another one.
    pub(super) fn into_raw(self) -> Option<Box<RawValue>> {
        String::from_utf8(self.written()).ok().and_then(|text| RawValue::from_string(text).ok())
    }

    fn read_fields(text: &str) -> Result<Vec<Field>, BodyError> {
        let fields: Result<Fields, _> = serde_json::from_str(text);
        fields.map(|fields| fields.0).map_err(|error| match error.classify() {
            _ if text.trim_ascii().is_empty() => BodyError::Empty,
            serde_json::error::Category::Data if reason(&error) == TOO_MANY => BodyError::TooManyFields,
            serde_json::error::Category::Data => BodyError::NotObject,
            _ => BodyError::NotJson { reason: reason(&error), line: error.line(), column: error.column() },
        })
    }

    fn drop_from(&mut self, start: usize, name: &str) {
        let mut at = 0;
        self.fields.retain(|field| {
            at += 1;
            at <= start || &*field.name != name
        });
    }

    fn written(&self) -> Vec<u8> {
        write(self.fields.iter().map(Field::pair))
    }
}

impl Field {
    fn pair(&self) -> (&str, &str) {
        (&self.name, self.value.get())
    }
}

fn write<'a>(fields: impl Iterator<Item = (&'a str, &'a str)> + Clone) -> Vec<u8> {
    let size: usize = fields.clone().map(|(name, value)| name.len() + value.len() + 4).sum();
    let mut bytes = Vec::with_capacity(size + 2);
    bytes.push(b'{');
    for (at, (name, value)) in fields.enumerate() {
        if at > 0 {
            bytes.push(b',');
        }
        write_name(&mut bytes, name);
        bytes.push(b':');
        bytes.extend_from_slice(value.as_bytes());
    }
    bytes.push(b'}');
    bytes
}

/// A raw value's text, if it is a string.
pub(super) fn text_of(raw: &RawValue) -> Option<Cow<'_, str>> {
    let inner = raw.get().strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') { serde_json::from_str(raw.get()).ok().map(Cow::Owned) } else { Some(Cow::Borrowed(inner)) }
}

fn write_name(bytes: &mut Vec<u8>, name: &str) {
    if name.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        bytes.push(b'"');
        bytes.extend_from_slice(name.as_bytes());
        bytes.push(b'"');
    } else {
        bytes.extend_from_slice(serde_json::Value::from(name).to_string().as_bytes());
    }
}

fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or_else(|| text.clone(), |(reason, _)| reason.to_owned())
}

/// A message or another nested object, read the same way.
impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Fields::deserialize(deserializer).map(|fields| Self { fields: fields.0, untouched: None })
    }
}

struct Fields(Vec<Field>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Vec::with_capacity(12);
        while let Some(name) = map.next_key::<Box<str>>()? {
            if fields.len() == MOST_FIELDS {
                return Err(A::Error::custom(TOO_MANY));
            }
            fields.push(Field { name, value: map.next_value()? });
        }
        Ok(Fields(fields))
    }
}

/// Far more than any call has; keeps a hostile body from costing a search through millions of names.
const MOST_FIELDS: usize = 4096;
const TOO_MANY: &str = "too many fields";

#[cfg(test)]
mod tests {
    use super::{Body, BodyError};
    use bytes::Bytes;

    fn body(text: &'static str) -> Body {
        Body::parse(&Bytes::from_static(text.as_bytes())).expect(text)
    }

    fn written(body: &Body) -> String {
        String::from_utf8(body.bytes().to_vec()).expect("UTF-8")
    }

    #[test]
    fn an_unchanged_body_leaves_as_it_came() {
        let text = "{ \"b\" : 1.50,\n \"a\":[1, 2], \"b\":\"\\u00e9\" }\n";
        assert_eq!(written(&body(text)), text);
    }

    #[test]
    fn a_change_keeps_order_and_the_bytes_of_the_rest() {
        let mut call = body(r#"{"model":"@a/m","x":1.500e2,"messages":[ {"role":"user"} ],"ü\n":null}"#);
        call.set_text("model", "m \"quoted\"");
        call.set_text("user", "u");
        assert_eq!(
            written(&call),
            r#"{"model":"m \"quoted\"","x":1.500e2,"messages":[ {"role":"user"} ],"ü\n":null,"user":"u"}"#
        );
    }

    #[test]
    fn the_last_duplicate_is_read_and_a_set_leaves_one() {
        let mut call = body(r#"{"model":"a","n":1,"model":"b"}"#);
        assert_eq!((call.text("model").as_deref(), call.twice()), (Some("b"), Some("model")));
        call.set_text("model", "c");
        assert_eq!(call.twice(), None);
        assert_eq!(written(&call), r#"{"model":"c","n":1}"#);
        call.remove("n");
        assert_eq!(written(&call), r#"{"model":"c"}"#);
    }

    #[test]
    fn a_rename_yields_to_what_is_given() {
        for (before, after) in [
            (r#"{"seed":1}"#, r#"{"random_seed":1}"#),
            (r#"{"seed":1,"random_seed":2}"#, r#"{"random_seed":2}"#),
            (r#"{"random_seed":2}"#, r#"{"random_seed":2}"#),
        ] {
            let mut call = body(before);
            call.rename("seed", "random_seed");
            assert_eq!(written(&call), after);
        }
    }

    #[test]
    fn fields_read_as_what_they_are() {
        let call = body(r#"{"a":"x\ny","b":true,"c":"true","d":7,"mod\u0065l":"m"}"#);
        assert_eq!(call.text("a").as_deref(), Some("x\ny"));
        assert_eq!(call.text("d"), None);
        assert_eq!(call.text("model").as_deref(), Some("m"));
        assert_eq!((call.flag("b"), call.flag("c")), (Some(true), None));
        assert_eq!(call.read::<u8>("d"), Some(7));
        assert_eq!(call.read::<u8>("a"), None);
    }

    #[test]
    fn what_is_no_object_says_why() {
        let not_json = |reason: &str, line, column| BodyError::NotJson { reason: reason.into(), line, column };
        for (bytes, error) in [
            (&b""[..], BodyError::Empty),
            (b" \n", BodyError::Empty),
            (b"[1]", BodyError::NotObject),
            (b"\"text\"", BodyError::NotObject),
            (b"{\"a\":\xff}", BodyError::NotText { at: 5 }),
            (b"{\"a\":1", not_json("EOF while parsing an object", 1, 6)),
            (b"{\"a\":1} {", not_json("trailing characters", 1, 9)),
            (b"{\n\"a\" 1}", not_json("expected `:`", 2, 5)),
        ] {
            assert_eq!(Body::parse(&Bytes::from_static(bytes)).expect_err("no object"), error);
        }
        let fields = |count| format!("{{{}}}", vec!["\"a\":1"; count].join(","));
        assert!(Body::parse(&fields(4096).into()).is_ok());
        assert_eq!(Body::parse(&fields(4097).into()).expect_err("too many"), BodyError::TooManyFields);
    }
}
