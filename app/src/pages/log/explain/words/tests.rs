use super::*;
use crate::model::log::AttemptRow;

fn tried(path: &str, model: &str, status: u16, started_us: u64) -> Tried {
    Tried {
        path: path.into(),
        provider: "@alpha".into(),
        model: Some(model.into()),
        status,
        started_us,
        ..Tried::default()
    }
}

fn detail(tried: Vec<Tried>) -> LogDetail {
    LogDetail {
        row: LogRow { status: 200, outcome: "finished".into(), model_served: "m".into(), ..LogRow::default() },
        explain: Explain { tried, ..Explain::default() },
        ..LogDetail::default()
    }
}

#[test]
fn the_whole_is_told_in_one_sentence() {
    let (first, second) = ("config.targets[0]", "config.targets[1]");
    for (tries, told) in [
        (vec![], "The gateway answered 200 by itself; nothing was sent."),
        (vec![tried("config", "m", 200, 0)], "m at @alpha answered at the first try."),
        (vec![tried("config", "m", 0, 0)], "m at @alpha gave no answer, and there was nothing else to try."),
        (vec![tried(first, "a", 529, 0), tried(second, "b", 200, 9)], "a at @alpha answered 529, so b answered."),
        (vec![tried("config", "m", 503, 0), tried("config", "m", 200, 9)], "m answered when tried again, after 503."),
        (
            vec![tried("config", "m", 503, 0), tried("config", "m", 0, 5), tried("config", "m", 200, 9)],
            "m answered at retry 2.",
        ),
        (
            vec![tried("config", "m", 503, 0), tried("config", "m", 503, 9)],
            "m was tried 2 times, and never answered well.",
        ),
        (
            vec![tried(first, "a", 503, 0), tried(second, "b", 429, 9)],
            "None of 2 tries answered well: the last, b at @alpha answered 429.",
        ),
    ] {
        assert_eq!(gist(&detail(tries)), told);
    }
}

#[test]
fn a_detour_says_what_it_took() {
    let mut call =
        detail(vec![tried("config.targets[0]", "a", 529, 200), tried("config.targets[1]", "b", 200, 530_200)]);
    assert_eq!(detour(&call).as_deref(), Some("The detour took 530 ms and $0."));
    let attempt = |cost| AttemptRow { cost: Some(Nanos(cost)), ..AttemptRow::default() };
    call.attempts = vec![attempt(7_670_000), attempt(1)];
    assert_eq!(detour(&call).as_deref(), Some("The detour took 530 ms and $0.00767."));
    assert_eq!(detour(&detail(vec![tried("config", "m", 200, 0)])), None);
}

#[test]
fn a_hit_says_what_it_saved() {
    let facts = CacheFacts {
        status: "HIT".into(),
        key: "7c1f".into(),
        age: Some(240),
        max_age: 3_600,
        saved: Some(7_670_000),
        saved_us: Some(2_810_000),
        ..CacheFacts::default()
    };
    let mut call = detail(Vec::new());
    call.explain.cache = Some(facts.clone());
    assert_eq!(gist(&call), "The cache answered, with what it had kept for 4 min.");
    assert_eq!(detour(&call).as_deref(), Some("That saved $0.00767 and 2.81 s."));
    assert_eq!(cache_text(&facts), "Key 7c1f, simple, good for 1 h, 4 min old.");
    assert_eq!([59, 90, 86_400 * 2].map(seconds), ["59 s", "1 min 30 s", "2 days"]);
}

#[test]
fn the_origin_names_key_and_config() {
    for (source, config, version, told) in [
        ("none", None, None, "Key ci, no config."),
        ("header", None, None, "Key ci, a config in the header."),
        ("header", Some("pc-a"), Some("v3"), "Key ci, config pc-a, version v3, named by the header."),
        ("key", Some("pc-a"), None, "Key ci, config pc-a, the key's default."),
    ] {
        let mut call = detail(Vec::new());
        call.row.key_name = "ci".into();
        call.explain.source = source.into();
        call.explain.config = config.map(Into::into);
        call.explain.version = version.map(Into::into);
        assert_eq!(origin(&call), told);
    }
}
