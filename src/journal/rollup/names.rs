//! Which values of metadata are counted by themselves: the first thousand of a key and day.

use std::collections::{HashMap, HashSet};

/// The value under which all further ones of a day are counted. No header can carry it.
pub const OTHER: &str = "\u{0}other";
/// Values of one key counted by themselves in a day.
pub const DAY_MOST: usize = 1_000;
/// Keys of one workspace counted in a day. Who begins anew within it may leave out others than before: once there are so
/// many, sums may lack calls of any.
pub const KEYS_MOST: usize = 100;

const DAY: i64 = 86_400_000;

/// Values by workspace and day, then key.
#[derive(Debug, Default)]
pub struct Names {
    days: HashMap<(String, i64), HashMap<String, HashSet<String>>>,
}

impl Names {
    /// Notes a key whose values of that day must be learnt first.
    pub fn miss(&mut self, workspace: &str, key: &str, at: i64, missed: &mut Vec<(String, String, i64)>) {
        let day = day_of(at);
        let keys = self.days.get(&(workspace.to_owned(), day));
        let full = keys.is_some_and(|keys| keys.len() >= KEYS_MOST);
        if !full && !keys.is_some_and(|keys| keys.contains_key(key)) {
            let miss = (workspace.to_owned(), key.to_owned(), day);
            if !missed.contains(&miss) {
                missed.push(miss);
            }
        }
    }

    pub fn learn(&mut self, workspace: &str, key: &str, day: i64, values: Vec<String>) {
        let keys = self.days.entry((workspace.to_owned(), day)).or_default();
        if keys.len() < KEYS_MOST {
            keys.insert(key.to_owned(), values.into_iter().filter(|value| value != OTHER).collect());
        }
    }

    /// The value to count under; `None`: the key is not counted.
    pub fn admit(&mut self, workspace: &str, key: &str, at: i64, value: String) -> Option<String> {
        let keys = self.days.entry((workspace.to_owned(), day_of(at))).or_default();
        if !keys.contains_key(key) && keys.len() >= KEYS_MOST {
            return None;
        }
        let values = keys.entry(key.to_owned()).or_default();
        if !values.contains(&value) {
            if values.len() >= DAY_MOST {
                return Some(OTHER.to_owned());
            }
            values.insert(value.clone());
        }
        Some(value)
    }

    /// Keeps today's and yesterday's.
    pub fn forget(&mut self, now: i64) {
        let least = day_of(now) - DAY;
        self.days.retain(|(_, day), _| *day >= least);
    }
}

fn day_of(at: i64) -> i64 {
    at - at.rem_euclid(DAY)
}

#[cfg(test)]
mod tests {
    use super::{DAY, DAY_MOST, KEYS_MOST, Names, OTHER};

    #[test]
    fn the_thousand_and_first_value_of_a_day_is_other_and_the_next_day_begins_anew() {
        let mut names = Names::default();
        let mut admit = |at: i64, value: usize| names.admit("w", "user", at, format!("u{value}"));
        assert!((0..DAY_MOST).all(|value| admit(5, value) == Some(format!("u{value}"))));
        assert_eq!(admit(6, DAY_MOST).as_deref(), Some(OTHER));
        assert_eq!(admit(7, 3).as_deref(), Some("u3"));
        assert_eq!(admit(DAY, DAY_MOST).as_deref(), Some("u1000"));
    }

    #[test]
    fn what_was_learnt_counts_towards_the_thousand() {
        let mut names = Names::default();
        let mut missed = Vec::new();
        names.miss("w", "user", 5, &mut missed);
        names.miss("w", "user", 6, &mut missed);
        assert_eq!(missed, [("w".to_owned(), "user".to_owned(), 0)]);
        names.learn("w", "user", 0, (0..DAY_MOST).map(|value| format!("u{value}")).chain([OTHER.into()]).collect());
        assert_eq!(names.admit("w", "user", 9, "new".into()).as_deref(), Some(OTHER));
        missed.clear();
        names.miss("w", "user", 9, &mut missed);
        assert!(missed.is_empty());
    }

    #[test]
    fn keys_are_bounded_too() {
        let mut names = Names::default();
        for key in 0..KEYS_MOST {
            assert!(names.admit("w", &format!("k{key}"), 0, "v".into()).is_some());
        }
        assert_eq!(names.admit("w", "one more", 0, "v".into()), None);
    }
}
