//! The journal's one writer: whatever is queued when it is free becomes one transaction. No timer.

use crate::journal::record::{Outcome, Record};
use crate::journal::rollup::{Bin, Rollups};
use crate::journal::slots::Slots;
use crate::journal::{Filed, PLACES, Stopped};
use crate::store::{Store, Stored};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;

/// Rows of one transaction at most.
const BATCH: usize = 64;
/// How long a failed write waits before it is tried again.
const PAUSE: Duration = Duration::from_millis(250);

/// Writes until the last sender is gone.
pub(super) async fn run(store: Store, mut queue: mpsc::Receiver<Filed>, slots: Slots, stopped: Arc<AtomicBool>) {
    let mut rollups = Rollups::default();
    let mut batch = Vec::with_capacity(BATCH);
    while let Some(first) = queue.recv().await {
        batch.push(first);
        // Calls that are about to end do so first, and share the transaction.
        tokio::task::yield_now().await;
        gather(&mut queue, &mut batch, BATCH);
        if let Err(error) = write(&store, &batch, &mut rollups).await {
            stopped.store(true, Ordering::Relaxed);
            let mut error = Some(error);
            while let Some(cause) = error {
                // Whatever ends meanwhile is told at once, rather than left to wait for its turn.
                gather(&mut queue, &mut batch, PLACES);
                tracing::error!(error = %cause, rows = batch.len(), "the journal cannot be written; calls are refused until it can");
                refuse(&mut batch);
                tokio::time::sleep(PAUSE).await;
                error = catch_up(&store, &mut batch, &mut rollups, &slots).await.err();
            }
            stopped.store(false, Ordering::Relaxed);
            tracing::info!("the journal is written again; calls are admitted");
        }
        settle(batch.drain(..), &slots);
    }
}

/// Takes what is queued, until `batch` holds so many.
fn gather(queue: &mut mpsc::Receiver<Filed>, batch: &mut Vec<Filed>, most: usize) {
    while batch.len() < most
        && let Ok(next) = queue.try_recv()
    {
        batch.push(next);
    }
    for filed in batch {
        filed.record.pack();
    }
}

/// Writes what had to wait, transaction by transaction; `batch` keeps what is not written yet.
async fn catch_up(store: &Store, batch: &mut Vec<Filed>, rollups: &mut Rollups, slots: &Slots) -> Stored<()> {
    while !batch.is_empty() {
        let count = batch.len().min(BATCH);
        write(store, &batch[..count], rollups).await?;
        settle(batch.drain(..count), slots);
    }
    Ok(())
}

/// Writes what a killed process left open.
pub(super) async fn recover(store: &Store, mut records: Vec<Record>) -> Stored<()> {
    let mut rollups = Rollups::default();
    let known = store.known_calls(records.iter().map(|record| record.call.id.as_str())).await?;
    records.retain(|record| !known.contains(&record.call.id));
    store.name_keys(&mut records).await?;
    let batch = records
        .into_iter()
        .map(|mut record| {
            record.pack();
            Filed { record: Box::new(record), slot: None, answer: None }
        })
        .collect::<Vec<_>>();
    for chunk in batch.chunks(BATCH) {
        write(store, chunk, &mut rollups).await?;
    }
    Ok(())
}

async fn write(store: &Store, batch: &[Filed], rollups: &mut Rollups) -> Stored<()> {
    let written = try_write(store, batch, rollups).await;
    if written.is_err() {
        rollups.distrust();
    }
    written
}

async fn try_write(store: &Store, batch: &[Filed], rollups: &mut Rollups) -> Stored<()> {
    let mut touched = HashSet::with_capacity(4);
    for filed in batch {
        let bin = Bin::of(&filed.record.call);
        if !rollups.known(&bin) {
            let figures = store.figures(&bin).await?;
            rollups.learn(bin.clone(), figures);
        }
        rollups.add(&bin, &filed.record.call);
        touched.insert(bin);
    }
    let records = batch.iter().map(|filed| &*filed.record).collect::<Vec<_>>();
    let figures =
        touched.iter().filter_map(|bin| rollups.figures(bin).map(|figures| (bin, figures))).collect::<Vec<_>>();
    store.write_calls(&records, &figures).await?;
    if let Some(newest) = touched.iter().map(|bin| bin.minute).max() {
        rollups.forget(newest);
    }
    Ok(())
}

/// Tells the callers that nothing can be promised, once; their rows are kept and say so.
fn refuse(batch: &mut [Filed]) {
    for filed in batch {
        if let Some(answer) = filed.answer.take() {
            let call = &mut filed.record.call;
            call.status = 503;
            call.outcome = Outcome::Failed;
            call.error = Some(Stopped.to_string());
            // The caller may have left meanwhile; nobody is waiting then.
            let _ = answer.send(Err(Stopped));
        }
    }
}

fn settle(written: impl Iterator<Item = Filed>, slots: &Slots) {
    for filed in written {
        if let Some(slot) = filed.slot
            && let Err(error) = slots.release(slot)
        {
            tracing::error!(%error, "the open file cannot be written");
        }
        if let Some(answer) = filed.answer {
            // The caller may have left meanwhile; nobody is waiting then.
            let _ = answer.send(Ok(()));
        }
    }
}
