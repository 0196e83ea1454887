//! What is kept of a source between two polls, what a poll asks, and how it ended?

use chrono::TimeDelta;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::Url;

use super::{Fault, Language, Phrase, Reading, Timestamp};

/// The validators of an answer, byte for byte as sent: they are opaque, quotes and weak marks included
/// (RFC 9110 §8.8), and need not be UTF-8.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Validators {
    /// `ETag`, to be sent back as `If-None-Match`.
    pub etag: Option<Vec<u8>>,
    /// `Last-Modified`, to be sent back as `If-Modified-Since`.
    pub last_modified: Option<Vec<u8>>,
}

impl Validators {
    /// Whether there is nothing to send back.
    pub fn is_empty(&self) -> bool {
        self.etag.is_none() && self.last_modified.is_none()
    }
}

/// What a request is for: it decides the `Accept` header and whether robots.txt is asked first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Purpose {
    /// A feed, made to be polled: robots.txt does not apply.
    #[default]
    Feed,
    /// A page made for people: robots.txt and Crawl-delay apply.
    Page,
    /// An interface for programs (WordPress REST, Substack archive): robots.txt and Crawl-delay apply.
    Api,
}

/// A request that a source wants made. Whoever holds a client makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The address.
    pub url: Url,
    /// What for.
    pub purpose: Purpose,
    /// Validators to send back; empty for a full fetch.
    pub validators: Validators,
    /// The source's own header fields (a key, perhaps), sent to the host of `url` only, never past a redirect
    /// to another origin.
    pub headers: Vec<(String, String)>,
}

impl Ask {
    /// An unconditional request without fields of its own.
    pub fn new(url: Url, purpose: Purpose) -> Self {
        Self { url, purpose, validators: Validators::default(), headers: Vec::new() }
    }
}

/// Why a request brought no document, as far as the next poll depends on it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Failure {
    /// What happened and what to do, lower case, fitting "failed to …".
    pub message: String,
    /// The status code, if there was an answer at all.
    pub status: Option<u16>,
    /// Until when the server asked not to be asked again (RFC 9110 §10.2.3).
    pub retry_after: Option<Timestamp>,
}

impl Failure {
    /// A failure without an answer.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), status: None, retry_after: None }
    }
}

/// How a poll ended.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Outcome {
    /// A document was read: look at its entries.
    #[default]
    Changed,
    /// 304, or the same body again: nothing was parsed, there are no entries to look at.
    Unchanged,
    /// Nothing could be read; what is stored stays.
    Failed(String),
    /// 410: the source says that it is gone for good; it is not polled again until its `url` is edited.
    Gone(String),
}

/// One poll in the status history of a source. Written as a row without names, its time in milliseconds since 1970: each
/// poll reads and writes two dozen of them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PollRecord {
    /// When.
    #[serde(deserialize_with = "moment")]
    pub at: Timestamp,
    /// The status code of the feed's answer; `None` where there was none.
    pub status: Option<u16>,
    /// How it ended.
    pub outcome: Outcome,
    /// Entries in the document.
    pub entries: u32,
    /// Bytes over the wire, all requests of the poll.
    pub bytes: u64,
}

impl Serialize for PollRecord {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        (self.at.timestamp_millis(), self.status, &self.outcome, self.entries, self.bytes).serialize(to)
    }
}

/// A time in milliseconds since 1970; or in words (RFC 3339), as it was written before.
fn moment<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Millis(i64),
        Words(Timestamp),
    }
    match Written::deserialize(from)? {
        Written::Millis(millis) => {
            Timestamp::from_timestamp_millis(millis).ok_or_else(|| D::Error::custom("the time is out of range"))
        }
        Written::Words(at) => Ok(at),
    }
}

/// What the feed's document and headers say of themselves: shown on pages, copied into `<source>`
/// (RFC 4287 §4.2.11), and used for the next poll.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FeedFacts {
    /// Title, as text.
    pub title: String,
    /// Page of the feed.
    pub link: Option<Url>,
    /// atom:id.
    pub id: Option<String>,
    /// Declared language.
    pub language: Option<Language>,
    /// Rights.
    pub rights: Option<String>,
    /// Generator as given.
    pub generator: Option<String>,
    /// WebSub hubs.
    pub hubs: Vec<String>,
    /// `ttl` of RSS 2.0, in minutes.
    pub ttl_minutes: Option<u32>,
    /// `skipHours`, 0 to 23, UTC.
    pub skip_hours: Vec<u8>,
    /// `skipDays`, in English.
    pub skip_days: Vec<String>,
    /// Until when the last answer said that it is fresh, and which header field said so
    /// (Cache-Control max-age or Expires, RFC 9111 §4.2).
    pub fresh_until: Option<(Timestamp, String)>,
}

/// A permanent redirect that was seen but is not yet believed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// Where to.
    pub to: Url,
    /// At how many polls in a row.
    pub sightings: u32,
    /// Since when.
    pub since: Timestamp,
}

/// A stretch of polls that all failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outage {
    /// The first that failed.
    pub since: Timestamp,
    /// The first that did not, again.
    pub until: Option<Timestamp>,
    /// What the last that failed said.
    pub fault: String,
}

impl Outage {
    /// One that lasts so long is told of: shorter ones mend themselves before anybody could.
    pub const TOLD_AFTER: TimeDelta = TimeDelta::hours(24);
    /// How many a source remembers: subscribers to the status feed have seen the older ones.
    const REMEMBERED: usize = 8;

    /// Whether it is worth telling of, when it is `now`.
    pub fn is_told(&self, now: Timestamp) -> bool {
        self.until.unwrap_or(now) - self.since >= Self::TOLD_AFTER
    }
}

/// Everything kept of a source between polls; committed in the same batch as the entries of the poll.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceState {
    /// `url` and `kind` of feeds.toml that the rest belongs to: an edit of either starts discovery anew.
    pub configured: Option<(Url, Option<String>)>,
    /// The kind found (a name of `sources::ALL`).
    pub kind: Option<String>,
    /// The address of the feed found; validators and hash belong to it.
    pub feed: Option<Url>,
    /// Validators of the last document that was read.
    pub validators: Validators,
    /// Whether a full fetch has shown new content behind unchanged validators: then they are not sent any more.
    pub frozen_validators: bool,
    /// Hash of the last body that was read.
    pub body_hash: Option<u64>,
    /// Hash of the identities of its entries: whether validators stand still while entries come and go.
    pub entries_hash: Option<u64>,
    /// When to poll next; `None`: at once, unless `gone`.
    pub next_poll: Option<Timestamp>,
    /// Why then.
    pub next_because: Phrase,
    /// The schedule that this follows from, with its time zone: an edit of it plans anew.
    pub planned_by: String,
    /// Polls that failed since the last that did not.
    pub failures: u32,
    /// Until when the server asked not to be asked again.
    pub retry_after: Option<Timestamp>,
    /// Since when the source says that it is gone for good (410).
    pub gone: Option<Timestamp>,
    /// A permanent redirect seen, not yet believed.
    pub moved: Option<Move>,
    /// The last poll, however it ended.
    pub last_poll: Option<Timestamp>,
    /// The last poll that found a changed document.
    pub last_change: Option<Timestamp>,
    /// The last answer with a whole document (200).
    pub last_full: Option<Timestamp>,
    /// The last error; `None` when the last poll went well.
    pub last_error: Option<String>,
    /// The newest polls, oldest first, at most [`SourceState::HISTORY`].
    pub history: Vec<PollRecord>,
    /// The newest outages, oldest first: those worth telling of, and the one that lasts.
    #[serde(default)]
    pub outages: Vec<Outage>,
    /// Faults of the last document that was read.
    pub faults: Vec<Fault>,
    /// Entries in the last document that was read.
    pub entries: u32,
    /// Polls so far.
    pub polls: u64,
    /// Answers of 304 and unchanged bodies so far: requests that cost nobody much.
    pub unchanged: u64,
    /// Bytes over the wire so far.
    pub bytes: u64,
    /// What the feed says of itself.
    pub facts: FeedFacts,
    /// Posts of the archive read so far, towards `backfill`.
    pub backfilled: u32,
    /// Whether the archive has no more.
    pub backfill_done: bool,
    /// Since when an interface beside the feed (WordPress REST) is known to be closed.
    pub api_closed: Option<Timestamp>,
}

impl SourceState {
    /// How many polls the status history keeps: a day of hourly polls.
    pub const HISTORY: usize = 24;

    /// Appends to the status history and forgets the oldest beyond [`SourceState::HISTORY`]. Outages are followed
    /// apart from it: frequent polls fill it within hours.
    pub fn record(&mut self, poll: PollRecord) {
        let lasting = self.outages.last_mut().filter(|outage| outage.until.is_none());
        match (&poll.outcome, lasting) {
            (Outcome::Failed(fault) | Outcome::Gone(fault), Some(outage)) => outage.fault.clone_from(fault),
            (Outcome::Failed(fault) | Outcome::Gone(fault), None) => {
                self.outages.push(Outage { since: poll.at, until: None, fault: fault.clone() });
            }
            (Outcome::Changed | Outcome::Unchanged, Some(outage)) => outage.until = Some(poll.at),
            (Outcome::Changed | Outcome::Unchanged, None) => {}
        }
        self.outages.retain(|outage| outage.until.is_none() || outage.is_told(poll.at));
        self.outages.drain(..self.outages.len().saturating_sub(Outage::REMEMBERED));
        let excess = (self.history.len() + 1).saturating_sub(Self::HISTORY);
        self.history.drain(..excess);
        self.history.push(poll);
    }
}

/// The result of one poll of one source.
#[derive(Debug, Clone, Default)]
pub struct Polled {
    /// The entries, and what the feed says of itself; empty unless `outcome` is [`Outcome::Changed`].
    pub reading: Reading,
    /// To be stored in the same batch as the entries. `next_poll` is still that of before: see
    /// `schedule::next_poll`.
    pub state: SourceState,
    /// How it ended.
    pub outcome: Outcome,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_is_rows_and_the_form_of_before_is_read() {
        let at = Timestamp::from_timestamp_millis(1_763_800_000_250).unwrap();
        let outcome = Outcome::Failed("no answer".to_owned());
        let poll = PollRecord { at, status: Some(304), outcome, entries: 3, bytes: 120 };
        let rows = r#"[1763800000250,304,{"Failed":"no answer"},3,120]"#;
        assert_eq!(serde_json::to_string(&poll).unwrap(), rows);
        let before = r#"{"at":"2025-11-22T08:26:40.250Z","status":304,"outcome":{"Failed":"no answer"},"entries":3,"bytes":120}"#;
        for written in [rows, before] {
            assert_eq!(serde_json::from_str::<PollRecord>(written).unwrap(), poll);
        }
    }

    #[test]
    fn an_outage_is_remembered_once_it_lasted_a_day() {
        let at = |hour: i64| Timestamp::UNIX_EPOCH + TimeDelta::hours(hour);
        let mut state = SourceState::default();
        let mut poll = |hour, ok| {
            let outcome = if ok { Outcome::Unchanged } else { Outcome::Failed(format!("fault of {hour}")) };
            state.record(PollRecord { at: at(hour), status: None, outcome, entries: 0, bytes: 0 });
            state.outages.clone()
        };
        assert_eq!(poll(0, true), []);
        let short = poll(1, false);
        assert!(!short[0].is_told(at(2)) && short[0].is_told(at(25)));
        assert_eq!(poll(2, true), [], "an hour is not worth a word");
        for hour in 10..100 {
            poll(hour, false);
        }
        let long = Outage { since: at(10), until: Some(at(100)), fault: "fault of 99".to_owned() };
        assert_eq!(poll(100, true), std::slice::from_ref(&long));
        assert_eq!(poll(101, false)[0], long);
        assert_eq!(poll(102, true), [long]);
    }
}
