//! One loop over one closed enum of events.
//!
//! The loop starts work and hears of its end; the work itself runs elsewhere: requests as tasks of the runtime,
//! commits on its workers set aside for that, judging on one thread of its own, which uses the house's pool. Time is
//! asked of the clock at every tick, so that a clock that jumps makes one poll late or early, and no storm.
//!
//! # Invariants
//!
//! - At most one poll of a source and one fetch of a page are under way, by schedule or by hand.
//! - What is due is in the store: the loop can end at any moment.

pub mod control;
mod hubs;
mod judging;
mod line;
mod polls;
mod upkeep;
mod watch;

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::clock::{self, Clock};
use crate::fetch::{FetchSettings, Fetcher};
use crate::pipeline::site::Shopfront;
use crate::pipeline::{Error, House, Look, Plan};

use judging::Judge;
use polls::{Done, Polls};
pub use polls::{PollReport, Schedules, UnderWay, drain, drain_pages, poll_now};
use upkeep::Upkeep;
use watch::Watch;

/// How often the clock is asked whether something is due. A schedule has seconds; a poll one second late is on time.
const TICK: Duration = Duration::from_secs(1);

/// How long the first judgement waits for the first polls: as long as one request may take.
const FIRST_POLLS: Duration = Duration::from_secs(30);

/// What the loop and the commands share.
pub struct Rooms {
    /// The house.
    pub house: Arc<House>,
    /// The clock.
    pub clock: Clock,
    /// Which sources are being polled.
    pub under_way: UnderWay,
    fetcher: RwLock<Arc<Fetcher>>,
    schedules: RwLock<Arc<Schedules>>,
}

impl Rooms {
    /// Puts them together.
    pub fn new(house: Arc<House>, fetcher: Fetcher, clock: Clock, schedules: Schedules) -> Self {
        let (fetcher, schedules) = (RwLock::new(Arc::new(fetcher)), RwLock::new(Arc::new(schedules)));
        Self { house, fetcher, clock, under_way: UnderWay::default(), schedules }
    }

    /// The client.
    pub fn fetcher(&self) -> Arc<Fetcher> {
        Arc::clone(&self.fetcher.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn schedules(&self) -> Arc<Schedules> {
        Arc::clone(&self.schedules.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Judges all that is ready, and says of a long queue how far it is, in words. CPU work: call it where it may block.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub fn judge_all(&self, tell: &mut dyn FnMut(String)) -> Result<usize, Error> {
        judging::judge_all(self, &AtomicBool::new(false), &mut |judged, all| tell(judging::progress(judged, all)))
    }
}

/// What the loop hears of.
#[derive(Debug)]
enum Event {
    /// A second went by.
    Tick,
    /// A poll or a page ended.
    Done(Done),
    /// The configuration was saved, or SIGHUP came.
    Reload,
    /// SIGTERM or Ctrl-C.
    Stop,
}

/// What a configuration comes to.
pub struct Configured {
    /// Sources, editions, overrides.
    pub plan: Plan,
    /// When each source is polled.
    pub schedules: Schedules,
    /// How.
    pub fetching: FetchSettings,
}

/// Reads the configuration anew, or says all its faults.
pub type Reload = Box<dyn Fn() -> Result<Configured, String> + Send>;

/// Why the loop could not start, or could not go on with another configuration.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] Error),
    /// The system grants no thread or no signal.
    #[error("failed to start a thread or to hear signals: {0}")]
    System(#[from] std::io::Error),
}

/// Polls, fetches pages, judges, and tells hubs of the changed editions of `site`, until `stop`. `config` is the file
/// to watch, and how it is read; at SIGHUP (`hangups`) it is read too.
///
/// # Errors
/// The store cannot be read at the start, or no thread can be started. Later faults are logged, and what they hindered
/// is done again.
pub async fn run(
    rooms: Arc<Rooms>,
    site: Arc<Shopfront>,
    config: Option<(PathBuf, Reload)>,
    mut hangups: tokio::signal::unix::Signal,
    stop: impl Future<Output = ()>,
) -> Result<(), Failed> {
    let mut polls = Polls::new(&rooms)?;
    // Whichever source answers first, an original that comes with its translations founds their story: the first
    // judgement waits for the first polls, but not for a server that hangs.
    let started = clock::instant();
    let mut judge: Option<Judge> = None;
    let mut upkeep = Upkeep::new(&rooms.clock);
    let mut watch = config.as_ref().map(|(file, _)| Watch::start(file));
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    let (done, mut heard) = mpsc::unbounded_channel();
    let hubs = tokio::spawn(hubs::tell_changes(Arc::clone(&rooms), site));
    tokio::pin!(stop);
    loop {
        let saved = async {
            match &mut watch {
                Some(watch) => watch.changed().await,
                None => std::future::pending().await,
            }
        };
        let event = tokio::select! {
            () = &mut stop => Event::Stop,
            Some(done) = heard.recv() => Event::Done(done),
            _ = ticks.tick() => Event::Tick,
            _ = hangups.recv() => Event::Reload,
            () = saved => Event::Reload,
        };
        if judge.is_none() && (started.elapsed() > FIRST_POLLS || polls.are_quiet(rooms.clock.now())) {
            judge = Some(Judge::start(Arc::clone(&rooms))?);
        }
        let wake = || judge.as_ref().into_iter().for_each(Judge::wake);
        match event {
            Event::Tick if is_storing(&rooms) => {
                if let Err(error) = polls.start_due(&rooms, &done) {
                    tracing::error!(%error, "what is due cannot be read");
                }
                write_states(&rooms);
                upkeep.tick(&rooms);
            }
            // What is due stays so.
            Event::Tick => {}
            Event::Done(ended) => {
                polls.finished(ended);
                if rooms.house.fault_of_store().is_none() {
                    polls.start_next(&rooms, &done);
                    wake();
                }
            }
            Event::Reload => {
                if let Some((file, reload)) = &config {
                    match tokio::task::block_in_place(|| take_over(&rooms, reload)) {
                        Ok(()) => {
                            rooms.house.set_config_fault(None);
                            polls = polls.replanned(&rooms)?;
                            wake();
                            tracing::info!("{} was taken over", file.display());
                        }
                        Err(fault) => {
                            tracing::error!("the configuration stays as it was: {}", fault.replace('\n', "; "));
                            rooms.house.set_config_fault(Some(fault));
                        }
                    }
                }
            }
            Event::Stop => break,
        }
    }
    // What it was about to tell is told at the next start.
    hubs.abort();
    tokio::task::block_in_place(|| judge.into_iter().for_each(Judge::stop));
    write_states(&rooms);
    Ok(())
}

/// Whether the store can be written. Told when it changes; while it cannot, nothing is begun that would have to be stored,
/// and what stands is served.
fn is_storing(rooms: &Rooms) -> bool {
    match tokio::task::block_in_place(|| rooms.house.look_at_store()) {
        Look::Well => true,
        Look::Failed(error) => {
            tracing::error!(%error, "nothing can be stored: what stands is served, and polling pauses until it can");
            false
        }
        Look::StillFailed => false,
        Look::Mended => {
            tracing::info!("the store can be written again: polling goes on");
            true
        }
        Look::Stumbled(error) => {
            tracing::warn!(%error, "the store could not be written for a moment; what failed is tried again");
            true
        }
    }
}

/// Writes what polls without news learnt.
fn write_states(rooms: &Rooms) {
    if let Err(error) = tokio::task::block_in_place(|| rooms.house.write_states())
        && !rooms.house.heeds(&error)
    {
        tracing::error!(%error, "what was learnt of unchanged sources could not be written; it is tried again");
    }
}

fn take_over(rooms: &Rooms, reload: &Reload) -> Result<(), String> {
    let Configured { plan, schedules, fetching } = reload()?;
    let fetcher = rooms.fetcher();
    let told_anew = (*fetcher.settings() != fetching).then(|| fetcher.told_anew(fetching)).transpose();
    let told_anew = told_anew.map_err(|e| e.to_string())?;
    let now = rooms.clock.now();
    rooms.house.reconfigure(plan, now).map_err(|e| e.to_string())?;
    if let Some(fetcher) = told_anew {
        *rooms.fetcher.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(fetcher);
    }
    *rooms.schedules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(schedules);
    let judged = rooms.house.apply_overrides(now).map_err(|e| e.to_string())?;
    judged.notices.iter().for_each(|notice| tracing::warn!("{notice}"));
    Ok(())
}
