//! Providers as the admin API keeps them: a credential may serve several, and may be there before any of them.

mod models;

pub use models::ModelWish;

use super::{LOCKED_PROVIDER, Seat};
use crate::secret;
use crate::settings::rules;
use crate::store::StoreError;
use crate::store::providers::{Removal, Standing, StoredProvider};
use crate::wire::vendors::{Base, vendor};
use app::backend::Answer;
use app::failure::Failure;
use app::model::Origin;
use app::model::provider::NewProvider;
use zeroize::Zeroizing;

use super::providers::{ELSEWHERE, USED, checked};

/// What changes of a row; what is absent stays.
#[derive(Clone, Default)]
pub struct Amend {
    pub name: Option<String>,
    pub note: Option<String>,
    /// A new credential.
    pub key: Option<String>,
    /// A new address; empty for the vendor's own. A stored credential does not move there: a new one comes with it.
    pub base_url: Option<String>,
    pub standing: Option<Standing>,
    /// What callers may see of its whole account.
    pub open: Option<Vec<String>>,
}

impl Seat {
    /// Makes a row with a credential of its own.
    pub async fn connect(&self, form: NewProvider, amend: Amend) -> Answer<StoredProvider> {
        self.leader()?;
        let mut row = self.sealed(checked(form)?);
        self.changed(&mut row, amend)?;
        match self.house.store.add_provider(&row).await {
            Ok(()) => self.refresh().await.map(|()| row),
            Err(error) => Err(taken(error, &row.slug)),
        }
    }

    /// Makes a provider that has the integration's credential; under the integration's own slug it becomes callable.
    pub async fn link(
        &self,
        integration: StoredProvider,
        slug: &str,
        name: &str,
        note: &str,
    ) -> Answer<StoredProvider> {
        self.leader()?;
        if integration.origin.locked() {
            return Err(Failure::refused("integration_id", LOCKED_PROVIDER));
        }
        if integration.slug == slug {
            let row = StoredProvider { standing: Standing::Both, ..integration };
            return self.written(row).await;
        }
        let slug = rules::slug(slug).map_err(|text| Failure::refused("slug", text))?;
        let now = self.now();
        let mut row = StoredProvider {
            id: secret::id(now),
            slug,
            standing: Standing::Provider,
            integration: Some(integration.id.clone()),
            credential: None,
            base_url: None,
            origin: Origin::Console,
            created_at: now,
            updated_at: now,
            ..integration
        };
        let amend = Amend { name: Some(name.to_owned()), note: Some(note.to_owned()), ..Amend::default() };
        self.changed(&mut row, amend)?;
        match self.house.store.add_provider(&row).await {
            Ok(()) => self.refresh().await.map(|()| row),
            Err(error) => Err(taken(error, &row.slug)),
        }
    }

    /// Changes a row. Credential and address of a linked one are its integration's to change.
    pub async fn amend(&self, mut row: StoredProvider, amend: Amend) -> Answer<()> {
        self.leader()?;
        if row.origin.locked() {
            return Err(Failure::refused("", LOCKED_PROVIDER));
        }
        if row.integration.is_some() && (amend.key.is_some() || amend.base_url.is_some()) {
            let text = "This provider has its integration's credential and address. Change them there.";
            return Err(Failure::refused("key", text));
        }
        self.changed(&mut row, amend)?;
        self.written(row).await.map(|_| ())
    }

    /// Ends a provider. An integration in its own right stays, and cannot be called.
    pub async fn disconnect(&self, row: StoredProvider) -> Answer<()> {
        if row.standing == Standing::Both && !row.origin.locked() {
            self.leader()?;
            return self.written(StoredProvider { standing: Standing::Integration, ..row }).await.map(|_| ());
        }
        self.remove_integration(row).await
    }

    /// Removes a row with its credential, unless other providers have it.
    pub async fn remove_integration(&self, row: StoredProvider) -> Answer<()> {
        self.leader()?;
        match self.house.store.remove_provider(self.workspace(), &row.id).await? {
            Removal::Done => self.refresh().await,
            Removal::Missing => Err(Failure::Missing(format!("{} was removed before.", row.slug))),
            Removal::Locked => Err(Failure::refused("", LOCKED_PROVIDER)),
            Removal::Used => Err(Failure::refused("", USED)),
        }
    }

    /// Takes the integration's credential from all who call with it, or gives it back. What they are and what they may
    /// spend stays.
    pub async fn enable(&self, integration: &StoredProvider, on: bool) -> Answer<()> {
        self.leader()?;
        let rows = self.house.store.providers(self.workspace()).await?;
        let users = rows.into_iter().filter(|row| row.holder() == integration.id);
        let switched = |row: StoredProvider| StoredProvider { standing: row.standing.switched(on), ..row };
        let mut changed: Vec<StoredProvider> = users.map(switched).collect();
        if on && !changed.iter().any(StoredProvider::callable) {
            let own = changed.iter_mut().filter(|row| row.id == integration.id);
            own.for_each(|row| row.standing = Standing::Both);
        }
        if changed.iter().any(|row| row.origin.locked()) {
            return Err(Failure::refused("enabled", LOCKED_PROVIDER));
        }
        changed.iter_mut().for_each(|row| row.updated_at = self.now());
        self.house.store.update_providers(&changed).await?;
        self.refresh().await
    }

    async fn written(&self, row: StoredProvider) -> Answer<StoredProvider> {
        let row = StoredProvider { updated_at: self.now(), ..row };
        self.house.store.update_providers(std::slice::from_ref(&row)).await?;
        self.refresh().await?;
        Ok(row)
    }

    fn changed(&self, row: &mut StoredProvider, amend: Amend) -> Answer<()> {
        if let Some(name) = amend.name {
            row.name = rules::name(&name).map_err(|text| Failure::refused("name", text))?;
        }
        if let Some(note) = amend.note {
            row.note = rules::text(&note, rules::NOTE_MOST).map_err(|text| Failure::refused("note", text))?;
        }
        let rekeyed = amend.key.is_some();
        if let Some(key) = amend.key.map(Zeroizing::new) {
            let key = Zeroizing::new(rules::credential(&key).map_err(|text| Failure::refused("key", text))?);
            row.credential = Some(self.house.sealer.seal(key.as_bytes(), &row.id));
            row.hint = secret::hint(&key);
        }
        if let Some(url) = amend.base_url {
            let url = Some(url.trim()).filter(|url| !url.is_empty()).map(rules::base_url).transpose();
            let url = url.map_err(|text| Failure::refused("custom_host", text))?;
            if let Some(vendor) = vendor(&row.vendor).filter(|vendor| url.is_none() && vendor.base == Base::Required) {
                return Err(Failure::refused("custom_host", format!("Enter the address of your {}.", vendor.name)));
            }
            if url != row.base_url && row.credential.is_some() && !rekeyed {
                return Err(Failure::refused("key", ELSEWHERE));
            }
            row.base_url = url;
        }
        if let Some(open) = amend.open {
            let open: Result<Vec<_>, _> = open.iter().map(|word| rules::openable(word)).collect();
            row.open = open.map_err(|text| Failure::refused("open", text))?;
        }
        if let Some(standing) = amend.standing {
            row.standing = standing;
        }
        Ok(())
    }
}

fn taken(error: StoreError, slug: &str) -> Failure {
    match error {
        StoreError::Taken(_) => Failure::refused("slug", format!("@{slug} is connected already. Choose another slug.")),
        error => error.into(),
    }
}
