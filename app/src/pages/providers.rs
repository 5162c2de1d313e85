//! What is connected, and what could be.
#![expect(clippy::needless_pass_by_value, reason = "components own what they are given")]

mod catalogue;
mod dialogs;
mod edit;
pub mod figures;
mod row;

use crate::api;
use crate::model::provider::{ProviderRow, Providers as Answer};
use crate::parts::icon::Icon;
use crate::parts::page::{Page, Waiting, Wide};
use crate::parts::problem::{Problem, failure_of, shown, success_of};
use catalogue::Catalogue;
use dialogs::{Connect, Remove};
use edit::Edit;
use icondata_lu::LuPlus;
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use row::{Row, TestResult};

/// What the URL asks for beside the lists: `?connect=` a vendor's slug, or `?edit=` or `?remove=` a provider's id.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Asked {
    Lists,
    Connect(String),
    Edit(String),
    Remove(String),
}

/// What can be done here.
#[derive(Clone, Copy)]
struct Acts {
    add: ServerAction<api::AddProvider>,
    edit: ServerAction<api::EditProvider>,
    test: ServerAction<api::TestProvider>,
    test_all: ServerAction<api::TestProviders>,
    remove: ServerAction<api::RemoveProvider>,
}

#[component]
pub fn Providers() -> impl IntoView {
    let query = use_query_map();
    let asked = Memo::new(move |_| {
        query.with(|query| match (query.get("connect"), query.get("edit"), query.get("remove")) {
            (Some(vendor), ..) => Asked::Connect(vendor),
            (None, Some(id), _) => Asked::Edit(id),
            (None, None, Some(id)) => Asked::Remove(id),
            (None, None, None) => Asked::Lists,
        })
    });
    let tested = Memo::new(move |_| query.with(|query| query.get("tested")));
    let acts = Acts {
        add: ServerAction::new(),
        edit: ServerAction::new(),
        test: ServerAction::new(),
        test_all: ServerAction::new(),
        remove: ServerAction::new(),
    };
    let done = (
        success_of(acts.add),
        success_of(acts.edit),
        success_of(acts.test),
        success_of(acts.test_all),
        success_of(acts.remove),
    );
    let source = move || (done.0.get(), done.1.get(), done.2.get(), done.3.get(), done.4.get());
    let providers = Resource::new(source, |_| api::providers());
    view! {
        <Page
            title="Providers"
            acts=|| {
                view! {
                    <a class="btn primary" href="#catalogue" rel="external">
                        <Icon icon=LuPlus />
                        "Connect"
                    </a>
                }
            }
        >
            <Problem failure=failure_of(acts.test) />
            <Problem failure=failure_of(acts.test_all) />
            <Transition fallback=|| {
                view! { <Waiting /> }
            }>
                {move || Suspend::new(async move {
                    shown(
                        providers.await,
                        move |answer| {
                            let answer = StoredValue::new(answer);
                            let (rows, catalogue) = answer.with_value(|answer| (answer.rows.clone(), answer.catalogue.clone()));
                            let editable = answer.with_value(|answer| answer.editable);
                            view! {
                                {move || answer.with_value(|answer| result(answer, tested.get()))}
                                <Connected rows acts editable />
                                <Catalogue vendors=catalogue />
                                {move || answer.with_value(|answer| dialog(answer, &asked.get(), acts))}
                            }
                        },
                    )
                })}
            </Transition>
        </Page>
    }
}

/// How the test went that the address speaks of.
fn result(answer: &Answer, slug: Option<String>) -> Option<AnyView> {
    let slug = slug?;
    let test = answer.rows.iter().find(|row| row.slug == slug)?.test.clone()?;
    Some(view! { <TestResult slug test /> }.into_any())
}

fn dialog(answer: &Answer, asked: &Asked, acts: Acts) -> Option<AnyView> {
    let own = |id: &String| answer.rows.iter().find(|row| row.id == *id && !row.origin.locked()).cloned();
    match asked {
        _ if !answer.editable => None,
        Asked::Lists => None,
        Asked::Connect(slug) => {
            let vendor = answer.catalogue.iter().find(|vendor| vendor.slug == *slug)?.clone();
            let taken = answer.rows.iter().any(|row| row.slug == vendor.slug);
            Some(view! { <Connect add=acts.add vendor taken /> }.into_any())
        }
        Asked::Edit(id) => {
            let row = own(id)?;
            let vendor = answer.catalogue.iter().find(|vendor| vendor.slug == row.vendor).cloned();
            Some(view! { <Edit edit=acts.edit row vendor /> }.into_any())
        }
        Asked::Remove(id) => Some(view! { <Remove remove=acts.remove row=own(id)? /> }.into_any()),
    }
}

#[component]
fn Connected(rows: Vec<ProviderRow>, acts: Acts, editable: bool) -> impl IntoView {
    let models: u32 = rows.iter().map(|row| row.models).sum();
    let count = if rows.len() == 1 { "1 provider".to_owned() } else { format!("{} providers", rows.len()) };
    let all = editable.then(|| {
        view! {
            <ActionForm action=acts.test_all attr:class="push">
                <button type="submit" class="btn sm" aria-busy=move || acts.test_all.pending().get().then_some("true")>
                    "Test all"
                </button>
            </ActionForm>
        }
    });
    view! {
        <section class="card" aria-labelledby="connected">
            <header>
                <h2 id="connected">"Connected"</h2>
                <p>{format!("{count}, {models} models on")}</p>
                {all}
            </header>
            <Wide label="Connected providers">
                <table class="table providers">
                    <caption>"Connected providers"</caption>
                    <thead>
                        <tr>
                            <th scope="col">"Provider"</th>
                            <th scope="col">"Slug"</th>
                            <th scope="col">"Credential"</th>
                            <th scope="col">"State"</th>
                            <th scope="col">"p50, 24 h"</th>
                            <th scope="col" class="num">
                                "p50 now"
                            </th>
                            <th scope="col" class="num">
                                "Errors now"
                            </th>
                            <th scope="col" class="num">
                                "Requests, 24 h"
                            </th>
                            <th scope="col" class="num">
                                "Models"
                            </th>
                            <th scope="col">
                                <span class="unseen">"Acts"</span>
                            </th>
                        </tr>
                    </thead>
                    <tbody>
                        {rows.into_iter().map(|row| view! { <Row row test=acts.test editable /> }).collect_view()}
                    </tbody>
                </table>
            </Wide>
        </section>
    }
}
