//! The book: an immutable snapshot of keys, providers and configs, so that no SQL stands between socket and upstream.
//! It is replaced whole after each write of the console.

pub mod stocks;

use crate::book::stocks::Stocks;
use crate::limit::rules::Rules;
use crate::price::{Seller, Stock};
use crate::route::Tree;
use crate::secret::{self, Sealer};
use crate::store::configs::StoredConfig;
use crate::store::keys::{PastSecret, StoredKey};
use crate::store::providers::StoredProvider;
use crate::store::{Store, StoreError};
use crate::wire::vendors::{Auth, Base, Endpoint, Kind, OPENABLE, Route, Vendor, vendor};
use app::model::key::Allowed;
use app::model::routing::{self, Mistake};
use arc_swap::ArcSwap;
use http::{HeaderName, HeaderValue, Uri};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::Mutex;

/// A key that may call.
#[derive(Clone, Debug)]
pub struct KeyEntry {
    pub id: String,
    pub workspace: String,
    pub name: String,
    pub scopes: Vec<String>,
    /// Slug of the default config.
    pub config: Option<String>,
    /// A call may bring its own config.
    pub config_override: bool,
    pub metadata: Vec<(String, String)>,
    /// No call overrides the metadata.
    pub enforced: bool,
    pub allowed: Allowed,
    /// Milliseconds since 1970 UTC.
    pub expires_at: Option<i64>,
    /// Names the secret that opened, so that its use is known; 0: none did.
    pub secret: i64,
    /// The secret is one of before a rotation.
    pub past: bool,
}

/// A provider that can be called: addresses parsed, credential opened.
#[derive(Debug)]
pub struct ProviderEntry {
    pub slug: String,
    /// Empty where it is none of the workspace's own.
    pub id: String,
    /// Id of the row whose credential it has.
    pub holder: String,
    pub vendor: &'static Vendor,
    /// Without a slash at the end.
    pub base_url: String,
    /// What signs a request; marked sensitive. `None` where the vendor needs none.
    pub credential: Option<(HeaderName, HeaderValue)>,
    /// What the workspace says of its models.
    pub stock: Arc<Stock>,
    /// What callers may see of its whole account, in the words of [`OPENABLE`].
    open: Vec<String>,
    chat: Option<Uri>,
    complete: Option<Uri>,
    embed: Option<Uri>,
    models: Option<Uri>,
}

/// A saved config.
#[derive(Debug)]
pub struct ConfigEntry {
    pub slug: String,
    pub version: String,
    /// What it means, or all that is wrong with it.
    pub tree: Result<Arc<Tree>, Vec<Mistake>>,
}

impl ConfigEntry {
    /// Reads and settles the JSON of a version.
    pub fn new(slug: String, version: String, body: &str) -> Self {
        Self { slug, version, tree: settled(body).map(Arc::new) }
    }
}

/// A config's text as a tree.
///
/// # Errors
/// All that is wrong with it.
pub fn settled(text: &str) -> Result<Tree, Vec<Mistake>> {
    Tree::settle(&routing::read_text(text)?)
}

/// Everything the hot path looks up.
#[derive(Debug, Default)]
pub struct Book {
    keys: HashMap<[u8; 32], Arc<KeyEntry>>,
    workspaces: HashMap<String, Shelved>,
    limits: Rules,
    /// Milliseconds, by the provider's id.
    ends: HashMap<String, i64>,
}

#[derive(Debug, Default)]
struct Shelved {
    providers: Vec<Arc<ProviderEntry>>,
    configs: HashMap<String, Arc<ConfigEntry>>,
}

/// Where the current book stands. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Shelf {
    current: Arc<ArcSwap<Book>>,
    /// Held while a book is read and put up, so that an older one never replaces a newer one.
    reading: Arc<Mutex<()>>,
    store: Store,
    sealer: Sealer,
    sandbox: SocketAddr,
}

impl Shelf {
    /// Reads the first book. `sandbox` is where the built-in provider listens.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn open(store: Store, sealer: Sealer, sandbox: SocketAddr) -> Result<Self, StoreError> {
        let shelf = Self { current: Arc::default(), reading: Arc::default(), store, sealer, sandbox };
        shelf.refresh().await?;
        Ok(shelf)
    }

    /// The current book. A call keeps the one it began with.
    pub fn book(&self) -> Arc<Book> {
        self.current.load_full()
    }

    /// Reads the store again and replaces the book.
    ///
    /// # Errors
    /// When the store cannot be read; the old book stays.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let _reading = self.reading.lock().await;
        let before = self.book();
        let mut book = Book::default();
        for row in self.store.live_keys().await? {
            book.keys.insert(row.secret_hash, Arc::new(KeyEntry::from(row)));
        }
        for past in self.store.past_secrets().await? {
            let key = book.keys.values().find(|key| key.id == past.key).map(Arc::clone);
            if let Some(key) = key {
                book.keys.insert(past.secret_hash, Arc::new(key.before(&past)));
            }
        }
        let stocks = Stocks::read(self.store.live_models().await?, self.store.live_prices().await?);
        let holders = self.store.holders().await?;
        for row in self.store.live_providers().await? {
            let workspace = row.workspace.clone();
            let stock = stocks.of(&workspace, &row.slug, holders.get(&row.id).map(String::as_str));
            if let Some(entry) = self.provider(row) {
                let entry = ProviderEntry { stock, ..entry };
                book.workspaces.entry(workspace).or_default().providers.push(Arc::new(entry));
            }
        }
        for shelved in book.workspaces.values_mut() {
            shelved.providers.sort_by(|left, right| left.slug.cmp(&right.slug));
        }
        for StoredConfig { workspace, slug, version, body, .. } in self.store.live_configs().await? {
            // A version never changes: what is known of it stays.
            let known = before.config(&workspace, &slug).filter(|known| known.version == version).cloned();
            let entry = known.unwrap_or_else(|| Arc::new(ConfigEntry::new(slug.clone(), version, &body)));
            book.workspaces.entry(workspace).or_default().configs.insert(slug, entry);
        }
        book.limits = Rules::of(self.store.live_limits().await?);
        book.ends = self.store.provider_ends().await?;
        self.current.store(Arc::new(book));
        Ok(())
    }

    fn provider(&self, row: StoredProvider) -> Option<ProviderEntry> {
        let skip = |why: &str| tracing::error!(provider = row.slug, why, "a stored provider is left out");
        let Some(vendor) = vendor(&row.vendor) else {
            skip("its vendor is unknown");
            return None;
        };
        let (id, holder) = (row.id.clone(), row.holder().to_owned());
        let base_url = row.base_url.or_else(|| self.base_url(vendor))?;
        let credential = match row.credential.map(|sealed| self.sealer.open(&sealed, &holder)).transpose() {
            Ok(credential) => credential,
            Err(error) => {
                skip(&error.to_string());
                return None;
            }
        };
        let text = credential.as_ref().and_then(|credential| std::str::from_utf8(credential).ok());
        let entry = ProviderEntry { id, holder, ..ProviderEntry::new(row.slug, vendor, &base_url, text) };
        Some(if vendor.kind == Kind::Simulated { entry.opened() } else { ProviderEntry { open: row.open, ..entry } })
    }

    /// The vendor's own address; the sandbox lives in this process.
    pub fn base_url(&self, vendor: &Vendor) -> Option<String> {
        match vendor.base {
            Base::Url(url) => Some(url.to_owned()),
            Base::Sandbox => Some(format!("http://{}/v1", self.sandbox)),
            Base::Required => None,
        }
    }
}

impl Book {
    /// The key with this SHA-256, if it may be used.
    pub fn key(&self, hash: &[u8; 32]) -> Option<&Arc<KeyEntry>> {
        self.keys.get(hash)
    }

    /// The workspace's providers, by slug.
    pub fn providers(&self, workspace: &str) -> &[Arc<ProviderEntry>] {
        self.workspaces.get(workspace).map_or(&[], |shelved| &shelved.providers)
    }

    pub fn provider(&self, workspace: &str, slug: &str) -> Option<&Arc<ProviderEntry>> {
        self.providers(workspace).iter().find(|provider| provider.slug == slug)
    }

    /// When the provider of this id ends, in milliseconds; most do not.
    pub fn end_of(&self, id: &str) -> Option<i64> {
        self.ends.get(id).copied()
    }

    /// All budgets and rate limits.
    pub fn limits(&self) -> &Rules {
        &self.limits
    }

    pub fn config(&self, workspace: &str, slug: &str) -> Option<&Arc<ConfigEntry>> {
        self.workspaces.get(workspace)?.configs.get(slug)
    }
}

impl ProviderEntry {
    /// A provider with its addresses parsed; an endpoint the vendor lacks has none. Of its account nothing is open.
    pub fn new(slug: String, vendor: &'static Vendor, base_url: &str, credential: Option<&str>) -> Self {
        let base_url = base_url.trim_end_matches('/').to_owned();
        let uri = |endpoint| vendor.path(endpoint).and_then(|path| format!("{base_url}{path}").parse().ok());
        Self {
            chat: uri(Endpoint::Chat),
            complete: uri(Endpoint::Complete),
            embed: uri(Endpoint::Embed),
            models: uri(Endpoint::Models),
            credential: credential.and_then(|credential| signature(vendor, credential)),
            stock: Arc::default(),
            open: Vec::new(),
            id: String::new(),
            holder: String::new(),
            slug,
            vendor,
            base_url,
        }
    }

    /// The same provider, credential and all, at another address.
    pub fn at(&self, base_url: &str) -> Self {
        let credential = self.credential.clone();
        let (open, stock) = (self.open.clone(), Arc::clone(&self.stock));
        let (id, holder) = (self.id.clone(), self.holder.clone());
        Self { credential, open, stock, id, holder, ..Self::new(self.slug.clone(), self.vendor, base_url, None) }
    }

    /// Where this endpoint is, if the vendor has it.
    pub fn uri(&self, endpoint: Endpoint) -> Option<&Uri> {
        match endpoint {
            Endpoint::Chat => self.chat.as_ref(),
            Endpoint::Complete => self.complete.as_ref(),
            Endpoint::Embed => self.embed.as_ref(),
            Endpoint::Models => self.models.as_ref(),
            _ => None,
        }
    }

    /// Where this request goes, if the vendor has what it asks for.
    pub fn address(&self, route: &Route) -> Option<Uri> {
        match route.endpoint {
            endpoint @ (Endpoint::Chat | Endpoint::Complete | Endpoint::Embed) => self.uri(endpoint).cloned(),
            _ => self.vendor.address(&self.base_url, route),
        }
    }

    /// With its whole account open, as for a caller whose own account it is.
    #[must_use]
    pub fn opened(self) -> Self {
        Self { open: OPENABLE.map(str::to_owned).to_vec(), ..self }
    }

    /// Whether callers may use the endpoint.
    pub fn opens(&self, endpoint: Endpoint) -> bool {
        endpoint.opened_by().is_none_or(|word| self.open.iter().any(|open| open == word))
    }
}

impl<'a> From<&'a ProviderEntry> for Seller<'a> {
    fn from(provider: &'a ProviderEntry) -> Self {
        Self { vendor: provider.vendor, stock: Some(&provider.stock) }
    }
}

impl KeyEntry {
    /// What the console calls with.
    pub fn console(workspace: &str) -> Self {
        Self {
            id: "console".into(),
            workspace: workspace.into(),
            name: "console".into(),
            scopes: vec!["completions.write".into()],
            config: None,
            config_override: true,
            metadata: Vec::new(),
            enforced: true,
            allowed: Allowed::default(),
            expires_at: None,
            secret: 0,
            past: false,
        }
    }

    /// The same key under a secret of before a rotation, which ends then, or with the key itself.
    fn before(&self, past: &PastSecret) -> Self {
        let expires_at = self.expires_at.map_or(past.until, |expiry| expiry.min(past.until));
        let secret = secret::mark(&past.secret_hash);
        Self { expires_at: Some(expires_at), secret, past: true, ..self.clone() }
    }
}

impl From<StoredKey> for KeyEntry {
    fn from(row: StoredKey) -> Self {
        Self {
            id: row.id,
            workspace: row.workspace,
            name: row.name,
            scopes: row.scopes,
            config: row.config,
            config_override: row.config_override,
            metadata: row.metadata.into_iter().collect(),
            enforced: row.enforced,
            allowed: row.allowed,
            expires_at: row.expires_at,
            secret: secret::mark(&row.secret_hash),
            past: false,
        }
    }
}

fn signature(vendor: &Vendor, credential: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = match vendor.auth {
        Auth::Bearer => (http::header::AUTHORIZATION, format!("Bearer {credential}")),
        Auth::Header(name) => (HeaderName::from_static(name), credential.to_owned()),
        Auth::None => return None,
    };
    let mut value = HeaderValue::from_str(&value).ok()?;
    value.set_sensitive(true);
    Some((name, value))
}

/// What is said of models, by workspace and provider's slug.
///
/// # Errors
/// When the store cannot be read.
pub async fn stocks(store: &Store) -> Result<HashMap<(String, String), Stock>, StoreError> {
    let all = Stocks::read(store.live_models().await?, store.live_prices().await?);
    let holders = store.holders().await?;
    let mut stocks: HashMap<_, _> = all.own().map(|(key, stock)| (key.clone(), stock.clone())).collect();
    for row in store.live_providers().await? {
        let stock = all.of(&row.workspace, &row.slug, holders.get(&row.id).map(String::as_str));
        stocks.insert((row.workspace, row.slug), Arc::unwrap_or_clone(stock));
    }
    Ok(stocks)
}
