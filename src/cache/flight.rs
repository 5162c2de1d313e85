//! One call for many callers: who asks for what is being fetched already reads along, from the start.
//!
//! The leader's work runs in a task of its own and pushes what it gets; every caller, the first one included, is a
//! [`Reader`] at its own pace. The flight ends when its work does, or when its last reader leaves.

mod buffer;

use crate::cache::key::Hash;
use buffer::{Buffer, Place};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// The flights under way, one a key. `T` is what a leader tells its readers at the end, such as usage and cost. Cheap
/// to clone.
pub struct Flights<T> {
    shared: Arc<Mutex<HashMap<Hash, Arc<Shared<T>>>>>,
}

/// What a caller is to do.
pub enum Role<T> {
    /// Fetch, by giving the flight to a task of its own, and read like everybody else.
    ///
    /// Between a miss in the cache and this answer another flight may have landed: look into the cache once more. Put
    /// the answer into the cache before [`Flight::end`].
    Lead(Flight<T>, Reader<T>),
    /// Somebody fetches already.
    Follow(Reader<T>),
    /// Somebody fetches it in the other form. Read to the end, then look into the cache.
    Beside(Reader<T>),
}

/// How an answer comes. The forms share an entry of the cache, but not their bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Whole,
    Stream,
}

/// How an answer begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub status: StatusCode,
    pub headers: HeaderMap,
}

/// Why a reader gets nothing further. Whoever has passed nothing on yet joins again: the first one leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("The call that this one shared ended before its answer did.")]
    Dropped,
    #[error("This caller reads so slowly that what it has not read is no longer kept.")]
    Behind,
}

/// The leader's end. Dropped without [`Flight::end`], it leaves its readers [`Broken::Dropped`].
pub struct Flight<T> {
    hold: Hold<T>,
}

/// A caller's end: the whole answer, from its head to its end.
pub struct Reader<T> {
    hold: Hold<T>,
    place: Place,
}

/// A flight, and the list that it is to be struck off.
struct Hold<T> {
    flights: Flights<T>,
    key: Hash,
    shared: Arc<Shared<T>>,
}

struct Shared<T> {
    form: Form,
    buffer: Mutex<Buffer<T>>,
    /// A reader has gone on while the buffer was full.
    room: Notify,
    abandoned: CancellationToken,
}

impl<T: Clone> Flights<T> {
    pub fn new() -> Self {
        Self { shared: Arc::default() }
    }

    /// Follows the flight of this key, or leads a new one.
    pub fn join(&self, key: Hash, form: Form) -> Role<T> {
        let mut flights = locked(&self.shared);
        let entry = flights.entry(key);
        if let Entry::Occupied(flight) = &entry {
            let shared = Arc::clone(flight.get());
            let place = locked(&shared.buffer).enter();
            if let Some(place) = place {
                let same = shared.form == form;
                let reader = Reader { hold: self.hold(key, shared), place };
                return if same { Role::Follow(reader) } else { Role::Beside(reader) };
            }
        }
        let mut buffer = Buffer::new();
        let place = buffer.first();
        let (buffer, room, abandoned) = (Mutex::new(buffer), Notify::new(), CancellationToken::new());
        let shared = Arc::new(Shared { form, buffer, room, abandoned });
        entry.insert_entry(Arc::clone(&shared));
        let hold = || self.hold(key, Arc::clone(&shared));
        Role::Lead(Flight { hold: hold() }, Reader { hold: hold(), place })
    }

    /// How many are under way.
    pub fn len(&self) -> usize {
        locked(&self.shared).len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn hold(&self, key: Hash, shared: Arc<Shared<T>>) -> Hold<T> {
        Hold { flights: self.clone(), key, shared }
    }
}

impl<T: Clone> Flight<T> {
    /// Says how the answer begins; once, before any chunk.
    pub fn head(&self, status: StatusCode, headers: HeaderMap) {
        let wakers = locked(&self.hold.shared.buffer).begin(Head { status, headers });
        wakers.wake();
    }

    /// Adds a chunk. Waits while the foremost reader is a full buffer behind, as a slow socket would make it wait;
    /// readers that are further behind than that are broken. With nobody left, it drops the chunk.
    pub async fn push(&self, chunk: Bytes) {
        let shared = &self.hold.shared;
        loop {
            let pushed = locked(&shared.buffer).push(&chunk);
            match pushed {
                Some(wakers) => return wakers.wake(),
                // A permit is kept if the reader goes on before this waits.
                None => shared.room.notified().await,
            }
        }
    }

    /// The answer is complete.
    pub fn end(self, word: T) {
        self.hold.strike();
        let wakers = locked(&self.hold.shared.buffer).end(Ok(word));
        wakers.wake();
    }

    /// Resolves once the last reader has left: stop the work. Nobody joins after that.
    pub async fn abandoned(&self) {
        self.hold.shared.abandoned.cancelled().await;
    }
}

impl<T> Drop for Flight<T> {
    fn drop(&mut self) {
        self.hold.strike();
        let wakers = locked(&self.hold.shared.buffer).end(Err(Broken::Dropped));
        wakers.wake();
    }
}

impl<T: Clone> Reader<T> {
    /// How the answer begins.
    ///
    /// # Errors
    /// When the flight ended before.
    pub async fn head(&mut self) -> Result<Head, Broken> {
        poll_fn(|context| self.poll_head(context)).await
    }

    /// The next chunk, in order and from the first; `None` at the end.
    ///
    /// # Errors
    /// When the rest will not come.
    pub async fn next(&mut self) -> Option<Result<Bytes, Broken>> {
        poll_fn(|context| self.poll_next(context)).await
    }

    /// Reads to the end and keeps nothing.
    pub async fn sit_out(&mut self) {
        while let Some(Ok(_)) = self.next().await {}
    }

    /// [`Reader::head`], for bodies that are polled.
    pub fn poll_head(&mut self, context: &mut Context<'_>) -> Poll<Result<Head, Broken>> {
        locked(&self.hold.shared.buffer).poll_head(self.place, context)
    }

    /// [`Reader::next`], for bodies that are polled.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Broken>>> {
        let mut buffer = locked(&self.hold.shared.buffer);
        let next = buffer.poll_next(self.place, context);
        let makes_room = next.is_ready() && buffer.take_waiting();
        drop(buffer);
        if makes_room {
            self.hold.shared.room.notify_one();
        }
        next
    }

    /// What the leader said at the end; `None` before it.
    pub fn word(&self) -> Option<T> {
        locked(&self.hold.shared.buffer).word()
    }
}

impl<T> Drop for Reader<T> {
    fn drop(&mut self) {
        let last = locked(&self.hold.shared.buffer).leave(self.place);
        if last {
            self.hold.strike();
            self.hold.shared.abandoned.cancel();
        }
        // The foremost may have left: the leader looks again.
        self.hold.shared.room.notify_one();
    }
}

impl<T> Hold<T> {
    /// Takes the flight off the list, unless another one has its place already.
    fn strike(&self) {
        let mut flights = locked(&self.flights.shared);
        if flights.get(&self.key).is_some_and(|listed| Arc::ptr_eq(listed, &self.shared)) {
            flights.remove(&self.key);
        }
    }
}

/// Nothing panics while a lock is held; if it did, what it guards is still whole.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T> Clone for Flights<T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T: Clone> Default for Flights<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for Flights<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Flights").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Flight<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Flight").field(&self.hold.key).finish()
    }
}

impl<T> fmt::Debug for Reader<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Reader").field(&self.hold.key).finish()
    }
}

#[cfg(test)]
mod tests;
