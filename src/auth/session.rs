//! Browser sessions: who is signed in, kept in SQLite, thirty days from the last visit.

use crate::settings::Settings;
use crate::store::sessions::Sessions;
use crate::store::{Store, StoreError};
use crate::tasks::Tasks;
use serde::{Deserialize, Serialize};
use time::Duration;
use tower_sessions::cookie::SameSite;
use tower_sessions::{ExpiredDeletion, Expiry, Session, SessionManagerLayer};

const COOKIE: &str = "sy_session";
const PERSON: &str = "person";
const IDLE: Duration = Duration::days(30);

/// Between two writes that push a session's end forward, milliseconds.
const TOUCH: i64 = 24 * 3_600 * 1_000;

/// Between two sweeps of ended sessions.
const SWEEP: std::time::Duration = std::time::Duration::from_secs(3_600);

#[derive(Debug, thiserror::Error)]
#[error("the browser's session: {0}")]
pub struct SessionError(#[from] tower_sessions::session::Error);

#[derive(Clone, Debug, Serialize, Deserialize)]
struct SignedIn {
    person: String,
    /// Milliseconds since 1970 UTC, to within [`TOUCH`].
    seen: i64,
}

/// The layer that gives each console request its session.
pub async fn layer(store: &Store, settings: &Settings) -> Result<SessionManagerLayer<Sessions>, StoreError> {
    let layer = SessionManagerLayer::new(store.session_store().await?)
        .with_name(COOKIE)
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_secure(settings.secure())
        .with_expiry(Expiry::OnInactivity(IDLE));
    Ok(layer)
}

/// Deletes ended sessions once an hour until shutdown.
pub async fn sweep(store: Store, tasks: Tasks) {
    let mut ticks = tokio::time::interval(SWEEP);
    loop {
        tokio::select! {
            () = tasks.stopping() => return,
            _ = ticks.tick() => {}
        }
        let swept = match store.session_store().await {
            Ok(sessions) => sessions.delete_expired().await.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = swept {
            tracing::warn!(error, "ended sessions were not deleted");
        }
    }
}

/// Signs in under a new session id, so that one planted before is worth nothing.
pub async fn sign_in(session: &Session, person: &str, now: i64) -> Result<(), SessionError> {
    session.clear().await;
    session.cycle_id().await?;
    Ok(session.insert(PERSON, SignedIn { person: person.to_owned(), seen: now }).await?)
}

/// Ends the session, in the store too.
pub async fn sign_out(session: &Session) -> Result<(), SessionError> {
    Ok(session.flush().await?)
}

/// The id of the person signed in. A visit pushes the session's end forward, written once a day.
pub async fn person(session: &Session, now: i64) -> Result<Option<String>, SessionError> {
    let Some(known) = session.get::<SignedIn>(PERSON).await? else { return Ok(None) };
    if now - known.seen >= TOUCH {
        session.insert(PERSON, SignedIn { seen: now, ..known.clone() }).await?;
    }
    Ok(Some(known.person))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    async fn visit(store: &Arc<Sessions>, id: Option<tower_sessions::session::Id>) -> Session {
        Session::new(id, store.clone(), Some(Expiry::OnInactivity(IDLE)))
    }

    #[tokio::test]
    async fn signing_in_changes_the_session_id_and_signing_out_ends_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), false).await.unwrap();
        let sessions = Arc::new(store.session_store().await.unwrap());

        let planted = visit(&sessions, None).await;
        planted.insert("junk", 1).await.unwrap();
        planted.save().await.unwrap();
        let before = planted.id();

        let signing_in = visit(&sessions, before).await;
        sign_in(&signing_in, "ada", 0).await.unwrap();
        signing_in.save().await.unwrap();
        let after = signing_in.id();
        assert_ne!(before, after);

        assert_eq!(person(&visit(&sessions, before).await, 0).await.unwrap(), None);
        let later = visit(&sessions, after).await;
        assert_eq!(person(&later, 0).await.unwrap().as_deref(), Some("ada"));
        assert_eq!(later.get_value("junk").await.unwrap(), None);

        sign_out(&later).await.unwrap();
        assert_eq!(person(&visit(&sessions, after).await, 0).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_visit_is_written_down_once_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), false).await.unwrap();
        let sessions = Arc::new(store.session_store().await.unwrap());
        let session = visit(&sessions, None).await;
        sign_in(&session, "ada", 0).await.unwrap();
        session.save().await.unwrap();
        for (now, written) in [(TOUCH - 1, false), (TOUCH, true)] {
            let session = visit(&sessions, session.id()).await;
            person(&session, now).await.unwrap();
            assert_eq!(session.is_modified(), written, "{now}");
        }
    }
}
