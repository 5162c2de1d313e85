//! Our own rows: models that the price data lacks, and the sandbox's simulated prices.

use super::rate::{Rate, Rates};

/// The rates of our own table. A row also serves names that go on after a dash: `lorem` prices `lorem-200-50`.
pub(super) fn rates(vendor: &str, model: &str) -> Option<Rates> {
    let serves = |row: &&Row| {
        row.vendor == vendor
            && model.strip_prefix(row.model).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    let row = ROWS.iter().find(serves)?;
    Some(Rates {
        input: Some(row.input),
        cached: row.input,
        cache_write: row.input,
        output: Some(row.output),
        reasoning: row.output,
        call: Rate::ZERO,
    })
}

pub(super) fn models(vendor: &str) -> impl Iterator<Item = &'static str> {
    ROWS.iter().filter(move |row| row.vendor == vendor).map(|row| row.model)
}

struct Row {
    vendor: &'static str,
    model: &'static str,
    input: Rate,
    output: Rate,
}

/// US dollars per million tokens, in and out.
const fn row(vendor: &'static str, model: &'static str, input: &str, output: &str) -> Row {
    Row { vendor, model, input: Rate::dollars(input), output: Rate::dollars(output) }
}

static ROWS: &[Row] = &[
    row("cerebras", "qwen-3-235b-a22b-instruct-2507", "0.60", "1.20"),
    row("cerebras", "qwen-3-235b-a22b-thinking-2507", "0.60", "1.20"),
    row("cerebras", "qwen-3-coder-480b", "2.00", "2.00"),
    row("cerebras", "zai-glm-4.6", "2.25", "2.75"),
    row("cerebras", "llama-4-scout", "0.65", "0.85"),
    row("cerebras", "llama-4-maverick", "0.20", "0.60"),
    row("sandbox", "echo", "0.10", "0.40"),
    row("sandbox", "lorem", "0.50", "1.50"),
    row("sandbox", "tools", "1.00", "4.00"),
    row("sandbox", "json", "0.50", "1.50"),
    row("sandbox", "slow", "0.10", "0.40"),
    row("sandbox", "drip", "0.10", "0.40"),
    row("sandbox", "reset", "0.10", "0.40"),
    row("sandbox", "embed", "0.02", "0.00"),
];
