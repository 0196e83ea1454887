//! Which pages are to be fetched, and what becomes of each answer?

use chrono::TimeDelta;

use super::ingest::PAGE_PATIENCE;
use super::{Error, House, waiting};
use crate::enrich;
use crate::model::{Ask, Document, Failure, Purpose, Timestamp};
use crate::parse;
use crate::sources::references;
use crate::store::{Draft, Job, Waiting, query};

/// Attempts at a page: with the pauses below they span a day and a half, longer than most outages.
const MOST_ATTEMPTS: u32 = 6;
/// Pause after the first failed attempt; it grows fourfold with each: 2, 8, 32 minutes, 2, 8.5, 34 hours.
const FIRST_PAUSE: TimeDelta = TimeDelta::minutes(2);
/// The longest: the Retry-After of a server is obeyed for a week.
const LONGEST_PAUSE: TimeDelta = TimeDelta::days(7);
/// What waits and is looked at when the clock was set back; more than that is a first poll, which waits for no time.
const REDUE_MAX: usize = 50_000;

/// What became of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// It was read; its entry can be judged.
    Read,
    /// It will be tried again.
    Later(String),
    /// It will not be tried again: the entry stands with what its feed gave.
    GivenUp(String),
    /// The entry changed or went meanwhile.
    Stale,
}

impl House {
    /// Pages to fetch now, longest due first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn pages_due(&self, now: Timestamp, limit: usize) -> Result<Vec<Job>, Error> {
        query::jobs_due(&*self.store, now, limit)
    }

    /// How many pages are queued, up to `limit`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn waiting_pages(&self, limit: usize) -> Result<usize, Error> {
        query::jobs_count(&*self.store, limit)
    }

    /// Makes ready what waits for a time that the clock, which was set back, will not show for long: else an entry would
    /// appear, and a page be asked for, a year late.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub fn clock_was_set_back(&self, now: Timestamp) -> Result<(), Error> {
        let _writing = self.writer();
        let mut draft = Draft::new(&*self.store);
        for waiting in query::all_waiting(&*self.store, REDUE_MAX)? {
            if waiting.ready > now + PAGE_PATIENCE {
                draft.put_waiting(&Waiting { ready: now, ..waiting })?;
            }
        }
        for job in query::all_jobs(&*self.store, REDUE_MAX)? {
            if job.due > now + LONGEST_PAUSE {
                draft.put_job(&Job { due: now, ..job })?;
            }
        }
        draft.commit()
    }

    /// The request for a page, with the header fields of the source it belongs to.
    pub fn ask_page(&self, job: &Job) -> Ask {
        if job.reference {
            return references::ask(&job.url, job.attempts);
        }
        let mut ask = Ask::new(job.url.clone(), Purpose::Page);
        let entry = query::entry(&*self.store, job.entry).ok().flatten();
        let source = entry.and_then(|entry| self.plan().source(&entry.source).cloned());
        ask.headers = source.map(|source| source.headers.clone()).unwrap_or_default();
        ask
    }

    /// Commits what became of a page: one batch. The entry is ready to be judged when the page was read, or when
    /// nothing more is to be hoped for.
    ///
    /// # Errors
    /// The store does not take it: the page stays in the queue.
    pub fn take_page(&self, job: &Job, answer: Result<&Document, &Failure>, now: Timestamp) -> Result<Fetched, Error> {
        if job.reference {
            return self.take_reference(job, answer, now);
        }
        let read = match answer {
            Ok(document) => {
                parse::page::read(document).map_err(|e| Failure { message: e, status: Some(200), retry_after: None })
            }
            Err(failure) => Err(failure.clone()),
        };
        let _writing = self.writer();
        let Some(mut entry) = query::whole_entry(&*self.store, job.entry)? else {
            let mut draft = Draft::new(&*self.store);
            draft.delete_job(job.entry)?;
            draft.commit()?;
            return Ok(Fetched::Stale);
        };
        if entry.revision != job.revision {
            return Ok(Fetched::Stale);
        }
        let mut draft = Draft::new(&*self.store);
        let fetched = match read {
            Ok(page) => {
                enrich::apply(&mut entry, page, now);
                draft.put_entry(&entry)?;
                draft.delete_job(entry.id)?;
                Fetched::Read
            }
            Err(failure) => failed(&mut draft, job, failure, now)?,
        };
        if !matches!(fetched, Fetched::Later(_)) {
            let plan = self.plan();
            draft.put_waiting(&waiting(&entry, plan.source(&entry.source).map(|source| &**source), now))?;
        }
        fail::fail_point!("page-before-commit", |_| std::process::abort());
        draft.commit()?;
        fail::fail_point!("page-committed", |_| std::process::abort());
        Ok(fetched)
    }
}

/// Puts a page off that could not be had, or gives it up.
pub(super) fn failed(draft: &mut Draft<'_>, job: &Job, failure: Failure, now: Timestamp) -> Result<Fetched, Error> {
    if is_final(&failure) || job.attempts + 1 >= MOST_ATTEMPTS {
        draft.delete_job(job.entry)?;
        return Ok(Fetched::GivenUp(failure.message));
    }
    let pause = FIRST_PAUSE * 4_i32.pow(job.attempts.min(MOST_ATTEMPTS));
    let due = failure.retry_after.unwrap_or(now).max(now + pause);
    draft.put_job(&Job { attempts: job.attempts + 1, due, ..job.clone() })?;
    Ok(Fetched::Later(failure.message))
}

/// Whether asking again is of no use: the page is not there, or may not be read.
pub(super) fn is_final(failure: &Failure) -> bool {
    matches!(failure.status, Some(200 | 400..=403 | 404..=407 | 410 | 451))
}
