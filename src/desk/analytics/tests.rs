//! What a page draws, held against the figures of all values.

use super::source::{Aim, Source, drawn, taken};
use super::tabs::{Page, page, rank};
use super::{Cells, Grouped};
use crate::sample::{Order, plant};
use crate::store::Store;
use app::model::analytics::{AnalyticsQuery, Each, Group, Narrow, Tab};
use app::model::range::{MINUTE, Range};
use std::collections::HashMap;

/// 2026-11-24, 12:00 UTC.
const NOW: i64 = 1_795_521_600_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn queries() -> Vec<AnalyticsQuery> {
    let pair = |key: &str, value: &str| Narrow { metadata: vec![(key.into(), value.into())], ..Narrow::default() };
    let mut queries = Vec::new();
    for tab in [Tab::Cost, Tab::Latency, Tab::Tokens, Tab::Errors, Tab::Cache, Tab::Users] {
        for (by, narrow) in [
            ("_user", Narrow::default()),
            ("_user", pair("env", "prod")),
            ("_user", pair("_user", "acct_0000")),
            ("env", Narrow { model: Some("gpt-5".into()), ..Narrow::default() }),
            ("env", Narrow { status: Some("error".into()), ..pair("env", "prod") }),
            ("absent", Narrow::default()),
        ] {
            let by = Some(Group::Metadata(by.into()));
            let range = Range::Between(NOW - DAY, NOW);
            queries.push(AnalyticsQuery { range, tab, by, narrow, ..AnalyticsQuery::default() });
        }
    }
    queries
}

#[tokio::test]
async fn a_page_that_reads_no_more_than_it_draws_tells_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), false).await.unwrap();
    plant(&store, Order { requests: 3_000, days: 3, now: NOW }, |_, _| {}).await.unwrap();
    let names = HashMap::new();
    for query in queries() {
        let cells = Cells::of(query.range, Each::Fitting, HOUR, NOW);
        let source = Source::of(&query.narrow, &query.group(), &names);
        let windows = (cells.elapsed(), Some(cells.elapsed_before()));
        let aim = Aim { bucket: cells.bucket, timed: query.tab == Tab::Latency, rank: rank(query.tab) };
        let few = drawn(&store, "default", &source, windows, aim).await.unwrap();
        let all = taken(&store, "default", &source, windows, Aim { timed: true, ..aim }).await.unwrap();
        let [few, all] = [few, all].map(|taken| Grouped::of(&taken, &query.group(), &cells, &names).unwrap());
        let told = |grouped: &Grouped| {
            let Page { stats, graphs, columns, ranked, lines } = page(&query, grouped, (0, 0));
            (stats, graphs, columns, ranked, lines, grouped.without, grouped.lumped)
        };
        assert_eq!(told(&few), told(&all), "{query:?}");
    }
}
