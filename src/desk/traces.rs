//! Traces as the console shows them.

mod tree;

use crate::desk::Seat;
use crate::desk::logs::{filter, window};
use crate::store::calls::Cursor;
use crate::store::traces::{TraceSearch, TraceSum};
use app::backend::{Answer, TraceDesk};
use app::failure::Failure;
use app::model::money::Nanos;
use app::model::trace::{Health, TraceDetail, TracePage, TraceQuery, TraceRow};
use async_trait::async_trait;

/// Traces on one page.
const PAGE: u32 = 40;

#[async_trait]
impl TraceDesk for Seat {
    async fn traces(&self, query: TraceQuery) -> Answer<TracePage> {
        let (store, workspace) = (&self.house.store, self.workspace());
        let calls = &query.calls;
        let mut filter = filter(store, workspace, calls, window(calls.range, self.now())).await?;
        filter.span_name = query.name;
        let cursor = calls.before.as_deref().map_or(Cursor::Newest, Cursor::Before);
        let search = TraceSearch { workspace, filter: &filter, many: query.many };
        let found = store.trace_heads(search, cursor, PAGE).await?;
        let mut rows = Vec::with_capacity(found.heads.len());
        for head in found.heads {
            let sum = store.trace_sum(workspace, &head.trace).await?;
            rows.extend(sum.map(|sum| row(head.trace, sum)));
        }
        Ok(TracePage { rows, older: found.older, paused: found.paused })
    }

    async fn trace(&self, id: String) -> Answer<TraceDetail> {
        let (store, workspace) = (&self.house.store, self.workspace());
        let calls = store.trace_calls(workspace, &id).await?;
        let (sum, attempts) = tokio::try_join!(store.trace_sum(workspace, &id), store.trace_attempts(workspace, &id))?;
        let sum = sum.ok_or_else(|| {
            Failure::Missing(
                "No call with this trace id is in the journal. It may have been removed, or the link is wrong.".into(),
            )
        })?;
        let user = calls.iter().find_map(|call| tree::user(&call.metadata));
        let spans = tree::spans(&calls, &attempts, sum.at);
        Ok(TraceDetail { row: row(id, sum), user, spans })
    }
}

fn row(trace: String, sum: TraceSum) -> TraceRow {
    let health = match sum {
        TraceSum { failed: true, .. } => Health::Failed,
        TraceSum { refused: true, .. } => Health::Refused,
        _ => Health::Good,
    };
    TraceRow {
        trace,
        name: sum.name,
        at: sum.at,
        duration_us: u64::try_from(sum.ended - sum.at * 1_000).unwrap_or(0),
        spans: sum.spans,
        cut: sum.spans >= TraceSum::MOST,
        cost: Nanos(sum.cost),
        unpriced: sum.unpriced,
        tokens_in: sum.tokens_in,
        tokens_out: sum.tokens_out,
        health,
    }
}
