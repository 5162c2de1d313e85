//! The routing setup out and in, as one set-up file.

mod carry;
mod plan;
mod rows;
#[cfg(test)]
mod tests;
mod write;

use super::Seat;
use crate::limit::rule::Limit;
use crate::store::configs::StoredConfig;
use crate::store::keys::StoredKey;
use crate::store::models::{StoredModel, StoredPrice};
use crate::store::providers::StoredProvider;
use app::backend::{Answer, TransferDesk};
use app::failure::Failure;
use app::model::transfer::{Applied, Plan, Transfer};
use async_trait::async_trait;
pub use carry::Carrier;
pub use plan::Drawn;

/// Bytes of a file.
pub const FILE_MOST: usize = 2 << 20;
const NOTHING: &str = "There is no file to import any more: it was applied, or it lay too long. Bring it again.";
const OTHERWISE: &str = "What is here has changed since the plan was made, so nothing was imported. Look at the plan as it is now, then apply it.";

/// What is there.
#[derive(Clone, Debug, Default)]
pub struct Present {
    pub providers: Vec<StoredProvider>,
    pub configs: Vec<StoredConfig>,
    /// Those that open, the oldest first.
    pub keys: Vec<StoredKey>,
    pub models: Vec<StoredModel>,
    pub prices: Vec<StoredPrice>,
    pub limits: Vec<Limit>,
    /// Id and SHA-256 of every key, those that are over among them: no two may have one.
    pub hashes: Vec<(String, [u8; 32])>,
}

#[async_trait]
impl TransferDesk for Seat {
    async fn transfer(&self) -> Answer<Transfer> {
        self.leader()?;
        let (door, now) = (&self.house.door, self.now());
        let text = self.session_id().and_then(|session| door.imports.peek(session, now));
        let plan = match text {
            Some(text) => Some(self.plan(&text).await?),
            None => None,
        };
        Ok(Transfer {
            text: self.export().await?,
            mark: plan.as_ref().map(mark).unwrap_or_default(),
            plan,
            applied: self.session_id().and_then(|session| door.applied.take(session, now)),
            editable: self.leads(),
        })
    }

    async fn export(&self) -> Answer<String> {
        self.leader()?;
        Ok(self.carrier().export(&self.person.workspace_name).await?)
    }

    async fn bring(&self, text: String) -> Answer<()> {
        self.leader()?;
        let Some(session) = self.session_id() else { return Err(Failure::SignedOut) };
        if text.len() > FILE_MOST {
            return Err(Failure::refused("", format!("The file has more than {FILE_MOST} bytes. Bring less at once.")));
        }
        self.house.door.imports.put(session, text, self.now());
        Ok(())
    }

    async fn apply_import(&self, seen: String) -> Answer<()> {
        self.leader()?;
        let (door, now) = (&self.house.door, self.now());
        let Some(session) = self.session_id() else { return Err(Failure::SignedOut) };
        let Some(text) = door.imports.peek(session, now) else { return Err(Failure::Missing(NOTHING.into())) };
        self.still(&text, &seen).await?;
        let applied = self.import(&text).await?;
        door.imports.take(session, now);
        door.applied.put(session, applied, now);
        Ok(())
    }

    async fn drop_import(&self) -> Answer<()> {
        if let Some(session) = self.session_id() {
            self.house.door.imports.take(session, self.now());
        }
        Ok(())
    }
}

impl Seat {
    /// What an import of this text would do.
    pub async fn plan(&self, text: &str) -> Answer<Plan> {
        Ok(self.carrier().draw(text).await?.plan)
    }

    /// Refuses where an import would no longer do what the plan of this mark says.
    pub async fn still(&self, text: &str, seen: &str) -> Answer<()> {
        if mark(&self.plan(text).await?) == seen { Ok(()) } else { Err(Failure::refused("", OTHERWISE)) }
    }

    /// Does what the text says, as a whole or not at all.
    ///
    /// # Errors
    /// With every flaw of the text; nothing has changed then.
    pub async fn import(&self, text: &str) -> Answer<Applied> {
        self.leader()?;
        let carrier = self.carrier();
        let drawn = carrier.draw(text).await?;
        let applied = carrier.apply(drawn).await?;
        self.refresh().await?;
        Ok(applied)
    }

    fn carrier(&self) -> Carrier<'_> {
        Carrier {
            store: &self.house.store,
            sealer: &self.house.sealer,
            workspace: self.workspace(),
            pen: self.pen(),
            scopes: self.scopes.as_deref(),
        }
    }
}

/// Names what a plan would do.
pub fn mark(plan: &Plan) -> String {
    crate::secret::mark(&crate::secret::digest(serde_json::to_string(plan).unwrap_or_default())).to_string()
}
