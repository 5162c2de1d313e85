//! A page of the console's analytics, held against the rows.
#![expect(clippy::expect_used, clippy::panic, reason = "a page that cannot be read is a failed test")]

use super::rows::{self, Apart, MODEL, Meant, Rows, Sum, agree, per, whole};
use app::backend::UsageDesk;
use app::model::analytics::{Analytics, AnalyticsQuery, Each, Graph, Group, Narrow, Strand, Tab, USER};
use app::model::range::{MINUTE, Range, Window};
use sqlx::sqlite::SqliteConnection;
use std::collections::BTreeSet;
use switchyard::desk::Seat;
use switchyard::journal::rollup::OTHER;

pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// All but the one that is not made from calls.
pub const TABS: [Tab; 6] = [Tab::Cost, Tab::Latency, Tab::Tokens, Tab::Errors, Tab::Cache, Tab::Users];

/// Values that are told by themselves: as bars, as lines of a graph, and as lines of the table.
const BARS: usize = 7;
const APART: usize = 5;
const LINES: usize = 50;

/// Width of the cells, and the whole of them: from and until.
pub type Span = (Each, i64, i64);
/// What narrows a page, and the same as SQL.
pub type Filter = (Narrow, &'static str);

/// A page, and its words as SQL.
#[derive(Clone, Debug)]
pub struct Case {
    pub query: AnalyticsQuery,
    /// What its filter lets pass.
    pub only: &'static str,
    /// What it tells apart by.
    pub value: String,
}

impl Case {
    pub fn new(tab: Tab, group: &Group, (each, from, to): Span, (narrow, only): Filter) -> Self {
        let (range, by) = (Range::Between(from, to), Some(group.clone()));
        let query = AnalyticsQuery { range, tab, by, each, narrow, ..AnalyticsQuery::default() };
        Self { query, only, value: value(group) }
    }

    fn window(&self) -> Window {
        let Range::Between(from, to) = self.query.range else { panic!("{:?} has no ends", self.query.range) };
        Window { from, to }
    }
}

pub fn groups() -> Vec<Group> {
    let keys = ["env", USER].map(|key| Group::Metadata(key.into()));
    Group::PLAIN.into_iter().chain(keys).collect()
}

fn value(group: &Group) -> String {
    match group {
        Group::Model => MODEL.into(),
        Group::Provider => "provider".into(),
        Group::Key => "key_id".into(),
        Group::Config => "coalesce(config, '')".into(),
        Group::Status => "CAST(status AS TEXT)".into(),
        Group::Cache => "cache_status".into(),
        Group::Metadata(key) => format!("metadata ->> '{key}'"),
    }
}

/// None, what sums answer, and what the calls themselves must.
pub fn filters() -> [Filter; 5] {
    let prod = || Narrow { metadata: vec![("env".into(), "prod".into())], ..Narrow::default() };
    [
        (Narrow::default(), "1"),
        (Narrow { model: Some("gpt-5".into()), ..Narrow::default() }, "model_served = 'gpt-5'"),
        (prod(), "metadata ->> 'env' = 'prod'"),
        (Narrow { status: Some("error".into()), ..Narrow::default() }, "status >= 400 OR status = 0"),
        (
            Narrow { key: Some("sample-search-prod".into()), ..prod() },
            "key_id = 'sample-search-prod' AND metadata ->> 'env' = 'prod'",
        ),
    ]
}

/// Some hours and some weeks around `now`. Sums of metadata know whole hours, so that theirs are over.
pub fn spans(now: i64, group: &Group) -> [Span; 2] {
    let (hour, day) = (now - now.rem_euclid(HOUR), now - now.rem_euclid(DAY));
    match group {
        Group::Metadata(_) => [(Each::Hour, hour - 40 * HOUR, hour), (Each::Day, day - 34 * DAY, day)],
        _ => [(Each::Hour, hour - 40 * HOUR, hour + 3 * HOUR), (Each::Day, day - 34 * DAY, day + 2 * DAY)],
    }
}

/// Every tab by every group: by hours or by days, bare or narrowed, in turns; by metadata, which has its own ways, both.
pub fn few(now: i64) -> Vec<Case> {
    let mut cases = Vec::new();
    for (place, tab) in TABS.into_iter().enumerate() {
        for (turn, group) in groups().iter().enumerate() {
            let (either, one) = ([0, 1 + (place + turn / 2) % 4], (place + turn) % 2);
            let taken = if matches!(group, Group::Metadata(_)) { &either[..] } else { &either[one..=one] };
            let span = spans(now, group)[(place + turn / 2) % 2];
            for filter in taken {
                cases.push(Case::new(tab, group, span, filters()[*filter].clone()));
            }
        }
    }
    cases
}

/// Asks for the page, holds all that it tells against the rows, and says how many calls it is of.
pub async fn hold(seat: &Seat, journal: &mut SqliteConnection, case: &Case) -> i64 {
    let told = seat.analytics(case.query.clone()).await.expect("a page");
    let window = case.window();
    assert_eq!(told.window, window, "{case:?}");
    let cell = match case.query.each {
        Each::Month => {
            "CAST(strftime('%s', moment / 1000, 'unixepoch', 'start of month') AS INTEGER) * 1000".to_owned()
        }
        Each::Day => format!("moment - moment % {DAY}"),
        Each::Hour => format!("moment - moment % {HOUR}"),
        Each::Fitting => format!("moment - moment % {}", told.cells[1] - told.cells[0]),
    };
    // The minute that is not over counts.
    let now = (seat.house.clock.now() / MINUTE + 1) * MINUTE;
    let (until, length) = (window.to.min(now), window.length());
    let apart = Apart { cell: &cell, later: 0, value: &case.value };
    let rows = rows::told(journal, Meant { from: window.from, until, only: case.only }, apart).await;
    let earlier = Meant { from: window.from - length, until: until - length, only: case.only };
    let before = rows::told(journal, earlier, Apart { later: length, ..apart }).await;
    let first = rows::first(journal).await;
    let ends = told.cells.iter().skip(1).chain([&window.to]);
    let open = told.cells.iter().zip(ends).map(|(start, end)| *end > first && *start < now).collect();
    let page = Page { case, told: &told, rows: &rows, before: &before, open };
    page.cells();
    page.stats();
    page.table();
    page.graphs();
    rows.all.calls
}

/// What is told, beside what the rows say of the window and of the one before.
struct Page<'p> {
    case: &'p Case,
    told: &'p Analytics,
    rows: &'p Rows,
    before: &'p Rows,
    /// Whether a cell is told at all: those before the first call of all and those to come are not.
    open: Vec<bool>,
}

impl Page<'_> {
    fn cells(&self) {
        let known: BTreeSet<i64> = self.told.cells.iter().copied().collect();
        let called = self.rows.cells.keys().chain(self.before.cells.keys());
        let strange: Vec<_> = called.filter(|start| !known.contains(start)).collect();
        assert!(strange.is_empty(), "{:?}: no cell begins at {strange:?}", self.case);
    }

    /// What the values are ordered by, as the page calls it.
    fn rank(&self) -> &'static str {
        match self.case.query.tab {
            Tab::Cost => "Cost",
            Tab::Tokens => "Tokens",
            Tab::Errors => "Errors",
            Tab::Cache => "Hits",
            Tab::Latency | Tab::Users | Tab::Feedback => "Requests",
        }
    }

    /// The values that the page is of, with what they come to.
    fn values(&self) -> Vec<(&str, &Sum)> {
        let failed = self.case.query.tab == Tab::Errors;
        let values = self.rows.values.iter().map(|(value, sum)| (value.as_str(), sum));
        values.filter(|(_, sum)| !failed || sum.errors > 0).collect()
    }

    fn stats(&self) {
        let (now, before) = (self.rows, self.before);
        assert!(!self.told.stats.is_empty(), "{:?}", self.case);
        for stat in &self.told.stats {
            let figure = |rows: &Rows| {
                let users = whole(rows.values.len());
                match stat.name.as_str() {
                    "Users" => Some(users),
                    "Requests of each" => per(rows.values.values().map(|sum| sum.calls).sum(), users),
                    name => rows.all.figure(name),
                }
            };
            let earlier = figure(before).filter(|_| before.all.calls > 0);
            for (told, rows) in [(stat.now, figure(now)), (stat.before, earlier)] {
                let same = agree(&stat.name, told, rows);
                assert!(same, "{:?}: {} is told as {told:?}, and the rows say {rows:?}", self.case, stat.name);
            }
        }
    }

    fn graphs(&self) {
        assert!(!self.told.graphs.is_empty(), "{:?}", self.case);
        for graph in &self.told.graphs {
            match graph.title.split_once(" by ") {
                Some((name, _)) => self.by_value(graph, name),
                None if graph.title == "Latency" => {
                    assert_eq!(labels(graph), ["p50", "p90", "p95", "p99"], "{:?}", self.case);
                    graph.strands.iter().for_each(|strand| self.total(strand, &strand.label));
                }
                None => {
                    assert_eq!(graph.strands[0].label, graph.title, "{:?}", self.case);
                    self.total(&graph.strands[0], &graph.title);
                    self.earlier(&graph.strands[1..], &graph.title);
                }
            }
        }
    }

    /// The fattest values, all others as one, and the period before.
    fn by_value(&self, graph: &Graph, name: &str) {
        let (values, most) = (self.values(), if graph.stacked { BARS } else { APART });
        let (own, rest) = graph.strands.split_at(values.len().min(most));
        let drawn: Vec<&str> = self.told.lines.iter().take(own.len()).map(|line| line.value.as_str()).collect();
        let nothing = graph.stacked.then_some(0);
        for (strand, value) in own.iter().zip(&drawn) {
            let figure = |start: i64| self.part(value, start).map_or(nothing, |part| part.figure(name));
            self.strand(strand, name, self.rows.values[*value].figure(name), &self.series(figure));
        }
        let lines = self.told.lines.iter().take(own.len()).map(|line| line.label.as_str());
        assert!(lines.eq(own.iter().map(|strand| strand.label.as_str())), "{:?}: {:?}", self.case, labels(graph));
        if !graph.stacked {
            assert!(rest.is_empty(), "{:?}: {:?}", self.case, labels(graph));
            return;
        }
        let others = values.iter().filter(|(value, _)| !drawn.contains(value));
        let rest = match values.len() - own.len() {
            0 => rest,
            members => {
                let (other, rest) = rest.split_first().expect("the others");
                assert_eq!(other.label, format!("Other ({members})"), "{:?}", self.case);
                let total = others.filter_map(|(_, sum)| sum.figure(name)).sum::<i64>();
                let of = |sum: Option<&Sum>| sum.and_then(|sum| sum.figure(name)).unwrap_or(0);
                let own = |start: i64| drawn.iter().map(|value| of(self.part(value, start))).sum::<i64>();
                let figure = |start: i64| Some(of(self.rows.valued.get(&start)) - own(start));
                self.strand(other, name, Some(total), &self.series(figure));
                rest
            }
        };
        self.earlier(rest, name);
    }

    fn part(&self, value: &str, start: i64) -> Option<&Sum> {
        self.rows.parts.get(&(value.to_owned(), start))
    }

    /// Of all calls.
    fn total(&self, strand: &Strand, name: &str) {
        let figure = |start: i64| self.rows.cells.get(&start).and_then(|sum| sum.figure(name));
        self.strand(strand, name, self.rows.all.figure(name), &self.series(figure));
    }

    /// The same of the period before, where it had calls.
    fn earlier(&self, strands: &[Strand], name: &str) {
        let had = self.before.all.calls > 0;
        assert_eq!(strands.len(), usize::from(had), "{:?}: {strands:?} before", self.case);
        for strand in strands {
            let figure = |start: &i64| self.before.cells.get(start).and_then(|sum| sum.figure(name));
            let cells: Vec<_> = self.told.cells.iter().map(figure).collect();
            assert_eq!(strand.label, "Period before", "{:?}", self.case);
            self.strand(strand, name, self.before.all.figure(name), &cells);
        }
    }

    /// One figure a cell; a gap has none.
    fn series(&self, figure: impl Fn(i64) -> Option<i64>) -> Vec<Option<i64>> {
        let cells = self.told.cells.iter().zip(&self.open);
        cells.map(|(start, open)| if *open { figure(*start) } else { None }).collect()
    }

    fn strand(&self, strand: &Strand, name: &str, total: Option<i64>, cells: &[Option<i64>]) {
        let (case, label) = (self.case, &strand.label);
        assert!(
            agree(name, strand.total, total),
            "{case:?}: {name} of {label} is {:?}, and the rows say {total:?}",
            strand.total
        );
        assert_eq!(strand.values.len(), cells.len(), "{case:?}: {label}");
        for (start, (told, rows)) in self.told.cells.iter().zip(strand.values.iter().zip(cells)) {
            let same = agree(name, *told, *rows);
            assert!(same, "{case:?}: {name} of {label} is {told:?} from {start} on, and the rows say {rows:?}");
        }
    }

    fn table(&self) {
        let (case, told, values) = (self.case, self.told, self.values());
        let own = told.lines.len().min(LINES);
        let (lines, other) = told.lines.split_at(own);
        let places: BTreeSet<&str> = lines.iter().map(|line| line.value.as_str()).collect();
        let rest: Vec<&str> = values.iter().map(|(value, _)| *value).filter(|value| !places.contains(value)).collect();
        assert_eq!(places.len(), values.len().min(LINES), "{case:?}: {places:?}");
        let mut least = i64::MAX;
        for line in lines {
            let sum = values.iter().find(|(value, _)| *value == line.value).map(|(_, sum)| *sum);
            let sum = sum.unwrap_or_else(|| panic!("{case:?}: the rows have no {}", line.value));
            self.figures(&line.label, &line.figures, sum);
            let rank = sum.figure(self.rank()).unwrap_or(0);
            assert!(rank <= least, "{case:?}: {} stands below what is less", line.label);
            least = rank;
            self.change(line.before, self.before.values.get(&line.value));
        }
        let (mut now, mut before) = (Sum::default(), Sum::default());
        for value in &rest {
            now.add(&self.rows.values[*value]);
            self.before.values.get(*value).into_iter().for_each(|sum| before.add(sum));
            let rank = self.rows.values[*value].figure(self.rank()).unwrap_or(0);
            assert!(rank <= least, "{case:?}: {value} is left out, and more than what is told");
        }
        assert_eq!(other.len(), usize::from(!rest.is_empty()), "{case:?}");
        for line in other {
            assert_eq!(i64::try_from(line.members).ok(), Some(whole(rest.len())), "{case:?}");
            self.figures(&line.label, &line.figures, &now);
            self.change(line.before, Some(&before).filter(|sum| sum.calls > 0));
        }
        let valued: i64 = self.rows.values.values().map(|sum| sum.calls).sum();
        let rows = (Some(self.rows.all.calls - valued), Some(self.rows.all.unpriced));
        assert_eq!((i64::try_from(told.without).ok(), i64::try_from(told.unpriced).ok()), rows, "{case:?}");
        assert_eq!(told.lumped, self.rows.values.contains_key(OTHER), "{case:?}");
    }

    fn figures(&self, label: &str, told: &[Option<i64>], sum: &Sum) {
        assert_eq!(told.len(), self.told.columns.len(), "{:?}: {label}", self.case);
        for (told, (name, _)) in told.iter().zip(&self.told.columns) {
            let rows = sum.figure(name);
            let same = agree(name, *told, rows);
            assert!(same, "{:?}: {name} of {label} is told as {told:?}, and the rows say {rows:?}", self.case);
        }
    }

    /// What the ranking column was in the period before.
    fn change(&self, told: Option<i64>, sum: Option<&Sum>) {
        let name = &self.told.columns[self.told.ranked].0;
        let rows = sum.and_then(|sum| sum.figure(name));
        let same = agree(name, told, rows);
        assert!(same, "{:?}: {name} was {told:?} before, and the rows say {rows:?}", self.case);
    }
}

fn labels(graph: &Graph) -> Vec<&str> {
    graph.strands.iter().map(|strand| strand.label.as_str()).collect()
}
