//! Bodies and headers as they were kept.

use super::tint::tinted;
use crate::model::log::LogDetail;
use crate::parts::copy::Copy;
use leptos::prelude::*;

/// Request, what was sent upstream where it differs, and response.
pub fn bodies(detail: &LogDetail) -> AnyView {
    let sent = detail.sent_body.as_deref().map(|text| ("Sent upstream", text, "the sent body"));
    let request = detail.request_body.as_deref().map(|text| ("Request", text, "the request"));
    let response = detail.response_body.as_deref().map(|text| ("Response", text, "the response"));
    let bodies: Vec<_> = [request, sent, response].into_iter().flatten().collect();
    if bodies.is_empty() {
        return view! { <p class="muted block">"No body was kept of this call."</p> }.into_any();
    }
    let same = (detail.sent_body.is_none() && !detail.attempts.is_empty())
        .then(|| view! { <p class="muted">"What went upstream is the request, byte for byte."</p> });
    view! {
        <div class="sheets">
            {bodies.into_iter().map(|(title, text, what)| sheet(title.to_owned(), size(text), text, what)).collect_view()}
            {same}
        </div>
    }
    .into_any()
}

/// Headers of both sides; every credential was masked before they were kept.
pub fn headers(detail: &LogDetail) -> impl IntoView + use<> {
    view! {
        {table("Request", &detail.request_headers)}
        {table("Response", &detail.response_headers)}
        <p class="muted">"Credentials are masked before a call is logged."</p>
    }
}

/// Text to read and take along.
pub fn sheet(title: String, aside: String, text: &str, what: &'static str) -> impl IntoView + use<> {
    let label = title.clone();
    view! {
        <div class="code sheet">
            <div class="head">
                <b class="mono">{title}</b>
                <span class="muted trim">{aside}</span>
                <Copy text=text.to_owned() what quiet=true />
            </div>
            <pre tabindex="0" aria-label=label role="group">
                <code>{tinted(text)}</code>
            </pre>
        </div>
    }
}

fn table(title: &'static str, pairs: &[(String, String)]) -> impl IntoView + use<> {
    let lines = pairs.iter().cloned().map(|(name, value)| {
        view! {
            <dt class="mono">{name}</dt>
            <dd class="mono">{value}</dd>
        }
    });
    let none = pairs.is_empty().then(|| view! { <p class="muted">"None were kept."</p> });
    view! {
        <section class="block">
            <h3>{title}</h3>
            {none}
            <dl class="pairs">{lines.collect_view()}</dl>
        </section>
    }
}

fn size(text: &str) -> String {
    match text.len() {
        bytes @ ..1_024 => format!("{bytes} B"),
        bytes => format!("{} kB", bytes / 1_024),
    }
}
