//! The page's address, read and written.

use crate::model::analytics::{AnalyticsQuery, Each, Group, Narrow, PERCENTILES, Tab};
use crate::model::range::Range;
use crate::pages::logs::url::{append, encoded};
use leptos_router::params::ParamsMap;

/// A bad value means the usual.
pub fn read(params: &ParamsMap) -> AnalyticsQuery {
    let word = |name: &str| params.get_str(name).map(str::trim).filter(|word| !word.is_empty());
    let own = |name: &str| word(name).map(str::to_owned);
    let usual = AnalyticsQuery::default();
    let metadata = params.get_all("meta").unwrap_or_default();
    let ranged = ["range", "from"].iter().any(|name| word(name).is_some());
    let percentiles = word("p").into_iter().flat_map(|list| list.split(',')).filter_map(|each| each.parse().ok());
    let mut query = AnalyticsQuery {
        range: if ranged { Range::from_url(word("range"), word("from"), word("to")) } else { usual.range },
        tab: word("tab").and_then(Tab::from_word).unwrap_or_default(),
        by: word("by").and_then(Group::from_word),
        each: word("each").and_then(Each::from_word).unwrap_or_default(),
        compare: word("compare") != Some("no"),
        percentiles: percentiles.filter(|each| PERCENTILES.contains(each)).collect(),
        narrow: Narrow {
            model: own("model"),
            provider: own("provider"),
            key: own("key"),
            config: own("config"),
            status: own("status"),
            metadata: metadata.iter().filter_map(|text| pair(text)).collect(),
        },
    };
    word("add").into_iter().flat_map(str::split_whitespace).for_each(|term| add(&mut query.narrow, term));
    query
}

/// The address of the page.
pub fn page(query: &AnalyticsQuery) -> String {
    address("/analytics", query)
}

/// The address of a file: of the table (`None`), or of a graph.
pub fn file(query: &AnalyticsQuery, graph: Option<usize>) -> String {
    let mut address = address("/analytics.csv", query);
    if let Some(graph) = graph {
        append(&mut address, "graph", &graph.to_string());
    }
    address
}

/// The calls behind a value, from `from` to before `to` or in the whole range.
pub fn logs(query: &AnalyticsQuery, value: Option<&str>, span: Option<(i64, i64)>) -> String {
    let range = span.map_or(query.range, |(from, to)| Range::Between(from, to));
    let mut narrow = query.narrow.clone();
    let own = value.map(str::to_owned);
    match query.group() {
        _ if own.is_none() => {}
        Group::Model => narrow.model = own,
        Group::Provider => narrow.provider = own,
        Group::Key => narrow.key = own,
        Group::Config => narrow.config = own,
        Group::Status => narrow.status = own,
        Group::Cache => {}
        Group::Metadata(key) => narrow.metadata.extend(own.map(|value| (key, value))),
    }
    let mut address = format!("/logs?{}", range.query());
    pairs(&narrow).into_iter().for_each(|(name, value)| append(&mut address, name, &value));
    address
}

/// Names and values of what narrows.
pub fn pairs(narrow: &Narrow) -> Vec<(&'static str, String)> {
    let single = [
        ("model", &narrow.model),
        ("provider", &narrow.provider),
        ("key", &narrow.key),
        ("config", &narrow.config),
        ("status", &narrow.status),
    ];
    let single = single.into_iter().filter_map(|(name, value)| value.clone().map(|value| (name, value)));
    single.chain(narrow.metadata.iter().map(|(key, value)| ("meta", format!("{key}={value}")))).collect()
}

/// Names and values of the address, as they are meant.
pub fn fields(query: &AnalyticsQuery) -> Vec<(&'static str, String)> {
    let mut fields = vec![("range", query.range.word().to_owned())];
    if let Range::Between(from, to) = query.range {
        fields.extend([("from", from.to_string()), ("to", to.to_string())]);
    }
    fields.push(("tab", query.tab.word().to_owned()));
    fields.extend(query.by.as_ref().map(|by| ("by", by.word())));
    if query.each != Each::Fitting {
        fields.push(("each", query.each.word().to_owned()));
    }
    if !query.compare {
        fields.push(("compare", "no".to_owned()));
    }
    if !query.percentiles.is_empty() {
        fields.push(("p", query.percentiles.iter().map(u8::to_string).collect::<Vec<_>>().join(",")));
    }
    fields.extend(pairs(&query.narrow));
    fields
}

fn address(path: &str, query: &AnalyticsQuery) -> String {
    let fields = fields(query).into_iter().map(|(name, value)| format!("{name}={}", encoded(&value)));
    format!("{path}?{}", fields.collect::<Vec<_>>().join("&"))
}

fn pair(text: &str) -> Option<(String, String)> {
    let (key, value) = text.split_once('=')?;
    (!key.is_empty()).then(|| (key.to_owned(), value.to_owned()))
}

/// A term such as `model:gpt-5` or `meta.env=prod`; another one means nothing.
fn add(narrow: &mut Narrow, term: &str) {
    if let Some((key, value)) = term.strip_prefix("meta.").and_then(pair) {
        narrow.metadata.push((key, value));
    } else if let Some((name, value)) = term.split_once(':').filter(|(_, value)| !value.is_empty()) {
        let field = match name {
            "model" => &mut narrow.model,
            "provider" => &mut narrow.provider,
            "key" => &mut narrow.key,
            "config" => &mut narrow.config,
            "status" => &mut narrow.status,
            _ => return,
        };
        *field = Some(value.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::{logs, page, read};
    use leptos_router::params::ParamsMap;

    fn params(address: &str) -> ParamsMap {
        let query = address.split_once('?').map_or("", |(_, query)| query);
        let decoded = |text: &str| text.replace("%2C", ",").replace("%20", " ");
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), decoded(value)))
            .collect()
    }

    #[test]
    fn an_address_is_read_as_it_was_written() {
        for address in [
            "/analytics?range=7d&tab=cost",
            "/analytics?range=30d&tab=latency&by=meta.env&each=day&compare=no&p=50%2C95&model=gpt-5&meta=env=prod",
            "/analytics?range=custom&from=5&to=9&tab=errors&by=status&status=4xx",
        ] {
            assert_eq!(page(&read(&params(address))), address, "{address}");
        }
        assert_eq!(page(&read(&params("?tab=x&by=y&each=z&p=3"))), "/analytics?range=7d&tab=cost");
    }

    #[test]
    fn a_value_leads_to_its_calls() {
        let query = read(&params("?range=24h&tab=users&model=gpt-5&config=pc-1"));
        assert_eq!(
            logs(&query, Some("ann"), Some((1, 2))),
            "/logs?range=custom&from=1&to=2&model=gpt-5&config=pc-1&meta=_user=ann"
        );
        assert_eq!(logs(&query, None, None), "/logs?range=24h&model=gpt-5&config=pc-1");
        let query = read(&params("?range=24h&tab=cost&by=config"));
        assert_eq!(logs(&query, Some("pc-2"), None), "/logs?range=24h&config=pc-2");
    }

    #[test]
    fn terms_that_are_typed_narrow() {
        let query = read(&params("?add=model:gpt-5%20meta.env=prod%20nonsense%20what:x"));
        assert_eq!(page(&query), "/analytics?range=7d&tab=cost&model=gpt-5&meta=env=prod");
    }
}
