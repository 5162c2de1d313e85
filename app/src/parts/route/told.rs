//! A route in words.

use super::draw::MOST;
use super::order::{label, leaves, order, targets};
use super::say;
use serde_json::Value;

/// The same in a sentence or two, for those who do not see it.
pub fn told(node: &Value) -> String {
    let mut room = MOST;
    told_in(node, &mut room)
}

/// `room`: how many targets may still be named.
fn told_in(node: &Value, room: &mut usize) -> String {
    let targets = targets(node);
    if targets.is_empty() {
        *room = room.saturating_sub(1);
        return say::target(node).0;
    }
    let mode = node["strategy"]["mode"].as_str().unwrap_or_default();
    let shares = say::shares(targets);
    let order = order(node, targets);
    let mut each = Vec::new();
    for (number, at) in order.iter().enumerate() {
        if *room == 0 {
            let left = order[number..].iter().map(|at| leaves(&targets[*at])).sum();
            each.push(beyond(left));
            break;
        }
        let label = label(node, targets, &shares, *at).map(|(_, text)| format!("{text}: ")).unwrap_or_default();
        each.push(format!("{label}{}", told_in(&targets[*at], room)));
    }
    format!("{} of {}", say::mode(mode), each.join("; "))
}

/// What is left out, in words.
pub fn beyond(left: usize) -> String {
    format!("{left} more, in the JSON")
}
