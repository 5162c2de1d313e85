//! What can go wrong for a person at the console.

use crate::model::routing::Mistake;
use leptos::prelude::{FromServerFnError, ServerFnErrorErr};
use leptos::server_fn::codec::JsonEncoding;
use serde::{Deserialize, Serialize};

/// Every server function fails with this; each says what to do next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    #[error("You are signed out. Sign in to go on.")]
    SignedOut,
    #[error("Your role does not allow this. Ask an owner or admin of the workspace.")]
    Forbidden,
    #[error("{0}")]
    Missing(String),
    /// A form was refused: `(field, what to do)`, the field's `name`, empty for the form as a whole.
    #[error("{}", .0.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join(" "))]
    Refused(Vec<(String, String)>),
    /// A config cannot be published: all that is wrong with it, each at its JSON path.
    #[error("{}", .0.iter().map(told).collect::<Vec<_>>().join(" "))]
    Invalid(Vec<Mistake>),
    /// The server's own trouble; the cause is in its log.
    #[error("{0}")]
    Broken(String),
}

impl Failure {
    pub fn refused(field: &str, text: impl Into<String>) -> Self {
        Self::Refused(vec![(field.to_owned(), text.into())])
    }

    /// What to do about `field`, if it was refused.
    pub fn of(&self, field: &str) -> Option<String> {
        match self {
            Self::Refused(fields) => fields.iter().find(|(name, _)| name == field).map(|(_, text)| text.clone()),
            _ => None,
        }
    }
}

fn told(mistake: &Mistake) -> String {
    match mistake.path.as_str() {
        "" => mistake.message.clone(),
        path => format!("{path}: {}", mistake.message),
    }
}

impl FromServerFnError for Failure {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        Self::Broken(format!("The request did not get through. Nothing changed. Try again. ({error})"))
    }
}
