//! Figures over time, added up from the rollups.

use crate::store::{Store, Stored};
use app::model::range::Window;

/// What one key had from one model of one provider in one bucket of time, good calls and failed ones apart.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Slice {
    /// Start of the bucket, milliseconds since 1970 UTC.
    pub at: i64,
    pub provider: String,
    /// As served.
    pub model: String,
    pub key_id: String,
    /// Answered with 400 or above, interrupted (0) or cancelled (499).
    pub failed: bool,
    pub calls: i64,
    pub tokens_in: i64,
    pub tokens_out: i64,
    /// Nano-dollars.
    pub cost: i64,
    pub unpriced: i64,
    /// Sketches of microseconds laid end to end, as `Sketch::decode` reads them.
    pub latency: Vec<u8>,
    pub first_token: Vec<u8>,
}

impl Store {
    /// All that happened in `window`, in buckets of `bucket` milliseconds counted from its start, oldest first.
    pub async fn slices(&self, workspace: &str, window: Window, bucket: i64) -> Stored<Vec<Slice>> {
        let slices = sqlx::query_as(
            "SELECT $2 + (minute - $2) / $4 * $4 AS at, provider, model, key_id, \
                    (status >= 400 OR status = 0) AS failed, \
                    sum(calls) AS calls, sum(tokens_in) AS tokens_in, sum(tokens_out) AS tokens_out, \
                    sum(cost) AS cost, sum(unpriced) AS unpriced, \
                    CAST(group_concat(latency, '') AS BLOB) AS latency, \
                    CAST(group_concat(first_token, '') AS BLOB) AS first_token \
             FROM rollups WHERE workspace = $1 AND minute >= $2 AND minute < $3 \
             GROUP BY 1, 2, 3, 4, 5",
        )
        .bind(workspace)
        .bind(window.from)
        .bind(window.to)
        .bind(bucket)
        .fetch_all(&self.journal.read)
        .await?;
        Ok(slices)
    }

    /// The minute of the first call that is still known.
    pub async fn first_use(&self, workspace: &str) -> Stored<Option<i64>> {
        let first = sqlx::query_scalar("SELECT min(minute) FROM rollups WHERE workspace = $1");
        Ok(first.bind(workspace).fetch_one(&self.journal.read).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::Slice;
    use crate::store::Store;
    use app::model::range::Window;

    const MINUTE: i64 = 60_000;

    struct Shelf {
        store: Store,
        _folder: tempfile::TempDir,
    }

    async fn shelf(rows: &[(&str, i64, &str, u16, i64)]) -> Shelf {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), false).await.unwrap();
        for (workspace, minute, model, status, calls) in rows {
            sqlx::query(
                "INSERT INTO rollups (workspace, minute, provider, model, key_id, status, calls, tokens_in, tokens_out, \
                                      cost, unpriced, latency, first_token) \
                 VALUES ($1, $2, 'cerebras', $3, 'k1', $4, $5, 10, 20, 300, 1, $6, $7)",
            )
            .bind(workspace)
            .bind(minute * MINUTE)
            .bind(model)
            .bind(status)
            .bind(calls)
            .bind(vec![1_u8, 200, 0, 255])
            .bind(Vec::<u8>::new())
            .execute(&store.journal.write)
            .await
            .unwrap();
        }
        Shelf { store, _folder: folder }
    }

    #[tokio::test]
    async fn minutes_add_up_to_buckets_and_sketches_lie_end_to_end() {
        let shelf = shelf(&[
            ("default", 4, "a", 200, 99),
            ("default", 5, "a", 200, 1),
            ("default", 9, "a", 200, 2),
            ("default", 9, "a", 429, 4),
            ("default", 9, "a", 0, 8),
            ("default", 10, "a", 200, 16),
            ("default", 14, "b", 200, 32),
            ("default", 15, "a", 200, 99),
            ("other", 5, "a", 200, 99),
        ])
        .await;
        let window = Window { from: 5 * MINUTE, to: 15 * MINUTE };
        let slices = shelf.store.slices("default", window, 5 * MINUTE).await.unwrap();
        let told: Vec<_> =
            slices.iter().map(|slice| (slice.at / MINUTE, &*slice.model, slice.failed, slice.calls)).collect();
        assert_eq!(told, [(5, "a", false, 3), (5, "a", true, 12), (10, "a", false, 16), (10, "b", false, 32)]);
        let good = Slice {
            at: 5 * MINUTE,
            provider: "cerebras".into(),
            model: "a".into(),
            key_id: "k1".into(),
            failed: false,
            calls: 3,
            tokens_in: 20,
            tokens_out: 40,
            cost: 600,
            unpriced: 2,
            latency: vec![1, 200, 0, 255, 1, 200, 0, 255],
            first_token: Vec::new(),
        };
        assert_eq!(slices[0], good);
    }

    #[tokio::test]
    async fn the_first_use_is_of_the_workspace_alone() {
        let shelf = shelf(&[("default", 7, "a", 200, 1), ("default", 3, "a", 200, 1), ("other", 1, "a", 200, 1)]).await;
        assert_eq!(shelf.store.first_use("default").await.unwrap(), Some(3 * MINUTE));
        assert_eq!(shelf.store.first_use("nobody").await.unwrap(), None);
    }
}
