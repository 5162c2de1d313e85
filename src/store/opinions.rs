//! Feedback and rescues in figures, from the calls themselves.

use crate::store::calls::{CallFilter, EVERY};
use crate::store::{Store, Stored};
use sqlx::QueryBuilder;

/// What was said of a trace, with the model that answered its last call.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct Opinion {
    /// When it was said, milliseconds since 1970 UTC.
    pub at: i64,
    pub value: i64,
    pub weight: f64,
    pub model: Option<String>,
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

/// A target other than the first of a list.
const FELL_BACK: &str = "(instr(target, '[') > 0 AND substr(target, instr(target, '[') + 1, 2) <> '0]')";

impl Store {
    /// What was said within the filter's time; any other narrowing is that of the calls of its trace.
    pub async fn opinions(&self, workspace: &str, filter: &CallFilter) -> Stored<Vec<Opinion>> {
        let plain = CallFilter { from: None, until: None, ..filter.clone() };
        let mut sql = QueryBuilder::new(
            "SELECT created_at AS at, value, weight, (SELECT model_served FROM calls c WHERE c.trace_id = f.trace_id \
             AND c.workspace = f.workspace ORDER BY c.id DESC LIMIT 1) AS model FROM feedback f WHERE workspace = ",
        );
        sql.push_bind(workspace);
        sql.push(" AND created_at >= ").push_bind(filter.from.unwrap_or(0));
        sql.push(" AND created_at < ").push_bind(filter.until.unwrap_or(i64::MAX));
        if plain != CallFilter::default() {
            sql.push(" AND trace_id IN (SELECT trace_id FROM calls");
            plain.where_calls(&mut sql, workspace, EVERY);
            sql.push(")");
        }
        sql.push(" ORDER BY created_at");
        Ok(sql.build_query_as().fetch_all(&self.journal.read).await?)
    }

    /// What was said of calls within the filter, by the value of a key of their metadata.
    pub async fn feedback_by_metadata(&self, workspace: &str, filter: &CallFilter, key: &str) -> Stored<Vec<Said>> {
        let mut sql = QueryBuilder::new("SELECT pair.value AS value, avg(f.value * f.weight) AS weighted, ");
        sql.push("count(DISTINCT c.id) AS calls FROM (SELECT id, trace_id, metadata FROM calls");
        filter.where_calls(&mut sql, workspace, EVERY);
        sql.push(" AND trace_id IN (SELECT trace_id FROM feedback WHERE workspace = ").push_bind(workspace);
        sql.push(")) c JOIN json_each(c.metadata) AS pair ON pair.key = ").push_bind(key);
        sql.push(" JOIN feedback f ON f.workspace = ").push_bind(workspace);
        sql.push(" AND f.trace_id = c.trace_id GROUP BY 1");
        Ok(sql.build_query_as().fetch_all(&self.journal.read).await?)
    }

    /// Calls within the filter that were rescued.
    pub async fn rescued(&self, workspace: &str, filter: &CallFilter) -> Stored<Vec<Rescue>> {
        let mut sql = QueryBuilder::new(format!(
            "SELECT at, retries, (mode = 'fallback' AND {FELL_BACK}) AS fell_back FROM calls"
        ));
        filter.where_calls(&mut sql, workspace, EVERY);
        sql.push(format!(" AND status BETWEEN 1 AND 399 AND (retries > 0 OR (mode = 'fallback' AND {FELL_BACK}))"));
        Ok(sql.build_query_as().fetch_all(&self.journal.read).await?)
    }
}
