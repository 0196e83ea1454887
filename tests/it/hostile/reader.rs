//! Can a document hurt the reader, or make it say what is not so?

use tributary::model::{Document, Reading};
use tributary::parse;

use super::Expected::{Is, Lacks, Says};
use super::{Expected, Row, rows};
use crate::planet::now;

/// What was read: a refusal, or titles and links.
fn read(body: &str) -> String {
    let url = url::Url::parse("https://example.org/feed").unwrap();
    tell(&parse::read(&Document::local(url, None, body.as_bytes().to_vec(), now())))
}

fn tell(reading: &Reading) -> String {
    match &reading.refused {
        Some(why) => format!("refused: {why}"),
        None if reading.entries.is_empty() => format!("nothing, and says so: {:?}", reading.faults),
        None => {
            let entry = |e: &tributary::model::RawEntry| {
                format!("{}|{}|{}", e.title.value, e.link.as_deref().unwrap_or_default(), e.content.value)
            };
            reading.entries.iter().map(entry).collect::<Vec<_>>().join("\n")
        }
    }
}

fn rss(item: &str) -> String {
    format!("<rss version=\"2.0\"><channel><title>t</title><item>{item}</item></channel></rss>")
}

pub fn table() -> Vec<Row> {
    let lol: String = (1..10).map(|i| format!("<!ENTITY l{i} \"{}\">", format!("&l{};", i - 1).repeat(10))).collect();
    let table: Vec<(&str, String, Expected)> = vec![
        ("nothing", String::new(), Says("refused: the document is empty")),
        ("blanks only", " \n\t".repeat(1000), Says("refused: the document is empty")),
        ("NULs only", "\0".repeat(1000), Says("refused: the document is empty")),
        ("a page", "<!doctype html><html><body>no</body></html>".into(), Says("refused: the document is a page")),
        ("words", "hello".into(), Says("refused: the document is no feed")),
        ("a million laughs", format!("<!DOCTYPE r [<!ENTITY l0 \"lol\">{lol}]>{}", rss("<title>&l9;</title>")), Lacks("lollollollollol")),
        ("an entity of itself", format!("<!DOCTYPE r [<!ENTITY a \"&a;&a;\">]>{}", rss("<title>x&a;y</title>")), Lacks("&a;&a;&a;")),
        ("an entity of a file", format!("<!DOCTYPE r [<!ENTITY a SYSTEM \"file:///etc/passwd\">]>{}", rss("<title>x&a;</title>")), Lacks("root:")),
        ("an entity of an address", format!("<!DOCTYPE r [<!ENTITY % a SYSTEM \"http://127.0.0.1/x\">%a;]>{}", rss("<title>x</title>")), Is("x||".into())),
        ("an entity of 100 KB, a thousand times", format!("<!DOCTYPE r [<!ENTITY a \"{}\">]>{}", "q".repeat(100_000), rss(&format!("<title>{}</title>", "&a;".repeat(1000)))), Lacks("qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq")),
        ("elements 100,000 deep", format!("<rss><channel>{}", "<x>".repeat(100_000)), Lacks("a panic")),
        ("items within items", rss(&"<item><title>n</title>".repeat(5_000)), Lacks("a panic")),
        ("a tag that never ends", format!("<rss><channel><item><title>a</title></item><x {}", "y='z' ".repeat(100_000)), Says("a||")),
        ("100,000 attributes", format!("<rss><channel><item {}><title>a</title></item></channel></rss>", (0..100_000).map(|i| format!("a{i}='' ")).collect::<String>()), Says("a||")),
        ("a name of 1 MB", format!("<rss><channel><item><{0}>x</{0}><title>a</title></item></channel></rss>", "n".repeat(1 << 20)), Says("a||")),
        ("a comment that never ends", format!("{}<!-- {}", rss("<title>a</title>"), "-".repeat(1 << 20)), Says("a||")),
        ("comments that never end, alone", "<!--".repeat(16_384), Says("refused: the document is no feed")),
        ("CDATA within CDATA, alone", "<![CDATA[".repeat(7_281), Says("refused: the document is no feed")),
        ("CDATA that never ends", "<rss><channel><item><title><![CDATA[a".into(), Lacks("a panic")),
        ("`]]>` as text", rss("<title>a]]>b</title>"), Is("a]]>b||".into())),
        ("ends within an item", "<rss><channel><item><title>a</title></item><item><title>b".into(), Says("a||")),
        ("tags that cross", rss("<title>a</item></title>"), Lacks("refused")),
        ("a bare ampersand", rss("<title>AT&T</title>"), Is("AT&T||".into())),
        ("character reference of NUL", rss("<title>a&#0;b</title>"), Lacks("\0")),
        ("character reference of half a pair", rss("<title>a&#xD800;b</title>"), Says("a")),
        ("character reference beyond Unicode", rss("<title>a&#x110000;b&#99999999999;</title>"), Says("a")),
        ("a charset that is none", format!("<?xml version=\"1.0\" encoding=\"klingon\"?>{}", rss("<title>a</title>")), Is("a||".into())),
        ("a charset that is not so", format!("<?xml version=\"1.0\" encoding=\"utf-16\"?>{}", rss("<title>a</title>")), Is("a||".into())),
        ("UTF-7", format!("<?xml version=\"1.0\" encoding=\"utf-7\"?>{}", rss("<title>+ADw-script+AD4-</title>")), Lacks("<script")),
        ("a version of XML that is none", format!("<?xml version=\"9.9\"?>{}", rss("<title>a</title>")), Is("a||".into())),
        ("64 KB of warnings in front", format!("{}{}", "Warning: x\n".repeat(5_000), rss("<title>a</title>")), Says("a||")),
        ("a stylesheet", format!("<?xml-stylesheet href=\"javascript:x\"?>{}", rss("<title>a</title>")), Is("a||".into())),
        ("a date of 1 MB", rss(&format!("<title>a</title><pubDate>{}</pubDate>", "9".repeat(1 << 20))), Is("a||".into())),
        ("a year beyond all", rss("<title>a</title><pubDate>Mon, 01 Jan 999999999999 00:00:00 GMT</pubDate>"), Is("a||".into())),
        ("20,000 items", format!("<rss><channel>{}</channel></rss>", "<item><title>a</title></item>".repeat(20_000)), Lacks("a panic")),
        ("Atom with nested entries", "<feed xmlns=\"http://www.w3.org/2005/Atom\"><entry><title>a</title><entry><title>b</title></entry></entry></feed>".into(), Says("a|")),
        ("Atom, a base that is a script", "<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:base=\"javascript:x/\"><entry><title>a</title><link href=\"b\"/></entry></feed>".into(), Lacks("javascript:")),
        ("Atom, content of an address", "<feed xmlns=\"http://www.w3.org/2005/Atom\"><entry><title>a</title><content src=\"file:///etc/passwd\"/></entry></feed>".into(), Lacks("root:")),
        ("JSON that is none", "{\"version\": \"https://jsonfeed.org/version/1.1\", \"items\": [{".into(), Says("Fault {")),
        ("JSON without a feed", "{\"a\": 1}".into(), Says("refused")),
        ("JSON, only brackets", "[".repeat(100_000), Says("refused")),
        ("JSON, only braces", "{\"a\":".repeat(100_000), Says("refused")),
        ("JSON, items that are no list", "{\"version\": \"https://jsonfeed.org/version/1.1\", \"items\": 7}".into(), Lacks("a panic")),
        ("JSON, items of every type", "{\"version\": \"https://jsonfeed.org/version/1.1\", \"items\": [null, 1, \"x\", [], {\"id\": \"1\", \"title\": \"a\"}]}".into(), Says("a|")),
        ("JSON, a title that is a list", "{\"version\": \"https://jsonfeed.org/version/1.1\", \"items\": [{\"id\": {}, \"title\": [\"x\"], \"url\": 7, \"content_html\": \"b\"}]}".into(), Says("b")),
        ("JSON, numbers without end", format!("{{\"version\": \"https://jsonfeed.org/version/1.1\", \"items\": [{{\"id\": 1{}, \"title\": \"a\"}}]}}", "0".repeat(5_000)), Lacks("a panic")),
    ];
    rows("reader", read, table)
}
