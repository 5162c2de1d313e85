//! Figures of calls under any filter, from the calls themselves.

use super::{Dimension, NONE, Slice, slice};
use crate::journal::record::CallRow;
use crate::journal::rollup::{Facts, Figures, cache_word, metadata};
use crate::journal::sketch::Rough;
use crate::store::blocks::{Block, Garbled, Gather, Kind, Row, Sieve, Way, read_blocks};
use crate::store::calls::{CallFilter, EVERY};
use crate::store::rollups::{COUNTED, ROUTE, counted};
use crate::store::{Store, Stored};
use futures_util::TryStreamExt;
use sqlx::QueryBuilder;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

/// What is asked of calls.
#[derive(Clone, Debug)]
pub struct Scan {
    pub dimension: Dimension,
    pub filter: CallFilter,
    /// No slice of a value reaches across a multiple of so many milliseconds.
    pub bucket: i64,
    /// The values that are told by themselves; `None`: all are.
    pub picked: Option<HashSet<String>>,
    /// The same for all calls together; `None`: they are not told.
    pub all: Option<i64>,
    /// With sketches.
    pub timed: bool,
}

/// What calls came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scanned {
    /// By value; a call without one is under [`NONE`].
    pub values: Vec<Slice>,
    /// All calls together, and all that have a value.
    pub all: Vec<Slice>,
    pub valued: Vec<Slice>,
}

/// Figures in the making.
struct Found {
    scan: Scan,
    /// Values by their place.
    values: Vec<String>,
    places: HashMap<String, usize>,
    /// By start of the bucket, and place of the value.
    cells: BTreeMap<i64, Vec<Making>>,
    /// By start of theirs: of all calls, and of those with a value.
    sums: BTreeMap<i64, [Making; 2]>,
}

/// One slice.
#[derive(Default)]
struct Making {
    last: i64,
    /// Without sketches.
    figures: Figures,
    latency: Rough,
    first_token: Rough,
}

/// What calls of one kind, or with one set of pairs, have of the dimension.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Has {
    /// A value that is told by itself.
    Told(usize),
    /// One that is not.
    Another,
    Nothing,
}

impl Store {
    /// What the filter lets pass.
    pub async fn scan(&self, workspace: &str, scan: Scan) -> Stored<Scanned> {
        let filter = scan.filter.clone();
        let whole = (filter.from.unwrap_or(0), filter.until.unwrap_or(i64::MAX));
        let way = self.way(workspace, &filter).await?.unwrap_or_else(|| vec![Way::Open(whole.0, whole.1)]);
        let hours: Vec<i64> = way.iter().filter_map(Way::hour).collect();
        let found = Found::new(scan);
        let (mut found, gone) = self.walk(workspace, &hours, found).await?;
        let open = way.into_iter().filter(|step| step.hour().is_none());
        for step in open.chain(gone.into_iter().map(Way::Block)) {
            let (from, until) = step.span();
            let filter =
                CallFilter { from: Some(from.max(whole.0)), until: Some(until.min(whole.1)), ..filter.clone() };
            self.scan_calls(workspace, &filter, &mut found).await?;
        }
        read_blocks(move || Ok(found.told())).await
    }

    async fn scan_calls(&self, workspace: &str, filter: &CallFilter, found: &mut Found) -> Stored<()> {
        let mut sql = QueryBuilder::new(format!("SELECT {COUNTED} FROM calls"));
        filter.where_calls(&mut sql, workspace, EVERY);
        let mut rows = sql.build().fetch(&self.journal.read);
        while let Some(row) = rows.try_next().await? {
            found.add(&counted(&row)?);
        }
        Ok(())
    }
}

impl Found {
    fn new(scan: Scan) -> Self {
        Self { scan, values: Vec::new(), places: HashMap::new(), cells: BTreeMap::new(), sums: BTreeMap::new() }
    }

    fn add(&mut self, call: &CallRow) {
        let value = self.scan.dimension.value(call);
        let has = self.has(Some(&*value).filter(|value| *value != NONE));
        let (facts, timed) = (Facts::of(call), self.scan.timed);
        if let Has::Told(place) = has {
            made(self.cells.entry(start(call.at, self.scan.bucket)).or_default(), place).count(call.at, &facts, timed);
        }
        if let Some(bucket) = self.scan.all {
            count_all(self.sums.entry(start(call.at, bucket)).or_default(), has, (call.at, &facts), timed);
        }
    }

    /// `None` is a call without a value, which is told under [`NONE`].
    fn has(&mut self, value: Option<&str>) -> Has {
        let told = value.unwrap_or(NONE);
        if let Some(place) = self.places.get(told) {
            return Has::Told(*place);
        }
        if self.scan.picked.as_ref().is_some_and(|picked| !picked.contains(told)) {
            return if value.is_some() { Has::Another } else { Has::Nothing };
        }
        self.places.insert(told.to_owned(), self.values.len());
        self.values.push(told.to_owned());
        Has::Told(self.values.len() - 1)
    }

    /// By kind, or by set where the dimension is a key of metadata: texts are compared once for each, and not for
    /// each call.
    fn of(&mut self, block: &Block<'_>) -> Vec<Has> {
        let Dimension::Metadata(key) = self.scan.dimension.clone() else {
            let dimension = self.scan.dimension.clone();
            let value = |kind: &Kind| dimension.value_of(kind, block);
            return block.kinds.iter().map(value).map(|value| self.has(Some(&value))).collect();
        };
        let mut own = |word: &&str| match word.split_once('\u{0}') {
            Some((known, value)) if known == key => Some(self.has(Some(value))),
            _ => None,
        };
        let words: Vec<Option<Has>> = block.words.iter().map(&mut own).collect();
        let nothing = self.has(None);
        let known = |pair: &u32| usize::try_from(*pair).ok().and_then(|place| *words.get(place)?);
        (0..block.sets()).map(|place| block.set(place).iter().find_map(known).unwrap_or(nothing)).collect()
    }

    fn told(self) -> Scanned {
        let mut told = Scanned::default();
        for cell in self.cells.into_values() {
            let seen = cell.into_iter().zip(&self.values).filter(|(making, _)| making.figures.calls > 0);
            told.values.extend(seen.map(|(making, value)| making.slice(value.clone())));
        }
        for [all, valued] in self.sums.into_values() {
            for (slices, making) in [(&mut told.all, all), (&mut told.valued, valued)] {
                if making.figures.calls > 0 {
                    slices.push(making.slice(String::new()));
                }
            }
        }
        told
    }
}

impl Gather for Found {
    fn take(&mut self, _: i64, block: &Block<'_>) -> Result<(), Garbled> {
        let filter = self.scan.filter.clone();
        let Some(sieve) = Sieve::of(&filter, block, true) else { return Ok(()) };
        let has = self.of(block);
        let by_set = matches!(self.scan.dimension, Dimension::Metadata(_));
        let Scan { bucket, all, timed, .. } = self.scan;
        let (mut cell_at, mut cell) = (i64::MIN, &mut Vec::new());
        let (mut sum_at, mut sum) = (i64::MIN, &mut <[Making; 2]>::default());
        for row in block.rows() {
            let row = row?;
            if !sieve.passes(&row)? {
                continue;
            }
            let (at, facts) = (row.at(), facts(block, &row)?);
            let has = if by_set { has[row.set] } else { has[row.kind] };
            if let Has::Told(place) = has {
                if start(at, bucket) != cell_at {
                    cell_at = start(at, bucket);
                    cell = self.cells.entry(cell_at).or_default();
                }
                made(cell, place).count(at, &facts, timed);
            }
            if let Some(bucket) = all {
                if start(at, bucket) != sum_at {
                    sum_at = start(at, bucket);
                    sum = self.sums.entry(sum_at).or_default();
                }
                count_all(sum, has, (at, &facts), timed);
            }
        }
        Ok(())
    }
}

impl Making {
    fn count(&mut self, at: i64, facts: &Facts<'_>, timed: bool) {
        self.last = at.max(self.last);
        self.figures.count_plain(facts);
        if timed {
            facts.latency().into_iter().for_each(|us| self.latency.add(us));
            facts.first_token().into_iter().for_each(|us| self.first_token.add(us));
        }
    }

    fn slice(self, value: String) -> Slice {
        let Self { last, figures, latency, first_token } = self;
        let figures = Figures { latency: latency.sketch(), first_token: first_token.sketch(), ..figures };
        slice(last, value, &figures)
    }
}

fn made(cell: &mut Vec<Making>, place: usize) -> &mut Making {
    if cell.len() <= place {
        cell.resize_with(place + 1, Making::default);
    }
    &mut cell[place]
}

/// Those with a value have no percentiles.
fn count_all([all, valued]: &mut [Making; 2], has: Has, (at, facts): (i64, &Facts<'_>), timed: bool) {
    all.count(at, facts, timed);
    if has != Has::Nothing {
        valued.count(at, facts, false);
    }
}

fn start(at: i64, bucket: i64) -> i64 {
    at - at.rem_euclid(bucket)
}

fn facts<'b>(block: &Block<'b>, row: &Row<'_>) -> Result<Facts<'b>, Garbled> {
    let whole = |figure: u64| i64::try_from(figure).unwrap_or(i64::MAX);
    let (kind, tail) = (block.kinds[row.kind], row.tail()?);
    Ok(Facts {
        status: kind.status,
        cache: block.word(kind.cache),
        reached: !block.word(kind.provider).is_empty(),
        tokens_in: tail.tokens_in,
        tokens_cached: tail.tokens_cached,
        tokens_out: tail.tokens_out,
        cost: tail.cost.map(whole),
        latency_us: tail.latency_us,
        first_token_us: tail.first_token_us,
        saved_cost: whole(tail.saved_cost),
        saved_us: tail.saved_us,
    })
}

impl Dimension {
    fn value(&self, call: &CallRow) -> String {
        match self {
            Self::All => String::new(),
            Self::Route => {
                let model = if call.model_served.is_empty() { &call.model_asked } else { &call.model_served };
                format!("{}{ROUTE}{model}", call.provider)
            }
            Self::Key => call.key_id.clone(),
            Self::Config => call.config.clone().unwrap_or_default(),
            Self::Status => call.status.to_string(),
            Self::Cache => call.cache_status.to_owned(),
            Self::Metadata(key) => metadata(call).remove(key).unwrap_or_else(|| NONE.to_owned()),
        }
    }

    /// The value of a kind of calls; those of metadata are not of a kind.
    fn value_of<'b>(&self, kind: &Kind, block: &Block<'b>) -> Cow<'b, str> {
        match self {
            Self::All | Self::Metadata(_) => "".into(),
            Self::Route => format!("{}{ROUTE}{}", block.word(kind.provider), block.word(kind.model)).into(),
            Self::Key => block.word(kind.key).into(),
            Self::Config => block.word(kind.config).into(),
            Self::Status => kind.status.to_string().into(),
            Self::Cache => cache_word(block.word(kind.cache)).into(),
        }
    }
}
