//! Limits that the set-up file declares.

use super::{WORKSPACE, conflict};
use crate::limit::rule::{Limit, Scope};
use crate::secret;
use crate::settings::limits::{Owner, alike, pair};
use crate::settings::{Mistake, SetupFile};
use crate::store::declared::Edits;
use crate::store::keys::StoredKey;
use crate::store::providers::StoredProvider;
use app::model::Origin;
use std::collections::BTreeMap;

/// What is declared, and what is stored already.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) setup: &'a SetupFile,
    pub(super) providers: &'a [StoredProvider],
    pub(super) keys: &'a [StoredKey],
    pub(super) limits: &'a [Limit],
}

/// Adds to the edits what makes the stored limits as they are declared. A limit keeps its id, and with it what is spent,
/// as long as its owner has one of its kind.
pub(super) fn edits(known: Known<'_>, now: i64, edits: &mut Edits<'_>) -> Vec<Mistake> {
    let mut conflicts = Vec::new();
    let (locked, console): (Vec<_>, Vec<_>) = known.limits.iter().partition(|limit| limit.origin.locked());
    let declared: Vec<_> = known.setup.limits.iter().map(|one| (scope(one.owner, known, edits), one)).collect();
    let rows = pair(&declared, &locked);
    let mut kept = Vec::new();
    for ((scope, one), row) in declared.into_iter().zip(rows) {
        let Some(scope) = scope else { continue };
        if let Some(console) = console.iter().find(|limit| limit.scope == scope && alike(limit, one)) {
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
    let stale = locked.into_iter().filter(|limit| !kept.contains(&limit.id));
    edits.gone_limits = stale.map(|limit| limit.id.clone()).collect();
    conflicts
}

/// The row that a limit is for, as it is or as it is about to be.
fn scope(owner: Owner, known: Known<'_>, edits: &Edits<'_>) -> Option<Scope> {
    let provider = |at: usize| {
        let slug = &known.setup.providers.get(at)?.slug;
        edits.providers.iter().chain(known.providers).find(|row| row.slug == *slug).map(|row| row.id.clone())
    };
    match owner {
        Owner::Policy => Some(Scope::Policy),
        Owner::Workspace => Some(Scope::Workspace),
        Owner::Key(at) => {
            let name = &known.setup.api_keys.get(at)?.name;
            let mut keys = edits.keys.iter().chain(known.keys);
            let key = keys.find(|key| key.origin.locked() && key.name == *name)?;
            Some(Scope::Key(key.id.clone()))
        }
        Owner::Provider(at) => provider(at).map(Scope::Provider),
        Owner::Integration(at) => provider(at).map(Scope::Integration),
    }
}
