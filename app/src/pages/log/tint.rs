//! JSON in a few quiet colours.

use leptos::prelude::*;

/// Longer texts stay plain: each colour costs an element.
const MOST: usize = 16 * 1024;

/// Text cut into pieces and their class: `k` keys, `s` texts, `n` figures and words, none for the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece<'a> {
    class: &'static str,
    text: &'a str,
}

pub fn tinted(text: &str) -> AnyView {
    if text.len() > MOST || !text.starts_with(['{', '[']) {
        return text.to_owned().into_any();
    }
    let piece = |Piece { class, text }: Piece<'_>| match class {
        "" => text.to_owned().into_any(),
        class => view! { <span class=class>{text.to_owned()}</span> }.into_any(),
    };
    pieces(text).into_iter().map(piece).collect_view().into_any()
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (class, length) = match first {
            '"' => {
                let length = quoted(rest);
                let is_key = rest[length..].trim_start().starts_with(':');
                (if is_key { "k" } else { "s" }, length)
            }
            '-' | '0'..='9' | 'a'..='z' => {
                ("n", run(rest, |letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter)))
            }
            _ => ("", run(rest, |letter| !matches!(letter, '"' | '-' | '0'..='9' | 'a'..='z'))),
        };
        let (text, after) = rest.split_at(length);
        pieces.push(Piece { class, text });
        rest = after;
    }
    pieces
}

/// Bytes of the string that `text` begins with, its quotes included.
fn quoted(text: &str) -> usize {
    let mut escaped = true;
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn run(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|letter| !belongs(letter)).unwrap_or(text.len()).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_and_kinds_are_told_apart() {
        let text = r#"{ "a\"b": ["x", -1.5e3, true], "ü": {} }… cut"#;
        let pieces = pieces(text);
        assert_eq!(pieces.iter().map(|piece| piece.text).collect::<String>(), text);
        let of = |class| pieces.iter().filter(|piece| piece.class == class).map(|piece| piece.text).collect::<Vec<_>>();
        assert_eq!(of("k"), [r#""a\"b""#, "\"ü\""]);
        assert_eq!(of("s"), ["\"x\""]);
        assert_eq!(of("n"), ["-1.5e3", "true", "cut"]);
    }

    #[test]
    fn an_open_string_ends_with_the_text() {
        assert_eq!(pieces("[\"ä").last().map(|piece| piece.text), Some("\"ä"));
    }
}
