//! Limits as the text of a set-up file: with their owner, or as policies.

use super::super::Present;
use super::{line, list, moment, quoted};
use crate::limit::rule::{Budget, Condition, Key, Lacking, Limit, Mode, Reset, Rule, Scope, Unpriced};
use crate::settings::limits::typed;

/// The limits of one owner.
pub fn of<'a>(present: &'a Present, scope: &Scope) -> impl Iterator<Item = &'a Limit> + use<'a> {
    let scope = scope.clone();
    present.limits.iter().filter(move |limit| limit.scope == scope)
}

/// In an order of their own: those that were made in one moment have none.
fn tables<'a>(text: &mut String, limits: impl Iterator<Item = &'a Limit>, table: impl Fn(&Limit) -> String) {
    let mut tables: Vec<_> = limits.map(table).collect();
    tables.sort_unstable();
    *text += &tables.concat();
}

/// Tables of the owner's table `within`; `name` is the owner's, which need not be said.
pub fn owned<'a>(text: &mut String, within: &str, name: &str, limits: impl Iterator<Item = &'a Limit>) {
    tables(text, limits, |limit| {
        let kind = if limit.budget().is_some() { "budget" } else { "rate_limit" };
        let mut table = format!("\n[[{within}.{kind}]]\n");
        if limit.name != name {
            line(&mut table, "name", &quoted(&limit.name));
        }
        said(&mut table, limit);
        table
    });
}

pub fn policies<'a>(text: &mut String, limits: impl Iterator<Item = &'a Limit>) {
    tables(text, limits, |limit| {
        let mut table = "\n[[policy]]\n".to_owned();
        line(&mut table, "name", &quoted(&limit.name));
        said(&mut table, limit);
        table
    });
}

fn said(text: &mut String, limit: &Limit) {
    match &limit.rule {
        Rule::Budget(one) => budget(text, one),
        Rule::Rate(rate) => {
            line(text, "type", &quoted(rate.what.word()));
            line(text, "unit", &quoted(rate.per.word()));
            line(text, "value", &rate.value.to_string());
        }
    }
    if !limit.conditions.is_empty() {
        let all: Vec<_> = limit.conditions.iter().map(condition).collect();
        line(text, "conditions", &format!("[{}]", all.join(", ")));
    }
    if !limit.group_by.is_empty() {
        line(text, "group_by", &list(&limit.group_by.iter().map(Key::word).collect::<Vec<_>>()));
    }
    if limit.lacking == Lacking::Pass {
        line(text, "lacking", &quoted("pass"));
    }
}

fn budget(text: &mut String, one: &Budget) {
    line(text, "type", &quoted(one.unit.word()));
    line(text, "credit_limit", &typed(one.unit, one.credit));
    if let Some(alert) = one.alert {
        line(text, "alert_threshold", &typed(one.unit, alert));
    }
    match one.reset {
        Reset::Never => {}
        Reset::Weekly => line(text, "periodic_reset", &quoted("weekly")),
        Reset::Monthly => line(text, "periodic_reset", &quoted("monthly")),
        Reset::Days(days) => line(text, "periodic_reset_days", &days.to_string()),
    }
    if let Some(at) = one.next_reset {
        line(text, "next_usage_reset_at", &quoted(&moment(at)));
    }
    if one.mode == Mode::Estimate {
        line(text, "mode", &quoted("estimate"));
    }
    if one.unpriced == Unpriced::Refuse {
        line(text, "unpriced", &quoted("refuse"));
    }
}

fn condition(one: &Condition) -> String {
    let excludes = if one.excludes { ", excludes = true" } else { "" };
    format!("{{ key = {}, value = {}{excludes} }}", quoted(&one.key.word()), list(&one.values))
}
