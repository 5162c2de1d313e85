//! Password hashes: argon2id, off the async threads, two at a time.

use argon2::Argon2;
use argon2::password_hash::rand_core::OsRng;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use std::sync::Arc;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// Hashes at once: each takes 19 MiB and a core.
const AT_ONCE: usize = 2;

/// What an unknown account is checked against, so that it takes as long as a known one. No password matches it.
const DECOY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c3dpdGNoeWFyZC1kZWNveQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes and checks passwords. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Passwords {
    gate: Arc<Semaphore>,
}

#[derive(Debug, thiserror::Error)]
#[error("the password could not be hashed: {0}")]
pub struct PasswordError(String);

impl Default for Passwords {
    fn default() -> Self {
        Self { gate: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Passwords {
    /// A PHC string to keep.
    pub async fn hash(&self, plain: Zeroizing<String>) -> Result<String, PasswordError> {
        self.aside(move || {
            let salt = SaltString::generate(&mut OsRng);
            let hash = Argon2::default().hash_password(plain.as_bytes(), &salt);
            hash.map(|hash| hash.to_string()).map_err(|error| PasswordError(error.to_string()))
        })
        .await?
    }

    /// Whether `plain` is the password of `hash`. Without a hash the answer is no, and takes as long.
    pub async fn matches(&self, plain: Zeroizing<String>, hash: Option<String>) -> Result<bool, PasswordError> {
        self.aside(move || {
            let known = hash.is_some();
            let hash = hash.unwrap_or_else(|| DECOY.to_owned());
            let parsed = PasswordHash::new(&hash).map_err(|error| PasswordError(error.to_string()))?;
            Ok(Argon2::default().verify_password(plain.as_bytes(), &parsed).is_ok() && known)
        })
        .await?
    }

    async fn aside<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, PasswordError> {
        let permit = Arc::clone(&self.gate).acquire_owned().await.map_err(|error| PasswordError(error.to_string()))?;
        let done = tokio::task::spawn_blocking(move || {
            let outcome = work();
            drop(permit);
            outcome
        });
        done.await.map_err(|error| PasswordError(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Zeroizing<String> {
        Zeroizing::new(text.to_owned())
    }

    #[tokio::test]
    async fn a_hash_knows_its_password_and_no_other() {
        let passwords = Passwords::default();
        let hash = passwords.hash(plain("correct horse")).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.matches(plain("correct horse"), Some(hash.clone())).await.unwrap());
        assert!(!passwords.matches(plain("battery staple"), Some(hash)).await.unwrap());
    }

    #[tokio::test]
    async fn nothing_matches_an_unknown_account() {
        let passwords = Passwords::default();
        assert!(!passwords.matches(plain("correct horse"), None).await.unwrap());
        assert!(passwords.matches(plain("correct horse"), Some("garbage".into())).await.is_err());
    }

    #[test]
    fn the_decoy_costs_what_a_real_hash_costs() {
        let decoy = PasswordHash::new(DECOY).unwrap();
        let hash = Argon2::default().hash_password(b"x", &SaltString::generate(&mut OsRng)).unwrap().to_string();
        let real = PasswordHash::new(&hash).unwrap();
        assert_eq!((decoy.algorithm, &decoy.params), (real.algorithm, &real.params));
    }
}
