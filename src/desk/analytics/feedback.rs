//! What people said of calls, laid out as a page: pure.

use super::cells::Cells;
use super::group::Named;
use super::tabs::{LINES, Page};
use crate::store::opinions::Opinion;
use crate::store::rollups::ROUTE;
use crate::store::usage::NONE;
use app::model::analytics::{Graph, Group, Line, Stat, Strand, Tone, Unit};
use std::collections::{BTreeMap, HashMap};

/// What was said within the window, and within the one before.
#[derive(Clone, Debug, Default)]
pub(super) struct Opinions {
    pub(super) now: Vec<Opinion>,
    pub(super) before: Vec<Opinion>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    count: i64,
    good: i64,
    bad: i64,
    /// Values by their weights.
    weighted: f64,
    weight: f64,
}

/// One value of the group.
#[derive(Default)]
struct Value {
    label: String,
    tile: String,
    linked: bool,
    now: Sum,
    before: Sum,
}

pub(super) fn page(
    said: &Opinions,
    group: &Group,
    cells: &Cells,
    (gaps, names): ((usize, usize), &HashMap<String, String>),
) -> Page {
    let (now, before) = (sum(&said.now), sum(&said.before));
    let mut values = BTreeMap::<String, Value>::new();
    for (opinions, earlier) in [(&said.now, false), (&said.before, true)] {
        for opinion in opinions {
            let Some(named) = Named::of(group, &value(opinion, group), names) else { continue };
            let Named { value, label, tile, linked } = named;
            let known = values.entry(value).or_insert_with(|| Value { label, tile, linked, ..Value::default() });
            if earlier { known.before.add(opinion) } else { known.now.add(opinion) }
        }
    }
    let board = Board { said, cells, gaps };
    Page {
        stats: stats(&now, &before),
        graphs: vec![board.counts(&now, &before), board.good(&now, &before)],
        columns: [("Average", Unit::Score), ("Good", Unit::Share), ("Feedback", Unit::Count)]
            .map(|(name, unit)| (name.to_owned(), unit))
            .to_vec(),
        ranked: 2,
        lines: lines(values),
    }
}

/// What the group tells apart by, as the figures of calls have it.
fn value(opinion: &Opinion, group: &Group) -> String {
    let Some(call) = &opinion.call else { return NONE.to_owned() };
    match group {
        Group::Model | Group::Provider => format!("{}{ROUTE}{}", call.provider, call.model),
        Group::Key => call.key_id.clone(),
        Group::Config => call.config.clone(),
        Group::Status => call.status.to_string(),
        Group::Cache => call.cache_status.clone(),
        Group::Metadata(key) => {
            let pairs: HashMap<String, String> = serde_json::from_str(&call.metadata).unwrap_or_default();
            pairs.get(key).cloned().unwrap_or_else(|| NONE.to_owned())
        }
    }
}

fn stats(now: &Sum, before: &Sum) -> Vec<Stat> {
    let any = before.count > 0;
    let stat = |name: &str, unit, tone, figure: fn(&Sum) -> Option<i64>| Stat {
        name: name.to_owned(),
        unit,
        now: figure(now),
        before: figure(before).filter(|_| any),
        tone,
    };
    vec![
        stat("Feedback", Unit::Count, Tone::Neither, |sum| Some(sum.count)),
        stat("Average", Unit::Score, Tone::Good, Sum::average),
        stat("Good", Unit::Share, Tone::Good, Sum::share),
        stat("Bad", Unit::Count, Tone::Bad, |sum| Some(sum.bad)),
    ]
}

fn lines(values: BTreeMap<String, Value>) -> Vec<Line> {
    let mut values: Vec<_> = values.into_iter().filter(|(_, value)| value.now.count > 0).collect();
    values.sort_by_key(|(_, value)| std::cmp::Reverse(value.now.count));
    let line = |(value, Value { label, tile, linked, now, before }): (String, Value)| Line {
        value,
        label,
        tile,
        colour: 0,
        members: 1,
        linked,
        figures: vec![now.average(), now.share(), Some(now.count)],
        before: Some(before.count).filter(|count| *count > 0),
    };
    values.into_iter().take(LINES).map(line).collect()
}

/// What the graphs are made from.
struct Board<'p> {
    said: &'p Opinions,
    cells: &'p Cells,
    gaps: (usize, usize),
}

impl Board<'_> {
    fn counts(&self, now: &Sum, before: &Sum) -> Graph {
        let strand = |label: &str, colour, count: fn(&Sum) -> i64| Strand {
            label: label.to_owned(),
            colour,
            total: Some(count(now)),
            values: self.series(&self.by_cell(), |sum| Some(count(sum))),
        };
        let mut strands = vec![
            strand("Good", 1, |sum| sum.good),
            strand("Bad", 4, |sum| sum.bad),
            strand("Neither", 8, |sum| sum.count - sum.good - sum.bad),
        ];
        strands.extend(self.before(before, |sum| Some(sum.count)));
        Graph { title: "Feedback".into(), unit: Unit::Count, stacked: true, strands }
    }

    fn good(&self, now: &Sum, before: &Sum) -> Graph {
        let values = self.series(&self.by_cell(), Sum::share);
        let mut strands = vec![Strand { label: "Good".into(), colour: 1, total: now.share(), values }];
        strands.extend(self.before(before, Sum::share));
        Graph { title: "Share of good feedback".into(), unit: Unit::Share, stacked: false, strands }
    }

    fn before(&self, before: &Sum, figure: fn(&Sum) -> Option<i64>) -> Option<Strand> {
        let length = self.cells.window.length();
        let sums = self.placed(&self.said.before, |at| self.cells.cell(at + length));
        let seen = |sum: &Sum| if sum.count > 0 { figure(sum) } else { None };
        let values = sums.iter().map(seen).collect();
        (before.count > 0).then(|| Strand { label: "Period before".into(), colour: 0, total: figure(before), values })
    }

    fn by_cell(&self) -> Vec<Sum> {
        self.placed(&self.said.now, |at| self.cells.cell(at))
    }

    fn placed(&self, opinions: &[Opinion], cell: impl Fn(i64) -> Option<usize>) -> Vec<Sum> {
        let mut sums = vec![Sum::default(); self.cells.starts.len()];
        for opinion in opinions {
            if let Some(sum) = cell(opinion.at).and_then(|cell| sums.get_mut(cell)) {
                sum.add(opinion);
            }
        }
        sums
    }

    /// One value a cell; none in a gap.
    fn series(&self, sums: &[Sum], figure: impl Fn(&Sum) -> Option<i64>) -> Vec<Option<i64>> {
        let told = self.gaps.0..sums.len().saturating_sub(self.gaps.1);
        sums.iter().enumerate().map(|(cell, sum)| if told.contains(&cell) { figure(sum) } else { None }).collect()
    }
}

fn sum(opinions: &[Opinion]) -> Sum {
    let mut sum = Sum::default();
    opinions.iter().for_each(|opinion| sum.add(opinion));
    sum
}

impl Sum {
    fn add(&mut self, opinion: &Opinion) {
        self.count += 1;
        self.good += i64::from(opinion.value > 0);
        self.bad += i64::from(opinion.value < 0);
        self.weighted += opinion.value as f64 * opinion.weight;
        self.weight += opinion.weight;
    }

    /// Hundredths; nothing of nothing, or of what has no weight.
    fn average(&self) -> Option<i64> {
        let average = (self.weight > 0.0).then(|| self.weighted / self.weight)?;
        format!("{:.0}", average * 100.0).parse().ok()
    }

    /// Hundredths of a percent.
    fn share(&self) -> Option<i64> {
        (self.good * 10_000).checked_div(self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::{Opinions, page};
    use crate::desk::analytics::Cells;
    use crate::store::opinions::{Called, Opinion};
    use app::model::analytics::{Each, Group};
    use app::model::range::Range;
    use std::collections::HashMap;

    const DAY: i64 = 86_400_000;
    /// 2026-11-24, 12:00 UTC.
    const NOW: i64 = 1_795_521_600_000;

    fn said(at: i64, value: i64, model: &str) -> Opinion {
        let call = Called {
            provider: "openai".into(),
            model: model.into(),
            metadata: r#"{"env":"prod"}"#.into(),
            ..Called::default()
        };
        Opinion { at, value, weight: 1.0, call: Some(call).filter(|call| !call.model.is_empty()) }
    }

    #[test]
    fn what_was_said_is_told_by_value_and_time_beside_what_was_said_before() {
        let cells = Cells::of(Range::Week, Each::Day, DAY, NOW);
        let now = vec![
            said(NOW - DAY, 5, "a"),
            said(NOW - DAY, -3, "a"),
            said(NOW - 3 * DAY, 0, "b"),
            said(NOW - 3 * DAY, 8, ""),
        ];
        let before = vec![said(NOW - 8 * DAY, 1, "a")];
        let told = page(&Opinions { now, before }, &Group::Model, &cells, ((0, 0), &HashMap::new()));
        let stats: Vec<_> = told.stats.iter().map(|stat| (&*stat.name, stat.now, stat.before)).collect();
        assert_eq!(
            stats,
            [
                ("Feedback", Some(4), Some(1)),
                ("Average", Some(250), Some(100)),
                ("Good", Some(5_000), Some(10_000)),
                ("Bad", Some(1), Some(0)),
            ]
        );
        let lines: Vec<_> = told.lines.iter().map(|line| (&*line.label, line.figures.clone(), line.before)).collect();
        assert_eq!(
            lines,
            [("a", vec![Some(100), Some(5_000), Some(2)], Some(1)), ("b", vec![Some(0), Some(0), Some(1)], None),]
        );
        let (counts, good) = (&told.graphs[0], &told.graphs[1]);
        let sums: Vec<i64> = counts.strands.iter().map(|strand| strand.values.iter().flatten().sum()).collect();
        assert_eq!(sums, [2, 1, 1, 1]);
        assert_eq!(
            good.strands[0].values.iter().flatten().collect::<Vec<_>>(),
            [&5_000, &5_000],
            "no zero where nobody spoke"
        );
        let by_env = page(
            &Opinions { now: vec![said(NOW, 1, "a")], ..Opinions::default() },
            &Group::Metadata("env".into()),
            &cells,
            ((0, 0), &HashMap::new()),
        );
        assert_eq!(by_env.lines[0].label, "prod");
    }
}
