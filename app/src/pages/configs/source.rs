//! The config as text: numbered lines, those with mistakes marked, the text itself as typed.

use super::lines::place;
use super::path::within;
use super::work::{MARKED_MOST, Work};
use crate::model::routing::Mistake;
use crate::pages::log::tint::tinted;
use crate::parts::copy::Copy;
use crate::parts::field::escaped;
use crate::parts::icon::Icon;
use icondata_lu::{LuCircleAlert, LuRedo2, LuUndo2};
use leptos::html;
use leptos::prelude::*;

/// Mistakes named one by one under the text.
const TOLD_MOST: usize = 20;

/// A mistake and its line, 0 where none can be said.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mark {
    line: usize,
    column: usize,
    path: String,
    message: String,
}

#[component]
pub fn Source(work: Work, locked: bool, over: RwSignal<Option<String>>) -> impl IntoView {
    let area = NodeRef::<html::Textarea>::new();
    let marks = Memo::new(move |_| marks(work));
    let short = Memo::new(move |_| work.text.with(|text| text.len() <= MARKED_MOST));
    let lines = Memo::new(move |_| work.text.with(|text| text.split('\n').count()));
    let lit = Memo::new(move |_| {
        let over = over.get().filter(|path| !path.is_empty())?;
        work.spans.with(|spans| spans.iter().any(|(path, ..)| within(path, &over)).then(|| place(spans, &over)))
    });
    let number = move |line: usize| {
        let bad = move || marks.with(|marks| marks.iter().any(|mark| mark.line == line));
        let lit = move || lit.get().is_some_and(|(first, last)| (first..=last).contains(&line));
        view! { <li class:bad=bad class:lit=lit></li> }
    };
    view! {
        <section class="card json" aria-labelledby="json-title">
            <header>
                <h2 id="json-title">"JSON"</h2>
                {move || count(marks.with(Vec::len))}
                <span class="push row">
                    <button
                        type="button"
                        class="btn quiet sm scripted"
                        disabled=move || !work.can_undo()
                        on:click=move |_| work.undo()
                    >
                        <Icon icon=LuUndo2 />
                        "Undo"
                    </button>
                    <button
                        type="button"
                        class="btn quiet sm scripted"
                        disabled=move || !work.can_redo()
                        on:click=move |_| work.redo()
                    >
                        <Icon icon=LuRedo2 />
                        "Redo"
                    </button>
                    <Copy text=Signal::derive(move || work.text.get()) what="JSON" quiet=true />
                </span>
            </header>
            <div class="src">
                <ol class="numbers" aria-hidden="true">
                    {move || short.get().then(|| view! { <For each=move || 1..=lines.get() key=|line| *line children=number /> })}
                </ol>
                <div class="sheet">
                    <pre class="tint" aria-hidden="true">
                        {move || short.get().then(|| work.text.with(|text| tinted(text)))}
                    </pre>
                    <textarea
                        name="body"
                        id="body"
                        node_ref=area
                        class:plain=move || !short.get()
                        aria-label="The config as JSON"
                        aria-describedby="json-mistakes"
                        aria-invalid=move || marks.with(|marks| (!marks.is_empty()).then_some("true"))
                        readonly=locked
                        wrap="off"
                        spellcheck="false"
                        autocomplete="off"
                        autocapitalize="none"
                        prop:value=move || work.text.get()
                        on:input=move |event| work.type_text(event_target_value(&event))
                    >
                        {work.text.with_untracked(|text| escaped(text))}
                    </textarea>
                </div>
            </div>
            <div class="mistakes" id="json-mistakes" role="status">
                {move || mistakes(work, marks.get(), area)}
            </div>
        </section>
    }
}

pub fn count(mistakes: usize) -> Option<impl IntoView> {
    let words = match mistakes {
        0 => return None,
        1 => "1 error".to_owned(),
        many => format!("{many} errors"),
    };
    Some(view! {
        <span class="badge bad">
            <Icon icon=LuCircleAlert />
            {words}
        </span>
    })
}

fn marks(work: Work) -> Vec<Mark> {
    if let Some(broken) = work.broken.get() {
        let message = format!("Not JSON at line {}, column {}: {}", broken.line, broken.column, broken.message);
        return vec![Mark { line: broken.line, column: broken.column, path: String::new(), message }];
    }
    work.spans.with(|spans| {
        let mark = |mistake: &Mistake| {
            let Mistake { path, message } = mistake.clone();
            let line = if spans.is_empty() { 0 } else { place(spans, &path).0 };
            Mark { line, column: 1, path, message }
        };
        work.mistakes.with(|all| all.iter().map(mark).collect())
    })
}

/// Each with its path; its act leads to the line.
fn mistakes(work: Work, marks: Vec<Mark>, area: NodeRef<html::Textarea>) -> AnyView {
    let more = marks.len().saturating_sub(TOLD_MOST);
    let broken = work.broken.with(Option::is_some);
    let line = |mark: Mark| {
        let go = move |_| {
            if let Some(area) = area.get_untracked() {
                let at = work.text.with_untracked(|text| offset(text, mark.line, mark.column));
                _ = area.focus();
                _ = area.set_selection_range(at, at);
            }
        };
        view! {
            <li>
                <button type="button" on:click=go>
                    {(mark.line > 0).then(|| format!("{} ", mark.line))}
                    {(!mark.path.is_empty()).then(|| view! { <code>{mark.path.clone()}</code> })}
                </button>
                " "
                {mark.message}
            </li>
        }
    };
    view! {
        <ul>{marks.into_iter().take(TOLD_MOST).map(line).collect_view()}</ul>
        {(more > 0).then(|| view! { <p>{format!("and {more} more")}</p> })}
        {broken
            .then(|| {
                view! {
                    <p class="row scripted">
                        "The form shows the last JSON that could be read."
                        <button type="button" class="btn sm" on:click=move |_| work.mend()>
                            "Go back to it"
                        </button>
                    </p>
                }
            })}
    }
    .into_any()
}

/// In UTF-16 units, as browsers count; line and column count from 1, columns in bytes.
fn offset(text: &str, line: usize, column: usize) -> u32 {
    let before = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum::<usize>();
    let mut at = (before + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    u32::try_from(text[..at].encode_utf16().count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::offset;

    #[test]
    fn a_place_is_counted_as_browsers_do() {
        for (line, column, at) in [(1, 1, 0), (2, 1, 3), (2, 4, 3), (2, 5, 5), (3, 1, 6), (9, 9, 6)] {
            assert_eq!(offset("ä1\n😀x", line, column), at, "{line}:{column}");
        }
    }
}
