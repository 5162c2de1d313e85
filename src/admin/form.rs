//! Bodies and queries, whatever way their names are spelt: the SDKs send `pageSize`, `page_size` and `sub-type`.

use crate::admin::answer::Refused;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What stands under these names is the caller's own, and is left as it is.
const OWN: [&str; 4] = ["config", "metadata", "variables", "parameters"];

/// Fields by their names in snake case. What is null counts as absent, except where it is asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Form(Map<String, Value>);

impl Form {
    /// Reads a JSON object; nothing at all is an empty one.
    pub fn body(bytes: &[u8]) -> Result<Self, Refused> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self::default());
        }
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(fields)) => Ok(Self(folded(fields))),
            Ok(_) => Err(Refused::invalid("The body is not a JSON object. Send one.")),
            Err(error) => Err(Refused::invalid(format!("The body is not valid JSON: {error}."))),
        }
    }

    /// Of a name that comes twice, the last counts; empty values are absent.
    pub fn query(query: &str) -> Self {
        let pairs = url::form_urlencoded::parse(query.as_bytes()).filter(|(_, value)| !value.is_empty());
        Self(pairs.map(|(name, value)| (fold(&name), Value::String(value.into_owned()))).collect())
    }

    /// Whether the name was sent, be it as null.
    pub fn sent(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// All names with their text, as a query has them.
    pub fn texts_of_query(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
    }

    pub fn text(&self, name: &str) -> Result<Option<&str>, Refused> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Refused::field(name, "Use text.")),
        }
    }

    /// Text that must be there.
    pub fn must(&self, name: &str) -> Result<&str, Refused> {
        self.text(name)?.ok_or_else(|| Refused::field(name, "This field is required."))
    }

    /// A flag, also as 0 and 1.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Refused> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::Number(number)) if number.as_u64() == Some(0) => Ok(Some(false)),
            Some(Value::Number(number)) if number.as_u64() == Some(1) => Ok(Some(true)),
            Some(_) => Err(Refused::field(name, "Use true or false.")),
        }
    }

    /// A whole number, also as text, for queries have nothing else.
    pub fn whole(&self, name: &str) -> Result<Option<u64>, Refused> {
        let number = match self.get(name) {
            None => return Ok(None),
            Some(Value::Number(number)) => number.as_u64(),
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(_) => None,
        };
        number.map(Some).ok_or_else(|| Refused::field(name, "Use a whole number, 0 or more."))
    }

    pub fn texts(&self, name: &str) -> Result<Option<Vec<String>>, Refused> {
        let unfit = || Refused::field(name, "Use a list of text.");
        match self.get(name) {
            None => Ok(None),
            Some(Value::Array(items)) => {
                let texts = items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(unfit));
                texts.collect::<Result<_, _>>().map(Some)
            }
            Some(_) => Err(unfit()),
        }
    }

    /// An object within.
    pub fn form(&self, name: &str) -> Result<Option<Self>, Refused> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Object(fields)) => Ok(Some(Self(fields.clone()))),
            Some(_) => Err(Refused::field(name, "Use an object.")),
        }
    }

    /// Every object, this one and those within, that has the name.
    pub fn with(&self, name: &str) -> Vec<Self> {
        fn within(fields: &Map<String, Value>, name: &str, found: &mut Vec<Form>) {
            if fields.contains_key(name) {
                found.push(Form(fields.clone()));
            }
            for value in fields.iter().filter(|(own, _)| !OWN.contains(&own.as_str())).map(|(_, value)| value) {
                match value {
                    Value::Object(fields) => within(fields, name, found),
                    Value::Array(items) => {
                        items.iter().filter_map(Value::as_object).for_each(|item| within(item, name, found));
                    }
                    _ => {}
                }
            }
        }
        let mut found = Vec::new();
        within(&self.0, name, &mut found);
        found
    }

    /// An item of a list that is an object.
    pub fn object(name: &str, item: &Value) -> Result<Self, Refused> {
        match item {
            Value::Object(fields) => Ok(Self(fields.clone())),
            _ => Err(Refused::field(name, "Use a list of objects.")),
        }
    }

    /// Refuses every field but these.
    pub fn only(&self, names: &[&str]) -> Result<(), Refused> {
        match self.0.keys().find(|name| !names.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => Err(Refused::later(name)),
        }
    }

    /// An object of text.
    pub fn pairs(&self, name: &str) -> Result<Option<BTreeMap<String, String>>, Refused> {
        let unfit = || Refused::field(name, r#"Use an object of text, such as {"team": "search"}."#);
        match self.get(name) {
            None => Ok(None),
            Some(Value::Object(fields)) => {
                let pair = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
                fields.iter().map(pair).collect::<Option<_>>().map(Some).ok_or_else(unfit)
            }
            Some(_) => Err(unfit()),
        }
    }

    /// A time as ISO 8601, with or without an offset (UTC), or as a date; in milliseconds.
    pub fn time(&self, name: &str) -> Result<Option<i64>, Refused> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let dated = |text: &str| text.parse::<Date>().ok()?.to_zoned_datetime(TimeZone::UTC).ok();
        let plain = |text: &str| text.parse::<DateTime>().ok()?.to_zoned_datetime(TimeZone::UTC).ok();
        let at = text.parse::<Timestamp>().ok();
        let at = at.or_else(|| plain(text).or_else(|| dated(text)).map(|zoned| zoned.timestamp()));
        let at = at.ok_or_else(|| Refused::field(name, "Use a time such as 2027-01-31T12:00:00Z."))?;
        Ok(Some(at.as_millisecond()))
    }

    /// Refuses what would need a feature that does not exist. Empty values and `false` ask for nothing.
    pub fn without(&self, names: &[&str]) -> Result<(), Refused> {
        let asks = |value: &Value| match value {
            Value::Null | Value::Bool(false) => false,
            Value::Array(items) => !items.is_empty(),
            Value::Object(fields) => !fields.is_empty(),
            Value::Number(number) => number.as_u64() != Some(0),
            _ => true,
        };
        match names.iter().find(|name| self.0.get(**name).is_some_and(asks)) {
            None => Ok(()),
            Some(name) => Err(Refused::later(name)),
        }
    }
}

fn folded(fields: Map<String, Value>) -> Map<String, Value> {
    let pair = |(name, value): (String, Value)| {
        let name = fold(&name);
        let value = if OWN.contains(&name.as_str()) { value } else { inside(value) };
        (name, value)
    };
    fields.into_iter().map(pair).collect()
}

fn inside(value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(folded(fields)),
        Value::Array(items) => Value::Array(items.into_iter().map(inside).collect()),
        other => other,
    }
}

/// `pageSize` and `page-size` are `page_size`; capitals that follow each other are one word.
fn fold(name: &str) -> String {
    let mut folded = String::with_capacity(name.len() + 4);
    let mut small = false;
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && small {
            folded.push('_');
        }
        small = letter.is_ascii_lowercase() || letter.is_ascii_digit();
        folded.push(if letter == '-' { '_' } else { letter.to_ascii_lowercase() });
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_are_folded_everywhere_but_in_what_is_the_callers_own() {
        let body = json!({
            "isDefault": 1, "sub-type": "user", "userID": "u", "_user": 1,
            "usage_limits": { "creditLimit": 1, "periodicReset": "weekly" },
            "defaults": { "configId": "pc-1", "metadata": { "teamName": "a" } },
            "models": [{ "isCustom": true }],
            "config": { "strategy": { "mode": "single" }, "overrideParams": {} },
        });
        let form = Form::body(body.to_string().as_bytes()).unwrap();
        let wanted = json!({
            "is_default": 1, "sub_type": "user", "user_id": "u", "_user": 1,
            "usage_limits": { "credit_limit": 1, "periodic_reset": "weekly" },
            "defaults": { "config_id": "pc-1", "metadata": { "teamName": "a" } },
            "models": [{ "is_custom": true }],
            "config": { "strategy": { "mode": "single" }, "overrideParams": {} },
        });
        assert_eq!(Value::Object(form.0), wanted);
        let query = Form::query("pageSize=2&currentPage=0&workspaceId=&type=x");
        assert_eq!(Value::Object(query.0), json!({ "page_size": "2", "current_page": "0", "type": "x" }));
    }

    #[test]
    fn times_are_read_in_each_spelling() {
        for (text, millis) in [
            ("2027-01-31T12:00:00Z", Some(1_801_396_800_000)),
            ("2027-01-31T13:00:00+01:00", Some(1_801_396_800_000)),
            ("2027-01-31T12:00:00", Some(1_801_396_800_000)),
            ("2027-01-31", Some(1_801_353_600_000)),
            ("soon", None),
        ] {
            let form = Form::body(json!({ "at": text }).to_string().as_bytes()).unwrap();
            assert_eq!(form.time("at").ok().flatten(), millis, "{text}");
        }
    }

    #[test]
    fn what_asks_for_nothing_is_not_refused() {
        for (value, refused) in [
            (json!(null), false),
            (json!({}), false),
            (json!([]), false),
            (json!(false), false),
            (json!({ "credit_limit": 1 }), true),
            (json!([{ "type": "requests" }]), true),
            (json!(true), true),
        ] {
            let form = Form::body(json!({ "limits": value }).to_string().as_bytes()).unwrap();
            assert_eq!(form.without(&["limits"]).is_err(), refused, "{value}");
        }
    }
}
