//! Models of the workspace's providers: what they cost, which are on, and those of one's own.

mod find;
mod recompute;

use super::providers::figures::{median, millis};
use super::{DAY, Refusals, Seat};
use crate::book::ProviderEntry;
use crate::price::Item;
use crate::secret;
use crate::settings::rules;
use crate::store::models::{StoredModel, StoredPrice, Uses};
use app::backend::{Answer, ModelDesk};
use app::failure::Failure;
use app::model::Origin;
use app::model::models::{ModelPage, ModelQuery, ModelRow, NOW, NewModel, NewPrice, Prices, micros};
use app::model::range::MINUTE;
use app::model::recompute::{Recompute, RecomputeForm};
use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

const LOCKED: &str = "The set-up file says what this model is and costs. Change it there and restart the server.";
const BARRED: &str = "It is off at the provider whose credential this one has. Switch it on there.";
const PRICE: &str = "Use US dollars a million tokens, such as 0.35, with at most six decimals.";

#[async_trait]
impl ModelDesk for Seat {
    async fn models(&self, query: ModelQuery) -> Answer<ModelPage> {
        let (store, workspace, now) = (&self.house.store, self.workspace(), self.now());
        let day = store.model_uses(workspace, now - DAY, false).await?;
        let recent = store.model_uses(workspace, now - NOW * MINUTE, true).await?;
        let book = self.house.shelf.book();
        let providers = book.providers(workspace);
        let (house, shown) = (Arc::clone(&self.house), providers.to_vec());
        // The first list of an hour asks the price data thousands of times.
        let rows = tokio::task::spawn_blocking(move || {
            let seen = Seen { day, recent };
            shown.iter().flat_map(|provider| rows(&house.prices, provider, &seen, now)).collect::<Vec<_>>()
        });
        let rows = rows.await.map_err(|_| Failure::Broken("The models could not be listed. Try again.".into()))?;
        Ok(ModelPage {
            providers: providers.iter().map(|one| (one.slug.clone(), one.vendor.name.to_owned())).collect(),
            editable: self.leads(),
            ..find::page(rows, &query)
        })
    }

    async fn switch_model(&self, provider: String, model: String, on: bool) -> Answer<()> {
        self.leader()?;
        let entry = self.seller(&provider)?;
        let model = rules::model(&model).map_err(|text| Failure::refused("model", text))?;
        let mut item = unlocked(&entry, &model)?;
        if on && entry.stock.bars(&model) {
            return Err(Failure::refused("model", BARRED));
        }
        item.enabled = on;
        let stored = self.said(&provider, &model, &item);
        self.house.store.put_model(&stored).await?;
        self.refresh().await
    }

    async fn add_model(&self, form: NewModel) -> Answer<()> {
        self.leader()?;
        let mut refusals = Refusals::default();
        let entry = refusals.take("provider", self.seller(&form.provider).map_err(|failure| failure.to_string()));
        let model = refusals.take("model", rules::model(&form.model));
        if let (Some(entry), Some(model)) = (&entry, &model)
            && self.knows(entry, model)
        {
            let told = format!("@{}/{model} is listed already. Set a price there instead.", entry.slug);
            refusals.take::<()>("model", Err(told));
        }
        let context = refusals.take("context", context(&form.context)).flatten();
        let prices = prices([&form.input, &form.cached, &form.output], &mut refusals);
        refusals.done()?;
        let model = model.unwrap_or_default();
        let mut item = Item::default();
        (item.custom, item.context) = (true, context);
        self.house.store.put_model(&self.said(&form.provider, &model, &item)).await?;
        if prices.any() {
            let price = self.priced((&form.provider, &model), prices, self.now());
            self.house.store.add_price(&price).await?;
        }
        self.refresh().await
    }

    async fn remove_model(&self, provider: String, model: String) -> Answer<()> {
        self.leader()?;
        let entry = self.seller(&provider)?;
        unlocked(&entry, &model)?;
        match self.house.store.remove_model(self.workspace(), &provider, &model).await? {
            true => self.refresh().await,
            false => Err(Failure::Missing("This model was removed before. Nothing changed.".into())),
        }
    }

    async fn set_price(&self, form: NewPrice) -> Answer<()> {
        self.leader()?;
        let entry = self.seller(&form.provider)?;
        unlocked(&entry, form.model.trim())?;
        let mut refusals = Refusals::default();
        let model = refusals.take("model", rules::model(&form.model));
        let from = refusals.take("from", moment(&form.from));
        let mut set = Prices::default();
        if form.list.is_empty() {
            set = prices([&form.input, &form.cached, &form.output], &mut refusals);
            let none = [&form.input, &form.output].iter().all(|text| text.trim().is_empty());
            if none {
                refusals.take::<()>("input", Err("Enter a price for input, for output, or both.".into()));
            }
        }
        refusals.done()?;
        // What is past keeps its cost, so no price begins there.
        let from = from.flatten().unwrap_or_default().max(self.now());
        let price = self.priced((&form.provider, &model.unwrap_or_default()), set, from);
        self.house.store.add_price(&price).await?;
        self.refresh().await
    }

    async fn recompute_preview(&self, form: RecomputeForm) -> Answer<Recompute> {
        recompute::preview(self, &form).await
    }

    async fn recompute(&self, form: RecomputeForm) -> Answer<Recompute> {
        self.leader()?;
        recompute::apply(self, &form).await
    }
}

impl Seat {
    /// A connected provider.
    fn seller(&self, slug: &str) -> Answer<Arc<ProviderEntry>> {
        let found = self.house.shelf.book().provider(self.workspace(), slug).cloned();
        found.ok_or_else(|| Failure::Missing(format!("@{slug} is not connected. Choose one of the providers listed.")))
    }

    fn knows(&self, entry: &ProviderEntry, model: &str) -> bool {
        entry.stock.find(model).is_some_and(|item| item.custom)
            || self.house.prices.models(entry.vendor).iter().any(|known| known == model)
    }

    fn said(&self, provider: &str, model: &str, item: &Item) -> StoredModel {
        StoredModel {
            workspace: self.workspace().to_owned(),
            provider: provider.to_owned(),
            model: model.to_owned(),
            custom: item.custom,
            enabled: item.enabled,
            context: item.context.and_then(|tokens| i64::try_from(tokens).ok()),
            origin: Origin::Console.word().to_owned(),
            updated_at: self.now(),
        }
    }

    fn priced(&self, (provider, model): (&str, &str), prices: Prices, starts_at: i64) -> StoredPrice {
        StoredPrice {
            id: secret::id(self.now()),
            workspace: self.workspace().to_owned(),
            provider: provider.to_owned(),
            model: model.to_owned(),
            starts_at,
            input: prices.input,
            cached: prices.cached,
            output: prices.output,
            author: Some(self.pen().author.to_owned()),
            origin: Origin::Console.word().to_owned(),
            created_at: self.now(),
        }
    }
}

/// What is said of a model, unless the set-up file says it.
fn unlocked(entry: &ProviderEntry, model: &str) -> Answer<Item> {
    let item = entry.stock.find(model).cloned().unwrap_or_default();
    if item.locked { Err(Failure::refused("", LOCKED)) } else { Ok(item) }
}

/// Calls by provider and model: of a day, and of the last minutes.
struct Seen {
    day: HashMap<(String, String), Uses>,
    recent: HashMap<(String, String), Uses>,
}

/// Every model that the price data knows of the provider, that the workspace added, or that answered a call of late.
fn rows(prices: &crate::price::Tariff, provider: &ProviderEntry, seen: &Seen, now: i64) -> Vec<ModelRow> {
    let mut rows: BTreeMap<String, ModelRow> = BTreeMap::new();
    for listed in prices.list(provider.vendor, now).iter() {
        let row = ModelRow { list: listed.prices, context: listed.context, ..row(provider, &listed.model) };
        rows.insert(listed.model.clone(), row);
    }
    let said = provider.stock.models().map(|(model, _)| model);
    let answered = seen.day.iter().filter(|((slug, _), uses)| *slug == provider.slug && uses.calls > uses.failed);
    for model in said.chain(answered.map(|((_, model), _)| model.as_str())).filter(|model| !model.is_empty()) {
        rows.entry(model.to_owned()).or_insert_with(|| ModelRow {
            list: prices.list_price(provider.vendor, model, now),
            ..row(provider, model)
        });
    }
    rows.into_values().map(|row| counted(row, provider, seen, now)).collect()
}

fn row(provider: &ProviderEntry, model: &str) -> ModelRow {
    ModelRow {
        provider: provider.slug.clone(),
        vendor_name: provider.vendor.name.to_owned(),
        tile: provider.vendor.tile.to_owned(),
        model: model.to_owned(),
        enabled: true,
        ..ModelRow::default()
    }
}

/// With what the workspace says of it, and what it did.
fn counted(mut row: ModelRow, provider: &ProviderEntry, seen: &Seen, now: i64) -> ModelRow {
    row.enabled = provider.stock.allows(&row.model);
    if let Some(item) = provider.stock.find(&row.model) {
        row.custom = item.custom;
        row.locked = item.locked;
        row.context = item.context.or(row.context);
        row.own = item.price(now);
        row.next = item.next(now).map(|own| (own.starts_at, own.prices));
    }
    let key = (row.provider.clone(), row.model.clone());
    row.calls = seen.day.get(&key).map_or(0, |uses| uses.calls);
    if let Some(uses) = seen.recent.get(&key) {
        row.calls_now = uses.calls;
        row.failed_now = uses.failed;
        row.p50_ms = median(&uses.latency).map(millis);
    }
    row
}

/// Tokens as typed, or nothing.
fn context(text: &str) -> Result<Option<u64>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let tokens = find::tokens(text).and_then(|tokens| u64::try_from(tokens).ok()).filter(|tokens| *tokens > 0);
    tokens.map(Some).ok_or_else(|| "Use a number of tokens, such as 131072, 128k or 1M.".to_owned())
}

/// Input, cached input and output as typed; what is empty has no price of its own.
fn prices(typed: [&str; 3], refusals: &mut Refusals) -> Prices {
    let mut one = |field: &str, text: &str| match text.trim() {
        "" => None,
        text => refusals.take(field, micros(text).ok_or_else(|| PRICE.to_owned())),
    };
    Prices { input: one("input", typed[0]), cached: one("cached", typed[1]), output: one("output", typed[2]) }
}

/// Milliseconds of a date and time in UTC, as a form has it; `None`: nothing was typed.
fn moment(text: &str) -> Result<Option<i64>, String> {
    let text = text.trim().trim_end_matches('Z');
    if text.is_empty() {
        return Ok(None);
    }
    let read = text.parse::<DateTime>().ok().and_then(|at| TimeZone::UTC.to_timestamp(at).ok());
    let at = read.map(Timestamp::as_millisecond);
    at.map(Some).ok_or_else(|| "Use a date and time in UTC, such as 2026-12-01T00:00.".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_read_or_refused_in_words() {
        for (text, value) in [
            ("2026-12-01T00:00", Ok(Some(1_796_083_200_000))),
            ("2026-12-01T00:00:00Z", Ok(Some(1_796_083_200_000))),
            ("", Ok(None)),
            ("tomorrow", Err(())),
        ] {
            assert_eq!(moment(text).map_err(|_| ()), value, "{text}");
        }
        for (text, value) in [("", Ok(None)), ("32k", Ok(Some(32_000))), ("0", Err(())), ("many", Err(()))] {
            assert_eq!(context(text).map_err(|_| ()), value, "{text}");
        }
        let mut refusals = Refusals::default();
        let set = prices(["0.25", "", "x"], &mut refusals);
        assert_eq!(set, Prices { input: Some(250_000), cached: None, output: None });
        assert!(refusals.done().is_err());
    }
}
