//! What was called by whom in an hour, beside its block: words, then status, provider, model, key, calls, tokens and cost
//! of each combination. Numbers are LEB128.

use super::form::{Garbled, Words, number, short};
use crate::store::leb;
use std::collections::HashMap;

/// What is told apart. Words are numbers within the tallies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Who {
    pub status: u16,
    pub provider: u32,
    /// As served, else as asked for.
    pub model: u32,
    pub key: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    pub calls: u64,
    /// Input and output.
    pub tokens: u64,
    /// Nano-dollars of the priced calls.
    pub cost: i64,
}

/// Tallies in the making.
#[derive(Debug, Default)]
pub struct Counter {
    pub words: Words,
    amounts: HashMap<Who, Amount>,
}

/// Tallies that are read.
#[derive(Debug)]
pub struct Tallies<'t> {
    /// In the order of their numbers.
    pub words: Vec<&'t str>,
    pub amounts: Vec<(Who, Amount)>,
}

impl Counter {
    pub fn add(&mut self, who: Who, tokens: u64, cost: Option<u64>) {
        self.amounts.entry(who).or_default().add(tokens, cost);
    }

    pub fn finish(self) -> Vec<u8> {
        let mut out = Vec::new();
        self.words.write(&mut out);
        for (who, amount) in self.amounts {
            for word in [u32::from(who.status), who.provider, who.model, who.key] {
                leb::write(&mut out, u64::from(word));
            }
            for figure in [amount.calls, amount.tokens, amount.cost.cast_unsigned()] {
                leb::write(&mut out, figure);
            }
        }
        out
    }
}

impl<'t> Tallies<'t> {
    pub fn read(mut bytes: &'t [u8]) -> Result<Self, Garbled> {
        let words = Words::read(&mut bytes)?;
        let mut amounts = Vec::new();
        while !bytes.is_empty() {
            let who = Who {
                status: u16::try_from(number(&mut bytes)?).map_err(|_| Garbled)?,
                provider: short(&mut bytes)?,
                model: short(&mut bytes)?,
                key: short(&mut bytes)?,
            };
            let (calls, tokens) = (number(&mut bytes)?, number(&mut bytes)?);
            amounts.push((who, Amount { calls, tokens, cost: number(&mut bytes)?.cast_signed() }));
        }
        Ok(Self { words, amounts })
    }

    pub fn word(&self, number: u32) -> &'t str {
        usize::try_from(number).ok().and_then(|number| self.words.get(number)).copied().unwrap_or_default()
    }
}

impl Amount {
    pub fn add(&mut self, tokens: u64, cost: Option<u64>) {
        self.calls += 1;
        self.tokens = self.tokens.saturating_add(tokens);
        let cost = cost.and_then(|cost| i64::try_from(cost).ok()).unwrap_or(0);
        self.cost = self.cost.saturating_add(cost);
    }

    pub fn merge(&mut self, other: Self) {
        self.calls += other.calls;
        self.tokens = self.tokens.saturating_add(other.tokens);
        self.cost = self.cost.saturating_add(other.cost);
    }
}

#[cfg(test)]
mod tests {
    use super::{Amount, Counter, Garbled, Tallies, Who};

    #[test]
    fn what_is_counted_is_read() {
        let mut counter = Counter::default();
        let who = Who {
            status: 429,
            provider: counter.words.number("openai"),
            model: counter.words.number("gpt-5"),
            key: counter.words.number("k1"),
        };
        counter.add(who, 100, Some(7_000));
        counter.add(who, 20, None);
        counter.add(Who { status: 200, ..who }, u64::MAX, Some(u64::MAX));
        let bytes = counter.finish();
        let mut told = Tallies::read(&bytes).unwrap();
        told.amounts.sort_by_key(|(who, _)| who.status);
        assert_eq!(told.words, ["openai", "gpt-5", "k1"]);
        assert_eq!(told.amounts[0], (Who { status: 200, ..who }, Amount { calls: 1, tokens: u64::MAX, cost: 0 }));
        assert_eq!(told.amounts[1], (who, Amount { calls: 2, tokens: 120, cost: 7_000 }));
        assert_eq!(Tallies::read(&bytes[..bytes.len() - 1]).map(drop), Err(Garbled));
    }
}
