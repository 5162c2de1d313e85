//! The routing setup as one file: out, and in after a look at what would change.

use crate::model::key::MintedKey;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Provider,
    Model,
    Price,
    Config,
    ApiKey,
    Limit,
}

/// What an import does to a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    Added,
    Changed,
    /// It is so already.
    Same,
    /// The file would change it, and it is declared outside the console.
    Locked,
    /// It is here and not in the file: an import removes nothing.
    Left,
}

/// One thing of the file, or one that is here beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub kind: Kind,
    pub name: String,
    pub change: Change,
    /// Sentences: what changes, and what a person has to do after.
    pub notes: Vec<String>,
    /// The text before and after, of a config that changes.
    pub texts: Option<(String, String)>,
}

/// Something to put right in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flaw {
    /// Such as `line 12`.
    pub at: String,
    /// Such as `provider[1].slug`.
    pub key: String,
    pub text: String,
}

/// What an import would do. With flaws, nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub flaws: Vec<Flaw>,
    pub lines: Vec<Line>,
}

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    pub added: u32,
    pub changed: u32,
    /// The only time that these secrets are seen.
    pub keys: Vec<MintedKey>,
    /// What is left to do.
    pub notes: Vec<String>,
}

/// Everything the page shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// The setup as it is.
    pub text: String,
    /// Of the file that this person put down last.
    pub plan: Option<Plan>,
    /// Of the plan; it comes back with the word to apply it, so that nothing else is done than what was shown.
    pub mark: String,
    /// Shown once, right after it was done.
    pub applied: Option<Applied>,
    /// Whether this person may bring anything.
    pub editable: bool,
}

impl Plan {
    pub fn count(&self, change: Change) -> usize {
        self.lines.iter().filter(|line| line.change == change).count()
    }

    /// Whether applying it does anything.
    pub fn acts(&self) -> bool {
        self.flaws.is_empty() && self.lines.iter().any(|line| matches!(line.change, Change::Added | Change::Changed))
    }
}

impl Kind {
    pub fn label(self) -> &'static str {
        match self {
            Self::Provider => "Provider",
            Self::Model => "Model",
            Self::Price => "Price",
            Self::Config => "Config",
            Self::ApiKey => "API key",
            Self::Limit => "Limit",
        }
    }
}
