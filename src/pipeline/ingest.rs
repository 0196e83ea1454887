//! What of a poll is new, and what has to be done about it?

use std::collections::BTreeMap;
use std::sync::PoisonError;

use chrono::TimeDelta;
use url::Url;

use super::{Error, House, waiting};
use crate::enrich;
use crate::model::{Entry, Outcome, Polled, Source, Timestamp};
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

impl House {
    /// Commits a poll in one batch: its entries, the source's state with its validators, the pages to fetch, the
    /// entries to judge. What has not changed since it was stored is neither cleaned nor written.
    ///
    /// # Errors
    /// The store does not take it: then the validators of before stay too, so that nothing is missed.
    pub fn take_poll(&self, source: &Source, polled: Polled, now: Timestamp) -> Result<Ingested, Error> {
        let Polled { reading, state, outcome } = polled;
        if let Some(poll) = state.history.last() {
            self.count_status(poll.status);
        }
        if outcome == Outcome::Unchanged {
            self.keep(&source.id, state)?;
            return Ok(Ingested::default());
        }
        let _writing = self.writer();
        let mut draft = Draft::new(&*self.store);
        let mut ingested = Ingested::default();
        if outcome == Outcome::Changed {
            let known = |alias: &str| -> Option<identity::Known> {
                let id = query::entry_by_alias(&*self.store, &source.id, alias).ok()??;
                query::entry(&*self.store, id).ok()?.as_ref().map(identity::Known::from)
            };
            let base = state.feed.as_ref().unwrap_or(&source.url);
            for settled in identity::settle(&reading.entries, &reading.feed, &source.id, base, &known) {
                for alias in &settled.identity.aliases {
                    draft.put_alias(&source.id, alias, settled.id);
                }
                if settled.is_unchanged() {
                    continue;
                }
                let Some(raw) = reading.entries.get(settled.index) else { continue };
                let (mut entry, _) = normalise::normalise(raw, &reading.feed, source, base, now);
                settled.apply(&mut entry);
                // Asked of what the feed gave now: the page of an older revision is no answer.
                let page = entry.link.clone().filter(|_| enrich::needs_page(&entry, source));
                let old = query::whole_entry(&*self.store, entry.id)?;
                if let Some(old) = &old {
                    inherit(&mut entry, old, now);
                }
                ingested.new += usize::from(old.is_none());
                ingested.changed += usize::from(old.is_some());
                ingested.pages += usize::from(queue(&mut draft, &entry, page, source, now)?);
                draft.put_entry(&entry)?;
            }
        }
        draft.put_state(&source.id, &state)?;
        draft.commit()?;
        self.supersede(&source.id);
        if ingested.changed > 0 {
            self.touch();
        }
        Ok(ingested)
    }

    fn count_status(&self, status: Option<u16>) {
        let mut statuses = self.statuses.lock().unwrap_or_else(PoisonError::into_inner);
        *statuses.entry(status).or_default() += 1;
    }

    /// Polls since the start by status of the answer; `None` where there was none.
    pub fn statuses(&self) -> BTreeMap<Option<u16>, u64> {
        self.statuses.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// An edited entry is the same entry: what it had before its edit, and what its page told, stays.
fn inherit(entry: &mut Entry, old: &Entry, now: Timestamp) {
    entry.first_seen = old.first_seen;
    entry.revised = Some(now);
    entry.published = entry.published.or(old.published);
    // A side interface may have given the whole text anew; else what the page told stays until it is read again.
    if entry.body.page.is_none() {
        entry.body.page = old.body.page.clone();
    }
}

/// Queues the entry's page, if its feed gave no whole text, and its judgement: at once, or when the page was read.
fn queue(
    draft: &mut Draft<'_>,
    entry: &Entry,
    page: Option<Url>,
    source: &Source,
    now: Timestamp,
) -> Result<bool, Error> {
    let Some(url) = page else {
        draft.delete_job(entry.id)?;
        draft.put_waiting(&waiting(entry, Some(source), now))?;
        return Ok(false);
    };
    let job =
        Job { entry: entry.id, url, due: now, attempts: 0, queued: now, reference: false, revision: entry.revision };
    draft.put_job(&job)?;
    draft.put_waiting(&waiting(entry, Some(source), now + PAGE_PATIENCE))?;
    Ok(true)
}
