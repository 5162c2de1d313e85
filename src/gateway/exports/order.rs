//! What an export is to hold: filters and fields, checked. Pure.

use crate::gateway::form::{self, Fields, Mistakes};
use crate::gateway::logs::query::{self, Query, snake};
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The contract's fields, in its order.
pub(super) const FIELDS: [&str; 20] = [
    "id",
    "trace_id",
    "created_at",
    "request",
    "response",
    "is_success",
    "ai_org",
    "ai_model",
    "req_units",
    "res_units",
    "total_units",
    "request_url",
    "cost",
    "cost_currency",
    "response_time",
    "response_status_code",
    "mode",
    "config",
    "prompt_slug",
    "metadata",
];

/// Other names that the contract's documentation has for fields.
const ALIASES: [(&str, &str); 5] = [
    ("ai_provider", "ai_org"),
    ("request_tokens", "req_units"),
    ("response_tokens", "res_units"),
    ("total_tokens", "total_units"),
    ("status_code", "response_status_code"),
];

/// Filters beside `page_size`, `current_page` and `created_at`.
const FILTERS: [&str; 22] = [
    "time_of_generation_min",
    "time_of_generation_max",
    "total_units_min",
    "total_units_max",
    "cost_min",
    "cost_max",
    "prompt_token_min",
    "prompt_token_max",
    "completion_token_min",
    "completion_token_max",
    "status_code",
    "weighted_feedback_min",
    "weighted_feedback_max",
    "virtual_keys",
    "configs",
    "api_key_ids",
    "ai_model",
    "ai_org_model",
    "metadata",
    "trace_id",
    "span_id",
    "prompt_slug",
];

/// Lines of one export at most.
pub(super) const MOST_LINES: i64 = 50_000;
/// Longest description in characters, and longest filters in bytes.
const DESCRIPTION: usize = 1_000;
const LONGEST: usize = 16 << 10;

/// The parts of an order that were given, in the form in which they are stored.
#[derive(Debug, Default)]
pub(super) struct Order {
    pub description: Option<String>,
    pub filters: Option<String>,
    pub requested: Option<String>,
}

/// Which calls, and how many lines of them.
#[derive(Debug)]
pub(super) struct Selection {
    pub query: Query,
    pub limit: i64,
}

impl Order {
    pub(super) fn read(fields: &Fields<'_>, mistakes: &mut Mistakes) -> Self {
        let description = fields.get("description").map(|raw| {
            let text = form::text(raw).filter(|text| text.chars().count() <= DESCRIPTION);
            text.unwrap_or_else(|| wrong(mistakes, "description", "text of at most 1,000 characters"))
        });
        let filters = fields.get("filters").map(|raw| {
            if raw.get().len() > LONGEST {
                return wrong(mistakes, "filters", "at most 16 KiB");
            }
            Selection::of(raw.get(), mistakes);
            raw.get().to_owned()
        });
        let requested = fields.get("requested_data").map(|raw| {
            let names: Option<Vec<String>> = serde_json::from_str(raw.get()).ok();
            let known = |names: &Vec<String>| !names.is_empty() && names.iter().all(|name| canonical(name).is_some());
            if !names.is_some_and(|names| known(&names)) {
                mistakes.add("requested_data", &format!("an array of some of {}", FIELDS.join(", ")));
            }
            raw.get().to_owned()
        });
        Self { description, filters, requested }
    }
}

impl Selection {
    /// Reads filters; what is wrong stands in `mistakes`.
    pub(super) fn of(filters: &str, mistakes: &mut Mistakes) -> Self {
        let mut selection = Self { query: Query::default(), limit: MOST_LINES };
        match form::fields(filters) {
            Some(fields) => fields.iter().for_each(|(name, raw)| selection.narrow(name, raw, mistakes)),
            None => mistakes.add("filters", "an object"),
        }
        selection
    }

    fn narrow(&mut self, name: &str, raw: &RawValue, mistakes: &mut Mistakes) {
        let path = format!("filters.{name}");
        match name {
            "page_size" => match plain(raw).and_then(|size| size.parse().ok()) {
                Some(size) if (1..=MOST_LINES).contains(&size) => self.limit = size,
                _ => mistakes.add(&path, "a whole number from 1 to 50000"),
            },
            "current_page" if plain(raw).as_deref() != Some("0") => {
                mistakes.add(&path, "0: an export is one page. Narrow it by time to get the rest");
            }
            // A key belongs to one workspace, and exports no other.
            "current_page" | "workspace_slug" | "workspace_id" => {}
            "created_at" => self.between(raw, mistakes),
            name if FILTERS.contains(&name) => match value(raw) {
                Some(value) => self.read(&path, name, &value, mistakes),
                None => mistakes.add(&path, "a value, or an array of values"),
            },
            _ => mistakes.add(&path, &format!("left out: the filters are {}", FILTERS.join(", "))),
        }
    }

    /// `created_at: {gte, lte}`.
    fn between(&mut self, raw: &RawValue, mistakes: &mut Mistakes) {
        let ends = form::fields(raw.get()).filter(|ends| ends.keys().all(|end| matches!(end.as_str(), "gte" | "lte")));
        let Some(ends) = ends else {
            return mistakes.add("filters.created_at", "an object of gte and lte");
        };
        for (end, raw) in ends {
            let path = format!("filters.created_at.{end}");
            let name = if end == "gte" { "time_of_generation_min" } else { "time_of_generation_max" };
            match plain(raw) {
                Some(time) => self.read(&path, name, &time, mistakes),
                None => mistakes.add(&path, "a time in ISO 8601"),
            }
        }
    }

    /// As in the query of `GET /v1/logs`, what is empty narrows nothing.
    fn read(&mut self, path: &str, name: &str, value: &str, mistakes: &mut Mistakes) {
        let value = value.trim();
        if !value.is_empty()
            && let Err(allowed) = query::read(&mut self.query, name, value)
        {
            mistakes.add(path, allowed);
        }
    }
}

/// The contract's name of a field that may be written in another way.
pub(super) fn canonical(name: &str) -> Option<&'static str> {
    let name = snake(name);
    let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(&*name, |(_, own)| *own);
    FIELDS.into_iter().find(|field| *field == name)
}

fn wrong(mistakes: &mut Mistakes, path: &str, allowed: &str) -> String {
    mistakes.add(path, allowed);
    String::new()
}

/// A value as the query of `GET /v1/logs` would carry it: lists by commas, objects as JSON.
fn value(raw: &RawValue) -> Option<Cow<'_, str>> {
    if raw.get().starts_with('{') {
        return Some(raw.get().into());
    }
    if raw.get().starts_with('[') {
        let items: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
        let items: Option<Vec<String>> = items.into_iter().map(plain).collect();
        return items.map(|items| items.join(",").into());
    }
    plain(raw).map(Cow::Owned)
}

fn plain(raw: &RawValue) -> Option<String> {
    match serde_json::from_str(raw.get()).ok()? {
        Value::String(text) => Some(text),
        Value::Number(_) | Value::Bool(_) => Some(raw.get().to_owned()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Order, Selection, canonical};
    use crate::gateway::form::{Mistakes, fields};
    use crate::store::calls::{Bounds, CallFilter, Statuses};

    fn check(filters: &str, expected: &CallFilter) {
        let mut mistakes = Mistakes::default();
        let selection = Selection::of(filters, &mut mistakes);
        mistakes.none().unwrap();
        assert_eq!(selection.query.filter, *expected, "{filters}");
    }

    #[test]
    fn filters_are_read_in_every_spelling() {
        let at = 1_764_000_000_000;
        let span = CallFilter { from: Some(at), until: Some(at + 1), ..CallFilter::default() };
        for filters in [
            r#"{"time_of_generation_min":"2025-11-24T16:00:00Z","time_of_generation_max":"2025-11-24T16:00:00Z"}"#,
            r#"{"timeOfGenerationMin":"2025-11-24 16:00:00","timeOfGenerationMax":"2025-11-24T16:00:00Z","page_size":7}"#,
            r#"{"createdAt":{"gte":"2025-11-24T16:00:00Z","lte":"2025-11-24T16:00:00Z"},"workspace_slug":"x"}"#,
        ] {
            check(filters, &span);
        }
        let statuses = vec![Statuses::Exactly(200), Statuses::Exactly(429)];
        for filters in [r#"{"status_code":[200,"429"]}"#, r#"{"statusCode":"200,429"}"#] {
            check(filters, &CallFilter { statuses: statuses.clone(), ..CallFilter::default() });
        }
        let metadata = vec![("env".to_owned(), "prod".to_owned())];
        for filters in [r#"{"metadata":{"env":"prod"}}"#, r#"{"metadata":"{\"env\":\"prod\"}"}"#] {
            check(filters, &CallFilter { metadata: metadata.clone(), ..CallFilter::default() });
        }
        let weighted = Bounds { least: Some(500_000), most: None };
        check(r#"{"weighted_feedback_min":0.5}"#, &CallFilter { weighted, ..CallFilter::default() });
    }

    #[test]
    fn every_mistake_is_named_with_what_is_allowed() {
        let body = r#"{"description":7,"requestedData":["id","secret"],
            "filters":{"colour":"red","cost_min":"cheap","created_at":{"gt":1},"page_size":0,"current_page":1,"configs":[{}]}}"#;
        let mut mistakes = Mistakes::default();
        Order::read(&fields(body).unwrap(), &mut mistakes);
        let message = mistakes.none().unwrap_err().message;
        for part in [
            "description must be",
            "requested_data must be an array of some of id, trace_id",
            "filters.colour must be left out: the filters are time_of_generation_min",
            "filters.cost_min must be an amount in cents",
            "filters.created_at must be",
            "filters.page_size must be",
            "filters.current_page must be 0",
            "filters.configs must be",
        ] {
            assert!(message.contains(part), "{part}: {message}");
        }
    }

    #[test]
    fn fields_have_other_names() {
        for (name, own) in [
            ("ai_provider", Some("ai_org")),
            ("requestTokens", Some("req_units")),
            ("status_code", Some("response_status_code")),
            ("cost", Some("cost")),
            ("api_key", None),
        ] {
            assert_eq!(canonical(name), own, "{name}");
        }
    }
}
