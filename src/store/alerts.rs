//! What people were told of budgets, and the outbox.

use super::{Store, Stored};
use app::model::alert::{AlertRow, Crossed, SendRow};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

/// An alert to be told once. Times are milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAlert {
    pub id: String,
    pub workspace: String,
    /// Id of the budget.
    pub budget: String,
    pub part: String,
    pub period: i64,
    pub crossed: Crossed,
    /// The amount crossed.
    pub level: i64,
    /// JSON, as the webhook gets it, with a sentence under `text`.
    pub told: String,
    pub at: i64,
}

/// One alert on one way, to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    pub alert: String,
    /// Id of the budget.
    pub budget: String,
    pub way: String,
    pub tries: u32,
    pub told: String,
}

impl Store {
    /// Keeps the alert and what is to be sent of it, or neither. Whether it was not told before.
    pub async fn add_alert(&self, alert: &NewAlert, ways: &[&str]) -> Stored<bool> {
        let mut change = self.journal.write.begin().await?;
        let added = sqlx::query(
            "INSERT OR IGNORE INTO alerts (id, workspace, budget, part, period, kind, level, told, at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(&alert.id)
        .bind(&alert.workspace)
        .bind(&alert.budget)
        .bind(&alert.part)
        .bind(alert.period)
        .bind(alert.crossed.word())
        .bind(alert.level)
        .bind(&alert.told)
        .bind(alert.at)
        .execute(&mut *change)
        .await?;
        if added.rows_affected() == 0 {
            return Ok(false);
        }
        for way in ways {
            sqlx::query("INSERT INTO alert_sends (alert, way, tries, next_at) VALUES ($1, $2, 0, $3)")
                .bind(&alert.id)
                .bind(way)
                .bind(alert.at)
                .execute(&mut *change)
                .await?;
        }
        change.commit().await?;
        Ok(true)
    }

    /// What of the outbox is due at `now`, the oldest first. (Across workspaces: it has one sender.)
    pub async fn due_sends(&self, now: i64, most: u32) -> Stored<Vec<Due>> {
        let rows = sqlx::query(
            "SELECT alert, way, tries, told, budget FROM alert_sends JOIN alerts ON alerts.id = alert \
             WHERE next_at <= $1 ORDER BY next_at LIMIT $2",
        )
        .bind(now)
        .bind(most)
        .fetch_all(&self.journal.read)
        .await?;
        let due = |row: &SqliteRow| {
            Ok(Due {
                alert: row.try_get(0)?,
                way: row.try_get(1)?,
                tries: row.try_get(2)?,
                told: row.try_get(3)?,
                budget: row.try_get(4)?,
            })
        };
        rows.iter().map(due).collect()
    }

    /// Notes that it was sent.
    pub async fn alert_sent(&self, due: &Due, now: i64) -> Stored<()> {
        sqlx::query(
            "UPDATE alert_sends SET tries = tries + 1, next_at = NULL, sent_at = $3, error = NULL \
             WHERE alert = $1 AND way = $2",
        )
        .bind(&due.alert)
        .bind(&due.way)
        .bind(now)
        .execute(&self.journal.write)
        .await?;
        Ok(())
    }

    /// Notes that a try failed. It is tried again at `next`, or, without one, given up.
    pub async fn alert_failed(&self, due: &Due, next: Option<i64>, error: &str) -> Stored<()> {
        sqlx::query("UPDATE alert_sends SET tries = tries + 1, next_at = $3, error = $4 WHERE alert = $1 AND way = $2")
            .bind(&due.alert)
            .bind(&due.way)
            .bind(next)
            .bind(error)
            .execute(&self.journal.write)
            .await?;
        Ok(())
    }

    /// The newest alerts of a workspace.
    pub async fn alerts(&self, workspace: &str, most: u32) -> Stored<Vec<AlertRow>> {
        let rows = sqlx::query(
            "SELECT id, budget, part, period, kind, told, at FROM alerts WHERE workspace = $1 ORDER BY id DESC LIMIT $2",
        )
        .bind(workspace)
        .bind(most)
        .fetch_all(&self.journal.read)
        .await?;
        let mut alerts = rows.iter().map(alert).collect::<Stored<Vec<_>>>()?;
        for alert in &mut alerts {
            let sends = sqlx::query(
                "SELECT way, tries, sent_at, next_at, error FROM alert_sends WHERE alert = $1 ORDER BY way DESC",
            )
            .bind(&alert.id)
            .fetch_all(&self.journal.read)
            .await?;
            alert.sends = sends.iter().map(send).collect::<Stored<_>>()?;
        }
        Ok(alerts)
    }

    /// Forgets alerts of before `before`. (Across workspaces: time is the same in all of them.)
    pub async fn forget_alerts(&self, before: i64) -> Stored<()> {
        sqlx::query("DELETE FROM alerts WHERE at < $1").bind(before).execute(&self.journal.write).await?;
        Ok(())
    }
}

fn alert(row: &SqliteRow) -> Stored<AlertRow> {
    let told: serde_json::Value = serde_json::from_str(row.try_get("told")?).unwrap_or_default();
    Ok(AlertRow {
        id: row.try_get("id")?,
        budget: row.try_get("budget")?,
        part: row.try_get("part")?,
        period: row.try_get("period")?,
        crossed: Crossed::from_word(row.try_get("kind")?),
        text: told["text"].as_str().unwrap_or_default().to_owned(),
        at: row.try_get("at")?,
        sends: Vec::new(),
    })
}

fn send(row: &SqliteRow) -> Stored<SendRow> {
    Ok(SendRow {
        way: row.try_get("way")?,
        tries: row.try_get("tries")?,
        sent_at: row.try_get("sent_at")?,
        next_at: row.try_get("next_at")?,
        error: row.try_get("error")?,
    })
}
