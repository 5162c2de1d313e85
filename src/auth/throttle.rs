//! Slows guessing at sign-in, per account and per client.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

const SECOND: i64 = 1_000;

/// Entries remembered of each kind; the one that failed longest ago makes room.
const REMEMBERED: usize = 10_000;

/// What one kind of entry bears.
#[derive(Clone, Copy, Debug)]
struct Patience {
    /// Failures without a pause.
    free: u32,
    /// The longest pause, milliseconds.
    longest: i64,
    /// After so long without a failure all is forgotten, milliseconds.
    memory: i64,
}

/// Short at most: whoever knows an address must not be able to keep its owner out.
const ACCOUNT: Patience = Patience { free: 5, longest: 60 * SECOND, memory: 3_600 * SECOND };

/// More at first: people behind one address share it.
const CLIENT: Patience = Patience { free: 20, longest: 900 * SECOND, memory: 3_600 * SECOND };

/// Failures by account and by client. Attempts are counted when they are let in, so that many at once do not slip by.
#[derive(Debug)]
pub struct Throttle {
    accounts: Mutex<Failures<String>>,
    clients: Mutex<Failures<IpAddr>>,
}

/// How long to wait, whole seconds, at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause(pub i64);

impl Default for Throttle {
    fn default() -> Self {
        Self { accounts: Mutex::new(Failures::new(ACCOUNT)), clients: Mutex::new(Failures::new(CLIENT)) }
    }
}

impl Throttle {
    /// Lets an attempt in and counts it as failed until [`Throttle::succeeded`] says otherwise. `now` in milliseconds.
    pub fn admit(&self, email: &str, client: IpAddr, now: i64) -> Result<(), Pause> {
        let (email, client) = (account(email), network(client));
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let until = accounts.until(&email, now).max(clients.until(&client, now));
        if until > now {
            return Err(Pause((until - now + SECOND - 1) / SECOND));
        }
        accounts.count(email, now);
        clients.count(client, now);
        Ok(())
    }

    /// The account is forgiven; the client gets this attempt back only, for it may be guessing at others.
    pub fn succeeded(&self, email: &str, client: IpAddr) {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner).forget(&account(email));
        self.clients.lock().unwrap_or_else(PoisonError::into_inner).refund(&network(client));
    }
}

#[derive(Debug)]
struct Failures<K> {
    patience: Patience,
    entries: HashMap<K, Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    failures: u32,
    last: i64,
}

impl<K: Eq + Hash + Clone> Failures<K> {
    fn new(patience: Patience) -> Self {
        Self { patience, entries: HashMap::new() }
    }

    /// Until when the key must wait.
    fn until(&self, key: &K, now: i64) -> i64 {
        let Some(entry) = self.entries.get(key).filter(|entry| self.fresh(entry, now)) else { return now };
        match entry.failures.checked_sub(self.patience.free) {
            None => now,
            Some(over) => entry.last + (SECOND << over.min(20)).min(self.patience.longest),
        }
    }

    fn count(&mut self, key: K, now: i64) {
        if self.entries.len() >= REMEMBERED && !self.entries.contains_key(&key) {
            self.make_room(now);
        }
        let memory = self.patience.memory;
        let entry = self.entries.entry(key).or_insert(Entry { failures: 0, last: now });
        let failures = if now - entry.last < memory { entry.failures } else { 0 };
        *entry = Entry { failures: failures.saturating_add(1), last: now };
    }

    fn forget(&mut self, key: &K) {
        self.entries.remove(key);
    }

    fn refund(&mut self, key: &K) {
        if let Some(entry) = self.entries.get_mut(key) {
            entry.failures = entry.failures.saturating_sub(1);
        }
    }

    fn fresh(&self, entry: &Entry, now: i64) -> bool {
        now - entry.last < self.patience.memory
    }

    fn make_room(&mut self, now: i64) {
        let memory = self.patience.memory;
        self.entries.retain(|_, entry| now - entry.last < memory);
        if self.entries.len() < REMEMBERED {
            return;
        }
        let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.last).map(|(key, _)| key.clone());
        if let Some(key) = oldest {
            self.entries.remove(&key);
        }
    }
}

fn account(email: &str) -> String {
    email.trim().chars().take(254).collect::<String>().to_lowercase()
}

/// One customer of a provider has a whole /64 of IPv6.
fn network(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX))),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn client(number: u32) -> IpAddr {
        IpAddr::V4(std::net::Ipv4Addr::from_bits(number))
    }

    #[test]
    fn five_failures_are_free_and_then_the_pause_doubles() {
        let (throttle, clock) = (Throttle::default(), Clock::frozen(0));
        for _ in 0..5 {
            assert_eq!(throttle.admit("ada@example.com", HOME, clock.now()), Ok(()));
        }
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            assert_eq!(throttle.admit("Ada@Example.com ", HOME, clock.now()), Err(Pause(seconds)));
            clock.advance(seconds * SECOND - 1);
            assert_eq!(throttle.admit("ada@example.com", HOME, clock.now()), Err(Pause(1)));
            clock.advance(1);
            assert_eq!(throttle.admit("ada@example.com", HOME, clock.now()), Ok(()));
        }
    }

    #[test]
    fn a_client_that_guesses_at_many_accounts_has_to_wait() {
        let (throttle, clock) = (Throttle::default(), Clock::frozen(0));
        for number in 0..20 {
            assert_eq!(throttle.admit(&format!("p{number}@example.com"), HOME, clock.now()), Ok(()));
        }
        assert_eq!(throttle.admit("another@example.com", HOME, clock.now()), Err(Pause(1)));
        assert_eq!(throttle.admit("another@example.com", client(9), clock.now()), Ok(()));
    }

    #[test]
    fn success_forgives_the_account_but_not_the_client() {
        let throttle = Throttle::default();
        for round in 0..4 {
            for _ in 0..4 {
                assert_eq!(throttle.admit("victim@example.com", HOME, round), Ok(()));
            }
            throttle.succeeded("victim@example.com", client(9));
            assert_eq!(throttle.admit("own@example.com", HOME, round), Ok(()));
            throttle.succeeded("own@example.com", HOME);
        }
        for _ in 0..4 {
            assert_eq!(throttle.admit("other@example.com", HOME, 4), Ok(()));
        }
        assert_eq!(throttle.admit("own@example.com", HOME, 4), Err(Pause(1)));
    }

    #[test]
    fn an_hour_without_failures_forgets_everything() {
        let throttle = Throttle::default();
        for _ in 0..5 {
            assert_eq!(throttle.admit("ada@example.com", HOME, 0), Ok(()));
        }
        assert_eq!(throttle.admit("ada@example.com", HOME, 3_600 * SECOND), Ok(()));
        assert_eq!(throttle.admit("ada@example.com", HOME, 3_600 * SECOND), Ok(()));
    }

    #[test]
    fn neighbours_in_one_ipv6_network_are_one_client() {
        let inside = |end: &str| format!("2001:db8:1:2::{end}").parse::<IpAddr>().unwrap();
        assert_eq!(network(inside("1")), network(inside("ffff")));
        assert_ne!(network(inside("1")), network("2001:db8:1:3::1".parse().unwrap()));
        assert_eq!(network("::ffff:10.0.0.1".parse().unwrap()), "10.0.0.1".parse::<IpAddr>().unwrap());
    }

    #[test]
    fn memory_is_bounded() {
        let throttle = Throttle::default();
        for number in 0..12_000_u32 {
            let _ = throttle.admit(&format!("p{number}"), client(number), i64::from(number));
        }
        assert_eq!(throttle.accounts.lock().unwrap().entries.len(), REMEMBERED);
        assert_eq!(throttle.clients.lock().unwrap().entries.len(), REMEMBERED);
    }
}
