//! The config of a call, settled: the header's, else the key's default, else none (contract §2.2).

use crate::book::{Book, KeyEntry, settled};
use crate::gateway::names;
use crate::gateway::refusal::Refusal;
use crate::route::Tree;
use http::{HeaderMap, HeaderValue};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

/// Inline configs that are kept settled.
const KEPT: usize = 256;
const NOT_JSON: &str = "Invalid config passed. You need to pass a valid json";

/// A call's config and where it came from.
#[derive(Clone, Debug)]
pub struct Routed {
    pub tree: Arc<Tree>,
    /// `header`, `saved` or `key`.
    pub source: &'static str,
    /// Slug and version, of a saved config.
    pub saved: Option<(String, String)>,
    /// What is remembered of its targets is kept under this.
    pub scope: u64,
}

/// Inline configs, settled once: SDKs send the same text with every call.
#[derive(Debug, Default)]
pub struct Inline {
    trees: Mutex<HashMap<String, Arc<Tree>>>,
}

impl Routed {
    /// Finds it.
    ///
    /// # Errors
    /// 400, with the contract's words (§5) and every mistake.
    pub fn of(headers: &HeaderMap, key: &KeyEntry, book: &Book, inline: &Inline) -> Result<Option<Self>, Refusal> {
        let header = match headers.get(&names::CONFIG).map(HeaderValue::as_bytes) {
            None => None,
            Some(bytes) => Some(std::str::from_utf8(bytes).map_err(|_| Refusal::invalid(NOT_JSON))?.trim()),
        };
        match (header.filter(|text| !text.is_empty()), key.config.as_deref()) {
            // Naming the key's own default brings nothing new.
            (Some(text), default) if !key.config_override && default != Some(text) => Err(blocked(default)),
            (Some(text), _) if text.starts_with('{') => {
                let tree = inline.tree(text)?;
                let scope = scope(&key.workspace, &tree.identity);
                Ok(Some(Self { tree, source: "header", saved: None, scope }))
            }
            (Some(slug), _) if slug.starts_with("pc-") => saved(slug, "saved", &key.workspace, book).map(Some),
            (Some(_), _) => Err(Refusal { param: Some("x-portkey-config".into()), ..Refusal::invalid(NOT_JSON) }),
            (None, Some(slug)) => saved(slug, "key", &key.workspace, book).map(Some),
            (None, None) => Ok(None),
        }
    }
}

impl Inline {
    fn tree(&self, text: &str) -> Result<Arc<Tree>, Refusal> {
        let known = self.trees.lock().unwrap_or_else(PoisonError::into_inner).get(text).cloned();
        if let Some(tree) = known {
            return Ok(tree);
        }
        if serde_json::from_str::<serde::de::IgnoredAny>(text).is_err() {
            return Err(Refusal { param: Some("x-portkey-config".into()), ..Refusal::invalid(NOT_JSON) });
        }
        let tree = Arc::new(settled(text).map_err(|mistakes| Refusal::config(&mistakes))?);
        let mut trees = self.trees.lock().unwrap_or_else(PoisonError::into_inner);
        if trees.len() >= KEPT {
            trees.clear();
        }
        trees.insert(text.to_owned(), Arc::clone(&tree));
        Ok(tree)
    }
}

fn saved(slug: &str, source: &'static str, workspace: &str, book: &Book) -> Result<Routed, Refusal> {
    let entry = book.config(workspace, slug).ok_or_else(|| Refusal {
        param: Some(slug.to_owned()),
        code: Some("config_not_found"),
        ..Refusal::invalid(format!("Invalid config id passed: {slug} is not a config of this workspace."))
    })?;
    let tree = entry.tree.as_ref().map_err(|mistakes| Refusal::config(mistakes))?;
    Ok(Routed {
        tree: Arc::clone(tree),
        source,
        saved: Some((entry.slug.clone(), entry.version.clone())),
        scope: scope(workspace, slug),
    })
}

/// 400: the key does not let a call bring its own config (contract §5, §7.5).
fn blocked(default: Option<&str>) -> Refusal {
    let told = match default {
        Some(slug) => format!("This key allows its own config alone, which is {slug}."),
        None => "This key allows no config.".to_owned(),
    };
    let message = format!("{told} Leave x-portkey-config out, or use a key with allow_config_override.");
    let param = Some("x-portkey-config".into());
    Refusal { code: Some("inline_config_blocked"), param, ..Refusal::invalid(message) }
}

fn scope(workspace: &str, name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (workspace, name).hash(&mut hasher);
    hasher.finish()
}
