//! Does a repost bring its original along, where no configured source has it?

use crate::harness::aggregator::source;
use crate::harness::feed::{ITEMS, Item, rss};
use crate::harness::{Aggregator, Answer, Origin, spawn_aggregator};

const RSS: &str = "application/rss+xml";
const FERRY: &str = "<p>The ferry to the outer island leaves at six in winter and at five in summer, and for nineteen \
    years its captain has sounded the horn twice before the breakwater, once for the harbour master and once for a \
    dog. The dog has been dead since 2011. Nobody has told the captain to stop, because the whole village sets its \
    kettles by the second horn.</p><p>Last autumn the company replaced the old boat by a catamaran that needs no \
    captain's judgement to find the channel, and whose horn is a recording. It sounds once. In the first week \
    forty-three people were late for work, and the baker burned two trays of rolls.</p><p>A petition went round the \
    harbour in November. It asked for nothing but the second horn, and 212 of the 240 islanders signed it, among them \
    the man who had sold the company its catamaran.</p>";

/// The site of an author whom nobody follows: one essay, as a page, and a feed that has dropped it.
fn author() -> Origin {
    let origin = Origin::start();
    let page = format!(
        "<html lang=\"en\"><head><title>The Second Horn</title><meta property=\"og:site_name\" content=\"Island Notes\">\
         </head><body><nav><a href=\"/\">Home</a></nav><article><h1>The Second Horn</h1>{FERRY}</article></body></html>"
    );
    origin.serve("/p/horn", Answer::ok("text/html", page));
    origin.serve("/feed", Answer::ok(RSS, rss("Island Notes", &origin.url(""), &[])));
    origin
}

/// A site that reposts the essay, and posts two things of its own, of which one names a page that is not there.
fn reposter(author: &Origin) -> Origin {
    let origin = Origin::start();
    let repost = format!("{FERRY}<p>{}</p>", author.url("/p/horn"));
    let lost = format!("{}<p>Source: <a href=\"{}\">Island Notes</a></p>", ITEMS[0].html, author.url("/p/lost"));
    let items = [
        Item { slug: "horn", title: "The Second Horn", html: &repost },
        Item { slug: "kiln", title: ITEMS[0].title, html: &lost },
        Item { slug: "tide", title: ITEMS[2].title, html: ITEMS[2].html },
    ];
    origin.serve("/feed", Answer::ok(RSS, rss("Reposts", &origin.url(""), &items)));
    origin
}

fn horn(aggregator: &Aggregator) -> crate::harness::Story {
    let stories = aggregator.stories();
    stories.into_iter().find(|s| s.title == "The Second Horn").expect("the repost's story")
}

#[test]
fn a_repost_brings_its_original_along_once() {
    let author = author();
    let reposts = reposter(&author);
    let aggregator = spawn_aggregator(&source("reposts", &reposts.url("/feed"), "repost"));
    let poll = aggregator.poll();
    assert_eq!(poll.code, 0, "a reference that cannot be had is a warning: {poll:?}");
    assert!(poll.stderr.contains("/p/lost"), "{}", poll.stderr);
    assert!(poll.last_line().starts_with("1 sources, 3 entries, 3 stories, 0 folded -> "), "{}", poll.stdout);

    let story = horn(&aggregator);
    let original = story.members.iter().find(|m| Some(&m.id) == story.original.as_ref()).expect("it has its original");
    assert_eq!(original.link.as_deref(), Some(author.url("/p/horn").as_str()));
    assert_eq!((original.role.as_str(), story.members.len()), ("original", 2), "{story:#?}");
    assert!(story.members.iter().any(|m| m.source == "reposts" && m.role == "repost"));

    let running = aggregator.run();
    let atom = running.get("/main.atom", &[]).text();
    let entry = atom.split("<entry").find(|entry| entry.contains("The Second Horn")).expect("it is published");
    let shown = entry.split("<link ").find(|link| link.contains("alternate")).expect("a link");
    assert!(shown.contains(&reposts.url("/horn")), "shown in place of the configured source's: {shown}");
    assert!(entry.contains(&author.url("/p/horn")), "the original is linked: {entry}");
    let page = running.get("/sources", &[]).text();
    assert!(page.contains("[[source]]") && page.contains("Island Notes"), "{page}");
    drop(running);

    aggregator.poll();
    let edited = reposts.requests("/feed").len();
    assert_eq!((edited, author.count("/p/horn"), author.count("/p/lost")), (2, 1, 1), "asked for once");
}

#[test]
fn a_publication_found_so_is_followed_by_pasting_its_block() {
    let author = author();
    let reposts = reposter(&author);
    let followed = source("reposts", &reposts.url("/feed"), "repost");
    let aggregator = spawn_aggregator(&followed);
    let poll = aggregator.poll();
    assert!(poll.stdout.contains("tributary publications"), "{}", poll.stdout);
    let before = horn(&aggregator);
    let blocks = aggregator.tributary(&["publications"]).stdout;
    assert!(blocks.contains("# Island Notes: 1 story has its original there."), "{blocks}");
    let block = blocks.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n");

    // The feed has the essay now: the entry takes the place of what was fetched before, in the same story.
    let items = [Item { slug: "p/horn", title: "The Second Horn", html: FERRY }];
    author.serve("/feed", Answer::ok(RSS, rss("Island Notes", &author.url(""), &items)));
    aggregator.configure(&(followed + &block.replace(&author.url(""), &author.url("/feed"))));
    assert_eq!(aggregator.tributary(&["check"]).code, 0, "{block}");
    let poll = aggregator.poll();
    assert!(poll.last_line().starts_with("2 sources, 4 entries, 3 stories, 1 folded -> "), "{}", poll.stdout);
    let story = horn(&aggregator);
    assert_eq!((story.members.len(), &story.id), (2, &before.id), "{story:#?}");
    let original = story.members.iter().find(|m| Some(&m.id) == story.original.as_ref()).expect("an original");
    assert!(!original.source.contains("://"), "{story:#?}");
    assert_eq!(aggregator.tributary(&["publications"]).stdout, "");
}

#[test]
fn whoever_claims_the_original_s_address_neither_stops_nor_replaces_it() {
    let author = author();
    let (reposts, forger) = (reposter(&author), Origin::start());
    let claim = Item { slug: "p/horn", title: "Something else", html: ITEMS[1].html };
    forger.serve("/feed", Answer::ok(RSS, rss("Forged", &author.url(""), &[claim])));
    let followed = source("reposts", &reposts.url("/feed"), "repost");
    let forged = source("forger", &forger.url("/feed"), "mixed") + "full_text = false\n";
    // The claim stands there first; the original is fetched all the same.
    let aggregator = spawn_aggregator(&forged);
    assert_eq!(aggregator.poll().code, 0);
    aggregator.configure(&(forged.clone() + &followed));
    assert_eq!(aggregator.poll().code, 0);
    let with_original = |aggregator: &Aggregator| {
        let story = horn(aggregator);
        story.members.iter().any(|m| Some(&m.id) == story.original.as_ref() && m.source.contains("://"))
    };
    assert!(with_original(&aggregator));
    assert_eq!(author.count("/p/horn"), 1);
    // The claim comes later: the original stays.
    let aggregator = spawn_aggregator(&followed);
    assert_eq!(aggregator.poll().code, 0);
    assert!(with_original(&aggregator));
    aggregator.configure(&(followed + &forged));
    assert_eq!(aggregator.poll().code, 0);
    assert!(with_original(&aggregator));
}

#[test]
fn references_can_be_turned_off() {
    let author = author();
    let reposts = reposter(&author);
    let aggregator = spawn_aggregator(&(source("reposts", &reposts.url("/feed"), "repost") + "references = false\n"));
    assert_eq!(aggregator.poll().code, 0);
    assert_eq!(author.all_requests().len(), 0);
    assert_eq!(horn(&aggregator).members.len(), 1);
}

#[test]
fn at_most_twenty_a_day() {
    let author = Origin::start();
    let origin = Origin::start();
    let items: Vec<(String, String, String)> = (0..25)
        .map(|n| {
            let text = format!("<p>Note {n}: {}</p><p>{}</p>", "word ".repeat(20 + n), author.url(&format!("/p/{n}")));
            (format!("note-{n}"), format!("Note {n}"), text)
        })
        .collect();
    let items: Vec<Item<'_>> = items.iter().map(|(slug, title, html)| Item { slug, title, html }).collect();
    origin.serve("/feed", Answer::ok(RSS, rss("Notes", &origin.url(""), &items)));
    let aggregator = spawn_aggregator(&(source("notes", &origin.url("/feed"), "repost") + "full_text = false\n"));
    assert_eq!(aggregator.poll().code, 0);
    let asked = author.all_requests().iter().filter(|r| r.target.starts_with("/p/")).count();
    assert_eq!(asked, 20);
}
