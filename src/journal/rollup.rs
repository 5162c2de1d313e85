//! Figures by the minute, gathered in memory and written with each transaction as they then stand.

mod names;

pub use names::{DAY_MOST, KEYS_MOST, Names, OTHER};

use crate::journal::record::CallRow;
use crate::journal::sketch::{Garbled, Sketch};
use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

const MINUTE: i64 = 60_000;
/// Bins of so many minutes are held in memory; a call that began before them is told apart as late.
const HELD: i64 = 2 * MINUTE;

/// What a figure is counted under.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Bin {
    pub workspace: String,
    /// Start of the minute, milliseconds.
    pub minute: i64,
    pub provider: String,
    pub model: String,
    pub key_id: String,
    pub status: u16,
    /// Empty: none.
    pub config: String,
    pub cache: &'static str,
}

/// What it is counted under besides: one pair of the call's metadata.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pair {
    pub workspace: String,
    pub key: String,
    /// Start of the minute, milliseconds.
    pub minute: i64,
    /// [`OTHER`] where the day had too many.
    pub value: String,
}

/// The figures of one bin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    pub calls: u64,
    /// Answers of 400 and above, interrupted and cancelled calls included.
    pub errors: u64,
    pub tokens_in: u64,
    /// Of them, read from the provider's cache.
    pub tokens_cached: u64,
    pub tokens_out: u64,
    /// Nano-dollars.
    pub cost: i64,
    pub unpriced: u64,
    /// Calls that the cache answered, and calls that asked it, those included.
    pub cache_hits: u64,
    pub cache_asked: u64,
    /// Nano-dollars and microseconds that hits saved, and what they took.
    pub saved_cost: i64,
    pub saved_us: u64,
    pub hit_us: u64,
    /// What the calls in `latency` took together, microseconds.
    pub took_us: u64,
    /// Microseconds of whole answers that came from a provider.
    pub latency: Sketch,
    /// Microseconds to the first token, streams only.
    pub first_token: Sketch,
}

/// What is counted of one call.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts<'c> {
    pub status: u16,
    /// Cache status.
    pub cache: &'c str,
    /// A provider was called.
    pub reached: bool,
    pub tokens_in: u64,
    pub tokens_cached: u64,
    pub tokens_out: u64,
    /// Nano-dollars; `None`: unpriced.
    pub cost: Option<i64>,
    pub latency_us: u64,
    pub first_token_us: Option<u64>,
    pub saved_cost: i64,
    pub saved_us: u64,
}

/// Bins of the last minutes.
#[derive(Debug, Default)]
pub struct Rollups {
    bins: HashMap<Bin, Figures>,
    pairs: HashMap<Pair, Figures>,
    names: Names,
    /// The latest moment heard of, milliseconds.
    seen: i64,
    /// From this minute on, a bin that is not in memory is not in the store.
    certain: Option<i64>,
}

/// Figures of one batch, each under its bin. What is held stands for all of the bin; what is late comes on top of what
/// the store has.
#[derive(Debug, Default)]
pub struct Changes {
    pub bins: Vec<(Bin, Figures)>,
    pub pairs: Vec<(Pair, Figures)>,
    pub late_bins: Vec<(Bin, Figures)>,
    pub late_pairs: Vec<(Pair, Figures)>,
}

/// What must be read from the store before a batch can be counted in.
#[derive(Debug, Default)]
pub struct Unknown {
    pub bins: Vec<Bin>,
    pub pairs: Vec<Pair>,
    /// Workspace, key of metadata and start of the day.
    pub names: Vec<(String, String, i64)>,
}

impl Bin {
    pub fn of(call: &CallRow) -> Self {
        Self {
            workspace: call.workspace.clone(),
            minute: minute_of(call),
            provider: call.provider.clone(),
            model: if call.model_served.is_empty() { call.model_asked.clone() } else { call.model_served.clone() },
            key_id: call.key_id.clone(),
            status: call.status,
            config: call.config.clone().unwrap_or_default(),
            cache: call.cache_status,
        }
    }
}

impl<'c> Facts<'c> {
    pub fn of(call: &'c CallRow) -> Self {
        Self {
            status: call.status,
            cache: call.cache_status,
            reached: !call.provider.is_empty(),
            tokens_in: call.tokens_in,
            tokens_cached: call.tokens_cached,
            tokens_out: call.tokens_out,
            cost: call.cost.map(|cost| cost.0),
            latency_us: call.latency_us,
            first_token_us: call.first_token_us,
            saved_cost: call.saved_cost.map_or(0, |cost| cost.0),
            saved_us: call.saved_us,
        }
    }
}

impl Facts<'_> {
    /// What counts among latencies, microseconds: a hit's does not.
    pub fn latency(&self) -> Option<u64> {
        (self.reached && !self.is_hit()).then_some(self.latency_us)
    }

    /// The same until the first token.
    pub fn first_token(&self) -> Option<u64> {
        self.first_token_us.filter(|_| !self.is_hit())
    }

    fn is_hit(&self) -> bool {
        self.cache.ends_with("HIT")
    }
}

impl Figures {
    /// Counts one call in.
    pub fn add(&mut self, call: &CallRow) {
        self.count(&Facts::of(call));
    }

    /// The same from what is counted of a call.
    pub fn count(&mut self, call: &Facts<'_>) {
        self.count_plain(call);
        if let Some(latency) = call.latency() {
            self.latency.add(latency);
        }
        if let Some(first) = call.first_token() {
            self.first_token.add(first);
        }
    }

    /// The same without the sketches, which take most of the time.
    pub fn count_plain(&mut self, call: &Facts<'_>) {
        let hit = call.is_hit();
        self.calls += 1;
        self.errors += u64::from(call.status >= 400 || call.status == 0);
        self.tokens_in += call.tokens_in;
        self.tokens_cached += call.tokens_cached;
        self.tokens_out += call.tokens_out;
        match call.cost {
            Some(cost) => self.cost = self.cost.saturating_add(cost),
            None if call.tokens_in + call.tokens_out > 0 => self.unpriced += 1,
            None => {}
        }
        self.cache_hits += u64::from(hit);
        self.cache_asked += u64::from(!matches!(call.cache, "" | "DISABLED"));
        if hit {
            self.saved_cost = self.saved_cost.saturating_add(call.saved_cost);
            self.saved_us += call.saved_us;
            self.hit_us += call.latency_us;
        } else if call.reached {
            self.took_us += call.latency_us;
        }
    }

    pub fn merge(&mut self, other: &Self) {
        self.calls += other.calls;
        self.errors += other.errors;
        self.tokens_in += other.tokens_in;
        self.tokens_cached += other.tokens_cached;
        self.tokens_out += other.tokens_out;
        self.cost = self.cost.saturating_add(other.cost);
        self.unpriced += other.unpriced;
        self.cache_hits += other.cache_hits;
        self.cache_asked += other.cache_asked;
        self.saved_cost = self.saved_cost.saturating_add(other.saved_cost);
        self.saved_us += other.saved_us;
        self.hit_us += other.hit_us;
        self.took_us += other.took_us;
        self.latency.merge(&other.latency);
        self.first_token.merge(&other.first_token);
    }

    /// Takes in two stored sketches: latency and time to the first token.
    pub fn gather(&mut self, latency: &[u8], first_token: &[u8]) -> Result<(), Garbled> {
        self.latency.gather(latency)?;
        self.first_token.gather(first_token)
    }
}

impl Rollups {
    /// Nothing in memory; `newest` is the latest minute that the store may have.
    pub fn after(newest: i64) -> Self {
        Self { seen: newest, ..Self::default() }
    }

    /// What a batch touches that the store may know and memory does not. `now` is in milliseconds.
    pub fn unknown<'c>(&mut self, calls: impl Iterator<Item = &'c CallRow>, now: i64) -> Unknown {
        if now + MINUTE < self.seen {
            // The clock was set back: what was forgotten as old may be asked for again.
            self.distrust();
        }
        self.forget(now);
        self.seen = self.seen.max(now);
        let certain = *self.certain.get_or_insert(self.seen + MINUTE);
        let mut unknown = Unknown::default();
        for call in calls {
            for (key, _) in metadata(call) {
                self.names.miss(&call.workspace, &key, call.at, &mut unknown.names);
            }
            if late(call, now) || minute_of(call) >= certain {
                continue;
            }
            let bin = Bin::of(call);
            if !self.bins.contains_key(&bin) && !unknown.bins.contains(&bin) {
                unknown.bins.push(bin);
            }
            for (key, value) in metadata(call) {
                for value in [value, OTHER.to_owned()] {
                    let pair =
                        Pair { workspace: call.workspace.clone(), key: key.clone(), minute: minute_of(call), value };
                    if !self.pairs.contains_key(&pair) && !unknown.pairs.contains(&pair) {
                        unknown.pairs.push(pair);
                    }
                }
            }
        }
        unknown
    }

    /// Takes in what the store holds of a bin.
    pub fn learn(&mut self, bin: Bin, figures: Figures) {
        self.bins.insert(bin, figures);
    }

    pub fn learn_pair(&mut self, pair: Pair, figures: Figures) {
        self.pairs.insert(pair, figures);
    }

    /// Takes in the values that a key of metadata has had that day.
    pub fn learn_names(&mut self, workspace: &str, key: &str, day: i64, values: Vec<String>) {
        self.names.learn(workspace, key, day, values);
    }

    /// Counts a batch in, and gives every bin that it touched.
    pub fn count<'c>(&mut self, calls: impl Iterator<Item = &'c CallRow>, now: i64) -> Changes {
        let (mut touched, mut touched_pairs) = (Vec::with_capacity(4), Vec::new());
        let (mut late_bins, mut late_pairs) = (HashMap::new(), HashMap::new());
        for call in calls {
            self.seen = self.seen.max(call.at);
            let late = late(call, now);
            let bins = if late { &mut late_bins } else { &mut self.bins };
            count(bins, Bin::of(call), call, &mut touched);
            for (key, value) in metadata(call) {
                let Some(value) = self.names.admit(&call.workspace, &key, call.at, value) else { continue };
                let pair = Pair { workspace: call.workspace.clone(), key, minute: minute_of(call), value };
                let pairs = if late { &mut late_pairs } else { &mut self.pairs };
                count(pairs, pair, call, &mut touched_pairs);
            }
        }
        Changes {
            bins: taken(touched, &self.bins),
            pairs: taken(touched_pairs, &self.pairs),
            late_bins: late_bins.into_iter().collect(),
            late_pairs: late_pairs.into_iter().collect(),
        }
    }

    /// Forgets everything: the last transaction failed, so memory is ahead of the store.
    pub fn distrust(&mut self) {
        *self = Self::after(self.seen);
    }

    fn forget(&mut self, now: i64) {
        let least = now - HELD - MINUTE;
        if self.bins.len() + self.pairs.len() > 0 {
            self.bins.retain(|bin, _| bin.minute > least);
            self.pairs.retain(|pair, _| pair.minute > least);
        }
        self.names.forget(now);
    }
}

/// The stored word of a cache status; an unknown one is that of a call that did not ask.
pub fn cache_word(word: &str) -> &'static str {
    ["", "HIT", "MISS", "REFRESH", "SEMANTIC HIT", "SEMANTIC MISS"]
        .into_iter()
        .find(|known| *known == word)
        .unwrap_or("DISABLED")
}

fn minute_of(call: &CallRow) -> i64 {
    call.at - call.at.rem_euclid(MINUTE)
}

/// Whether its minute may be added up already, or is no longer held.
fn late(call: &CallRow, now: i64) -> bool {
    minute_of(call) <= now - HELD - MINUTE
}

fn count<B: Eq + Hash + Clone>(bins: &mut HashMap<B, Figures>, bin: B, call: &CallRow, touched: &mut Vec<B>) {
    match bins.get_mut(&bin) {
        Some(figures) => figures.add(call),
        None => {
            let mut figures = Figures::default();
            figures.add(call);
            bins.insert(bin.clone(), figures);
        }
    }
    if !touched.contains(&bin) {
        touched.push(bin);
    }
}

fn taken<B: Eq + Hash>(touched: Vec<B>, bins: &HashMap<B, Figures>) -> Vec<(B, Figures)> {
    let figures = |bin: B| bins.get(&bin).cloned().map(|figures| (bin, figures));
    touched.into_iter().filter_map(figures).collect()
}

/// The pairs of a call's metadata.
pub fn metadata(call: &CallRow) -> BTreeMap<String, String> {
    if call.metadata.len() <= 2 { BTreeMap::new() } else { serde_json::from_str(&call.metadata).unwrap_or_default() }
}
