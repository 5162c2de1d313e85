//! Minutes become hours, so that a month of figures is read in milliseconds.

use crate::clock::Clock;
use crate::journal::sketch::Sketch;
use crate::store::{Store, Stored};
use crate::tasks::Tasks;
use std::time::Duration;

/// An hour is added up a day after it ended: no call that began in it is still open then.
const REST: i64 = 24 * 3_600_000;
const PAUSE: Duration = Duration::from_secs(3_600);

/// Adds up what is due, now and every hour, until shutdown.
pub(super) async fn keep(store: Store, clock: Clock, tasks: Tasks) {
    loop {
        if let Err(error) = fold(&store, clock.now()).await {
            tracing::error!(%error, "figures were not added up by the hour; charts read them by the minute");
        }
        tokio::select! {
            () = tasks.stopping() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

/// Adds up every hour that is due at `now` (milliseconds), and says how many there were.
pub(super) async fn fold(store: &Store, now: i64) -> Stored<usize> {
    let mut hours = 0;
    for workspace in store.workspace_ids().await? {
        while store.fold_hour(&workspace, now - REST, compact).await? {
            hours += 1;
        }
    }
    Ok(hours)
}

fn compact(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    Sketch::decode(bytes).ok()?.encode(&mut out);
    Some(out)
}
