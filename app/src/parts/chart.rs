//! Charts: drawn by the server, with words in HTML around the drawing; a crosshair once scripts run.

mod words;

pub use words::{Tick, percent, span, spread, times};

use crate::parts::icon::Points;
use crate::parts::page::Wide;
use leptos::ev::{KeyboardEvent, PointerEvent};
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::Element;
use std::sync::Arc;

/// The cell of time that is looked at, shared by all charts of a page.
pub type Eye = RwSignal<Option<usize>>;

/// What a chart tells about a cell.
pub type Read = Arc<dyn Fn(usize) -> Option<Reading> + Send + Sync>;

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

/// What a click on a cell does, or a drag from one to another: the first and the last.
pub type Pick = Arc<dyn Fn(usize, usize) + Send + Sync>;

/// The figures of one cell, as the tooltip lists them: top of the chart first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    pub when: String,
    pub note: String,
    pub rows: Vec<Row>,
    /// Dots on the first drawing: class of the colour, thousandths from the top.
    pub dots: Vec<(&'static str, i64)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Classes of the key: `k1`, `k2 line`, `dash`; empty for a total.
    pub key: String,
    pub label: String,
    pub figure: String,
}

impl Reading {
    fn spoken(&self) -> String {
        let rows = self.rows.iter().map(|row| format!("{} {}", row.label, row.figure));
        format!("{}: {}.", self.when, rows.collect::<Vec<_>>().join(", "))
    }
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
    /// Where the mark of `cell` starts and how wide it is, in thousandths.
    fn band(self, cell: usize) -> (i64, i64) {
        let from = cell / self.mark * self.mark;
        let to = (from + self.mark).min(self.count);
        (self.edge(from), self.edge(to) - self.edge(from))
    }

    /// The first and the last cell of the mark that `cell` belongs to.
    fn marked(self, cell: usize) -> (usize, usize) {
        let from = cell / self.mark * self.mark;
        (from, (from + self.mark).min(self.count).saturating_sub(1))
    }

    fn edge(self, cell: usize) -> i64 {
        i64::try_from(cell * 1000 / self.count.max(1)).unwrap_or(0)
    }

    fn middle(self, cell: usize) -> i64 {
        let (left, width) = self.band(cell);
        left + width / 2
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
    eye: Eye,
    figures: Figures,
    #[prop(optional, into)] head: Option<ViewFnOnce>,
    #[prop(optional)] pick: Option<Pick>,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    let ends = plots.iter().any(|plot| !plot.tags.is_empty());
    let held = RwSignal::new(false);
    let say = read.clone();
    let spoken = move || held.get().then(|| eye.get().and_then(|cell| say(cell))).flatten();
    let tip = read.clone();
    let mut dots = Some(read);
    let draw = move |plot| view! { <Area plot cells eye dots=dots.take() pick=pick.clone() /> };
    view! {
        <figure class="card chart" class:ends=ends>
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
                on:keydown=move |event| step(&event, cells, eye)
                on:focus=move |_| held.set(true)
                on:blur=move |_| {
                    held.set(false);
                    eye.set(None);
                }
            >
                {plots.into_iter().map(draw).collect_view()}
                {move || eye.get().and_then(|cell| tip(cell).map(|reading| tooltip(&reading, cells.middle(cell))))}
            </div>
            <p class="unseen" role="status">
                {move || spoken().map(|reading| reading.spoken())}
            </p>
            {children.map(|children| view! { <div class="under">{children()}</div> })}
            <Table title figures />
        </figure>
    }
}

#[component]
fn Area(plot: Plot, cells: Cells, eye: Eye, dots: Option<Read>, pick: Option<Pick>) -> impl IntoView {
    let Plot { svg, height, ys, xs, tags, gaps, flags, nothing } = plot;
    let held = StoredValue::new(None::<usize>);
    let picks = pick.is_some();
    let release = move || {
        if let (Some(pick), Some(held), Some(here)) = (&pick, held.get_value(), eye.get_untracked()) {
            pick(cells.marked(held.min(here)).0, cells.marked(held.max(here)).1);
        }
        held.set_value(None);
    };
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
            <ul class="flags">{flags.into_iter().map(flag).collect_view()}</ul>
            {nothing.map(|text| view! { <p class="none">{text}</p> })}
            {move || eye.get().map(|cell| cross(cells, cell))}
            {move || {
                let reading = eye.get().and_then(|cell| Some((cell, dots.as_ref()?(cell)?)));
                reading.map(|(cell, reading)| {
                    let x = percent(cells.middle(cell));
                    let dot = |(class, y): (&'static str, i64)| {
                        view! { <span class=format!("pt {class}") style=format!("--x: {x}; --y: {}", percent(y))></span> }
                    };
                    reading.dots.into_iter().map(dot).collect_view()
                })
            }}
            <div
                class="hit"
                class:picks=picks
                on:pointermove=move |event| look(&event, cells, eye)
                on:pointerdown=move |event| {
                    look(&event, cells, eye);
                    held.set_value(eye.get_untracked());
                }
                on:pointerup=move |_| release()
                on:pointerleave=move |_| {
                    held.set_value(None);
                    eye.set(None);
                }
            ></div>
        </div>
    }
}

fn flag(flag: Flag) -> impl IntoView {
    view! {
        <li class="flag" class:left=(flag.at > 820) style=format!("--x: {}", percent(flag.at))>
            <a href=flag.href>
                <Points />
                {flag.label}
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

/// A hair on lines, a band on bars that gather several cells.
fn cross(cells: Cells, cell: usize) -> impl IntoView {
    if cells.mark == 1 {
        return view! { <div class="cross" style=format!("--x: {}", percent(cells.middle(cell)))></div> }.into_any();
    }
    let (left, width) = cells.band(cell);
    view! { <div class="band" style=format!("--x: {}; --w: {}", percent(left), percent(width))></div> }.into_any()
}

fn tooltip(reading: &Reading, middle: i64) -> impl IntoView + use<> {
    let row = |row: &Row| {
        let key = (!row.key.is_empty()).then(|| view! { <span class=format!("key {}", row.key)></span> });
        view! {
            <li class:total=(row.key.is_empty())>
                {key} <span class="trim">{row.label.clone()}</span> <b>{row.figure.clone()}</b>
            </li>
        }
    };
    view! {
        <div class="tip-lane" aria-hidden="true">
            <div class="tip" class:left=(middle > 500) style=format!("--x: {}", percent(middle))>
                <p>
                    <span>{reading.when.clone()}</span>
                    <span>{reading.note.clone()}</span>
                </p>
                <ul>{reading.rows.iter().map(row).collect_view()}</ul>
            </div>
        </div>
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

/// The pointer's cell.
fn look(event: &PointerEvent, cells: Cells, eye: Eye) {
    let width = event.target().and_then(|target| Some(target.dyn_ref::<Element>()?.client_width())).unwrap_or(0);
    let (Ok(across), Ok(width)) = (usize::try_from(event.offset_x()), usize::try_from(width)) else {
        return;
    };
    let cell = (across * cells.count / width.max(1)).min(cells.count.saturating_sub(1));
    if eye.get_untracked() != Some(cell) {
        eye.set(Some(cell));
    }
}

fn step(event: &KeyboardEvent, cells: Cells, eye: Eye) {
    let last = cells.count.saturating_sub(1);
    let here = eye.get_untracked();
    let next = match event.key().as_str() {
        "ArrowLeft" => Some(here.map_or(last, |cell| cell.saturating_sub(cells.mark))),
        "ArrowRight" => Some(here.map_or(0, |cell| (cell + cells.mark).min(last))),
        "Home" => Some(0),
        "End" => Some(last),
        "Escape" => None,
        _ => return,
    };
    event.prevent_default();
    eye.set(next);
}
