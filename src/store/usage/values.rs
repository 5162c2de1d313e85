//! Figures by the values of a key of metadata, which may be a thousand a day: from packs, and what is fresh from minutes.

use super::{Dimension, Slice, grains, pieces};
use crate::journal::rollup::Figures;
use crate::journal::sketch::Sketch;
use crate::store::rollups::{DAY, FIGURES, read as stored};
use crate::store::values::pack::{Entry, Garbled, entries};
use crate::store::values::packs;
use crate::store::{Store, StoreError, Stored};
use app::model::range::Window;
use sqlx::Row;
use std::collections::{BTreeMap, HashMap, HashSet};

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

/// By start of the bucket.
#[derive(Default)]
struct Sums(BTreeMap<i64, Named>);

/// Sums by the place of their value.
#[derive(Default)]
struct Named {
    names: HashMap<String, usize>,
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
        self.read_values(workspace, key, window, bucket)
            .await?
            .told(|read| {
                let mut sums = Sums::default();
                read.each(|bucket, at, entry| sums.add(bucket, at, entry))?;
                sums.add_fresh(&read);
                Ok(sums.slices())
            })
            .await
    }

    /// The same of `picked` alone, and of all values together.
    pub async fn strands(
        &self,
        workspace: &str,
        key: &str,
        (window, bucket): (Window, i64),
        picked: HashSet<String>,
    ) -> Stored<Strands> {
        self.read_values(workspace, key, window, bucket)
            .await?
            .told(move |mut read| {
                let (mut sums, mut all) = (Sums::default(), BTreeMap::<i64, Sum>::new());
                read.each(|bucket, at, entry| {
                    let sum = all.entry(bucket).or_default();
                    sum.at = sum.at.max(at);
                    sum.figures.merge(&entry.figures()?);
                    if picked.contains(entry.value) { sums.add(bucket, at, entry) } else { Ok(()) }
                })?;
                for (at, _, figures) in &read.fresh {
                    let sum = all.entry(read.start(*at)).or_default();
                    sum.at = sum.at.max(*at);
                    sum.figures.merge(&bare(figures));
                }
                read.fresh.retain(|(_, value, _)| picked.contains(value));
                sums.add_fresh(&read);
                let all = all.into_values().map(|sum| sum.slice(String::new())).collect();
                Ok(Strands { picked: sums.slices(), all })
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

    /// Tells the entries of all packs: start of the bucket, start of the pack, entry.
    fn each(&self, mut told: impl FnMut(i64, i64, &Entry<'_>) -> Result<(), Garbled>) -> Result<(), Garbled> {
        for (at, pack) in &self.packs {
            for entry in entries(pack) {
                told(self.start(*at), *at, &entry?)?;
            }
        }
        Ok(())
    }
}

impl Sums {
    fn add(&mut self, bucket: i64, at: i64, entry: &Entry<'_>) -> Result<(), Garbled> {
        let sum = self.sum(bucket, entry.value);
        sum.at = sum.at.max(at);
        sum.figures.merge(&entry.figures()?);
        sum.latency.extend_from_slice(entry.latency);
        sum.first_token.extend_from_slice(entry.first_token);
        Ok(())
    }

    fn add_fresh(&mut self, read: &Read) {
        for (at, value, figures) in &read.fresh {
            let sum = self.sum(read.start(*at), value);
            sum.at = sum.at.max(*at);
            sum.figures.merge(&bare(figures));
            figures.latency.encode(&mut sum.latency);
            figures.first_token.encode(&mut sum.first_token);
        }
    }

    fn sum(&mut self, bucket: i64, value: &str) -> &mut Sum {
        let values = self.0.entry(bucket).or_default();
        // A name is made once: a month has hundreds of thousands of entries.
        let place = match values.names.get(value) {
            Some(place) => *place,
            None => {
                values.names.insert(value.to_owned(), values.sums.len());
                values.sums.push(Sum::default());
                values.sums.len() - 1
            }
        };
        &mut values.sums[place]
    }

    fn slices(self) -> Vec<Slice> {
        let mut slices = Vec::new();
        for Named { names, mut sums } in self.0.into_values() {
            slices.extend(names.into_iter().map(|(value, place)| std::mem::take(&mut sums[place]).slice(value)));
        }
        slices
    }
}

impl Sum {
    fn slice(self, value: String) -> Slice {
        let Self { at, figures, latency, first_token } = self;
        Slice { latency, first_token, ..super::slice(at, value, &figures) }
    }
}

/// Without sketches.
fn bare(figures: &Figures) -> Figures {
    Figures { latency: Sketch::new(), first_token: Sketch::new(), ..figures.clone() }
}
