//! Which calls are meant, and the SQL that says so.

use super::{Tally, first_id};
use app::model::range::MINUTE;
use sqlx::{QueryBuilder, Sqlite};
use std::ops::Bound;

/// Every field narrows; an empty one does not. Values within a field are alternatives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallFilter {
    /// Start in milliseconds, included.
    pub from: Option<i64>,
    /// Start in milliseconds, excluded.
    pub until: Option<i64>,
    pub statuses: Vec<Statuses>,
    /// Models served.
    pub models: Vec<String>,
    /// Slugs.
    pub providers: Vec<String>,
    /// Ids.
    pub keys: Vec<String>,
    /// Slugs.
    pub configs: Vec<String>,
    /// Cache statuses.
    pub caches: Vec<String>,
    /// Vendor and model served.
    pub vendor_models: Vec<(String, String)>,
    pub trace: Option<String>,
    pub span: Option<String>,
    pub span_name: Option<String>,
    /// Pairs that must all be present.
    pub metadata: Vec<(String, String)>,
    /// Stands somewhere in the metadata, in a key or a value, whatever its case.
    pub text: Option<String>,
    pub tokens: Bounds,
    pub tokens_in: Bounds,
    pub tokens_out: Bounds,
    /// Nano-dollars; an unpriced call is in no bounds.
    pub cost: Bounds,
    /// Average of value times weight over the feedback on a call's trace, in millionths. A call without is in no bounds.
    pub weighted: Bounds,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statuses {
    Exactly(u16),
    /// `Class(4)` is 400 to 499.
    Class(u16),
    /// 400 and above, and what a crash interrupted.
    Errors,
}

/// Both ends included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    pub least: Option<i64>,
    pub most: Option<i64>,
}

type Sql<'a> = QueryBuilder<'a, Sqlite>;

/// The ids that a list walks over, beside the span of time that its filter has.
pub(in crate::store) type Ids<'a> = (Bound<&'a str>, Bound<&'a str>);

pub(in crate::store) const EVERY: Ids<'static> = (Bound::Unbounded, Bound::Unbounded);

/// The model that a call is told by: as it was served, else as it was asked for.
pub(super) const MODEL: &str = "CASE model_served WHEN '' THEN model_asked ELSE model_served END";

impl CallFilter {
    /// Whether the rollups, which know only time, status, model, provider and key, can count these calls.
    pub fn is_rolled_up(&self) -> bool {
        let unbound = Bounds::default();
        self.configs.is_empty()
            && self.caches.is_empty()
            && self.vendor_models.is_empty()
            && self.trace.is_none()
            && self.span.is_none()
            && self.span_name.is_none()
            && self.metadata.is_empty()
            && self.text.is_none()
            && [self.tokens, self.tokens_in, self.tokens_out, self.cost, self.weighted]
                .iter()
                .all(|bounds| *bounds == unbound)
    }

    /// Whether sums, which know one dimension at a time, may count these calls: models, providers, keys, configs,
    /// statuses or metadata narrow them, and nothing else does. Time is the reader's.
    pub fn is_rolled_by_one(&self) -> bool {
        let plain = Self { configs: Vec::new(), caches: Vec::new(), metadata: Vec::new(), ..self.clone() };
        plain.is_rolled_up()
    }

    /// Whether the index of traces is needed.
    pub(in crate::store) fn asks_by_trace(&self) -> bool {
        self.trace.is_some() || self.weighted != Bounds::default()
    }

    /// Whether status, model, provider or key narrow.
    pub fn asks_who(&self) -> bool {
        !(self.statuses.is_empty() && self.models.is_empty() && self.providers.is_empty() && self.keys.is_empty())
    }

    /// Whether status, model, provider and key of a tally pass.
    pub fn admits(&self, tally: &Tally) -> bool {
        self.admits_who(tally.status, [&tally.provider, &tally.model, &tally.key])
    }

    /// The same of a status, and of provider, model and key.
    pub fn admits_who(&self, status: u16, [provider, model, key]: [&str; 3]) -> bool {
        self.admits_status(status) && self.admits_model(model) && self.admits_key(key) && self.admits_provider(provider)
    }

    pub fn admits_status(&self, status: u16) -> bool {
        self.statuses.is_empty() || self.statuses.iter().any(|wanted| wanted.cover(status))
    }

    pub fn admits_model(&self, model: &str) -> bool {
        self.models.is_empty() || self.models.iter().any(|wanted| wanted == model)
    }

    pub fn admits_key(&self, key: &str) -> bool {
        self.keys.is_empty() || self.keys.iter().any(|wanted| wanted == key)
    }

    pub fn admits_provider(&self, provider: &str) -> bool {
        self.providers.is_empty() || self.providers.iter().any(|wanted| wanted == provider)
    }

    /// The table that the calls are read from: those of one trace stand together in a view of it.
    pub(in crate::store) fn table(&self) -> &'static str {
        if self.trace.is_some() { "traced" } else { "calls" }
    }

    /// `WHERE` over [`CallFilter::table`], whole.
    pub(in crate::store) fn where_calls<'a>(&'a self, sql: &mut Sql<'a>, workspace: &'a str, ids: Ids<'_>) {
        self.where_unrolled(sql, workspace, ids);
        self.and_rolled(sql, MODEL);
    }

    /// `WHERE` over [`CallFilter::table`], without what a [`Tally`] can be asked.
    pub(super) fn where_unrolled<'a>(&'a self, sql: &mut Sql<'a>, workspace: &'a str, ids: Ids<'_>) {
        sql.push(" WHERE workspace = ").push_bind(workspace);
        self.and_ids(sql, ids);
        if let Some(trace) = &self.trace {
            sql.push(" AND trace_id = ").push_bind(trace);
        }
        if let Some(span) = &self.span {
            sql.push(" AND span_id = ").push_bind(span);
        }
        if let Some(name) = &self.span_name {
            sql.push(" AND span_name = ").push_bind(name);
        }
        one_of(sql, "config", &self.configs);
        one_of(sql, "cache_status", &self.caches);
        self.and_vendor_models(sql);
        for (key, value) in &self.metadata {
            and_metadata(sql, key, value);
        }
        if let Some(text) = &self.text {
            sql.push(" AND EXISTS (SELECT 1 FROM json_each(metadata) AS pair WHERE instr(lower(pair.key), lower(");
            sql.push_bind(text).push(")) OR instr(lower(pair.value), lower(").push_bind(text).push(")))");
        }
        self.tokens.and(sql, "tokens_in + tokens_out");
        self.tokens_in.and(sql, "tokens_in");
        self.tokens_out.and(sql, "tokens_out");
        self.cost.and(sql, "cost");
        self.and_weighted(sql, workspace);
    }

    /// One bound at each end, the tighter: SQLite walks from one of two, whichever, and looks at all that lies between.
    fn and_ids(&self, sql: &mut Sql<'_>, (lower, upper): Ids<'_>) {
        let from = self.from.map(first_id);
        let until = self.until.map(first_id);
        let lower = match (&from, lower) {
            (Some(from), Bound::Included(id) | Bound::Excluded(id)) if id < from.as_str() => {
                Bound::Included(from.as_str())
            }
            (Some(from), Bound::Unbounded) => Bound::Included(from.as_str()),
            (_, given) => given,
        };
        let upper = match (&until, upper) {
            (Some(until), Bound::Included(id) | Bound::Excluded(id)) if id >= until.as_str() => {
                Bound::Excluded(until.as_str())
            }
            (Some(until), Bound::Unbounded) => Bound::Excluded(until.as_str()),
            (_, given) => given,
        };
        match lower {
            Bound::Included(id) => _ = sql.push(" AND id >= ").push_bind(id.to_owned()),
            Bound::Excluded(id) => _ = sql.push(" AND id > ").push_bind(id.to_owned()),
            Bound::Unbounded => {}
        }
        match upper {
            Bound::Included(id) => _ = sql.push(" AND id <= ").push_bind(id.to_owned()),
            Bound::Excluded(id) => _ = sql.push(" AND id < ").push_bind(id.to_owned()),
            Bound::Unbounded => {}
        }
    }

    /// `WHERE` over `rollups`, whose grain is the minute.
    pub(super) fn where_rollups<'a>(&'a self, sql: &mut Sql<'a>, workspace: &'a str) {
        sql.push(" WHERE workspace = ").push_bind(workspace);
        if let Some(from) = self.from {
            sql.push(" AND minute >= ").push_bind(from - from.rem_euclid(MINUTE));
        }
        if let Some(until) = self.until {
            sql.push(" AND minute < ").push_bind(until);
        }
    }

    /// Status, model, provider and key.
    pub(super) fn and_rolled<'a>(&'a self, sql: &mut Sql<'a>, model: &str) {
        one_of(sql, model, &self.models);
        one_of(sql, "provider", &self.providers);
        one_of(sql, "key_id", &self.keys);
        if self.statuses.is_empty() {
            return;
        }
        sql.push(" AND (0");
        for wanted in &self.statuses {
            match *wanted {
                Statuses::Exactly(status) => sql.push(" OR status = ").push_bind(status),
                Statuses::Class(class) => sql.push(" OR status / 100 = ").push_bind(class),
                Statuses::Errors => sql.push(" OR status >= 400 OR status = 0"),
            };
        }
        sql.push(")");
    }

    fn and_weighted<'a>(&'a self, sql: &mut Sql<'a>, workspace: &'a str) {
        if self.weighted == Bounds::default() {
            return;
        }
        sql.push(
            " AND id IN (SELECT id FROM traced WHERE trace_id IN (SELECT trace_id FROM feedback WHERE workspace = ",
        );
        sql.push_bind(workspace).push(" GROUP BY trace_id HAVING true");
        self.weighted.and(sql, "round(avg(value * weight) * 1000000)");
        sql.push("))");
    }

    fn and_vendor_models<'a>(&'a self, sql: &mut Sql<'a>) {
        if self.vendor_models.is_empty() {
            return;
        }
        sql.push(" AND (0");
        for (vendor, model) in &self.vendor_models {
            sql.push(" OR (vendor = ").push_bind(vendor).push(" AND ").push(MODEL);
            sql.push(" = ").push_bind(model).push(")");
        }
        sql.push(")");
    }
}

impl Statuses {
    pub fn cover(self, status: u16) -> bool {
        match self {
            Self::Exactly(wanted) => status == wanted,
            Self::Class(class) => status / 100 == class,
            Self::Errors => status >= 400 || status == 0,
        }
    }
}

impl Bounds {
    /// Whether a figure is within; none is in no bounds.
    pub fn hold(self, figure: Option<i64>) -> bool {
        let within =
            |figure: i64| self.least.is_none_or(|least| figure >= least) && self.most.is_none_or(|most| figure <= most);
        self == Self::default() || figure.is_some_and(within)
    }

    fn and(self, sql: &mut Sql<'_>, figure: &str) {
        if let Some(least) = self.least {
            sql.push(" AND ").push(figure).push(" >= ").push_bind(least);
        }
        if let Some(most) = self.most {
            sql.push(" AND ").push(figure).push(" <= ").push_bind(most);
        }
    }
}

fn one_of<'a>(sql: &mut Sql<'a>, column: &str, values: &'a [String]) {
    if values.is_empty() {
        return;
    }
    sql.push(" AND ").push(column).push(" IN (");
    let mut list = sql.separated(", ");
    for value in values {
        list.push_bind(value);
    }
    sql.push(")");
}

/// `->>` is four times as fast as `json_each`, but reads a key that looks like a path as a path.
fn and_metadata<'a>(sql: &mut Sql<'a>, key: &'a str, value: &'a str) {
    let plain = key.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.' | ':'));
    if plain {
        sql.push(" AND metadata ->> ").push_bind(key).push(" = ").push_bind(value);
    } else {
        sql.push(" AND EXISTS (SELECT 1 FROM json_each(metadata) AS pair WHERE pair.key = ").push_bind(key);
        sql.push(" AND pair.value = ").push_bind(value).push(")");
    }
}
