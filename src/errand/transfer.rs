//! The routing setup out of a data folder and into it, as the console's page does it.

use super::ErrandError;
use crate::desk::transfer::{Carrier, FILE_MOST};
use crate::house::{OpenError, master_key};
use crate::secret::Sealer;
use crate::settings::Settings;
use crate::setup::WORKSPACE;
use crate::store::Store;
use crate::store::drafts::Pen;
use app::failure::Failure;
use app::model::transfer::{Applied, Change, Line, Plan};
use std::io::{self, Read};
use std::path::Path;

/// Who writes the versions of configs.
const AUTHOR: &str = "command line";

/// Writes the setup to the file, or tells it.
pub async fn export(store: &Store, now: i64, file: Option<&Path>, say: &impl Fn(&str)) -> Result<(), ErrandError> {
    // Nothing is sealed or opened on the way out.
    let text = carrier(store, &Sealer::new([0; 32]), now).export(WORKSPACE).await.map_err(OpenError::from)?;
    let Some(file) = file else {
        say(text.trim_end());
        return Ok(());
    };
    std::fs::write(file, &text).map_err(|source| ErrandError::File { file: file.to_owned(), source })?;
    say(&format!("{} lines are written to {}.", text.lines().count(), file.display()));
    Ok(())
}

/// Tells the plan; then, unless it is a dry run, does it.
pub async fn import(
    settings: &Settings,
    store: &Store,
    now: i64,
    (file, dry): (&Path, bool),
    say: &impl Fn(&str),
) -> Result<(), ErrandError> {
    let text = read(file)?;
    let sealer = Sealer::new(master_key(settings)?);
    let carrier = carrier(store, &sealer, now);
    let drawn = carrier.draw(&text).await.map_err(OpenError::from)?;
    tell(&drawn.plan, say);
    if !drawn.plan.flaws.is_empty() {
        return Err(ErrandError::Flawed);
    }
    if dry || !drawn.plan.acts() {
        say("Nothing has changed.");
        return Ok(());
    }
    done(&carrier.apply(drawn).await.map_err(ErrandError::Refused)?, say);
    Ok(())
}

fn carrier<'a>(store: &'a Store, sealer: &'a Sealer, now: i64) -> Carrier<'a> {
    let pen = Pen { author: AUTHOR, person: None, now };
    Carrier { store, sealer, workspace: WORKSPACE, pen, scopes: None }
}

/// The file's text, or what is piped in.
fn read(file: &Path) -> Result<String, ErrandError> {
    let failed = |source| ErrandError::File { file: file.to_owned(), source };
    let most = u64::try_from(FILE_MOST).unwrap_or(u64::MAX) + 1;
    let mut text = String::new();
    match file == Path::new("-") {
        true => io::stdin().lock().take(most).read_to_string(&mut text),
        false => std::fs::File::open(file).and_then(|opened| opened.take(most).read_to_string(&mut text)),
    }
    .map_err(failed)?;
    if text.len() > FILE_MOST {
        let text = format!("The file has more than {FILE_MOST} bytes. Bring less at once.");
        return Err(ErrandError::Refused(Failure::refused("", text)));
    }
    Ok(text)
}

/// What happens line by line, and the rest as a count.
fn tell(plan: &Plan, say: &impl Fn(&str)) {
    for flaw in &plan.flaws {
        let key = if flaw.key.is_empty() { String::new() } else { format!("{}: ", flaw.key) };
        say(&format!("{}: {key}{}", flaw.at, flaw.text));
    }
    for line in &plan.lines {
        let word = match line.change {
            Change::Added => "added",
            Change::Changed => "changed",
            Change::Locked => "locked",
            Change::Same | Change::Left => continue,
        };
        told(word, line, say);
    }
    let (same, left) = (plan.count(Change::Same), plan.count(Change::Left));
    if same + left > 0 {
        say(&format!("{same} the same, {left} that the file does not name are left alone."));
    }
}

fn told(word: &str, line: &Line, say: &impl Fn(&str)) {
    say(&format!("{word:<8} {:<9} {}", line.kind.label(), line.name));
    for note in &line.notes {
        say(&format!("         {note}"));
    }
    for text in line.texts.iter().flat_map(|(old, new)| app::diff(old, new)) {
        say(&format!("         {text}"));
    }
}

fn done(applied: &Applied, say: &impl Fn(&str)) {
    say(&format!("Imported: {} added, {} changed.", applied.added, applied.changed));
    for note in &applied.notes {
        say(note);
    }
    for key in &applied.keys {
        say(&format!("The secret of {}, which is told here and never again: {}", key.name, key.value));
    }
}
