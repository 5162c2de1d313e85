use super::{Hold, Opening, Slots};

fn hold(call: &'static str, group: &'static str, window: bool) -> Hold<'static> {
    Hold {
        call: call.into(),
        limit: "01999999-0000-7000-8000-000000000000".into(),
        group: group.into(),
        period: 7,
        amount: 9,
        window,
    }
}

#[test]
fn what_is_held_is_found_as_it_was_written_last() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("open.slots");
    let (slots, _) = Slots::open(&path).expect("a file");
    let [budget, window] = [hold("a", "", false), hold("a", "é", true)];
    let first = slots.hold(&[budget.clone(), window.clone()]).expect("a place");
    let second = slots.hold(&[hold("b", "", false)]).expect("a place");
    assert_eq!(Slots::open(&path).expect("a file").1.holds, [budget, window.clone(), hold("b", "", false)]);
    slots.rewrite(first, std::slice::from_ref(&window));
    slots.erase(second);
    assert_eq!(Slots::open(&path).expect("a file").1.holds, [window]);
}

#[test]
fn as_many_holds_as_are_said_to_fit_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let (slots, _) = Slots::open(&folder.path().join("open.slots")).expect("a file");
    let group: &'static str = "x".repeat(160).leak();
    let largest =
        Hold { period: i64::MIN, amount: i64::MIN, ..hold("01999999-0000-7000-8000-000000000000", group, true) };
    assert!(Hold::fit(std::slice::from_ref(&largest)), "the largest one");
    for count in 1..9 {
        let holds = vec![Hold { group: "".into(), ..largest.clone() }; count];
        assert!(!Hold::fit(&holds) || slots.hold(&holds).is_ok(), "{count}");
    }
}

#[test]
fn what_earlier_versions_left_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("open.slots");
    let opening = r#"{"id":"a","workspace":"w","key":"k","at":7,"kind":"chat","path":"/v1/x","trace":"t","span":"s"}"#;
    let hold = r#"{"call":"a","limit":"l","group":"","period":7,"amount":9,"window":false}"#;
    let mut file = Vec::new();
    for text in [opening, hold] {
        file.extend(u16::try_from(text.len()).expect("short").to_le_bytes());
        file.extend(text.as_bytes());
        file.resize(file.len().next_multiple_of(super::SLOT), 0);
    }
    std::fs::write(&path, file).expect("a file");
    let left = Slots::open(&path).expect("a file").1;
    assert_eq!((left.openings[0].id.as_str(), left.openings[0].method.as_str()), ("a", ""));
    assert_eq!((left.holds[0].limit.as_ref(), left.holds[0].amount), ("l", 9));
}

fn opening(id: &str, path: &str) -> Opening {
    Opening {
        id: id.into(),
        workspace: "default".into(),
        key: "k".into(),
        at: 7,
        kind: "chat".into(),
        method: "POST".into(),
        path: path.into(),
        trace: "t".into(),
        span: "s".into(),
    }
}

#[test]
fn what_was_not_released_is_found_at_the_next_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("open.slots");
    let (slots, left) = Slots::open(&path).expect("a file");
    assert!(left.openings.is_empty());
    let first = slots.claim(&opening("a", "/v1/x")).expect("a place");
    slots.claim(&opening("b", &"/long".repeat(200))).expect("a place");
    slots.release(first);
    slots.claim(&opening("c", "/v1/x")).expect("the place of a");
    drop(slots);
    let (slots, left) = Slots::open(&path).expect("a file");
    assert_eq!(left.openings.iter().map(|opening| opening.id.as_str()).collect::<Vec<_>>(), ["c", "b"]);
    slots.clear().expect("cleared");
    assert!(Slots::open(&path).expect("a file").1.openings.is_empty());
}

#[test]
fn every_opening_fits_its_slot() {
    let folder = tempfile::tempdir().expect("a folder");
    for text in ["x", "é", "\"", "\\", "\u{1}", "\u{1f600}"] {
        let path = folder.path().join(format!("{}.slots", u32::from(text.chars().next().expect("a letter"))));
        let long = text.repeat(5000);
        let all = Opening {
            id: long.clone(),
            workspace: long.clone(),
            key: long.clone(),
            at: i64::MIN,
            kind: long.clone(),
            method: long.clone(),
            path: long.clone(),
            trace: long.clone(),
            span: long.clone(),
        };
        let ids = Opening { trace: text.repeat(256), span: text.repeat(256), ..opening("a", "/v1/chat/completions") };
        let (slots, _) = Slots::open(&path).expect("a file");
        for opening in [&all, &ids] {
            slots.claim(opening).expect(text);
        }
        drop(slots);
        let left = Slots::open(&path).expect("a file").1.openings;
        assert_eq!((left.len(), left[1].id.as_str(), left[1].at), (2, "a", 7), "{text}");
        assert!(!left[1].trace.is_empty() && long.starts_with(&left[1].span), "{text}");
    }
}

#[test]
fn a_place_that_cannot_be_written_is_free_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let slots = Slots::read_only(&folder.path().join("open.slots"));
    for _ in 0..3 {
        slots.claim(&opening("a", "/v1/x")).expect_err("a refusal");
    }
    let places = slots.places();
    assert_eq!((places.used, places.free.as_slice()), (1, &[0][..]));
}

#[test]
fn a_sweep_clears_what_was_released_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("open.slots");
    let (slots, _) = Slots::open(&path).expect("a file");
    let [first, second] = ["a", "b"].map(|id| slots.claim(&opening(id, "/v1/x")).expect("a place"));
    slots.claim(&opening("c", "/v1/x")).expect("a place");
    slots.release(first);
    slots.release(second);
    slots.claim(&opening("d", "/v1/x")).expect("the place of b");
    slots.sweep().expect("swept");
    let left = Slots::open(&path).expect("a file").1.openings;
    assert_eq!(left.iter().map(|opening| opening.id.as_str()).collect::<Vec<_>>(), ["d", "c"]);
    slots.claim(&opening("e", "/v1/x")).expect("the place of a");
    assert_eq!(Slots::open(&path).expect("a file").1.openings.len(), 3);
}
