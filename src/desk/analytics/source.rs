//! Where the figures of a page come from: sums where one dimension answers, the calls themselves where it takes several.

use crate::desk::logs::statuses;
use crate::journal::rollup::OTHER;
use crate::store::calls::CallFilter;
use crate::store::rollups::ROUTE;
use crate::store::usage::{Dimension, Slice};
use crate::store::{Store, Stored};
use app::model::analytics::{Group, Narrow};
use app::model::range::Window;
use std::collections::HashMap;

/// How figures are got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// From sums: of one dimension, of the values that pass.
    Rolled { dimension: Dimension, only: Box<Only> },
    /// From calls.
    Scan { dimension: Dimension, filter: Box<CallFilter> },
}

/// Which values of a dimension pass; an empty one lets all pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Only(CallFilter);

/// Slices now and before: of all calls that are meant, and the same by value.
#[derive(Clone, Debug, Default)]
pub(crate) struct Taken {
    /// `None`: what `lines` add up to.
    pub(crate) all: Option<Vec<Slice>>,
    pub(crate) lines: Vec<Slice>,
    pub(crate) all_before: Option<Vec<Slice>>,
    pub(crate) lines_before: Vec<Slice>,
}

pub(super) fn dimension(group: &Group) -> Dimension {
    match group {
        Group::Model | Group::Provider => Dimension::Route,
        Group::Key => Dimension::Key,
        Group::Config => Dimension::Config,
        Group::Status => Dimension::Status,
        Group::Cache => Dimension::Cache,
        Group::Metadata(key) => Dimension::Metadata(key.clone()),
    }
}

impl Source {
    /// `names` are those of keys by id: a key may be told by either.
    pub(crate) fn of(narrow: &Narrow, group: &Group, names: &HashMap<String, String>) -> Self {
        let filter = filter(narrow, names);
        Self::under(filter, dimension(group))
    }

    /// The same for a filter that stands already.
    pub(crate) fn under(filter: CallFilter, dimension: Dimension) -> Self {
        let Some(touched) = touched(&filter) else { return Self::Scan { dimension, filter: Box::new(filter) } };
        let dimension = match (&dimension, touched.first()) {
            // The values that pass add up to what is asked.
            (Dimension::All, Some(first)) => first.clone(),
            _ => dimension,
        };
        if touched.iter().all(|touched| *touched == dimension) {
            return Self::Rolled { dimension, only: Box::new(Only(filter)) };
        }
        Self::Scan { dimension, filter: Box::new(filter) }
    }

    /// The same for a window that may begin and end within a minute, piece by piece: sums where they are whole, the
    /// calls themselves at the ends.
    pub(crate) fn exactly(self, window: Window) -> Vec<(Self, Window)> {
        let Self::Rolled { dimension, only } = &self else { return vec![(self, window)] };
        let grain = dimension.finest();
        let down = |at: i64| at - at.rem_euclid(grain);
        let whole = Window { from: down(window.from + grain - 1), to: down(window.to) };
        let scan = Self::Scan { dimension: dimension.clone(), filter: Box::new(only.0.clone()) };
        if whole.length() <= 0 {
            return vec![(scan, window)];
        }
        let (before, after) = (Window { to: whole.from, ..window }, Window { from: whole.to, ..window });
        let pieces = [(scan.clone(), before), (self, whole), (scan, after)];
        pieces.into_iter().filter(|(_, window)| window.length() > 0).collect()
    }
}

/// The dimensions that a filter narrows; `None`: it asks for what no sum knows.
fn touched(filter: &CallFilter) -> Option<Vec<Dimension>> {
    if !filter.is_rolled_by_one() {
        return None;
    }
    let mut touched = Vec::new();
    for (narrows, dimension) in [
        (!filter.models.is_empty() || !filter.providers.is_empty(), Dimension::Route),
        (!filter.keys.is_empty(), Dimension::Key),
        (!filter.configs.is_empty(), Dimension::Config),
        (!filter.statuses.is_empty(), Dimension::Status),
        (!filter.caches.is_empty(), Dimension::Cache),
    ] {
        if narrows {
            touched.push(dimension);
        }
    }
    touched.extend(filter.metadata.iter().map(|(key, _)| Dimension::Metadata(key.clone())));
    Some(touched)
}

fn filter(narrow: &Narrow, names: &HashMap<String, String>) -> CallFilter {
    let list = |value: &Option<String>| value.iter().cloned().collect::<Vec<_>>();
    let keys = narrow.key.iter().flat_map(|key| {
        let named: Vec<_> = names.iter().filter(|(_, name)| *name == key).map(|(id, _)| id.clone()).collect();
        if named.is_empty() { vec![key.clone()] } else { named }
    });
    CallFilter {
        models: list(&narrow.model),
        providers: list(&narrow.provider),
        keys: keys.collect(),
        configs: list(&narrow.config),
        statuses: narrow.status.as_deref().and_then(statuses).into_iter().collect(),
        metadata: narrow.metadata.clone(),
        ..CallFilter::default()
    }
}

impl Only {
    fn passes(&self, dimension: &Dimension, value: &str) -> bool {
        let Self(filter) = self;
        match dimension {
            Dimension::Route => {
                let (provider, model) = value.split_once(ROUTE).unwrap_or(("", value));
                filter.admits_provider(provider) && filter.admits_model(model)
            }
            Dimension::Key => filter.admits_key(value),
            Dimension::Config => filter.admits_config(value),
            Dimension::Status => filter.admits_status(value.parse().unwrap_or(0)),
            Dimension::Metadata(_) => filter.metadata.iter().all(|(_, wanted)| wanted == value),
            Dimension::Cache => filter.caches.is_empty() || filter.caches.iter().any(|one| one == value),
            Dimension::All => true,
        }
    }

    fn is_any(&self) -> bool {
        self.0 == CallFilter { from: self.0.from, until: self.0.until, ..CallFilter::default() }
    }
}

/// Reads both windows; the second only where there is one.
pub(crate) async fn taken(
    store: &Store,
    workspace: &str,
    source: &Source,
    (now, before): (Window, Option<Window>),
    bucket: i64,
) -> Stored<Taken> {
    let none = || async { Ok((Vec::new(), None)) };
    let ((lines, all), (lines_before, all_before)) =
        tokio::try_join!(slices(store, workspace, source, now, bucket), async {
            match before {
                Some(before) => slices(store, workspace, source, before, bucket).await,
                None => none().await,
            }
        })?;
    Ok(Taken { all, lines, all_before, lines_before })
}

/// By value, and of all where the values leave calls out.
async fn slices(
    store: &Store,
    workspace: &str,
    source: &Source,
    window: Window,
    bucket: i64,
) -> Stored<(Vec<Slice>, Option<Vec<Slice>>)> {
    let scanned = async |dimension: &Dimension, filter: &CallFilter| {
        let filter = CallFilter { from: Some(window.from), until: Some(window.to), ..filter.clone() };
        store.scanned(workspace, dimension, &filter, bucket).await
    };
    match source {
        Source::Scan { dimension, filter } => Ok((scanned(dimension, filter).await?, None)),
        Source::Rolled { dimension, only } => {
            let mut lines = store.slices(workspace, dimension, window, bucket).await?;
            let folded = lines.iter().any(|slice| slice.value == OTHER);
            lines.retain(|slice| only.passes(dimension, &slice.value));
            // Sums know a thousand values of a key and day, and a hundred keys: one that they lack may be beyond.
            if !only.0.metadata.is_empty() && (folded || lines.is_empty()) {
                return Ok((scanned(dimension, &only.0).await?, None));
            }
            let all = match dimension {
                Dimension::Metadata(_) if only.is_any() => {
                    Some(store.slices(workspace, &Dimension::All, window, bucket).await?)
                }
                _ => None,
            };
            Ok((lines, all))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::record::{CallRow, Record};
    use crate::journal::rollup::Rollups;
    use crate::store::calls::seed::{AT, journal};
    use app::model::range::MINUTE;

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
                let taken = taken(&store, "default", &source, (window, None), MINUTE).await.unwrap();
                assert_eq!(taken.lines.iter().map(|slice| slice.calls).sum::<i64>(), calls, "{value} {source:?}");
            }
        }
        let any = Source::under(CallFilter::default(), Dimension::Metadata("user".into()));
        let told = taken(&store, "default", &any, (window, None), MINUTE).await.unwrap().lines;
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
}
