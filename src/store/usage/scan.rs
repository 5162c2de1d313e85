//! Figures of calls under any filter, from the calls themselves.

use super::{Dimension, NONE, Slice};
use crate::journal::record::CallRow;
use crate::journal::rollup::{Facts, Figures, cache_word, metadata};
use crate::journal::sketch::Sketch;
use crate::store::blocks::{Seen, Tail, Way};
use crate::store::calls::{CallFilter, EVERY};
use crate::store::journal::count;
use crate::store::rollups::{COUNTED, HOUR, ROUTE, counted};
use crate::store::{Store, Stored};
use futures_util::TryStreamExt;
use sqlx::QueryBuilder;
use std::collections::HashMap;

/// Figures in the making, by start of the bucket and value.
type Found = HashMap<(i64, String), Figures>;

/// What is told apart, and in how wide buckets.
#[derive(Clone, Copy)]
struct Scan<'s> {
    workspace: &'s str,
    dimension: &'s Dimension,
    /// Milliseconds.
    bucket: i64,
}

impl Store {
    /// What `filter` lets pass, by value; no slice reaches across a multiple of `bucket` milliseconds. A call without a
    /// value of the dimension counts under [`NONE`].
    pub async fn scanned(
        &self,
        workspace: &str,
        dimension: &Dimension,
        filter: &CallFilter,
        bucket: i64,
    ) -> Stored<Vec<Slice>> {
        let scan = Scan { workspace, dimension, bucket };
        let mut found = Found::new();
        let whole = (filter.from.unwrap_or(0), filter.until.unwrap_or(i64::MAX));
        let way = self.way(workspace, filter).await?.unwrap_or_else(|| vec![Way::Open(whole.0, whole.1)]);
        for step in way {
            let rest = match step {
                Way::Open(from, until) => Some((from, until)),
                Way::Block(hour) => {
                    let walked = self.scan_block(scan, filter, hour, &mut found).await?;
                    (!walked).then_some((hour.max(whole.0), (hour + HOUR).min(whole.1)))
                }
            };
            if let Some((from, until)) = rest {
                let filter = CallFilter { from: Some(from), until: Some(until), ..filter.clone() };
                self.scan_calls(scan, &filter, &mut found).await?;
            }
        }
        Ok(found.into_iter().map(|((at, value), figures)| slice(at, value, &figures)).collect())
    }

    async fn scan_calls(&self, scan: Scan<'_>, filter: &CallFilter, found: &mut Found) -> Stored<()> {
        let Scan { workspace, dimension, bucket } = scan;
        let mut sql = QueryBuilder::new(format!("SELECT {COUNTED} FROM calls"));
        filter.where_calls(&mut sql, workspace, EVERY);
        let mut rows = sql.build().fetch(&self.journal.read);
        while let Some(row) = rows.try_next().await? {
            let call = counted(&row)?;
            let at = call.at - call.at.rem_euclid(bucket);
            found.entry((at, dimension.value(&call))).or_default().add(&call);
        }
        Ok(())
    }

    /// False: the block is gone.
    async fn scan_block(&self, scan: Scan<'_>, filter: &CallFilter, hour: i64, found: &mut Found) -> Stored<bool> {
        let Scan { workspace, dimension, bucket } = scan;
        // Values are numbers within a block: texts are made once for each.
        let mut numbered: HashMap<(i64, u64), (String, Figures)> = HashMap::new();
        let walked = self
            .through(workspace, hour, (filter, true), |seen| {
                let at = seen.at - seen.at.rem_euclid(bucket);
                let tail = seen.tail()?;
                let number = dimension.number(seen);
                let entry = numbered.entry((at, number));
                let (_, figures) = entry.or_insert_with(|| (dimension.value_of(seen), Figures::default()));
                figures.count(&facts(seen, &tail));
                Ok(())
            })
            .await?;
        for ((at, _), (value, figures)) in numbered {
            found.entry((at, value)).or_default().merge(&figures);
        }
        Ok(walked)
    }
}

fn facts<'s>(seen: &Seen<'s>, tail: &Tail) -> Facts<'s> {
    let whole = |figure: u64| i64::try_from(figure).unwrap_or(i64::MAX);
    Facts {
        status: seen.head.status,
        cache: seen.block.word(seen.head.cache),
        reached: !seen.block.word(seen.head.provider).is_empty(),
        tokens_in: tail.tokens_in,
        tokens_cached: tail.tokens_cached,
        tokens_out: tail.tokens_out,
        cost: tail.cost.map(whole),
        latency_us: tail.latency_us,
        first_token_us: tail.first_token_us,
        saved_cost: whole(tail.saved_cost),
        saved_us: tail.saved_us,
    }
}

impl Dimension {
    fn value(&self, call: &CallRow) -> String {
        match self {
            Self::All => String::new(),
            Self::Route => {
                let model = if call.model_served.is_empty() { &call.model_asked } else { &call.model_served };
                format!("{}{ROUTE}{model}", call.provider)
            }
            Self::Key => call.key_id.clone(),
            Self::Config => call.config.clone().unwrap_or_default(),
            Self::Status => call.status.to_string(),
            Self::Cache => call.cache_status.to_owned(),
            Self::Metadata(key) => metadata(call).remove(key).unwrap_or_else(|| NONE.to_owned()),
        }
    }

    /// The value of a call of a block, as a number within it.
    fn number(&self, seen: &Seen<'_>) -> u64 {
        let head = seen.head;
        match self {
            Self::All => 0,
            Self::Route => u64::from(head.provider) << 32 | u64::from(head.model),
            Self::Key => head.key.into(),
            Self::Config => head.config.into(),
            Self::Status => head.status.into(),
            Self::Cache => head.cache.into(),
            Self::Metadata(key) => {
                let of =
                    |pair: &&u32| seen.block.word(**pair).split_once('\u{0}').is_some_and(|(known, _)| known == key);
                head.pairs.iter().find(of).map_or(u64::MAX, |pair| u64::from(*pair))
            }
        }
    }

    fn value_of(&self, seen: &Seen<'_>) -> String {
        let (head, block) = (seen.head, seen.block);
        match self {
            Self::All => String::new(),
            Self::Route => format!("{}{ROUTE}{}", block.word(head.provider), block.word(head.model)),
            Self::Key => block.word(head.key).to_owned(),
            Self::Config => block.word(head.config).to_owned(),
            Self::Status => head.status.to_string(),
            Self::Cache => cache_word(block.word(head.cache)).to_owned(),
            Self::Metadata(key) => seen.value(key).unwrap_or(NONE).to_owned(),
        }
    }
}

fn slice(at: i64, value: String, figures: &Figures) -> Slice {
    Slice {
        at,
        value,
        calls: count(figures.calls),
        errors: count(figures.errors),
        tokens_in: count(figures.tokens_in),
        tokens_cached: count(figures.tokens_cached),
        tokens_out: count(figures.tokens_out),
        cost: figures.cost,
        unpriced: count(figures.unpriced),
        cache_hits: count(figures.cache_hits),
        cache_asked: count(figures.cache_asked),
        saved_cost: figures.saved_cost,
        saved_us: count(figures.saved_us),
        hit_us: count(figures.hit_us),
        took_us: count(figures.took_us),
        latency: encoded(&figures.latency),
        first_token: encoded(&figures.first_token),
    }
}

fn encoded(sketch: &Sketch) -> Vec<u8> {
    let mut bytes = Vec::new();
    sketch.encode(&mut bytes);
    bytes
}
