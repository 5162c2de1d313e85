//! Bodies as text to read: JSON is laid out anew with its keys in the order they came.

use serde::de::IgnoredAny;

/// What a page carries of one body, in bytes.
const MOST: usize = 256 * 1024;

/// JSON indented by two spaces, anything else as it is; cut at 256 KiB. `None` for an empty body.
pub(super) fn readable(body: &[u8]) -> Option<String> {
    if body.is_empty() {
        return None;
    }
    let text = String::from_utf8_lossy(body);
    if serde_json::from_str::<IgnoredAny>(&text).is_ok() { Some(indented(&text)) } else { Some(cut(&text, text.len())) }
}

/// Lays out text that is known to be JSON.
fn indented(json: &str) -> String {
    let mut out = String::with_capacity(json.len().min(MOST) * 2);
    let mut depth = 0;
    let mut letters = json.chars().filter({
        let mut quoted = Quoted::default();
        move |letter| quoted.next(*letter) || !letter.is_ascii_whitespace()
    });
    let mut quoted = Quoted::default();
    let mut last = ' ';
    while let Some(letter) = letters.next().filter(|_| out.len() <= MOST) {
        if quoted.next(letter) {
            open_line(&mut out, last, depth);
            out.push(letter);
        } else {
            depth = structure(&mut out, (last, letter), depth);
        }
        last = if quoted.inside || letter == '"' { '"' } else { letter };
    }
    if out.len() <= MOST { out } else { cut(&out, json.len()) }
}

/// Writes a letter outside strings; returns the depth after it.
fn structure(out: &mut String, (last, letter): (char, char), depth: usize) -> usize {
    match letter {
        '{' | '[' => {
            open_line(out, last, depth);
            out.push(letter);
            return depth + 1;
        }
        '}' | ']' => {
            let depth = depth.saturating_sub(1);
            if !matches!(last, '{' | '[') {
                break_line(out, depth);
            }
            out.push(letter);
            return depth;
        }
        ',' => out.push(','),
        ':' => out.push_str(": "),
        _ => {
            open_line(out, last, depth);
            out.push(letter);
        }
    }
    depth
}

/// A value or key begins a line after a bracket or a comma.
fn open_line(out: &mut String, last: char, depth: usize) {
    if matches!(last, '{' | '[' | ',') {
        break_line(out, depth);
    }
}

fn break_line(out: &mut String, depth: usize) {
    out.push('\n');
    for _ in 0..depth.min(64) {
        out.push_str("  ");
    }
}

fn cut(text: &str, whole: usize) -> String {
    if text.len() <= MOST {
        return text.to_owned();
    }
    let edge = (0..=MOST).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let shown = &text[..edge];
    format!("{shown}\n… cut here. The whole body has {whole} bytes: GET /v1/logs/{{id}} returns it.")
}

/// Follows where strings begin and end.
#[derive(Clone, Copy, Default)]
struct Quoted {
    inside: bool,
    escaped: bool,
}

impl Quoted {
    /// Whether the letter belongs to a string, its quotes included.
    fn next(&mut self, letter: char) -> bool {
        let was_inside = self.inside;
        if self.escaped {
            self.escaped = false;
        } else if letter == '"' {
            self.inside = !self.inside;
        } else if self.inside && letter == '\\' {
            self.escaped = true;
        }
        was_inside || self.inside
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_laid_out_with_its_keys_in_order() {
        for (body, expected) in [
            (
                r#"{"b":1,"a":[true, null],"c":{}}"#,
                "{\n  \"b\": 1,\n  \"a\": [\n    true,\n    null\n  ],\n  \"c\": {}\n}",
            ),
            (r#"{"say":"a, {b}: \"c\" \\"}"#, "{\n  \"say\": \"a, {b}: \\\"c\\\" \\\\\"\n}"),
            ("[ ]", "[]"),
            ("[1,\"x\"]", "[\n  1,\n  \"x\"\n]"),
            ("-1.5e3", "-1.5e3"),
            ("data: {}\n\n", "data: {}\n\n"),
            ("{\"cut\":", "{\"cut\":"),
        ] {
            assert_eq!(readable(body.as_bytes()).as_deref(), Some(expected), "{body}");
        }
        assert_eq!(readable(b""), None);
    }

    #[test]
    fn a_hostile_body_stays_small() {
        for body in ["[".repeat(1_000_000), format!("{}{}", "[".repeat(100), "]".repeat(100)), "ü".repeat(1_000_000)] {
            let text = readable(body.as_bytes()).unwrap();
            assert!(text.len() < MOST + 1000, "{}", text.len());
        }
    }
}
