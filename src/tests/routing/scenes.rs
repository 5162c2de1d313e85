//! What the providers of the table do, by word.

use crate::rig::{End, Scene};
use bytes::Bytes;
use std::time::Duration;

/// Longer than any patience of a row, and shorter than the default one.
const SLOW: Duration = Duration::from_millis(1500);

/// A number answers with that status; `/name=value` adds a header, `/say=word` a word to the answer. Further words:
///
/// - `failing`, `failing=429`: 200 with an error in its body, which may tell its code;
/// - `garbage`, `half`, `hang`, `mute`, `closed`: no JSON, JSON that breaks off, a body or an answer that never comes,
///   a connection that ends;
/// - `slow`: 200 after a while;
/// - `stream`, `paced` with time between its chunks, and such as break: `early` before any content, `cutoff` after
///   some, `silent` and `stall` that hang there, `empty` that ends with nothing, `noise` that is no stream of events,
///   `erring` and `erring=429` that begin with an error, `souring` that ends with one, `packed` that is compressed,
///   `babble` whose events are no JSON, `headed` with nothing behind its head, `drip` a byte at a time, `blank` with
///   nothing but its end.
pub fn scene(slug: &'static str, words: &'static str) -> Scene {
    let mut parts = words.split('/');
    let act = parts.next().unwrap_or_default();
    let (mut said, mut headers) = ("", Vec::new());
    for part in parts {
        match part.split_once('=').expect("name=value") {
            ("say", word) => said = word,
            (name, value) => headers.push((name, value)),
        }
    }
    let scene = act_out(slug, act, said);
    headers.into_iter().fold(scene, |scene, (name, value)| scene.header(name, value))
}

fn act_out(slug: &str, act: &'static str, said: &str) -> Scene {
    let reply = Scene::json(200, reply(slug, said));
    let (role, word) = (event(r#"{"role":"assistant","content":""}"#), event(&content(slug, said)));
    let whole = [role.as_str(), &word, &word, "data: [DONE]"];
    match act.split_once('=').unwrap_or((act, "")) {
        ("failing", code) => Scene::json(200, error(slug, code)),
        ("garbage", _) => Scene::json(200, "<html>busy</html>"),
        ("half", _) => Scene::json(200, r#"{"id":"c1","cho"#).ends(End::Reset),
        ("hang", _) => Scene { chunks: Vec::new(), ..reply }.ends(End::Hang),
        ("mute", _) => reply.ends(End::Mute),
        ("closed", _) => reply.ends(End::Closed),
        ("slow", _) => Scene { delay: SLOW, ..reply },
        ("stream", _) => Scene::events(&whole),
        ("early", _) => Scene::events(&whole[..1]).ends(End::Reset),
        ("cutoff", _) => Scene::events(&whole[..2]).ends(End::Reset),
        ("silent", _) => Scene::events(&whole[..1]).ends(End::Hang),
        ("stall", _) => Scene::events(&whole[..2]).ends(End::Hang),
        ("empty", _) => Scene::events(&[]),
        ("noise", _) => {
            Scene { chunks: vec![Bytes::from_static(b"\x00\xff: no\r\revent\n\ndata\n")], ..Scene::events(&[]) }
        }
        ("erring", code) => Scene::events(&[&format!("data: {}", error(slug, code)), "data: [DONE]"]),
        ("babble", _) => Scene::events(&["data: {not json", "data: [DONE]"]),
        ("souring", _) => Scene::events(&[&role, &word, &format!("data: {}", error(slug, ""))]),
        ("paced", _) => Scene { pause: SLOW / 4, ..Scene::events(&whole) },
        ("headed", _) => Scene::events(&[]).ends(End::Hang),
        ("drip", _) => Scene {
            chunks: word.bytes().map(|byte| Bytes::copy_from_slice(&[byte])).collect(),
            pause: SLOW / 15,
            ..Scene::events(&[])
        },
        ("blank", _) => Scene::events(&["data: [DONE]"]),
        ("packed", _) => Scene::events(&whole).header("content-encoding", "gzip"),
        (status, _) => match status.parse::<u16>().expect("a status") {
            200 => reply,
            status @ 201..300 => Scene { status, ..reply },
            status => Scene::json(status, error(slug, "")),
        },
    }
}

fn content(slug: &str, said: &str) -> String {
    format!(r#"{{"content":"from {slug} {said}"}}"#)
}

fn event(delta: &str) -> String {
    format!(r#"data: {{"id":"c1","model":"gpt-4o","choices":[{{"index":0,"delta":{delta}}}]}}"#)
}

fn reply(slug: &str, said: &str) -> String {
    format!(
        r#"{{"id":"c1","object":"chat.completion","model":"gpt-4o","choices":[{{"index":0,"message":{{"role":"assistant","content":"from {slug} {said}"}},"finish_reason":"stop"}}],"usage":{{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}}}"#
    )
}

fn error(slug: &str, code: &str) -> String {
    let code = if code.is_empty() { "null".to_owned() } else { format!("\"{code}\"") };
    format!(r#"{{"error":{{"message":"trouble at {slug}","type":"server_error","param":null,"code":{code}}}}}"#)
}

/// `when QUERY` is a conditional whose target `b` is beta, where the query holds, and whose default is alpha;
/// `nest N` a target N groups deep.
pub fn expanded(config: &str) -> String {
    if let Some(query) = config.strip_prefix("when ") {
        return format!(
            r#"{{"strategy":{{"mode":"conditional","conditions":[{{"query":{query},"then":"b"}}],"default":"a"}},"targets":[{{"name":"a","provider":"@alpha"}},{{"name":"b","provider":"@beta"}}]}}"#
        );
    }
    match config.strip_prefix("nest ") {
        None => config.to_owned(),
        Some(depth) => (0..depth.parse::<u32>().expect("a depth"))
            .fold(r#"{"provider":"@alpha"}"#.to_owned(), |inner, _| {
                format!(r#"{{"strategy":{{"mode":"single"}},"targets":[{inner}]}}"#)
            }),
    }
}
