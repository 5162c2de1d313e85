//! The door to `genai-prices`. It tells what given tokens cost, not its rates, so we ask for round numbers of tokens.

use super::rate::{Rate, Rates};
use genai_prices::{Calculator, PriceCalculation, PriceRequest, Usage, UsageKey};
use std::time::{Duration, SystemTime};

/// What is known of a model for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quote {
    Unpriced,
    Flat(Rates),
    /// Long prompts cost more a token: ask with the length at hand.
    ByLength,
}

/// Looks a model up as of `at_ms`.
pub(super) fn quote(id: &str, model: &str, at_ms: i64) -> Quote {
    let short = rates(id, model, 0, at_ms);
    if short.input.is_none() && short.output.is_none() {
        Quote::Unpriced
    } else if rates(id, model, LONGEST_PROMPT, at_ms) == short {
        Quote::Flat(short)
    } else {
        Quote::ByLength
    }
}

/// The rates for a prompt of `input` tokens.
pub(super) fn rates(id: &str, model: &str, input: u64, at_ms: i64) -> Rates {
    let question = Question { id, model, at: moment(at_ms) };
    let length = input.clamp(1, LONGEST_PROMPT);
    let input = |kind: &[UsageKey]| {
        let usage =
            kind.iter().map(|key| (key.clone(), float(length))).chain([(UsageKey::INPUT_TOKENS, float(length))]);
        question.ask(usage.collect()).map_or(Rate::ZERO, |price| per_unit(price.input_price, length))
    };
    let output = |kind: &[UsageKey]| {
        let usage = kind
            .iter()
            .map(|key| (key.clone(), float(MILLION)))
            .chain([(UsageKey::INPUT_TOKENS, float(length)), (UsageKey::OUTPUT_TOKENS, float(MILLION))]);
        question.ask(usage.collect()).map_or(Rate::ZERO, |price| per_unit(price.output_price, MILLION))
    };
    Rates {
        input: question.prices(UsageKey::CACHE_READ_TOKENS).then(|| input(&[])),
        cached: input(&[UsageKey::CACHE_READ_TOKENS]),
        cache_write: input(&[UsageKey::CACHE_WRITE_TOKENS]),
        output: question.prices(UsageKey::OUTPUT_REASONING_TOKENS).then(|| output(&[])),
        reasoning: output(&[UsageKey::OUTPUT_REASONING_TOKENS]),
        call: question.ask(Usage::new()).map_or(Rate::ZERO, |price| per_unit(price.total_price, 1)),
    }
}

/// Ids of the models under this price id.
pub(super) fn models(id: &str) -> Vec<String> {
    let provider = Calculator::bundled().find_provider(Some(id), None).ok().flatten();
    provider.map(|provider| provider.models().map(|model| model.id().to_owned()).collect()).unwrap_or_default()
}

const MILLION: u64 = 1_000_000;
/// Longer than any price step in the data starts at.
const LONGEST_PROMPT: u64 = 1_000_000_000;

struct Question<'a> {
    id: &'a str,
    model: &'a str,
    at: SystemTime,
}

impl Question<'_> {
    fn ask(&self, usage: Usage) -> genai_prices::Result<PriceCalculation> {
        let request = PriceRequest::new(self.model, &usage).with_provider_id(self.id).with_timestamp(self.at);
        Calculator::bundled().calculate(&request)
    }

    /// Whether the whole that `part` belongs to has a price: then a part without its whole is refused as inconsistent,
    /// while tokens that nobody prices are passed over. This tells a price of zero from none.
    fn prices(&self, part: UsageKey) -> bool {
        let refusal = self.ask(Usage::from([(part, 1.0)])).err();
        refusal.is_some_and(|error| error.kind() == genai_prices::ErrorKind::InvalidUsage)
    }
}

fn moment(at_ms: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(at_ms).unwrap_or(0))
}

#[expect(clippy::cast_precision_loss, reason = "counts of at most a billion are exact")]
fn float(count: u64) -> f64 {
    count as f64
}

fn per_unit(dollars: f64, count: u64) -> Rate {
    let pico = dollars / float(count) * 1e12;
    Rate(format!("{pico:.0}").parse().unwrap_or(0))
}
