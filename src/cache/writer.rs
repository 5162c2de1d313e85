//! The cache's one writer: what is queued becomes one transaction, and the file stays within its bounds.

use super::{AGES, Bounds, Cache, LARGEST, Put, fingerprint, locked};
use crate::clock::Clock;
use crate::store::cache::{CacheKey, CacheRow};
use crate::store::{Store, Stored};
use crate::tasks::Tasks;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Answers of one transaction at most, and their bytes before packing.
const BATCH: usize = 64;
const BATCH_BYTES: usize = 2 * LARGEST;
/// How long the first of a batch waits for others. Nobody waits for it.
const GATHER: Duration = Duration::from_millis(20);
/// How often hits are noted and the bounds are looked at, and after how many written bytes at the latest.
const TEND_EVERY: Duration = Duration::from_secs(15);
const TEND_AFTER: usize = 16 << 20;
/// Entries deleted in one transaction.
const SLICE: u32 = 256;
const LEVEL: i32 = 1;

/// Writes until shutdown, and then what is left.
pub(super) async fn run(cache: Cache, bounds: Bounds, mut queue: mpsc::Receiver<Put>, clock: Clock, tasks: Tasks) {
    let (mut tend_at, mut written) = (Instant::now() + TEND_EVERY, 0);
    let mut stopping = false;
    while !stopping {
        let mut next = tokio::select! {
            biased;
            () = tasks.stopping() => None,
            first = queue.recv() => first,
            () = tokio::time::sleep_until(tend_at) => None,
        };
        let gathering = if next.is_some() { GATHER } else { Duration::ZERO };
        stopping = tokio::time::timeout(gathering, tasks.stopping()).await.is_ok();
        next = next.or_else(|| queue.try_recv().ok());
        while let Some(put) = next {
            written += write(&cache, gather(put, &mut queue)).await;
            next = queue.try_recv().ok();
        }
        if stopping || written >= TEND_AFTER || Instant::now() >= tend_at {
            if let Err(error) = tend(&cache, bounds, clock.now()).await {
                cache.failed(&error, "the cache cannot be tended");
            }
            (tend_at, written) = (Instant::now() + TEND_EVERY, 0);
        }
    }
}

fn gather(first: Put, queue: &mut mpsc::Receiver<Put>) -> Vec<Put> {
    let mut size = first.entry.size();
    let mut batch = vec![first];
    while batch.len() < BATCH
        && size < BATCH_BYTES
        && let Ok(next) = queue.try_recv()
    {
        size += next.entry.size();
        batch.push(next);
    }
    batch
}

/// Bytes written.
async fn write(cache: &Cache, batch: Vec<Put>) -> usize {
    if cache.shared.broken.load(Ordering::Relaxed) {
        return 0;
    }
    // Packing megabytes would hold up the calls of this thread.
    let Ok(rows) = tokio::task::spawn_blocking(move || pack(&batch)).await else { return 0 };
    match cache.shared.disk.write_cached(&rows).await {
        Ok(()) => locked(&cache.shared.known).extend(rows.iter().map(|row| fingerprint(&row.key))),
        Err(error) => cache.failed(&error, "answers cannot be written to the cache"),
    }
    rows.iter().map(|row| row.entry.len()).sum()
}

/// In the order in which they were put: of one key, the last row stays.
fn pack(batch: &[Put]) -> Vec<CacheRow> {
    let Ok(mut packer) = zstd::bulk::Compressor::new(LEVEL) else { return Vec::new() };
    let longest = i64::try_from(*AGES.end()).unwrap_or(i64::MAX).saturating_mul(1000);
    let row = |put: &Put| {
        let stored_at = put.entry.stored_at;
        let entry = put.entry.pack(&mut packer)?;
        Some(CacheRow { key: put.hash.0, stored_at, expires_at: stored_at.saturating_add(longest), entry })
    };
    batch.iter().filter_map(row).collect()
}

/// Notes hits, then takes out what is too old or too much, in slices.
async fn tend(cache: &Cache, bounds: Bounds, now: i64) -> Stored<()> {
    if cache.shared.broken.load(Ordering::Relaxed) {
        return Ok(());
    }
    let store = &cache.shared.disk;
    let hits = std::mem::take(&mut *locked(&cache.shared.hits)).into_values().collect::<Vec<_>>();
    for slice in hits.chunks(usize::try_from(SLICE).unwrap_or(1)) {
        store.write_cache_hits(slice).await?;
    }
    while forget(cache, &store.drop_expired(now, SLICE).await?) {}
    while let Some(excess) = excess(store, bounds).await?
        && forget(cache, &store.drop_unused(excess, SLICE).await?)
    {}
    Ok(())
}

async fn excess(store: &Store, bounds: Bounds) -> Stored<Option<u64>> {
    Ok(store.cached_bytes().await?.checked_sub(bounds.disk).filter(|excess| *excess > 0))
}

/// Whether there were any.
fn forget(cache: &Cache, gone: &[CacheKey]) -> bool {
    let mut known = locked(&cache.shared.known);
    for key in gone {
        known.remove(&fingerprint(key));
    }
    !gone.is_empty()
}
