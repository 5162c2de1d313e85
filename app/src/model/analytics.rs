//! What the analytics page asks and is told. The server makes figures, words are made at the edge.

use crate::model::plot::Scale;
use crate::model::range::{Range, Window};
use serde::{Deserialize, Serialize};

/// The page's address, read. A bad value means the usual.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AnalyticsQuery {
    pub range: Range,
    pub tab: Tab,
    /// `None`: what the tab usually tells apart by.
    pub by: Option<Group>,
    pub each: Each,
    /// Beside the period before.
    pub compare: bool,
    /// Percentiles that the latency tab draws, of [`PERCENTILES`]; none: all.
    pub percentiles: Vec<u8>,
    pub narrow: Narrow,
}

pub const PERCENTILES: [u8; 4] = [50, 90, 95, 99];

impl Default for AnalyticsQuery {
    fn default() -> Self {
        Self {
            range: Range::Week,
            tab: Tab::Cost,
            by: None,
            each: Each::Fitting,
            compare: true,
            percentiles: Vec::new(),
            narrow: Narrow::default(),
        }
    }
}

impl AnalyticsQuery {
    /// What figures are told apart by.
    pub fn group(&self) -> Group {
        self.by.clone().unwrap_or_else(|| self.tab.usual())
    }
}

/// Every field narrows; an empty one does not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Narrow {
    pub model: Option<String>,
    /// Slug.
    pub provider: Option<String>,
    /// Id or name.
    pub key: Option<String>,
    /// Slug.
    pub config: Option<String>,
    /// `2xx`, `error` or an exact status.
    pub status: Option<String>,
    /// Pairs that must all be present.
    pub metadata: Vec<(String, String)>,
}

impl Narrow {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Tab {
    #[default]
    Cost,
    Latency,
    Tokens,
    Errors,
    Cache,
    Users,
    Feedback,
}

impl Tab {
    pub const ALL: [Self; 7] =
        [Self::Cost, Self::Latency, Self::Tokens, Self::Errors, Self::Cache, Self::Users, Self::Feedback];

    /// As the address has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Cost => "cost",
            Self::Latency => "latency",
            Self::Tokens => "tokens",
            Self::Errors => "errors",
            Self::Cache => "cache",
            Self::Users => "users",
            Self::Feedback => "feedback",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tab| tab.word() == word)
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Cost => "Cost",
            Self::Latency => "Latency",
            Self::Tokens => "Tokens",
            Self::Errors => "Errors",
            Self::Cache => "Cache",
            Self::Users => "Users",
            Self::Feedback => "Feedback",
        }
    }

    fn usual(self) -> Group {
        match self {
            Self::Cost | Self::Latency | Self::Tokens | Self::Feedback => Group::Model,
            Self::Errors => Group::Status,
            Self::Cache => Group::Key,
            Self::Users => Group::Metadata(USER.into()),
        }
    }
}

/// The key of metadata that names the person behind a call.
pub const USER: &str = "_user";

/// What figures are told apart by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Group {
    Model,
    Provider,
    Key,
    Config,
    Status,
    Cache,
    Metadata(String),
}

impl Group {
    pub const PLAIN: [Self; 6] = [Self::Model, Self::Provider, Self::Key, Self::Config, Self::Status, Self::Cache];

    /// As the address has it.
    pub fn word(&self) -> String {
        match self {
            Self::Model => "model".into(),
            Self::Provider => "provider".into(),
            Self::Key => "key".into(),
            Self::Config => "config".into(),
            Self::Status => "status".into(),
            Self::Cache => "cache".into(),
            Self::Metadata(key) => format!("meta.{key}"),
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        match word.strip_prefix("meta.").filter(|key| !key.is_empty()) {
            Some(key) => Some(Self::Metadata(key.to_owned())),
            None => Self::PLAIN.into_iter().find(|group| group.word() == word),
        }
    }

    /// For people to read.
    pub fn title(&self) -> String {
        match self {
            Self::Model => "Model".into(),
            Self::Provider => "Provider".into(),
            Self::Key => "Key".into(),
            Self::Config => "Config".into(),
            Self::Status => "Status".into(),
            Self::Cache => "Cache status".into(),
            Self::Metadata(key) if key == USER => "User".into(),
            Self::Metadata(key) => key.clone(),
        }
    }
}

/// How wide a bucket of time is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Each {
    /// As the range suggests.
    #[default]
    Fitting,
    Hour,
    Day,
    Month,
}

impl Each {
    pub const ALL: [Self; 4] = [Self::Fitting, Self::Hour, Self::Day, Self::Month];

    pub fn word(self) -> &'static str {
        match self {
            Self::Fitting => "fitting",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|each| each.word() == word)
    }
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unit {
    Count,
    /// Nano-dollars.
    Money,
    /// Microseconds.
    Time,
    /// Hundredths of a percent.
    Share,
    /// Hundredths of a value of feedback, which is from -10 to 10.
    Score,
}

/// Whether more of it is good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tone {
    #[default]
    Neither,
    Good,
    Bad,
}

/// One of the figures at the top.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stat {
    pub name: String,
    pub unit: Unit,
    pub now: Option<i64>,
    pub before: Option<i64>,
    pub tone: Tone,
}

/// One series of a graph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Strand {
    pub label: String,
    /// 1 to 8: `--c1` to `--c8`; 0: the period before.
    pub colour: u8,
    /// Of the whole window, where it adds up.
    pub total: Option<i64>,
    /// One a cell; `None`: a gap, which is not a zero.
    pub values: Vec<Option<i64>>,
}

/// One drawing and what stands in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Graph {
    pub title: String,
    pub unit: Unit,
    /// Bars on top of each other, else lines.
    pub stacked: bool,
    /// The first at the bottom. The period before comes last, and is a line in either.
    pub strands: Vec<Strand>,
}

/// One value of the group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Empty: the rest, or none.
    pub value: String,
    pub label: String,
    /// Two letters for the tile, where there is one.
    pub tile: String,
    /// Colour of its strand; 0: it has none.
    pub colour: u8,
    /// How many values it stands for.
    pub members: u64,
    /// Whether the logs can be narrowed to it.
    pub linked: bool,
    /// In the order of the columns.
    pub figures: Vec<Option<i64>>,
    /// Of the column that ranks, in the period before.
    pub before: Option<i64>,
}

/// A moment to remember on the axis of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Milliseconds since 1970 UTC.
    pub at: i64,
    /// `router v13`.
    pub label: String,
    pub href: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Analytics {
    pub query: AnalyticsQuery,
    pub window: Window,
    /// Starts of the cells of every graph, milliseconds.
    pub cells: Vec<i64>,
    /// Cells before the first call, and after now.
    pub gaps: (usize, usize),
    pub stats: Vec<Stat>,
    pub graphs: Vec<Graph>,
    pub columns: Vec<(String, Unit)>,
    /// The column that ranks the lines.
    pub ranked: usize,
    pub lines: Vec<Line>,
    /// Calls that no line has: they lack the key of metadata.
    pub without: u64,
    /// Values past the first thousand of a day are counted together.
    pub lumped: bool,
    /// Calls whose model has no price.
    pub unpriced: u64,
    /// Some of the calls are made up.
    pub samples: bool,
    /// Keys of metadata that calls of the window had.
    pub keys: Vec<String>,
    pub marks: Vec<Mark>,
    /// SVG text, in the order of `graphs`.
    pub charts: Vec<String>,
}

impl Analytics {
    /// How many cells one bar gathers: at most 31 bars stay apart to the eye.
    pub fn cells_a_bar(&self) -> usize {
        self.cells.len().div_ceil(31).max(1)
    }

    /// The cell that a moment falls into.
    pub fn cell(&self, at: i64) -> Option<usize> {
        let after = self.cells.partition_point(|start| *start <= at);
        after.checked_sub(1).filter(|_| at < self.window.to)
    }
}

impl Graph {
    /// All of it, in hundredths of a percent.
    const WHOLE: i64 = 10_000;

    /// What each bar of `gather` cells holds of a strand; a bar without any value is a gap.
    pub fn bars(values: &[Option<i64>], gather: usize) -> Vec<Option<i64>> {
        let bar =
            |cells: &[Option<i64>]| cells.iter().flatten().copied().reduce(|sum, value| sum.saturating_add(value));
        values.chunks(gather.max(1)).map(bar).collect()
    }

    /// The highest value that is drawn.
    pub fn most(&self, gather: usize) -> i64 {
        if !self.stacked {
            return self.strands.iter().flat_map(|strand| strand.values.iter().flatten()).copied().max().unwrap_or(0);
        }
        let of = |before: bool| {
            let strands = self.strands.iter().filter(move |strand| (strand.colour == 0) == before);
            let mut sums: Vec<i64> = Vec::new();
            for bars in strands.map(|strand| Self::bars(&strand.values, gather)) {
                sums.resize(sums.len().max(bars.len()), 0);
                sums.iter_mut().zip(bars).for_each(|(sum, bar)| *sum = sum.saturating_add(bar.unwrap_or(0)));
            }
            sums.into_iter().max().unwrap_or(0)
        };
        of(false).max(of(true))
    }

    /// The axis that the drawing and the words around it share.
    pub fn scale(&self, gather: usize) -> Scale {
        let least = if self.unit == Unit::Time { 1_000 } else { 1 };
        match (self.unit, self.most(gather)) {
            (Unit::Share, most @ ..=Self::WHOLE) => Scale::within(most, Self::WHOLE),
            (_, most) => Scale::over(most, least),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Graph, Group, Strand, Tab, Unit};

    #[test]
    fn words_are_read_as_they_are_written() {
        for tab in Tab::ALL {
            assert_eq!(Tab::from_word(tab.word()), Some(tab));
        }
        for group in Group::PLAIN.into_iter().chain([Group::Metadata("env".into())]) {
            assert_eq!(Group::from_word(&group.word()), Some(group));
        }
        assert_eq!((Group::from_word("meta."), Group::from_word("vendor")), (None, None));
    }

    #[test]
    fn bars_gather_cells_and_a_bar_of_gaps_is_one() {
        let strand = |colour, values: &[Option<i64>]| Strand {
            label: String::new(),
            colour,
            total: None,
            values: values.to_vec(),
        };
        let values = [None, None, Some(3), None, Some(4), Some(1)];
        assert_eq!(Graph::bars(&values, 2), [None, Some(3), Some(5)]);
        let strands = vec![strand(1, &values), strand(2, &values), strand(0, &[Some(1); 6])];
        let graph = Graph { title: String::new(), unit: Unit::Count, stacked: true, strands };
        assert_eq!((graph.most(2), graph.scale(2).top), (10, 12));
    }
}
