//! Amounts of budgets as they are typed: pure.

use crate::limit::rule::Unit;
use crate::settings::rules::Ruling;
use app::model::money::grouped;

/// Whole dollars that a sum of nano-dollars can hold.
const DOLLARS_MOST: i64 = i64::MAX / 1_000_000_000;

/// An amount as typed, in the unit's own measure: dollars become nano-dollars.
pub fn amount(unit: Unit, text: &str) -> Ruling<i64> {
    let plain = plain(text.trim());
    let text = plain.as_deref().unwrap_or(text.trim());
    let large = is_above(text, if unit == Unit::Cost { DOLLARS_MOST } else { i64::MAX });
    match unit {
        Unit::Cost if large => Err(format!("Use at most {} dollars.", grouped(DOLLARS_MOST.unsigned_abs()))),
        Unit::Cost => nanos(text)
            .filter(|nanos| *nanos > 0)
            .ok_or_else(|| "Use dollars above 0, with up to nine decimals, such as 25 or 0.5.".to_owned()),
        _ if large => Err(format!("Use at most {}.", grouped(i64::MAX.unsigned_abs()))),
        _ => text.parse().ok().filter(|count| *count > 0).ok_or_else(|| "Use a whole number above 0.".to_owned()),
    }
}

/// An amount as it would be typed: dollars without an exponent, to the last nano-dollar.
pub fn typed(unit: Unit, value: i64) -> String {
    match unit {
        Unit::Cost => {
            let text = format!("{}.{:09}", value / 1_000_000_000, value.unsigned_abs() % 1_000_000_000);
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        _ => value.to_string(),
    }
}

/// Whether the whole part of a decimal number is.
fn is_above(text: &str, most: i64) -> bool {
    let whole = text.split('.').next().unwrap_or_default().trim_start_matches('0');
    let digits = whole.bytes().all(|byte| byte.is_ascii_digit());
    digits && (whole.len() > 19 || whole.parse().is_ok_and(|whole: i128| whole > most.into()))
}

/// A number with an exponent or with `_` between its digits, as TOML has them, without either: `1.5e3` is 1500.
fn plain(text: &str) -> Option<String> {
    let text = text.replace('_', "");
    let (digits, power) = text.split_once(['e', 'E']).unwrap_or((&text, "0"));
    let power: i32 = power.parse().ok().filter(|power| (-40..=40).contains(power))?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{fraction}");
    if all.is_empty() || all.len() > 60 || !all.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let point = i32::try_from(whole.len()).ok()? + power;
    let before = usize::try_from((-point).max(0)).ok()?;
    let after = usize::try_from(point - i32::try_from(all.len()).ok()?).unwrap_or(0);
    let padded = format!("{}{all}{}", "0".repeat(before), "0".repeat(after));
    let (whole, fraction) = padded.split_at(usize::try_from(point.max(0)).ok()?);
    let fraction = fraction.trim_end_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    Some(if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") })
}

/// Decimal dollars to the last nano-dollar.
fn nanos(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > 9 {
        return None;
    }
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let part: i64 = format!("{fraction:0<9}").parse().ok()?;
    whole.checked_mul(1_000_000_000)?.checked_add(part)
}

#[cfg(test)]
mod tests {
    use super::{amount, typed};
    use crate::limit::rule::Unit;

    #[test]
    fn amounts_are_read_to_the_last_nano_dollar() {
        for (unit, text, value) in [
            (Unit::Cost, "1.0", Some(1_000_000_000)),
            (Unit::Cost, "0.000000001", Some(1)),
            (Unit::Cost, ".5", Some(500_000_000)),
            (Unit::Cost, "0.0000000001", None),
            (Unit::Cost, "0", None),
            (Unit::Cost, "-1", None),
            (Unit::Cost, "1e3", Some(1_000_000_000_000)),
            (Unit::Cost, "1.5E+2", Some(150_000_000_000)),
            (Unit::Cost, "25e-2", Some(250_000_000)),
            (Unit::Cost, "5e-9", Some(5)),
            (Unit::Cost, "1e-10", None),
            (Unit::Cost, "e3", None),
            (Unit::Cost, "1e99", None),
            (Unit::Cost, "1_000.5", Some(1_000_500_000_000)),
            (Unit::Cost, ".", None),
            (Unit::Cost, "99999999999", None),
            (Unit::Tokens, "100", Some(100)),
            (Unit::Tokens, "1.5", None),
            (Unit::Tokens, "1e6", Some(1_000_000)),
        ] {
            assert_eq!(amount(unit, text).ok(), value, "{text}");
        }
        for (unit, text, words) in [
            (Unit::Cost, "9223372037", "at most 9,223,372,036 dollars"),
            (Unit::Cost, "1e30", "at most 9,223,372,036 dollars"),
            (Unit::Tokens, "9223372036854775808", "at most 9,223,372,036,854,775,807"),
            (Unit::Tokens, "99999999999999999999999999999999999999999999", "at most 9,223,372,036,854,775,807"),
        ] {
            let told = amount(unit, text).expect_err(text);
            assert!(told.contains(words), "{text}: {told}");
        }
    }

    #[test]
    fn an_amount_is_written_as_it_is_read() {
        for (unit, value, text) in [
            (Unit::Cost, 25_000_000_000, "25"),
            (Unit::Cost, 500_000_000, "0.5"),
            (Unit::Cost, 1, "0.000000001"),
            (Unit::Cost, 100_000_000_000_000_000, "100000000"),
            (Unit::Tokens, 1_000, "1000"),
        ] {
            assert_eq!(typed(unit, value), text);
            assert_eq!(amount(unit, text), Ok(value));
        }
    }
}
