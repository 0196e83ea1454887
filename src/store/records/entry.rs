//! In which form are entries, their texts and the queue of their pages stored?

use serde::{Deserialize, Serialize};

use super::{Id, Job, Millis, Stored, language, maybe_language, maybe_url, tag_of, text_of, texts_of, url, urls};
use crate::model::{Body, Enclosure, Entry, EntryId, Page, Person, SourceId};
use crate::store::codec::Record;

/// An author or contributor.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PersonForm {
    name: String,
    email: Option<String>,
    uri: Option<String>,
}

impl From<&Person> for PersonForm {
    fn from(p: &Person) -> Self {
        Self { name: p.name.clone(), email: p.email.clone(), uri: p.uri.clone() }
    }
}

impl From<PersonForm> for Person {
    fn from(p: PersonForm) -> Self {
        Self { name: p.name, email: p.email, uri: p.uri }
    }
}

/// An attached file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EnclosureForm {
    url: String,
    media_type: Option<String>,
    length: Option<u64>,
}

/// An entry without its texts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EntryRecord {
    id: Id,
    source: String,
    key: String,
    guid: Option<String>,
    link: Option<String>,
    title: String,
    authors: Vec<PersonForm>,
    contributors: Vec<PersonForm>,
    language: Option<String>,
    published: Option<Millis>,
    updated: Option<Millis>,
    first_seen: Millis,
    revised: Option<Millis>,
    revision: u64,
    categories: Vec<String>,
    enclosures: Vec<EnclosureForm>,
    comments: Option<String>,
    rights: Option<String>,
    license: Option<String>,
    image: Option<String>,
    claimed_source: Option<String>,
    alternates: Vec<(String, String)>,
    via: Vec<String>,
    preview: bool,
    reference: bool,
    language_confidence: f32,
}

impl Record for EntryRecord {
    const KIND: &'static str = "entry";
    const VERSION: u8 = 2;

    /// The first version ended before the confidence: its languages count as declared.
    fn migrate(version: u8, bytes: &[u8]) -> Result<Self, String> {
        let now = [bytes, &1.0_f32.to_le_bytes()].concat();
        match version {
            1 => postcard::from_bytes(&now).map_err(|e| e.to_string()),
            _ => Err(format!("version {version} was never written")),
        }
    }
}

/// The body is left out: it is a record of its own.
impl Stored for Entry {
    type Form = EntryRecord;

    fn form(&self) -> EntryRecord {
        let people = |people: &[Person]| people.iter().map(PersonForm::from).collect();
        let enclosure =
            |e: &Enclosure| EnclosureForm { url: e.url.clone(), media_type: e.media_type.clone(), length: e.length };
        EntryRecord {
            id: self.id.0.into(),
            source: self.source.0.clone(),
            key: self.key.clone(),
            guid: self.guid.clone(),
            link: text_of(&self.link),
            title: self.title.clone(),
            authors: people(&self.authors),
            contributors: people(&self.contributors),
            language: tag_of(&self.language),
            published: self.published.map(Millis::from),
            updated: self.updated.map(Millis::from),
            first_seen: self.first_seen.into(),
            revised: self.revised.map(Millis::from),
            revision: self.revision,
            categories: self.categories.clone(),
            enclosures: self.enclosures.iter().map(enclosure).collect(),
            comments: text_of(&self.comments),
            rights: self.rights.clone(),
            license: text_of(&self.license),
            image: text_of(&self.image),
            claimed_source: self.claimed_source.clone(),
            alternates: self.alternates.iter().map(|(l, u)| (l.as_str().to_owned(), u.to_string())).collect(),
            via: texts_of(&self.via),
            preview: self.preview,
            reference: self.reference,
            language_confidence: self.language_confidence,
        }
    }

    fn of(form: EntryRecord) -> Result<Self, String> {
        let enclosure = |e: EnclosureForm| Enclosure { url: e.url, media_type: e.media_type, length: e.length };
        let alternates = form.alternates.iter().map(|(l, u)| Ok((language(l)?, url(u)?)));
        Ok(Self {
            id: EntryId(form.id.into()),
            source: SourceId(form.source),
            key: form.key,
            guid: form.guid,
            link: maybe_url(&form.link)?,
            title: form.title,
            authors: form.authors.into_iter().map(Person::from).collect(),
            contributors: form.contributors.into_iter().map(Person::from).collect(),
            language: maybe_language(&form.language)?,
            published: Millis::maybe(form.published)?,
            updated: Millis::maybe(form.updated)?,
            first_seen: form.first_seen.time()?,
            revised: Millis::maybe(form.revised)?,
            revision: form.revision,
            body: Body::default(),
            categories: form.categories,
            enclosures: form.enclosures.into_iter().map(enclosure).collect(),
            comments: maybe_url(&form.comments)?,
            rights: form.rights,
            license: maybe_url(&form.license)?,
            image: maybe_url(&form.image)?,
            claimed_source: form.claimed_source,
            alternates: alternates.collect::<Result<_, String>>()?,
            via: urls(&form.via)?,
            preview: form.preview,
            reference: form.reference,
            language_confidence: form.language_confidence,
        })
    }
}

/// What a page told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PageForm {
    html: String,
    title: Option<String>,
    byline: Option<String>,
    language: Option<String>,
    canonical: Option<String>,
    alternates: Vec<(String, String)>,
    images: Vec<String>,
    site: Option<String>,
    published: Option<Millis>,
}

/// The texts of an entry, compressed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BodyRecord {
    summary: Option<String>,
    content: Option<String>,
    page: Option<PageForm>,
}

impl Record for BodyRecord {
    const KIND: &'static str = "body";
    const VERSION: u8 = 1;
    const PACKED: bool = true;
}

impl Stored for Body {
    type Form = BodyRecord;

    fn form(&self) -> BodyRecord {
        let page = |page: &Page| PageForm {
            html: page.html.clone(),
            title: page.title.clone(),
            byline: page.byline.clone(),
            language: tag_of(&page.language),
            canonical: text_of(&page.canonical),
            alternates: page.alternates.iter().map(|(l, u)| (l.as_str().to_owned(), u.to_string())).collect(),
            images: texts_of(&page.images),
            site: page.site.clone(),
            published: page.published.map(Millis::from),
        };
        BodyRecord { summary: self.summary.clone(), content: self.content.clone(), page: self.page.as_ref().map(page) }
    }

    fn of(form: BodyRecord) -> Result<Self, String> {
        let page = |page: PageForm| {
            let alternates = page.alternates.iter().map(|(l, u)| Ok((language(l)?, url(u)?)));
            Ok::<_, String>(Page {
                title: page.title,
                byline: page.byline,
                language: maybe_language(&page.language)?,
                canonical: maybe_url(&page.canonical)?,
                alternates: alternates.collect::<Result<_, String>>()?,
                images: urls(&page.images)?,
                site: page.site,
                published: Millis::maybe(page.published)?,
                html: page.html,
            })
        };
        Ok(Self { summary: form.summary, content: form.content, page: form.page.map(page).transpose()? })
    }
}

/// What is kept of a text for comparing it: whatever `matching` makes of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProfileRecord(pub Vec<u8>);

impl Record for ProfileRecord {
    const KIND: &'static str = "profile";
    const VERSION: u8 = 1;
    const PACKED: bool = true;
}

/// What is kept of a source between two polls, as JSON: its fields come and go, and what is missing has a default.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StateRecord(pub String);

impl Record for StateRecord {
    const KIND: &'static str = "state of a source";
    const VERSION: u8 = 1;
}

/// A page to be fetched.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct JobRecord {
    entry: Id,
    url: String,
    due: Millis,
    attempts: u32,
    queued: Millis,
    reference: bool,
    revision: u64,
}

impl Record for JobRecord {
    const KIND: &'static str = "page to fetch";
    const VERSION: u8 = 1;
}

impl Stored for Job {
    type Form = JobRecord;

    fn form(&self) -> JobRecord {
        JobRecord {
            entry: self.entry.0.into(),
            url: self.url.to_string(),
            due: self.due.into(),
            attempts: self.attempts,
            queued: self.queued.into(),
            reference: self.reference,
            revision: self.revision,
        }
    }

    fn of(form: JobRecord) -> Result<Self, String> {
        Ok(Self {
            entry: EntryId(form.entry.into()),
            url: url(&form.url)?,
            due: form.due.time()?,
            attempts: form.attempts,
            queued: form.queued.time()?,
            reference: form.reference,
            revision: form.revision,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::codec::{decode, encode};

    #[test]
    fn an_entry_of_the_first_version_is_read_and_its_language_counts_as_declared() {
        let source = SourceId("source".to_owned());
        let line = serde_json::json!({ "doc_id": "one", "lang": "it", "text": "" });
        let line: crate::matching::archive::Line = serde_json::from_value(line).expect("a line");
        let mut entry = line.entry();
        (entry.source, entry.language_confidence, entry.body) = (source, 0.5, Body::default());
        let now = encode(&entry.form()).expect("encoded");
        let mut first = now[..now.len() - 4].to_vec();
        first[0] = 1;
        let read = Entry::of(decode(b"", &first).expect("migrated")).expect("an entry");
        assert_eq!(read, Entry { language_confidence: 1.0, ..entry });
    }
}
