//! Budgets and rate limits as people see them. Amounts of budgets of money are nano-dollars.

use crate::model::Origin;
use serde::{Deserialize, Serialize};

/// Everything the page shows, and what its forms offer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// One for each counter: a budget with groups has one a group, and none before its first call.
    pub budgets: Vec<BudgetRow>,
    pub rates: Vec<RateRow>,
    /// Ids and names of keys that a limit may be for.
    pub keys: Vec<(String, String)>,
    /// Ids and slugs of providers that a limit may be for.
    pub providers: Vec<(String, String)>,
    /// The time of these figures, milliseconds.
    pub now: i64,
}

/// Whose calls are limited.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whose {
    /// `key`, `provider`, `integration`, `workspace` or `policy`.
    pub kind: String,
    /// Of the key or provider; else empty.
    pub id: String,
    /// Of the key, or the slug of the provider; else empty.
    pub name: String,
}

/// One counter of a budget, in the period that is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetRow {
    /// Of the limit.
    pub id: String,
    pub name: String,
    pub whose: Whose,
    /// As the engine names the counter; empty where there is one for all.
    pub group: String,
    /// The same for people, such as `ada · search`.
    pub group_words: String,
    /// `cost`, `tokens` or `requests`.
    pub unit: String,
    pub limit: i64,
    pub spent: i64,
    /// Held for calls that run.
    pub reserved: i64,
    /// Held for calls whose end nobody knows, until released or reset.
    pub unsettled: i64,
    /// Below zero where it was overshot.
    pub left: i64,
    pub overshoot: i64,
    /// Calls without a price, which are not in `spent`.
    pub unpriced: u64,
    /// Calls without a price are refused.
    pub refuses_unpriced: bool,
    /// Else an expected size is reserved, and it may be overshot.
    pub exact: bool,
    /// Below the limit, in its unit.
    pub alert: Option<i64>,
    /// `never`, `weekly`, `monthly`, or such as `every 10 days`.
    pub reset: String,
    /// Milliseconds.
    pub began_at: i64,
    /// `None`: it does not reset by itself.
    pub resets_at: Option<i64>,
    /// A date that a reset was set for, milliseconds; once over, periods go on from there.
    pub next_reset: Option<i64>,
    /// `refuse` or `pass`, as [`LimitForm::lacking`].
    pub lacking: String,
    /// Such as `metadata.team is search`.
    pub conditions: Vec<String>,
    pub group_by: Vec<String>,
    pub origin: Origin,
}

/// One counter of a rate limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateRow {
    /// Of the limit.
    pub id: String,
    pub name: String,
    pub whose: Whose,
    pub group: String,
    pub group_words: String,
    /// `requests` or `tokens`.
    pub what: String,
    /// `rps`, `rpm`, `rph`, `rpd`, `rpw` or `concurrent`.
    pub unit: String,
    pub value: u64,
    /// In the window, or at this time.
    pub used: u64,
    /// Milliseconds until nothing is left in the window.
    pub empties_in: i64,
    /// As [`BudgetRow::lacking`].
    pub lacking: String,
    pub conditions: Vec<String>,
    pub group_by: Vec<String>,
    pub origin: Origin,
}

/// The form of a limit, as typed. Empty fields ask for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LimitForm {
    /// Empty: a new one.
    pub id: String,
    pub name: String,
    /// As [`Whose::kind`].
    pub whose: String,
    /// Id of the key or provider.
    pub subject: String,
    /// `budget` or `rate`.
    pub kind: String,
    /// `cost`, `tokens` or `requests`.
    pub unit: String,
    /// Dollars with a fraction, tokens or requests.
    pub credit_limit: String,
    pub alert_threshold: String,
    /// `weekly`, `monthly` or `days`.
    pub periodic_reset: String,
    pub periodic_reset_days: String,
    /// A UTC date or time of one reset, which stands before the calendar; may be empty.
    pub next_reset: String,
    /// `exact` or `estimate`.
    pub mode: String,
    /// `count` or `refuse`.
    pub unpriced: String,
    /// As [`RateRow::unit`].
    pub per: String,
    pub value: String,
    /// One a line, such as `metadata.team = search, ads` or `model != @openai/gpt-4*`.
    pub conditions: String,
    /// With commas between them, such as `metadata._user, model`.
    pub group_by: String,
    /// `refuse` or `pass`: what becomes of calls that lack a metadata key that is named.
    pub lacking: String,
}

impl LimitForm {
    /// With the one choice `key:…` of a form taken apart into whose it is and which one.
    #[must_use]
    pub fn chosen(self) -> Self {
        match self.whose.split_once(':') {
            Some((whose, subject)) => Self { whose: whose.to_owned(), subject: subject.to_owned(), ..self },
            None => self,
        }
    }

    /// What was typed and chosen, for a page that is made anew without scripts.
    pub fn typed(&self) -> [(&'static str, String); 15] {
        [
            ("name", self.name.clone()),
            ("whose", self.whose.clone()),
            ("unit", self.unit.clone()),
            ("credit_limit", self.credit_limit.clone()),
            ("alert_threshold", self.alert_threshold.clone()),
            ("periodic_reset", self.periodic_reset.clone()),
            ("periodic_reset_days", self.periodic_reset_days.clone()),
            ("next_reset", self.next_reset.clone()),
            ("mode", self.mode.clone()),
            ("unpriced", self.unpriced.clone()),
            ("per", self.per.clone()),
            ("value", self.value.clone()),
            ("conditions", self.conditions.clone()),
            ("group_by", self.group_by.clone()),
            ("lacking", self.lacking.clone()),
        ]
    }
}
