//! A stream and, after its last NUL, the sizes of the chunks that it comes in. However it is cut, the same bytes leave
//! and the same is seen; nothing is changed but for usage that is taken out.

use bytes::Bytes;
use serde_json::Value;
use switchyard::wire::openai::Usage;
use switchyard::wire::sse::Observer;

/// After the terminal event no more than this is kept.
const LONGEST_REST: usize = 1 << 16;

/// What a stream did.
#[derive(Debug, PartialEq)]
struct Passed {
    /// What left on the way.
    out: Vec<u8>,
    /// What left at the end.
    rest: Bytes,
    seen: Seen,
}

#[derive(Debug, PartialEq)]
struct Seen {
    model: Option<String>,
    usage: Option<Usage>,
    output_chunks: u64,
    error: Option<String>,
    error_status: Option<u16>,
    done: bool,
}

/// Fails where the promise above is broken.
pub fn run(data: &[u8]) {
    let (stream, sizes) = match data.iter().rposition(|byte| *byte == 0) {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (data, &[0, 6, 63][..]),
    };
    let kept = passed(stream, &[], false);
    let stripped = passed(stream, &[], true);
    assert_eq!(kept.seen, stripped.seen, "what is taken out changes what is seen");
    for (strip, whole) in [(false, &kept), (true, &stripped)] {
        assert_eq!(&passed(stream, sizes, strip), whole, "cut in chunks of {sizes:?}");
        assert_eq!(&passed(stream, &[0], strip), whole, "cut into bytes");
    }
    let left = [&kept.out[..], &kept.rest[..]].concat();
    assert!(stream.starts_with(&left), "the bytes that left are others");
    assert!(left.len() == stream.len() || kept.rest.len() == LONGEST_REST, "bytes are missing");
    assert!(stripped.out.len() <= kept.out.len().max(stream.len()), "more left than came");
    stream.split_inclusive(|byte| *byte == b'\n').for_each(line);
}

/// Of one event nothing but usage may be missing.
fn line(line: &[u8]) {
    let passed = passed(line, &[], true);
    let left = [&passed.out[..], &passed.rest[..]].concat();
    if left == line {
        return;
    }
    // The observer passes over what it does not need, even where it is no JSON.
    let Some(before) = event(line) else { return };
    let nothing_else = match event(&left) {
        Some(after) => after == before,
        None => left.is_empty() && before["choices"] == Value::Array(Vec::new()),
    };
    assert!(nothing_else, "{:?} became {:?}", String::from_utf8_lossy(line), String::from_utf8_lossy(&left));
}

/// An event that is an object, without its usage.
fn event(line: &[u8]) -> Option<Value> {
    let mut event: Value = serde_json::from_slice(line.strip_prefix(b"data:")?).ok()?;
    event.as_object_mut()?.shift_remove("usage");
    Some(event)
}

/// Pushes the stream in chunks of these sizes, each less one, over and over; without sizes, as a whole.
fn passed(stream: &[u8], sizes: &[u8], strip: bool) -> Passed {
    let mut observer = Observer::new(strip);
    let (mut out, mut rest) = (Vec::new(), stream);
    let mut cuts = sizes.iter().cycle();
    while !rest.is_empty() {
        let size = cuts.next().map_or(rest.len(), |size| usize::from(*size) + 1);
        let (chunk, after) = rest.split_at(size.min(rest.len()));
        out.extend_from_slice(&observer.push(Bytes::copy_from_slice(chunk)));
        rest = after;
    }
    let rest = observer.finish();
    let seen = Seen {
        model: observer.model().map(str::to_owned),
        usage: observer.usage().copied(),
        output_chunks: observer.output_chunks(),
        error: observer.error().map(str::to_owned),
        error_status: observer.error_status(),
        done: observer.done(),
    };
    Passed { out, rest, seen }
}
