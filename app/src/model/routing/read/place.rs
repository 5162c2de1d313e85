//! Where a value stands. Nothing is allocated until a mistake needs the path.

#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    parent: Option<&'a Place<'a>>,
    step: Step<'a>,
    /// The root's is 1.
    pub(super) depth: usize,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Root,
    Key(&'a str),
    Index(usize),
}

impl<'a> Place<'a> {
    pub(super) fn root() -> Self {
        Self { parent: None, step: Step::Root, depth: 1 }
    }

    pub(super) fn key(&'a self, key: &'a str) -> Self {
        Self { parent: Some(self), step: Step::Key(key), depth: self.depth + 1 }
    }

    pub(super) fn index(&'a self, index: usize) -> Self {
        Self { parent: Some(self), step: Step::Index(index), depth: self.depth + 1 }
    }

    /// Such as `targets[0].retry`; long keys are cut.
    pub(super) fn path(&self) -> String {
        let mut path = self.parent.map(Self::path).unwrap_or_default();
        match self.step {
            Step::Root => {}
            Step::Key(key) if path.is_empty() => path = clip(key),
            Step::Key(key) => path.push_str(&format!(".{}", clip(key))),
            Step::Index(index) => path.push_str(&format!("[{index}]")),
        }
        path
    }
}

/// The text on one line, cut where it is long.
pub(super) fn clip(text: &str) -> String {
    const MOST: usize = 60;
    let line = |letter: char| if letter.is_control() { ' ' } else { letter };
    let mut cut: String = text.chars().take(MOST).map(line).collect();
    if text.chars().nth(MOST).is_some() {
        cut.push('…');
    }
    cut
}
