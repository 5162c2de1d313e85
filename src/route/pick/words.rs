//! How decisions are told.

use app::model::routing::Mode;

use crate::route::Group;

/// As configs write it.
pub const fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Single => "single",
        Mode::Fallback => "fallback",
        Mode::Loadbalance => "loadbalance",
        Mode::Conditional => "conditional",
        Mode::RoundRobin => "round-robin",
        Mode::Priority => "priority",
        Mode::LeastLatency => "least-latency",
        Mode::LeastCost => "least-cost",
    }
}

/// A child's name, else its path.
pub fn target(group: &Group, at: usize) -> String {
    group.children.get(at).map_or_else(String::new, |child| format!("`{}`", child.name.as_ref().unwrap_or(&child.path)))
}

/// `lead`, and when the next target is tried.
pub fn in_order(lead: &str, group: &Group) -> String {
    match &group.on_status_codes {
        None => format!("{lead}, each where the one before it does not answer with 2xx."),
        Some(codes) => format!("{lead}, each where the one before it answers {}.", any_of(codes)),
    }
}

/// `429, 500 or 503`.
fn any_of(codes: &[u16]) -> String {
    let words: Vec<_> = codes.iter().map(u16::to_string).collect();
    match words.split_last() {
        None => "a status of an empty list".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

pub fn open(until: i64) -> String {
    format!("circuit open until {}", time(until))
}

pub fn cooling(until: i64) -> String {
    format!("asked to be left alone until {}", time(until))
}

pub fn load(us: Option<f64>) -> String {
    us.map_or_else(|| "not called yet".to_owned(), |us| format!("load {:.1} ms", us / 1000.0))
}

/// Dollars, to the nano-dollar.
pub fn cost(nanos: Option<i64>) -> String {
    let Some(nanos) = nanos else {
        return "no price".to_owned();
    };
    let (whole, part) = (nanos / 1_000_000_000, (nanos % 1_000_000_000).unsigned_abs());
    let digits = format!("{part:09}");
    let digits = digits.trim_end_matches('0');
    format!("${whole}.{digits:0<2} a usual call")
}

/// Of the day, UTC.
fn time(ms: i64) -> String {
    let seconds = ms.div_euclid(1000).rem_euclid(86_400);
    format!("{:02}:{:02}:{:02} UTC", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::{any_of, cost, load, time};

    #[test]
    fn numbers_are_told_in_words() {
        assert_eq!(time(1_764_149_431_999), "09:30:31 UTC");
        assert_eq!(time(-1), "23:59:59 UTC");
        assert_eq!(load(Some(412_340.0)), "load 412.3 ms");
        assert_eq!(cost(Some(420_000)), "$0.00042 a usual call");
        assert_eq!(cost(Some(1_500_000_000)), "$1.50 a usual call");
        assert_eq!(cost(Some(0)), "$0.00 a usual call");
        assert_eq!(any_of(&[429]), "429");
        assert_eq!(any_of(&[429, 500, 503]), "429, 500 or 503");
    }
}
