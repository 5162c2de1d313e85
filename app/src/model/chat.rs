//! A conversation, read out of logged bodies.

use serde::{Deserialize, Serialize};

/// One turn of a chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// `system`, `user`, `assistant` or `tool`.
    pub role: String,
    pub parts: Vec<Part>,
    /// Such as `stop`, on the answer only.
    pub finish: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Markdown rendered and cleaned by the server.
    Html(String),
    /// Text as it is.
    Text(String),
    ToolCall {
        id: String,
        name: String,
        arguments: String,
    },
    ToolResult {
        id: String,
        content: String,
    },
    /// An image or file that is not shown, said in words.
    Note(String),
}
