//! Does what is old go, and nothing that is shown, young, named or leant on?

use std::collections::BTreeSet;
use std::sync::Arc;

use tributary::matching::overrides::OverrideUrls;
use tributary::model::{
    EditionQuery, EditionSpec, EntryId, Outcome, Polled, RawEntry, Reading, Role, Source, SourceState, Timestamp,
};
use tributary::pipeline::{House, Ingested, Plan, Retired, Walk};
use tributary::store::{MemoryStore, Scan, query};
use url::Url;

use super::press::{ESSAY, ESSAY_ES, LETTER, entry, same, source, text};
use super::world::at;
use crate::harness::feed::ITEMS;

const DAY_S: u64 = 86_400;

fn day(n: i64) -> Timestamp {
    at(n * DAY_S as i64)
}

/// Two sources, and an edition of the newest `limit` works.
struct Archive {
    house: House,
    sources: Vec<Source>,
}

impl Archive {
    fn new(limit: usize, keep_days: Option<u64>, own_days: Option<u64>, overrides: Vec<OverrideUrls>) -> Self {
        let mut sources = vec![source("author", Role::Original), source("copies", Role::Repost)];
        sources[1].keep_s = own_days.map(|days| days * DAY_S);
        let edition = EditionSpec { limit, ..EditionSpec::new("main", "Main") };
        let home = Url::parse("https://planet.example/").unwrap();
        let plan = Plan::new(sources.clone(), vec![edition], home, Vec::new(), overrides);
        let plan = plan.keeping(keep_days.map(|days| days * DAY_S));
        Self { house: House::new(Arc::new(MemoryStore::new()), plan).unwrap(), sources }
    }

    fn poll(&self, source: usize, raws: &[RawEntry], now: Timestamp) -> Ingested {
        let source = &self.sources[source];
        let polled = Polled {
            reading: Reading { entries: raws.to_vec(), ..Reading::default() },
            state: SourceState { feed: Some(source.url.clone()), ..SourceState::default() },
            outcome: Outcome::Changed,
        };
        let ingested = self.house.take_poll(source, polled, now).unwrap();
        while self.house.judge(now).unwrap().entries > 0 {}
        ingested
    }

    /// The whole walk, slice by slice.
    fn retire(&self, now: Timestamp) -> Retired {
        let (mut walk, mut all) = (Walk::default(), Retired::default());
        loop {
            let (retired, ended) = self.house.retire(&mut walk, 1, now).unwrap();
            all.stories += retired.stories;
            all.entries += retired.entries;
            if ended {
                return all;
            }
        }
    }

    fn ids(&self) -> BTreeSet<EntryId> {
        query::entries(self.house.store(), None, 99).unwrap().iter().map(|entry| entry.id).collect()
    }

    fn shown(&self, now: Timestamp) -> Vec<String> {
        let (plan, planet) = (self.house.plan(), self.house.planet().unwrap());
        let composed = self.house.compose(&plan, "main", &EditionQuery::default(), &planet, now).unwrap();
        composed.edition.items.iter().map(|item| format!("{item:?}")).collect()
    }
}

/// Five works by the author, a day apart.
fn works() -> Vec<RawEntry> {
    let of = |n: i64, slug: &str, title: &str, html: &str| RawEntry {
        published: Some(day(n)),
        ..entry(slug, &format!("https://author.example/{slug}"), title, html)
    };
    let mut works: Vec<RawEntry> =
        (0..).zip(ITEMS).map(|(n, item)| of(n, item.slug, item.title, &item.html.repeat(3))).collect();
    works.push(of(3, "essay", "Your Code of Conduct", &text(ESSAY)));
    works.push(of(4, "letter", "A newsletter", &text(LETTER)));
    works
}

#[test]
fn what_no_edition_shows_goes_with_all_that_is_kept_of_it_and_does_not_come_back() {
    let archive = Archive::new(2, Some(10), None, Vec::new());
    for (n, work) in (0..).zip(works()) {
        assert_eq!(archive.poll(0, &[work], day(n)).new, 1);
    }
    let (before, shown) = (archive.ids(), archive.shown(day(30)));
    assert_eq!((before.len(), shown.len()), (5, 2));
    assert_eq!(archive.retire(day(9)), Retired::default(), "all are young");
    assert_eq!(archive.retire(day(30)), Retired { stories: 3, entries: 3 });
    assert_eq!(archive.shown(day(30)), shown);
    let after = archive.ids();
    assert!(after.len() == 2 && after.is_subset(&before));
    let store = archive.house.store();
    for gone in before.difference(&after) {
        let kinds: BTreeSet<char> = store
            .scan(&Scan::prefix(b"", 10_000))
            .unwrap()
            .iter()
            .filter(|(key, _)| key.windows(16).any(|part| part == gone.0.as_bytes()))
            .map(|(key, _)| char::from(key[0]))
            .collect();
        assert_eq!(kinds, BTreeSet::from(['r']), "nothing but what is remembered has its id in its key");
    }
    // Its source gives it still, then edits it, and changes its guid.
    assert_eq!(archive.poll(0, &works(), day(31)), Ingested::default());
    let mut edited = works();
    edited[0].content.value.push_str("<p>One more sentence.</p>");
    assert_eq!(archive.poll(0, &edited, day(32)), Ingested::default());
    edited[1].id = Some("another".to_owned());
    assert_eq!(archive.poll(0, &edited, day(33)), Ingested::default());
    assert_eq!(archive.ids(), after);
    assert_eq!(archive.retire(day(34)), Retired::default());
    // A copy that comes now is a work of its own: what went is no candidate any more.
    let copy = entry("copy", "https://copies.example/copy", ITEMS[0].title, &ITEMS[0].html.repeat(3));
    assert_eq!(archive.poll(1, &[copy], day(35)).new, 1);
    assert_eq!(archive.house.summary().unwrap().stories, 3);
}

#[test]
fn a_work_is_as_young_as_its_newest_version() {
    let archive = Archive::new(1, Some(10), None, Vec::new());
    let [kiln, _, _, essay, letter] = works().try_into().unwrap();
    archive.poll(0, &[kiln, essay], day(3));
    let spanish = entry("ensayo", "https://copies.example/ensayo", "Tu Código de Conducta", &text(ESSAY_ES));
    archive.poll(1, &[RawEntry { published: Some(day(19)), ..spanish }], day(19));
    archive.poll(0, &[RawEntry { published: Some(day(20)), ..letter }], day(20));
    assert_eq!(archive.house.summary().unwrap().stories, 3);
    assert_eq!(archive.retire(day(28)), Retired { stories: 1, entries: 1 }, "the brick kiln");
    assert_eq!(archive.retire(day(30)), Retired { stories: 1, entries: 2 }, "the essay with its translation");
    assert_eq!(archive.retire(day(99)), Retired::default(), "the newsletter is shown");
}

#[test]
fn a_source_can_be_kept_for_another_time_and_without_keep_all_stays() {
    for (keep, own, expected) in [(None, None, 0), (None, Some(5), 1), (Some(50), Some(5), 1), (Some(5), Some(50), 1)] {
        let archive = Archive::new(1, keep, own, Vec::new());
        let [kiln, chess, _, _, letter] = works().try_into().unwrap();
        let chess = RawEntry { link: Some("https://copies.example/chess".to_owned()), ..chess };
        archive.poll(0, &[kiln], day(2));
        archive.poll(1, &[chess], day(2));
        archive.poll(0, &[letter], day(4));
        assert_eq!(archive.retire(day(20)).entries, expected, "{keep:?} {own:?}");
    }
}

#[test]
fn what_the_person_named_stays() {
    let named = same(&["https://author.example/kiln", "https://author.example/chess"]);
    let archive = Archive::new(1, Some(10), None, vec![named]);
    for (n, work) in (0..).zip(works()) {
        archive.poll(0, &[work], day(n));
    }
    assert_eq!(archive.house.summary().unwrap().stories, 4);
    assert_eq!(archive.retire(day(30)).entries, 2);
    assert_eq!(archive.ids().len(), 3);
}
