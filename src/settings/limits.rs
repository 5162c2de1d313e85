//! Budgets, rate limits and policies as they are written, in the contract's words (§7): in the set-up file, in the admin
//! API and in the console's forms.

mod amount;

use amount::amount;

use super::Place;
use super::file::{Given, Section};
use super::rules::{self, Ruling};
use crate::limit::rule::{Budget, Condition, Key, Lacking, Mode, Per, Rate, Reset, Rule, Unit, Unpriced, What};

const BUDGET: [&str; 7] =
    ["type", "credit_limit", "alert_threshold", "periodic_reset", "periodic_reset_days", "mode", "unpriced"];
const RATE: [&str; 3] = ["type", "unit", "value"];

/// A limit that the set-up file declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredLimit {
    /// Of a policy; of others that of their owner.
    pub name: String,
    pub owner: Owner,
    pub rule: Rule,
    pub conditions: Vec<Condition>,
    pub group_by: Vec<Key>,
    pub lacking: Lacking,
    pub place: Place,
}

/// Whose a declared limit is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Name of an API key.
    Key(String),
    /// Slug of a provider.
    Provider(String),
    Policy,
}

/// A budget as typed; what is `None` was left out.
#[derive(Clone, Debug, Default)]
pub struct BudgetWords {
    pub unit: Option<String>,
    pub credit_limit: Option<String>,
    pub alert_threshold: Option<String>,
    pub periodic_reset: Option<String>,
    pub periodic_reset_days: Option<String>,
    pub mode: Option<String>,
    pub unpriced: Option<String>,
    /// Milliseconds.
    pub next_reset: Option<i64>,
}

/// A rate limit as typed.
#[derive(Clone, Debug, Default)]
pub struct RateWords {
    pub what: Option<String>,
    pub unit: Option<String>,
    pub value: Option<String>,
}

/// What is wrong: the field and a sentence.
pub type Wrong = (&'static str, String);

impl BudgetWords {
    /// # Errors
    /// All that is wrong with it.
    pub fn budget(&self) -> Result<Budget, Vec<Wrong>> {
        let mut wrong = Vec::new();
        let unit = take(&mut wrong, "type", required(self.unit.as_deref()).and_then(unit));
        let reads = |text: &str| amount(unit.unwrap_or(Unit::Cost), text);
        let credit = take(&mut wrong, "credit_limit", required(self.credit_limit.as_deref()).and_then(reads));
        let alert = take(&mut wrong, "alert_threshold", self.alert_threshold.as_deref().map(reads).transpose());
        if let (Some(Some(alert)), Some(credit)) = (alert, credit)
            && alert >= credit
        {
            wrong.push(("alert_threshold", "Use less than credit_limit.".into()));
        }
        let days = take(&mut wrong, "periodic_reset_days", self.periodic_reset_days.as_deref().map(days).transpose());
        let named = take(&mut wrong, "periodic_reset", self.periodic_reset.as_deref().map(reset).transpose());
        let reset = match (named.flatten(), days.flatten()) {
            (Some(Reset::Weekly | Reset::Monthly), Some(_)) => {
                wrong.push(("periodic_reset_days", "Give either periodic_reset or periodic_reset_days.".into()));
                Reset::Never
            }
            (_, Some(days)) => Reset::Days(days),
            (named, None) => named.unwrap_or_default(),
        };
        let mode = take(
            &mut wrong,
            "mode",
            word(self.mode.as_deref(), &[("exact", Mode::Exact), ("estimate", Mode::Estimate)]),
        );
        let unpriced = [("count", Unpriced::Count), ("refuse", Unpriced::Refuse)];
        let unpriced = take(&mut wrong, "unpriced", word(self.unpriced.as_deref(), &unpriced));
        match (unit, credit, alert, mode, unpriced) {
            (Some(unit), Some(credit), Some(alert), Some(mode), Some(unpriced)) if wrong.is_empty() => Ok(Budget {
                unit,
                credit,
                alert,
                reset,
                next_reset: self.next_reset,
                mode: mode.unwrap_or_default(),
                unpriced: unpriced.unwrap_or_default(),
            }),
            _ => Err(wrong),
        }
    }
}

impl RateWords {
    /// # Errors
    /// All that is wrong with it.
    pub fn rate(&self) -> Result<Rate, Vec<Wrong>> {
        let mut wrong = Vec::new();
        let whats = [("requests", What::Requests), ("tokens", What::Tokens)];
        let what = take(&mut wrong, "type", required(self.what.as_deref()).and_then(|text| one_of(text, &whats)));
        let per = take(&mut wrong, "unit", required(self.unit.as_deref()).and_then(|text| one_of(text, &Per::WORDS)));
        let whole = |text: &str| text.trim().parse().map_err(|_| "Use a whole number; 0 means no limit.".to_owned());
        let value = take(&mut wrong, "value", required(self.value.as_deref()).and_then(whole));
        if (what, per) == (Some(What::Tokens), Some(Per::Concurrent)) {
            wrong.push(("unit", "Calls at one time are requests: use type = \"requests\".".into()));
        }
        match (what, per, value) {
            (Some(what), Some(per), Some(value)) if wrong.is_empty() => Ok(Rate { what, per, value }),
            _ => Err(wrong),
        }
    }
}

/// The limits of a key or a provider.
pub(super) fn of(section: &Section<'_>, owner: &Owner) -> Vec<DeclaredLimit> {
    let name = match owner {
        Owner::Key(name) | Owner::Provider(name) => name.clone(),
        Owner::Policy => String::new(),
    };
    let mut limits = Vec::new();
    let made = |rule, place| DeclaredLimit {
        name: name.clone(),
        owner: owner.clone(),
        rule,
        conditions: Vec::new(),
        group_by: Vec::new(),
        lacking: Lacking::Refuse,
        place,
    };
    if let Some(inner) = section.has("budget").then(|| section.section("budget")).flatten() {
        inner.allow(&BUDGET);
        limits.extend(budget(&inner).map(|rule| made(rule, section.place("budget"))));
    }
    let mut known = Vec::new();
    for inner in section.one_or_many("rate_limit") {
        inner.allow(&RATE);
        let Some(rule) = rate(&inner) else { continue };
        if let Rule::Rate(rate) = &rule {
            if known.contains(&(rate.what, rate.per)) {
                inner.note("unit", "There is another one of this type and unit. Keep one of them.");
            }
            known.push((rate.what, rate.per));
        }
        limits.push(made(rule, section.place("rate_limit")));
    }
    limits
}

/// A policy: a budget or a rate limit, in its own fields or in a table within.
pub(super) fn policy(section: &Section<'_>) -> Option<DeclaredLimit> {
    const OWN: [&str; 6] = ["name", "conditions", "group_by", "lacking", "budget", "rate_limit"];
    let all: Vec<&str> = OWN.into_iter().chain(BUDGET).chain(RATE.into_iter().skip(1)).collect();
    section.allow(&all);
    let name = section.needed("name", rules::name);
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
    let conditions = conditions(section);
    let group_by = group_by(section);
    let lacking = section.judged("lacking", |text| one_of(text, &LACKING)).unwrap_or_default();
    let place = section.place("name");
    Some(DeclaredLimit { name: name?, owner: Owner::Policy, rule: rule?, conditions, group_by, lacking, place })
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
        let values = inner.texts("value").map(|given| given.value);
        if values.is_none() && !inner.has("value") {
            inner.note("value", "Missing. Add a text, or a list of texts.");
        }
        let excludes = inner.figure("excludes").map(|given| inner.notes().judge(&given, flag)).unwrap_or(Some(false));
        if values.as_deref().is_some_and(|values| values.trim().is_empty()) {
            inner.note("value", "Empty. Add a text, or a list of at least one text.");
        }
        if let (Some(key), Some(values), Some(excludes)) = (key, values, excludes) {
            let values = values.split(',').map(|value| value.trim().to_owned()).collect();
            all.push(Condition { key, values, excludes });
        }
    }
    all
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
        next_reset: None,
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

/// What becomes of calls that lack a metadata key.
pub const LACKING: [(&str, Lacking); 2] = [("refuse", Lacking::Refuse), ("pass", Lacking::Pass)];

/// A key of a condition or a group.
pub fn key(text: &str) -> Ruling<Key> {
    Key::try_from(text.trim().to_owned())
}

/// One of the words that are known.
pub fn one_of<T: Copy>(text: &str, known: &[(&str, T)]) -> Ruling<T> {
    let found = known.iter().find(|(word, _)| *word == text.trim());
    found.map(|(_, value)| *value).ok_or_else(|| {
        let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
        format!("Use one of: {}.", words.join(", "))
    })
}

fn unit(text: &str) -> Ruling<Unit> {
    one_of(text, &[("cost", Unit::Cost), ("tokens", Unit::Tokens), ("requests", Unit::Requests)])
}

fn reset(text: &str) -> Ruling<Reset> {
    let never = [("none", Reset::Never), ("once", Reset::Never)];
    one_of(text, &[("weekly", Reset::Weekly), ("monthly", Reset::Monthly), never[0], never[1]])
}

fn days(text: &str) -> Ruling<u16> {
    let days = text.trim().parse().ok().filter(|days| (1..=365).contains(days));
    days.ok_or_else(|| "Use a whole number of days, 1 to 365.".to_owned())
}

fn flag(text: &str) -> Ruling<bool> {
    one_of(text, &[("true", true), ("false", false)])
}

fn word<T: Copy>(text: Option<&str>, known: &[(&str, T)]) -> Ruling<Option<T>> {
    text.map(|text| one_of(text, known)).transpose()
}

fn required(text: Option<&str>) -> Ruling<&str> {
    text.filter(|text| !text.trim().is_empty()).ok_or_else(|| "Missing. Add it.".to_owned())
}

fn take<T>(wrong: &mut Vec<Wrong>, field: &'static str, ruling: Ruling<T>) -> Option<T> {
    ruling.map_err(|text| wrong.push((field, text))).ok()
}

#[cfg(test)]
mod tests {
    use super::{BudgetWords, RateWords};
    use crate::limit::rule::Reset;

    #[test]
    fn everything_wrong_with_a_budget_is_told_at_once() {
        let text = |text: &str| Some(text.to_owned());
        let words = BudgetWords {
            unit: text("gold"),
            credit_limit: text("lots"),
            alert_threshold: text("none"),
            periodic_reset: text("weekly"),
            periodic_reset_days: text("10"),
            mode: text("rough"),
            unpriced: text("maybe"),
            next_reset: None,
        };
        let fields: Vec<_> = words.budget().expect_err("mistakes").into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["type", "credit_limit", "alert_threshold", "periodic_reset_days", "mode", "unpriced"]);
        let words = BudgetWords {
            unit: text("cost"),
            credit_limit: text("2"),
            periodic_reset_days: text("10"),
            ..BudgetWords::default()
        };
        assert_eq!(words.budget().map(|budget| budget.reset), Ok(Reset::Days(10)));
        let words = RateWords { what: text("tokens"), unit: text("concurrent"), value: text("-1") };
        let fields: Vec<_> = words.rate().expect_err("mistakes").into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["value", "unit"]);
    }
}
