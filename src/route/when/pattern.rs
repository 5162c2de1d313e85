//! Patterns of `$regex`, written for JavaScript and matched within bounds.

use std::iter::Peekable;
use std::str::Chars;

/// A pattern without flags, unanchored. The linear engine where it can; else one that counts its steps.
#[derive(Debug)]
pub struct Pattern {
    engine: Engine,
    /// Work for a byte of text.
    weight: usize,
}

#[derive(Debug)]
enum Engine {
    Linear(regex::Regex),
    Counted(Box<fancy_regex::Regex>),
}

/// What the conditions of one call may still cost, about a fifth of a second at worst: a search that would take more
/// finds nothing. A plain pattern reads 128 KiB, a large one 16 KiB, one with lookaround 4 KiB.
#[derive(Debug)]
pub struct Patience(usize);

/// Characters of a pattern.
const LONGEST: usize = 2000;
/// Bytes of a compiled pattern, with its weight.
const SIZES: [(usize, usize); 2] = [(32 * 1024, 1), (256 * 1024, 8)];
/// Steps of the counting engine, each of which may be a search.
const MOST_STEPS: usize = 10_000;
const COUNTED_WEIGHT: usize = 32;

impl Pattern {
    /// The error is a sentence for whoever wrote the pattern.
    pub fn compile(source: &str) -> Result<Self, String> {
        if source.chars().count() > LONGEST {
            return Err(format!("The pattern is too long: {LONGEST} characters at most."));
        }
        let source = translated(source);
        for (size, weight) in SIZES {
            match regex::RegexBuilder::new(&source).size_limit(size).dfa_size_limit(size).build() {
                Ok(regex) => return Ok(Self { engine: Engine::Linear(regex), weight }),
                Err(regex::Error::CompiledTooBig(_)) => {}
                Err(_) => return Self::counted(&source),
            }
        }
        Err("The pattern is too large: use shorter repetitions.".to_owned())
    }

    /// For lookaround and back-references.
    fn counted(source: &str) -> Result<Self, String> {
        let (size, _) = SIZES[0];
        fancy_regex::RegexBuilder::new(source)
            .backtrack_limit(MOST_STEPS)
            .delegate_size_limit(size)
            .delegate_dfa_size_limit(size)
            .build()
            .map(|regex| Self { engine: Engine::Counted(Box::new(regex)), weight: COUNTED_WEIGHT })
            .map_err(|error| format!("The pattern is not a regular expression: {error}"))
    }

    pub fn matches(&self, text: &str, patience: &mut Patience) -> bool {
        let Some(left) = patience.0.checked_sub(text.len().saturating_mul(self.weight)) else {
            return false;
        };
        patience.0 = left;
        match &self.engine {
            Engine::Linear(regex) => regex.is_match(text),
            Engine::Counted(regex) => regex.is_match(text).unwrap_or(false),
        }
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self(128 * 1024)
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
    use super::{LONGEST, Patience, Pattern};

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
            assert_eq!(compiled.matches(text, &mut Patience::default()), matches, "{pattern} on {text}");
        }
    }

    #[test]
    fn what_cannot_be_matched_within_bounds_is_refused_or_false() {
        let long = "a".repeat(LONGEST + 1);
        for pattern in ["(", "[z-a]", "*", "(?<=", "\\", "(\\d{500}){500}", "(?!a)(\\d{500}){500}", &long] {
            let error = Pattern::compile(pattern).expect_err(pattern);
            assert!(error.starts_with("The pattern is"), "{error}");
        }
    }

    #[test]
    fn a_search_ends_in_time() {
        for (pattern, length, matches) in [
            ("^(a+)+$", 128 * 1024, true),
            ("^(a+)+$", 128 * 1024 + 1, false),
            ("^.{1,200}a$", 201, true),
            ("a.{1,200}a", 16 * 1024, true),
            ("a.{1,200}a", 16 * 1024 + 1, false),
            ("^(?!b)a", 4096, true),
            ("^(?!b)a", 4097, false),
            ("^(?=(a+)+$)(a|aa)+\\1x$", 4000, false),
        ] {
            let compiled = Pattern::compile(pattern).expect(pattern);
            assert_eq!(compiled.matches(&"a".repeat(length), &mut Patience::default()), matches, "{pattern} {length}");
        }
        let (compiled, mut patience) = (Pattern::compile("a").expect("a pattern"), Patience::default());
        let found = (0..1000).filter(|_| compiled.matches(&"a".repeat(1024), &mut patience)).count();
        assert_eq!(found, 128);
    }
}
