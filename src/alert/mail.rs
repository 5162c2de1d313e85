//! Alerts by mail.

use crate::settings;
use crate::store::alerts::Due;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp::AsyncSmtpTransportBuilder;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use serde_json::Value;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(15);

/// Sends over the server that the set-up file names.
pub(super) struct Mail {
    server: AsyncSmtpTransportBuilder,
    from: Mailbox,
    to: Vec<Mailbox>,
}

impl Mail {
    pub(super) fn new(settings: &settings::Mail) -> Self {
        Self { server: settings.server.clone(), from: settings.from.clone(), to: settings.to.clone() }
    }

    /// Sends one mail to all, and to the addresses `more`. The alert's id is the mail's, so that one sent again is known.
    ///
    /// # Errors
    /// With why not, in words.
    pub(super) async fn send(&self, due: &Due, more: &[String]) -> Result<(), String> {
        let told: Value = serde_json::from_str(&due.told).unwrap_or_default();
        let message = self.message(&due.alert, &told, more).map_err(|error| error.to_string())?;
        let server: AsyncSmtpTransport<Tokio1Executor> = self.server.clone().timeout(Some(PATIENCE)).build();
        match tokio::time::timeout(PATIENCE, server.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(format!("The mail server did not take it: {error}.")),
            Err(_) => Err(format!("The mail server did not answer within {} s.", PATIENCE.as_secs())),
        }
    }

    fn message(&self, id: &str, told: &Value, more: &[String]) -> Result<Message, lettre::error::Error> {
        let name = told["budget"]["name"].as_str().unwrap_or_default();
        let what = if told["type"] == "budget.exhausted" { "is used up" } else { "is past its alert" };
        let to = |builder: MessageBuilder, to: &Mailbox| builder.to(to.clone());
        // What is no address was refused when it was set.
        let more = more.iter().filter_map(|text| text.parse::<Mailbox>().ok()).collect::<Vec<_>>();
        let builder = Message::builder().from(self.from.clone());
        self.to
            .iter()
            .chain(more.iter().filter(|one| !self.to.contains(one)))
            .fold(builder, to)
            .message_id(Some(format!("<{id}@switchyard>")))
            .subject(format!("Switchyard: the budget {name} {what}"))
            .header(ContentType::TEXT_PLAIN)
            .body(format!(
                "{}\n\nWorkspace: {}\n",
                told["text"].as_str().unwrap_or_default(),
                told["workspace_id"].as_str().unwrap_or_default()
            ))
    }
}
