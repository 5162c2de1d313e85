//! Watches a stream of OpenAI's events on its way through, without touching it.

mod line;
#[cfg(test)]
mod tests;

use bytes::{Bytes, BytesMut};
use line::{Line, Sight};

/// Reads along while a stream passes: model, usage, content, error, end.
///
/// Whole lines leave at once and as they came, so that an error can follow where a stream breaks off. The terminal
/// event (`data: [DONE]`) and what follows it are held until [`Observer::finish`], so that the call can be committed
/// first. And an observer that strips usage, for a caller who did not ask for it, takes out `"usage": null` members and
/// the event that carries nothing but usage; there, an event's name leaves together with its data. The bytes that leave
/// do not depend on how the stream was cut into chunks.
#[derive(Debug, Default)]
pub struct Observer {
    strip_usage: bool,
    /// The unfinished line so far.
    line: Vec<u8>,
    /// Received and not released.
    held: BytesMut,
    /// The unfinished line is too long to keep: it passes unobserved.
    overlong: bool,
    /// Lines of an event, such as its name, that wait for its data.
    front: Vec<u8>,
    /// The rest of a dropped event goes too.
    swallow: bool,
    /// It ended within an event.
    torn: bool,
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
        let told = self.seen.error.clone();
        if self.strip_usage && !self.seen.done {
            let mut rest = BytesMut::new();
            self.rewrite_line(&line, &mut rest);
            rest.extend_from_slice(&std::mem::take(&mut self.front));
            self.held.extend_from_slice(&rest);
        } else if !line.is_empty() {
            self.look(&line);
        }
        self.torn = !self.seen.done && line::is_torn(&line);
        if self.torn {
            // A part of an event is no event.
            self.seen.error = told;
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

    /// An event other than the terminal one has come.
    pub fn spoke(&self) -> bool {
        self.seen.spoke
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

    /// The terminal event has come.
    pub fn done(&self) -> bool {
        self.seen.done
    }

    /// It has come to its own end, by the terminal event or, as some vendors leave that out, by a finish reason. Only
    /// after [`Observer::finish`]; a stream that ends otherwise was cut off.
    pub fn whole(&self) -> bool {
        self.seen.done || (self.seen.finished && !self.torn)
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
            self.swallow = false;
            out.extend_from_slice(&std::mem::take(&mut self.front));
            out.extend_from_slice(&std::mem::take(&mut self.line));
        }
        out.extend_from_slice(&chunk[start..]);
        out.freeze()
    }

    fn rewrite_line(&mut self, line: &[u8], out: &mut BytesMut) {
        let (blank, data) = (matches!(line, b"" | b"\n" | b"\r\n"), line.starts_with(b"data"));
        let kind = self.look(line);
        if std::mem::take(&mut self.swallow) && !data {
            self.swallow = !blank;
            return;
        }
        let waits = kind == Line::Plain && !data && !blank && (!line.starts_with(b":") || !self.front.is_empty());
        if waits && self.front.len() + line.len() <= LONGEST_LINE {
            self.front.extend_from_slice(line);
            return;
        }
        let front = std::mem::take(&mut self.front);
        match kind {
            Line::Terminal => {
                self.hold_rest(&front);
                self.hold_rest(line);
            }
            Line::UsageOnly => self.swallow = true,
            Line::Plain => {
                out.extend_from_slice(&front);
                out.extend_from_slice(line);
            }
            Line::NullUsage => Self::unpadded(line, &front, out),
        }
    }

    /// Lets an event go without its `"usage": null`.
    fn unpadded(line: &[u8], front: &[u8], out: &mut BytesMut) {
        let member = line::null_usage(line).unwrap_or(line.len()..line.len());
        for part in [front, &line[..member.start], &line[member.end..]] {
            out.extend_from_slice(part);
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
