//! What is done to targets as a whole.

use super::{Form, focus};
use crate::pages::configs::opened::{carried, reveal};
use crate::pages::configs::path::{Path, dissolve, duplicate, nest, set, shift, transfer, unnest, wrap};
use leptos::prelude::*;
use serde_json::Value;

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
        self.moving(act.said(), |root| match act {
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
    }

    /// What is dragged is put before the target at `to`, or at the end of a list.
    pub fn drop(self, to: &Path) {
        if let Some(from) = self.dragged.get_untracked() {
            self.moving("Moved", |root| transfer(root, &from, to));
        }
        self.dragged.set(None);
    }

    /// The fields that were open stay so, and the keyboard follows the target, whose groups are opened for it.
    fn moving(self, said: &str, act: impl FnOnce(&mut Value) -> Option<Path>) {
        let mut open = self.open.get_untracked();
        let moved = self.work.edit(|root| carried(root, &mut open, act)).flatten();
        let Some(to) = moved else { return self.said.set("It cannot go there".into()) };
        reveal(&mut open, &to);
        self.open.set(open);
        self.said.set(format!("{said}: {to}"));
        focus(format!("t-{to}"));
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
