//! The cells of time that figures fall into: pure.

use app::model::analytics::Each;
use app::model::range::{MINUTE, Range, Window};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// Cells of a chart at most.
const MOST: i64 = 750;

/// Whole cells, the last of them perhaps still filling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cells {
    pub(crate) window: Window,
    pub(crate) starts: Vec<i64>,
    /// No cell's edge lies within a multiple of it, milliseconds.
    pub(crate) bucket: i64,
    now: i64,
}

impl Cells {
    /// Cells of at least `finest` milliseconds over `range`.
    pub(crate) fn of(range: Range, each: Each, finest: i64, now: i64) -> Self {
        let asked = range.window(now);
        let width = match each {
            Each::Month => return Self::months(asked, now),
            Each::Hour => HOUR,
            Each::Day => DAY,
            Each::Fitting => asked.bucket(),
        };
        let widths = [finest, HOUR, 3 * HOUR, 6 * HOUR, DAY, 7 * DAY, 28 * DAY];
        let fits = |width: &i64| asked.length() / width <= MOST;
        let width = width.max(finest);
        let bucket = Some(width).filter(fits).or_else(|| widths.into_iter().filter(|wide| *wide > width).find(fits));
        let bucket = bucket.unwrap_or(365 * DAY);
        let up = |at: i64| (at + bucket - 1).div_euclid(bucket) * bucket;
        let to = up(asked.to);
        let from = match range {
            Range::Between(from, _) => from.div_euclid(bucket) * bucket,
            _ => to - up(asked.length()).max(bucket),
        };
        let starts = (0..).map(|cell| from + cell * bucket).take_while(|start| *start < to).collect();
        Self { window: Window { from, to }, starts, bucket, now: minute_after(now) }
    }

    fn months(asked: Window, now: i64) -> Self {
        let least = asked.from.max(asked.to - MOST * 31 * DAY);
        let mut starts = vec![month(least, 0)];
        let mut to = month(least, 1);
        while to < asked.to {
            starts.push(to);
            to = month(least, i64::try_from(starts.len()).unwrap_or(1));
        }
        let window = Window { from: starts[0], to };
        Self { window, starts, bucket: DAY, now: minute_after(now) }
    }

    /// The part of the window that lies behind us.
    pub(crate) fn elapsed(&self) -> Window {
        Window { from: self.window.from, to: self.window.to.min(self.now).max(self.window.from) }
    }

    /// As much of the window before, so that the two compare.
    pub(crate) fn elapsed_before(&self) -> Window {
        let (length, elapsed) = (self.window.length(), self.elapsed());
        Window { from: elapsed.from - length, to: elapsed.to - length }
    }

    /// The cell that a moment falls into.
    pub(crate) fn cell(&self, at: i64) -> Option<usize> {
        let after = self.starts.partition_point(|start| *start <= at);
        after.checked_sub(1).filter(|_| at < self.window.to)
    }

    /// Cells before the first use, and after now.
    pub(crate) fn gaps(&self, first_use: Option<i64>) -> (usize, usize) {
        let all = self.starts.len();
        let Some(first) = first_use.filter(|first| *first < self.now) else { return (all, 0) };
        let before = self.starts.partition_point(|start| *start <= first).saturating_sub(1);
        let after = all - self.starts.partition_point(|start| *start < self.now);
        if first >= self.window.to { (all, 0) } else { (before, after) }
    }
}

fn minute_after(now: i64) -> i64 {
    (now / MINUTE + 1) * MINUTE
}

/// The start of the month that `at` is in, and of those after it.
fn month(at: i64, later: i64) -> i64 {
    let start = || {
        let at = Timestamp::from_millisecond(at).ok()?;
        let first: Date = TimeZone::UTC.to_datetime(at).date().first_of_month().checked_add(later.months()).ok()?;
        TimeZone::UTC.to_timestamp(first.at(0, 0, 0, 0)).ok()
    };
    start().map_or(at, Timestamp::as_millisecond)
}

#[cfg(test)]
mod tests {
    use super::{Cells, DAY, Each, HOUR, MINUTE, Range};
    use app::model::range::Window;

    /// 2026-11-24, 12:00 UTC.
    const NOW: i64 = 1_795_521_600_000;

    #[test]
    fn cells_are_whole_and_few() {
        for (range, each, finest, count, bucket) in [
            (Range::Hour, Each::Fitting, MINUTE, 60, MINUTE),
            (Range::Hour, Each::Fitting, HOUR, 1, HOUR),
            (Range::Day, Each::Fitting, MINUTE, 96, 15 * MINUTE),
            (Range::Week, Each::Hour, MINUTE, 168, HOUR),
            (Range::Month, Each::Day, MINUTE, 30, DAY),
            (Range::Between(0, 400 * DAY), Each::Hour, MINUTE, 400, DAY),
            (Range::Between(0, 1), Each::Day, MINUTE, 1, DAY),
        ] {
            let cells = Cells::of(range, each, finest, NOW);
            assert_eq!((cells.starts.len(), cells.bucket), (count, bucket), "{range:?} {each:?}");
            assert_eq!(cells.window.length(), bucket * i64::try_from(count).unwrap());
        }
    }

    #[test]
    fn months_begin_on_their_first_day() {
        let cells = Cells::of(Range::Between(NOW - 60 * DAY, NOW), Each::Month, MINUTE, NOW);
        let days: Vec<_> = cells.starts.iter().map(|start| (start - cells.window.from) / DAY).collect();
        assert_eq!(days, [0, 30, 61], "September, October, November");
        assert_eq!(cells.window.length(), 91 * DAY);
        assert_eq!(cells.cell(NOW), Some(2));
        assert_eq!(cells.cell(cells.window.to), None);
    }

    #[test]
    fn what_was_before_the_first_call_and_what_is_to_come_are_gaps() {
        let cells = Cells::of(Range::Month, Each::Day, MINUTE, NOW);
        assert_eq!(cells.gaps(None), (30, 0));
        assert_eq!(cells.gaps(Some(NOW - 2 * DAY)), (27, 0));
        assert_eq!(cells.elapsed().to, NOW + MINUTE);
        assert_eq!(cells.elapsed_before().length(), cells.elapsed().length());
        let ahead = Cells::of(Range::Between(NOW - DAY, NOW + DAY), Each::Day, MINUTE, NOW);
        assert_eq!(ahead.gaps(Some(0)), (0, 1));
        assert_eq!(ahead.window, Window { from: NOW - 36 * HOUR, to: NOW + 36 * HOUR });
    }
}
