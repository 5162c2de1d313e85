//! The table, and the verdict.

use std::time::Duration;

/// What one round measured of one proxy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// CPU of the proxy for one call.
    pub cpu: Duration,
    pub p50: Duration,
    pub p99: Duration,
    pub calls_a_second: f64,
    /// Resident, at the end of the round.
    pub memory_kib: u64,
}

/// One load, measured in rounds that take turns.
pub struct Result {
    pub title: String,
    pub floor: Vec<Reading>,
    pub switchyard: Vec<Reading>,
    /// Switchyard with a budget and a rate limit on the key.
    pub limited: Vec<Reading>,
    /// The largest ratio of CPU that passes.
    pub limit: Option<f64>,
}

impl Result {
    pub fn passes(&self) -> bool {
        let keeps = |own| self.limit.is_none_or(|limit| ratio(own, &self.floor) <= limit);
        keeps(&self.switchyard) && keeps(&self.limited)
    }

    pub fn print(&self) {
        head(&self.title, self.floor.len());
        row("bare hyper proxy", &self.floor);
        for (name, own) in [("Switchyard", &self.switchyard), ("  with limits", &self.limited)] {
            row(name, own);
            let ratio = ratio(own, &self.floor);
            match self.limit {
                Some(limit) => println!("{:<18}{ratio:>12.2}   at most {limit}", "  ratio of CPU"),
                None => println!("{:<18}{ratio:>12.2}", "  ratio of CPU"),
            }
        }
    }
}

/// The head of a table.
pub fn head(title: &str, rounds: usize) {
    println!("\n{title} (median of {rounds} rounds)");
    println!("{:<18}{:>12}{:>10}{:>10}{:>10}{:>12}", "", "CPU µs/call", "p50 ms", "p99 ms", "calls/s", "memory MB");
}

/// CPU of one over that of another: the median of the rounds, each compared with its neighbour in time.
pub fn ratio(of: &[Reading], to: &[Reading]) -> f64 {
    median(of.iter().zip(to).map(|(one, other)| one.cpu.as_secs_f64() / other.cpu.as_secs_f64()).collect())
}

/// A line of the table: medians.
pub fn row(name: &str, rounds: &[Reading]) {
    let of = |figure: fn(&Reading) -> f64| median(rounds.iter().map(figure).collect());
    println!(
        "{name:<18}{:>12.1}{:>10.2}{:>10.2}{:>10.0}{:>12.1}",
        of(|round| round.cpu.as_secs_f64() * 1e6),
        of(|round| round.p50.as_secs_f64() * 1e3),
        of(|round| round.p99.as_secs_f64() * 1e3),
        of(|round| round.calls_a_second),
        of(|round| round.memory_kib as f64 / 1024.0),
    );
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
