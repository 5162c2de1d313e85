//! What providers did of late: a day as a line, and the last minutes in figures.

use crate::chart::{Ink, Series, spark};
use crate::desk::{DAY, Seat};
use crate::journal::sketch::Sketch;
use crate::store::rollups::ROUTE;
use crate::store::usage::{Dimension, Slice};
use app::backend::Answer;
use app::failure::Failure;
use app::model::models::NOW;
use app::model::range::{MINUTE, Window};
use std::collections::HashMap;

/// Of one provider. What ends in `now` is of the last [`NOW`] minutes, the rest of 24 hours.
#[derive(Debug, Default)]
pub struct Seen {
    pub calls: u64,
    pub errors: u64,
    pub spark: String,
    pub calls_now: u64,
    pub errors_now: u64,
    pub p50_ms: Option<u32>,
}

const HOUR: i64 = 60 * MINUTE;
const HOURS: usize = 24;

/// By slug.
pub async fn of(seat: &Seat) -> Answer<HashMap<String, Seen>> {
    let (store, workspace, now) = (&seat.house.store, seat.workspace(), seat.now());
    let to = (now / HOUR + 1) * HOUR;
    let day = store.slices(workspace, &Dimension::Route, Window { from: to - DAY, to }, HOUR).await?;
    let recent = store.model_uses(workspace, now - NOW * MINUTE, true).await?;
    // Adding up sketches takes milliseconds: long enough to delay the calls that share these threads.
    let told = tokio::task::spawn_blocking(move || {
        let mut seen = over_a_day(&day, to - DAY);
        let mut latency: HashMap<String, Vec<u8>> = HashMap::new();
        for ((provider, _), uses) in recent {
            let one = seen.entry(provider.clone()).or_default();
            one.calls_now += uses.calls;
            one.errors_now += uses.failed;
            latency.entry(provider).or_default().extend(uses.latency);
        }
        for (provider, sketches) in latency {
            seen.entry(provider).or_default().p50_ms = median(&sketches).map(millis);
        }
        seen
    });
    told.await.map_err(|_| Failure::Broken("The figures could not be added up. Try again.".into()))
}

/// The median in microseconds of sketches laid end to end; one that cannot be read counts as none.
pub fn median(sketches: &[u8]) -> Option<u64> {
    Sketch::decode(sketches).inspect_err(|_| tracing::warn!("a latency sketch cannot be read")).ok()?.quantile(0.5)
}

pub fn millis(us: u64) -> u32 {
    u32::try_from(us / 1_000).unwrap_or(u32::MAX)
}

fn over_a_day(slices: &[Slice], from: i64) -> HashMap<String, Seen> {
    let mut seen: HashMap<String, Seen> = HashMap::new();
    let mut hours: HashMap<&str, Vec<Vec<u8>>> = HashMap::new();
    for slice in slices {
        let (provider, _) = slice.value.split_once(ROUTE).unwrap_or((&slice.value, ""));
        let one = seen.entry(provider.to_owned()).or_default();
        one.calls += u64::try_from(slice.calls).unwrap_or_default();
        one.errors += u64::try_from(slice.errors).unwrap_or_default();
        let hours = hours.entry(provider).or_insert_with(|| vec![Vec::new(); HOURS]);
        let hour = usize::try_from((slice.at - from) / HOUR).ok().and_then(|at| hours.get_mut(at));
        if let Some(hour) = hour {
            hour.extend(&slice.latency);
        }
    }
    for (provider, hours) in hours {
        let values: Vec<_> = hours.iter().map(|hour| median(hour).and_then(|us| i64::try_from(us).ok())).collect();
        let drawn = values.iter().flatten().count() > 1;
        if let Some(one) = seen.get_mut(provider).filter(|_| drawn) {
            let series = |ink| Series { ink, values: values.clone() };
            one.spark = spark(&[series(Ink::Wash(1)), series(Ink::Line(1))]);
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::{HOUR, median, over_a_day};
    use crate::journal::sketch::Sketch;
    use crate::store::rollups::ROUTE;
    use crate::store::usage::Slice;

    fn slice(at: i64, errors: i64, calls: i64) -> Slice {
        let (mut sketch, mut latency) = (Sketch::new(), Vec::new());
        sketch.add(40_000);
        sketch.encode(&mut latency);
        Slice {
            at,
            value: format!("alpha{ROUTE}m"),
            calls,
            errors,
            tokens_in: 0,
            tokens_cached: 0,
            tokens_out: 0,
            cost: 0,
            unpriced: 0,
            cache_hits: 0,
            cache_asked: 0,
            saved_cost: 0,
            saved_us: 0,
            hit_us: 0,
            took_us: 0,
            latency,
            first_token: Vec::new(),
        }
    }

    #[test]
    fn a_day_is_counted_and_drawn_once_two_hours_have_calls() {
        let one = over_a_day(&[slice(0, 0, 8), slice(0, 2, 2)], 0);
        assert_eq!((one["alpha"].calls, one["alpha"].errors), (10, 2));
        assert_eq!(one["alpha"].spark, "");
        let two = over_a_day(&[slice(0, 0, 8), slice(5 * HOUR, 0, 2)], 0);
        assert!(two["alpha"].spark.starts_with("<svg"), "{}", two["alpha"].spark);
    }

    #[test]
    fn the_median_is_of_all_minutes_together() {
        let mut both = Vec::new();
        for values in [&[1_000, 1_000, 900_000][..], &[20_000, 30_000_000]] {
            let mut sketch = Sketch::new();
            values.iter().for_each(|us| sketch.add(*us));
            sketch.encode(&mut both);
        }
        assert_eq!(median(&[]), None);
        assert!(median(&both).is_some_and(|us| (19_000..=21_000).contains(&us)));
    }
}
