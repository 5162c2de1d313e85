//! What is written of one call.

use crate::journal::frame::{Gathered, Parts};
use crate::journal::secrets::Secrets;
use app::model::explain::{Explain, Tried};
use app::model::log::CostLine;
use app::model::money::Nanos;

/// One row of `calls`; the columns are explained in the schema.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallRow {
    pub id: String,
    pub workspace: String,
    pub key_id: String,
    pub key_name: String,
    /// Milliseconds since 1970 UTC.
    pub at: i64,
    pub kind: &'static str,
    pub method: String,
    pub path: String,
    pub status: u16,
    pub outcome: Outcome,
    pub error: Option<String>,
    pub stream: bool,
    pub provider: String,
    pub vendor: String,
    pub model_asked: String,
    pub model_served: String,
    pub tokens_in: u64,
    pub tokens_cached: u64,
    pub tokens_out: u64,
    pub tokens_reasoning: u64,
    /// The tokens were counted here, not by the provider.
    pub tokens_estimated: bool,
    /// `None`: unpriced.
    pub cost: Option<Nanos>,
    pub price: Vec<CostLine>,
    pub latency_us: u64,
    pub first_token_us: Option<u64>,
    pub overhead_us: u64,
    pub trace_id: String,
    pub span_id: String,
    pub parent_span_id: Option<String>,
    pub span_name: String,
    /// JSON object of text.
    pub metadata: String,
    pub config: Option<String>,
    pub config_version: Option<String>,
    pub cache_status: &'static str,
    pub mode: &'static str,
    pub target: String,
    pub retries: i64,
    /// JSON object of the SDK's own words.
    pub runtime: String,
    /// What a hit of the cache saved; `None`: no hit, or unpriced.
    pub saved_cost: Option<Nanos>,
    pub saved_us: u64,
}

/// One row of `attempts`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttemptRow {
    pub provider: String,
    pub vendor: String,
    pub model: String,
    pub target: String,
    pub url: String,
    /// 0: no answer.
    pub status: u16,
    pub error: Option<String>,
    /// Microseconds after the call's start.
    pub started_us: u64,
    pub latency_us: u64,
    pub first_token_us: Option<u64>,
    pub tokens_in: u64,
    pub tokens_out: u64,
    /// `None`: unpriced, or nothing was used.
    pub cost: Option<Nanos>,
    /// Microseconds waited before it began.
    pub waited_us: u64,
    /// 0 for the first try of its target, then the number of the retry.
    pub retry: u32,
    /// It gave the answer: what it used is in the call's figures already.
    pub served: bool,
    /// It was sent, and nobody knows what it came to beyond what is told here.
    pub lost: bool,
    /// What followed and why, in words; goes into the explanation.
    pub then: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outcome {
    #[default]
    Finished,
    /// Answered with 400 or above, or cut after it had begun.
    Failed,
    /// The caller left first.
    Cancelled,
    /// The process ended first.
    Interrupted,
}

impl Outcome {
    pub fn word(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
        }
    }
}

/// What a call takes of a limit; written with its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// Id of the limit.
    pub limit: String,
    /// Which of its counters; empty where there is one for all.
    pub group: String,
    pub kind: ChargeKind,
    /// Start of the budget's period, or when it came under a rate limit; milliseconds.
    pub at: i64,
    /// Nano-dollars, tokens or requests.
    pub amount: i64,
    /// Calls whose cost is unknown.
    pub unpriced: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChargeKind {
    Spent,
    /// Held for what was in flight when the process ended, or was lost sight of: nobody knows what became of it.
    Unsettled,
    /// Counted in a window.
    Used,
}

/// A call ready to be written: `frame` is made from `parts` by [`Record::pack`], once.
#[derive(Debug, Default)]
pub struct Record {
    pub call: CallRow,
    pub attempts: Vec<AttemptRow>,
    pub parts: Parts,
    pub frame: Option<Vec<u8>>,
    /// The caller asked that bodies are not kept (`x-portkey-debug: false`); figures and headers are.
    pub untracked: bool,
    /// Why the call took its way; what was tried is filled in when it is packed.
    pub explain: Option<Box<Explain>>,
    /// Microseconds that a call took which was made elsewhere, and is only told of here.
    pub took_us: Option<u64>,
    /// Names the secret that the call came with; 0: none did.
    pub secret: i64,
    /// Credentials that the call was made with: what comes back may hold them, and is packed without.
    pub secrets: Secrets,
    /// What it takes of the limits that it falls under.
    pub charges: Vec<Charge>,
}

impl Record {
    /// Compresses headers and bodies, once no credential is in them.
    pub fn pack(&mut self) {
        if self.frame.is_none() {
            self.conceal();
            let mut parts = std::mem::take(&mut self.parts);
            if self.untracked {
                parts.drop_bodies();
            }
            if let Some(mut explain) = self.explain.take() {
                explain.tried = self.attempts.iter().map(tried).collect();
                parts.explain = serde_json::to_string(&explain).unwrap_or_default();
                self.secrets.mask(&mut parts.explain);
            }
            self.frame = Some(parts.encode());
        }
    }

    /// Takes known credentials out of what the providers said.
    fn conceal(&mut self) {
        let Self { call, attempts, parts, secrets, .. } = self;
        let errors = attempts.iter_mut().flat_map(|row| [row.error.as_mut(), Some(&mut row.url)]);
        let words = [call.error.as_mut(), Some(&mut call.model_served), Some(&mut parts.response_headers)];
        errors.chain(words).flatten().for_each(|text| secrets.mask(text));
        let body = match std::mem::take(&mut parts.response_body) {
            Gathered::Whole(bytes) => bytes,
            Gathered::Chunks(bytes) => bytes.into(),
        };
        parts.response_body = Gathered::Whole(secrets.masked(body));
    }
}

fn tried(row: &AttemptRow) -> Tried {
    Tried {
        path: row.target.clone(),
        provider: format!("@{}", row.provider),
        model: Some(row.model.clone()).filter(|model| !model.is_empty()),
        retry: row.retry,
        status: row.status,
        error: row.error.clone(),
        waited_us: row.waited_us,
        started_us: row.started_us,
        latency_us: row.latency_us,
        then: row.then.clone(),
    }
}
