//! Walking over the calls of a filter, block by block.

use super::form::{Block, Garbled};
use super::sieve::Sieve;
use crate::store::calls::CallFilter;
use crate::store::rollups::HOUR;
use crate::store::{Store, StoreError, Stored};
use sqlx::QueryBuilder;

/// Blocks of one read: a megabyte or two. One is taken in while the next is read, on each of two threads.
const AT_ONCE: usize = 24;

/// A stretch of time on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Way {
    /// The hour that starts there has a block.
    Block(i64),
    /// From and until, milliseconds: it has none.
    Open(i64, i64),
}

/// What takes blocks in.
pub(in crate::store) trait Gather: Send + Sized + 'static {
    /// One that has taken nothing in, and takes in what comes later beside this one.
    fn fork(&self) -> Self;

    /// Takes in what it has.
    fn join(&mut self, later: Self);

    fn take(&mut self, hour: i64, block: &Block<'_>) -> Result<(), Garbled>;
}

impl Way {
    /// The start of the block's hour.
    pub(in crate::store) fn hour(&self) -> Option<i64> {
        match self {
            Self::Block(hour) => Some(*hour),
            Self::Open(..) => None,
        }
    }

    /// From and until, milliseconds.
    pub(in crate::store) fn span(&self) -> (i64, i64) {
        match *self {
            Self::Block(hour) => (hour, hour + HOUR),
            Self::Open(from, until) => (from, until),
        }
    }
}

impl Store {
    /// The filter's time cut into blocks and what lies between, oldest first. `None`: blocks do not know what it asks.
    pub(in crate::store) async fn way(&self, workspace: &str, filter: &CallFilter) -> Stored<Option<Vec<Way>>> {
        if !Sieve::fits(filter) {
            return Ok(None);
        }
        let from = filter.from.unwrap_or(0).max(0);
        let until = filter.until.unwrap_or(i64::MAX);
        let hours: Vec<i64> = sqlx::query_scalar(
            "SELECT hour FROM call_blocks WHERE workspace = $1 AND hour > $2 AND hour < $3 ORDER BY hour",
        )
        .bind(workspace)
        .bind(from - HOUR)
        .bind(until)
        .fetch_all(&self.journal.read)
        .await?;
        let (mut way, mut at) = (Vec::with_capacity(hours.len() + 2), from);
        for hour in hours {
            if at < hour {
                way.push(Way::Open(at, hour));
            }
            way.push(Way::Block(hour));
            at = hour + HOUR;
        }
        if at < until {
            way.push(Way::Open(at, until));
        }
        Ok(Some(way))
    }

    /// Gives the blocks of `hours` to `gather`, in this order, and tells the hours whose block is gone, for a call came
    /// late to them: the calls themselves are to be read.
    ///
    /// It is done off the threads that calls share, on two of them where there is much.
    pub(in crate::store) async fn walk<G: Gather>(
        &self,
        workspace: &str,
        hours: &[i64],
        gather: G,
    ) -> Stored<(G, Vec<i64>)> {
        if hours.len() <= 2 * AT_ONCE {
            return Box::pin(self.stroll(workspace, hours, gather)).await;
        }
        let (first, later) = hours.split_at(hours.len() / 2);
        let fork = gather.fork();
        let (first, later) = tokio::try_join!(
            Box::pin(self.stroll(workspace, first, gather)),
            Box::pin(self.stroll(workspace, later, fork))
        )?;
        let ((mut gather, mut gone), (fork, gone_later)) = (first, later);
        gone.extend(gone_later);
        let joined = read_blocks(move || {
            gather.join(fork);
            Ok(gather)
        });
        Ok((joined.await?, gone))
    }

    /// The same on one of them; the next blocks are read meanwhile.
    async fn stroll<G: Gather>(&self, workspace: &str, hours: &[i64], mut gather: G) -> Stored<(G, Vec<i64>)> {
        let mut gone = Vec::new();
        let mut chunks = hours.chunks(AT_ONCE);
        let mut next = chunks.next();
        let mut blocks = self.blocks(workspace, next.unwrap_or_default()).await?;
        while let Some(chunk) = next {
            gone.extend(chunk.iter().filter(|hour| !blocks.iter().any(|(known, _)| known == *hour)));
            let taking = tokio::task::spawn_blocking(move || {
                let done = blocks.iter().try_for_each(|(hour, block)| gather.take(*hour, &Block::read(block)?));
                done.map(|()| gather)
            });
            next = chunks.next();
            let read = self.blocks(workspace, next.unwrap_or_default()).await;
            gather = taking.await.unwrap_or(Err(Garbled)).map_err(|Garbled| StoreError::Garbled("block"))?;
            blocks = read?;
        }
        Ok((gather, gone))
    }

    async fn blocks(&self, workspace: &str, hours: &[i64]) -> Stored<Vec<(i64, Vec<u8>)>> {
        if hours.is_empty() {
            return Ok(Vec::new());
        }
        let mut sql = QueryBuilder::new("SELECT hour, block FROM call_blocks WHERE workspace = ");
        sql.push_bind(workspace).push(" AND hour IN (");
        let mut list = sql.separated(", ");
        hours.iter().for_each(|hour| _ = list.push_bind(hour));
        sql.push(")");
        let mut blocks: Vec<(i64, Vec<u8>)> = sql.build_query_as().fetch_all(&self.journal.read).await?;
        blocks.sort_by_key(|(hour, _)| hours.iter().position(|wanted| wanted == hour));
        Ok(blocks)
    }

    /// The tallies of the blocks of a span, by hour.
    pub(in crate::store) async fn hour_tallies(
        &self,
        workspace: &str,
        (from, until): (i64, i64),
    ) -> Stored<Vec<(i64, Vec<u8>)>> {
        let tallies = sqlx::query_as(
            "SELECT hour, tallies FROM call_blocks WHERE workspace = $1 AND hour >= $2 AND hour < $3 ORDER BY hour",
        );
        Ok(tallies.bind(workspace).bind(from).bind(until).fetch_all(&self.journal.read).await?)
    }
}

/// Does what takes milliseconds off the threads that calls share.
pub(in crate::store) async fn read_blocks<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, Garbled> + Send + 'static,
) -> Stored<T> {
    let read = tokio::task::spawn_blocking(read).await;
    read.unwrap_or(Err(Garbled)).map_err(|Garbled| StoreError::Garbled("block"))
}
