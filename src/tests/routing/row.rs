//! One row: a call, what the providers do, and everything that is expected of it.

use super::scenes;
use crate::rig::{Answer, KEY, Rig, Seen};
use axum::body::Body;
use http::Request;
use serde_json::Value;
use std::fmt::Debug;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use switchyard::clock::Clock;

/// Rows read as text. In a config, `$alpha` stands for the target `{"provider":"@alpha"}` and `%alpha%` for that
/// provider's address.
#[derive(Clone, Copy)]
pub struct Row {
    pub name: &'static str,
    /// Value of `x-portkey-config`; empty for none.
    pub config: &'static str,
    /// What the providers answer, in order: `alpha:500 beta:200` (see [`scenes`]).
    script: &'static str,
    /// Who is asked, in order, and for which model where it is not [`MODEL`]: `alpha beta=other`.
    seen: &'static str,
    /// Status, then `config…` as the target used, then `retries=`, `cache=`, `waited=` (milliseconds of the clock;
    /// `waited~=` for that and a little more) and `errors=` (error events of a stream) where they are not 0 or DISABLED,
    /// and `provider=` where it is not the vendor of the one that was asked last.
    gives: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    path: &'static str,
    key: &'static str,
    /// Milliseconds that the clock is moved before.
    after: i64,
    /// Stands in the answer.
    says: &'static str,
    /// The body that the last provider got.
    sent: &'static str,
    /// Headers that the last provider got; an empty value is one that is missing.
    sent_headers: &'static [(&'static str, &'static str)],
}

pub const MODEL: &str = "gpt-4o";
const BODY: &str = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}"#;
pub const STREAM: &str = r#"{"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
const PATH: &str = "/v1/chat/completions";
/// Milliseconds that a wait may be longer, where a provider's own slowness counts.
const LITTLE: i64 = 500;
const LONG: Duration = Duration::from_secs(30);

pub const fn row(
    name: &'static str,
    config: &'static str,
    script: &'static str,
    seen: &'static str,
    gives: &'static str,
) -> Row {
    Row {
        name,
        config,
        script,
        seen,
        gives,
        headers: &[],
        body: BODY,
        path: PATH,
        key: KEY,
        after: 0,
        says: "",
        sent: "",
        sent_headers: &[],
    }
}

impl Row {
    pub const fn headers(self, headers: &'static [(&'static str, &'static str)]) -> Self {
        Self { headers, ..self }
    }

    pub const fn body(self, body: &'static str) -> Self {
        Self { body, ..self }
    }

    pub const fn stream(self) -> Self {
        self.body(STREAM)
    }

    pub const fn path(self, path: &'static str) -> Self {
        Self { path, ..self }
    }

    pub const fn key(self, key: &'static str) -> Self {
        Self { key, ..self }
    }

    pub const fn after(self, after: i64) -> Self {
        Self { after, ..self }
    }

    pub const fn says(self, says: &'static str) -> Self {
        Self { says, ..self }
    }

    pub const fn sent(self, sent: &'static str) -> Self {
        Self { sent, ..self }
    }

    pub const fn sent_headers(self, sent_headers: &'static [(&'static str, &'static str)]) -> Self {
        Self { sent_headers, ..self }
    }

    /// The config as JSON.
    pub fn written(&self) -> String {
        let config = scenes::expanded(self.config);
        ["alpha", "beta", "gamma", "gone", "fire"]
            .iter()
            .fold(config, |text, slug| text.replace(&format!("${slug}"), &format!(r#"{{"provider":"@{slug}"}}"#)))
    }

    /// Makes the call. The error is everything that is not as it should be.
    pub async fn check(&self, rig: &Rig) -> Result<(), Vec<String>> {
        static TRACES: AtomicU32 = AtomicU32::new(0);
        let trace = format!("row-{}", TRACES.fetch_add(1, Ordering::Relaxed));
        for word in self.script.split_whitespace() {
            let (slug, scene) = word.split_once(':').expect("provider:scene");
            rig.provider(slug).then(scenes::scene(slug, scene));
        }
        rig.house.clock.advance(self.after);
        let (clock, before) = (rig.house.clock.clone(), rig.house.clock.now());
        rig.ledger.lock().expect("a ledger").clear();
        let answer = tokio::time::timeout(LONG, rig.send(self.request(rig, &trace))).await;
        let mut wrong = Wrong::default();
        let Ok(answer) = answer else { return Err(vec!["no answer".to_owned()]) };
        let seen = rig.ledger.lock().expect("a ledger").clone();
        self.compare(&answer, &seen, waited(&clock, before), &mut wrong);
        wrong.unless("trace", answer.header("x-portkey-trace-id"), trace.as_str());
        self.compare_log(rig, &trace, &answer, &mut wrong).await;
        for slug in ["alpha", "beta", "gamma", "fire"] {
            wrong.unless(&format!("scenes that {slug} has left"), rig.provider(slug).rest(), 0);
        }
        if wrong.0.is_empty() {
            return Ok(());
        }
        wrong.0.push(format!("answer: {}", answer.text()));
        Err(wrong.0)
    }

    fn request(&self, rig: &Rig, trace: &str) -> Request<Body> {
        let mut request = Request::post(self.path).header("x-portkey-api-key", self.key);
        request = request.header("x-portkey-trace-id", trace);
        if !self.config.is_empty() {
            request = request.header("x-portkey-config", rig.addressed(&self.written()));
        }
        for (name, value) in self.headers {
            request = request.header(*name, rig.addressed(value));
        }
        if !self.headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        request.body(Body::from(self.body)).expect("a request")
    }

    fn compare(&self, answer: &Answer, seen: &[Seen], waited: i64, wrong: &mut Wrong) {
        let gives = Gives::read(self.gives);
        wrong.unless("status", answer.status.as_u16(), gives.status);
        wrong.unless("asked", asked(seen).as_str(), self.seen);
        let more = if gives.about { waited - gives.waited } else { 0 };
        wrong.unless("waited", waited, gives.waited + more.clamp(0, LITTLE));
        if let Some(target) = gives.target {
            wrong.unless("target", answer.header("x-portkey-last-used-option-index"), target);
            wrong.unless("retries", answer.header("x-portkey-retry-attempt-count"), gives.retries);
            wrong.unless("cache", answer.header("x-portkey-cache-status"), gives.cache);
            if gives.status < 300 {
                let last = seen.last().map_or("", |seen| seen.slug.as_str());
                let vendor = gives.provider.unwrap_or(if last == "gamma" { "groq" } else { "openai" });
                wrong.unless("provider", answer.header("x-portkey-provider"), vendor);
            }
        }
        let text = answer.text();
        if !text.contains(self.says) {
            wrong.0.push(format!("it does not say {:?}", self.says));
        }
        if answer.header("content-type") == "text/event-stream" {
            let errors = text.lines().filter(|line| line.starts_with(r#"data: {"#) && line.contains(r#""error":"#));
            wrong.unless("error events", errors.count(), gives.errors);
            wrong.unless("unfinished", gives.errors == 0 && !text.contains("data: [DONE]"), false);
        }
        let Some(last) = seen.last() else { return };
        if !self.sent.is_empty() {
            wrong.unless("sent", String::from_utf8_lossy(&last.body).as_ref(), self.sent);
        }
        for (name, value) in self.sent_headers {
            let got = last.headers.get(*name).map_or("", |value| value.to_str().unwrap_or("?"));
            wrong.unless(name, got, *value);
        }
    }

    /// Exactly one row tells of the call, with the status that the caller got.
    async fn compare_log(&self, rig: &Rig, trace: &str, answer: &Answer, wrong: &mut Wrong) {
        let list = rig.send(crate::rig::get(&format!("/v1/logs?trace_id={trace}"))).await.json();
        let rows = list["data"].as_array().cloned().unwrap_or_default();
        wrong.unless("log rows", rows.len(), 1);
        let metrics = rows.first().map(|row| row["metrics"].clone()).unwrap_or_default();
        wrong.unless("logged status", &metrics["response_status_code"], &Value::from(answer.status.as_u16()));
        wrong.unless("logged id", metrics["id"].as_str().unwrap_or_default(), answer.header("x-portkey-request-id"));
    }
}

#[derive(Default)]
struct Wrong(Vec<String>);

impl Wrong {
    #[expect(clippy::needless_pass_by_value, reason = "rows compare what they have just made")]
    fn unless<T: PartialEq + Debug>(&mut self, what: &str, got: T, wanted: T) {
        if got != wanted {
            self.0.push(format!("{what}: {got:?}, wanted {wanted:?}"));
        }
    }
}

/// What a row says of the answer.
struct Gives {
    status: u16,
    target: Option<&'static str>,
    retries: &'static str,
    cache: &'static str,
    provider: Option<&'static str>,
    waited: i64,
    about: bool,
    errors: usize,
}

impl Gives {
    fn read(text: &'static str) -> Self {
        let mut gives = Self {
            status: 0,
            target: None,
            retries: "0",
            cache: "DISABLED",
            provider: None,
            waited: 0,
            about: false,
            errors: 0,
        };
        for word in text.split(' ') {
            match word.split_once('=') {
                Some(("retries", count)) => gives.retries = count,
                Some(("cache", status)) => gives.cache = status,
                Some(("provider", vendor)) => gives.provider = Some(vendor),
                Some((word @ ("waited" | "waited~"), millis)) => {
                    gives.about = word == "waited~";
                    gives.waited = millis.parse().expect("milliseconds");
                }
                Some(("errors", count)) => gives.errors = count.parse().expect("a number"),
                _ if word.starts_with("config") => gives.target = Some(word),
                _ => gives.status = word.parse().expect("a status"),
            }
        }
        gives
    }
}

fn waited(clock: &Clock, before: i64) -> i64 {
    clock.now() - before
}

fn asked(seen: &[Seen]) -> String {
    let one = |seen: &Seen| {
        let body: Value = serde_json::from_slice(&seen.body).unwrap_or_default();
        match body["model"].as_str() {
            None | Some(MODEL) => seen.slug.clone(),
            Some(model) => format!("{}={model}", seen.slug),
        }
    };
    seen.iter().map(one).collect::<Vec<_>>().join(" ")
}
