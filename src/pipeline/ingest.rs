//! What of a poll is new, and what has to be done about it?

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;
use url::Url;

use super::{Error, House, waiting};
use crate::enrich;
use crate::model::{CutOff, Entry, EntryId, Known, Outcome, Polled, Source, SourceState, Timestamp};
use crate::normalise::{self, identity};
use crate::store::{Draft, Job, query};

/// How long an entry waits for its page before it appears with its summary.
pub const PAGE_PATIENCE: TimeDelta = TimeDelta::minutes(10);

/// What a poll brought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ingested {
    /// Entries never seen before.
    pub new: usize,
    /// Entries whose text changed.
    pub changed: usize,
    /// Pages queued.
    pub pages: usize,
}

/// A poll that is read and cleaned, ready to be committed.
struct Brought {
    source: Source,
    state: SourceState,
    /// Names under which an entry was not known yet.
    aliases: Vec<(String, EntryId)>,
    /// New and changed entries, each with the page to fetch.
    entries: Vec<(Entry, Option<Url>)>,
    now: Timestamp,
}

/// What became of a poll that another thread committed along with its own.
type Answer = Arc<Mutex<Option<Result<Ingested, Error>>>>;

/// Polls that wait to be committed.
#[derive(Default)]
pub(super) struct Incoming(Mutex<Vec<(Brought, Answer)>>);

impl House {
    /// Commits a poll in one batch: its entries, the source's state with its validators, the pages to fetch, the
    /// entries to judge. What has not changed since it was stored is neither cleaned nor written.
    ///
    /// # Errors
    /// The store does not take it: then the validators of before stay too, so that nothing is missed.
    pub fn take_poll(&self, source: &Source, polled: Polled, now: Timestamp) -> Result<Ingested, Error> {
        if let Some(poll) = polled.state.history.last() {
            *lock(&self.statuses).entry(poll.status).or_default() += 1;
        }
        if polled.outcome == Outcome::Unchanged {
            self.keep(&source.id, polled.state)?;
            return Ok(Ingested::default());
        }
        // A source is polled once at a time, so that nobody else changes its entries' identities meanwhile.
        self.commit_together(self.read_new(source, polled, now))
    }

    /// Cleans what is new or changed. Takes nearly all of the time, and needs no lock.
    fn read_new(&self, source: &Source, polled: Polled, now: Timestamp) -> Brought {
        let Polled { reading, state, outcome } = polled;
        let (mut aliases, mut entries) = (Vec::new(), Vec::new());
        let looked_up = RefCell::new(HashMap::new());
        let stored = |alias: &str| -> Option<EntryId> {
            if let Some(id) = looked_up.borrow().get(alias) {
                return *id;
            }
            let id = query::entry_by_alias(&*self.store, &source.id, alias).ok().flatten();
            looked_up.borrow_mut().insert(alias.to_owned(), id);
            id
        };
        let known = |alias: &str| -> Option<Known> {
            let id = stored(alias)?;
            match query::entry(&*self.store, id).ok()? {
                Some(entry) => Some(Known::from(&entry)),
                None => query::remembered(&*self.store, id).ok()?,
            }
        };
        let base = state.feed.as_ref().unwrap_or(&source.url);
        let raws = if outcome == Outcome::Changed { &reading.entries[..] } else { &[] };
        // A first poll would ask five times for each entry.
        let is_first = query::is_unseen(&*self.store, &source.id).unwrap_or(false);
        let known: Option<identity::Find<'_>> = (!is_first).then_some(&known);
        for settled in identity::settle(raws, &reading.feed, &source.id, base, known) {
            // To look one up costs a third of writing it.
            let is_new = |alias: &&String| settled.known_revision.is_none() || stored(alias) != Some(settled.id);
            let new = settled.identity.aliases.iter().filter(is_new);
            aliases.extend(new.map(|alias| (alias.clone(), settled.id)));
            let Some(raw) = raws.get(settled.index).filter(|_| !settled.is_unchanged()) else { continue };
            // What may lack a part takes nobody's place.
            if raw.cut_off != CutOff::No && settled.known_revision.is_some() {
                continue;
            }
            let (mut entry, _) = normalise::normalise(raw, &reading.feed, source, base, now);
            settled.apply(&mut entry);
            // Asked of what the feed gave now: the page of an older revision is no answer.
            let page = entry.link.clone().filter(|_| enrich::needs_page(&entry, source));
            entries.push((entry, page));
        }
        Brought { source: source.clone(), state, aliases, entries, now }
    }

    /// Commits a poll, and along with it all that came while another commit was under way: to make a batch durable costs
    /// as much for ten polls as for one.
    fn commit_together(&self, brought: Brought) -> Result<Ingested, Error> {
        let answer = Answer::default();
        lock(&self.incoming.0).push((brought, Arc::clone(&answer)));
        let _writing = self.writer();
        if let Some(done) = lock(&answer).take() {
            return done;
        }
        let mut together = std::mem::take(&mut *lock(&self.incoming.0));
        let mut draft = Draft::new(&*self.store);
        let founded = together
            .iter()
            .find(|(brought, _)| !brought.entries.is_empty())
            .map_or(Ok(()), |(brought, _)| self.found(&mut draft, brought.now));
        let put = |(brought, _): &mut (Brought, Answer)| put(&mut draft, brought);
        let done = founded.and_then(|()| together.iter_mut().map(put).collect::<Result<Vec<_>, _>>());
        fail::fail_point!("poll-before-commit", |_| std::process::abort());
        let done = done.and_then(|ingested| draft.commit().map(|()| ingested));
        fail::fail_point!("poll-committed", |_| std::process::abort());
        if done.as_ref().is_ok_and(|all| all.iter().any(|ingested| ingested.changed > 0)) {
            self.touch();
        }
        for (at, (brought, answer)) in together.iter().enumerate() {
            if done.is_ok() {
                self.supersede(&brought.source.id);
            }
            let own = done.as_ref().map(|all| all.get(at).copied().unwrap_or_default());
            *lock(answer) = Some(own.map_err(Clone::clone));
        }
        // Nothing is there only if whoever took it along panicked.
        let reason = "the commit that it was part of broke off".to_owned();
        lock(&answer).take().unwrap_or(Err(Error::Io { path: PathBuf::new(), reason }))
    }

    /// Polls since the start by status of the answer; `None` where there was none.
    pub fn statuses(&self) -> BTreeMap<Option<u16>, u64> {
        lock(&self.statuses).clone()
    }
}

/// Writes a poll into a draft, over what the store has by now.
fn put(draft: &mut Draft<'_>, brought: &mut Brought) -> Result<Ingested, Error> {
    let Brought { source, state, aliases, entries, now } = brought;
    let mut ingested = Ingested::default();
    for (alias, id) in aliases.iter() {
        draft.put_alias(&source.id, alias, *id);
    }
    for (mut entry, page) in entries.drain(..) {
        let old = query::whole_entry(draft, entry.id)?;
        // Its source still gives it, and edited it: it is no news for that.
        if old.is_none() && query::remembered(draft, entry.id)?.is_some() {
            continue;
        }
        if let Some(old) = &old {
            inherit(&mut entry, old, *now);
        }
        ingested.new += usize::from(old.is_none());
        ingested.changed += usize::from(old.is_some());
        ingested.pages += usize::from(queue(draft, &entry, (page, old.is_none()), source, *now)?);
        draft.replace_entry(old.as_ref(), &entry)?;
    }
    draft.put_state(&source.id, state)?;
    Ok(ingested)
}

/// Whole even if a thread panicked while it held it: all changes are single assignments.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An edited entry is the same entry: what it had before its edit, and what its page told, stays.
fn inherit(entry: &mut Entry, old: &Entry, now: Timestamp) {
    entry.first_seen = old.first_seen;
    entry.revised = Some(now);
    // Else an edit could move an old entry to the top, again and again.
    entry.published = entry.published.or(old.published).map(|date| date.min(old.first_seen + normalise::MAX_AHEAD));
    // A side interface may have given the whole text anew; else what the page told stays until it is read again.
    if entry.body.page.is_none() {
        entry.body.page = old.body.page.clone();
    }
}

/// Queues the entry's page, if its feed gave no whole text, and its judgement: at once, or when the page was read.
fn queue(
    draft: &mut Draft<'_>,
    entry: &Entry,
    (page, is_new): (Option<Url>, bool),
    source: &Source,
    now: Timestamp,
) -> Result<bool, Error> {
    let Some(url) = page else {
        // What is new has none.
        if !is_new {
            draft.delete_job(entry.id)?;
        }
        draft.put_waiting(&waiting(entry, Some(source), now))?;
        return Ok(false);
    };
    let job =
        Job { entry: entry.id, url, due: now, attempts: 0, queued: now, reference: false, revision: entry.revision };
    draft.put_job(&job)?;
    draft.put_waiting(&waiting(entry, Some(source), now + PAGE_PATIENCE))?;
    Ok(true)
}
