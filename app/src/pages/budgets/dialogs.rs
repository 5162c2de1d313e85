//! What the page asks: a limit's form, and what is done to one.

use super::form::{Choices, Fields};
use super::words::amount;
use crate::api;
use crate::model::limit::{BudgetRow, LimitForm};
use crate::parts::dialog::Dialog;
use crate::parts::field::Submit;
use crate::parts::problem::{Problem, failure_of};
use leptos::form::ActionForm;
use leptos::prelude::*;

#[component]
pub fn EditLimit(put: ServerAction<api::PutLimit>, start: LimitForm, choices: Choices) -> impl IntoView {
    let failure = failure_of(put);
    let thing = if start.kind == "rate" { "rate limit" } else { "budget" };
    let (title, label) = match (start.id.is_empty(), thing) {
        (true, "budget") => ("New budget".to_owned(), "Create budget"),
        (true, _) => ("New rate limit".to_owned(), "Create rate limit"),
        (false, "budget") => (format!("Edit {}", start.name), "Save budget"),
        (false, _) => (format!("Edit {}", start.name), "Save rate limit"),
    };
    let note = match start.id.is_empty() {
        true => "It counts calls from now on.",
        false => "Holds from the next call on. What is spent stays, unless the unit changes.",
    };
    view! {
        <Dialog title=move || title back="/budgets" wide=true note>
            <ActionForm action=put>
                <div class="body">
                    <Problem failure />
                    <Fields start choices failure />
                </div>
                <div class="acts">
                    <a class="btn" href="/budgets">
                        "Cancel"
                    </a>
                    <Submit label pending=put.pending() />
                </div>
            </ActionForm>
        </Dialog>
    }
}

#[component]
pub fn Remove(remove: ServerAction<api::RemoveLimit>, id: String, name: String) -> impl IntoView {
    view! {
        <Dialog title=move || format!("Remove {name}") back="/budgets">
            <ActionForm action=remove>
                <div class="body">
                    <Problem failure=failure_of(remove) />
                    <p class="soft">"Calls are no longer held to it, and what it counted is forgotten. The logs stay. This cannot be undone."</p>
                </div>
                <input type="hidden" name="id" value=id />
                <div class="acts">
                    <a class="btn" href="/budgets">
                        "Keep it"
                    </a>
                    <Submit label="Remove for good" pending=remove.pending() class="btn danger solid" />
                </div>
            </ActionForm>
        </Dialog>
    }
}

#[component]
pub fn Reset(reset: ServerAction<api::ResetLimit>, row: BudgetRow) -> impl IntoView {
    let text = format!(
        "{} of {} is spent since the last reset. From now on nothing is, and its calls are admitted again. The logs stay. \
         This cannot be undone.",
        amount(&row.unit, row.spent),
        amount(&row.unit, row.limit)
    );
    let title = named("Reset", &row);
    view! {
        <Dialog title=move || title back="/budgets">
            <ActionForm action=reset>
                <div class="body">
                    <Problem failure=failure_of(reset) />
                    <p class="soft">{text}</p>
                </div>
                <input type="hidden" name="id" value=row.id />
                <input type="hidden" name="group" value=row.group />
                <div class="acts">
                    <a class="btn" href="/budgets">
                        "Keep it"
                    </a>
                    <Submit label="Reset now" pending=reset.pending() class="btn danger solid" />
                </div>
            </ActionForm>
        </Dialog>
    }
}

#[component]
pub fn Release(release: ServerAction<api::ReleaseUnsettled>, row: BudgetRow) -> impl IntoView {
    let text = format!(
        "{} is held for calls whose end nobody knows: a crash interrupted them, or their provider broke off before it \
         had answered. It may have charged for them. Look at the interrupted and failed calls in the log first. \
         Released, the amount can be spent again.",
        amount(&row.unit, row.unsettled)
    );
    let title = named("Release what is unsettled of", &row);
    view! {
        <Dialog title=move || title back="/budgets">
            <ActionForm action=release>
                <div class="body">
                    <Problem failure=failure_of(release) />
                    <p class="soft">{text}</p>
                </div>
                <input type="hidden" name="id" value=row.id />
                <input type="hidden" name="group" value=row.group />
                <div class="acts">
                    <a class="btn" href="/budgets">
                        "Keep it held"
                    </a>
                    <Submit label="Release" pending=release.pending() />
                </div>
            </ActionForm>
        </Dialog>
    }
}

fn named(act: &str, row: &BudgetRow) -> String {
    match row.group_words.as_str() {
        "" => format!("{act} {}", row.name),
        group => format!("{act} {} for {group}", row.name),
    }
}
