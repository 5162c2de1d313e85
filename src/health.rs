//! How targets have done of late: latency, circuits, cooling, turns and sticky choices. In memory, and bounded.

mod circuit;
mod target;

use crate::route::{Group, Health as Seen, Leaf};
pub use circuit::Verdict;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use target::Target;
pub use target::Visit;

/// Targets, groups or sticky calls that are remembered at most; beyond it, memory starts anew.
const MOST: usize = 16_384;

/// What the gateway remembers between calls. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Health {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    targets: RwLock<HashMap<u64, Arc<Target>>>,
    turns: RwLock<HashMap<u64, Arc<AtomicU64>>>,
    /// Child and end of its time, milliseconds since 1970 UTC.
    stuck: RwLock<HashMap<u64, (usize, i64)>>,
    /// Calls that wait, by config.
    queues: RwLock<HashMap<u64, Arc<AtomicU32>>>,
}

/// A place in the queue of a config; free again when it is dropped.
#[derive(Debug)]
pub struct Place(Arc<AtomicU32>);

impl Health {
    /// How the target stands at `now`, milliseconds since 1970 UTC. `scope` is the config that it belongs to.
    pub fn seen(&self, scope: u64, leaf: &Leaf, now: i64) -> Seen {
        let targets = self.inner.targets.read().unwrap_or_else(PoisonError::into_inner);
        targets.get(&identity(scope, leaf)).map_or_else(Seen::default, |target| target.seen(leaf, now))
    }

    /// Begins an attempt at the target; if its circuit is half open, that is the probe.
    pub fn visit(&self, scope: u64, leaf: &Leaf, now: i64) -> Visit {
        let target = entry(&self.inner.targets, identity(scope, leaf));
        Visit::begin(target, leaf, now)
    }

    /// Whose turn it is in the group; the next one asks for the next.
    pub fn turn(&self, scope: u64, group: &Group) -> u64 {
        entry(&self.inner.turns, digest((scope, &group.path))).fetch_add(1, Ordering::Relaxed)
    }

    /// The same without taking it.
    pub fn peek_turn(&self, scope: u64, group: &Group) -> u64 {
        entry(&self.inner.turns, digest((scope, &group.path))).load(Ordering::Relaxed)
    }

    /// The child that calls of `key` stay with.
    pub fn stuck(&self, scope: u64, group: &Group, key: u64, now: i64) -> Option<usize> {
        let stuck = self.inner.stuck.read().unwrap_or_else(PoisonError::into_inner);
        stuck.get(&digest((scope, &group.path, key))).filter(|(_, until)| *until > now).map(|(child, _)| *child)
    }

    /// A place among the calls of the config that wait, at most `most`.
    pub fn wait(&self, scope: u64, most: u32) -> Option<Place> {
        let waiting = entry(&self.inner.queues, scope);
        let room = |count| (count < most).then_some(count + 1);
        waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, room).is_ok().then(|| Place(waiting))
    }

    /// Lets calls of `key` stay with `child` for `seconds`.
    pub fn stick(&self, scope: u64, (path, key, child, seconds): &(String, u64, usize, u64), now: i64) {
        let mut stuck = self.inner.stuck.write().unwrap_or_else(PoisonError::into_inner);
        if stuck.len() >= MOST {
            stuck.retain(|_, (_, until)| *until > now);
        }
        if stuck.len() >= MOST {
            stuck.clear();
        }
        let until = now.saturating_add(i64::try_from(*seconds).unwrap_or(i64::MAX).saturating_mul(1000));
        stuck.insert(digest((scope, path, key)), (*child, until));
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What a target is remembered under: its place in the config, and whom it calls there.
fn identity(scope: u64, leaf: &Leaf) -> u64 {
    let model = leaf.override_params.get("model").and_then(|model| model.as_str());
    digest((scope, &leaf.path, &leaf.provider, &leaf.custom_host, model))
}

fn digest(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

fn entry<T: Default>(map: &RwLock<HashMap<u64, Arc<T>>>, key: u64) -> Arc<T> {
    if let Some(known) = map.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return Arc::clone(known);
    }
    let mut map = map.write().unwrap_or_else(PoisonError::into_inner);
    if map.len() >= MOST {
        map.clear();
    }
    Arc::clone(map.entry(key).or_default())
}

#[cfg(test)]
mod tests {
    use super::Health;

    #[test]
    fn a_full_queue_takes_nobody_until_one_leaves() {
        let health = Health::default();
        let first = health.wait(7, 2).expect("room");
        let _second = health.wait(7, 2).expect("room");
        assert!(health.wait(7, 2).is_none(), "two wait already");
        assert!(health.wait(8, 2).is_some(), "another config has its own queue");
        drop(first);
        assert!(health.wait(7, 2).is_some());
    }
}
