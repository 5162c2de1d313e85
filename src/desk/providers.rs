//! Providers and the catalogue of vendors.

use super::integrations::Amend;
use super::{DAY, LOCKED_PROVIDER, Refusals, Seat};
use crate::journal::sketch::Sketch;
use crate::secret;
use crate::settings::rules;
use crate::store::providers::{Figures, Removal, Standing, StoredProvider};
use crate::wire::vendors::{Auth, Base, VENDORS, Vendor, vendor};
use app::backend::{Answer, ProviderDesk};
use app::failure::Failure;
use app::model::Origin;
use app::model::provider::{NewProvider, ProviderRow, Providers, VendorCard};
use async_trait::async_trait;
use zeroize::Zeroizing;

pub const USED: &str = "Other providers use its credential. Remove them first.";
const SANDBOX_ADDRESS: &str = "built in";

#[async_trait]
impl ProviderDesk for Seat {
    async fn providers(&self) -> Answer<Providers> {
        let store = &self.house.store;
        let stored = store.providers(self.workspace()).await?;
        let mut figures = store.provider_figures(self.workspace(), self.now() - DAY).await?;
        let rows = stored.into_iter().filter(StoredProvider::callable).map(|provider| {
            let figures = figures.remove(&provider.slug).unwrap_or_default();
            self.row(provider, &figures)
        });
        let offered = VENDORS.iter().filter(|vendor| vendor.base != Base::Sandbox);
        Ok(Providers { rows: rows.collect(), catalogue: offered.map(card).collect() })
    }

    async fn add_provider(&self, form: NewProvider) -> Answer<()> {
        self.leader()?;
        self.connect(form, Amend::default()).await.map(|_| ())
    }

    async fn remove_provider(&self, id: String) -> Answer<()> {
        self.leader()?;
        match self.house.store.remove_provider(self.workspace(), &id).await? {
            Removal::Done => self.refresh().await,
            Removal::Missing => Err(Failure::Missing("This provider was removed before. Nothing changed.".into())),
            Removal::Used => Err(Failure::refused("", USED)),
            Removal::Locked => Err(Failure::refused("", LOCKED_PROVIDER)),
        }
    }
}

impl Seat {
    fn row(&self, provider: StoredProvider, figures: &Figures) -> ProviderRow {
        let vendor = vendor(&provider.vendor);
        let models = vendor.map_or(0, |vendor| self.house.prices.models(vendor).len());
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
            calls: figures.calls,
            errors: figures.errors,
            p50_ms: median(&figures.latency),
            models: u32::try_from(models).unwrap_or(u32::MAX),
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
        base_url: address(vendor).to_owned(),
        needs_base_url: vendor.base == Base::Required,
        keyless: vendor.auth == Auth::None,
        variable: vendor.variable.map(str::to_owned),
    }
}

/// The median of latency in milliseconds; a sketch that cannot be read is left out.
pub(super) fn median(sketches: &[Vec<u8>]) -> Option<u32> {
    let mut all = Sketch::new();
    for sketch in sketches {
        match Sketch::decode(sketch) {
            Ok(sketch) => all.merge(&sketch),
            Err(_) => tracing::warn!("a latency sketch cannot be read"),
        }
    }
    all.quantile(0.5).map(|us| u32::try_from(us / 1_000).unwrap_or(u32::MAX))
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

    #[test]
    fn the_median_is_of_all_minutes_together() {
        let encoded = |values: &[u64]| {
            let mut sketch = Sketch::new();
            values.iter().for_each(|us| sketch.add(*us));
            let mut bytes = Vec::new();
            sketch.encode(&mut bytes);
            bytes
        };
        assert_eq!(median(&[]), None);
        let both = [encoded(&[1_000, 1_000, 900_000]), encoded(&[20_000, 30_000_000])];
        assert!(median(&both).is_some_and(|ms| (19..=21).contains(&ms)));
    }
}
