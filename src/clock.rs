//! Reads time: nothing else does, so that a test can move it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Utc};

use crate::model::Timestamp;

/// A source of time: the system's, or one that a test moves.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// Milliseconds since the Unix epoch that a test set; `None`: the system's time.
    set_ms: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that stands still until it is moved.
    pub fn at(now: Timestamp) -> Self {
        Self { set_ms: Some(Arc::new(AtomicI64::new(now.timestamp_millis()))) }
    }

    /// Now, to the millisecond.
    #[expect(clippy::disallowed_methods, reason = "the only reader of time")]
    pub fn now(&self) -> Timestamp {
        let ms = match &self.set_ms {
            Some(set) => set.load(Ordering::SeqCst),
            None => Utc::now().timestamp_millis(),
        };
        DateTime::from_timestamp_millis(ms).unwrap_or_default()
    }

    /// Moves a clock made by [`Clock::at`]; the system's clock stays as it is.
    pub fn set(&self, now: Timestamp) {
        if let Some(set) = &self.set_ms {
            set.store(now.timestamp_millis(), Ordering::SeqCst);
        }
    }
}

/// A point on the monotonic clock, for measuring how long work took.
#[expect(clippy::disallowed_methods, reason = "the only reader of time")]
pub fn instant() -> std::time::Instant {
    std::time::Instant::now()
}
