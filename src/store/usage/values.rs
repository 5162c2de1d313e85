//! Figures by the values of a key of metadata, which may be a thousand a day: from packs, and what is fresh from minutes.

use super::counts::{Count, Counts, Tally};
use super::{Dimension, Slice, grains, pieces};
use crate::journal::rollup::{Figures, OTHER};
use crate::journal::sketch::Sketch;
use crate::store::rollups::{DAY, FIGURES, read as stored};
use crate::store::values::pack::{Entry, Garbled, all, entries};
use crate::store::values::packs;
use crate::store::{Store, StoreError, Stored};
use app::model::range::Window;
use hashbrown::HashMap;
use sqlx::Row;
use std::collections::{BTreeMap, HashSet};

/// Wider than any window: a value has one slice.
pub const WHOLE: i64 = 1_000_000 * DAY;

/// Few values over time, beside all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strands {
    /// Of the values that were asked for.
    pub picked: Vec<Slice>,
    /// Of all values together, under no value and without sketches.
    pub all: Vec<Slice>,
}

/// What was read of a window.
struct Read {
    /// Milliseconds: what lies within one multiple becomes one.
    bucket: i64,
    packs: Vec<(i64, Vec<u8>)>,
    /// Minute, value and figures.
    fresh: Vec<(i64, String, Figures)>,
}

/// Figures of one value in one bucket.
#[derive(Default)]
struct Sum {
    /// The latest moment that was added.
    at: i64,
    /// Without sketches.
    figures: Figures,
    latency: Vec<u8>,
    first_token: Vec<u8>,
}

/// Sums by the place of their value.
#[derive(Default)]
struct Named {
    places: HashMap<String, usize>,
    sums: Vec<Sum>,
}

impl Store {
    /// By value: one slice a bucket, whose moment is the latest that had calls.
    pub(super) async fn value_slices(
        &self,
        workspace: &str,
        key: &str,
        window: Window,
        bucket: i64,
    ) -> Stored<Vec<Slice>> {
        self.read_values(workspace, key, window, bucket).await?.told(|read| read.slices(&|_| true, true)).await
    }

    /// The same without sketches.
    pub async fn plain_values(&self, workspace: &str, key: &str, window: Window, bucket: i64) -> Stored<Vec<Slice>> {
        self.read_values(workspace, key, window, bucket).await?.told(|read| read.slices(&|_| true, false)).await
    }

    /// Whether sums tell some values of a day of `window` as one; it is among the first of its pack, whose values are in
    /// order.
    pub async fn is_lumped(&self, workspace: &str, key: &str, window: Window) -> Stored<bool> {
        let days = Window { from: window.from - window.from.rem_euclid(DAY), to: window.to };
        let mut moment = self.journal.read.begin().await?;
        for (_, pack) in packs(&mut moment, (workspace, key), days, DAY).await? {
            for entry in entries(&pack) {
                let value = entry.map_err(|Garbled| StoreError::Garbled("pack"))?.value;
                if value == OTHER {
                    return Ok(true);
                }
                if value > OTHER {
                    break;
                }
            }
        }
        let fresh = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM rollup_pairs \
             WHERE workspace = $1 AND minute >= $2 AND minute < $3 AND key = $4 AND value = $5)",
        );
        let fresh = fresh.bind(workspace).bind(days.from).bind(days.to).bind(key).bind(OTHER);
        Ok(fresh.fetch_one(&mut *moment).await?)
    }

    /// How often each value was called. No stretch reaches across a multiple of `bucket` milliseconds.
    pub async fn value_counts(&self, workspace: &str, key: &str, window: Window, bucket: i64) -> Stored<Counts> {
        self.read_values(workspace, key, window, bucket).await?.told(|read| read.counts()).await
    }

    /// The same of `picked` alone; `timed`: with sketches.
    pub async fn picked_values(
        &self,
        workspace: &str,
        key: &str,
        (window, bucket): (Window, i64),
        (picked, timed): (HashSet<String>, bool),
    ) -> Stored<Vec<Slice>> {
        let read = self.read_values(workspace, key, window, bucket).await?;
        read.told(move |read| read.slices(&|value| picked.contains(value), timed)).await
    }

    /// Those of `picked` with their sketches, and what all values had together.
    pub async fn strands(
        &self,
        workspace: &str,
        key: &str,
        (window, bucket): (Window, i64),
        picked: HashSet<String>,
    ) -> Stored<Strands> {
        let read = self.read_values(workspace, key, window, bucket).await?;
        read.told(move |read| {
            Ok(Strands { picked: read.slices(&|value| picked.contains(value), true)?, all: read.all()? })
        })
        .await
    }

    async fn read_values(&self, workspace: &str, key: &str, window: Window, bucket: i64) -> Stored<Read> {
        let dimension = Dimension::Metadata(key.to_owned());
        let mut read = Read { bucket, packs: Vec::new(), fresh: Vec::new() };
        let mut whole: Option<Window> = None;
        // One transaction: what is added up meanwhile is in one of the two.
        let mut moment = self.journal.read.begin().await?;
        for (piece, grain) in pieces(window, grains(&dimension, bucket)) {
            let Some(grain) = grain else { continue };
            read.packs.extend(packs(&mut moment, (workspace, key), piece, grain).await?);
            let all = whole.unwrap_or(piece);
            whole = Some(Window { from: all.from.min(piece.from), to: all.to.max(piece.to) });
        }
        let Some(whole) = whole else { return Ok(read) };
        let sql = format!(
            "SELECT minute, value, {FIGURES} FROM rollup_pairs \
             WHERE workspace = $1 AND minute >= $2 AND minute < $3 AND key = $4"
        );
        let rows = sqlx::query(&sql).bind(workspace).bind(whole.from).bind(whole.to).bind(key);
        for row in rows.fetch_all(&mut *moment).await? {
            read.fresh.push((row.try_get(0)?, row.try_get(1)?, stored(&row, 2)?));
        }
        Ok(read)
    }
}

impl Read {
    /// Adds up off the threads that calls share: a month of a thousand values takes tens of milliseconds.
    async fn told<T: Send + 'static>(
        self,
        add_up: impl FnOnce(Self) -> Result<T, Garbled> + Send + 'static,
    ) -> Stored<T> {
        let told = tokio::task::spawn_blocking(move || add_up(self)).await;
        told.unwrap_or(Err(Garbled)).map_err(|Garbled| StoreError::Garbled("pack"))
    }

    fn start(&self, at: i64) -> i64 {
        at - at.rem_euclid(self.bucket)
    }

    /// By value, of those that `told` lets pass.
    fn slices(&self, told: &dyn Fn(&str) -> bool, timed: bool) -> Result<Vec<Slice>, Garbled> {
        let mut buckets = BTreeMap::<i64, Named>::new();
        for (at, pack) in &self.packs {
            let named = buckets.entry(self.start(*at)).or_default();
            for entry in entries(pack) {
                let entry = entry?;
                if told(entry.value) {
                    named.sum(entry.value).add(*at, &entry, timed)?;
                }
            }
        }
        for (at, value, figures) in self.fresh.iter().filter(|(_, value, _)| told(value)) {
            buckets.entry(self.start(*at)).or_default().sum(value).add_fresh(*at, figures, timed);
        }
        let mut slices = Vec::new();
        for Named { places, mut sums } in buckets.into_values() {
            slices.extend(places.into_iter().map(|(value, place)| std::mem::take(&mut sums[place]).slice(value)));
        }
        Ok(slices)
    }

    fn counts(&self) -> Result<Counts, Garbled> {
        let mut tally = Tally::new(self.bucket);
        for (at, pack) in &self.packs {
            for entry in entries(pack) {
                let entry = entry?;
                let place = tally.place(entry.value);
                tally.add(place, Count::of_figures(*at, &entry.figures()?));
            }
        }
        for (at, value, figures) in &self.fresh {
            let place = tally.place(value);
            tally.add(place, Count::of_figures(*at, figures));
        }
        Ok(tally.counts())
    }

    /// Of all values together, without sketches.
    fn all(&self) -> Result<Vec<Slice>, Garbled> {
        let mut buckets = BTreeMap::<i64, Sum>::new();
        for (at, pack) in &self.packs {
            let sum = buckets.entry(self.start(*at)).or_default();
            sum.at = sum.at.max(*at);
            sum.figures.merge(&all(pack)?);
        }
        for (at, _, figures) in &self.fresh {
            buckets.entry(self.start(*at)).or_default().add_fresh(*at, figures, false);
        }
        Ok(buckets.into_values().map(|sum| sum.slice(String::new())).collect())
    }
}

impl Named {
    /// A name is made once: a month has hundreds of thousands of entries.
    fn sum(&mut self, value: &str) -> &mut Sum {
        let place = match self.places.get(value) {
            Some(place) => *place,
            None => {
                self.places.insert(value.to_owned(), self.sums.len());
                self.sums.push(Sum::default());
                self.sums.len() - 1
            }
        };
        &mut self.sums[place]
    }
}

impl Sum {
    fn add(&mut self, at: i64, entry: &Entry<'_>, timed: bool) -> Result<(), Garbled> {
        self.at = self.at.max(at);
        self.figures.merge(&entry.figures()?);
        if timed {
            self.latency.extend_from_slice(entry.latency);
            self.first_token.extend_from_slice(entry.first_token);
        }
        Ok(())
    }

    fn add_fresh(&mut self, at: i64, figures: &Figures, timed: bool) {
        self.at = self.at.max(at);
        self.figures.merge(&Figures { latency: Sketch::new(), first_token: Sketch::new(), ..figures.clone() });
        if timed {
            figures.latency.encode(&mut self.latency);
            figures.first_token.encode(&mut self.first_token);
        }
    }

    fn slice(self, value: String) -> Slice {
        let Self { at, figures, latency, first_token } = self;
        Slice { latency, first_token, ..super::slice(at, value, &figures) }
    }
}
