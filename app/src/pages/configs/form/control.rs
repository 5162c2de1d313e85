//! One field, whatever its kind.

use super::{Form, Remove};
use crate::model::routing::field::{Field, Kind, Need};
use crate::pages::configs::path::Path;
use crate::pages::configs::words::{meaning, text_of, title, value_of};
use crate::parts::field::escaped;
use crate::parts::icon::Icon;
use icondata_lu::LuCircleAlert;
use leptos::ev::Event;
use leptos::prelude::*;

type Options = Signal<Vec<(String, String)>>;

/// A field with its label, its meaning, what counts where it is empty, and what is wrong with it.
#[component]
pub fn Leaf(
    form: Form,
    path: Path,
    field: &'static Field,
    #[prop(optional)] label: &'static str,
    #[prop(optional)] hint: &'static str,
    /// Id of the list of values to pick from.
    #[prop(optional, into)]
    list: Option<Signal<String>>,
    /// It is there because somebody added it, and can be taken out again.
    #[prop(optional)]
    removable: bool,
) -> impl IntoView {
    let id = path.to_string();
    let label = if label.is_empty() { title(field.key) } else { label.to_owned() };
    let hint = if hint.is_empty() { meaning(field) } else { hint.to_owned() };
    let aside = match (field.default, field.need) {
        ("", Need::Always) => "required".to_owned(),
        ("", _) => String::new(),
        (default, _) => format!("default {default}"),
    };
    view! {
        <div class="field leaf">
            <label for=format!("f-{id}")>{label} <small>{aside}</small></label>
            {removable.then(|| view! { <Remove form path=path.clone() /> })}
            <Control form path=path.clone() kind=leaf_kind(field) list removable />
            <Wrong lines=form.work.wrong(&path, true) id=format!("e-{id}") />
            <p class="hint" id=format!("h-{id}")>
                {hint}
            </p>
        </div>
    }
}

/// Of a cache given as a bare word the word is what is edited.
fn leaf_kind(field: &'static Field) -> &'static Kind {
    match &field.kind {
        Kind::Either([Kind::Object(_), word]) => word,
        kind => kind,
    }
}

/// The control alone. What is typed stays as typed for as long as it means what the config says.
#[component]
pub fn Control(
    form: Form,
    path: Path,
    kind: &'static Kind,
    list: Option<Signal<String>>,
    #[prop(optional)] removable: bool,
    /// Where no label stands beside it.
    #[prop(optional, into)]
    label: Option<Signal<String>>,
) -> impl IntoView {
    let id = path.to_string();
    let value = form.work.at(path.clone());
    let typed = RwSignal::new(String::new());
    let shown = Memo::new(move |_| {
        let typed = typed.get();
        match value.get() {
            None if typed.trim().is_empty() => typed,
            None => String::new(),
            Some(value) if value_of(kind, &typed).as_ref() == Some(&value) => typed,
            Some(value) => text_of(kind, &value),
        }
    });
    let place = path.clone();
    let write = Callback::new(move |text: String| {
        // A field that was added stays while nothing is in it.
        let value = value_of(kind, &text).or_else(|| removable.then(|| String::new().into()));
        typed.set(text);
        form.work.set(&place, value);
    });
    let wrong = form.work.wrong(&path, true);
    let invalid = move || wrong.with(|wrong| !wrong.is_empty()).then_some("true");
    let described = format!("e-{id} h-{id}");
    let name = move || label.map(|label| label.get());
    let id = format!("f-{id}");
    match kind {
        Kind::Flag | Kind::Words(_) => {
            let words: Vec<&str> = if let Kind::Words(words) = kind { words.to_vec() } else { vec!["true", "false"] };
            let words = words.into_iter().map(|word| (word.to_owned(), word.to_owned()));
            let options = std::iter::once((String::new(), "–".to_owned())).chain(words).collect::<Vec<_>>();
            view! { <Choice id value=Signal::derive(move || shown.get()) options=Signal::stored(options) on=write /> }
                .into_any()
        }
        Kind::Text(_)
        | Kind::Whole { .. }
        | Kind::Number { .. }
        | Kind::List { of: Kind::Whole { .. } | Kind::Text(_), .. } => {
            let figure = matches!(kind, Kind::Whole { .. } | Kind::Number { .. });
            view! {
                <input
                    class="input sm"
                    id=id
                    type="text"
                    inputmode=figure.then_some("decimal")
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    list=move || list.map(|list| list.get())
                    aria-label=name
                    aria-invalid=invalid
                    aria-describedby=described
                    prop:value=move || shown.get()
                    value=shown.get_untracked()
                    on:input=move |event| write.run(event_target_value(&event))
                />
            }
            .into_any()
        }
        _ => sheet((id, described), shown, wrong, write),
    }
}

/// For what is written as JSON.
fn sheet(
    (id, described): (String, String),
    shown: Memo<String>,
    wrong: Memo<Vec<String>>,
    write: Callback<String>,
) -> AnyView {
    view! {
        <textarea
            class="input mono"
            id=id
            rows="2"
            spellcheck="false"
            aria-invalid=move || wrong.with(|wrong| !wrong.is_empty()).then_some("true")
            aria-describedby=described
            prop:value=move || shown.get()
            on:input=move |event| write.run(event_target_value(&event))
        >
            {shown.with_untracked(|text| escaped(text))}
        </textarea>
    }
    .into_any()
}

/// One of several. A value that is none of them is shown too, since it is what the config says.
#[component]
pub fn Choice(
    id: String,
    value: Signal<String>,
    #[prop(into)] options: Options,
    on: Callback<String>,
    #[prop(default = "input sm")] class: &'static str,
    #[prop(optional, into)] label: Option<String>,
) -> impl IntoView {
    let strange = move || value.with(|value| options.with(|options| options.iter().all(|(known, _)| known != value)));
    let all = Memo::new(move |_| {
        let own = strange().then(|| (value.get(), value.get()));
        own.into_iter().chain(options.get()).collect::<Vec<_>>()
    });
    let option = move |(word, words): (String, String)| {
        let chosen = value.with_untracked(|value| *value == word);
        view! {
            <option value=word selected=chosen>
                {words}
            </option>
        }
    };
    let choose = move |event: Event| {
        let word = event_target_value(&event);
        if value.get_untracked() != word {
            on.run(word);
        }
    };
    // Made anew where its options change: a browser keeps the place that was chosen, not the value.
    move || {
        let options = all.get().into_iter().map(option).collect_view();
        view! {
            <select class=class id=id.clone() aria-label=label.clone() prop:value=move || value.get() on:change=choose>
                {options}
            </select>
        }
    }
}

/// What is wrong at a place.
#[component]
pub fn Wrong(lines: Memo<Vec<String>>, id: String) -> impl IntoView {
    let line = |text: String| {
        view! {
            <span class="error">
                <Icon icon=LuCircleAlert />
                <span>{text}</span>
            </span>
        }
    };
    view! {
        <div id=id class="wrong">
            {move || lines.get().into_iter().map(line).collect_view()}
        </div>
    }
}
