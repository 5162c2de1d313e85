//! What happened, kept: one row per call of a known key, whatever becomes of it.
//!
//! A call is open from the moment its key is known: it holds a place in the writer's queue and a slot in the open file.
//! Its answer leaves after its row is committed. What is queued when the writer is free becomes one transaction.

mod fold;
pub mod frame;
pub mod meter;
pub mod record;
pub mod rollup;
pub mod secrets;
pub mod sketch;
pub mod slots;
mod tend;
pub mod tries;
pub mod uses;
mod writer;

use crate::clock::Clock;
use crate::journal::meter::Meter;
use crate::journal::record::{CallRow, Charge, ChargeKind, Outcome, Record};
use crate::journal::slots::{Hold, Left, Opening, Slot, Slots};
use crate::journal::writer::Scribe;
use crate::store::{Store, StoreError};
use crate::tasks::Tasks;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{mpsc, oneshot};

/// Calls that may be open at once; each holds its place in the queue, so filing never waits and never fails.
const PLACES: usize = 16_384;

/// Opens calls and files them. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Journal {
    queue: mpsc::Sender<Filed>,
    slots: Slots,
    /// Set while writes fail: no call is admitted.
    stopped: Arc<AtomicBool>,
}

/// A finished call on its way to the writer.
struct Filed {
    record: Box<Record>,
    slot: Option<Slot>,
    /// What it holds of its limits in the open file.
    holds: Vec<Slot>,
    /// Told when the row is committed; nobody waits for a call whose caller left.
    answer: Option<oneshot::Sender<Result<(), Stopped>>>,
}

/// Writes fail, so nothing can be promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "The journal cannot be written. Calls are refused until it can: check disk space and permissions of the data folder."
)]
pub struct Stopped;

#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("the open file: {0}")]
    Slots(#[from] std::io::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Journal {
    /// Opens the journal: what a killed process left open becomes `interrupted` rows first.
    ///
    /// # Errors
    /// When the open file or the database cannot be used.
    pub async fn open(folder: &Path, store: &Store, clock: &Clock, tasks: &Tasks) -> Result<Self, JournalError> {
        let (slots, left) = Slots::open(&folder.join("open.slots"))?;
        let mut scribe = Scribe::open(store, clock).await?;
        let now = clock.now();
        let Left { openings, mut holds } = left;
        let rows = openings.into_iter().map(|opening| interrupted(opening, &mut holds, now)).collect::<Vec<_>>();
        scribe.recover(rows).await?;
        slots.clear()?;
        let (queue, filed) = mpsc::channel(PLACES);
        let stopped = Arc::new(AtomicBool::new(false));
        tasks.spawn(writer::run(scribe, filed, slots.clone(), Arc::clone(&stopped)));
        tasks.spawn(tend::keep(store.clone(), slots.clone(), tasks.clone()));
        tasks.spawn(fold::keep(store.clone(), clock.clone(), tasks.clone()));
        Ok(Self { queue, slots, stopped })
    }

    /// The open file.
    pub fn slots(&self) -> Slots {
        self.slots.clone()
    }

    /// Starts a call's record.
    ///
    /// # Errors
    /// While the journal cannot be written.
    pub async fn begin(&self, opening: &Opening) -> Result<Meter, Stopped> {
        if self.stopped.load(Ordering::Relaxed) {
            return Err(Stopped);
        }
        let place = self.queue.clone().reserve_owned().await.map_err(|_| Stopped)?;
        let slot = self.slots.claim(opening).map_err(|error| {
            tracing::error!(%error, "the open file cannot be written");
            Stopped
        })?;
        Ok(Meter::new(place, slot, opening))
    }
}

/// What a call held when the process ended stays held, since nobody knows what became of it.
fn interrupted(opening: Opening, holds: &mut Vec<Hold<'_>>, now: i64) -> Record {
    let charges = holds.extract_if(.., |hold| hold.call == opening.id).map(unsettled).collect();
    let call = CallRow {
        id: opening.id,
        workspace: opening.workspace,
        key_id: opening.key,
        at: opening.at,
        kind: meter::kind_word(&opening.kind),
        span_name: format!("{} {}", opening.method, opening.path).trim_start().to_owned(),
        method: opening.method,
        path: opening.path,
        outcome: Outcome::Interrupted,
        error: Some("The gateway stopped while this call was in flight.".into()),
        latency_us: u64::try_from(now - opening.at).unwrap_or(0).saturating_mul(1000),
        trace_id: opening.trace,
        span_id: opening.span,
        metadata: "{}".into(),
        runtime: "{}".into(),
        cache_status: "DISABLED",
        mode: "single",
        target: "config".into(),
        ..CallRow::default()
    };
    Record { call, charges, ..Record::default() }
}

fn unsettled(hold: Hold<'_>) -> Charge {
    Charge {
        limit: hold.limit.into_owned(),
        group: hold.group.into_owned(),
        kind: if hold.window { ChargeKind::Used } else { ChargeKind::Unsettled },
        at: hold.period,
        amount: hold.amount,
        unpriced: 0,
    }
}
