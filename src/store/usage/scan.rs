//! Figures of calls under any filter, from the calls themselves.

mod outline;

pub use outline::Outline;

use super::{Dimension, NONE, Slice, encoded, slice};
use crate::journal::record::CallRow;
use crate::journal::rollup::{Facts, Figures, cache_word, metadata};
use crate::journal::sketch::Rough;
use crate::store::blocks::{Block, Garbled, Gather, Kind, Row, Sieve, Way};
use crate::store::calls::{CallFilter, EVERY};
use crate::store::rollups::{COUNTED, ROUTE, counted};
use crate::store::{Store, Stored};
use futures_util::TryStreamExt;
use hashbrown::HashMap;
use sqlx::QueryBuilder;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What is asked of calls.
#[derive(Clone, Debug)]
pub struct Scan {
    pub dimension: Dimension,
    pub filter: CallFilter,
    /// No slice reaches across a multiple of so many milliseconds.
    pub bucket: i64,
    /// With sketches.
    pub timed: bool,
}

/// What calls came to.
#[derive(Debug, Default)]
pub struct Scanned {
    /// Values in the order in which they came; a call without one is under [`NONE`].
    values: Vec<(String, Strand)>,
}

/// One value over time: its buckets by their starts. Almost all calls come in their order.
#[derive(Debug, Default)]
struct Strand {
    makings: Vec<Making>,
    /// Beside them, where they are asked for: latencies, and times until the first token.
    times: Vec<[Rough; 2]>,
}

/// One slice, without sketches.
#[derive(Clone, Debug, Default)]
struct Making {
    start: i64,
    /// When its last call was.
    last: i64,
    figures: Figures,
}

/// Figures in the making.
struct Found {
    scan: Scan,
    told: Scanned,
    /// Values by their place.
    places: HashMap<String, usize>,
    /// Start of the bucket that calls come for: as a rule the next one begins when all of it has come.
    now: i64,
    /// What came for it, with its place.
    open: Vec<(usize, Making, [Rough; 2])>,
    /// By place: where that stands in it, counted from 1; zero: nothing came.
    opened: Vec<usize>,
}

/// What takes calls in: by the block, and one by one.
pub(super) trait Counter: Gather {
    fn add(&mut self, call: &CallRow);
}

impl Store {
    /// What the filter lets pass.
    pub async fn scan(&self, workspace: &str, scan: Scan) -> Stored<Scanned> {
        let filter = scan.filter.clone();
        Ok(self.give_calls(workspace, &filter, Found::new(scan)).await?.told())
    }

    /// Gives `counter` the calls that the filter lets pass: of blocks all, for it to sift.
    pub(super) async fn give_calls<C: Counter>(&self, workspace: &str, filter: &CallFilter, counter: C) -> Stored<C> {
        let whole = (filter.from.unwrap_or(0), filter.until.unwrap_or(i64::MAX));
        let way = self.way(workspace, filter).await?.unwrap_or_else(|| vec![Way::Open(whole.0, whole.1)]);
        let hours: Vec<i64> = way.iter().filter_map(Way::hour).collect();
        let (mut counter, gone) = self.walk(workspace, &hours, counter).await?;
        let open = way.into_iter().filter(|step| step.hour().is_none());
        for step in open.chain(gone.into_iter().map(Way::Block)) {
            let (from, until) = step.span();
            let filter =
                CallFilter { from: Some(from.max(whole.0)), until: Some(until.min(whole.1)), ..filter.clone() };
            self.count_rows(workspace, &filter, &mut counter).await?;
        }
        Ok(counter)
    }

    async fn count_rows(&self, workspace: &str, filter: &CallFilter, counter: &mut impl Counter) -> Stored<()> {
        let mut sql = QueryBuilder::new(format!("SELECT {COUNTED} FROM {}", filter.table()));
        filter.where_calls(&mut sql, workspace, EVERY);
        let mut rows = sql.build().fetch(self.calls_for(filter).await);
        while let Some(row) = rows.try_next().await? {
            counter.add(&counted(&row)?);
        }
        Ok(())
    }
}

impl Scanned {
    /// By value and bucket, as they come in time; of those that `told` lets pass.
    pub fn slices(&self, told: impl Fn(&str) -> bool) -> Vec<Slice> {
        let strands = self.values.iter().filter(|(value, _)| told(value));
        let mut all: Vec<_> = strands
            .flat_map(|(value, strand)| strand.iter().map(move |(making, times)| (making, value, times)))
            .collect();
        all.sort_by_key(|(making, ..)| making.start);
        all.into_iter().map(|(making, value, times)| making.slice(value, times)).collect()
    }

    /// By value, one slice each.
    pub fn wholes(&self) -> Vec<Slice> {
        self.by_value(true)
    }

    /// The same without sketches.
    pub fn plain_wholes(&self) -> Vec<Slice> {
        self.by_value(false)
    }

    fn by_value(&self, timed: bool) -> Vec<Slice> {
        let whole = |(value, strand): &(String, Strand)| {
            let (mut whole, mut all_times) = (Making::default(), <[Rough; 2]>::default());
            for (making, times) in strand.iter() {
                whole.merge(making, (&mut all_times, if timed { times } else { &[] }));
            }
            whole.slice(value, &all_times)
        };
        self.values.iter().filter(|(_, strand)| !strand.is_empty()).map(whole).collect()
    }

    /// All calls together, by bucket.
    pub fn all(&self) -> Vec<Slice> {
        self.sums(|_| true, true)
    }

    /// All that have a value, by bucket and without sketches.
    pub fn valued(&self) -> Vec<Slice> {
        self.sums(|value| value != NONE, false)
    }

    fn sums(&self, told: impl Fn(&str) -> bool, timed: bool) -> Vec<Slice> {
        let mut sums = BTreeMap::<i64, (Making, [Rough; 2])>::new();
        for (_, strand) in self.values.iter().filter(|(value, _)| told(value)) {
            for (making, times) in strand.iter() {
                let (sum, all_times) = sums.entry(making.start).or_default();
                sum.merge(making, (all_times, if timed { times } else { &[] }));
            }
        }
        sums.into_values().map(|(sum, times)| sum.slice("", &times)).collect()
    }
}

impl Found {
    fn new(scan: Scan) -> Self {
        Self {
            scan,
            told: Scanned::default(),
            places: HashMap::new(),
            now: i64::MIN,
            open: Vec::new(),
            opened: Vec::new(),
        }
    }

    fn count(&mut self, at: i64, place: usize, facts: &Facts<'_>) {
        if at < self.now || at >= self.now.saturating_add(self.scan.bucket) {
            self.close();
            self.now = at - at.rem_euclid(self.scan.bucket);
        }
        if self.opened[place] == 0 {
            self.open.push((place, Making::default(), Default::default()));
            self.opened[place] = self.open.len();
        }
        let (_, making, [latency, first_token]) = &mut self.open[self.opened[place] - 1];
        making.last = at.max(making.last);
        making.figures.count_plain(facts);
        if self.scan.timed {
            facts.latency().into_iter().for_each(|us| latency.add(us));
            facts.first_token().into_iter().for_each(|us| first_token.add(us));
        }
    }

    /// Puts what came for the open bucket with what came before.
    fn close(&mut self) {
        for (place, making, times) in self.open.drain(..) {
            self.opened[place] = 0;
            self.told.values[place].1.add(Making { start: self.now, ..making }, times, self.scan.timed);
        }
    }

    fn merge(&mut self, place: usize, making: Making, times: [Rough; 2]) {
        self.told.values[place].1.add(making, times, self.scan.timed);
    }

    fn told(mut self) -> Scanned {
        self.close();
        self.told
    }

    fn place(&mut self, value: &str) -> usize {
        if let Some(place) = self.places.get(value) {
            return *place;
        }
        let place = self.told.values.len();
        self.places.insert(value.to_owned(), place);
        self.told.values.push((value.to_owned(), Strand::default()));
        self.opened.push(0);
        place
    }
}

impl Counter for Found {
    fn add(&mut self, call: &CallRow) {
        let value = self.scan.dimension.value(call);
        let place = self.place(&value);
        self.count(call.at, place, &Facts::of(call));
    }
}

impl Gather for Found {
    fn fork(&self) -> Self {
        Self::new(self.scan.clone())
    }

    fn join(&mut self, later: Self) {
        self.close();
        for (value, strand) in later.told().values {
            let place = self.place(&value);
            strand.into_parts().for_each(|(making, times)| self.merge(place, making, times));
        }
    }

    fn take(&mut self, _: i64, block: &Block<'_>) -> Result<(), Garbled> {
        let filter = self.scan.filter.clone();
        let Some(sieve) = Sieve::of(&filter, block, true) else { return Ok(()) };
        let dimension = self.scan.dimension.clone();
        let places = Places::of(&dimension, block, |value| self.place(value));
        for row in block.rows() {
            let row = row?;
            if sieve.passes(&row)? {
                self.count(row.at(), places.of_row(&row), &facts(block, &row)?);
            }
        }
        Ok(())
    }
}

/// What a block's values stand for: texts are compared once for each, and not for each call.
pub(super) enum Places<P> {
    ByKind(Vec<P>),
    /// Where the dimension is a key of metadata.
    BySet(Vec<P>),
}

impl<P: Copy> Places<P> {
    pub(super) fn of(dimension: &Dimension, block: &Block<'_>, mut place: impl FnMut(&str) -> P) -> Self {
        let Dimension::Metadata(key) = dimension else {
            let value = |kind: &Kind| dimension.value_of(kind, block);
            return Self::ByKind(block.kinds.iter().map(value).map(|value| place(&value)).collect());
        };
        let mut own = |word: &&str| {
            let value = word.strip_prefix(&**key)?.strip_prefix('\u{0}')?;
            Some(place(value))
        };
        let words: Vec<Option<P>> = block.words.iter().map(&mut own).collect();
        let nothing = place(NONE);
        let known = |pair: &u32| usize::try_from(*pair).ok().and_then(|place| *words.get(place)?);
        Self::BySet((0..block.sets()).map(|set| block.set(set).iter().find_map(known).unwrap_or(nothing)).collect())
    }

    pub(super) fn of_row(&self, row: &Row<'_>) -> P {
        match self {
            Self::ByKind(places) => places[row.kind],
            Self::BySet(places) => places[row.set],
        }
    }
}

impl Strand {
    fn add(&mut self, making: Making, times: [Rough; 2], timed: bool) {
        let place = match self.makings.last() {
            Some(last) if last.start < making.start => Err(self.makings.len()),
            _ => self.makings.binary_search_by_key(&making.start, |making| making.start),
        };
        match place {
            Ok(place) => {
                let mut none = <[Rough; 2]>::default();
                self.makings[place].merge(&making, (self.times.get_mut(place).unwrap_or(&mut none), &times));
            }
            Err(place) => {
                // Most values of a long list come once.
                if self.makings.is_empty() {
                    self.makings.reserve_exact(1);
                    self.times.reserve_exact(usize::from(timed));
                }
                self.makings.insert(place, making);
                if timed {
                    self.times.insert(place, times);
                }
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.makings.is_empty()
    }

    fn into_parts(self) -> impl Iterator<Item = (Making, [Rough; 2])> {
        self.makings.into_iter().zip(self.times.into_iter().chain(std::iter::repeat_with(Default::default)))
    }

    fn iter(&self) -> impl Iterator<Item = (&Making, &[Rough])> {
        let times = self.times.iter().map(|times| &times[..]);
        self.makings.iter().zip(times.chain(std::iter::repeat(&[][..])))
    }
}

impl Making {
    fn merge(&mut self, other: &Self, (times, others): (&mut [Rough; 2], &[Rough])) {
        self.last = other.last.max(self.last);
        self.figures.merge(&other.figures);
        times.iter_mut().zip(others).for_each(|(times, others)| times.merge(others));
    }

    fn slice(&self, value: &str, times: &[Rough]) -> Slice {
        let mut slice = slice(self.last, value.to_owned(), &self.figures);
        if let [latency, first_token] = times {
            (slice.latency, slice.first_token) = (encoded(&latency.sketch()), encoded(&first_token.sketch()));
        }
        slice
    }
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
    pub(super) fn value(&self, call: &CallRow) -> String {
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
