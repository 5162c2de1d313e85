//! Providers and the catalogue of vendors.

pub(in crate::desk) mod figures;
mod probe;

use super::integrations::Amend;
use super::{LOCKED_PROVIDER, Refusals, Seat};
use crate::secret;
use crate::settings::rules;
use crate::store::providers::{Removal, Standing, StoredProvider};
use crate::wire::vendors::{Auth, Base, Kind, VENDORS, Vendor, vendor};
use app::backend::{Answer, ProviderDesk};
use app::failure::Failure;
use app::model::Origin;
use app::model::provider::{EditedProvider, NewProvider, ProviderRow, Providers, VendorCard};
use async_trait::async_trait;
use figures::Seen;
use zeroize::Zeroizing;

pub const USED: &str = "Other providers use its credential. Remove them first.";
const SANDBOX_ADDRESS: &str = "built in";
const GONE: &str = "This provider was removed before. Nothing changed.";
pub const ELSEWHERE: &str =
    "Enter the key again: a stored one goes to no other address than the one that it was stored with.";

#[async_trait]
impl ProviderDesk for Seat {
    async fn providers(&self) -> Answer<Providers> {
        let (store, workspace) = (&self.house.store, self.workspace());
        let stored = store.providers(workspace).await?;
        let mut seen = figures::of(self).await?;
        let mut tests = store.tests(workspace).await?;
        let rows = stored.into_iter().filter(StoredProvider::callable).map(|provider| {
            let seen = seen.remove(&provider.slug).unwrap_or_default();
            let test = tests.remove(&provider.id);
            ProviderRow { test, ..self.row(provider, seen) }
        });
        let offered = VENDORS.iter().filter(|vendor| vendor.base != Base::Sandbox);
        Ok(Providers { rows: rows.collect(), catalogue: offered.map(card).collect(), editable: self.leads() })
    }

    async fn add_provider(&self, form: NewProvider) -> Answer<()> {
        self.leader()?;
        self.connect(form, Amend::default()).await.map(|_| ())
    }

    async fn edit_provider(&self, form: EditedProvider) -> Answer<()> {
        self.leader()?;
        let row = self.stored(&form.id).await?;
        let amend = amended(&row, form)?;
        self.amend(row, amend).await
    }

    async fn test_provider(&self, id: String) -> Answer<String> {
        self.leader()?;
        let row = self.stored(&id).await?;
        self.tested(&row).await?;
        Ok(row.slug)
    }

    async fn test_providers(&self) -> Answer<()> {
        self.leader()?;
        let rows = self.house.store.providers(self.workspace()).await?;
        let callable = rows.iter().filter(|row| row.callable());
        futures_util::future::try_join_all(callable.map(|row| self.tested(row))).await.map(|_| ())
    }

    async fn remove_provider(&self, id: String) -> Answer<()> {
        self.leader()?;
        match self.house.store.remove_provider(self.workspace(), &id).await? {
            Removal::Done => self.refresh().await,
            Removal::Missing => Err(Failure::Missing(GONE.into())),
            Removal::Used => Err(Failure::refused("", USED)),
            Removal::Locked => Err(Failure::refused("", LOCKED_PROVIDER)),
        }
    }
}

impl Seat {
    /// A provider that can be called, by its id.
    async fn stored(&self, id: &str) -> Answer<StoredProvider> {
        let rows = self.house.store.providers(self.workspace()).await?;
        let found = rows.into_iter().find(|row| row.id == id && row.callable());
        found.ok_or_else(|| Failure::Missing(GONE.into()))
    }

    /// Calls the provider, and keeps how it went.
    async fn tested(&self, row: &StoredProvider) -> Answer<()> {
        let test = probe::run(&self.house, self.workspace(), &row.slug).await;
        Ok(self.house.store.put_test(&row.id, &test).await?)
    }

    fn row(&self, provider: StoredProvider, seen: Seen) -> ProviderRow {
        let vendor = vendor(&provider.vendor);
        let book = self.house.shelf.book();
        let models = vendor.map_or(0, |vendor| {
            let known = self.house.prices.models(vendor);
            match book.provider(self.workspace(), &provider.slug).map(|entry| &entry.stock) {
                None => known.len(),
                Some(stock) => {
                    let own =
                        stock.models().filter(|(model, item)| item.custom && !known.iter().any(|one| one == model));
                    own.filter(|(_, item)| item.enabled).count() + known.iter().filter(|one| stock.allows(one)).count()
                }
            }
        });
        ProviderRow {
            vendor_name: vendor.map_or_else(|| provider.vendor.clone(), |vendor| vendor.name.to_owned()),
            tile: vendor.map(|vendor| vendor.tile.to_owned()).unwrap_or_default(),
            base_url: provider.base_url.or_else(|| vendor.map(|vendor| address(vendor).to_owned())).unwrap_or_default(),
            id: provider.id,
            slug: provider.slug,
            vendor: provider.vendor,
            hint: provider.hint,
            origin: provider.origin,
            created_at: provider.created_at,
            calls: seen.calls,
            errors: seen.errors,
            spark: seen.spark,
            calls_now: seen.calls_now,
            errors_now: seen.errors_now,
            p50_ms: seen.p50_ms,
            models: u32::try_from(models).unwrap_or(u32::MAX),
            open: provider.open,
            test: None,
        }
    }

    /// The row to store, its key sealed for the row's id.
    pub(super) fn sealed(&self, checked: Checked) -> StoredProvider {
        let (now, id) = (self.now(), secret::id(self.now()));
        StoredProvider {
            credential: checked.key.as_ref().map(|key| self.house.sealer.seal(key.as_bytes(), &id)),
            hint: checked.key.as_ref().map(|key| secret::hint(key)).unwrap_or_default(),
            id,
            workspace: self.workspace().to_owned(),
            slug: checked.slug,
            name: String::new(),
            note: String::new(),
            standing: Standing::Provider,
            integration: None,
            vendor: checked.vendor.slug.to_owned(),
            base_url: checked.base_url,
            open: checked.open,
            origin: Origin::Console,
            created_at: now,
            updated_at: now,
        }
    }
}

/// A form that may become a provider.
pub(super) struct Checked {
    slug: String,
    vendor: &'static Vendor,
    base_url: Option<String>,
    key: Option<Zeroizing<String>>,
    open: Vec<String>,
}

/// An address of one's own may go without a key; a vendor's own address asks for what the vendor asks for.
pub(super) fn checked(form: NewProvider) -> Answer<Checked> {
    let typed = Zeroizing::new(form.key);
    let (key, base_url) = (typed.trim(), form.base_url.trim());
    let mut refusals = Refusals::default();
    let slug = refusals.take("slug", rules::slug(&form.slug));
    let vendor = vendor(&form.vendor).filter(|vendor| vendor.base != Base::Sandbox);
    let vendor = refusals.take("vendor", vendor.ok_or_else(|| "Choose one of the vendors listed.".to_owned()));
    let missing = |text: String| Err(text);
    let base_url = match (base_url, vendor) {
        ("", Some(vendor)) if vendor.base == Base::Required => {
            refusals.take("base_url", missing(format!("Enter the address of your {}.", vendor.name)))
        }
        ("", _) => None,
        (text, _) => refusals.take("base_url", rules::base_url(text)),
    };
    let key = match (key, vendor) {
        ("", Some(vendor)) if vendor.auth != Auth::None && form.base_url.trim().is_empty() => {
            refusals.take("key", missing(format!("Enter the API key that {} gave you.", vendor.name)))
        }
        ("", _) => None,
        (text, _) => refusals.take("key", rules::credential(text)),
    };
    let open: Result<Vec<_>, _> = form.open.iter().map(|word| rules::openable(word)).collect();
    let open = refusals.take("open", open).unwrap_or_default();
    refusals.done()?;
    let (Some(slug), Some(vendor)) = (slug, vendor) else { return Err(Failure::Refused(Vec::new())) };
    Ok(Checked { slug, vendor, base_url, key: key.map(Zeroizing::new), open })
}

/// What a form changes of a row. A credential stays where its address stays.
fn amended(row: &StoredProvider, form: EditedProvider) -> Answer<Amend> {
    let typed = Zeroizing::new(form.key);
    let (key, url) = (typed.trim(), form.base_url.trim());
    let mut refusals = Refusals::default();
    let own = vendor(&row.vendor).is_some_and(|vendor| url.is_empty() || url == address(vendor));
    let url = match (own, vendor(&row.vendor)) {
        (true, Some(vendor)) if vendor.base == Base::Required => {
            refusals.take("base_url", Err(format!("Enter the address of your {}.", vendor.name)))
        }
        (true, _) => Some(None),
        (false, _) => refusals.take("base_url", rules::base_url(url)).map(Some),
    };
    let moved = url.as_ref().is_some_and(|url| *url != row.base_url);
    if moved && key.is_empty() && row.credential.is_some() {
        refusals.take::<()>("key", Err(ELSEWHERE.into()));
    }
    if !key.is_empty() {
        refusals.take("key", rules::credential(key));
    }
    refusals.done()?;
    Ok(Amend {
        key: Some(key.to_owned()).filter(|key| !key.is_empty()),
        base_url: url.filter(|_| moved).map(Option::unwrap_or_default),
        open: Some(form.open).filter(|open| *open != row.open),
        ..Amend::default()
    })
}

fn address(vendor: &Vendor) -> &'static str {
    match vendor.base {
        Base::Url(url) => url,
        Base::Required => "",
        Base::Sandbox => SANDBOX_ADDRESS,
    }
}

fn card(vendor: &Vendor) -> VendorCard {
    VendorCard {
        slug: vendor.slug.to_owned(),
        name: vendor.name.to_owned(),
        tile: vendor.tile.to_owned(),
        summary: vendor.summary(),
        local: vendor.kind == Kind::Local,
        base_url: address(vendor).to_owned(),
        needs_base_url: vendor.base == Base::Required,
        keyless: vendor.auth == Auth::None,
        variable: vendor.variable.map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_refused_field_by_field() {
        for (form, refused) in [
            (["alpha", "cerebras", "csk-1", ""], &[][..]),
            (["alpha", "openai", "", "http://127.0.0.1:9100/v1"], &[]),
            (["local", "ollama", "", "http://localhost:11434/v1"], &[]),
            (["local", "ollama", "", ""], &["base_url"]),
            (["alpha", "cerebras", " ", ""], &["key"]),
            (["al pha", "nobody", "a b", "ftp://x"], &["slug", "vendor", "base_url", "key"]),
            (["mine", "sandbox", "", ""], &["vendor"]),
            (["alpha", "openai", "sk-1", "https://u:p@example.com"], &["base_url"]),
        ] {
            let [slug, vendor, key, base_url] = form.map(str::to_owned);
            let told = match checked(NewProvider { slug, vendor, key, base_url, ..NewProvider::default() }) {
                Ok(_) => Vec::new(),
                Err(Failure::Refused(fields)) => fields,
                Err(other) => panic!("{other}"),
            };
            let fields: Vec<&str> = told.iter().map(|(field, _)| field.as_str()).collect();
            assert_eq!(fields, refused, "{form:?}");
        }
    }

    #[test]
    fn a_credential_stays_with_its_address() {
        let row = |base_url: Option<&str>, credential| StoredProvider {
            id: "1".into(),
            workspace: "default".into(),
            slug: "alpha".into(),
            name: String::new(),
            note: String::new(),
            standing: Standing::Provider,
            integration: None,
            vendor: "cerebras".into(),
            base_url: base_url.map(str::to_owned),
            credential,
            hint: String::new(),
            open: Vec::new(),
            origin: Origin::Console,
            created_at: 0,
            updated_at: 0,
        };
        let (own, there) = (Some("https://a.example/v1"), Some(vec![1]));
        for (base_url, credential, (key, typed), wanted) in [
            (own, there.clone(), ("", "https://a.example/v1"), Ok((None, None))),
            (own, there.clone(), ("csk-2", "https://a.example/v1/"), Ok((Some("csk-2"), None))),
            (own, there.clone(), ("", "https://b.example/v1"), Err("key")),
            (own, there.clone(), ("csk-2", "https://b.example/v1"), Ok((Some("csk-2"), Some("https://b.example/v1")))),
            (own, None, ("", "https://b.example/v1"), Ok((None, Some("https://b.example/v1")))),
            (None, there.clone(), ("", ""), Ok((None, None))),
            (None, there.clone(), ("", "https://api.cerebras.ai/v1"), Ok((None, None))),
            (own, there.clone(), ("", ""), Err("key")),
            (own, there, ("a b", "nowhere"), Err("base_url")),
        ] {
            let form = EditedProvider { key: key.into(), base_url: typed.into(), ..EditedProvider::default() };
            let told = amended(&row(base_url, credential), form);
            match (told, wanted) {
                (Ok(amend), Ok((key, url))) => {
                    assert_eq!((amend.key.as_deref(), amend.base_url.as_deref()), (key, url), "{typed}");
                }
                (Err(Failure::Refused(fields)), Err(field)) => assert_eq!(fields[0].0, field, "{typed}"),
                (told, wanted) => panic!("{typed}: {:?} is not {wanted:?}", told.err()),
            }
        }
    }

    #[test]
    fn only_what_can_be_opened_is_opened() {
        for (words, kept) in [(&["files", "other"][..], true), (&[], true), (&["files", "billing"], false)] {
            let open: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            let form = NewProvider {
                slug: "a".into(),
                vendor: "openai".into(),
                key: "k".into(),
                open,
                ..NewProvider::default()
            };
            match checked(form) {
                Ok(checked) => assert!(kept && checked.open == words, "{words:?}"),
                Err(refused) => assert!(!kept && refused.of("open").is_some(), "{words:?}"),
            }
        }
    }
}
