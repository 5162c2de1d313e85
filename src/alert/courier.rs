//! Goes through the outbox: what is due is sent, what fails is tried again later, ever more seldom.

use crate::alert::mail::Mail;
use crate::alert::webhook::Webhook;
use crate::clock::Clock;
use crate::settings;
use crate::store::alerts::Due;
use crate::store::{Store, Stored};
use crate::tasks::Tasks;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// Sends at once at most.
const ROUND: u32 = 20;
/// How often the outbox is looked at where nothing wakes it.
const PAUSE: Duration = Duration::from_secs(1);
/// The first pause after a failure, and the longest, milliseconds.
const FIRST: i64 = 5_000;
const LONGEST: i64 = 3_600_000;
/// Then it is given up: after about 15 hours.
const TRIES: u32 = 24;

pub(super) struct Courier {
    store: Store,
    clock: Clock,
    webhook: Option<Webhook>,
    mail: Option<Mail>,
    woken: Arc<Notify>,
}

impl Courier {
    pub(super) fn new(store: Store, ways: &settings::Alerts, clock: Clock) -> Self {
        Self {
            store,
            clock,
            webhook: ways.webhook.as_ref().map(Webhook::new),
            mail: ways.mail.as_ref().map(Mail::new),
            woken: Arc::default(),
        }
    }

    /// Wakes it when there is something to send.
    pub(super) fn woken(&self) -> Arc<Notify> {
        Arc::clone(&self.woken)
    }

    /// Sends until shutdown. What is under way then, and not taken yet, is sent again at the next start.
    pub(super) async fn run(self, tasks: Tasks) {
        loop {
            if let Err(error) = self.round(&tasks).await {
                tracing::error!(%error, "the outbox of alerts cannot be read or written");
            }
            tokio::select! {
                () = tasks.stopping() => return,
                () = self.woken.notified() => {}
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    async fn round(&self, tasks: &Tasks) -> Stored<()> {
        for due in self.store.due_sends(self.clock.now(), ROUND).await? {
            // What was taken is noted in any case.
            let sent = tokio::select! {
                biased;
                sent = self.sent(&due) => sent,
                () = tasks.stopping() => return Ok(()),
            };
            match sent {
                Ok(()) => self.store.alert_sent(&due, self.clock.now()).await?,
                Err(why) => self.failed(&due, &why).await?,
            }
        }
        Ok(())
    }

    async fn sent(&self, due: &Due) -> Result<(), String> {
        match (due.way.as_str(), &self.webhook, &self.mail) {
            ("webhook", Some(webhook), _) => webhook.send(due, self.clock.now()).await,
            ("mail", _, Some(mail)) => {
                let more = self.store.emails_of_budget(&due.budget).await;
                mail.send(due, &more.map_err(|error| error.to_string())?).await
            }
            _ => Err("This way is not set up any more.".into()),
        }
    }

    async fn failed(&self, due: &Due, why: &str) -> Stored<()> {
        let next = pause(due.tries).map(|pause| self.clock.now() + pause);
        match next {
            Some(_) => tracing::warn!(way = due.way, why, "an alert was not sent; it is tried again"),
            None => tracing::error!(way = due.way, why, "an alert was not sent and is given up"),
        }
        self.store.alert_failed(due, next, why).await
    }
}

/// Milliseconds until the next try after so many that failed before this one; `None`: there is none.
fn pause(tries: u32) -> Option<i64> {
    (tries + 1 < TRIES).then(|| FIRST.saturating_mul(1 << tries.min(20)).min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::pause;

    #[test]
    fn pauses_grow_to_an_hour_and_end() {
        for (tries, wanted) in
            [(0, Some(5_000)), (1, Some(10_000)), (9, Some(2_560_000)), (10, Some(3_600_000)), (23, None)]
        {
            assert_eq!(pause(tries), wanted, "{tries}");
        }
        let hours = (0..23).filter_map(pause).sum::<i64>() / 3_600_000;
        assert_eq!(hours, 14);
    }
}
