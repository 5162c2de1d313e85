//! The budget and the rate limits in a key's form.

use crate::desk::Refusals;
use crate::limit::rule::Rule;
use crate::settings::limits::{BudgetWords, RateWords};
use crate::settings::rules;
use app::model::key::KeyForm;

/// What a key's form asks for; a rule that it leaves out goes.
#[derive(Debug, Default)]
pub struct KeyRules {
    pub budget: Vec<Rule>,
    pub rates: Vec<Rule>,
}

impl KeyRules {
    /// Reads the form, and notes what is wrong with it.
    pub fn read(form: &KeyForm, refusals: &mut Refusals) -> Self {
        let shown = [
            ("requests", "requests", form.requests_per.as_str(), form.requests.as_str()),
            ("tokens", "tokens", &form.tokens_per, &form.tokens),
            ("concurrent", "requests", "concurrent", &form.concurrent),
        ];
        let mut rates = Vec::new();
        for (field, what, unit, value) in shown {
            if !value.trim().is_empty() {
                rates.extend(rate(field, [what, unit, value], refusals));
            }
        }
        for other in form.other_rates.split(',').filter(|other| !other.trim().is_empty()) {
            let mut words = other.split_whitespace();
            let mut word = || words.next().unwrap_or_default();
            rates.extend(rate("requests", [word(), word(), word()], refusals));
        }
        Self { budget: budget(form, refusals).into_iter().collect(), rates }
    }
}

fn budget(form: &KeyForm, refusals: &mut Refusals) -> Option<Rule> {
    let unit = given(&form.budget)?;
    let by_days = form.budget_reset == "days";
    let next = refusals.take("budget_next", rules::moment(&form.budget_next)).flatten();
    let words = BudgetWords {
        unit: Some(unit),
        credit_limit: given(&form.budget_limit),
        alert_threshold: given(&form.budget_alert),
        periodic_reset: given(&form.budget_reset).filter(|_| !by_days),
        periodic_reset_days: given(&form.budget_days).filter(|_| by_days),
        mode: given(&form.budget_mode),
        unpriced: given(&form.budget_unpriced),
        next_reset: next,
    };
    let read = words.budget().map(Rule::Budget);
    read.map_err(|wrong| {
        for (field, text) in wrong {
            refusals.take::<()>(named(field), Err(text));
        }
    })
    .ok()
}

fn rate(field: &'static str, [what, unit, value]: [&str; 3], refusals: &mut Refusals) -> Option<Rule> {
    let words = RateWords { what: given(what), unit: given(unit), value: given(value) };
    let read = words.rate().map(Rule::Rate);
    read.map_err(|wrong| {
        for (_, text) in wrong {
            refusals.take::<()>(field, Err(text));
        }
    })
    .ok()
}

fn given(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The form's own name of a field.
fn named(field: &str) -> &'static str {
    match field {
        "credit_limit" => "budget_limit",
        "alert_threshold" => "budget_alert",
        "periodic_reset" => "budget_reset",
        "periodic_reset_days" => "budget_days",
        _ => "budget",
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyForm, KeyRules, Refusals};

    fn form(budget: [&str; 4], rates: [&str; 5], other_rates: &str) -> KeyForm {
        let [unit, limit, alert, reset] = budget.map(str::to_owned);
        let [requests, requests_per, tokens, tokens_per, concurrent] = rates.map(str::to_owned);
        KeyForm {
            budget: unit,
            budget_limit: limit,
            budget_alert: alert,
            budget_reset: reset,
            requests,
            requests_per,
            tokens,
            tokens_per,
            concurrent,
            other_rates: other_rates.into(),
            ..KeyForm::default()
        }
    }

    #[test]
    fn a_form_asks_for_what_is_filled_in() {
        let none = ["", "rpm", "", "rpm", ""];
        for (budget, rates, others, counts, refused) in [
            (["", "", "", ""], none, "", (0, 0), &[][..]),
            (["", "5", "", ""], none, "", (0, 0), &[]),
            (["cost", "5", "4", "monthly"], none, "", (1, 0), &[]),
            (["tokens", "500", "", ""], ["60", "rpm", "1000", "rph", "2"], "requests rpd 9, tokens rps 8", (1, 5), &[]),
            (["cost", "", "", ""], none, "", (0, 0), &["budget_limit"]),
            (["cost", "5", "6", ""], ["x", "rpm", "", "rpm", ""], "", (0, 0), &["budget_alert", "requests"]),
        ] {
            let mut refusals = Refusals::default();
            let rules = KeyRules::read(&form(budget, rates, others), &mut refusals);
            assert_eq!((rules.budget.len(), rules.rates.len()), counts, "{budget:?} {rates:?}");
            let failure = refusals.done().err();
            let of = |field: &&str| failure.as_ref().is_some_and(|failure| failure.of(field).is_some());
            assert!(refused.iter().all(of) && failure.is_some() != refused.is_empty(), "{failure:?}");
        }
    }
}
