//! A target made ready for one call: what goes where, under whose name.

use crate::book::ProviderEntry;
use crate::gateway::call::Inbound;
use crate::gateway::config::Routed;
use crate::gateway::forward;
use crate::gateway::intake::Asked;
use crate::gateway::refusal::Refusal;
use crate::gateway::target::{Ask, Target};
use crate::house::House;
use crate::route::{Leaf, params};
use crate::wire::body::Body;
use crate::wire::vendors::Endpoint;
use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use http_body_util::Full;
use serde_json::value::to_raw_value;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

/// How long a provider may take where nobody sets a time.
const PATIENCE: Duration = Duration::from_secs(600);

/// A call before a target is chosen.
#[derive(Clone, Copy)]
pub struct Asking<'a> {
    pub inbound: &'a Inbound,
    pub asked: &'a Asked,
    pub routed: Option<&'a Routed>,
}

/// A call ready to go upstream.
#[derive(Clone, Debug)]
pub struct Outgoing {
    pub leaf: Arc<Leaf>,
    pub target: Target,
    pub uri: Uri,
    /// As it goes upstream.
    pub bytes: Bytes,
    pub stream: bool,
    /// Usage was asked for on the caller's behalf: what that adds is taken out again.
    pub usage_added: bool,
    /// For one attempt, until its answer begins; of a whole answer, until it has ended.
    pub patience: Duration,
    /// Copied from the request.
    pub forwarded: Vec<(HeaderName, HeaderValue)>,
    /// What the cache's key is made from, where the target is cached.
    pub cached: Option<Body>,
}

impl Outgoing {
    /// Chooses the provider, applies the target's parameters and the vendor's quirks.
    ///
    /// # Errors
    /// 400 where no provider can be chosen or a header may not be forwarded; 500 where the vendor lacks the endpoint.
    pub fn of(house: &House, call: &Asking<'_>, leaf: &Arc<Leaf>) -> Result<Self, Refusal> {
        let Asking { inbound, asked, routed } = call;
        let Inbound { endpoint, parts, caller, book, .. } = inbound;
        let mut body = asked.body.clone();
        params::apply(&mut body, leaf);
        let model: Option<String> = body.text("model").map(Into::into);
        let target = Target::of(Ask {
            headers: &parts.headers,
            caller,
            book,
            leaf: routed.map(|_| &**leaf),
            saved: routed.is_some_and(|routed| routed.saved.is_some()),
            model: model.as_deref(),
            trusted: &house.settings.trusted_custom_hosts,
        })?;
        if target.model != model
            && let Some(model) = &target.model
        {
            body.set_text("model", model);
        }
        let provider = &target.provider;
        let uri = provider.uri(*endpoint).ok_or_else(|| lacking(*endpoint, provider))?.clone();
        let listed = forward::listed(&parts.headers);
        let names = listed.as_deref().unwrap_or(&leaf.forward_headers);
        let credential = provider.credential.as_ref().map(|(name, _)| name);
        let forwarded = forward::collect(&parts.headers, names, credential)?;
        let stream = body.flag("stream") == Some(true);
        let cached = leaf.cache.is_some().then(|| body.clone());
        let counted = matches!(endpoint, Endpoint::Chat | Endpoint::Complete);
        let usage_added = stream && counted && ask_usage(&mut body);
        provider.vendor.prepare(&mut body);
        let millis = asked.timeout.or(leaf.request_timeout).filter(|millis| *millis > 0);
        let patience = millis.map_or(PATIENCE, |millis| Duration::from_millis(millis).min(PATIENCE));
        let leaf = Arc::clone(leaf);
        Ok(Self { leaf, uri, bytes: body.bytes(), stream, usage_added, patience, forwarded, cached, target })
    }

    /// The request, signed.
    pub fn request(&self) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(self.bytes.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        let headers = request.headers_mut();
        for (name, value) in &self.forwarded {
            headers.append(name.clone(), value.clone());
        }
        signed(headers, &self.target.provider);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let accept = if self.stream { "text/event-stream" } else { "application/json" };
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        request
    }
}

/// The headers of every request to a provider.
pub fn signed(headers: &mut HeaderMap, provider: &ProviderEntry) {
    const AGENT: &str = concat!("switchyard/", env!("CARGO_PKG_VERSION"));
    headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(AGENT));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    for (name, value) in provider.vendor.headers {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if let Some((name, value)) = &provider.credential {
        headers.insert(name.clone(), value.clone());
    }
}

/// The vendor has no such endpoint: the gateway's own exception, so that no SDK tries it again.
pub fn lacking(endpoint: Endpoint, provider: &ProviderEntry) -> Refusal {
    let name = match endpoint {
        Endpoint::Chat => "chatComplete",
        Endpoint::Complete => "complete",
        Endpoint::Embed => "embed",
        Endpoint::Models => "listModels",
    };
    Refusal::lacking_endpoint(name, provider.vendor.slug)
}

/// Asks for usage in the stream. Whether it had to be added.
fn ask_usage(body: &mut Body) -> bool {
    let mut options = body.read::<Map<String, Value>>("stream_options").unwrap_or_default();
    if options.get("include_usage") == Some(&Value::Bool(true)) {
        return false;
    }
    options.insert("include_usage".into(), true.into());
    to_raw_value(&options).is_ok_and(|raw| {
        body.set("stream_options", raw);
        true
    })
}
