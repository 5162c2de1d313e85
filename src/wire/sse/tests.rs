//! Streams through the observer, cut in every way.

use super::{LONGEST_LINE, Observer};
use crate::wire::openai::Usage;
use bytes::Bytes;

const OPENAI: &str = include_str!("../../tests/wire/sse/openai.sse");
const OPENAI_STRIPPED: &str = include_str!("../../tests/wire/sse/openai.stripped.sse");
const GROQ: &str = include_str!("../../tests/wire/sse/groq.sse");
const SPACED: &str = include_str!("../../tests/wire/sse/spaced.sse");
const SPACED_STRIPPED: &str = include_str!("../../tests/wire/sse/spaced.stripped.sse");
const NAMED: &str = "event: a\nid: 1\ndata: {\"model\":\"m\",\"choices\":[{\"finish_reason\":\"stop\"}]}\n\n\
    : note\nevent: usage\nid: 2\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\nretry: 5\n\n\
    event: end\ndata: [DONE]\n\n";
const NAMED_STRIPPED: &str = "event: a\nid: 1\ndata: {\"model\":\"m\",\"choices\":[{\"finish_reason\":\"stop\"}]}\n\n\
    : note\nevent: end\ndata: [DONE]\n\n";
const BROKEN: &str = include_str!("../../tests/wire/sse/broken.sse");

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
    for (name, text) in [("openai", OPENAI), ("groq", GROQ), ("spaced", SPACED), ("named", NAMED), ("broken", BROKEN)] {
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
    for (text, stripped) in
        [(OPENAI, OPENAI_STRIPPED), (SPACED, SPACED_STRIPPED), (NAMED, NAMED_STRIPPED), (GROQ, GROQ), (BROKEN, BROKEN)]
    {
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
fn a_stream_that_does_not_say_that_it_ends_was_cut_off() {
    let stop = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}";
    for (text, whole) in [
        ("".to_owned(), false),
        ("data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":null}]}\n\n".to_owned(), false),
        ("data: [DONE]\n\n".to_owned(), true),
        ("data: {\"choices\":[]}\n\ndata: [DONE]".to_owned(), true),
        (format!("{stop}\n\n"), true),
        (stop.to_owned(), true),
        (format!("{stop}\n\ndata: {{\"choi"), false),
        (format!("{stop}\n\nda"), false),
        (format!("{stop}\n\n: bye"), true),
        (stop[..stop.len() - 2].to_owned(), false),
    ] {
        for strip in [false, true] {
            for cuts in [Vec::new(), (1..text.len()).collect()] {
                assert_eq!(run(&text, strip, &cuts).2.whole(), whole, "{text} {strip}");
            }
        }
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
