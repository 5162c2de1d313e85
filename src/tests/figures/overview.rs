//! The console's overview, held against the rows.
#![expect(clippy::expect_used, reason = "an overview that cannot be read is a failed test")]

use super::pages::{DAY, HOUR};
use super::rows::{self, Apart, MODEL, Meant, Rows, Sum, agree, whole};
use app::backend::UsageDesk;
use app::model::range::{MINUTE, Range, Window};
use app::model::usage::{Point, Share, Totals};
use sqlx::sqlite::SqliteConnection;
use switchyard::desk::Seat;

/// What it can be asked for, with its length.
const RANGES: [(Range, i64); 4] =
    [(Range::Hour, HOUR), (Range::Day, DAY), (Range::Week, 7 * DAY), (Range::Month, 30 * DAY)];

/// Lines of a table before the rest is one.
const TOP: usize = 7;

/// What is behind, cut into buckets; none ends before the first call of all.
#[derive(Clone, Copy)]
struct Cut {
    window: Window,
    bucket: i64,
    first: i64,
}

/// Asks for each range, and holds all that it tells against the rows.
pub async fn hold(seat: &Seat, journal: &mut SqliteConnection) {
    for (range, length) in RANGES {
        let told = seat.overview(range).await.expect("an overview");
        let (now, Window { from, to }) = (seat.house.clock.now(), told.window);
        assert_eq!((told.range, to - from), (range, length));
        assert!((0..told.bucket).contains(&(to - now)), "{range:?} ends at {to}");
        // The minute that is not over counts.
        let until = to.min((now / MINUTE + 1) * MINUTE);
        let cell = format!("moment - moment % {}", told.bucket);
        let [by_model, by_key] = [MODEL, "key_id"].map(|value| Apart { cell: &cell, later: 0, value });
        let meant = Meant { from, until, only: "1" };
        let earlier = Meant { from: from - length, until: until - length, only: "1" };
        let models = rows::told(journal, meant, by_model).await;
        let keys = rows::told(journal, meant, by_key).await;
        let before = rows::told(journal, earlier, by_model).await;
        assert!(models.all.calls > 0, "{range:?}: nothing was called");
        let first = rows::first(journal).await;
        let cut = Cut { window: Window { from, to: until }, bucket: told.bucket, first };
        points(&told.points, &models, cut);
        points(&told.points_before, &before, Cut { window: Window { from: from - length, to: until - length }, ..cut });
        totals(&told.now, &models.all, &format!("{range:?}"));
        totals(&told.before, &before.all, &format!("before {range:?}"));
        shares(&told.models, &models, &told.points);
        shares(&told.keys, &keys, &told.points);
        let bars = told.layers().into_iter().flat_map(|layer| layer.bars).map(|bar| bar.0).sum::<i64>();
        assert_eq!(bars, models.all.cost, "{range:?}: bars of cost by model");
    }
}

fn points(told: &[Point], rows: &Rows, Cut { window, bucket, first }: Cut) {
    let starts = (0..).map(|place| window.from + place * bucket).take_while(|start| *start < window.to);
    let starts: Vec<i64> = starts.filter(|start| start + bucket > first).collect();
    assert_eq!(told.iter().map(|point| point.at).collect::<Vec<_>>(), starts);
    let none = Sum::default();
    for point in told {
        totals(&point.totals, rows.cells.get(&point.at).unwrap_or(&none), &format!("from {} on", point.at));
    }
}

fn totals(told: &Totals, rows: &Sum, what: &str) {
    let (timed, took) = rows.timed();
    for (name, told, rows) in [
        ("requests", told.requests, rows.calls),
        ("errors", told.errors, rows.errors),
        ("unpriced", told.unpriced, rows.unpriced),
        ("tokens in", told.tokens_in, rows.tokens_in),
        ("tokens cached", told.tokens_cached, rows.tokens_cached),
        ("tokens out", told.tokens_out, rows.tokens_out),
        ("hits", told.cache_hits, rows.hits),
        ("asked", told.cache_asked, rows.asked),
        ("time saved", told.saved_us, rows.saved_us),
        ("what hits took", told.hit_us, rows.hit_us),
        ("timed", told.timed, timed),
        ("what they took", told.took_us, took),
    ] {
        assert_eq!(i64::try_from(told).ok(), Some(rows), "{what}: {name}");
    }
    assert_eq!((told.cost.0, told.saved_cost.0), (rows.cost, rows.saved_cost), "{what}: money");
    for (name, told) in [
        ("p50", told.p50_us),
        ("p90", told.p90_us),
        ("p95", told.p95_us),
        ("p99", told.p99_us),
        ("First token p50", told.first_token_p50_us),
        ("First token p95", told.first_token_p95_us),
    ] {
        let (told, rows) = (told.and_then(|us| i64::try_from(us).ok()), rows.figure(name));
        assert!(agree(name, told, rows), "{what}: {name} is told as {told:?}, and the rows say {rows:?}");
    }
}

/// The fattest by cost and calls, and the rest as one; each with its cost at every point.
fn shares(told: &[Share], rows: &Rows, points: &[Point]) {
    let (own, other) = told.split_at(rows.values.len().min(TOP));
    let mut least = (i64::MAX, i64::MAX);
    for share in own {
        let sum = &rows.values[&share.value];
        assert!((sum.cost, sum.calls) <= least, "{} stands below what is less", share.value);
        least = (sum.cost, sum.calls);
        is(share, sum, points, |at| rows.parts.get(&(share.value.clone(), at)).map_or(0, |part| part.cost));
    }
    let told_apart = |value: &str| own.iter().any(|share| share.value == value);
    let mut rest = Sum::default();
    for (value, sum) in rows.values.iter().filter(|(value, _)| !told_apart(value)) {
        assert!((sum.cost, sum.calls) <= least, "{value} is left out, and more than what is told");
        rest.add(sum);
    }
    let members = rows.values.len() - own.len();
    assert_eq!(other.len(), usize::from(members > 0));
    for share in other {
        assert_eq!(i64::try_from(share.members).ok(), Some(whole(members)));
        let part = |value: &str, at: i64| rows.parts.get(&(value.to_owned(), at)).map_or(0, |part| part.cost);
        let drawn = |at: i64| own.iter().map(|share| part(&share.value, at)).sum::<i64>();
        is(share, &rest, points, |at| rows.valued.get(&at).map_or(0, |sum| sum.cost) - drawn(at));
    }
}

fn is(share: &Share, sum: &Sum, points: &[Point], cost: impl Fn(i64) -> i64) {
    let requests = i64::try_from(share.requests).ok();
    assert_eq!((requests, share.cost.0), (Some(sum.calls), sum.cost), "{}", share.label);
    let told: Vec<i64> = share.series.iter().map(|cost| cost.0).collect();
    let rows: Vec<i64> = points.iter().map(|point| cost(point.at)).collect();
    assert_eq!(told, rows, "cost of {}", share.label);
}
