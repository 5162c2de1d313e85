//! People, their places in workspaces, and invites.

use super::{Store, StoreError, Stored};
use app::model::Origin;
use app::model::account::{Invite, Member, Person, Role};
use sqlx::{Row, Sqlite, Transaction};

/// An account about to be made.
#[derive(Clone, Debug)]
pub struct NewPerson<'a> {
    pub id: &'a str,
    pub email: &'a str,
    /// A PHC string.
    pub password_hash: &'a str,
    /// Milliseconds since 1970 UTC.
    pub at: i64,
}

/// What signing in is checked against.
#[derive(Clone, Debug)]
pub struct Credentials {
    pub person: String,
    pub password_hash: String,
    pub origin: Origin,
}

/// An invite link about to be made; its secret is kept as a hash.
#[derive(Clone, Debug)]
pub struct NewInvite<'a> {
    pub id: &'a str,
    pub secret_hash: [u8; 32],
    pub role: Role,
    pub created_by: &'a str,
    pub at: i64,
    pub expires_at: i64,
}

impl Store {
    /// Whether the installation has an owner yet. (Across workspaces: it is asked before anybody belongs to one.)
    pub async fn has_people(&self) -> Stored<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM people)";
        Ok(sqlx::query_scalar(sql).fetch_one(&self.control.read).await?)
    }

    /// By e-mail in any case. (Across workspaces: nobody is signed in yet.)
    pub async fn credentials(&self, email: &str) -> Stored<Option<Credentials>> {
        let row = sqlx::query("SELECT id, password_hash, origin FROM people WHERE email = $1")
            .bind(email)
            .fetch_optional(&self.control.read)
            .await?;
        row.map(|row| {
            Ok(Credentials {
                person: row.try_get(0)?,
                password_hash: row.try_get(1)?,
                origin: Origin::from_word(row.try_get(2)?),
            })
        })
        .transpose()
    }

    /// The person at the first workspace they joined; `None` for one who belongs to none any more.
    pub async fn person(&self, id: &str) -> Stored<Option<Person>> {
        let row = sqlx::query(
            "SELECT p.id, p.email, m.role, w.id, w.name FROM people p \
             JOIN members m ON m.person = p.id JOIN workspaces w ON w.id = m.workspace \
             WHERE p.id = $1 ORDER BY m.joined_at, w.id LIMIT 1",
        )
        .bind(id)
        .fetch_optional(&self.control.read)
        .await?;
        row.map(|row| {
            Ok(Person {
                id: row.try_get(0)?,
                email: row.try_get(1)?,
                role: Role::from_word(row.try_get(2)?),
                workspace: row.try_get(3)?,
                workspace_name: row.try_get(4)?,
            })
        })
        .transpose()
    }

    /// Makes the first account, as owner of `workspace`. Of two at once one wins; `false`: an account was there.
    pub async fn found(&self, workspace: &str, person: &NewPerson<'_>) -> Stored<bool> {
        let mut change = self.control.write.begin().await?;
        let made = sqlx::query(
            "INSERT INTO people (id, email, password_hash, origin, created_at) \
             SELECT $1, $2, $3, 'console', $4 WHERE NOT EXISTS (SELECT 1 FROM people)",
        )
        .bind(person.id)
        .bind(person.email)
        .bind(person.password_hash)
        .bind(person.at)
        .execute(&mut *change)
        .await?;
        if made.rows_affected() == 0 {
            return Ok(false);
        }
        join(&mut change, workspace, person, Role::Owner).await?;
        change.commit().await?;
        Ok(true)
    }

    /// Whether an invite link can still be taken.
    pub async fn invite_open(&self, secret_hash: &[u8; 32], now: i64) -> Stored<bool> {
        let sql =
            "SELECT EXISTS (SELECT 1 FROM invites WHERE secret_hash = $1 AND taken_at IS NULL AND expires_at > $2)";
        Ok(sqlx::query_scalar(sql).bind(secret_hash.as_slice()).bind(now).fetch_one(&self.control.read).await?)
    }

    /// Makes an account by an invite, which is spent. `false`: it was taken or has expired, and nothing was made.
    pub async fn take_invite(&self, secret_hash: &[u8; 32], person: &NewPerson<'_>) -> Stored<bool> {
        let mut change = self.control.write.begin().await?;
        let invite = sqlx::query(
            "SELECT id, workspace, role FROM invites WHERE secret_hash = $1 AND taken_at IS NULL AND expires_at > $2",
        )
        .bind(secret_hash.as_slice())
        .bind(person.at)
        .fetch_optional(&mut *change)
        .await?;
        let Some(invite) = invite else { return Ok(false) };
        sqlx::query(
            "INSERT INTO people (id, email, password_hash, origin, created_at) VALUES ($1, $2, $3, 'console', $4)",
        )
        .bind(person.id)
        .bind(person.email)
        .bind(person.password_hash)
        .bind(person.at)
        .execute(&mut *change)
        .await
        .map_err(|error| taken("e-mail", error))?;
        join(&mut change, invite.try_get("workspace")?, person, Role::from_word(invite.try_get("role")?)).await?;
        sqlx::query("UPDATE invites SET taken_by = $2, taken_at = $3 WHERE id = $1")
            .bind(invite.try_get::<&str, _>("id")?)
            .bind(person.id)
            .bind(person.at)
            .execute(&mut *change)
            .await?;
        change.commit().await?;
        Ok(true)
    }

    pub async fn members(&self, workspace: &str) -> Stored<Vec<Member>> {
        let rows = sqlx::query(
            "SELECT p.id, p.email, m.role, m.joined_at FROM members m JOIN people p ON p.id = m.person \
             WHERE m.workspace = $1 ORDER BY m.joined_at, p.id",
        )
        .bind(workspace)
        .fetch_all(&self.control.read)
        .await?;
        let member = |row: &sqlx::sqlite::SqliteRow| {
            Ok(Member {
                id: row.try_get(0)?,
                email: row.try_get(1)?,
                role: Role::from_word(row.try_get(2)?),
                joined_at: row.try_get(3)?,
            })
        };
        rows.iter().map(member).collect()
    }

    /// Invites that are open, and those that were taken, newest first.
    pub async fn invites(&self, workspace: &str, now: i64) -> Stored<Vec<Invite>> {
        let rows = sqlx::query(
            "SELECT i.id, i.role, i.created_at, i.expires_at, p.email FROM invites i \
             LEFT JOIN people p ON p.id = i.taken_by \
             WHERE i.workspace = $1 AND (i.taken_at IS NOT NULL OR i.expires_at > $2) ORDER BY i.id DESC LIMIT 100",
        )
        .bind(workspace)
        .bind(now)
        .fetch_all(&self.control.read)
        .await?;
        let invite = |row: &sqlx::sqlite::SqliteRow| {
            Ok(Invite {
                id: row.try_get(0)?,
                role: Role::from_word(row.try_get(1)?),
                created_at: row.try_get(2)?,
                expires_at: row.try_get(3)?,
                taken_by: row.try_get(4)?,
            })
        };
        rows.iter().map(invite).collect()
    }

    pub async fn add_invite(&self, workspace: &str, invite: &NewInvite<'_>) -> Stored<()> {
        sqlx::query(
            "INSERT INTO invites (id, workspace, secret_hash, role, created_by, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(invite.id)
        .bind(workspace)
        .bind(invite.secret_hash.as_slice())
        .bind(invite.role.word())
        .bind(invite.created_by)
        .bind(invite.at)
        .bind(invite.expires_at)
        .execute(&self.control.write)
        .await?;
        Ok(())
    }

    /// Removes an invite that nobody took; `false`: there is none.
    pub async fn withdraw_invite(&self, workspace: &str, id: &str) -> Stored<bool> {
        let gone = sqlx::query("DELETE FROM invites WHERE workspace = $1 AND id = $2 AND taken_at IS NULL")
            .bind(workspace)
            .bind(id)
            .execute(&self.control.write)
            .await?;
        Ok(gone.rows_affected() > 0)
    }

    /// The id of the workspace's first call, if it is still kept.
    pub async fn first_call(&self, workspace: &str) -> Stored<Option<String>> {
        let sql = "SELECT id FROM calls WHERE workspace = $1 ORDER BY id LIMIT 1";
        Ok(sqlx::query_scalar(sql).bind(workspace).fetch_optional(&self.journal.read).await?)
    }
}

/// What a failed insert means where `what` must be unique.
pub(super) fn taken(what: &'static str, error: sqlx::Error) -> StoreError {
    match error.as_database_error() {
        Some(cause) if cause.is_unique_violation() => StoreError::Taken(what),
        _ => error.into(),
    }
}

async fn join(
    change: &mut Transaction<'_, Sqlite>,
    workspace: &str,
    person: &NewPerson<'_>,
    role: Role,
) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO members (workspace, person, role, joined_at) VALUES ($1, $2, $3, $4)")
        .bind(workspace)
        .bind(person.id)
        .bind(role.word())
        .bind(person.at)
        .execute(&mut **change)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), false).await.unwrap();
        (folder, store)
    }

    fn person<'a>(id: &'a str, email: &'a str, at: i64) -> NewPerson<'a> {
        NewPerson { id, email, password_hash: "hash", at }
    }

    fn invite(id: &str, secret_hash: [u8; 32]) -> NewInvite<'_> {
        NewInvite { id, secret_hash, role: Role::Member, created_by: "ada", at: 0, expires_at: 1_000 }
    }

    #[tokio::test]
    async fn of_many_who_sign_up_first_at_once_one_wins() {
        let (_folder, store) = store().await;
        let names: Vec<String> = (0..8).map(|number| format!("p{number}@example.com")).collect();
        let people: Vec<NewPerson<'_>> = names.iter().map(|name| person(name, name, 5)).collect();
        let outcomes = futures_util::future::join_all(people.iter().map(|one| store.found("default", one))).await;
        assert_eq!(outcomes.into_iter().filter(|outcome| *outcome.as_ref().unwrap()).count(), 1);
        let members = store.members("default").await.unwrap();
        assert_eq!((members.len(), members[0].role), (1, Role::Owner));
    }

    #[tokio::test]
    async fn an_invite_is_taken_once() {
        let (_folder, store) = store().await;
        store.found("default", &person("ada", "ada@example.com", 0)).await.unwrap();
        store.add_invite("default", &invite("i", [1; 32])).await.unwrap();
        let (bob, eve) = (person("bob", "bob@example.com", 10), person("eve", "eve@example.com", 10));
        let both = tokio::join!(store.take_invite(&[1; 32], &bob), store.take_invite(&[1; 32], &eve));
        assert_ne!(both.0.unwrap(), both.1.unwrap());
        assert_eq!(store.members("default").await.unwrap().len(), 2);
        assert!(!store.withdraw_invite("default", "i").await.unwrap());
    }

    #[tokio::test]
    async fn an_invite_that_expired_or_was_withdrawn_lets_nobody_in() {
        let (_folder, store) = store().await;
        store.found("default", &person("ada", "ada@example.com", 0)).await.unwrap();
        store.add_invite("default", &invite("old", [1; 32])).await.unwrap();
        store.add_invite("default", &invite("gone", [2; 32])).await.unwrap();
        assert!(store.withdraw_invite("default", "gone").await.unwrap());
        for (secret, at) in [([1; 32], 1_000), ([2; 32], 10), ([3; 32], 10)] {
            assert!(!store.invite_open(&secret, at).await.unwrap());
            assert!(!store.take_invite(&secret, &person("bob", "bob@example.com", at)).await.unwrap());
        }
        assert!(store.credentials("bob@example.com").await.unwrap().is_none());
    }

    #[tokio::test]
    async fn an_email_in_use_does_not_spend_the_invite() {
        let (_folder, store) = store().await;
        store.found("default", &person("ada", "ada@example.com", 0)).await.unwrap();
        store.add_invite("default", &invite("i", [1; 32])).await.unwrap();
        let refused = store.take_invite(&[1; 32], &person("x", "ADA@example.com", 10)).await;
        assert!(matches!(refused, Err(StoreError::Taken("e-mail"))));
        assert!(store.invite_open(&[1; 32], 10).await.unwrap());
    }
}
