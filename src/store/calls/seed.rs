//! A journal with made-up calls, for tests.

use super::COLUMNS;
use crate::store::Store;

/// 24 November 2025, 16:00 UTC: a whole minute.
pub(crate) const AT: i64 = 1_764_000_000_000;

/// A call to plant, with its attempt and its share of the rollups.
#[derive(Clone, Copy)]
pub(crate) struct Seed {
    pub workspace: &'static str,
    pub at: i64,
    pub status: u16,
    pub model: &'static str,
    pub provider: &'static str,
    pub key: &'static str,
    /// Empty: the call is its own.
    pub trace: &'static str,
    pub span: &'static str,
    pub parent: Option<&'static str>,
    /// Of the span.
    pub name: &'static str,
    pub metadata: &'static str,
    pub tokens_in: i64,
    pub cost: Option<i64>,
}

impl Default for Seed {
    fn default() -> Self {
        Self {
            workspace: "default",
            at: AT,
            status: 200,
            model: "gpt-oss-120b",
            provider: "cerebras",
            key: "k1",
            trace: "t-0",
            span: "s-1",
            parent: None,
            name: "chat",
            metadata: "{}",
            tokens_in: 2918,
            cost: Some(7_670_000),
        }
    }
}

/// An empty journal in a folder that lasts as long as the second value.
pub(crate) async fn journal() -> (Store, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), false).await.unwrap();
    (store, folder)
}

async fn index_traces(store: &Store) {
    sqlx::query("INSERT OR IGNORE INTO trace_calls SELECT trace_id, id FROM calls WHERE trace_id <> id")
        .execute(&store.journal.write)
        .await
        .unwrap();
}

impl Seed {
    /// Returns the id, which depends on the time alone.
    pub(crate) async fn plant(self, store: &Store) -> String {
        let id = super::first_id(self.at).replace("8000-000000000000", self.tail());
        let trace = if self.trace.is_empty() { id.as_str() } else { self.trace };
        sqlx::query(
            "INSERT INTO calls VALUES ($1, $2, $3, 'support-prod', $4, 'chat', 'POST', '/v1/chat/completions', $5, \
             'finished', NULL, 0, $6, 'cerebras', 'gpt-oss-120b', $7, $8, 18, 402, 100, $9, \
             '[{\"what\":\"Input tokens\",\"count\":2918,\"per_million\":\"0.35\",\"cost\":1021300}]', 2810000, \
             1170000, 400, $10, $12, $13, $14, $11, 'pc-main', 'cv-1', 'DISABLED', 'single', 'config', 0, \
             '{\"sdk_version\":\"portkey-2.3\",\"runtime\":\"CPython\",\"runtime_version\":\"3.13\"}', 0, NULL, 0)",
        )
        .bind(&id)
        .bind(self.workspace)
        .bind(self.key)
        .bind(self.at)
        .bind(self.status)
        .bind(self.provider)
        .bind(self.model)
        .bind(self.tokens_in)
        .bind(self.cost)
        .bind(trace)
        .bind(self.metadata)
        .bind(self.span)
        .bind(self.parent)
        .bind(self.name)
        .execute(&store.journal.write)
        .await
        .unwrap();
        index_traces(store).await;
        self.attempt(store, &id).await;
        self.roll_up(store).await;
        id
    }

    /// As many calls from its time on, one a millisecond, in traces of `spans` calls each; without attempts or rollups.
    pub(crate) async fn crowd(self, store: &Store, calls: i64, spans: i64) {
        let first = self.plant(store).await;
        sqlx::query(&format!(
            "WITH RECURSIVE crowd(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM crowd WHERE n < $2) \
             INSERT INTO calls ({COLUMNS}) SELECT {} FROM crowd, calls WHERE id = $1",
            COLUMNS
                .split(", ")
                .map(|column| match column.trim() {
                    "id" => "printf('%08x-%04x-7000-8000-00000000000d', (at + n) >> 16, (at + n) & 65535)",
                    "at" => "at + n",
                    "trace_id" => "'crowd-' || ((n - 1) / $3)",
                    "span_id" => "'span-' || n",
                    "parent_span_id" => "iif((n - 1) % $3 = 0, NULL, 'span-' || (n - (n - 1) % $3))",
                    column => column,
                })
                .collect::<Vec<_>>()
                .join(", ")
        ))
        .bind(first)
        .bind(calls)
        .bind(spans)
        .execute(&store.journal.write)
        .await
        .unwrap();
        index_traces(store).await;
    }

    fn tail(self) -> &'static str {
        if self.workspace == "default" { "8000-00000000000d" } else { "8000-00000000000e" }
    }

    async fn attempt(self, store: &Store, id: &str) {
        sqlx::query(
            "INSERT INTO attempts VALUES ($1, 1, $2, 'cerebras', $3, 'config', \
             'https://api.cerebras.ai/v1/chat/completions', $4, NULL, 300, 2809000, 1170000, \
             $5, 402, $6, 0, 0)",
        )
        .bind(id)
        .bind(self.provider)
        .bind(self.model)
        .bind(self.status)
        .bind(self.tokens_in)
        .bind(self.cost)
        .execute(&store.journal.write)
        .await
        .unwrap();
    }

    async fn roll_up(self, store: &Store) {
        sqlx::query(
            "INSERT INTO rollup_fresh VALUES ($1, $2, $3, $4, $5, $6, 'pc-main', 'DISABLED', 1, $10, $7, 0, 402, $8, $9, 0, \
             0, 0, 0, 0, 0, x'', x'') \
             ON CONFLICT DO UPDATE SET calls = calls + 1, errors = errors + excluded.errors, tokens_in = tokens_in + excluded.tokens_in, \
             tokens_out = tokens_out + excluded.tokens_out, cost = cost + excluded.cost, \
             unpriced = unpriced + excluded.unpriced",
        )
        .bind(self.workspace)
        .bind(self.at - self.at.rem_euclid(60_000))
        .bind(self.provider)
        .bind(self.model)
        .bind(self.key)
        .bind(self.status)
        .bind(self.tokens_in)
        .bind(self.cost.unwrap_or(0))
        .bind(u8::from(self.cost.is_none()))
        .bind(u8::from(self.status >= 400 || self.status == 0))
        .execute(&store.journal.write)
        .await
        .unwrap();
    }
}
