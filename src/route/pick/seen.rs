//! What is known of a group's children. A child that is a group is as good as the best of its targets.

use app::model::routing::Mode;

use super::Asking;
use crate::route::{Branch, Circuit, Group, Leaf, Tree};

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Seen {
    /// Its circuit is open until then, milliseconds since 1970 UTC.
    pub open: Option<i64>,
    /// It asked to be left alone until then.
    pub cooling: Option<i64>,
    /// Microseconds; `None`: not called yet.
    pub load: Option<f64>,
    /// Nano-dollars; `None`: no price.
    pub cost: Option<i64>,
}

/// In the order of the children. Nothing is asked that the mode does not look at.
pub fn children(group: &Group, asking: &Asking<'_>) -> Vec<Seen> {
    group.children.iter().map(|child| branch(&child.branch, group.mode, asking)).collect()
}

fn branch(branch: &Branch, mode: Mode, asking: &Asking<'_>) -> Seen {
    let mut best: Option<Seen> = None;
    each_leaf(branch, asking.tree, &mut |leaf| {
        let seen = look(leaf, mode, asking);
        best = Some(best.map_or(seen, |best| best.better(seen)));
    });
    best.unwrap_or_default()
}

fn each_leaf(branch: &Branch, tree: &Tree, tell: &mut impl FnMut(&Leaf)) {
    match branch {
        Branch::Leaf(at) => tree.leaves.get(*at).into_iter().for_each(|leaf| tell(leaf)),
        Branch::Group(group) => group.children.iter().for_each(|child| each_leaf(&child.branch, tree, tell)),
    }
}

fn look(leaf: &Leaf, mode: Mode, asking: &Asking<'_>) -> Seen {
    let cost = if mode == Mode::LeastCost { asking.sight.cost(leaf) } else { None };
    if mode == Mode::Fallback && leaf.breaker.is_none() {
        return Seen { cost, ..Seen::default() };
    }
    let health = asking.sight.health(leaf);
    let open = match health.circuit {
        Circuit::Open { until } if until > asking.now => Some(until),
        Circuit::Open { .. } | Circuit::HalfOpen | Circuit::Closed => None,
    };
    let cooling = health.cooling_until.filter(|until| *until > asking.now);
    Seen { open, cooling, load: health.load_us, cost }
}

impl Seen {
    /// The better of each: both must be open for the child to be open.
    fn better(self, other: Self) -> Self {
        let both = |one: Option<i64>, other: Option<i64>| Some(one?.min(other?));
        Self {
            open: both(self.open, other.open),
            cooling: both(self.cooling, other.cooling),
            load: self.load.zip(other.load).map(|(one, other)| one.min(other)),
            cost: self.cost.into_iter().chain(other.cost).min(),
        }
    }
}
