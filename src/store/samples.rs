//! Made-up calls: told from real ones by the ids of their keys, written and removed by the day with their figures.

use crate::journal::record::Record;
use crate::store::calls::first_id;
use crate::store::feedback::{Feedback, insert};
use crate::store::journal::write_bare;
use crate::store::rollups::{DAY, rebuild_day};
use crate::store::traced::index_at_once;
use crate::store::{Store, Stored};

/// How the id of a made-up key begins; no other does.
pub const SAMPLE: &str = "sample-";

impl Store {
    /// Writes calls that began on `day` (start, milliseconds) in `workspace`, the day's figures with them, and what was
    /// said of them.
    pub async fn plant(
        &self,
        workspace: &str,
        (day, now): (i64, i64),
        records: &[Record],
        said: &[Feedback],
    ) -> Stored<()> {
        let records = records.iter().collect::<Vec<_>>();
        let mut transaction = self.journal.write.begin_with("BEGIN IMMEDIATE").await?;
        write_bare(&mut transaction, &records).await?;
        index_at_once(&mut transaction, &records).await?;
        rebuild_day(&mut transaction, workspace, (day, now)).await?;
        insert(&mut transaction, workspace, said).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Removes every made-up call with all that was said of it, and says how many there were. `told` hears of each day.
    pub async fn uproot(&self, now: i64, mut told: impl FnMut(i64, u64)) -> Stored<u64> {
        let mut all = 0;
        for (workspace, day) in self.days().await? {
            let mut transaction = self.journal.write.begin_with("BEGIN IMMEDIATE").await?;
            let made_up = "FROM calls WHERE id >= $1 AND id < $2 AND workspace = $3 AND key_id GLOB 'sample-*'";
            let mut gone = 0;
            for sql in [
                format!("DELETE FROM attempts WHERE call IN (SELECT id {made_up})"),
                format!("DELETE FROM bodies WHERE call IN (SELECT id {made_up})"),
                format!("DELETE FROM feedback WHERE workspace = $3 AND trace_id IN (SELECT trace_id {made_up})"),
                format!("DELETE FROM trace_calls WHERE (trace_id, id) IN (SELECT trace_id, id {made_up})"),
                format!("DELETE {made_up}"),
            ] {
                let query = sqlx::query(&sql).bind(first_id(day)).bind(first_id(day + DAY)).bind(&workspace);
                gone = query.execute(&mut *transaction).await?.rows_affected();
            }
            if gone > 0 {
                rebuild_day(&mut transaction, &workspace, (day, now)).await?;
            }
            transaction.commit().await?;
            told(day, gone);
            all += gone;
        }
        Ok(all)
    }

    /// Whether there are made-up calls.
    pub async fn has_samples(&self, workspace: &str) -> Stored<bool> {
        let found = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM rollup_sums WHERE workspace = $1 AND grain = $2 AND dimension = 'key' \
             AND value GLOB 'sample-*')",
        );
        Ok(found.bind(workspace).bind(DAY).fetch_one(&self.journal.read).await?)
    }
}
