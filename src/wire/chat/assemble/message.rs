//! The message of one choice, out of its deltas.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

#[derive(Default)]
pub(super) struct Message {
    fields: Map<String, Value>,
    /// By index.
    calls: BTreeMap<u64, Call>,
}

/// A tool call in the making; what it calls is under its type's name, `function` or `custom`.
#[derive(Default)]
struct Call {
    fields: Map<String, Value>,
}

/// Texts that come in pieces.
const TEXTS: [&str; 4] = ["content", "refusal", "reasoning", "reasoning_content"];

impl Message {
    pub(super) fn add(&mut self, delta: &Value) {
        for (name, value) in delta.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
            match (name.as_str(), value) {
                ("tool_calls", Value::Array(parts)) => parts.iter().for_each(|part| self.add_call(part)),
                (name, Value::String(piece)) if TEXTS.contains(&name) => push(&mut self.fields, name, piece),
                ("function_call", Value::Object(part)) => add_called(&mut self.fields, "function_call", part),
                (name, Value::Object(_) | Value::Array(_)) => {
                    append(self.fields.entry(name).or_insert(Value::Null), value);
                }
                (name, value) => set(&mut self.fields, name, value),
            }
        }
    }

    pub(super) fn whole(mut self) -> Value {
        self.fields.entry("role").or_insert_with(|| "assistant".into());
        self.fields.entry("content").or_insert(Value::Null);
        if !self.calls.is_empty() {
            self.fields.insert("tool_calls".into(), self.calls.into_values().map(Call::whole).collect());
        }
        Value::Object(self.fields)
    }

    /// Vendors that send each call in one piece may leave the index out, or give each the same: an id of its own is
    /// another call.
    fn add_call(&mut self, part: &Value) {
        let (given, id) = (part["index"].as_u64(), part["id"].as_str().unwrap_or_default());
        let other = |call: &Call| {
            let known = call.fields.get("id").and_then(Value::as_str).unwrap_or_default();
            !id.is_empty() && !known.is_empty() && known != id
        };
        let last = self.calls.keys().next_back().copied().unwrap_or(0);
        let index = given.unwrap_or(last);
        let index = if self.calls.get(&index).is_some_and(other) { last.saturating_add(1) } else { index };
        self.calls.entry(index).or_default().add(part);
    }
}

impl Call {
    fn add(&mut self, part: &Value) {
        for (name, value) in part.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
            match (name.as_str(), value) {
                ("index", _) => {}
                (name @ ("function" | "custom"), Value::Object(called)) => {
                    add_called(&mut self.fields, name, called);
                }
                (name, value) => set(&mut self.fields, name, value),
            }
        }
    }

    fn whole(mut self) -> Value {
        let kind = if self.fields.contains_key("custom") { "custom" } else { "function" };
        self.fields.entry("id").or_insert_with(|| "".into());
        self.fields.entry("type").or_insert_with(|| kind.into());
        if kind == "function" {
            let called = self.fields.entry("function").or_insert_with(|| json!({}));
            for name in ["name", "arguments"] {
                if let Some(called) = called.as_object_mut() {
                    called.entry(name).or_insert_with(|| "".into());
                }
            }
        }
        Value::Object(self.fields)
    }
}

/// Adds to a list, to an object member by member: lists and the texts of an object come in pieces, other values once.
pub(super) fn append(whole: &mut Value, part: &Value) {
    match (whole, part) {
        (Value::Array(items), Value::Array(more)) => items.extend(more.iter().cloned()),
        (Value::Object(members), Value::Object(more)) => {
            for (name, value) in more.iter().filter(|(_, value)| !value.is_null()) {
                match (members.get_mut(name), value) {
                    (Some(Value::String(text)), Value::String(piece)) if PIECED.contains(&name.as_str()) => {
                        text.push_str(piece);
                    }
                    (Some(own), value) => append(own, value),
                    (None, value) => {
                        members.insert(name.clone(), value.clone());
                    }
                }
            }
        }
        (whole, part) => *whole = part.clone(),
    }
}

/// Texts within objects that come in pieces: spoken answers, thoughts.
const PIECED: [&str; 5] = ["data", "transcript", "text", "thinking", "content"];

/// A called function or tool: its name comes once, though some repeat it; its arguments or input in pieces.
fn add_called(fields: &mut Map<String, Value>, under: &str, part: &Map<String, Value>) {
    let called = fields.entry(under).or_insert_with(|| json!({}));
    let Value::Object(called) = called else { return };
    for (name, value) in part.iter().filter(|(_, value)| !value.is_null()) {
        match value {
            Value::String(piece) if name != "name" => push(called, name, piece),
            value => set(called, name, value),
        }
    }
}

fn push(fields: &mut Map<String, Value>, name: &str, piece: &str) {
    match fields.get_mut(name) {
        Some(Value::String(text)) => text.push_str(piece),
        // Some send thoughts as parts and go on with plain text.
        Some(Value::Array(parts)) => parts.push(json!({ "type": "text", "text": piece })),
        _ => {
            fields.insert(name.to_owned(), piece.into());
        }
    }
}

/// What comes once; repeated as an empty text it stays.
fn set(fields: &mut Map<String, Value>, name: &str, value: &Value) {
    if value.as_str() != Some("") || !fields.contains_key(name) {
        fields.insert(name.to_owned(), value.clone());
    }
}
