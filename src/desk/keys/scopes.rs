//! Which scopes a person may give a key.

use app::model::scope::{DEFAULT_SCOPES, SCOPES, covers, is_admin};

/// Nobody hands out more than they have; what a key holds already may stay. `holds`: the scopes of the key at work, where
/// it is one; else the role says it.
pub fn handed(
    asked: Vec<String>,
    holds: Option<&[String]>,
    leads: bool,
    held: &[String],
) -> Result<Vec<String>, String> {
    let asked = granted(asked, leads || holds.is_some(), held)?;
    match holds.and_then(|holds| asked.iter().find(|scope| !covers(holds, scope))) {
        None => Ok(asked),
        Some(scope) => Err(format!("Your own key lacks {scope}, so it cannot hand it on.")),
    }
}

/// Everything (`*`), and what changes the workspace, is for owners and admins to give.
fn granted(asked: Vec<String>, leads: bool, held: &[String]) -> Result<Vec<String>, String> {
    if asked.is_empty() {
        return Ok(DEFAULT_SCOPES.map(str::to_owned).to_vec());
    }
    let offered = |scope: &String| {
        held.contains(scope)
            || SCOPES.iter().any(|(name, _)| name == scope)
            || (leads && (scope == "*" || is_admin(scope)))
    };
    match asked.iter().find(|scope| !offered(scope)) {
        None => Ok(asked),
        Some(scope) => Err(format!("Choose from the scopes listed; {scope} is not yours to give.")),
    }
}

#[cfg(test)]
mod tests {
    use super::granted;

    #[test]
    fn a_key_gets_the_scopes_asked_for_within_the_role() {
        for (asked, leads, scopes) in [
            (vec![], false, Some(vec!["completions.write", "models.list"])),
            (vec!["held.before"], false, Some(vec!["held.before"])),
            (vec!["logs.view"], false, Some(vec!["logs.view"])),
            (vec!["*"], true, Some(vec!["*"])),
            (vec!["configs.update"], true, Some(vec!["configs.update"])),
            (vec!["configs.update"], false, None),
            (vec!["*"], false, None),
            (vec!["logs.view", "moon.land"], true, None),
        ] {
            let given =
                granted(asked.iter().map(|scope| (*scope).to_owned()).collect(), leads, &["held.before".to_owned()]);
            assert_eq!(
                given.ok(),
                scopes.map(|scopes| scopes.iter().map(|scope| (*scope).to_owned()).collect()),
                "{asked:?}"
            );
        }
    }
}
