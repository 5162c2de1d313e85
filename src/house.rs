//! The house: cheap handles to every room, built once.

use crate::alert::{self, Alerts};
use crate::auth;
use crate::book::Shelf;
use crate::cache::flight::Flights;
use crate::cache::{Bounds, Cache};
use crate::clock::Clock;
use crate::gateway::cached::Landing;
use crate::gateway::config::Inline;
use crate::gateway::exports;
use crate::gateway::relay::Relay;
use crate::gateway::retries::Retries;
use crate::health::Health;
use crate::journal::{Journal, JournalError};
use crate::limit::{self, Ledger, prompt};
use crate::price::Tariff;
use crate::sandbox;
use crate::secret::{self, Sealer};
use crate::settings::Settings;
use crate::setup;
use crate::store::sessions::Sessions;
use crate::store::{Store, StoreError};
use crate::tasks::Tasks;
use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tower_sessions::SessionManagerLayer;

/// Everything a request may need.
pub struct House {
    pub settings: Arc<Settings>,
    pub store: Store,
    pub shelf: Shelf,
    pub journal: Journal,
    pub alerts: Alerts,
    pub limits: Ledger,
    pub relay: Relay,
    pub cache: Cache,
    pub flights: Flights<Landing>,
    pub health: Health,
    pub inline: Inline,
    pub retries: Retries,
    pub sealer: Sealer,
    pub clock: Clock,
    pub tasks: Tasks,
    pub door: Arc<auth::Desk>,
    pub sessions: SessionManagerLayer<Sessions>,
    pub prices: Arc<Tariff>,
    /// Held as long as the house stands: two processes on one data folder would lose calls.
    lock: Arc<File>,
}

pub type Shared = Arc<House>;

/// Why the house cannot be opened. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the data folder {folder} cannot be used: {source}", folder = .folder.display())]
    Folder { folder: PathBuf, source: io::Error },
    #[error("the data folder {} is in use by another Switchyard. Stop that one, or choose another folder with --data.", .0.display())]
    InUse(PathBuf),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("the sandbox provider cannot listen on loopback: {0}")]
    Sandbox(io::Error),
    #[error(transparent)]
    MasterKey(#[from] secret::MasterKeyError),
    #[error(transparent)]
    Setup(#[from] setup::SetupError),
}

impl House {
    /// Opens the data folder, applies what is declared, and starts the background work.
    ///
    /// # Errors
    /// When the folder, the databases, the master key or the declared objects cannot be used.
    pub async fn open(settings: Settings, clock: Clock) -> Result<Shared, OpenError> {
        let settings = Arc::new(settings);
        // A call takes two connections, and many systems begin at 1,024.
        if let Err(error) = rlimit::increase_nofile_limit(rlimit::INFINITY) {
            tracing::warn!(%error, "no more files may be open than before");
        }
        let folder = settings.data.clone();
        let lock = occupy(&folder)?;
        let tasks = Tasks::default();
        let store = Store::open(&folder, settings.durable).await?;
        let sealer = Sealer::new(master_key(&settings)?);
        let door = Arc::new(auth::Desk::new(settings.beyond_loopback()));
        for notice in setup::apply(&settings, &store, &sealer, &door.passwords, &clock).await? {
            tracing::warn!("{notice}");
        }
        let sandbox = sandbox::start(&tasks).await.map_err(OpenError::Sandbox)?;
        let shelf = Shelf::open(store.clone(), sealer.clone(), sandbox).await?;
        let journal = Journal::open(&folder, &store, &clock, &tasks).await?;
        let alerts = Alerts::open(&store, &settings.alerts, &clock, &tasks).await?;
        let prices = Arc::new(Tariff::bundled());
        let limits = Ledger::open(&store, journal.slots(), Arc::clone(&prices), &clock).await?;
        if shelf.book().limits().has_budgets() {
            prompt::load();
        }
        let budgets = {
            let shelf = shelf.clone();
            move || shelf.book().limits().budgets().cloned().collect()
        };
        tasks.spawn(limit::prune(store.clone(), limits.clone(), tasks.clone(), budgets));
        tasks.spawn(alert::watch::keep(alerts.clone(), shelf.clone(), limits.clone(), tasks.clone()));
        let cache = Cache::open(&store, Bounds::default(), &clock, &tasks).await;
        exports::open(&store, &clock, &tasks, &folder).await?;
        let sessions = auth::session::layer(&store, &settings).await?;
        tasks.spawn(auth::session::sweep(store.clone(), tasks.clone()));
        Ok(Arc::new(Self {
            settings,
            store,
            shelf,
            journal,
            alerts,
            limits,
            relay: Relay::new(),
            cache,
            flights: Flights::new(),
            health: Health::default(),
            inline: Inline::default(),
            retries: Retries::default(),
            sealer,
            clock,
            tasks,
            door,
            sessions,
            prices,
            lock: Arc::new(lock),
        }))
    }
}

/// Ends background work and closes the databases. Whether all of it ended within `patience`: a call that is still in
/// flight then stays in the open file, and is logged as interrupted at the next start.
pub async fn close(house: Shared, patience: Duration) -> bool {
    let (tasks, store, lock) = (house.tasks.clone(), house.store.clone(), Arc::clone(&house.lock));
    tasks.stop();
    drop(house);
    let ended = async {
        tasks.drain().await;
        store.close().await;
    };
    let ended = tokio::time::timeout(patience, ended).await.is_ok();
    if ended {
        drop(lock);
    } else {
        // The writer still writes: nobody else may open the folder while this process lives.
        std::mem::forget(lock);
    }
    ended
}

/// The key that seals credentials: the one that is set, else that of the data folder.
///
/// # Errors
/// When the folder's cannot be read or made.
pub fn master_key(settings: &Settings) -> Result<[u8; 32], OpenError> {
    Ok(settings.master_key.map_or_else(|| secret::master_key(&settings.data), Ok)?)
}

/// Makes the data folder where it is missing, and holds it as long as the file lives.
///
/// # Errors
/// When it cannot be made, or another process holds it.
pub fn occupy(folder: &Path) -> Result<File, OpenError> {
    let failed = |source| OpenError::Folder { folder: folder.to_owned(), source };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    if fs::metadata(folder).map_err(failed)?.permissions().mode() & 0o077 != 0 {
        tracing::warn!(
            folder = %folder.display(),
            "other accounts of this machine may enter the data folder; chmod 700 keeps them out"
        );
    }
    let lock = File::options().create(true).truncate(false).write(true).open(folder.join("lock")).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(folder.to_owned())),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}
