//! Is the store worth rewriting, to give room back?

use super::{Error, House};
use crate::store::Stats;

/// A store of this size is not worth the work, whatever is in it.
const SMALL_BYTES: u64 = 64 << 20;
/// sled takes some twice the live bytes right after a rewrite, and ten times after weeks of changes (measured: 103 and
/// 452 MB for 45 MB). Rewritten at five times, a store is rewritten every few weeks at the most.
const TIMES: u64 = 5;

impl House {
    /// Compacts the store if most of its files is dead; its bytes on disk before and after, `None` where it is not
    /// worth it. Reads go on meanwhile, writes wait.
    ///
    /// # Errors
    /// There is no room for the copy, or the store is damaged: it stays as it was.
    pub fn give_room_back(&self) -> Result<Option<(u64, u64)>, Error> {
        let before = self.store.stats()?;
        if !is_worth_it(&before) {
            return Ok(None);
        }
        self.store.compact()?;
        Ok(Some((before.disk_bytes, self.store.stats()?.disk_bytes)))
    }
}

fn is_worth_it(stats: &Stats) -> bool {
    stats.disk_bytes > SMALL_BYTES && stats.disk_bytes > TIMES * stats.live_bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_large_store_that_is_mostly_dead_is_rewritten() {
        let check = |disk_mib: u64, live_mib: u64, expected: bool| {
            let stats = Stats { disk_bytes: disk_mib << 20, live_bytes: live_mib << 20, ..Stats::default() };
            assert_eq!(is_worth_it(&stats), expected, "{disk_mib} {live_mib}");
        };
        check(452, 45, true);
        check(103, 45, false);
        check(60, 1, false);
    }
}
