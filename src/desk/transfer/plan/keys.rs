//! API keys of a file beside those that are here. Two may have one name: the first of the file is the first here.

use super::super::write::moment;
use super::{Around, Drawn, Stand, words};
use crate::desk::keys::scopes::handed;
use crate::secret;
use crate::settings::DeclaredKey;
use crate::store::keys::StoredKey;
use app::model::transfer::{Change, Kind};

impl Drawn {
    pub(super) fn all_keys(&mut self, declared: Vec<DeclaredKey>, around: &Around<'_>) -> Vec<Stand> {
        let mut free: Vec<&StoredKey> = around.present.keys.iter().collect();
        let mut stands = Vec::new();
        for one in declared {
            let row = free.iter().position(|row| row.name == one.name).map(|at| free.remove(at));
            stands.push(self.key(one, row, around));
        }
        for row in free {
            self.line(Kind::ApiKey, &row.name, Change::Left, Vec::new());
        }
        stands
    }

    fn key(&mut self, one: DeclaredKey, row: Option<&StoredKey>, around: &Around<'_>) -> Stand {
        let wrong = flaws(&one, row, around);
        if !wrong.is_empty() {
            wrong.into_iter().for_each(|text| self.flaw(&one.place, text));
            return Stand::Flawed;
        }
        let name = one.name.clone();
        let Some(row) = row else {
            let fresh = one.value.is_empty();
            let note =
                if fresh { "It gets a new secret, which is shown once." } else { "With the secret of the file." };
            self.line(Kind::ApiKey, &name, Change::Added, vec![note.into()]);
            self.keys.push((None, one));
            return Stand::Key(self.keys.len() - 1);
        };
        if self.compared(Kind::ApiKey, &name, changes(row, &one), row.origin.locked()) {
            self.keys.push((Some(row.clone()), one));
        }
        Stand::Here(row.id.clone())
    }
}

/// What cannot be. What a key has already may stay.
fn flaws(one: &DeclaredKey, row: Option<&StoredKey>, around: &Around<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    if let Some(config) = one.config.as_ref().filter(|config| !around.ids.contains(*config)) {
        wrong.push(format!("{config} is neither in this file nor published here."));
    }
    let held = row.map_or(&[][..], |row| row.scopes.as_slice());
    if held != one.scopes
        && let Err(text) = handed(one.scopes.clone(), around.terms.scopes, true, held)
    {
        wrong.push(text);
    }
    let had = |slug: &String| row.is_some_and(|row| row.allowed.providers.contains(slug));
    let strange = one.allowed.providers.iter().filter(|slug| !around.slugs.contains(*slug) && !had(slug));
    wrong.extend(strange.map(|slug| super::unknown(slug)));
    if one.expires_at.is_some_and(|end| end <= around.terms.now) {
        wrong.push("The time of expires_at is over. Use one to come, or leave the key out.".into());
    }
    let hash = (!one.value.is_empty()).then(|| secret::digest(&one.value));
    let taken = |(id, known): &(String, [u8; 32])| Some(*known) == hash && row.is_none_or(|row| row.id != *id);
    if around.present.hashes.iter().any(taken) {
        wrong.push("Its value is that of another key, which may be revoked. Use a new one, or leave it out.".into());
    }
    wrong
}

fn changes(row: &StoredKey, one: &DeclaredKey) -> Vec<String> {
    let mut notes = Vec::new();
    let mut note = |differs: bool, text: &dyn Fn() -> String| {
        if differs {
            notes.push(text());
        }
    };
    let config = |config: &Option<String>| config.clone().unwrap_or_else(|| "none".into());
    let end = |at: Option<i64>| at.map_or("never".to_owned(), moment);
    note(row.scopes != one.scopes, &|| format!("Scopes: {} → {}.", words(&row.scopes), words(&one.scopes)));
    note(row.description != one.description, &|| "Another description.".into());
    note(row.config != one.config, &|| format!("Default config: {} → {}.", config(&row.config), config(&one.config)));
    note(row.config_override != one.config_override, &|| {
        switched("A call may bring its own config", row.config_override)
    });
    note(row.metadata != one.metadata, &|| "Other metadata.".into());
    note(row.enforced != one.enforced, &|| switched("No call overrides the metadata", row.enforced));
    note(row.allowed != one.allowed, &|| format!("May call: {} → {}.", row.allowed.told(), one.allowed.told()));
    note(row.expires_at != one.expires_at, &|| format!("Ends: {} → {}.", end(row.expires_at), end(one.expires_at)));
    let renewed = !one.value.is_empty() && secret::digest(&one.value) != row.secret_hash;
    note(renewed, &|| "The secret of the file; the one of before ends.".into());
    notes
}

fn switched(what: &str, was: bool) -> String {
    let word = |on: bool| if on { "yes" } else { "no" };
    format!("{what}: {} → {}.", word(was), word(!was))
}
