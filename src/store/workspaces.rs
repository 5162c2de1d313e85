//! Workspaces themselves, and who is told by mail of what happens in them.

use super::{Store, Stored};

/// A workspace. Times are milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Workspace {
    pub slug: String,
    pub name: String,
    pub created_at: i64,
    /// `None`: as it was made.
    pub updated_at: Option<i64>,
}

impl Store {
    pub async fn workspace(&self, id: &str) -> Stored<Option<Workspace>> {
        let found = sqlx::query_as("SELECT slug, name, created_at, updated_at FROM workspaces WHERE id = $1").bind(id);
        Ok(found.fetch_optional(&self.control.read).await?)
    }

    pub async fn rename_workspace(&self, id: &str, name: &str, at: i64) -> Stored<()> {
        sqlx::query("UPDATE workspaces SET name = $2, updated_at = $3 WHERE id = $1")
            .bind(id)
            .bind(name)
            .bind(at)
            .execute(&self.control.write)
            .await?;
        Ok(())
    }

    /// Who is told by mail of the budgets of a key, beside those whom the set-up file names.
    pub async fn alert_emails(&self, key: &str) -> Stored<Vec<String>> {
        let found = sqlx::query_scalar("SELECT emails FROM alert_emails WHERE key = $1").bind(key);
        Ok(listed(found.fetch_optional(&self.control.read).await?))
    }

    /// The same of the key that a budget is for.
    pub async fn emails_of_budget(&self, limit: &str) -> Stored<Vec<String>> {
        let found = sqlx::query_scalar(
            "SELECT e.emails FROM limits l JOIN alert_emails e ON e.key = l.subject WHERE l.id = $1 AND l.scope = 'key'",
        );
        Ok(listed(found.bind(limit).fetch_optional(&self.control.read).await?))
    }

    /// Nobody, where the list is empty.
    pub async fn put_alert_emails(&self, key: &str, emails: &[String]) -> Stored<()> {
        let text = serde_json::to_string(emails).unwrap_or_default();
        let put = match emails {
            [] => sqlx::query("DELETE FROM alert_emails WHERE key = $1").bind(key),
            _ => sqlx::query("INSERT OR REPLACE INTO alert_emails (key, emails) VALUES ($1, $2)").bind(key).bind(text),
        };
        put.execute(&self.control.write).await?;
        Ok(())
    }
}

fn listed(text: Option<String>) -> Vec<String> {
    text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}
