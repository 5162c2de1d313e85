//! What an attempt may take of a budget. Pure.

use super::rule::{Budget, Mode, Unit};
use crate::price::Worst;
use app::model::money::Nanos;

/// What an attempt may take.
#[derive(Clone, Copy, Debug)]
pub struct Need {
    /// Tokens of the prompt.
    pub prompt: u64,
    /// Tokens of one answer, where the caller bounds it.
    pub given: Option<u64>,
    /// The most that the model writes in one answer.
    pub most: u64,
    /// Answers asked for; zero where none of them has a length.
    pub copies: u64,
    /// `None`: the model has no price.
    pub price: Option<Worst>,
    /// Tokens of all answers, from what such calls came to before.
    pub expected: u64,
    /// Its size can be told before; else only that something is left.
    pub counted: bool,
    /// Its provider says what such a call came to.
    pub told: bool,
}

impl Need {
    /// Whether anybody will know what it came to.
    pub(super) fn is_told(&self, unit: Unit) -> bool {
        match unit {
            Unit::Requests => true,
            Unit::Tokens => self.told,
            Unit::Cost => self.told && self.price.is_some(),
        }
    }

    /// Whether the length of an answer matters to the budget, and is to be held to.
    pub(super) fn is_bound_by(&self, budget: &Budget) -> bool {
        let matters = match budget.unit {
            Unit::Requests => false,
            Unit::Tokens => true,
            Unit::Cost => self.price.is_some(),
        };
        matters && self.counted && budget.mode == Mode::Exact
    }

    /// What is held of a budget, where answers may have `bound` tokens each.
    pub(super) fn held(&self, budget: &Budget, bound: u64) -> i64 {
        match budget.mode {
            Mode::Exact => self.amount(budget.unit, bound),
            Mode::Estimate => self.guess(budget.unit, bound),
        }
    }

    /// What answers of `bound` tokens each come to.
    pub(super) fn amount(&self, unit: Unit, bound: u64) -> i64 {
        self.worth(unit, bound.saturating_mul(self.copies))
    }

    /// What is expected of answers that may have `bound` tokens each.
    fn guess(&self, unit: Unit, bound: u64) -> i64 {
        self.worth(unit, self.expected.min(bound.saturating_mul(self.copies)))
    }

    fn worth(&self, unit: Unit, output: u64) -> i64 {
        match unit {
            Unit::Requests => 1,
            _ if !self.counted => 0,
            Unit::Tokens => i64::try_from(self.prompt.saturating_add(output)).unwrap_or(i64::MAX),
            Unit::Cost => self.price.map_or(0, |price| price.cost(output).0),
        }
    }

    /// Tokens of answers that what is left covers; `None`: not even the prompt.
    pub(super) fn room(&self, unit: Unit, left: i64) -> Option<u64> {
        match unit {
            Unit::Requests => Some(u64::MAX),
            Unit::Tokens => u64::try_from(left).ok()?.checked_sub(self.prompt),
            Unit::Cost => self.price.map_or(Some(u64::MAX), |price| price.room(Nanos(left))),
        }
    }
}
