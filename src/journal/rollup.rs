//! Figures by the minute, gathered in memory and written with each transaction as they then stand.

use crate::journal::record::CallRow;
use crate::journal::sketch::Sketch;
use std::collections::HashMap;

const MINUTE: i64 = 60_000;

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
}

/// The figures of one bin.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    pub calls: u64,
    pub tokens_in: u64,
    pub tokens_out: u64,
    /// Nano-dollars.
    pub cost: i64,
    pub unpriced: u64,
    /// Calls that the cache answered, and calls that asked it, those included.
    pub cache_hits: u64,
    pub cache_asked: u64,
    /// Microseconds of whole answers that reached a provider.
    pub latency: Sketch,
    /// Microseconds to the first token, streams only.
    pub first_token: Sketch,
}

/// Bins of the last minutes. A bin that is not here is read from the store before it is added to.
#[derive(Debug, Default)]
pub struct Rollups {
    bins: HashMap<Bin, Figures>,
}

impl Bin {
    pub fn of(call: &CallRow) -> Self {
        Self {
            workspace: call.workspace.clone(),
            minute: call.at - call.at.rem_euclid(MINUTE),
            provider: call.provider.clone(),
            model: if call.model_served.is_empty() { call.model_asked.clone() } else { call.model_served.clone() },
            key_id: call.key_id.clone(),
            status: call.status,
        }
    }
}

impl Figures {
    /// Counts one call in.
    pub fn add(&mut self, call: &CallRow) {
        self.calls += 1;
        self.tokens_in += call.tokens_in;
        self.tokens_out += call.tokens_out;
        match call.cost {
            Some(cost) => self.cost = self.cost.saturating_add(cost.0),
            None if call.tokens_in + call.tokens_out > 0 => self.unpriced += 1,
            None => {}
        }
        self.cache_hits += u64::from(call.cache_status.ends_with("HIT"));
        self.cache_asked += u64::from(!matches!(call.cache_status, "" | "DISABLED"));
        if !call.provider.is_empty() {
            self.latency.add(call.latency_us);
        }
        if let Some(first) = call.first_token_us {
            self.first_token.add(first);
        }
    }
}

impl Rollups {
    /// The figures of `bin`, if they are in memory.
    pub fn known(&self, bin: &Bin) -> bool {
        self.bins.contains_key(bin)
    }

    /// Takes in what the store holds of a bin.
    pub fn learn(&mut self, bin: Bin, figures: Figures) {
        self.bins.insert(bin, figures);
    }

    /// Counts `call` into its bin.
    pub fn add(&mut self, bin: &Bin, call: &CallRow) {
        if let Some(figures) = self.bins.get_mut(bin) {
            figures.add(call);
        }
    }

    pub fn figures(&self, bin: &Bin) -> Option<&Figures> {
        self.bins.get(bin)
    }

    /// Forgets bins older than two minutes before `newest`; they can be read again.
    pub fn forget(&mut self, newest: i64) {
        self.bins.retain(|bin, _| bin.minute >= newest - 2 * MINUTE);
    }

    /// Forgets everything: the last transaction failed, so memory is ahead of the store.
    pub fn distrust(&mut self) {
        self.bins.clear();
    }
}
