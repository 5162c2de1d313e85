//! Made-up history: what `switchyard seed` writes, so that a newcomer can look around and benches have something to
//! read. The same order on the same day gives the same calls, but for their ids.

mod call;
mod cast;
mod day;
mod opinion;

pub use crate::store::samples::SAMPLE;

use crate::price::Tariff;
use crate::store::rollups::DAY;
use crate::store::{Store, Stored};
use call::Maker;
use day::{Days, moments};
use opinion::opinion;
use rand::SeedableRng;
use rand::rngs::StdRng;

/// How many calls to make up, over how many days until now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    pub requests: u64,
    pub days: u64,
    /// Milliseconds.
    pub now: i64,
}

/// The workspace that made-up calls belong to.
const WORKSPACE: &str = "default";

/// Writes the calls, a day at a time; `told` hears the start of each day and how many it had.
pub async fn plant(store: &Store, order: Order, mut told: impl FnMut(i64, usize)) -> Stored<()> {
    let tariff = Tariff::bundled();
    let mut maker = Maker::new(&tariff, WORKSPACE);
    for (day, requests) in Days::of(order) {
        let mut dice = StdRng::seed_from_u64(u64::try_from(day / DAY).unwrap_or(0));
        let moments = moments(day, order.now, requests, &mut dice);
        let records: Vec<_> = moments.into_iter().map(|at| maker.make(at, &mut dice)).collect();
        let said: Vec<_> = records.iter().filter_map(|record| opinion(&record.call, order.now, &mut dice)).collect();
        store.plant(WORKSPACE, (day, order.now), &records, &said).await?;
        told(day, records.len());
    }
    Ok(())
}

#[cfg(test)]
mod figures;

#[cfg(test)]
mod tests {
    use super::{Order, plant};
    use crate::store::Store;
    use crate::store::calls::CallFilter;
    use crate::store::rollups::DAY;
    use crate::store::usage::Dimension;
    use app::model::range::Window;

    const NOW: i64 = 1_795_521_600_000;

    #[tokio::test]
    async fn history_has_the_ordered_number_of_calls_and_can_be_removed_whole() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), false).await.unwrap();
        let mut days = Vec::new();
        plant(&store, Order { requests: 3_000, days: 5, now: NOW }, |_, calls| days.push(calls)).await.unwrap();
        assert_eq!((days.iter().sum::<usize>(), days.len()), (3_000, 6), "the first and the last day are cut");
        assert!(store.has_samples("default").await.unwrap());
        let window = Window { from: NOW - 6 * DAY, to: NOW };
        let calls = async |dimension: Dimension| {
            let slices = store.slices("default", &dimension, window, DAY).await.unwrap();
            (slices.iter().map(|slice| slice.calls).sum::<i64>(), slices.iter().map(|slice| slice.errors).sum::<i64>())
        };
        let (all, errors) = calls(Dimension::All).await;
        assert_eq!((all, calls(Dimension::Cache).await.0), (3_000, 3_000));
        assert!((10..400).contains(&errors), "{errors}");
        let filter = CallFilter { from: Some(window.from), until: Some(NOW), ..CallFilter::default() };
        let said = store.opinions("default", &filter).await.unwrap();
        assert!((2..40).contains(&said.len()), "{} opinions", said.len());
        assert!(said.iter().all(|opinion| opinion.call.as_ref().is_some_and(|call| call.status < 400)));
        assert_eq!(store.uproot(NOW, |_, _| {}).await.unwrap(), 3_000);
        assert!(store.slices("default", &Dimension::All, window, DAY).await.unwrap().is_empty());
        assert_eq!(store.opinions("default", &filter).await.unwrap(), []);
        assert!(!store.has_samples("default").await.unwrap());
    }
}
