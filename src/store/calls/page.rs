//! Lists of calls by keyset: a page costs the same wherever it stands in the journal.

use super::{COLUMNS, Call, CallFilter, EVERY, Ids, first_id};
use crate::store::{Store, Stored};
use sqlx::QueryBuilder;
use std::ops::Bound;

/// Where a page begins. Ids come from an earlier page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cursor<'a> {
    Newest,
    /// The calls just older than this id.
    Before(&'a str),
    /// The calls just newer than this id.
    After(&'a str),
}

/// Calls, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallPage {
    pub calls: Vec<Call>,
    /// Whether more lie beyond, in the cursor's direction.
    pub more: bool,
}

/// A poll counts no further: the pill says "999+".
const MOST_COUNTED: i64 = 1000;

impl<'a> Cursor<'a> {
    pub(in crate::store) fn ids(self) -> Ids<'a> {
        match self {
            Self::Newest => EVERY,
            Self::Before(id) => (Bound::Unbounded, Bound::Excluded(id)),
            Self::After(id) => (Bound::Excluded(id), Bound::Unbounded),
        }
    }

    /// Whether an id lies on the cursor's way.
    pub(super) fn passes(self, id: &str) -> bool {
        match self {
            Self::Newest => true,
            Self::Before(end) => id < end,
            Self::After(end) => id > end,
        }
    }

    /// Whether calls that begin between two moments may lie on its way.
    pub(super) fn reaches(self, from: i64, until: i64) -> bool {
        match self {
            Self::Newest => true,
            Self::Before(end) => first_id(from).as_str() < end,
            Self::After(end) => first_id(until).as_str() > end,
        }
    }

    pub(super) fn order(self) -> &'static str {
        match self {
            Self::Newest | Self::Before(_) => " ORDER BY id DESC",
            Self::After(_) => " ORDER BY id",
        }
    }
}

impl Store {
    pub async fn list_calls(
        &self,
        workspace: &str,
        filter: &CallFilter,
        cursor: Cursor<'_>,
        limit: u32,
    ) -> Stored<CallPage> {
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut calls = match self.narrowed(workspace, filter, cursor, most.saturating_add(1)).await? {
            Some(ids) => self.calls_of(&ids, cursor).await?,
            None => self.plain_calls(workspace, filter, cursor, i64::from(limit) + 1).await?,
        };
        let more = calls.len() > most;
        calls.truncate(most);
        if matches!(cursor, Cursor::After(_)) {
            calls.reverse();
        }
        Ok(CallPage { calls, more })
    }

    async fn plain_calls(
        &self,
        workspace: &str,
        filter: &CallFilter,
        cursor: Cursor<'_>,
        limit: i64,
    ) -> Stored<Vec<Call>> {
        let mut sql = QueryBuilder::new(format!("SELECT {COLUMNS} FROM {}", filter.table()));
        filter.where_calls(&mut sql, workspace, cursor.ids());
        sql.push(cursor.order()).push(" LIMIT ").push_bind(limit);
        Ok(sql.build_query_as().fetch_all(self.calls_for(filter).await).await?)
    }

    async fn calls_of(&self, ids: &[String], cursor: Cursor<'_>) -> Stored<Vec<Call>> {
        let mut sql = QueryBuilder::new(format!("SELECT {COLUMNS} FROM calls WHERE id IN ("));
        let mut list = sql.separated(", ");
        ids.iter().for_each(|id| _ = list.push_bind(id));
        sql.push(")").push(cursor.order());
        Ok(sql.build_query_as().fetch_all(&self.journal.read).await?)
    }

    /// Ids of the calls just newer and just older than `id` under the filter, which `id` itself need not pass.
    pub async fn neighbours(
        &self,
        workspace: &str,
        filter: &CallFilter,
        id: &str,
    ) -> Stored<(Option<String>, Option<String>)> {
        let newer = self.next_id(workspace, filter, Cursor::After(id)).await?;
        let older = self.next_id(workspace, filter, Cursor::Before(id)).await?;
        Ok((newer, older))
    }

    /// How many calls are newer than `id` under the filter, up to 1,000.
    pub async fn count_newer(&self, workspace: &str, filter: &CallFilter, id: &str) -> Stored<u64> {
        let mut sql = QueryBuilder::new("SELECT count(*) FROM (SELECT 1 FROM ");
        sql.push(filter.table());
        filter.where_calls(&mut sql, workspace, Cursor::After(id).ids());
        sql.push(" LIMIT ").push_bind(MOST_COUNTED).push(")");
        Ok(sql.build_query_scalar().fetch_one(self.calls_for(filter).await).await?)
    }

    async fn next_id(&self, workspace: &str, filter: &CallFilter, from: Cursor<'_>) -> Stored<Option<String>> {
        if let Some(ids) = self.narrowed(workspace, filter, from, 1).await? {
            return Ok(ids.into_iter().next());
        }
        let mut sql = QueryBuilder::new("SELECT id FROM ");
        sql.push(filter.table());
        filter.where_calls(&mut sql, workspace, from.ids());
        sql.push(from.order()).push(" LIMIT 1");
        Ok(sql.build_query_scalar().fetch_optional(self.calls_for(filter).await).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::seed::{AT, Seed, journal};
    use super::super::{Bounds, Statuses};
    use super::*;

    async fn names(store: &Store, filter: &CallFilter, cursor: Cursor<'_>, limit: u32) -> (Vec<i64>, bool) {
        let page = store.list_calls("default", filter, cursor, limit).await.unwrap();
        (page.calls.iter().map(|call| call.at - AT).collect(), page.more)
    }

    #[tokio::test]
    async fn pages_join_without_gap_or_overlap_in_both_directions() {
        let (store, _folder) = journal().await;
        let mut ids = Vec::new();
        for after in 0..5 {
            ids.push(Seed { at: AT + after, ..Seed::default() }.plant(&store).await);
        }
        Seed { workspace: "other", ..Seed::default() }.plant(&store).await;
        let all = CallFilter::default();
        assert_eq!(names(&store, &all, Cursor::Newest, 2).await, (vec![4, 3], true));
        assert_eq!(names(&store, &all, Cursor::Before(&ids[3]), 2).await, (vec![2, 1], true));
        assert_eq!(names(&store, &all, Cursor::Before(&ids[1]), 2).await, (vec![0], false));
        assert_eq!(names(&store, &all, Cursor::After(&ids[0]), 2).await, (vec![2, 1], true));
        assert_eq!(names(&store, &all, Cursor::After(&ids[2]), 2).await, (vec![4, 3], false));
        let span = CallFilter { from: Some(AT + 1), until: Some(AT + 4), ..CallFilter::default() };
        assert_eq!(names(&store, &span, Cursor::Before(&ids[4]), 9).await, (vec![3, 2, 1], false));
        assert_eq!(names(&store, &span, Cursor::Before(&ids[2]), 9).await, (vec![1], false));
        assert_eq!(names(&store, &span, Cursor::After(&ids[0]), 9).await, (vec![3, 2, 1], false));
        assert_eq!(names(&store, &span, Cursor::After(&ids[1]), 9).await, (vec![3, 2], false));
        assert_eq!(store.count_newer("default", &all, &ids[1]).await.unwrap(), 3);
        let (newer, older) = store.neighbours("default", &all, &ids[4]).await.unwrap();
        assert_eq!((newer, older), (None, Some(ids[3].clone())));
    }

    #[tokio::test]
    async fn each_filter_narrows_to_its_own() {
        let (store, _folder) = journal().await;
        Seed { at: AT, ..Seed::default() }.plant(&store).await;
        Seed { at: AT + 1, status: 429, model: "slow-7", cost: None, ..Seed::default() }.plant(&store).await;
        Seed { at: AT + 2, status: 0, key: "k2", metadata: r#"{"env":"prod","a\"b":"1"}"#, ..Seed::default() }
            .plant(&store)
            .await;
        Seed { at: AT + 3, status: 502, trace: "t-9", provider: "beta", tokens_in: 9, ..Seed::default() }
            .plant(&store)
            .await;
        let text = |word: &str| vec![word.to_owned()];
        let pair = |key: &str, value: &str| vec![(key.to_owned(), value.to_owned())];
        let none = CallFilter::default;
        for (filter, expected) in [
            (CallFilter { statuses: vec![Statuses::Errors], ..none() }, vec![3, 2, 1]),
            (CallFilter { statuses: vec![Statuses::Class(2), Statuses::Exactly(502)], ..none() }, vec![3, 0]),
            (CallFilter { models: text("slow-7"), ..none() }, vec![1]),
            (CallFilter { keys: text("k2"), ..none() }, vec![2]),
            (CallFilter { providers: text("beta"), ..none() }, vec![3]),
            (CallFilter { trace: Some("t-9".into()), ..none() }, vec![3]),
            (CallFilter { metadata: pair("env", "prod"), ..none() }, vec![2]),
            (CallFilter { metadata: pair("a\"b", "1"), ..none() }, vec![2]),
            (CallFilter { metadata: pair("env", "PROD"), ..none() }, vec![]),
            (CallFilter { vendor_models: pair("cerebras", "slow-7"), ..none() }, vec![1]),
            (CallFilter { tokens_in: Bounds { least: None, most: Some(9) }, ..none() }, vec![3]),
            (CallFilter { cost: Bounds { least: Some(0), most: None }, ..none() }, vec![3, 2, 0]),
            (CallFilter { from: Some(AT + 1), until: Some(AT + 3), ..none() }, vec![2, 1]),
            (CallFilter { configs: text("pc-none"), ..none() }, vec![]),
        ] {
            assert_eq!(names(&store, &filter, Cursor::Newest, 10).await.0, expected, "{filter:?}");
        }
    }
}
