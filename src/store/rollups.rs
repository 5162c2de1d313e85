//! The figures that the journal's writer keeps, and their sums.
//!
//! Each figure stands in exactly one place: fresh, or added up. Moving it is one transaction, so that a reader who adds
//! both never misses nor doubles one, whenever the process was killed.

mod fold;
mod rebuild;

pub use rebuild::Rebuilt;
pub(in crate::store) use rebuild::{COUNTED, counted, rebuild_day};

use crate::journal::rollup::{Bin, Figures, KEYS_MOST, OTHER, Pair};
use crate::store::journal::{Bound, count};
use crate::store::{Store, StoreError, Stored, values};
use app::model::range::Window;
use sqlx::Arguments;
use sqlx::Row;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use std::collections::BTreeSet;

pub const MINUTE: i64 = 60_000;
pub const QUARTER: i64 = 15 * MINUTE;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// What stands between the provider and the model of a route.
pub const ROUTE: char = '\u{1f}';

/// The columns of figures, in every table that has them.
pub(in crate::store) const FIGURES: &str = "calls, errors, tokens_in, tokens_cached, tokens_out, cost, unpriced, cache_hits, \
     cache_asked, saved_cost, saved_us, hit_us, took_us, latency, first_token";

/// What rows are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Rows {
    Bins,
    Pairs,
    Sums,
}

impl Rows {
    fn own(self) -> &'static str {
        match self {
            Self::Bins => "workspace, minute, provider, model, key_id, status, config, cache",
            Self::Pairs => "workspace, minute, key, value",
            Self::Sums => "workspace, grain, dimension, at, value",
        }
    }

    pub(in crate::store) fn columns(self) -> String {
        format!("{}, {FIGURES}", self.own())
    }

    /// Adds to what is there: sketches laid end to end are one.
    pub(in crate::store) fn on_top(self) -> String {
        let sum = |column: &str| match column {
            "latency" | "first_token" => format!("{column} = CAST({column} || excluded.{column} AS BLOB)"),
            _ => format!("{column} = {column} + excluded.{column}"),
        };
        let sums = FIGURES.split(',').map(|column| sum(column.trim())).collect::<Vec<_>>();
        format!(" ON CONFLICT ({}) DO UPDATE SET {}", self.own(), sums.join(", "))
    }
}

impl Store {
    /// What is stored of a bin, not yet added up; nothing stored is zero.
    pub async fn figures(&self, bin: &Bin) -> Stored<Figures> {
        let sql = format!(
            "SELECT {FIGURES} FROM rollup_fresh WHERE workspace = $1 AND minute = $2 AND provider = $3 AND model = $4 \
             AND key_id = $5 AND status = $6 AND config = $7 AND cache = $8"
        );
        let row = sqlx::query(&sql)
            .bind(&bin.workspace)
            .bind(bin.minute)
            .bind(&bin.provider)
            .bind(&bin.model)
            .bind(&bin.key_id)
            .bind(i64::from(bin.status))
            .bind(&bin.config)
            .bind(bin.cache)
            .fetch_optional(&self.journal.read)
            .await?;
        row.as_ref().map_or_else(|| Ok(Figures::default()), |row| read(row, 0))
    }

    /// The same of a pair of metadata.
    pub async fn pair_figures(&self, pair: &Pair) -> Stored<Figures> {
        let sql = format!(
            "SELECT {FIGURES} FROM rollup_pairs WHERE workspace = $1 AND minute = $2 AND key = $3 AND value = $4"
        );
        let row = sqlx::query(&sql)
            .bind(&pair.workspace)
            .bind(pair.minute)
            .bind(&pair.key)
            .bind(&pair.value)
            .fetch_optional(&self.journal.read)
            .await?;
        row.as_ref().map_or_else(|| Ok(Figures::default()), |row| read(row, 0))
    }

    /// The values that a key of metadata has had since the start of a day.
    pub async fn values_of(&self, workspace: &str, key: &str, day: i64) -> Stored<Vec<String>> {
        let fresh = sqlx::query_scalar(
            "SELECT DISTINCT value FROM rollup_pairs \
             WHERE workspace = $1 AND minute >= $2 AND minute < $2 + $3 AND key = $4",
        );
        // One transaction, so that what is added up meanwhile is in one of the two.
        let mut moment = self.journal.read.begin().await?;
        let fresh: Vec<String> = fresh.bind(workspace).bind(day).bind(DAY).bind(key).fetch_all(&mut *moment).await?;
        let summed = values::stored(&mut moment, workspace, &(DAY, key.to_owned(), day)).await?;
        let all: BTreeSet<String> = summed.into_keys().chain(fresh).filter(|value| value != OTHER).collect();
        Ok(all.into_iter().collect())
    }

    /// The latest minute that has fresh figures; 0: none has.
    pub async fn newest_minute(&self) -> Stored<i64> {
        let newest = sqlx::query_scalar("SELECT coalesce(max(minute), 0) FROM rollup_fresh");
        Ok(newest.fetch_one(&self.journal.read).await?)
    }

    /// Whether a day of `window` has so many keys of metadata that sums may lack calls of some.
    pub async fn is_crowded(&self, workspace: &str, window: Window) -> Stored<bool> {
        let crowded = sqlx::query_scalar(
            "WITH named(day, key) AS ( \
                 SELECT at, key FROM rollup_values WHERE workspace = $1 AND grain = $2 AND at >= $3 AND at < $4 \
                 UNION SELECT DISTINCT minute / $2 * $2, key FROM rollup_pairs \
                 WHERE workspace = $1 AND minute >= $3 AND minute < $4) \
             SELECT EXISTS (SELECT 1 FROM named GROUP BY day HAVING count(*) >= $5)",
        );
        let days = (window.from - window.from.rem_euclid(DAY), window.to + (-window.to).rem_euclid(DAY));
        let crowded = crowded.bind(workspace).bind(DAY).bind(days.0).bind(days.1);
        Ok(crowded.bind(i64::try_from(KEYS_MOST).unwrap_or(i64::MAX)).fetch_one(&self.journal.read).await?)
    }

    /// The keys of metadata that calls of `workspace` had between two moments, in order.
    pub async fn metadata_keys(&self, workspace: &str, from: i64, to: i64) -> Stored<Vec<String>> {
        let summed: Vec<String> = sqlx::query_scalar(
            "WITH RECURSIVE named(key) AS ( \
                 SELECT min(key) FROM rollup_values WHERE workspace = $1 AND grain = $2 \
                 UNION ALL SELECT (SELECT min(key) FROM rollup_values WHERE workspace = $1 AND grain = $2 \
                                   AND key > named.key) FROM named WHERE key IS NOT NULL) \
             SELECT key FROM named WHERE key IS NOT NULL \
             AND EXISTS (SELECT 1 FROM rollup_values v WHERE v.workspace = $1 AND v.grain = $2 \
                         AND v.key = named.key AND v.at >= $3 AND v.at < $4)",
        )
        .bind(workspace)
        .bind(DAY)
        .bind(from - from.rem_euclid(DAY))
        .bind(to)
        .fetch_all(&self.journal.read)
        .await?;
        let fresh: Vec<String> = sqlx::query_scalar(
            "SELECT DISTINCT key FROM rollup_pairs WHERE workspace = $1 AND minute >= $2 AND minute < $3",
        )
        .bind(workspace)
        .bind(from)
        .bind(to)
        .fetch_all(&self.journal.read)
        .await?;
        Ok(summed.into_iter().chain(fresh).collect::<BTreeSet<_>>().into_iter().collect())
    }
}

/// Reads the columns of [`FIGURES`] from the one at `at` on.
pub(in crate::store) fn read(row: &SqliteRow, at: usize) -> Stored<Figures> {
    let whole = |column: usize| row.try_get::<i64, _>(at + column);
    let count = |column: usize| whole(column).map(|count| u64::try_from(count).unwrap_or(0));
    let mut figures = Figures {
        calls: count(0)?,
        errors: count(1)?,
        tokens_in: count(2)?,
        tokens_cached: count(3)?,
        tokens_out: count(4)?,
        cost: whole(5)?,
        unpriced: count(6)?,
        cache_hits: count(7)?,
        cache_asked: count(8)?,
        saved_cost: whole(9)?,
        saved_us: count(10)?,
        hit_us: count(11)?,
        took_us: count(12)?,
        ..Figures::default()
    };
    figures
        .gather(row.try_get::<&[u8], _>(at + 13)?, row.try_get::<&[u8], _>(at + 14)?)
        .map_err(|_| StoreError::Garbled("sketch"))?;
    Ok(figures)
}

pub(in crate::store) fn bind_bin(arguments: &mut SqliteArguments<'_>, (bin, figures): &(Bin, Figures)) -> Bound {
    arguments.add(bin.workspace.clone())?;
    arguments.add(bin.minute)?;
    arguments.add(bin.provider.clone())?;
    arguments.add(bin.model.clone())?;
    arguments.add(bin.key_id.clone())?;
    arguments.add(i64::from(bin.status))?;
    arguments.add(bin.config.clone())?;
    arguments.add(bin.cache)?;
    bind_figures(arguments, figures)
}

pub(in crate::store) fn bind_pair(arguments: &mut SqliteArguments<'_>, (pair, figures): &(Pair, Figures)) -> Bound {
    arguments.add(pair.workspace.clone())?;
    arguments.add(pair.minute)?;
    arguments.add(pair.key.clone())?;
    arguments.add(pair.value.clone())?;
    bind_figures(arguments, figures)
}

fn bind_figures(arguments: &mut SqliteArguments<'_>, figures: &Figures) -> Bound {
    for figure in [figures.calls, figures.errors, figures.tokens_in, figures.tokens_cached, figures.tokens_out] {
        arguments.add(count(figure))?;
    }
    arguments.add(figures.cost)?;
    for figure in [figures.unpriced, figures.cache_hits, figures.cache_asked] {
        arguments.add(count(figure))?;
    }
    arguments.add(figures.saved_cost)?;
    for figure in [figures.saved_us, figures.hit_us, figures.took_us] {
        arguments.add(count(figure))?;
    }
    for sketch in [&figures.latency, &figures.first_token] {
        let mut bytes = Vec::with_capacity(64);
        sketch.encode(&mut bytes);
        arguments.add(bytes)?;
    }
    Ok(())
}
