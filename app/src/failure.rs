//! What can go wrong for a person at the console.

#[cfg(feature = "ssr")]
use crate::model::config::Published;
use crate::model::routing::Mistake;
#[cfg(feature = "ssr")]
use leptos::prelude::use_context;
use leptos::prelude::{FromServerFnError, ServerFnErrorErr};
use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::{Bytes, Encodes};
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
    #[error("{}", .0.iter().filter(|(name, _)| !name.starts_with(TYPED)).map(|(_, text)| text.as_str()).collect::<Vec<_>>().join(" "))]
    Refused(Vec<(String, String)>),
    /// A config cannot be published: all that is wrong with it, each at its JSON path.
    #[error("{}", .0.iter().map(told).collect::<Vec<_>>().join(" "))]
    Invalid(Vec<Mistake>),
    /// The server's own trouble; the cause is in its log.
    #[error("{0}")]
    Broken(String),
}

/// Before a field's name: what was typed there.
const TYPED: char = '=';
/// Bytes of a text that a page's address has room for.
const KEPT_MOST: usize = 4 * 1024;

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

    /// With what was typed into fields, for a page that is made anew where there are no scripts. No secret is kept so, and
    /// no text over [`KEPT_MOST`].
    #[must_use]
    pub fn keeping<const N: usize>(self, typed: [(&str, String); N]) -> Self {
        match self {
            Self::Refused(mut fields) => {
                let typed = typed.into_iter().filter(|(_, text)| text.len() <= KEPT_MOST);
                fields.extend(typed.map(|(name, text)| (format!("{TYPED}{name}"), text)));
                Self::Refused(fields)
            }
            other => other,
        }
    }

    /// What was typed into `field` before it was refused.
    pub fn typed(&self, field: &str) -> Option<String> {
        self.of(&format!("{TYPED}{field}"))
    }
}

#[cfg(feature = "ssr")]
impl Failure {
    /// Tells a script by the status whose trouble it is; a plain form is led back to its page instead.
    fn tell(&self) {
        use http::{StatusCode, header, request};
        let status = match self {
            Self::SignedOut => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::Missing(_) => StatusCode::NOT_FOUND,
            Self::Refused(_) | Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Broken(_) => return,
        };
        let accepts = use_context::<request::Parts>().and_then(|parts| parts.headers.get(header::ACCEPT).cloned());
        let plain = accepts.is_some_and(|kinds| kinds.to_str().is_ok_and(|kinds| kinds.contains("text/html")));
        if let Some(options) = use_context::<leptos_axum::ResponseOptions>().filter(|_| !plain) {
            options.set_status(status);
        }
    }
}

#[cfg(feature = "ssr")]
impl Published {
    /// The number of the version. For a form: that somebody was quicker is why it is refused.
    pub fn settled(self) -> Result<i64, Failure> {
        let clash = match self {
            Self::Done { number, .. } => return Ok(number),
            Self::Clash(clash) => clash,
        };
        let who = clash.author.unwrap_or_else(|| "Somebody".into());
        let text = "changed this draft meanwhile. Nothing was published. Look at it again, then publish it.";
        Err(Failure::refused("", format!("{who} {text}")))
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

    /// The server writes its answer.
    fn ser(&self) -> Bytes {
        #[cfg(feature = "ssr")]
        self.tell();
        JsonEncoding::encode(self).unwrap_or_default()
    }

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        // So axum says that a form has more bytes than the server takes.
        if matches!(&error, ServerFnErrorErr::Deserialization(told) if told.contains("length limit exceeded")) {
            return Self::refused("", "This is more than the console takes at once. Nothing changed. Make it shorter.");
        }
        Self::Broken(format!("The request did not get through. Nothing changed. Try again. ({error})"))
    }
}

#[cfg(test)]
mod tests {
    use super::Failure;

    #[test]
    fn a_refusal_keeps_what_was_typed_and_does_not_say_it() {
        let refused = Failure::refused("email", "Enter an address.").keeping([("email", "ada".to_owned())]);
        assert_eq!(
            (refused.of("email"), refused.typed("email")),
            (Some("Enter an address.".into()), Some("ada".into()))
        );
        assert_eq!((refused.typed("slug"), refused.to_string()), (None, "Enter an address.".into()));
        let long = Failure::refused("email", "Enter an address.").keeping([("email", "a".repeat(5_000))]);
        assert_eq!(long.typed("email"), None);
        assert_eq!(Failure::SignedOut.keeping([("email", "ada".to_owned())]), Failure::SignedOut);
    }
}
