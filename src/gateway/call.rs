//! The story of one call, from a known key to its committed row.

use crate::book::Book;
use crate::gateway::answer::{self, Serving};
use crate::gateway::attempt::Reply;
use crate::gateway::caller::{self, Caller};
use crate::gateway::config::Routed;
use crate::gateway::drive::{Drive, Ended};
use crate::gateway::intake::{self, Asked};
use crate::gateway::limited::Limited;
use crate::gateway::outgoing::Asking;
use crate::gateway::refusal::Refusal;
use crate::gateway::sight::View;
use crate::gateway::target::{Ask, Target, Unnamed};
use crate::gateway::trace::Trace;
use crate::gateway::{explained, masked, metadata, names, stream};
use crate::house::{House, Shared};
use crate::journal::meter::Meter;
use crate::journal::record::{Outcome, Record};
use crate::journal::slots::Opening;
use crate::route::{self, Facts, Leaf, Plan};
use crate::wire::vendors::{Endpoint, Route};
use app::model::routing::{Mode, Queue};
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// A request of a known key.
#[derive(Debug)]
pub struct Inbound {
    pub route: Route,
    pub parts: Parts,
    pub caller: Caller,
    pub book: Arc<Book>,
    pub trace: Trace,
}

/// The target of a call without a config.
static PLAIN: LazyLock<Arc<Leaf>> = LazyLock::new(|| Arc::new(Leaf { path: "config".to_owned(), ..Leaf::default() }));

/// Serves a call. Whatever happens, it has exactly one row, committed before the answer ends.
pub async fn serve(house: &Shared, inbound: Inbound, body: Body) -> Response {
    let opening = opening(&inbound, house.clock.now());
    let Ok(mut meter) = house.journal.begin(&opening).await else { return Refusal::journal().response() };
    meter.note(|record| describe(record, &inbound));
    let mut response = match ready(house, &inbound, body, &mut meter).await {
        Ok((asked, routed)) => {
            let asking = Asking { inbound: &inbound, asked: &asked, routed: routed.as_ref() };
            match Limited::admit(house, asking, &mut meter) {
                Ok(None) => routed_to(house, asking, None, meter).await,
                Ok(Some(limited)) => {
                    let mut response = routed_to(house, asking, Some(&limited), meter).await;
                    // One that is over a limit tells of that limit.
                    if response.status() != StatusCode::TOO_MANY_REQUESTS {
                        limited.mark(response.headers_mut());
                    }
                    response
                }
                Err(refusal) => refuse(meter, refusal).await,
            }
        }
        Err(refusal) => refuse(meter, refusal).await,
    };
    if let Ok(id) = HeaderValue::from_str(&opening.id) {
        response.headers_mut().insert(&names::REQUEST_ID, id);
    }
    response
}

/// Reads the request and finds its config.
async fn ready(
    house: &House,
    inbound: &Inbound,
    body: Body,
    meter: &mut Meter,
) -> Result<(Asked, Option<Routed>), Refusal> {
    let Inbound { parts, caller, book, .. } = inbound;
    intake::head(parts)?;
    caller.in_time(house.clock.now())?;
    caller.must(&["completions.write"])?;
    let bytes = intake::bytes(parts, body, house.settings.body_limit).await?;
    meter.note(|record| record.parts.request_body = bytes.clone());
    let asked = intake::asked(inbound, &bytes)?;
    meter.note(|record| {
        record.parts.request_body = asked.payload.kept();
        record.call.model_asked = asked.model.clone().unwrap_or_default();
        record.call.stream = asked.stream;
        if asked.user {
            record.call.metadata = metadata::text_of(&asked.metadata);
        }
    });
    let routed = Routed::of(&parts.headers, &caller.key, book, &house.inline)?;
    meter.note(|record| {
        if let Some((slug, version)) = routed.as_ref().and_then(|routed| routed.saved.clone()) {
            record.call.config = Some(slug);
            record.call.config_version = Some(version);
        }
    });
    Ok((asked, routed))
}

/// The plan of a call. `dry`: nothing will be sent.
///
/// # Errors
/// 400, with the contract's words (§2.6).
pub fn plan(house: &House, call: Asking<'_>, dry: bool) -> Result<Plan, Refusal> {
    let Asking { inbound, asked, routed } = call;
    let Some(routed) = routed else { return Ok(route::simple(Arc::clone(&PLAIN))) };
    let facts = Facts { metadata: &asked.metadata, params: asked.payload.json(), pathname: inbound.parts.uri.path() };
    let now = house.clock.now();
    let view = View { house, inbound, model: asked.model.as_deref(), scope: routed.scope, now, dry };
    let plan = route::plan(&routed.tree, facts, &view, now)
        .map_err(|why| Refusal { code: Some("no_target"), ..Refusal::invalid(why.to_string()) })?;
    if !dry {
        plan.remember.iter().for_each(|choice| house.health.stick(routed.scope, choice, now));
    }
    Ok(plan)
}

/// The target that a request without a body is for: the first of its config's plan, else what its headers name.
///
/// # Errors
/// 400 as [`plan`] and [`Target::of`] have it.
pub fn first_target(house: &House, inbound: &Inbound, model: Option<&str>) -> Result<Target, Refusal> {
    let Inbound { parts, caller, book, .. } = inbound;
    let routed = Routed::of(&parts.headers, &caller.key, book, &house.inline)?;
    let leaf = routed.as_ref().map(|routed| first(house, inbound, routed)).transpose()?;
    Target::of(Ask {
        headers: &parts.headers,
        caller,
        book,
        leaf: leaf.as_deref(),
        saved: routed.is_some_and(|routed| routed.saved.is_some()),
        model,
        unnamed: if inbound.route.endpoint == Endpoint::Realtime { Unnamed::Refused } else { Unnamed::Passes },
        trusted: &house.settings.trusted_custom_hosts,
        now: house.clock.now(),
    })
}

/// The first target of a config for a request without a body.
///
/// # Errors
/// 400 as [`plan`] has it.
pub fn first(house: &House, inbound: &Inbound, routed: &Routed) -> Result<Arc<Leaf>, Refusal> {
    let asked = intake::asked(inbound, &Bytes::new())?;
    let asking = Asking { inbound, asked: &asked, routed: Some(routed) };
    let plan = plan(house, asking, true)?;
    plan.steps.first().map(|step| Arc::clone(&step.leaf)).ok_or_else(Refusal::defect)
}

/// Carries the call's plan out, and answers.
async fn routed_to(house: &Shared, call: Asking<'_>, limited: Option<&Limited>, mut meter: Meter) -> Response {
    house.retries.call(house.clock.now());
    let mut waiting = Waiting::default();
    let (plan, ended) = loop {
        let plan = match plan(house, call, false) {
            Ok(plan) => plan,
            Err(refusal) => return refuse(meter, refusal).await,
        };
        let drive = Drive { house, call, plan: &plan, tries: meter.tries(), limited, began: meter.began() };
        let ended = drive.run().await;
        if ended.status != 429 || !waiting.again(house, call, &plan, ended.opens_in).await {
            break (plan, ended);
        }
    };
    let Ended { path, out, reply, retries, retried, cache, .. } = ended;
    let serving = Serving { path, out, retries, retried, cache };
    meter.note(|record| {
        note(record, &serving, plan.mode);
        if call.routed.is_some() {
            let mut explain = explained::of(call.routed, &plan);
            explain.cache = serving.cache.facts.clone();
            explain.notes.extend(waiting.told());
            record.explain = Some(Box::new(explain));
        }
    });
    match reply {
        Ok(Reply::Whole(whole)) => answer::response(house, &serving, *whole, meter).await,
        Ok(Reply::Stream(opened)) => stream::response(house, serving, opened, meter),
        Err(refusal) => {
            let mut response = refuse(meter, refusal).await;
            answer::mark(response.headers_mut(), &serving);
            response
        }
    }
}

/// A call's time in the queue of a config whose targets are all rate limited.
#[derive(Default)]
struct Waiting {
    waited_ms: u64,
    rounds: u32,
}

impl Waiting {
    /// Waits until a target may be asked again; `opens_in`: milliseconds until the gateway's own limits let one be asked,
    /// where nothing else stood in the way. Whether there is a queue with room and time for it.
    async fn again(&mut self, house: &House, call: Asking<'_>, plan: &Plan, opens_in: Option<u64>) -> bool {
        let (Some(routed), Some(queue)) = (call.routed, &plan.queue) else { return false };
        let now = house.clock.now();
        let until = plan.steps.iter().filter_map(|step| house.health.seen(routed.scope, &step.leaf, now).cooling_until);
        let cooling = until.min().map(|until| u64::try_from(until - now).unwrap_or(0));
        let millis = [cooling, opens_in].into_iter().flatten().min().map_or(1000, |millis| millis.max(1));
        let Queue { max_wait, max_calls } = *queue;
        if self.waited_ms.saturating_add(millis) > max_wait {
            return false;
        }
        let Some(_place) = house.health.wait(routed.scope, max_calls.unwrap_or(100)) else { return false };
        house.clock.sleep(Duration::from_millis(millis)).await;
        self.waited_ms += millis;
        self.rounds += 1;
        true
    }

    fn told(&self) -> Option<String> {
        (self.rounds > 0).then(|| {
            format!("Every target was rate limited: the call waited {} ms in {} rounds.", self.waited_ms, self.rounds)
        })
    }
}

/// Answers with a refusal, once its row is committed.
pub async fn refuse(mut meter: Meter, refusal: Refusal) -> Response {
    meter.note(|record| {
        record.call.error = Some(refusal.message.clone());
        record.parts.response_body = crate::journal::frame::Gathered::Whole(refusal.body().to_string().into());
    });
    match meter.finish(refusal.status.as_u16(), Outcome::Failed).await {
        Ok(()) => refusal.response(),
        Err(_) => Refusal::journal().response(),
    }
}

/// A call's first entry: what is known before anything is read.
pub fn opening(inbound: &Inbound, now: i64) -> Opening {
    let id = crate::secret::id(now);
    Opening {
        trace: inbound.trace.of_call(&id),
        id,
        workspace: inbound.caller.key.workspace.clone(),
        key: inbound.caller.key.id.clone(),
        at: now,
        kind: inbound.route.endpoint.word().into(),
        method: inbound.parts.method.as_str().into(),
        path: inbound.parts.uri.path().into(),
        span: inbound.trace.span.clone(),
    }
}

/// Writes down who calls and how.
pub fn describe(record: &mut Record, inbound: &Inbound) {
    let Inbound { parts, caller, trace, .. } = inbound;
    let call = &mut record.call;
    call.key_name.clone_from(&caller.key.name);
    call.method = parts.method.as_str().into();
    call.parent_span_id.clone_from(&trace.parent);
    call.span_name =
        if trace.name.is_empty() { format!("{} {}", parts.method, parts.uri.path()) } else { trace.name.clone() };
    call.metadata = metadata::text_of(&metadata::merged(&parts.headers, &caller.key, None));
    record.secret = caller.key.secret;
    call.runtime = runtime(&parts.headers);
    record.parts.request_headers = masked::lines(&parts.headers);
    record.untracked = intake::untracked(&parts.headers);
    let own = [caller::secret(&parts.headers), caller.credential.as_deref()];
    own.into_iter().flatten().for_each(|own| record.secrets.add(own.as_bytes()));
}

fn note(record: &mut Record, serving: &Serving, mode: Mode) {
    let row = &mut record.call;
    row.mode = mode.word();
    row.target.clone_from(&serving.path);
    row.retries = i64::from(serving.retried);
    row.cache_status = serving.cache.status;
    row.saved_cost = serving.cache.saved_cost;
    row.saved_us = serving.cache.saved_us;
    let Some(out) = &serving.out else { return };
    row.provider.clone_from(&out.target.provider.slug);
    row.vendor = out.target.provider.vendor.slug.into();
    row.model_served = out.target.model.clone().unwrap_or_default();
    record.secrets.join(&out.secrets);
    record.parts.sent_headers = masked::lines(&out.headers);
    record.parts.sent_body = out.kept();
}

fn runtime(headers: &HeaderMap) -> String {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let fields = [
        ("sdk_version", text(&names::PACKAGE_VERSION)),
        ("runtime", text(&names::RUNTIME)),
        ("runtime_version", text(&names::RUNTIME_VERSION)),
    ];
    if fields.iter().all(|(_, value)| value.is_none()) {
        return "{}".into();
    }
    let given = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into())));
    serde_json::Value::Object(given.collect()).to_string()
}
