//! How is a document fetched, politely and safely? Conditional GET, one request at a time per registrable domain,
//! an address guard at every hop, and a limit on everything.

mod body;
mod client;
mod error;
mod exchange;
mod guard;
mod polite;
mod robots;
mod tell;

pub use error::FetchError;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use reqwest::header::HeaderValue;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use url::Url;

use crate::model::{Ask, Document, Purpose, Timestamp};
use client::Clients;
use exchange::Answer;
use polite::{Polite, Turn};
use robots::Robots;

/// Redirects followed in a row: enough for http -> https -> www -> a new domain -> its feed.
const MOST_REDIRECTS: usize = 5;

/// Largest header of an answer. Servers themselves allow 8 to 16 KiB for one.
const MOST_HEADER_BYTES: usize = 64 << 10;

/// Bodies up to this size are read without waiting for one of [`LARGE_LANES`].
const LARGE_BODY: usize = 2 << 20;

/// Bodies above [`LARGE_BODY`] read at once: with the default limit of 16 MiB, 64 MiB.
const LARGE_LANES: usize = 4;

/// Documents that are decoded, read and stored at once. Fetching is faster than that: without a bound, a thousand feeds
/// would wait in memory, decoded.
const AT_WORK: usize = 8;

/// How long a robots.txt is believed (RFC 9309 §2.4), and how long its absence is when the server is in trouble.
const ROBOTS_TTL: TimeDelta = TimeDelta::hours(24);
const ROBOTS_RETRY: TimeDelta = TimeDelta::minutes(10);

/// How many are remembered.
const MOST_ROBOTS: usize = 1000;

/// What a fetcher is told once.
#[derive(Debug, Clone, PartialEq)]
pub struct FetchSettings {
    /// Where the owner of a site can read who polls it: part of the User-Agent.
    pub user_agent_contact: String,
    /// Whether addresses that are not public, and any port, may be asked: for tests and intranets.
    pub allow_private_networks: bool,
    /// Requests in flight at once, all hosts together.
    pub concurrency: usize,
    /// Between two requests to one registrable domain; none on loopback.
    pub pause: Duration,
    /// For one request with all its redirects, without the waiting for its turn.
    pub total_timeout: Duration,
    /// For the connection.
    pub connect_timeout: Duration,
    /// Largest body, in bytes: over the wire and decoded.
    pub max_body_bytes: usize,
}

impl Default for FetchSettings {
    fn default() -> Self {
        Self {
            user_agent_contact: String::new(),
            allow_private_networks: false,
            // 128 bodies of up to 2 MiB (larger ones queue for a lane of their own): 256 MiB at the very worst.
            concurrency: 128,
            pause: Duration::from_secs(1),
            total_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            max_body_bytes: 16 << 20,
        }
    }
}

/// The one HTTP client of the house. To be shared: put it in an `Arc`.
pub struct Fetcher {
    settings: FetchSettings,
    agent: HeaderValue,
    clients: Clients,
    polite: Arc<Polite>,
    slots: Semaphore,
    work: Arc<Semaphore>,
    large: Semaphore,
    robots: Arc<Mutex<HashMap<String, (KnownRobots, Timestamp)>>>,
}

/// The robots.txt of an origin, or why it is unknown.
type KnownRobots = Arc<Result<Robots, String>>;

/// A place among the documents that are worked on: to be given back when this one is stored, and before the next is asked
/// for.
pub struct Place(#[expect(dead_code, reason = "it is there to be dropped")] OwnedSemaphorePermit);

/// A reading of the clock, for waiting may take long.
pub type Now<'a> = &'a (dyn Fn() -> Timestamp + Send + Sync);

impl Fetcher {
    /// A fetcher with these settings.
    ///
    /// # Errors
    /// If the client cannot be built, or the contact cannot stand in a header.
    pub fn new(settings: FetchSettings) -> Result<Self, FetchError> {
        let contact = match settings.user_agent_contact.trim() {
            "" => String::new(),
            contact => format!(" (+{contact})"),
        };
        let agent = format!("{}/{}{contact}", robots::PRODUCT, env!("CARGO_PKG_VERSION"));
        Ok(Self {
            agent: HeaderValue::from_str(&agent).map_err(|_| FetchError::Header("user-agent".to_owned()))?,
            clients: Clients::new(settings.allow_private_networks, settings.connect_timeout)?,
            polite: Arc::new(Polite::new(settings.pause)),
            slots: Semaphore::new(settings.concurrency.max(1)),
            work: Arc::new(Semaphore::new(AT_WORK)),
            large: Semaphore::new(LARGE_LANES),
            robots: Arc::default(),
            settings,
        })
    }

    /// What it was told.
    pub fn settings(&self) -> &FetchSettings {
        &self.settings
    }

    /// A fetcher with other settings that knows what this one has learnt of the sites: whose turn it is, who asked for
    /// a pause, who is left alone.
    ///
    /// # Errors
    /// As for [`Fetcher::new`].
    pub fn told_anew(&self, settings: FetchSettings) -> Result<Self, FetchError> {
        let (polite, robots) = (Arc::clone(&self.polite), Arc::clone(&self.robots));
        Ok(Self { polite, robots, ..Self::new(settings)? })
    }

    /// Which requests wait for one another: those to addresses of one group.
    pub fn group(&self, url: &Url) -> String {
        self.polite.group_of(url)
    }

    /// Fetches a document: waits for its turn and for a free slot, then asks, following up to five redirects.
    /// `Ok` is a 200 (203) or, to a conditional request, a 304.
    ///
    /// All due sources may be asked for at once: the waiting is done here, in the order of the calls.
    ///
    /// # Errors
    /// Every other answer, and none: an error that says what happened and what to do.
    pub async fn get(&self, ask: &Ask, now: Now<'_>) -> Result<Document, FetchError> {
        Ok(self.get_to_work(ask, now).await?.0)
    }

    /// The same, with a place among the documents that are worked on, where there is a body to work on: who stores what
    /// they bring holds it until then.
    ///
    /// # Errors
    /// As for [`Fetcher::get`].
    pub async fn get_to_work(&self, ask: &Ask, now: Now<'_>) -> Result<(Document, Option<Place>), FetchError> {
        let mut url = ask.url.clone();
        url.set_fragment(None);
        let mut seen = vec![url.clone()];
        let mut all_permanent = true;
        let mut budget = self.settings.total_timeout;
        loop {
            // Boxed: most of those who wait for their turn have not come so far, and there can be thousands.
            let (answer, slot) = Box::pin(self.hop(&url, ask, now, &mut budget)).await?;
            match answer {
                Answer::Document(mut document) => {
                    let mut place = None;
                    if !document.body.is_empty() {
                        // With the slot: what waits to be decoded is bounded, too.
                        place = Some(Place(Arc::clone(&self.work).acquire_owned().await.map_err(|_| stopped())?));
                        document = self.decode(document).await?;
                    }
                    drop(slot);
                    document.requested = ask.url.clone();
                    document.moved_to = (seen.len() > 1 && all_permanent).then(|| document.url.clone());
                    return Ok((*document, place));
                }
                Answer::Redirect { to, permanent } => {
                    all_permanent &= permanent;
                    if seen.contains(&to) {
                        return Err(FetchError::RedirectLoop(to.into()));
                    }
                    if seen.len() > MOST_REDIRECTS {
                        return Err(FetchError::TooManyRedirects(MOST_REDIRECTS));
                    }
                    seen.push(to.clone());
                    url = to;
                }
            }
        }
    }

    /// Counts the host of this address to Substack, whose hosts share one limiter: for sources found to be Substack at
    /// an earlier run. Answers that say so join their host by themselves.
    pub fn join_substack(&self, url: &Url) {
        self.polite.join_substack(url);
    }

    /// One request and its answer.
    async fn hop(
        &self,
        url: &Url,
        ask: &Ask,
        now: Now<'_>,
        budget: &mut Duration,
    ) -> Result<(Answer, SemaphorePermit<'_>), FetchError> {
        guard::check_url(url, self.settings.allow_private_networks)?;
        // The turn first: those that wait for one host take no slot from the others.
        let mut turn = self.polite.turn(url).await.ok_or_else(stopped)?;
        let slot = self.slots.acquire().await.map_err(|_| stopped())?;
        self.may_ask(url, &turn, now())?;
        if ask.purpose != Purpose::Feed {
            self.obey_robots(url, &mut turn, now).await?;
        }
        let answer = self.exchange(url, ask, &mut turn, now, budget).await;
        self.judge(url, &answer, now());
        Ok((answer?, slot))
    }

    fn may_ask(&self, url: &Url, turn: &Turn, now: Timestamp) -> Result<(), FetchError> {
        let host = || url.host_str().unwrap_or_default().to_owned();
        if let Some(until) = turn.held_until(now) {
            return Err(FetchError::Held { host: host(), until });
        }
        match self.polite.resting(url, now) {
            Some(until) => Err(FetchError::Resting { host: host(), failures: polite::OPEN_AFTER, until }),
            None => Ok(()),
        }
    }

    /// Tells the circuit breaker how it went. On loopback only a closed port counts: there, one address of a test says
    /// nothing of the others.
    fn judge(&self, url: &Url, answer: &Result<Answer, FetchError>, now: Timestamp) {
        match answer {
            Err(error) if error.blames_the_host() => {
                if !guard::is_loopback(url) || matches!(error, FetchError::Connect { .. }) {
                    self.polite.failed(url, now);
                }
            }
            _ => self.polite.answered(url),
        }
    }

    /// Asks the site's robots.txt, at most once a day, whether the page may be read, and takes over its Crawl-delay.
    async fn obey_robots(&self, url: &Url, turn: &mut Turn, now: Now<'_>) -> Result<(), FetchError> {
        let origin = url.origin().ascii_serialization();
        let known = lock(&self.robots).get(&origin).cloned();
        let is_fresh = |(robots, read): &(KnownRobots, Timestamp)| {
            let ttl = if robots.is_ok() { ROBOTS_TTL } else { ROBOTS_RETRY };
            let age = now() - *read;
            age < ttl && age > -ttl
        };
        let robots = match known.filter(is_fresh) {
            Some((robots, _)) => robots,
            None => {
                let robots = Arc::new(self.read_robots(url, turn, now).await);
                let mut cache = lock(&self.robots);
                if cache.len() >= MOST_ROBOTS {
                    cache.clear();
                }
                cache.insert(origin, (Arc::clone(&robots), now()));
                robots
            }
        };
        let host = url.host_str().unwrap_or_default();
        match robots.as_ref() {
            Ok(robots) => {
                turn.pause_at_least(robots.crawl_delay.unwrap_or_default());
                let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
                if robots.allows(path) {
                    return Ok(());
                }
                Err(FetchError::Robots(format!("the robots.txt of {host} does not allow {path}: it is left alone")))
            }
            // RFC 9309 §2.3.1.4: a robots.txt that cannot be read forbids everything, until it can.
            Err(why) => Err(FetchError::Robots(format!("the robots.txt of {host} cannot be read ({why}): left alone"))),
        }
    }

    /// Fetches and reads a robots.txt, redirects included, within the turn of the page. `Err`: why it is unknown.
    async fn read_robots(&self, url: &Url, turn: &mut Turn, now: Now<'_>) -> Result<Robots, String> {
        let mut at = url.join("/robots.txt").map_err(|e| e.to_string())?;
        let mut budget = self.settings.total_timeout;
        for _ in 0..=MOST_REDIRECTS {
            guard::check_url(&at, self.settings.allow_private_networks).map_err(|e| e.to_string())?;
            let ask = Ask::new(at.clone(), Purpose::Page);
            let answer = match self.exchange(&at, &ask, turn, now, &mut budget).await {
                Ok(Answer::Document(document)) => self.decode(document).await.map(Answer::Document),
                other => other,
            };
            match answer {
                Ok(Answer::Document(document)) => {
                    let text = &document.body[..document.body.len().min(robots::MOST_BYTES)];
                    return Ok(Robots::parse(&String::from_utf8_lossy(text)));
                }
                Ok(Answer::Redirect { to, .. }) => at = to,
                // §2.3.1.3: it is unavailable, so everything may be read. (429 is the server in trouble.)
                Err(FetchError::Status { status: 400..=428 | 430..=499, .. }) => return Ok(Robots::default()),
                Err(FetchError::TooLarge { .. } | FetchError::Encoding(_)) => return Ok(Robots::default()),
                Err(error) => return Err(error.to_string()),
            }
        }
        // §2.3.1.2: too many redirects are as good as none.
        Ok(Robots::default())
    }
}

fn stopped() -> FetchError {
    FetchError::Client("it is being shut down".to_owned())
}

/// A map behind a lock is whole even if a thread panicked while it held it.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
