//! The one router: what answers which address, and through which layers.

mod accept;
mod files;
mod live;

use crate::auth;
use crate::auth::csrf::Fence;
use crate::desk::Visitor;
use crate::desk::analytics::csv;
use crate::house::Shared;
use crate::{admin, assets, gateway};
use app::backend::{Backend, Door};
use app::failure::Failure;
use app::{App, analytics_query, shell};
use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Form, RawQuery, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::future::RouteFuture;
use axum::routing::{get, post};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Either};
use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, Method, StatusCode, request};
use leptos::config::LeptosOptions;
use leptos::prelude::{expect_context, provide_context};
use leptos_axum::{LeptosRoutes, generate_route_list};
use leptos_router::SsrMode;
use serde::Deserialize;
use std::convert::Infallible;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};
use tokio::net::TcpListener;
use tower::Service;
use tower::util::MapResponseLayer;
use tower_http::compression::CompressionLayer;

/// Bytes of a form: a config may have 1 MiB, and three letters stand for each of its signs there.
const FORM_MOST: usize = 4 << 20;

/// Where every request comes in.
#[derive(Clone)]
pub struct Entry {
    house: Shared,
    router: Router,
    /// `None`: not over a connection of ours.
    peer: Option<SocketAddr>,
}

impl Entry {
    pub fn of(house: &Shared) -> Self {
        Self { house: Arc::clone(house), router: router(house), peer: None }
    }

    /// That of one connection.
    fn from(&self, peer: SocketAddr) -> Self {
        Self { peer: Some(peer), ..self.clone() }
    }
}

impl Service<Request> for Entry {
    type Response = Response;
    type Error = Infallible;
    type Future = Either<BoxFuture<'static, Result<Response, Infallible>>, RouteFuture<Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<Request>::poll_ready(&mut self.router, context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        // Who lets pages of other origins in has each answer say so, which is the router's.
        if gateway::is_call(&request) && self.house.settings.cors_origins.is_empty() {
            let house = Arc::clone(&self.house);
            return Either::Left(Box::pin(gateway::calls(house, request).map(|response| Ok(guarded(response)))));
        }
        if let Some(peer) = self.peer {
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        Either::Right(self.router.call(request))
    }
}

/// Every route of the program.
fn router(house: &Shared) -> Router {
    Router::new()
        .merge(console(house))
        .merge(gateway::router(house))
        .nest("/pkg", assets::router())
        .route("/healthz", get(healthy))
        .route("/schema/config.json", get(schema))
        .route("/openapi.json", get(admin::openapi))
        .layer(MapResponseLayer::new(guarded))
}

/// Serves until `stop` resolves, then finishes what is in flight.
pub async fn serve(house: &Shared, listener: TcpListener, stop: impl Future<Output = ()>) {
    accept::serve(Entry::of(house), listener, stop).await;
}

/// Pages and server functions.
fn console(house: &Shared) -> Router {
    let options = LeptosOptions::builder().output_name("app").build();
    let secure = house.settings.secure();
    let files = Arc::clone(house);
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
    let streamed = routes.iter().filter(|route| *route.mode() == SsrMode::InOrder).map(|route| route.path().to_owned());
    let streamed = (Arc::clone(house), streamed.collect::<Arc<[String]>>());
    Router::new()
        .leptos_routes_with_context(&options, routes, context.clone(), shell)
        .fallback(leptos_axum::render_app_async_with_context(context, shell))
        .layer(DefaultBodyLimit::max(FORM_MOST))
        .with_state(options)
        .merge(live::router(house))
        .merge(files::router(house))
        .route("/analytics.csv", get(move |query: RawQuery, parts: request::Parts| figures(files, query, parts)))
        .route("/theme", post(move |headers: HeaderMap, form: Form<ThemeForm>| theme(secure, headers, form)))
        .layer(CompressionLayer::new())
        .layer(middleware::from_fn_with_state(streamed, led))
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

/// Leads to sign in who asks for a page that leaves before it knows of whom it is asked.
async fn led(State((house, streamed)): State<(Shared, Arc<[String]>)>, request: Request, next: Next) -> Response {
    let asks = matches!(*request.method(), Method::GET | Method::HEAD);
    if !asks || !streamed.iter().any(|path| path == request.uri().path()) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let signed_out = match visitor(&house, &parts) {
        Some(visitor) => matches!(visitor.session().await, Err(Failure::SignedOut)),
        None => true,
    };
    if signed_out {
        return (StatusCode::FOUND, [(header::LOCATION, "/sign-in")]).into_response();
    }
    next.run(Request::from_parts(parts, body)).await
}

/// Figures of the analytics page as a file, for who may see the page.
async fn figures(house: Shared, RawQuery(query): RawQuery, parts: request::Parts) -> Response {
    let query = query.unwrap_or_default();
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let graph = fields.iter().find(|(name, _)| name == "graph").and_then(|(_, place)| place.parse().ok());
    let asked = analytics_query(&fields.into_iter().collect());
    let told = async {
        let visitor = visitor(&house, &parts).ok_or(Failure::SignedOut)?;
        visitor.session().await?.analytics(asked).await
    };
    match told.await {
        Ok(told) => {
            let name = format!("attachment; filename=\"{}.csv\"", told.query.tab.word());
            let kind = "text/csv; charset=utf-8".to_owned();
            let heads = [(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)];
            (heads, csv::text(&told, graph)).into_response()
        }
        Err(Failure::SignedOut) => Redirect::to("/sign-in").into_response(),
        Err(failure) => (StatusCode::INTERNAL_SERVER_ERROR, failure.to_string()).into_response(),
    }
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
async fn theme(secure: bool, headers: HeaderMap, Form(form): Form<ThemeForm>) -> Response {
    let (chosen, age) = match form.theme.as_str() {
        chosen @ ("light" | "dark") => (chosen, 31_536_000),
        _ => ("", 0),
    };
    let secure = if secure { "; Secure" } else { "" };
    let cookie = format!("theme={chosen}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}");
    let back = if form.back.starts_with('/') && !form.back.starts_with("//") && !form.back.contains('\\') {
        form.back
    } else {
        "/".into()
    };
    let accepts = headers.get(header::ACCEPT).and_then(|kinds| kinds.to_str().ok()).unwrap_or_default();
    let kept = [(header::SET_COOKIE, cookie)];
    // A script stays where it is.
    match accepts.contains("text/html") {
        true => (kept, Redirect::to(&back)).into_response(),
        false => (kept, StatusCode::NO_CONTENT).into_response(),
    }
}

/// Pages are a person's own: no cache keeps them.
async fn fresh(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// What browsers must not do with any answer, in one layer: the router clones and boxes each layer for each call.
fn guarded(mut response: Response) -> Response {
    const RULES: [(HeaderName, HeaderValue); 4] = [
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    ];
    for (name, value) in RULES {
        response.headers_mut().entry(name).or_insert(value);
    }
    response
}
