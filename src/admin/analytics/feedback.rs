//! What people said, in figures.

use super::asked::Asked;
use super::graph;
use crate::admin::answer::{Refused, Told};
use crate::admin::ask::Ask;
use crate::store::opinions::Opinion;
use app::failure::Failure;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Values with their weights.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    count: u64,
    weighted: f64,
}

pub async fn feedbacks(ask: Ask) -> Told {
    over_time(&ask, |sum| json!({ "total": sum.count })).await
}

pub async fn weighted(ask: Ask) -> Told {
    over_time(&ask, |sum| json!({ "avg": sum.average() })).await
}

pub async fn scores(ask: Ask) -> Told {
    let opinions = opinions(&ask).await?;
    let mut scores = BTreeMap::<i64, u64>::new();
    opinions.iter().for_each(|opinion| *scores.entry(opinion.value).or_default() += 1);
    let points = scores.iter().map(|(score, total)| json!({ "score": score, "total": total }));
    Ok(graph(json!({ "total": opinions.len() }), points.collect()))
}

pub async fn ai_models(ask: Ask) -> Told {
    let mut models = BTreeMap::<String, Sum>::new();
    for opinion in opinions(&ask).await? {
        let model = opinion.call.as_ref().map(|call| call.model.clone()).unwrap_or_default();
        models.entry(model).or_default().add(&opinion);
    }
    let points = models
        .iter()
        .map(|(model, sum)| json!({ "ai_model": model, "total": sum.count, "avg_weighted_feedback": sum.average() }));
    Ok(graph(json!({}), points.collect()))
}

async fn over_time(ask: &Ask, fields: fn(&Sum) -> Value) -> Told {
    let asked = Asked::of(ask)?;
    let mut cells = vec![Sum::default(); asked.starts.len()];
    let mut all = Sum::default();
    for opinion in opinions(ask).await? {
        all.add(&opinion);
        if let Some(cell) = asked.cell(opinion.at).and_then(|cell| cells.get_mut(cell)) {
            cell.add(&opinion);
        }
    }
    Ok(asked.graph(fields(&all), cells.iter().map(fields)))
}

async fn opinions(ask: &Ask) -> Result<Vec<Opinion>, Refused> {
    let asked = Asked::of(ask)?;
    if asked.nothing {
        return Ok(Vec::new());
    }
    let store = &ask.seat.house.store;
    Ok(store.opinions(ask.workspace(), &asked.filter).await.map_err(Failure::from)?)
}

impl Sum {
    fn add(&mut self, opinion: &Opinion) {
        self.count += 1;
        self.weighted += opinion.value as f64 * opinion.weight;
    }

    fn average(&self) -> Option<f64> {
        super::each(self.weighted, self.count)
    }
}
