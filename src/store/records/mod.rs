//! What is stored, and in which form? Records with versions, apart from `model`, so that either can change alone.
//!
//! A record that changes gets a new version, and its old form stays in its file for `Record::migrate`. Enumerations
//! are stored by number: numbers are never reused.

mod entry;
mod graph;
mod remembered;
mod story;
mod waiting;

use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;

pub use self::entry::{BodyRecord, EntryRecord, JobRecord, ProfileRecord, StateRecord};
pub use self::graph::{EdgeRecord, Edges, EdgesRecord, EvidenceRecord, NodeRecord};
pub use self::remembered::RememberedRecord;
pub use self::story::{ChangeRecord, MembershipRecord, ShownRecord, StoryRecord, TombstoneRecord};
pub use self::waiting::{Waiting, WaitingRecord};

use super::Error;
use super::codec::{Record, decode, encode};
use super::key::hex;
use crate::model::{Change, EntryId, Language, Timestamp};

/// A page to be fetched for an entry: it stays in the queue until it is removed, whatever happens to the daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Whose page.
    pub entry: EntryId,
    /// Its address.
    pub url: Url,
    /// Not before.
    pub due: Timestamp,
    /// Attempts so far.
    pub attempts: u32,
    /// When it was queued first: after 10 minutes the entry appears without its page.
    pub queued: Timestamp,
    /// The entry to judge is a reference: its page is all there is of it.
    pub reference: bool,
    /// Which revision of the entry the page is fetched for.
    pub revision: u64,
}

/// One line of a story's history.
#[derive(Debug, Clone, PartialEq)]
pub struct LogEntry {
    /// When.
    pub at: Timestamp,
    /// What.
    pub change: Change,
}

/// Something of `model` (or above) that is stored in the form `R`.
pub trait Stored: Sized {
    /// Its form on disk.
    type Form: Record;

    /// Its form.
    fn form(&self) -> Self::Form;

    /// Out of its form.
    ///
    /// # Errors
    /// The form holds what is none: a link that is no address.
    fn of(form: Self::Form) -> Result<Self, String>;

    /// Its bytes.
    ///
    /// # Errors
    /// It cannot be serialised.
    fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        encode(&self.form())
    }

    /// Out of the bytes under `key`.
    ///
    /// # Errors
    /// They are damaged, or of a newer version.
    fn from_bytes(key: &[u8], bytes: &[u8]) -> Result<Self, Error> {
        let form = decode::<Self::Form>(key, bytes)?;
        Self::of(form).map_err(|reason| Error::Record { kind: Self::Form::KIND, key: hex(key), reason })
    }
}

/// A time as it is stored: milliseconds since 1970, which is as fine as `clock` reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(i64);

impl From<Timestamp> for Millis {
    fn from(at: Timestamp) -> Self {
        Self(at.timestamp_millis())
    }
}

impl Millis {
    /// The time.
    pub fn time(self) -> Result<Timestamp, String> {
        Timestamp::from_timestamp_millis(self.0).ok_or_else(|| format!("{} ms since 1970 is no date", self.0))
    }

    /// The time of what may have none.
    pub fn maybe(at: Option<Self>) -> Result<Option<Timestamp>, String> {
        at.map(Self::time).transpose()
    }
}

/// An id as it is stored: sixteen bytes, without the length that a byte string carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Id([u8; 16]);

impl From<Uuid> for Id {
    fn from(id: Uuid) -> Self {
        Self(*id.as_bytes())
    }
}

impl From<Id> for Uuid {
    fn from(id: Id) -> Self {
        Self::from_bytes(id.0)
    }
}

/// Reads an address back.
fn url(text: &str) -> Result<Url, String> {
    Url::parse(text).map_err(|e| format!("{text:?} is no address: {e}"))
}

/// Reads addresses back.
fn urls(texts: &[String]) -> Result<Vec<Url>, String> {
    texts.iter().map(|text| url(text)).collect()
}

/// Reads an address back where there is one.
fn maybe_url(text: &Option<String>) -> Result<Option<Url>, String> {
    text.as_deref().map(url).transpose()
}

/// Writes an address where there is one.
fn text_of(url: &Option<Url>) -> Option<String> {
    url.as_ref().map(Url::to_string)
}

/// Writes addresses.
fn texts_of(urls: &[Url]) -> Vec<String> {
    urls.iter().map(Url::to_string).collect()
}

/// Reads a language back.
fn language(tag: &str) -> Result<Language, String> {
    Language::parse(tag).ok_or_else(|| format!("{tag:?} is no language"))
}

/// Reads a language back where there is one.
fn maybe_language(tag: &Option<String>) -> Result<Option<Language>, String> {
    tag.as_deref().map(language).transpose()
}

/// Writes a language where there is one.
fn tag_of(language: &Option<Language>) -> Option<String> {
    language.as_ref().map(|l| l.as_str().to_owned())
}
