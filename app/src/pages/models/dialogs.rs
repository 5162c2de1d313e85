//! Adding a model, pricing one, removing one.

use crate::api;
use crate::failure::Failure;
use crate::model::models::{ModelRow, Prices, dollars};
use crate::parts::dialog::Dialog;
use crate::parts::field::{Field, Submit, TextField, Voice};
use crate::parts::problem::{Problem, failure_of};
use crate::parts::time::Stamp;
use leptos::form::ActionForm;
use leptos::prelude::*;

#[component]
pub fn Add(add: ServerAction<api::AddModel>, providers: Vec<(String, String)>, back: String) -> impl IntoView {
    let failure = failure_of(add);
    let cancel = back.clone();
    view! {
        <Dialog
            title=|| "Add model"
            back
            note="For a model that the price data does not know: of your own server, a fine-tune, or one that is new today."
        >
            <ActionForm action=add>
                <div class="body">
                    <Problem failure />
                    <Field
                        name="provider"
                        label="Provider"
                        failure
                        control=move |voice| provider(voice, providers)
                    />
                    <TextField
                        name="model"
                        label="Model"
                        hint="As the vendor has it: what stands after @slug/."
                        failure
                        required=true
                        first=true
                    />
                    <TextField name="context" label="Context" aside="optional" placeholder="128k" failure />
                    <Figures failure prices=None />
                </div>
                <div class="acts">
                    <a class="btn" href=cancel>
                        "Cancel"
                    </a>
                    <Submit label="Add model" pending=add.pending() />
                </div>
            </ActionForm>
        </Dialog>
    }
}

fn provider(voice: Voice, providers: Vec<(String, String)>) -> impl IntoView {
    let option = move |(slug, name): (String, String)| {
        let chosen = voice.typed().is_some_and(|typed| typed == slug);
        let label = format!("@{slug} ({name})");
        view! {
            <option value=slug selected=chosen>
                {label}
            </option>
        }
    };
    view! {
        <select
            class="input"
            id=voice.id
            name="form[provider]"
            aria-invalid=move || voice.invalid()
            aria-describedby=move || voice.described_by()
        >
            {providers.into_iter().map(option).collect_view()}
        </select>
    }
}

/// Three prices, filled in with those in force.
#[component]
fn Figures(failure: Signal<Option<Failure>>, prices: Option<Prices>) -> impl IntoView {
    let text = |figure: Option<i64>| figure.map(|micros| dollars(micros).replace('$', "")).unwrap_or_default();
    let Prices { input, cached, output } = prices.unwrap_or_default();
    view! {
        <fieldset class="field">
            <legend>"US dollars a million tokens"</legend>
            <div class="thirds">
                <TextField name="input" label="Input" value=text(input) placeholder="0.35" failure />
                <TextField name="cached" label="Cached" value=text(cached) placeholder="as input" failure />
                <TextField name="output" label="Output" value=text(output) placeholder="0.75" failure />
            </div>
        </fieldset>
    }
}

#[component]
pub fn Price(set: ServerAction<api::SetPrice>, row: ModelRow, back: String) -> impl IntoView {
    let failure = failure_of(set);
    let name = row.name();
    let title = move || view! { "Price of " <code>{name}</code> };
    let list = match row.list {
        Some(Prices { input, output, .. }) => {
            let text = |figure: Option<i64>| figure.map_or("–".to_owned(), dollars);
            format!("The price list has {} in and {} out.", text(input), text(output))
        }
        None => "The price list does not have it.".to_owned(),
    };
    let coming = row.next.map(|(at, prices)| {
        let what = if prices.is_some() { "Another price" } else { "The list price" };
        view! { <p class="hint">{format!("{what} is set to begin on {}.", Stamp::of(at).exact())}</p> }
    });
    let (provider, model, cancel, to) = (row.provider.clone(), row.model.clone(), back.clone(), back.clone());
    let resets = (row.own.is_some() || row.next.is_some()).then(|| {
        let (provider, model, back) = (row.provider.clone(), row.model.clone(), back.clone());
        view! {
            <ActionForm action=set>
                <input type="hidden" name="form[provider]" value=provider />
                <input type="hidden" name="form[model]" value=model />
                <input type="hidden" name="form[list]" value="1" />
                <input type="hidden" name="back" value=back />
                <div class="acts">
                    <p class="hint push-end">"Or leave the own price from now on."</p>
                    <Submit label="Back to the list price" pending=set.pending() class="btn" />
                </div>
            </ActionForm>
        }
    });
    view! {
        <Dialog title back note="It holds for calls from its time on. What was called before keeps its cost.">
            <ActionForm action=set>
                <input type="hidden" name="form[provider]" value=provider />
                <input type="hidden" name="form[model]" value=model />
                <input type="hidden" name="back" value=to />
                <div class="body">
                    <Problem failure />
                    <Figures failure prices=row.price() />
                    <p class="hint">{list}</p>
                    <TextField
                        name="from"
                        label="From"
                        aside="optional, UTC"
                        kind="datetime-local"
                        hint="Empty means from now on."
                        failure
                    />
                    {coming}
                </div>
                <div class="acts">
                    <a class="btn" href=cancel>
                        "Cancel"
                    </a>
                    <Submit label="Set price" pending=set.pending() />
                </div>
            </ActionForm>
            {resets}
        </Dialog>
    }
}

#[component]
pub fn Remove(remove: ServerAction<api::RemoveModel>, row: ModelRow, back: String) -> impl IntoView {
    let name = row.name();
    let text = format!(
        "{name} is listed no more, and its price is forgotten. Calls that name it still go to @{}, unpriced. Its logs and their costs stay.",
        row.provider,
    );
    let title = move || view! { "Remove " <code>{name}</code> };
    let cancel = back.clone();
    view! {
        <Dialog title back>
            <ActionForm action=remove>
                <div class="body">
                    <Problem failure=failure_of(remove) />
                    <p class="soft">{text}</p>
                </div>
                <input type="hidden" name="provider" value=row.provider />
                <input type="hidden" name="model" value=row.model />
                <div class="acts">
                    <a class="btn" href=cancel>
                        "Keep it"
                    </a>
                    <Submit label="Remove" pending=remove.pending() class="btn danger solid" />
                </div>
            </ActionForm>
        </Dialog>
    }
}
