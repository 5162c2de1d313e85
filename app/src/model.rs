//! Types shared by browser, store and gateway: serde and std only.

pub mod account;
pub mod alert;
pub mod analytics;
pub mod chat;
pub mod config;
pub mod duration;
pub mod explain;
pub mod key;
pub mod limit;
pub mod log;
pub mod models;
pub mod money;
pub mod playground;
pub mod plot;
pub mod provider;
pub mod range;
pub mod recompute;
pub mod reference;
pub mod routing;
pub mod scope;
pub mod trace;
pub mod transfer;
pub mod usage;

use serde::{Deserialize, Serialize};

/// Where an object was made. What a file or the environment declares is locked in the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    Console,
    File,
    Environment,
    BuiltIn,
}

impl Origin {
    /// The word stored in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::File => "file",
            Self::Environment => "environment",
            Self::BuiltIn => "built_in",
        }
    }

    /// Reads a stored word; an unknown one counts as made in the console.
    pub fn from_word(word: &str) -> Self {
        match word {
            "file" => Self::File,
            "environment" => Self::Environment,
            "built_in" => Self::BuiltIn,
            _ => Self::Console,
        }
    }

    /// Whether the console may change or remove the object.
    pub fn locked(self) -> bool {
        self != Self::Console
    }
}
