//! Logs as the console shows them.

mod detail;
mod explain;
mod page;
mod pretty;

use crate::desk::Seat;
use crate::store::calls::{Call, CallFilter, Statuses};
use crate::store::{Store, Stored};
use crate::wire::vendors::vendor;
use app::backend::{Answer, LogDesk};
use app::model::log::{LogDetail, LogPage, LogQuery, LogRow};
use app::model::money::Nanos;
use app::model::range::{MINUTE, Range, Window};
use async_trait::async_trait;

#[async_trait]
impl LogDesk for Seat {
    async fn logs(&self, query: LogQuery) -> Answer<LogPage> {
        let (store, workspace) = (&self.house.store, &self.person.workspace);
        Ok(page::page(store, workspace, &query, self.house.clock.now()).await?)
    }

    async fn log(&self, id: String, query: LogQuery) -> Answer<LogDetail> {
        let (store, workspace) = (&self.house.store, &self.person.workspace);
        let filter = filter(store, workspace, &query, window(query.range, self.house.clock.now())).await;
        detail::detail(store, workspace, &id, &filter?).await
    }

    async fn newer_logs(&self, id: String, query: LogQuery) -> Answer<u64> {
        let (store, workspace) = (&self.house.store, &self.person.workspace);
        let filter = filter(store, workspace, &query, window(query.range, self.house.clock.now())).await?;
        Ok(store.count_newer(workspace, &filter, &id).await?)
    }
}

/// The range in whole minutes, the grain of the rollups, so that list and counts mean the same calls.
pub(super) fn window(range: Range, now: i64) -> Window {
    let exact = range.window(now);
    let past = exact.to.rem_euclid(MINUTE);
    let to = if past == 0 { exact.to } else { exact.to - past + MINUTE };
    Window { from: exact.from - exact.from.rem_euclid(MINUTE), to }
}

/// What the URL asks for; a value that means nothing narrows nothing.
pub(super) async fn filter(store: &Store, workspace: &str, query: &LogQuery, window: Window) -> Stored<CallFilter> {
    let list = |value: &Option<String>| value.iter().cloned().collect();
    Ok(CallFilter {
        from: Some(window.from),
        until: Some(window.to),
        statuses: query.status.as_deref().and_then(statuses).into_iter().collect(),
        models: list(&query.model),
        providers: list(&query.provider),
        keys: match &query.key {
            Some(key) => key_ids(store, workspace, key).await?,
            None => Vec::new(),
        },
        configs: list(&query.config),
        trace: query.trace.clone(),
        metadata: query.metadata.clone(),
        text: query.text.clone(),
        ..CallFilter::default()
    })
}

/// A key is told by its id or, where a person typed it, by its name; several keys may share one.
async fn key_ids(store: &Store, workspace: &str, key: &str) -> Stored<Vec<String>> {
    let names = store.key_names(workspace).await?;
    let mut ids: Vec<String> = names.into_iter().filter(|(_, name)| name == key).map(|(id, _)| id).collect();
    if ids.is_empty() {
        ids.push(key.to_owned());
    }
    Ok(ids)
}

pub(super) fn statuses(word: &str) -> Option<Statuses> {
    match word.strip_suffix("xx") {
        Some(class) => class.parse().ok().map(Statuses::Class),
        None if word == "error" => Some(Statuses::Errors),
        None => word.parse().ok().map(Statuses::Exactly),
    }
}

fn row(call: &Call) -> LogRow {
    LogRow {
        id: call.id.clone(),
        at: call.at,
        status: call.status,
        outcome: call.outcome.clone(),
        vendor: call.vendor.clone(),
        tile: tile(&call.vendor),
        provider: call.provider.clone(),
        model_asked: call.model_asked.clone(),
        model_served: call.model_served.clone(),
        key_name: call.key_name.clone(),
        stream: call.stream,
        tokens_in: call.tokens_in,
        tokens_out: call.tokens_out,
        cost: call.cost.map(Nanos),
        latency_us: call.latency_us,
        first_token_us: call.first_token_us,
        cache_status: call.cache_status.clone(),
        mode: call.mode.clone(),
        target: call.target.clone(),
        retries: call.retries,
    }
}

/// Two letters for a vendor: the table's, else the first of its slug.
pub(super) fn tile(slug: &str) -> String {
    vendor(slug).map_or_else(|| slug.chars().take(2).collect(), |vendor| vendor.tile.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_covers_whole_minutes() {
        let window = window(Range::Between(61_000, 125_000), 0);
        assert_eq!(window, Window { from: 60_000, to: 180_000 });
        let whole = super::window(Range::Between(60_000, 120_000), 0);
        assert_eq!(whole, Window { from: 60_000, to: 120_000 });
    }

    #[test]
    fn a_status_word_means_one_thing_or_nothing() {
        for (word, expected) in [
            ("2xx", Some(Statuses::Class(2))),
            ("error", Some(Statuses::Errors)),
            ("429", Some(Statuses::Exactly(429))),
            ("0", Some(Statuses::Exactly(0))),
            ("xx", None),
            ("-4", None),
            ("all", None),
        ] {
            assert_eq!(statuses(word), expected, "{word}");
        }
    }
}
