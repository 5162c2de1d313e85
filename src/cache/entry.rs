//! One answer as it is kept, and as it is served again.

use crate::wire::openai::Usage;
use crate::wire::replay;
use app::model::money::Nanos;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// A 2xx answer with what it cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Milliseconds since 1970 UTC.
    pub stored_at: i64,
    pub answer: Answer,
    /// As the answer names it.
    pub model: String,
    pub usage: Usage,
    /// What a hit saves; `None` where the model has no price.
    pub cost: Option<Nanos>,
    /// Of the call that was answered, microseconds: what a hit saves, less its own.
    pub latency_us: u64,
    /// Of a whole answer.
    pub content_type: String,
}

/// The answer's bytes, as the provider sent them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// One body: JSON, or whatever the content type says.
    Whole(Bytes),
    /// The text of an event stream that came to its end.
    Events(Bytes),
}

/// What a caller gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    pub content_type: String,
    pub body: Bytes,
}

const EVENTS: &str = "text/event-stream";
const JSON: &str = "application/json";

/// No answer that was kept is larger when unpacked.
const LARGEST: usize = 64 << 20;

impl Entry {
    /// The answer for a caller who streams, or not, and wants to see usage at a stream's end, or not. `None` where it
    /// cannot be had in that form: a miss.
    pub fn served(&self, stream: bool, usage: bool) -> Option<Served> {
        let (content_type, body) = match (&self.answer, stream) {
            (Answer::Whole(kept), false) => (self.content_type.as_str(), kept.clone()),
            (Answer::Whole(kept), true) => (EVENTS, replay::streamed(kept, usage)?),
            (Answer::Events(kept), true) => (EVENTS, replay::events(kept, usage)),
            (Answer::Events(kept), false) => (JSON, replay::whole(kept)?),
        };
        Some(Served { content_type: content_type.to_owned(), body })
    }

    /// Milliseconds since it was stored.
    pub fn age_ms(&self, now: i64) -> u64 {
        u64::try_from(now.saturating_sub(self.stored_at)).unwrap_or(0)
    }

    /// Bytes that it takes in memory, about.
    pub(super) fn size(&self) -> usize {
        self.answer.bytes().len() + self.model.len() + self.content_type.len() + size_of::<Self>() + OVERHEAD
    }

    /// As it is stored: facts behind their length, then the answer, in one zstd frame.
    pub(super) fn pack(&self, packer: &mut zstd::bulk::Compressor<'_>) -> Option<Vec<u8>> {
        let Usage { input, cached, cache_write, output, reasoning } = self.usage;
        let facts = serde_json::to_vec(&Facts {
            stored_at: self.stored_at,
            events: matches!(self.answer, Answer::Events(_)),
            model: &self.model,
            usage: [input, cached, cache_write, output, reasoning],
            cost: self.cost,
            latency_us: self.latency_us,
            content_type: &self.content_type,
        })
        .ok()?;
        let length = u32::try_from(facts.len()).ok()?;
        packer.compress(&[&length.to_le_bytes()[..], &facts, self.answer.bytes()].concat()).ok()
    }

    /// `None` where these are no entry's bytes.
    pub(super) fn unpack(stored: &[u8]) -> Option<Self> {
        let size = zstd::zstd_safe::get_frame_content_size(stored).ok()??;
        let size = usize::try_from(size).ok().filter(|size| *size <= LARGEST)?;
        let plain = Bytes::from(zstd::bulk::decompress(stored, size).ok()?);
        let (length, rest) = plain.split_first_chunk()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (facts, answer) = rest.split_at_checked(length)?;
        let facts: Facts<String> = serde_json::from_slice(facts).ok()?;
        let answer = plain.slice_ref(answer);
        let [input, cached, cache_write, output, reasoning] = facts.usage;
        Some(Self {
            stored_at: facts.stored_at,
            answer: if facts.events { Answer::Events(answer) } else { Answer::Whole(answer) },
            model: facts.model,
            usage: Usage { input, cached, cache_write, output, reasoning },
            cost: facts.cost,
            latency_us: facts.latency_us,
            content_type: facts.content_type,
        })
    }
}

impl Answer {
    pub fn bytes(&self) -> &Bytes {
        match self {
            Self::Whole(bytes) | Self::Events(bytes) => bytes,
        }
    }
}

/// What the maps around an entry take.
const OVERHEAD: usize = 128;

#[derive(Serialize, Deserialize)]
struct Facts<T> {
    stored_at: i64,
    events: bool,
    model: T,
    /// Input, cached, cache write, output, reasoning.
    usage: [u64; 5],
    cost: Option<Nanos>,
    latency_us: u64,
    content_type: T,
}
