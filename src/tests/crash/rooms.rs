//! The server's own rooms on a folder whose server was killed: what the console shows of it, held against the rows.

use crate::charts::pages::{self, Case, HOUR};
use crate::charts::{beside, feedback, now, overview};
use crate::line::{Fallible, KEY};
use app::model::analytics::{Each, Tab};
use app::model::range::Range;
use sqlx::sqlite::SqliteConnection;
use std::path::Path;
use std::time::Duration;
use switchyard::clock::Clock;
use switchyard::desk::Seat;
use switchyard::house::{self, House, Shared};
use switchyard::secret;
use switchyard::settings::Settings;

/// Longer than anything that ends at all.
pub const LONG: Duration = Duration::from_secs(60);

/// Opens them under a clock that stands still; what is due is added up then, and no more.
pub async fn open(folder: &Path, clock: Clock) -> Fallible<Shared> {
    let arguments = ["switchyard".into(), "--setup".into(), folder.join("setup.toml").into_os_string()];
    let settings = Settings::load(arguments, |_| None).map_err(|mistakes| format!("{mistakes:?}"))?;
    Ok(House::open(settings, clock).await?)
}

pub async fn close(house: Shared) {
    assert!(house::close(house, LONG).await, "something is in flight");
}

/// Holds Overview and the pages of Analytics against the rows.
pub async fn pages_agree(folder: &Path) -> Fallible<()> {
    look(folder, async |seat, journal, now| {
        overview::hold(seat, journal).await;
        for case in pages::few(now) {
            let calls = pages::hold(seat, journal, &case).await;
            assert!(calls > 0 || case.only != "1", "{case:?} has no calls");
        }
    })
    .await
}

/// Holds the figures beside providers, models, keys, configs and logs against the rows, and the pages of feedback.
pub async fn beside_agrees(folder: &Path) -> Fallible<()> {
    look(folder, async |seat, journal, now| {
        let (_, failed) = beside::providers(seat, journal).await;
        beside::models(seat, journal).await;
        let (keys, _) = beside::keys_and_configs(seat, journal).await;
        assert!(failed > 0 && keys == 1, "{failed} calls failed, of {keys} keys");
        for (filter, own) in beside::filters(("sandbox", "provider = 'sandbox'")) {
            for group in pages::groups() {
                let hour = now - now.rem_euclid(HOUR);
                let span = (Each::Fitting, hour - HOUR, hour + 2 * HOUR);
                let said = feedback::page(seat, journal, &Case::new(Tab::Feedback, &group, span, filter.clone())).await;
                assert!(said > 0, "{filter:?}: nothing was said");
            }
            beside::logs(seat, journal, Range::Day, (filter, own)).await;
        }
    })
    .await
}

/// Opens the rooms now, and has them held beside the journal.
async fn look(folder: &Path, hold: impl AsyncFnOnce(&Seat, &mut SqliteConnection, i64)) -> Fallible<()> {
    let now = now()?;
    let house = open(folder, Clock::frozen(now)).await?;
    let book = house.shelf.book();
    let seat = Seat::of_key(house.clone(), book.key(&secret::digest(KEY)).ok_or("the key is not known")?);
    hold(&seat, &mut crate::open(folder, "journal.db").await?, now).await;
    drop((seat, book));
    close(house).await;
    Ok(())
}
