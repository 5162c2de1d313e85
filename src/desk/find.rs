//! Finding a thing of the workspace by part of its name or id.

use super::Seat;
use app::backend::Answer;
use serde::Serialize;

/// Of each kind.
const MOST: usize = 5;
/// From here on, what was typed may be the beginning of a call's or a trace's id.
const ID_LEAST: usize = 4;
/// What is longer is no name and no id.
const TYPED_MOST: usize = 200;

/// One thing found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Found {
    /// Heading that it stands under.
    pub kind: &'static str,
    pub label: String,
    pub hint: String,
    pub href: String,
}

impl Seat {
    /// Configs, keys, providers and models whose name or id holds `typed`; calls and traces whose id begins with it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn find(&self, typed: &str) -> Answer<Vec<Found>> {
        let raw = typed.trim();
        let typed = raw.to_lowercase();
        if typed.is_empty() || typed.len() > TYPED_MOST {
            return Ok(Vec::new());
        }
        let mut found = self.find_configs(&typed).await?;
        found.extend(self.find_keys(&typed).await?);
        found.extend(self.find_providers(&typed).await?);
        if typed.len() >= ID_LEAST {
            found.extend(self.find_calls(raw).await?);
        }
        Ok(found)
    }

    async fn find_configs(&self, typed: &str) -> Answer<Vec<Found>> {
        let files = self.house.store.config_files(self.workspace()).await?.into_iter().map(|file| file.config);
        let found = files.filter(|config| holds(typed, &[&config.slug, &config.name])).take(MOST);
        let found = found.map(|config| {
            let hint = if config.number > 0 { format!("v{}", config.number) } else { "never published".into() };
            let href = format!("/configs/{}", config.slug);
            Found { kind: "Configs", label: config.name, hint: format!("{}, {hint}", config.slug), href }
        });
        Ok(found.collect())
    }

    async fn find_keys(&self, typed: &str) -> Answer<Vec<Found>> {
        let keys = self.house.store.workspace_keys(self.workspace()).await?.into_iter();
        let found = keys.filter(|key| holds(typed, &[&key.name, &key.id, &key.last_four])).take(MOST);
        let found = found.map(|key| {
            let state = if key.revoked_at.is_some() { ", revoked" } else { "" };
            let (hint, href) = (format!("sy-…{}{state}", key.last_four), format!("/logs?key={}", key.id));
            Found { kind: "Calls of an API key", label: key.name, hint, href }
        });
        Ok(found.collect())
    }

    async fn find_providers(&self, typed: &str) -> Answer<Vec<Found>> {
        let (mut providers, mut models) = (Vec::new(), Vec::new());
        for pick in self.picks().await? {
            if holds(typed, &[&pick.slug, &pick.vendor_name]) {
                let (label, href) = (format!("@{}", pick.slug), "/providers".to_owned());
                providers.push(Found { kind: "Providers", label, hint: pick.vendor_name, href });
            }
            let called = pick.models.iter().map(|model| format!("@{}/{model}", pick.slug));
            let found = called.filter(|model| holds(typed, &[model])).take(MOST - models.len().min(MOST));
            models.extend(found.map(|label| {
                let href =
                    format!("/playground?model={}", label.replace('%', "%25").replace('&', "%26").replace('+', "%2B"));
                Found { kind: "Try a model", label, hint: "playground".into(), href }
            }));
        }
        providers.truncate(MOST);
        providers.extend(models);
        Ok(providers)
    }

    async fn find_calls(&self, typed: &str) -> Answer<Vec<Found>> {
        let begun = self.house.store.begun_ids(self.workspace(), typed, MOST).await?;
        let calls = begun.calls.into_iter().map(|call| Found {
            kind: "Logs",
            href: format!("/logs/{}", call.id),
            hint: format!("{} {}", call.status, call.name),
            label: call.id,
        });
        let traces = begun.traces.into_iter().map(|trace| Found {
            kind: "Traces",
            href: format!("/traces/{}", url::form_urlencoded::byte_serialize(trace.as_bytes()).collect::<String>()),
            hint: "trace".into(),
            label: trace,
        });
        Ok(calls.chain(traces).collect())
    }
}

fn holds(typed: &str, names: &[&str]) -> bool {
    names.iter().any(|name| name.to_lowercase().contains(typed))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{house, new_provider, two};
    use super::*;
    use std::sync::Arc;

    #[tokio::test]
    async fn things_are_found_by_part_of_their_name_and_calls_by_the_beginning_of_their_id() {
        let folder = tempfile::tempdir().unwrap();
        let house = house(folder.path(), false).await;
        let (owner, _) = two(&house).await;
        owner.add_provider(new_provider("cerebras-prod")).await.unwrap();
        let slug = owner.new_config("Support router".into(), "{}".into()).await.unwrap();
        let seat = Seat { house: Arc::clone(&house), person: owner.who(), session: None, scopes: None };
        let call = owner.send_first_call().await.unwrap();
        for (typed, kind, href) in [
            ("SUPP", "Configs", format!("/configs/{slug}")),
            (slug.as_str(), "Configs", format!("/configs/{slug}")),
            ("bras-pro", "Providers", "/providers".into()),
            ("box/echo", "Try a model", "/playground?model=@sandbox/echo".into()),
            (&call[..9], "Logs", format!("/logs/{call}")),
        ] {
            let found = seat.find(typed).await.unwrap();
            assert!(found.iter().any(|found| found.kind == kind && found.href == href), "{typed}: {found:?}");
        }
        for typed in ["", "  ", "nothing-is-called-so", "%", &"x".repeat(300)] {
            assert_eq!(seat.find(typed).await.unwrap(), [], "{typed}");
        }
    }
}
