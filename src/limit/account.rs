//! What is spent of one budget in one period. Pure.

/// Amounts are nano-dollars, tokens or requests. While calls run, `spent + reserved + unsettled` is what they may come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Start of the period; milliseconds.
    pub start: i64,
    pub spent: i64,
    /// Held for calls that run.
    pub reserved: i64,
    /// Held for calls of which nobody knows what they came to, until it is released or the period ends.
    pub unsettled: i64,
    /// Calls whose cost is unknown.
    pub unpriced: u64,
}

/// What takes the place of what was reserved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// Known to be used.
    pub spent: i64,
    /// May have been used besides.
    pub feared: i64,
    pub unpriced: u64,
}

impl Account {
    /// Begins anew where another period has begun. What still runs belongs to the period that it began in.
    pub fn roll(&mut self, start: i64) {
        if start > self.start {
            *self = Self { start, ..Self::default() };
        }
    }

    /// What is neither spent nor held; below zero where it was overshot.
    pub fn left(&self, credit: i64) -> i64 {
        credit.saturating_sub(self.spent).saturating_sub(self.reserved).saturating_sub(self.unsettled)
    }

    /// Nothing can become free any more before the reset.
    pub fn is_used_up(&self, credit: i64) -> bool {
        self.spent.saturating_add(self.unsettled) >= credit
    }

    pub fn overshoot(&self, credit: i64) -> i64 {
        self.spent.saturating_sub(credit).max(0)
    }

    pub fn reserve(&mut self, amount: i64) {
        self.reserved = self.reserved.saturating_add(amount);
    }

    /// Puts what is due in the place of what was reserved in the period that began at `start`.
    pub fn settle(&mut self, start: i64, reserved: i64, due: Due) {
        if self.start == start {
            self.reserved = self.reserved.saturating_sub(reserved).max(0);
            self.spent = self.spent.saturating_add(due.spent);
            self.unsettled = self.unsettled.saturating_add(due.feared);
            self.unpriced += due.unpriced;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Account, Due};

    #[test]
    fn what_runs_over_the_reset_does_not_count_in_the_new_period() {
        let mut account = Account { start: 10, ..Account::default() };
        account.reserve(70);
        assert_eq!((account.left(100), account.is_used_up(100)), (30, false));
        account.roll(10);
        assert_eq!(account.reserved, 70);
        account.roll(20);
        account.reserve(5);
        account.settle(10, 70, Due { spent: 60, feared: 3, unpriced: 1 });
        assert_eq!(account, Account { start: 20, reserved: 5, ..Account::default() });
        account.settle(20, 5, Due { spent: 120, ..Due::default() });
        assert_eq!((account.left(100), account.overshoot(100), account.is_used_up(100)), (-20, 20, true));
    }
    #[test]
    fn what_nobody_knows_of_stays_held_beside_what_is_known() {
        let mut account = Account { start: 10, ..Account::default() };
        account.reserve(70);
        account.settle(10, 70, Due { spent: 20, feared: 50, unpriced: 0 });
        assert_eq!(account, Account { start: 10, spent: 20, unsettled: 50, ..Account::default() });
        assert_eq!((account.left(70), account.is_used_up(70), account.overshoot(70)), (0, true, 0));
    }
}
