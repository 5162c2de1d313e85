//! How people come in: passwords, sessions, throttling, the defence against forged requests.

pub mod client;
pub mod csrf;
pub mod password;
pub mod reveal;
pub mod session;
pub mod throttle;

pub use client::client_ip;
pub use csrf::csrf;

use crate::secret;
use app::model::account::InviteLink;
use app::model::key::MintedKey;
use app::model::transfer::Applied;
use password::Passwords;
use reveal::Reveals;
use subtle::ConstantTimeEq;
use throttle::Throttle;
use zeroize::Zeroizing;

/// Files that wait at once: each may have two megabytes.
const IMPORTS: usize = 16;

/// What the door keeps in memory: nothing of it outlives the process.
pub struct Desk {
    pub passwords: Passwords,
    pub throttle: Throttle,
    pub keys: Reveals<MintedKey>,
    pub invites: Reveals<InviteLink>,
    /// Files brought to be imported, and what came of an import.
    pub imports: Reveals<String>,
    pub applied: Reveals<Applied>,
    start_token: Option<Zeroizing<String>>,
}

impl Desk {
    /// With `guarded`, the first account needs the token that is printed at start.
    pub fn new(guarded: bool) -> Self {
        Self {
            passwords: Passwords::default(),
            throttle: Throttle::default(),
            keys: Reveals::default(),
            invites: Reveals::default(),
            imports: Reveals::of(IMPORTS),
            applied: Reveals::default(),
            start_token: guarded.then(|| Zeroizing::new(secret::mint("start-"))),
        }
    }

    /// The one-time token to print while no account exists; `None`: none is needed.
    pub fn start_token(&self) -> Option<&str> {
        self.start_token.as_ref().map(|token| token.as_str())
    }

    /// Whether `given` opens the first sign-up. Takes the same time wherever it differs.
    pub fn token_opens(&self, given: &str) -> bool {
        let given = given.trim();
        self.start_token.as_ref().is_none_or(|token| bool::from(token.as_bytes().ct_eq(given.as_bytes())))
    }
}

#[cfg(test)]
mod tests {
    use super::Desk;

    #[test]
    fn the_start_token_is_asked_for_where_strangers_could_come() {
        assert!(Desk::new(false).token_opens(""));
        let guarded = Desk::new(true);
        let token = guarded.start_token().unwrap().to_owned();
        for (given, opens) in [(token.as_str(), true), ("", false), ("start-", false), (&token[1..], false)] {
            assert_eq!(guarded.token_opens(given), opens, "{given}");
        }
        assert!(guarded.token_opens(&format!(" {token}\n")));
    }
}
