//! Metadata of a call: the key's own over the request's, over W3C baggage (contract §1.2, §7.4). Where the key does not
//! enforce its own, it stands under all of them.

use crate::book::KeyEntry;
use crate::gateway::names;
use http::{HeaderMap, HeaderName};
use serde_json::{Map, Value};

/// Longest value, in characters; a longer one is cut.
const LONGEST: usize = 128;

/// The merged metadata as a JSON object of text. `user` is the body's field of that name.
pub fn merged(headers: &HeaderMap, key: &KeyEntry, user: Option<&str>) -> Map<String, Value> {
    let mut merged = Map::new();
    if let Some(baggage) = text(headers, &names::BAGGAGE) {
        merged.extend(pairs(baggage).map(|(name, value)| (name, value.into())));
    }
    if let Some(Value::Object(own)) = text(headers, &names::METADATA).and_then(|json| serde_json::from_str(json).ok()) {
        merged.extend(own.into_iter().filter_map(|(name, value)| Some((name, plain(&value)?.into()))));
    }
    if let Some(user) = user {
        merged.entry("_user").or_insert_with(|| user.chars().take(LONGEST).collect::<String>().into());
    }
    join(&mut merged, key);
    merged
}

/// Adds the key's own to what a call brought.
pub fn join(metadata: &mut Map<String, Value>, key: &KeyEntry) {
    for (name, value) in &key.metadata {
        if key.enforced || !metadata.contains_key(name) {
            metadata.insert(name.clone(), Value::from(value.as_str()));
        }
    }
}

/// As the journal keeps it.
pub fn text_of(metadata: &Map<String, Value>) -> String {
    if metadata.is_empty() { "{}".into() } else { serde_json::to_string(metadata).unwrap_or_default() }
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    // Text beyond ASCII comes as UTF-8.
    std::str::from_utf8(headers.get(name)?.as_bytes()).ok()
}

fn plain(value: &Value) -> Option<String> {
    let text = match value {
        Value::Null => return None,
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Some(text.chars().take(LONGEST).collect())
}

/// `a=1,b=two%20words;property` as pairs, decoded.
fn pairs(baggage: &str) -> impl Iterator<Item = (String, String)> {
    baggage.split(',').filter_map(|member| {
        let (name, value) = member.split(';').next()?.split_once('=')?;
        let name = name.trim();
        (!name.is_empty()).then(|| (name.to_owned(), decoded(value.trim()).chars().take(LONGEST).collect()))
    })
}

fn decoded(value: &str) -> String {
    url::form_urlencoded::parse(format!("v={}", value.replace('+', "%2B")).as_bytes())
        .next()
        .map_or_else(String::new, |(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::{KeyEntry, merged};
    use http::{HeaderMap, HeaderValue};
    use serde_json::{Value, json};

    #[test]
    fn the_key_wins_where_it_enforces_and_the_request_over_baggage() {
        let mut headers = HeaderMap::new();
        headers.insert("baggage", HeaderValue::from_static("env=b%20c;p=1, team=b, only=yes"));
        headers.insert("x-portkey-metadata", HeaderValue::from_static(r#"{"env":"r","n":3,"none":null}"#));
        let own = ["team", "_user", "more"].map(|name| (name.to_owned(), "k".to_owned()));
        for (enforced, wanted) in [
            (true, json!({"env":"r","n":"3","team":"k","only":"yes","_user":"k","more":"k"})),
            (false, json!({"env":"r","n":"3","team":"b","only":"yes","_user":"u1","more":"k"})),
        ] {
            let key = KeyEntry { metadata: own.to_vec(), enforced, ..KeyEntry::console("w") };
            assert_eq!(Value::Object(merged(&headers, &key, Some("u1"))), wanted, "{enforced}");
        }
    }

    #[test]
    fn what_is_not_json_is_ignored() {
        for bad in ["{'a': 1}", "[1]", "x", ""] {
            let mut headers = HeaderMap::new();
            headers.insert("x-portkey-metadata", HeaderValue::from_static(bad));
            assert!(merged(&headers, &KeyEntry::console("w"), None).is_empty(), "{bad}");
        }
    }
}
