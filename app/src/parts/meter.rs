//! How much of an amount is gone, as a bar.

use leptos::prelude::*;

/// Amounts of one unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gauge {
    pub limit: i64,
    pub spent: i64,
    /// For what runs, and for what a crash interrupted.
    pub held: i64,
    /// From here on it is worth a look.
    pub warn: Option<i64>,
}

impl Gauge {
    /// Whole percent of the limit; a part that is not nothing is at least 1.
    pub fn percent(self, part: i64) -> i64 {
        match part {
            part if part <= 0 || self.limit <= 0 => 0,
            part => (i128::from(part) * 100 / i128::from(self.limit)).clamp(1, 999).try_into().unwrap_or(999),
        }
    }

    /// The tone of the bar: full, past the amount that is worth a look, or neither.
    pub fn tone(self) -> &'static str {
        match self.spent {
            spent if spent >= self.limit => "bad",
            spent if self.warn.is_some_and(|warn| spent >= warn) => "warn",
            _ => "",
        }
    }

    /// Hundredths of a percent of the bar that spent and held take, together at most all of it.
    fn widths(self) -> (i64, i64) {
        let part = |amount: i64| match self.limit {
            limit if limit <= 0 => 0,
            limit => {
                i64::try_from(i128::from(amount.max(0)) * 10_000 / i128::from(limit)).unwrap_or(10_000).min(10_000)
            }
        };
        let spent = part(self.spent);
        (spent, part(self.held).min(10_000 - spent))
    }
}

/// Spent in full colour, held beside it in stripes.
#[component]
pub fn Meter(gauge: Gauge) -> impl IntoView {
    let (spent, held) = gauge.widths();
    let label = match gauge.held {
        0 => format!("{} % used", gauge.percent(gauge.spent)),
        held => format!("{} % used, {} % held", gauge.percent(gauge.spent), gauge.percent(held)),
    };
    let width = |part: i64| format!("--v:{}.{:02}%", part / 100, part % 100);
    view! {
        <span class=format!("meter {}", gauge.tone()) role="img" aria-label=label>
            <i style=width(spent)></i>
            {(held > 0).then(|| view! { <i class="held" style=width(held)></i> })}
        </span>
    }
}

#[cfg(test)]
mod tests {
    use super::Gauge;

    #[test]
    fn a_bar_is_never_longer_than_whole() {
        for (spent, held, warn, widths, tone, percent) in [
            (0, 0, None, (0, 0), "", 0),
            (1, 0, None, (1, 0), "", 1),
            (5_000, 2_500, None, (5_000, 2_500), "", 50),
            (8_000, 5_000, Some(8_000), (8_000, 2_000), "warn", 80),
            (10_000, 0, Some(8_000), (10_000, 0), "bad", 100),
            (15_000, 5, None, (10_000, 0), "bad", 150),
        ] {
            let gauge = Gauge { limit: 10_000, spent, held, warn };
            assert_eq!((gauge.widths(), gauge.tone(), gauge.percent(spent)), (widths, tone, percent), "{spent}");
        }
        assert_eq!(Gauge::default().percent(5), 0);
        assert_eq!(Gauge { limit: i64::MAX, spent: i64::MAX, ..Gauge::default() }.widths(), (10_000, 0));
    }
}
