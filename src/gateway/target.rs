//! Which provider a call goes to, and under which model name (contract §2.2, §3.4).

use crate::book::{Book, ProviderEntry};
use crate::gateway::caller::Caller;
use crate::gateway::config::Node;
use crate::gateway::refusal::Refusal;
use crate::wire::vendors::{Auth, Base, vendor};
use http::HeaderMap;
use std::sync::Arc;

/// A provider, and the model as it is called there.
#[derive(Clone, Debug)]
pub struct Target {
    pub provider: Arc<ProviderEntry>,
    /// `None` where the body names none.
    pub model: Option<String>,
}

/// What the choice is made from.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    pub headers: &'a HeaderMap,
    pub caller: &'a Caller,
    pub book: &'a Book,
    pub node: Option<&'a Node>,
    /// `model` of the body, overrides applied.
    pub model: Option<&'a str>,
}

impl Target {
    /// Chooses. The `@slug/` of the model wins over the config's provider, and that over the headers.
    ///
    /// # Errors
    /// 400 where nothing names a provider, or what is named is not there.
    pub fn of(ask: Ask<'_>) -> Result<Self, Refusal> {
        let named =
            ask.node.and_then(|node| node.provider.as_deref()).map(str::to_owned).or_else(|| named(ask.headers));
        if let Some((slug, rest)) = ask.model.and_then(split) {
            match stored(&ask, slug).or_else(|| registered(&ask, slug)) {
                Some(provider) => return Ok(Self { provider, model: Some(rest.to_owned()) }),
                // Some vendors' own ids begin with @, such as @cf/…: with a provider named elsewhere it is left as it is.
                None if named.is_some() => {}
                None => return Err(unknown(&ask, slug)),
            }
        }
        let Some(named) = named else {
            let message = if ask.node.is_some() {
                "Either x-portkey-provider needs to be passed. Or the x-portkey-config header should have a valid config with provider details in it."
            } else {
                "Either x-portkey-config or x-portkey-provider header is required"
            };
            return Err(Refusal { code: Some("provider_missing"), ..Refusal::invalid(message) });
        };
        let provider = match named.strip_prefix('@') {
            Some(slug) => stored(&ask, slug).or_else(|| registered(&ask, slug)).ok_or_else(|| unknown(&ask, slug))?,
            None => bare(&ask, &named)?,
        };
        Ok(Self { provider, model: ask.model.map(str::to_owned) })
    }
}

/// Slug and model of `@slug/model`; the model may hold further slashes.
pub fn split(model: &str) -> Option<(&str, &str)> {
    model.strip_prefix('@')?.split_once('/')
}

/// Whether a header names a provider.
pub fn named(headers: &HeaderMap) -> Option<String> {
    let text = |name: &str| {
        let value = headers.get(name)?.to_str().ok()?.trim();
        (!value.is_empty()).then(|| value.to_owned())
    };
    text("x-portkey-provider")
        .or_else(|| text("x-portkey-virtual-key").map(|slug| format!("@{}", slug.trim_start_matches('@'))))
}

fn stored(ask: &Ask<'_>, slug: &str) -> Option<Arc<ProviderEntry>> {
    ask.book.provider(&ask.caller.key.workspace, slug).cloned()
}

/// A vendor of the table with the credential that came with the call, or that needs none.
fn registered(ask: &Ask<'_>, slug: &str) -> Option<Arc<ProviderEntry>> {
    let vendor = vendor(slug)?;
    let Base::Url(base) = vendor.base else { return None };
    let own = ask.node.and_then(|node| node.api_key.as_deref()).or(ask.caller.credential.as_deref());
    if own.is_none() && vendor.auth != Auth::None {
        return None;
    }
    Some(Arc::new(ProviderEntry::new(slug.to_owned(), vendor, base, own)))
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
