//! Carries a plan out: target after target, retries, hedges, until one answers or none is left.

use crate::gateway::attempt::{Reply, Shot, Tried};
use crate::gateway::cached::{CacheUse, Cached};
use crate::gateway::limited::Limited;
use crate::gateway::outgoing::{Asking, Outgoing};
use crate::gateway::refusal::Refusal;
use crate::house::House;
use crate::journal::tries::Tries;
use crate::route::retry::{self, Next};
use crate::route::{Leaf, Plan, Step};
use app::model::routing::Hedge;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A plan at work.
pub struct Drive<'a> {
    pub house: &'a House,
    pub call: Asking<'a>,
    pub plan: &'a Plan,
    pub tries: Tries,
    /// What limits the call, where anything does.
    pub limited: Option<&'a Limited>,
    /// When the call began.
    pub began: Instant,
}

/// How a plan, or one of its steps, ended.
pub struct Ended {
    /// JSON path of the target.
    pub path: String,
    /// `None` where the target could not be made ready.
    pub out: Option<Box<Outgoing>>,
    pub status: u16,
    pub reply: Result<Reply, Refusal>,
    /// For `x-portkey-retry-attempt-count`.
    pub retries: i64,
    /// Retries that were made.
    pub retried: u32,
    pub cache: CacheUse,
    /// Milliseconds until a rate limit of the gateway's own lets a target be asked, where such limits alone kept all of
    /// them from it.
    pub opens_in: Option<u64>,
    /// Nothing may stand in for it.
    terminal: bool,
}

impl Ended {
    fn refused(path: &str, refusal: Refusal) -> Self {
        Self {
            path: path.to_owned(),
            out: None,
            status: refusal.status.as_u16(),
            terminal: refusal.exception,
            reply: Err(refusal),
            retries: 0,
            retried: 0,
            cache: CacheUse::none(),
            opens_in: None,
        }
    }

    fn succeeded(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl Drive<'_> {
    /// Tries the steps in their order.
    pub async fn run(&self) -> Ended {
        let (mut index, mut opens_in) = (0, Some(u64::MAX));
        loop {
            let hedge = self.plan.steps.get(index).and_then(|step| step.hedge.as_ref());
            let (at, ended) = match hedge {
                None => self.numbered(index).await,
                Some(hedge) => Box::pin(self.race(index, hedge)).await,
            };
            let next = if ended.terminal { None } else { self.plan.after(at, ended.status) };
            let limited = ended.reply.as_ref().err().and_then(Refusal::opens_in);
            opens_in = opens_in.zip(limited).map(|(before, now)| before.min(now));
            let Some(next) = next else { return Ended { opens_in, ..ended } };
            if let Some(out) = &ended.out {
                self.passed_over(out, &ended.reply);
            }
            let onto = self.plan.steps.get(next).map_or("", |step| step.leaf.path.as_str());
            self.tries.then(&ended.path, &format!("went on to {onto}, since it ended with {}", ended.status));
            index = next;
        }
    }

    /// Asks the next target as well while the ones before are slow; the first success counts.
    async fn race(&self, first: usize, hedge: &Hedge) -> (usize, Ended) {
        let after = Duration::from_millis(hedge.after);
        let most = hedge.max.unwrap_or(2).clamp(2, 4);
        let (mut last, mut started) = (first, 1);
        let mut racing = FuturesUnordered::from_iter([self.numbered(first)]);
        let timer = tokio::time::sleep(after);
        tokio::pin!(timer);
        let mut failed: Option<(usize, Ended)> = None;
        loop {
            let next = if started < most { self.plan.stands_in(last) } else { None };
            tokio::select! {
                biased;
                Some((index, ended)) = racing.next() => {
                    if ended.succeeded() || ended.terminal {
                        return (index, ended);
                    }
                    if failed.as_ref().is_none_or(|(at, _)| *at < index) {
                        failed = Some((index, ended));
                    }
                    if racing.is_empty() && let Some(failed) = failed.take() {
                        return failed;
                    }
                }
                () = &mut timer, if next.is_some() => {
                    if let Some(next) = next {
                        (last, started) = (next, started + 1);
                        racing.push(self.numbered(next));
                        timer.as_mut().reset(tokio::time::Instant::now() + after);
                    }
                }
            }
        }
    }

    fn numbered(&self, index: usize) -> impl Future<Output = (usize, Ended)> + Send {
        Box::pin(async move { (index, self.step(index).await) })
    }

    async fn step(&self, index: usize) -> Ended {
        let Some(step) = self.plan.steps.get(index) else { return Ended::refused("config", Refusal::defect()) };
        let leaf = &step.leaf;
        if let Some(key) = leaf.lacking.first() {
            let refusal = Refusal::lacking(&leaf.path, key);
            return Ended { terminal: true, ..Ended::refused(&leaf.path, refusal) };
        }
        let mut out = match Outgoing::of(self.house, &self.call, leaf) {
            Ok(out) => Box::new(out),
            Err(refusal) => return Ended::refused(&leaf.path, refusal),
        };
        let cached = Cached::of(&self.call, &out);
        if let Some(cached) = &cached
            && let Some((status, reply, cache)) = cached.find(self.house, &out).await
        {
            let (path, terminal) = (leaf.path.clone(), false);
            let (reply, out, opens_in) = (Ok(reply), Some(out), None);
            return Ended { path, out, status, reply, retries: 0, retried: 0, cache, opens_in, terminal };
        }
        if let Some(limited) = self.limited {
            match limited.fare(self.house, self.call, &out).await {
                Ok(fare) => out.fare = fare.map(Arc::new),
                Err(refusal) => return Ended::refused(&leaf.path, refusal),
            }
        }
        self.persist(step, out, cached).await
    }

    /// Tries one target, and again as its config says.
    async fn persist(&self, step: &Step, out: Box<Outgoing>, cached: Option<Cached>) -> Ended {
        let leaf = &*step.leaf;
        let held = self.holds(step);
        let (mut done, mut waited_ms, mut wait_us) = (0, 0, 0);
        loop {
            let shot = Shot {
                house: self.house,
                out: &out,
                tries: &self.tries,
                started_us: micros(self.began),
                retry: done,
                waited_us: wait_us,
                held,
            };
            let (tried, cache) = self.visited(leaf, shot, cached.as_ref()).await;
            let mut next = retry::next(&leaf.retry, done, tried.status, tried.after, waited_ms);
            if matches!(next, Next::Wait { .. }) && !self.house.retries.take(self.house.clock.now()) {
                self.tries.then(&leaf.path, "not retried: retries are at their share of the gateway's traffic");
                next = Next::GiveUp;
            }
            let Next::Wait { ms } = next else {
                let Tried { status, reply, .. } = tried;
                let (path, retries) = (leaf.path.clone(), retry::count(done, next));
                let (out, retried, opens_in) = (Some(out), done, None);
                return Ended { path, out, status, reply, retries, retried, cache, opens_in, terminal: false };
            };
            self.tries.then(&leaf.path, &format!("tried again after {ms} ms, since it ended with {}", tried.status));
            self.passed_over(&out, &tried.reply);
            drop(tried);
            self.house.clock.sleep(Duration::from_millis(ms)).await;
            (done, waited_ms, wait_us) = (done + 1, waited_ms + ms, ms * 1000);
        }
    }

    /// An answer that another one takes the place of was paid for all the same.
    fn passed_over(&self, out: &Outgoing, reply: &Result<Reply, Refusal>) {
        let Ok(Reply::Whole(whole)) = reply else { return };
        let (Some(attempt), Some(usage)) = (&whole.attempt, &whole.checked.answer.usage) else { return };
        let served = whole.checked.answer.model.as_deref().unwrap_or_default();
        let cost = out.cost(self.house, usage, served, self.house.clock.now());
        attempt.note(|row| {
            row.tokens_in = usage.input;
            row.tokens_out = usage.output;
            row.cost = cost.map(|cost| cost.total);
        });
    }

    /// One try, remembered where the config's strategies ask for it.
    async fn visited(&self, leaf: &Leaf, shot: Shot<'_>, cached: Option<&Cached>) -> (Tried, CacheUse) {
        let watched = self.call.routed.filter(|routed| routed.tree.remembers);
        let visit = watched.map(|routed| self.house.health.visit(routed.scope, leaf, self.house.clock.now()));
        let (tried, cache) = match cached {
            None => (shot.fire().await, CacheUse::none()),
            Some(cached) => cached.fire(shot).await,
        };
        // What was not asked for its own sake tells nothing of the target.
        if let Some(visit) = visit.filter(|_| !cache.hit && tried.sent) {
            visit.end(tried.status, tried.latency_us, tried.cooling);
        }
        (tried, cache)
    }

    /// For how long a stream's content is held back; `None`: not at all, since nothing could stand in for it.
    fn holds(&self, step: &Step) -> Option<Duration> {
        // Where others were or may be asked, even the last one's failure is better told by a status.
        let several = self.plan.steps.len() > 1 || step.leaf.retry.attempts > 0;
        several.then(|| Duration::from_millis(step.leaf.stream.hold.unwrap_or(0)))
    }
}

fn micros(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX)
}
