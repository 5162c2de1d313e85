//! Where the parts of a config stand in its text.

use serde_json::Value;

/// Why a text is no JSON object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// From 1.
    pub line: usize,
    pub column: usize,
    pub message: String,
}

/// The text as an object, or where it breaks.
pub fn parse(text: &str) -> Result<Value, Broken> {
    match serde_json::from_str::<Value>(text) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(Broken { line: 1, column: 1, message: "Use a JSON object, in braces.".into() }),
        Err(error) => {
            let told = error.to_string();
            let message = told.split(" at line ").next().unwrap_or_default();
            let mut letters = message.chars();
            let message = letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>());
            Err(Broken {
                line: error.line().max(1),
                column: error.column().max(1),
                message: message.unwrap_or_default() + ".",
            })
        }
    }
}

/// The lines of each value: its path, and the first and last line, from 1. In the order of the text; the root is first.
pub fn spans(text: &str) -> Vec<(String, usize, usize)> {
    let mut walk = Walk { bytes: text.as_bytes(), at: 0, line: 1, told: Vec::new() };
    walk.value("", None);
    walk.told
}

/// The lines of the value at `path`, or of the nearest that holds it.
pub fn place(spans: &[(String, usize, usize)], path: &str) -> (usize, usize) {
    let holding = spans.iter().filter(|(known, ..)| super::path::within(path, known));
    holding.max_by_key(|(known, ..)| known.len()).map_or((1, 1), |(_, first, last)| (*first, *last))
}

/// Valid JSON alone is walked; at anything else the walk ends.
struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    line: usize,
    told: Vec<(String, usize, usize)>,
}

impl Walk<'_> {
    /// `from`: the line of its key.
    fn value(&mut self, path: &str, from: Option<usize>) {
        self.space();
        let number = self.told.len();
        self.told.push((path.to_owned(), from.unwrap_or(self.line), self.line));
        match self.peek() {
            Some(b'{') => self.several(path, b'}'),
            Some(b'[') => self.several(path, b']'),
            Some(b'"') => {
                self.string();
            }
            _ => {
                while self.peek().is_some_and(|byte| !b",]}".contains(&byte) && !byte.is_ascii_whitespace()) {
                    self.at += 1;
                }
            }
        }
        self.told[number].2 = self.line;
    }

    fn several(&mut self, path: &str, end: u8) {
        self.at += 1;
        for index in 0.. {
            self.space();
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    self.space();
                }
                Some(byte) if byte != end => {}
                _ => break,
            }
            let line = self.line;
            if end == b']' {
                self.value(&format!("{path}[{index}]"), None);
            } else if self.peek() == Some(b'"') {
                let key = self.string();
                self.space();
                self.at += 1;
                self.value(&if path.is_empty() { key } else { format!("{path}.{key}") }, Some(line));
            } else {
                break;
            }
        }
        self.at = (self.at + 1).min(self.bytes.len());
    }

    fn string(&mut self) -> String {
        let start = self.at;
        self.at += 1;
        while let Some(byte) = self.peek() {
            self.at += if byte == b'\\' { 2 } else { 1 };
            if byte == b'"' {
                break;
            }
        }
        self.at = self.at.min(self.bytes.len());
        serde_json::from_slice(&self.bytes[start..self.at]).unwrap_or_default()
    }

    fn space(&mut self) {
        while let Some(byte) = self.peek().filter(u8::is_ascii_whitespace) {
            self.line += usize::from(byte == b'\n');
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "{\n  \"a\": [\n    {\"metadata.x\": \"q\\\"\"},\n    2\n  ],\n  \"b\":\n    {}\n}";

    #[test]
    fn every_value_has_its_lines() {
        let told: Vec<_> =
            spans(TEXT).into_iter().map(|(path, first, last)| format!("{path} {first}-{last}")).collect();
        assert_eq!(told, [" 1-8", "a 2-5", "a[0] 3-3", "a[0].metadata.x 3-3", "a[1] 4-4", "b 6-7"]);
        assert_eq!(place(&spans(TEXT), "a[1].missing"), (4, 4));
        assert_eq!(place(&spans(TEXT), "c"), (1, 8));
    }

    #[test]
    fn a_text_that_breaks_says_where() {
        let broken = parse("{\n  \"a\": ,\n}").expect_err("no JSON");
        assert_eq!((broken.line, broken.column, broken.message.as_str()), (2, 8, "Expected value."));
        assert_eq!(parse("[]").expect_err("no object").message, "Use a JSON object, in braces.");
        for text in ["", "{", "{\"a", "[1,", "{\"a\":", "{]", "\\", "{\"a\" 1}"] {
            assert!(!spans(text).is_empty(), "the walk ends");
        }
    }
}
