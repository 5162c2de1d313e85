//! A stream put together again.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The answer that the stream's events add up to, as `chat.completion` or `text_completion`; `None` where there is no
/// event. An error event is kept under `error`.
pub fn assemble(sse: &[u8]) -> Option<Value> {
    let mut whole = Map::new();
    let mut choices: Vec<Choice> = Vec::new();
    for event in events(sse) {
        for name in ["id", "created", "model", "system_fingerprint", "service_tier", "usage", "error"] {
            if !event[name].is_null() {
                whole.insert(name.into(), event[name].clone());
            }
        }
        if !event["x_groq"]["usage"].is_null() {
            whole.insert("usage".into(), event["x_groq"]["usage"].clone());
        }
        for part in event["choices"].as_array().into_iter().flatten() {
            at_index(&mut choices, part).add(part);
        }
        whole.entry("object").or_insert_with(|| event["object"].clone());
    }
    let kind = whole.get_mut("object")?;
    let text = choices.iter().any(|choice| choice.text.is_some());
    *kind = if text { "text_completion".into() } else { "chat.completion".into() };
    whole.insert("choices".into(), choices.into_iter().map(Choice::whole).collect());
    Some(Value::Object(whole))
}

fn events(sse: &[u8]) -> impl Iterator<Item = Value> {
    let lines = sse.split(|byte| *byte == b'\n').filter_map(|line| line.strip_prefix(b"data:"));
    lines.filter_map(|data| serde_json::from_slice::<Value>(data).ok()).filter(Value::is_object)
}

#[derive(Default)]
struct Choice {
    index: u64,
    role: Option<String>,
    /// Texts that come in pieces: content, refusal, reasoning.
    texts: BTreeMap<&'static str, String>,
    calls: Vec<Call>,
    text: Option<String>,
    finish: Value,
}

#[derive(Default)]
struct Call {
    index: u64,
    id: String,
    name: String,
    arguments: String,
}

/// What is put together by the `index` that its pieces carry.
trait Indexed: Default {
    fn index(&mut self) -> &mut u64;
}

impl Indexed for Choice {
    fn index(&mut self) -> &mut u64 {
        &mut self.index
    }
}

impl Indexed for Call {
    fn index(&mut self) -> &mut u64 {
        &mut self.index
    }
}

fn at_index<'a, T: Indexed>(items: &'a mut Vec<T>, part: &Value) -> &'a mut T {
    let index = part["index"].as_u64().unwrap_or(0);
    let at = items.iter_mut().position(|item| *item.index() == index).unwrap_or_else(|| {
        let mut item = T::default();
        *item.index() = index;
        items.push(item);
        items.len() - 1
    });
    &mut items[at]
}

impl Choice {
    fn add(&mut self, part: &Value) {
        let delta = &part["delta"];
        if let Some(text) = part["text"].as_str() {
            self.text.get_or_insert_default().push_str(text);
        }
        if let Some(role) = delta["role"].as_str() {
            self.role = Some(role.to_owned());
        }
        for name in ["content", "refusal", "reasoning", "reasoning_content"] {
            if let Some(piece) = delta[name].as_str() {
                self.texts.entry(name).or_default().push_str(piece);
            }
        }
        for call in delta["tool_calls"].as_array().into_iter().flatten() {
            at_index(&mut self.calls, call).add(call);
        }
        if !part["finish_reason"].is_null() {
            self.finish = part["finish_reason"].clone();
        }
    }

    fn whole(self) -> Value {
        if let Some(text) = self.text {
            return json!({ "index": self.index, "text": text, "finish_reason": self.finish });
        }
        let texts = self.texts.into_iter().map(|(name, text)| (name.to_owned(), Value::from(text)));
        let mut message: Map<_, _> = texts.collect();
        message.insert("role".into(), self.role.unwrap_or_else(|| "assistant".into()).into());
        message.entry("content").or_insert(Value::Null);
        if !self.calls.is_empty() {
            message.insert("tool_calls".into(), self.calls.into_iter().map(Call::whole).collect());
        }
        json!({ "index": self.index, "message": message, "finish_reason": self.finish })
    }
}

impl Call {
    fn add(&mut self, part: &Value) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        self.id.push_str(&text(&part["id"]));
        self.name.push_str(&text(&part["function"]["name"]));
        self.arguments.push_str(&text(&part["function"]["arguments"]));
    }

    fn whole(self) -> Value {
        json!({ "id": self.id, "type": "function", "function": { "name": self.name, "arguments": self.arguments } })
    }
}
