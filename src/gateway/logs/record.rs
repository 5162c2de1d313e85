//! One call as the contract's log record (§6.1): money in cents, times in milliseconds.

use super::said::Said;
use crate::journal::frame::Frame;
use crate::store::calls::{Call, CallFile};
use crate::wire::chat::assemble;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use std::collections::BTreeMap;

type Raw = Option<Box<RawValue>>;
type Headers = BTreeMap<String, String>;

/// A log record. Bodies that are JSON are embedded as they were, others as text; `null` where none was kept.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    #[serde(rename = "_id")]
    id: String,
    #[serde(rename = "organisation_id")]
    organisation_id: String,
    #[serde(rename = "created_at")]
    created_at: String,
    request: Request,
    response: Response,
    /// What the caller sent.
    final_untransformed_request: Body,
    /// What went upstream.
    transformed_request: Sent,
    /// What upstream said; the text of its events for a stream.
    original_response: Body,
    metrics: Metrics,
    /// What was said of its trace.
    feedback: Vec<Said>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    url: String,
    method: String,
    headers: Headers,
    body: Raw,
    portkey_headers: Headers,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    status: u16,
    headers: Headers,
    /// Of a stream, the completion put together.
    body: Raw,
    response_time: u64,
    last_used_option_json_path: String,
}

#[derive(Debug, Serialize)]
struct Body {
    body: Raw,
}

#[derive(Debug, Serialize)]
struct Sent {
    url: Option<String>,
    headers: Headers,
    body: Raw,
}

/// The contract's figures; those that are not measured are `null`. The last six are additions.
#[derive(Debug, Serialize)]
struct Metrics {
    id: String,
    organisation_id: String,
    organisation_name: String,
    workspace_slug: String,
    created_at: String,
    ai_org: String,
    ai_model: String,
    req_units: u64,
    res_units: u64,
    total_units: u64,
    /// Cents; `null` where no price is known.
    cost: Raw,
    cost_currency: &'static str,
    request_url: String,
    request_method: String,
    response_status_code: u16,
    is_success: bool,
    response_time: u64,
    request_parsing_time: Raw,
    pre_processing_time: Raw,
    cache_processing_time: Raw,
    response_parsing_time: Raw,
    gateway_processing_time: Raw,
    upstream_response_time: Raw,
    cache_status: String,
    cache_type: Option<String>,
    stream_mode: u8,
    is_proxy_call: bool,
    retry_success_count: u32,
    last_used_option_index: u32,
    mode: String,
    trace_id: String,
    internal_trace_id: String,
    span_id: String,
    span_name: String,
    parent_span_id: Option<String>,
    virtual_key: String,
    config: Option<String>,
    config_id: Option<String>,
    config_version_id: Option<String>,
    prompt_id: Option<String>,
    prompt_version_id: Option<String>,
    prompt_slug: Option<String>,
    api_key_id: String,
    #[serde(rename = "metadata.key")]
    metadata_key: Vec<String>,
    #[serde(rename = "metadata.value")]
    metadata_value: Vec<String>,
    source: &'static str,
    runtime: Option<String>,
    runtime_version: Option<String>,
    sdk_version: Option<String>,
    log_store_file_path_format: Option<String>,
    time_to_first_token: Option<u64>,
    cached_tokens: u64,
    reasoning_tokens: u64,
    tokens_estimated: bool,
    outcome: String,
    error: Option<String>,
}

impl Record {
    pub fn of(file: CallFile) -> Self {
        let frame = frame(&file);
        Self::with(file, &frame)
    }

    fn with(file: CallFile, frame: &Frame) -> Self {
        let call = file.call;
        let sent_to = file.attempts.into_iter().last().map(|attempt| attempt.url);
        let said = embed(&frame.response_body);
        let whole = assemble(&frame.response_body).filter(|_| call.stream);
        let answer = whole.and_then(|whole| to_raw_value(&whole).ok()).or_else(|| said.clone());
        Self {
            id: call.id.clone(),
            organisation_id: call.workspace.clone(),
            created_at: iso(call.at),
            request: Request {
                url: call.path.clone(),
                method: call.method.clone(),
                portkey_headers: headers(&frame.request_headers, |name| name.starts_with("x-portkey-")),
                headers: headers(&frame.request_headers, |_| true),
                body: embed(&frame.request_body),
            },
            response: Response {
                status: call.status,
                headers: headers(&frame.response_headers, |_| true),
                body: answer,
                response_time: rounded_ms(call.latency_us),
                last_used_option_json_path: call.target.clone(),
            },
            final_untransformed_request: Body { body: embed(&frame.request_body) },
            transformed_request: Sent {
                url: sent_to,
                headers: headers(&frame.sent_headers, |_| true),
                body: embed(&frame.sent_body),
            },
            original_response: Body { body: said },
            metrics: Metrics::of(call),
            feedback: file.feedback.into_iter().map(Said::from).collect(),
        }
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    /// Bytes of the bodies embedded.
    pub(super) fn size(&self) -> usize {
        let bodies = [
            &self.request.body,
            &self.response.body,
            &self.final_untransformed_request.body,
            &self.transformed_request.body,
            &self.original_response.body,
        ];
        bodies.into_iter().flatten().map(|body| body.get().len()).sum()
    }
}

impl Metrics {
    fn of(call: Call) -> Self {
        let metadata: BTreeMap<String, String> = serde_json::from_str(&call.metadata).unwrap_or_default();
        let (metadata_key, metadata_value) = metadata.into_iter().unzip();
        let mut caller: BTreeMap<String, Option<String>> = serde_json::from_str(&call.runtime).unwrap_or_default();
        Self {
            is_success: call.outcome == "finished" && (200..300).contains(&call.status),
            ai_model: if call.model_served.is_empty() { call.model_asked } else { call.model_served },
            total_units: call.tokens_in + call.tokens_out,
            cost: call.cost.and_then(cents),
            gateway_processing_time: micros(call.overhead_us),
            upstream_response_time: micros(call.latency_us.saturating_sub(call.overhead_us)),
            last_used_option_index: option_index(&call.target),
            cache_type: (call.cache_status == "HIT").then(|| "simple".to_owned()),
            runtime: caller.remove("runtime").flatten(),
            runtime_version: caller.remove("runtime_version").flatten(),
            sdk_version: caller.remove("sdk_version").flatten(),
            id: call.id.clone(),
            internal_trace_id: call.id,
            organisation_id: call.workspace.clone(),
            organisation_name: call.workspace.clone(),
            workspace_slug: call.workspace,
            created_at: iso(call.at),
            ai_org: call.vendor,
            req_units: call.tokens_in,
            res_units: call.tokens_out,
            cost_currency: "USD",
            request_url: call.path,
            request_method: call.method,
            response_status_code: call.status,
            response_time: rounded_ms(call.latency_us),
            request_parsing_time: None,
            pre_processing_time: None,
            cache_processing_time: None,
            response_parsing_time: None,
            cache_status: call.cache_status,
            stream_mode: u8::from(call.stream),
            is_proxy_call: call.kind == "proxy",
            retry_success_count: call.retries,
            mode: call.mode,
            trace_id: call.trace_id,
            span_id: call.span_id,
            span_name: call.span_name,
            parent_span_id: call.parent_span_id,
            virtual_key: call.provider,
            config_id: call.config.clone(),
            config: call.config,
            config_version_id: call.config_version,
            prompt_id: None,
            prompt_version_id: None,
            prompt_slug: None,
            api_key_id: call.key_id,
            metadata_key,
            metadata_value,
            source: "gateway",
            log_store_file_path_format: None,
            time_to_first_token: call.first_token_us.map(rounded_ms),
            cached_tokens: call.tokens_cached,
            reasoning_tokens: call.tokens_reasoning,
            tokens_estimated: call.tokens_estimated,
            outcome: call.outcome,
            error: call.error,
        }
    }
}

fn frame(file: &CallFile) -> Frame {
    let Some(frame) = &file.frame else { return Frame::default() };
    Frame::decode(frame).unwrap_or_else(|error| {
        tracing::error!(call = %file.call.id, %error, "the kept bodies cannot be read");
        Frame::default()
    })
}

fn embed(body: &[u8]) -> Raw {
    if body.is_empty() {
        return None;
    }
    serde_json::from_slice(body).ok().or_else(|| to_raw_value(&String::from_utf8_lossy(body)).ok())
}

/// A name sent twice holds both values, joined as HTTP allows.
fn headers(pairs: &[(String, String)], keep: impl Fn(&str) -> bool) -> Headers {
    let mut headers = Headers::new();
    for (name, value) in pairs.iter().filter(|(name, _)| keep(name)) {
        headers
            .entry(name.clone())
            .and_modify(|held| *held = format!("{held}, {value}"))
            .or_insert_with(|| value.clone());
    }
    headers
}

/// UTC to the millisecond, such as `2026-11-24T12:00:00.000Z`.
pub(in crate::gateway) fn iso(millis: i64) -> String {
    jiff::Timestamp::from_millisecond(millis).map_or_else(|_| String::new(), |time| format!("{time:.3}"))
}

fn rounded_ms(micros: u64) -> u64 {
    (micros + 500) / 1000
}

fn micros(micros: u64) -> Raw {
    i64::try_from(micros).ok().and_then(|micros| decimal(micros, 3))
}

/// Nano-dollars as the contract's cents.
pub(in crate::gateway) fn cents(nanos: i64) -> Raw {
    decimal(nanos, 7)
}

/// An exact JSON number: `decimal(7_670_000, 7)` is 0.767.
fn decimal(figure: i64, places: usize) -> Raw {
    let sign = if figure < 0 { "-" } else { "" };
    let digits = format!("{:0width$}", figure.unsigned_abs(), width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    RawValue::from_string(format!("{sign}{whole}{point}{fraction}")).ok()
}

/// `config.targets[1]` is option 1, a call without targets option 0.
fn option_index(target: &str) -> u32 {
    let inner = target.rsplit_once('[').and_then(|(_, rest)| rest.split_once(']'));
    inner.and_then(|(index, _)| index.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::calls::seed::{Seed, journal};

    #[tokio::test]
    async fn a_record_reads_as_the_contract_has_it() {
        let (store, _folder) = journal().await;
        let id = Seed { metadata: r#"{"_user":"ada","env":"prod"}"#, ..Seed::default() }.plant(&store).await;
        let file = store.call("default", &id).await.unwrap().unwrap();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let frame = Frame {
            request_headers: vec![pair("accept", "a"), pair("accept", "b"), pair("x-portkey-trace-id", "t-0")],
            request_body: r#"{"model":"@cerebras/gpt-oss-120b","messages":[]}"#.into(),
            sent_body: r#"{"model":"gpt-oss-120b","messages":[]}"#.into(),
            response_headers: vec![pair("content-type", "application/json")],
            response_body: r#"{"id":"c-1","choices":[]}"#.into(),
            ..Frame::default()
        };
        let text = serde_json::to_string_pretty(&Record::with(file, &frame)).unwrap();
        assert_eq!(text, include_str!("../../tests/logs/record.json").trim_end());
    }

    #[test]
    fn money_and_times_are_exact_numbers() {
        for (figure, places, expected) in
            [(7_670_000, 7, "0.767"), (0, 7, "0"), (1, 7, "0.0000001"), (120_000_000, 7, "12"), (-5, 1, "-0.5")]
        {
            assert_eq!(decimal(figure, places).unwrap().get(), expected);
        }
    }

    #[test]
    fn a_body_is_embedded_as_json_or_as_text() {
        for (body, expected) in
            [(r#"{"b":1,"a":2}"#, Some(r#"{"b":1,"a":2}"#)), ("data: x\n", Some(r#""data: x\n""#)), ("", None)]
        {
            assert_eq!(embed(body.as_bytes()).as_ref().map(|raw| raw.get()), expected);
        }
    }

    #[test]
    fn the_option_used_is_the_last_index_of_its_path() {
        for (path, index) in [("config", 0), ("config.targets[1]", 1), ("config.targets[1].targets[2]", 2)] {
            assert_eq!(option_index(path), index, "{path}");
        }
    }
}
