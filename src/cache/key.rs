//! What makes two calls the same: the key of a cached answer.

mod canon;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::fmt;

/// Everything that an answer depends on, of one call to one target.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    pub workspace: &'a str,
    /// Such as `chat/completions`.
    pub endpoint: &'a str,
    /// Where the call goes, resolved.
    pub base_url: &'a str,
    /// Hex of the SHA-256 of whatever the call authenticates with.
    pub credential_digest: &'a str,
    /// Headers of the caller that go upstream, in the order they came.
    pub forwarded: &'a [(&'a str, &'a str)],
    /// As it would go upstream. Where it is JSON its canonical form counts, else its bytes.
    pub body: &'a [u8],
    /// Shares the entry among all metadata.
    pub namespace: Option<&'a str>,
    pub metadata: &'a Map<String, Value>,
}

/// The address of a cached answer.
///
/// Two asks have the same key exactly when all parts are equal: headers sorted and folded, JSON without `stream` and
/// `stream_options`, by value (the order of an object's members, blanks, escapes and spellings of a number aside;
/// members of one name all count, in their order), then the namespace if there is one, else the metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub hash: Hash,
    /// What went into it, to be shown. Values of headers, the credential and the body are digests.
    pub parts: Vec<(&'static str, String)>,
}

/// SHA-256 over all parts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash(pub [u8; 32]);

impl Key {
    pub fn of(ask: &Ask<'_>) -> Self {
        let forwarded = folded(ask.forwarded);
        let body = canon::of_body(ask.body);
        let body = match &body {
            Some(canonical) => ("body", digest(canonical)),
            None => ("body, as bytes", digest(ask.body)),
        };
        let (shared, sharing) = match ask.namespace {
            Some(namespace) => ("namespace", namespace.to_owned()),
            None => ("metadata", sorted(ask.metadata)),
        };
        let mut hasher = Parts(Sha256::new());
        hasher.add(ask.workspace.as_bytes());
        hasher.add(ask.endpoint.as_bytes());
        hasher.add(ask.base_url.as_bytes());
        hasher.add(ask.credential_digest.as_bytes());
        hasher.add(&u64::try_from(forwarded.len()).unwrap_or(u64::MAX).to_le_bytes());
        for (name, value) in &forwarded {
            hasher.add(name.as_bytes());
            hasher.add(value.as_bytes());
        }
        hasher.add(body.0.as_bytes());
        hasher.add(&body.1.0);
        hasher.add(shared.as_bytes());
        hasher.add(sharing.as_bytes());
        let parts = vec![
            ("workspace", ask.workspace.to_owned()),
            ("endpoint", ask.endpoint.to_owned()),
            ("base URL", ask.base_url.to_owned()),
            ("credential", short(ask.credential_digest).to_owned()),
            ("forwarded headers", shown(&forwarded)),
            (body.0, hex(&body.1.0[..8])),
            (shared, sharing),
        ];
        Self { hash: Hash(hasher.0.finalize().into()), parts }
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// Hashes texts one after the other, each behind its length: no two lists of parts read the same.
struct Parts(Sha256);

impl Parts {
    fn add(&mut self, part: &[u8]) {
        self.0.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        self.0.update(part);
    }
}

/// One entry a name, in lower case and sorted; values of one name joined in the order they came, as HTTP reads them.
fn folded(headers: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut all =
        headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect::<Vec<_>>();
    all.sort_by(|one, other| one.0.cmp(&other.0));
    all.dedup_by(|next, first| {
        let same = next.0 == first.0;
        if same {
            first.1.push_str(", ");
            first.1.push_str(&next.1);
        }
        same
    });
    all
}

/// The metadata as JSON with its members in order.
fn sorted(metadata: &Map<String, Value>) -> String {
    let mut members = metadata.iter().collect::<Vec<_>>();
    members.sort_by_key(|(name, _)| *name);
    let members = members.into_iter().map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), ordered(value)));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

fn ordered(value: &Value) -> String {
    match value {
        Value::Object(members) => sorted(members),
        Value::Array(items) => format!("[{}]", items.iter().map(ordered).collect::<Vec<_>>().join(",")),
        plain => plain.to_string(),
    }
}

/// Names in the clear: a value may be a secret.
fn shown(headers: &[(String, String)]) -> String {
    let one = |(name, value): &(String, String)| format!("{name} {}", hex(&digest(value.as_bytes()).0[..4]));
    headers.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn digest(bytes: &[u8]) -> Hash {
    Hash(Sha256::digest(bytes).into())
}

fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xF)]).collect()
}

fn short(hex: &str) -> &str {
    hex.get(..16).unwrap_or(hex)
}

#[cfg(test)]
mod tests;
