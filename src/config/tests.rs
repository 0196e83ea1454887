//! Are all faults of a file told at once, each with its line and what would be right?

use super::*;
use crate::model::edition::Bump;
use crate::model::source::{Content, Paid};
use crate::model::{EditionSpec, Include, Language, Role, SourceId};

fn parse(text: &str) -> Result<Checked, Invalid> {
    Config::parse(Path::new("feeds.toml"), text, &Environment::default())
}

fn faults(text: &str) -> String {
    parse(text).map(|_| String::new()).unwrap_or_else(|invalid| invalid.to_string())
}

#[test]
fn an_empty_file_is_the_defaults() {
    let (config, warnings) = parse("").unwrap();
    assert_eq!(config.server.bind.to_string(), "127.0.0.1:8080");
    assert_eq!(config.server.public_url.as_str(), "http://127.0.0.1:8080/");
    assert_eq!(config.editions[0].id, "main");
    assert_eq!(config.feed_url(&config.editions[0]), "http://127.0.0.1:8080/main.atom");
    assert!(warnings.is_empty());
}

#[test]
fn the_shipped_file_is_valid() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("feeds.toml");
    let (config, warnings) = Config::load(&file, &Environment::default()).unwrap();
    assert_eq!(config.sources[0].id.as_str(), "korybko");
    assert_eq!(config.sources[0].role, Role::Original);
    assert_eq!(config.sources[1].language, Language::parse("it"));
    assert_eq!(config.store.path, file.with_file_name("data"));
    assert_eq!(warnings, []);
}

#[test]
fn all_faults_are_told_at_once_with_line_and_remedy() {
    let text = r#"
[server]
bind = "8080"
publik_url = "http://a.example"
[polling]
schedule = "every hour"
timezone = "Rome"
allow_private_networks = "no"
[[source]]
id = "one"
url = "korybko.substack.com"
role = "originall"
language = "english"
[[source]]
id = "one"
url = "https://b.example"
kind = "blog"
[[source]]
id = "Two Words"
[[edition]]
id = "main"
sources = ["three"]
languages = ["it", "klingon!"]
keep = ["("]
limit = 0
[[override]]
same = ["https://b.example/1"]
"#;
    insta::assert_snapshot!(faults(text));
}

#[test]
fn a_file_that_is_not_toml_names_the_line() {
    let told = faults("[server]\nbind = \n");
    assert!(told.starts_with("feeds.toml:2: not TOML"), "{told}");
}

#[test]
fn what_stands_twice_hides_no_other_fault() {
    let text = "[store]\npath = \"a\"\npath = \"b\"\n[[source]]\nid = \"a\"\nurl = \"korybko\"\nid = \"b\"\nroll = \"mixed\"\n\
                [store]\nkeep = \"soon\"\n[[edition]]\nid = \"main\"\nsources = [\"a\", \"b\"]\n";
    let told = faults(text);
    let lines: Vec<&str> = told.lines().collect();
    let expected = [
        "feeds.toml:3: not TOML: `path` stands here a second time; leave one of the two",
        "feeds.toml:6: `url` of [[source]]: ",
        "feeds.toml:7: not TOML: `id` stands here a second time",
        "feeds.toml:8: unknown key `roll` in [[source]]; did you mean `role`?",
        "feeds.toml:9: not TOML: `store` stands here a second time",
        "feeds.toml:10: `keep` of [store]: ",
        "feeds.toml:13: there is no source \"b\"",
    ];
    assert_eq!(lines.len(), expected.len(), "{told}");
    lines.iter().zip(expected).for_each(|(line, expected)| assert!(line.starts_with(expected), "{told}"));
    // What follows any other slip was not meant as it is read.
    assert_eq!(faults("[store]\npath = \"a\"\npath = \"b\"\n[server]\nbind = \n[[source]]\n").lines().count(), 2);
}

#[test]
fn the_environment_wins_and_its_faults_are_told() {
    let environment = Environment {
        bind: Some("0.0.0.0:9000".into()),
        public_url: Some("https://planet.example/feeds".into()),
        store: Some("/data".into()),
    };
    let (config, _) = Config::parse(Path::new("x/feeds.toml"), "", &environment).unwrap();
    assert_eq!(config.server.bind.to_string(), "0.0.0.0:9000");
    assert_eq!(reachable(config.server.bind).to_string(), "127.0.0.1:9000");
    assert_eq!(config.server.public_url.as_str(), "https://planet.example/feeds/");
    assert_eq!(config.store.path, Path::new("/data"));
    let bad = Environment { bind: Some("nowhere".into()), ..Environment::default() };
    let told = Config::parse(Path::new("feeds.toml"), "", &bad).unwrap_err().to_string();
    assert!(told.contains("TRIBUTARY_BIND") && !told.contains(":0:"), "{told}");
}

#[test]
fn an_earlier_name_that_cannot_be_is_told_at_its_line() {
    let source = |id: &str, more: &str| format!("[[source]]\nid = \"{id}\"\nurl = \"https://{id}.example\"\n{more}\n");
    let told =
        faults(&(source("a", "was = \"b\"") + &source("b", "role = \"nothing\"") + &source("c", "was = [\"d\"]")));
    assert!(told.starts_with("feeds.toml:4: `was` of source \"a\" names \"b\", which is a source itself"), "{told}");
    let told = faults(&(source("a", "was = \"z\"") + &source("b", "was = [\"y\", \"z\"]")));
    assert!(told.starts_with("feeds.toml:8: `was` of source \"b\" names \"z\", as that of \"a\" does"), "{told}");
}

#[test]
fn every_key_of_an_edition_and_of_a_source_is_read() {
    let text = r#"
[[source]]
id = "a"
url = "https://a.example"
content = "link"
publish = false
paid = "drop"
references = false
full_text = false
backfill = 50
[[edition]]
id = "all"
title = "All"
languages = ["it", "en", "*"]
include = "untranslated"
sources = ["a"]
authors = ["Ada"]
keep = ["dam"]
block = ["chess"]
content = "summary"
limit = 7
hold = "24h"
bump = "translation"
footer = false
"#;
    let (config, _) = parse(text).unwrap();
    let source = &config.sources[0];
    assert_eq!((source.content, source.publish), (Some(Content::Link), false));
    assert_eq!((source.paid, source.references), (Paid::Drop, false));
    assert_eq!((source.full_text, source.backfill), (Some(false), 50));
    let expected = EditionSpec {
        languages: vec![Language::parse("it").unwrap(), Language::parse("en").unwrap()],
        any_language: true,
        include: Include::Untranslated,
        sources: vec![SourceId("a".into())],
        authors: vec!["Ada".into()],
        keep: vec!["dam".into()],
        block: vec!["chess".into()],
        content: Some(Content::Summary),
        limit: 7,
        hold_s: 24 * 3_600,
        bump: Bump::Translation,
        footer: false,
        ..EditionSpec::new("all", "All")
    };
    assert_eq!(config.editions, [expected]);
}

#[test]
fn keep_is_a_length_of_time_of_two_days_or_more() {
    let (config, _) =
        parse("[store]\nkeep = \"2y\"\n[[source]]\nid = \"a\"\nurl = \"https://a.example\"\nkeep = \"90d\"\n").unwrap();
    assert_eq!((config.store.keep_s, config.sources[0].keep_s), (Some(2 * 365 * 86_400), Some(90 * 86_400)));
    let told =
        faults("[store]\nkeep = \"1h\"\n[[source]]\nid = \"a\"\nurl = \"https://a.example\"\nkeep = \"two years\"\n");
    let lines: Vec<&str> = told.lines().collect();
    assert!(
        lines.len() == 2 && lines[0].starts_with("feeds.toml:2: ") && lines[1].starts_with("feeds.toml:6: "),
        "{told}"
    );
    assert!(lines[0].contains("two days or more") && lines[1].contains("\"2y\""), "{told}");
}

#[test]
fn more_than_hourly_is_warned_of() {
    let (_, warnings) = parse("[polling]\nschedule = \"*/15 * * * *\"\n").unwrap();
    assert_eq!(warnings.len(), 1);
    assert_eq!(warnings[0].line, 2);
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,200}", key in "[a-z_]{1,12}", value in "\\PC{0,20}") {
        let _ = parse(&text);
        let _ = parse(&format!("[[source]]\n{key} = {value}\n[[edition]]\n{key} = [{value:?}]\n"));
    }
}
