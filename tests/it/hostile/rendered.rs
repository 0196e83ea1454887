//! Does a title of a stranger break a feed or a page that we publish?

use tributary::formats;
use tributary::model::html;

use super::Expected::Is;
use super::{Row, rows};
use crate::editions::readback::same_entries;
use crate::pages::index_of;
use crate::planet::{Desk, entry, now, work};

fn edition(title: &str) -> tributary::model::Edition {
    let mut entry = entry("rivers", "hostile", "en", title, "2026-11-10T00:00:00Z");
    entry.body.content = Some(format!("<p>{}</p>", html::escape(title)));
    // Categories are clipped where they are read: an attribute of 1 MB is more than our reader takes.
    entry.categories = vec![title.chars().take(200).collect()];
    entry.rights = Some(title.to_owned());
    Desk::new(&["en"]).compose(&[work(vec![entry])], now()).edition
}

/// Every format has the title as it was, and is well-formed to a reader that forgives nothing.
fn published(title: &str) -> String {
    let edition = edition(title);
    for format in formats::ALL {
        let body = String::from_utf8((format.render)(&edition)).unwrap();
        match format.ending {
            "json" => drop(serde_json::from_str::<serde_json::Value>(&body).unwrap()),
            _ => well_formed(&body),
        }
    }
    ["atom", "rss", "json"].into_iter().for_each(|ending| same_entries(&edition, ending));
    "the same".to_owned()
}

/// Asserts what XML 1.0 asks of a document: its characters (§2.2), its references (§4.1), tags that match.
fn well_formed(xml: &str) {
    let is_char =
        |c: char| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    assert_eq!(xml.chars().find(|c| !is_char(*c)), None, "a character that XML does not have");
    let mut reader = quick_xml::Reader::from_str(xml);
    let mut depth = 0_usize;
    loop {
        match reader.read_event().unwrap() {
            quick_xml::events::Event::Eof => break,
            quick_xml::events::Event::Start(tag) => {
                depth += 1;
                tag.attributes().for_each(|a| drop(a.unwrap()));
            }
            quick_xml::events::Event::End(_) => depth -= 1,
            quick_xml::events::Event::Text(text) => {
                assert!(!text.contains("]]>"), "`]]>` in text (§2.4)");
            }
            _ => {}
        }
    }
    assert_eq!(depth, 0, "a tag was left open");
}

/// The page of the stories says the title as text: it has no element that the page without it lacks.
fn paged(title: &str) -> String {
    let elements = |title: &str| {
        let page = index_of(edition(title));
        let dom = dom_query::Document::from(page.as_str());
        let mut names = Vec::new();
        for element in dom.root().descendants_it() {
            let Some(element) = element.element_ref() else { continue };
            let attributes: Vec<&str> = element.attrs.iter().map(|a| &*a.name.local).collect();
            names.push(format!("{} {attributes:?}", &*element.name.local));
        }
        names
    };
    assert_eq!(elements(title), elements("A title"));
    "the same".to_owned()
}

/// Titles: of each attack a short one, and one of about 1 MB.
const TITLES: &[(&str, &str)] = &[
    ("the end of CDATA", "]]>"),
    ("CDATA within CDATA", "<![CDATA[ x ]]>"),
    ("end tags and a script", "</title></entry></item><script>alert(1)</script>"),
    ("an attribute's end", "\"'><img src=x onerror=alert(1)>"),
    ("references", "&amp;lt; &nosuch; &#0; &#x1F;"),
    ("control characters", "a\u{1}b\u{8}c\u{b}d\u{1b}[31me\u{7f}f\u{9f}"),
    ("a NUL", "a\u{0}b"),
    ("characters that are none", "a\u{fffe}b\u{ffff}c\u{fdd0}"),
    ("bidirectional marks", "a\u{202e}evil\u{202c} \u{2067}x\u{2069} \u{200f}"),
    ("marks of one letter", "Z\u{335}\u{336}\u{337}\u{338}"),
    ("emoji of families", "👩‍👩‍👧‍👦🏳️‍🌈"),
    ("separators of lines", "a\u{2028}b\u{2029}c"),
    ("the end of a comment", "--> <!-- "),
    ("a processing instruction", "<?xml version=\"1.0\"?><?php x ?>"),
    ("a doctype", "<!DOCTYPE x [<!ENTITY a \"b\">]>&a;"),
    ("the end of JSON", "\"}]}\\\" \\u0000 </script>"),
];

pub fn table() -> Vec<Row> {
    let same = || Is("the same".to_owned());
    let short = TITLES.iter().map(|(attack, title)| (*attack, *title, same()));
    let mut table = rows("formats", published, short);
    let long = TITLES.iter().map(|(attack, title)| {
        let title = format!("{title} ");
        (format!("{attack}, 1 MB of it"), title.repeat((1 << 20) / title.len()), same())
    });
    table.extend(rows("formats", published, long));
    let short = TITLES.iter().map(|(attack, title)| (*attack, *title, same()));
    table.extend(rows("pages", paged, short));
    table
}
