//! Failures, told where they matter.

use crate::failure::Failure;
use crate::parts::icon::Icon;
use icondata_lu::LuCircleAlert;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_router::components::Redirect;

/// What went wrong at a form's last try; cleared by a new one.
pub fn failure_of<S>(action: ServerAction<S>) -> Signal<Option<Failure>>
where
    S: ServerFn<Error = Failure> + Clone + Send + Sync + 'static,
    S::Output: Clone + Send + Sync + 'static,
{
    Signal::derive(move || action.value().with(|value| value.as_ref().and_then(|value| value.as_ref().err().cloned())))
}

/// Changes whenever an act has succeeded, and only then: what was typed into a refused form stays.
pub fn success_of<S>(action: ServerAction<S>) -> Memo<usize>
where
    S: ServerFn<Error = Failure> + Clone + Send + Sync + 'static,
    S::Output: Clone + Send + Sync + 'static,
{
    Memo::new(move |before: Option<&usize>| {
        let version = action.version().get();
        let succeeded = action.value().with(|value| matches!(value, Some(Ok(_))));
        if succeeded { version } else { before.copied().unwrap_or_default() }
    })
}

/// A form's failure as a whole; what belongs to a field is told at the field.
#[component]
pub fn Problem(failure: Signal<Option<Failure>>) -> impl IntoView {
    let text = move || match failure.get() {
        Some(refused @ Failure::Refused(_)) => refused.of(""),
        other => other.map(|failure| failure.to_string()),
    };
    move || text().map(|text| view! { <Alert text=text /> })
}

/// What a page shows of the server's answer: its data, or what went wrong.
pub fn shown<T, View: IntoView + 'static>(answer: Result<T, Failure>, view: impl FnOnce(T) -> View) -> AnyView {
    match answer {
        Ok(data) => view(data).into_any(),
        Err(failure) => view! { <Failed failure /> }.into_any(),
    }
}

/// Stands where a page's data would be.
#[component]
fn Failed(failure: Failure) -> impl IntoView {
    match failure {
        Failure::SignedOut => view! { <Redirect path="/sign-in" /> }.into_any(),
        Failure::Missing(text) => {
            #[cfg(feature = "ssr")]
            if let Some(options) = use_context::<leptos_axum::ResponseOptions>() {
                options.set_status(http::StatusCode::NOT_FOUND);
            }
            view! { <Alert text /> }.into_any()
        }
        failure => view! { <Alert text=failure.to_string() /> }.into_any(),
    }
}

#[component]
pub fn Alert(text: String) -> impl IntoView {
    view! {
        <div class="alert bad" role="alert">
            <Icon icon=LuCircleAlert />
            <p>{text}</p>
        </div>
    }
}
