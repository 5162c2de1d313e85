//! Minutes become sums by the quarter, the hour and the day, so that a month of figures is read in milliseconds.

use crate::clock::Clock;
use crate::store::{Store, Stored};
use crate::tasks::Tasks;
use std::time::Duration;

/// A quarter of an hour is added up this long after it ended, milliseconds: by then the writer no longer holds its bins.
/// What comes later is added to it by itself.
const REST: i64 = 5 * 60_000;
const PAUSE: Duration = Duration::from_secs(60);

/// Adds up what is due, now and every minute, until shutdown.
pub(super) async fn keep(store: Store, clock: Clock, tasks: Tasks) {
    loop {
        if let Err(error) = fold(&store, clock.now()).await {
            tracing::error!(%error, "figures were not added up; charts read them by the minute");
        }
        tokio::select! {
            () = tasks.stopping() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

/// Adds up every quarter that is due at `now` (milliseconds), and says how many there were. Whole hours become blocks.
pub async fn fold(store: &Store, now: i64) -> Stored<usize> {
    let mut quarters = 0;
    for workspace in store.rolled_workspaces().await? {
        while store.add_up(&workspace, now - REST).await? {
            quarters += 1;
            tokio::task::yield_now().await;
        }
    }
    for workspace in store.workspace_ids().await? {
        while store.pack_due(&workspace, now - REST).await? {
            tokio::task::yield_now().await;
        }
    }
    Ok(quarters)
}
