//! The queries of conditions (contract §2.6).

use super::super::field::{GROUPS, OPERATORS, Operand, PATHNAME, SUBJECTS};
use super::place::{Place, clip};
use super::{Reader, shape};
use serde_json::{Map, Value};

impl Reader {
    /// The caller has seen to it that `query` is shallow.
    pub(super) fn query(&mut self, query: &Map<String, Value>, place: &Place<'_>) {
        if query.is_empty() {
            self.note(place, r#"Empty. Use an object such as {"metadata.plan": {"$eq": "paid"}}."#);
        }
        for (key, value) in query {
            let place = place.key(key);
            match key.as_str() {
                _ if self.full() => return,
                key if GROUPS.contains(&key) => self.group(value, &place),
                key if subject(key) => self.test(value, &place),
                key if key.starts_with('$') => self.note(&place, unsupported(key, "$and or $or here")),
                _ => {
                    self.note(&place, "Use metadata.<key>, params.<key>, url.pathname, $and or $or; a key has no dots.")
                }
            }
        }
    }

    fn group(&mut self, value: &Value, place: &Place<'_>) {
        let Some(queries) = value.as_array().filter(|queries| !queries.is_empty()) else {
            return self.note(place, "Use a list of at least one query.");
        };
        for (at, query) in queries.iter().enumerate() {
            let place = place.index(at);
            match query {
                Value::Object(query) => self.query(query, &place),
                other => self.note(&place, format!("Use a query, an object, not {}.", shape(other))),
            }
        }
    }

    /// What is asked of one value of the call.
    fn test(&mut self, value: &Value, place: &Place<'_>) {
        match value {
            Value::Array(_) => self.note(place, r#"Use one value, or {"$in": [...]} for several."#),
            Value::Object(operators) if operators.is_empty() => {
                self.note(place, format!("Use at least one operator: {}.", operators_known()));
            }
            Value::Object(operators) => {
                for (name, operand) in operators {
                    self.operator(name, operand, &place.key(name));
                }
            }
            _ => {}
        }
    }

    fn operator(&mut self, name: &str, value: &Value, place: &Place<'_>) {
        let Some((_, operand)) = OPERATORS.iter().find(|(known, _)| *known == name) else {
            return self.note(place, unsupported(name, &operators_known()));
        };
        let allowed = match operand {
            Operand::Single if single(value) => return,
            Operand::Numeric if numeric(value) => return,
            Operand::Several if value.as_array().is_some_and(|all| all.iter().all(single)) => {
                return;
            }
            Operand::Pattern if value.is_string() => return,
            Operand::Single => "a text, a number, true, false or null",
            Operand::Numeric => "a number",
            Operand::Several => "a list of texts, numbers, true, false or null",
            Operand::Pattern => "a regular expression as text",
        };
        self.note(place, format!("Use {allowed}, not {}.", shape(value)));
    }
}

fn subject(key: &str) -> bool {
    let one = |rest: &str| !rest.is_empty() && !rest.contains('.');
    key == PATHNAME || SUBJECTS.iter().any(|start| key.strip_prefix(start).is_some_and(one))
}

fn single(value: &Value) -> bool {
    !value.is_array() && !value.is_object()
}

fn numeric(value: &Value) -> bool {
    let number = |text: &str| text.trim().parse::<f64>().is_ok_and(f64::is_finite);
    value.is_number() || value.as_str().is_some_and(number)
}

fn unsupported(name: &str, allowed: &str) -> String {
    format!("Unsupported operator used in the query router: {}. Use {allowed}.", clip(name))
}

fn operators_known() -> String {
    let names: Vec<&str> = OPERATORS.iter().map(|(name, _)| *name).collect();
    names.join(", ")
}
