//! What past calls would cost by other prices: asked first, done after.

use super::money::Nanos;
use serde::{Deserialize, Serialize};

/// Which prices count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Those that a call would be charged by now.
    #[default]
    Today,
    /// Those in force when the call was made, as far as they are known now.
    Then,
}

/// The form, as typed: days in UTC, `2026-11-01`. Empty: the last 30 days before today.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct RecomputeForm {
    pub from: String,
    /// The last day; it counts whole.
    pub to: String,
    pub by: By,
}

/// What would change, or has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recompute {
    /// As it was understood.
    pub form: RecomputeForm,
    /// Whether calls were looked at; else only the form is filled in.
    pub looked: bool,
    /// By what changes most.
    pub lines: Vec<RecomputeLine>,
    /// Of the whole workspace.
    pub all: RecomputeSum,
    /// Whether this person may do it.
    pub editable: bool,
}

/// The calls of one model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecomputeLine {
    /// Slug of the provider.
    pub provider: String,
    /// As served.
    pub model: String,
    pub sum: RecomputeSum,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecomputeSum {
    /// Calls that used tokens.
    pub calls: u64,
    /// Those whose cost changes.
    pub changed: u64,
    /// Those that had no cost and get one.
    pub priced: u64,
    /// Those that have no cost after it either.
    pub unpriced: u64,
    pub before: Nanos,
    pub after: Nanos,
}

impl By {
    pub const ALL: [Self; 2] = [Self::Today, Self::Then];

    pub fn word(self) -> &'static str {
        match self {
            Self::Today => "today",
            Self::Then => "then",
        }
    }

    pub fn from_word(word: &str) -> Self {
        Self::ALL.into_iter().find(|by| by.word() == word).unwrap_or_default()
    }
}

impl RecomputeSum {
    pub fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.changed += other.changed;
        self.priced += other.priced;
        self.unpriced += other.unpriced;
        self.before = Nanos(self.before.0.saturating_add(other.before.0));
        self.after = Nanos(self.after.0.saturating_add(other.after.0));
    }

    /// What comes on top, or goes.
    pub fn change(&self) -> Nanos {
        Nanos(self.after.0.saturating_sub(self.before.0))
    }
}
