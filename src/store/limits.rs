//! Budgets and rate limits: as they are set, in `control.db`, and what is spent of them, in `journal.db`.

use super::{Store, StoreError, Stored};
use crate::limit::rule::{Lacking, Limit, Scope};
use app::model::Origin;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Row, Sqlite, Transaction};
use std::collections::BTreeMap;

const COLUMNS: &str = "id, workspace, name, scope, subject, rule, conditions, group_by, lacking, origin, created_at, \
                       updated_at, since";

/// A sum of one counter in one period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpentRow {
    pub limit: String,
    pub group: String,
    /// Its start, milliseconds.
    pub period: i64,
    pub amount: i64,
    pub unpriced: u64,
}

/// What came under a rate limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Came {
    pub limit: String,
    pub group: String,
    /// Milliseconds.
    pub at: i64,
    pub amount: u64,
}

/// What the journal knows of all counters.
#[derive(Debug, Default)]
pub struct Remembered {
    /// The latest period of each.
    pub spent: Vec<SpentRow>,
    pub unsettled: Vec<SpentRow>,
    /// Oldest first.
    pub uses: Vec<Came>,
}

impl Store {
    /// Every limit, for the book. (Across workspaces: the book holds all of them.)
    pub async fn live_limits(&self) -> Stored<Vec<Limit>> {
        let sql = format!("SELECT {COLUMNS} FROM limits ORDER BY id");
        let rows = sqlx::query(&sql).fetch_all(&self.control.read).await?;
        let mut limits = rows.iter().map(stored).collect::<Stored<Vec<_>>>()?;
        let resets = sqlx::query("SELECT limit_id, grp, at FROM limit_resets").fetch_all(&self.control.read).await?;
        for row in resets {
            let id: &str = row.try_get(0)?;
            if let Some(limit) = limits.iter_mut().find(|limit| limit.id == id) {
                limit.resets.insert(row.try_get(1)?, row.try_get(2)?);
            }
        }
        Ok(limits)
    }

    pub async fn workspace_limits(&self, workspace: &str) -> Stored<Vec<Limit>> {
        let mut limits = self.live_limits().await?;
        limits.retain(|limit| limit.workspace == workspace);
        Ok(limits)
    }

    /// Adds limits or gives them new content, and removes those of the ids that are `gone`.
    pub async fn put_limits(&self, workspace: &str, limits: &[Limit], gone: &[String]) -> Stored<()> {
        let mut change = self.control.write.begin().await?;
        remove(&mut change, workspace, gone).await?;
        for limit in limits {
            put(&mut change, limit).await?;
        }
        Ok(change.commit().await?)
    }

    /// Begins one group's counter anew.
    pub async fn reset_group(&self, limit: &str, group: &str, at: i64) -> Stored<()> {
        sqlx::query("INSERT OR REPLACE INTO limit_resets (limit_id, grp, at) VALUES ($1, $2, $3)")
            .bind(limit)
            .bind(group)
            .bind(at)
            .execute(&self.control.write)
            .await?;
        Ok(())
    }

    /// Gives back what is held of a counter for calls that nobody knows the end of.
    pub async fn release_unsettled(&self, limit: &str, group: &str) -> Stored<u64> {
        let done = sqlx::query("DELETE FROM unsettled WHERE limit_id = $1 AND grp = $2")
            .bind(limit)
            .bind(group)
            .execute(&self.journal.write)
            .await?;
        Ok(done.rows_affected())
    }

    /// What is known of all counters; of rate limits what came after `since` (milliseconds).
    pub async fn remembered(&self, since: i64) -> Stored<Remembered> {
        let spent = sqlx::query(
            "SELECT limit_id, grp, period, amount, unpriced FROM spent AS one WHERE period = \
             (SELECT max(period) FROM spent WHERE limit_id = one.limit_id AND grp = one.grp)",
        )
        .fetch_all(&self.journal.read)
        .await?;
        let unsettled = sqlx::query(
            "SELECT limit_id, grp, period, sum(amount) AS amount, 0 AS unpriced FROM unsettled \
             GROUP BY limit_id, grp, period ORDER BY period",
        )
        .fetch_all(&self.journal.read)
        .await?;
        let uses = sqlx::query("SELECT limit_id, grp, at, amount FROM window_uses WHERE at > $1 ORDER BY at")
            .bind(since)
            .fetch_all(&self.journal.read)
            .await?;
        let sum = |row: &SqliteRow| {
            Ok(SpentRow {
                limit: row.try_get("limit_id")?,
                group: row.try_get("grp")?,
                period: row.try_get("period")?,
                amount: row.try_get("amount")?,
                unpriced: count(row.try_get("unpriced")?),
            })
        };
        let came = |row: &SqliteRow| {
            let (limit, group) = (row.try_get("limit_id")?, row.try_get("grp")?);
            Ok(Came { limit, group, at: row.try_get("at")?, amount: count(row.try_get("amount")?) })
        };
        Ok(Remembered {
            spent: spent.iter().map(sum).collect::<Stored<_>>()?,
            unsettled: unsettled.iter().map(sum).collect::<Stored<_>>()?,
            uses: uses.iter().map(came).collect::<Stored<_>>()?,
        })
    }

    /// Throws away what was spent of these limits in periods that began before; milliseconds.
    pub async fn prune_spent(&self, over: &[(String, i64)]) -> Stored<()> {
        for (limit, before) in over {
            sqlx::query("DELETE FROM spent WHERE limit_id = $1 AND period < $2")
                .bind(limit)
                .bind(before)
                .execute(&self.journal.write)
                .await?;
        }
        Ok(())
    }

    /// Throws away what no window holds any more.
    pub async fn prune_uses(&self, before: i64) -> Stored<()> {
        sqlx::query("DELETE FROM window_uses WHERE at < $1").bind(before).execute(&self.journal.write).await?;
        Ok(())
    }

    /// Throws away what was unsettled in a period that another has followed.
    pub async fn prune_unsettled(&self) -> Stored<()> {
        sqlx::query(
            "DELETE FROM unsettled WHERE period < (SELECT max(period) FROM spent WHERE limit_id = unsettled.limit_id \
             AND grp = unsettled.grp)",
        )
        .execute(&self.journal.write)
        .await?;
        Ok(())
    }
}

pub(super) async fn remove(change: &mut Transaction<'_, Sqlite>, workspace: &str, ids: &[String]) -> Stored<()> {
    for id in ids {
        sqlx::query("DELETE FROM limits WHERE workspace = $1 AND id = $2")
            .bind(workspace)
            .bind(id)
            .execute(&mut **change)
            .await?;
    }
    Ok(())
}

/// Adds the limit, or gives the row of its id this content.
pub(super) async fn put(connection: &mut SqliteConnection, limit: &Limit) -> Stored<()> {
    let sql = format!(
        "INSERT INTO limits ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, scope = excluded.scope, subject = excluded.subject, \
         rule = excluded.rule, conditions = excluded.conditions, group_by = excluded.group_by, \
         lacking = excluded.lacking, updated_at = excluded.updated_at, since = excluded.since"
    );
    sqlx::query(&sql)
        .bind(&limit.id)
        .bind(&limit.workspace)
        .bind(&limit.name)
        .bind(limit.scope.word())
        .bind(limit.scope.subject())
        .bind(json(&limit.rule))
        .bind(json(&limit.conditions))
        .bind(json(&limit.group_by))
        .bind(if limit.lacking == Lacking::Pass { "pass" } else { "refuse" })
        .bind(limit.origin.word())
        .bind(limit.created_at)
        .bind(limit.updated_at)
        .bind(limit.since)
        .execute(connection)
        .await?;
    Ok(())
}

fn stored(row: &SqliteRow) -> Stored<Limit> {
    let garbled = |_| StoreError::Garbled("limit");
    Ok(Limit {
        id: row.try_get("id")?,
        workspace: row.try_get("workspace")?,
        name: row.try_get("name")?,
        scope: Scope::of(row.try_get("scope")?, row.try_get("subject")?),
        rule: serde_json::from_str(row.try_get("rule")?).map_err(garbled)?,
        conditions: serde_json::from_str(row.try_get("conditions")?).map_err(garbled)?,
        group_by: serde_json::from_str(row.try_get("group_by")?).map_err(garbled)?,
        lacking: if row.try_get::<&str, _>("lacking")? == "pass" { Lacking::Pass } else { Lacking::Refuse },
        origin: Origin::from_word(row.try_get("origin")?),
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
        since: row.try_get("since")?,
        resets: BTreeMap::new(),
    })
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn count(figure: i64) -> u64 {
    u64::try_from(figure).unwrap_or_default()
}
