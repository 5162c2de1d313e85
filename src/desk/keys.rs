//! API keys.

use super::{DAY, FIRST_MODEL, Refusals, Seat};
use crate::secret;
use crate::settings::rules;
use crate::store::keys::{Revocation, StoredKey};
use app::backend::{Answer, KeyDesk};
use app::failure::Failure;
use app::model::Origin;
use app::model::key::{Keys, MintedKey, NewKey};
use app::model::scope::{DEFAULT_SCOPES, SCOPES};
use async_trait::async_trait;

#[async_trait]
impl KeyDesk for Seat {
    async fn keys(&self) -> Answer<Keys> {
        let (store, now) = (&self.house.store, self.now());
        let configs = store.workspace_configs(self.workspace()).await?;
        Ok(Keys {
            rows: store.keys(self.workspace(), now - DAY).await?,
            configs: configs.into_iter().map(|config| (config.slug, config.name)).collect(),
            fresh: self.session.id().and_then(|session| self.house.door.keys.take(session, now)),
            base_url: self.house.settings.base_url(),
            model: FIRST_MODEL.into(),
        })
    }

    async fn mint_key(&self, form: NewKey) -> Answer<MintedKey> {
        let value = secret::mint("sy-");
        let key = self.checked(form, &value).await?;
        self.house.store.add_key(&key).await?;
        self.refresh().await?;
        let minted = MintedKey { id: key.id, name: key.name, value };
        if let Some(session) = self.session.id() {
            self.house.door.keys.put(session, minted.clone(), self.now());
        }
        Ok(minted)
    }

    async fn revoke_key(&self, id: String) -> Answer<()> {
        let only_by = if self.leads() { None } else { Some(self.person.id.as_str()) };
        let revoked = self.house.store.revoke_key(self.workspace(), &id, only_by, self.now()).await;
        match revoked? {
            Revocation::Done => self.refresh().await,
            Revocation::Foreign => Err(Failure::Forbidden),
            Revocation::Missing => Err(Failure::Missing("This key was revoked before. Nothing changed.".into())),
            Revocation::Locked => Err(Failure::refused(
                "",
                "This key is declared in the set-up file. Remove it there and restart the server.",
            )),
        }
    }
}

impl Seat {
    async fn checked(&self, form: NewKey, value: &str) -> Answer<StoredKey> {
        let configs = self.house.store.workspace_configs(self.workspace()).await?;
        let config = Some(form.config.trim().to_owned()).filter(|slug| !slug.is_empty());
        let known = config.as_ref().is_none_or(|slug| configs.iter().any(|config| config.slug == *slug));
        let mut refusals = Refusals::default();
        let name = refusals.take("name", rules::name(&form.name));
        let metadata = refusals.take("metadata", rules::metadata(&form.metadata));
        let scopes = refusals.take("scopes", granted(form.scopes, self.leads()));
        refusals.take("config", known.then_some(()).ok_or_else(|| "Choose one of the configs listed.".to_owned()));
        refusals.done()?;
        let now = self.now();
        Ok(StoredKey {
            id: secret::id(now),
            workspace: self.workspace().to_owned(),
            name: name.unwrap_or_default(),
            secret_hash: secret::digest(value),
            last_four: secret::last_four(value),
            scopes: scopes.unwrap_or_default(),
            config,
            metadata: metadata.unwrap_or_default(),
            origin: Origin::Console,
            created_by: Some(self.person.id.clone()),
            created_at: now,
            expires_at: None,
            revoked_at: None,
        })
    }
}

/// Nobody hands out more than they have: everything (`*`) is for owners and admins to give.
fn granted(asked: Vec<String>, leads: bool) -> Result<Vec<String>, String> {
    if asked.is_empty() {
        return Ok(DEFAULT_SCOPES.map(str::to_owned).to_vec());
    }
    let offered = |scope: &String| SCOPES.iter().any(|(name, _)| name == scope) || (scope == "*" && leads);
    match asked.iter().find(|scope| !offered(scope)) {
        None => Ok(asked),
        Some(scope) => Err(format!("Choose from the scopes listed; {scope} is not yours to give.")),
    }
}

#[cfg(test)]
mod tests {
    use super::granted;

    #[test]
    fn a_key_gets_the_scopes_asked_for_within_the_role() {
        for (asked, leads, scopes) in [
            (vec![], false, Some(vec!["completions.write", "models.list"])),
            (vec!["logs.view"], false, Some(vec!["logs.view"])),
            (vec!["*"], true, Some(vec!["*"])),
            (vec!["*"], false, None),
            (vec!["logs.view", "moon.land"], true, None),
        ] {
            let given = granted(asked.iter().map(|scope| (*scope).to_owned()).collect(), leads);
            assert_eq!(
                given.ok(),
                scopes.map(|scopes| scopes.iter().map(|scope| (*scope).to_owned()).collect()),
                "{asked:?}"
            );
        }
    }
}
