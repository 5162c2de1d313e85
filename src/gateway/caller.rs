//! Proof of a key: the forms A to D and F of the contract's §1.1.

use crate::book::{Book, KeyEntry};
use crate::gateway::names;
use crate::gateway::refusal::Refusal;
use crate::secret::digest;
use app::model::scope::covers;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName};
use std::sync::Arc;

/// What the Portkey SDK sends in `Authorization` when its user gave none. It is no credential.
pub const PLACEHOLDER: &str = "OPENAI_API_KEY";

/// A known key, and the provider credential that came beside it.
#[derive(Clone, Debug)]
pub struct Caller {
    pub key: Arc<KeyEntry>,
    /// The bearer of `Authorization`, where it is neither the key itself nor the placeholder.
    pub credential: Option<String>,
}

impl Caller {
    /// Finds the key of a request. `now` is in milliseconds.
    ///
    /// # Errors
    /// 401 where there is no key, or it is unknown, revoked or expired.
    pub fn of(headers: &HeaderMap, book: &Book, now: i64) -> Result<Self, Refusal> {
        let caller = Self::known(headers, book)?;
        caller.in_time(now)?;
        Ok(caller)
    }

    /// Finds the key of a request, whether or not it has expired.
    ///
    /// # Errors
    /// 401 where there is no key, or it is unknown or revoked.
    pub fn known(headers: &HeaderMap, book: &Book) -> Result<Self, Refusal> {
        let secret = secret(headers).ok_or_else(Refusal::unknown_key)?;
        let key = book.key(&digest(secret)).ok_or_else(Refusal::unknown_key)?;
        let credential = bearer(headers).filter(|bearer| *bearer != secret).map(str::to_owned);
        Ok(Self { key: Arc::clone(key), credential })
    }

    /// Refuses once the key has expired. `now` is in milliseconds.
    ///
    /// # Errors
    /// 401 that says since when.
    pub fn in_time(&self, now: i64) -> Result<(), Refusal> {
        match self.key.expires_at.filter(|expiry| *expiry <= now) {
            Some(expiry) => Err(Refusal::expired_key(expiry, self.key.past)),
            None => Ok(()),
        }
    }

    /// Refuses unless the key carries one of `scopes`.
    ///
    /// # Errors
    /// 403 that names the first of them.
    pub fn must(&self, scopes: &[&str]) -> Result<(), Refusal> {
        if scopes.iter().any(|scope| covers(&self.key.scopes, scope)) {
            return Ok(());
        }
        Err(Refusal::scope(scopes.first().copied().unwrap_or("*")))
    }
}

/// What opens this gateway, wherever the request carries it.
pub fn secret(headers: &HeaderMap) -> Option<&str> {
    text(headers, &names::API_KEY).or_else(|| bearer(headers)).or_else(|| text(headers, &names::OTHER_API_KEY))
}

/// The value without the scheme `Bearer`.
pub fn strip(value: &str) -> &str {
    let value = value.trim();
    match value.split_once(' ') {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") => rest.trim(),
        _ => value,
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).map(strip);
    bearer.filter(|bearer| !bearer.is_empty() && *bearer != PLACEHOLDER)
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim).filter(|value| !value.is_empty())
}
