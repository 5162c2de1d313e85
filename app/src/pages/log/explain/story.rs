//! The order in which a call's way is told: each choice before the first try that it led to.

use crate::model::explain::{Decision, Explain, Tried};

/// What happened at a station.
#[derive(Clone, Copy, Debug)]
pub enum Scene<'a> {
    Chosen(&'a Decision),
    /// With its number, from 0.
    Tried(&'a Tried, usize),
}

/// How the line runs at a station.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Way {
    /// How often it has turned by then.
    pub turns: u32,
    /// It turns here: what was tried failed, and another target follows.
    pub turning: bool,
    /// What was tried failed.
    pub failed: bool,
}

impl Way {
    /// Further turns stay in place: there is no room to the right.
    const MOST: u32 = 4;
    const STEP: u32 = 16;

    pub fn class(self) -> &'static str {
        match (self.turning, self.failed) {
            (true, _) => "turn",
            (false, true) => "fail",
            (false, false) => "go",
        }
    }

    pub fn style(self) -> String {
        format!("--x:{}px", self.turns.min(Self::MOST) * Self::STEP)
    }
}

pub fn scenes(explain: &Explain) -> Vec<(Scene<'_>, Way)> {
    let mut told = Vec::new();
    let mut way = Way::default();
    let mut left: Vec<&Decision> = explain.decisions.iter().collect();
    let leads = |decision: &Decision, tried: &Tried| contains(&decision.path, &tried.path);
    for (number, tried) in explain.tried.iter().enumerate() {
        let (due, rest) = left.into_iter().partition(|decision| leads(decision, tried));
        left = rest;
        told.extend(due.into_iter().map(|decision: &Decision| (Scene::Chosen(decision), way)));
        let failed = !(200..400).contains(&tried.status) || tried.error.is_some();
        let turning = failed && explain.tried.get(number + 1).is_some_and(|next| next.path != tried.path);
        told.push((Scene::Tried(tried, number), Way { failed, turning, ..way }));
        way.turns += u32::from(turning);
    }
    if explain.tried.is_empty() {
        told.extend(left.into_iter().map(|decision| (Scene::Chosen(decision), way)));
    }
    told
}

/// Choices that no try came from, though there were tries.
pub fn unreached(explain: &Explain) -> Vec<&Decision> {
    let reached = |decision: &Decision| explain.tried.iter().any(|tried| contains(&decision.path, &tried.path));
    let any = !explain.tried.is_empty();
    explain.decisions.iter().filter(|decision| any && !reached(decision)).collect()
}

/// Whether the path of a node leads to `path`: `config.targets[1]` to `config.targets[1].targets[0]`.
fn contains(node: &str, path: &str) -> bool {
    path.strip_prefix(node).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(path: &str) -> Decision {
        Decision { path: path.into(), ..Decision::default() }
    }

    fn tried(path: &str, status: u16) -> Tried {
        Tried { path: path.into(), status, ..Tried::default() }
    }

    fn told(explain: &Explain) -> String {
        let scene = |(scene, way): (Scene<'_>, Way)| {
            let name = match scene {
                Scene::Chosen(decision) => decision.path.replace("config", "?"),
                Scene::Tried(tried, _) => tried.path.replace("config", "!"),
            };
            format!("{name} {}{}", way.class(), way.turns)
        };
        scenes(explain).into_iter().map(scene).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn a_nested_choice_is_told_where_the_call_came_to_it() {
        let explain = Explain {
            decisions: vec![decision("config"), decision("config.targets[1]"), decision("config.targets[2]")],
            tried: vec![
                tried("config.targets[0]", 503),
                tried("config.targets[0]", 529),
                tried("config.targets[1].targets[0]", 200),
            ],
            ..Explain::default()
        };
        assert_eq!(
            told(&explain),
            "? go0, !.targets[0] fail0, !.targets[0] turn0, ?.targets[1] go1, !.targets[1].targets[0] go1"
        );
        assert_eq!(unreached(&explain), [&decision("config.targets[2]")]);
    }

    #[test]
    fn where_nothing_was_sent_every_choice_is_told() {
        let explain =
            Explain { decisions: vec![decision("config"), decision("config.targets[1]")], ..Explain::default() };
        assert_eq!(told(&explain), "? go0, ?.targets[1] go0");
        assert!(unreached(&explain).is_empty());
    }

    #[test]
    fn the_last_failure_does_not_turn_and_a_path_is_whole_names() {
        let explain = Explain { tried: vec![tried("config", 0)], ..Explain::default() };
        assert_eq!(told(&explain), "! fail0");
        assert!(!contains("config.targets[1]", "config.targets[10]"));
        assert_eq!(Way { turns: 9, ..Way::default() }.style(), "--x:64px");
    }
}
