//! Figures over time, read from the rollups; where they cannot tell, from the calls.

mod counts;
mod scan;
mod values;

pub use counts::{Count, Counts};
pub use scan::{Outline, Scan, Scanned};
pub use values::{Strands, WHOLE};

use crate::journal::rollup::Figures;
use crate::journal::sketch::Sketch;
use crate::store::journal::count;
use crate::store::rollups::{DAY, FIGURES, HOUR, MINUTE, QUARTER};
use crate::store::{Store, Stored};
use app::model::range::Window;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

const NANOS: i64 = 1_000_000_000;
/// The columns of a [`Portion`].
const PORTION: &str = "sum(calls) AS calls, sum(cost / 1000000000) AS dollars, sum(cost % 1000000000) AS nanos";

/// The value of a call that has none of a key of metadata.
pub const NONE: &str = "\u{0}none";

/// What figures are told apart by. A call has one value of each, and of a key of metadata one or none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Dimension {
    /// One value, the empty one.
    All,
    /// Provider and model as served, with [`ROUTE`](crate::store::rollups::ROUTE) between them.
    Route,
    /// Ids of keys.
    Key,
    /// Slugs; empty: none.
    Config,
    Status,
    Cache,
    /// Known by the hour.
    Metadata(String),
}

/// What one value had in one stretch of time.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Slice {
    /// A moment of the stretch, milliseconds since 1970 UTC; of a value of metadata the latest that is known to have calls.
    pub at: i64,
    pub value: String,
    pub calls: i64,
    /// Answered with 400 or above, interrupted (0) or cancelled (499).
    pub errors: i64,
    pub tokens_in: i64,
    /// Of them, read from the provider's cache.
    pub tokens_cached: i64,
    pub tokens_out: i64,
    /// Nano-dollars.
    pub cost: i64,
    pub unpriced: i64,
    /// Calls that the cache answered, and calls that asked it, those included.
    pub cache_hits: i64,
    pub cache_asked: i64,
    /// What hits saved, in nano-dollars and microseconds, and what they took.
    pub saved_cost: i64,
    pub saved_us: i64,
    pub hit_us: i64,
    /// What the calls in `latency` took together, microseconds.
    pub took_us: i64,
    /// Sketches of microseconds laid end to end, as `Sketch::decode` reads them.
    pub latency: Vec<u8>,
    pub first_token: Vec<u8>,
}

/// As much of a slice as shares of a whole are told by.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Portion {
    /// Start of the bucket.
    pub at: i64,
    pub value: String,
    pub calls: i64,
    /// Whole dollars, and nano-dollars beside them: a sum that fits wherever its parts do.
    dollars: i64,
    nanos: i64,
}

impl Portion {
    #[cfg(test)]
    pub fn new(at: i64, value: String, calls: i64, cost: i64) -> Self {
        Self { at, value, calls, dollars: cost / NANOS, nanos: cost % NANOS }
    }

    /// Nano-dollars.
    pub fn cost(&self) -> i64 {
        self.dollars.saturating_mul(NANOS).saturating_add(self.nanos)
    }
}

impl Store {
    /// What each value of a dimension other than metadata had in each bucket of `window`, whose ends are whole minutes.
    /// Where sums end and minutes begin, a bucket may come twice.
    pub async fn portions(
        &self,
        workspace: &str,
        dimension: &Dimension,
        window: Window,
        bucket: i64,
    ) -> Stored<Vec<Portion>> {
        let reading = Reading { workspace, dimension, bucket, figures: PORTION, by: " GROUP BY 1, 2" };
        self.read_rollups(reading, window).await
    }

    /// All that happened in `window`, whose ends are whole minutes. No slice reaches across a multiple of `bucket`
    /// milliseconds; several may lie within one.
    pub async fn slices(
        &self,
        workspace: &str,
        dimension: &Dimension,
        window: Window,
        bucket: i64,
    ) -> Stored<Vec<Slice>> {
        if let Dimension::Metadata(key) = dimension {
            return self.value_slices(workspace, key, window, bucket).await;
        }
        self.read_rollups(Reading { workspace, dimension, bucket, figures: FIGURES, by: "" }, window).await
    }

    async fn read_rollups<T: Row>(&self, reading: Reading<'_>, window: Window) -> Stored<Vec<T>> {
        let mut slices = Vec::new();
        let pieces = pieces(window, grains(reading.dimension, reading.bucket));
        // One transaction: what is added up meanwhile is in one of the two.
        let mut moment = self.journal.read.begin().await?;
        for (piece, grain) in &pieces {
            slices.extend(match grain {
                Some(grain) => reading.sums(&mut moment, *piece, *grain).await?,
                None => reading.minutes(&mut moment, *piece, "rollups").await?,
            });
        }
        let summed = pieces.iter().filter(|(_, grain)| grain.is_some()).map(|(piece, _)| *piece);
        // They lie side by side: minutes are at the ends alone.
        if let Some(summed) =
            summed.reduce(|all, piece| Window { from: all.from.min(piece.from), to: all.to.max(piece.to) })
        {
            slices.extend(reading.minutes(&mut moment, summed, "rollup_fresh").await?);
        }
        Ok(slices)
    }

    /// The minute of the first call that is still known.
    pub async fn first_use(&self, workspace: &str) -> Stored<Option<i64>> {
        let first = sqlx::query_scalar(
            "SELECT min(minute) FROM (SELECT min(minute) AS minute FROM rollup_minutes WHERE workspace = $1 \
             UNION ALL SELECT min(minute) FROM rollup_fresh WHERE workspace = $1)",
        );
        Ok(first.bind(workspace).fetch_one(&self.journal.read).await?)
    }

    /// Every workspace's id.
    pub async fn workspace_ids(&self) -> Stored<Vec<String>> {
        Ok(sqlx::query_scalar("SELECT id FROM workspaces ORDER BY id").fetch_all(&self.control.read).await?)
    }
}

/// What is read of rollups.
#[derive(Clone, Copy)]
struct Reading<'a> {
    workspace: &'a str,
    dimension: &'a Dimension,
    bucket: i64,
    figures: &'a str,
    by: &'a str,
}

impl Reading<'_> {
    async fn sums<T: Row>(&self, moment: &mut SqliteConnection, window: Window, grain: i64) -> Stored<Vec<T>> {
        let sql = format!(
            "SELECT {} AS at, value, {} FROM rollup_sums \
             WHERE workspace = $1 AND grain = $4 AND dimension = $5 AND rollup_sums.at >= $2 AND rollup_sums.at < $3{}",
            self.at("rollup_sums.at"),
            self.figures,
            self.by
        );
        let query = sqlx::query_as(&sql).bind(self.workspace).bind(window.from).bind(window.to);
        Ok(query.bind(grain).bind(self.dimension.word()).fetch_all(moment).await?)
    }

    async fn minutes<T: Row>(&self, moment: &mut SqliteConnection, window: Window, table: &str) -> Stored<Vec<T>> {
        let sql = format!(
            "SELECT {} AS at, {} AS value, {} FROM {table} WHERE workspace = $1 AND minute >= $2 AND minute < $3{}",
            self.at("minute"),
            self.dimension.column(),
            self.figures,
            self.by
        );
        let query = sqlx::query_as(&sql).bind(self.workspace).bind(window.from).bind(window.to);
        Ok(query.fetch_all(moment).await?)
    }

    /// Sums are by the bucket.
    fn at(&self, column: &str) -> String {
        if self.by.is_empty() { column.to_owned() } else { format!("{column} / {0} * {0}", self.bucket) }
    }
}

/// A row as it is read.
trait Row: for<'r> sqlx::FromRow<'r, SqliteRow> + Send + Unpin {}

impl Row for Slice {}
impl Row for Portion {}

/// The stretches whose sums may be read, the widest first: none reaches across a multiple of `bucket`.
fn grains(dimension: &Dimension, bucket: i64) -> &'static [i64] {
    const ALL: [i64; 3] = [DAY, HOUR, QUARTER];
    let widest = ALL.iter().position(|grain| bucket % grain == 0).unwrap_or(ALL.len());
    match dimension {
        Dimension::Metadata(_) => &ALL[widest.min(1)..2],
        _ => &ALL[widest..],
    }
}

/// Cuts `window` into whole stretches of the widest grain, and what is left at its ends into those of the next; `None`
/// is for minutes. Metadata has nothing finer than an hour: its ends move outwards.
fn pieces(window: Window, grains: &[i64]) -> Vec<(Window, Option<i64>)> {
    if window.length() <= 0 {
        return Vec::new();
    }
    let Some((grain, finer)) = grains.split_first() else { return vec![(window, None)] };
    let down = |at: i64| at - at.rem_euclid(*grain);
    let up = |at: i64| down(at + grain - 1);
    let whole = match (finer.first(), *grain) {
        (None, HOUR) => Window { from: down(window.from), to: up(window.to) },
        _ => Window { from: up(window.from), to: down(window.to) },
    };
    if whole.length() <= 0 {
        return pieces(window, finer);
    }
    let ends = [Window { to: whole.from, ..window }, Window { from: whole.to, ..window }];
    ends.into_iter().flat_map(|end| pieces(end, finer)).chain([(whole, Some(*grain))]).collect()
}

impl Dimension {
    /// As the sums name it; the values of metadata are in packs.
    fn word(&self) -> &'static str {
        match self {
            Self::All | Self::Metadata(_) => "all",
            Self::Route => "route",
            Self::Key => "key",
            Self::Config => "config",
            Self::Status => "status",
            Self::Cache => "cache",
        }
    }

    /// Its value in a row of a minute; metadata has rows of its own.
    fn column(&self) -> &'static str {
        match self {
            Self::All | Self::Metadata(_) => "''",
            Self::Route => "provider || char(31) || model",
            Self::Key => "key_id",
            Self::Config => "config",
            Self::Status => "CAST(status AS TEXT)",
            Self::Cache => "cache",
        }
    }

    /// The finest bucket that can be told, milliseconds.
    pub fn finest(&self) -> i64 {
        if matches!(self, Self::Metadata(_)) { HOUR } else { MINUTE }
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

#[cfg(test)]
mod tests;
