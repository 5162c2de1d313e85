//! A stream put together again.

mod message;

use message::Message;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The answer that the stream's events add up to, as `chat.completion` or `text_completion`; `None` where there is no
/// event. An error event is kept under `error`. Choices and tool calls stand in the order of their `index`.
pub fn assemble(sse: &[u8]) -> Option<Value> {
    let mut whole = Map::new();
    let mut choices: BTreeMap<u64, Choice> = BTreeMap::new();
    for event in events(sse) {
        let Value::Object(mut event) = event else { continue };
        for part in event.remove("choices").as_ref().and_then(Value::as_array).into_iter().flatten() {
            choices.entry(part["index"].as_u64().unwrap_or(0)).or_default().add(part);
        }
        whole.entry("object").or_insert_with(|| event.get("object").cloned().unwrap_or_default());
        let counted = event.get("usage").is_some_and(|usage| !usage.is_null());
        let groq = event.get("x_groq").filter(|_| !counted).map(|groq| groq["usage"].clone()).unwrap_or_default();
        let named = event.into_iter().filter(|(name, value)| name != "object" && !value.is_null());
        whole.extend(named);
        if !groq.is_null() {
            whole.insert("usage".into(), groq);
        }
    }
    let kind = whole.get_mut("object")?;
    let text = choices.values().any(|choice| choice.text.is_some());
    *kind = if text { "text_completion".into() } else { "chat.completion".into() };
    whole.remove("obfuscation");
    let choices = choices.into_iter().map(|(index, choice)| choice.whole(index));
    whole.insert("choices".into(), choices.collect());
    Some(Value::Object(whole))
}

/// The events of a stream that are JSON objects.
fn events(sse: &[u8]) -> impl Iterator<Item = Value> {
    let lines = sse.split(|byte| *byte == b'\n').filter_map(|line| line.strip_prefix(b"data:"));
    lines.filter_map(|data| serde_json::from_slice::<Value>(data).ok()).filter(Value::is_object)
}

#[derive(Default)]
struct Choice {
    message: Message,
    text: Option<String>,
    finish: Value,
    logprobs: Value,
    /// What vendors add.
    rest: Map<String, Value>,
}

impl Choice {
    fn add(&mut self, part: &Value) {
        for (name, value) in part.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
            match name.as_str() {
                "index" => {}
                "delta" => self.message.add(value),
                "text" => self.text.get_or_insert_default().push_str(value.as_str().unwrap_or_default()),
                "finish_reason" => self.finish = value.clone(),
                "logprobs" => message::append(&mut self.logprobs, value),
                _ => {
                    self.rest.insert(name.clone(), value.clone());
                }
            }
        }
    }

    fn whole(self, index: u64) -> Value {
        let mut whole = self.rest;
        whole.insert("index".into(), index.into());
        match self.text {
            Some(text) => whole.insert("text".into(), text.into()),
            None => whole.insert("message".into(), self.message.whole()),
        };
        if !self.logprobs.is_null() {
            whole.insert("logprobs".into(), self.logprobs);
        }
        whole.insert("finish_reason".into(), self.finish);
        Value::Object(whole)
    }
}
