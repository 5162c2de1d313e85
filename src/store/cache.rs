//! The cache's file: answers by key, packed. All of it may be lost.

use super::{CACHE, File, Store, StoreError, Stored, USUAL, open};
use sqlx::Arguments;
use sqlx::sqlite::{SqliteArguments, SqliteSynchronous};
use std::io;
use std::path::{Path, PathBuf};

/// SHA-256 of what was asked.
pub type CacheKey = [u8; 32];

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheRow {
    pub key: CacheKey,
    /// Milliseconds, as `expires_at`.
    pub stored_at: i64,
    pub expires_at: i64,
    pub entry: Vec<u8>,
}

/// An entry was asked for again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheHits {
    pub key: CacheKey,
    /// Milliseconds.
    pub last: i64,
    pub count: i64,
}

const COLUMNS: &str = "key, stored_at, expires_at, size, last_hit, hits, entry";

impl Store {
    /// The key of every entry.
    pub async fn cached_keys(&self) -> Stored<Vec<CacheKey>> {
        keys(sqlx::query_scalar("SELECT key FROM entries").fetch_all(&self.cache.read).await?)
    }

    /// An entry as it was written.
    pub async fn cached(&self, key: &CacheKey) -> Stored<Option<Vec<u8>>> {
        let found = sqlx::query_scalar("SELECT entry FROM entries WHERE key = $1").bind(key.as_slice());
        Ok(found.fetch_optional(&self.cache.read).await?)
    }

    /// Writes entries over those of the same keys. All or nothing.
    pub async fn write_cached(&self, rows: &[CacheRow]) -> Stored<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut arguments = SqliteArguments::default();
        for row in rows {
            bind(&mut arguments, row).map_err(sqlx::Error::Encode)?;
        }
        let values = vec!["(?, ?, ?, ?, ?, 0, ?)"; rows.len()].join(", ");
        let text = format!("INSERT OR REPLACE INTO entries ({COLUMNS}) VALUES {values}");
        sqlx::query_with(&text, arguments).execute(&self.cache.write).await?;
        Ok(())
    }

    /// Notes which entries were asked for, so that these stay.
    pub async fn write_cache_hits(&self, hits: &[CacheHits]) -> Stored<()> {
        let mut transaction = self.cache.write.begin().await?;
        for hit in hits {
            sqlx::query("UPDATE entries SET hits = hits + $1, last_hit = max(last_hit, $2) WHERE key = $3")
                .bind(hit.count)
                .bind(hit.last)
                .bind(hit.key.as_slice())
                .execute(&mut *transaction)
                .await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Bytes of all entries.
    pub async fn cached_bytes(&self) -> Stored<u64> {
        let sum: i64 = sqlx::query_scalar(SUM).fetch_one(&self.cache.read).await?;
        Ok(u64::try_from(sum).unwrap_or(0))
    }

    /// Takes out up to `slice` entries that have expired by `now`, and gives their keys.
    pub async fn drop_expired(&self, now: i64, slice: u32) -> Stored<Vec<CacheKey>> {
        let gone = sqlx::query_scalar(
            "DELETE FROM entries WHERE rowid IN (SELECT rowid FROM entries WHERE expires_at <= $1 LIMIT $2) \
             RETURNING key",
        );
        keys(gone.bind(now).bind(slice).fetch_all(&self.cache.write).await?)
    }

    /// Takes out up to `slice` entries, those asked for longest ago first, until `bytes` are free; gives their keys.
    pub async fn drop_unused(&self, bytes: u64, slice: u32) -> Stored<Vec<CacheKey>> {
        let gone = sqlx::query_scalar(
            "DELETE FROM entries WHERE rowid IN (SELECT id FROM (SELECT rowid AS id, \
             sum(size) OVER (ORDER BY last_hit, size, rowid ROWS UNBOUNDED PRECEDING) - size AS before \
             FROM (SELECT rowid, last_hit, size FROM entries ORDER BY last_hit, size, rowid LIMIT $2)) \
             WHERE before < $1) RETURNING key",
        );
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        keys(gone.bind(bytes).bind(slice).fetch_all(&self.cache.write).await?)
    }

    /// Deletes the file of a cache that turned out to be damaged. It is used no further; the next start makes a new one.
    pub fn delete_cache(&self) -> io::Result<()> {
        delete(&self.cache_file)
    }
}

impl StoreError {
    /// The file itself is broken, rather than busy or full.
    pub fn is_damage(&self) -> bool {
        // SQLITE_CORRUPT and SQLITE_NOTADB, extended codes included.
        let code = |error: &sqlx::Error| error.as_database_error()?.code()?.parse::<u32>().ok();
        match self {
            Self::Sql(error) => code(error).is_some_and(|code| matches!(code & 0xFF, 11 | 26)),
            Self::Garbled(_) => true,
            _ => false,
        }
    }
}

/// Opens the cache; one that cannot be read is replaced by an empty one.
pub(super) async fn open_or_replace(path: &Path) -> Stored<File> {
    match open_sound(path).await {
        Ok(file) => Ok(file),
        Err(error) => {
            tracing::warn!(%error, "the cache is damaged and starts empty");
            delete(path).map_err(|error| StoreError::Open { file: path.to_owned(), source: sqlx::Error::Io(error) })?;
            open_sound(path).await
        }
    }
}

async fn open_sound(path: &Path) -> Stored<File> {
    let file = open(path.to_owned(), &CACHE, SqliteSynchronous::Off, USUAL).await?;
    let sound = sqlx::query_scalar::<_, i64>(SUM).fetch_one(&file.read).await;
    let sound = match sound {
        Ok(_) => sqlx::query_scalar::<_, i64>("SELECT count(key) FROM entries").fetch_one(&file.read).await,
        failed => failed,
    };
    if let Err(error) = sound {
        // A connection that closes late would delete the log of the file that takes its place.
        file.close().await;
        return Err(error.into());
    }
    Ok(file)
}

const SUM: &str = "SELECT coalesce(sum(size), 0) FROM entries";

/// Deletes a database with its log and index.
fn delete(path: &Path) -> io::Result<()> {
    for end in ["", "-wal", "-shm"] {
        let mut file = path.as_os_str().to_owned();
        file.push(end);
        match std::fs::remove_file(PathBuf::from(file)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn bind(arguments: &mut SqliteArguments<'_>, row: &CacheRow) -> Result<(), sqlx::error::BoxDynError> {
    arguments.add(row.key.to_vec())?;
    arguments.add(row.stored_at)?;
    arguments.add(row.expires_at)?;
    arguments.add(i64::try_from(row.entry.len()).unwrap_or(i64::MAX))?;
    arguments.add(row.stored_at)?;
    arguments.add(row.entry.clone())
}

fn keys(found: Vec<Vec<u8>>) -> Stored<Vec<CacheKey>> {
    found.into_iter().map(|key| CacheKey::try_from(key).map_err(|_| StoreError::Garbled("key of the cache"))).collect()
}
