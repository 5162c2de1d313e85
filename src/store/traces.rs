//! Traces: calls that share an id. Lists read the newest calls in slices, so that no page costs a scan of the journal.

use crate::store::calls::{CallFilter, Cursor, EVERY, Ids};
use crate::store::{Store, Stored};
use sqlx::QueryBuilder;
use std::ops::Bound;

/// Calls that a page looks at before it pauses, in steps: the first is enough for most, a narrow filter takes all.
const SLICES: [i64; 4] = [1_000, 10_000, 40_000, 150_000];
/// Calls of one trace that are added up.
const MOST_COUNTED: i64 = 5_000;
/// Calls of one trace that are drawn.
const MOST_DRAWN: i64 = 1_000;
/// Letters of a UUID.
const ID: i64 = 36;

/// Which traces are meant.
#[derive(Clone, Copy, Debug)]
pub struct TraceSearch<'a> {
    pub workspace: &'a str,
    /// One of the trace's calls passes.
    pub filter: &'a CallFilter,
    /// Only traces of several calls.
    pub many: bool,
}

/// A trace that was found, at its newest call that passes the filter.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct TraceHead {
    pub trace: String,
    /// Id of that call.
    pub call: String,
}

/// Traces, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceHeads {
    pub heads: Vec<TraceHead>,
    /// The call after which the next page goes on; `None`: the range is at its end.
    pub older: Option<String>,
    /// The page is not full: the search was paused.
    pub paused: bool,
}

/// What the calls of a trace add up to.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct TraceSum {
    /// At most [`TraceSum::MOST`].
    pub spans: u64,
    /// Start of the first call, milliseconds.
    pub at: i64,
    /// End of the last, microseconds since 1970.
    pub ended: i64,
    /// Nano-dollars of the priced calls.
    pub cost: i64,
    pub unpriced: u64,
    pub tokens_in: u64,
    pub tokens_out: u64,
    /// Some call failed, was interrupted or broke off.
    pub failed: bool,
    /// Some call was refused, or its caller left.
    pub refused: bool,
    /// Name of the first span without a parent, else of the first.
    pub name: String,
}

/// A call as a span.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct TraceCall {
    pub id: String,
    pub at: i64,
    pub span_id: String,
    pub parent_span_id: Option<String>,
    pub span_name: String,
    pub status: u16,
    pub outcome: String,
    pub vendor: String,
    pub model_asked: String,
    pub model_served: String,
    pub tokens_in: u64,
    pub tokens_out: u64,
    pub cost: Option<i64>,
    pub latency_us: u64,
    pub cache_status: String,
    /// JSON object of text.
    pub metadata: String,
}

/// An attempt of a call of the trace.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct TraceAttempt {
    pub call: String,
    pub number: u32,
    pub vendor: String,
    pub model: String,
    pub target: String,
    pub status: u16,
    pub started_us: u64,
    pub latency_us: u64,
    pub tokens_in: u64,
    pub tokens_out: u64,
    pub cost: Option<i64>,
    pub retry: u32,
}

impl TraceSum {
    pub const MOST: u64 = MOST_COUNTED.unsigned_abs();
}

impl Store {
    /// Traces by their newest call that passes.
    pub async fn trace_heads(&self, search: TraceSearch<'_>, cursor: Cursor<'_>, limit: u32) -> Stored<TraceHeads> {
        self.by_trace().await;
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut found = TraceHeads::default();
        let mut from = match cursor {
            Cursor::Before(id) => Some(id.to_owned()),
            Cursor::Newest | Cursor::After(_) => None,
        };
        for slice in SLICES {
            let floor = self.floor(search, from.as_deref(), slice).await?;
            let lower = floor.as_deref().map_or(Bound::Unbounded, Bound::Included);
            let span = (lower, from.as_deref().map_or(Bound::Unbounded, Bound::Excluded));
            let left = i64::from(limit) + 1 - i64::try_from(found.heads.len()).unwrap_or(0);
            found.heads.extend(self.heads_within(search, span, left).await?);
            if found.heads.len() > most {
                found.heads.truncate(most);
                found.older = found.heads.last().map(|head| head.call.clone());
                return Ok(found);
            }
            if floor.is_none() {
                return Ok(found);
            }
            from = floor;
        }
        Ok(TraceHeads { older: from, paused: true, ..found })
    }

    /// Adds a trace up, as [`Store::trace_heads`] and [`Store::trace_calls`] found it; `None` where the workspace has none.
    pub async fn trace_sum(&self, workspace: &str, trace: &str) -> Stored<Option<TraceSum>> {
        let sum = sqlx::query_as(
            "SELECT count(*) AS spans, min(at) AS at, max(at * 1000 + latency_us) AS ended, \
                    coalesce(sum(cost), 0) AS cost, sum(cost IS NULL AND tokens_in + tokens_out > 0) AS unpriced, \
                    sum(tokens_in) AS tokens_in, sum(tokens_out) AS tokens_out, \
                    max(status >= 500 OR status = 0 OR (status < 400 AND outcome IN ('failed', 'interrupted'))) AS failed, \
                    max(status BETWEEN 400 AND 499 OR outcome = 'cancelled') AS refused, \
                    substr(min((parent_span_id IS NOT NULL) || id || span_name), 2 + $4) AS name \
             FROM (SELECT id, at, latency_us, cost, tokens_in, tokens_out, status, outcome, parent_span_id, span_name \
                   FROM traced WHERE trace_id = $1 AND workspace = $2 ORDER BY id LIMIT $3) HAVING count(*) > 0",
        );
        let sum = sum.bind(trace).bind(workspace).bind(MOST_COUNTED).bind(ID);
        Ok(sum.fetch_optional(&self.journal.read).await?)
    }

    /// The first calls of a trace, oldest first.
    pub async fn trace_calls(&self, workspace: &str, trace: &str) -> Stored<Vec<TraceCall>> {
        let calls = sqlx::query_as(
            "SELECT id, at, span_id, parent_span_id, span_name, status, outcome, vendor, model_asked, model_served, \
                    tokens_in, tokens_out, cost, latency_us, cache_status, metadata \
             FROM traced WHERE trace_id = $1 AND workspace = $2 ORDER BY id LIMIT $3",
        );
        Ok(calls.bind(trace).bind(workspace).bind(MOST_DRAWN).fetch_all(self.by_trace().await).await?)
    }

    /// The attempts of those calls, in the order of call and number.
    pub async fn trace_attempts(&self, workspace: &str, trace: &str) -> Stored<Vec<TraceAttempt>> {
        let attempts = sqlx::query_as(
            "SELECT call, number, vendor, model, target, status, started_us, latency_us, tokens_in, tokens_out, cost, retry \
             FROM attempts WHERE call IN (SELECT id FROM traced WHERE trace_id = $1 AND workspace = $2 ORDER BY id LIMIT $3) \
             ORDER BY call, number",
        );
        Ok(attempts.bind(trace).bind(workspace).bind(MOST_DRAWN).fetch_all(&self.journal.read).await?)
    }

    /// The id `count` calls further back; `None` where the range ends before.
    async fn floor(&self, search: TraceSearch<'_>, from: Option<&str>, count: i64) -> Stored<Option<String>> {
        let TraceSearch { workspace, filter, .. } = search;
        let span = CallFilter { from: filter.from, until: filter.until, ..CallFilter::default() };
        let mut sql = QueryBuilder::new("SELECT id FROM calls");
        let older = from.map_or(Bound::Unbounded, Bound::Excluded);
        span.where_calls(&mut sql, workspace, (Bound::Unbounded, older));
        sql.push(" ORDER BY id DESC LIMIT 1 OFFSET ").push_bind(count - 1);
        Ok(sql.build_query_scalar().fetch_optional(&self.journal.read).await?)
    }

    /// A call stands for its trace where no newer one passes: two looks by trace each. One that is not indexed yet is not
    /// found, or its trace would be found twice.
    async fn heads_within(&self, search: TraceSearch<'_>, ids: Ids<'_>, limit: i64) -> Stored<Vec<TraceHead>> {
        let TraceSearch { workspace, filter, many } = search;
        // A newer call need not be told that it is within the range's start.
        let newer = CallFilter { from: None, ..filter.clone() };
        let mut sql = QueryBuilder::new("SELECT c.trace_id AS trace, c.id AS call FROM ");
        sql.push(filter.table()).push(" AS c");
        filter.where_calls(&mut sql, workspace, ids);
        sql.push(" AND (trace_id = id OR EXISTS (SELECT 1 FROM trace_calls AS t WHERE t.trace_id = c.trace_id AND t.id = c.id))");
        sql.push(" AND NOT EXISTS (SELECT 1 FROM traced AS n");
        newer.where_calls(&mut sql, workspace, EVERY);
        sql.push(" AND trace_id = c.trace_id AND id > c.id)");
        if many {
            sql.push(" AND EXISTS (SELECT 1 FROM traced AS n WHERE trace_id = c.trace_id");
            sql.push(" AND id <> c.id AND workspace = ").push_bind(workspace).push(")");
        }
        sql.push(" ORDER BY id DESC LIMIT ").push_bind(limit);
        Ok(sql.build_query_as().fetch_all(&self.journal.read).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::calls::Statuses;
    use crate::store::calls::seed::{AT, Seed, journal};
    use sqlx::Row;

    async fn found(store: &Store, filter: &CallFilter, many: bool, cursor: Cursor<'_>, limit: u32) -> TraceHeads {
        store.trace_heads(TraceSearch { workspace: "default", filter, many }, cursor, limit).await.unwrap()
    }

    fn names(found: &TraceHeads) -> Vec<&str> {
        found.heads.iter().map(|head| head.trace.as_str()).collect()
    }

    #[tokio::test]
    async fn a_trace_is_listed_once_at_its_newest_call_and_pages_join() {
        let (store, _folder) = journal().await;
        for (after, trace) in [(0, "a"), (1, "b"), (2, "a"), (3, "c"), (4, "b"), (5, "d")] {
            Seed { at: AT + after, trace, ..Seed::default() }.plant(&store).await;
        }
        Seed { at: AT + 9, trace: "a", workspace: "other", ..Seed::default() }.plant(&store).await;
        let all = CallFilter::default();
        let first = found(&store, &all, false, Cursor::Newest, 2).await;
        assert_eq!((names(&first), first.paused), (vec!["d", "b"], false));
        let rest = found(&store, &all, false, Cursor::Before(first.older.as_deref().unwrap()), 2).await;
        assert_eq!((names(&rest), rest.older.as_deref()), (vec!["c", "a"], None));
        assert_eq!(names(&found(&store, &all, true, Cursor::Newest, 9).await), ["b", "a"]);
        let early = CallFilter { until: Some(AT + 3), ..CallFilter::default() };
        assert_eq!(names(&found(&store, &early, false, Cursor::Newest, 9).await), ["a", "b"]);
    }

    #[tokio::test]
    async fn a_call_without_a_trace_is_its_own_and_others_may_join_it() {
        let (store, _folder) = journal().await;
        let own: &'static str = Seed { trace: "", ..Seed::default() }.plant(&store).await.leak();
        let other = Seed { at: AT + 2, trace: "", ..Seed::default() }.plant(&store).await;
        // Logs may be sent of what came before.
        for at in [AT - 5, AT + 1] {
            Seed { at, trace: own, ..Seed::default() }.plant(&store).await;
        }
        let all = CallFilter::default();
        assert_eq!(names(&found(&store, &all, false, Cursor::Newest, 9).await), [&other, own]);
        assert_eq!(names(&found(&store, &all, true, Cursor::Newest, 9).await), [own]);
        assert_eq!(store.trace_sum("default", own).await.unwrap().map(|sum| sum.spans), Some(3));
        assert_eq!(store.trace_calls("default", &other).await.unwrap().len(), 1);
        for (trace, calls) in [(own, 3), (&other, 1), ("t-0", 0)] {
            let filter = CallFilter { trace: Some(trace.into()), ..CallFilter::default() };
            let page = store.list_calls("default", &filter, Cursor::Newest, 9).await.unwrap();
            assert_eq!(page.calls.len(), calls, "{trace}");
        }
    }

    #[tokio::test]
    async fn what_is_asked_by_trace_reads_no_other_calls() {
        let (store, _folder) = journal().await;
        for query in [
            "SELECT id, at FROM traced WHERE trace_id = $1 ORDER BY id LIMIT 9",
            "SELECT at FROM calls WHERE id IN (SELECT id FROM traced WHERE trace_id IN (SELECT trace_id FROM feedback))",
            "SELECT value FROM feedback AS f WHERE NOT EXISTS (SELECT 1 FROM traced WHERE trace_id = f.trace_id AND id > $1)",
        ] {
            let plan =
                sqlx::query(&format!("EXPLAIN QUERY PLAN {query}")).fetch_all(&store.journal.read).await.unwrap();
            let steps = plan.iter().map(|row| row.get::<String, _>("detail")).collect::<Vec<_>>();
            // What the view calls its tables.
            let scans = |step: &String| ["SCAN calls", "SCAN c", "SCAN t"].iter().any(|scan| step.starts_with(scan));
            assert!(!steps.iter().any(scans), "{query}: {steps:?}");
        }
    }

    #[tokio::test]
    async fn a_trace_is_found_by_a_call_that_is_not_its_newest() {
        let (store, _folder) = journal().await;
        Seed { trace: "a", status: 500, ..Seed::default() }.plant(&store).await;
        Seed { at: AT + 1, trace: "b", ..Seed::default() }.plant(&store).await;
        Seed { at: AT + 2, trace: "a", ..Seed::default() }.plant(&store).await;
        let errors = CallFilter { statuses: vec![Statuses::Errors], ..CallFilter::default() };
        assert_eq!(names(&found(&store, &errors, false, Cursor::Newest, 9).await), ["a"]);
        let named = CallFilter { span_name: Some("chat".into()), ..CallFilter::default() };
        assert_eq!(names(&found(&store, &named, false, Cursor::Newest, 9).await), ["a", "b"]);
        let other = CallFilter { span_name: Some("embed".into()), ..CallFilter::default() };
        assert_eq!(found(&store, &other, false, Cursor::Newest, 9).await, TraceHeads::default());
    }

    #[tokio::test]
    async fn a_narrow_search_goes_through_every_slice() {
        let (store, _folder) = journal().await;
        Seed { at: AT - 1, trace: "needle", model: "slow-7", ..Seed::default() }.plant(&store).await;
        Seed::default().crowd(&store, 12_000, 3).await;
        let narrow = CallFilter { models: vec!["slow-7".into()], ..CallFilter::default() };
        let hit = found(&store, &narrow, false, Cursor::Newest, 9).await;
        assert_eq!((names(&hit), hit.older.is_none(), hit.paused), (vec!["needle"], true, false));
        let mut cursor = None::<String>;
        let mut seen = 0;
        loop {
            let from = cursor.as_deref().map_or(Cursor::Newest, Cursor::Before);
            let page = found(&store, &CallFilter::default(), true, from, 500).await;
            seen += page.heads.len();
            let Some(older) = page.older else { break };
            cursor = Some(older);
        }
        assert_eq!(seen, 4_000, "each trace of three calls once");
    }

    #[tokio::test]
    async fn a_trace_adds_up_and_is_named_by_its_root() {
        let (store, _folder) = journal().await;
        Seed { span: "s-2", parent: Some("s-1"), name: "plan", cost: None, ..Seed::default() }.plant(&store).await;
        Seed { at: AT + 5, name: "support.answer", status: 429, ..Seed::default() }.plant(&store).await;
        let sum = store.trace_sum("default", "t-0").await.unwrap().unwrap();
        assert_eq!((sum.name.as_str(), sum.spans, sum.at), ("support.answer", 2, AT));
        assert_eq!(sum.ended, (AT + 5) * 1_000 + 2_810_000);
        assert_eq!((sum.cost, sum.unpriced, sum.tokens_in, sum.tokens_out), (7_670_000, 1, 5_836, 804));
        assert_eq!((sum.failed, sum.refused), (false, true));
        assert_eq!(store.trace_sum("other", "t-0").await.unwrap(), None);
        assert_eq!(store.trace_calls("default", "t-0").await.unwrap().len(), 2);
        let attempts = store.trace_attempts("default", "t-0").await.unwrap();
        assert_eq!(attempts.iter().map(|attempt| attempt.tokens_in).sum::<u64>(), 5_836);
    }
}
