//! In which form is the queue of entries to judge stored?

use serde::{Deserialize, Serialize};

use super::{Id, Millis, Stored};
use crate::model::{EntryId, Timestamp};
use crate::store::codec::Record;

/// An entry that is new or changed, and not yet compared with the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Which.
    pub entry: EntryId,
    /// Not before: until its page was read, ten minutes at the most.
    pub ready: Timestamp,
    /// Its date: the newest are judged first.
    pub date: Timestamp,
}

/// The form of [`Waiting`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WaitingRecord {
    entry: Id,
    ready: Millis,
    date: Millis,
}

impl Record for WaitingRecord {
    const KIND: &'static str = "entry to judge";
    const VERSION: u8 = 1;
}

impl Stored for Waiting {
    type Form = WaitingRecord;

    fn form(&self) -> WaitingRecord {
        WaitingRecord { entry: self.entry.0.into(), ready: self.ready.into(), date: self.date.into() }
    }

    fn of(form: WaitingRecord) -> Result<Self, String> {
        Ok(Self { entry: EntryId(form.entry.into()), ready: form.ready.time()?, date: form.date.time()? })
    }
}
