//! A config read: every mistake at once, each with its place.
//!
//! What can be said of one value alone stands in the table of [`field`](super::field); here is the walk, and what one part
//! of a config demands of another. Depth, text and the number of mistakes are bounded.

mod near;
mod place;
mod query;
#[cfg(test)]
mod tests;

use super::Node;
use super::field::{Clause, Field, Form, Kind, NODE, Need, OBJECTS, Object};
use near::nearest;
use place::{Place, clip};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

#[cfg(test)]
pub(crate) use tests::grow;

/// Bytes of a config's text.
const TEXT_MOST: usize = 1024 * 1024;
/// Objects and lists within each other, the root included.
const DEPTH_MOST: usize = 64;
/// Mistakes told at once.
const MISTAKES_MOST: usize = 100;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mistake {
    /// Such as `targets[0].retry.attempts`; empty for the root.
    pub path: String,
    /// What is wrong and what is allowed. It shows keys and words of the config, never a text that could be a secret.
    pub message: String,
}

/// What a config's JSON text means.
///
/// # Errors
/// Every mistake, as [`read`]; or the one that the text is too long or no JSON.
pub fn read_text(text: &str) -> Result<Node, Vec<Mistake>> {
    let refused = |message: String| Err(vec![Mistake { path: String::new(), message }]);
    if text.len() > TEXT_MOST {
        return refused(format!("Too long. Use at most {TEXT_MOST} bytes of JSON."));
    }
    match serde_json::from_str::<Value>(text) {
        Ok(value) => read(&value),
        Err(error) if error.to_string().starts_with("recursion limit") => refused(too_deep()),
        Err(error) => refused(format!("Not valid JSON: {error}. Use a JSON object.")),
    }
}

/// What a config means.
///
/// # Errors
/// Every mistake, in the order of the keys, [`MISTAKES_MOST`] at most.
pub fn read(value: &Value) -> Result<Node, Vec<Mistake>> {
    let mut reader = Reader::default();
    reader.object(&NODE, value, &Place::root());
    if reader.mistakes.is_empty() {
        // The table asks for no less than the types do, so that this does not fail; serde's words would show the value.
        let unread = "This cannot be read as a config. Compare it with the schema at /schema/config.json.";
        Node::deserialize(value).map_err(|_| vec![Mistake { path: String::new(), message: unread.into() }])
    } else {
        Err(reader.mistakes)
    }
}

#[derive(Default)]
struct Reader {
    mistakes: Vec<Mistake>,
}

impl Reader {
    fn note(&mut self, place: &Place<'_>, message: impl Into<String>) {
        if !self.full() {
            self.mistakes.push(Mistake { path: place.path(), message: message.into() });
        }
    }

    fn full(&self) -> bool {
        self.mistakes.len() >= MISTAKES_MOST
    }

    fn value(&mut self, kind: &Kind, value: &Value, place: &Place<'_>) {
        match (kind, value) {
            _ if self.full() => {}
            (_, Value::Array(_) | Value::Object(_)) if place.depth > DEPTH_MOST => self.note(place, too_deep()),
            (Kind::Text(form), Value::String(text)) if form.fits(text) => {}
            (Kind::Flag, Value::Bool(_)) => {}
            (Kind::Whole { least, most }, Value::Number(number))
                if number.as_u64().is_some_and(|number| (*least..=*most).contains(&number)) => {}
            (Kind::Number { least, most }, Value::Number(number))
                if number.as_f64().is_some_and(|number| (*least..=*most).contains(&number)) => {}
            (Kind::Words(words), Value::String(word)) if words.contains(&word.as_str()) => {}
            (Kind::List { of, least }, Value::Array(items)) if items.len() >= *least => {
                for (at, item) in items.iter().enumerate() {
                    self.value(of, item, &place.index(at));
                }
            }
            (Kind::Map | Kind::Query, Value::Object(_)) if !shallow(value, DEPTH_MOST + 1 - place.depth) => {
                self.note(place, too_deep());
            }
            (Kind::Map, Value::Object(_)) => {}
            (Kind::Query, Value::Object(query)) => self.query(query, place),
            (Kind::Object(object), Value::Object(_)) => self.object(object, value, place),
            (Kind::Either(kinds), _) => match kinds.iter().find(|kind| same_shape(kind, value)) {
                Some(kind) => self.value(kind, value, place),
                None => self.note(place, refusal(kind, value)),
            },
            _ => self.note(place, refusal(kind, value)),
        }
    }

    fn object(&mut self, object: &Object, value: &Value, place: &Place<'_>) {
        let Value::Object(given) = value else {
            return self.note(place, format!("Use a JSON object, not {}.", shape(value)));
        };
        let before = self.mistakes.len();
        for (key, value) in given {
            match object.field(key) {
                _ if self.full() => return,
                Some(field) => self.value(&field.kind, value, &place.key(key)),
                None => self.note(&place.key(key), unknown(object, key)),
            }
        }
        for field in object.all() {
            self.presence(object, field, given, place);
        }
        if self.mistakes.len() == before && !enough(object, given) {
            self.note(place, object.lacking);
        }
        if object.name == NODE.name {
            self.targets(given, place);
        }
    }

    /// What must be there, because of the field itself or of another.
    fn presence(&mut self, object: &Object, field: &Field, given: &Map<String, Value>, place: &Place<'_>) {
        let missing = |key: &str| !given.contains_key(key);
        let mode = |mode: &str| given.get("mode").and_then(Value::as_str) == Some(mode);
        match field.need {
            Need::Always if missing(field.key) => {
                self.note(&place.key(field.key), format!("Required. Use {}.", field.kind.allowed()));
            }
            Need::Mode(word) if mode(word) && missing(field.key) => {
                let said = match field.key {
                    "conditions" => "No conditions passed in the query router.",
                    _ => "Query router did not resolve to any valid target.",
                };
                let told = format!("{said} Required by the mode {word}: {}.", field.kind.allowed());
                self.note(&place.key(field.key), told);
            }
            _ => {}
        }
        if let Some(other) = field.beside
            && !missing(field.key)
            && missing(other)
        {
            let allowed = object.field(other).map(|other| other.kind.allowed()).unwrap_or_default();
            self.note(&place.key(other), format!("Required beside {}. Use {allowed}.", field.key));
        }
    }

    /// What a strategy demands of the targets beside it.
    fn targets(&mut self, given: &Map<String, Value>, place: &Place<'_>) {
        let (Some(Value::Object(strategy)), Some(Value::Array(targets))) =
            (given.get("strategy"), given.get("targets"))
        else {
            return;
        };
        let text = |key: &str| strategy.get(key).and_then(Value::as_str);
        let weightless = |target: &Value| target.get("weight").and_then(Value::as_f64) == Some(0.0);
        if text("mode") == Some("loadbalance") && !targets.is_empty() && targets.iter().all(weightless) {
            self.note(&place.key("targets"), "No provider selected: every weight is 0. Give one target more than 0.");
        }
        let names: BTreeSet<&str> = targets.iter().filter_map(|target| target.get("name")?.as_str()).collect();
        let at = place.key("strategy");
        if let Some(name) = text("default") {
            self.named(name, &names, &at.key("default"));
        }
        let conditions = strategy.get("conditions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let list = at.key("conditions");
        for (number, condition) in conditions.iter().enumerate() {
            if let Some(name) = condition.get("then").and_then(Value::as_str) {
                self.named(name, &names, &list.index(number).key("then"));
            }
        }
    }

    fn named(&mut self, name: &str, names: &BTreeSet<&str>, place: &Place<'_>) {
        if self.full() || name.is_empty() || names.contains(name) {
            return;
        }
        let said = format!("Invalid target name found in the query router: {}.", clip(name));
        let known: Vec<String> = names.iter().take(10).map(|name| clip(name)).collect();
        self.note(
            place,
            match known.is_empty() {
                true => format!("{said} No target here has a name: give one the field name."),
                false => format!("{said} Names of the targets here: {}.", known.join(", ")),
            },
        );
    }
}

fn enough(object: &Object, given: &Map<String, Value>) -> bool {
    let holds = |clause: &Clause| match clause {
        Clause::Has(key) => given.contains_key(*key),
        Clause::Begins(key, start) => {
            given.get(*key).and_then(Value::as_str).is_some_and(|text| text.starts_with(start))
        }
        Clause::Among(key, words) => given.get(*key).and_then(Value::as_str).is_some_and(|text| words.contains(&text)),
        Clause::Off(key) => given.get(*key) == Some(&Value::Bool(false)),
    };
    object.enough.is_empty() || object.enough.iter().any(|clauses| clauses.iter().all(holds))
}

/// What is wrong with `value`, which is not of `kind`. Texts are not repeated, but for words: they could be secrets.
fn refusal(kind: &Kind, value: &Value) -> String {
    match (kind, value) {
        (Kind::Words(words), Value::String(word)) => {
            let near = nearest(word, words.iter().copied()).map(|near| format!(" Did you mean {near}?"));
            format!("Use {}, not {}.{}", kind.allowed(), clip(word), near.unwrap_or_default())
        }
        (Kind::Whole { .. } | Kind::Number { .. }, Value::Number(number)) => {
            format!("Use {}, not {number}.", kind.allowed())
        }
        (Kind::List { .. }, Value::Array(_)) => format!("Use {}.", kind.allowed()),
        (Kind::Text(Form::Plain), Value::String(_)) => "Use a text that is not empty.".into(),
        (Kind::Text(_), Value::String(_)) => format!("Use {}.", kind.allowed()),
        _ => format!("Use {}, not {}.", kind.allowed(), shape(value)),
    }
}

fn unknown(object: &Object, key: &str) -> String {
    if object.name == NODE.name && key == "options" {
        return "This format is too old. Use strategy and targets in place of options.".into();
    }
    if let Some(near) = nearest(key, object.all().map(|field| field.key)) {
        return format!("Unknown key. Did you mean {near}?");
    }
    if let Some(home) = OBJECTS.iter().find(|home| home.field(key).is_some()) {
        return format!("Unknown key here. It belongs to {}.", home.name);
    }
    let allowed: Vec<&str> = object.all().filter(|field| field.exists).map(|field| field.key).collect();
    format!("Unknown key. Allowed here: {}.", allowed.join(", "))
}

fn same_shape(kind: &Kind, value: &Value) -> bool {
    matches!(
        (kind, value),
        (Kind::Text(_) | Kind::Words(_), Value::String(_)) | (Kind::Map | Kind::Object(_), Value::Object(_))
    )
}

/// The value holds no more than `levels` objects and lists within each other, itself included.
fn shallow(value: &Value, levels: usize) -> bool {
    let within = levels.checked_sub(1);
    match (value, within) {
        (Value::Array(items), Some(within)) => items.iter().all(|item| shallow(item, within)),
        (Value::Object(fields), Some(within)) => fields.values().all(|field| shallow(field, within)),
        (Value::Array(_) | Value::Object(_), None) => false,
        _ => true,
    }
}

fn shape(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn too_deep() -> String {
    format!("Nested too deep. Use at most {DEPTH_MOST} objects and lists within each other.")
}
