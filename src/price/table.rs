//! The door to `genai-prices`. It tells what given tokens cost, not its rates, so we ask for round numbers of tokens.

use super::rate::{Rate, Rates};
use genai_prices::{Calculator, PriceCalculation, PriceRequest, Usage, UsageKey};
use std::time::{Duration, SystemTime};

/// What is known of a model's rates, as of some moment. Long prompts may cost more a token, in steps: between two lengths
/// with the same rates there is no step, and a length that lies elsewhere is asked for and kept.
#[derive(Clone, Debug)]
pub(super) struct Quote {
    /// Prompt lengths with their rates, ascending; the shortest and the longest are there from the start.
    known: Vec<(u64, Rates)>,
}

impl Quote {
    pub(super) fn new(id: &str, model: &str, at_ms: i64) -> Self {
        Self { known: [0, LONGEST_PROMPT].map(|input| (input, rates(id, model, input, at_ms))).to_vec() }
    }

    /// The rates for a prompt of `input` tokens, if they follow from what is known.
    pub(super) fn rates(&self, input: u64) -> Option<Rates> {
        let after = self.known.partition_point(|(length, _)| *length < input);
        let (length, upper) = self.known.get(after).or(self.known.last())?;
        let (_, lower) = self.known.get(after.saturating_sub(1))?;
        (*length <= input || lower == upper).then_some(*upper)
    }

    /// Adds a length; of a run of equal rates only the ends are kept.
    pub(super) fn learn(&mut self, input: u64, rates: Rates) {
        let at = self.known.partition_point(|(length, _)| *length < input);
        self.known.insert(at, (input, rates));
        let inner = |window: &[(u64, Rates)]| window.iter().all(|(_, other)| *other == window[0].1);
        let middle: Vec<_> = self.known.windows(3).map(inner).collect();
        let mut gone = std::iter::once(false).chain(middle).chain([false]);
        self.known.retain(|_| !gone.next().unwrap_or(false));
    }
}

/// The rates for a prompt of `input` tokens.
pub(super) fn rates(id: &str, model: &str, input: u64, at_ms: i64) -> Rates {
    let question = Question { id, model, at: moment(at_ms) };
    let length = input.clamp(1, LONGEST_PROMPT);
    let input = |kind: &[UsageKey]| {
        let usage =
            kind.iter().map(|key| (key.clone(), float(length))).chain([(UsageKey::INPUT_TOKENS, float(length))]);
        question.ask(&usage.collect()).map_or(Rate::ZERO, |price| per_unit(price.input_price, length))
    };
    let output = |kind: &[UsageKey]| {
        let usage = kind
            .iter()
            .map(|key| (key.clone(), float(MILLION)))
            .chain([(UsageKey::INPUT_TOKENS, float(length)), (UsageKey::OUTPUT_TOKENS, float(MILLION))]);
        question.ask(&usage.collect()).map_or(Rate::ZERO, |price| per_unit(price.output_price, MILLION))
    };
    Rates {
        input: question.prices(UsageKey::CACHE_READ_TOKENS).then(|| input(&[])),
        cached: input(&[UsageKey::CACHE_READ_TOKENS]),
        cache_write: input(&[UsageKey::CACHE_WRITE_TOKENS]),
        output: question.prices(UsageKey::OUTPUT_REASONING_TOKENS).then(|| output(&[])),
        reasoning: output(&[UsageKey::OUTPUT_REASONING_TOKENS]),
        call: question.ask(&Usage::new()).map_or(Rate::ZERO, |price| per_unit(price.total_price, 1)),
    }
}

/// Ids of the models under this price id, with their context in tokens.
pub(super) fn models(id: &str) -> Vec<(String, Option<u64>)> {
    let Ok(Some(provider)) = Calculator::bundled().find_provider(Some(id), None) else { return Vec::new() };
    provider.models().map(|model| (model.id().to_owned(), model.context_window())).collect()
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
    fn ask(&self, usage: &Usage) -> genai_prices::Result<PriceCalculation> {
        let request = PriceRequest::new(self.model, usage).with_provider_id(self.id).with_timestamp(self.at);
        Calculator::bundled().calculate(&request)
    }

    /// Whether the whole that `part` belongs to has a price: then a part without its whole is refused as inconsistent,
    /// while tokens that nobody prices are passed over. This tells a price of zero from none.
    fn prices(&self, part: UsageKey) -> bool {
        let refusal = self.ask(&Usage::from([(part, 1.0)])).err();
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

#[cfg(test)]
mod tests {
    use super::{LONGEST_PROMPT, Quote, rates};

    #[test]
    fn a_quote_learns_where_the_steps_are_and_stays_short() {
        let at = 1_792_497_600_000;
        let mut quote = Quote::new("openai", "gpt-5.4", at);
        assert_eq!(quote.rates(5), None);
        for input in [5, 100_000, 3, 272_000, 272_001, 400_000, 50_000, 900_000] {
            if quote.rates(input).is_none() {
                quote.learn(input, rates("openai", "gpt-5.4", input, at));
            }
            assert_eq!(quote.rates(input), Some(rates("openai", "gpt-5.4", input, at)), "{input}");
        }
        let lengths: Vec<_> = quote.known.iter().map(|(length, _)| *length).collect();
        assert_eq!(lengths, [0, 272_000, 272_001, LONGEST_PROMPT]);
        assert_eq!(Quote::new("openai", "gpt-4o", at).rates(u64::MAX), Some(rates("openai", "gpt-4o", 7, at)));
    }
}
