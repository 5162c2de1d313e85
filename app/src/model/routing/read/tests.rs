mod bounds;
pub(crate) mod grow;
mod together;
mod values;

use super::*;
use crate::model::routing::{Cache, CacheMode, Mode};
use grow::Seed;
use serde_json::json;

/// The mistakes as `path: message`.
fn mistakes(value: &Value) -> Vec<String> {
    let told = read(value).err().unwrap_or_default();
    told.iter().map(|mistake| format!("{}: {}", mistake.path, mistake.message)).collect()
}

fn accept(value: &Value) -> Node {
    read(value).unwrap_or_else(|mistakes| panic!("{value}\n{mistakes:#?}"))
}

/// Just the mistakes whose beginnings are given, in any order.
fn check(value: &Value, told: &[&str]) {
    let found = mistakes(value);
    for wanted in told {
        assert!(found.iter().any(|mistake| mistake.starts_with(wanted)), "{value}\nwanted: {wanted}\n{found:#?}");
    }
    assert_eq!(found.len(), told.len(), "{value}\n{found:#?}");
}

/// A leaf with one more field.
fn leaf(key: &str, value: Value) -> Value {
    let mut leaf = json!({"provider": "@alpha"});
    leaf[key] = value;
    leaf
}

fn group(strategy: Value, targets: Value) -> Value {
    [("strategy", strategy), ("targets", targets)].into_iter().collect()
}

#[test]
fn what_is_accepted_is_written_out_as_it_came() {
    for seed in 0..1500 {
        let config = Seed::new(seed).config();
        let node = accept(&config);
        assert_eq!(serde_json::to_value(&node).unwrap(), config, "seed {seed}");
        assert_eq!(read_text(&config.to_string()).unwrap(), node, "seed {seed}");
    }
}

#[test]
fn the_configs_grown_hold_every_field_of_the_table() {
    fn keys(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(map) => map.iter().for_each(|(key, value)| {
                found.insert(key.clone());
                keys(value, found);
            }),
            Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    (0..1500).for_each(|seed| keys(&Seed::new(seed).config(), &mut found));
    let missing: Vec<&str> = OBJECTS
        .iter()
        .flat_map(|object| object.all())
        .map(|field| field.key)
        .filter(|key| !found.contains(*key))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn a_config_with_one_part_spoiled_is_refused_in_words_or_written_out_as_it_came() {
    fn spoil(value: &mut Value, seed: &mut Seed) {
        let junk =
            [json!(null), json!([]), json!({}), json!(-1), json!(1e300), json!("~"), json!([[{"a": 1}]]), json!(true)];
        match value {
            Value::Object(map) if !map.is_empty() && seed.below(4) > 0 => {
                let keys: Vec<String> = map.keys().cloned().collect();
                spoil(&mut map[seed.pick(&keys).as_str()], seed);
            }
            Value::Array(items) if !items.is_empty() && seed.below(4) > 0 => {
                let at = usize::try_from(seed.below(items.len() as u64)).unwrap();
                spoil(&mut items[at], seed);
            }
            other => *other = seed.pick(&junk).clone(),
        }
    }
    let mut refused = 0;
    for number in 0..2500 {
        let mut seed = Seed::new(number);
        let mut config = seed.config();
        spoil(&mut config, &mut seed);
        match read(&config) {
            Ok(node) => assert_eq!(serde_json::to_value(&node).unwrap(), config, "seed {number}"),
            Err(mistakes) => {
                refused += 1;
                assert!(!mistakes.is_empty() && mistakes.iter().all(|mistake| mistake.message.ends_with(['.', '?'])));
            }
        }
    }
    assert!(refused > 1000, "{refused}");
}

#[test]
fn numbers_and_a_bare_cache_keep_their_meaning() {
    let node = accept(&json!({"provider": "@a", "weight": 1.0, "cache": "semantic"}));
    assert_eq!(node.cache, Some(Cache { mode: CacheMode::Semantic, max_age: None }));
    let written = json!({"provider": "@a", "weight": 1, "cache": {"mode": "semantic"}});
    assert_eq!(serde_json::to_value(&node).unwrap(), written);
}

#[test]
fn every_mode_of_the_table_is_a_mode() {
    let Some(Kind::Words(modes)) = OBJECTS[1].field("mode").map(|field| field.kind) else { panic!("no modes") };
    for mode in modes {
        let read: Mode = serde_json::from_value(json!(mode)).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), json!(mode));
    }
    assert_eq!(modes.len(), 8);
}

#[test]
fn what_counts_where_a_field_is_absent_may_also_be_written() {
    let mut judged = 0;
    for field in OBJECTS.iter().flat_map(|object| object.all()) {
        let Ok(default) = serde_json::from_str(field.default) else { continue };
        let mut reader = Reader::default();
        reader.value(&field.kind, &default, &Place::root());
        assert!(reader.mistakes.is_empty(), "{}: {:?}", field.key, reader.mistakes);
        judged += 1;
    }
    assert!(judged > 10, "{judged}");
}

#[test]
fn the_table_names_each_field_once_and_explains_it() {
    for object in OBJECTS {
        let mut keys = BTreeSet::new();
        for field in object.all() {
            assert!(keys.insert(field.key), "{}.{} stands twice", object.name, field.key);
            assert!(field.meaning.ends_with('.'), "{}.{}", object.name, field.key);
            assert!(field.beside.is_none_or(|other| object.field(other).is_some()), "{}", field.key);
        }
        let named = object.enough.iter().flat_map(|clauses| clauses.iter());
        named.for_each(|clause| assert!(keys.contains(clause.key()), "{}: {clause:?}", object.name));
        assert_eq!(object.enough.is_empty(), object.lacking.is_empty(), "{}", object.name);
    }
}
