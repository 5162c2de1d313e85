//! When calls come: more by day than by night, fewer at weekends, a little more each week.

use super::Order;
use crate::store::rollups::DAY;
use rand::Rng;

const HOUR: i64 = 3_600_000;

/// Starts of days with how many calls each has; they add up to the order.
pub struct Days;

impl Days {
    pub fn of(order: Order) -> Vec<(i64, u64)> {
        let length = i64::try_from(order.days).unwrap_or(1) * DAY;
        let from = order.now - length;
        let first = from - from.rem_euclid(DAY);
        let days: Vec<i64> = (0..).map(|day| first + day * DAY).take_while(|day| *day < order.now).collect();
        let weight = |day: i64| {
            let (start, end) = (day.max(from), (day + DAY).min(order.now));
            let hours = (start / HOUR..(end + HOUR - 1) / HOUR).map(|hour| busy(hour * HOUR)).sum::<f64>();
            hours * (0.8 + 0.2 * (day - first) as f64 / length as f64)
        };
        let whole: f64 = days.iter().map(|day| weight(*day)).sum();
        let (mut sum, mut given) = (0.0, 0);
        let share = days.into_iter().map(|day| {
            sum += weight(day);
            let due = share_of(order.requests, sum / whole).saturating_sub(given);
            given += due;
            (day, due)
        });
        share.collect()
    }
}

/// As many moments of a day as asked for, before `now`, in order.
pub fn moments(day: i64, now: i64, requests: u64, dice: &mut impl Rng) -> Vec<i64> {
    let end = (day + DAY).min(now);
    let mut moments = Vec::new();
    while (moments.len() as u64) < requests {
        let at = dice.random_range(day..end);
        if dice.random_bool(busy(at).min(1.0)) {
            moments.push(at);
        }
    }
    moments.sort_unstable();
    moments
}

/// How busy a moment is, from 0 to 1.
fn busy(at: i64) -> f64 {
    let hour = at.rem_euclid(DAY) as f64 / HOUR as f64;
    // 1 January 1970 was a Thursday.
    let weekend = matches!(at.div_euclid(DAY).rem_euclid(7), 2 | 3);
    let day = 0.5 - 0.5 * ((hour - 2.5) / 24.0 * std::f64::consts::TAU).cos();
    let lunch = if (11.5..12.5).contains(&hour) { 0.9 } else { 1.0 };
    (0.12 + 0.88 * day.powf(1.6)) * lunch * if weekend { 0.55 } else { 1.0 }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of 0 to 1 of at most twenty million"
)]
fn share_of(requests: u64, share: f64) -> u64 {
    (requests as f64 * share).round() as u64
}
