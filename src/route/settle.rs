//! From a config to a tree: everything inherited, every name found (contract §2.3).

mod inherit;
#[cfg(test)]
mod tests;

use app::model::routing::{CacheMode, Mistake, Mode, Node, Sticky, Strategy};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use crate::route::{Branch, Child, Group, Leaf, Rule, Stuck, Tree, when};
use inherit::Inherited;

/// Targets of a config at any depth, and nodes one below the other.
const MOST_LEAVES: usize = 1000;
const DEEPEST: usize = 64;
/// Patterns in all conditions together.
const MOST_PATTERNS: usize = 64;
/// Bytes of parameters that all targets may have together, inherited ones counted for each.
const MOST_PARAMS: usize = 8 * 1024 * 1024;
/// Seconds that a sticky choice is kept where the config does not say.
const STICKY_TTL: u64 = 3600;

impl Tree {
    /// Settles a config that was read. The mistakes are those that only show here, all at once.
    pub fn settle(root: &Node) -> Result<Self, Vec<Mistake>> {
        let mut settling = Settling::default();
        let branch = settling.branch(root, &Inherited::default(), Place { path: "config", depth: 0 });
        if !settling.mistakes.is_empty() {
            settling.mistakes.truncate(MOST_MISTAKES);
            return Err(settling.mistakes);
        }
        let remembers = settling.remembers || settling.leaves.iter().any(|leaf| leaf.breaker.is_some());
        Ok(Self {
            root: branch.unwrap_or(Branch::Leaf(0)),
            leaves: settling.leaves,
            identity: identity(root),
            remembers,
            notes: settling.notes,
        })
    }
}

#[derive(Default)]
struct Settling {
    leaves: Vec<Arc<Leaf>>,
    mistakes: Vec<Mistake>,
    notes: Vec<String>,
    remembers: bool,
    /// Bytes of the parameters so far.
    params: usize,
    patterns: usize,
    /// The config is too large: nothing more of it is read.
    full: bool,
}

#[derive(Clone, Copy)]
struct Place<'a> {
    /// JSON path from `config` on.
    path: &'a str,
    depth: usize,
}

impl Settling {
    /// `None` after a mistake.
    fn branch(&mut self, node: &Node, above: &Inherited, place: Place<'_>) -> Option<Branch> {
        if place.depth > DEEPEST {
            return self.mistake(place.path, format!("The targets are nested too deep: {DEEPEST} levels at most."));
        }
        if node.cache.as_ref().is_some_and(|cache| cache.mode == CacheMode::Semantic) && self.notes.is_empty() {
            self.notes.push(SEMANTIC.to_owned());
        }
        let inherited = above.joined(node);
        match &node.targets {
            None => self.leaf(node, &inherited, place),
            Some(targets) if targets.is_empty() => {
                let path = format!("{}.targets", place.path);
                self.mistake(&path, "There is no target. Name at least one, or leave `targets` out.".to_owned())
            }
            Some(targets) => self.group(node, targets, &inherited, place),
        }
    }

    fn leaf(&mut self, node: &Node, inherited: &Inherited, place: Place<'_>) -> Option<Branch> {
        self.params = self.params.saturating_add(inherited.size);
        if self.leaves.len() == MOST_LEAVES {
            return self.full(place, format!("There are too many targets: {MOST_LEAVES} at most."));
        }
        if self.params > MOST_PARAMS {
            let limit = MOST_PARAMS / 1024 / 1024;
            return self.full(place, format!("The parameters of all targets are larger than {limit} MiB together."));
        }
        match inherited.leaf(node, place.path) {
            Ok(leaf) => self.leaves.push(Arc::new(leaf)),
            Err((path, message)) => return self.mistake(&path, message),
        }
        Some(Branch::Leaf(self.leaves.len() - 1))
    }

    fn group(&mut self, node: &Node, targets: &[Node], inherited: &Inherited, place: Place<'_>) -> Option<Branch> {
        let none = Strategy::default();
        let strategy = node.strategy.as_ref().unwrap_or(&none);
        let children: Vec<_> =
            targets.iter().enumerate().map(|(at, target)| self.child(at, target, inherited, place)).collect();
        let names = names(targets);
        let conditions = self.rules(strategy, &names, place);
        let default = strategy.default.as_ref().and_then(|name| {
            let path = format!("{}.strategy.default", place.path);
            names.get(name.as_str()).copied().or_else(|| self.mistake(&path, unknown(name)))
        });
        let sticky = strategy.sticky.as_ref().and_then(stuck);
        let health = matches!(strategy.mode, Mode::RoundRobin | Mode::Priority | Mode::LeastLatency);
        self.remembers |= health || sticky.is_some() || strategy.queue.is_some();
        Some(Branch::Group(Box::new(Group {
            path: place.path.to_owned(),
            mode: strategy.mode,
            children: children.into_iter().collect::<Option<_>>()?,
            on_status_codes: strategy.on_status_codes.clone().or_else(|| node.on_status_codes.clone()),
            conditions,
            default,
            sticky,
            hedge: strategy.hedge.clone(),
            queue: strategy.queue.clone(),
        })))
    }

    fn child(&mut self, at: usize, target: &Node, above: &Inherited, place: Place<'_>) -> Option<Child> {
        if self.is_full() {
            return None;
        }
        let path = format!("{}.targets[{at}]", place.path);
        let branch = self.branch(target, above, Place { path: &path, depth: place.depth + 1 })?;
        let weight = target.weight.unwrap_or(1.0);
        let priority = target.priority.or_else(|| u32::try_from(at).ok()).unwrap_or(u32::MAX);
        Some(Child { path, name: target.name.clone(), weight, priority, branch })
    }

    fn rules(&mut self, strategy: &Strategy, names: &BTreeMap<&str, usize>, place: Place<'_>) -> Vec<Rule> {
        let conditions = strategy.conditions.as_deref().unwrap_or_default();
        let mut rules = Vec::with_capacity(conditions.len());
        for (at, condition) in conditions.iter().enumerate() {
            let path = format!("{}.strategy.conditions[{at}]", place.path);
            let then = names.get(condition.then.as_str()).copied();
            if then.is_none() {
                self.mistake::<()>(&format!("{path}.then"), unknown(&condition.then));
            }
            self.patterns += when::patterns(&condition.query);
            if self.patterns > MOST_PATTERNS {
                let limit = format!("There are too many patterns: {MOST_PATTERNS} in all conditions at most.");
                self.full::<()>(Place { path: &path, ..place }, limit);
                return rules;
            }
            match when::Query::compile(&condition.query, within(&format!("{path}.query"))) {
                Ok(query) => rules.extend(then.map(|then| Rule { query, then })),
                Err(mistakes) => self.mistakes.extend(mistakes),
            }
        }
        rules
    }

    fn mistake<T>(&mut self, path: &str, message: String) -> Option<T> {
        if !self.is_full() {
            self.mistakes.push(Mistake { path: within(path).to_owned(), message });
        }
        None
    }

    fn full<T>(&mut self, place: Place<'_>, message: String) -> Option<T> {
        self.mistake::<T>(place.path, message);
        self.full = true;
        None
    }

    fn is_full(&self) -> bool {
        self.full || self.mistakes.len() >= MOST_MISTAKES
    }
}

const MOST_MISTAKES: usize = 100;

const SEMANTIC: &str =
    "The cache mode `semantic` acts as `simple`: answers are found by equal requests, not by similar ones.";

/// The first target of a name counts.
fn names(targets: &[Node]) -> BTreeMap<&str, usize> {
    let mut names = BTreeMap::new();
    for (at, target) in targets.iter().enumerate() {
        if let Some(name) = &target.name {
            names.entry(name.as_str()).or_insert(at);
        }
    }
    names
}

fn unknown(name: &str) -> String {
    format!("Invalid target name found in the query router: {name}")
}

fn stuck(sticky: &Sticky) -> Option<Stuck> {
    let fields = sticky.hash_fields.clone();
    (sticky.enabled && !fields.is_empty()).then(|| Stuck { fields, ttl: sticky.ttl.unwrap_or(STICKY_TTL) })
}

/// A path as mistakes give it: without the root's name.
fn within(path: &str) -> &str {
    let below = path.strip_prefix("config").unwrap_or(path);
    below.strip_prefix('.').unwrap_or(below)
}

/// Hex SHA-256 of the config, keys in order.
fn identity(root: &Node) -> String {
    let value = serde_json::to_value(root).unwrap_or_default();
    let mut text = String::new();
    canonical(&value, &mut text);
    Sha256::digest(text.as_bytes()).iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<_, _> = map.iter().collect();
            out.push('{');
            for (key, value) in sorted {
                let _ = write!(out, "{}:", Value::from(key.as_str()));
                canonical(value, out);
                out.push(',');
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for item in items {
                canonical(item, out);
                out.push(',');
            }
            out.push(']');
        }
        plain => {
            let _ = write!(out, "{plain}");
        }
    }
}
