//! Charts as SVG text: pure, themed by the style sheet, without a word in them.
//!
//! A chart is cut into equal cells, one a bucket of time. A value stands in the middle of its cell; a cell without a
//! value breaks the line, for a gap is not a zero.

mod sheet;

pub use sheet::{Ink, Sheet};

use app::model::plot::Scale;
use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::types::RangedCoordi64;
use plotters::drawing::{DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{PathElement, Rectangle};
use plotters::prelude::Cartesian2d;
use plotters::series::{AreaSeries, LineSeries};
use plotters::style::Color;
use std::convert::Infallible;

/// One series: a value a cell, or nothing.
#[derive(Clone, Debug)]
pub struct Series {
    pub ink: Ink,
    pub values: Vec<Option<i64>>,
}

/// Lines over a ruled grid, the first drawn first. A series in an ink that washes fills the ground below it.
pub fn lines(scale: Scale, series: &[Series]) -> String {
    draw(cells(series), scale, |plane| {
        rule(plane, scale, cells(series))?;
        series.iter().try_for_each(|series| line(plane, series))
    })
}

/// Bars stacked in order, the first at the bottom, over a ruled grid. The period before is a line over them.
pub fn stack(scale: Scale, series: &[Series]) -> String {
    draw(cells(series), scale, |plane| {
        rule(plane, scale, cells(series))?;
        let mut floor = vec![0; cells(series)];
        series.iter().try_for_each(|series| match series.ink {
            Ink::Before => line(plane, series),
            _ => bars(plane, series, &mut floor),
        })
    })
}

/// Low bars for what is rare beside something big; any value above zero can be seen.
pub fn strip(scale: Scale, series: &Series) -> String {
    let seen = |value: i64| if value > 0 { value.max(scale.top / 16) } else { 0 };
    let values = series.values.iter().map(|value| value.map(seen)).collect();
    stack(scale, &[Series { ink: series.ink, values }])
}

/// Lines without a grid.
pub fn spark(series: &[Series]) -> String {
    let max = series.iter().flat_map(|series| series.values.iter().flatten()).max();
    let scale = Scale::plain(1);
    let scale = max.map_or(scale, |max| Scale { top: max.saturating_add(max / 12).max(1), ..scale });
    draw(cells(series), scale, |plane| series.iter().try_for_each(|series| line(plane, series)))
}

/// Steps across a cell, so that its middle and the edges of a bar are whole numbers.
const CELL: i64 = 20;
const BAR: (i64, i64) = (2, 18);

type Plane<'a, 's> = ChartContext<'a, &'s mut Sheet, Cartesian2d<RangedCoordi64, RangedCoordi64>>;
type Drawn = Result<(), DrawingAreaErrorKind<Infallible>>;

fn cells(series: &[Series]) -> usize {
    series.iter().map(|series| series.values.len()).max().unwrap_or(0)
}

fn left(cell: usize) -> i64 {
    i64::try_from(cell).map_or(0, |cell| cell * CELL)
}

fn draw(cells: usize, scale: Scale, paint: impl FnOnce(&mut Plane<'_, '_>) -> Drawn) -> String {
    let mut sheet = Sheet::default();
    let drawn = ChartBuilder::on(&(&mut sheet).into_drawing_area())
        .build_cartesian_2d(0..left(cells.max(1)), 0..scale.top)
        .and_then(|mut plane| paint(&mut plane));
    if let Err(error) = drawn {
        tracing::error!(%error, "a chart was not drawn to the end");
    }
    sheet.svg()
}

fn rule(plane: &mut Plane<'_, '_>, scale: Scale, cells: usize) -> Drawn {
    let across = |height| vec![(0, height), (left(cells.max(1)), height)];
    plane.draw_series(scale.ticks().map(|height| {
        let ink = if height == 0 { Ink::Zero } else { Ink::Grid };
        PathElement::new(across(height), ink.paint())
    }))?;
    Ok(())
}

fn line(plane: &mut Plane<'_, '_>, series: &Series) -> Drawn {
    for run in runs(&series.values) {
        match series.ink {
            Ink::Wash(_) | Ink::BadWash => plane.draw_series(AreaSeries::new(run, 0, series.ink.paint()))?,
            ink => plane.draw_series(LineSeries::new(run, ink.paint()))?,
        };
    }
    Ok(())
}

fn bars(plane: &mut Plane<'_, '_>, series: &Series, floor: &mut [i64]) -> Drawn {
    let paint = series.ink.paint().filled();
    for (cell, (value, floor)) in series.values.iter().zip(floor).enumerate() {
        let Some(value) = value.filter(|value| *value > 0) else {
            continue;
        };
        let corners = [(left(cell) + BAR.0, *floor + value), (left(cell) + BAR.1, *floor)];
        plane.draw_series([Rectangle::new(corners, paint)])?;
        *floor += value;
    }
    Ok(())
}

/// The unbroken stretches. One that is a single cell becomes a dash, which can be seen.
fn runs(values: &[Option<i64>]) -> Vec<Vec<(i64, i64)>> {
    let mut runs: Vec<Vec<(i64, i64)>> = vec![Vec::new()];
    for (cell, value) in values.iter().enumerate() {
        match (value, runs.last_mut()) {
            (Some(value), Some(run)) => run.push((left(cell) + CELL / 2, *value)),
            _ => runs.push(Vec::new()),
        }
    }
    runs.retain(|run| !run.is_empty());
    for run in &mut runs {
        if let [(middle, value)] = run[..] {
            *run = vec![(middle - CELL / 4, value), (middle + CELL / 4, value)];
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::{Ink, Series, lines, spark, stack, strip};
    use app::model::plot::Scale;

    /// A new look is what the failure shows as `left`.
    fn check(name: &str, svg: &str) {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/chart").join(name);
        let golden = std::fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(svg.replace("><", ">\n<"), golden, "{}", file.display());
    }

    fn series(ink: Ink, values: &[i64]) -> Series {
        Series { ink, values: values.iter().map(|value| (*value >= 0).then_some(*value)).collect() }
    }

    #[test]
    fn lines_break_at_a_gap_and_stand_in_the_middle_of_their_cells() {
        let now = [-1, 100, 250, -1, 300, -1, 0, 50];
        let drawn = [series(Ink::Before, &[90; 8]), series(Ink::Wash(1), &now), series(Ink::Line(1), &now)];
        check("lines.svg", &lines(Scale::over(300, 1), &drawn));
    }

    #[test]
    fn bars_stack_upwards_and_leave_zero_out() {
        let drawn = [series(Ink::Bar(1), &[5, 0, 3]), series(Ink::Bar(2), &[5, 2, -1])];
        check("stack.svg", &stack(Scale::over(10, 1), &drawn));
    }

    #[test]
    fn one_error_among_thousands_is_seen() {
        check("strip.svg", &strip(Scale::plain(1_000), &series(Ink::BadBar, &[0, 1, 1_000, -1])));
    }

    #[test]
    fn a_sparkline_has_no_grid() {
        check("spark.svg", &spark(&[series(Ink::Line(1), &[1, 2, 3])]));
        check("spark_empty.svg", &spark(&[series(Ink::Line(1), &[-1, -1])]));
    }
}
