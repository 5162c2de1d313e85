//! Applies what a person imports, in one transaction.

use super::configs::StoredConfig;
use super::drafts::Pen;
use super::keys::StoredKey;
use super::models::{StoredModel, StoredPrice};
use super::providers::StoredProvider;
use super::{Store, Stored, configs, declared, keys, limits, models, providers};
use crate::limit::rule::Limit;

/// Rows to add or change. All belong to one workspace.
#[derive(Clone, Copy)]
pub struct Import<'a> {
    /// Each after the one whose credential it has.
    pub providers: &'a [StoredProvider],
    pub models: &'a [StoredModel],
    pub prices: &'a [StoredPrice],
    /// Each with a version that is new, or the one that it has.
    pub configs: &'a [StoredConfig],
    pub keys: &'a [StoredKey],
    pub limits: &'a [Limit],
    /// Of new versions.
    pub note: &'a str,
    pub pen: Pen<'a>,
}

impl Store {
    /// All of it or nothing. Fails with `Taken` where a slug or a secret came into use meanwhile. Drafts stay.
    pub async fn apply_import(&self, import: &Import<'_>) -> Stored<()> {
        let mut change = self.control.write.begin().await?;
        for row in import.providers {
            providers::put(&mut change, row).await?;
        }
        for row in import.models {
            models::put_model(&mut change, row).await?;
        }
        for row in import.prices {
            models::add_price(&mut change, row).await?;
        }
        for row in import.configs {
            configs::put(&mut change, row).await?;
            let sql = "UPDATE config_versions SET author = $1, note = $2 WHERE id = $3 AND created_at = $4";
            sqlx::query(sql)
                .bind(import.pen.author)
                .bind(import.note)
                .bind(&row.version)
                .bind(row.updated_at)
                .execute(&mut *change)
                .await?;
            let sql = "UPDATE configs SET revision = revision + 1 WHERE id = $1";
            sqlx::query(sql).bind(&row.id).execute(&mut *change).await?;
        }
        declared::free_hashes(&mut change, import.keys).await?;
        for row in import.keys {
            keys::put(&mut change, row).await?;
        }
        for row in import.limits {
            limits::put(&mut change, row).await?;
        }
        change.commit().await?;
        Ok(())
    }
}
