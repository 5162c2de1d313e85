//! What every page stands in: a bar with its title, and its contents below.

use leptos::prelude::*;
use leptos_meta::Title;

/// The bar holds the title, then `tools` (range, filters that hold for the whole page), then `acts` at the far end.
#[component]
pub fn Page(
    #[prop(into)] title: String,
    #[prop(optional, into)] tools: Option<ViewFnOnce>,
    #[prop(optional, into)] acts: Option<ViewFnOnce>,
    /// No padding: panes that scroll by themselves.
    #[prop(optional)]
    bare: bool,
    children: Children,
) -> impl IntoView {
    view! {
        <Title text=title.clone() />
        <main id="main" class="panel" tabindex="-1">
            <header class="bar">
                <h1>{title}</h1>
                {tools.map(|tools| view! { <div class="tools">{tools.run()}</div> })}
                {acts.map(|acts| view! { <div class="acts">{acts.run()}</div> })}
            </header>
            <div class="page" class:bare=bare>
                {children()}
            </div>
        </main>
    }
}

/// What may be wider than the page scrolls in a region of its own, which the keyboard reaches; `label` names it.
#[component]
pub fn Wide(#[prop(into)] label: String, children: Children) -> impl IntoView {
    view! {
        <div class="table-wrap" tabindex="0" role="region" aria-label=label>
            {children()}
        </div>
    }
}

/// A setting of the whole page that is on or off: a link to the page where it is the other way.
#[component]
pub fn Switch(
    label: &'static str,
    #[prop(into)] on: Signal<bool>,
    #[prop(into)] href: Signal<String>,
) -> impl IntoView {
    view! {
        <a class="check" href=href aria-current=move || on.get().then_some("true")>
            <span class="tick" aria-hidden="true"></span>
            {label}
        </a>
    }
}

/// Stands where data will be; `lines` is how many rows it is likely to have.
#[component]
pub fn Waiting(#[prop(default = 6)] lines: usize) -> impl IntoView {
    view! {
        <div class="card waiting" role="status">
            <span class="unseen">"Loading"</span>
            {(0..lines).map(|_| view! { <span class="skeleton"></span> }).collect_view()}
        </div>
    }
}

/// Nothing here yet: what the page is for, and one act as children.
#[component]
pub fn Empty(title: &'static str, text: &'static str, #[prop(optional)] children: Option<Children>) -> impl IntoView {
    view! {
        <div class="empty">
            <svg class="line-drawing" viewBox="0 0 160 64" aria-hidden="true">
                <path d="M4 46h152" />
                <path d="M52 46h12l26-26h66" />
                <circle cx="30" cy="46" r="5" />
                <circle class="lit" cx="118" cy="20" r="5" />
            </svg>
            <h2>{title}</h2>
            <p>{text}</p>
            {children.map(|children| view! { <div class="row">{children()}</div> })}
        </div>
    }
}
