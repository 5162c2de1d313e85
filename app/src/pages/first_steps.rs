use crate::api;
use crate::model::account::FirstSteps as Progress;
use crate::model::key::MintedKey;
use crate::model::scope::DEFAULT_SCOPES;
use crate::parts::copy::Copy;
use crate::parts::field::Submit;
use crate::parts::icon::Icon;
use crate::parts::page::{Page, Waiting};
use crate::parts::problem::{Problem, failure_of, shown};
use crate::parts::snippets::{Call, NO_KEY, Snippets};
use icondata_core::Icon as IconData;
use icondata_lu::{LuArrowRight, LuCheck, LuPlug, LuScrollText, LuUsers};
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::time::Duration;

/// How often the page looks whether the first call has landed.
const LOOK: Duration = Duration::from_secs(1);

/// Places to go meanwhile: path, name, what is there, icon.
const MEANWHILE: [(&str, &str, &str, IconData); 3] = [
    ("/providers", "Connect a provider", "Paste a key, keep the slug", LuPlug),
    ("/logs", "Watch the log", "Every call, whatever happened", LuScrollText),
    ("/members", "Invite the team", "Owners, admins, members", LuUsers),
];

/// A provider, a key, a first request: three steps that tick by themselves.
#[component]
pub fn FirstSteps() -> impl IntoView {
    let steps = Resource::new(|| (), |()| api::first_steps());
    view! {
        <Page
            title="First steps"
            acts=|| {
                view! {
                    <a class="btn quiet" href="/">
                        "Skip for now"
                    </a>
                }
            }
        >
            <Suspense fallback=|| {
                view! { <Waiting /> }
            }>
                {move || Suspend::new(async move { shown(steps.await, |start| view! { <Steps start /> }) })}
            </Suspense>
        </Page>
    }
}

#[component]
fn Steps(start: Progress) -> impl IntoView {
    let progress = RwSignal::new(start);
    let mint = ServerAction::<api::MintKey>::new();
    let send = ServerAction::<api::SendFirstCall>::new();
    Effect::new(move |_| {
        if let Some(Ok(minted)) = mint.value().get() {
            progress.update(|progress| keep_key(progress, minted));
        }
    });
    Effect::new(move |_| {
        if let Some(Ok(call)) = send.value().get() {
            progress.update(|progress| progress.first_call = Some(call));
        }
    });
    watch(progress);
    view! {
        <div class="first">
            <div>
                <header class="lead">
                    <h2>"Three steps to a first request"</h2>
                    <p class="soft">"They tick by themselves. Leave and come back as you like."</p>
                </header>
                <ol class="line">
                    <ProviderStep progress />
                    <KeyStep progress mint />
                    <CallStep progress mint send />
                </ol>
            </div>
            <Meanwhile />
        </div>
    }
}

#[component]
fn ProviderStep(progress: RwSignal<Progress>) -> impl IntoView {
    let provider = Memo::new(move |_| progress.with(|progress| progress.provider.clone()));
    let text = move || match provider.get().as_deref() {
        None => view! { "Connect one, or use the sandbox, which needs no key." }.into_any(),
        Some("@sandbox") => view! {
            "The sandbox is ready as "
            <code>"@sandbox"</code>
            ". It needs no key; its answers are simulated."
        }
        .into_any(),
        Some(slug) => view! {
            <code>{slug.to_owned()}</code>
            " is connected. "
            <code>"@sandbox"</code>
            " is there to rehearse with."
        }
        .into_any(),
    };
    view! {
        <Step title="A provider" done=Signal::derive(move || provider.get().is_some()) current=Signal::stored(true)>
            <p class="soft">{text}</p>
            <a class="btn quiet sm aside" href="/providers">
                "Add another"
            </a>
        </Step>
    }
}

#[component]
fn KeyStep(progress: RwSignal<Progress>, mint: ServerAction<api::MintKey>) -> impl IntoView {
    let key = Memo::new(move |_| progress.with(|progress| progress.key.clone()));
    let fresh = Memo::new(move |_| progress.with(|progress| progress.fresh.clone()));
    let body = move || match key.get() {
        None => view! {
            <p class="soft">"Your code shows it with each call. Its secret is shown once, here."</p>
            <MintForm mint label="Create key" class="btn primary" />
        }
        .into_any(),
        Some((name, last_four)) => view! {
            <p class="soft">
                <code>{name}</code>
                " ends in "
                <code>{last_four}</code>
            </p>
            {fresh.get().map(|minted| view! { <Secret minted /> })}
        }
        .into_any(),
    };
    view! {
        <Step title="An API key" done=Signal::derive(move || key.get().is_some()) current=Signal::stored(true)>
            {body}
            <a class="btn quiet sm aside" href="/keys">
                "All keys"
            </a>
        </Step>
    }
}

#[component]
fn Secret(minted: MintedKey) -> impl IntoView {
    let value = minted.value.clone();
    view! {
        <div class="secret">
            <code>{value}</code>
            <Copy text=minted.value what="key" />
        </div>
        <p class="hint">"Copy it now. Only its hash is kept, so it cannot be shown again."</p>
    }
}

#[component]
fn MintForm(mint: ServerAction<api::MintKey>, label: &'static str, class: &'static str) -> impl IntoView {
    let scopes = DEFAULT_SCOPES.map(|scope| view! { <input type="hidden" name="form[scopes][]" value=scope /> });
    view! {
        <Problem failure=failure_of(mint) />
        <ActionForm action=mint>
            <input type="hidden" name="form[name]" value="first-key" />
            {scopes.collect_view()}
            <Submit label pending=mint.pending() class />
        </ActionForm>
    }
}

#[component]
fn CallStep(
    progress: RwSignal<Progress>,
    mint: ServerAction<api::MintKey>,
    send: ServerAction<api::SendFirstCall>,
) -> impl IntoView {
    let ready = Memo::new(move |_| progress.with(|progress| progress.key.is_some()));
    let known = Memo::new(move |_| progress.with(|progress| progress.fresh.is_some()));
    let landed = Memo::new(move |_| progress.with(|progress| progress.first_call.clone()));
    let call = Memo::new(move |_| progress.with(call_of));
    view! {
        <Step title="A first request" done=Signal::derive(move || landed.get().is_some()) current=ready>
            <p class="soft">
                "Run this where your code runs. "
                {move || if known.get() { "Address and key are filled in." } else { "The address is filled in." }}
            </p>
            <Snippets call=call />
            <Show when=move || ready.get() && !known.get() && landed.get().is_none()>
                <p class="hint">
                    "Put your key in place of "<code>{NO_KEY}</code>
                    ". Its secret was shown once; if it is lost, make another."
                </p>
                <MintForm mint label="Create another key" class="btn sm" />
            </Show>
            <div class="wait" class:landed=move || landed.get().is_some() role="status">
                {move || match landed.get() {
                    Some(id) => view! { <Landed id /> }.into_any(),
                    None => view! { <Listening progress send /> }.into_any(),
                }}
            </div>
            <Problem failure=failure_of(send) />
        </Step>
    }
}

#[component]
fn Listening(progress: RwSignal<Progress>, send: ServerAction<api::SendFirstCall>) -> impl IntoView {
    let address = progress.with_untracked(|progress| progress.base_url.clone());
    view! {
        <svg class="line-drawing" viewBox="0 0 120 24" aria-hidden="true">
            <path d="M2 18h116" />
            <path d="M54 18l12-12h52" />
            <path class="lit train" d="M2 18h52l12-12h52" />
        </svg>
        <p>
            <strong>"Waiting for the first request"</strong>
            <small>{format!("Listening at {address}")}</small>
        </p>
        <a class="btn quiet sm unscripted" href="/first-steps">
            "Check again"
        </a>
        <ActionForm action=send>
            <Submit label="Send one for me" pending=send.pending() class="btn sm" />
        </ActionForm>
    }
}

#[component]
fn Landed(id: String) -> impl IntoView {
    view! {
        <Icon icon=LuCheck class="l" />
        <p>
            <strong>"The first request landed"</strong>
            <small>"It was routed, logged and priced."</small>
        </p>
        <a class="btn primary push" href=format!("/logs/{id}")>
            "Open its log"
        </a>
    }
}

/// A station of the line: ticked, where one is now, or still ahead.
#[component]
fn Step(
    title: &'static str,
    done: Signal<bool>,
    #[prop(into)] current: Signal<bool>,
    children: Children,
) -> impl IntoView {
    let now = move || !done.get() && current.get();
    view! {
        <li class:done=move || done.get() class:now=now aria-current=move || now().then_some("step")>
            <span class="station">
                <Icon icon=LuCheck class="s" />
            </span>
            <div class="step">
                <h3>{title} <span class="unseen">{move || if done.get() { ", done" } else { "" }}</span></h3>
                {children()}
            </div>
        </li>
    }
}

#[component]
fn Meanwhile() -> impl IntoView {
    let place = |(path, name, note, icon): (&'static str, &'static str, &'static str, IconData)| {
        view! {
            <li>
                <a href=path>
                    <Icon icon=icon />
                    <span>
                        <b>{name}</b>
                        <small>{note}</small>
                    </span>
                    <Icon icon=LuArrowRight class="s" />
                </a>
            </li>
        }
    };
    view! {
        <aside class="meanwhile" aria-labelledby="meanwhile">
            <h2 id="meanwhile" class="muted">
                "Meanwhile"
            </h2>
            <ul>{MEANWHILE.map(place).collect_view()}</ul>
        </aside>
    }
}

/// Looks for the first call until it lands, one look at a time.
fn watch(progress: RwSignal<Progress>) {
    let looking = RwSignal::new(false);
    let look = move || {
        if looking.get_untracked() || progress.with_untracked(|progress| progress.first_call.is_some()) {
            return;
        }
        looking.set(true);
        spawn_local(async move {
            if let Ok(seen) = api::first_steps().await {
                progress.try_update(|progress| catch_up(progress, seen));
            }
            looking.try_set(false);
        });
    };
    Effect::new(move |_| {
        if let Ok(handle) = set_interval_with_handle(look, LOOK) {
            on_cleanup(move || handle.clear());
        }
    });
}

/// A secret is told once; what was told stays while the page stands.
fn catch_up(progress: &mut Progress, seen: Progress) {
    let fresh = seen.fresh.clone().or_else(|| progress.fresh.take());
    *progress = Progress { fresh, ..seen };
}

fn keep_key(progress: &mut Progress, minted: MintedKey) {
    let start = minted.value.char_indices().rev().nth(3).map_or(0, |(at, _)| at);
    progress.key = Some((minted.name.clone(), minted.value[start..].to_owned()));
    progress.fresh = Some(minted);
}

fn call_of(progress: &Progress) -> Call {
    let key = progress.fresh.as_ref().map_or(NO_KEY, |minted| &minted.value);
    Call { base_url: progress.base_url.clone(), key: key.to_owned(), model: progress.model.clone() }
}
