//! In which form is it remembered that an entry was here?

use serde::{Deserialize, Serialize};

use super::{Id, Millis, Stored, maybe_url, text_of};
use crate::model::{EntryId, Known};
use crate::store::codec::Record;

/// The form of [`Known`], of an entry that was removed.
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

impl Stored for Known {
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
