//! Server functions, one line each.

use crate::failure::Failure;
use crate::model::range::Range;
use crate::model::{account, analytics, config, key, log, playground, provider, trace, usage};
use leptos::prelude::*;
use leptos::server_fn::codec::Json;

#[cfg(feature = "ssr")]
use crate::backend::{door, session};
#[cfg(feature = "ssr")]
use crate::pages::configs::trial::tell;

#[server]
pub async fn doorway() -> Result<account::Doorway, Failure> {
    door()?.doorway().await
}

/// Who is signed in; `None` for a visitor.
#[server]
pub async fn who() -> Result<Option<account::Person>, Failure> {
    Ok(session().await.ok().map(|session| session.who()))
}

#[server]
pub async fn sign_up(form: account::SignUp) -> Result<(), Failure> {
    let typed = [("email", form.email.clone())];
    door()?
        .sign_up(form)
        .await
        .map_err(|failure| failure.keeping(typed))
        .inspect(|()| leptos_axum::redirect("/first-steps"))
}

#[server]
pub async fn sign_in(form: account::SignIn) -> Result<(), Failure> {
    let typed = [("email", form.email.clone())];
    door()?.sign_in(form).await.map_err(|failure| failure.keeping(typed)).inspect(|()| leptos_axum::redirect("/"))
}

#[server]
pub async fn sign_out() -> Result<(), Failure> {
    door()?.sign_out().await.inspect(|()| leptos_axum::redirect("/sign-in"))
}

#[server]
pub async fn members() -> Result<account::Members, Failure> {
    session().await?.members().await
}

#[server]
pub async fn invite(role: account::Role) -> Result<account::InviteLink, Failure> {
    session().await?.invite(role).await.inspect(|_| leptos_axum::redirect("/members"))
}

#[server]
pub async fn withdraw_invite(id: String) -> Result<(), Failure> {
    session().await?.withdraw_invite(id).await.inspect(|()| leptos_axum::redirect("/members"))
}

#[server]
pub async fn first_steps() -> Result<account::FirstSteps, Failure> {
    session().await?.first_steps().await
}

#[server]
pub async fn send_first_call() -> Result<String, Failure> {
    session().await?.send_first_call().await
}

#[server]
pub async fn keys() -> Result<key::Keys, Failure> {
    session().await?.keys().await
}

#[server]
pub async fn mint_key(form: key::NewKey) -> Result<key::MintedKey, Failure> {
    session().await?.mint_key(form).await
}

#[server]
pub async fn revoke_key(id: String) -> Result<(), Failure> {
    session().await?.revoke_key(id).await.inspect(|()| leptos_axum::redirect("/keys"))
}

#[server]
pub async fn providers() -> Result<provider::Providers, Failure> {
    session().await?.providers().await
}

#[server]
pub async fn add_provider(form: provider::NewProvider) -> Result<(), Failure> {
    let typed = [("slug", form.slug.clone()), ("base_url", form.base_url.clone())];
    let added = session().await?.add_provider(form).await.map_err(|failure| failure.keeping(typed));
    added.inspect(|()| leptos_axum::redirect("/providers"))
}

#[server]
pub async fn remove_provider(id: String) -> Result<(), Failure> {
    session().await?.remove_provider(id).await.inspect(|()| leptos_axum::redirect("/providers"))
}

#[server]
pub async fn configs() -> Result<Vec<config::ConfigRow>, Failure> {
    session().await?.configs().await
}

#[server]
pub async fn config(slug: String) -> Result<config::ConfigDetail, Failure> {
    session().await?.config(slug).await
}

#[server]
pub async fn config_version(slug: String, number: i64) -> Result<String, Failure> {
    session().await?.config_version(slug, number).await
}

#[server]
pub async fn new_config(name: String, body: String) -> Result<String, Failure> {
    let made = session().await?.new_config(name, body).await;
    made.inspect(|slug| leptos_axum::redirect(&format!("/configs/{slug}")))
}

#[server]
pub async fn save_draft(slug: String, body: String, seen: i64) -> Result<config::Saved, Failure> {
    session().await?.save_draft(slug, body, seen).await
}

#[server]
pub async fn discard_draft(slug: String) -> Result<(), Failure> {
    let editor = format!("/configs/{slug}");
    session().await?.discard_draft(slug).await.inspect(|()| leptos_axum::redirect(&editor))
}

#[server]
pub async fn publish(slug: String, note: String, seen: i64) -> Result<i64, Failure> {
    let versions = format!("/configs/{slug}/versions");
    let live = session().await?.publish(slug, note, seen).await?.settled();
    live.inspect(|number| leptos_axum::redirect(&format!("{versions}?live={number}")))
}

#[server]
pub async fn roll_back(slug: String, number: i64) -> Result<i64, Failure> {
    let versions = format!("/configs/{slug}/versions");
    let live = session().await?.roll_back(slug, number).await;
    live.inspect(|number| leptos_axum::redirect(&format!("{versions}?live={number}")))
}

#[server]
pub async fn rename_config(slug: String, name: String) -> Result<(), Failure> {
    let editor = format!("/configs/{slug}");
    session().await?.rename_config(slug, name).await.inspect(|()| leptos_axum::redirect(&editor))
}

#[server]
pub async fn remove_config(slug: String) -> Result<(), Failure> {
    session().await?.remove_config(slug).await.inspect(|()| leptos_axum::redirect("/configs"))
}

#[server(input = Json)]
pub async fn try_config(trial: config::Trial) -> Result<config::Told, Failure> {
    session().await?.try_config(trial).await.map(tell)
}

#[server(input = Json)]
pub async fn logs(query: log::LogQuery) -> Result<log::LogPage, Failure> {
    session().await?.logs(query).await
}

#[server(input = Json)]
pub async fn log(id: String, query: log::LogQuery) -> Result<log::LogDetail, Failure> {
    session().await?.log(id, query).await
}

#[server(input = Json)]
pub async fn newer_logs(id: String, query: log::LogQuery) -> Result<u64, Failure> {
    session().await?.newer_logs(id, query).await
}

#[server(input = Json)]
pub async fn traces(query: trace::TraceQuery) -> Result<trace::TracePage, Failure> {
    session().await?.traces(query).await
}

#[server]
pub async fn trace(id: String) -> Result<trace::TraceDetail, Failure> {
    session().await?.trace(id).await
}

#[server]
pub async fn playground(log: Option<String>, model: Option<String>) -> Result<playground::Board, Failure> {
    session().await?.playground(log, model).await
}

/// Sent by a plain form, which is led on to the call's log in the playground.
#[server]
pub async fn run_sheet(form: playground::Sheet) -> Result<String, Failure> {
    let typed = [("sheet", serde_json::to_string(&form).unwrap_or_default())];
    let run = session().await?.run_sheet(form).await.map_err(|failure| failure.keeping(typed));
    run.inspect(|id| leptos_axum::redirect(&format!("/playground?log={id}")))
}

#[server(input = Json)]
pub async fn overview(range: Range) -> Result<usage::Overview, Failure> {
    session().await?.overview(range).await
}

#[server(input = Json)]
pub async fn analytics(query: analytics::AnalyticsQuery) -> Result<analytics::Analytics, Failure> {
    session().await?.analytics(query).await
}
