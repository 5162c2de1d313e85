//! The open file: what is in flight, where a killed process cannot take it.
//!
//! A slot is written with one positional write before anything goes upstream, and free again when the call's row is
//! committed. Under load the next call overwrites it within moments, so that clearing it is left to a sweep. What the
//! next start finds becomes an `interrupted` row, unless the journal has its row already.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::mem;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes of a slot: a `u16` length (0: free), then JSON.
const SLOT: usize = 512;
/// Bytes that each field may take as JSON where the opening would outgrow its slot. Together with the names of the
/// fields they fit whatever the caller sent: its ids and the path come from outside.
const ID: usize = 48;
const WORD: usize = 16;
const FOREIGN: usize = 72;

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

/// What is held of a limit for a call that runs; it stands in a slot of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Id of the call.
    pub call: String,
    pub limit: String,
    pub group: String,
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
    pub holds: Vec<Hold>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Kept {
    Opening(Opening),
    Hold(Hold),
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
                Kept::Opening(opening) => left.openings.push(opening),
                Kept::Hold(hold) => left.holds.push(hold),
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
        self.write(&encode(opening)?)
    }

    /// Writes down what is held.
    ///
    /// # Errors
    /// As with [`Slots::claim`].
    pub fn hold(&self, hold: &Hold) -> io::Result<Slot> {
        self.write(&framed(&serde_json::to_vec(hold)?)?)
    }

    /// Writes what it came to in its place. A write that fails leaves what was held.
    pub fn rewrite(&self, slot: Slot, hold: &Hold) {
        let bytes = serde_json::to_vec(hold).map_err(io::Error::from).and_then(|body| framed(&body));
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

fn encode(opening: &Opening) -> io::Result<[u8; SLOT]> {
    let mut body = serde_json::to_vec(opening)?;
    if body.len() > SLOT - 2 {
        body = serde_json::to_vec(&shortened(opening))?;
    }
    framed(&body)
}

fn framed(body: &[u8]) -> io::Result<[u8; SLOT]> {
    let mut bytes = [0; SLOT];
    let length = u16::try_from(body.len()).unwrap_or(u16::MAX);
    let place = bytes.get_mut(2..2 + body.len()).ok_or_else(|| io::Error::other("an opening outgrew its slot"))?;
    place.copy_from_slice(body);
    bytes[..2].copy_from_slice(&length.to_le_bytes());
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

/// The longest beginning of `text` that takes at most `room` bytes as JSON.
fn cut(text: &str, room: usize) -> String {
    let mut used = 0;
    let fits = |letter: &char| {
        used += match letter {
            '"' | '\\' => 2,
            letter if letter.is_ascii_control() => 6,
            letter => letter.len_utf8(),
        };
        used <= room
    };
    text.chars().take_while(fits).collect()
}

fn decode(slot: &[u8]) -> Option<Kept> {
    let length = usize::from(u16::from_le_bytes(slot.get(..2)?.try_into().ok()?));
    if length == 0 {
        return None;
    }
    serde_json::from_slice(slot.get(2..2 + length)?).ok()
}

#[cfg(test)]
mod tests {
    use super::{Inner, Opening, Slots};
    use std::sync::{Arc, Mutex};

    fn opening(id: &str, path: &str) -> Opening {
        Opening {
            id: id.into(),
            workspace: "default".into(),
            key: "k".into(),
            at: 7,
            kind: "chat".into(),
            method: "POST".into(),
            path: path.into(),
            trace: "t".into(),
            span: "s".into(),
        }
    }

    #[test]
    fn what_was_not_released_is_found_at_the_next_start() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("open.slots");
        let (slots, left) = Slots::open(&path).expect("a file");
        assert!(left.openings.is_empty());
        let first = slots.claim(&opening("a", "/v1/x")).expect("a place");
        slots.claim(&opening("b", &"/long".repeat(200))).expect("a place");
        slots.release(first);
        slots.claim(&opening("c", "/v1/x")).expect("the place of a");
        drop(slots);
        let (slots, left) = Slots::open(&path).expect("a file");
        assert_eq!(left.openings.iter().map(|opening| opening.id.as_str()).collect::<Vec<_>>(), ["c", "b"]);
        slots.clear().expect("cleared");
        assert!(Slots::open(&path).expect("a file").1.openings.is_empty());
    }

    #[test]
    fn every_opening_fits_its_slot() {
        let folder = tempfile::tempdir().expect("a folder");
        for text in ["x", "é", "\"", "\\", "\u{1}", "\u{1f600}"] {
            let path = folder.path().join(format!("{}.slots", u32::from(text.chars().next().expect("a letter"))));
            let long = text.repeat(5000);
            let all = Opening {
                id: long.clone(),
                workspace: long.clone(),
                key: long.clone(),
                at: i64::MIN,
                kind: long.clone(),
                method: long.clone(),
                path: long.clone(),
                trace: long.clone(),
                span: long.clone(),
            };
            let ids =
                Opening { trace: text.repeat(256), span: text.repeat(256), ..opening("a", "/v1/chat/completions") };
            let (slots, _) = Slots::open(&path).expect("a file");
            for opening in [&all, &ids] {
                slots.claim(opening).expect(text);
            }
            drop(slots);
            let left = Slots::open(&path).expect("a file").1.openings;
            assert_eq!((left.len(), left[1].id.as_str(), left[1].at), (2, "a", 7), "{text}");
            assert!(!left[1].trace.is_empty() && long.starts_with(&left[1].span), "{text}");
        }
    }

    #[test]
    fn a_place_that_cannot_be_written_is_free_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("open.slots");
        std::fs::write(&path, "").expect("a file");
        let file = std::fs::File::open(&path).expect("a file that can only be read");
        let slots = Slots { inner: Arc::new(Inner { file, places: Mutex::default() }) };
        for _ in 0..3 {
            slots.claim(&opening("a", "/v1/x")).expect_err("a refusal");
        }
        let places = slots.places();
        assert_eq!((places.used, places.free.as_slice()), (1, &[0][..]));
    }

    #[test]
    fn a_sweep_clears_what_was_released_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("open.slots");
        let (slots, _) = Slots::open(&path).expect("a file");
        let [first, second] = ["a", "b"].map(|id| slots.claim(&opening(id, "/v1/x")).expect("a place"));
        slots.claim(&opening("c", "/v1/x")).expect("a place");
        slots.release(first);
        slots.release(second);
        slots.claim(&opening("d", "/v1/x")).expect("the place of b");
        slots.sweep().expect("swept");
        let left = Slots::open(&path).expect("a file").1.openings;
        assert_eq!(left.iter().map(|opening| opening.id.as_str()).collect::<Vec<_>>(), ["d", "c"]);
        slots.claim(&opening("e", "/v1/x")).expect("the place of a");
        assert_eq!(Slots::open(&path).expect("a file").1.openings.len(), 3);
    }
}
