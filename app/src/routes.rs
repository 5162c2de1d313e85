//! Every page and its path.

use crate::pages::analytics::Analytics;
use crate::pages::budgets::Budgets;
use crate::pages::configs::Configs;
use crate::pages::configs::editor::Editor;
use crate::pages::configs::new::NewConfig;
use crate::pages::configs::versions::Versions;
use crate::pages::first_steps::FirstSteps;
use crate::pages::keys::Keys;
use crate::pages::log::Log;
use crate::pages::logs::Logs;
use crate::pages::members::Members;
use crate::pages::missing::Missing;
use crate::pages::models::Models;
use crate::pages::models::recompute::Recompute;
use crate::pages::overview::Overview;
use crate::pages::playground::Playground;
use crate::pages::providers::Providers;
use crate::pages::reference::Reference;
use crate::pages::sign_in::SignIn;
use crate::pages::sign_up::SignUp;
use crate::pages::traces::{NoTrace, Trace, Traces};
use crate::pages::transfer::Transfer;
use crate::parts::frame::Frame;
use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::{ParentRoute, Route, Router, Routes};
use leptos_router::{SsrMode, path};

/// The whole console. Pages are rendered in full, so that they work without scripts; the three that read long histories
/// leave from the top down, so that the browser is at work on their frame while the rest is read.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Title formatter=|page: String| if page.is_empty() { "Switchyard".into() } else { page + " · Switchyard" } />
        <Router>
            <Routes fallback=Missing>
                <Route path=path!("/sign-in") view=SignIn ssr=SsrMode::Async />
                <Route path=path!("/sign-up") view=SignUp ssr=SsrMode::Async />
                <ParentRoute path=path!("") view=Frame ssr=SsrMode::InOrder>
                    <Route path=path!("/") view=Overview ssr=SsrMode::InOrder />
                    <ParentRoute path=path!("/logs") view=Logs ssr=SsrMode::InOrder>
                        <Route path=path!("") view=|| () ssr=SsrMode::InOrder />
                        <Route path=path!(":id") view=Log ssr=SsrMode::Async />
                    </ParentRoute>
                    <ParentRoute path=path!("/traces") view=Traces ssr=SsrMode::Async>
                        <Route path=path!("") view=NoTrace ssr=SsrMode::Async />
                        <Route path=path!(":id") view=Trace ssr=SsrMode::Async />
                    </ParentRoute>
                    <Route path=path!("/analytics") view=Analytics ssr=SsrMode::InOrder />
                    <Route path=path!("/configs") view=Configs ssr=SsrMode::Async />
                    <Route path=path!("/configs/new") view=NewConfig ssr=SsrMode::Async />
                    <Route path=path!("/configs/:slug") view=Editor ssr=SsrMode::Async />
                    <Route path=path!("/configs/:slug/versions") view=Versions ssr=SsrMode::Async />
                    <Route path=path!("/providers") view=Providers ssr=SsrMode::Async />
                    <Route path=path!("/models") view=Models ssr=SsrMode::Async />
                    <Route path=path!("/models/recompute") view=Recompute ssr=SsrMode::Async />
                    <Route path=path!("/keys") view=Keys ssr=SsrMode::Async />
                    <Route path=path!("/playground") view=Playground ssr=SsrMode::Async />
                    <Route path=path!("/budgets") view=Budgets ssr=SsrMode::Async />
                    <Route path=path!("/members") view=Members ssr=SsrMode::Async />
                    <Route path=path!("/settings/transfer") view=Transfer ssr=SsrMode::Async />
                    <Route path=path!("/reference") view=Reference ssr=SsrMode::Async />
                    <Route path=path!("/first-steps") view=FirstSteps ssr=SsrMode::Async />
                </ParentRoute>
                <Route path=path!("/*any") view=Missing ssr=SsrMode::Async />
            </Routes>
        </Router>
    }
}
