//! The one upstream call of a flight, in a task of its own.

use super::{Cached, JSON, LARGEST_KEPT, Landing, echoes};
use crate::cache::Cache;
use crate::cache::entry::{Answer as Kept, Entry};
use crate::cache::flight::Flight;
use crate::cache::key::Key;
use crate::clock::Clock;
use crate::gateway::answer::is_stream;
use crate::gateway::attempt::Shot;
use crate::gateway::outgoing::Outgoing;
use crate::gateway::relay::{Fault, Relay, cause, packing};
use crate::house::House;
use crate::price::Tariff;
use crate::wire::openai::{Usage, read_answer};
use crate::wire::sse::Observer;
use bytes::Bytes;
use http::response::Parts;
use http_body_util::BodyExt;
use std::sync::Arc;
use tokio::time::Instant;

/// The one upstream call of a flight.
pub(super) struct Lead {
    house: Doors,
    out: Outgoing,
    key: Key,
    flight: Flight<Landing>,
}

/// The rooms that it needs: it may outlive the call that began it.
struct Doors {
    relay: Relay,
    cache: Cache,
    prices: Arc<Tariff>,
    clock: Clock,
}

impl Lead {
    pub(super) fn of(shot: Shot<'_>, cached: &Cached, flight: Flight<Landing>) -> Self {
        let House { relay, cache, prices, clock, .. } = shot.house;
        let house =
            Doors { relay: relay.clone(), cache: cache.clone(), prices: Arc::clone(prices), clock: clock.clone() };
        Self { house, out: shot.out.clone(), key: cached.key.clone(), flight }
    }

    /// Carries it to its end, or until nobody reads it any more.
    pub(super) async fn carry(self) {
        let landing = tokio::select! {
            landing = self.fetch() => landing,
            () = self.flight.abandoned() => return,
        };
        self.flight.end(landing);
    }

    async fn fetch(&self) -> Landing {
        let Self { house, out, flight, .. } = self;
        let began = Instant::now();
        let response = house.relay.send(out.request(None), out.patience, out.target.reach).await?;
        let (head, mut body) = response.into_parts();
        flight.head(head.status, head.headers.clone());
        let mut kept = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| Fault::Unreachable(cause(&error)))?;
            let Ok(chunk) = frame.into_data() else { continue };
            if kept.len() + chunk.len() <= LARGEST_KEPT {
                kept.extend_from_slice(&chunk);
            } else {
                kept.clear();
                kept.shrink_to_fit();
            }
            flight.push(chunk).await;
        }
        let latency_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        if head.status.is_success()
            && packing(&head.headers).is_none()
            && let Some((answer, usage)) = judged(&head, kept)
            && !echoes(out, &answer)
        {
            house.put(self, answer, usage.unwrap_or_default(), latency_us);
        }
        Ok(())
    }
}

impl Doors {
    fn put(&self, lead: &Lead, answer: Kept, usage: Usage, latency_us: u64) {
        let (now, target) = (self.clock.now(), &lead.out.target);
        let model = target.model.clone().unwrap_or_default();
        let cost = self.prices.cost(&*target.provider, &model, &usage, now).map(|cost| cost.total);
        let content_type = JSON.to_owned();
        let entry = Entry { stored_at: now, answer, model, usage, cost, latency_us, content_type };
        self.cache.put(&lead.key, entry);
    }
}

/// The form in which an answer is kept; `None` where it is none to keep.
fn judged(head: &Parts, kept: Vec<u8>) -> Option<(Kept, Option<Usage>)> {
    let kept = Bytes::from(kept);
    if is_stream(&head.headers) {
        let mut observer = Observer::new(false);
        observer.push(kept.clone());
        let sound = observer.done() && observer.spoke() && observer.error().is_none();
        return sound.then(|| (Kept::Events(kept), observer.usage().copied()));
    }
    let answer = read_answer(&kept);
    (answer.well_formed && answer.failed.is_none()).then(|| (Kept::Whole(kept), answer.usage))
}
