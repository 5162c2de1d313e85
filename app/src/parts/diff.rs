//! Two texts side by side: new is accent with +, removed is grey with −.
#![expect(clippy::needless_pass_by_value, reason = "a component owns what it is given")]

mod pairs;

use leptos::prelude::*;
use pairs::{Pair, pairs};

/// Equal lines that stay beside what changed.
const AROUND: usize = 3;

/// `+8 −6 lines`, or that nothing differs.
pub fn tally(old: &str, new: &str) -> String {
    let rows = pairs(old, new);
    let count = |side: fn(&Pair) -> bool| rows.iter().filter(|row| !row.same && side(row)).count();
    match (count(|row| row.new.is_some()), count(|row| row.old.is_some())) {
        (0, 0) => "No line differs".into(),
        (come, gone) => format!("+{come} −{gone} lines"),
    }
}

/// The lines that differ, each after `- ` or `+ `, with some of those around them after two spaces; `…` stands for more.
#[cfg(feature = "ssr")]
pub fn unified(old: &str, new: &str) -> Vec<String> {
    let rows = pairs(old, new);
    let near = near(&rows);
    let mut lines = Vec::new();
    let (mut gone, mut come) = (Vec::new(), Vec::new());
    for (at, row) in rows.iter().enumerate() {
        let text = |side: &Option<(usize, String)>, sign: &str| side.as_ref().map(|(_, text)| format!("{sign}{text}"));
        if !row.same {
            gone.extend(text(&row.old, "- "));
            come.extend(text(&row.new, "+ "));
            continue;
        }
        lines.append(&mut gone);
        lines.append(&mut come);
        match near[at] {
            true => lines.extend(text(&row.old, "  ")),
            false if lines.last().is_none_or(|last| last != "…") => lines.push("…".to_owned()),
            false => {}
        }
    }
    lines.append(&mut gone);
    lines.append(&mut come);
    lines
}

/// Whether each row differs, or stands close to one that does.
fn near(rows: &[Pair]) -> Vec<bool> {
    let around = |at: usize| &rows[at.saturating_sub(AROUND)..(at + AROUND + 1).min(rows.len())];
    (0..rows.len()).map(|at| around(at).iter().any(|row| !row.same)).collect()
}

/// `sides`: what the texts are called.
#[component]
pub fn Diff(old: String, new: String, #[prop(into)] sides: (String, String)) -> impl IntoView {
    let rows = pairs(&old, &new);
    let near = near(&rows);
    let mut lines = Vec::new();
    let mut at = 0;
    while at < rows.len() {
        if near[at] {
            lines.push(row(&rows[at]));
            at += 1;
            continue;
        }
        let run = near[at..].iter().take_while(|near| !**near).count();
        lines.push(same(&rows[at..at + run]));
        at += run;
    }
    let label = format!("{} and {}, line by line", sides.0, sides.1);
    view! {
        <div class="diff" tabindex="0" role="region" aria-label=label>
            <p class="sides" aria-hidden="true">
                <b>{sides.0}</b>
                <b>{sides.1}</b>
            </p>
            <ol>{lines}</ol>
        </div>
    }
}

fn row(pair: &Pair) -> AnyView {
    let side = |side: &Option<(usize, String)>, class: &'static str, word: &'static str| match side {
        None => view! { <code class="nil"></code> }.into_any(),
        Some((number, text)) => {
            let word = (!pair.same).then(|| view! { <span class="unseen">{word}</span> });
            view! {
                <code class=if pair.same { "" } else { class } data-n=number.to_string()>
                    {word}
                    {text.clone()}
                </code>
            }
            .into_any()
        }
    };
    view! {
        <li class=if pair.same { "same" } else { "" }>
            {side(&pair.old, "del", "removed: ")} {side(&pair.new, "ins", "new: ")}
        </li>
    }
    .into_any()
}

/// A run of equal lines, folded.
fn same(run: &[Pair]) -> AnyView {
    let words = match run.len() {
        1 => "1 line the same".to_owned(),
        many => format!("{many} lines the same"),
    };
    let inner: Vec<_> = run.iter().map(row).collect();
    view! {
        <li class="run">
            <details>
                <summary>{words}</summary>
                <ol>{inner}</ol>
            </details>
        </li>
    }
    .into_any()
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::unified;

    #[test]
    fn what_differs_is_told_with_what_stands_around_it() {
        assert!(unified("a\nb", "a\nb").iter().all(|line| line == "…"));
        assert_eq!(unified("a\nb\nc", "a\nx\ny\nc"), ["  a", "- b", "+ x", "+ y", "  c"]);
        let old: Vec<String> = (0..20).map(|at| at.to_string()).collect();
        let new: Vec<String> = old.iter().map(|line| if line == "10" { "ten".into() } else { line.clone() }).collect();
        let told = unified(&old.join("\n"), &new.join("\n"));
        assert_eq!(told, ["…", "  7", "  8", "  9", "- 10", "+ ten", "  11", "  12", "  13", "…"]);
    }
}
