//! Browser sessions in `control.db`, under the hash of their ids: who reads the file can sign in as nobody.

use super::{Store, Stored};
use crate::secret::digest;
use async_trait::async_trait;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::Result;
use tower_sessions::{ExpiredDeletion, SessionStore};
use tower_sessions_sqlx_store::SqliteStore;

/// Where browser sessions are kept.
#[derive(Clone, Debug)]
pub struct Sessions(SqliteStore);

impl Store {
    /// The session table, made if it is not there.
    pub async fn session_store(&self) -> Stored<Sessions> {
        let sessions = SqliteStore::new(self.control.write.clone());
        sessions.migrate().await?;
        Ok(Sessions(sessions))
    }
}

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        let mut kept = hashed(record);
        let id = kept.id;
        self.0.create(&mut kept).await?;
        if kept.id == id {
            return Ok(());
        }
        // The id was taken, and the one that was found in its place is the hash of none.
        self.0.delete(&kept.id).await?;
        record.id = Id::default();
        self.0.save(&hashed(record)).await
    }

    async fn save(&self, record: &Record) -> Result<()> {
        self.0.save(&hashed(record)).await
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let found = self.0.load(&hash(*id)).await?;
        Ok(found.map(|record| Record { id: *id, ..record }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.0.delete(&hash(*id)).await
    }
}

#[async_trait]
impl ExpiredDeletion for Sessions {
    async fn delete_expired(&self) -> Result<()> {
        self.0.delete_expired().await
    }
}

fn hashed(record: &Record) -> Record {
    Record { id: hash(record.id), ..record.clone() }
}

/// Half of a SHA-256: an id is 128 random bits.
fn hash(id: Id) -> Id {
    let digest = digest(id.to_string());
    let (half, _) = digest.split_first_chunk::<16>().unwrap_or((&[0; 16], &[]));
    Id(i128::from_be_bytes(*half))
}

#[cfg(test)]
mod tests {
    use super::{Id, Record, SessionStore, Store};
    use std::os::unix::fs::PermissionsExt;

    #[tokio::test]
    async fn a_session_is_found_by_its_id_and_its_id_is_nowhere_in_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path(), false).await.expect("a store");
        let sessions = store.session_store().await.expect("sessions");
        let expiry_date = time::OffsetDateTime::now_utc() + time::Duration::days(1);
        let mut record = Record { id: Id::default(), data: Default::default(), expiry_date };
        sessions.create(&mut record).await.expect("made");
        record.data.insert("person".into(), "ada".into());
        sessions.save(&record).await.expect("saved");
        assert_eq!(sessions.load(&record.id).await.expect("read"), Some(record.clone()));
        let id: String =
            sqlx::query_scalar("SELECT id FROM tower_sessions").fetch_one(&store.control.read).await.expect("a row");
        assert_ne!(id, record.id.to_string());
        assert!(sessions.load(&id.parse().expect("an id")).await.expect("read").is_none());
        for file in ["control.db", "control.db-wal", "journal.db"] {
            let mode = std::fs::metadata(folder.path().join(file)).expect(file).permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
        sessions.delete(&record.id).await.expect("deleted");
        assert_eq!(sessions.load(&record.id).await.expect("read"), None);
    }
}
