//! Figures of made-up calls, held against their rows.

use crate::desk::usage::tally::add;
use crate::journal::rollup::Figures;
use crate::sample::{Order, plant};
use crate::store::Store;
use crate::store::calls::{Bounds, CallFilter, Cursor, Statuses};
use crate::store::rollups::{DAY, HOUR};
use crate::store::usage::{Count, Counts, Dimension, NONE, Outline, Scan, Slice};
use app::model::range::Window;
use std::collections::{BTreeMap, HashSet};

/// 2026-11-24, 12:00 UTC.
const NOW: i64 = 1_795_521_600_000;

async fn planted() -> (Store, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), false).await.unwrap();
    plant(&store, Order { requests: 2_000, days: 3, now: NOW }, |_, _| {}).await.unwrap();
    (store, folder)
}

/// The same calls without blocks.
async fn bare(store: &Store) {
    sqlx::query("DELETE FROM call_blocks").execute(store.rows()).await.unwrap();
}

fn filters() -> Vec<CallFilter> {
    let text = |word: &str| vec![word.to_owned()];
    let pair = |key: &str, value: &str| vec![(key.to_owned(), value.to_owned())];
    let none = || CallFilter { from: Some(NOW - 2 * DAY - 17 * 60_000), until: Some(NOW), ..CallFilter::default() };
    vec![
        none(),
        CallFilter { models: text("gpt-4o"), ..none() },
        CallFilter { statuses: vec![Statuses::Errors], ..none() },
        CallFilter { keys: text("sample-search-prod"), providers: text("groq"), ..none() },
        CallFilter { metadata: pair("env", "staging"), ..none() },
        CallFilter { metadata: pair("env", "staging"), statuses: vec![Statuses::Class(2)], ..none() },
        CallFilter { text: Some("ACCT_00".into()), ..none() },
        CallFilter { text: Some("nowhere".into()), ..none() },
        CallFilter { configs: text("pc-search"), caches: text("HIT"), ..none() },
        CallFilter { vendor_models: pair("openai", "gpt-5"), ..none() },
        CallFilter { cost: Bounds { least: Some(1_000_000), most: None }, ..none() },
        CallFilter { tokens: Bounds { least: None, most: Some(900) }, ..none() },
    ]
}

fn told(mut slices: Vec<Slice>) -> Vec<Slice> {
    slices.sort_by(|a, b| (a.at, &a.value).cmp(&(b.at, &b.value)));
    slices
}

fn count(slice: &Slice) -> (String, Count) {
    (slice.value.clone(), Count::of(slice))
}

/// In the order of slices.
fn counted(counts: Counts) -> Vec<(String, Count)> {
    let each = |(value, counts): (String, Vec<Count>)| counts.into_iter().map(move |count| (value.clone(), count));
    let mut counts = counts.into_iter().flat_map(each).collect::<Vec<_>>();
    counts.sort_by(|(a, one), (b, other)| (one.last, a).cmp(&(other.last, b)));
    counts
}

#[tokio::test]
async fn blocks_tell_what_the_calls_tell() {
    let (store, _folder) = planted().await;
    let dimensions = [
        Dimension::All,
        Dimension::Route,
        Dimension::Key,
        Dimension::Config,
        Dimension::Status,
        Dimension::Cache,
        Dimension::Metadata("team".into()),
        Dimension::Metadata("none".into()),
    ];
    let mut blocked = Vec::new();
    let read = async |filter: &CallFilter| {
        let mut slices = Vec::new();
        for dimension in &dimensions {
            let (dimension, filter) = (dimension.clone(), filter.clone());
            let counts = store.call_counts("default", dimension.clone(), filter.clone(), HOUR).await.unwrap();
            let scan = Scan { dimension, filter, bucket: HOUR, timed: true };
            slices.push(told(store.scan("default", scan).await.unwrap().slices(|_| true)));
            assert_eq!(counted(counts), slices.last().unwrap().iter().map(count).collect::<Vec<_>>());
        }
        let mut by_config = BTreeMap::new();
        for slice in &slices[3] {
            *by_config.entry(slice.value.clone()).or_insert(0) += u64::try_from(slice.calls).unwrap();
        }
        let mut beside_list = store.counts("default", filter, HOUR).await.unwrap();
        beside_list
            .tallies
            .sort_by(|a, b| (&a.provider, &a.model, &a.key, a.status).cmp(&(&b.provider, &b.model, &b.key, b.status)));
        assert_eq!(beside_list.configs.is_none(), filter.is_rolled_up());
        if let Some(configs) = beside_list.configs.as_ref().filter(|_| filter.configs.is_empty()) {
            assert_eq!(*configs, by_config);
        }
        let first = store.list_calls("default", filter, Cursor::Newest, 20).await.unwrap();
        let end = first.calls.last().map(|call| call.id.clone()).unwrap_or_default();
        let next = store.list_calls("default", filter, Cursor::Before(&end), 20).await.unwrap();
        let back = store.list_calls("default", filter, Cursor::After(&end), 7).await.unwrap();
        let beside = store.neighbours("default", filter, &end).await.unwrap();
        (slices, beside_list, (first, next, back), beside)
    };
    for filter in filters() {
        blocked.push(read(&filter).await);
    }
    let blocks: i64 = sqlx::query_scalar("SELECT count(*) FROM call_blocks").fetch_one(store.rows()).await.unwrap();
    assert!(blocks > 48, "{blocks} hours have a block");
    bare(&store).await;
    for (filter, blocked) in filters().into_iter().zip(blocked) {
        let plain = read(&filter).await;
        assert_eq!(blocked.0, plain.0, "{filter:?}");
        assert_eq!(blocked.1, plain.1, "{filter:?}");
        assert_eq!((&blocked.2, &blocked.3), (&plain.2, &plain.3), "{filter:?}");
    }
}

#[tokio::test]
async fn values_over_time_are_the_same_from_packs_and_from_calls() {
    let (store, _folder) = planted().await;
    let window = Window { from: NOW - 2 * DAY, to: NOW };
    let picked: HashSet<String> = ["acct_0000", "acct_0003", "nobody"].map(str::to_owned).into();
    let strands = store.strands("default", "_user", (window, 6 * HOUR), picked.clone()).await.unwrap();
    let scan = Scan {
        dimension: Dimension::Metadata("_user".into()),
        filter: CallFilter { from: Some(window.from), until: Some(window.to), ..CallFilter::default() },
        bucket: 6 * HOUR,
        timed: true,
    };
    let scanned = store.scan("default", scan.clone()).await.unwrap();
    let merged = |slices: Vec<Slice>, sketched: bool| {
        let mut merged = BTreeMap::<(i64, String), Figures>::new();
        for slice in slices {
            let cell = (slice.at.div_euclid(6 * HOUR), slice.value.clone());
            let figures = merged.entry(cell).or_default();
            let bare = Slice { latency: Vec::new(), first_token: Vec::new(), ..slice.clone() };
            add(figures, if sketched { &slice } else { &bare }).unwrap();
        }
        merged
    };
    assert!(strands.picked.len() > 8);
    let counts = store.value_counts("default", "_user", window, 6 * HOUR).await.unwrap();
    let plain = told(store.plain_values("default", "_user", window, 6 * HOUR).await.unwrap());
    assert_eq!(counted(counts), plain.iter().map(count).collect::<Vec<_>>());
    assert_eq!(merged(strands.picked, true), merged(scanned.slices(|value| picked.contains(value)), true));
    assert_eq!(merged(strands.all, false), merged(scanned.valued(), false));
    let all = store.slices("default", &Dimension::All, window, 6 * HOUR).await.unwrap();
    assert_eq!(merged(all, true), merged(scanned.all(), true));
    bare(&store).await;
    let plain = store.scan("default", scan).await.unwrap();
    assert_eq!(merged(plain.valued(), false).len(), 8);
}

/// The same calls where the first half of the hours has its users under `account` alone, and none under `_user`.
async fn parted(store: &Store) {
    sqlx::query(
        "UPDATE calls SET metadata = json_set(json_remove(metadata, '$._user'), '$.account', metadata ->> '_user') \
         WHERE at < $1",
    )
    .bind(NOW - 36 * HOUR)
    .execute(store.rows())
    .await
    .unwrap();
    bare(store).await;
    while store.pack_due("default", NOW).await.unwrap() {}
}

#[tokio::test]
async fn an_outline_tells_what_all_values_over_time_tell() {
    let (store, _folder) = planted().await;
    parted(&store).await;
    let picked: HashSet<String> = ["acct_0000", "acct_0003", "search", NONE, "nobody"].map(str::to_owned).into();
    let mut kinds = HashSet::new();
    for blocked in [true, false] {
        let cases = ["_user", "account", "team"].into_iter().flat_map(|key| [(key, true), (key, false)]);
        for (filter, (key, timed)) in cases.flat_map(|case| filters().into_iter().map(move |filter| (filter, case))) {
            // Long enough for two walks beside each other.
            let filter = CallFilter { from: Some(NOW - 3 * DAY), ..filter };
            let scan = Scan { dimension: Dimension::Metadata(key.into()), filter, bucket: HOUR, timed };
            let outline = store.outline("default", scan.clone()).await.unwrap();
            let scanned = store.scan("default", scan.clone()).await.unwrap();
            assert_eq!(told(outline.wholes()), told(scanned.wholes()), "{scan:?}");
            assert_eq!((outline.all(), outline.valued()), (scanned.all(), scanned.valued()), "{scan:?}");
            let some = store.scan_picked("default", scan.clone(), picked.clone()).await.unwrap().slices(|_| true);
            assert_eq!(told(some), told(scanned.slices(|value| picked.contains(value))), "{scan:?}");
            if let Outline::Few(values) = &outline {
                assert_eq!(told(values.slices(|_| true)), told(scanned.slices(|_| true)), "{scan:?}");
            }
            kinds.insert((blocked, key, matches!(outline, Outline::Many { .. })));
        }
        let blocks: i64 = sqlx::query_scalar("SELECT count(*) FROM call_blocks").fetch_one(store.rows()).await.unwrap();
        assert_eq!(blocks > 48, blocked, "{blocks} hours have a block");
        bare(&store).await;
    }
    for case in [true, false] {
        for key in ["_user", "account"] {
            assert!(kinds.contains(&(case, key, true)) && kinds.contains(&(case, key, false)), "{kinds:?}");
        }
        assert!(kinds.contains(&(case, "team", false)), "{kinds:?}");
    }
}

#[tokio::test]
async fn sums_and_percentiles_are_those_of_the_rows() {
    let (store, _folder) = planted().await;
    store.rebuild_rollups(NOW, |_, _| {}).await.unwrap();
    let window = Window { from: NOW - 4 * DAY, to: NOW };
    let mut sum = Figures::default();
    for slice in store.slices("default", &Dimension::All, window, DAY).await.unwrap() {
        sum.calls += u64::try_from(slice.calls).unwrap();
        sum.cost += slice.cost;
        sum.saved_cost += slice.saved_cost;
        sum.gather(&slice.latency, &slice.first_token).unwrap();
    }
    let rows: (i64, i64, i64) =
        sqlx::query_as("SELECT count(*), sum(cost), sum(saved_cost) FROM calls").fetch_one(store.rows()).await.unwrap();
    assert_eq!((i64::try_from(sum.calls).unwrap(), sum.cost, sum.saved_cost), rows);
    let waited: Vec<i64> =
        sqlx::query_scalar("SELECT latency_us FROM calls WHERE cache_status <> 'HIT' AND provider <> '' ORDER BY 1")
            .fetch_all(store.rows())
            .await
            .unwrap();
    for percent in [50, 90, 95, 99] {
        let exact = waited[(waited.len() * percent).div_ceil(100) - 1];
        let told = i64::try_from(sum.latency.quantile(percent as f64 / 100.0).unwrap()).unwrap();
        assert!((told - exact).abs() * 100 <= exact, "p{percent}: {told} is far from {exact}");
    }
}

#[tokio::test]
async fn hours_without_a_block_get_one() {
    let (store, _folder) = planted().await;
    let count = async || {
        let blocks: i64 = sqlx::query_scalar("SELECT count(*) FROM call_blocks").fetch_one(store.rows()).await.unwrap();
        blocks
    };
    let before = count().await;
    bare(&store).await;
    while store.pack_due("default", NOW).await.unwrap() {}
    assert_eq!(count().await, before);
}
