//! Moves what is committed from the journal's log into its database, off the path of the calls.

use crate::store::Store;
use crate::tasks::Tasks;
use std::time::Duration;

const PAUSE: Duration = Duration::from_secs(1);

/// Checkpoints until shutdown. The writer's own checkpoint is the backstop, and finds little left to do.
pub(super) async fn keep(store: Store, tasks: Tasks) {
    loop {
        if let Err(error) = store.checkpoint_journal().await {
            tracing::warn!(%error, "the journal was not checkpointed; its log grows until it can be");
        }
        tokio::select! {
            () = tasks.stopping() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}
