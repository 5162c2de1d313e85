//! What each model of the sandbox does.

use axum::http::StatusCode;
use std::time::Duration;

/// A model as it is listed. Numbers in a name may be changed: `lorem-200-50` is also `lorem-5000-10`.
#[derive(Clone, Copy, Debug)]
pub struct Model {
    pub name: &'static str,
    /// A sentence for people.
    pub does: &'static str,
}

/// Every model of the sandbox. What they cost, as a simulation, stands in the price table.
pub static MODELS: &[Model] = &[
    Model { name: "echo", does: "Says what the last user message said, word by word." },
    Model { name: "lorem-200", does: "Writes 200 tokens at once." },
    Model { name: "lorem-200-50", does: "Writes 200 tokens at 50 tokens a second." },
    Model { name: "tools", does: "Calls the first tool offered, with arguments that fit its schema." },
    Model { name: "json", does: "Answers a JSON object, by the schema given if there is one." },
    Model { name: "embed-256", does: "Embeds as unit vectors of 256 dimensions; the same text gives the same vector." },
    Model { name: "slow-2000", does: "Waits 2,000 milliseconds, then echoes." },
    Model { name: "drip-20", does: "Echoes a byte every 20 milliseconds." },
    Model { name: "fail-503", does: "Answers status 503." },
    Model { name: "fail-429-2", does: "Answers status 429 and asks to retry after 2 seconds." },
    Model { name: "hang", does: "Never answers." },
    Model { name: "reset-3", does: "Starts to echo and breaks the connection after 3 chunks." },
    Model { name: "garbage", does: "Answers 200 with a body that is cut off." },
    Model { name: "empty", does: "Answers 200 with nothing." },
];

/// What to do, with the numbers of the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Echo,
    Lorem { tokens: u32, pace: Option<Duration> },
    Tools,
    Json,
    Embed { dimensions: u32 },
    Slow(Duration),
    Drip(Duration),
    Fail { status: StatusCode, retry_after: Option<u32> },
    Hang,
    Reset { after: u32 },
    Garbage,
    Empty,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct UnknownModel;

impl Act {
    /// Reads a name; a number that is missing has a default, one that is out of bounds is an unknown model.
    pub(super) fn of(model: &str) -> Result<Self, UnknownModel> {
        let mut words = model.split('-');
        let name = words.next().unwrap_or_default();
        let numbers: Option<Vec<u32>> = words.map(|word| word.parse().ok()).collect();
        let act = match (name, numbers.as_deref()) {
            ("echo", Some([])) => Self::Echo,
            ("tools", Some([])) => Self::Tools,
            ("json", Some([])) => Self::Json,
            ("hang", Some([])) => Self::Hang,
            ("garbage", Some([])) => Self::Garbage,
            ("empty", Some([])) => Self::Empty,
            ("lorem", Some([])) => Self::Lorem { tokens: 200, pace: None },
            ("lorem", Some([tokens @ 0..=MOST_TOKENS])) => Self::Lorem { tokens: *tokens, pace: None },
            ("lorem", Some([tokens @ 0..=MOST_TOKENS, rate @ 1..=10_000])) => {
                Self::Lorem { tokens: *tokens, pace: Some(Duration::from_secs(1) / *rate) }
            }
            ("embed", Some([])) => Self::Embed { dimensions: 256 },
            ("embed", Some([dimensions @ 1..=4096])) => Self::Embed { dimensions: *dimensions },
            ("slow", Some([wait @ 0..=LONGEST_WAIT])) => Self::Slow(millis(*wait)),
            ("drip", Some([])) => Self::Drip(millis(20)),
            ("drip", Some([wait @ 1..=LONGEST_WAIT])) => Self::Drip(millis(*wait)),
            ("reset", Some([])) => Self::Reset { after: 3 },
            ("reset", Some([after])) => Self::Reset { after: *after },
            ("fail", Some([status])) => Self::Fail { status: failure(*status)?, retry_after: None },
            ("fail", Some([status, wait])) => Self::Fail { status: failure(*status)?, retry_after: Some(*wait) },
            _ => return Err(UnknownModel),
        };
        Ok(act)
    }
}

const MOST_TOKENS: u32 = 100_000;
/// Ten minutes, in milliseconds.
const LONGEST_WAIT: u32 = 600_000;

fn millis(count: u32) -> Duration {
    Duration::from_millis(count.into())
}

fn failure(status: u32) -> Result<StatusCode, UnknownModel> {
    let code = u16::try_from(status).ok().filter(|code| (400..600).contains(code));
    code.and_then(|code| StatusCode::from_u16(code).ok()).ok_or(UnknownModel)
}

#[cfg(test)]
mod tests {
    use super::{Act, MODELS, UnknownModel, millis};
    use crate::price::Tariff;
    use crate::wire::openai::Usage;
    use crate::wire::vendors::vendor;
    use axum::http::StatusCode;

    #[test]
    fn a_name_says_what_is_done() {
        for (name, act) in [
            ("echo", Ok(Act::Echo)),
            ("lorem-7-50", Ok(Act::Lorem { tokens: 7, pace: Some(millis(20)) })),
            ("fail-429-2", Ok(Act::Fail { status: StatusCode::TOO_MANY_REQUESTS, retry_after: Some(2) })),
            ("fail-200", Err(UnknownModel)),
            ("fail", Err(UnknownModel)),
            ("lorem-7-0", Err(UnknownModel)),
            ("lorem-999999999", Err(UnknownModel)),
            ("lorem-x", Err(UnknownModel)),
            ("echo-", Err(UnknownModel)),
            ("gpt-4o", Err(UnknownModel)),
            ("", Err(UnknownModel)),
        ] {
            assert_eq!(Act::of(name), act, "{name}");
        }
    }

    #[test]
    fn every_listed_model_exists_and_what_it_writes_has_a_price() {
        let tariff = Tariff::bundled();
        let usage = Usage { input: 10, output: 10, ..Usage::default() };
        for model in MODELS {
            let act = Act::of(model.name).expect(model.name);
            let silent = matches!(act, Act::Fail { .. } | Act::Hang | Act::Garbage | Act::Empty);
            let priced = tariff.cost(vendor("sandbox").expect("row"), model.name, &usage, 0).is_some();
            assert_eq!(priced, !silent, "{}", model.name);
        }
    }
}
