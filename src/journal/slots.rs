//! The open file: what is in flight, where a killed process cannot take it.
//!
//! A slot is written with one positional write before anything goes upstream, and free again when the call's row is
//! committed. Under load the next call overwrites it within moments, so that clearing it is left to a sweep. What the
//! next start finds becomes an `interrupted` row, unless the journal has its row already.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::mem;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes of a slot: a `u16` length (0: free), then [`Kept`] as postcard has it.
const SLOT: usize = 512;
/// Bytes that each field may take where the opening would outgrow its slot. Together they fit whatever the caller sent:
/// its ids and the path come from outside.
const ID: usize = 48;
const WORD: usize = 16;
const FOREIGN: usize = 72;
/// Bytes of a hold beside its texts, at most: their lengths, two numbers and a flag.
const BESIDE: usize = 27;

/// What is known of a call when it starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    pub id: String,
    pub workspace: String,
    pub key: String,
    pub at: i64,
    pub kind: String,
    /// Absent from what earlier versions left.
    #[serde(default)]
    pub method: String,
    pub path: String,
    pub trace: String,
    pub span: String,
}

/// What is held of a limit for a call that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold<'a> {
    /// Id of the call.
    pub call: Cow<'a, str>,
    pub limit: Cow<'a, str>,
    pub group: Cow<'a, str>,
    /// Start of the budget's period, or when it came under a rate limit; milliseconds.
    pub period: i64,
    pub amount: i64,
    /// It counts in the window of a rate limit.
    pub window: bool,
}

/// What a killed process left.
#[derive(Debug, Default)]
pub struct Left {
    pub openings: Vec<Opening>,
    pub holds: Vec<Hold<'static>>,
}

/// What stands in a slot.
#[derive(Serialize, Deserialize)]
enum Kept<'a> {
    Opening(Cow<'a, Opening>),
    Holds(Cow<'a, [Hold<'a>]>),
}

/// The same as earlier versions wrote it, in JSON.
#[derive(Deserialize)]
#[serde(untagged)]
enum Old {
    Opening(Opening),
    Hold(Hold<'static>),
}

/// The file and its free places. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Slots {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    file: File,
    places: Mutex<Places>,
}

#[derive(Debug, Default)]
struct Places {
    free: Vec<u32>,
    used: u32,
    /// Places that are free and still hold what was there.
    stale: BTreeSet<u32>,
}

/// A claimed place in the file.
#[derive(Clone, Copy, Debug)]
pub struct Slot(u32);

impl Slots {
    /// Opens the file and hands back what a killed process left in it.
    ///
    /// # Errors
    /// When the file cannot be opened or read.
    pub fn open(path: &Path) -> io::Result<(Self, Left)> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let mut left = Left::default();
        for kept in bytes.chunks(SLOT).filter_map(decode) {
            match kept {
                Kept::Opening(opening) => left.openings.push(opening.into_owned()),
                Kept::Holds(holds) => left.holds.extend(holds.into_owned()),
            }
        }
        let used = u32::try_from(bytes.len() / SLOT).unwrap_or(u32::MAX);
        let inner = Inner { file, places: Mutex::new(Places { used, ..Places::default() }) };
        Ok((Self { inner: Arc::new(inner) }, left))
    }

    /// Empties the file, once what it held is in the journal. Only before the first claim.
    ///
    /// # Errors
    /// When the file cannot be cut.
    pub fn clear(&self) -> io::Result<()> {
        self.inner.file.set_len(0)?;
        *self.places() = Places::default();
        Ok(())
    }

    /// Writes `opening` down.
    ///
    /// # Errors
    /// When the write fails: the call must not go upstream. The place is free again.
    pub fn claim(&self, opening: &Opening) -> io::Result<Slot> {
        let kept = Kept::Opening(Cow::Borrowed(opening));
        self.write(&framed(&kept).or_else(|_| framed(&Kept::Opening(Cow::Owned(shortened(opening)))))?)
    }

    /// Writes down what is held, all in one place: as many as [`Hold::fit`].
    ///
    /// # Errors
    /// As with [`Slots::claim`].
    pub fn hold(&self, holds: &[Hold<'_>]) -> io::Result<Slot> {
        self.write(&framed(&Kept::Holds(holds.into()))?)
    }

    /// Writes what it came to in its place. A write that fails leaves what was held.
    pub fn rewrite(&self, slot: Slot, holds: &[Hold<'_>]) {
        let bytes = framed(&Kept::Holds(holds.into()));
        if let Err(error) = bytes.and_then(|bytes| self.inner.file.write_all_at(&bytes, offset(slot.0))) {
            tracing::error!(%error, "the open file cannot be written");
        }
    }

    /// Clears a place at once, and frees it.
    pub fn erase(&self, slot: Slot) {
        if let Err(error) = self.inner.file.write_all_at(&[0, 0], offset(slot.0)) {
            tracing::error!(%error, "the open file cannot be written");
        }
        self.places().free.push(slot.0);
    }

    fn write(&self, bytes: &[u8]) -> io::Result<Slot> {
        let place = self.places().take();
        match self.inner.file.write_all_at(bytes, offset(place)) {
            Ok(()) => Ok(Slot(place)),
            Err(error) => {
                self.places().free.push(place);
                Err(error)
            }
        }
    }

    /// Frees a place; its call is committed.
    pub fn release(&self, slot: Slot) {
        let mut places = self.places();
        places.free.push(slot.0);
        places.stale.insert(slot.0);
    }

    /// Clears the free places. Nobody is given one of them meanwhile.
    ///
    /// # Errors
    /// When a write fails; those places stay taken, and the next start finds their calls in the journal already.
    pub fn sweep(&self) -> io::Result<()> {
        let swept = self.places().withdraw();
        for place in &swept {
            self.inner.file.write_all_at(&[0, 0], offset(*place))?;
        }
        self.places().free.extend(swept);
        Ok(())
    }

    /// A file that every write to fails.
    #[cfg(test)]
    pub(crate) fn read_only(path: &Path) -> Self {
        std::fs::write(path, "").expect("a file");
        let file = File::open(path).expect("a file that can only be read");
        Self { inner: Arc::new(Inner { file, places: Mutex::default() }) }
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.inner.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Places {
    fn take(&mut self) -> u32 {
        let place = self.free.pop().unwrap_or_else(|| {
            self.used += 1;
            self.used - 1
        });
        self.stale.remove(&place);
        place
    }

    fn withdraw(&mut self) -> BTreeSet<u32> {
        let stale = mem::take(&mut self.stale);
        self.free.retain(|place| !stale.contains(place));
        stale
    }
}

fn offset(place: u32) -> u64 {
    u64::from(place) * SLOT as u64
}

fn framed(kept: &Kept<'_>) -> io::Result<[u8; SLOT]> {
    let mut bytes = [0; SLOT];
    let (head, body) = bytes.split_at_mut(2);
    let used = postcard::to_slice(kept, body).map_err(io::Error::other)?.len();
    head.copy_from_slice(&u16::try_from(used).map_err(io::Error::other)?.to_le_bytes());
    Ok(bytes)
}

fn shortened(opening: &Opening) -> Opening {
    Opening {
        id: cut(&opening.id, ID),
        workspace: cut(&opening.workspace, ID),
        key: cut(&opening.key, ID),
        at: opening.at,
        kind: cut(&opening.kind, WORD),
        method: cut(&opening.method, WORD),
        path: cut(&opening.path, FOREIGN),
        trace: cut(&opening.trace, FOREIGN),
        span: cut(&opening.span, FOREIGN),
    }
}

/// The longest beginning of `text` that takes at most `room` bytes.
fn cut(text: &str, room: usize) -> String {
    let end = (0..=room.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text[..end.unwrap_or_default()].to_owned()
}

fn decode(slot: &[u8]) -> Option<Kept<'static>> {
    let length = usize::from(u16::from_le_bytes(slot.get(..2)?.try_into().ok()?));
    let body = slot.get(2..2 + length)?;
    match body.first()? {
        b'{' => serde_json::from_slice::<Old>(body).ok().map(Kept::from),
        _ => postcard::from_bytes(body).ok(),
    }
}

impl From<Old> for Kept<'_> {
    fn from(old: Old) -> Self {
        match old {
            Old::Opening(opening) => Kept::Opening(Cow::Owned(opening)),
            Old::Hold(hold) => Kept::Holds(vec![hold].into()),
        }
    }
}

impl Hold<'_> {
    /// Whether they fit one slot.
    pub fn fit(holds: &[Self]) -> bool {
        let size = |hold: &Self| hold.call.len() + hold.limit.len() + hold.group.len() + BESIDE;
        holds.iter().map(size).sum::<usize>() <= SLOT - 4
    }
}

#[cfg(test)]
mod tests;
