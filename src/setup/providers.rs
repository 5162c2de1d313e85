//! Providers that the set-up file and the environment declare.

use super::{Hand, WORKSPACE, conflict};
use crate::secret;
use crate::settings::{DeclaredProvider, Mistake, SANDBOX, Settings};
use crate::store::declared::Edits;
use crate::store::providers::StoredProvider;
use app::model::Origin;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// A provider that should be there.
struct Wanted<'a> {
    one: Cow<'a, DeclaredProvider>,
    origin: Origin,
}

/// What brings the stored providers in line, and the slugs that are left out because a person took them.
pub(super) fn edits<'a>(
    settings: &Settings,
    known: &[StoredProvider],
    hand: Hand<'_>,
    conflicts: &mut Vec<Mistake>,
) -> (Edits<'a>, Vec<String>) {
    let wanted = wanted(settings);
    let mut edits = Edits::default();
    let mut passed_over = Vec::new();
    let mut holders: Vec<StoredProvider> = Vec::new();
    for Wanted { one, origin } in &wanted {
        let row = known.iter().find(|row| row.slug == one.slug);
        match row.filter(|row| row.origin == Origin::Console) {
            Some(row) if *origin == Origin::Environment => passed_over.push(row.slug.clone()),
            Some(row) => conflicts.push(conflict(&one.place, "provider", &row.slug)),
            None => {
                let holder = one.integration.as_ref().and_then(|slug| holders.iter().find(|row| row.slug == *slug));
                if one.integration.is_some() && holder.is_none() {
                    continue;
                }
                let fresh = provider_row(one, *origin, row, holder, hand);
                if row != Some(&fresh) {
                    edits.providers.push(StoredProvider { updated_at: hand.now, ..fresh.clone() });
                }
                holders.push(fresh);
            }
        }
    }
    let slugs: BTreeSet<&str> = wanted.iter().map(|wanted| wanted.one.slug.as_str()).collect();
    let stale = |row: &&StoredProvider| row.origin.locked() && !slugs.contains(row.slug.as_str());
    let mut gone: Vec<&StoredProvider> = known.iter().filter(stale).collect();
    // Those that have another one's credential go before that one.
    gone.sort_by_key(|row| row.integration.is_none());
    edits.gone_providers = gone.into_iter().map(|row| row.id.clone()).collect();
    (edits, passed_over)
}

/// The file's word counts before the environment's. Those that have another one's credential stand at the end.
fn wanted(settings: &Settings) -> Vec<Wanted<'_>> {
    let named = |slug: &str| DeclaredProvider { slug: slug.into(), vendor: slug.into(), ..DeclaredProvider::default() };
    let mut wanted = vec![Wanted { one: Cow::Owned(named(SANDBOX)), origin: Origin::BuiltIn }];
    let declared = settings.setup.providers.iter();
    wanted.extend(declared.map(|one| Wanted { one: Cow::Borrowed(one), origin: Origin::File }));
    for (slug, key) in &settings.environment {
        if !wanted.iter().any(|wanted| wanted.one.slug == *slug) {
            let one = DeclaredProvider { key: Some(key.clone()), ..named(slug) };
            wanted.push(Wanted { one: Cow::Owned(one), origin: Origin::Environment });
        }
    }
    wanted.sort_by_key(|wanted| wanted.one.integration.is_some());
    wanted
}

/// The row as it should be. `holder`: whose credential it has.
fn provider_row(
    one: &DeclaredProvider,
    origin: Origin,
    known: Option<&StoredProvider>,
    holder: Option<&StoredProvider>,
    hand: Hand<'_>,
) -> StoredProvider {
    let id = known.map_or_else(|| secret::id(hand.now), |row| row.id.clone());
    let row = StoredProvider {
        workspace: WORKSPACE.into(),
        slug: one.slug.clone(),
        name: one.name.clone(),
        note: one.note.clone(),
        standing: one.standing,
        integration: holder.map(|row| row.id.clone()),
        vendor: one.vendor.clone(),
        base_url: one.base_url.clone(),
        credential: None,
        hint: one.key.as_ref().map(|key| secret::hint(key)).unwrap_or_default(),
        open: one.open.clone(),
        origin,
        created_at: known.map_or(hand.now, |row| row.created_at),
        updated_at: known.map_or(hand.now, |row| row.updated_at),
        id,
    };
    if let Some(StoredProvider { vendor, base_url, credential, hint, open, .. }) = holder.cloned() {
        return StoredProvider { vendor, base_url, credential, hint, open, ..row };
    }
    let kept = known.and_then(|row| row.credential.as_ref()).filter(|sealed| {
        let opened = hand.sealer.open(sealed, &row.id);
        opened.ok().is_some_and(|plain| one.key.as_ref().is_some_and(|key| key.as_bytes() == plain.as_slice()))
    });
    let credential =
        one.key.as_ref().map(|key| kept.cloned().unwrap_or_else(|| hand.sealer.seal(key.as_bytes(), &row.id)));
    StoredProvider { credential, ..row }
}
