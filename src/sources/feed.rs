//! A feed by its own address, or one that a site's page names: RSS, Atom, JSON Feed, by whoever made it.

use url::Url;

use crate::model::{Ask, Document, Purpose, Reading, Source, SourceKind, SourceState};
use crate::parse;

/// Any feed.
pub(super) const KIND: SourceKind = SourceKind {
    name: "feed",
    recognises: |document| parse::read(document).refused.is_none(),
    feeds,
    purpose: Purpose::Feed,
    read: |_, document| parse::read(document),
    more: |_: &Source, _: &SourceState, _: &Reading| Vec::<Ask>::new(),
    take: |_, _, _, _, _| Vec::new(),
};

/// Where software keeps its feed, by how common it is, for pages that do not say.
const USUAL: [&str; 9] =
    ["feed/", "rss.xml", "atom.xml", "feed.xml", "index.xml", "rss", "feed.json", "feeds/posts/default", "?feed=rss2"];

/// The address itself; or, of a page: the feeds that it names, those below its own address first (the page of a
/// category names the feed of the whole site too), and then the usual places.
fn feeds(source: &Source, page: Option<&Document>) -> Vec<Url> {
    let Some(page) = page else { return vec![source.url.clone()] };
    let mut feeds = parse::read(page).feeds;
    let below = source.url.path().trim_end_matches('/');
    // Stable, so that else the page's own order holds.
    feeds.sort_by_key(|feed| below.is_empty() || !feed.path().starts_with(below));
    feeds.extend(USUAL.iter().filter_map(|place| page.url.join("/").and_then(|root| root.join(place)).ok()));
    feeds
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::poll::tests::{document, source};

    #[test]
    fn the_feed_of_the_page_comes_before_that_of_the_site() {
        let html = r#"<html><head><link rel="alternate" type="application/rss+xml" href="/feed/">
            <link rel="alternate" type="application/rss+xml" href="/category/translations/feed/"></head></html>"#;
        let page = document("https://example.org/category/translations/", "text/html", html);
        let feeds = feeds(&source("https://example.org/category/translations/"), Some(&page));
        assert_eq!(feeds[0].as_str(), "https://example.org/category/translations/feed/");
        assert_eq!(feeds[1].as_str(), "https://example.org/feed/");
        assert_eq!(feeds[3].as_str(), "https://example.org/rss.xml");
        assert!(!(KIND.recognises)(&page));
    }
}
