//! Adding up: a quarter of an hour of fresh figures becomes sums.

use super::{DAY, FIGURES, HOUR, QUARTER, ROUTE, Rows, bind_figures, read};
use crate::journal::rollup::{Bin, Figures, cache_word};
use crate::store::journal::Bound;
use crate::store::values::{self, Stretch};
use crate::store::{Store, Stored};
use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use sqlx::{Arguments, Row};
use std::collections::BTreeMap;

/// Rows of one statement at most.
const ROWS_MOST: usize = 200;

/// Sums in the making.
#[derive(Debug, Default)]
pub(super) struct Sums {
    /// By grain, dimension, start and value.
    plain: BTreeMap<(i64, String, i64, String), Figures>,
    /// Those of metadata, by value.
    values: BTreeMap<Stretch, BTreeMap<String, Figures>>,
}

/// One quarter of one workspace.
#[derive(Clone, Copy)]
struct Quarter<'w> {
    workspace: &'w str,
    from: i64,
}

impl Store {
    /// The workspaces that have fresh figures.
    pub async fn rolled_workspaces(&self) -> Stored<Vec<String>> {
        Ok(sqlx::query_scalar("SELECT DISTINCT workspace FROM rollup_fresh").fetch_all(&self.journal.read).await?)
    }

    /// Adds up the oldest quarter of an hour that has fresh figures, if it ended by `until`. False: none is due.
    pub async fn add_up(&self, workspace: &str, until: i64) -> Stored<bool> {
        let oldest = sqlx::query_scalar::<_, Option<i64>>("SELECT min(minute) FROM rollup_fresh WHERE workspace = $1");
        let oldest = oldest.bind(workspace).fetch_one(&self.journal.read).await?;
        let due = oldest.map(|minute| minute - minute.rem_euclid(QUARTER)).filter(|from| from + QUARTER <= until);
        let Some(from) = due else { return Ok(false) };
        let quarter = Quarter { workspace, from };
        let mut transaction = self.journal.write.begin_with("BEGIN IMMEDIATE").await?;
        let mut sums = Sums::default();
        quarter.add_bins(&mut transaction, &mut sums).await?;
        quarter.add_pairs(&mut transaction, &mut sums).await?;
        sums.add_stored(&mut transaction, workspace).await?;
        sums.write(&mut transaction, workspace).await?;
        quarter.move_minutes(&mut transaction).await?;
        transaction.commit().await?;
        Ok(true)
    }
}

impl Quarter<'_> {
    async fn add_bins(self, connection: &mut SqliteConnection, sums: &mut Sums) -> Stored<()> {
        let columns = Rows::Bins.columns();
        let sql = format!("SELECT {columns} FROM rollup_fresh WHERE workspace = $1 AND minute >= $2 AND minute < $3");
        for row in self.bound(&sql).fetch_all(connection).await? {
            let bin = Bin {
                workspace: row.try_get(0)?,
                minute: row.try_get(1)?,
                provider: row.try_get(2)?,
                model: row.try_get(3)?,
                key_id: row.try_get(4)?,
                status: row.try_get(5)?,
                config: row.try_get(6)?,
                cache: cache_word(row.try_get(7)?),
            };
            sums.add_bin(&bin, &read(&row, 8)?);
        }
        Ok(())
    }

    async fn add_pairs(self, connection: &mut SqliteConnection, sums: &mut Sums) -> Stored<()> {
        let sql = format!(
            "SELECT key, value, {FIGURES} FROM rollup_pairs WHERE workspace = $1 AND minute >= $2 AND minute < $3"
        );
        for row in self.bound(&sql).fetch_all(connection).await? {
            sums.add_pair(row.try_get(0)?, row.try_get(1)?, self.from, &read(&row, 2)?);
        }
        Ok(())
    }

    async fn move_minutes(self, connection: &mut SqliteConnection) -> Stored<()> {
        let columns = Rows::Bins.columns();
        let moved = format!(
            "INSERT INTO rollup_minutes ({columns}) SELECT {columns} FROM rollup_fresh \
             WHERE workspace = $1 AND minute >= $2 AND minute < $3{}",
            Rows::Bins.on_top()
        );
        self.bound(&moved).execute(&mut *connection).await?;
        for table in ["rollup_fresh", "rollup_pairs"] {
            let gone = format!("DELETE FROM {table} WHERE workspace = $1 AND minute >= $2 AND minute < $3");
            self.bound(&gone).execute(&mut *connection).await?;
        }
        Ok(())
    }

    fn bound<'q>(self, sql: &'q str) -> sqlx::query::Query<'q, sqlx::Sqlite, SqliteArguments<'q>> {
        sqlx::query(sql).bind(self.workspace.to_owned()).bind(self.from).bind(self.from + QUARTER)
    }
}

impl Sums {
    pub(super) fn add_bin(&mut self, bin: &Bin, figures: &Figures) {
        for (dimension, value) in [
            ("all", String::new()),
            ("route", format!("{}{ROUTE}{}", bin.provider, bin.model)),
            ("key", bin.key_id.clone()),
            ("status", bin.status.to_string()),
            ("config", bin.config.clone()),
            ("cache", bin.cache.to_owned()),
        ] {
            for grain in [QUARTER, HOUR, DAY] {
                let key = (grain, dimension.to_owned(), bin.minute - bin.minute.rem_euclid(grain), value.clone());
                self.plain.entry(key).or_default().merge(figures);
            }
        }
    }

    pub(super) fn add_pair(&mut self, key: &str, value: &str, at: i64, figures: &Figures) {
        for grain in [HOUR, DAY] {
            let values = self.values.entry((grain, key.to_owned(), at - at.rem_euclid(grain))).or_default();
            values.entry(value.to_owned()).or_default().merge(figures);
        }
    }

    /// Adds what is stored of the same sums.
    async fn add_stored(&mut self, connection: &mut SqliteConnection, workspace: &str) -> Stored<()> {
        let mut before = None;
        let mut stretches = Vec::new();
        for (grain, dimension, at, _) in self.plain.keys() {
            let stretch = Some((*grain, dimension.clone(), *at));
            if stretch != before {
                stretches.extend(stretch.clone());
                before = stretch;
            }
        }
        let sql = format!(
            "SELECT value, {FIGURES} FROM rollup_sums WHERE workspace = $1 AND grain = $2 AND dimension = $3 AND at = $4"
        );
        for (grain, dimension, at) in stretches {
            let stored = sqlx::query(&sql).bind(workspace).bind(grain).bind(&dimension).bind(at);
            for row in stored.fetch_all(&mut *connection).await? {
                let key = (grain, dimension.clone(), at, row.try_get(0)?);
                if let Some(figures) = self.plain.get_mut(&key) {
                    figures.merge(&read(&row, 1)?);
                }
            }
        }
        // A pack is written whole: what it has beside the values that are added to stays in it.
        for (stretch, values) in &mut self.values {
            for (value, figures) in values::stored(connection, workspace, stretch).await? {
                values.entry(value).or_default().merge(&figures);
            }
        }
        Ok(())
    }

    pub(super) async fn write(&self, connection: &mut SqliteConnection, workspace: &str) -> Stored<()> {
        let columns = Rows::Sums.columns();
        let row = format!("({})", vec!["?"; columns.split(',').count()].join(","));
        let sums = self.plain.iter().collect::<Vec<_>>();
        for sums in sums.chunks(ROWS_MOST) {
            let mut arguments = SqliteArguments::default();
            sums.iter().try_for_each(|sum| bind(&mut arguments, workspace, *sum)).map_err(sqlx::Error::Encode)?;
            let rows = vec![&*row; sums.len()].join(",");
            let sql = format!("INSERT OR REPLACE INTO rollup_sums ({columns}) VALUES {rows}");
            sqlx::query_with(&sql, arguments).persistent(sums.len() == ROWS_MOST).execute(&mut *connection).await?;
        }
        for (stretch, values) in &self.values {
            values::put(connection, workspace, stretch, values).await?;
        }
        Ok(())
    }
}

fn bind(
    arguments: &mut SqliteArguments<'_>,
    workspace: &str,
    ((grain, dimension, at, value), figures): (&(i64, String, i64, String), &Figures),
) -> Bound {
    arguments.add(workspace.to_owned())?;
    arguments.add(*grain)?;
    arguments.add(dimension.clone())?;
    arguments.add(*at)?;
    arguments.add(value.clone())?;
    bind_figures(arguments, figures)
}
