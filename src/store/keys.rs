//! API keys. Their secrets are kept as hashes.

use super::{Store, StoreError, Stored};
use crate::secret;
use app::model::Origin;
use app::model::key::{Allowed, KeyRow, PastRow};
use serde::de::DeserializeOwned;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use std::collections::{BTreeMap, HashMap};

const COLUMNS: &str = "id, workspace, name, secret_hash, last_four, scopes, config, metadata, origin, created_by, \
                       created_at, expires_at, revoked_at, kind, description, config_override, updated_at, \
                       metadata_enforced, models, providers";

/// What a key is where nothing is said.
pub const KIND: &str = "workspace-service";
/// Whom a key may stand for.
pub const KINDS: [&str; 3] = [KIND, "workspace-user", "organisation-service"];

/// A key as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKey {
    pub id: String,
    pub workspace: String,
    pub name: String,
    /// In the contract's words: whom it stands for, such as [`KIND`].
    pub kind: String,
    pub description: String,
    /// SHA-256 of the secret.
    pub secret_hash: [u8; 32],
    pub last_four: String,
    pub scopes: Vec<String>,
    /// Slug of the default config.
    pub config: Option<String>,
    /// A call may bring its own config.
    pub config_override: bool,
    pub metadata: BTreeMap<String, String>,
    /// No call overrides the metadata.
    pub enforced: bool,
    pub allowed: Allowed,
    pub origin: Origin,
    /// Person id; `None`: a file.
    pub created_by: Option<String>,
    pub created_at: i64,
    /// `None`: as it was made.
    pub updated_at: Option<i64>,
    pub expires_at: Option<i64>,
    pub revoked_at: Option<i64>,
}

/// A secret of before a rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastSecret {
    pub secret_hash: [u8; 32],
    pub last_four: String,
    /// Id of the key that it still opens.
    pub key: String,
    /// Milliseconds.
    pub until: i64,
}

/// What became of a wish to revoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revocation {
    Done,
    Missing,
    /// Declared in the set-up file.
    Locked,
    /// Another person's key.
    Foreign,
}

impl Store {
    /// Every key that is not revoked, for the book. (Across workspaces: the book holds all of them.)
    pub async fn live_keys(&self) -> Stored<Vec<StoredKey>> {
        let sql = format!("SELECT {COLUMNS} FROM api_keys WHERE revoked_at IS NULL");
        sqlx::query(&sql).fetch_all(&self.control.read).await?.iter().map(stored).collect()
    }

    pub async fn workspace_keys(&self, workspace: &str) -> Stored<Vec<StoredKey>> {
        let sql = format!("SELECT {COLUMNS} FROM api_keys WHERE workspace = $1 ORDER BY id DESC");
        sqlx::query(&sql).bind(workspace).fetch_all(&self.control.read).await?.iter().map(stored).collect()
    }

    /// The keys page: newest first, with calls since `since` and secrets that open after `now` (milliseconds).
    pub async fn keys(&self, workspace: &str, since: i64, now: i64) -> Stored<Vec<KeyRow>> {
        let stored = self.workspace_keys(workspace).await?;
        let past = self.past_secrets().await?.into_iter().filter(|past| past.until > now).collect::<Vec<_>>();
        let calls = self.calls_by_key(workspace, since).await?;
        let used = self.last_used(&stored).await?;
        let hashes = stored.iter().map(|key| &key.secret_hash).chain(past.iter().map(|past| &past.secret_hash));
        let secrets = self.secrets_used(hashes.map(secret::mark).collect()).await?;
        let when = |hash: &[u8; 32]| secrets.get(&secret::mark(hash)).copied();
        let row = |key: StoredKey| KeyRow {
            last_used_at: used.get(&key.id).copied(),
            calls: calls.get(&key.id).copied().unwrap_or_default(),
            secret_used_at: when(&key.secret_hash),
            past: past
                .iter()
                .filter(|past| past.key == key.id)
                .map(|past| past_row(past, when(&past.secret_hash)))
                .collect(),
            id: key.id,
            name: key.name,
            description: key.description,
            last_four: key.last_four,
            scopes: key.scopes,
            config: key.config,
            config_override: key.config_override,
            metadata: key.metadata,
            enforced: key.enforced,
            allowed: key.allowed,
            origin: key.origin,
            created_at: key.created_at,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
            budgets: Vec::new(),
            rates: Vec::new(),
        };
        Ok(stored.into_iter().map(row).collect())
    }

    /// Secrets that were rotated out; some are over. (Across workspaces: the book holds all of them.)
    pub async fn past_secrets(&self) -> Stored<Vec<PastSecret>> {
        let rows = sqlx::query("SELECT secret_hash, key, until, last_four FROM past_secrets ORDER BY until DESC")
            .fetch_all(&self.control.read)
            .await?;
        let past = |row: &SqliteRow| {
            let hash: &[u8] = row.try_get(0)?;
            let secret_hash = hash.try_into().map_err(|_| StoreError::Garbled("hash of a key"))?;
            Ok(PastSecret { secret_hash, key: row.try_get(1)?, until: row.try_get(2)?, last_four: row.try_get(3)? })
        };
        rows.iter().map(past).collect()
    }

    /// Ends a secret of before a rotation. Whether there was one.
    pub async fn end_secret(&self, secret_hash: &[u8; 32]) -> Stored<bool> {
        let ended = sqlx::query("DELETE FROM past_secrets WHERE secret_hash = $1")
            .bind(secret_hash.as_slice())
            .execute(&self.control.write)
            .await?;
        Ok(ended.rows_affected() > 0)
    }

    /// Gives a key its new content; where it has a new secret, `past` is the old one. Those that are over by `now` go.
    pub async fn update_key(&self, key: &StoredKey, past: Option<&PastSecret>, now: i64) -> Stored<()> {
        let mut change = self.control.write.begin().await?;
        sqlx::query("DELETE FROM past_secrets WHERE until <= $1").bind(now).execute(&mut *change).await?;
        if let Some(past) = past {
            sqlx::query("INSERT INTO past_secrets (secret_hash, key, until, last_four) VALUES ($1, $2, $3, $4)")
                .bind(past.secret_hash.as_slice())
                .bind(&past.key)
                .bind(past.until)
                .bind(&past.last_four)
                .execute(&mut *change)
                .await?;
        }
        put(&mut change, key).await?;
        Ok(change.commit().await?)
    }

    pub async fn add_key(&self, key: &StoredKey) -> Stored<()> {
        let mut connection = self.control.write.acquire().await?;
        put(&mut connection, key).await
    }

    /// Revokes at once and for good. With `only_by`, that person's own keys alone.
    pub async fn revoke_key(&self, workspace: &str, id: &str, only_by: Option<&str>, now: i64) -> Stored<Revocation> {
        let found = sqlx::query(
            "SELECT origin, created_by FROM api_keys WHERE workspace = $1 AND id = $2 AND revoked_at IS NULL",
        )
        .bind(workspace)
        .bind(id)
        .fetch_optional(&self.control.write)
        .await?;
        let Some(found) = found else { return Ok(Revocation::Missing) };
        if Origin::from_word(found.try_get(0)?).locked() {
            return Ok(Revocation::Locked);
        }
        if only_by.is_some() && found.try_get::<Option<&str>, _>(1)? != only_by {
            return Ok(Revocation::Foreign);
        }
        sqlx::query("UPDATE api_keys SET revoked_at = $3 WHERE workspace = $1 AND id = $2 AND revoked_at IS NULL")
            .bind(workspace)
            .bind(id)
            .bind(now)
            .execute(&self.control.write)
            .await?;
        Ok(Revocation::Done)
    }

    async fn calls_by_key(&self, workspace: &str, since: i64) -> Stored<HashMap<String, u64>> {
        let rows =
            sqlx::query("SELECT key_id, sum(calls) FROM rollups WHERE workspace = $1 AND minute >= $2 GROUP BY key_id")
                .bind(workspace)
                .bind(since)
                .fetch_all(&self.journal.read)
                .await?;
        let pair =
            |row: &SqliteRow| Ok((row.try_get(0)?, u64::try_from(row.try_get::<i64, _>(1)?).unwrap_or_default()));
        rows.iter().map(pair).collect()
    }

    async fn last_used(&self, keys: &[StoredKey]) -> Stored<HashMap<String, i64>> {
        let ids: Vec<&str> = keys.iter().map(|key| key.id.as_str()).collect();
        let rows =
            sqlx::query("SELECT key_id, last_used_at FROM key_use WHERE key_id IN (SELECT value FROM json_each($1))")
                .bind(json(&ids))
                .fetch_all(&self.journal.read)
                .await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }

    async fn secrets_used(&self, marks: Vec<i64>) -> Stored<HashMap<i64, i64>> {
        let rows = sqlx::query(
            "SELECT secret, last_used_at FROM secret_use WHERE secret IN (SELECT value FROM json_each($1))",
        )
        .bind(json(&marks))
        .fetch_all(&self.journal.read)
        .await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }
}

fn past_row(past: &PastSecret, last_used_at: Option<i64>) -> PastRow {
    let mark = secret::mark(&past.secret_hash).to_string();
    PastRow { mark, last_four: past.last_four.clone(), until: past.until, last_used_at }
}

/// Adds the key, or gives the row of its id this content.
pub(super) async fn put(connection: &mut sqlx::SqliteConnection, key: &StoredKey) -> Stored<()> {
    let sql = format!(
        "INSERT INTO api_keys ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, \
         $14, $15, $16, $17, $18, $19, $20) ON CONFLICT (id) DO UPDATE SET name = excluded.name, secret_hash = excluded.secret_hash, \
         last_four = excluded.last_four, scopes = excluded.scopes, config = excluded.config, \
         metadata = excluded.metadata, expires_at = excluded.expires_at, revoked_at = excluded.revoked_at, \
         description = excluded.description, config_override = excluded.config_override, updated_at = excluded.updated_at, \
         metadata_enforced = excluded.metadata_enforced, models = excluded.models, providers = excluded.providers"
    );
    sqlx::query(&sql)
        .bind(&key.id)
        .bind(&key.workspace)
        .bind(&key.name)
        .bind(key.secret_hash.as_slice())
        .bind(&key.last_four)
        .bind(json(&key.scopes))
        .bind(&key.config)
        .bind(json(&key.metadata))
        .bind(key.origin.word())
        .bind(&key.created_by)
        .bind(key.created_at)
        .bind(key.expires_at)
        .bind(key.revoked_at)
        .bind(&key.kind)
        .bind(&key.description)
        .bind(key.config_override)
        .bind(key.updated_at)
        .bind(key.enforced)
        .bind(json(&key.allowed.models))
        .bind(json(&key.allowed.providers))
        .execute(connection)
        .await
        .map_err(|error| super::people::taken("key", error))?;
    Ok(())
}

fn stored(row: &SqliteRow) -> Stored<StoredKey> {
    let hash: &[u8] = row.try_get("secret_hash")?;
    Ok(StoredKey {
        id: row.try_get("id")?,
        workspace: row.try_get("workspace")?,
        name: row.try_get("name")?,
        kind: row.try_get("kind")?,
        description: row.try_get("description")?,
        secret_hash: hash.try_into().map_err(|_| StoreError::Garbled("hash of a key"))?,
        last_four: row.try_get("last_four")?,
        scopes: parsed(row, "scopes")?,
        config: row.try_get("config")?,
        config_override: row.try_get("config_override")?,
        metadata: parsed(row, "metadata")?,
        enforced: row.try_get("metadata_enforced")?,
        allowed: Allowed { providers: parsed(row, "providers")?, models: parsed(row, "models")? },
        origin: Origin::from_word(row.try_get("origin")?),
        created_by: row.try_get("created_by")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
        expires_at: row.try_get("expires_at")?,
        revoked_at: row.try_get("revoked_at")?,
    })
}

fn parsed<T: DeserializeOwned>(row: &SqliteRow, column: &'static str) -> Stored<T> {
    serde_json::from_str(row.try_get(column)?).map_err(|_| StoreError::Garbled(column))
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests;
