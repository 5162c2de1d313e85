//! The index of calls by trace. Trace ids are random, so that each call that came into it at once would change a page of
//! its own: calls wait, and come into it by the thousand in its own order, so that many change the same page.
//!
//! What waits stands in `trace_fresh` too, in the transaction of its row, and is taken from there after a crash. Who asks
//! by trace has the writer bring in what waits first, and waits for that.

use crate::journal::record::Record;
use crate::store::calls::CallFilter;
use crate::store::{Store, Stored};
use sqlx::sqlite::{SqliteConnection, SqlitePool};
use sqlx::{Connection, QueryBuilder};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// Calls that wait until they are brought in unasked.
const MOST_WAITING: usize = 8_192;
/// Calls that come in by one transaction, so that the rows of others wait a millisecond.
const STRETCH: usize = 512;
/// How long a reader waits for the writer. What it has not brought in by then is not found.
const PATIENCE: Duration = Duration::from_secs(2);

/// What readers and the writer tell each other.
#[derive(Debug, Default)]
pub(in crate::store) struct TraceIndex {
    /// Calls with a trace that were committed.
    written: AtomicU64,
    /// How many those were when none of them waited.
    indexed: watch::Sender<u64>,
    wanted: Notify,
}

/// The writer's end: which calls wait.
#[derive(Debug)]
pub(in crate::store) struct Waiting {
    index: Arc<TraceIndex>,
    /// Trace and call, as they came.
    fresh: Vec<(String, String)>,
    /// The same in the order of the index, of which the last `left` are still to come in.
    run: Vec<(String, String)>,
    left: usize,
    /// Rows of `trace_fresh`, and which of them are in `run`.
    rows: i64,
    run_rows: i64,
}

impl TraceIndex {
    /// Returns once no call that is committed by now waits.
    async fn caught_up(&self) {
        let written = self.written.load(Ordering::Acquire);
        let mut indexed = self.indexed.subscribe();
        if *indexed.borrow_and_update() < written {
            self.wanted.notify_one();
            if tokio::time::timeout(PATIENCE, indexed.wait_for(|indexed| *indexed >= written)).await.is_err() {
                tracing::warn!("the index of traces is behind: the newest calls are not found by their trace");
            }
        }
    }
}

impl Store {
    /// Where to read what is asked by trace.
    pub(in crate::store) async fn by_trace(&self) -> &SqlitePool {
        self.trace_index.caught_up().await;
        &self.journal.read
    }

    /// Where to read the calls that a filter lets pass.
    pub(in crate::store) async fn calls_for(&self, filter: &CallFilter) -> &SqlitePool {
        if filter.asks_by_trace() { self.by_trace().await } else { &self.journal.read }
    }
}

impl Waiting {
    /// Brings in what an earlier writer left.
    pub(in crate::store) async fn open(index: &Arc<TraceIndex>, connection: &mut SqliteConnection) -> Stored<Self> {
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query(
            "INSERT OR IGNORE INTO trace_calls SELECT c.trace_id, c.id FROM trace_fresh AS f, json_each(f.calls) AS one \
             CROSS JOIN calls AS c ON c.id = one.value ORDER BY 1, 2",
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query("DELETE FROM trace_fresh").execute(&mut *transaction).await?;
        transaction.commit().await?;
        let waiting =
            Self { index: Arc::clone(index), fresh: Vec::new(), run: Vec::new(), left: 0, rows: 0, run_rows: 0 };
        waiting.none_waits();
        Ok(waiting)
    }

    /// The row of `trace_fresh` for these: its number, and the ids as JSON. `None`: each is its own trace.
    pub(in crate::store) fn row(&self, records: &[&Record]) -> Option<(i64, String)> {
        let ids = records.iter().filter(|record| is_traced(record)).map(|record| record.call.id.as_str());
        let ids = ids.collect::<Vec<_>>();
        (!ids.is_empty()).then(|| (self.rows + 1, serde_json::Value::from(ids).to_string()))
    }

    /// These are committed.
    pub(in crate::store) fn add(&mut self, records: &[&Record]) {
        let before = self.fresh.len();
        let traced = records.iter().filter(|record| is_traced(record)).map(|record| &record.call);
        self.fresh.extend(traced.map(|call| (call.trace_id.clone(), call.id.clone())));
        if self.fresh.len() > before {
            self.rows += 1;
            let added = u64::try_from(self.fresh.len() - before).unwrap_or(0);
            self.index.written.fetch_add(added, Ordering::Release);
        }
    }

    /// Returns when a reader waits.
    pub(in crate::store) async fn wanted(&self) {
        self.index.wanted.notified().await;
    }

    /// Brings in a stretch where one is due.
    pub(in crate::store) async fn bring_due(&mut self, connection: &mut SqliteConnection) -> Stored<()> {
        if self.left == 0 && self.fresh.len() >= MOST_WAITING {
            self.sort();
        }
        if self.left > 0 { self.bring(connection).await } else { Ok(()) }
    }

    /// Brings in all that waits.
    pub(in crate::store) async fn bring_all(&mut self, connection: &mut SqliteConnection) -> Stored<()> {
        while self.left > 0 || !self.fresh.is_empty() {
            if self.left == 0 {
                self.sort();
            }
            self.bring(connection).await?;
        }
        self.none_waits();
        Ok(())
    }

    fn sort(&mut self) {
        self.run = std::mem::take(&mut self.fresh);
        self.run.sort_unstable();
        self.left = self.run.len();
        self.run_rows = self.rows;
    }

    /// A stretch that fails is left to come in later.
    async fn bring(&mut self, connection: &mut SqliteConnection) -> Stored<()> {
        let from = self.run.len() - self.left;
        let stretch = &self.run[from..][..self.left.min(STRETCH)];
        let mut sql = QueryBuilder::new("INSERT OR IGNORE INTO trace_calls ");
        sql.push_values(stretch, |mut row, (trace, id)| {
            row.push_bind(trace).push_bind(id);
        });
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        // Few stretches are of other lengths, and none of them comes again soon.
        sql.build().persistent(stretch.len() == STRETCH).execute(&mut *transaction).await?;
        let left = self.left - stretch.len();
        if left == 0 {
            sqlx::query("DELETE FROM trace_fresh WHERE n <= $1").bind(self.run_rows).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        self.left = left;
        Ok(())
    }

    fn none_waits(&self) {
        self.index.indexed.send_replace(self.index.written.load(Ordering::Acquire));
    }
}

/// Adds calls to the index within a transaction of theirs.
pub(in crate::store) async fn index_at_once(connection: &mut SqliteConnection, records: &[&Record]) -> Stored<()> {
    let mut calls = records.iter().filter(|record| is_traced(record)).map(|record| &record.call).collect::<Vec<_>>();
    calls.sort_unstable_by(|a, b| (&a.trace_id, &a.id).cmp(&(&b.trace_id, &b.id)));
    for calls in calls.chunks(STRETCH) {
        let mut sql = QueryBuilder::new("INSERT OR IGNORE INTO trace_calls ");
        sql.push_values(calls, |mut row, call| {
            row.push_bind(&call.trace_id).push_bind(&call.id);
        });
        sql.build().persistent(calls.len() == STRETCH).execute(&mut *connection).await?;
    }
    Ok(())
}

fn is_traced(record: &Record) -> bool {
    record.call.trace_id != record.call.id
}

#[cfg(test)]
mod tests {
    use super::{MOST_WAITING, STRETCH};
    use crate::journal::record::{CallRow, Record};
    use crate::journal::rollup::Changes;
    use crate::store::Store;
    use crate::store::calls::seed::journal;
    use crate::store::calls::{CallFilter, Cursor};
    use crate::store::journal::Pen;
    use std::ops::Range;

    fn id(n: usize) -> String {
        format!("00000000-0000-7000-8000-{n:012}")
    }

    /// Calls of seven traces; every eighth is its own.
    async fn write(pen: &mut Pen, calls: Range<usize>) {
        let record = |n| {
            let trace_id = if n % 8 == 7 { id(n) } else { format!("trace-{}", n % 8) };
            let call = CallRow { id: id(n), workspace: "default".into(), trace_id, ..CallRow::default() };
            Record { call, ..Record::default() }
        };
        let records = calls.map(record).collect::<Vec<_>>();
        for records in records.chunks(256) {
            let records = records.iter().collect::<Vec<_>>();
            pen.write_calls(&records, &Changes::default(), &[]).await.unwrap();
            pen.index().await.unwrap();
        }
    }

    async fn count(store: &Store, table: &str) -> usize {
        let sql = format!("SELECT count(*) FROM {table}");
        let counted = sqlx::query_scalar::<_, i64>(&sql);
        usize::try_from(counted.fetch_one(&store.journal.read).await.unwrap()).unwrap()
    }

    /// Every call is found by its trace, and none twice.
    async fn all_found(store: &Store, calls: usize) {
        let mut found = Vec::new();
        for trace in (0..7).map(|n| format!("trace-{n}")).chain([id(7)]) {
            let filter = CallFilter { trace: Some(trace), ..CallFilter::default() };
            let page = store.list_calls("default", &filter, Cursor::Newest, 9_999).await.unwrap();
            found.extend(page.calls.into_iter().map(|call| call.id));
        }
        found.sort_unstable();
        let wanted = (0..calls).filter(|n| n % 8 != 7 || *n == 7).map(id).collect::<Vec<_>>();
        assert!(found == wanted, "{} found of {}", found.len(), wanted.len());
    }

    #[tokio::test]
    async fn calls_wait_until_they_are_many() {
        let (store, _folder) = journal().await;
        let mut pen = store.pen().await.unwrap();
        write(&mut pen, 0..MOST_WAITING).await;
        assert_eq!(count(&store, "trace_calls").await, 0, "seven of eight are fewer than may wait");
        write(&mut pen, MOST_WAITING..2 * MOST_WAITING).await;
        let indexed = count(&store, "trace_calls").await;
        assert!(indexed >= MOST_WAITING, "{indexed}");
        let waiting = 2 * MOST_WAITING * 7 / 8 - indexed;
        assert!(waiting > 0 && count(&store, "trace_fresh").await <= waiting.div_ceil(256 * 7 / 8));
        pen.lay_down().await.unwrap();
        assert_eq!((count(&store, "trace_fresh").await, count(&store, "traced").await), (0, 2 * MOST_WAITING));
        all_found(&store, 2 * MOST_WAITING).await;
    }

    #[tokio::test]
    async fn what_a_killed_writer_left_comes_in_at_the_next_start() {
        let (store, _folder) = journal().await;
        let mut pen = store.pen().await.unwrap();
        // Many, so that it dies amid a run that is partly in.
        write(&mut pen, 0..MOST_WAITING * 8 / 7 + 256).await;
        let indexed = count(&store, "trace_calls").await;
        assert!(indexed.is_multiple_of(STRETCH) && (1..MOST_WAITING).contains(&indexed), "{indexed}");
        drop(pen);
        let mut next = store.pen().await.unwrap();
        all_found(&store, MOST_WAITING * 8 / 7 + 256).await;
        assert_eq!(count(&store, "trace_fresh").await, 0);
        write(&mut next, MOST_WAITING * 8 / 7 + 256..MOST_WAITING * 2).await;
        next.lay_down().await.unwrap();
        all_found(&store, MOST_WAITING * 2).await;
    }

    #[tokio::test]
    async fn who_asks_by_trace_finds_what_is_committed_and_waits_for_nothing_else() {
        let (store, _folder) = journal().await;
        all_found(&store, 0).await;
        let mut pen = store.pen().await.unwrap();
        write(&mut pen, 0..300).await;
        let writer = tokio::spawn(async move {
            pen.wanted().await;
            pen.index_all().await.unwrap();
            pen
        });
        all_found(&store, 300).await;
        let mut pen = writer.await.unwrap();
        all_found(&store, 300).await;
        // Asked for while it is busy: brought in after the next transaction.
        write(&mut pen, 300..400).await;
        let reader = tokio::spawn({
            let store = store.clone();
            async move { all_found(&store, 400).await }
        });
        while !reader.is_finished() {
            pen.index().await.unwrap();
            tokio::task::yield_now().await;
        }
        reader.await.unwrap();
        assert_eq!(count(&store, "trace_fresh").await, 0);
    }
}
