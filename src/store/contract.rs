//! What must every store do? One suite, run over each.

mod edges;

use std::sync::Arc;

use chrono::DateTime;
use tempfile::TempDir;
use url::Url;

use super::draft::Draft;
use super::records::{Job, LogEntry, Waiting};
use super::{Batch, MemoryStore, Read as _, Scan, SledStore, Store, query};
use crate::model::{
    Body, Change, Edge, Entry, EntryId, Evidence, Extent, Finding, Language, Member, MemberRole, Node, Page, Person,
    Resolution, Role, Shown, SourceId, Story, StoryId, Timestamp, Tombstone, Verdict,
};

/// Runs a case over a store of each kind.
fn each(case: impl Fn(&dyn Store)) {
    case(&MemoryStore::new());
    let folder = TempDir::new().unwrap();
    case(&SledStore::open(folder.path()).unwrap());
}

fn keys(store: &dyn Store, scan: &Scan<'_>) -> Vec<String> {
    store.scan(scan).unwrap().into_iter().map(|(key, _)| String::from_utf8(key).unwrap()).collect()
}

fn at(seconds: i64) -> Timestamp {
    DateTime::from_timestamp(1_763_800_000 + seconds, 0).unwrap()
}

fn id(n: u32) -> EntryId {
    EntryId::new(&SourceId("source".into()), &format!("guid:{n}"))
}

fn full_entry(n: u32) -> Entry {
    let url = |path: &str| Url::parse(&format!("https://www.example.org/{path}")).unwrap();
    let person = Person { name: "Ana Ñandú".into(), email: Some("a@example.org".into()), uri: None };
    let mut entry = Entry {
        id: id(n),
        source: SourceId("source".into()),
        key: format!("guid:{n}"),
        guid: Some(n.to_string()),
        link: Some(url(&format!("p/{n}"))),
        title: "Überschrift".into(),
        authors: vec![person.clone()],
        contributors: vec![person],
        language: Language::parse("pt-BR"),
        language_confidence: 0.93,
        published: Some(at(-500)),
        updated: Some(at(-400)),
        first_seen: at(i64::from(n)),
        revised: Some(at(9)),
        revision: u64::MAX - 3,
        categories: vec!["one".into()],
        claimed_source: Some("another".into()),
        alternates: vec![(Language::parse("it").unwrap(), url("it"))],
        via: vec![url("via")],
        image: Some(url("image")),
        preview: true,
        ..blank_entry()
    };
    entry.body = Body {
        summary: Some("<p>short</p>".into()),
        content: None,
        page: Some(Page { html: "<p>long</p>".repeat(300), canonical: Some(url("c")), ..Page::default() }),
    };
    entry
}

fn blank_entry() -> Entry {
    Entry {
        id: id(0),
        source: SourceId("source".into()),
        key: String::new(),
        guid: None,
        link: None,
        title: String::new(),
        authors: Vec::new(),
        contributors: Vec::new(),
        language: None,
        language_confidence: 0.0,
        published: None,
        updated: None,
        first_seen: at(0),
        revised: None,
        revision: 0,
        body: Body::default(),
        categories: Vec::new(),
        enclosures: Vec::new(),
        comments: None,
        rights: None,
        license: None,
        image: None,
        claimed_source: None,
        alternates: Vec::new(),
        via: Vec::new(),
        preview: false,
        reference: false,
    }
}

fn story(n: u32, members: &[u32], touched: i64) -> Story {
    let member = |n: &u32| Member {
        entry: id(*n),
        role: MemberRole::Repost,
        listed: n.is_multiple_of(2),
        coverage: 0.5,
        score_bits: Some(12.5),
        because: vec!["a reason".into()],
        joined: at(1),
        outdated: n.is_multiple_of(3).then(|| at(2)),
    };
    Story {
        id: StoryId::from(id(n)),
        original: None,
        head: id(members[0]),
        members: members.iter().map(member).collect(),
        possible: vec![id(77)],
        contains: vec![StoryId::from(id(78))],
        founded: at(i64::from(n)),
        touched: at(touched),
    }
}

#[test]
fn a_batch_is_written_and_read() {
    each(|store| {
        let mut batch = Batch::new();
        batch.put("a", "1");
        batch.put("b", "2");
        batch.delete("c");
        batch.put("a", "3");
        store.apply(batch).unwrap();
        assert_eq!(store.get(b"a").unwrap(), Some(b"3".to_vec()));
        assert_eq!(store.get(b"c").unwrap(), None);
        let mut batch = Batch::new();
        batch.delete("a");
        store.apply(batch).unwrap();
        assert_eq!(store.get(b"a").unwrap(), None);
        let stats = store.stats().unwrap();
        assert_eq!((stats.pairs, stats.live_bytes, stats.batch), (1, 2, 2));
        store.ready().unwrap();
    });
}

#[test]
fn a_scan_reads_its_prefix_both_ways_and_no_more_than_its_limit() {
    each(|store| {
        let mut batch = Batch::new();
        for key in ["a", "b", "ba", "bb", "bb1", "bc", "c"] {
            batch.put(key, key);
        }
        store.apply(batch).unwrap();
        let check = |scan: Scan<'_>, expected: &[&str]| assert_eq!(keys(store, &scan), expected, "{scan:?}");
        check(Scan::prefix(b"b", 10), &["b", "ba", "bb", "bb1", "bc"]);
        check(Scan::prefix(b"b", 2), &["b", "ba"]);
        check(Scan::prefix(b"b", 2).backwards(), &["bc", "bb1"]);
        check(Scan::prefix(b"b", 10).after(b"ba"), &["bb", "bb1", "bc"]);
        check(Scan::prefix(b"b", 10).after(b"bb").backwards(), &["ba", "b"]);
        check(Scan::prefix(b"b", 10).after(b"b9"), &["ba", "bb", "bb1", "bc"]);
        check(Scan::prefix(b"b", 10).after(b"a"), &["b", "ba", "bb", "bb1", "bc"]);
        check(Scan::prefix(b"b", 10).after(b"c"), &[]);
        check(Scan::prefix(b"b", 10).after(b"a").backwards(), &[]);
        check(Scan::prefix(b"", 10), &["a", "b", "ba", "bb", "bb1", "bc", "c"]);
        check(Scan::prefix(b"b", 0), &[]);
    });
}

#[test]
fn many_threads_write_and_read_at_once() {
    each(|store| {
        std::thread::scope(|scope| {
            for thread in 0..8_u8 {
                scope.spawn(move || {
                    for n in 0..20_u8 {
                        let mut batch = Batch::new();
                        batch.put([b'x', thread, n], [n]);
                        batch.put([b'y', thread, n], [n]);
                        store.apply(batch).unwrap();
                        assert_eq!(store.get(&[b'y', thread, n]).unwrap(), Some(vec![n]));
                    }
                });
            }
        });
        assert_eq!(store.scan(&Scan::prefix(b"x", 1000)).unwrap().len(), 160);
        assert_eq!(store.stats().unwrap().pairs, 320);
    });
}

#[test]
fn every_record_comes_back_as_it_was() {
    each(|store| {
        let entry = full_entry(1);
        let node =
            Node { authors: vec!["korybko".into()], text_len: 9000, extent: Extent::Digest, ..Node::new(&entry, None) };
        let evidence = Evidence {
            findings: vec![Finding { signal: "s".into(), level: "l".into(), weight_bits: -2.5, because: "b".into() }],
            total_bits: 20.0,
            threshold_bits: 8.0,
            coverage_a: 0.9,
            coverage_b: 0.4,
            verdict: Verdict::Link,
        };
        let job = Job {
            entry: id(1),
            url: Url::parse("https://example.org/p/1").unwrap(),
            due: at(5),
            attempts: 2,
            queued: at(1),
            reference: true,
            revision: 7,
        };
        let shown = Shown { entry: id(1), hash: 5, published: at(1), updated: at(2) };
        let one = story(1, &[1, 2], 100);
        let mut draft = Draft::new(store);
        draft.put_entry(&entry).unwrap();
        draft.put_alias(&entry.source, "link:https://example.org/p/1", entry.id);
        draft.put_state(&entry.source, &vec!["etag".to_owned()]).unwrap();
        draft.put_job(&job).unwrap();
        draft.put_node(&node).unwrap();
        draft.put_profile(entry.id, &[1, 2, 3]).unwrap();
        draft.put_edge(id(2), id(1), &evidence).unwrap();
        draft.put_story(&one).unwrap();
        draft.put_shown("main", one.id, &shown).unwrap();
        draft.put_meta("name", b"value");
        draft.commit().unwrap();

        assert_eq!(query::whole_entry(store, id(1)).unwrap().as_ref(), Some(&entry));
        assert_eq!(query::entry(store, id(1)).unwrap().unwrap().body, Body::default());
        let alias = |alias| query::entry_by_alias(store, &entry.source, alias).unwrap();
        assert_eq!(alias("link:https://example.org/p/1"), Some(id(1)));
        assert_eq!(alias("link:https://example.org/p/"), None);
        assert_eq!(query::state(store, &entry.source).unwrap(), Some(vec!["etag".to_owned()]));
        assert_eq!(query::sources(store, 9).unwrap(), std::slice::from_ref(&entry.source));
        assert_eq!(query::job(store, id(1)).unwrap(), Some(job));
        assert_eq!(query::node(store, id(1)).unwrap(), Some(node));
        assert_eq!(query::profile(store, id(1)).unwrap(), Some(vec![1, 2, 3]));
        assert_eq!(query::profiles(store, None, 9).unwrap(), [(id(1), vec![1, 2, 3])]);
        assert_eq!(query::evidence(store, id(2), id(1)).unwrap().as_ref(), Some(&evidence));
        assert_eq!(query::evidence(store, id(1), id(2)).unwrap(), Some(evidence.mirrored()));
        assert_eq!(query::edges_of(store, id(1)).unwrap(), [Edge::new(id(2), id(1), &evidence).mirrored()]);
        assert_eq!(query::edges_of(store, id(2)).unwrap(), [Edge::new(id(2), id(1), &evidence)]);
        assert_eq!(query::story(store, one.id).unwrap().as_ref(), Some(&one));
        assert_eq!(query::stories(store, None, 9).unwrap(), std::slice::from_ref(&one));
        assert_eq!(query::story_of(store, id(2)).unwrap(), Some(one.id));
        assert_eq!(query::shown(store, "main", one.id).unwrap(), Some(shown));
        assert_eq!(query::shown(store, "mai", one.id).unwrap(), None);
        assert_eq!(query::meta(store, "name").unwrap(), Some(b"value".to_vec()));
    });
}

#[test]
fn texts_are_found_where_the_first_format_had_them() {
    each(|store| {
        let old = full_entry(1);
        let mut draft = Draft::new(store);
        draft.put_entry(&old).unwrap();
        draft.commit().unwrap();
        let [now, before] = query::body_keys(&old);
        let mut batch = Batch::new();
        batch.put(before.clone(), store.get(&now).unwrap().unwrap());
        batch.delete(now.clone());
        store.apply(batch).unwrap();
        assert_eq!(query::whole_entry(store, id(1)).unwrap().as_ref(), Some(&old));

        // It moves when it is written again, and then goes with its entry.
        let edited = Entry { title: "Another".into(), ..old };
        let mut draft = Draft::new(store);
        draft.put_entry(&edited).unwrap();
        draft.commit().unwrap();
        assert_eq!(query::whole_entry(store, id(1)).unwrap().as_ref(), Some(&edited));
        assert!(store.get(&now).unwrap().is_some() && store.get(&before).unwrap().is_none());
        let mut draft = Draft::new(store);
        draft.delete_entry(id(1)).unwrap();
        draft.commit().unwrap();
        assert_eq!(store.get(&now).unwrap(), None);
    });
}

#[test]
fn entries_are_found_by_link_and_source_and_no_longer_by_what_they_lost() {
    each(|store| {
        let mut entry = full_entry(1);
        let mut draft = Draft::new(store);
        draft.put_entry(&entry).unwrap();
        draft.put_entry(&full_entry(2)).unwrap();
        draft.commit().unwrap();
        let by_link = |link: &str| query::entries_by_link(store, &Url::parse(link).unwrap(), 9).unwrap();
        assert_eq!(by_link("http://example.org/p/1#top"), [id(1)]);
        assert_eq!(by_link("http://example.org/p/"), []);
        assert_eq!(query::entries_of_source(store, &entry.source, 9).unwrap(), [id(2), id(1)]);

        entry.link = Some(Url::parse("https://example.org/moved?x=1").unwrap());
        let mut draft = Draft::new(store);
        draft.put_entry(&entry).unwrap();
        draft.commit().unwrap();
        assert_eq!(by_link("https://example.org/p/1"), []);
        assert_eq!(by_link("https://www.example.org/moved?x=1"), [id(1)]);

        let mut draft = Draft::new(store);
        draft.delete_entry(id(1)).unwrap();
        draft.commit().unwrap();
        assert_eq!(by_link("https://www.example.org/moved?x=1"), []);
        assert_eq!(query::entries_of_source(store, &entry.source, 9).unwrap(), [id(2)]);
        assert_eq!(query::whole_entry(store, id(1)).unwrap(), None);
    });
}

#[test]
fn the_queue_gives_what_is_due_once_and_longest_due_first() {
    each(|store| {
        let job = |n: u32, due: i64| Job {
            entry: id(n),
            url: Url::parse("https://example.org/").unwrap(),
            due: at(due),
            attempts: 0,
            queued: at(0),
            reference: false,
            revision: 0,
        };
        let mut draft = Draft::new(store);
        for (n, due) in [(1, 50), (2, 10), (3, 30), (4, 90)] {
            draft.put_job(&job(n, due)).unwrap();
        }
        // Put off within the same draft: the first time is forgotten.
        draft.put_job(&job(2, 40)).unwrap();
        draft.commit().unwrap();
        let due =
            |now, limit| query::jobs_due(store, at(now), limit).unwrap().iter().map(|j| j.entry).collect::<Vec<_>>();
        assert_eq!(due(50, 9), [id(3), id(2), id(1)]);
        assert_eq!(due(49, 9), [id(3), id(2)]);
        assert_eq!(due(50, 1), [id(3)]);
        assert_eq!(due(20, 9), []);
        assert_eq!(query::next_due(store).unwrap().map(|j| j.entry), Some(id(3)));
        let mut draft = Draft::new(store);
        draft.delete_job(id(3)).unwrap();
        draft.commit().unwrap();
        assert_eq!(due(50, 9), [id(2), id(1)]);
    });
}

#[test]
fn those_to_judge_come_newest_first_and_not_before_they_are_ready() {
    each(|store| {
        let put = |n: u32, ready: i64, date: i64| {
            let mut draft = Draft::new(store);
            draft.put_waiting(&Waiting { entry: id(n), ready: at(ready), date: at(date) }).unwrap();
            draft.commit().unwrap();
        };
        let ready = |now: i64, limit: usize| -> Vec<EntryId> {
            query::waiting(store, at(now), limit).unwrap().into_iter().map(|w| w.entry).collect()
        };
        for n in 0..5 {
            put(n, 0, i64::from(n));
        }
        put(9, 600, 99);
        assert_eq!(ready(0, 2), [id(4), id(3)], "9 is the newest and not yet ready");
        assert_eq!(ready(600, 2), [id(9), id(4)]);
        assert_eq!(query::waiting_count(store, 100).unwrap(), 6);
        put(0, 0, 50);
        assert_eq!(ready(0, 1), [id(0)], "its date moved");
        let mut draft = Draft::new(store);
        draft.delete_waiting(id(0)).unwrap();
        draft.delete_waiting(id(7)).unwrap();
        draft.commit().unwrap();
        assert_eq!(ready(0, 1), [id(4)]);
        assert_eq!(query::waiting_count(store, 100).unwrap(), 5);
    });
}

#[test]
fn stories_stand_in_the_order_of_what_happened_to_them() {
    each(|store| {
        let mut draft = Draft::new(store);
        for (n, touched) in [(1, 10), (2, 30), (3, 20)] {
            draft.put_story(&story(n, &[n], touched)).unwrap();
        }
        draft.commit().unwrap();
        let newest = |after: Option<&Story>, limit| {
            query::newest_stories(store, after, limit).unwrap().iter().map(|s| s.id.0).collect::<Vec<_>>()
        };
        assert_eq!(newest(None, 9), [id(2).0, id(3).0, id(1).0]);
        assert_eq!(newest(Some(&story(2, &[2], 30)), 1), [id(3).0]);
        let mut draft = Draft::new(store);
        draft.put_story(&story(1, &[1], 40)).unwrap();
        draft.delete_story(StoryId::from(id(3))).unwrap();
        draft.commit().unwrap();
        assert_eq!(newest(None, 9), [id(1).0, id(2).0]);
        assert_eq!(query::story_of(store, id(3)).unwrap(), None);
        let latest = query::latest_founded(store, None, 9).unwrap();
        assert_eq!(latest.iter().map(|s| s.id.0).collect::<Vec<_>>(), [id(2).0, id(1).0]);
        let next = query::latest_founded(store, latest.first(), 9).unwrap();
        assert_eq!(next.iter().map(|s| s.id.0).collect::<Vec<_>>(), [id(1).0]);
    });
}

#[test]
fn a_resolution_is_written_whole_and_a_merged_story_is_found_by_its_old_id() {
    each(|store| {
        let mut draft = Draft::new(store);
        draft.put_story(&story(1, &[1], 10)).unwrap();
        draft.put_story(&story(2, &[2, 3], 10)).unwrap();
        draft.commit().unwrap();
        let (one, two) = (StoryId::from(id(1)), StoryId::from(id(2)));
        let merged = Resolution {
            stories: vec![story(1, &[1, 2, 3], 20)],
            gone: vec![Tombstone { story: two, into: Some(one), when: at(9) }],
            changes: vec![
                Change::Merged { story: one, gone: two, because: vec!["why".into()] },
                Change::Joined { story: one, entry: id(2), because: vec!["why".into()] },
            ],
            ..Resolution::default()
        };
        let mut draft = Draft::new(store);
        draft.put_resolution(&merged, at(9)).unwrap();
        // The draft sees what it wrote.
        assert_eq!(query::story_of(&draft, id(3)).unwrap(), Some(one));
        assert_eq!(query::story_of(store, id(3)).unwrap(), Some(two));
        draft.commit().unwrap();
        assert_eq!(query::find_story(store, two).unwrap().unwrap().id, one);
        assert_eq!(query::story_of(store, id(3)).unwrap(), Some(one));
        assert_eq!(query::tombstones_since(store, at(9), 9).unwrap(), merged.gone);
        assert_eq!(query::tombstones_since(store, at(10), 9).unwrap(), []);
        let changes =
            |id| query::log(store, id, 9).unwrap().into_iter().map(|l: LogEntry| l.change).collect::<Vec<_>>();
        assert_eq!(changes(one), merged.changes);
        assert_eq!(changes(two), merged.changes[..1]);

        let split = Resolution {
            stories: vec![story(1, &[1], 20), story(2, &[2, 3], 20)],
            revived: vec![two],
            changes: vec![Change::Split { story: one, entry: id(2), to: two, because: Vec::new() }],
            ..Resolution::default()
        };
        let mut draft = Draft::new(store);
        draft.put_resolution(&split, at(12)).unwrap();
        draft.commit().unwrap();
        assert_eq!(query::find_story(store, two).unwrap().unwrap().id, two);
        assert_eq!(query::story_of(store, id(3)).unwrap(), Some(two));
        assert_eq!(query::tombstones_since(store, at(0), 9).unwrap(), []);
        assert_eq!(changes(two).len(), 2);
    });
}

#[test]
fn a_draft_scans_its_own_writes_over_those_of_the_store() {
    each(|store| {
        let mut batch = Batch::new();
        for key in ["ka", "kb", "kc", "kd"] {
            batch.put(key, "old");
        }
        store.apply(batch).unwrap();
        let mut draft = Draft::new(store);
        // The keys of `meta` begin with its kind, so these stand among them.
        draft.put_meta("b", b"new");
        draft.delete_meta("a");
        draft.put_meta("e", b"new");
        let names = |scan: &Scan<'_>| draft.scan(scan).unwrap().into_iter().map(|(k, _)| k).collect::<Vec<_>>();
        assert_eq!(names(&Scan::prefix(b"M", 9)), [b"Mb".to_vec(), b"Me".to_vec()]);
        assert_eq!(names(&Scan::prefix(b"M", 1).backwards()), [b"Me".to_vec()]);
        assert_eq!(names(&Scan::prefix(b"k", 2)), [b"ka".to_vec(), b"kb".to_vec()]);
    });
}

#[test]
fn a_compaction_changes_nothing_that_is_read() {
    each(|store| {
        for n in 0..30 {
            let mut draft = Draft::new(store);
            draft.put_entry(&full_entry(n)).unwrap();
            draft.commit().unwrap();
        }
        let before = store.scan(&Scan::prefix(b"", 10_000)).unwrap();
        store.compact().unwrap();
        assert_eq!(store.scan(&Scan::prefix(b"", 10_000)).unwrap(), before);
        let mut draft = Draft::new(store);
        draft.put_entry(&full_entry(31)).unwrap();
        draft.commit().unwrap();
        assert!(query::entry(store, id(31)).unwrap().is_some());
    });
}

#[test]
fn trust_is_the_configurations_and_never_stored() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let node = Node { role: Role::Original, trusted: true, ..Node::new(&full_entry(1), None) };
    let mut draft = Draft::new(&*store);
    draft.put_node(&node).unwrap();
    draft.commit().unwrap();
    let read = query::node(&*store, id(1)).unwrap().unwrap();
    assert_eq!((read.role, read.trusted), (Role::Mixed, false));
}
