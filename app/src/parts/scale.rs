//! A span of time laid out on a hundred, for waterfalls.

use std::fmt::{self, Display, Formatter};

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
        let steps = (0..).map(|power| 10_u64.pow(power)).flat_map(|unit| [unit, 2 * unit, 5 * unit]).take(30);
        steps.into_iter().find(|step| self.whole / step < 5).unwrap_or(self.whole)
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

/// A round time: `0`, `20 ms`, `1 s`, `1.5 s`.
fn label(micros: u64) -> String {
    match micros {
        0 => "0".into(),
        1..1_000 => format!("{micros} µs"),
        1_000..1_000_000 => format!("{} ms", micros / 1_000),
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
