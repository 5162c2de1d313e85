//! What a vendor's models cost by the list, for people to read.

use super::rate::{Rate, Rates};
use super::{Tariff, own, table};
use crate::wire::vendors::Vendor;
use app::model::models::Prices;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

/// A model of the price data, with its price for a short prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub model: String,
    /// Tokens.
    pub context: Option<u64>,
    /// `None`: known without a price.
    pub prices: Option<Prices>,
}

/// How long a list is kept: it costs a thousand look-ups. Milliseconds.
const KEPT: i64 = 3_600_000;

impl Tariff {
    /// The vendor's models by name, as of that hour.
    pub fn list(&self, vendor: &'static Vendor, at_ms: i64) -> Arc<[Listed]> {
        let hour = at_ms.div_euclid(KEPT);
        let lists = self.lists.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, list)) = lists.get(vendor.slug).filter(|(known, _)| *known == hour) {
            return Arc::clone(list);
        }
        drop(lists);
        let list: Arc<[Listed]> = self.listing(vendor, at_ms).into();
        self.lists.write().unwrap_or_else(PoisonError::into_inner).insert(vendor.slug, (hour, Arc::clone(&list)));
        list
    }

    /// The list price of any name that the price data may know, such as a dated one.
    pub fn list_price(&self, vendor: &Vendor, model: &str, at_ms: i64) -> Option<Prices> {
        self.list_rates(vendor, model, 1, at_ms).map(shown)
    }

    fn listing(&self, vendor: &Vendor, at_ms: i64) -> Vec<Listed> {
        let mut known: BTreeMap<String, Option<u64>> =
            own::models(vendor.slug).map(|model| (model.to_owned(), None)).collect();
        known.extend(vendor.prices.map(table::models).unwrap_or_default());
        let listed = known.into_iter().map(|(model, context)| {
            let rates = own::rates(vendor.slug, &model).or_else(|| {
                let rates = table::rates(vendor.prices?, &model, 1, at_ms);
                rates.priced().then_some(rates)
            });
            Listed { prices: rates.map(shown), model, context }
        });
        listed.collect()
    }
}

/// What is as any input goes unsaid.
fn shown(rates: Rates) -> Prices {
    let figure = |rate: Rate| rate.0;
    let cached = Some(rates.cached).filter(|cached| Some(*cached) != rates.input && *cached != Rate::ZERO);
    Prices { input: rates.input.map(figure), cached: cached.map(figure), output: rates.output.map(figure) }
}

#[cfg(test)]
mod tests {
    use crate::price::Tariff;
    use crate::wire::vendors::vendor;

    #[test]
    fn the_list_says_what_the_price_data_says() {
        let (tariff, noon) = (Tariff::bundled(), 1_792_497_600_000);
        let list = tariff.list(vendor("openai").expect("row"), noon);
        let listed = list.iter().find(|listed| listed.model == "gpt-4o").expect("gpt-4o");
        let prices = listed.prices.expect("a price");
        assert_eq!((prices.input, prices.cached, prices.output), (Some(2_500_000), Some(1_250_000), Some(10_000_000)));
        assert_eq!(listed.context, Some(128_000));
        assert!(std::sync::Arc::ptr_eq(&list, &tariff.list(vendor("openai").expect("row"), noon + 60_000)));
        let sandbox = tariff.list(vendor("sandbox").expect("row"), noon);
        assert!(
            sandbox.iter().any(|listed| listed.model == "echo" && listed.prices.is_some_and(|prices| prices.any()))
        );
        assert_eq!(tariff.list_price(vendor("openai").expect("row"), "no-such-model", noon), None);
    }
}
