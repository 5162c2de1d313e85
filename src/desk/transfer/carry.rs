//! The setup of one workspace, out of its store and into it: for a seat, and for the command line.

use super::{Drawn, Present, plan, write};
use crate::secret::Sealer;
use crate::settings::{self, Mistake};
use crate::store::drafts::Pen;
use crate::store::imports::Import;
use crate::store::{Store, StoreError, Stored};
use app::backend::Answer;
use app::failure::Failure;
use app::model::transfer::{Applied, Change, Flaw, Plan};

const IMPORTED: &str = "Imported";

/// Who carries. It may lead the workspace: its door has seen to that.
#[derive(Clone, Copy)]
pub struct Carrier<'a> {
    pub store: &'a Store,
    pub sealer: &'a Sealer,
    pub workspace: &'a str,
    pub pen: Pen<'a>,
    /// What the key at work may do, and therefore hand on; `None`: a person, who may give any.
    pub scopes: Option<&'a [String]>,
}

impl Carrier<'_> {
    /// The text of a set-up file, secrets left out. `title`: the workspace's name for people.
    pub async fn export(&self, title: &str) -> Stored<String> {
        Ok(write::write(&self.present().await?, title, self.pen.now))
    }

    /// What an import of this text would do.
    pub async fn draw(&self, text: &str) -> Stored<Drawn> {
        match settings::import(text) {
            Ok(file) => {
                let terms = plan::Terms { now: self.pen.now, scopes: self.scopes };
                Ok(plan::draw(file, &self.present().await?, terms))
            }
            Err(mistakes) => {
                let flaw = |one: Mistake| Flaw { at: one.at.replace(':', " "), key: one.key, text: one.text };
                let plan = Plan { flaws: mistakes.into_iter().map(flaw).collect(), lines: Vec::new() };
                Ok(Drawn { plan, ..Drawn::default() })
            }
        }
    }

    /// Does it in one transaction.
    ///
    /// # Errors
    /// With every flaw; nothing has changed then.
    pub async fn apply(&self, drawn: Drawn) -> Answer<Applied> {
        if let Some(flaw) = drawn.plan.flaws.first() {
            let rest = drawn.plan.flaws.len() - 1;
            let more = if rest > 0 { format!(" And {rest} more.") } else { String::new() };
            return Err(Failure::refused("", format!("{}: {}: {}{more}", flaw.at, flaw.key, flaw.text)));
        }
        let rows = self.rows(&drawn, &self.present().await?)?;
        let import = Import {
            providers: &rows.providers,
            models: &rows.models,
            prices: &rows.prices,
            configs: &rows.configs,
            keys: &rows.keys,
            limits: &rows.limits,
            note: IMPORTED,
            pen: self.pen,
        };
        match self.store.apply_import(&import).await {
            Err(StoreError::Taken(what)) => {
                let text = format!("Another change took the same {what} meanwhile. Look at the plan again.");
                return Err(Failure::refused("", text));
            }
            done => done?,
        }
        let count = |change| u32::try_from(drawn.plan.count(change)).unwrap_or(u32::MAX);
        let asked = drawn.plan.lines.iter().filter(|line| matches!(line.change, Change::Added | Change::Changed));
        let notes = asked.flat_map(|line| {
            line.notes.iter().filter(|note| note.contains("Enter ")).map(|note| format!("{}: {note}", line.name))
        });
        Ok(Applied {
            added: count(Change::Added),
            changed: count(Change::Changed),
            notes: notes.collect(),
            keys: rows.minted,
        })
    }

    pub(super) async fn present(&self) -> Stored<Present> {
        let (store, workspace, now) = (self.store, self.workspace, self.pen.now);
        let (models, prices) = store.said_of_models(workspace).await?;
        let mut keys = store.workspace_keys(workspace).await?;
        let hashes = keys.iter().map(|key| (key.id.clone(), key.secret_hash)).collect();
        keys.retain(|key| key.revoked_at.is_none() && key.expires_at.is_none_or(|end| end > now));
        keys.reverse();
        Ok(Present {
            providers: store.providers(workspace).await?,
            configs: store.workspace_configs(workspace).await?,
            keys,
            models,
            prices,
            limits: store.workspace_limits(workspace).await?,
            hashes,
        })
    }
}
