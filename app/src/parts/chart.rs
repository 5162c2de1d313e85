//! Charts: drawn by the server, with words in HTML around the drawing; a crosshair once scripts run, by `hands/chart.rs`.

mod readings;
mod words;

#[cfg(feature = "hydrate")]
pub use readings::Readings;
pub use readings::{Reading, Row};
pub use words::{Tick, percent, span, spread, times};

use crate::parts::icon::Points;
use crate::parts::page::Wide;
use leptos::prelude::*;
use serde::Serialize;

/// What a chart tells about a cell.
pub type Read = Box<dyn Fn(usize) -> Option<Reading>>;

/// One drawing and the words that stand around it.
#[derive(Clone, Debug, Default)]
pub struct Plot {
    /// SVG text, without words.
    pub svg: String,
    /// Height in pixels.
    pub height: u16,
    pub ys: Vec<Tick>,
    pub xs: Vec<Tick>,
    /// Names at the right ends of lines, each with the number of its colour.
    pub tags: Vec<(u8, Tick)>,
    /// How many cells at the left, and at the right, have no data.
    pub gaps: (usize, usize),
    /// Moments to remember, placed from the left.
    pub flags: Vec<Flag>,
    /// Said over the axes where there is nothing to draw.
    pub nothing: Option<&'static str>,
}

/// A moment on the axis of time, with where it leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// Thousandths from the left.
    pub at: i64,
    pub label: String,
    pub href: String,
}

/// Where a click on a cell leads, or a drag from one to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pick {
    /// When each cell starts, and last when the last one ends; milliseconds.
    pub edges: Vec<i64>,
    /// The address for a click, and for a drag: with [`Pick::SPAN`] as its range.
    pub one: String,
    pub several: String,
}

impl Pick {
    /// Stands for the span that is not known yet.
    pub const SPAN: (i64, i64) = (-1, -2);
}

/// The same figures as rows, oldest first; the first column names its row.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    pub head: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

/// The cells of a chart.
#[derive(Clone, Copy, Debug)]
pub struct Cells {
    pub count: usize,
    /// How many cells one mark stands for: more than one where bars gather.
    pub mark: usize,
}

impl Cells {
    /// Where a cell starts, in thousandths.
    pub fn edge(self, cell: usize) -> i64 {
        i64::try_from(cell * 1000 / self.count.max(1)).unwrap_or(0)
    }
}

/// A chart in its card. `head` stands beside the title, the children below the drawing.
#[component]
pub fn Chart(
    #[prop(into)] title: String,
    /// What the chart says, in a sentence or two.
    summary: String,
    plots: Vec<Plot>,
    cells: Cells,
    read: Read,
    figures: Figures,
    #[prop(optional, into)] head: Option<ViewFnOnce>,
    #[prop(optional)] pick: Option<Pick>,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    let ends = plots.iter().any(|plot| !plot.tags.is_empty());
    let told: Vec<_> = (0..cells.count).map(read).collect();
    let picks = pick.is_some();
    let pick = pick.and_then(|pick| serde_json::to_string(&pick).ok());
    let draw = move |plot| view! { <Area plot cells picks /> };
    view! {
        <figure
            class="card chart"
            class:ends=ends
            data-cells=cells.count.to_string()
            data-mark=cells.mark.to_string()
            data-readings=readings::pack(&told)
            data-pick=pick
        >
            <figcaption class="head">
                <h2>{title.clone()}</h2>
                {head.map(|head| head.run())}
            </figcaption>
            <p class="unseen">{summary}</p>
            <div
                class="plots"
                role="group"
                aria-label=format!("{title}, drawing. Arrow keys move through time.")
                tabindex="0"
            >
                {plots.into_iter().map(draw).collect_view()}
                <div class="look"></div>
            </div>
            <p class="unseen" role="status"></p>
            {children.map(|children| view! { <div class="under">{children()}</div> })}
            <Table title figures />
        </figure>
    }
}

#[component]
fn Area(plot: Plot, cells: Cells, picks: bool) -> impl IntoView {
    let Plot { svg, height, ys, xs, tags, gaps, flags, nothing } = plot;
    let band = move |from: usize, count: usize| {
        (count > 0).then(|| {
            let (left, width) = (cells.edge(from), cells.edge(from + count) - cells.edge(from));
            view! { <i class="gap" style=format!("--x: {}; --w: {}", percent(left), percent(width))></i> }
        })
    };
    view! {
        <div class="area" style=format!("--h: {height}px")>
            <div class="ink" inner_html=svg></div>
            {band(0, gaps.0)}
            {band(cells.count.saturating_sub(gaps.1), gaps.1)}
            <ul class="ys" aria-hidden="true">
                {ys.into_iter().map(|tick| view! { <li style=format!("--y: {}", percent(tick.at))>{tick.text}</li> }).collect_view()}
            </ul>
            <ul class="xs" aria-hidden="true">
                {xs.into_iter().map(|tick| view! { <li style=format!("--x: {}", percent(tick.at))>{tick.text}</li> }).collect_view()}
            </ul>
            <ul class="tags" aria-hidden="true">
                {tags.into_iter().map(tag).collect_view()}
            </ul>
            <ul class="flags">{close(&flags).into_iter().zip(flags).map(flag).collect_view()}</ul>
            {nothing.map(|text| view! { <p class="none">{text}</p> })}
            <div class="look"></div>
            <div class="hit" class:picks=picks></div>
        </div>
    }
}

/// Which moments stand so close before the next that both words would lie on each other.
fn close(flags: &[Flag]) -> Vec<bool> {
    const ROOM: i64 = 150;
    let next = flags.iter().skip(1).map(Some).chain([None]);
    flags.iter().zip(next).map(|(flag, next)| next.is_some_and(|next| next.at - flag.at < ROOM)).collect()
}

fn flag((close, flag): (bool, Flag)) -> impl IntoView {
    let title = flag.label.clone();
    view! {
        <li class="flag" class:left=(flag.at > 820) class:close=close style=format!("--x: {}", percent(flag.at))>
            <a href=flag.href title=title>
                <Points />
                <span>{flag.label}</span>
            </a>
        </li>
    }
}

fn tag((colour, tick): (u8, Tick)) -> impl IntoView {
    view! {
        <li style=format!("--y: {}", percent(tick.at))>
            <span class=format!("key line k{colour}")></span>
            {tick.text}
        </li>
    }
}

#[component]
fn Table(title: String, figures: Figures) -> impl IntoView {
    let row = |row: Vec<String>| {
        let mut cells = row.into_iter();
        let name = cells.next().unwrap_or_default();
        view! {
            <tr>
                <th scope="row">{name}</th>
                {cells.map(|figure| view! { <td class="num">{figure}</td> }).collect_view()}
            </tr>
        }
    };
    let mut head = figures.head.into_iter();
    let first = head.next().unwrap_or_default();
    view! {
        <details class="figures">
            <summary>"Show as table"</summary>
            <Wide label=format!("{title}, table")>
                <table class="table">
                    <caption>{title.clone()}</caption>
                    <thead>
                        <tr>
                            <th scope="col">{first}</th>
                            {head
                                .map(|name| {
                                    view! {
                                        <th scope="col" class="num">
                                            {name}
                                        </th>
                                    }
                                })
                                .collect_view()}
                        </tr>
                    </thead>
                    <tbody>{figures.rows.into_iter().map(row).collect_view()}</tbody>
                </table>
            </Wide>
        </details>
    }
}
