//! What people think of a trace.

use crate::store::{Store, Stored};
use sqlx::sqlite::SqliteConnection;
use sqlx::{QueryBuilder, Sqlite};

/// A row of `feedback`. It belongs to every call of its trace.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct Feedback {
    pub id: String,
    pub trace_id: String,
    /// -10 to 10.
    pub value: i64,
    /// 0 to 1.
    pub weight: f64,
    /// JSON object of text.
    pub metadata: String,
    /// Id of the key that gave it.
    pub key_id: String,
    /// Milliseconds since 1970 UTC, as is `updated_at`.
    pub created_at: i64,
    pub updated_at: i64,
}

/// What replaces the parts of a feedback; `None` keeps what is there.
#[derive(Clone, Debug, PartialEq)]
pub struct Revision {
    pub value: i64,
    pub weight: Option<f64>,
    pub metadata: Option<String>,
}

/// Rows of one statement.
const CHUNK: usize = 100;
/// Most that is shown of one trace: the newest.
const SHOWN: i64 = 100;

impl Store {
    /// Keeps all of `rows` or none.
    pub async fn add_feedback(&self, workspace: &str, rows: &[Feedback]) -> Stored<()> {
        let mut transaction = self.journal.write.begin().await?;
        insert(&mut transaction, workspace, rows).await?;
        Ok(transaction.commit().await?)
    }

    /// Whether there was a feedback of that id to revise.
    pub async fn revise_feedback(&self, workspace: &str, id: &str, revision: &Revision, now: i64) -> Stored<bool> {
        let revised = sqlx::query(
            "UPDATE feedback SET value = $3, weight = coalesce($4, weight), metadata = coalesce($5, metadata), \
             updated_at = $6 WHERE workspace = $1 AND id = $2",
        )
        .bind(workspace)
        .bind(id)
        .bind(revision.value)
        .bind(revision.weight)
        .bind(&revision.metadata)
        .bind(now)
        .execute(&self.journal.write)
        .await?;
        Ok(revised.rows_affected() > 0)
    }

    /// The newest feedback on a trace, oldest first.
    pub async fn feedback_on(&self, workspace: &str, trace: &str) -> Stored<Vec<Feedback>> {
        let mut rows: Vec<Feedback> = sqlx::query_as(
            "SELECT id, trace_id, value, weight, metadata, key_id, created_at, updated_at FROM feedback \
             WHERE workspace = $1 AND trace_id = $2 ORDER BY created_at DESC, id DESC LIMIT $3",
        )
        .bind(workspace)
        .bind(trace)
        .bind(SHOWN)
        .fetch_all(&self.journal.read)
        .await?;
        rows.reverse();
        Ok(rows)
    }
}

pub(in crate::store) async fn insert(
    connection: &mut SqliteConnection,
    workspace: &str,
    rows: &[Feedback],
) -> Stored<()> {
    for chunk in rows.chunks(CHUNK) {
        let mut sql = QueryBuilder::<Sqlite>::new(
            "INSERT INTO feedback (id, workspace, trace_id, value, weight, metadata, key_id, created_at, updated_at) ",
        );
        sql.push_values(chunk, |mut row, feedback| {
            row.push_bind(&feedback.id).push_bind(workspace).push_bind(&feedback.trace_id);
            row.push_bind(feedback.value).push_bind(feedback.weight).push_bind(&feedback.metadata);
            row.push_bind(&feedback.key_id).push_bind(feedback.created_at).push_bind(feedback.updated_at);
        });
        sql.build().execute(&mut *connection).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Feedback, Revision};
    use crate::store::calls::seed::{Seed, journal};
    use crate::store::calls::{Bounds, CallFilter, Cursor};

    fn on(id: &str, trace: &str, value: i64, weight: f64) -> Feedback {
        Feedback {
            id: id.into(),
            trace_id: trace.into(),
            value,
            weight,
            metadata: "{}".into(),
            key_id: "k1".into(),
            created_at: 1,
            updated_at: 1,
        }
    }

    #[tokio::test]
    async fn a_revision_changes_what_it_names_and_only_in_its_workspace() {
        let (store, _folder) = journal().await;
        store.add_feedback("default", &[on("f-1", "t-0", 5, 0.5)]).await.unwrap();
        let revision = Revision { value: -3, weight: None, metadata: Some(r#"{"a":"b"}"#.into()) };
        assert!(!store.revise_feedback("other", "f-1", &revision, 9).await.unwrap());
        assert!(store.revise_feedback("default", "f-1", &revision, 9).await.unwrap());
        let found = store.feedback_on("default", "t-0").await.unwrap();
        let expected = Feedback { metadata: r#"{"a":"b"}"#.into(), updated_at: 9, ..on("f-1", "t-0", -3, 0.5) };
        assert_eq!(found, [expected]);
        assert!(store.feedback_on("other", "t-0").await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn calls_are_found_by_the_average_of_their_trace() {
        let (store, _folder) = journal().await;
        let id = Seed { trace: "t-1", ..Seed::default() }.plant(&store).await;
        let rows = [on("f-1", "t-1", 10, 0.1), on("f-2", "t-1", 0, 1.0), on("f-3", "t-2", 10, 1.0)];
        store.add_feedback("default", &rows).await.unwrap();
        store.add_feedback("other", &[on("f-4", "t-1", 10, 1.0)]).await.unwrap();
        for (least, most, found) in [
            (Some(500_000), Some(500_000), true),
            (Some(500_001), None, false),
            (None, Some(499_999), false),
            (Some(-10_000_000), None, true),
        ] {
            let filter = CallFilter { weighted: Bounds { least, most }, ..CallFilter::default() };
            let page = store.list_calls("default", &filter, Cursor::Newest, 9).await.unwrap();
            let ids: Vec<_> = page.calls.into_iter().map(|call| call.id).collect();
            assert_eq!(ids, if found { vec![id.clone()] } else { vec![] }, "{least:?} {most:?}");
            assert!(!filter.is_rolled_up());
        }
    }
}
