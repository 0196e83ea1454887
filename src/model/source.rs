//! Where do entries come from, and how far is the place trusted?

use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

use super::{Ask, Document, Failure, Language, Purpose, Reading, SourceState};

/// The name a person gave to a source in `feeds.toml`. It is part of every entry's identity.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SourceId(pub String);

impl SourceId {
    /// The id as it stands in `feeds.toml`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a source publishes, as its reader says: this is trust, never derived from what the source itself claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Its entries, on its own hosts, are originals.
    Original,
    /// Its entries are translations or copies of works of others.
    Repost,
    /// Some of both.
    #[default]
    Mixed,
}

/// How much of a text may be republished, from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Content {
    /// Nothing but title and link.
    Link,
    /// A summary.
    Summary,
    /// No more than the source's own feed gives away.
    #[default]
    Feed,
    /// The full text, that of the page where it was fetched.
    Full,
}

impl Content {
    /// What may be republished, from what the source says (`[[source]] content`) and what the edition says: the
    /// one that speaks, the lesser where both do, [`Content::Feed`] where neither does.
    pub fn of(source: Option<Self>, edition: Option<Self>) -> Self {
        match (source, edition) {
            (Some(source), Some(edition)) => source.min(edition),
            (one, other) => one.or(other).unwrap_or_default(),
        }
    }
}

/// What becomes of posts of which only a preview is public.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Paid {
    /// Shown, and marked as a preview.
    #[default]
    Mark,
    /// Left out.
    Drop,
    /// Shown like any other.
    Keep,
}

/// One `[[source]]` of `feeds.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// Its name.
    pub id: SourceId,
    /// A site, a feed or a page.
    pub url: Url,
    /// Name of a kind of `sources::ALL`; `None`: found out.
    pub kind: Option<String>,
    /// How far it is trusted.
    pub role: Role,
    /// Language of its entries; `None`: found out for each.
    pub language: Option<Language>,
    /// Hosts beside that of `url` on which it is trusted to publish originals.
    pub hosts: Vec<String>,
    /// Earlier names of this source, whose entries it takes over.
    pub was: Vec<SourceId>,
    /// Author of entries that name none.
    pub author: Option<String>,
    /// Title to show in place of the feed's.
    pub title: Option<String>,
    /// Fetch the pages of entries: `None` where the feed has summaries only, else always or never.
    pub full_text: Option<bool>,
    /// How much of its texts may be republished, where it is said.
    pub content: Option<Content>,
    /// Whether its entries stand in editions at all; if not, they only help to recognise others.
    pub publish: bool,
    /// What becomes of previews of paid posts.
    pub paid: Paid,
    /// How many posts of the archive to read at the first poll.
    pub backfill: u32,
    /// Whether originals that its entries name may be fetched.
    pub references: bool,
    /// CSS selector of the article links of a listing (kind `page`).
    pub selector: Option<String>,
    /// Pattern of the article links' addresses (kind `page`).
    pub pattern: Option<String>,
    /// Request headers to add, for sites that want a key.
    pub headers: Vec<(String, String)>,
    /// Cron expression, where it differs from that of `[polling]`.
    pub schedule: Option<String>,
    /// How long its entries are kept that no edition shows, in seconds, where that differs from `[store] keep`.
    pub keep_s: Option<u64>,
}

impl Source {
    /// A source of which a person says no more than its address.
    pub fn new(id: SourceId, url: Url) -> Self {
        Self {
            id,
            url,
            kind: None,
            role: Role::default(),
            language: None,
            hosts: Vec::new(),
            was: Vec::new(),
            author: None,
            title: None,
            full_text: None,
            content: None,
            publish: true,
            paid: Paid::default(),
            backfill: 0,
            references: true,
            selector: None,
            pattern: None,
            headers: Vec::new(),
            schedule: None,
            keep_s: None,
        }
    }

    /// Whether the source is trusted to publish originals at this address: `role = "original"`, and its own host
    /// or one of `hosts`.
    pub fn is_trusted_for(&self, link: &Url) -> bool {
        let bare = |host: &str| host.trim_start_matches("www.").to_ascii_lowercase();
        let Some(host) = link.host_str().map(bare) else { return false };
        self.role == Role::Original
            && (self.url.host_str().map(bare).as_ref() == Some(&host) || self.hosts.iter().any(|h| bare(h) == host))
    }
}

/// A publication that is not configured, of which originals were fetched because reposts name them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// What it calls itself; its host where it says nothing.
    pub title: String,
    /// Its address.
    pub home: Url,
    /// Stories that have their original from there.
    pub stories: usize,
    /// The `[[source]]` block that a person can paste to follow it.
    pub block: String,
}

/// A kind of source: how it is recognised, what is asked of it, how the answers are read.
///
/// Plain functions: a kind is handed no client, store or clock, so it has nothing to do I/O with.
#[derive(Clone, Copy)]
pub struct SourceKind {
    /// Its name in `feeds.toml`.
    pub name: &'static str,
    /// Whether this document (the answer at the source's address) is of this kind.
    pub recognises: fn(&Document) -> bool,
    /// The addresses of the feed to try in order, given the source's address and the document found there, if any.
    pub feeds: fn(&Source, Option<&Document>) -> Vec<Url>,
    /// What the feed is asked for as: a kind that reads pages obeys robots.txt.
    pub purpose: Purpose,
    /// Reads the document at such an address.
    pub read: fn(&Source, &Document) -> Reading,
    /// What else to ask once the feed was read: an archive, full texts, a sitemap.
    pub more: fn(&Source, &SourceState, &Reading) -> Vec<Ask>,
    /// Takes the answer to such a further question into the reading; returns what to ask because of it.
    pub take: Take,
}

/// How a kind takes an answer into the reading: `(source, state, reading so far, what was asked, the answer)`.
pub type Take = fn(&Source, &mut SourceState, &mut Reading, &Ask, Result<&Document, &Failure>) -> Vec<Ask>;
