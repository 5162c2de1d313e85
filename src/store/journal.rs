//! Writing the journal: one transaction a batch.

use crate::journal::record::{AttemptRow, CallRow, ChargeKind, Record};
use crate::journal::rollup::{Bin, Figures};
use crate::journal::sketch::Sketch;
use crate::journal::uses::Use;
use crate::store::calls::COLUMNS;
use crate::store::{Store, StoreError, Stored};
use futures_util::{FutureExt, TryStreamExt};
use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use sqlx::{Arguments, ConnectOptions, Connection, Executor, Row};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::timeout;

const ATTEMPT_COLUMNS: &str = "call, number, provider, vendor, model, target, url, status, error, started_us, \
    latency_us, first_token_us, tokens_in, tokens_out, cost, waited_us, retry";

const ROLLUP_COLUMNS: &str = "workspace, minute, provider, model, key_id, status, calls, tokens_in, tokens_out, cost, \
    unpriced, latency, first_token, cache_hits, cache_asked";

/// What calls took of a limit: its kind, limit, group, time and, of what a crash left, the call; how much, and how many
/// calls without a price.
type Taken<'a> = BTreeMap<(ChargeKind, &'a str, &'a str, i64, &'a str), (i64, u64)>;
type TakenRow<'a> = ((ChargeKind, &'a str, &'a str, i64, &'a str), (i64, u64));

/// How long a transaction may take to reach its end, before its statements' answers are listened to all the same.
const PATIENCE: Duration = Duration::from_millis(20);

/// The connection that calls are written over. The journal's writer holds it as long as it runs: one that went back to
/// its pool after each transaction would be tested there, which is one more trip to the database's thread and back.
#[derive(Debug)]
pub struct Pen {
    connection: SqliteConnection,
    /// Told by the database's thread when all is written but the commit.
    committing: Arc<Notify>,
}

/// A transaction in the making.
#[derive(Default)]
struct Batch<'q> {
    text: String,
    arguments: SqliteArguments<'q>,
    statements: usize,
}

/// One insertion: what stands before its columns and after its rows.
struct Statement<'a> {
    start: &'a str,
    columns: &'a str,
    end: &'a str,
}

type Bound = Result<(), sqlx::error::BoxDynError>;

impl Pen {
    /// Writes calls with their attempts, bodies and figures, and when keys were last used. All or nothing.
    ///
    /// The whole transaction is one text with one list of values: one trip to the database's thread, whatever the
    /// number of rows. Texts differ only by counts, so that they stay prepared.
    pub async fn write_calls(
        &mut self,
        records: &[&Record],
        figures: &[(&Bin, &Figures)],
        uses: &[Use<'_>],
    ) -> Stored<()> {
        let attempts = records
            .iter()
            .flat_map(|record| {
                let call = record.call.id.as_str();
                record.attempts.iter().zip(0..).map(move |(attempt, number)| (call, number, attempt))
            })
            .collect::<Vec<_>>();
        let mut batch = Batch::default();
        batch.insert("INSERT INTO calls", COLUMNS, records, bind_call)?;
        batch.insert("INSERT INTO attempts", ATTEMPT_COLUMNS, &attempts, bind_attempt)?;
        batch.insert("INSERT INTO bodies", "call, frame", records, bind_body)?;
        batch.insert("INSERT OR REPLACE INTO rollups", ROLLUP_COLUMNS, figures, bind_figures)?;
        batch.insert("INSERT OR REPLACE INTO key_use", "key_id, last_used_at", uses, bind_use)?;
        batch.insert("INSERT OR REPLACE INTO secret_use", "secret, last_used_at", uses, bind_secret)?;
        batch.charge(records)?;
        let written = self.run(batch).await;
        if written.is_err() {
            // Where the failure ended the transaction already, there is nothing to roll back.
            let _ = sqlx::query("ROLLBACK").execute(&mut self.connection).await;
        }
        Ok(written?)
    }

    /// Each statement has an answer, which would wake this task: they are not listened to before the last is under way.
    async fn run(&mut self, batch: Batch<'_>) -> Result<(), sqlx::Error> {
        let Self { connection, committing } = self;
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

    /// Closes the connection.
    pub async fn lay_down(self) -> Stored<()> {
        Ok(self.connection.close().await?)
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
        Ok(Pen { connection, committing })
    }

    /// What is stored of a bin; nothing stored is zero.
    pub async fn figures(&self, bin: &Bin) -> Stored<Figures> {
        let row = sqlx::query(
            "SELECT calls, tokens_in, tokens_out, cost, unpriced, latency, first_token, cache_hits, cache_asked \
             FROM rollups \
             WHERE workspace = $1 AND minute = $2 AND provider = $3 AND model = $4 AND key_id = $5 AND status = $6",
        )
        .bind(&bin.workspace)
        .bind(bin.minute)
        .bind(&bin.provider)
        .bind(&bin.model)
        .bind(&bin.key_id)
        .bind(i64::from(bin.status))
        .fetch_optional(&self.journal.read)
        .await?;
        let Some(row) = row else { return Ok(Figures::default()) };
        let count = |column: &str| row.try_get::<i64, _>(column).map(|count| u64::try_from(count).unwrap_or(0));
        let sketch = |column: &str| -> Stored<Sketch> {
            Sketch::decode(row.try_get::<&[u8], _>(column)?).map_err(|_| StoreError::Garbled("sketch"))
        };
        Ok(Figures {
            calls: count("calls")?,
            tokens_in: count("tokens_in")?,
            tokens_out: count("tokens_out")?,
            cost: row.try_get("cost")?,
            unpriced: count("unpriced")?,
            cache_hits: count("cache_hits")?,
            cache_asked: count("cache_asked")?,
            latency: sketch("latency")?,
            first_token: sketch("first_token")?,
        })
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

impl Batch<'_> {
    fn insert<T>(
        &mut self,
        start: &str,
        columns: &str,
        rows: &[T],
        bind: fn(&mut SqliteArguments<'_>, &T) -> Bound,
    ) -> Stored<()> {
        self.put(Statement { start, columns, end: "" }, rows, bind)
    }

    /// Adds to the sums what the calls took, each counter once.
    fn charge(&mut self, records: &[&Record]) -> Stored<()> {
        const ADD: &str = "ON CONFLICT DO UPDATE SET amount = amount + excluded.amount";
        let mut taken = Taken::new();
        for record in records {
            for charge in &record.charges {
                let call = if charge.kind == ChargeKind::Unsettled { record.call.id.as_str() } else { "" };
                let sum = taken.entry((charge.kind, &charge.limit, &charge.group, charge.at, call)).or_default();
                sum.0 = sum.0.saturating_add(charge.amount);
                sum.1 += charge.unpriced;
            }
        }
        let of = |kind| taken.iter().filter(move |(key, _)| key.0 == kind).map(|(key, sum)| (*key, *sum));
        let rows = |kind| of(kind).collect::<Vec<TakenRow<'_>>>();
        let spent = format!("{ADD}, unpriced = unpriced + excluded.unpriced");
        let (columns, kept) = ("limit_id, grp, period, amount, unpriced", "limit_id, grp, period, amount, call");
        self.put(
            Statement { start: "INSERT INTO spent", columns, end: &spent },
            &rows(ChargeKind::Spent),
            |arguments, row| {
                bind_taken(arguments, row)?;
                arguments.add(count(row.1.1))
            },
        )?;
        let unsettled = Statement { start: "INSERT INTO unsettled", columns: kept, end: ADD };
        self.put(unsettled, &rows(ChargeKind::Unsettled), |arguments, row| {
            bind_taken(arguments, row)?;
            arguments.add(row.0.4.to_owned())
        })?;
        let used = Statement { start: "INSERT INTO window_uses", columns: "limit_id, grp, at, amount", end: ADD };
        self.put(used, &rows(ChargeKind::Used), bind_taken)
    }

    fn put<T>(
        &mut self,
        Statement { start, columns, end }: Statement<'_>,
        rows: &[T],
        bind: fn(&mut SqliteArguments<'_>, &T) -> Bound,
    ) -> Stored<()> {
        if rows.is_empty() {
            return Ok(());
        }
        self.statements += 1;
        let row = format!("({})", vec!["?"; columns.split(',').count()].join(","));
        self.text.push_str(&format!("{start} ({columns}) VALUES {} {end}; ", vec![row; rows.len()].join(",")));
        for row in rows {
            bind(&mut self.arguments, row).map_err(sqlx::Error::Encode)?;
        }
        Ok(())
    }
}

fn count(figure: u64) -> i64 {
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

fn bind_taken(arguments: &mut SqliteArguments<'_>, ((_, limit, group, at, _), (amount, _)): &TakenRow<'_>) -> Bound {
    arguments.add((*limit).to_owned())?;
    arguments.add((*group).to_owned())?;
    arguments.add(*at)?;
    arguments.add(*amount)
}

fn bind_body(arguments: &mut SqliteArguments<'_>, record: &&Record) -> Bound {
    arguments.add(record.call.id.clone())?;
    arguments.add(record.frame.clone().unwrap_or_default())
}

fn bind_figures(arguments: &mut SqliteArguments<'_>, (bin, figures): &(&Bin, &Figures)) -> Bound {
    arguments.add(bin.workspace.clone())?;
    arguments.add(bin.minute)?;
    arguments.add(bin.provider.clone())?;
    arguments.add(bin.model.clone())?;
    arguments.add(bin.key_id.clone())?;
    arguments.add(i64::from(bin.status))?;
    for figure in [figures.calls, figures.tokens_in, figures.tokens_out] {
        arguments.add(count(figure))?;
    }
    arguments.add(figures.cost)?;
    arguments.add(count(figures.unpriced))?;
    for sketch in [&figures.latency, &figures.first_token] {
        let mut bytes = Vec::with_capacity(64);
        sketch.encode(&mut bytes);
        arguments.add(bytes)?;
    }
    arguments.add(count(figures.cache_hits))?;
    arguments.add(count(figures.cache_asked))
}

fn bind_use(arguments: &mut SqliteArguments<'_>, one: &Use<'_>) -> Bound {
    arguments.add(one.key.to_owned())?;
    arguments.add(one.at)
}

fn bind_secret(arguments: &mut SqliteArguments<'_>, one: &Use<'_>) -> Bound {
    arguments.add(one.secret)?;
    arguments.add(one.at)
}
