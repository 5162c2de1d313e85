//! The filter of the traces in the address, read and written: that of the logs, the name of a span and the size.

use crate::model::log::LogQuery;
use crate::model::trace::TraceQuery;
use crate::pages::logs::url::{self, append, encoded};
use leptos_router::params::ParamsMap;

/// Reads the address. A word typed alone is the id of a trace, `name:…` the name of a span.
pub fn read(params: &ParamsMap) -> TraceQuery {
    let name = params.get_str("name").map(str::trim).filter(|name| !name.is_empty());
    let mut query = TraceQuery {
        calls: LogQuery { after: None, ..url::read(params) },
        name: name.map(str::to_owned),
        many: params.get_str("spans") == Some("many"),
    };
    for term in url::misread(params) {
        add(&mut query, &term);
    }
    query
}

/// What was typed and means nothing.
pub fn misread(params: &ParamsMap) -> Vec<String> {
    url::misread(params).into_iter().filter(|term| !add(&mut TraceQuery::default(), term)).collect()
}

/// The address of the list.
pub fn list(query: &TraceQuery) -> String {
    address("/traces", query)
}

/// The address of one trace beside the list.
pub fn open(trace: &str, query: &TraceQuery) -> String {
    address(&format!("/traces/{}", segment(trace)), query)
}

/// One segment of a path, whatever the id holds.
pub fn segment(trace: &str) -> String {
    encoded(trace).replace('/', "%2F")
}

/// Names and values of the filter as the address carries them, the range aside.
pub fn pairs(query: &TraceQuery) -> Vec<(&'static str, String)> {
    let own = query.name.iter().map(|name| ("name", name.clone()));
    url::pairs(&query.calls).into_iter().chain(own).chain(query.many.then(|| ("spans", "many".to_owned()))).collect()
}

fn address(path: &str, query: &TraceQuery) -> String {
    let mut address = format!("{path}?{}", query.calls.range.query());
    for (name, value) in pairs(query) {
        append(&mut address, name, &value);
    }
    address
}

/// Whether the term was understood.
fn add(query: &mut TraceQuery, term: &str) -> bool {
    match term.split_once(':') {
        Some(("name", name)) if !name.is_empty() => query.name = Some(name.to_owned()),
        None if !term.contains(['=', '<', '>']) => query.calls.trace = Some(term.to_owned()),
        _ => return false,
    }
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
        let calls = LogQuery { status: Some("error".into()), before: Some("id".into()), ..LogQuery::default() };
        let query = TraceQuery { calls, name: Some("support answer".into()), many: true };
        let address = open("a/b c", &query);
        assert_eq!(address, "/traces/a%2Fb%20c?range=24h&status=error&before=id&name=support%20answer&spans=many");
        let pairs = pairs(&query);
        let given: Vec<_> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(read(&params(&given)), query);
    }

    #[test]
    fn a_word_alone_is_a_trace() {
        let typed = params(&[("add", "7f3a name:plan meta.env=prod cost>1 model:m")]);
        let query = read(&typed);
        assert_eq!((query.calls.trace.as_deref(), query.name.as_deref()), (Some("7f3a"), Some("plan")));
        assert_eq!(query.calls.model.as_deref(), Some("m"));
        assert_eq!(misread(&typed), ["cost>1"]);
    }
}
