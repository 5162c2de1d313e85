//! The filter of the logs in the address, read and written.

use crate::model::log::LogQuery;
use crate::model::range::Range;
use leptos_router::params::ParamsMap;
use std::fmt::Write;

/// Reads the address. `add` holds what was typed into the filter bar, such as `model:gpt-5 meta.env=prod`.
pub fn read(params: &ParamsMap) -> LogQuery {
    let word = |name: &str| params.get_str(name).map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned);
    let metadata = params.get_all("meta").unwrap_or_default();
    let mut query = LogQuery {
        range: Range::from_url(params.get_str("range"), params.get_str("from"), params.get_str("to")),
        status: word("status").filter(|word| status(word)),
        model: word("model"),
        provider: word("provider"),
        key: word("key"),
        config: word("config"),
        trace: word("trace"),
        metadata: metadata.iter().filter_map(|text| pair(text)).collect(),
        text: word("text"),
        before: word("before"),
        after: word("after"),
        ..LogQuery::default()
    };
    for term in terms(&word("add").unwrap_or_default()) {
        add(&mut query, &term);
    }
    query
}

/// What was typed and means nothing.
pub fn misread(params: &ParamsMap) -> Vec<String> {
    let typed = terms(params.get_str("add").unwrap_or_default());
    typed.into_iter().filter(|term| !add(&mut LogQuery::default(), term)).collect()
}

/// The same filter without a place in the list.
pub fn first_page(query: &LogQuery) -> LogQuery {
    LogQuery { before: None, after: None, ..query.clone() }
}

/// Only the range is left.
pub fn unfiltered(query: &LogQuery) -> LogQuery {
    LogQuery { range: query.range, ..LogQuery::default() }
}

/// The address of the list.
pub fn list(query: &LogQuery) -> String {
    let mut address = format!("/logs?{}", query.range.query());
    for (name, value) in pairs(query) {
        append(&mut address, name, &value);
    }
    address
}

/// The address of one call beside the list; `tab` is empty for the first.
pub fn open(id: &str, query: &LogQuery, tab: &str) -> String {
    let list = list(query);
    let mut address = format!("/logs/{}?{}", encoded(id), list.trim_start_matches("/logs?"));
    if !tab.is_empty() {
        append(&mut address, "tab", tab);
    }
    address
}

/// Names and values of the filter as the address carries them, the range aside.
pub fn pairs(query: &LogQuery) -> Vec<(&'static str, String)> {
    let single = [
        ("status", &query.status),
        ("model", &query.model),
        ("provider", &query.provider),
        ("key", &query.key),
        ("config", &query.config),
        ("trace", &query.trace),
        ("text", &query.text),
        ("before", &query.before),
        ("after", &query.after),
    ];
    let single = single.into_iter().filter_map(|(name, value)| value.clone().map(|value| (name, value)));
    let metadata = query.metadata.iter().map(|(key, value)| ("meta", format!("{key}={value}")));
    single.chain(metadata).collect()
}

/// Adds a field to an address that has one already.
pub fn append(address: &mut String, name: &str, value: &str) {
    _ = write!(address, "&{name}={}", encoded(value));
}

/// What of `text` an address cannot carry, percent-encoded.
pub fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'=' | b':' | b'/' | b'@' => {
                encoded.push(char::from(byte));
            }
            _ => _ = write!(encoded, "%{byte:02X}"),
        }
    }
    encoded
}

fn pair(text: &str) -> Option<(String, String)> {
    let (key, value) = text.split_once('=')?;
    (!key.is_empty()).then(|| (key.to_owned(), value.to_owned()))
}

/// Words apart by spaces; double quotes hold one together.
fn terms(typed: &str) -> Vec<String> {
    let mut terms = vec![String::new()];
    let mut quoted = false;
    for letter in typed.chars() {
        match letter {
            '"' => quoted = !quoted,
            ' ' if !quoted => terms.push(String::new()),
            letter => {
                if let Some(term) = terms.last_mut() {
                    term.push(letter);
                }
            }
        }
    }
    terms.retain(|term| !term.is_empty());
    terms
}

/// `error`, a class such as `4xx`, or one status.
fn status(word: &str) -> bool {
    let class = matches!(word.as_bytes(), [b'1'..=b'5', b'x', b'x']);
    word == "error" || class || word.parse().is_ok_and(|status: u16| status <= 999)
}

/// Whether the term was understood.
fn add(query: &mut LogQuery, term: &str) -> bool {
    if let Some(rest) = term.strip_prefix("meta.") {
        let found = pair(rest).or_else(|| pair(&rest.replacen(':', "=", 1)));
        let understood = found.is_some();
        query.metadata.extend(found);
        return understood;
    }
    let Some((name, value)) = term.split_once(':').filter(|(_, value)| !value.is_empty()) else { return false };
    let field = match name {
        "status" if !status(value) => return false,
        "status" => &mut query.status,
        "model" => &mut query.model,
        "provider" => &mut query.provider,
        "key" => &mut query.key,
        "config" => &mut query.config,
        "trace" => &mut query.trace,
        "text" => &mut query.text,
        _ => return false,
    };
    *field = Some(value.to_owned());
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(pairs: &[(&'static str, &str)]) -> ParamsMap {
        pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
    }

    #[test]
    fn what_is_written_is_read_back() {
        let query = LogQuery {
            range: Range::Between(60_000, 120_000),
            status: Some("error".into()),
            model: Some("a/b c".into()),
            config: Some("pc-1".into()),
            trace: Some("t&1".into()),
            text: Some("late".into()),
            metadata: vec![("env".into(), "prod=1".into()), ("ü".into(), String::new())],
            before: Some("id".into()),
            ..LogQuery::default()
        };
        let address = open("x", &query, "json");
        assert_eq!(
            address,
            "/logs/x?range=custom&from=60000&to=120000&status=error&model=a/b%20c&config=pc-1&trace=t%261&text=late&before=id\
             &meta=env=prod=1&meta=%C3%BC=&tab=json"
        );
        let mut all = vec![("range", "custom"), ("from", "60000"), ("to", "120000")];
        let pairs = pairs(&query);
        all.extend(pairs.iter().map(|(name, value)| (*name, value.as_str())));
        assert_eq!(read(&params(&all)), query);
    }

    #[test]
    fn what_is_typed_becomes_the_filter() {
        let typed =
            params(&[("add", r#"model:gpt-5 meta.env=prod  status:4xx config:pc-1 meta.team:"a b" nonsense cost>1"#)]);
        let query = read(&typed);
        assert_eq!((query.model.as_deref(), query.status.as_deref()), (Some("gpt-5"), Some("4xx")));
        assert_eq!(query.config.as_deref(), Some("pc-1"));
        assert_eq!(query.metadata, [("env".into(), "prod".into()), ("team".into(), "a b".into())]);
        assert_eq!(misread(&typed), ["nonsense", "cost>1"]);
        assert_eq!(read(&params(&[("status", " "), ("meta", "=x")])), LogQuery::default());
        assert_eq!(read(&params(&[("status", "zz"), ("add", "status:bad")])), LogQuery::default());
        assert_eq!(misread(&params(&[("add", "status:bad status:404")])), ["status:bad"]);
    }
}
