//! Why this call took its way: one sentence, then the call as a line that turns where a target failed.

mod choice;
mod story;
mod words;

use super::cost::ledger;
use crate::model::explain::{CacheFacts, Explain, LimitFacts, PlannedStep, Tried};
use crate::model::log::LogDetail;
use crate::model::money::Nanos;
use crate::pages::logs::figures::{duration, model};
use crate::parts::time::Stamp;
use choice::{decision, unreached};
use leptos::prelude::*;
use story::{Scene, Way, scenes};

/// The same of a call that need not have been sent: its plan, and what was tried.
#[cfg(feature = "ssr")]
pub fn told(explain: &Explain) -> impl IntoView + use<> {
    let scenes = scenes(explain);
    let last = scenes.iter().map(|(_, way)| way.turns).max().unwrap_or(0);
    let lines = scenes.into_iter().map(|(scene, way)| match scene {
        Scene::Chosen(choice) => stop(way, decision(choice)),
        Scene::Tried(tried, number) => stop(way, attempt(tried, number, explain)),
    });
    let end = Way { turns: last, ..Way::default() };
    let steps = explain.tried.is_empty().then(|| {
        let steps = explain.steps.iter().map(planned).collect_view();
        let order = view! {
            <header>
                <h3>"Targets, in this order"</h3>
            </header>
            <ol class="spared">{steps}</ol>
        };
        stop(end, order.into_any())
    });
    view! {
        <ol class="story" aria-label="What the config does with this call, in order">
            {(!explain.limits.is_empty()).then(|| stop(Way::default(), limits(&explain.limits)))}
            {explain.cache.as_ref().map(|facts| stop(Way::default(), cache(facts)))}
            {lines.collect_view()}
            {unreached(explain).map(|rest| stop(end, rest))}
            {steps}
        </ol>
        {notes(explain)}
    }
}

pub fn explain(detail: &LogDetail) -> impl IntoView + use<> {
    let scenes = scenes(&detail.explain);
    let last = scenes.iter().map(|(_, way)| way.turns).max().unwrap_or(0);
    let told = scenes.into_iter().map(|(scene, way)| match scene {
        Scene::Chosen(choice) => stop(way, decision(choice)),
        Scene::Tried(tried, number) => stop(way, attempt(tried, number, &detail.explain)),
    });
    let start = Way::default();
    let end = Way { turns: last, ..Way::default() };
    view! {
        <p class="gist">
            <b>{words::gist(detail)}</b>
            {words::detour(detail).map(|detour| format!(" {detour}"))}
        </p>
        <ol class="story" aria-label="What happened to this call, in order">
            {stop(start, asked(detail))}
            {detail.explain.cache.as_ref().map(|facts| stop(start, cache(facts)))}
            {told.collect_view()}
            {unreached(&detail.explain).map(|rest| stop(end, rest))}
            {priced(detail).map(|priced| stop(end, priced))}
            <li class="end" class:bad=!answered(detail) style=end.style()>
                {ended(detail)}
            </li>
        </ol>
        {notes(&detail.explain)}
    }
}

/// A station of the line; where the call left its way, the rail ends in a buffer stop and the line turns.
fn stop(way: Way, contents: AnyView) -> AnyView {
    let jog = way.turning.then(|| {
        view! {
            <svg class="jog" viewBox="0 0 32 32" aria-hidden="true">
                <path class="dead" d="M7.25 6V24" />
                <path class="buffer" d="M2 24H12.5" />
                <path class="way" d="M7.25 5L23 21V23" />
            </svg>
        }
    });
    view! {
        <li class=way.class() style=way.style()>
            {jog}
            {contents}
        </li>
    }
    .into_any()
}

fn answered(detail: &LogDetail) -> bool {
    (200..400).contains(&detail.row.status) && detail.row.outcome == "finished"
}

fn asked(detail: &LogDetail) -> AnyView {
    let row = &detail.row;
    let stamp = Stamp::of(row.at);
    let moment = format!("{:02}:{:02}:{:02}.{:03}", stamp.hour, stamp.minute, stamp.second, row.at.rem_euclid(1_000));
    let title = if row.model_asked.is_empty() {
        format!("Asked {}", detail.path)
    } else {
        format!("Asked for {}", row.model_asked)
    };
    view! {
        <header>
            <h3>{title}</h3>
            <time datetime=stamp.iso()>{moment}</time>
        </header>
        <p>{words::origin(detail)}</p>
    }
    .into_any()
}

fn cache(facts: &CacheFacts) -> AnyView {
    let part = |(name, value): &(String, String)| {
        view! {
            <span class="chip">
                {name.clone()} " " <b class="trim">{value.clone()}</b>
            </span>
        }
    };
    let parts = facts.parts.iter().map(part).collect_view();
    view! {
        <header>
            <h3>{words::cache_title(facts)}</h3>
        </header>
        {(!facts.parts.is_empty()).then(|| view! { <p class="chips">{parts}</p> })}
        <p>{words::cache_text(facts)}</p>
    }
    .into_any()
}

fn attempt(tried: &Tried, number: usize, explain: &Explain) -> AnyView {
    let name = tried.model.clone().unwrap_or_else(|| tried.provider.clone());
    let title = match tried.status {
        0 => format!("{}: {name} gave no answer", words::ordinal(number)),
        status => format!("{}: {name} answered {status}", words::ordinal(number)),
    };
    let good = (200..400).contains(&tried.status) && tried.error.is_none();
    let waited = (tried.waited_us > 0)
        .then(|| format!("{} after a wait of {}", duration(tried.latency_us), duration(tried.waited_us)));
    let planned = explain.steps.iter().find(|step| step.path == tried.path).and_then(|step| step.name.clone());
    let place = planned.map_or_else(|| tried.path.clone(), |name| format!("{name}, {}", tried.path));
    let error = tried.error.clone().map(|error| view! { <q>{error}</q> });
    let then = (!tried.then.is_empty()).then(|| view! { <p>{sentence(&tried.then)}</p> });
    view! {
        <header>
            <h3>{title}</h3>
            <time>{waited.unwrap_or_else(|| duration(tried.latency_us))}</time>
        </header>
        <p>
            {(tried.status > 0)
                .then(|| view! { <span class=if good { "status" } else { "status bad" }>{tried.status}</span> })}
            {tried.provider.clone()} " at " <code>{place}</code>
            {(tried.retry > 0).then(|| format!(", retry {}", tried.retry))}
        </p>
        {error.map(|error| view! { <p>{error}</p> })}
        {then}
    }
    .into_any()
}

fn priced(detail: &LogDetail) -> Option<AnyView> {
    let row = &detail.row;
    let title = match row.cost {
        None if row.tokens_in + row.tokens_out > 0 => format!("No price is known for {}", model(row)),
        Some(cost) if cost.0 != 0 || !detail.cost_lines.is_empty() => format!("Priced at {}", cost.call_text()),
        None | Some(_) => return None,
    };
    let lines = (!detail.cost_lines.is_empty()).then(|| ledger(detail, row.cost.unwrap_or(Nanos::ZERO)));
    Some(
        view! {
            <header>
                <h3>{title}</h3>
            </header>
            {lines}
        }
        .into_any(),
    )
}

fn ended(detail: &LogDetail) -> AnyView {
    view! {
        <header>
            <h3>{words::end(&detail.row)}</h3>
            <time>{duration(detail.row.latency_us)}</time>
        </header>
        {detail.error.clone().map(|error| view! { <p>{error}</p> })}
    }
    .into_any()
}

/// A target that was planned and not needed.
fn planned(step: &PlannedStep) -> AnyView {
    let target = match &step.model {
        Some(model) => format!("{model} at {}", step.provider),
        None => step.provider.clone(),
    };
    let name = step.name.clone().map(|name| format!("{name}, "));
    view! {
        <li>
            <b>{target}</b>
            " "
            {name}
            <code>{step.path.clone()}</code>
            {format!(": {}", step.when)}
            {step.problem.clone().map(|problem| format!(". {}", sentence(&problem)))}
            {step.limits.iter().map(|facts| format!(". {}", limited(facts).trim_end_matches('.'))).collect_view()}
        </li>
    }
    .into_any()
}

#[cfg(feature = "ssr")]
fn limits(all: &[LimitFacts]) -> AnyView {
    view! {
        <header>
            <h3>"Limits on this call"</h3>
        </header>
        {all.iter().map(|facts| view! { <p>{limited(facts)}</p> }).collect_view()}
    }
    .into_any()
}

/// A limit and what it says, as a sentence.
fn limited(facts: &LimitFacts) -> String {
    match &facts.refuses {
        Some(refuses) => format!("Refused: {refuses}"),
        None => sentence(&format!("{}: {}", facts.limit, facts.found)),
    }
}

fn notes(explain: &Explain) -> Option<impl IntoView + use<>> {
    let notes = explain.notes.iter().map(|note| view! { <li>{sentence(note)}</li> });
    (!explain.notes.is_empty()).then(|| view! { <ul class="notes muted">{notes.collect_view()}</ul> })
}

/// With a capital and a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.trim().chars();
    let Some(first) = letters.next() else { return String::new() };
    let text = first.to_uppercase().chain(letters).collect::<String>();
    if text.ends_with(['.', '!', '?', '…']) { text } else { text + "." }
}

#[cfg(test)]
mod tests {
    use super::sentence;

    #[test]
    fn a_phrase_becomes_a_sentence() {
        for (text, told) in
            [("retried: 503 is among the codes", "Retried: 503 is among the codes."), ("Done.", "Done."), (" ", "")]
        {
            assert_eq!(sentence(text), told);
        }
    }
}
