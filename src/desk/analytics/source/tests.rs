use super::*;
use crate::journal::record::{CallRow, Record};
use crate::journal::rollup::Rollups;
use crate::store::calls::seed::{AT, journal};
use app::model::range::MINUTE;

const AIM: Aim = Aim { bucket: MINUTE, timed: false, rank: |_| None };

async fn write(store: &Store, values: impl Iterator<Item = (&'static str, String)>) {
    let record = |(at, (key, value)): (i64, (&str, String))| Record {
        call: CallRow {
            id: crate::secret::id(AT + at),
            workspace: "default".into(),
            at: AT + at,
            status: 200,
            cache_status: "MISS",
            metadata: format!("{{\"{key}\":\"{value}\"}}"),
            ..CallRow::default()
        },
        ..Record::default()
    };
    let records: Vec<Record> = (0..).zip(values).map(record).collect();
    let mut rollups = Rollups::default();
    let calls = || records.iter().map(|record| &record.call);
    rollups.unknown(calls(), AT);
    let changes = rollups.count(calls(), AT);
    store.pen().await.unwrap().write_calls(&records.iter().collect::<Vec<_>>(), &changes, &[]).await.unwrap();
}

#[tokio::test]
async fn a_value_that_sums_do_not_know_is_counted_from_the_calls() {
    let (store, _folder) = journal().await;
    let values = (0..1_010).map(|user| ("user", format!("u{user}"))).chain([("user", "u1009".to_owned())]);
    write(&store, values).await;
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
