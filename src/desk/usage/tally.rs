//! Sums of slices.

use crate::journal::rollup::Figures;
use crate::store::usage::Slice;
use crate::store::{StoreError, Stored};
use app::model::money::Nanos;
use app::model::usage::Totals;

/// Adds a slice to what is summed so far.
pub(crate) fn add(figures: &mut Figures, slice: &Slice) -> Stored<()> {
    add_plain(figures, slice);
    figures.gather(&slice.latency, &slice.first_token).map_err(|_| StoreError::Garbled("latency"))
}

/// The same without its sketches.
pub(crate) fn add_plain(figures: &mut Figures, slice: &Slice) {
    figures.calls += count(slice.calls);
    figures.errors += count(slice.errors);
    figures.tokens_in += count(slice.tokens_in);
    figures.tokens_cached += count(slice.tokens_cached);
    figures.tokens_out += count(slice.tokens_out);
    figures.cost = figures.cost.saturating_add(slice.cost);
    figures.unpriced += count(slice.unpriced);
    figures.cache_hits += count(slice.cache_hits);
    figures.cache_asked += count(slice.cache_asked);
    figures.saved_cost = figures.saved_cost.saturating_add(slice.saved_cost);
    figures.saved_us += count(slice.saved_us);
    figures.hit_us += count(slice.hit_us);
    figures.took_us += count(slice.took_us);
}

/// The sum as it is told: percentiles are known at the end alone.
pub(crate) fn close(figures: &Figures) -> Totals {
    Totals {
        requests: figures.calls,
        errors: figures.errors,
        cost: Nanos(figures.cost),
        unpriced: figures.unpriced,
        tokens_in: figures.tokens_in,
        tokens_cached: figures.tokens_cached,
        tokens_out: figures.tokens_out,
        cache_hits: figures.cache_hits,
        cache_asked: figures.cache_asked,
        saved_cost: Nanos(figures.saved_cost),
        saved_us: figures.saved_us,
        hit_us: figures.hit_us,
        timed: figures.latency.count(),
        took_us: figures.took_us,
        p50_us: figures.latency.quantile(0.5),
        p90_us: figures.latency.quantile(0.9),
        p95_us: figures.latency.quantile(0.95),
        p99_us: figures.latency.quantile(0.99),
        first_token_p50_us: figures.first_token.quantile(0.5),
        first_token_p95_us: figures.first_token.quantile(0.95),
    }
}

/// A stored count; there are no negative ones.
pub(crate) fn count(figure: i64) -> u64 {
    u64::try_from(figure).unwrap_or(0)
}

/// `cerebras` is `Ce`.
pub(crate) fn tile(provider: &str) -> String {
    let mut letters = provider.chars().filter(|letter| letter.is_alphanumeric());
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters.next()).collect()
}

/// What people call a key.
pub(crate) fn key_label(id: &str, name: Option<&String>) -> String {
    match name {
        Some(name) => name.clone(),
        None if id.starts_with(crate::store::samples::SAMPLE) => id.to_owned(),
        None if id.is_empty() => "No key".into(),
        None => "Removed key".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::tile;

    #[test]
    fn a_tile_is_two_letters() {
        for (provider, letters) in [("cerebras", "Ce"), ("@sandbox", "Sa"), ("x", "X"), ("", "")] {
            assert_eq!(tile(provider), letters, "{provider}");
        }
    }
}
