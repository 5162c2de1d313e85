//! The tries upstream, on one scale of time.

use crate::model::log::{AttemptRow, LogDetail};
use crate::model::money::grouped;
use crate::pages::logs::figures::duration;
use crate::parts::badge::Tile;
use crate::parts::icon::Points;
use crate::parts::scale::Scale;
use leptos::prelude::*;

/// One lane a try: faint while it waited, hatched until the first token, then filled.
pub fn waterfall(detail: &LogDetail) -> Option<impl IntoView + use<>> {
    if detail.attempts.is_empty() {
        return None;
    }
    let scale = scale(detail);
    let ticks = scale.ticks().into_iter().map(|(at, text)| view! { <li style=format!("--at:{at}%")>{text}</li> });
    Some(view! {
        <section class="water" aria-label="Attempts on one scale of time">
            <ol>{detail.attempts.iter().map(|attempt| lane(attempt, scale)).collect_view()}</ol>
            <ul class="scale" aria-hidden="true">
                {ticks.collect_view()}
            </ul>
            {route(detail)
                .map(|told| {
                    view! {
                        <p class="row route">
                            <Points />
                            <span>{told}</span>
                        </p>
                    }
                })}
        </section>
    })
}

/// Where the time went, and every try with all that is known of it.
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
            <h3>"Attempts"</h3>
            {none}
            <ol class="tries">{detail.attempts.iter().enumerate().map(attempt).collect_view()}</ol>
        </section>
        <section class="block">
            <h3>"Timing"</h3>
            <dl class="pairs">{lines.collect_view()}</dl>
        </section>
    }
}

fn lane(attempt: &AttemptRow, scale: Scale) -> impl IntoView + use<> {
    let good = answered(attempt);
    let ended = attempt.started_us + attempt.latency_us;
    let first = attempt.first_token_us.map_or(attempt.started_us, |first| attempt.started_us + first).min(ended);
    let bar = |class: &'static str, from: u64, to: u64| {
        let (from, to) = (scale.percent(from), scale.percent(to));
        (class == "run" || class == "fail" || to > from)
            .then(|| view! { <i class=class style=format!("--at:{from}%;--to:{to}%")></i> })
    };
    let status = if attempt.status == 0 { "–".to_owned() } else { attempt.status.to_string() };
    view! {
        <li>
            <span class="row">
                <Tile letters=attempt.tile.clone() />
                <span class="trim">{attempt.model.clone()}</span>
            </span>
            <span class=if good { "status" } else { "status bad" }>{status}</span>
            <span class="lane">
                {bar("idle", attempt.started_us.saturating_sub(attempt.waited_us), attempt.started_us)}
                {bar("wait", attempt.started_us, first)} {bar(if good { "run" } else { "fail" }, first, ended)}
            </span>
            <span class="took">{duration(attempt.latency_us)}</span>
        </li>
    }
}

fn attempt((number, attempt): (usize, &AttemptRow)) -> impl IntoView + use<> {
    let good = answered(attempt);
    let status = if attempt.status == 0 { "no answer".to_owned() } else { attempt.status.to_string() };
    let tokens = attempt.tokens_in + attempt.tokens_out;
    let used = format!("{} in, {} out", grouped(attempt.tokens_in), grouped(attempt.tokens_out));
    let cost = attempt.cost.map_or_else(|| "unpriced".to_owned(), |cost| cost.call_text());
    let facts = [
        ("Started", Some(format!("{} after the call", duration(attempt.started_us)))),
        ("Waited before", (attempt.waited_us > 0).then(|| duration(attempt.waited_us))),
        ("First token", attempt.first_token_us.map(duration)),
        ("Took", Some(duration(attempt.latency_us))),
        ("Tokens", (tokens > 0).then_some(used)),
        ("Cost", (tokens > 0 || attempt.cost.is_some()).then_some(cost)),
        ("Sent to", Some(attempt.url.clone())),
    ];
    let facts = facts.into_iter().filter_map(|(name, value)| value.map(|value| (name, value))).map(|(name, value)| {
        view! {
            <dt>{name}</dt>
            <dd class:mono=name == "Sent to">{value}</dd>
        }
    });
    view! {
        <li>
            <p class="row">
                <span class=if good { "status" } else { "status bad" }>{status}</span>
                <Tile letters=attempt.tile.clone() />
                <b>{attempt.model.clone()}</b>
                <span class="muted">{format!("@{}", attempt.provider)}</span>
                {(attempt.retry > 0).then(|| view! { <span class="badge">{format!("retry {}", attempt.retry)}</span> })}
                <code class="push">{attempt.target.clone()}</code>
                <span class="unseen">{format!("Attempt {}", number + 1)}</span>
            </p>
            {attempt.error.clone().map(|error| view! { <p class="error">{error}</p> })}
            <dl class="pairs">{facts.collect_view()}</dl>
        </li>
    }
}

/// How the call went on after a try that failed: `pc-main went on to config.targets[1] 118 ms after 529`.
fn route(detail: &LogDetail) -> Option<String> {
    let [.., before, last] = detail.attempts.as_slice() else { return None };
    let who = detail.config.as_deref().unwrap_or("The gateway");
    let ended = before.started_us + before.latency_us;
    let gap = duration(last.started_us.saturating_sub(ended));
    let after = if before.status == 0 { "no answer".to_owned() } else { before.status.to_string() };
    let went = if before.target == last.target {
        format!("tried {} again", last.target)
    } else {
        format!("went on to {}", last.target)
    };
    Some(format!("{who} {went} {gap} after {after}"))
}

fn answered(attempt: &AttemptRow) -> bool {
    (200..400).contains(&attempt.status) && attempt.error.is_none()
}

fn scale(detail: &LogDetail) -> Scale {
    let ends = detail.attempts.iter().map(|attempt| attempt.started_us + attempt.latency_us);
    Scale::over(ends.max().unwrap_or(0).max(detail.row.latency_us))
}

#[cfg(test)]
mod tests {
    use super::route;
    use crate::model::log::{AttemptRow, LogDetail};

    #[test]
    fn the_last_turn_is_told_beneath_the_lanes() {
        let attempt = |target: &str, status, started_us| AttemptRow {
            target: target.into(),
            status,
            started_us,
            latency_us: 400_000,
            ..AttemptRow::default()
        };
        let call = |second: &str, config: Option<&str>| LogDetail {
            attempts: vec![attempt("config.targets[0]", 529, 0), attempt(second, 200, 518_000)],
            config: config.map(Into::into),
            ..LogDetail::default()
        };
        let told = route(&call("config.targets[1]", Some("pc-main")));
        assert_eq!(told.as_deref(), Some("pc-main went on to config.targets[1] 118 ms after 529"));
        let told = route(&call("config.targets[0]", None));
        assert_eq!(told.as_deref(), Some("The gateway tried config.targets[0] again 118 ms after 529"));
        assert_eq!(route(&LogDetail::default()), None);
    }
}
