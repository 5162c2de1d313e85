use crate::api;
use crate::model::account::{Invite, InviteLink, Member, Members as Answer, Person, Role};
use crate::parts::badge::{Lamp, State};
use crate::parts::copy::Copy;
use crate::parts::field::{Field, Submit, Voice};
use crate::parts::frame::Who;
use crate::parts::icon::Icon;
use crate::parts::page::{Page, Waiting, Wide};
use crate::parts::problem::{Problem, failure_of, shown, success_of};
use crate::parts::time::{Stamp, Time};
use icondata_lu::LuCircleCheck;
use leptos::form::ActionForm;
use leptos::prelude::*;

/// The people of the workspace, and the links by which others may join.
#[component]
pub fn Members() -> impl IntoView {
    let who = expect_context::<Who>();
    let invite = ServerAction::<api::Invite>::new();
    let withdraw = ServerAction::<api::WithdrawInvite>::new();
    let (invited, withdrawn) = (success_of(invite), success_of(withdraw));
    let source = move || (invited.get(), withdrawn.get());
    let members = Resource::new(source, |_| api::members());
    view! {
        <Page title="Members">
            <Transition fallback=|| {
                view! { <Waiting /> }
            }>
                {move || Suspend::new(async move {
                    let leads = who.await.is_ok_and(|who| who.is_some_and(|person| leads(&person)));
                    shown(
                        members.await,
                        move |answer| {
                            let Answer { people, invites, fresh } = answer;
                            view! {
                                <People people />
                                {leads.then(|| view! { <Invites invites fresh invite withdraw /> })}
                            }
                        },
                    )
                })}
            </Transition>
        </Page>
    }
}

#[component]
fn People(people: Vec<Member>) -> impl IntoView {
    let row = |person: Member| {
        view! {
            <tr>
                <th scope="row">{person.email}</th>
                <td>{role_name(person.role)}</td>
                <td class="num">
                    <Time at=person.joined_at />
                </td>
            </tr>
        }
    };
    view! {
        <section class="card" aria-labelledby="people">
            <header>
                <h2 id="people">"People"</h2>
            </header>
            <Wide label="People of the workspace">
                <table class="table">
                    <caption>"People of the workspace"</caption>
                    <thead>
                        <tr>
                            <th scope="col">"Email"</th>
                            <th scope="col">"Role"</th>
                            <th scope="col" class="num">
                                "Joined"
                            </th>
                        </tr>
                    </thead>
                    <tbody>{people.into_iter().map(row).collect_view()}</tbody>
                </table>
            </Wide>
        </section>
    }
}

#[component]
fn Invites(
    invites: Vec<Invite>,
    fresh: Option<InviteLink>,
    invite: ServerAction<api::Invite>,
    withdraw: ServerAction<api::WithdrawInvite>,
) -> impl IntoView {
    let made = move || invite.value().with(|value| value.as_ref().and_then(|value| value.as_ref().ok().cloned()));
    let fresh = move || made().or_else(|| fresh.clone());
    let table = (!invites.is_empty()).then(|| view! { <InviteTable invites withdraw /> });
    view! {
        <section class="card" aria-labelledby="invites">
            <header>
                <h2 id="invites">"Invites"</h2>
                <p>"A link lets one person join; it holds for seven days."</p>
            </header>
            <div class="body stack">
                <Problem failure=failure_of(withdraw) />
                <InviteForm invite />
                {move || fresh().map(|link| view! { <Fresh link /> })}
            </div>
            {table}
        </section>
    }
}

#[component]
fn InviteForm(invite: ServerAction<api::Invite>) -> impl IntoView {
    let failure = failure_of(invite);
    let roles = |voice: Voice| {
        view! {
            <select class="input" id=voice.id name="role" aria-describedby=move || voice.described_by()>
                <option value="member">"Member: sees all, makes keys"</option>
                <option value="admin">"Admin: also connects providers, invites"</option>
            </select>
        }
    };
    view! {
        <Problem failure />
        <ActionForm action=invite attr:class="invite">
            <Field name="role" label="Role" failure control=roles />
            <Submit label="Make invite link" pending=invite.pending() />
        </ActionForm>
    }
}

#[component]
fn Fresh(link: InviteLink) -> impl IntoView {
    let until = Stamp::of(link.expires_at).exact();
    let url = link.url.clone();
    view! {
        <div class="alert ok" role="status">
            <Icon icon=LuCircleCheck />
            <div class="stack">
                <p>{format!("The link is ready. Send it to one person; it is shown once and holds until {until}.")}</p>
                <div class="secret">
                    <code>{url}</code>
                    <Copy text=link.url what="invite link" />
                </div>
            </div>
        </div>
    }
}

#[component]
fn InviteTable(invites: Vec<Invite>, withdraw: ServerAction<api::WithdrawInvite>) -> impl IntoView {
    view! {
        <Wide label="Open and taken invites">
            <table class="table">
                <caption>"Invites"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Role"</th>
                        <th scope="col">"State"</th>
                        <th scope="col" class="num">
                            "Made"
                        </th>
                        <th scope="col" class="num">
                            "Expires"
                        </th>
                        <th scope="col">
                            <span class="unseen">"Acts"</span>
                        </th>
                    </tr>
                </thead>
                <tbody>{invites.into_iter().map(|invite| view! { <InviteRow invite withdraw /> }).collect_view()}</tbody>
            </table>
        </Wide>
    }
}

#[component]
fn InviteRow(invite: Invite, withdraw: ServerAction<api::WithdrawInvite>) -> impl IntoView {
    let taken = invite.taken_by.is_some();
    let state = match invite.taken_by {
        Some(email) => view! { <State lamp=Lamp::Off text=format!("Taken by {email}") /> },
        None => view! { <State lamp=Lamp::Ok text="Open" /> },
    };
    let act = (!taken).then(|| {
        view! {
            <ActionForm action=withdraw>
                <input type="hidden" name="id" value=invite.id />
                <Submit label="Withdraw" pending=withdraw.pending() class="btn danger sm" />
            </ActionForm>
        }
    });
    view! {
        <tr class:past=taken>
            <th scope="row">{role_name(invite.role)}</th>
            <td>{state}</td>
            <td class="num">
                <Time at=invite.created_at />
            </td>
            <td class="num">
                <Time at=invite.expires_at />
            </td>
            <td class="num">{act}</td>
        </tr>
    }
}

/// Who may invite others.
fn leads(person: &Person) -> bool {
    matches!(person.role, Role::Owner | Role::Admin)
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::Owner => "Owner",
        Role::Admin => "Admin",
        Role::Member => "Member",
    }
}
