//! The tokens of one call's prompt: at once from above, and exactly where it matters.
//!
//! Looking words up in tables costs more than all else that is done for a call. Where every budget has plenty left it is
//! put off, and for most calls never done.

use crate::wire::body::Body;
use crate::wire::count;
use crate::wire::vendors::{Endpoint, Vendor};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

/// Bytes of a prompt that are counted without another thread, and may be left uncounted.
const SMALL: usize = 32 << 10;
/// The tables of tokens are loaded: until then nothing that serves calls waits for them.
static LOADED: AtomicBool = AtomicBool::new(false);

/// What a model is to read.
#[derive(Debug)]
pub struct Prompt {
    body: Arc<Body>,
    endpoint: Endpoint,
    vendor: &'static str,
    model: String,
    /// Tokens that the provider adds of its own.
    beside: u64,
    exact: OnceLock<u64>,
}

impl Prompt {
    pub fn new(body: &Arc<Body>, endpoint: Endpoint, vendor: &'static Vendor, model: &str, beside: u64) -> Self {
        let (body, model) = (Arc::clone(body), model.to_owned());
        Self { body, endpoint, vendor: vendor.slug, model, beside, exact: OnceLock::new() }
    }

    /// No fewer tokens than it has; `None`: it is counted, or is to be.
    pub fn at_most(&self) -> Option<u64> {
        (self.is_quick() && self.exact.get().is_none()).then(|| self.by_bytes())
    }

    /// Counting it holds nobody up.
    fn is_quick(&self) -> bool {
        LOADED.load(Ordering::Relaxed) && count::size(&self.body) <= SMALL
    }

    fn by_bytes(&self) -> u64 {
        count::at_most(&self.body, self.endpoint, self.vendor, &self.model).saturating_add(self.beside)
    }

    /// Its tokens, counted here and now unless they were before.
    pub fn exact(&self) -> u64 {
        *self.exact.get_or_init(|| {
            let tokens = count::prompt(&self.body, self.endpoint, self.vendor, &self.model);
            tokens.saturating_add(self.beside)
        })
    }

    /// Its tokens. A long one is counted on a thread of its own, so that no other call waits.
    pub async fn counted(self: &Arc<Self>) -> u64 {
        if !self.is_quick() && self.exact.get().is_none() {
            let own = Arc::clone(self);
            let counted = tokio::task::spawn_blocking(move || {
                own.exact();
                LOADED.store(true, Ordering::Relaxed);
            });
            if counted.await.is_err() {
                return *self.exact.get_or_init(|| self.by_bytes());
            }
        }
        self.exact()
    }
}

/// Loads what counts tokens, off the threads that serve calls.
pub fn load() {
    tokio::task::spawn_blocking(|| {
        count::load();
        LOADED.store(true, Ordering::Relaxed);
    });
}
