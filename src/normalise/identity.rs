//! Which entry of the last poll is this one? The identity ladder.
//!
//! An entry is named by the first rung that holds; the others are its aliases, under which it is found again when
//! its source renames it.
//!
//! 1. `guid:` — the guid or atom:id. One that is an address counts without scheme, `www.` and tracking parameters:
//!    a site that moves from http to https keeps its entries. It does not hold where a document gives one guid to
//!    several different entries, or where it is the address of the whole feed.
//! 2. `link:` — the address of the page, likewise. It does not hold where several different entries share it, or
//!    where it is the feed's own page or the root of a site.
//! 3. `title:` — the title, where it is the only one of its wording in the document. A weak rung: "Links of the
//!    week" comes back.
//! 4. `text:` — title, date and text: an entry with nothing else to go by. If it is edited, it is another one.
//!
//! An alias finds a candidate; whether it is the same entry is then asked of both:
//!
//! - same guid: yes, unless link, title and date are all different (software that uses one guid over and over);
//! - same link: yes, unless the guids differ and neither title nor date agree (one page, ever new entries);
//! - same title: only if the date or the whole text agrees, or neither of the two ever had guid, link or date;
//! - same text: yes.
//!
//! So a feed that changes all its guids at once republishes nothing (link and title agree), one that changes guids
//! and links neither (title and date agree), and each known entry is taken by one entry of a document at most.

use std::collections::{HashMap, HashSet};

use url::Url;

use crate::model::{Entry, EntryId, Known, RawEntry, RawFeed, SourceId, Timestamp};

use super::{absolute, link, revision, text};

/// Bytes of a key. Longer guids are cut, and told apart by their hash.
const MAX_KEY: usize = 256;

/// Under which names an entry is known in its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The name that its id is made of (`Entry::key`): the best rung.
    pub key: String,
    /// All rungs that hold, the key among them, best first: to be stored, each leading to the entry.
    pub aliases: Vec<String>,
}

/// What became of one entry of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    /// Which of the document's entries it is.
    pub index: usize,
    /// Its id: the known one, or that of its key.
    pub id: EntryId,
    /// Its key (the known entry's, once it is known) and the aliases to store for it now.
    pub identity: Identity,
    /// The hash that the known entry had; `None` for a new one. Equal to `revision`: nothing changed.
    pub known_revision: Option<u64>,
    /// The hash that it has now.
    pub revision: u64,
}

impl Settled {
    /// Whether nothing that a reader sees has changed since the entry was stored.
    pub fn is_unchanged(&self) -> bool {
        self.known_revision == Some(self.revision)
    }

    /// Gives a freshly normalised entry the identity that it has.
    pub fn apply(&self, entry: &mut Entry) {
        entry.id = self.id;
        entry.key = self.identity.key.clone();
    }
}

/// The rungs of one entry.
#[derive(Debug, Clone)]
struct Rungs<'a> {
    guid: Option<String>,
    link: Option<String>,
    title: Option<String>,
    raw: &'a RawEntry,
}

impl Rungs<'_> {
    fn holding(&self) -> Vec<String> {
        let strong: Vec<String> = [&self.guid, &self.link, &self.title].into_iter().flatten().cloned().collect();
        if strong.is_empty() { vec![self.text()] } else { strong }
    }

    /// The last rung, which reads the whole text: few entries need it.
    fn text(&self) -> String {
        let title = text::line(&self.raw.title.value, self.raw.title.html);
        let date = self.raw.published.map_or(0, |date| date.timestamp()).to_string();
        let whole = revision::of_strings(&[&title, &date, &self.raw.summary.value, &self.raw.content.value]);
        format!("text:{whole:016x}")
    }
}

/// The identity that an entry has by itself, without the others of its document.
pub fn of(raw: &RawEntry, link: Option<&Url>, feed: &RawFeed) -> Identity {
    let aliases = rungs(raw, link, feed).holding();
    Identity { key: aliases.first().cloned().unwrap_or_default(), aliases }
}

fn rungs<'a>(raw: &'a RawEntry, link: Option<&Url>, feed: &RawFeed) -> Rungs<'a> {
    let page = feed.link.as_deref().and_then(|link| Url::parse(link).ok()).map(|page| link::key(&page));
    let is_own = |key: &str| page.as_deref() == Some(key) || !key.contains(['/', '?', '#']);
    let guid = raw.id.as_deref().map(guid_key).filter(|(key, address)| !(key.is_empty() || *address && is_own(key)));
    let link = link.map(link::key).filter(|key| !is_own(key));
    let title = text::line(&raw.title.value, raw.title.html);
    Rungs {
        guid: guid.map(|(key, _)| format!("guid:{}", short(key))),
        link: link.map(|key| format!("link:{}", short(key))),
        title: (!title.is_empty()).then(|| format!("title:{:016x}", revision::of_strings(&[&title]))),
        raw,
    }
}

/// A guid as a key, and whether it is an address.
fn guid_key(guid: &str) -> (String, bool) {
    let guid: String = guid.trim().chars().filter(|c| !c.is_control()).collect();
    match Url::parse(&guid) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => {
            // Of a guid, the fragment counts: it may be all that tells two entries of a page apart.
            let fragment = url.fragment().map(|fragment| format!("#{fragment}")).unwrap_or_default();
            let key = link::key(&url);
            (if key.ends_with(&fragment) { key } else { key + &fragment }, true)
        }
        _ => (guid, false),
    }
}

fn short(key: String) -> String {
    let key: String = key.chars().filter(|c| !c.is_control()).collect();
    if key.len() <= MAX_KEY {
        return key;
    }
    format!("{}…{:016x}", &key[..key.floor_char_boundary(MAX_KEY)], revision::of_strings(&[&key]))
}

/// One entry of the document on its way.
struct Claim<'a> {
    index: usize,
    rungs: Rungs<'a>,
    guid: Option<String>,
    link: Option<String>,
    title: String,
    published: Option<Timestamp>,
    revision: u64,
    found: Option<Known>,
}

/// Finds the stored entry of a source by an alias.
pub type Find<'a> = &'a dyn Fn(&str) -> Option<Known>;

/// Settles who is who for a whole document at once. There is no `known` where nothing of the source was ever
/// stored.
///
/// Entries that a document repeats are settled once. Nothing is cleaned for it: what `is_unchanged` needs no
/// `normalise`.
pub fn settle(
    raws: &[RawEntry],
    feed: &RawFeed,
    source: &SourceId,
    document: &Url,
    known: Option<Find<'_>>,
) -> Vec<Settled> {
    let mut claims: Vec<Claim<'_>> =
        raws.iter().enumerate().map(|(index, raw)| claim(index, raw, feed, document)).collect();
    drop_shared(&mut claims, |rungs| &mut rungs.guid);
    drop_shared(&mut claims, |rungs| &mut rungs.link);
    drop_shared_titles(&mut claims);
    let mut seen = HashSet::new();
    claims.retain(|claim| seen.insert((claim.rungs.holding().swap_remove(0), claim.title.clone())));
    if let Some(known) = known {
        find_known(&mut claims, known);
    }
    name_all(claims, source, known)
}

fn claim<'a>(index: usize, raw: &'a RawEntry, feed: &RawFeed, document: &Url) -> Claim<'a> {
    let link = raw.link.as_deref().and_then(|link| absolute(link, document)).map(|link| link::canonical(&link));
    Claim {
        index,
        rungs: rungs(raw, link.as_ref(), feed),
        guid: raw.id.as_deref().map(|guid| guid_key(guid).0),
        link: link.as_ref().map(link::key),
        title: text::line(&raw.title.value, raw.title.html),
        published: raw.published,
        revision: revision(raw),
        found: None,
    }
}

/// Takes a rung from entries that share it though they differ: it names none of them.
fn drop_shared<'a>(claims: &mut [Claim<'a>], rung: for<'r> fn(&'r mut Rungs<'a>) -> &'r mut Option<String>) {
    let mut first: HashMap<String, (String, Option<String>)> = HashMap::new();
    let mut shared = HashSet::new();
    for claim in claims.iter_mut() {
        let Some(name) = rung(&mut claim.rungs).clone() else { continue };
        let is = (claim.title.clone(), claim.link.clone());
        let known = first.entry(name.clone()).or_insert_with(|| is.clone());
        // Repeated entries have title or page in common; different ones share neither.
        if known.0 != is.0 {
            shared.insert(name);
        }
    }
    for claim in claims {
        let rung = rung(&mut claim.rungs);
        if rung.as_ref().is_some_and(|name| shared.contains(name)) {
            *rung = None;
        }
    }
}

/// Takes the title's rung from all entries that share a wording, repeated ones excepted.
fn drop_shared_titles(claims: &mut [Claim<'_>]) {
    let mut by_title: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, claim) in claims.iter().enumerate() {
        if let Some(title) = &claim.rungs.title {
            by_title.entry(title.clone()).or_default().push(at);
        }
    }
    for sharing in by_title.into_values().filter(|sharing| sharing.len() > 1) {
        for at in sharing {
            if let Some(claim) = claims.get_mut(at) {
                claim.rungs.title = None;
            }
        }
    }
}

/// Finds for each entry the stored one that it is: all guids first, then all links, and so on, so that no weak
/// likeness takes away what a strong one names.
fn find_known(claims: &mut [Claim<'_>], known: Find<'_>) {
    let mut taken = HashSet::new();
    type Step = (fn(&Rungs<'_>) -> Option<String>, fn(&Claim<'_>, &Known) -> bool);
    let steps: [Step; 4] = [
        (|rungs| rungs.guid.clone(), same_by_guid),
        (|rungs| rungs.link.clone(), same_by_link),
        (|rungs| rungs.title.clone(), same_by_title),
        (|rungs| Some(rungs.text()), |_, _| true),
    ];
    for (rung, same) in steps {
        for claim in claims.iter_mut().filter(|claim| claim.found.is_none()) {
            let candidate = rung(&claim.rungs).and_then(|alias| known(&alias));
            if let Some(candidate) = candidate.filter(|candidate| same(claim, candidate))
                && taken.insert(candidate.id)
            {
                claim.found = Some(candidate);
            }
        }
    }
}

fn same_by_guid(claim: &Claim<'_>, known: &Known) -> bool {
    let differ = |a: Option<&String>, b: Option<&String>| a.is_some() && b.is_some() && a != b;
    let link = known.link.as_ref().map(link::key);
    let links = differ(claim.link.as_ref(), link.as_ref());
    let titles = claim.title != known.title;
    let dates = claim.published.is_some() && known.published.is_some() && claim.published != known.published;
    !(links && titles && dates)
}

fn same_by_link(claim: &Claim<'_>, known: &Known) -> bool {
    let guid = known.guid.as_deref().map(|guid| guid_key(guid).0);
    let guids_differ = claim.guid.is_some() && guid.is_some() && claim.guid != guid;
    !guids_differ || claim.title == known.title || same_date(claim, known)
}

fn same_by_title(claim: &Claim<'_>, known: &Known) -> bool {
    let nothing_else = claim.guid.is_none()
        && claim.link.is_none()
        && known.guid.is_none()
        && known.link.is_none()
        && (claim.published.is_none() || known.published.is_none());
    same_date(claim, known) || claim.revision == known.revision || nothing_else
}

fn same_date(claim: &Claim<'_>, known: &Known) -> bool {
    claim.published.is_some() && claim.published == known.published
}

/// Gives every entry its id: the known one, else that of the first rung that no other entry has.
fn name_all(claims: Vec<Claim<'_>>, source: &SourceId, known: Option<Find<'_>>) -> Vec<Settled> {
    let is_free = |key: &str| known.is_none_or(|known| known(key).is_none());
    let mut used: HashSet<EntryId> =
        claims.iter().filter_map(|claim| claim.found.as_ref()).map(|known| known.id).collect();
    let mut settled = Vec::with_capacity(claims.len());
    for claim in claims {
        let mut aliases = claim.rungs.holding();
        let (id, key, known_revision) = match claim.found {
            Some(found) => (found.id, found.key, Some(found.revision)),
            None => {
                let is_free = |key: &String| is_free(key) && !used.contains(&EntryId::new(source, key));
                let text = || Some(claim.rungs.text()).filter(&is_free);
                let free = aliases.iter().find(|key| is_free(key)).cloned().or_else(text);
                let key = free.unwrap_or_else(|| format!("{}#{}", claim.rungs.text(), claim.index));
                (EntryId::new(source, &key), key, None)
            }
        };
        used.insert(id);
        if !aliases.contains(&key) && known_revision.is_none() {
            aliases.push(key.clone());
        }
        let identity = Identity { key, aliases };
        settled.push(Settled { index: claim.index, id, identity, known_revision, revision: claim.revision });
    }
    settled
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::model::Text;

    /// A store of one source, as far as identities go: polls of documents, one after another.
    #[derive(Default)]
    struct Polls {
        entries: HashMap<EntryId, Known>,
        aliases: RefCell<HashMap<String, EntryId>>,
    }

    impl Polls {
        /// Polls a document; returns the ids of its entries, and how many of them are new.
        fn poll(&mut self, raws: &[RawEntry]) -> (Vec<EntryId>, usize) {
            let document = Url::parse("https://example.org/feed").unwrap();
            let feed = RawFeed { link: Some("https://example.org/".to_owned()), ..RawFeed::default() };
            let find = |alias: &str| self.aliases.borrow().get(alias).and_then(|id| self.entries.get(id)).cloned();
            let settled = settle(raws, &feed, &SourceId("s".to_owned()), &document, Some(&find));
            let new = settled.iter().filter(|settled| settled.known_revision.is_none()).count();
            for one in &settled {
                let raw = &raws[one.index];
                let known = Known {
                    id: one.id,
                    key: one.identity.key.clone(),
                    guid: raw.id.clone(),
                    link: raw.link.as_deref().and_then(|link| absolute(link, &document)),
                    title: raw.title.value.clone(),
                    published: raw.published,
                    revision: one.revision,
                };
                self.entries.insert(one.id, known);
                for alias in &one.identity.aliases {
                    self.aliases.borrow_mut().insert(alias.clone(), one.id);
                }
            }
            (settled.iter().map(|settled| settled.id).collect(), new)
        }
    }

    /// `-` stands for nothing: guid, link, title, day of publication, text.
    fn raw([guid, link, title, day, text]: [&str; 5]) -> RawEntry {
        let some = |text: &str| (text != "-").then(|| text.to_owned());
        let as_text = |text: &str| Text { value: some(text).unwrap_or_default(), ..Text::default() };
        RawEntry {
            id: some(guid),
            link: some(link),
            title: as_text(title),
            published: some(day).map(|day| Timestamp::from_timestamp(day.parse::<i64>().unwrap() * 86_400, 0).unwrap()),
            content: as_text(text),
            ..RawEntry::default()
        }
    }

    /// Two polls: the entries of the second are those of the first, in this order (`None`: a new one).
    fn check(what: &str, first: &[[&str; 5]], second: &[[&str; 5]], expected: &[Option<usize>]) {
        let mut polls = Polls::default();
        let (before, _) = polls.poll(&first.iter().map(|row| raw(*row)).collect::<Vec<_>>());
        let (after, _) = polls.poll(&second.iter().map(|row| raw(*row)).collect::<Vec<_>>());
        let found: Vec<Option<usize>> = after.iter().map(|id| before.iter().position(|known| known == id)).collect();
        assert_eq!(found, expected, "{what}");
        let unique: HashSet<&EntryId> = before.iter().collect();
        assert_eq!(unique.len(), before.len(), "{what}");
    }

    #[test]
    fn an_entry_is_the_same_at_the_next_poll() {
        let a = ["g1", "https://example.org/a", "A", "1", "text"];
        check("unchanged", &[a], &[a], &[Some(0)]);
        check("edited", &[a], &[["g1", "https://example.org/a", "A2", "1", "text 2"]], &[Some(0)]);
        check("renamed", &[a], &[["g1", "https://example.org/a2", "A2", "1", "text"]], &[Some(0)]);
        check(
            "no guid",
            &[["-", "https://example.org/a", "A", "1", "x"]],
            &[["-", "https://example.org/a", "A2", "2", "y"]],
            &[Some(0)],
        );
        let bare = ["-", "https://example.org/a", "A", "-", "x"];
        check("neither guid nor date", &[bare], &[bare], &[Some(0)]);
        let title = ["-", "-", "A", "-", "x"];
        check("a title only", &[title], &[["-", "-", "A", "-", "y"]], &[Some(0)]);
        let text = ["-", "-", "-", "-", "x"];
        check("a text only", &[text, ["-", "-", "-", "-", "y"]], &[text], &[Some(0)]);
    }

    #[test]
    fn a_move_republishes_nothing() {
        check(
            "http to https",
            &[["http://example.org/?p=1", "http://example.org/a", "A", "1", "x"]],
            &[["https://example.org/?p=1", "https://example.org/a", "A2", "1", "y"]],
            &[Some(0)],
        );
        check(
            "all guids change",
            &[["g1", "https://example.org/a", "A", "1", "x"], ["g2", "https://example.org/b", "B", "2", "y"]],
            &[["h1", "https://example.org/a", "A", "1", "x"], ["h2", "https://example.org/b", "B", "2", "y"]],
            &[Some(0), Some(1)],
        );
        check(
            "all guids and links change",
            &[["g1", "https://example.org/a", "A", "1", "x"], ["g2", "https://example.org/b", "B", "2", "y"]],
            &[
                ["h1", "https://example.org/2025/a", "A", "1", "x2"],
                ["h2", "https://example.org/2025/b", "B", "2", "y2"],
            ],
            &[Some(0), Some(1)],
        );
        check(
            "the guid goes",
            &[["g1", "https://example.org/a", "A", "1", "x"]],
            &[["-", "https://example.org/a", "A", "1", "x"]],
            &[Some(0)],
        );
    }

    #[test]
    fn an_entry_that_returns_is_the_same() {
        let mut polls = Polls::default();
        let (a, b) = (raw(["g1", "-", "A", "1", "x"]), raw(["g2", "-", "B", "2", "y"]));
        let (first, _) = polls.poll(&[a.clone(), b.clone()]);
        polls.poll(&[b]);
        assert_eq!(polls.poll(&[a]).0, first[..1]);
    }

    #[test]
    fn different_entries_stay_different() {
        check(
            "a new post",
            &[["g1", "https://example.org/a", "A", "1", "x"]],
            &[["g2", "https://example.org/b", "B", "2", "y"], ["g1", "https://example.org/a", "A", "1", "x"]],
            &[None, Some(0)],
        );
        check(
            "one page, ever new entries",
            &[["g1", "https://example.org/latest", "A", "1", "x"]],
            &[["g2", "https://example.org/latest", "B", "2", "y"]],
            &[None],
        );
        check(
            "one guid, ever new entries",
            &[["g", "https://example.org/a", "A", "1", "x"]],
            &[["g", "https://example.org/b", "B", "2", "y"]],
            &[None],
        );
        check(
            "one title, ever new entries",
            &[["g1", "https://example.org/a", "Links", "1", "x"]],
            &[["g2", "https://example.org/b", "Links", "2", "y"]],
            &[None],
        );
        check("a title comes back", &[["-", "-", "Links", "1", "x"]], &[["-", "-", "Links", "2", "y"]], &[None]);
    }

    #[test]
    fn bad_guids_degrade_to_links() {
        let a = ["g", "https://example.org/a", "A", "1", "x"];
        let b = ["g", "https://example.org/b", "B", "2", "y"];
        let c = ["g", "https://example.org/c", "C", "3", "z"];
        check("one guid for all", &[a, b], &[c, a, b], &[None, Some(0), Some(1)]);
        let root = ["https://example.org/", "https://example.org/a", "A", "1", "x"];
        check(
            "the guid is the site",
            &[root],
            &[["https://example.org/", "https://example.org/b", "B", "1", "y"]],
            &[None],
        );
    }

    #[test]
    fn links_that_are_no_names_degrade_to_titles() {
        let a = ["-", "https://example.org/", "A", "-", "x"];
        let b = ["-", "https://example.org/", "B", "-", "y"];
        check("one page for all", &[a, b], &[b, a], &[Some(1), Some(0)]);
    }

    #[test]
    fn a_document_that_repeats_an_entry_gives_it_once() {
        let mut polls = Polls::default();
        let a = raw(["g1", "https://example.org/a", "A", "1", "x"]);
        assert_eq!(polls.poll(&[a.clone(), a]).0.len(), 1);
    }

    #[test]
    fn changes_are_found_by_content() {
        let document = Url::parse("https://example.org/feed").unwrap();
        let source = SourceId("s".to_owned());
        let raws = [raw(["g1", "-", "A", "1", "x"])];
        let known = Known {
            id: EntryId::new(&source, "guid:g1"),
            key: "guid:g1".to_owned(),
            guid: Some("g1".to_owned()),
            link: None,
            title: "A".to_owned(),
            published: raws[0].published,
            revision: revision(&raws[0]),
        };
        let known = |_: &str| Some(known.clone());
        let settle = |raws: &[RawEntry]| settle(raws, &RawFeed::default(), &source, &document, Some(&known));
        assert!(settle(&raws)[0].is_unchanged());
        assert!(!settle(&[raw(["g1", "-", "A", "1", "edited"])])[0].is_unchanged());
    }
}
