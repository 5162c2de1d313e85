//! The versions of a config as one line of stations.

use super::versions::Side;
use crate::model::config::{ConfigDetail, Version};
use crate::model::money::grouped;
use crate::parts::time::Time;
use leptos::prelude::*;

/// The draft, if there is one, then the versions; each leads to its comparison with what is live.
pub fn stations(detail: &ConfigDetail, old: Side, new: Side) -> AnyView {
    let place = format!("/configs/{}/versions", detail.row.slug);
    let side = move |this: Side| {
        let word = if this == new { "right" } else { "left" };
        (this == new || this == old).then(|| view! { <span class="side push">{word}</span> })
    };
    let draft = detail.draft.as_ref().map(|draft| {
        view! {
            <li class="draft">
                <a href=format!("{place}?new=draft") aria-current=(new == Side::Draft).then_some("true")>
                    <span class="hd">
                        <b>{format!("v{}", detail.row.version + 1)}</b>
                        <span class="badge">"draft"</span>
                        {side(Side::Draft)}
                    </span>
                    <span class="by">{by(draft.author.as_ref())} " · saved " <Time at=draft.at /></span>
                </a>
            </li>
        }
    });
    let version = |version: &Version| {
        let this = Side::Number(version.number);
        view! {
            <li class=if version.published { "live" } else { "" }>
                <a href=format!("{place}?new={}", version.number) aria-current=(new == this).then_some("true")>
                    <span class="hd">
                        <b>{format!("v{}", version.number)}</b>
                        {version.published.then(|| view! { <span class="badge accent">"live"</span> })}
                        {side(this)}
                    </span>
                    {(!version.note.is_empty()).then(|| view! { <span class="nt">{version.note.clone()}</span> })}
                    <span class="by">{by(version.author.as_ref())} " · " <Time at=version.at /></span>
                    {calls(version)}
                </a>
            </li>
        }
    };
    let versions = detail.versions.iter().map(version).collect_view();
    view! {
        {draft}
        {versions}
    }
    .into_any()
}

/// What became of its calls of the last seven days.
fn calls(version: &Version) -> impl IntoView + use<> {
    let many = match version.calls {
        0 => "no calls in 7 days".to_owned(),
        1 => "1 call in 7 days".to_owned(),
        calls => format!("{} calls in 7 days", grouped(calls)),
    };
    let failed = (version.failed > 0).then(|| {
        let share = version.failed.saturating_mul(10_000) / version.calls.max(1);
        let class = if share >= 500 { "push bad-text" } else { "push" };
        view! { <span class=class>{format!("{}.{:02} % failed", share / 100, share % 100)}</span> }
    });
    view! {
        <span class="by row">
            {many}
            {failed}
        </span>
    }
}

fn by(author: Option<&String>) -> String {
    author.cloned().unwrap_or_else(|| "a file or an API key".into())
}
