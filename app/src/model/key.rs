//! API keys as people see them; a secret exists only in [`MintedKey`].

mod allowed;

pub use allowed::{Allowed, matches};

use crate::model::Origin;
use crate::model::limit::{BudgetRow, RateRow};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A row of the keys page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRow {
    pub id: String,
    pub name: String,
    pub description: String,
    /// `sy-` and the last four characters are all that is kept in clear.
    pub last_four: String,
    pub scopes: Vec<String>,
    /// Slug of the default config, `pc-…`.
    pub config: Option<String>,
    /// A call may bring its own config.
    pub config_override: bool,
    pub metadata: BTreeMap<String, String>,
    /// No call overrides the metadata.
    pub enforced: bool,
    pub allowed: Allowed,
    pub origin: Origin,
    pub created_at: i64,
    pub expires_at: Option<i64>,
    pub revoked_at: Option<i64>,
    pub last_used_at: Option<i64>,
    /// When the secret in force was last used.
    pub secret_used_at: Option<i64>,
    /// Secrets of before a rotation that still open.
    pub past: Vec<PastRow>,
    /// Calls in the last 24 hours.
    pub calls: u64,
    /// Its own.
    pub budgets: Vec<BudgetRow>,
    pub rates: Vec<RateRow>,
}

/// A secret of before a rotation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastRow {
    /// Names it among the secrets of its key.
    pub mark: String,
    /// Empty where it was not kept.
    pub last_four: String,
    /// When it ends, milliseconds.
    pub until: i64,
    pub last_used_at: Option<i64>,
}

/// The form of a key, new or to be changed, as a browser sends it: what is not ticked is not sent. Lists that are empty
/// allow everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeyForm {
    /// Empty: a new one.
    pub id: String,
    pub name: String,
    pub description: String,
    pub scopes: Vec<String>,
    pub config: String,
    /// A call may bring its own config.
    pub config_override: bool,
    /// A JSON object of texts, or empty.
    pub metadata: String,
    /// No call overrides the metadata.
    pub enforced: bool,
    /// Patterns such as `@openai/gpt-4o*`, apart by space, comma or line.
    pub allowed_models: String,
    /// Slugs.
    pub allowed_providers: Vec<String>,
    /// A UTC date or time such as `2027-01-31T12:00`; empty: never.
    pub expires_at: String,
    /// `cost`, `tokens` or `requests`; empty: no budget.
    pub budget: String,
    /// Dollars with a fraction, tokens or calls.
    pub budget_limit: String,
    pub budget_alert: String,
    /// `weekly`, `monthly`, `days`; empty: never.
    pub budget_reset: String,
    pub budget_days: String,
    /// As [`next_reset`](super::limit::LimitForm::next_reset).
    pub budget_next: String,
    /// Not shown; they stay as they are.
    pub budget_mode: String,
    pub budget_unpriced: String,
    /// How many calls in a span, such as `rpm`; empty: any number.
    pub requests: String,
    pub requests_per: String,
    pub tokens: String,
    pub tokens_per: String,
    /// Calls at one time.
    pub concurrent: String,
    /// Rate limits beside these, such as `requests rpd 1000`, with commas between them. Not shown; they stay.
    pub other_rates: String,
}

impl KeyForm {
    /// What was typed and ticked, for a page that is made anew without scripts.
    pub fn typed(&self) -> [(&'static str, String); 21] {
        let flag = |flag: bool| if flag { "true" } else { "" }.to_owned();
        [
            ("name", self.name.clone()),
            ("description", self.description.clone()),
            ("scopes", self.scopes.join(" ")),
            ("config", self.config.clone()),
            ("config_override", flag(self.config_override)),
            ("metadata", self.metadata.clone()),
            ("enforced", flag(self.enforced)),
            ("allowed_models", self.allowed_models.clone()),
            ("allowed_providers", self.allowed_providers.join(" ")),
            ("expires_at", self.expires_at.clone()),
            ("budget", self.budget.clone()),
            ("budget_limit", self.budget_limit.clone()),
            ("budget_alert", self.budget_alert.clone()),
            ("budget_reset", self.budget_reset.clone()),
            ("budget_days", self.budget_days.clone()),
            ("budget_next", self.budget_next.clone()),
            ("requests", self.requests.clone()),
            ("requests_per", self.requests_per.clone()),
            ("tokens", self.tokens.clone()),
            ("tokens_per", self.tokens_per.clone()),
            ("concurrent", self.concurrent.clone()),
        ]
    }
}

/// A secret just made: the only time that it is seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MintedKey {
    pub id: String,
    pub name: String,
    pub value: String,
    /// Until when the secret before it opens, milliseconds; `None`: there is none, or it ended with this one's making.
    pub old_until: Option<i64>,
}

impl MintedKey {
    /// Names the secret in a URL without saying it.
    pub fn mark(&self) -> String {
        let last = self.value.char_indices().rev().nth(3).map_or("", |(at, _)| &self.value[at..]);
        format!("{}-{last}", self.id)
    }
}

/// Everything the keys page shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys {
    pub rows: Vec<KeyRow>,
    /// Slug and name of the configs that a key may default to.
    pub configs: Vec<(String, String)>,
    /// Slugs of the providers that a key may be kept to.
    pub providers: Vec<String>,
    /// The person may give scopes that change the workspace.
    pub leads: bool,
    /// Shown once, right after it was made.
    pub fresh: Option<MintedKey>,
    /// The base URL for snippets, ending in `/v1`.
    pub base_url: String,
    /// A model to call in snippets, such as `@sandbox/echo`.
    pub model: String,
    /// The server's time, milliseconds.
    pub now: i64,
}
