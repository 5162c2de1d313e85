//! The one form of a limit: a budget or a rate limit.

use super::words::typed;
use crate::failure::Failure;
use crate::model::limit::{BudgetRow, LimitForm, RateRow, Whose};
use crate::parts::field::{AreaField, Field, TextField, Voice};
use crate::parts::time::Stamp;
use leptos::prelude::*;

/// What a limit may be for: ids, with names of keys and slugs of providers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choices {
    pub keys: Vec<(String, String)>,
    pub providers: Vec<(String, String)>,
}

type Told = Signal<Option<Failure>>;

/// Value and words of each choice.
pub type Options = &'static [(&'static str, &'static str)];

pub const UNITS: Options = &[("cost", "US dollars"), ("tokens", "tokens, in and out"), ("requests", "calls")];
pub const RESETS: Options = &[
    ("", "never by itself"),
    ("weekly", "each week, on Monday 00:00 UTC"),
    ("monthly", "each month, on the first, 00:00 UTC"),
    ("days", "every so many days, at 00:00 UTC"),
];
const MODES: Options =
    &[("exact", "Exact: the worst case of a call is reserved"), ("estimate", "Estimate: an expected size is reserved")];
const UNPRICED: Options = &[("count", "pass and are shown"), ("refuse", "are refused")];
const WHATS: Options = &[("requests", "calls"), ("tokens", "tokens, in and out")];
pub const SPANS: Options = &[
    ("rps", "each second"),
    ("rpm", "each minute"),
    ("rph", "each hour"),
    ("rpd", "each day"),
    ("rpw", "each week"),
    ("concurrent", "at one time"),
];
const LACKING: Options = &[("refuse", "are refused"), ("pass", "pass uncounted")];

/// The form of a new one.
pub fn blank(rate: bool) -> LimitForm {
    let text = str::to_owned;
    let start = LimitForm { whose: text("workspace"), lacking: text("refuse"), ..LimitForm::default() };
    if rate {
        return LimitForm { kind: text("rate"), unit: text("requests"), per: text("rpm"), ..start };
    }
    LimitForm {
        kind: text("budget"),
        unit: text("cost"),
        periodic_reset: text("monthly"),
        mode: text("exact"),
        unpriced: text("count"),
        ..start
    }
}

pub fn of_budget(row: &BudgetRow) -> LimitForm {
    let (reset, days) = reset(row);
    LimitForm {
        id: row.id.clone(),
        name: row.name.clone(),
        whose: chosen(&row.whose),
        kind: "budget".into(),
        unit: row.unit.clone(),
        credit_limit: figure(&row.unit, row.limit),
        alert_threshold: row.alert.map(|alert| figure(&row.unit, alert)).unwrap_or_default(),
        periodic_reset: reset.into(),
        periodic_reset_days: days.into(),
        next_reset: moment(row.next_reset),
        mode: if row.exact { "exact" } else { "estimate" }.into(),
        unpriced: if row.refuses_unpriced { "refuse" } else { "count" }.into(),
        conditions: typed(&row.conditions),
        group_by: row.group_by.join(", "),
        lacking: row.lacking.clone(),
        ..LimitForm::default()
    }
}

pub fn of_rate(row: &RateRow) -> LimitForm {
    LimitForm {
        id: row.id.clone(),
        name: row.name.clone(),
        whose: chosen(&row.whose),
        kind: "rate".into(),
        unit: row.what.clone(),
        per: row.unit.clone(),
        value: row.value.to_string(),
        conditions: typed(&row.conditions),
        group_by: row.group_by.join(", "),
        lacking: row.lacking.clone(),
        ..LimitForm::default()
    }
}

/// A time as it is typed; empty where there is none.
pub fn moment(at: Option<i64>) -> String {
    at.map(|at| Stamp::of(at).iso()).unwrap_or_default()
}

/// When it begins anew, as chosen, and every how many days.
pub fn reset(row: &BudgetRow) -> (&str, &str) {
    let days = row.reset.strip_prefix("every ").and_then(|rest| rest.split(' ').next()).unwrap_or_default();
    match row.reset.as_str() {
        word @ ("weekly" | "monthly") => (word, ""),
        _ if !days.is_empty() => ("days", days),
        _ => ("", ""),
    }
}

/// The one choice that says whose calls are limited.
fn chosen(whose: &Whose) -> String {
    if whose.id.is_empty() { whose.kind.clone() } else { format!("{}:{}", whose.kind, whose.id) }
}

/// An amount as typed: dollars with their fraction, or a whole number.
pub fn figure(unit: &str, value: i64) -> String {
    if unit != "cost" {
        return value.to_string();
    }
    let text = format!("{}.{:09}", value / 1_000_000_000, value % 1_000_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[component]
pub fn Fields(start: LimitForm, choices: Choices, failure: Told) -> impl IntoView {
    let LimitForm { id, name, whose, kind, conditions, group_by, lacking, .. } = start.clone();
    let rest = match kind.as_str() {
        "rate" => view! { <RateFields start failure /> }.into_any(),
        _ => view! { <BudgetFields start failure /> }.into_any(),
    };
    view! {
        <input type="hidden" name="form[id]" value=id />
        <input type="hidden" name="form[kind]" value=kind />
        <div class="pair">
            <Field name="whose" label="Whose calls" failure control=move |voice| whose_choice(voice, &whose, choices) />
            <TextField
                name="name"
                label="Name"
                aside="optional for a key, a provider or the workspace"
                failure
                value=name
                placeholder="search-team"
            />
        </div>
        {rest}
        <fieldset class="field policy">
            <legend>"For calls that meet conditions alone"</legend>
            <div class="pair">
                <AreaField
                    name="conditions"
                    label="Conditions"
                    hint="One a line; all must hold. Keys: metadata.…, model, provider, api_key, config."
                    placeholder="metadata.team = search, ads"
                    failure
                    value=conditions
                />
                <div class="stack tight">
                    <TextField
                        name="group_by"
                        label="A counter for each"
                        aside="optional"
                        failure
                        value=group_by
                        placeholder="metadata._user"
                    />
                    <Choice name="lacking" label="Calls that lack the metadata" options=LACKING start=lacking failure />
                </div>
            </div>
        </fieldset>
    }
}

#[component]
fn BudgetFields(start: LimitForm, failure: Told) -> impl IntoView {
    let LimitForm { unit, credit_limit, alert_threshold, periodic_reset, periodic_reset_days, .. } = start.clone();
    let LimitForm { next_reset, mode, unpriced, .. } = start;
    view! {
        <div class="pair">
            <Choice name="unit" label="Counted in" options=UNITS start=unit failure />
            <TextField name="credit_limit" label="Limit" failure value=credit_limit placeholder="25" required=true />
            <TextField
                name="alert_threshold"
                label="Alert at"
                aside="optional"
                failure
                value=alert_threshold
                placeholder="20"
            />
        </div>
        <div class="pair">
            <Choice name="periodic_reset" label="Begins anew" options=RESETS start=periodic_reset failure />
            <TextField
                name="periodic_reset_days"
                label="Days"
                aside="1 to 365, where it is every so many days"
                failure
                value=periodic_reset_days
            />
            <TextField
                name="next_reset"
                label="Reset set for, UTC"
                aside="optional; before the calendar"
                failure
                value=next_reset
                placeholder="2027-01-01T00:00"
            />
        </div>
        <div class="pair">
            <Choice name="mode" label="What is held while a call runs" options=MODES start=mode failure />
            <Choice name="unpriced" label="Calls of models without a price" options=UNPRICED start=unpriced failure />
        </div>
    }
}

#[component]
fn RateFields(start: LimitForm, failure: Told) -> impl IntoView {
    let LimitForm { unit, per, value, .. } = start;
    view! {
        <div class="pair">
            <TextField name="value" label="At most" failure value placeholder="60" required=true />
            <Choice name="unit" label="Of" options=WHATS start=unit failure />
            <Choice name="per" label="In" options=SPANS start=per failure />
        </div>
    }
}

/// A select of fixed choices.
#[component]
pub fn Choice(
    name: &'static str,
    label: &'static str,
    options: Options,
    #[prop(into)] start: String,
    failure: Told,
) -> impl IntoView {
    let control = move |voice: Voice| {
        let options =
            options.iter().map(|(value, words)| option((*value).to_owned(), (*words).to_owned(), voice, &start));
        let options = options.collect_view();
        view! {
            <select
                class="input"
                id=voice.id
                name=format!("form[{name}]")
                aria-invalid=move || voice.invalid()
                aria-describedby=move || voice.described_by()
            >
                {options}
            </select>
        }
    };
    view! { <Field name label failure control /> }
}

fn whose_choice(voice: Voice, start: &str, choices: Choices) -> impl IntoView + use<> {
    let list = |kind: &str, all: Vec<(String, String)>, sign: &str| {
        let one = |(id, name): (String, String)| option(format!("{kind}:{id}"), format!("{sign}{name}"), voice, start);
        all.into_iter().map(one).collect_view()
    };
    let keys = list("key", choices.keys, "");
    let providers = list("provider", choices.providers, "@");
    let workspace = option("workspace".into(), "All of the workspace".into(), voice, start);
    // Made by the admin API; it stays what it is.
    let integration = start
        .starts_with("integration:")
        .then(|| option(start.to_owned(), "All of the integration".into(), voice, start));
    let policy = option("policy".into(), "Those that meet the conditions below".into(), voice, start);
    view! {
        <select
            class="input"
            id=voice.id
            name="form[whose]"
            aria-invalid=move || voice.invalid()
            aria-describedby=move || voice.described_by()
        >
            {workspace}
            {policy}
            {integration}
            <optgroup label="Of a key">{keys}</optgroup>
            <optgroup label="Of a provider">{providers}</optgroup>
        </select>
    }
}

fn option(value: String, words: String, voice: Voice, start: &str) -> impl IntoView + use<> {
    let (start, own) = (start.to_owned(), value.clone());
    view! {
        <option value=value selected=move || voice.typed().unwrap_or_else(|| start.clone()) == own>
            {words}
        </option>
    }
}

#[cfg(test)]
mod tests {
    use super::{figure, moment};

    #[test]
    fn a_time_is_typed_as_it_is_read() {
        assert_eq!((moment(Some(1_798_070_400_000)).as_str(), moment(None).as_str()), ("2026-12-24T00:00:00Z", ""));
    }

    #[test]
    fn amounts_are_typed_as_they_are_read() {
        for (unit, value, text) in [
            ("cost", 25_000_000_000, "25"),
            ("cost", 500_000_000, "0.5"),
            ("cost", 1, "0.000000001"),
            ("tokens", 100, "100"),
        ] {
            assert_eq!(figure(unit, value), text, "{unit} {value}");
        }
    }
}
