//! People and how they come in.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Owner,
    Admin,
    Member,
}

impl Role {
    pub fn word(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Member => "member",
        }
    }

    pub fn from_word(word: &str) -> Self {
        match word {
            "owner" => Self::Owner,
            "admin" => Self::Admin,
            _ => Self::Member,
        }
    }
}

/// Who is signed in, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub id: String,
    pub email: String,
    pub role: Role,
    pub workspace: String,
    pub workspace_name: String,
}

/// What a visitor meets at the door.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doorway {
    /// No account exists yet: the first one owns the installation.
    pub first: bool,
    /// The one-time token printed at start is asked for too.
    pub token_needed: bool,
    /// The host of `public_url`, as shown under "Sign in".
    pub host: String,
    pub version: String,
}

/// The sign-up form. `invite` is the secret of an invite link, `token` the one printed at start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SignUp {
    pub email: String,
    pub password: String,
    pub token: String,
    pub invite: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SignIn {
    pub email: String,
    pub password: String,
}

/// A pending or used invite link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invite {
    pub id: String,
    pub role: Role,
    pub created_at: i64,
    pub expires_at: i64,
    /// The e-mail of the person who took it.
    pub taken_by: Option<String>,
}

/// A link just made: shown once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteLink {
    pub url: String,
    pub expires_at: i64,
}

/// A row of the members page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    pub id: String,
    pub email: String,
    pub role: Role,
    pub joined_at: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Members {
    pub people: Vec<Member>,
    pub invites: Vec<Invite>,
    /// Shown once, right after it was made.
    pub fresh: Option<InviteLink>,
}

/// The three steps of the first minutes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstSteps {
    /// `@slug` of a provider that is ready, other than the sandbox if there is one.
    pub provider: Option<String>,
    /// Name and last four characters of the newest usable key.
    pub key: Option<(String, String)>,
    /// Id of the first call's log.
    pub first_call: Option<String>,
    /// The base URL to show, from `public_url`, ending in `/v1`.
    pub base_url: String,
    /// The model the snippets call, such as `@sandbox/echo`.
    pub model: String,
    /// The secret of a key made a moment ago by this person, once.
    pub fresh: Option<crate::model::key::MintedKey>,
}
