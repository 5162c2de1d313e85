use super::*;
use std::collections::HashMap;

const FULL: &str = r#"
listen = "127.0.0.1:9999"
data = "./data"
trusted_proxies = ["10.0.0.0/8", "::1"]
trusted_custom_hosts = ["LLM.lan", "10.0.0.5:8000"]
body_limit = 2048
durable = true

[owner]
email = "ada@example.com"
password_env = "OWNER_PASSWORD"

[[provider]]
slug = "alpha"
vendor = "openai"
base_url = "http://127.0.0.1:9100/v1/"
key = "sk-test"
open = ["files", "other"]

[[config]]
id = "pc-main"
name = "main"
file = "main.json"

[[api_key]]
name = "ci"
value = "sy-0123456789abcdef"
config = "pc-main"
metadata = { team = "ci" }

[[api_key]]
name = "admin"
value_env = "ADMIN_KEY"
scopes = ["*"]
"#;

/// Reads with flags, variables, and files of a folder `/etc/sy`.
fn read(flags: &[&str], variables: &[(&str, &str)], files: &[(&str, &str)]) -> Result<Settings, Vec<String>> {
    let env = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let files: HashMap<&Path, &str> = files.iter().map(|(path, text)| (Path::new(*path), *text)).collect();
    let file = |path: &Path| {
        files.get(path).map(|text| (*text).to_owned()).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    };
    let args = std::iter::once("switchyard").chain(flags.iter().copied()).map(OsString::from);
    Settings::read(args, &World { env: &env, read: &file, brought: false })
        .map_err(|mistakes| mistakes.iter().map(Mistake::to_string).collect())
}

fn file(text: &str) -> Result<Settings, Vec<String>> {
    read(&["--setup", "/etc/sy/switchyard.toml"], &[], &[("/etc/sy/switchyard.toml", text)])
}

#[test]
fn nothing_given_means_loopback_and_one_folder() {
    let settings = read(&[], &[], &[]).unwrap();
    assert_eq!(settings.listen.to_string(), "127.0.0.1:8787");
    assert_eq!(settings.data, Path::new("data"));
    assert_eq!(settings.body_limit, 10 * 1024 * 1024);
    assert_eq!(settings.base_url(), "http://127.0.0.1:8787/v1");
    assert!(!settings.durable && !settings.secure() && !settings.beyond_loopback());
    assert!(settings.setup.providers.is_empty() && settings.environment.is_empty());
}

#[test]
fn flags_beat_variables_and_variables_beat_the_file() {
    let files = [("/etc/sy/switchyard.toml", "listen = \"127.0.0.1:1\"\ndata = \"kept\"\nlog = \"warn\"")];
    let variables = [
        ("SWITCHYARD_SETUP", "/etc/sy/switchyard.toml"),
        ("SWITCHYARD_LISTEN", "127.0.0.1:2"),
        ("SWITCHYARD_LOG", " "),
    ];
    let settings = read(&["--listen", "127.0.0.1:3", "--durable"], &variables, &files).unwrap();
    assert_eq!((settings.listen.port(), settings.durable, settings.log.as_str()), (3, true, "warn"));
    assert_eq!(read(&[], &variables, &files).unwrap().listen.port(), 2);
    assert_eq!(read(&[], &variables[..1], &files).unwrap().listen.port(), 1);
}

#[test]
fn folders_of_the_file_are_meant_from_its_own() {
    assert_eq!(file("data = \"kept\"").unwrap().data, Path::new("/etc/sy/kept"));
    assert_eq!(file("data = \"/var/kept\"").unwrap().data, Path::new("/var/kept"));
    assert_eq!(read(&["--data", "kept"], &[], &[]).unwrap().data, Path::new("kept"));
}

#[test]
fn a_full_file_declares_everything() {
    let variables = [("OWNER_PASSWORD", "correct horse"), ("ADMIN_KEY", "sy-fedcba9876543210")];
    let files = [("/etc/sy/switchyard.toml", FULL), ("/etc/sy/main.json", "{\"retry\": {\"attempts\": 2}}\n")];
    let settings = read(&["--setup", "/etc/sy/switchyard.toml"], &variables, &files).unwrap();
    let setup = settings.setup;
    let owner = setup.owner.unwrap();
    assert_eq!((owner.email.as_str(), owner.password.as_str()), ("ada@example.com", "correct horse"));
    assert_eq!(setup.providers[0].base_url.as_deref(), Some("http://127.0.0.1:9100/v1"));
    assert_eq!(setup.configs[0].body, "{\"retry\": {\"attempts\": 2}}");
    assert_eq!(setup.api_keys[0].scopes, ["completions.write", "models.list"]);
    assert_eq!(setup.api_keys[0].metadata["team"], "ci");
    assert_eq!(setup.api_keys[0].config.as_deref(), Some("pc-main"));
    assert_eq!(
        (setup.api_keys[1].value.as_str(), &*setup.api_keys[1].scopes),
        ("sy-fedcba9876543210", &["*".into()][..])
    );
    assert_eq!(settings.trusted_proxies.len(), 2);
    assert_eq!(settings.trusted_custom_hosts, ["llm.lan", "10.0.0.5:8000"]);
    assert_eq!(setup.providers[0].open, ["files", "other"]);
}

#[test]
fn every_mistake_is_told_at_once_with_file_line_and_key() {
    let text = r#"listen = "here"
colour = "blue"
durable = 3

[owner]
email = "ada"

[[provider]]
slug = "al pha"
vendor = "nobody"

[[api_key]]
name = "ci"
value = "short"
config = "pc-none"
scopes = ["logs.view", "all"]
"#;
    let mistakes = file(text).unwrap_err();
    for wanted in [
        "switchyard.toml:1: listen: Use an IP address and a port",
        "switchyard.toml:2: colour: Unknown key. Allowed here: listen, data,",
        "switchyard.toml:3: durable: Use true or false.",
        "switchyard.toml:6: owner.email: Enter an e-mail address",
        "switchyard.toml:5: owner.password: Missing. Add password or password_env.",
        "switchyard.toml:9: provider[0].slug: Use letters, digits",
        "switchyard.toml:10: provider[0].vendor: Unknown vendor. Use one of: cerebras,",
        "switchyard.toml:14: api_key[0].value: Use at least 16",
        "switchyard.toml:15: api_key[0].config: No [[config]]",
        "switchyard.toml:16: api_key[0].scopes[1]: Use * or scopes",
    ] {
        let wanted = format!("/etc/sy/{wanted}");
        assert!(mistakes.iter().any(|mistake| mistake.starts_with(&wanted)), "{wanted}\n{mistakes:#?}");
    }
    assert_eq!(mistakes.len(), 10, "{mistakes:#?}");
}

#[test]
fn one_line_of_a_file_can_be_wrong_in_many_ways() {
    let provider = |rest: &str| format!("[[provider]]\nslug = \"a\"\nvendor = \"openai\"\n{rest}");
    for (text, told) in [
        ("listen = ".to_owned(), "Not valid TOML"),
        ("provider = 1".to_owned(), "each under its own [[provider]]"),
        ("[owner]\nemail = \"a@b\"\npassword = \"short\"".to_owned(), "at least 10 characters"),
        (provider(""), "Add key or key_env"),
        (provider("key = \"a\"\nkey_env = \"B\""), "Give either key or key_env"),
        (provider("key_env = \"B\""), "The variable B is not set"),
        (provider("key = \"a b\""), "no spaces"),
        (provider("key = [1]"), "Use a text in quotes"),
        (provider("base_url = \"ftp://a\""), "http:// or https://"),
        (provider("base_url = \"http://u:p@a\""), "user name and password"),
        (provider("key = \"a\"") + "\n" + &provider("key = \"b\""), "Used by another provider"),
        (provider("key = \"a\"").replace("\"a\"\nvendor", "\"sandbox\"\nvendor"), "The sandbox is built in"),
        ("[[config]]\nid = \"c\"\nbody = '''[]'''".to_owned(), "Use a JSON object"),
        ("[[config]]\nid = \"c\"\nbody = '{}'\nfile = \"a\"".to_owned(), "Give either body"),
        ("[[config]]\nid = \"c\"\nfile = \"a.json\"".to_owned(), "a.json cannot be read"),
        ("[[api_key]]\nname = \"a\"\nvalue = \"sy-0123456789abcdef\"\nmetadata = 3".to_owned(), "Use a table"),
        (
            "[[api_key]]\nname = \"a\"\nmetadata = { team = 5 }".to_owned(),
            "team: Use a text in quotes, not an integer.",
        ),
        (provider("key = 5"), "provider[0].key: Use a text in quotes, not an integer."),
        ("data = 5".to_owned(), "data: Use a text in quotes, not an integer."),
        ("listen = true".to_owned(), "listen: Use a text in quotes, not a boolean."),
        ("body_limit = [1]".to_owned(), "body_limit: Use a text in quotes, not an array."),
        ("[[config]]\nid = \"main\"\nbody = '{}'".to_owned(), "config[0].id: Begin it with pc-, such as pc-main"),
        ("public_url = \"https://a/b\"".to_owned(), "Leave out the path"),
        ("cors_origins = [\"https://a/b\"]".to_owned(), "Use * or origins"),
        ("trusted_proxies = \"ten\"".to_owned(), "10.0.0.0/8"),
        ("trusted_custom_hosts = [\"http://llm.lan/v1\"]".to_owned(), "Use hosts such as"),
        ("body_limit = 1".to_owned(), "whole number of bytes"),
        ("master_key = \"secret\"".to_owned(), "32 bytes"),
    ] {
        let mistakes = file(&text).unwrap_err();
        assert!(mistakes.iter().any(|mistake| mistake.contains(told)), "{text}\n{mistakes:#?}");
    }
}

#[test]
fn a_declared_config_is_read_as_a_call_would() {
    let wrong = r#"{"strategy": {"mode": "fallbak"}, "targets": [{"provider": "@a", "retry": {"attempts": -1}}, {}]}"#;
    let text = "[[config]]\nid = \"pc-a\"\nfile = \"a.json\"\n[[config]]\nid = \"pc-b\"\nbody = '{\"retyr\": 1}'\n";
    let files = [("/etc/sy/switchyard.toml", text), ("/etc/sy/a.json", wrong)];
    let mistakes = read(&["--setup", "/etc/sy/switchyard.toml"], &[], &files).unwrap_err();
    for wanted in [
        "switchyard.toml:3: config[0].file: strategy.mode: Use one of single, fallback,",
        "switchyard.toml:3: config[0].file: targets[0].retry.attempts: Use a whole number",
        "switchyard.toml:3: config[0].file: targets[1]: This says nothing about the call.",
        "switchyard.toml:6: config[1].body: retyr: Unknown key. Did you mean retry?",
    ] {
        let wanted = format!("/etc/sy/{wanted}");
        assert!(mistakes.iter().any(|mistake| mistake.starts_with(&wanted)), "{wanted}\n{mistakes:#?}");
    }
    assert_eq!(mistakes.len(), 4, "{mistakes:#?}");
}

#[test]
fn vendors_without_a_credential_are_targets_by_their_name_alone() {
    use crate::wire::vendors::{Auth, VENDORS};
    for vendor in VENDORS.iter().filter(|vendor| vendor.auth == Auth::None) {
        let config = format!(r#"{{"provider": "{}"}}"#, vendor.slug);
        assert!(app::model::routing::read_text(&config).is_ok(), "{}", vendor.slug);
    }
}

#[test]
fn a_wrong_value_that_is_overridden_is_still_told() {
    let mistakes = read(&["--listen", "127.0.0.1:3"], &[("SWITCHYARD_LISTEN", "x")], &[]).unwrap_err();
    assert_eq!(mistakes.len(), 1);
    assert!(mistakes[0].starts_with("SWITCHYARD_LISTEN: Use an IP address"), "{mistakes:?}");
}

#[test]
fn flags_that_do_not_exist_and_files_that_cannot_be_read_are_told() {
    for (flags, told) in [
        (&["--colour", "blue"][..], "--colour"),
        (&["--setup", "/nowhere.toml"][..], "/nowhere.toml: The set-up file cannot be read"),
    ] {
        let mistakes = read(flags, &[], &[]).unwrap_err();
        assert!(mistakes[0].contains(told), "{mistakes:?}");
    }
}

#[test]
fn a_vendor_whose_variable_is_set_is_ready() {
    let settings = read(&[], &[("CEREBRAS_API_KEY", " csk-1 "), ("OPENAI_API_KEY", "")], &[]).unwrap();
    let ready: Vec<(&str, &str)> =
        settings.environment.iter().map(|(slug, key)| (slug.as_str(), key.as_str())).collect();
    assert_eq!(ready, [("cerebras", "csk-1")]);
}

#[test]
fn addresses_shown_come_from_public_url_or_from_where_the_server_listens() {
    for (flags, origin, secure, beyond) in [
        (&[][..], "http://127.0.0.1:8787", false, false),
        (&["--listen", "0.0.0.0:80"][..], "http://127.0.0.1:80", false, true),
        (&["--listen", "[::]:80"][..], "http://[::1]:80", false, true),
        (&["--listen", "10.0.0.5:80"][..], "http://10.0.0.5:80", false, true),
        (&["--public-url", "https://gw.example.com/"][..], "https://gw.example.com", true, false),
    ] {
        let settings = read(flags, &[], &[]).unwrap();
        assert_eq!(settings.origin(), origin);
        assert_eq!((settings.secure(), settings.beyond_loopback()), (secure, beyond), "{flags:?}");
    }
}

#[test]
fn alerts_go_where_the_file_says() {
    let text = r#"
[alerts]
webhook = "https://example.com/alerts"
webhook_secret_env = "SIGN"
smtp = "smtp://user:word@mail.example.com:587?tls=required"
to = ["ops@example.com", "Lead <lead@example.com>"]
"#;
    let files = [("/etc/sy/switchyard.toml", text)];
    let settings = read(&["--setup", "/etc/sy/switchyard.toml"], &[("SIGN", "0123456789abcdef")], &files).unwrap();
    let (webhook, mail) = (settings.alerts.webhook.as_ref().unwrap(), settings.alerts.mail.as_ref().unwrap());
    assert_eq!((webhook.uri.host(), webhook.secret.as_str()), (Some("example.com"), "0123456789abcdef"));
    assert_eq!((mail.to.len(), mail.from.to_string()), (2, "ops@example.com".into()));
    assert_eq!(settings.alerts.words(), ["webhook", "mail"]);
    assert!(read(&[], &[], &[]).unwrap().alerts.words().is_empty());
    for (text, told) in [
        ("webhook = \"https://a/b\"", "alerts.webhook_secret: Missing. Add webhook_secret or webhook_secret_env."),
        ("webhook = \"a\"\nwebhook_secret = \"0123456789abcdef\"", "alerts.webhook: Use an address"),
        ("webhook = \"http://a\"\nwebhook_secret = \"short\"", "alerts.webhook_secret: Use at least 16"),
        ("smtp = \"smtp://localhost:25\"", "alerts.to: Missing."),
        ("to = [\"ops@example.com\"]", "alerts.smtp: Missing. Add smtp or smtp_env."),
        ("smtp = \"http://a\"\nto = [\"ops@example.com\"]", "alerts.smtp: Use smtp://"),
        ("smtp = \"smtp://a\"\nto = [\"ops\"]", "alerts.to[0]: Use an e-mail address"),
        ("slack = \"x\"", "alerts.slack: Unknown key."),
    ] {
        let mistakes = file(&format!("[alerts]\n{text}")).unwrap_err();
        assert!(mistakes.iter().any(|mistake| mistake.contains(told)), "{text}\n{mistakes:#?}");
    }
}

#[test]
fn a_declared_key_says_what_it_is_kept_to() {
    let key = "[[api_key]]\nname = \"a\"\nvalue = \"sy-0123456789abcdef\"\n";
    let plain = file(key).unwrap().setup.api_keys.remove(0);
    assert!(plain.enforced && plain.config_override && plain.allowed.all() && plain.expires_at.is_none());
    let rest = "metadata_enforced = false\nallow_config_override = false\nallowed_models = [\"@a/*\"]\n\
                allowed_providers = [\"a\"]\nexpires_at = \"2027-01-31\"";
    let kept = file(&format!("{key}{rest}")).unwrap().setup.api_keys.remove(0);
    assert!(!kept.enforced && !kept.config_override);
    assert_eq!((kept.allowed.models, kept.allowed.providers), (vec!["@a/*".to_owned()], vec!["a".to_owned()]));
    assert_eq!(kept.expires_at, Some(1_801_353_600_000));
    for (rest, told) in [
        ("allowed_models = [\"@a\"]", "allowed_models[0]: Use models such as"),
        ("allowed_providers = [\"a b\"]", "allowed_providers[0]: Use letters"),
        ("expires_at = \"soon\"", "expires_at: Use a time in UTC"),
        ("metadata_enforced = 3", "metadata_enforced: Use true or false."),
    ] {
        let mistakes = file(&format!("{key}{rest}")).unwrap_err();
        assert!(mistakes.iter().any(|mistake| mistake.contains(told)), "{rest}\n{mistakes:#?}");
    }
}

#[test]
fn limits_stand_with_their_owners_and_say_whose_calls_they_count() {
    let text = r#"
[[provider]]
slug = "search"
integration = "alpha"
budget = { type = "tokens", credit_limit = 1000, name = "Search", next_usage_reset_at = "2027-01-31" }
[[provider]]
slug = "alpha"
vendor = "openai"
key = "sk-1"
standing = "both"
shared = { rate_limit = { type = "requests", unit = "rpm", value = 60 } }
[[api_key]]
name = "a"
value = "sy-0123456789abcdef"
kind = "workspace-user"
description = "for tests"
[[api_key.budget]]
type = "cost"
credit_limit = 5
periodic_reset = "weekly"
[[api_key.budget]]
type = "cost"
credit_limit = 15
periodic_reset = "monthly"
conditions = [{ key = "model", value = ["@alpha/a,b", "c"], excludes = true }]
group_by = ["metadata.team"]
lacking = "pass"
[workspace]
budget = { type = "cost", credit_limit = 100 }
"#;
    let setup = file(text).unwrap().setup;
    let named: Vec<_> = setup.limits.iter().map(|limit| (limit.owner, limit.name.as_str())).collect();
    use limits::Owner;
    assert_eq!(
        named,
        [
            (Owner::Provider(0), "Search"),
            (Owner::Integration(1), "alpha"),
            (Owner::Key(0), "a"),
            (Owner::Key(0), "a"),
            (Owner::Workspace, "workspace"),
        ]
    );
    assert_eq!(setup.providers[0].integration.as_deref(), Some("alpha"));
    assert_eq!(
        (setup.api_keys[0].kind.as_str(), setup.api_keys[0].description.as_str()),
        ("workspace-user", "for tests")
    );
    let second = &setup.limits[3];
    assert_eq!(second.conditions[0].values, ["@alpha/a,b", "c"]);
    assert!(second.conditions[0].excludes && second.lacking == crate::limit::rule::Lacking::Pass);
    for (text, told) in [
        ("[[provider]]\nslug = \"a\"\nintegration = \"b\"", "No [[provider]] of this file has this slug."),
        ("[[provider]]\nslug = \"a\"\nintegration = \"a\"", "has another one's credential itself"),
        ("[[provider]]\nslug = \"a\"\nintegration = \"b\"\nkey = \"c\"", "provider[0].key: Unknown key."),
        ("[[provider]]\nslug = \"a\"\nvendor = \"openai\"\nkey = \"c\"\nstanding = \"on\"", "Use one of: provider,"),
        ("[workspace]\nname = \"x\"", "workspace.name: Unknown key. Allowed here: budget, rate_limit."),
        ("[workspace]\nbudget = { type = \"cost\" }", "workspace.budget.credit_limit: Missing."),
        (
            "[workspace]\nrate_limit = [{ type = \"requests\", unit = \"rpm\", value = 1 }, { type = \"requests\", unit = \"rpm\", value = 2 }]",
            "Keep one of them.",
        ),
    ] {
        let mistakes = file(text).unwrap_err();
        assert!(mistakes.iter().any(|mistake| mistake.contains(told)), "{text}\n{mistakes:#?}");
    }
}
