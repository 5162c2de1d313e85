//! Making blocks.

use super::form::{Head, Maker, Tail};
use crate::store::calls::first_id;
use crate::store::journal::count;
use crate::store::rollups::HOUR;
use crate::store::{Store, Stored};
use futures_util::TryStreamExt;
use sqlx::Row;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use std::collections::BTreeMap;

const COLUMNS: &str = "id, status, provider, vendor, model_asked, model_served, key_id, config, cache_status, metadata, \
     tokens_in, tokens_cached, tokens_out, cost, latency_us, first_token_us, saved_cost, saved_us";

impl Store {
    /// Makes the block of the newest hour that is added up, over by `until`, and has none. False: none is due.
    pub async fn pack_due(&self, workspace: &str, until: i64) -> Stored<bool> {
        let due: Option<i64> = sqlx::query_scalar(
            "SELECT at FROM rollup_sums s WHERE workspace = $1 AND grain = $2 AND dimension = 'all' AND at + $2 <= $3 \
             AND NOT EXISTS (SELECT 1 FROM call_blocks b WHERE b.workspace = s.workspace AND b.hour = s.at) \
             ORDER BY at DESC LIMIT 1",
        )
        .bind(workspace)
        .bind(HOUR)
        .bind(until)
        .fetch_optional(&self.journal.read)
        .await?;
        let Some(hour) = due else { return Ok(false) };
        let late = self.late_calls(workspace, hour).await?;
        let (block, calls) = {
            let mut connection = self.journal.read.acquire().await?;
            made(&mut connection, workspace, hour).await?
        };
        let mut transaction = self.journal.write.begin_with("BEGIN IMMEDIATE").await?;
        // What was written since may be missing in it: the next round makes it anew.
        if self.late_calls(workspace, hour).await? == late {
            put(&mut transaction, workspace, hour, &block, calls).await?;
        }
        transaction.commit().await?;
        Ok(true)
    }

    async fn late_calls(&self, workspace: &str, hour: i64) -> Stored<i64> {
        let late =
            sqlx::query_scalar("SELECT coalesce(sum(calls), 0) FROM late_calls WHERE workspace = $1 AND hour = $2");
        Ok(late.bind(workspace).bind(hour).fetch_one(&self.journal.read).await?)
    }
}

/// Makes the block of an hour within a transaction, in the place of the one that is there.
pub(in crate::store) async fn pack_hour(connection: &mut SqliteConnection, workspace: &str, hour: i64) -> Stored<()> {
    let (block, calls) = made(connection, workspace, hour).await?;
    if calls > 0 {
        return put(connection, workspace, hour, &block, calls).await;
    }
    let gone = sqlx::query("DELETE FROM call_blocks WHERE workspace = $1 AND hour = $2");
    gone.bind(workspace).bind(hour).execute(connection).await?;
    Ok(())
}

async fn put(connection: &mut SqliteConnection, workspace: &str, hour: i64, block: &[u8], calls: u64) -> Stored<()> {
    sqlx::query("INSERT OR REPLACE INTO call_blocks (workspace, hour, calls, block) VALUES ($1, $2, $3, $4)")
        .bind(workspace)
        .bind(hour)
        .bind(count(calls))
        .bind(block)
        .execute(connection)
        .await?;
    Ok(())
}

async fn made(connection: &mut SqliteConnection, workspace: &str, hour: i64) -> Stored<(Vec<u8>, u64)> {
    let sql = format!("SELECT {COLUMNS} FROM calls WHERE id >= $1 AND id < $2 AND workspace = $3 ORDER BY id");
    let (from, to) = (first_id(hour), first_id(hour + HOUR));
    let mut rows = sqlx::query(&sql).bind(from).bind(to).bind(workspace).fetch(connection);
    let (mut maker, mut calls) = (Maker::default(), 0);
    while let Some(row) = rows.try_next().await? {
        add(&mut maker, &row)?;
        calls += 1;
    }
    Ok((maker.finish(), calls))
}

fn add(maker: &mut Maker, row: &SqliteRow) -> Stored<()> {
    let id: &str = row.try_get(0)?;
    let served: &str = row.try_get(5)?;
    let model = if served.is_empty() { row.try_get(4)? } else { served };
    let metadata: &str = row.try_get(9)?;
    let metadata: BTreeMap<String, String> =
        if metadata.len() <= 2 { BTreeMap::new() } else { serde_json::from_str(metadata).unwrap_or_default() };
    let head = Head {
        id: uuid::Uuid::try_parse(id).map_or([0; 16], uuid::Uuid::into_bytes),
        status: row.try_get(1)?,
        provider: maker.word(row.try_get(2)?),
        vendor: maker.word(row.try_get(3)?),
        model: maker.word(model),
        key: maker.word(row.try_get(6)?),
        config: maker.word(row.try_get::<Option<&str>, _>(7)?.unwrap_or_default()),
        cache: maker.word(row.try_get(8)?),
        pairs: metadata.iter().map(|(key, value)| maker.word(&format!("{key}\u{0}{value}"))).collect(),
    };
    let figure = |column: usize| row.try_get::<i64, _>(column).map(|figure| u64::try_from(figure).unwrap_or(0));
    let some = |column: usize| -> Result<Option<u64>, sqlx::Error> {
        Ok(row.try_get::<Option<i64>, _>(column)?.and_then(|figure| u64::try_from(figure).ok()))
    };
    let tail = Tail {
        tokens_in: figure(10)?,
        tokens_cached: figure(11)?,
        tokens_out: figure(12)?,
        cost: some(13)?,
        latency_us: figure(14)?,
        first_token_us: some(15)?,
        saved_cost: some(16)?.unwrap_or(0),
        saved_us: figure(17)?,
    };
    maker.add(&head, &tail);
    Ok(())
}
