//! Conditions: whether a call meets a query over its metadata, its body and its path (contract §2.6).
//!
//! Portkey's quirks are kept, since configs rely on them: `$and` and `$or` decide at once and leave later keys of their
//! object aside; `$regex` does so among the operators; equality is JavaScript's strict one.

mod known;
mod pattern;
mod value;

use app::model::explain::Tested;
use app::model::routing::Mistake;
use serde_json::{Map, Value};
use std::fmt::Write as _;

use crate::route::{Facts, Rule};
use known::{Answer, Known, Place};
use pattern::{Patience, Pattern};
use value::{cut, equal, number, written};

/// A query, compiled.
#[derive(Debug)]
pub struct Query {
    /// As written, cut to what an explanation shows.
    text: String,
    clauses: Vec<Clause>,
}

/// All clauses of an object must hold, up to the first that decides alone.
#[derive(Debug)]
enum Clause {
    /// Decides alone.
    Every(Vec<Vec<Clause>>),
    /// Decides alone.
    Any(Vec<Vec<Clause>>),
    Test {
        place: Place,
        tests: Vec<Test>,
    },
}

#[derive(Debug)]
struct Test {
    /// As the config writes it.
    operator: &'static str,
    operand: Value,
    pattern: Option<Pattern>,
}

const OPERATORS: [&str; 9] = ["$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$regex"];

impl Query {
    /// `at` is the JSON path of the query; every mistake is told with its own.
    pub fn compile(query: &Map<String, Value>, at: &str) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let clauses = clauses(query, at, &mut mistakes);
        let text = cut(&written(query));
        if mistakes.is_empty() { Ok(Self { text, clauses }) } else { Err(mistakes) }
    }

    /// Evaluates it, and tells what was compared with what; `then` is the name of its target.
    fn tested<'a>(&'a self, then: &str, hearing: &mut Hearing<'a>) -> Tested {
        let held = hearing.all(&self.clauses);
        let found = std::mem::take(&mut hearing.found);
        Tested { query: self.text.clone(), found, held, then: then.to_owned() }
    }
}

/// How many patterns there are in it: each costs memory, whether it is ever met or not.
pub fn patterns(query: &Map<String, Value>) -> usize {
    let own = |(key, value): (&String, &Value)| match value {
        Value::Object(below) => patterns(below),
        Value::Array(items) => items.iter().filter_map(Value::as_object).map(patterns).sum(),
        _ => usize::from(key == "$regex"),
    };
    query.iter().map(own).sum()
}

/// The first rule that holds, with a record of each that was evaluated. `name` gives a child's name.
pub fn first<'a>(
    rules: &'a [Rule],
    facts: Facts<'a>,
    name: impl Fn(usize) -> Option<&'a str>,
) -> (Option<usize>, Vec<Tested>) {
    let mut hearing = Hearing { facts, known: Known::default(), found: String::new(), patience: Patience::default() };
    let mut records = Vec::new();
    for rule in rules {
        records.push(rule.query.tested(name(rule.then).unwrap_or_default(), &mut hearing));
        if records.last().is_some_and(|tested| tested.held) {
            return (Some(rule.then), records);
        }
    }
    (None, records)
}

fn clauses(query: &Map<String, Value>, at: &str, mistakes: &mut Vec<Mistake>) -> Vec<Clause> {
    query.iter().filter_map(|(key, value)| clause(key, value, at, mistakes)).collect()
}

fn clause(key: &str, value: &Value, at: &str, mistakes: &mut Vec<Mistake>) -> Option<Clause> {
    let at = format!("{at}.{key}");
    if key == "$and" || key == "$or" {
        let Value::Array(items) = value else {
            mistakes.push(mistake(&at, format!("`{key}` takes a list of queries.")));
            return None;
        };
        let lists = items.iter().enumerate().filter_map(|(index, item)| {
            let at = format!("{at}[{index}]");
            let Value::Object(query) = item else {
                mistakes.push(mistake(&at, "A query is an object such as {\"metadata.plan\": \"paid\"}.".to_owned()));
                return None;
            };
            Some(clauses(query, &at, mistakes))
        });
        let lists = lists.collect();
        return Some(if key == "$and" { Clause::Every(lists) } else { Clause::Any(lists) });
    }
    let place = Place::parse(key);
    if place.is_none() {
        let allowed = "Use `metadata.<key>`, `params.<key>`, `url.pathname`, `$and` or `$or`.";
        mistakes.push(mistake(&at, format!("`{key}` is nothing that a query can ask for. {allowed}")));
    }
    let tests = tests(value, &at, mistakes);
    Some(Clause::Test { place: place?, tests })
}

fn tests(value: &Value, at: &str, mistakes: &mut Vec<Mistake>) -> Vec<Test> {
    match value {
        Value::Object(operators) => {
            let mut list: Vec<Test> =
                operators.iter().filter_map(|(key, operand)| test(key, operand, at, mistakes)).collect();
            if let Some(last) = list.iter().position(|test| test.operator == "$regex") {
                list.truncate(last + 1);
            }
            list
        }
        Value::Array(_) => {
            mistakes.push(mistake(at, "A list is no operand here: write {\"$in\": [..]}.".to_owned()));
            Vec::new()
        }
        plain => vec![Test { operator: "$eq", operand: plain.clone(), pattern: None }],
    }
}

fn test(key: &str, operand: &Value, at: &str, mistakes: &mut Vec<Mistake>) -> Option<Test> {
    let at = format!("{at}.{key}");
    let Some(operator) = OPERATORS.into_iter().find(|operator| *operator == key) else {
        mistakes.push(mistake(&at, format!("Unsupported operator used in the query router: {key}")));
        return None;
    };
    let mut test = Test { operator, operand: operand.clone(), pattern: None };
    if operator == "$regex" {
        let Value::String(pattern) = operand else {
            mistakes.push(mistake(&at, "`$regex` takes a pattern as text.".to_owned()));
            return None;
        };
        test.pattern = Pattern::compile(pattern).map_err(|error| mistakes.push(mistake(&at, error))).ok();
    }
    Some(test)
}

fn mistake(at: &str, message: String) -> Mistake {
    Mistake { path: at.to_owned(), message }
}

/// A call while its conditions are evaluated.
struct Hearing<'a> {
    facts: Facts<'a>,
    known: Known<'a>,
    /// What was compared with what.
    found: String,
    patience: Patience,
}

/// Explanations stop growing here, in bytes.
const LONGEST_RECORD: usize = 4000;

impl<'a> Hearing<'a> {
    fn all(&mut self, clauses: &'a [Clause]) -> bool {
        for clause in clauses {
            match clause {
                Clause::Every(lists) => return lists.iter().all(|list| self.all(list)),
                Clause::Any(lists) => return lists.iter().any(|list| self.all(list)),
                Clause::Test { place, tests } => {
                    if !tests.iter().all(|test| self.test(test, place)) {
                        return false;
                    }
                }
            }
        }
        true
    }

    fn test(&mut self, test: &Test, place: &'a Place) -> bool {
        let answer = self.known.answer(place, self.facts);
        if self.found.len() < LONGEST_RECORD {
            let between = if self.found.is_empty() { "" } else { "; " };
            let operand = cut(&written(&test.operand));
            let _ = write!(self.found, "{between}{}, wanted {} {operand}", answer.shown, test.operator);
        }
        test.holds(answer, &mut self.patience)
    }
}

impl Test {
    fn holds(&self, answer: &Answer, patience: &mut Patience) -> bool {
        let value = answer.value.as_ref();
        let listed = |items: &[Value]| items.iter().any(|item| equal(value, item));
        let own = || number(value, || answer.text());
        let wanted = || number(Some(&self.operand), || self.operand.as_str().unwrap_or_default());
        match (self.operator, &self.operand) {
            ("$eq", operand) => equal(value, operand),
            ("$ne", operand) => !equal(value, operand),
            ("$in", Value::Array(items)) => listed(items),
            ("$nin", Value::Array(items)) => !listed(items),
            ("$gt", _) => own() > wanted(),
            ("$gte", _) => own() >= wanted(),
            ("$lt", _) => own() < wanted(),
            ("$lte", _) => own() <= wanted(),
            ("$regex", _) => self.pattern.as_ref().is_some_and(|pattern| pattern.matches(answer.text(), patience)),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests;
