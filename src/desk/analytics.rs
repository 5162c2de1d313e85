//! Analytics: any figure by any dimension, beside the period before.

mod cells;
pub mod csv;
mod feedback;
mod group;
mod picture;
mod source;
mod tabs;

pub(crate) use cells::Cells;
pub(crate) use group::Grouped;
use source::drawn;
pub(crate) use source::{Aim, Source, Taken, apart, counts, taken};

use super::Seat;
use crate::store::calls::CallFilter;
use crate::store::changes::Change;
use crate::store::{Store, StoreError, Stored};
use app::backend::Answer;
use app::failure::Failure;
use app::model::analytics::{Analytics, AnalyticsQuery, Group, Mark, Tab, USER};
use app::model::range::Window;
use feedback::Opinions;
use source::narrowed;
use std::collections::HashMap;

/// Marks on the axis of time at most.
const MARKS: i64 = 12;

/// What the store gave for one page.
struct Read {
    query: AnalyticsQuery,
    cells: Cells,
    taken: Taken,
    said: Opinions,
    first_use: Option<i64>,
    names: HashMap<String, String>,
    keys: Vec<String>,
    marks: Vec<Change>,
    samples: bool,
}

pub(super) async fn told(seat: &Seat, query: AnalyticsQuery) -> Answer<Analytics> {
    let read = read(seat, query).await?;
    // Adding up sketches and drawing takes milliseconds: long enough to delay the calls that share these threads.
    let told = tokio::task::spawn_blocking(move || -> Stored<Analytics> {
        let mut told = lay_out(&read)?;
        told.charts = picture::draw(&told);
        Ok(told)
    });
    let told = told.await.map_err(|_| Failure::Broken("The figures could not be added up. Try again.".into()))?;
    Ok(told?)
}

async fn read(seat: &Seat, query: AnalyticsQuery) -> Stored<Read> {
    let (store, workspace) = (&seat.house.store, seat.workspace());
    let group = query.group();
    let finest = source::dimension(&group).finest();
    let cells = Cells::of(query.range, query.each, finest, seat.now());
    let names = store.key_names(workspace).await?;
    let source = Source::of(&query.narrow, &group, &names);
    let (now, before) = (cells.elapsed(), cells.elapsed_before());
    let compared = query.compare.then_some(before);
    let aim = Aim { bucket: cells.bucket, timed: query.tab == Tab::Latency, rank: tabs::rank(query.tab) };
    let figures = async {
        // Feedback has no sums: what was said is read as it is.
        if query.tab == Tab::Feedback {
            let filter = narrowed(&query.narrow, &names);
            return Ok((Taken::default(), said(store, workspace, &filter, (now, compared)).await?));
        }
        let figures = drawn(store, workspace, &source, (now, compared), aim).await?;
        Ok::<_, StoreError>((figures, Opinions::default()))
    };
    let ((taken, said), first_use, keys, marks, samples) = tokio::try_join!(
        figures,
        store.first_use(workspace),
        store.metadata_keys(workspace, now.from, now.to),
        store.publications(workspace, now.from, now.to, MARKS),
        store.has_samples(workspace),
    )?;
    Ok(Read { query, cells, taken, said, first_use, names, keys, marks, samples })
}

async fn said(
    store: &Store,
    workspace: &str,
    filter: &CallFilter,
    (now, before): (Window, Option<Window>),
) -> Stored<Opinions> {
    let within = |window: Window| CallFilter { from: Some(window.from), until: Some(window.to), ..filter.clone() };
    let before = match before {
        Some(before) => store.opinions(workspace, &within(before)).await?,
        None => Vec::new(),
    };
    Ok(Opinions { now: store.opinions(workspace, &within(now)).await?, before })
}

fn lay_out(read: &Read) -> Stored<Analytics> {
    let Read { query, cells, taken, names, .. } = read;
    let group = query.group();
    let grouped = Grouped::of(taken, &group, cells, names)?;
    let gaps = cells.gaps(read.first_use);
    let page = match query.tab {
        Tab::Feedback => feedback::page(&read.said, &group, cells, (gaps, names)),
        _ => tabs::page(query, &grouped, gaps),
    };
    let mark = |change: &Change| Mark {
        at: change.at,
        label: format!("{} v{}", change.name, change.number),
        href: format!("/configs/{}/versions", change.id),
    };
    let mut keys = read.keys.clone();
    if query.tab == Tab::Users && !keys.iter().any(|key| key == USER) {
        keys.push(USER.to_owned());
    }
    if let Group::Metadata(key) = &group
        && !keys.contains(key)
    {
        keys.push(key.clone());
    }
    Ok(Analytics {
        window: cells.window,
        cells: cells.starts.clone(),
        gaps,
        stats: page.stats,
        graphs: page.graphs,
        columns: page.columns,
        ranked: page.ranked,
        lines: page.lines,
        without: grouped.without,
        lumped: grouped.lumped,
        unpriced: grouped.now.unpriced,
        samples: read.samples,
        keys,
        marks: read.marks.iter().map(mark).collect(),
        charts: Vec::new(),
        query: query.clone(),
    })
}

#[cfg(test)]
mod tests;
