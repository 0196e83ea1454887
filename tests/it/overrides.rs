//! Does the program do what the person says is the same work, or is not, and does it say so wherever one looks?

use crate::harness::aggregator::source;
use crate::harness::feed::{ITEMS, rss};
use crate::harness::{Aggregator, Answer, Origin, Story, spawn_aggregator};

/// An aggregator that polled a feed of three unrelated entries; their addresses.
fn polled() -> (Origin, String, Aggregator, Vec<String>) {
    let origin = Origin::start();
    origin.serve("/feed", Answer::ok("application/rss+xml", rss("Good", &origin.url(""), ITEMS)));
    let sources = source("good", &origin.url("/feed"), "mixed");
    let aggregator = spawn_aggregator(&sources);
    assert_eq!(aggregator.poll().code, 0);
    let stories = aggregator.stories();
    assert_eq!(stories.len(), 3);
    let mut links: Vec<String> = stories.iter().filter_map(|s| s.members[0].link.clone()).collect();
    links.sort();
    (origin, sources, aggregator, links)
}

/// The stories, once an edition has shown them: only of what was published readers are told that it went.
fn served(aggregator: &Aggregator) -> Vec<Story> {
    let running = aggregator.run();
    assert_eq!(running.get("/main.atom", &[]).status, 200);
    aggregator.stories()
}

#[test]
fn what_the_person_says_wins_survives_and_is_shown() {
    let (_origin, _, aggregator, links) = polled();
    let before = served(&aggregator);
    let said = aggregator.tributary(&["same", &links[0], &links[1]]);
    assert_eq!(said.code, 0, "{said:?}");
    // Nobody held the store when it was written; the next command follows it.
    assert_eq!(aggregator.stories().len(), 2);
    assert_eq!(aggregator.poll().code, 0);
    let stories = aggregator.stories();
    let story = stories.iter().find(|s| s.members.len() == 2).expect("joined");
    let joined = "an override in feeds.toml says that they are the same work";
    let explained = aggregator.tributary(&["explain", &links[0], &links[1]]);
    assert!(explained.stdout.contains(&format!("{joined}, and wins over all evidence")), "{explained:?}");
    let id = story.id.trim_start_matches("urn:uuid:");
    assert!(explained.stdout.contains(&format!("both stand in urn:uuid:{id}")), "{explained:?}");
    let log = aggregator.tributary(&["log", &story.id]);
    assert!(log.stdout.contains("Took over the story of") && log.stdout.contains(joined), "{log:?}");

    // Whoever has the address of the story that went is led to the other, and readers are told that its entry is gone.
    let gone = before.iter().map(|s| &s.id).find(|id| stories.iter().all(|s| s.id != **id)).expect("one went");
    let running = aggregator.run();
    let answer = running.get(&format!("/story/{}", gone.trim_start_matches("urn:uuid:")), &[]);
    assert_eq!((answer.status, answer.header("location")), (308, Some(format!("/story/{id}").as_str())));
    let feed = running.get("/main.atom", &[]).text();
    assert!(feed.contains("deleted-entry") && feed.contains(gone.as_str()), "{feed}");

    // While the daemon runs, too, and taken back.
    let said = aggregator.tributary(&["different", &links[0], &links[2]]);
    assert_eq!(said.code, 0, "{said:?}");
    let heeded = || {
        let explained = aggregator.tributary(&["explain", &links[0], &links[2]]);
        explained.stdout.contains("says that they are different works")
    };
    // The daemon sees the edit within a few seconds.
    let pause = std::time::Duration::from_millis(100);
    assert!((0..100).any(|_| heeded() || {
        std::thread::sleep(pause);
        false
    }));
    let page = format!("/story/{id}");
    let html = running.get(&page, &[]).text();
    assert!(html.contains("A person said so, in feeds.toml."), "{html}");
    assert!(html.contains("What happened") && html.contains(joined), "{html}");
    drop(running);
    let config = std::fs::read_to_string(aggregator.config()).expect("read");
    let before = config.split("[[override]]").next().expect("the rest").to_owned();
    aggregator.write_config(&before);
    assert_eq!(aggregator.stories().len(), 3, "an override that was taken out while nobody ran it is forgotten");
    assert_eq!(aggregator.tributary(&["different", &links[0], &links[1]]).code, 0);
    let explained = aggregator.tributary(&["explain", &links[0], &links[1]]);
    assert!(explained.stdout.contains("an override in feeds.toml says that they are different works"), "{explained:?}");
    assert!(explained.stdout.contains("A stands in urn:uuid:"), "{explained:?}");
}

#[test]
fn overrides_that_cannot_be_followed_are_said_in_check_log_and_page() {
    let (_origin, sources, aggregator, links) = polled();
    let [a, b, ..] = &links[..] else { panic!("three entries: {links:?}") };
    aggregator.configure(&format!(
        "{sources}[[override]]\nsame = [{a:?}, \"https://nobody.example/lost\"]\n[[override]]\nsame = [{a:?}, {b:?}]\n\
         [[override]]\ndifferent = [{a:?}, {b:?}]\n"
    ));
    let check = aggregator.tributary(&["check"]);
    assert_eq!(check.code, 0, "{check:?}");
    let told = |text: &str, what: &str| {
        assert!(text.contains("https://nobody.example/lost, which is no entry of any source"), "{what}: {text}");
        assert!(text.contains("they are kept apart"), "{what}: {text}");
    };
    told(&check.stdout, "check");
    let config = std::fs::read_to_string(aggregator.config()).expect("read");
    let line = config.lines().position(|line| line.starts_with("different")).expect("written");
    assert!(check.stdout.contains(&format!("feeds.toml:{line}: warning: ")), "line {line}: {}", check.stdout);
    let poll = aggregator.poll();
    told(&poll.stderr, "log");
    assert_eq!(aggregator.stories().len(), 3, "nothing is lost, and nothing joined");
    let running = aggregator.run();
    told(&running.get("/sources", &[]).text().replace("&quot;", "\""), "page");
    // Through the daemon, too.
    told(&aggregator.tributary(&["check"]).stdout, "check beside the daemon");
}

#[test]
fn contradictions_are_found_before_anything_was_polled() {
    let aggregator = spawn_aggregator(
        "[[source]]\nid = \"a\"\nurl = \"https://a.example/\"\n[[override]]\nsame = [\"https://a.example/1\", \
         \"https://a.example/2\"]\n[[override]]\ndifferent = [\"https://a.example/2\", \"https://a.example/1\"]\n",
    );
    let check = aggregator.tributary(&["check"]);
    assert_eq!(check.code, 0, "{check:?}");
    assert!(check.stdout.contains("warning: the override says that https://a.example/2"), "{check:?}");
    assert!(!check.stdout.contains("no entry of any source"), "{check:?}");
}
