//! Counts tests out of what cargo, pytest and Node's test runner print.

use std::ops::AddAssign;

/// Tests passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub passed: u64,
    pub failed: u64,
}

impl Tally {
    /// Adds what a line of a test runner's output says; a line that is no summary says nothing.
    pub fn read(&mut self, line: &str) {
        let words: Vec<&str> =
            line.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let cargo = line.starts_with("test result:");
        let pytest = line.contains(" in ") && words.last().is_some_and(|last| *last == "s" || last.ends_with('s'));
        match *words.as_slice() {
            ["pass", count] => self.passed += number(count),
            ["fail", count] => self.failed += number(count),
            _ if cargo || pytest => {
                for pair in words.windows(2) {
                    match *pair {
                        [count, "passed"] => self.passed += number(count),
                        [count, "failed"] => self.failed += number(count),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

fn number(word: &str) -> u64 {
    word.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn summaries_of_all_three_runners_are_counted() {
        let check = |line: &str, passed, failed| {
            let mut tally = Tally::default();
            tally.read(line);
            assert_eq!(tally, Tally { passed, failed }, "{line}");
        };
        check("test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out; finished in 0.05s", 12, 0);
        check("test result: FAILED. 3 passed; 2 failed; 0 ignored", 3, 2);
        check("======== 1 failed, 11 passed in 3.21s ========", 11, 1);
        check("14 passed in 0.51s", 14, 0);
        check("\u{2139} pass 7", 7, 0);
        check("# fail 1", 0, 1);
        check("test gateway::unknown_slug_is_refused ... ok", 0, 0);
        check("running 12 tests", 0, 0);
    }
}
