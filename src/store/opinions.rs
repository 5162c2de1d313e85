//! Feedback and rescues in figures, from the calls themselves.

use crate::store::calls::{CallFilter, EVERY};
use crate::store::{Store, Stored};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite};

/// What was said of a trace, with its last call.
#[derive(Clone, Debug, PartialEq)]
pub struct Opinion {
    /// When it was said, milliseconds since 1970 UTC.
    pub at: i64,
    pub value: i64,
    pub weight: f64,
    /// `None`: no call of the trace is known.
    pub call: Option<Called>,
}

/// As much of a call as opinions are told apart by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Called {
    /// Slug.
    pub provider: String,
    /// As served.
    pub model: String,
    pub key_id: String,
    /// Slug; empty: none.
    pub config: String,
    pub status: u16,
    pub cache_status: String,
    /// JSON object of text.
    pub metadata: String,
}

/// What was said of the calls with one value of metadata.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct Said {
    pub value: String,
    pub weighted: f64,
    pub calls: i64,
}

/// A call that ended well, though not at the first try.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Rescue {
    pub at: i64,
    pub retries: i64,
    /// A later target than the first answered.
    pub fell_back: bool,
}

/// A target other than the first of a list. What is rescued has an index in the same words.
const FELL_BACK: &str = "(instr(target, '[') > 0 AND substr(target, instr(target, '[') + 1, 2) <> '0]')";

impl Store {
    /// What was said within the filter's time; any other narrowing is that of the calls of its trace.
    pub async fn opinions(&self, workspace: &str, filter: &CallFilter) -> Stored<Vec<Opinion>> {
        let plain = CallFilter { from: None, until: None, ..filter.clone() };
        let mut sql = QueryBuilder::new("");
        select_opinions(&mut sql, workspace, (filter.from, filter.until), &plain);
        sql.build().fetch_all(self.by_trace().await).await?.iter().map(opinion).collect()
    }

    /// What was said of calls within the filter, by the value of a key of their metadata.
    pub async fn feedback_by_metadata(&self, workspace: &str, filter: &CallFilter, key: &str) -> Stored<Vec<Said>> {
        let mut sql = QueryBuilder::new(
            "SELECT pair.value AS value, avg(c.score) AS weighted, count(DISTINCT c.id) AS calls FROM (",
        );
        // The two halves of `traced`, each from what was said: joined with the view, all calls would be read.
        for (half, calls) in [
            ("", " CROSS JOIN calls ON id = said AND trace_id = id"),
            (
                " UNION ALL ",
                " CROSS JOIN (SELECT trace_id AS own, id AS call FROM trace_calls) ON own = said \
                 CROSS JOIN calls ON id = call",
            ),
        ] {
            sql.push(half);
            sql.push(
                "SELECT id, metadata, score FROM (SELECT trace_id AS said, value * weight AS score FROM feedback \
                 WHERE workspace = ",
            );
            sql.push_bind(workspace).push(")").push(calls);
            filter.where_calls(&mut sql, workspace, EVERY);
        }
        sql.push(") c JOIN json_each(c.metadata) AS pair ON pair.key = ").push_bind(key).push(" GROUP BY 1");
        Ok(sql.build_query_as().fetch_all(self.by_trace().await).await?)
    }

    /// Calls within the filter that were rescued.
    pub async fn rescued(&self, workspace: &str, filter: &CallFilter) -> Stored<Vec<Rescue>> {
        let mut sql = QueryBuilder::new(format!(
            "SELECT at, retries, (mode = 'fallback' AND {FELL_BACK}) AS fell_back FROM {}",
            filter.table()
        ));
        filter.where_calls(&mut sql, workspace, EVERY);
        sql.push(" AND ").push(is_rescued());
        Ok(sql.build_query_as().fetch_all(self.calls_for(filter).await).await?)
    }
}

/// The calls of each opinion's trace are looked up: a filter that most calls pass costs no more than one of few.
fn select_opinions<'a>(
    sql: &mut QueryBuilder<'a, Sqlite>,
    workspace: &'a str,
    (from, until): (Option<i64>, Option<i64>),
    plain: &'a CallFilter,
) {
    sql.push(
        "SELECT f.created_at, f.value, f.weight, c.id, c.provider, \
         CASE c.model_served WHEN '' THEN c.model_asked ELSE c.model_served END, c.key_id, coalesce(c.config, ''), \
         c.status, c.cache_status, c.metadata FROM feedback f LEFT JOIN calls c ON c.id = \
         (SELECT id FROM traced WHERE trace_id = f.trace_id AND workspace = f.workspace ORDER BY id DESC LIMIT 1) \
         WHERE f.workspace = ",
    );
    sql.push_bind(workspace);
    sql.push(" AND f.created_at >= ").push_bind(from.unwrap_or(0));
    sql.push(" AND f.created_at < ").push_bind(until.unwrap_or(i64::MAX));
    if *plain != CallFilter::default() {
        sql.push(" AND EXISTS (SELECT 1 FROM (SELECT * FROM traced WHERE trace_id = f.trace_id)");
        plain.where_calls(sql, workspace, EVERY);
        sql.push(")");
    }
    sql.push(" ORDER BY f.created_at");
}

fn is_rescued() -> String {
    format!("status BETWEEN 1 AND 399 AND (retries > 0 OR (mode = 'fallback' AND {FELL_BACK}))")
}

fn opinion(row: &SqliteRow) -> Stored<Opinion> {
    let known = row.try_get::<Option<&str>, _>(3)?.is_some();
    let called = || -> Stored<Called> {
        Ok(Called {
            provider: row.try_get(4)?,
            model: row.try_get(5)?,
            key_id: row.try_get(6)?,
            config: row.try_get(7)?,
            status: row.try_get(8)?,
            cache_status: row.try_get(9)?,
            metadata: row.try_get(10)?,
        })
    };
    let call = known.then(called).transpose()?;
    Ok(Opinion { at: row.try_get(0)?, value: row.try_get(1)?, weight: row.try_get(2)?, call })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::calls::seed::journal;

    #[tokio::test]
    async fn what_was_said_of_some_calls_is_found_without_reading_the_others() {
        let (store, _folder) = journal().await;
        let plain = CallFilter {
            models: vec!["gpt-5".into()],
            metadata: vec![("env".into(), "prod".into())],
            ..CallFilter::default()
        };
        let mut sql = QueryBuilder::new("EXPLAIN QUERY PLAN ");
        select_opinions(&mut sql, "default", (Some(1), Some(2)), &plain);
        let plan = sql.build().fetch_all(&store.journal.read).await.unwrap();
        let steps = plan.iter().map(|row| row.get::<String, _>("detail")).collect::<Vec<_>>();
        let looked_up = |step: &&String| step.contains("USING PRIMARY KEY (trace_id=?)");
        assert_eq!(steps.iter().filter(looked_up).count(), 2, "{steps:?}");
        let walks = |step: &String| step.contains("SCAN") || step.contains("calls_by") || step.contains("(id>?");
        assert!(!steps.iter().any(walks), "{steps:?}");
    }

    #[tokio::test]
    async fn rescued_calls_are_read_without_the_others() {
        let (store, _folder) = journal().await;
        let filter = CallFilter { from: Some(1), until: Some(2), ..CallFilter::default() };
        let mut sql = QueryBuilder::new("EXPLAIN QUERY PLAN SELECT at, retries, mode, target FROM calls");
        filter.where_calls(&mut sql, "default", EVERY);
        sql.push(" AND ").push(is_rescued());
        let plan = sql.build().fetch_all(&store.journal.read).await.unwrap();
        let steps = plan.iter().map(|row| row.get::<String, _>("detail")).collect::<Vec<_>>();
        assert!(steps.iter().any(|step| step.contains("USING COVERING INDEX calls_rescued")), "{steps:?}");
    }
}
