//! What is kept of a poll that found nothing new, and when is it written?
//!
//! Most polls do. Each as a commit of its own would cost far more than the poll: so what they learnt (when it was, when
//! to ask next) waits in memory and is written a second's worth at a time. A crash loses that second: those sources
//! are asked once more, with the same validators.

use std::sync::{Arc, MutexGuard, PoisonError};

use std::collections::BTreeMap;

use super::{Error, House};
use crate::model::{SourceId, SourceState};
use crate::store::{Draft, query};

/// States that wait before they are written: 4 MiB. Who does not ask ([`House::has_many_states`]) is stopped at twice as
/// many.
const MOST: usize = 1_000;

impl House {
    /// What is kept of a source, if it was ever polled.
    pub(super) fn kept_state(&self, source: &SourceId) -> Result<Option<SourceState>, Error> {
        if let Some(state) = self.quiet().get(source) {
            return Ok(Some((**state).clone()));
        }
        query::state(&*self.store, source)
    }

    /// Keeps what a poll learnt that changed nothing else, or that it was planned anew.
    ///
    /// # Errors
    /// The store does not take it: it stays in memory and is tried again.
    pub fn keep(&self, source: &SourceId, state: SourceState) -> Result<(), Error> {
        let waiting = {
            let mut quiet = self.quiet();
            quiet.insert(source.clone(), Arc::new(state));
            quiet.len()
        };
        if waiting >= 2 * MOST { self.write_states() } else { Ok(()) }
    }

    /// Whether so many states wait that they should be written before the second is over.
    pub fn has_many_states(&self) -> bool {
        self.quiet().len() >= MOST
    }

    /// Writes what the quiet polls learnt: to be called every second, and at the end.
    ///
    /// # Errors
    /// The store does not take it: it is tried again with the next.
    pub fn write_states(&self) -> Result<(), Error> {
        if self.quiet().is_empty() {
            return Ok(());
        }
        let _writing = self.writer();
        let waiting = self.quiet().clone();
        let mut draft = Draft::new(&*self.store);
        for (source, state) in &waiting {
            draft.put_state(source, &**state)?;
        }
        fail::fail_point!("states-before-commit", |_| std::process::abort());
        draft.commit()?;
        fail::fail_point!("states-committed", |_| std::process::abort());
        // What was polled again meanwhile stays for the next time.
        self.quiet().retain(|source, state| waiting.get(source).is_none_or(|written| !Arc::ptr_eq(written, state)));
        Ok(())
    }

    /// Forgets what waits of a source whose newer state was committed.
    pub(super) fn supersede(&self, source: &SourceId) {
        self.quiet().remove(source);
    }

    fn quiet(&self) -> MutexGuard<'_, BTreeMap<SourceId, Arc<SourceState>>> {
        // All changes are single insertions and removals: whole even if a thread panicked while it held it.
        self.quiet.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
