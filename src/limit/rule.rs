//! What limits are: forms of data, in the words of the set-up file, the admin API and the store.

use app::model::Origin;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A budget or a rate limit, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    pub id: String,
    pub workspace: String,
    /// For people.
    pub name: String,
    pub scope: Scope,
    pub rule: Rule,
    /// All of them must hold.
    pub conditions: Vec<Condition>,
    /// Each distinct tuple of their values has a counter of its own.
    pub group_by: Vec<Key>,
    /// What becomes of a call that lacks a metadata key which is named here.
    pub lacking: Lacking,
    pub origin: Origin,
    /// Milliseconds, as all times here.
    pub created_at: i64,
    pub updated_at: i64,
    /// What came before does not count.
    pub since: i64,
    /// The same of single groups.
    pub resets: BTreeMap<String, i64>,
}

/// Whose calls are limited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Id of an API key.
    Key(String),
    /// Id of a provider.
    Provider(String),
    /// Id of the provider row whose credential several have.
    Integration(String),
    Workspace,
    /// Those that fit its conditions.
    Policy,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    Budget(Budget),
    Rate(Rate),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    #[serde(rename = "type")]
    pub unit: Unit,
    /// Nano-dollars, tokens or requests; more than zero.
    pub credit: i64,
    /// In the same unit, below the credit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<i64>,
    #[serde(default)]
    pub reset: Reset,
    /// The next reset is then, and not before; milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_reset: Option<i64>,
    #[serde(default)]
    pub mode: Mode,
    #[serde(default)]
    pub unpriced: Unpriced,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    Cost,
    Tokens,
    Requests,
}

/// When spending begins anew; always at 00:00 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reset {
    #[default]
    Never,
    /// On Mondays.
    Weekly,
    /// On the first.
    Monthly,
    /// Every so many days, from the day on which counting began.
    Days(u16),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The worst case of every attempt is reserved: nothing overshoots while providers keep to the bound they are sent.
    #[default]
    Exact,
    /// An expected size is reserved; what goes beyond is counted and shown.
    Estimate,
}

/// What becomes of calls without a price under a budget of money.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unpriced {
    #[default]
    Count,
    Refuse,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    #[serde(rename = "type")]
    pub what: What,
    pub per: Per,
    /// Zero: no limit at all.
    pub value: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    Requests,
    Tokens,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    /// At one time.
    Concurrent,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lacking {
    #[default]
    Refuse,
    Pass,
}

/// One of the values fits, or, where it excludes, none of them does. `*` stands for anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    pub key: Key,
    pub values: Vec<String>,
    #[serde(default)]
    pub excludes: bool,
}

/// What a policy asks about a call (contract §7.3).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Key {
    ApiKey,
    VirtualKey,
    Provider,
    Config,
    Prompt,
    Model,
    EndpointType,
    Workspace,
    Metadata(String),
}

#[cfg(test)]
impl Limit {
    /// A policy for all calls.
    pub(super) fn by(rule: Rule) -> Self {
        Self {
            id: "l".into(),
            workspace: "w".into(),
            name: "l".into(),
            scope: Scope::Policy,
            rule,
            conditions: Vec::new(),
            group_by: Vec::new(),
            lacking: Lacking::Pass,
            origin: Origin::Console,
            created_at: 0,
            updated_at: 0,
            since: 0,
            resets: Default::default(),
        }
    }
}

impl Limit {
    /// It can be judged only once a target is chosen.
    pub fn is_late(&self) -> bool {
        let keys = self.conditions.iter().map(|condition| &condition.key).chain(&self.group_by);
        matches!(self.scope, Scope::Provider(_) | Scope::Integration(_)) || keys.into_iter().any(Key::is_late)
    }

    pub fn budget(&self) -> Option<&Budget> {
        if let Rule::Budget(budget) = &self.rule { Some(budget) } else { None }
    }

    pub fn rate(&self) -> Option<Rate> {
        if let Rule::Rate(rate) = self.rule { Some(rate) } else { None }
    }

    /// From when a group's calls count.
    pub fn since(&self, group: &str) -> i64 {
        self.resets.get(group).map_or(self.since, |at| self.since.max(*at))
    }
}

impl Scope {
    pub fn word(&self) -> &'static str {
        match self {
            Self::Key(_) => "key",
            Self::Provider(_) => "provider",
            Self::Integration(_) => "integration",
            Self::Workspace => "workspace",
            Self::Policy => "policy",
        }
    }

    /// The id that it names; empty where it names none.
    pub fn subject(&self) -> &str {
        match self {
            Self::Key(id) | Self::Provider(id) | Self::Integration(id) => id,
            Self::Workspace | Self::Policy => "",
        }
    }

    pub fn of(word: &str, subject: &str) -> Self {
        let subject = subject.to_owned();
        match word {
            "key" => Self::Key(subject),
            "provider" => Self::Provider(subject),
            "integration" => Self::Integration(subject),
            "workspace" => Self::Workspace,
            _ => Self::Policy,
        }
    }
}

impl Unit {
    pub fn word(self) -> &'static str {
        match self {
            Self::Cost => "cost",
            Self::Tokens => "tokens",
            Self::Requests => "requests",
        }
    }
}

impl What {
    pub fn word(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Tokens => "tokens",
        }
    }
}

impl Per {
    /// The contract's units, and our own for calls at one time.
    pub const WORDS: [(&str, Self); 6] = [
        ("rps", Self::Second),
        ("rpm", Self::Minute),
        ("rph", Self::Hour),
        ("rpd", Self::Day),
        ("rpw", Self::Week),
        ("concurrent", Self::Concurrent),
    ];

    pub fn of(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(known, _)| *known == word).map(|(_, per)| *per)
    }

    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, per)| *per == self).map_or("rpm", |(word, _)| word)
    }

    /// Milliseconds; none for calls at one time.
    pub fn span(self) -> Option<i64> {
        match self {
            Self::Second => Some(1_000),
            Self::Minute => Some(60_000),
            Self::Hour => Some(3_600_000),
            Self::Day => Some(86_400_000),
            Self::Week => Some(604_800_000),
            Self::Concurrent => None,
        }
    }

    /// After "60 requests".
    pub fn words(self) -> &'static str {
        match self {
            Self::Second => "a second",
            Self::Minute => "a minute",
            Self::Hour => "an hour",
            Self::Day => "a day",
            Self::Week => "a week",
            Self::Concurrent => "at one time",
        }
    }
}

impl Key {
    const WORDS: [(&str, Self); 8] = [
        ("api_key", Self::ApiKey),
        ("virtual_key", Self::VirtualKey),
        ("provider", Self::Provider),
        ("config", Self::Config),
        ("prompt", Self::Prompt),
        ("model", Self::Model),
        ("endpoint_type", Self::EndpointType),
        ("workspace_id", Self::Workspace),
    ];

    fn is_late(&self) -> bool {
        matches!(self, Self::VirtualKey | Self::Provider | Self::Model)
    }

    pub fn word(&self) -> String {
        match self {
            Self::Metadata(name) => format!("metadata.{name}"),
            key => Self::WORDS.iter().find(|(_, known)| known == key).map_or("", |(word, _)| word).to_owned(),
        }
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        key.word()
    }
}

impl TryFrom<String> for Key {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if let Some(name) = text.strip_prefix("metadata.").filter(|name| !name.is_empty()) {
            return Ok(Self::Metadata(name.to_owned()));
        }
        let known = Self::WORDS.iter().find(|(word, _)| *word == text).map(|(_, key)| key.clone());
        known.ok_or_else(|| {
            let words = Self::WORDS.map(|(word, _)| word).join(", ");
            format!("Use one of: {words}, metadata.<name>.")
        })
    }
}
