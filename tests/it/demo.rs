//! Does the demo fold what is the same work, and nothing else, whatever arrives when?

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use tributary::clock::Clock;
use tributary::demo::Origin;

use crate::harness::{Aggregator, Story, http, spawn_aggregator};

/// The works that stand on the sites at the start, by the last parts of their addresses, the original first.
const AT_THE_START: &[&[&str]] = &[
    &["the-price-of-mending", "lo-que-cuesta-arreglar-una-lavadora", "pochinit", "mending"],
    &["why-small-languages-survive", "ottilie-varnham-lingue-piccole", "petites-langues"],
    &["how-a-river-treaty-dies", "trattato-obbedienza", "ottilie-varnham-el-tratado"],
    &["the-cable-at-the-end-of-the", "il-tombino-in-fondo-all-orto"],
    &["eleven-ships-for-the-whole"],
    &["il-vicino-che-parla-per-primo"],
    &["lowmark-votes-to-let-convention-go"],
];

/// What becomes of them when everything has arrived.
const AT_THE_END: &[&[&str]] = &[
    AT_THE_START[0],
    &["why-small-languages-survive", "ottilie-varnham-lingue-piccole", "petites-langues", "tongues"],
    &["how-a-river-treaty-dies", "trattato-obbedienza", "ottilie-varnham-el-tratado", "treaty"],
    &["the-cable-at-the-end-of-the", "il-tombino-in-fondo-all-orto", "ashore"],
    &["eleven-ships-for-the-whole", "odinnadcat-korablej", "ships"],
    AT_THE_START[5],
    AT_THE_START[6],
    &["what-the-library-kept", "memoire-en-vrac", "kept"],
    &["nine-sergeants-and-a-mule", "quanto-costa-una-carta-gratuita", "devyat-serzhantov", "sergeants"],
];

fn partition(works: &[&[&str]]) -> BTreeSet<BTreeSet<String>> {
    works.iter().map(|work| work.iter().map(|&slug| slug.to_owned()).collect()).collect()
}

fn partition_of(stories: &[Story]) -> BTreeSet<BTreeSet<String>> {
    stories.iter().map(|story| story.members.iter().map(|m| m.slug().to_owned()).collect()).collect()
}

/// Published id by the last part of a member's address.
fn ids(stories: &[Story]) -> BTreeMap<String, String> {
    stories.iter().flat_map(|s| s.members.iter().map(|m| (m.slug().to_owned(), s.id.clone()))).collect()
}

fn start() -> (tokio::runtime::Runtime, Origin, Aggregator) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let origin = runtime.block_on(Origin::start(Clock::system().now(), true)).expect("started");
    let aggregator = spawn_aggregator("");
    let config = origin.config_toml(&format!("127.0.0.1:{}", aggregator.port), &aggregator.store());
    aggregator.write_config(&config);
    (runtime, origin, aggregator)
}

#[test]
fn folds_every_repost_and_nothing_else() {
    let (_runtime, _origin, aggregator) = start();
    let poll = aggregator.poll();
    assert_eq!(poll.code, 0, "{poll:?}");
    let stories = aggregator.stories();
    assert_eq!(partition_of(&stories), partition(AT_THE_START));
    let summary =
        format!("9 sources, 15 entries, 7 stories, 8 folded -> http://127.0.0.1:{}/main.atom", aggregator.port);
    assert_eq!(poll.last_line(), summary);
    for story in &stories {
        for member in &story.members {
            let expected = match AT_THE_START.iter().find(|work| work[0] == member.slug()) {
                Some(work) if work.len() == 1 => "single",
                Some(_) => "original",
                None if member.slug() == "mending" => "repost",
                None => "translation",
            };
            assert_eq!(member.role, expected, "{}", member.slug());
        }
        let original = story.members.iter().find(|m| m.role == "original").map(|m| m.id.clone());
        assert!(original.is_none() || story.original == original, "{story:?}");
    }
    // Who put a translation where it stands, and that it was folded, is told.
    let running = aggregator.run();
    let story = stories.iter().find(|s| s.members.iter().any(|m| m.slug() == "petites-langues")).expect("the story");
    let page = running.get(&format!("/story/{}", story.id.trim_start_matches("urn:uuid:")), &[]).text();
    assert!(page.contains("translated or posted by <bdi>"), "{page}");
    let metrics = running.get("/metrics", &[]).text();
    assert!(!metrics.contains("folded{kind=\"translation\"} 0\n"), "{metrics}");
    drop(running);
    // The language stands in the text, whatever the site says of itself.
    let languages: BTreeSet<&str> =
        stories.iter().flat_map(|s| &s.members).filter_map(|m| m.language.as_deref()).collect();
    assert_eq!(languages, BTreeSet::from(["en", "es", "fr", "it", "ru"]));
}

#[test]
fn serves_its_edition_soon_and_all_its_stories_in_the_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let began = tributary::clock::instant();
    let mut demo = Command::new(env!("CARGO_BIN_EXE_tributary"))
        .args(["demo", "--still"])
        // Its store stays there when it is killed.
        .env("TMPDIR", folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let mut summary = String::new();
    BufReader::new(demo.stdout.take().expect("piped")).read_line(&mut summary).expect("a line");
    // Two seconds in a release, whatever else runs; what is judged by then differs, what is in the end does not.
    let took = began.elapsed();
    let (counts, feed) = summary.trim().split_once(" -> http://127.0.0.1:").expect("the summary line");
    let (port, target) = feed.split_once('/').expect("an address");
    let stories = || {
        let feed = http::ask("GET", port.parse().expect("a port"), &format!("/{target}"), &[]).expect("an answer");
        assert_eq!(feed.status, 200);
        feed.text().matches("<entry").count()
    };
    let mut waited = 0;
    while stories() < AT_THE_START.len() && waited < 600 {
        thread::sleep(Duration::from_millis(100));
        waited += 1;
    }
    let in_the_end = stories();
    demo.kill().expect("killed");
    demo.wait().expect("a child");
    assert!(counts.starts_with("9 sources, ") && took < Duration::from_secs(20), "{took:?}: {summary}");
    assert_eq!((target, in_the_end), ("main.atom", AT_THE_START.len()));
}

#[test]
fn what_arrives_later_joins_and_changes_no_id() {
    let (_runtime, origin, aggregator) = start();
    assert_eq!(aggregator.poll().code, 0);
    let at_first = ids(&aggregator.stories());

    // A translation without a link, and a translation whose original nobody has seen.
    assert!(origin.release().is_some() && origin.release().is_some());
    assert_eq!(aggregator.poll().code, 0);
    let orphaned = aggregator.stories();
    assert!(partition_of(&orphaned).contains(&BTreeSet::from(["memoire-en-vrac".to_owned()])));
    let before = ids(&orphaned);

    // Its original, and everything else that is held back.
    while origin.release().is_some() {}
    let poll = aggregator.poll();
    assert_eq!(poll.code, 0, "{poll:?}");
    let stories = aggregator.stories();
    assert_eq!(partition_of(&stories), partition(AT_THE_END));
    assert!(poll.last_line().starts_with("9 sources, 27 entries, 9 stories, 18 folded -> "), "{}", poll.last_line());
    let after = ids(&stories);
    for (slug, id) in at_first.iter().chain(&before) {
        assert_eq!(after.get(slug), Some(id), "{slug}");
    }
    // The original heads its story, though it came last.
    let library = stories.iter().find(|s| s.members.len() == 3 && s.id == before["memoire-en-vrac"]).expect("a story");
    let head = library.members.iter().find(|m| m.slug() == "what-the-library-kept").expect("its original");
    assert_eq!((library.original.as_ref(), head.role.as_str()), (Some(&head.id), "original"));
}
