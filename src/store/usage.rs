//! Figures over time, added up from the rollups.

use crate::store::{Store, StoreError, Stored};
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
    /// Calls that the cache answered, and calls that asked it, those included.
    pub cache_hits: i64,
    pub cache_asked: i64,
    /// Sketches of microseconds laid end to end, as `Sketch::decode` reads them.
    pub latency: Vec<u8>,
    pub first_token: Vec<u8>,
}

/// An hour's sums in the making.
#[derive(sqlx::FromRow)]
struct Line {
    provider: String,
    model: String,
    key_id: String,
    status: i64,
    calls: i64,
    tokens_in: i64,
    tokens_out: i64,
    cost: i64,
    unpriced: i64,
    cache_hits: i64,
    cache_asked: i64,
    latency: Vec<u8>,
    first_token: Vec<u8>,
}

/// Reads one sketch out of several laid end to end, and writes it; `None`: garbled.
pub type Compact = fn(&[u8]) -> Option<Vec<u8>>;

const HOUR: i64 = 3_600_000;

impl Store {
    /// All that happened in `window`, in buckets of `bucket` milliseconds counted from its start, oldest first.
    pub async fn slices(&self, workspace: &str, window: Window, bucket: i64) -> Stored<Vec<Slice>> {
        let slices = sqlx::query_as(
            "WITH seen AS ( \
                 SELECT hour AS minute, provider, model, key_id, status, calls, tokens_in, tokens_out, cost, unpriced, \
                        cache_hits, cache_asked, latency, first_token \
                 FROM rollup_hours WHERE workspace = $1 AND hour >= $2 AND hour < $5 \
                 UNION ALL \
                 SELECT minute, provider, model, key_id, status, calls, tokens_in, tokens_out, cost, unpriced, \
                        cache_hits, cache_asked, latency, first_token \
                 FROM rollups WHERE workspace = $1 AND minute >= $5 AND minute < $3) \
             SELECT $2 + (minute - $2) / $4 * $4 AS at, provider, model, key_id, \
                    (status >= 400 OR status = 0) AS failed, \
                    sum(calls) AS calls, sum(tokens_in) AS tokens_in, sum(tokens_out) AS tokens_out, \
                    sum(cost) AS cost, sum(unpriced) AS unpriced, \
                    sum(cache_hits) AS cache_hits, sum(cache_asked) AS cache_asked, \
                    CAST(group_concat(latency, '') AS BLOB) AS latency, \
                    CAST(group_concat(first_token, '') AS BLOB) AS first_token \
             FROM seen GROUP BY 1, 2, 3, 4, 5",
        )
        .bind(workspace)
        .bind(window.from)
        .bind(window.to)
        .bind(bucket)
        .bind(self.hours_end(workspace, window, bucket).await?)
        .fetch_all(&self.journal.read)
        .await?;
        Ok(slices)
    }

    /// The minute of the first call that is still known.
    pub async fn first_use(&self, workspace: &str) -> Stored<Option<i64>> {
        let first = sqlx::query_scalar("SELECT min(minute) FROM rollups WHERE workspace = $1");
        Ok(first.bind(workspace).fetch_one(&self.journal.read).await?)
    }

    /// Adds up the minutes of the oldest hour that is not added up yet, if it ended by `until`. False: none is due.
    pub async fn fold_hour(&self, workspace: &str, until: i64, compact: Compact) -> Stored<bool> {
        let next = "SELECT min(minute) FROM rollups WHERE workspace = $1 AND minute >= $2";
        let start = self.folded(workspace).await?;
        let next = sqlx::query_scalar::<_, Option<i64>>(next).bind(workspace).bind(start);
        let due = next.fetch_one(&self.journal.read).await?.map(|minute| minute - minute.rem_euclid(HOUR));
        let Some(hour) = due.filter(|hour| hour + HOUR <= until) else {
            return Ok(false);
        };
        let mut transaction = self.journal.write.begin_with("BEGIN IMMEDIATE").await?;
        for line in self.minutes_of(workspace, hour).await? {
            let sketch = |bytes: &[u8]| compact(bytes).ok_or(StoreError::Garbled("sketch"));
            sqlx::query(
                "INSERT INTO rollup_hours (workspace, hour, provider, model, key_id, status, calls, tokens_in, \
                                           tokens_out, cost, unpriced, latency, first_token, cache_hits, cache_asked) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
            )
            .bind(workspace)
            .bind(hour)
            .bind(line.provider)
            .bind(line.model)
            .bind(line.key_id)
            .bind(line.status)
            .bind(line.calls)
            .bind(line.tokens_in)
            .bind(line.tokens_out)
            .bind(line.cost)
            .bind(line.unpriced)
            .bind(sketch(&line.latency)?)
            .bind(sketch(&line.first_token)?)
            .bind(line.cache_hits)
            .bind(line.cache_asked)
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// Every workspace's id.
    pub async fn workspace_ids(&self) -> Stored<Vec<String>> {
        Ok(sqlx::query_scalar("SELECT id FROM workspaces ORDER BY id").fetch_all(&self.control.read).await?)
    }

    async fn minutes_of(&self, workspace: &str, hour: i64) -> Stored<Vec<Line>> {
        let lines = sqlx::query_as(
            "SELECT provider, model, key_id, status, \
                    sum(calls) AS calls, sum(tokens_in) AS tokens_in, sum(tokens_out) AS tokens_out, \
                    sum(cost) AS cost, sum(unpriced) AS unpriced, \
                    sum(cache_hits) AS cache_hits, sum(cache_asked) AS cache_asked, \
                    CAST(group_concat(latency, '') AS BLOB) AS latency, \
                    CAST(group_concat(first_token, '') AS BLOB) AS first_token \
             FROM rollups WHERE workspace = $1 AND minute >= $2 AND minute < $3 \
             GROUP BY 1, 2, 3, 4",
        );
        Ok(lines.bind(workspace).bind(hour).bind(hour + HOUR).fetch_all(&self.journal.read).await?)
    }

    /// Where the added-up hours of `window` end: its minutes are read from there on. Buckets that are not whole hours
    /// are read by the minute.
    async fn hours_end(&self, workspace: &str, window: Window, bucket: i64) -> Stored<i64> {
        if bucket % HOUR != 0 || window.from % HOUR != 0 {
            return Ok(window.from);
        }
        let whole = window.to - window.to.rem_euclid(HOUR);
        Ok(self.folded(workspace).await?.min(whole).max(window.from))
    }

    /// The end of the last hour that is added up.
    async fn folded(&self, workspace: &str) -> Stored<i64> {
        let last = "SELECT max(hour) FROM rollup_hours WHERE workspace = $1";
        let last = sqlx::query_scalar::<_, Option<i64>>(last).bind(workspace).fetch_one(&self.journal.read).await?;
        Ok(last.map_or(0, |hour| hour + HOUR))
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
                                      cost, unpriced, latency, first_token, cache_hits, cache_asked) \
                 VALUES ($1, $2, 'cerebras', $3, 'k1', $4, $5, 10, 20, 300, 1, $6, $7, 2, 3)",
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
            cache_hits: 4,
            cache_asked: 6,
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

    #[tokio::test]
    async fn added_up_hours_tell_what_their_minutes_told() {
        let rows = [
            ("default", 0, "a", 200, 1),
            ("default", 59, "a", 200, 2),
            ("default", 59, "a", 500, 4),
            ("default", 200, "b", 200, 8),
            ("default", 290, "b", 200, 16),
        ];
        let shelf = shelf(&rows).await;
        let window = Window { from: 0, to: 298 * MINUTE };
        let before = shelf.store.slices("default", window, 180 * MINUTE).await.unwrap();
        let mut folded = 0;
        while shelf.store.fold_hour("default", 290 * MINUTE, |bytes| Some(bytes.to_vec())).await.unwrap() {
            folded += 1;
        }
        assert_eq!(folded, 2, "the hour that is not over by then stays in minutes");
        assert_eq!(shelf.store.slices("default", window, 180 * MINUTE).await.unwrap(), before);
        sqlx::query("DELETE FROM rollups WHERE minute < $1")
            .bind(240 * MINUTE)
            .execute(&shelf.store.journal.write)
            .await
            .unwrap();
        assert_eq!(shelf.store.slices("default", window, 180 * MINUTE).await.unwrap(), before);
    }
}
