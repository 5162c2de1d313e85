//! A span of time laid out on a hundred, for waterfalls.

use std::fmt::{self, Display, Formatter};

/// In microseconds.
const SECOND: u64 = 1_000_000;
const DAY: u64 = 86_400 * SECOND;

/// Round times of clocks, in seconds: half a minute to a day.
const LONG: [u64; 13] = [30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400];

/// Microseconds from left to right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    whole: u64,
}

/// Thousandths of the width, written as a percentage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(u64);

impl Scale {
    pub fn over(whole: u64) -> Self {
        Self { whole: whole.max(1) }
    }

    pub fn percent(self, micros: u64) -> Place {
        let thousandths = u128::from(micros) * 1_000 / u128::from(self.whole);
        Place(u64::try_from(thousandths).unwrap_or(1_000).min(1_000))
    }

    /// Two to five round times and where they stand.
    pub fn ticks(self) -> Vec<(Place, String)> {
        let step = self.round();
        (0..=self.whole / step).map(|at| (self.percent(at * step), label(at * step))).collect()
    }

    /// How far apart the round times stand.
    pub fn step(self) -> Place {
        self.percent(self.round())
    }

    fn round(self) -> u64 {
        let short = (0..8).map(|power| 10_u64.pow(power)).flat_map(|unit| [unit, 2 * unit, 5 * unit]);
        let short = short.take_while(|step| *step <= 20 * SECOND);
        let long = LONG.into_iter().map(|seconds| seconds * SECOND);
        let days = (0..8).map(|power| 10_u64.pow(power) * DAY).flat_map(|unit| [2 * unit, 5 * unit, 10 * unit]);
        short.chain(long).chain(days).find(|step| self.whole / step < 5).unwrap_or(self.whole)
    }
}

impl Place {
    /// Whole percents.
    pub fn whole(self) -> u64 {
        self.0 / 10
    }
}

impl Display for Place {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.0 / 10, self.0 % 10)
    }
}

/// A round time: `0`, `20 ms`, `1 s`, `1.5 s`, `15 min`, `3 h`, `2 d`.
fn label(micros: u64) -> String {
    match micros {
        0 => "0".into(),
        1..1_000 => format!("{micros} µs"),
        1_000..1_000_000 => format!("{} ms", micros / 1_000),
        _ if micros.is_multiple_of(DAY) => format!("{} d", micros / DAY),
        _ if micros.is_multiple_of(3_600 * SECOND) => format!("{} h", micros / (3_600 * SECOND)),
        _ if micros.is_multiple_of(60 * SECOND) => format!("{} min", micros / (60 * SECOND)),
        _ if micros.is_multiple_of(1_000_000) => format!("{} s", micros / 1_000_000),
        _ => format!("{}.{} s", micros / 1_000_000, micros % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests {
    use super::Scale;

    #[test]
    fn ticks_are_round_and_few() {
        for (whole, expected) in [
            (3_700_000, vec!["0", "1 s", "2 s", "3 s"]),
            (450_000, vec!["0", "100 ms", "200 ms", "300 ms", "400 ms"]),
            (900, vec!["0", "200 µs", "400 µs", "600 µs", "800 µs"]),
            (1, vec!["0", "1 µs"]),
            (70_000_000, vec!["0", "20 s", "40 s", "1 min"]),
            (4_000_000_000, vec!["0", "15 min", "30 min", "45 min", "1 h"]),
            (40_000_000_000, vec!["0", "3 h", "6 h", "9 h"]),
            (300_000_000_000, vec!["0", "1 d", "2 d", "3 d"]),
            (3_000_000_000_000, vec!["0", "10 d", "20 d", "30 d"]),
        ] {
            let texts: Vec<String> = Scale::over(whole).ticks().into_iter().map(|(_, text)| text).collect();
            assert_eq!(texts, expected);
        }
    }

    #[test]
    fn a_place_is_a_percentage_with_one_digit() {
        let scale = Scale::over(3_000_000);
        assert_eq!(
            [0, 1_000, 1_000_000, 9_000_000].map(|at| scale.percent(at).to_string()),
            ["0.0", "0.0", "33.3", "100.0"]
        );
        assert_eq!((scale.step().to_string().as_str(), Scale::over(0).percent(0).whole()), ("33.3", 0));
    }
}
