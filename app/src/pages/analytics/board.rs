//! The graphs, and what stands around each drawing.

use super::url;
use super::words::{text, tick};
use crate::model::analytics::{Analytics, AnalyticsQuery, Graph, PERCENTILES, Strand, Tab};
use crate::model::range::Range;
use crate::parts::chart::{Cells, Chart, Figures, Flag, Pick, Plot, Read, Reading, Row, Tick, spread, times};
use crate::parts::icon::Icon;
use crate::parts::time::Stamp;
use icondata_lu::LuDownload;
use leptos::prelude::*;
use std::sync::Arc;

/// A graph among its page.
#[derive(Clone)]
struct Board {
    told: Arc<Analytics>,
    place: usize,
}

pub fn graphs(told: &Arc<Analytics>, drawn: Vec<String>) -> impl IntoView + use<> {
    let pick = picker(told);
    let graph = |(place, svg): (usize, String)| {
        let board = Board { told: told.clone(), place };
        let span = if told.graphs.len() > 1 { "--span: 6" } else { "--span: 12" };
        view! { <div style=span>{one(&board, svg, pick.clone())}</div> }
    };
    drawn.into_iter().take(told.graphs.len()).enumerate().map(graph).collect_view()
}

/// A click leads to the calls of a cell, a drag narrows the time.
fn picker(told: &Arc<Analytics>) -> Pick {
    let (from, to) = Pick::SPAN;
    Pick {
        edges: told.cells.iter().copied().chain([told.window.to]).collect(),
        one: url::logs(&told.query, None, Some(Pick::SPAN)),
        several: url::page(&AnalyticsQuery { range: Range::Between(from, to), ..told.query.clone() }),
    }
}

fn one(board: &Board, svg: String, pick: Pick) -> AnyView {
    let (told, graph) = (&board.told, board.graph());
    let scale = graph.scale(board.mark());
    let ys = scale.ticks().map(|value| Tick { at: scale.depth(value), text: tick(value, graph.unit) }).collect();
    let nothing = (graph.most(board.mark()) == 0).then_some("Nothing in this time");
    let height = if told.graphs.len() > 1 { 180 } else { 232 };
    let most = if told.graphs.len() > 1 { 4 } else { 8 };
    let plot = Plot {
        svg,
        height,
        ys,
        xs: times(told.window, most),
        tags: if graph.stacked { Vec::new() } else { board.tags(i64::from(height)) },
        gaps: told.gaps,
        nothing,
        flags: board.flags(),
    };
    let teller = board.clone();
    let read: Read = Box::new(move |cell| teller.read(cell));
    let (legend, file) = (board.legend(), url::file(&told.query, Some(board.place)));
    let toggles = (told.query.tab == Tab::Latency && board.place == 0).then(|| toggles(&told.query));
    let head = move || {
        view! {
            {legend}
            {toggles}
            <a class="btn quiet icon sm push" href=file rel="external" download="" aria-label="Download as CSV">
                <Icon icon=LuDownload />
            </a>
        }
    };
    let cells = Cells { count: told.cells.len(), mark: board.mark() };
    view! {
        <Chart title=graph.title.clone() summary=board.summary() plots=vec![plot] cells read figures=board.table() head pick />
    }
    .into_any()
}

/// Which percentiles are drawn; the last one stays.
fn toggles(query: &AnalyticsQuery) -> impl IntoView + use<> {
    let drawn = |each: u8| query.percentiles.is_empty() || query.percentiles.contains(&each);
    let link = |each: u8| {
        let mut chosen: Vec<u8> = PERCENTILES.into_iter().filter(|other| drawn(*other) != (*other == each)).collect();
        if chosen.len() == PERCENTILES.len() {
            chosen.clear();
        }
        let href = url::page(&AnalyticsQuery { percentiles: chosen, ..query.clone() });
        view! {
            <a href=href aria-current=drawn(each).then_some("true")>
                {format!("p{each}")}
            </a>
        }
    };
    view! {
        <nav class="segments sm" aria-label="Percentiles">
            {PERCENTILES.into_iter().map(link).collect_view()}
        </nav>
    }
}

impl Board {
    fn graph(&self) -> &Graph {
        &self.told.graphs[self.place]
    }

    /// How many cells one mark stands for.
    fn mark(&self) -> usize {
        if self.graph().stacked { self.told.cells_a_bar() } else { 1 }
    }

    fn legend(&self) -> impl IntoView + use<> {
        let unit = self.graph().unit;
        let entry = |strand: &Strand| {
            let total = strand.total.map(|total| view! { <b>{text(Some(total), unit)}</b> });
            view! {
                <li>
                    <span class=key(strand)></span>
                    <span class="trim">{strand.label.clone()}</span>
                    {total}
                </li>
            }
        };
        view! { <ul class="legend">{self.graph().strands.iter().map(entry).collect_view()}</ul> }
    }

    /// Names at the right ends of a few lines.
    fn tags(&self, height: i64) -> Vec<(u8, Tick)> {
        let scale = self.graph().scale(1);
        let lines: Vec<&Strand> = self.graph().strands.iter().filter(|strand| strand.colour > 0).collect();
        if lines.len() > 4 || lines.iter().any(|strand| strand.label.len() > 4) {
            return Vec::new();
        }
        let ends = lines.iter().filter_map(|strand| {
            let last = strand.values.iter().rev().flatten().next()?;
            Some(Tick { at: scale.depth(*last), text: strand.label.clone() })
        });
        let colour =
            |tick: &Tick| lines.iter().find(|strand| strand.label == tick.text).map_or(1, |strand| strand.colour);
        spread(ends.collect(), 14_000 / height).into_iter().map(|tick| (colour(&tick), tick)).collect()
    }

    fn flags(&self) -> Vec<Flag> {
        let told = &self.told;
        let place = |at: i64| (at - told.window.from) * 1000 / told.window.length().max(1);
        told.marks
            .iter()
            .map(|mark| Flag { at: place(mark.at), label: mark.label.clone(), href: mark.href.clone() })
            .collect()
    }

    fn when(&self, cell: usize) -> String {
        format!("{} UTC", Stamp::of(self.told.cells[cell]).short())
    }

    fn read(&self, cell: usize) -> Option<Reading> {
        let (graph, mark) = (self.graph(), self.mark());
        let first = cell / mark * mark;
        if first < self.told.gaps.0 && first + mark <= self.told.gaps.0 {
            return None;
        }
        let value = |strand: &Strand| Graph::bars(&strand.values, mark).get(cell / mark).copied().flatten();
        let row = |label: &str, key: String, value: Option<i64>| Row {
            key,
            label: label.to_owned(),
            figure: text(value, graph.unit),
        };
        let strands = graph.strands.iter().rev().filter(|strand| strand.colour > 0);
        let seen = strands.clone().filter(|strand| !graph.stacked || value(strand).is_some_and(|value| value > 0));
        let mut rows: Vec<Row> = seen.map(|strand| row(&strand.label, key(strand), value(strand))).collect();
        if graph.stacked {
            rows.push(row("Total", String::new(), Some(strands.filter_map(value).sum())));
        }
        let before = graph.strands.iter().filter(|strand| strand.colour == 0);
        rows.extend(before.map(|strand| row(&strand.label, "dash".into(), value(strand))));
        Some(Reading { when: self.when(first), note: String::new(), rows, dots: Vec::new() })
    }

    fn table(&self) -> Figures {
        let (graph, mark, gaps) = (self.graph(), self.mark(), self.told.gaps);
        let columns: Vec<Vec<Option<i64>>> =
            graph.strands.iter().map(|strand| Graph::bars(&strand.values, mark)).collect();
        let last = self.told.cells.len().saturating_sub(gaps.1);
        let bars = (0..self.told.cells.len())
            .step_by(mark)
            .enumerate()
            .filter(|(_, cell)| cell + mark > gaps.0 && *cell < last);
        let rows = bars.map(|(bar, cell)| {
            let figures = columns.iter().map(|column| text(column.get(bar).copied().flatten(), graph.unit));
            std::iter::once(self.when(cell)).chain(figures).collect()
        });
        let names = graph.strands.iter().map(|strand| strand.label.clone());
        Figures { rows: rows.collect(), head: std::iter::once("Start".into()).chain(names).collect() }
    }

    fn summary(&self) -> String {
        let unit = self.graph().unit;
        let told = |strand: &Strand| strand.total.map(|total| format!("{} {}", strand.label, text(Some(total), unit)));
        let told: Vec<String> = self.graph().strands.iter().filter_map(told).collect();
        format!("{}.", told.join(", "))
    }
}

fn key(strand: &Strand) -> String {
    if strand.colour == 0 { "key dash".into() } else { format!("key k{}", strand.colour) }
}
