//! What does a document say, before anything is believed? Strings as given, and the faults met on the way.

use serde::{Deserialize, Serialize};
use url::Url;

use super::{Enclosure, Language, Person, Timestamp};

/// A text with the form it was declared in (RFC 4287 §3.1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text {
    /// As given, entities of the XML layer resolved.
    pub value: String,
    /// Whether it is markup; otherwise every character stands for itself.
    pub html: bool,
    /// Base for the relative references in it (`xml:base`, RFC 4287 §2), where it differs from the document's.
    pub base: Option<Url>,
    /// `xml:lang` in force.
    pub language: Option<Language>,
}

/// Something wrong with a document that did not stop the reading of the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Byte offset in the decoded document, where known.
    pub offset: Option<u64>,
    /// What is wrong, for the person who configured the source.
    pub message: String,
}

/// The result of reading: never "ok" with nothing for a document that has entries.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// What the document says of itself.
    pub feed: RawFeed,
    /// Its entries, in document order.
    pub entries: Vec<RawEntry>,
    /// What was wrong and survived.
    pub faults: Vec<Fault>,
    /// Why it is no feed at all; then there are no entries.
    pub refused: Option<String>,
    /// Whether the document breaks off inside an entry: in XML the last of `entries`, in JSON one that is not there.
    pub cut_off: bool,
    /// Addresses of feeds that a refused document (a page) names (`link rel=alternate`).
    pub feeds: Vec<Url>,
}

/// The feed element or channel.
#[derive(Debug, Clone, Default)]
pub struct RawFeed {
    /// Format and version as found: `rss20`, `atom10`, `rss10`, `json11` …
    pub format: &'static str,
    /// Title.
    pub title: Text,
    /// Page of the feed, absolute.
    pub link: Option<String>,
    /// `rel=self`.
    pub self_link: Option<String>,
    /// atom:id.
    pub id: Option<String>,
    /// Subtitle or description.
    pub description: Text,
    /// Declared dates.
    pub updated: Option<Timestamp>,
    /// pubDate.
    pub published: Option<Timestamp>,
    /// Declared language.
    pub language: Option<Language>,
    /// Logo or image.
    pub image: Option<String>,
    /// Rights.
    pub rights: Option<String>,
    /// Generator: names the software (`Substack`, `https://wordpress.org/?v=6.8`).
    pub generator: Option<String>,
    /// Feed-level authors.
    pub authors: Vec<Person>,
    /// Categories.
    pub categories: Vec<String>,
    /// WebSub hubs.
    pub hubs: Vec<String>,
    /// `ttl` of RSS 2.0, in minutes.
    pub ttl_minutes: Option<u32>,
    /// `skipHours`, 0 to 23, UTC.
    pub skip_hours: Vec<u8>,
    /// `skipDays`, in English.
    pub skip_days: Vec<String>,
}

/// One item or entry.
#[derive(Debug, Clone, Default)]
pub struct RawEntry {
    /// guid or atom:id as given.
    pub id: Option<String>,
    /// RSS: whether the guid says that it is an address.
    pub id_is_permalink: bool,
    /// Title.
    pub title: Text,
    /// Absolute, otherwise as given.
    pub link: Option<String>,
    /// Declared dates.
    pub published: Option<Timestamp>,
    /// Declared dates.
    pub updated: Option<Timestamp>,
    /// Authors.
    pub authors: Vec<Person>,
    /// Contributors (Atom), translators.
    pub contributors: Vec<Person>,
    /// Summary or description.
    pub summary: Text,
    /// content:encoded, atom:content, content_html.
    pub content: Text,
    /// The whole text where the feed gives less, from an interface beside it (WordPress REST): it is compared, and
    /// republished no more than a page's.
    pub full: Text,
    /// Enclosures.
    pub enclosures: Vec<Enclosure>,
    /// Categories.
    pub categories: Vec<String>,
    /// Page of comments.
    pub comments: Option<String>,
    /// Rights.
    pub rights: Option<String>,
    /// `rel=license` (RFC 4946).
    pub license: Option<String>,
    /// Declared language.
    pub language: Option<Language>,
    /// Title of the feed it says it was taken from (`source`, `atom:source`): evidence, never authority.
    pub source_title: Option<String>,
    /// Address of that feed or its page.
    pub source_link: Option<String>,
    /// Links to versions in other languages (`rel=alternate hreflang`).
    pub alternates: Vec<(Language, String)>,
    /// `rel=via`, `rel=canonical`.
    pub via: Vec<String>,
    /// Lead image.
    pub image: Option<String>,
    /// Only a preview is public (paid posts).
    pub preview: bool,
    /// Whether the document broke off inside it.
    pub cut_off: CutOff,
}

/// Where in an entry a document broke off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CutOff {
    /// Nowhere: the entry is whole.
    #[default]
    No,
    /// Between two of its elements: some may be missing.
    Between,
    /// Inside one of them, which is half of what it was.
    Inside,
}
