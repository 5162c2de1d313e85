//! From slices to figures: pure.

use crate::journal::sketch::Sketch;
use crate::store::StoreError;
use crate::store::usage::Slice;
use app::model::money::Nanos;
use app::model::range::{MINUTE, Range, Window};
use app::model::usage::{Overview, Point, Share, Totals};
use std::collections::HashMap;

/// How many lines a "top" table has before "Other".
const TOP: usize = 7;

/// The time that an overview is about. Its window is whole buckets, the last of them still filling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    range: Range,
    window: Window,
    pub(super) bucket: i64,
    now: i64,
}

impl Frame {
    pub(super) fn of(range: Range, now: i64) -> Self {
        let asked = range.window(now);
        let bucket = asked.bucket();
        let up = |at: i64| (at + bucket - 1).div_euclid(bucket) * bucket;
        let to = up(asked.to);
        let from = to - up(asked.length());
        Self { range, window: Window { from, to }, bucket, now: (now / MINUTE + 1) * MINUTE }
    }

    /// The part of the window that lies behind us.
    pub(super) fn elapsed(self) -> Window {
        Window { from: self.window.from, to: self.window.to.min(self.now).max(self.window.from) }
    }

    /// As much of the window before, so that the two compare.
    pub(super) fn elapsed_before(self) -> Window {
        let length = self.window.length();
        let elapsed = self.elapsed();
        Window { from: elapsed.from - length, to: elapsed.to - length }
    }
}

/// What the store gave.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) now: Vec<Slice>,
    pub(super) before: Vec<Slice>,
    pub(super) first_use: Option<i64>,
    /// Names of keys by id.
    pub(super) names: HashMap<String, String>,
}

/// Everything but the charts.
pub(super) fn add_up(frame: Frame, taken: &Taken) -> Result<Overview, StoreError> {
    let now = Ledger::of(frame.elapsed(), frame.bucket, taken.first_use, &taken.now)?;
    let before = Ledger::of(frame.elapsed_before(), frame.bucket, taken.first_use, &taken.before)?;
    let model = |slice: &Slice| (slice.model.clone(), slice.model.clone(), tile(&slice.provider));
    let key = |slice: &Slice| {
        let name = taken.names.get(&slice.key_id).cloned();
        (slice.key_id.clone(), name.unwrap_or_else(|| "Removed key".into()), String::new())
    };
    Ok(Overview {
        range: frame.range,
        window: frame.window,
        bucket: frame.bucket,
        models: shares(&taken.now, &now.points, model),
        keys: shares(&taken.now, &now.points, key),
        now: now.totals,
        before: before.totals,
        points: now.points,
        points_before: before.points,
        charts: Vec::new(),
    })
}

struct Ledger {
    totals: Totals,
    points: Vec<Point>,
}

impl Ledger {
    /// A bucket that ended before the first use is a gap; one without calls after it is a zero.
    fn of(window: Window, bucket: i64, first_use: Option<i64>, slices: &[Slice]) -> Result<Self, StoreError> {
        let mut buckets: HashMap<i64, Tally> = HashMap::new();
        let mut all = Tally::default();
        for slice in slices {
            buckets.entry(slice.at).or_default().add(slice)?;
        }
        let starts = (0..).map(|at| window.from + at * bucket).take_while(|at| *at < window.to);
        let used = starts.filter(|at| first_use.is_some_and(|first| first < at + bucket));
        let points = used
            .map(|at| {
                let tally = buckets.remove(&at).unwrap_or_default();
                all.merge(&tally);
                Point { at, totals: tally.close() }
            })
            .collect();
        Ok(Self { points, totals: all.close() })
    }
}

/// Totals in the making: percentiles are known at the end alone.
#[derive(Default)]
struct Tally {
    totals: Totals,
    latency: Sketch,
    first_token: Sketch,
}

impl Tally {
    fn add(&mut self, slice: &Slice) -> Result<(), StoreError> {
        let totals = &mut self.totals;
        totals.cache_hits += count(slice.cache_hits);
        totals.cache_asked += count(slice.cache_asked);
        let Totals { requests, errors, cost, unpriced, tokens_in, tokens_out, .. } = totals;
        *requests += count(slice.calls);
        *errors += if slice.failed { count(slice.calls) } else { 0 };
        cost.0 += slice.cost;
        *unpriced += count(slice.unpriced);
        *tokens_in += count(slice.tokens_in);
        *tokens_out += count(slice.tokens_out);
        self.latency.gather(&slice.latency).map_err(|_| StoreError::Garbled("latency"))?;
        self.first_token.gather(&slice.first_token).map_err(|_| StoreError::Garbled("time to first token"))
    }

    fn merge(&mut self, other: &Self) {
        let totals = &mut self.totals;
        totals.cache_hits += other.totals.cache_hits;
        totals.cache_asked += other.totals.cache_asked;
        let Totals { requests, errors, cost, unpriced, tokens_in, tokens_out, .. } = totals;
        *requests += other.totals.requests;
        *errors += other.totals.errors;
        cost.0 += other.totals.cost.0;
        *unpriced += other.totals.unpriced;
        *tokens_in += other.totals.tokens_in;
        *tokens_out += other.totals.tokens_out;
        self.latency.merge(&other.latency);
        self.first_token.merge(&other.first_token);
    }

    fn close(self) -> Totals {
        Totals {
            p50_us: self.latency.quantile(0.5),
            p95_us: self.latency.quantile(0.95),
            p99_us: self.latency.quantile(0.99),
            first_token_p50_us: self.first_token.quantile(0.5),
            first_token_p95_us: self.first_token.quantile(0.95),
            ..self.totals
        }
    }
}

/// The fattest by cost, then by calls, and what is left as "Other". `name` gives value, label and tile.
fn shares(slices: &[Slice], points: &[Point], name: impl Fn(&Slice) -> (String, String, String)) -> Vec<Share> {
    let mut found: HashMap<String, Share> = HashMap::new();
    let places: HashMap<i64, usize> = points.iter().zip(0..).map(|(point, place)| (point.at, place)).collect();
    for slice in slices {
        let (value, label, tile) = name(slice);
        let share = found.entry(value.clone()).or_insert_with(|| Share {
            value,
            label,
            tile,
            members: 1,
            requests: 0,
            cost: Nanos::ZERO,
            series: vec![Nanos::ZERO; points.len()],
        });
        share.requests += count(slice.calls);
        share.cost.0 += slice.cost;
        if let Some(place) = places.get(&slice.at) {
            share.series[*place].0 += slice.cost;
        }
    }
    let mut shares: Vec<Share> = found.into_values().collect();
    shares.sort_by(|a, b| (b.cost, b.requests, &a.value).cmp(&(a.cost, a.requests, &b.value)));
    let rest = shares.split_off(TOP.min(shares.len()));
    shares.extend(rest.into_iter().reduce(fold));
    if let Some(other) = shares.get_mut(TOP).filter(|other| other.members > 1) {
        other.label = format!("Other ({})", other.members);
        other.value = String::new();
        other.tile = String::new();
    }
    shares
}

fn fold(mut into: Share, share: Share) -> Share {
    into.members += share.members;
    into.requests += share.requests;
    into.cost.0 += share.cost.0;
    into.series.iter_mut().zip(share.series).for_each(|(cost, more)| cost.0 += more.0);
    into
}

/// `cerebras` is `Ce`.
fn tile(provider: &str) -> String {
    let mut letters = provider.chars().filter(|letter| letter.is_alphanumeric());
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters.next()).collect()
}

fn count(figure: i64) -> u64 {
    u64::try_from(figure).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{Frame, Taken, add_up, tile};
    use crate::journal::sketch::Sketch;
    use crate::store::usage::Slice;
    use app::model::money::Nanos;
    use app::model::range::{MINUTE, Range, Window};

    const HOUR: i64 = 60 * MINUTE;

    fn slice(at: i64, model: &str, calls: i64, cost: i64) -> Slice {
        let mut sketch = Sketch::new();
        (0..calls).for_each(|_| sketch.add(1_000));
        let mut latency = Vec::new();
        sketch.encode(&mut latency);
        Slice {
            at,
            provider: "cerebras".into(),
            model: model.into(),
            key_id: "k1".into(),
            failed: false,
            calls,
            tokens_in: 10,
            tokens_out: 5,
            cost,
            unpriced: 0,
            cache_hits: calls / 2,
            cache_asked: calls,
            latency,
            first_token: Vec::new(),
        }
    }

    #[test]
    fn a_frame_is_whole_buckets_and_compares_as_much_time_as_has_passed() {
        let now = 1_000 * HOUR + 7 * MINUTE + 1;
        let frame = Frame::of(Range::Day, now);
        assert_eq!(frame.bucket, 15 * MINUTE);
        assert_eq!(frame.window, Window { from: 976 * HOUR + 15 * MINUTE, to: 1_000 * HOUR + 15 * MINUTE });
        assert_eq!(frame.elapsed().to, 1_000 * HOUR + 8 * MINUTE);
        assert_eq!(frame.elapsed_before().length(), frame.elapsed().length());
        assert_eq!(frame.elapsed_before().from, frame.window.from - 24 * HOUR);
    }

    #[test]
    fn buckets_before_the_first_use_are_gaps_and_quiet_ones_after_it_are_zero() {
        let now = 100 * HOUR + 30_000;
        let frame = Frame::of(Range::Hour, now);
        let first = now - 5 * MINUTE;
        let first = first / MINUTE * MINUTE;
        let taken = Taken { now: vec![slice(first, "a", 3, 30)], first_use: Some(first), ..Taken::default() };
        let overview = add_up(frame, &taken).unwrap();
        let told: Vec<_> = overview.points.iter().map(|point| point.totals.requests).collect();
        assert_eq!(told, [3, 0, 0, 0, 0, 0]);
        assert_eq!(overview.points[0].at, first);
        assert_eq!(overview.points[1].totals.p50_us, None);
        assert!(overview.points_before.is_empty());
    }

    #[test]
    fn totals_are_sums_of_points_with_percentiles_of_all() {
        let frame = Frame::of(Range::Hour, 100 * HOUR);
        let mut failed = slice(frame.window.from, "a", 1, 0);
        failed.failed = true;
        failed.unpriced = 1;
        let taken = Taken {
            now: vec![slice(frame.window.from, "a", 3, 30), failed, slice(frame.window.from + MINUTE, "b", 2, 5)],
            before: vec![slice(frame.window.from - HOUR, "a", 7, 70)],
            first_use: Some(0),
            ..Taken::default()
        };
        let overview = add_up(frame, &taken).unwrap();
        let now = &overview.now;
        assert_eq!((now.requests, now.errors, now.cost, now.unpriced), (6, 1, Nanos(35), 1));
        assert_eq!((now.cache_hits, now.cache_asked), (2, 6));
        assert_eq!((now.tokens_in, now.tokens_out, overview.before.requests), (30, 15, 7));
        assert!(now.p99_us.is_some_and(|us| us.abs_diff(1_000) <= 8));
        assert_eq!(now.first_token_p50_us, None);
    }

    #[test]
    fn shares_are_by_cost_and_the_small_ones_gather_under_other() {
        let frame = Frame::of(Range::Hour, 100 * HOUR);
        let at = frame.window.from;
        let now = (0..10).map(|cost| slice(at, &format!("m{cost}"), 1, cost * 10)).collect();
        let overview = add_up(frame, &Taken { now, first_use: Some(at), ..Taken::default() }).unwrap();
        let told: Vec<_> = overview.models.iter().map(|share| (share.label.as_str(), share.cost.0)).collect();
        let top = [("m9", 90), ("m8", 80), ("m7", 70), ("m6", 60), ("m5", 50), ("m4", 40), ("m3", 30)];
        assert_eq!(told[..7], top);
        assert_eq!(told[7..], [("Other (3)", 30)]);
        assert_eq!(overview.models[0].series[0], Nanos(90));
        let layers: Vec<_> = overview.layers().into_iter().map(|layer| (layer.label, layer.colour)).collect();
        assert_eq!(layers[3..], [("m6".into(), 4), ("Other (6)".into(), 8)]);
        assert_eq!((overview.keys[0].label.as_str(), overview.keys[0].requests), ("Removed key", 10));
    }

    #[test]
    fn a_tile_is_two_letters() {
        for (provider, letters) in [("cerebras", "Ce"), ("@sandbox", "Sa"), ("x", "X"), ("", "")] {
            assert_eq!(tile(provider), letters, "{provider}");
        }
    }
}
