//! Exports of logs: what was ordered and how far it is. The lines themselves are files.

use crate::store::calls::{CallFilter, EVERY};
use crate::store::{Store, Stored};
use sqlx::QueryBuilder;

/// A row of `exports`.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Export {
    pub id: String,
    pub workspace: String,
    pub description: String,
    /// JSON object, as it was sent.
    pub filters: String,
    /// JSON array of field names, as they were sent.
    pub requested_data: String,
    /// `draft`, `in_progress`, `success`, `failed` or `stopped`.
    pub status: String,
    /// Why it failed.
    pub reason: Option<String>,
    /// Counts the starts. What a run says after the next one began, or after it was stopped, is not heard.
    pub run: i64,
    /// Lines in the file.
    pub written: i64,
    /// Id of a key.
    pub created_by: String,
    /// Milliseconds since 1970 UTC, as is `updated_at`.
    pub created_at: i64,
    pub updated_at: i64,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With so many lines.
    Written(i64),
    /// With a sentence that says why.
    Failed(String),
}

/// Exports that run at the same time, of all workspaces.
pub const MOST_RUNNING: i64 = 4;

const COLUMNS: &str = "id, workspace, description, filters, requested_data, status, reason, run, written, created_by, \
     created_at, updated_at";

impl Store {
    pub async fn add_export(&self, export: &Export) -> Stored<()> {
        let sql = format!("INSERT INTO exports ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)");
        sqlx::query(&sql)
            .bind(&export.id)
            .bind(&export.workspace)
            .bind(&export.description)
            .bind(&export.filters)
            .bind(&export.requested_data)
            .bind(&export.status)
            .bind(&export.reason)
            .bind(export.run)
            .bind(export.written)
            .bind(&export.created_by)
            .bind(export.created_at)
            .bind(export.updated_at)
            .execute(&self.journal.write)
            .await?;
        Ok(())
    }

    pub async fn export(&self, workspace: &str, id: &str) -> Stored<Option<Export>> {
        Ok(self.any_export(id).await?.filter(|export| export.workspace == workspace))
    }

    /// An export whatever its workspace: for those who show a signature in place of a key, and for tidying up.
    pub async fn any_export(&self, id: &str) -> Stored<Option<Export>> {
        let sql = format!("SELECT {COLUMNS} FROM exports WHERE id = $1");
        Ok(sqlx::query_as(&sql).bind(id).fetch_optional(&self.journal.read).await?)
    }

    /// A page of the workspace's exports, newest first, and how many there are in all.
    pub async fn exports(&self, workspace: &str, skipped: i64, limit: i64) -> Stored<(Vec<Export>, i64)> {
        let sql = format!("SELECT {COLUMNS} FROM exports WHERE workspace = $1 ORDER BY id DESC LIMIT $2 OFFSET $3");
        let page = sqlx::query_as(&sql).bind(workspace).bind(limit).bind(skipped).fetch_all(&self.journal.read).await?;
        let total = sqlx::query_scalar("SELECT count(*) FROM exports WHERE workspace = $1")
            .bind(workspace)
            .fetch_one(&self.journal.read)
            .await?;
        Ok((page, total))
    }

    /// Writes a changed order, which makes it a draft again. Whether it could: it must not run, nor have succeeded.
    pub async fn revise_export(&self, export: &Export, now: i64) -> Stored<bool> {
        let revised = sqlx::query(
            "UPDATE exports SET description = $3, filters = $4, requested_data = $5, status = 'draft', reason = NULL, \
             updated_at = $6 WHERE workspace = $1 AND id = $2 AND status IN ('draft', 'failed', 'stopped')",
        )
        .bind(&export.workspace)
        .bind(&export.id)
        .bind(&export.description)
        .bind(&export.filters)
        .bind(&export.requested_data)
        .bind(now)
        .execute(&self.journal.write)
        .await?;
        Ok(revised.rows_affected() > 0)
    }

    /// Begins a run. `None`: it runs already, or as many run as may.
    pub async fn start_export(&self, workspace: &str, id: &str, now: i64) -> Stored<Option<Export>> {
        let sql = format!(
            "UPDATE exports SET status = 'in_progress', reason = NULL, run = run + 1, written = 0, updated_at = $3 \
             WHERE workspace = $1 AND id = $2 AND status <> 'in_progress' \
             AND (SELECT count(*) FROM exports WHERE status = 'in_progress') < $4 RETURNING {COLUMNS}"
        );
        let started = sqlx::query_as(&sql).bind(workspace).bind(id).bind(now).bind(MOST_RUNNING);
        Ok(started.fetch_optional(&self.journal.write).await?)
    }

    /// Whether there was a run to stop.
    pub async fn stop_export(&self, workspace: &str, id: &str, now: i64) -> Stored<bool> {
        let stopped = sqlx::query(
            "UPDATE exports SET status = 'stopped', updated_at = $3 \
             WHERE workspace = $1 AND id = $2 AND status = 'in_progress'",
        )
        .bind(workspace)
        .bind(id)
        .bind(now)
        .execute(&self.journal.write)
        .await?;
        Ok(stopped.rows_affected() > 0)
    }

    /// Notes how far a run is. Whether it is to go on.
    pub async fn advance_export(&self, id: &str, run: i64, written: i64) -> Stored<bool> {
        let advanced =
            sqlx::query("UPDATE exports SET written = $3 WHERE id = $1 AND run = $2 AND status = 'in_progress'")
                .bind(id)
                .bind(run)
                .bind(written)
                .execute(&self.journal.write)
                .await?;
        Ok(advanced.rows_affected() > 0)
    }

    /// Notes how a run ended. `false` where it had been stopped before.
    pub async fn end_export(&self, id: &str, run: i64, ended: &Ended, now: i64) -> Stored<bool> {
        let (status, reason, written) = match ended {
            Ended::Written(lines) => ("success", None, *lines),
            Ended::Failed(reason) => ("failed", Some(reason), 0),
        };
        let ended = sqlx::query(
            "UPDATE exports SET status = $3, reason = $4, written = $5, updated_at = $6 \
             WHERE id = $1 AND run = $2 AND status = 'in_progress'",
        )
        .bind(id)
        .bind(run)
        .bind(status)
        .bind(reason)
        .bind(written)
        .bind(now)
        .execute(&self.journal.write)
        .await?;
        Ok(ended.rows_affected() > 0)
    }

    /// Ends every run as failed: nothing runs when the process starts. Returns how many there were.
    pub async fn fail_exports(&self, reason: &str, now: i64) -> Stored<u64> {
        let failed = sqlx::query(
            "UPDATE exports SET status = 'failed', reason = $1, written = 0, updated_at = $2 \
             WHERE status = 'in_progress'",
        )
        .bind(reason)
        .bind(now)
        .execute(&self.journal.write)
        .await?;
        Ok(failed.rows_affected())
    }

    /// How many calls pass the filter, counted up to `most`.
    pub async fn count_calls(&self, workspace: &str, filter: &CallFilter, most: i64) -> Stored<i64> {
        let mut sql = QueryBuilder::new("SELECT count(*) FROM (SELECT 1 FROM ");
        sql.push(filter.table());
        filter.where_calls(&mut sql, workspace, EVERY);
        sql.push(" LIMIT ").push_bind(most).push(")");
        Ok(sql.build_query_scalar().fetch_one(self.calls_for(filter).await).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::{Ended, Export, MOST_RUNNING};
    use crate::store::calls::seed::journal;

    fn draft(id: &str) -> Export {
        Export {
            id: id.into(),
            workspace: "default".into(),
            description: String::new(),
            filters: "{}".into(),
            requested_data: r#"["id"]"#.into(),
            status: "draft".into(),
            reason: None,
            run: 0,
            written: 0,
            created_by: "k1".into(),
            created_at: 1,
            updated_at: 1,
        }
    }

    #[tokio::test]
    async fn what_a_stopped_run_says_is_not_heard() {
        let (store, _folder) = journal().await;
        store.add_export(&draft("e-1")).await.unwrap();
        assert_eq!(store.start_export("default", "e-1", 2).await.unwrap().unwrap().run, 1);
        assert!(store.start_export("default", "e-1", 2).await.unwrap().is_none(), "it runs already");
        assert!(store.advance_export("e-1", 1, 5).await.unwrap());
        assert!(!store.stop_export("other", "e-1", 3).await.unwrap());
        assert!(store.stop_export("default", "e-1", 3).await.unwrap());
        assert_eq!(store.start_export("default", "e-1", 4).await.unwrap().unwrap().run, 2);
        assert!(!store.advance_export("e-1", 1, 9).await.unwrap());
        assert!(!store.end_export("e-1", 1, &Ended::Written(9), 5).await.unwrap());
        assert!(store.end_export("e-1", 2, &Ended::Written(7), 6).await.unwrap());
        let row = store.export("default", "e-1").await.unwrap().unwrap();
        assert_eq!((row.status.as_str(), row.written, row.updated_at), ("success", 7, 6));
        assert!(store.export("other", "e-1").await.unwrap().is_none());
        assert!(!store.revise_export(&row, 7).await.unwrap(), "its file would say otherwise");
    }

    #[tokio::test]
    async fn only_so_many_run_at_once_and_none_after_a_crash() {
        let (store, _folder) = journal().await;
        for number in 0..=MOST_RUNNING {
            let id = format!("e-{number}");
            store.add_export(&draft(&id)).await.unwrap();
            let started = store.start_export("default", &id, 2).await.unwrap();
            assert_eq!(started.is_some(), number < MOST_RUNNING, "{id}");
        }
        assert_eq!(store.fail_exports("The process ended.", 3).await.unwrap(), 4);
        let (page, total) = store.exports("default", 1, 2).await.unwrap();
        let shown: Vec<_> = page.iter().map(|export| (export.id.as_str(), export.status.as_str())).collect();
        assert_eq!((shown, total), (vec![("e-3", "failed"), ("e-2", "failed")], 5));
    }
}
