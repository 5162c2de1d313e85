//! The charts of the overview: what stands around each drawing.

use super::figure::{Figure, count, count_tick, decimal, duration, duration_tick, money, money_tick, percent};
use crate::model::plot::{Layer, Scale};
use crate::model::usage::{Overview, Point, Totals};
use crate::parts::chart::{Cells, Chart, Figures, Plot, Read, Reading, Row, Tick, span, spread, times};
use crate::parts::time::Stamp;
use leptos::prelude::*;
use std::sync::Arc;

/// Everything a chart is made of.
#[derive(Clone)]
pub struct Board {
    pub overview: Arc<Overview>,
    /// SVG text by name.
    pub drawn: Arc<Vec<(String, String)>>,
}

impl Board {
    pub fn svg(&self, name: &str) -> String {
        self.drawn.iter().find(|(drawn, _)| drawn == name).map(|(_, svg)| svg.clone()).unwrap_or_default()
    }

    fn cells(&self, mark: usize) -> Cells {
        Cells { count: self.overview.cells(), mark }
    }

    /// Cells before the first use, and after the last bucket.
    fn gaps(&self) -> (usize, usize) {
        let cells = self.overview.cells();
        let Some(first) = self.overview.points.first() else {
            return (cells, 0);
        };
        let before = self.overview.cell(first.at);
        (before, cells.saturating_sub(before + self.overview.points.len()))
    }

    fn point(&self, cell: usize) -> Option<&Point> {
        self.overview.points.get(cell.checked_sub(self.gaps().0)?)
    }

    /// The same cell of the period before.
    fn point_before(&self, cell: usize) -> Option<&Point> {
        let length = self.overview.window.length();
        let first = self.overview.points_before.first()?;
        self.overview.points_before.get(cell.checked_sub(self.overview.cell(first.at + length))?)
    }

    /// When `cell` was, and how long `cells` of them take.
    fn when(&self, point: &Point, cells: usize) -> (String, String) {
        let length = self.overview.bucket * i64::try_from(cells).unwrap_or(1);
        let last = self.overview.points.last().is_some_and(|last| last.at < point.at + length);
        let note = if last { format!("{}, so far", span(length)) } else { span(length) };
        (moment(point.at), note)
    }

    fn plot(&self, name: &str, height: u16, ys: Vec<Tick>) -> Plot {
        Plot { svg: self.svg(name), height, ys, gaps: self.gaps(), ..Plot::default() }
    }

    fn times(&self, most: i64) -> Vec<Tick> {
        times(self.overview.window, most)
    }
}

fn moment(at: i64) -> String {
    format!("{} UTC", Stamp::of(at).short())
}

fn ruled(scale: Scale, text: impl Fn(i64) -> String) -> Vec<Tick> {
    scale.ticks().map(|tick| Tick { at: scale.depth(tick), text: text(tick) }).collect()
}

fn row(key: &str, label: impl Into<String>, figure: impl Into<String>) -> Row {
    Row { key: key.into(), label: label.into(), figure: figure.into() }
}

fn or_none(us: Option<u64>) -> String {
    us.map_or_else(|| "–".into(), |us| duration(us).text())
}

/// Requests as a line over the period before, errors as a strip below with a scale of its own.
pub fn requests(board: &Board) -> AnyView {
    let overview = board.overview.clone();
    let plots = vec![
        board.plot("requests", 160, ruled(overview.scale_of_requests(), count_tick)),
        Plot { xs: board.times(8), ..board.plot("errors", 34, ruled(overview.scale_of_errors(), count_tick)) },
    ];
    let teller = board.clone();
    let read: Read = Box::new(move |cell| read_requests(&teller, cell));
    let logs = format!("/logs?{}", overview.range.query());
    let head = move || {
        view! {
            <ul class="legend">
                <li>
                    <span class="key k1"></span>
                    "Requests"
                </li>
                <li>
                    <span class="key kbad"></span>
                    "Errors"
                </li>
                <li>
                    <span class="key dash"></span>
                    "Period before"
                </li>
            </ul>
            <a class="btn quiet sm push" href=logs>
                "Open logs"
            </a>
        }
    };
    let rows = overview.points.iter().map(|point| {
        let Totals { requests, errors, tokens_in, tokens_out, .. } = point.totals;
        vec![moment(point.at), count(requests).text(), count(errors).text(), count(tokens_in + tokens_out).text()]
    });
    let figures =
        Figures { head: ["Start", "Requests", "Errors", "Tokens"].map(String::from).into(), rows: rows.collect() };
    view! {
        <Chart
            title="Requests and errors"
            summary=summary_of_requests(&overview)
            plots
            cells=board.cells(1)
            read
            figures
            head
        />
    }
    .into_any()
}

fn read_requests(board: &Board, cell: usize) -> Option<Reading> {
    let point = board.point(cell)?;
    let (when, note) = board.when(point, 1);
    let Totals { requests, errors, .. } = point.totals;
    let mut rows = vec![row("k1", "Requests", count(requests).text())];
    rows.extend(board.point_before(cell).map(|before| row("dash", "Before", count(before.totals.requests).text())));
    let rate = percent(errors, requests).filter(|_| errors > 0);
    let errors =
        rate.map_or_else(|| count(errors).text(), |rate| format!("{} · {}", count(errors).text(), rate.text()));
    rows.push(row("kbad", "Errors", errors));
    let depth = board.overview.scale_of_requests().depth(i64::try_from(requests).unwrap_or(i64::MAX));
    Some(Reading { when, note, rows, dots: vec![("k1".into(), depth)] })
}

fn summary_of_requests(overview: &Overview) -> String {
    let Totals { requests, errors, .. } = overview.now;
    let most = overview.points.iter().max_by_key(|point| point.totals.requests).filter(|_| requests > 0);
    let most = most.map(|point| {
        let (figure, length) = (count(point.totals.requests).text(), span(overview.bucket));
        format!(" Most in {length}: {figure} from {}.", moment(point.at))
    });
    format!("{} requests, {} failed.{}", count(requests).text(), count(errors).text(), most.unwrap_or_default())
}

/// Bars stacked by model, with totals in the legend.
pub fn cost(board: &Board) -> AnyView {
    let overview = board.overview.clone();
    let layers = Arc::new(overview.layers());
    let mark = overview.cells_a_bar();
    let nothing = (overview.now.cost.0 == 0).then_some("No cost in this time");
    let ys = ruled(overview.scale_of_cost(), money_tick);
    let plots = vec![Plot { xs: board.times(4), nothing, ..board.plot("cost", 132, ys) }];
    let (teller, told) = (board.clone(), layers.clone());
    let read: Read = Box::new(move |cell| read_cost(&teller, &told, cell));
    let total = money(overview.now.cost);
    let unpriced = overview.now.unpriced;
    let legend = layers.iter().map(|layer| {
        view! {
            <li>
                <span class=format!("key k{}", layer.colour)></span>
                <span class="trim">{layer.label.clone()}</span>
                <b>{money(layer.total)}</b>
            </li>
        }
    });
    let legend = legend.collect_view();
    view! {
        <Chart
            title="Cost by model"
            summary=summary_of_cost(&overview, &layers)
            plots
            cells=board.cells(mark)
            read
            figures=table_of_cost(board, &layers)
            head=move || view! { <span class="sum">{total}</span> }
        >
            <ul class="legend">{legend}</ul>
            {(unpriced > 0).then(|| view! { <p class="unpriced">{unpriced_text(unpriced)}</p> })}
        </Chart>
    }
    .into_any()
}

fn unpriced_text(calls: u64) -> String {
    match calls {
        1 => "1 call has no price. Its cost is not in these figures.".into(),
        calls => format!("{} calls have no price. Their cost is not in these figures.", count(calls).text()),
    }
}

fn read_cost(board: &Board, layers: &[Layer], cell: usize) -> Option<Reading> {
    let mark = board.overview.cells_a_bar();
    let bar = cell / mark;
    let known = (bar * mark..(bar + 1) * mark).find_map(|cell| board.point(cell))?;
    let (when, note) = board.when(known, mark);
    let cost = |layer: &Layer| layer.bars.get(bar).copied().unwrap_or_default();
    let seen = layers.iter().rev().filter(|layer| cost(layer).0 > 0);
    let mut rows: Vec<Row> =
        seen.map(|layer| row(&format!("k{}", layer.colour), layer.label.clone(), money(cost(layer)))).collect();
    rows.push(row("", "Total", money(layers.iter().map(cost).sum())));
    Some(Reading { when, note, rows, dots: Vec::new() })
}

fn table_of_cost(board: &Board, layers: &[Layer]) -> Figures {
    let overview = &board.overview;
    let mark = overview.cells_a_bar();
    let bars = overview.points.iter().filter(|point| {
        let cell = overview.cell(point.at);
        cell.is_multiple_of(mark) || Some(*point) == overview.points.first()
    });
    let rows = bars.map(|point| {
        let bar = overview.cell(point.at) / mark;
        let costs = layers.iter().map(|layer| money(layer.bars.get(bar).copied().unwrap_or_default()));
        std::iter::once(moment(point.at)).chain(costs).collect()
    });
    let names = layers.iter().map(|layer| layer.label.clone());
    Figures { rows: rows.collect(), head: std::iter::once("Start".into()).chain(names).collect() }
}

fn summary_of_cost(overview: &Overview, layers: &[Layer]) -> String {
    let total = money(overview.now.cost);
    let sum = u64::try_from(overview.now.cost.0).unwrap_or(0);
    match layers.first().filter(|_| sum > 0) {
        Some(first) => {
            let part = u64::try_from(first.total.0).unwrap_or(0);
            format!("{total} in all. {} is {} % of it.", first.label, decimal(part / 1_000 * 100, sum / 1_000, 0))
        }
        None => format!("{total} in all."),
    }
}

/// What the latency chart shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    Answer,
    FirstToken,
}

/// A percentile of a bucket: its name, the number of its colour, and how it is read.
type Line = (&'static str, u8, fn(&Totals) -> Option<u64>);

const ANSWER: &[Line] =
    &[("p99", 4, |totals| totals.p99_us), ("p95", 2, |totals| totals.p95_us), ("p50", 1, |totals| totals.p50_us)];
const FIRST_TOKEN: &[Line] =
    &[("p95", 2, |totals| totals.first_token_p95_us), ("p50", 1, |totals| totals.first_token_p50_us)];

impl Wait {
    fn lines(self) -> &'static [Line] {
        match self {
            Self::Answer => ANSWER,
            Self::FirstToken => FIRST_TOKEN,
        }
    }

    fn scale(self, overview: &Overview) -> Scale {
        match self {
            Self::Answer => overview.scale_of_latency(),
            Self::FirstToken => overview.scale_of_first_token(),
        }
    }
}

/// Percentiles as lines, the slowest on top. `switch` stands at the far end of the head.
pub fn latency(board: &Board, wait: Wait, switch: AnyView) -> AnyView {
    const HEIGHT: u16 = 132;
    let overview = board.overview.clone();
    let scale = wait.scale(&overview);
    let lines = wait.lines();
    let (title, name) = match wait {
        Wait::Answer => ("Latency", "latency"),
        Wait::FirstToken => ("Time to first token", "first_token"),
    };
    let ends = lines.iter().filter_map(|(name, _, read)| {
        let last = overview.points.iter().rev().find_map(|point| read(&point.totals))?;
        Some(Tick { at: scale.depth(i64::try_from(last).unwrap_or(i64::MAX)), text: (*name).into() })
    });
    let colour = |tick: &Tick| lines.iter().find(|(name, ..)| *name == tick.text).map_or(1, |(_, colour, _)| *colour);
    let tags =
        spread(ends.collect(), 14_000 / i64::from(HEIGHT)).into_iter().map(|tick| (colour(&tick), tick)).collect();
    let nothing = lines.iter().all(|(_, _, read)| read(&overview.now).is_none());
    let nothing = nothing.then_some("Nothing to measure in this time");
    let plot = board.plot(name, HEIGHT, ruled(scale, duration_tick));
    let plots = vec![Plot { xs: board.times(4), tags, nothing, ..plot }];
    let teller = board.clone();
    let read: Read = Box::new(move |cell| read_latency(&teller, wait, cell));
    let sums = lines.iter().rev().map(|(name, _, read)| (*name, or_none(read(&overview.now)))).collect::<Vec<_>>();
    let head = move || {
        let sum = |(name, figure)| view! { <span class="sum">{name} " " <b>{figure}</b></span> };
        view! {
            {sums.into_iter().map(sum).collect_view()}
            {switch}
        }
    };
    let table = table_of_latency(&overview, lines);
    let summary = summary_of_latency(&overview, lines);
    view! { <Chart title summary plots cells=board.cells(1) read figures=table head /> }.into_any()
}

fn read_latency(board: &Board, wait: Wait, cell: usize) -> Option<Reading> {
    let point = board.point(cell)?;
    let scale = wait.scale(&board.overview);
    let Figure { figure, .. } = count(point.totals.requests);
    let lines = wait.lines().iter();
    let rows =
        lines.clone().map(|(name, colour, read)| row(&format!("line k{colour}"), *name, or_none(read(&point.totals))));
    let dots = lines.filter_map(|(_, colour, read)| {
        let us = i64::try_from(read(&point.totals)?).unwrap_or(i64::MAX);
        Some((["k1", "k2", "k3", "k4"][usize::from(*colour) - 1].into(), scale.depth(us)))
    });
    Some(Reading {
        when: moment(point.at),
        note: format!("{figure} calls"),
        rows: rows.collect(),
        dots: dots.collect(),
    })
}

fn table_of_latency(overview: &Overview, lines: &[Line]) -> Figures {
    let rows = overview.points.iter().map(|point| {
        let figures = lines.iter().rev().map(|(_, _, read)| or_none(read(&point.totals)));
        std::iter::once(moment(point.at)).chain(figures).collect()
    });
    let names = lines.iter().rev().map(|(name, ..)| (*name).to_owned());
    Figures { rows: rows.collect(), head: std::iter::once("Start".into()).chain(names).collect() }
}

fn summary_of_latency(overview: &Overview, lines: &[Line]) -> String {
    let told = lines.iter().rev().map(|(name, _, read)| format!("{name} {}", or_none(read(&overview.now))));
    format!("{}.", told.collect::<Vec<_>>().join(", "))
}
