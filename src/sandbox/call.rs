//! What callers of the sandbox send, as far as it matters to an answer that is made up.

use serde::Deserialize;
use serde_json::Value;

/// The endpoint called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Chat,
    Text,
    Embeddings,
    Response,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Call {
    pub(super) model: String,
    pub(super) stream: bool,
    pub(super) messages: Vec<Message>,
    pub(super) prompt: Value,
    pub(super) input: Value,
    pub(super) tools: Vec<Tool>,
    pub(super) response_format: Value,
    pub(super) dimensions: Option<u32>,
    pub(super) encoding_format: Option<String>,
    max_tokens: Option<u64>,
    max_completion_tokens: Option<u64>,
    stream_options: Option<StreamOptions>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Message {
    pub(super) role: String,
    pub(super) content: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Tool {
    pub(super) function: Function,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) parameters: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct StreamOptions {
    include_usage: bool,
}

impl Call {
    pub(super) fn wants_usage(&self) -> bool {
        self.stream_options.as_ref().is_some_and(|options| options.include_usage)
    }

    pub(super) fn most_tokens(&self) -> u64 {
        self.max_completion_tokens.or(self.max_tokens).unwrap_or(u64::MAX)
    }

    /// The last user message, or the prompt.
    pub(super) fn last_words(&self) -> String {
        let last = self.messages.iter().rev().find(|message| message.role == "user");
        last.map_or_else(|| text(&self.prompt), |message| text(&message.content))
    }

    /// What a tool answered, if that is what comes last.
    pub(super) fn tool_result(&self) -> Option<String> {
        self.messages.last().filter(|message| message.role == "tool").map(|message| text(&message.content))
    }

    pub(super) fn prompt_tokens(&self) -> u64 {
        let messages: u64 = self.messages.iter().map(|message| tokens(&text(&message.content))).sum();
        messages + tokens(&text(&self.prompt))
    }

    pub(super) fn inputs(&self) -> Vec<String> {
        match &self.input {
            Value::Array(items) if !items.iter().any(Value::is_number) => items.iter().map(text).collect(),
            input => vec![text(input)],
        }
    }
}

/// A made-up tokenizer: four characters of a word are a token.
pub(super) fn tokens(text: &str) -> u64 {
    text.split_whitespace().map(|word| u64::try_from(word.chars().count().div_ceil(4)).unwrap_or(u64::MAX)).sum()
}

/// The text of a string, of a list of strings, or of the text parts of a message.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" "),
        Value::Object(part) => part.get("text").map(text).unwrap_or_default(),
        other => other.to_string(),
    }
}
