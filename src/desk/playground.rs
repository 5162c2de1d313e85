//! The playground: calls that a person makes at the console, and calls opened again.

use super::Seat;
use super::configs::trial::console;
use crate::gateway::call::{self, Inbound};
use app::backend::{Answer, LogDesk, PlayDesk};
use app::failure::Failure;
use app::model::chat::Part;
use app::model::config::ProviderPick;
use app::model::duration::duration;
use app::model::log::{LogDetail, LogQuery, LogRow};
use app::model::money::grouped;
use app::model::playground::code::code;
use app::model::playground::{Board, Column, Run, Said, Sheet, Snippet, Wrong, speed};
use async_trait::async_trait;
use axum::body::Body;
use axum::response::Response;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use http_body_util::BodyExt;
use serde_json::Value;
use std::time::Duration;

/// How long a plain form waits for an answer; a stream may take as long as it likes.
const PATIENCE: Duration = Duration::from_secs(120);
/// Models offered on the page, of all providers together.
const OFFERED: usize = 200;
const FIRST: &str = "Write a two-line poem about a railway yard at night.";
/// Letters of a trace that a page gives its call.
const TRACE: usize = 32;
const CONFIG: HeaderName = HeaderName::from_static("x-portkey-config");
const LOG: HeaderName = HeaderName::from_static("x-portkey-request-id");

#[async_trait]
impl PlayDesk for Seat {
    async fn playground(&self, log: Option<String>, model: Option<String>) -> Answer<Board> {
        let configs = self.house.store.config_files(self.workspace()).await?.into_iter();
        let published = configs.map(|file| file.config).filter(|config| config.number > 0);
        let mut board = Board {
            models: offered(&self.picks().await?),
            configs: published.map(|config| (config.slug, config.name)).collect(),
            sheet: blank(model),
            ..Board::default()
        };
        if let Some(id) = log {
            match self.log(id, LogQuery::default()).await.map(opened) {
                Ok((Some(sheet), run)) => (board.sheet, board.run) = (sheet, Some(run)),
                Ok((None, _)) => board.note = Some(NO_CHAT.into()),
                Err(Failure::Missing(told)) => board.note = Some(told),
                Err(failure) => return Err(failure),
            }
        }
        let column = board.sheet.columns.first().cloned().unwrap_or_default();
        board.code = code(&board.sheet, &column, &self.house.settings.base_url()).unwrap_or_default();
        Ok(board)
    }

    async fn run_sheet(&self, sheet: Sheet) -> Answer<String> {
        let (inbound, body) = self.asked(&sheet, 0, false)?;
        let sent = async {
            let response = call::serve(&self.house, inbound, body).await;
            let id = response.headers().get(LOG).cloned();
            // Read to its end, so that its row is committed.
            let mut body = response.into_body();
            while let Some(Ok(_)) = body.frame().await {}
            id
        };
        let told = |what: String| Failure::Broken(format!("{what} The Logs page has what is known of the call."));
        let late = |_| told(format!("No answer came within {} seconds.", PATIENCE.as_secs()));
        let id = tokio::time::timeout(PATIENCE, sent).await.map_err(late)?;
        let id = id.as_ref().and_then(|id| id.to_str().ok());
        id.map(str::to_owned).ok_or_else(|| told("The gateway could not write the call down.".into()))
    }
}

const NO_CHAT: &str = "This call is no chat whose messages were kept, so there is nothing to open here.";

impl Seat {
    /// Asks one column. The answer is a stream where the call succeeds, JSON where it does not; its log is named by a
    /// header. Whoever stops to read ends the call, which is in `trace` then.
    ///
    /// # Errors
    /// When the sheet cannot be sent: nothing was called.
    pub async fn stream_sheet(&self, sheet: &Sheet, column: usize, trace: Option<&str>) -> Answer<Response> {
        let (mut inbound, body) = self.asked(sheet, column, true)?;
        if let Some(trace) =
            trace.filter(|trace| trace.len() == TRACE && trace.bytes().all(|byte| byte.is_ascii_hexdigit()))
        {
            inbound.trace.trace = Some(trace.to_owned());
        }
        let (head, body) = call::serve(&self.house, inbound, body).await.into_parts();
        let mut response = Response::new(body);
        *response.status_mut() = head.status;
        *response.headers_mut() = passed(&head.headers);
        Ok(response)
    }

    /// What came of a call.
    ///
    /// # Errors
    /// [`Failure::Missing`] before its row is written.
    pub async fn run(&self, id: String) -> Answer<Run> {
        Ok(opened(self.log(id, LogQuery::default()).await?).1)
    }

    /// What came of the call of a trace that a page gave it.
    ///
    /// # Errors
    /// [`Failure::Missing`] before its row is written.
    pub async fn traced_run(&self, trace: String) -> Answer<Run> {
        let call = self.house.store.trace_calls(self.workspace(), &trace).await?.pop();
        let call = call.ok_or_else(|| Failure::Missing("No call of this trace is written down yet.".into()))?;
        self.run(call.id).await
    }

    /// One column as code.
    ///
    /// # Errors
    /// When the sheet cannot be sent.
    pub fn sheet_code(&self, sheet: &Sheet, column: usize) -> Answer<Vec<Snippet>> {
        code(sheet, self::column(sheet, column)?, &self.house.settings.base_url()).map_err(refused)
    }

    fn asked(&self, sheet: &Sheet, column: usize, stream: bool) -> Answer<(Inbound, Body)> {
        let column = self::column(sheet, column)?;
        let body = sheet.body(column, stream).map_err(refused)?;
        let mut request = Request::post("/v1/chat/completions").header(CONTENT_TYPE, "application/json");
        if !column.config.is_empty() {
            let config = HeaderValue::from_str(&column.config).map_err(|_| Failure::refused("config", NO_CONFIG))?;
            request = request.header(CONFIG, config);
        }
        let request = request.body(()).map_err(|_| Failure::refused("config", NO_CONFIG))?;
        Ok((console(self, request.into_parts().0), Body::from(body.to_string())))
    }
}

const NO_CONFIG: &str = "Choose one of the configs listed.";

fn column(sheet: &Sheet, column: usize) -> Answer<&Column> {
    sheet.columns.get(column).ok_or_else(|| Failure::refused("model", "Choose a model such as @sandbox/echo."))
}

fn refused(wrong: Vec<Wrong>) -> Failure {
    Failure::Refused(wrong.into_iter().map(|(field, told)| (field.to_owned(), told)).collect())
}

/// A provider's headers end here: on the console's own address they could set cookies.
fn passed(headers: &HeaderMap) -> HeaderMap {
    let streams = headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    let kind = if streams { "text/event-stream" } else { "application/json" };
    let mut passed = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))]);
    passed.extend(headers.get(LOG).map(|id| (LOG, id.clone())));
    passed
}

fn blank(model: Option<String>) -> Sheet {
    let model = model.unwrap_or_else(|| super::FIRST_MODEL.to_owned());
    Sheet {
        turns: vec![Said { role: "user".into(), text: FIRST.into() }],
        columns: vec![Column { model, config: String::new() }],
        ..Sheet::default()
    }
}

/// Some models of each provider, as many of each as there is room for.
fn offered(picks: &[ProviderPick]) -> Vec<String> {
    let each = OFFERED / picks.len().max(1);
    let models = |pick: &ProviderPick| {
        pick.models.iter().take(each).map(|model| format!("@{}/{model}", pick.slug)).collect::<Vec<_>>()
    };
    picks.iter().flat_map(models).collect()
}

/// The sheet that would send a call again, where it is a chat, and what came of it.
fn opened(detail: LogDetail) -> (Option<Sheet>, Run) {
    let body: Option<Value> = detail.request_body.as_deref().and_then(|body| serde_json::from_str(body).ok());
    let asked = body.as_ref().and_then(|body| body["messages"].as_array()).map(Vec::len);
    let sheet = body.and_then(|body| Sheet::of(&body, detail.config.clone()));
    let turns = detail.turns;
    // A body too long to be read whole leaves the last turn, where the model said it.
    let asked = asked.unwrap_or_else(|| turns.len().saturating_sub(1));
    let answered = turns.into_iter().skip(asked).filter(|turn| turn.role == "assistant");
    let parts: Vec<Part> = answered.flat_map(|turn| turn.parts).collect();
    let (figures, status) = (figures(&detail.row), detail.row.status);
    (sheet, Run { log: detail.row.id, status, error: detail.error, parts, figures })
}

fn figures(row: &LogRow) -> Vec<(String, String)> {
    let streamed = row.latency_us.saturating_sub(row.first_token_us.unwrap_or_default());
    let cost = row.cost.map_or_else(|| "unpriced".to_owned(), |cost| cost.call_text());
    let figures = [
        ("first token", row.first_token_us.map(duration)),
        ("whole", Some(duration(row.latency_us))),
        ("speed", speed(row.tokens_out, streamed)),
        ("tokens", Some(format!("{} / {}", grouped(row.tokens_in), grouped(row.tokens_out)))),
        ("cost", Some(cost)),
    ];
    figures.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{house, two};
    use super::*;

    fn sheet(model: &str, text: &str) -> Sheet {
        let mut sheet = blank(Some(model.to_owned()));
        sheet.turns[0].text = text.to_owned();
        sheet
    }

    #[tokio::test]
    async fn a_run_is_a_logged_call_that_opens_as_the_sheet_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let house = house(folder.path(), false).await;
        let (_, member) = two(&house).await;
        let asked = Sheet { temperature: "0.5".into(), ..sheet("@sandbox/echo", "Hello from the yard") };
        let id = member.run_sheet(asked.clone()).await.unwrap();
        let board = member.playground(Some(id.clone()), None).await.unwrap();
        assert_eq!((board.sheet, board.note), (asked, None));
        let run = board.run.unwrap();
        assert_eq!((run.log, run.status, run.error), (id, 200, None));
        assert!(format!("{:?}", run.parts).contains("Hello from the yard"), "{:?}", run.parts);
        let names: Vec<_> = run.figures.iter().map(|(name, _)| name.as_str()).collect();
        assert!(names.ends_with(&["tokens", "cost"]), "{names:?}");
        assert_eq!(board.code.len(), 3);
    }

    #[tokio::test]
    async fn a_failed_run_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let house = house(folder.path(), false).await;
        let (owner, _) = two(&house).await;
        let id = owner.run_sheet(sheet("@sandbox/fail-503", "Hi")).await.unwrap();
        let run = owner.playground(Some(id), None).await.unwrap().run.unwrap();
        assert_eq!((run.status, run.parts), (503, Vec::new()));
        assert!(run.error.is_some());
    }

    #[tokio::test]
    async fn what_cannot_be_opened_or_sent_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let house = house(folder.path(), false).await;
        let (owner, _) = two(&house).await;
        let board = owner.playground(Some("none".into()), Some("@a/b".into())).await.unwrap();
        assert!(board.note.is_some());
        assert_eq!(board.sheet.columns[0].model, "@a/b");
        let refused = owner.run_sheet(sheet("", "Hi")).await.unwrap_err();
        assert!(refused.of("model").is_some(), "{refused:?}");
        let refused = owner.run_sheet(Sheet::default()).await.unwrap_err();
        assert!(refused.of("model").is_some(), "{refused:?}");
    }

    #[test]
    fn a_provider_sets_no_cookie_here() {
        let given = [("set-cookie", "a=b"), ("content-type", "text/html"), ("x-portkey-request-id", "1")];
        let given = given.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let passed = passed(&given.into_iter().collect());
        assert_eq!(
            (passed.len(), &passed[CONTENT_TYPE], &passed[LOG]),
            (2, &"application/json".parse().unwrap(), &"1".parse().unwrap())
        );
    }
}
