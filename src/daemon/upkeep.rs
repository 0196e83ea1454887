//! When is what is old removed, and the store rewritten to give room back?

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::TimeDelta;

use super::Rooms;
use crate::clock::{self, Clock};
use crate::model::Timestamp;
use crate::pipeline::{Error, Retired, Walk};

/// How often the store is looked at.
const EVERY: Duration = Duration::from_secs(3600);
/// Stories that are looked at in one turn: some seconds' work. The next turn goes on where this one ended.
const STORIES_MAX: usize = 20_000;
/// Stories looked at between two questions whether the daemon ends.
const STEP: usize = 256;
/// A clock that is further off than this from the time that has passed was set, or was wrong before: for a day nothing
/// is removed because of what it says. A leap second, or a clock that is slewed, is off by less.
const JUMP: TimeDelta = TimeDelta::minutes(10);
const WARY: Duration = Duration::from_secs(24 * 3600);

/// Looks after the store from time to time.
pub struct Upkeep {
    last: Instant,
    trust: Trust,
    walk: Arc<Mutex<Walk>>,
    stopped: Arc<AtomicBool>,
}

impl Upkeep {
    /// The first look is an hour from now: a start has other things to do.
    pub fn new(clock: &Clock) -> Self {
        let now = clock::instant();
        Self { last: now, trust: Trust::new(now, clock.now()), walk: Arc::default(), stopped: Arc::default() }
    }

    /// Removes what is old, and compacts the store where that is worth it, on a thread of its own; polls that end
    /// meanwhile wait to write.
    pub fn tick(&mut self, rooms: &Arc<Rooms>) {
        let now = clock::instant();
        if now - self.last < EVERY {
            return;
        }
        self.last = now;
        let trusted = self.trust.hears(now, rooms.clock.now());
        let (rooms, walk, stopped) = (Arc::clone(rooms), Arc::clone(&self.walk), Arc::clone(&self.stopped));
        tokio::task::spawn_blocking(move || {
            // The turn before still goes on.
            let Ok(mut walk) = walk.try_lock() else { return };
            match if trusted { retire(&rooms, &mut walk, &stopped) } else { Ok(Retired::default()) } {
                Ok(Retired { stories: 0, .. }) => {}
                Ok(Retired { stories, entries }) => {
                    tracing::info!(stories, entries, "what is older than `keep` was removed");
                }
                Err(error) => tracing::warn!(%error, "what is old could not be removed; it is tried again in an hour"),
            }
            match rooms.house.give_room_back() {
                Ok(Some((before, after))) => {
                    tracing::info!("the store was compacted: {} MB -> {} MB", before / 1_000_000, after / 1_000_000);
                }
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "the store could not be compacted; it is tried again in an hour"),
            }
        });
    }
}

impl Drop for Upkeep {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
    }
}

fn retire(rooms: &Rooms, walk: &mut Walk, stopped: &AtomicBool) -> Result<Retired, Error> {
    let mut all = Retired::default();
    for _ in 0..STORIES_MAX / STEP {
        if stopped.load(Ordering::SeqCst) {
            break;
        }
        let (retired, ended) = rooms.house.retire(walk, STEP, rooms.clock.now())?;
        all.stories += retired.stories;
        all.entries += retired.entries;
        if ended {
            break;
        }
    }
    Ok(all)
}

/// Whether the clock can be believed: one that was set by a year must not make two years' works old.
struct Trust {
    at: (Instant, Timestamp),
    wary_since: Option<Instant>,
}

impl Trust {
    fn new(passed: Instant, clock: Timestamp) -> Self {
        Self { at: (passed, clock), wary_since: None }
    }

    fn hears(&mut self, passed: Instant, clock: Timestamp) -> bool {
        let really = TimeDelta::from_std(passed - self.at.0).unwrap_or(TimeDelta::MAX);
        if (clock - self.at.1 - really).abs() > JUMP {
            self.wary_since = Some(passed);
            tracing::warn!("the clock was set: for a day nothing is removed because it is old");
        }
        self.at = (passed, clock);
        self.wary_since.is_none_or(|since| passed - since >= WARY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_is_not_believed_for_a_day() {
        let (start, noon) = (clock::instant(), Timestamp::UNIX_EPOCH + TimeDelta::days(20_000));
        let hours = |n: u64| start + Duration::from_secs(n * 3600);
        let mut trust = Trust::new(start, noon);
        let mut check = |passed: u64, clock: TimeDelta, expected: bool| {
            assert_eq!(trust.hears(hours(passed), noon + clock), expected, "after {passed} h");
        };
        check(1, TimeDelta::hours(1), true);
        check(2, TimeDelta::hours(2) + TimeDelta::minutes(5), true);
        let year = TimeDelta::days(365);
        check(3, year + TimeDelta::hours(3), false);
        check(26, year + TimeDelta::hours(26), false);
        check(27, year + TimeDelta::hours(27), true);
        check(28, TimeDelta::hours(28), false);
        check(52, TimeDelta::hours(52), true);
    }
}
