//! Finding the calls of a list by blocks.

use super::{CallFilter, Cursor};
use crate::store::blocks::{Block, Garbled, Gather, Sieve, Tallies, Way, read_blocks};
use crate::store::rollups::HOUR;
use crate::store::{Store, Stored};
use sqlx::QueryBuilder;
use std::collections::{HashMap, HashSet, VecDeque};

/// A list that is not full after so many blocks asks first which of the others have what it looks for.
const AT_RANDOM: usize = 5;

/// What is looked for.
#[derive(Clone, Copy)]
struct Wanted<'w> {
    workspace: &'w str,
    filter: &'w CallFilter,
    cursor: Cursor<'w>,
    most: usize,
}

/// Ids that pass, by hour, the oldest of each first.
struct Passing {
    filter: CallFilter,
    hours: HashMap<i64, Vec<String>>,
}

impl Store {
    /// Ids of the first `most` calls from the cursor on, found by blocks; `None`: a plain walk is as good, or blocks do
    /// not know what the filter asks for.
    pub(super) async fn narrowed(
        &self,
        workspace: &str,
        filter: &CallFilter,
        cursor: Cursor<'_>,
        most: usize,
    ) -> Stored<Option<Vec<String>>> {
        let bare = CallFilter { from: None, until: None, ..filter.clone() };
        if bare == CallFilter::default() {
            return Ok(None);
        }
        let Some(mut way) = self.way(workspace, filter).await? else { return Ok(None) };
        way.retain(|step| cursor.reaches(step.span().0, step.span().1));
        if !matches!(cursor, Cursor::After(_)) {
            way.reverse();
        }
        let wanted = Wanted { workspace, filter, cursor, most };
        let (mut ids, mut walked, mut stride, mut chosen) = (Vec::new(), 0, 1, !filter.asks_who());
        let mut way = VecDeque::from(way);
        while let Some(step) = way.front().filter(|_| ids.len() < most) {
            if let Way::Open(from, until) = *step {
                ids.extend(self.open_ids(wanted, (from, until)).await?);
                way.pop_front();
                continue;
            }
            if walked >= AT_RANDOM && !chosen {
                let barren = self.barren(workspace, filter).await?;
                way.retain(|step| step.hour().is_none_or(|hour| !barren.contains(&hour)));
                chosen = true;
                continue;
            }
            let hours: Vec<i64> = way.iter().map_while(Way::hour).take(stride).collect();
            ids.extend(self.block_ids(wanted, &hours).await?);
            way.drain(..hours.len());
            walked += hours.len();
            stride *= 4;
        }
        ids.truncate(most);
        Ok(Some(ids))
    }

    /// From the blocks of `hours`, in this order.
    async fn block_ids(&self, wanted: Wanted<'_>, hours: &[i64]) -> Stored<Vec<String>> {
        let Wanted { workspace, filter, cursor, .. } = wanted;
        let passing = Passing { filter: filter.clone(), hours: HashMap::new() };
        let (mut passing, gone) = self.walk(workspace, hours, passing).await?;
        let mut ids = Vec::new();
        for hour in hours {
            if gone.contains(hour) {
                ids.extend(self.open_ids(wanted, Way::Block(*hour).span()).await?);
                continue;
            }
            let found = passing.hours.remove(hour).unwrap_or_default();
            let found = found.into_iter().filter(|id| cursor.passes(id));
            match cursor {
                Cursor::After(_) => ids.extend(found),
                _ => ids.extend(found.rev()),
            }
        }
        Ok(ids)
    }

    /// From the calls themselves.
    async fn open_ids(&self, wanted: Wanted<'_>, (from, until): (i64, i64)) -> Stored<Vec<String>> {
        let Wanted { workspace, filter, cursor, most } = wanted;
        let from = from.max(filter.from.unwrap_or(0));
        let until = until.min(filter.until.unwrap_or(i64::MAX));
        let filter = CallFilter { from: Some(from), until: Some(until), ..filter.clone() };
        let mut sql = QueryBuilder::new("SELECT id FROM ");
        sql.push(filter.table());
        filter.where_calls(&mut sql, workspace, cursor.ids());
        let limit = i64::try_from(most).unwrap_or(i64::MAX);
        sql.push(cursor.order()).push(" LIMIT ").push_bind(limit);
        Ok(sql.build_query_scalar().fetch_all(self.calls_for(&filter).await).await?)
    }

    /// The hours whose block has no call with the status, model, provider and key that are asked for.
    async fn barren(&self, workspace: &str, filter: &CallFilter) -> Stored<HashSet<i64>> {
        let span = (filter.from.unwrap_or(0) - HOUR, filter.until.unwrap_or(i64::MAX));
        let tallies = self.hour_tallies(workspace, span).await?;
        let filter = filter.clone();
        read_blocks(move || {
            let mut barren = HashSet::new();
            for (hour, tallies) in &tallies {
                let tallies = Tallies::read(tallies)?;
                let has = tallies.amounts.iter().any(|(who, _)| {
                    filter.admits_who(who.status, [who.provider, who.model, who.key].map(|word| tallies.word(word)))
                });
                if !has {
                    barren.insert(*hour);
                }
            }
            Ok(barren)
        })
        .await
    }
}

impl Gather for Passing {
    fn fork(&self) -> Self {
        Self { filter: self.filter.clone(), hours: HashMap::new() }
    }

    fn join(&mut self, later: Self) {
        self.hours.extend(later.hours);
    }

    fn take(&mut self, hour: i64, block: &Block<'_>) -> Result<(), Garbled> {
        let Some(sieve) = Sieve::of(&self.filter, block, true) else { return Ok(()) };
        let mut ids = Vec::new();
        for row in block.rows() {
            let row = row?;
            if sieve.passes(&row)? {
                ids.push(uuid::Uuid::from_bytes(*row.id).to_string());
            }
        }
        self.hours.insert(hour, ids);
        Ok(())
    }
}
