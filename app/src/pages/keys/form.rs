//! The one form of a key.

use super::limits::{self, Limits};
use crate::failure::Failure;
use crate::model::key::{KeyForm, KeyRow, Keys};
use crate::model::scope::{DEFAULT_SCOPES, SCOPES, THINGS, acts, title};
use crate::parts::field::{AreaField, Field, TextField, Tick, Voice};
use crate::parts::time::Stamp;
use leptos::prelude::*;

/// What the form chooses from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choices {
    /// Slug and name.
    pub configs: Vec<(String, String)>,
    /// Slugs.
    pub providers: Vec<String>,
    /// Scopes that change the workspace may be given.
    pub leads: bool,
}

impl Choices {
    pub fn of(keys: &Keys) -> Self {
        Self { configs: keys.configs.clone(), providers: keys.providers.clone(), leads: keys.leads }
    }
}

/// The form of a new key.
pub fn blank() -> KeyForm {
    let scopes = DEFAULT_SCOPES.map(str::to_owned).to_vec();
    KeyForm { scopes, config_override: true, enforced: true, ..KeyForm::default() }
}

/// The form of a key that is there.
pub fn filled(row: &KeyRow) -> KeyForm {
    let metadata = if row.metadata.is_empty() { None } else { serde_json::to_string(&row.metadata).ok() };
    let mut form = KeyForm {
        id: row.id.clone(),
        name: row.name.clone(),
        description: row.description.clone(),
        scopes: row.scopes.clone(),
        config: row.config.clone().unwrap_or_default(),
        config_override: row.config_override,
        metadata: metadata.unwrap_or_default(),
        enforced: row.enforced,
        allowed_models: row.allowed.models.join("\n"),
        allowed_providers: row.allowed.providers.clone(),
        expires_at: row.expires_at.map(typed_time).unwrap_or_default(),
        ..KeyForm::default()
    };
    limits::fill(&mut form, row);
    form
}

/// As `datetime-local` has it: `2027-01-31T12:00`.
fn typed_time(at: i64) -> String {
    Stamp::of(at).iso().chars().take(16).collect()
}

type Told = Signal<Option<Failure>>;

/// What was ticked before a refusal, else what stands in the form at its start.
fn ticked(failure: Told, field: &'static str, value: &str, start: bool) -> Signal<bool> {
    let value = value.to_owned();
    Signal::derive(move || {
        let typed = failure.with(|failure| failure.as_ref().and_then(|failure| failure.typed(field)));
        typed.map_or(start, |typed| typed.split(' ').any(|word| word == value))
    })
}

#[component]
pub fn Fields(start: KeyForm, choices: Choices, failure: Told) -> impl IntoView {
    let Choices { configs, providers, leads } = choices;
    let limits = leads || start.id.is_empty();
    let KeyForm { id, name, description, scopes, expires_at, .. } = start.clone();
    let expiry = move |voice: Voice| {
        view! {
            <input
                class="input"
                type="datetime-local"
                id=voice.id
                name="form[expires_at]"
                value=move || voice.typed().unwrap_or_else(|| expires_at.clone())
                aria-invalid=move || voice.invalid()
                aria-describedby=move || voice.described_by()
            />
        }
    };
    view! {
        <input type="hidden" name="form[id]" value=id />
        <div class="pair">
            <TextField name="name" label="Name" failure value=name placeholder="search-prod" required=true first=true />
            <TextField name="description" label="Description" aside="optional" failure value=description />
        </div>
        <Scopes held=scopes leads failure />
        <Calls start=start.clone() configs failure />
        <Kept start=start.clone() providers failure />
        // Nobody lifts the limits that another one set.
        {limits.then(|| view! { <Limits start failure /> })}
        <Field
            name="expires_at"
            label="Expires"
            aside="optional, UTC"
            hint="From then on its calls get 401. Empty: it does not expire."
            failure
            control=expiry
        />
    }
}

#[component]
fn Scopes(held: Vec<String>, leads: bool, failure: Told) -> impl IntoView {
    let tick = |scope: &str, failure: Told, held: &[String]| {
        let start = held.iter().any(|held| held == scope);
        ticked(failure, "scopes", scope, start)
    };
    let plain = SCOPES.map(|(scope, meaning)| {
        let checked = tick(scope, failure, &held);
        view! {
            <Tick name="form[scopes][]" value=scope checked>
                {meaning}
                " "
                <small class="mono">{scope}</small>
            </Tick>
        }
    });
    let offered =
        |scope: &str| SCOPES.iter().any(|(name, _)| *name == scope) || (leads && managing().any(|name| name == scope));
    // What the form does not offer stays as it is.
    let kept = held.iter().filter(|scope| !offered(scope)).cloned();
    let kept = kept.map(|scope| view! { <input type="hidden" name="form[scopes][]" value=scope /> }).collect_view();
    let open = managing().any(|scope| held.contains(&scope));
    let managed = leads.then(|| {
        let checked = tick("*", failure, &held);
        let things = THINGS.map(|thing| {
            let acts = acts(thing).map(|act| {
                let scope = format!("{thing}.{act}");
                let checked = tick(&scope, failure, &held);
                view! {
                    <Tick name="form[scopes][]" value=scope checked>
                        {act}
                        <span class="unseen">" " {title(thing)}</span>
                    </Tick>
                }
            });
            view! {
                <li>
                    <span>{title(thing)}</span>
                    <span class="acts-of">{acts.collect_view()}</span>
                </li>
            }
        });
        view! {
            <details class="managing" open=open>
                <summary>"Manage the workspace through the admin API"</summary>
                <Tick name="form[scopes][]" value="*" checked>
                    "Everything "
                    <small class="mono">"*"</small>
                </Tick>
                <ul>{things.collect_view()}</ul>
            </details>
        }
    });
    view! {
        <fieldset class="field">
            <legend>"Scopes"</legend>
            <div class="scopes">{plain.collect_view()}</div>
            {kept}
            {managed}
            <FieldError failure name="scopes" />
        </fieldset>
    }
}

/// Scopes that change the workspace.
fn managing() -> impl Iterator<Item = String> {
    let things = THINGS.into_iter().flat_map(|thing| acts(thing).map(move |act| format!("{thing}.{act}")));
    std::iter::once("*".to_owned()).chain(things)
}

/// What its calls get.
#[component]
fn Calls(start: KeyForm, configs: Vec<(String, String)>, failure: Told) -> impl IntoView {
    let KeyForm { config, config_override, metadata, enforced, .. } = start;
    view! {
        <div class="pair">
            <div class="stack tight">
                <Field
                    name="config"
                    label="Default config"
                    aside="optional"
                    failure
                    control=move |voice| config_choice(voice, config, configs)
                />
                <Tick name="form[config_override]" checked=ticked(failure, "config_override", "true", config_override)>
                    "A call may bring its own config"
                </Tick>
            </div>
            <div class="stack tight">
                <AreaField
                    name="metadata"
                    label="Default metadata"
                    hint="A JSON object of texts, kept with every call of the key."
                    placeholder=r#"{"team": "search"}"#
                    failure
                    value=metadata
                />
                <Tick name="form[enforced]" checked=ticked(failure, "enforced", "true", enforced)>
                    "Enforced: no call can change it, so that budgets can count by it"
                </Tick>
            </div>
        </div>
    }
}

fn config_choice(voice: Voice, config: String, configs: Vec<(String, String)>) -> impl IntoView {
    let gone = !config.is_empty() && configs.iter().all(|(slug, _)| *slug != config);
    let gone = gone.then(|| (config.clone(), "no longer published".to_owned()));
    let chosen = move || voice.typed().unwrap_or_else(|| config.clone());
    let options = configs.into_iter().chain(gone).map(|(slug, name)| {
        let label = format!("{name} ({slug})");
        let (chosen, value) = (chosen.clone(), slug.clone());
        view! {
            <option value=slug selected=move || chosen() == value>
                {label}
            </option>
        }
    });
    view! {
        <select
            class="input"
            id=voice.id
            name="form[config]"
            aria-invalid=move || voice.invalid()
            aria-describedby=move || voice.described_by()
        >
            <option value="">"None"</option>
            {options.collect_view()}
        </select>
    }
}

/// What it is kept to.
#[component]
fn Kept(start: KeyForm, providers: Vec<String>, failure: Told) -> impl IntoView {
    let KeyForm { allowed_models, allowed_providers: held, .. } = start;
    let gone = held.iter().filter(|slug| !providers.contains(slug)).cloned().collect::<Vec<_>>();
    let boxes = providers.into_iter().chain(gone).map(|slug| {
        let checked = ticked(failure, "allowed_providers", &slug, held.contains(&slug));
        let label = format!("@{slug}");
        view! {
            <Tick name="form[allowed_providers][]" value=slug checked>
                <span class="mono">{label}</span>
            </Tick>
        }
    });
    let boxes = boxes.collect_view();
    view! {
        <div class="pair">
            <fieldset class="field">
                <legend>"Allowed providers" <small>"none ticked: all"</small></legend>
                <div class="boxes">{boxes}</div>
                <FieldError failure name="allowed_providers" />
            </fieldset>
            <AreaField
                name="allowed_models"
                label="Allowed models"
                hint="One a line; * stands for any text. Empty: all. Other calls get 403."
                placeholder="@openai/gpt-4o*"
                failure
                value=allowed_models
            />
        </div>
    }
}

/// What to do about a group of boxes that the server refused.
#[component]
fn FieldError(failure: Told, name: &'static str) -> impl IntoView {
    move || {
        let text = failure.with(|failure| failure.as_ref().and_then(|failure| failure.of(name)));
        text.map(|text| view! { <p class="error" role="alert">{text}</p> })
    }
}
