//! Providers of a file beside those that are here.

use super::super::Present;
use super::{Around, Drawn, Stand, words};
use crate::settings::DeclaredProvider;
use crate::store::providers::StoredProvider;
use crate::wire::vendors::{Auth, vendor};
use app::model::transfer::{Change, Kind};

impl Drawn {
    pub(super) fn provider(&mut self, one: DeclaredProvider, around: &Around<'_>) -> Stand {
        let name = format!("@{}", one.slug);
        if let Some(text) = one.integration.as_deref().and_then(|slug| unfit(slug, around)) {
            self.flaw(&one.place, text);
            return Stand::Flawed;
        }
        let Some(row) = around.present.providers.iter().find(|row| row.slug == one.slug) else {
            let asks = one.key.is_none() && vendor(&one.vendor).is_some_and(|vendor| vendor.auth != Auth::None);
            let note = "Enter its key on the Providers page: until then its calls go without one.";
            self.line(Kind::Provider, &name, Change::Added, asks.then(|| note.to_owned()).into_iter().collect());
            let stand = Stand::Provider(one.slug.clone());
            self.providers.push((None, one));
            return stand;
        };
        if let Some(text) = at_odds(row, &one, around.present) {
            self.flaw(&one.place, text);
            return Stand::Flawed;
        }
        let stand = Stand::Here(row.id.clone());
        if self.compared(Kind::Provider, &name, changes(row, &one), row.origin.locked()) {
            self.providers.push((Some(row.clone()), one));
        }
        stand
    }
}

/// Why a provider's credential cannot be another one's.
fn unfit(slug: &str, around: &Around<'_>) -> Option<String> {
    let row = around.present.providers.iter().find(|row| row.slug == slug);
    match row {
        Some(row) if row.integration.is_some() => {
            Some(format!("@{slug} has another one's credential itself. Name that one as integration."))
        }
        Some(row) if row.origin.locked() => {
            Some(format!("@{slug} is declared outside the console, so its credential is not another one's to have."))
        }
        None if !around.slugs.contains(slug) => Some(super::unknown(slug)),
        _ => None,
    }
}

/// Why the row that is here cannot become what the file says.
fn at_odds(row: &StoredProvider, one: &DeclaredProvider, present: &Present) -> Option<String> {
    let holder = holder(row, present);
    let name = format!("@{}", row.slug);
    if holder != one.integration.as_deref() {
        let whose =
            |slug: Option<&str>| slug.map_or("a credential of its own".into(), |slug| format!("that of @{slug}"));
        let (here, there) = (whose(holder), whose(one.integration.as_deref()));
        return Some(format!("{name} has {here} here, and {there} in the file. Rename one of them."));
    }
    (holder.is_none() && row.vendor != one.vendor)
        .then(|| format!("{name} is of {} here, and of {} in the file. Rename one of them.", row.vendor, one.vendor))
}

/// Slug of the provider whose credential the row has.
pub fn holder<'a>(row: &StoredProvider, present: &'a Present) -> Option<&'a str> {
    let id = row.integration.as_ref()?;
    present.providers.iter().find(|one| one.id == *id).map(|one| one.slug.as_str())
}

fn changes(row: &StoredProvider, one: &DeclaredProvider) -> Vec<String> {
    let mut notes = Vec::new();
    if row.name != one.name {
        notes.push(format!("Name: {} → {}.", titled(&row.name), titled(&one.name)));
    }
    if row.note != one.note {
        notes.push("Another note.".into());
    }
    if row.standing != one.standing {
        notes.push(format!("Standing: {} → {}.", row.standing.word(), one.standing.word()));
    }
    if row.integration.is_some() {
        return notes;
    }
    if row.base_url != one.base_url {
        let url = |url: &Option<String>| url.clone().unwrap_or_else(|| "the vendor's own".into());
        notes.push(format!("Address: {} → {}.", url(&row.base_url), url(&one.base_url)));
        if row.credential.is_some() && one.key.is_none() {
            notes.push("Its key is dropped, for a stored one goes to no other address. Enter it again.".into());
        }
    }
    if row.open != one.open {
        notes.push(format!("Opens: {} → {}.", words(&row.open), words(&one.open)));
    }
    if one.key.is_some() {
        notes.push("A new key.".into());
    }
    notes
}

fn titled(name: &str) -> &str {
    if name.is_empty() { "none" } else { name }
}
