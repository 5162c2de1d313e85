//! Server functions, one line each.

use crate::failure::Failure;
use crate::model::range::Range;
use crate::model::{
    account, alert, analytics, config, key, limit, log, models, playground, provider, recompute, reference, trace,
    transfer, usage,
};
use leptos::prelude::*;
use leptos::server_fn::codec::Json;

#[cfg(feature = "ssr")]
use crate::backend::{door, session};
#[cfg(feature = "ssr")]
use crate::pages::configs::trial::tell;
#[cfg(feature = "ssr")]
use crate::pages::logs::url::encoded;

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
pub async fn mint_key(form: key::KeyForm) -> Result<key::MintedKey, Failure> {
    let typed = form.typed();
    session().await?.mint_key(form).await.map_err(|failure| failure.keeping(typed))
}

#[server]
pub async fn edit_key(form: key::KeyForm) -> Result<(), Failure> {
    let typed = form.typed();
    let edited = session().await?.edit_key(form).await.map_err(|failure| failure.keeping(typed));
    edited.inspect(|()| leptos_axum::redirect("/keys"))
}

#[server]
pub async fn renew_key(id: String, overlap: u32) -> Result<key::MintedKey, Failure> {
    session().await?.renew_key(id, overlap).await.inspect(|_| leptos_axum::redirect("/keys"))
}

#[server]
pub async fn end_secret(id: String, mark: String) -> Result<(), Failure> {
    session().await?.end_secret(id, mark).await.inspect(|()| leptos_axum::redirect("/keys"))
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
pub async fn edit_provider(form: provider::EditedProvider) -> Result<(), Failure> {
    let typed = [("base_url", form.base_url.clone())];
    let edited = session().await?.edit_provider(form).await.map_err(|failure| failure.keeping(typed));
    edited.inspect(|()| leptos_axum::redirect("/providers"))
}

#[server]
pub async fn test_provider(id: String) -> Result<String, Failure> {
    let tested = session().await?.test_provider(id).await;
    tested.inspect(|slug| leptos_axum::redirect(&format!("/providers?tested={slug}")))
}

#[server]
pub async fn test_providers() -> Result<(), Failure> {
    session().await?.test_providers().await.inspect(|()| leptos_axum::redirect("/providers"))
}

#[server(input = Json)]
pub async fn models(query: models::ModelQuery) -> Result<models::ModelPage, Failure> {
    session().await?.models(query).await
}

/// `back`: the list that was looked at, `/models?…`.
#[server]
pub async fn switch_model(provider: String, model: String, on: bool, back: String) -> Result<(), Failure> {
    session().await?.switch_model(provider, model, on).await.inspect(|()| to_models(&back))
}

#[server]
pub async fn add_model(form: models::NewModel) -> Result<(), Failure> {
    let typed = [
        ("provider", form.provider.clone()),
        ("model", form.model.clone()),
        ("context", form.context.clone()),
        ("input", form.input.clone()),
        ("cached", form.cached.clone()),
        ("output", form.output.clone()),
    ];
    let back = format!("/models?find={}", encoded(form.model.trim()));
    session().await?.add_model(form).await.map_err(|failure| failure.keeping(typed)).inspect(|()| to_models(&back))
}

#[server]
pub async fn remove_model(provider: String, model: String) -> Result<(), Failure> {
    session().await?.remove_model(provider, model).await.inspect(|()| to_models("/models"))
}

#[server]
pub async fn set_price(form: models::NewPrice, back: String) -> Result<(), Failure> {
    let typed = [
        ("input", form.input.clone()),
        ("cached", form.cached.clone()),
        ("output", form.output.clone()),
        ("from", form.from.clone()),
    ];
    session().await?.set_price(form).await.map_err(|failure| failure.keeping(typed)).inspect(|()| to_models(&back))
}

#[server(input = Json)]
pub async fn recompute_preview(form: recompute::RecomputeForm) -> Result<recompute::Recompute, Failure> {
    session().await?.recompute_preview(form).await
}

#[server]
pub async fn recompute(form: recompute::RecomputeForm) -> Result<(), Failure> {
    let recompute::Recompute { form, all, .. } = session().await?.recompute(form).await?;
    let asked = format!("from={}&to={}&by={}", form.from, form.to, form.by.word());
    leptos_axum::redirect(&format!("/models/recompute?{asked}&done={}", all.changed));
    Ok(())
}

/// Back to the list of models, and nowhere else.
#[cfg(feature = "ssr")]
fn to_models(back: &str) {
    let ours = back.starts_with("/models?") && back.bytes().all(|byte| byte.is_ascii_graphic());
    leptos_axum::redirect(if ours { back } else { "/models" });
}

#[server]
pub async fn remove_provider(id: String) -> Result<(), Failure> {
    session().await?.remove_provider(id).await.inspect(|()| leptos_axum::redirect("/providers"))
}

#[server]
pub async fn transfer() -> Result<transfer::Transfer, Failure> {
    session().await?.transfer().await
}

#[server]
pub async fn apply_import() -> Result<(), Failure> {
    session().await?.apply_import().await.inspect(|()| leptos_axum::redirect("/settings/transfer"))
}

#[server]
pub async fn drop_import() -> Result<(), Failure> {
    session().await?.drop_import().await.inspect(|()| leptos_axum::redirect("/settings/transfer"))
}

#[server]
pub async fn reference() -> Result<reference::Reference, Failure> {
    session().await?.reference().await
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

#[server]
pub async fn limits() -> Result<limit::Limits, Failure> {
    session().await?.limits().await
}

#[server]
pub async fn put_limit(form: limit::LimitForm) -> Result<(), Failure> {
    let typed = form.typed();
    let put = session().await?.put_limit(form.chosen()).await.map_err(|failure| failure.keeping(typed));
    put.inspect(|()| leptos_axum::redirect("/budgets"))
}

#[server]
pub async fn remove_limit(id: String) -> Result<(), Failure> {
    session().await?.remove_limit(id).await.inspect(|()| leptos_axum::redirect("/budgets"))
}

#[server]
pub async fn reset_limit(id: String, group: String) -> Result<(), Failure> {
    let group = Some(group).filter(|group| !group.is_empty());
    session().await?.reset_limit(id, group).await.inspect(|()| leptos_axum::redirect("/budgets"))
}

#[server]
pub async fn release_unsettled(id: String, group: String) -> Result<(), Failure> {
    session().await?.release_unsettled(id, group).await.inspect(|()| leptos_axum::redirect("/budgets"))
}

#[server]
pub async fn alerts() -> Result<alert::Alerts, Failure> {
    session().await?.alerts().await
}

#[server(input = Json)]
pub async fn overview(range: Range) -> Result<usage::Overview, Failure> {
    session().await?.overview(range).await
}

#[server(input = Json)]
pub async fn analytics(query: analytics::AnalyticsQuery) -> Result<analytics::Analytics, Failure> {
    session().await?.analytics(query).await
}
