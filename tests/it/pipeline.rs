//! What does a person see who runs the program: at bad sources, at restarts, at changes of the configuration?

use std::collections::BTreeMap;

use crate::harness::aggregator::source;
use crate::harness::feed::{ITEMS, Item, rss};
use crate::harness::{Aggregator, Answer, Origin, Story, spawn_aggregator};

const RSS: &str = "application/rss+xml";

fn ids(stories: &[Story]) -> BTreeMap<String, String> {
    stories.iter().flat_map(|s| s.members.iter().map(|m| (m.title.clone(), s.id.clone()))).collect()
}

/// An origin with one good feed at `/feed`.
fn good() -> Origin {
    let origin = Origin::start();
    origin.serve("/feed", Answer::ok(RSS, rss("Good", &origin.url(""), ITEMS)).etag("\"v1\""));
    origin
}

#[test]
fn a_bad_source_is_named_and_stops_no_other() {
    let origin = good();
    let whole = rss("Half", &origin.url("/half"), ITEMS);
    origin.serve("/error", Answer::status(500));
    origin.serve("/gone", Answer::status(404));
    origin.serve("/blocked", Answer::status(403).header("Content-Type", "text/html").body("<h1>Just a moment</h1>"));
    origin.serve("/page", Answer::ok("text/html", "<html><title>Hello</title><p>No feed here.</p></html>"));
    origin.serve("/empty", Answer::ok(RSS, ""));
    origin.serve("/huge", Answer::ok(RSS, vec![b' '; 1 << 20]).repeated(17));
    origin.serve("/cut", Answer::ok(RSS, whole.clone()).cut_after(whole.len() / 2));
    let down = Origin::start();
    down.down(true);
    let bad = ["error", "gone", "blocked", "page", "empty", "huge", "cut"];
    let mut sources = source("good", &origin.url("/feed"), "mixed");
    for id in bad {
        sources.push_str(&source(id, &origin.url(&format!("/{id}")), "mixed"));
    }
    sources.push_str(&source("down", &down.url("/feed"), "mixed"));
    let aggregator = spawn_aggregator(&sources);

    let poll = aggregator.poll();
    assert_eq!(poll.code, 1, "{poll:?}");
    for id in bad.iter().chain(&["down", "good"]) {
        assert!(poll.stdout.lines().any(|line| line.contains(id)), "the table lacks {id}: {}", poll.stdout);
    }
    assert!(!poll.stdout.contains('\u{1b}'), "colours in a pipe: {}", poll.stdout);
    assert!(poll.last_line().starts_with("9 sources, 3 entries, 3 stories, 0 folded -> "), "{}", poll.stdout);
    let stories = aggregator.stories();
    assert_eq!(stories.len(), 3, "a fault became an item: {stories:#?}");
    assert!(stories.iter().flat_map(|s| &s.members).all(|m| m.source == "good"));
}

#[test]
fn half_a_feed_gives_what_can_be_read() {
    let origin = Origin::start();
    let whole = rss("Half", &origin.url(""), ITEMS);
    let cut = whole.find("A Chess Club").expect("the second item");
    origin.serve("/feed", Answer::ok(RSS, &whole[..cut]));
    let aggregator = spawn_aggregator(&source("half", &origin.url("/feed"), "mixed"));
    aggregator.poll();
    let titles: Vec<String> = aggregator.stories().into_iter().map(|s| s.title).collect();
    assert!(titles.contains(&"How a Brick Kiln Is Emptied".to_owned()), "{titles:?}");
    assert!(!titles.iter().any(|t| t.contains("Tide")), "{titles:?}");
}

#[test]
fn a_feed_that_breaks_off_takes_nothing_away_and_is_asked_for_again() {
    let origin = Origin::start();
    let whole = rss("Half", &origin.url(""), &ITEMS[..2]);
    let etag = |answer: Answer| answer.header("etag", "\"one\"");
    origin.serve("/feed", etag(Answer::ok(RSS, &*whole)));
    let aggregator = spawn_aggregator(&source("half", &origin.url("/feed"), "mixed"));
    assert_eq!(aggregator.poll().code, 0);
    let before = aggregator.run().get("/main.json", &[]).text();
    let last = whole.rfind("<item>").expect("the last item");
    let after = |of: &str| last + whole[last..].find(of).expect("the element") + of.len();
    // In a text, in an address, in an end tag, between two elements, and in a tag.
    for cut in [after("CDATA[") + 90, after("<link>") + 9, after("</titl"), after("</pubDate>"), after("<gui")] {
        origin.serve("/feed", etag(Answer::ok(RSS, &whole[..cut])));
        let poll = aggregator.poll();
        assert_eq!((poll.code, poll.stdout.contains("the document ends inside of an element")), (0, true), "{poll:?}");
        assert_eq!(aggregator.run().get("/main.json", &[]).text(), before, "cut at {cut}");
    }
    // Under the same validator the whole is there again, and is not taken for known.
    origin.serve("/feed", etag(Answer::ok(RSS, rss("Half", &origin.url(""), ITEMS))));
    assert_eq!(aggregator.poll().code, 0);
    assert!(aggregator.stories().iter().any(|story| story.title == ITEMS[2].title));
}

#[test]
fn a_source_that_fails_later_loses_nothing() {
    let origin = good();
    let aggregator = spawn_aggregator(&source("good", &origin.url("/feed"), "mixed"));
    assert_eq!(aggregator.poll().code, 0);
    let before = aggregator.stories();
    for answer in [Answer::status(503), Answer::ok("text/html", "<p>Maintenance</p>"), Answer::ok(RSS, "<rss>")] {
        origin.serve("/feed", answer);
        aggregator.poll();
        assert_eq!(aggregator.stories(), before);
    }
}

#[test]
fn a_second_poll_sends_the_validator_and_changes_nothing() {
    let origin = good();
    let aggregator = spawn_aggregator(&source("good", &origin.url("/feed"), "mixed"));
    assert_eq!(aggregator.poll().code, 0);
    let before = aggregator.stories();
    assert_eq!(aggregator.poll().code, 0);
    let requests = origin.requests("/feed");
    let last = requests.last().expect("polled");
    assert_eq!((last.header("if-none-match"), last.answered), (Some("\"v1\""), 304));
    assert!(last.header("user-agent").is_some_and(|agent| agent.contains("tributary")), "{last:?}");
    assert!(last.header("cookie").is_none() && last.header("referer").is_none());
    assert_eq!(aggregator.stories(), before);
}

#[test]
fn poll_can_be_told_which_source() {
    let (one, two) = (good(), good());
    let sources = source("one", &one.url("/feed"), "mixed") + &source("two", &two.url("/feed"), "mixed");
    let aggregator = spawn_aggregator(&sources);
    assert_eq!(aggregator.tributary(&["poll", "--source", "two"]).code, 0);
    assert_eq!((one.count("/feed"), two.count("/feed")), (0, 1));
    assert_ne!(aggregator.tributary(&["poll", "--source", "three"]).code, 0);
}

#[test]
fn a_source_comes_and_goes_under_the_same_ids() {
    let (kept, moving) = (good(), Origin::start());
    let items = [Item {
        slug: "loom",
        title: "The Last Loom",
        html: "<p>A loom that nobody can mend is furniture, and heavy furniture at that.</p>",
    }];
    moving.serve("/feed", Answer::ok(RSS, rss("Moving", &moving.url(""), &items)));
    moving.serve("/elsewhere/feed", Answer::ok(RSS, rss("Moving", &moving.url(""), &items)));
    let keep = source("kept", &kept.url("/feed"), "mixed");
    let both = |id: &str, path: &str| keep.clone() + &source(id, &moving.url(path), "mixed");

    let aggregator = spawn_aggregator(&both("moving", "/feed"));
    assert_eq!(aggregator.poll().code, 0);
    let before = ids(&aggregator.stories());
    assert_eq!(before.len(), 4);

    aggregator.configure(&keep);
    let poll = aggregator.poll();
    assert_eq!(poll.code, 0);
    assert!(
        poll.last_line().starts_with("1 sources, 3 entries") || poll.last_line().starts_with("1 source, 3 entries")
    );
    {
        let running = aggregator.run();
        assert!(!running.get("/main.atom", &[]).text().contains("The Last Loom"), "it left the edition");
    }

    aggregator.configure(&both("moving", "/feed"));
    assert_eq!(aggregator.poll().code, 0);
    assert_eq!(ids(&aggregator.stories()), before, "added again");

    aggregator.configure(&both("moving", "/elsewhere/feed"));
    assert_eq!(aggregator.poll().code, 0);
    assert_eq!(ids(&aggregator.stories()), before, "at another address");

    let renamed = both("renamed", "/feed") + "was = \"moving\"\n";
    aggregator.configure(&renamed);
    assert_eq!(aggregator.poll().code, 0);
    let stories = aggregator.stories();
    assert_eq!(ids(&stories), before, "under another name");
    let loom = stories.iter().flat_map(|s| &s.members).find(|m| m.title == "The Last Loom").expect("still there");
    assert_eq!(loom.source, "renamed");
}

#[test]
fn a_restart_republishes_the_same_bytes_before_it_polls() {
    let origin = good();
    let aggregator = spawn_aggregator(&source("good", &origin.url("/feed"), "mixed"));
    assert_eq!(aggregator.poll().code, 0);
    let served = |running: &crate::harness::aggregator::Running| {
        ["atom", "rss", "json"].map(|ending| running.get(&format!("/main.{ending}"), &[]).text())
    };
    let running = aggregator.run();
    assert!(
        running.summary.ends_with(&format!("-> http://127.0.0.1:{}/main.atom", aggregator.port)),
        "{}",
        running.summary
    );
    let before = served(&running);
    assert!(before.iter().all(|body| body.contains("Reading a Tide Table")));
    running.kill();
    // Nothing can be fetched any more, so what is served comes from the store.
    origin.down(true);
    let running = aggregator.run();
    assert_eq!(served(&running), before);
    assert_eq!(running.terminate(), 0);
}

#[test]
fn a_store_rebuilt_from_the_same_sources_publishes_the_same_ids() {
    let origin = good();
    let copies = Origin::start();
    copies.serve("/feed", Answer::ok(RSS, rss("Copies", &copies.url(""), ITEMS)));
    let sources = source("good", &origin.url("/feed"), "original") + &source("copies", &copies.url("/feed"), "repost");
    let aggregator = spawn_aggregator(&sources);
    assert_eq!(aggregator.poll().code, 0);
    let before = aggregator.stories();
    assert_eq!(before.len(), ITEMS.len(), "the copies were not folded: {before:#?}");
    let running = aggregator.run();
    let feed = running.get("/main.atom", &[]).text();
    assert!(before.iter().all(|story| feed.contains(&format!("<id>{}</id>", story.id))), "{before:#?}\n{feed}");
    let explained = aggregator.tributary(&["explain", &before[0].members[0].id, &before[0].members[1].id]);
    assert_eq!(explained.code, 0, "{explained:?}");
    assert_eq!(running.terminate(), 0);
    std::fs::remove_dir_all(aggregator.store()).unwrap();
    assert_eq!(aggregator.poll().code, 0);
    let after = aggregator.stories();
    let published = |stories: &[Story]| -> BTreeMap<String, Vec<String>> {
        let members = |story: &Story| {
            let mut members: Vec<String> = story.members.iter().map(|member| member.id.clone()).collect();
            members.sort();
            members
        };
        stories.iter().map(|story| (story.id.clone(), members(story))).collect()
    };
    assert_eq!(published(&before), published(&after));
}

#[test]
fn trust_that_was_edited_while_nobody_ran_it_is_heeded() {
    let (one, two) = (good(), Origin::start());
    two.serve("/feed", Answer::ok(RSS, rss("Copies", &two.url(""), ITEMS)));
    let sources = |role_one: &str, role_two: &str| {
        source("one", &one.url("/feed"), role_one) + &source("two", &two.url("/feed"), role_two)
    };
    let aggregator = spawn_aggregator(&sources("original", "repost"));
    assert_eq!(aggregator.poll().code, 0);
    let originals = |aggregator: &Aggregator| -> Vec<String> {
        let stories = aggregator.stories();
        let original =
            |s: &Story| s.members.iter().find(|m| Some(&m.id) == s.original.as_ref()).map(|m| m.source.clone());
        stories.iter().filter_map(original).collect()
    };
    assert_eq!(originals(&aggregator), ["one", "one", "one"]);
    aggregator.configure(&sources("repost", "original"));
    assert_eq!(aggregator.poll().code, 0);
    assert_eq!(originals(&aggregator), ["two", "two", "two"]);
}

#[test]
fn outputs_have_validators_and_are_compressed() {
    let origin = good();
    let aggregator = spawn_aggregator(&source("good", &origin.url("/feed"), "mixed"));
    assert_eq!(aggregator.poll().code, 0);
    let running = aggregator.run();
    let types = [("atom", "application/atom+xml"), ("rss", "application/rss+xml"), ("json", "application/feed+json")];
    for (ending, media_type) in types {
        let target = format!("/main.{ending}");
        let full = running.get(&target, &[]);
        assert_eq!(full.status, 200, "{target}");
        assert!(full.header("content-type").is_some_and(|t| t.starts_with(media_type)), "{full:?}");
        let etag = full.header("etag").expect("an ETag").to_owned();
        assert!(etag.starts_with('"'), "weak: {etag}");
        let modified = full.header("last-modified").expect("a date").to_owned();
        assert!(full.header("cache-control").is_some());

        let same = running.get(&target, &[("If-None-Match", &etag)]);
        assert_eq!((same.status, same.body.len()), (304, 0));
        assert_eq!(same.header("etag"), Some(etag.as_str()));
        assert_eq!(running.get(&target, &[("If-Modified-Since", &modified)]).status, 304);
        assert_eq!(running.get(&target, &[("If-None-Match", "\"other\"")]).status, 200);

        for coding in ["gzip", "br"] {
            let packed = running.get(&target, &[("Accept-Encoding", coding)]);
            assert_eq!(packed.header("content-encoding"), Some(coding), "{target}");
            assert!(packed.body.len() < full.body.len());
        }
        let head = running.ask("HEAD", &target);
        assert_eq!((head.status, head.body.len()), (200, 0));
        assert_eq!(head.header("content-length"), Some(full.body.len().to_string().as_str()));
        assert!(full.text().contains(&format!("http://127.0.0.1:{}/main.{ending}", aggregator.port)), "no self link");
    }
    assert_eq!(running.get("/none.atom", &[]).status, 404);
    assert_eq!(running.get("/healthz", &[]).status, 200);
    let front = running.get("/", &[]);
    assert!(
        front.status == 200 && front.text().contains("/main.atom") && front.text().contains("Reading a Tide Table")
    );
}

#[test]
fn other_commands_work_while_the_daemon_holds_the_store() {
    let origin = good();
    let aggregator = spawn_aggregator(&source("good", &origin.url("/feed"), "mixed"));
    assert_eq!(aggregator.poll().code, 0);
    let alone = aggregator.stories();
    let running = aggregator.run();
    assert_eq!(aggregator.stories(), alone);
    let more = [Item { slug: "new", title: "Something New", html: "<p>It was not here before.</p>" }];
    origin.serve("/feed", Answer::ok(RSS, rss("Good", &origin.url(""), &more)));
    let poll = aggregator.poll();
    assert_eq!(poll.code, 0, "{poll:?}");
    assert!(poll.last_line().contains(", 4 entries, "), "{}", poll.stdout);
    assert!(running.get("/main.atom", &[]).text().contains("Something New"), "served as soon as it is polled");
    let healthy = aggregator.tributary(&["healthcheck"]);
    assert_eq!(healthy.code, 0, "{healthy:?}");
    drop(running);
    assert_eq!(aggregator.tributary(&["healthcheck"]).code, 1);
}

#[test]
fn a_configuration_with_faults_is_refused_with_all_of_them() {
    let aggregator = spawn_aggregator("");
    aggregator.write_config(
        "[polling]\nschedule = \"not a cron\"\n\
         [[source]]\nid = \"a\"\nurl = \"nonsense\"\nkolor = 1\n\
         [[source]]\nid = \"a\"\nurl = \"https://example.org/\"\n\
         [[edition]]\nid = \"main\"\nsources = [\"missing\"]\n",
    );
    for command in ["check", "poll", "run"] {
        let output = aggregator.tributary(&[command]);
        assert_eq!(output.code, 2, "{command}: {output:?}");
        for said in [":2:", ":5:", ":6:", ":8:", ":12:", "not a cron", "nonsense", "kolor", "missing"] {
            assert!(output.stderr.contains(said), "{command} does not say {said}: {}", output.stderr);
        }
    }
}

#[test]
fn cluster_prints_a_line_for_each_line() {
    let aggregator = spawn_aggregator("");
    let archive = aggregator.config().with_file_name("archive.jsonl");
    let essay = "The ferry to the outer island leaves at six in winter and at five in summer, and for nineteen years its \
                 captain has sounded the horn twice before the breakwater, once for the harbour master and once for a dog. \
                 The dog has been dead since 2011. Nobody has told the captain to stop, because the whole village sets its \
                 kettles by the second horn. Last autumn the company replaced the old boat by a catamaran that needs no \
                 captain's judgement to find the channel, and whose horn is a recording. It sounds once. In the first week \
                 forty-three people were late for work, and the baker burned two trays of rolls.";
    let line = |id: &str, text: &str, role: &str| {
        serde_json::json!({ "doc_id": id, "lang": "en", "title": null, "text": text, "role": role, "story_id": "x" })
            .to_string()
    };
    let lines = [
        line("one", essay, "original"),
        line("two", ITEMS[1].html, "mixed"),
        line("three", &format!("Seen elsewhere.\n\n{essay}\n\nThank you for reading."), "repost"),
    ];
    std::fs::write(&archive, lines.join("\n")).expect("written");
    let output = aggregator.tributary(&["cluster", archive.to_str().expect("UTF-8")]);
    assert_eq!(output.code, 0, "{output:?}");
    let printed: Vec<serde_json::Value> =
        output.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let column = |key: &str| printed.iter().map(|line| line[key].clone()).collect::<Vec<_>>();
    assert_eq!(column("doc_id"), ["one", "two", "three"]);
    assert_eq!(column("role"), ["original", "single", "repost"]);
    assert_eq!(column("language"), ["en", "en", "en"]);
    assert_eq!(printed[0]["story"], printed[2]["story"]);
    assert_ne!(printed[0]["story"], printed[1]["story"], "the answer that stands in the line was believed");
    assert!(printed[2]["score"].as_f64().is_some_and(|bits| bits > 0.0));
    assert!(printed.iter().all(|line| line["because"].is_array() && line.as_object().is_some_and(|o| o.len() == 6)));
}
