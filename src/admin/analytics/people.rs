//! How many people there were, and how often they called.

use super::asked::Asked;
use super::each;
use crate::admin::answer::{Refused, Told};
use crate::admin::ask::Ask;
use crate::desk::analytics::{Source, apart};
use crate::journal::rollup::OTHER;
use crate::store::calls::CallFilter;
use crate::store::usage::{Dimension, NONE, Scan};
use app::failure::Failure;
use app::model::analytics::USER;
use hashbrown::HashMap;
use serde_json::{Value, json};
use std::sync::Arc;

/// People by number: they may be many, and come again in every cell.
struct Callers {
    numbers: HashMap<String, usize>,
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
    let asked = Arc::new(Asked::of(&ask)?);
    let callers = Callers::of(&asked, &ask).await?;
    let graph = move || {
        let points = callers.cells.into_iter().map(|(mut users, requests)| {
            users.sort_unstable();
            users.dedup();
            fields(users.len() as u64, requests)
        });
        asked.graph(fields(callers.numbers.len() as u64, callers.requests), points)
    };
    Ok(apart(graph).await.map_err(Failure::from)?)
}

impl Callers {
    async fn of(asked: &Arc<Asked>, ask: &Ask) -> Result<Self, Refused> {
        let cells = vec![(Vec::new(), 0); asked.starts.len()];
        let mut callers = Self { numbers: HashMap::new(), cells, requests: 0 };
        for (source, window) in asked.pieces(Dimension::Metadata(USER.into()), asked.bucket()) {
            match source {
                // A slice for each of them and each cell would take longer than the calls do.
                Source::Scan { dimension, filter } => {
                    let filter = CallFilter { from: Some(window.from), until: Some(window.to), ..*filter };
                    let scan = Scan { dimension, filter, bucket: asked.bucket(), timed: false };
                    let scanned = ask.seat.house.store.scan(ask.workspace(), scan).await.map_err(Failure::from)?;
                    let asked = Arc::clone(asked);
                    let counted = apart(move || {
                        for (value, moments) in scanned.calls() {
                            callers.add(&asked, value, moments);
                        }
                        callers
                    });
                    callers = counted.await.map_err(Failure::from)?;
                }
                rolled => {
                    for slice in asked.piece(ask, &rolled, window, (asked.bucket(), false)).await? {
                        let calls = u64::try_from(slice.calls).unwrap_or(0);
                        callers.add(asked, &slice.value, [(slice.at, calls)]);
                    }
                }
            }
        }
        Ok(callers)
    }

    /// By moments: how often `value` called.
    fn add(&mut self, asked: &Asked, value: &str, moments: impl IntoIterator<Item = (i64, u64)>) {
        if value == NONE || value == OTHER {
            return;
        }
        let number = match self.numbers.get(value) {
            Some(number) => *number,
            None => {
                self.numbers.insert(value.to_owned(), self.numbers.len());
                self.numbers.len() - 1
            }
        };
        for (at, calls) in moments {
            self.requests += calls;
            if let Some((users, requests)) = asked.cell(at).and_then(|cell| self.cells.get_mut(cell)) {
                users.push(number);
                *requests += calls;
            }
        }
    }
}
