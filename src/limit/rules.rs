//! The limits of all workspaces, by what they are for: part of the book.

use super::rule::{Limit, Scope};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Immutable once made. Where there is no limit, asking is one look at an empty table.
#[derive(Debug, Default)]
pub struct Rules {
    workspaces: HashSet<String>,
    keys: HashMap<String, Vec<Arc<Limit>>>,
    /// By id of the provider, or of the integration.
    providers: HashMap<String, Vec<Arc<Limit>>>,
    /// Of a workspace, and its policies.
    shared: HashMap<String, Vec<Arc<Limit>>>,
}

impl Rules {
    pub fn of(limits: Vec<Limit>) -> Self {
        let mut rules = Self::default();
        for limit in limits {
            let limit = Arc::new(limit);
            if !rules.workspaces.contains(&limit.workspace) {
                rules.workspaces.insert(limit.workspace.clone());
            }
            let place = match &limit.scope {
                Scope::Key(id) => rules.keys.entry(id.clone()),
                Scope::Provider(id) | Scope::Integration(id) => rules.providers.entry(id.clone()),
                Scope::Workspace | Scope::Policy => rules.shared.entry(limit.workspace.clone()),
            };
            place.or_default().push(limit);
        }
        rules
    }

    /// Whether anything is to be counted before it is spent.
    pub fn has_budgets(&self) -> bool {
        self.budgets().next().is_some()
    }

    /// The budgets of all workspaces.
    pub fn budgets(&self) -> impl Iterator<Item = &Arc<Limit>> {
        let all = self.keys.values().chain(self.providers.values()).chain(self.shared.values()).flatten();
        all.filter(|limit| limit.budget().is_some())
    }

    /// Whether anything in this workspace is limited.
    pub fn any(&self, workspace: &str) -> bool {
        self.workspaces.contains(workspace)
    }

    /// The limits of a key.
    pub fn of_key(&self, id: &str) -> &[Arc<Limit>] {
        self.keys.get(id).map_or(&[], Vec::as_slice)
    }

    /// The limits of a provider or an integration.
    pub fn of_provider(&self, id: &str) -> &[Arc<Limit>] {
        self.providers.get(id).map_or(&[], Vec::as_slice)
    }

    /// The limits of a workspace as a whole, and its policies.
    pub fn shared(&self, workspace: &str) -> &[Arc<Limit>] {
        self.shared.get(workspace).map_or(&[], Vec::as_slice)
    }

    /// Every limit of a workspace, in the order of their ids.
    pub fn all(&self, workspace: &str) -> Vec<Arc<Limit>> {
        let all = self.keys.values().chain(self.providers.values()).chain(self.shared.values()).flatten();
        let mut all: Vec<_> = all.filter(|limit| limit.workspace == workspace).cloned().collect();
        all.sort_by(|left, right| left.id.cmp(&right.id));
        all
    }

    pub fn find(&self, workspace: &str, id: &str) -> Option<Arc<Limit>> {
        self.all(workspace).into_iter().find(|limit| limit.id == id)
    }
}
