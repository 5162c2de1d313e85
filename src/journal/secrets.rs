//! Credentials that a call was made with: a provider may echo them, and none of them may reach the journal.

use bytes::Bytes;
use memchr::memmem::Finder;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// What stands in a credential's place.
pub const MASK: &str = "[masked]";
/// What is shorter is no credential, and would be found in any text.
const SHORTEST: usize = 8;

/// Known credentials, without their scheme. Cheap to clone; never printed.
#[derive(Clone, Default)]
pub struct Secrets {
    known: Vec<Arc<Finder<'static>>>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Secrets({})", self.known.len())
    }
}

impl Secrets {
    /// Learns a credential, such as `Bearer …` or a bare key.
    pub fn add(&mut self, credential: &[u8]) {
        let bare = credential.trim_ascii();
        let bare = bare.iter().position(u8::is_ascii_whitespace).map_or(bare, |space| bare[space..].trim_ascii());
        if bare.len() >= SHORTEST && !self.known.iter().any(|known| known.needle() == bare) {
            self.known.push(Arc::new(Finder::new(bare).into_owned()));
        }
    }

    /// Learns what the others know.
    pub fn join(&mut self, others: &Self) {
        for other in &others.known {
            if !self.known.iter().any(|known| known.needle() == other.needle()) {
                self.known.push(Arc::clone(other));
            }
        }
    }

    /// Whether one of them stands in `bytes`.
    pub fn within(&self, bytes: &[u8]) -> bool {
        self.known.iter().any(|known| known.find(bytes).is_some())
    }

    /// The bytes without them.
    pub fn masked(&self, bytes: Bytes) -> Bytes {
        self.replaced(&bytes).map_or(bytes, Bytes::from)
    }

    /// Takes them out of a text.
    pub fn mask(&self, text: &mut String) {
        if let Some(masked) = self.replaced(text.as_bytes()) {
            *text = String::from_utf8_lossy(&masked).into_owned();
        }
    }

    /// `None` where there is nothing to replace.
    fn replaced(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut text = Cow::Borrowed(bytes);
        for known in &self.known {
            if known.find(&text).is_some() {
                text = Cow::Owned(without(known, &text));
            }
        }
        match text {
            Cow::Borrowed(_) => None,
            Cow::Owned(masked) => Some(masked),
        }
    }
}

fn without(known: &Finder<'_>, text: &[u8]) -> Vec<u8> {
    let mut masked = Vec::with_capacity(text.len());
    let mut from = 0;
    for at in known.find_iter(text) {
        masked.extend_from_slice(&text[from..at]);
        masked.extend_from_slice(MASK.as_bytes());
        from = at + known.needle().len();
    }
    masked.extend_from_slice(&text[from..]);
    masked
}

#[cfg(test)]
mod tests {
    use super::Secrets;

    #[test]
    fn what_is_known_is_taken_out_wherever_it_stands() {
        let mut secrets = Secrets::default();
        for credential in ["Bearer  sk-alpha-1", "key-beta-22", "sk-alpha-1", "Basic dXNlcjpwYXNz", "short", ""] {
            secrets.add(credential.as_bytes());
        }
        for (text, masked) in [
            ("nothing short here", "nothing short here"),
            ("sk-alpha-1", "[masked]"),
            ("a sk-alpha-1 b sk-alpha-1, key-beta-22", "a [masked] b [masked], [masked]"),
            ("Bearer sk-alpha-1 é dXNlcjpwYXNz", "Bearer [masked] é [masked]"),
        ] {
            let mut shown = text.to_owned();
            secrets.mask(&mut shown);
            assert_eq!(shown, masked);
            assert_eq!(secrets.masked(text.into()), masked);
            assert_eq!(secrets.within(text.as_bytes()), text != masked, "{text}");
        }
        assert_eq!(format!("{secrets:?}"), "Secrets(3)");
    }
}
