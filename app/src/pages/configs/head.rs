//! What the editor and the page of versions stand in: the config's name and id, its acts, and the tabs.

use crate::model::config::{ConfigDetail, ConfigUser};
use crate::model::money::grouped;
use crate::parts::badge::OriginBadge;
use crate::parts::copy::Copy;
use crate::parts::pop::Pop;
use leptos::prelude::*;

/// `tab`: `editor` or `versions`; `acts` stand at the far end of the bar, `aside` at that of the tabs.
#[component]
pub fn Bench(
    detail: ConfigDetail,
    tab: &'static str,
    #[prop(into)] acts: ViewFnOnce,
    #[prop(optional, into)] aside: Option<ViewFnOnce>,
    children: Children,
) -> impl IntoView {
    let row = detail.row.clone();
    let place = format!("/configs/{}", row.slug);
    let link = |name: &'static str, href: String, here: &str, count: usize| {
        view! {
            <a href=href aria-current=(tab == here).then_some("page")>
                {name}
                {(count > 0).then(|| view! { <span class="count">{count}</span> })}
            </a>
        }
    };
    view! {
        <main id="main" class="panel" tabindex="-1">
            <header class="bar config-bar">
                <span class="crumb">
                    <a href="/configs">"Configs"</a>
                    <span aria-hidden="true">"/"</span>
                </span>
                <h1 class="trim">{row.name.clone()}</h1>
                <span class="badge">{state(&detail)}</span>
                <OriginBadge origin=row.origin />
                <span class="idc">
                    <code>{row.slug.clone()}</code>
                    <Copy text=row.slug what="config id" quiet=true />
                </span>
                <div class="acts">{acts.run()}</div>
            </header>
            <div class="page bare cfg">
                <nav class="tabs" aria-label="Config">
                    {link("Editor", place.clone(), "editor", 0)}
                    {link("Versions", format!("{place}/versions"), "versions", detail.versions.len())}
                    {used(&detail)}
                    <span class="push muted">{aside.map(ViewFnOnce::run)}</span>
                </nav>
                {children()}
            </div>
        </main>
    }
}

/// `draft of v15`, `v14 live`.
fn state(detail: &ConfigDetail) -> String {
    match (&detail.draft, detail.row.version) {
        (Some(_), 0) => "never published".into(),
        (Some(_), version) => format!("draft of v{}", version + 1),
        (None, 0) => "empty".into(),
        (None, version) => format!("v{version} live"),
    }
}

fn used(detail: &ConfigDetail) -> AnyView {
    let words = match detail.users.len() {
        0 => return view! { <span class="muted unused">"Used by no key"</span> }.into_any(),
        1 => "1 key".to_owned(),
        many => format!("{many} keys"),
    };
    let user = |user: &ConfigUser| {
        let how = if user.default { "its default" } else { "named by its calls" };
        view! {
            <li class="item">
                <a href="/keys">{user.name.clone()}</a>
                <small>{how}</small>
            </li>
        }
    };
    let users = detail.users.iter().map(user).collect_view();
    view! {
        <Pop class="used" button=move || view! { "Used by " <span class="count">{words}</span> }>
            <ul>{users}</ul>
        </Pop>
    }
    .into_any()
}

/// What publishing changes for whom, said before it is done.
pub fn touches(detail: &ConfigDetail) -> String {
    const MOST: usize = 4;
    let next = detail.row.version + 1;
    let mut names: Vec<_> = detail.users.iter().take(MOST).map(|user| user.name.clone()).collect();
    if let Some(more) = detail.users.len().checked_sub(MOST).filter(|more| *more > 0) {
        names.push(format!("{more} more"));
    }
    let keys = match names.as_slice() {
        [] => "No key uses this config yet.".to_owned(),
        [one] => format!("Used by the key {one}."),
        several => format!("Used by the keys {}.", several.join(", ")),
    };
    match detail.calls_a_minute {
        0 => format!("v{next} takes over no call right now. {keys} Calls under way finish on what they began with."),
        1 => format!("v{next} takes over 1 call a minute. {keys} Calls under way finish on what they began with."),
        many => format!(
            "v{next} takes over {} calls a minute. {keys} Calls under way finish on what they began with.",
            grouped(many)
        ),
    }
}
