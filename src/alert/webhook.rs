//! Alerts by webhook: the JSON of the alert, signed.

use crate::settings;
use crate::store::alerts::Due;
use bytes::Bytes;
use hmac::{Hmac, Mac};
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{Request, Uri};
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use sha2::Sha256;
use std::error::Error;
use std::fmt::Write;
use std::time::Duration;
use zeroize::Zeroizing;

const PATIENCE: Duration = Duration::from_secs(10);

/// Posts to the address that the set-up file names. Redirects are not followed.
pub(super) struct Webhook {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    uri: Uri,
    secret: Zeroizing<String>,
}

impl Webhook {
    pub(super) fn new(settings: &settings::Webhook) -> Self {
        let connector = HttpsConnectorBuilder::new().with_webpki_roots().https_or_http().enable_http1().build();
        Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            uri: settings.uri.clone(),
            secret: settings.secret.clone(),
        }
    }

    /// Sends, signed at `now` (milliseconds).
    ///
    /// # Errors
    /// With why not, in words without the address, which may be a secret.
    pub(super) async fn send(&self, due: &Due, now: i64) -> Result<(), String> {
        let request = Request::post(self.uri.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, concat!("switchyard/", env!("CARGO_PKG_VERSION")))
            .header("x-switchyard-alert", &due.alert)
            .header("x-switchyard-signature", signature(&self.secret, now / 1_000, &due.told))
            .body(Full::from(due.told.clone()))
            .map_err(|error| error.to_string())?;
        match tokio::time::timeout(PATIENCE, self.client.request(request)).await {
            Ok(Ok(answer)) if answer.status().is_success() => Ok(()),
            Ok(Ok(answer)) => Err(format!("The webhook answered {}.", answer.status())),
            Ok(Err(error)) => Err(format!("The webhook could not be reached: {}.", cause(&error))),
            Err(_) => Err(format!("The webhook did not answer within {} s.", PATIENCE.as_secs())),
        }
    }
}

/// `t=…,v1=…`: the time of sending in seconds, and HMAC-SHA256 of it, a point, and the body.
fn signature(secret: &str, seconds: i64, body: &str) -> String {
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
    let signed = mac.chain_update(format!("{seconds}.{body}")).finalize().into_bytes();
    let mut text = format!("t={seconds},v1=");
    for byte in signed {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The innermost cause: the one that a person can act on.
fn cause(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests {
    use super::signature;

    #[test]
    fn a_signature_covers_time_and_body() {
        // openssl: printf '5.{}' | openssl dgst -sha256 -hmac secret
        let known = "t=5,v1=f18d2fcd9a24151471e3e2d71bc7ce901fb7b89b341918a08f95e9ffc497ea26";
        assert_eq!(signature("secret", 5, "{}"), known);
        for (secret, seconds, body) in [("other", 5, "{}"), ("secret", 6, "{}"), ("secret", 5, "{ }")] {
            assert_ne!(signature(secret, seconds, body), known);
        }
    }
}
