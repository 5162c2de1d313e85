//! The one router: what answers which address, and through which layers.

use crate::auth;
use crate::auth::csrf::Fence;
use crate::desk::Visitor;
use crate::house::Shared;
use crate::{admin, assets, gateway};
use app::backend::Backend;
use app::{App, shell};
use axum::Router;
use axum::extract::{ConnectInfo, Form, Request};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use http::header::{self, HeaderName, HeaderValue};
use http::{StatusCode, request};
use leptos::config::LeptosOptions;
use leptos::prelude::{expect_context, provide_context};
use leptos_axum::{LeptosRoutes, generate_route_list};
use serde::Deserialize;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, LazyLock};
use tokio::net::TcpListener;
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;

/// Every route of the program.
pub fn router(house: &Shared) -> Router {
    Router::new()
        .merge(console(house))
        .nest("/v1", gateway::router(house))
        .nest("/pkg", assets::router())
        .route("/healthz", get(healthy))
        .route("/schema/config.json", get(schema))
        .route("/openapi.json", get(admin::openapi))
        .layer(fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(fixed(header::REFERRER_POLICY, "same-origin"))
        .layer(fixed(header::X_FRAME_OPTIONS, "DENY"))
        .layer(fixed(HeaderName::from_static("cross-origin-opener-policy"), "same-origin"))
}

/// Serves until `stop` resolves, then finishes what is in flight.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    house: &Shared,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let listener = listener.tap_io(|stream| {
        // Without it a small chunk would wait for the last one's acknowledgement.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
    });
    let service = router(house).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(stop).await
}

/// Pages and server functions.
fn console(house: &Shared) -> Router {
    let options = LeptosOptions::builder().output_name("app").build();
    let front = assets::front();
    let context = {
        let (house, front) = (Arc::clone(house), front);
        move || {
            provide_context(front.clone());
            let parts = expect_context::<request::Parts>();
            if let Some(visitor) = visitor(&house, &parts) {
                provide_context(Backend(Arc::new(visitor)));
            }
        }
    };
    let routes = generate_route_list(App);
    Router::new()
        .leptos_routes_with_context(&options, routes, context.clone(), shell)
        .fallback(leptos_axum::render_app_async_with_context(context, shell))
        .with_state(options)
        .route("/theme", post(theme))
        .layer(CompressionLayer::new())
        .layer(middleware::from_fn_with_state(Arc::new(Fence::new(&house.settings)), auth::csrf))
        .layer(house.sessions.clone())
        .layer(middleware::from_fn(fresh))
}

fn visitor(house: &Shared, parts: &request::Parts) -> Option<Visitor> {
    let session = parts.extensions.get::<tower_sessions::Session>()?.clone();
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip());
    let client = auth::client_ip(peer, &parts.headers, &house.settings.trusted_proxies);
    Some(Visitor { house: Arc::clone(house), session, client })
}

async fn healthy() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], r#"{"status":"ok"}"#)
}

/// The published schema of configs.
async fn schema() -> impl IntoResponse {
    static SCHEMA: LazyLock<String> = LazyLock::new(|| app::model::routing::field::schema().to_string());
    ([(header::CONTENT_TYPE, "application/schema+json")], SCHEMA.as_str())
}

#[derive(Deserialize)]
struct ThemeForm {
    theme: String,
    #[serde(default)]
    back: String,
}

/// Keeps the chosen theme in a cookie, so that the server renders it.
async fn theme(Form(form): Form<ThemeForm>) -> Response {
    let cookie = match form.theme.as_str() {
        chosen @ ("light" | "dark") => format!("theme={chosen}; Path=/; Max-Age=31536000; SameSite=Lax"),
        _ => "theme=; Path=/; Max-Age=0; SameSite=Lax".to_owned(),
    };
    let back = if form.back.starts_with('/') && !form.back.starts_with("//") && !form.back.contains('\\') {
        form.back
    } else {
        "/".into()
    };
    match HeaderValue::from_str(&cookie) {
        Ok(cookie) => ([(header::SET_COOKIE, cookie)], Redirect::to(&back)).into_response(),
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}

/// Pages are a person's own: no cache keeps them.
async fn fresh(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

fn fixed(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}
