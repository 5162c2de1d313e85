use super::*;
use crate::journal::record::{CallRow, Record};
use crate::journal::rollup::{KEYS_MOST, Rollups};
use crate::store::calls::seed::{AT, journal};
use crate::store::rollups::DAY;
use app::model::range::MINUTE;

const AIM: Aim = Aim { bucket: MINUTE, timed: false, rank: |_| None };

/// A call a millisecond from `from` on, each with its pair of metadata, by a writer that remembers none before.
async fn write(store: &Store, from: i64, pairs: impl Iterator<Item = (String, String)>) {
    let record = |(at, (key, value)): (i64, (String, String))| Record {
        call: CallRow {
            id: crate::secret::id(at),
            workspace: "default".into(),
            at,
            status: 200,
            cache_status: "MISS",
            metadata: format!("{{\"{key}\":\"{value}\"}}"),
            ..CallRow::default()
        },
        ..Record::default()
    };
    let records: Vec<Record> = (from..).zip(pairs).map(record).collect();
    let mut rollups = Rollups::default();
    let calls = || records.iter().map(|record| &record.call);
    rollups.unknown(calls(), from);
    let changes = rollups.count(calls(), from);
    store.pen().await.unwrap().write_calls(&records.iter().collect::<Vec<_>>(), &changes, &[]).await.unwrap();
}

#[tokio::test]
async fn a_value_that_sums_do_not_know_is_counted_from_the_calls() {
    let (store, _folder) = journal().await;
    let values = (0..1_010).chain([1_009]);
    write(&store, AT, values.map(|user| ("user".into(), format!("u{user}")))).await;
    let window = Window { from: AT, to: AT + 60 * MINUTE };
    for (value, calls) in [("u1009", 2), ("u5", 1), ("u2000", 0)] {
        for dimension in [Dimension::All, Dimension::Metadata("user".into())] {
            let filter = CallFilter { metadata: vec![("user".into(), value.into())], ..CallFilter::default() };
            let source = Source::under(filter, dimension);
            let taken = taken(&store, "default", &source, (window, None), AIM).await.unwrap();
            assert_eq!(taken.lines.iter().map(|slice| slice.calls).sum::<i64>(), calls, "{value} {source:?}");
            let drawn = drawn(&store, "default", &source, (window, None), AIM).await.unwrap();
            assert_eq!(drawn.lines.iter().map(|slice| slice.calls).sum::<i64>(), calls, "{value} {source:?}, drawn");
        }
    }
    let any = Source::under(CallFilter::default(), Dimension::Metadata("user".into()));
    let told = taken(&store, "default", &any, (window, None), AIM).await.unwrap().lines;
    assert_eq!(told.iter().find(|slice| slice.value == OTHER).map(|slice| slice.calls), Some(11));
}

#[tokio::test]
async fn on_a_day_of_too_many_keys_the_calls_are_counted() {
    let (store, _folder) = journal().await;
    let late = || ("late".to_owned(), "v".to_owned());
    let keys = (0..KEYS_MOST).map(|key| (format!("k{key}"), "v".to_owned()));
    // Sums have as many keys as they may, and know neither of the two.
    write(&store, AT, keys.chain([late(), late()])).await;
    Box::pin(told(&store, AT, 2)).await;
    // The writer began anew: sums know the third and, of the next day, the fourth.
    write(&store, AT + MINUTE, [late()].into_iter()).await;
    Box::pin(told(&store, AT, 3)).await;
    write(&store, AT + DAY, [late()].into_iter()).await;
    for round in ["fresh", "added up"] {
        println!("{round}");
        Box::pin(told(&store, AT, 4)).await;
        Box::pin(told(&store, AT + DAY, 1)).await;
        while store.add_up("default", AT + 2 * DAY).await.unwrap() {}
    }
}

/// How many calls have `late`, from `from` on, however it is asked.
async fn told(store: &Store, from: i64, calls: i64) {
    let window = Window { from, to: AT + DAY + 60 * MINUTE };
    let one = CallFilter { metadata: vec![("late".into(), "v".into())], ..CallFilter::default() };
    let late = || Dimension::Metadata("late".into());
    let valued =
        |slices: &[Slice]| -> i64 { slices.iter().filter(|slice| slice.value != NONE).map(|slice| slice.calls).sum() };
    for (filter, dimension) in [(one.clone(), Dimension::All), (one, late()), (CallFilter::default(), late())] {
        let source = Source::under(filter, dimension);
        let taken = taken(store, "default", &source, (window, None), AIM).await.unwrap();
        assert_eq!(valued(&taken.lines), calls, "{from} {source:?}");
        let drawn = drawn(store, "default", &source, (window, None), AIM).await.unwrap();
        assert_eq!(valued(&drawn.lines), calls, "{from} {source:?}, drawn");
        let counts = counts(store, "default", &source, window, 60 * MINUTE).await.unwrap();
        let counts = counts.iter().filter(|(value, _)| value != NONE).flat_map(|(_, counts)| counts);
        assert_eq!(
            i64::try_from(counts.map(|count| count.calls).sum::<u64>()),
            Ok(calls),
            "{from} {source:?}, counted"
        );
    }
}

#[test]
fn a_window_within_minutes_is_told_from_calls_at_its_ends() {
    let rolled = |dimension| Source::under(CallFilter::default(), dimension);
    let pieces = |source: Source, from: i64, to: i64| -> Vec<(bool, i64, i64)> {
        let pieces = source.exactly(Window { from, to }).into_iter();
        pieces.map(|(piece, window)| (matches!(piece, Source::Scan { .. }), window.from, window.to)).collect()
    };
    for (from, to, expected) in [
        (0, MINUTE, vec![(false, 0, MINUTE)]),
        (0, MINUTE + 1, vec![(false, 0, MINUTE), (true, MINUTE, MINUTE + 1)]),
        (5, 9, vec![(true, 5, 9)]),
        (5, MINUTE + 5, vec![(true, 5, MINUTE + 5)]),
        (5, 2 * MINUTE, vec![(true, 5, MINUTE), (false, MINUTE, 2 * MINUTE)]),
    ] {
        assert_eq!(pieces(rolled(Dimension::All), from, to), expected, "{from} {to}");
    }
    let hours = pieces(rolled(Dimension::Metadata("env".into())), 0, 90 * MINUTE);
    assert_eq!(hours, [(false, 0, 60 * MINUTE), (true, 60 * MINUTE, 90 * MINUTE)]);
}
