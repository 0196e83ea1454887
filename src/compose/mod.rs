//! Stories -> Edition: which stories stand in it, each in which version, in what order?
//!
//! Pure: the same works, records of what was shown, and `now` give the same edition. Works come from an iterator,
//! newest first, that is left as soon as no older work can stand: of a million stories an edition of 100 reads a few
//! hundred. Texts are asked for one by one, and only of what will stand or what a pattern must search.

mod choice;
mod content;
mod footer;
mod item;
mod status;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use chrono::TimeDelta;
use regex::{RegexSet, RegexSetBuilder};

use crate::model::edition::Bump;
use crate::model::{
    Body, Edition, EditionQuery, EditionSpec, Entry, EntryId, Member, Planet, Shown, SourceCard, SourceId, Story,
    StoryId, Timestamp, Tombstone, html,
};

pub use choice::COVERAGE_SHOWN;
use choice::{Choice, Showable, choose};
pub use content::allowed;
pub use item::{people, stranger};
pub use status::{StatusEvent, status};

/// What came in the last hour stands whatever the limit, so that a reader who polls hourly, as most do, misses
/// nothing in a burst (the window of the registry feeds of Rust's crates).
pub const WINDOW: TimeDelta = TimeDelta::hours(1);
/// How much older than the last arrival works are read for what came late: a translation of an old story that carries an
/// old date itself. Stories that are new, whatever their dates, are in [`Stock::arrivals`].
const READ_BACK: TimeDelta = TimeDelta::days(3);
/// Most stories in one edition, the window included: at 12 KB each 12 MB, what readers still take.
pub const ITEMS_MAX: usize = 1_000;
/// Most works looked at for one edition: filters that find nothing must not read a million stories.
const WORKS_MAX: usize = 50_000;
/// Characters of a text that patterns search: longer than any essay, so that one book costs no more than others.
const SEARCHED_CHARS: usize = 400_000;
/// Memory of one edition's compiled patterns, in bytes.
const PATTERN_BYTES_MAX: usize = 4 << 20;

/// A story with its entries.
#[derive(Debug, Clone)]
pub struct Work {
    /// The story.
    pub story: Story,
    /// Its members' entries; their bodies may be absent (see [`Stock::body`]).
    pub entries: Vec<Entry>,
}

impl Work {
    /// The entry of this id.
    fn entry(&self, id: EntryId) -> Option<&Entry> {
        self.entries.iter().find(|e| e.id == id)
    }

    /// Members with their entries, the head first, then by first seen.
    fn versions(&self) -> impl Iterator<Item = (&Member, &Entry)> {
        self.story.members.iter().filter_map(|m| self.entry(m.entry).map(|e| (m, e)))
    }
}

/// What composing asks for beside the works.
pub struct Stock<'a> {
    /// The texts of an entry.
    pub body: &'a dyn Fn(&Entry) -> Body,
    /// What this edition last showed of a story, gone ones too; `None` for one never shown, and always for an
    /// edition asked for by parameters, which keeps no records.
    pub shown: &'a dyn Fn(StoryId) -> Option<Shown>,
    /// Works that were founded within an hour of the last one that was, in any order.
    pub arrivals: &'a [Work],
    /// Stories that went, in any order.
    pub tombstones: &'a [Tombstone],
    /// What all editions share.
    pub planet: &'a Planet,
}

/// An edition, and what is to be kept of it.
#[derive(Debug, Clone)]
pub struct Composed {
    /// What subscribers see.
    pub edition: Edition,
    /// The records that are new or moved: to be stored under (edition, story) before the edition is published.
    pub shown: Vec<(StoryId, Shown)>,
    /// When to compose again though nothing new came: a `hold` ends then.
    pub again: Option<Timestamp>,
}

/// A work that may stand in the edition.
struct Candidate {
    work: Work,
    shown: Option<Shown>,
    elsewhere: Vec<EntryId>,
    published: Timestamp,
    came: Timestamp,
    /// Whether it came after its source was first read: what a source had already is an archive that is read in, and no
    /// reader waits for it.
    is_news: bool,
}

/// Composes the edition that `query` asks for of `spec`.
///
/// `works` come newest first by [`Story::touched`], which is never older than the date of a member; a work that
/// comes twice counts once.
///
/// # Errors
/// A sentence for the person who asked: the query asks for what the edition does not have, or a pattern is none.
pub fn compose(
    spec: &EditionSpec,
    query: &EditionQuery,
    works: impl IntoIterator<Item = Work>,
    stock: &Stock<'_>,
    now: Timestamp,
) -> Result<Composed, String> {
    let published = |name: &SourceId| {
        let mut cards = stock.planet.sources.iter();
        cards.find(|(_, card)| card.publish && card.id == *name).map(|(id, _)| id.clone())
    };
    let spec = &query.apply(spec, &published)?;
    let filter = Filter::new(spec)?;
    let limit = spec.limit.min(ITEMS_MAX);
    let (mut candidates, again) = gather(spec, &filter, works, stock, limit, now);
    trim(&mut candidates, limit);
    let mut items = Vec::with_capacity(candidates.len());
    let mut records = Vec::new();
    for candidate in &candidates {
        let last = candidate.shown.as_ref();
        let Choice::Show(shown) = choose(spec, &candidate.work, stock.planet, last, &candidate.elsewhere, now) else {
            continue;
        };
        let (item, record) = item::item(spec, candidate, &shown, stock, now);
        if last != Some(&record) {
            records.push((item.story, record));
        }
        items.push(item);
    }
    let tombstones = tombstones(stock, &items);
    let dates = items.iter().map(|i| i.updated).chain(tombstones.iter().map(|t| t.when));
    let edition = Edition {
        id: spec.id.clone(),
        title: spec.title.clone(),
        stem: item::join(&stock.planet.public_url, &spec.id),
        query: (!query.is_empty()).then(|| query.to_string()),
        home: stock.planet.public_url.clone(),
        language: spec.languages.first().cloned(),
        updated: dates.max().unwrap_or(Timestamp::UNIX_EPOCH),
        items,
        tombstones,
        // Hubs are told of the editions of the configuration alone.
        hubs: if query.is_empty() { stock.planet.hubs.clone() } else { Vec::new() },
        sources: sources(spec, stock.planet),
    };
    Ok(Composed { edition, shown: records, again })
}

/// Reads works until no older one can stand, and those that came last whatever their dates.
fn gather(
    spec: &EditionSpec,
    filter: &Filter,
    works: impl IntoIterator<Item = Work>,
    stock: &Stock<'_>,
    limit: usize,
    now: Timestamp,
) -> (Vec<Candidate>, Option<Timestamp>) {
    let merged = merged(stock.tombstones);
    let mut seen = HashSet::new();
    let mut again: Option<Timestamp> = None;
    let mut candidate = |work: Work| -> Option<Candidate> {
        if !seen.insert(work.story.id) {
            return None;
        }
        let shown = (stock.shown)(work.story.id);
        let gone = merged.get(&work.story.id).into_iter().flatten();
        let elsewhere: Vec<EntryId> = gone.filter_map(|id| (stock.shown)(*id)).map(|shown| shown.entry).collect();
        let (published, came, is_news) = match choose(spec, &work, stock.planet, shown.as_ref(), &elsewhere, now) {
            Choice::Show(v) if filter.stands(&work, &v, stock) => {
                let is_news = v.card.since.is_none_or(|since| v.entry.first_seen > since);
                (published(spec, &v, shown.as_ref(), &work, now), v.entry.first_seen, is_news)
            }
            Choice::Hold(until) => {
                again = Some(again.map_or(until, |a| a.min(until)));
                return None;
            }
            Choice::Show(_) | Choice::Nothing => return None,
        };
        Some(Candidate { work, shown, elsewhere, published, came, is_news })
    };
    let mut candidates: Vec<Candidate> = Vec::new();
    // The oldest date that still stands, once there are enough.
    let mut floor: Option<Timestamp> = None;
    // The last arrival seen.
    let mut last: Option<Timestamp> = None;
    for work in works.into_iter().take(WORKS_MAX) {
        let touched = work.story.touched;
        let newest = *last.get_or_insert(touched);
        if floor.is_some_and(|floor| touched < floor && touched < newest - WINDOW - READ_BACK) {
            break;
        }
        let Some(found) = candidate(work) else { continue };
        last = last.max(Some(found.came));
        candidates.push(found);
        // Trimmed now and then, so that a long search holds few works at a time.
        if candidates.len() >= 2 * limit + ITEMS_MAX || (floor.is_none() && candidates.len() == limit) {
            trim(&mut candidates, limit);
            floor = candidates.iter().map(|c| c.published).nth(limit.saturating_sub(1));
        }
    }
    candidates.extend(stock.arrivals.iter().cloned().filter_map(candidate));
    (candidates, again)
}

/// The stories that went into each story, at once or by way of others that went too.
fn merged(tombstones: &[Tombstone]) -> HashMap<StoryId, Vec<StoryId>> {
    let into: HashMap<StoryId, StoryId> = tombstones.iter().filter_map(|t| Some((t.story, t.into?))).collect();
    let mut merged: HashMap<StoryId, Vec<StoryId>> = HashMap::new();
    for gone in into.keys() {
        let mut last = *gone;
        // No path is longer than there are tombstones.
        for _ in 0..into.len() {
            match into.get(&last) {
                Some(next) => last = *next,
                None => break,
            }
        }
        merged.entry(last).or_default().push(*gone);
    }
    merged
}

/// Newest first, `limit` of them and what came as news within an hour of the last arrival. Measured from the last
/// arrival and not from now, which never shows less, an unchanged store has an unchanged edition.
fn trim(candidates: &mut Vec<Candidate>, limit: usize) {
    candidates.sort_by(|a, b| (b.published, a.work.story.id).cmp(&(a.published, b.work.story.id)));
    let last = candidates.iter().map(|c| c.came).max();
    let mut place = 0;
    candidates.retain(|c| {
        place += 1;
        let news = c.is_news && last.is_some_and(|last| c.came >= last - WINDOW);
        place <= limit || (news && place <= ITEMS_MAX)
    });
}

/// The date that the item has for readers, and its place: that of the version first shown, so that a version that
/// replaces it moves nothing, unless the edition asks for it.
fn published(spec: &EditionSpec, v: &Showable<'_>, shown: Option<&Shown>, work: &Work, now: Timestamp) -> Timestamp {
    let Some(shown) = shown else { return v.entry.date() };
    let first = |entry: &Entry| {
        let language = entry.language.as_ref();
        spec.languages.first().zip(language).is_some_and(|(first, l)| first.serves(l))
    };
    let was_first = work.entry(shown.entry).is_some_and(first);
    if spec.bump == Bump::Translation && first(v.entry) && !was_first { now } else { shown.published }
}

/// Stories this edition showed that went since its oldest item.
fn tombstones(stock: &Stock<'_>, items: &[crate::model::Item]) -> Vec<Tombstone> {
    let Some(oldest) = items.iter().map(|i| i.published).min() else { return Vec::new() };
    let gone = |t: &&Tombstone| {
        t.when >= oldest && (stock.shown)(t.story).is_some() && !items.iter().any(|i| i.story == t.story)
    };
    let mut gone: Vec<Tombstone> = stock.tombstones.iter().filter(gone).cloned().collect();
    gone.sort_by(|a, b| (b.when, a.story).cmp(&(a.when, b.story)));
    gone.truncate(ITEMS_MAX);
    gone
}

fn sources(spec: &EditionSpec, planet: &Planet) -> Vec<Arc<SourceCard>> {
    let is_asked_for = |id: &SourceId| spec.sources.is_empty() || spec.sources.contains(id);
    let stand = planet.sources.iter().filter(|(id, card)| card.publish && is_asked_for(id));
    stand.map(|(_, card)| Arc::clone(card)).collect()
}

/// Authors and patterns.
struct Filter {
    authors: Vec<String>,
    keep: Option<RegexSet>,
    block: Option<RegexSet>,
}

impl Filter {
    fn new(spec: &EditionSpec) -> Result<Self, String> {
        let authors = spec.authors.iter().map(|a| a.trim().to_lowercase()).collect();
        Ok(Self { authors, keep: patterns(&spec.keep)?, block: patterns(&spec.block)? })
    }

    fn stands(&self, work: &Work, v: &Showable<'_>, stock: &Stock<'_>) -> bool {
        let (authors, contributors) = item::people(work, v.entry);
        let is_asked_for = |name: &str| self.authors.contains(&name.trim().to_lowercase());
        if !self.authors.is_empty() && !authors.iter().any(|p| is_asked_for(&p.name)) {
            return false;
        }
        if self.keep.is_none() && self.block.is_none() {
            return true;
        }
        let names: BTreeMap<&str, ()> = authors.iter().chain(&contributors).map(|p| (p.name.as_str(), ())).collect();
        let mut text = format!("{}\n", v.entry.title);
        names.keys().for_each(|name| text.extend([name, "\n"]));
        text.push_str(&html::plain((stock.body)(v.entry).fullest(), SEARCHED_CHARS));
        self.keep.as_ref().is_none_or(|keep| keep.is_match(&text))
            && !self.block.as_ref().is_some_and(|block| block.is_match(&text))
    }
}

/// Compiles patterns as people expect them to search: any case, `^` and `$` at lines. Linear time whatever they say.
fn patterns(given: &[String]) -> Result<Option<RegexSet>, String> {
    if given.is_empty() {
        return Ok(None);
    }
    let set = RegexSetBuilder::new(given)
        .case_insensitive(true)
        .multi_line(true)
        .size_limit(PATTERN_BYTES_MAX)
        .dfa_size_limit(PATTERN_BYTES_MAX)
        .build();
    set.map(Some).map_err(|error| format!("a keep or block pattern cannot be used: {error}"))
}
