//! When each key was last used, written at most once a second: who asks, asks for minutes or days.

use crate::journal::record::Record;
use std::collections::HashMap;

/// A use this soon after the one that is stored is not worth a row, milliseconds.
const SECOND: i64 = 1_000;

/// Uses of the last second that are stored.
#[derive(Debug, Default)]
pub struct Uses {
    stored: HashMap<String, i64>,
}

impl Uses {
    /// The last use of each key among `records`, where that is to be stored.
    pub fn due<'r>(&self, records: &[&'r Record]) -> Vec<(&'r str, i64)> {
        let mut due = Vec::<(&str, i64)>::new();
        for call in records.iter().map(|record| &record.call) {
            if self.stored.get(&call.key_id).is_some_and(|stored| call.at < stored + SECOND) {
                continue;
            }
            match due.iter_mut().find(|(key, _)| *key == call.key_id) {
                Some((_, last)) => *last = call.at.max(*last),
                None => due.push((&call.key_id, call.at)),
            }
        }
        due
    }

    /// Takes in what was stored, and forgets what is older than a second.
    pub fn store(&mut self, written: &[(&str, i64)]) {
        let Some(newest) = written.iter().map(|(_, at)| *at).max() else { return };
        self.stored.retain(|_, at| *at + SECOND > newest);
        self.stored.extend(written.iter().map(|(key, at)| ((*key).to_owned(), *at)));
    }
}

#[cfg(test)]
mod tests {
    use super::{Record, Uses};

    fn calls(rows: &[(&str, i64)]) -> Vec<Record> {
        let mut records = Vec::new();
        for (key, at) in rows {
            let mut record = Record::default();
            record.call.key_id = (*key).into();
            record.call.at = *at;
            records.push(record);
        }
        records
    }

    #[test]
    fn a_key_is_stored_once_a_second_with_its_last_use() {
        let mut uses = Uses::default();
        for (rows, due) in [
            (&[("a", 5_000), ("b", 5_010), ("a", 5_020), ("a", 5_015)][..], &[("a", 5_020), ("b", 5_010)][..]),
            (&[("a", 5_900), ("b", 6_009)], &[]),
            (&[("a", 6_019), ("b", 6_010), ("c", 6_000)], &[("b", 6_010), ("c", 6_000)]),
            (&[("a", 6_020)], &[("a", 6_020)]),
        ] {
            let records = calls(rows);
            let written = uses.due(&records.iter().collect::<Vec<_>>());
            assert_eq!(written, due, "{rows:?}");
            uses.store(&written);
        }
    }

    #[test]
    fn what_is_old_is_forgotten() {
        let mut uses = Uses::default();
        for at in 0..50 {
            uses.store(&[(&at.to_string(), at * 1_000)]);
        }
        assert_eq!(uses.stored.len(), 1);
    }
}
