//! Writing configs: drafts, publications and the end of a config. Each is one transaction on the one connection that
//! writes, so that of two editors one comes first.

use super::{Store, Stored};
use app::model::Origin;
use app::model::config::Clash;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, Sqlite, Transaction};

/// Who writes, and when.
#[derive(Clone, Copy, Debug)]
pub struct Pen<'a> {
    /// A person's id, or the name of something that is no person.
    pub author: &'a str,
    /// The person for whom a refused text is kept.
    pub person: Option<&'a str>,
    /// Milliseconds.
    pub now: i64,
}

/// A config's first row.
#[derive(Clone, Copy, Debug)]
pub struct NewConfig<'a> {
    pub id: &'a str,
    pub workspace: &'a str,
    pub slug: &'a str,
    pub name: &'a str,
}

/// A text that becomes a version.
#[derive(Clone, Copy, Debug)]
pub struct Publication<'a> {
    /// The version's id.
    pub id: &'a str,
    pub body: &'a str,
    pub note: &'a str,
    /// The revision that the writer saw; `None`: whatever it is.
    pub seen: Option<i64>,
    /// The draft ends with it.
    pub ends_draft: bool,
}

/// What became of a wish to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written<T> {
    Done(T),
    /// Another writer came first.
    Clash(Clash),
    Missing,
    /// Declared in the set-up file.
    Locked,
}

/// What became of a wish to remove a config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigRemoval {
    Done,
    Missing,
    Locked,
    /// Names of the keys whose default it is.
    Used(Vec<String>),
}

/// What a writer finds.
struct Found {
    id: String,
    origin: Origin,
    revision: i64,
    number: i64,
    /// What an editor sees: the draft, else what is published.
    shown: String,
    /// What was written last, be it a draft or a publication.
    clash: Clash,
}

impl Store {
    /// Makes a config that nothing is published of, with a draft. Fails with `Taken` where the slug is in use.
    pub async fn add_config(&self, config: NewConfig<'_>, draft: Option<&str>, pen: Pen<'_>) -> Stored<()> {
        let mut change = self.control.write.begin().await?;
        sqlx::query(
            "INSERT INTO configs (id, workspace, slug, name, version, origin, created_at, updated_at, revision) \
             VALUES ($1, $2, $3, $4, '', 'console', $5, $5, 1)",
        )
        .bind(config.id)
        .bind(config.workspace)
        .bind(config.slug)
        .bind(config.name)
        .bind(pen.now)
        .execute(&mut *change)
        .await
        .map_err(|error| super::people::taken("slug", error))?;
        if let Some(body) = draft {
            put_draft(&mut change, config.id, body, 0, pen).await?;
        }
        Ok(change.commit().await?)
    }

    /// Keeps a draft; its new revision.
    pub async fn save_draft(
        &self,
        workspace: &str,
        slug: &str,
        (body, seen): (&str, i64),
        pen: Pen<'_>,
    ) -> Stored<Written<i64>> {
        let mut change = self.control.write.begin().await?;
        let found = match found(&mut change, workspace, slug).await? {
            Ok(found) => found,
            Err(refused) => return Ok(refused.into_written()),
        };
        if found.revision != seen && found.shown == body {
            return Ok(Written::Done(found.revision));
        }
        if found.revision != seen {
            put_aside(&mut change, &found.id, body, pen).await?;
            change.commit().await?;
            return Ok(Written::Clash(found.clash));
        }
        put_draft(&mut change, &found.id, body, found.number, pen).await?;
        forget_aside(&mut change, &found.id, pen).await?;
        let revision = turn(&mut change, &found.id).await?;
        change.commit().await?;
        Ok(Written::Done(revision))
    }

    /// Keeps a text that cannot be a draft for the person who typed it, in place of one kept before.
    pub async fn set_aside(&self, workspace: &str, slug: &str, body: &str, pen: Pen<'_>) -> Stored<Written<()>> {
        let mut change = self.control.write.begin().await?;
        let found = match found(&mut change, workspace, slug).await? {
            Ok(found) => found,
            Err(refused) => return Ok(refused.into_written()),
        };
        put_aside(&mut change, &found.id, body, pen).await?;
        change.commit().await?;
        Ok(Written::Done(()))
    }

    /// Throws the draft away, where there is one, and what was kept aside for this person.
    pub async fn discard_draft(&self, workspace: &str, slug: &str, pen: Pen<'_>) -> Stored<Written<()>> {
        let mut change = self.control.write.begin().await?;
        let found = match found(&mut change, workspace, slug).await? {
            Ok(found) => found,
            Err(refused) => return Ok(refused.into_written()),
        };
        forget_aside(&mut change, &found.id, pen).await?;
        if end_draft(&mut change, &found.id).await? {
            turn(&mut change, &found.id).await?;
        }
        change.commit().await?;
        Ok(Written::Done(()))
    }

    /// Adds a version and makes it the one that calls take. Its number and the new revision.
    pub async fn publish_config(
        &self,
        workspace: &str,
        slug: &str,
        text: Publication<'_>,
        pen: Pen<'_>,
    ) -> Stored<Written<(i64, i64)>> {
        let mut change = self.control.write.begin().await?;
        let found = match found(&mut change, workspace, slug).await? {
            Ok(found) => found,
            Err(refused) => return Ok(refused.into_written()),
        };
        if text.seen.is_some_and(|seen| seen != found.revision) {
            return Ok(Written::Clash(found.clash));
        }
        let number = add_version(&mut change, &found.id, &text, pen).await?;
        if text.ends_draft {
            end_draft(&mut change, &found.id).await?;
            forget_aside(&mut change, &found.id, pen).await?;
        }
        let revision = turn(&mut change, &found.id).await?;
        change.commit().await?;
        Ok(Written::Done((number, revision)))
    }

    pub async fn rename_config(&self, workspace: &str, slug: &str, name: &str, now: i64) -> Stored<Written<()>> {
        let mut change = self.control.write.begin().await?;
        let found = match found(&mut change, workspace, slug).await? {
            Ok(found) => found,
            Err(refused) => return Ok(refused.into_written()),
        };
        sqlx::query("UPDATE configs SET name = $2, updated_at = $3 WHERE id = $1")
            .bind(&found.id)
            .bind(name)
            .bind(now)
            .execute(&mut *change)
            .await?;
        change.commit().await?;
        Ok(Written::Done(()))
    }

    /// Removes it with its draft and versions, unless it is a key's default.
    pub async fn remove_config(&self, workspace: &str, slug: &str) -> Stored<ConfigRemoval> {
        let mut change = self.control.write.begin().await?;
        let found = match found(&mut change, workspace, slug).await? {
            Ok(found) => found,
            Err(Refused::Missing) => return Ok(ConfigRemoval::Missing),
            Err(Refused::Locked) => return Ok(ConfigRemoval::Locked),
        };
        let users: Vec<String> = sqlx::query_scalar(
            "SELECT name FROM api_keys WHERE workspace = $1 AND config = $2 AND revoked_at IS NULL ORDER BY name LIMIT 20",
        )
        .bind(workspace)
        .bind(slug)
        .fetch_all(&mut *change)
        .await?;
        if !users.is_empty() {
            return Ok(ConfigRemoval::Used(users));
        }
        sqlx::query("DELETE FROM configs WHERE id = $1").bind(&found.id).execute(&mut *change).await?;
        change.commit().await?;
        Ok(ConfigRemoval::Done)
    }
}

enum Refused {
    Missing,
    Locked,
}

impl Refused {
    fn into_written<T>(self) -> Written<T> {
        match self {
            Self::Missing => Written::Missing,
            Self::Locked => Written::Locked,
        }
    }
}

type Change<'c> = Transaction<'c, Sqlite>;

async fn found(change: &mut Change<'_>, workspace: &str, slug: &str) -> Stored<Result<Found, Refused>> {
    let row = sqlx::query(
        "SELECT c.id, c.origin, c.revision, COALESCE(v.number, 0) AS number, COALESCE(d.body, v.body, '') AS shown, \
         COALESCE(l.body, v.body, '') AS body, COALESCE(q.email, l.author, p.email, v.author) AS author, \
         COALESCE(l.updated_at, v.created_at, c.created_at) AS at \
         FROM configs c LEFT JOIN config_versions v ON v.id = c.version LEFT JOIN drafts d ON d.config = c.id \
         LEFT JOIN drafts l ON l.config = c.id AND l.updated_at >= COALESCE(v.created_at, 0) \
         LEFT JOIN people p ON p.id = v.author LEFT JOIN people q ON q.id = l.author \
         WHERE c.workspace = $1 AND c.slug = $2",
    )
    .bind(workspace)
    .bind(slug)
    .fetch_optional(&mut **change)
    .await?;
    let Some(row) = row else { return Ok(Err(Refused::Missing)) };
    let found = read(&row)?;
    Ok(if found.origin.locked() { Err(Refused::Locked) } else { Ok(found) })
}

fn read(row: &SqliteRow) -> Stored<Found> {
    let revision = row.try_get("revision")?;
    let clash =
        Clash { theirs: row.try_get("body")?, revision, author: row.try_get("author")?, at: row.try_get("at")? };
    let origin = Origin::from_word(row.try_get("origin")?);
    let (number, shown) = (row.try_get("number")?, row.try_get("shown")?);
    Ok(Found { id: row.try_get("id")?, origin, revision, number, shown, clash })
}

/// A draft that is there keeps the version it began from.
async fn put_draft(change: &mut Change<'_>, config: &str, body: &str, base: i64, pen: Pen<'_>) -> Stored<()> {
    sqlx::query(
        "INSERT INTO drafts (config, body, base, author, updated_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (config) DO UPDATE SET body = excluded.body, author = excluded.author, \
         updated_at = excluded.updated_at",
    )
    .bind(config)
    .bind(body)
    .bind(base)
    .bind(pen.author)
    .bind(pen.now)
    .execute(&mut **change)
    .await?;
    Ok(())
}

async fn put_aside(change: &mut Change<'_>, config: &str, body: &str, pen: Pen<'_>) -> Stored<()> {
    let Some(person) = pen.person else { return Ok(()) };
    sqlx::query(
        "INSERT INTO asides (config, person, body, at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (config, person) DO UPDATE SET body = excluded.body, at = excluded.at",
    )
    .bind(config)
    .bind(person)
    .bind(body)
    .bind(pen.now)
    .execute(&mut **change)
    .await?;
    Ok(())
}

async fn forget_aside(change: &mut Change<'_>, config: &str, pen: Pen<'_>) -> Stored<()> {
    let sql = "DELETE FROM asides WHERE config = $1 AND person = $2";
    sqlx::query(sql).bind(config).bind(pen.person).execute(&mut **change).await?;
    Ok(())
}

/// Whether there was one.
async fn end_draft(change: &mut Change<'_>, config: &str) -> Stored<bool> {
    let ended = sqlx::query("DELETE FROM drafts WHERE config = $1").bind(config).execute(&mut **change).await?;
    Ok(ended.rows_affected() > 0)
}

async fn add_version(change: &mut Change<'_>, config: &str, text: &Publication<'_>, pen: Pen<'_>) -> Stored<i64> {
    let number: i64 = sqlx::query_scalar(
        "INSERT INTO config_versions (id, config, number, body, author, created_at, note) \
         SELECT $1, $2, COALESCE(max(number), 0) + 1, $3, $4, $5, $6 FROM config_versions WHERE config = $2 \
         RETURNING number",
    )
    .bind(text.id)
    .bind(config)
    .bind(text.body)
    .bind(pen.author)
    .bind(pen.now)
    .bind(text.note)
    .fetch_one(&mut **change)
    .await?;
    sqlx::query("UPDATE configs SET version = $2, updated_at = $3 WHERE id = $1")
        .bind(config)
        .bind(text.id)
        .bind(pen.now)
        .execute(&mut **change)
        .await?;
    Ok(number)
}

/// The config's next revision.
async fn turn(change: &mut Change<'_>, config: &str) -> Stored<i64> {
    let sql = "UPDATE configs SET revision = revision + 1 WHERE id = $1 RETURNING revision";
    Ok(sqlx::query_scalar(sql).bind(config).fetch_one(&mut **change).await?)
}

#[cfg(test)]
mod tests;
