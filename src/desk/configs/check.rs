//! What stands against a config's text: what the gateway could not read, and providers that are gone.

use crate::book::settled;
use crate::wire::vendors::vendor;
use app::model::routing::{self, Mistake, Mode, Node};

/// All of it, each at its JSON path. `known` tells whether a provider of this slug can be called.
pub fn mistakes(text: &str, known: &dyn Fn(&str) -> bool) -> Vec<Mistake> {
    if let Err(mistakes) = settled(text) {
        return mistakes;
    }
    let Ok(root) = routing::read_text(text) else { return Vec::new() };
    let mut mistakes = Vec::new();
    look(&root, "", false, &mut |path, slug, keyed| {
        // A vendor's own name needs no stored provider where the config brings the key.
        if !known(slug) && !(keyed && vendor(slug).is_some()) {
            let message = format!(
                "@{slug} is not connected in this workspace; it may have been removed. Choose a connected provider, or \
                 connect it on the Providers page."
            );
            mistakes.push(Mistake { path, message });
        }
    });
    mistakes
}

/// The root's mode in the words of configs, and how many targets can be called; nothing where the text is no config.
pub fn shape(text: &str) -> (String, u32) {
    match routing::read_text(text) {
        Ok(root) => {
            let mode = root.strategy.as_ref().map_or(Mode::Single, |strategy| strategy.mode);
            (mode.word().to_owned(), leaves(&root))
        }
        Err(_) => (String::new(), 0),
    }
}

fn leaves(node: &Node) -> u32 {
    match &node.targets {
        Some(targets) if !targets.is_empty() => targets.iter().map(leaves).sum(),
        _ => 1,
    }
}

/// Shows each slug that a node names, with its path and whether the config brings a key for it.
fn look(node: &Node, path: &str, keyed: bool, show: &mut dyn FnMut(String, &str, bool)) {
    let keyed = keyed || node.api_key.is_some();
    let at = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    if let Some(slug) = node.provider.as_deref().and_then(|provider| provider.strip_prefix('@')) {
        show(at("provider"), slug, keyed);
    }
    if let Some(slug) = node.virtual_key.as_deref() {
        show(at("virtual_key"), slug.trim_start_matches('@'), keyed);
    }
    for (index, target) in node.targets.iter().flatten().enumerate() {
        look(target, &at(&format!("targets[{index}]")), keyed, show);
    }
}
