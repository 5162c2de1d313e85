//! One request of the admin API, read and authorised.

use crate::admin::answer::{Refused, list};
use crate::admin::form::Form;
use crate::desk::Seat;
use crate::gateway::caller::Caller;
use serde_json::Value;

/// Rows of a page at most.
const PAGE_MOST: u64 = 1_000;

pub struct Ask {
    /// The key at work.
    pub seat: Seat,
    pub caller: Caller,
    /// Parameters of the path, by name.
    pub path: Vec<(String, String)>,
    pub query: Form,
    pub body: Form,
    /// Portkey's SDK for Python asks.
    pub python: bool,
}

impl Ask {
    /// A parameter of the path.
    pub fn param(&self, name: &str) -> &str {
        self.path.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// Refuses unless the key has one of the scopes.
    pub fn must(&self, scopes: &[&str]) -> Result<(), Refused> {
        Ok(self.caller.must(scopes)?)
    }

    /// A key belongs to one workspace; another one is not its business.
    pub fn in_workspace(&self) -> Result<(), Refused> {
        let named = self.body.text("workspace_id")?.or(self.query.text("workspace_id")?);
        match named {
            Some(other) if other != self.workspace() => Err(Refused::forbidden(format!(
                "workspace_id: This key belongs to the workspace {}, not to {other}. Leave workspace_id out, or use a \
                 key of that workspace.",
                self.workspace()
            ))),
            _ => Ok(()),
        }
    }

    pub fn workspace(&self) -> &str {
        &self.seat.person.workspace
    }

    /// The page that `current_page` (from 0) and `page_size` ask for.
    pub fn paged(&self, rows: Vec<Value>, usual: u64) -> Result<Value, Refused> {
        let page = self.query.whole("current_page")?.unwrap_or_default();
        let size = self.query.whole("page_size")?.unwrap_or(usual);
        if !(1..=PAGE_MOST).contains(&size) {
            return Err(Refused::field("page_size", format!("Use a whole number from 1 to {PAGE_MOST}.")));
        }
        let total = rows.len();
        let skipped = usize::try_from(page.saturating_mul(size)).unwrap_or(usize::MAX);
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        Ok(list(total, rows.into_iter().skip(skipped).take(size).collect()))
    }
}
