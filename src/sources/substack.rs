//! A Substack publication, on its own domain too: its feed, and the posts of its archive that the feed has dropped.
//!
//! The archive's interface is not documented: where it answers otherwise, the feed alone is read. Of paid posts the
//! public preview is read and marked, nothing more.

use url::Url;

use crate::model::{Ask, Document, Failure, Fault, Purpose, RawEntry, Reading, Source, SourceKind, SourceState};
use crate::parse;

/// Substack.
pub(super) const KIND: SourceKind =
    SourceKind { name: "substack", recognises, feeds, purpose: Purpose::Feed, read, more, take };

/// Posts of the archive asked for at once; above 50 it answers 400.
const PAGE: u32 = 25;

/// How much of a document is searched for marks: the head of a feed.
const HEAD: usize = 4096;

fn recognises(document: &Document) -> bool {
    let head = &document.body[..document.body.len().min(HEAD)];
    publication(&document.url).is_some()
        || document.header("x-sub").is_some()
        || document.header("x-served-by").is_some_and(|by| by.eq_ignore_ascii_case("substack"))
        || memchr::memmem::find(head, b"<generator>Substack</generator>").is_some()
}

/// `/feed` of the publication: at its address, which is known by its host, or by the document found there.
fn feeds(source: &Source, document: Option<&Document>) -> Vec<Url> {
    let named = source.kind.as_deref() == Some(KIND.name);
    let home = match (publication(&source.url), document) {
        (Some(home), _) => Some(home),
        (None, Some(document)) => Some(document.url.clone()),
        (None, None) => named.then(|| source.url.clone()),
    };
    home.and_then(|home| home.join("/feed").ok()).into_iter().collect()
}

/// The home of a publication by a host of Substack's: `name.substack.com`, `open.substack.com/pub/name`.
fn publication(url: &Url) -> Option<Url> {
    let name = url.host_str()?.trim_end_matches('.').strip_suffix(".substack.com")?;
    if name != "open" {
        return Some(url.clone());
    }
    let mut path = url.path_segments()?;
    let name = path.by_ref().skip_while(|part| *part != "pub").nth(1)?;
    Url::parse(&format!("https://{name}.substack.com/")).ok()
}

fn read(_: &Source, document: &Document) -> Reading {
    let mut reading = parse::read(document);
    for entry in &mut reading.entries {
        entry.preview |= ends_in_read_more(entry);
    }
    reading
}

/// Whether the text breaks off with a link to the rest of it: how the feed shows a paid post.
fn ends_in_read_more(entry: &RawEntry) -> bool {
    let Some(link) = entry.link.as_deref() else { return false };
    let text = entry.content.value.trim_end();
    let Some(last) = text.rfind("<a ").map(|at| &text[at..]) else { return false };
    let after = last.split_once("</a>").map_or("", |(_, after)| after);
    let closes =
        after.split('<').all(|part| part.trim_end().is_empty() || part.starts_with('/') && part.ends_with('>'));
    let label = last.split_once('>').map_or("", |(_, rest)| rest.split("</a>").next().unwrap_or_default());
    closes && last.contains(link) && label.trim().eq_ignore_ascii_case("read more")
}

/// The next page of the archive, while `backfill` wants more of it.
fn more(source: &Source, state: &SourceState, _: &Reading) -> Vec<Ask> {
    let feed = state.feed.as_ref().unwrap_or(&source.url);
    let wanted = !state.backfill_done && state.backfilled < source.backfill;
    let page = wanted.then(|| archive(feed, state.backfilled)).flatten();
    page.into_iter().collect()
}

fn archive(feed: &Url, offset: u32) -> Option<Ask> {
    let url = feed.join(&format!("/api/v1/archive?sort=new&offset={offset}&limit={PAGE}")).ok()?;
    Some(Ask::new(url, Purpose::Api))
}

/// A page of the archive brings its posts with their previews, and asks for each; a post brings its text.
fn take(
    source: &Source,
    state: &mut SourceState,
    reading: &mut Reading,
    ask: &Ask,
    answer: Result<&Document, &Failure>,
) -> Vec<Ask> {
    let is_archive = ask.url.path() == "/api/v1/archive";
    let what = if is_archive { "the archive" } else { "a post of the archive" };
    let mut fault = |why: &str| {
        reading.faults.push(Fault { offset: None, message: format!("{what} cannot be read: {why}") });
        Vec::new()
    };
    let document = match answer {
        Ok(document) => document,
        Err(failure) => return fault(&failure.message),
    };
    let read = if is_archive { parse::substack::archive(document) } else { parse::substack::post(document) };
    if let Some(why) = read.refused {
        return fault(&why);
    }
    if !is_archive {
        for post in read.entries {
            if let Some(known) = reading.entries.iter_mut().find(|e| e.link == post.link) {
                *known = post;
            }
        }
        return Vec::new();
    }
    if read.entries.is_empty() {
        state.backfill_done = true;
        return Vec::new();
    }
    let wanted = (source.backfill - state.backfilled.min(source.backfill)) as usize;
    let mut asks = Vec::new();
    for post in read.entries.into_iter().take(wanted) {
        state.backfilled += 1;
        // The feed's own entry has the text already.
        if reading.entries.iter().any(|e| e.link == post.link) {
            continue;
        }
        let slug = post.link.as_deref().and_then(|link| link.split("/p/").nth(1)).map(slug);
        asks.extend(
            slug.and_then(|slug| ask.url.join(&format!("/api/v1/posts/{slug}")).ok())
                .map(|url| Ask::new(url, Purpose::Api)),
        );
        reading.entries.push(post);
    }
    if state.backfilled < source.backfill {
        asks.extend(archive(&ask.url, state.backfilled));
    }
    asks
}

/// The slug at the beginning of what follows `/p/`.
fn slug(rest: &str) -> &str {
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

/// The interface that gives one post in full, of an address that may be a post of a publication.
pub(super) fn post(url: &Url) -> Option<Url> {
    publication(url)?;
    let (_, rest) = url.path().split_once("/p/")?;
    let slug = Some(slug(rest)).filter(|s| !s.is_empty())?;
    url.join(&format!("/api/v1/posts/{slug}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::poll::tests::{document, run, source};

    const FEED: &str = r#"<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">
        <channel><title>Essays</title><generator>Substack</generator>
        <item><title>Free</title><link>https://essays.example/p/free</link><guid isPermaLink="false">https://essays.example/p/free</guid>
          <content:encoded><![CDATA[<p>All of it. <a href="https://essays.example/p/free">Read more</a> elsewhere.</p>]]></content:encoded></item>
        <item><title>Paid</title><link>https://essays.example/p/paid</link><guid isPermaLink="false">https://essays.example/p/paid</guid>
          <content:encoded><![CDATA[<p>The start.</p> <p> <a href="https://essays.example/p/paid"> Read more </a> </p> ]]></content:encoded></item>
        </channel></rss>"#;

    fn answers(url: &str) -> Result<Document, Failure> {
        let post = |slug: &str| {
            format!(
                r#"{{"title": "{slug}", "slug": "{slug}", "canonical_url": "https://essays.example/p/{slug}", "audience": "everyone"}}"#
            )
        };
        let json = |body: String| Ok(document(url, "application/json", &body));
        match url.strip_prefix("https://essays.example/").unwrap() {
            "" => Ok(Document {
                headers: vec![("x-sub".into(), "essays".into())],
                ..document(url, "text/html", "<html></html>")
            }),
            "feed" => Ok(document(url, "application/xml", FEED)),
            "api/v1/archive?sort=new&offset=0&limit=25" => {
                json(format!("[{}, {}, {}]", post("free"), post("old"), post("lost")))
            }
            "api/v1/archive?sort=new&offset=3&limit=25" => json(format!("[{}, {}]", post("older"), post("oldest"))),
            "api/v1/posts/lost" => Err(Failure { status: Some(404), ..Failure::new("gone") }),
            other => json(post(other.strip_prefix("api/v1/posts/").unwrap()).replacen(
                '{',
                r#"{"body_html": "<p>text</p>", "#,
                1,
            )),
        }
    }

    #[test]
    fn a_custom_domain_is_recognised_and_its_archive_read_once() {
        let mut source = source("https://essays.example/");
        source.backfill = 4;
        let (polled, asked) = run(&source, SourceState::default(), answers);
        assert_eq!(polled.state.kind.as_deref(), Some("substack"));
        assert_eq!(asked.len(), 7, "{asked:?}");
        let entries: Vec<(&str, &str, bool)> = polled
            .reading
            .entries
            .iter()
            .map(|e| (e.title.value.as_str(), e.content.value.get(..11).unwrap_or_default(), e.preview))
            .collect();
        let expected = [
            ("Free", "<p>All of i", false),
            ("Paid", "<p>The star", true),
            ("old", "<p>text</p>", false),
            ("lost", "", false),
            ("older", "<p>text</p>", false),
        ];
        assert_eq!(entries, expected);
        assert_eq!((polled.state.backfilled, polled.reading.faults.len()), (4, 1));
        // The next poll of a changed feed asks for nothing but the feed.
        let state = SourceState { body_hash: None, ..polled.state };
        assert_eq!(run(&source, state, answers).1, ["https://essays.example/feed"]);
    }

    #[test]
    fn paid_posts_as_configured() {
        let mut source = source("https://essays.example/feed");
        for (paid, expected) in [
            (crate::model::source::Paid::Mark, vec![("Free", false), ("Paid", true)]),
            (crate::model::source::Paid::Keep, vec![("Free", false), ("Paid", false)]),
            (crate::model::source::Paid::Drop, vec![("Free", false)]),
        ] {
            source.paid = paid;
            let (polled, _) = run(&source, SourceState::default(), answers);
            let entries: Vec<_> = polled.reading.entries.iter().map(|e| (e.title.value.as_str(), e.preview)).collect();
            assert_eq!(entries, expected);
        }
    }

    #[test]
    fn addresses() {
        let feed = |url: &str| feeds(&source(url), None).first().map(Url::to_string);
        assert_eq!(feed("https://korybko.substack.com").as_deref(), Some("https://korybko.substack.com/feed"));
        assert_eq!(feed("https://korybko.substack.com/p/x").as_deref(), Some("https://korybko.substack.com/feed"));
        assert_eq!(
            feed("https://open.substack.com/pub/korybko/p/x").as_deref(),
            Some("https://korybko.substack.com/feed")
        );
        assert_eq!(feed("https://example.org/"), None);
        let api = |url: &str| post(&Url::parse(url).unwrap()).map(String::from);
        assert_eq!(
            api("https://a.substack.com/p/b-c?utm=1").as_deref(),
            Some("https://a.substack.com/api/v1/posts/b-c")
        );
        assert_eq!(api("https://a.substack.com/about"), None);
        assert_eq!(api("https://example.org/p/b"), None);
    }
}
