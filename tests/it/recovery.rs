//! Is anything lost or published twice when the program is killed, asked to end, or given a torn configuration?

use std::collections::BTreeMap;
use std::io::Write;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use tributary::clock::instant;
use tributary::config::{Config, Environment};

use crate::harness::aggregator::source;
use crate::harness::feed::{ITEMS, Item, rss};
use crate::harness::{Aggregator, Answer, Origin, spawn_aggregator};

const RSS: &str = "application/rss+xml";
/// Items that a feed shows at a time.
pub const WINDOW: usize = 12;

/// Numbers that look random and are the same in every run (xorshift64).
pub struct Dice(pub u64);

impl Dice {
    /// One of the first `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

/// A text of some sentences that is taken for no other: 60 of them made 60 stories.
pub fn invented(n: u64) -> String {
    // Numbers side by side lead nowhere near one another (SplitMix64).
    let mut z = (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let mut dice = Dice((z ^ (z >> 31)).max(1));
    let mut sentence = || {
        let mut one = |words: &'static str| {
            let words: Vec<&str> = words.split(' ').collect();
            words[dice.below(words.len() as u64) as usize]
        };
        let (a, did, this, that) = (one(NAMES), one(VERBS), one(NOUNS), one(NOUNS));
        let (b, too, those) = (one(NAMES), one(VERBS), one(NOUNS));
        let number = dice.below(997) + 2;
        format!("<p>{a} {did} the {this} beside the {that}, and {b} {too} {number} of them for the {those}.</p>")
    };
    (0..5).map(|_| sentence()).collect()
}

const NOUNS: &str = "harbour orchard viaduct glacier foundry archive meadow lantern chapel reservoir tannery observatory \
                     quarry windmill ferry cathedral barracks vineyard lighthouse tramway bakery cemetery aqueduct \
                     library prison sawmill theatre hospital brewery stadium market fortress canal bridge tunnel museum";
const VERBS: &str = "measured painted sold flooded rebuilt photographed burned inherited surveyed abandoned insured \
                     repaired mapped rented consecrated excavated";
const NAMES: &str = "Anselm Brigid Casimir Dorothea Egon Fatima Gustav Hedwig Ivor Jadwiga Konrad Ludmila Matthias Nadia \
                     Oskar Petra Quentin Rosalind Stefan Tamara";

/// The newest items of two feeds that grow by one item each round.
fn serve(origin: &Origin, round: usize) {
    for (feed, name) in ["one", "two"].into_iter().enumerate() {
        let newest = (round.saturating_sub(WINDOW)..round).rev();
        // No two texts are alike: two stories that rightly become one would change an id too.
        let texts: Vec<[String; 3]> = newest
            .map(|n| {
                let body = invented((2 * n + feed) as u64);
                let title = body.trim_start_matches("<p>").split(',').next().unwrap_or_default().to_owned();
                [format!("{name}-{n}"), title, body]
            })
            .collect();
        let items: Vec<Item<'_>> = texts.iter().map(|[slug, title, html]| Item { slug, title, html }).collect();
        origin.serve(&format!("/{name}"), Answer::ok(RSS, rss(name, &origin.url(""), &items)));
    }
}

/// Ids of stories by entry; an entry that stands twice is a fault.
pub fn published(aggregator: &Aggregator) -> BTreeMap<String, String> {
    let mut ids = BTreeMap::new();
    for story in aggregator.stories() {
        for member in &story.members {
            let before = ids.insert(member.id.clone(), story.id.clone());
            assert_eq!(before, None, "{} stands twice", member.title);
        }
    }
    ids
}

/// Kills polls of a changing origin at random moments, and looks in between.
fn killed(kills: usize, seed: u64) {
    let origin = Origin::start();
    let (one, two) = (origin.url("/one"), origin.url("/two"));
    let aggregator = spawn_aggregator(&(source("one", &one, "mixed") + &source("two", &two, "mixed")));
    let mut dice = Dice(seed);
    let mut seen = BTreeMap::new();
    for round in 1..=kills {
        serve(&origin, round);
        let poll = aggregator.begin(&["poll"]);
        thread::sleep(Duration::from_millis(dice.below(400)));
        poll.kill();
        if round % 5 == 0 {
            let now = published(&aggregator);
            for (entry, story) in &seen {
                assert_eq!(now.get(entry), Some(story), "round {round}: an entry was lost, or its story's id changed");
            }
            seen = now;
        }
    }
    assert_eq!(aggregator.poll().code, 0);
    let now = published(&aggregator);
    for (entry, story) in &seen {
        assert_eq!(now.get(entry), Some(story), "the last poll: an entry was lost, or its story's id changed");
    }
    assert!(now.len() >= 2 * WINDOW.min(kills), "{} entries", now.len());
    println!("{kills} kills, seed {seed}: {} entries, none lost, none twice, no id changed", now.len());
}

#[test]
fn polls_that_are_killed_lose_nothing_and_publish_nothing_twice() {
    killed(10, 7);
}

/// `cargo test --release --test it -- --ignored --nocapture a_thousand_kills`; its figures stand in
/// docs/RELIABILITY.md.
#[test]
#[ignore = "takes ten minutes; the quick version runs always"]
fn a_thousand_kills() {
    for seed in 1..=5 {
        killed(200, seed);
    }
}

#[test]
fn sigterm_ends_within_ten_seconds_whoever_reads_slowly() {
    let origin = Origin::start();
    let long = "<p>A sentence that fills the page and says nothing at all of any interest.</p>".repeat(20_000);
    let items = [Item { slug: "long", title: "Long", html: &long }];
    origin.serve("/feed", Answer::ok(RSS, rss("Long", &origin.url(""), &items)));
    let aggregator = spawn_aggregator(&source("long", &origin.url("/feed"), "mixed"));
    assert_eq!(aggregator.poll().code, 0);
    let running = aggregator.run();
    let slow: Vec<TcpStream> = (0..200)
        .map(|_| {
            let mut stream = TcpStream::connect(("127.0.0.1", running.port())).expect("connected");
            stream.write_all(b"GET /main.atom HTTP/1.1\r\nHost: a\r\n\r\n").expect("asked");
            stream
        })
        .collect();
    thread::sleep(Duration::from_millis(300));
    let start = instant();
    assert_eq!(running.terminate(), 0);
    let took = start.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?}");
    drop(slow);
}

#[test]
fn sighup_takes_an_edit_over() {
    let origin = Origin::start();
    origin.serve("/feed", Answer::ok(RSS, rss("Good", &origin.url(""), ITEMS)));
    let aggregator = spawn_aggregator("");
    let running = aggregator.run();
    aggregator.configure(&source("good", &origin.url("/feed"), "mixed"));
    running.signal("HUP");
    for _ in 0..300 {
        if running.get("/main.atom", &[]).text().contains(ITEMS[0].title) {
            assert_eq!(running.terminate(), 0);
            return;
        }
        thread::sleep(Duration::from_millis(100));
    }
    panic!("the source of the edit was not polled");
}

/// Editors write files in pieces, and disks fill up: any beginning of a configuration, and any with a hole, is either
/// refused with the line of the fault, or what it says.
#[test]
fn five_hundred_torn_configurations_are_read_or_refused_with_a_line() {
    let whole = include_str!("../../feeds.toml");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("feeds.toml");
    let mut dice = Dice(11);
    let (mut refused, mut read) = (0, 0);
    for round in 0..500 {
        let at = dice.below(whole.len() as u64) as usize;
        let to = if round % 2 == 0 { whole.len() } else { (at + dice.below(200) as usize).min(whole.len()) };
        let torn = [&whole.as_bytes()[..at], &whole.as_bytes()[to..]].concat();
        std::fs::write(&file, &torn).expect("written");
        match Config::load(&file, &Environment::default()) {
            Ok(_) => read += 1,
            Err(invalid) => {
                refused += 1;
                let told = invalid.to_string();
                assert!(told.contains("feeds.toml:"), "no line: {told}\n{}", String::from_utf8_lossy(&torn));
            }
        }
    }
    assert!(refused > 50 && read > 10, "{refused} refused, {read} read");
}
