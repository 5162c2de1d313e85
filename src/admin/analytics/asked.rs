//! What a request for figures asks for.

use crate::admin::answer::Refused;
use crate::admin::ask::Ask;
use crate::desk::analytics::{Aim, Cells, Source, counts, taken};
use crate::gateway::logs::query::{Query, read};
use crate::store::calls::CallFilter;
use crate::store::rollups::DAY;
use crate::store::usage::{Counts, Dimension, Slice, WHOLE};
use app::failure::Failure;
use app::model::analytics::Each;
use app::model::range::{MINUTE, Range, Window};

const WEEK: i64 = 7 * DAY;

/// The filter, and the time in cells.
pub struct Asked {
    /// With the asked time to the millisecond.
    pub filter: CallFilter,
    /// The same: its end is the first moment that does not count.
    window: Window,
    /// Starts of the cells, milliseconds.
    pub starts: Vec<i64>,
    cells: Cells,
    /// The filter names what no call can have.
    pub nothing: bool,
}

impl Asked {
    pub fn of(ask: &Ask) -> Result<Self, Refused> {
        let mut query = Query::default();
        for (name, value) in ask.query.texts_of_query() {
            let paging = matches!(name, "page_size" | "current_page" | "cursor");
            if !paging {
                read(&mut query, name, value).map_err(|allowed| Refused::field(name, format!("Use {allowed}.")))?;
            }
        }
        let filter = query.filter;
        let end = |given: Option<i64>, name: &str| {
            given.ok_or_else(|| Refused::field(name, "This field is required: a time in ISO 8601."))
        };
        let from = end(filter.from, "time_of_generation_min")?;
        let until = end(filter.until, "time_of_generation_max")?;
        if from >= until {
            return Err(Refused::field("time_of_generation_max", "Use a time after time_of_generation_min."));
        }
        // Both ends count: the millisecond that makes the upper one exclusive does not open another cell.
        let to = (until - 1).max(from + 1);
        let drawn = Window { from: from - from.rem_euclid(MINUTE), to: (to + MINUTE - 1).div_euclid(MINUTE) * MINUTE };
        let cells = Cells::of(Range::Between(drawn.from, drawn.to), Each::Fitting, MINUTE, drawn.to);
        let window = Window { from, to: until };
        Ok(Self { starts: cells.starts.clone(), filter, window, cells, nothing: query.nothing })
    }

    /// Slices of the asked time by `dimension`; percentiles may be missing.
    pub async fn slices(&self, ask: &Ask, dimension: Dimension) -> Result<Vec<Slice>, Refused> {
        self.read(ask, dimension, false).await
    }

    /// The same with percentiles.
    pub async fn timed(&self, ask: &Ask, dimension: Dimension) -> Result<Vec<Slice>, Refused> {
        self.read(ask, dimension, true).await
    }

    /// How often each value of `dimension` was called, in as few stretches as can be: when is not told.
    pub async fn undated(&self, ask: &Ask, dimension: Dimension) -> Result<Counts, Refused> {
        self.counts(ask, dimension, WHOLE).await
    }

    /// The same of metadata in as few as tell when a value was last seen: where sums are read, to the hour, and of more
    /// than a week to the day.
    pub async fn latest(&self, ask: &Ask, dimension: Dimension) -> Result<Counts, Refused> {
        let bucket = match self.source(dimension.clone()) {
            Source::Rolled { .. } if self.window.length() <= WEEK => self.cells.bucket,
            _ => WHOLE,
        };
        self.counts(ask, dimension, bucket).await
    }

    /// The same by cell.
    pub async fn by_cell(&self, ask: &Ask, dimension: Dimension) -> Result<Counts, Refused> {
        self.counts(ask, dimension, self.cells.bucket).await
    }

    fn source(&self, dimension: Dimension) -> Source {
        Source::under(CallFilter { from: None, until: None, ..self.filter.clone() }, dimension)
    }

    /// Where the figures of a dimension come from, piece by piece: nowhere, where no call is meant.
    fn pieces(&self, dimension: Dimension, bucket: i64) -> Vec<(Source, Window)> {
        if self.nothing {
            return Vec::new();
        }
        self.source(dimension).finely(bucket).exactly(self.window)
    }

    async fn read(&self, ask: &Ask, dimension: Dimension, timed: bool) -> Result<Vec<Slice>, Refused> {
        let bucket = self.cells.bucket;
        let aim = Aim { bucket, timed, rank: |_| None };
        let store = &ask.seat.house.store;
        let mut slices = Vec::new();
        for (source, window) in self.pieces(dimension, bucket) {
            let taken = taken(store, ask.workspace(), &source, (window, None), aim).await.map_err(Failure::from)?;
            slices.extend(taken.lines);
        }
        Ok(slices)
    }

    async fn counts(&self, ask: &Ask, dimension: Dimension, bucket: i64) -> Result<Counts, Refused> {
        let store = &ask.seat.house.store;
        let mut all = Counts::new();
        for (source, window) in self.pieces(dimension, bucket) {
            all.extend(counts(store, ask.workspace(), &source, window, bucket).await.map_err(Failure::from)?);
        }
        Ok(all)
    }

    /// The cell that a moment falls into; the last one has its end, too.
    pub fn cell(&self, at: i64) -> Option<usize> {
        self.cells.cell(at.min(self.cells.window.to - 1))
    }
}
