//! A `multipart/form-data` body kept as the bytes it came in, so that its files pass through untouched.

use bytes::Bytes;
use memchr::memmem;
use serde_json::{Map, Value, json};
use std::ops::Range;

/// A form. Parts stand in the order they came; every reading of it is the only one: what two programs could read
/// differently is refused.
#[derive(Clone, Debug)]
pub struct Form {
    bytes: Bytes,
    boundary: String,
    parts: Vec<Part>,
}

/// One field or file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub name: String,
    /// `None` where it is a plain field.
    pub file: Option<String>,
    pub content_type: Option<String>,
    value: Range<usize>,
}

/// Why a body is no form. The text is a sentence for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FormError(pub &'static str);

const NO_BOUNDARY: FormError =
    FormError("The content type names no usable boundary. Let your HTTP library set it, and do not set it yourself.");
const NO_FORM: FormError =
    FormError("The body is no form: it does not start with the boundary that the content type names.");
const BROKEN: FormError = FormError("The form breaks off before its last boundary. Send it again.");
const AMBIGUOUS: FormError = FormError("The form's boundary stands inside of a part. Choose another boundary.");
const HEADERS: FormError =
    FormError("A part of the form has no usable headers. Each needs content-disposition: form-data with one name.");
const MANY: FormError = FormError("The form has more than 256 parts. Send fewer.");

/// Far more than any call has.
const MOST_PARTS: usize = 256;
const LONGEST_HEADERS: usize = 8 << 10;
/// RFC 2046.
const LONGEST_BOUNDARY: usize = 70;
/// What of a field's text the log keeps, in characters.
const SHOWN: usize = 2000;

impl Form {
    /// Reads a whole form; `content_type` is that of the request. The bytes are shared, not copied.
    ///
    /// # Errors
    /// With a sentence that says what is wrong.
    pub fn parse(bytes: Bytes, content_type: &str) -> Result<Self, FormError> {
        let boundary = boundary(content_type).ok_or(NO_BOUNDARY)?;
        let parts = Reader { bytes: &bytes, delimiter: format!("\r\n--{boundary}") }.parts()?;
        Ok(Self { bytes, boundary, parts })
    }

    /// The form as it goes upstream: the bytes received, but for what was set. The content type stays.
    pub fn bytes(&self) -> Bytes {
        self.bytes.clone()
    }

    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The first plain field of that name, if it is UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        let part = self.parts.iter().find(|part| part.name == name && part.file.is_none())?;
        std::str::from_utf8(&self.bytes[part.value.clone()]).ok()
    }

    /// Name and content of the first file under that field.
    pub fn file(&self, name: &str) -> Option<(&str, Bytes)> {
        let part = self.parts.iter().find(|part| part.name == name && part.file.is_some())?;
        Some((part.file.as_deref()?, self.bytes.slice(part.value.clone())))
    }

    /// Gives every part of that name this value, or adds one at the end. All other bytes stay.
    ///
    /// # Errors
    /// Where the value holds the boundary.
    pub fn set_text(&mut self, name: &str, value: &str) -> Result<(), FormError> {
        if name.bytes().any(|byte| byte.is_ascii_control() || matches!(byte, b'"' | b'\\')) {
            return Err(HEADERS);
        }
        if format!("\r\n{value}").contains(&format!("\r\n--{}", self.boundary)) {
            return Err(AMBIGUOUS);
        }
        let mut written = Vec::with_capacity(self.bytes.len() + value.len() + 128);
        let mut copied = 0;
        for part in self.parts.iter().filter(|part| part.name == name) {
            written.extend_from_slice(&self.bytes[copied..part.value.start]);
            written.extend_from_slice(value.as_bytes());
            copied = part.value.end;
        }
        if copied == 0 {
            let head =
                format!("--{}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n", self.boundary);
            written.extend_from_slice(head.as_bytes());
        }
        written.extend_from_slice(&self.bytes[copied..]);
        let parts = Reader { bytes: &written, delimiter: format!("\r\n--{}", self.boundary) }.parts()?;
        *self = Self { bytes: written.into(), boundary: std::mem::take(&mut self.boundary), parts };
        Ok(())
    }

    /// What the log keeps: fields as text, files by name, type and size.
    pub fn summary(&self) -> Value {
        let mut fields: Map<String, Value> = Map::new();
        for part in &self.parts {
            let shown = self.shown(part);
            match fields.get_mut(&part.name) {
                None => drop(fields.insert(part.name.clone(), shown)),
                Some(Value::Array(several)) => several.push(shown),
                Some(one) => *one = Value::Array(vec![one.take(), shown]),
            }
        }
        Value::Object(fields)
    }

    fn shown(&self, part: &Part) -> Value {
        match (&part.file, std::str::from_utf8(&self.bytes[part.value.clone()])) {
            (None, Ok(text)) => text.chars().take(SHOWN).collect::<String>().into(),
            (file, _) => json!({ "file": file, "content_type": part.content_type, "bytes": part.size() }),
        }
    }
}

impl Part {
    pub fn size(&self) -> usize {
        self.value.len()
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    /// The line break that belongs to it included.
    delimiter: String,
}

impl Reader<'_> {
    fn parts(&self) -> Result<Vec<Part>, FormError> {
        let finder = memmem::Finder::new(&self.delimiter);
        let opening = &self.delimiter.as_bytes()[2..];
        if !self.bytes.starts_with(opening) {
            return Err(NO_FORM);
        }
        let mut at = opening.len();
        let mut parts = Vec::new();
        loop {
            match self.bytes.get(at..at + 2) {
                Some(b"--") => return self.ended(at + 2).map(|()| parts),
                Some(b"\r\n") if parts.len() == MOST_PARTS => return Err(MANY),
                Some(b"\r\n") => {}
                Some(_) => return Err(AMBIGUOUS),
                None => return Err(BROKEN),
            }
            let headers = at + 2;
            let room = &self.bytes[headers..self.bytes.len().min(headers + LONGEST_HEADERS)];
            let length = memmem::find(room, b"\r\n\r\n").ok_or(HEADERS)?;
            // A boundary right after the headers' first line break would begin the next part for some readers.
            if finder.find(&self.bytes[at..headers + length + 2]).is_some() {
                return Err(HEADERS);
            }
            let start = headers + length + 4;
            if self.bytes[start..].starts_with(opening) {
                return Err(AMBIGUOUS);
            }
            let end = start + finder.find(&self.bytes[start..]).ok_or(BROKEN)?;
            parts.push(part(&self.bytes[headers..headers + length], start..end)?);
            at = end + self.delimiter.len();
        }
    }

    /// Nothing but blanks may follow the last boundary.
    fn ended(&self, at: usize) -> Result<(), FormError> {
        if self.bytes[at..].trim_ascii().is_empty() { Ok(()) } else { Err(AMBIGUOUS) }
    }
}

/// RFC 2046's signs, of which none needs an escape.
fn boundary(content_type: &str) -> Option<String> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let mut found = parameters.split(';').filter_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim())
    });
    let (first, second) = (found.next()?, found.next());
    let bare = first.strip_prefix('"').map_or(Some(first), |inner| inner.strip_suffix('"'))?;
    let sane = (1..=LONGEST_BOUNDARY).contains(&bare.len())
        && bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"'()+_,-./:=?".contains(&byte));
    (sane && second.is_none()).then(|| bare.to_owned())
}

fn part(headers: &[u8], value: Range<usize>) -> Result<Part, FormError> {
    let headers = String::from_utf8_lossy(headers);
    let (mut disposition, mut content_type) = (None, None);
    for line in headers.split("\r\n") {
        let (name, text) = line.split_once(':').ok_or(HEADERS)?;
        if name.is_empty() || name.contains(|letter: char| letter.is_whitespace()) || text.contains(['\r', '\n', '\0'])
        {
            return Err(HEADERS);
        }
        match name.to_ascii_lowercase().as_str() {
            "content-disposition" if disposition.is_some() => return Err(HEADERS),
            "content-disposition" => disposition = Some(text.trim()),
            "content-type" => content_type = Some(text.trim().to_owned()),
            _ => {}
        }
    }
    let (name, file) = disposed(disposition.ok_or(HEADERS)?).ok_or(HEADERS)?;
    Ok(Part { name, file, content_type, value })
}

/// Name and file name of `form-data; name="…"; filename="…"`.
fn disposed(text: &str) -> Option<(String, Option<String>)> {
    let mut rest = text
        .get(.."form-data".len())
        .filter(|kind| kind.eq_ignore_ascii_case("form-data"))
        .map(|kind| text[kind.len()..].trim_start())?;
    let (mut name, mut file) = (None, None);
    while let Some(parameter) = rest.strip_prefix(';') {
        if parameter.trim().is_empty() {
            break;
        }
        let (key, after) = parameter.split_once('=')?;
        let (value, remaining) = quoted(after.trim_start())?;
        rest = remaining.trim_start();
        match key.trim().to_ascii_lowercase().as_str() {
            "name" if name.is_some() || value.contains('\\') => return None,
            "name" => name = Some(value),
            "filename" | "filename*" => file = file.or(Some(value)),
            _ => {}
        }
    }
    let ended = rest.trim_matches([';', ' ']).is_empty();
    name.filter(|name| ended && !name.is_empty()).map(|name| (name, file))
}

/// A value in quotes or without, and what follows it. A backslash keeps the quote after it inside.
fn quoted(text: &str) -> Option<(String, &str)> {
    let Some(inner) = text.strip_prefix('"') else {
        let end = text.find(';').unwrap_or(text.len());
        let value = text[..end].trim();
        return (!value.contains('"')).then(|| (value.to_owned(), &text[end..]));
    };
    let mut escaped = false;
    let end = inner.find(|letter| {
        let ends = letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
        ends
    })?;
    Some((inner[..end].to_owned(), &inner[end + 1..]))
}

#[cfg(test)]
mod tests;
