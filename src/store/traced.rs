//! The index of calls by trace. Trace ids are random, so that each call that came into it at once would change a page of
//! its own: calls wait, and come into it by the thousand in its own order, so that many change the same page.
//!
//! What waits stands in `trace_fresh` too, in the transaction of its row, and is taken up from there after a crash. Who
//! asks by trace has the writer bring in what waits first, and waits for that.

use crate::journal::record::Record;
use crate::store::calls::CallFilter;
use crate::store::{Store, Stored};
use sqlx::QueryBuilder;
use sqlx::sqlite::{SqliteConnection, SqlitePool};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// Calls that wait until they are brought in unasked.
const MOST_WAITING: usize = 8_192;
/// Calls that come in by one transaction: a few milliseconds, for which the rows of others wait.
const STRETCH: usize = 512;
/// How long a reader waits for the writer. What it has not brought in by then is not found.
const PATIENCE: Duration = Duration::from_secs(2);

/// What readers and the writer tell each other.
#[derive(Debug, Default)]
pub(in crate::store) struct TraceIndex {
    /// Calls with a trace that were committed.
    written: AtomicU64,
    /// How many of these, the oldest, came in.
    indexed: watch::Sender<u64>,
    wanted: Notify,
    /// A reader waited in vain, and nothing came in since: no further one waits.
    stuck: AtomicBool,
}

/// The writer's end: which calls wait.
#[derive(Debug)]
pub(in crate::store) struct Waiting {
    index: Arc<TraceIndex>,
    /// Trace and call, as they came.
    fresh: Vec<(String, String)>,
    /// The last number in `trace_fresh`.
    rows: i64,
    /// A reader waits until so many are in.
    asked: u64,
    run: Run,
}

/// Calls that are being brought in.
#[derive(Debug, Default)]
struct Run {
    /// In the order of the index. The last `left` are still to come in.
    calls: Vec<(String, String)>,
    left: usize,
    /// The last number of them in `trace_fresh`.
    rows: i64,
    /// How many are in once they are.
    end: u64,
}

impl TraceIndex {
    /// Returns once every call that is committed by now is in.
    async fn caught_up(&self) {
        let written = self.written.load(Ordering::Acquire);
        let mut indexed = self.indexed.subscribe();
        if *indexed.borrow_and_update() >= written {
            return;
        }
        self.wanted.notify_one();
        if self.stuck.load(Ordering::Relaxed) {
            return;
        }
        if tokio::time::timeout(PATIENCE, indexed.wait_for(|indexed| *indexed >= written)).await.is_err() {
            self.stuck.store(true, Ordering::Relaxed);
            tracing::warn!("the index of traces is behind: the newest calls are not found by their trace");
        }
    }

    fn came_in(&self, all: u64) {
        self.stuck.store(false, Ordering::Relaxed);
        self.indexed.send_replace(all);
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
    /// Takes up what an earlier writer left.
    pub(in crate::store) async fn open(index: &Arc<TraceIndex>, connection: &mut SqliteConnection) -> Stored<Self> {
        let left = sqlx::query_as(
            "SELECT c.trace_id, c.id FROM trace_fresh AS f, json_each(f.calls) AS one \
             CROSS JOIN calls AS c ON c.id = one.value ORDER BY f.n",
        );
        let fresh = left.fetch_all(&mut *connection).await?;
        let rows = sqlx::query_scalar::<_, Option<i64>>("SELECT max(n) FROM trace_fresh").fetch_one(connection).await?;
        let rows = rows.unwrap_or_default();
        let mut waiting = Self { index: Arc::clone(index), fresh, rows, asked: 0, run: Run::default() };
        waiting.count(waiting.fresh.len());
        // The writer before may have been asked.
        waiting.asked = index.written.load(Ordering::Acquire);
        if waiting.fresh.is_empty() {
            index.came_in(waiting.asked);
        }
        Ok(waiting)
    }

    /// The row of `trace_fresh` for these: its number, and the ids as JSON. `None`: each is its own trace.
    pub(in crate::store) fn row(&self, records: &[&Record]) -> Option<(i64, String)> {
        let ids = records.iter().filter(|record| is_traced(record)).map(|record| record.call.id.as_str());
        let ids = ids.collect::<Vec<_>>();
        (!ids.is_empty()).then(|| (self.rows + 1, serde_json::Value::from(ids).to_string()))
    }

    /// These are committed, and so is their row.
    pub(in crate::store) fn add(&mut self, records: &[&Record]) {
        let before = self.fresh.len();
        self.fresh.extend(traced(records));
        if self.fresh.len() > before {
            self.rows += 1;
            self.count(self.fresh.len() - before);
        }
    }

    fn count(&mut self, calls: usize) {
        self.index.written.fetch_add(u64::try_from(calls).unwrap_or(0), Ordering::Release);
    }

    /// Returns when a reader waits. What it waits for is due then.
    pub(in crate::store) async fn asked(&mut self) {
        self.index.wanted.notified().await;
        self.asked = self.index.written.load(Ordering::Acquire);
    }

    /// Whether a stretch is to come in.
    pub(in crate::store) fn is_due(&self) -> bool {
        let asked = self.asked > *self.index.indexed.borrow() && !self.fresh.is_empty();
        self.run.left > 0 || asked || self.fresh.len() >= MOST_WAITING
    }

    /// Brings in a stretch, if anything waits. What fails is left to come in later.
    pub(in crate::store) async fn bring(&mut self, connection: &mut SqliteConnection) -> Stored<()> {
        if self.run.left == 0 {
            if self.fresh.is_empty() {
                return Ok(());
            }
            let mut calls = std::mem::take(&mut self.fresh);
            calls.sort_unstable();
            let end = self.index.written.load(Ordering::Acquire);
            self.run = Run { left: calls.len(), calls, rows: self.rows, end };
        }
        match self.run.stretch(connection).await {
            Ok(stretch) => self.run.left -= stretch,
            Err(error) => {
                // Where the failure ended the transaction already, there is nothing to roll back.
                let _ = sqlx::query("ROLLBACK").execute(connection).await;
                return Err(error);
            }
        }
        if self.run.left == 0 {
            self.index.came_in(self.run.end);
            self.run = Run::default();
        }
        Ok(())
    }

    /// Brings in all that waits.
    pub(in crate::store) async fn bring_all(&mut self, connection: &mut SqliteConnection) -> Stored<()> {
        while self.run.left > 0 || !self.fresh.is_empty() {
            self.bring(connection).await?;
        }
        Ok(())
    }
}

impl Run {
    /// The next calls, and how many they are. Their rows in `trace_fresh` go with the last.
    async fn stretch(&self, connection: &mut SqliteConnection) -> Stored<usize> {
        let from = self.calls.len() - self.left;
        let stretch = &self.calls[from..][..self.left.min(STRETCH)];
        sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await?;
        insert(connection, stretch).await?;
        if self.left == stretch.len() {
            sqlx::query("DELETE FROM trace_fresh WHERE n <= $1").bind(self.rows).execute(&mut *connection).await?;
        }
        sqlx::query("COMMIT").execute(&mut *connection).await?;
        Ok(stretch.len())
    }
}

/// Adds calls to the index within a transaction of theirs.
pub(in crate::store) async fn index_at_once(connection: &mut SqliteConnection, records: &[&Record]) -> Stored<()> {
    let mut calls = traced(records).collect::<Vec<_>>();
    calls.sort_unstable();
    for stretch in calls.chunks(STRETCH) {
        insert(connection, stretch).await?;
    }
    Ok(())
}

async fn insert(connection: &mut SqliteConnection, stretch: &[(String, String)]) -> Stored<()> {
    let mut sql = QueryBuilder::new("INSERT OR IGNORE INTO trace_calls ");
    sql.push_values(stretch, |mut row, (trace, id)| {
        row.push_bind(trace).push_bind(id);
    });
    // Few stretches are of other lengths, and none of them comes again soon.
    sql.build().persistent(stretch.len() == STRETCH).execute(connection).await?;
    Ok(())
}

/// Trace and id of each that is not its own trace.
fn traced(records: &[&Record]) -> impl Iterator<Item = (String, String)> {
    let calls = records.iter().filter(|record| is_traced(record)).map(|record| &record.call);
    calls.map(|call| (call.trace_id.clone(), call.id.clone()))
}

fn is_traced(record: &Record) -> bool {
    record.call.trace_id != record.call.id
}

#[cfg(test)]
mod tests {
    use super::{MOST_WAITING, Ordering, PATIENCE, STRETCH};
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
            if pen.is_due() {
                pen.index().await.unwrap();
            }
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
        write(&mut next, MOST_WAITING * 8 / 7 + 256..MOST_WAITING * 2).await;
        next.lay_down().await.unwrap();
        assert_eq!(count(&store, "trace_fresh").await, 0);
        all_found(&store, MOST_WAITING * 2).await;
    }

    #[tokio::test]
    async fn who_asks_by_trace_finds_what_is_committed_and_waits_for_nothing_else() {
        let (store, _folder) = journal().await;
        all_found(&store, 0).await;
        let mut pen = store.pen().await.unwrap();
        write(&mut pen, 0..300).await;
        let writer = tokio::spawn(async move {
            pen.asked().await;
            while pen.is_due() {
                pen.index().await.unwrap();
            }
            pen
        });
        all_found(&store, 300).await;
        let mut pen = writer.await.unwrap();
        all_found(&store, 300).await;
        // Nothing is due but what somebody asked for.
        write(&mut pen, 300..400).await;
        assert!(!pen.is_due());
        let reader = tokio::spawn({
            let store = store.clone();
            async move { all_found(&store, 400).await }
        });
        pen.asked().await;
        assert!(pen.is_due());
        write(&mut pen, 407..408).await;
        assert!(!pen.is_due(), "it came in after the next transaction");
        reader.await.unwrap();
        assert_eq!(count(&store, "trace_fresh").await, 0);
    }

    #[tokio::test]
    async fn what_fails_waits_on_and_nobody_waits_for_it_twice() {
        let (store, _folder) = journal().await;
        let mut pen = store.pen().await.unwrap();
        write(&mut pen, 0..300).await;
        sqlx::query("ALTER TABLE trace_calls RENAME TO away").execute(&store.journal.write).await.unwrap();
        pen.index().await.unwrap_err();
        let began = std::time::Instant::now();
        for _ in 0..9 {
            store.by_trace().await;
        }
        assert!(began.elapsed() < 2 * PATIENCE, "{:?}", began.elapsed());
        pen.asked().await;
        sqlx::query("ALTER TABLE away RENAME TO trace_calls").execute(&store.journal.write).await.unwrap();
        assert!(store.trace_index.stuck.load(Ordering::Relaxed));
        pen.index().await.unwrap();
        assert!(!store.trace_index.stuck.load(Ordering::Relaxed), "who asks now waits again");
        all_found(&store, 300).await;
    }
}
