//! RawEntry -> Entry: clean text, canonical links, language, dates, identity.
//!
//! - `html` cleans, `text` reads HTML as text, `language` finds out what nobody declared (all of the room `markup`);
//!   `link` strips what tracks; `identity` says which entry of the last poll this one is.
//!
//! Pure: the same entry gives the same result at every poll, but for `now`, which only caps dates.

use chrono::Duration;
use url::Url;

use crate::model::{
    Body, Enclosure, Entry, EntryId, Language, Page, Person, RawEntry, RawFeed, Source, Text, Timestamp,
};

pub mod identity;
pub mod link;
pub mod revision;

use crate::markup::language;
pub use crate::markup::{html, text};
pub use identity::Identity;
pub use revision::revision;

/// How far ahead of our clock an entry's date may lie: clocks differ by minutes; a date of next week would stand on
/// top of every edition for a week.
pub const MAX_AHEAD: Duration = Duration::minutes(10);

/// Bytes of a title or a category: longer ones are texts without a title of their own.
const MAX_TITLE: usize = 1_000;

/// Makes an entry of what a feed says of it. `document` is the address that answered.
///
/// Its id is that of its own key; `identity::settle` replaces it where the entry is known under another.
pub fn normalise(raw: &RawEntry, feed: &RawFeed, source: &Source, document: &Url, now: Timestamp) -> (Entry, Identity) {
    let link = raw.link.as_deref().and_then(|link| absolute(link, document)).map(|link| link::canonical(&link));
    let base = base(link.as_ref(), feed, document);
    let title = clip(text::line(&raw.title.value, raw.title.html), MAX_TITLE);
    let summary = body(&raw.summary, &base);
    let content = body(&raw.content, &base);
    let page = body(&raw.full, &base).map(|html| Page { html, ..Page::default() });
    let published = raw.published.or(raw.updated).map(|date| date.min(now + MAX_AHEAD));
    let updated = raw.updated.map(|date| date.min(now + MAX_AHEAD));
    let identity = identity::of(raw, link.as_ref(), feed);
    let alternates =
        raw.alternates.iter().filter_map(|(language, link)| Some((language.clone(), absolute(link, document)?)));
    let url = |address: &Option<String>| address.as_deref().and_then(|address| absolute(address, document));
    let mut entry = Entry {
        id: EntryId::new(&source.id, &identity.key),
        source: source.id.clone(),
        key: identity.key.clone(),
        guid: raw.id.clone(),
        link,
        title,
        authors: authors(&raw.authors, feed, source),
        contributors: people(&raw.contributors),
        language: None,
        language_confidence: 0.0,
        published,
        updated,
        first_seen: now,
        revised: None,
        revision: revision(raw),
        body: Body { summary, content, page },
        categories: raw.categories.iter().map(|category| clip(text::line(category, false), MAX_TITLE)).collect(),
        enclosures: raw.enclosures.iter().filter_map(|enclosure| enclosed(enclosure, document)).collect(),
        comments: url(&raw.comments),
        rights: raw
            .rights
            .as_deref()
            .or(feed.rights.as_deref())
            .map(|rights| text::line(rights, true))
            .filter(|r| !r.is_empty()),
        license: url(&raw.license),
        image: url(&raw.image),
        claimed_source: raw
            .source_title
            .as_deref()
            .map(|title| text::line(title, true))
            .filter(|title| !title.is_empty()),
        alternates: alternates.collect(),
        via: raw.via.iter().filter_map(|link| absolute(link, document)).map(|link| link::canonical(&link)).collect(),
        preview: raw.preview,
        reference: false,
    };
    let declared = declared_language(raw, source).map(|language| (language, 1.0));
    if let Some((language, confidence)) = declared.or_else(|| found_language(&entry, feed)) {
        (entry.language, entry.language_confidence) = (Some(language), confidence);
    }
    (entry, identity)
}

/// The language that somebody declared for this very entry, its text, or its source in `feeds.toml`.
fn declared_language(raw: &RawEntry, source: &Source) -> Option<Language> {
    let texts = [&raw.content, &raw.title, &raw.summary].into_iter().find_map(|text| text.language.clone());
    raw.language.clone().or_else(|| source.language.clone()).or(texts)
}

fn found_language(entry: &Entry, feed: &RawFeed) -> Option<(Language, f32)> {
    language::of_site(feed.language.clone(), &entry.title, entry.body.given())
}

/// What relative addresses in a text are resolved against, unless it says so itself: the document, or where that
/// was a file, the entry's or the feed's page.
fn base(link: Option<&Url>, feed: &RawFeed, document: &Url) -> Url {
    if matches!(document.scheme(), "http" | "https") {
        return document.clone();
    }
    let page = feed.link.as_deref().and_then(|link| Url::parse(link).ok());
    link.cloned().or(page).unwrap_or_else(|| document.clone())
}

/// An address, made absolute; `None` where it is none that a reader could follow.
fn absolute(address: &str, document: &Url) -> Option<Url> {
    let url = Url::parse(address.trim()).or_else(|_| document.join(address.trim())).ok()?;
    matches!(url.scheme(), "http" | "https").then_some(url)
}

/// A text of an entry as clean HTML; `None` where nothing is left of it.
pub fn body(given: &Text, base: &Url) -> Option<String> {
    if given.value.trim().is_empty() {
        return None;
    }
    let base = given.base.as_ref().unwrap_or(base);
    let html = if given.html { html::clean(&given.value, base) } else { text::to_html(&given.value) };
    Some(html).filter(|html| !html.is_empty())
}

fn authors(own: &[Person], feed: &RawFeed, source: &Source) -> Vec<Person> {
    let own = people(own);
    if !own.is_empty() {
        return own;
    }
    let of_feed = people(&feed.authors);
    if !of_feed.is_empty() {
        return of_feed;
    }
    source.author.iter().map(|name| Person { name: name.clone(), ..Person::default() }).collect()
}

/// People with names as text; one who has only an address is left out, as a mail address is not for publishing.
fn people(given: &[Person]) -> Vec<Person> {
    let person = |person: &Person| {
        let name = clip(text::line(&person.name, true), MAX_TITLE);
        let uri = person.uri.as_ref().filter(|uri| uri.starts_with("http://") || uri.starts_with("https://"));
        (!name.is_empty()).then(|| Person { name, email: person.email.clone(), uri: uri.cloned() })
    };
    given.iter().filter_map(person).collect()
}

fn enclosed(enclosure: &Enclosure, document: &Url) -> Option<Enclosure> {
    let url = absolute(&enclosure.url, document)?;
    Some(Enclosure { url: url.into(), ..enclosure.clone() })
}

fn clip(mut text: String, bytes: usize) -> String {
    if text.len() > bytes {
        text.truncate(text.floor_char_boundary(bytes));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Role, SourceId};

    fn source() -> Source {
        let url = Url::parse("https://example.org/").unwrap();
        let author = Some("Configured".to_owned());
        Source { role: Role::Original, author, ..Source::new(SourceId("s".to_owned()), url) }
    }

    fn normalised(raw: &RawEntry) -> Entry {
        let document = Url::parse("https://example.org/feed").unwrap();
        let now = Timestamp::from_timestamp(1_700_000_000, 0).unwrap();
        normalise(raw, &RawFeed::default(), &source(), &document, now).0
    }

    #[test]
    fn titles_and_authors_are_text() {
        let entry = normalised(&RawEntry {
            title: Text { value: "<b>A &amp; B</b><script>x</script>".to_owned(), html: true, ..Text::default() },
            authors: vec![Person {
                name: "<i>Ann</i>".to_owned(),
                uri: Some("javascript:x".to_owned()),
                ..Person::default()
            }],
            ..RawEntry::default()
        });
        assert_eq!(entry.title, "A & B");
        assert_eq!(entry.authors, [Person { name: "Ann".to_owned(), ..Person::default() }]);
    }

    #[test]
    fn dates_of_the_future_are_capped() {
        let future = Timestamp::from_timestamp(1_800_000_000, 0);
        let entry = normalised(&RawEntry { published: future, ..RawEntry::default() });
        assert_eq!(entry.published, Timestamp::from_timestamp(1_700_000_600, 0));
    }

    #[test]
    fn the_author_falls_back_to_the_configured_one() {
        assert_eq!(normalised(&RawEntry::default()).authors[0].name, "Configured");
    }

    #[test]
    fn a_declared_language_goes_before_the_text() {
        let text = Text {
            value: "The two countries signed an agreement last week that nobody expected at all.".to_owned(),
            ..Text::default()
        };
        let entry = normalised(&RawEntry { content: text.clone(), ..RawEntry::default() });
        assert_eq!(entry.language.unwrap().as_str(), "en");
        assert!(entry.language_confidence < 1.0);
        let entry = normalised(&RawEntry { content: text, language: Language::parse("it"), ..RawEntry::default() });
        assert_eq!((entry.language.unwrap().as_str(), entry.language_confidence), ("it", 1.0));
    }
}
