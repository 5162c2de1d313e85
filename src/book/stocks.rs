//! What is said of models, read from rows.

use crate::price::{Own, Stock};
use crate::store::models::{ALL, StoredModel, StoredPrice};
use app::model::Origin;
use app::model::models::Prices;
use std::collections::HashMap;
use std::sync::Arc;

/// By workspace and provider's slug.
#[derive(Debug, Default)]
pub struct Stocks(HashMap<(String, String), Arc<Stock>>);

impl Stocks {
    /// Prices come in the order in which they were made.
    pub fn read(models: Vec<StoredModel>, prices: Vec<StoredPrice>) -> Self {
        let mut stocks: HashMap<(String, String), Stock> = HashMap::new();
        for row in models {
            let stock = stocks.entry((row.workspace, row.provider)).or_default();
            if row.model == ALL {
                stock.close(!row.enabled);
                continue;
            }
            let item = stock.item(&row.model);
            item.custom = row.custom;
            item.enabled = row.enabled;
            item.locked = row.origin == Origin::File.word();
            item.context = row.context.and_then(|tokens| u64::try_from(tokens).ok());
        }
        for row in prices {
            let prices = Prices { input: row.input, cached: row.cached, output: row.output };
            let own = Own { starts_at: row.starts_at, prices: Some(prices).filter(|prices| prices.any()) };
            let item = stocks.entry((row.workspace, row.provider)).or_default().item(&row.model);
            item.locked |= row.origin == Origin::File.word();
            item.learn(own);
        }
        Self(stocks.into_iter().map(|(key, stock)| (key, Arc::new(stock))).collect())
    }

    /// What is said of each provider itself, also of one that is gone.
    pub fn own(&self) -> impl Iterator<Item = (&(String, String), &Stock)> {
        self.0.iter().map(|(key, stock)| (key, &**stock))
    }

    /// `holder`: slug of the provider whose credential it has.
    pub fn of(&self, workspace: &str, slug: &str, holder: Option<&str>) -> Arc<Stock> {
        let own = |slug: &str| self.0.get(&(workspace.to_owned(), slug.to_owned())).cloned().unwrap_or_default();
        match holder {
            None => own(slug),
            Some(holder) => Arc::new(Arc::unwrap_or_clone(own(slug)).under(&own(holder))),
        }
    }
}
