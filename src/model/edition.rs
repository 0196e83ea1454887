//! What does a subscriber see? Stories, each once, in the language its reader prefers.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use url::Url;

use super::source::{Content, Paid};
use super::{Enclosure, EntryId, Language, MemberRole, Person, Role, SourceId, StoryId, Timestamp};

/// Which stories stand in an edition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Include {
    /// All.
    #[default]
    All,
    /// Stories whose shown version is the original.
    Originals,
    /// Stories whose shown version is a translation.
    Translations,
    /// Stories with no version in the first language: what a translator looks for.
    Untranslated,
}

impl Include {
    /// Its word in `feeds.toml` and in addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Originals => "originals",
            Self::Translations => "translations",
            Self::Untranslated => "untranslated",
        }
    }
}

/// When a story comes up again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Bump {
    /// It keeps its place.
    #[default]
    Never,
    /// A version in the first language moves it to the top.
    Translation,
}

/// One `[[edition]]` of `feeds.toml`, or one asked for by query parameters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EditionSpec {
    /// Its name in addresses.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Languages in order of preference; empty: any, the original first.
    pub languages: Vec<Language>,
    /// Whether a story that has none of `languages` is shown too (`"*"` in the list, or an empty list).
    pub any_language: bool,
    /// Which stories.
    pub include: Include,
    /// Only these sources; empty: all.
    pub sources: Vec<SourceId>,
    /// Only these authors; empty: all.
    pub authors: Vec<String>,
    /// Only stories that one of these regular expressions finds (title, author, text).
    pub keep: Vec<String>,
    /// No story that one of these finds.
    pub block: Vec<String>,
    /// How much of a text is republished, where the edition says so; see [`Content::of`].
    pub content: Option<Content>,
    /// How many stories at the most; those of the last hour stand whatever it says.
    pub limit: usize,
    /// How long to wait for a version in the first language, in seconds.
    pub hold_s: u64,
    /// When a story comes up again.
    pub bump: Bump,
    /// Whether the line that names the other versions stands under the text.
    pub footer: bool,
}

impl EditionSpec {
    /// An edition of all stories, the original of each shown, 100 at the most.
    pub fn new(id: &str, title: &str) -> Self {
        Self {
            id: id.to_owned(),
            title: title.to_owned(),
            languages: Vec::new(),
            any_language: true,
            include: Include::All,
            sources: Vec::new(),
            authors: Vec::new(),
            keep: Vec::new(),
            block: Vec::new(),
            content: None,
            limit: 100,
            hold_s: 0,
            bump: Bump::Never,
            footer: true,
        }
    }
}

/// What an edition needs to know of a source: whom it names, and what it may republish of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceCard {
    /// Its name in `feeds.toml`.
    pub id: SourceId,
    /// Its title, as text.
    pub title: String,
    /// Its page.
    pub link: Option<Url>,
    /// Address of its feed.
    pub feed: Option<Url>,
    /// The feed's own `atom:id`, where it has one.
    pub feed_id: Option<String>,
    /// When its first entries came: what it had by then is an archive, no news.
    pub since: Option<Timestamp>,
    /// Its usual language.
    pub language: Option<Language>,
    /// Its rights, as text.
    pub rights: Option<String>,
    /// Date of its newest entry, as the feed says or as we saw.
    pub updated: Option<Timestamp>,
    /// How far it is trusted.
    pub role: Role,
    /// How much of its texts may be republished, where `feeds.toml` says so.
    pub content: Option<Content>,
    /// Whether its entries stand in editions at all.
    pub publish: bool,
    /// What becomes of previews of paid posts.
    pub paid: Paid,
}

/// What all editions share: where they stand, which hubs they tell, and whom they are made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Planet {
    /// What self links and page links are built on.
    pub public_url: Url,
    /// WebSub hubs.
    pub hubs: Vec<Url>,
    /// The configured sources; an entry of any other is linked, never shown.
    pub sources: BTreeMap<SourceId, Arc<SourceCard>>,
}

/// One version of a work, as a reader may be shown it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Version {
    /// The entry.
    pub entry: EntryId,
    /// What it is in its story.
    pub role: MemberRole,
    /// Its page.
    pub link: Option<Url>,
    /// Its title, as text.
    pub title: String,
    /// Its language.
    pub language: Option<Language>,
    /// The source it was seen in.
    pub source: Arc<SourceCard>,
    /// When it was published.
    pub published: Option<Timestamp>,
    /// Share of the head's text that it covers, 0 to 1.
    pub coverage: f32,
    /// Whether it is an alternate of its own (at most one for each language), or folded behind one.
    pub listed: bool,
}

/// One story in an edition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// The story's published id.
    pub story: StoryId,
    /// The shown version.
    pub shown: Version,
    /// All versions, the shown one too: the original first, then by date.
    pub versions: Vec<Version>,
    /// Authors of the work; never empty (RFC 4287 §4.1.2: the source stands in for an author that is not named).
    pub authors: Vec<Person>,
    /// Translators and other contributors of the shown version.
    pub contributors: Vec<Person>,
    /// Clean HTML to republish, as the policy allows it, footer included.
    pub content: Option<String>,
    /// Summary, as clean HTML; the footer stands in it where there is no content.
    pub summary: Option<String>,
    /// The date it has for readers: that of the version first shown, or of the bump.
    pub published: Timestamp,
    /// When what a reader of this edition sees last changed.
    pub updated: Timestamp,
    /// Categories of the shown version.
    pub categories: Vec<String>,
    /// Its attached files.
    pub enclosures: Vec<Enclosure>,
    /// Its lead image.
    pub image: Option<Url>,
    /// Its rights.
    pub rights: Option<String>,
    /// Its licence (RFC 4946).
    pub license: Option<Url>,
    /// Its page of comments.
    pub comments: Option<Url>,
    /// Where the shown version was found (`rel=via`): its source's feed.
    pub via: Option<Url>,
    /// Only a preview of it is public.
    pub preview: bool,
    /// The page that explains the story.
    pub page: Url,
}

/// What an edition last showed of a story: kept in the store for each pair of the two, so that nothing flips.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The version shown.
    pub entry: EntryId,
    /// Hash of all that a reader of the edition sees.
    pub hash: u64,
    /// The date it has for readers.
    pub published: Timestamp,
    /// When `hash` last moved.
    pub updated: Timestamp,
}

/// A story that is gone from its id (RFC 6721).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tombstone {
    /// The id that is gone.
    pub story: StoryId,
    /// The story that it is part of now.
    pub into: Option<StoryId>,
    /// Since when.
    pub when: Timestamp,
}

/// What one feed publishes: the same in every format.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Edition {
    /// Its name in addresses.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Stem of its addresses (`http://127.0.0.1:8080/main`); a format adds its ending.
    pub stem: Url,
    /// Query of its addresses, where it was asked for by parameters.
    pub query: Option<String>,
    /// The page of the planet.
    pub home: Url,
    /// Its first language, where it has one.
    pub language: Option<Language>,
    /// The newest date of its items and tombstones; the Unix epoch where it has none.
    pub updated: Timestamp,
    /// The stories, newest first.
    pub items: Vec<Item>,
    /// Stories that went since the oldest item.
    pub tombstones: Vec<Tombstone>,
    /// WebSub hubs to name.
    pub hubs: Vec<Url>,
    /// The sources it is made of.
    pub sources: Vec<Arc<SourceCard>>,
}

impl Edition {
    /// Its address in the format with this ending: what `rel=self` says.
    pub fn address(&self, ending: &str) -> String {
        let query = self.query.as_ref().map(|q| format!("?{q}")).unwrap_or_default();
        format!("{}.{ending}{query}", self.stem)
    }
}

/// A format that an edition is published in: one file of `formats/`.
#[derive(Clone, Copy)]
pub struct Format {
    /// Ending of its addresses: `atom`.
    pub ending: &'static str,
    /// Media type, with charset.
    pub media_type: &'static str,
    /// The bytes: a pure function of the edition.
    pub render: fn(&Edition) -> Vec<u8>,
}
