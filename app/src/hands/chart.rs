//! What charts tell about the cell of time under the pointer, or under the arrow keys: all charts of a page about the same.
//!
//! A chart carries its readings, `data-readings`, one a cell; see `parts/chart.rs`, which draws the rest.

use super::{When, all, around, on, within};
use crate::parts::chart::{Cells, Reading, Readings, percent};
use leptos::prelude::window;
use leptos::web_sys::{Element, FocusEvent, KeyboardEvent, PointerEvent};
use serde_json::Value;
use std::cell::RefCell;
use std::fmt::Write;
use std::rc::Rc;

/// Stands for a span in the address that picking leads to.
const SPAN: &str = "from=-1&to=-2";

struct Chart {
    element: Element,
    cells: Cells,
    readings: Readings,
    /// Where picking a cell leads, see [`crate::parts::chart::Pick`].
    pick: Value,
}

/// The charts of the page and the cell that is looked at.
#[derive(Default)]
struct Charts {
    all: Vec<Chart>,
    eye: Option<usize>,
    /// The cell that the pointer went down on.
    grasped: Option<usize>,
    /// The focus is on a chart, which speaks.
    held: bool,
}

pub fn attend() {
    let charts =
        Charts { all: all(".chart[data-readings]").into_iter().filter_map(read).collect(), ..Charts::default() };
    if charts.all.is_empty() {
        return;
    }
    let charts = Rc::new(RefCell::new(charts));
    for name in ["pointermove", "pointerdown", "pointerup"] {
        let charts = charts.clone();
        on(name, When::After, move |event: PointerEvent| charts.borrow_mut().point(&event));
    }
    let held = charts.clone();
    on("focusin", When::After, move |event: FocusEvent| held.borrow_mut().held = around(&event, ".plots").is_some());
    let left = charts.clone();
    on("focusout", When::After, move |_: FocusEvent| left.borrow_mut().leave());
    on("keydown", When::After, move |event: KeyboardEvent| charts.borrow_mut().step(&event));
}

fn read(element: Element) -> Option<Chart> {
    let number = |name| element.get_attribute(name)?.parse().ok();
    let cells = Cells { count: number("data-cells")?, mark: number("data-mark")? };
    let readings = Readings::unpack(&element.get_attribute("data-readings")?);
    let pick = element.get_attribute("data-pick").and_then(|pick| serde_json::from_str(&pick).ok()).unwrap_or_default();
    Some(Chart { element, cells, readings, pick })
}

impl Charts {
    fn at(&self, place: &Element) -> Option<&Chart> {
        self.all.iter().find(|chart| chart.element.contains(Some(place)))
    }

    fn leave(&mut self) {
        self.look(None);
        self.held = false;
    }

    fn point(&mut self, event: &PointerEvent) {
        let hit = around(event, ".hit");
        let Some((hit, cells)) = hit.and_then(|hit| Some((hit.clone(), self.at(&hit)?.cells))) else {
            self.grasped = None;
            if !self.held {
                self.look(None);
            }
            return;
        };
        let (Ok(across), Ok(width)) = (usize::try_from(event.offset_x()), usize::try_from(hit.client_width())) else {
            return;
        };
        let cell = (across * cells.count / width.max(1)).min(cells.count.saturating_sub(1));
        self.look(Some(cell));
        match event.type_().as_str() {
            "pointerdown" => self.grasped = Some(cell),
            "pointerup" => {
                let way = self.grasped.take().zip(self.at(&hit)).and_then(|(from, chart)| chart.picked(from, cell));
                _ = way.map(|way| window().location().assign(&way));
            }
            _ => {}
        }
    }

    fn step(&mut self, event: &KeyboardEvent) {
        let Some(cells) = around(event, ".plots").and_then(|plots| Some(self.at(&plots)?.cells)) else { return };
        let last = cells.count.saturating_sub(1);
        let next = match event.key().as_str() {
            "ArrowLeft" => Some(self.eye.map_or(last, |cell| cell.saturating_sub(cells.mark))),
            "ArrowRight" => Some(self.eye.map_or(0, |cell| (cell + cells.mark).min(last))),
            "Home" => Some(0),
            "End" => Some(last),
            "Escape" => None,
            _ => return,
        };
        event.prevent_default();
        self.look(next);
    }

    fn look(&mut self, eye: Option<usize>) {
        // One that has the focus speaks, whatever the pointer had shown before.
        if self.eye == eye && !self.held {
            return;
        }
        self.eye = eye;
        for Chart { element: chart, cells, readings, .. } in &self.all {
            let told = eye.map(|cell| (cell, readings.at(cell)));
            let told = told.as_ref().map(|(cell, reading)| (*cell, reading.as_ref()));
            for (at, area) in within(chart, ".area > .look").into_iter().enumerate() {
                area.set_inner_html(
                    &told.map(|(cell, reading)| marks(*cells, cell, reading.filter(|_| at == 0))).unwrap_or_default(),
                );
            }
            let reading = told.and_then(|(cell, reading)| Some((cell, reading?)));
            for tip in within(chart, ".plots > .look") {
                tip.set_inner_html(
                    &reading.map(|(cell, reading)| tooltip(reading, middle(*cells, cell))).unwrap_or_default(),
                );
            }
            let heard = self.held && chart.query_selector(":focus").ok().flatten().is_some();
            for status in within(chart, "[role='status']") {
                status.set_text_content(reading.filter(|_| heard).map(|(_, reading)| spoken(reading)).as_deref());
            }
        }
    }
}

impl Chart {
    /// Where a click on a cell leads, or a drag from one to another.
    fn picked(&self, from: usize, to: usize) -> Option<String> {
        let mark = self.cells.mark;
        let first = from.min(to) / mark * mark;
        let end = (from.max(to) / mark * mark + mark).min(self.cells.count);
        let way = if end - first <= mark { &self.pick["one"] } else { &self.pick["several"] };
        let edge = |cell: usize| self.pick["edges"].get(cell).and_then(Value::as_i64);
        let span = format!("from={}&to={}", edge(first)?, edge(end)?);
        Some(way.as_str()?.replacen(SPAN, &span, 1))
    }
}

/// Where the mark of `cell` starts and how wide it is, in thousandths.
fn band(cells: Cells, cell: usize) -> (i64, i64) {
    let from = cell / cells.mark * cells.mark;
    let to = (from + cells.mark).min(cells.count);
    (cells.edge(from), cells.edge(to) - cells.edge(from))
}

fn middle(cells: Cells, cell: usize) -> i64 {
    let (left, width) = band(cells, cell);
    left + width / 2
}

/// A hair on lines, a band on bars that gather several cells; and dots on the lines.
fn marks(cells: Cells, cell: usize, reading: Option<&Reading>) -> String {
    let middle = percent(middle(cells, cell));
    let (left, width) = band(cells, cell);
    let mut html = match cells.mark {
        1 => format!(r#"<div class="cross" style="--x: {middle}"></div>"#),
        _ => format!(r#"<div class="band" style="--x: {}; --w: {}"></div>"#, percent(left), percent(width)),
    };
    for (class, y) in reading.into_iter().flat_map(|reading| &reading.dots) {
        let class = text(class);
        _ = write!(html, r#"<span class="pt {class}" style="--x: {middle}; --y: {}"></span>"#, percent(*y));
    }
    html
}

fn tooltip(reading: &Reading, middle: i64) -> String {
    let side = if middle > 500 { " left" } else { "" };
    let (when, note) = (text(&reading.when), text(&reading.note));
    let mut html = format!(
        r#"<div class="tip-lane" aria-hidden="true"><div class="tip{side}" style="--x: {}"><p><span>{when}</span><span>{note}</span></p><ul>"#,
        percent(middle)
    );
    for row in &reading.rows {
        let (key, label, figure) = (text(&row.key), text(&row.label), text(&row.figure));
        let (class, key) = match key.as_str() {
            "" => (r#" class="total""#, String::new()),
            key => ("", format!(r#"<span class="key {key}"></span>"#)),
        };
        _ = write!(html, r#"<li{class}>{key} <span class="trim">{label}</span> <b>{figure}</b></li>"#);
    }
    html + "</ul></div></div>"
}

fn spoken(reading: &Reading) -> String {
    let told = reading.rows.iter().map(|row| format!("{} {}", row.label, row.figure));
    format!("{}: {}.", reading.when, told.collect::<Vec<_>>().join(", "))
}

/// A text as HTML: what stands in it is not ours.
fn text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
