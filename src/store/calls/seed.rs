//! A journal with made-up calls, for tests.

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
    pub trace: &'static str,
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

impl Seed {
    /// Returns the id, which depends on the time alone.
    pub(crate) async fn plant(self, store: &Store) -> String {
        let id = super::first_id(self.at).replace("8000-000000000000", self.tail());
        sqlx::query(
            "INSERT INTO calls VALUES ($1, $2, $3, 'support-prod', $4, 'chat', 'POST', '/v1/chat/completions', $5, \
             'finished', NULL, 0, $6, 'cerebras', 'gpt-oss-120b', $7, $8, 18, 402, 100, $9, \
             '[{\"what\":\"Input tokens\",\"count\":2918,\"per_million\":\"0.35\",\"cost\":1021300}]', 2810000, \
             1170000, 400, $10, 's-1', NULL, 'chat', $11, 'pc-main', 'cv-1', 'DISABLED', 'single', 'config', 0, \
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
        .bind(self.trace)
        .bind(self.metadata)
        .execute(&store.journal.write)
        .await
        .unwrap();
        self.attempt(store, &id).await;
        self.roll_up(store).await;
        id
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
            "INSERT INTO rollups VALUES ($1, $2, $3, $4, $5, $6, 1, $7, 402, $8, $9, x'', x'', 0, 0) \
             ON CONFLICT DO UPDATE SET calls = calls + 1, tokens_in = tokens_in + excluded.tokens_in, \
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
        .execute(&store.journal.write)
        .await
        .unwrap();
    }
}
