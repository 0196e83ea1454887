//! What is one entry of one source, once cleaned? Its identity is (configured source, key), never a bare guid.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;

use super::{Language, SourceId, Timestamp};

/// Namespace of all ids we publish: the version 5 UUID (RFC 9562 §5.5) of `tributary` in the nil namespace.
/// A constant: no id depends on `public_url`, on the machine or on the order of arrival.
pub const NAMESPACE: Uuid = Uuid::from_u128(0x587d_a5f8_b658_5fee_b5b1_e861_d609_a939);

/// The identity of an entry: a version 5 UUID of its source's id and its key in that source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EntryId(pub Uuid);

impl EntryId {
    /// The id of the entry that `source` knows by `key` (see `normalise::identity` for what a key is).
    pub fn new(source: &SourceId, key: &str) -> Self {
        // Neither part can hold a NUL (ids are slugs, keys are cleaned), so the pair is unambiguous.
        Self(Uuid::new_v5(&NAMESPACE, format!("{source}\0{key}").as_bytes()))
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "urn:uuid:{}", self.0)
    }
}

impl FromStr for EntryId {
    type Err = uuid::Error;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Uuid::parse_str(s.trim()).map(Self)
    }
}

/// An author, a translator: any of the three can be missing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Person {
    /// Name, as text.
    pub name: String,
    /// E-mail address.
    pub email: Option<String>,
    /// Home page.
    pub uri: Option<String>,
}

/// An attached file (RSS 2.0 `enclosure`, RFC 4287 §4.2.7.2 `rel=enclosure`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Enclosure {
    /// Absolute address.
    pub url: String,
    /// Media type.
    pub media_type: Option<String>,
    /// Length in bytes, as claimed.
    pub length: Option<u64>,
}

/// What the entry's own page told, beyond the feed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Page {
    /// Clean HTML of the article, boilerplate removed, its last links kept.
    pub html: String,
    /// Title of the article.
    pub title: Option<String>,
    /// Byline as shown.
    pub byline: Option<String>,
    /// Declared language (`html lang`, `og:locale`).
    pub language: Option<Language>,
    /// `rel=canonical`: evidence, never authority.
    pub canonical: Option<Url>,
    /// `rel=alternate hreflang`.
    pub alternates: Vec<(Language, Url)>,
    /// Lead image (`og:image`) and images of the body, absolute.
    pub images: Vec<Url>,
    /// Name of the site.
    pub site: Option<String>,
    /// Date of publication as declared by the page.
    pub published: Option<Timestamp>,
}

/// The texts of an entry: large, so kept apart from the rest wherever entries are stored or scanned.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Body {
    /// Clean HTML of the feed's summary.
    pub summary: Option<String>,
    /// Clean HTML of the feed's content.
    pub content: Option<String>,
    /// What its page told; `None` while it was not fetched.
    pub page: Option<Page>,
}

impl Body {
    /// The longest text known, as clean HTML: what is compared.
    pub fn fullest(&self) -> &str {
        let page = self.page.as_ref().map(|p| p.html.as_str());
        let given = self.given();
        match page {
            Some(page) if page.len() >= given.len() => page,
            _ => given,
        }
    }

    /// The text that the feed itself gave away: what may be republished by default.
    pub fn given(&self) -> &str {
        self.content.as_deref().filter(|c| !c.is_empty()).or(self.summary.as_deref()).unwrap_or_default()
    }
}

/// One entry of one source: clean text, canonical links, language, dates, identity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its identity, for life.
    pub id: EntryId,
    /// Where it was seen.
    pub source: SourceId,
    /// The rung of the identity ladder that names it in its source: `guid:…`, `link:…`, `text:…`.
    pub key: String,
    /// guid or atom:id as given.
    pub guid: Option<String>,
    /// Its page: absolute, tracking parameters stripped.
    pub link: Option<Url>,
    /// Title, as text.
    pub title: String,
    /// Authors, as text; empty where none is named.
    pub authors: Vec<Person>,
    /// Translators and other contributors.
    pub contributors: Vec<Person>,
    /// Declared language, else found in the text, else unknown.
    pub language: Option<Language>,
    /// How sure the language is, 0 to 1: 1 if the entry, its text or `feeds.toml` declares it.
    pub language_confidence: f32,
    /// When it says it was published; never later than `first_seen` plus 10 minutes.
    pub published: Option<Timestamp>,
    /// When it says it was changed; clamped likewise.
    pub updated: Option<Timestamp>,
    /// When we saw it first.
    pub first_seen: Timestamp,
    /// When we last saw its text change.
    pub revised: Option<Timestamp>,
    /// Hash of what a reader would see: what a poll compares.
    pub revision: u64,
    /// Its texts.
    pub body: Body,
    /// Categories, as text.
    pub categories: Vec<String>,
    /// Attached files.
    pub enclosures: Vec<Enclosure>,
    /// Page of comments.
    pub comments: Option<Url>,
    /// Rights, as text.
    pub rights: Option<String>,
    /// `rel=license` (RFC 4946).
    pub license: Option<Url>,
    /// Lead image.
    pub image: Option<Url>,
    /// Feed it says it was taken from: evidence, never authority.
    pub claimed_source: Option<String>,
    /// Links to versions in other languages, as claimed.
    pub alternates: Vec<(Language, Url)>,
    /// `rel=via` and `rel=canonical` as claimed.
    pub via: Vec<Url>,
    /// Only a preview is public.
    pub preview: bool,
    /// Fetched because a repost names it as its original; its source is not configured.
    pub reference: bool,
}

impl Entry {
    /// The date to sort by: published, else first seen.
    pub fn date(&self) -> Timestamp {
        self.published.unwrap_or(self.first_seen)
    }
}

/// What tells an entry from others of its source (`normalise/identity.rs`): all that is remembered of one that was removed
/// because it is old, so that a feed that still gives it brings nothing new. Some hundred bytes, where an essay has ten
/// thousand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
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

impl From<&Entry> for Known {
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
