//! From a tree to the flat steps of one call.

#[cfg(test)]
mod tests;

use app::model::routing::{Hedge, Mode};
use std::sync::Arc;

use crate::route::pick::{Asking, pick};
use crate::route::{Branch, Facts, Group, Leaf, NoPlan, Onward, Plan, Sight, Step, Tree};

/// Plans a call. `now` is in milliseconds since 1970 UTC. Equal arguments and answers give equal plans; no target
/// comes twice.
pub fn plan(tree: &Tree, facts: Facts<'_>, sight: &dyn Sight, now: i64) -> Result<Plan, NoPlan> {
    let mode = match &tree.root {
        Branch::Leaf(_) => Mode::Single,
        Branch::Group(group) => group.mode,
    };
    let mut plan = Plan { mode, ..Plan::default() };
    extend(&mut plan, &tree.root, &Asking { tree, facts, sight, now })?;
    Ok(plan)
}

/// The plan of a call without a config.
pub fn simple(leaf: Arc<Leaf>) -> Plan {
    Plan { steps: vec![Step { leaf, onward: Vec::new(), hedge: None }], ..Plan::default() }
}

/// Appends the steps of `branch`: one at least.
fn extend(plan: &mut Plan, branch: &Branch, asking: &Asking<'_>) -> Result<(), NoPlan> {
    match branch {
        Branch::Leaf(at) => {
            let leaf = asking.tree.leaves.get(*at).ok_or_else(|| NoPlan("No provider selected".to_owned()))?;
            plan.steps.push(Step { leaf: Arc::clone(leaf), onward: Vec::new(), hedge: None });
            Ok(())
        }
        Branch::Group(group) => extend_group(plan, group, asking),
    }
}

fn extend_group(plan: &mut Plan, group: &Group, asking: &Asking<'_>) -> Result<(), NoPlan> {
    if plan.steps.is_empty() && plan.queue.is_none() {
        plan.queue.clone_from(&group.queue);
    }
    let picked = pick(group, asking)?;
    plan.decisions.push(picked.decision);
    if let Some((key, child, ttl)) = picked.remember {
        plan.remember.push((group.path.clone(), key, child, ttl));
    }
    let codes = codes(group);
    let mut before = plan.steps.len();
    for (place, at) in picked.order.iter().enumerate() {
        let start = plan.steps.len();
        if place > 0 {
            let onward = Onward { codes: codes.clone(), to: start };
            plan.steps[before..].iter_mut().for_each(|step| step.goes_on(&onward, group.hedge.as_ref()));
        }
        before = start;
        extend(plan, &group.children[*at].branch, asking)?;
    }
    Ok(())
}

/// Modes that choose one go on after no status: their further targets are for hedging alone.
fn codes(group: &Group) -> Option<Arc<[u16]>> {
    match group.mode {
        Mode::Fallback | Mode::Priority => group.on_status_codes.as_deref().map(Arc::from),
        _ => Some(Arc::from([])),
    }
}

impl Step {
    /// Called by the innermost strategy first.
    fn goes_on(&mut self, onward: &Onward, hedge: Option<&Hedge>) {
        self.onward.push(onward.clone());
        if self.hedge.is_none() {
            self.hedge = hedge.cloned();
        }
    }
}
