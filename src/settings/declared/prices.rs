//! Models and prices that a set-up file declares.

use super::super::Place;
use super::super::file::{Given, Section};
use super::super::rules::{self, Ruling};
use super::SANDBOX;
use app::model::models::{Prices, micros};
use jiff::Timestamp;

/// What a file says of a model.
#[derive(Clone, Debug)]
pub struct DeclaredModel {
    /// Slug of its provider.
    pub provider: String,
    pub model: String,
    /// The price data need not know it.
    pub custom: bool,
    pub enabled: bool,
    /// Tokens.
    pub context: Option<u64>,
    pub place: Place,
}

/// A price of one's own.
#[derive(Clone, Debug)]
pub struct DeclaredPrice {
    /// Slug of its provider.
    pub provider: String,
    pub model: String,
    /// `None`: back to the list price.
    pub prices: Option<Prices>,
    /// Milliseconds; `None`: for all calls to come.
    pub from: Option<i64>,
    pub place: Place,
}

const PRICE: &str = "Use US dollars a million tokens, such as 0.35, with at most six decimals.";

/// `providers`: the slugs that the file declares; `None`: those that are connected count too.
pub(super) fn model(section: &Section<'_>, providers: Option<&[String]>) -> Option<DeclaredModel> {
    section.allow(&["provider", "model", "custom", "enabled", "context"]);
    let (provider, model) = named(section, providers);
    let flag = |key: &str, usual| section.figure(key).map_or(Some(usual), |given| judge(section, &given, switch));
    let (custom, enabled) = (flag("custom", false), flag("enabled", true));
    let context = section.figure("context").map(|given| judge(section, &given, tokens));
    let context = match context {
        Some(judged) => Some(judged?),
        None => None,
    };
    let place = section.place("model");
    Some(DeclaredModel { provider: provider?, model: model?, custom: custom?, enabled: enabled?, context, place })
}

pub(super) fn price(section: &Section<'_>, providers: Option<&[String]>) -> Option<DeclaredPrice> {
    section.allow(&["provider", "model", "input", "cached", "output", "from", "list"]);
    let (provider, model) = named(section, providers);
    let list = section.figure("list").is_some_and(|given| judge(section, &given, switch) == Some(true));
    let one = |key: &str| section.figure(key).and_then(|given| judge(section, &given, dollars));
    let prices = Prices { input: one("input"), cached: one("cached"), output: one("output") };
    let given = ["input", "cached", "output"].iter().any(|key| section.has(key));
    match (list, given) {
        (true, true) => section.note("list", "Give either list = true, the list price again, or prices."),
        (false, _) if !section.has("input") && !section.has("output") => {
            section.note("input", "Missing. Add input, output, or both, in US dollars a million tokens.");
        }
        _ => {}
    }
    let from = section.judged("from", moment);
    let place = section.place("model");
    Some(DeclaredPrice { provider: provider?, model: model?, prices: (!list).then_some(prices), from, place })
}

fn named(section: &Section<'_>, providers: Option<&[String]>) -> (Option<String>, Option<String>) {
    let provider = section.needed("provider", |text| {
        let slug = rules::slug(text.trim_start_matches('@'))?;
        match providers {
            Some(known) if slug != SANDBOX && !known.contains(&slug) => {
                Err("No [[provider]] of this file has this slug.".into())
            }
            _ => Ok(slug),
        }
    });
    (provider, section.needed("model", rules::model))
}

fn judge<T>(section: &Section<'_>, given: &Given, rule: impl Fn(&str) -> Ruling<T>) -> Option<T> {
    section.notes().judge(given, rule)
}

fn switch(text: &str) -> Ruling<bool> {
    text.parse().map_err(|_| "Use true or false.".to_owned())
}

fn tokens(text: &str) -> Ruling<u64> {
    let count = text.replace('_', "").parse().ok().filter(|count| *count > 0 && *count < 1_000_000_000_000);
    count.ok_or_else(|| "Use a number of tokens, such as 131072.".to_owned())
}

fn dollars(text: &str) -> Ruling<i64> {
    micros(text).ok_or_else(|| PRICE.to_owned())
}

fn moment(text: &str) -> Ruling<i64> {
    let at = text.parse::<Timestamp>().map(|at| at.as_millisecond());
    at.map_err(|_| "Use a moment such as 2026-12-01T00:00:00Z.".to_owned())
}
