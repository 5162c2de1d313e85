use super::{Dimension, pieces};
use crate::journal::record::CallRow;
use crate::journal::rollup::{Changes, OTHER, Rollups};
use crate::store::Store;
use crate::store::rollups::{DAY, HOUR, MINUTE, QUARTER};
use app::model::money::Nanos;
use app::model::range::Window;
use std::collections::BTreeMap;

/// A whole day's start.
const START: i64 = 20_000 * DAY;

struct Shelf {
    store: Store,
    rollups: Rollups,
    _folder: tempfile::TempDir,
}

impl Shelf {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), false).await.unwrap();
        Self { store, rollups: Rollups::default(), _folder: folder }
    }

    /// Writes the figures of `calls` as the journal's writer would at `now`.
    async fn write(&mut self, calls: &[CallRow], now: i64) {
        let unknown = self.rollups.unknown(calls.iter(), now);
        for bin in unknown.bins {
            let figures = self.store.figures(&bin).await.unwrap();
            self.rollups.learn(bin, figures);
        }
        for pair in unknown.pairs {
            let figures = self.store.pair_figures(&pair).await.unwrap();
            self.rollups.learn_pair(pair, figures);
        }
        for (workspace, key, day) in unknown.names {
            let values = self.store.values_of(&workspace, &key, day).await.unwrap();
            self.rollups.learn_names(&workspace, &key, day, values);
        }
        let changes: Changes = self.rollups.count(calls.iter(), now);
        self.store.pen().await.unwrap().write_calls(&[], &changes, &[]).await.unwrap();
    }

    /// Calls and cost by bucket and value.
    async fn told(&self, dimension: &Dimension, window: Window, bucket: i64) -> BTreeMap<(i64, String), (i64, i64)> {
        let mut told = BTreeMap::new();
        for slice in self.store.slices("default", dimension, window, bucket).await.unwrap() {
            let at = (slice.at - window.from).div_euclid(bucket);
            let entry = told.entry((at, slice.value)).or_insert((0, 0));
            *entry = (entry.0 + slice.calls, entry.1 + slice.cost);
        }
        told
    }
}

fn call(at: i64, model: &str, env: &str) -> CallRow {
    CallRow {
        workspace: "default".into(),
        key_id: "k1".into(),
        at,
        status: 200,
        provider: "cerebras".into(),
        model_served: model.into(),
        cost: Some(Nanos(7)),
        latency_us: 1_000,
        metadata: format!("{{\"env\":\"{env}\"}}"),
        cache_status: "MISS",
        ..CallRow::default()
    }
}

#[test]
fn a_window_is_cut_into_the_widest_stretches_that_fit() {
    let window = |from: i64, to: i64| Window { from, to };
    let all = [DAY, HOUR, QUARTER];
    for (given, grains, expected) in [
        (window(0, 2 * DAY), &all[..], vec![(window(0, 2 * DAY), Some(DAY))]),
        (
            window(23 * HOUR, 2 * DAY + 31 * MINUTE),
            &all,
            vec![
                (window(23 * HOUR, DAY), Some(HOUR)),
                (window(2 * DAY + 30 * MINUTE, 2 * DAY + 31 * MINUTE), None),
                (window(2 * DAY, 2 * DAY + 30 * MINUTE), Some(QUARTER)),
                (window(DAY, 2 * DAY), Some(DAY)),
            ],
        ),
        (window(MINUTE, 3 * MINUTE), &all[2..], vec![(window(MINUTE, 3 * MINUTE), None)]),
        (window(MINUTE, HOUR + MINUTE), &all[1..2], vec![(window(0, 2 * HOUR), Some(HOUR))]),
    ] {
        assert_eq!(pieces(given, grains), expected, "{given:?}");
    }
}

#[tokio::test]
async fn figures_are_the_same_before_between_and_after_adding_up() {
    let mut shelf = Shelf::new().await;
    for minute in 0..200 {
        let at = START + minute * MINUTE;
        let calls = [call(at, "a", "prod"), call(at + 1, if minute % 2 == 0 { "a" } else { "b" }, "dev")];
        shelf.write(&calls, at + 5).await;
    }
    let window = Window { from: START, to: START + 200 * MINUTE };
    let dimensions =
        [Dimension::All, Dimension::Route, Dimension::Key, Dimension::Status, Dimension::Cache, Dimension::Config];
    let mut before = Vec::new();
    for dimension in &dimensions {
        before.push(shelf.told(dimension, window, HOUR).await);
    }
    let env = Dimension::Metadata("env".into());
    let pairs = shelf.told(&env, window, HOUR).await;
    assert_eq!(pairs[&(0, "prod".to_owned())], (60, 420));
    let mut quarters = 0;
    while shelf.store.add_up("default", START + 190 * MINUTE).await.unwrap() {
        quarters += 1;
        assert_eq!(shelf.told(&Dimension::All, window, HOUR).await, before[0]);
        assert_eq!(shelf.told(&env, window, HOUR).await, pairs);
    }
    assert_eq!(quarters, 12, "the quarter that is not over by then stays fresh");
    for bucket in [HOUR, QUARTER, MINUTE] {
        for (dimension, before) in dimensions.iter().zip(&before) {
            let told = shelf.told(dimension, window, bucket).await;
            let sum = |told: &BTreeMap<(i64, String), (i64, i64)>| told.values().map(|(calls, _)| calls).sum::<i64>();
            assert_eq!(sum(&told), sum(before), "{dimension:?} {bucket}");
            assert!(bucket != HOUR || told == *before, "{dimension:?}");
        }
    }
}

#[tokio::test]
async fn a_call_that_ends_long_after_its_quarter_is_counted_once() {
    let mut shelf = Shelf::new().await;
    shelf.write(&[call(START, "a", "prod")], START + 5).await;
    assert!(shelf.store.add_up("default", START + HOUR).await.unwrap());
    let late = [call(START + 10, "a", "prod"), call(START + HOUR, "a", "prod")];
    shelf.write(&late, START + HOUR).await;
    shelf.write(&late[..1], START + HOUR).await;
    let window = Window { from: START, to: START + HOUR };
    for _ in 0..2 {
        assert_eq!(shelf.told(&Dimension::All, window, HOUR).await[&(0, String::new())], (3, 21));
        assert_eq!(shelf.told(&Dimension::Metadata("env".into()), window, HOUR).await[&(0, "prod".into())], (3, 21));
        while shelf.store.add_up("default", START + HOUR).await.unwrap() {}
    }
}

#[tokio::test]
async fn a_writer_that_starts_again_goes_on_where_the_last_one_was() {
    let mut shelf = Shelf::new().await;
    for _ in 0..3 {
        shelf.write(&[call(START, "a", "prod"), call(START, "a", "prod")], START + 5).await;
        shelf.rollups = Rollups::after(shelf.store.newest_minute().await.unwrap());
    }
    let window = Window { from: START, to: START + MINUTE };
    assert_eq!(shelf.told(&Dimension::All, window, MINUTE).await[&(0, String::new())].0, 6);
}

#[tokio::test]
async fn a_clock_that_is_set_back_loses_nothing() {
    let mut shelf = Shelf::new().await;
    shelf.write(&[call(START, "a", "prod")], START + 5).await;
    shelf.write(&[call(START + HOUR, "a", "prod")], START + HOUR + 5).await;
    shelf.write(&[call(START, "a", "prod")], START + 9).await;
    let window = Window { from: START, to: START + 2 * HOUR };
    assert_eq!(shelf.told(&Dimension::All, window, HOUR).await[&(0, String::new())].0, 2);
}

#[tokio::test]
async fn past_a_thousand_values_of_a_day_the_rest_is_other() {
    let mut shelf = Shelf::new().await;
    let calls = (0..1_010).map(|user| call(START + user, "a", &format!("u{user}"))).collect::<Vec<_>>();
    shelf.write(&calls, START + 2_000).await;
    shelf.rollups = Rollups::after(shelf.store.newest_minute().await.unwrap());
    shelf.write(&[call(START, "a", "another")], START + 2_000).await;
    let window = Window { from: START, to: START + HOUR };
    let told = shelf.told(&Dimension::Metadata("env".into()), window, HOUR).await;
    assert_eq!((told.len(), told[&(0, OTHER.to_owned())].0), (1_001, 11));
    assert_eq!(shelf.store.metadata_keys("default", START, START + HOUR).await.unwrap(), ["env"]);
    while shelf.store.add_up("default", START + HOUR).await.unwrap() {}
    assert_eq!(shelf.store.metadata_keys("default", START, START + HOUR).await.unwrap(), ["env"]);
}

#[tokio::test]
async fn the_first_use_is_of_the_workspace_alone() {
    let mut shelf = Shelf::new().await;
    let other = CallRow { workspace: "other".into(), ..call(START, "a", "x") };
    shelf.write(&[call(START + 7 * MINUTE, "a", "x"), other], START + 7 * MINUTE).await;
    assert_eq!(shelf.store.first_use("default").await.unwrap(), Some(START + 7 * MINUTE));
    assert_eq!(shelf.store.first_use("nobody").await.unwrap(), None);
}
