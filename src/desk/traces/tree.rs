//! From calls to the lines of a tree: pure.

use crate::desk::logs::tile;
use crate::store::traces::{TraceAttempt, TraceCall};
use app::model::money::Nanos;
use app::model::trace::{Health, Span};
use std::collections::{BTreeMap, HashMap};

/// Deeper spans stand at this depth.
const DEEPEST: u32 = 12;

/// A branch that is being walked.
struct Walk<'a> {
    calls: &'a [TraceCall],
    children: HashMap<usize, Vec<usize>>,
    attempts: HashMap<&'a str, Vec<&'a TraceAttempt>>,
    seen: Vec<bool>,
    /// Start of the trace, milliseconds.
    start: i64,
    spans: Vec<Span>,
}

/// Every call once, each below its parent, brothers by their start. A call whose parent is not here, or is below
/// itself, is a root. Several attempts follow their call.
pub(super) fn spans(calls: &[TraceCall], attempts: &[TraceAttempt], start: i64) -> Vec<Span> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (place, call) in calls.iter().enumerate() {
        places.entry(&call.span_id).or_insert(place);
    }
    let parent = |place: usize| {
        let named = calls[place].parent_span_id.as_deref().and_then(|span| places.get(span).copied());
        named.filter(|parent| *parent != place)
    };
    let mut order: Vec<usize> = (0..calls.len()).collect();
    order.sort_by_key(|place| (calls[*place].at, *place));
    let mut children: HashMap<usize, Vec<usize>> = HashMap::new();
    for place in &order {
        if let Some(parent) = parent(*place) {
            children.entry(parent).or_default().push(*place);
        }
    }
    let mut of_call: HashMap<&str, Vec<&TraceAttempt>> = HashMap::new();
    for attempt in attempts {
        of_call.entry(&attempt.call).or_default().push(attempt);
    }
    of_call.retain(|_, attempts| attempts.len() > 1);
    let mut walk =
        Walk { calls, children, attempts: of_call, seen: vec![false; calls.len()], start, spans: Vec::new() };
    for root in order.iter().filter(|place| parent(**place).is_none()) {
        walk.branch(*root);
    }
    // What is left goes round in a circle.
    for rest in &order {
        walk.branch(*rest);
    }
    walk.spans
}

/// The user that the metadata names.
pub(super) fn user(metadata: &str) -> Option<String> {
    let mut pairs: BTreeMap<String, String> = serde_json::from_str(metadata).ok()?;
    pairs.remove("_user").filter(|user| !user.is_empty())
}

impl Walk<'_> {
    /// Walks without recursion: a client may nest as deep as it likes.
    fn branch(&mut self, root: usize) {
        let mut waiting = vec![(root, 0)];
        while let Some((place, depth)) = waiting.pop() {
            if std::mem::replace(&mut self.seen[place], true) {
                continue;
            }
            let children = self.children.remove(&place).unwrap_or_default();
            self.call(place, depth, !children.is_empty());
            waiting.extend(children.into_iter().rev().map(|child| (child, (depth + 1).min(DEEPEST))));
        }
    }

    fn call(&mut self, place: usize, depth: u32, parent: bool) {
        let call = &self.calls[place];
        let attempts = self.attempts.remove(call.id.as_str()).unwrap_or_default();
        let started_us = u64::try_from(call.at - self.start).unwrap_or(0).saturating_mul(1_000);
        let cached = call.cache_status.ends_with("HIT");
        self.spans.push(Span {
            log: call.id.clone(),
            attempt: None,
            depth,
            group: parent || !attempts.is_empty(),
            name: call.span_name.clone(),
            aside: aside(call, cached),
            tile: tile(&call.vendor),
            status: call.status,
            health: Health::of(call.status, &call.outcome),
            cached,
            started_us,
            latency_us: call.latency_us,
            tokens_in: call.tokens_in,
            tokens_out: call.tokens_out,
            cost: call.cost.map(Nanos),
        });
        let below = attempts.into_iter().enumerate();
        let below = below.map(|(number, attempt)| tried(attempt, number, (depth + 1).min(DEEPEST), started_us));
        self.spans.extend(below);
    }
}

fn aside(call: &TraceCall, cached: bool) -> String {
    let model = if call.model_served.is_empty() { &call.model_asked } else { &call.model_served };
    if cached { format!("{model}, cached") } else { model.clone() }
}

fn tried(attempt: &TraceAttempt, number: usize, depth: u32, started_us: u64) -> Span {
    let retry = if attempt.retry > 0 { ", retry" } else { "" };
    let said = match attempt.status {
        0 => "no answer".to_owned(),
        status => status.to_string(),
    };
    let outcome = if attempt.status == 0 { "failed" } else { "finished" };
    Span {
        log: attempt.call.clone(),
        attempt: u32::try_from(number).ok(),
        depth,
        group: false,
        name: format!("Attempt {}", number + 1),
        aside: format!("{}, {said}{retry}", attempt.model),
        tile: tile(&attempt.vendor),
        status: attempt.status,
        health: Health::of(attempt.status, outcome),
        cached: false,
        started_us: started_us + attempt.started_us,
        latency_us: attempt.latency_us,
        tokens_in: attempt.tokens_in,
        tokens_out: attempt.tokens_out,
        cost: attempt.cost.map(Nanos),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(id: &str, at: i64, parent: Option<&str>) -> TraceCall {
        TraceCall {
            id: format!("log-{id}"),
            at,
            span_id: id.into(),
            parent_span_id: parent.map(Into::into),
            span_name: id.into(),
            status: 200,
            outcome: "finished".into(),
            vendor: "openai".into(),
            model_asked: "@alpha/m".into(),
            model_served: "m".into(),
            tokens_in: 1,
            tokens_out: 2,
            cost: Some(3),
            latency_us: 4_000,
            cache_status: "DISABLED".into(),
            metadata: "{}".into(),
        }
    }

    fn attempt(call: &str, number: u32, status: u16, retry: u32) -> TraceAttempt {
        TraceAttempt {
            call: format!("log-{call}"),
            number,
            vendor: "openai".into(),
            model: "m".into(),
            target: "config".into(),
            status,
            started_us: 500,
            latency_us: 1_000,
            tokens_in: 0,
            tokens_out: 0,
            cost: None,
            retry,
        }
    }

    fn drawn(calls: &[TraceCall], attempts: &[TraceAttempt]) -> String {
        let line = |span: &Span| format!("{}{}@{}", "-".repeat(span.depth as usize), span.name, span.started_us);
        spans(calls, attempts, 100).iter().map(line).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn spans_stand_below_their_parents_in_the_order_of_start() {
        let calls = [
            call("late", 109, Some("root")),
            call("root", 100, None),
            call("leaf", 106, Some("early")),
            call("early", 105, Some("root")),
            call("orphan", 103, Some("elsewhere")),
        ];
        assert_eq!(drawn(&calls, &[]), "root@0 -early@5000 --leaf@6000 -late@9000 orphan@3000");
        let told = spans(&calls, &[], 100);
        assert_eq!(told.iter().map(|span| span.group).collect::<Vec<_>>(), [true, true, false, false, false]);
    }

    #[test]
    fn circles_doubles_and_spans_of_themselves_are_drawn_once() {
        let calls = [call("a", 1, Some("b")), call("b", 2, Some("a")), call("c", 3, Some("c")), call("c", 4, None)];
        let names: Vec<String> = spans(&calls, &[], 0).into_iter().map(|span| span.name).collect();
        assert_eq!(names, ["c", "c", "a", "b"]);
    }

    #[test]
    fn attempts_are_shown_where_there_were_several() {
        let calls = [call("one", 100, None), call("two", 102, None)];
        let attempts = [attempt("one", 0, 200, 0), attempt("two", 0, 503, 0), attempt("two", 1, 0, 1)];
        assert_eq!(drawn(&calls, &attempts), "one@0 two@2000 -Attempt 1@2500 -Attempt 2@2500");
        let told = spans(&calls, &attempts, 100);
        assert_eq!((told[2].aside.as_str(), told[3].aside.as_str()), ("m, 503", "m, no answer, retry"));
        assert_eq!((told[2].attempt, told[3].health), (Some(0), Health::Failed));
    }

    #[test]
    fn a_chain_of_a_thousand_does_not_overflow() {
        let name = |at: i64| format!("s{at}");
        let calls: Vec<_> =
            (0..1_000).map(|at| call(&name(at), at, (at > 0).then(|| name(at - 1)).as_deref())).collect();
        let told = spans(&calls, &[], 0);
        assert_eq!((told.len(), told[999].depth), (1_000, DEEPEST));
    }

    #[test]
    fn a_user_is_read_from_the_metadata() {
        assert_eq!(user(r#"{"_user":"ada","env":"prod"}"#).as_deref(), Some("ada"));
        assert_eq!((user(r#"{"_user":""}"#), user("[]")), (None, None));
    }
}
