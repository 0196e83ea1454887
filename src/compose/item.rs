//! What does a reader see of one story?

use std::sync::Arc;

use url::Url;

use crate::model::edition::Version;
use crate::model::source::{Content, Paid};
use crate::model::{
    EditionSpec, Entry, Item, Language, Member, MemberRole, Person, Planet, Role, Shown, SourceCard, StoryId,
    Timestamp, html,
};

use super::choice::Showable;
use super::content::allowed;
use super::footer::footer;
use super::{Candidate, Stock, Work};

/// Characters of a title made of the text, for entries that have none: what a reader's list shows in one line.
const TITLE_CHARS: usize = 80;

/// Characters of a title: the longest in use, such as those of papers, have some 300.
const TITLE_CHARS_MAX: usize = 1_000;

/// The item, and the record of it.
pub(super) fn item(
    spec: &EditionSpec,
    candidate: &Candidate,
    v: &Showable<'_>,
    stock: &Stock<'_>,
    now: Timestamp,
) -> (Item, Shown) {
    let work = &candidate.work;
    let (entry, body) = (v.entry, (stock.body)(v.entry));
    let policy = Content::of(v.card.content, spec.content);
    let (mut content, mut summary) = allowed(policy, &body);
    let versions = versions(work, v, stock.planet);
    let mut shown = version(v.member, entry, v.card, true);
    if shown.title.trim().is_empty() {
        let text = if policy == Content::Link { "" } else { body.given() };
        shown.title = Some(html::excerpt(text, TITLE_CHARS)).filter(|t| !t.is_empty()).unwrap_or(v.card.title.clone());
    }
    let preview = entry.preview && v.card.paid == Paid::Mark;
    if spec.footer {
        let language = spec.languages.first().or(entry.language.as_ref());
        if let Some(line) = footer(&shown, &versions, preview, language) {
            content.as_mut().unwrap_or_else(|| summary.get_or_insert_default()).push_str(&line);
        }
    }
    let (authors, contributors) = people(work, v.entry);
    let mut item = Item {
        story: work.story.id,
        versions,
        authors: if authors.is_empty() { vec![stand_in(v.card)] } else { authors },
        contributors,
        content,
        summary,
        published: candidate.published,
        updated: candidate.published,
        categories: entry.categories.clone(),
        enclosures: entry.enclosures.clone(),
        image: entry.image.clone(),
        rights: entry.rights.clone().or_else(|| v.card.rights.clone()),
        license: entry.license.clone(),
        comments: entry.comments.clone(),
        via: v.card.feed.clone().or_else(|| v.card.link.clone()),
        preview,
        page: page(stock.planet, work.story.id),
        shown,
    };
    let hash = hash(&item);
    item.updated = match &candidate.shown {
        Some(last) if last.hash == hash => last.updated,
        Some(last) => now.max(last.updated),
        None => changed(work, v, &item).min(now.max(item.published)),
    };
    item.updated = item.updated.max(item.published);
    let record = Shown { entry: entry.id, hash, published: item.published, updated: item.updated };
    (item, record)
}

/// When what is seen last changed, as far as the entries tell: the text's own dates, and the joining of the versions
/// that are named beside it. What an edition without records says.
fn changed(work: &Work, v: &Showable<'_>, item: &Item) -> Timestamp {
    let listed = |m: &&Member| item.versions.iter().any(|other| other.entry == m.entry && other.entry != v.entry.id);
    let joined = work.story.members.iter().filter(listed).map(|m| m.joined);
    let own = [Some(v.entry.date()), v.entry.updated, v.entry.revised].into_iter().flatten();
    own.chain(joined).max().unwrap_or(item.published)
}

/// The page that explains a story.
fn page(planet: &Planet, story: StoryId) -> Url {
    join(&planet.public_url, &format!("story/{}", story.0))
}

/// An address below the planet's, which may have a path of its own.
pub(super) fn join(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url
}

/// The authors of the work, and who had a hand in the shown version beside them. The byline of a repost names who
/// translated or posted it: that is no author of the work.
pub fn people(work: &Work, shown: &Entry) -> (Vec<Person>, Vec<Person>) {
    // A name that shows nothing names nobody.
    let is_name = |p: &&Person| p.name.chars().any(|c| !c.is_whitespace() && !c.is_control());
    let named = |entry: &Entry| entry.authors.iter().filter(is_name).cloned().collect::<Vec<_>>();
    let original = work.story.original.and_then(|id| work.entry(id)).map(named).filter(|names| !names.is_empty());
    let authors = original.unwrap_or_else(|| named(shown));
    let is_named = |people: &[Person], p: &Person| people.iter().any(|a| same_name(&a.name, &p.name));
    let mut contributors: Vec<Person> = Vec::new();
    for person in shown.contributors.iter().chain(&shown.authors).filter(is_name) {
        if !is_named(&authors, person) && !is_named(&contributors, person) {
            contributors.push(person.clone());
        }
    }
    (authors, contributors)
}

fn same_name(a: &str, b: &str) -> bool {
    let words = |name: &str| name.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>();
    words(a) == words(b)
}

/// RFC 4287 §4.1.2 wants an author: the source, where none is named.
fn stand_in(card: &SourceCard) -> Person {
    Person { name: card.title.clone(), email: None, uri: card.link.as_ref().map(Url::to_string) }
}

/// All versions that may be named, the original first, then by date; at most one of a language is listed, the shown
/// one before all others (RFC 4287 §4.1.1: no two alternates of one type and hreflang).
fn versions(work: &Work, v: &Showable<'_>, planet: &Planet) -> Vec<Version> {
    let mut found: Vec<Version> = Vec::new();
    for (member, entry) in work.versions() {
        let card = match planet.sources.get(&entry.source) {
            Some(card) if card.publish => card.clone(),
            None if entry.reference => Arc::new(stranger(entry)),
            // Kept to itself, or no longer configured.
            _ => continue,
        };
        found.push(version(member, entry, &card, entry.id == v.entry.id));
    }
    let by_age = |version: &Version| (version.role != MemberRole::Original, version.published, version.entry);
    found.sort_by_key(by_age);
    let mut taken: Vec<Option<Language>> = vec![v.entry.language.clone()];
    for version in &mut found {
        let listed = work.story.members.iter().any(|m| m.entry == version.entry && m.listed);
        if !version.listed && listed && version.link.is_some() && !taken.contains(&version.language) {
            version.listed = true;
            taken.push(version.language.clone());
        }
    }
    found
}

fn version(member: &Member, entry: &Entry, card: &Arc<SourceCard>, listed: bool) -> Version {
    Version {
        entry: entry.id,
        role: member.role,
        link: entry.link.clone(),
        title: brief(&entry.title),
        language: entry.language.clone(),
        source: card.clone(),
        published: entry.published,
        coverage: member.coverage,
        listed,
    }
}

/// A title as long as titles are: one of a megabyte, which has been sent, would stand in every list and link.
fn brief(title: &str) -> String {
    match title.char_indices().nth(TITLE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &title[..end]),
        None => title.to_owned(),
    }
}

/// The card of a source that is not configured: an original that was fetched because a repost names it.
pub fn stranger(entry: &Entry) -> SourceCard {
    let host = entry.link.as_ref().and_then(Url::host_str).unwrap_or_default();
    SourceCard {
        id: entry.source.clone(),
        title: entry.claimed_source.clone().unwrap_or_else(|| host.to_owned()),
        link: None,
        feed: None,
        feed_id: None,
        since: None,
        language: entry.language.clone(),
        rights: None,
        updated: None,
        role: Role::Mixed,
        content: Some(Content::Link),
        publish: false,
        paid: Paid::Mark,
    }
}

/// Of all that a reader sees of an item. Not of the names of sources, nor of our own addresses: a source that
/// renames itself, or a planet that moves, makes no entry new.
fn hash(item: &Item) -> u64 {
    let mut hash = Fnv::new();
    let url = |u: &Option<Url>| u.as_ref().map(Url::to_string).unwrap_or_default();
    hash.part(&item.shown.title);
    hash.part(&url(&item.shown.link));
    hash.part(item.shown.language.as_ref().map_or("", Language::as_str));
    hash.part(item.content.as_deref().unwrap_or_default());
    hash.part(item.summary.as_deref().unwrap_or_default());
    for person in item.authors.iter().chain(&item.contributors) {
        hash.part(&person.name);
    }
    for version in &item.versions {
        hash.part(&url(&version.link));
        hash.part(&version.title);
        hash.part(if version.listed { "alternate" } else { "related" });
    }
    item.categories.iter().for_each(|c| hash.part(c));
    item.enclosures.iter().for_each(|e| hash.part(&e.url));
    for part in [url(&item.image), url(&item.license), url(&item.comments)] {
        hash.part(&part);
    }
    hash.part(item.rights.as_deref().unwrap_or_default());
    hash.0
}

/// FNV-1a, 64 bits (draft-eastlake-fnv): stored, so it must never change, as the hashers of std may.
struct Fnv(u64);

impl Fnv {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Adds a part and its end, so that no two lists of parts run together.
    fn part(&mut self, text: &str) {
        for byte in text.bytes().chain([0xff]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
