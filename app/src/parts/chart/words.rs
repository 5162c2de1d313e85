//! Where the words of a chart stand: pure.

use crate::model::range::{MINUTE, Window};
use crate::parts::time::Stamp;

const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Words at a place, in thousandths from the left or from the top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tick {
    pub at: i64,
    pub text: String,
}

/// The time axis: where it starts, at most `most` round times, and where it ends. Midnight is told as its date.
pub fn times(window: Window, most: i64) -> Vec<Tick> {
    const STEPS: [i64; 13] = [
        5 * MINUTE,
        10 * MINUTE,
        15 * MINUTE,
        30 * MINUTE,
        HOUR,
        2 * HOUR,
        3 * HOUR,
        6 * HOUR,
        12 * HOUR,
        DAY,
        2 * DAY,
        5 * DAY,
        10 * DAY,
    ];
    let length = window.length().max(1);
    let step = STEPS.into_iter().find(|step| length / step <= most).unwrap_or(length / most);
    let place = |at: i64| (at - window.from) * 1000 / length;
    // The words at both ends need room, the more the fewer fit.
    let clear = |tick: &Tick| (880 / most..=1000 - 560 / most).contains(&tick.at);
    let first = (window.from / step + 1) * step;
    let round = (0..).map(|count| first + count * step).take_while(|at| *at < window.to);
    let start = Tick { at: 0, text: Stamp::of(window.from).short() };
    let between = round.map(|at| Tick { at: place(at), text: clock(at) }).filter(clear);
    let end = Tick { at: 1000, text: "now".into() };
    std::iter::once(start).chain(between).chain([end]).collect()
}

/// `14:00`, or `24 Nov` at midnight.
fn clock(at: i64) -> String {
    let stamp = Stamp::of(at);
    if at % DAY == 0 {
        return format!("{} {}", stamp.day, stamp.month_name());
    }
    format!("{:02}:{:02}", stamp.hour, stamp.minute)
}

/// How long a bucket is: `15 min`, `6 h`.
pub fn span(length: i64) -> String {
    match length {
        ..HOUR => format!("{} min", length / MINUTE),
        HOUR..=DAY => format!("{} h", length / HOUR),
        _ => format!("{} days", length / DAY),
    }
}

/// Moves ticks apart, keeping their order from the top, so that none is nearer than `apart` thousandths to another.
pub fn spread(mut ticks: Vec<Tick>, apart: i64) -> Vec<Tick> {
    ticks.sort_by_key(|tick| tick.at);
    let mut least = i64::MIN;
    for tick in &mut ticks {
        tick.at = tick.at.max(least);
        least = tick.at + apart;
    }
    let mut most = 1000;
    for tick in ticks.iter_mut().rev() {
        tick.at = tick.at.min(most);
        most = tick.at - apart;
    }
    ticks
}

/// A place in thousandths, as style sheets read it.
pub fn percent(thousandths: i64) -> String {
    format!("{}.{}%", thousandths / 10, thousandths % 10)
}

#[cfg(test)]
mod tests {
    use super::{DAY, HOUR, MINUTE, Tick, percent, span, spread, times};
    use crate::model::range::Window;

    fn told(from: i64, length: i64) -> Vec<String> {
        times(Window { from, to: from + length }, 8).into_iter().map(|tick| tick.text).collect()
    }

    #[test]
    fn times_are_round_and_midnight_is_a_date() {
        let from = 20_000 * DAY + 18 * HOUR;
        let day = ["4 Oct, 18:00", "21:00", "5 Oct", "03:00", "06:00", "09:00", "12:00", "15:00", "now"];
        assert_eq!(told(from, DAY), day);
        assert_eq!(told(from, HOUR), ["4 Oct, 18:00", "18:10", "18:20", "18:30", "18:40", "18:50", "now"]);
        let week = ["4 Oct, 18:00", "6 Oct", "7 Oct", "8 Oct", "9 Oct", "10 Oct", "11 Oct", "now"];
        assert_eq!(told(from, 7 * DAY), week);
    }

    #[test]
    fn words_that_would_touch_move_apart() {
        let ticks = |places: &[i64]| places.iter().map(|at| Tick { at: *at, text: String::new() }).collect::<Vec<_>>();
        for (near, far) in [
            ([100, 500, 900], [100, 500, 900]),
            ([500, 510, 520], [500, 600, 700]),
            ([980, 990, 1000], [800, 900, 1000]),
        ] {
            assert_eq!(spread(ticks(&near), 100), ticks(&far));
        }
    }

    #[test]
    fn a_span_is_told_in_its_largest_unit() {
        let spans = [MINUTE, 15 * MINUTE, HOUR, 6 * HOUR, DAY, 2 * DAY];
        assert_eq!(spans.map(span), ["1 min", "15 min", "1 h", "6 h", "24 h", "2 days"]);
        assert_eq!(percent(667), "66.7%");
    }
}
