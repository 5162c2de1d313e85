//! Counts beside a list. Rollups answer where they can, so that they stay fast at any size of the journal.

use super::{CallFilter, EVERY};
use crate::store::{Store, Stored};
use app::model::range::MINUTE;
use sqlx::QueryBuilder;

/// How much was called by one combination of provider, model, key and status.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Tally {
    pub provider: String,
    /// As served.
    pub model: String,
    pub key: String,
    pub status: u16,
    pub calls: u64,
    /// Input and output.
    pub tokens: u64,
    /// Nano-dollars of the priced calls.
    pub cost: i64,
}

/// Calls that started within one bar of the histogram; bars without calls are absent.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Bar {
    /// Start, milliseconds, a multiple of the bar's width.
    pub at: i64,
    pub calls: u64,
    /// 400 and above, and interrupted.
    pub errors: u64,
}

impl Store {
    /// The filter's span cut by provider, model, key and status. Those four do not narrow it, so that each facet can
    /// be counted under all filters but its own: `CallFilter::admits` applies them.
    pub async fn tallies(&self, workspace: &str, filter: &CallFilter) -> Stored<Vec<Tally>> {
        let mut sql = QueryBuilder::new("");
        if filter.is_rolled_up() {
            sql.push("SELECT provider, model, key_id AS key, status, sum(calls) AS calls, ");
            sql.push("sum(tokens_in + tokens_out) AS tokens, sum(cost) AS cost FROM rollups");
            filter.where_rollups(&mut sql, workspace);
        } else {
            sql.push("SELECT provider, model_served AS model, key_id AS key, status, count(*) AS calls, ");
            sql.push("sum(tokens_in + tokens_out) AS tokens, coalesce(sum(cost), 0) AS cost FROM calls");
            filter.where_unrolled(&mut sql, workspace, EVERY);
        }
        sql.push(" GROUP BY 1, 2, 3, 4");
        Ok(sql.build_query_as().fetch_all(&self.journal.read).await?)
    }

    /// The histogram of the whole filter, oldest bar first. `width` is a number of milliseconds, at least a minute.
    ///
    /// Minutes are summed first, as they come in the order of the primary key: that spares sorting every rollup.
    pub async fn bars(&self, workspace: &str, filter: &CallFilter, width: i64) -> Stored<Vec<Bar>> {
        let width = width.max(MINUTE);
        let mut sql = QueryBuilder::new("SELECT ");
        if filter.is_rolled_up() {
            sql.push("minute - minute % ").push_bind(width).push(" AS at, sum(calls) AS calls, sum(errors) AS errors ");
            sql.push("FROM (SELECT minute, sum(calls) AS calls, ");
            sql.push("sum(CASE WHEN status >= 400 OR status = 0 THEN calls ELSE 0 END) AS errors FROM rollups");
            filter.where_rollups(&mut sql, workspace);
            filter.and_rolled(&mut sql, "model");
            sql.push(" GROUP BY minute)");
        } else {
            sql.push("at - at % ").push_bind(width).push(" AS at, count(*) AS calls, ");
            sql.push("sum(status >= 400 OR status = 0) AS errors FROM calls");
            filter.where_calls(&mut sql, workspace, EVERY);
        }
        sql.push(" GROUP BY 1 ORDER BY 1");
        Ok(sql.build_query_as().fetch_all(&self.journal.read).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Statuses;
    use super::super::seed::{AT, Seed, journal};
    use super::*;

    #[tokio::test]
    async fn rollups_and_a_scan_count_the_same() {
        let (store, _folder) = journal().await;
        for (after, status, model, cost) in [
            (0, 200, "gpt-oss-120b", Some(5)),
            (1, 200, "gpt-oss-120b", None),
            (61_000, 500, "gpt-oss-120b", Some(0)),
            (62_000, 0, "slow-7", None),
        ] {
            let seed = Seed { at: AT + after, status, model, cost, trace: "t-1", ..Seed::default() };
            seed.plant(&store).await;
        }
        let span = CallFilter { from: Some(AT), until: Some(AT + 120_000), ..CallFilter::default() };
        let scan = CallFilter { trace: Some("t-1".into()), ..span.clone() };
        let rolled = store.tallies("default", &span).await.unwrap();
        assert_eq!(rolled, store.tallies("default", &scan).await.unwrap());
        assert_eq!(rolled.iter().map(|tally| tally.calls).sum::<u64>(), 4);
        assert_eq!(rolled.iter().map(|tally| tally.cost).sum::<i64>(), 5);

        let errors = |filter: CallFilter| CallFilter { statuses: vec![Statuses::Errors], ..filter };
        let bars = store.bars("default", &errors(span), MINUTE).await.unwrap();
        assert_eq!(bars, store.bars("default", &errors(scan), MINUTE).await.unwrap());
        assert_eq!(bars, [Bar { at: AT + MINUTE, calls: 2, errors: 2 }]);
    }
}
