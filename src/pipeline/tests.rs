//! When does an entry appear, and how often is its page fetched?

use std::sync::Arc;

use chrono::{DateTime, TimeDelta};
use url::Url;

use super::pages::Fetched;
use super::{House, Ingested, Plan};
use crate::model::{
    Document, EditionSpec, Failure, Outcome, Polled, RawEntry, Reading, Role, Source, SourceId, SourceState, Text,
    Timestamp,
};
use crate::store::{MemoryStore, query};

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
    let editions = vec![EditionSpec::new("main", "Main")];
    let plan = Plan::new(vec![source()], editions, url("/planet/"), Vec::new(), Vec::new());
    House::new(Arc::new(MemoryStore::new()), plan).unwrap()
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
fn an_answer_for_an_older_revision_changes_nothing() {
    let house = house();
    house.take_poll(&source(), polled("The cranes stood still"), at(0)).unwrap();
    let job = house.pages_due(at(0), 9).unwrap().remove(0);
    house.take_poll(&source(), polled("The cranes moved"), at(1)).unwrap();
    assert_eq!(house.take_page(&job, Ok(&page()), at(2)).unwrap(), Fetched::Stale);
    assert_eq!(house.pages_due(at(2), 9).unwrap().len(), 1, "the page of the new revision is still to come");
}
