//! A config as a form, drawn from the table of fields: what the gateway accepts has its field here.

mod act;
mod conditions;
mod control;
mod line;
mod targets;

use super::path::{Path, set, wrap};
use super::words::{mode_meaning, title};
use super::work::Work;
use crate::model::config::ProviderPick;
use crate::model::routing::field::{Field, Kind, NODE, Need, Object, STRATEGY};
use crate::parts::icon::Icon;
use crate::parts::route::say;
use conditions::Conditions;
pub use control::Wrong;
use control::{Choice, Leaf};
use icondata_lu::LuX;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::HtmlElement;
use serde_json::{Map, Value, json};
use targets::Targets;

/// Fields with a place of their own in the form of a node.
const PLACED: [&str; 7] = ["name", "strategy", "targets", "provider", "weight", "priority", "conditions"];

#[derive(Clone, Copy)]
pub struct Form {
    pub work: Work,
    pub locked: bool,
    pub picks: StoredValue<Vec<ProviderPick>>,
    /// The target under the pointer, here or in the graph.
    pub over: RwSignal<Option<String>>,
    dragged: RwSignal<Option<Path>>,
    /// Targets whose fields are shown.
    open: RwSignal<Vec<String>>,
    /// What was done last, for those who do not see it.
    said: RwSignal<String>,
}

impl Form {
    pub fn new(work: Work, picks: Vec<ProviderPick>, locked: bool, over: RwSignal<Option<String>>) -> Self {
        Self {
            work,
            locked,
            picks: StoredValue::new(picks),
            over,
            dragged: RwSignal::new(None),
            open: RwSignal::new(Vec::new()),
            said: RwSignal::new(String::new()),
        }
    }

    fn is_open(self, path: &str) -> bool {
        self.open.with(|open| open.iter().any(|known| known == path))
    }

    fn toggle(self, path: &str) {
        self.open.update(|open| match open.iter().position(|known| known == path) {
            Some(at) => drop(open.remove(at)),
            None => open.push(path.to_owned()),
        });
    }
}

/// Once the page shows what was done.
pub fn focus(id: String) {
    request_animation_frame(move || {
        let element = document().get_element_by_id(&id).and_then(|element| element.dyn_into::<HtmlElement>().ok());
        _ = element.map(|element| element.focus());
    });
}

#[component]
pub fn ConfigForm(form: Form) -> impl IntoView {
    let resting = move || form.locked || form.work.broken.with(Option::is_some);
    view! {
        <fieldset class="plain" disabled=resting>
            <legend class="unseen">"The config as a form"</legend>
            {node(form, Path::default())}
        </fieldset>
        <p class="unseen" role="status">
            {move || form.said.get()}
        </p>
    }
}

/// A node's fields: a group's choice and targets, or where a target goes; then whatever else is set.
fn node(form: Form, path: Path) -> AnyView {
    let root = path.is_root();
    let group = {
        let targets = path.key("targets");
        Memo::new(move |_| form.work.good.with(|value| targets.of(value).is_some()))
    };
    let inner = path.clone();
    let own = move || if group.get() { choice(form, inner.clone()) } else { goal(form, inner.clone()) };
    let route = {
        let path = path.clone();
        move |_| {
            form.work.edit(|value| wrap(value, &path));
            focus("f-strategy.mode".into());
        }
    };
    view! {
        {own} <Wrong lines=form.work.wrong(&path, false) id=format!("e-{path}") />
        {move || {
            (root && !group.get())
                .then(|| {
                    view! {
                        <button type="button" class="btn sm" on:click=route.clone()>
                            "Route over several targets"
                        </button>
                    }
                })
        }} <Extras form path=path object=&NODE skip=&PLACED />
    }
    .into_any()
}

/// A group: how it chooses, and among what.
fn choice(form: Form, path: Path) -> AnyView {
    let strategy = path.key("strategy");
    let mode = form.work.text_at(strategy.key("mode"));
    let inner = path.clone();
    let conditional = Memo::new(move |_| mode.get() == "conditional");
    let set_mode = {
        let strategy = strategy.clone();
        Callback::new(move |mode: String| {
            form.work.edit(|root| {
                set(root, &strategy.key("mode"), Some(mode.clone().into()));
                if mode == "conditional" && strategy.key("conditions").of(root).is_none() {
                    set(root, &strategy.key("conditions"), Some(json!([])));
                }
            });
        })
    };
    let modes = match STRATEGY.field("mode").map(|field| field.kind) {
        Some(Kind::Words(words)) => words,
        _ => &[],
    };
    let id = format!("f-{}.mode", strategy);
    let segment = |word: &'static str| {
        view! {
            <label title=mode_meaning(word)>
                <input
                    type="radio"
                    class="unseen"
                    name=id.clone()
                    value=word
                    checked=mode.get_untracked() == word
                    prop:checked=move || mode.get() == word
                    on:change=move |_| set_mode.run(word.to_owned())
                />
                <span>{say::mode(word)}</span>
            </label>
        }
    };
    let segments = modes.iter().map(|word| segment(word)).collect_view();
    view! {
        <div class="field">
            <p class="modes-title">"Strategy" <small>{move || mode_meaning(&mode.get())}</small></p>
            <div class="segments modes" role="radiogroup" aria-label="Strategy" tabindex="-1" id=id>
                {segments}
            </div>
            <Wrong lines=form.work.wrong(&strategy.key("mode"), false) id=format!("e-{strategy}.mode") />
        </div>
        {move || conditional.get().then(|| view! { <Conditions form path=inner.clone() /> })}
        <Extras form path=strategy object=&STRATEGY skip=&["mode", "conditions", "default"] />
        <Targets form path=path mode />
    }
    .into_any()
}

/// Where a target goes.
fn goal(form: Form, path: Path) -> AnyView {
    let field = |key: &str| NODE.field(key);
    let provider = path.key("provider");
    let slug = form.work.text_at(provider.clone());
    let models = move || format!("models-{}", slug.with(|slug| slug.trim_start_matches('@').to_owned()));
    let model = path.key("override_params").key("model");
    view! {
        <div class="pair">
            {field("provider").map(|field| view! { <Leaf form path=provider field list=Signal::stored("providers".to_owned()) /> })}
            {field("name")
                .map(|field| {
                    view! {
                        <Leaf
                            form
                            path=model
                            field
                            label="Model"
                            hint="Overwrites the call's model; the call's own where empty."
                            list=Signal::derive(models)
                        />
                    }
                })}
        </div>
    }
    .into_any()
}

/// The fields that are set, and a list of those that are not.
#[component]
fn Extras(form: Form, path: Path, object: &'static Object, skip: &'static [&'static str]) -> impl IntoView {
    let place = path.clone();
    let present = Memo::new(move |_| {
        form.work.good.with(|root| {
            let map = place.of(root).and_then(Value::as_object);
            let shown = |field: &&'static Field| {
                let value = map.and_then(|map| map.get(field.key));
                // The model has a field of its own.
                let model_alone = field.key == "override_params"
                    && value.and_then(Value::as_object).is_some_and(|map| map.len() == 1 && map.contains_key("model"));
                value.is_some() && !skip.contains(&field.key) && !model_alone
            };
            object.all().filter(shown).map(|field| field.key).collect::<Vec<_>>()
        })
    });
    let unknown = unknown(form, path.clone(), object);
    let inner = path.clone();
    let each = move |key: &'static str| object.field(key).map(|field| entry(form, inner.key(key), field));
    let chosen = RwSignal::new(String::new());
    let add = {
        let path = path.clone();
        move |_| {
            let key = chosen.get_untracked();
            if let Some(field) = object.field(&key) {
                let place = path.key(&key);
                chosen.set(String::new());
                form.work.set(&place, Some(start(field)));
                focus(format!("f-{place}"));
            }
        }
    };
    let pick = Callback::new(move |key: String| chosen.set(key));
    let options = Signal::derive(move || {
        let absent =
            |field: &&Field| !present.with(|present| present.contains(&field.key)) && !skip.contains(&field.key);
        let option = |field: &Field| {
            let later = if field.exists { "" } else { " (not acted on yet)" };
            (field.key.to_owned(), format!("{}{later}: {}", title(field.key), field.meaning))
        };
        let heading = (
            String::new(),
            format!("Add a setting of the {}…", if object.name == "node" { "target" } else { object.name }),
        );
        std::iter::once(heading).chain(object.all().filter(absent).map(option)).collect::<Vec<_>>()
    });
    view! {
        <For each=move || present.get() key=|key| *key children=each />
        {unknown}
        <p class="row adder">
            <Choice
                class="input sm add"
                id=format!("a-{path}-{}", object.name)
                label="Setting to add"
                value=Signal::derive(move || chosen.get())
                options
                on=pick
            />
            <button type="button" class="btn sm" hidden=move || chosen.with(String::is_empty) on:click=add>
                "Add"
            </button>
        </p>
    }
}

/// Keys that no field is known for: they can be removed, and the reader says what they may have been meant for.
fn unknown(form: Form, path: Path, object: &'static Object) -> impl IntoView {
    let place = path.clone();
    let keys = Memo::new(move |_| {
        form.work.good.with(|root| {
            let map = place.of(root).and_then(Value::as_object);
            let strange = map.into_iter().flatten().filter(|(key, _)| object.field(key).is_none());
            strange.map(|(key, _)| key.clone()).collect::<Vec<_>>()
        })
    });
    let each = move |key: String| {
        let place = path.key(&key);
        let wrong = form.work.wrong(&place, true);
        let id = format!("e-{place}");
        view! {
            <div class="field">
                <p class="row">
                    <code>{key}</code>
                    <Remove form path=place />
                </p>
                <Wrong lines=wrong id />
            </div>
        }
    };
    view! { <For each=move || keys.get() key=Clone::clone children=each /> }
}

/// One field that is set, with a way to take it out.
fn entry(form: Form, path: Path, field: &'static Field) -> AnyView {
    let object: &'static Object = match &field.kind {
        Kind::Object(object) | Kind::Either([Kind::Object(object), ..]) => object,
        _ => return view! { <Leaf form path field removable=true /> }.into_any(),
    };
    let value = form.work.at(path.clone());
    let whole = Memo::new(move |_| value.with(|value| value.as_ref().is_some_and(Value::is_object)));
    let inner = path.clone();
    let fields = move || match whole.get() {
        true => {
            object.all().map(|field| view! { <Leaf form path=inner.key(field.key) field /> }).collect_view().into_any()
        }
        false => view! { <Leaf form path=inner.clone() field /> }.into_any(),
    };
    let id = format!("f-{path}");
    view! {
        <fieldset class="sub" tabindex="-1" id=id>
            <legend>{title(field.key)}</legend>
            <p class="hint">{field.meaning}</p>
            <Remove form path=path.clone() />
            <div class="pair">{fields}</div>
            <Wrong lines=form.work.wrong(&path, false) id=format!("e-{path}") />
        </fieldset>
    }
    .into_any()
}

#[component]
fn Remove(form: Form, path: Path) -> impl IntoView {
    let label = format!("Remove {path}");
    view! {
        <button type="button" class="btn quiet icon sm remove" aria-label=label on:click=move |_| form.work.set(&path, None)>
            <Icon icon=LuX />
        </button>
    }
}

/// What a field begins with when it is added.
fn start(field: &Field) -> Value {
    let default = serde_json::from_str::<Value>(field.default).ok();
    default.unwrap_or_else(|| match &field.kind {
        Kind::Object(object) | Kind::Either([Kind::Object(object), ..]) => {
            let needed = object.all().filter(|field| field.need == Need::Always);
            Value::Object(needed.map(|field| (field.key.to_owned(), start(field))).collect())
        }
        Kind::Flag => Value::Bool(true),
        Kind::Whole { least, most } => json!(if *most == 86_400_000 { 30_000.max(*least) } else { 1.max(*least) }),
        Kind::Number { least, .. } => json!(least),
        Kind::Words(words) => json!(words.first()),
        Kind::List { .. } => json!([]),
        Kind::Map | Kind::Query => Value::Object(Map::new()),
        Kind::Text(_) | Kind::Either(_) => json!(""),
    })
}
