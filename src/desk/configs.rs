//! Configs: drafts, versions and tries.

use super::Seat;
use app::backend::{Answer, ConfigDesk};
use app::failure::Failure;
use app::model::config::{ConfigDetail, ConfigRow, Outcome, Published, Saved, Trial};
use async_trait::async_trait;

fn later<T>() -> Answer<T> {
    Err(Failure::Broken("This is being built.".into()))
}

#[async_trait]
impl ConfigDesk for Seat {
    async fn configs(&self) -> Answer<Vec<ConfigRow>> {
        later()
    }

    async fn config(&self, _slug: String) -> Answer<ConfigDetail> {
        later()
    }

    async fn config_version(&self, _slug: String, _number: i64) -> Answer<String> {
        later()
    }

    async fn new_config(&self, _name: String, _body: String) -> Answer<String> {
        later()
    }

    async fn save_draft(&self, _slug: String, _body: String, _seen: i64) -> Answer<Saved> {
        later()
    }

    async fn discard_draft(&self, _slug: String) -> Answer<()> {
        later()
    }

    async fn publish(&self, _slug: String, _note: String, _seen: i64) -> Answer<Published> {
        later()
    }

    async fn roll_back(&self, _slug: String, _number: i64) -> Answer<i64> {
        later()
    }

    async fn rename_config(&self, _slug: String, _name: String) -> Answer<()> {
        later()
    }

    async fn remove_config(&self, _slug: String) -> Answer<()> {
        later()
    }

    async fn try_config(&self, _trial: Trial) -> Answer<Outcome> {
        later()
    }
}
