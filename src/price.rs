//! Prices: what a call's tokens cost. Pure: the time is an argument, the figures are data.
//!
//! Vendors' prices come from `genai-prices`, which knows them by date, by time of day and by length of the prompt; our
//! own rows stand before them where they lack a model, and a workspace's own prices before both. A rate is exact to a picodollar a token, a cost is summed in
//! picodollars and rounded once, half up, to nano-dollars.

mod list;
mod own;
mod rate;
mod stock;
mod table;

pub use list::Listed;
pub use rate::CACHE_WRITES;
pub use stock::{Item, Own, Stock};

use crate::wire::openai::Usage;
use crate::wire::vendors::Vendor;
use app::model::log::CostLine;
use app::model::money::Nanos;
use rate::Rates;
pub use rate::Worst;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};
use table::Quote;

/// Tells what a call costs. One per process; asking is a lookup.
#[derive(Debug, Default)]
pub struct Tariff {
    /// By price id and model.
    quotes: RwLock<HashMap<&'static str, HashMap<Box<str>, Dated>>>,
    /// Whole lists by vendor, each with the hour that it was made for.
    lists: RwLock<HashMap<&'static str, Hourly>>,
}

/// Whose model it is: the vendor, and what a workspace says of its models.
#[derive(Clone, Copy, Debug)]
pub struct Seller<'a> {
    pub vendor: &'a Vendor,
    pub stock: Option<&'a Stock>,
}

impl<'a> From<&'a Vendor> for Seller<'a> {
    fn from(vendor: &'a Vendor) -> Self {
        Self { vendor, stock: None }
    }
}

/// A list and the hour that it was made for.
type Hourly = (i64, Arc<[Listed]>);

/// A quote and the minute that it was looked up for.
type Dated = (i64, Quote);

/// A cost with how it came about. The lines are rounded each for itself, the total once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    pub total: Nanos,
    pub lines: Vec<CostLine>,
}

impl Tariff {
    /// The price data of this build, read now rather than at the first call.
    pub fn bundled() -> Self {
        let _ = genai_prices::Calculator::bundled();
        Self::default()
    }

    /// What the call costs at `at_ms` (milliseconds since 1970 UTC), with its lines; `None`: unpriced, which is not free.
    pub fn cost<'a>(&self, seller: impl Into<Seller<'a>>, model: &str, usage: &Usage, at_ms: i64) -> Option<Cost> {
        let seller = seller.into();
        let own = seller.stock.and_then(|stock| stock.rates(model, at_ms));
        costed(own.or_else(|| self.list_rates(seller.vendor, model, usage.input, at_ms))?, usage)
    }

    /// The same of a model that was called by one name and served under another. The workspace's own price comes first,
    /// by the called name before the served one; then the list's, the other way round.
    pub fn sold<'a>(
        &self,
        seller: impl Into<Seller<'a>>,
        names: (Option<&str>, &str),
        usage: &Usage,
        at_ms: i64,
    ) -> Option<Cost> {
        self.by_names(seller.into(), names, (usage.input, at_ms), |rates| costed(rates, usage))
    }

    /// The same without its lines.
    pub fn total<'a>(
        &self,
        seller: impl Into<Seller<'a>>,
        names: (Option<&str>, &str),
        usage: &Usage,
        at_ms: i64,
    ) -> Option<Nanos> {
        self.by_names(seller.into(), names, (usage.input, at_ms), |rates| rates.total(usage))
    }

    fn by_names<T>(
        &self,
        Seller { vendor, stock }: Seller<'_>,
        (called, served): (Option<&str>, &str),
        (input, at_ms): (u64, i64),
        price: impl Fn(Rates) -> Option<T>,
    ) -> Option<T> {
        let own = stock.and_then(|stock| {
            called.and_then(|model| stock.rates(model, at_ms)).or_else(|| stock.rates(served, at_ms))
        });
        if let Some(rates) = own {
            return price(rates);
        }
        let list = |model: &str| price(self.list_rates(vendor, model, input, at_ms)?);
        list(served).or_else(|| list(called?))
    }

    /// What a call with a prompt of so many tokens costs at most; `None`: it has no price.
    pub fn worst<'a>(&self, seller: impl Into<Seller<'a>>, model: &str, prompt: u64, at_ms: i64) -> Option<Worst> {
        let Seller { vendor, stock } = seller.into();
        let own = stock.and_then(|stock| stock.rates(model, at_ms));
        Some(own.or_else(|| self.list_rates(vendor, model, prompt, at_ms))?.worst(prompt))
    }

    /// Ids of the vendor's models that are known with prices, sorted.
    pub fn models(&self, vendor: &Vendor) -> Vec<String> {
        let known = vendor.prices.map(table::models).unwrap_or_default().into_iter().map(|(model, _)| model);
        let models: BTreeSet<_> = own::models(vendor.slug).map(str::to_owned).chain(known).collect();
        models.into_iter().collect()
    }

    fn list_rates(&self, vendor: &Vendor, model: &str, input: u64, at_ms: i64) -> Option<Rates> {
        if let Some(rates) = own::rates(vendor.slug, model) {
            return Some(rates);
        }
        let rates = self.looked_up(vendor.prices?, model, input, at_ms);
        rates.priced().then_some(rates)
    }

    fn looked_up(&self, id: &'static str, model: &str, input: u64, at_ms: i64) -> Rates {
        let minute = at_ms.div_euclid(60_000);
        let quotes = self.quotes.read().unwrap_or_else(PoisonError::into_inner);
        let quote = quotes.get(id).and_then(|models| models.get(model)).filter(|(asked, _)| *asked == minute);
        if let Some(rates) = quote.and_then(|(_, quote)| quote.rates(input)) {
            return rates;
        }
        let known = quote.map(|(_, quote)| quote.clone());
        drop(quotes);
        let mut quote = known.unwrap_or_else(|| Quote::new(id, model, at_ms));
        let rates = quote.rates(input).unwrap_or_else(|| {
            let rates = table::rates(id, model, input, at_ms);
            quote.learn(input, rates);
            rates
        });
        self.remember(id, model, (minute, quote));
        rates
    }

    fn remember(&self, id: &'static str, model: &str, quote: Dated) {
        let mut quotes = self.quotes.write().unwrap_or_else(PoisonError::into_inner);
        let models = quotes.entry(id).or_default();
        if models.len() >= MOST_MODELS && !models.contains_key(model) {
            models.clear();
        }
        models.insert(model.into(), quote);
    }
}

fn costed(rates: Rates, usage: &Usage) -> Option<Cost> {
    Some(Cost { total: rates.total(usage)?, lines: rates.lines(usage) })
}

/// Kept in memory of one vendor. Callers choose model names, so there must be an end.
const MOST_MODELS: usize = 512;

#[cfg(test)]
mod tests {
    use super::{Own, Seller, Stock, Tariff};
    use crate::wire::openai::Usage;
    use crate::wire::vendors::vendor;
    use app::model::models::Prices;
    use app::model::money::Nanos;

    /// 2026-10-20, 12:00 UTC.
    const NOON: i64 = 1_792_497_600_000;
    const HOUR: i64 = 3_600_000;

    fn usage(input: u64, cached: u64, output: u64) -> Usage {
        Usage { input, cached, output, ..Usage::default() }
    }

    #[test]
    fn costs_are_exact_to_the_nano() {
        let tariff = Tariff::bundled();
        for (slug, model, used, at, nanos) in [
            ("cerebras", "llama3.1-8b", usage(1, 0, 0), NOON, Some(100)),
            ("cerebras", "gpt-oss-120b", usage(1, 0, 1), NOON, Some(1_100)),
            ("cerebras", "gpt-oss-120b", usage(1_000_000, 0, 1_000_000), NOON, Some(1_100_000_000)),
            ("cerebras", "qwen-3-235b-a22b-instruct-2507", usage(10, 0, 10), NOON, Some(18_000)),
            ("cerebras", "llama-4-scout-17b-16e-instruct", usage(10, 0, 10), NOON, Some(15_000)),
            ("openai", "gpt-4o", usage(1_000, 400, 100), NOON, Some(3_000_000)),
            ("openai", "gpt-4o-2024-08-06", usage(1_000, 400, 100), NOON, Some(3_000_000)),
            ("openai", "gpt-4o-mini", usage(3, 1, 1), NOON, Some(975)),
            ("openai", "text-embedding-3-small", usage(8, 0, 0), NOON, Some(160)),
            ("openai", "gpt-5.4", usage(272_000, 0, 1_000), NOON, Some(695_000_000)),
            ("openai", "gpt-5.4", usage(272_001, 0, 1_000), NOON, Some(1_382_505_000)),
            ("openai", "o3", usage(1_000, 0, 0), 1_735_689_600_000, Some(10_000_000)),
            ("openai", "o3", usage(1_000, 0, 0), NOON, Some(2_000_000)),
            ("deepseek", "deepseek-chat", usage(1_000, 0, 1_000), NOON, Some(1_370_000)),
            ("deepseek", "deepseek-chat", usage(1_000, 0, 1_000), NOON + 5 * HOUR, Some(685_000)),
            ("perplexity-ai", "sonar", usage(10, 0, 10), NOON, Some(12_020_000)),
            ("sandbox", "echo", usage(10, 0, 10), NOON, Some(5_000)),
            ("sandbox", "lorem-200-50", usage(10, 0, 200), NOON, Some(305_000)),
            ("sandbox", "echoes", usage(10, 0, 10), NOON, None),
            ("openai", "no-such-model", usage(10, 0, 10), NOON, None),
            ("cerebras", "qwen-3-coder-480b", usage(10, 0, 0), NOON, Some(20_000)),
            ("openai", "text-embedding-3-small", usage(8, 0, 8), NOON, None),
            ("lambda", "gpt-4o", usage(10, 0, 10), NOON, None),
        ] {
            let vendor = vendor(slug).expect(slug);
            assert_eq!(
                tariff.cost(vendor, model, &used, at).map(|cost| cost.total),
                nanos.map(Nanos),
                "{slug} {model} {used:?}"
            );
            assert_eq!(tariff.cost(vendor, model, &used, at).map(|cost| cost.total), nanos.map(Nanos));
        }
    }

    #[test]
    fn the_lines_of_a_cost_say_how_it_came_about() {
        let used = Usage { input: 1_000, cached: 400, cache_write: 0, output: 100, reasoning: 60 };
        let cost = Tariff::bundled().cost(vendor("openai").expect("row"), "gpt-4o", &used, NOON).expect("priced");
        let lines: Vec<_> =
            cost.lines.iter().map(|line| (&*line.what, line.count, &*line.per_million, line.cost.0)).collect();
        assert_eq!(
            lines,
            [
                ("Input tokens", 600, "2.5", 1_500_000),
                ("Cached input tokens", 400, "1.25", 500_000),
                ("Output tokens", 100, "10", 1_000_000)
            ]
        );
    }

    #[test]
    fn an_own_price_wins_from_its_time_on_by_either_name() {
        let tariff = Tariff::bundled();
        let mut stock = Stock::default();
        let prices = Some(Prices { input: Some(1_000_000), cached: None, output: None });
        stock.item("gpt-4o").learn(Own { starts_at: NOON, prices });
        let vendor = vendor("openai").expect("row");
        let seller = Seller { vendor, stock: Some(&stock) };
        let dated = "gpt-4o-2024-08-06";
        for (called, served, used, at, nanos) in [
            (Some("gpt-4o"), "gpt-4o", usage(1_000, 0, 0), NOON, Some(1_000_000)),
            (Some("gpt-4o"), dated, usage(1_000, 0, 0), NOON, Some(1_000_000)),
            (Some("gpt-4o"), dated, usage(1_000, 0, 0), NOON - 1, Some(2_500_000)),
            (Some(dated), dated, usage(1_000, 0, 0), NOON, Some(2_500_000)),
            (None, "gpt-4o", usage(1_000, 0, 0), NOON, Some(1_000_000)),
            // An own price without one for output leaves a call with output unpriced, whatever the list says.
            (Some("gpt-4o"), "gpt-4o", usage(1_000, 0, 1), NOON, None),
            (Some("unknown"), "unknown", usage(1_000, 0, 0), NOON, None),
        ] {
            let cost = tariff.sold(seller, (called, served), &used, at).map(|cost| cost.total);
            assert_eq!(cost, nanos.map(Nanos), "{called:?} {served} {at}");
            assert_eq!(tariff.total(seller, (called, served), &used, at), cost, "{called:?} {served} {at}");
        }
    }

    #[test]
    fn a_vendor_lists_the_models_it_is_known_to_price() {
        let tariff = Tariff::bundled();
        let models = |slug| tariff.models(vendor(slug).expect(slug));
        assert!(models("openai").iter().any(|model| model == "gpt-4o"));
        assert!(models("cerebras").iter().any(|model| model == "gpt-oss-120b"));
        assert!(models("cerebras").iter().any(|model| model == "zai-glm-4.6"));
        assert!(models("sandbox").iter().any(|model| model == "echo"));
        assert!(models("lambda").is_empty());
    }

    #[test]
    fn made_up_model_names_do_not_fill_the_memory() {
        let tariff = Tariff::bundled();
        for name in 0..2 * super::MOST_MODELS {
            tariff.cost(vendor("openai").expect("row"), &format!("made-up-{name}"), &usage(1, 0, 1), NOON);
        }
        assert!(tariff.quotes.read().expect("lock")["openai"].len() <= super::MOST_MODELS);
    }
}
