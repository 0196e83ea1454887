//! How fast are feeds and pages read and cleaned, and what can a hostile document cost?
//!
//! `cargo bench --bench reading`: feeds of 250 KB in the shape of Substack's beside feed-rs and bare ammonia, pages of
//! 300 KB in the shapes of the corpus, and documents made to hurt. One core.

#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use tributary::markup::html;
use tributary::model::{Document, Timestamp};
use tributary::parse;
use url::Url;

/// Rounds of a measurement; the best counts, as all else is the machine's.
const ROUNDS: usize = 40;
/// Bytes of a page.
const PAGE_BYTES: usize = 300_000;

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

/// Pages of 300 KB: one that is mostly site, one that is mostly article, and each of the corpus with what is in its
/// body written over and over.
fn pages() -> Vec<Document> {
    let paragraph = "<p>A paragraph of the article, long enough to be read as one, with <a href=\"/x\">a link</a> in it and a second sentence.</p>\n";
    let site = "<div class=\"widget\"><ul><li class=\"menu-item menu-item-type-post_type\"><a href=\"/a\">Something else</a></li></ul></div>\n";
    let made = |site_times: usize, paragraphs: usize| {
        format!(
            "<!doctype html><html lang=\"en\"><head><title>T</title></head><body>{}<article><div class=\"entry-content\">{}</div></article>{}</body></html>",
            site.repeat(site_times),
            paragraph.repeat(paragraphs),
            site.repeat(site_times)
        )
    };
    let mut pages = vec![made(1_000, 600).into_bytes(), made(100, 2_300).into_bytes()];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/pages");
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).expect("the corpus").flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let bytes = std::fs::read(path).expect("a page");
        let find = |what: &[u8]| bytes.windows(what.len()).position(|window| window.eq_ignore_ascii_case(what));
        let start = find(b"<body").unwrap_or(0);
        let start = start + bytes[start..].iter().position(|b| *b == b'>').map_or(0, |end| end + 1);
        let end = find(b"</body").unwrap_or(bytes.len()).max(start);
        let body = &bytes[start..end];
        let times = PAGE_BYTES.div_ceil(body.len().max(1));
        pages.push([&bytes[..start], &body.repeat(times), &bytes[end..]].concat());
    }
    let url = Url::parse("https://blog.example/post").expect("an address");
    pages.into_iter().map(|page| Document::local(url.clone(), Some("text/html"), page, Timestamp::default())).collect()
}

/// Documents that want to hurt, by name.
fn hostile() -> Vec<(&'static str, String)> {
    let text = "A text that is long enough to be an article, with words enough to be taken for one. ".repeat(5);
    let rss = |body: &str| {
        format!(
            "<rss version=\"2.0\"><channel><item><title>T</title><description>{body}</description></item></channel></rss>"
        )
    };
    let cdata = |body: &str| rss(&format!("<![CDATA[{body}]]>"));
    let attributes: String = (0..100_000).map(|i| format!(" a{i}=b")).collect();
    let namespaces: String = (0..100).map(|i| format!(" xmlns:n{i}=\"urn:{i}\"")).collect();
    vec![
        ("100,000 elements nested, XML", rss(&"<a>".repeat(100_000))),
        ("100,000 items nested", format!("<rss><channel>{}", "<item><title>x".repeat(100_000))),
        ("100,000 <div> nested", cdata(&format!("{}<p>{text}</p>", "<div>".repeat(100_000)))),
        ("100,000 <p><b> nested", cdata(&format!("{}<p>{text}</p>", "<p><b>".repeat(100_000)))),
        ("100,000 <b><div></b>", cdata(&format!("{}<p>{text}</p>", "<b><div></b>".repeat(100_000)))),
        ("100,000 <p> in a table", cdata(&format!("<table>{}</table><p>{text}</p>", "<p>x".repeat(100_000)))),
        (
            "an attribute of 1 MB, XML",
            format!("<rss a=\"{}\"><channel><item><title>T</title></item></channel></rss>", "x".repeat(1 << 20)),
        ),
        ("an attribute of 1 MB, HTML", cdata(&format!("<div class=\"{}\"><p>{text}</p></div>", "x ".repeat(1 << 19)))),
        ("100,000 attributes", cdata(&format!("<div{attributes}><p>{text}</p></div>"))),
        (
            "namespaces 128 levels deep",
            format!("<rss><channel>{}{}", format!("<a{namespaces}>").repeat(128), "<x:a/>".repeat(200_000)),
        ),
        ("64 KB of <![CDATA[, alone", "<![CDATA[".repeat(7_281)),
        ("64 KB of <!--, alone", "<!--".repeat(16_384)),
        ("1 MB of <!--", cdata(&"<!--".repeat(1 << 18))),
        ("1 MB of \"<a \"", cdata(&"<a ".repeat(350_000))),
        ("1 MB of &", rss(&"&".repeat(1 << 20))),
        (
            "a billion laughs",
            format!(
                "<!DOCTYPE rss [<!ENTITY a \"ha\">{}]>{}",
                (0..30).map(|i| format!("<!ENTITY b{i} \"&a;&a;&a;&a;\">")).collect::<String>(),
                rss("&b29;")
            ),
        ),
        ("100 MB", "<rss><channel><item><title>x</title></item>".repeat(2_400_000)),
    ]
}

/// Best time of one call over several rounds.
fn best(rounds: usize, mut work: impl FnMut()) -> Duration {
    (0..rounds).map(|_| time(&mut work)).min().unwrap_or_default()
}

fn time(mut work: impl FnMut()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn report(what: &str, bytes: usize, time: Duration) {
    println!("{what:44} {:8.1} MB/s {:9.3} ms", bytes as f64 / time.as_secs_f64() / 1e6, ms(time));
}

fn measure_feeds() {
    let url = Url::parse("https://nora.substack.example/feed").expect("an address");
    for (kind, escaped) in [("CDATA", false), ("escaped", true)] {
        let feed = feed(escaped);
        let document = Document::local(url.clone(), Some("application/xml"), feed.clone(), Timestamp::default());
        let read = || parse::read(&document);
        let entries = feed_rs::parser::parse(feed.as_bytes()).map_or(0, |feed| feed.entries.len());
        assert_eq!((read().entries.len(), entries), (20, 20));
        let ours = best(ROUNDS, || drop(black_box(read())));
        let theirs = best(ROUNDS, || drop(black_box(feed_rs::parser::parse(feed.as_bytes()))));
        report(&format!("{kind}: parse::read"), feed.len(), ours);
        report(&format!("{kind}: feed-rs"), feed.len(), theirs);
        println!("{:44} {:8.2}", format!("{kind}: times feed-rs"), theirs.as_secs_f64() / ours.as_secs_f64());
        let contents: Vec<String> = read().entries.into_iter().map(|entry| entry.content.value).collect();
        let bytes = contents.iter().map(String::len).sum();
        let both = best(ROUNDS, || {
            for entry in read().entries {
                drop(black_box(html::clean(&entry.content.value, &url)));
            }
        });
        let clean = best(ROUNDS, || contents.iter().for_each(|content| drop(black_box(html::clean(content, &url)))));
        let bare = best(ROUNDS, || contents.iter().for_each(|content| drop(black_box(ammonia::clean(content)))));
        report(&format!("{kind}: html::clean"), bytes, clean);
        report(&format!("{kind}: read and clean"), bytes, both);
        report(&format!("{kind}: bare ammonia"), bytes, bare);
        let share = |ours: Duration| bare.as_secs_f64() / ours.as_secs_f64();
        println!("{:44} {:8.2}", format!("{kind}: clean, share of bare ammonia"), share(clean));
        println!("{:44} {:8.2}", format!("{kind}: read and clean, share of it"), share(both));
    }
}

fn measure_pages() {
    let pages = pages();
    let mut times: Vec<(Duration, usize)> = Vec::new();
    for (page, document) in pages.iter().enumerate() {
        drop(black_box(parse::page::read(document)));
        times.extend((0..10).map(|_| (time(|| drop(black_box(parse::page::read(document)))), page)));
    }
    times.sort();
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
    println!("{} pages of {} KB, 10 times each:", pages.len(), PAGE_BYTES / 1000);
    for share in [50, 90, 99, 100] {
        let (time, page) = at(share);
        println!("{:44} {:9.3} ms   page {page}", format!("  page::read, p{share}"), ms(time));
    }
}

fn measure_hostile() {
    let url = Url::parse("https://blog.example/feed").expect("an address");
    println!("{:44} {:>9} {:>9}", "hostile documents, ms", "as a feed", "as a page");
    for (name, body) in hostile() {
        let document = Document::local(url.clone(), None, body, Timestamp::default());
        let mut outcome = String::new();
        let feed = time(|| {
            let reading = parse::read(&document);
            for entry in &reading.entries {
                black_box(html::clean(&entry.summary.value, &url));
            }
            outcome =
                reading.refused.or(reading.faults.into_iter().next().map(|fault| fault.message)).unwrap_or_default();
        });
        let page = time(|| drop(black_box(parse::page::read(&document))));
        println!("{name:44} {:9.1} {:9.1}  {outcome}", ms(feed), ms(page));
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("VmHWM is not told here");
    println!("{peak}");
}

fn main() {
    measure_feeds();
    measure_pages();
    measure_hostile();
}
