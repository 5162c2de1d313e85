//! What there is, in one table.

use crate::admin::answer::Told;
use crate::admin::ask::Ask;
use crate::admin::{analytics, configs, integrations, keys, policies, providers, setup, virtual_keys, workspaces};
use axum::routing::MethodFilter;
use std::future::Future;
use std::pin::Pin;

pub type Act = fn(Ask) -> Pin<Box<dyn Future<Output = Told> + Send>>;

/// One method of one path.
pub struct Row {
    pub verb: Verb,
    /// Below `/v1`.
    pub path: &'static str,
    /// One of them is enough.
    pub scopes: &'static [&'static str],
    /// For the document.
    pub summary: &'static str,
    /// Fields of the body: name, JSON type, and whether it must be there.
    pub takes: &'static [(&'static str, &'static str, bool)],
    pub act: Act,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Get,
    Post,
    Put,
    Delete,
}

impl Verb {
    pub fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
            Self::Put => MethodFilter::PUT,
            Self::Delete => MethodFilter::DELETE,
        }
    }

    /// As OpenAPI has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Put => "put",
            Self::Delete => "delete",
        }
    }
}

macro_rules! row {
    ($verb:ident $path:literal [$($scope:literal),*] $summary:literal {$($takes:tt)*} $act:path) => {
        Row {
            verb: Verb::$verb,
            path: $path,
            scopes: &[$($scope),*],
            summary: $summary,
            takes: &[$($takes)*],
            act: |ask| Box::pin($act(ask)),
        }
    };
}

#[rustfmt::skip]
pub static ROUTES: &[Row] = &[
    row!(Get "/configs" ["configs.list"] "List configs" {} configs::list),
    row!(Post "/configs" ["configs.create"] "Make a config and publish its first version"
        {("name", "string", true), ("config", "object", true), ("is_default", "integer", false)} configs::create),
    row!(Get "/configs/{slug}" ["configs.read"] "Read a config as it is published" {} configs::read),
    row!(Put "/configs/{slug}" ["configs.update"] "Rename a config, or publish a new version of it"
        {("name", "string", false), ("config", "object", false), ("status", "string", false)} configs::update),
    row!(Delete "/configs/{slug}" ["configs.delete"] "Remove a config that no key has for its default" {} configs::delete),
    row!(Get "/configs/{slug}/versions" ["configs.read", "configs.list"] "List versions, newest first" {} configs::versions),

    row!(Get "/providers" ["providers.list"] "List providers" {} providers::list),
    row!(Post "/providers" ["providers.create"] "Make a provider that has an integration's credential"
        {("name", "string", true), ("integration_id", "string", true), ("slug", "string", false), ("note", "string", false),
         ("usage_limits", "object", false), ("rate_limits", "array", false), ("expires_at", "string", false)}
        providers::create),
    row!(Get "/providers/{slug}" ["providers.read"] "Read a provider" {} providers::read),
    row!(Put "/providers/{slug}" ["providers.update"] "Change a provider's name, note, limits and end"
        {("name", "string", false), ("note", "string", false), ("usage_limits", "object", false),
         ("rate_limits", "array", false), ("reset_usage", "boolean", false), ("expires_at", "string", false)}
        providers::update),
    row!(Delete "/providers/{slug}" ["providers.delete"] "Remove a provider" {} providers::delete),

    row!(Get "/virtual-keys" ["virtual_keys.list"] "List virtual keys" {} virtual_keys::list),
    row!(Post "/virtual-keys" ["virtual_keys.create"] "Make a provider with a credential of its own"
        {("name", "string", true), ("provider", "string", true), ("key", "string", false), ("note", "string", false),
         ("custom_host", "string", false), ("usage_limits", "object", false), ("rate_limits", "array", false),
         ("expires_at", "string", false)} virtual_keys::create),
    row!(Get "/virtual-keys/{slug}" ["virtual_keys.read"] "Read a virtual key" {} virtual_keys::read),
    row!(Put "/virtual-keys/{slug}" ["virtual_keys.update"] "Change name, note, credential, limits or end; a new address asks for the credential again"
        {("name", "string", false), ("key", "string", false), ("note", "string", false), ("custom_host", "string", false),
         ("usage_limits", "object", false), ("rate_limits", "array", false), ("reset_usage", "boolean", false),
         ("expires_at", "string", false)} virtual_keys::update),
    row!(Delete "/virtual-keys/{slug}" ["virtual_keys.delete"] "Remove a virtual key" {} virtual_keys::delete),

    row!(Get "/integrations" ["organisation_integrations.list", "workspace_integrations.list"] "List integrations" {}
        integrations::list),
    row!(Post "/integrations" ["organisation_integrations.create", "workspace_integrations.create"]
        "Keep a credential for providers"
        {("name", "string", true), ("ai_provider_id", "string", true), ("key", "string", false), ("slug", "string", false),
         ("description", "string", false), ("configurations", "object", false),
         ("create_default_provider", "boolean", false), ("default_provider_slug", "string", false)} integrations::create),
    row!(Get "/integrations/{slug}" ["organisation_integrations.read", "workspace_integrations.read"]
        "Read an integration" {} integrations::read),
    row!(Put "/integrations/{slug}" ["organisation_integrations.update", "workspace_integrations.update"]
        "Change name, description, credential or address"
        {("name", "string", false), ("key", "string", false), ("description", "string", false),
         ("configurations", "object", false)} integrations::update),
    row!(Delete "/integrations/{slug}" ["organisation_integrations.delete", "workspace_integrations.delete"]
        "Remove an integration that no other provider uses" {} integrations::delete),
    row!(Get "/integrations/{slug}/models" ["organisation_integrations.read", "workspace_integrations.read"]
        "List its models: which are on, and what they cost" {} integrations::models),
    row!(Put "/integrations/{slug}/models" ["organisation_integrations.update", "workspace_integrations.update"]
        "Switch models on and off, add models and prices; it holds for every provider with its credential"
        {("models", "array", false), ("allow_all_models", "boolean", false)} integrations::allow_models),
    row!(Delete "/integrations/{slug}/models" ["organisation_integrations.update", "workspace_integrations.update"]
        "Remove models that were added by hand: ?slugs=a,b" {} integrations::remove_models),
    row!(Get "/integrations/{slug}/workspaces" ["organisation_integrations.read", "workspace_integrations.read"]
        "List the workspaces that call with it, and what they may spend" {} integrations::workspaces),
    row!(Put "/integrations/{slug}/workspaces" ["organisation_integrations.update", "workspace_integrations.update"]
        "Let its workspace call with it or not, and limit it"
        {("workspaces", "array", false), ("global_workspace_access", "object", false),
         ("override_existing_workspace_access", "boolean", false)} integrations::allow_workspaces),

    row!(Get "/api-keys" ["workspace_service_api_keys.list", "workspace_user_api_keys.list",
        "organisation_service_api_keys.list"] "List API keys" {} keys::list),
    row!(Post "/api-keys/{type}/{sub_type}" ["workspace_service_api_keys.create", "workspace_user_api_keys.create",
        "organisation_service_api_keys.create"] "Make an API key; its secret is shown once"
        {("name", "string", true), ("scopes", "array", true), ("description", "string", false),
         ("user_id", "string", false), ("defaults", "object", false), ("allowed_models", "array", false),
         ("allowed_providers", "array", false), ("expires_at", "string", false),
         ("usage_limits", "object", false), ("rate_limits", "array", false)} keys::create),
    row!(Get "/api-keys/{id}" ["workspace_service_api_keys.read", "workspace_user_api_keys.read",
        "organisation_service_api_keys.read"] "Read an API key" {} keys::read),
    row!(Put "/api-keys/{id}" ["workspace_service_api_keys.update", "workspace_user_api_keys.update",
        "organisation_service_api_keys.update"] "Change an API key"
        {("name", "string", false), ("description", "string", false), ("scopes", "array", false),
         ("defaults", "object", false), ("allowed_models", "array", false), ("allowed_providers", "array", false),
         ("expires_at", "string", false), ("usage_limits", "object", false), ("rate_limits", "array", false),
         ("reset_usage", "boolean", false)} keys::update),
    row!(Delete "/api-keys/{id}" ["workspace_service_api_keys.delete", "workspace_user_api_keys.delete",
        "organisation_service_api_keys.delete"] "Revoke an API key for good" {} keys::delete),
    row!(Post "/api-keys/{id}/rotate" ["workspace_service_api_keys.rotate", "workspace_user_api_keys.rotate",
        "organisation_service_api_keys.rotate"]
        "Give an API key a new secret; the old one opens for a while"
        {("key_transition_period_ms", "integer", false)} keys::rotate),

    row!(Get "/policies/usage-limits" ["policies.list"] "List budgets by policy" {} policies::list_usage),
    row!(Post "/policies/usage-limits" ["policies.create"] "Make a budget for the calls that meet conditions"
        {("name", "string", false), ("conditions", "array", true), ("group_by", "array", true), ("type", "string", true),
         ("credit_limit", "number", true), ("alert_threshold", "number", false), ("periodic_reset", "string", false),
         ("periodic_reset_days", "integer", false), ("mode", "string", false), ("unpriced", "string", false),
         ("lacking", "string", false)} policies::create_usage),
    row!(Get "/policies/usage-limits/{id}" ["policies.read"] "Read a budget by policy" {} policies::read_usage),
    row!(Put "/policies/usage-limits/{id}" ["policies.update"] "Change a budget by policy; what is spent stays"
        {("name", "string", false), ("conditions", "array", false), ("group_by", "array", false),
         ("credit_limit", "number", false), ("alert_threshold", "number", false), ("periodic_reset", "string", false),
         ("periodic_reset_days", "integer", false), ("reset_usage", "boolean", false)} policies::update_usage),
    row!(Delete "/policies/usage-limits/{id}" ["policies.delete"] "Remove a budget by policy" {} policies::delete_usage),
    row!(Get "/policies/usage-limits/{id}/entities" ["policies.read", "policies.list"] "List the counters of a policy" {}
        policies::entities),
    row!(Put "/policies/usage-limits/{id}/entities/{entity}/reset" ["policies.update"] "Begin a counter anew" {}
        policies::reset_entity),
    row!(Get "/policies/rate-limits" ["policies.list"] "List rate limits by policy" {} policies::list_rates),
    row!(Post "/policies/rate-limits" ["policies.create"] "Make a rate limit for the calls that meet conditions"
        {("name", "string", false), ("conditions", "array", true), ("group_by", "array", true), ("type", "string", true),
         ("unit", "string", true), ("value", "integer", true), ("target", "string", false), ("lacking", "string", false)}
        policies::create_rate),
    row!(Get "/policies/rate-limits/{id}" ["policies.read"] "Read a rate limit by policy" {} policies::read_rate),
    row!(Put "/policies/rate-limits/{id}" ["policies.update"] "Change a rate limit by policy"
        {("name", "string", false), ("conditions", "array", false), ("group_by", "array", false), ("type", "string", false),
         ("unit", "string", false), ("value", "integer", false)} policies::update_rate),
    row!(Delete "/policies/rate-limits/{id}" ["policies.delete"] "Remove a rate limit by policy" {} policies::delete_rate),
    row!(Get "/admin/workspaces" ["workspaces.list"] "List the workspace of the key" {} workspaces::list),
    row!(Get "/admin/workspaces/{id}" ["workspaces.read"] "Read the workspace of the key" {} workspaces::read),
    row!(Put "/admin/workspaces/{id}" ["workspaces.update"] "Change its name and its limits"
        {("name", "string", false), ("usage_limits", "array", false), ("rate_limits", "array", false),
         ("reset_usage", "boolean", false)} workspaces::update),
    row!(Get "/setup" ["setup.read"] "Read the routing setup as the text of a set-up file, secrets left out" {} setup::read),
    row!(Post "/setup/plan" ["setup.read"] "Tell what an import of such a text would do; nothing changes"
        {("text", "string", true)} setup::plan),
    row!(Post "/setup" ["setup.update"] "Import such a text: what it names is added or changed, nothing is removed"
        {("text", "string", true), ("mark", "string", false)} setup::apply),
    row!(Get "/analytics/graphs/requests" ["analytics.view"] "Requests over time" {} analytics::requests),
    row!(Get "/analytics/graphs/cost" ["analytics.view"] "Cost over time, in cents" {} analytics::cost),
    row!(Get "/analytics/graphs/latency" ["analytics.view"] "Latency over time of calls that reached a provider, in milliseconds" {} analytics::latency),
    row!(Get "/analytics/graphs/tokens" ["analytics.view"] "Tokens over time" {} analytics::tokens),
    row!(Get "/analytics/graphs/users" ["analytics.view"] "Distinct users over time" {} analytics::users),
    row!(Get "/analytics/graphs/users/requests" ["analytics.view"] "Requests of each user over time" {} analytics::user_requests),
    row!(Get "/analytics/graphs/errors" ["analytics.view"] "Errors over time" {} analytics::errors),
    row!(Get "/analytics/graphs/errors/rate" ["analytics.view"] "Error rate over time, in percent" {} analytics::error_rate),
    row!(Get "/analytics/graphs/errors/stacks" ["analytics.view"] "Errors over time by status" {} analytics::error_stacks),
    row!(Get "/analytics/graphs/errors/status-codes" ["analytics.view"] "Errors by status" {} analytics::status_codes),
    row!(Get "/analytics/graphs/requests/rescued" ["analytics.view"] "Calls that retries and fallbacks rescued" {} analytics::rescued),
    row!(Get "/analytics/graphs/cache/hit-rate" ["analytics.view"] "Hits of the cache and what they saved" {} analytics::hit_rate),
    row!(Get "/analytics/graphs/cache/latency" ["analytics.view"] "What a hit of the cache takes" {} analytics::cache_latency),
    row!(Get "/analytics/graphs/feedbacks" ["analytics.view"] "Feedback over time" {} analytics::feedbacks),
    row!(Get "/analytics/graphs/feedbacks/scores" ["analytics.view"] "Feedback by score" {} analytics::scores),
    row!(Get "/analytics/graphs/feedbacks/weighted" ["analytics.view"] "Weighted feedback over time" {} analytics::weighted),
    row!(Get "/analytics/graphs/feedbacks/ai-models" ["analytics.view"] "Feedback by model" {} analytics::ai_models),
    // As the SDK for Node spells them.
    row!(Get "/analytics/graphs/users-requests" ["analytics.view"] "Requests of each user over time" {} analytics::user_requests),
    row!(Get "/analytics/graphs/errors-rate" ["analytics.view"] "Error rate over time, in percent" {} analytics::error_rate),
    row!(Get "/analytics/graphs/errors-stack" ["analytics.view"] "Errors over time by status" {} analytics::error_stacks),
    row!(Get "/analytics/graphs/errors-status-code" ["analytics.view"] "Errors by status" {} analytics::status_codes),
    row!(Get "/analytics/graphs/requests-rescued" ["analytics.view"] "Calls that retries and fallbacks rescued" {} analytics::rescued),
    row!(Get "/analytics/graphs/cache-hit-rate" ["analytics.view"] "Hits of the cache and what they saved" {} analytics::hit_rate),
    row!(Get "/analytics/graphs/cache-latency" ["analytics.view"] "What a hit of the cache takes" {} analytics::cache_latency),
    row!(Get "/analytics/graphs/feedbacks/score" ["analytics.view"] "Feedback by score" {} analytics::scores),
    row!(Get "/analytics/summary/cache" ["analytics.view"] "What the cache did" {} analytics::cache_summary),
    row!(Get "/analytics/groups/users" ["analytics.view"] "Figures by user" {} analytics::by_user),
    row!(Get "/analytics/groups/ai-models" ["analytics.view"] "Figures by model" {} analytics::by_model),
    row!(Get "/analytics/groups/metadata/{key}" ["analytics.view"] "Figures by a key of metadata" {} analytics::by_metadata),
    row!(Get "/analytics/groups/workspaces" ["analytics.view"] "Figures of the workspace" {} analytics::by_workspace),
    row!(Get "/analytics/groups/{group}" ["analytics.view"] "Figures by provider, api-keys, virtual-keys, configs, prompts, status-codes or cache-status" {} analytics::by),
];
