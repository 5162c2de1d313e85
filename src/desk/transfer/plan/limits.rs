//! Limits of a file beside those that are here.

use super::super::Present;
use super::{Drawn, Stand};
use crate::desk::limits::conditions_in_words;
use crate::limit::rule::{Budget, Condition, Key, Lacking, Limit, Mode, Reset, Rule, Scope, Unit, Unpriced};
use crate::settings::WORKSPACE_LIMIT;
use crate::settings::limits::{DeclaredLimit, Owner, pair, typed};
use app::model::money::grouped;
use app::model::transfer::{Change, Kind};

/// Whose a limit is, or is going to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    Here(Scope),
    /// The place of a key among those that are made.
    NewKey(usize),
    /// The slug of a provider that is made.
    NewProvider(String),
    NewIntegration(String),
}

/// Where the owners of the file stand, in its order.
pub(super) struct Stands {
    pub(super) providers: Vec<Stand>,
    pub(super) keys: Vec<Stand>,
}

impl Stands {
    /// `None`: something is wrong with the owner.
    fn whose(&self, owner: Owner) -> Option<Whose> {
        let (stand, scope): (_, fn(String) -> Scope) = match owner {
            Owner::Policy => return Some(Whose::Here(Scope::Policy)),
            Owner::Workspace => return Some(Whose::Here(Scope::Workspace)),
            Owner::Key(at) => (self.keys.get(at)?, Scope::Key),
            Owner::Provider(at) => (self.providers.get(at)?, Scope::Provider),
            Owner::Integration(at) => (self.providers.get(at)?, Scope::Integration),
        };
        match (stand, owner) {
            (Stand::Here(id), _) => Some(Whose::Here(scope(id.clone()))),
            (Stand::Key(at), _) => Some(Whose::NewKey(*at)),
            (Stand::Provider(slug), Owner::Integration(_)) => Some(Whose::NewIntegration(slug.clone())),
            (Stand::Provider(slug), _) => Some(Whose::NewProvider(slug.clone())),
            (Stand::Flawed, _) => None,
        }
    }
}

impl Drawn {
    pub(super) fn all_limits(&mut self, declared: Vec<DeclaredLimit>, stands: &Stands, present: &Present) {
        let whose: Vec<Option<Whose>> = declared.iter().map(|one| stands.whose(one.owner)).collect();
        let scope = |whose: &Option<Whose>| match whose {
            Some(Whose::Here(scope)) => Some(scope.clone()),
            _ => None,
        };
        let scoped: Vec<_> = whose.iter().map(scope).zip(&declared).collect();
        let known: Vec<&Limit> = present.limits.iter().collect();
        let rows: Vec<Option<Limit>> = pair(&scoped, &known).into_iter().map(Option::<&Limit>::cloned).collect();
        for limit in &present.limits {
            if let Some(title) = title(&Whose::Here(limit.scope.clone()), &limit.name, self, present)
                && !rows.iter().flatten().any(|row| row.id == limit.id)
            {
                self.line(Kind::Limit, &title, Change::Left, vec![told(limit)]);
            }
        }
        for ((one, whose), row) in declared.into_iter().zip(whose).zip(rows) {
            let Some(whose) = whose else { continue };
            let name = title(&whose, &one.name, self, present).unwrap_or_default();
            match &row {
                None => self.line(Kind::Limit, &name, Change::Added, vec![said(&one)]),
                Some(row) if !self.compared(Kind::Limit, &name, changes(row, &one), row.origin.locked()) => continue,
                Some(_) => {}
            }
            self.limits.push((row, whose, one));
        }
    }
}

fn changes(row: &Limit, one: &DeclaredLimit) -> Vec<String> {
    let name = (row.name != one.name).then(|| format!("Name: {} → {}.", row.name, one.name));
    let (was, is) = (told(row), said(one));
    let rule = (was != is).then(|| format!("{} → {is}", was.trim_end_matches('.')));
    name.into_iter().chain(rule).collect()
}

/// A limit by its owner, and by its name where that is another one. `None`: its owner is gone.
fn title(whose: &Whose, name: &str, drawn: &Drawn, present: &Present) -> Option<String> {
    let key = |id: &str| present.keys.iter().find(|row| row.id == id).map(|row| row.name.clone());
    let slug = |id: &str| present.providers.iter().find(|row| row.id == id).map(|row| row.slug.clone());
    let (words, own) = match whose {
        Whose::Here(Scope::Policy) => return Some(name.to_owned()),
        Whose::Here(Scope::Workspace) => ("the workspace".to_owned(), WORKSPACE_LIMIT.to_owned()),
        Whose::Here(Scope::Key(id)) => of("key ", key(id)?),
        Whose::Here(Scope::Provider(id)) => of("@", slug(id)?),
        Whose::Here(Scope::Integration(id)) => of("the credential of @", slug(id)?),
        Whose::NewKey(at) => of("key ", drawn.keys.get(*at)?.1.name.clone()),
        Whose::NewProvider(slug) => of("@", slug.clone()),
        Whose::NewIntegration(slug) => of("the credential of @", slug.clone()),
    };
    Some(if own == name { words } else { format!("{words}: {name}") })
}

fn of(kind: &str, name: String) -> (String, String) {
    (format!("{kind}{name}"), name)
}

fn told(limit: &Limit) -> String {
    sentence(&limit.rule, &limit.conditions, &limit.group_by, limit.lacking)
}

fn said(one: &DeclaredLimit) -> String {
    sentence(&one.rule, &one.conditions, &one.group_by, one.lacking)
}

/// All that a limit says.
fn sentence(rule: &Rule, conditions: &[Condition], group_by: &[Key], lacking: Lacking) -> String {
    let mut words = match rule {
        Rule::Budget(budget) => budgeted(budget),
        Rule::Rate(rate) if rate.value == 0 => format!("Any number of {} {}", rate.what.word(), rate.per.words()),
        Rule::Rate(rate) => format!("{} {} {}", grouped(rate.value), rate.what.word(), rate.per.words()),
    };
    for condition in conditions_in_words(conditions) {
        words.push_str(&format!(", where {condition}"));
    }
    if !group_by.is_empty() {
        words.push_str(&format!(", for each {}", group_by.iter().map(Key::word).collect::<Vec<_>>().join(" and ")));
    }
    if lacking == Lacking::Pass {
        words.push_str(", calls without such a key pass");
    }
    words + "."
}

fn budgeted(budget: &Budget) -> String {
    let amount = |value| match budget.unit {
        Unit::Cost => format!("${}", typed(budget.unit, value)),
        unit => format!("{} {}", grouped(value.unsigned_abs()), unit.word()),
    };
    let mut words = amount(budget.credit);
    words += &match budget.reset {
        Reset::Never => " in all".to_owned(),
        Reset::Weekly => " a week".to_owned(),
        Reset::Monthly => " a month".to_owned(),
        Reset::Days(days) => format!(" every {days} days"),
    };
    if let Some(at) = budget.next_reset {
        words += &format!(", until {}", super::moment(at));
    }
    if let Some(alert) = budget.alert {
        words += &format!(", alert at {}", amount(alert));
    }
    if budget.mode == Mode::Estimate {
        words += ", by estimate";
    }
    if budget.unpriced == Unpriced::Refuse {
        words += ", calls without a price refused";
    }
    words
}
