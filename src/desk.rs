//! The console's side of the house: what a visitor may do at the door, and a signed-in person inside.
//!
//! Each noun's trait of `app::backend` is implemented in a file of its own. Roles are checked here and nowhere else.

pub mod alerts;
pub mod analytics;
pub mod configs;
pub mod ends;
pub mod find;
pub mod integrations;
pub mod keys;
pub mod limits;
pub mod logs;
pub mod models;
pub mod people;
pub mod playground;
pub mod providers;
pub mod reference;
pub mod traces;
pub mod transfer;
pub mod usage;
mod visitor;

pub use visitor::Visitor;

use crate::auth::password::PasswordError;
use crate::auth::session::SessionError;
use crate::book::KeyEntry;
use crate::house::Shared;
use crate::store::StoreError;
use crate::store::drafts::Pen;
use app::backend::{Answer, Session};
use app::failure::Failure;
use app::model::account::{Person, Role};
use tower_sessions::session::Id;

/// The span of the figures beside keys and providers: 24 hours, milliseconds.
const DAY: i64 = 24 * 3_600 * 1_000;

/// The model of snippets and of the first call.
const FIRST_MODEL: &str = "@sandbox/echo";

const LOCKED_PROVIDER: &str = "This provider is declared outside the console. Change it in the set-up file or the \
                               environment, and restart the server.";

/// A signed-in person in a workspace, with a role there; or an API key, which acts by its scopes.
#[derive(Clone)]
pub struct Seat {
    pub house: Shared,
    /// A key's has no id, and the key's name for an e-mail.
    pub person: Person,
    /// The browser's; a key has none.
    pub session: Option<tower_sessions::Session>,
    /// What a key may do, and therefore hand on; a person's role says it.
    pub scopes: Option<Vec<String>>,
}

impl Session for Seat {
    fn who(&self) -> Person {
        self.person.clone()
    }
}

impl Seat {
    /// A key at work. Its door has looked at its scopes for each thing that it does.
    pub fn of_key(house: Shared, key: &KeyEntry) -> Self {
        let person = Person {
            id: String::new(),
            email: format!("API key {}", key.name),
            role: Role::Admin,
            workspace: key.workspace.clone(),
            workspace_name: key.workspace.clone(),
        };
        Self { house, person, session: None, scopes: Some(key.scopes.clone()) }
    }

    fn session_id(&self) -> Option<Id> {
        self.session.as_ref().and_then(tower_sessions::Session::id)
    }

    /// The person's id; a key is nobody.
    fn person_id(&self) -> Option<&str> {
        Some(self.person.id.as_str()).filter(|id| !id.is_empty())
    }

    /// Who writes, and now.
    fn pen(&self) -> Pen<'_> {
        let person = self.person_id();
        Pen { author: person.unwrap_or(&self.person.email), person, now: self.now() }
    }

    fn workspace(&self) -> &str {
        &self.person.workspace
    }

    fn now(&self) -> i64 {
        self.house.clock.now()
    }

    fn leads(&self) -> bool {
        matches!(self.person.role, Role::Owner | Role::Admin)
    }

    /// Owners and admins pass.
    fn leader(&self) -> Answer<()> {
        if self.leads() { Ok(()) } else { Err(Failure::Forbidden) }
    }

    /// Lets the gateway see what was just changed.
    async fn refresh(&self) -> Answer<()> {
        self.house.shelf.refresh().await.map_err(|error| {
            tracing::error!(%error, "the book was not refreshed");
            Failure::Broken("The change is saved, but the gateway does not use it yet. Restart the server.".into())
        })
    }
}

/// A name as part of an id: small letters and digits, with `-` between them; `usual` where nothing is left.
pub fn folded(name: &str, usual: &str) -> String {
    let mut folded = String::new();
    for letter in name.to_lowercase().chars().take(48) {
        if letter.is_ascii_alphanumeric() {
            folded.push(letter);
        } else if !folded.is_empty() && !folded.ends_with('-') {
            folded.push('-');
        }
    }
    let folded = folded.trim_end_matches('-');
    if folded.is_empty() { usual.to_owned() } else { folded.to_owned() }
}

// Trouble of the rooms below, told to a person; its cause goes to the log.

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        trouble(&error)
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        trouble(&error)
    }
}

impl From<PasswordError> for Failure {
    fn from(error: PasswordError) -> Self {
        trouble(&error)
    }
}

fn trouble(error: &dyn std::fmt::Display) -> Failure {
    tracing::error!(%error, "the console failed");
    Failure::Broken("The server could not do this. Nothing changed. Try again; its log says why.".into())
}

/// Gathers what is wrong with a form, so that all of it is told at once.
#[derive(Default)]
pub(crate) struct Refusals(Vec<(String, String)>);

impl Refusals {
    pub(crate) fn take<T>(&mut self, field: &str, ruling: Result<T, String>) -> Option<T> {
        ruling.map_err(|text| self.0.push((field.to_owned(), text))).ok()
    }

    pub(crate) fn done(self) -> Answer<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Failure::Refused(self.0)) }
    }
}

#[cfg(test)]
mod tests;
