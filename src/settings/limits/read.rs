//! Limits in a set-up file: with their owner, or as policies.

use super::super::World;
use super::super::file::{Given, Section};
use super::super::rules;
use super::{BudgetWords, DeclaredLimit, LACKING, Owner, RateWords, Wrong, key, one_of};
use crate::limit::rule::{Condition, Key, Rule};

const BUDGET: [&str; 8] = [
    "type",
    "credit_limit",
    "alert_threshold",
    "periodic_reset",
    "periodic_reset_days",
    "next_usage_reset_at",
    "mode",
    "unpriced",
];
const RATE: [&str; 3] = ["type", "unit", "value"];
/// What any limit may say beside its rule.
const OWN: [&str; 4] = ["name", "conditions", "group_by", "lacking"];

/// The limits of a key, a provider or the workspace; `name` is its owner's.
pub(in crate::settings) fn of(
    section: &Section<'_>,
    owner: Owner,
    name: &str,
    world: &World<'_>,
) -> Vec<DeclaredLimit> {
    let mut limits = Vec::new();
    for inner in section.one_or_many("budget") {
        inner.allow(&[&OWN[..], &BUDGET[..]].concat());
        limits.extend(declared(&inner, owner, Some(name), budget(&inner)));
    }
    let mut known: Vec<DeclaredLimit> = Vec::new();
    for inner in section.one_or_many("rate_limit") {
        inner.allow(&[&OWN[..], &RATE[..]].concat());
        let Some(one) = declared(&inner, owner, Some(name), rate(&inner)) else { continue };
        // What people made in a console may be odd; a file that is written by hand is told.
        if !world.brought && known.iter().any(|other| twice(other, &one)) {
            inner.note("unit", "There is another one of this type and unit. Keep one of them.");
        }
        known.push(one);
    }
    limits.extend(known);
    limits
}

/// A policy: a budget or a rate limit, in its own fields or in a table within.
pub(in crate::settings) fn policy(section: &Section<'_>) -> Option<DeclaredLimit> {
    let all = [&OWN[..], &["budget", "rate_limit"][..], &BUDGET[..], &RATE[1..]].concat();
    section.allow(&all);
    let rule = match (section.has("budget"), section.has("rate_limit")) {
        (true, false) => section.section("budget").and_then(|inner| {
            inner.allow(&BUDGET);
            budget(&inner)
        }),
        (false, true) => section.section("rate_limit").and_then(|inner| {
            inner.allow(&RATE);
            rate(&inner)
        }),
        (true, true) => {
            section.note("rate_limit", "A policy is one limit. Give either budget or rate_limit.");
            None
        }
        (false, false) if section.has("unit") || section.has("value") => rate(section),
        (false, false) => budget(section),
    };
    declared(section, Owner::Policy, None, rule)
}

/// Whether two rate limits of one owner differ in nothing but the figure.
fn twice(one: &DeclaredLimit, other: &DeclaredLimit) -> bool {
    let measure = |limit: &DeclaredLimit| match &limit.rule {
        Rule::Rate(rate) => Some((rate.what, rate.per)),
        Rule::Budget(_) => None,
    };
    let rest = |limit: &DeclaredLimit| (limit.name.clone(), limit.conditions.clone(), limit.group_by.clone());
    measure(one) == measure(other) && rest(one) == rest(other)
}

/// `usual`: the name where none is given; `None`: it must be.
fn declared(section: &Section<'_>, owner: Owner, usual: Option<&str>, rule: Option<Rule>) -> Option<DeclaredLimit> {
    let name = match usual.filter(|_| !section.has("name")) {
        Some(usual) => Some(usual.to_owned()),
        None => section.needed("name", rules::name),
    };
    let conditions = conditions(section);
    let group_by = group_by(section);
    let lacking = section.judged("lacking", |text| one_of(text, &LACKING)).unwrap_or_default();
    let place = section.place(if section.has("name") { "name" } else { "type" });
    Some(DeclaredLimit { name: name?, owner, rule: rule?, conditions, group_by, lacking, place })
}

/// A list of keys, as texts or, in the contract's words, as tables.
fn group_by(section: &Section<'_>) -> Vec<Key> {
    if !section.is_tables("group_by") {
        let listed = section.list("group_by").unwrap_or_default();
        return listed.iter().filter_map(|one| section.notes().judge(one, key)).collect();
    }
    let one = |inner: &Section<'_>| {
        inner.allow(&["key"]);
        inner.needed("key", key)
    };
    section.sections("group_by").iter().filter_map(one).collect()
}

fn conditions(section: &Section<'_>) -> Vec<Condition> {
    let mut all = Vec::new();
    for inner in section.sections("conditions") {
        inner.allow(&["key", "value", "excludes"]);
        let key = inner.needed("key", key);
        let values = values(&inner);
        if values.is_none() && !inner.has("value") {
            inner.note("value", "Missing. Add a text, or a list of texts.");
        }
        if values.as_deref().is_some_and(|values| values.iter().all(|value| value.trim().is_empty())) {
            inner.note("value", "Empty. Add a text, or a list of at least one text.");
        }
        let excludes = match inner.figure("excludes") {
            Some(given) => inner.notes().judge(&given, rules::switch),
            None => Some(false),
        };
        if let (Some(key), Some(values), Some(excludes)) = (key, values, excludes) {
            all.push(Condition { key, values, excludes });
        }
    }
    all
}

/// A list of texts, or a text with commas between them.
fn values(section: &Section<'_>) -> Option<Vec<String>> {
    if section.is_list("value") {
        return Some(section.list("value")?.into_iter().map(|one| one.value).collect());
    }
    let text = section.text("value")?.value;
    Some(text.split(',').map(|value| value.trim().to_owned()).collect())
}

fn budget(section: &Section<'_>) -> Option<Rule> {
    let text = |key: &str| section.figure(key).map(|Given { value, .. }| value);
    let words = BudgetWords {
        unit: text("type"),
        credit_limit: text("credit_limit"),
        alert_threshold: text("alert_threshold"),
        periodic_reset: text("periodic_reset"),
        periodic_reset_days: text("periodic_reset_days"),
        mode: text("mode"),
        unpriced: text("unpriced"),
        next_reset: section.judged("next_usage_reset_at", rules::moment).flatten(),
    };
    noted(section, words.budget()).map(Rule::Budget)
}

fn rate(section: &Section<'_>) -> Option<Rule> {
    let text = |key: &str| section.figure(key).map(|Given { value, .. }| value);
    let words = RateWords { what: text("type"), unit: text("unit"), value: text("value") };
    noted(section, words.rate()).map(Rule::Rate)
}

fn noted<T>(section: &Section<'_>, read: Result<T, Vec<Wrong>>) -> Option<T> {
    read.map_err(|wrong| wrong.into_iter().for_each(|(key, text)| section.note(key, text))).ok()
}
