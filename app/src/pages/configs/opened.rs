//! Which targets show their fields, kept with them wherever they go.

use super::path::{Path, set};
use serde_json::Value;

/// A key that stands in marked targets while they are moved; no field has such a name.
const MARK: &str = "\u{1}open";

/// Does `act` to the config; `open`, paths of targets, are those of the same targets afterwards.
pub fn carried<T>(root: &mut Value, open: &mut Vec<String>, act: impl FnOnce(&mut Value) -> T) -> T {
    for path in targets(root) {
        if open.contains(&path.to_string()) {
            set(root, &path.key(MARK), Some(Value::Bool(true)));
        }
    }
    let done = act(root);
    open.clear();
    set(root, &Path::default().key(MARK), None);
    for path in targets(root) {
        let mark = path.key(MARK);
        if mark.of(root).is_some() {
            set(root, &mark, None);
            open.push(path.to_string());
        }
    }
    done
}

/// Opens the groups that a target lies in, so that it is seen.
pub fn reveal(open: &mut Vec<String>, target: &Path) {
    let mut group = target.parent().map(|(group, _)| group);
    while let Some(path) = group.filter(|path| !path.is_root()) {
        let name = path.to_string();
        if !open.contains(&name) {
            open.push(name);
        }
        group = path.parent().map(|(group, _)| group);
    }
}

/// The targets of the config at any depth.
fn targets(root: &Value) -> Vec<Path> {
    let mut found = Vec::new();
    let mut left = vec![Path::default()];
    while let Some(node) = left.pop() {
        for at in 0..node.key("targets").list(root).len() {
            let target = node.target(at);
            found.push(target.clone());
            left.push(target);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::path::{dissolve, duplicate, nest, set, shift, unnest, wrap};
    use super::*;
    use serde_json::json;

    /// What `act` leaves open of a group with one target and two targets after it.
    fn check(open: &[&str], act: impl FnOnce(&mut Value), after: &[&str]) {
        let mut root = json!({"strategy": {"mode": "fallback"}, "targets": [
            {"strategy": {"mode": "fallback"}, "targets": [{"provider": "@b"}]},
            {"provider": "@a"}, {"provider": "@d"},
        ]});
        let mut open = open.iter().map(|path| (*path).to_owned()).collect();
        carried(&mut root, &mut open, act);
        open.sort();
        assert_eq!(open, after);
        assert!(!root.to_string().contains("open"), "{root}");
    }

    #[test]
    fn open_targets_stay_open_wherever_they_go() {
        let top = |index| Path::default().target(index);
        check(&["targets[1]"], |_| (), &["targets[1]"]);
        check(&["targets[1]"], |root| _ = shift(root, &top(1), true), &["targets[2]"]);
        check(&["targets[1]"], |root| _ = nest(root, &top(1)), &["targets[0].targets[1]"]);
        check(&["targets[1]", "targets[2]"], |root| _ = nest(root, &top(1)), &["targets[0].targets[1]", "targets[1]"]);
        check(&["targets[0].targets[0]"], |root| _ = shift(root, &top(0), true), &["targets[1].targets[0]"]);
        check(&["targets[0].targets[0]"], |root| _ = unnest(root, &top(0).target(0)), &["targets[0]"]);
        check(&["targets[1]"], |root| wrap(root, &top(1)), &["targets[1].targets[0]"]);
        check(&["targets[0].targets[0]"], |root| dissolve(root, &top(0)), &["targets[0]"]);
        check(&["targets[1]"], |root| _ = duplicate(root, &top(1)), &["targets[1]", "targets[2]"]);
        check(&["targets[1]", "targets[2]"], |root| set(root, &top(1), None), &["targets[1]"]);
    }

    #[test]
    fn the_groups_around_a_target_are_opened() {
        let mut open = vec!["targets[0]".to_owned()];
        reveal(&mut open, &Path::default().target(0).target(2).target(1));
        assert_eq!(open, ["targets[0]", "targets[0].targets[2]"]);
        reveal(&mut open, &Path::default().target(4));
        assert_eq!(open.len(), 2);
    }
}
