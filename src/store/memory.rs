//! How is a store kept for a test, or for one run over an archive? In a sorted map.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{PoisonError, RwLock};

use super::{Batch, Error, Pair, Read, Scan, Stats, Store};

/// A store that lives as long as its process.
#[derive(Debug, Default)]
pub struct MemoryStore {
    inner: RwLock<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    pairs: BTreeMap<Vec<u8>, Vec<u8>>,
    batch: u64,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Read for MemoryStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.inner.read().unwrap_or_else(PoisonError::into_inner).pairs.get(key).cloned())
    }

    fn scan(&self, scan: &Scan<'_>) -> Result<Vec<Pair>, Error> {
        let (from, to) = scan.range();
        let to = to.map_or(Bound::Unbounded, Bound::Excluded);
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        let range = inner.pairs.range((Bound::Included(from), to)).map(|(k, v)| (k.clone(), v.clone()));
        Ok(if scan.backwards { range.rev().take(scan.limit).collect() } else { range.take(scan.limit).collect() })
    }
}

impl Store for MemoryStore {
    fn apply(&self, batch: Batch) -> Result<(), Error> {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        for (key, value) in batch.writes() {
            match value {
                Some(value) => drop(inner.pairs.insert(key.to_vec(), value.to_vec())),
                None => drop(inner.pairs.remove(key)),
            }
        }
        inner.batch += 1;
        Ok(())
    }

    fn ready(&self) -> Result<(), Error> {
        Ok(())
    }

    fn stats(&self) -> Result<Stats, Error> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        let live_bytes = inner.pairs.iter().map(|(k, v)| (k.len() + v.len()) as u64).sum();
        Ok(Stats { pairs: inner.pairs.len() as u64, live_bytes, disk_bytes: 0, batch: inner.batch })
    }

    fn compact(&self) -> Result<(), Error> {
        Ok(())
    }
}
