//! Whether a limit is for a call, and which of its counters. Pure.

use super::rule::{Condition, Key, Lacking, Limit, Scope};
use app::model::key::matches;
use serde_json::{Map, Value};

/// Longest name of a counter, in bytes as JSON; a longer one is told by its digest, so that it fits the open file.
const LONGEST_GROUP: usize = 160;
/// Between the values of a counter's name.
pub const BETWEEN: char = '\u{1f}';

/// What is known of a call.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    pub workspace: &'a str,
    pub key_id: &'a str,
    pub key_name: &'a str,
    /// Slug of a saved config.
    pub config: Option<&'a str>,
    /// Such as `chat`.
    pub endpoint: &'a str,
    pub metadata: &'a Map<String, Value>,
    /// As it was asked for.
    pub model: Option<&'a str>,
    /// Once it is chosen.
    pub target: Option<Spot<'a>>,
}

/// Where a call goes.
#[derive(Clone, Copy, Debug)]
pub struct Spot<'a> {
    pub slug: &'a str,
    pub vendor: &'a str,
    /// As it is called there.
    pub model: &'a str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It is not for this call.
    No,
    /// It would be, and the call does not say what it asks: the name of the metadata key.
    Lacks(String),
    /// It is, and this is the counter; empty where there is one for all.
    Group(String),
}

/// Whether `limit`, whose scope is met, is for this call.
pub fn fit(limit: &Limit, facts: &Facts<'_>) -> Fit {
    if limit.scope != Scope::Policy && limit.conditions.is_empty() && limit.group_by.is_empty() {
        return Fit::Group(String::new());
    }
    let mut lacks = None;
    for Condition { key, values, excludes } in &limit.conditions {
        let given = facts.values(key);
        if let (Key::Metadata(name), true) = (key, given.is_empty()) {
            lacks.get_or_insert(name);
            if limit.lacking == Lacking::Pass && !excludes {
                return Fit::No;
            }
            continue;
        }
        let met = values.iter().any(|pattern| given.iter().any(|value| matches(pattern, value)));
        if met == *excludes {
            return Fit::No;
        }
    }
    let nameless = |key: &Key| matches!(key, Key::Metadata(_)) && facts.value(key).is_none();
    let group = limit.group_by.iter().map(|key| {
        let value = facts.value(key);
        if let (Key::Metadata(name), None) = (key, &value) {
            lacks.get_or_insert(name);
        }
        value.unwrap_or_default().replace(BETWEEN, " ")
    });
    let group = named(group.collect::<Vec<_>>().join(&BETWEEN.to_string()));
    match (lacks, limit.lacking) {
        (Some(name), Lacking::Refuse) => Fit::Lacks(name.clone()),
        (Some(_), Lacking::Pass) if limit.group_by.iter().any(nameless) => Fit::No,
        _ => Fit::Group(group),
    }
}

impl Facts<'_> {
    /// Everything that a condition may call it by.
    fn values(&self, key: &Key) -> Vec<String> {
        let one = |text: Option<&str>| text.map(str::to_owned).into_iter().collect();
        match (key, self.target) {
            (Key::ApiKey, _) => vec![self.key_id.to_owned(), self.key_name.to_owned()],
            (Key::VirtualKey, Some(spot)) => vec![spot.slug.to_owned(), format!("@{}", spot.slug)],
            (Key::Provider, Some(spot)) => {
                vec![spot.slug.to_owned(), format!("@{}", spot.slug), spot.vendor.to_owned()]
            }
            (Key::Model, Some(spot)) => {
                let mut names = vec![spot.model.to_owned()];
                names.extend([spot.slug, spot.vendor].map(|slug| format!("@{slug}/{}", spot.model)));
                names.extend(self.model.map(str::to_owned));
                names
            }
            (Key::Model, None) => one(self.model),
            (Key::Config, _) => one(self.config),
            (Key::EndpointType, _) => vec![self.endpoint.to_owned()],
            (Key::Workspace, _) => vec![self.workspace.to_owned()],
            (Key::Metadata(name), _) => one(self.metadata.get(name).and_then(Value::as_str)),
            (Key::VirtualKey | Key::Provider, None) | (Key::Prompt, _) => Vec::new(),
        }
    }

    /// What a counter is named by.
    fn value(&self, key: &Key) -> Option<String> {
        match (key, self.target) {
            (Key::Model, Some(spot)) => Some(spot.model.to_owned()),
            _ => self.values(key).into_iter().next(),
        }
    }
}

fn named(group: String) -> String {
    let size = serde_json::to_string(&group).map_or(usize::MAX, |text| text.len());
    if size <= LONGEST_GROUP {
        return group;
    }
    let digest = crate::secret::digest(&group);
    let hex = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("sha256:{hex}")
}

#[cfg(test)]
mod tests {
    use super::{Facts, Fit, Spot, fit};
    use crate::limit::rule::{Condition, Key, Lacking, Limit, Per, Rate, Rule, Scope, What};
    use app::model::Origin;
    use app::model::key::matches;
    use serde_json::{Map, Value, json};
    use std::collections::BTreeMap;

    fn limit(conditions: &[(&str, &[&str], bool)], group_by: &[&str], lacking: Lacking) -> Limit {
        let key = |word: &str| Key::try_from(word.to_owned()).expect(word);
        let condition = |(word, values, excludes): &(&str, &[&str], bool)| Condition {
            key: key(word),
            values: values.iter().map(|value| (*value).to_owned()).collect(),
            excludes: *excludes,
        };
        Limit {
            id: "l".into(),
            workspace: "w".into(),
            name: "l".into(),
            scope: Scope::Policy,
            rule: Rule::Rate(Rate { what: What::Requests, per: Per::Minute, value: 1 }),
            conditions: conditions.iter().map(condition).collect(),
            group_by: group_by.iter().map(|word| key(word)).collect(),
            lacking,
            origin: Origin::Console,
            created_at: 0,
            updated_at: 0,
            since: 0,
            resets: BTreeMap::new(),
        }
    }

    fn metadata() -> Map<String, Value> {
        json!({ "team": "search", "_user": "ada" }).as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn a_policy_is_for_calls_that_meet_all_of_its_conditions() {
        let metadata = metadata();
        let target = Some(Spot { slug: "mine", vendor: "openai", model: "gpt-4o" });
        let (model, config) = (Some("@mine/gpt-4o"), Some("pc-a"));
        let facts = Facts {
            workspace: "w",
            key_id: "k1",
            key_name: "ci",
            config,
            endpoint: "chat",
            metadata: &metadata,
            model,
            target,
        };
        let group = |text: &str| Fit::Group(text.into());
        let lacks = |text: &str| Fit::Lacks(text.into());
        type Row<'a> = (&'a [(&'a str, &'a [&'a str], bool)], &'a [&'a str], Lacking, Fit);
        let rows: &[Row<'_>] = &[
            (&[], &[], Lacking::Refuse, group("")),
            (&[("metadata.team", &["ads", "search"], false)], &[], Lacking::Refuse, group("")),
            (&[("metadata.team", &["ads"], false)], &["metadata._user"], Lacking::Refuse, Fit::No),
            (&[("metadata.team", &["ads"], true)], &["metadata._user"], Lacking::Refuse, group("ada")),
            (&[("metadata.team", &["*"], false)], &["api_key", "model"], Lacking::Refuse, group("k1\u{1f}gpt-4o")),
            (&[("model", &["@openai/gpt-4*"], false), ("api_key", &["ci"], false)], &[], Lacking::Refuse, group("")),
            (&[("model", &["@mine/*"], false), ("config", &["pc-b"], false)], &[], Lacking::Refuse, Fit::No),
            (&[("provider", &["openai"], false)], &["provider"], Lacking::Refuse, group("mine")),
            (&[("endpoint_type", &["embed"], true)], &["workspace_id"], Lacking::Refuse, group("w")),
            (&[("metadata.env", &["prod"], false)], &[], Lacking::Refuse, lacks("env")),
            (&[("metadata.env", &["prod"], false)], &[], Lacking::Pass, Fit::No),
            (&[("metadata.env", &["prod"], false), ("model", &["o1"], false)], &[], Lacking::Refuse, Fit::No),
            (&[("api_key", &["*"], false)], &["metadata.env"], Lacking::Refuse, lacks("env")),
            (&[("api_key", &["*"], false)], &["metadata.env"], Lacking::Pass, Fit::No),
            (&[("prompt", &["*"], false)], &[], Lacking::Refuse, Fit::No),
        ];
        for (conditions, group_by, lacking, wanted) in rows {
            assert_eq!(fit(&limit(conditions, group_by, *lacking), &facts), *wanted, "{conditions:?} {group_by:?}");
        }
    }

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, value, whole) in [
            ("*", "", true),
            ("*", "a", true),
            ("a*", "ab", true),
            ("*b", "ab", true),
            ("a*c*e", "abcde", true),
            ("a*c*e", "abde", false),
            ("a", "ab", false),
            ("", "", true),
            ("ab*ba", "aba", false),
        ] {
            assert_eq!(matches(pattern, value), whole, "{pattern} {value}");
        }
    }

    #[test]
    fn a_long_group_is_told_by_its_digest() {
        let long = json!({ "_user": "\u{1}".repeat(128) }).as_object().cloned().unwrap_or_default();
        let facts = Facts {
            workspace: "w",
            key_id: "k",
            key_name: "n",
            config: None,
            endpoint: "chat",
            metadata: &long,
            model: None,
            target: None,
        };
        let Fit::Group(group) = fit(&limit(&[], &["metadata._user"], Lacking::Refuse), &facts) else {
            panic!("it fits")
        };
        assert_eq!((group.len(), group.starts_with("sha256:")), (39, true));
    }
}
