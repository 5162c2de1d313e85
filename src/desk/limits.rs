//! Budgets and rate limits: looked at, made, reset and released.

use super::{Refusals, Seat};
use crate::gateway::limited::words::{reset, shown_group};
use crate::limit::account::Account;
use crate::limit::period::Period;
use crate::limit::rule::{Condition, Key, Limit, Mode, Rule, Scope, Unpriced};
use crate::limit::{Falls, Pace, Standing};
use crate::secret;
use crate::settings::limits::{BudgetWords, LACKING, RateWords, key, one_of};
use crate::settings::rules;
use app::backend::{Answer, LimitDesk};
use app::failure::Failure;
use app::model::Origin;
use app::model::limit::{BudgetRow, LimitForm, Limits, RateRow, Whose};
use async_trait::async_trait;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

const LOCKED: &str = "This limit is declared in the set-up file. Change it there and restart the server.";

/// Names of what limits are for, by id.
type Names = HashMap<String, String>;

#[async_trait]
impl LimitDesk for Seat {
    async fn limits(&self) -> Answer<Limits> {
        let book = self.house.shelf.book();
        let (keys, providers) = self.owners().await?;
        let names: Names = keys.iter().chain(&providers).cloned().collect();
        let mut limits = Limits { keys, providers, now: self.now(), ..Limits::default() };
        for limit in book.limits().all(self.workspace()) {
            // What it was for is gone.
            let Some(whose) = whose(&limit, &names) else { continue };
            match &limit.rule {
                Rule::Budget(_) => {
                    let mut standings = self.house.limits.standings(&limit);
                    if standings.is_empty() {
                        standings.extend(unused(&limit, self.now()));
                    }
                    limits.budgets.extend(standings.iter().filter_map(|standing| budget_row(standing, &whose)));
                }
                Rule::Rate(_) => {
                    let mut paces = self.house.limits.paces(&limit);
                    if paces.is_empty() {
                        let most = limit.rate().map_or(0, |rate| rate.value);
                        paces.push(Pace { falls: Falls::of(&limit, ""), used: 0, most, empties: 0, wait: 0 });
                    }
                    limits.rates.extend(paces.iter().filter_map(|pace| rate_row(pace, &whose)));
                }
            }
        }
        Ok(limits)
    }

    async fn put_limit(&self, form: LimitForm) -> Answer<()> {
        self.leader()?;
        let before = match form.id.as_str() {
            "" => None,
            id => Some(self.own_limit(id).await?),
        };
        let (keys, providers) = self.owners().await?;
        let old = form.id.clone();
        let limit = read(&form, before, &[keys, providers].concat(), self.workspace(), self.now())?;
        // One in another unit takes its place, and counts from now on.
        let gone = Some(old).filter(|old| !old.is_empty() && *old != limit.id);
        self.keep_limits(&[limit], gone.as_slice()).await
    }

    async fn remove_limit(&self, id: String) -> Answer<()> {
        self.leader()?;
        let limit = self.own_limit(&id).await?;
        self.keep_limits(&[], &[limit.id]).await
    }

    async fn reset_limit(&self, id: String, group: Option<String>) -> Answer<()> {
        self.leader()?;
        let limit = self.limit(&id).await?;
        match group {
            Some(group) => {
                let at = later(limit.since(&group), self.now());
                self.house.store.reset_group(&limit.id, &group, at).await?;
                self.refresh().await
            }
            None => {
                let since = later(limit.since, self.now());
                self.keep_limits(&[Limit { since, ..limit }], &[]).await
            }
        }
    }

    async fn release_unsettled(&self, id: String, group: String) -> Answer<()> {
        self.leader()?;
        let limit = self.limit(&id).await?;
        self.house.store.release_unsettled(&limit.id, &group).await?;
        self.house.limits.release(&limit.id, &group);
        Ok(())
    }
}

impl Seat {
    /// A limit of the workspace.
    pub async fn limit(&self, id: &str) -> Answer<Limit> {
        let limits = self.house.store.workspace_limits(self.workspace()).await?;
        let found = limits.into_iter().find(|limit| limit.id == id);
        found.ok_or_else(|| Failure::Missing(format!("{id} is no limit of this workspace; it may have been removed.")))
    }

    /// A limit that may be changed.
    pub async fn own_limit(&self, id: &str) -> Answer<Limit> {
        let limit = self.limit(id).await?;
        if limit.origin.locked() { Err(Failure::refused("", LOCKED)) } else { Ok(limit) }
    }

    /// Writes limits, and lets the gateway see them.
    pub async fn keep_limits(&self, limits: &[Limit], gone: &[String]) -> Answer<()> {
        self.house.store.put_limits(self.workspace(), limits, gone).await?;
        self.refresh().await
    }

    /// The limits of a key, a provider or an integration become these rules. Where one of the same kind is there already,
    /// it keeps its id, and what is spent of it stays.
    pub async fn limit_to(
        &self,
        scope: Scope,
        name: &str,
        budget: Option<Vec<Rule>>,
        rates: Option<Vec<Rule>>,
    ) -> Answer<()> {
        let known = self.house.store.workspace_limits(self.workspace()).await?;
        let known: Vec<Limit> = known.into_iter().filter(|limit| limit.scope == scope).collect();
        let touched = |limit: &&Limit| if limit.budget().is_some() { budget.is_some() } else { rates.is_some() };
        if let Some(locked) = known.iter().filter(touched).find(|limit| limit.origin.locked()) {
            return Err(Failure::refused(
                if locked.budget().is_some() { "usage_limits" } else { "rate_limits" },
                LOCKED,
            ));
        }
        let now = self.now();
        let mut kept = Vec::new();
        for rule in budget.iter().chain(&rates).flatten() {
            let same = known.iter().find(|limit| same_kind(&limit.rule, rule));
            let fresh = || fresh(self.workspace(), scope.clone(), name, rule.clone(), now);
            let limit = same.map_or_else(fresh, |same| Limit {
                rule: rule.clone(),
                name: name.into(),
                updated_at: now,
                ..same.clone()
            });
            kept.push(limit);
        }
        let gone = known.iter().filter(touched).filter(|limit| !kept.iter().any(|one| one.id == limit.id));
        let gone: Vec<String> = gone.map(|limit| limit.id.clone()).collect();
        if kept.is_empty() && gone.is_empty() { Ok(()) } else { self.keep_limits(&kept, &gone).await }
    }

    /// The budgets of an owner begin anew.
    pub async fn reset_usage(&self, scope: &Scope) -> Answer<()> {
        let now = self.now();
        let known = self.house.store.workspace_limits(self.workspace()).await?;
        let budgets = known.into_iter().filter(|limit| limit.scope == *scope && limit.budget().is_some());
        let anew: Vec<Limit> = budgets.map(|limit| Limit { since: later(limit.since, now), ..limit }).collect();
        if anew.is_empty() { Ok(()) } else { self.keep_limits(&anew, &[]).await }
    }

    /// Ids and names of keys, and ids and slugs of providers.
    async fn owners(&self) -> Answer<(Vec<(String, String)>, Vec<(String, String)>)> {
        let keys = self.house.store.workspace_keys(self.workspace()).await?;
        let keys = keys.into_iter().filter(|key| key.revoked_at.is_none()).map(|key| (key.id, key.name)).collect();
        let providers = self.house.store.providers(self.workspace()).await?;
        Ok((keys, providers.into_iter().map(|provider| (provider.id, provider.slug)).collect()))
    }
}

/// Now, and after what was before.
fn later(before: i64, now: i64) -> i64 {
    now.max(before + 1)
}

/// A limit that nothing was counted under yet.
pub fn fresh(workspace: &str, scope: Scope, name: &str, rule: Rule, now: i64) -> Limit {
    Limit {
        id: secret::id(now),
        workspace: workspace.to_owned(),
        name: name.to_owned(),
        scope,
        rule,
        conditions: Vec::new(),
        group_by: Vec::new(),
        lacking: crate::limit::rule::Lacking::Refuse,
        origin: Origin::Console,
        created_at: now,
        updated_at: now,
        since: now,
        resets: BTreeMap::new(),
    }
}

/// What is spent of one in dollars is not spent in tokens.
fn same_kind(known: &Rule, rule: &Rule) -> bool {
    match (known, rule) {
        (Rule::Budget(known), Rule::Budget(budget)) => known.unit == budget.unit,
        (Rule::Rate(known), Rule::Rate(rate)) => (known.what, known.per) == (rate.what, rate.per),
        _ => false,
    }
}

fn whose(limit: &Limit, names: &Names) -> Option<Whose> {
    let id = limit.scope.subject();
    let name = if id.is_empty() { String::new() } else { names.get(id)?.clone() };
    Some(Whose { kind: limit.scope.word().into(), id: id.into(), name })
}

/// Stands for a budget with groups before its first call.
fn unused(limit: &Arc<Limit>, now: i64) -> Option<Standing> {
    let period = Period::of(limit.budget()?, limit.since, now);
    let account = Account { start: period.start, ..Account::default() };
    Some(Standing { falls: Falls::of(limit, ""), account, period })
}

fn budget_row(standing: &Standing, whose: &Whose) -> Option<BudgetRow> {
    let Standing { falls, account, period } = standing;
    let (limit, budget) = (&falls.limit, falls.limit.budget()?);
    Some(BudgetRow {
        id: limit.id.clone(),
        name: limit.name.clone(),
        whose: whose.clone(),
        group: falls.group.clone(),
        group_words: shown_group(&falls.group),
        unit: budget.unit.word().into(),
        limit: budget.credit,
        spent: account.spent,
        reserved: account.reserved,
        unsettled: account.unsettled,
        left: account.left(budget.credit),
        overshoot: account.overshoot(budget.credit),
        unpriced: account.unpriced,
        refuses_unpriced: budget.unpriced == Unpriced::Refuse,
        exact: budget.mode == Mode::Exact,
        alert: budget.alert,
        reset: reset(budget).as_str().unwrap_or("never").into(),
        began_at: period.start,
        resets_at: period.end,
        next_reset: budget.next_reset,
        lacking: lacking_word(limit).into(),
        conditions: conditions_in_words(&limit.conditions),
        group_by: limit.group_by.iter().map(Key::word).collect(),
        origin: limit.origin,
    })
}

fn rate_row(pace: &Pace, whose: &Whose) -> Option<RateRow> {
    let (limit, rate) = (&pace.falls.limit, pace.falls.limit.rate()?);
    Some(RateRow {
        id: limit.id.clone(),
        name: limit.name.clone(),
        whose: whose.clone(),
        group: pace.falls.group.clone(),
        group_words: shown_group(&pace.falls.group),
        what: rate.what.word().into(),
        unit: rate.per.word().into(),
        value: rate.value,
        used: pace.used,
        empties_in: pace.empties,
        lacking: lacking_word(limit).into(),
        conditions: conditions_in_words(&limit.conditions),
        group_by: limit.group_by.iter().map(Key::word).collect(),
        origin: limit.origin,
    })
}

fn lacking_word(limit: &Limit) -> &'static str {
    LACKING.iter().find(|(_, lacking)| *lacking == limit.lacking).map_or("", |(word, _)| word)
}

pub(in crate::desk) fn conditions_in_words(conditions: &[Condition]) -> Vec<String> {
    let words = |condition: &Condition| {
        let verb = if condition.excludes { "is not" } else { "is" };
        format!("{} {verb} {}", condition.key.word(), condition.values.join(" or "))
    };
    conditions.iter().map(words).collect()
}

/// The form as a limit, or all that is wrong with it. What is spent of a limit stays only in its own unit.
fn read(
    form: &LimitForm,
    before: Option<Limit>,
    owners: &[(String, String)],
    workspace: &str,
    now: i64,
) -> Answer<Limit> {
    let mut refusals = Refusals::default();
    let rule = rule(form).map_err(|wrong| {
        wrong.into_iter().for_each(|(field, text)| {
            refusals.take::<()>(form_field(field), Err(text));
        })
    });
    let scope = scope(form, owners);
    let scope = refusals.take("whose", scope);
    let conditions = refusals.take("conditions", conditions(&form.conditions)).unwrap_or_default();
    let group_by =
        form.group_by.split(',').filter(|word| !word.trim().is_empty()).map(key).collect::<Result<Vec<_>, _>>();
    let group_by = refusals.take("group_by", group_by).unwrap_or_default();
    let lacking = if form.lacking.is_empty() { Ok(Default::default()) } else { one_of(&form.lacking, &LACKING) };
    let lacking = refusals.take("lacking", lacking).unwrap_or_default();
    let owner = owners.iter().find(|(id, _)| *id == form.subject).map(|(_, name)| name.clone());
    let name = match owner.filter(|_| form.name.trim().is_empty()) {
        Some(name) => Ok(name),
        None if form.whose == "workspace" && form.name.trim().is_empty() => Ok(workspace.to_owned()),
        None => rules::name(&form.name),
    };
    let name = refusals.take("name", name);
    refusals.done()?;
    let (Ok(rule), Some(scope), Some(name)) = (rule, scope, name) else {
        return Err(Failure::refused("", "Check the form."));
    };
    let fresh = fresh(workspace, scope, &name, rule, now);
    let kept = before.filter(|before| same_kind(&before.rule, &fresh.rule));
    Ok(match kept {
        Some(kept) => {
            Limit { name, rule: fresh.rule, scope: fresh.scope, conditions, group_by, lacking, updated_at: now, ..kept }
        }
        None => Limit { conditions, group_by, lacking, ..fresh },
    })
}

fn rule(form: &LimitForm) -> Result<Rule, Vec<(&'static str, String)>> {
    let text = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    if form.kind == "rate" {
        let words = RateWords { what: text(&form.unit), unit: text(&form.per), value: text(&form.value) };
        return words.rate().map(Rule::Rate);
    }
    let by_days = form.periodic_reset == "days";
    let next = rules::moment(&form.next_reset);
    let words = BudgetWords {
        unit: text(&form.unit),
        credit_limit: text(&form.credit_limit),
        alert_threshold: text(&form.alert_threshold),
        periodic_reset: text(&form.periodic_reset).filter(|_| !by_days),
        periodic_reset_days: text(&form.periodic_reset_days).filter(|_| by_days),
        mode: text(&form.mode),
        unpriced: text(&form.unpriced),
        next_reset: next.as_ref().ok().copied().flatten(),
    };
    match (words.budget(), next) {
        (Ok(budget), Ok(_)) => Ok(Rule::Budget(budget)),
        (read, next) => {
            let late = next.err().map(|text| ("next_reset", text));
            Err(read.err().into_iter().flatten().chain(late).collect())
        }
    }
}

/// The form's own name of a field.
fn form_field(field: &'static str) -> &'static str {
    match field {
        "type" => "unit",
        "unit" => "per",
        field => field,
    }
}

fn scope(form: &LimitForm, owners: &[(String, String)]) -> Result<Scope, String> {
    match form.whose.as_str() {
        "workspace" => Ok(Scope::Workspace),
        "policy" => Ok(Scope::Policy),
        "key" | "provider" | "integration" if owners.iter().any(|(id, _)| *id == form.subject) => {
            Ok(Scope::of(&form.whose, &form.subject))
        }
        _ => Err("Choose whose calls it limits.".into()),
    }
}

/// One a line: a key, `=` or `!=`, and values with commas between them.
fn conditions(text: &str) -> Result<Vec<Condition>, String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let unfit = || format!("Write such as metadata.team = search, ads; `{line}` is none.");
            let (name, values) = line.split_once('=').ok_or_else(unfit)?;
            let (name, excludes) = name.strip_suffix('!').map_or((name, false), |name| (name, true));
            let values: Vec<String> = values.split(',').map(|value| value.trim().to_owned()).collect();
            Ok(Condition { key: key(name)?, values, excludes })
        })
        .collect()
}
