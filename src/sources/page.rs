//! A site without a feed: its entries are the article links of a listing, by `selector` or `pattern`, or its sitemap.
//!
//! An entry has its address, and as title what the link says; the article itself is read from its page.

use dom_query::{Document as Dom, NodeRef};
use regex::Regex;
use url::Url;

use crate::model::{
    Ask, Document, Failure, Fault, Purpose, RawEntry, Reading, Source, SourceKind, SourceState, Text, Timestamp,
};
use crate::parse;

/// A listing or a sitemap. It is never guessed: every page is a page.
pub(super) const KIND: SourceKind =
    SourceKind { name: "page", recognises: |_| false, feeds, purpose: Purpose::Page, read, more, take };

/// Links taken from one listing or sitemap, the newest first where it says so: what a person would page through.
const MOST_LINKS: usize = 100;

/// Sitemaps read of an index, the newest first.
const MOST_SITEMAPS: usize = 3;

/// Where sitemaps are, beside what robots.txt says.
const SITEMAPS: [&str; 3] = ["/sitemap.xml", "/sitemap_index.xml", "/wp-sitemap.xml"];

/// The listing; without `selector` and `pattern`, the site's sitemap.
fn feeds(source: &Source, _: Option<&Document>) -> Vec<Url> {
    let is_listing = source.selector.is_some() || source.pattern.is_some();
    if is_listing || source.url.path().ends_with(".xml") {
        return vec![source.url.clone()];
    }
    SITEMAPS.iter().filter_map(|place| source.url.join(place).ok()).collect()
}

fn read(source: &Source, document: &Document) -> Reading {
    let text = String::from_utf8_lossy(&document.body);
    let pattern = match source.pattern.as_deref().map(Regex::new).transpose() {
        Ok(pattern) => pattern,
        Err(error) => return refused(format!("the pattern of the source is none: {error}")),
    };
    let mut reading = match text.trim_start_matches('\u{feff}').trim_start() {
        start if start.starts_with('<') && (text.contains("<urlset") || text.contains("<sitemapindex")) => {
            sitemap(source, start, pattern.as_ref())
        }
        _ => listing(source, document, &text, pattern.as_ref()),
    };
    reading.feed.format = "page";
    reading.feed.link = Some(source.url.to_string());
    if reading.entries.is_empty() && reading.feeds.is_empty() && reading.refused.is_none() {
        let how = match (&source.selector, &source.pattern) {
            (Some(selector), _) => format!("no link on the page is chosen by the selector `{selector}`"),
            (None, Some(pattern)) => format!("no link matches the pattern `{pattern}`"),
            (None, None) => {
                "the sitemap names no page: write a `selector` or a `pattern` of the article links".to_owned()
            }
        };
        return refused(how);
    }
    reading
}

fn refused(why: String) -> Reading {
    Reading { refused: Some(why), ..Reading::default() }
}

/// The links of a page, in its order.
fn listing(source: &Source, document: &Document, html: &str, pattern: Option<&Regex>) -> Reading {
    let dom = Dom::from(html);
    let base = dom
        .select_single("base[href]")
        .attr("href")
        .and_then(|href| document.url.join(&href).ok())
        .unwrap_or_else(|| document.url.clone());
    let chosen = source.selector.as_deref().unwrap_or("a[href]");
    // Nothing chosen, or no selector: config has refused the latter.
    let chosen = dom.try_select(chosen).unwrap_or_default();
    let mut entries: Vec<RawEntry> = Vec::new();
    for node in chosen.nodes() {
        let Some((link, label)) = link(node, &base) else { continue };
        let is_wanted = matches!(link.scheme(), "http" | "https")
            && link != document.url
            && pattern.is_none_or(|p| p.is_match(link.as_str()));
        if !is_wanted {
            continue;
        }
        // A teaser links twice, with its picture and with its title: the longer label is the title.
        let is_full = entries.len() >= MOST_LINKS;
        match entries.iter_mut().find(|e| e.link.as_deref() == Some(link.as_str())) {
            Some(known) if known.title.value.len() < label.len() => known.title.value = label,
            Some(_) => {}
            None if is_full => break,
            None => entries.push(entry(&link, label, None)),
        }
    }
    let title = dom.select_single("title").text().split_whitespace().collect::<Vec<_>>().join(" ");
    let mut reading = Reading { entries, ..Reading::default() };
    reading.feed.title = Text { value: title, ..Text::default() };
    reading
}

/// The link that a chosen element is, or else the first one in it, and what it says.
fn link(node: &NodeRef<'_>, base: &Url) -> Option<(Url, String)> {
    let anchor = match node.attr("href") {
        Some(_) => *node,
        None => node.descendants_it().find(|n| n.attr("href").is_some())?,
    };
    let mut link = base.join(anchor.attr("href")?.trim()).ok()?;
    link.set_fragment(None);
    Some((link, anchor.text().split_whitespace().collect::<Vec<_>>().join(" ")))
}

fn entry(link: &Url, title: String, updated: Option<Timestamp>) -> RawEntry {
    let title = Text { value: title, ..Text::default() };
    RawEntry { link: Some(link.to_string()), title, updated, ..RawEntry::default() }
}

/// A sitemap (sitemaps.org 0.9): the newest pages, or, of an index, the newest sitemaps.
fn sitemap(source: &Source, xml: &str, pattern: Option<&Regex>) -> Reading {
    let is_index = xml.contains("<sitemapindex");
    let mut places: Vec<(Url, Option<Timestamp>)> = elements(xml, if is_index { "sitemap" } else { "url" })
        .filter_map(|place| {
            let loc = elements(place, "loc").next()?.trim().replace("&amp;", "&");
            let changed = elements(place, "lastmod").next().and_then(|date| parse::date::parse(date.trim()));
            Some((source.url.join(&loc).ok()?, changed))
        })
        .collect();
    // Stable: without dates the order of the file stands.
    places.sort_by_key(|(_, changed)| std::cmp::Reverse(*changed));
    if is_index {
        let feeds = places.into_iter().map(|(url, _)| url).take(MOST_SITEMAPS).collect();
        return Reading { feeds, ..Reading::default() };
    }
    let wanted = places.into_iter().filter(|(url, _)| {
        url.host_str() == source.url.host_str() && url.path() != "/" && pattern.is_none_or(|p| p.is_match(url.as_str()))
    });
    let entries = wanted.take(MOST_LINKS).map(|(url, changed)| entry(&url, String::new(), changed)).collect();
    Reading { entries, ..Reading::default() }
}

/// The contents of the elements of this name, which has no attributes in a sitemap.
fn elements<'a>(xml: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let mut rest = xml;
    std::iter::from_fn(move || {
        let start = rest.find(&open)? + open.len();
        let end = start + rest[start..].find(&close)?;
        let content = &rest[start..end];
        rest = &rest[end + close.len()..];
        Some(content.trim().trim_start_matches("<![CDATA[").trim_end_matches("]]>"))
    })
}

/// The sitemaps of an index.
fn more(_: &Source, _: &SourceState, reading: &Reading) -> Vec<Ask> {
    reading.feeds.iter().map(|url| Ask::new(url.clone(), Purpose::Page)).collect()
}

fn take(
    source: &Source,
    state: &mut SourceState,
    reading: &mut Reading,
    ask: &Ask,
    answer: Result<&Document, &Failure>,
) -> Vec<Ask> {
    let read = answer.map_err(|failure| failure.message.clone()).map(|document| read(source, document));
    match read.and_then(|r| r.refused.clone().map_or(Ok(r), Err)) {
        Ok(read) => {
            let known: Vec<Option<String>> = reading.entries.iter().map(|e| e.link.clone()).collect();
            reading.entries.extend(read.entries.into_iter().filter(|e| !known.contains(&e.link)));
            // The newest of all the sitemaps together.
            reading.entries.sort_by_key(|e| std::cmp::Reverse(e.updated));
            reading.entries.truncate(MOST_LINKS);
            state.entries = reading.entries.len() as u32;
        }
        Err(why) => {
            reading.faults.push(Fault { offset: None, message: format!("{} cannot be read: {why}", ask.url) });
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Outcome;
    use crate::sources::poll::tests::{document, run, source};

    const LISTING: &str = r##"<html><head><title>News &amp; notes</title></head><body><nav><a href="/">Home</a><a href="#top">Top</a></nav>
        <article><a href="/2026/one"><img src="x.png"></a><h2><a href="/2026/one#more">The <b>first</b> one</a></h2></article>
        <article><h2><a href="https://example.org/2026/two">Two</a></h2><a href="mailto:x@example.org">Mail</a></article>
        <a href="/about">About</a></body></html>"##;

    fn entries(source: &Source, body: &str) -> Result<Vec<(String, String)>, String> {
        let answers = |url: &str| Ok(document(url, "text/html", body));
        let polled = run(source, SourceState::default(), answers).0;
        match polled.outcome {
            Outcome::Changed => {
                let pair = |e: RawEntry| (e.link.unwrap(), e.title.value);
                Ok(polled.reading.entries.into_iter().map(pair).collect())
            }
            other => Err(format!("{other:?}")),
        }
    }

    fn page(selector: Option<&str>, pattern: Option<&str>) -> Source {
        let mut source = source("https://example.org/news");
        source.kind = Some("page".into());
        source.selector = selector.map(str::to_owned);
        source.pattern = pattern.map(str::to_owned);
        source
    }

    #[test]
    fn article_links_of_a_listing() {
        let expected: Vec<(String, String)> = vec![
            ("https://example.org/2026/one".into(), "The first one".into()),
            ("https://example.org/2026/two".into(), "Two".into()),
        ];
        for source in [page(Some("article h2 a"), None), page(Some("article"), None), page(None, Some("/20\\d\\d/"))] {
            let mut found = entries(&source, LISTING).unwrap();
            if source.selector.as_deref() == Some("article") {
                // The first link of the first article is its picture.
                assert_eq!(found[0].1, "");
                found[0].1 = "The first one".into();
            }
            assert_eq!(found, expected, "{:?} {:?}", source.selector, source.pattern);
        }
        let message = entries(&page(Some("main li a"), None), LISTING).unwrap_err();
        assert!(message.contains("selector `main li a`"), "{message}");
        let message = entries(&page(None, Some("/1999/")), LISTING).unwrap_err();
        assert!(message.contains("pattern `/1999/`"), "{message}");
    }

    #[test]
    fn the_newest_of_a_sitemap_and_of_an_index() {
        let index = "<?xml version='1.0'?><sitemapindex><sitemap><loc>https://example.org/s-old.xml</loc><lastmod>2020-01-01</lastmod></sitemap>
            <sitemap><loc>https://example.org/s-new.xml</loc><lastmod>2026-11-01</lastmod></sitemap></sitemapindex>";
        let sitemap = "<urlset><url><loc>https://example.org/a?x=1&amp;y=2</loc><lastmod>2025-01-01T00:00:00Z</lastmod></url>
            <url><loc>https://example.org/b</loc><lastmod>2026-10-10</lastmod></url><url><loc>https://example.org/</loc></url>
            <url><loc>https://elsewhere.org/c</loc></url></urlset>";
        let (polled, asked) = run(&page(None, None), SourceState::default(), |url| match url {
            "https://example.org/sitemap.xml" => Err(Failure { status: Some(404), ..Failure::new("absent") }),
            "https://example.org/sitemap_index.xml" => Ok(document(url, "text/xml", index)),
            "https://example.org/s-new.xml" => Ok(document(url, "text/xml", sitemap)),
            _ => Err(Failure::new("broken")),
        });
        let links: Vec<_> = polled.reading.entries.iter().map(|e| e.link.as_deref().unwrap()).collect();
        assert_eq!(links, ["https://example.org/b", "https://example.org/a?x=1&y=2"]);
        assert_eq!(asked.len(), 4);
        assert!(polled.reading.faults[0].message.contains("s-old.xml"));
    }
}
