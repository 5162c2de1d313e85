//! Which provider a target means for this call, and under which model name (contract §2.2, §3.4).

use crate::book::{Book, ProviderEntry};
use crate::gateway::caller::Caller;
use crate::gateway::host::{self, Host, Reach};
use crate::gateway::names;
use crate::gateway::refusal::Refusal;
use crate::route::Leaf;
use crate::wire::vendors::{Auth, Base, Vendor, vendor};
use http::{HeaderMap, HeaderName};
use std::sync::Arc;

/// A provider, and the model as it is called there.
#[derive(Clone, Debug)]
pub struct Target {
    pub provider: Arc<ProviderEntry>,
    /// `None` where the body names none.
    pub model: Option<String>,
    /// How far its address may reach.
    pub reach: Reach,
}

/// What the choice is made from.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    pub headers: &'a HeaderMap,
    pub caller: &'a Caller,
    pub book: &'a Book,
    /// `None` where there is no config.
    pub leaf: Option<&'a Leaf>,
    /// The config is one of the workspace's own.
    pub saved: bool,
    /// `model` of the body, parameters of the config applied.
    pub model: Option<&'a str>,
    /// What a request that names no model means to a key which is kept to some.
    pub unnamed: Unnamed,
    /// Custom hosts that need no guard.
    pub trusted: &'a [String],
    /// Milliseconds.
    pub now: i64,
}

/// Whether a request that names no model may go out for a key which is kept to some models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unnamed {
    /// It reads, or puts a file in place: no model works for it.
    Passes,
    /// Which model would work for it cannot be told.
    Refused,
}

/// Where a custom host was named.
struct Named {
    host: Host,
    /// By a config of the workspace: a stored credential may go there.
    own: bool,
}

impl Target {
    /// Chooses. A provider that the config's target names wins over the model's `@slug/`, unless the config itself wrote
    /// that model; then the model's `@slug/`; then the headers.
    ///
    /// # Errors
    /// 400 where nothing names a provider, what is named is not there, over or switched off, or a custom host may not be
    /// called;
    /// 403 where the key is kept to others.
    pub fn of(ask: Ask<'_>) -> Result<Self, Refusal> {
        let named = named_by(&ask)?;
        let (provider, model) = match ask.model.and_then(split) {
            Some((slug, rest)) => prefixed(&ask, named, slug, rest)?,
            None => (chosen(&ask, named)?, ask.model),
        };
        allowed(&ask, &provider.slug, model)?;
        if let Some(end) = ask.book.end_of(&provider.id).filter(|end| *end <= ask.now) {
            return Err(Refusal::expired_provider(&provider.slug, end));
        }
        if let Some(model) = model.filter(|model| !provider.stock.allows(model)) {
            return Err(Refusal::switched_off(&provider.slug, model));
        }
        let model = model.map(str::to_owned);
        match host(&ask)? {
            None => Ok(Self { provider, model, reach: Reach::Stored }),
            Some(named) => Ok(Self { provider: hosted(&ask, &provider, &named)?, model, reach: named.host.reach }),
        }
    }
}

/// Slug and model of `@slug/model`; the model may hold further slashes.
pub fn split(model: &str) -> Option<(&str, &str)> {
    model.strip_prefix('@')?.split_once('/')
}

/// Whether a header names a provider.
pub fn named(headers: &HeaderMap) -> Option<String> {
    text(headers, &names::PROVIDER)
        .or_else(|| text(headers, &names::VIRTUAL_KEY).map(|slug| format!("@{}", slug.trim_start_matches('@'))))
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

fn named_by(ask: &Ask<'_>) -> Result<Option<String>, Refusal> {
    let header = named(ask.headers);
    let Some(leaf) = ask.leaf else { return Ok(header) };
    if !leaf.passthrough {
        return Ok(leaf.provider.clone().or(header));
    }
    let header = header.filter(|name| name.starts_with('@'));
    if header.is_none() && ask.model.and_then(split).is_none() {
        let message = format!(
            "{} takes its provider from the request, and this one names none: send x-portkey-provider: @slug, or a \
             model such as @slug/model.",
            leaf.path
        );
        return Err(Refusal { code: Some("provider_missing"), ..Refusal::invalid(message) });
    }
    Ok(header)
}

/// Refuses what the key is kept from.
fn allowed(ask: &Ask<'_>, slug: &str, model: Option<&str>) -> Result<(), Refusal> {
    let allowed = &ask.caller.key.allowed;
    if allowed.all() {
        return Ok(());
    }
    if !allowed.provider(slug) {
        return Err(Refusal::not_allowed("provider_not_allowed", &format!("@{slug}"), &allowed.told()));
    }
    match model {
        Some(model) if !allowed.model(slug, model) => {
            Err(Refusal::not_allowed("model_not_allowed", &format!("@{slug}/{model}"), &allowed.told()))
        }
        None if ask.unnamed == Unnamed::Refused && !allowed.models.is_empty() => {
            Err(Refusal::not_allowed("model_not_allowed", "without naming one model", &allowed.told()))
        }
        _ => Ok(()),
    }
}

type Found<'a> = (Arc<ProviderEntry>, Option<&'a str>);

fn prefixed<'a>(ask: &Ask<'a>, named: Option<String>, slug: &str, rest: &'a str) -> Result<Found<'a>, Refusal> {
    let by_config = ask.leaf.is_some_and(|leaf| {
        leaf.provider.is_some() && !leaf.passthrough && !leaf.override_params.contains_key("model")
    });
    match stored(ask, slug).or_else(|| registered(ask, slug)) {
        // The target stands for itself: the call's prefix names another one, which is tried in its own place.
        Some(_) if by_config => Ok((chosen(ask, named)?, Some(rest))),
        Some(provider) => Ok((provider, Some(rest))),
        // Some vendors' own ids begin with @, such as @cf/…: with a provider named elsewhere it is left as it is.
        None if named.is_some() => Ok((chosen(ask, named)?, ask.model)),
        None => Err(unknown(ask, slug)),
    }
}

fn chosen(ask: &Ask<'_>, named: Option<String>) -> Result<Arc<ProviderEntry>, Refusal> {
    let Some(named) = named else {
        let message = if ask.leaf.is_some() {
            "Either x-portkey-provider needs to be passed. Or the x-portkey-config header should have a valid config with provider details in it."
        } else {
            "Either x-portkey-config or x-portkey-provider header is required"
        };
        return Err(Refusal { code: Some("provider_missing"), ..Refusal::invalid(message) });
    };
    match named.strip_prefix('@') {
        Some(slug) => stored(ask, slug).or_else(|| registered(ask, slug)).ok_or_else(|| unknown(ask, slug)),
        None => bare(ask, &named),
    }
}

fn stored(ask: &Ask<'_>, slug: &str) -> Option<Arc<ProviderEntry>> {
    ask.book.provider(&ask.caller.key.workspace, slug).cloned()
}

/// A vendor of the table with the credential that came with the call, or that needs none.
fn registered(ask: &Ask<'_>, slug: &str) -> Option<Arc<ProviderEntry>> {
    let vendor = vendor(slug)?;
    let hosted = host(ask).ok().flatten();
    let base = match (&hosted, vendor.base) {
        (Some(named), _) => named.host.base_url.as_str(),
        (None, Base::Url(base)) => base,
        (None, _) => return None,
    };
    let own = credential(ask);
    let enough = own.is_some() || vendor.auth == Auth::None || hosted.as_ref().is_some_and(|named| named.own);
    // With a credential of his own, the account is the caller's own too.
    let opened = |provider: ProviderEntry| if own_account(ask) { provider.opened() } else { provider };
    enough.then(|| Arc::new(opened(ProviderEntry::new(slug.to_owned(), vendor, base, own))))
}

/// Whether the credential is the caller's: sent with the call, not kept in a config of the workspace.
fn own_account(ask: &Ask<'_>) -> bool {
    match ask.leaf.and_then(|leaf| leaf.api_key.as_ref()) {
        Some(_) => !ask.saved,
        None => ask.caller.credential.is_some(),
    }
}

/// The caller's own credential for a provider.
fn credential<'a>(ask: &Ask<'a>) -> Option<&'a str> {
    ask.leaf.and_then(|leaf| leaf.api_key.as_deref()).or(ask.caller.credential.as_deref())
}

fn bare(ask: &Ask<'_>, name: &str) -> Result<Arc<ProviderEntry>, Refusal> {
    if vendor(name).is_none() {
        let refusal = Refusal { param: Some(name.to_owned()), ..Refusal::invalid("Invalid provider passed") };
        return Err(Refusal { code: Some("provider_not_found"), ..refusal });
    }
    registered(ask, name).or_else(|| stored(ask, name)).ok_or_else(|| {
        let message = format!(
            "The provider {name} needs a credential. Connect it on the Providers page and call @{name}, \
             or send the provider's own key as Authorization beside x-portkey-api-key."
        );
        Refusal { code: Some("credential_missing"), param: Some(name.to_owned()), ..Refusal::invalid(message) }
    })
}

fn unknown(ask: &Ask<'_>, slug: &str) -> Refusal {
    Refusal::unknown_provider(slug, ask.book.providers(&ask.caller.key.workspace))
}

/// The custom host of the call: the header's wins.
fn host(ask: &Ask<'_>) -> Result<Option<Named>, Refusal> {
    // What is no text is no address either.
    let header = ask.headers.get(&names::CUSTOM_HOST).map(|value| value.to_str().unwrap_or_default().trim());
    let configured = ask.leaf.and_then(|leaf| leaf.custom_host.as_deref());
    let (url, own) = match (header, configured) {
        (Some(url), _) => (url, false),
        (None, Some(url)) => (url, ask.saved),
        (None, None) => return Ok(None),
    };
    let host = host::check(url, ask.trusted).map_err(Refusal::from)?;
    Ok(Some(Named { host, own }))
}

/// The provider at the custom host: a stored credential goes there only where a config of the workspace says so.
fn hosted(ask: &Ask<'_>, provider: &ProviderEntry, named: &Named) -> Result<Arc<ProviderEntry>, Refusal> {
    let url = named.host.base_url.as_str();
    if named.own {
        return Ok(Arc::new(provider.at(url)));
    }
    let vendor: &'static Vendor = provider.vendor;
    match credential(ask) {
        Some(own) => Ok(Arc::new(ProviderEntry::new(provider.slug.clone(), vendor, url, Some(own)).opened())),
        None if provider.credential.is_none() && vendor.auth == Auth::None => Ok(Arc::new(provider.at(url))),
        None => {
            let message = format!(
                "The custom host {url} was named by the call, so the stored credential of @{} does not go there. Send the \
                 host's own key as Authorization beside x-portkey-api-key, or save the host in a config.",
                provider.slug
            );
            Err(Refusal { code: Some("credential_missing"), ..Refusal::invalid(message) })
        }
    }
}
