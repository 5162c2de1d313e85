//! The floor: a reverse proxy of hyper and nothing else. It reads no key, no body, and writes nothing down.

use crate::role::{self, Fallible};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// Forwards everything to `upstream` until the parent is gone.
pub async fn serve(upstream: &str) -> Fallible<()> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client: Client<_, Incoming> = Client::builder(TokioExecutor::new()).build(connector);
    let authority: http::uri::Authority = upstream.parse()?;
    role::serve(service_fn(move |mut request: Request<Incoming>| {
        let (client, authority) = (client.clone(), authority.clone());
        async move {
            let mut parts = std::mem::take(request.uri_mut()).into_parts();
            parts.scheme = Some(http::uri::Scheme::HTTP);
            parts.authority = Some(authority);
            *request.uri_mut() = Uri::from_parts(parts)?;
            Fallible::Ok(client.request(request).await?)
        }
    }))
    .await
}
