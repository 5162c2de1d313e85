//! The journal's one writer: whatever is queued when it is free becomes one transaction. No timer.

use crate::clock::Clock;
use crate::journal::record::{Outcome, Record};
use crate::journal::rollup::{Rollups, Unknown};
use crate::journal::slots::Slots;
use crate::journal::uses::Uses;
use crate::journal::{Filed, PLACES, Stopped, tend};
use crate::store::journal::Pen;
use crate::store::{Store, Stored};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Rows of one transaction at most.
const BATCH: usize = 64;
/// How often the other tasks have their turn before a transaction begins, at most.
const TURNS: usize = 8;
/// How long a failed write waits before it is tried again.
const PAUSE: Duration = Duration::from_millis(250);

/// What the writer writes with.
pub(super) struct Scribe {
    store: Store,
    pen: Pen,
    clock: Clock,
    rollups: Rollups,
    uses: Uses,
    /// Nothing is indexed before.
    rest: Option<Instant>,
}

/// Writes until the last sender is gone.
pub(super) async fn run(mut scribe: Scribe, mut queue: mpsc::Receiver<Filed>, slots: Slots, stopped: Arc<AtomicBool>) {
    let mut batch = Vec::with_capacity(BATCH);
    while let Some(first) = scribe.next(&mut queue).await {
        batch.push(first);
        linger(&queue).await;
        gather(&mut queue, &mut batch, BATCH);
        if let Err(error) = scribe.write(&batch).await {
            stopped.store(true, Ordering::Relaxed);
            let mut error = Some(error);
            while let Some(cause) = error {
                // Whatever ends meanwhile is told at once, rather than left to wait for its turn.
                gather(&mut queue, &mut batch, PLACES);
                tracing::error!(error = %cause, rows = batch.len(), "the journal cannot be written; calls are refused until it can");
                refuse(&mut batch);
                tokio::time::sleep(PAUSE).await;
                error = scribe.catch_up(&mut batch, &slots).await.err();
            }
            stopped.store(false, Ordering::Relaxed);
            tracing::info!("the journal is written again; calls are admitted");
        }
        settle(batch.drain(..), &slots);
        scribe.index().await;
    }
    scribe.close().await;
    tend::sweep(&slots);
}

async fn rested(until: Option<Instant>) {
    if let Some(until) = until {
        tokio::time::sleep_until(until).await;
    }
}

/// Calls that are about to end do so first, and share the transaction: the other tasks have their turn, and another as
/// long as each brings more.
async fn linger(queue: &mpsc::Receiver<Filed>) {
    for _ in 0..TURNS {
        let queued = queue.len();
        tokio::task::yield_now().await;
        if queue.len() == queued {
            break;
        }
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

impl Scribe {
    pub(super) async fn open(store: &Store, clock: &Clock) -> Stored<Self> {
        Ok(Self {
            store: store.clone(),
            pen: store.pen().await?,
            clock: clock.clone(),
            rollups: Rollups::after(store.newest_minute().await?),
            uses: Uses::default(),
            rest: None,
        })
    }

    /// Writes what a killed process left open.
    pub(super) async fn recover(&mut self, mut records: Vec<Record>) -> Stored<()> {
        let known = self.store.known_calls(records.iter().map(|record| record.call.id.as_str())).await?;
        records.retain(|record| !known.contains(&record.call.id));
        if !records.is_empty() {
            tracing::warn!(
                calls = records.len(),
                "calls were in flight when the process ended; they are logged as interrupted"
            );
        }
        self.store.name_keys(&mut records).await?;
        let batch = records
            .into_iter()
            .map(|mut record| {
                record.pack();
                Filed { record: Box::new(record), slot: None, holds: Vec::new(), answer: None }
            })
            .collect::<Vec<_>>();
        for chunk in batch.chunks(BATCH) {
            self.write(chunk).await?;
        }
        Ok(())
    }

    async fn write(&mut self, batch: &[Filed]) -> Stored<()> {
        let written = self.try_write(batch).await;
        if written.is_err() {
            self.rollups.distrust();
        }
        written
    }

    /// Writes what had to wait, transaction by transaction, over a new connection, in case the old one is what failed;
    /// `batch` keeps what is not written yet.
    async fn catch_up(&mut self, batch: &mut Vec<Filed>, slots: &Slots) -> Stored<()> {
        self.pen = self.store.pen().await?;
        while !batch.is_empty() {
            let count = batch.len().min(BATCH);
            self.write(&batch[..count]).await?;
            settle(batch.drain(..count), slots);
        }
        Ok(())
    }

    async fn try_write(&mut self, batch: &[Filed]) -> Stored<()> {
        let records = batch.iter().map(|filed| &*filed.record).collect::<Vec<_>>();
        let now = self.clock.now();
        learn(&self.store, &mut self.rollups, &records, now).await?;
        let changes = self.rollups.count(records.iter().map(|record| &record.call), now);
        let used = self.uses.due(&records);
        self.pen.write_calls(&records, &changes, &used).await?;
        self.uses.store(&used);
        Ok(())
    }

    /// The next call to write; meanwhile calls are indexed, where that is due. `None`: the last sender is gone.
    async fn next(&mut self, queue: &mut mpsc::Receiver<Filed>) -> Option<Filed> {
        loop {
            let due = self.pen.is_due();
            tokio::select! {
                biased;
                // First: under load there is always a next call.
                () = self.pen.asked() => {}
                next = queue.recv() => return next,
                () = rested(self.rest), if due => self.index().await,
            }
        }
    }

    /// Indexes some of the calls by their trace, where that is due. What fails is tried again after a pause.
    async fn index(&mut self) {
        if !self.pen.is_due() || self.rest.is_some_and(|rest| rest > Instant::now()) {
            return;
        }
        self.rest = self.pen.index().await.err().map(|error| {
            tracing::warn!(%error, "calls were not indexed by their trace; it is tried again");
            Instant::now() + PAUSE
        });
    }

    async fn close(self) {
        if let Err(error) = self.pen.lay_down().await {
            tracing::warn!(%error, "the journal's writer did not close its file");
        }
    }
}

/// Reads what memory lacks of the figures that these calls touch.
pub(super) async fn learn(store: &Store, rollups: &mut Rollups, records: &[&Record], now: i64) -> Stored<()> {
    let Unknown { bins, pairs, names } = rollups.unknown(records.iter().map(|record| &record.call), now);
    for bin in bins {
        let figures = store.figures(&bin).await?;
        rollups.learn(bin, figures);
    }
    for pair in pairs {
        let figures = store.pair_figures(&pair).await?;
        rollups.learn_pair(pair, figures);
    }
    for (workspace, key, day) in names {
        let values = store.values_of(&workspace, &key, day).await?;
        rollups.learn_names(&workspace, &key, day, values);
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

fn settle(batch: impl Iterator<Item = Filed>, slots: &Slots) {
    for filed in batch {
        if let Some(slot) = filed.slot {
            slots.release(slot);
        }
        filed.holds.into_iter().for_each(|slot| slots.release(slot));
        if let Some(answer) = filed.answer {
            // The caller may have left meanwhile; nobody is waiting then.
            let _ = answer.send(Ok(()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Filed, Record, Scribe};
    use crate::clock::Clock;
    use crate::journal::record::CallRow;
    use crate::store::calls::seed::journal;
    use std::time::Duration;
    use tokio::sync::mpsc;

    fn filed(id: &str) -> Filed {
        let (id, workspace) = (id.to_owned(), "default".to_owned());
        let record =
            Record { call: CallRow { id, workspace, trace_id: "t".into(), ..CallRow::default() }, ..Record::default() };
        Filed { record: Box::new(record), slot: None, holds: Vec::new(), answer: None }
    }

    #[tokio::test]
    async fn who_asks_by_trace_is_heard_while_calls_are_queued() {
        let (store, _folder) = journal().await;
        let mut scribe = Scribe::open(&store, &Clock::frozen(7)).await.unwrap();
        scribe.write(&[filed("a")]).await.unwrap();
        let (sender, mut queue) = mpsc::channel(1);
        sender.try_send(filed("b")).ok().unwrap();
        let reader = tokio::spawn(async move { store.trace_calls("default", "t").await.unwrap().len() });
        let heard = async {
            while !scribe.pen.is_due() {
                let next = scribe.next(&mut queue).await.unwrap();
                sender.try_send(next).ok().unwrap();
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), heard).await.expect("a writer that hears");
        scribe.index().await;
        assert_eq!(reader.await.unwrap(), 1);
    }
}
