//! Does a reader of what we publish find the entries that we put in, whatever the strings?

use bytes::Bytes;
use proptest::prelude::*;
use tributary::formats;
use tributary::model::{Document, Edition, Person, RawEntry};
use tributary::parse;

use super::render::{HOSTILE, hostile_edition};
use crate::planet::{Desk, entry, now, url, work};

fn read(edition: &Edition, ending: &str) -> Vec<RawEntry> {
    let format = formats::ALL.iter().find(|f| f.ending == ending).unwrap();
    let address = url(&edition.address(ending));
    let document = Document::local(address, Some(format.media_type), Bytes::from((format.render)(edition)), now());
    let reading = parse::read(&document);
    assert_eq!(reading.refused, None);
    assert!(reading.faults.is_empty(), "{ending}: {:?}", reading.faults);
    reading.entries
}

#[test]
fn hostile_editions_are_read_back_as_they_were() {
    let edition = hostile_edition();
    assert_eq!(edition.items.len(), HOSTILE.len() + 2);
    for ending in ["atom", "rss", "json"] {
        same_entries(&edition, ending);
    }
}

/// What a reader of XML makes of a text: the characters that XML does not have are gone, and blanks and byte order
/// marks tell nothing.
fn readable(text: &str) -> String {
    let is_odd = |c: char| {
        (c.is_control() && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}' | '\u{feff}')
    };
    let kept: String = text.chars().filter(|c| !is_odd(*c)).collect();
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Reads the edition back and compares all that the format can say.
pub(crate) fn same_entries(edition: &Edition, ending: &str) {
    let entries = read(edition, ending);
    assert_eq!(entries.len(), edition.items.len(), "{ending}");
    for (item, entry) in edition.items.iter().zip(&entries) {
        let context = || format!("{ending}: {:?}", item.shown.title.chars().take(60).collect::<String>());
        assert_eq!(entry.id.as_deref(), Some(item.story.to_string().as_str()), "{}", context());
        assert_eq!(readable(&entry.title.value), readable(&item.shown.title), "{}", context());
        assert_eq!(entry.link.as_deref(), item.shown.link.as_ref().map(url::Url::as_str), "{}", context());
        assert_eq!(entry.published, Some(item.published), "{}", context());
        assert_eq!(entry.updated, Some(item.updated), "{}", context());
        let content = item.content.as_deref().or(item.summary.as_deref()).unwrap_or_default();
        let found = if entry.content.value.is_empty() { &entry.summary.value } else { &entry.content.value };
        assert_eq!(readable(found), readable(content), "{}", context());
        // A reader takes quotes, brackets and addresses in a name for the syntax of RFC 822, and rightly so.
        let letters = |p: &Person| p.name.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
        let names = |people: &[Person]| people.iter().map(letters).filter(|n| !n.is_empty()).collect::<Vec<_>>();
        assert_eq!(names(&entry.authors), names(&item.authors), "{}", context());
        let tags: Vec<String> = item.categories.iter().map(|c| readable(c)).filter(|c| !c.is_empty()).collect();
        let found: Vec<String> = entry.categories.iter().map(|c| readable(c)).filter(|c| !c.is_empty()).collect();
        assert_eq!(found, tags, "{}", context());
        assert_eq!(entry.language, item.shown.language, "{}", context());
    }
}

fn any_text() -> impl Strategy<Value = String> {
    let hostile = proptest::sample::select(HOSTILE).prop_map(str::to_owned);
    prop_oneof![3 => any::<String>(), 2 => hostile, 1 => "[ -~]{0,40}"]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn rendering_then_reading_gives_the_same_entries(
        items in proptest::collection::vec((any_text(), any_text(), "[^\"<>@()]{0,30}", any_text()), 0..6)
    ) {
        let works: Vec<_> = items.iter().enumerate().map(|(i, (title, text, name, tag))| {
            let mut e = entry("rivers", &format!("p{i}"), "en", title, "2026-11-10T00:00:00Z");
            e.body.content = Some(format!("<p>{}</p>", tributary::model::html::escape(text)));
            e.authors = vec![Person { name: format!("{name}A"), ..Person::default() }];
            e.categories = vec![tag.clone()];
            work(vec![e])
        }).collect();
        let edition = Desk::new(&["en"]).compose(&works, now()).edition;
        for ending in ["atom", "rss", "json"] {
            same_entries(&edition, ending);
        }
    }
}
