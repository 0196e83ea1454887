//! Is a wrong configuration, archive or question refused with a sentence that says what is wrong?

use std::path::Path;

use tributary::config::{Config, Environment};
use tributary::model::EditionQuery;
use tributary::store::{MemoryStore, archive};

use super::Expected::Says;
use super::{Row, rows};

fn configured(text: &str) -> String {
    match Config::parse(Path::new("feeds.toml"), text, &Environment::default()) {
        Ok((_, warnings)) => format!("taken, with {warnings:?}"),
        Err(invalid) => invalid.to_string(),
    }
}

/// A source with one more line.
fn sourced(line: &str) -> String {
    configured(&format!("[[source]]\nid = \"a\"\nurl = \"https://a.example/feed\"\n{line}\n"))
}

/// An edition with one more line.
fn edited(line: &str) -> String {
    configured(&format!("[[edition]]\nid = \"main\"\n{line}\n"))
}

fn imported(text: &str) -> String {
    match archive::import(&MemoryStore::new(), &mut text.as_bytes()) {
        Ok(records) => format!("{records} taken"),
        Err(error) => error.to_string(),
    }
}

fn asked(query: &str) -> String {
    let pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    match EditionQuery::read(pairs.iter().map(|(n, v)| (n.as_str(), v.as_str()))) {
        Ok(_) => "taken".to_owned(),
        Err(why) => why,
    }
}

const FILES: &[(&str, &str, &str)] = &[
    ("words", "hello", "feeds.toml:1: not TOML"),
    ("a string that never ends", "[server]\nbind = \"x", "feeds.toml:2: not TOML"),
    ("a NUL", "[server]\0", "not TOML"),
    ("a table twice", "[store]\npath = \"a\"\n[store]\n", "not TOML"),
    ("an unknown table", "[sever]\n", "feeds.toml:1: "),
    ("an unknown key", "[store]\npaht = \"x\"", "feeds.toml:2: "),
    ("a number for a string", "[store]\npath = 7", "write a string in quotes"),
    ("a source without an address", "[[source]]\nid = \"a\"", "`url`"),
    (
        "two sources of one name",
        "[[source]]\nid=\"a\"\nurl=\"https://a.example\"\n[[source]]\nid=\"a\"\nurl=\"https://b.example\"",
        "feeds.toml:5: ",
    ),
    ("a source of a file", "[[source]]\nid=\"a\"\nurl=\"file:///etc/passwd\"", "feeds.toml:3: "),
    ("a source of a script", "[[source]]\nid=\"a\"\nurl=\"javascript:x\"", "feeds.toml:3: "),
    ("an id that is a path", "[[source]]\nid=\"../../etc\"\nurl=\"https://a.example\"", "feeds.toml:2: "),
    ("an edition that is a path", "[[edition]]\nid=\"../x\"", "feeds.toml:2: "),
    ("an edition named like a page", "[[edition]]\nid=\"metrics\"", "is an address of its own"),
    ("an address to listen at that is none", "[server]\nbind = \"999.1.1.1:80\"", "feeds.toml:2: "),
    ("a time zone that is none", "[polling]\ntimezone = \"Mars/Base\"", "feeds.toml:2: "),
];

const SOURCES: &[(&str, &str, &str)] = &[
    ("cron of words", "schedule = \"every hour\"", "feeds.toml:4: "),
    ("cron of minute 60", "schedule = \"60 * * * *\"", "feeds.toml:4: "),
    ("cron of every second", "schedule = \"* * * * * *\"", "polls more than hourly"),
    ("cron that never comes", "schedule = \"0 0 30 2 *\"", "feeds.toml:4: "),
    ("cron of a step of nothing", "schedule = \"*/0 * * * *\"", "feeds.toml:4: "),
    ("cron backwards", "schedule = \"0 9-5 * * *\"", "feeds.toml:4: "),
    ("cron of nothing", "schedule = \"\"", "feeds.toml:4: "),
    ("a pattern that is none", "kind = \"page\"\npattern = \"(\"", "feeds.toml:5: "),
    ("a selector that is none", "kind = \"page\"\nselector = \"a[[\"", "feeds.toml:5: "),
    ("a header with a new line", "headers = { \"X-A\" = \"b\\r\\nHost: c\" }", "feeds.toml:4: "),
    ("a header that is no name", "headers = { \"X A:\" = \"b\" }", "feeds.toml:4: "),
    ("a role that is none", "role = \"king\"", "feeds.toml:4: "),
    ("a language that is none", "language = \"klingon!\"", "feeds.toml:4: "),
    ("a backfill below nothing", "backfill = -1", "feeds.toml:4: "),
    ("a backfill without end", "backfill = 99999999999", "feeds.toml:4: "),
    ("a length of time that is none", "keep = \"for ever\"", "feeds.toml:4: "),
];

const EDITIONS: &[(&str, &str, &str)] = &[
    ("a filter that is none", "keep = [\"(\"]", "feeds.toml:3: "),
    ("a filter with a look-around", "block = [\"(?=a)b\"]", "feeds.toml:3: "),
    ("a filter with a back reference", "block = [\"(a)\\\\1\"]", "feeds.toml:3: "),
    ("a filter of a million states", "keep = [\"(((a{100}){100}){100}){100}\"]", "feeds.toml:3: "),
    ("a limit of nothing", "limit = 0", "feeds.toml:3: "),
    ("a limit without end", "limit = 99999999999", "feeds.toml:3: "),
    ("a hold that is none", "hold = \"soon\"", "feeds.toml:3: "),
];

const ARCHIVES: &[(&str, &str, &str)] = &[
    ("an archive of nothing", "", "cut short"),
    ("an archive of words", "hello\n", "no line of an archive"),
    ("an archive without its head", "{\"records\":0,\"checksum\":\"0000000000000000\"}\n", "begins with its format"),
    ("an archive of the future", "{\"tributary_archive\":99}\n", "newer tributary"),
    ("an archive without its end", "{\"tributary_archive\":1}\n", "cut short"),
    ("an archive with two heads", "{\"tributary_archive\":1}\n{\"tributary_archive\":1}\n", "only there"),
    (
        "an archive that counts wrong",
        "{\"tributary_archive\":1}\n{\"records\":7,\"checksum\":\"0000000000000000\"}\n",
        "7 records were written and 0",
    ),
    (
        "a record that was changed",
        "{\"tributary_archive\":1}\n{\"key\":\"6500\",\"value\":\"AAAA\",\"digest\":\"0000000000000000\"}\n",
        "was changed",
    ),
    (
        "a record of no hexadecimal",
        "{\"tributary_archive\":1}\n{\"key\":\"zz\",\"value\":\"AAAA\",\"digest\":\"0\"}\n",
        "cannot be read",
    ),
    (
        "a record of no base64",
        "{\"tributary_archive\":1}\n{\"key\":\"65\",\"value\":\"?\",\"digest\":\"0\"}\n",
        "cannot be read",
    ),
    (
        "a record with a key more",
        "{\"tributary_archive\":1}\n{\"key\":\"65\",\"value\":\"\",\"digest\":\"0\",\"x\":1}\n",
        "no line of an archive",
    ),
];

pub fn table() -> Vec<Row> {
    let given = |table: &'static [(&str, &str, &'static str)]| table.iter().map(|(a, p, says)| (*a, *p, Says(says)));
    let mut table = rows("configuration", configured, given(FILES));
    table.extend(rows("configuration", sourced, given(SOURCES)));
    table.extend(rows("configuration", edited, given(EDITIONS)));
    table.extend(rows("store", imported, given(ARCHIVES)));
    let long = "x".repeat(9_000);
    let queries = [
        ("a language of 9,000 letters", format!("lang={long}"), Says("lang:")),
        ("a language of a NUL", "lang=%00".to_owned(), Says("lang:")),
        ("a language of markup", "lang=<script>".to_owned(), Says("lang:")),
        ("a choice that is none", "include=%1b%5B31m".to_owned(), Says("include:")),
        ("an author of 9,000 letters", format!("author={long}"), Says("author:")),
        ("40 sources", (0..40).map(|i| format!("source=s{i}&")).collect(), Says("source:")),
    ];
    table.extend(rows("questions", asked, queries));
    table
}
