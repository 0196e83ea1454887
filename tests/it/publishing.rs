//! What does the world hear of a change: the hubs, and the readers of each edition?

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use url::form_urlencoded;

use crate::harness::aggregator::source;
use crate::harness::feed::{ITEMS, Item, rss};
use crate::harness::{Aggregator, Answer, Origin, spawn_aggregator};

const RSS: &str = "application/rss+xml";

const NEWS: Item<'static> = Item {
    slug: "loom",
    title: "The Last Loom",
    html: "<p>A loom that nobody can mend is furniture, and heavy furniture at that.</p>",
};

/// An origin whose feed has these items.
fn serve(origin: &Origin, items: &[Item<'_>]) {
    origin.serve("/feed", Answer::ok(RSS, rss("Good", &origin.url(""), items)));
}

/// Writes a configuration with these lines below `[server]` and these tables.
fn configure(aggregator: &Aggregator, server: &str, tables: &str) {
    aggregator.write_config(&format!(
        "[server]\nbind = \"127.0.0.1:{port}\"\npublic_url = \"http://127.0.0.1:{port}\"\n{server}\n[store]\n\
         path = \"data\"\n[polling]\nschedule = \"0 0 3 1 1 *\"\nallow_private_networks = true\n{tables}",
        port = aggregator.port
    ));
}

/// Waits until the hub has been told so often.
fn wait(hub: &Origin, times: usize) {
    for _ in 0..600 {
        if hub.count("/hub") >= times {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("the hub was told {} times, not {times}", hub.count("/hub"));
}

/// After a hub has answered, for the daemon to write down that it was told: killed before, it tells it again.
const WRITTEN_DOWN: Duration = Duration::from_secs(2);

#[test]
fn a_hub_is_told_once_of_each_change_and_at_the_next_start_of_one_it_missed() {
    let (origin, hub) = (Origin::start(), Origin::start());
    serve(&origin, ITEMS);
    hub.serve("/hub", Answer::status(204));
    let aggregator = spawn_aggregator("");
    let tables = source("good", &origin.url("/feed"), "mixed") + "[[edition]]\nid = \"main\"\ntitle = \"Test\"\n";
    configure(&aggregator, &format!("hubs = [{:?}]", hub.url("/hub")), &tables);
    assert_eq!(aggregator.poll().code, 0);

    let running = aggregator.run();
    wait(&hub, 1);
    let told = hub.requests("/hub").remove(0);
    assert_eq!(
        (told.method.as_str(), told.header("content-type")),
        ("POST", Some("application/x-www-form-urlencoded"))
    );
    let form: BTreeSet<(String, String)> = form_urlencoded::parse(told.body.as_bytes()).into_owned().collect();
    let topic = |ending: &str| format!("http://127.0.0.1:{}/main.{ending}", aggregator.port);
    let mut expected = BTreeSet::from([("hub.mode".to_owned(), "publish".to_owned())]);
    expected.extend(["atom", "rss", "json"].map(|ending| ("hub.url".to_owned(), topic(ending))));
    assert_eq!(form, expected);
    for ending in ["atom", "rss", "json"] {
        let feed = running.get(&format!("/main.{ending}"), &[]);
        let link = format!("<{}>; rel=\"hub\", <{}>; rel=\"self\"", hub.url("/hub"), topic(ending));
        assert_eq!(feed.header("link"), Some(link.as_str()));
        assert!(feed.text().contains(&hub.url("/hub")), "{ending} names its hub");
    }
    let asked = running.get("/main.atom?lang=en", &[]);
    assert!(asked.header("link").is_none() && !asked.text().contains("rel=\"hub\""), "nobody is told of this one");

    // A poll that brings nothing changes nothing; one that brings a story is told once.
    assert_eq!(aggregator.poll().code, 0);
    let more: Vec<Item<'_>> = [NEWS].into_iter().chain(ITEMS.iter().map(|i| Item { ..*i })).collect();
    serve(&origin, &more);
    assert_eq!(aggregator.poll().code, 0);
    wait(&hub, 2);
    thread::sleep(WRITTEN_DOWN);
    running.kill();

    // What a hub that is down does not hear, it hears at the next start; what it has heard it does not.
    hub.serve("/hub", Answer::status(503));
    let edited = Item { title: "The Very Last Loom", ..NEWS };
    serve(&origin, &[edited]);
    assert_eq!(aggregator.poll().code, 0);
    let running = aggregator.run();
    wait(&hub, 3);
    running.kill();
    hub.serve("/hub", Answer::status(202));
    let running = aggregator.run();
    wait(&hub, 4);
    thread::sleep(WRITTEN_DOWN);
    running.kill();
    let running = aggregator.run();
    thread::sleep(Duration::from_secs(4));
    assert_eq!(hub.requests("/hub").iter().map(|r| r.answered).collect::<Vec<_>>(), [204, 204, 503, 202]);
    assert_eq!(running.terminate(), 0);
}

#[test]
fn a_change_renders_the_editions_that_show_it_and_no_other() {
    let (one, two) = (Origin::start(), Origin::start());
    serve(&one, &ITEMS[..1]);
    serve(&two, &ITEMS[1..]);
    let aggregator = spawn_aggregator("");
    let edition = |id: &str| format!("[[edition]]\nid = {id:?}\ntitle = {id:?}\nsources = [{id:?}]\n");
    let tables = source("one", &one.url("/feed"), "mixed") + &source("two", &two.url("/feed"), "mixed");
    configure(&aggregator, "", &(tables + &edition("one") + &edition("two")));
    assert_eq!(aggregator.poll().code, 0);
    let running = aggregator.run();
    let renders = || {
        for target in ["/one.atom", "/two.atom", "/one.rss", "/two.rss", "/two.rss?lang=en,*"] {
            assert_eq!(running.get(target, &[]).status, 200, "{target}");
        }
        let metrics = running.get("/metrics", &[]).text();
        let line = metrics.lines().find_map(|line| line.strip_prefix("tributary_renders_total ")).expect("the metric");
        line.parse::<u32>().expect("a number")
    };
    assert_eq!((renders(), renders()), (5, 5));
    serve(&one, &[NEWS]);
    assert_eq!(aggregator.poll().code, 0);
    assert!(running.get("/one.atom", &[]).text().contains("The Last Loom"));
    assert_eq!(renders(), 7, "edition one, in two formats");
    let metrics = running.get("/metrics", &[]).text();
    assert!(metrics.contains("tributary_poll_status_total{status=\"200\"} 2\n"), "{metrics}");
}

#[test]
fn the_front_page_answers_what_it_is_asked_or_says_why_not() {
    let (one, two) = (Origin::start(), Origin::start());
    serve(&one, &ITEMS[..1]);
    serve(&two, &ITEMS[1..]);
    let aggregator = spawn_aggregator("");
    let tables = source("one", &one.url("/feed"), "mixed")
        + &source("renamed", &two.url("/feed"), "mixed")
        + "was = \"two\"\n[[edition]]\nid = \"main\"\ntitle = \"Test\"\n\
           [[edition]]\nid = \"ones\"\ntitle = \"Ones\"\nsources = [\"one\"]\n";
    configure(&aggregator, "", &tables);
    assert_eq!(aggregator.poll().code, 0);
    let running = aggregator.run();
    let titles = |target: &str| -> Vec<&str> {
        let page = running.get(target, &[]);
        assert_eq!(page.status, 200, "{target}");
        let text = page.text();
        ITEMS.iter().map(|item| item.title).filter(|title| text.contains(*title)).collect()
    };
    assert_eq!(titles("/").len(), 3);
    assert_eq!(titles("/?q=&lang=&author=&source="), titles("/"));
    assert_eq!(titles("/?q=TIDE"), ["Reading a Tide Table"]);
    assert_eq!(titles("/?q=tide%20chess"), Vec::<&str>::new());
    assert_eq!(titles("/?source=one"), [ITEMS[0].title]);
    assert_eq!(titles("/?source=renamed").len(), 2, "by the name it has now");
    assert_eq!(titles("/?edition=ones"), [ITEMS[0].title]);
    assert_eq!(titles("/main.atom?source=renamed").len(), 2);
    assert_eq!((titles("/?lang=en").len(), titles("/?lang=it").len()), (3, 0));
    assert_eq!((titles("/?lang=it,en").len(), titles("/?source=one,renamed").len()), (3, 3));
    for (question, found) in [("include=originals", 3), ("include=translations", 0), ("author=nobody", 0)] {
        assert_eq!(titles(&format!("/?{question}")).len(), found, "{question}");
        assert_eq!(titles(&format!("/main.atom?{question}")).len(), found, "{question}");
        assert_eq!(titles(&format!("/main.json?{question}")).len(), found, "{question}");
    }
    let browser = [("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")];
    for (target, media_type) in [
        ("/main?include=translations", "text/html"),
        ("/main.atom", "application/xml"),
        ("/status.atom", "application/xml"),
        ("/sources.opml", "application/xml"),
        ("/editions.opml", "application/xml"),
        ("/icon.svg", "image/svg+xml"),
        ("/favicon.ico", "image/svg+xml"),
    ] {
        let answer = running.get(target, &browser);
        assert_eq!(answer.status, 200, "{target}");
        assert!(answer.header("content-type").is_some_and(|given| given.starts_with(media_type)), "{target}");
        let is_feed = media_type == "application/xml";
        assert_eq!(answer.header("access-control-allow-origin") == Some("*"), is_feed, "{target}");
    }
    let plain = running.get("/status.atom", &[]);
    assert!(plain.header("content-type").is_some_and(|given| given.starts_with("application/atom+xml")));
    for (target, status) in [
        ("/?edition=nowhere", 404),
        ("/?source=nowhere", 400),
        ("/?edition=ones&source=renamed", 400),
        ("/?lang=klingon", 400),
        ("/?before=yesterday", 400),
        (&format!("/?q={}", "x".repeat(300)), 400),
        ("/story/yesterday", 404),
        ("/story/0188d0c4-1f6a-5d5e-8d5e-0123456789ab", 404),
    ] {
        let answer = running.get(target, &[]);
        assert_eq!(answer.status, status, "{target}");
        assert!(answer.text().len() > 10, "{target} says why");
    }
    // Administration is not to be had over HTTP, by no method.
    for target in ["/same", "/different", "/add", "/admin"] {
        assert_eq!(running.get(target, &[]).status, 404, "{target}");
        assert_eq!(running.ask("POST", target).status, 405, "{target}");
    }
    let metrics = running.get("/metrics", &[]).text();
    for name in [
        "polls_total{source=\"renamed\"} 1",
        "entries 3",
        "folded{kind=\"translation\"} 0",
        "waiting_entries 0",
        "waiting_pages 0",
        "set_aside_total 0",
        "store_disk_bytes ",
        "render_seconds_total ",
    ] {
        assert!(metrics.contains(&format!("\ntributary_{name}")), "{name}: {metrics}");
    }
}
