//! What past calls used and cost, and writing the cost anew by the day, with the day's figures.

use super::calls::first_id;
use super::journal::count;
use super::rollups::{HOUR, rebuild_day};
use super::{Store, Stored};
use app::model::log::CostLine;
use app::model::money::Nanos;
use app::model::recompute::By;
use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use sqlx::{Arguments, Row};
use std::collections::HashMap;

/// Rows of one statement at most.
const ROWS_MOST: usize = 300;

/// A call that a provider answered, and that used tokens. What the cache answered, what a client tells of, and what a
/// provider refused is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PastCall {
    pub id: String,
    /// Milliseconds.
    pub at: i64,
    pub provider: String,
    pub vendor: String,
    pub model: String,
    pub tokens_in: u64,
    pub tokens_cached: u64,
    pub tokens_out: u64,
    pub tokens_reasoning: u64,
    /// `None`: unpriced.
    pub cost: Option<Nanos>,
    pub price: Vec<CostLine>,
    /// Those that used tokens, in their order.
    pub attempts: Vec<PastAttempt>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PastAttempt {
    pub number: i64,
    pub provider: String,
    pub vendor: String,
    /// As it was called there.
    pub model: String,
    pub answered: bool,
    pub tokens_in: u64,
    pub tokens_out: u64,
    pub cost: Option<Nanos>,
}

/// What a call is to cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewCost {
    pub call: String,
    pub cost: Option<Nanos>,
    pub price: Vec<CostLine>,
    /// By the attempt's number.
    pub attempts: Vec<(i64, Option<Nanos>)>,
}

/// That it was done.
#[derive(Clone, Debug)]
pub struct Recomputed<'a> {
    pub id: String,
    pub workspace: &'a str,
    pub at: i64,
    pub author: &'a str,
    /// First day, and the start of the day after the last; milliseconds.
    pub days: (i64, i64),
    pub by: By,
    pub calls: u64,
    pub before: Nanos,
    pub after: Nanos,
}

impl Store {
    /// The calls of one hour, oldest first.
    pub async fn past_calls(&self, workspace: &str, hour: i64) -> Stored<Vec<PastCall>> {
        let span = (first_id(hour), first_id(hour + HOUR));
        let attempts = "SELECT call, number, provider, vendor, model, status, tokens_in, tokens_out, cost FROM attempts \
             WHERE call >= $1 AND call < $2 AND tokens_in + tokens_out > 0 ORDER BY call, number";
        let mut tried: HashMap<String, Vec<PastAttempt>> = HashMap::new();
        for row in sqlx::query(attempts).bind(&span.0).bind(&span.1).fetch_all(&self.journal.read).await? {
            tried.entry(row.try_get(0)?).or_default().push(PastAttempt {
                number: row.try_get(1)?,
                provider: row.try_get(2)?,
                vendor: row.try_get(3)?,
                model: row.try_get(4)?,
                answered: (200..300).contains(&row.try_get::<i64, _>(5)?),
                tokens_in: whole(row.try_get(6)?),
                tokens_out: whole(row.try_get(7)?),
                cost: row.try_get::<Option<i64>, _>(8)?.map(Nanos),
            });
        }
        let calls = "SELECT id, at, provider, vendor, CASE model_served WHEN '' THEN model_asked ELSE model_served END, \
             tokens_in, tokens_cached, tokens_out, tokens_reasoning, cost, price FROM calls \
             WHERE id >= $1 AND id < $2 AND workspace = $3 AND tokens_in + tokens_out > 0 AND kind <> 'custom' \
             AND cache_status NOT IN ('HIT', 'SEMANTIC HIT') AND NOT (status >= 400 AND coalesce(cost, 1) = 0) ORDER BY id";
        let rows = sqlx::query(calls).bind(&span.0).bind(&span.1).bind(workspace).fetch_all(&self.journal.read).await?;
        let read = |row: sqlx::sqlite::SqliteRow| {
            let id: String = row.try_get(0)?;
            let price = row.try_get::<Option<&str>, _>(10)?.and_then(|text| serde_json::from_str(text).ok());
            Ok(PastCall {
                attempts: tried.remove(&id).unwrap_or_default(),
                id,
                at: row.try_get(1)?,
                provider: row.try_get(2)?,
                vendor: row.try_get(3)?,
                model: row.try_get(4)?,
                tokens_in: whole(row.try_get(5)?),
                tokens_cached: whole(row.try_get(6)?),
                tokens_out: whole(row.try_get(7)?),
                tokens_reasoning: whole(row.try_get(8)?),
                cost: row.try_get::<Option<i64>, _>(9)?.map(Nanos),
                price: price.unwrap_or_default(),
            })
        };
        rows.into_iter().map(read).collect()
    }

    /// Writes costs of calls of one day, and makes the day's figures again: both or neither. No call of that day may be in
    /// the writer's memory any more. Budgets keep what was spent of them.
    pub async fn put_costs(&self, workspace: &str, (day, now): (i64, i64), costs: &[NewCost]) -> Stored<()> {
        let mut transaction = self.journal.write.begin_with("BEGIN IMMEDIATE").await?;
        for costs in costs.chunks(ROWS_MOST) {
            put_calls(&mut transaction, costs).await?;
        }
        let attempts =
            costs.iter().flat_map(|new| new.attempts.iter().map(|(number, cost)| (&*new.call, *number, *cost)));
        for attempts in attempts.collect::<Vec<_>>().chunks(ROWS_MOST) {
            put_attempts(&mut transaction, attempts).await?;
        }
        rebuild_day(&mut transaction, workspace, (day, now)).await?;
        Ok(transaction.commit().await?)
    }

    /// Writes down that costs were computed again.
    pub async fn note_recompute(&self, done: &Recomputed<'_>) -> Stored<()> {
        sqlx::query(
            "INSERT INTO recomputes (id, workspace, at, author, starts_at, ends_at, prices, calls, before, after) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(&done.id)
        .bind(done.workspace)
        .bind(done.at)
        .bind(done.author)
        .bind(done.days.0)
        .bind(done.days.1)
        .bind(done.by.word())
        .bind(count(done.calls))
        .bind(done.before.0)
        .bind(done.after.0)
        .execute(&self.control.write)
        .await?;
        Ok(())
    }
}

async fn put_calls(connection: &mut SqliteConnection, costs: &[NewCost]) -> Stored<()> {
    let mut arguments = SqliteArguments::default();
    for new in costs {
        let price = if new.price.is_empty() { None } else { serde_json::to_string(&new.price).ok() };
        arguments.add(new.call.clone()).map_err(sqlx::Error::Encode)?;
        arguments.add(new.cost.map(|cost| cost.0)).map_err(sqlx::Error::Encode)?;
        arguments.add(price).map_err(sqlx::Error::Encode)?;
    }
    let rows = vec!["(?, ?, ?)"; costs.len()].join(", ");
    let sql = format!(
        "WITH new (call, cost, price) AS (VALUES {rows}) \
         UPDATE calls SET cost = new.cost, price = new.price FROM new WHERE calls.id = new.call"
    );
    sqlx::query_with(&sql, arguments).persistent(costs.len() == ROWS_MOST).execute(connection).await?;
    Ok(())
}

async fn put_attempts(connection: &mut SqliteConnection, costs: &[(&str, i64, Option<Nanos>)]) -> Stored<()> {
    let mut arguments = SqliteArguments::default();
    for (call, number, cost) in costs {
        arguments.add((*call).to_owned()).map_err(sqlx::Error::Encode)?;
        arguments.add(*number).map_err(sqlx::Error::Encode)?;
        arguments.add(cost.map(|cost| cost.0)).map_err(sqlx::Error::Encode)?;
    }
    let rows = vec!["(?, ?, ?)"; costs.len()].join(", ");
    let sql = format!(
        "WITH new (call, number, cost) AS (VALUES {rows}) UPDATE attempts SET cost = new.cost FROM new \
         WHERE attempts.call = new.call AND attempts.number = new.number"
    );
    sqlx::query_with(&sql, arguments).persistent(costs.len() == ROWS_MOST).execute(connection).await?;
    Ok(())
}

fn whole(figure: i64) -> u64 {
    u64::try_from(figure).unwrap_or_default()
}
