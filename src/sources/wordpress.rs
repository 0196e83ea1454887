//! A WordPress site: its feed, and, where that has summaries only, the full texts by the REST API if it is open.
//!
//! The API has no validators and costs the site more than its feed, so it is asked only after the feed has changed.

use chrono::TimeDelta;
use url::Url;

use crate::model::{Ask, Document, Failure, Fault, Purpose, Reading, Source, SourceKind, SourceState, Text};
use crate::parse;

/// WordPress.
pub(super) const KIND: SourceKind = SourceKind {
    name: "wordpress",
    recognises,
    feeds,
    purpose: Purpose::Feed,
    read: |_, document| parse::read(document),
    more,
    take,
};

/// Posts of one page of the API: the most that it gives.
const PAGE: u32 = 100;

/// How long a closed API is not asked again: sites open and close it with a plugin, so seldom.
const CLOSED_FOR: TimeDelta = TimeDelta::days(7);

/// How much of a document is searched for marks: the head of a page with its scripts.
const HEAD: usize = 64 << 10;

/// Parts of a path below which the feed is that of a part of the site.
const PARTS: [&str; 4] = ["/category/", "/tag/", "/author/", "/comments/"];

fn recognises(document: &Document) -> bool {
    let head = &document.body[..document.body.len().min(HEAD)];
    let has = |mark: &str| memchr::memmem::find(head, mark.as_bytes()).is_some();
    let links_api = document.headers.iter().any(|(n, v)| n == "link" && v.contains("https://api.w.org/"));
    links_api
        || has("<generator>https://wordpress.org/?v=")
        || has("rel=\"https://api.w.org/\"")
        || has("rel='https://api.w.org/'")
        || has("<meta name=\"generator\" content=\"WordPress")
}

/// The feeds that the page names, else where WordPress has it.
fn feeds(source: &Source, page: Option<&Document>) -> Vec<Url> {
    if page.is_some() {
        return (super::feed::KIND.feeds)(source, page);
    }
    let home = &source.url;
    let is_feed = home.path().trim_end_matches('/').ends_with("/feed") || home.query().is_some();
    let usual = ["feed/", "?feed=rss2"].into_iter().filter_map(|place| with_slash(home).join(place).ok());
    is_feed.then(|| home.clone()).into_iter().chain(usual).collect()
}

/// An address to which a path can be added.
fn with_slash(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_query(None);
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    url
}

/// The API of the site that this feed is of.
fn api(feed: &Url, page: u32) -> Option<Ask> {
    let path = feed.path();
    let is_part = PARTS.iter().any(|part| path.contains(part));
    let home = if is_part { "/" } else { path.trim_end_matches('/').strip_suffix("feed").unwrap_or("/") };
    let url = feed.join(home).ok()?.join(&format!("wp-json/wp/v2/posts?per_page={PAGE}&page={page}")).ok()?;
    Some(Ask::new(url, Purpose::Api))
}

fn more(source: &Source, state: &SourceState, reading: &Reading) -> Vec<Ask> {
    let is_closed = match (state.api_closed, state.last_poll) {
        (Some(since), Some(now)) => now - since < CLOSED_FOR,
        (since, _) => since.is_some(),
    };
    let lacks_text = reading.entries.iter().any(|e| e.content.value.is_empty());
    let wants_texts = lacks_text && source.full_text != Some(false);
    let wants_archive = !state.backfill_done && state.backfilled < source.backfill;
    if is_closed || !(wants_texts || wants_archive) {
        return Vec::new();
    }
    api(state.feed.as_ref().unwrap_or(&source.url), 1).into_iter().collect()
}

fn take(
    source: &Source,
    state: &mut SourceState,
    reading: &mut Reading,
    ask: &Ask,
    answer: Result<&Document, &Failure>,
) -> Vec<Ask> {
    let page: u32 = ask.url.query_pairs().find(|(k, _)| k == "page").and_then(|(_, v)| v.parse().ok()).unwrap_or(1);
    let read = answer.map_err(|f| f.message.clone()).map(parse::wordpress::posts);
    let posts = match read.and_then(|r| r.refused.clone().map_or(Ok(r.entries), Err)) {
        Ok(posts) => posts,
        // Beyond its last page the API answers 400: the archive has no more.
        Err(_) if page > 1 => {
            state.backfill_done = true;
            return Vec::new();
        }
        Err(why) => {
            // Most sites that close it answer 401, 403 or 404; trouble of the moment is not remembered.
            if answer.is_ok() || answer.is_err_and(|f| matches!(f.status, Some(400..=428 | 430..=499))) {
                state.api_closed = state.last_poll;
            }
            let message = format!("the full texts cannot be read by the REST API, so the pages are: {why}");
            reading.faults.push(Fault { offset: None, message });
            return Vec::new();
        }
    };
    state.api_closed = None;
    let count = posts.len() as u32;
    let is_backfill = !state.backfill_done && state.backfilled < source.backfill;
    for mut post in posts {
        // What the feed does not give away is compared, and not republished.
        let full = std::mem::take(&mut post.content);
        let is_it = |id: &Option<String>, link: &Option<String>| {
            (id.is_some() && *id == post.id) || (link.is_some() && *link == post.link)
        };
        match reading.entries.iter_mut().find(|e| is_it(&e.id, &e.link)) {
            Some(entry) if entry.content.value.is_empty() => entry.full = full,
            Some(_) => {}
            None if is_backfill && state.backfilled < source.backfill => {
                post.full = Text { base: ask.url.join("/").ok(), ..full };
                reading.entries.push(post);
            }
            None => continue,
        }
        state.backfilled += u32::from(is_backfill && state.backfilled < source.backfill);
    }
    state.backfill_done |= is_backfill && count < PAGE;
    let goes_on = is_backfill && !state.backfill_done && state.backfilled < source.backfill;
    goes_on.then(|| api(state.feed.as_ref().unwrap_or(&source.url), page + 1)).flatten().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::poll::tests::{document, run, source};

    const HOME: &str = r#"<html><head><link rel="alternate" type="application/rss+xml" href="https://blog.example/feed/">
        <link rel="https://api.w.org/" href="https://blog.example/wp-json/"></head></html>"#;
    const FEED: &str = r#"<rss version="2.0"><channel><title>Blog</title><generator>https://wordpress.org/?v=6.8</generator>
        <item><title>Uno</title><link>https://blog.example/uno/</link><guid isPermaLink="false">https://blog.example/?p=1</guid>
        <description>Breve [&#8230;]</description></item></channel></rss>"#;

    fn post(n: u32) -> String {
        let slug = if n == 1 { "uno".to_owned() } else { format!("post-{n}") };
        format!(
            r#"{{"id": {n}, "link": "https://blog.example/{slug}/", "guid": {{"rendered": "https://blog.example/?p={n}"}},
            "title": {{"rendered": "T{n}"}}, "content": {{"rendered": "<p>Tutto {n}</p>"}}, "excerpt": {{"rendered": "<p>Breve</p>"}}}}"#
        )
    }

    fn answers(url: &str) -> Result<Document, Failure> {
        let posts = |range: std::ops::Range<u32>| {
            Ok(document(url, "application/json", &format!("[{}]", range.map(post).collect::<Vec<_>>().join(","))))
        };
        match url {
            "https://blog.example/" => Ok(document(url, "text/html", HOME)),
            "https://blog.example/feed/" => Ok(document(url, "application/rss+xml", FEED)),
            "https://blog.example/wp-json/wp/v2/posts?per_page=100&page=1" => posts(1..101),
            "https://blog.example/wp-json/wp/v2/posts?per_page=100&page=2" => posts(101..131),
            _ => Err(Failure { status: Some(404), ..Failure::new("not there") }),
        }
    }

    #[test]
    fn full_texts_come_from_the_api() {
        let (polled, asked) = run(&source("https://blog.example/"), SourceState::default(), answers);
        assert_eq!(polled.state.kind.as_deref(), Some("wordpress"));
        assert_eq!(asked.last().unwrap(), "https://blog.example/wp-json/wp/v2/posts?per_page=100&page=1");
        assert_eq!(polled.reading.entries.len(), 1);
        let entry = &polled.reading.entries[0];
        assert_eq!((entry.full.value.as_str(), entry.content.value.as_str()), ("<p>Tutto 1</p>", ""));
    }

    #[test]
    fn the_archive_is_paged_to_its_end() {
        let mut source = source("https://blog.example/");
        source.backfill = 500;
        let (polled, asked) = run(&source, SourceState::default(), answers);
        assert_eq!(asked.len(), 4, "{asked:?}");
        assert_eq!(polled.reading.entries.len(), 130);
        assert!(polled.state.backfill_done);
        source.backfill = 105;
        assert_eq!(run(&source, SourceState::default(), answers).0.reading.entries.len(), 105);
    }

    #[test]
    fn a_closed_api_is_not_asked_at_every_poll() {
        let closed = |url: &str| if url.contains("wp-json") { answers("") } else { answers(url) };
        let (polled, asked) = run(&source("https://blog.example/"), SourceState::default(), closed);
        assert_eq!((asked.len(), polled.reading.entries.len(), polled.reading.faults.len()), (3, 1, 1));
        let state = SourceState { body_hash: None, ..polled.state };
        assert_eq!(run(&source("https://blog.example/"), state, closed).1, ["https://blog.example/feed/"]);
    }

    #[test]
    fn where_the_api_is() {
        let url = |feed: &str| api(&Url::parse(feed).unwrap(), 2).unwrap().url.to_string();
        assert_eq!(url("https://a.example/feed/"), "https://a.example/wp-json/wp/v2/posts?per_page=100&page=2");
        assert_eq!(
            url("https://a.example/blog/feed"),
            "https://a.example/blog/wp-json/wp/v2/posts?per_page=100&page=2"
        );
        assert_eq!(
            url("https://a.example/category/x/feed/"),
            "https://a.example/wp-json/wp/v2/posts?per_page=100&page=2"
        );
        assert_eq!(url("https://a.example/?feed=rss2"), "https://a.example/wp-json/wp/v2/posts?per_page=100&page=2");
    }
}
