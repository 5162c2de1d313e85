//! How a group's targets stand to each other.

use super::say;
use serde_json::Value;

/// Deeper configs are not drawn whole.
pub const DEPTH_MOST: usize = 16;

/// What leads to the target, and the number of the condition that does.
pub fn label(node: &Value, targets: &[Value], shares: &[Option<f64>], at: usize) -> Option<(Option<usize>, String)> {
    let strategy = &node["strategy"];
    let name = targets[at].get("name").and_then(Value::as_str);
    match mode_of(node) {
        "conditional" => {
            let conditions = strategy["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
            let met = conditions.iter().position(|condition| name.is_some() && condition["then"].as_str() == name);
            match met {
                Some(number) => Some((Some(number + 1), say::query(&conditions[number]["query"]))),
                None if name.is_some() && strategy["default"].as_str() == name => Some((None, "otherwise".into())),
                None => Some((None, "never".into())),
            }
        }
        "fallback" | "priority" => {
            let first = order(node, targets).first() == Some(&at);
            let codes = strategy.get("on_status_codes").or_else(|| node.get("on_status_codes"));
            (!first).then(|| (None, say::statuses(codes)))
        }
        "loadbalance" => Some((None, shares[at].map_or("0 %".into(), say::percent))),
        "single" => (at > 0).then(|| (None, "never".into())),
        _ => None,
    }
}

/// The targets in the order of choice: conditions by their number, tiers by their rank.
pub fn order(node: &Value, targets: &[Value]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..targets.len()).collect();
    match mode_of(node) {
        "conditional" => {
            let shares = vec![None; targets.len()];
            let rank = |at: &usize| match label(node, targets, &shares, *at) {
                Some((Some(number), _)) => number,
                Some((None, text)) if text == "otherwise" => usize::MAX - 1,
                _ => usize::MAX,
            };
            order.sort_by_cached_key(rank);
        }
        "priority" => {
            order.sort_by_key(|at| targets[*at].get("priority").and_then(Value::as_u64).unwrap_or(*at as u64))
        }
        _ => {}
    }
    order
}

pub fn targets(node: &Value) -> &[Value] {
    node.get("targets").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

pub fn mode_of(node: &Value) -> &str {
    node["strategy"]["mode"].as_str().unwrap_or_default()
}

pub fn depth(node: &Value, level: usize) -> usize {
    if level >= DEPTH_MOST || targets(node).is_empty() {
        return 0;
    }
    1 + targets(node).iter().map(|target| depth(target, level + 1)).max().unwrap_or(0)
}

/// Targets of the node that can be called; itself where it has none.
pub fn leaves(node: &Value) -> usize {
    match targets(node) {
        [] => 1,
        targets => targets.iter().map(leaves).sum(),
    }
}

pub fn child(path: &str, at: usize) -> String {
    if path.is_empty() { format!("targets[{at}]") } else { format!("{path}.targets[{at}]") }
}

/// The target that a path lies in: `targets[0].retry.attempts` in `targets[0]`.
pub fn node_of(path: &str) -> &str {
    let mut end = 0;
    while let Some(rest) = path.get(end..) {
        let rest = rest.strip_prefix('.').unwrap_or(rest);
        if !rest.starts_with("targets[") {
            break;
        }
        let Some(close) = rest.find(']') else { break };
        end = path.len() - rest.len() + close + 1;
    }
    &path[..end]
}
