//! What is said of limits.

use crate::model::alert::{Alerts, Crossed};
use crate::model::limit::{BudgetRow, RateRow, Whose};
use crate::model::log::LogQuery;
use crate::model::money::{Nanos, grouped};
use crate::model::range::Range;
use crate::pages::logs::url;

/// Between the values of a counter's name, in words.
const BETWEEN: &str = " · ";
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

/// The calls behind a budget: those of its period, by what the log can be filtered by.
pub fn behind(row: &BudgetRow, now: i64) -> String {
    let mut query = LogQuery { range: Range::Between(row.began_at, now.max(row.began_at + 1)), ..LogQuery::default() };
    match row.whose.kind.as_str() {
        "key" => query.key = Some(row.whose.id.clone()),
        "provider" => query.provider = Some(row.whose.name.clone()),
        _ => {}
    }
    for condition in &row.conditions {
        if let Some((key, value)) =
            condition.split_once(" is ").filter(|(_, value)| !value.starts_with("not ") && plain(value))
        {
            narrow(&mut query, key, value);
        }
    }
    let values = row.group_words.split(BETWEEN);
    if !row.group_words.is_empty() && !row.group.starts_with("sha256:") {
        row.group_by.iter().zip(values).for_each(|(key, value)| narrow(&mut query, key, value));
    }
    url::list(&query)
}

/// One value, as the log keeps it.
fn plain(value: &str) -> bool {
    !value.contains(OR) && !value.contains('*') && !value.starts_with('@')
}

fn narrow(query: &mut LogQuery, key: &str, value: &str) {
    match key {
        "model" => query.model = Some(value.to_owned()),
        "provider" | "virtual_key" => query.provider = Some(value.to_owned()),
        "api_key" => query.key = Some(value.to_owned()),
        key => {
            if let Some(name) = key.strip_prefix("metadata.") {
                query.metadata.push((name.to_owned(), value.to_owned()));
            }
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
    use super::{amount, each, fullness, typed};

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
    fn fullness_does_not_overflow() {
        for (used, limit, thousandths) in
            [(0, 10, 0), (5, 10, 500), (15, 10, 1_500), (1, 0, 1_000), (i64::MAX, i64::MAX, 1_000)]
        {
            assert_eq!(fullness(used, limit), thousandths, "{used} of {limit}");
        }
    }
}
