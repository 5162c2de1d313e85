//! What people were told lately, and what became of the telling.

use crate::model::alert::{AlertRow, Alerts, Crossed, SendRow};
use crate::parts::badge::{Lamp, State};
use crate::parts::time::Time;
use leptos::prelude::*;

#[component]
pub fn AlertList(alerts: Alerts) -> impl IntoView {
    let Alerts { rows, ways } = alerts;
    let ways = match ways.as_slice() {
        [] => "Shown here alone. Add [alerts] to the set-up file to have them sent by webhook or mail.".to_owned(),
        ways => format!("Also sent by {}.", ways.join(" and ")),
    };
    let list = match rows.is_empty() {
        true => view! { <p class="body soft">"None yet. One is told when a budget passes its alert, and when it is used up."</p> }
            .into_any(),
        false => view! { <ul class="told">{rows.into_iter().map(|alert| view! { <Alert alert /> }).collect_view()}</ul> }.into_any(),
    };
    view! {
        <section class="card" aria-labelledby="alerts">
            <header>
                <h2 id="alerts">"Alerts"</h2>
                <p>{ways}</p>
            </header>
            {list}
        </section>
    }
}

#[component]
fn Alert(alert: AlertRow) -> impl IntoView {
    let AlertRow { crossed, text, at, sends, .. } = alert;
    let (lamp, word) = match crossed {
        Crossed::Threshold => (Lamp::Warn, "Past its alert"),
        Crossed::Exhausted => (Lamp::Bad, "Used up"),
    };
    let sends = sends.into_iter().map(|send| view! { <Sent send /> }).collect_view();
    view! {
        <li>
            <State lamp text=word />
            <p>{text}</p>
            <span class="ways">{sends}</span>
            <span class="muted">
                <Time at />
            </span>
        </li>
    }
}

#[component]
fn Sent(send: SendRow) -> impl IntoView {
    let SendRow { way, tries, sent_at, next_at, error } = send;
    let (class, text) = match (sent_at, next_at) {
        (Some(_), _) => ("badge", format!("sent by {way}")),
        (None, Some(_)) if tries == 0 => ("badge", format!("on its way by {way}")),
        (None, Some(_)) => ("badge warn", format!("{way} failed {tries} times, tried again")),
        (None, None) => ("badge bad", format!("{way} given up")),
    };
    view! {
        <span class=class title=error.unwrap_or_default()>
            {text}
        </span>
    }
}
