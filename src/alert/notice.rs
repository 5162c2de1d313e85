//! What is said of a budget.

use app::model::alert::Crossed;
use app::model::money::{Nanos, grouped};
use jiff::Timestamp;
use serde_json::{Value, json};

/// How full a budget is, as committed. Amounts are nano-dollars, tokens or requests; times are milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fill {
    pub workspace: String,
    /// Id of the budget.
    pub budget: String,
    /// For people.
    pub name: String,
    /// Of a budget that counts by groups, which one; else empty.
    pub part: String,
    /// `cost`, `tokens` or `requests`.
    pub unit: &'static str,
    pub limit: i64,
    /// From which amount on people want to know.
    pub threshold: Option<i64>,
    pub spent: i64,
    /// Nothing is left, or a call was refused for want of it.
    pub ended: bool,
    /// Start of the period.
    pub period: i64,
    pub resets_at: Option<i64>,
}

impl Fill {
    /// What is crossed, with the amount.
    pub fn crossed(&self) -> impl Iterator<Item = (Crossed, i64)> + use<> {
        let threshold = self.threshold.filter(|threshold| self.spent >= *threshold);
        let end = (self.ended || self.spent >= self.limit).then_some(self.limit);
        let threshold = threshold.map(|level| (Crossed::Threshold, level));
        threshold.into_iter().chain(end.map(|level| (Crossed::Exhausted, level)))
    }

    /// The alert as the webhook gets it.
    pub fn told(&self, id: &str, crossed: Crossed, at: i64) -> Value {
        json!({
            "id": id,
            "type": format!("budget.{}", crossed.word()),
            "created_at": iso(at),
            "workspace_id": self.workspace,
            "text": self.sentence(crossed),
            "budget": {
                "id": self.budget,
                "name": self.name,
                "group": Some(&self.part).filter(|part| !part.is_empty()),
                "type": self.unit,
                "credit_limit": self.number(self.limit),
                "alert_threshold": self.threshold.map(|amount| self.number(amount)),
                "spent": self.number(self.spent),
                "left": self.number(self.limit.saturating_sub(self.spent).max(0)),
                "period_started_at": iso(self.period),
                "resets_at": self.resets_at.map(iso),
            },
        })
    }

    fn sentence(&self, crossed: Crossed) -> String {
        let name = match self.part.as_str() {
            "" => self.name.clone(),
            part => format!("{} for {part}", self.name),
        };
        let (spent, limit) = (self.said(self.spent), self.said(self.limit));
        let resets = self.resets_at.map(moment);
        match crossed {
            Crossed::Threshold => {
                let alert = self.said(self.threshold.unwrap_or_default());
                let resets = resets.map(|at| format!(" It resets on {at}.")).unwrap_or_default();
                format!(
                    "The budget {name} has spent {spent} of {limit}: more than {alert}, from which it alerts.{resets}"
                )
            }
            Crossed::Exhausted => {
                let until =
                    resets.map_or("it is raised or reset".into(), |at| format!("it resets on {at}, or is raised"));
                format!(
                    "The budget {name} is used up: {spent} of {limit} is spent. Calls that the rest does not cover are \
                     refused with 412 until {until}."
                )
            }
        }
    }

    fn said(&self, amount: i64) -> String {
        let figure = grouped(u64::try_from(amount).unwrap_or_default());
        match self.unit {
            "cost" if amount >= 1_000_000_000 => Nanos(amount).total_text(),
            "cost" => Nanos(amount).call_text(),
            unit => format!("{figure} {unit}"),
        }
    }

    /// Dollars with their fraction, or a whole number.
    fn number(&self, amount: i64) -> Value {
        if self.unit != "cost" {
            return amount.into();
        }
        let sign = if amount < 0 { "-" } else { "" };
        let size = amount.unsigned_abs();
        let text = format!("{sign}{}.{:09}", size / 1_000_000_000, size % 1_000_000_000);
        serde_json::from_str(&text).unwrap_or_default()
    }
}

fn iso(millis: i64) -> Value {
    Timestamp::from_millisecond(millis).map_or(Value::Null, |at| format!("{at:.3}").into())
}

/// `1 Dec 2026, 00:00 UTC`.
fn moment(millis: i64) -> String {
    Timestamp::from_millisecond(millis)
        .map_or_else(|_| "its date".into(), |at| at.strftime("%-d %b %Y, %H:%M UTC").to_string())
}

#[cfg(test)]
mod tests {
    use super::{Crossed, Fill};

    fn fill(spent: i64, threshold: Option<i64>, ended: bool) -> Fill {
        Fill { name: "ci".into(), unit: "cost", limit: 100, threshold, spent, ended, ..Fill::default() }
    }

    #[test]
    fn an_amount_is_crossed_when_it_is_reached() {
        use Crossed::{Exhausted, Threshold};
        for (spent, threshold, ended, crossed) in [
            (79, Some(80), false, vec![]),
            (80, Some(80), false, vec![(Threshold, 80)]),
            (99, None, false, vec![]),
            (99, Some(80), true, vec![(Threshold, 80), (Exhausted, 100)]),
            (100, None, false, vec![(Exhausted, 100)]),
            (0, None, true, vec![(Exhausted, 100)]),
        ] {
            let found = fill(spent, threshold, ended).crossed().collect::<Vec<_>>();
            assert_eq!(found, crossed, "{spent} {threshold:?} {ended}");
        }
    }

    #[test]
    fn an_alert_says_what_is_spent_and_what_follows() {
        let fill = Fill {
            limit: 1_500_000_000,
            threshold: Some(800_000_000),
            spent: 812_345_678,
            resets_at: Some(1_796_083_200_000),
            part: "ada".into(),
            ..fill(0, None, false)
        };
        let told = fill.told("a1", Crossed::Threshold, 0);
        let text = "The budget ci for ada has spent $0.81235 of $1.50: more than $0.80000, from which it alerts. It \
                    resets on 1 Dec 2026, 00:00 UTC.";
        assert_eq!((&told["text"], &told["type"]), (&text.into(), &"budget.threshold".into()));
        let budget = &told["budget"];
        assert_eq!(
            (budget["spent"].to_string(), budget["left"].to_string()),
            ("0.812345678".into(), "0.687654322".into())
        );
        let tokens = Fill { unit: "tokens", limit: 5_000, spent: 5_000, resets_at: None, ..fill };
        let text = tokens.told("a2", Crossed::Exhausted, 0)["text"].as_str().unwrap_or_default().to_owned();
        assert!(
            text.contains("5,000 tokens of 5,000 tokens") && text.ends_with("until it is raised or reset."),
            "{text}"
        );
    }
}
