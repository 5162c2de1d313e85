//! `GET /v1/logs` and `GET /v1/logs/{id}`: the journal in the contract's own words (§6.1, §6.3).

pub(crate) mod query;
mod record;
mod said;

pub use record::Record;
pub(in crate::gateway) use record::{cents, iso};

use crate::store::calls::Cursor;
use crate::store::{Store, StoreError};
use serde::Serialize;

/// The envelope of a list. `next_cursor` is the `cursor` of the next, older page; `null` on the last.
#[derive(Debug, Serialize)]
pub struct List {
    pub object: &'static str,
    pub data: Vec<Record>,
    pub next_cursor: Option<String>,
}

/// Why no record is returned. The door gives each its status: 400, 404, 500.
#[derive(Debug, thiserror::Error)]
pub enum LogsRefusal {
    #[error("The parameter `{name}` must be {allowed}.")]
    Parameter { name: String, allowed: &'static str },
    #[error("`{0}` is no parameter of this list. Use one of {names}.", names = query::NAMES.join(", "))]
    Unknown(String),
    #[error("No log has the id `{0}`.")]
    Missing(String),
    #[error("The journal could not be read. Try again.")]
    Store(#[from] StoreError),
}

/// A page ends early once the bodies in it come to this many bytes.
const MOST_BODIES: usize = 16 << 20;

/// The calls of a workspace that pass the filter, newest first.
pub async fn list(store: &Store, workspace: &str, raw_query: &str) -> Result<List, LogsRefusal> {
    let query = query::parse(raw_query)?;
    if query.nothing {
        return Ok(List { object: "list", data: Vec::new(), next_cursor: None });
    }
    let cursor = query.cursor.as_deref().map_or(Cursor::Newest, Cursor::Before);
    let page = store.list_calls(workspace, &query.filter, cursor, query.page_size).await?;
    let mut data: Vec<Record> = Vec::with_capacity(page.calls.len());
    let mut more = page.more;
    let mut room = MOST_BODIES;
    for call in page.calls {
        if room == 0 {
            more = true;
            break;
        }
        let record = Record::of(store.call_file(call).await?);
        room = room.saturating_sub(record.size());
        data.push(record);
    }
    let next_cursor = data.last().filter(|_| more).map(|record| record.id().to_owned());
    Ok(List { object: "list", data, next_cursor })
}

/// One call of a workspace.
pub async fn one(store: &Store, workspace: &str, id: &str) -> Result<Record, LogsRefusal> {
    match store.call(workspace, id).await? {
        Some(file) => Ok(Record::of(file)),
        None => Err(LogsRefusal::Missing(id.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::calls::seed::{AT, Seed, journal};

    #[tokio::test]
    async fn a_record_of_another_workspace_is_missing() {
        let (store, _folder) = journal().await;
        let id = Seed::default().plant(&store).await;
        assert!(matches!(one(&store, "other", &id).await, Err(LogsRefusal::Missing(_))));
    }

    #[tokio::test]
    async fn the_cursor_walks_the_whole_list() {
        let (store, _folder) = journal().await;
        for after in 0..5 {
            Seed { at: AT + after, ..Seed::default() }.plant(&store).await;
        }
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = list(&store, "default", &format!("page_size=2&cursor={cursor}")).await.unwrap();
            assert_eq!(page.object, "list");
            seen.extend(page.data.iter().map(|record| record.id().to_owned()));
            match page.next_cursor {
                Some(next) => cursor = next,
                None => break,
            }
        }
        assert_eq!(seen.len(), 5);
        assert!(seen.is_sorted_by(|a, b| a > b));
    }

    #[tokio::test]
    async fn what_does_not_exist_yet_matches_nothing() {
        let (store, _folder) = journal().await;
        Seed::default().plant(&store).await;
        assert!(list(&store, "default", "prompt_slug=pp-1").await.unwrap().data.is_empty());
        assert_eq!(list(&store, "default", "ai_org_model=cerebras__gpt-oss-120b").await.unwrap().data.len(), 1);
        assert!(list(&store, "default", "totalUnitsMin=999999").await.unwrap().data.is_empty());
    }
}
