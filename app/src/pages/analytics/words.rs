//! Figures by their unit, in words.

use crate::model::analytics::{Tone, Unit};
use crate::model::money::Nanos;
use crate::pages::overview::figure::{Figure, count, count_tick, decimal, duration, duration_tick, money, money_tick};

/// A figure at its full width.
pub fn figure(value: i64, unit: Unit) -> Figure {
    let size = value.unsigned_abs();
    match unit {
        Unit::Count => count(size),
        Unit::Money => Figure { figure: money(Nanos(value)), unit: "" },
        Unit::Time => time(size),
        Unit::Share => Figure { figure: decimal(size, 100, 2), unit: "%" },
        Unit::Score => Figure { figure: score(value), unit: "" },
    }
}

/// The same in one text; a dash where there is none.
pub fn text(value: Option<i64>, unit: Unit) -> String {
    value.map_or_else(|| "–".into(), |value| figure(value, unit).text())
}

/// On a vertical axis.
pub fn tick(value: i64, unit: Unit) -> String {
    match unit {
        Unit::Count => count_tick(value),
        Unit::Money => money_tick(value),
        Unit::Time => duration_tick(value),
        Unit::Share => format!("{} %", decimal(value.unsigned_abs(), 100, u32::from(value % 100 != 0))),
        Unit::Score => score(value),
    }
}

/// How a figure moved: up, the size, and the class of its colour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    pub up: bool,
    pub text: String,
    pub tone: &'static str,
}

/// `None`: not at all, or from nothing.
pub fn moved(now: i64, before: i64, unit: Unit, tone: Tone) -> Option<Moved> {
    let up = now > before;
    let good = matches!((tone, up), (Tone::Good, true) | (Tone::Bad, false));
    let tone = match tone {
        Tone::Neither => "",
        _ if good => "good",
        _ => "bad",
    };
    let (away, from) = (now.abs_diff(before), before.unsigned_abs());
    let text = match unit {
        _ if away == 0 => return None,
        Unit::Share => format!("{} pt", decimal(away, 100, 2)),
        Unit::Score => decimal(away, 100, 2),
        _ if from == 0 || away < from / 2_000 => return None,
        _ if away / from >= 10 => format!("×{}", count(now.unsigned_abs() / from).text()),
        _ => format!("{} %", decimal(away.saturating_mul(100), from, 1)),
    };
    Some(Moved { up, text, tone })
}

fn score(value: i64) -> String {
    let sign = if value < 0 { "−" } else { "" };
    format!("{sign}{}", decimal(value.unsigned_abs(), 100, 2))
}

/// Long times in hours and days.
fn time(us: u64) -> Figure {
    const MINUTE: u64 = 60_000_000;
    match us {
        ..600_000_000 => duration(us),
        600_000_000..7_200_000_000 => Figure { figure: decimal(us, MINUTE, 1), unit: "min" },
        7_200_000_000..172_800_000_000 => Figure { figure: decimal(us, 60 * MINUTE, 1), unit: "h" },
        _ => Figure { figure: decimal(us, 24 * 60 * MINUTE, 1), unit: "days" },
    }
}

#[cfg(test)]
mod tests {
    use super::{Moved, Tone, Unit, moved, text, tick};

    #[test]
    fn figures_have_their_unit() {
        for (value, unit, told) in [
            (1_234_567, Unit::Count, "1.2 M"),
            (312_480_000_000, Unit::Money, "$312.48"),
            (2_040_000, Unit::Time, "2.04 s"),
            (900_000_000, Unit::Time, "15.0 min"),
            (9_000_000_000, Unit::Time, "2.5 h"),
            (2_380, Unit::Share, "23.80 %"),
            (-250, Unit::Score, "−2.50"),
        ] {
            assert_eq!(text(Some(value), unit), told);
        }
        assert_eq!((text(None, Unit::Count).as_str(), tick(2_000, Unit::Share).as_str()), ("–", "20 %"));
    }

    #[test]
    fn a_change_is_told_by_size_and_direction() {
        let told = |now, before, unit, tone| moved(now, before, unit, tone);
        let change = |up, text: &str, tone| Some(Moved { up, text: text.into(), tone });
        assert_eq!(told(114, 100, Unit::Money, Tone::Neither), change(true, "14.0 %", ""));
        assert_eq!(told(90, 100, Unit::Time, Tone::Bad), change(false, "10.0 %", "good"));
        assert_eq!(told(2_380, 2_070, Unit::Share, Tone::Good), change(true, "3.10 pt", "good"));
        assert_eq!(told(5_000, 10, Unit::Count, Tone::Bad), change(true, "×500", "bad"));
        assert_eq!(told(5, 0, Unit::Count, Tone::Bad), None);
    }
}
