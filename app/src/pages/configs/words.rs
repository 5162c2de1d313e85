//! How values are typed into fields. Nothing is refused here: what is not of the field's kind is kept as the text that it
//! is, and the reader says what is wrong with it.

use crate::model::routing::field::{Field, Kind, Operand};
use serde_json::{Number, Value};

/// The value that `text` means in a field of `kind`; none where nothing is typed.
pub fn value_of(kind: &Kind, text: &str) -> Option<Value> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return None;
    }
    let plain = || Value::String(text.to_owned());
    Some(match kind {
        Kind::Text(_) | Kind::Words(_) => plain(),
        Kind::Flag => match trimmed {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => plain(),
        },
        Kind::Whole { .. } | Kind::Number { .. } => number(trimmed).unwrap_or_else(plain),
        Kind::List { of: Kind::Whole { .. } | Kind::Number { .. } | Kind::Text(_), .. } => match json(trimmed) {
            Some(value) => value,
            None => list(kind, trimmed),
        },
        _ => json(trimmed).unwrap_or_else(plain),
    })
}

/// What a field shows for a value: read again by [`value_of`], it is the same.
pub fn text_of(kind: &Kind, value: &Value) -> String {
    let simple = match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(bare).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    };
    match value_of(kind, &simple) {
        Some(read) if read == *value => simple,
        _ if value.is_string() => match value_of(kind, &value.to_string()) {
            Some(read) if read == *value => value.to_string(),
            _ => simple,
        },
        _ if value.is_object() || value.is_array() => {
            serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string())
        }
        _ => simple,
    }
}

/// What a condition compares with, as typed: `12` is a number, `"12"` a text, a list stands between commas.
pub fn operand_of(operand: Operand, text: &str) -> Value {
    match operand {
        Operand::Several => match json(text.trim()).filter(Value::is_array) {
            Some(list) => list,
            None => text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(single).collect(),
        },
        Operand::Pattern => Value::String(text.to_owned()),
        Operand::Single | Operand::Numeric => single(text),
    }
}

/// What is shown of an operand: read again by [`operand_of`], it is the same.
pub fn operand_text(operand: Operand, value: &Value) -> String {
    let simple = match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(bare).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    };
    if operand_of(operand, &simple) == *value { simple } else { value.to_string() }
}

/// A key in words: `request_timeout` is `Request timeout`.
pub fn title(key: &str) -> String {
    let words = match key {
        "cb_config" => "circuit breaker".to_owned(),
        "on_status_codes" => "on status codes".to_owned(),
        "override_params" => "set parameters".to_owned(),
        "default_params" => "default parameters".to_owned(),
        "drop_params" => "drop parameters".to_owned(),
        "api_key" => "API key".to_owned(),
        key => key.replace('_', " "),
    };
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// What a field says of itself: its meaning, and what may stand there.
pub fn meaning(field: &Field) -> String {
    match field.kind {
        Kind::Whole { .. } | Kind::Number { .. } => format!("{} {}.", field.meaning, capital(&field.kind.allowed())),
        Kind::List { of: Kind::Whole { .. } | Kind::Number { .. } | Kind::Text(_), .. } => {
            format!("{} Separated by commas.", field.meaning)
        }
        Kind::Map | Kind::List { .. } => format!("{} As JSON.", field.meaning),
        _ => field.meaning.to_owned(),
    }
}

/// How a mode works, in a few words.
pub fn mode_meaning(mode: &str) -> &'static str {
    match mode {
        "single" => "the first target",
        "fallback" => "in order, each where the one before failed",
        "loadbalance" => "one by weighted chance",
        "conditional" => "the first whose condition holds",
        "round-robin" => "one after the other, in turn",
        "priority" => "by tiers, healthy ones first",
        "least-latency" => "the fastest of late",
        "least-cost" => "the cheapest",
        _ => "",
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn number(text: &str) -> Option<Value> {
    serde_json::from_str::<Number>(text).ok().map(Value::Number)
}

/// A text that is written as JSON: an object, a list, or a text in quotation marks.
fn json(text: &str) -> Option<Value> {
    text.starts_with(['{', '[', '"']).then(|| serde_json::from_str(text).ok()).flatten()
}

fn list(kind: &Kind, text: &str) -> Value {
    let numbers = matches!(kind, Kind::List { of: Kind::Whole { .. } | Kind::Number { .. }, .. });
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    items.map(|item| number(item).filter(|_| numbers).unwrap_or_else(|| item.into())).collect()
}

/// A number, true, false, null, a quoted text, or the text that it is.
fn single(text: &str) -> Value {
    let read = serde_json::from_str::<Value>(text).ok();
    read.filter(|value| !value.is_array() && !value.is_object()).unwrap_or_else(|| text.into())
}

fn bare(value: &Value) -> String {
    match value {
        Value::String(text) if single(text) == *value => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::routing::field::{NODE, OPERATORS, Object};
    use crate::model::routing::grow::Seed;
    use crate::model::routing::read;
    use serde_json::json;

    /// Every field of the object, typed anew as it is shown.
    fn retyped(object: &'static Object, value: &Value) -> Value {
        let Value::Object(map) = value else { return value.clone() };
        map.iter()
            .map(|(key, value)| {
                let field = object.field(key).unwrap_or_else(|| panic!("{key} has a field"));
                (key.clone(), again(&field.kind, value))
            })
            .collect()
    }

    fn again(kind: &'static Kind, value: &Value) -> Value {
        match (kind, value) {
            (Kind::Object(object), Value::Object(_)) => retyped(object, value),
            (Kind::List { of: Kind::Object(object), .. }, Value::Array(items)) => {
                items.iter().map(|item| retyped(object, item)).collect()
            }
            (Kind::Either([Kind::Object(object), ..]), Value::Object(_)) => retyped(object, value),
            (Kind::Query, query) => asked(query),
            (kind, value) => value_of(kind, &text_of(kind, value)).unwrap_or(Value::Null),
        }
    }

    /// A query, each of its operands typed anew.
    fn asked(query: &Value) -> Value {
        let test = |(key, value): (&String, &Value)| {
            let value = match value {
                Value::Array(queries) if key.starts_with('$') => queries.iter().map(asked).collect(),
                Value::Object(tests) => {
                    tests.iter().map(|(name, value)| (name.clone(), compared(name, value))).collect()
                }
                plain => compared("$eq", plain),
            };
            (key.clone(), value)
        };
        query.as_object().map(|query| query.iter().map(test).collect()).unwrap_or_default()
    }

    fn compared(name: &str, value: &Value) -> Value {
        let operand =
            OPERATORS.iter().find(|(known, _)| *known == name).map_or(Operand::Single, |(_, operand)| *operand);
        operand_of(operand, &operand_text(operand, value))
    }

    #[test]
    fn from_form_to_json_to_form_nothing_changes() {
        for seed in 0..2_000 {
            let config = Seed::new(seed).config();
            assert!(read(&config).is_ok(), "{config}");
            let typed = retyped(&NODE, &config);
            assert_eq!(typed, config, "seed {seed}");
            let text = serde_json::to_string_pretty(&typed).expect("JSON");
            assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), config, "seed {seed}");
        }
    }

    #[test]
    fn what_is_typed_keeps_its_kind() {
        const STATUSES: Kind = Kind::List { of: &Kind::Whole { least: 100, most: 599 }, least: 0 };
        const WEIGHT: Kind = Kind::Number { least: 0.0, most: 1.0 };
        for (kind, text, value) in [
            (&STATUSES, "429, 500,", json!([429, 500])),
            (&STATUSES, "429, x", json!([429, "x"])),
            (&STATUSES, "[]", json!([])),
            (&WEIGHT, "0.7", json!(0.7)),
            (&WEIGHT, "0.", json!("0.")),
            (&WEIGHT, "a", json!("a")),
            (&Kind::Map, r#"{"a": 1}"#, json!({"a": 1})),
            (&Kind::Map, r#"{"a""#, json!(r#"{"a""#)),
        ] {
            assert_eq!(value_of(kind, text), Some(value), "{text}");
        }
        assert_eq!(value_of(&WEIGHT, " "), None);
        assert_eq!(operand_of(Operand::Single, "\"12\""), json!("12"));
        assert_eq!(operand_text(Operand::Several, &json!(["a", 1, "1"])), r#"a, 1, "1""#);
    }
}
