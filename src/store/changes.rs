//! What people changed: publications of configs, keys made and revoked, providers added, costs recomputed.

use crate::store::{Store, Stored};

/// One act on what is edited by hand.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Change {
    /// Milliseconds since 1970 UTC.
    pub at: i64,
    /// `published`, `key`, `revoked`, `provider` or `recomputed`.
    pub kind: String,
    pub name: String,
    /// Slug of a config or provider, id of a key or recomputation.
    pub id: String,
    /// Number of the version, calls that were recomputed; 0 for others.
    pub number: i64,
    /// The note of a publication, the prices of a recomputation.
    pub note: String,
}

impl Store {
    /// Publications from `from` to before `to`, oldest first, `most` at most, the newest of them.
    pub async fn publications(&self, workspace: &str, from: i64, to: i64, most: i64) -> Stored<Vec<Change>> {
        let mut changes = self.changes(workspace, (from, to), "kind = 'published'", most).await?;
        changes.reverse();
        Ok(changes)
    }

    /// Everything from `from` to before `to`, newest first, `most` at most.
    pub async fn recent_changes(&self, workspace: &str, from: i64, to: i64, most: i64) -> Stored<Vec<Change>> {
        self.changes(workspace, (from, to), "true", most).await
    }

    async fn changes(
        &self,
        workspace: &str,
        (from, to): (i64, i64),
        only: &'static str,
        most: i64,
    ) -> Stored<Vec<Change>> {
        let sql = format!(
            "SELECT at, kind, name, id, number, note FROM ( \
                 SELECT v.created_at AS at, 'published' AS kind, c.name AS name, c.slug AS id, v.number AS number, \
                        coalesce(v.note, '') AS note \
                 FROM config_versions v JOIN configs c ON c.id = v.config WHERE c.workspace = $1 \
                 UNION ALL SELECT created_at, 'key', name, id, 0, '' FROM api_keys WHERE workspace = $1 \
                 UNION ALL SELECT revoked_at, 'revoked', name, id, 0, '' FROM api_keys \
                           WHERE workspace = $1 AND revoked_at IS NOT NULL \
                 UNION ALL SELECT created_at, 'provider', slug, slug, 0, '' FROM providers WHERE workspace = $1 \
                 UNION ALL SELECT at, 'recomputed', '', id, calls, prices FROM recomputes \
                           WHERE workspace = $1) \
             WHERE at >= $2 AND at < $3 AND {only} ORDER BY at DESC LIMIT $4"
        );
        let changes = sqlx::query_as(&sql).bind(workspace).bind(from).bind(to).bind(most);
        Ok(changes.fetch_all(&self.control.read).await?)
    }
}
