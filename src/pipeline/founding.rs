//! When was an entry seen, for the question of who was first? What a new store finds on its sources was there before:
//! all of that was seen at one time, and not in the order in which servers happened to answer. So a store that is built
//! anew from the same sources has the same ids.

use chrono::{DateTime, TimeDelta};

use super::ingest::lock;
use super::{Error, House, put_trust, trusted_with};
use crate::model::{Entry, Timestamp};
use crate::store::{Draft, query};

/// How long the first round of polls takes at the most: sources of one domain are asked one after the other, and an
/// hourly schedule has asked all of them by then.
const FIRST_ROUND: TimeDelta = TimeDelta::hours(1);

/// Under which name the store keeps when it was founded, in milliseconds since 1970.
const FOUNDED: &str = "founded";

/// What is known of the founding.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Founded {
    /// Not asked yet.
    #[default]
    Unknown,
    /// Before that was kept: long ago.
    LongAgo,
    /// Not yet: it has no entries.
    NotYet,
    /// Then.
    At(Timestamp),
}

impl House {
    /// Remembers, in a store without entries, that it is founded now, and what its sources are trusted with.
    pub(super) fn found(&self, draft: &mut Draft<'_>, now: Timestamp) -> Result<(), Error> {
        if matches!(self.founded()?, Founded::NotYet) {
            draft.put_meta(FOUNDED, &now.timestamp_millis().to_be_bytes());
            let plan = self.plan();
            put_trust(draft, &plan.sources().map(|source| (source.id.clone(), trusted_with(source))).collect());
            *lock(&self.founded) = Founded::Unknown;
        }
        Ok(())
    }

    /// When an entry was seen: all of the first round at one time.
    pub(super) fn seen(&self, entry: &Entry) -> Result<Timestamp, Error> {
        Ok(match self.founded()? {
            Founded::At(founded) if (founded..=founded + FIRST_ROUND).contains(&entry.first_seen) => founded,
            _ => entry.first_seen,
        })
    }

    fn founded(&self) -> Result<Founded, Error> {
        let mut founded = lock(&self.founded);
        if matches!(*founded, Founded::Unknown) {
            let kept = query::meta(&*self.store, FOUNDED)?.and_then(|bytes| <[u8; 8]>::try_from(bytes).ok());
            let at = kept.and_then(|bytes| DateTime::from_timestamp_millis(i64::from_be_bytes(bytes)));
            *founded = match at {
                Some(at) => Founded::At(at),
                None if query::entries(&*self.store, None, 1)?.is_empty() => Founded::NotYet,
                None => Founded::LongAgo,
            };
        }
        Ok(*founded)
    }
}
