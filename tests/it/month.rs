//! Does the daemon stay as small as it was, month after month, and what does it do when the clock jumps? The test moves
//! the clock; the sources are played over loopback.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono::TimeDelta;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tributary::clock::{Clock, instant};
use tributary::daemon::{self, Rooms, Schedules};
use tributary::fetch::{FetchSettings, Fetcher};
use tributary::model::{
    EditionQuery, EditionSpec, Outcome, Polled, RawEntry, Reading, Source, SourceId, SourceState, StoryId, Text,
    Timestamp,
};
use tributary::pipeline::site::Shopfront;
use tributary::pipeline::{House, Plan, Walk};
use tributary::publish::{Counts, Site as _};
use tributary::store::{MemoryStore, SledStore};

use crate::recovery::{Dice, invented};

/// Polls a day.
const POLLS: i64 = 4;
/// How long the sources may take to be polled after the clock was moved, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);
/// Ports of the origin: sources of one are polled one after the other.
const PORTS: usize = 32;
/// Items of a feed at a time.
const ITEMS: u32 = 3;
/// Days that entries are kept.
const KEEP_DAYS: u64 = 7;

/// What the sources have published, and how often each was asked.
struct Press {
    issues: Vec<AtomicU32>,
    asked: Vec<AtomicU32>,
}

impl Press {
    fn counts(&self) -> Vec<u32> {
        self.asked.iter().map(|asked| asked.load(Ordering::SeqCst)).collect()
    }
}

async fn feed(State(press): State<Arc<Press>>, Path(n): Path<usize>, headers: HeaderMap) -> Response {
    press.asked[n].fetch_add(1, Ordering::SeqCst);
    let issue = press.issues[n].load(Ordering::SeqCst);
    let tag = format!("\"{issue}\"");
    if headers.get(header::IF_NONE_MATCH).is_some_and(|asked| asked.as_bytes() == tag.as_bytes()) {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    let mut out = format!("<rss version=\"2.0\"><channel><title>Source {n}</title>");
    for item in (issue.saturating_sub(ITEMS - 1)..=issue).rev() {
        let text = invented(n as u64 * 100_000 + u64::from(item));
        let title: String = text.chars().skip(3).take(30).collect();
        let written = write!(
            out,
            "<item><title>{title}</title><guid>{n}-{item}</guid><description><![CDATA[{text}]]></description></item>"
        );
        written.expect("a string");
    }
    out.push_str("</channel></rss>");
    ([(header::CONTENT_TYPE, "application/rss+xml".to_owned()), (header::ETAG, tag)], out).into_response()
}

/// A day as it was measured at its end.
#[derive(Debug, Clone, Copy)]
struct Day {
    rss_kib: u64,
    disk_bytes: u64,
    live_bytes: u64,
    entries: usize,
}

/// The daemon on a moved clock.
struct World {
    press: Arc<Press>,
    rooms: Arc<Rooms>,
    site: Arc<Shopfront>,
    walk: Mutex<Walk>,
    now: Timestamp,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new(sources: usize) -> Self {
        let numbers = || (0..sources).map(|_| AtomicU32::new(0)).collect();
        let press = Arc::new(Press { issues: numbers(), asked: numbers() });
        let mut ports = Vec::new();
        for _ in 0..PORTS {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            ports.push(listener.local_addr().unwrap().port());
            let router = Router::new().route("/{n}", get(feed)).with_state(Arc::clone(&press));
            tokio::spawn(async move { axum::serve(listener, router).await });
        }
        let source = |n: usize| {
            let url = format!("http://127.0.0.1:{}/{n}", ports[n % PORTS]).parse().unwrap();
            let kind = Some("feed".to_owned());
            Source { kind, full_text: Some(false), ..Source::new(SourceId(format!("s{n}")), url) }
        };
        let home = "http://127.0.0.1/".parse().unwrap();
        let editions = vec![EditionSpec::new("main", "Main")];
        let plan = Plan::new((0..sources).map(source).collect(), editions, home, Vec::new(), Vec::new());
        let plan = plan.keeping(Some(KEEP_DAYS * 86_400));
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SledStore::open(folder.path()).unwrap());
        let house = Arc::new(House::new(store, plan.clone()).unwrap());
        let settings = FetchSettings { allow_private_networks: true, ..FetchSettings::default() };
        let schedules = Schedules::new(&plan, "0 0 */6 * * *", "UTC").unwrap();
        // Shortly after midnight: jitter puts a poll off by five minutes at the most.
        let now = Timestamp::from_timestamp(1_767_225_600 + 600, 0).unwrap();
        let clock = Clock::at(now);
        let rooms = Arc::new(Rooms::new(house, Fetcher::new(settings).unwrap(), clock.clone(), schedules));
        let site = Shopfront::new(Arc::clone(&rooms.house), Arc::new(Counts::default()), move || clock.now());
        Self { press, rooms, site: Arc::new(site), walk: Mutex::default(), now, _folder: folder }
    }

    /// Moves the clock, and waits until every source was asked once and all was judged; then a moment more, in which
    /// nobody is asked again.
    async fn moves_to(&mut self, now: Timestamp, a_moment: Duration) {
        let before = self.press.counts();
        self.now = now;
        self.rooms.clock.set(now);
        self.settles(&before).await;
        tokio::time::sleep(a_moment).await;
        let asked: BTreeSet<u32> = self.press.counts().iter().zip(&before).map(|(now, before)| now - before).collect();
        assert_eq!(asked, BTreeSet::from([1]), "polls of a source after the clock moved to {now}");
    }

    async fn settles(&self, before: &[u32]) {
        let start = instant();
        let all = || self.press.counts().iter().zip(before).all(|(now, before)| now > before);
        let polled = || {
            self.rooms
                .house
                .plan()
                .sources()
                .all(|source| self.rooms.house.state(&source.id).unwrap().last_poll == Some(self.now))
        };
        while !(all() && polled() && tokio::task::block_in_place(|| self.rooms.house.waiting(1)).unwrap() == 0) {
            assert!(start.elapsed() < PATIENCE, "not all were polled and judged at {}", self.now);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Every twentieth source publishes, another twentieth each day.
    fn publishes(&self, day: i64) {
        let mut dice = Dice(day.unsigned_abs() + 77);
        for _ in 0..self.press.issues.len().div_ceil(20) {
            let n = dice.below(self.press.issues.len() as u64) as usize;
            self.press.issues[n].fetch_add(1, Ordering::SeqCst);
        }
    }

    /// What the daemon does every hour of real time.
    fn keeps_house(&self) -> Day {
        tokio::task::block_in_place(|| {
            let house = &self.rooms.house;
            house.retire(&mut self.walk.lock().unwrap(), usize::MAX, self.now).unwrap();
            house.give_room_back().unwrap();
            let stats = house.store().stats().unwrap();
            let entries = house.summary().unwrap().entries;
            Day { rss_kib: rss_kib(), disk_bytes: stats.disk_bytes, live_bytes: stats.live_bytes, entries }
        })
    }

    fn order(&self) -> Vec<StoryId> {
        let edition = tokio::task::block_in_place(|| self.site.edition("main", &EditionQuery::default()));
        edition.unwrap().items.iter().map(|item| item.story).collect()
    }
}

fn rss_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// So many days with so many sources, then the jumps.
async fn lives(sources: usize, days: i64) -> Vec<Day> {
    let mut world = World::new(sources).await;
    let (stop, stopped) = oneshot::channel::<()>();
    let hangups = signal(SignalKind::hangup()).unwrap();
    let ended = async { drop(stopped.await) };
    let running = tokio::spawn(daemon::run(Arc::clone(&world.rooms), Arc::clone(&world.site), None, hangups, ended));
    world.settles(&vec![0; sources]).await;
    let start = world.now;
    let mut measured = Vec::new();
    for day in 0..days {
        world.publishes(day);
        for poll in 1..=POLLS {
            let now = start + TimeDelta::days(day) + TimeDelta::hours(24 / POLLS * poll);
            world.moves_to(now, Duration::ZERO).await;
        }
        world.order();
        measured.push(world.keeps_house());
        if days > 5 {
            println!("day {day:>2}: {:?}", measured[measured.len() - 1]);
        }
    }
    let (order, before) = (world.order(), world.now);
    assert!(!order.is_empty());
    let (year, moment, hours) = (TimeDelta::days(365), Duration::from_secs(3), TimeDelta::hours);
    let jumps = [before + year, before + year + hours(6), before + hours(6), before - year, before + hours(12)];
    for (n, to) in jumps.into_iter().enumerate() {
        world.moves_to(to, moment).await;
        assert!(world.order() == order, "another order after jump {n}");
    }
    world.publishes(days);
    world.moves_to(before + hours(18), moment).await;
    assert!(world.order() != order, "what comes is shown");
    stop.send(()).unwrap();
    running.await.unwrap().unwrap();
    measured
}

#[tokio::test(flavor = "multi_thread")]
async fn days_pass_and_clocks_jump() {
    let days = lives(40, 1).await;
    assert_eq!(days[0].entries, 42);
}

/// `MALLOC_ARENA_MAX=1 cargo test --test it -- --ignored --nocapture a_simulated_month`, with one arena as the program has
/// (`cli/arena.rs`); its figures stand in docs/RELIABILITY.md.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes five minutes; the quick version runs always"]
async fn a_simulated_month() {
    let days = lives(1_000, 30).await;
    let most = |days: &[Day]| days.iter().map(|day| day.rss_kib).max().unwrap();
    let (early, late) = (most(&days[..10]), most(&days[10..]));
    assert!(late < early + early / 10, "memory grows: {early} KiB in the first ten days, then {late} KiB");
    for day in &days {
        assert!(day.disk_bytes < (64 << 20) + 5 * day.live_bytes, "{day:?}");
    }
    let live = |days: &[Day]| days.iter().map(|day| day.live_bytes).max().unwrap();
    assert!(live(&days[20..]) <= live(&days[..10]), "what is kept grows");
}

#[test]
fn what_waits_when_the_clock_is_set_back_does_not_wait_for_a_year() {
    let url: url::Url = "https://blog.example/one".parse().unwrap();
    let source = Source { full_text: Some(true), ..Source::new(SourceId("blog".to_owned()), url.clone()) };
    let home = "http://127.0.0.1/".parse().unwrap();
    let plan = Plan::new(vec![source.clone()], vec![EditionSpec::new("main", "Main")], home, Vec::new(), Vec::new());
    let house = House::new(Arc::new(MemoryStore::new()), plan).unwrap();
    let now = Timestamp::from_timestamp(1_767_225_600, 0).unwrap();
    let summary = Text { value: "A summary.".to_owned(), ..Text::default() };
    let raw = RawEntry { id: Some("one".to_owned()), link: Some(url.to_string()), summary, ..RawEntry::default() };
    let polled = Polled {
        reading: Reading { entries: vec![raw], ..Reading::default() },
        state: SourceState { feed: Some(url), ..SourceState::default() },
        outcome: Outcome::Changed,
    };
    assert_eq!(house.take_poll(&source, polled, now + TimeDelta::days(365)).unwrap().pages, 1);
    let ready = || (house.pages_due(now, 9).unwrap().len(), house.judge(now).unwrap().entries);
    assert_eq!(ready(), (0, 0));
    house.clock_was_set_back(now).unwrap();
    assert_eq!(ready(), (1, 1));
}
