//! What the program does on a data folder instead of serving it: made-up history, and figures made again.

use crate::clock::Clock;
use crate::house::{OpenError, occupy};
use crate::sample::{self, Order};
use crate::settings::{Act, Settings};
use crate::store::Store;
use jiff::Timestamp;

/// Does the errand that `settings` ask for; `say` hears how it goes, a line at a time.
///
/// # Errors
/// When the data folder cannot be used, or a server uses it.
pub async fn run(settings: &Settings, clock: &Clock, say: impl Fn(&str)) -> Result<(), OpenError> {
    let _lock = occupy(&settings.data)?;
    let store = Store::open(&settings.data, settings.durable).await?;
    let told = |day: i64, calls: u64, what: &str| {
        if calls > 0 {
            say(&format!("{} {calls} calls {what}", date(day)));
        }
    };
    match settings.act {
        Act::Serve => {}
        Act::Seed { requests, days } => {
            let order = Order { requests, days, now: clock.now() };
            sample::plant(&store, order, |day, calls| told(day, u64::try_from(calls).unwrap_or(0), "written")).await?;
            say(&format!("{requests} made-up calls are written. `switchyard seed --remove` takes them out again."));
        }
        Act::Unseed => {
            let gone = store.uproot(clock.now(), |day, calls| told(day, calls, "removed")).await?;
            say(&format!("{gone} made-up calls are removed."));
        }
        Act::Rebuild => {
            let rebuilt = store.rebuild_rollups(clock.now(), |day, calls| told(day, calls, "counted")).await?;
            say(&format!("The figures of {} days are made again from {} calls.", rebuilt.days, rebuilt.calls));
        }
    }
    store.close().await;
    Ok(())
}

/// `2026-11-24`.
fn date(day: i64) -> String {
    Timestamp::from_millisecond(day).map_or_else(|_| String::new(), |at| at.strftime("%Y-%m-%d").to_string())
}
