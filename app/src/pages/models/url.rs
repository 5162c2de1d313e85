//! The list of models in the address, read and written.

use crate::model::models::{ModelQuery, Show, Sort};
use crate::pages::logs::url::encoded;
use leptos_router::params::ParamsMap;
use std::fmt::Write;

/// What the address asks for beside the list: `?add=1`, `?price=@slug/model` or `?remove=@slug/model`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    List,
    Add,
    Price(String),
    Remove(String),
}

pub fn asked(params: &ParamsMap) -> Asked {
    match (params.get("price"), params.get("remove"), params.get_str("add")) {
        (Some(name), ..) => Asked::Price(name),
        (None, Some(name), _) => Asked::Remove(name),
        (None, None, Some(_)) => Asked::Add,
        (None, None, None) => Asked::List,
    }
}

/// A bad value means the default.
pub fn read(params: &ParamsMap) -> ModelQuery {
    let word = |name: &str| params.get_str(name).unwrap_or_default().trim();
    ModelQuery {
        find: word("find").chars().take(200).collect(),
        show: Show::from_word(word("show")),
        sort: Sort::from_word(word("sort")),
        page: word("page").parse().unwrap_or(0).min(10_000),
    }
}

/// The address of the list.
pub fn list(query: &ModelQuery) -> String {
    let mut address = "/models?".to_owned();
    if !query.find.is_empty() {
        _ = write!(address, "find={}&", encoded(&query.find));
    }
    if query.show != Show::All {
        _ = write!(address, "show={}&", query.show.word());
    }
    if query.sort != Sort::Calls {
        _ = write!(address, "sort={}&", query.sort.word());
    }
    if query.page > 0 {
        _ = write!(address, "page={}", query.page);
    }
    address.trim_end_matches('&').to_owned()
}

/// The same with something asked for beside it.
pub fn with(query: &ModelQuery, name: &str, value: &str) -> String {
    let list = list(query);
    let joint = if list.ends_with('?') { "" } else { "&" };
    format!("{list}{joint}{name}={}", encoded(value))
}

#[cfg(test)]
mod tests {
    use super::{list, read, with};
    use crate::model::models::{ModelQuery, Show, Sort};
    use leptos_router::params::ParamsMap;

    #[test]
    fn an_address_is_written_as_it_is_read() {
        for (query, address) in [
            (ModelQuery::default(), "/models?"),
            (ModelQuery { find: "context>1k".into(), ..ModelQuery::default() }, "/models?find=context%3E1k"),
            (
                ModelQuery { find: "gpt".into(), show: Show::Own, sort: Sort::Input, page: 2 },
                "/models?find=gpt&show=own&sort=input&page=2",
            ),
        ] {
            assert_eq!(list(&query), address);
            let mut params = ParamsMap::new();
            params.insert("find", query.find.clone());
            params.insert("show", query.show.word().to_owned());
            params.insert("sort", query.sort.word().to_owned());
            params.insert("page", query.page.to_string());
            assert_eq!(read(&params), query, "{address}");
        }
        assert_eq!(with(&ModelQuery::default(), "price", "@a/b c"), "/models?price=@a/b%20c");
        let mut params = ParamsMap::new();
        params.insert("show", "everything".to_owned());
        params.insert("page", "-1".to_owned());
        assert_eq!(read(&params), ModelQuery::default());
    }
}
