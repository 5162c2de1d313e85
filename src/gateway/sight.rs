//! What a plan sees of the world: the dice, what is remembered, what models cost.

use crate::gateway::call::Inbound;
use crate::gateway::target::split;
use crate::health::Health;
use crate::house::House;
use crate::price::Seller;
use crate::route::{self, Group, Leaf, Sight};
use crate::wire::openai::Usage;
use crate::wire::vendors::vendor;

/// The usual call that costs are compared by.
const USUAL: Usage = Usage { input: 1000, cached: 0, cache_write: 0, output: 500, reasoning: 0 };

/// The world as one call finds it.
pub struct View<'a> {
    pub house: &'a House,
    pub inbound: &'a Inbound,
    /// `model` of the body.
    pub model: Option<&'a str>,
    pub scope: u64,
    /// Milliseconds since 1970 UTC.
    pub now: i64,
    /// Nothing is sent: no turn is taken.
    pub dry: bool,
}

impl View<'_> {
    fn health(&self) -> &Health {
        &self.house.health
    }
}

impl Sight for View<'_> {
    fn draw(&self, _group: &Group) -> f64 {
        rand::random()
    }

    fn turn(&self, group: &Group) -> u64 {
        if self.dry { self.health().peek_turn(self.scope, group) } else { self.health().turn(self.scope, group) }
    }

    fn stuck(&self, group: &Group, key: u64) -> Option<usize> {
        self.health().stuck(self.scope, group, key, self.now)
    }

    fn health(&self, leaf: &Leaf) -> route::Health {
        self.health().seen(self.scope, leaf, self.now)
    }

    fn cost(&self, leaf: &Leaf) -> Option<i64> {
        let own = leaf.override_params.get("model").and_then(|model| model.as_str());
        let model = own.or(self.model)?;
        let (prefix, model) = split(model).map_or((None, model), |(slug, rest)| (Some(slug), rest));
        let named = prefix.filter(|_| own.is_some() || leaf.provider.is_none()).or(leaf.provider.as_deref());
        let slug = named?.trim_start_matches('@');
        let stored = self.inbound.book.provider(&self.inbound.caller.key.workspace, slug);
        let seller = stored.map(|provider| Seller::from(&**provider)).or_else(|| vendor(slug).map(Seller::from))?;
        self.house.prices.cost(seller, model, &USUAL, self.now).map(|cost| cost.total.0)
    }
}
