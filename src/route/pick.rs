//! The children of a group that are tried, in which order, and why.

mod lots;
mod seen;
mod stick;
mod words;

use app::model::explain::{Candidate, Decision};
use app::model::routing::Mode;

use crate::route::{Facts, Group, NoPlan, Sight, Tree, when};
use lots::Lots;
use seen::Seen;

/// What a decision is made from.
#[derive(Clone, Copy)]
pub struct Asking<'a> {
    pub tree: &'a Tree,
    pub facts: Facts<'a>,
    pub sight: &'a dyn Sight,
    /// Milliseconds since 1970 UTC.
    pub now: i64,
}

/// At least one child, each once.
pub struct Picked {
    /// Indices of children.
    pub order: Vec<usize>,
    pub decision: Decision,
    /// A choice to be kept: key, child, seconds.
    pub remember: Option<(u64, usize, u64)>,
}

/// Targets asked at once.
const HEDGED: u32 = 2;
const MOST_HEDGED: u32 = 4;

/// Chooses. Modes that choose one child give further ones only where the group is hedged.
pub fn pick(group: &Group, asking: &Asking<'_>) -> Result<Picked, NoPlan> {
    let mut choice = Choice::new(group);
    match group.mode {
        Mode::Single => choice.single(),
        Mode::Conditional => choice.conditional(asking)?,
        Mode::Fallback => choice.fallback(asking),
        Mode::Priority => choice.priority(asking),
        Mode::Loadbalance | Mode::RoundRobin | Mode::LeastLatency | Mode::LeastCost => choice.one(asking),
    }
    choice.picked()
}

/// A decision as it comes about.
struct Choice<'a> {
    group: &'a Group,
    candidates: Vec<Candidate>,
    /// Children that are left, in the order in which they are tried.
    order: Vec<usize>,
    decision: Decision,
    remember: Option<(u64, usize, u64)>,
    /// Said after the reason.
    aside: &'static str,
}

impl<'a> Choice<'a> {
    fn new(group: &'a Group) -> Self {
        let children = group.children.iter();
        let candidate = children.map(|child| Candidate {
            path: child.path.clone(),
            name: child.name.clone(),
            ..Candidate::default()
        });
        Self {
            group,
            candidates: candidate.collect(),
            order: (0..group.children.len()).collect(),
            decision: Decision {
                path: group.path.clone(),
                mode: words::mode(group.mode).to_owned(),
                ..Decision::default()
            },
            remember: None,
            aside: "",
        }
    }

    fn picked(mut self) -> Result<Picked, NoPlan> {
        if self.order.is_empty() {
            return Err(NoPlan("No provider selected".to_owned()));
        }
        self.decision.chosen = self.order.iter().map(|at| self.group.children[*at].path.clone()).collect();
        self.decision.reason.push_str(self.aside);
        self.decision.candidates = self.candidates;
        Ok(Picked { order: self.order, decision: self.decision, remember: self.remember })
    }

    fn single(&mut self) {
        self.order.truncate(1);
        self.decision.reason = "The mode `single` takes the first target.".to_owned();
    }

    fn conditional(&mut self, asking: &Asking<'_>) -> Result<(), NoPlan> {
        let group = self.group;
        if group.conditions.is_empty() {
            return Err(NoPlan("No conditions passed in the query router".to_owned()));
        }
        let name = |at: usize| group.children.get(at)?.name.as_deref();
        let (met, tested) = when::first(&group.conditions, asking.facts, name);
        self.decision.reason = match (met, tested.len()) {
            (Some(at), count) => format!("Condition {count} holds: its target is {}.", words::target(group, at)),
            (None, _) => group.default.map_or_else(String::new, |at| {
                format!("No condition holds: the default target is {}.", words::target(group, at))
            }),
        };
        self.decision.conditions = tested;
        let unresolved = || NoPlan("Query router did not resolve to any valid target".to_owned());
        let chosen = met.or(group.default).filter(|at| *at < group.children.len()).ok_or_else(unresolved)?;
        self.order = vec![chosen];
        Ok(())
    }

    fn fallback(&mut self, asking: &Asking<'_>) {
        let seen = seen::children(self.group, asking);
        self.leave_out(|at| seen[at].open.map(words::open), ALL_OPEN);
        self.decision.reason = words::in_order("The targets are tried in their order", self.group);
    }

    fn priority(&mut self, asking: &Asking<'_>) {
        let group = self.group;
        let seen = seen::children(group, asking);
        self.without_weightless();
        let down = |at: usize| seen[at].open.is_some() || seen[at].cooling.is_some();
        for at in self.order.iter().copied().filter(|at| down(*at)) {
            let words = seen[at].open.map_or_else(|| words::cooling(seen[at].cooling.unwrap_or(0)), words::open);
            self.candidates[at].measure = Some(format!("tier {}, tried last: {words}", group.children[at].priority));
        }
        let tier = |at: usize| (down(at), group.children[at].priority);
        self.order.sort_by_key(|at| tier(*at));
        let mut lots = Lots::new();
        let mut draw = None;
        for tier in self.order.chunk_by_mut(|one, other| tier(*one) == tier(*other)).filter(|tier| tier.len() > 1) {
            draw = draw.or_else(|| Some(lots.open(asking.sight.draw(group))));
            lots.order(tier, |at| group.children[at].weight, tier.len());
        }
        self.decision.draw = draw;
        for at in &self.order {
            let measure = || format!("tier {}", group.children[*at].priority);
            self.candidates[*at].measure.get_or_insert_with(measure);
        }
        self.decision.reason = words::in_order("The targets are tried by tiers, healthy ones first", group);
    }

    /// The modes that choose one.
    fn one(&mut self, asking: &Asking<'_>) {
        let seen = seen::children(self.group, asking);
        self.without_weightless();
        self.leave_out(|at| seen[at].open.map(words::open), ALL_OPEN);
        self.leave_out(|at| seen[at].cooling.map(words::cooling), ALL_COOLING);
        if self.order.is_empty() || self.stays(asking) {
            return;
        }
        match self.group.mode {
            Mode::RoundRobin => self.by_turn(asking),
            Mode::LeastLatency => self.by_load(&seen),
            Mode::LeastCost => self.by_cost(&seen),
            _ => self.by_draw(asking),
        }
        self.order.truncate(self.group.asked_at_once());
        if let (Some((key, ttl)), Some(first)) = (self.key(asking), self.order.first()) {
            self.remember = Some((key, *first, ttl));
            self.aside = " Calls with the same values stay with it.";
        }
    }

    fn key(&self, asking: &Asking<'_>) -> Option<(u64, u64)> {
        let stuck = self.group.sticky.as_ref()?;
        Some((stick::key(&stuck.fields, asking.facts)?, stuck.ttl))
    }

    /// Whether calls like this one stay with a child, which then comes first.
    fn stays(&mut self, asking: &Asking<'_>) -> bool {
        let stuck = self.key(asking).and_then(|(key, _)| asking.sight.stuck(self.group, key));
        let Some(place) = stuck.and_then(|stuck| self.order.iter().position(|at| *at == stuck)) else {
            return false;
        };
        self.order[..=place].rotate_right(1);
        self.order.truncate(self.group.asked_at_once());
        let target = words::target(self.group, self.order[0]);
        self.decision.reason = format!("Calls with these values of the sticky fields stay with {target}.");
        true
    }

    fn by_draw(&mut self, asking: &Asking<'_>) {
        self.share();
        let mut lots = Lots::new();
        let draw = lots.open(asking.sight.draw(self.group));
        let group = self.group;
        lots.order(&mut self.order, |at| group.children[at].weight, group.asked_at_once());
        let share = self.candidates[self.order[0]].share.unwrap_or(0.0) * 100.0;
        let target = words::target(group, self.order[0]);
        self.decision.reason = format!("Drawn by weight: {draw:.4} falls to {target}, whose share is {share:.1} %.");
        self.decision.draw = Some(draw);
    }

    fn by_turn(&mut self, asking: &Asking<'_>) {
        self.share();
        let turn = asking.sight.turn(self.group);
        let weights: Vec<f64> = self.order.iter().map(|at| self.group.children[*at].weight).collect();
        let place = lots::turn(&weights, turn);
        self.order.rotate_left(place);
        let target = words::target(self.group, self.order[0]);
        self.decision.reason = format!("It is the turn of {target}: turn {turn} among {} targets.", weights.len());
    }

    fn by_load(&mut self, seen: &[Seen]) {
        let load = |at: usize| seen[at].load.unwrap_or(f64::NEG_INFINITY);
        self.order.sort_by(|one, other| load(*one).total_cmp(&load(*other)));
        for at in &self.order {
            self.candidates[*at].measure = Some(words::load(seen[*at].load));
        }
        let (target, measure) = (words::target(self.group, self.order[0]), words::load(seen[self.order[0]].load));
        self.decision.reason = match seen[self.order[0]].load {
            None => format!("{target} has not been called yet, so that its latency is to be found out."),
            Some(_) => format!("{target} answers soonest: {measure}."),
        };
    }

    fn by_cost(&mut self, seen: &[Seen]) {
        self.order.sort_by_key(|at| seen[*at].cost.unwrap_or(i64::MAX));
        for at in &self.order {
            self.candidates[*at].measure = Some(words::cost(seen[*at].cost));
        }
        let (target, measure) = (words::target(self.group, self.order[0]), words::cost(seen[self.order[0]].cost));
        self.decision.reason = match seen[self.order[0]].cost {
            None => format!("No target has a price: {target} comes first."),
            Some(_) => format!("{target} costs least: {measure}."),
        };
    }

    fn without_weightless(&mut self) {
        let group = self.group;
        self.order.retain(|at| lots::counts(group.children[*at].weight));
        for (child, candidate) in group.children.iter().zip(&mut self.candidates) {
            if !lots::counts(child.weight) {
                candidate.excluded = Some("its weight is 0".to_owned());
            }
        }
    }

    /// Leaves out the children that `why` names, unless none remained; `all` says so.
    fn leave_out(&mut self, why: impl Fn(usize) -> Option<String>, all: &'static str) {
        let (out, left): (Vec<_>, Vec<_>) =
            self.order.iter().map(|at| (*at, why(*at))).partition(|(_, why)| why.is_some());
        if out.is_empty() {
            return;
        }
        if left.is_empty() {
            self.aside = all;
            return;
        }
        self.order = left.into_iter().map(|(at, _)| at).collect();
        for (at, why) in out {
            self.candidates[at].excluded = why;
        }
    }

    /// Writes each remaining child's share of the weights.
    fn share(&mut self) {
        let group = self.group;
        let weights: Vec<f64> = self.order.iter().map(|at| group.children[*at].weight).collect();
        for (at, share) in self.order.iter().zip(lots::shares(&weights)) {
            self.candidates[*at].share = Some(share);
        }
    }
}

const ALL_OPEN: &str = " Every circuit is open, so that none was left out.";
const ALL_COOLING: &str = " Every target asked to be left alone, so that none was left out.";

impl Group {
    /// One, or more where the group is hedged.
    fn asked_at_once(&self) -> usize {
        let most = self.hedge.as_ref().map_or(1, |hedge| hedge.max.unwrap_or(HEDGED).clamp(1, MOST_HEDGED));
        most.try_into().unwrap_or(1)
    }
}
