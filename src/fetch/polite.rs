//! Whose turn is it? One request at a time per registrable domain, a pause after it, and no more knocking where nobody
//! answers.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use url::{Host, Url};

use super::guard::is_loopback;
use crate::model::Timestamp;

/// The group of all hosts of Substack: they share one limiter.
const SUBSTACK: &str = "substack.com";

/// Failures in a row, of the host rather than of one address on it, after which it is left alone for a while.
pub(super) const OPEN_AFTER: u32 = 5;

/// How long at first; doubled with each further failure.
const FIRST_REST: TimeDelta = TimeDelta::minutes(1);

/// How long at most: an hour, the usual time between two polls.
const LONGEST_REST: TimeDelta = TimeDelta::hours(1);

/// A limiter that asks for less than this is waited for; for longer, the requests queueing behind it are told.
const LONGEST_WAIT: TimeDelta = TimeDelta::minutes(1);

/// The pause a 429 without Retry-After means for its whole group.
const WAIT_AFTER_429: TimeDelta = TimeDelta::seconds(30);

/// Groups and hosts remembered before those that are idle are forgotten: about 1 MiB.
const MOST_REMEMBERED: usize = 4096;

/// The turns of all groups.
pub(super) struct Polite {
    pause: Duration,
    groups: Mutex<HashMap<String, Arc<Group>>>,
    substack: Mutex<HashSet<String>>,
    hosts: Mutex<HashMap<String, Breaker>>,
}

struct Group {
    gate: Arc<Semaphore>,
    held_until: Mutex<Option<Timestamp>>,
}

impl Group {
    /// Whether a request is under way or waits, its pause runs (the permit holds the gate), or its limiter does.
    fn is_in_use(self: &Arc<Self>) -> bool {
        Arc::strong_count(self) > 1 || Arc::strong_count(&self.gate) > 1 || lock(&self.held_until).is_some()
    }
}

#[derive(Clone, Copy)]
struct Breaker {
    failures: u32,
    open_until: Option<Timestamp>,
}

/// The right to make one request; giving it back starts the pause.
pub(super) struct Turn {
    permit: Option<OwnedSemaphorePermit>,
    group: Arc<Group>,
    pause: Duration,
    loopback: bool,
}

impl Polite {
    pub(super) fn new(pause: Duration) -> Self {
        Self { pause, groups: Mutex::default(), substack: Mutex::default(), hosts: Mutex::default() }
    }

    /// Waits until no other request to the group of this address is under way and its pause is over.
    /// `None` when the fetcher is being dropped.
    pub(super) async fn turn(&self, url: &Url) -> Option<Turn> {
        let key = self.group_of(url);
        let group = {
            let mut groups = lock(&self.groups);
            if groups.len() >= MOST_REMEMBERED && !groups.contains_key(&key) {
                groups.retain(|_, g| g.is_in_use());
            }
            let new = || Group { gate: Arc::new(Semaphore::new(1)), held_until: Mutex::default() };
            Arc::clone(groups.entry(key).or_insert_with(|| Arc::new(new())))
        };
        let permit = Arc::clone(&group.gate).acquire_owned().await.ok()?;
        let loopback = is_loopback(url);
        let pause = if loopback { Duration::ZERO } else { self.pause };
        Some(Turn { permit: Some(permit), group, pause, loopback })
    }

    /// Counts a host to Substack. Loopback never joins a group.
    pub(super) fn join_substack(&self, url: &Url) {
        if let Some(host) = url.host_str()
            && !is_loopback(url)
        {
            let mut substack = lock(&self.substack);
            if substack.len() < MOST_REMEMBERED {
                substack.insert(bare(host));
            }
        }
    }

    /// The group whose requests wait for one another: the registrable domain under a suffix of ICANN's, so that the
    /// blogs of one platform, which share servers and limiters, are one; on loopback the host and port.
    pub(super) fn group_of(&self, url: &Url) -> String {
        let host = bare(url.host_str().unwrap_or_default());
        if is_loopback(url) {
            return format!("{host}:{}", url.port_or_known_default().unwrap_or_default());
        }
        if lock(&self.substack).contains(&host) {
            return SUBSTACK.to_owned();
        }
        match url.host() {
            Some(Host::Domain(_)) => registrable(&host).to_owned(),
            _ => host,
        }
    }

    /// Until when this host is left alone, if it is.
    pub(super) fn resting(&self, url: &Url, now: Timestamp) -> Option<Timestamp> {
        let until = lock(&self.hosts).get(&host_and_port(url))?.open_until?;
        // Later than any rest: the clock was set back.
        (until > now && until <= now + LONGEST_REST).then_some(until)
    }

    /// The host answered, whatever it said.
    pub(super) fn answered(&self, url: &Url) {
        let mut hosts = lock(&self.hosts);
        if !hosts.is_empty() {
            hosts.remove(&host_and_port(url));
        }
    }

    /// The host did not answer.
    pub(super) fn failed(&self, url: &Url, now: Timestamp) {
        let mut hosts = lock(&self.hosts);
        if hosts.len() >= MOST_REMEMBERED {
            hosts.retain(|_, b| b.open_until.is_some_and(|until| until > now));
        }
        let breaker = hosts.entry(host_and_port(url)).or_insert(Breaker { failures: 0, open_until: None });
        breaker.failures = breaker.failures.saturating_add(1);
        if breaker.failures >= OPEN_AFTER {
            let doublings = (breaker.failures - OPEN_AFTER).min(6);
            breaker.open_until = Some(now + (FIRST_REST * (1 << doublings)).min(LONGEST_REST));
        }
    }
}

impl Turn {
    /// Until when the group's limiter asked to be left alone.
    pub(super) fn held_until(&self, now: Timestamp) -> Option<Timestamp> {
        let mut held = lock(&self.group.held_until);
        *held = held.filter(|until| *until > now && *until <= now + LONGEST_REST);
        *held
    }

    /// The site asks for at least this pause (Crawl-delay): obeyed even where we would not pause by ourselves.
    pub(super) fn pause_at_least(&mut self, pause: Duration) {
        self.pause = self.pause.max(pause);
    }

    /// The limiter answered 429: hold the whole group, a short while by waiting, longer by saying so.
    pub(super) fn slow_down(&mut self, retry_after: Option<Timestamp>, now: Timestamp) {
        if self.loopback {
            return;
        }
        let wait = retry_after.map_or(WAIT_AFTER_429, |until| until - now);
        if wait <= LONGEST_WAIT {
            self.pause_at_least(wait.to_std().unwrap_or_default());
        } else {
            *lock(&self.group.held_until) = Some(now + wait.min(LONGEST_REST));
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(permit) = self.permit.take() else { return };
        let pause = self.pause;
        if !pause.is_zero()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(async move {
                tokio::time::sleep(pause).await;
                drop(permit);
            });
        }
    }
}

/// The registrable domain of a host, by the suffixes of registries alone.
///
/// The list also has suffixes of platforms (`blogspot.com`); those are taken for the domains that they are.
fn registrable(host: &str) -> &str {
    let mut rest = host;
    while let Some(suffix) = psl::suffix(rest.as_bytes()).filter(|s| s.typ() == Some(psl::Type::Private)) {
        let Some(suffix) = std::str::from_utf8(suffix.as_bytes()).ok().and_then(|s| rest.get(rest.len() - s.len()..))
        else {
            break;
        };
        let Some((_, parent)) = suffix.split_once('.') else { break };
        if psl::suffix(parent.as_bytes()).is_some_and(|s| s.as_bytes() == parent.as_bytes()) {
            return suffix;
        }
        rest = parent;
    }
    psl::domain(rest.as_bytes()).and_then(|d| rest.get(rest.len() - d.as_bytes().len()..)).unwrap_or(rest)
}

/// A host as it is compared: without a final dot. (The URL parser has made it lower case.)
fn bare(host: &str) -> String {
    host.trim_end_matches('.').to_owned()
}

fn host_and_port(url: &Url) -> String {
    format!("{}:{}", bare(url.host_str().unwrap_or_default()), url.port_or_known_default().unwrap_or_default())
}

/// A map behind a lock is whole even if a thread panicked while it held it: all changes are single insertions.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(s: &str) -> Url {
        Url::parse(s).unwrap()
    }

    #[test]
    fn who_waits_for_whom() {
        let polite = Polite::new(Duration::ZERO);
        polite.join_substack(&url("https://www.thefp.com/feed"));
        polite.join_substack(&url("http://127.0.0.1:8000/feed"));
        for (address, group) in [
            ("https://korybko.substack.com/feed", "substack.com"),
            ("https://substack.com/", "substack.com"),
            ("https://www.thefp.com/p/x", "substack.com"),
            ("https://blog.example.co.uk/", "example.co.uk"),
            ("https://EXAMPLE.org./feed", "example.org"),
            ("https://a.blogspot.com/", "blogspot.com"),
            ("https://blogspot.com/", "blogspot.com"),
            ("https://someone.github.io/", "github.io"),
            ("https://xn--bcher-kva.example.de/", "example.de"),
            ("https://8.8.8.8/", "8.8.8.8"),
            ("http://127.0.0.1:8000/", "127.0.0.1:8000"),
            ("http://127.0.0.1:8001/", "127.0.0.1:8001"),
            ("http://localhost/", "localhost:80"),
            ("http://[::1]:99/", "[::1]:99"),
            ("https://intranet/", "intranet"),
        ] {
            assert_eq!(polite.group_of(&url(address)), group, "{address}");
        }
    }

    #[tokio::test]
    async fn one_at_a_time_with_a_pause_between() {
        let polite = Arc::new(Polite::new(Duration::from_millis(60)));
        let start = tokio::time::sleep(Duration::ZERO).deadline();
        let addresses = ["https://a.example.org/", "https://b.example.org/", "https://example.net/"];
        let tasks: Vec<_> = addresses
            .into_iter()
            .map(|address| {
                let polite = Arc::clone(&polite);
                tokio::spawn(async move {
                    let turn = polite.turn(&url(address)).await.unwrap();
                    let waited = tokio::time::sleep(Duration::ZERO).deadline() - start;
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    drop(turn);
                    waited
                })
            })
            .collect();
        let mut waited = Vec::new();
        for task in tasks {
            waited.push(task.await.unwrap());
        }
        // One of the two of example.org waits for the 100 ms of the other and the pause of 60; the rest for nobody.
        let second = waited[0].max(waited[1]);
        assert!(second >= Duration::from_millis(160), "{waited:?}");
        assert!(waited[0].min(waited[1]) < Duration::from_millis(90), "{waited:?}");
        assert!(waited[2] < Duration::from_millis(90), "{waited:?}");
    }

    #[test]
    fn a_host_that_never_answers_is_left_alone_for_a_while() {
        let polite = Polite::new(Duration::ZERO);
        let (down, other) = (url("https://down.example.org/x"), url("https://up.example.org/"));
        let mut now = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        for _ in 0..OPEN_AFTER {
            assert_eq!(polite.resting(&down, now), None);
            polite.failed(&down, now);
        }
        assert_eq!(polite.resting(&down, now), Some(now + FIRST_REST));
        assert_eq!(polite.resting(&other, now), None);
        now += FIRST_REST;
        assert_eq!(polite.resting(&down, now), None, "one more try");
        polite.failed(&down, now);
        assert_eq!(polite.resting(&down, now), Some(now + FIRST_REST * 2));
        assert_eq!(polite.resting(&down, now - TimeDelta::days(365)), None, "the clock was set back");
        polite.answered(&down);
        assert_eq!(polite.resting(&down, now), None);
    }

    #[tokio::test]
    async fn a_limiter_holds_its_whole_group() {
        let polite = Polite::new(Duration::ZERO);
        let now = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let mut turn = polite.turn(&url("https://a.substack.com/feed")).await.unwrap();
        turn.slow_down(Some(now + TimeDelta::minutes(10)), now);
        drop(turn);
        let turn = polite.turn(&url("https://b.substack.com/feed")).await.unwrap();
        assert_eq!(turn.held_until(now), Some(now + TimeDelta::minutes(10)));
        assert_eq!(turn.held_until(now + TimeDelta::minutes(11)), None);
        drop(turn);
        // A short wait is waited for, by whoever comes next.
        let mut turn = polite.turn(&url("https://a.substack.com/feed")).await.unwrap();
        turn.slow_down(None, now);
        assert_eq!(turn.pause, Duration::from_secs(30));
        assert_eq!(turn.held_until(now), None);
        // On loopback nobody else is held.
        let mut turn = polite.turn(&url("http://127.0.0.1:9/feed")).await.unwrap();
        turn.slow_down(Some(now + TimeDelta::minutes(10)), now);
        assert_eq!((turn.pause, turn.held_until(now)), (Duration::ZERO, None));
    }
}
