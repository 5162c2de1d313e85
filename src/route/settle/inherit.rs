//! What a node hands down to its targets.

use app::model::routing::{Breaker, Cache, Node, Retry, Stream};
use serde_json::{Map, Value};

use crate::route::Leaf;
use crate::route::params::Path;

/// More attempts than that are this many (contract §2.7).
const MOST_ATTEMPTS: u32 = 5;

/// Keys of features that do not exist.
const LACKING: [&str; 7] = [
    "input_guardrails",
    "output_guardrails",
    "before_request_hooks",
    "after_request_hooks",
    "input_mutators",
    "output_mutators",
    "prompt_id",
];

/// Keys that OpenAI is told by a header.
const OPENAI: [(&str, &str); 3] = [
    ("openai_organization", "openai-organization"),
    ("openai_project", "openai-project"),
    ("openai_beta", "openai-beta"),
];

/// What is in force at a node: its own, else its nearest ancestor's.
#[derive(Clone, Debug, Default)]
pub struct Inherited {
    default_params: Map<String, Value>,
    override_params: Map<String, Value>,
    drop_params: Vec<String>,
    retry: Option<Retry>,
    cache: Option<Cache>,
    stream: Option<Stream>,
    breaker: Option<Breaker>,
    request_timeout: Option<u64>,
    custom_host: Option<String>,
    forward_headers: Option<Vec<String>>,
    strict: Option<bool>,
    /// In the order of [`LACKING`].
    lacking: [bool; LACKING.len()],
    /// Bytes of the parameters and lists, about.
    pub size: usize,
}

impl Inherited {
    /// What is in force at `node`, which stands below.
    pub fn joined(&self, node: &Node) -> Self {
        let mut joined = self.clone();
        merge(&mut joined.default_params, node.default_params.as_ref(), &mut joined.size);
        merge(&mut joined.override_params, node.override_params.as_ref(), &mut joined.size);
        for path in node.drop_params.iter().flatten() {
            joined.size += path.len();
            joined.drop_params.push(path.clone());
        }
        replace(&mut joined.retry, node.retry.as_ref());
        replace(&mut joined.cache, node.cache.as_ref());
        replace(&mut joined.stream, node.stream.as_ref());
        let strategy = node.strategy.as_ref().and_then(|strategy| strategy.cb_config.as_ref());
        replace(&mut joined.breaker, strategy.or(node.cb_config.as_ref()));
        replace(&mut joined.request_timeout, node.request_timeout.as_ref());
        replace(&mut joined.custom_host, node.custom_host.as_ref());
        if let Some(headers) = &node.forward_headers {
            joined.size += headers.iter().map(String::len).sum::<usize>();
            joined.forward_headers = Some(headers.clone());
        }
        replace(&mut joined.strict, node.strict_open_ai_compliance.as_ref());
        for (key, lacking) in LACKING.iter().zip(&mut joined.lacking) {
            if let Some(value) = node.rest.get(*key) {
                *lacking = !is_empty(value);
            }
        }
        joined
    }

    /// The target that `node` is. A mistake is a JSON path and a sentence.
    pub fn leaf(&self, node: &Node, path: &str) -> Result<Leaf, (String, String)> {
        let drops = self.drop_params.iter().map(|text| Path::parse(text));
        let drops = drops.collect::<Result<_, _>>().map_err(|error| (format!("{path}.drop_params"), error))?;
        let lacking = LACKING.iter().zip(self.lacking).filter(|(_, lacking)| *lacking);
        // Keys of clouds that are still to come.
        let known = |key: &str| LACKING.contains(&key) || OPENAI.iter().any(|(own, _)| *own == key);
        let clouds = node.rest.keys().filter(|key| !known(key)).cloned();
        let text = |key: &str| node.rest.get(key)?.as_str().map(str::to_owned);
        Ok(Leaf {
            path: path.to_owned(),
            name: node.name.clone(),
            provider: provider(node),
            passthrough: node.passthrough.unwrap_or(false),
            api_key: node.api_key.clone(),
            custom_host: self.custom_host.clone(),
            forward_headers: self.forward_headers.clone().unwrap_or_default(),
            request_timeout: self.request_timeout,
            strict: self.strict,
            retry: self.retry.clone().map(clamped).unwrap_or_default(),
            cache: self.cache.clone(),
            default_params: self.default_params.clone(),
            override_params: self.override_params.clone(),
            drop_params: drops,
            stream: self.stream.clone().unwrap_or_default(),
            breaker: self.breaker.clone(),
            fetch_integrated_models: node.fetch_integrated_models.unwrap_or(false),
            openai: OPENAI.iter().filter_map(|(key, header)| Some((*header, text(key)?))).collect(),
            lacking: lacking.map(|(key, _)| (*key).to_owned()).chain(clouds).collect(),
        })
    }
}

/// Shallow: the child's value of a key stands for the parent's.
fn merge(own: &mut Map<String, Value>, child: Option<&Map<String, Value>>, size: &mut usize) {
    for (key, value) in child.into_iter().flatten() {
        *size += key.len() + value.to_string().len();
        own.insert(key.clone(), value.clone());
    }
}

fn replace<T: Clone>(own: &mut Option<T>, child: Option<&T>) {
    if let Some(child) = child {
        *own = Some(child.clone());
    }
}

/// An `@slug` is the stored provider; else the virtual key names it, in whatever spelling.
fn provider(node: &Node) -> Option<String> {
    let stored = node.provider.as_ref().filter(|provider| provider.starts_with('@'));
    let key = node.virtual_key.as_ref().map(|key| format!("@{}", key.trim_start_matches('@')));
    stored.cloned().or(key).or_else(|| node.provider.clone())
}

/// With at most five attempts and one spelling.
fn clamped(retry: Retry) -> Retry {
    Retry {
        attempts: retry.attempts.min(MOST_ATTEMPTS),
        use_retry_after_headers: retry.use_retry_after_headers.or(retry.use_retry_after_header),
        use_retry_after_header: None,
        ..retry
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(true) | Value::Number(_) => false,
    }
}
