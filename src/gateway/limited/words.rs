//! What a limit says to its caller: which one it is, what is left, and when there is more.

use crate::gateway::refusal::{Details, RATE_LIMIT, Refusal};
use crate::limit::rule::{Budget, Limit, Mode, Reset, Scope, Unit, What};
use crate::limit::{Pace, Refused, Standing};
use app::model::money::{Nanos, grouped};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

/// 412: what is left does not cover the attempt, or no call without a price may pass.
pub fn refused(refused: &Refused) -> Refusal {
    match refused {
        Refused::Unwritten => Refusal::journal(),
        Refused::Short(standing, needed) => short(standing, Some(*needed)),
        Refused::Unpriced(standing) => {
            let name = named(&standing.falls.limit);
            let unit = standing.falls.limit.budget().map(|budget| budget.unit);
            let (what, instead) = match unit {
                Some(Unit::Tokens) => ("calls whose tokens nobody tells", "Make one that is text"),
                _ => ("calls without a price, and this one has none", "Call a model that has a price"),
            };
            let message = format!("{name} refuses {what}. {instead}, or set unpriced = \"count\" on the budget.");
            exceeded(standing, None, message)
        }
    }
}

/// 412: nothing is left before the reset.
pub fn used_up(standing: &Standing) -> Refusal {
    short(standing, None)
}

/// 429: over a rate limit.
pub fn full(pace: &Pace) -> Refusal {
    let limit = &pace.falls.limit;
    let rate = limit.rate();
    let seconds = u32::try_from((pace.wait + 999) / 1_000).unwrap_or(u32::MAX).max(1);
    let (what, per) = rate.map_or(("requests", ""), |rate| (rate.what.word(), rate.per.words()));
    let message = format!(
        "{} lets {} {what} {per} through, and {} are in it. Try again in {seconds} s.",
        named(limit),
        grouped(pace.most),
        grouped(pace.used),
    );
    let details = json!({
        "id": limit.id,
        "name": limit.name,
        "scope": limit.scope.word(),
        "group": group(&pace.falls.group),
        "type": what,
        "unit": rate.map_or("", |rate| rate.per.word()),
        "value": pace.most,
        "used": pace.used,
        "retry_after_ms": pace.wait,
    });
    let mut headers = HeaderMap::new();
    if pace.slides() {
        mark(&mut headers, pace);
    }
    let refusal =
        Refusal { status: StatusCode::TOO_MANY_REQUESTS, kind: "rate_limit_exceeded", ..Refusal::invalid(message) };
    Refusal {
        code: Some("rate_limit_exceeded"),
        param: Some(limit.scope.word().to_owned()),
        retry_after: Some(seconds),
        details: Some(Box::new(Details { name: RATE_LIMIT, value: details, headers })),
        ..refusal
    }
}

/// 400: a policy cannot tell whose the call is.
pub fn lacks(limit: &Limit, name: &str) -> Refusal {
    let message = format!(
        "{} counts calls by their metadata, and this one lacks {name}. Send it in x-portkey-metadata, such as \
         {{\"{name}\": \"…\"}}, or set it on the key.",
        named(limit)
    );
    let refusal = Refusal { param: Some(format!("metadata.{name}")), ..Refusal::invalid(message) };
    Refusal { code: Some("metadata_missing"), ..refusal }
}

/// How much of a rate limit is left, as OpenAI's SDKs read it.
pub fn mark(headers: &mut HeaderMap, pace: &Pace) {
    let [limit, remaining, reset] = match pace.what() {
        What::Requests => {
            ["x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"]
        }
        What::Tokens => ["x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"],
    };
    headers.insert(HeaderName::from_static(limit), HeaderValue::from(pace.most));
    headers.insert(HeaderName::from_static(remaining), HeaderValue::from(pace.left()));
    if let Ok(reset_in) = HeaderValue::try_from(span(pace.empties)) {
        headers.insert(HeaderName::from_static(reset), reset_in);
    }
}

/// A rate limit by name, and how it stands.
pub fn paced(pace: &Pace) -> (String, String) {
    let limit = &pace.falls.limit;
    let (what, per) = limit.rate().map_or(("requests", ""), |rate| (rate.what.word(), rate.per.words()));
    (named(limit), format!("{} of {} {what} {per} are in it", grouped(pace.used), grouped(pace.most)))
}

/// A budget by name, and how it stands; `amount`: what the call would hold of it.
pub fn stands(standing: &Standing, amount: Option<i64>) -> (String, String) {
    let Standing { falls, account, .. } = standing;
    let Some(budget) = falls.limit.budget() else { return (named(&falls.limit), String::new()) };
    let words = |value: i64| self::amount(budget.unit, value);
    let left = account.left(budget.credit).max(0);
    let mut found = format!("{} of {} are left", words(left), words(budget.credit));
    if let Some(amount) = amount {
        let certain = if budget.mode == Mode::Exact { "may take up to" } else { "is expected to take" };
        found.push_str(&format!(", and this attempt {certain} {}", words(amount)));
    }
    (named(&falls.limit), found)
}

fn short(standing: &Standing, needed: Option<i64>) -> Refusal {
    let Standing { falls, account, period } = standing;
    let limit = &falls.limit;
    let Some(budget) = limit.budget() else { return Refusal::defect() };
    let words = |value: i64| amount(budget.unit, value);
    let left = account.left(budget.credit);
    let state = if needed.is_some() && left > 0 { "does not cover this call" } else { "is used up" };
    let mut message = format!("{} {state}: {} of {} are left", named(limit), words(left.max(0)), words(budget.credit));
    if account.reserved > 0 {
        message.push_str(&format!(", {} are held for calls that run", words(account.reserved)));
    }
    if account.unsettled > 0 {
        message.push_str(&format!(", {} are held for calls whose end nobody knows", words(account.unsettled)));
    }
    if let Some(needed) = needed.filter(|needed| *needed > left.max(0)) {
        let certain = if budget.mode == Mode::Exact { "may take up to" } else { "is expected to take" };
        message.push_str(&format!(", and this call {certain} {}", words(needed)));
    }
    match period.end {
        Some(end) => message.push_str(&format!(". It resets at {}.", iso(end))),
        None => message.push_str(". It does not reset by itself."),
    }
    if needed.is_some() && left > 0 {
        message.push_str(" Ask for less with max_tokens, or have the budget raised.");
    }
    exceeded(standing, needed, message)
}

fn exceeded(standing: &Standing, needed: Option<i64>, message: String) -> Refusal {
    let Standing { falls, account, period } = standing;
    let limit = &falls.limit;
    let details = limit.budget().map_or(Value::Null, |budget| {
        let shown = |value: i64| figure(budget.unit, value);
        json!({
            "id": limit.id,
            "name": limit.name,
            "scope": limit.scope.word(),
            "group": group(&falls.group),
            "type": budget.unit.word(),
            "credit_limit": shown(budget.credit),
            "spent": shown(account.spent),
            "reserved": shown(account.reserved),
            "unsettled": shown(account.unsettled),
            "left": shown(account.left(budget.credit).max(0)),
            "needed": needed.map(shown),
            "unpriced": account.unpriced,
            "periodic_reset": reset(budget),
            "resets_at": period.end.map(iso),
        })
    });
    let refusal =
        Refusal { status: StatusCode::PRECONDITION_FAILED, kind: "budget_exceeded", ..Refusal::invalid(message) };
    Refusal {
        code: Some("budget_exceeded"),
        param: Some(limit.scope.word().to_owned()),
        details: Some(Box::new(Details { name: "budget", value: details, headers: HeaderMap::new() })),
        ..refusal
    }
}

/// A limit at the beginning of a sentence.
fn named(limit: &Limit) -> String {
    let thing = if limit.budget().is_some() { "budget" } else { "rate limit" };
    match limit.scope {
        Scope::Key(_) => format!("The {thing} of API key {}", limit.name),
        Scope::Provider(_) => format!("The {thing} of provider @{}", limit.name),
        Scope::Integration(_) => format!("The {thing} of integration {}", limit.name),
        Scope::Workspace => format!("The {thing} of workspace {}", limit.workspace),
        Scope::Policy => format!("The policy {}", limit.name),
    }
}

fn amount(unit: Unit, value: i64) -> String {
    match unit {
        Unit::Cost => Nanos(value).call_text(),
        unit => format!("{} {}", grouped(value.unsigned_abs()), unit.word()),
    }
}

/// Dollars as a number, tokens and requests as they are.
pub fn figure(unit: Unit, value: i64) -> Value {
    match unit {
        Unit::Cost => {
            let text = format!(
                "{}{}.{:09}",
                if value < 0 { "-" } else { "" },
                value.unsigned_abs() / 1_000_000_000,
                value.unsigned_abs() % 1_000_000_000
            );
            let text = text.trim_end_matches('0').trim_end_matches('.');
            serde_json::from_str(text).unwrap_or_default()
        }
        _ => value.into(),
    }
}

/// The period of a budget in words; `null` where it has none.
pub fn reset(budget: &Budget) -> Value {
    match budget.reset {
        Reset::Never => Value::Null,
        Reset::Weekly => "weekly".into(),
        Reset::Monthly => "monthly".into(),
        Reset::Days(days) => format!("every {days} days").into(),
    }
}

fn group(group: &str) -> Value {
    if group.is_empty() { Value::Null } else { shown_group(group).into() }
}

/// A counter's name for people.
pub fn shown_group(group: &str) -> String {
    group.replace(crate::limit::facts::BETWEEN, " · ")
}

fn iso(millis: i64) -> String {
    Timestamp::from_millisecond(millis).map_or_else(|_| String::new(), |time| time.to_string())
}

/// Such as `1m12.5s`, as OpenAI writes it.
fn span(millis: i64) -> String {
    let (hours, minutes, rest) = (millis / 3_600_000, millis / 60_000 % 60, millis % 60_000);
    let seconds = format!("{}.{:03}", rest / 1_000, rest % 1_000);
    let seconds = seconds.trim_end_matches('0').trim_end_matches('.');
    match (hours, minutes) {
        (0, 0) if millis < 1_000 => format!("{millis}ms"),
        (0, 0) => format!("{seconds}s"),
        (0, minutes) => format!("{minutes}m{seconds}s"),
        (hours, minutes) => format!("{hours}h{minutes}m{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::{figure, span};
    use crate::limit::rule::Unit;

    #[test]
    fn a_span_reads_as_openai_writes_it() {
        for (millis, text) in [
            (0, "0ms"),
            (20, "20ms"),
            (1_000, "1s"),
            (12_345, "12.345s"),
            (72_500, "1m12.5s"),
            (60_000, "1m0s"),
            (90_000_000, "25h0m0s"),
        ] {
            assert_eq!(span(millis), text);
        }
    }

    #[test]
    fn money_is_told_to_the_last_nano_dollar() {
        for (nanos, text) in [(1_000_000_000, "1"), (1, "0.000000001"), (-1_500_000_000, "-1.5"), (0, "0")] {
            assert_eq!(figure(Unit::Cost, nanos), serde_json::from_str::<serde_json::Value>(text).expect(text));
        }
    }
}
