//! Refuses console requests that another site's page made in a person's name.

use crate::settings::Settings;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{HOST, ORIGIN, REFERER};
use http::{HeaderMap, Method, StatusCode};
use std::net::IpAddr;
use std::sync::Arc;
use url::Url;

/// What a request of the console's own pages looks like.
#[derive(Clone, Debug)]
pub struct Fence {
    /// The origin of `public_url`, such as `https://gateway.example.com`.
    public: Option<String>,
    loopback: bool,
}

/// Why a request is refused; each text says what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breach {
    /// It came from another site, or does not say where from.
    Foreign,
    /// The server listens on loopback and was reached by another name.
    StrangeHost,
}

/// Lets safe methods pass, and others only from the console's own pages. For the console's routes, not for `/v1`.
pub async fn csrf(State(fence): State<Arc<Fence>>, request: Request, next: Next) -> Response {
    match fence.check(request.method(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(breach) => (StatusCode::FORBIDDEN, breach.text()).into_response(),
    }
}

impl Breach {
    fn text(self) -> &'static str {
        match self {
            Self::Foreign => "This form was sent from another site. Nothing changed. Open the console and try again.",
            Self::StrangeHost => {
                "This server does not know itself by this name. Nothing changed. Set public_url to the address in the \
                 browser, or use 127.0.0.1."
            }
        }
    }
}

impl Fence {
    pub fn new(settings: &Settings) -> Self {
        let public = settings.public_url.as_ref().map(|url| url.origin().ascii_serialization());
        Self { public, loopback: !settings.beyond_loopback() }
    }

    pub fn check(&self, method: &Method, headers: &HeaderMap) -> Result<(), Breach> {
        if method.is_safe() {
            return Ok(());
        }
        let text = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
        let host = text(HOST).unwrap_or_default();
        if self.public.is_none() && self.loopback && !names_loopback(host) {
            return Err(Breach::StrangeHost);
        }
        let own = match text(http::HeaderName::from_static("sec-fetch-site")) {
            Some(site) => matches!(site, "same-origin" | "none"),
            None => text(ORIGIN).or_else(|| text(REFERER)).is_some_and(|from| self.is_own(from, host)),
        };
        if own { Ok(()) } else { Err(Breach::Foreign) }
    }

    fn is_own(&self, from: &str, host: &str) -> bool {
        let Some(from) = Url::parse(from).ok().map(|url| url.origin()).filter(url::Origin::is_tuple) else {
            return false;
        };
        let from = from.ascii_serialization();
        match &self.public {
            Some(public) => from == *public,
            None => Url::parse(&format!("http://{host}")).is_ok_and(|url| url.origin().ascii_serialization() == from),
        }
    }
}

fn names_loopback(host: &str) -> bool {
    let Ok(url) = Url::parse(&format!("http://{host}")) else { return false };
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(url::Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&str, &str)| {
            (http::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap())
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn only_the_consoles_own_pages_may_change_things() {
        let public = Fence { public: Some("https://gw.example.com".into()), loopback: true };
        let home = Fence { public: None, loopback: true };
        let lan = Fence { public: None, loopback: false };
        let host = ("host", "127.0.0.1:8787");
        let foreign = Err(Breach::Foreign);
        for (fence, pairs, verdict) in [
            (&public, vec![("sec-fetch-site", "same-origin")], Ok(())),
            (&public, vec![("sec-fetch-site", "none")], Ok(())),
            (&public, vec![("sec-fetch-site", "same-site")], foreign),
            (&public, vec![("sec-fetch-site", "cross-site"), ("origin", "https://gw.example.com")], foreign),
            (&public, vec![("origin", "https://gw.example.com")], Ok(())),
            (&public, vec![("referer", "https://gw.example.com/keys?a=b")], Ok(())),
            (&public, vec![("origin", "http://gw.example.com")], foreign),
            (&public, vec![("origin", "https://gw.example.com.evil.example")], foreign),
            (&public, vec![("origin", "null"), ("referer", "https://gw.example.com/")], foreign),
            (&public, vec![("host", "gw.example.com")], foreign),
            (&home, vec![host, ("sec-fetch-site", "same-origin")], Ok(())),
            (&home, vec![host, ("origin", "http://127.0.0.1:8787")], Ok(())),
            (&home, vec![("host", "localhost:8787"), ("origin", "http://localhost:8787")], Ok(())),
            (&home, vec![("host", "[::1]:8787"), ("origin", "http://[::1]:8787")], Ok(())),
            (&home, vec![host, ("origin", "http://localhost:8787")], foreign),
            (&home, vec![host, ("origin", "http://127.0.0.1:9999")], foreign),
            (&home, vec![host], foreign),
            (
                &home,
                vec![("host", "rebound.example:8787"), ("sec-fetch-site", "same-origin")],
                Err(Breach::StrangeHost),
            ),
            (&home, vec![("sec-fetch-site", "same-origin")], Err(Breach::StrangeHost)),
            (&lan, vec![("host", "10.0.0.5:8787"), ("origin", "http://10.0.0.5:8787")], Ok(())),
            (&lan, vec![("host", "10.0.0.5:8787"), ("origin", "http://10.0.0.6:8787")], foreign),
        ] {
            assert_eq!(fence.check(&Method::POST, &headers(&pairs)), verdict, "{pairs:?}");
            assert_eq!(fence.check(&Method::GET, &headers(&pairs)), Ok(()), "{pairs:?}");
        }
    }
}
