//! Can any input hurt the reader? Properties of reader, cleaner, extractor, dates, links and charsets.
//!
//! Short in the suite; `READING_CASES=1000000 cargo test --release --test it reading` runs them for as long as one
//! likes. Finds become named cases.

use proptest::prelude::*;
use tributary::markup::{html, text};
use tributary::model::{Document, Reading, Timestamp};
use tributary::normalise::{self, link};
use tributary::parse::{self, date, page};
use url::Url;

use crate::harmless::assert_harmless;

fn config() -> ProptestConfig {
    let cases = std::env::var("READING_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(64);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn document(body: Vec<u8>, content_type: &str) -> Document {
    Document::local(
        Url::parse("https://example.org/blog/feed").unwrap(),
        Some(content_type),
        body,
        Timestamp::default(),
    )
}

/// Pieces that feeds and pages are made of, whole and broken, in any order.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "<rss version=\"2.0\">",
        "<channel>",
        "</channel>",
        "<item>",
        "</item>",
        "<title>",
        "</title>",
        "<link>",
        "</link>",
        "<description>",
        "</description>",
        "<content:encoded>",
        "</content:encoded>",
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "&amp;",
        "&lt;",
        "&#x1F600;",
        "&#0;",
        "&bogus;",
        "&",
        "<",
        ">",
        "\"",
        "'",
        "<feed xmlns=\"http://www.w3.org/2005/Atom\">",
        "</feed>",
        "<entry>",
        "</entry>",
        "<link href=\"",
        "\"/>",
        "<guid isPermaLink=\"false\">",
        "</guid>",
        "<pubDate>Thu, 01 Jan 2004 19:48:21 GMT</pubDate>",
        "<p>",
        "</p>",
        "<div class=\"entry-content\">",
        "</div>",
        "<article>",
        "</article>",
        "<script>",
        "</script>",
        "<style>",
        "<svg>",
        "</svg>",
        "<a href=\"javascript:x\">",
        "</a>",
        "<img src=x onerror=y>",
        "<iframe>",
        "<table>",
        "<tr>",
        "<td>",
        "</table>",
        "<b>",
        "</b>",
        "<ul><li>",
        "text ",
        "é",
        "日本",
        "\u{0}",
        "\u{202e}",
        "\n",
        "<?xml version=\"1.0\" encoding=\"",
        "?>",
        "<!DOCTYPE x [<!ENTITY a \"",
        "\">]>",
        "http://example.org/a?utm_source=x&b=1",
        "{\"version\": \"https://jsonfeed.org/version/1.1\", \"items\": [",
        "{\"id\": \"1\"}",
        "]}",
        "xml:base=\"../\"",
        "<noscript>",
        "</noscript>",
        "<form>",
        "</form>",
        "<math>",
        "<select>",
        "<template>",
        "<plaintext>",
    ]);
    prop::collection::vec(prop_oneof![9 => piece.prop_map(str::to_owned), 1 => any::<String>()], 0..60)
        .prop_map(|pieces| pieces.concat())
}

fn check_reading(reading: &Reading) {
    assert!(reading.refused.is_none() || reading.entries.is_empty());
    for entry in &reading.entries {
        let base = Url::parse("https://example.org/").unwrap();
        for text in [&entry.content, &entry.summary] {
            assert_harmless(&normalise::body(text, &base).unwrap_or_default());
        }
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_reader_survives_any_bytes(body in prop::collection::vec(any::<u8>(), 0..2000)) {
        check_reading(&parse::read(&document(body, "application/xml")));
    }

    #[test]
    fn the_reader_survives_any_pieces(body in pieces(), start in prop::sample::select(vec!["", "<rss><channel><item>", "<feed>", "{"])) {
        check_reading(&parse::read(&document(format!("{start}{body}").into_bytes(), "text/xml")));
    }

    #[test]
    fn a_document_cut_anywhere_is_still_read(items in 1_usize..5, cut in 0.0_f64..1.0) {
        let item = |i: usize| format!("<item><title>T{i}</title><link>http://a.example/{i}</link><guid>g{i}</guid><description><![CDATA[<p>Text {i}</p>]]></description></item>");
        let whole = format!("<rss version=\"2.0\"><channel><title>F</title>{}</channel></rss>", (0..items).map(item).collect::<String>());
        let kept = &whole[..(whole.len() as f64 * cut) as usize];
        let whole_items = kept.matches("</item>").count();
        let reading = parse::read(&document(kept.as_bytes().to_vec(), "text/xml"));
        prop_assert!(reading.entries.len() >= whole_items, "{} of {whole_items} in {kept:?}", reading.entries.len());
        for (i, entry) in reading.entries.iter().take(whole_items).enumerate() {
            let id = format!("g{i}");
            prop_assert_eq!(entry.id.as_deref(), Some(id.as_str()));
        }
    }

    #[test]
    fn charsets_survive_any_label(body in prop::collection::vec(any::<u8>(), 0..300), label in "[ -~]{0,20}") {
        let _ = parse::read(&document(body, &format!("text/xml; charset={label}")));
    }

    #[test]
    fn the_cleaner_lets_nothing_through(given in pieces()) {
        let base = Url::parse("https://example.org/").unwrap();
        let clean = html::clean(&given, &base);
        assert_harmless(&clean);
        let _ = text::plain(&given);
    }

    #[test]
    fn the_extractor_survives_any_pieces(given in pieces()) {
        if let Ok(page) = page::read(&document(given.into_bytes(), "text/html")) {
            assert_harmless(&page.html);
        }
    }

    #[test]
    fn dates_survive_any_text(given in "\\PC{0,60}", parts in prop::collection::vec(prop::sample::select(vec![
        "2024", "05", "12", "-", "/", ".", ":", " ", "T", "Z", "+0200", "Jan", "Thu,", "PM", "GMT", "年", "오후", "99999999999",
    ]), 0..12)) {
        let _ = date::parse(&given);
        let joined: String = parts.into_iter().collect();
        let _ = date::parse(&joined);
    }

    #[test]
    fn dates_are_read_as_they_were_written(seconds in 0_i64..4_000_000_000) {
        let date = Timestamp::from_timestamp(seconds, 0).unwrap();
        for format in ["%Y-%m-%dT%H:%M:%SZ", "%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%Y %H:%M:%S UTC", "%a %b %e %H:%M:%S %Y", "%Y%m%dT%H%M%SZ", "%B %d, %Y %I:%M:%S %p"] {
            prop_assert_eq!(date::parse(&date.format(format).to_string()), Some(date), "{}", format);
        }
    }

    #[test]
    fn links_lose_what_tracks_once_and_for_all(path in "[a-z/]{0,20}", query in "[a-z_=&%0-9]{0,40}") {
        let url = Url::parse(&format!("https://example.org/{path}?{query}")).unwrap();
        let canonical = link::canonical(&url);
        prop_assert_eq!(link::canonical(&canonical), canonical.clone());
        prop_assert_eq!(link::key(&url), link::key(&canonical));
    }
}

/// Found by mutating the corpus and comparing with feedparser.
#[test]
fn tags_that_are_cut_off_or_never_closed_cost_only_themselves() {
    let read = |item: &str| {
        let body = format!("<rss version=\"2.0\"><channel><title>F</title><item>{item}");
        parse::read(&document(body.into_bytes(), "text/xml")).entries
    };
    let entries = read("<title>T</title><gui</link>d>g</guid><description>Body</description></item></channel></rss>");
    assert_eq!((entries.len(), entries[0].summary.value.as_str()), (1, "Body"));
    let entries =
        read("<title>T</title><guid>g<pubDate>Fri, 01 Jan 2026 00:00:00 GMT<description>Body</description></item>");
    assert_eq!((entries[0].id.as_deref(), entries[0].summary.value.as_str()), (Some("g"), "Body"));
    assert!(entries[0].published.is_some());
    // The only entry is kept though the document breaks off in it.
    assert_eq!(read("<title>T</title><li").len(), 1);
}
