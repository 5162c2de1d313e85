//! Configs and their versions, which are immutable: publishing adds one and moves the pointer.

use super::{Store, Stored};
use app::model::Origin;
use app::model::config::{Aside, ConfigUser, Version};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use std::collections::HashMap;

/// A config with its published version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredConfig {
    pub id: String,
    pub workspace: String,
    /// `pc-…`, as clients name it.
    pub slug: String,
    pub name: String,
    /// Id of the published version, which calls record; empty where none was published yet.
    pub version: String,
    /// Counts from 1; 0: never published.
    pub number: i64,
    /// The JSON text.
    pub body: String,
    pub origin: Origin,
    pub created_at: i64,
    pub updated_at: i64,
}

/// A config as its editors need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFile {
    pub config: StoredConfig,
    pub revision: i64,
    /// Who published, for people to read.
    pub author: Option<String>,
    pub draft: Option<StoredDraft>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDraft {
    pub body: String,
    pub base: i64,
    /// For people to read.
    pub author: Option<String>,
    pub at: i64,
}

const SELECT: &str = "SELECT c.id, c.workspace, c.slug, c.name, c.version, COALESCE(v.number, 0) AS number, \
                      COALESCE(v.body, '') AS body, c.origin, c.created_at, c.updated_at";
const FROM: &str = "FROM configs c LEFT JOIN config_versions v ON v.id = c.version";
/// An author is a person's id, or the name of something that is no person.
const FILE: &str = ", c.revision, COALESCE(p.email, v.author) AS author, d.body AS draft, d.base, \
                    COALESCE(q.email, d.author) AS drafter, d.updated_at AS drafted_at";
const FILE_FROM: &str = "LEFT JOIN people p ON p.id = v.author LEFT JOIN drafts d ON d.config = c.id \
                         LEFT JOIN people q ON q.id = d.author";
/// Versions listed at most.
const VERSIONS: i64 = 500;
/// Calls looked through, so that a busy day does not hold up a page.
const LOOKED_THROUGH: i64 = 100_000;

impl Store {
    /// Every published config, for the book. (Across workspaces: the book holds all of them.)
    pub async fn live_configs(&self) -> Stored<Vec<StoredConfig>> {
        let sql = format!("{SELECT} {FROM} WHERE c.version <> ''");
        sqlx::query(&sql).fetch_all(&self.control.read).await?.iter().map(stored).collect()
    }

    /// Published or not.
    pub async fn workspace_configs(&self, workspace: &str) -> Stored<Vec<StoredConfig>> {
        let sql = format!("{SELECT} {FROM} WHERE c.workspace = $1 ORDER BY c.name, c.slug");
        sqlx::query(&sql).bind(workspace).fetch_all(&self.control.read).await?.iter().map(stored).collect()
    }

    /// The configs page, by name.
    pub async fn config_files(&self, workspace: &str) -> Stored<Vec<ConfigFile>> {
        let sql = format!("{SELECT}{FILE} {FROM} {FILE_FROM} WHERE c.workspace = $1 ORDER BY c.name, c.slug");
        sqlx::query(&sql).bind(workspace).fetch_all(&self.control.read).await?.iter().map(file).collect()
    }

    /// By slug or id.
    pub async fn config_file(&self, workspace: &str, name: &str) -> Stored<Option<ConfigFile>> {
        let sql = format!("{SELECT}{FILE} {FROM} {FILE_FROM} WHERE c.workspace = $1 AND (c.slug = $2 OR c.id = $2)");
        let row = sqlx::query(&sql).bind(workspace).bind(name).fetch_optional(&self.control.read).await?;
        row.as_ref().map(file).transpose()
    }

    /// Newest first, by the config's id.
    pub async fn config_versions(&self, config: &str) -> Stored<Vec<Version>> {
        let rows = sqlx::query(
            "SELECT v.number, v.id, COALESCE(p.email, v.author), v.created_at, v.note, v.id = c.version \
             FROM config_versions v JOIN configs c ON c.id = v.config LEFT JOIN people p ON p.id = v.author \
             WHERE v.config = $1 ORDER BY v.number DESC LIMIT $2",
        )
        .bind(config)
        .bind(VERSIONS)
        .fetch_all(&self.control.read)
        .await?;
        let version = |row: &SqliteRow| {
            Ok(Version {
                number: row.try_get(0)?,
                id: row.try_get(1)?,
                author: row.try_get(2)?,
                at: row.try_get(3)?,
                note: row.try_get(4)?,
                published: row.try_get(5)?,
                calls: 0,
                failed: 0,
            })
        };
        rows.iter().map(version).collect()
    }

    /// The text of a version.
    pub async fn config_version(&self, config: &str, number: i64) -> Stored<Option<String>> {
        Ok(sqlx::query_scalar("SELECT body FROM config_versions WHERE config = $1 AND number = $2")
            .bind(config)
            .bind(number)
            .fetch_optional(&self.control.read)
            .await?)
    }

    /// What this person could not save, by the config's id.
    pub async fn aside(&self, config: &str, person: &str) -> Stored<Option<Aside>> {
        let row = sqlx::query("SELECT body, at FROM asides WHERE config = $1 AND person = $2")
            .bind(config)
            .bind(person)
            .fetch_optional(&self.control.read)
            .await?;
        row.map(|row| Ok(Aside { body: row.try_get(0)?, at: row.try_get(1)? })).transpose()
    }

    /// Keys whose default it is; revoked ones do not count.
    pub async fn default_users(&self, workspace: &str, slug: &str) -> Stored<Vec<ConfigUser>> {
        let rows = sqlx::query(
            "SELECT id, name FROM api_keys WHERE workspace = $1 AND config = $2 AND revoked_at IS NULL ORDER BY name, id",
        )
        .bind(workspace)
        .bind(slug)
        .fetch_all(&self.control.read)
        .await?;
        rows.iter().map(|row| Ok(ConfigUser { id: row.try_get(0)?, name: row.try_get(1)?, default: true })).collect()
    }

    /// Of every config, by slug.
    pub async fn default_user_counts(&self, workspace: &str) -> Stored<HashMap<String, u32>> {
        let rows = sqlx::query_as(
            "SELECT config, count(*) FROM api_keys \
             WHERE workspace = $1 AND config IS NOT NULL AND revoked_at IS NULL GROUP BY config",
        );
        let rows: Vec<(String, u32)> = rows.bind(workspace).fetch_all(&self.control.read).await?;
        Ok(rows.into_iter().collect())
    }

    /// Calls since `since` (milliseconds) by the config's slug and the key's id and name, among the newest calls.
    pub async fn calls_by_config(&self, workspace: &str, since: i64) -> Stored<Vec<ConfigCalls>> {
        let rows = sqlx::query(
            "SELECT config, key_id, key_name, count(*) FROM (SELECT config, key_id, key_name FROM calls \
             WHERE workspace = $1 AND id >= $2 ORDER BY id DESC LIMIT $3) \
             WHERE config IS NOT NULL GROUP BY config, key_id",
        )
        .bind(workspace)
        .bind(super::calls::first_id(since))
        .bind(LOOKED_THROUGH)
        .fetch_all(&self.journal.read)
        .await?;
        let calls = |row: &SqliteRow| {
            Ok(ConfigCalls {
                slug: row.try_get(0)?,
                key: row.try_get(1)?,
                key_name: row.try_get(2)?,
                calls: u64::try_from(row.try_get::<i64, _>(3)?).unwrap_or_default(),
            })
        };
        rows.iter().map(calls).collect()
    }
}

impl Store {
    /// Calls and failures since `since` (milliseconds) by the id of the config's version, among the newest calls.
    pub async fn calls_by_version(
        &self,
        workspace: &str,
        slug: &str,
        since: i64,
    ) -> Stored<HashMap<String, (u64, u64)>> {
        let sql = "SELECT config_version, count(*), sum(CASE WHEN status BETWEEN 1 AND 399 THEN 0 ELSE 1 END) FROM \
                   (SELECT config, config_version, status FROM calls WHERE workspace = $1 AND id >= $2 \
                   ORDER BY id DESC LIMIT $3) \
                   WHERE config = $4 AND config_version IS NOT NULL GROUP BY config_version";
        let rows: Vec<(String, i64, i64)> = sqlx::query_as(sql)
            .bind(workspace)
            .bind(super::calls::first_id(since))
            .bind(LOOKED_THROUGH)
            .bind(slug)
            .fetch_all(&self.journal.read)
            .await?;
        let whole = |count: i64| u64::try_from(count).unwrap_or_default();
        Ok(rows.into_iter().map(|(version, calls, failed)| (version, (whole(calls), whole(failed)))).collect())
    }
}

/// Calls of one key through one config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigCalls {
    pub slug: String,
    pub key: String,
    pub key_name: String,
    pub calls: u64,
}

/// Adds the config and its version, or gives the row of its id this content; a version that is there stays as it is.
pub(super) async fn put(connection: &mut sqlx::SqliteConnection, config: &StoredConfig) -> Stored<()> {
    sqlx::query(
        "INSERT INTO configs (id, workspace, slug, name, version, origin, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO UPDATE SET name = excluded.name, \
         version = excluded.version, origin = excluded.origin, updated_at = excluded.updated_at",
    )
    .bind(&config.id)
    .bind(&config.workspace)
    .bind(&config.slug)
    .bind(&config.name)
    .bind(&config.version)
    .bind(config.origin.word())
    .bind(config.created_at)
    .bind(config.updated_at)
    .execute(&mut *connection)
    .await
    .map_err(|error| super::people::taken("slug", error))?;
    sqlx::query(
        "INSERT INTO config_versions (id, config, number, body, author, created_at) \
         VALUES ($1, $2, $3, $4, NULL, $5) ON CONFLICT (id) DO NOTHING",
    )
    .bind(&config.version)
    .bind(&config.id)
    .bind(config.number)
    .bind(&config.body)
    .bind(config.updated_at)
    .execute(connection)
    .await?;
    Ok(())
}

fn file(row: &SqliteRow) -> Stored<ConfigFile> {
    let draft = match row.try_get::<Option<String>, _>("draft")? {
        Some(body) => Some(StoredDraft {
            body,
            base: row.try_get("base")?,
            author: row.try_get("drafter")?,
            at: row.try_get("drafted_at")?,
        }),
        None => None,
    };
    Ok(ConfigFile { config: stored(row)?, revision: row.try_get("revision")?, author: row.try_get("author")?, draft })
}

pub(super) fn stored(row: &SqliteRow) -> Stored<StoredConfig> {
    Ok(StoredConfig {
        id: row.try_get("id")?,
        workspace: row.try_get("workspace")?,
        slug: row.try_get("slug")?,
        name: row.try_get("name")?,
        version: row.try_get("version")?,
        number: row.try_get("number")?,
        body: row.try_get("body")?,
        origin: Origin::from_word(row.try_get("origin")?),
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
    })
}
