//! Applies what the set-up file and the environment declare, in one transaction.

use super::configs::StoredConfig;
use super::keys::StoredKey;
use super::models::{StoredModel, StoredPrice};
use super::people::NewPerson;
use super::providers::StoredProvider;
use super::{Store, Stored, configs, keys, limits, models, providers};
use crate::limit::rule::Limit;
use sqlx::{Sqlite, Transaction};

/// Rows to add or change, and ids of rows to remove. All belong to one workspace.
#[derive(Clone, Debug, Default)]
pub struct Edits<'a> {
    pub owner: Option<NewPerson<'a>>,
    pub providers: Vec<StoredProvider>,
    pub configs: Vec<StoredConfig>,
    pub keys: Vec<StoredKey>,
    pub limits: Vec<Limit>,
    /// All that the file says of models and prices, whatever it said before.
    pub models: Vec<StoredModel>,
    pub prices: Vec<StoredPrice>,
    pub gone_providers: Vec<String>,
    pub gone_configs: Vec<String>,
    pub gone_keys: Vec<String>,
    pub gone_limits: Vec<String>,
}

impl Store {
    /// Removals come first, so that what they held (a slug, a hash) is free again.
    pub async fn apply_declared(&self, workspace: &str, edits: &Edits<'_>) -> Stored<()> {
        let mut change = self.control.write.begin().await?;
        remove(&mut change, workspace, edits).await?;
        match &edits.owner {
            Some(owner) => put_owner(&mut change, workspace, owner).await?,
            None => adopt_owner(&mut change).await?,
        }
        for provider in &edits.providers {
            providers::put(&mut change, provider).await?;
        }
        for config in &edits.configs {
            configs::put(&mut change, config).await?;
        }
        models::declare(&mut change, workspace, &edits.models, &edits.prices).await?;
        free_hashes(&mut change, &edits.keys).await?;
        for key in &edits.keys {
            keys::put(&mut change, key).await?;
        }
        limits::remove(&mut change, workspace, &edits.gone_limits).await?;
        for limit in &edits.limits {
            limits::put(&mut change, limit).await?;
        }
        change.commit().await?;
        Ok(())
    }
}

async fn remove(change: &mut Transaction<'_, Sqlite>, workspace: &str, edits: &Edits<'_>) -> Stored<()> {
    for (sql, ids) in [
        ("DELETE FROM providers WHERE workspace = $1 AND id = $2", &edits.gone_providers),
        ("DELETE FROM configs WHERE workspace = $1 AND id = $2", &edits.gone_configs),
        ("DELETE FROM api_keys WHERE workspace = $1 AND id = $2", &edits.gone_keys),
    ] {
        for id in ids {
            sqlx::query(sql).bind(workspace).bind(id).execute(&mut **change).await?;
        }
    }
    Ok(())
}

/// An owner whom the file named before has no place here any more; the account stays, for what it made refers to it.
async fn put_owner(change: &mut Transaction<'_, Sqlite>, workspace: &str, owner: &NewPerson<'_>) -> Stored<()> {
    sqlx::query(
        "INSERT INTO people (id, email, password_hash, origin, created_at) VALUES ($1, $2, $3, 'file', $4) \
         ON CONFLICT (id) DO UPDATE SET password_hash = excluded.password_hash",
    )
    .bind(owner.id)
    .bind(owner.email)
    .bind(owner.password_hash)
    .bind(owner.at)
    .execute(&mut **change)
    .await?;
    sqlx::query(
        "INSERT INTO members (workspace, person, role, joined_at) VALUES ($1, $2, 'owner', $3) \
         ON CONFLICT (workspace, person) DO UPDATE SET role = excluded.role",
    )
    .bind(workspace)
    .bind(owner.id)
    .bind(owner.at)
    .execute(&mut **change)
    .await?;
    sqlx::query(
        "DELETE FROM members WHERE workspace = $1 AND person <> $2 \
         AND person IN (SELECT id FROM people WHERE origin = 'file')",
    )
    .bind(workspace)
    .bind(owner.id)
    .execute(&mut **change)
    .await?;
    Ok(())
}

/// A file that names no owner leaves the one it named before in charge, as an account like any other.
async fn adopt_owner(change: &mut Transaction<'_, Sqlite>) -> Stored<()> {
    sqlx::query("UPDATE people SET origin = 'console' WHERE origin = 'file' AND id IN (SELECT person FROM members)")
        .execute(&mut **change)
        .await?;
    Ok(())
}

/// Lets two keys swap their values: each row about to change gives up its hash first.
pub(super) async fn free_hashes(change: &mut Transaction<'_, Sqlite>, keys: &[StoredKey]) -> Stored<()> {
    for key in keys {
        sqlx::query("UPDATE api_keys SET secret_hash = CAST(id AS BLOB) WHERE workspace = $1 AND id = $2")
            .bind(&key.workspace)
            .bind(&key.id)
            .execute(&mut **change)
            .await?;
    }
    Ok(())
}
