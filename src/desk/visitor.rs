//! The door: signing up, in and out.

use super::{Refusals, Seat};
use crate::auth::session;
use crate::house::Shared;
use crate::secret;
use crate::settings::rules;
use crate::setup::WORKSPACE;
use crate::store::StoreError;
use crate::store::people::NewPerson;
use app::backend::{Answer, Door, Session};
use app::failure::Failure;
use app::model::account::{Doorway, SignIn, SignUp};
use async_trait::async_trait;
use std::net::IpAddr;
use std::sync::Arc;
use zeroize::Zeroizing;

const NO_MATCH: &str = "This e-mail and password do not match an account.";
const INVITED_ONLY: &str = "This installation has its owner. Ask an owner or admin for an invite link.";
const INVITE_SPENT: &str = "This invite link was used, withdrawn, or has expired. Ask for a new one.";

/// A browser at the door: its session, and the address it comes from.
#[derive(Clone)]
pub struct Visitor {
    pub house: Shared,
    pub session: tower_sessions::Session,
    pub client: IpAddr,
}

#[async_trait]
impl Door for Visitor {
    async fn doorway(&self) -> Answer<Doorway> {
        let first = !self.house.store.has_people().await?;
        let origin = self.house.settings.origin();
        Ok(Doorway {
            first,
            token_needed: first && self.house.door.start_token().is_some(),
            host: origin.split_once("://").map_or(origin.as_str(), |(_, host)| host).to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        })
    }

    async fn session(&self) -> Answer<Arc<dyn Session>> {
        Ok(Arc::new(self.seat().await?))
    }

    async fn sign_up(&self, form: SignUp) -> Answer<()> {
        let password = Zeroizing::new(form.password);
        let mut refusals = Refusals::default();
        let email = refusals.take("email", rules::email(&form.email));
        refusals.take("password", rules::password(&password, &form.email));
        refusals.done()?;
        let email = email.unwrap_or_default();
        let invite = Some(form.invite.trim()).filter(|secret| !secret.is_empty()).map(secret::digest);
        self.may_sign_up(invite.as_ref(), &form.token).await?;
        let door = &self.house.door;
        let password_hash = door.passwords.hash(password).await?;
        let now = self.house.clock.now();
        let id = secret::id(now);
        let person = NewPerson { id: &id, email: &email, password_hash: &password_hash, at: now };
        self.make(invite.as_ref(), &person).await?;
        Ok(session::sign_in(&self.session, &id, now).await?)
    }

    async fn sign_in(&self, form: SignIn) -> Answer<()> {
        let password = Zeroizing::new(form.password);
        let (door, now) = (&self.house.door, self.house.clock.now());
        door.throttle
            .admit(&form.email, self.client, now)
            .map_err(|pause| Failure::refused("", format!("Too many attempts. Try again in {} seconds.", pause.0)))?;
        let known = self.house.store.credentials(form.email.trim()).await?;
        let (person, hash) = known.map(|known| (known.person, known.password_hash)).unzip();
        let matches = door.passwords.matches(password, hash).await?;
        let seated = match person.filter(|_| matches) {
            Some(person) => self.house.store.person(&person).await?,
            None => None,
        };
        let Some(person) = seated else {
            tracing::info!(client = %self.client, "a sign-in was refused");
            return Err(Failure::refused("", NO_MATCH));
        };
        door.throttle.succeeded(&form.email, self.client);
        Ok(session::sign_in(&self.session, &person.id, now).await?)
    }

    async fn sign_out(&self) -> Answer<()> {
        Ok(session::sign_out(&self.session).await?)
    }
}

impl Visitor {
    /// The signed-in person's seat.
    ///
    /// # Errors
    /// [`Failure::SignedOut`] for anybody else.
    pub async fn seat(&self) -> Answer<Seat> {
        let id = session::person(&self.session, self.house.clock.now()).await?;
        let person = match id {
            Some(id) => self.house.store.person(&id).await?,
            None => None,
        };
        let person = person.ok_or(Failure::SignedOut)?;
        Ok(Seat { house: self.house.clone(), person, session: Some(self.session.clone()), scopes: None })
    }

    /// Checked before a password is hashed, for that is dear; the store decides once more.
    async fn may_sign_up(&self, invite: Option<&[u8; 32]>, token: &str) -> Answer<()> {
        let house = &self.house;
        if let Some(secret_hash) = invite {
            let open = house.store.invite_open(secret_hash, house.clock.now()).await?;
            return if open { Ok(()) } else { Err(Failure::refused("", INVITE_SPENT)) };
        }
        if house.store.has_people().await? {
            return Err(Failure::refused("", INVITED_ONLY));
        }
        if house.door.token_opens(token) {
            return Ok(());
        }
        Err(Failure::refused("token", "Enter the token that the server printed when it started."))
    }

    async fn make(&self, invite: Option<&[u8; 32]>, person: &NewPerson<'_>) -> Answer<()> {
        let store = &self.house.store;
        let (made, refusal) = match invite {
            Some(secret_hash) => (store.take_invite(secret_hash, person).await, INVITE_SPENT),
            None => (store.found(WORKSPACE, person).await, INVITED_ONLY),
        };
        match made {
            Ok(true) => Ok(()),
            Ok(false) => Err(Failure::refused("", refusal)),
            Err(StoreError::Taken(_)) => {
                Err(Failure::refused("email", "This e-mail has an account. Sign in, or use another."))
            }
            Err(error) => Err(error.into()),
        }
    }
}
