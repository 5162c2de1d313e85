//! Places in a config's JSON, and what the form does there. Pure: nothing is lost that an act does not name.

use serde_json::{Map, Value};
use std::fmt;

/// From the root to a value. Shown as mistakes and explanations show it: `targets[0].retry.attempts`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Path(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Step {
    Key(String),
    Index(usize),
}

impl Path {
    pub fn key(&self, key: &str) -> Self {
        self.with(Step::Key(key.to_owned()))
    }

    pub fn index(&self, index: usize) -> Self {
        self.with(Step::Index(index))
    }

    /// The target at `index` of this node.
    pub fn target(&self, index: usize) -> Self {
        self.key("targets").index(index)
    }

    fn with(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The node whose target this is, and its place there; `None` for the root.
    pub fn parent(&self) -> Option<(Self, usize)> {
        match self.0.as_slice() {
            [before @ .., Step::Key(_), Step::Index(index)] => Some((Self(before.to_vec()), *index)),
            _ => None,
        }
    }

    /// Whether `other` is this place or lies within it.
    pub fn holds(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }

    pub fn of<'a>(&self, root: &'a Value) -> Option<&'a Value> {
        self.0.iter().try_fold(root, |value, step| match step {
            Step::Key(key) => value.get(key),
            Step::Index(index) => value.get(index),
        })
    }

    fn of_mut<'a>(&self, root: &'a mut Value) -> Option<&'a mut Value> {
        self.0.iter().try_fold(root, |value, step| match step {
            Step::Key(key) => value.get_mut(key),
            Step::Index(index) => value.get_mut(index),
        })
    }

    pub fn list<'a>(&self, root: &'a Value) -> &'a [Value] {
        self.of(root).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    fn list_mut<'a>(&self, root: &'a mut Value) -> Option<&'a mut Vec<Value>> {
        self.of_mut(root).and_then(Value::as_array_mut)
    }

    pub fn text<'a>(&self, root: &'a Value) -> Option<&'a str> {
        self.of(root).and_then(Value::as_str)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(at, step)| match step {
            Step::Key(key) if at == 0 => write!(out, "{key}"),
            Step::Key(key) => write!(out, ".{key}"),
            Step::Index(index) => write!(out, "[{index}]"),
        })
    }
}

/// The value at a path as text; none where a key on the way has a dot or bracket.
pub fn at<'a>(root: &'a Value, path: &str) -> Option<&'a Value> {
    path.split(['.', '[']).filter(|step| !step.is_empty()).try_fold(root, |value, step| match step.strip_suffix(']') {
        Some(index) => value.get(index.parse::<usize>().ok()?),
        None => value.get(step),
    })
}

/// Whether a path as text is `place` or lies within it.
pub fn within(path: &str, place: &str) -> bool {
    path.strip_prefix(place).is_some_and(|rest| place.is_empty() || rest.is_empty() || rest.starts_with(['.', '[']))
}

/// Sets or, by `None`, removes the value. Objects that are not there on the way are made.
pub fn set(root: &mut Value, path: &Path, value: Option<Value>) {
    let Some((last, before)) = path.0.split_last() else {
        *root = value.unwrap_or_else(|| Value::Object(Map::new()));
        return;
    };
    let mut at = root;
    for step in before {
        let next = match step {
            Step::Key(key) => {
                let Value::Object(map) = at else { return };
                Some(map.entry(key.clone()).or_insert_with(|| Value::Object(Map::new())))
            }
            Step::Index(index) => at.get_mut(*index),
        };
        let Some(next) = next else { return };
        at = next;
    }
    match (last, value, at) {
        (Step::Key(key), Some(value), Value::Object(map)) => {
            map.insert(key.clone(), value);
        }
        (Step::Key(key), None, Value::Object(map)) => {
            map.shift_remove(key);
        }
        (Step::Index(index), Some(value), Value::Array(list)) if *index < list.len() => list[*index] = value,
        (Step::Index(index), None, Value::Array(list)) if *index < list.len() => {
            list.remove(*index);
        }
        _ => {}
    }
}

/// Gives a key another name in its place; nothing happens where the name is taken. Whether it bears the name now.
pub fn rename(root: &mut Value, path: &Path, from: &str, to: &str) -> bool {
    let Some(Value::Object(map)) = path.of_mut(root) else { return false };
    if from != to && map.contains_key(to) {
        return false;
    }
    let renamed = |(key, value): (String, Value)| (if key == from { to.to_owned() } else { key }, value);
    *map = std::mem::take(map).into_iter().map(renamed).collect();
    true
}

/// Adds to the list at `path`, which is made where it is not there, and gives the place.
pub fn push(root: &mut Value, path: &Path, value: Value) -> usize {
    if path.of(root).is_none() {
        set(root, path, Some(Value::Array(Vec::new())));
    }
    path.list_mut(root).map_or(0, |list| {
        list.push(value);
        list.len() - 1
    })
}

/// Exchanges a target with the one before or after it and gives its new path.
pub fn shift(root: &mut Value, path: &Path, down: bool) -> Option<Path> {
    let (parent, index) = path.parent()?;
    let list = parent.key("targets").list_mut(root)?;
    let to = if down { index + 1 } else { index.checked_sub(1)? };
    (to < list.len()).then(|| {
        list.swap(index, to);
        parent.target(to)
    })
}

/// Puts a copy after the target; its name is changed, since names tell targets apart.
pub fn duplicate(root: &mut Value, path: &Path) -> Option<Path> {
    let (parent, index) = path.parent()?;
    let list = parent.key("targets").list_mut(root)?;
    let mut copy = list.get(index)?.clone();
    if let Some(name) = copy.get("name").and_then(Value::as_str) {
        let names: Vec<_> = list.iter().filter_map(|target| target.get("name")?.as_str()).collect();
        let free = (2..).map(|number| format!("{name} {number}")).find(|name| !names.contains(&name.as_str()));
        copy["name"] = free.unwrap_or_default().into();
    }
    list.insert(index + 1, copy);
    Some(parent.target(index + 1))
}

/// Takes the target from its list and puts it before the one at `to`, or at the end of a list. Refused into itself.
pub fn transfer(root: &mut Value, from: &Path, to: &Path) -> Option<Path> {
    let (home, index) = from.parent()?;
    let (goal, mut place) = to.parent()?;
    if from.holds(&goal) {
        return None;
    }
    goal.key("targets").of(root)?.as_array()?;
    let source = home.key("targets").list_mut(root)?;
    if index >= source.len() {
        return None;
    }
    let target = source.remove(index);
    let goal = after_removal(&goal, &home, index);
    if goal == home && place > index {
        place -= 1;
    }
    let list = goal.key("targets").list_mut(root)?;
    let place = place.min(list.len());
    list.insert(place, target);
    Some(goal.target(place))
}

/// The same node once `home` has lost its target at `index`.
fn after_removal(node: &Path, home: &Path, index: usize) -> Path {
    let mut steps = node.0.clone();
    let at = home.0.len() + 1;
    if home.holds(node)
        && let Some(Step::Index(place)) = steps.get_mut(at)
        && *place > index
    {
        *place -= 1;
    }
    Path(steps)
}

/// What its siblings know a node by; it stays where the node's place is.
const PLACE: [&str; 3] = ["name", "weight", "priority"];

/// Puts a group of the mode fallback around the node: what is said of its place stays with the group.
pub fn wrap(root: &mut Value, path: &Path) {
    let Some(Value::Object(node)) = path.of_mut(root) else { return };
    let mut group = Map::new();
    let mut inner = Map::new();
    for (key, value) in std::mem::take(node) {
        let outer = PLACE.contains(&key.as_str()) && !path.is_root();
        if outer { &mut group } else { &mut inner }.insert(key, value);
    }
    group.insert("strategy".into(), serde_json::json!({"mode": "fallback"}));
    group.insert("targets".into(), Value::Array(vec![Value::Object(inner)]));
    *node = group;
}

/// Puts the targets of a group in its place. The first takes over what the group's place says, if it says nothing itself.
/// At the root this is done where there is one target alone.
pub fn dissolve(root: &mut Value, path: &Path) {
    let Some(Value::Object(group)) = path.of_mut(root) else { return };
    let Some(Value::Array(mut targets)) = group.get("targets").cloned() else { return };
    let group = group.clone();
    if let Some(Value::Object(first)) = targets.first_mut() {
        for key in PLACE {
            if let (false, Some(value)) = (first.contains_key(key), group.get(key)) {
                first.insert(key.into(), value.clone());
            }
        }
    }
    match path.parent() {
        Some((parent, index)) => {
            if let Some(list) = parent.key("targets").list_mut(root) {
                list.splice(index..=index, targets);
            }
        }
        None if targets.len() == 1 => {
            let mut root_node = group;
            root_node.shift_remove("strategy");
            root_node.shift_remove("targets");
            if let Some(Value::Object(first)) = targets.pop() {
                root_node.extend(first.into_iter().filter(|(key, _)| !PLACE.contains(&key.as_str())));
            }
            *root = Value::Object(root_node);
        }
        None => {}
    }
}

/// Into the group before the target, or into a group of its own; gives the new path.
pub fn nest(root: &mut Value, path: &Path) -> Option<Path> {
    let (parent, index) = path.parent()?;
    let group = index.checked_sub(1).map(|before| parent.target(before));
    let group = group.filter(|group| group.key("targets").of(root).is_some_and(Value::is_array));
    match group {
        Some(group) => {
            let end = group.key("targets").list(root).len();
            transfer(root, path, &group.target(end))
        }
        None => {
            wrap(root, path);
            Some(path.target(0))
        }
    }
}

/// Out of its group, to stand after it; an emptied group goes. Gives the new path.
pub fn unnest(root: &mut Value, path: &Path) -> Option<Path> {
    let (group, _) = path.parent()?;
    let (parent, index) = group.parent()?;
    let moved = transfer(root, path, &parent.target(index + 1))?;
    if group.key("targets").list(root).is_empty() {
        set(root, &group, None);
        return Some(parent.target(index));
    }
    Some(moved)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sample() -> Value {
        json!({"strategy": {"mode": "fallback"}, "targets": [
            {"name": "a", "provider": "@a"},
            {"name": "g", "weight": 3, "strategy": {"mode": "loadbalance"}, "targets": [{"provider": "@b"}, {"provider": "@c"}]},
            {"provider": "@d"},
        ]})
    }

    /// The names or providers, groups in brackets.
    fn told(node: &Value) -> String {
        let name = node.get("name").or_else(|| node.get("provider")).and_then(Value::as_str).unwrap_or("");
        match node.get("targets").and_then(Value::as_array) {
            Some(targets) => format!("{name}[{}]", targets.iter().map(told).collect::<Vec<_>>().join(" ")),
            None => name.to_owned(),
        }
    }

    fn check(act: impl FnOnce(&mut Value), tree: &str) {
        let mut root = sample();
        act(&mut root);
        assert_eq!(told(&root), tree);
    }

    #[test]
    fn targets_move_within_and_between_groups() {
        let top = |index| Path::default().target(index);
        check(|root| assert_eq!(shift(root, &top(0), true), Some(top(1))), "[g[@b @c] a @d]");
        check(|root| assert_eq!(shift(root, &top(0), false), None), "[a g[@b @c] @d]");
        check(|root| assert_eq!(shift(root, &top(2), true), None), "[a g[@b @c] @d]");
        check(|root| assert_eq!(transfer(root, &top(0), &top(3)), Some(top(2))), "[g[@b @c] @d a]");
        check(|root| assert_eq!(transfer(root, &top(2), &top(0)), Some(top(0))), "[@d a g[@b @c]]");
        check(|root| assert_eq!(transfer(root, &top(0), &top(1).target(1)), Some(top(0).target(1))), "[g[@b a @c] @d]");
        check(|root| assert_eq!(transfer(root, &top(1).target(0), &top(0)), Some(top(0))), "[@b a g[@c] @d]");
        check(|root| assert_eq!(transfer(root, &top(1), &top(1).target(0)), None), "[a g[@b @c] @d]");
        check(|root| assert_eq!(transfer(root, &top(0), &top(2).target(0)), None), "[a g[@b @c] @d]");
    }

    #[test]
    fn targets_are_nested_and_taken_out() {
        let top = |index| Path::default().target(index);
        check(|root| assert_eq!(nest(root, &top(0)), Some(top(0).target(0))), "[a[@a] g[@b @c] @d]");
        check(|root| assert_eq!(nest(root, &top(2)), Some(top(1).target(2))), "[a g[@b @c @d]]");
        check(|root| assert_eq!(unnest(root, &top(1).target(0)), Some(top(2))), "[a g[@c] @b @d]");
        check(|root| assert_eq!(unnest(root, &top(0)), None), "[a g[@b @c] @d]");
        check(|root| dissolve(root, &top(1)), "[a g @c @d]");
        let mut root = sample();
        unnest(&mut root, &top(1).target(0));
        assert_eq!(unnest(&mut root, &top(1).target(0)), Some(top(1)));
        assert_eq!(told(&root), "[a @c @b @d]", "an emptied group goes");
    }

    #[test]
    fn a_wrapped_root_dissolves_to_itself() {
        let leaf = json!({"provider": "@a", "retry": {"attempts": 2}});
        let mut root = leaf.clone();
        wrap(&mut root, &Path::default());
        assert_eq!(told(&root), "[@a]");
        dissolve(&mut root, &Path::default());
        assert_eq!(root, leaf);
    }

    #[test]
    fn values_are_set_on_the_way_and_keys_renamed_in_place() {
        let mut root = json!({"provider": "@a"});
        let path = Path::default().key("override_params").key("model");
        set(&mut root, &path, Some(json!("m")));
        assert_eq!(root, json!({"provider": "@a", "override_params": {"model": "m"}}));
        set(&mut root, &path, None);
        assert!(rename(&mut root, &Path::default(), "provider", "virtual_key"));
        assert_eq!(root.to_string(), r#"{"virtual_key":"@a","override_params":{}}"#);
        assert!(!rename(&mut root, &Path::default(), "virtual_key", "override_params"));
        assert!(rename(&mut root, &Path::default(), "virtual_key", "virtual_key"), "its own name is no other's");
        assert!(root.get("virtual_key").is_some(), "a name that is taken is left");
        let second = duplicate(&mut sample(), &Path::default().target(0)).expect("a copy");
        assert_eq!(second.to_string(), "targets[1]");
        let root = sample();
        for (path, found) in [("targets[1].targets[0].provider", Some("@b")), ("targets[9].provider", None)] {
            assert_eq!(at(&root, path).and_then(Value::as_str), found);
        }
        assert!(within("targets[1].retry", "targets[1]") && !within("targets[10]", "targets[1]"));
    }
}
