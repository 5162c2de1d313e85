//! What people are told of budgets: each amount that is crossed once a period, in the console, by webhook and by mail.
//!
//! An alert and what is to be sent of it are written in one transaction, and the outbox is gone through until each is
//! sent or given up. So a crash loses none; one that falls between the sending and its note sends one again, under the
//! same id.

mod courier;
mod mail;
pub mod notice;
pub mod watch;
mod webhook;

use crate::alert::courier::Courier;
use crate::alert::notice::Fill;
use crate::clock::Clock;
use crate::secret;
use crate::settings;
use crate::store::alerts::NewAlert;
use crate::store::{Store, Stored};
use crate::tasks::Tasks;
use app::model::alert::Crossed;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// Crossings that are known or wait at once; beyond that they are found again in the store.
const KNOWN_MOST: usize = 10_000;
/// How long a failed write waits before it is tried again.
const PAUSE: Duration = Duration::from_secs(1);
/// How long alerts are kept, milliseconds: 400 days.
const KEPT: i64 = 400 * 86_400_000;

/// Takes note of crossings. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Alerts {
    desk: Arc<Desk>,
    /// The ways that alerts go out by, beside the console.
    ways: Vec<&'static str>,
}

#[derive(Debug, Default)]
struct Desk {
    state: Mutex<State>,
    woken: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Crossings that were told, so that a full budget costs its calls nothing more.
    known: HashSet<Crossing>,
    waiting: Vec<(Crossing, Fill)>,
}

/// What is told once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Crossing {
    budget: String,
    part: String,
    period: i64,
    crossed: Crossed,
    level: i64,
}

/// What the background writes with.
struct Scribe {
    store: Store,
    clock: Clock,
    desk: Arc<Desk>,
    ways: Vec<&'static str>,
    courier: Arc<Notify>,
}

impl Alerts {
    /// Starts what writes and sends.
    pub async fn open(store: &Store, ways: &settings::Alerts, clock: &Clock, tasks: &Tasks) -> Stored<Self> {
        store.forget_alerts(clock.now() - KEPT).await?;
        let desk = Desk::default();
        let known = store.crossings(KNOWN_MOST / 2).await?.into_iter().map(|alert| Crossing {
            budget: alert.budget,
            part: alert.part,
            period: alert.period,
            crossed: alert.crossed,
            level: alert.level,
        });
        desk.state.lock().unwrap_or_else(PoisonError::into_inner).known.extend(known);
        let alerts = Self { desk: Arc::new(desk), ways: ways.words() };
        let courier = Courier::new(store.clone(), ways, clock.clone());
        let scribe = Scribe {
            store: store.clone(),
            clock: clock.clone(),
            desk: Arc::clone(&alerts.desk),
            ways: alerts.ways.clone(),
            courier: courier.woken(),
        };
        tasks.spawn(scribe.run(tasks.clone()));
        if !alerts.ways.is_empty() {
            tasks.spawn(courier.run(tasks.clone()));
        }
        Ok(alerts)
    }

    /// Looks at a budget after something was spent or refused, or as it was found at a start. Neither waits nor fails:
    /// what a crash loses here is seen again at the next start.
    pub fn see(&self, fill: &Fill) {
        for (crossed, level) in fill.crossed() {
            let crossing =
                Crossing { budget: fill.budget.clone(), part: fill.part.clone(), period: fill.period, crossed, level };
            let mut state = self.desk.state.lock().unwrap_or_else(PoisonError::into_inner);
            if state.known.len() >= KNOWN_MOST {
                state.known.clear();
            }
            if state.waiting.len() < KNOWN_MOST && state.known.insert(crossing.clone()) {
                state.waiting.push((crossing, fill.clone()));
                self.desk.woken.notify_one();
            }
        }
    }

    /// Whether it was told, or is about to be written.
    fn knows(&self, crossing: &Crossing) -> bool {
        self.desk.state.lock().unwrap_or_else(PoisonError::into_inner).known.contains(crossing)
    }

    /// The ways that alerts go out by, beside the console.
    pub fn ways(&self) -> &[&'static str] {
        &self.ways
    }
}

impl Scribe {
    /// Writes alerts until shutdown, and then what is left.
    async fn run(self, tasks: Tasks) {
        let mut stopping = false;
        while !stopping {
            tokio::select! {
                () = tasks.stopping() => stopping = true,
                () = self.desk.woken.notified() => {}
            }
            while let Some(error) = self.write().await.err() {
                tracing::error!(%error, "alerts cannot be written; they wait");
                if stopping {
                    return;
                }
                tokio::select! {
                    () = tasks.stopping() => stopping = true,
                    () = tokio::time::sleep(PAUSE) => {}
                }
            }
        }
    }

    async fn write(&self) -> Stored<()> {
        loop {
            let next = self.desk.state.lock().unwrap_or_else(PoisonError::into_inner).waiting.first().cloned();
            let Some((crossing, fill)) = next else { return Ok(()) };
            let at = self.clock.now();
            let id = secret::id(at);
            let alert = NewAlert {
                told: fill.told(&id, crossing.crossed, at).to_string(),
                id,
                workspace: fill.workspace,
                budget: crossing.budget,
                part: crossing.part,
                period: crossing.period,
                crossed: crossing.crossed,
                level: crossing.level,
                at,
            };
            let fresh = self.store.add_alert(&alert, &self.ways).await?;
            self.desk.state.lock().unwrap_or_else(PoisonError::into_inner).waiting.remove(0);
            if fresh {
                self.courier.notify_one();
            }
        }
    }
}

#[cfg(test)]
mod tests;
