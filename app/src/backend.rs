//! The seam between pages and server: narrow traits, one per noun, joined as [`Session`].
//!
//! The server implements them for a seat (a signed-in person in a workspace with a role). Pages reach data through
//! [`session`] alone, so authorisation cannot be forgotten.

use crate::failure::Failure;
use crate::model::account::{Doorway, FirstSteps, InviteLink, Members, Person, Role, SignIn, SignUp};
use crate::model::alert::Alerts;
use crate::model::analytics::{Analytics, AnalyticsQuery};
use crate::model::config::{ConfigDetail, ConfigRow, Outcome, Published, Saved, Trial};
use crate::model::key::{KeyForm, Keys, MintedKey};
use crate::model::limit::{LimitForm, Limits};
use crate::model::log::{LogDetail, LogPage, LogQuery};
use crate::model::models::{ModelPage, ModelQuery, NewModel, NewPrice};
use crate::model::playground::{Board, Sheet};
use crate::model::provider::{EditedProvider, NewProvider, Providers};
use crate::model::range::Range;
use crate::model::recompute::{Recompute, RecomputeForm};
use crate::model::reference::Reference;
use crate::model::trace::{TraceDetail, TracePage, TraceQuery};
use crate::model::transfer::Transfer;
use crate::model::usage::Overview;
use async_trait::async_trait;
use leptos::prelude::use_context;
use std::sync::Arc;

pub type Answer<T> = Result<T, Failure>;

/// What a visitor may do before signing in. One per request, bound to the browser's session.
#[async_trait]
pub trait Door: Send + Sync {
    async fn doorway(&self) -> Answer<Doorway>;
    /// The signed-in seat, or [`Failure::SignedOut`].
    async fn session(&self) -> Answer<Arc<dyn Session>>;
    async fn sign_up(&self, form: SignUp) -> Answer<()>;
    async fn sign_in(&self, form: SignIn) -> Answer<()>;
    async fn sign_out(&self) -> Answer<()>;
}

#[async_trait]
pub trait PeopleDesk {
    async fn members(&self) -> Answer<Members>;
    /// Makes a link that lets one person join with `role`; expires after seven days.
    async fn invite(&self, role: Role) -> Answer<InviteLink>;
    async fn withdraw_invite(&self, id: String) -> Answer<()>;
    async fn first_steps(&self) -> Answer<FirstSteps>;
    /// Sends one call through the gateway's own front door with a short-lived key, and returns its log id.
    async fn send_first_call(&self) -> Answer<String>;
}

#[async_trait]
pub trait KeyDesk {
    async fn keys(&self) -> Answer<Keys>;
    /// The secret is returned here, and once more by [`KeyDesk::keys`] for those without scripts.
    async fn mint_key(&self, form: KeyForm) -> Answer<MintedKey>;
    /// Gives the key of the form's id what the form says; its secret stays.
    async fn edit_key(&self, form: KeyForm) -> Answer<()>;
    /// Gives a key a new secret, told as by [`KeyDesk::mint_key`]; the old one opens for `overlap` seconds more.
    async fn renew_key(&self, id: String, overlap: u32) -> Answer<MintedKey>;
    /// Ends a secret of before a rotation at once.
    async fn end_secret(&self, id: String, mark: String) -> Answer<()>;
    async fn revoke_key(&self, id: String) -> Answer<()>;
}

#[async_trait]
pub trait ProviderDesk {
    async fn providers(&self) -> Answer<Providers>;
    async fn add_provider(&self, form: NewProvider) -> Answer<()>;
    /// A new address asks for the credential again: a stored one goes where it was stored for.
    async fn edit_provider(&self, form: EditedProvider) -> Answer<()>;
    /// Calls the provider and keeps how it went; gives its slug.
    async fn test_provider(&self, id: String) -> Answer<String>;
    async fn test_providers(&self) -> Answer<()>;
    async fn remove_provider(&self, id: String) -> Answer<()>;
}

/// Models, as calls name them.
#[async_trait]
pub trait ModelDesk {
    async fn models(&self, query: ModelQuery) -> Answer<ModelPage>;
    /// Switched off, calls that name it are refused.
    async fn switch_model(&self, provider: String, model: String, on: bool) -> Answer<()>;
    /// Adds a model that the price data does not know.
    async fn add_model(&self, form: NewModel) -> Answer<()>;
    /// Forgets a model that was added by hand, with its prices.
    async fn remove_model(&self, provider: String, model: String) -> Answer<()>;
    /// Prices calls from a time on; what was called before keeps its cost.
    async fn set_price(&self, form: NewPrice) -> Answer<()>;
    /// What past calls would cost by other prices. Nothing changes.
    async fn recompute_preview(&self, form: RecomputeForm) -> Answer<Recompute>;
    /// Makes it so, as was looked at before; how many calls changed, and the form as it was understood.
    async fn recompute(&self, form: RecomputeForm) -> Answer<Recompute>;
}

/// Configs. `seen` is the [`revision`](ConfigDetail::revision) that an editor began with, 0 where there was none.
/// What a file declares can be read and tried, and not changed.
#[async_trait]
pub trait ConfigDesk {
    async fn configs(&self) -> Answer<Vec<ConfigRow>>;
    async fn config(&self, slug: String) -> Answer<ConfigDetail>;
    /// The text of one version, as it was published.
    async fn config_version(&self, slug: String, number: i64) -> Answer<String>;
    /// Makes a config whose first draft is `body`, as typed; nothing is published yet. Gives its slug.
    async fn new_config(&self, name: String, body: String) -> Answer<String>;
    /// Keeps the text as typed, whatever is wrong with it; it may be 1 MiB long.
    async fn save_draft(&self, slug: String, body: String, seen: i64) -> Answer<Saved>;
    async fn discard_draft(&self, slug: String) -> Answer<()>;
    /// Makes the draft a version, which the next call takes. A draft with mistakes is [`Failure::Invalid`].
    async fn publish(&self, slug: String, note: String, seen: i64) -> Answer<Published>;
    /// Publishes the text of an older version again, as a new one, and gives its number. A draft stays.
    async fn roll_back(&self, slug: String, number: i64) -> Answer<i64>;
    async fn rename_config(&self, slug: String, name: String) -> Answer<()>;
    /// Refused while it is a key's default, naming the keys.
    async fn remove_config(&self, slug: String) -> Answer<()>;
    async fn try_config(&self, trial: Trial) -> Answer<Outcome>;
}

/// The routing setup as one file. What is brought waits for the session that brought it.
#[async_trait]
pub trait TransferDesk {
    async fn transfer(&self) -> Answer<Transfer>;
    /// The text of a set-up file, secrets left out.
    async fn export(&self) -> Answer<String>;
    /// Puts a file down, in place of the one before; nothing changes.
    async fn bring(&self, text: String) -> Answer<()>;
    /// Does what the file says that was put down.
    async fn apply_import(&self) -> Answer<()>;
    async fn drop_import(&self) -> Answer<()>;
}

/// What the API offers, for people to read.
#[async_trait]
pub trait ReferenceDesk {
    async fn reference(&self) -> Answer<Reference>;
}

#[async_trait]
pub trait LogDesk {
    async fn logs(&self, query: LogQuery) -> Answer<LogPage>;
    /// One call, with its neighbours under `query`.
    async fn log(&self, id: String, query: LogQuery) -> Answer<LogDetail>;
    /// How many calls are newer than `id` under `query`.
    async fn newer_logs(&self, id: String, query: LogQuery) -> Answer<u64>;
}

#[async_trait]
pub trait TraceDesk {
    async fn traces(&self, query: TraceQuery) -> Answer<TracePage>;
    /// One trace, whole, by the id that its calls share.
    async fn trace(&self, id: String) -> Answer<TraceDetail>;
}

/// The playground: calls of a person, logged as all others.
#[async_trait]
pub trait PlayDesk {
    /// What the page begins with: a sheet for `model`, or the one that the call of `log` would be sent by.
    async fn playground(&self, log: Option<String>, model: Option<String>) -> Answer<Board>;
    /// Asks the first column, waits for its whole answer, and gives the id of its log.
    async fn run_sheet(&self, sheet: Sheet) -> Answer<String>;
}

#[async_trait]
pub trait AlertDesk {
    /// What people were told of budgets lately.
    async fn alerts(&self) -> Answer<Alerts>;
}

#[async_trait]
pub trait UsageDesk {
    async fn overview(&self, range: Range) -> Answer<Overview>;
    async fn analytics(&self, query: AnalyticsQuery) -> Answer<Analytics>;
}

/// Budgets and rate limits. What a file declares can be read, reset and released, and not changed.
#[async_trait]
pub trait LimitDesk {
    async fn limits(&self) -> Answer<Limits>;
    /// Makes a limit, or changes the one of its id; what is spent of that stays.
    async fn put_limit(&self, form: LimitForm) -> Answer<()>;
    async fn remove_limit(&self, id: String) -> Answer<()>;
    /// Begins a budget anew; with `group`, that counter alone.
    async fn reset_limit(&self, id: String, group: Option<String>) -> Answer<()>;
    /// Gives back what a crash left held of a counter.
    async fn release_unsettled(&self, id: String, group: String) -> Answer<()>;
}

/// A signed-in person at work.
pub trait Session:
    PeopleDesk
    + KeyDesk
    + ProviderDesk
    + ConfigDesk
    + LogDesk
    + TraceDesk
    + PlayDesk
    + UsageDesk
    + LimitDesk
    + AlertDesk
    + ModelDesk
    + TransferDesk
    + ReferenceDesk
    + Send
    + Sync
{
    fn who(&self) -> Person;
}

/// Provided to every page and server function.
#[derive(Clone)]
pub struct Backend(pub Arc<dyn Door>);

/// The door of this request.
pub fn door() -> Answer<Arc<dyn Door>> {
    let backend = use_context::<Backend>().ok_or_else(|| Failure::Broken("The server forgot its backend.".into()))?;
    Ok(backend.0)
}

/// The signed-in seat of this request.
pub async fn session() -> Answer<Arc<dyn Session>> {
    door()?.session().await
}
