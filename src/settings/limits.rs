//! Budgets, rate limits and policies as they are written, in the contract's words (§7): in the set-up file, in the admin
//! API and in the console's forms.

mod amount;
mod pair;
mod read;

pub use amount::{amount, typed};
pub use pair::{alike, pair};
pub(in crate::settings) use read::{of, policy};

use super::Place;
use super::rules::Ruling;
use crate::limit::rule::{Budget, Condition, Key, Lacking, Mode, Per, Rate, Reset, Rule, Unit, Unpriced, What};

/// A limit that the set-up file declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredLimit {
    /// That of its owner where nothing else is said.
    pub name: String,
    pub owner: Owner,
    pub rule: Rule,
    pub conditions: Vec<Condition>,
    pub group_by: Vec<Key>,
    pub lacking: Lacking,
    pub place: Place,
}

/// Whose a declared limit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Its place among the declared keys, from 0.
    Key(usize),
    /// Its place among the declared providers.
    Provider(usize),
    /// Of all that have the credential of this provider.
    Integration(usize),
    Workspace,
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
