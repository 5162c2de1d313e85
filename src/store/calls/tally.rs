//! Counts beside a list: from blocks and rollups where they can, so that they stay fast at any size of the journal.

use super::{CallFilter, EVERY};
use crate::store::blocks::Way;
use crate::store::rollups::HOUR;
use crate::store::{Store, Stored};
use app::model::range::MINUTE;
use sqlx::QueryBuilder;
use std::collections::{BTreeMap, HashMap};

/// How much was called by one combination of provider, model, key, config and status.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Tally {
    pub provider: String,
    /// As served.
    pub model: String,
    pub key: String,
    /// Slug; empty: none.
    pub config: String,
    pub status: u16,
    pub calls: u64,
    /// Input and output.
    pub tokens: u64,
    /// Nano-dollars of the priced calls.
    pub cost: i64,
}

/// Calls that started within one bar of the histogram; bars without calls are absent.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Bar {
    /// Start, milliseconds, a multiple of the bar's width.
    pub at: i64,
    pub calls: u64,
    /// 400 and above, and interrupted.
    pub errors: u64,
}

/// Both, in the making.
#[derive(Default)]
struct Counts {
    tallies: HashMap<(String, String, String, String, u16), Tally>,
    bars: BTreeMap<i64, Bar>,
}

impl Store {
    /// The filter's span cut by provider, model, key, config and status, and the histogram of the whole filter, oldest
    /// bar first, in bars of `width` milliseconds, at least a minute.
    ///
    /// In the first, those five do not narrow it, so that each facet can be counted under all filters but its own:
    /// `CallFilter::admits` applies them. Hours that have a block are counted there; where they have none, rollups answer
    /// if they can.
    pub async fn counts(&self, workspace: &str, filter: &CallFilter, width: i64) -> Stored<(Vec<Tally>, Vec<Bar>)> {
        let width = width.max(MINUTE);
        let whole = (filter.from.unwrap_or(0), filter.until.unwrap_or(i64::MAX));
        let way = self.way(workspace, filter).await?.unwrap_or_else(|| vec![Way::Open(whole.0, whole.1)]);
        let mut counts = Counts::default();
        for step in way {
            let rest = match step {
                Way::Open(from, until) => Some((from, until)),
                Way::Block(hour) => {
                    let walked = self.count_block(workspace, (filter, hour), width, &mut counts).await?;
                    (!walked).then_some((hour.max(whole.0), (hour + HOUR).min(whole.1)))
                }
            };
            if let Some((from, until)) = rest {
                let filter = CallFilter { from: Some(from), until: Some(until), ..filter.clone() };
                self.tallies(workspace, &filter).await?.into_iter().for_each(|tally| counts.tally(tally));
                self.bars(workspace, &filter, width).await?.into_iter().for_each(|bar| counts.bar(&bar));
            }
        }
        Ok((counts.tallies.into_values().collect(), counts.bars.into_values().collect()))
    }

    /// False: the block is gone.
    async fn count_block(
        &self,
        workspace: &str,
        (filter, hour): (&CallFilter, i64),
        width: i64,
        counts: &mut Counts,
    ) -> Stored<bool> {
        // Texts are made once for each combination of a block.
        let mut numbered: HashMap<[u32; 5], (bool, Tally)> = HashMap::new();
        let walked = self
            .through(workspace, hour, (filter, false), |seen| {
                let head = seen.head;
                let tail = seen.tail()?;
                let numbers = [head.provider, head.model, head.key, head.config, u32::from(head.status)];
                let (admitted, tally) = numbered.entry(numbers).or_insert_with(|| {
                    let word = |number| seen.block.word(number).to_owned();
                    let tally = Tally {
                        provider: word(head.provider),
                        model: word(head.model),
                        key: word(head.key),
                        config: word(head.config),
                        status: head.status,
                        calls: 0,
                        tokens: 0,
                        cost: 0,
                    };
                    (filter.admits(&tally), tally)
                });
                tally.calls += 1;
                tally.tokens += tail.tokens_in + tail.tokens_out;
                tally.cost += tail.cost.and_then(|cost| i64::try_from(cost).ok()).unwrap_or(0);
                if *admitted {
                    let errors = u64::from(head.status >= 400 || head.status == 0);
                    counts.bar(&Bar { at: seen.at - seen.at.rem_euclid(width), calls: 1, errors });
                }
                Ok(())
            })
            .await?;
        numbered.into_values().for_each(|(_, tally)| counts.tally(tally));
        Ok(walked)
    }

    /// The same of the first from rollups, or from the calls.
    async fn tallies(&self, workspace: &str, filter: &CallFilter) -> Stored<Vec<Tally>> {
        let mut sql = QueryBuilder::new("");
        if filter.is_rolled_up() {
            sql.push("SELECT provider, model, key_id AS key, config, status, sum(calls) AS calls, ");
            sql.push("sum(tokens_in + tokens_out) AS tokens, sum(cost) AS cost FROM rollups");
            filter.where_rollups(&mut sql, workspace);
        } else {
            sql.push("SELECT provider, model_served AS model, key_id AS key, coalesce(config, '') AS config, status, ");
            sql.push("count(*) AS calls, ");
            sql.push("sum(tokens_in + tokens_out) AS tokens, coalesce(sum(cost), 0) AS cost FROM calls");
            filter.where_unrolled(&mut sql, workspace, EVERY);
        }
        sql.push(" GROUP BY 1, 2, 3, 4, 5");
        Ok(sql.build_query_as().fetch_all(&self.journal.read).await?)
    }

    /// Minutes are summed first, as they come in the order of the primary key: that spares sorting every rollup.
    async fn bars(&self, workspace: &str, filter: &CallFilter, width: i64) -> Stored<Vec<Bar>> {
        let mut sql = QueryBuilder::new("SELECT ");
        if filter.is_rolled_up() {
            sql.push("minute - minute % ").push_bind(width).push(" AS at, sum(calls) AS calls, sum(errors) AS errors ");
            sql.push("FROM (SELECT minute, sum(calls) AS calls, sum(errors) AS errors FROM rollups");
            filter.where_rollups(&mut sql, workspace);
            filter.and_rolled(&mut sql, "model");
            sql.push(" GROUP BY minute)");
        } else {
            sql.push("at - at % ").push_bind(width).push(" AS at, count(*) AS calls, ");
            sql.push("sum(status >= 400 OR status = 0) AS errors FROM calls");
            filter.where_calls(&mut sql, workspace, EVERY);
        }
        sql.push(" GROUP BY 1 ORDER BY 1");
        Ok(sql.build_query_as().fetch_all(&self.journal.read).await?)
    }
}

impl Counts {
    fn tally(&mut self, tally: Tally) {
        let Tally { provider, model, key, config, status, .. } = tally.clone();
        let key = (provider, model, key, config, status);
        match self.tallies.get_mut(&key) {
            Some(known) => {
                known.calls += tally.calls;
                known.tokens += tally.tokens;
                known.cost += tally.cost;
            }
            None => _ = self.tallies.insert(key, tally),
        }
    }

    fn bar(&mut self, bar: &Bar) {
        let known = self.bars.entry(bar.at).or_insert(Bar { at: bar.at, calls: 0, errors: 0 });
        known.calls += bar.calls;
        known.errors += bar.errors;
    }
}

#[cfg(test)]
mod tests {
    use super::super::Statuses;
    use super::super::seed::{AT, Seed, journal};
    use super::*;

    #[tokio::test]
    async fn rollups_and_a_scan_count_the_same() {
        let (store, _folder) = journal().await;
        for (after, status, model, cost) in [
            (0, 200, "gpt-oss-120b", Some(5)),
            (1, 200, "gpt-oss-120b", None),
            (61_000, 500, "gpt-oss-120b", Some(0)),
            (62_000, 0, "slow-7", None),
        ] {
            let seed = Seed { at: AT + after, status, model, cost, trace: "t-1", ..Seed::default() };
            seed.plant(&store).await;
        }
        let span = CallFilter { from: Some(AT), until: Some(AT + 120_000), ..CallFilter::default() };
        let scan = CallFilter { trace: Some("t-1".into()), ..span.clone() };
        let counts = async |filter: &CallFilter| {
            let (mut tallies, bars) = store.counts("default", filter, MINUTE).await.unwrap();
            tallies.sort_by(|a, b| (&a.model, a.status).cmp(&(&b.model, b.status)));
            (tallies, bars)
        };
        let (rolled, _) = counts(&span).await;
        assert_eq!(rolled, counts(&scan).await.0);
        assert_eq!(rolled.iter().map(|tally| tally.calls).sum::<u64>(), 4);
        assert_eq!(rolled.iter().map(|tally| tally.cost).sum::<i64>(), 5);

        let errors = |filter: CallFilter| CallFilter { statuses: vec![Statuses::Errors], ..filter };
        let (_, bars) = counts(&errors(span)).await;
        assert_eq!(bars, counts(&errors(scan)).await.1);
        assert_eq!(bars, [Bar { at: AT + MINUTE, calls: 2, errors: 2 }]);
    }
}
