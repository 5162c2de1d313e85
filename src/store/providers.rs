//! Providers. Their credentials are sealed before they come here.

use super::{Store, StoreError, Stored};
use app::model::Origin;
use app::model::provider::Tested;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use std::collections::HashMap;

/// A row of another one's integration has that one's vendor, address, credential and openings.
const SELECT: &str = "SELECT p.id, p.workspace, p.slug, p.name, p.note, p.standing, p.integration, \
    COALESCE(i.vendor, p.vendor) AS vendor, CASE WHEN i.id IS NULL THEN p.base_url ELSE i.base_url END AS base_url, \
    CASE WHEN i.id IS NULL THEN p.credential ELSE i.credential END AS credential, COALESCE(i.hint, p.hint) AS hint, \
    COALESCE(i.open, p.open) AS open, p.origin, p.created_at, p.updated_at \
    FROM providers p LEFT JOIN providers i ON i.id = p.integration";

/// A provider as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredProvider {
    pub id: String,
    pub workspace: String,
    pub slug: String,
    /// For people; empty where the slug says it.
    pub name: String,
    pub note: String,
    pub standing: Standing,
    /// Id of the row whose vendor, address and credential it has; `None`: its own.
    pub integration: Option<String>,
    /// A slug of the vendor table.
    pub vendor: String,
    /// `None`: the vendor's own.
    pub base_url: Option<String>,
    /// Sealed, bound to the id; `None`: none needed.
    pub credential: Option<Vec<u8>>,
    pub hint: String,
    /// What callers may see of its whole account.
    pub open: Vec<String>,
    pub origin: Origin,
    pub created_at: i64,
    pub updated_at: i64,
}

/// What a provider did in a span of time.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    pub calls: u64,
    /// Answers of 400 and above, cancelled and interrupted calls included.
    pub errors: u64,
    /// Encoded sketches of latency, to be merged.
    pub latency: Vec<Vec<u8>>,
}

/// What became of a wish to remove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    Done,
    Missing,
    /// Declared outside the console.
    Locked,
    /// Other providers have its credential.
    Used,
}

/// What a row is to its users.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// Called as `@slug`; with a credential of its own, it goes when the provider goes.
    #[default]
    Provider,
    /// Holds a credential for providers, and cannot be called itself.
    Integration,
    /// Called as `@slug`, and stays as an integration when the provider goes.
    Both,
    /// A provider, and off: its workspace may not call with the credential.
    Off,
    /// Both, and off.
    BothOff,
}

impl Standing {
    pub const WORDS: [(&str, Self); 5] = [
        ("provider", Self::Provider),
        ("integration", Self::Integration),
        ("both", Self::Both),
        ("off", Self::Off),
        ("both-off", Self::BothOff),
    ];

    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, standing)| *standing == self).map_or("provider", |(word, _)| word)
    }

    /// Whether calls can name it.
    pub fn callable(self) -> bool {
        matches!(self, Self::Provider | Self::Both)
    }

    /// The same on or off; what only holds a credential is neither.
    #[must_use]
    pub fn switched(self, on: bool) -> Self {
        match (self, on) {
            (Self::Provider | Self::Off, true) => Self::Provider,
            (Self::Provider | Self::Off, false) => Self::Off,
            (Self::Both | Self::BothOff, true) => Self::Both,
            (Self::Both | Self::BothOff, false) => Self::BothOff,
            (Self::Integration, _) => Self::Integration,
        }
    }

    fn from_word(word: &str) -> Self {
        Self::WORDS.iter().find(|(known, _)| *known == word).map(|(_, standing)| *standing).unwrap_or_default()
    }
}

impl StoredProvider {
    /// Whether calls can name it.
    pub fn callable(&self) -> bool {
        self.standing.callable()
    }

    /// Id of the row that the credential is sealed for.
    pub fn holder(&self) -> &str {
        self.integration.as_deref().unwrap_or(&self.id)
    }
}

impl Store {
    /// Every provider that calls can name, for the book. (Across workspaces: the book holds all of them.)
    pub async fn live_providers(&self) -> Stored<Vec<StoredProvider>> {
        let sql = format!("{SELECT} WHERE p.standing IN ('provider', 'both')");
        sqlx::query(&sql).fetch_all(&self.control.read).await?.iter().map(stored).collect()
    }

    pub async fn providers(&self, workspace: &str) -> Stored<Vec<StoredProvider>> {
        let sql = format!("{SELECT} WHERE p.workspace = $1 ORDER BY p.slug");
        sqlx::query(&sql).bind(workspace).fetch_all(&self.control.read).await?.iter().map(stored).collect()
    }

    /// Fails with `Taken` where the slug is in use.
    pub async fn add_provider(&self, provider: &StoredProvider) -> Stored<()> {
        let mut connection = self.control.write.acquire().await?;
        put(&mut connection, provider).await
    }

    /// Removes a provider made in the console, its sealed credential and what was said of its models with it.
    pub async fn remove_provider(&self, workspace: &str, id: &str) -> Stored<Removal> {
        let mut change = self.control.write.begin().await?;
        let gone: Option<String> = sqlx::query_scalar(
            "DELETE FROM providers WHERE workspace = $1 AND id = $2 AND origin = 'console' \
             AND NOT EXISTS (SELECT 1 FROM providers user WHERE user.integration = $2) RETURNING slug",
        )
        .bind(workspace)
        .bind(id)
        .fetch_optional(&mut *change)
        .await?;
        if let Some(slug) = gone {
            super::models::forget(&mut change, workspace, &slug).await?;
            change.commit().await?;
            return Ok(Removal::Done);
        }
        drop(change);
        let sql = "SELECT origin = 'console' FROM providers WHERE workspace = $1 AND id = $2";
        let ours = sqlx::query_scalar(sql).bind(workspace).bind(id).fetch_optional(&self.control.read).await?;
        Ok(match ours {
            None => Removal::Missing,
            Some(false) => Removal::Locked,
            Some(true) => Removal::Used,
        })
    }

    /// Gives rows of the console this content: all or none.
    pub async fn update_providers(&self, providers: &[StoredProvider]) -> Stored<()> {
        let mut change = self.control.write.begin().await?;
        for provider in providers {
            put(&mut change, provider).await?;
        }
        Ok(change.commit().await?)
    }

    /// By id of each provider that has another one's credential, that one's slug. (Across workspaces, as above.)
    pub async fn holders(&self) -> Stored<HashMap<String, String>> {
        let sql = "SELECT p.id, i.slug FROM providers p JOIN providers i ON i.id = p.integration";
        let rows: Vec<(String, String)> = sqlx::query_as(sql).fetch_all(&self.control.read).await?;
        Ok(rows.into_iter().collect())
    }

    /// Keeps how a test went, in place of the one before.
    pub async fn put_test(&self, provider: &str, test: &Tested) -> Stored<()> {
        sqlx::query(
            "INSERT INTO provider_tests (provider, at, good, status, took_ms, words) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (provider) DO UPDATE SET at = excluded.at, good = excluded.good, status = excluded.status, \
             took_ms = excluded.took_ms, words = excluded.words",
        )
        .bind(provider)
        .bind(test.at)
        .bind(test.good)
        .bind(test.status)
        .bind(test.took_ms)
        .bind(&test.words)
        .execute(&self.control.write)
        .await?;
        Ok(())
    }

    /// How each provider's last test went, by its id.
    pub async fn tests(&self, workspace: &str) -> Stored<HashMap<String, Tested>> {
        let rows: Vec<(String, i64, bool, u16, u32, String)> = sqlx::query_as(
            "SELECT t.provider, t.at, t.good, t.status, t.took_ms, t.words \
             FROM provider_tests t JOIN providers p ON p.id = t.provider WHERE p.workspace = $1",
        )
        .bind(workspace)
        .fetch_all(&self.control.read)
        .await?;
        let tests = rows.into_iter().map(|(provider, at, good, status, took_ms, words)| {
            (provider, Tested { at, good, status, took_ms, words })
        });
        Ok(tests.collect())
    }

    /// By slug, since `since` (milliseconds).
    pub async fn provider_figures(&self, workspace: &str, since: i64) -> Stored<HashMap<String, Figures>> {
        let rows = sqlx::query(
            "SELECT provider, calls, CASE WHEN status BETWEEN 1 AND 399 THEN 0 ELSE calls END, latency \
             FROM rollups WHERE workspace = $1 AND minute >= $2",
        )
        .bind(workspace)
        .bind(since)
        .fetch_all(&self.journal.read)
        .await?;
        let mut figures: HashMap<String, Figures> = HashMap::new();
        for row in &rows {
            let slug: &str = row.try_get(0)?;
            if !figures.contains_key(slug) {
                figures.insert(slug.to_owned(), Figures::default());
            }
            let Some(entry) = figures.get_mut(slug) else { continue };
            entry.calls += u64::try_from(row.try_get::<i64, _>(1)?).unwrap_or_default();
            entry.errors += u64::try_from(row.try_get::<i64, _>(2)?).unwrap_or_default();
            entry.latency.push(row.try_get(3)?);
        }
        Ok(figures)
    }
}

/// Adds the provider, or gives the row of its id this content. What is read through an integration is not the row's own
/// to keep.
pub(super) async fn put(connection: &mut sqlx::SqliteConnection, provider: &StoredProvider) -> Stored<()> {
    let own = provider.integration.is_none();
    let sql = "INSERT INTO providers (id, workspace, slug, vendor, base_url, credential, hint, open, origin, created_at, \
         updated_at, name, note, standing, integration) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT (id) DO UPDATE SET vendor = excluded.vendor, base_url = excluded.base_url, \
         credential = excluded.credential, hint = excluded.hint, open = excluded.open, origin = excluded.origin, \
         updated_at = excluded.updated_at, name = excluded.name, note = excluded.note, standing = excluded.standing, \
         integration = excluded.integration";
    sqlx::query(sql)
        .bind(&provider.id)
        .bind(&provider.workspace)
        .bind(&provider.slug)
        .bind(&provider.vendor)
        .bind(provider.base_url.as_ref().filter(|_| own))
        .bind(provider.credential.as_ref().filter(|_| own))
        .bind(&provider.hint)
        .bind(serde_json::Value::from(provider.open.as_slice()).to_string())
        .bind(provider.origin.word())
        .bind(provider.created_at)
        .bind(provider.updated_at)
        .bind(&provider.name)
        .bind(&provider.note)
        .bind(provider.standing.word())
        .bind(&provider.integration)
        .execute(connection)
        .await
        .map_err(|error| super::people::taken("slug", error))?;
    Ok(())
}

fn stored(row: &SqliteRow) -> Stored<StoredProvider> {
    Ok(StoredProvider {
        id: row.try_get("id")?,
        workspace: row.try_get("workspace")?,
        slug: row.try_get("slug")?,
        name: row.try_get("name")?,
        note: row.try_get("note")?,
        standing: Standing::from_word(row.try_get("standing")?),
        integration: row.try_get("integration")?,
        vendor: row.try_get("vendor")?,
        base_url: row.try_get("base_url")?,
        credential: row.try_get("credential")?,
        hint: row.try_get("hint")?,
        open: serde_json::from_str(row.try_get("open")?).map_err(|_| StoreError::Garbled("open of a provider"))?,
        origin: Origin::from_word(row.try_get("origin")?),
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(id: &str, slug: &str, origin: Origin) -> StoredProvider {
        StoredProvider {
            id: id.into(),
            workspace: "default".into(),
            slug: slug.into(),
            name: String::new(),
            note: String::new(),
            standing: Standing::Provider,
            integration: None,
            vendor: "openai".into(),
            base_url: None,
            credential: Some(vec![1, 2, 3]),
            hint: "sk-…cdef".into(),
            open: vec!["files".into()],
            origin,
            created_at: 1,
            updated_at: 1,
        }
    }

    #[tokio::test]
    async fn a_slug_is_taken_once_and_only_console_rows_can_be_removed() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), false).await.unwrap();
        store.add_provider(&provider("1", "alpha", Origin::Console)).await.unwrap();
        store.add_provider(&provider("2", "beta", Origin::File)).await.unwrap();
        let again = store.add_provider(&provider("3", "alpha", Origin::Console)).await;
        assert!(matches!(again, Err(StoreError::Taken("slug"))));
        for (workspace, id, outcome) in [
            ("elsewhere", "1", Removal::Missing),
            ("default", "2", Removal::Locked),
            ("default", "1", Removal::Done),
            ("default", "1", Removal::Missing),
        ] {
            assert_eq!(store.remove_provider(workspace, id).await.unwrap(), outcome, "{workspace} {id}");
        }
        assert_eq!(store.live_providers().await.unwrap(), [provider("2", "beta", Origin::File)]);
    }

    #[tokio::test]
    async fn figures_count_everything_but_success_as_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), false).await.unwrap();
        for (status, calls) in [(200, 90), (429, 4), (499, 3), (0, 2), (502, 1)] {
            sqlx::query(
                "INSERT INTO rollup_fresh VALUES ('default', 60000, 'alpha', 'm', 'k', $1, '', '', $2, 0, 0, 0, 0, 0, 0, 0, \
                 0, 0, 0, 0, 0, x'01', x'')",
            )
            .bind(status)
            .bind(calls)
            .execute(&store.journal.write)
            .await
            .unwrap();
        }
        let figures = store.provider_figures("default", 0).await.unwrap();
        let alpha = &figures["alpha"];
        assert_eq!((alpha.calls, alpha.errors, alpha.latency.len()), (100, 10, 5));
        assert!(store.provider_figures("default", 60_001).await.unwrap().is_empty());
    }
}
