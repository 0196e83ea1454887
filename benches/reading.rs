//! How fast are feeds read and cleaned? Substack-shaped feeds of 250 KB, beside feed-rs and bare ammonia.
//!
//! `cargo bench --bench reading`. Prints MB/s of one core, the best of several rounds.

#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use tributary::markup::html;
use tributary::model::{Document, Timestamp};
use tributary::parse;
use url::Url;

/// Twenty posts of 12 KB, as Substack sends them: the whole document on one line.
fn feed(escaped: bool) -> String {
    let paragraph = "<p>Every winter the council of our small island votes on whether to keep the <a href=\"https://example.org/ferry?a=1&amp;b=2\">evening ferry</a>, and every winter the vote ends <em>the same way</em>. The boat is old &#8212; it burns more fuel than it should.</p><div class=\"captioned-image-container\"><figure><img src=\"https://cdn.example/image.jpg\" alt=\"\" width=\"1456\" height=\"971\"></figure></div>";
    let body = paragraph.repeat(12_000 / paragraph.len());
    let content = if escaped {
        body.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
    } else {
        format!("<![CDATA[{body}]]>")
    };
    let item = |i: usize| {
        format!(
            "<item><title><![CDATA[Post {i}]]></title><description><![CDATA[On what an island may count]]></description>\
             <link>https://nora.substack.example/p/{i}</link><guid isPermaLink=\"false\">https://nora.substack.example/p/{i}</guid>\
             <dc:creator><![CDATA[Nora]]></dc:creator><pubDate>Thu, 18 Dec 2025 08:00:12 GMT</pubDate>\
             <enclosure url=\"https://cdn.example/{i}.jpg\" length=\"0\" type=\"image/jpeg\"/><content:encoded>{content}</content:encoded></item>"
        )
    };
    let items: String = (0..20).map(item).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><rss xmlns:dc=\"http://purl.org/dc/elements/1.1/\" \
         xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" version=\"2.0\"><channel><title><![CDATA[Island Letters]]></title>\
         <link>https://nora.substack.example</link><generator>Substack</generator>{items}</channel></rss>"
    )
}

/// A page of 300 KB with an article in it.
fn page() -> String {
    let paragraph = "<p>A paragraph of the article, long enough to be read as one, with <a href=\"/x\">a link</a> in it and a second sentence.</p>\n";
    let site = "<div class=\"widget\"><ul><li class=\"menu-item\"><a href=\"/a\">Something else</a></li></ul></div>\n";
    format!(
        "<!doctype html><html lang=\"en\"><head><title>T</title></head><body>{}<article><div class=\"entry-content\">{}</div></article>{}</body></html>",
        site.repeat(1_000),
        paragraph.repeat(800),
        site.repeat(1_000)
    )
}

/// Best time of one call over several rounds.
fn best(mut work: impl FnMut()) -> Duration {
    (0..40)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .min()
        .unwrap_or_default()
}

fn report(what: &str, bytes: usize, time: Duration) {
    println!("{what:44} {:8.1} MB/s {:9.3} ms", bytes as f64 / time.as_secs_f64() / 1e6, time.as_secs_f64() * 1e3);
}

fn main() {
    let url = Url::parse("https://nora.substack.example/feed").expect("an address");
    for (kind, escaped) in [("CDATA", false), ("escaped", true)] {
        let feed = feed(escaped);
        let document = Document::local(url.clone(), Some("application/xml"), feed.clone(), Timestamp::default());
        report(&format!("{kind}: parse::read"), feed.len(), best(|| drop(black_box(parse::read(&document)))));
        report(
            &format!("{kind}: feed-rs"),
            feed.len(),
            best(|| drop(black_box(feed_rs::parser::parse(feed.as_bytes())))),
        );
        let contents: Vec<String> =
            parse::read(&document).entries.into_iter().map(|entry| entry.content.value).collect();
        let bytes = contents.iter().map(String::len).sum();
        let ours = best(|| contents.iter().for_each(|content| drop(black_box(html::clean(content, &url)))));
        let bare = best(|| contents.iter().for_each(|content| drop(black_box(ammonia::clean(content)))));
        report(&format!("{kind}: html::clean"), bytes, ours);
        report(&format!("{kind}: bare ammonia"), bytes, bare);
        println!(
            "{:44} {:8.2}",
            format!("{kind}: cleaning, share of bare ammonia"),
            bare.as_secs_f64() / ours.as_secs_f64()
        );
    }
    let page = page();
    let document = Document::local(url, Some("text/html"), page.clone(), Timestamp::default());
    report("parse::page::read, 300 KB", page.len(), best(|| drop(black_box(parse::page::read(&document)))));
}
