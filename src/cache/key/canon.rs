//! JSON by value: texts that mean the same give the same bytes, and no others do.
//!
//! The canonical form is not JSON. Strings stand unescaped behind their length, numbers as digits without zeros at
//! either end and a power of ten (exact, whatever their size), members sorted by name, those of one name in their own order.

use std::cmp::Ordering;

/// Members of the body that say how an answer travels, not what it is.
const APART: [&[u8]; 2] = [b"stream", b"stream_options"];
/// What is nested deeper counts as it is written.
const DEEPEST: usize = 128;

/// The canonical form of a body, without `stream` and `stream_options`; `None` where it is no JSON.
pub(super) fn of_body(text: &[u8]) -> Option<Vec<u8>> {
    let mut reader = Reader { text, at: 0, out: Vec::with_capacity(text.len() + text.len() / 8 + 64) };
    reader.value(0)?;
    reader.blanks();
    (reader.at == text.len()).then_some(reader.out)
}

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
    out: Vec<u8>,
}

/// Where a member of an object stands in the canonical form.
struct Member {
    start: usize,
    /// Of the name's bytes.
    name: usize,
    value: usize,
    end: usize,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Option<()> {
        self.blanks();
        match self.text.get(self.at)? {
            b'{' if depth < DEEPEST => self.object(depth),
            b'[' if depth < DEEPEST => self.array(depth),
            b'{' | b'[' => self.verbatim(),
            b'"' => self.string(),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => self.number(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<()> {
        self.at += 1;
        self.out.push(b'{');
        let first = self.out.len();
        let mut members = Vec::new();
        if !self.takes(b'}') {
            loop {
                self.blanks();
                let start = self.out.len();
                self.string()?;
                let name = start + name_offset(&self.out[start..]);
                let value = self.out.len();
                self.takes(b':').then_some(())?;
                self.value(depth + 1)?;
                if depth == 0 && APART.contains(&&self.out[name..value]) {
                    self.out.truncate(start);
                } else {
                    members.push(Member { start, name, value, end: self.out.len() });
                }
                if self.takes(b'}') {
                    break;
                }
                self.takes(b',').then_some(())?;
            }
        }
        self.sort(first, &mut members);
        self.out.push(b'}');
        Some(())
    }

    /// Puts the members in the order of their names. Those of one name stay as they are: vendors differ in which counts.
    fn sort(&mut self, first: usize, members: &mut [Member]) {
        let out = &self.out;
        let order = |one: &Member, other: &Member| out[one.name..one.value].cmp(&out[other.name..other.value]);
        if members.is_sorted_by(|one, other| order(one, other) != Ordering::Greater) {
            return;
        }
        members.sort_by(order);
        let mut sorted = Vec::with_capacity(out.len() - first);
        members.iter().for_each(|member| sorted.extend_from_slice(&out[member.start..member.end]));
        self.out.truncate(first);
        self.out.extend_from_slice(&sorted);
    }

    fn array(&mut self, depth: usize) -> Option<()> {
        self.at += 1;
        self.out.push(b'[');
        if !self.takes(b']') {
            loop {
                self.value(depth + 1)?;
                if self.takes(b']') {
                    break;
                }
                self.takes(b',').then_some(())?;
            }
        }
        self.out.push(b']');
        Some(())
    }

    fn string(&mut self) -> Option<()> {
        (self.text.get(self.at) == Some(&b'"')).then_some(())?;
        let start = self.at + 1;
        let mut end = start + memchr::memchr2(b'"', b'\\', self.text.get(start..)?)?;
        if self.text[end] == b'"' {
            self.at = end + 1;
            self.text_of(start, end);
            return Some(());
        }
        let mut plain = Vec::with_capacity(end - start + 64);
        let mut from = start;
        loop {
            plain.extend_from_slice(&self.text[from..end]);
            if self.text[end] == b'"' {
                break;
            }
            from = end + escaped(&self.text[end..], &mut plain)?;
            end = from + memchr::memchr2(b'"', b'\\', self.text.get(from..)?)?;
        }
        self.at = end + 1;
        self.head(plain.len());
        self.out.extend_from_slice(&plain);
        Some(())
    }

    fn text_of(&mut self, start: usize, end: usize) {
        self.head(end - start);
        self.out.extend_from_slice(&self.text[start..end]);
    }

    fn head(&mut self, length: usize) {
        self.out.push(b'"');
        self.out.extend_from_slice(length.to_string().as_bytes());
        self.out.push(b':');
    }

    fn word(&mut self, word: &'static [u8]) -> Option<()> {
        self.text[self.at..].starts_with(word).then_some(())?;
        self.at += word.len();
        self.out.push(word[0]);
        Some(())
    }

    fn number(&mut self) -> Option<()> {
        let is_part = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E');
        let rest = &self.text[self.at..];
        let length = rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
        let written = &rest[..length];
        self.at += length;
        self.out.push(b'#');
        number_into(written, &mut self.out)?;
        self.out.push(b';');
        Some(())
    }

    /// A value too deep to be read: as it is written, to its closing bracket.
    fn verbatim(&mut self) -> Option<()> {
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            match self.text.get(self.at)? {
                b'"' => {
                    let before = self.out.len();
                    self.string()?;
                    self.out.truncate(before);
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                break;
            }
        }
        self.out.push(b'!');
        self.text_of(start, self.at);
        Some(())
    }

    fn takes(&mut self, byte: u8) -> bool {
        self.blanks();
        let there = self.text.get(self.at) == Some(&byte);
        self.at += usize::from(there);
        there
    }

    fn blanks(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.text.get(self.at) {
            self.at += 1;
        }
    }
}

/// Where the bytes of a string begin, behind `"<length>:`.
fn name_offset(canonical: &[u8]) -> usize {
    canonical.iter().position(|byte| *byte == b':').map_or(0, |colon| colon + 1)
}

/// Reads one escape and says how long it was. A surrogate that stands alone is kept as three bytes that no UTF-8 has.
fn escaped(text: &[u8], plain: &mut Vec<u8>) -> Option<usize> {
    let byte = match text.get(1)? {
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'b' => 8,
        b'f' => 12,
        b'u' => return unicode(text, plain),
        byte @ (b'"' | b'\\' | b'/') => *byte,
        _ => return None,
    };
    plain.push(byte);
    Some(2)
}

fn unicode(text: &[u8], plain: &mut Vec<u8>) -> Option<usize> {
    let unit = unit(text)?;
    let low = text.get(6..).and_then(self::unit).filter(|low| (0xDC00..0xE000).contains(low));
    let (code, length) = match (unit, low) {
        (0xD800..0xDC00, Some(low)) => (0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00), 12),
        _ => (unit, 6),
    };
    match char::from_u32(code) {
        Some(letter) => plain.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes()),
        None => {
            let [_, _, high, low] = code.to_be_bytes();
            plain.extend_from_slice(&[0xED, 0x80 | ((high << 2) & 0x3C) | (low >> 6), 0x80 | (low & 0x3F)]);
        }
    }
    Some(length)
}

/// The four digits of `\uXXXX`.
fn unit(text: &[u8]) -> Option<u32> {
    let digits = text.get(..6)?.strip_prefix(b"\\u")?;
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    digits.iter().try_fold(0, |unit, byte| Some(unit * 16 + digit(byte)?))
}

/// `-12.50e3` as `-125e2`; zero is `0`. An exponent beyond 18 digits is kept as it is written.
fn number_into(written: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let (sign, rest) = match written.strip_prefix(b"-") {
        Some(rest) => (&b"-"[..], rest),
        None => (&b""[..], written),
    };
    let (mantissa, exponent) = match rest.iter().position(|byte| matches!(byte, b'e' | b'E')) {
        Some(at) => (&rest[..at], Some(&rest[at + 1..])),
        None => (rest, None),
    };
    let (whole, fraction) = match mantissa.iter().position(|byte| *byte == b'.') {
        Some(at) => (&mantissa[..at], Some(&mantissa[at + 1..])),
        None => (mantissa, None),
    };
    let digits = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let sound = digits(whole) && (whole == b"0" || whole[0] != b'0') && fraction.is_none_or(digits);
    let exponent_digits = exponent.map(|text| text.strip_prefix(b"+").or(text.strip_prefix(b"-")).unwrap_or(text));
    (sound && exponent_digits.is_none_or(digits)).then_some(())?;
    let fraction = fraction.unwrap_or_default();
    let all = [whole, fraction].concat();
    let Some(first) = all.iter().position(|digit| *digit != b'0') else {
        out.push(b'0');
        return Some(());
    };
    let last = all.iter().rposition(|digit| *digit != b'0').unwrap_or(first);
    let power = match exponent {
        None => 0,
        Some(text) if exponent_digits.is_some_and(|digits| digits.len() <= 18) => {
            std::str::from_utf8(text).ok()?.parse::<i64>().ok()?
        }
        Some(_) => {
            out.extend_from_slice(written);
            return Some(());
        }
    };
    let shift = i64::try_from(all.len() - 1 - last).ok()? - i64::try_from(fraction.len()).ok()?;
    out.extend_from_slice(sign);
    out.extend_from_slice(&all[first..=last]);
    out.push(b'e');
    out.extend_from_slice((power + shift).to_string().as_bytes());
    Some(())
}
