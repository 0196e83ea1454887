//! Who judges the waiting entries? One thread, woken by every commit that brings some.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::Rooms;
use crate::clock;
use crate::pipeline::Error;

/// How long it sleeps at the most: an entry whose page never came is ready by time alone.
const NAP: Duration = Duration::from_secs(1);
/// How often the progress of a long queue is counted.
const PROGRESS: Duration = Duration::from_secs(1);
/// How many such counts make a line of the log.
const LOGGED: u32 = 5;
/// A queue shorter than this is no news.
const LONG_QUEUE: usize = 100;
/// How far a queue is counted.
const COUNTED_MAX: usize = 1_000_000;

/// The judging thread.
pub(super) struct Judge {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    woken: Mutex<bool>,
    bell: Condvar,
    stopped: AtomicBool,
}

impl Judge {
    /// Starts it.
    pub(super) fn start(rooms: Arc<Rooms>) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let own = Arc::clone(&shared);
        let work = move || {
            while !own.stopped.load(Ordering::SeqCst) {
                if rooms.house.fault_of_store().is_none()
                    && let Err(error) = judge_all(&rooms, &own.stopped, &mut logged())
                    && !rooms.house.heeds(&error)
                {
                    tracing::error!(%error, "entries could not be judged; they stay in the queue");
                }
                let woken = own.woken.lock().unwrap_or_else(PoisonError::into_inner);
                let waited = own.bell.wait_timeout_while(woken, NAP, |woken| !*woken);
                *waited.unwrap_or_else(PoisonError::into_inner).0 = false;
            }
        };
        let thread = std::thread::Builder::new().name("judge".into()).spawn(work)?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Says that something came.
    pub(super) fn wake(&self) {
        *self.shared.woken.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.shared.bell.notify_one();
    }

    /// Lets it end what it has begun, and waits for that.
    pub(super) fn stop(mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        self.wake();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the judging thread ended by a fault of this program; please report it");
        }
    }
}

/// `1,240`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// How far judging is, in words.
pub(super) fn progress(judged: usize, all: usize) -> String {
    format!("judging {} of {} entries", grouped(judged), grouped(all))
}

/// Tells the log of every fifth count.
fn logged() -> impl FnMut(usize, usize) {
    let mut counts = 0_u32;
    move |judged, all| {
        counts += 1;
        if counts.is_multiple_of(LOGGED) {
            tracing::info!("{}", progress(judged, all));
        }
    }
}

/// Judges until nothing is ready, and tells how far it is: entries judged, and those with what still waits.
pub(super) fn judge_all(
    rooms: &Rooms,
    stopped: &AtomicBool,
    tell: &mut dyn FnMut(usize, usize),
) -> Result<usize, Error> {
    let mut judged = 0;
    let mut told = clock::instant();
    while !stopped.load(Ordering::SeqCst) {
        let done = rooms.house.judge(rooms.clock.now())?;
        if done.entries == 0 {
            break;
        }
        judged += done.entries;
        done.joined.iter().for_each(|joined| tracing::info!("{joined}"));
        done.notices.iter().for_each(|notice| tracing::warn!("{notice}"));
        if told.elapsed() >= PROGRESS {
            told = clock::instant();
            let all = judged + rooms.house.waiting(COUNTED_MAX)?;
            if all >= LONG_QUEUE {
                tell(judged, all);
            }
        }
    }
    Ok(judged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_are_grouped() {
        for (number, expected) in [(0, "0"), (999, "999"), (1_240, "1,240"), (1_000_000, "1,000,000")] {
            assert_eq!(grouped(number), expected);
        }
        assert_eq!(progress(1_240, 20_000), "judging 1,240 of 20,000 entries");
    }
}
