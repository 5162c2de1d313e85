//! Icons: Lucide at 16 px with a stroke of 1.75, and the two drawings of our own.

use icondata_core::Icon as IconData;
use leptos::prelude::*;

/// Ornament beside words; a control of icons alone names itself by `aria-label`.
#[component]
pub fn Icon(icon: IconData, #[prop(optional, into)] class: &'static str) -> impl IntoView {
    view! { <svg class=format!("i {class}") viewBox="0 0 24 24" aria-hidden="true" inner_html=icon.data></svg> }
}

/// A line that leaves another at 45°: routes, and what is done to them.
pub const POINTS: IconData = &icondata_core::IconData {
    style: None,
    x: None,
    y: None,
    width: None,
    height: None,
    view_box: None,
    stroke_linecap: None,
    stroke_linejoin: None,
    stroke_width: None,
    stroke: None,
    fill: None,
    data: r#"<path d="M2 17h5l9-9h6"/><path d="M13.5 17H22"/>"#,
};

#[component]
pub fn Points() -> impl IntoView {
    view! { <Icon icon=POINTS /> }
}

/// The mark of the program.
#[component]
pub fn Mark() -> impl IntoView {
    view! {
        <svg class="mark" viewBox="0 0 24 24" aria-hidden="true">
            <rect class="plate" width="24" height="24" rx="6" />
            <path class="straight" d="M12.5 16.25H20" />
            <path class="turn" d="M4 16.25h4L16.25 8H20" />
        </svg>
    }
}
