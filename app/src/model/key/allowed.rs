//! What a key may call.

use serde::{Deserialize, Serialize};

/// Providers and models that a key is kept to. A list that is empty allows all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Allowed {
    /// Slugs.
    pub providers: Vec<String>,
    /// Patterns such as `@openai/gpt-4o*`: `*` is any text. One without `@` is a model of any provider.
    pub models: Vec<String>,
}

impl Allowed {
    /// Whether nothing is kept from the key.
    pub fn all(&self) -> bool {
        self.providers.is_empty() && self.models.is_empty()
    }

    /// Whether the provider may be called at all.
    pub fn provider(&self, slug: &str) -> bool {
        let listed = self.providers.is_empty() || self.providers.iter().any(|known| known == slug);
        let meant = |pattern: &String| {
            pattern.strip_prefix('@').is_none_or(|rest| matches(rest.split('/').next().unwrap_or_default(), slug))
        };
        listed && (self.models.is_empty() || self.models.iter().any(meant))
    }

    /// Whether the model, as it is called at the provider, may be.
    pub fn model(&self, slug: &str, model: &str) -> bool {
        let full = format!("@{slug}/{model}");
        let meant = |pattern: &String| matches(pattern, if pattern.starts_with('@') { &full } else { model });
        self.provider(slug) && (self.models.is_empty() || self.models.iter().any(meant))
    }

    /// What may be called, in words.
    pub fn told(&self) -> String {
        let slugs = self.providers.iter().map(|slug| format!("@{slug}")).collect::<Vec<_>>().join(", ");
        let models = self.models.join(", ");
        match (slugs.is_empty(), models.is_empty()) {
            (true, true) => "every model".into(),
            (true, false) => format!("the models {models}"),
            (false, true) => format!("the providers {slugs}"),
            (false, false) => format!("the models {models} of the providers {slugs}"),
        }
    }
}

/// Whether `text` is what `pattern` describes, where `*` stands for any text.
pub fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::{Allowed, matches};

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn a_star_is_any_text() {
        for (pattern, text, fits) in [
            ("gpt-4o", "gpt-4o", true),
            ("gpt-4o", "gpt-4o-mini", false),
            ("gpt-4o*", "gpt-4o", true),
            ("gpt-4o*", "gpt-4o-mini", true),
            ("*mini", "gpt-4o-mini", true),
            ("*", "", true),
            ("@a/*", "@a/meta/llama", true),
            ("@a/*-b", "@a/b", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("ab*ba", "aba", false),
            ("a**", "a", true),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn a_key_calls_what_it_is_kept_to() {
        for (providers, models, slug, model, fits) in [
            (&[][..], &[][..], "a", "m", true),
            (&["a"], &[], "a", "m", true),
            (&["a"], &[], "b", "m", false),
            (&[], &["@a/gpt*"], "a", "gpt-4o", true),
            (&[], &["@a/gpt*"], "b", "gpt-4o", false),
            (&[], &["@a/gpt*"], "a", "o1", false),
            (&[], &["gpt*"], "b", "gpt-4o", true),
            (&["a"], &["gpt*"], "b", "gpt-4o", false),
            (&["a"], &["gpt*", "o1"], "a", "o1", true),
            (&[], &["@a*/x"], "a-eu", "x", true),
            (&[], &["@*/x"], "b", "x", true),
        ] {
            let allowed = Allowed { providers: texts(providers), models: texts(models) };
            assert_eq!(allowed.model(slug, model), fits, "{allowed:?} @{slug}/{model}");
        }
    }

    #[test]
    fn a_provider_is_open_where_one_of_its_models_may_be() {
        for (models, slug, open) in [
            (&["@a/gpt*"][..], "a", true),
            (&["@a/gpt*"], "b", false),
            (&["gpt*"], "b", true),
            (&["@b*/x"], "b-eu", true),
            (&["@*"], "b", true),
        ] {
            let allowed = Allowed { models: texts(models), ..Allowed::default() };
            assert_eq!(allowed.provider(slug), open, "{models:?} {slug}");
        }
    }
}
