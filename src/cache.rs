//! Answers kept for calls that ask the same again.
//!
//! In memory in front, on disk behind; a miss asks neither the disk nor the database, since the fingerprints of all
//! stored keys are held. Everything here may be lost: what cannot be written is not kept, and nothing waits for a write.

pub mod entry;
pub mod flight;
pub mod key;
mod writer;

use crate::cache::entry::Entry;
use crate::cache::key::{Hash, Key};
use crate::clock::Clock;
use crate::store::cache::CacheHits;
use crate::store::{Store, StoreError};
use crate::tasks::Tasks;
use quick_cache::Weighter;
use quick_cache::sync::Cache as Memory;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Semaphore, mpsc};

/// How old an answer may be where the config does not say, in seconds.
pub const USUAL_AGE: u64 = 604_800;
/// Bounds of `max_age`, in seconds.
pub const AGES: std::ops::RangeInclusive<u64> = 60..=7_776_000;

/// A larger answer is not kept, in bytes.
const LARGEST: usize = 8 << 20;
/// Answers that wait to be written, and how many KiB they may have together.
const QUEUE: usize = 1024;
const QUEUE_KIB: usize = 64 << 10;
/// Hits that wait to be noted; more are not.
const MOST_HITS: usize = 16_384;

/// The cache. Cheap to clone.
#[derive(Clone)]
pub struct Cache {
    shared: Arc<Shared>,
}

/// How much is kept, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub memory: u64,
    pub disk: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { memory: 64 << 20, disk: 512 << 20 }
    }
}

struct Shared {
    memory: Memory<Hash, Arc<Entry>, Size>,
    disk: Store,
    /// Fingerprints of the keys on disk.
    known: Mutex<HashSet<u64>>,
    queue: mpsc::Sender<Put>,
    /// KiB that may yet join the queue.
    room: Arc<Semaphore>,
    hits: Mutex<HashMap<Hash, CacheHits>>,
    /// The file turned out to be damaged: memory alone is used from then on.
    broken: AtomicBool,
}

/// An answer on its way to the disk.
struct Put {
    hash: Hash,
    entry: Arc<Entry>,
    _room: tokio::sync::OwnedSemaphorePermit,
}

impl Cache {
    /// Opens the cache over the store's file and starts its writer, which ends with `tasks` after it has written what is
    /// queued.
    pub async fn open(store: &Store, bounds: Bounds, clock: &Clock, tasks: &Tasks) -> Self {
        let (queue, puts) = mpsc::channel(QUEUE);
        let likely = usize::try_from(bounds.memory >> 11).unwrap_or(usize::MAX);
        let shared = Arc::new(Shared {
            memory: Memory::with_weighter(likely, bounds.memory, Size),
            disk: store.clone(),
            known: Mutex::default(),
            queue,
            room: Arc::new(Semaphore::new(QUEUE_KIB)),
            hits: Mutex::default(),
            broken: AtomicBool::new(false),
        });
        let cache = Self { shared };
        match store.cached_keys().await {
            Ok(keys) => locked(&cache.shared.known).extend(keys.iter().map(fingerprint)),
            Err(error) => cache.failed(&error, "the keys of the cache cannot be read"),
        }
        tasks.spawn(writer::run(cache.clone(), bounds, puts, clock.clone(), tasks.clone()));
        cache
    }

    /// The answer kept for this key, if it is no older than `max_age` seconds: the age that the asking config allows,
    /// whatever the one that stored it said.
    pub async fn find(&self, key: &Key, max_age: u64, now: i64) -> Option<Arc<Entry>> {
        let entry = match self.shared.memory.get(&key.hash) {
            Some(entry) => entry,
            None => self.read(key.hash).await?,
        };
        if entry.age_ms(now) >= max_age.saturating_mul(1000) {
            return None;
        }
        self.note(key.hash, now);
        Some(entry)
    }

    /// Keeps an answer in place of the one that the key had. Returns at once: the disk follows. Where the queue is full
    /// it does not, and the answer is kept in memory alone; one of more than 8 MiB is not kept at all.
    pub fn put(&self, key: &Key, entry: Entry) -> Arc<Entry> {
        let (hash, entry) = (key.hash, Arc::new(entry));
        let size = entry.size();
        if size > LARGEST {
            tracing::debug!(%hash, size, "the answer is too large to be kept");
            return entry;
        }
        self.shared.memory.insert(hash, Arc::clone(&entry));
        if self.shared.broken.load(Ordering::Relaxed) {
            return entry;
        }
        let kib = u32::try_from(size.div_ceil(1024)).unwrap_or(u32::MAX);
        let queued = Arc::clone(&self.shared.room).try_acquire_many_owned(kib).ok().and_then(|room| {
            let put = Put { hash, entry: Arc::clone(&entry), _room: room };
            self.shared.queue.try_send(put).ok()
        });
        if queued.is_none() {
            tracing::debug!(%hash, "the cache's queue is full; the answer is not stored");
        }
        entry
    }

    async fn read(&self, hash: Hash) -> Option<Arc<Entry>> {
        let shared = &self.shared;
        let known = locked(&shared.known).contains(&fingerprint(&hash.0));
        if !known || shared.broken.load(Ordering::Relaxed) {
            return None;
        }
        let stored = match shared.disk.cached(&hash.0).await {
            Ok(stored) => stored?,
            Err(error) => {
                self.failed(&error, "the cache cannot be read");
                return None;
            }
        };
        let Some(entry) = Entry::unpack(&stored) else {
            tracing::warn!(%hash, "an answer in the cache cannot be read");
            return None;
        };
        // What has been put meanwhile is newer.
        let entry = shared.memory.get_or_insert_with(&hash, || Ok::<_, ()>(Arc::new(entry)));
        entry.ok()
    }

    fn note(&self, hash: Hash, now: i64) {
        let mut hits = locked(&self.shared.hits);
        if hits.len() < MOST_HITS || hits.contains_key(&hash) {
            let hit = hits.entry(hash).or_insert(CacheHits { key: hash.0, last: now, count: 0 });
            hit.last = hit.last.max(now);
            hit.count += 1;
        }
    }

    /// A damaged file is deleted: better none than one that fails again and again.
    fn failed(&self, error: &StoreError, what: &str) {
        tracing::warn!(%error, "{what}");
        if error.is_damage() && !self.shared.broken.swap(true, Ordering::Relaxed) {
            match self.shared.disk.delete_cache() {
                Ok(()) => {
                    tracing::warn!("the cache is damaged and deleted; until the next start it is in memory alone")
                }
                Err(error) => tracing::warn!(%error, "the cache is damaged and cannot be deleted: delete cache.db"),
            }
        }
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Cache").finish_non_exhaustive()
    }
}

/// The age that a config allows, within bounds; seconds.
pub fn max_age(given: Option<u64>) -> u64 {
    given.unwrap_or(USUAL_AGE).clamp(*AGES.start(), *AGES.end())
}

/// Weighs answers by their bytes.
#[derive(Clone)]
struct Size;

impl Weighter<Hash, Arc<Entry>> for Size {
    fn weight(&self, _: &Hash, entry: &Arc<Entry>) -> u64 {
        u64::try_from(entry.size()).unwrap_or(u64::MAX)
    }
}

/// Enough of a key to tell that it is not stored.
fn fingerprint(key: &[u8; 32]) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *key;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

/// Nothing panics while a lock is held; if it did, what it guards is still whole.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
