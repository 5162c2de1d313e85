//! The limits in a key's form.

use crate::failure::Failure;
use crate::model::key::{KeyForm, KeyRow};
use crate::pages::budgets::form::{Choice, Options, RESETS, SPANS, figure, moment, reset};
use crate::parts::field::TextField;
use leptos::prelude::*;

const BUDGETS: Options =
    &[("", "None"), ("cost", "US dollars"), ("tokens", "tokens, in and out"), ("requests", "calls")];

/// Puts what a key is limited to into its form.
pub fn fill(form: &mut KeyForm, row: &KeyRow) {
    if let Some(budget) = row.budgets.first() {
        let (reset, days) = reset(budget);
        form.budget.clone_from(&budget.unit);
        form.budget_limit = figure(&budget.unit, budget.limit);
        form.budget_alert = budget.alert.map(|alert| figure(&budget.unit, alert)).unwrap_or_default();
        form.budget_reset = reset.to_owned();
        form.budget_days = days.to_owned();
        form.budget_next = moment(budget.next_reset);
        form.budget_mode = if budget.exact { "exact" } else { "estimate" }.into();
        form.budget_unpriced = if budget.refuses_unpriced { "refuse" } else { "count" }.into();
    }
    let mut others = Vec::new();
    for rate in &row.rates {
        let value = rate.value.to_string();
        match (rate.what.as_str(), rate.unit.as_str()) {
            (_, "concurrent") => form.concurrent = value,
            ("requests", unit) if form.requests.is_empty() => (form.requests, form.requests_per) = (value, unit.into()),
            ("tokens", unit) if form.tokens.is_empty() => (form.tokens, form.tokens_per) = (value, unit.into()),
            (what, unit) => others.push(format!("{what} {unit} {value}")),
        }
    }
    form.other_rates = others.join(", ");
}

#[component]
pub fn Limits(start: KeyForm, failure: Signal<Option<Failure>>) -> impl IntoView {
    let spans = SPANS.split_last().map_or(SPANS, |(_, sliding)| sliding);
    let KeyForm { budget, budget_limit, budget_alert, budget_reset, budget_days, budget_next, .. } = start.clone();
    let KeyForm { requests, requests_per, tokens, tokens_per, concurrent, .. } = start.clone();
    let per = |unit: String| if unit.is_empty() { "rpm".to_owned() } else { unit };
    view! {
        <fieldset class="field">
            <legend>"Budget" <small>"calls beyond it get 412"</small></legend>
            <div class="pair tight">
                <Choice name="budget" label="Budget" options=BUDGETS start=budget failure />
                <TextField name="budget_limit" label="Limit" failure value=budget_limit placeholder="25" />
                <TextField name="budget_alert" label="Alert at" aside="optional" failure value=budget_alert placeholder="20" />
                <Choice name="budget_reset" label="Begins anew" options=RESETS start=budget_reset failure />
                <TextField name="budget_days" label="Days" aside="1 to 365" failure value=budget_days />
                <TextField
                    name="budget_next"
                    label="Reset set for, UTC"
                    aside="optional"
                    failure
                    value=budget_next
                    placeholder="2027-01-01T00:00"
                />
            </div>
            <input type="hidden" name="form[budget_mode]" value=start.budget_mode />
            <input type="hidden" name="form[budget_unpriced]" value=start.budget_unpriced />
        </fieldset>
        <fieldset class="field">
            <legend>"Rate limits" <small>"empty: none; calls beyond them get 429"</small></legend>
            <div class="pair tight">
                <TextField name="requests" label="Calls" failure value=requests placeholder="60" />
                <Choice name="requests_per" label="Calls in" options=spans start=per(requests_per) failure />
                <TextField name="tokens" label="Tokens" failure value=tokens placeholder="100000" />
                <Choice name="tokens_per" label="Tokens in" options=spans start=per(tokens_per) failure />
                <TextField name="concurrent" label="Calls at one time" failure value=concurrent placeholder="10" />
            </div>
            <input type="hidden" name="form[other_rates]" value=start.other_rates />
        </fieldset>
    }
}
