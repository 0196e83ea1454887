//! When is a source polled next, and why then? Pure: cron, freshness, skip lists, Retry-After, backoff, jitter.

use crate::model::{SourceState, Timestamp};

/// A cron expression in a time zone.
#[derive(Debug, Clone)]
pub struct Schedule {}

impl Schedule {
    /// Parses a cron expression: six fields with seconds, or five as in crontab(5); day 0 and day 7 are Sunday.
    /// `timezone` is a name of the IANA database. A schedule that never fires is refused. The error says what would
    /// be right.
    pub fn parse(expression: &str, timezone: &str) -> Result<Self, String> {
        todo!("{expression} {timezone}")
    }

    /// The first moment after `now` at which it fires.
    pub fn after(&self, now: Timestamp) -> Option<Timestamp> {
        todo!("{now}")
    }

    /// Whether it ever fires twice within an hour: more than a feed without a hint of its own should be asked.
    pub fn is_more_than_hourly(&self) -> bool {
        todo!()
    }
}

/// When to poll next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextPoll {
    /// `None`: never again (410), until its address is edited.
    pub at: Option<Timestamp>,
    /// Why then, as a sentence.
    pub because: String,
}

/// When to poll a source next: the latest of its schedule, the freshness and the wishes of its last answer, a running
/// Retry-After and, after failures, a growing pause; capped, and spread by `jitter` (0 to 1).
/// Call it after a poll with the state that came out of it, and again when the schedule was edited.
pub fn next_poll(schedule: &Schedule, state: &SourceState, now: Timestamp, jitter: f64) -> NextPoll {
    todo!("{schedule:?} {state:?} {now} {jitter}")
}

/// Whether it is time. Also true once after the clock was set back by more than a minute, as the stored time would
/// else be waited for in vain.
pub fn is_due(state: &SourceState, now: Timestamp) -> bool {
    todo!("{state:?} {now}")
}

/// Whether the source may be polled by hand: not while a Retry-After runs, and not after a 410. `Err` is the
/// reason to show.
pub fn may_poll(state: &SourceState, now: Timestamp) -> Result<(), String> {
    todo!("{state:?} {now}")
}
