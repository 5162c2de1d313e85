//! Headers and bodies of one call in one compressed frame, so that the journal pays for one blob a call.
//!
//! Layout: seven segments, each a little-endian `u32` length and its bytes (caller's headers and body, what went
//! upstream, what came back, why it went there), then a tag byte (0 plain, 1 zstd, 2 zstd with our dictionary). Header
//! segments are `name: value` lines. Frames of earlier versions end after the sixth.
//!
//! The dictionary (`frame.dict`) was trained on frames of made-up calls by the usual clients to the usual vendors: a
//! frame of a short call takes less than half the bytes, and half the time. Frames need it for ever, so that another one
//! is another file with another tag.

use bytes::Bytes;
use std::cell::RefCell;
use std::io;
use std::sync::LazyLock;
use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};

const PLAIN: u8 = 0;
const ZSTD: u8 = 1;
const ZSTD_WITH_WORDS: u8 = 2;
/// Below this size a frame is kept as it is: zstd's set-up would cost more than the bytes.
const WORTH_COMPRESSING: usize = 256;
/// No frame opens to more than this: it could not have been written.
const LARGEST: usize = 256 << 20;

/// What frames have in common.
const WORDS: &[u8] = include_bytes!("frame.dict");
static WRITING: LazyLock<EncoderDictionary<'static>> = LazyLock::new(|| EncoderDictionary::copy(WORDS, 1));
static READING: LazyLock<DecoderDictionary<'static>> = LazyLock::new(|| DecoderDictionary::copy(WORDS));

/// A frame as read back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    pub request_headers: Vec<(String, String)>,
    pub request_body: Bytes,
    pub sent_headers: Vec<(String, String)>,
    pub sent_body: Bytes,
    pub response_headers: Vec<(String, String)>,
    /// As it came from upstream; of a stream, its SSE text.
    pub response_body: Bytes,
    /// JSON of `app::model::explain::Explain`; empty where none was recorded.
    pub explain: Bytes,
}

/// A frame as it is gathered: header blocks are lines already, with credentials masked.
#[derive(Debug, Default)]
pub struct Parts {
    pub request_headers: String,
    pub request_body: Bytes,
    pub sent_headers: String,
    pub sent_body: Bytes,
    pub response_headers: String,
    pub response_body: Gathered,
    /// JSON of `app::model::explain::Explain`; empty: none.
    pub explain: String,
}

/// A body that arrives whole, or in chunks.
#[derive(Debug)]
pub enum Gathered {
    Whole(Bytes),
    Chunks(Vec<u8>),
}

#[derive(Debug, thiserror::Error)]
#[error("a stored frame cannot be read")]
pub struct FrameError;

impl Parts {
    /// Keeps the headers, and why the call took its way.
    pub fn drop_bodies(&mut self) {
        self.request_body.clear();
        self.sent_body.clear();
        self.response_body = Gathered::default();
    }

    /// The frame's bytes, as the journal stores them.
    pub fn encode(&self) -> Vec<u8> {
        let segments: [&[u8]; 7] = [
            self.request_headers.as_bytes(),
            &self.request_body,
            self.sent_headers.as_bytes(),
            &self.sent_body,
            self.response_headers.as_bytes(),
            self.response_body.bytes(),
            self.explain.as_bytes(),
        ];
        let size = segments.iter().map(|segment| segment.len() + 4).sum::<usize>();
        let mut plain = Vec::with_capacity(size + 1);
        for segment in segments {
            let length = u32::try_from(segment.len()).unwrap_or(u32::MAX);
            plain.extend_from_slice(&length.to_le_bytes());
            plain.extend_from_slice(segment);
        }
        if size >= WORTH_COMPRESSING
            && let Some(packed) = compressed(&plain)
        {
            return packed;
        }
        plain.push(PLAIN);
        plain
    }
}

impl Gathered {
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Whole(bytes) => bytes,
            Self::Chunks(bytes) => bytes,
        }
    }
}

impl Default for Gathered {
    fn default() -> Self {
        Self::Whole(Bytes::new())
    }
}

impl Frame {
    /// Opens a stored frame.
    ///
    /// # Errors
    /// When the bytes are no frame.
    pub fn decode(stored: &[u8]) -> Result<Self, FrameError> {
        let (tag, rest) = stored.split_last().ok_or(FrameError)?;
        let plain = match *tag {
            PLAIN => Bytes::copy_from_slice(rest),
            ZSTD => decompressed(rest, Decompressor::new())?,
            ZSTD_WITH_WORDS => decompressed(rest, Decompressor::with_prepared_dictionary(&READING))?,
            _ => return Err(FrameError),
        };
        let mut rest = plain;
        let mut next = || segment(&mut rest);
        Ok(Self {
            request_headers: lines(&next()?),
            request_body: next()?,
            sent_headers: lines(&next()?),
            sent_body: next()?,
            response_headers: lines(&next()?),
            response_body: next()?,
            explain: if rest.is_empty() { Bytes::new() } else { segment(&mut rest)? },
        })
    }
}

fn segment(rest: &mut Bytes) -> Result<Bytes, FrameError> {
    let length: [u8; 4] = rest.get(..4).ok_or(FrameError)?.try_into().map_err(|_| FrameError)?;
    let length = usize::try_from(u32::from_le_bytes(length)).map_err(|_| FrameError)?;
    let _ = rest.split_to(4);
    if rest.len() < length { Err(FrameError) } else { Ok(rest.split_to(length)) }
}

fn lines(block: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(block);
    text.lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

thread_local! {
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> =
        RefCell::new(Compressor::with_prepared_dictionary(&WRITING).ok());
}

fn compressed(plain: &[u8]) -> Option<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|compressor| {
        let compressor = compressor.as_mut()?;
        let mut out = Vec::with_capacity(zstd::zstd_safe::compress_bound(plain.len()) + 1);
        compressor.compress_to_buffer(plain, &mut out).ok()?;
        out.push(ZSTD_WITH_WORDS);
        Some(out)
    })
}

fn decompressed(packed: &[u8], by: io::Result<Decompressor<'_>>) -> Result<Bytes, FrameError> {
    let size = zstd::zstd_safe::get_frame_content_size(packed).ok().flatten().ok_or(FrameError)?;
    let size = usize::try_from(size).ok().filter(|size| *size <= LARGEST).ok_or(FrameError)?;
    by.and_then(|mut by| by.decompress(packed, size)).map(Bytes::from).map_err(|_| FrameError)
}

#[cfg(test)]
mod tests {
    use super::{Bytes, Frame, Gathered, Parts};

    /// Segments, each behind its length.
    fn laid(segments: &[&str]) -> Vec<u8> {
        let length = |segment: &str| u32::try_from(segment.len()).expect("a length").to_le_bytes();
        segments.iter().flat_map(|segment| [&length(segment)[..], segment.as_bytes()].concat()).collect()
    }

    #[test]
    fn a_frame_opens_to_what_was_put_in() {
        for size in [0, 10, 5_000] {
            let body = Bytes::from("abc".repeat(size));
            let parts = Parts {
                request_headers: "accept: */*\nx-a: b: c\n".into(),
                request_body: body.clone(),
                sent_body: body.clone(),
                response_body: Gathered::Chunks(body.to_vec()),
                explain: r#"{"source":"saved"}"#.into(),
                ..Parts::default()
            };
            let frame = Frame::decode(&parts.encode()).expect("a frame");
            assert_eq!(frame.request_headers, [("accept".into(), "*/*".into()), ("x-a".into(), "b: c".into())]);
            assert_eq!(frame.explain, r#"{"source":"saved"}"#);
            assert_eq!((frame.request_body, frame.sent_body, frame.response_body), (body.clone(), body.clone(), body));
        }
    }

    #[test]
    fn a_frame_of_six_segments_opens_without_an_explanation() {
        let mut stored = laid(&["a: b\n", "{}", "", "", "c: d\n", "body"]);
        stored.push(super::PLAIN);
        let frame = Frame::decode(&stored).expect("a frame");
        assert_eq!((&frame.response_body[..], frame.explain.len()), (&b"body"[..], 0));
        assert_eq!(frame.response_headers, [("c".into(), "d".into())]);
    }

    #[test]
    fn a_frame_that_was_packed_without_words_opens() {
        let asked = "x".repeat(999);
        let mut stored = zstd::bulk::compress(&laid(&["a: b\n", &asked, "", "", "", "body", ""]), 1).expect("packed");
        stored.push(super::ZSTD);
        let frame = Frame::decode(&stored).expect("a frame");
        assert_eq!((&frame.request_body[..], &frame.response_body[..]), (asked.as_bytes(), &b"body"[..]));
    }

    #[test]
    fn what_calls_have_in_common_takes_no_room() {
        let parts = Parts {
            request_headers: "content-type: application/json\nuser-agent: OpenAI/Python 2.30.0\nx-stainless-lang: python\n\
                              x-stainless-os: Linux\nx-stainless-arch: x64\nx-stainless-runtime: CPython\n"
                .into(),
            request_body: r#"{"model":"@a/b","messages":[{"role":"user","content":"hi"}]}"#.into(),
            response_body: Gathered::Whole(
                r#"{"id":"chatcmpl-1","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant",
                "content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#
                    .into(),
            ),
            ..Parts::default()
        };
        let stored = parts.encode();
        assert_eq!(stored.last(), Some(&super::ZSTD_WITH_WORDS));
        assert!(stored.len() < 200, "{}", stored.len());
    }

    #[test]
    fn bytes_that_are_no_frame_are_refused() {
        for bytes in [&b""[..], b"\x00", b"\xff\xff\xff\xff\x00", b"not zstd\x01", b"not zstd\x02", b"abc\x07"] {
            assert!(Frame::decode(bytes).is_err(), "{bytes:?}");
        }
    }
}
