//! Where alerts of budgets go, beside the console: `[alerts]` of the set-up file.

use super::World;
use super::declared::secret;
use super::file::Section;
use super::rules::{self, Ruling};
use http::Uri;
use lettre::message::Mailbox;
use lettre::transport::smtp::AsyncSmtpTransportBuilder;
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use zeroize::Zeroizing;

/// Shortest secret that signs.
const SECRET_LEAST: usize = 16;

#[derive(Clone, Default)]
pub struct Alerts {
    pub webhook: Option<Webhook>,
    pub mail: Option<Mail>,
}

#[derive(Clone)]
pub struct Webhook {
    pub uri: Uri,
    /// Signs what is sent.
    pub secret: Zeroizing<String>,
}

#[derive(Clone)]
pub struct Mail {
    /// Name and password of the address are in it.
    pub server: AsyncSmtpTransportBuilder,
    pub from: Mailbox,
    /// At least one.
    pub to: Vec<Mailbox>,
}

impl Alerts {
    pub(super) fn read(root: &Section<'_>, world: &World<'_>) -> Self {
        let Some(section) = root.section("alerts") else { return Self::default() };
        section.allow(&[
            "webhook",
            "webhook_env",
            "webhook_secret",
            "webhook_secret_env",
            "smtp",
            "smtp_env",
            "from",
            "to",
        ]);
        Self { webhook: webhook(&section, world), mail: mail(&section, world) }
    }

    /// The ways that are set up, as the outbox names them.
    pub fn words(&self) -> Vec<&'static str> {
        let ways = [("webhook", self.webhook.is_some()), ("mail", self.mail.is_some())];
        ways.into_iter().filter(|(_, there)| *there).map(|(way, _)| way).collect()
    }
}

fn webhook(section: &Section<'_>, world: &World<'_>) -> Option<Webhook> {
    let given = secret(section, "webhook", world, false);
    let signer = secret(section, "webhook_secret", world, given.is_some());
    let uri = given.and_then(|given| section.notes().judge(&given, address));
    let signer = signer.and_then(|given| section.notes().judge(&given, signing));
    Some(Webhook { uri: uri?, secret: Zeroizing::new(signer?) })
}

fn mail(section: &Section<'_>, world: &World<'_>) -> Option<Mail> {
    let listed = section.list("to").unwrap_or_default();
    let to = listed.iter().filter_map(|one| section.notes().judge(one, mailbox)).collect::<Vec<_>>();
    let from = section.judged("from", mailbox);
    let server = secret(section, "smtp", world, section.has("to"))?;
    let server = section.notes().judge(&server, server_of);
    if !section.has("to") {
        section.note("to", r#"Missing. Add who gets the mails, such as to = ["ops@example.com"]."#);
    }
    let from = from.or_else(|| to.first().cloned());
    Some(Mail { server: server?, from: from?, to })
}

fn address(text: &str) -> Ruling<Uri> {
    let unfit =
        || "Use an address that starts with http:// or https://, such as https://example.com/alerts.".to_owned();
    let uri = text.trim().parse::<Uri>().map_err(|_| unfit())?;
    let sane = matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty());
    if sane { Ok(uri) } else { Err(unfit()) }
}

fn signing(text: &str) -> Ruling<String> {
    if text.len() >= SECRET_LEAST {
        Ok(text.to_owned())
    } else {
        Err(format!("Use at least {SECRET_LEAST} characters."))
    }
}

fn mailbox(text: &str) -> Ruling<Mailbox> {
    let unfit = || "Use an e-mail address, such as ops@example.com.".to_owned();
    let parsed = text.trim().parse::<Mailbox>().map_err(|_| unfit())?;
    rules::email(parsed.email.as_ref()).map(|_| parsed)
}

/// `smtp://user:password@host:587?tls=required`, `smtps://…`, or without TLS `smtp://host:25`.
fn server_of(text: &str) -> Ruling<AsyncSmtpTransportBuilder> {
    AsyncSmtpTransport::<Tokio1Executor>::from_url(text.trim()).map_err(|_| {
        "Use smtp://user:password@host:587?tls=required, smtps://user:password@host, or smtp://host:25.".into()
    })
}
