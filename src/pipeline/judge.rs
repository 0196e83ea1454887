//! Which stories do the waiting entries belong to? Profile, candidates, evidence, and the touched part of the graph
//! solved anew: one commit.

use std::collections::{BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use rayon::prelude::*;

use super::compare::Comparisons;
use super::{Error, House, Plan, references};
use crate::matching::candidates::Index;
use crate::matching::{self, Context, Profile};
use crate::model::{Change, Entry, EntryId, Node, Resolution, StoryId, Timestamp};
use crate::store::{Draft, LogEntry, Waiting, query};

/// Entries judged in one commit: enough to keep all cores busy, few enough that the first story of a first run is
/// seen within a second.
const AT_ONCE: usize = 16;
/// Profiles read at once when the index is built.
pub(super) const PAGE: usize = 256;

/// What the judge keeps in memory: all of it can be made again from the store.
#[derive(Default)]
pub(super) struct Bench {
    pub(super) index: Option<Index>,
    pub(super) context: Context,
    /// How many profiles there were when `context` was counted; 0: it was not asked for yet.
    pub(super) counted: usize,
}

/// What one call of [`House::judge`] did.
#[derive(Debug, Clone, Default)]
pub struct Judged {
    /// Entries judged.
    pub entries: usize,
    /// Stories that are new or changed.
    pub stories: Vec<StoryId>,
    /// Who joined whom, in a sentence each.
    pub joined: Vec<String>,
    /// What the person should know.
    pub notices: Vec<String>,
}

impl Judged {
    fn append(&mut self, other: Self) {
        self.entries += other.entries;
        self.stories.extend(other.stories);
        self.joined.extend(other.joined);
        self.notices.extend(other.notices);
    }
}

impl House {
    /// Judges the newest entries that are ready; nothing to judge is `entries == 0`. One commit, or
    /// one for each entry after a panic.
    ///
    /// CPU work on the house's own pool: call it from a thread that may block. Who comes while another judges waits, and
    /// finds what is left.
    ///
    /// An entry at which this program panics is set aside, told in `notices`, and the others are judged.
    ///
    /// # Errors
    /// The store cannot be read or written: the entries stay in the queue.
    pub fn judge(&self, now: Timestamp) -> Result<Judged, Error> {
        self.judge_a_few(AT_ONCE, now)
    }

    /// The same with so many at the most: the fewer they are, the sooner the first of them are seen.
    ///
    /// # Errors
    /// The store cannot be read or written: the entries stay in the queue.
    pub fn judge_a_few(&self, at_most: usize, now: Timestamp) -> Result<Judged, Error> {
        // It guards no data of its own: what is read to be judged is not judged by another meanwhile.
        let _judging = self.judging.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = query::waiting(&*self.store, now, at_most)?;
        if let Some(judged) = self.judge_unless_it_panics(&waiting, now) {
            return judged;
        }
        let mut all = Judged::default();
        for one in &waiting {
            let judged = self.judge_unless_it_panics(std::slice::from_ref(one), now);
            all.append(judged.unwrap_or_else(|| self.set_aside(one, now))?);
        }
        Ok(all)
    }

    fn judge_unless_it_panics(&self, waiting: &[Waiting], now: Timestamp) -> Option<Result<Judged, Error>> {
        let judged = catch_unwind(AssertUnwindSafe(|| self.judge_these(waiting, now)));
        if judged.is_err() {
            // It may be half changed.
            *self.bench.lock().unwrap_or_else(PoisonError::into_inner) = Bench::default();
        }
        judged.ok()
    }

    /// Lets an entry that cannot be compared stand alone, or where it stood, until it is edited.
    fn set_aside(&self, waiting: &Waiting, now: Timestamp) -> Result<Judged, Error> {
        let plan = self.plan();
        let _writing = self.writer();
        let mut draft = Draft::new(&*self.store);
        draft.delete_waiting(waiting.entry)?;
        let mut resolution = Resolution::default();
        let entry = query::entry(&*self.store, waiting.entry)?;
        if let (Some(entry), None) = (&entry, query::node(&draft, waiting.entry)?) {
            let node = Node::new(entry, plan.source(&entry.source).map(|source| &**source));
            draft.put_node(&Node { first_seen: self.seen(entry)?, ..node })?;
            (resolution, _) = self.settle(&mut draft, &plan, &[entry.id], now)?;
        }
        draft.commit()?;
        self.touch();
        self.set_aside.fetch_add(1, Ordering::Relaxed);
        let link = entry.and_then(|entry| entry.link);
        let page = link.map_or_else(|| waiting.entry.to_string(), |link| link.to_string());
        let notice = format!("{page} could not be compared, by a fault of this program; please report it");
        Ok(Judged { notices: vec![notice], ..judged(1, resolution) })
    }

    fn judge_these(&self, waiting: &[Waiting], now: Timestamp) -> Result<Judged, Error> {
        if waiting.is_empty() {
            return Ok(Judged::default());
        }
        let mut bench = self.bench.lock().unwrap_or_else(PoisonError::into_inner);
        if bench.index.is_none() {
            bench.index = Some(self.build_index()?);
        }
        self.recall_counts(&mut bench)?;
        let mut entries = HashMap::new();
        for w in waiting {
            if let Some(entry) = query::whole_entry(&*self.store, w.entry)? {
                entries.insert(w.entry, entry);
            }
        }
        let made: Vec<Profile> = self.pool.install(|| entries.par_iter().map(|(_, e)| matching::profile(e)).collect());
        let mut profiles: HashMap<EntryId, Profile> = made.into_iter().map(|p| (p.entry, p)).collect();
        let compared = self.compare(&mut bench, &mut entries, &mut profiles)?;
        self.commit_judgement(waiting, &entries, &profiles, compared, now)
    }

    /// What the judge knows beside the two texts: what is rare in this store.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn context(&self) -> Result<Context, Error> {
        let mut bench = self.bench.lock().unwrap_or_else(PoisonError::into_inner);
        self.recall_counts(&mut bench)?;
        Ok(bench.context.clone())
    }

    /// How many entries could not be compared since the start, by a fault of this program.
    pub fn entries_set_aside(&self) -> u64 {
        self.set_aside.load(Ordering::Relaxed)
    }

    /// How many entries wait to be judged, up to `limit`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn waiting(&self, limit: usize) -> Result<usize, Error> {
        query::waiting_count(&*self.store, limit)
    }

    fn build_index(&self) -> Result<Index, Error> {
        let mut index = Index::new();
        let mut after = None;
        loop {
            let page = query::profiles(&*self.store, after, PAGE)?;
            let mut stale = Vec::new();
            for (id, bytes) in &page {
                match read_profile(bytes) {
                    Some(profile) => index.insert(*id, &profile),
                    None => stale.push(*id),
                }
            }
            for profile in self.profile_anew(&stale)? {
                index.insert(profile.entry, &profile);
            }
            match page.last() {
                Some((id, _)) if page.len() == PAGE => after = Some(*id),
                _ => return Ok(index),
            }
        }
    }

    /// Makes and keeps the profiles anew that another version of the matching made: else their entries would be nobody's
    /// candidates.
    fn profile_anew(&self, stale: &[EntryId]) -> Result<Vec<Profile>, Error> {
        if stale.is_empty() {
            return Ok(Vec::new());
        }
        let mut entries = Vec::new();
        for id in stale {
            entries.extend(query::whole_entry(&*self.store, *id)?);
        }
        let profiles: Vec<Profile> = self.pool.install(|| entries.par_iter().map(matching::profile).collect());
        let _writing = self.writer();
        let mut draft = Draft::new(&*self.store);
        for profile in &profiles {
            if let Ok(bytes) = postcard::to_stdvec(profile) {
                draft.put_profile(profile.entry, &bytes)?;
            }
        }
        if !draft.is_empty() {
            draft.commit()?;
        }
        Ok(profiles)
    }

    fn commit_judgement(
        &self,
        waiting: &[Waiting],
        entries: &HashMap<EntryId, Entry>,
        profiles: &HashMap<EntryId, Profile>,
        compared: Comparisons,
        now: Timestamp,
    ) -> Result<Judged, Error> {
        let plan = self.plan();
        let _writing = self.writer();
        let mut draft = Draft::new(&*self.store);
        for profile in profiles.values() {
            if let Ok(bytes) = postcard::to_stdvec(profile) {
                draft.put_profile(profile.entry, &bytes)?;
            }
        }
        // Whoever was linked with an entry is looked at again: its text may say something else now.
        let mut seeds: BTreeSet<EntryId> = waiting.iter().map(|w| w.entry).collect();
        let mut edited = Vec::new();
        for w in waiting {
            seeds.extend(draft.delete_edges(w.entry)?);
            let judged = entries.get(&w.entry);
            // An entry that was edited, or whose page came, while it was judged stays in the queue and is judged again.
            let current = query::entry(&*self.store, w.entry)?;
            let is_as_it_was = judged.map(|e| (e.revision, e.revised)) == current.map(|e| (e.revision, e.revised));
            if is_as_it_was && query::waiting_of(&draft, w.entry)?.as_ref() == Some(w) {
                draft.delete_waiting(w.entry)?;
            }
            if let (Some(entry), Some(profile)) = (judged, profiles.get(&w.entry)) {
                let before = query::node(&draft, w.entry)?;
                edited.extend(before.filter(|node| node.revised != entry.revised).map(|node| node.entry));
                draft.put_node(&Node { first_seen: self.seen(entry)?, ..node(entry, profile, &plan) })?;
            }
        }
        for (a, b, evidence) in &compared.judged {
            match compared.around.contains(&(*a, *b)) {
                true => draft.put_edge_whatever(*a, *b, evidence)?,
                false => draft.put_edge(*a, *b, evidence)?,
            }
        }
        for entry in entries.values() {
            seeds.extend(references::replace(&mut draft, &plan, entry)?);
        }
        let seeds: Vec<EntryId> = seeds.into_iter().collect();
        let (resolution, overrides) = self.settle(&mut draft, &plan, &seeds, now)?;
        for entry in edited {
            if let Some(story) = query::story_of(&draft, entry)? {
                draft.put_log(&LogEntry { at: now, change: Change::Revised { story, entry } })?;
            }
        }
        for w in waiting {
            if let (Some(entry), Some(profile)) = (entries.get(&w.entry), profiles.get(&w.entry)) {
                self.queue_references(&mut draft, &plan, entry, profile, now)?;
            }
        }
        fail::fail_point!("judge-before-commit", |_| std::process::abort());
        draft.commit()?;
        fail::fail_point!("judge-committed", |_| std::process::abort());
        self.touch();
        let joined = self.tell_joined(&plan, &resolution)?;
        let notices = self.tell_notices(&resolution, overrides)?;
        Ok(Judged { joined, notices, ..judged(waiting.len(), resolution) })
    }

    /// A sentence for each entry that joined a story.
    fn tell_joined(&self, plan: &Plan, resolution: &Resolution) -> Result<Vec<String>, Error> {
        let mut told = Vec::new();
        for change in &resolution.changes {
            let Change::Joined { story, entry, .. } = change else { continue };
            let Some(entry) = query::entry(&*self.store, *entry)? else { continue };
            let Some(story) = query::story(&*self.store, *story)? else { continue };
            let Some(head) = query::entry(&*self.store, story.head)? else { continue };
            let language = entry.language.as_ref().map_or("?", |l| l.as_str());
            let source = plan.name(&entry.source);
            told.push(match head.id == entry.id {
                true => format!("“{}” ({language}, {source}) is the original of a story that was there", entry.title),
                false => format!("“{}” ({language}, {source}) joined “{}”", entry.title, head.title),
            });
        }
        Ok(told)
    }
}

pub(super) fn judged(entries: usize, resolution: Resolution) -> Judged {
    let stories = resolution.stories.iter().map(|story| story.id).collect();
    Judged { entries, stories, ..Judged::default() }
}

/// A profile out of its bytes; `None` where another version of the matching made it.
pub(super) fn read_profile(bytes: &[u8]) -> Option<Profile> {
    postcard::from_bytes(bytes).ok().filter(|p: &Profile| p.version == matching::profile::version())
}

/// What the partition has to know of an entry.
fn node(entry: &Entry, profile: &Profile, plan: &Plan) -> Node {
    let mut node = Node::new(entry, plan.source(&entry.source).map(|source| &**source));
    node.language = profile.language.clone();
    node.authors = profile.authors.iter().map(|words| words.join(" ")).collect();
    node.text_len = profile.length;
    node.extent = profile.extent;
    node
}
