//! What each tab shows: pure.

use super::group::{Grouped, Value};
use super::source::Rank;
use crate::journal::rollup::Figures;
use app::model::analytics::{AnalyticsQuery, Graph, Line, PERCENTILES, Stat, Strand, Tab, Tone, Unit};

/// Lines of the table, and strands of a graph, before the rest is one.
const TOP: usize = 7;
pub(super) const LINES: usize = 50;
/// Strands of a graph that cannot be stacked.
const APART: usize = 5;

/// A page without what surrounds it.
pub(super) struct Page {
    pub(super) stats: Vec<Stat>,
    pub(super) graphs: Vec<Graph>,
    pub(super) columns: Vec<(String, Unit)>,
    pub(super) ranked: usize,
    pub(super) lines: Vec<Line>,
}

/// A column of the table, and how its figure comes about.
type Column = (&'static str, Unit, fn(&Figures) -> Option<i64>);
/// A line: its name, its colour, and how its figure comes about.
type Drawn = (&'static str, u8, fn(&Figures) -> Option<i64>);
/// A figure at the top, and whether more of it is good.
type Head = (&'static str, Unit, Tone, fn(&Figures) -> Option<i64>);

pub(super) fn page(query: &AnalyticsQuery, grouped: &Grouped, gaps: (usize, usize)) -> Page {
    let tab = query.tab;
    let columns = columns(tab);
    let ranked = columns.len() - 1;
    let rank = rank(tab);
    let mut values: Vec<&Value> = grouped.values.iter().collect();
    values.retain(|value| tab != Tab::Errors || value.now.errors > 0);
    values.sort_by(|a, b| {
        let weight = |value: &Value| (rank(&value.now).unwrap_or(0), value.now.calls);
        weight(b).cmp(&weight(a)).then_with(|| a.label.cmp(&b.label))
    });
    values.retain(|value| value.now.calls > 0);
    let canvas = Canvas { query, grouped, gaps, values: &values };
    Page {
        stats: stats(tab, grouped, &values),
        graphs: canvas.graphs(),
        lines: lines(&values, columns, ranked),
        columns: columns.iter().map(|(name, unit, _)| ((*name).to_owned(), *unit)).collect(),
        ranked,
    }
}

fn columns(tab: Tab) -> &'static [Column] {
    const REQUESTS: Column = ("Requests", Unit::Count, |sum| whole(sum.calls));
    const CACHED: Column = ("Cached", Unit::Share, |sum| share(sum.tokens_cached, sum.tokens_in));
    match tab {
        Tab::Cost => &[
            REQUESTS,
            ("Tokens in", Unit::Count, |sum| whole(sum.tokens_in)),
            CACHED,
            ("Tokens out", Unit::Count, |sum| whole(sum.tokens_out)),
            ("For 1,000", Unit::Money, for_thousand),
            ("Cost", Unit::Money, |sum| Some(sum.cost)),
        ],
        Tab::Latency => &[
            REQUESTS,
            ("First token", Unit::Time, |sum| sum.first_token.quantile(0.5).and_then(whole)),
            ("Average", Unit::Time, average),
            ("p50", Unit::Time, |sum| sum.latency.quantile(0.5).and_then(whole)),
            ("p90", Unit::Time, |sum| sum.latency.quantile(0.9).and_then(whole)),
            ("p99", Unit::Time, |sum| sum.latency.quantile(0.99).and_then(whole)),
            ("p95", Unit::Time, |sum| sum.latency.quantile(0.95).and_then(whole)),
        ],
        Tab::Tokens => &[
            REQUESTS,
            ("Tokens in", Unit::Count, |sum| whole(sum.tokens_in)),
            CACHED,
            ("Tokens out", Unit::Count, |sum| whole(sum.tokens_out)),
            ("For each call", Unit::Count, |sum| per(sum.tokens_in + sum.tokens_out, sum.calls)),
            ("Tokens", Unit::Count, |sum| whole(sum.tokens_in + sum.tokens_out)),
        ],
        Tab::Errors => &[
            REQUESTS,
            ("Error rate", Unit::Share, |sum| share(sum.errors, sum.calls)),
            ("Errors", Unit::Count, |sum| whole(sum.errors)),
        ],
        Tab::Cache => &[
            REQUESTS,
            ("Asked", Unit::Count, |sum| whole(sum.cache_asked)),
            ("Hit rate", Unit::Share, |sum| share(sum.cache_hits, sum.cache_asked)),
            ("Time saved", Unit::Time, |sum| whole(sum.saved_us)),
            ("Money saved", Unit::Money, |sum| Some(sum.saved_cost)),
            ("Hits", Unit::Count, |sum| whole(sum.cache_hits)),
        ],
        Tab::Users => &[
            ("Tokens", Unit::Count, |sum| whole(sum.tokens_in + sum.tokens_out)),
            ("Error rate", Unit::Share, |sum| share(sum.errors, sum.calls)),
            ("Cost", Unit::Money, |sum| Some(sum.cost)),
            REQUESTS,
        ],
        // Not made from calls.
        Tab::Feedback => &[REQUESTS],
    }
}

/// What the lines are ordered by, and what is stacked.
pub(super) fn rank(tab: Tab) -> Rank {
    match tab {
        Tab::Cost => |sum| Some(sum.cost),
        Tab::Latency | Tab::Users | Tab::Feedback => |sum| whole(sum.calls),
        Tab::Tokens => |sum| whole(sum.tokens_in + sum.tokens_out),
        Tab::Errors => |sum| whole(sum.errors),
        Tab::Cache => |sum| whole(sum.cache_hits),
    }
}

fn heads(tab: Tab) -> &'static [Head] {
    match tab {
        Tab::Cost => &[
            ("Spent", Unit::Money, Tone::Neither, |sum| Some(sum.cost)),
            ("For 1,000 calls", Unit::Money, Tone::Bad, for_thousand),
            ("Saved by cache", Unit::Money, Tone::Good, |sum| Some(sum.saved_cost)),
            ("Unpriced calls", Unit::Count, Tone::Bad, |sum| whole(sum.unpriced)),
        ],
        Tab::Latency => &[
            ("p50", Unit::Time, Tone::Bad, |sum| sum.latency.quantile(0.5).and_then(whole)),
            ("p95", Unit::Time, Tone::Bad, |sum| sum.latency.quantile(0.95).and_then(whole)),
            ("p99", Unit::Time, Tone::Bad, |sum| sum.latency.quantile(0.99).and_then(whole)),
            ("First token p50", Unit::Time, Tone::Bad, |sum| sum.first_token.quantile(0.5).and_then(whole)),
        ],
        Tab::Tokens => &[
            ("Tokens", Unit::Count, Tone::Neither, |sum| whole(sum.tokens_in + sum.tokens_out)),
            ("Tokens in", Unit::Count, Tone::Neither, |sum| whole(sum.tokens_in)),
            ("Tokens out", Unit::Count, Tone::Neither, |sum| whole(sum.tokens_out)),
            ("From the provider's cache", Unit::Share, Tone::Good, |sum| share(sum.tokens_cached, sum.tokens_in)),
        ],
        Tab::Errors => &[
            ("Errors", Unit::Count, Tone::Bad, |sum| whole(sum.errors)),
            ("Error rate", Unit::Share, Tone::Bad, |sum| share(sum.errors, sum.calls)),
            ("Requests", Unit::Count, Tone::Neither, |sum| whole(sum.calls)),
            ("Successes", Unit::Count, Tone::Neither, |sum| whole(sum.calls.saturating_sub(sum.errors))),
        ],
        Tab::Cache => &[
            ("Hit rate", Unit::Share, Tone::Good, |sum| share(sum.cache_hits, sum.cache_asked)),
            ("Money saved", Unit::Money, Tone::Good, |sum| Some(sum.saved_cost)),
            ("Time saved", Unit::Time, Tone::Good, |sum| whole(sum.saved_us)),
            ("A hit takes", Unit::Time, Tone::Bad, |sum| per(sum.hit_us, sum.cache_hits)),
        ],
        Tab::Users => &[
            ("Requests", Unit::Count, Tone::Neither, |sum| whole(sum.calls)),
            ("Cost", Unit::Money, Tone::Neither, |sum| Some(sum.cost)),
        ],
        Tab::Feedback => &[],
    }
}

fn stats(tab: Tab, grouped: &Grouped, values: &[&Value]) -> Vec<Stat> {
    let mut stats = heads(tab)
        .iter()
        .map(|(name, unit, tone, figure)| Stat {
            name: (*name).to_owned(),
            unit: *unit,
            now: figure(&grouped.now),
            before: grouped.before.as_ref().and_then(figure),
            tone: *tone,
        })
        .collect::<Vec<_>>();
    if tab == Tab::Users {
        let count = |calls: fn(&Value) -> u64| grouped.values.iter().filter(|value| calls(value) > 0).count() as u64;
        let (now, before) = (values.len() as u64, count(|value| value.before.calls));
        let users = |name: &str, now: Option<i64>, before: Option<i64>| Stat {
            name: name.to_owned(),
            unit: Unit::Count,
            now,
            before: before.filter(|_| grouped.before.is_some()),
            tone: Tone::Neither,
        };
        let calls: u64 = values.iter().map(|value| value.now.calls).sum();
        let calls_before: u64 = grouped.values.iter().map(|value| value.before.calls).sum();
        stats.insert(0, users("Users", whole(now), whole(before)));
        stats.insert(1, users("Requests of each", per(calls, now), per(calls_before, before)));
    }
    stats
}

fn lines(values: &[&Value], columns: &[Column], ranked: usize) -> Vec<Line> {
    let line = |label: &str, now: &Figures, before: &Figures| Line {
        value: String::new(),
        label: label.to_owned(),
        tile: String::new(),
        colour: 8,
        members: 1,
        linked: false,
        figures: columns.iter().map(|(_, _, figure)| figure(now)).collect(),
        before: (before.calls > 0).then(|| columns[ranked].2(before)).flatten(),
    };
    let mut lines: Vec<Line> = values
        .iter()
        .zip(1..)
        .take(LINES)
        .map(|(value, place)| Line {
            value: value.value.clone(),
            tile: value.tile.clone(),
            colour: if place <= TOP { u8::try_from(place).unwrap_or(8) } else { 8 },
            linked: value.linked,
            ..line(&value.label, &value.now, &value.before)
        })
        .collect();
    if values.len() > LINES {
        let rest = &values[LINES..];
        let (mut now, mut before) = (Figures::default(), Figures::default());
        for value in rest {
            now.merge(&value.now);
            before.merge(&value.before);
        }
        let members = rest.len() as u64;
        lines.push(Line { members, ..line(&format!("Other ({members})"), &now, &before) });
    }
    lines
}

/// What the graphs of a page are made from.
struct Canvas<'p> {
    query: &'p AnalyticsQuery,
    grouped: &'p Grouped,
    gaps: (usize, usize),
    values: &'p [&'p Value],
}

impl Canvas<'_> {
    fn graphs(&self) -> Vec<Graph> {
        let by = self.query.group().title().to_lowercase();
        match self.query.tab {
            Tab::Cost => vec![self.stack(format!("Cost by {by}"), Unit::Money)],
            Tab::Tokens => vec![self.stack(format!("Tokens by {by}"), Unit::Count)],
            Tab::Errors => vec![
                self.stack(format!("Errors by {by}"), Unit::Count),
                self.lines("Error rate", Unit::Share, &[("Error rate", 4, |sum| share(sum.errors, sum.calls))]),
            ],
            Tab::Cache => vec![
                self.lines("Hit rate", Unit::Share, &[("Hit rate", 1, |sum| share(sum.cache_hits, sum.cache_asked))]),
                self.stack(format!("Hits by {by}"), Unit::Count),
            ],
            Tab::Users => vec![self.stack(format!("Requests by {by}"), Unit::Count)],
            Tab::Feedback => Vec::new(),
            Tab::Latency => vec![self.percentiles(), self.apart(format!("p95 by {by}"))],
        }
    }

    /// Bars of the fattest values and of all others, under the period before.
    fn stack(&self, title: String, unit: Unit) -> Graph {
        let rank = rank(self.query.tab);
        let (top, rest) = self.values.split_at(self.values.len().min(TOP));
        let mut strands = top
            .iter()
            .zip(1..)
            .map(|(value, colour)| Strand {
                label: value.label.clone(),
                colour,
                total: rank(&value.now),
                values: self.series(|cell| Some(self.grouped.part(&value.value, cell).and_then(rank).unwrap_or(0))),
            })
            .collect::<Vec<_>>();
        if !rest.is_empty() {
            let total = rest.iter().filter_map(|value| rank(&value.now)).sum();
            let part = |cell: usize, value: &&Value| self.grouped.part(&value.value, cell).and_then(rank).unwrap_or(0);
            let sum = |cell: usize, values: &[&Value]| values.iter().map(|value| part(cell, value)).sum::<i64>();
            // What is not drawn by itself may not be known by itself. A call may have come between both readings.
            let other = |cell: usize| match self.grouped.valued.get(cell).and_then(rank) {
                Some(all) => all.saturating_sub(sum(cell, top)).max(0),
                None => sum(cell, rest),
            };
            strands.push(Strand {
                label: format!("Other ({})", rest.len()),
                colour: 8,
                total: Some(total),
                values: self.series(|cell| Some(other(cell))),
            });
        }
        strands.extend(self.before(rank));
        Graph { title, unit, stacked: true, strands }
    }

    fn before(&self, figure: fn(&Figures) -> Option<i64>) -> Option<Strand> {
        let before = self.grouped.before.as_ref()?;
        let seen = |cell: &Figures| if cell.calls > 0 { figure(cell) } else { None };
        Some(Strand {
            label: "Period before".into(),
            colour: 0,
            total: figure(before),
            values: self.grouped.cells_before.iter().map(seen).collect(),
        })
    }

    fn lines(&self, title: &str, unit: Unit, lines: &[Drawn]) -> Graph {
        let strand = |(label, colour, figure): &Drawn| Strand {
            label: (*label).to_owned(),
            colour: *colour,
            total: figure(&self.grouped.now),
            values: self.series(|cell| figure(&self.grouped.cells[cell])),
        };
        let mut strands: Vec<Strand> = lines.iter().map(strand).collect();
        if let [(_, _, figure)] = lines {
            strands.extend(self.before(*figure));
        }
        Graph { title: title.to_owned(), unit, stacked: false, strands }
    }

    fn percentiles(&self) -> Graph {
        let all: [Drawn; 4] = [
            ("p50", 1, |sum| sum.latency.quantile(0.5).and_then(whole)),
            ("p90", 3, |sum| sum.latency.quantile(0.9).and_then(whole)),
            ("p95", 2, |sum| sum.latency.quantile(0.95).and_then(whole)),
            ("p99", 4, |sum| sum.latency.quantile(0.99).and_then(whole)),
        ];
        let asked = &self.query.percentiles;
        let chosen = all.into_iter().zip(PERCENTILES).filter(|(_, each)| asked.is_empty() || asked.contains(each));
        self.lines("Latency", Unit::Time, &chosen.map(|(line, _)| line).collect::<Vec<_>>())
    }

    /// A line for each of the values called most.
    fn apart(&self, title: String) -> Graph {
        let p95 = |sum: &Figures| sum.latency.quantile(0.95).and_then(whole);
        let strand = |(value, colour): (&&Value, u8)| Strand {
            label: value.label.clone(),
            colour,
            total: p95(&value.now),
            values: self.series(|cell| self.grouped.part(&value.value, cell).and_then(p95)),
        };
        let strands = self.values.iter().zip(1..).take(APART).map(strand).collect();
        Graph { title, unit: Unit::Time, stacked: false, strands }
    }

    /// One value a cell; none in a gap.
    fn series(&self, figure: impl Fn(usize) -> Option<i64>) -> Vec<Option<i64>> {
        let all = self.grouped.cells.len();
        let told = self.gaps.0..all.saturating_sub(self.gaps.1);
        (0..all).map(|cell| if told.contains(&cell) { figure(cell) } else { None }).collect()
    }
}

fn whole(figure: u64) -> Option<i64> {
    i64::try_from(figure).ok()
}

/// Hundredths of a percent; nothing of nothing.
fn share(part: u64, all: u64) -> Option<i64> {
    (part * 10_000).checked_div(all).and_then(whole)
}

fn per(sum: u64, count: u64) -> Option<i64> {
    (sum + count / 2).checked_div(count).and_then(whole)
}

fn for_thousand(sum: &Figures) -> Option<i64> {
    let calls = i128::from(sum.calls);
    (calls > 0).then(|| i64::try_from(i128::from(sum.cost) * 1000 / calls).unwrap_or(i64::MAX))
}

fn average(sum: &Figures) -> Option<i64> {
    per(sum.took_us, sum.latency.count())
}
