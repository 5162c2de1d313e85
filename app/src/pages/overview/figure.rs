//! Figures as the overview writes them, in whole numbers throughout.

use crate::model::money::{Nanos, grouped};

/// A figure and its unit, which is set smaller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    pub figure: String,
    pub unit: &'static str,
}

impl Figure {
    fn new(figure: impl Into<String>, unit: &'static str) -> Self {
        Self { figure: figure.into(), unit }
    }

    /// Both in one text: `391.6 M`, `0.61 %`.
    pub fn text(&self) -> String {
        if self.unit.is_empty() { self.figure.clone() } else { format!("{} {}", self.figure, self.unit) }
    }
}

/// A count in full up to six digits, then in millions or billions.
pub fn count(figure: u64) -> Figure {
    match figure {
        ..1_000_000 => Figure::new(grouped(figure), ""),
        1_000_000..1_000_000_000 => Figure::new(decimal(figure, 1_000_000, 1), "M"),
        _ => Figure::new(decimal(figure, 1_000_000_000, 2), "B"),
    }
}

/// Microseconds.
pub fn duration(us: u64) -> Figure {
    match us {
        ..1_000 => Figure::new(us.to_string(), "µs"),
        1_000..10_000 => Figure::new(decimal(us, 1_000, 1), "ms"),
        10_000..999_500 => Figure::new(decimal(us, 1_000, 0), "ms"),
        999_500..100_000_000 => Figure::new(decimal(us, 1_000_000, 2), "s"),
        _ => Figure::new(decimal(us, 1_000_000, 0), "s"),
    }
}

/// `part` of `whole`; `None` of nothing.
pub fn percent(part: u64, whole: u64) -> Option<Figure> {
    let rate = (part * 10_000).checked_div(whole)?;
    let text = if part > 0 && rate == 0 { "<0.01".into() } else { decimal(part * 10_000, whole * 100, 2) };
    Some(Figure::new(text, "%"))
}

/// How many a second over `millis`: `1.7/s`.
pub fn rate(figure: u64, millis: u64) -> String {
    let hundredths = (figure * 100_000 + millis / 2).checked_div(millis).unwrap_or(0);
    match hundredths {
        0 if figure > 0 => "<0.01/s".into(),
        0 => "0/s".into(),
        1..1_000 => format!("{}/s", decimal(hundredths, 100, 2)),
        1_000..100_000 => format!("{}/s", decimal(hundredths, 100, 1)),
        _ => format!("{}/s", count(hundredths / 100).text()),
    }
}

/// A label on a vertical axis of counts: `1.5k`, `2M`.
pub fn count_tick(figure: i64) -> String {
    let figure = figure.unsigned_abs();
    match figure {
        ..1_000 => figure.to_string(),
        1_000..1_000_000 => format!("{}k", trimmed(figure, 1_000)),
        1_000_000..1_000_000_000 => format!("{}M", trimmed(figure, 1_000_000)),
        _ => format!("{}B", trimmed(figure, 1_000_000_000)),
    }
}

/// A label on a vertical axis of microseconds: `500 ms`, `2 s`.
pub fn duration_tick(us: i64) -> String {
    let us = us.unsigned_abs();
    match us {
        0 => "0".into(),
        1..1_000_000 => format!("{} ms", trimmed(us, 1_000)),
        _ => format!("{} s", trimmed(us, 1_000_000)),
    }
}

/// A label on a vertical axis of nano-dollars: `$20`, `$0.5`, `$0.00002`.
pub fn money_tick(nanos: i64) -> String {
    let nanos = nanos.unsigned_abs();
    if nanos >= 1_000_000_000_000 {
        return format!("${}k", trimmed(nanos, 1_000_000_000_000));
    }
    format!("${}", trimmed(nanos, 1_000_000_000))
}

/// A sum of money: cents for what has any, the precision of a call below one.
pub fn money(sum: Nanos) -> String {
    if sum.0 != 0 && sum.0.unsigned_abs() < 10_000_000 { sum.call_text() } else { sum.total_text() }
}

/// Rounded half up to `digits` decimals.
pub fn decimal(figure: u64, one: u64, digits: u32) -> String {
    let scale = 10_u128.pow(digits);
    let one = u128::from(one.max(1));
    let scaled = (u128::from(figure) * scale * 2 + one) / (one * 2);
    let (whole, rest) = (scaled / scale, scaled % scale);
    match usize::try_from(digits) {
        Ok(0) | Err(_) => whole.to_string(),
        Ok(width) => format!("{whole}.{rest:0width$}"),
    }
}

fn trimmed(figure: u64, one: u64) -> String {
    let text = decimal(figure, one, one.max(1).ilog10());
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::{count, count_tick, duration, duration_tick, money, money_tick, percent, rate};
    use crate::model::money::Nanos;

    #[test]
    fn counts_are_full_until_they_are_millions() {
        for (figure, text) in [(0, "0"), (148_392, "148,392"), (391_640_000, "391.6 M"), (2_345_000_000, "2.35 B")] {
            assert_eq!(count(figure).text(), text);
        }
    }

    #[test]
    fn a_duration_has_three_digits_that_matter() {
        for (us, text) in [
            (640, "640 µs"),
            (2_440, "2.4 ms"),
            (212_300, "212 ms"),
            (999_600, "1.00 s"),
            (2_040_000, "2.04 s"),
            (125_400_000, "125 s"),
        ] {
            assert_eq!(duration(us).text(), text, "{us}");
        }
    }

    #[test]
    fn a_share_is_never_rounded_to_none() {
        let text = |part, whole| percent(part, whole).map(|figure| figure.text());
        assert_eq!(text(0, 0), None);
        assert_eq!(text(61, 10_000).as_deref(), Some("0.61 %"));
        assert_eq!(text(1, 1_000_000).as_deref(), Some("<0.01 %"));
        assert_eq!(text(0, 9).as_deref(), Some("0.00 %"));
    }

    #[test]
    fn rates_keep_two_figures() {
        let day = 86_400_000;
        let rows = [(0, "0/s"), (1, "<0.01/s"), (148_392, "1.72/s"), (8_640_000, "100.0/s"), (391_600_000, "4,532/s")];
        for (figure, text) in rows {
            assert_eq!(rate(figure, day), text);
        }
    }

    #[test]
    fn ticks_carry_their_unit_and_no_more_digits_than_needed() {
        assert_eq!([0, 500, 1_500, 2_000_000].map(count_tick), ["0", "500", "1.5k", "2M"]);
        assert_eq!([0, 500_000, 2_000_000].map(duration_tick), ["0", "500 ms", "2 s"]);
        assert_eq!([0, 20_000, 500_000_000, 20_000_000_000].map(money_tick), ["$0", "$0.00002", "$0.5", "$20"]);
    }

    #[test]
    fn small_sums_keep_their_digits() {
        let sums = [0, 42_000, 312_480_000_000].map(|nanos| money(Nanos(nanos)));
        assert_eq!(sums, ["$0.00", "$0.000042", "$312.48"]);
    }
}
