//! What a workspace says of its models: its own, those switched off, its prices.

use super::{Store, Stored};
use sqlx::sqlite::SqliteConnection;
use std::collections::HashMap;

/// In the place of a model: all that nothing else is said of.
pub const ALL: &str = "*";

/// A model that something is said of.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct StoredModel {
    pub workspace: String,
    /// Slug of the provider.
    pub provider: String,
    /// Or [`ALL`].
    pub model: String,
    pub custom: bool,
    pub enabled: bool,
    /// Tokens.
    pub context: Option<i64>,
    /// The word of an [`Origin`](app::model::Origin).
    pub origin: String,
    pub updated_at: i64,
}

/// A price, from its time on. Without any figure the list price holds again.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct StoredPrice {
    pub id: String,
    pub workspace: String,
    /// Slug of the provider.
    pub provider: String,
    pub model: String,
    /// Milliseconds.
    pub starts_at: i64,
    /// Picodollars a token.
    pub input: Option<i64>,
    pub cached: Option<i64>,
    pub output: Option<i64>,
    /// A person's id, or the name of what is no person.
    pub author: Option<String>,
    /// The word of an [`Origin`](app::model::Origin).
    pub origin: String,
    pub created_at: i64,
}

/// Calls of one model in a span of time.
#[derive(Clone, Debug, Default)]
pub struct Uses {
    pub calls: u64,
    /// Answers of 400 and above, cancelled and interrupted calls included.
    pub failed: u64,
    pub unpriced: u64,
    /// Encoded sketches of latency laid end to end; empty where none were asked for.
    pub latency: Vec<u8>,
}

impl Store {
    /// For the book. (Across workspaces: the book holds all of them.)
    pub async fn live_models(&self) -> Stored<Vec<StoredModel>> {
        let sql = "SELECT workspace, provider, model, custom, enabled, context, origin, updated_at FROM models";
        Ok(sqlx::query_as(sql).fetch_all(&self.control.read).await?)
    }

    /// In the order in which they were made. (Across workspaces, as above.)
    pub async fn live_prices(&self) -> Stored<Vec<StoredPrice>> {
        let sql = "SELECT id, workspace, provider, model, starts_at, input, cached, output, author, origin, created_at \
                   FROM prices ORDER BY created_at, rowid";
        Ok(sqlx::query_as(sql).fetch_all(&self.control.read).await?)
    }

    /// Models and prices of one workspace, as above.
    pub async fn said_of_models(&self, workspace: &str) -> Stored<(Vec<StoredModel>, Vec<StoredPrice>)> {
        let (mut models, mut prices) = (self.live_models().await?, self.live_prices().await?);
        models.retain(|row| row.workspace == workspace);
        prices.retain(|row| row.workspace == workspace);
        Ok((models, prices))
    }

    /// Adds what is said of a model, or gives it this content.
    pub async fn put_model(&self, model: &StoredModel) -> Stored<()> {
        let mut connection = self.control.write.acquire().await?;
        put_model(&mut connection, model).await
    }

    /// Forgets a model that was added by hand, with its prices. Whether there was one.
    pub async fn remove_model(&self, workspace: &str, provider: &str, model: &str) -> Stored<bool> {
        self.remove_models(workspace, provider, &[model.to_owned()]).await
    }

    /// The same of several. Whether there were all of them; else nothing is forgotten.
    pub async fn remove_models(&self, workspace: &str, provider: &str, models: &[String]) -> Stored<bool> {
        let mut change = self.control.write.begin().await?;
        for model in models {
            let sql = "DELETE FROM models WHERE workspace = $1 AND provider = $2 AND model = $3 AND custom = 1";
            let gone = sqlx::query(sql).bind(workspace).bind(provider).bind(model).execute(&mut *change).await?;
            if gone.rows_affected() == 0 {
                return Ok(false);
            }
            let sql = "DELETE FROM prices WHERE workspace = $1 AND provider = $2 AND model = $3";
            sqlx::query(sql).bind(workspace).bind(provider).bind(model).execute(&mut *change).await?;
        }
        change.commit().await?;
        Ok(true)
    }

    /// The same for several, and prices with them: all or nothing.
    pub async fn put_models(&self, models: &[StoredModel], prices: &[StoredPrice]) -> Stored<()> {
        let mut change = self.control.write.begin().await?;
        for model in models {
            put_model(&mut change, model).await?;
        }
        for price in prices {
            add_price(&mut change, price).await?;
        }
        Ok(change.commit().await?)
    }

    /// Adds a price.
    pub async fn add_price(&self, price: &StoredPrice) -> Stored<()> {
        let mut connection = self.control.write.acquire().await?;
        add_price(&mut connection, price).await
    }

    /// By provider's slug and model as served, since `since` (milliseconds).
    pub async fn model_uses(
        &self,
        workspace: &str,
        since: i64,
        latency: bool,
    ) -> Stored<HashMap<(String, String), Uses>> {
        let sketches = if latency { "CAST(group_concat(latency, '') AS BLOB)" } else { "x''" };
        let sql = format!(
            "SELECT provider, model, sum(calls), sum(CASE WHEN status BETWEEN 1 AND 399 THEN 0 ELSE calls END), \
             sum(unpriced), {sketches} FROM rollups WHERE workspace = $1 AND minute >= $2 GROUP BY provider, model"
        );
        let rows: Vec<(String, String, i64, i64, i64, Vec<u8>)> =
            sqlx::query_as(&sql).bind(workspace).bind(since).fetch_all(&self.journal.read).await?;
        let count = |figure: i64| u64::try_from(figure).unwrap_or_default();
        let uses = rows.into_iter().map(|(provider, model, calls, failed, unpriced, latency)| {
            let uses = Uses { calls: count(calls), failed: count(failed), unpriced: count(unpriced), latency };
            ((provider, model), uses)
        });
        Ok(uses.collect())
    }
}

pub(super) async fn put_model(connection: &mut SqliteConnection, model: &StoredModel) -> Stored<()> {
    sqlx::query(
        "INSERT INTO models (workspace, provider, model, custom, enabled, context, origin, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (workspace, provider, model) DO UPDATE SET \
         custom = excluded.custom, enabled = excluded.enabled, context = excluded.context, \
         updated_at = excluded.updated_at",
    )
    .bind(&model.workspace)
    .bind(&model.provider)
    .bind(&model.model)
    .bind(model.custom)
    .bind(model.enabled)
    .bind(model.context)
    .bind(&model.origin)
    .bind(model.updated_at)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn add_price(connection: &mut SqliteConnection, price: &StoredPrice) -> Stored<()> {
    sqlx::query(
        "INSERT INTO prices (id, workspace, provider, model, starts_at, input, cached, output, author, origin, \
         created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(&price.id)
    .bind(&price.workspace)
    .bind(&price.provider)
    .bind(&price.model)
    .bind(price.starts_at)
    .bind(price.input)
    .bind(price.cached)
    .bind(price.output)
    .bind(&price.author)
    .bind(&price.origin)
    .bind(price.created_at)
    .execute(connection)
    .await?;
    Ok(())
}

/// Puts what a set-up file says in the place of what it said before. What a person said of the same model stays.
pub(super) async fn declare(
    connection: &mut SqliteConnection,
    workspace: &str,
    models: &[StoredModel],
    prices: &[StoredPrice],
) -> Stored<()> {
    for sql in [
        "DELETE FROM models WHERE workspace = $1 AND origin = 'file'",
        "DELETE FROM prices WHERE workspace = $1 AND origin = 'file'",
    ] {
        sqlx::query(sql).bind(workspace).execute(&mut *connection).await?;
    }
    for model in models {
        let sql = "SELECT count(*) FROM models WHERE workspace = $1 AND provider = $2 AND model = $3";
        let own: i64 = sqlx::query_scalar(sql)
            .bind(workspace)
            .bind(&model.provider)
            .bind(&model.model)
            .fetch_one(&mut *connection)
            .await?;
        if own == 0 {
            put_model(connection, model).await?;
        }
    }
    for price in prices {
        add_price(connection, price).await?;
    }
    Ok(())
}

/// Forgets all that is said of a provider's models.
pub(super) async fn forget(connection: &mut SqliteConnection, workspace: &str, provider: &str) -> Stored<()> {
    for sql in [
        "DELETE FROM models WHERE workspace = $1 AND provider = $2",
        "DELETE FROM prices WHERE workspace = $1 AND provider = $2",
    ] {
        sqlx::query(sql).bind(workspace).bind(provider).execute(&mut *connection).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(name: &str, custom: bool) -> StoredModel {
        StoredModel {
            workspace: "default".into(),
            provider: "alpha".into(),
            model: name.into(),
            custom,
            enabled: true,
            context: Some(32_000),
            origin: "console".into(),
            updated_at: 1,
        }
    }

    fn price(id: &str, name: &str) -> StoredPrice {
        StoredPrice {
            id: id.into(),
            workspace: "default".into(),
            provider: "alpha".into(),
            model: name.into(),
            starts_at: 5,
            input: Some(1),
            cached: None,
            output: None,
            author: None,
            origin: "console".into(),
            created_at: 5,
        }
    }

    #[tokio::test]
    async fn a_model_of_ones_own_goes_with_its_prices_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), false).await.unwrap();
        store.put_model(&model("own", true)).await.unwrap();
        store.put_model(&model("listed", false)).await.unwrap();
        store.put_model(&StoredModel { enabled: false, ..model("listed", false) }).await.unwrap();
        for (id, name) in [("1", "own"), ("2", "listed"), ("3", "own")] {
            store.add_price(&price(id, name)).await.unwrap();
        }
        for (workspace, name, gone) in [
            ("elsewhere", "own", false),
            ("default", "listed", false),
            ("default", "own", true),
            ("default", "own", false),
        ] {
            assert_eq!(store.remove_model(workspace, "alpha", name).await.unwrap(), gone, "{workspace} {name}");
        }
        let (models, prices) = store.said_of_models("default").await.unwrap();
        assert_eq!(models, [StoredModel { enabled: false, ..model("listed", false) }]);
        assert_eq!(prices, [price("2", "listed")]);
    }

    #[tokio::test]
    async fn uses_are_counted_by_provider_and_model() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), false).await.unwrap();
        for (model, status, calls) in [("m", 200, 7), ("m", 429, 2), ("n", 0, 1)] {
            let sql = "INSERT INTO rollup_fresh VALUES ('default', 60000, 'alpha', $1, 'k', $2, '', '', $3, 0, 0, 0, 0, 0, 1, 0, 0, \
                 0, 0, 0, 0, x'01', x'')";
            sqlx::query(sql).bind(model).bind(status).bind(calls).execute(&store.journal.write).await.unwrap();
        }
        let uses = store.model_uses("default", 0, true).await.unwrap();
        let of = |model: &str| &uses[&("alpha".to_owned(), model.to_owned())];
        assert_eq!((of("m").calls, of("m").failed, of("m").unpriced, of("m").latency.len()), (9, 2, 2, 2));
        assert_eq!((of("n").calls, of("n").failed), (1, 1));
        assert!(store.model_uses("default", 60_001, false).await.unwrap().is_empty());
    }
}
