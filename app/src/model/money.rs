//! Money is whole nano-dollars; text is made at the edge.

use serde::{Deserialize, Serialize};

/// US dollars in billionths: `Nanos(1_000_000_000)` is one dollar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Nanos(pub i64);

impl Nanos {
    pub const ZERO: Self = Self(0);

    /// The price of one call: five decimals, two significant figures below $0.0001, `$0` only for zero.
    pub fn call_text(self) -> String {
        let size = self.0.unsigned_abs();
        if size == 0 {
            return "$0".into();
        }
        if size >= 100_000 {
            return format!("{}${}", self.sign(), decimal(round(size, 10_000), 9, 5));
        }
        let digits = size.ilog10();
        let unit = 10_u64.pow(digits.saturating_sub(1));
        let text = decimal(round(size, unit), 9, 9);
        format!("{}${}", self.sign(), text.trim_end_matches('0'))
    }

    /// A total: cents, with thousands separated; a positive total under a cent is shown as `<$0.01`.
    pub fn total_text(self) -> String {
        let cents = round(self.0.unsigned_abs(), 10_000_000) / 10_000_000;
        if cents == 0 && self.0 != 0 {
            return "<$0.01".into();
        }
        format!("{}${}.{:02}", self.sign(), grouped(cents / 100), cents % 100)
    }

    fn sign(self) -> &'static str {
        if self.0 < 0 { "−" } else { "" }
    }
}

impl std::iter::Sum for Nanos {
    fn sum<I: Iterator<Item = Self>>(rows: I) -> Self {
        Self(rows.map(|row| row.0).sum())
    }
}

/// Digits in groups of three: `148,392`.
pub fn grouped(figure: u64) -> String {
    let digits = figure.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn round(size: u64, unit: u64) -> u64 {
    (size + unit / 2) / unit * unit
}

fn decimal(size: u64, scale: u32, keep: usize) -> String {
    let one = 10_u64.pow(scale);
    let fraction = format!("{:0width$}", size % one, width = scale as usize);
    format!("{}.{}", size / one, &fraction[..keep])
}

#[cfg(test)]
mod tests {
    use super::Nanos;

    #[test]
    fn a_call_shows_the_precision_that_matters() {
        for (nanos, text) in [
            (0, "$0"),
            (1, "$0.000000001"),
            (123_456, "$0.00012"),
            (99_940, "$0.0001"),
            (12_345, "$0.000012"),
            (7_670_000, "$0.00767"),
            (1_234_567_890, "$1.23457"),
            (-7_670_000, "−$0.00767"),
        ] {
            assert_eq!(Nanos(nanos).call_text(), text, "{nanos}");
        }
    }

    #[test]
    fn a_total_shows_cents() {
        for (nanos, text) in [
            (0, "$0.00"),
            (1, "<$0.01"),
            (312_480_000_000, "$312.48"),
            (1_702_180_000_000, "$1,702.18"),
            (9_999_999, "$0.01"),
        ] {
            assert_eq!(Nanos(nanos).total_text(), text, "{nanos}");
        }
    }
}
