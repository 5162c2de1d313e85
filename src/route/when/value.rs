//! Values as JavaScript compares them. `None` is a value that is missing: `undefined`.

use serde::Serialize;
use serde_json::Value;
use std::borrow::Cow;

/// Strict equality: no coercion, and an object or a list equals none but itself.
pub fn equal(value: Option<&Value>, operand: &Value) -> bool {
    match (value, operand) {
        (Some(Value::Number(one)), Value::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        (Some(Value::Array(_) | Value::Object(_)), _) => false,
        (value, operand) => value == Some(operand),
    }
}

/// `parseFloat`, of the value's text where it is no number; nothing holds for what is none.
pub fn number<'a>(value: Option<&Value>, text: impl FnOnce() -> &'a str) -> Float {
    match value {
        Some(Value::Number(number)) => Float(number.as_f64()),
        _ => Float(leading(text().trim_start())),
    }
}

/// A float of which nothing is true where it is none.
#[derive(Clone, Copy, Debug)]
pub struct Float(Option<f64>);

impl PartialEq for Float {
    fn eq(&self, other: &Self) -> bool {
        self.partial_cmp(other).is_some_and(std::cmp::Ordering::is_eq)
    }
}

impl PartialOrd for Float {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        self.0?.partial_cmp(&other.0?)
    }
}

/// `String(value)`, which a pattern is tested on.
pub fn text(value: Option<&Value>) -> Cow<'_, str> {
    match value {
        None => Cow::Borrowed("undefined"),
        Some(Value::Null) => Cow::Borrowed("null"),
        Some(Value::Bool(flag)) => Cow::Borrowed(if *flag { "true" } else { "false" }),
        Some(Value::String(text)) => Cow::Borrowed(text),
        Some(Value::Object(_)) => Cow::Borrowed("[object Object]"),
        Some(Value::Number(number)) => Cow::Owned(numeral(number)),
        Some(Value::Array(items)) => {
            let item = |item| if matches!(item, &Value::Null) { Cow::Borrowed("") } else { text(Some(item)) };
            Cow::Owned(items.iter().map(item).collect::<Vec<_>>().join(","))
        }
    }
}

/// JSON text.
pub fn written(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// What an explanation shows of a value: 200 characters.
pub fn cut(text: &str) -> String {
    match text.char_indices().nth(200) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", &text[..at]),
    }
}

/// A whole number has no fraction: `1.0` is `1`.
fn numeral(number: &serde_json::Number) -> String {
    let text = number.to_string();
    text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned)
}

/// The longest number that the text begins with.
fn leading(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    if unsigned.starts_with("Infinity") {
        return Some(sign * f64::INFINITY);
    }
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(unsigned);
    let fraction = unsigned[whole..].strip_prefix('.').map_or(0, &digits);
    if whole + fraction == 0 {
        return None;
    }
    let point = usize::from(unsigned[whole..].starts_with('.'));
    let mantissa = whole + point + fraction;
    let exponent = unsigned[mantissa..].strip_prefix(['e', 'E']).map_or(0, |rest| {
        let signed = usize::from(rest.starts_with(['+', '-']));
        let digits = digits(&rest[signed..]);
        if digits == 0 { 0 } else { 1 + signed + digits }
    });
    unsigned[..mantissa + exponent].parse().ok().map(|number: f64| sign * number)
}

#[cfg(test)]
mod tests {
    use super::{cut, leading, text};
    use serde_json::{Value, json};

    #[test]
    fn numbers_are_read_as_far_as_they_go() {
        for (text, number) in [
            ("12", Some(12.0)),
            ("-1.5abc", Some(-1.5)),
            ("+.5", Some(0.5)),
            ("5.", Some(5.0)),
            ("1e3x", Some(1000.0)),
            ("1e", Some(1.0)),
            ("1e+", Some(1.0)),
            ("2E-1", Some(0.2)),
            ("Infinity", Some(f64::INFINITY)),
            ("-Infinityx", Some(f64::NEG_INFINITY)),
            ("1.2.3", Some(1.2)),
            ("0x10", Some(0.0)),
            ("", None),
            (".", None),
            ("-", None),
            ("abc", None),
            ("NaN", None),
            ("é1", None),
        ] {
            assert_eq!(leading(text), number, "{text}");
        }
    }

    #[test]
    fn values_become_text_as_in_javascript() {
        let rows: [(Option<Value>, &str); 8] = [
            (None, "undefined"),
            (Some(Value::Null), "null"),
            (Some(json!(true)), "true"),
            (Some(json!(1.0)), "1"),
            (Some(json!(1.5)), "1.5"),
            (Some(json!("x")), "x"),
            (Some(json!({"a": 1})), "[object Object]"),
            (Some(json!([1, null, "a", [2, 3], {}])), "1,,a,2,3,[object Object]"),
        ];
        for (value, wanted) in &rows {
            assert_eq!(text(value.as_ref()), *wanted);
        }
    }

    #[test]
    fn long_values_are_cut_between_characters() {
        assert_eq!(cut(&"é".repeat(200)), "é".repeat(200));
        assert_eq!(cut(&"é".repeat(201)), format!("{}…", "é".repeat(200)));
    }
}
