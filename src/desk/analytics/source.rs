//! Where the figures of a page come from: sums where one dimension answers, the calls themselves where it takes several.

mod drawn;

pub(super) use drawn::drawn;

use crate::desk::logs::statuses;
use crate::journal::rollup::{Figures, OTHER};
use crate::store::calls::CallFilter;
use crate::store::rollups::ROUTE;
use crate::store::usage::{Count, Counts, Dimension, NONE, Scan, Slice};
use crate::store::{Store, StoreError, Stored};
use app::model::analytics::{Group, Narrow};
use app::model::range::Window;
use std::collections::{HashMap, HashSet};

/// What values are ordered by.
pub(crate) type Rank = fn(&Figures) -> Option<i64>;

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
    /// One slice each of further values, which nothing is drawn of.
    pub(crate) rest: Vec<Slice>,
    /// All values together; `None`: what `lines` add up to.
    pub(crate) valued: Option<Vec<Slice>>,
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
        let filter = narrowed(narrow, names);
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

    /// The same where no slice may be longer than so many milliseconds: what sums do not tell as finely, calls do.
    pub(crate) fn finely(self, bucket: i64) -> Self {
        match self {
            Self::Rolled { dimension, only } if dimension.finest() > bucket => {
                Self::Scan { dimension, filter: Box::new(only.0) }
            }
            source => source,
        }
    }

    /// The same where every call of `window` is told: on a day of many keys of metadata sums lack some, and calls do not.
    async fn sound(self, store: &Store, workspace: &str, window: Window) -> Stored<Self> {
        Ok(match self {
            Self::Rolled { dimension: dimension @ Dimension::Metadata(_), only }
                if store.is_crowded(workspace, window).await? =>
            {
                Self::Scan { dimension, filter: Box::new(only.0) }
            }
            source => source,
        })
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

/// The calls that are meant, at any time.
pub(super) fn narrowed(narrow: &Narrow, names: &HashMap<String, String>) -> CallFilter {
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
        let is_or_any = |wanted: &[String], value: &str| wanted.is_empty() || wanted.iter().any(|one| one == value);
        match dimension {
            Dimension::Route => {
                let (provider, model) = value.split_once(ROUTE).unwrap_or(("", value));
                filter.admits_provider(provider) && filter.admits_model(model)
            }
            Dimension::Key => filter.admits_key(value),
            Dimension::Config => is_or_any(&filter.configs, value),
            Dimension::Status => filter.admits_status(value.parse().unwrap_or(0)),
            Dimension::Metadata(_) => filter.metadata.iter().all(|(_, wanted)| wanted == value),
            Dimension::Cache => is_or_any(&filter.caches, value),
            Dimension::All => true,
        }
    }

    /// The one value of metadata that passes; `None`: all do. Two different ones are none that a call can have.
    fn one(&self) -> Option<&str> {
        let mut wanted = self.0.metadata.iter().map(|(_, value)| value.as_str());
        let first = wanted.next()?;
        Some(if wanted.all(|value| value == first) { first } else { NONE })
    }

    fn is_any(&self) -> bool {
        self.0 == CallFilter { from: self.0.from, until: self.0.until, ..CallFilter::default() }
    }
}

/// What figures are read for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Aim {
    /// No slice reaches across a multiple of so many milliseconds.
    pub(crate) bucket: i64,
    /// Percentiles are asked for: they take most of the time.
    pub(crate) timed: bool,
    pub(crate) rank: Rank,
}

impl Aim {
    /// The calls of a filter by dimension.
    fn scan(self, dimension: &Dimension, filter: &CallFilter) -> Scan {
        let Self { bucket, timed, .. } = self;
        Scan { dimension: dimension.clone(), filter: filter.clone(), bucket, timed }
    }
}

/// Reads both windows; the second only where there is one.
pub(crate) async fn taken(
    store: &Store,
    workspace: &str,
    source: &Source,
    (now, before): (Window, Option<Window>),
    aim: Aim,
) -> Stored<Taken> {
    let none = || async { Ok((Vec::new(), None)) };
    let both = Window { from: before.map_or(now.from, |before| before.from.min(now.from)), to: now.to };
    let source = &source.clone().sound(store, workspace, both).await?;
    let ((lines, all), (lines_before, all_before)) =
        tokio::try_join!(slices(store, workspace, source, now, aim), async {
            match before {
                Some(before) => slices(store, workspace, source, before, aim).await,
                None => none().await,
            }
        })?;
    Ok(Taken { all, lines, all_before, lines_before, ..Taken::default() })
}

/// How often each value of a source was called within a window: each, where sums have only the first thousand of a day.
/// No stretch reaches across a multiple of `bucket` milliseconds.
pub(crate) async fn counts(
    store: &Store,
    workspace: &str,
    source: &Source,
    window: Window,
    bucket: i64,
) -> Stored<Counts> {
    let scanned = async |dimension: &Dimension, filter: &CallFilter| {
        let filter = CallFilter { from: Some(window.from), until: Some(window.to), ..filter.clone() };
        store.call_counts(workspace, dimension.clone(), filter, bucket).await
    };
    match &source.clone().sound(store, workspace, window).await? {
        Source::Scan { dimension, filter } => scanned(dimension, filter).await,
        Source::Rolled { dimension: dimension @ Dimension::Metadata(key), only } if only.is_any() => {
            match store.is_lumped(workspace, key, window).await? {
                true => scanned(dimension, &only.0).await,
                false => store.value_counts(workspace, key, window, bucket).await,
            }
        }
        source => {
            let aim = Aim { bucket, timed: false, rank: |_| None };
            let (slices, _) = slices(store, workspace, source, window, aim).await?;
            Ok(slices.into_iter().map(|slice| (slice.value.clone(), vec![Count::of(&slice)])).collect())
        }
    }
}

/// Sums know a thousand values of a key and day: calls of one value may be among the others.
fn is_folded(slices: &[Slice]) -> bool {
    slices.iter().any(|slice| slice.value == OTHER)
}

async fn values(
    store: &Store,
    (workspace, key): (&str, &str),
    window: Window,
    (bucket, timed): (i64, bool),
) -> Stored<Vec<Slice>> {
    match timed {
        true => store.slices(workspace, &Dimension::Metadata(key.to_owned()), window, bucket).await,
        false => store.plain_values(workspace, key, window, bucket).await,
    }
}

/// Does what takes milliseconds off the threads that calls share.
pub(crate) async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Stored<T> {
    tokio::task::spawn_blocking(work).await.map_err(|_| StoreError::Garbled("block"))
}

/// By value, and of all where the values leave calls out.
async fn slices(
    store: &Store,
    workspace: &str,
    source: &Source,
    window: Window,
    aim: Aim,
) -> Stored<(Vec<Slice>, Option<Vec<Slice>>)> {
    let scanned = async |dimension: &Dimension, filter: &CallFilter| {
        let filter = CallFilter { from: Some(window.from), until: Some(window.to), ..filter.clone() };
        let scanned = store.scan(workspace, aim.scan(dimension, &filter)).await?;
        apart(move || scanned.slices(|_| true)).await
    };
    match source {
        Source::Scan { dimension, filter } => Ok((scanned(dimension, filter).await?, None)),
        Source::Rolled { dimension, only } => {
            let mut lines = match dimension {
                Dimension::Metadata(key) => match only.one() {
                    Some(one) => {
                        let picked = HashSet::from([one.to_owned(), OTHER.to_owned()]);
                        store.picked_values(workspace, key, (window, aim.bucket), (picked, aim.timed)).await?
                    }
                    None => values(store, (workspace, key), window, (aim.bucket, aim.timed)).await?,
                },
                _ => store.slices(workspace, dimension, window, aim.bucket).await?,
            };
            lines.retain(|slice| only.passes(dimension, &slice.value) || slice.value == OTHER);
            if !only.0.metadata.is_empty() && is_folded(&lines) {
                return Ok((scanned(dimension, &only.0).await?, None));
            }
            let all = match dimension {
                Dimension::Metadata(_) if only.is_any() => {
                    Some(store.slices(workspace, &Dimension::All, window, aim.bucket).await?)
                }
                _ => None,
            };
            Ok((lines, all))
        }
    }
}

#[cfg(test)]
mod tests;
