//! One call, opened.

use super::explain::explain;
use super::pretty::readable;
use super::{row, tile};
use crate::journal::frame::Frame;
use crate::store::Store;
use crate::store::calls::{Attempt, CallFile, CallFilter};
use crate::wire::chat::turns;
use app::backend::Answer;
use app::failure::Failure;
use app::model::log::{AttemptRow, LogDetail};
use app::model::money::Nanos;
use std::collections::BTreeMap;

pub(super) async fn detail(store: &Store, workspace: &str, id: &str, filter: &CallFilter) -> Answer<LogDetail> {
    let file = store.call(workspace, id).await?;
    let file = file.ok_or_else(|| {
        Failure::Missing(
            "No call with this id is in the journal. It may have been removed, or the link is wrong.".into(),
        )
    })?;
    let neighbours = store.neighbours(workspace, filter, id).await?;
    let frame = open(&file);
    Ok(lay_out(file, frame, neighbours))
}

/// What was kept of headers and bodies; a frame that cannot be read is shown as none, and said in the server's log.
fn open(file: &CallFile) -> Frame {
    let Some(frame) = &file.frame else { return Frame::default() };
    Frame::decode(frame).unwrap_or_else(|error| {
        tracing::error!(call = %file.call.id, %error, "the kept bodies cannot be read");
        Frame::default()
    })
}

fn lay_out(file: CallFile, frame: Frame, (newer, older): (Option<String>, Option<String>)) -> LogDetail {
    let explain = explain(&file, &frame);
    let call = file.call;
    LogDetail {
        explain,
        row: row(&call),
        turns: turns(&frame.request_body, &frame.response_body, call.stream),
        request_body: readable(&frame.request_body),
        sent_body: readable(&frame.sent_body).filter(|_| frame.sent_body != frame.request_body),
        response_body: readable(&frame.response_body),
        request_headers: frame.request_headers,
        response_headers: frame.response_headers,
        metadata: pairs(&call.metadata),
        cost_lines: call.price.as_deref().and_then(|price| serde_json::from_str(price).ok()).unwrap_or_default(),
        attempts: file.attempts.into_iter().map(attempt).collect(),
        method: call.method,
        path: call.path,
        error: call.error,
        tokens_cached: call.tokens_cached,
        tokens_reasoning: call.tokens_reasoning,
        overhead_us: call.overhead_us,
        trace_id: call.trace_id,
        span_id: call.span_id,
        parent_span_id: call.parent_span_id,
        span_name: call.span_name,
        key_id: call.key_id,
        config: call.config,
        config_version: call.config_version,
        newer,
        older,
    }
}

fn pairs(metadata: &str) -> Vec<(String, String)> {
    let pairs: BTreeMap<String, String> = serde_json::from_str(metadata).unwrap_or_default();
    pairs.into_iter().collect()
}

fn attempt(attempt: Attempt) -> AttemptRow {
    AttemptRow {
        number: attempt.number,
        tile: tile(&attempt.vendor),
        provider: attempt.provider,
        vendor: attempt.vendor,
        model: attempt.model,
        target: attempt.target,
        url: attempt.url,
        status: attempt.status,
        error: attempt.error,
        started_us: attempt.started_us,
        latency_us: attempt.latency_us,
        first_token_us: attempt.first_token_us,
        tokens_in: attempt.tokens_in,
        tokens_out: attempt.tokens_out,
        cost: attempt.cost.map(Nanos),
        waited_us: attempt.waited_us,
        retry: attempt.retry,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::calls::seed::{AT, Seed, journal};

    #[tokio::test]
    async fn an_opened_call_shows_its_arithmetic_and_its_neighbours() {
        let (store, _folder) = journal().await;
        let older = Seed::default().plant(&store).await;
        let id = Seed { at: AT + 1, metadata: r#"{"env":"prod"}"#, ..Seed::default() }.plant(&store).await;
        let detail = detail(&store, "default", &id, &CallFilter::default()).await.unwrap();
        assert_eq!((detail.newer, detail.older), (None, Some(older)));
        assert_eq!(detail.metadata, [("env".to_owned(), "prod".to_owned())]);
        assert_eq!(detail.cost_lines[0].cost, Nanos(1_021_300));
        assert_eq!(detail.attempts[0].tile.chars().count(), 2);
        assert_eq!(detail.request_body, None);
    }

    #[tokio::test]
    async fn an_unknown_call_says_what_may_have_happened() {
        let (store, _folder) = journal().await;
        let failure = detail(&store, "default", "none", &CallFilter::default()).await.unwrap_err();
        assert!(matches!(failure, Failure::Missing(_)));
    }
}
