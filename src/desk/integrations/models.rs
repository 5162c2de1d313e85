//! The models of an integration: what is said of them holds for every provider that has its credential.

use super::Seat;
use crate::book::stocks::Stocks;
use crate::price::Stock;
use crate::secret;
use crate::settings::rules;
use crate::store::models::{ALL, StoredModel, StoredPrice};
use crate::store::providers::StoredProvider;
use crate::wire::vendors::vendor;
use app::backend::Answer;
use app::failure::Failure;
use app::model::Origin;
use app::model::models::Prices;
use std::sync::Arc;

const LOCKED: &str = "The set-up file says what this model is and costs. Change it there and restart the server.";

/// What is to be said of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelWish {
    pub model: String,
    pub enabled: bool,
    /// It is added by hand; `None`: as it is.
    pub custom: Option<bool>,
    /// `None`: as they are. Without any figure, the list price holds again.
    pub prices: Option<Prices>,
}

impl Seat {
    /// What is said of the integration's models.
    pub async fn stock(&self, row: &StoredProvider) -> Answer<Arc<Stock>> {
        let (models, prices) = self.house.store.said_of_models(self.workspace()).await?;
        Ok(Stocks::read(models, prices).of(self.workspace(), &row.slug, None))
    }

    /// Says it, all or nothing. `all`: whether models that nothing is said of are on; `None`: as it is.
    pub async fn say_of_models(&self, row: &StoredProvider, wishes: Vec<ModelWish>, all: Option<bool>) -> Answer<()> {
        self.leader()?;
        let stock = self.stock(row).await?;
        let known = vendor(&row.vendor).map(|vendor| self.house.prices.models(vendor)).unwrap_or_default();
        let (mut models, mut prices) = (Vec::new(), Vec::new());
        for wish in &wishes {
            let (model, price) = self.said_of(row, &stock, &known, wish)?;
            models.push(model);
            prices.extend(price);
        }
        if let Some(all) = all.filter(|all| *all == stock.is_closed()) {
            let told = self.house.store.said_of_models(self.workspace()).await?.0;
            let declared = |one: &StoredModel| one.provider == row.slug && one.model == ALL;
            if told.iter().any(|one| declared(one) && one.origin == Origin::File.word()) {
                return Err(Failure::refused("allow_all_models", LOCKED));
            }
            models.push(self.model_row(row, ALL, (false, all), None));
        }
        self.house.store.put_models(&models, &prices).await?;
        self.refresh().await
    }

    /// Forgets models that were added by hand, all of these or none.
    pub async fn forget_models(&self, row: &StoredProvider, models: &[String]) -> Answer<()> {
        self.leader()?;
        let stock = self.stock(row).await?;
        let item = |model: &String| stock.find(model).filter(|item| item.custom);
        if let Some(missing) = models.iter().find(|model| item(model).is_none()) {
            return Err(Failure::Missing(format!("{} has no custom model {missing}. Nothing changed.", row.slug)));
        }
        if models.iter().filter_map(item).any(|item| item.locked) {
            return Err(Failure::refused("slugs", LOCKED));
        }
        if !self.house.store.remove_models(self.workspace(), &row.slug, models).await? {
            return Err(Failure::Missing("One of these models was removed before. Nothing changed.".into()));
        }
        self.refresh().await
    }

    fn said_of(
        &self,
        row: &StoredProvider,
        stock: &Stock,
        known: &[String],
        wish: &ModelWish,
    ) -> Answer<(StoredModel, Option<StoredPrice>)> {
        let model = rules::model(&wish.model).map_err(|text| Failure::refused("slug", text))?;
        let item = stock.find(&model).cloned().unwrap_or_default();
        if item.locked {
            return Err(Failure::refused("slug", LOCKED));
        }
        match wish.custom {
            Some(true) if !item.custom && (known.contains(&model) || model == ALL) => {
                let text = format!("{model} is listed already. Leave is_custom out.");
                return Err(Failure::refused("is_custom", text));
            }
            Some(false) if item.custom => {
                let text = format!("{model} was added by hand. Remove it instead.");
                return Err(Failure::refused("is_custom", text));
            }
            _ => {}
        }
        let now = self.now();
        let in_force = item.price(now).unwrap_or_default();
        let price = wish.prices.filter(|prices| *prices != in_force).map(|prices| StoredPrice {
            id: secret::id(now),
            workspace: self.workspace().to_owned(),
            provider: row.slug.clone(),
            model: model.clone(),
            starts_at: now,
            input: prices.input,
            cached: prices.cached,
            output: prices.output,
            author: Some(self.pen().author.to_owned()),
            origin: Origin::Console.word().to_owned(),
            created_at: now,
        });
        let custom = wish.custom.unwrap_or(item.custom);
        Ok((self.model_row(row, &model, (custom, wish.enabled), item.context), price))
    }

    fn model_row(
        &self,
        row: &StoredProvider,
        model: &str,
        (custom, enabled): (bool, bool),
        context: Option<u64>,
    ) -> StoredModel {
        StoredModel {
            workspace: self.workspace().to_owned(),
            provider: row.slug.clone(),
            model: model.to_owned(),
            custom,
            enabled,
            context: context.and_then(|tokens| i64::try_from(tokens).ok()),
            origin: Origin::Console.word().to_owned(),
            updated_at: self.now(),
        }
    }
}
