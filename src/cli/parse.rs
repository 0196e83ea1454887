//! `tributary parse`: what does this document say?

use std::io::Write;

use serde_json::{Value, json};
use url::Url;

use crate::model::{Document, Person, RawEntry, RawFeed, Text, Timestamp};
use crate::normalise::{self, text};
use crate::parse;

/// Prints the document as one JSON object, and returns the exit code: 0, or 1 where it is no feed.
///
/// # Errors
/// Fails where `out` cannot be written to.
pub fn print(document: &Document, out: &mut dyn Write) -> std::io::Result<i32> {
    let (object, code) = describe(document);
    serde_json::to_writer(&mut *out, &object)?;
    out.write_all(b"\n")?;
    Ok(code)
}

/// The document as `print` prints it, and the exit code.
pub fn describe(document: &Document) -> (Value, i32) {
    let reading = parse::read(document);
    let faults: Vec<&str> = reading.faults.iter().map(|fault| fault.message.as_str()).collect();
    if let Some(reason) = reading.refused {
        let feeds: Vec<&str> = reading.feeds.iter().map(Url::as_str).collect();
        return (json!({ "ok": false, "error": reason, "feeds": feeds, "faults": faults }), 1);
    }
    let base = base(document, &reading.feed);
    let entries: Vec<Value> = reading.entries.iter().map(|raw| entry(raw, &base)).collect();
    (json!({ "ok": true, "feed": feed(&reading.feed, &base), "entries": entries, "faults": faults }), 0)
}

/// What relative addresses in texts are resolved against: of a file, the page that the feed names.
fn base(document: &Document, feed: &RawFeed) -> Url {
    let page = feed.link.as_deref().and_then(|link| Url::parse(link).ok());
    match document.url.scheme() {
        "file" => page.unwrap_or_else(|| document.url.clone()),
        _ => document.url.clone(),
    }
}

fn feed(feed: &RawFeed, base: &Url) -> Value {
    json!({
        "format": feed.format,
        "title": title(&feed.title, base),
        "link": feed.link,
        "id": feed.id,
        "description": normalise::body(&feed.description, base),
        "updated": date(feed.updated),
        "published": date(feed.published),
        "language": feed.language.as_ref().map(|language| language.as_str()),
        "image": feed.image,
        "rights": feed.rights.as_deref().map(|rights| text::line(rights, true)),
        "generator": feed.generator,
        "authors": people(&feed.authors),
        "categories": feed.categories,
    })
}

fn entry(raw: &RawEntry, base: &Url) -> Value {
    let enclosures: Vec<Value> = raw
        .enclosures
        .iter()
        .map(|enclosure| json!({ "url": enclosure.url, "type": enclosure.media_type, "length": enclosure.length }))
        .collect();
    json!({
        "id": raw.id,
        "title": title(&raw.title, base),
        "link": raw.link.as_deref().filter(|link| is_harmless(link)).map(|link| absolute(link, base)),
        "published": date(raw.published),
        "updated": date(raw.updated),
        "language": raw.language.as_ref().map(|language| language.as_str()),
        "authors": people(&raw.authors),
        "contributors": people(&raw.contributors),
        "summary": normalise::body(&raw.summary, base),
        "content": normalise::body(&raw.content, base),
        "enclosures": enclosures,
        "categories": raw.categories,
        "comments": raw.comments,
        "rights": raw.rights.as_deref().map(|rights| text::line(rights, true)),
        "image": raw.image,
        "source_title": raw.source_title,
        "source_link": raw.source_link,
    })
}

/// A title for display: one line of text, or clean HTML where there is a link or a picture in it.
fn title(title: &Text, base: &Url) -> Option<String> {
    if title.value.trim().is_empty() {
        return None;
    }
    if title.html && ["<a ", "<img "].iter().any(|tag| title.value.contains(tag)) {
        return normalise::body(title, base);
    }
    Some(text::line(&title.value, title.html))
}

/// A link that a reader may follow: no program text, no document in an address.
fn is_harmless(link: &str) -> bool {
    let start = link.trim_start().to_ascii_lowercase();
    !["javascript:", "data:", "vbscript:"].iter().any(|scheme| start.starts_with(scheme))
}

/// A link that the reader left as it was, since nothing said where its document came from: the feed's page says it.
fn absolute(link: &str, base: &Url) -> String {
    match Url::parse(link) {
        Err(url::ParseError::RelativeUrlWithoutBase) if base.scheme() != "file" => {
            base.join(link).map_or_else(|_| link.to_owned(), String::from)
        }
        _ => link.to_owned(),
    }
}

fn people(people: &[Person]) -> Vec<Value> {
    let person =
        |person: &Person| json!({ "name": text::line(&person.name, true), "email": person.email, "uri": person.uri });
    people.iter().map(person).collect()
}

fn date(date: Option<Timestamp>) -> Option<String> {
    date.map(|date| date.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
}
