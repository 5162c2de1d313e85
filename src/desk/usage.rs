//! The overview: figures of a range beside the range before, and the charts drawn from them.

mod changed;
mod figures;
mod picture;
pub(crate) mod tally;

use super::{Seat, analytics};
use crate::store::Stored;
use crate::store::usage::Dimension;
use app::backend::{Answer, UsageDesk};
use app::failure::Failure;
use app::model::analytics::{Analytics, AnalyticsQuery};
use app::model::range::{Range, Window};
use app::model::usage::Overview;
use async_trait::async_trait;
use figures::{Frame, Taken};

/// Lines of "What changed" at most.
const CHANGES: i64 = 6;

#[async_trait]
impl UsageDesk for Seat {
    async fn overview(&self, range: Range) -> Answer<Overview> {
        let store = &self.house.store;
        let frame = Frame::of(range, self.now());
        let slices = async |dimension: Dimension, window: Window| {
            store.slices(self.workspace(), &dimension, window, frame.bucket).await
        };
        let portions = async |dimension: Dimension, window: Window| {
            store.portions(self.workspace(), &dimension, window, frame.bucket).await
        };
        let elapsed = frame.elapsed();
        let (now, before, routes, keys, first_use, names, changes) = tokio::try_join!(
            slices(Dimension::All, elapsed),
            slices(Dimension::All, frame.elapsed_before()),
            portions(Dimension::Route, elapsed),
            portions(Dimension::Key, elapsed),
            store.first_use(self.workspace()),
            store.key_names(self.workspace()),
            store.recent_changes(self.workspace(), elapsed.from, elapsed.to, CHANGES),
        )?;
        let taken = Taken { now, before, routes, keys, first_use, names };
        // Adding up sketches and drawing takes milliseconds: long enough to delay the calls that share these threads.
        let told = tokio::task::spawn_blocking(move || -> Stored<Overview> {
            let mut overview = figures::add_up(frame, &taken)?;
            overview.changes = changed::told(&changes);
            overview.charts = picture::draw(&overview);
            Ok(overview)
        });
        let told = told.await.map_err(|_| Failure::Broken("The figures could not be added up. Try again.".into()))?;
        Ok(told?)
    }

    async fn analytics(&self, query: AnalyticsQuery) -> Answer<Analytics> {
        analytics::told(self, query).await
    }
}
