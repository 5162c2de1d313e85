//! The query of `GET /v1/logs`: the filter names of the contract's §6.3, in snake_case or camelCase.

use super::LogsRefusal;
use crate::store::calls::{CallFilter, Statuses};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// A query that was understood. Empty parameters are ignored, as is the workspace, which the key tells.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Query {
    pub filter: CallFilter,
    pub page_size: u32,
    /// The id of the last call of the page before.
    pub cursor: Option<String>,
    /// A filter names what no call can have: a prompt.
    pub nothing: bool,
}

/// The newest calls, whatever they are.
impl Default for Query {
    fn default() -> Self {
        Self { filter: CallFilter::default(), page_size: 50, cursor: None, nothing: false }
    }
}

const LARGEST_PAGE: u32 = 100;

/// What a value was meant to be, in words for its sender.
type Allowed = &'static str;
type Read<T> = Result<T, Allowed>;

pub(super) fn parse(raw: &str) -> Result<Query, LogsRefusal> {
    let mut query = Query::default();
    for (name, value) in url::form_urlencoded::parse(raw.as_bytes()) {
        let (plain, value) = (snake(&name), value.trim());
        if !NAMES.contains(&plain.as_ref()) {
            return Err(LogsRefusal::Unknown(name.into_owned()));
        }
        if !value.is_empty() {
            read(&mut query, &plain, value)
                .map_err(|allowed| LogsRefusal::Parameter { name: name.into_owned(), allowed })?;
        }
    }
    Ok(query)
}

/// Every parameter of the list; `limit` and `after` are what OpenAI's lists call a page's size and its cursor.
pub(super) const NAMES: [&str; 32] = [
    "time_of_generation_min",
    "time_of_generation_max",
    "total_units_min",
    "total_units_max",
    "prompt_token_min",
    "prompt_token_max",
    "completion_token_min",
    "completion_token_max",
    "cost_min",
    "cost_max",
    "status_code",
    "virtual_keys",
    "cache_status",
    "configs",
    "api_key_ids",
    "ai_org_model",
    "ai_model",
    "metadata",
    "trace_id",
    "span_id",
    "weighted_feedback_min",
    "weighted_feedback_max",
    "prompt_slug",
    "page_size",
    "limit",
    "current_page",
    "cursor",
    "after",
    "workspace_slug",
    "workspace_id",
    "organisation_id",
    "organization_id",
];

/// Narrows by one parameter, its name in snake_case. What it does not know narrows nothing.
pub(crate) fn read(query: &mut Query, name: &str, value: &str) -> Read<()> {
    let filter = &mut query.filter;
    match name {
        "time_of_generation_min" => filter.from = Some(millis(value)?),
        "time_of_generation_max" => filter.until = Some(millis(value)? + 1),
        "total_units_min" => filter.tokens.least = Some(whole(value)?),
        "total_units_max" => filter.tokens.most = Some(whole(value)?),
        "prompt_token_min" => filter.tokens_in.least = Some(whole(value)?),
        "prompt_token_max" => filter.tokens_in.most = Some(whole(value)?),
        "completion_token_min" => filter.tokens_out.least = Some(whole(value)?),
        "completion_token_max" => filter.tokens_out.most = Some(whole(value)?),
        "cost_min" => filter.cost.least = Some(nanos_of_cents(value)?),
        "cost_max" => filter.cost.most = Some(nanos_of_cents(value)?),
        "status_code" => filter.statuses.extend(list(value, status)?),
        "virtual_keys" => filter.providers.extend(list(value, |slug| Ok(slug.trim_start_matches('@').to_owned()))?),
        "cache_status" => filter.caches.extend(list(value, |word| Ok(word.to_ascii_uppercase()))?),
        "configs" => filter.configs.extend(list(value, |slug| Ok(slug.to_owned()))?),
        "api_key_ids" => filter.keys.extend(list(value, |id| Ok(id.to_owned()))?),
        "ai_org_model" => filter.vendor_models.extend(list(value, org_model)?),
        "metadata" => filter.metadata.extend(metadata(value)?),
        "trace_id" => filter.trace = Some(value.to_owned()),
        "span_id" => filter.span = Some(value.to_owned()),
        "ai_model" => filter.models.extend(list(value, |model| Ok(model.to_owned()))?),
        "weighted_feedback_min" => filter.weighted.least = Some(millionths(value)?),
        "weighted_feedback_max" => filter.weighted.most = Some(millionths(value)?),
        "prompt_slug" => query.nothing = true,
        "page_size" | "limit" => query.page_size = page_size(value)?,
        "current_page" if value != "0" => {
            return Err("0, as pages are walked by `cursor`: pass the last `next_cursor`");
        }
        "cursor" | "after" => query.cursor = Some(cursor(value)?),
        _ => {}
    }
    Ok(())
}

/// `timeOfGenerationMin`, `traceID` and `status_code[]` as the contract writes them.
pub(crate) fn snake(name: &str) -> Cow<'_, str> {
    let name = name.strip_suffix("[]").unwrap_or(name);
    if !name.contains(|letter: char| letter.is_ascii_uppercase()) {
        return name.into();
    }
    let name = name.replace("ID", "Id");
    let mut folded = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            folded.push('_');
        }
        folded.push(letter.to_ascii_lowercase());
    }
    folded.into()
}

fn list<T>(value: &str, read: impl Fn(&str) -> Read<T>) -> Read<Vec<T>> {
    value.split(',').map(str::trim).filter(|item| !item.is_empty()).map(read).collect()
}

fn millis(value: &str) -> Read<i64> {
    let instant = value.parse::<jiff::Timestamp>().ok();
    let utc = || jiff::tz::TimeZone::UTC.to_timestamp(value.parse().ok()?).ok();
    let instant = instant.or_else(utc).ok_or("a time in ISO 8601, such as 2026-11-24T17:00:00Z")?;
    Ok(instant.as_millisecond())
}

fn whole(value: &str) -> Read<i64> {
    value.parse().ok().filter(|figure| *figure >= 0).ok_or("a whole number from 0")
}

/// A cent is ten million nano-dollars: seven decimals of a cent are kept.
fn nanos_of_cents(value: &str) -> Read<i64> {
    let allowed = "an amount in cents from 0, such as 0.25";
    let cents: f64 = value.parse().map_err(|_| allowed)?;
    if !(0.0..=9e11).contains(&cents) {
        return Err(allowed);
    }
    format!("{cents:.7}").replace('.', "").parse().map_err(|_| allowed)
}

/// From -10 to 10, as feedback is; six decimals are kept.
fn millionths(value: &str) -> Read<i64> {
    let allowed = "a number from -10 to 10, such as 0.5";
    let average: f64 = value.parse().map_err(|_| allowed)?;
    if !(-10.0..=10.0).contains(&average) {
        return Err(allowed);
    }
    format!("{average:.6}").replace('.', "").parse().map_err(|_| allowed)
}

fn status(word: &str) -> Read<Statuses> {
    match word.strip_suffix("xx") {
        Some(class) => class.parse().map(Statuses::Class),
        None => word.parse().map(Statuses::Exactly),
    }
    .map_err(|_| "status codes separated by commas, such as 200,429")
}

fn org_model(pair: &str) -> Read<(String, String)> {
    let (org, model) = pair.split_once("__").ok_or("provider__model pairs separated by commas")?;
    Ok((org.to_owned(), model.to_owned()))
}

fn page_size(value: &str) -> Read<u32> {
    let size = value.parse().ok().filter(|size| (1..=LARGEST_PAGE).contains(size));
    size.ok_or("a whole number from 1 to 100")
}

fn cursor(value: &str) -> Read<String> {
    let id: uuid::Uuid = value.parse().map_err(|_| "the `next_cursor` of an earlier page")?;
    Ok(id.to_string())
}

/// A JSON object of single values; some clients send it as Python prints a dictionary.
fn metadata(value: &str) -> Read<Vec<(String, String)>> {
    let allowed = "a JSON object of texts, such as {\"env\":\"prod\"}";
    let object: Map<String, Value> =
        serde_json::from_str(value).or_else(|_| serde_json::from_str(&json_of_python(value))).map_err(|_| allowed)?;
    object.into_iter().map(|(key, value)| text(value).map(|text| (key, text)).ok_or(allowed)).collect()
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// `{'a': "it's", 'b': True}` in JSON's spelling.
fn json_of_python(repr: &str) -> String {
    let mut json = String::with_capacity(repr.len());
    let mut bare = String::new();
    let mut letters = repr.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' | '"' => json.push_str(&quoted(&mut letters, letter)),
            letter if letter.is_ascii_alphabetic() => {
                bare.push(letter);
                continue;
            }
            letter => {
                json.push_str(word(&bare));
                bare.clear();
                json.push(letter);
            }
        }
    }
    json
}

/// The rest of a text that `quote` opened, as JSON.
fn quoted(letters: &mut std::str::Chars<'_>, quote: char) -> String {
    let mut json = String::from('"');
    while let Some(letter) = letters.next().filter(|letter| *letter != quote) {
        match (letter, letter == '\\') {
            (_, true) => match letters.next() {
                Some('\'') => json.push('\''),
                Some(escaped) => json.extend(['\\', escaped]),
                None => {}
            },
            ('"', _) => json.push_str("\\\""),
            _ => json.push(letter),
        }
    }
    json.push('"');
    json
}

fn word(bare: &str) -> &str {
    match bare {
        "True" => "true",
        "False" => "false",
        "None" => "null",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::calls::Bounds;

    fn check(raw: &str, expected: impl FnOnce(&mut Query)) {
        let mut query = parse("").unwrap();
        expected(&mut query);
        assert_eq!(parse(raw).unwrap(), query, "{raw}");
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn names_are_read_in_both_spellings() {
        let at = 1_764_000_000_000;
        for raw in [
            "time_of_generation_min=2025-11-24T16:00:00Z",
            "timeOfGenerationMin=2025-11-24T17:00:00%2B01:00",
            "time_of_generation_min=2025-11-24T16:00:00",
        ] {
            check(raw, |query| query.filter.from = Some(at));
        }
        check("timeOfGenerationMax=2025-11-24T16:00:00Z", |query| query.filter.until = Some(at + 1));
        check("pageSize=7&workspace_slug=any&currentPage=0&trace_id=", |query| query.page_size = 7);
    }

    #[test]
    fn lists_and_bounds_narrow() {
        check("status_code=200,%20429,5xx", |query| {
            query.filter.statuses = vec![Statuses::Exactly(200), Statuses::Exactly(429), Statuses::Class(5)];
        });
        check("virtual_keys=@alpha,beta", |query| query.filter.providers = vec!["alpha".into(), "beta".into()]);
        check("api_key_ids[]=k1&api_key_ids[]=k2", |query| query.filter.keys = vec!["k1".into(), "k2".into()]);
        check("ai_org_model=openai__gpt-4o", |query| query.filter.vendor_models = pairs(&[("openai", "gpt-4o")]));
        check("cost_min=0.25&cost_max=1e-05", |query| {
            query.filter.cost = Bounds { least: Some(2_500_000), most: Some(100) };
        });
        check("weighted_feedback_min=-0.5&weightedFeedbackMax=10", |query| {
            query.filter.weighted = Bounds { least: Some(-500_000), most: Some(10_000_000) };
        });
        check("ai_model=gpt-4o,o3", |query| query.filter.models = vec!["gpt-4o".into(), "o3".into()]);
        check("traceID=t-1", |query| query.filter.trace = Some("t-1".into()));
        check("prompt_slug=pp-1", |query| query.nothing = true);
    }

    #[test]
    fn metadata_is_read_as_json_and_as_python_prints_it() {
        for (text, expected) in [
            (r#"{"env":"prod"}"#, vec![("env", "prod")]),
            ("{'_user': 'x'}", vec![("_user", "x")]),
            (r#"{'say': "it's", 'deep': True, 'n': 3}"#, vec![("say", "it's"), ("deep", "true"), ("n", "3")]),
            (r#"{'quote': 'a "b" \'c\''}"#, vec![("quote", r#"a "b" 'c'"#)]),
        ] {
            let raw: String =
                url::form_urlencoded::Serializer::new(String::new()).append_pair("metadata", text).finish();
            check(&raw, |query| query.filter.metadata = pairs(&expected));
        }
    }

    #[test]
    fn a_name_that_filters_nothing_is_refused_with_those_that_do() {
        for raw in ["modle=gpt-4o", "unknown=", "status_code=200&Model=o3"] {
            let told = parse(raw).unwrap_err().to_string();
            assert!(told.contains("ai_model, metadata"), "{told}");
        }
        let ignored = |name: &&str| name.starts_with("workspace") || name.starts_with("organi");
        for name in NAMES.iter().filter(|name| !ignored(name)) {
            assert_ne!(parse(&format!("{name}=~")).ok(), Some(Query::default()), "{name} is read");
        }
    }

    #[test]
    fn a_bad_value_is_refused_by_name() {
        for raw in [
            "time_of_generation_min=yesterday",
            "total_units_max=-1",
            "costMin=cheap",
            "weighted_feedback_min=11",
            "weighted_feedback_max=NaN",
            "cost_max=NaN",
            "status_code=ok",
            "ai_org_model=gpt-4o",
            "metadata=prod",
            "metadata=%7B%22a%22%3A%5B%5D%7D",
            "page_size=0",
            "page_size=101",
            "current_page=1",
            "cursor=x",
        ] {
            let name = raw.split('=').next().unwrap();
            let refusal = parse(raw).unwrap_err();
            assert!(refusal.to_string().contains(&format!("`{name}`")), "{refusal}");
        }
    }
}
