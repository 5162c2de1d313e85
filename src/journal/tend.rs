//! What is done off the path of the calls: the open file is swept once a second, and every few seconds what is committed
//! moves from the journal's log into its database. A page that many calls change moves once each time, so that moving more
//! often costs each of them more.

use crate::journal::slots::Slots;
use crate::store::Store;
use crate::tasks::Tasks;
use std::time::Duration;

const PAUSE: Duration = Duration::from_secs(1);
/// Sweeps to a checkpoint.
const SWEEPS: u32 = 4;

/// Checkpoints and sweeps until shutdown. The writer's own checkpoint is the backstop, and finds little left to do.
pub(super) async fn keep(store: Store, slots: Slots, tasks: Tasks) {
    for turn in (0..SWEEPS).cycle() {
        sweep(&slots);
        if turn == 0
            && let Err(error) = store.checkpoint_journal().await
        {
            tracing::warn!(%error, "the journal was not checkpointed; its log grows until it can be");
        }
        tokio::select! {
            () = tasks.stopping() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

/// Clears what is no longer in flight.
pub(super) fn sweep(slots: &Slots) {
    if let Err(error) = slots.sweep() {
        tracing::error!(%error, "the open file cannot be written");
    }
}
