//! The seven figures at the top, each with its change against the period before.

use super::charts::Board;
use super::figure::{Figure, count, decimal, duration, money, percent, rate};
use crate::model::usage::{Overview, Totals};
use crate::parts::icon::Icon;
use icondata_lu::{LuArrowDown, LuArrowUp};
use leptos::prelude::*;

struct Stat {
    name: &'static str,
    aside: String,
    figure: Figure,
    change: Option<Change>,
    was: String,
    /// SVG text of the sparkline.
    spark: String,
    href: Option<String>,
}

/// How a figure moved.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Change {
    up: bool,
    text: String,
    tone: &'static str,
}

pub fn stats(board: &Board) -> impl IntoView + use<> {
    let overview = &*board.overview;
    let spark = |name| board.svg(name);
    let (now, before) = (&overview.now, &overview.before);
    let logs = format!("/logs?{}", overview.range.query());
    let all = [
        Stat { spark: spark("spark_requests"), href: Some(logs.clone()), ..requests(overview) },
        Stat { spark: spark("spark_errors"), href: Some(format!("{logs}&status=error")), ..errors(now, before) },
        Stat { spark: spark("spark_cost"), ..cost(now, before) },
        Stat { spark: spark("spark_tokens"), ..tokens(overview) },
        Stat { spark: spark("spark_cache"), ..cache(now, before) },
        Stat { spark: spark("spark_latency"), ..latency(now, before) },
        Stat { spark: spark("spark_first_token"), ..first_token(now, before) },
    ];
    view! {
        <section class="stats" aria-label="Totals">
            {all.map(|stat| view! { <Card stat /> }).into_iter().collect_view()}
        </section>
    }
}

#[component]
fn Card(stat: Stat) -> impl IntoView {
    let Stat { name, aside, figure, change, was, spark, href } = stat;
    let unit = (!figure.unit.is_empty()).then(|| view! { <small>{figure.unit}</small> });
    let change = change.map(|change| {
        view! {
            <span class=format!("delta {}", change.tone)>
                <Icon icon=if change.up { LuArrowUp } else { LuArrowDown } />
                <span class="unseen">{if change.up { "up " } else { "down " }}</span>
                {change.text}
            </span>
        }
    });
    let contents = view! {
        <span class="name">
            {name} <span class="aside">{aside}</span>
        </span>
        <span class="value">{figure.figure} {unit}</span>
        <span class="was">{change} <span class="trim">{was}</span></span>
        <span class="spark" inner_html=spark></span>
    };
    match href {
        Some(href) => view! { <a class="stat" href=href>{contents}</a> }.into_any(),
        None => view! { <div class="stat">{contents}</div> }.into_any(),
    }
}

fn requests(overview: &Overview) -> Stat {
    let (now, before) = (overview.now.requests, overview.before.requests);
    Stat {
        aside: rate(now, covered(overview)),
        change: relative(now, before, ["", ""]),
        ..stat("Requests", count(now), (before > 0).then(|| count(before).text()))
    }
}

fn errors(now: &Totals, before: &Totals) -> Stat {
    let was = percent(before.errors, before.requests).map(|rate| rate.text());
    let success = percent(now.requests - now.errors.min(now.requests), now.requests);
    Stat {
        aside: success.map(|rate| format!("{} success", rate.text())).unwrap_or_default(),
        change: points([now.errors, now.requests], [before.errors, before.requests], ["bad", "good"]),
        ..stat("Error rate", or_none(percent(now.errors, now.requests)), was)
    }
}

fn cost(now: &Totals, before: &Totals) -> Stat {
    let size = |totals: &Totals| u64::try_from(totals.cost.0).unwrap_or(0);
    let was = (before.requests > 0).then(|| money(before.cost));
    let aside = if now.unpriced > 0 { format!("{} unpriced", count(now.unpriced).text()) } else { String::new() };
    Stat {
        aside,
        change: relative(size(now), size(before), ["", "good"]),
        ..stat("Cost", Figure { figure: money(now.cost), unit: "" }, was)
    }
}

fn tokens(overview: &Overview) -> Stat {
    let sum = |totals: &Totals| totals.tokens_in + totals.tokens_out;
    let (now, before) = (sum(&overview.now), sum(&overview.before));
    let was = (overview.before.requests > 0).then(|| count(before).text());
    Stat {
        aside: rate(now, covered(overview)),
        change: relative(now, before, ["", ""]),
        ..stat("Tokens", count(now), was)
    }
}

/// Of the calls that asked the cache.
fn cache(now: &Totals, before: &Totals) -> Stat {
    let rate = |totals: &Totals| percent(totals.cache_hits, totals.cache_asked);
    let aside = if now.cache_asked > 0 { format!("{} asked", count(now.cache_asked).text()) } else { String::new() };
    Stat {
        aside,
        change: points([now.cache_hits, now.cache_asked], [before.cache_hits, before.cache_asked], ["good", "bad"]),
        ..stat("Cache hit rate", or_none(rate(now)), rate(before).map(|rate| rate.text()))
    }
}

fn latency(now: &Totals, before: &Totals) -> Stat {
    let aside = now.p50_us.map(|us| format!("p50 {}", duration(us).text()));
    Stat {
        aside: aside.unwrap_or_default(),
        change: slower(now.p95_us, before.p95_us),
        ..stat("Latency p95", or_none(now.p95_us.map(duration)), before.p95_us.map(|us| duration(us).text()))
    }
}

fn first_token(now: &Totals, before: &Totals) -> Stat {
    let aside = now.first_token_p95_us.map(|us| format!("p95 {}", duration(us).text()));
    let was = before.first_token_p50_us.map(|us| duration(us).text());
    Stat {
        aside: aside.unwrap_or_default(),
        change: slower(now.first_token_p50_us, before.first_token_p50_us),
        ..stat("First token p50", or_none(now.first_token_p50_us.map(duration)), was)
    }
}

fn stat(name: &'static str, figure: Figure, was: Option<String>) -> Stat {
    let was = was.map_or_else(|| "nothing before".into(), |was| format!("from {was}"));
    Stat { name, aside: String::new(), figure, change: None, was, spark: String::new(), href: None }
}

fn or_none(figure: Option<Figure>) -> Figure {
    figure.unwrap_or_else(|| Figure { figure: "–".into(), unit: "" })
}

/// Milliseconds since the first use, as far as the window shows them.
fn covered(overview: &Overview) -> u64 {
    let buckets = i64::try_from(overview.points.len()).unwrap_or(0);
    u64::try_from(buckets * overview.bucket).unwrap_or(0)
}

/// In percent of what was; `tones` for more and for less.
fn relative(now: u64, before: u64, tones: [&'static str; 2]) -> Option<Change> {
    let away = now.abs_diff(before);
    if before == 0 || away < before / 2_000 || away == 0 {
        return None;
    }
    let up = now > before;
    let text = match now / before {
        10.. => format!("×{}", count(now / before).text()),
        _ => format!("{} %", decimal(away * 100, before, 1)),
    };
    Some(Change { up, text, tone: tones[usize::from(!up)] })
}

/// A rate, part and whole, in points of a percent; `tones` for more and for less.
fn points(now: [u64; 2], before: [u64; 2], tones: [&'static str; 2]) -> Option<Change> {
    let rate = |[part, whole]: [u64; 2]| (part * 10_000).checked_div(whole);
    let (now, before) = (rate(now)?, rate(before)?);
    let tone = tones[usize::from(now < before)];
    let text = format!("{} pt", decimal(now.abs_diff(before), 100, 2));
    (now != before).then_some(Change { up: now > before, text, tone })
}

fn slower(now: Option<u64>, before: Option<u64>) -> Option<Change> {
    let (now, before) = (now?, before?);
    let tone = if now > before { "bad" } else { "good" };
    (now != before).then(|| Change { up: now > before, text: duration(now.abs_diff(before)).text(), tone })
}

#[cfg(test)]
mod tests {
    use super::{points, relative, slower};

    #[test]
    fn a_change_is_told_by_size_and_direction() {
        let told = |now, before| relative(now, before, ["more", "less"]).map(|change| (change.text, change.tone));
        for (now, before, change) in [
            (148_392, 141_208, Some(("5.1 %", "more"))),
            (916, 1_000, Some(("8.4 %", "less"))),
            (5_000, 10, Some(("×500", "more"))),
            (100_004, 100_000, None),
            (5, 5, None),
            (5, 0, None),
        ] {
            assert_eq!(told(now, before), change.map(|(text, tone)| (text.to_owned(), tone)), "{now} {before}");
        }
    }

    #[test]
    fn more_errors_and_longer_waits_are_bad() {
        let tones = ["bad", "good"];
        let change = points([61, 10_000], [42, 10_000], tones).unwrap();
        assert_eq!((change.up, change.text.as_str(), change.tone), (true, "0.19 pt", "bad"));
        assert_eq!(points([42, 10_000], [61, 10_000], tones).unwrap().tone, "good");
        assert_eq!(points([1, 10], [0, 0], tones), None);
        assert_eq!(slower(Some(212_000), Some(203_000)).unwrap().text, "9.0 ms");
        assert_eq!(slower(None, Some(1)), None);
    }
}
