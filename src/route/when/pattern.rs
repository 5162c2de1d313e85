//! Patterns of `$regex`, written for JavaScript and matched within bounds.

use std::iter::Peekable;
use std::str::Chars;

/// A pattern without flags, unanchored. The linear engine where it can; else one that counts its steps.
#[derive(Debug)]
pub enum Pattern {
    Linear(regex::Regex),
    Counted(Box<fancy_regex::Regex>),
}

/// Characters of a pattern.
const LONGEST: usize = 2000;
/// Bytes of a compiled pattern.
const LARGEST: usize = 256 * 1024;
/// Bytes of text that the linear engine reads; more is no match.
const LONGEST_TEXT: usize = 256 * 1024;
/// The same for the counting engine, whose steps are themselves searches.
const LONGEST_COUNTED_TEXT: usize = 8 * 1024;
const MOST_STEPS: usize = 10_000;

impl Pattern {
    /// The error is a sentence for whoever wrote the pattern.
    pub fn compile(source: &str) -> Result<Self, String> {
        if source.chars().count() > LONGEST {
            return Err(format!("The pattern is too long: {LONGEST} characters at most."));
        }
        let source = translated(source);
        let linear = regex::RegexBuilder::new(&source).size_limit(LARGEST).dfa_size_limit(LARGEST).build();
        match linear {
            Ok(regex) => Ok(Self::Linear(regex)),
            Err(regex::Error::CompiledTooBig(_)) => {
                Err("The pattern is too large: use shorter repetitions.".to_owned())
            }
            Err(_) => fancy_regex::RegexBuilder::new(&source)
                .backtrack_limit(MOST_STEPS)
                .delegate_size_limit(LARGEST)
                .delegate_dfa_size_limit(LARGEST)
                .build()
                .map(|regex| Self::Counted(Box::new(regex)))
                .map_err(|error| format!("The pattern is not a regular expression: {error}")),
        }
    }

    /// A search that would take too long finds nothing.
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::Linear(regex) => text.len() <= LONGEST_TEXT && regex.is_match(text),
            Self::Counted(regex) => text.len() <= LONGEST_COUNTED_TEXT && regex.is_match(text).unwrap_or(false),
        }
    }
}

/// JavaScript's meaning in these engines' words: `\d` and `\w` are ASCII, and a class holds no class and no operator.
fn translated(source: &str) -> String {
    let mut out = String::with_capacity(source.len() + 16);
    let mut letters = source.chars().peekable();
    let mut class = false;
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => escape(&mut letters, class, &mut out),
            '[' if !class => {
                class = true;
                out.push('[');
                if letters.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
            }
            '[' | '&' | '~' if class => out.extend(['\\', letter]),
            _ => {
                class = class && letter != ']';
                out.push(letter);
            }
        }
    }
    out
}

fn escape(letters: &mut Peekable<Chars<'_>>, class: bool, out: &mut String) {
    let members = match letters.peek() {
        Some('d') => "0-9",
        Some('w') => "0-9A-Za-z_",
        Some('D') => "^0-9",
        Some('W') => "^0-9A-Za-z_",
        next => {
            out.push('\\');
            out.extend(next);
            letters.next();
            return;
        }
    };
    letters.next();
    if class && !members.starts_with('^') {
        out.push_str(members);
    } else {
        out.push('[');
        out.push_str(members);
        out.push(']');
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, Pattern};

    #[test]
    fn patterns_mean_what_they_mean_in_javascript() {
        for (pattern, text, matches) in [
            ("gpt-4", "my gpt-4o", true),
            ("^gpt", "my gpt", false),
            ("^v\\d+$", "v12", true),
            ("^v\\d+$", "v١٢", false),
            ("^[\\w.-]+@acme\\.com$", "a.b-c@acme.com", true),
            ("^[\\w.-]+@acme\\.com$", "é@acme.com", false),
            ("^\\W$", "é", true),
            ("^[\\D]+$", "abc", true),
            ("^[[&~]+$", "[&~", true),
            ("^[a&&b]+$", "a&b", true),
            ("\\/v1\\/", "/v1/chat", true),
            ("a$", "a\n", false),
            ("a.b", "a\nb", false),
            ("GPT", "gpt", false),
            ("^(?!free).*$", "paid", true),
            ("^(?!free).*$", "free", false),
            ("(?<=@)acme", "@acme", true),
            ("^(.)\\1$", "aa", true),
            ("^(.)\\1$", "ab", false),
            ("^(?<x>.)\\k<x>$", "zz", true),
            ("", "", true),
        ] {
            let compiled = Pattern::compile(pattern).expect(pattern);
            assert_eq!(compiled.matches(text), matches, "{pattern} on {text}");
        }
    }

    #[test]
    fn what_cannot_be_matched_within_bounds_is_refused_or_false() {
        let long = "a".repeat(LONGEST + 1);
        for pattern in ["(", "[z-a]", "*", "(?<=", "\\", "(\\d{500}){500}", "(?!a)(\\d{500}){500}", &long] {
            let error = Pattern::compile(pattern).expect_err(pattern);
            assert!(error.starts_with("The pattern is"), "{error}");
        }
        let nested = Pattern::compile("^(?=(a+)+$)(a|aa)+\\1x$").expect("a pattern");
        assert!(matches!(nested, Pattern::Counted(_)));
        assert!(!nested.matches(&"a".repeat(4000)));
        let linear = Pattern::compile("^(a+)+$").expect("a pattern");
        assert!(linear.matches(&"a".repeat(200_000)));
        assert!(!linear.matches(&"a".repeat(300_000)));
    }
}
