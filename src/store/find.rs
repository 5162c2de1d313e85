//! Ids by their beginning, for a person who has a part of one.

use super::{Store, Stored};

/// Calls and traces whose ids begin with what was typed, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Begun {
    pub calls: Vec<BegunCall>,
    pub traces: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct BegunCall {
    pub id: String,
    pub status: u16,
    /// The model, or else the span's name.
    pub name: String,
}

impl Store {
    /// At most `most` of each. Both are spans of an index, so that a journal of any size is searched at once. A call that
    /// is its own trace is found as a call.
    pub async fn begun_ids(&self, workspace: &str, typed: &str, most: usize) -> Stored<Begun> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let past = format!("{typed}\u{10FFFF}");
        let calls = "SELECT id, status, CASE model_served WHEN '' THEN span_name ELSE model_served END AS name \
                     FROM calls WHERE workspace = $1 AND id >= $2 AND id < $3 ORDER BY id DESC LIMIT $4";
        let calls = sqlx::query_as(calls).bind(workspace).bind(typed).bind(&past).bind(most);
        let traces = "SELECT DISTINCT t.trace_id FROM trace_calls AS t CROSS JOIN calls AS c ON c.id = t.id \
                      WHERE workspace = $1 AND t.trace_id >= $2 AND t.trace_id < $3 ORDER BY 1 DESC LIMIT $4";
        let traces = sqlx::query_scalar(traces).bind(workspace).bind(typed).bind(&past).bind(most);
        Ok(Begun {
            calls: calls.fetch_all(&self.journal.read).await?,
            traces: traces.fetch_all(self.by_trace().await).await?,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::store::calls::seed::{Seed, journal};

    #[tokio::test]
    async fn an_id_is_found_by_its_beginning_in_its_own_workspace_alone() {
        let (store, _folder) = journal().await;
        let id = Seed::default().plant(&store).await;
        for (workspace, typed, calls) in [
            ("default", &id[..6], 1),
            ("default", id.as_str(), 1),
            ("other", &id[..6], 0),
            ("default", "zz", 0),
            ("default", "%", 0),
        ] {
            let begun = store.begun_ids(workspace, typed, 5).await.unwrap();
            assert_eq!(begun.calls.len(), calls, "{workspace} {typed}");
        }
    }
}
