//! `usage_limits` and `rate_limits` of keys, providers and integrations, as they are sent and shown (contract §4.2).

use crate::admin::answer::{Refused, iso};
use crate::admin::ask::Ask;
use crate::admin::form::Form;
use crate::gateway::limited::words::figure;
use crate::limit::Standing;
use crate::limit::rule::{Budget, Limit, Mode, Rate, Reset, Rule, Scope, Unpriced};
use crate::settings::limits::{BudgetWords, RateWords, Wrong};
use serde_json::{Value, json};
use std::sync::Arc;

/// What a body asks for; `None` where it says nothing of it, and nothing where it says null.
pub struct Wanted {
    budget: Option<Vec<Rule>>,
    rates: Option<Vec<Rule>>,
    reset: bool,
}

impl Wanted {
    /// Reads it, before anything is changed.
    pub fn of(body: &Form) -> Result<Self, Refused> {
        let wanted = Self::of_many(body)?;
        if wanted.budget.as_ref().is_some_and(|all| all.len() > 1) {
            return Err(Refused::field("usage_limits", "Use one object."));
        }
        Ok(wanted)
    }

    /// The same where there may be a budget in each unit.
    pub fn of_many(body: &Form) -> Result<Self, Refused> {
        let budget = read(body, "usage_limits", |form| budget(form).map(Rule::Budget))?;
        let units = budget.iter().flatten().filter_map(|rule| match rule {
            Rule::Budget(budget) => Some(budget.unit.word()),
            Rule::Rate(_) => None,
        });
        let mut units: Vec<_> = units.collect();
        units.sort_unstable();
        if let Some(pair) = units.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Refused::field(
                "usage_limits",
                format!("There are two of type {}. Keep one of them.", pair[0]),
            ));
        }
        let rates = read(body, "rate_limits", |form| rate(form).map(Rule::Rate))?;
        Ok(Self { budget, rates, reset: body.flag("reset_usage")?.unwrap_or(false) })
    }

    /// Sets them.
    pub async fn set(self, ask: &Ask, scope: Scope, name: &str) -> Result<(), Refused> {
        ask.seat.limit_to(scope.clone(), name, self.budget, self.rates).await?;
        if self.reset {
            ask.seat.reset_usage(&scope).await?;
        }
        Ok(())
    }
}

/// The limits of one owner as they stand.
pub struct Shown {
    pub usage: Value,
    /// All budgets, where there may be several.
    pub budgets: Value,
    /// A list.
    pub rates: Value,
    /// A budget has nothing left before its reset.
    pub exhausted: bool,
}

impl Shown {
    pub fn of(ask: &Ask, scope: &Scope) -> Self {
        let book = ask.seat.house.shelf.book();
        let rules = book.limits();
        let limits = match scope {
            Scope::Key(id) => rules.of_key(id),
            Scope::Workspace | Scope::Policy => rules.shared(ask.workspace()),
            scope => rules.of_provider(scope.subject()),
        };
        let own: Vec<&Arc<Limit>> = limits.iter().filter(|limit| limit.scope == *scope).collect();
        let budgets = own.iter().flat_map(|limit| ask.seat.house.limits.standings(limit));
        let budgets: Vec<Standing> = budgets.collect();
        let exhausted = budgets.iter().any(used_up);
        let usage = budgets.first().map_or(Value::Null, usage_of);
        let rates = own.iter().filter_map(|limit| limit.rate()).map(rate_shown).collect::<Vec<_>>();
        let all = budgets.iter().map(usage_of).collect();
        Self { usage, budgets: all, rates: rates.into(), exhausted }
    }

    /// The first of the rate limits, else null: what the SDK for Python reads in lists.
    pub fn one_rate(&self) -> Value {
        self.rates.get(0).cloned().unwrap_or_default()
    }
}

pub fn used_up(standing: &Standing) -> bool {
    standing.falls.limit.budget().is_some_and(|budget| standing.account.is_used_up(budget.credit))
}

/// A budget as it stands.
fn usage_of(standing: &Standing) -> Value {
    let Some(budget) = standing.falls.limit.budget() else { return Value::Null };
    let mut shown = budget_shown(budget);
    let account = standing.account;
    shown["current_usage"] = figure(budget.unit, account.spent);
    shown["reserved"] = figure(budget.unit, account.reserved);
    shown["unsettled"] = figure(budget.unit, account.unsettled);
    shown["unpriced_requests"] = account.unpriced.into();
    shown["next_usage_reset_at"] = standing.period.end.map_or(Value::Null, iso);
    shown
}

pub fn budget_shown(budget: &Budget) -> Value {
    let (word, days) = match budget.reset {
        Reset::Never => (Value::Null, Value::Null),
        Reset::Weekly => ("weekly".into(), Value::Null),
        Reset::Monthly => ("monthly".into(), Value::Null),
        Reset::Days(days) => (Value::Null, days.into()),
    };
    json!({
        "type": budget.unit.word(),
        "credit_limit": figure(budget.unit, budget.credit),
        "alert_threshold": budget.alert.map(|alert| figure(budget.unit, alert)),
        "periodic_reset": word,
        "periodic_reset_days": days,
        "mode": if budget.mode == Mode::Exact { "exact" } else { "estimate" },
        "next_usage_reset_at": budget.next_reset.map(iso),
        "unpriced": if budget.unpriced == Unpriced::Count { "count" } else { "refuse" },
    })
}

pub fn rate_shown(rate: Rate) -> Value {
    json!({ "type": rate.what.word(), "unit": rate.per.word(), "value": rate.value })
}

pub fn budget(form: &Form) -> Result<Budget, Refused> {
    let words = BudgetWords {
        unit: written(form, "type")?,
        credit_limit: written(form, "credit_limit")?,
        alert_threshold: written(form, "alert_threshold")?,
        periodic_reset: written(form, "periodic_reset")?,
        periodic_reset_days: written(form, "periodic_reset_days")?,
        mode: written(form, "mode")?,
        unpriced: written(form, "unpriced")?,
        next_reset: form.time("next_usage_reset_at")?,
    };
    words.budget().map_err(|wrong| first(&wrong))
}

pub fn rate(form: &Form) -> Result<Rate, Refused> {
    let words =
        RateWords { what: written(form, "type")?, unit: written(form, "unit")?, value: written(form, "value")? };
    words.rate().map_err(|wrong| first(&wrong))
}

/// Text, or a number as it is written.
fn written(form: &Form, name: &str) -> Result<Option<String>, Refused> {
    match form.get(name) {
        Some(Value::Number(number)) => Ok(Some(plain(number))),
        _ => Ok(form.text(name)?.map(str::to_owned)),
    }
}

/// Without an exponent, and without a fraction that says nothing: `5.0` is 5.
fn plain(number: &serde_json::Number) -> String {
    let text = number.to_string();
    let text = match number.as_f64().filter(|_| text.contains(['e', 'E'])) {
        Some(value) => format!("{value:.9}"),
        None => text,
    };
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn first(wrong: &[Wrong]) -> Refused {
    let all: Vec<String> = wrong.iter().map(|(field, text)| format!("{field}: {text}")).collect();
    let field = wrong.first().map(|(field, _)| (*field).to_owned());
    Refused { field, ..Refused::invalid(all.join(" ")) }
}

/// An object, or a list of them.
fn read(body: &Form, name: &str, one: impl Fn(&Form) -> Result<Rule, Refused>) -> Result<Option<Vec<Rule>>, Refused> {
    if !body.sent(name) {
        return Ok(None);
    }
    let items = match body.get(name) {
        None => Vec::new(),
        Some(Value::Array(items)) => items.iter().collect(),
        Some(Value::Object(fields)) if fields.is_empty() => Vec::new(),
        Some(other) => vec![other],
    };
    let within = |refused: Refused| {
        let message = format!("{name}: {}", refused.message);
        Refused { field: Some(name.to_owned()), message, ..refused }
    };
    items.into_iter().map(|item| one(&Form::object(name, item)?).map_err(within)).collect::<Result<_, _>>().map(Some)
}
