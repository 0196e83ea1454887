//! Are all faults of a file told at once, each with its line and what would be right?

use super::*;
use crate::model::{Language, Role};

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
