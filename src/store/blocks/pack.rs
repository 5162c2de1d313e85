//! Making blocks.

use super::form::{Kind, Maker, Tail};
use super::tallies::{Counter, Who};
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
        let made = {
            let mut connection = self.journal.read.acquire().await?;
            made(&mut connection, workspace, hour).await?
        };
        let mut transaction = self.journal.write.begin_with("BEGIN IMMEDIATE").await?;
        // What was written since may be missing in it: the next round makes it anew.
        if self.late_calls(workspace, hour).await? == late {
            put(&mut transaction, workspace, hour, &made).await?;
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

/// An hour as it is stored.
struct Made {
    tallies: Vec<u8>,
    block: Vec<u8>,
    calls: u64,
}

/// Makes the block of an hour within a transaction, in the place of the one that is there.
pub(in crate::store) async fn pack_hour(connection: &mut SqliteConnection, workspace: &str, hour: i64) -> Stored<()> {
    let made = made(connection, workspace, hour).await?;
    if made.calls > 0 {
        return put(connection, workspace, hour, &made).await;
    }
    let gone = sqlx::query("DELETE FROM call_blocks WHERE workspace = $1 AND hour = $2");
    gone.bind(workspace).bind(hour).execute(connection).await?;
    Ok(())
}

async fn put(connection: &mut SqliteConnection, workspace: &str, hour: i64, made: &Made) -> Stored<()> {
    sqlx::query(
        "INSERT OR REPLACE INTO call_blocks (workspace, hour, calls, tallies, block) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(workspace)
    .bind(hour)
    .bind(count(made.calls))
    .bind(&made.tallies)
    .bind(&made.block)
    .execute(connection)
    .await?;
    Ok(())
}

async fn made(connection: &mut SqliteConnection, workspace: &str, hour: i64) -> Stored<Made> {
    let sql = format!("SELECT {COLUMNS} FROM calls WHERE id >= $1 AND id < $2 AND workspace = $3 ORDER BY id");
    let (from, to) = (first_id(hour), first_id(hour + HOUR));
    let mut rows = sqlx::query(&sql).bind(from).bind(to).bind(workspace).fetch(connection);
    let (mut maker, mut counter, mut calls) = (Maker::default(), Counter::default(), 0);
    while let Some(row) = rows.try_next().await? {
        add(&mut maker, &mut counter, &row)?;
        calls += 1;
    }
    Ok(Made { tallies: counter.finish(), block: maker.finish(), calls })
}

fn add(maker: &mut Maker, counter: &mut Counter, row: &SqliteRow) -> Stored<()> {
    let (id, status): (&str, u16) = (row.try_get(0)?, row.try_get(1)?);
    let (provider, key): (&str, &str) = (row.try_get(2)?, row.try_get(6)?);
    let served: &str = row.try_get(5)?;
    let model: &str = if served.is_empty() { row.try_get(4)? } else { served };
    let metadata: &str = row.try_get(9)?;
    let metadata: BTreeMap<String, String> =
        if metadata.len() <= 2 { BTreeMap::new() } else { serde_json::from_str(metadata).unwrap_or_default() };
    let tail = tail(row)?;
    let words = &mut counter.words;
    let who = Who { status, provider: words.number(provider), model: words.number(model), key: words.number(key) };
    counter.add(who, tail.tokens_in.saturating_add(tail.tokens_out), tail.cost);
    let words = &mut maker.words;
    let kind = Kind {
        status,
        provider: words.number(provider),
        vendor: words.number(row.try_get(3)?),
        model: words.number(model),
        key: words.number(key),
        config: words.number(row.try_get::<Option<&str>, _>(7)?.unwrap_or_default()),
        cache: words.number(row.try_get(8)?),
    };
    let pairs = metadata.iter().map(|(key, value)| words.number(&format!("{key}\u{0}{value}"))).collect();
    let id = uuid::Uuid::try_parse(id).map_or([0; 16], uuid::Uuid::into_bytes);
    maker.add(&id, kind, pairs, &tail);
    Ok(())
}

fn tail(row: &SqliteRow) -> Stored<Tail> {
    let figure = |column: usize| row.try_get::<i64, _>(column).map(|figure| u64::try_from(figure).unwrap_or(0));
    let some = |column: usize| -> Result<Option<u64>, sqlx::Error> {
        Ok(row.try_get::<Option<i64>, _>(column)?.and_then(|figure| u64::try_from(figure).ok()))
    };
    Ok(Tail {
        tokens_in: figure(10)?,
        tokens_cached: figure(11)?,
        tokens_out: figure(12)?,
        cost: some(13)?,
        latency_us: figure(14)?,
        first_token_us: some(15)?,
        saved_cost: some(16)?.unwrap_or(0),
        saved_us: figure(17)?,
    })
}
