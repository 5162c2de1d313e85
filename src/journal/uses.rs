//! When each key, and each of its secrets, was last used, written at most once a second: who asks, asks for minutes or
//! days.

use crate::journal::record::Record;
use std::collections::HashMap;

/// A use this soon after the one that is stored is not worth a row, milliseconds.
const SECOND: i64 = 1_000;

/// Uses of the last second that are stored, by key and secret.
#[derive(Debug, Default)]
pub struct Uses {
    stored: HashMap<i64, HashMap<String, i64>>,
}

/// A key's last use with one of its secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use<'r> {
    pub key: &'r str,
    /// Names the secret; 0: none.
    pub secret: i64,
    pub at: i64,
}

impl Uses {
    /// The last use of each key and secret among `records`, where that is to be stored; the latest is the last.
    pub fn due<'r>(&self, records: &[&'r Record]) -> Vec<Use<'r>> {
        let mut due = Vec::<Use<'_>>::new();
        for record in records {
            let (call, secret) = (&record.call, record.secret);
            let stored = self.stored.get(&secret).and_then(|keys| keys.get(&call.key_id));
            if stored.is_some_and(|stored| call.at < stored + SECOND) {
                continue;
            }
            match due.iter_mut().find(|one| one.key == call.key_id && one.secret == secret) {
                Some(one) => one.at = call.at.max(one.at),
                None => due.push(Use { key: &call.key_id, secret, at: call.at }),
            }
        }
        due.sort_by_key(|one| one.at);
        due
    }

    /// Takes in what was stored, and forgets what is older than a second.
    pub fn store(&mut self, written: &[Use<'_>]) {
        let Some(newest) = written.iter().map(|one| one.at).max() else { return };
        self.stored.retain(|_, keys| {
            keys.retain(|_, at| *at + SECOND > newest);
            !keys.is_empty()
        });
        for one in written {
            self.stored.entry(one.secret).or_default().insert(one.key.to_owned(), one.at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Record, Use, Uses};

    fn calls(rows: &[(&str, i64, i64)]) -> Vec<Record> {
        let mut records = Vec::new();
        for (key, secret, at) in rows {
            let mut record = Record { secret: *secret, ..Record::default() };
            record.call.key_id = (*key).into();
            record.call.at = *at;
            records.push(record);
        }
        records
    }

    #[test]
    fn a_key_is_stored_once_a_second_and_secret_with_its_last_use() {
        let mut uses = Uses::default();
        for (rows, due) in [
            (
                &[("a", 1, 5_000), ("b", 2, 5_010), ("a", 1, 5_020), ("a", 1, 5_015)][..],
                &[("b", 2, 5_010), ("a", 1, 5_020)][..],
            ),
            (&[("a", 1, 5_900), ("b", 2, 6_009)], &[]),
            (&[("a", 1, 5_901), ("a", 3, 5_900)], &[("a", 3, 5_900)]),
            (&[("a", 1, 6_019), ("b", 2, 6_010), ("c", 0, 6_000)], &[("c", 0, 6_000), ("b", 2, 6_010)]),
            (&[("a", 1, 6_020)], &[("a", 1, 6_020)]),
        ] {
            let records = calls(rows);
            let written = uses.due(&records.iter().collect::<Vec<_>>());
            let told = written.iter().map(|one| (one.key, one.secret, one.at)).collect::<Vec<_>>();
            assert_eq!(told, due, "{rows:?}");
            uses.store(&written);
        }
    }

    #[test]
    fn what_is_old_is_forgotten() {
        let mut uses = Uses::default();
        for at in 0..50 {
            uses.store(&[Use { key: &at.to_string(), secret: at, at: at * 1_000 }]);
        }
        assert_eq!(uses.stored.len(), 1);
    }
}
