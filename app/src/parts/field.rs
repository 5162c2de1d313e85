//! Fields of forms: one label, one hint, one error.

use crate::failure::Failure;
use crate::parts::icon::Icon;
use icondata_lu::LuCircleAlert;
use leptos::prelude::*;

/// What a field says of itself to its control.
#[derive(Clone, Copy)]
pub struct Voice {
    pub id: &'static str,
    failure: Signal<Option<Failure>>,
    name: &'static str,
    hinted: bool,
}

impl Voice {
    /// What to do about the field, where the server refused it.
    fn error(self) -> Option<String> {
        self.failure.with(|failure| failure.as_ref().and_then(|failure| failure.of(self.name)))
    }

    /// What was typed before.
    pub fn typed(self) -> Option<String> {
        self.failure.with(|failure| failure.as_ref().and_then(|failure| failure.typed(self.name)))
    }

    /// For `aria-invalid`.
    pub fn invalid(self) -> Option<&'static str> {
        self.error().map(|_| "true")
    }

    /// For `aria-describedby`.
    pub fn described_by(self) -> Option<String> {
        let hint = self.hinted.then(|| format!("{}-hint", self.id));
        let error = self.error().map(|_| format!("{}-error", self.id));
        match (hint, error) {
            (Some(hint), Some(error)) => Some(format!("{error} {hint}")),
            (hint, error) => error.or(hint),
        }
    }
}

/// A labelled control of any kind; `control` is told how to describe itself. `name` is the field's name in a
/// [`Failure`]; the control's `name` is `form[…]`, as the server functions take one struct.
#[component]
pub fn Field<Control, View>(
    name: &'static str,
    label: &'static str,
    #[prop(optional)] hint: &'static str,
    /// Said beside the label, such as `optional`.
    #[prop(optional)]
    aside: &'static str,
    failure: Signal<Option<Failure>>,
    control: Control,
) -> impl IntoView
where
    Control: FnOnce(Voice) -> View + 'static,
    View: IntoView + 'static,
{
    let voice = Voice { id: name, failure, name, hinted: !hint.is_empty() };
    view! {
        <div class="field">
            <label for=name>
                {label} {(!aside.is_empty()).then(|| view! { <small>{aside}</small> })}
            </label>
            {control(voice)}
            {move || {
                voice
                    .error()
                    .map(|text| {
                        view! {
                            <p class="error" id=format!("{name}-error") role="alert">
                                <Icon icon=LuCircleAlert />
                                {text}
                            </p>
                        }
                    })
            }}
            {(!hint.is_empty())
                .then(|| {
                    view! {
                        <p class="hint" id=format!("{name}-hint")>
                            {hint}
                        </p>
                    }
                })}
        </div>
    }
}

/// A box to tick; what was ticked before a refusal stays so.
#[component]
pub fn Tick(
    /// The control's own, such as `form[open]`.
    #[prop(into)]
    name: String,
    #[prop(default = "true".to_owned(), into)] value: String,
    #[prop(into)] checked: Signal<bool>,
    children: Children,
) -> impl IntoView {
    view! {
        <label class="check">
            <input type="checkbox" name=name value=value checked=move || checked.get() />
            <span>{children()}</span>
        </label>
    }
}

/// A field of one line.
#[component]
pub fn TextField(
    name: &'static str,
    label: &'static str,
    #[prop(optional)] hint: &'static str,
    #[prop(optional)] aside: &'static str,
    failure: Signal<Option<Failure>>,
    #[prop(default = "text")] kind: &'static str,
    #[prop(default = "off")] autocomplete: &'static str,
    #[prop(optional, into)] value: String,
    #[prop(optional, into)] placeholder: String,
    #[prop(optional)] required: bool,
    /// The first field of a form takes the focus.
    #[prop(optional)]
    first: bool,
) -> impl IntoView {
    let control = move |voice: Voice| {
        view! {
            <input
                class="input"
                id=voice.id
                name=format!("form[{name}]")
                type=kind
                autocomplete=autocomplete
                autocapitalize="none"
                spellcheck="false"
                value=move || voice.typed().unwrap_or_else(|| value.clone())
                placeholder=placeholder
                required=required
                autofocus=first
                aria-invalid=move || voice.invalid()
                aria-describedby=move || voice.described_by()
            />
        }
    };
    view! { <Field name label hint aside failure control /> }
}

/// A field of several lines.
#[component]
pub fn AreaField(
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    placeholder: &'static str,
    failure: Signal<Option<Failure>>,
    #[prop(into)] value: String,
) -> impl IntoView {
    let control = move |voice: Voice| {
        let text = Signal::derive(move || voice.typed().unwrap_or_else(|| value.clone()));
        view! {
            <textarea
                class="input mono"
                id=voice.id
                name=format!("form[{name}]")
                rows="2"
                spellcheck="false"
                autocapitalize="none"
                placeholder=placeholder
                prop:value=move || text.get()
                aria-invalid=move || voice.invalid()
                aria-describedby=move || voice.described_by()
            >
                {text.with_untracked(|text| escaped(text))}
            </textarea>
        }
    };
    view! { <Field name label aside="optional" hint failure control /> }
}

/// The text as it stands in the HTML of a text area, whose contents are not escaped by themselves; the browser's half sets
/// the value instead.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// Sends the form; says that it is on its way.
#[component]
pub fn Submit(
    label: &'static str,
    #[prop(into)] pending: Signal<bool>,
    #[prop(default = "btn primary")] class: &'static str,
) -> impl IntoView {
    view! {
        <button type="submit" class=class aria-busy=move || pending.get().then_some("true")>
            {label}
        </button>
    }
}
