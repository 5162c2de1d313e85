//! What a page draws: no more over time than it has room for. A key of metadata may have a thousand values a day.

use super::{Aim, Rank, Source, Taken, apart, is_folded, taken, values};
use crate::desk::usage::tally::add_plain;
use crate::journal::rollup::{Figures, OTHER};
use crate::store::calls::CallFilter;
use crate::store::rollups::HOUR;
use crate::store::usage::{Dimension, NONE, Outline, Scan, Slice, WHOLE};
use crate::store::{Store, Stored};
use app::model::range::Window;
use std::collections::HashSet;

/// Values over time at most. A page draws fewer; equals are told apart by their names, which it alone knows.
const DRAWN: usize = 12;

/// Reads both windows; the second only where there is one.
pub(in crate::desk::analytics) async fn drawn(
    store: &Store,
    workspace: &str,
    source: &Source,
    (now, before): (Window, Option<Window>),
    aim: Aim,
) -> Stored<Taken> {
    let before = before.unwrap_or(Window { from: now.from, to: now.from });
    // The one before ends where this one begins, or earlier.
    let both = Window { from: before.from.min(now.from), to: now.to };
    match &source.clone().sound(store, workspace, both).await? {
        Source::Rolled { dimension: Dimension::Metadata(key), only } => match only.one() {
            Some(value) => match one_value(store, (workspace, key), value, (now, before), aim.bucket).await? {
                Some(taken) => Ok(taken),
                None => {
                    scanned(
                        store,
                        workspace,
                        &aim.scan(&Dimension::Metadata(key.clone()), &only.0),
                        (now, before),
                        aim.rank,
                    )
                    .await
                }
            },
            None => summed(store, (workspace, key), (now, before), aim).await,
        },
        Source::Scan { dimension: dimension @ Dimension::Metadata(_), filter } => {
            scanned(store, workspace, &aim.scan(dimension, filter), (now, before), aim.rank).await
        }
        source => taken(store, workspace, source, (now, Some(before)), aim).await,
    }
}

/// `None`: sums may not know of each of its calls.
async fn one_value(
    store: &Store,
    (workspace, key): (&str, &str),
    value: &str,
    (now, before): (Window, Window),
    bucket: i64,
) -> Stored<Option<Taken>> {
    let picked = HashSet::from([value.to_owned(), OTHER.to_owned()]);
    let (before, end) = hours(before);
    let filter = CallFilter { metadata: vec![(key.to_owned(), value.to_owned())], ..CallFilter::default() };
    let (now, before, end) = tokio::try_join!(
        store.strands(workspace, key, (now, bucket), picked.clone()),
        store.strands(workspace, key, (before, bucket), picked),
        counted(store, (workspace, key), (end, bucket), filter),
    )?;
    if is_folded(&now.picked) || is_folded(&before.picked) {
        return Ok(None);
    }
    let lines_before = [before.picked, end].concat();
    Ok(Some(Taken { lines: now.picked, lines_before, ..Taken::default() }))
}

async fn summed(
    store: &Store,
    (workspace, key): (&str, &str),
    (now, before): (Window, Window),
    Aim { bucket, rank, timed }: Aim,
) -> Stored<Taken> {
    let (whole, end) = hours(before);
    let (rest, lines_before, end, all, all_before) = tokio::try_join!(
        values(store, (workspace, key), now, (WHOLE, timed)),
        values(store, (workspace, key), whole, (WHOLE, timed)),
        counted(store, (workspace, key), (end, bucket), CallFilter::default()),
        store.slices(workspace, &Dimension::All, now, bucket),
        store.slices(workspace, &Dimension::All, before, bucket),
    )?;
    let lines_before = [lines_before, end].concat();
    let foremost = foremost(&rest, rank);
    let strands = store.strands(workspace, key, (now, bucket), foremost.clone()).await?;
    Ok(Taken {
        all: Some(all),
        lines: strands.picked,
        rest: others(rest, &foremost),
        valued: Some(strands.all),
        all_before: Some(all_before),
        lines_before,
    })
}

/// The whole hours of a window, which sums tell of metadata, and what comes after them.
fn hours(window: Window) -> (Window, Window) {
    let to = (window.to - window.to.rem_euclid(HOUR)).max(window.from);
    (Window { to, ..window }, Window { from: to, ..window })
}

/// The values of a key within hours, from the calls.
async fn counted(
    store: &Store,
    (workspace, key): (&str, &str),
    (window, bucket): (Window, i64),
    filter: CallFilter,
) -> Stored<Vec<Slice>> {
    if window.length() <= 0 {
        return Ok(Vec::new());
    }
    let filter = CallFilter { from: Some(window.from), until: Some(window.to), ..filter };
    let scan = Scan { dimension: Dimension::Metadata(key.to_owned()), filter, bucket, timed: true };
    let scanned = store.scan(workspace, scan).await?;
    apart(move || scanned.slices(|value| value != NONE)).await
}

async fn scanned(
    store: &Store,
    workspace: &str,
    scan: &Scan,
    (now, before): (Window, Window),
    rank: Rank,
) -> Stored<Taken> {
    let asked = |window: Window| {
        let filter = CallFilter { from: Some(window.from), until: Some(window.to), ..scan.filter.clone() };
        Scan { filter, ..scan.clone() }
    };
    let (lines_before, all_before) = if before.length() > 0 {
        let outline = store.outline(workspace, asked(before)).await?;
        apart(move || (outline.wholes(), outline.all())).await?
    } else {
        Default::default()
    };
    let outline = store.outline(workspace, asked(now)).await?;
    let foremost = foremost(&outline.plain_wholes(), rank);
    let is_few = matches!(outline, Outline::Few(_));
    let told = apart(move || ((outline.wholes(), outline.all(), outline.valued()), outline));
    let picked = async {
        if is_few {
            return Ok(None);
        }
        store.scan_picked(workspace, asked(now), foremost.clone()).await.map(Some)
    };
    let (((rest, all, valued), outline), picked) = tokio::try_join!(told, picked)?;
    let rest = others(rest, &foremost);
    let lines = apart(move || {
        let over_time = picked.or_else(|| outline.few()).unwrap_or_default();
        over_time.slices(|value| foremost.contains(value))
    });
    let lines = lines.await?;
    Ok(Taken { all: Some(all), lines, rest, valued: Some(valued), all_before: Some(all_before), lines_before })
}

fn others(slices: Vec<Slice>, foremost: &HashSet<String>) -> Vec<Slice> {
    slices.into_iter().filter(|slice| !foremost.contains(&slice.value)).collect()
}

/// The values that may be drawn by themselves. Nothing is ranked by its sketches.
fn foremost(slices: &[Slice], rank: Rank) -> HashSet<String> {
    let mut ranked = Vec::with_capacity(slices.len());
    for slice in slices.iter().filter(|slice| slice.value != NONE) {
        let mut figures = Figures::default();
        add_plain(&mut figures, slice);
        ranked.push((rank(&figures).unwrap_or(0), slice.calls, &slice.value));
    }
    ranked.sort_unstable_by(|a, b| (b.0, b.1, a.2).cmp(&(a.0, a.1, b.2)));
    ranked.into_iter().take(DRAWN).map(|(_, _, value)| value.clone()).collect()
}
