//! When is the store rewritten to give room back?

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Rooms;
use crate::clock;

/// How often the store's size is looked at.
const EVERY: Duration = Duration::from_secs(3600);

/// Looks at the size of the store from time to time.
pub struct Upkeep {
    last: Instant,
}

impl Upkeep {
    /// The first look is an hour from now: a start has other things to do.
    pub fn new() -> Self {
        Self { last: clock::instant() }
    }

    /// Compacts the store where that is due and worth it, on a thread of its own; polls that end meanwhile wait to write.
    pub fn tick(&mut self, rooms: &Arc<Rooms>) {
        if self.last.elapsed() < EVERY {
            return;
        }
        self.last = clock::instant();
        let rooms = Arc::clone(rooms);
        tokio::task::spawn_blocking(move || match rooms.house.give_room_back() {
            Ok(Some((before, after))) => {
                tracing::info!("the store was compacted: {} MB -> {} MB", before / 1_000_000, after / 1_000_000);
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "the store could not be compacted; it is tried again in an hour"),
        });
    }
}
