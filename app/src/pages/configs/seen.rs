//! How providers did of late, as the graph shows it at their platforms.

use crate::model::config::ProviderPick;
use crate::model::duration::duration;
use crate::model::money::grouped;
use crate::parts::route::Seen;

/// How the providers did of late, for the platforms of the graph.
pub fn seen(providers: &[ProviderPick]) -> Vec<Seen> {
    let seen = |pick: &ProviderPick| {
        let (lamp, told) = match (pick.calls, pick.errors.saturating_mul(100) / pick.calls.max(1)) {
            (0, _) => ("off", "No calls in 24 hours".to_owned()),
            (calls, share) => {
                let lamp = if share >= 20 { "bad" } else { ["ok", "warn"][usize::from(share >= 2)] };
                (lamp, format!("{share} % of {} calls failed in 24 hours", grouped(calls)))
            }
        };
        let pace = pick.p50_ms.map(|ms| format!("p50 {}", duration(u64::from(ms) * 1_000))).unwrap_or_default();
        Seen { provider: pick.slug.clone(), pace, lamp, told }
    };
    providers.iter().map(seen).collect()
}
