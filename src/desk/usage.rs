//! The overview: figures of a range beside the range before, and the charts drawn from them.

mod figures;
mod picture;

use super::Seat;
use crate::store::Stored;
use app::backend::{Answer, UsageDesk};
use app::failure::Failure;
use app::model::range::{Range, Window};
use app::model::usage::Overview;
use async_trait::async_trait;
use figures::{Frame, Taken};

#[async_trait]
impl UsageDesk for Seat {
    async fn overview(&self, range: Range) -> Answer<Overview> {
        let store = &self.house.store;
        let frame = Frame::of(range, self.now());
        let slices = |window: Window| store.slices(self.workspace(), window, frame.bucket);
        let (now, before, first_use, names) = tokio::try_join!(
            slices(frame.elapsed()),
            slices(frame.elapsed_before()),
            store.first_use(self.workspace()),
            store.key_names(self.workspace()),
        )?;
        let taken = Taken { now, before, first_use, names };
        // Adding up sketches and drawing takes milliseconds: long enough to delay the calls that share these threads.
        let told = tokio::task::spawn_blocking(move || -> Stored<Overview> {
            let mut overview = figures::add_up(frame, &taken)?;
            overview.charts = picture::draw(&overview);
            Ok(overview)
        });
        let told = told.await.map_err(|_| Failure::Broken("The figures could not be added up. Try again.".into()))?;
        Ok(told?)
    }
}
