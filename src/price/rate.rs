//! Rates and the sums over them.

use crate::wire::openai::Usage;
use app::model::log::CostLine;
use app::model::money::Nanos;
use std::fmt;

/// Picodollars a unit, which is US dollars a million to six decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rate(pub(super) i64);

/// The rates of one model at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rates {
    /// `None`: input has no price, so a call that has any is unpriced.
    pub(super) input: Option<Rate>,
    pub(super) cached: Rate,
    pub(super) cache_write: Rate,
    pub(super) output: Option<Rate>,
    pub(super) reasoning: Rate,
    /// A fee for each call.
    pub(super) call: Rate,
}

impl Rate {
    pub(super) const ZERO: Self = Self(0);

    /// Reads US dollars a million, such as `0.35`, with up to six decimals.
    pub(super) const fn dollars(text: &str) -> Self {
        let bytes = text.as_bytes();
        let (mut at, mut value, mut decimals, mut after_point) = (0, 0, 0, false);
        while at < bytes.len() {
            match bytes[at] {
                b'.' => after_point = true,
                digit => {
                    value = value * 10 + (digit - b'0') as i64;
                    decimals += after_point as u32;
                }
            }
            at += 1;
        }
        Self(value * 10_i64.pow(6 - decimals))
    }
}

/// US dollars a million, as a price table writes it: `2.5`.
impl fmt::Display for Rate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000);
        formatter.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// The most that a call may cost, by the length of its answer: what of its prompt is cached and of its answer reasoned is
/// not known before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Worst {
    /// Of the prompt and of the call, picodollars.
    base: i128,
    /// Of a token of the answer.
    token: i128,
}

impl Worst {
    /// Rounded up.
    pub fn cost(self, output: u64) -> Nanos {
        let pico = self.base.saturating_add(self.token.saturating_mul(i128::from(output)));
        Nanos(i64::try_from((pico + 999).div_euclid(1_000)).unwrap_or(i64::MAX))
    }

    /// Tokens of the answer that `left` covers; `None`: not even the prompt.
    pub fn room(self, left: Nanos) -> Option<u64> {
        let rest = i128::from(left.0) * 1_000 - self.base;
        match rest {
            ..0 => None,
            _ if self.token <= 0 => Some(u64::MAX),
            rest => Some(u64::try_from(rest / self.token).unwrap_or(u64::MAX)),
        }
    }
}

impl Rates {
    pub(super) fn worst(&self, prompt: u64) -> Worst {
        let input = self.input.map_or(0, |input| input.0.max(self.cached.0).max(self.cache_write.0));
        let output = self.output.map_or(0, |output| output.0.max(self.reasoning.0));
        let base = pico(prompt, Rate(input)) + i128::from(self.call.0);
        Worst { base, token: i128::from(output) }
    }

    /// Whether anything of it is a price for tokens.
    pub(super) fn priced(&self) -> bool {
        self.input.is_some() || self.output.is_some()
    }

    /// `None` where something was used that has no price.
    pub(super) fn total(&self, usage: &Usage) -> Option<Nanos> {
        self.items(usage)
            .into_iter()
            .try_fold(0_i128, |sum, (_, count, rate)| Some(if count == 0 { sum } else { sum + pico(count, rate?) }))
            .map(nanos)
    }

    /// One line for each kind of unit used.
    pub(super) fn lines(&self, usage: &Usage) -> Vec<CostLine> {
        let used = self.items(usage).into_iter().filter(|(_, count, _)| *count > 0);
        used.filter_map(|(what, count, rate)| {
            let rate = rate.filter(|rate| *rate != Rate::ZERO || what != CALLS)?;
            Some(CostLine { what: what.into(), count, per_million: rate.to_string(), cost: nanos(pico(count, rate)) })
        })
        .collect()
    }

    /// What is charged, how many of it, and for how much; every unit stands in one row.
    fn items(&self, usage: &Usage) -> [(&'static str, u64, Option<Rate>); 6] {
        let reasoning_apart = self.output.is_some_and(|output| output != self.reasoning);
        let reasoning = if reasoning_apart { usage.reasoning } else { 0 };
        let cached = usage.cached.saturating_add(usage.cache_write);
        [
            ("Input tokens", usage.input.saturating_sub(cached), self.input),
            ("Cached input tokens", usage.cached, self.input.and(Some(self.cached))),
            (CACHE_WRITES, usage.cache_write, self.input.and(Some(self.cache_write))),
            ("Output tokens", usage.output.saturating_sub(reasoning), self.output),
            ("Reasoning tokens", reasoning, Some(self.reasoning)),
            (CALLS, 1, Some(self.call)),
        ]
    }
}

/// What the line of tokens written to a vendor's cache is called.
pub const CACHE_WRITES: &str = "Cache write tokens";
const CALLS: &str = "Calls";

fn pico(count: u64, rate: Rate) -> i128 {
    i128::from(count) * i128::from(rate.0)
}

/// Rounded half up; a sum beyond nine billion dollars stays there.
fn nanos(pico: i128) -> Nanos {
    Nanos(i64::try_from((pico + 500).div_euclid(1_000)).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::{Rate, Rates, nanos};
    use crate::wire::openai::Usage;
    use app::model::money::Nanos;

    #[test]
    fn a_rate_reads_and_writes_decimals() {
        for (text, pico, shown) in
            [("0.10", 100_000, "0.1"), ("2.5", 2_500_000, "2.5"), ("10", 10_000_000, "10"), ("0.000001", 1, "0.000001")]
        {
            assert_eq!(Rate::dollars(text), Rate(pico));
            assert_eq!(Rate::dollars(text).to_string(), shown);
        }
    }

    #[test]
    fn the_worst_case_covers_what_a_call_comes_to() {
        let rates = Rates {
            input: Some(Rate(2_500_001)),
            cached: Rate(1_250_000),
            cache_write: Rate(3_125_000),
            output: Some(Rate(10_000_000)),
            reasoning: Rate(12_000_000),
            call: Rate(7),
        };
        for (prompt, output) in [(0, 0), (1, 1), (999, 333), (1_000_000, 7)] {
            let worst = rates.worst(prompt);
            for (cached, cache_write, reasoning) in [(0, 0, 0), (prompt, 0, output), (0, prompt, output)] {
                let usage = Usage { input: prompt, cached, cache_write, output, reasoning };
                assert!(rates.total(&usage) <= Some(worst.cost(output)), "{usage:?}");
            }
            let cost = worst.cost(output);
            assert!(worst.room(cost) >= Some(output));
            let room = worst.room(cost).expect("it is covered");
            assert!(worst.cost(room) <= cost && worst.cost(room + 1) > cost);
        }
        assert_eq!(rates.worst(1_000).room(Nanos(10)), None);
    }

    #[test]
    fn a_sum_is_rounded_half_up() {
        for (pico, rounded) in [(0, 0), (499, 0), (500, 1), (1_499, 1), (1_500, 2), (i128::MAX / 2, i64::MAX)] {
            assert_eq!(nanos(pico), Nanos(rounded));
        }
    }
}
