//! Limits that the set-up file declares.

use super::{WORKSPACE, conflict};
use crate::limit::rule::{Limit, Rule, Scope};
use crate::secret;
use crate::settings::Mistake;
use crate::settings::limits::{DeclaredLimit, Owner};
use crate::store::declared::Edits;
use crate::store::keys::StoredKey;
use crate::store::providers::StoredProvider;
use app::model::Origin;
use std::collections::BTreeMap;

/// What is stored already.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) providers: &'a [StoredProvider],
    pub(super) keys: &'a [StoredKey],
    pub(super) limits: &'a [Limit],
}

/// Adds to the edits what makes the stored limits as they are declared. A limit keeps its id, and with it what is spent,
/// as long as its owner has one of its kind.
pub(super) fn edits(declared: &[DeclaredLimit], known: Known<'_>, now: i64, edits: &mut Edits<'_>) -> Vec<Mistake> {
    let mut conflicts = Vec::new();
    let mut kept = Vec::new();
    for one in declared {
        let Some(scope) = scope(one, known, edits) else { continue };
        let same = |limit: &&Limit| limit.scope == scope && alike(limit, one);
        let row = known.limits.iter().find(|limit| limit.origin.locked() && same(limit));
        if let Some(console) = known.limits.iter().find(|limit| !limit.origin.locked() && same(limit)) {
            conflicts.push(conflict(&one.place, "limit", &console.name));
            continue;
        }
        let limit = Limit {
            id: row.map_or_else(|| secret::id(now), |row| row.id.clone()),
            workspace: WORKSPACE.into(),
            name: one.name.clone(),
            scope,
            rule: one.rule.clone(),
            conditions: one.conditions.clone(),
            group_by: one.group_by.clone(),
            lacking: one.lacking,
            origin: Origin::File,
            created_at: row.map_or(now, |row| row.created_at),
            updated_at: row.map_or(now, |row| row.updated_at),
            since: row.map_or(now, |row| row.since),
            resets: row.map_or_else(BTreeMap::new, |row| row.resets.clone()),
        };
        kept.push(limit.id.clone());
        if row != Some(&limit) {
            edits.limits.push(Limit { updated_at: now, ..limit });
        }
    }
    let stale = known.limits.iter().filter(|limit| limit.origin.locked() && !kept.contains(&limit.id));
    edits.gone_limits = stale.map(|limit| limit.id.clone()).collect();
    conflicts
}

/// The row that a limit is for, as it is or as it is about to be.
fn scope(one: &DeclaredLimit, known: Known<'_>, edits: &Edits<'_>) -> Option<Scope> {
    match &one.owner {
        Owner::Policy => Some(Scope::Policy),
        Owner::Key(name) => {
            let mut keys = edits.keys.iter().chain(known.keys);
            let key = keys.find(|key| key.origin.locked() && key.name == *name)?;
            Some(Scope::Key(key.id.clone()))
        }
        Owner::Provider(slug) => {
            let mut providers = edits.providers.iter().chain(known.providers);
            Some(Scope::Provider(providers.find(|provider| provider.slug == *slug)?.id.clone()))
        }
    }
}

/// Whether they are the same limit with, perhaps, other figures.
fn alike(limit: &Limit, one: &DeclaredLimit) -> bool {
    let kind = match (&limit.rule, &one.rule) {
        // What is spent of one in dollars is not spent in tokens.
        (Rule::Budget(known), Rule::Budget(budget)) => known.unit == budget.unit,
        (Rule::Rate(known), Rule::Rate(rate)) => {
            one.owner == Owner::Policy || (known.what, known.per) == (rate.what, rate.per)
        }
        _ => false,
    };
    kind && (one.owner != Owner::Policy || limit.name == one.name)
}
