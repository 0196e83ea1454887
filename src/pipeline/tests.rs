//! When does an entry appear, and how often is its page fetched?

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use chrono::{DateTime, TimeDelta};
use url::Url;

use super::pages::Fetched;
use super::site::Shopfront;
use super::{House, Ingested, Plan};
use crate::model::poll::Outage;
use crate::model::source::Content;
use crate::model::{
    Document, EditionQuery, EditionSpec, EntryId, Failure, Language, Outcome, Polled, RawEntry, Reading, Role, Source,
    SourceId, SourceState, Text, Timestamp,
};
use crate::publish::{Ask, Counts, Refusal, Site};
use crate::store::{self, Batch, MemoryStore, Pair, Read, Scan, Stats, Store, query};

fn at(minutes: i64) -> Timestamp {
    DateTime::from_timestamp(1_763_800_000, 0).unwrap() + TimeDelta::minutes(minutes)
}

fn url(path: &str) -> Url {
    Url::parse("https://blog.example").unwrap().join(path).unwrap()
}

fn source() -> Source {
    Source { role: Role::Repost, ..Source::new(SourceId("blog".to_owned()), url("/")) }
}

fn house() -> House {
    house_over(Arc::new(MemoryStore::new()))
}

fn house_over(store: Arc<dyn Store>) -> House {
    let editions = vec![EditionSpec::new("main", "Main")];
    let plan = Plan::new(vec![source()], editions, url("/planet/"), Vec::new(), Vec::new());
    House::new(store, plan).unwrap()
}

/// A poll of a feed with one entry, of which it gives a summary only.
fn polled(summary: &str) -> Polled {
    let entry = RawEntry {
        id: Some("one".to_owned()),
        link: Some(url("/one").to_string()),
        title: Text { value: "The harbour at night".to_owned(), ..Text::default() },
        summary: Text { value: format!("<p>{summary} […]</p>"), html: true, ..Text::default() },
        published: Some(at(-60)),
        ..RawEntry::default()
    };
    Polled {
        reading: Reading { entries: vec![entry], ..Reading::default() },
        state: SourceState { feed: Some(url("/feed")), entries: 1, ..SourceState::default() },
        outcome: Outcome::Changed,
    }
}

/// A text long enough to be recognised.
const TEXT: &str = "<p>The cranes stood still over the water while the last ferry turned towards the lights of the \
                    town.</p><p>Nobody had told the harbour master that the mail would not come before Thursday, nor \
                    that the pilot had gone home with a fever and a borrowed coat.</p><p>In the office of the weigh \
                    house a lamp burned until two, and the ledger shows eleven barrels of tar for the third of May.</p>";

fn page() -> Document {
    let sentence = "The cranes stood still over the water while the last ferry turned towards the lights of the town. ";
    let html = format!(
        "<html lang=en><body><article><h1>The harbour at night</h1><p>{}</p><p>{}</p></article></body></html>",
        sentence.repeat(6),
        sentence.repeat(5)
    );
    Document::local(url("/one"), Some("text/html"), html, at(0))
}

#[test]
fn an_entry_waits_for_its_page_and_appears_with_its_summary_after_ten_minutes() {
    let house = house();
    let ingested = house.take_poll(&source(), polled("The cranes stood still"), at(0)).unwrap();
    assert_eq!(ingested, Ingested { new: 1, changed: 0, pages: 1 });
    let job = house.pages_due(at(0), 9).unwrap().remove(0);
    let down = Failure::new("the server does not answer");
    assert!(matches!(house.take_page(&job, Err(&down), at(1)).unwrap(), Fetched::Later(_)));
    assert_eq!(house.judge(at(9)).unwrap().entries, 0, "it may still come");
    assert_eq!(house.judge(at(10)).unwrap().entries, 1);
    assert_eq!(house.summary().unwrap().stories, 1);
    assert_eq!(house.pages_due(at(10), 9).unwrap().len(), 1, "the page is still asked for");
}

#[test]
fn a_page_is_fetched_once_for_each_revision() {
    let house = house();
    house.take_poll(&source(), polled("The cranes stood still"), at(0)).unwrap();
    let job = house.pages_due(at(0), 9).unwrap().remove(0);
    assert_eq!(house.take_page(&job, Ok(&page()), at(1)).unwrap(), Fetched::Read);
    assert_eq!(house.judge(at(1)).unwrap().entries, 1, "at once, when its page was read");
    let again = house.take_poll(&source(), polled("The cranes stood still"), at(60)).unwrap();
    assert_eq!(again, Ingested::default());
    assert_eq!(house.pages_due(at(60), 9).unwrap(), []);
    let edited = house.take_poll(&source(), polled("The cranes moved"), at(120)).unwrap();
    assert_eq!(edited, Ingested { new: 0, changed: 1, pages: 1 });
    let entry = query::whole_entry(house.store(), job.entry).unwrap().unwrap();
    assert_eq!((entry.first_seen, entry.revised), (at(0), Some(at(120))));
    assert!(entry.body.page.is_some(), "what its page told before stays until it is read again");
}

#[test]
fn whichever_source_answers_first_a_new_store_has_the_same_ids() {
    let founded = |order: [usize; 2], later: i64| {
        let sources = ["blog", "copies"].map(|id| Source {
            id: SourceId(id.to_owned()),
            full_text: Some(false),
            ..Source::new(SourceId(id.to_owned()), Url::parse(&format!("https://{id}.example/")).unwrap())
        });
        let plan = Plan::new(sources.to_vec(), vec![EditionSpec::new("main", "Main")], url("/"), vec![], vec![]);
        let house = House::new(Arc::new(MemoryStore::new()), plan).unwrap();
        for (n, which) in order.into_iter().enumerate() {
            let now = at(later * n as i64);
            let mut polled = polled("");
            let entry = &mut polled.reading.entries[0];
            entry.link = Some(sources[which].url.join("one").unwrap().to_string());
            // The one published later is the copy; what we saw first says nothing within the first round.
            entry.published = Some(at(-600 + 60 * which as i64));
            entry.content = Text { value: TEXT.to_owned(), html: true, ..Text::default() };
            house.take_poll(&sources[which], polled, now).unwrap();
        }
        assert_eq!(house.judge(at(later + 1)).unwrap().entries, 2);
        let stories = query::newest_stories(house.store(), None, 9).unwrap();
        assert_eq!((stories.len(), stories[0].members.len()), (1, 2));
        stories[0].id
    };
    let id = founded([0, 1], 5);
    assert_eq!((founded([1, 0], 5), founded([1, 0], 59)), (id, id));
    assert_ne!(founded([1, 0], 61), id, "seen first an hour later, it is the first");
}

#[test]
fn an_entry_at_which_the_program_panics_is_set_aside_and_the_others_are_judged() {
    let sources: Vec<Source> =
        (0..3).map(|n| Source { id: SourceId(format!("s{n}")), full_text: Some(false), ..source() }).collect();
    let plan = Plan::new(sources.clone(), vec![EditionSpec::new("main", "Main")], url("/"), Vec::new(), Vec::new());
    let store = Arc::new(Watched::default());
    let house = House::new(Arc::clone(&store) as _, plan).unwrap();
    for source in &sources {
        house.take_poll(source, polled("The cranes stood still"), at(0)).unwrap();
    }
    let entries = query::entries(house.store(), None, 9).unwrap();
    store.haunted.set(entries[1].id).unwrap();
    let judged = house.judge(at(1)).unwrap();
    assert_eq!((judged.entries, house.waiting(9).unwrap()), (3, 0));
    assert_eq!((judged.notices.len(), house.entries_set_aside()), (1, 1), "{judged:?}");
    assert!(judged.notices[0].starts_with("https://blog.example/one could not be compared"), "{judged:?}");
    let story = |at: usize| query::story_of(house.store(), entries[at].id).unwrap().unwrap();
    // All three have one text: the two that could be compared were joined.
    assert!(story(0) == story(2) && story(0) != story(1));
    assert_eq!(house.judge(at(2)).unwrap().entries, 0);
}

#[test]
fn what_is_rare_is_remembered_over_a_restart() {
    let store = Arc::new(MemoryStore::new());
    let house = house_over(Arc::<MemoryStore>::clone(&store));
    house.take_poll(&source(), polled("The cranes stood still over 4,711 crates"), at(0)).unwrap();
    house.judge(at(10)).unwrap();
    let before = house.context().unwrap().rarity;
    assert_eq!(before.documents, 1);
    assert_eq!(house_over(store).context().unwrap().rarity, before);
}

#[test]
fn an_entry_that_was_judged_by_its_summary_is_judged_anew_when_its_page_comes() {
    let house = house();
    house.take_poll(&source(), polled("The cranes stood still"), at(0)).unwrap();
    let job = house.pages_due(at(0), 9).unwrap().remove(0);
    assert_eq!(house.judge(at(1)).unwrap().entries, 0, "it waits for its page");
    assert_eq!(house.judge(at(601)).unwrap().entries, 1, "but not for ever");
    let length = || query::node(house.store(), job.entry).unwrap().expect("judged").text_len;
    let of_summary = length();
    assert_eq!(house.take_page(&job, Ok(&page()), at(700)).unwrap(), Fetched::Read);
    assert_eq!(house.judge(at(701)).unwrap().entries, 1);
    assert!(length() > of_summary, "{} characters, {of_summary} before", length());
}

#[test]
fn a_page_that_comes_while_its_entry_is_judged_is_judged_too() {
    let store = Arc::new(Watched::default());
    let house = Arc::new(house_over(Arc::clone(&store) as _));
    house.take_poll(&source(), polled("The cranes stood still"), at(0)).unwrap();
    let job = house.pages_due(at(0), 9).unwrap().remove(0);
    let (entry, other) = (job.entry, Arc::clone(&house));
    let comes = move || assert_eq!(other.take_page(&job, Ok(&page()), at(601)).unwrap(), Fetched::Read);
    *store.meanwhile.lock().unwrap() = Some(Box::new(comes));
    assert_eq!(house.judge(at(601)).unwrap().entries, 1);
    let length = || query::node(house.store(), entry).unwrap().expect("judged").text_len;
    let of_summary = length();
    assert_eq!(house.judge(at(602)).unwrap().entries, 1, "it waits again");
    assert!(length() > of_summary, "{} characters, {of_summary} before", length());
    assert_eq!(house.judge(at(603)).unwrap().entries, 0);
}

#[test]
fn an_answer_for_an_older_revision_changes_nothing() {
    let house = house();
    house.take_poll(&source(), polled("The cranes stood still"), at(0)).unwrap();
    let job = house.pages_due(at(0), 9).unwrap().remove(0);
    house.take_poll(&source(), polled("The cranes moved"), at(1)).unwrap();
    assert_eq!(house.take_page(&job, Ok(&page()), at(2)).unwrap(), Fetched::Stale);
    assert_eq!(house.pages_due(at(2), 9).unwrap().len(), 1, "the page of the new revision is still to come");
}

/// A store that counts what is read of it, and of which texts cannot be read when told so.
#[derive(Default)]
struct Watched {
    inner: MemoryStore,
    reads: AtomicUsize,
    unreadable: AtomicBool,
    /// Whose text panics who reads it.
    haunted: OnceLock<EntryId>,
    /// What happens right after the next text was read.
    meanwhile: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl Read for Watched {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, store::Error> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        // Keys of texts begin so (`store::key`).
        if self.unreadable.load(Ordering::SeqCst) && key.first() == Some(&b'h') {
            return Err(store::Error::Io { path: "store".into(), reason: "the disk is gone".to_owned() });
        }
        let haunted =
            self.haunted.get().is_some_and(|entry| key.first() == Some(&b'h') && key.ends_with(entry.0.as_bytes()));
        assert!(!haunted, "boo");
        let value = self.inner.get(key);
        if key.first() == Some(&b'h') {
            let meanwhile = self.meanwhile.lock().unwrap().take();
            meanwhile.into_iter().for_each(|happens| happens());
        }
        value
    }

    fn scan(&self, scan: &Scan<'_>) -> Result<Vec<Pair>, store::Error> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.inner.scan(scan)
    }
}

impl Store for Watched {
    fn apply(&self, batch: Batch) -> Result<(), store::Error> {
        self.inner.apply(batch)
    }

    fn ready(&self) -> Result<(), store::Error> {
        self.inner.ready()
    }

    fn stats(&self) -> Result<Stats, store::Error> {
        self.inner.stats()
    }

    fn compact(&self) -> Result<(), store::Error> {
        self.inner.compact()
    }
}

/// A site over a house with one story.
fn site() -> (Arc<Watched>, Arc<House>, Shopfront) {
    let store = Arc::new(Watched::default());
    let house = Arc::new(house_over(Arc::clone(&store) as _));
    house.take_poll(&source(), polled("The cranes stood still"), at(0)).unwrap();
    assert_eq!(house.judge(at(10)).unwrap().entries, 1);
    let site = Shopfront::new(Arc::clone(&house), Arc::new(Counts::default()), || at(20));
    (store, house, site)
}

fn front() -> Ask {
    Ask { path: "/".to_owned(), ..Ask::default() }
}

#[test]
fn what_cannot_be_read_is_said_and_never_published_as_nothing() {
    let (store, house, site) = site();
    store.unreadable.store(true, Ordering::SeqCst);
    assert_eq!(site.edition("main", &EditionQuery::default()), Err(Refusal::NotReady));
    assert_eq!(site.page(&front()).unwrap().status, 503);
    store.unreadable.store(false, Ordering::SeqCst);
    assert_eq!(site.edition("main", &EditionQuery::default()).unwrap().items.len(), 1);
    assert_eq!(site.page(&front()).unwrap().status, 200);
    assert_eq!(house.summary().unwrap().stories, 1);
}

#[test]
fn an_edition_and_the_front_page_are_composed_once_for_each_change() {
    let (store, house, site) = site();
    let reads = |site: &Shopfront| {
        let before = store.reads.load(Ordering::SeqCst);
        let edition = site.edition("main", &EditionQuery::default()).unwrap();
        let page = site.page(&front()).unwrap();
        (store.reads.load(Ordering::SeqCst) - before, edition, page)
    };
    let (first, edition, page) = reads(&site);
    assert!(first > 0 && String::from_utf8_lossy(&page.body).contains("The harbour at night"));
    let (again, same, _) = reads(&site);
    assert!(again == 0 && Arc::ptr_eq(&edition, &same), "{again} reads");
    house.take_poll(&source(), polled("The cranes moved"), at(30)).unwrap();
    house.judge(at(50)).unwrap();
    assert!(reads(&site).0 > 0);
}

#[test]
fn what_is_held_for_a_translation_appears_when_the_time_has_passed_though_nothing_comes() {
    let mut spec = EditionSpec::new("main", "Main");
    (spec.languages, spec.hold_s) = (vec![Language::parse("it").unwrap()], 24 * 3_600);
    let plan = Plan::new(vec![source()], vec![spec], url("/planet/"), Vec::new(), Vec::new());
    let house = Arc::new(House::new(Arc::new(MemoryStore::new()), plan).unwrap());
    house.take_poll(&source(), polled("The cranes stood still over the water of the harbour"), at(0)).unwrap();
    house.judge(at(10)).unwrap();
    let minutes = Arc::new(AtomicI64::new(20));
    let clock = Arc::clone(&minutes);
    let site = Shopfront::new(house, Arc::new(Counts::default()), move || at(clock.load(Ordering::SeqCst)));
    let shows = || {
        let page = site.page(&front()).unwrap();
        let front = String::from_utf8_lossy(&page.body).contains("The harbour at night");
        (site.edition("main", &EditionQuery::default()).unwrap().items.len(), front)
    };
    assert_eq!(shows(), (0, false));
    // A day after the entry's date.
    minutes.store(24 * 60 - 61, Ordering::SeqCst);
    assert_eq!(shows(), (0, false));
    minutes.store(24 * 60 - 60, Ordering::SeqCst);
    assert_eq!(shows(), (1, true));
}

#[test]
fn what_came_in_the_last_hour_stands_beside_the_limit_whatever_its_date() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let source = Source { full_text: Some(false), ..source() };
    let mut spec = EditionSpec::new("main", "Main");
    spec.limit = 1;
    let plan = Plan::new(vec![source.clone()], vec![spec], url("/planet/"), Vec::new(), Vec::new());
    let house = Arc::new(House::new(store, plan).unwrap());
    let publish = |id: &str, published: Timestamp, now: i64| {
        let text = match id {
            "bridges" => "Nobody has counted the bridges of the old town since the flood",
            "archives" => "The registrar keeps the deeds of nine parishes in a cellar that smells of apples",
            "harbours" => "At low water the cranes stand in mud, and the pilots play cards",
            "kilns" => "Bricks cool for six days before anybody dares to open the door",
            _ => "Her captain sounds the horn twice, once for a dog that died",
        };
        let mut polled = polled(text);
        let entry = &mut polled.reading.entries[0];
        (entry.id, entry.published) = (Some(id.to_owned()), Some(published));
        (entry.title.value, entry.link) = (format!("About {id}"), Some(url(&format!("/{id}")).to_string()));
        house.take_poll(&source, polled, at(now)).unwrap();
        house.judge(at(now)).unwrap();
    };
    let long_ago = at(-60 * 24 * 900);
    publish("bridges", at(-30), 0);
    publish("archives", long_ago, 0);
    let shown = |now: i64| {
        let site = Shopfront::new(Arc::clone(&house), Arc::new(Counts::default()), move || at(now));
        let edition = site.edition("main", &EditionQuery::default()).unwrap();
        edition.items.iter().map(|item| item.shown.title.clone()).collect::<Vec<_>>()
    };
    assert_eq!(shown(1), ["About bridges"], "what the source had is an archive");
    publish("harbours", long_ago, 300);
    publish("kilns", long_ago, 301);
    assert_eq!(shown(302).len(), 3, "what it adds is news");
    publish("ferries", at(500), 500);
    assert_eq!(shown(501), ["About ferries"], "an hour later it is none");
}

#[test]
fn the_page_of_a_story_shows_what_its_sources_may_show() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let house = house_over(Arc::clone(&store));
    house.take_poll(&source(), polled("The cranes stood still"), at(0)).unwrap();
    house.judge(at(10)).unwrap();
    let story = query::newest_stories(&*store, None, 1).unwrap()[0].id;
    let page = |change: fn(&mut Source)| {
        let mut source = source();
        change(&mut source);
        let editions = vec![EditionSpec::new("main", "Main")];
        let plan = Plan::new(vec![source], editions, url("/planet/"), Vec::new(), Vec::new());
        let house = House::new(Arc::clone(&store), plan).unwrap();
        house.story_page(&house.planet().unwrap(), story).unwrap().map(|page| page.unwrap().versions.remove(0).excerpt)
    };
    assert!(page(|_| {}).unwrap().starts_with("The cranes stood still"));
    assert_eq!(page(|source| source.content = Some(Content::Link)).as_deref(), Some(""));
    assert_eq!(page(|source| source.publish = false), None);
}

#[test]
fn a_source_that_failed_for_a_day_is_told_of_and_so_is_its_recovery() {
    let (_, house, site) = site();
    let status = |outages: Vec<Outage>| {
        let state = SourceState { outages, ..house.state(&source().id).unwrap() };
        let polled = Polled { state, outcome: Outcome::Unchanged, ..Polled::default() };
        house.take_poll(&source(), polled, at(0)).unwrap();
        let page = site.page(&Ask { path: "/status.atom".to_owned(), ..Ask::default() }).unwrap();
        let text = String::from_utf8_lossy(&page.body).into_owned();
        (text.matches("has been failing for a day</title>").count(), text.matches("answers again</title>").count())
    };
    let outage = |since: i64, until: Option<i64>| {
        vec![Outage { since: at(since), until: until.map(at), fault: "no answer".to_owned() }]
    };
    let day = 24 * 60;
    assert_eq!(status(Vec::new()), (0, 0));
    assert_eq!(status(outage(20 - day + 1, None)), (0, 0));
    assert_eq!(status(outage(20 - day, None)), (1, 0));
    assert_eq!(status(outage(-2 * day, Some(0))), (1, 1));
}

#[test]
fn polls_that_come_at_once_are_all_committed() {
    let sources: Vec<Source> =
        (0..8).map(|n| Source { id: SourceId(format!("s{n}")), full_text: Some(false), ..source() }).collect();
    let plan = Plan::new(sources.clone(), vec![EditionSpec::new("main", "Main")], url("/"), Vec::new(), Vec::new());
    let house = House::new(Arc::new(MemoryStore::new()), plan).unwrap();
    let began = std::sync::Barrier::new(sources.len());
    let poll = |source: &Source| {
        began.wait();
        house.take_poll(source, polled("The cranes stood still"), at(0)).unwrap()
    };
    let ingested: Vec<Ingested> = std::thread::scope(|scope| {
        let poll = &poll;
        let threads: Vec<_> = sources.iter().map(|source| scope.spawn(move || poll(source))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(ingested, [Ingested { new: 1, changed: 0, pages: 0 }; 8]);
    assert_eq!(house.waiting(99).unwrap(), 8);
    assert!(sources.iter().all(|source| house.state(&source.id).unwrap().entries == 1));
}

#[test]
fn what_an_unchanged_poll_learnt_is_known_at_once_and_written_later() {
    let house = house();
    let id = source().id;
    let unchanged = |polls| Polled {
        state: SourceState { polls, ..SourceState::default() },
        outcome: Outcome::Unchanged,
        ..Polled::default()
    };
    let stored = || query::state::<SourceState>(house.store(), &id).unwrap().map(|state| state.polls);
    house.take_poll(&source(), unchanged(7), at(0)).unwrap();
    assert_eq!((house.state(&id).unwrap().polls, stored()), (7, None));
    house.write_states().unwrap();
    assert_eq!((house.state(&id).unwrap().polls, stored()), (7, Some(7)));
    house.take_poll(&source(), unchanged(8), at(1)).unwrap();
    let mut changed = polled("The cranes stood still");
    changed.state.polls = 9;
    house.take_poll(&source(), changed, at(2)).unwrap();
    house.write_states().unwrap();
    assert_eq!((house.state(&id).unwrap().polls, stored()), (9, Some(9)), "an older state comes not after it");
}
