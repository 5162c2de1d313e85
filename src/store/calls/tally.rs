//! Counts beside a list: from blocks and rollups where they can, so that they stay fast at any size of the journal.

use super::filter::MODEL;
use super::{CallFilter, EVERY};
use crate::store::blocks::{Amount, Block, Garbled, Gather, Sieve, Tallies, Way, read_blocks};
use crate::store::rollups::HOUR;
use crate::store::{Store, Stored};
use app::model::range::MINUTE;
use sqlx::QueryBuilder;
use std::collections::{BTreeMap, HashMap};

/// How much was called by one combination of provider, model, key and status.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Tally {
    pub provider: String,
    /// As served.
    pub model: String,
    pub key: String,
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

/// What stands beside a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    pub tallies: Vec<Tally>,
    /// Oldest first.
    pub bars: Vec<Bar>,
    /// Calls by config, the empty one for none, under all of the filter but what it says of configs. `None`: the filter is
    /// rolled up, and its tallies know of no config.
    pub configs: Option<BTreeMap<String, u64>>,
}

/// The same in the making.
#[derive(Default)]
struct Counts {
    /// Numbers of the words that tallies are told apart by.
    numbers: HashMap<String, u32>,
    /// By status, and provider, model and key.
    amounts: HashMap<(u16, [u32; 3]), Amount>,
    bars: BTreeMap<i64, Bar>,
    configs: BTreeMap<String, u64>,
}

/// Counts of the calls that pass, from blocks or from what stands beside them.
struct Counting {
    /// But for configs.
    filter: CallFilter,
    /// Those that narrow tallies and bars; none: all pass.
    configs: Vec<String>,
    /// Of a bar, milliseconds.
    width: i64,
    counts: Counts,
}

impl Store {
    /// The filter's span cut by provider, model, key and status, the histogram of the whole filter in bars of `width`
    /// milliseconds, at least a minute, and what each config would leave.
    ///
    /// In the first, those four do not narrow it, so that each facet can be counted under all filters but its own:
    /// `CallFilter::admits` applies them. Hours that have a block are counted there, or in the tallies beside it where
    /// those four are all that is asked; where they have none, rollups answer if they can.
    pub async fn counts(&self, workspace: &str, filter: &CallFilter, width: i64) -> Stored<Counted> {
        let width = width.max(MINUTE);
        let whole = (filter.from.unwrap_or(0), filter.until.unwrap_or(i64::MAX));
        let way = self.way(workspace, filter).await?.unwrap_or_else(|| vec![Way::Open(whole.0, whole.1)]);
        let within = |hour: &i64| *hour >= whole.0 && hour + HOUR <= whole.1;
        let tallied = filter.is_rolled_up() && width % HOUR == 0;
        let (told, mut walked): (Vec<i64>, Vec<i64>) =
            way.iter().filter_map(Way::hour).partition(|hour| tallied && within(hour));
        let loose = CallFilter { configs: Vec::new(), ..filter.clone() };
        let counting = Counting { filter: loose, configs: filter.configs.clone(), width, counts: Counts::default() };
        let (counting, untold) = self.count_tallies(workspace, told, counting).await?;
        walked.extend(untold);
        let (counting, gone) = self.walk(workspace, &walked, counting).await?;
        let mut counts = counting.counts;
        let open = way.into_iter().filter(|step| step.hour().is_none());
        for step in open.chain(gone.into_iter().map(Way::Block)) {
            let (from, until) = step.span();
            let (from, until) = (from.max(whole.0), until.min(whole.1));
            let filter = CallFilter { from: Some(from), until: Some(until), ..filter.clone() };
            self.tallies(workspace, &filter).await?.iter().for_each(|tally| counts.tally(tally));
            self.bars(workspace, &filter, width).await?.iter().for_each(|bar| counts.bar(bar));
            if !filter.is_rolled_up() {
                counts.config_calls(self.config_calls(workspace, filter).await?);
            }
        }
        let told = counts.told();
        Ok(Counted { configs: told.configs.filter(|_| !filter.is_rolled_up()), ..told })
    }

    /// Counts whole hours by their tallies; the hours whose block is gone are given back.
    async fn count_tallies(
        &self,
        workspace: &str,
        mut hours: Vec<i64>,
        mut counting: Counting,
    ) -> Stored<(Counting, Vec<i64>)> {
        let (Some(first), Some(last)) = (hours.first(), hours.last()) else { return Ok((counting, hours)) };
        let mut tallies = self.hour_tallies(workspace, (*first, last + HOUR)).await?;
        // A block that was made meanwhile is of an hour that is read from its calls.
        tallies.retain(|(hour, _)| hours.binary_search(hour).is_ok());
        hours.retain(|hour| tallies.binary_search_by_key(hour, |(known, _)| *known).is_err());
        let counted = read_blocks(move || {
            for (hour, tallies) in &tallies {
                counting.count(*hour, &Tallies::read(tallies)?);
            }
            Ok(counting)
        });
        Ok((counted.await?, hours))
    }

    /// The same of the first from rollups, or from the calls.
    async fn tallies(&self, workspace: &str, filter: &CallFilter) -> Stored<Vec<Tally>> {
        let mut sql = QueryBuilder::new("");
        if filter.is_rolled_up() {
            sql.push("SELECT provider, model, key_id AS key, status, sum(calls) AS calls, ");
            sql.push("sum(tokens_in + tokens_out) AS tokens, sum(cost) AS cost FROM rollups");
            filter.where_rollups(&mut sql, workspace);
        } else {
            sql.push("SELECT provider, ").push(MODEL).push(" AS model, key_id AS key, status, count(*) AS calls, ");
            sql.push("sum(tokens_in + tokens_out) AS tokens, coalesce(sum(cost), 0) AS cost FROM ")
                .push(filter.table());
            filter.where_unrolled(&mut sql, workspace, EVERY);
        }
        sql.push(" GROUP BY 1, 2, 3, 4");
        Ok(sql.build_query_as().fetch_all(self.calls_for(filter).await).await?)
    }

    /// Calls by config, whatever the filter says of configs.
    async fn config_calls(&self, workspace: &str, filter: CallFilter) -> Stored<Vec<(String, u64)>> {
        let filter = CallFilter { configs: Vec::new(), ..filter };
        let mut sql = QueryBuilder::new("SELECT coalesce(config, ''), count(*) FROM ");
        sql.push(filter.table());
        filter.where_calls(&mut sql, workspace, EVERY);
        sql.push(" GROUP BY 1");
        Ok(sql.build_query_as().fetch_all(self.calls_for(&filter).await).await?)
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
            sql.push("sum(status >= 400 OR status = 0) AS errors FROM ").push(filter.table());
            filter.where_calls(&mut sql, workspace, EVERY);
        }
        sql.push(" GROUP BY 1 ORDER BY 1");
        Ok(sql.build_query_as().fetch_all(self.calls_for(filter).await).await?)
    }
}

impl Counting {
    fn count(&mut self, hour: i64, tallies: &Tallies<'_>) {
        let mut bar = Bar { at: hour - hour.rem_euclid(self.width), calls: 0, errors: 0 };
        for (who, amount) in &tallies.amounts {
            let words = [who.provider, who.model, who.key].map(|word| tallies.word(word));
            self.counts.amount(who.status, words).merge(*amount);
            if self.filter.admits_who(who.status, words) {
                bar.calls += amount.calls;
                bar.errors += if is_error(who.status) { amount.calls } else { 0 };
            }
        }
        self.counts.bar(&bar);
    }
}

impl Gather for Counting {
    fn fork(&self) -> Self {
        let (filter, configs) = (self.filter.clone(), self.configs.clone());
        Self { filter, configs, width: self.width, counts: Counts::default() }
    }

    fn join(&mut self, later: Self) {
        let Counted { tallies, bars, configs } = later.counts.told();
        tallies.iter().for_each(|tally| self.counts.tally(tally));
        bars.iter().for_each(|bar| self.counts.bar(bar));
        self.counts.config_calls(configs.into_iter().flatten());
    }

    fn take(&mut self, _: i64, block: &Block<'_>) -> Result<(), Garbled> {
        let Some(sieve) = Sieve::of(&self.filter, block, false) else { return Ok(()) };
        let is_wanted = |config: &str| self.configs.is_empty() || self.configs.iter().any(|one| one == config);
        let wanted: Vec<bool> = block.kinds.iter().map(|kind| is_wanted(block.word(kind.config))).collect();
        let mut amounts = vec![Amount::default(); block.kinds.len()];
        let mut bar = Bar { at: 0, calls: 0, errors: 0 };
        for row in block.rows() {
            let row = row?;
            if !sieve.passes(&row)? {
                continue;
            }
            let (tokens, cost) = row.amounts()?;
            amounts[row.kind].add(tokens, cost);
            if !(sieve.admits(row.kind) && wanted[row.kind]) {
                continue;
            }
            let at = row.at() - row.at().rem_euclid(self.width);
            if at != bar.at {
                self.counts.bar(&bar);
                bar = Bar { at, calls: 0, errors: 0 };
            }
            bar.calls += 1;
            bar.errors += u64::from(is_error(block.kinds[row.kind].status));
        }
        self.counts.bar(&bar);
        for (place, (kind, amount)) in
            block.kinds.iter().zip(amounts).enumerate().filter(|(_, (_, amount))| amount.calls > 0)
        {
            if wanted[place] {
                let words = [kind.provider, kind.model, kind.key].map(|word| block.word(word));
                self.counts.amount(kind.status, words).merge(amount);
            }
            if sieve.admits(place) {
                self.counts.config_calls([(block.word(kind.config).to_owned(), amount.calls)]);
            }
        }
        Ok(())
    }
}

impl Counts {
    fn amount(&mut self, status: u16, words: [&str; 3]) -> &mut Amount {
        let numbers = words.map(|word| self.number(word));
        self.amounts.entry((status, numbers)).or_default()
    }

    fn number(&mut self, word: &str) -> u32 {
        if let Some(number) = self.numbers.get(word) {
            return *number;
        }
        let number = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        self.numbers.insert(word.to_owned(), number);
        number
    }

    fn tally(&mut self, tally: &Tally) {
        let Tally { provider, model, key, status, calls, tokens, cost } = tally;
        self.amount(*status, [provider, model, key]).merge(Amount { calls: *calls, tokens: *tokens, cost: *cost });
    }

    fn bar(&mut self, bar: &Bar) {
        if bar.calls > 0 {
            let known = self.bars.entry(bar.at).or_insert(Bar { at: bar.at, calls: 0, errors: 0 });
            known.calls += bar.calls;
            known.errors += bar.errors;
        }
    }

    fn config_calls(&mut self, calls: impl IntoIterator<Item = (String, u64)>) {
        for (config, calls) in calls {
            *self.configs.entry(config).or_default() += calls;
        }
    }

    fn told(self) -> Counted {
        let words: HashMap<u32, String> = self.numbers.into_iter().map(|(word, number)| (number, word)).collect();
        let word = |number: u32| words.get(&number).cloned().unwrap_or_default();
        let tally = |((status, [provider, model, key]), amount): ((u16, [u32; 3]), Amount)| Tally {
            provider: word(provider),
            model: word(model),
            key: word(key),
            status,
            calls: amount.calls,
            tokens: amount.tokens,
            cost: amount.cost,
        };
        Counted {
            tallies: self.amounts.into_iter().map(tally).collect(),
            bars: self.bars.into_values().collect(),
            configs: Some(self.configs),
        }
    }
}

/// 400 and above, and interrupted.
fn is_error(status: u16) -> bool {
    status >= 400 || status == 0
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
            let mut counted = store.counts("default", filter, MINUTE).await.unwrap();
            counted.tallies.sort_by(|a, b| (&a.model, a.status).cmp(&(&b.model, b.status)));
            (counted.tallies, counted.bars)
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
