//! Reading the journal: lists, single calls, and the figures beside a list.

mod filter;
mod narrow;
mod page;
#[cfg(test)]
pub(crate) mod seed;
mod tally;

pub use filter::{Bounds, CallFilter, Statuses};
pub(in crate::store) use filter::{EVERY, Ids};
pub use page::{CallPage, Cursor};
pub use tally::{Bar, Counted, Tally};

use crate::store::feedback::Feedback;
use crate::store::{Store, Stored};
use std::collections::HashMap;

/// A row of `calls`, columns as migrations/journal says.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Call {
    pub id: String,
    pub workspace: String,
    pub key_id: String,
    pub key_name: String,
    /// Start, milliseconds since 1970 UTC.
    pub at: i64,
    pub kind: String,
    pub method: String,
    pub path: String,
    pub status: u16,
    pub outcome: String,
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
    /// Nano-dollars; `None` where no price is known.
    pub cost: Option<i64>,
    /// JSON array of cost lines.
    pub price: Option<String>,
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
    pub cache_status: String,
    pub mode: String,
    pub target: String,
    pub retries: u32,
    /// JSON object of `sdk_version`, `runtime` and `runtime_version`.
    pub runtime: String,
    pub tokens_estimated: bool,
    /// Nano-dollars that a hit of the cache saved; `None`: no hit, or unpriced.
    pub saved_cost: Option<i64>,
    pub saved_us: u64,
}

/// A row of `attempts`.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Attempt {
    pub number: u32,
    pub provider: String,
    pub vendor: String,
    pub model: String,
    pub target: String,
    pub url: String,
    pub status: u16,
    pub error: Option<String>,
    pub started_us: u64,
    pub latency_us: u64,
    pub first_token_us: Option<u64>,
    pub tokens_in: u64,
    pub tokens_out: u64,
    /// Nano-dollars; `None` where no price is known, or nothing was used.
    pub cost: Option<i64>,
    /// Before it began.
    pub waited_us: u64,
    /// 0 for the first try of its target, then the number of the retry.
    pub retry: u32,
}

/// A call with all that was kept of it.
#[derive(Clone, Debug)]
pub struct CallFile {
    pub call: Call,
    pub attempts: Vec<Attempt>,
    /// The compressed frame of headers and bodies; `None` where none was kept.
    pub frame: Option<Vec<u8>>,
    /// What was said of its trace, oldest first.
    pub feedback: Vec<Feedback>,
}

/// The columns of `calls`, in the order in which the journal writes them and every list reads them.
pub(in crate::store) const COLUMNS: &str = "id, workspace, key_id, key_name, at, kind, method, path, status, outcome, error, stream, \
     provider, vendor, model_asked, model_served, tokens_in, tokens_cached, tokens_out, tokens_reasoning, cost, price, \
     latency_us, first_token_us, overhead_us, trace_id, span_id, parent_span_id, span_name, metadata, config, \
     config_version, cache_status, mode, target, retries, runtime, tokens_estimated, saved_cost, saved_us";

impl Store {
    pub async fn call(&self, workspace: &str, id: &str) -> Stored<Option<CallFile>> {
        let sql = format!("SELECT {COLUMNS} FROM calls WHERE workspace = $1 AND id = $2");
        let call = sqlx::query_as(&sql).bind(workspace).bind(id).fetch_optional(&self.journal.read).await?;
        match call {
            Some(call) => self.call_file(call).await.map(Some),
            None => Ok(None),
        }
    }

    /// What was kept beside a call that this workspace was shown to own.
    pub async fn call_file(&self, call: Call) -> Stored<CallFile> {
        let attempts = sqlx::query_as(
            "SELECT number, provider, vendor, model, target, url, status, error, started_us, latency_us, \
             first_token_us, tokens_in, tokens_out, cost, waited_us, retry FROM attempts WHERE call = $1 ORDER BY number",
        )
        .bind(&call.id)
        .fetch_all(&self.journal.read)
        .await?;
        let frame = sqlx::query_scalar("SELECT frame FROM bodies WHERE call = $1")
            .bind(&call.id)
            .fetch_optional(&self.journal.read)
            .await?;
        let feedback = self.feedback_on(&call.workspace, &call.trace_id).await?;
        Ok(CallFile { call, attempts, frame, feedback })
    }

    /// Id and name of the workspace's keys: those that exist, and those that the newest calls still remember.
    pub async fn key_names(&self, workspace: &str) -> Stored<HashMap<String, String>> {
        let mut names: Vec<(String, String)> = sqlx::query_as(
            "SELECT DISTINCT key_id, key_name FROM \
             (SELECT key_id, key_name FROM calls WHERE workspace = $1 ORDER BY id DESC LIMIT 1000)",
        )
        .bind(workspace)
        .fetch_all(&self.journal.read)
        .await?;
        let kept: Vec<(String, String)> = sqlx::query_as("SELECT id, name FROM api_keys WHERE workspace = $1")
            .bind(workspace)
            .fetch_all(&self.control.read)
            .await?;
        names.extend(kept);
        Ok(names.into_iter().collect())
    }
}

/// The lowest id that a call starting in this millisecond, or later, can have: ids are UUIDv7.
pub(in crate::store) fn first_id(millis: i64) -> String {
    let millis = millis.clamp(0, (1 << 48) - 1);
    format!("{:08x}-{:04x}-7000-8000-000000000000", millis >> 16, millis & 0xffff)
}

#[cfg(test)]
mod tests {
    use super::first_id;
    use super::seed::{Seed, journal};

    #[test]
    fn a_span_of_time_is_a_span_of_ids() {
        let second = uuid::Timestamp::from_unix_time(1_764_000_000, 7_000_000, 0, 0);
        let id = uuid::Uuid::new_v7(second).to_string();
        assert!(first_id(1_764_000_000_007) <= id);
        assert!(id < first_id(1_764_000_000_008));
        assert!(first_id(-1) < first_id(i64::MAX));
    }

    #[tokio::test]
    async fn a_call_is_found_with_its_attempts_and_only_in_its_workspace() {
        let (store, _folder) = journal().await;
        let id = Seed::default().plant(&store).await;
        let file = store.call("default", &id).await.unwrap().unwrap();
        assert_eq!((file.call.status, file.call.cost, file.attempts.len()), (200, Some(7_670_000), 1));
        assert!(file.frame.is_none());
        assert!(store.call("other", &id).await.unwrap().is_none());
    }
}
