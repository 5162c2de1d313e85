//! One strategy at work: what it chose among, and by what.

use super::{planned, sentence, story};
use crate::model::explain::{Candidate, Decision, Explain, Tested};
use leptos::prelude::*;

pub fn decision(decision: &Decision) -> AnyView {
    let conditions =
        decision.conditions.iter().enumerate().map(|(number, tested)| condition(number, tested)).collect_view();
    view! {
        <header>
            <h3>{title(decision)}</h3>
            <code>{decision.path.clone()}</code>
        </header>
        {(!decision.conditions.is_empty()).then(|| view! { <ol class="tests">{conditions}</ol> })}
        {(!decision.candidates.is_empty()).then(|| candidates(decision))}
        <p>{sentence(&decision.reason)}</p>
    }
    .into_any()
}

/// What the plan held and the call did not need.
pub fn unreached(explain: &Explain) -> Option<AnyView> {
    let spared = |path: &str| explain.tried.iter().all(|tried| tried.path != path);
    let steps: Vec<_> = explain.steps.iter().filter(|step| spared(&step.path)).map(planned).collect();
    let choices = story::unreached(explain).into_iter().map(|decision| {
        view! {
            <li>
                <code>{decision.path.clone()}</code>
                {format!(" {}", sentence(&decision.reason))}
            </li>
        }
        .into_any()
    });
    let lines: Vec<_> = steps.into_iter().chain(choices).collect();
    (!lines.is_empty() && !explain.tried.is_empty()).then(|| {
        view! {
            <header>
                <h3>"Not needed"</h3>
            </header>
            <ul class="spared">{lines}</ul>
        }
        .into_any()
    })
}

fn title(decision: &Decision) -> String {
    let many = decision.candidates.len();
    match decision.mode.as_str() {
        "conditional" => match decision.conditions.iter().position(|tested| tested.held) {
            Some(number) => format!("Condition {} is true", number + 1),
            None => "No condition is true".into(),
        },
        "fallback" => "Fallback, in this order".into(),
        "loadbalance" => format!("Drawn by weight, {many} candidates"),
        "round-robin" | "round_robin" | "roundrobin" => format!("Next in turn, {many} candidates"),
        "priority" => format!("By priority, {many} candidates"),
        "least-latency" | "least_latency" => format!("The fastest of {many} candidates"),
        "least-cost" | "least_cost" => format!("The cheapest of {many} candidates"),
        "single" | "" => "One target".into(),
        other => other.to_owned(),
    }
}

fn condition(number: usize, tested: &Tested) -> AnyView {
    let class = if tested.held { "held" } else { "" };
    view! {
        <li class=class>
            <span class="row">
                <span class=if tested.held { "dot ok" } else { "dot off" } aria-hidden="true"></span>
                {format!("{}. {}", number + 1, if tested.held { "true" } else { "false" })}
                {(!tested.then.is_empty()).then(|| format!(", leads to {}", tested.then))}
            </span>
            <code class="query">{tested.query.clone()}</code>
            <span class="muted">{sentence(&tested.found)}</span>
        </li>
    }
    .into_any()
}

fn candidates(decision: &Decision) -> impl IntoView + use<> {
    let drawn = decision.candidates.iter().any(|candidate| candidate.share.is_some());
    let spans = spans(&decision.candidates);
    let lines = decision
        .candidates
        .iter()
        .zip(spans)
        .map(|(candidate, span)| line(decision, candidate, span, drawn))
        .collect_view();
    view! {
        <table class="cands">
            <caption class="unseen">{format!("Candidates of {}", decision.path)}</caption>
            <thead>
                <tr>
                    <th scope="col">"Candidate"</th>
                    {drawn.then(|| view! { <th scope="col" class="num">"Share"</th> <th scope="col">"Draw"</th> })}
                    <th scope="col">"Measure"</th>
                </tr>
            </thead>
            <tbody>{lines}</tbody>
        </table>
    }
}

fn line(decision: &Decision, candidate: &Candidate, (from, share): (f64, f64), drawn: bool) -> impl IntoView + use<> {
    let chosen = decision.chosen.first().is_some_and(|first| *first == candidate.path);
    let out = candidate.excluded.is_some();
    let name = candidate.name.clone().unwrap_or_else(|| candidate.path.clone());
    let needle =
        decision.draw.filter(|_| chosen).map(|draw| view! { <b style=format!("--at:{}%", percent(draw))></b> });
    let draw = drawn.then(|| {
        view! {
            <td class="num">{if out { "–".to_owned() } else { format!("{} %", percent(share)) }}</td>
            <td>
                {if out {
                    "left out".into_any()
                } else {
                    view! {
                        <span class="draw" aria-hidden="true">
                            <i style=format!("--at:{}%;--long:{}%", percent(from), percent(share))></i>
                            {needle}
                        </span>
                    }
                        .into_any()
                }}
            </td>
        }
    });
    let class = match (out, chosen) {
        (true, _) => "out",
        (false, true) => "lit",
        _ => "",
    };
    view! {
        <tr class=class>
            <th scope="row" title=candidate.path.clone()>
                {name}
                {chosen.then(|| view! { <span class="unseen">", chosen"</span> })}
            </th>
            {draw}
            <td>{candidate.excluded.clone().or_else(|| candidate.measure.clone()).unwrap_or_else(|| "–".into())}</td>
        </tr>
    }
}

/// Where each candidate's share of the draw begins, and its length; who is left out has none.
fn spans(candidates: &[Candidate]) -> Vec<(f64, f64)> {
    let mut from = 0.0;
    let place = |candidate: &Candidate| {
        let share = candidate.share.filter(|_| candidate.excluded.is_none()).unwrap_or(0.0);
        let span = (from, share);
        from += share;
        span
    };
    candidates.iter().map(place).collect()
}

/// `0.625` is `62.5`.
fn percent(share: f64) -> String {
    let text = format!("{:.1}", share * 100.0);
    text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_lie_end_to_end_without_those_left_out() {
        let candidate = |share, excluded: Option<&str>| Candidate {
            share: Some(share),
            excluded: excluded.map(Into::into),
            ..Candidate::default()
        };
        let all = [candidate(0.5, None), candidate(0.2, Some("circuit open")), candidate(0.5, None)];
        assert_eq!(spans(&all), [(0.0, 0.5), (0.5, 0.0), (0.5, 0.5)]);
        assert_eq!([0.625, 0.5, 1.0].map(percent), ["62.5", "50", "100"]);
    }

    #[test]
    fn a_choice_is_titled_by_its_mode() {
        let tested = |held| Tested { held, ..Tested::default() };
        let conditional = |conditions| Decision { mode: "conditional".into(), conditions, ..Decision::default() };
        assert_eq!(title(&conditional(vec![tested(false), tested(true)])), "Condition 2 is true");
        assert_eq!(title(&conditional(vec![tested(false)])), "No condition is true");
        assert_eq!(title(&Decision { mode: "hedge".into(), ..Decision::default() }), "hedge");
    }
}
