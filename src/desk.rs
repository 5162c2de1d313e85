//! The console's side of the house: what a visitor may do at the door, and a signed-in person inside.
//!
//! Each noun's trait of `app::backend` is implemented in a file of its own. Roles are checked here and nowhere else.

pub mod configs;
pub mod keys;
pub mod logs;
pub mod people;
pub mod providers;
pub mod traces;
pub mod usage;
mod visitor;

pub use visitor::Visitor;

use crate::auth::password::PasswordError;
use crate::auth::session::SessionError;
use crate::house::Shared;
use crate::store::StoreError;
use app::backend::{Answer, Session};
use app::failure::Failure;
use app::model::account::{Person, Role};

/// The span of the figures beside keys and providers: 24 hours, milliseconds.
const DAY: i64 = 24 * 3_600 * 1_000;

/// The model of snippets and of the first call.
const FIRST_MODEL: &str = "@sandbox/echo";

/// A signed-in person in a workspace, with a role there.
#[derive(Clone)]
pub struct Seat {
    pub house: Shared,
    pub person: Person,
    pub session: tower_sessions::Session,
}

impl Session for Seat {
    fn who(&self) -> Person {
        self.person.clone()
    }
}

impl Seat {
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
struct Refusals(Vec<(String, String)>);

impl Refusals {
    fn take<T>(&mut self, field: &str, ruling: Result<T, String>) -> Option<T> {
        ruling.map_err(|text| self.0.push((field.to_owned(), text))).ok()
    }

    fn done(self) -> Answer<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Failure::Refused(self.0)) }
    }
}

#[cfg(test)]
mod tests;
