//! Members, invites and the first minutes.

use super::{FIRST_MODEL, Seat};
use crate::secret;
use crate::settings::SANDBOX;
use crate::store::people::NewInvite;
use app::backend::{Answer, PeopleDesk};
use app::failure::Failure;
use app::model::account::{FirstSteps, InviteLink, Members, Role};
use async_trait::async_trait;

/// How long an invite link lives: seven days, milliseconds.
const INVITE_LIFE: i64 = 7 * 24 * 3_600 * 1_000;

#[async_trait]
impl PeopleDesk for Seat {
    async fn members(&self) -> Answer<Members> {
        let now = self.now();
        Ok(Members {
            people: self.house.store.members(self.workspace()).await?,
            invites: self.house.store.invites(self.workspace(), now).await?,
            fresh: self.session_id().and_then(|session| self.house.door.invites.take(session, now)),
        })
    }

    async fn invite(&self, role: Role) -> Answer<InviteLink> {
        self.leader()?;
        if role == Role::Owner && self.person.role != Role::Owner {
            return Err(Failure::refused("role", "Only an owner can invite an owner. Choose another role."));
        }
        let (now, secret) = (self.now(), secret::mint("inv-"));
        let expires_at = now + INVITE_LIFE;
        let invite = NewInvite {
            id: &secret::id(now),
            secret_hash: secret::digest(&secret),
            role,
            created_by: &self.person.id,
            at: now,
            expires_at,
        };
        self.house.store.add_invite(self.workspace(), &invite).await?;
        let url = format!("{}/sign-up?invite={secret}", self.house.settings.origin());
        let link = InviteLink { url, expires_at };
        if let Some(session) = self.session_id() {
            self.house.door.invites.put(session, link.clone(), now);
        }
        Ok(link)
    }

    async fn withdraw_invite(&self, id: String) -> Answer<()> {
        self.leader()?;
        if self.house.store.withdraw_invite(self.workspace(), &id).await? {
            return Ok(());
        }
        Err(Failure::Missing("This invite was taken or withdrawn before. Nothing changed.".into()))
    }

    async fn first_steps(&self) -> Answer<FirstSteps> {
        let (house, now) = (&self.house, self.now());
        let providers = house.store.providers(self.workspace()).await?;
        let own = providers.iter().find(|provider| provider.slug != SANDBOX).or(providers.first());
        let keys = house.store.workspace_keys(self.workspace()).await?;
        let live = |at: Option<i64>| at.is_none_or(|at| at > now);
        let key = keys.into_iter().find(|key| key.revoked_at.is_none() && live(key.expires_at));
        Ok(FirstSteps {
            provider: own.map(|provider| format!("@{}", provider.slug)),
            key: key.map(|key| (key.name, key.last_four)),
            first_call: house.store.first_call(self.workspace()).await?,
            base_url: house.settings.base_url(),
            model: FIRST_MODEL.into(),
            fresh: self.session_id().and_then(|session| house.door.keys.take(session, now)),
        })
    }

    async fn send_first_call(&self) -> Answer<String> {
        let body = serde_json::json!({
            "model": FIRST_MODEL,
            "messages": [{ "role": "user", "content": "Hello from Switchyard" }],
        });
        crate::gateway::own_call(&self.house, self.workspace(), &body.to_string())
            .await
            .map_err(|cause| Failure::Broken(format!("The call was not sent. {cause}")))
    }
}
