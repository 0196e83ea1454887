//! What does one poll of one source ask, in which order, and what comes out of it? Without I/O.

mod facts;
pub mod references;

use std::collections::VecDeque;

use chrono::TimeDelta;
use url::Url;

use super::{ALL, feed, named};
use crate::model::source::Paid;
use crate::model::{
    Ask, CutOff, Document, Failure, Move, Outcome, PollRecord, Polled, Reading, Source, SourceKind, SourceState,
    Timestamp, Validators,
};

/// Addresses tried for the feed of a site: what its page names, and the usual places.
const MOST_CANDIDATES: usize = 12;

/// Further requests of one poll: an archive goes on at the next.
const MOST_MORE: usize = 120;

/// Polls in a row that must see a permanent redirect before it is believed: a mistake of a server lasts an hour.
const SIGHTINGS: u32 = 3;

/// Polls in a row that must fail before a feed that was found is looked for again.
const FAILURES_BEFORE_REDISCOVERY: u32 = 3;

/// How often a source whose answers are all 304 is asked without validators: a validator that never changes (a
/// Last-Modified of 1980) would hide everything new for ever.
const FULL_FETCH_EVERY: TimeDelta = TimeDelta::days(7);

/// One poll of one source: ask [`Poll::next`], fetch, give the answer to [`Poll::answer`], until there is nothing
/// more to ask; then [`Poll::finish`].
pub struct Poll<'a> {
    source: &'a Source,
    state: SourceState,
    now: Timestamp,
    /// Addresses that may be the feed, each with the kind that it would be of.
    candidates: VecDeque<(Option<&'static SourceKind>, Url)>,
    tried: Vec<Url>,
    /// What to ask beside the feed.
    more: VecDeque<Ask>,
    asked_more: usize,
    asked: Option<(Option<&'static SourceKind>, Ask)>,
    /// The kind of the feed that was read.
    kind: Option<&'static SourceKind>,
    reading: Reading,
    end: Option<End>,
    /// Why the first candidate was none, for the message.
    first_failure: Option<Failure>,
    status: Option<u16>,
    bytes: u64,
    full_fetch: bool,
}

/// How the feed itself came out.
enum End {
    Changed,
    Unchanged,
    Failed(Failure),
    Gone(String),
}

impl<'a> Poll<'a> {
    /// Starts a poll of `source`, of which `state` was kept.
    pub fn new(source: &'a Source, state: SourceState, now: Timestamp) -> Self {
        let mut state = of_this_address(source, state);
        let age = state.last_full.map(|last| now - last);
        // A negative age: the clock was set back, so nobody knows.
        let full_fetch = age.is_none_or(|age| age > FULL_FETCH_EVERY || age < -FULL_FETCH_EVERY);
        state.last_poll = Some(now);
        let kind = source.kind.as_deref().or(state.kind.as_deref()).and_then(named);
        let candidates = match (&state.feed, kind) {
            (Some(feed), kind) => VecDeque::from([(kind, feed.clone())]),
            (None, Some(kind)) => (kind.feeds)(source, None).into_iter().map(|url| (Some(kind), url)).collect(),
            (None, None) => first_guesses(source),
        };
        Self {
            source,
            state,
            now,
            candidates,
            tried: Vec::new(),
            more: VecDeque::new(),
            asked_more: 0,
            asked: None,
            kind: None,
            reading: Reading::default(),
            end: None,
            first_failure: None,
            status: None,
            bytes: 0,
            full_fetch,
        }
    }

    /// The next request to make; `None` when there is nothing more to ask.
    #[expect(clippy::should_implement_trait, reason = "the answer to one decides the next: it is no iterator")]
    pub fn next(&mut self) -> Option<Ask> {
        if self.end.is_some() {
            let ask = self.more.pop_front().filter(|_| self.asked_more < MOST_MORE)?;
            let ask = Ask { headers: self.source.headers.clone(), ..ask };
            self.asked_more += 1;
            self.asked = Some((self.kind, ask.clone()));
            return Some(ask);
        }
        while let Some((kind, url)) = self.candidates.pop_front() {
            if self.tried.contains(&url) || self.tried.len() >= MOST_CANDIDATES {
                continue;
            }
            self.tried.push(url.clone());
            let validators = self.validators(&url);
            let purpose = kind.map(|k| k.purpose).unwrap_or_default();
            let ask = Ask { url, purpose, validators, headers: self.source.headers.clone() };
            self.asked = Some((kind, ask.clone()));
            return Some(ask);
        }
        None
    }

    /// The answer to the request that [`Poll::next`] gave last. Parsing happens here: it is CPU work.
    pub fn answer(&mut self, answer: Result<Document, Failure>) {
        let Some((kind, ask)) = self.asked.take() else { return };
        if let Ok(document) = &answer {
            self.bytes += document.wire_bytes;
        }
        if self.end.is_some() {
            return self.take(&ask, answer);
        }
        match answer {
            Err(failure) => self.failed(&ask, failure),
            Ok(document) if document.status == 304 => {
                self.status = Some(304);
                self.unchanged(&document);
            }
            Ok(document) => {
                self.status = Some(document.status);
                let is_same = self.state.feed.as_ref() == Some(&ask.url)
                    && self.state.body_hash == Some(facts::hash(&document.body));
                if is_same {
                    self.state.validators = document.validators.clone();
                    self.state.last_full = Some(self.now);
                    self.unchanged(&document);
                } else {
                    self.read(kind, &ask, &document);
                }
            }
        }
    }

    /// The entries and the new state.
    pub fn finish(mut self) -> Polled {
        let nothing = || {
            let message = match &self.first_failure {
                Some(failure) => failure.message.clone(),
                None => "no feed was found: write the address of the feed itself, or kind = \"page\"".to_owned(),
            };
            End::Failed(Failure { message, ..self.first_failure.clone().unwrap_or_default() })
        };
        let end = self.end.take().unwrap_or_else(nothing);
        // An archive can bring entries although the feed is as it was.
        let end = if matches!(end, End::Unchanged) && !self.reading.entries.is_empty() { End::Changed } else { end };
        let state = &mut self.state;
        let outcome = match end {
            End::Changed => {
                state.last_change = Some(self.now);
                Outcome::Changed
            }
            End::Unchanged => {
                state.unchanged += 1;
                Outcome::Unchanged
            }
            End::Gone(message) => {
                state.gone = Some(self.now);
                Outcome::Gone(message)
            }
            End::Failed(failure) => {
                state.retry_after = failure.retry_after;
                state.failures = state.failures.saturating_add(1);
                Outcome::Failed(failure.message)
            }
        };
        match &outcome {
            Outcome::Failed(message) | Outcome::Gone(message) => state.last_error = Some(message.clone()),
            Outcome::Changed | Outcome::Unchanged => {
                (state.failures, state.retry_after, state.last_error) = (0, None, None);
            }
        }
        if matches!(outcome, Outcome::Changed) {
            apply_paid(self.source.paid, &mut self.reading);
            state.faults.clone_from(&self.reading.faults);
        }
        state.polls += 1;
        state.bytes += self.bytes;
        state.record(PollRecord {
            at: self.now,
            status: self.status,
            outcome: outcome.clone(),
            entries: self.reading.entries.len() as u32,
            bytes: self.bytes,
        });
        Polled { reading: self.reading, state: self.state, outcome }
    }

    /// What to send back: nothing to another address than they came from, nor when a full fetch is due.
    fn validators(&self, url: &Url) -> Validators {
        let usable = self.state.feed.as_ref() == Some(url) && !self.state.frozen_validators && !self.full_fetch;
        if usable { self.state.validators.clone() } else { Validators::default() }
    }

    fn unchanged(&mut self, document: &Document) {
        self.state.facts.fresh_until = facts::fresh_until(document, self.now);
        self.sight(document);
        self.end = Some(End::Unchanged);
        self.kind = self.state.kind.as_deref().and_then(named);
        self.ask_more();
    }

    /// Reads a document that is new to us: the feed, or a page on the way to it.
    fn read(&mut self, kind: Option<&'static SourceKind>, ask: &Ask, document: &Document) {
        let recognised = || ALL.iter().copied().find(|kind| (kind.recognises)(document));
        // A kind that is only a guess gives way to what the document shows.
        let is_named = self.source.kind.is_some();
        let kind = if is_named { kind } else { recognised().filter(|k| k.name != feed::KIND.name).or(kind) };
        let reading = (kind.unwrap_or(&feed::KIND).read)(self.source, document);
        match &reading.refused {
            None => self.accept(kind.unwrap_or(&feed::KIND), ask, document, reading),
            Some(why) => {
                let failure = Failure::new(no_feed(why, &reading, self.source.kind.as_deref()));
                self.first_failure.get_or_insert(failure.clone());
                if self.state.feed.is_some() {
                    return self.failed(ask, failure);
                }
                // What is named stays what it is: its own addresses were tried, others would be another source.
                if is_named {
                    return;
                }
                let guesses = kind.into_iter().chain([&feed::KIND]);
                let further: Vec<_> = guesses
                    .flat_map(|kind| {
                        (kind.feeds)(self.source, Some(document)).into_iter().map(move |url| (Some(kind), url))
                    })
                    .collect();
                // Only the source's own address leads further: a page found at a usual place is an error page.
                if self.tried.len() == 1 {
                    self.candidates.extend(further);
                }
            }
        }
    }

    fn accept(&mut self, kind: &'static SourceKind, ask: &Ask, document: &Document, mut reading: Reading) {
        // What is there of an entry would take the place of what is stored of it. The rest is asked for at the next poll,
        // whole: a server has one validator for both.
        let cut_off = reading.cut_off;
        reading.entries.retain(|entry| entry.cut_off != CutOff::Inside);
        let entries_hash = facts::entries_hash(&reading);
        let state = &mut self.state;
        let is_known = state.feed.as_ref() == Some(&ask.url);
        // The same validators for other entries: they say nothing.
        let is_same = is_known && !document.validators.is_empty() && document.validators == state.validators;
        state.frozen_validators = is_same && (state.frozen_validators || state.entries_hash != Some(entries_hash));
        state.kind = Some(kind.name.to_owned());
        state.feed = Some(ask.url.clone());
        state.validators = if cut_off { Validators::default() } else { document.validators.clone() };
        state.body_hash = (!cut_off).then(|| facts::hash(&document.body));
        state.entries_hash = Some(entries_hash);
        state.last_full = Some(self.now);
        state.entries = reading.entries.len() as u32;
        state.facts = facts::of(&reading, document, self.now);
        self.reading = reading;
        self.kind = Some(kind);
        self.end = Some(End::Changed);
        self.sight(document);
        self.ask_more();
    }

    fn ask_more(&mut self) {
        if let Some(kind) = self.kind {
            self.more.extend((kind.more)(self.source, &self.state, &self.reading));
        }
    }

    /// Counts how often a permanent redirect was seen; at the third poll in a row it is believed.
    fn sight(&mut self, document: &Document) {
        let state = &mut self.state;
        let Some(to) = document.moved_to.clone() else {
            state.moved = None;
            return;
        };
        let seen = state.moved.take().filter(|m| m.to == to);
        let moved =
            seen.map_or(Move { to, sightings: 1, since: self.now }, |m| Move { sightings: m.sightings + 1, ..m });
        if moved.sightings >= SIGHTINGS {
            state.feed = Some(moved.to);
        } else {
            state.moved = Some(moved);
        }
    }

    fn failed(&mut self, ask: &Ask, failure: Failure) {
        self.status = failure.status.or(self.status);
        let is_configured = ask.url == self.source.url || self.state.feed.as_ref() == Some(&ask.url);
        if failure.status == Some(410) && is_configured {
            self.end = Some(End::Gone(failure.message));
            return;
        }
        if self.state.feed.is_some() {
            // A feed that was found elsewhere may have gone elsewhere: look for it again from the source's address.
            if self.state.failures + 1 >= FAILURES_BEFORE_REDISCOVERY
                && self.state.feed.as_ref() != Some(&self.source.url)
            {
                self.state.feed = None;
                self.state.kind = None;
                self.state.moved = None;
            }
            self.end = Some(End::Failed(failure));
            return;
        }
        let is_absent = matches!(failure.status, Some(400..=409 | 411..=428 | 430..=499));
        self.first_failure.get_or_insert(failure.clone());
        // Where nothing answers, or a limiter does, the other addresses of the host are no better.
        if !is_absent || failure.status == Some(403) {
            self.end = Some(End::Failed(failure));
        }
    }

    /// An answer to a question beside the feed.
    fn take(&mut self, ask: &Ask, answer: Result<Document, Failure>) {
        let Some(kind) = self.kind else { return };
        let asks = (kind.take)(self.source, &mut self.state, &mut self.reading, ask, answer.as_ref());
        self.more.extend(asks);
        // A limiter is not asked for the rest.
        if answer.is_err_and(|f| f.status == Some(429) || f.retry_after.is_some()) {
            self.more.clear();
        }
    }
}

/// The state, as far as it belongs to this address and kind: an edit of either starts discovery anew, and ends a 410.
fn of_this_address(source: &Source, state: SourceState) -> SourceState {
    let configured = Some((source.url.clone(), source.kind.clone()));
    if state.configured == configured {
        return state;
    }
    if state.configured.is_none() {
        return SourceState { configured, ..state };
    }
    SourceState {
        configured,
        history: state.history,
        polls: state.polls,
        unchanged: state.unchanged,
        bytes: state.bytes,
        last_change: state.last_change,
        ..SourceState::default()
    }
}

/// Where to look first, when nothing is known: what a host alone says, else the address itself.
fn first_guesses(source: &Source) -> VecDeque<(Option<&'static SourceKind>, Url)> {
    let kind = &super::substack::KIND;
    let guesses: VecDeque<_> = (kind.feeds)(source, None).into_iter().map(|url| (named(kind.name), url)).collect();
    if guesses.is_empty() { VecDeque::from([(None, source.url.clone())]) } else { guesses }
}

/// Why a document is no feed, and where its feed is if it says so.
fn no_feed(why: &str, reading: &Reading, named: Option<&str>) -> String {
    match reading.feeds.first() {
        _ if named == Some(super::page::KIND.name) => why.to_owned(),
        Some(feed) if named.is_some() => format!("not a feed ({why}); the page says that its feed is {feed}"),
        _ => format!("not a feed ({why}); write the address of the feed itself, or kind = \"page\""),
    }
}

/// An id for a source of this host: its first telling label.
pub fn id_of(host: &str) -> String {
    let label = host.split('.').find(|label| !matches!(*label, "www" | "blog" | "feeds" | "feed" | "rss"));
    let slug: String = label
        .unwrap_or(host)
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .collect();
    match slug.trim_matches('-') {
        "" => "source".to_owned(),
        slug => slug.to_owned(),
    }
}

fn apply_paid(paid: Paid, reading: &mut Reading) {
    match paid {
        Paid::Mark => {}
        Paid::Drop => reading.entries.retain(|entry| !entry.preview),
        Paid::Keep => reading.entries.iter_mut().for_each(|entry| entry.preview = false),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::model::SourceId;

    pub const NOW: &str = "2026-11-22T10:00:00Z";
    const FEED: &str = r#"<rss version="2.0"><channel><title>Notes</title><ttl>90</ttl><language>it</language>
        <item><title>One</title><link>https://example.org/1</link><guid>1</guid></item></channel></rss>"#;

    pub fn at(s: &str) -> Timestamp {
        chrono::DateTime::parse_from_rfc3339(s).unwrap().to_utc()
    }

    pub fn document(url: &str, content_type: &str, body: &str) -> Document {
        Document::local(Url::parse(url).unwrap(), Some(content_type), body.to_owned(), at(NOW))
    }

    pub fn source(url: &str) -> Source {
        Source::new(SourceId("test".into()), Url::parse(url).unwrap())
    }

    /// Runs a poll against a script; gives what was asked, too.
    pub fn run(
        source: &Source,
        state: SourceState,
        answers: impl Fn(&str) -> Result<Document, Failure>,
    ) -> (Polled, Vec<String>) {
        let mut asked = Vec::new();
        let polled = run_at(source, state, NOW, |ask| {
            asked.push(ask.url.to_string());
            answers(ask.url.as_str())
        });
        (polled, asked)
    }

    fn run_at(
        source: &Source,
        state: SourceState,
        now: &str,
        mut answers: impl FnMut(&Ask) -> Result<Document, Failure>,
    ) -> Polled {
        let mut poll = Poll::new(source, state, at(now));
        while let Some(ask) = poll.next() {
            poll.answer(answers(&ask));
        }
        poll.finish()
    }

    fn absent() -> Result<Document, Failure> {
        Err(Failure { status: Some(404), ..Failure::new("there is nothing at this address (404)") })
    }

    fn feed_with(etag: &str, body: &str) -> Document {
        let validators = Validators { etag: Some(etag.into()), last_modified: None };
        Document { validators, ..document("https://example.org/feed", "text/xml", body) }
    }

    fn not_modified() -> Document {
        Document { status: 304, ..feed_with("\"1\"", "") }
    }

    #[test]
    fn a_feed_is_read_and_then_asked_for_with_its_validators() {
        let source = source("https://example.org/feed");
        let odd = "W/\"\u{fc}\"";
        let first = run_at(&source, SourceState::default(), NOW, |ask| {
            assert!(ask.validators.is_empty());
            Ok(feed_with(odd, FEED))
        });
        assert_eq!(first.outcome, Outcome::Changed);
        assert_eq!((first.reading.entries.len(), first.state.entries, first.state.polls), (1, 1, 1));
        assert_eq!(first.state.facts.title, "Notes");
        assert_eq!(first.state.facts.ttl_minutes, Some(90));
        let second = run_at(&source, first.state, "2026-11-22T11:00:00Z", |ask| {
            assert_eq!(ask.validators.etag.as_deref(), Some(odd.as_bytes()));
            Ok(not_modified())
        });
        assert_eq!(second.outcome, Outcome::Unchanged);
        assert_eq!((second.state.unchanged, second.reading.entries.len(), second.state.entries), (1, 0, 1));
        assert_eq!(second.state.validators.etag.as_deref(), Some(odd.as_bytes()));
    }

    #[test]
    fn the_same_body_again_is_not_parsed() {
        let source = source("https://example.org/feed");
        let first = run_at(&source, SourceState::default(), NOW, |_| Ok(feed_with("\"1\"", FEED)));
        let second = run_at(&source, first.state, NOW, |_| Ok(feed_with("\"2\"", FEED)));
        assert_eq!(second.outcome, Outcome::Unchanged);
        // The new validators are kept all the same.
        assert_eq!(second.state.validators.etag.as_deref(), Some(&b"\"2\""[..]));
    }

    #[test]
    fn frozen_validators_are_found_out_by_a_rare_full_fetch() {
        let source = source("https://example.org/feed");
        let state = run_at(&source, SourceState::default(), NOW, |_| Ok(feed_with("\"1\"", FEED))).state;
        let week_later = "2026-11-30T10:00:00Z";
        let other = FEED.replace("guid>1<", "guid>2<");
        let polled = run_at(&source, state.clone(), week_later, |ask| {
            assert!(ask.validators.is_empty(), "a full fetch");
            Ok(feed_with("\"1\"", &other))
        });
        assert!(polled.state.frozen_validators);
        assert_eq!(polled.outcome, Outcome::Changed);
        let polled = run_at(&source, polled.state, "2026-12-01T10:00:00Z", |ask| {
            assert!(ask.validators.is_empty());
            Ok(feed_with("\"2\"", FEED))
        });
        assert!(!polled.state.frozen_validators, "they do change");
        // A body that only says something else of the same entries proves nothing.
        let polled = run_at(&source, state, week_later, |_| Ok(feed_with("\"1\"", &FEED.replace("90", "91"))));
        assert!(!polled.state.frozen_validators);
    }

    #[test]
    fn a_move_is_believed_at_the_third_sighting() {
        let source = source("https://example.org/feed");
        let to = Url::parse("https://example.org/new").unwrap();
        let mut state = SourceState::default();
        for n in 1..=3 {
            let moved = |ask: &Ask| {
                assert_eq!(ask.url.path(), "/feed", "poll {n}");
                Ok(Document { moved_to: Some(to.clone()), ..feed_with("\"1\"", FEED) })
            };
            state = run_at(&source, state, NOW, moved).state;
        }
        assert_eq!(state.feed.as_ref(), Some(&to));
        let next = run_at(&source, state.clone(), NOW, |ask| {
            assert_eq!(ask.url, to);
            assert!(!ask.validators.is_empty(), "they are of the same document");
            Ok(not_modified())
        });
        assert_eq!(next.outcome, Outcome::Unchanged);
        // An edit of the address starts anew.
        let edited = super::tests::source("https://example.org/other");
        run_at(&edited, state, NOW, |ask| {
            assert_eq!(ask.url.path(), "/other");
            assert!(ask.validators.is_empty());
            absent()
        });
    }

    #[test]
    fn a_sighting_that_is_not_repeated_is_forgotten() {
        let source = source("https://example.org/feed");
        let to = Url::parse("https://example.org/new").ok();
        let mut state = SourceState::default();
        for moved_to in [to.clone(), to.clone(), None, to.clone(), to] {
            state =
                run_at(&source, state, NOW, |_| Ok(Document { moved_to: moved_to.clone(), ..feed_with("1", FEED) }))
                    .state;
        }
        assert_eq!(state.feed.unwrap().path(), "/feed");
        assert_eq!(state.moved.unwrap().sightings, 2);
    }

    #[test]
    fn the_feed_of_a_site_is_found() {
        let page = r#"<html><head><title>x</title><link rel="alternate" type="application/atom+xml" href="/blog/atom"></head>"#;
        let site = source("https://example.org/");
        let (polled, asked) = run(&site, SourceState::default(), |url| match url {
            "https://example.org/" => Ok(document(url, "text/html", page)),
            "https://example.org/blog/atom" => Ok(document(url, "text/html", FEED)),
            _ => absent(),
        });
        assert_eq!(polled.outcome, Outcome::Changed);
        assert_eq!(asked.len(), 2);
        let (polled, asked) = run(&site, polled.state, |url| Ok(document(url, "text/html", FEED)));
        assert_eq!(
            (polled.outcome, asked.as_slice()),
            (Outcome::Unchanged, &["https://example.org/blog/atom".to_owned()][..])
        );
        // A page that names none: the usual places.
        let (polled, asked) = run(&site, SourceState::default(), |url| match url {
            "https://example.org/" => Ok(document(url, "text/html", "<html><p>hello")),
            "https://example.org/feed.xml" => Ok(document(url, "text/xml", FEED)),
            "https://example.org/rss.xml" => Ok(document(url, "text/html", "<html><p>not found, says a 200")),
            _ => absent(),
        });
        assert_eq!(polled.state.feed.unwrap().path(), "/feed.xml");
        assert_eq!(asked.len(), 5);
    }

    #[test]
    fn no_feed_at_all() {
        let site = source("https://example.org/");
        let (polled, asked) = run(&site, SourceState::default(), |url| match url {
            "https://example.org/" => Ok(document(url, "text/html", "<html><p>hello")),
            _ => absent(),
        });
        let Outcome::Failed(message) = polled.outcome else { panic!("{:?}", polled.outcome) };
        assert!(message.contains("not a feed") && message.contains("kind = \"page\""), "{message}");
        assert!(asked.len() <= MOST_CANDIDATES);
        assert_eq!((polled.state.failures, polled.reading.entries.len()), (1, 0));
        // A source named a feed says where its feed is.
        let mut wrong = site.clone();
        wrong.kind = Some("feed".into());
        let page = r#"<html><link rel="alternate" type="application/rss+xml" href="/real.xml">"#;
        let (polled, asked) = run(&wrong, SourceState::default(), |url| Ok(document(url, "text/html", page)));
        let Outcome::Failed(message) = polled.outcome else { panic!("{:?}", polled.outcome) };
        assert!(message.contains("its feed is https://example.org/real.xml"), "{message}");
        assert_eq!(asked.len(), 1);
        // A host that does not answer is not asked twelve times.
        let (_, asked) = run(&site, SourceState::default(), |_| Err(Failure::new("no connection")));
        assert_eq!(asked.len(), 1);
    }

    #[test]
    fn failures_keep_what_is_known() {
        let source = source("https://example.org/feed");
        let good = run_at(&source, SourceState::default(), NOW, |_| Ok(feed_with("\"1\"", FEED))).state;
        let retry_after = Some(at("2026-11-22T12:00:00Z"));
        let limited = run_at(&source, good.clone(), NOW, |_| {
            Err(Failure { message: "slow down".into(), status: Some(429), retry_after })
        });
        assert_eq!(limited.outcome, Outcome::Failed("slow down".into()));
        assert_eq!((limited.state.failures, limited.state.retry_after), (1, retry_after));
        assert_eq!(limited.state.validators, good.validators);
        assert_eq!(limited.state.gone, None);
        let again = run_at(&source, limited.state, NOW, |_| Ok(not_modified()));
        assert_eq!((again.state.failures, again.state.retry_after, again.state.last_error), (0, None, None));
        assert_eq!(again.state.history.len(), 3);
        // HTML in place of a feed that was one.
        let blocked = run_at(&source, good.clone(), NOW, |_| {
            Ok(document("https://example.org/feed", "text/html", "<html>Are you human?"))
        });
        assert!(matches!(blocked.outcome, Outcome::Failed(_)));
        assert_eq!(blocked.state.entries, 1);
        // 410.
        let gone =
            run_at(&source, good, NOW, |_| Err(Failure { status: Some(410), ..Failure::new("gone for good (410)") }));
        assert!(matches!(gone.outcome, Outcome::Gone(_)));
        assert_eq!(gone.state.gone, Some(at(NOW)));
        let edited = super::tests::source("https://example.org/new");
        assert_eq!(run(&edited, gone.state, |url| Ok(document(url, "text/xml", FEED))).0.state.gone, None);
    }

    #[test]
    fn a_feed_that_was_found_and_is_lost_is_looked_for_again() {
        let site = source("https://example.org/");
        let page = r#"<html><link rel="alternate" type="application/rss+xml" href="/new.xml">"#;
        let feed = Url::parse("https://example.org/old.xml").ok();
        let configured = Some((site.url.clone(), None));
        let mut state = SourceState { configured, feed, kind: Some("feed".into()), ..SourceState::default() };
        let answers = |url: &str| match url {
            "https://example.org/" => Ok(document(url, "text/html", page)),
            "https://example.org/new.xml" => Ok(document(url, "text/xml", FEED)),
            _ => absent(),
        };
        for _ in 0..3 {
            let (polled, asked) = run(&site, state, answers);
            assert_eq!(asked, ["https://example.org/old.xml"]);
            state = polled.state;
        }
        let (polled, _) = run(&site, state, answers);
        assert_eq!(polled.outcome, Outcome::Changed);
        assert_eq!(polled.state.feed.unwrap().path(), "/new.xml");
    }

    #[test]
    fn the_history_is_bounded() {
        let source = source("https://example.org/feed");
        let mut state = SourceState::default();
        for _ in 0..100 {
            state = run_at(&source, state, NOW, |_| absent()).state;
        }
        assert_eq!(state.history.len(), SourceState::HISTORY);
        assert_eq!(state.polls, 100);
    }
}
