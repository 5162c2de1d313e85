//! What a config can begin as. Providers of the workspace stand in where it has them.

use crate::model::provider::ProviderRow;
use serde_json::{Value, json};

pub struct Template {
    pub name: &'static str,
    pub meaning: &'static str,
    write: fn(&str, &str) -> Value,
}

pub const TEMPLATES: [Template; 6] = [
    Template {
        name: "Fallback",
        meaning: "Cerebras first; OpenAI where it fails",
        write: |cerebras, openai| {
            json!({
                "strategy": {"mode": "fallback", "on_status_codes": [429, 500, 502, 503, 504, 529]},
                "targets": [
                    {"provider": cerebras, "override_params": {"model": "gpt-oss-120b"}},
                    {"provider": openai, "override_params": {"model": "gpt-4o-mini"}},
                ]
            })
        },
    },
    Template {
        name: "Two keys, by weight",
        meaning: "Load shared between two accounts, 70 to 30",
        write: |_, openai| {
            json!({
                "strategy": {"mode": "loadbalance"},
                "targets": [
                    {"name": "first account", "provider": openai, "weight": 0.7},
                    {"name": "second account", "provider": openai, "weight": 0.3},
                ]
            })
        },
    },
    Template {
        name: "Canary",
        meaning: "5 % of calls try a new model, the same user always the same one",
        write: |_, openai| {
            json!({
                "strategy": {"mode": "loadbalance", "sticky": {"enabled": true, "hash_fields": ["metadata._user"], "ttl": 3600}},
                "targets": [
                    {"name": "stable", "provider": openai, "weight": 0.95},
                    {"name": "canary", "provider": openai, "weight": 0.05, "override_params": {"model": "gpt-4.1-mini"}},
                ]
            })
        },
    },
    Template {
        name: "Cheap first",
        meaning: "The cheapest model that answers",
        write: |cerebras, openai| {
            json!({
                "strategy": {"mode": "least-cost"},
                "targets": [
                    {"provider": cerebras, "override_params": {"model": "gpt-oss-120b"}},
                    {"provider": openai, "override_params": {"model": "gpt-4o-mini"}},
                ]
            })
        },
    },
    Template {
        name: "Cache for a day",
        meaning: "Equal calls share one answer for 24 hours",
        write: |_, openai| json!({"provider": openai, "cache": {"mode": "simple", "max_age": 86_400}, "retry": {"attempts": 2}}),
    },
    Template {
        name: "Blank",
        meaning: "One provider, and nothing else",
        write: |_, openai| json!({"provider": openai}),
    },
];

impl Template {
    pub fn body(&self, providers: &[ProviderRow]) -> String {
        let of = |vendor: &str| {
            let own = providers.iter().find(|row| row.vendor == vendor);
            let slug = own.or_else(|| providers.first()).map_or(vendor, |row| row.slug.as_str());
            format!("@{slug}")
        };
        super::work::pretty(&(self.write)(&of("cerebras"), &of("openai")))
    }
}

#[cfg(test)]
mod tests {
    use super::TEMPLATES;
    use crate::model::routing::read_text;

    #[test]
    fn every_template_is_a_config() {
        for template in TEMPLATES {
            assert_eq!(read_text(&template.body(&[])).err(), None, "{}", template.name);
        }
    }
}
