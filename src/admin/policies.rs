//! `/policies`: limits for the calls that meet conditions (contract §7.3).

use crate::admin::answer::{Refused, Told, iso};
use crate::admin::ask::Ask;
use crate::admin::form::Form;
use crate::admin::limits::{budget, budget_shown, exhausted, rate, rate_shown};
use crate::desk::limits::fresh;
use crate::gateway::limited::words::{figure, shown_group};
use crate::limit::Standing;
use crate::limit::rule::{Condition, Key, Lacking, Limit, Rule, Scope};
use crate::secret;
use crate::settings::limits::{LACKING, key, one_of};
use crate::settings::rules;
use app::backend::LimitDesk;
use app::model::alert::Crossed;
use serde_json::{Map, Value, json};
use std::sync::Arc;

pub async fn list_usage(ask: Ask) -> Told {
    list(&ask, true)
}

pub async fn list_rates(ask: Ask) -> Told {
    list(&ask, false)
}

pub async fn create_usage(ask: Ask) -> Told {
    let rule = Rule::Budget(budget(&ask.body)?);
    create(&ask, rule, "usage-limits-policy").await
}

pub async fn create_rate(ask: Ask) -> Told {
    let rule = Rule::Rate(rate(&for_models(&ask)?.body)?);
    create(&ask, rule, "rate-limits-policy").await
}

pub async fn read_usage(ask: Ask) -> Told {
    let policy = policy(&ask, true)?;
    let mut shown = record(&ask, &policy);
    if ask.query.text("include_usage")?.is_some_and(|word| word == "true" || word == "1") {
        let usage = |standing: &Standing| {
            let alerts = &ask.seat.house.alerts;
            let usage = json!({
                "current_usage": spent(standing),
                "status": status(&ask, standing),
                "is_threshold_alerts_sent": alerts.told(standing, Crossed::Threshold),
                "is_exhausted_alerts_sent": alerts.told(standing, Crossed::Exhausted),
            });
            (shown_group(&standing.falls.group), usage)
        };
        let map: Map<String, Value> = ask.seat.house.limits.standings(&policy).iter().map(usage).collect();
        shown["value_key_usage_map"] = map.into();
    }
    Ok(shown)
}

pub async fn read_rate(ask: Ask) -> Told {
    let policy = policy(&ask, false)?;
    Ok(record(&ask, &policy))
}

pub async fn update_usage(ask: Ask) -> Told {
    let before = policy(&ask, true)?;
    let form = over(&ask.body, &before, budget_shown)?;
    let rule = Rule::Budget(budget(&form)?);
    let same = before.budget().map(|known| known.unit) == rule_unit(&rule);
    if !same {
        return Err(Refused::field("type", "What is spent in one unit is not spent in another. Make a new policy."));
    }
    update(&ask, &before, rule).await?;
    if ask.body.flag("reset_usage")?.unwrap_or(false) {
        ask.seat.reset_limit(before.id.clone(), None).await?;
    }
    Ok(json!({}))
}

pub async fn update_rate(ask: Ask) -> Told {
    let before = policy(&ask, false)?;
    let ask = for_models(&ask)?;
    let known = before.rate().map(rate_shown).unwrap_or_default();
    let form = merged(&ask.body, known)?;
    update(ask, &before, Rule::Rate(rate(&form)?)).await?;
    Ok(json!({}))
}

pub async fn delete_usage(ask: Ask) -> Told {
    let policy = policy(&ask, true)?;
    ask.seat.remove_limit(policy.id.clone()).await?;
    Ok(json!({}))
}

pub async fn delete_rate(ask: Ask) -> Told {
    let policy = policy(&ask, false)?;
    ask.seat.remove_limit(policy.id.clone()).await?;
    Ok(json!({}))
}

/// The counters of a policy.
pub async fn entities(ask: Ask) -> Told {
    let policy = policy(&ask, true)?;
    let entity = |standing: &Standing| {
        json!({
            "id": entity_id(&standing.falls.group),
            "value_key": shown_group(&standing.falls.group),
            "current_usage": spent(standing),
            "status": status(&ask, standing),
            "object": "policy-entity",
        })
    };
    ask.paged(ask.seat.house.limits.standings(&policy).iter().map(entity).collect(), 100)
}

/// Begins one of them anew.
pub async fn reset_entity(ask: Ask) -> Told {
    let policy = policy(&ask, true)?;
    let wanted = ask.param("entity");
    let standings = ask.seat.house.limits.standings(&policy);
    let found = standings.into_iter().map(|standing| standing.falls.group);
    let group = found.into_iter().find(|group| entity_id(group) == wanted || shown_group(group) == wanted);
    let missing =
        || Refused::missing(format!("There is no entity {wanted} under this policy; nothing was counted for it."));
    ask.seat.reset_limit(policy.id.clone(), Some(group.ok_or_else(missing)?)).await?;
    Ok(json!({}))
}

fn list(ask: &Ask, budgets: bool) -> Told {
    let all = ask.seat.house.shelf.book().limits().shared(ask.workspace()).to_vec();
    let fit = all.iter().filter(|limit| limit.scope == Scope::Policy && limit.budget().is_some() == budgets);
    ask.paged(fit.map(|limit| record(ask, limit)).collect(), 100)
}

async fn create(ask: &Ask, rule: Rule, object: &str) -> Told {
    let now = ask.seat.house.clock.now();
    let name = match ask.body.text("name")? {
        Some(name) => rules::name(name).map_err(|text| Refused::field("name", text))?,
        None => "policy".to_owned(),
    };
    let made = fresh(ask.workspace(), Scope::Policy, &name, rule, now);
    let listed = |name: &str, all: &str| Refused::field(name, format!("This field is required: a list, or [] {all}."));
    let conditions = conditions(&ask.body)?.ok_or_else(|| listed("conditions", "for all calls"))?;
    let group_by = group_by(&ask.body)?.ok_or_else(|| listed("group_by", "for one counter"))?;
    let lacking = lacking(&ask.body)?.unwrap_or_default();
    let made = Limit { conditions, group_by, lacking, ..made };
    ask.seat.keep_limits(std::slice::from_ref(&made), &[]).await?;
    Ok(json!({ "id": made.id, "object": object }))
}

async fn update(ask: &Ask, before: &Arc<Limit>, rule: Rule) -> Result<(), Refused> {
    let before = ask.seat.own_limit(&before.id).await?;
    let name = match ask.body.text("name")? {
        Some(name) => rules::name(name).map_err(|text| Refused::field("name", text))?,
        None => before.name.clone(),
    };
    let changed = Limit {
        name,
        rule,
        conditions: conditions(&ask.body)?.unwrap_or_else(|| before.conditions.clone()),
        group_by: group_by(&ask.body)?.unwrap_or_else(|| before.group_by.clone()),
        lacking: lacking(&ask.body)?.unwrap_or(before.lacking),
        updated_at: ask.seat.house.clock.now(),
        ..before
    };
    Ok(ask.seat.keep_limits(&[changed], &[]).await?)
}

/// What the body leaves out stays as it is.
fn over(body: &Form, before: &Limit, shown: fn(&crate::limit::rule::Budget) -> Value) -> Result<Form, Refused> {
    let mut known = before.budget().map(shown).unwrap_or_default();
    // One kind of reset takes the other's place.
    for (given, other) in [("periodic_reset", "periodic_reset_days"), ("periodic_reset_days", "periodic_reset")] {
        if body.get(given).is_some() {
            known[other] = Value::Null;
        }
    }
    merged(body, known)
}

fn merged(body: &Form, known: Value) -> Result<Form, Refused> {
    let Value::Object(mut fields) = known else { return Ok(body.clone()) };
    for (name, value) in &mut fields {
        if body.sent(name) {
            *value = body.get(name).cloned().unwrap_or_default();
        }
    }
    Form::object("policy", &Value::Object(fields))
}

fn rule_unit(rule: &Rule) -> Option<crate::limit::rule::Unit> {
    if let Rule::Budget(budget) = rule { Some(budget.unit) } else { None }
}

/// Tools of MCP do not pass here.
fn for_models(ask: &Ask) -> Result<&Ask, Refused> {
    match ask.body.text("target")? {
        None | Some("llm") => Ok(ask),
        Some(_) => Err(Refused::later("target")),
    }
}

fn conditions(body: &Form) -> Result<Option<Vec<Condition>>, Refused> {
    let Some(items) = objects(body, "conditions")? else { return Ok(None) };
    let one = |form: &Form| {
        let wrong = |text: String| Refused::field("conditions", text);
        let values = match form.get("value") {
            Some(Value::String(value)) => vec![value.clone()],
            Some(Value::Array(_)) => form.texts("value")?.unwrap_or_default(),
            _ => Vec::new(),
        };
        if values.is_empty() {
            return Err(wrong("Each needs a key and a value: a text, or a list of at least one text.".into()));
        }
        let key = key(form.must("key")?).map_err(wrong)?;
        Ok(Condition { key, values, excludes: form.flag("excludes")?.unwrap_or(false) })
    };
    items.iter().map(one).collect::<Result<_, _>>().map(Some)
}

fn group_by(body: &Form) -> Result<Option<Vec<Key>>, Refused> {
    let Some(items) = objects(body, "group_by")? else { return Ok(None) };
    let one = |form: &Form| key(form.must("key")?).map_err(|text| Refused::field("group_by", text));
    items.iter().map(one).collect::<Result<_, _>>().map(Some)
}

fn lacking(body: &Form) -> Result<Option<Lacking>, Refused> {
    let word = body.text("lacking")?;
    word.map(|word| one_of(word, &LACKING).map_err(|text| Refused::field("lacking", text))).transpose()
}

fn objects(body: &Form, name: &str) -> Result<Option<Vec<Form>>, Refused> {
    match body.get(name) {
        None => Ok(None),
        Some(Value::Array(items)) => {
            items.iter().map(|item| Form::object(name, item)).collect::<Result<_, _>>().map(Some)
        }
        Some(_) => Err(Refused::field(name, "Use a list of objects.")),
    }
}

/// The policy of the path.
fn policy(ask: &Ask, budget: bool) -> Result<Arc<Limit>, Refused> {
    let id = ask.param("id");
    let found = ask.seat.house.shelf.book().limits().find(ask.workspace(), id);
    let found = found.filter(|limit| limit.scope == Scope::Policy && limit.budget().is_some() == budget);
    found.ok_or_else(|| Refused::missing(format!("There is no policy {id} of this kind in this workspace.")))
}

fn record(ask: &Ask, limit: &Arc<Limit>) -> Value {
    let mut shown = match &limit.rule {
        Rule::Budget(budget) => budget_shown(budget),
        Rule::Rate(rate) => rate_shown(*rate),
    };
    let condition = |condition: &Condition| json!({ "key": condition.key.word(), "value": condition.values, "excludes": condition.excludes });
    let exhausted = ask.seat.house.limits.standings(limit).iter().any(|standing| exhausted(ask, standing));
    for (name, value) in [
        ("id", limit.id.clone().into()),
        ("name", limit.name.clone().into()),
        ("workspace_id", limit.workspace.clone().into()),
        ("organisation_id", limit.workspace.clone().into()),
        ("conditions", limit.conditions.iter().map(condition).collect()),
        ("group_by", limit.group_by.iter().map(|key| json!({ "key": key.word() })).collect()),
        ("lacking", LACKING.iter().find(|(_, lacking)| *lacking == limit.lacking).map_or("", |(word, _)| *word).into()),
        ("status", if exhausted && limit.group_by.is_empty() { "exhausted" } else { "active" }.into()),
        ("created_at", iso(limit.created_at)),
        ("last_updated_at", iso(limit.updated_at)),
    ] {
        shown[name] = value;
    }
    match limit.budget() {
        Some(_) => {
            shown["last_reset_at"] = iso(limit.since);
            shown["object"] = "usage-limits-policy".into();
        }
        None => {
            shown["target"] = "llm".into();
            shown["object"] = "rate-limits-policy".into();
        }
    }
    shown
}

fn spent(standing: &Standing) -> Value {
    standing.falls.limit.budget().map_or(Value::Null, |budget| figure(budget.unit, standing.account.spent))
}

fn status(ask: &Ask, standing: &Standing) -> &'static str {
    if exhausted(ask, standing) { "exhausted" } else { "active" }
}

/// A counter's name may hold what a path may not.
fn entity_id(group: &str) -> String {
    let digest = secret::digest(group);
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
