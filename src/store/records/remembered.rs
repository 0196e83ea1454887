//! In which form is it remembered that an entry was here?

use serde::{Deserialize, Serialize};
use url::Url;

use super::{Id, Millis, Stored, maybe_url, text_of};
use crate::model::{Entry, EntryId, Timestamp};
use crate::store::codec::Record;

/// What stays of an entry that was removed because it is old: what tells it from others, so that a feed that still
/// gives it brings nothing new. Some hundred bytes, where an essay has ten thousand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// Its id.
    pub id: EntryId,
    /// Its key.
    pub key: String,
    /// Its guid as given.
    pub guid: Option<String>,
    /// Its page.
    pub link: Option<Url>,
    /// Its title.
    pub title: String,
    /// Its date.
    pub published: Option<Timestamp>,
    /// Hash of what it said last.
    pub revision: u64,
}

impl From<&Entry> for Remembered {
    fn from(entry: &Entry) -> Self {
        Self {
            id: entry.id,
            key: entry.key.clone(),
            guid: entry.guid.clone(),
            link: entry.link.clone(),
            title: entry.title.clone(),
            published: entry.published,
            revision: entry.revision,
        }
    }
}

/// The form of [`Remembered`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RememberedRecord {
    id: Id,
    key: String,
    guid: Option<String>,
    link: Option<String>,
    title: String,
    published: Option<Millis>,
    revision: u64,
}

impl Record for RememberedRecord {
    const KIND: &'static str = "remembered entry";
    const VERSION: u8 = 1;
}

impl Stored for Remembered {
    type Form = RememberedRecord;

    fn form(&self) -> RememberedRecord {
        RememberedRecord {
            id: self.id.0.into(),
            key: self.key.clone(),
            guid: self.guid.clone(),
            link: text_of(&self.link),
            title: self.title.clone(),
            published: self.published.map(Millis::from),
            revision: self.revision,
        }
    }

    fn of(form: RememberedRecord) -> Result<Self, String> {
        Ok(Self {
            id: EntryId(form.id.into()),
            key: form.key,
            guid: form.guid,
            link: maybe_url(&form.link)?,
            title: form.title,
            published: Millis::maybe(form.published)?,
            revision: form.revision,
        })
    }
}
