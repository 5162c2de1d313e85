//! What a key may do, as the contract names it (§4.2).

/// Scopes offered in the console with their meaning; a key may also carry `*`, everything.
pub const SCOPES: [(&str, &str); 7] = [
    ("completions.write", "Call models"),
    ("models.list", "List models"),
    ("logs.view", "Read one log"),
    ("logs.list", "List logs"),
    ("logs.write", "Write own logs"),
    ("logs.export", "Export logs"),
    ("analytics.view", "Read figures"),
];

/// Things that the admin API keeps; a scope is one of them and an act of [`ACTS`].
pub const THINGS: [&str; 10] = [
    "configs",
    "providers",
    "virtual_keys",
    "organisation_integrations",
    "workspace_integrations",
    "workspace_service_api_keys",
    "workspace_user_api_keys",
    "organisation_service_api_keys",
    "policies",
    "workspaces",
];

pub const ACTS: [&str; 6] = ["create", "read", "update", "delete", "list", "rotate"];

/// Whether a scope is of the admin API, such as `configs.update`.
pub fn is_admin(scope: &str) -> bool {
    scope.split_once('.').is_some_and(|(thing, act)| THINGS.contains(&thing) && ACTS.contains(&act))
}

/// How a thing of [`THINGS`] is called in the console.
pub fn title(thing: &str) -> &str {
    match thing {
        "configs" => "Configs",
        "providers" => "Providers",
        "virtual_keys" => "Virtual keys",
        "organisation_integrations" => "Integrations of the organisation",
        "workspace_integrations" => "Integrations of the workspace",
        "workspace_service_api_keys" => "Service keys",
        "workspace_user_api_keys" => "Keys of members",
        "organisation_service_api_keys" => "Service keys of the organisation",
        "policies" => "Budget and rate policies",
        "workspaces" => "The workspace, its name and limits",
        other => other,
    }
}

/// Acts that a thing has: a secret is what can be rotated, and a workspace is there.
pub fn acts(thing: &str) -> impl Iterator<Item = &'static str> {
    let (rotates, stays) = (thing.ends_with("_api_keys"), thing == "workspaces");
    ACTS.into_iter().filter(move |act| match *act {
        "rotate" => rotates,
        "create" | "delete" => !stays,
        _ => true,
    })
}

/// What a key gets when nothing is said.
pub const DEFAULT_SCOPES: [&str; 2] = ["completions.write", "models.list"];

/// Whether `granted` covers `wanted`: the same word, or `*`.
pub fn covers(granted: &[String], wanted: &str) -> bool {
    granted.iter().any(|scope| scope == wanted || scope == "*")
}
