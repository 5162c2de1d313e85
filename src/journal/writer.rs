//! The journal's one writer: whatever is queued when it is free becomes one transaction. No timer.

use crate::journal::record::{Outcome, Record};
use crate::journal::rollup::{Bin, Rollups};
use crate::journal::slots::Slots;
use crate::journal::{Filed, Stopped};
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
        while batch.len() < BATCH
            && let Ok(next) = queue.try_recv()
        {
            batch.push(next);
        }
        for filed in &mut batch {
            filed.record.pack();
        }
        let mut outcome = write(&store, &batch, &mut rollups).await;
        while let Err(error) = outcome {
            tracing::error!(%error, rows = batch.len(), "the journal cannot be written; calls are refused until it can");
            stopped.store(true, Ordering::Relaxed);
            refuse(&mut batch);
            tokio::time::sleep(PAUSE).await;
            outcome = write(&store, &batch, &mut rollups).await;
        }
        if stopped.swap(false, Ordering::Relaxed) {
            tracing::info!("the journal is written again; calls are admitted");
        }
        settle(&mut batch, &slots);
    }
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

fn settle(batch: &mut Vec<Filed>, slots: &Slots) {
    for filed in batch.drain(..) {
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
