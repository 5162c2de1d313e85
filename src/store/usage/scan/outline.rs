//! Values of a key of metadata under any filter, which may be thousands: all of them as wholes, some of them over time.

use super::{Counter, Found, Making, Places, Scan, Scanned, facts};
use crate::journal::record::CallRow;
use crate::journal::rollup::Facts;
use crate::store::blocks::{Block, Garbled, Gather, Sieve};
use crate::store::usage::{NONE, Slice, WHOLE};
use crate::store::{Store, Stored};
use hashbrown::HashSet;

/// Values that are kept over time, at most: a thousand of them, each in every bucket, take longer than a second walk.
const FEW: usize = 64;

/// What calls came to: by value and over time at once, or, where values are many, by the one and by the other.
#[derive(Debug)]
pub enum Outline {
    Few(Scanned),
    Many {
        /// By value.
        wholes: Scanned,
        /// Over time: calls with a value under the empty one, the others under [`NONE`].
        cells: Scanned,
    },
}

/// An outline in the making.
struct Outlining {
    scan: Scan,
    /// Over time until there are many.
    values: Found,
    /// Since then.
    cells: Option<Found>,
}

/// Some values in the making.
struct Picking {
    picked: HashSet<String>,
    found: Found,
}

impl Store {
    /// What the filter lets pass, in outline.
    pub async fn outline(&self, workspace: &str, scan: Scan) -> Stored<Outline> {
        let filter = scan.filter.clone();
        let Outlining { values, cells, .. } = self.give_calls(workspace, &filter, Outlining::new(scan)).await?;
        Ok(match cells {
            None => Outline::Few(values.told()),
            Some(cells) => Outline::Many { wholes: values.told(), cells: cells.told() },
        })
    }

    /// What the filter lets pass of some values.
    pub async fn scan_picked(
        &self,
        workspace: &str,
        scan: Scan,
        picked: impl IntoIterator<Item = String>,
    ) -> Stored<Scanned> {
        let filter = scan.filter.clone();
        let picking = Picking { picked: picked.into_iter().collect(), found: Found::new(scan) };
        Ok(self.give_calls(workspace, &filter, picking).await?.found.told())
    }
}

impl Outline {
    /// By value, one slice each.
    pub fn wholes(&self) -> Vec<Slice> {
        let (Self::Few(values) | Self::Many { wholes: values, .. }) = self;
        values.wholes()
    }

    /// The same without sketches.
    pub fn plain_wholes(&self) -> Vec<Slice> {
        let (Self::Few(values) | Self::Many { wholes: values, .. }) = self;
        values.plain_wholes()
    }

    /// Values over time, where they are few.
    pub fn few(self) -> Option<Scanned> {
        match self {
            Self::Few(values) => Some(values),
            Self::Many { .. } => None,
        }
    }

    /// All calls together, by bucket.
    pub fn all(&self) -> Vec<Slice> {
        self.cells().all()
    }

    /// All that have a value, by bucket and without sketches.
    pub fn valued(&self) -> Vec<Slice> {
        self.cells().valued()
    }

    fn cells(&self) -> &Scanned {
        let (Self::Few(cells) | Self::Many { cells, .. }) = self;
        cells
    }
}

impl Outlining {
    fn new(scan: Scan) -> Self {
        Self { values: Found::new(scan.clone()), cells: None, scan }
    }

    fn count(&mut self, at: i64, (place, valued): (usize, bool), facts: &Facts<'_>) {
        self.values.count(at, place, facts);
        if let Some(cells) = &mut self.cells {
            cells.count(at, usize::from(valued), facts);
        }
    }

    /// Gives up values over time if many have calls.
    fn look(&mut self) {
        let Found { told, opened, .. } = &self.values;
        let called = told.values.iter().zip(opened).filter(|((_, strand), open)| !strand.is_empty() || **open > 0);
        if self.cells.is_none() && called.count() > FEW {
            self.widen();
        }
    }

    /// Values keep their places.
    fn widen(&mut self) {
        let mut cells = Found::new(self.scan.clone());
        for value in [NONE, ""] {
            cells.place(value);
        }
        let wholes = Found::new(Scan { bucket: WHOLE, ..self.scan.clone() });
        for (value, strand) in std::mem::replace(&mut self.values, wholes).told().values {
            let place = self.values.place(&value);
            for (making, times) in strand.into_parts() {
                cells.merge(usize::from(value != NONE), making.clone(), times.clone());
                self.values.merge(place, Making { start: 0, ..making }, times);
            }
        }
        self.cells = Some(cells);
    }
}

impl Counter for Outlining {
    fn add(&mut self, call: &CallRow) {
        let (value, known) = (self.scan.dimension.value(call), self.values.places.len());
        let place = self.values.place(&value);
        self.count(call.at, (place, value != NONE), &Facts::of(call));
        if place >= known {
            self.look();
        }
    }
}

impl Gather for Outlining {
    fn fork(&self) -> Self {
        Self::new(self.scan.clone())
    }

    fn join(&mut self, mut later: Self) {
        if self.cells.is_some() || later.cells.is_some() {
            [&mut *self, &mut later].into_iter().filter(|side| side.cells.is_none()).for_each(Self::widen);
        }
        self.values.join(later.values);
        if let (Some(cells), Some(later)) = (&mut self.cells, later.cells) {
            cells.join(later);
        }
        self.look();
    }

    fn take(&mut self, _: i64, block: &Block<'_>) -> Result<(), Garbled> {
        let filter = self.scan.filter.clone();
        let Some(sieve) = Sieve::of(&filter, block, true) else { return Ok(()) };
        let dimension = self.scan.dimension.clone();
        let places = Places::of(&dimension, block, |value| (self.values.place(value), value != NONE));
        for row in block.rows() {
            let row = row?;
            if sieve.passes(&row)? {
                self.count(row.at(), places.of_row(&row), &facts(block, &row)?);
            }
        }
        self.look();
        Ok(())
    }
}

impl Counter for Picking {
    fn add(&mut self, call: &CallRow) {
        let value = self.found.scan.dimension.value(call);
        if self.picked.contains(&value) {
            let place = self.found.place(&value);
            self.found.count(call.at, place, &Facts::of(call));
        }
    }
}

impl Gather for Picking {
    fn fork(&self) -> Self {
        Self { picked: self.picked.clone(), found: self.found.fork() }
    }

    fn join(&mut self, later: Self) {
        self.found.join(later.found);
    }

    fn take(&mut self, _: i64, block: &Block<'_>) -> Result<(), Garbled> {
        let Scan { filter, dimension, .. } = self.found.scan.clone();
        let Some(sieve) = Sieve::of(&filter, block, true) else { return Ok(()) };
        let Self { picked, found } = self;
        let places = Places::of(&dimension, block, |value| picked.contains(value).then(|| found.place(value)));
        for row in block.rows() {
            let row = row?;
            // Most rows are of other values: what the filter asks of them need not be known.
            if let Some(place) = places.of_row(&row)
                && sieve.passes(&row)?
            {
                found.count(row.at(), place, &facts(block, &row)?);
            }
        }
        Ok(())
    }
}
