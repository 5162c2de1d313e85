//! Which models a query means, and in which order: pure.

use app::model::models::{ModelPage, ModelQuery, ModelRow, PAGE, Show, Sort, micros};
use std::cmp::Reverse;

/// One thing that was typed into the search field.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Term {
    /// Part of the name as it is called.
    Word(String),
    /// Part of the provider's slug.
    Provider(String),
    /// Tokens, or millionths of a dollar a million; true: above.
    Context(bool, i64),
    Input(bool, i64),
    Output(bool, i64),
}

/// The page that `query` asks for, of all rows.
pub fn page(rows: Vec<ModelRow>, query: &ModelQuery) -> ModelPage {
    let (terms, misread) = terms(&query.find);
    let count = |show: Show| length(rows.iter().filter(|row| show.takes(row)).count());
    let counts = Show::ALL.map(count);
    let unpriced_calls = rows.iter().filter(|row| row.price().is_none()).map(|row| row.calls).sum();
    let mut found: Vec<ModelRow> =
        rows.into_iter().filter(|row| query.show.takes(row) && terms.iter().all(|term| term.takes(row))).collect();
    sort(&mut found, query.sort);
    let (all, at) = (length(found.len()), usize::try_from(query.page).unwrap_or(usize::MAX));
    let size = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let rows = found.into_iter().skip(at.saturating_mul(size)).take(size).collect();
    ModelPage { rows, found: all, misread, counts, unpriced_calls, ..ModelPage::default() }
}

/// Of equals, those that are on come first, then names from A.
fn sort(rows: &mut [ModelRow], by: Sort) {
    let price = |row: &ModelRow| row.price().unwrap_or_default();
    rows.sort_by_cached_key(|row| {
        let figure = match by {
            Sort::Calls => i64::try_from(row.calls).ok(),
            Sort::Name => None,
            Sort::Context => row.context.and_then(|tokens| i64::try_from(tokens).ok()),
            Sort::Input => price(row).input,
            Sort::Output => price(row).output,
        };
        (Reverse(figure), !row.enabled, row.model.clone(), row.provider.clone())
    });
}

/// What was typed, and those parts of it that mean nothing.
fn terms(text: &str) -> (Vec<Term>, Vec<String>) {
    let (mut terms, mut misread) = (Vec::new(), Vec::new());
    for word in text.split_whitespace() {
        match term(word) {
            Some(term) => terms.push(term),
            None => misread.push(word.to_owned()),
        }
    }
    (terms, misread)
}

fn term(word: &str) -> Option<Term> {
    let word = word.to_lowercase();
    if let Some(slug) = word.strip_prefix("provider:") {
        return Some(Term::Provider(slug.trim_start_matches('@').to_owned()));
    }
    let Some(at) = word.find(['<', '>']) else { return Some(Term::Word(word)) };
    let (name, above, figure) = (&word[..at], word[at..].starts_with('>'), &word[at + 1..]);
    match name {
        "context" => Some(Term::Context(above, tokens(figure)?)),
        "input" => Some(Term::Input(above, micros(figure)?)),
        "output" => Some(Term::Output(above, micros(figure)?)),
        _ => None,
    }
}

/// `100k`, `1m`, `131072`.
pub fn tokens(text: &str) -> Option<i64> {
    let text = text.trim().to_lowercase();
    let (digits, unit) = match text.strip_suffix('k') {
        Some(digits) => (digits, 1_000),
        None => text.strip_suffix('m').map_or((text.as_str(), 1), |digits| (digits, 1_000_000)),
    };
    let sane = (1..=9).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse::<i64>().ok().filter(|_| sane)?.checked_mul(unit)
}

impl Term {
    fn takes(&self, row: &ModelRow) -> bool {
        let price = row.price().unwrap_or_default();
        match self {
            Self::Word(word) => row.name().to_lowercase().contains(word),
            Self::Provider(slug) => row.provider.to_lowercase().contains(slug),
            Self::Context(above, figure) => {
                within(row.context.and_then(|tokens| i64::try_from(tokens).ok()), *above, *figure)
            }
            Self::Input(above, figure) => within(price.input, *above, *figure),
            Self::Output(above, figure) => within(price.output, *above, *figure),
        }
    }
}

/// What is not known is neither above nor below.
fn within(known: Option<i64>, above: bool, figure: i64) -> bool {
    known.is_some_and(|known| if above { known > figure } else { known < figure })
}

fn length(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::{page, tokens};
    use app::model::models::{ModelQuery, ModelRow, Prices, Show, Sort};

    fn rows() -> Vec<ModelRow> {
        let price = |input, output| Some(Prices { input: Some(input), cached: None, output: Some(output) });
        let row = |provider: &str, model: &str| ModelRow {
            provider: provider.into(),
            model: model.into(),
            enabled: true,
            ..ModelRow::default()
        };
        vec![
            ModelRow {
                list: price(350_000, 750_000),
                context: Some(131_072),
                calls: 9,
                ..row("cerebras", "gpt-oss-120b")
            },
            ModelRow { list: price(2_500_000, 10_000_000), context: Some(128_000), ..row("openai-eu", "gpt-4o") },
            ModelRow { own: price(100_000, 200_000), enabled: false, ..row("openai-eu", "gpt-5-mini") },
            ModelRow { custom: true, calls: 2, ..row("cerebras", "northline-rank-7b") },
        ]
    }

    #[test]
    fn models_are_found_by_what_is_typed() {
        for (find, show, sort, found) in [
            ("", Show::All, Sort::Calls, &["gpt-oss-120b", "northline-rank-7b", "gpt-4o", "gpt-5-mini"][..]),
            ("", Show::All, Sort::Output, &["gpt-4o", "gpt-oss-120b", "gpt-5-mini", "northline-rank-7b"]),
            ("", Show::All, Sort::Name, &["gpt-4o", "gpt-oss-120b", "northline-rank-7b", "gpt-5-mini"]),
            ("GPT", Show::On, Sort::Name, &["gpt-4o", "gpt-oss-120b"]),
            ("provider:@cerebras", Show::All, Sort::Name, &["gpt-oss-120b", "northline-rank-7b"]),
            ("@openai-eu/gpt-4", Show::All, Sort::Name, &["gpt-4o"]),
            ("context>130k", Show::All, Sort::Name, &["gpt-oss-120b"]),
            ("output<$2 input>0.2", Show::All, Sort::Name, &["gpt-oss-120b"]),
            ("", Show::Own, Sort::Name, &["gpt-5-mini"]),
            ("", Show::Unpriced, Sort::Name, &["northline-rank-7b"]),
            ("nothing", Show::All, Sort::Name, &[]),
        ] {
            let query = ModelQuery { find: find.into(), show, sort, page: 0 };
            let page = page(rows(), &query);
            let names: Vec<&str> = page.rows.iter().map(|row| row.model.as_str()).collect();
            assert_eq!((names.as_slice(), page.counts), (found, [4, 3, 1, 1]), "{find} {show:?} {sort:?}");
        }
        let query = ModelQuery { find: "gpt weight>3 output<cheap".into(), ..ModelQuery::default() };
        assert_eq!(page(rows(), &query).misread, ["weight>3", "output<cheap"]);
        let query = ModelQuery { page: 1, ..ModelQuery::default() };
        assert_eq!((page(rows(), &query).rows.len(), page(rows(), &query).found), (0, 4));
        assert_eq!(page(rows(), &query).unpriced_calls, 2);
    }

    #[test]
    fn contexts_are_read_as_people_write_them() {
        for (text, value) in [
            ("128k", Some(128_000)),
            ("1M", Some(1_000_000)),
            (" 8192 ", Some(8_192)),
            ("", None),
            ("k", None),
            ("-1", None),
        ] {
            assert_eq!(tokens(text), value, "{text}");
        }
    }
}
