//! How much of what was read stays in memory? What sled's cache has room for: it is made to count.
//!
//! sled 0.34 counts the pages that its cache holds only once 64 of them were looked at in one of 256 shards: until then
//! 16,384 pages of any size stay beside its capacity, which took 311 MiB at 100,000 entries, whose profiles make pages of
//! 60 KiB. So a page is looked at again for what is read of it, and its shard counts the sooner.

use ::sled::{Db, Result};

use crate::store::key::kind;

/// Bytes of a page for which it is looked at once more: 64 looks at 256 shards then stand for 8 MiB.
const BYTES_A_LOOK: usize = 512;

/// What sled takes in memory for a record beside its key and value: two `IVec` and their share of a list that doubles.
const RECORD_BYTES: usize = 96;

/// What the reader of many records in their order owes to the page that it reads.
#[derive(Debug, Default)]
pub struct Looks {
    owed_bytes: usize,
}

impl Looks {
    /// A record with a value of this length was read, or written.
    pub fn read(&mut self, db: &Db, key: &[u8], length: usize) -> Result<()> {
        self.owed_bytes += key.len() + length + RECORD_BYTES;
        look(db, key, self.owed_bytes / BYTES_A_LOOK)?;
        self.owed_bytes %= BYTES_A_LOOK;
        Ok(())
    }
}

/// Large records that are read alone, as many as there are entries.
pub const READ_ALONE: [u8; 2] = [kind::PROFILE, kind::BODY];
/// Those that are written alone too: bodies stand by time, and fill a page one after the other.
pub const WRITTEN_ALONE: [u8; 1] = [kind::PROFILE];

/// A value of this length is read or written; of these kinds it stands on a page of 8 to 16 as large ones, of which half is
/// counted here.
pub fn alone(db: &Db, kinds: &[u8], key: &[u8], length: usize) -> Result<()> {
    let page_bytes = if key.first().is_some_and(|kind| kinds.contains(kind)) { length * 4 } else { 0 };
    look(db, key, page_bytes / BYTES_A_LOOK)
}

fn look(db: &Db, key: &[u8], times: usize) -> Result<()> {
    for _ in 0..times {
        db.contains_key(key)?;
    }
    Ok(())
}
