//! A provider's models as a workspace has them: its own, those switched off, and its own prices, each from its time on.

use super::rate::{Rate, Rates};
use app::model::models::Prices;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

/// What a workspace says of one provider's models. What it says nothing of is on, at the list price.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stock {
    models: BTreeMap<String, Item>,
    /// What nothing is said of is off.
    closed: bool,
    /// What is said of the models of the provider whose credential this one has.
    above: Option<Arc<Stock>>,
}

/// One model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Added by hand.
    pub custom: bool,
    pub enabled: bool,
    /// The set-up file says it, or prices it.
    pub locked: bool,
    /// Tokens; `None`: as the price data says.
    pub context: Option<u64>,
    /// By their time, ascending; of two with one time the later one counts.
    prices: Vec<Own>,
}

/// A price of the workspace's own, in force from `starts_at` (milliseconds) on; `None`: the list price again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Own {
    pub starts_at: i64,
    pub prices: Option<Prices>,
}

impl Default for Item {
    fn default() -> Self {
        Self { custom: false, enabled: true, locked: false, context: None, prices: Vec::new() }
    }
}

impl Stock {
    /// What is said of the model, to be changed.
    pub fn item(&mut self, model: &str) -> &mut Item {
        let enabled = !self.closed;
        self.models.entry(model.to_owned()).or_insert_with(|| Item { enabled, ..Item::default() })
    }

    /// Whether what nothing is said of is off. To be said before anything is asked.
    pub fn close(&mut self, closed: bool) {
        self.closed = closed;
    }

    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// The same with what is said of the provider whose credential it has: what is off there is off here, and what is
    /// not said here is said there.
    #[must_use]
    pub fn under(mut self, above: &Arc<Self>) -> Self {
        for (model, item) in &mut self.models {
            item.enabled &= above.allows(model);
        }
        for (model, other) in &above.models {
            match self.models.entry(model.clone()) {
                Entry::Vacant(entry) => {
                    entry.insert(Item { enabled: other.enabled && !self.closed, ..other.clone() });
                }
                Entry::Occupied(mut entry) => entry.get_mut().inherit(other),
            }
        }
        self.closed |= above.closed;
        self.above = Some(Arc::clone(above));
        self
    }

    /// Whether the model is off where the credential is kept, so that it cannot be switched on here.
    pub fn bars(&self, model: &str) -> bool {
        self.above.as_ref().is_some_and(|above| !above.allows(model))
    }

    pub fn find(&self, model: &str) -> Option<&Item> {
        self.models.get(model)
    }

    /// Whether calls may name the model.
    pub fn allows(&self, model: &str) -> bool {
        self.find(model).map_or(!self.closed, |item| item.enabled)
    }

    /// Models that something is said of, by name.
    pub fn models(&self) -> impl Iterator<Item = (&str, &Item)> {
        self.models.iter().map(|(model, item)| (model.as_str(), item))
    }

    /// The rates of the workspace's own price at that time; `None`: the list price holds.
    pub(super) fn rates(&self, model: &str, at_ms: i64) -> Option<Rates> {
        self.find(model)?.price(at_ms).map(rates)
    }
}

impl Item {
    /// Adds a price. Rows come in the order in which they were made.
    pub fn learn(&mut self, own: Own) {
        let at = self.prices.partition_point(|known| known.starts_at <= own.starts_at);
        self.prices.insert(at, own);
    }

    fn inherit(&mut self, other: &Self) {
        self.custom |= other.custom;
        self.locked |= other.locked;
        self.context = self.context.or(other.context);
        if self.prices.is_empty() {
            self.prices.clone_from(&other.prices);
        }
    }

    /// The own price in force at that time.
    pub fn price(&self, at_ms: i64) -> Option<Prices> {
        let after = self.prices.partition_point(|known| known.starts_at <= at_ms);
        self.prices.get(after.checked_sub(1)?)?.prices
    }

    /// The next change of price after that time.
    pub fn next(&self, at_ms: i64) -> Option<Own> {
        self.prices.get(self.prices.partition_point(|known| known.starts_at <= at_ms)).copied()
    }
}

/// What is written to the cache costs as input does, reasoning as output.
fn rates(prices: Prices) -> Rates {
    let Prices { input, cached, output } = prices;
    let input = input.map(Rate);
    let usual = input.unwrap_or(Rate::ZERO);
    Rates {
        input,
        cached: cached.map_or(usual, Rate),
        cache_write: usual,
        output: output.map(Rate),
        reasoning: output.map_or(Rate::ZERO, Rate),
        call: Rate::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::{Own, Stock};
    use app::model::models::Prices;
    use std::sync::Arc;

    const CHEAP: Prices = Prices { input: Some(250_000), cached: None, output: Some(690_000) };
    const DEAR: Prices = Prices { input: Some(500_000), ..CHEAP };

    #[test]
    fn a_price_holds_from_its_time_on_until_the_next() {
        let mut stock = Stock::default();
        for (starts_at, prices) in [(200, Some(DEAR)), (100, Some(CHEAP)), (300, None), (100, Some(DEAR))] {
            stock.item("m").learn(Own { starts_at, prices });
        }
        let item = stock.find("m").expect("an item");
        for (at, price, next) in
            [(99, None, Some(100)), (100, Some(DEAR), Some(200)), (250, Some(DEAR), Some(300)), (300, None, None)]
        {
            assert_eq!((item.price(at), item.next(at).map(|own| own.starts_at)), (price, next), "{at}");
            assert_eq!(stock.rates("m", at).is_some(), price.is_some(), "{at}");
        }
        assert_eq!(stock.rates("other", 250), None);
    }

    #[test]
    fn what_nothing_is_said_of_is_on() {
        let mut stock = Stock::default();
        stock.item("off").enabled = false;
        stock.item("own").custom = true;
        for (model, allowed) in [("off", false), ("own", true), ("any", true)] {
            assert_eq!(stock.allows(model), allowed, "{model}");
        }
    }

    #[test]
    fn a_closed_stock_sells_what_it_names() {
        let mut stock = Stock::default();
        stock.close(true);
        stock.item("on").enabled = true;
        stock.item("priced").learn(Own { starts_at: 0, prices: Some(CHEAP) });
        for (model, allowed) in [("on", true), ("priced", false), ("any", false)] {
            assert_eq!(stock.allows(model), allowed, "{model}");
        }
    }

    #[test]
    fn what_is_said_of_a_credential_holds_for_all_that_have_it() {
        let mut above = Stock::default();
        above.item("off").enabled = false;
        above.item("own").custom = true;
        above.item("own").learn(Own { starts_at: 0, prices: Some(CHEAP) });
        let above = Arc::new(above);
        let mut stock = Stock::default();
        stock.item("off").enabled = true;
        stock.item("mine").enabled = false;
        stock.item("own").learn(Own { starts_at: 0, prices: Some(DEAR) });
        let stock = stock.under(&above);
        for (model, allowed, barred) in
            [("off", false, true), ("mine", false, false), ("own", true, false), ("x", true, false)]
        {
            assert_eq!((stock.allows(model), stock.bars(model)), (allowed, barred), "{model}");
        }
        let own = stock.find("own").expect("an item");
        assert_eq!((own.custom, own.price(1)), (true, Some(DEAR)));
        let plain = Stock::default().under(&above);
        assert_eq!(plain.find("own").and_then(|item| item.price(1)), Some(CHEAP));
        let mut closed = Stock::default();
        closed.close(true);
        let beneath = plain.under(&Arc::new(closed));
        assert!(!beneath.allows("x") && !beneath.allows("own") && beneath.bars("x"));
    }
}
