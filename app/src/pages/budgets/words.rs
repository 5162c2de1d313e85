//! What is said of limits.

use crate::model::alert::{Alerts, Crossed};
use crate::model::limit::{BudgetRow, RateRow, Whose};
use crate::model::log::LogQuery;
use crate::model::money::{Nanos, grouped};
use crate::model::range::Range;
use crate::pages::logs::url;

/// Between the values of a counter's name.
const BETWEEN: char = '\u{1f}';
/// Between the values of a condition, in words.
const OR: &str = " or ";

/// A budget that was told to be used up: its id, which of its counters, and the start of the period.
pub type Ended = (String, String, i64);

/// What was told to be used up lately.
pub fn ended(alerts: &Alerts) -> Vec<Ended> {
    let exhausted = alerts.rows.iter().filter(|alert| alert.crossed == Crossed::Exhausted);
    exhausted.map(|alert| (alert.budget.clone(), alert.part.clone(), alert.period)).collect()
}

/// Whether a budget refuses calls: nothing is left of it, or what is did not cover one.
pub fn refuses(row: &BudgetRow, ended: &[Ended]) -> bool {
    let told = ended
        .iter()
        .any(|(budget, part, period)| *budget == row.id && *part == row.group_words && *period == row.began_at);
    row.spent + row.unsettled >= row.limit || (told && row.left <= row.limit / 5)
}

/// An amount in its unit: dollars, or a figure.
pub fn amount(unit: &str, amount: i64) -> String {
    match unit {
        "cost" if amount == 0 => "$0".into(),
        "cost" if amount.unsigned_abs() >= 1_000_000_000 => Nanos(amount).total_text(),
        "cost" => Nanos(amount).call_text(),
        _ if amount < 0 => format!("−{}", grouped(amount.unsigned_abs())),
        _ => grouped(amount.unsigned_abs()),
    }
}

/// The limit with its unit: `$25`, `5,000 tokens`.
pub fn limit(row: &BudgetRow) -> String {
    let text = amount(&row.unit, row.limit);
    match row.unit.as_str() {
        "cost" => text.trim_end_matches(".00").to_owned(),
        unit => format!("{text} {unit}"),
    }
}

/// How often it begins anew, after the limit.
pub fn each(reset: &str) -> String {
    match reset {
        "weekly" => "each week".into(),
        "monthly" => "each month".into(),
        "never" | "" => "once".into(),
        other => other.to_owned(),
    }
}

/// Whose calls are limited.
pub fn whose(whose: &Whose, conditions: &[String], group_by: &[String], group: &str) -> String {
    let mut text = match whose.kind.as_str() {
        "key" => format!("key {}", whose.name),
        "provider" => format!("provider @{}", whose.name),
        "integration" => format!("credential of @{}", whose.name),
        "workspace" => "all calls".into(),
        _ if conditions.is_empty() => "all calls".into(),
        _ => conditions.join(" and "),
    };
    if !group_by.is_empty() {
        let named = if group.is_empty() { "each".to_owned() } else { group.to_owned() };
        text.push_str(&format!(", {} {named}", group_by.join(", ")));
    }
    text
}

/// `60 calls each minute`.
pub fn rate(row: &RateRow) -> String {
    let what = if row.what == "requests" { "calls" } else { "tokens" };
    format!("{} {what} {}", grouped(row.value), span(&row.unit))
}

/// The span of a rate limit.
pub fn span(unit: &str) -> &'static str {
    match unit {
        "rps" => "each second",
        "rpm" => "each minute",
        "rph" => "each hour",
        "rpd" => "each day",
        "rpw" => "each week",
        _ => "at one time",
    }
}

/// Thousandths of a limit; one that is zero is full.
pub fn fullness(used: i64, limit: i64) -> i64 {
    if limit <= 0 {
        return 1_000;
    }
    i64::try_from(i128::from(used) * 1_000 / i128::from(limit)).unwrap_or(i64::MAX)
}

pub fn whole(figure: u64) -> i64 {
    i64::try_from(figure).unwrap_or(i64::MAX)
}

/// The log of the calls behind a budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behind {
    pub href: String,
    /// What the log cannot be narrowed by: with any, it lists more calls than the budget counts.
    pub beyond: Vec<String>,
}

/// The calls of a budget's period, by what the log can be filtered by.
pub fn behind(row: &BudgetRow, now: i64) -> Behind {
    let mut query = LogQuery { range: Range::Between(row.began_at, now.max(row.began_at + 1)), ..LogQuery::default() };
    let mut beyond = Vec::new();
    match row.whose.kind.as_str() {
        "key" => query.key = Some(row.whose.id.clone()),
        "provider" => query.provider = Some(row.whose.name.clone()),
        "integration" => beyond.push(format!("credential of @{}", row.whose.name)),
        _ => {}
    }
    for condition in &row.conditions {
        let found = condition.split_once(" is ").filter(|(_, value)| !value.starts_with("not "));
        if !found.is_some_and(|(key, value)| all(key, value) || (plain(value) && narrow(&mut query, key, value))) {
            beyond.push(condition.clone());
        }
    }
    let values: Vec<&str> = row.group.split(BETWEEN).collect();
    let known = values.len() == row.group_by.len() && !row.group.starts_with("sha256:");
    for (place, key) in row.group_by.iter().enumerate() {
        let value = values.get(place).filter(|value| known && !value.is_empty());
        // A counter is named by the slug of the provider that is called.
        let field = if key == "provider" { "virtual_key" } else { key };
        if !value.is_some_and(|value| key == "workspace_id" || narrow(&mut query, field, value)) {
            beyond.push(key.clone());
        }
    }
    Behind { href: url::list(&query), beyond }
}

impl Behind {
    /// What is said beside the link, empty where the log lists what is counted.
    pub fn note(&self) -> String {
        match self.beyond.as_slice() {
            [] => String::new(),
            beyond => format!(", and others: the log cannot be narrowed by {}", beyond.join(", ")),
        }
    }
}

/// One value, as the log keeps it.
fn plain(value: &str) -> bool {
    !value.contains(OR) && !value.contains('*')
}

/// Whether each call of the workspace has it.
fn all(key: &str, value: &str) -> bool {
    key == "workspace_id" || (key == "api_key" && value == "*")
}

/// Whether the filter says the same as the condition. A condition's model is the one that was asked for and its provider
/// may be a vendor, where the log knows what answered; and no field is narrowed twice.
fn narrow(query: &mut LogQuery, key: &str, value: &str) -> bool {
    let field = match key {
        "virtual_key" => &mut query.provider,
        "api_key" => &mut query.key,
        "config" => &mut query.config,
        key => {
            let name = key.strip_prefix("metadata.");
            query.metadata.extend(name.map(|name| (name.to_owned(), value.to_owned())));
            return name.is_some();
        }
    };
    let value = value.trim_start_matches('@');
    match field {
        Some(known) => known == value,
        None => {
            *field = Some(value.to_owned());
            true
        }
    }
}

/// Conditions as the form takes them: `metadata.team = search, ads`.
pub fn typed(conditions: &[String]) -> String {
    let line = |condition: &String| match (condition.split_once(" is not "), condition.split_once(" is ")) {
        (Some((key, values)), _) => format!("{key} != {}", values.replace(OR, ", ")),
        (None, Some((key, values))) => format!("{key} = {}", values.replace(OR, ", ")),
        (None, None) => condition.clone(),
    };
    conditions.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::{amount, behind, each, fullness, typed};
    use crate::model::limit::{BudgetRow, Whose};

    #[test]
    fn amounts_are_said_in_their_unit() {
        for (unit, figure, text) in [
            ("cost", 0, "$0"),
            ("cost", 25_000_000_000, "$25.00"),
            ("cost", 123_000, "$0.00012"),
            ("cost", -1_500_000_000, "−$1.50"),
            ("tokens", 12_345, "12,345"),
            ("tokens", -5, "−5"),
        ] {
            assert_eq!(amount(unit, figure), text, "{unit} {figure}");
        }
        assert_eq!(
            (each("monthly"), each("every 10 days"), each("never")),
            ("each month".into(), "every 10 days".into(), "once".into())
        );
    }

    #[test]
    fn conditions_are_typed_as_they_were() {
        let words = ["metadata.team is search or ads", "model is not @openai/gpt-4*"].map(str::to_owned);
        assert_eq!(typed(&words), "metadata.team = search, ads\nmodel != @openai/gpt-4*");
    }

    #[test]
    fn the_log_lists_what_a_budget_counts_or_says_what_it_cannot_be_narrowed_by() {
        type Row<'a> = (&'a str, &'a [&'a str], &'a [&'a str], &'a str, &'a str, &'a str);
        let rows: [Row<'_>; 9] = [
            ("key", &[], &[], "", "&key=w1", ""),
            ("provider", &[], &[], "", "&provider=own", ""),
            ("integration", &[], &[], "", "", ", and others: the log cannot be narrowed by credential of @own"),
            ("policy", &["metadata.team is search", "config is pc-1"], &[], "", "&config=pc-1&meta=team=search", ""),
            ("policy", &["workspace_id is *", "api_key is *"], &["metadata._user"], "ada", "&meta=_user=ada", ""),
            ("policy", &["virtual_key is @own"], &["api_key", "provider"], "k1\u{1f}own", "&provider=own&key=k1", ""),
            (
                "policy",
                &["metadata.team is not ads", "metadata.env is a or b", "model is gpt-4*"],
                &["model"],
                "gpt-4o",
                "",
                ", and others: the log cannot be narrowed by metadata.team is not ads, metadata.env is a or b, model is \
                 gpt-4*, model",
            ),
            (
                "policy",
                &["api_key is ci"],
                &["api_key"],
                "k1",
                "&key=ci",
                ", and others: the log cannot be narrowed by api_key",
            ),
            ("policy", &[], &["config"], "", "", ", and others: the log cannot be narrowed by config"),
        ];
        for (kind, conditions, group_by, group, filter, note) in rows {
            let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
            let row = BudgetRow {
                whose: Whose { kind: kind.into(), id: "w1".into(), name: "own".into() },
                conditions: texts(conditions),
                group_by: texts(group_by),
                group: group.into(),
                began_at: 5,
                ..BudgetRow::default()
            };
            let behind = behind(&row, 9);
            assert_eq!(behind.href, format!("/logs?range=custom&from=5&to=9{filter}"), "{conditions:?} {group_by:?}");
            assert_eq!(behind.note(), note);
        }
    }

    #[test]
    fn fullness_does_not_overflow() {
        for (used, limit, thousandths) in
            [(0, 10, 0), (5, 10, 500), (15, 10, 1_500), (1, 0, 1_000), (i64::MAX, i64::MAX, 1_000)]
        {
            assert_eq!(fullness(used, limit), thousandths, "{used} of {limit}");
        }
    }
}
