//! How many people there were, and how often they called.

use super::asked::Asked;
use super::each;
use crate::admin::answer::Told;
use crate::admin::ask::Ask;
use crate::desk::analytics::apart;
use crate::journal::rollup::OTHER;
use crate::store::usage::{Count, Counts, Dimension, NONE};
use app::failure::Failure;
use app::model::analytics::USER;
use hashbrown::HashMap;
use serde_json::{Value, json};

/// People by number: they may be many, and come again in every cell.
struct Callers<'c> {
    numbers: HashMap<&'c str, usize>,
    /// Who called in each cell, some of them more than once, and how many calls there were.
    cells: Vec<(Vec<usize>, u64)>,
    requests: u64,
}

/// Distinct people.
pub async fn users(ask: Ask) -> Told {
    people(ask, |users, _| json!({ "total": users })).await
}

pub async fn user_requests(ask: Ask) -> Told {
    let mut told = people(
        ask,
        |users, requests| json!({ "total": requests, "unique": users, "avg": each(requests as f64, users) }),
    )
    .await?;
    for points in ["data_points", "data"] {
        for point in told[points].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
            point.remove("total");
            point.remove("unique");
        }
    }
    Ok(told)
}

async fn people(ask: Ask, fields: fn(u64, u64) -> Value) -> Told {
    let asked = Asked::of(&ask)?;
    let counts = asked.by_cell(&ask, Dimension::Metadata(USER.into())).await?;
    let graph = apart(move || {
        let Callers { numbers, cells, requests } = Callers::of(&asked, &counts);
        let points = cells.into_iter().map(|(mut users, requests)| {
            users.sort_unstable();
            users.dedup();
            fields(users.len() as u64, requests)
        });
        asked.graph(fields(numbers.len() as u64, requests), points)
    });
    Ok(graph.await.map_err(Failure::from)?)
}

impl<'c> Callers<'c> {
    fn of(asked: &Asked, counts: &'c Counts) -> Self {
        let cells = vec![(Vec::new(), 0); asked.starts.len()];
        let mut callers = Self { numbers: HashMap::new(), cells, requests: 0 };
        for (value, counts) in
            counts.iter().filter(|(value, counts)| value != NONE && value != OTHER && !counts.is_empty())
        {
            let next = callers.numbers.len();
            let number = *callers.numbers.entry(value).or_insert(next);
            for Count { last, calls, .. } in counts {
                callers.requests += calls;
                if let Some((users, requests)) = asked.cell(*last).and_then(|cell| callers.cells.get_mut(cell)) {
                    users.push(number);
                    *requests += calls;
                }
            }
        }
        callers
    }
}
