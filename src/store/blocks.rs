//! Blocks of calls: an hour each, made once it is over. Where one is missing, the calls themselves are read.

mod form;
mod pack;
mod sieve;
mod tallies;
mod walk;

pub(in crate::store) use form::{Block, Garbled, Kind, Row};
pub(in crate::store) use pack::pack_hour;
pub(in crate::store) use sieve::Sieve;
pub(in crate::store) use tallies::{Amount, Tallies};
pub(in crate::store) use walk::{Gather, Way, read_blocks};

#[cfg(test)]
impl crate::store::Store {
    /// The journal itself, for those who count its rows.
    pub(crate) fn rows(&self) -> &sqlx::SqlitePool {
        &self.journal.write
    }
}
