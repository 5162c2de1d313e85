//! What is done once a second, off the path of the calls: what is committed moves from the journal's log into its
//! database, and the open file is swept.

use crate::journal::slots::Slots;
use crate::store::Store;
use crate::tasks::Tasks;
use std::time::Duration;

const PAUSE: Duration = Duration::from_secs(1);

/// Checkpoints and sweeps until shutdown. The writer's own checkpoint is the backstop, and finds little left to do.
pub(super) async fn keep(store: Store, slots: Slots, tasks: Tasks) {
    loop {
        sweep(&slots);
        if let Err(error) = store.checkpoint_journal().await {
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
