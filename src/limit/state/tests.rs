use super::super::rule::{Reset, Rule};
use super::*;

const DAY: i64 = 86_400_000;
/// 2026-11-23, a Monday.
const NOW: i64 = 1_795_392_000_000;

fn weekly() -> Arc<Limit> {
    let budget = Budget {
        unit: Unit::Cost,
        credit: 9,
        alert: None,
        reset: Reset::Weekly,
        next_reset: None,
        mode: Mode::Exact,
        unpriced: Unpriced::Count,
    };
    Arc::new(Limit::by(Rule::Budget(budget)))
}

fn held(limit: &Arc<Limit>, group: &str) -> Held {
    Held { falls: Falls::of(limit, group), unit: Unit::Cost, start: NOW, amount: 2 }
}

#[test]
fn a_group_is_forgotten_once_nothing_of_it_counts() {
    let (limit, mut state) = (weekly(), State::default());
    let other = ("other".to_owned(), String::new());
    for group in ["spent", "held"] {
        state.standing(&Falls::of(&limit, group), NOW).expect("a budget");
        state.settle(&held(&limit, group), Due { spent: 5, ..Due::default() });
    }
    state.accounts.get_mut(&Spot("l", "held")).expect("an account").reserve(2);
    state.accounts.insert(other.clone(), Account::default());
    for (now, left) in [(NOW + 7 * DAY - 1, 3), (NOW + 7 * DAY, 2)] {
        state.forget(&[Arc::clone(&limit)], now);
        assert_eq!(state.accounts.len(), left, "{now}");
    }
    assert!(state.accounts.contains_key(&Spot("l", "held")) && state.accounts.contains_key(&other));
}

#[test]
fn what_was_settled_is_told_once() {
    let (limit, mut state) = (weekly(), State::default());
    for group in ["a", "b", "a"] {
        state.touch(&held(&limit, group));
    }
    let mut touched = state.touched().remove("l").expect("groups");
    touched.sort();
    assert_eq!(touched, ["a", "b"]);
    assert!(state.touched().is_empty());
}
