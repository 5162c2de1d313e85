//! Which stored limit a declared one means.

use super::{DeclaredLimit, Owner};
use crate::limit::rule::{Limit, Rule, Scope};

/// The stored limit that each declared one is: the one that is just so, else one of its name and kind, else, where it
/// has an owner, one of its kind. None is taken twice. `None` of a scope: its owner is not stored yet.
pub fn pair<'a>(declared: &[(Option<Scope>, &DeclaredLimit)], known: &[&'a Limit]) -> Vec<Option<&'a Limit>> {
    let mut free = known.to_vec();
    let mut found = vec![None; declared.len()];
    let near: [fn(&Limit, &DeclaredLimit) -> bool; 3] =
        [same, |limit, one| alike(limit, one) && limit.name == one.name, alike];
    for near in near {
        for (at, (scope, one)) in declared.iter().enumerate().filter(|(_, (scope, _))| scope.is_some()) {
            let fits = |limit: &&Limit| scope.as_ref() == Some(&limit.scope) && near(limit, one);
            if found[at].is_none()
                && let Some(index) = free.iter().position(fits)
            {
                found[at] = Some(free.remove(index));
            }
        }
    }
    found
}

/// Whether they are the same limit with, perhaps, other figures.
pub fn alike(limit: &Limit, one: &DeclaredLimit) -> bool {
    let policy = one.owner == Owner::Policy;
    let kind = match (&limit.rule, &one.rule) {
        // What is spent of one in dollars is not spent in tokens.
        (Rule::Budget(known), Rule::Budget(budget)) => known.unit == budget.unit,
        (Rule::Rate(known), Rule::Rate(rate)) => policy || (known.what, known.per) == (rate.what, rate.per),
        _ => false,
    };
    kind && (!policy || limit.name == one.name)
}

/// Whether a limit says just what is declared.
pub fn same(limit: &Limit, one: &DeclaredLimit) -> bool {
    let said = (&limit.name, &limit.rule, &limit.conditions, &limit.group_by, limit.lacking);
    said == (&one.name, &one.rule, &one.conditions, &one.group_by, one.lacking)
}

#[cfg(test)]
mod tests {
    use super::{DeclaredLimit, Limit, Owner, Rule, Scope, pair};
    use crate::limit::rule::{Lacking, Per, Rate, What};
    use crate::settings::Place;
    use app::model::Origin;
    use std::collections::BTreeMap;

    fn rate(value: u64) -> Rule {
        Rule::Rate(Rate { what: What::Requests, per: Per::Minute, value })
    }

    fn limit(id: &str, name: &str, value: u64) -> Limit {
        Limit {
            id: id.into(),
            workspace: "default".into(),
            name: name.into(),
            scope: Scope::Workspace,
            rule: rate(value),
            conditions: Vec::new(),
            group_by: Vec::new(),
            lacking: Lacking::Refuse,
            origin: Origin::Console,
            created_at: 0,
            updated_at: 0,
            since: 0,
            resets: BTreeMap::new(),
        }
    }

    fn declared(owner: Owner, name: &str, value: u64) -> DeclaredLimit {
        DeclaredLimit {
            name: name.into(),
            owner,
            rule: rate(value),
            conditions: Vec::new(),
            group_by: Vec::new(),
            lacking: Lacking::Refuse,
            place: Place::default(),
        }
    }

    #[test]
    fn the_nearest_is_meant_and_none_twice() {
        let known = [limit("a", "one", 1), limit("b", "one", 2), limit("c", "two", 3)];
        let known: Vec<&Limit> = known.iter().collect();
        for (scope, asked, wanted) in [
            (Scope::Workspace, &[("one", 2), ("one", 1)][..], &[Some("b"), Some("a")][..]),
            (Scope::Workspace, &[("two", 9), ("one", 2)], &[Some("c"), Some("b")]),
            (Scope::Workspace, &[("new", 9)], &[Some("a")]),
            (Scope::Workspace, &[("x", 1), ("x", 1), ("x", 1), ("x", 1)], &[Some("a"), Some("b"), Some("c"), None]),
            (Scope::Key("k".into()), &[("one", 1)], &[None]),
        ] {
            let all: Vec<_> = asked.iter().map(|(name, value)| declared(Owner::Workspace, name, *value)).collect();
            let all: Vec<_> = all.iter().map(|one| (Some(scope.clone()), one)).collect();
            let found: Vec<_> =
                pair(&all, &known).into_iter().map(|limit| limit.map(|limit| limit.id.as_str())).collect();
            assert_eq!(found, wanted, "{asked:?}");
        }
    }
}
