//! Is the database the one that was acknowledged? Its number of batches, and a digest over all it holds.

use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::model::digest;
use crate::store::{Error, Stats};

/// Format of the whole store: raised when keys change their meaning. Records have versions of their own. The second has
/// bodies by the time at which their entries were first seen, the third all edges of an entry under one key; those of the
/// formats before are found where they are.
pub const FORMAT: u32 = 3;

/// What every batch says of the store as it leaves it. The digest is a sum over all pairs, so that a write changes it
/// by what it writes and what it replaces, whatever else the store holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// Format of the store.
    pub format: u32,
    /// Number of batches so far.
    pub batch: u64,
    /// Number of pairs.
    pub pairs: u64,
    /// Bytes of all keys and values.
    pub bytes: u64,
    /// Sum of the digests of all pairs, modulo 2^64.
    pub digest: u64,
}

impl Default for Seal {
    fn default() -> Self {
        Self { format: FORMAT, batch: 0, pairs: 0, bytes: 0, digest: 0 }
    }
}

impl Seal {
    /// A pair is there now.
    pub fn add(&mut self, key: &[u8], value: &[u8]) {
        self.pairs = self.pairs.wrapping_add(1);
        self.bytes = self.bytes.wrapping_add((key.len() + value.len()) as u64);
        self.digest = self.digest.wrapping_add(digest([key, value]));
    }

    /// A pair is gone.
    pub fn remove(&mut self, key: &[u8], value: &[u8]) {
        self.pairs = self.pairs.wrapping_sub(1);
        self.bytes = self.bytes.wrapping_sub((key.len() + value.len()) as u64);
        self.digest = self.digest.wrapping_sub(digest([key, value]));
    }

    /// Whether both describe the same pairs.
    pub fn holds_the_same(&self, other: &Self) -> bool {
        (self.pairs, self.bytes, self.digest) == (other.pairs, other.bytes, other.digest)
    }

    /// As bytes.
    pub fn encode(&self) -> Vec<u8> {
        // Five integers into a vector: postcard has nothing to refuse.
        postcard::to_stdvec(self).unwrap_or_default()
    }

    /// Out of bytes.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes(bytes).ok()
    }

    /// For the statistics.
    pub fn stats(&self, disk_bytes: u64) -> Stats {
        Stats { pairs: self.pairs, live_bytes: self.bytes, disk_bytes, batch: self.batch }
    }
}

/// The file beside the database that holds the seal of the last acknowledged batch.
///
/// It is written after the batch is durable and is not synced itself: after a power loss it may lag behind, which says
/// nothing; that it runs ahead of the database means that the database lost what was acknowledged.
pub struct Acked {
    file: File,
    path: PathBuf,
}

impl Acked {
    /// Opens or creates it in the store's folder.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let path = folder.join("acked");
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(|e| Error::Io { path: path.clone(), reason: e.to_string() })?;
        Ok(Self { file, path })
    }

    /// The last seal; `None` where there is none, or where the machine stopped in the middle of writing it.
    pub fn read(&mut self) -> Option<Seal> {
        let mut bytes = Vec::new();
        File::open(&self.path).ok()?.take(4096).read_to_end(&mut bytes).ok()?;
        let (length, rest) = bytes.split_first()?;
        let sealed = rest.get(..usize::from(*length))?;
        let check = rest.get(usize::from(*length)..)?.get(..8)?;
        (check == digest([sealed]).to_le_bytes()).then(|| Seal::decode(sealed)).flatten()
    }

    /// Puts down a seal in one write.
    pub fn write(&self, seal: &Seal) -> std::io::Result<()> {
        let sealed = seal.encode();
        let mut bytes = vec![sealed.len() as u8];
        bytes.extend_from_slice(&sealed);
        bytes.extend_from_slice(&digest([sealed.as_slice()]).to_le_bytes());
        self.file.write_all_at(&bytes, 0)
    }
}
