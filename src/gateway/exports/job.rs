//! The run of an export: calls in slices, newest first, into a file. Files are removed when they are a week old.

use super::order::Selection;
use super::rows;
use crate::clock::Clock;
use crate::gateway::form::Mistakes;
use crate::gateway::refusal::Refusal;
use crate::store::calls::Cursor;
use crate::store::exports::{Ended, Export};
use crate::store::{Store, StoreError, Stored};
use crate::tasks::Tasks;
use futures_util::FutureExt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::fs::{self, File};
use tokio::io::{AsyncWriteExt, BufWriter};

/// How long a file is kept, in milliseconds.
pub(super) const KEPT: i64 = 7 * 24 * 3_600_000;
/// Calls that are listed at a time; their bodies are read one by one.
const SLICE: u32 = 200;
/// Bytes of the largest file.
const LARGEST: u64 = 4 << 30;
/// Between two looks for old files.
const PAUSE: Duration = Duration::from_secs(3_600);

/// A run that has begun.
pub(super) struct Job {
    pub store: Store,
    pub clock: Clock,
    pub tasks: Tasks,
    pub folder: PathBuf,
    pub export: Export,
}

/// Why a run failed, in words for the order's owner.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("The journal could not be read. Start the export again.")]
    Store(#[from] StoreError),
    #[error("The file could not be written ({0}). Check disk space and permissions of the data folder.")]
    File(#[from] io::Error),
    #[error("The file outgrew {} bytes. Narrow the filters, or leave out request and response.", LARGEST)]
    Large,
    #[error("The order cannot be read: {}", .0.message)]
    Order(Box<Refusal>),
}

/// Says of what ran when the process ended that it failed, and looks for old files until shutdown.
///
/// # Errors
/// When the journal cannot be written.
pub async fn open(store: &Store, clock: &Clock, tasks: &Tasks, data: &Path) -> Stored<()> {
    let reason = "The gateway stopped while this export ran. Start it again.";
    store.fail_exports(reason, clock.now()).await?;
    tasks.spawn(keep(store.clone(), clock.clone(), tasks.clone(), data.to_owned()));
    Ok(())
}

/// Removes the files that no order has any more, and those of orders that ended a week ago. Returns how many.
///
/// # Errors
/// When the folder or the journal cannot be used.
pub async fn sweep(store: &Store, data: &Path, now: i64) -> Result<usize, io::Error> {
    let mut removed = 0;
    let mut files = match fs::read_dir(folder(data)).await {
        Ok(files) => files,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    while let Some(file) = files.next_entry().await? {
        let name = file.file_name().to_string_lossy().into_owned();
        let id = name.split('.').next().unwrap_or_default();
        let export = store.any_export(id).await.map_err(io::Error::other)?;
        let wanted = export.is_some_and(|export| {
            let fresh = export.status == "success" && export.updated_at + KEPT > now;
            name == file_name(&export) && (fresh || export.status == "in_progress")
        });
        if !wanted {
            fs::remove_file(file.path()).await?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// Where the files are.
pub(super) fn folder(data: &Path) -> PathBuf {
    data.join("exports")
}

/// The file of an order's run.
pub(super) fn path(folder: &Path, export: &Export) -> PathBuf {
    folder.join(file_name(export))
}

fn file_name(export: &Export) -> String {
    format!("{}.{}.jsonl", export.id, export.run)
}

async fn keep(store: Store, clock: Clock, tasks: Tasks, data: PathBuf) {
    loop {
        if let Err(error) = sweep(&store, &data, clock.now()).await {
            tracing::warn!(%error, "old exports were not removed");
        }
        tokio::select! {
            () = tasks.stopping() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

impl Job {
    /// Writes the file and notes how that ended. A run that was stopped leaves no file.
    pub(super) async fn run(self) {
        let path = path(&self.folder, &self.export);
        let kept = match self.write(&path).await {
            Ok(Some(lines)) => self.end(&Ended::Written(lines)).await,
            Ok(None) => false,
            Err(failure) => {
                tracing::warn!(export = %self.export.id, error = ?failure, "an export failed");
                self.end(&Ended::Failed(failure.to_string())).await;
                false
            }
        };
        if !kept {
            // Where it was never made, there is nothing to remove.
            let _ = fs::remove_file(&path).await;
        }
    }

    async fn end(&self, ended: &Ended) -> bool {
        let noted = self.store.end_export(&self.export.id, self.export.run, ended, self.clock.now()).await;
        noted.unwrap_or_else(|error| {
            tracing::error!(%error, export = %self.export.id, "the end of an export was not noted");
            false
        })
    }

    /// How many lines were written; `None` where the run was stopped, or the process is to end.
    async fn write(&self, path: &Path) -> Result<Option<i64>, Failure> {
        let (selection, requested) = self.order()?;
        let mut file = BufWriter::new(made(path).await?);
        let (mut lines, mut bytes) = (0, 0);
        let mut last: Option<String> = None;
        let mut more = !selection.query.nothing;
        while more && lines < selection.limit {
            let from = last.as_deref().map_or(Cursor::Newest, Cursor::Before);
            let filter = &selection.query.filter;
            let page = self.store.list_calls(&self.export.workspace, filter, from, SLICE).await?;
            more = page.more;
            for call in page.calls {
                if self.tasks.stopping().now_or_never().is_some() {
                    return Ok(None);
                }
                last = Some(call.id.clone());
                let room = usize::try_from(selection.limit - lines).unwrap_or(0);
                for line in rows::lines(self.store.call_file(call).await?, &requested).iter().take(room) {
                    file.write_all(line.as_bytes()).await?;
                    lines += 1;
                    bytes += u64::try_from(line.len()).unwrap_or(u64::MAX);
                }
                if bytes > LARGEST {
                    return Err(Failure::Large);
                }
            }
            if !self.store.advance_export(&self.export.id, self.export.run, lines).await? {
                return Ok(None);
            }
        }
        file.flush().await?;
        file.get_ref().sync_all().await?;
        Ok(Some(lines))
    }

    fn order(&self) -> Result<(Selection, Vec<String>), Failure> {
        let mut mistakes = Mistakes::default();
        let selection = Selection::of(&self.export.filters, &mut mistakes);
        let requested = serde_json::from_str(&self.export.requested_data).unwrap_or_else(|_| {
            mistakes.add("requested_data", "an array of names");
            Vec::new()
        });
        mistakes.none().map_err(|refusal| Failure::Order(Box::new(refusal)))?;
        Ok((selection, requested))
    }
}

/// A file that its owner alone can read, as the journal's bodies are in it.
async fn made(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).await?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    options.mode(0o600);
    options.open(path).await
}
