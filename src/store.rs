//! All SQL. Three files: `control.db` (what is edited by hand), `journal.db` (what happened) and `cache.db` (what may be
//! lost), so that logs never starve edits. Each has one writer connection and several readers.

pub mod alerts;
pub(in crate::store) mod blocks;
pub mod cache;
pub mod calls;
pub mod changes;
pub mod configs;
pub mod declared;
pub mod drafts;
pub mod ends;
pub mod exports;
pub mod feedback;
pub mod find;
pub mod imports;
pub mod journal;
pub mod keys;
pub(in crate::store) mod leb;
pub mod limits;
pub mod models;
pub mod opinions;
pub mod people;
pub mod providers;
pub mod recompute;
pub mod rollups;
pub mod samples;
pub mod sessions;
pub(in crate::store) mod traced;
pub mod traces;
pub mod usage;
pub mod values;
pub mod workspaces;

use crate::store::traced::TraceIndex;
use sqlx::ConnectOptions;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

static CONTROL: Migrator = sqlx::migrate!("./migrations/control");
static JOURNAL: Migrator = sqlx::migrate!("./migrations/journal");
static CACHE: Migrator = sqlx::migrate!("./migrations/cache");

/// What databases differ in.
struct Tuning {
    /// How long a statement waits for another connection's lock.
    busy: Duration,
    /// Pages of its log that are moved into it at the latest, by whoever commits then.
    log: &'static str,
}

const USUAL: Tuning = Tuning { busy: Duration::from_secs(10), log: "8000" };
/// Calls wait behind the journal's lock, and nobody but its one writer holds it for long. Its log is moved by a task.
const JOURNALS: Tuning = Tuning { busy: Duration::from_secs(2), log: "32000" };

/// Bytes of a database that readers see without copying: as many as SQLite allows. What a chart looks up call by call
/// takes two thirds of the time.
const MAPPED: &str = "2147418112";

/// Statements that a connection keeps prepared. The journal's writer has one text for each size of a transaction.
const STATEMENTS: usize = 512;

/// All databases. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    pub(in crate::store) control: File,
    pub(in crate::store) journal: File,
    pub(in crate::store) cache: File,
    pub(in crate::store) cache_file: PathBuf,
    pub(in crate::store) trace_index: Arc<TraceIndex>,
}

/// One database: many readers, one writer.
#[derive(Clone, Debug)]
pub(in crate::store) struct File {
    pub(in crate::store) read: SqlitePool,
    pub(in crate::store) write: SqlitePool,
    /// For checkpoints alone, so that they hold up neither.
    pub(in crate::store) tend: SqlitePool,
}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("{file}: {source}")]
    Open { file: PathBuf, source: sqlx::Error },
    #[error("{file}: {source}")]
    Migrate { file: PathBuf, source: sqlx::migrate::MigrateError },
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    /// A unique name is in use already.
    #[error("{0} is taken")]
    Taken(&'static str),
    #[error("stored {0} cannot be read")]
    Garbled(&'static str),
}

pub type Stored<T> = Result<T, StoreError>;

impl Store {
    /// Opens or makes the databases in `folder`, and brings their schema up to date. A cache that cannot be read is
    /// replaced by an empty one.
    ///
    /// `durable` buys safety from power loss (`synchronous=FULL`); without it a commit survives a killed process, not
    /// a lost disk cache. Before a schema changes, `control.db` is copied beside itself.
    pub async fn open(folder: &Path, durable: bool) -> Stored<Self> {
        let synchronous = if durable { SqliteSynchronous::Full } else { SqliteSynchronous::Normal };
        let control = open(folder.join("control.db"), &CONTROL, synchronous, USUAL).await?;
        let journal = open(folder.join("journal.db"), &JOURNAL, synchronous, JOURNALS).await?;
        let cache_file = folder.join("cache.db");
        let cache = cache::open_or_replace(&cache_file).await?;
        let store = Self { control, journal, cache, cache_file, trace_index: Arc::default() };
        store.pack_left_values().await?;
        Ok(store)
    }

    /// Moves what the journal's log holds into its database, as far as that goes without waiting for anyone.
    pub async fn checkpoint_journal(&self) -> Stored<()> {
        sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&self.journal.tend).await?;
        Ok(())
    }

    /// Closes all databases, checkpointing what their logs hold.
    pub async fn close(&self) {
        for file in [&self.control, &self.journal, &self.cache] {
            file.close().await;
        }
    }
}

impl File {
    async fn close(&self) {
        self.read.close().await;
        self.tend.close().await;
        self.write.close().await;
    }
}

async fn open(
    file: PathBuf,
    migrator: &'static Migrator,
    synchronous: SqliteSynchronous,
    tuning: Tuning,
) -> Stored<File> {
    let options = SqliteConnectOptions::new()
        .filename(&file)
        .create_if_missing(true)
        .busy_timeout(tuning.busy)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        .foreign_keys(true)
        .statement_cache_capacity(STATEMENTS)
        .disable_statement_logging()
        .pragma("wal_autocheckpoint", tuning.log)
        .pragma("temp_store", "memory")
        .pragma("cache_size", "-16384")
        .pragma("mmap_size", "268435456");
    let existed = file.exists();
    let failed = |source| StoreError::Open { file: file.clone(), source };
    private(&file).map_err(|error| failed(error.into()))?;
    let write = pool(1).connect_with(options.clone()).await.map_err(failed)?;
    if let Err(error) = migrate(&write, &file, migrator, existed).await {
        write.close().await;
        return Err(error);
    }
    let tend = pool(1).connect_lazy_with(options.clone());
    let reading = options.pragma("query_only", "on").pragma("mmap_size", MAPPED);
    let read = pool(4).connect_with(reading).await.map_err(failed)?;
    Ok(File { read, write, tend })
}

/// Makes the file where it is missing, and its owner's alone; what stands beside it takes after it.
fn private(file: &Path) -> std::io::Result<()> {
    match std::fs::File::options().write(true).create_new(true).mode(0o600).open(file) {
        Ok(_) => Ok(()),
        // By its name: to close a database that is open elsewhere in this process would end its locks.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let loose = std::fs::metadata(file)?.permissions().mode() & 0o077 != 0;
            if loose { std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)) } else { Ok(()) }
        }
        Err(error) => Err(error),
    }
}

async fn migrate(write: &SqlitePool, file: &Path, migrator: &'static Migrator, existed: bool) -> Stored<()> {
    let failed = |source| StoreError::Open { file: file.to_owned(), source };
    if existed && pending(write, migrator).await.map_err(failed)? {
        copy_aside(write, file).await.map_err(failed)?;
    }
    // An index of all calls is sorted where there is room.
    sqlx::query("PRAGMA temp_store = file").execute(write).await.map_err(failed)?;
    migrator.run(write).await.map_err(|source| StoreError::Migrate { file: file.to_owned(), source })?;
    sqlx::query("PRAGMA temp_store = memory").execute(write).await.map_err(failed)?;
    Ok(())
}

/// A database in this process does not go away: connections are neither tested nor renewed.
fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
}

async fn pending(write: &SqlitePool, migrator: &Migrator) -> Result<bool, sqlx::Error> {
    let applied: Result<i64, _> = sqlx::query_scalar("SELECT count(*) FROM _sqlx_migrations").fetch_one(write).await;
    let wanted = i64::try_from(migrator.iter().count()).unwrap_or(i64::MAX);
    Ok(applied.is_ok_and(|applied| applied < wanted))
}

/// `control.db` is small and cannot be made again: it is kept as it was before the migration. The journal is not copied.
async fn copy_aside(write: &SqlitePool, file: &Path) -> Result<(), sqlx::Error> {
    if file.file_name().is_none_or(|name| name != "control.db") {
        return Ok(());
    }
    let copy = file.with_extension("db.before-upgrade");
    match std::fs::remove_file(&copy) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(sqlx::Error::Io(error)),
    }
    sqlx::query("VACUUM INTO $1").bind(copy.to_string_lossy().into_owned()).execute(write).await?;
    Ok(())
}
