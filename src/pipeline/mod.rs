//! The whole house on one page: sources are polled, entries judged, stories kept, editions composed.
//!
//! [`House`] owns the store and knows all rooms; none of them knows another. Every step takes `now`, and each ends
//! with one commit: [`House::take_poll`] (a poll), [`House::take_page`] (a page), [`House::judge`] (a few entries).
//! A crash between two steps loses nothing, since what is to be done next is itself in the store.
//!
//! # Invariants
//!
//! - Entries, validators, the queue of pages and the queue of those to judge are one batch.
//! - Nothing is published before it is committed.
//! - Who reads an entry or a story, changes it and writes it back holds `writer`.
//! - Matching runs on `pool`, which is bounded, and never on a worker of the runtime.

mod compare;
mod crowds;
mod disk;
mod editions;
mod founding;
mod ingest;
mod judge;
mod kept;
mod metrics;
pub mod news;
pub mod pages;
mod plan;
pub mod poll;
mod quiet;
mod references;
mod retention;
mod settling;
pub mod site;
mod story_page;
mod summary;
mod upkeep;
mod views;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

pub use crate::store::Job;
pub use disk::Look;
pub use editions::Composing;
pub use ingest::Ingested;
pub use judge::Judged;
pub use plan::Plan;
pub use retention::{Retired, Walk};
pub use summary::{Listed, ListedMember, Summary};

use chrono::TimeDelta;

use crate::model::{Entry, EntryId, Role, Source, SourceId, SourceState, Timestamp};
use crate::store::{self, Draft, Store, query};

/// What can go wrong here: only the store can. Documents and texts yield faults, never errors.
pub type Error = store::Error;

/// Threads that judge: as many as there are cores, four at the most, so that serving and polling go on beside them.
const MOST_JUDGES: usize = 4;

/// One house out of all rooms.
pub struct House {
    store: Arc<dyn Store>,
    plan: RwLock<Arc<Plan>>,
    bench: Mutex<judge::Bench>,
    /// Held by who takes entries off the queue to judge them: a command and the daemon may both.
    judging: Mutex<()>,
    writer: Mutex<()>,
    incoming: ingest::Incoming,
    pool: rayon::ThreadPool,
    /// Moves with every commit that a reader may see.
    version: AtomicU64,
    /// Why an edited configuration is not in force.
    config_fault: Mutex<Option<String>>,
    /// What is kept of sources whose last poll changed nothing else, not written yet.
    quiet: Mutex<BTreeMap<SourceId, Arc<SourceState>>>,
    /// Faults of the overrides that were told already.
    told: Mutex<BTreeSet<String>>,
    /// The counts, and at which version they were taken.
    counted: Mutex<Option<(u64, Summary)>>,
    /// The counts that pages show, and when they were taken.
    recent: Mutex<Option<(Timestamp, Summary)>>,
    /// When the first entries of sources came, as far as it was asked.
    first_seen: Mutex<BTreeMap<SourceId, Timestamp>>,
    /// When its store was founded.
    founded: Mutex<founding::Founded>,
    /// Polls since the start by status of the answer, `None` where there was none.
    statuses: Mutex<BTreeMap<Option<u16>, u64>>,
    /// Entries since the start at which judging panicked.
    set_aside: AtomicU64,
    /// Why nothing can be stored now.
    fault_of_store: Mutex<Option<disk::Fault>>,
}

impl House {
    /// A house over a store. The index of candidates is built from the store when it is first needed.
    ///
    /// # Errors
    /// The pool's threads cannot be started.
    pub fn new(store: Arc<dyn Store>, plan: Plan) -> Result<Self, rayon::ThreadPoolBuildError> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(cores.min(MOST_JUDGES))
            .thread_name(|i| format!("judge-{i}"))
            .build()?;
        Ok(Self {
            store,
            plan: RwLock::new(Arc::new(plan)),
            bench: Mutex::default(),
            judging: Mutex::default(),
            writer: Mutex::default(),
            incoming: ingest::Incoming::default(),
            pool,
            version: AtomicU64::new(1),
            config_fault: Mutex::default(),
            quiet: Mutex::default(),
            told: Mutex::default(),
            counted: Mutex::default(),
            recent: Mutex::default(),
            first_seen: Mutex::default(),
            founded: Mutex::default(),
            statuses: Mutex::default(),
            set_aside: AtomicU64::default(),
            fault_of_store: Mutex::default(),
        })
    }

    /// The configuration in force.
    pub fn plan(&self) -> Arc<Plan> {
        Arc::clone(&self.plan.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The store, for commands that read it.
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// Why an edited configuration is not in force; shown on every page until it is mended.
    pub fn config_fault(&self) -> Option<String> {
        self.config_fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets or clears [`House::config_fault`].
    pub fn set_config_fault(&self, fault: Option<String>) {
        *self.config_fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
        self.touch();
    }

    /// A number that moves whenever something changed that a reader may see.
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::SeqCst)
    }

    /// Forgets what is held in memory of the store: its records came from elsewhere.
    pub fn reread(&self) {
        *self.bench.lock().unwrap_or_else(PoisonError::into_inner) = judge::Bench::default();
        ingest::lock(&self.first_seen).clear();
        self.touch();
    }

    fn touch(&self) {
        self.version.fetch_add(1, Ordering::SeqCst);
    }

    fn writer(&self) -> MutexGuard<'_, ()> {
        // It guards no data of its own: a panic of another holder left none half written.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes another configuration over. Entries whose trust it changes are judged anew.
    ///
    /// # Errors
    /// The store cannot be read or written; the old configuration stays.
    pub fn reconfigure(&self, plan: Plan, now: Timestamp) -> Result<(), Error> {
        self.apply_trust(&plan, now)?;
        *self.plan.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(plan);
        self.touch();
        Ok(())
    }

    /// Judges the entries anew of sources that are trusted with something else than when they were judged, even if
    /// that was in another process.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub fn apply_trust(&self, plan: &Plan, now: Timestamp) -> Result<(), Error> {
        let _writing = self.writer();
        if query::entries(&*self.store, None, 1)?.is_empty() {
            // Nothing was judged; `found` keeps what the first entries will be judged by.
            return Ok(());
        }
        let mut draft = Draft::new(&*self.store);
        let kept = query::meta(&*self.store, TRUST)?;
        let before: BTreeMap<SourceId, String> = kept.and_then(|k| serde_json::from_slice(&k).ok()).unwrap_or_default();
        // Of a source that left, what it was trusted with is remembered until it comes back.
        let mut trust = before.clone();
        for source in plan.sources() {
            let now_trusted = trusted_with(source);
            if before.get(&source.id).is_some_and(|was| *was != now_trusted) {
                for id in query::entries_of_source(&*self.store, &source.id, REJUDGED_MAX)? {
                    if let Some(entry) = query::entry(&*self.store, id)? {
                        draft.put_waiting(&waiting(&entry, Some(source), now))?;
                    }
                }
            }
            trust.insert(source.id.clone(), now_trusted);
        }
        if trust != before {
            put_trust(&mut draft, &trust);
        }
        if draft.is_empty() { Ok(()) } else { draft.commit() }
    }

    /// What is kept of a source between polls; that of a source never polled is empty.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn state(&self, source: &SourceId) -> Result<SourceState, Error> {
        Ok(self.kept_state(source)?.unwrap_or_default())
    }

    /// The entry that an address or an id names; of several, one whose page it is, seen first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn find(&self, name: &str) -> Result<Option<Entry>, Error> {
        let store = &*self.store;
        if let Ok(id) = name.parse::<EntryId>() {
            if let Some(entry) = query::whole_entry(store, id)? {
                return Ok(Some(entry));
            }
            let story = query::find_story(store, crate::model::StoryId(id.0))?;
            return story.map_or(Ok(None), |story| query::whole_entry(store, story.head));
        }
        let Ok(url) = url::Url::parse(name) else { return Ok(None) };
        let link = crate::normalise::link::canonical(&url);
        let plan = self.plan();
        let mut found: Vec<Entry> = Vec::new();
        for id in query::entries_by_link(store, &link, SAME_LINK_MAX)? {
            found.extend(query::whole_entry(store, id)?);
        }
        found.sort_by_key(|e| (!references::is_at_home(&plan, e), e.reference, e.first_seen, e.id));
        Ok(found.into_iter().next())
    }
}

/// What a source is trusted with, as one string.
fn trusted_with(source: &Source) -> String {
    format!("{:?} {} {}", source.role, source.url.host_str().unwrap_or_default(), source.hosts.join(" "))
}

fn put_trust(draft: &mut Draft<'_>, trust: &BTreeMap<SourceId, String>) {
    // A map of strings: JSON has nothing to refuse.
    draft.put_meta(TRUST, &serde_json::to_vec(trust).unwrap_or_default());
}

/// Under which name the store keeps what each source is trusted with.
const TRUST: &str = "trust";
/// Entries of one source that a change of trust judges anew: the newest; older ones keep their stories.
const REJUDGED_MAX: usize = 10_000;
/// Entries with one address that are looked at: each source should have one, but may claim it for many.
const SAME_LINK_MAX: usize = 1_024;

/// An original is judged before entries that are younger by this much, so that where both wait, as at a first run, the
/// original founds the story: rebuilding a store then gives the ids that it had. Of 22 reposts with a known lag the
/// slowest came after 20 days.
const HEAD_START: TimeDelta = TimeDelta::days(20);

/// The place in the queue of an entry that can be judged at `ready`: newest first, originals with a head start.
fn waiting(entry: &Entry, source: Option<&Source>, ready: Timestamp) -> store::Waiting {
    let original = source.is_some_and(|source| source.role == Role::Original);
    let head_start = if original { HEAD_START } else { TimeDelta::zero() };
    store::Waiting { entry: entry.id, ready, date: entry.date() + head_start }
}

#[cfg(test)]
mod tests;
