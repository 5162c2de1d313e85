//! Lines of a tree that hide what lies below them: `data-fold` is a line's number, `data-above` those it lies below.

use super::{When, around, on, within};
use leptos::web_sys::MouseEvent;

pub fn attend() {
    on("click", When::After, |event: MouseEvent| {
        let Some(fold) = around(&event, "[data-fold]") else { return };
        let open = fold.get_attribute("aria-expanded").as_deref() == Some("true");
        _ = fold.set_attribute("aria-expanded", if open { "false" } else { "true" });
        let Ok(Some(tree)) = fold.closest("table") else { return };
        let folded: Vec<String> = within(&tree, "[data-fold][aria-expanded='false']")
            .iter()
            .filter_map(|fold| fold.get_attribute("data-fold"))
            .collect();
        for line in within(&tree, "tr[data-above]") {
            let above = line.get_attribute("data-above").unwrap_or_default();
            let hidden = above.split(' ').any(|line| folded.iter().any(|folded| folded == line));
            _ = line.toggle_attribute_with_force("hidden", hidden);
        }
    });
}
