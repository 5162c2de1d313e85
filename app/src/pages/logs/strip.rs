//! The histogram above the list: calls over time, errors at the foot of each bar.

use super::url;
use crate::model::log::{LogBar, LogPage, LogQuery};
use crate::model::money::grouped;
use crate::model::range::Range;
use crate::parts::time::Stamp;
use leptos::prelude::*;

const DAY: i64 = 24 * 60 * 60_000;

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
                {bars.iter().map(|bar| column(bar, width, most, &query)).collect_view()}
            </div>
            <ul class="hours" aria-hidden="true">
                {hours(ends.start, ends.end, live).into_iter().map(|text| view! { <li>{text}</li> }).collect_view()}
            </ul>
        </figure>
    }
}

fn column(bar: &LogBar, width: i64, most: u64, query: &LogQuery) -> impl IntoView + use<> {
    let href = url::list(&LogQuery { range: Range::Between(bar.at, bar.at + width), ..query.clone() });
    let geometry = format!("--calls:{}%;--errors:{}%", share(bar.calls, most), share(bar.errors, most));
    let title = format!("{} · {} calls, {} errors", Stamp::of(bar.at).short(), grouped(bar.calls), grouped(bar.errors));
    view! { <a href=href style=geometry title=title tabindex="-1"></a> }
}

/// A percentage; what is not zero can be seen.
fn share(part: u64, whole: u64) -> u64 {
    (part * 100 / whole).max(u64::from(part > 0) * 3)
}

/// Five labels, the last flush with the end. A span of days names days.
fn hours(from: i64, to: i64, live: bool) -> Vec<String> {
    let days = to - from > 2 * DAY;
    let label = |at: i64| {
        let stamp = Stamp::of(at);
        if days {
            format!("{} {}", stamp.day, stamp.month_name())
        } else {
            format!("{:02}:{:02}", stamp.hour, stamp.minute)
        }
    };
    let mut labels: Vec<String> = (0..4).map(|quarter| label(from + (to - from) * quarter / 4)).collect();
    if let Some(first) = labels.first_mut().filter(|_| !days) {
        *first = Stamp::of(from).short();
    }
    labels.push(if live { "now".into() } else { label(to) });
    labels
}

#[cfg(test)]
mod tests {
    use super::{DAY, hours, share};

    #[test]
    fn labels_name_hours_within_a_day_and_days_beyond() {
        let from = 1_764_000_000_000;
        assert_eq!(hours(from, from + DAY, true), ["24 Nov, 16:00", "22:00", "04:00", "10:00", "now"]);
        assert_eq!(hours(from, from + 8 * DAY, false), ["24 Nov", "26 Nov", "28 Nov", "30 Nov", "2 Dec"]);
    }

    #[test]
    fn a_single_error_is_seen_and_none_is_not() {
        assert_eq!((share(0, 1000), share(1, 1000), share(500, 1000)), (0, 3, 50));
    }
}
