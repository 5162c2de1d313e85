//! Walking over the calls of a filter, block by block, and over the calls themselves where there is no block.

use super::form::{Block, Garbled, Head, Tail};
use super::sieve::Sieve;
use crate::store::calls::CallFilter;
use crate::store::rollups::HOUR;
use crate::store::{Store, StoreError, Stored};

/// A stretch of time on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Way {
    /// The hour that starts there has a block.
    Block(i64),
    /// From and until, milliseconds: it has none.
    Open(i64, i64),
}

/// One call of a block.
pub(in crate::store) struct Seen<'s> {
    pub(in crate::store) at: i64,
    pub(in crate::store) head: &'s Head,
    pub(in crate::store) block: &'s Block<'s>,
    tail: &'s mut dyn FnMut() -> Result<Tail, Garbled>,
}

impl Seen<'_> {
    pub(in crate::store) fn tail(&mut self) -> Stored<Tail> {
        (self.tail)().map_err(|Garbled| StoreError::Garbled("block"))
    }

    /// The value of a key of metadata.
    pub(in crate::store) fn value(&self, key: &str) -> Option<&str> {
        self.head.pairs.iter().find_map(|pair| {
            let (known, value) = self.block.word(*pair).split_once('\u{0}')?;
            (known == key).then_some(value)
        })
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

    /// Tells the calls of a block that pass, oldest first. `told` is whether status, model, provider, key and config
    /// count too.
    /// False: the block is gone, for a call of its hour came late; the calls themselves are to be read.
    pub(in crate::store) async fn through(
        &self,
        workspace: &str,
        hour: i64,
        (filter, told): (&CallFilter, bool),
        mut each: impl FnMut(&mut Seen<'_>) -> Stored<()>,
    ) -> Stored<bool> {
        let block: Option<Vec<u8>> =
            sqlx::query_scalar("SELECT block FROM call_blocks WHERE workspace = $1 AND hour = $2")
                .bind(workspace)
                .bind(hour)
                .fetch_optional(&self.journal.read)
                .await?;
        let garbled = || StoreError::Garbled("block");
        let Some(bytes) = block else { return Ok(false) };
        let block = Block::read(&bytes).map_err(|Garbled| garbled())?;
        let Some(sieve) = Sieve::of(filter, &block, told) else { return Ok(true) };
        let mut failed = None;
        let walked = block.each(|head, tail| {
            let at = millis(&head.id);
            if sieve.passes(head, at, tail, told)? {
                each(&mut Seen { at, head, block: &block, tail }).map_err(|error| {
                    failed = Some(error);
                    Garbled
                })?;
            }
            Ok(())
        });
        match (walked, failed) {
            (_, Some(error)) => Err(error),
            (Err(Garbled), None) => Err(garbled()),
            (Ok(()), None) => Ok(true),
        }
    }
}

/// When a call began, as its id tells.
fn millis(id: &[u8; 16]) -> i64 {
    id[..6].iter().fold(0, |millis, byte| millis << 8 | i64::from(*byte))
}
