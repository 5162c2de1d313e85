//! Alerts of budgets.

use super::Seat;
use app::backend::{AlertDesk, Answer};
use app::model::alert::Alerts;
use async_trait::async_trait;

/// Alerts that are listed at most.
const SHOWN: u32 = 20;

#[async_trait]
impl AlertDesk for Seat {
    async fn alerts(&self) -> Answer<Alerts> {
        let rows = self.house.store.alerts(self.workspace(), SHOWN).await?;
        let ways = self.house.alerts.ways().iter().map(|way| (*way).to_owned()).collect();
        Ok(Alerts { rows, ways })
    }
}
