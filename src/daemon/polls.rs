//! When is each source polled, which pages are fetched, and what came of it?

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinSet;

use super::Rooms;
use super::line::Line;
use crate::model::{EntryId, Failure, Outcome, Polled, Source, SourceId, SourceState, Timestamp};
use crate::pipeline::pages::Fetched;
use crate::pipeline::{Error, Ingested, Job, Plan, poll};
use crate::schedule::{self, Schedule};

/// Pages under way at once; those of one domain wait for one another in the client.
const MOST_PAGES: usize = 32;
/// When a poll is made again that could not be stored: there may be room within a minute, and its source is asked no more
/// often than that.
const POLL_AGAIN: TimeDelta = TimeDelta::seconds(30);
/// What a panic in a source's work is called where the person looks; its own message is in the log.
const FAULT: &str = "a fault of this program: please report it, with the panic in the log";
/// How often a poll by hand looks whether the daemon's own poll of that source has ended.
const RECHECK: Duration = Duration::from_millis(50);

/// The schedules of the sources: one for those without their own.
#[derive(Debug, Clone)]
pub struct Schedules {
    usual: Arc<Timetable>,
    own: HashMap<SourceId, Arc<Timetable>>,
}

/// A schedule as it is written, and as it is.
#[derive(Debug)]
struct Timetable {
    written: String,
    schedule: Schedule,
}

impl Timetable {
    fn read(expression: &str, timezone: &str) -> Result<Arc<Self>, String> {
        let schedule = Schedule::parse(expression, timezone)?;
        Ok(Arc::new(Self { written: format!("{expression} {timezone}"), schedule }))
    }

    /// Plans the next poll of a source.
    fn plan(&self, source: &SourceId, state: &mut SourceState, now: Timestamp) {
        let next = schedule::next_poll(&self.schedule, state, now, jitter(source, state.polls));
        (state.next_poll, state.next_because) = (next.at, next.because);
        state.planned_by.clone_from(&self.written);
    }
}

impl Schedules {
    /// Reads them; expressions were checked with the configuration.
    ///
    /// # Errors
    /// An expression is none.
    pub fn new(plan: &Plan, usual: &str, timezone: &str) -> Result<Self, String> {
        let mut own = HashMap::new();
        for source in plan.sources() {
            if let Some(expression) = &source.schedule {
                own.insert(source.id.clone(), Timetable::read(expression, timezone)?);
            }
        }
        Ok(Self { usual: Timetable::read(usual, timezone)?, own })
    }

    fn of(&self, source: &SourceId) -> &Timetable {
        self.own.get(source).unwrap_or(&self.usual)
    }
}

/// What a poll of one source came to.
#[derive(Debug, Clone)]
pub struct PollReport {
    /// What feeds.toml calls the source.
    pub source: SourceId,
    /// How it ended.
    pub outcome: Outcome,
    /// Entries of the document.
    pub entries: u32,
    /// What was new.
    pub ingested: Ingested,
    /// What was wrong with the document and survived.
    pub faults: Vec<String>,
}

impl PollReport {
    /// Whether the source failed.
    pub fn failed(&self) -> bool {
        matches!(self.outcome, Outcome::Failed(_) | Outcome::Gone(_))
    }
}

/// Which sources are being polled: at most one poll of a source at a time, by schedule or by hand.
#[derive(Debug, Clone, Default)]
pub struct UnderWay(Arc<Mutex<HashSet<SourceId>>>);

/// A source's turn; it ends when this is dropped.
struct Turn {
    under_way: UnderWay,
    source: SourceId,
}

impl UnderWay {
    fn take(&self, source: &SourceId) -> Option<Turn> {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(source.clone());
        taken.then(|| Turn { under_way: self.clone(), source: source.clone() })
    }

    async fn wait(&self, source: &SourceId) -> Turn {
        loop {
            if let Some(turn) = self.take(source) {
                return turn;
            }
            tokio::time::sleep(RECHECK).await;
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.under_way.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.source);
    }
}

/// Something that ended.
#[derive(Debug)]
pub(super) enum Done {
    /// A poll of this group and source; when the next one is due.
    Poll(String, SourceId, Option<Timestamp>),
    /// A page.
    Page(EntryId),
}

/// What is due, and what is under way.
#[derive(Debug, Default)]
pub(super) struct Polls {
    due: BinaryHeap<Reverse<(Timestamp, SourceId)>>,
    /// Polls that are due or under way.
    line: Line<SourceId>,
    pages: HashSet<EntryId>,
    /// The time at the last look.
    looked: Option<Timestamp>,
}

impl Polls {
    /// All sources of the plan, each when its state says; one never polled is due at once.
    pub(super) fn new(rooms: &Rooms) -> Result<Self, Error> {
        let mut due = BinaryHeap::new();
        let now = rooms.clock.now();
        let schedules = rooms.schedules();
        for source in rooms.house.plan().sources() {
            let mut state = rooms.house.state(&source.id)?;
            let timetable = schedules.of(&source.id);
            // A poll under way plans by itself.
            if state.next_poll.is_some()
                && state.planned_by != timetable.written
                && let Some(_turn) = rooms.under_way.take(&source.id)
            {
                state = rooms.house.state(&source.id)?;
                timetable.plan(&source.id, &mut state, now);
                rooms.house.keep(&source.id, state.clone())?;
            }
            if state.kind.as_deref() == Some("substack") {
                rooms.fetcher().join_substack(&source.url);
            }
            match state.next_poll {
                _ if is_moved(source, &state) || schedule::is_due(&state, now) => {
                    due.push(Reverse((now, source.id.clone())))
                }
                Some(at) => due.push(Reverse((at, source.id.clone()))),
                // Gone for good.
                None => {}
            }
        }
        Ok(Self { due, looked: Some(now), ..Self::default() })
    }

    /// The same for a plan that was taken over: what is under way stays so.
    pub(super) fn replanned(self, rooms: &Rooms) -> Result<Self, Error> {
        Ok(Self { line: self.line, pages: self.pages, ..Self::new(rooms)? })
    }

    /// Starts every poll and page that is due and not under way.
    pub(super) fn start_due(&mut self, rooms: &Arc<Rooms>, done: &UnboundedSender<Done>) -> Result<(), Error> {
        let now = rooms.clock.now();
        let looked = self.looked.replace(now);
        if looked.is_some_and(|looked| now < looked - schedule::CLOCK_CORRECTION) {
            tracing::warn!("the clock was set back: every source is polled once, and what waits is looked at anew");
            // What is planned by the clock of before would be waited for in vain.
            self.due = Self::new(rooms)?.due;
            rooms.house.clock_was_set_back(now)?;
        }
        while self.due.peek().is_some_and(|Reverse((at, _))| *at <= now) {
            let Some(Reverse((_, id))) = self.due.pop() else { break };
            if let Some(source) = rooms.house.plan().source(&id) {
                self.line.push(rooms.fetcher().group(&source.url), id);
            }
        }
        self.start_next(rooms, done);
        let room = MOST_PAGES.saturating_sub(self.pages.len());
        if room > 0 {
            for job in rooms.house.pages_due(now, MOST_PAGES + room)? {
                if self.pages.len() < MOST_PAGES && self.pages.insert(job.entry) {
                    let (rooms, done) = (Arc::clone(rooms), done.clone());
                    tokio::spawn(async move {
                        fetch_page(&rooms, &job).await;
                        let _ = done.send(Done::Page(job.entry));
                    });
                }
            }
        }
        Ok(())
    }

    /// Starts the polls whose turn has come.
    pub(super) fn start_next(&mut self, rooms: &Arc<Rooms>, done: &UnboundedSender<Done>) {
        while let Some((group, id)) = self.line.next() {
            let (rooms, done) = (Arc::clone(rooms), done.clone());
            let Some(source) = rooms.house.plan().source(&id).cloned() else {
                self.line.ended(&group);
                continue;
            };
            tokio::spawn(async move {
                let again = rooms.clock.now() + POLL_AGAIN;
                let next = poll_in_turn(&rooms, &source).await.unwrap_or_else(|error| {
                    if !rooms.house.heeds(&error) {
                        tracing::error!(source = %id, %error, "a poll could not be stored; it will be made again");
                    }
                    Some(again)
                });
                // The loop is gone only when the process ends.
                let _ = done.send(Done::Poll(group, id, next));
            });
        }
    }

    /// Whether no poll is due or under way.
    pub(super) fn are_quiet(&self, now: Timestamp) -> bool {
        self.line.is_empty() && self.due.peek().is_none_or(|Reverse((at, _))| *at > now)
    }

    /// Hears that something ended.
    pub(super) fn finished(&mut self, done: Done) {
        match done {
            Done::Poll(group, source, next) => {
                self.line.ended(&group);
                self.due.extend(next.map(|next| Reverse((next, source))));
            }
            Done::Page(entry) => {
                self.pages.remove(&entry);
            }
        }
    }
}

/// Polls a source unless that was done by hand while it waited for its turn.
async fn poll_in_turn(rooms: &Arc<Rooms>, source: &Arc<Source>) -> Result<Option<Timestamp>, Error> {
    let _turn = rooms.under_way.wait(&source.id).await;
    let state = rooms.house.state(&source.id)?;
    let moved = is_moved(source, &state);
    if !moved && !schedule::is_due(&state, rooms.clock.now()) {
        return Ok(state.next_poll);
    }
    let (report, next) = poll_source_alone(rooms, source, state.clone()).await?;
    tell(&report, &state);
    Ok(next)
}

/// Whether the source's address or kind was edited since its last poll.
fn is_moved(source: &Source, state: &SourceState) -> bool {
    state.configured.as_ref().is_some_and(|(url, kind)| (url, kind) != (&source.url, &source.kind))
}

/// Polls one source in a task of its own: a panic in its work is its failure, and stops no other.
async fn poll_source_alone(
    rooms: &Arc<Rooms>,
    source: &Arc<Source>,
    state: SourceState,
) -> Result<(PollReport, Option<Timestamp>), Error> {
    let (own, polled) = (Arc::clone(rooms), Arc::clone(source));
    if let Ok(done) = tokio::spawn(async move { poll_source(&own, &polled, state).await }).await {
        return done;
    }
    let (state, now) = (rooms.house.state(&source.id)?, rooms.clock.now());
    let polled = poll::failed(source, state, &Failure::new(FAULT), now);
    take(rooms, source, polled)
}

/// Polls one source and commits what it brought; returns when it is due again.
async fn poll_source(
    rooms: &Rooms,
    source: &Arc<Source>,
    state: SourceState,
) -> Result<(PollReport, Option<Timestamp>), Error> {
    let clock = rooms.clock.clone();
    let fetcher = rooms.fetcher();
    let (polled, _place) = poll::poll(&fetcher, source, state, &move || clock.now()).await;
    fail::fail_point!(&format!("poll of {}", source.id));
    take(rooms, source, polled)
}

/// Plans the next poll of a source and commits what this one brought.
fn take(rooms: &Rooms, source: &Arc<Source>, mut polled: Polled) -> Result<(PollReport, Option<Timestamp>), Error> {
    let now = rooms.clock.now();
    rooms.schedules().of(&source.id).plan(&source.id, &mut polled.state, now);
    let next = polled.state.next_poll;
    let outcome = polled.outcome.clone();
    let entries = polled.state.entries;
    let faults = polled.reading.faults.iter().map(|fault| fault.message.clone()).collect();
    let ingested = match outcome {
        // To hand the worker's other tasks on costs more than this does.
        Outcome::Unchanged => rooms.house.take_poll(source, polled, now)?,
        _ => tokio::task::block_in_place(|| rooms.house.take_poll(source, polled, now))?,
    };
    if rooms.house.has_many_states() {
        tokio::task::block_in_place(|| rooms.house.write_states())?;
    }
    let source = rooms.house.plan().name(&source.id).clone();
    Ok((PollReport { source, outcome, entries, ingested, faults }, next))
}

/// Spreads sources that share a schedule, and one source's polls: 0 to 1, the same for the same poll.
fn jitter(source: &SourceId, polls: u64) -> f64 {
    let mut hasher = DefaultHasher::new();
    (source, polls).hash(&mut hasher);
    hasher.finish() as f64 / u64::MAX as f64
}

/// Logs a poll. What went wrong is told once, and not again until it changes; `before` is what was known.
fn tell(report: &PollReport, before: &SourceState) {
    let source = &report.source;
    if let Outcome::Failed(why) | Outcome::Gone(why) = &report.outcome
        && before.last_error.as_ref() == Some(why)
    {
        tracing::debug!(%source, "still fails: {why}");
        return;
    }
    if before.last_error.is_some() && !report.failed() {
        tracing::info!(%source, "answers again");
    }
    match &report.outcome {
        Outcome::Changed => {
            let Ingested { new, changed, pages } = report.ingested;
            tracing::info!(%source, entries = report.entries, new, changed, pages, "polled");
            let is_new = |fault: &&String| !before.faults.iter().any(|known| known.message == **fault);
            for fault in report.faults.iter().filter(is_new) {
                tracing::warn!(%source, "the document has a fault: {fault}");
            }
        }
        Outcome::Unchanged => tracing::debug!(%source, "unchanged"),
        Outcome::Failed(why) => tracing::warn!(%source, "failed: {why}"),
        Outcome::Gone(why) => tracing::warn!(%source, "gone for good, and not polled any more: {why}"),
    }
}

/// Fetches one page and commits what became of it, in a task of its own: a panic at one page stops no other.
async fn fetch_page(rooms: &Arc<Rooms>, job: &Job) {
    let (own, fetched) = (Arc::clone(rooms), job.clone());
    if tokio::spawn(async move { fetch_this_page(&own, &fetched).await }).await.is_err() {
        let failure = Failure::new(FAULT);
        told(rooms, job, tokio::task::block_in_place(|| rooms.house.take_page(job, Err(&failure), rooms.clock.now())));
    }
}

async fn fetch_this_page(rooms: &Rooms, job: &Job) {
    let ask = rooms.house.ask_page(job);
    let clock = rooms.clock.clone();
    let answer = rooms.fetcher().get_to_work(&ask, &move || clock.now()).await.map_err(|error| error.failure());
    let document = answer.as_ref().map(|(document, _)| document);
    fail::fail_point!(&format!("page of {}", job.url.path()));
    told(rooms, job, tokio::task::block_in_place(|| rooms.house.take_page(job, document, rooms.clock.now())));
}

/// Logs what became of a page.
fn told(rooms: &Rooms, job: &Job, taken: Result<Fetched, Error>) {
    match taken {
        Ok(Fetched::GivenUp(why)) if job.reference => {
            tracing::warn!(page = %job.url, "the original that a repost names cannot be read: {why}");
        }
        Ok(Fetched::GivenUp(why)) => tracing::warn!(page = %job.url, "the page cannot be read: {why}"),
        Ok(Fetched::Later(why)) => tracing::info!(page = %job.url, "the page will be asked for again: {why}"),
        Ok(Fetched::Read | Fetched::Stale) => {}
        Err(error) if rooms.house.heeds(&error) => {}
        Err(error) => tracing::error!(page = %job.url, %error, "a page could not be stored; it stays in the queue"),
    }
}

/// Polls sources now, whatever their next-poll time (a running Retry-After and a 410 are kept). `each` hears of every
/// poll as it ends.
///
/// # Errors
/// The store cannot be read or written.
pub async fn poll_now(
    rooms: &Arc<Rooms>,
    sources: Vec<Arc<Source>>,
    each: &mut (dyn FnMut(&PollReport) + Send),
) -> Result<(), Error> {
    let mut line = Line::default();
    for source in sources {
        line.push(rooms.fetcher().group(&source.url), source);
    }
    let mut polls = JoinSet::new();
    let mut groups = HashMap::new();
    loop {
        while let Some((group, source)) = line.next() {
            let rooms = Arc::clone(rooms);
            let task = polls.spawn(async move {
                let _turn = rooms.under_way.wait(&source.id).await;
                poll_by_hand(&rooms, &source).await
            });
            groups.insert(task.id(), group);
        }
        let Some(done) = polls.join_next_with_id().await else { break };
        let task = match done {
            Ok((task, polled)) => {
                each(&polled?);
                task
            }
            Err(error) => error.id(),
        };
        groups.remove(&task).iter().for_each(|group| line.ended(group));
    }
    tokio::task::block_in_place(|| rooms.house.write_states())
}

/// Polls a source unless it asked not to be asked yet, or is gone.
async fn poll_by_hand(rooms: &Arc<Rooms>, source: &Arc<Source>) -> Result<PollReport, Error> {
    let state = rooms.house.state(&source.id)?;
    if let Err(why) = schedule::may_poll(&state, rooms.clock.now()) {
        return Ok(PollReport {
            source: rooms.house.plan().name(&source.id).clone(),
            outcome: Outcome::Failed(why),
            entries: state.entries,
            ingested: Ingested::default(),
            faults: Vec::new(),
        });
    }
    Ok(poll_source_alone(rooms, source, state).await?.0)
}

/// Does all that is due after a poll by hand: reads pages, judges, fetches the originals that reposts were found to
/// name, and judges those. What has to be tried again later is not waited for. `tell` hears how far judging is.
///
/// # Errors
/// The store cannot be read or written.
pub async fn drain(rooms: &Arc<Rooms>, tell: &mut dyn FnMut(String)) -> Result<(), Error> {
    loop {
        drain_pages(rooms).await?;
        // A reference names no further ones, so this ends.
        if tokio::task::block_in_place(|| rooms.judge_all(tell))? == 0 {
            return Ok(());
        }
    }
}

/// Fetches the pages that are due.
///
/// # Errors
/// The store cannot be read or written.
pub async fn drain_pages(rooms: &Arc<Rooms>) -> Result<(), Error> {
    loop {
        let jobs = rooms.house.pages_due(rooms.clock.now(), MOST_PAGES)?;
        if jobs.is_empty() {
            return Ok(());
        }
        let mut pages = JoinSet::new();
        for job in jobs {
            let rooms = Arc::clone(rooms);
            pages.spawn(async move { fetch_page(&rooms, &job).await });
        }
        while pages.join_next().await.is_some() {}
    }
}
