//! A target made ready for one call: what goes where, under whose name.

use crate::book::ProviderEntry;
use crate::gateway::call::Inbound;
use crate::gateway::config::Routed;
use crate::gateway::intake::Asked;
use crate::gateway::limited::Fare;
use crate::gateway::payload::Payload;
use crate::gateway::refusal::Refusal;
use crate::gateway::relay::Load;
use crate::gateway::target::{Ask, Target, Unnamed};
use crate::gateway::{forward, masked, names, open};
use crate::house::House;
use crate::journal::secrets::Secrets;
use crate::limit::permit::Sent;
use crate::price::Cost;
use crate::route::Leaf;
use crate::wire::body::Body;
use crate::wire::openai::Usage;
use crate::wire::vendors::Endpoint;
use app::model::routing::Stream;
use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
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
    pub endpoint: Endpoint,
    pub uri: Uri,
    /// Signed; a credential is marked sensitive.
    pub headers: HeaderMap,
    /// The credentials among them.
    pub secrets: Secrets,
    /// As it goes upstream.
    pub bytes: Bytes,
    /// The same, where it is a JSON object.
    pub body: Option<Arc<Body>>,
    pub stream: bool,
    /// Usage was asked for on the caller's behalf: what that adds is taken out again.
    pub usage_added: bool,
    /// For one attempt, until its answer begins; of a whole answer, until it has ended.
    pub patience: Duration,
    /// The body that the cache's key is made from, where the target is cached.
    pub cached: Option<Bytes>,
    /// What an attempt may cost, where it falls under a budget.
    pub fare: Option<Arc<Fare>>,
    method: Method,
    /// What the journal keeps of a body that is not JSON.
    kept: Option<Bytes>,
}

type Forwarded = Vec<(HeaderName, HeaderValue)>;

impl Outgoing {
    /// How long the head of an answer may take: of a stream no longer than its first token, or than it may stand idle.
    pub fn head_patience(&self) -> Duration {
        let Stream { first_token_timeout, idle_timeout, .. } = self.leaf.stream;
        let limits = [first_token_timeout, idle_timeout].into_iter().flatten().filter(|_| self.stream);
        limits.map(Duration::from_millis).fold(self.patience, Duration::min)
    }

    /// Chooses the provider, applies the target's parameters and the vendor's quirks.
    ///
    /// # Errors
    /// 400 where no provider can be chosen or a header may not be forwarded; 500 where the vendor lacks the endpoint.
    pub fn of(house: &House, call: &Asking<'_>, leaf: &Arc<Leaf>) -> Result<Self, Refusal> {
        let Asking { inbound, asked, routed } = call;
        let Inbound { route, parts, caller, book, .. } = inbound;
        let mut payload = asked.payload.clone();
        payload.apply(leaf)?;
        let model = payload.model();
        let target = Target::of(Ask {
            headers: &parts.headers,
            caller,
            book,
            leaf: routed.map(|_| &**leaf),
            saved: routed.is_some_and(|routed| routed.saved.is_some()),
            model: model.as_deref(),
            unnamed: unnamed(&payload, route.endpoint, &parts.method),
            trusted: &house.settings.trusted_custom_hosts,
            now: house.clock.now(),
        })?;
        if target.model != model
            && let Some(model) = &target.model
        {
            payload.set_model(model)?;
        }
        let provider = &target.provider;
        let uri = open::address(open::Ask { route, provider, connected: book.providers(&caller.key.workspace) })?;
        let forwarded = forwarded(&parts.headers, leaf, provider)?;
        let stream = payload.stream();
        let cached = leaf.cache.as_ref().filter(|_| route.endpoint.is_text()).and(payload.json()).map(Body::bytes);
        let mut usage_added = false;
        if let Payload::Json(body) = &mut payload {
            usage_added = stream && matches!(route.endpoint, Endpoint::Chat | Endpoint::Complete) && ask_usage(body);
            provider.vendor.prepare(body);
        }
        let millis = asked.timeout.or(leaf.request_timeout).filter(|millis| *millis > 0);
        let patience = millis.map_or(PATIENCE, |millis| Duration::from_millis(millis).min(PATIENCE));
        let kind = payload.kind(&parts.headers);
        let mut headers = headers(provider, kind, stream, forwarded);
        if provider.vendor.slug == "openai" {
            told(&mut headers, &parts.headers, leaf);
        }
        let kept = if matches!(payload, Payload::Json(_)) { None } else { Some(payload.kept()) };
        Ok(Self {
            leaf: Arc::clone(leaf),
            endpoint: route.endpoint,
            method: parts.method.clone(),
            uri,
            secrets: masked::credentials(&headers),
            headers,
            bytes: payload.bytes(),
            body: if let Payload::Json(body) = payload { Some(Arc::new(body)) } else { None },
            kept,
            stream,
            usage_added,
            patience,
            cached,
            fare: None,
            target,
        })
    }

    /// The request, signed. `sent` hears of it when a connection takes its body.
    pub fn request(&self, sent: Option<Sent>) -> Request<Load> {
        let mut request = Request::new(Load::new(self.sent(), sent));
        request.method_mut().clone_from(&self.method);
        request.uri_mut().clone_from(&self.uri);
        request.headers_mut().clone_from(&self.headers);
        request
    }

    /// The body, with the bound that a budget asks for.
    fn sent(&self) -> Bytes {
        self.fare.as_ref().and_then(|fare| fare.sent()).unwrap_or_else(|| self.bytes.clone())
    }

    /// What an answer with this usage cost, that `served` gave at `at`, milliseconds. `None`: it has no price.
    pub fn cost(&self, house: &House, usage: &Usage, served: &str, at: i64) -> Option<Cost> {
        let Target { provider, model, .. } = &self.target;
        house.prices.sold(&**provider, (model.as_deref(), served), usage, at)
    }

    /// What the journal keeps of the body.
    pub fn kept(&self) -> Bytes {
        self.kept.clone().unwrap_or_else(|| self.sent())
    }
}

/// A form that names several models, or one in a file, names none that could be judged.
fn unnamed(payload: &Payload, endpoint: Endpoint, method: &Method) -> Unnamed {
    let reads = matches!(*method, Method::GET | Method::DELETE) || endpoint == Endpoint::Files;
    if reads && payload.json().is_none() { Unnamed::Passes } else { Unnamed::Refused }
}

fn forwarded(headers: &HeaderMap, leaf: &Leaf, provider: &ProviderEntry) -> Result<Forwarded, Refusal> {
    let listed = forward::listed(headers);
    let names = listed.as_deref().unwrap_or(&leaf.forward_headers);
    if names.is_empty() {
        return Ok(Vec::new());
    }
    forward::collect(headers, names, provider.credential.as_ref().map(|(name, _)| name))
}

fn headers(provider: &ProviderEntry, kind: Option<HeaderValue>, stream: bool, forwarded: Forwarded) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(8);
    for (name, value) in forwarded {
        headers.append(name, value);
    }
    signed(&mut headers, provider);
    if let Some(kind) = kind {
        headers.insert(CONTENT_TYPE, kind);
    }
    let accept = if stream { "text/event-stream" } else { "application/json" };
    headers.entry(ACCEPT).or_insert(HeaderValue::from_static(accept));
    headers
}

/// Organization, project and beta features for OpenAI: the request's own headers, else the config's.
fn told(headers: &mut HeaderMap, asked: &HeaderMap, leaf: &Leaf) {
    for (name, value) in &leaf.openai {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(*name, value);
        }
    }
    for (own, name) in [
        (&names::OPENAI_BETA, &names::OPENAI_BETA),
        (&names::OWN_OPENAI_BETA, &names::OPENAI_BETA),
        (&names::OWN_OPENAI_ORGANIZATION, &names::OPENAI_ORGANIZATION),
        (&names::OWN_OPENAI_PROJECT, &names::OPENAI_PROJECT),
    ] {
        if let Some(value) = asked.get(own) {
            headers.insert(name, value.clone());
        }
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
