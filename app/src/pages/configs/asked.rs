//! What becomes of a condition's query as its rows are changed. Pure: nothing is lost that an act does not name.

use serde_json::{Map, Value};

/// The tests of one value once its first is `name` with this operand; the others stay. A bare value, or no test at all,
/// becomes the one. Nothing changes where `name` is asked beside the first already.
pub fn retested(tests: &Value, name: &str, operand: Value) -> Value {
    let Some(tests) = tests.as_object().filter(|tests| !tests.is_empty()) else {
        return Value::Object(Map::from_iter([(name.to_owned(), operand)]));
    };
    if others(tests).any(|other| other == name) {
        return Value::Object(tests.clone());
    }
    let first = std::iter::once((name.to_owned(), operand));
    Value::Object(first.chain(tests.clone().into_iter().skip(1)).collect())
}

/// The operators that are asked beside the first.
pub fn others(tests: &Map<String, Value>) -> impl Iterator<Item = &str> {
    tests.keys().skip(1).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn another_operator_takes_the_place_of_the_first_alone() {
        for (tests, name, after) in [
            (json!({"$gt": 3, "$lt": 9}), "$gte", r#"{"$gte":5,"$lt":9}"#),
            (json!({"$gt": 3, "$lt": 9}), "$gt", r#"{"$gt":5,"$lt":9}"#),
            (json!({"$gt": 3, "$lt": 9}), "$lt", r#"{"$gt":3,"$lt":9}"#),
            (json!({"$eq": "a"}), "$ne", r#"{"$ne":5}"#),
            (json!("a"), "$ne", r#"{"$ne":5}"#),
            (json!({}), "$ne", r#"{"$ne":5}"#),
        ] {
            assert_eq!(retested(&tests, name, json!(5)).to_string(), after, "{tests} {name}");
        }
    }
}
