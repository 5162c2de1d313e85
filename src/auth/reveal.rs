//! A secret just made, kept for one look: the page that follows the form shows it, and then it is gone.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use tower_sessions::session::Id;

/// Milliseconds a secret waits to be looked at.
const WAIT: i64 = 10 * 60 * 1_000;

/// Secrets waiting at once where nobody says; beyond that the one put down first is dropped.
const WAITING: usize = 256;

/// One secret a browser session, in memory alone.
pub struct Reveals<T> {
    waiting: Mutex<HashMap<Id, (i64, T)>>,
    most: usize,
}

impl<T> Default for Reveals<T> {
    fn default() -> Self {
        Self::of(WAITING)
    }
}

impl<T> Reveals<T> {
    /// With room for `most`.
    pub fn of(most: usize) -> Self {
        Self { waiting: Mutex::new(HashMap::new()), most }
    }

    /// Puts a secret down for `session`, in place of the one before. `now` in milliseconds.
    pub fn put(&self, session: Id, secret: T, now: i64) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|_, (at, _)| now - *at < WAIT);
        if waiting.len() >= self.most {
            let first = waiting.iter().min_by_key(|(_, (at, _))| *at).map(|(session, _)| *session);
            first.map(|session| waiting.remove(&session));
        }
        waiting.insert(session, (now, secret));
    }

    /// Looks, and leaves it there.
    pub fn peek(&self, session: Id, now: i64) -> Option<T>
    where
        T: Clone,
    {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.get(&session).filter(|(at, _)| now - *at < WAIT).map(|(_, secret)| secret.clone())
    }

    /// Takes it away; the second look finds nothing.
    pub fn take(&self, session: Id, now: i64) -> Option<T> {
        let taken = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&session);
        taken.filter(|(at, _)| now - *at < WAIT).map(|(_, secret)| secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_seen_once_by_its_session_within_ten_minutes() {
        let reveals = Reveals::default();
        reveals.put(Id(1), "old", 0);
        reveals.put(Id(1), "new", 1);
        reveals.put(Id(2), "other", 1);
        assert_eq!(reveals.take(Id(3), 2), None);
        assert_eq!(reveals.peek(Id(1), 2), Some("new"));
        assert_eq!(reveals.take(Id(1), 2), Some("new"));
        assert_eq!(reveals.take(Id(1), 2), None);
        assert_eq!(reveals.take(Id(2), 1 + WAIT), None);
    }

    #[test]
    fn the_one_put_down_first_makes_room() {
        let reveals = Reveals::default();
        for number in 0..300 {
            reveals.put(Id(number), number, i64::try_from(number).unwrap());
        }
        assert_eq!(reveals.take(Id(0), 300), None);
        assert_eq!(reveals.take(Id(299), 300), Some(299));
        assert!(reveals.waiting.lock().unwrap().len() < WAITING);
    }
}
