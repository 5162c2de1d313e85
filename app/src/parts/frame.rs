//! The frame of the signed-in console: the rail, or the bottom bar on small screens, and one panel.

use crate::api;
use crate::failure::Failure;
use crate::model::account::Person;
use crate::parts::icon::{Icon, Mark};
use crate::parts::pop::Pop;
use crate::parts::theme::ThemeSwitch;
use icondata_core::Icon as IconData;
use icondata_lu::{
    LuChevronsUpDown, LuGauge, LuKeyRound, LuLayoutDashboard, LuListTree, LuLogOut, LuMenu, LuPlug, LuScrollText,
    LuUsers, LuWaypoints,
};
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_router::components::{A, Outlet, Redirect};

/// Who is signed in; pages may ask for it as a context.
pub type Who = Resource<Result<Option<Person>, Failure>>;

/// A line of the rail: path, name, icon.
type Line = (&'static str, &'static str, IconData);

const WATCH: [Line; 3] =
    [("/", "Overview", LuLayoutDashboard), ("/logs", "Logs", LuScrollText), ("/traces", "Traces", LuListTree)];
const CONNECT: [Line; 4] = [
    ("/configs", "Configs", LuWaypoints),
    ("/providers", "Providers", LuPlug),
    ("/keys", "API keys", LuKeyRound),
    ("/budgets", "Budgets & limits", LuGauge),
];
const PEOPLE: [Line; 1] = [("/members", "Members", LuUsers)];

/// Visitors are led to sign in.
#[component]
pub fn Frame() -> impl IntoView {
    let who: Who = Resource::new(|| (), |()| api::who());
    provide_context(who);
    view! {
        <a class="skip" href="#main" rel="external">
            "Skip to content"
        </a>
        <div class="frame">
            <nav class="rail" aria-label="Main">
                <Suspense>{move || Suspend::new(async move { place(who.await) })}</Suspense>
                <div class="lines">
                    <Lines lines=&WATCH />
                    <Lines lines=&CONNECT />
                    <Lines lines=&PEOPLE />
                </div>
                <Suspense>{move || Suspend::new(async move { account(who.await) })}</Suspense>
            </nav>
            <Outlet />
            <nav class="foot-bar" aria-label="Main, short">
                {WATCH.into_iter().take(2).chain(CONNECT.into_iter().take(2)).map(|line| view! { <RailLink line /> }).collect_view()}
                <Pop class="up" button=|| view! { <Icon icon=LuMenu /> "More" }>
                    <ul>
                        <li>
                            <RailLink line=WATCH[2] />
                        </li>
                        <li>
                            <RailLink line=CONNECT[2] />
                        </li>
                        <li>
                            <RailLink line=CONNECT[3] />
                        </li>
                        <li>
                            <RailLink line=PEOPLE[0] />
                        </li>
                    </ul>
                    <AccountMenu />
                </Pop>
            </nav>
        </div>
    }
}

#[component]
fn Lines(lines: &'static [Line]) -> impl IntoView {
    let line = |line: &Line| {
        view! {
            <li>
                <RailLink line=*line />
            </li>
        }
    };
    view! { <ul>{lines.iter().map(line).collect_view()}</ul> }
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
