//! How often the values of a dimension were called, and what that came to: less work than all figures of a slice.

use super::scan::{Counter, Places};
use super::{Dimension, Slice};
use crate::journal::record::CallRow;
use crate::journal::rollup::Figures;
use crate::store::blocks::{Block, Garbled, Gather, Sieve};
use crate::store::calls::CallFilter;
use crate::store::{Store, Stored};
use hashbrown::HashMap;

/// What one value had in one stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// When the last of the calls was, as closely as is known: milliseconds since 1970 UTC.
    pub last: i64,
    pub calls: u64,
    /// In and out.
    pub tokens: u64,
    /// Nano-dollars.
    pub cost: i64,
}

/// By value; a value may come more than once, and so may a stretch of its time.
pub type Counts = Vec<(String, Vec<Count>)>;

/// Counts in the making: no stretch reaches across a multiple of so many milliseconds.
#[derive(Default)]
pub(super) struct Tally {
    bucket: i64,
    counts: Counts,
    /// Start of the bucket that the last count of each value is in.
    starts: Vec<i64>,
    /// Values by their place.
    places: HashMap<String, usize>,
}

/// The same from calls.
struct Counting {
    dimension: Dimension,
    filter: CallFilter,
    tally: Tally,
}

impl Store {
    /// Counts of what the filter lets pass. No stretch reaches across a multiple of `bucket` milliseconds.
    pub async fn call_counts(
        &self,
        workspace: &str,
        dimension: Dimension,
        filter: CallFilter,
        bucket: i64,
    ) -> Stored<Counts> {
        let counting = Counting { dimension, filter: filter.clone(), tally: Tally::new(bucket) };
        Ok(self.give_calls(workspace, &filter, counting).await?.tally.counts)
    }
}

impl Count {
    pub fn of(slice: &Slice) -> Self {
        let count = |figure: i64| u64::try_from(figure).unwrap_or(0);
        Self {
            last: slice.at,
            calls: count(slice.calls),
            tokens: count(slice.tokens_in + slice.tokens_out),
            cost: slice.cost,
        }
    }

    pub(super) fn of_figures(last: i64, figures: &Figures) -> Self {
        Self { last, calls: figures.calls, tokens: figures.tokens_in + figures.tokens_out, cost: figures.cost }
    }

    fn of_call(last: i64, tokens: u64, cost: Option<u64>) -> Self {
        Self { last, calls: 1, tokens, cost: cost.map_or(0, |cost| i64::try_from(cost).unwrap_or(i64::MAX)) }
    }
}

impl Tally {
    pub(super) fn new(bucket: i64) -> Self {
        Self { bucket, ..Self::default() }
    }

    pub(super) fn place(&mut self, value: &str) -> usize {
        if let Some(place) = self.places.get(value) {
            return *place;
        }
        self.places.insert(value.to_owned(), self.counts.len());
        self.counts.push((value.to_owned(), Vec::new()));
        self.starts.push(i64::MIN);
        self.counts.len() - 1
    }

    pub(super) fn add(&mut self, place: usize, count: Count) {
        let (counts, start) = (&mut self.counts[place].1, &mut self.starts[place]);
        match counts.last_mut() {
            Some(last) if (*start..start.saturating_add(self.bucket)).contains(&count.last) => {
                last.last = count.last.max(last.last);
                last.calls += count.calls;
                last.tokens = last.tokens.saturating_add(count.tokens);
                last.cost = last.cost.saturating_add(count.cost);
            }
            _ => {
                *start = count.last - count.last.rem_euclid(self.bucket);
                counts.push(count);
            }
        }
    }

    pub(super) fn counts(self) -> Counts {
        self.counts
    }
}

impl Counter for Counting {
    fn add(&mut self, call: &CallRow) {
        let place = self.tally.place(&self.dimension.value(call));
        let cost = call.cost.and_then(|cost| u64::try_from(cost.0).ok());
        self.tally.add(place, Count::of_call(call.at, call.tokens_in.saturating_add(call.tokens_out), cost));
    }
}

impl Gather for Counting {
    fn fork(&self) -> Self {
        let (dimension, filter) = (self.dimension.clone(), self.filter.clone());
        Self { dimension, filter, tally: Tally::new(self.tally.bucket) }
    }

    fn join(&mut self, later: Self) {
        for (value, counts) in later.tally.counts {
            let place = self.tally.place(&value);
            counts.into_iter().for_each(|count| self.tally.add(place, count));
        }
    }

    fn take(&mut self, _: i64, block: &Block<'_>) -> Result<(), Garbled> {
        let Self { dimension, filter, tally } = self;
        let Some(sieve) = Sieve::of(filter, block, true) else { return Ok(()) };
        let places = Places::of(dimension, block, |value| tally.place(value));
        for row in block.rows() {
            let row = row?;
            if sieve.passes(&row)? {
                let (tokens, cost) = row.amounts()?;
                tally.add(places.of_row(&row), Count::of_call(row.at(), tokens, cost));
            }
        }
        Ok(())
    }
}
