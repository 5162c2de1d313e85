//! The histogram above the list: calls over time, errors at the foot of each bar.

use super::url;
use crate::model::log::{LogBar, LogPage, LogQuery};
use crate::model::money::grouped;
use crate::model::range::{MINUTE, Range};
use crate::parts::time::Stamp;
use leptos::prelude::*;

const DAY: i64 = 24 * 60 * MINUTE;

/// Minutes between labels.
const STEPS: [i64; 14] = [1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 1_440, 2_880, 7_200, 14_400];

/// A bar leads to the calls under it. For those who do not see it the sum is told in words; the list is the table view.
pub fn strip(page: &LogPage, query: &LogQuery) -> impl IntoView + use<> {
    let (bars, width) = (&page.bars, page.bar_width);
    let most = bars.iter().map(|bar| bar.calls).max().unwrap_or(0).max(1);
    let calls: u64 = bars.iter().map(|bar| bar.calls).sum();
    let errors: u64 = bars.iter().map(|bar| bar.errors).sum();
    let ends = bars.first().map_or(0, |bar| bar.at)..bars.last().map_or(0, |bar| bar.at + width);
    let told = format!(
        "{} calls from {} to {}, {} of them errors",
        grouped(calls),
        Stamp::of(ends.start).exact(),
        Stamp::of(ends.end).exact(),
        grouped(errors),
    );
    let live = !matches!(query.range, Range::Between(..));
    let query = url::first_page(query);
    view! {
        <figure class="strip">
            <figcaption class="unseen">{told}</figcaption>
            <div class="bars" aria-hidden="true">
                {bars.iter().map(|bar| column(bar, width, &query)).collect_view()}
                {drawing(bars, most)}
            </div>
            <ul class="hours" aria-hidden="true">
                {hours(ends.start, ends.end, live).into_iter().map(hour).collect_view()}
            </ul>
        </figure>
    }
}

fn hour((place, text): (i64, String)) -> impl IntoView {
    view! { <li style=format!("--at:{place}%")>{text}</li> }
}

/// One drawing of all bars: a box of its own for each of them took a fifth of the time until the page was painted.
fn drawing(bars: &[LogBar], most: u64) -> impl IntoView + use<> {
    let outline = |part: fn(&LogBar) -> u64| -> String {
        bars.iter().enumerate().map(|(at, bar)| rectangle(at, share(part(bar), most))).collect()
    };
    let (calls, errors) = (outline(|bar| bar.calls), outline(|bar| bar.errors));
    let gaps: String = (1..bars.len()).map(|at| format!("M{at} 0v100")).collect();
    view! {
        <svg viewBox=format!("0 0 {} 100", bars.len()) preserveAspectRatio="none">
            <path class="calls" d=calls />
            <path class="errors" d=errors />
            <path class="gaps" d=gaps vector-effect="non-scaling-stroke" />
        </svg>
    }
}

/// A bar is one wide.
fn rectangle(at: usize, height: u64) -> String {
    if height == 0 { String::new() } else { format!("M{at} 100v-{height}h1v{height}z") }
}

/// Lies under the drawing as high as the strip, so that a small bar can be hit.
fn column(bar: &LogBar, width: i64, query: &LogQuery) -> impl IntoView + use<> {
    let href = url::list(&LogQuery { range: Range::Between(bar.at, bar.at + width), ..query.clone() });
    let title = format!("{} · {} calls, {} errors", Stamp::of(bar.at).short(), grouped(bar.calls), grouped(bar.errors));
    view! { <a href=href title=title tabindex="-1"></a> }
}

/// A percentage; what is not zero can be seen.
fn share(part: u64, whole: u64) -> u64 {
    (part * 100 / whole).max(u64::from(part > 0) * 3)
}

/// Labels at round times with their place in percent, and both ends; midnight is named by its day.
fn hours(from: i64, to: i64, live: bool) -> Vec<(i64, String)> {
    let length = (to - from).max(1);
    let step = STEPS.into_iter().map(|minutes| minutes * MINUTE).find(|step| length / step <= 6).unwrap_or(length);
    let first = from - from.rem_euclid(step) + step;
    let round = std::iter::successors(Some(first), |at| Some(at + step)).take_while(|at| *at < to);
    let placed = round.map(|at| ((at - from) * 100 / length, label(at)));
    let mut labels = vec![(0, Stamp::of(from).short())];
    labels.extend(placed.filter(|(place, _)| (12..=93).contains(place)));
    labels.push((100, if live { "now".into() } else { label(to) }));
    labels
}

fn label(at: i64) -> String {
    let stamp = Stamp::of(at);
    if at.rem_euclid(DAY) == 0 {
        format!("{} {}", stamp.day, stamp.month_name())
    } else {
        format!("{:02}:{:02}", stamp.hour, stamp.minute)
    }
}

#[cfg(test)]
mod tests {
    use super::{DAY, MINUTE, hours, rectangle, share};

    #[test]
    fn labels_stand_at_round_times() {
        let from = 1_764_000_000_000;
        for (span, live, expected) in [
            (DAY, true, "0 24 Nov, 16:00|16 20:00|33 25 Nov|50 04:00|66 08:00|83 12:00|100 now"),
            (8 * DAY, false, "0 24 Nov, 16:00|16 26 Nov|41 28 Nov|66 30 Nov|91 2 Dec|100 16:00"),
            (10 * MINUTE, false, "0 24 Nov, 16:00|20 16:02|40 16:04|60 16:06|80 16:08|100 16:10"),
        ] {
            let told: Vec<_> = hours(from, from + span, live).iter().map(|(at, text)| format!("{at} {text}")).collect();
            assert_eq!(told.join("|"), expected);
        }
    }

    #[test]
    fn a_single_error_is_seen_and_none_is_not() {
        assert_eq!((share(0, 1000), share(1, 1000), share(500, 1000)), (0, 3, 50));
        assert_eq!([rectangle(7, 0), rectangle(7, 3)], ["", "M7 100v-3h1v3z"]);
    }
}
