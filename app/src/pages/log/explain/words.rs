//! The sentences of a call's way.

use crate::model::explain::{CacheFacts, Explain, Tried};
use crate::model::log::{LogDetail, LogRow};
use crate::model::money::Nanos;
use crate::pages::logs::figures::{duration, model, short_id};

/// The whole in one sentence.
pub fn gist(detail: &LogDetail) -> String {
    let explain = &detail.explain;
    if let Some(facts) = explain.cache.as_ref().filter(|facts| facts.status.ends_with("HIT")) {
        return match facts.age {
            Some(age) => format!("The cache answered, with what it had kept for {}.", seconds(age)),
            None => "The cache answered.".into(),
        };
    }
    match explain.tried.as_slice() {
        [] => refused(detail),
        [only] => match failed(only) {
            true => format!("{}, and there was nothing else to try.", said(only)),
            false => format!("{} at {} answered at the first try.", name(only), only.provider),
        },
        [first, .., last] if failed(last) => {
            let same = explain.tried.iter().all(|tried| tried.path == first.path);
            if same {
                format!("{} was tried {} times, and never answered well.", name(first), explain.tried.len())
            } else {
                format!("None of {} tries answered well: the last, {}.", explain.tried.len(), said(last))
            }
        }
        [.., last] => answered(explain, last, &model_of(detail, last)),
    }
}

/// What came before the answer cost in time and money; nothing where the first try answered.
pub fn detour(detail: &LogDetail) -> Option<String> {
    let explain = &detail.explain;
    if let Some(facts) = explain.cache.as_ref().filter(|facts| facts.status.ends_with("HIT")) {
        let money = facts.saved.map(|saved| Nanos(saved).call_text());
        let time = facts.saved_us.map(duration);
        let saved: Vec<String> = money.into_iter().chain(time).collect();
        return (!saved.is_empty()).then(|| format!("That saved {}.", saved.join(" and ")));
    }
    let last = explain.tried.last().filter(|last| explain.tried.len() > 1 && !failed(last))?;
    let start = explain.tried.first().map_or(0, |first| first.started_us);
    let lost = detail.attempts.iter().rev().skip(1).filter_map(|attempt| attempt.cost).sum::<Nanos>();
    Some(format!("The detour took {} and {}.", duration(last.started_us.saturating_sub(start)), lost.call_text()))
}

/// Where the config came from.
pub fn origin(detail: &LogDetail) -> String {
    let explain = &detail.explain;
    let named = match (&explain.config, &explain.version) {
        (Some(config), Some(version)) => format!("{config}, version {version}"),
        (Some(config), None) => config.clone(),
        (None, _) => "without a name".into(),
    };
    let config = match explain.source.as_str() {
        "header" if explain.config.is_none() => "a config in the header".into(),
        "header" => format!("config {named}, named by the header"),
        "key" => format!("config {named}, the key's default"),
        "saved" => format!("config {named}"),
        _ => "no config".into(),
    };
    format!("Key {}, {config}.", detail.row.key_name)
}

pub fn cache_title(facts: &CacheFacts) -> &'static str {
    match facts.status.as_str() {
        "HIT" => "Found in the cache",
        "SEMANTIC HIT" => "Found in the cache by likeness",
        "MISS" | "SEMANTIC MISS" => "Not in the cache",
        "REFRESH" => "The cache was passed over, its entry replaced",
        _ => "The cache was not asked",
    }
}

pub fn cache_text(facts: &CacheFacts) -> String {
    let mode = if facts.mode.is_empty() { "simple" } else { &facts.mode };
    let key = match facts.key.len() {
        0 => mode.to_owned(),
        1..=12 => format!("key {}, {mode}", facts.key),
        _ => format!("key {}, {mode}", short_id(&facts.key)),
    };
    let kept = if facts.max_age > 0 { format!(", good for {}", seconds(facts.max_age)) } else { String::new() };
    let age = facts.age.map(|age| format!(", {} old", seconds(age))).unwrap_or_default();
    super::sentence(&format!("{key}{kept}{age}"))
}

/// How it ended.
pub fn end(row: &LogRow) -> String {
    match (row.status, row.outcome.as_str()) {
        (0, _) | (_, "interrupted") => "Cut by the end of the gateway".to_owned(),
        (_, "cancelled") => "The caller left".to_owned(),
        (status, "failed") if status < 400 => format!("Answered {status}, then broke off"),
        (status, _) => format!("Answered {status}"),
    }
}

pub fn ordinal(number: usize) -> String {
    const NAMES: [&str; 6] = ["First", "Second", "Third", "Fourth", "Fifth", "Sixth"];
    NAMES.get(number).map_or_else(|| format!("Try {}", number + 1), |name| (*name).to_owned())
}

/// `90` is `1 min 30 s`, `3600` is `1 h`.
fn seconds(seconds: u64) -> String {
    match seconds {
        ..60 => format!("{seconds} s"),
        60..3_600 if seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

fn refused(detail: &LogDetail) -> String {
    match detail.row.status {
        0 => "Nothing was sent before the gateway stopped.".into(),
        status => format!("The gateway answered {status} by itself; nothing was sent."),
    }
}

fn answered(explain: &Explain, last: &Tried, served: &str) -> String {
    let before = &explain.tried[..explain.tried.len() - 1];
    let retries = before.iter().filter(|tried| tried.path == last.path).count();
    match before.iter().rev().find(|tried| tried.path != last.path) {
        Some(other) => format!("{}, so {served} answered.", said(other)),
        None if retries == 1 => format!("{served} answered when tried again, after {}.", code(&before[0])),
        None => format!("{served} answered at retry {retries}."),
    }
}

fn model_of(detail: &LogDetail, last: &Tried) -> String {
    last.model.clone().unwrap_or_else(|| model(&detail.row).to_owned())
}

/// `claude at @anthropic answered 529`.
fn said(tried: &Tried) -> String {
    match tried.status {
        0 => format!("{} at {} gave no answer", name(tried), tried.provider),
        status if (200..400).contains(&status) => format!("{} at {} broke off", name(tried), tried.provider),
        status => format!("{} at {} answered {status}", name(tried), tried.provider),
    }
}

fn code(tried: &Tried) -> String {
    if tried.status == 0 { "no answer".into() } else { tried.status.to_string() }
}

fn name(tried: &Tried) -> &str {
    tried.model.as_deref().unwrap_or("The call")
}

fn failed(tried: &Tried) -> bool {
    !(200..400).contains(&tried.status) || tried.error.is_some()
}

#[cfg(test)]
mod tests;
