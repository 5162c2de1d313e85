//! The frame of the signed-in console: the rail, or the bottom bar on small screens, and one panel.

use crate::api;
use crate::failure::Failure;
use crate::model::account::Person;
use crate::parts::icon::{Icon, Mark, POINTS};
use crate::parts::pop::Pop;
use crate::parts::theme::ThemeSwitch;
use icondata_core::Icon as IconData;
use icondata_lu::{
    LuBookOpen, LuBoxes, LuChartLine, LuChevronsUpDown, LuFileUp, LuGauge, LuKeyRound, LuLayoutDashboard, LuListTree,
    LuLogOut, LuMenu, LuPlug, LuScrollText, LuSearch, LuTerminal, LuUsers,
};
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_router::components::{A, Outlet, Redirect};

/// Who is signed in; pages may ask for it as a context.
pub type Who = Resource<Result<Option<Person>, Failure>>;

/// A line of the rail: path, name, icon.
type Line = (&'static str, &'static str, IconData);

const WATCH: [Line; 4] = [
    ("/", "Overview", LuLayoutDashboard),
    ("/logs", "Logs", LuScrollText),
    ("/traces", "Traces", LuListTree),
    ("/analytics", "Analytics", LuChartLine),
];
const USE: [Line; 1] = [("/playground", "Playground", LuTerminal)];
const CONNECT: [Line; 5] = [
    ("/configs", "Configs", POINTS),
    ("/providers", "Providers", LuPlug),
    ("/models", "Models", LuBoxes),
    ("/keys", "API keys", LuKeyRound),
    ("/budgets", "Budgets & limits", LuGauge),
];
const PEOPLE: [Line; 1] = [("/members", "Members", LuUsers)];

/// Visitors are led to sign in.
#[component]
pub fn Frame() -> impl IntoView {
    let who: Who = Resource::new(|| (), |()| api::who());
    provide_context(who);
    let [overview, logs, traces, analytics] = WATCH;
    let [configs, connected @ ..] = CONNECT;
    let short = [overview, logs, analytics, configs];
    let further = std::iter::once(traces).chain(connected).chain(USE).chain(PEOPLE);
    view! {
        <a class="skip" href="#main" rel="external">
            "Skip to content"
        </a>
        <div class="frame">
            <nav class="rail" aria-label="Main">
                <Suspense>{move || Suspend::new(async move { place(who.await) })}</Suspense>
                <Seek />
                <div class="lines">
                    <Lines lines=&WATCH />
                    <Lines lines=&CONNECT />
                    <Lines lines=&USE />
                    <Lines lines=&PEOPLE />
                </div>
                <Suspense>{move || Suspend::new(async move { account(who.await) })}</Suspense>
            </nav>
            <Outlet />
            <nav class="foot-bar" aria-label="Main, short">
                {short.map(|line| view! { <RailLink line /> }).collect_view()}
                <Pop class="up" button=|| view! { <Icon icon=LuMenu /> "More" }>
                    <ul>{further.map(item).collect_view()}</ul>
                    <Seek />
                    <AccountMenu />
                </Pop>
            </nav>
        </div>
    }
}

/// Opens the palette, which `public/reach.js` draws.
#[component]
fn Seek() -> impl IntoView {
    view! {
        <button type="button" class="seek scripted" data-palette="">
            <Icon icon=LuSearch />
            <span>"Search"</span>
            <kbd>"⌘K"</kbd>
        </button>
    }
}

fn item(line: Line) -> impl IntoView {
    view! {
        <li>
            <RailLink line />
        </li>
    }
}

#[component]
fn Lines(lines: &'static [Line]) -> impl IntoView {
    view! { <ul>{lines.iter().copied().map(item).collect_view()}</ul> }
}

#[component]
fn RailLink(line: Line) -> impl IntoView {
    let (path, name, icon) = line;
    view! {
        <A href=path exact=path == "/">
            <Icon icon=icon />
            <span>{name}</span>
        </A>
    }
}

/// The workspace, at the head of the rail.
fn place(who: Result<Option<Person>, Failure>) -> AnyView {
    match who {
        Ok(Some(person)) => view! {
            <div class="place">
                <Mark />
                <span class="trim">{person.workspace_name} <small>{person.role.word()}</small></span>
            </div>
        }
        .into_any(),
        Ok(None) | Err(Failure::SignedOut) => view! { <Redirect path="/sign-in" /> }.into_any(),
        Err(_) => ().into_any(),
    }
}

/// The person, at its foot.
fn account(who: Result<Option<Person>, Failure>) -> Option<impl IntoView> {
    let email = who.ok().flatten()?.email;
    let face = face_of(&email);
    let button = move || {
        view! {
            <span class="face" aria-hidden="true">
                {face}
            </span>
            <span class="unseen">"Account of "</span>
            <span class="trim">{email}</span>
            <Icon icon=LuChevronsUpDown />
        }
    };
    Some(view! {
        <Pop class="up foot" button=button>
            <AccountMenu />
        </Pop>
    })
}

#[component]
fn AccountMenu() -> impl IntoView {
    let leave = ServerAction::<api::SignOut>::new();
    view! {
        <ThemeSwitch />
        <ul>
            <li>
                <a href="/settings/transfer">
                    <Icon icon=LuFileUp />
                    "Import and export"
                </a>
            </li>
            <li>
                <a href="/reference">
                    <Icon icon=LuBookOpen />
                    "API reference"
                </a>
            </li>
        </ul>
        <ActionForm action=leave>
            <button type="submit" class="item">
                <Icon icon=LuLogOut />
                "Sign out"
            </button>
        </ActionForm>
    }
}

/// Two letters of the local part: `ops@…` is `OP`, `ada.byron@…` is `AB`.
fn face_of(email: &str) -> String {
    let local = email.split('@').next().unwrap_or_default();
    let mut words = local.split(['.', '-', '_', '+']).filter(|word| !word.is_empty());
    let (first, second) = (words.next().unwrap_or_default(), words.next());
    let letters = match second {
        Some(second) => first.chars().take(1).chain(second.chars().take(1)).collect::<String>(),
        None => first.chars().take(2).collect(),
    };
    letters.to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::face_of;

    #[test]
    fn a_face_is_two_letters() {
        for (email, face) in [("ops@northline.dev", "OP"), ("ada.byron@x.org", "AB"), ("j@x.org", "J"), ("", "")] {
            assert_eq!(face_of(email), face, "{email}");
        }
    }
}
