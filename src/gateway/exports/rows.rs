//! One call as the lines of an export: one for each target that was tried, retries folded in. Pure.

use super::order::canonical;
use crate::gateway::logs::{Record, cents, iso};
use crate::store::calls::{Attempt, CallFile};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashSet};

type Parts<'j> = BTreeMap<&'j str, &'j RawValue>;

/// A target that was tried and did not give the call's answer.
#[derive(Debug, PartialEq, Eq)]
struct Passed {
    vendor: String,
    model: String,
    status: u16,
    error: Option<String>,
    /// After the call's start, microseconds, as is `took_us`.
    started_us: u64,
    /// From its first try to the end of its last.
    took_us: u64,
    /// Of all its tries.
    tokens_in: u64,
    tokens_out: u64,
    /// Nano-dollars.
    cost: i64,
}

/// The lines of a call, each an object of the fields asked for, under the names by which they were asked for. Targets
/// that did not answer come first, as they were tried; the last line is the call's own.
pub(super) fn lines(file: CallFile, requested: &[String]) -> Vec<String> {
    let passed = passed(&file.call.target, &file.attempts);
    let (id, at) = (file.call.id.clone(), file.call.at);
    let Ok(record) = serde_json::to_string(&Record::of(file)) else { return Vec::new() };
    let Ok(top) = serde_json::from_str::<Parts<'_>>(&record) else { return Vec::new() };
    let metrics: Parts<'_> =
        top.get("metrics").and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
    let metadata = metadata(&metrics);
    let base = |field: &str| match field {
        "request" | "response" => top.get(field).copied(),
        "metadata" => metadata.as_deref(),
        field => metrics.get(field).copied(),
    };
    let mut lines = Vec::with_capacity(passed.len() + 1);
    for (number, target) in passed.iter().enumerate() {
        let own = target.fields(&format!("{id}-{}", number + 1), at);
        lines.push(line(requested, |field| own.get(field).map(|raw| &**raw).or_else(|| base(field))));
    }
    lines.push(line(requested, base));
    lines
}

fn line<'r>(requested: &[String], of: impl Fn(&str) -> Option<&'r RawValue>) -> String {
    let mut line = String::from("{");
    let mut named = HashSet::new();
    for name in requested {
        let Some(field) = canonical(name).filter(|_| named.insert(name)) else { continue };
        if line.len() > 1 {
            line.push(',');
        }
        line.push_str(&Value::from(name.as_str()).to_string());
        line.push(':');
        line.push_str(of(field).map_or("null", RawValue::get));
    }
    line.push_str("}\n");
    line
}

/// The parallel arrays of the record as one object.
fn metadata(metrics: &Parts<'_>) -> Option<Box<RawValue>> {
    let list = |name: &str| serde_json::from_str::<Vec<String>>(metrics.get(name)?.get()).ok();
    let (names, values) = (list("metadata.key")?, list("metadata.value")?);
    let pairs: Map<String, Value> = names.into_iter().zip(values.into_iter().map(Value::from)).collect();
    to_raw_value(&pairs).ok()
}

/// The targets other than the one that answered: where that one was never tried, the last counts as it.
fn passed(answering: &str, attempts: &[Attempt]) -> Vec<Passed> {
    let mut targets: Vec<&str> = Vec::new();
    for attempt in attempts {
        if !targets.contains(&attempt.target.as_str()) {
            targets.push(&attempt.target);
        }
    }
    let answering = if targets.contains(&answering) { Some(answering) } else { targets.last().copied() };
    let others = targets.into_iter().filter(|target| Some(*target) != answering);
    let tries = |target| attempts.iter().filter(|attempt| attempt.target == target).collect::<Vec<_>>();
    others.filter_map(|target| Passed::of(&tries(target))).collect()
}

impl Passed {
    fn of(tries: &[&Attempt]) -> Option<Self> {
        let (first, last) = (tries.first()?, tries.last()?);
        Some(Self {
            vendor: last.vendor.clone(),
            model: last.model.clone(),
            status: last.status,
            error: last.error.clone(),
            started_us: first.started_us,
            took_us: (last.started_us + last.latency_us).saturating_sub(first.started_us),
            tokens_in: tries.iter().map(|attempt| attempt.tokens_in).sum(),
            tokens_out: tries.iter().map(|attempt| attempt.tokens_out).sum(),
            cost: tries.iter().filter_map(|attempt| attempt.cost).sum(),
        })
    }

    /// The fields in which its line differs from the call's.
    fn fields(&self, id: &str, at: i64) -> BTreeMap<&'static str, Box<RawValue>> {
        let millis = |micros: u64| (micros + 500) / 1000;
        let started = at.saturating_add(i64::try_from(self.started_us / 1000).unwrap_or(0));
        let took = millis(self.took_us);
        let response = json!({
            "status": self.status, "headers": {}, "body": null, "responseTime": took, "error": self.error,
        });
        let success = self.error.is_none() && (200..300).contains(&self.status);
        let fields = [
            ("id", json!(id)),
            ("created_at", json!(iso(started))),
            ("response", response),
            ("is_success", json!(success)),
            ("ai_org", json!(self.vendor)),
            ("ai_model", json!(self.model)),
            ("req_units", json!(self.tokens_in)),
            ("res_units", json!(self.tokens_out)),
            ("total_units", json!(self.tokens_in + self.tokens_out)),
            ("response_time", json!(took)),
            ("response_status_code", json!(self.status)),
        ];
        let cost = cents(self.cost).map(|cost| ("cost", cost));
        let fields = fields.into_iter().filter_map(|(name, value)| Some((name, to_raw_value(&value).ok()?)));
        fields.chain(cost).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{lines, passed};
    use crate::store::calls::Attempt;
    use crate::store::calls::seed::{Seed, journal};
    use serde_json::{Value, json};

    fn tried(file: &Attempt, target: &str, status: u16, started_us: u64) -> Attempt {
        Attempt {
            target: target.into(),
            status,
            started_us,
            latency_us: 2_000,
            tokens_in: 0,
            tokens_out: 0,
            cost: None,
            ..file.clone()
        }
    }

    #[tokio::test]
    async fn a_call_is_a_line_for_each_target_and_its_own_comes_last() {
        let (store, _folder) = journal().await;
        let id = Seed { metadata: r#"{"env":"prod"}"#, ..Seed::default() }.plant(&store).await;
        let mut file = store.call("default", &id).await.unwrap().unwrap();
        let own = file.attempts.remove(0);
        file.call.target = "config.targets[1]".into();
        file.attempts = vec![
            tried(&own, "config.targets[0]", 500, 1_000),
            Attempt {
                tokens_in: 20,
                tokens_out: 2,
                cost: Some(7_670_000),
                ..tried(&own, "config.targets[0]", 503, 9_000)
            },
            tried(&own, "config.targets[1]", 200, 12_000),
        ];
        let requested: Vec<String> =
            ["id", "trace_id", "ai_provider", "status_code", "total_units", "cost", "response_time", "metadata", "id"]
                .map(str::to_owned)
                .to_vec();
        let lines = lines(file, &requested);
        let read: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        let metadata = json!({"env":"prod"});
        assert_eq!(
            read,
            [
                json!({"id":format!("{id}-1"),"trace_id":"t-0","ai_provider":"cerebras","status_code":503,
                    "total_units":22,"cost":0.767,"response_time":10,"metadata":metadata}),
                json!({"id":id,"trace_id":"t-0","ai_provider":"cerebras","status_code":200,
                    "total_units":3320,"cost":0.767,"response_time":2810,"metadata":metadata}),
            ]
        );
        assert!(lines.iter().all(|line| line.ends_with("}\n") && line.matches('\n').count() == 1));
    }

    #[tokio::test]
    async fn a_target_that_was_never_tried_did_not_answer() {
        let (store, _folder) = journal().await;
        let id = Seed::default().plant(&store).await;
        let own = store.call("default", &id).await.unwrap().unwrap().attempts.remove(0);
        let attempts = [tried(&own, "a", 500, 0), tried(&own, "b", 500, 5)];
        for (answering, others) in [("a", 1), ("b", 1), ("config", 1)] {
            assert_eq!(passed(answering, &attempts).len(), others, "{answering}");
        }
        assert_eq!(passed("config", &attempts)[0].started_us, 0, "the last counts as the answer");
        assert!(passed("config", &[]).is_empty());
    }
}
