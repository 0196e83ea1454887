//! Can the store be written now, and who has to know that it cannot?
//!
//! A full disk, or one that the system made read-only, ends nothing: what stands is served on, nothing new is begun, and
//! all goes on once the store can be written again.

use std::sync::{MutexGuard, PoisonError};

use super::{Error, House};

/// Why nothing can be stored now.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    error: Error,
    /// A look at the store found it too.
    looked: bool,
}

/// What a look at the store found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// It can be written, as at the last look.
    Well,
    /// It cannot, since this look or shortly before.
    Failed(Error),
    /// It still cannot.
    StillFailed,
    /// It can be written again.
    Mended,
    /// It could not be written for a moment, and can again.
    Stumbled(Error),
}

impl House {
    /// Why nothing can be stored now, as the last look or a failed write found it.
    pub fn fault_of_store(&self) -> Option<Error> {
        self.fault().as_ref().map(|fault| fault.error.clone())
    }

    /// Asks the store whether it can be written: to be called every second, from where it may block. A store that a full
    /// disk had closed is opened again by it.
    pub fn look_at_store(&self) -> Look {
        let ready = self.store.ready();
        let mut fault = self.fault();
        let look = match (ready, fault.take()) {
            (Ok(()), None) => return Look::Well,
            (Ok(()), Some(Fault { looked: true, .. })) => Look::Mended,
            (Ok(()), Some(Fault { looked: false, error })) => Look::Stumbled(error),
            (Err(error), before) => {
                *fault = Some(Fault { error: error.clone(), looked: true });
                return if before.is_some_and(|fault| fault.looked) { Look::StillFailed } else { Look::Failed(error) };
            }
        };
        drop(fault);
        // What could not be committed while it was composed is composed anew.
        self.touch();
        look
    }

    /// Whether an error is the store's as a whole: then it is told once, by the next look, and what failed is tried again
    /// after it.
    pub fn heeds(&self, error: &Error) -> bool {
        let is_of_store = matches!(error, Error::Unwritable { .. } | Error::Damaged { .. });
        if is_of_store {
            self.fault().get_or_insert_with(|| Fault { error: error.clone(), looked: false });
        }
        is_of_store
    }

    fn fault(&self) -> MutexGuard<'_, Option<Fault>> {
        // All changes are single assignments: whole even if a thread panicked while it held it.
        self.fault_of_store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
