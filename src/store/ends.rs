//! When providers end.

use super::{Store, Stored};
use std::collections::HashMap;

impl Store {
    /// By the provider's id, in milliseconds. (Across workspaces: the book holds all of them.)
    pub async fn provider_ends(&self) -> Stored<HashMap<String, i64>> {
        let rows: Vec<(String, i64)> =
            sqlx::query_as("SELECT provider, at FROM provider_ends").fetch_all(&self.control.read).await?;
        Ok(rows.into_iter().collect())
    }

    /// `None`: it does not end.
    pub async fn end_provider(&self, id: &str, at: Option<i64>) -> Stored<()> {
        let sql = match at {
            Some(_) => {
                "INSERT INTO provider_ends (provider, at) VALUES ($1, $2) ON CONFLICT (provider) DO UPDATE SET at = $2"
            }
            None => "DELETE FROM provider_ends WHERE provider = $1",
        };
        sqlx::query(sql).bind(id).bind(at).execute(&self.control.write).await?;
        Ok(())
    }
}
