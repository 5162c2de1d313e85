//! What is done to targets as a whole.

use super::{Form, focus};
use crate::pages::configs::path::{Path, dissolve, duplicate, nest, set, shift, transfer, unnest, wrap};
use leptos::prelude::*;

/// What is done to a target, by menu, keys or dragging.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Up,
    Down,
    Nest,
    Unnest,
    Duplicate,
    Wrap,
    Dissolve,
    Remove,
}

impl Form {
    pub fn act(self, path: &Path, act: Act) {
        let moved = self.work.edit(|root| match act {
            Act::Up => shift(root, path, false),
            Act::Down => shift(root, path, true),
            Act::Nest => nest(root, path),
            Act::Unnest => unnest(root, path),
            Act::Duplicate => duplicate(root, path),
            Act::Wrap => {
                wrap(root, path);
                Some(path.clone())
            }
            Act::Dissolve => {
                dissolve(root, path);
                Some(path.clone())
            }
            Act::Remove => {
                set(root, path, None);
                let (parent, index) = path.parent()?;
                Some(parent.target(index.saturating_sub(1)))
            }
        });
        self.settle(path, moved.flatten(), act.said());
    }

    pub fn drop(self, to: &Path) {
        if let Some(from) = self.dragged.get_untracked() {
            let moved = self.work.edit(|root| transfer(root, &from, to)).flatten();
            self.settle(&from, moved, "Moved");
        }
        self.dragged.set(None);
    }

    /// The fields that were open stay so, and the keyboard follows the target.
    fn settle(self, from: &Path, to: Option<Path>, said: &str) {
        let Some(to) = to else { return self.said.set("It cannot go there".into()) };
        let (old, new) = (from.to_string(), to.to_string());
        if old != new && matches!(said, "Moved") {
            self.open.update(|open| {
                for path in open.iter_mut() {
                    if *path == old {
                        path.clone_from(&new);
                    } else if *path == new {
                        path.clone_from(&old);
                    }
                }
            });
        }
        self.said.set(format!("{said}: {new}"));
        focus(format!("t-{new}"));
    }
}

impl Act {
    fn said(self) -> &'static str {
        match self {
            Self::Up | Self::Down | Self::Nest | Self::Unnest => "Moved",
            Self::Duplicate => "Copied",
            Self::Wrap => "Put in a group",
            Self::Dissolve => "Group dissolved",
            Self::Remove => "Removed",
        }
    }
}
