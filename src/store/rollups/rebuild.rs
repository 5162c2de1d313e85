//! Making all figures again from the calls, day by day; a day is one transaction, so that it may be stopped anywhere.

use super::fold::Sums;
use super::{DAY, HOUR, Rows, bind_bin};
use crate::journal::record::CallRow;
use crate::journal::rollup::{Bin, Figures, Names, cache_word, metadata};
use crate::store::blocks::pack_hour;
use crate::store::calls::first_id;
use crate::store::{Store, Stored};
use app::model::money::Nanos;
use futures_util::TryStreamExt;
use sqlx::Row;
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use std::collections::{BTreeSet, HashMap};

/// Rows of one statement at most.
const ROWS_MOST: usize = 200;

/// The columns of calls that figures are made from.
pub(in crate::store) const COUNTED: &str = "workspace, key_id, at, status, provider, model_asked, model_served, \
     tokens_in, tokens_cached, tokens_out, cost, latency_us, first_token_us, metadata, config, cache_status, \
     saved_cost, saved_us";

/// What a rebuild found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rebuilt {
    pub days: u64,
    pub calls: u64,
}

/// The figures of one day, from its calls alone.
#[derive(Default)]
struct Day {
    bins: HashMap<Bin, Figures>,
    /// By key, value and hour.
    pairs: HashMap<(String, String, i64), Figures>,
    names: Names,
    calls: u64,
}

impl Store {
    /// Makes the rollups of every workspace again. Nothing else may write meanwhile; `told` hears of each day.
    pub async fn rebuild_rollups(&self, now: i64, mut told: impl FnMut(i64, u64)) -> Stored<Rebuilt> {
        let mut rebuilt = Rebuilt::default();
        for (workspace, day) in self.days().await? {
            let mut transaction = self.journal.write.begin_with("BEGIN IMMEDIATE").await?;
            let calls = rebuild_day(&mut transaction, &workspace, (day, now)).await?;
            transaction.commit().await?;
            told(day, calls);
            rebuilt.days += 1;
            rebuilt.calls += calls;
        }
        Ok(rebuilt)
    }

    /// Workspaces and the days from the first to the last of which there are calls or figures.
    pub(in crate::store) async fn days(&self) -> Stored<Vec<(String, i64)>> {
        let spans: Vec<(String, i64, i64)> = sqlx::query_as(
            "SELECT workspace, min(at), max(at) FROM ( \
                 SELECT workspace, min(at) AS at FROM calls GROUP BY 1 UNION ALL \
                 SELECT workspace, max(at) FROM calls GROUP BY 1 UNION ALL \
                 SELECT workspace, min(minute) FROM rollups GROUP BY 1 UNION ALL \
                 SELECT workspace, max(minute) FROM rollups GROUP BY 1) GROUP BY 1 ORDER BY 1",
        )
        .fetch_all(&self.journal.read)
        .await?;
        let days = spans.into_iter().flat_map(|(workspace, first, last)| {
            let start = first - first.rem_euclid(DAY);
            (0..)
                .map(move |day| start + day * DAY)
                .take_while(move |day| *day <= last)
                .map(move |day| (workspace.clone(), day))
        });
        Ok(days.collect())
    }
}

/// Replaces the figures of one day, and says how many calls it had. Hours that ended by `packed` become blocks.
pub(in crate::store) async fn rebuild_day(
    connection: &mut SqliteConnection,
    workspace: &str,
    (day, packed): (i64, i64),
) -> Stored<u64> {
    for (table, column) in [
        ("rollup_fresh", "minute"),
        ("rollup_minutes", "minute"),
        ("rollup_pairs", "minute"),
        ("rollup_sums", "at"),
        ("rollup_values", "at"),
    ] {
        let gone = format!("DELETE FROM {table} WHERE workspace = $1 AND {column} >= $2 AND {column} < $3");
        sqlx::query(&gone).bind(workspace).bind(day).bind(day + DAY).execute(&mut *connection).await?;
    }
    let figures = Day::read(connection, workspace, day).await?;
    figures.write(connection, workspace).await?;
    // Blocks hold what is gone, or lack what came: they are made anew.
    let blocks = sqlx::query("DELETE FROM call_blocks WHERE workspace = $1 AND hour >= $2 AND hour < $3");
    blocks.bind(workspace).bind(day).bind(day + DAY).execute(&mut *connection).await?;
    for hour in figures.hours_before(packed) {
        pack_hour(connection, workspace, hour).await?;
    }
    Ok(figures.calls)
}

impl Day {
    async fn read(connection: &mut SqliteConnection, workspace: &str, at: i64) -> Stored<Self> {
        let mut day = Self::default();
        let sql = format!("SELECT {COUNTED} FROM calls WHERE id >= $1 AND id < $2 AND workspace = $3 ORDER BY id");
        let mut rows = sqlx::query(&sql).bind(first_id(at)).bind(first_id(at + DAY)).bind(workspace).fetch(connection);
        while let Some(row) = rows.try_next().await? {
            day.add(&counted(&row)?);
        }
        Ok(day)
    }

    fn add(&mut self, call: &CallRow) {
        self.calls += 1;
        self.bins.entry(Bin::of(call)).or_default().add(call);
        let hour = call.at - call.at.rem_euclid(HOUR);
        for (key, value) in metadata(call) {
            if let Some(value) = self.names.admit(&call.workspace, &key, call.at, value) {
                self.pairs.entry((key, value, hour)).or_default().add(call);
            }
        }
    }

    /// The hours that have calls and ended by `until`.
    fn hours_before(&self, until: i64) -> BTreeSet<i64> {
        let hours = self.bins.keys().map(|bin| bin.minute - bin.minute.rem_euclid(HOUR));
        hours.filter(|hour| hour + HOUR <= until).collect()
    }

    async fn write(&self, connection: &mut SqliteConnection, workspace: &str) -> Stored<()> {
        let mut sums = Sums::default();
        self.bins.iter().for_each(|(bin, figures)| sums.add_bin(bin, figures));
        for ((key, value, hour), figures) in &self.pairs {
            sums.add_pair(key, value, *hour, figures);
        }
        sums.write(connection, workspace).await?;
        let mut bins = self.bins.iter().map(|(bin, figures)| (bin.clone(), figures.clone())).collect::<Vec<_>>();
        bins.sort_by(|(a, _), (b, _)| (a.minute, &a.provider, &a.model).cmp(&(b.minute, &b.provider, &b.model)));
        let columns = Rows::Bins.columns();
        let row = format!("({})", vec!["?"; columns.split(',').count()].join(","));
        for bins in bins.chunks(ROWS_MOST) {
            let mut arguments = SqliteArguments::default();
            bins.iter().try_for_each(|bin| bind_bin(&mut arguments, bin)).map_err(sqlx::Error::Encode)?;
            let rows = vec![&*row; bins.len()].join(",");
            let sql = format!("INSERT INTO rollup_minutes ({columns}) VALUES {rows}");
            sqlx::query_with(&sql, arguments).persistent(bins.len() == ROWS_MOST).execute(&mut *connection).await?;
        }
        Ok(())
    }
}

/// As much of a call as is counted, from a row of [`COUNTED`].
pub(in crate::store) fn counted(row: &SqliteRow) -> Stored<CallRow> {
    let count = |column: usize| row.try_get::<i64, _>(column).map(|count| u64::try_from(count).unwrap_or(0));
    Ok(CallRow {
        workspace: row.try_get(0)?,
        key_id: row.try_get(1)?,
        at: row.try_get(2)?,
        status: row.try_get(3)?,
        provider: row.try_get(4)?,
        model_asked: row.try_get(5)?,
        model_served: row.try_get(6)?,
        tokens_in: count(7)?,
        tokens_cached: count(8)?,
        tokens_out: count(9)?,
        cost: row.try_get::<Option<i64>, _>(10)?.map(Nanos),
        latency_us: count(11)?,
        first_token_us: row.try_get::<Option<i64>, _>(12)?.and_then(|us| u64::try_from(us).ok()),
        metadata: row.try_get(13)?,
        config: row.try_get(14)?,
        cache_status: cache_word(row.try_get(15)?),
        saved_cost: row.try_get::<Option<i64>, _>(16)?.map(Nanos),
        saved_us: count(17)?,
        ..CallRow::default()
    })
}
