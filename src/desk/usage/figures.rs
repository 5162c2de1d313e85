//! From slices to figures: pure.

use super::tally::{add, close, count, key_label, tile};
use crate::journal::rollup::Figures;
use crate::store::Stored;
use crate::store::rollups::ROUTE;
use crate::store::usage::{Portion, Slice};
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
    /// The same as `now`, by route and by key.
    pub(super) routes: Vec<Portion>,
    pub(super) keys: Vec<Portion>,
    pub(super) first_use: Option<i64>,
    /// Names of keys by id.
    pub(super) names: HashMap<String, String>,
}

/// Everything but the charts.
pub(super) fn add_up(frame: Frame, taken: &Taken) -> Stored<Overview> {
    let now = Ledger::of(frame.elapsed(), frame.bucket, taken.first_use, &taken.now)?;
    let before = Ledger::of(frame.elapsed_before(), frame.bucket, taken.first_use, &taken.before)?;
    let model = |route: &str| {
        let (provider, model) = route.split_once(ROUTE).unwrap_or(("", route));
        (model.to_owned(), model.to_owned(), tile(provider))
    };
    let key = |id: &str| (id.to_owned(), key_label(id, taken.names.get(id)), String::new());
    let shares = |portions: &[Portion], name: &dyn Fn(&str) -> (String, String, String)| {
        shares(portions, &now.points, frame, name)
    };
    Ok(Overview {
        range: frame.range,
        window: frame.window,
        bucket: frame.bucket,
        models: shares(&taken.routes, &model),
        keys: shares(&taken.keys, &key),
        now: now.totals,
        before: before.totals,
        points_before: before.points,
        points: now.points,
        changes: Vec::new(),
        charts: Vec::new(),
    })
}

struct Ledger {
    totals: Totals,
    points: Vec<Point>,
}

impl Ledger {
    /// A bucket that ended before the first use is a gap; one without calls after it is a zero.
    fn of(window: Window, bucket: i64, first_use: Option<i64>, slices: &[Slice]) -> Stored<Self> {
        let mut buckets: HashMap<i64, Figures> = HashMap::new();
        let mut all = Figures::default();
        for slice in slices {
            let at = window.from + (slice.at - window.from).div_euclid(bucket) * bucket;
            add(buckets.entry(at).or_default(), slice)?;
        }
        let starts = (0..).map(|at| window.from + at * bucket).take_while(|at| *at < window.to);
        let used = starts.filter(|at| first_use.is_some_and(|first| first < at + bucket));
        let points = used
            .map(|at| {
                let figures = buckets.remove(&at).unwrap_or_default();
                all.merge(&figures);
                Point { at, totals: close(&figures) }
            })
            .collect();
        Ok(Self { points, totals: close(&all) })
    }
}

/// The fattest by cost, then by calls, and what is left as "Other". `name` gives value, label and tile.
fn shares(
    portions: &[Portion],
    points: &[Point],
    frame: Frame,
    name: &dyn Fn(&str) -> (String, String, String),
) -> Vec<Share> {
    let mut found: HashMap<String, Share> = HashMap::new();
    let first = points.first().map_or(frame.window.from, |point| point.at);
    for portion in portions {
        let (value, label, tile) = name(&portion.value);
        let share = found.entry(value.clone()).or_insert_with(|| Share {
            value,
            label,
            tile,
            members: 1,
            requests: 0,
            cost: Nanos::ZERO,
            series: vec![Nanos::ZERO; points.len()],
        });
        share.requests += count(portion.calls);
        share.cost.0 = share.cost.0.saturating_add(portion.cost());
        let place = usize::try_from((portion.at - first).div_euclid(frame.bucket)).ok();
        if let Some(cost) = place.and_then(|place| share.series.get_mut(place)) {
            cost.0 = cost.0.saturating_add(portion.cost());
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

#[cfg(test)]
mod tests {
    use super::{Frame, Taken, add_up};
    use crate::journal::sketch::Sketch;
    use crate::store::rollups::ROUTE;
    use crate::store::usage::{Portion, Slice};
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
            value: format!("cerebras{ROUTE}{model}"),
            calls,
            errors: 0,
            tokens_in: 10,
            tokens_cached: 0,
            tokens_out: 5,
            cost,
            unpriced: 0,
            cache_hits: calls / 2,
            cache_asked: calls,
            saved_cost: 0,
            saved_us: 0,
            hit_us: 0,
            took_us: calls * 1_000,
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
        failed.errors = 1;
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
        let now = (0..10).map(|cost| slice(at, &format!("m{cost}"), 1, cost * 10)).collect::<Vec<_>>();
        let portion = |value: &str, slice: &Slice| Portion::new(at, value.to_owned(), slice.calls, slice.cost);
        let routes = now.iter().map(|slice| portion(&slice.value, slice)).collect();
        let keys = now.iter().map(|slice| portion("k1", slice)).collect();
        let taken = Taken { now, routes, keys, first_use: Some(at), ..Taken::default() };
        let overview = add_up(frame, &taken).unwrap();
        let told: Vec<_> = overview.models.iter().map(|share| (share.label.as_str(), share.cost.0)).collect();
        let top = [("m9", 90), ("m8", 80), ("m7", 70), ("m6", 60), ("m5", 50), ("m4", 40), ("m3", 30)];
        assert_eq!(told[..7], top);
        assert_eq!(told[7..], [("Other (3)", 30)]);
        assert_eq!(overview.models[0].series[0], Nanos(90));
        let layers: Vec<_> = overview.layers().into_iter().map(|layer| (layer.label, layer.colour)).collect();
        assert_eq!(layers[3..], [("m6".into(), 4), ("Other (6)".into(), 8)]);
        assert_eq!((overview.keys[0].label.as_str(), overview.keys[0].requests), ("Removed key", 10));
    }
}
