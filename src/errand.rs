//! What the program does on a data folder instead of serving it: made-up history, figures and costs made again, and the
//! routing setup out and in.

mod transfer;

use crate::book::stocks;
use crate::clock::Clock;
use crate::house::{OpenError, occupy};
use crate::price::Tariff;
use crate::recompute::{self, Changes, Prices};
use crate::sample::{self, Order};
use crate::settings::{Act, Recompute, Settings};
use crate::store::rollups::DAY;
use crate::store::{Store, Stored};
use app::failure::Failure;
use app::model::recompute::RecomputeSum;
use jiff::Timestamp;
use std::io;
use std::path::PathBuf;

/// Why an errand was not done. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ErrandError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("{file} cannot be read or written: {source}", file = .file.display())]
    File { file: PathBuf, source: io::Error },
    #[error("{0}")]
    Refused(Failure),
    /// What is wrong with it was told.
    #[error("The file is not imported, and nothing has changed. Put right what is told above.")]
    Flawed,
}

/// The workspace whose costs are made again.
const WORKSPACE: &str = "default";

/// Does the errand that `settings` ask for; `say` hears how it goes, a line at a time.
///
/// # Errors
/// When the data folder cannot be used, or a server uses it.
pub async fn run(settings: &Settings, clock: &Clock, say: impl Fn(&str)) -> Result<(), ErrandError> {
    let _lock = occupy(&settings.data)?;
    let store = Store::open(&settings.data, settings.durable).await.map_err(OpenError::from)?;
    let done = match &settings.act {
        Act::Export { file } => transfer::export(&store, clock.now(), file.as_deref(), &say).await,
        Act::Import { file, dry } => transfer::import(settings, &store, clock.now(), (file, *dry), &say).await,
        act => history(act, &store, clock.now(), &say).await.map_err(Into::into),
    };
    store.close().await;
    done
}

async fn history(act: &Act, store: &Store, now: i64, say: &impl Fn(&str)) -> Result<(), OpenError> {
    let told = |day: i64, calls: u64, what: &str| {
        if calls > 0 {
            say(&format!("{} {calls} calls {what}", date(day)));
        }
    };
    match *act {
        Act::Seed { requests, days } => {
            let order = Order { requests, days, now };
            sample::plant(store, order, |day, calls| told(day, u64::try_from(calls).unwrap_or(0), "written")).await?;
            say(&format!("{requests} made-up calls are written. `switchyard seed --remove` takes them out again."));
        }
        Act::Unseed => {
            let gone = store.uproot(now, |day, calls| told(day, calls, "removed")).await?;
            say(&format!("{gone} made-up calls are removed."));
        }
        Act::Rebuild => {
            let rebuilt = store.rebuild_rollups(now, |day, calls| told(day, calls, "counted")).await?;
            say(&format!("The figures of {} days are made again from {} calls.", rebuilt.days, rebuilt.calls));
        }
        Act::Recompute(asked) => recomputed(store, asked, now, say).await?,
        Act::Serve | Act::Export { .. } | Act::Import { .. } => {}
    }
    Ok(())
}

async fn recomputed(store: &Store, asked: Recompute, now: i64, say: &impl Fn(&str)) -> Stored<()> {
    let stocks = stocks(store).await?.into_iter().filter(|((workspace, _), _)| workspace == WORKSPACE);
    let stocks = stocks.map(|((_, slug), stock)| (slug, stock)).collect();
    let prices = Prices { tariff: &Tariff::bundled(), stocks: &stocks };
    let days = (asked.from, asked.to + DAY);
    let order = recompute::Order { workspace: WORKSPACE, days, by: asked.by, now, author: "command line" };
    let heard = |day: i64, calls: u64| {
        if calls > 0 {
            say(&format!("{} {calls} calls changed", date(day)));
        }
    };
    let changes = match asked.apply {
        true => recompute::apply(store, prices, order, heard).await?,
        false => recompute::preview(store, prices, order).await?,
    };
    table(&changes).iter().for_each(|line| say(line));
    say(match (asked.apply, changes.all.changed) {
        (_, 0) => "Nothing changes.",
        (true, _) => "The log and the charts tell the new costs. Budgets keep what was spent of them.",
        (false, _) => "Nothing is written. Add --apply to change these costs; budgets keep what was spent of them.",
    });
    Ok(())
}

/// Costs by model, before and after.
fn table(changes: &Changes) -> Vec<String> {
    let line = |name: &str, sum: &RecomputeSum| {
        let RecomputeSum { calls, changed, unpriced, before, after, .. } = sum;
        let (before, after) = (before.total_text(), after.total_text());
        format!("{name:<48} {calls:>9} {changed:>9} {unpriced:>9} {before:>14} {after:>14}")
    };
    let head =
        format!("{:<48} {:>9} {:>9} {:>9} {:>14} {:>14}", "model", "calls", "changed", "unpriced", "before", "after");
    let models = changes.lines.iter().map(|one| line(&format!("@{}/{}", one.provider, one.model), &one.sum));
    [head].into_iter().chain(models).chain([line("all", &changes.all)]).collect()
}

/// `2026-11-24`.
fn date(day: i64) -> String {
    Timestamp::from_millisecond(day).map_or_else(|_| String::new(), |at| at.strftime("%Y-%m-%d").to_string())
}
