//! Two configs as one drawing: what is new, what changed, and what is gone.

use super::order::{child, mode_of, targets};
use super::say;
use serde_json::{Value, json};

/// What became of a place between two configs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    New,
    /// Such as `weight 0.5, now 0.7`.
    Changed(String),
    Gone,
}

/// The newer config with the targets that it lost, and the marks by path.
pub fn merge(old: &Value, new: &Value) -> (Value, Vec<(String, Mark)>) {
    let mut marks = Vec::new();
    let merged = both(old, new, "", &mut marks);
    (merged, marks)
}

/// `1 target added, 2 removed, 1 changed`.
pub fn tally(marks: &[(String, Mark)]) -> String {
    let count = |fits: fn(&Mark) -> bool| marks.iter().filter(|(_, mark)| fits(mark)).count();
    let counts = [
        (count(|mark| *mark == Mark::New), "added"),
        (count(|mark| *mark == Mark::Gone), "removed"),
        (count(|mark| matches!(mark, Mark::Changed(_))), "changed"),
    ];
    let told: Vec<_> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    if told.is_empty() { "the same targets".to_owned() } else { told.join(", ") }
}

fn both(old: &Value, new: &Value, path: &str, marks: &mut Vec<(String, Mark)>) -> Value {
    let (before, after) = (targets(old), targets(new));
    if after.is_empty() || before.is_empty() {
        if old != new {
            marks.push((path.to_owned(), changed(old, new)));
        }
        return new.clone();
    }
    if mode_of(old) != mode_of(new) {
        let told = format!("was {}", say::mode(mode_of(old)).to_lowercase());
        marks.push((path.to_owned(), Mark::Changed(told)));
    }
    let mut left: Vec<Option<&Value>> = before.iter().map(Some).collect();
    let pairs: Vec<Option<usize>> = after.iter().map(|target| pair(&mut left, target)).collect();
    let mut merged = Vec::new();
    let mut passed = 0;
    for (target, pair) in after.iter().zip(pairs) {
        let until = pair.map_or(passed, |pair| pair.max(passed));
        gone(&left, passed..until, path, &mut merged, marks);
        passed = until;
        let place = child(path, merged.len());
        merged.push(match pair {
            Some(pair) => both(&before[pair], target, &place, marks),
            None => {
                marks.push((place, Mark::New));
                target.clone()
            }
        });
    }
    gone(&left, passed..before.len(), path, &mut merged, marks);
    let mut whole = new.clone();
    whole["targets"] = Value::Array(merged);
    whole
}

/// The older target that this one was, taken out of those that are `left`.
fn pair(left: &mut [Option<&Value>], target: &Value) -> Option<usize> {
    let name = |target: &Value| target.get("name").and_then(Value::as_str).map(str::to_owned);
    let same = |other: &Value| match (name(target), name(other)) {
        (Some(own), Some(other)) => own == other,
        (None, None) if targets(target).is_empty() => {
            targets(other).is_empty() && say::target(target) == say::target(other)
        }
        (None, None) => !targets(other).is_empty(),
        _ => false,
    };
    let at = left.iter().position(|other| other.is_some_and(same))?;
    left[at] = None;
    Some(at)
}

/// What was there and is not any more takes its old place; it has no share of the calls.
fn gone(
    left: &[Option<&Value>],
    span: std::ops::Range<usize>,
    path: &str,
    merged: &mut Vec<Value>,
    marks: &mut Vec<(String, Mark)>,
) {
    for target in left[span].iter().copied().flatten() {
        let mut target = target.clone();
        if target.is_object() {
            target["weight"] = json!(0);
        }
        marks.push((child(path, merged.len()), Mark::Gone));
        merged.push(target);
    }
}

fn changed(old: &Value, new: &Value) -> Mark {
    let weight = |target: &Value| target.get("weight").cloned().unwrap_or(json!(1));
    let (before, after) = (say::target(old), say::target(new));
    Mark::Changed(if weight(old) != weight(new) {
        format!("weight {}, now {}", weight(old), weight(new))
    } else if before != after {
        format!(
            "was {}",
            [before.0, before.1].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
        )
    } else {
        "other settings".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_target_is_the_same_new_changed_or_gone() {
        let old = json!({"strategy": {"mode": "loadbalance"}, "targets": [
            {"provider": "@a", "weight": 0.5}, {"provider": "@b"}, {"name": "group", "strategy": {"mode": "fallback"}, "targets": [
                {"provider": "@c"}, {"provider": "@d"}]}]});
        let new = json!({"strategy": {"mode": "loadbalance"}, "targets": [
            {"provider": "@a", "weight": 0.7}, {"name": "group", "strategy": {"mode": "single"}, "targets": [
                {"provider": "@c"}, {"provider": "@e"}]}]});
        let (merged, marks) = merge(&old, &new);
        assert_eq!(
            marks,
            [
                ("targets[0]".to_owned(), Mark::Changed("weight 0.5, now 0.7".into())),
                ("targets[1]".to_owned(), Mark::Gone),
                ("targets[2]".to_owned(), Mark::Changed("was fallback".into())),
                ("targets[2].targets[1]".to_owned(), Mark::New),
                ("targets[2].targets[2]".to_owned(), Mark::Gone),
            ]
        );
        assert_eq!(merged["targets"][1]["provider"], "@b");
        assert_eq!(merged["targets"][2]["targets"].as_array().map(Vec::len), Some(3));
        assert_eq!(tally(&marks), "1 added, 2 removed, 2 changed");
    }

    #[test]
    fn what_is_the_same_has_no_marks_and_anything_can_be_merged() {
        let config = json!({"targets": [{"provider": "@a"}, {"provider": "@a"}]});
        assert_eq!(merge(&config, &config), (config.clone(), Vec::new()));
        assert_eq!(tally(&[]), "the same targets");
        for other in [json!(null), json!([]), json!({"targets": [1, "x", null]}), json!({"provider": "@b"})] {
            let (merged, _) = merge(&config, &other);
            assert_eq!(targets(&merged).is_empty(), targets(&other).is_empty());
            merge(&other, &config);
        }
    }
}
