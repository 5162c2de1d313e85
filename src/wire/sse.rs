//! Watches a stream of OpenAI's events on its way through, without touching it.

mod line;

use bytes::{Bytes, BytesMut};
use line::{Line, Sight};

/// Reads along while a stream passes: model, usage, content, error, end.
///
/// Whole lines leave at once and as they came, so that an error can follow where a stream breaks off. The terminal
/// event (`data: [DONE]`) and what follows it are held until [`Observer::finish`], so that the call can be committed
/// first. And an observer that strips usage, for a caller who did not ask for it, takes out `"usage": null` members and
/// the event that carries nothing but usage. The bytes that leave do not depend on how the stream was cut into chunks.
#[derive(Debug, Default)]
pub struct Observer {
    strip_usage: bool,
    /// The unfinished line so far.
    line: Vec<u8>,
    /// Received and not released.
    held: BytesMut,
    /// The unfinished line is too long to keep: it passes unobserved.
    overlong: bool,
    /// A dropped event's blank line goes too.
    swallow_blank: bool,
    seen: Sight,
}

/// A line longer than this passes unobserved, so that memory stays bounded.
const LONGEST_LINE: usize = 1 << 20;
/// After the terminal event nothing is expected; what comes beyond this is dropped.
const LONGEST_REST: usize = 1 << 16;

impl Observer {
    pub fn new(strip_usage: bool) -> Self {
        Self { strip_usage, ..Self::default() }
    }

    /// Takes what the upstream sent and returns what may leave now, which may be empty.
    pub fn push(&mut self, chunk: Bytes) -> Bytes {
        if self.seen.done {
            self.hold_rest(&chunk);
            Bytes::new()
        } else if self.strip_usage {
            self.rewrite(&chunk)
        } else {
            self.pass(chunk)
        }
    }

    /// The upstream has ended: what was held.
    pub fn finish(&mut self) -> Bytes {
        let line = std::mem::take(&mut self.line);
        if self.strip_usage && !self.seen.done {
            let mut rest = BytesMut::new();
            self.rewrite_line(&line, &mut rest);
            self.held.extend_from_slice(&rest);
        } else if !line.is_empty() {
            self.look(&line);
        }
        self.held.split().freeze()
    }

    /// The model that answers, once an event has named it.
    pub fn model(&self) -> Option<&str> {
        self.seen.model.as_deref()
    }

    pub fn usage(&self) -> Option<&super::openai::Usage> {
        self.seen.usage.as_ref()
    }

    /// The first token has come: text, reasoning or a tool call, not just a role.
    pub fn saw_content(&self) -> bool {
        self.seen.output_chunks > 0
    }

    /// Events that carried output; what a stream without usage is estimated by.
    pub fn output_chunks(&self) -> u64 {
        self.seen.output_chunks
    }

    /// An error reported inside the stream, in the vendor's words.
    pub fn error(&self) -> Option<&str> {
        self.seen.error.as_deref()
    }

    /// The status that the error tells of itself.
    pub fn error_status(&self) -> Option<u16> {
        self.seen.error_status
    }

    /// The terminal event has come; a stream that ends without it was cut off.
    pub fn done(&self) -> bool {
        self.seen.done
    }

    /// Whole lines leave untouched.
    fn pass(&mut self, chunk: Bytes) -> Bytes {
        let carried = self.held.split();
        let mut start = 0;
        let mut release = chunk.len();
        for end in memchr::memchr_iter(b'\n', &chunk) {
            if self.complete(&chunk[start..=end]) == Line::Terminal {
                release = start;
                break;
            }
            start = end + 1;
        }
        if !self.seen.done {
            self.keep(&chunk[start..]);
            if !self.overlong {
                release = start;
            }
        }
        // A carried line that is still the same unfinished (or terminal) line stays held as a whole.
        if release == 0 {
            self.held = carried;
            self.hold(&chunk);
            return Bytes::new();
        }
        if carried.is_empty() && release == chunk.len() {
            return chunk;
        }
        self.hold(&chunk[release..]);
        if carried.is_empty() { chunk.slice(..release) } else { joined(carried, &chunk[..release]) }
    }

    /// Whole lines leave, without what the caller did not ask for.
    fn rewrite(&mut self, chunk: &[u8]) -> Bytes {
        let mut out = BytesMut::with_capacity(self.line.len() + chunk.len());
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', chunk) {
            let piece = &chunk[start..=end];
            start = end + 1;
            if self.overlong {
                self.overlong = false;
                out.extend_from_slice(piece);
            } else if self.line.is_empty() {
                self.rewrite_line(piece, &mut out);
            } else {
                let mut line = std::mem::take(&mut self.line);
                line.extend_from_slice(piece);
                self.rewrite_line(&line, &mut out);
            }
            if self.seen.done {
                self.hold_rest(&chunk[start..]);
                return out.freeze();
            }
        }
        if !self.overlong {
            self.line.extend_from_slice(&chunk[start..]);
            start = chunk.len();
        }
        if self.line.len() > LONGEST_LINE {
            self.overlong = true;
            self.swallow_blank = false;
            out.extend_from_slice(&std::mem::take(&mut self.line));
        }
        out.extend_from_slice(&chunk[start..]);
        out.freeze()
    }

    fn rewrite_line(&mut self, line: &[u8], out: &mut BytesMut) {
        if std::mem::take(&mut self.swallow_blank) && matches!(line, b"" | b"\n" | b"\r\n") {
            return;
        }
        match self.look(line) {
            Line::Plain => out.extend_from_slice(line),
            Line::Terminal => self.hold_rest(line),
            Line::UsageOnly => self.swallow_blank = true,
            Line::NullUsage => match line::null_usage(line) {
                None => out.extend_from_slice(line),
                Some(member) => {
                    out.extend_from_slice(&line[..member.start]);
                    out.extend_from_slice(&line[member.end..]);
                }
            },
        }
    }

    /// Ends the unfinished line with `piece` and looks at it.
    fn complete(&mut self, piece: &[u8]) -> Line {
        if std::mem::take(&mut self.overlong) {
            return Line::Plain;
        }
        if self.line.is_empty() {
            return self.look(piece);
        }
        let mut line = std::mem::take(&mut self.line);
        line.extend_from_slice(piece);
        self.look(&line)
    }

    /// Adds to the unfinished line.
    fn keep(&mut self, piece: &[u8]) {
        if self.overlong {
            return;
        }
        self.line.extend_from_slice(piece);
        if self.line.len() > LONGEST_LINE {
            self.overlong = true;
            self.line = Vec::new();
        }
    }

    fn look(&mut self, line: &[u8]) -> Line {
        if line.len() > LONGEST_LINE { Line::Plain } else { self.seen.look(line) }
    }

    /// An unfinished line is bounded already.
    fn hold(&mut self, bytes: &[u8]) {
        if self.seen.done {
            self.hold_rest(bytes);
        } else {
            self.held.extend_from_slice(bytes);
        }
    }

    fn hold_rest(&mut self, bytes: &[u8]) {
        let room = LONGEST_REST.saturating_sub(self.held.len());
        self.held.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

fn joined(mut head: BytesMut, tail: &[u8]) -> Bytes {
    head.extend_from_slice(tail);
    head.freeze()
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_LINE, Observer};
    use crate::wire::openai::Usage;
    use bytes::Bytes;

    const OPENAI: &str = include_str!("../tests/wire/sse/openai.sse");
    const OPENAI_STRIPPED: &str = include_str!("../tests/wire/sse/openai.stripped.sse");
    const GROQ: &str = include_str!("../tests/wire/sse/groq.sse");
    const SPACED: &str = include_str!("../tests/wire/sse/spaced.sse");
    const SPACED_STRIPPED: &str = include_str!("../tests/wire/sse/spaced.stripped.sse");
    const BROKEN: &str = include_str!("../tests/wire/sse/broken.sse");

    /// What left before and at the end, and the observer.
    fn run(text: &str, strip: bool, cuts: &[usize]) -> (String, String, Observer) {
        let mut observer = Observer::new(strip);
        let (mut out, mut start) = (Vec::new(), 0);
        for cut in cuts.iter().copied().chain([text.len()]) {
            out.extend_from_slice(&observer.push(Bytes::copy_from_slice(&text.as_bytes()[start..cut])));
            start = cut;
        }
        let rest = observer.finish();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
        (text(&out), text(&rest), observer)
    }

    fn facts(observer: &Observer) -> (Option<&str>, Option<Usage>, u64, Option<&str>, bool) {
        (observer.model(), observer.usage().copied(), observer.output_chunks(), observer.error(), observer.done())
    }

    #[test]
    fn any_chunking_gives_the_same_bytes_and_facts() {
        for (name, text) in [("openai", OPENAI), ("groq", GROQ), ("spaced", SPACED), ("broken", BROKEN)] {
            for strip in [false, true] {
                let whole = run(text, strip, &[]);
                let every = |size| (1..text.len()).step_by(size).collect::<Vec<_>>();
                let splits = (0..=text.len()).map(|cut| vec![cut]).chain([1, 2, 3, 7, 64].map(every));
                for cuts in splits {
                    let parts = run(text, strip, &cuts);
                    assert_eq!((&parts.0, &parts.1), (&whole.0, &whole.1), "{name} {strip} {cuts:?}");
                    assert_eq!(facts(&parts.2), facts(&whole.2), "{name} {strip} {cuts:?}");
                }
            }
        }
    }

    #[test]
    fn everything_leaves_untouched_the_terminal_event_and_an_unfinished_line_last() {
        for text in [OPENAI, GROQ, SPACED, BROKEN] {
            let (out, rest, _) = run(text, false, &[]);
            assert_eq!(format!("{out}{rest}"), text);
            let unfinished = !rest.contains('\n');
            assert!(unfinished || rest.starts_with("data: [DONE]") || rest.starts_with("data:[DONE]"), "{rest}");
        }
    }

    #[test]
    fn whole_lines_leave_at_once() {
        let mut observer = Observer::new(false);
        for (chunk, leaves) in [
            ("data: {\"a\":1}\n\n", "data: {\"a\":1}\n\n"),
            ("data: {\"b", ""),
            ("\":2}\n\nda", "data: {\"b\":2}\n\n"),
            ("ta: [DO", ""),
            ("G]\n\ndata: ", "data: [DOG]\n\n"),
            ("[DONE]\r\n", ""),
            ("\r\n", ""),
        ] {
            assert_eq!(observer.push(Bytes::from_static(chunk.as_bytes())), leaves.as_bytes(), "{chunk}");
        }
        assert!(observer.done());
        assert_eq!(observer.finish(), "data: [DONE]\r\n\r\n");
    }

    #[test]
    fn usage_that_was_not_asked_for_is_taken_out_again() {
        for (text, stripped) in [(OPENAI, OPENAI_STRIPPED), (SPACED, SPACED_STRIPPED), (GROQ, GROQ), (BROKEN, BROKEN)] {
            let (out, rest, _) = run(text, true, &[]);
            assert_eq!(out + &rest, stripped);
        }
    }

    #[test]
    fn null_usage_goes_with_its_comma_and_nothing_else_does() {
        for (before, after) in [
            (r#"{"a":1,"usage":null}"#, r#"{"a":1}"#),
            (r#"{"a":1 , "usage" : null , "b":2}"#, r#"{"a":1  , "b":2}"#),
            (r#"{"usage":null,"a":1}"#, r#"{"a":1}"#),
            (r#"{"usage":null}"#, "{}"),
            (r#"{"a":{"usage":null}}"#, r#"{"a":{"usage":null}}"#),
            (r#"{"a":"\"usage\":null","b":"usage"}"#, r#"{"a":"\"usage\":null","b":"usage"}"#),
            (r#"{"a":"\\","usage":null"#, r#"{"a":"\\""#),
        ] {
            let (out, rest, _) = run(&format!("data: {before}\n\n"), true, &[]);
            assert_eq!(out + &rest, format!("data: {after}\n\n"));
        }
    }

    #[test]
    fn the_observer_knows_what_passed() {
        let usage = |input, cached, output, reasoning| Some(Usage { input, cached, output, reasoning, cache_write: 0 });
        for (text, expected) in [
            (OPENAI, (Some("gpt-4o-mini-2024-07-18"), usage(14, 4, 3, 0), 3, None, true)),
            (GROQ, (Some("openai/gpt-oss-20b"), usage(72, 0, 30, 17), 3, None, true)),
            (SPACED, (Some("served-model"), usage(5, 0, 2, 0), 2, None, true)),
            (BROKEN, (Some("m"), None, 1, Some("The engine is overloaded"), false)),
        ] {
            assert_eq!(facts(&run(text, true, &[]).2), expected);
        }
    }

    #[test]
    fn an_error_event_is_seen_whatever_its_shape() {
        for (text, words) in [
            ("event: error\ndata: {\"message\":\"no\"}\n\n", Some("no")),
            ("data: {\"error\":{\"message\":\"no\"}}\n\n", Some("no")),
            ("data: {\"error\": \"no\", \"choices\":[]}\n\n", Some("no")),
            ("data: {\"error\":null,\"choices\":[{\"delta\":{\"content\":\"error\"}}]}\n\n", None),
            ("event: ping\ndata: {\"message\":\"no\"}\n\n", None),
        ] {
            assert_eq!(run(text, false, &[]).2.error(), words, "{text}");
        }
    }

    #[test]
    fn an_endless_line_passes_without_being_kept() {
        let piece = Bytes::from(vec![b'x'; LONGEST_LINE / 4]);
        for strip in [false, true] {
            let mut observer = Observer::new(strip);
            let mut left = observer.push(Bytes::from_static(b"data: {")).len();
            for _ in 0..32 {
                left += observer.push(piece.clone()).len();
                assert!(observer.line.len() <= LONGEST_LINE && observer.held.len() <= LONGEST_LINE);
            }
            left += observer.push(Bytes::from_static(b"\n\ndata: [DONE]\n\n")).len();
            assert_eq!((left, observer.done()), (7 + 32 * piece.len() + 2, true));
        }
    }

    #[test]
    fn what_follows_the_terminal_event_is_held_within_bounds() {
        let mut observer = Observer::new(false);
        for _ in 0..100 {
            assert!(observer.push(Bytes::from("data: [DONE]\n".repeat(1000))).is_empty());
        }
        assert_eq!(observer.finish().len(), super::LONGEST_REST);
    }
}
