//! The floors of the house: a room may name rooms of its own floor and of those below.

use super::tree::Source;

/// From the ground up. A path names a part that stands lower than its room; the longest match counts.
const FLOORS: [&[&str]; 7] = [
    // Forms of data and the outer world as an argument.
    &[
        "clock",
        "secret",
        "tasks",
        "journal::frame",
        "journal::record",
        "journal::rollup",
        "journal::secrets",
        "journal::sketch",
        "journal::uses",
        "limit::rule",
    ],
    &["store"],
    // Rooms that decide.
    &["chart", "limit::account", "limit::facts", "limit::period", "limit::window", "price", "route", "wire"],
    &["settings"],
    // Rooms that remember, and the simulated provider.
    &["alert", "book", "cache", "health", "journal", "limit", "sandbox"],
    // Doors, and the handles that they are given.
    &["admin", "auth", "desk", "errand", "gateway", "house", "recompute", "sample", "setup"],
    &["assets", "server"],
];

/// Each place where `source` names a room above its own.
pub fn breaches(source: &Source) -> Vec<String> {
    let Some(own) = floor(&room(&source.path)) else {
        return unknown(source);
    };
    let text = source.code().join("\n");
    let above =
        named(&text).into_iter().filter_map(|(at, path)| Some((at, floor(&path).filter(|other| *other > own)?, path)));
    above
        .map(|(at, other, path)| {
            let line = text[..at].matches('\n').count() + 1;
            format!("{}:{line}: floor {own} names `{path}` of floor {other}", source.path)
        })
        .collect()
}

/// `main`, `lib`, tests and the bench stand on the roof; any other room must have a floor.
fn unknown(source: &Source) -> Vec<String> {
    let roof = ["src/main.rs", "src/lib.rs", "src/bench/"];
    if source.test || roof.iter().any(|prefix| source.path.starts_with(prefix)) {
        return Vec::new();
    }
    vec![format!("{}:1: the room has no floor: add it to FLOORS", source.path)]
}

/// `src/store/keys.rs` is `store::keys`.
fn room(path: &str) -> String {
    path.trim_start_matches("src/").trim_end_matches(".rs").replace('/', "::")
}

fn floor(path: &str) -> Option<usize> {
    let covers = |room: &str| path == room || path.starts_with(&format!("{room}::"));
    let rooms = FLOORS.iter().enumerate().flat_map(|(floor, rooms)| rooms.iter().map(move |room| (floor, *room)));
    rooms.filter(|(_, room)| covers(room)).max_by_key(|(_, room)| room.len()).map(|(floor, _)| floor)
}

/// Every path that follows `crate::`, groups taken apart, with where it stands.
fn named(text: &str) -> Vec<(usize, String)> {
    let after = text.match_indices("crate::").map(|(at, word)| (at, &text[at + word.len()..]));
    after.flat_map(|(at, rest)| paths(rest).into_iter().map(move |path| (at, path))).collect()
}

fn paths(rest: &str) -> Vec<String> {
    let head: String = rest.chars().take_while(|letter| letter.is_alphanumeric() || "_:".contains(*letter)).collect();
    let Some(group) = rest[head.len()..].strip_prefix('{') else {
        return vec![head];
    };
    members(group).into_iter().map(|member| format!("{head}{member}")).collect()
}

/// The members of a group up to its closing brace, nested groups left out.
fn members(group: &str) -> Vec<String> {
    let mut depth = 0_i32;
    let mut all = vec![String::new()];
    for letter in group.chars() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => all.push(String::new()),
            letter if depth == 0 && !letter.is_whitespace() => {
                all.iter_mut().last().into_iter().for_each(|last| last.push(letter))
            }
            _ => {}
        }
    }
    all.retain(|member| !member.is_empty());
    all
}

#[test]
fn a_look_upwards_is_found() {
    for (path, text, found) in [
        ("src/store/keys.rs", "use crate::gateway::Caller;", 1),
        ("src/store/keys.rs", "use crate::{\n    clock::Clock,\n    desk::{Seat, Visitor},\n};", 1),
        ("src/store/usage.rs", "use crate::journal::sketch::Sketch;", 0),
        ("src/store/usage.rs", "use crate::journal::Journal;", 1),
        ("src/journal/sketch.rs", "use crate::store::Store;", 1),
        ("src/gateway/call.rs", "use crate::house::House;\nuse crate::journal::Journal;", 0),
        ("src/price.rs", "fn f() { crate::book::Book::new() }", 1),
        ("src/attic.rs", "", 1),
        ("src/main.rs", "use crate::server;", 0),
    ] {
        assert_eq!(breaches(&Source::new(path, text)).len(), found, "{path}: {text}");
    }
}
