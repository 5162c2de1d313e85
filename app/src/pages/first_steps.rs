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

/// Until the first call has landed, `hands/live.rs` looks for what changes.
#[component]
fn Steps(start: Progress) -> impl IntoView {
    view! {
        <div class="first" data-poll=start.first_call.is_none()>
            <div>
                <header class="lead">
                    <h2>"Three steps to a first request"</h2>
                    <p class="soft">"They tick by themselves. Leave and come back as you like."</p>
                </header>
                <ol class="line">
                    {provider_step(&start)}
                    {key_step(&start)}
                    {call_step(&start)}
                </ol>
            </div>
            <Meanwhile />
        </div>
    }
}

fn provider_step(progress: &Progress) -> impl IntoView + use<> {
    let text = match progress.provider.as_deref() {
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
        <Step title="A provider" id="step-provider" done=progress.provider.is_some() current=true>
            <p class="soft" id="step-provider-text" data-live="whole">
                {text}
            </p>
            <a class="btn quiet sm aside" href="/providers">
                "Add another"
            </a>
        </Step>
    }
}

/// A secret is told once: what shows it is not looked for again.
fn key_step(progress: &Progress) -> impl IntoView + use<> {
    let live = progress.fresh.is_none().then_some("whole");
    let body = match progress.key.clone() {
        None => view! {
            <p class="soft">"Your code shows it with each call. Its secret is shown once, here."</p>
            <MintForm label="Create key" class="btn primary" />
        }
        .into_any(),
        Some((name, last_four)) => view! {
            <p class="soft">
                <code>{name}</code>
                " ends in "
                <code>{last_four}</code>
            </p>
            {progress.fresh.clone().map(|minted| view! { <Secret minted /> })}
        }
        .into_any(),
    };
    view! {
        <Step title="An API key" id="step-key" done=progress.key.is_some() current=true>
            <div class="step-body" id="step-key-text" data-live=live>
                {body}
            </div>
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
fn MintForm(label: &'static str, class: &'static str) -> impl IntoView {
    let mint = ServerAction::<api::MintKey>::new();
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

fn call_step(progress: &Progress) -> impl IntoView + use<> {
    let (ready, known) = (progress.key.is_some(), progress.fresh.is_some());
    let landed = progress.first_call.clone();
    let again = (ready && !known && landed.is_none()).then(|| {
        view! {
            <p class="hint">
                "Put your key in place of "<code>{NO_KEY}</code>
                ". Its secret was shown once; if it is lost, make another."
            </p>
            <MintForm label="Create another key" class="btn sm" />
        }
    });
    let call = Signal::stored(call_of(progress));
    let wait = match landed.clone() {
        Some(id) => view! { <Landed id /> }.into_any(),
        None => view! { <Listening address=progress.base_url.clone() /> }.into_any(),
    };
    view! {
        <Step title="A first request" id="step-call" done=landed.is_some() current=ready>
            <p class="soft">
                "Run this where your code runs. "
                {if known { "Address and key are filled in." } else { "The address is filled in." }}
            </p>
            <Snippets call />
            {again}
            <div class="wait" class:landed=landed.is_some() id="step-call-text" role="status" data-live="whole">
                {wait}
            </div>
        </Step>
    }
}

#[component]
fn Listening(address: String) -> impl IntoView {
    let send = ServerAction::<api::SendFirstCall>::new();
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
        <ActionForm action=send attr:data-quiet="">
            <Submit label="Send one for me" pending=send.pending() class="btn sm" />
        </ActionForm>
        <Problem failure=failure_of(send) />
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
fn Step(title: &'static str, id: &'static str, done: bool, current: bool, children: Children) -> impl IntoView {
    let now = current && !done;
    view! {
        <li class:done=done class:now=now aria-current=now.then_some("step") id=id data-live="place">
            <span class="station">
                <Icon icon=LuCheck class="s" />
            </span>
            <div class="step">
                <h3>
                    {title} " "
                    <span class="unseen" id=format!("{id}-done") data-live="whole">
                        {if done { ", done" } else { "" }}
                    </span>
                </h3>
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

fn call_of(progress: &Progress) -> Call {
    let key = progress.fresh.as_ref().map_or(NO_KEY, |minted| &minted.value);
    Call { base_url: progress.base_url.clone(), key: key.to_owned(), model: progress.model.clone() }
}
