//! Writing the journal: one transaction a batch.

use crate::journal::record::{AttemptRow, CallRow, ChargeKind, Record};
use crate::journal::rollup::{Changes, Figures, Pair};
use crate::journal::uses::Use;
use crate::store::calls::COLUMNS;
use crate::store::rollups::{HOUR, Rows, bind_bin, bind_pair};
use crate::store::traced::Waiting;
use crate::store::{Store, Stored};
use futures_util::{FutureExt, TryStreamExt};
use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use sqlx::{Arguments, ConnectOptions, Connection, Executor};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::timeout;

const ATTEMPT_COLUMNS: &str = "call, number, provider, vendor, model, target, url, status, error, started_us, \
    latency_us, first_token_us, tokens_in, tokens_out, cost, waited_us, retry";

/// Rows of one statement at most: SQLite numbers no more than 32,766 values.
const ROWS_MOST: usize = 500;

/// What calls took of a limit: time, kind, limit, group and, of what a crash left, the call; how much, and how many calls
/// without a price. Times come first, since they differ the most.
type Taken<'a> = BTreeMap<(i64, ChargeKind, &'a str, &'a str, &'a str), (i64, u64)>;
type TakenRow<'a> = ((i64, ChargeKind, &'a str, &'a str, &'a str), (i64, u64));

/// How long a transaction may take to reach its end, before its statements' answers are listened to all the same.
const PATIENCE: Duration = Duration::from_millis(20);

/// The connection that calls are written over. The journal's writer holds it as long as it runs: one that went back to
/// its pool after each transaction would be tested there, which is one more trip to the database's thread and back.
#[derive(Debug)]
pub struct Pen {
    connection: SqliteConnection,
    /// Told by the database's thread when all is written but the commit.
    committing: Arc<Notify>,
    waiting: Waiting,
}

/// A transaction in the making.
#[derive(Default)]
struct Batch<'q> {
    text: String,
    arguments: SqliteArguments<'q>,
    statements: usize,
}

pub(in crate::store) type Bound = Result<(), sqlx::error::BoxDynError>;
type Bind<T> = fn(&mut SqliteArguments<'_>, &T) -> Bound;

impl Pen {
    /// Writes calls with their attempts, bodies and figures, and when keys were last used. All or nothing.
    ///
    /// The whole transaction is one text with one list of values: one trip to the database's thread, whatever the
    /// number of rows. Texts differ only by counts, so that they stay prepared.
    pub async fn write_calls(&mut self, records: &[&Record], changes: &Changes, uses: &[Use<'_>]) -> Stored<()> {
        let mut batch = Batch::of(records)?;
        batch.put("INSERT OR REPLACE INTO rollup_fresh", Rows::Bins, &changes.bins, bind_bin)?;
        batch.put_padded("INSERT OR REPLACE INTO rollup_pairs", Rows::Pairs, &changes.pairs)?;
        batch.add("INSERT INTO rollup_fresh", Rows::Bins, &changes.late_bins, bind_bin)?;
        batch.add("INSERT INTO rollup_pairs", Rows::Pairs, &changes.late_pairs, bind_pair)?;
        batch.outdate(changes)?;
        batch.insert("INSERT OR REPLACE INTO key_use", "key_id, last_used_at", uses, bind_use)?;
        batch.insert("INSERT OR REPLACE INTO secret_use", "secret, last_used_at", uses, bind_secret)?;
        batch.charge(records)?;
        let fresh = self.waiting.row(records);
        batch.insert("INSERT OR ROLLBACK INTO trace_fresh", "n, calls", fresh.as_slice(), bind_fresh)?;
        let written = self.run(batch).await;
        if written.is_err() {
            // Where the failure ended the transaction already, there is nothing to roll back.
            let _ = sqlx::query("ROLLBACK").execute(&mut self.connection).await;
        }
        written?;
        self.waiting.add(records);
        Ok(())
    }

    /// Each statement has an answer, which would wake this task: they are not listened to before the last is under way.
    async fn run(&mut self, batch: Batch<'_>) -> Result<(), sqlx::Error> {
        let Self { connection, committing, .. } = self;
        let text = format!("BEGIN IMMEDIATE; {}COMMIT", batch.text);
        let mut answers = connection.fetch_many(sqlx::query_with(&text, batch.arguments));
        // A word left over from a transaction that took long.
        let _ = committing.notified().now_or_never();
        let mut early = answers.try_next().now_or_never();
        if early.is_none() {
            // A transaction that fails never commits.
            let _ = timeout(PATIENCE, committing.notified()).await;
        }
        for _ in 0..batch.statements + 2 {
            let answer = match early.take() {
                Some(answer) => answer?,
                None => answers.try_next().await?,
            };
            // Fewer answers than statements: the database's thread is gone, and nothing says that it committed.
            answer.ok_or(sqlx::Error::WorkerCrashed)?;
        }
        Ok(())
    }

    /// Returns when a reader asks by trace for what is not indexed so yet. That is due then.
    pub async fn asked(&mut self) {
        self.waiting.asked().await;
    }

    /// Whether [`Pen::index`] has something to do.
    pub fn is_due(&self) -> bool {
        self.waiting.is_due()
    }

    /// Indexes some of the calls by their trace: a transaction of a few milliseconds.
    pub async fn index(&mut self) -> Stored<()> {
        self.waiting.bring(&mut self.connection).await
    }

    /// Indexes all of them, and closes the connection.
    pub async fn lay_down(mut self) -> Stored<()> {
        let indexed = self.waiting.bring_all(&mut self.connection).await;
        self.connection.close().await?;
        indexed
    }
}

impl Store {
    /// A connection of its own to write calls over.
    pub async fn pen(&self) -> Stored<Pen> {
        let mut connection = self.journal.write.connect_options().connect().await?;
        let committing = Arc::new(Notify::new());
        let told = Arc::clone(&committing);
        connection.lock_handle().await?.set_commit_hook(move || {
            told.notify_one();
            true
        });
        let waiting = Waiting::open(&self.trace_index, &mut connection).await?;
        Ok(Pen { connection, committing, waiting })
    }

    /// Which of these calls have a row already.
    pub async fn known_calls(&self, ids: impl Iterator<Item = &str>) -> Stored<HashSet<String>> {
        let mut known = HashSet::new();
        for id in ids {
            let found = sqlx::query_scalar::<_, String>("SELECT id FROM calls WHERE id = $1")
                .bind(id)
                .fetch_optional(&self.journal.read)
                .await?;
            known.extend(found);
        }
        Ok(known)
    }

    /// Fills in the names of the keys, which an open file does not hold.
    pub async fn name_keys(&self, records: &mut [Record]) -> Stored<()> {
        for record in records {
            let name = sqlx::query_scalar::<_, String>("SELECT name FROM api_keys WHERE id = $1")
                .bind(&record.call.key_id)
                .fetch_optional(&self.control.read)
                .await?;
            record.call.key_name = name.unwrap_or_default();
        }
        Ok(())
    }
}

/// Writes calls with their attempts and bodies within a transaction, without figures.
pub(in crate::store) async fn write_bare(connection: &mut SqliteConnection, records: &[&Record]) -> Stored<()> {
    for records in records.chunks(ROWS_MOST) {
        let Batch { text, arguments, .. } = Batch::of(records)?;
        connection.execute_many(sqlx::query_with(&text, arguments)).try_collect::<Vec<_>>().await?;
    }
    Ok(())
}

impl Batch<'_> {
    /// Adds to the sums what the calls took, each counter once.
    fn charge(&mut self, records: &[&Record]) -> Stored<()> {
        // A sum that no longer fits would become a fraction, which no column of these takes.
        const ADD: &str = " ON CONFLICT DO UPDATE SET amount = CAST(min(9.2e18, amount + excluded.amount) AS INTEGER)";
        let mut taken = Taken::new();
        for record in records {
            for charge in &record.charges {
                let call = if charge.kind == ChargeKind::Unsettled { record.call.id.as_str() } else { "" };
                let sum = taken.entry((charge.at, charge.kind, &charge.limit, &charge.group, call)).or_default();
                sum.0 = sum.0.saturating_add(charge.amount);
                sum.1 += charge.unpriced;
            }
        }
        // Further rows that add nothing, as with pairs: what came under rate limits is a row each millisecond.
        let rows = |kind| {
            let least = if kind == ChargeKind::Used { 8 } else { 1 };
            let mut rows =
                taken.iter().filter(|(key, _)| key.1 == kind).map(|(key, sum)| (*key, *sum)).collect::<Vec<_>>();
            let more = rows.last().map(|(key, _): &TakenRow<'_>| (*key, (0, 0)));
            rows.extend(more.into_iter().cycle().take(rows.len().next_power_of_two().max(least) - rows.len()));
            rows
        };
        let spent = format!("{ADD}, unpriced = unpriced + excluded.unpriced");
        let (columns, kept) = ("limit_id, grp, period, amount, unpriced", "limit_id, grp, period, amount, call");
        self.statement(
            ("INSERT OR ROLLBACK INTO spent", &spent),
            columns,
            &rows(ChargeKind::Spent),
            |arguments, row| {
                bind_taken(arguments, row)?;
                arguments.add(count(row.1.1))
            },
        )?;
        self.statement(
            ("INSERT OR ROLLBACK INTO unsettled", ADD),
            kept,
            &rows(ChargeKind::Unsettled),
            |arguments, row| {
                bind_taken(arguments, row)?;
                arguments.add(row.0.4.to_owned())
            },
        )?;
        let used = ("INSERT OR ROLLBACK INTO window_uses", ADD);
        self.statement(used, "limit_id, grp, at, amount", &rows(ChargeKind::Used), bind_taken)
    }

    /// What fails ends the transaction, so that SQLite need not be able to undo one statement of it, which would have it
    /// copy each page that one changes.
    fn of(records: &[&Record]) -> Stored<Self> {
        let attempts = records
            .iter()
            .flat_map(|record| {
                let call = record.call.id.as_str();
                record.attempts.iter().zip(0..).map(move |(attempt, number)| (call, number, attempt))
            })
            .collect::<Vec<_>>();
        let mut batch = Self::default();
        batch.insert("INSERT OR ROLLBACK INTO calls", COLUMNS, records, bind_call)?;
        batch.insert("INSERT OR ROLLBACK INTO attempts", ATTEMPT_COLUMNS, &attempts, bind_attempt)?;
        batch.insert("INSERT OR ROLLBACK INTO bodies", "call, frame", records, bind_body)?;
        Ok(batch)
    }

    fn insert<T>(&mut self, start: &str, columns: &str, rows: &[T], bind: Bind<T>) -> Stored<()> {
        for rows in rows.chunks(ROWS_MOST) {
            self.statement((start, ""), columns, rows, bind)?;
        }
        Ok(())
    }

    /// Rows that stand for all of their bin.
    fn put<T>(&mut self, start: &str, shape: Rows, rows: &[T], bind: Bind<T>) -> Stored<()> {
        self.insert(start, &shape.columns(), rows, bind)
    }

    /// The same, the last row repeated until their number is a power of two, so that few texts need be prepared.
    fn put_padded(&mut self, start: &str, shape: Rows, rows: &[(Pair, Figures)]) -> Stored<()> {
        let Some(last) = rows.last() else { return Ok(()) };
        let wanted = rows.len().next_power_of_two();
        let padded = rows.iter().chain(std::iter::repeat(last)).take(wanted).collect::<Vec<_>>();
        self.insert(start, &shape.columns(), &padded, |arguments, row| bind_pair(arguments, row))
    }

    /// Rows that come on top of what is there.
    fn add<T>(&mut self, start: &str, shape: Rows, rows: &[T], bind: Bind<T>) -> Stored<()> {
        for rows in rows.chunks(ROWS_MOST) {
            self.statement((start, &shape.on_top()), &shape.columns(), rows, bind)?;
        }
        Ok(())
    }

    /// Blocks of hours that calls come late to are made anew.
    fn outdate(&mut self, changes: &Changes) -> Stored<()> {
        let hours = changes.late_bins.iter().map(|(bin, _)| (&bin.workspace, bin.minute - bin.minute.rem_euclid(HOUR)));
        for (workspace, hour) in hours.collect::<BTreeSet<_>>() {
            self.statements += 2;
            self.text.push_str(
                "DELETE FROM call_blocks WHERE workspace = ? AND hour = ?; INSERT INTO late_calls VALUES (?, ?, 1) \
                 ON CONFLICT DO UPDATE SET calls = calls + 1; ",
            );
            for _ in 0..2 {
                self.arguments.add(workspace.clone()).map_err(sqlx::Error::Encode)?;
                self.arguments.add(hour).map_err(sqlx::Error::Encode)?;
            }
        }
        Ok(())
    }

    fn statement<T>(&mut self, (start, end): (&str, &str), columns: &str, rows: &[T], bind: Bind<T>) -> Stored<()> {
        if rows.is_empty() {
            return Ok(());
        }
        self.statements += 1;
        let row = format!("({})", vec!["?"; columns.split(',').count()].join(","));
        self.text.push_str(&format!("{start} ({columns}) VALUES {}{end}; ", vec![row; rows.len()].join(",")));
        for row in rows {
            bind(&mut self.arguments, row).map_err(sqlx::Error::Encode)?;
        }
        Ok(())
    }
}

pub(in crate::store) fn count(figure: u64) -> i64 {
    i64::try_from(figure).unwrap_or(i64::MAX)
}

fn bind_call(arguments: &mut SqliteArguments<'_>, record: &&Record) -> Bound {
    let call = &record.call;
    for text in [&call.id, &call.workspace, &call.key_id, &call.key_name] {
        arguments.add(text.clone())?;
    }
    arguments.add(call.at)?;
    arguments.add(call.kind)?;
    arguments.add(call.method.clone())?;
    arguments.add(call.path.clone())?;
    arguments.add(i64::from(call.status))?;
    arguments.add(call.outcome.word())?;
    arguments.add(call.error.clone())?;
    arguments.add(call.stream)?;
    for text in [&call.provider, &call.vendor, &call.model_asked, &call.model_served] {
        arguments.add(text.clone())?;
    }
    for figure in [call.tokens_in, call.tokens_cached, call.tokens_out, call.tokens_reasoning] {
        arguments.add(count(figure))?;
    }
    bind_outcome(arguments, call)
}

fn bind_outcome(arguments: &mut SqliteArguments<'_>, call: &CallRow) -> Bound {
    arguments.add(call.cost.map(|cost| cost.0))?;
    let price = if call.price.is_empty() { None } else { Some(serde_json::to_string(&call.price)?) };
    arguments.add(price)?;
    arguments.add(count(call.latency_us))?;
    arguments.add(call.first_token_us.map(count))?;
    arguments.add(count(call.overhead_us))?;
    arguments.add(call.trace_id.clone())?;
    arguments.add(call.span_id.clone())?;
    arguments.add(call.parent_span_id.clone())?;
    arguments.add(call.span_name.clone())?;
    arguments.add(call.metadata.clone())?;
    arguments.add(call.config.clone())?;
    arguments.add(call.config_version.clone())?;
    arguments.add(call.cache_status)?;
    arguments.add(call.mode)?;
    arguments.add(call.target.clone())?;
    arguments.add(call.retries)?;
    arguments.add(call.runtime.clone())?;
    arguments.add(call.tokens_estimated)?;
    arguments.add(call.saved_cost.map(|cost| cost.0))?;
    arguments.add(count(call.saved_us))
}

fn bind_attempt(arguments: &mut SqliteArguments<'_>, (call, number, attempt): &(&str, i64, &AttemptRow)) -> Bound {
    arguments.add((*call).to_owned())?;
    arguments.add(*number)?;
    for text in [&attempt.provider, &attempt.vendor, &attempt.model, &attempt.target, &attempt.url] {
        arguments.add(text.clone())?;
    }
    arguments.add(i64::from(attempt.status))?;
    arguments.add(attempt.error.clone())?;
    arguments.add(count(attempt.started_us))?;
    arguments.add(count(attempt.latency_us))?;
    arguments.add(attempt.first_token_us.map(count))?;
    arguments.add(count(attempt.tokens_in))?;
    arguments.add(count(attempt.tokens_out))?;
    arguments.add(attempt.cost.map(|cost| cost.0))?;
    arguments.add(count(attempt.waited_us))?;
    arguments.add(i64::from(attempt.retry))
}

fn bind_taken(arguments: &mut SqliteArguments<'_>, ((at, _, limit, group, _), (amount, _)): &TakenRow<'_>) -> Bound {
    arguments.add((*limit).to_owned())?;
    arguments.add((*group).to_owned())?;
    arguments.add(*at)?;
    arguments.add(*amount)
}

fn bind_body(arguments: &mut SqliteArguments<'_>, record: &&Record) -> Bound {
    arguments.add(record.call.id.clone())?;
    arguments.add(record.frame.clone().unwrap_or_default())
}

fn bind_fresh(arguments: &mut SqliteArguments<'_>, (number, calls): &(i64, String)) -> Bound {
    arguments.add(*number)?;
    arguments.add(calls.clone())
}

fn bind_use(arguments: &mut SqliteArguments<'_>, one: &Use<'_>) -> Bound {
    arguments.add(one.key.to_owned())?;
    arguments.add(one.at)
}

fn bind_secret(arguments: &mut SqliteArguments<'_>, one: &Use<'_>) -> Bound {
    arguments.add(one.secret)?;
    arguments.add(one.at)
}
