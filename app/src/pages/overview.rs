use crate::parts::page::Page;
use leptos::prelude::*;

#[component]
pub fn Overview() -> impl IntoView {
    view! { <Page title="Overview">""</Page> }
}
