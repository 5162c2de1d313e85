//! Figures as people read them.

pub use crate::model::duration::duration;
use crate::model::log::LogRow;
use crate::model::money::grouped;
use crate::parts::time::Stamp;

/// A total: whole up to a million, then `372.1 M`.
pub fn total(count: u64) -> String {
    match count {
        ..1_000_000 => grouped(count),
        1_000_000..1_000_000_000 => format!("{}.{} M", count / 1_000_000, count % 1_000_000 / 100_000),
        _ => format!("{}.{} B", grouped(count / 1_000_000_000), count % 1_000_000_000 / 100_000_000),
    }
}

/// `17:59:48`, in UTC.
pub fn clock(at: i64) -> String {
    let stamp = Stamp::of(at);
    format!("{:02}:{:02}:{:02}", stamp.hour, stamp.minute, stamp.second)
}

/// The cost of a call; a call without a price is never free.
pub fn cost(row: &LogRow) -> String {
    row.cost.map_or_else(|| "unpriced".into(), |cost| cost.call_text())
}

/// Enough of an id to tell calls apart at a glance.
pub fn short_id(id: &str) -> String {
    match (id.get(..8), id.len().checked_sub(4).and_then(|at| id.get(at..))) {
        (Some(head), Some(tail)) if id.len() > 16 => format!("{head}…{tail}"),
        _ => id.to_owned(),
    }
}

/// The model asked for without its provider, where another one answered.
pub fn asked_instead(row: &LogRow) -> Option<&str> {
    let asked = bare(&row.model_asked);
    (!row.model_served.is_empty() && !asked.is_empty() && asked != row.model_served).then_some(asked)
}

/// The model served, else the one asked for.
pub fn model(row: &LogRow) -> &str {
    if row.model_served.is_empty() { bare(&row.model_asked) } else { &row.model_served }
}

/// `@slug/model` without its slug.
fn bare(asked: &str) -> &str {
    match asked.strip_prefix('@').and_then(|rest| rest.split_once('/')) {
        Some((_, model)) => model,
        None => asked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_and_ids_are_shortened() {
        for (count, text) in [(999_999, "999,999"), (372_140_000, "372.1 M"), (1_250_000_000, "1.2 B")] {
            assert_eq!(total(count), text);
        }
        assert_eq!(short_id("019ab697-e800-7000-8000-00000000000d"), "019ab697…000d");
        assert_eq!(short_id("ünïcode-id"), "ünïcode-id");
        assert_eq!((bare("@cerebras/gpt-oss-120b"), bare("a/b")), ("gpt-oss-120b", "a/b"));
    }
}
