//! The time, as an argument: the wall clock in the binary, a frozen one in tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// Tells wall time. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    frozen: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The machine's clock.
    pub fn wall() -> Self {
        Self::default()
    }

    /// A clock that stands at `millis` until it is moved.
    pub fn frozen(millis: i64) -> Self {
        Self { frozen: Some(Arc::new(AtomicI64::new(millis))) }
    }

    /// Moves a frozen clock; the wall clock cannot be moved.
    pub fn advance(&self, millis: i64) {
        if let Some(frozen) = &self.frozen {
            frozen.fetch_add(millis, Ordering::Relaxed);
        }
    }

    /// Waits; a frozen clock jumps there at once.
    pub async fn sleep(&self, time: Duration) {
        match &self.frozen {
            None => tokio::time::sleep(time).await,
            Some(_) => self.advance(i64::try_from(time.as_millis()).unwrap_or(i64::MAX)),
        }
    }

    /// Milliseconds since 1970 UTC.
    pub fn now(&self) -> i64 {
        self.frozen.as_ref().map_or_else(|| jiff::Timestamp::now().as_millisecond(), |at| at.load(Ordering::Relaxed))
    }
}
