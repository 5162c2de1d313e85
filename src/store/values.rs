//! Sums of the values of metadata, packed: one row a key, hour or day.

pub mod pack;

use crate::journal::rollup::Figures;
use crate::store::rollups::{FIGURES, read};
use crate::store::{Store, StoreError, Stored};
use app::model::range::Window;
use pack::{Garbled, entries, pack};
use sqlx::Row;
use sqlx::sqlite::SqliteConnection;
use std::collections::BTreeMap;

/// Stretches that one transaction packs.
const STRETCHES: i64 = 200;

/// Grain, key of metadata and start of a pack.
pub(in crate::store) type Stretch = (i64, String, i64);

impl Store {
    /// Packs what an older version left as rows.
    pub(in crate::store) async fn pack_left_values(&self) -> Stored<()> {
        loop {
            let mut transaction = self.journal.write.begin_with("BEGIN IMMEDIATE").await?;
            let left: Vec<(String, i64, String, i64)> =
                sqlx::query_as("SELECT workspace, grain, key, at FROM values_unpacked LIMIT $1")
                    .bind(STRETCHES)
                    .fetch_all(&mut *transaction)
                    .await?;
            if left.is_empty() {
                return Ok(());
            }
            for (workspace, grain, key, at) in left {
                repack(&mut transaction, &workspace, &(grain, key, at)).await?;
            }
            transaction.commit().await?;
        }
    }
}

/// Start and pack of each stretch of `grain` that begins in `window`, oldest first.
pub(in crate::store) async fn packs(
    connection: &mut SqliteConnection,
    (workspace, key): (&str, &str),
    window: Window,
    grain: i64,
) -> Stored<Vec<(i64, Vec<u8>)>> {
    let packs = sqlx::query_as(
        "SELECT at, pack FROM rollup_values WHERE workspace = $1 AND grain = $2 AND key = $3 AND at >= $4 AND at < $5 \
         ORDER BY at",
    );
    let packs = packs.bind(workspace).bind(grain).bind(key).bind(window.from).bind(window.to);
    Ok(packs.fetch_all(connection).await?)
}

/// What is stored of a stretch.
pub(in crate::store) async fn stored(
    connection: &mut SqliteConnection,
    workspace: &str,
    (grain, key, at): &Stretch,
) -> Stored<BTreeMap<String, Figures>> {
    let pack: Option<Vec<u8>> = sqlx::query_scalar(
        "SELECT pack FROM rollup_values WHERE workspace = $1 AND grain = $2 AND key = $3 AND at = $4",
    )
    .bind(workspace)
    .bind(grain)
    .bind(key)
    .bind(at)
    .fetch_optional(connection)
    .await?;
    let whole = entries(pack.as_deref().unwrap_or_default()).map(|entry| {
        let entry = entry?;
        Ok((entry.value.to_owned(), entry.whole()?))
    });
    whole.collect::<Result<_, Garbled>>().map_err(|Garbled| StoreError::Garbled("pack"))
}

/// Puts all values of a stretch in the place of what is there.
pub(in crate::store) async fn put(
    connection: &mut SqliteConnection,
    workspace: &str,
    (grain, key, at): &Stretch,
    values: &BTreeMap<String, Figures>,
) -> Stored<()> {
    sqlx::query("INSERT OR REPLACE INTO rollup_values (workspace, grain, key, at, pack) VALUES ($1, $2, $3, $4, $5)")
        .bind(workspace)
        .bind(grain)
        .bind(key)
        .bind(at)
        .bind(pack(values))
        .execute(connection)
        .await?;
    Ok(())
}

async fn repack(connection: &mut SqliteConnection, workspace: &str, stretch: &Stretch) -> Stored<()> {
    let (grain, key, at) = stretch;
    let rows = "rollup_sums WHERE workspace = $1 AND grain = $2 AND dimension = 'meta.' || $3 AND at = $4";
    let mut values = stored(connection, workspace, stretch).await?;
    let sql = format!("SELECT value, {FIGURES} FROM {rows}");
    let found = sqlx::query(&sql).bind(workspace).bind(grain).bind(key).bind(at);
    for row in found.fetch_all(&mut *connection).await? {
        values.entry(row.try_get(0)?).or_default().merge(&read(&row, 1)?);
    }
    put(connection, workspace, stretch, &values).await?;
    for gone in [
        format!("DELETE FROM {rows}"),
        "DELETE FROM values_unpacked WHERE workspace = $1 AND grain = $2 AND key = $3 AND at = $4".to_owned(),
    ] {
        sqlx::query(&gone).bind(workspace).bind(grain).bind(key).bind(at).execute(&mut *connection).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::rollups::HOUR;
    use crate::store::usage::Dimension;

    #[tokio::test]
    async fn rows_that_an_older_version_left_are_packed_at_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), false).await.unwrap();
        for value in ["prod", "dev"] {
            sqlx::query(&format!(
                "INSERT INTO rollup_sums (workspace, grain, dimension, at, value, {FIGURES}) \
                 VALUES ('default', $1, 'meta.env', 0, $2, 3, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, X'', X'')"
            ))
            .bind(HOUR)
            .bind(value)
            .execute(&store.journal.write)
            .await
            .unwrap();
        }
        let queue = "INSERT INTO values_unpacked VALUES ('default', $1, 'env', 0)";
        sqlx::query(queue).bind(HOUR).execute(&store.journal.write).await.unwrap();
        store.close().await;

        let store = Store::open(folder.path(), false).await.unwrap();
        let env = Dimension::Metadata("env".into());
        let mut slices = store.slices("default", &env, Window { from: 0, to: HOUR }, HOUR).await.unwrap();
        slices.sort_by(|a, b| a.value.cmp(&b.value));
        let told: Vec<_> = slices.iter().map(|slice| (&*slice.value, slice.calls, slice.cost)).collect();
        assert_eq!(told, [("dev", 3, 7), ("prod", 3, 7)]);
        for table in ["rollup_sums", "values_unpacked"] {
            let left: i64 = sqlx::query_scalar(&format!("SELECT count(*) FROM {table}"))
                .fetch_one(&store.journal.read)
                .await
                .unwrap();
            assert_eq!(left, 0, "{table}");
        }
    }
}
