//! The tries upstream, on one scale of time.

use crate::model::log::{AttemptRow, LogDetail};
use crate::pages::logs::figures::duration;
use crate::parts::badge::Tile;
use leptos::prelude::*;

/// One lane a try: hatched until the first token, then filled.
pub fn waterfall(detail: &LogDetail) -> Option<impl IntoView + use<>> {
    if detail.attempts.is_empty() {
        return None;
    }
    let scale = Scale::of(detail);
    let ticks = scale.ticks().into_iter().map(|(at, text)| view! { <li style=format!("--at:{at}%")>{text}</li> });
    Some(view! {
        <section class="water" aria-label="Attempts">
            <ol>{detail.attempts.iter().map(|attempt| lane(attempt, scale)).collect_view()}</ol>
            <ul class="scale" aria-hidden="true">
                {ticks.collect_view()}
            </ul>
        </section>
    })
}

fn lane(attempt: &AttemptRow, scale: Scale) -> impl IntoView + use<> {
    let answered = (200..400).contains(&attempt.status);
    let start = scale.percent(attempt.started_us);
    let end = scale.percent(attempt.started_us + attempt.latency_us).max(start + 1);
    let first =
        attempt.first_token_us.map_or(start, |first| scale.percent(attempt.started_us + first)).clamp(start, end);
    let bar = |class: &'static str, from: u64, to: u64| {
        (to > from).then(|| view! { <i class=class style=format!("--at:{from}%;--long:{}%", to - from)></i> })
    };
    let status = if attempt.status == 0 { "–".to_owned() } else { attempt.status.to_string() };
    view! {
        <li>
            <span class="row">
                <Tile letters=attempt.tile.clone() />
                <span class="trim">{attempt.model.clone()}</span>
            </span>
            <span class=if answered { "status" } else { "status bad" }>{status}</span>
            <span class="lane">
                {bar("wait", start, first)} {bar(if answered { "run" } else { "fail" }, first, end)}
            </span>
            <span class="took">{duration(attempt.latency_us)}</span>
        </li>
    }
}

/// Where the time went, and every try with its address.
pub fn timing(detail: &LogDetail) -> impl IntoView + use<> {
    let row = &detail.row;
    let waited = row.latency_us.saturating_sub(detail.overhead_us);
    let writing = row.first_token_us.map(|first| row.latency_us.saturating_sub(first)).filter(|micros| *micros > 0);
    let pace = writing.map(|micros| format!("{} tokens a second", row.tokens_out * 1_000_000 / micros));
    let times = [
        ("In all", Some(duration(row.latency_us))),
        ("Waiting for the provider", Some(duration(waited))),
        ("In the gateway", Some(duration(detail.overhead_us))),
        ("First token", row.first_token_us.map(duration)),
        ("Pace after it", pace),
    ];
    let lines = times.into_iter().filter_map(|(name, value)| value.map(|value| (name, value))).map(|(name, value)| {
        view! {
            <dt>{name}</dt>
            <dd>{value}</dd>
        }
    });
    let none = detail
        .attempts
        .is_empty()
        .then(|| view! { <p class="muted">"Nothing went upstream: the gateway answered by itself."</p> });
    view! {
        <section class="block">
            <h3>"Timing"</h3>
            <dl class="pairs">{lines.collect_view()}</dl>
        </section>
        <section class="block">
            <h3>"Attempts"</h3>
            {none}
            <ol class="tries">{detail.attempts.iter().map(attempt).collect_view()}</ol>
        </section>
    }
}

fn attempt(attempt: &AttemptRow) -> impl IntoView + use<> {
    let answered = (200..400).contains(&attempt.status);
    let status = if attempt.status == 0 { "no answer".to_owned() } else { attempt.status.to_string() };
    let span = format!("after {}, took {}", duration(attempt.started_us), duration(attempt.latency_us));
    view! {
        <li>
            <p class="row">
                <span class=if answered { "status" } else { "status bad" }>{status}</span>
                <b>{attempt.model.clone()}</b>
                <span class="muted">{format!("{} · {}", attempt.provider, attempt.target)}</span>
            </p>
            <p class="mono soft">{attempt.url.clone()}</p>
            <p class="muted">{span}</p>
            {attempt.error.clone().map(|error| view! { <p class="error">{error}</p> })}
        </li>
    }
}

/// Microseconds laid out on a hundred.
#[derive(Clone, Copy, Debug)]
struct Scale {
    whole: u64,
}

impl Scale {
    fn of(detail: &LogDetail) -> Self {
        let ends = detail.attempts.iter().map(|attempt| attempt.started_us + attempt.latency_us);
        let whole = ends.max().unwrap_or(0).max(detail.row.latency_us).max(1);
        Self { whole }
    }

    fn percent(self, micros: u64) -> u64 {
        (micros * 100 / self.whole).min(100)
    }

    /// Two to five round times and where they stand.
    fn ticks(self) -> Vec<(u64, String)> {
        let steps = (0..).map(|power| 10_u64.pow(power)).flat_map(|unit| [unit, 2 * unit, 5 * unit]).take(30);
        let step = steps.into_iter().find(|step| self.whole / step < 5).unwrap_or(self.whole);
        (0..=self.whole / step).map(|at| (self.percent(at * step), label(at * step))).collect()
    }
}

/// A round time: `0`, `20 ms`, `1 s`, `1.5 s`.
fn label(micros: u64) -> String {
    match micros {
        0 => "0".into(),
        1..1_000 => format!("{micros} µs"),
        1_000..1_000_000 => format!("{} ms", micros / 1_000),
        _ if micros.is_multiple_of(1_000_000) => format!("{} s", micros / 1_000_000),
        _ => format!("{}.{} s", micros / 1_000_000, micros % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests {
    use super::Scale;

    #[test]
    fn ticks_are_round_and_few() {
        for (whole, expected) in [
            (3_700_000, vec!["0", "1 s", "2 s", "3 s"]),
            (450_000, vec!["0", "100 ms", "200 ms", "300 ms", "400 ms"]),
            (900, vec!["0", "200 µs", "400 µs", "600 µs", "800 µs"]),
            (1, vec!["0", "1 µs"]),
        ] {
            let texts: Vec<String> = Scale { whole }.ticks().into_iter().map(|(_, text)| text).collect();
            assert_eq!(texts, expected);
        }
    }
}
