//! Is an edit of feeds.toml taken over while the daemon runs, and a broken one told of?

use std::thread;
use std::time::Duration;

use crate::harness::aggregator::{Running, source};
use crate::harness::feed::{ITEMS, rss};
use crate::harness::{Answer, Origin, spawn_aggregator};

/// How often the daemon is asked whether it has seen the edit, a tenth of a second apart.
const ASKED: usize = 600;

fn site(title: &str, item: usize) -> Origin {
    let origin = Origin::start();
    let feed = rss(title, &origin.url(""), &ITEMS[item..=item]);
    origin.serve("/feed", Answer::ok("application/rss+xml", feed).etag("\"1\""));
    origin
}

fn wait_for(what: &str, running: &Running, target: &str, is_there: impl Fn(&str) -> bool) {
    for _ in 0..ASKED {
        if is_there(&running.get(target, &[]).text()) {
            return;
        }
        thread::sleep(Duration::from_millis(100));
    }
    panic!("{what}: {}", running.get(target, &[]).text());
}

#[test]
fn an_edit_is_taken_over_and_a_broken_one_told_of_until_it_is_mended() {
    let (one, two) = (site("One", 0), site("Two", 1));
    let first = source("one", &one.url("/feed"), "mixed");
    let aggregator = spawn_aggregator(&first);
    assert_eq!(aggregator.poll().code, 0);
    let running = aggregator.run();
    let valid = std::fs::read_to_string(aggregator.config()).expect("written");
    assert!(running.get("/main.atom", &[]).text().contains(ITEMS[0].title));

    aggregator.write_config(&format!("{valid}\n[[source]]\nid = \"two\"\nurl = 5\n"));
    wait_for("the page tells of it", &running, "/", |page| page.contains("url"));
    wait_for("the metrics tell of it", &running, "/metrics", |text| text.contains("tributary_config_fault 1"));
    assert!(running.get("/main.atom", &[]).text().contains(ITEMS[0].title), "the old configuration stays in force");

    let contact = "[polling]\nuser_agent_contact = \"https://planet.example/about\"\n";
    let mended = valid.replace("[polling]\n", contact) + &source("two", &two.url("/feed"), "mixed");
    aggregator.write_config(&mended);
    wait_for("the new source is polled", &running, "/main.atom", |feed| feed.contains(ITEMS[1].title));
    wait_for("all is well again", &running, "/metrics", |text| text.contains("tributary_config_fault 0"));
    let asked = two.requests("/feed");
    let agent = asked[0].header("user-agent").unwrap_or_default();
    assert!(agent.contains("planet.example/about"), "the contact is that of the edit: {agent}");
    let next = || {
        let page = running.get("/sources", &[]).text();
        page.split("Next poll").nth(1).unwrap_or_default().chars().take(60).collect::<String>()
    };
    let planned = next();
    aggregator.write_config(&mended.replace("\"0 0 3 1 1 *\"", "\"0 30 4 2 2 *\""));
    wait_for("the next poll is planned anew", &running, "/sources", |_| next() != planned);
    assert_eq!(one.count("/feed"), 1, "what is known of the first source is kept: it is not polled anew");
}
