//! Configs grown at random from the table: each is one that [`read`](super::read) must accept.

use crate::model::routing::field::{Clause, Form, Kind, NODE, Need, OPERATORS, Object, Operand};
use serde_json::{Map, Value, json};

/// Xorshift: equal seeds give equal configs.
pub struct Seed(u64);

impl Seed {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % end.max(1)
    }

    pub fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        let at = self.below(all.len() as u64);
        &all[usize::try_from(at).expect("a small index")]
    }

    pub fn config(&mut self) -> Value {
        self.object(&NODE, 4)
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// `levels`: how many nodes may stand within each other from here on.
    fn object(&mut self, object: &'static Object, levels: u64) -> Value {
        let mut out = Map::new();
        let optional = if object.all().count() > 50 { 6 } else { 40 };
        for field in object.all() {
            if (field.need == Need::Always || self.chance(optional)) && field.beside.is_none() {
                out.insert(field.key.to_owned(), self.value(&field.kind, levels));
            }
        }
        let needs_mode = |mode: Option<&Value>, need| matches!(need, Need::Mode(word) if mode == Some(&json!(word)));
        for field in object.all() {
            if needs_mode(out.get("mode"), field.need) && !out.contains_key(field.key) {
                out.insert(field.key.to_owned(), self.value(&field.kind, levels));
            }
        }
        if object.name == NODE.name {
            self.group(&mut out, levels);
        }
        self.suffice(object, &mut out);
        Value::Object(out)
    }

    /// Targets and a strategy that fits them.
    fn group(&mut self, node: &mut Map<String, Value>, levels: u64) {
        if levels == 0 || self.chance(60) {
            return;
        }
        let count = 1 + self.below(3);
        let targets: Vec<Value> = (0..count).map(|number| self.target(number, levels - 1)).collect();
        let mut strategy = self.object(NODE.field("strategy").map(object_of).expect("a strategy"), levels);
        let name = |seed: &mut Self| json!(format!("target {}", seed.below(count)));
        if strategy.get("default").is_some() {
            strategy["default"] = name(self);
        }
        for condition in strategy.get_mut("conditions").and_then(Value::as_array_mut).into_iter().flatten() {
            condition["then"] = name(self);
        }
        node.insert("strategy".into(), strategy);
        node.insert("targets".into(), json!(targets));
    }

    fn target(&mut self, number: u64, levels: u64) -> Value {
        let mut target = self.object(&NODE, levels);
        target["name"] = json!(format!("target {number}"));
        target["weight"] = json!(1 + self.below(9));
        target
    }

    /// Adds what makes the object enough.
    fn suffice(&mut self, object: &'static Object, out: &mut Map<String, Value>) {
        if object.enough.is_empty() {
            return;
        }
        let choices: Vec<_> = object.enough.iter().filter(|clauses| !clauses.iter().any(is_group)).collect();
        for clause in **self.pick(&choices) {
            let (key, value) = match clause {
                Clause::Has(key) if out.contains_key(*key) => continue,
                Clause::Has(key) => (key, self.value(&object.field(key).expect("a field").kind, 0)),
                Clause::Begins(key, start) => (key, json!(format!("{start}slug"))),
                Clause::Among(key, words) => (key, json!(self.pick(words))),
                Clause::Off(key) => (key, json!(false)),
            };
            out.insert((*key).to_owned(), value);
        }
    }

    fn value(&mut self, kind: &'static Kind, levels: u64) -> Value {
        match kind {
            Kind::Text(Form::Plain) => {
                json!(self.pick(&["a", "@alpha", "Ünïcode \"quoted\"", "pg-x"]))
            }
            Kind::Text(Form::Url) => {
                json!(self.pick(&["https://a.example/v1", "http://127.0.0.1:9100"]))
            }
            Kind::Text(Form::DropPath) => {
                json!(self.pick(&["a", "a.b", "tools[0].x", "tools[*].function.strict"]))
            }
            Kind::Text(Form::CallPath) => json!(self.pick(&["metadata.user", "params.user"])),
            Kind::Text(Form::Header) => json!(self.pick(&["X-Foo", "x_bar", "authorization"])),
            Kind::Flag => json!(self.chance(50)),
            Kind::Whole { least, most } => match self.below(3) {
                0 => json!(least),
                1 => json!(most),
                _ => json!(least + self.below(most - least + 1)),
            },
            Kind::Number { least, most } => match self.below(3) {
                0 => json!(self.below(100)),
                1 => json!(least + 0.25),
                _ => json!(most / 3.0),
            },
            Kind::Words(words) => json!(self.pick(words)),
            Kind::List { of, least } => {
                let count = *least as u64 + self.below(3);
                (0..count).map(|_| self.value(of, levels)).collect()
            }
            Kind::Map => self.anything(3),
            Kind::Object(object) => self.object(object, levels),
            Kind::Query => self.query(2),
            // A bare word of a cache is written in full: it has a test of its own.
            Kind::Either(kinds) if matches!(kinds[0], Kind::Object(_)) => self.value(&kinds[0], levels),
            Kind::Either(kinds) => {
                let kind = self.pick(kinds);
                self.value(kind, levels)
            }
        }
    }

    fn anything(&mut self, levels: u64) -> Value {
        let mut out = Map::new();
        for number in 0..self.below(4) {
            let value = match self.below(if levels == 0 { 5 } else { 7 }) {
                0 => Value::Null,
                1 => json!(self.chance(50)),
                2 => json!(-1 - i64::from(u32::MAX)),
                3 => json!(0.5),
                4 => json!(self.pick(&["", "text", "1"])),
                5 => json!([self.anything(levels - 1), u64::MAX]),
                _ => self.anything(levels - 1),
            };
            out.insert(format!("key {number}"), value);
        }
        Value::Object(out)
    }

    fn query(&mut self, levels: u64) -> Value {
        let key = *self.pick(&["metadata.plan", "params.model", "url.pathname", "$and", "$or"]);
        if key.starts_with('$') && levels > 0 {
            return json!({key: [self.query(levels - 1), self.query(levels - 1)]});
        }
        let key = if key.starts_with('$') { "params.user" } else { key };
        let (name, operand) = *self.pick(&OPERATORS);
        let value = match operand {
            Operand::Single => self.pick(&[json!("a"), json!(1), json!(null), json!(true)]).clone(),
            Operand::Numeric => self.pick(&[json!(0.5), json!("12")]).clone(),
            Operand::Several => json!(["a", 1, null]),
            Operand::Pattern => json!("^gpt-(4|5)"),
        };
        if self.chance(20) { json!({key: "plain"}) } else { json!({key: {name: value}}) }
    }
}

fn is_group(clause: &Clause) -> bool {
    matches!(clause, Clause::Has("strategy" | "targets"))
}

fn object_of(field: &'static crate::model::routing::field::Field) -> &'static Object {
    match field.kind {
        Kind::Object(object) => object,
        _ => &NODE,
    }
}
