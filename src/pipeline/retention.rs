//! Which works are so old that they need not be kept, and what stays of them?
//!
//! A work goes as a whole: when the newest of its versions is older than its `keep`, no edition shows it, and nothing
//! that is shown or kept leans on it. What goes is everything but the names of its entries: a feed that still gives one
//! brings nothing new.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, PoisonError};

use chrono::TimeDelta;

use super::editions::Composing;
use super::{Error, House, Plan};
use crate::model::{EditionQuery, Entry, EntryId, Story, StoryId, Timestamp, Verdict};
use crate::store::{Draft, Read, query};

/// Stories looked at in one commit: it holds up the judge and all that write for some 20 ms.
const AT_ONCE: usize = 64;
/// How often the works that are to stay are found anew because the house changed meanwhile; after that, the next hour
/// does.
const TRIES: usize = 8;
/// Lines of a story's history that go with it; a real one has some tens.
const LOG_MAX: usize = 10_000;

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retired {
    /// Stories.
    pub stories: usize,
    /// Their entries.
    pub entries: usize,
}

/// How far a walk over the stories has come, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Walk {
    after: Option<Story>,
}

/// What stays whatever its age, of one state of the house.
struct Protected {
    version: u64,
    plan: Arc<Plan>,
    stories: HashSet<StoryId>,
}

impl House {
    /// Removes works that need not be kept: goes on from where the walk is, looks at `most` stories at the most, some at
    /// a time and each time in one commit. Whether it came to the end of what is old; then the walk begins anew.
    ///
    /// # Errors
    /// The store cannot be read or written: what was committed stays removed.
    pub fn retire(&self, walk: &mut Walk, most: usize, now: Timestamp) -> Result<(Retired, bool), Error> {
        let mut retired = Retired::default();
        let Some(newest) = newest_kept(&self.plan(), now) else { return Ok((retired, true)) };
        let mut protected = None;
        let (mut looked, mut tries) = (0, 0);
        while looked < most && tries < TRIES {
            let stays = match protected.take() {
                Some(stays) => stays,
                None => self.protected(now)?,
            };
            // In the order in which the judge takes them: it holds what it compares with in memory.
            let mut bench = self.bench.lock().unwrap_or_else(PoisonError::into_inner);
            let writing = self.writer();
            if stays.version != self.version() {
                tries += 1;
                continue;
            }
            let stories = query::oldest_stories(&*self.store, walk.after.as_ref(), AT_ONCE)?;
            let old: Vec<Story> = stories.iter().take_while(|story| story.touched < newest).cloned().collect();
            let (went, gone) = self.retire_some(&stays, &old, now)?;
            if let (Some(index), false) = (&mut bench.index, gone.is_empty()) {
                index.remove_all(&gone);
            }
            if !gone.is_empty() {
                self.touch();
            }
            let version = self.version();
            drop((writing, bench));
            retired.stories += went;
            retired.entries += gone.len();
            if old.len() < AT_ONCE {
                walk.after = None;
                return Ok((retired, true));
            }
            walk.after = old.into_iter().last();
            (looked, tries) = (looked + AT_ONCE, 0);
            // Nothing that is shown went: what stays is what it was.
            protected = Some(Protected { version, ..stays });
        }
        Ok((retired, false))
    }

    /// The works that editions show, those that lean on them, and those that the person named.
    fn protected(&self, now: Timestamp) -> Result<Protected, Error> {
        let (version, plan) = (self.version(), self.plan());
        let planet = self.planet()?;
        let mut stories = HashSet::new();
        for spec in &plan.editions {
            match self.compose_page(&plan, spec, &EditionQuery::default(), &planet, now) {
                Ok(composed) => stories.extend(composed.edition.items.iter().map(|item| item.story)),
                Err(Composing::Store(error)) => return Err(error),
                // Its patterns were checked with the configuration; one that shows nothing keeps nothing.
                Err(Composing::Unknown(_) | Composing::Query(_)) => {}
            }
        }
        let store = &*self.store;
        for id in stories.clone() {
            let Some(story) = query::find_story(store, id)? else { continue };
            for entry in &story.possible {
                stories.extend(query::story_of(store, *entry)?);
            }
            for contained in &story.contains {
                stories.extend(query::find_story(store, *contained)?.map(|story| story.id));
            }
        }
        for url in plan.overrides.iter().flat_map(|rule| rule.same.iter().chain(&rule.different)) {
            for entry in super::settling::named(store, &plan, url)? {
                stories.extend(query::story_of(store, entry)?);
            }
        }
        Ok(Protected { version, plan, stories })
    }

    /// Removes those of these stories that need not be kept: one commit. How many went, and which entries.
    fn retire_some(
        &self,
        stays: &Protected,
        stories: &[Story],
        now: Timestamp,
    ) -> Result<(usize, Vec<EntryId>), Error> {
        let mut draft = Draft::new(&*self.store);
        let (mut went, mut gone, mut around) = (0, Vec::new(), BTreeSet::new());
        for story in stories {
            if !is_retirable(&draft, stays, story, now)? || leans(&draft, stays, story, now)? {
                continue;
            }
            for member in &story.members {
                around.extend(draft.retire_entry(member.entry)?);
                gone.push(member.entry);
            }
            draft.delete_story(story.id)?;
            draft.delete_log(story.id, LOG_MAX)?;
            for edition in &stays.plan.editions {
                draft.delete_shown(&edition.id, story.id);
            }
            went += 1;
        }
        // Stories that were perhaps the same work say so no more.
        let around: Vec<EntryId> = around.into_iter().filter(|entry| !gone.contains(entry)).collect();
        if !around.is_empty() {
            self.settle(&mut draft, &stays.plan, &around, now)?;
        }
        draft.commit()?;
        Ok((went, gone))
    }
}

/// The date from which on everything is kept; `None` where everything is.
fn newest_kept(plan: &Plan, now: Timestamp) -> Option<Timestamp> {
    let shortest = plan.sources().filter_map(|source| source.keep_s).chain(plan.keep_s).min();
    shortest.and_then(|keep_s| before(now, keep_s))
}

/// So long before now; `None` where that is before all dates.
fn before(now: Timestamp, keep_s: u64) -> Option<Timestamp> {
    now.checked_sub_signed(TimeDelta::try_seconds(i64::try_from(keep_s).ok()?)?)
}

/// Whether a story is old, by the newest of its versions, and nothing shows it.
fn is_retirable(from: &dyn Read, stays: &Protected, story: &Story, now: Timestamp) -> Result<bool, Error> {
    if stays.stories.contains(&story.id) {
        return Ok(false);
    }
    for member in &story.members {
        let Some(entry) = query::entry(from, member.entry)? else { continue };
        let kept_from = stays.plan.keep_s(&entry.source).and_then(|keep_s| before(now, keep_s));
        if kept_from.is_none_or(|from| last_news(&entry) >= from) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// When an entry was last news: a text of 1990 that was seen first yesterday is as young as yesterday.
fn last_news(entry: &Entry) -> Timestamp {
    entry.first_seen.max(entry.date()).max(entry.revised.unwrap_or(entry.first_seen))
}

/// Whether a story that stays is cut as it is because of this one: its versions are linked, or kept apart.
fn leans(from: &dyn Read, stays: &Protected, story: &Story, now: Timestamp) -> Result<bool, Error> {
    for member in &story.members {
        for edge in query::edges_of(from, member.entry)? {
            if edge.verdict != Verdict::Link && !edge.is_veto() {
                continue;
            }
            let Some(other) = query::story_of(from, edge.other(member.entry))? else { continue };
            let Some(other) = query::story(from, other)?.filter(|other| other.id != story.id) else { continue };
            if !is_retirable(from, stays, &other, now)? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
