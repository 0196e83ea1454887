//! What does a command print for the program that called it, which code does it end with, and what does it leave alone?

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::harness::aggregator::source;
use crate::harness::feed::{ITEMS, rss};
use crate::harness::{Answer, Origin, spawn_aggregator};

const RSS: &str = "application/rss+xml";

/// A feed whose addresses are relative and have what trackers add.
const RELATIVE: &str = r#"<?xml version="1.0"?>
<rss version="2.0"><channel><title>T</title><link>https://site.example/</link><description>d</description>
<item><title>One</title><guid isPermaLink="false"> /1?utm_source=rss&amp;a=1 </guid>
<link>posts/1?utm_source=rss&amp;fbclid=x&amp;a=1#top</link></item>
<item><title>Two</title><guid>https://Site.example:443/2?utm_source=rss</guid></item>
</channel></rss>"#;

/// `tributary parse` of a file, or of standard input where `document` is `-`: the exit code and what it printed.
fn parse(document: &str, input: &[u8], options: &[&str]) -> (i32, Value) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tributary"))
        .args(["parse", document])
        .args(options)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    // One that reads a file may have ended already.
    drop(child.stdin.take().expect("piped").write_all(input));
    let output = child.wait_with_output().expect("ended");
    let printed = serde_json::from_slice(&output.stdout).expect("one JSON object");
    (output.status.code().expect("no signal"), printed)
}

#[test]
fn parse_ends_with_0_for_a_feed_and_with_1_for_none_and_says_so_on_stdout() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        path.to_str().expect("UTF-8").to_owned()
    };
    let (code, whole) = parse(&file("feed.xml", RELATIVE.as_bytes()), b"", &[]);
    assert_eq!((code, &whole["ok"], whole["entries"].as_array().map(Vec::len)), (0, &Value::Bool(true), Some(2)));
    assert_eq!(parse("-", RELATIVE.as_bytes(), &[]), (0, whole));

    let absent = folder.path().join("absent.xml");
    for (document, input) in [
        (file("page.html", b"<!doctype html><title>Hello</title><p>No feed here."), ""),
        (file("empty.xml", b""), ""),
        (absent.to_str().expect("UTF-8").to_owned(), ""),
        ("-".to_owned(), "hello"),
    ] {
        let (code, told) = parse(&document, input.as_bytes(), &[]);
        assert_eq!((code, &told["ok"]), (1, &Value::Bool(false)), "{document}: {told}");
        assert!(told["error"].as_str().is_some_and(|error| !error.is_empty()), "{document}: {told}");
    }
}

#[test]
fn parse_makes_links_absolute_and_leaves_ids_and_parameters() {
    let check = |options: &[&str], link: &str| {
        let (_, told) = parse("-", RELATIVE.as_bytes(), options);
        assert_eq!(told["entries"][0]["link"], link, "{told}");
        assert_eq!(told["entries"][0]["id"], "/1?utm_source=rss&a=1");
        let second = "https://Site.example:443/2?utm_source=rss";
        assert_eq!((&told["entries"][1]["id"], &told["entries"][1]["link"]), (&second.into(), &second.into()));
    };
    let base = ["--base-url", "https://base.example/blog/feed.xml"];
    check(&base, "https://base.example/blog/posts/1?utm_source=rss&fbclid=x&a=1#top");
    // Nothing says where the document came from, but that its page is there.
    check(&[], "https://site.example/posts/1?utm_source=rss&fbclid=x&a=1#top");
}

#[test]
fn parse_reads_by_what_it_is_told_of_files_and_of_addresses() {
    let bytes = b"<rss version=\"2.0\"><channel><title>\xcf\xf0\xe8\xe2\xe5\xf2</title><item><link>1</link></item></channel></rss>";
    let origin = Origin::start();
    origin.serve("/feed", Answer::ok("application/rss+xml; charset=koi8-r", bytes.to_vec()));
    let told = ["--content-type", "text/xml; charset=windows-1251", "--base-url", "https://site.example/"];
    for document in ["-", &origin.url("/feed")] {
        let (code, told) = parse(document, bytes, &told);
        assert_eq!((code, &told["feed"]["title"]), (0, &Value::from("Привет")), "{document}");
        assert_eq!(told["entries"][0]["link"], "https://site.example/1", "{document}");
    }
    let (_, untold) = parse(&origin.url("/feed"), b"", &[]);
    assert_eq!(
        (untold["entries"][0]["link"].as_str(), untold["feed"]["title"] == "Привет"),
        (Some(&*origin.url("/1")), false)
    );
}

#[test]
fn variables_name_the_configuration_and_are_none_where_they_are_empty() {
    let aggregator = spawn_aggregator("");
    let check = |arguments: &[&str], config: &str| {
        let mut check = Command::new(env!("CARGO_BIN_EXE_tributary"));
        check.arg("check").args(arguments).env("TRIBUTARY_CONFIG", config);
        for name in ["TRIBUTARY_BIND", "TRIBUTARY_PUBLIC_URL", "TRIBUTARY_STORE"] {
            check.env(name, "");
        }
        let output = check.current_dir(aggregator.config().with_file_name("")).output().expect("ended");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let file = aggregator.config();
    let file = file.to_str().expect("UTF-8");
    let ok = |named: &str| (Some(0), format!("{named}: ok, 0 sources and 1 edition\n"));
    assert_eq!(check(&[], file), ok(file));
    assert_eq!(check(&["--config", file], "/nowhere.toml"), ok(file));
    assert_eq!(check(&["--config", file], ""), ok(file));
    assert_eq!(check(&[], ""), ok("feeds.toml"));
}

#[test]
fn check_opens_no_store_in_a_folder_that_has_none() {
    let aggregator = spawn_aggregator("");
    let check = |store: &std::path::Path| {
        let mut check = Command::new(env!("CARGO_BIN_EXE_tributary"));
        check.args(["check", "--config"]).arg(aggregator.config()).env("TRIBUTARY_STORE", store);
        assert!(check.output().expect("ended").status.success());
        std::fs::read_dir(store).expect("a folder").count()
    };
    let folder = aggregator.config().with_file_name("volume");
    std::fs::create_dir(&folder).expect("made");
    assert_eq!(check(&folder), 0, "a volume that is not filled yet");
}

#[test]
fn poll_keeps_a_running_retry_after_and_a_410() {
    let (good, busy, gone) = (Origin::start(), Origin::start(), Origin::start());
    good.serve("/feed", Answer::ok(RSS, rss("Good", &good.url(""), ITEMS)));
    busy.serve("/feed", Answer::status(503).header("Retry-After", "3600"));
    gone.serve("/feed", Answer::status(410));
    let origins = [("good", &good), ("busy", &busy), ("gone", &gone)];
    let sources = origins.map(|(id, origin)| source(id, &origin.url("/feed"), "mixed") + "kind = \"feed\"\n");
    let aggregator = spawn_aggregator(&sources.concat());
    let asked = || origins.map(|(_, origin)| origin.count("/feed"));

    assert_eq!(aggregator.poll().code, 1);
    assert_eq!(asked(), [1, 1, 1]);
    // Whatever its next-poll time the good one is asked again; the table says why the others are not.
    let again = aggregator.poll();
    assert_eq!((again.code, asked()), (1, [2, 1, 1]), "{again:?}");
    let row = |id: &str| again.stdout.lines().find(|line| line.starts_with(id)).unwrap_or_default().to_owned();
    assert!(row("busy").contains("Retry-After"), "{}", again.stdout);
    assert!(row("gone").contains("410"), "{}", again.stdout);
    assert_eq!(aggregator.tributary(&["poll", "--source", "busy"]).code, 1);
    assert_eq!(aggregator.tributary(&["poll", "--source", "good"]).code, 0);
    assert_eq!(asked(), [3, 1, 1]);
}

#[test]
fn another_public_address_changes_self_links_and_no_id() {
    let origin = Origin::start();
    origin.serve("/feed", Answer::ok(RSS, rss("Good", &origin.url(""), ITEMS)));
    let aggregator = spawn_aggregator(&source("good", &origin.url("/feed"), "mixed"));
    assert_eq!(aggregator.poll().code, 0);
    let outputs = || {
        let running = aggregator.run();
        ["atom", "rss", "json"].map(|ending| running.get(&format!("/main.{ending}"), &[]).text())
    };
    let stories = aggregator.stories();
    let before = outputs();
    let own = format!("http://127.0.0.1:{}", aggregator.port);
    let config = std::fs::read_to_string(aggregator.config()).expect("written");
    let public = "https://planet.example/feeds";
    aggregator.write_config(&config.replace(&format!("public_url = \"{own}\""), &format!("public_url = \"{public}\"")));
    let after = outputs();
    assert_eq!(aggregator.stories(), stories);
    for ((before, after), ending) in before.iter().zip(&after).zip(["atom", "rss", "json"]) {
        assert!(after.contains(&format!("{public}/main.{ending}")) && !after.contains(&own), "{after}");
        let ids = |feed: &str| feed.match_indices("urn:uuid:").map(|(at, _)| feed[at..at + 45].to_owned()).collect();
        let (before, after): (BTreeSet<String>, BTreeSet<String>) = (ids(before), ids(after));
        assert!(before == after && before.len() >= ITEMS.len(), "{ending}: {before:?}, {after:?}");
        assert!(stories.iter().all(|story| after.contains(&story.id)), "{ending}");
    }
}

/// What `explain` printed: the bits of its findings, their total, and the rest.
fn explained(printed: &str) -> (Vec<f32>, f32, &str) {
    let (_, table) = printed.split_once("\n\n").expect("two entries, then the findings");
    let (findings, rest) = table.split_once("\n\n").expect("the findings, then the verdict");
    let bits = |line: &str| -> f32 { line.split_whitespace().next().and_then(|n| n.parse().ok()).expect("bits") };
    let (total, findings): (Vec<&str>, Vec<&str>) = findings.lines().partition(|line| line.contains("  total, "));
    assert!(total.len() == 1 && total[0].ends_with(" needed"), "{printed}");
    (findings.into_iter().map(bits).collect(), bits(total[0]), rest)
}

#[test]
fn explain_prints_bits_that_add_up_and_the_sentences_side_by_side() {
    let (good, copies) = (Origin::start(), Origin::start());
    good.serve("/feed", Answer::ok(RSS, rss("Good", &good.url(""), ITEMS)));
    copies.serve("/feed", Answer::ok(RSS, rss("Copies", &copies.url(""), &ITEMS[..1])));
    let sources = source("good", &good.url("/feed"), "original") + &source("copies", &copies.url("/feed"), "repost");
    let aggregator = spawn_aggregator(&sources);
    assert_eq!(aggregator.poll().code, 0);
    let (kiln, copy, chess) = (good.url("/kiln"), copies.url("/kiln"), good.url("/chess"));
    let ask = |a: &str, b: &str| aggregator.tributary(&["explain", a, b]);

    let same = ask(&copy, &kiln);
    assert_eq!(same.code, 0, "{same:?}");
    let (bits, total, rest) = explained(&same.stdout);
    // Each is rounded to a tenth.
    let rounded = 0.05 * (bits.len() + 1) as f32;
    assert!(bits.len() > 3 && (bits.iter().sum::<f32>() - total).abs() <= rounded, "{}", same.stdout);
    assert!(rest.starts_with("the same work; 100 % of the first and 100 % of the second text"), "{rest}");
    let sentence = "The outer rows have had the draught";
    assert!(rest.lines().any(|line| line.starts_with(" 1.00") && line.matches(sentence).count() == 2), "{rest}");

    let different = ask(&kiln, &chess);
    let (bits, total, rest) = explained(&different.stdout);
    assert!((bits.iter().sum::<f32>() - total).abs() <= 0.05 * (bits.len() + 1) as f32, "{}", different.stdout);
    assert!(rest.starts_with("different works; "), "{rest}");

    let unknown = ask(&kiln, "https://nowhere.example/");
    assert_ne!(unknown.code, 0);
    assert!(unknown.stderr.contains("https://nowhere.example/"), "{unknown:?}");
}

#[test]
fn evaluate_tells_what_was_joined_and_every_false_join_with_its_reasons() {
    let works: Vec<&str> = include_str!("../corpus/pairs/works.jsonl").lines().collect();
    let [essay, translation, news @ ..] = [12, 13, 18, 19, 20, 27, 28, 29].map(|line| works[line]);
    let folder = tempfile::tempdir().expect("a folder");
    let evaluate = |translation: &str| {
        let file = folder.path().join("archive.jsonl");
        std::fs::write(&file, [&[essay, translation], &news[..]].concat().join("\n")).expect("written");
        let output = Command::new(env!("CARGO_BIN_EXE_tributary")).arg("evaluate").arg(&file).output().expect("ended");
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let right = evaluate(translation);
    let row = |printed: &str, name: &str| -> Vec<String> {
        let line = printed.lines().find(|line| line.trim_start().starts_with(name)).expect("a row");
        line.trim_start().trim_start_matches(name).split_whitespace().map(str::to_owned).collect()
    };
    assert_eq!(row(&right, "pairs")[0], "100.000");
    assert_eq!(row(&right, "es")[..5], ["3", "of", "3", "100.0", "%"], "{right}");
    assert!(right.ends_with("stories that hold different works: 0\n"), "{right}");
    // Whoever is told that the translation is another work is told of a false join.
    let wrong = evaluate(&translation.replace("\"story_id\": \"osg-code-of-conduct\"", "\"story_id\": \"another\""));
    assert_ne!(row(&wrong, "pairs")[0], "100.000");
    let (_, told) = wrong.split_once("stories that hold different works: 1\n").expect("one");
    let pair = "osg-code-of-conduct-en (osg-code-of-conduct) / osg-code-of-conduct-es (another)";
    assert!(told.contains(pair) && told.contains(" needed") && told.contains("\nthe same work; "), "{told}");
}
