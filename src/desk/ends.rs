//! When providers end, as the admin API sets it.

use super::Seat;
use app::backend::Answer;

impl Seat {
    /// Gives a provider an end (milliseconds), or takes it away.
    pub async fn end_provider(&self, id: &str, at: Option<i64>) -> Answer<()> {
        self.leader()?;
        if self.house.shelf.book().end_of(id) == at {
            return Ok(());
        }
        self.house.store.end_provider(id, at).await?;
        self.refresh().await
    }
}
