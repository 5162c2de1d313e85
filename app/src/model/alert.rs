//! What people were told of budgets.

use serde::{Deserialize, Serialize};

/// What became of a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Crossed {
    /// More is spent than the amount from which people want to know.
    Threshold,
    /// Its calls are refused.
    Exhausted,
}

impl Crossed {
    pub fn word(self) -> &'static str {
        match self {
            Self::Threshold => "threshold",
            Self::Exhausted => "exhausted",
        }
    }

    /// Reads a stored word.
    pub fn from_word(word: &str) -> Self {
        if word == "exhausted" { Self::Exhausted } else { Self::Threshold }
    }
}

/// One alert, as the console lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertRow {
    pub id: String,
    /// Id of the budget.
    pub budget: String,
    /// Of a budget that counts by groups, which one; else empty.
    pub part: String,
    /// Start of the budget's period, milliseconds.
    pub period: i64,
    pub crossed: Crossed,
    /// A sentence.
    pub text: String,
    pub at: i64,
    pub sends: Vec<SendRow>,
}

/// One way that an alert goes out by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendRow {
    /// `webhook` or `mail`.
    pub way: String,
    pub tries: u32,
    pub sent_at: Option<i64>,
    /// It is tried again then; `None` where it was sent or given up.
    pub next_at: Option<i64>,
    /// Of the last try, where that failed.
    pub error: Option<String>,
}

/// What the console shows of alerts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alerts {
    /// Newest first.
    pub rows: Vec<AlertRow>,
    /// The ways that are set up beside the console, in words such as `webhook` and `mail`.
    pub ways: Vec<String>,
}
