//! Slices laid out by value and cell: pure.

use super::cells::Cells;
use super::source::Taken;
use crate::desk::usage::tally::{add, key_label, tile};
use crate::journal::rollup::{Figures, OTHER};
use crate::store::Stored;
use crate::store::rollups::ROUTE;
use crate::store::usage::{NONE, Slice};
use app::model::analytics::Group;
use std::collections::HashMap;

/// All of a page's figures.
#[derive(Debug, Default)]
pub(crate) struct Grouped {
    pub(crate) now: Figures,
    pub(crate) before: Option<Figures>,
    /// One a cell.
    pub(crate) cells: Vec<Figures>,
    pub(crate) cells_before: Vec<Figures>,
    /// The same as `cells` of all that have a value, without sketches; empty: `parts` tell all.
    pub(crate) valued: Vec<Figures>,
    /// In no order.
    pub(crate) values: Vec<Value>,
    /// By value and cell.
    parts: HashMap<(String, usize), Figures>,
    /// Calls without a value.
    pub(crate) without: u64,
    /// Some values are counted together.
    pub(crate) lumped: bool,
}

/// One value of the group.
#[derive(Debug, Default)]
pub(crate) struct Value {
    pub(crate) value: String,
    pub(crate) label: String,
    pub(crate) tile: String,
    pub(crate) now: Figures,
    pub(crate) before: Figures,
    /// The logs can be narrowed to it.
    pub(crate) linked: bool,
}

impl Grouped {
    pub(crate) fn of(taken: &Taken, group: &Group, cells: &Cells, names: &HashMap<String, String>) -> Stored<Self> {
        let count = cells.starts.len();
        let mut grouped = Self {
            cells: vec![Figures::default(); count],
            cells_before: vec![Figures::default(); count],
            ..Self::default()
        };
        let mut values: HashMap<String, Value> = HashMap::new();
        for slice in &taken.lines {
            let Some(named) = Named::of(group, &slice.value, names) else {
                continue;
            };
            grouped.lumped |= slice.value == OTHER;
            if let Some(cell) = cells.cell(slice.at) {
                add(grouped.parts.entry((named.value.clone(), cell)).or_default(), slice)?;
            }
            add(&mut values.entry(named.value.clone()).or_insert_with(|| named.into()).now, slice)?;
        }
        for slice in &taken.rest {
            if let Some(named) = Named::of(group, &slice.value, names) {
                grouped.lumped |= slice.value == OTHER;
                add(&mut values.entry(named.value.clone()).or_insert_with(|| named.into()).now, slice)?;
            }
        }
        for slice in &taken.lines_before {
            if let Some(named) = Named::of(group, &slice.value, names) {
                add(&mut values.entry(named.value.clone()).or_insert_with(|| named.into()).before, slice)?;
            }
        }
        grouped.values = values.into_values().collect();
        grouped.sum(taken, cells)?;
        Ok(grouped)
    }

    /// The figures of a value in a cell.
    pub(crate) fn part(&self, value: &str, cell: usize) -> Option<&Figures> {
        // The map's key is owned: a lookup makes one.
        self.parts.get(&(value.to_owned(), cell))
    }

    fn sum(&mut self, taken: &Taken, cells: &Cells) -> Stored<()> {
        let all = taken.all.as_ref().unwrap_or(&taken.lines);
        place(&mut self.cells, all, |at| cells.cell(at))?;
        self.cells.iter().for_each(|cell| self.now.merge(cell));
        if let Some(valued) = &taken.valued {
            self.valued = vec![Figures::default(); self.cells.len()];
            place(&mut self.valued, valued, |at| cells.cell(at))?;
        }
        let told: u64 = self.values.iter().map(|value| value.now.calls).sum();
        self.without = self.now.calls.saturating_sub(told);
        let before = taken.all_before.as_ref().unwrap_or(&taken.lines_before);
        place(&mut self.cells_before, before, |at| cells.cell(at + cells.window.length()))?;
        let mut sum = Figures::default();
        self.cells_before.iter().for_each(|cell| sum.merge(cell));
        self.before = (sum.calls > 0).then_some(sum);
        Ok(())
    }
}

fn place(into: &mut [Figures], slices: &[Slice], cell: impl Fn(i64) -> Option<usize>) -> Stored<()> {
    for slice in slices {
        if let Some(figures) = cell(slice.at).and_then(|cell| into.get_mut(cell)) {
            add(figures, slice)?;
        }
    }
    Ok(())
}

/// What people read of a stored value.
pub(super) struct Named {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) tile: String,
    pub(super) linked: bool,
}

impl From<Named> for Value {
    fn from(Named { value, label, tile, linked }: Named) -> Self {
        Self { value, label, tile, linked, ..Self::default() }
    }
}

impl Named {
    /// `None`: the call has no such value.
    pub(super) fn of(group: &Group, value: &str, names: &HashMap<String, String>) -> Option<Self> {
        if value == NONE {
            return None;
        }
        let plain = |label: String, linked: bool| Self { value: value.to_owned(), label, tile: String::new(), linked };
        let or = |text: &str, usual: &str| if text.is_empty() { usual.to_owned() } else { text.to_owned() };
        Some(match group {
            Group::Model | Group::Provider => {
                let (provider, model) = value.split_once(ROUTE).unwrap_or(("", value));
                let (text, usual) =
                    if *group == Group::Model { (model, "No model") } else { (provider, "No provider") };
                Self { value: text.to_owned(), label: or(text, usual), tile: tile(provider), linked: !text.is_empty() }
            }
            Group::Key => plain(key_label(value, names.get(value)), !value.is_empty()),
            Group::Config => plain(or(value, "No config"), false),
            Group::Status => plain(if value == "0" { "Interrupted".into() } else { value.to_owned() }, true),
            Group::Cache => plain(cache_label(value).to_owned(), false),
            Group::Metadata(_) if value == OTHER => plain("Further values".into(), false),
            Group::Metadata(_) => plain(or(value, "Empty"), !value.is_empty()),
        })
    }
}

fn cache_label(status: &str) -> &str {
    match status {
        "HIT" => "Hit",
        "MISS" => "Miss",
        "REFRESH" => "Refreshed",
        "SEMANTIC HIT" => "Similar hit",
        "SEMANTIC MISS" => "Similar miss",
        _ => "Not asked",
    }
}
