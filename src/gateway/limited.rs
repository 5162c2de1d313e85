//! A call under limits: let in once, and held room for with each attempt.

pub mod foreseen;
pub mod words;

use crate::gateway::outgoing::{Asking, Outgoing};
use crate::gateway::refusal::Refusal;
use crate::gateway::target::Target;
use crate::house::House;
use crate::journal::meter::Meter;
use crate::limit::facts::{Facts, Fit, Spot, fit};
use crate::limit::permit::{Bill, Permit};
use crate::limit::prompt::Prompt;
use crate::limit::rule::{Limit, Scope, What};
use crate::limit::ticket::Ticket;
use crate::limit::{Claim, Falls, Need, Refused};
use crate::wire::body::Body;
use crate::wire::bound::{self, Length};
use crate::wire::vendors::Endpoint;
use bytes::Bytes;
use http::{HeaderMap, Method};
use std::sync::{Arc, Mutex, PoisonError};

/// Tokens that the models of the day read at most.
const LONGEST_CONTEXT: u64 = 1_048_576;

/// A call in a workspace that has limits.
#[derive(Clone, Debug)]
pub struct Limited {
    ticket: Ticket,
    /// Start of the call, milliseconds.
    at: i64,
}

/// What an attempt may cost, and where it is held.
#[derive(Debug)]
pub struct Fare {
    ticket: Ticket,
    budgets: Vec<Falls>,
    claim: Arc<Claim>,
    endpoint: Endpoint,
    /// As it would go upstream without a bound of ours.
    body: Option<Arc<Body>>,
    /// As it goes.
    sent: Mutex<Option<Bytes>>,
}

impl Limited {
    /// Lets a call in. `None`: nothing in its workspace is limited.
    ///
    /// # Errors
    /// 429 over a rate limit, 412 with a key whose budget is used up, 400 where a policy asks for metadata that is lacking.
    pub fn admit(house: &House, call: Asking<'_>, meter: &mut Meter) -> Result<Option<Self>, Refusal> {
        let inbound = call.inbound;
        let key = &*inbound.caller.key;
        let rules = inbound.book.limits();
        if !rules.any(&key.workspace) {
            return Ok(None);
        }
        let (rates, own) = early(call)?;
        if spends(call)
            && let Some(standing) = house.limits.used_up(&own)
        {
            return Err(words::used_up(&standing));
        }
        let (mut id, mut at) = (String::new(), 0);
        meter.note(|record| (id, at) = (record.call.id.clone(), record.call.at));
        let limited = Self { ticket: house.limits.ticket(&id), at };
        limited.enter(house, rates)?;
        meter.keep(limited.ticket.clone());
        Ok(Some(limited))
    }

    /// What an attempt at this target may cost; `None`: it falls under no budget.
    ///
    /// # Errors
    /// 429 over a rate limit of the target, 400 where a policy asks for metadata that is lacking.
    pub async fn fare(&self, house: &House, call: Asking<'_>, out: &Outgoing) -> Result<Option<Fare>, Refusal> {
        let Some(budgets) = self.budgets(house, call, &out.target)? else { return Ok(None) };
        let (claim, body) = claim(house, out, bill(call, &out.target, self.at));
        if let Some(name) = body.as_deref().and_then(Body::twice) {
            // What is held is told by the last; a provider may go by the first.
            let why = format!("The body names {name} twice. Under a budget each field stands once.");
            return Err(Refusal { param: Some(name.to_owned()), ..Refusal::invalid(why) });
        }
        if let Some(name) = body.as_deref().and_then(|body| bound::unread(body, out.endpoint)) {
            let why = format!("{name} must be a whole number from 0: the call falls under a budget, which goes by it.");
            return Err(Refusal { param: Some(name.to_owned()), ..Refusal::invalid(why) });
        }
        let (ticket, endpoint) = (self.ticket.clone(), out.endpoint);
        Ok(Some(Fare { ticket, budgets, claim, endpoint, body, sent: Mutex::default() }))
    }

    /// The same of a session, of which nobody tells what it comes to.
    ///
    /// # Errors
    /// As [`Limited::fare`].
    pub fn session(&self, house: &House, call: Asking<'_>, target: &Target) -> Result<Option<Fare>, Refusal> {
        let Some(budgets) = self.budgets(house, call, target)? else { return Ok(None) };
        let need =
            Need { prompt: 0, given: None, most: 0, copies: 0, price: None, expected: 0, counted: false, told: false };
        let claim = Arc::new(Claim { need, prompt: None, bill: bill(call, target, self.at) });
        let (ticket, endpoint) = (self.ticket.clone(), Endpoint::Realtime);
        Ok(Some(Fare { ticket, budgets, claim, endpoint, body: None, sent: Mutex::default() }))
    }

    /// Lets it in under the rate limits of a target; the budgets that it falls under there, if any.
    fn budgets(&self, house: &House, call: Asking<'_>, target: &Target) -> Result<Option<Vec<Falls>>, Refusal> {
        let (rates, budgets) = late(call, target)?;
        self.enter(house, rates)?;
        if budgets.is_empty() || !spends(call) {
            return self.write().map(|()| None);
        }
        Ok(Some(budgets))
    }

    /// Says how much of the rate limits is left.
    pub fn mark(&self, headers: &mut HeaderMap) {
        for what in [What::Requests, What::Tokens] {
            if let Some(pace) = self.ticket.pace_now(what) {
                words::mark(headers, &pace);
            }
        }
    }

    /// Writes down what it was let in under. Nothing may be sent before.
    ///
    /// # Errors
    /// 503 where that cannot be written.
    pub fn write(&self) -> Result<(), Refusal> {
        self.ticket.write().map_err(|_| Refusal::journal())
    }

    fn enter(&self, house: &House, rates: Vec<Falls>) -> Result<(), Refusal> {
        house.limits.admit(&self.ticket, rates).map_err(|full| words::full(&full))
    }
}

impl Fare {
    /// Holds room for one attempt, and puts the bound into its body where it has none.
    ///
    /// # Errors
    /// 412 where a budget does not cover it.
    pub async fn reserve(&self, house: &House) -> Result<Permit, Refusal> {
        let reserved = house.limits.reserve(&self.ticket, &self.budgets, &self.claim).await;
        let (permit, bound) = reserved.map_err(|refused| {
            if let Refused::Short(standing, needed) = &refused {
                house.alerts.short(standing, *needed);
            }
            words::refused(&refused)
        })?;
        let sent = match (bound, &self.body) {
            (Some(bound), Some(body)) => Some(bound::put(body, self.endpoint, self.claim.bill.vendor.slug, bound)),
            _ => None,
        };
        *self.sent.lock().unwrap_or_else(PoisonError::into_inner) = sent;
        Ok(permit)
    }

    /// Writes down what its call was let in under, where it has the answer of another one: [`Fare::reserve`] does it else.
    ///
    /// # Errors
    /// 503 where that cannot be written.
    pub fn write(&self) -> Result<(), Refusal> {
        self.ticket.write().map_err(|_| Refusal::journal())
    }

    /// The body of the last attempt, where it is not as it was asked for.
    pub fn sent(&self) -> Option<Bytes> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What an attempt at a target is paid by; `at`: the call's start, milliseconds.
pub fn bill(call: Asking<'_>, target: &Target, at: i64) -> Bill {
    let provider = &target.provider;
    Bill {
        vendor: provider.vendor,
        stock: Arc::clone(&provider.stock),
        model: target.model.clone().unwrap_or_default(),
        key: call.inbound.caller.key.id.clone(),
        at,
    }
}

/// Whether a call costs anything: reading and managing what is there does not (contract §7.2).
fn spends(call: Asking<'_>) -> bool {
    let route = &call.inbound.route;
    let path = route.rest.split('?').next().unwrap_or_default();
    let jobs = matches!(route.endpoint, Endpoint::Batches | Endpoint::FineTune);
    let manages = matches!(route.endpoint, Endpoint::Models | Endpoint::Files) || (jobs && path.ends_with("/cancel"));
    // A session is opened by a GET.
    (call.inbound.parts.method == Method::POST || route.endpoint == Endpoint::Realtime) && !manages
}

fn facts<'a>(call: Asking<'a>, target: Option<Spot<'a>>) -> Facts<'a> {
    let Asking { inbound, asked, routed } = call;
    let key = &*inbound.caller.key;
    Facts {
        workspace: &key.workspace,
        key_id: &key.id,
        key_name: &key.name,
        config: routed.and_then(|routed| routed.saved.as_ref()).map(|(slug, _)| slug.as_str()),
        endpoint: inbound.route.endpoint.word(),
        metadata: &asked.metadata,
        model: asked.model.as_deref(),
        target,
    }
}

/// Those of the limits that are for this call. Before a target is chosen, those that ask for it are left for later.
fn falls<'a>(limits: impl Iterator<Item = &'a Arc<Limit>>, facts: &Facts<'_>) -> Result<Vec<Falls>, Refusal> {
    let mut all = Vec::new();
    for limit in limits {
        match fit(limit, facts) {
            Fit::No => {}
            Fit::Lacks(name) => return Err(words::lacks(limit, &name)),
            Fit::Group(group) => all.push(Falls::of(limit, &group)),
        }
    }
    Ok(all)
}

/// What a call falls under before a target is chosen: rate limits, and the budgets of its key.
fn early(call: Asking<'_>) -> Result<(Vec<Falls>, Vec<Falls>), Refusal> {
    let (key, rules) = (&*call.inbound.caller.key, call.inbound.book.limits());
    let early = rules.of_key(&key.id).iter().chain(rules.shared(&key.workspace)).filter(|limit| !limit.is_late());
    let all = falls(early, &facts(call, None))?;
    let (rates, budgets): (Vec<_>, Vec<_>) = all.into_iter().partition(|falls| falls.limit.rate().is_some());
    let own = budgets.into_iter().filter(|falls| matches!(falls.limit.scope, Scope::Key(_)));
    Ok((rates, own.collect()))
}

/// What a call to this target falls under: rate limits, and budgets.
fn late(call: Asking<'_>, target: &Target) -> Result<(Vec<Falls>, Vec<Falls>), Refusal> {
    let provider = &target.provider;
    let (key, rules) = (&*call.inbound.caller.key, call.inbound.book.limits());
    let model = target.model.as_deref().unwrap_or_default();
    let facts = facts(call, Some(Spot { slug: &provider.slug, vendor: provider.vendor.slug, model }));
    let shared = rules.of_key(&key.id).iter().chain(rules.shared(&key.workspace));
    let of_provider = rules.of_provider(&provider.id).iter();
    let holder = if provider.holder == provider.id { "" } else { provider.holder.as_str() };
    let of_holder = rules.of_provider(holder).iter();
    let all = falls(shared.chain(of_provider).chain(of_holder), &facts)?;
    Ok(all.into_iter().partition(|falls| falls.limit.rate().is_some()))
}

/// What an attempt at a target would take, and its body where that tells how much.
fn claim(house: &House, out: &Outgoing, bill: Bill) -> (Arc<Claim>, Option<Arc<Body>>) {
    let (endpoint, vendor) = (out.endpoint, bill.vendor);
    let counted = endpoint.is_counted();
    // What came under another content type may be JSON all the same.
    let parsed = || Body::parse(&out.bytes).ok().map(Arc::new);
    let body = if counted { out.body.clone().or_else(parsed) } else { None };
    let length = body.as_ref().and_then(|body| bound::length(body, endpoint, vendor.slug, &bill.model));
    let prompt = body.as_ref().map(|body| {
        let kept = kept(body, endpoint);
        Arc::new(Prompt::new(body, endpoint, vendor, &bill.model, kept))
    });
    let Length { given, copies, most } = length.unwrap_or(Length { given: None, copies: 0, most: 0 });
    let expected = house.limits.expected(&bill.key, &bill.model);
    let told = endpoint != Endpoint::Speech;
    let need = Need { prompt: 0, given, most, copies, price: None, expected, counted: body.is_some(), told };
    (Arc::new(Claim { need, prompt, bill }), body)
}

/// Tokens that the provider adds of what it keeps itself: as many as any model reads.
fn kept(body: &Body, endpoint: Endpoint) -> u64 {
    let names = ["previous_response_id", "conversation", "prompt"];
    let given = |name: &&str| body.raw(name).is_some_and(|raw| raw.get() != "null");
    if endpoint == Endpoint::Respond && names.iter().any(given) { LONGEST_CONTEXT } else { 0 }
}
