//! Configs and their versions, which are immutable: publishing adds one and moves the pointer.

use super::{Store, Stored};
use app::model::Origin;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

/// A config with its published version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredConfig {
    pub id: String,
    pub workspace: String,
    /// `pc-…`, as clients name it.
    pub slug: String,
    pub name: String,
    /// Id of the published version, which calls record.
    pub version: String,
    /// Counts from 1.
    pub number: i64,
    /// The JSON text.
    pub body: String,
    pub origin: Origin,
    pub created_at: i64,
    pub updated_at: i64,
}

const SELECT: &str = "SELECT c.id, c.workspace, c.slug, c.name, c.version, v.number, v.body, c.origin, c.created_at, \
                      c.updated_at FROM configs c JOIN config_versions v ON v.id = c.version";

impl Store {
    /// Every config, for the book. (Across workspaces: the book holds all of them.)
    pub async fn live_configs(&self) -> Stored<Vec<StoredConfig>> {
        sqlx::query(SELECT).fetch_all(&self.control.read).await?.iter().map(stored).collect()
    }

    pub async fn workspace_configs(&self, workspace: &str) -> Stored<Vec<StoredConfig>> {
        let sql = format!("{SELECT} WHERE c.workspace = $1 ORDER BY c.name, c.slug");
        sqlx::query(&sql).bind(workspace).fetch_all(&self.control.read).await?.iter().map(stored).collect()
    }
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

fn stored(row: &SqliteRow) -> Stored<StoredConfig> {
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
