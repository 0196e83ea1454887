//! Changes -> Store: how is everything that was seen kept, so that neither a crash nor a fault of the disk loses it?
//!
//! Two layers. Below, the [`Store`]: sorted keys with their bytes, read one by one or by prefix, written in batches
//! that are atomic and durable when [`Store::apply`] returns. `store::sled` keeps them on disk, `store::memory` in a
//! map, and one contract suite runs over both. Above, the [`records`]: each with its version, apart from `model`, and
//! the [`Draft`], through which they are written together with their indexes.
//!
//! ```text
//! let mut draft = Draft::new(&*store);
//! draft.put_entry(&entry)?;                      // entry, body, and the indexes by link and by source
//! draft.put_state(&source_id, &state)?;          // the validators, in the same batch
//! draft.commit()?;                               // one flushed and fsynced batch
//! ```
//!
//! A draft reads its own writes, and the store's under them. It does not lock: who reads a story, changes it and
//! writes it back does so from one place at a time (the pipeline's resolver), as with any single writer.
//!
//! On disk (`store.path`): `sled/` is the database; `acked` holds the number and the digest of the last acknowledged
//! batch, so that a database that was cut back is told from one that is merely old; `set-aside/` receives what was
//! damaged. Every batch also updates a digest over all keys and values in the database itself: after a repair the
//! whole store is read and compared with it, so that a repair is right or refused, never silently half of it.
//!
//! # Invariants
//!
//! - Nothing of ours but `model` is imported. Only `store/sled/` names the crate sled; one thread writes, and nobody
//!   keeps a tree: it is reopened after a full disk.
//! - What `apply` acknowledged survives kill -9 and power loss; what it refused is not there after the next opening.
//! - Bodies and profiles stand under prefixes of their own: no scan of entries or stories reads them.
//! - No read is unbounded: every scan has a limit.
//! - A record of a newer version is refused, one of an older version is read as the current one.
//! - An identical record is not written again.

pub mod archive;
pub mod codec;
pub mod draft;
mod key;
pub mod memory;
pub mod query;
pub mod records;
pub mod sled;

#[cfg(test)]
mod contract;

use std::collections::BTreeMap;
use std::path::PathBuf;

use thiserror::Error as ThisError;

pub use self::sled::SledStore;
pub use crate::model::digest;
pub use draft::Draft;
pub use memory::MemoryStore;
pub use records::{Job, LogEntry, Waiting};

/// Why the store could not do what was asked; each message says what to do.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
pub enum Error {
    /// Another process has the database open.
    #[error("the store in {path} is in use by another tributary; stop it, or let the command go through it")]
    Busy {
        /// The store's folder.
        path: PathBuf,
    },
    /// No room, or no permission to write. Reads go on; writing resumes by itself once there is room.
    #[error("the store in {path} cannot be written: {reason}; free some space there, nothing else is needed")]
    Unwritable {
        /// The store's folder.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The database is damaged beyond what can be repaired without guessing.
    #[error(
        "the store in {path} is damaged ({reason}); move that folder away and restore a backup with \
         `tributary import FILE`, or start with an empty store: ids stay the same, only history is lost"
    )]
    Damaged {
        /// The store's folder.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// A record that cannot be read: of a newer version, or not what was written.
    #[error("{kind} {key} cannot be read: {reason}")]
    Record {
        /// Kind of the record.
        kind: &'static str,
        /// Its key, in hexadecimal.
        key: String,
        /// What is wrong.
        reason: String,
    },
    /// The store was written by a newer tributary.
    #[error("the store in {path} was written by a newer tributary (format {found}, this one knows {known}); update it")]
    Newer {
        /// The store's folder.
        path: PathBuf,
        /// Format of the store.
        found: u32,
        /// Newest format known here.
        known: u32,
    },
    /// Reading or writing outside of the database failed.
    #[error("{path}: {reason}")]
    Io {
        /// Which file or folder.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// An archive that is not whole or not one of ours.
    #[error("line {line} of the archive: {reason}")]
    Archive {
        /// Number of the line, from 1.
        line: u64,
        /// What is wrong.
        reason: String,
    },
}

/// A key with its value.
pub type Pair = (Vec<u8>, Vec<u8>);

/// Sorted keys with their bytes, to be read: a store, or a draft over one. `query` reads records through it.
pub trait Read {
    /// The value of a key.
    ///
    /// # Errors
    /// The database is damaged there, or closed.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Error>;

    /// The pairs that a scan asks for, in its order, at most `scan.limit`.
    ///
    /// # Errors
    /// The database is damaged there, or closed.
    fn scan(&self, scan: &Scan<'_>) -> Result<Vec<Pair>, Error>;
}

/// Sorted keys with their bytes, written in durable batches.
///
/// All calls block; from async code, call them on a blocking thread.
pub trait Store: Read + Send + Sync {
    /// Writes a batch: all of it or nothing. Durable when it returns, against power loss too.
    ///
    /// # Errors
    /// There is no room, or the database is damaged: then nothing of the batch is there after the next opening.
    fn apply(&self, batch: Batch) -> Result<(), Error>;

    /// Whether a batch would be taken now, as far as the system says; reopens a store that a full disk had closed. Cheap
    /// while all is well.
    ///
    /// # Errors
    /// Why not.
    fn ready(&self) -> Result<(), Error>;

    /// Sizes and counts, without reading the records.
    ///
    /// # Errors
    /// The files cannot be asked for their size.
    fn stats(&self) -> Result<Stats, Error>;

    /// Rewrites the store with nothing but its live records; readers go on meanwhile, writers wait.
    ///
    /// # Errors
    /// There is no room for the copy, or a record is damaged: then the store stays as it was.
    fn compact(&self) -> Result<(), Error>;
}

/// What the store holds and takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Number of pairs.
    pub pairs: u64,
    /// Bytes of all live keys and values.
    pub live_bytes: u64,
    /// Bytes on disk.
    pub disk_bytes: u64,
    /// Number of the last batch.
    pub batch: u64,
}

/// Which pairs to read: those under a prefix, from one end or from a key on.
#[derive(Debug, Clone, Copy)]
pub struct Scan<'a> {
    /// Only keys that begin so.
    pub prefix: &'a [u8],
    /// Only keys beyond this one, in the direction of the scan; it need not exist.
    pub after: Option<&'a [u8]>,
    /// At most so many.
    pub limit: usize,
    /// From the last key to the first.
    pub backwards: bool,
}

impl<'a> Scan<'a> {
    /// The first `limit` pairs under a prefix.
    pub fn prefix(prefix: &'a [u8], limit: usize) -> Self {
        Self { prefix, after: None, limit, backwards: false }
    }

    /// Only what stands beyond this key.
    pub fn after(self, key: &'a [u8]) -> Self {
        Self { after: Some(key), ..self }
    }

    /// From the last key to the first.
    pub fn backwards(self) -> Self {
        Self { backwards: true, ..self }
    }

    /// The keys of this scan as a range `[from, to)`; `to` is `None` where the prefix has no end.
    fn range(&self) -> (Vec<u8>, Option<Vec<u8>>) {
        let mut from = self.prefix.to_vec();
        let mut to = end_of(self.prefix);
        match (self.after, self.backwards) {
            // The next key after `k` is `k` with a zero byte.
            (Some(key), false) => from = from.max([key, &[0]].concat()),
            (Some(key), true) => to = Some(to.map_or(key.to_vec(), |to| to.min(key.to_vec()))),
            (None, _) => {}
        }
        if to.as_ref().is_some_and(|to| *to < from) {
            to = Some(from.clone());
        }
        (from, to)
    }
}

/// The first key behind all keys with this prefix.
fn end_of(prefix: &[u8]) -> Option<Vec<u8>> {
    let kept = prefix.iter().rposition(|b| *b != u8::MAX)?;
    let mut end = prefix[..=kept].to_vec();
    end[kept] += 1;
    Some(end)
}

/// Writes that become one: the last word on each key counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    writes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a key.
    pub fn put(&mut self, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        self.writes.insert(key.into(), Some(value.into()));
    }

    /// Removes a key, whether it exists or not.
    pub fn delete(&mut self, key: impl Into<Vec<u8>>) {
        self.writes.insert(key.into(), None);
    }

    /// What the batch says of a key: `None` nothing, `Some(None)` that it goes.
    pub fn get(&self, key: &[u8]) -> Option<Option<&[u8]>> {
        self.writes.get(key).map(Option::as_deref)
    }

    /// All writes, by key.
    pub fn writes(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        self.writes.iter().map(|(k, v)| (k.as_slice(), v.as_deref()))
    }

    /// The writes to the keys of a scan, whatever its limit.
    fn within(&self, scan: &Scan<'_>) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        use std::ops::Bound;
        let (from, to) = scan.range();
        let to = to.map_or(Bound::Unbounded, Bound::Excluded);
        self.writes.range((Bound::Included(from), to)).map(|(k, v)| (k.as_slice(), v.as_deref()))
    }

    /// Whether nothing is written.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// Bytes of all keys and values that are set.
    pub fn bytes(&self) -> u64 {
        self.writes.iter().map(|(key, value)| (key.len() + value.as_ref().map_or(0, Vec::len)) as u64).sum()
    }

    /// Number of writes.
    pub fn len(&self) -> usize {
        self.writes.len()
    }
}
