//! One line of a stream: what it says, found by search; JSON is parsed only where something must be read.

use crate::wire::openai::{Envelope, Usage};
use memchr::memmem::Finder;
use serde::de::IgnoredAny;
use std::ops::Range;
use std::sync::LazyLock;

/// What a line means for the bytes that leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Plain,
    /// `data: [DONE]`.
    Terminal,
    /// The event that carries usage and no choices.
    UsageOnly,
    /// An event with a `"usage": null` member.
    NullUsage,
}

/// What the lines so far have told.
#[derive(Debug, Default)]
pub(super) struct Sight {
    pub(super) model: Option<String>,
    pub(super) usage: Option<Usage>,
    pub(super) error: Option<String>,
    /// The status that the error tells of itself.
    pub(super) error_status: Option<u16>,
    pub(super) output_chunks: u64,
    pub(super) done: bool,
    /// An event other than the terminal one has come.
    pub(super) spoke: bool,
    /// A choice has told why it ends.
    pub(super) finished: bool,
    /// Events searched for a model in vain.
    nameless: u8,
    /// The event is announced as `event: error`.
    error_event: bool,
}

impl Sight {
    /// Takes note of one line, its ending included.
    pub(super) fn look(&mut self, line: &[u8]) -> Line {
        let Some(data) = line.strip_prefix(b"data:") else {
            self.error_event = line.strip_prefix(b"event:").is_some_and(|name| name.trim_ascii() == b"error");
            return Line::Plain;
        };
        let data = data.trim_ascii();
        if data == b"[DONE]" && line.len() <= LONGEST_TERMINAL {
            self.done = true;
            return Line::Terminal;
        }
        self.spoke |= !data.is_empty();
        self.output_chunks += u64::from(carries_output(data));
        self.finished = self.finished || values(data, &WORDS.finish).any(is_filled);
        self.read(data)
    }

    fn read(&mut self, data: &[u8]) -> Line {
        let (null_usage, usage) = values(data, &WORDS.usage)
            .fold((false, false), |(null, some), value| if is_null(value) { (true, some) } else { (null, true) });
        let error = self.error_event || values(data, &WORDS.error).any(|value| !is_null(value));
        let unnamed = self.model.is_none() && self.nameless < MOST_NAMELESS;
        let plain = if null_usage { Line::NullUsage } else { Line::Plain };
        if !(usage || error || unnamed) {
            return plain;
        }
        let Some(event) = Envelope::read(data) else {
            if self.error.is_none() && !data.is_empty() && serde_json::from_slice::<IgnoredAny>(data).is_err() {
                self.error = Some("It sent an event that is not JSON.".into());
            }
            return plain;
        };
        if unnamed {
            self.model = event.model();
            self.nameless += 1;
        }
        if error && self.error.is_none() {
            self.error = event.error_words();
            self.error_status = event.error_status();
        }
        self.usage = event.usage().or(self.usage);
        if event.is_usage_only() { Line::UsageOnly } else { plain }
    }
}

/// Whether an unfinished line, after which nothing comes, is data of which a part is missing.
pub(super) fn is_torn(line: &[u8]) -> bool {
    const FIELD: &[u8] = b"data:";
    match line.strip_prefix(FIELD) {
        None => !line.is_empty() && FIELD.starts_with(line),
        Some(data) => Envelope::read(data).is_none(),
    }
}

/// Where the event's own `"usage": null` stands, with the comma that goes with it.
pub(super) fn null_usage(line: &[u8]) -> Option<Range<usize>> {
    let (mut at, mut depth, mut comma) = (0, 0_i32, None);
    while let Some(byte) = line.get(at) {
        match byte {
            b'"' => {
                let end = string_end(line, at)?;
                if depth == 1 && &line[at..end] == b"\"usage\"" && value_at(&line[end..]).is_some_and(is_null) {
                    let null = end + memchr::memchr(b'n', &line[end..])?;
                    return Some(with_comma(line, comma, at..null + 4));
                }
                at = end;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            b',' if depth == 1 => comma = Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

/// A terminal event is `data: [DONE]`; the rest is room for blanks.
const LONGEST_TERMINAL: usize = 64;
/// A vendor that has not named its model by then will not.
const MOST_NAMELESS: u8 = 4;

/// The names that are searched for.
struct Words {
    usage: Finder<'static>,
    error: Finder<'static>,
    finish: Finder<'static>,
    output: [Finder<'static>; 7],
}

static WORDS: LazyLock<Words> = LazyLock::new(|| Words {
    usage: Finder::new("\"usage\""),
    error: Finder::new("\"error\""),
    finish: Finder::new("\"finish_reason\""),
    output: [
        "\"content\"",
        "\"text\"",
        "\"tool_calls\"",
        "\"reasoning_content\"",
        "\"reasoning\"",
        "\"refusal\"",
        "\"function_call\"",
    ]
    .map(Finder::new),
});

/// Text, reasoning or a tool call that is not empty.
fn carries_output(data: &[u8]) -> bool {
    WORDS.output.iter().any(|word| values(data, word).any(is_filled))
}

/// What follows the colon, wherever the quoted name is a member's name. Quotes inside strings are escaped, so that a
/// text which speaks of a name is not mistaken for it.
fn values<'a>(data: &'a [u8], name: &'a Finder<'static>) -> impl Iterator<Item = &'a [u8]> {
    name.find_iter(data).filter_map(|at| value_at(&data[at + name.needle().len()..]))
}

fn value_at(after_name: &[u8]) -> Option<&[u8]> {
    after_name.trim_ascii_start().strip_prefix(b":").map(<[u8]>::trim_ascii_start)
}

fn is_null(value: &[u8]) -> bool {
    value.starts_with(b"null")
}

fn is_filled(value: &[u8]) -> bool {
    match value.split_first() {
        Some((b'"', rest)) => !rest.starts_with(b"\""),
        Some((b'[', rest)) => !rest.trim_ascii_start().starts_with(b"]"),
        Some((b'{', rest)) => !rest.trim_ascii_start().starts_with(b"}"),
        _ => false,
    }
}

/// Behind the closing quote of the string that opens at `start`.
fn string_end(line: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', line.get(at..)?)?;
        if line[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

fn with_comma(line: &[u8], comma: Option<usize>, member: Range<usize>) -> Range<usize> {
    if let Some(comma) = comma {
        return comma..member.end;
    }
    let rest = &line[member.end..];
    let blanks = rest.len() - rest.trim_ascii_start().len();
    if rest.get(blanks) == Some(&b',') { member.start..member.end + blanks + 1 } else { member }
}
