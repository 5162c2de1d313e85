//! The one way to start background work, so that shutdown can wait for it.

use std::future::Future;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Background work of this process. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Tasks {
    /// Starts `work`; shutdown waits until it has ended.
    pub fn spawn<F>(&self, work: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.tracker.spawn(work);
    }

    /// Resolves when shutdown has begun.
    pub async fn stopping(&self) {
        self.stop.cancelled().await;
    }

    /// Tells all work to end. `drain` waits for it.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Waits until all work has ended.
    pub async fn drain(&self) {
        self.tracker.close();
        self.tracker.wait().await;
    }
}
