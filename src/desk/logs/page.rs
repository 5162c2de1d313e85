//! The list with its counts, facets and histogram.

use super::{filter, row, window};
use crate::desk::analytics::{Source, counts};
use crate::store::calls::{Bar, CallFilter, CallPage, Counted, Cursor, Tally};
use crate::store::rollups::HOUR;
use crate::store::usage::{Dimension, WHOLE};
use crate::store::{Store, Stored};
use app::model::log::{FacetValue, LogBar, LogPage, LogQuery};
use app::model::money::Nanos;
use app::model::range::Window;
use std::collections::{BTreeMap, HashMap};

/// What of the journal one page is made from.
struct Read {
    list: CallPage,
    newest: bool,
    tallies: Vec<Tally>,
    /// Calls of the range, whatever the filter.
    total: u64,
    bars: Vec<Bar>,
    names: HashMap<String, String>,
    configs: BTreeMap<String, u64>,
}

pub(super) async fn page(store: &Store, workspace: &str, query: &LogQuery, now: i64) -> Stored<LogPage> {
    let window = window(query.range, now);
    let filter = filter(store, workspace, query, window).await?;
    let read = read(store, workspace, query, &filter).await?;
    Ok(lay_out(&read, query, &filter, window))
}

async fn read(store: &Store, workspace: &str, query: &LogQuery, filter: &CallFilter) -> Stored<Read> {
    let ((list, newest), counted, names, configs) = tokio::try_join!(
        list(store, workspace, query, filter),
        store.counts(workspace, filter, bar_width(filter)),
        store.key_names(workspace),
        Box::pin(configs(store, workspace, filter)),
    )?;
    let Counted { tallies, bars, configs: walked } = counted;
    let configs = walked.unwrap_or(configs);
    let total = match filter.is_rolled_up() {
        true => calls(&tallies),
        false => {
            let span = Window { from: filter.from.unwrap_or(0), to: filter.until.unwrap_or(0) };
            let slices = store.slices(workspace, &Dimension::All, span, HOUR).await?;
            u64::try_from(slices.iter().map(|slice| slice.calls).sum::<i64>()).unwrap_or(0)
        }
    };
    Ok(Read { list, newest, tallies, total, bars, names: names.into_iter().collect(), configs })
}

/// How many calls each config would leave, where tallies answer the rest, which do not know it.
async fn configs(store: &Store, workspace: &str, filter: &CallFilter) -> Stored<BTreeMap<String, u64>> {
    let mut counted = BTreeMap::new();
    if filter.is_rolled_up() {
        let span = Window { from: filter.from.unwrap_or(0), to: filter.until.unwrap_or(0) };
        let rest = CallFilter { from: None, until: None, ..filter.clone() };
        for (config, stretches) in
            counts(store, workspace, &Source::under(rest, Dimension::Config), span, WHOLE).await?
        {
            *counted.entry(config).or_insert(0) += stretches.iter().map(|stretch| stretch.calls).sum::<u64>();
        }
    }
    Ok(counted)
}

/// The rows, and whether they are the newest. A step towards newer calls that reaches the end becomes the newest
/// page, so that it is full.
async fn list(store: &Store, workspace: &str, query: &LogQuery, filter: &CallFilter) -> Stored<(CallPage, bool)> {
    let limit = query.limit.clamp(1, 200);
    let cursor = cursor(query);
    let list = store.list_calls(workspace, filter, cursor, limit).await?;
    match cursor {
        Cursor::After(_) if !list.more => Ok((store.list_calls(workspace, filter, Cursor::Newest, limit).await?, true)),
        _ => Ok((list, cursor == Cursor::Newest)),
    }
}

fn calls(tallies: &[Tally]) -> u64 {
    tallies.iter().map(|tally| tally.calls).sum()
}

fn cursor(query: &LogQuery) -> Cursor<'_> {
    match (&query.before, &query.after) {
        (Some(id), _) => Cursor::Before(id),
        (None, Some(id)) => Cursor::After(id),
        (None, None) => Cursor::Newest,
    }
}

fn lay_out(read: &Read, query: &LogQuery, filter: &CallFilter, window: Window) -> LogPage {
    let matching: Vec<&Tally> = read.tallies.iter().filter(|tally| filter.admits(tally)).collect();
    let rows: Vec<_> = read.list.calls.iter().map(row).collect();
    let has_older = read.list.more || (!read.newest && query.before.is_none());
    LogPage {
        older: rows.last().filter(|_| has_older).map(|row| row.id.clone()),
        newer: rows.first().filter(|_| !read.newest).map(|row| row.id.clone()),
        rows,
        matched: matching.iter().map(|tally| tally.calls).sum(),
        total: read.total,
        cost: matching.iter().map(|tally| Nanos(tally.cost)).sum(),
        tokens: matching.iter().map(|tally| tally.tokens).sum(),
        statuses: status_facet(&read.tallies, filter),
        models: model_facet(&read.tallies, filter),
        providers: provider_facet(&read.tallies, filter),
        keys: key_facet(&read.tallies, filter, &read.names),
        configs: named(read.configs.clone()),
        bars: bars(&read.bars, window),
        bar_width: window.bucket(),
    }
}

fn bar_width(filter: &CallFilter) -> i64 {
    Window { from: filter.from.unwrap_or(0), to: filter.until.unwrap_or(0) }.bucket()
}

fn status_facet(tallies: &[Tally], filter: &CallFilter) -> Vec<FacetValue> {
    let rest = CallFilter { statuses: Vec::new(), ..filter.clone() };
    let mut classes = BTreeMap::from([(2, 0), (4, 0), (5, 0)]);
    for tally in tallies.iter().filter(|tally| rest.admits(tally)) {
        *classes.entry(tally.status / 100).or_insert(0) += tally.calls;
    }
    let facet = |(class, calls)| match class {
        0 => FacetValue { value: "0".into(), label: "Interrupted".into(), calls },
        class => FacetValue { value: format!("{class}xx"), label: format!("{class}xx"), calls },
    };
    let mut values: Vec<_> = classes.into_iter().map(facet).collect();
    values.sort_by_key(|value| value.value == "0");
    values
}

fn model_facet(tallies: &[Tally], filter: &CallFilter) -> Vec<FacetValue> {
    let rest = CallFilter { models: Vec::new(), ..filter.clone() };
    named(count(tallies.iter().filter(|tally| rest.admits(tally)), |tally| &tally.model))
}

fn provider_facet(tallies: &[Tally], filter: &CallFilter) -> Vec<FacetValue> {
    let rest = CallFilter { providers: Vec::new(), ..filter.clone() };
    named(count(tallies.iter().filter(|tally| rest.admits(tally)), |tally| &tally.provider))
}

/// Values that are their own names; calls without one are left out.
fn named(counted: BTreeMap<String, u64>) -> Vec<FacetValue> {
    let named = counted.into_iter().filter(|(value, _)| !value.is_empty());
    ranked(named.map(|(value, calls)| FacetValue { label: value.clone(), value, calls }).collect())
}

fn key_facet(tallies: &[Tally], filter: &CallFilter, names: &HashMap<String, String>) -> Vec<FacetValue> {
    let rest = CallFilter { keys: Vec::new(), ..filter.clone() };
    let counted = count(tallies.iter().filter(|tally| rest.admits(tally)), |tally| &tally.key);
    let label = |id: &String| names.get(id).unwrap_or(id).clone();
    ranked(counted.into_iter().map(|(id, calls)| FacetValue { label: label(&id), value: id, calls }).collect())
}

fn count<'a>(
    tallies: impl Iterator<Item = &'a Tally>,
    value: impl Fn(&'a Tally) -> &'a String,
) -> BTreeMap<String, u64> {
    let mut counted = BTreeMap::new();
    for tally in tallies {
        *counted.entry(value(tally).clone()).or_insert(0) += tally.calls;
    }
    counted
}

/// Most called first; equals by name.
fn ranked(mut values: Vec<FacetValue>) -> Vec<FacetValue> {
    values.sort_by(|a, b| b.calls.cmp(&a.calls).then_with(|| a.label.cmp(&b.label)));
    values
}

/// Every bar of the window, the empty ones too: the page needs to know where time begins and ends.
fn bars(counted: &[Bar], window: Window) -> Vec<LogBar> {
    let width = window.bucket();
    let known: HashMap<i64, &Bar> = counted.iter().map(|bar| (bar.at, bar)).collect();
    let first = window.from - window.from.rem_euclid(width);
    let starts = std::iter::successors(Some(first), |at| Some(at + width)).take_while(|at| *at < window.to);
    let bar = |at| match known.get(&at) {
        Some(bar) => LogBar { at, calls: bar.calls, errors: bar.errors },
        None => LogBar { at, calls: 0, errors: 0 },
    };
    starts.map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::calls::seed::{AT, Seed, journal};
    use app::model::range::Range;

    async fn planted() -> (Store, tempfile::TempDir) {
        let (store, folder) = journal().await;
        for (after, status, model, key) in
            [(0, 200, "a", "k1"), (1, 429, "a", "k1"), (2, 200, "b", "k1"), (3, 0, "b", "k2"), (4, 200, "a", "k2")]
        {
            Seed { at: AT + after, status, model, key, ..Seed::default() }.plant(&store).await;
        }
        (store, folder)
    }

    fn asked() -> LogQuery {
        LogQuery { range: Range::Between(AT, AT + 3_600_000), limit: 2, ..LogQuery::default() }
    }

    fn shown(values: &[FacetValue]) -> Vec<(&str, u64)> {
        values.iter().map(|facet| (facet.value.as_str(), facet.calls)).collect()
    }

    #[tokio::test]
    async fn a_facet_is_counted_under_all_filters_but_its_own() {
        let (store, _folder) = planted().await;
        let query = LogQuery { model: Some("a".into()), key: Some("support-prod".into()), ..asked() };
        let page = page(&store, "default", &query, AT).await.unwrap();
        assert_eq!((page.matched, page.total), (3, 5));
        assert_eq!(shown(&page.models), [("a", 3), ("b", 2)]);
        assert_eq!(shown(&page.statuses), [("2xx", 2), ("4xx", 1), ("5xx", 0)]);
        assert_eq!(shown(&page.keys), [("k1", 2), ("k2", 1)]);
        assert_eq!(page.keys[0].label, "support-prod");
        assert_eq!((shown(&page.providers), shown(&page.configs)), (vec![("cerebras", 3)], vec![("pc-main", 3)]));
        assert_eq!(page.bars.iter().map(|bar| (bar.calls, bar.errors)).max(), Some((3, 1)));
        assert_eq!(page.bars.len(), 60);
    }

    #[tokio::test]
    async fn a_config_narrows_list_and_counts_alike() {
        let (store, _folder) = planted().await;
        for (config, count) in [("pc-main", 5), ("pc-none", 0)] {
            let query = LogQuery { config: Some(config.into()), limit: 50, ..asked() };
            let page = page(&store, "default", &query, AT).await.unwrap();
            assert_eq!((page.rows.len(), page.matched, page.total), (count, count as u64, 5), "{config}");
            assert_eq!(page.bars.iter().map(|bar| bar.calls).sum::<u64>(), count as u64, "{config}");
            assert_eq!(shown(&page.configs), [("pc-main", 5)], "{config}");
        }
    }

    #[tokio::test]
    async fn links_lead_to_the_next_pages_and_end_at_the_ends() {
        let (store, _folder) = planted().await;
        let newest = page(&store, "default", &asked(), AT).await.unwrap();
        assert_eq!((newest.rows.len(), newest.newer.clone()), (2, None));
        let query = LogQuery { before: newest.older, ..asked() };
        let middle = page(&store, "default", &query, AT).await.unwrap();
        let query = LogQuery { before: middle.older.clone(), ..asked() };
        let oldest = page(&store, "default", &query, AT).await.unwrap();
        assert_eq!((oldest.rows.len(), oldest.older.clone()), (1, None));
        let back = LogQuery { after: oldest.newer, ..asked() };
        let back = page(&store, "default", &back, AT).await.unwrap();
        assert_eq!(back.rows, middle.rows);
        let top = LogQuery { after: middle.newer, ..asked() };
        let top = page(&store, "default", &top, AT).await.unwrap();
        assert_eq!((top.rows, top.newer), (newest.rows, None));
    }
}
