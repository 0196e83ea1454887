//! Is anything lost or published twice when the program dies at a named point, just before or after a commit?
//!
//! The points are `fail_point!`s that abort. The crate `fail` is built with them for tests alone (a feature of the
//! dev-dependency): a release has none.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::thread;
use std::time::Duration;

use tributary::clock::instant;

use crate::harness::aggregator::{Running, source};
use crate::harness::{Aggregator, Answer, Origin, spawn_aggregator};
use crate::recovery::{Dice, WINDOW, invented, published};

/// Entries that each feed brings between two deaths.
const ENTRIES: usize = 3;

/// What `abort` ends a process with.
const SIGABRT: i32 = 6;

/// The named points: all that stand in the source.
fn points() -> Vec<String> {
    fn read(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                read(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let named = text.split("fail_point!(\"").skip(1).filter_map(|rest| rest.split('"').next());
                found.extend(named.map(str::to_owned));
            }
        }
    }
    let mut found = Vec::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    found.sort();
    assert!(found.len() > 10 && found.windows(2).all(|pair| pair[0] != pair[1]), "{found:?}");
    found
}

/// Two feeds with whole texts, and one of which the text is on the pages. No text is like another: two that are could be
/// found to be one work later, and the id of a story that is merged changes.
fn serve_all(origin: &Origin, round: usize) {
    for (at, feed) in ["one", "two", "three"].into_iter().enumerate() {
        let item = |n: usize| {
            let (text, slug) = (invented((3 * n + at) as u64), format!("{feed}-{n}"));
            let text = match feed {
                "three" => {
                    let page = format!("<html lang=en><body><article><h1>{slug}</h1>{text}</article></body></html>");
                    origin.serve(&format!("/{slug}"), Answer::ok("text/html", page));
                    "The beginning […]".to_owned()
                }
                _ => text,
            };
            let link = origin.url(&format!("/{slug}"));
            format!(
                "<item><title>{slug}</title><link>{link}</link><guid>{slug}</guid>\
                 <description><![CDATA[{text}]]></description></item>"
            )
        };
        let items: String = (round.saturating_sub(WINDOW)..round).rev().map(item).collect();
        let document = format!("<rss version=\"2.0\"><channel><title>{feed}</title>{items}</channel></rss>");
        origin.serve(&format!("/{feed}"), Answer::ok("application/rss+xml", document));
    }
}

fn configured(origin: &Origin) -> Aggregator {
    let aggregator = spawn_aggregator("");
    let sources: String =
        ["one", "two", "three"].iter().map(|id| source(id, &origin.url(&format!("/{id}")), "mixed")).collect();
    aggregator.write_config(&format!(
        "[server]\nbind = \"127.0.0.1:{port}\"\nhubs = [{:?}]\n[polling]\nschedule = \"*/3 * * * * *\"\n\
         allow_private_networks = true\n[[edition]]\nid = \"main\"\ntitle = \"Test\"\n\n{sources}",
        origin.url("/hub"),
        port = aggregator.port
    ));
    aggregator
}

/// Lets the program die at every point so often, and looks in between.
fn die_everywhere(times: usize, seed: u64, patience: Duration) {
    let origin = Origin::start();
    origin.serve("/hub", Answer::status(204));
    let aggregator = configured(&origin);
    let mut dice = Dice(seed);
    let (mut round, mut seen) = (0, BTreeMap::new());
    let mut died: BTreeMap<String, usize> = BTreeMap::new();
    for time in 0..times {
        for point in points() {
            round += 1;
            serve_all(&origin, ENTRIES * round);
            // At its first visit, later at another one.
            let visits = if time == 0 { 0 } else { dice.below(3) };
            let fails = format!("{point}={visits}*off->return");
            let command = if point.starts_with("compact") { "compact" } else { "run" };
            let child = aggregator.begin_with(&[command], &[("FAILPOINTS", &fails)]);
            *died.entry(point.clone()).or_default() += usize::from(ends(child, patience));
            if round % 10 == 0 {
                seen = look(&aggregator, &seen, &point);
            }
        }
        println!("{} deaths in {round} starts: {} entries seen", died.values().sum::<usize>(), seen.len());
    }
    serve_all(&origin, ENTRIES * (round + 1));
    // As long as it takes: what waited to be judged all along is judged now, some thousands after a thousand deaths.
    let mut poll = aggregator.begin(&["poll"]);
    let ended = loop {
        match poll.ended() {
            Some(status) => break status,
            None => thread::sleep(Duration::from_millis(100)),
        }
    };
    assert!(ended.success(), "{ended}");
    let now = look(&aggregator, &seen, "the end");
    assert!(now.len() >= 3 * WINDOW, "{} entries", now.len());
    let deaths: usize = died.values().sum();
    let never: Vec<&String> = died.iter().filter(|(_, died)| **died == 0).map(|(point, _)| point).collect();
    assert!(never.is_empty(), "never reached: {never:?}");
    println!(
        "{deaths} deaths at {} points in {round} starts, seed {seed}: {} entries, none lost, none twice, no id changed",
        died.len(),
        now.len()
    );
    println!("{died:?}");
}

/// Whether the program died by itself, at its point; after so long it is killed where it is.
fn ends(mut child: Running, patience: Duration) -> bool {
    let start = instant();
    loop {
        match child.ended() {
            Some(status) => return status.signal() == Some(SIGABRT),
            None if start.elapsed() > patience => {
                child.kill();
                return false;
            }
            None => {
                // Somebody reads, so that editions are composed.
                child.try_get("/main.atom");
                thread::sleep(Duration::from_millis(30));
            }
        }
    }
}

/// What is published now: all that was seen before is there, under the same ids.
fn look(aggregator: &Aggregator, seen: &BTreeMap<String, String>, at: &str) -> BTreeMap<String, String> {
    let now = published(aggregator);
    for (entry, story) in seen {
        assert_eq!(now.get(entry), Some(story), "{at}: an entry was lost, or its story's id changed");
    }
    now
}

#[test]
fn deaths_at_every_named_point_lose_nothing_and_publish_nothing_twice() {
    die_everywhere(1, 5, Duration::from_secs(60));
}

/// `cargo test --test it -- --ignored --nocapture a_thousand_deaths`; its figures stand in docs/RELIABILITY.md.
#[test]
#[ignore = "takes an hour; the quick version runs always"]
fn a_thousand_deaths() {
    die_everywhere(1_000_usize.div_ceil(points().len()), 3, Duration::from_secs(10));
}

#[test]
fn a_panic_at_one_source_or_page_is_told_there_and_stops_nothing_else() {
    let origin = Origin::start();
    serve_all(&origin, ENTRIES);
    let aggregator = configured(&origin);
    let panics = [("FAILPOINTS", "poll of two=panic;page of /three-0=panic")];

    let output = aggregator.tributary_with(&["poll"], &panics);
    assert_eq!(output.code, 1, "{output:?}");
    let line =
        |id: &str| output.stdout.lines().find(|line| line.starts_with(id)).unwrap_or_else(|| panic!("{output:?}"));
    assert!(line("two").contains("failed") && line("two").contains("fault of this program"), "{output:?}");
    assert!(line("one").contains("ok") && line("three").contains("ok"), "{output:?}");
    // All of the others, and the one without its page waits for it.
    assert!(output.stdout.contains(&format!("3 sources, {} entries", 2 * ENTRIES - 1)), "{output:?}");

    let daemon = aggregator.begin_with(&["run", "--log-format", "json"], &panics);
    serve_all(&origin, 2 * ENTRIES);
    let shown = |path: &str| daemon.try_get(path).map(|answer| String::from_utf8_lossy(&answer.body).into_owned());
    let began = instant();
    while !shown("/main.atom").is_some_and(|feed| feed.contains("one-5")) {
        assert!(began.elapsed() < Duration::from_secs(60), "the other sources stand still");
        thread::sleep(Duration::from_millis(50));
    }
    assert!(shown("/sources").is_some_and(|page| page.contains("fault of this program")));
    let log = daemon.log();
    let told = log.lines().filter(|line| line.contains("\"source\":\"two\"") && line.contains("WARN"));
    assert!(told.count() <= 1, "{log}");
}
