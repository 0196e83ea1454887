//! Which originals that a repost names are fetched, though no configured source has them? Pure.
//!
//! A repost whose verified source line names an entry that is not in the store (older than the feed, or of a
//! publication that is not configured) would else stand without its original for ever.

use chrono::TimeDelta;
use url::Url;

use crate::model::{Ask, Document, Page, Purpose, RawEntry, Reading, Source, SourceState, Text, Timestamp};
use crate::parse;
use crate::sources::{poll, substack};

/// References fetched for one source and day: a repost site translates a few works a day, and one with a thousand
/// links must not make us crawl.
pub const MOST_A_DAY: u32 = 20;

/// Which of the addresses that verified source lines of `source` name are to be fetched now, within what is left of
/// the day's budget, which is spent on them. `is_known`: whether an entry of this address is in the store, or was
/// fetched before, with or without success: each is asked for once.
pub fn choose(
    source: &Source,
    state: &mut SourceState,
    named: &[Url],
    is_known: impl Fn(&Url) -> bool,
    now: Timestamp,
) -> Vec<Url> {
    if !source.references {
        return Vec::new();
    }
    let today = (now - Timestamp::UNIX_EPOCH).num_days();
    let today = i32::try_from(today).unwrap_or(i32::MAX);
    let spent = if state.references.0 == today { state.references.1 } else { 0 };
    let left = MOST_A_DAY.saturating_sub(spent) as usize;
    let mut chosen: Vec<Url> = Vec::new();
    for url in named {
        let mut url = url.clone();
        url.set_fragment(None);
        if chosen.len() < left && is_article_elsewhere(source, &url) && !chosen.contains(&url) && !is_known(&url) {
            chosen.push(url);
        }
    }
    state.references = (today, spent + chosen.len() as u32);
    chosen
}

/// How long an unspent budget stands: until midnight, UTC.
pub fn next_budget(now: Timestamp) -> Timestamp {
    let into_the_day = (now - Timestamp::UNIX_EPOCH).num_seconds().rem_euclid(86_400);
    now + TimeDelta::seconds(86_400 - into_the_day)
}

/// Whether an address can be that of a work on another site: its own posts are no originals of a repost, and a home
/// page is no work.
fn is_article_elsewhere(source: &Source, url: &Url) -> bool {
    let is_own = url.host_str() == source.url.host_str();
    let has_path = !url.path().trim_matches('/').is_empty() || url.query().is_some();
    matches!(url.scheme(), "http" | "https") && !is_own && has_path
}

/// What to ask for the work at an address: Substack's own interface where it is one of its posts, else the page.
pub fn ask(url: &Url) -> Ask {
    match substack::post(url) {
        Some(api) => Ask::new(api, Purpose::Api),
        None => Ask::new(url.clone(), Purpose::Page),
    }
}

/// Reads the answer to [`ask`] as a reading of one entry, whose link is the address that was named. `article` takes the
/// article out of a page.
///
/// # Errors
/// Why there is no work in it.
pub fn read(
    url: &Url,
    document: &Document,
    article: impl FnOnce(&Document) -> Result<Page, String>,
) -> Result<Reading, String> {
    if substack::post(url).is_some() {
        let mut reading = parse::substack::post(document);
        return match reading.refused.take() {
            Some(why) => Err(why),
            None => Ok(reading),
        };
    }
    let page = article(document)?;
    let text = |value: String, html| Text { value, html, ..Text::default() };
    let entry = RawEntry {
        // The named address, not the canonical one: what a page says of itself is evidence, never authority.
        link: Some(url.to_string()),
        title: text(page.title.clone().unwrap_or_default(), false),
        full: Text { base: Some(document.url.clone()), ..text(page.html, true) },
        authors: page.byline.map(|name| crate::model::Person { name, ..Default::default() }).into_iter().collect(),
        language: page.language,
        published: page.published,
        image: page.images.first().map(Url::to_string),
        ..RawEntry::default()
    };
    let mut reading = Reading { entries: vec![entry], ..Reading::default() };
    reading.feed.title = text(page.site.unwrap_or_default(), false);
    Ok(reading)
}

/// The `[[source]]` block that a person can paste to follow the publication that an address is of.
pub fn block(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    let id = poll::id_of(host);
    let home = url.join("/").ok()?;
    Some(format!("[[source]]\nid = \"{id}\"\nurl = \"{home}\"\nrole = \"original\"\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::poll::tests::{NOW, at, document, source};

    fn url(s: &str) -> Url {
        Url::parse(s).unwrap()
    }

    #[test]
    fn once_elsewhere_and_no_more_than_twenty_a_day() {
        let source = source("https://repost.example/");
        let mut state = SourceState::default();
        let named = [
            "https://a.substack.com/p/one",
            "https://a.substack.com/p/one#fn1",
            "https://repost.example/2025/own",
            "https://a.substack.com/",
            "https://known.example/x",
            "ftp://a.example/x",
        ]
        .map(url);
        let is_known = |u: &Url| u.host_str() == Some("known.example");
        assert_eq!(choose(&source, &mut state, &named, is_known, at(NOW)), [url("https://a.substack.com/p/one")]);
        assert_eq!(state.references.1, 1);
        let many: Vec<Url> = (0..50).map(|n| url(&format!("https://a.substack.com/p/{n}"))).collect();
        assert_eq!(choose(&source, &mut state, &many, |_| false, at(NOW)).len(), 19);
        assert_eq!(choose(&source, &mut state, &many, |_| false, at(NOW)).len(), 0);
        let tomorrow = next_budget(at(NOW));
        assert_eq!(tomorrow, at("2026-11-23T00:00:00Z"));
        assert_eq!(choose(&source, &mut state, &many, |_| false, tomorrow).len(), 20);
        let mut off = source.clone();
        off.references = false;
        assert_eq!(choose(&off, &mut SourceState::default(), &many, |_| false, at(NOW)), []);
    }

    #[test]
    fn a_substack_post_by_its_interface_and_others_by_their_page() {
        let none = |_: &Document| Err("not asked".to_owned());
        let post = url("https://a.substack.com/p/one?r=1");
        assert_eq!(ask(&post).url.as_str(), "https://a.substack.com/api/v1/posts/one");
        assert_eq!(ask(&post).purpose, Purpose::Api);
        let json = r#"{"title": "One", "canonical_url": "https://a.substack.com/p/one", "body_html": "<p>x</p>"}"#;
        let reading =
            read(&post, &document("https://a.substack.com/api/v1/posts/one", "application/json", json), none).unwrap();
        assert_eq!(reading.entries[0].content.value, "<p>x</p>");
        assert!(
            read(&post, &document("https://a.substack.com/api/v1/posts/one", "text/html", "<html>"), none).is_err()
        );
        let other = url("https://b.example/essay");
        assert_eq!((ask(&other).url, ask(&other).purpose), (other.clone(), Purpose::Page));
        let page = |_: &Document| Ok(Page { html: "<p>y</p>".into(), title: Some("Essay".into()), ..Page::default() });
        let entry = &read(&other, &document(other.as_str(), "text/html", ""), page).unwrap().entries[0];
        assert_eq!((entry.title.value.as_str(), entry.full.value.as_str()), ("Essay", "<p>y</p>"));
        assert_eq!(entry.link.as_deref(), Some(other.as_str()));
    }

    #[test]
    fn a_block_to_paste() {
        let expected = "[[source]]\nid = \"korybko\"\nurl = \"https://korybko.substack.com/\"\nrole = \"original\"\n";
        assert_eq!(block(&url("https://korybko.substack.com/p/x")).as_deref(), Some(expected));
        assert!(block(&url("https://www.some-site.co.uk/x")).unwrap().contains("id = \"some-site\""));
    }
}
